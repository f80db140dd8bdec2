//! How fast virtual time passes: steps on a logarithmic scale. Integers only.

/// A speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// So many microseconds of virtual time for so many of real time.
    Ratio {
        /// Virtual time.
        virtual_us: u64,
        /// Real time.
        real_us: u64,
    },
    /// As fast as the machine goes.
    Max,
}

/// The speeds on offer, slowest first, as evenly spaced on a logarithmic scale as round numbers allow.
pub const SPEEDS: [Speed; 18] = [
    slower(100),
    slower(50),
    slower(30),
    slower(20),
    slower(10),
    slower(8),
    slower(4),
    slower(2),
    faster(1),
    faster(2),
    faster(5),
    faster(10),
    faster(20),
    faster(50),
    faster(100),
    faster(300),
    faster(1_000),
    Speed::Max,
];

/// A tenth of real time among [`SPEEDS`]: what takes 20 ms can just be seen.
pub const SPEED_AT_FIRST: SpeedIndex = SpeedIndex(4);

/// Real time among [`SPEEDS`].
pub const SPEED_REAL_TIME: SpeedIndex = SpeedIndex(8);

const fn slower(times: u64) -> Speed {
    Speed::Ratio { virtual_us: 1, real_us: times }
}

const fn faster(times: u64) -> Speed {
    Speed::Ratio { virtual_us: times, real_us: 1 }
}

/// A place among [`SPEEDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpeedIndex(pub u8);

impl SpeedIndex {
    /// The last one.
    pub const MAX: SpeedIndex = SpeedIndex(SPEEDS.len() as u8 - 1);

    /// The speed; the last one for a place beyond it.
    pub fn speed(self) -> Speed {
        SPEEDS[usize::from(self.clamped().0)]
    }

    /// The same place, or the last one if there is no such place.
    pub fn clamped(self) -> SpeedIndex {
        self.min(SpeedIndex::MAX)
    }

    /// One slower, if there is one.
    pub fn slower(self) -> SpeedIndex {
        SpeedIndex(self.clamped().0.saturating_sub(1))
    }

    /// One faster, if there is one.
    pub fn faster(self) -> SpeedIndex {
        SpeedIndex(self.0.saturating_add(1)).clamped()
    }
}
