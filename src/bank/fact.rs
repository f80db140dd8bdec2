//! What can be observed of the bank: one typed value for each thing that happened. Judges nothing.

use std::fmt;

use super::config::Channel;
use super::domain::{Command, Money, Rejection};
use super::effect::{DbError, Projection, Publisher};
use super::ids::{AccountId, ClientIndex, CommandId, EventId, QueryId};
use super::moment::Process;

/// What is wrong with an answer beyond its age (F9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flaws {
    /// It lacks what the client itself has written.
    pub own_missing: bool,
    /// It is older than one that the client had before.
    pub went_back: bool,
}

/// One thing that happened in the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fact {
    /// The command that caused it, where one did.
    pub command: Option<CommandId>,
    /// What happened.
    pub kind: FactKind,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the variants say what happened, the fields to what
pub enum FactKind {
    /// A client meant a command and sent its first attempt.
    CommandIssued { client: ClientIndex, command: Command },
    /// A client sent it again, with the same idempotency key.
    CommandRetried { client: ClientIndex, attempt: u32 },
    /// The API took it up.
    CommandReceived { attempt: u32 },
    /// The domain refused it.
    CommandRejected { reason: Rejection },
    /// Another event took the version first; `last` if the API gives up and answers 409.
    CommandConflicted { attempt: u32, last: bool },
    /// Its idempotency key was known: answered with the earlier outcome.
    CommandDuplicate { event: EventId },
    /// Its event is durable and the API knows it.
    CommandAccepted { event: EventId },
    /// A database or the log did not answer the API.
    CommandUnavailable { error: DbError },
    /// The log did not take what the API sent.
    CommandUnpublished { event: EventId },
    /// The write database has committed an event with everything that belongs to its transaction.
    EventStored { event: EventId },
    /// An outbox row became durable with its event.
    OutboxWritten { event: EventId, row: u32 },
    /// A stream's state became durable beside its events, so that a load need not read them all (F3).
    SnapshotTaken { account: AccountId, version: u32 },
    /// All snapshots were deleted: the next loads read the events (F3).
    SnapshotsDropped { count: u32 },
    /// A publisher hands an event to its producer.
    Publishing { publisher: Publisher, event: EventId },
    /// The log has acknowledged it.
    Published { publisher: Publisher, event: EventId },
    /// The producer gave up on it.
    PublishFailed { publisher: Publisher, event: EventId },
    /// A listener in the API's process is called (F7).
    EventListenerCalled { projection: Projection, event: EventId, on_other_thread: bool },
    /// It threw; whom that reaches is up to its annotations.
    EventListenerThrew { projection: Projection, event: EventId, class: &'static str },
    /// What it wrote was committed by nobody.
    EventListenerUndone { projection: Projection, event: EventId },
    /// Its call was waiting for a thread when the process died.
    EventListenerDropped { projection: Projection, event: EventId },
    /// The event was discarded: nobody listens outside a transaction.
    EventDiscarded { event: EventId },
    /// The outbox row is marked as published.
    OutboxMarked { event: EventId, row: u32 },
    /// A relay that keeps a token instead of marking rows has stored how far it has come.
    TokenStored { position: u32 },
    /// Change capture has made durable how far it has read the database's log (F8).
    OffsetsFlushed { position: u32 },
    /// A projection's transaction with this event committed and the event had its effect.
    Applied { projection: Projection, event: EventId },
    /// The dedupe table knew the event: no effect.
    DuplicateSkipped { projection: Projection, event: EventId },
    /// The view holds what came after the event's place in the log: no effect (E5, 3).
    PlaceSkipped { projection: Projection, event: EventId },
    /// A projection was emptied, to be built again from the log (F5).
    ViewCleared { projection: Projection },
    /// It has everything again that was in the log when it was emptied.
    ViewRebuilt { projection: Projection },
    /// The view has this version or a later one: no effect on that account.
    VersionSkipped { projection: Projection, event: EventId, account: AccountId },
    /// A version is missing before this one: the change is parked.
    GapParked { projection: Projection, event: EventId, account: AccountId },
    /// The missing version came: the parked change had its effect.
    GapFilled { projection: Projection, event: EventId, account: AccountId },
    /// A projection's transaction failed, as its listener sees it.
    ApplyFailed { projection: Projection, error: DbError },
    /// A client asked for a balance.
    QueryIssued { client: ClientIndex, query: QueryId, account: AccountId },
    /// It got an answer; `staleness_us` is the age of the oldest change that the answer lacks, 0 if it lacks none.
    QueryAnswered { client: ClientIndex, query: QueryId, account: AccountId, balance: Money, version: u32, staleness_us: u64, flaws: Flaws },
    /// It got an error.
    QueryFailed { client: ClientIndex, query: QueryId, account: AccountId, error: DbError },
    /// 202: accepted.
    ReplyAccepted { client: ClientIndex, event: EventId },
    /// 422: refused.
    ReplyRejected { client: ClientIndex, reason: Rejection },
    /// 409: too many conflicts.
    ReplyConflicted { client: ClientIndex },
    /// 503, or the connection broke: the outcome is not known.
    ReplyUnknown { client: ClientIndex },
    /// No answer in time: the outcome is not known.
    ReplyTimeout { client: ClientIndex, attempt: u32 },
    /// The status URL said that it is still in progress.
    StatusInProgress { client: ClientIndex },
    /// The client learned that its command is done.
    CompletionNoticed { client: ClientIndex, waited_us: u64 },
    /// The client was told of something that it knew already.
    NoticeRepeated { client: ClientIndex },
    /// What a client is reached by broke, or is away.
    ChannelDown { client: ClientIndex, channel: Channel },
    /// It is back.
    ChannelUp { client: ClientIndex, channel: Channel },
    /// A notice had nobody to go to.
    NoticeLost { client: ClientIndex },
    /// The client stopped trying, or stopped waiting; `accepted` if it had got its 202.
    ClientGaveUp { client: ClientIndex, accepted: bool },
    /// A client waits for so much that it issues nothing more for now.
    ClientSaturated { client: ClientIndex },
    /// The SSE connection of a client broke.
    SseDisconnected { client: ClientIndex },
    /// It is back.
    SseConnected { client: ClientIndex },
    /// A process stopped, with whatever it held in memory.
    ProcessDown { process: Process },
    /// A process is up.
    ProcessUp { process: Process },
}

impl Fact {
    /// A fact that a command caused.
    pub fn of(command: CommandId, kind: FactKind) -> Fact {
        Fact { command: Some(command), kind }
    }

