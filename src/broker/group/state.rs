//! A group as its coordinator knows it. Knows neither partitions' logs nor clients' buffers.

use std::sync::Arc;

use super::modern::ModernGroup;
use super::share::ShareGroup;
use crate::broker::{BrokerId, ClientId, CommittedOffset, Subscription, TopicPartition};
use crate::kernel::{SimTime, SortedMap};

/// The state of a group, in Kafka's words (C1, C17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupState {
    /// No members.
    Empty,
    /// Waits for the members to join again.
    PreparingRebalance,
    /// Waits for the leader's assignment.
    CompletingRebalance,
    /// Everybody has an assignment.
    Stable,
    /// Consumer protocol: a new target assignment is due.
    Assigning,
    /// Consumer protocol: members are on their way to the target.
    Reconciling,
}

impl GroupState {
    /// Kafka's name of the state.
    pub const fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::PreparingRebalance => "PreparingRebalance",
            GroupState::CompletingRebalance => "CompletingRebalance",
            GroupState::Stable => "Stable",
            GroupState::Assigning => "Assigning",
            GroupState::Reconciling => "Reconciling",
        }
    }
}

/// A request that waits for the rest of the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Pending {
    pub(super) from: BrokerId,
    pub(super) to: ClientId,
    pub(super) correlation: u64,
}

/// A member of a group with the classic protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    /// A number that no other member of this coordinator ever has.
    pub(super) serial: u32,
    /// The client that joined.
    pub client: ClientId,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// Assignors by preference, with the subscription.
    pub(super) protocols: Vec<(Arc<str>, Subscription)>,
    pub(super) session_timeout_us: u64,
    pub(super) rebalance_timeout_us: u64,
    /// The partitions of the last completed rebalance.
    pub assignment: Vec<TopicPartition>,
    pub(super) join: Option<Pending>,
    pub(super) sync: Option<Pending>,
    /// It has never been part of a generation.
    pub(super) is_new: bool,
    /// When it counts as dead if it stays silent.
    pub(super) deadline: SimTime,
    /// The session timer that is under way.
    pub(super) armed: Option<SimTime>,
}

impl Member {
    /// Whether it is waiting for the group (and so alive, whatever its heartbeats).
    pub(super) fn is_waiting(&self) -> bool {
        self.join.is_some() || self.sync.is_some()
    }
}

/// Members that are none any more, by member id, though the last generation that was written has them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gone(pub(super) SortedMap<Arc<str>, Member>);

impl std::hash::Hash for Gone {
    /// Nobody is nothing: the digest of a run in which nobody is missed is what it was without this.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        if !self.0.is_empty() {
            self.0.hash(state);
        }
    }
}

/// A committed offset and when it was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoredOffset {
    /// The offset.
    pub committed: CommittedOffset,
    /// When it was committed, for retention (C8).
    pub at: SimTime,
}

/// A group. Its generation is the group epoch where the consumer protocol is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    /// `group.id`.
    pub name: Arc<str>,
    /// Its state. For the consumer protocol use [`GroupCoordinator::state`](super::GroupCoordinator::state).
    pub(super) state: GroupState,
    /// The state before [`GroupState::PreparingRebalance`].
    pub(super) was_empty: bool,
    /// The generation (classic) or group epoch (consumer protocol).
    pub generation: u32,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) leader: Option<Arc<str>>,
    /// Members by member id.
    pub members: SortedMap<Arc<str>, Member>,
    /// Members of the last generation that was written who have left or were put out since: another coordinator still knows them.
    pub(super) gone: Gone,
    /// Set once the consumer protocol is used (C17).
    pub modern: Option<ModernGroup>,
    /// Set once it is a share group (S1).
    pub share: Option<ShareGroup>,
    /// Counts join phases; timers of earlier ones are stale.
    pub(super) epoch: u32,
    /// Whether somebody joined since the initial delay was last extended.
    pub(super) new_member_added: bool,
    /// What may still be waited in the initial rebalance, in microseconds.
    pub(super) initial_remaining_us: u64,
    /// Committed offsets.
    pub offsets: SortedMap<TopicPartition, StoredOffset>,
    /// Offsets in open transactions, by producer id (E1).
    pub(super) pending_offsets: SortedMap<u64, SortedMap<TopicPartition, CommittedOffset>>,
    /// Since when it has had no members.
    pub(super) empty_since: Option<SimTime>,
    /// The broker that answered last.
    pub(super) broker: BrokerId,
    /// Whether a commit has made it, if no member has.
    pub(super) committed_into: bool,
}

