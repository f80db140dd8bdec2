//! What a share consumer causes: requests, a timer, answers to its application, facts. Knows no network.

use std::sync::Arc;

use crate::broker::{BrokerId, KafkaException, Record, Request, TopicPartition};
use crate::kernel::{SimTime, SortedMap};
use crate::listener::consumer::ConsumerFact;

/// A record as the share consumer hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareRecord {
    /// Where it came from.
    pub partition: TopicPartition,
    /// The record.
    pub record: Arc<Record>,
    /// Which delivery it is, from 1 (`ConsumerRecord#deliveryCount`).
    pub delivery_count: u32,
}

/// What the share consumer wants done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ShareEffect {
    /// Send a request.
    Request {
        /// The broker; `None` for any living one.
        to: Option<BrokerId>,
        /// The request's number.
        correlation: u64,
        /// The request.
        request: Request,
    },
    /// The connection to a broker is closed: an answer was waited for too long.
    HangUp {
        /// The broker.
        from: BrokerId,
    },
    /// Call [`on_timer`](super::ShareConsumer::on_timer) at this time.
    Timer {
        /// When.
        at: SimTime,
    },
    /// Something that the application is given.
    Event(ShareEvent),
    /// Something to tell.
    Fact(ConsumerFact),
}

/// What came of the acknowledgements of each partition; `None`: they count.
pub type AckOutcome = SortedMap<TopicPartition, Option<KafkaException>>;

/// What the application is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ShareEvent {
    /// `poll` returns or throws.
    Polled(Result<Vec<ShareRecord>, KafkaException>),
    /// `commitSync` returns.
    Committed(AckOutcome),
    /// `close` returns.
    Closed,
}

/// One call of the acknowledgement commit callback (S9).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallbackCall {
    /// The partition.
    pub partition: TopicPartition,
    /// The offsets, ascending.
    pub offsets: Vec<u64>,
    /// What it threw, if the acknowledgements do not count.
    pub error: Option<KafkaException>,
}
