//! How long to wait before the next attempt, and when to stop (D11): Spring's `FixedBackOff` and `ExponentialBackOff`.
//!
//! Knows neither records nor clocks: intervals in, intervals out.

use serde::{Deserialize, Serialize};

/// Stands for "no limit" in intervals, elapsed times and attempts.
pub const UNLIMITED: u64 = u64::MAX;

/// A policy of waits. Times in milliseconds, as in Spring.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BackOff {
    /// The same wait, `attempts_max` times: deliveries = `attempts_max` + 1.
    Fixed {
        /// The wait.
        interval_ms: u64,
        /// The number of retries; [`UNLIMITED`] for no limit.
        attempts_max: u64,
    },
    /// Growing waits.
    Exponential {
        /// The first wait (Spring's default 2000).
        initial_ms: u64,
        /// The factor in thousandths (Spring's default 1500).
        multiplier_milli: u64,
        /// No wait is longer (Spring's default 30 000).
        interval_ms_max: u64,
        /// No further wait once the waits handed out reach this sum.
        elapsed_ms_max: u64,
        /// No more waits than these.
        attempts_max: u64,
    },
}

impl BackOff {
    /// The container's own: ten deliveries, no wait (D8).
    pub const DEFAULT: BackOff = BackOff::Fixed { interval_ms: 0, attempts_max: 9 };
    /// No retries.
    pub const NONE: BackOff = BackOff::Fixed { interval_ms: 0, attempts_max: 0 };

    /// `ExponentialBackOffWithMaxRetries`: the elapsed time is the sum of `retries` intervals, so exactly `retries` waits follow.
    pub fn exponential_with_max_retries(retries: u64, initial_ms: u64, multiplier_milli: u64, interval_ms_max: u64) -> BackOff {
        let unlimited =
            BackOff::Exponential { initial_ms, multiplier_milli, interval_ms_max, elapsed_ms_max: UNLIMITED, attempts_max: UNLIMITED };
        let mut execution = BackOffExecution::default();
        let sum = (0..retries).map(|_| execution.next_ms(&unlimited).unwrap_or(0)).sum();
        BackOff::Exponential { initial_ms, multiplier_milli, interval_ms_max, elapsed_ms_max: sum, attempts_max: retries }
    }

    /// The waits in order, at most `count`.
    pub fn intervals_ms(&self, count: usize) -> Vec<u64> {
        let mut execution = BackOffExecution::default();
        std::iter::from_fn(|| execution.next_ms(self)).take(count).collect()
    }
}

/// Where one failing record stands in its back off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct BackOffExecution {
    attempts: u64,
    elapsed_ms: u64,
    current_ms: Option<u64>,
}

impl BackOffExecution {
    /// The next wait in milliseconds; `None` is STOP.
    pub fn next_ms(&mut self, back_off: &BackOff) -> Option<u64> {
        match *back_off {
            BackOff::Fixed { interval_ms, attempts_max } => {
                if self.attempts >= attempts_max {
                    return None;
                }
                self.attempts += 1;
                Some(interval_ms)
            }
            BackOff::Exponential { initial_ms, multiplier_milli, interval_ms_max, elapsed_ms_max, attempts_max } => {
                if self.elapsed_ms >= elapsed_ms_max || self.attempts >= attempts_max {
                    return None;
                }
                let next = match self.current_ms {
                    None => initial_ms,
                    Some(current) => (u128::from(current) * u128::from(multiplier_milli) / 1_000).min(u128::from(u64::MAX)) as u64,
                };
                let next = next.min(interval_ms_max);
                self.current_ms = Some(next);
                self.elapsed_ms = self.elapsed_ms.saturating_add(next);
                self.attempts += 1;
                Some(next)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d11_exponential_with_max_retries_gives_exactly_that_many() {
        let back_off = BackOff::exponential_with_max_retries(6, 1_000, 2_000, 10_000);
        assert_eq!(back_off.intervals_ms(100), [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        let back_off = BackOff::exponential_with_max_retries(10, 2_000, 1_500, 30_000);
        assert_eq!(back_off.intervals_ms(100), [2_000, 3_000, 4_500, 6_750, 10_125, 15_187, 22_780, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn d11_the_elapsed_time_is_looked_at_before_the_next_interval() {
        let back_off = BackOff::Exponential {
            initial_ms: 300,
            multiplier_milli: 2_000,
            interval_ms_max: 30_000,
            elapsed_ms_max: 1_000,
            attempts_max: UNLIMITED,
        };
        assert_eq!(back_off.intervals_ms(100), [300, 600, 1_200]);
    }

    #[test]
    fn d11_fixed_counts_retries() {
        assert_eq!(BackOff::Fixed { interval_ms: 600, attempts_max: 2 }.intervals_ms(100), [600, 600]);
        assert_eq!(BackOff::NONE.intervals_ms(100), [0u64; 0]);
        assert_eq!(BackOff::DEFAULT.intervals_ms(100).len(), 9);
    }
}
