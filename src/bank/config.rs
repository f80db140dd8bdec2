//! Everything about the bank that can be set. Knows no setting's key and no file format.

use super::effect::{Carrier, Projection};
use super::in_process::InProcess;
use crate::kernel::Latency;

/// How an event gets from the write database to the log (F6, F8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Publication {
    /// An outbox row in the same transaction; a relay polls, publishes and marks (F8).
    Outbox,
    /// The log first, inside the transaction, then the commit: a rollback leaves a phantom (F6).
    InsideTransaction,
    /// The commit first, then the log: a crash between loses the event (F6).
    AfterCommit,
    /// An outbox row in the same transaction, deleted at once; change capture reads the database's log (F8).
    OutboxCdc,
    /// No outbox: a relay reads the event store itself, by the index over all events, and keeps a token (F3, F8).
    EventStore,
    /// No log: listeners in the API's process write the read model (F7).
    InProcess,
}

/// How the relay finds what it has not published (F8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RelayReads {
    /// Rows whose published flag is not set.
    Flag,
    /// Rows with an id above the greatest one seen: the id-gap trap.
    LastId,
    /// The same, but ids that were missing are remembered for a minute and looked for again (Axon's `GapAwareTrackingToken`).
    GapAware,
}

/// How a projection bears a redelivered event (E5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// Not at all: `balance += amount`.
    None,
    /// The event's id in a table, in the same transaction as the effect.
    DedupeTable,
    /// Only `version = stored + 1` is applied; a lower one is skipped, a higher one is parked.
    VersionedUpsert,
    /// The place in the log is stored in the same transaction; whatever lies before it is skipped, and the consumer begins
    /// there (E5, 3). What lies in the log twice counts twice.
    OffsetWithView,
}

/// How a client learns that an accepted command is done (F10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// GET of the status URL, again and again.
    Polling,
    /// The same, but the server holds the request until there is something to say.
    LongPolling,
    /// Server-sent events over one connection.
    Sse,
    /// A WebSocket: no history, nothing to go on from after it broke.
    WebSocket,
    /// A push service: best effort, kept for a while if the device is away; a hint without content.
    Push,
    /// A mail: minutes late, and perhaps filtered.
    Email,
    /// The server calls the client, and again until it answers.
    Webhook,
}

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 7] =
        [Channel::Polling, Channel::LongPolling, Channel::Sse, Channel::WebSocket, Channel::Push, Channel::Email, Channel::Webhook];

    /// The name in settings and traces.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Polling => "polling",
            Channel::LongPolling => "long-polling",
            Channel::Sse => "sse",
            Channel::WebSocket => "websocket",
            Channel::Push => "push",
            Channel::Email => "email",
            Channel::Webhook => "webhook",
        }
    }

    /// Whether the client holds a connection open.
    pub const fn is_connection(self) -> bool {
        matches!(self, Channel::Sse | Channel::WebSocket)
    }

    /// Whether there is something at the client's end that can be away: a connection, a device, a host.
    pub const fn can_break(self) -> bool {
        self.is_connection() || matches!(self, Channel::Push | Channel::Webhook)
    }
}

/// What a client does so as to read what it wrote (F9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Nothing.
    None,
    /// The command's answer holds the new state, and the client shows that until the view has it.
    ReturnState,
    /// A query names the version that its answer must have at least; it waits for it, up to a time.
    MinVersion,
    /// What it has written and not yet seen in the view, it asks of the write side.
    WriteSide,
}

/// The clients.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientConfig {
    /// How many there are; at most [`CLIENT_COUNT_MAX`].
    pub count: u32,
    /// The mean time between two commands of one client, in microseconds; 0 issues none.
    pub command_interval_us: u64,
    /// The mean time between two queries of one client, in microseconds; 0 issues none.
    pub query_interval_us: u64,
    /// How long a client waits for an answer before it tries again, in microseconds.
    pub request_timeout_us: u64,
    /// How many times a client tries again, always with the same idempotency key.
    pub retries_max: u32,
    /// The pause before a retry, in microseconds.
    pub retry_back_off_us: u64,
    /// How completion is learned.
    pub channel: Channel,
    /// The time between two looks at the status URL, in microseconds.
    pub poll_interval_us: u64,
    /// How long a client goes on waiting for completion, in microseconds.
    pub completion_timeout_us: u64,
    /// How long a broken connection stays broken, or a device away, in microseconds.
    pub sse_reconnect_us: u64,
    /// Whether a client that is told looks at the status of what it waits for, when its connection is back and now and then
    /// ([`SSE_REREAD_US`](super::SSE_REREAD_US)).
    pub reread_on_reconnect: bool,
    /// What it does so as to read what it wrote.
    pub remedy: Remedy,
    /// Whether it asks for its account as soon as its command is accepted.
    pub read_back: bool,
    /// Whether it always reads the same copy of the view.
    pub sticky_replica: bool,
    /// Of 100 commands, how many are deposits.
    pub deposit_percent: u32,
    /// Of 100 commands, how many are withdrawals.
    pub withdraw_percent: u32,
    /// Of 100 commands, how many are transfers that nobody can cover.
    pub overdraft_percent: u32,
}

/// The most clients there can be.
pub const CLIENT_COUNT_MAX: u32 = 64;

/// The command side's service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiConfig {
    /// How events get to the log.
    pub publication: Publication,
    /// What the listeners in the process come to, if they are in use.
    pub in_process: InProcess,
    /// Whether a repeated idempotency key is recognised.
    pub idempotency_key: bool,
    /// How many times the handler reloads and decides again after a version conflict (F2).
    pub conflict_retries_max: u32,
    /// How long the service waits for its database, in microseconds.
    pub db_timeout_us: u64,
}

