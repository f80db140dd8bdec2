//! What happens in the applications of the bank's share group, as typed facts. Nothing but the referee reads them.

use crate::bank::EventId;
use crate::broker::TopicPartition;
use crate::broker::share::AckType;

/// Something that a worker of the share group did.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // partition and offset are what they are everywhere
pub enum WorkFact {
    /// Its process was started.
    Started,
    /// Its process ended in order: the consumer is closed.
    Stopped,
    /// Its process died.
    Killed,
    /// `poll` returned so many records.
    Polled { records: u32 },
    /// `poll` or another call of the consumer threw; the exception ends the worker (S16).
    CallThrew { class: &'static str },
    /// The worker turns to a record.
    Taken { partition: TopicPartition, offset: u64, delivery_count: u32 },
    /// The worker waits for a viewer's decision.
    AwaitingDecision { partition: TopicPartition, offset: u64 },
    /// The customer was told of the event.
    Noticed { partition: TopicPartition, offset: u64, event: EventId },
    /// The gateway knew the notice's idempotency key: the customer had been told before.
    NoticeKnown { partition: TopicPartition, offset: u64, event: EventId },
    /// The work threw.
    Threw { partition: TopicPartition, offset: u64, class: &'static str },
    /// `acknowledge(record, type)`; the broker hears of it later.
    Said { partition: TopicPartition, offset: u64, ack: AckType },
    /// `commitSync` or `commitAsync` was called.
    Commit { waits: bool },
    /// `commitSync` returned; how many partitions' acknowledgements were refused.
    Committed { refused: u32 },
}
