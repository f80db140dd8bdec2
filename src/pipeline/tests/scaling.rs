//! One consumer more or fewer: what the page asks for is one more or fewer of what runs.

use super::super::{Action, Duty, Intervention, ProcessState, World};
use crate::kernel::SimTime;
use crate::scenario::Scenario;

/// A run with these settings of the view's group, after it has begun.
fn run(sets: &[(&str, &str)]) -> World {
    let mut scenario = Scenario::plain("scaling", 5);
    for (key, value) in sets {
        scenario.config.set_text(&format!("group.account-view.{key}"), value).expect("a setting of the table");
    }
    let mut world = World::new(&scenario);
    world.run_until(SimTime::from_ms(6_000));
    world
}

fn scale(world: &mut World, consumers: u32) {
    world.intervene(world.now(), &Intervention::Act(Action::Scale { group: 0, consumers })).expect("it fits");
    world.run_until(world.now() + 10_000_000);
}

/// The threads that run of those who listen to the events.
fn threads(world: &World) -> usize {
    let runs = |c: &&super::super::ConsumerSlot| c.group == Some(0) && c.duty == Duty::Main && c.state == ProcessState::Running;
    world.consumers().iter().filter(runs).count()
}

#[test]
fn d13_the_containers_of_retry_topics_are_no_consumers_of_the_group() {
    let mut world = run(&[("consumers", "2"), ("retryTopics.maxAttempts", "4")]);
    assert!(world.consumers().iter().any(|c| c.duty != Duty::Main), "there are retry topics");
    assert_eq!((world.consumer_count(0), threads(&world)), (2, 2));
    let fewer = world.consumer_count(0) - 1;
    scale(&mut world, fewer);
    assert_eq!((world.consumer_count(0), threads(&world)), (1, 1));
}

#[test]
fn d16_the_children_of_a_concurrent_container_are_one_consumer() {
    let mut world = run(&[("consumers", "1"), ("concurrency", "2")]);
    assert_eq!((world.consumer_count(0), threads(&world)), (1, 2));
    let more = world.consumer_count(0) + 1;
    scale(&mut world, more);
    assert_eq!((world.consumer_count(0), threads(&world)), (2, 4));
    let fewer = world.consumer_count(0) - 1;
    scale(&mut world, fewer);
    assert_eq!((world.consumer_count(0), threads(&world)), (1, 2));
}

/// So two clicks take two away.
#[test]
fn who_is_told_to_stop_is_gone() {
    let mut world = run(&[("consumers", "3")]);
    for left in [2, 1] {
        world.intervene(world.now(), &Intervention::Act(Action::Scale { group: 0, consumers: left })).expect("it fits");
        assert_eq!(world.consumer_count(0), left, "whether it still closes its consumer or not");
    }
}

/// Who waits in poll closes at once, who has a record in hand later: both come again with the new setting, and a group that
/// is being restarted is not empty.
#[test]
fn a_setting_that_needs_a_restart_leaves_as_many_consumers_as_there_were() {
    for ms in (0..2_000).step_by(200) {
        let mut world = run(&[("consumers", "2")]);
        world.run_until(world.now() + ms * 1_000);
        let setting = Intervention::Set { key: "group.account-view.ackMode".into(), value: "BATCH".into() };
        world.intervene(world.now(), &setting).expect("it fits");
        world.run_until(world.now() + 10_000_000);
        assert_eq!((world.consumer_count(0), threads(&world)), (2, 2), "{ms} ms later");
    }
}
