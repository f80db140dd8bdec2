//! What is assigned, from where it is read, what has been fetched (`SubscriptionState`). Knows no broker.

use std::sync::Arc;

use crate::broker::{ErrorCode, OffsetSpec, Record, TopicPartition};
use crate::kernel::{Deque, SimTime, SortedMap};

/// How the partitions came.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// Neither subscribed nor assigned.
    None,
    /// `subscribe`: the group decides.
    Topics(Vec<Arc<str>>),
    /// `assign`: the application decides.
    Manual,
}

/// How far a partition's position is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// The committed offset must be asked for.
    Initializing,
    /// It must be looked up at the leader.
    Resetting { spec: OffsetSpec },
    /// The leader changed: does its log still hold what was read (B6)?
    Validating,
    /// Good.
    Fetching,
}

/// Fetched records that wait to be polled.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Buffer {
    pub(super) records: Deque<Arc<Record>>,
    /// The position after everything fetched, markers and aborted records included.
    pub(super) end: u64,
    /// The leader epoch of the last of it.
    pub(super) end_epoch: Option<u32>,
    /// The leader refused; to be seen by `poll`.
    pub(super) error: Option<ErrorCode>,
}

/// One assigned partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PartitionState {
    pub(super) phase: Phase,
    /// The next offset to return; meaningless before [`Phase::Validating`].
    pub(super) offset: u64,
    /// The leader epoch of the record before it, if known (B6).
    pub(super) epoch: Option<u32>,
    /// The leader epoch that the position was last checked against.
    pub(super) leader_epoch: Option<u32>,
    /// Whether the position stems from a committed offset.
    pub(super) committed: bool,
    pub(super) paused: bool,
    /// It is about to be given up: nothing of it is returned any more.
    pub(super) revoking: bool,
    pub(super) buffer: Option<Buffer>,
    /// How often a fetch has brought records of it.
    pub(super) fetched_count: u32,
    /// When the position may be asked for again.
    pub(super) retry_at: SimTime,
    /// A request about the position is under way.
    pub(super) asked: bool,
    pub(super) high_watermark: Option<u64>,
}

impl Default for PartitionState {
    fn default() -> Self {
        PartitionState {
            phase: Phase::Initializing,
            offset: 0,
            epoch: None,
            leader_epoch: None,
            committed: false,
            paused: false,
            revoking: false,
            buffer: None,
            fetched_count: 0,
            retry_at: SimTime::ZERO,
            asked: false,
            high_watermark: None,
        }
    }
}

impl PartitionState {
    pub(super) fn is_positioned(&self) -> bool {
        matches!(self.phase, Phase::Fetching | Phase::Validating)
    }

    /// Moves the position; what was fetched for another one is of no use.
    pub(super) fn seek(&mut self, offset: u64, epoch: Option<u32>) {
        self.phase = Phase::Fetching;
        self.offset = offset;
        self.epoch = epoch;
        self.leader_epoch = None;
        self.asked = false;
        self.buffer = None;
    }

    pub(super) fn reset(&mut self, spec: OffsetSpec) {
        self.phase = Phase::Resetting { spec };
        self.asked = false;
        self.retry_at = SimTime::ZERO;
        self.buffer = None;
    }
}

/// What is subscribed and what is assigned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Subscriptions {
    pub(super) mode: Mode,
    pub(super) partitions: SortedMap<TopicPartition, PartitionState>,
    /// Partitions with something fetched, in the order in which it is returned (C3).
    pub(super) queue: Deque<TopicPartition>,
}

impl Subscriptions {
    pub(super) fn new() -> Subscriptions {
        Subscriptions { mode: Mode::None, partitions: SortedMap::new(), queue: Deque::new() }
    }

    pub(super) fn assigned(&self) -> Vec<TopicPartition> {
        self.partitions.keys().copied().collect()
    }

    /// Changes the assignment; partitions that stay keep everything they have (C4).
    pub(super) fn assign(&mut self, partitions: &[TopicPartition]) {
        self.partitions.retain(|p, _| partitions.contains(p));
        self.queue.retain(|p| partitions.contains(p));
        for partition in partitions {
            self.partitions.entry(*partition).or_default();
        }
    }
}
