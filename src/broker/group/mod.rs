//! The group coordinator: membership, rebalances, committed offsets. Has never heard of records, polls or listeners.
//!
//! The state outlives the broker that coordinates, as the offsets topic is replicated; only requests in process are lost
//! with it. Rules C1, C2, C6, C8, C9, C16, C17; upstream `GroupMetadataManager`, `ClassicGroup`, `OffsetMetadataManager`.

mod config;
mod effect;
mod join;
mod lease;
pub mod member_epoch;
mod modern;
mod offsets;
mod session;
mod share;
mod state;
mod static_member;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use config::{GroupConfig, contradiction};
pub use effect::{Assignment, Eviction, GroupFact, GroupTimer};
pub use modern::{ModernGroup, ModernMember};
pub use share::{ShareGroup, ShareGroupMember};
pub use state::{Group, GroupState, Member, StoredOffset};

use self::effect::{fact, timer_at};
use self::state::Pending;
use super::share::ShareGroupConfig;
use super::{BrokerConfig, BrokerId, ClientId, Effect, ErrorCode, GroupRequest, GroupResponse, Response, TopicPartition, Topics};
use crate::kernel::{Prng, SimTime, SortedMap};

/// `offsets.topic.num.partitions`.
pub const OFFSETS_PARTITIONS: u32 = 50;

/// All groups of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupCoordinator {
    config: GroupConfig,
    groups: Vec<Group>,
    member_ids: Prng,
    next_serial: u32,
    /// Settings of share groups, by group.
    share_configs: SortedMap<Arc<str>, ShareGroupConfig>,
}

/// A member as a tool sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MemberView {
    /// The member id.
    pub member_id: Arc<str>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// The network client.
    pub client: ClientId,
    /// `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// Its assignment; during a rebalance the last one.
    pub assignment: Vec<TopicPartition>,
}

/// A request with its sender; what every handler needs besides the request itself.
#[derive(Debug, Clone, Copy)]
pub(in crate::broker) struct Call {
    now: SimTime,
    pending: Pending,
}

/// The answer to a request, if it can be given at once.
type Answer = Option<Result<GroupResponse, ErrorCode>>;

/// The partition of the offsets topic that holds `group`: Java's `abs(hashCode) % 50` (C1).
pub fn offsets_partition(group: &str) -> u32 {
    let hash = super::assignor::java_hash(group);
    (if hash == i32::MIN { 0 } else { hash.unsigned_abs() }) % OFFSETS_PARTITIONS
}

impl GroupCoordinator {
    /// A coordinator without groups.
    pub fn new(config: &BrokerConfig, seed: u64) -> GroupCoordinator {
        let config = GroupConfig::of(config);
        GroupCoordinator {
            config,
            groups: Vec::new(),
            member_ids: Prng::stream(seed, "member-id", 0),
            next_serial: 0,
            share_configs: SortedMap::new(),
        }
    }

    /// Arms the retention sweep (C8).
    pub fn start(&self, now: SimTime, out: &mut Vec<Effect>) {
        out.push(timer_at(now + self.config.offsets_retention_check_us, GroupTimer::Retention));
    }

    /// The broker that coordinates `group` while `living` (ascending) are up: its place on the offsets topic decides.
    pub fn coordinator(group: &str, living: &[BrokerId]) -> Option<BrokerId> {
        let count = u32::try_from(living.len()).ok().filter(|n| *n > 0)?;
        living.get((offsets_partition(group) % count) as usize).copied()
    }

    /// A request for `group` arrives at `broker`, which coordinates it.
    #[allow(clippy::too_many_arguments)]
    pub fn request(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        from: ClientId,
        correlation: u64,
        group: &Arc<str>,
        request: GroupRequest,
        topics: &Topics,
        out: &mut Vec<Effect>,
    ) {
        let index = self.find_or_create(group, now, broker);
        self.groups[index].broker = broker;
        let call = Call { now, pending: Pending { from: broker, to: from, correlation } };
        let answer = match request {
            GroupRequest::JoinGroup { .. } => self.join(call, index, request, out),
            GroupRequest::SyncGroup { member_id, generation, assignments } => {
                self.sync(call, index, &member_id, generation, assignments, out)
            }
            GroupRequest::Heartbeat { member_id, generation, instance_id } => {
                Some(self.heartbeat(call, index, &member_id, generation, instance_id.as_deref(), out))
            }
            GroupRequest::LeaveGroup { member_id, instance_id } => Some(self.leave(call, index, &member_id, instance_id.as_deref(), out)),
            request @ GroupRequest::ConsumerGroupHeartbeat { .. } => {
                let beat = modern::Beat::of(request).expect("it is a heartbeat");
                Some(self.modern_heartbeat(call, index, &beat, topics, out))
            }
            GroupRequest::ShareGroupHeartbeat { member_id, client_id, member_epoch, topics: wanted } => {
                let beat = share::ShareBeat { member_id, client_id, epoch: member_epoch, topics: wanted };
                Some(self.share_heartbeat(call, index, &beat, topics, out))
            }
            other => Some(self.offsets(call, index, other, topics, out)),
        };
        if let Some(answer) = answer {
            out.push(call.pending.respond(answer));
        }
    }

    /// A timer fires.
    pub fn on_timer(&mut self, now: SimTime, timer: GroupTimer, topics: &Topics, out: &mut Vec<Effect>) {
        match timer {
            GroupTimer::Session { group, member } => self.on_session_timer(now, group as usize, member, out),
            GroupTimer::Join { group, epoch } => self.on_join_timer(now, group as usize, epoch, out),
            GroupTimer::Sync { group, epoch } => self.on_sync_timer(now, group as usize, epoch, out),
            GroupTimer::Revocation { group, member, epoch } => self.on_revocation_timer(now, group as usize, member, epoch, out),
            GroupTimer::Retention => {
                self.expire_offsets(now, topics, out);
                out.push(timer_at(now + self.config.offsets_retention_check_us, timer));
            }
        }
    }

