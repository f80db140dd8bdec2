//! Real worlds make scenes that hold together at every moment.

use crate::fault::{FaultKind, FaultRule, Target};
use crate::kernel::SimTime;
use crate::pipeline::{Intervention, World};
use crate::player::Thing;
use crate::scenario::{GROUPS, SHARE_GROUP, SHARE_GROUP_NUMBER, Scenario};
use crate::scene::{AfterCrash, ConsumerState, Layout, Motion, Picture, Scene, Shape, TopicRole};

fn bank(seed: u64) -> World {
    World::new(&Scenario::plain("transfer", seed))
}

/// What must hold of any scene.
fn check(scene: &Scene) {
    for lane in scene.topics.iter().flat_map(|t| &t.lanes) {
        assert!(lane.log_start <= lane.high_watermark && lane.high_watermark <= lane.log_end, "{lane:?}");
        assert!(lane.cells.iter().all(|c| (lane.log_start..lane.log_end).contains(&c.offset)), "{lane:?}");
    }
    assert!(scene.flights.iter().all(|f| f.sent_at <= scene.now && scene.now <= f.due_at), "a flight out of its time at {:?}", scene.now);
}

#[test]
fn the_calm_default_is_alive_and_everything_in_transit_has_its_way() {
    let mut world = bank(42);
    let mut seen = crate::kernel::SortedSet::new();
    while world.now() < SimTime::from_ms(15_000) && world.step() {
        let scene = Scene::of(&world);
        check(&scene);
        let layout = Layout::of(&Shape::of(&scene), if world.step_count().is_multiple_of(2) { 1010 } else { 360 });
        for flight in &scene.flights {
            assert!(layout.path(flight.route, &scene).is_some(), "no way for {flight:?}");
            seen.insert(flight.cargo);
        }
        assert_eq!(Picture::of(&scene, &layout, Motion::Smooth).marks.len(), scene.flights.len());
    }
    use crate::scene::Cargo::*;
    let wanted =
        [Command, Accepted, Statement, StatementDone, Events, Appended, FetchRequest, Commit, Effect, EffectDone, Query, Answer, Notice];
    for cargo in wanted {
        assert!(seen.contains(&cargo), "{cargo:?} was never in transit: {seen:?}");
    }
}

#[test]
fn the_scene_says_what_the_world_says() {
    let mut world = bank(42);
    world.run_until(SimTime::from_ms(8_000));
    let scene = Scene::of(&world);
    let bank = world.bank().expect("the default has a bank");
    assert_eq!(scene.store.committed, bank.write_db().store.stored_count());
    assert!(scene.store.committed > 0);
    assert_eq!(scene.brokers.len(), 3);
    assert_eq!(scene.topics[0].lanes.len(), 3);
    let leads: u32 = scene.brokers.iter().map(|b| b.leads).sum();
    assert_eq!(leads as usize, world.cluster().topics().partitions().count());
    assert_eq!(scene.groups.iter().map(|g| g.name.as_ref()).collect::<Vec<_>>(), ["account-view", "transfer-history"]);
    assert_eq!(scene.projections.len(), 2);
    for group in &scene.groups {
        let mut owned: Vec<u32> = group.consumers.iter().flat_map(|c| c.assigned.iter().map(|a| a.1)).collect();
        owned.sort_unstable();
        assert_eq!(owned, [0, 1, 2], "{}", group.name);
        assert!(group.consumers.iter().all(|c| !c.state.is_trouble() && c.state != ConsumerState::Starting), "{:?}", group.consumers);
    }
    assert!(scene.query.last.is_some() && scene.client.last.is_some());
}

#[test]
fn every_built_in_scenario_is_a_scene_at_every_moment() {
    for name in crate::scenario::builtin_names() {
        let scenario = crate::scenario::builtin(name).expect("it has a name");
        let mut world = World::new(&scenario);
        let mut steps = 0_u32;
        while world.now() < SimTime::from_ms(30_000) && world.step() {
            steps += 1;
            if !steps.is_multiple_of(29) {
                continue;
            }
            let scene = Scene::of(&world);
            check(&scene);
            let layout = Layout::of(&Shape::of(&scene), if steps.is_multiple_of(2) { 1010 } else { 360 });
            for flight in &scene.flights {
                assert!(layout.path(flight.route, &scene).is_some(), "{name}: no way for {flight:?}");
            }
        }
        assert!(steps > 1_000, "{name} hardly moved");
    }
}

