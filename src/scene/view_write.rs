//! What is to be seen of the write side behind the API. Does not know how wide the screen is.

use super::Health;

/// The write database with the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreView {
    /// How the database is.
    pub health: Health,
    /// Events committed.
    pub committed: u64,
    /// Rows of the outbox that are not marked published (events that are not yet read, where there is no outbox); `None`
    /// under the strategies without a relay.
    pub unpublished: Option<u32>,
}

/// Listeners in the API's own process (F7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InProcessView {
    /// How many are at work.
    pub running: u32,
    /// How many wait for a thread of the executor.
    pub queued: u32,
}

/// What carries events from the write database to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RelayKind {
    /// A relay that polls the outbox.
    #[default]
    Outbox,
    /// Change capture that reads the database's log.
    Capture,
    /// A relay that reads the event store itself.
    EventStore,
}

/// The relay between write database and log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelayView {
    /// What it reads.
    pub kind: RelayKind,
    /// How many work side by side.
    pub count: u32,
    /// How the process is.
    pub health: Health,
    /// How often it polls, in microseconds.
    pub interval_us: u64,
    /// Records on their way to the log and not yet answered.
    pub in_hand: u32,
}
