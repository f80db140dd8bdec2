//! The broker that coordinates a group dies: whoever dies meanwhile is put out all the same, and the others get all there is.

use super::super::{Intervention, World};
use crate::broker::TopicPartition;
use crate::broker::group::GroupCoordinator;
use crate::fault::{FaultKind, FaultRule, Moment, Node, Target};
use crate::kernel::SimTime;
use crate::scenario::{GROUPS, Scenario};

/// One consumer of the view whose session is short, with what `sets` says besides.
fn running(sets: &[(&str, &str)]) -> World {
    let mut scenario = Scenario::plain("coordinator", 11);
    let usual = [("group.account-view.consumers", "1"), ("client.commands-per-minute", "120")];
    for (key, value) in usual.iter().chain(sets) {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    let mut world = World::new(&scenario);
    world.run_until(SimTime::from_ms(20_000));
    world
}

fn run_on(world: &mut World, ms: u64) {
    world.run_until(world.now() + ms * 1_000);
}

fn set(world: &mut World, key: &str, value: &str) {
    let at = world.now();
    world.intervene(at, &Intervention::Set { key: key.into(), value: value.into() }).expect("it fits");
}

fn lay_for(world: &mut World, kind: FaultKind, target: Target, ms: u64) {
    let at = world.now();
    let rule = FaultRule { moment: Moment::Lasting { until: Some(at + ms * 1_000) }, ..FaultRule::usual(kind, target) };
    world.intervene(at, &Intervention::Inject(rule)).expect("it fits");
}

/// How many members the view's group has, and how many partitions they have together.
fn members(world: &World) -> (usize, usize) {
    let groups: &GroupCoordinator = &world.cluster().groups;
    let members = groups.members(groups.group(GROUPS[0]).expect("the view's group"));
    let given: Vec<TopicPartition> = members.iter().flat_map(|m| m.assignment.iter().copied()).collect();
    (members.len(), given.len())
}

fn lag(world: &World) -> u64 {
    let partitions = world.cluster().topics().by_name(crate::scenario::TOPIC).map_or(0, |t| t.partitions);
    (0..partitions).map(|p| world.lag(GROUPS[0], p)).sum()
}

/// Membership by each protocol, static and not, with a session that is shorter than a broker's.
const PROTOCOLS: [[&str; 2]; 4] = [["consumer", "false"], ["consumer", "true"], ["classic", "false"], ["classic", "true"]];

fn sets([protocol, is_static]: [&str; 2]) -> [(&str, &str); 7] {
    [
        ("group.account-view.group.protocol", protocol),
        ("group.account-view.group.instance.id", is_static),
        ("broker.group.consumer.session.timeout.ms", "6000"),
        ("broker.group.consumer.heartbeat.interval.ms", "1000"),
        ("group.account-view.session.timeout.ms", "6000"),
        ("group.account-view.heartbeat.interval.ms", "1000"),
        ("group.account-view.max.poll.interval.ms", "30000"),
    ]
}

#[test]
fn c2_a_session_ends_at_the_next_coordinator_though_it_would_have_ended_while_there_was_none() {
    for protocol in PROTOCOLS {
        let mut world = running(&sets(protocol));
        let partitions = members(&world).1;
        assert_eq!(members(&world).0, 1, "{protocol:?}");
        lay_for(&mut world, FaultKind::CoordinatorLost, Target::Cluster, 20_000);
        run_on(&mut world, 12_000);
        lay_for(&mut world, FaultKind::ConsumerKilled, Target::Group(0), 20_000);
        run_on(&mut world, 60_000);
        set(&mut world, "client.commands-per-minute", "0");
        run_on(&mut world, 60_000);
        assert_eq!((members(&world), lag(&world)), ((1, partitions), 0), "{protocol:?}");
    }
}

#[test]
fn c2_a_session_ends_though_no_broker_lived_for_a_while() {
    for protocol in PROTOCOLS {
        let mut world = running(&sets(protocol));
        let partitions = members(&world).1;
        for broker in 1..=3 {
            lay_for(&mut world, FaultKind::BrokerKilled, Target::Node(Node::Broker(broker)), 60_000);
        }
        run_on(&mut world, 30_000);
        lay_for(&mut world, FaultKind::ConsumerKilled, Target::Group(0), 40_000);
        run_on(&mut world, 90_000);
        set(&mut world, "client.commands-per-minute", "0");
        run_on(&mut world, 60_000);
        assert_eq!((members(&world), lag(&world)), ((1, partitions), 0), "{protocol:?}");
    }
}

/// A process dies for good; a second one joins and waits in vain for the first one's session to end.
#[test]
fn c2_who_waited_too_long_to_join_is_told_so_and_joins_again() {
    let mut world = running(&[("group.account-view.session.timeout.ms", "600000")]);
    let partitions = members(&world).1;
    let rule = FaultRule {
        moment: Moment::Lasting { until: None },
        ..FaultRule::usual(FaultKind::ConsumerKilled, Target::Node(Node::Consumer(0)))
    };
    let at = world.now();
    world.intervene(at, &Intervention::Inject(rule)).expect("it fits");
    set(&mut world, "group.account-view.consumers", "2");
    run_on(&mut world, 320_000);
    assert_eq!(members(&world), (1, partitions));
}

/// Its partitions, that is: the next coordinator does not know that it has gone.
#[test]
fn c1_who_left_just_before_the_coordinator_died_leaves_nothing_behind() {
    let mut world = running(&[("group.account-view.consumers", "2")]);
    let partitions = members(&world).1;
    assert_eq!(members(&world).0, 2);
    set(&mut world, "group.account-view.consumers", "1");
    while members(&world).0 == 2 {
        assert!(world.step());
    }
    lay_for(&mut world, FaultKind::CoordinatorLost, Target::Cluster, 20_000);
    run_on(&mut world, 90_000);
    set(&mut world, "client.commands-per-minute", "0");
    run_on(&mut world, 60_000);
    assert_eq!((members(&world), lag(&world)), ((1, partitions), 0));
}