#[test]
fn a_fault_is_seen_on_its_thing_or_its_link() {
    use crate::fault::{FaultKind, FaultRule, Link, Node, Target};
    use crate::pipeline::Intervention;
    use crate::player::Thing;
    use crate::scene::LinkState;
    let mut world = bank(42);
    let now = SimTime::from_ms(4_000);
    world.run_until(now);
    let fetch = Target::Link { link: Link::Fetch, of: None };
    for (kind, target) in [
        (FaultKind::LinkSevered, fetch),
        (FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay)),
        (FaultKind::ReadDbSlow, Target::Node(Node::ReadDb)),
        (FaultKind::ListenerNacks, Target::AnyConsumer),
    ] {
        world.intervene(now, &Intervention::Inject(FaultRule::usual(kind, target))).expect("it fits");
    }
    let scene = Scene::of(&world);
    let link = |wanted: Link| scene.links.iter().find(|l| l.link == wanted).map(|l| l.state);
    assert_eq!((link(Link::Fetch), link(Link::Produce)), (Some(LinkState::Severed), Some(LinkState::Normal)));
    let groups = [(Thing::Group(0), true), (Thing::Group(1), true)];
    let others = [(Thing::Relay, true), (Thing::Projection(0), false), (Thing::Projection(1), false)];
    assert_eq!(scene.faults, [&others[..], &groups[..]].concat());
}

/// Every state in which a consumer was seen.
fn states(scenario: &Scenario, ms: u64) -> Vec<ConsumerState> {
    let mut world = World::new(scenario);
    let mut seen = Vec::new();
    while world.now() < SimTime::from_ms(ms) && world.step() {
        for consumer in Scene::of(&world).groups.iter().flat_map(|g| &g.consumers) {
            if !seen.contains(&consumer.state) {
                seen.push(consumer.state);
            }
        }
    }
    seen
}

#[test]
fn d2_a_consumer_is_seen_in_the_effect_and_in_the_acknowledgment() {
    let seen = states(&Scenario::plain("transfer", 42), 6_000);
    for state in [ConsumerState::Listening, ConsumerState::Handling, ConsumerState::Acknowledging] {
        assert!(seen.contains(&state), "never {state:?}: {seen:?}");
    }
    let mut batch = Scenario::plain("transfer", 42);
    for group in ["account-view", "transfer-history"] {
        batch.config.set_text(&format!("group.{group}.ackMode"), "BATCH").expect("valid");
    }
    let seen = states(&batch, 6_000);
    assert!(seen.contains(&ConsumerState::Committing) && !seen.contains(&ConsumerState::Acknowledging), "{seen:?}");
}

/// The stage, its table and the inspector by the lane, the meter by the world: also where retention has overtaken a group, and where
/// a group holds records and has committed nothing.
#[test]
fn c5_lag_is_one_number_everywhere() {
    let nothing_acknowledged = &[("group.account-view.acknowledge", "never")][..];
    let (mut deleted, mut uncommitted) = (false, false);
    for (name, sets) in
        [("retention-overtakes", &[][..]), ("transfer", nothing_acknowledged), ("poison-to-dlt", &[]), ("zombie-consumer", &[])]
    {
        let mut scenario = crate::scenario::builtin(name).unwrap_or_else(|| panic!("no scenario {name}"));
        for (key, value) in sets {
            scenario.config.set_text(key, value).expect("valid");
        }
        let mut world = World::new(&scenario);
        for at in (0..30_000).step_by(250) {
            world.run_until(SimTime::from_ms(at));
            let (scene, lags) = (Scene::of(&world), world.lags());
            let lanes = &scene.topics.iter().find(|t| t.role == TopicRole::Events).expect("drawn").lanes;
            for (group, of_group) in lags.iter().enumerate() {
                for (lane, metered) in lanes.iter().zip(of_group) {
                    let mark = lane.marks.iter().find(|m| *scene.groups[m.group as usize].name == *GROUPS[group]).expect("marked");
                    assert_eq!(lane.lag(mark), u64::from(*metered), "{name} at {at} ms: {} of {lane:?}", GROUPS[group]);
                    assert_eq!(world.lag(GROUPS[group], lane.partition), u64::from(*metered));
                    deleted |= mark.committed.is_some_and(|offset| offset < lane.log_start);
                    uncommitted |= mark.committed.is_none() && mark.position.is_some_and(|position| position > lane.log_start);
                }
            }
        }
    }
    assert!(deleted && uncommitted, "both were met");
}

