//! What the bank causes: hops over named links, publications, timers, moments at which a fault can strike, facts. A closed set.

use std::sync::Arc;

use super::config::Channel;
use super::domain::{Account, Command, Money, Rejection};
use super::fact::Fact;
use super::ids::{AccountId, ClientIndex, CommandId, EventId, QueryId};
use super::moment::Moment;
use crate::kernel::SimTime;

/// A link between two members of the bank's cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Link {
    /// Client and command API.
    ClientApi,
    /// Command API and write database.
    ApiWriteDb,
    /// Outbox relay and write database.
    RelayWriteDb,
    /// A listener and the read database.
    ListenerReadDb,
    /// Client and query API.
    ClientQuery,
    /// Query API and read database.
    QueryReadDb,
    /// Client and whatever tells it of completion: the status URL, or the SSE connection.
    Completion,
}

impl Link {
    /// All links.
    pub const ALL: [Link; 7] = [
        Link::ClientApi,
        Link::ApiWriteDb,
        Link::RelayWriteDb,
        Link::ListenerReadDb,
        Link::ClientQuery,
        Link::QueryReadDb,
        Link::Completion,
    ];
}

/// Which way a message goes on its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Away from the caller, who stands first in the link's name.
    Request,
    /// Back to the caller.
    Response,
}

/// A message on its way. The world decides how long it takes and whether it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hop {
    /// Over which link.
    pub link: Link,
    /// Which way.
    pub direction: Direction,
    /// What.
    pub message: Message,
    /// How long it takes beyond the link's own time, in microseconds: a push service, a mail server.
    pub delay_us: u64,
}

/// Which projection; each is a consumer group of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Projection {
    /// The balances, updated by `AccountViewUpdater`.
    AccountView,
    /// The list of transfers.
    TransferHistory,
}

impl Projection {
    /// Both.
    pub const ALL: [Projection; 2] = [Projection::AccountView, Projection::TransferHistory];

    /// The name of the projection and of its consumer group.
    pub fn name(self) -> &'static str {
        match self {
            Projection::AccountView => "account-view",
            Projection::TransferHistory => "transfer-history",
        }
    }

    /// The projection with that name.
    pub fn from_name(name: &str) -> Option<Projection> {
        Projection::ALL.into_iter().find(|p| p.name() == name)
    }
}

/// Where an event was found, as opaque numbers: the bank only keeps them beside the view (E5, 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Names a sequence.
    pub source: u64,
    /// The place after this event in the sequence.
    pub next: u64,
}

/// Why a database gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DbError {
    /// The connection was refused or broke.
    Down,
    /// No answer in time; what was asked may have been done.
    Timeout,
    /// The commit failed; nothing was done.
    RolledBack,
}

impl DbError {
    /// The exception that a Spring application gets.
    pub fn class(self) -> &'static str {
        match self {
            DbError::Down => "DataAccessResourceFailureException",
            DbError::Timeout => "QueryTimeoutException",
            DbError::RolledBack => "TransactionSystemException",
        }
    }
}

/// What the command API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reply {
    /// 202 with a status URL. The event is stored; the views will follow.
    Accepted {
        /// The event.
        event: EventId,
        /// The state of the account that the command was about, if answers hold it (F9).
        state: Option<(AccountId, Account)>,
    },
    /// 422: refused by the domain.
    Rejected {
        /// Why.
        reason: Rejection,
    },
    /// 409: others were faster, too often (F2).
    Conflicted,
    /// 503: a database or the log did not answer. The command may have been carried out.
    Unavailable,
    /// The connection broke.
    Disconnected,
}

/// What a load of the write database found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Loaded {
    /// The event of an earlier attempt with the same idempotency key.
    pub done: Option<EventId>,
    /// The asked accounts; those that exist.
    pub accounts: Vec<(AccountId, Account)>,
}

/// How a transaction of the write database ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Committed {
    /// It is durable.
    Stored,
    /// Another event took the version (F2); nothing was written.
    Conflict,
    /// The idempotency key has an event already; nothing was written.
    Duplicate {
        /// That event.
        event: EventId,
    },
}

/// A row of the outbox as the relay reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OutboxRow {
    /// The row's id, allocated when its transaction began (F8).
    pub id: u32,
    /// The event.
    pub event: EventId,
    /// The command that caused it.
    pub command: CommandId,
}

/// In what a transaction leaves word of its event for whoever publishes it (F6, F8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// In nothing: the API publishes.
    None,
    /// In a table that a relay reads.
    Table,
    /// In the database's own log.
    Log,
}

