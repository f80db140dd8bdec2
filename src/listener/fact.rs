//! What happens in a container, as typed facts. Nothing reads them to decide anything.

use crate::kernel::SortedMap;
use std::fmt;
use std::sync::Arc;

use super::ConsumerRecord;
use crate::broker::TopicPartition;

/// Why a consumer thread ended (`ConsumerStoppedEvent.Reason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are Spring's own
pub enum StopReason {
    Normal,
    Error,
    Abnormal,
    Fenced,
    Auth,
    NoOffset,
}

impl StopReason {
    /// Spring's name.
    pub const fn name(self) -> &'static str {
        match self {
            StopReason::Normal => "NORMAL",
            StopReason::Error => "ERROR",
            StopReason::Abnormal => "ABNORMAL",
            StopReason::Fenced => "FENCED",
            StopReason::Auth => "AUTH",
            StopReason::NoOffset => "NO_OFFSET",
        }
    }
}

/// Next offsets by partition.
pub type Offsets = SortedMap<TopicPartition, u64>;

/// Something that happened on a consumer thread.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fact {
    /// `start()` threw.
    StartFailed {
        /// The exception's full class name.
        class: Arc<str>,
        /// Its message.
        message: Arc<str>,
    },
    /// The thread began.
    Started,
    /// A poll returned records.
    Polled {
        /// Where from: partition and offset, in the order of delivery.
        records: Vec<(TopicPartition, u64)>,
    },
    /// A poll threw.
    PollFailed {
        /// The exception's full class name.
        class: Arc<str>,
        /// The offset, for a deserialization failure.
        offset: Option<u64>,
    },
    /// `CommonErrorHandler.handleOtherException` was called.
    OtherExceptionHandled {
        /// The exception's full class name.
        class: Arc<str>,
        /// The offset, for a deserialization failure.
        offset: Option<u64>,
    },
    /// The record listener is called.
    Delivered {
        /// The record.
        record: ConsumerRecord,
        /// `kafka_deliveryAttempt`, if the header is on (D15).
        attempt: Option<u32>,
        /// The last `retry_topic-attempts` header (D13).
        retry_attempts: Option<u32>,
        /// The listener is the handler of the dead letters.
        dead_letter_handler: bool,
    },
    /// The batch listener is called.
    BatchDelivered {
        /// The records.
        records: Arc<[ConsumerRecord]>,
    },
    /// The listener returned normally.
    Returned {
        /// The (first) record's partition.
        partition: TopicPartition,
        /// The (first) record's offset.
        offset: u64,
    },
    /// The listener threw.
    Threw {
        /// The (first) record's partition.
        partition: TopicPartition,
        /// The (first) record's offset.
        offset: u64,
        /// The exception's full class name.
        class: Arc<str>,
    },
    /// `acknowledge()` was called.
    Acknowledged {
        /// The record's partition; of a batch the first.
        partition: TopicPartition,
        /// The record's offset; of a batch the first.
        offset: u64,
    },
    /// `nack()` was called.
    Nacked {
        /// The record's partition; of a batch that of the indexed record.
        partition: TopicPartition,
        /// The record's offset; of a batch that of the indexed record.
        offset: u64,
        /// How long, in milliseconds.
        ms: u64,
    },
    /// The listener waits for a viewer's decision.
    AwaitingDecision {
        /// The (first) record's partition.
        partition: TopicPartition,
        /// The (first) record's offset.
        offset: u64,
    },
    /// An acknowledge or nack call threw.
    ApiError {
        /// Which call: `nack_ms`, `ack_index`…
        call: &'static str,
        /// The value of the record whose kept Acknowledgment was called.
        value: Option<Arc<str>>,
        /// The exception's full class name.
        class: Arc<str>,
        /// Its message.
        message: Arc<str>,
    },
    /// A commit succeeded.
    Committed {
        /// Next offsets.
        offsets: Offsets,
    },
    /// `commitAsync` was called.
    CommittedAsync {
        /// Next offsets.
        offsets: Offsets,
    },
    /// A commit threw.
    CommitFailed {
        /// Next offsets.
        offsets: Offsets,
        /// The exception's full class name.
        class: Arc<str>,
    },
    /// Partitions were assigned; may be empty.
    Assigned {
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// Partitions were revoked; may be empty.
    Revoked {
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// Partitions were lost: another member may have them already.
    Lost {
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// Positions were set.
    Sought {
        /// Next offsets.
        offsets: Offsets,
    },
    /// Partitions were paused by the container.
    Paused {
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// Partitions were resumed by the container.
    Resumed {
        /// Which.
        partitions: Vec<TopicPartition>,
    },
    /// The error handler was given a failure (`RetryListener.failedDelivery`).
    Failed {
        /// The record's partition.
        partition: TopicPartition,
        /// The record's offset.
        offset: u64,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The exception's full class name.
        class: Arc<str>,
    },
    /// The error handler was given the failure of a batch.
    FailedBatch {
        /// The records.
        records: Vec<(TopicPartition, u64)>,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The exception's full class name.
        class: Arc<str>,
    },
    /// The thread sleeps before the next attempt.
    BackingOff {
        /// How long, in milliseconds.
        ms: u64,
    },
    /// The recoverer that fails was entered.
    RecovererCalled {
        /// The record's partition.
        partition: TopicPartition,
        /// The record's offset.
        offset: u64,
    },
    /// The recoverer returned: the record is given up.
    Recovered {
        /// The record's partition.
        partition: TopicPartition,
        /// The record's offset.
        offset: u64,
        /// The class of the listener's exception.
        class: Arc<str>,
    },
    /// The recoverer threw.
    RecoveryFailed {
        /// The record's partition.
        partition: TopicPartition,
        /// The record's offset.
        offset: u64,
        /// The class of the recoverer's exception.
        class: Arc<str>,
    },
    /// The recoverer threw for a record of a batch: the whole batch comes again.
    RecoveryFailedBatch {
        /// The records.
        records: Vec<(TopicPartition, u64)>,
        /// The class of the recoverer's exception.
        class: Arc<str>,
    },
    /// The recoverer returned for every record of a batch.
    RecoveredBatch {
        /// The records.
        records: Vec<(TopicPartition, u64)>,
        /// The class of the listener's exception.
        class: Arc<str>,
    },
    /// `ListenerContainerIdleEvent`: no records for a while.
    Idle {
        /// What is assigned.
        partitions: Vec<TopicPartition>,
    },
    /// `ListenerContainerNoLongerIdleEvent`: the first records after that.
    NoLongerIdle {
        /// What is assigned.
        partitions: Vec<TopicPartition>,
    },
    /// A record of a retry topic is not due (D13).
    NotDue {
        /// The record's partition.
        partition: TopicPartition,
        /// The record's offset.
        offset: u64,
    },
    /// A transaction began (E4).
    TransactionBegun,
    /// It was committed.
    TransactionCommitted,
    /// It was aborted.
    TransactionAborted,
    /// Offsets were sent to it.
    OffsetsSentToTransaction {
        /// Next offsets.
        offsets: Offsets,
    },
    /// The thread ended.
    Stopped {
        /// Why.
        reason: StopReason,
    },
    /// The process died.
    Killed,
}

/// Partition and offset as `3-0@17`: topic id, partition, offset.
fn at(partition: &TopicPartition, offset: u64) -> String {
    format!("{}-{}@{}", partition.topic.0, partition.partition, offset)
}

fn at_all(records: &[(TopicPartition, u64)]) -> String {
    records.iter().map(|(partition, offset)| at(partition, *offset)).collect::<Vec<_>>().join(" ")
}

fn parts(partitions: &[TopicPartition]) -> String {
    partitions.iter().map(|partition| format!("{}-{}", partition.topic.0, partition.partition)).collect::<Vec<_>>().join(" ")
}

fn next(offsets: &Offsets) -> String {
    offsets.iter().map(|(partition, offset)| at(partition, *offset)).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fact::StartFailed { class, message } => write!(f, "start_failed {class}: {message}"),
            Fact::Started => write!(f, "started"),
            Fact::Polled { records } => write!(f, "poll {}", at_all(records)),
            Fact::PollFailed { class, offset } => write!(f, "poll_failed {class} {offset:?}"),
            Fact::OtherExceptionHandled { class, .. } => write!(f, "handle_other_exception {class}"),
            Fact::Delivered { record, .. } => write!(f, "deliver {}", at(&record.partition, record.record.offset)),
            Fact::BatchDelivered { records } => write!(
                f,
                "deliver_batch {}",
                records.iter().map(|record| at(&record.partition, record.record.offset)).collect::<Vec<_>>().join(" ")
            ),
            Fact::Returned { partition, offset } => write!(f, "returned {}", at(partition, *offset)),
            Fact::Threw { partition, offset, class } => write!(f, "threw {} {class}", at(partition, *offset)),
            Fact::Acknowledged { partition, offset } => write!(f, "ack {}", at(partition, *offset)),
            Fact::Nacked { partition, offset, ms } => write!(f, "nack {} {ms} ms", at(partition, *offset)),
            Fact::AwaitingDecision { partition, offset } => write!(f, "awaits_decision {}", at(partition, *offset)),
            Fact::ApiError { call, class, message, .. } => write!(f, "api_error {call} {class}: {message}"),
            Fact::Committed { offsets } => write!(f, "commit {}", next(offsets)),
            Fact::CommittedAsync { offsets } => write!(f, "commit_async {}", next(offsets)),
            Fact::CommitFailed { offsets, class } => write!(f, "commit_failed {} {class}", next(offsets)),
            Fact::Assigned { partitions } => write!(f, "assigned {}", parts(partitions)),
            Fact::Revoked { partitions } => write!(f, "revoked {}", parts(partitions)),
            Fact::Lost { partitions } => write!(f, "lost {}", parts(partitions)),
            Fact::Sought { offsets } => write!(f, "seek {}", next(offsets)),
            Fact::Paused { partitions } => write!(f, "pause {}", parts(partitions)),
            Fact::Resumed { partitions } => write!(f, "resume {}", parts(partitions)),
            Fact::Failed { partition, offset, attempt, class } => write!(f, "failed {} attempt {attempt} {class}", at(partition, *offset)),
            Fact::FailedBatch { records, attempt, class } => write!(f, "failed_batch {} attempt {attempt} {class}", at_all(records)),
            Fact::BackingOff { ms } => write!(f, "back_off {ms} ms"),
            Fact::RecovererCalled { partition, offset } => write!(f, "recoverer_called {}", at(partition, *offset)),
            Fact::Recovered { partition, offset, class } => write!(f, "recovered {} {class}", at(partition, *offset)),
            Fact::RecoveryFailed { partition, offset, class } => write!(f, "recovery_failed {} {class}", at(partition, *offset)),
            Fact::RecoveryFailedBatch { records, class } => write!(f, "recovery_failed_batch {} {class}", at_all(records)),
            Fact::RecoveredBatch { records, class } => write!(f, "recovered_batch {} {class}", at_all(records)),
            Fact::Idle { partitions } => write!(f, "idle {}", parts(partitions)),
            Fact::NoLongerIdle { partitions } => write!(f, "no_longer_idle {}", parts(partitions)),
            Fact::NotDue { partition, offset } => write!(f, "not_due {}", at(partition, *offset)),
            Fact::TransactionBegun => write!(f, "tx begin"),
            Fact::TransactionCommitted => write!(f, "tx commit"),
            Fact::TransactionAborted => write!(f, "tx abort"),
            Fact::OffsetsSentToTransaction { offsets } => write!(f, "offsets_to_transaction {}", next(offsets)),
            Fact::Stopped { reason } => write!(f, "stopped {}", reason.name()),
            Fact::Killed => write!(f, "killed"),
        }
    }
}
