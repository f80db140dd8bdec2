//! What happened to the records of a share group, for whoever watches. Knows no cause but by name.

use std::sync::Arc;

use super::{AckType, RecordState};
use crate::broker::{BrokerId, ErrorCode, TopicPartition};

/// Why records left their holder's hands or will be given to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Settling {
    /// The holder said so.
    Acknowledged(AckType),
    /// The acquisition lock ended (S5).
    LockTimeout,
    /// The holder's session was closed or its connection broke (S13).
    SessionClosed,
    /// They are no longer in the log (S14).
    LogStart,
    /// Their transaction was aborted (S15).
    Aborted,
}

/// Something that happened in a share group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // group, partition, broker and offsets are what they are everywhere
pub enum ShareFact {
    /// A leader has read the written state of a partition.
    Loaded { broker: BrokerId, group: Arc<str>, partition: TopicPartition, start: u64 },
    /// Records were given to a member.
    Acquired {
        broker: BrokerId,
        group: Arc<str>,
        /// The member id.
        member: Arc<str>,
        partition: TopicPartition,
        first: u64,
        last: u64,
        /// Which delivery this is, from 1.
        delivery_count: u32,
    },
    /// Records are no longer in anybody's hands.
    Settled {
        broker: BrokerId,
        group: Arc<str>,
        partition: TopicPartition,
        first: u64,
        last: u64,
        /// What has become of them.
        state: RecordState,
        /// How often they were delivered.
        delivery_count: u32,
        /// Why.
        by: Settling,
    },
    /// A member keeps records for another lock's duration (S8).
    Renewed { broker: BrokerId, group: Arc<str>, partition: TopicPartition, first: u64, last: u64 },
    /// Acknowledgements were refused (S9).
    Refused {
        broker: BrokerId,
        group: Arc<str>,
        /// The member id.
        member: Arc<str>,
        partition: TopicPartition,
        /// Why.
        error: ErrorCode,
    },
    /// Everything before `to` is finished (S10).
    StartMoved { broker: BrokerId, group: Arc<str>, partition: TopicPartition, from: u64, to: u64 },
    /// A tool set or deleted (`None`) a start offset (S2).
    OffsetsAltered { group: Arc<str>, partition: TopicPartition, start: Option<u64> },
}
