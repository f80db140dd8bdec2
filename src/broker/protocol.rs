//! What travels between clients and brokers: Kafka's requests and responses, as closed enums. Knows no latency and no loss.

use crate::kernel::SortedMap;
use std::sync::Arc;

use super::share::{AckBatch, ShareFetchRequest, ShareFetched};
use super::{Bytes, ErrorCode, Header, Record};
use crate::typed_id;

typed_id!(
    /// A broker; its number is Kafka's `node.id`.
    BrokerId
);
typed_id!(
    /// A network client: a producer, a consumer or a tool.
    ClientId
);
typed_id!(
    /// A topic, in the order of creation. Where Kafka sorts by topic *name*, sort by name.
    TopicId
);

/// The wall-clock milliseconds that stand for virtual time 0 in record timestamps: 2026-01-01T00:00:00Z.
pub const EPOCH_MS: i64 = 1_767_225_600_000;

/// A partition of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition's number, from 0.
    pub partition: u32,
}

impl Ord for TopicPartition {
    /// Both numbers as one: a single step, and there is much to compare.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let rank = |p: &Self| u64::from(p.topic.0) << 32 | u64::from(p.partition);
        rank(self).cmp(&rank(other))
    }
}

impl PartialOrd for TopicPartition {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// When a produce request is answered (A7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Acks {
    /// `acks=0`: never.
    None,
    /// `acks=1`: when the leader has appended.
    Leader,
    /// `acks=all`: when every in-sync replica has it.
    All,
}

/// What a reader may see of transactions (E2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub enum IsolationLevel {
    /// Everything below the high watermark.
    #[default]
    ReadUncommitted,
    /// What is committed, below the last stable offset.
    ReadCommitted,
}

/// A record on its way to the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewRecord {
    /// The key.
    pub key: Option<Bytes>,
    /// The value.
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: Arc<[Header]>,
    /// CreateTime in milliseconds.
    pub timestamp_ms: i64,
    /// The application's opaque number.
    pub tag: u64,
}

/// A batch of records for one partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Batch {
    /// Where it goes.
    pub partition: TopicPartition,
    /// The producer id and epoch, if the producer is idempotent or transactional.
    pub producer: Option<(u64, u16)>,
    /// The sequence number of the first record; meaningless without a producer.
    pub base_sequence: u32,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
    /// The records, in order.
    pub records: Arc<[NewRecord]>,
}

/// Where to look up an offset (B3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OffsetSpec {
    /// The log start offset.
    Earliest,
    /// The high watermark, or the last stable offset for read_committed.
    Latest,
    /// The first record at or after these milliseconds.
    Timestamp(i64),
    /// The record with the largest timestamp.
    MaxTimestamp,
}

/// How many bytes a fetch is to bring (B2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FetchBounds {
    /// `fetch.min.bytes`: fewer are waited for, as long as the fetch may wait.
    pub bytes_min: u32,
    /// `fetch.max.bytes`: all partitions together; the first batch of the first one that has any comes whole.
    pub bytes_max: u32,
    /// `max.partition.fetch.bytes`: each partition.
    pub partition_bytes_max: u32,
}

impl Default for FetchBounds {
    /// The consumer's defaults.
    fn default() -> Self {
        FetchBounds { bytes_min: 1, bytes_max: 52_428_800, partition_bytes_max: 1_048_576 }
    }
}

/// One partition of a fetch request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FetchPartition {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset to read from.
    pub offset: u64,
    /// The epoch of the last record that the reader knows, if any (B6).
    pub last_fetched_epoch: Option<u32>,
}

/// A request of a client to a broker. Owners: `Log`, `Txn`, `Admin` in the log's modules, `Group` in the groups' modules.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields are Kafka's own
pub enum Request {
    /// Topics by name (`None`: all), their partitions and leaders.
    Metadata {
        topics: Option<Vec<Arc<str>>>,
    },
    /// Which broker coordinates a group or a transactional id.
    FindCoordinator {
        key: Arc<str>,
        transactional: bool,
    },
    Produce {
        acks: Acks,
        timeout_us: u64,
        transactional_id: Option<Arc<str>>,
        batches: Vec<Batch>,
    },
    Fetch {
        isolation: IsolationLevel,
        wait_us_max: u64,
        bounds: FetchBounds,
        partitions: Vec<FetchPartition>,
    },
    ListOffsets {
        isolation: IsolationLevel,
        partitions: Vec<(TopicPartition, OffsetSpec)>,
    },
    OffsetForLeaderEpoch {
        partitions: Vec<(TopicPartition, u32)>,
    },
    Group {
        group: Arc<str>,
        request: GroupRequest,
    },
    Txn {
        transactional_id: Option<Arc<str>>,
        request: TxnRequest,
    },
    /// KIP-932: records for a member of a share group, with acknowledgements of others.
    ShareFetch(Box<ShareFetchRequest>),
    /// KIP-932: acknowledgements alone; the session's last epoch, -1, ends it.
    ShareAcknowledge {
        group: Arc<str>,
        member_id: Arc<str>,
        epoch: i32,
        acks: Vec<(TopicPartition, Vec<AckBatch>)>,
    },
    Admin(AdminRequest),
}

