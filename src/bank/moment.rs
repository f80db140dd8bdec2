//! The bank's processes, and the moments at which a crash of one hurts. Knows no fault: it only stops there and asks.

use super::ids::CommandId;

/// A process of the bank that can crash and be started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Process {
    /// The command API.
    Api,
    /// The outbox relay.
    Relay,
    /// The write database.
    WriteDb,
    /// The read database.
    ReadDb,
    /// The query API.
    QueryApi,
}

impl Process {
    /// All of them.
    pub const ALL: [Process; 5] = [Process::Api, Process::Relay, Process::WriteDb, Process::ReadDb, Process::QueryApi];

    /// The word in the trace.
    pub fn name(self) -> &'static str {
        match self {
            Process::Api => "api",
            Process::Relay => "relay",
            Process::WriteDb => "write-db",
            Process::ReadDb => "read-db",
            Process::QueryApi => "query-api",
        }
    }
}

/// A moment at which a crash hurts. The bank stops there until the world says how it goes on:
/// [`Bank::pass`](super::Bank::pass), or a crash of [`MomentKind::process`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Which moment.
    pub kind: MomentKind,
    /// What is under way there: a handling of the API, a round of the relay, an operation of a database.
    pub subject: u32,
    /// The command concerned, where it is one.
    pub command: Option<CommandId>,
}

/// The kinds of [`Moment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum MomentKind {
    /// The API has decided and not yet committed.
    ApiDecidedNotCommitted,
    /// The API has published, inside the transaction, and not yet committed.
    ApiPublishedNotCommitted,
    /// A listener in the API's process is called (F7); the subject is the delivery.
    ApiListenerCalled,
    /// The API's transaction is durable and nothing of it is published.
    ApiCommittedNotPublished,
    /// The API has done everything and not yet answered.
    ApiDoneNotAnswered,
    /// The relay has read rows and published none.
    RelayFetchedNotPublished,
    /// The relay has published and not yet marked.
    RelayPublishedNotMarked,
    /// The write database is about to commit.
    WriteDbNotCommitted,
    /// The write database has committed and not yet answered.
    WriteDbCommittedNotAnswered,
    /// The read database is about to commit a projection's transaction.
    ReadDbNotCommitted,
    /// The read database has committed it and not yet answered.
    ReadDbCommittedNotAnswered,
}

impl MomentKind {
    /// All of them.
    pub const ALL: [MomentKind; 11] = [
        MomentKind::ApiDecidedNotCommitted,
        MomentKind::ApiPublishedNotCommitted,
        MomentKind::ApiListenerCalled,
        MomentKind::ApiCommittedNotPublished,
        MomentKind::ApiDoneNotAnswered,
        MomentKind::RelayFetchedNotPublished,
        MomentKind::RelayPublishedNotMarked,
        MomentKind::WriteDbNotCommitted,
        MomentKind::WriteDbCommittedNotAnswered,
        MomentKind::ReadDbNotCommitted,
        MomentKind::ReadDbCommittedNotAnswered,
    ];

    /// Whose moment it is.
    pub fn process(self) -> Process {
        match self {
            MomentKind::ApiDecidedNotCommitted
            | MomentKind::ApiPublishedNotCommitted
            | MomentKind::ApiListenerCalled
            | MomentKind::ApiCommittedNotPublished
            | MomentKind::ApiDoneNotAnswered => Process::Api,
            MomentKind::RelayFetchedNotPublished | MomentKind::RelayPublishedNotMarked => Process::Relay,
            MomentKind::WriteDbNotCommitted | MomentKind::WriteDbCommittedNotAnswered => Process::WriteDb,
            MomentKind::ReadDbNotCommitted | MomentKind::ReadDbCommittedNotAnswered => Process::ReadDb,
        }
    }
}
