//! What can go wrong, as data: a [`FaultRule`] has a kind, a target and a moment; whoever carries something out asks
//! [`Faults::judge`] at each [`Point`] and obeys the first [`Verdict`] that is not [`Verdict::Pass`].
//!
//! Has never heard of how a fault is drawn, nor of what a record or a command means.

mod book;
mod kind;
mod place;
mod rule;
mod verdict;

pub use book::{FAULTS_MAX, Faults, Hit, Standing};
pub use kind::{Amount, FaultKind, Unit};
pub use place::{Direction, Link, Node};
pub use rule::{FaultError, FaultId, FaultRule, Moment, MomentKind, Target, TargetKind};
pub use verdict::{Point, Verdict};
