//! What happened to the log, for whoever watches. Bounded: a fact holds numbers and names, never records.

use std::sync::Arc;

use super::{BrokerId, ErrorCode, TopicPartition};

/// Why a segment or a stretch of records was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeletionReason {
    /// Older than `retention.ms` (B7).
    RetentionTime,
    /// More than `retention.bytes` (B8).
    RetentionSize,
    /// `deleteRecords` or a leader's log start moved past it (B9).
    LogStart,
}

/// Something that happened in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fact {
    /// A leader appended a batch of a client.
    Appended {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The first record's offset.
        base_offset: u64,
        /// How many records.
        records: u32,
        /// The first record's tag.
        tag: u64,
    },
    /// A batch came a second time and was not appended again (A9).
    DuplicateBatch {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Where the first copy lies.
        base_offset: u64,
        /// Whose it was.
        producer_id: u64,
        /// The batch's first sequence number.
        sequence: u32,
    },
    /// A leader refused a batch.
    ProduceRefused {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Why.
        error: ErrorCode,
    },
    /// A follower appended what it had fetched.
    Replicated {
        /// The follower.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Its log end offset now.
        log_end_offset: u64,
    },
    /// A leader's high watermark moved (B4).
    HighWatermarkMoved {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Where it was.
        from: u64,
        /// Where it is.
        to: u64,
    },
    /// A partition got a leader, or lost it (B5).
    LeaderElected {
        /// The partition.
        partition: TopicPartition,
        /// Who leads now.
        leader: Option<BrokerId>,
        /// The new leader epoch.
        leader_epoch: u32,
        /// Whether the leader was not in sync: records may be lost.
        unclean: bool,
    },
    /// The set of in-sync replicas changed (B5).
    IsrChanged {
        /// The partition.
        partition: TopicPartition,
        /// The ISR now, ascending.
        isr: Vec<BrokerId>,
        /// The eligible leader replicas now, ascending.
        elr: Vec<BrokerId>,
    },
    /// A replica cut its log (B5).
    Truncated {
        /// The replica.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Its log end offset before.
        from: u64,
        /// Its log end offset now.
        to: u64,
    },
    /// A segment filled up, a new one was begun (B7).
    SegmentRolled {
        /// The replica.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The new segment's first offset.
        base_offset: u64,
    },
    /// A segment was deleted.
    SegmentDeleted {
        /// The replica.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Its first offset.
        base_offset: u64,
        /// The first offset after it.
        end_offset: u64,
        /// Why.
        reason: DeletionReason,
    },
    /// The first readable offset moved (B1).
    LogStartMoved {
        /// The replica.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Where it was.
        from: u64,
        /// Where it is.
        to: u64,
    },
    /// The cleaner compacted a log (B10).
    Compacted {
        /// The replica.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The first offset that is still dirty.
        up_to: u64,
        /// How many records were removed.
        removed: u32,
    },
    /// A topic was created.
    TopicCreated {
        /// Its name.
        name: Arc<str>,
        /// How many partitions it has.
        partitions: u32,
    },
    /// A topic got more partitions.
    PartitionsAdded {
        /// Its name.
        name: Arc<str>,
        /// How many it has now.
        total: u32,
    },
    /// A broker's process runs and the controller takes it for alive.
    BrokerUp {
        /// The broker.
        broker: BrokerId,
    },
    /// A broker's process ended.
    BrokerDown {
        /// The broker.
        broker: BrokerId,
        /// Whether it handed over its leadership first.
        controlled: bool,
    },
    /// The controller no longer counts on a broker.
    BrokerFenced {
        /// The broker.
        broker: BrokerId,
    },
    /// Another broker coordinates a group or a transactional id.
    CoordinatorMoved {
        /// The group or the transactional id.
        key: Arc<str>,
        /// Whether it is a transactional id.
        transactional: bool,
        /// The new coordinator.
        to: BrokerId,
    },
    /// A producer got an id and an epoch.
    ProducerIdAssigned {
        /// Its transactional id, if any.
        transactional_id: Option<Arc<str>>,
        /// The id.
        producer_id: u64,
        /// The epoch.
        epoch: u16,
    },
    /// The coordinator saw the first partition of a transaction (E1).
    TxnBegun {
        /// Whose.
        transactional_id: Arc<str>,
        /// The producer id.
        producer_id: u64,
        /// The epoch.
        epoch: u16,
    },
    /// The outcome of a transaction is decided; its markers follow (E1).
    TxnDecided {
        /// Whose.
        transactional_id: Arc<str>,
        /// Committed or aborted.
        committed: bool,
        /// Whether the coordinator aborted it because it took too long.
        timed_out: bool,
    },
    /// All markers of a transaction are in the logs.
    TxnEnded {
        /// Whose.
        transactional_id: Arc<str>,
        /// Committed or aborted.
        committed: bool,
    },
    /// A marker was appended (E1).
    MarkerAppended {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The marker's offset.
        offset: u64,
        /// Whose transaction.
        producer_id: u64,
        /// Committed or aborted.
        committed: bool,
    },
    /// A producer with an old epoch was turned away (E3).
    ProducerFenced {
        /// Whose transactional id.
        transactional_id: Arc<str>,
        /// The old epoch.
        epoch: u16,
    },
    /// Something happened in a consumer group.
    Group(super::group::GroupFact),
    /// Something happened to the records of a share group.
    Share(super::share::ShareFact),
}
