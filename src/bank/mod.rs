//! The domain: accounts and transfers; commands, refusals, events, the write database with its outbox, projections, queries,
//! completion. Has never heard of partitions and offsets.
//!
//! [`Bank`] is a cast of processes as explicit state machines. They meet only through [`Hop`]s over named [`Link`]s,
//! through the log (which the world keeps) and through the databases. Whatever they cause leaves as an [`Effect`].

mod api;
mod client;
mod config;
mod database;
mod domain;
mod effect;
mod event_book;
mod fact;
mod id_set;
mod ids;
mod in_process;
mod key_table;
mod moment;
mod outbox;
mod push;
mod query;
mod read_db;
mod read_model;
mod relay;
mod service;
mod store;
mod stream;
#[cfg(test)]
mod tests;
mod token;
mod view;
mod write_db;

pub use api::{Api, ApiCounters, HANDLING_COUNT_MAX, Handling, HandlingStage};
pub use client::{Client, ClientCounters, EMAIL_REREAD_US, PENDING_MAX, Pending, PendingStage, SSE_REREAD_US};
pub use config::{
    ApiConfig, BankConfig, CLIENT_COUNT_MAX, Channel, ClientConfig, Idempotency, Publication, QueryConfig, RelayConfig, RelayReads, Remedy,
};
pub use domain::{AMOUNT_MAX, Account, Change, Command, Decision, DomainEvent, EventKind, Money, Rejection, apply, decide};
pub use effect::*;
pub use event_book::{EVENT_COUNT_MAX, EventBook};
pub use fact::{Fact, FactKind, Flaws};
pub use id_set::IdSet;
pub use ids::{AccountId, ClientIndex, CommandId, EventId, QueryId};
pub use in_process::{Called, EXECUTOR_THREADS, IN_PROCESS_CALLS, InProcess, InProcessListeners};
pub use moment::{Moment, MomentKind, Process};
pub use outbox::{OUTBOX_RECENT_MAX, OUTBOX_ROWS_MAX, Outbox};
pub use push::{PUSHES_KEPT_MAX, PushService};
pub use query::{NOTICES_MAX, QueryApi, VERSION_LOOK_US, WEBHOOK_CALLS_MAX, WEBHOOK_RETRY_US};
pub use read_db::ReadDb;
pub use read_model::{HISTORY_ROWS_MAX, History, HistoryRow, PARKED_MAX, PAST_MAX, ReadModel};
pub use relay::{RELAYS_MAX, Relay, Stage as RelayStage};
pub use service::{Bank, LastAnswer};
pub use store::{KEYS_MAX, Row, Snapshots, Store};
pub use stream::{RECENT_VERSIONS_MAX, Rehydrated, STREAM_EVENTS_MAX, Stream};
pub use token::{GAP_TIMEOUT_US, GAPS_MAX, Token};
pub use view::{AccountPair, OutboxView};
pub use write_db::WriteDb;