/// What a relay asks the write database for (F8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// Rows that are not marked, in commit order.
    Unmarked,
    /// The same, but for those that another relay has locked; they are this one's until it asks again.
    SkipLocked {
        /// Which relay asks.
        relay: u32,
        /// How many there are; locks of others are void.
        of: u32,
    },
    /// Rows above an id, in id order: the id-gap trap. The ids that were missing are looked for again, if any are named.
    Above {
        /// The greatest id seen.
        last: u32,
        /// Ids below it that were not there.
        missing: Arc<[u32]>,
    },
    /// Entries of the database's log above a position, in commit order.
    Log {
        /// The position of the last entry read.
        after: u32,
        /// Up to here nothing will ever be read again.
        confirmed: u32,
    },
}

/// What travels between the members of the bank's cast.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields repeat: who asked, which attempt, what came of it
pub enum Message {
    /// Client to command API.
    CommandRequest { client: ClientIndex, id: CommandId, attempt: u32, command: Command },
    /// Command API to client.
    CommandReply { client: ClientIndex, id: CommandId, attempt: u32, reply: Reply },
    /// Command API to write database: load what the decision needs.
    Load { handling: u32, id: CommandId, accounts: Vec<AccountId> },
    /// The answer.
    LoadAnswer { handling: u32, id: CommandId, answer: Result<Loaded, DbError> },
    /// Command API to write database: store the event if the versions still fit.
    Commit { handling: u32, id: CommandId, event: EventId, carrier: Carrier },
    /// The answer.
    CommitAnswer { handling: u32, id: CommandId, answer: Result<Committed, DbError> },
    /// Relay to write database: what is unpublished?
    OutboxFetch { round: u32, wanted: Wanted, rows_max: u32 },
    /// The answer.
    OutboxRows { round: u32, answer: Result<Arc<[OutboxRow]>, DbError> },
    /// Relay to write database: these are published; `by_token` if it stores how far it has come instead of marking rows.
    OutboxMark { round: u32, ids: Arc<[u32]>, by_token: bool },
    /// The answer.
    OutboxMarked { round: u32, answer: Result<(), DbError> },
    /// Listener to read database: apply these events in one transaction, with their places if they are to be stored.
    Apply { call: u64, projection: Projection, events: Arc<[EventId]>, places: Option<Arc<[Place]>> },
    /// The answer.
    ApplyAnswer { call: u64, projection: Projection, command: Option<CommandId>, answer: Result<(), DbError> },
    /// Client to query API: GET /accounts/X.
    QueryRequest { client: ClientIndex, query: QueryId, account: AccountId, min_version: u32 },
    /// The answer: balance and version, or nothing known of the account.
    QueryReply { client: ClientIndex, query: QueryId, account: AccountId, answer: Result<Option<ViewRow>, DbError> },
    /// Query API to read database, to one of its copies; or the command API to the write database.
    Read { client: ClientIndex, query: QueryId, account: AccountId, copy: u32 },
    /// The answer.
    ReadAnswer { client: ClientIndex, query: QueryId, account: AccountId, answer: Result<Option<ViewRow>, DbError> },
    /// Client to query API: GET /commands/N/status.
    StatusRequest { client: ClientIndex, id: CommandId },
    /// Query API to client.
    StatusReply { client: ClientIndex, id: CommandId, done: Result<bool, DbError> },
    /// Query API to read database: is it done?
    StatusRead { client: ClientIndex, id: CommandId },
    /// The answer.
    StatusAnswer { client: ClientIndex, id: CommandId, done: Result<bool, DbError> },
    /// Read database to query API: a command's events are in the view; `again` names whose command it was, if it is told in
    /// a replay.
    Done { id: CommandId, again: Option<ClientIndex> },
    /// Query API to client: it is done.
    Notice { client: ClientIndex, id: CommandId, sequence: u32, by: Channel },
    /// A client's webhook to query API: understood.
    NoticeAck { client: ClientIndex, id: CommandId, sequence: u32 },
}

/// A row of the account view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ViewRow {
    /// The balance as the view has it.
    pub balance: Money,
    /// The greatest version of the account that went into it.
    pub version: u32,
    /// How many changes went into it, duplicates included.
    pub applied_count: u32,
}

