//! The full model: the default scenario as it is, how fast it goes and how much virtual time passes.

use cqrs_lab::{kernel::SimTime, pipeline::World, scenario::Scenario};

use super::{Measurement, clock::Clock};

/// Steps between two looks at the clock.
const STEPS: u64 = 10_000;

/// Occurrences per second, and virtual seconds per second.
pub(crate) fn measure(clock: &Clock) -> [Measurement; 2] {
    let mut world = World::new(&Scenario::plain("transfer", 1));
    // Past the joining of groups and the opening of accounts.
    world.run_until(SimTime::from_ms(60_000));
    let occurrences = clock.per_second(|| {
        for _ in 0..STEPS {
            world.step();
        }
        STEPS
    });
    let mut until = world.now();
    let virtual_ms = clock.per_second(|| {
        until += 1_000_000;
        world.run_until(until);
        1_000
    });
    [("model", occurrences, "occurrences/s"), ("transfer", virtual_ms / 1_000.0, "virtual s/s")]
}
