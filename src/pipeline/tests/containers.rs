//! Listener containers under settings that contradict each other, and with transactions slower than their callers' patience.

use std::sync::Arc;

use super::super::{Duty, FactKind, ProcessState, World};
use crate::fault::{FaultId, FaultKind, FaultRule, Link, Moment, Node, Target};
use crate::kernel::SimTime;
use crate::listener::{self, AckMode, Action as ListenerAction, ContainerProperties, ListenerProgram};
use crate::scenario::{Intervention, LabAction, Scenario, TOPIC, builtin};

const SECOND: u64 = 1_000_000;

fn act(world: &mut World, intervention: Intervention) {
    world.intervene(world.now(), &intervention).expect("it fits");
}

/// Sets something of the view's group, or of everybody.
fn set(world: &mut World, key: &str, value: &str) {
    act(world, Intervention::Set { key: key.into(), value: value.into() });
}

fn set_of_view(world: &mut World, key: &str, value: &str) {
    set(world, &format!("group.account-view.{key}"), value);
}

/// A run in which the view's group has these settings, at its eighth second.
fn view_with(sets: &[(&str, &str)]) -> World {
    let mut scenario = Scenario::plain("containers", 7);
    for (key, value) in sets {
        scenario.config.set_text(&format!("group.account-view.{key}"), value).expect("a setting of the table");
    }
    let mut world = World::new(&scenario);
    world.run_until(SimTime::from_ms(8_000));
    world
}

fn listener_throws(world: &mut World, times: u32) {
    let rule = FaultRule { moment: Moment::Armed { times }, ..FaultRule::usual(FaultKind::ListenerThrows, Target::Group(0)) };
    act(world, Intervention::Inject(rule));
}

/// No more commands; then time enough for all that is under way.
fn drain(world: &mut World, seconds: u64) {
    set(world, "client.commands-per-minute", "0");
    world.run_until(world.now() + seconds * SECOND);
    assert_eq!(world.pending(), None);
}

fn all_of_view_run(world: &World) {
    for place in world.consumers().iter().filter(|c| c.group == Some(0)) {
        assert_eq!(place.state, ProcessState::Running, "{}", place.name);
    }
}

#[test]
fn d1_async_acks_that_nobody_can_give_stop_no_group_and_are_taken_back() {
    for key in ["enable.auto.commit", "kafkaAwareTransactionManager"] {
        let mut world = view_with(&[]);
        set_of_view(&mut world, key, "true");
        set_of_view(&mut world, "asyncAcks", "true");
        world.run_until(SimTime::from_ms(18_000));
        all_of_view_run(&world);
        set_of_view(&mut world, "asyncAcks", "false");
        world.run_until(SimTime::from_ms(28_000));
        all_of_view_run(&world);
        drain(&mut world, 20);
        assert!(world.violations().is_empty(), "{key}: {:?}", world.violations()[0]);
    }
}

/// What a container refuses at its start is over: whoever stops it waits for nothing.
#[test]
fn d1_a_container_that_refuses_to_start_is_stopped() {
    let mut world = World::new(&Scenario::plain("refused", 7));
    let program = Box::new(ListenerProgram::always(vec![ListenerAction::Effect]));
    act(&mut world, Intervention::Lab(LabAction::OpenListener { program }));
    let mut properties = ContainerProperties::new("refused", "refused", vec![Arc::from(TOPIC)]);
    properties.auto_commit = true;
    properties.ack_mode = AckMode::Manual;
    let start = LabAction::StartContainer {
        properties: Box::new(properties),
        consumer: vec![("group.id".into(), "refused".into())],
        producer: Vec::new(),
        listener: 0,
        projection: None,
    };
    act(&mut world, Intervention::Lab(start));
    let place = world.consumers().last().expect("it was made");
    assert_eq!((&*place.name, place.state), ("refused", ProcessState::Stopped));
}

/// The facts of the listeners of retry topics, with their times.
fn of_retry_topics(world: &World) -> Vec<(SimTime, &listener::Fact)> {
    let is_retry = |node: Node| matches!(node, Node::Consumer(slot) if matches!(world.consumers()[slot as usize].duty, Duty::Retry(_)));
    let fact = |f: &&crate::pipeline::Fact| is_retry(f.actor);
    let facts = world.trace().iter().filter(fact);
    facts.filter_map(|f| if let FactKind::Listener(fact) = &f.kind { Some((f.at, fact)) } else { None }).collect()
}

