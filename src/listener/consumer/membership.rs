//! Where the member stands with its group, in the classic protocol. Knows no partitions' positions.

use std::sync::Arc;

use crate::broker::assignor::Assignor;
use crate::broker::{Response, Subscription, TopicPartition};
use crate::kernel::{SimTime, SortedMap};

/// The state of the member (`AbstractCoordinator.MemberState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) enum MemberState {
    #[default]
    Unjoined,
    Preparing,
    Completing,
    Stable,
}

/// How far a rejoin has been prepared (`onJoinPrepare`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) enum Prepare {
    /// Not begun.
    #[default]
    Needed,
    /// Positions are being committed.
    Committing,
    /// The request may go out.
    Done,
}

/// What is done when the application has finished a callback.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum AfterCallback {
    /// Before a join: these are gone.
    Prepared { keep: Vec<TopicPartition> },
    /// After a sync: take over the new assignment.
    Revoked { assignment: Vec<TopicPartition>, added: Vec<TopicPartition> },
    /// Everybody knows.
    Assigned,
    /// Go on closing.
    Closing,
}

/// Every member with instance id and subscription, as the leader is told them.
pub(super) type Members = Vec<(Arc<str>, Option<Arc<str>>, Subscription)>;

/// The membership.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Membership {
    pub(super) state: MemberState,
    pub(super) member_id: Arc<str>,
    /// The generation of the last answer; none after the member was put out or left.
    pub(super) generation: Option<u32>,
    /// Member id and generation of the last join that was completed; a member that is no longer one keeps them (E3).
    pub(super) last_joined: (Arc<str>, Option<u32>),
    /// Why it must join (again), if it must.
    pub(super) rejoin: Option<&'static str>,
    pub(super) prepare: Prepare,
    /// Counts attempts to join.
    pub(super) attempt: u32,
    /// Not before then is the next attempt.
    pub(super) retry_at: SimTime,
    /// The answer to a join that came while the application was not in `poll`.
    pub(super) unread: Option<(u32, Response)>,
    pub(super) protocol: Option<Assignor>,
    /// The assignment that the next `poll` takes over.
    pub(super) synced: Option<Vec<TopicPartition>>,
    /// The members to assign to, once the metadata of their topics are there.
    pub(super) to_assign: Option<Members>,
    /// Partition counts by topic when the leader last assigned, `None` until it knows; a change makes it rejoin.
    pub(super) assigned_counts: Option<SortedMap<Arc<str>, Option<u32>>>,
    pub(super) next_heartbeat: SimTime,
    /// How many heartbeats in a row have failed.
    pub(super) failed_heartbeats: u32,
    /// Consumer protocol: the coordinator's heartbeat interval, in microseconds.
    pub(super) modern_interval_us: u64,
    /// Consumer protocol: the next heartbeat is due at once and says what is owned.
    pub(super) acknowledge: bool,
    /// When the application must have polled again (C2).
    pub(super) poll_deadline: SimTime,
    /// What the sticky assignor remembers: the last assignment and its generation.
    pub(super) memory: (Vec<TopicPartition>, Option<u32>),
}

impl Default for Membership {
    fn default() -> Self {
        Membership {
            state: MemberState::Unjoined,
            member_id: Arc::from(""),
            generation: None,
            last_joined: (Arc::from(""), None),
            rejoin: None,
            prepare: Prepare::Needed,
            attempt: 0,
            retry_at: SimTime::ZERO,
            unread: None,
            protocol: None,
            synced: None,
            to_assign: None,
            assigned_counts: None,
            next_heartbeat: SimTime::NEVER,
            failed_heartbeats: 0,
            modern_interval_us: 1_000_000,
            acknowledge: false,
            poll_deadline: SimTime::NEVER,
            memory: (Vec::new(), None),
        }
    }
}

impl Membership {
    pub(super) fn request_rejoin(&mut self, reason: &'static str) {
        self.rejoin.get_or_insert(reason);
    }

    pub(super) fn is_stable(&self) -> bool {
        self.state == MemberState::Stable && self.rejoin.is_none() && self.synced.is_none()
    }

    /// Whether it is between the request to join and the assignment.
    pub(super) fn is_rebalancing(&self) -> bool {
        matches!(self.state, MemberState::Preparing | MemberState::Completing)
    }

    /// Forgets the generation: the next join is a new member's (`resetStateAndGeneration`).
    pub(super) fn reset(&mut self, reason: &'static str, keep_member_id: bool) {
        self.state = MemberState::Unjoined;
        self.generation = None;
        self.synced = None;
        self.acknowledge = false;
        self.to_assign = None;
        self.attempt += 1;
        self.next_heartbeat = SimTime::NEVER;
        if !keep_member_id {
            self.member_id = Arc::from("");
        }
        self.request_rejoin(reason);
    }
}
