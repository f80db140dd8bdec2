//! Virtual time: microseconds since the beginning of a run. Has never heard of a wall clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant of virtual time, in microseconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct SimTime(pub u64);

impl SimTime {
    /// The beginning of every run.
    pub const ZERO: SimTime = SimTime(0);
    /// Later than any instant of any run.
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// The instant `ms` milliseconds after the beginning.
    pub const fn from_ms(ms: u64) -> SimTime {
        SimTime(ms * 1_000)
    }

    /// Microseconds since the beginning.
    pub const fn us(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the beginning, rounded down.
    pub const fn ms(self) -> u64 {
        self.0 / 1_000
    }

    /// The microseconds from `earlier` to this instant; 0 if `earlier` is not earlier.
    pub const fn since(self, earlier: SimTime) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for SimTime {
    type Output = SimTime;

    /// The instant `us` microseconds later; saturates at [`SimTime::NEVER`].
    fn add(self, us: u64) -> SimTime {
        SimTime(self.0.saturating_add(us))
    }
}

impl AddAssign<u64> for SimTime {
    fn add_assign(&mut self, us: u64) {
        *self = *self + us;
    }
}

impl Sub<SimTime> for SimTime {
    type Output = u64;

    fn sub(self, earlier: SimTime) -> u64 {
        self.since(earlier)
    }
}

impl fmt::Display for SimTime {
    /// Seconds with six decimals, right-aligned by the caller's width: `12.000345`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000))
    }
}