#[test]
fn d13_retry_topics_have_an_error_handler_of_their_own() {
    for handler in ["CommonLoggingErrorHandler", "CommonContainerStoppingErrorHandler"] {
        let mut world = view_with(&[("retryTopics.maxAttempts", "3"), ("retryTopics.backOff", "30000"), ("on-failure", "throw")]);
        listener_throws(&mut world, 3);
        world.run_until(SimTime::from_ms(12_000));
        set_of_view(&mut world, "commonErrorHandler", handler);
        drain(&mut world, 80);
        all_of_view_run(&world);
        let delivered = of_retry_topics(&world).iter().filter(|(_, f)| matches!(f, listener::Fact::Delivered { .. })).count();
        assert_eq!(delivered, 3, "{handler}: each record that failed comes again once");
    }
}

#[test]
fn d13_a_listener_with_retry_topics_gets_records_one_by_one_and_waits_for_each() {
    let mut world = view_with(&[
        ("listener", "batch"),
        ("ackMode", "BATCH"),
        ("retryTopics.maxAttempts", "3"),
        ("retryTopics.backOff", "30000"),
        ("on-failure", "throw"),
    ]);
    listener_throws(&mut world, 1);
    world.run_until(SimTime::from_ms(12_000));
    let is_failure = |f: &&crate::pipeline::Fact| matches!(&f.kind, FactKind::Listener(listener::Fact::Threw { .. }));
    let failed_at = world.trace().iter().find(is_failure).expect("the fault struck").at;
    drain(&mut world, 60);
    let is_call = |f: &listener::Fact| matches!(f, listener::Fact::Delivered { .. } | listener::Fact::BatchDelivered { .. });
    let delivered: Vec<SimTime> = of_retry_topics(&world).into_iter().filter(|(_, f)| is_call(f)).map(|(at, _)| at).collect();
    assert_eq!(delivered.len(), 1, "the record that failed comes again");
    assert!(delivered[0].since(failed_at) >= 30 * SECOND, "failed at {failed_at:?}, again at {:?}", delivered[0]);
}

/// The scenario of transactions in containers, with these settings from the start.
fn transactions_with(sets: &[(&str, &str)]) -> World {
    let mut scenario = builtin("consume-transform-produce").expect("built in");
    scenario.program.clear();
    for (key, value) in sets {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    World::new(&scenario)
}

/// The brokers answer the producers of consumer 0 late from now on.
fn lay_slow_link(world: &mut World, amount: u64) {
    let target = Target::Link { link: Link::Produce, of: Some(Node::Consumer(0)) };
    let rule = FaultRule { moment: Moment::Lasting { until: None }, amount, ..FaultRule::usual(FaultKind::LinkSlow, target) };
    act(world, Intervention::Inject(rule));
}

const IMPATIENT: (&str, &str) = ("producer.max.block.ms", "400");

#[test]
fn e4_a_transaction_slower_than_max_block_ms_is_tried_again_with_another_producer() {
    for commit_recovered in ["true", "false"] {
        let mut world = transactions_with(&[IMPATIENT, ("group.account-view.commitRecovered", commit_recovered)]);
        world.run_until(SimTime::from_ms(8_000));
        lay_slow_link(&mut world, 500);
        world.run_until(SimTime::from_ms(14_000));
        act(&mut world, Intervention::EndFault(FaultId(0)));
        world.run_until(SimTime::from_ms(16_000));
        drain(&mut world, 40);
        assert!(world.violations().is_empty(), "commitRecovered={commit_recovered}: {:?}", world.violations()[0]);
        let accounts = world.bank().expect("a bank").accounts();
        assert!(accounts.iter().all(|a| a.write.map(|w| w.balance) == a.read.map(|r| r.balance)), "{commit_recovered}");
    }
}

#[test]
fn e4_a_first_transaction_that_was_begun_too_slowly_hangs_no_container() {
    let mut world = transactions_with(&[IMPATIENT]);
    lay_slow_link(&mut world, 500);
    world.run_until(SimTime::from_ms(12_000));
    act(&mut world, Intervention::EndFault(FaultId(0)));
    world.run_until(SimTime::from_ms(14_000));
    drain(&mut world, 40);
    assert!(world.violations().is_empty(), "{:?}", world.violations()[0]);
}

#[test]
fn e4_a_producer_without_any_patience_stops_no_clock() {
    for kind in ["record", "batch"] {
        for commit_recovered in ["true", "false"] {
            let mut world = transactions_with(&[
                ("producer.max.block.ms", "0"),
                ("group.account-view.listener", kind),
                ("group.account-view.commitRecovered", commit_recovered),
            ]);
            world.run_until(SimTime::from_ms(12_000));
            assert_eq!(world.now(), SimTime::from_ms(12_000));
        }
    }
}