    /// A fact that no command caused.
    pub fn plain(kind: FactKind) -> Fact {
        Fact { command: None, kind }
    }
}

impl FactKind {
    /// The word in the trace; it never changes once released, because golden traces and filters use it.
    pub fn name(&self) -> &'static str {
        use FactKind::*;
        match self {
            CommandIssued { .. } => "command_issued",
            CommandRetried { .. } => "command_retried",
            CommandReceived { .. } => "command_received",
            CommandRejected { .. } => "command_rejected",
            CommandConflicted { .. } => "command_conflicted",
            CommandDuplicate { .. } => "command_duplicate",
            CommandAccepted { .. } => "command_accepted",
            CommandUnavailable { .. } => "command_unavailable",
            CommandUnpublished { .. } => "command_unpublished",
            EventStored { .. } => "event_stored",
            OutboxWritten { .. } => "outbox_written",
            SnapshotTaken { .. } => "snapshot_taken",
            SnapshotsDropped { .. } => "snapshots_dropped",
            Publishing { .. } => "publishing",
            Published { .. } => "published",
            PublishFailed { .. } => "publish_failed",
            EventListenerCalled { .. } => "event_listener_called",
            EventListenerThrew { .. } => "event_listener_threw",
            EventListenerUndone { .. } => "event_listener_undone",
            EventListenerDropped { .. } => "event_listener_dropped",
            EventDiscarded { .. } => "event_discarded",
            OutboxMarked { .. } => "outbox_marked",
            TokenStored { .. } => "token_stored",
            OffsetsFlushed { .. } => "offsets_flushed",
            Applied { .. } => "applied",
            DuplicateSkipped { .. } => "duplicate_skipped",
            PlaceSkipped { .. } => "place_skipped",
            ViewCleared { .. } => "view_cleared",
            ViewRebuilt { .. } => "view_rebuilt",
            VersionSkipped { .. } => "version_skipped",
            GapParked { .. } => "gap_parked",
            GapFilled { .. } => "gap_filled",
            ApplyFailed { .. } => "apply_failed",
            QueryIssued { .. } => "query_issued",
            QueryAnswered { .. } => "query_answered",
            QueryFailed { .. } => "query_failed",
            ReplyAccepted { .. } => "reply_accepted",
            ReplyRejected { .. } => "reply_rejected",
            ReplyConflicted { .. } => "reply_conflicted",
            ReplyUnknown { .. } => "reply_unknown",
            ReplyTimeout { .. } => "reply_timeout",
            StatusInProgress { .. } => "status_in_progress",
            CompletionNoticed { .. } => "completion_noticed",
            NoticeRepeated { .. } => "notice_repeated",
            ChannelDown { .. } => "channel_down",
            ChannelUp { .. } => "channel_up",
            NoticeLost { .. } => "notice_lost",
            ClientGaveUp { .. } => "client_gave_up",
            ClientSaturated { .. } => "client_saturated",
            SseDisconnected { .. } => "sse_disconnected",
            SseConnected { .. } => "sse_connected",
            ProcessDown { .. } => "process_down",
            ProcessUp { .. } => "process_up",
        }
    }