/// The outbox relay.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RelayConfig {
    /// The pause between two looks at the outbox, in microseconds.
    pub poll_interval_us: u64,
    /// The most rows of one look.
    pub batch_max: u32,
    /// How it finds them.
    pub reads: RelayReads,
    /// How many relays work side by side; only by the flag more than one does.
    pub count: u32,
    /// The pause between two looks of change capture at the database's log, in microseconds.
    pub capture_interval_us: u64,
    /// The pause between two times at which change capture makes its position durable, in microseconds.
    pub flush_interval_us: u64,
    /// How long it waits for its database, in microseconds.
    pub db_timeout_us: u64,
}

/// The query side's service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueryConfig {
    /// Whether the notices of the last minutes are kept and sent again by `Last-Event-ID` (F10).
    pub sse_history: bool,
    /// How long a request is held that has nothing to say yet, in microseconds.
    pub long_poll_us: u64,
    /// How long a push service takes.
    pub push_latency: Latency,
    /// How long it keeps what it cannot deliver, in microseconds.
    pub push_ttl_us: u64,
    /// How long mail servers take.
    pub email_latency: Latency,
    /// Whether a view that is built again tells clients again (F5).
    pub notify_on_replay: bool,
    /// How long a query waits for its version, in microseconds; then it answers what there is (F9).
    pub min_version_timeout_us: u64,
    /// How far a second copy of the view is behind the first, in microseconds; 0 if there is none (F9).
    pub replica_lag_us: u64,
}

/// Everything about the bank that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BankConfig {
    /// How many accounts exist from the beginning.
    pub account_count: u32,
    /// What each holds then.
    pub opening_balance: i64,
    /// The clients.
    pub client: ClientConfig,
    /// The command side's service.
    pub api: ApiConfig,
    /// How long a statement or a transaction takes in the write database.
    pub write_db_latency: Latency,
    /// How long a load takes for each event that it reads (F3).
    pub event_read_latency: Latency,
    /// After how many events a stream gets a snapshot; 0 for none (F3).
    pub snapshot_every: u32,
    /// The outbox relay.
    pub relay: RelayConfig,
    /// How long a statement or a transaction takes in the read database.
    pub read_db_latency: Latency,
    /// How long a listener waits for the read database, in microseconds.
    pub read_db_timeout_us: u64,
    /// How `account-view` bears duplicates.
    pub account_view: Idempotency,
    /// How `transfer-history` bears duplicates.
    pub transfer_history: Idempotency,
    /// The query side's service.
    pub query: QueryConfig,
}

impl Publication {
    /// In what a transaction leaves word of its event.
    pub(super) fn carrier(self) -> Carrier {
        match self {
            Publication::Outbox | Publication::EventStore => Carrier::Table,
            Publication::OutboxCdc => Carrier::Log,
            _ => Carrier::None,
        }
    }

    /// Whether a process of its own publishes.
    pub fn has_relay(self) -> bool {
        self.carrier() != Carrier::None
    }
}

impl BankConfig {
    /// How a projection bears duplicates.
    pub fn idempotency(&self, projection: Projection) -> Idempotency {
        match projection {
            Projection::AccountView => self.account_view,
            Projection::TransferHistory => self.transfer_history,
        }
    }
}

impl Default for BankConfig {
    /// The calm default: three clients, an outbox, projections that trust every event to come once.
    fn default() -> Self {
        BankConfig {
            account_count: 6,
            opening_balance: 1_000,
            client: ClientConfig {
                count: 3,
                command_interval_us: 1_000_000,
                query_interval_us: 800_000,
                request_timeout_us: 2_000_000,
                retries_max: 5,
                retry_back_off_us: 500_000,
                channel: Channel::Polling,
                poll_interval_us: 500_000,
                completion_timeout_us: 60_000_000,
                sse_reconnect_us: 3_000_000,
                reread_on_reconnect: true,
                remedy: Remedy::None,
                read_back: false,
                sticky_replica: false,
                deposit_percent: 6,
                withdraw_percent: 6,
                overdraft_percent: 4,
            },
            api: ApiConfig {
                publication: Publication::Outbox,
                in_process: InProcess::default(),
                idempotency_key: true,
                conflict_retries_max: 3,
                db_timeout_us: 1_000_000,
            },
            write_db_latency: Latency::LongTailed { us_median: 3_000 },
            event_read_latency: Latency::Constant { us: 0 },
            snapshot_every: 50,
            relay: RelayConfig {
                poll_interval_us: 200_000,
                batch_max: 50,
                reads: RelayReads::Flag,
                count: 1,
                capture_interval_us: 500_000,
                flush_interval_us: 60_000_000,
                db_timeout_us: 1_000_000,
            },
            read_db_latency: Latency::LongTailed { us_median: 3_000 },
            read_db_timeout_us: 1_000_000,
            account_view: Idempotency::None,
            transfer_history: Idempotency::None,
            query: QueryConfig {
                sse_history: false,
                long_poll_us: 30_000_000,
                push_latency: Latency::LongTailed { us_median: 1_000_000 },
                push_ttl_us: 28 * 86_400_000_000,
                email_latency: Latency::LongTailed { us_median: 90_000_000 },
                notify_on_replay: false,
                min_version_timeout_us: 1_000_000,
                replica_lag_us: 0,
            },
        }
    }
}
