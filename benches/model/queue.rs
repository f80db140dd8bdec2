//! The agenda alone, in the usual hold model: as many entries as a busy run has wait; each that leaves schedules another.

use cqrs_lab::kernel::{Agenda, Prng, SimTime};

use super::{Measurement, clock::Clock};

/// Entries that wait at any time.
const WAITING: u64 = 200;
/// Holds between two looks at the clock.
const HOLDS: u64 = 100_000;

/// Holds per second.
pub(crate) fn measure(clock: &Clock) -> Measurement {
    let mut delays = Prng::new(1);
    let mut agenda = Agenda::default();
    for n in 0..WAITING {
        agenda.push(SimTime(delays.below(10_000)), n);
    }
    let rate = clock.per_second(|| {
        for _ in 0..HOLDS {
            let (SimTime(at), what) = agenda.pop().expect("as many are pushed as are taken");
            agenda.push(SimTime(at + delays.below(10_000)), std::hint::black_box(what));
        }
        HOLDS
    });
    ("queue", rate, "holds/s")
}
