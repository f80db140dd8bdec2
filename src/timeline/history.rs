//! What is remembered of the explored part of a run, past and future alike: how dense the occurrences were, and where the
//! referee spoke. Bounded: when it runs over, its resolution halves. It is no part of the world.

use super::Cursor;
use crate::kernel::SimTime;

/// The most bins of the density.
pub const BINS_MAX: usize = 512;

/// The most flags that are kept; the later ones are only counted.
pub const FLAGS_MAX: usize = 200;

/// The width of a bin at the beginning, in microseconds.
const BIN_US_MIN: u64 = 50_000;

/// The explored part of a run.
#[derive(Debug, Clone)]
pub struct History {
    bin_us: u64,
    bins: Vec<u32>,
    flags: Vec<SimTime>,
    flags_dropped: u64,
    frontier: Cursor,
    violations: u64,
}

impl Default for History {
    fn default() -> Self {
        History { bin_us: BIN_US_MIN, bins: Vec::new(), flags: Vec::new(), flags_dropped: 0, frontier: Cursor::default(), violations: 0 }
    }
}

impl History {
    /// The width of one bin, in microseconds.
    pub fn bin_us(&self) -> u64 {
        self.bin_us
    }

    /// Steps per bin; bin `i` covers `[i * bin_us, (i + 1) * bin_us)`. At most [`BINS_MAX`].
    pub fn bins(&self) -> &[u32] {
        &self.bins
    }

    /// The instants at which the referee found something. At most [`FLAGS_MAX`]; see [`History::flags_dropped`].
    pub fn flags(&self) -> &[SimTime] {
        &self.flags
    }

    /// How many flags came after the bound was reached.
    pub fn flags_dropped(&self) -> u64 {
        self.flags_dropped
    }

    /// How far the run has been explored.
    pub fn frontier(&self) -> Cursor {
        self.frontier
    }

    /// Whether a step with this number has not been seen yet.
    pub(super) fn is_new(&self, steps: u64) -> bool {
        steps > self.frontier.steps
    }

    /// Notes a step that was never seen before.
    pub(super) fn note(&mut self, cursor: Cursor, violations: u64) {
        while cursor.last_at.us() / self.bin_us >= BINS_MAX as u64 {
            self.halve();
        }
        let bin = (cursor.last_at.us() / self.bin_us) as usize;
        if self.bins.len() <= bin {
            self.bins.resize(bin + 1, 0);
        }
        self.bins[bin] = self.bins[bin].saturating_add(1);
        for _ in self.violations..violations {
            if self.flags.len() < FLAGS_MAX {
                self.flags.push(cursor.last_at);
            } else {
                self.flags_dropped += 1;
            }
        }
        self.violations = violations;
        self.frontier = cursor;
    }

    /// Forgets everything after `cursor`, where the referee had found `violations`.
    pub(super) fn truncate(&mut self, cursor: Cursor, violations: u64) {
        if cursor.steps >= self.frontier.steps {
            return;
        }
        let bin = (cursor.last_at.us() / self.bin_us) as usize;
        self.bins.truncate(bin + 1);
        let before: u64 = self.bins.iter().take(bin).map(|count| u64::from(*count)).sum();
        if let Some(last) = self.bins.get_mut(bin) {
            *last = u32::try_from(cursor.steps.saturating_sub(before)).unwrap_or(u32::MAX);
        }
        let flags_kept = usize::try_from(violations).unwrap_or(usize::MAX);
        self.flags.truncate(flags_kept);
        self.flags_dropped = violations.saturating_sub(self.flags.len() as u64);
        self.violations = violations;
        self.frontier = cursor;
    }

    /// Halves the resolution.
    fn halve(&mut self) {
        self.bin_us *= 2;
        self.bins = self.bins.chunks(2).map(|pair| pair.iter().fold(0u32, |sum, count| sum.saturating_add(*count))).collect();
    }
}
