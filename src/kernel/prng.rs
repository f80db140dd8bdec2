//! The seeded generator: xoshiro256++ (Blackman and Vigna), seeded through SplitMix64, in named streams. Knows no other source of chance.

use super::digest_of;

/// One stream of pseudo-random numbers. Its output depends on nothing but the seed, the name and the number of draws.
///
/// Every concern and every entity owns a stream of its own ([`Prng::stream`]), so that a draw more in one place
/// does not move the draws of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prng {
    s: [u64; 4],
}

impl Prng {
    /// A generator from a bare seed.
    pub fn new(seed: u64) -> Prng {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        Prng { s: [next(), next(), next(), next()] }
    }

    /// The stream called `name` of entity number `entity` in a run with `seed`.
    pub fn stream(seed: u64, name: &str, entity: u64) -> Prng {
        Prng::new(digest_of(&(seed, name.as_bytes(), entity)))
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.s;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number in `0..bound` (multiply-shift; the bias is below 2^-32 for bounds below 2^32). `bound` 0 gives 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let draw = self.next_u64();
        if bound >> 32 == 0 {
            // The same in halves: 128 bits are a call in a browser.
            return ((draw >> 32) * bound + (((draw & 0xffff_ffff) * bound) >> 32)) >> 32;
        }
        ((u128::from(draw) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `min..=max`; `min` if `max` is not greater.
    pub fn between(&mut self, min: u64, max: u64) -> u64 {
        min + self.below(max.saturating_sub(min).saturating_add(1))
    }

    /// True in `numerator` of `denominator` draws.
    pub fn chance(&mut self, numerator: u64, denominator: u64) -> bool {
        self.below(denominator) < numerator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_pinned_for_ever() {
        let mut g = Prng { s: [1, 2, 3, 4] };
        // The reference implementation's first outputs for the state 1, 2, 3, 4.
        assert_eq!([g.next_u64(), g.next_u64(), g.next_u64()], [41_943_041, 58_720_359, 3_588_806_011_781_223]);
    }

    #[test]
    fn a_small_bound_is_drawn_as_a_great_one() {
        let mut prng = Prng::new(3);
        for bound in [0, 1, 2, 3, 1_000, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 1, u64::MAX] {
            for _ in 0..1_000 {
                let expected = (u128::from(prng.clone().next_u64()) * u128::from(bound)) >> 64;
                assert_eq!(u128::from(prng.below(bound)), expected, "below {bound}");
            }
        }
    }

    #[test]
    fn streams_of_other_names_and_entities_differ() {
        let first = |name, entity| Prng::stream(42, name, entity).next_u64();
        assert_ne!(first("latency", 0), first("latency", 1));
        assert_ne!(first("latency", 0), first("faults", 0));
        assert_eq!(first("latency", 0), first("latency", 0));
    }
}
