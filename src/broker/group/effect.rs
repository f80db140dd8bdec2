//! What a coordinator causes: timers and facts. Knows no network.

use std::sync::Arc;

use crate::broker::{BrokerId, ClientId, CommittedOffset, Effect, ErrorCode, Fact, Timer, TopicPartition};
use crate::kernel::{SimTime, SortedMap};

/// A timer of the coordinator. A stale one finds nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupTimer {
    /// A member may have been silent for too long (C2).
    Session {
        /// The group's number.
        group: u32,
        /// The member's serial number.
        member: u32,
    },
    /// The join phase may be over (C1).
    Join {
        /// The group's number.
        group: u32,
        /// Which join phase.
        epoch: u32,
    },
    /// Members that have not fetched their assignment are late (C1).
    Sync {
        /// The group's number.
        group: u32,
        /// Which join phase.
        epoch: u32,
    },
    /// A member takes too long to give partitions up (C17).
    Revocation {
        /// The group's number.
        group: u32,
        /// The member's serial number.
        member: u32,
        /// The member epoch in which it was asked.
        epoch: u32,
    },
    /// Expired offsets are swept (C8).
    Retention,
}

/// Who gets which partitions.
pub type Assignment = SortedMap<Arc<str>, Vec<TopicPartition>>;

/// Why a member was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Eviction {
    /// No heartbeat for `session.timeout.ms`.
    SessionTimeout,
    /// It did not rejoin within the rebalance timeout.
    RebalanceTimeout,
    /// It did not fetch its assignment in time.
    SyncTimeout,
    /// Another process took its instance id.
    Replaced,
}

/// What happened in a group, as its coordinator saw it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GroupFact {
    /// A member is new in the group.
    Joined {
        /// The group.
        group: Arc<str>,
        /// The member id.
        member: Arc<str>,
        /// Its client.
        client: ClientId,
    },
    /// A rebalance began.
    Rebalancing {
        /// The group.
        group: Arc<str>,
        /// Why, in Kafka's words.
        reason: &'static str,
    },
    /// A rebalance is over: everybody's assignment is known.
    Rebalanced {
        /// The group.
        group: Arc<str>,
        /// The generation that begins; for the consumer protocol the assignment epoch.
        generation: u32,
        /// The assignment.
        assignment: Arc<Assignment>,
    },
    /// The group has no members any more.
    Emptied {
        /// The group.
        group: Arc<str>,
        /// Its generation from now on.
        generation: u32,
    },
    /// Offsets were committed.
    Committed {
        /// The group.
        group: Arc<str>,
        /// The member id, empty for a tool or an `assign()` consumer.
        member: Arc<str>,
        /// The offsets.
        offsets: SortedMap<TopicPartition, CommittedOffset>,
    },
    /// A commit was refused (C6).
    CommitRefused {
        /// The group.
        group: Arc<str>,
        /// The member id.
        member: Arc<str>,
        /// Why.
        error: ErrorCode,
    },
    /// A member was removed against its will.
    Evicted {
        /// The group.
        group: Arc<str>,
        /// The member id.
        member: Arc<str>,
        /// Why.
        why: Eviction,
    },
    /// A member left.
    Left {
        /// The group.
        group: Arc<str>,
        /// The member id.
        member: Arc<str>,
    },
    /// A tool changed or deleted committed offsets (C9).
    OffsetsAltered {
        /// The group.
        group: Arc<str>,
        /// New offsets; `None` for a deleted one.
        offsets: Vec<(TopicPartition, Option<u64>)>,
    },
    /// Committed offsets were forgotten (C8).
    OffsetsExpired {
        /// The group.
        group: Arc<str>,
        /// Which ones.
        partitions: Vec<TopicPartition>,
    },
    /// Another broker coordinates the group now.
    CoordinatorMoved {
        /// The group.
        group: Arc<str>,
        /// The broker that did it before.
        from: BrokerId,
    },
}

pub(super) fn fact(fact: GroupFact) -> Effect {
    Effect::Fact(Fact::Group(fact))
}

pub(super) fn timer_at(at: SimTime, timer: GroupTimer) -> Effect {
    Effect::Timer { at, timer: Timer::Group(timer) }
}