    /// `broker` died: what it coordinated goes on at another one, without the requests that were in process there.
    pub fn broker_lost(&mut self, now: SimTime, broker: BrokerId, out: &mut Vec<Effect>) {
        for index in 0..self.groups.len() {
            let group = &self.groups[index];
            if group.broker != broker {
                continue;
            }
            if !group.members.is_empty() {
                out.push(fact(GroupFact::CoordinatorMoved { group: group.name.clone(), from: broker }));
            }
            self.load(now, index, out);
        }
    }

    /// `group` was coordinated by nobody for want of an active broker; `to` takes it over.
    pub fn adopted(&mut self, now: SimTime, group: &str, to: BrokerId, out: &mut Vec<Effect>) {
        if let Some(index) = self.groups.iter().position(|g| &*g.name == group) {
            self.groups[index].broker = to;
            self.load(now, index, out);
        }
    }

    /// A broker reads a group from the offsets topic: everybody's session begins afresh.
    fn load(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let group = &self.groups[index];
        let modern: Vec<Arc<str>> = group.modern.iter().flat_map(|m| m.members.keys().cloned()).collect();
        let shares: Vec<Arc<str>> = group.share.iter().flat_map(|s| s.members.keys().cloned()).collect();
        modern.iter().for_each(|id| self.modern_touch(now, index, id, out));
        shares.iter().for_each(|id| self.share_touch(now, index, id, out));
        if !self.groups[index].members.is_empty() {
            self.reload(now, index, out);
        }
    }

    /// A timer fired while its coordinator was dead. That nobody saw it must be known, or no other would ever be set.
    pub(in crate::broker) fn missed(&mut self, now: SimTime, timer: GroupTimer) {
        if let GroupTimer::Session { group, member } = timer {
            self.miss_session_timer(now, group as usize, member);
        }
    }

    /// Another broker coordinates `group` from now on.
    pub fn moved(&mut self, group: &str, to: BrokerId) {
        if let Some(group) = self.groups.iter_mut().find(|g| &*g.name == group) {
            group.broker = to;
        }
    }

    /// The broker at which a timer's group is coordinated; none for a timer that is of no group.
    pub(in crate::broker) fn broker_of(&self, timer: GroupTimer) -> Option<BrokerId> {
        let (GroupTimer::Session { group, .. }
        | GroupTimer::Join { group, .. }
        | GroupTimer::Sync { group, .. }
        | GroupTimer::Revocation { group, .. }) = timer
        else {
            return None;
        };
        self.groups.get(group as usize).map(|g| g.broker)
    }

    /// All groups, in the order of their first request.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group called `name`, if there ever was a request for it.
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|g| &*g.name == name)
    }

    /// The members of a group by member id, whichever protocol they use.
    pub fn members(&self, group: &Group) -> Vec<MemberView> {
        let view = |(id, m): (&Arc<str>, &Member)| MemberView {
            member_id: id.clone(),
            client_id: m.client_id.clone(),
            client: m.client,
            instance: m.instance.clone(),
            assignment: m.assignment.clone(),
        };
        let modern_view = |(id, m): (&Arc<str>, &ModernMember)| MemberView {
            member_id: id.clone(),
            client_id: m.client_id.clone(),
            client: m.client,
            instance: m.instance.clone(),
            assignment: m.assigned.iter().copied().collect(),
        };
        let share_view = |(id, m): (&Arc<str>, &ShareGroupMember)| MemberView {
            member_id: id.clone(),
            client_id: m.client_id.clone(),
            client: m.client,
            instance: None,
            assignment: m.assigned.iter().copied().collect(),
        };
        let modern = group.modern.iter().flat_map(|g| &g.members).map(modern_view);
        let shares = group.share.iter().flat_map(|g| &g.members).map(share_view);
        group.members.iter().map(view).chain(modern).chain(shares).collect()
    }

    /// The state of a group.
    pub fn state(&self, group: &Group) -> GroupState {
        if let Some(share) = &group.share {
            return share.state();
        }
        match &group.modern {
            Some(modern) if group.members.is_empty() => modern.state(group.generation),
            _ => group.state,
        }
    }

    fn find_or_create(&mut self, name: &Arc<str>, now: SimTime, broker: BrokerId) -> usize {
        if let Some(index) = self.groups.iter().position(|g| g.name == *name) {
            return index;
        }
        self.groups.push(Group::new(name.clone(), now, broker));
        self.groups.len() - 1
    }

    fn next_serial(&mut self) -> u32 {
        self.next_serial += 1;
        self.next_serial
    }

    /// A new member id: the client's (or instance's) name, a hyphen, and what looks like a UUID (C10).
    fn new_member_id(&mut self, prefix: &str) -> Arc<str> {
        let (high, low) = (self.member_ids.next_u64(), self.member_ids.next_u64());
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0x0fff);
        let (d, e) = ((low >> 48) & 0x3fff | 0x8000, low & 0xffff_ffff_ffff);
        Arc::from(format!("{prefix}-{a:08x}-{b:04x}-4{c:03x}-{d:04x}-{e:012x}"))
    }
}

impl Pending {
    fn respond(self, answer: Result<GroupResponse, ErrorCode>) -> Effect {
        let response = match answer {
            Ok(answer) => Response::Group(answer),
            Err(error) => Response::Error(error),
        };
        Effect::Respond { from: self.from, to: self.to, correlation: self.correlation, response }
    }
}
