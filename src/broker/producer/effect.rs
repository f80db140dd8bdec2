//! What a producer causes. Closed enums; whoever runs the producer carries them out.

use crate::broker::{BrokerId, KafkaException, Request, TopicPartition};
use crate::kernel::SimTime;

/// Where a record went (`RecordMetadata`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordMetadata {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset; `None` (Kafka shows -1) when it is unknown, as always with acks=0.
    pub offset: Option<u64>,
    /// The record's timestamp in milliseconds.
    pub timestamp_ms: i64,
}

/// Something that whoever runs the producer must carry out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ProducerEffect {
    /// A request leaves. `None`: to any living broker.
    Request {
        /// The broker.
        to: Option<BrokerId>,
        /// Comes back with the response.
        correlation: u64,
        /// The request.
        request: Request,
    },
    /// `on_timer` is to be called at this time.
    Timer {
        /// When.
        at: SimTime,
        /// With what.
        timer: ProducerTimer,
    },
    /// A call is done: what it returned, or what it threw.
    Done {
        /// The caller's number of the call.
        token: u64,
        /// The metadata of a sent record; `None` for other calls.
        result: Result<Option<RecordMetadata>, KafkaException>,
    },
    /// Something happened inside the producer.
    Fact(ProducerFact),
}

/// A producer's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProducerTimer {
    /// Something may be due: a batch, a retry, a timeout.
    Wake,
}

/// What happened inside a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProducerFact {
    /// A batch leaves, for the `attempt`-th time (from 1).
    BatchSent {
        /// The partition.
        partition: TopicPartition,
        /// How many records.
        records: u32,
        /// The first record's tag.
        tag: u64,
        /// Counts the attempts.
        attempt: u32,
    },
    /// A batch failed and will be sent again after a back-off.
    Retry {
        /// The partition.
        partition: TopicPartition,
        /// The first record's tag.
        tag: u64,
        /// Why: the simple class name.
        exception: &'static str,
        /// The back-off in microseconds.
        back_off_us: u64,
    },
    /// A batch failed for good.
    BatchFailed {
        /// The partition.
        partition: TopicPartition,
        /// How many records.
        records: u32,
        /// The first record's tag.
        tag: u64,
        /// Why: the simple class name.
        exception: &'static str,
    },
    /// A batch was acknowledged.
    Acknowledged {
        /// The partition.
        partition: TopicPartition,
        /// How many records.
        records: u32,
        /// The first record's tag.
        tag: u64,
        /// The first record's offset, if known.
        base_offset: Option<u64>,
    },
    /// The producer got another id or epoch.
    Identity {
        /// The producer id.
        producer_id: u64,
        /// The epoch.
        epoch: u16,
    },
    /// The producer gave up a request that took too long.
    RequestTimedOut {
        /// The broker.
        to: Option<BrokerId>,
    },
}
