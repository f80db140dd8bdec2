//! What is in transit, as the stage draws it. Does not know where its way lies.

use crate::kernel::SimTime;

use super::Route;

/// What a flight carries; each kind has a colour and a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cargo {
    /// A command.
    Command,
    /// The answer to a command: accepted or done.
    Accepted,
    /// The answer to a command: refused, conflicted or failed.
    Refused,
    /// A transaction or a statement on its way to the write database.
    Statement,
    /// Its result.
    StatementDone,
    /// Records on their way: domain events.
    Events,
    /// The log's answer to a producer.
    Appended,
    /// A request for records.
    FetchRequest,
    /// An answer without records.
    Nothing,
    /// A follower's request, or its answer.
    Replication,
    /// An offset commit, or its answer.
    Commit,
    /// Heartbeats, joins and other requests to a group coordinator.
    Membership,
    /// An effect on its way to a read model.
    Effect,
    /// The read model's answer.
    EffectDone,
    /// A query.
    Query,
    /// Its answer.
    Answer,
    /// News of a command's completion, or the question after it.
    Notice,
    /// An error.
    Failure,
}

/// What becomes of a flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Fate {
    /// It arrives.
    #[default]
    Arrives,
    /// It will not arrive.
    Lost,
    /// It arrives twice.
    Duplicated,
}

/// Something in transit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sprite {
    /// The flight's number. One flight may have several sprites, one for each partition that it concerns.
    pub flight: u64,
    /// The way it takes.
    pub route: Route,
    /// Whether it goes the way back.
    pub back: bool,
    /// What it carries.
    pub cargo: Cargo,
    /// How many records, 0 where that means nothing.
    pub count: u32,
    /// When it left.
    pub sent_at: SimTime,
    /// When it arrives.
    pub due_at: SimTime,
    /// What becomes of it.
    pub fate: Fate,
}
