//! What a script has brought along, to be seen. Does not know the bank.

use std::sync::Arc;

/// Consumers without a container (those of a script) are in the picture like the others; their numbers begin here.
pub const MEMBERS_FROM: u32 = 1 << 20;
/// The number of the first share consumer among the consumers of the picture.
pub const SHARES_FROM: u32 = 1 << 21;

/// A producer of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProducerView {
    /// Its place in the world.
    pub id: u32,
    /// Its name.
    pub name: Arc<str>,
    /// `acks`.
    pub acks: Arc<str>,
    /// `transactional.id`.
    pub transactional_id: Option<Arc<str>>,
    /// Whether a transaction is open.
    pub in_transaction: bool,
    /// Whether it has failed for good (fenced).
    pub failed: bool,
    /// Records and calls that are not answered.
    pub waiting: u32,
}

/// An application that consumes within its own process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplicationView {
    /// Whether its context started.
    pub started: bool,
    /// How often its service was called.
    pub calls: u64,
    /// What the last caller got, if it was an exception.
    pub threw: Option<Arc<str>>,
    /// Its listeners.
    pub beans: Vec<BeanView>,
    /// Its tables with their committed rows.
    pub tables: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

/// A listener bean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeanView {
    /// Its name.
    pub name: Arc<str>,
    /// Its annotations.
    pub annotations: Arc<str>,
    /// How often it was called.
    pub calls: u64,
    /// The last event, whether a transaction was active, and whether it was on another thread.
    pub last: Option<(Arc<str>, bool, bool)>,
}
