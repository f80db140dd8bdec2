//! The logarithmic scale of a slider for latencies, in whole numbers. Knows nothing of the DOM, and is tested natively.

/// The durations in a power of ten, as two digits: each about 1.12 times the one before.
const STEPS: [u64; 20] = [10, 11, 13, 14, 16, 18, 20, 22, 25, 28, 32, 35, 40, 45, 50, 56, 63, 71, 79, 89];
/// The last place: none, then from 100 µs on [`STEPS`] for each of five powers of ten, and 10 s.
pub(super) const PLACE_MAX: u32 = 5 * STEPS.len() as u32 + 1;

/// The duration at a place of the slider, in microseconds: 0, then 100 µs to 10 s.
pub(super) fn us_at(place: u32) -> u64 {
    let Some(step) = place.min(PLACE_MAX).checked_sub(1) else { return 0 };
    STEPS[step as usize % STEPS.len()] * 10u64.pow(step / STEPS.len() as u32 + 1)
}

/// The place of a duration on the slider: the nearest.
pub(super) fn place_of(us: u64) -> u32 {
    let above = (0..PLACE_MAX).find(|place| us <= us_at(*place)).unwrap_or(PLACE_MAX);
    let below = above.saturating_sub(1);
    if us.abs_diff(us_at(below)) < us_at(above).abs_diff(us) { below } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_a_duration_of_its_own_and_is_found_by_it() {
        assert_eq!([0, 1, 2, 21, 41, PLACE_MAX].map(us_at), [0, 100, 110, 1_000, 10_000, 10_000_000]);
        assert!((1..=PLACE_MAX).all(|place| us_at(place - 1) < us_at(place)));
        assert!((0..=PLACE_MAX).all(|place| place_of(us_at(place)) == place));
        assert_eq!([49, 51, 104, 106, 60_000_000].map(place_of), [0, 1, 1, 2, PLACE_MAX]);
    }
}