    /// The event concerned, where it is one.
    pub fn event(&self) -> Option<EventId> {
        use FactKind::*;
        match *self {
            CommandDuplicate { event }
            | CommandAccepted { event }
            | CommandUnpublished { event }
            | EventStored { event }
            | OutboxWritten { event, .. }
            | Publishing { event, .. }
            | Published { event, .. }
            | PublishFailed { event, .. }
            | OutboxMarked { event, .. }
            | EventListenerCalled { event, .. }
            | EventListenerThrew { event, .. }
            | EventListenerUndone { event, .. }
            | EventListenerDropped { event, .. }
            | EventDiscarded { event }
            | Applied { event, .. }
            | DuplicateSkipped { event, .. }
            | PlaceSkipped { event, .. }
            | VersionSkipped { event, .. }
            | GapParked { event, .. }
            | GapFilled { event, .. }
            | ReplyAccepted { event, .. } => Some(event),
            _ => None,
        }
    }
}

impl fmt::Display for FactKind {
    /// The name and the details that the actor does not say: `query_answered A 970 v16 stale 1.800000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use FactKind::*;
        f.write_str(self.name())?;
        match *self {
            CommandIssued { command, .. } => write!(f, " {command}"),
            CommandRetried { attempt, .. } | CommandReceived { attempt } | ReplyTimeout { attempt, .. } => write!(f, " attempt {attempt}"),
            CommandRejected { reason } | ReplyRejected { reason, .. } => write!(f, " {}", reason.name()),
            CommandConflicted { attempt, last } => write!(f, " attempt {attempt}{}", if last { " last" } else { "" }),
            CommandUnavailable { error } | ApplyFailed { error, .. } => write!(f, " {}", error.class()),
            OutboxWritten { event, row } | OutboxMarked { event, row } => write!(f, " {event} row {row}"),
            VersionSkipped { event, account, .. } | GapParked { event, account, .. } | GapFilled { event, account, .. } => {
                write!(f, " {event} {account}")
            }
            SnapshotTaken { account, version } => write!(f, " {account} v{version}"),
            ViewCleared { projection } | ViewRebuilt { projection } => write!(f, " {}", projection.name()),
            SnapshotsDropped { count } => write!(f, " {count}"),
            TokenStored { position } | OffsetsFlushed { position } => write!(f, " position {position}"),
            EventListenerCalled { projection, event, on_other_thread } => {
                write!(f, " {} {event}{}", projection.name(), if on_other_thread { " async" } else { "" })
            }
            EventListenerThrew { projection, event, class } => write!(f, " {} {event} {class}", projection.name()),
            EventListenerUndone { projection, event } | EventListenerDropped { projection, event } => {
                write!(f, " {} {event}", projection.name())
            }
            QueryIssued { query, account, .. } => write!(f, " q{} {account}", query.0),
            QueryFailed { query, account, error, .. } => write!(f, " q{} {account} {}", query.0, error.class()),
            QueryAnswered { query, account, balance, version, staleness_us, flaws, .. } => {
                write!(f, " q{} {account} {balance} v{version} stale {}us", query.0, staleness_us)?;
                f.write_str(if flaws.own_missing { " own_write_missing" } else { "" })?;
                f.write_str(if flaws.went_back { " went_back" } else { "" })
            }
            ChannelDown { channel, .. } | ChannelUp { channel, .. } => write!(f, " {}", channel.name()),
            CompletionNoticed { waited_us, .. } => write!(f, " after {waited_us}us"),
            NoticeLost { client } => write!(f, " client-{}", client.0),
            ClientGaveUp { accepted, .. } => f.write_str(if accepted { " accepted" } else { " unknown" }),
            CommandDuplicate { event }
            | CommandAccepted { event }
            | CommandUnpublished { event }
            | EventStored { event }
            | Publishing { event, .. }
            | Published { event, .. }
            | PublishFailed { event, .. }
            | EventDiscarded { event }
            | Applied { event, .. }
            | DuplicateSkipped { event, .. }
            | PlaceSkipped { event, .. }
            | ReplyAccepted { event, .. } => write!(f, " {event}"),
            ReplyConflicted { .. }
            | ReplyUnknown { .. }
            | StatusInProgress { .. }
            | ClientSaturated { .. }
            | NoticeRepeated { .. }
            | SseDisconnected { .. }
            | SseConnected { .. }
            | ProcessDown { .. }
            | ProcessUp { .. } => Ok(()),
        }
    }
}
