//! How long something takes: bounded integer distributions. Knows nothing of links or databases.

use super::Prng;

/// The longest latency that can be set: ten minutes, in microseconds.
pub const LATENCY_US_MAX: u64 = 600_000_000;

/// A distribution of durations in microseconds, each value at most [`LATENCY_US_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Latency {
    /// Always the same.
    Constant {
        /// The duration in microseconds.
        us: u64,
    },
    /// Every value from `us_min` to `us_max` equally likely.
    Uniform {
        /// The shortest, in microseconds.
        us_min: u64,
        /// The longest, in microseconds.
        us_max: u64,
    },
    /// Mostly near the median, now and then far above: the shape of a real network or database.
    LongTailed {
        /// Half of the draws are below it, in microseconds. The largest draw is 16 times the median.
        us_median: u64,
    },
}

/// Quantiles of a log-normal shape (sigma 0.6), in 1/64 of the median, at 0, 1/32, 2/32, … 31/32, and the bound of 16 medians.
const QUANTILES: [u64; 33] = [
    10, 21, 25, 29, 32, 35, 38, 40, 43, 45, 48, 50, 53, 56, 58, 61, 64, 67, 70, 74, 77, 81, 85, 90, 96, 102, 109, 118, 128, 142, 161, 196,
    1024,
];

impl Latency {
    /// Draws one duration in microseconds.
    pub fn draw(&self, prng: &mut Prng) -> u64 {
        match *self {
            Latency::Constant { us } => us.min(LATENCY_US_MAX),
            Latency::Uniform { us_min, us_max } => prng.between(us_min, us_max).min(LATENCY_US_MAX),
            Latency::LongTailed { us_median } => {
                let draw = prng.next_u64();
                let cell = (draw >> 59) as usize;
                let (low, high) = (QUANTILES[cell], QUANTILES[cell + 1]);
                // The last cell is bent: the cube keeps values near the bound rare.
                let fraction = (draw >> 27) & 0xffff_ffff;
                let fraction = if cell == 31 { cube(fraction) } else { fraction };
                let sixty_fourths_32 = (low << 32) + (high - low) * fraction;
                // At most 2^42 times less than 2^22.
                if us_median >> 22 == 0 {
                    return ((us_median * sixty_fourths_32) >> 38).min(LATENCY_US_MAX);
                }
                let us = (u128::from(us_median) * u128::from(sixty_fourths_32)) >> 38;
                u64::try_from(us).unwrap_or(LATENCY_US_MAX).min(LATENCY_US_MAX)
            }
        }
    }

    /// The typical duration in microseconds: what a slider shows.
    pub fn us_typical(&self) -> u64 {
        match *self {
            Latency::Constant { us } => us,
            Latency::Uniform { us_min, us_max } => us_min.midpoint(us_max),
            Latency::LongTailed { us_median } => us_median,
        }
    }

    /// The same shape around another typical duration.
    pub fn with_us_typical(&self, us: u64) -> Latency {
        match *self {
            Latency::Constant { .. } => Latency::Constant { us },
            Latency::Uniform { us_min, us_max } => {
                let half = (us_max - us_min.min(us_max)) / 2;
                Latency::Uniform { us_min: us.saturating_sub(half), us_max: us + half.min(us) }
            }
            Latency::LongTailed { .. } => Latency::LongTailed { us_median: us },
        }
    }
}

/// The cube of a fraction of 2^32.
fn cube(fraction: u64) -> u64 {
    let square = (fraction * fraction) >> 32;
    (square * fraction) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_tailed_has_its_median_and_its_bound() {
        let latency = Latency::LongTailed { us_median: 1_000 };
        let mut prng = Prng::stream(1, "test", 0);
        let draws: Vec<u64> = (0..10_000).map(|_| latency.draw(&mut prng)).collect();
        let below = draws.iter().filter(|d| **d < 1_000).count();
        assert!((4_800..5_200).contains(&below), "{below} of 10,000 below the median");
        assert!(draws.iter().all(|d| (150..=16_000).contains(d)));
        assert!(draws.iter().any(|d| *d > 4_000), "no tail");
    }

    #[test]
    fn a_short_median_is_drawn_as_a_long_one() {
        // On both sides of the bound up to which 64 bits are enough, one is the double of the other.
        let mut prng = Prng::stream(3, "test", 0);
        for _ in 0..10_000 {
            let draw = |us_median| Latency::LongTailed { us_median }.draw(&mut prng.clone());
            let (short, long) = (draw((1 << 22) - 1), draw((1 << 23) - 2));
            assert!(long / 2 == short, "{short} and {long}");
            prng.next_u64();
        }
    }

    #[test]
    fn draws_stay_within_bounds() {
        let mut prng = Prng::stream(2, "test", 0);
        let uniform = Latency::Uniform { us_min: 10, us_max: 20 };
        assert!((0..1_000).all(|_| (10..=20).contains(&uniform.draw(&mut prng))));
        assert_eq!(Latency::Constant { us: u64::MAX }.draw(&mut prng), LATENCY_US_MAX);
    }
}
