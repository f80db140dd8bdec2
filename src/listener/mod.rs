//! The consumer's poll loop and the listener container. Has never heard of what a record means.

pub mod application_events;
pub mod consumer;

use std::sync::Arc;

use crate::broker::{Record, TopicPartition};

/// A record as the consumer hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConsumerRecord {
    /// Where it came from.
    pub partition: TopicPartition,
    /// The record.
    pub record: Arc<Record>,
}
