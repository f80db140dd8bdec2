//! The referee: watches a run and says which promise was broken, when, and about which record. Changes nothing.
//!
//! It judges from facts ([`Referee`]'s ledger of every event) and, every quarter of a second of virtual time, by looking
//! around whether what is missing can still come. A verdict is a [`Violation`], typed, so that every language has its sentence.

mod audit;
mod glue;
mod lane;
mod ledger;
mod shares;
#[cfg(test)]
mod tests;
mod violation;

pub use audit::{AUDIT_INTERVAL_US, GRACE_US, OPEN_LOOKED_AT_MAX};
pub use lane::LANE_OFFSETS_MAX;
pub use ledger::{Open, Referee, VIOLATIONS_MAX};
pub use violation::{Invariant, OrderPlace, Violation, ViolationKind};