/// Requests to a group coordinator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields are Kafka's own
pub enum GroupRequest {
    JoinGroup {
        /// Empty for a new member.
        member_id: Arc<str>,
        client_id: Arc<str>,
        instance_id: Option<Arc<str>>,
        session_timeout_us: u64,
        rebalance_timeout_us: u64,
        /// Assignor names by preference, each with the member's subscription.
        protocols: Vec<(Arc<str>, Subscription)>,
        reason: &'static str,
    },
    SyncGroup {
        member_id: Arc<str>,
        generation: u32,
        assignments: SortedMap<Arc<str>, Vec<TopicPartition>>,
    },
    Heartbeat {
        member_id: Arc<str>,
        generation: u32,
        instance_id: Option<Arc<str>>,
    },
    LeaveGroup {
        member_id: Arc<str>,
        instance_id: Option<Arc<str>>,
    },
    OffsetCommit {
        /// Empty for an `assign()` consumer or a tool.
        member_id: Arc<str>,
        instance_id: Option<Arc<str>>,
        /// Generation, or member epoch in the consumer protocol; `None` for an `assign()` consumer.
        generation: Option<u32>,
        offsets: SortedMap<TopicPartition, CommittedOffset>,
    },
    OffsetFetch {
        partitions: Vec<TopicPartition>,
        /// Set by read_committed consumers: offsets of open transactions must be waited for.
        require_stable: bool,
    },
    /// KIP-848.
    ConsumerGroupHeartbeat {
        member_id: Arc<str>,
        client_id: Arc<str>,
        /// An epoch, or one of [`member_epoch`](super::group::member_epoch).
        member_epoch: i32,
        instance_id: Option<Arc<str>>,
        rebalance_timeout_us: u64,
        topics: Option<Vec<Arc<str>>>,
        assignor: Option<Arc<str>>,
        owned: Option<Vec<TopicPartition>>,
    },
    /// `Admin.alterConsumerGroupOffsets`.
    AlterOffsets {
        offsets: SortedMap<TopicPartition, u64>,
    },
    /// `Admin.deleteConsumerGroupOffsets`.
    DeleteOffsets {
        partitions: Vec<TopicPartition>,
    },
    TxnOffsetCommit {
        producer: (u64, u16),
        member_id: Arc<str>,
        generation: Option<u32>,
        offsets: SortedMap<TopicPartition, CommittedOffset>,
    },
    /// KIP-932.
    ShareGroupHeartbeat {
        member_id: Arc<str>,
        client_id: Arc<str>,
        /// An epoch, or one of [`member_epoch`](super::group::member_epoch).
        member_epoch: i32,
        topics: Option<Vec<Arc<str>>>,
    },
    /// `Admin.alterShareGroupOffsets`.
    AlterShareOffsets {
        offsets: SortedMap<TopicPartition, u64>,
    },
    /// `Admin.deleteShareGroupOffsets`.
    DeleteShareOffsets {
        topic: TopicId,
    },
    /// `Admin.deleteShareGroups`.
    DeleteShareGroup,
}

/// What a member tells the assignor (C10, C13).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Subscription {
    /// The topics it wants.
    pub topics: Vec<Arc<str>>,
    /// What it owns now (sticky and cooperative-sticky).
    pub owned: Vec<TopicPartition>,
    /// The generation in which it owned that.
    pub generation: Option<u32>,
}

/// A committed offset: the next offset to read (C5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommittedOffset {
    /// The next offset to read.
    pub offset: u64,
    /// The epoch of the last record, if the committer gave it (B6).
    pub leader_epoch: Option<u32>,
}

/// Requests to a transaction coordinator (E1, E3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields are Kafka's own
pub enum TxnRequest {
    InitProducerId { timeout_us: u64 },
    AddPartitions { producer: (u64, u16), partitions: Vec<TopicPartition> },
    AddOffsets { producer: (u64, u16), group: Arc<str> },
    EndTxn { producer: (u64, u16), committed: bool },
}

/// Requests of the tools.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields are Kafka's own
pub enum AdminRequest {
    CreateTopic {
        name: Arc<str>,
        partitions: u32,
        replication_factor: u32,
        replicas: Vec<Vec<BrokerId>>,
        config: Vec<(Arc<str>, Arc<str>)>,
    },
    CreatePartitions {
        topic: Arc<str>,
        total: u32,
    },
    AlterTopicConfig {
        topic: Arc<str>,
        config: Vec<(Arc<str>, Arc<str>)>,
    },
    DeleteRecords {
        partition: TopicPartition,
        before: u64,
    },
    /// `Admin.incrementalAlterConfigs` on a resource of type GROUP.
    AlterGroupConfig {
        group: Arc<str>,
        config: Vec<(Arc<str>, Arc<str>)>,
    },
}

