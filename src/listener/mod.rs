//! The listener: the consumer's poll loop and the container around it, in the words of Spring for Apache Kafka.
//!
//! Acknowledgments, retries, back offs, error handlers, dead letters, retry topics. Has never heard of banks, faults or
//! browsers: what a listener method does is a program of data ([`ListenerProgram`]), and its effect on the application
//! leaves as [`ContainerEffect::Application`].

pub mod application_events;
mod back_off;
pub mod consumer;
mod container;
mod dead_letter;
mod exception;
mod fact;
mod method;
mod program;
mod properties;
mod retry_topic;
pub mod share;
mod tracker;

use std::sync::Arc;

pub use back_off::{BackOff, BackOffExecution, UNLIMITED};
pub use container::{ConsumerCall, Container, ContainerEffect, ContainerTimer, Doing, ListenerConsumer, Output, TransactionCall};
pub use dead_letter::DeadLetter;
pub use exception::*;
pub use fact::{Fact, Offsets, StopReason};
pub use method::Listener;
pub use program::{Action, Condition, Decision, ListenerProgram, Rule};
pub use properties::*;
pub use retry_topic::{DltStrategy, RetryDestination, RetryRole, RetryTopics, Suffixing, TopicReuse};
pub use tracker::{Counts, FailedRecordTracker, Verdict};

use crate::broker::{Record, TopicPartition};

/// A record as the consumer hands it over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConsumerRecord {
    /// Where it came from.
    pub partition: TopicPartition,
    /// The record.
    pub record: Arc<Record>,
}
