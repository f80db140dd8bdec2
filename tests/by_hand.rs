//! Decisions by hand about deliveries of the share group as part of a recording: links, replays and steps back keep them.
#![cfg(not(target_arch = "wasm32"))]

use cqrs_lab::{
    kernel::SimTime,
    pipeline::{FactKind, Intervention, ShareDecision, WorkFact, World},
    player::{Msg, Player},
    scenario::{Scenario, link::Recording},
};

/// Where the runs end.
const END: SimTime = SimTime::from_ms(10_000);
/// From when on the worker asks.
const ON: SimTime = SimTime::from_ms(6_000);

fn scenario() -> Scenario {
    let mut scenario = Scenario::plain("share", 7);
    for (key, value) in [("share.consumers", "1"), ("share.share.acknowledgement.mode", "explicit")] {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    scenario
}

/// When the worker first asks.
fn asked_at() -> SimTime {
    let mut world = World::new(&scenario());
    world.run_until(ON);
    world.intervene(ON, &Intervention::ShareByHand { consumer: 0, on: true }).expect("it fits");
    while !world.share_consumers()[0].work.as_ref().is_some_and(|work| work.awaits_decision()) {
        assert!(world.step() && world.now() < END, "the worker never asks");
    }
    // An input of an instant comes before what falls on it.
    world.now() + 1
}

fn go(player: &mut Player<World>, msg: Msg<Intervention>) {
    let _painted = player.update(msg);
    while player.work(10_000) {}
}

fn play(recording: &Recording) -> Player<World> {
    let mut player = Player::new(World::new(&recording.scenario), recording.interventions.clone(), END);
    go(&mut player, Msg::Seek(END));
    player
}

fn rejects(world: &World) -> bool {
    world.trace().iter().any(|f| matches!(&f.kind, FactKind::Work(WorkFact::Said { ack, .. }) if ack.name() == "reject"))
}

#[test]
fn decisions_by_hand_survive_a_link_a_replay_and_a_step_back() {
    let at = asked_at();
    let interventions = vec![
        (ON, Intervention::ShareByHand { consumer: 0, on: true }),
        (at, Intervention::ShareDecide { consumer: 0, decision: ShareDecision::Reject }),
    ];
    let recording = Recording { scenario: scenario(), interventions, moment: at };
    let plain = |_: &str| Some(Scenario::plain("share", 7));
    let (again, problems) = Recording::from_fragment(&recording.to_fragment(plain), plain, Scenario::plain("share", 7));
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(again.interventions, recording.interventions);
    let (mut one, other) = (play(&recording), play(&again));
    assert_eq!(one.world().digest(), other.world().digest());
    assert!(rejects(one.world()), "no share of rejects is set: it is the decision's");
    go(&mut one, Msg::Seek(at));
    assert!(rejects(one.world()));
    go(&mut one, Msg::StepBack);
    assert!(!rejects(one.world()), "before the decision nothing is decided");
    go(&mut one, Msg::Seek(END));
    assert_eq!(one.world().digest(), other.world().digest());
}
