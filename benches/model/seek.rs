//! Going to any moment of a run of a million occurrences.

use cqrs_lab::{
    kernel::{Prng, SimTime},
    pipeline::World,
    scenario::Scenario,
    timeline::Timeline,
};

use super::{Measurement, clock::Clock};

/// Occurrences of the run.
const OCCURRENCES: u64 = 1_000_000;
/// Moments that are gone to, one after the other, anywhere in the run.
const SEEKS: usize = 200;

/// Half of the seeks take no longer than the first number of milliseconds, 99 of 100 than the second.
pub(crate) fn measure(clock: &Clock) -> [Measurement; 2] {
    let mut timeline = Timeline::new(World::new(&Scenario::plain("transfer", 1)), Vec::new());
    timeline.advance(SimTime::NEVER, OCCURRENCES);
    let end = timeline.now();
    let mut moments = Prng::new(2);
    let mut took: Vec<f64> = (0..SEEKS)
        .map(|_| {
            let moment = SimTime(moments.below(end.us()));
            let began = clock.now_ms();
            timeline.seek(moment);
            clock.now_ms() - began
        })
        .collect();
    took.sort_by(f64::total_cmp);
    [("seek-p50", took[SEEKS / 2], "ms"), ("seek-p99", took[SEEKS * 99 / 100], "ms")]
}