impl Message {
    /// The command that caused it, where it is one.
    pub fn command(&self) -> Option<CommandId> {
        match *self {
            Message::CommandRequest { id, .. }
            | Message::CommandReply { id, .. }
            | Message::Load { id, .. }
            | Message::LoadAnswer { id, .. }
            | Message::Commit { id, .. }
            | Message::CommitAnswer { id, .. }
            | Message::StatusRequest { id, .. }
            | Message::StatusReply { id, .. }
            | Message::StatusRead { id, .. }
            | Message::StatusAnswer { id, .. }
            | Message::Done { id, .. }
            | Message::Notice { id, .. }
            | Message::NoticeAck { id, .. } => Some(id),
            Message::ApplyAnswer { command, .. } => command,
            _ => None,
        }
    }

    /// The client at one end of it, where there is one.
    pub fn client(&self) -> Option<ClientIndex> {
        match *self {
            Message::CommandRequest { client, .. }
            | Message::CommandReply { client, .. }
            | Message::QueryRequest { client, .. }
            | Message::QueryReply { client, .. }
            | Message::Read { client, .. }
            | Message::ReadAnswer { client, .. }
            | Message::StatusRequest { client, .. }
            | Message::StatusReply { client, .. }
            | Message::StatusRead { client, .. }
            | Message::StatusAnswer { client, .. }
            | Message::Notice { client, .. }
            | Message::NoticeAck { client, .. } => Some(client),
            _ => None,
        }
    }
}

/// Who publishes to the log: each is a producer of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Publisher {
    /// The command API.
    Api,
    /// The outbox relay.
    Relay,
}

/// An event to be sent to the topic `transfer-events`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Publish {
    /// Whose producer sends it.
    pub publisher: Publisher,
    /// Names this sending in [`Bank::on_published`](super::Bank::on_published).
    pub token: u64,
    /// The event: the record's tag is its id.
    pub event: EventId,
    /// The command that caused it.
    pub command: CommandId,
    /// The record's key: an account's name.
    pub key: String,
    /// The record's value: JSON.
    pub value: String,
    /// The event's class name, for a header.
    pub event_type: &'static str,
}

/// A timer of the bank's; stale ones are ignored by what they carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the fields name the subject and the epoch in which it was set
pub enum Timer {
    /// A client issues its next command.
    ClientCommand { client: ClientIndex, epoch: u32 },
    /// A client asks for a balance.
    ClientQuery { client: ClientIndex, epoch: u32 },
    /// No answer came to an attempt.
    ClientTimeout { client: ClientIndex, id: CommandId, attempt: u32 },
    /// The pause before a retry is over.
    ClientRetry { client: ClientIndex, id: CommandId, attempt: u32 },
    /// Time to look at the status URL.
    ClientPoll { client: ClientIndex, id: CommandId, ask: u32 },
    /// The client stops waiting for completion.
    ClientGivesUp { client: ClientIndex, id: CommandId },
    /// The SSE connection is back.
    ClientReconnect { client: ClientIndex, connection: u32 },
    /// A held request for a status is answered after all.
    LongPollEnds { client: ClientIndex, id: CommandId, hold: u32 },
    /// A webhook has not answered.
    WebhookRetry { sequence: u32, attempt: u32 },
    /// The view is looked at again for a version that a query waits for.
    VersionLook { query: QueryId },
    /// The API waited too long for its database.
    ApiDbTimeout { handling: u32, step: u32 },
    /// The relay looks again.
    RelayPoll { round: u32 },
    /// The relay waited too long for its database.
    RelayDbTimeout { round: u32, marking: bool },
    /// An operation of the write database is through.
    WriteDbDone { operation: u32 },
    /// An operation of the read database is through.
    ReadDbDone { operation: u32 },
    /// A listener waited too long for the read database.
    ApplyTimeout { call: u64 },
}

/// Everything that the bank causes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// A message leaves.
    Hop(Hop),
    /// An event is to be sent to the log.
    Publish(Publish),
    /// A listener's call ended; the error is an exception's class.
    Applied {
        /// The call's number, as given to [`Bank::apply`](super::Bank::apply).
        call: u64,
        /// How it ended.
        result: Result<(), &'static str>,
    },
    /// Something is to happen later.
    Timer {
        /// When.
        at: SimTime,
        /// What.
        timer: Timer,
    },
    /// A fault may strike here; see [`Moment`].
    Moment(Moment),
    /// Something happened.
    Fact(Fact),
}

/// Shorthand for the many hops.
pub(super) fn hop(out: &mut Vec<Effect>, link: Link, direction: Direction, message: Message) {
    late_hop(out, link, direction, message, 0);
}

/// The same for what somebody outside delays.
pub(super) fn late_hop(out: &mut Vec<Effect>, link: Link, direction: Direction, message: Message, delay_us: u64) {
    out.push(Effect::Hop(Hop { link, direction, message, delay_us }));
}
