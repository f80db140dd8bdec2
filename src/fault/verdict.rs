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
    /// A listener in the API's process is called (F7).
    EventListener,
    /// The API has published and not yet committed.
    PublishedNotCommitted,
    /// The relay has heard that its events are in the log and has not yet marked them.
    PublishedNotMarked,
    /// A publisher's records are in the log, and their transaction is not committed.
    SentNotCommitted {
        /// The API or the relay.
        publisher: Node,
    },
    /// A dead letter or a retry is in the log, and its record's offset is not committed.
    DeadLettered {
        /// The consumer.
        consumer: Node,
        /// Its group's number.
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
}