impl Group {
    pub(super) fn new(name: Arc<str>, now: SimTime, broker: BrokerId) -> Group {
        Group {
            name,
            state: GroupState::Empty,
            was_empty: true,
            generation: 0,
            protocol: None,
            leader: None,
            members: SortedMap::new(),
            gone: Gone::default(),
            modern: None,
            share: None,
            epoch: 0,
            new_member_added: false,
            initial_remaining_us: 0,
            offsets: SortedMap::new(),
            pending_offsets: SortedMap::new(),
            empty_since: Some(now),
            broker,
            committed_into: false,
        }
    }

    /// Whether there is such a group for a tool that asks: somebody has joined it or committed into it.
    pub fn exists(&self) -> bool {
        self.committed_into || self.generation > 0 || self.modern.is_some() || !self.members.is_empty()
    }

    /// The assignor that the group uses, if it has one.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// The leading member's id, if there is one.
    pub fn leader(&self) -> Option<&str> {
        self.leader.as_deref()
    }

    /// Whether all known members have joined.
    pub(super) fn all_joined(&self) -> bool {
        self.members.values().all(|m| m.join.is_some())
    }

    /// Whether a joining member may come in (`acceptJoiningMember`): `members_max` bounds those that wait while a rebalance is
    /// prepared, else all.
    pub(super) fn accepts(&self, id: &str, members_max: u32) -> bool {
        let fits = |count: usize| (count as u64) < u64::from(members_max);
        let member = self.members.get(id);
        match self.state {
            GroupState::Empty => true,
            GroupState::PreparingRebalance => {
                member.is_some_and(|m| m.join.is_some()) || fits(self.members.values().filter(|m| m.join.is_some()).count())
            }
            _ => member.is_some() || fits(self.members.len()),
        }
    }

    /// The longest rebalance timeout of the members, in microseconds.
    pub(super) fn rebalance_timeout_us(&self) -> u64 {
        self.members.values().map(|m| m.rebalance_timeout_us).max().unwrap_or(0)
    }

    /// The member id behind an instance id.
    pub(super) fn member_of_instance(&self, instance: &str) -> Option<Arc<str>> {
        self.members.iter().find(|(_, m)| m.instance.as_deref() == Some(instance)).map(|(id, _)| id.clone())
    }

    /// Assignors that every member supports.
    fn candidates(&self) -> Vec<Arc<str>> {
        let Some(first) = self.members.values().next() else { return Vec::new() };
        let by_all = |name: &Arc<str>| self.members.values().all(|m| m.protocols.iter().any(|(n, _)| n == name));
        first.protocols.iter().map(|(name, _)| name.clone()).filter(by_all).collect()
    }

    /// Whether a member with these assignors has one in common with all others, `besides` left out.
    pub(super) fn supports(&self, protocols: &[(Arc<str>, Subscription)], besides: Option<&str>) -> bool {
        let others = || self.members.iter().filter(|(id, _)| Some(&***id) != besides).map(|(_, m)| m);
        protocols.iter().any(|(name, _)| others().all(|m| m.protocols.iter().any(|(n, _)| n == name)))
    }

    /// The assignor of the next generation: of those that all support, the first choice of most members (C1).
    pub(super) fn select_protocol(&self) -> Option<Arc<str>> {
        let candidates = self.candidates();
        let votes = |candidate: &Arc<str>| {
            let choice = |m: &Member| m.protocols.iter().map(|(n, _)| n).find(|n| candidates.contains(n)).cloned();
            self.members.values().filter(|m| choice(m).as_ref() == Some(candidate)).count()
        };
        // `max_by_key` keeps the last of equals; reversed, the first candidate wins a tie.
        candidates.iter().rev().max_by_key(|c| votes(c)).cloned()
    }

    /// Whether a member subscribes to the topic of `partition`, where `name` is the topic's name.
    pub(super) fn subscribes(&self, name: &str) -> bool {
        let classic = self.members.values().flat_map(|m| &m.protocols).any(|(_, s)| s.topics.iter().any(|t| &**t == name));
        classic || self.modern.as_ref().is_some_and(|m| m.subscribes(name)) || self.share.as_ref().is_some_and(|s| s.subscribes(name))
    }
}
