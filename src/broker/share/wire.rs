//! Share fetches as they travel. Knows neither who sends them nor how they are answered.

use std::sync::Arc;

use super::{AckBatch, AcquireMode, Acquired};
use crate::broker::{FetchBounds, Record, TopicPartition};

/// What a member of a share group asks a leader for (S4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields are Kafka's own
pub struct ShareFetchRequest {
    pub group: Arc<str>,
    pub member_id: Arc<str>,
    /// The share session's epoch: 0 begins one.
    pub epoch: i32,
    pub wait_us_max: u64,
    pub bounds: FetchBounds,
    /// `max.poll.records`; 0: none are wanted.
    pub records_max: u64,
    pub batch_size: u64,
    pub mode: AcquireMode,
    /// Whether a lock is renewed: then no records are fetched, so that the answer comes at once.
    pub renews: bool,
    pub added: Vec<TopicPartition>,
    pub forgotten: Vec<TopicPartition>,
    pub acks: Vec<(TopicPartition, Vec<AckBatch>)>,
}

/// One partition of a share fetch's response.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ShareFetched {
    /// What the member may have.
    pub acquired: Vec<Acquired>,
    /// The records among that; an offset without one is a gap.
    pub records: Vec<Arc<Record>>,
    /// The last offsets of the log's batches that were read, ascending.
    pub batch_ends: Vec<u64>,
}