/// A response to a [`Request`]. `Error` answers any request as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields are Kafka's own
pub enum Response {
    Error(ErrorCode),
    Metadata(Arc<Metadata>),
    FindCoordinator {
        coordinator: BrokerId,
    },
    Produce {
        partitions: Vec<(TopicPartition, Result<ProduceAnswer, ErrorCode>)>,
    },
    Fetch {
        partitions: Vec<(TopicPartition, Result<FetchAnswer, ErrorCode>)>,
    },
    ListOffsets {
        partitions: Vec<(TopicPartition, Result<ListedOffset, ErrorCode>)>,
    },
    OffsetForLeaderEpoch {
        partitions: Vec<(TopicPartition, Result<EpochEnd, ErrorCode>)>,
    },
    Group(GroupResponse),
    Txn(TxnResponse),
    ShareFetch {
        /// By partition; absent: nothing to say.
        partitions: Vec<(TopicPartition, Result<ShareFetched, ErrorCode>)>,
        /// What came of the acknowledgements.
        acknowledged: Vec<(TopicPartition, Result<(), ErrorCode>)>,
        lock_us: u64,
    },
    ShareAcknowledge {
        acknowledged: Vec<(TopicPartition, Result<(), ErrorCode>)>,
        lock_us: u64,
    },
    /// The request of a tool was carried out; for `DeleteRecords` the new log start offset.
    Admin {
        log_start_offset: Option<u64>,
    },
}

/// Where a batch was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProduceAnswer {
    /// The offset of its first record; `None` when unknown.
    pub base_offset: Option<u64>,
    /// The log start offset.
    pub log_start_offset: u64,
}

/// One partition of a fetch response.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FetchAnswer {
    /// The records from the asked offset on, control records included.
    pub records: Vec<Arc<Record>>,
    /// Producers whose transactions in these records were aborted: (producer id, first offset). read_committed drops them (E2).
    pub aborted: Vec<(u64, u64)>,
    /// The high watermark.
    pub high_watermark: u64,
    /// The last stable offset.
    pub last_stable_offset: u64,
    /// The log start offset.
    pub log_start_offset: u64,
    /// Set if the reader's last record was cut off the log: where the logs part (B6).
    pub diverging: Option<EpochEnd>,
}

/// The end of a leader epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EpochEnd {
    /// The largest epoch not above the asked one.
    pub epoch: u32,
    /// Its end offset.
    pub end_offset: u64,
}

/// The answer to a look-up of an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListedOffset {
    /// The offset; `None` if there is no such record.
    pub offset: Option<u64>,
    /// Its timestamp; -1 if none is reported.
    pub timestamp_ms: i64,
    /// Its leader epoch, if known.
    pub leader_epoch: Option<u32>,
}

/// Topics and leaders as a client caches them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Metadata {
    /// By topic name.
    pub topics: SortedMap<Arc<str>, TopicMetadata>,
    /// The living brokers, ascending.
    pub brokers: Vec<BrokerId>,
}

/// One topic of the metadata.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TopicMetadata {
    /// The id.
    pub id: TopicId,
    /// By partition number: leader (if any) and leader epoch.
    pub partitions: Vec<(Option<BrokerId>, u32)>,
}

/// Responses of a group coordinator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields are Kafka's own
pub enum GroupResponse {
    JoinGroup {
        generation: u32,
        member_id: Arc<str>,
        leader: Arc<str>,
        protocol: Arc<str>,
        /// For the leader only: every member with instance id and subscription.
        members: Vec<(Arc<str>, Option<Arc<str>>, Subscription)>,
        /// The leader is a static member that came back: the assignment stays as it is (C16).
        skip_assignment: bool,
    },
    SyncGroup {
        assignment: Vec<TopicPartition>,
    },
    Heartbeat,
    LeaveGroup,
    OffsetCommit {
        partitions: SortedMap<TopicPartition, Option<ErrorCode>>,
    },
    OffsetFetch {
        offsets: SortedMap<TopicPartition, CommittedOffset>,
    },
    ConsumerGroupHeartbeat {
        member_id: Arc<str>,
        member_epoch: i32,
        heartbeat_interval_us: u64,
        /// `None`: unchanged.
        assignment: Option<Vec<TopicPartition>>,
    },
    ShareGroupHeartbeat {
        member_epoch: i32,
        heartbeat_interval_us: u64,
        /// `None`: unchanged.
        assignment: Option<Vec<TopicPartition>>,
    },
    Done,
}

/// Responses of a transaction coordinator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields are Kafka's own
pub enum TxnResponse {
    InitProducerId {
        producer: (u64, u16),
    },
    /// With the epoch to use from now on (transaction version 2 bumps it at every end).
    EndTxn {
        producer: (u64, u16),
    },
    Done,
}
