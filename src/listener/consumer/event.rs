//! What a consumer causes: requests, a timer, answers to its application, facts. Knows no network.

use crate::broker::{BrokerId, CommittedOffset, KafkaException, Request, TopicPartition};
use crate::kernel::{SimTime, SortedMap};
use crate::listener::ConsumerRecord;

/// What the consumer wants done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConsumerEffect {
    /// Send a request.
    Request {
        /// The broker; `None` for any living one.
        to: Option<BrokerId>,
        /// The request's number.
        correlation: u64,
        /// The request.
        request: Request,
    },
    /// Call [`on_timer`](super::Consumer::on_timer) at `at`.
    Timer {
        /// When.
        at: SimTime,
        /// With what.
        timer: ConsumerTimer,
    },
    /// Something that the application is given.
    Event(Event),
    /// Something to tell.
    Fact(ConsumerFact),
}

/// The consumer's only timer: look whether something is due. A stale one finds nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsumerTimer {
    /// Something may be due.
    Wake,
}

/// What the application is given. `Revoked`, `Assigned` and `Lost` are calls of the rebalance listener inside `poll` or
/// `close`: nothing goes on until [`callback_done`](super::Consumer::callback_done).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// `poll` returns or throws.
    Polled(Result<Vec<ConsumerRecord>, KafkaException>),
    /// `onPartitionsRevoked`.
    Revoked(Vec<TopicPartition>),
    /// `onPartitionsAssigned`.
    Assigned(Vec<TopicPartition>),
    /// `onPartitionsLost`.
    Lost(Vec<TopicPartition>),
    /// `commitSync` returns, or the callback of `commitAsync` is called.
    Committed {
        /// The caller's number.
        token: u64,
        /// How it went.
        result: Result<(), KafkaException>,
    },
    /// `position` returns.
    Position {
        /// The caller's number.
        token: u64,
        /// The position, and whether it stems from a committed offset.
        result: Result<(u64, bool), KafkaException>,
    },
    /// `close` returns.
    Closed,
}

/// What happened, as the consumer saw it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConsumerFact {
    /// It asks to join, for the first time or again.
    Joining {
        /// Why, in Kafka's words.
        reason: &'static str,
    },
    /// It knows its assignment in a generation (a member epoch, for the consumer protocol).
    Rebalanced {
        /// The generation.
        generation: u32,
        /// The whole assignment.
        assignment: Vec<TopicPartition>,
    },
    /// Partitions were given up.
    Revoked(Vec<TopicPartition>),
    /// Partitions were gained.
    Assigned(Vec<TopicPartition>),
    /// Partitions were lost with the membership.
    Lost(Vec<TopicPartition>),
    /// Records arrived.
    Fetched {
        /// The partition.
        partition: TopicPartition,
        /// The first record's offset.
        from: u64,
        /// The position after them.
        to: u64,
        /// How many the application will see.
        records: u32,
    },
    /// A commit was answered well.
    Committed {
        /// What was committed.
        offsets: SortedMap<TopicPartition, CommittedOffset>,
    },
    /// A commit failed.
    CommitFailed {
        /// The exception.
        error: KafkaException,
    },
    /// A position was initialised or reset.
    Positioned {
        /// The partition.
        partition: TopicPartition,
        /// Where it begins.
        offset: u64,
        /// Why there.
        by: PositionedBy,
    },
    /// Acknowledgements of a share consumer were answered (S9).
    ShareAcknowledged {
        /// The partition.
        partition: TopicPartition,
        /// The offsets, ascending.
        offsets: Vec<u64>,
        /// Why they do not count, if they do not.
        error: Option<KafkaException>,
    },
    /// The member left the group.
    Left {
        /// Why.
        reason: &'static str,
    },
    /// The member was put out of the group.
    Fenced {
        /// What the coordinator answered.
        error: crate::broker::ErrorCode,
    },
}

/// Why a position is where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PositionedBy {
    /// The committed offset.
    Committed,
    /// `auto.offset.reset`, or `seekToBeginning` and `seekToEnd`.
    Reset,
    /// The log was cut below it (B6).
    Truncation,
    /// `seek`.
    Seek,
}
