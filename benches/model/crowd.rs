//! A run with a thousand flights on the way at once, as a link that the page opens: drawing them is measured there.

use cqrs_lab::{
    kernel::SimTime,
    pipeline::World,
    scenario::{Scenario, builtin, link::Recording},
};

/// The moment at which the links are full.
const MOMENT: SimTime = SimTime::from_ms(40_000);
/// Slow links and busy clients.
const SETTINGS: [(&str, &str); 4] = [
    ("client.commands-per-minute", "3000"),
    ("client.client-timeout", "600000"),
    ("link.client-api.latency", "10s"),
    ("link.completion.latency", "10s"),
];

/// The link, and how many flights there are at its moment.
pub(crate) fn link() -> (String, usize) {
    let mut scenario = Scenario::plain("transfer", 1);
    for (key, value) in SETTINGS {
        scenario.config.set_text(key, value).expect("the settings of this bench are settings");
    }
    let mut world = World::new(&scenario);
    world.run_until(MOMENT);
    let recording = Recording { scenario, interventions: Vec::new(), moment: MOMENT };
    (recording.to_fragment(builtin), world.flights().len())
}