/// What a crash would have made of records in hand, as it was seen within 8 s.
fn after_crashes(sets: &[(&str, &str)], fault: bool) -> Vec<AfterCrash> {
    let mut scenario = Scenario::plain("transfer", 42);
    for (key, value) in sets {
        scenario.config.set_text(&format!("group.account-view.{key}"), value).expect("valid");
    }
    let mut world = World::new(&scenario);
    if fault {
        let rule = FaultRule::usual(FaultKind::AckBeforeEffect, Target::Group(0));
        world.intervene(world.now(), &Intervention::Inject(rule)).expect("it fits");
    }
    let mut seen = Vec::new();
    while world.now() < SimTime::from_ms(8_000) && world.step() {
        for consumer in Scene::of(&world).groups[0].consumers.iter().filter(|consumer| consumer.record.is_some()) {
            if !seen.contains(&consumer.after_crash) {
                seen.push(consumer.after_crash);
            }
        }
    }
    seen
}

#[test]
fn d2_d18_who_acknowledges_before_the_effect_loses_it_in_a_crash_once_that_is_committed() {
    assert_eq!(after_crashes(&[], false), [AfterCrash::Again], "as it should be");
    let first = ("acknowledge", "before-effect");
    assert_eq!(after_crashes(&[first], false), [AfterCrash::AgainThoughAcked, AfterCrash::Lost], "during and after the commit");
    assert!(after_crashes(&[], true).contains(&AfterCrash::Lost), "by the fault");
    assert!(
        !after_crashes(&[first, ("ackMode", "MANUAL"), ("max.poll.records", "1")], false).contains(&AfterCrash::Lost),
        "it commits after the poll"
    );
    assert_eq!(after_crashes(&[first, ("idempotency", "offset-with-view")], false), [AfterCrash::AgainByItsView], "its place says");
    assert_eq!(after_crashes(&[first, ("ackMode", "BATCH")], false), [AfterCrash::Again], "nothing is acknowledged by hand");
}

#[test]
fn d6_d12_a_nack_and_a_recoverer_are_seen() {
    let nack = crate::scenario::builtin("nack").expect("built in");
    assert!(states(&nack, 12_000).contains(&ConsumerState::NackSleep));
    let poison = crate::scenario::builtin("poison-to-dlt").expect("built in");
    let seen = states(&poison, 16_000);
    assert!(seen.contains(&ConsumerState::Recovering), "{seen:?}");
}

/// Also the share group, which is none of the listeners' groups.
#[test]
fn a_fault_on_a_group_is_marked_on_its_card() {
    let mut world = World::new(&crate::scenario::builtin("share-group").expect("a built-in scenario"));
    world.run_until(SimTime::from_ms(5_000));
    for (target, name) in [(0, GROUPS[0]), (SHARE_GROUP_NUMBER, SHARE_GROUP)] {
        let rule = FaultRule::usual(FaultKind::ConsumerStalled, Target::Group(target));
        world.intervene(world.now(), &Intervention::Inject(rule)).expect("it can be laid");
        let scene = Scene::of(&world);
        let index = scene.groups.iter().position(|group| *group.name == *name).expect("the group is in the picture") as u32;
        assert!(scene.faults.iter().any(|(thing, _)| *thing == Thing::Group(index)), "{name}: {:?}", scene.faults);
    }
}
