//! The moments at which a fault may strike, and what it then says.

use super::{Direction, Link, Node};

/// A moment of the run that a fault may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Point {
    /// Something leaves on a link.
    Leg {
        /// The link.
        link: Link,
        /// Who sends.
        from: Node,
        /// Who is to receive.
        to: Node,
        /// Which way.
        direction: Direction,
    },
    /// A store or a broker starts to work on a request.
    Work {
        /// Who works.
        node: Node,
    },
    /// The write database is asked to commit.
    Commit,
    /// The API has heard that its transaction is committed and has not yet published.
    CommittedNotPublished,
    /// The API has published and not yet committed.
    PublishedNotCommitted,
    /// The relay has heard that its events are in the log and has not yet marked them.
    PublishedNotMarked,
    /// A record is about to be given to a listener.
    Delivery {
        /// The consumer.
        consumer: Node,
        /// Its group's place in [`scenario::GROUPS`](crate::scenario::GROUPS).
        group: Option<u32>,
    },
    /// A completion notice is about to reach a client.
    Notice {
        /// The client.
        client: Node,
    },
}

/// What happens at a [`Point`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// As if there were no fault.
    Pass,
    /// So many microseconds later.
    Delay {
        /// The delay.
        us: u64,
    },
    /// It gets lost.
    Lose,
    /// It arrives twice.
    Duplicate,
    /// It is refused: the service is down.
    Refuse,
    /// The process dies here.
    Crash,
    /// The listener throws an exception worth a retry.
    Throw,
    /// The listener throws an exception not worth a retry.
    ThrowFatal,
    /// The listener nacks.
    Nack {
        /// The pause in microseconds.
        us: u64,
    },
    /// The listener returns without acknowledging.
    ForgetAck,
    /// The listener acknowledges first and applies the effect afterwards.
    AckFirst,
    /// The listener keeps the acknowledgment until after the next record's.
    AckLater,
    /// The process dies before the effect.
    CrashBeforeEffect,
    /// The process dies between effect and acknowledgment.
    CrashAfterEffect,
    /// The process dies between acknowledgment and commit.
    CrashBeforeCommit,
    /// The process dies between a dead letter and the commit of the record's offset.
    CrashAfterDeadLetter,
    /// The listener stays in its work until the fault ends.
    Stall,
}
