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
    std::fs::write("/tmp/pipeline.trace", &text).ok();
    for word in ["command_issued", "outbox_written", "appended", "delivered", "applied", "committed", "completion_noticed"] {
        assert!(text.contains(&format!(" {word} ")), "no {word} in\n{}", &text[text.len().saturating_sub(4_000)..]);
    }
}

#[test]
fn sizes() {
    use std::mem::size_of;
    eprintln!(
        "flight {} payload {} occurrence {} fact {} factkind {} bfact {} lfact {} bankfact {} beffect {} ceffect {} bankeffect {} request {} response {} peer {} hop {} ctimer {} lrecord {}",
        size_of::<super::Flight>(),
        size_of::<super::Payload>(),
        size_of::<super::Occurrence>(),
        size_of::<super::Fact>(),
        size_of::<super::FactKind>(),
        size_of::<crate::broker::Fact>(),
        size_of::<crate::listener::Fact>(),
        size_of::<crate::bank::FactKind>(),
        size_of::<crate::broker::Effect>(),
        size_of::<crate::listener::ContainerEffect>(),
        size_of::<crate::bank::Effect>(),
        size_of::<crate::broker::Request>(),
        size_of::<crate::broker::Response>(),
        size_of::<crate::broker::Peer>(),
        size_of::<crate::bank::Hop>(),
        size_of::<crate::broker::Timer>(),
        size_of::<crate::broker::Record>(),
    );
}
