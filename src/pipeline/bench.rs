//! What a bench measures: a run without anybody watching. Reads no clock; whoever calls it does.

use super::World;
use crate::kernel::SimTime;
use crate::scenario::Scenario;

/// How far a run came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lap {
    /// How many occurrences were handled.
    pub occurrences: u64,
    /// How many facts that made.
    pub facts: u64,
    /// The digest of the world at the end.
    pub digest: u64,
}

/// Plays a scenario from its beginning until `until`.
pub fn play(scenario: &Scenario, until: SimTime) -> Lap {
    let mut world = World::new(scenario);
    world.run_until(until);
    Lap { occurrences: world.step_count(), facts: world.trace().end(), digest: world.digest() }
}

/// A scenario in which clients do as much as the model can bear: what "the full model" means in the budgets.
pub fn busy() -> Scenario {
    let mut scenario = Scenario::plain("busy", 42);
    for (key, value) in [
        ("client.clients", "20"),
        ("client.commands-per-minute", "6000"),
        ("client.queries-per-minute", "6000"),
        ("client.accounts", "26"),
        ("client.opening-balance", "100000"),
    ] {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    scenario
}
