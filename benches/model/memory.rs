//! Memory over a long play: what a run takes with its keyframes, which a viewer at the highest speed makes hundreds of hours long.

use cqrs_lab::{kernel::SimTime, pipeline::World, scenario::Scenario, timeline::Timeline};

use super::{Measurement, clock};

/// Steps between two looks at the time, as a player does some in each frame.
const STEPS: u64 = 50_000;
/// After how many hours of the run it is measured.
const HOURS: [(&str, u64); 4] = [("memory-1h", 1), ("memory-10h", 10), ("memory-50h", 50), ("memory-100h", 100)];

/// MB of memory after some hours of the default scenario; none where the machine does not say. Must be the first that is measured:
/// memory that was once taken is not given back.
pub(crate) fn measure() -> Vec<Measurement> {
    if clock::memory_bytes().is_none() {
        return Vec::new();
    }
    let mut timeline = Timeline::new(World::new(&Scenario::plain("transfer", 1)), Vec::new());
    let mut after = |(name, hours): (&'static str, u64)| {
        while !timeline.advance(SimTime::from_ms(hours * 3_600_000), STEPS) {}
        Some((name, clock::memory_bytes()? as f64 / 1e6, "MB"))
    };
    HOURS.into_iter().filter_map(&mut after).collect()
}
