//! The world as a whole: it runs, it is reproducible, every fault and every setting does something.

mod bank;
mod containers;
mod coordinators;
mod faults;
mod links;
mod options;
mod replay;
mod scaling;
mod settings;
mod shares;

use super::World;
use crate::kernel::SimTime;
use crate::scenario::Scenario;

/// The trace of a run as text.
pub(super) fn text(world: &World) -> String {
    world.trace().iter().map(|fact| format!("{}\n", world.line(fact))).collect()
}

#[test]
fn a_transfer_reaches_the_read_model_and_its_client_hears_of_it() {
    let mut world = World::new(&Scenario::plain("transfer", 42));
    world.run_until(SimTime::from_ms(20_000));
    let text = text(&world);
    for word in ["command_issued", "outbox_written", "appended", "delivered", "applied", "committed", "completion_noticed"] {
        assert!(text.contains(&format!(" {word} ")), "no {word} in\n{}", &text[text.len().saturating_sub(4_000)..]);
    }
}
