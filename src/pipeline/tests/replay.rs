//! One seed, one run: replay, clones, and how time is cut.

use super::super::{Action, Intervention, World};
use crate::fault::{FaultKind, FaultRule, Link, Node, Target};
use crate::kernel::SimTime;
use crate::scenario::Scenario;

/// A run in which much is done.
fn eventful(seed: u64) -> Scenario {
    let mut scenario = Scenario::plain("eventful", seed);
    let link = Target::Link { link: Link::Fetch, of: None };
    let set = |key: &str, value: &str| Intervention::Set { key: key.into(), value: value.into() };
    scenario.program = vec![
        (SimTime::from_ms(4_000), Intervention::Inject(FaultRule::usual(FaultKind::LinkSlow, link))),
        (SimTime::from_ms(6_000), Intervention::Act(Action::Kill(Node::Broker(2)))),
        (SimTime::from_ms(7_000), Intervention::Inject(FaultRule::usual(FaultKind::CrashAfterEffect, Target::AnyConsumer))),
        (SimTime::from_ms(9_000), set("group.account-view.consumers", "3")),
        (SimTime::from_ms(11_000), set("link.client-api.latency", "5ms..90ms")),
        (SimTime::from_ms(12_000), Intervention::HealAll),
    ];
    scenario
}

#[test]
fn a_replay_is_equal_digest_for_digest() {
    for seed in [1, 42] {
        let (mut one, mut two) = (World::new(&eventful(seed)), World::new(&eventful(seed)));
        while one.now() < SimTime::from_ms(15_000) {
            assert_eq!(one.step(), two.step());
            // A digest looks at everything: after every step it would take minutes.
            if one.step_count() % 64 == 0 {
                assert_eq!(one.digest(), two.digest(), "seed {seed}: first difference at step {} ({})", one.step_count(), one.now());
            }
        }
    }
}

#[test]
fn another_seed_is_another_run() {
    let digest = |seed| {
        let mut world = World::new(&eventful(seed));
        world.run_until(SimTime::from_ms(3_000));
        world.digest()
    };
    assert_ne!(digest(1), digest(2));
}

#[test]
fn a_clone_goes_on_as_the_original_does() {
    let mut world = World::new(&eventful(7));
    world.run_until(SimTime::from_ms(8_000));
    let mut clone = world.clone();
    world.run_until(SimTime::from_ms(14_000));
    clone.run_until(SimTime::from_ms(14_000));
    assert_eq!(super::text(&world), super::text(&clone));
    assert_eq!(world.digest(), clone.digest());
}

#[test]
fn how_time_is_cut_changes_nothing() {
    let (mut whole, mut frames) = (World::new(&eventful(3)), World::new(&eventful(3)));
    whole.run_until(SimTime::from_ms(14_000));
    let mut at = 0;
    for n in 0.. {
        at += 1_000 + (n * 7_919) % 30_000;
        frames.run_until(SimTime(at.min(14_000_000)));
        if at >= 14_000_000 {
            break;
        }
    }
    assert_eq!(whole.digest(), frames.digest());
}

#[test]
fn what_was_done_live_is_done_at_the_same_place_in_a_replay() {
    let mut live = World::new(&Scenario::plain("live", 5));
    let done = eventful(5).program;
    for (at, intervention) in &done {
        live.run_until(SimTime(at.us() - 1));
        live.intervene(*at, intervention).expect("it fits");
    }
    live.run_until(SimTime::from_ms(14_000));
    let mut replay = World::new(&Scenario { program: done, ..Scenario::plain("live", 5) });
    replay.run_until(SimTime::from_ms(14_000));
    assert_eq!(super::text(&live), super::text(&replay));
}
