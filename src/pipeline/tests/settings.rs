//! Every setting can be what its table says, from the beginning and while it runs.

use super::super::{Action, Intervention, InterventionError, ProcessState, World};
use crate::fault::Node;
use crate::kernel::SimTime;
use crate::scenario::{Kind, Scenario, Scope, Setting, SettingError, TOPIC, TakesEffect, Unit, settings};

/// Values to try, in text, each another one than the default.
fn others(setting: &Setting) -> Vec<String> {
    match setting.kind() {
        Kind::Bool => vec!["true".to_owned(), "false".to_owned()],
        Kind::Choice(choices) => choices.iter().map(|c| (*c).to_owned()).collect(),
        Kind::Latency => vec!["0ms".to_owned(), "~40ms".to_owned(), "1ms..9ms".to_owned()],
        // The greatest numbers of what costs are left to the benches.
        Kind::Int { min, unit: Unit::PerMinute, .. } => vec![min.to_string(), "600".to_owned()],
        Kind::Int { min, max, .. } => vec![min.to_string(), max.min(5_000).to_string()],
    }
    .into_iter()
    .filter(|text| *text != setting.default.to_string())
    .collect()
}

#[test]
fn every_setting_can_be_changed_while_it_runs() {
    let mut begun = World::new(&Scenario::plain("settings", 3));
    begun.run_until(SimTime::from_ms(5_000));
    for setting in settings() {
        for value in others(setting) {
            let mut world = begun.clone();
            let change = Intervention::Set { key: setting.key.as_str().into(), value: value.as_str().into() };
            if let Err(error) = world.intervene(world.now(), &change) {
                // Some settings exclude each other (A9, A10, B10, C2); nothing else may be refused.
                let conflict = matches!(error, InterventionError::Setting(SettingError::Conflict { .. }));
                assert!(conflict, "{}={value}: {error}", setting.key);
                continue;
            }
            world.run_until(SimTime::from_ms(8_000));
            assert_eq!(world.config().get(&setting.key).expect("a key of the table").to_string(), value);
        }
    }
}

#[test]
fn every_setting_can_be_so_from_the_beginning() {
    for setting in settings() {
        for value in others(setting) {
            let mut scenario = Scenario::plain("settings", 3);
            scenario.config.set_text(&setting.key, &value).expect("a value of its kind");
            World::new(&scenario).run_until(SimTime::from_ms(5_000));
        }
    }
}

#[test]
fn what_the_real_system_refuses_is_refused_with_its_class() {
    let set = |world: &mut World, key: &str, value: &str| {
        let change = Intervention::Set { key: key.into(), value: value.into() };
        match world.intervene(world.now(), &change) {
            Ok(()) => None,
            Err(InterventionError::Setting(SettingError::Conflict { class, .. })) => Some(class),
            Err(other) => panic!("{key}={value}: {other}"),
        }
    };
    let mut world = World::new(&Scenario::plain("settings", 3));
    assert_eq!(set(&mut world, "producer.delivery.timeout.ms", "10000"), Some("KafkaException"));
    assert_eq!(set(&mut world, "group.account-view.session.timeout.ms", "2000"), Some("KafkaException"));
    assert_eq!(set(&mut world, "topic.max.compaction.lag.ms", "1000"), None);
    assert_eq!(set(&mut world, "topic.min.compaction.lag.ms", "1001"), Some("InvalidConfigurationException"));
    // A scenario that contradicts itself, as a script may: what it is made to be is no reason to refuse anything.
    let mut scenario = Scenario::plain("settings", 3);
    scenario.config.set_text("producer.delivery.timeout.ms", "10000").expect("a setting");
    let mut world = World::new(&scenario);
    assert_eq!(set(&mut world, "link.fetch.latency", "~40ms"), None);
    assert_eq!(set(&mut world, "producer.linger.ms", "10"), None);
    assert_eq!(set(&mut world, "producer.max.in.flight.requests.per.connection", "10"), Some("ConfigException"));
}

#[test]
fn what_takes_effect_at_a_restart_restarts_the_consumers_in_order() {
    let mut world = World::new(&Scenario::plain("settings", 3));
    world.run_until(SimTime::from_ms(8_000));
    let change = Intervention::Set { key: "group.account-view.ackMode".into(), value: "BATCH".into() };
    world.intervene(world.now(), &change).expect("it fits");
    world.run_until(SimTime::from_ms(16_000));
    for place in world.consumers().iter().filter(|c| c.group == Some(0)) {
        assert_eq!(place.incarnation, 1, "{}", place.name);
        assert_eq!(place.container.properties().ack_mode, crate::listener::AckMode::Batch);
    }
    assert!(world.lag("account-view", 0) + world.lag("account-view", 1) + world.lag("account-view", 2) < 5);
}

/// A container that neither leaves its group nor commits anything stops within the call that tells it to.
#[test]
fn consumers_that_stop_at_once_are_started_again_too() {
    for (key, value) in [("group.account-view.group.instance.id", "true"), ("group.account-view.internal.leave.group.on.close", "false")] {
        let mut scenario = Scenario::plain("settings", 3);
        for (key, value) in [(key, value), ("client.commands-per-minute", "0")] {
            scenario.config.set_text(key, value).expect("a setting of the table");
        }
        let mut world = World::new(&scenario);
        world.run_until(SimTime::from_ms(8_000));
        let change = Intervention::Set { key: "group.account-view.ackMode".into(), value: "BATCH".into() };
        world.intervene(world.now(), &change).expect("it fits");
        world.run_until(SimTime::from_ms(16_000));
        for place in world.consumers().iter().filter(|c| c.group == Some(0)) {
            assert_eq!((place.state, place.incarnation), (ProcessState::Running, 1), "{key}: {}", place.name);
        }
    }
}

/// A tool that finds no broker asks again until one answers.
#[test]
fn a_topic_is_changed_once_a_broker_runs_again() {
    let mut world = World::new(&Scenario::plain("settings", 3));
    let act = |world: &mut World, intervention| {
        let at = world.now();
        world.intervene(at, &intervention).expect("it fits");
    };
    world.run_until(SimTime::from_ms(8_000));
    let brokers = || [Node::Broker(1), Node::Broker(2), Node::Broker(3)].into_iter();
    brokers().for_each(|broker| act(&mut world, Intervention::Act(Action::Kill(broker))));
    act(&mut world, Intervention::Set { key: "topic.min.insync.replicas".into(), value: "1".into() });
    brokers().for_each(|broker| act(&mut world, Intervention::Act(Action::Start(broker))));
    world.run_until(SimTime::from_ms(40_000));
    let topic = world.cluster().topics().by_name(TOPIC).expect("the bank's topic");
    assert_eq!(topic.config.min_insync_replicas, 1);
}

#[test]
fn links_and_databases_change_at_once() {
    let at_once = settings().iter().filter(|s| s.scope() == Scope::Link).all(|s| s.takes_effect() == TakesEffect::Now);
    assert!(at_once);
    let mut world = World::new(&Scenario::plain("settings", 3));
    world.run_until(SimTime::from_ms(8_000));
    let change = Intervention::Set { key: "link.client-api.latency".into(), value: "700ms".into() };
    world.intervene(world.now(), &change).expect("it fits");
    let sent = world.flights().sent_count();
    world.run_until(SimTime::from_ms(20_000));
    assert!(world.flights().sent_count() > sent);
    let slow = world.flights().iter().filter(|f| f.link == crate::fault::Link::ClientApi && f.sent_at > SimTime::from_ms(8_000));
    assert!(slow.into_iter().all(|f| f.due_at.since(f.sent_at) >= 700_000));
}

/// Settings with which nothing may go wrong as long as nothing is broken.
const SAFE: &[&[(&str, &str)]] = &[
    &[("group.account-view.group.protocol", "consumer")],
    &[("group.account-view.group.protocol", "consumer"), ("group.account-view.group.instance.id", "true")],
    &[("group.account-view.partition.assignment.strategy", "roundrobin")],
    &[("group.account-view.partition.assignment.strategy", "sticky")],
    &[("group.account-view.partition.assignment.strategy", "cooperative-sticky")],
    &[("group.account-view.group.instance.id", "true")],
    &[("group.account-view.concurrency", "2")],
    &[("group.account-view.consumers", "5")],
    &[("group.account-view.isolation.level", "read_committed")],
    &[("group.account-view.ackMode", "RECORD")],
    &[("group.account-view.ackMode", "BATCH")],
    &[("group.account-view.ackMode", "TIME"), ("group.account-view.pollTimeout", "500")],
    &[("group.account-view.ackMode", "COUNT"), ("group.account-view.ackCount", "1")],
    &[("group.account-view.ackMode", "COUNT_TIME"), ("group.account-view.pollTimeout", "500")],
    &[("group.account-view.ackMode", "MANUAL")],
    &[("group.account-view.ackMode", "MANUAL"), ("group.account-view.asyncAcks", "true")],
    &[("group.account-view.listener", "batch"), ("group.account-view.ackMode", "BATCH")],
    &[("group.account-view.listener", "batch"), ("group.account-view.ackMode", "MANUAL")],
    &[("group.account-view.listener", "batch"), ("group.account-view.ackMode", "MANUAL_IMMEDIATE")],
    &[("group.account-view.retryTopics.maxAttempts", "3")],
    &[("group.account-view.max.poll.records", "1")],
    &[("api.publication", "inside-transaction")],
    &[("api.publication", "after-commit")],
    &[("client.completion", "polling")],
    &[("group.account-view.idempotency", "none"), ("group.transfer-history.idempotency", "versioned-upsert")],
    &[("producer.acks", "1")],
    &[("producer.acks", "0")],
    &[("producer.enable.idempotence", "false")],
    &[("producer.linger.ms", "100")],
    &[("topic.partitions", "1")],
    &[("broker.brokers", "1")],
    &[("topic.segment.bytes", "1024")],
    &[("topic.message.timestamp.type", "LogAppendTime")],
    &[("producer.max.block.ms", "5000"), ("producer.buffer.memory", "65536")],
    &[("producer.partitioner.adaptive.partitioning.enable", "false"), ("producer.retry.backoff.max.ms", "100")],
    &[("group.account-view.fetch.min.bytes", "2000")],
    &[("group.account-view.fetch.max.bytes", "1"), ("group.account-view.max.partition.fetch.bytes", "1")],
    &[("group.account-view.group.protocol", "consumer"), ("group.account-view.group.remote.assignor", "range")],
    &[("group.account-view.internal.leave.group.on.close", "false")],
    &[("group.account-view.enable.auto.commit", "true"), ("group.account-view.auto.commit.interval.ms", "500")],
    &[("group.account-view.syncCommits", "false")],
    &[("group.account-view.stopImmediate", "true"), ("group.account-view.pauseImmediate", "true")],
    &[("group.account-view.idleBetweenPolls", "200")],
    &[("group.account-view.idleEventInterval", "300"), ("group.account-view.idleBeforeDataMultiplier", "100")],
    &[("group.account-view.acknowledge", "other-thread"), ("group.account-view.ackMode", "MANUAL")],
    &[("group.account-view.ackMode", "RECORD"), ("group.account-view.asyncAcks", "true")],
    &[("group.account-view.retryTopics.maxAttempts", "4"), ("group.account-view.retryTopics.backOff.multiplier", "200")],
    &[
        ("group.account-view.retryTopics.maxAttempts", "4"),
        ("group.account-view.retryTopics.sameIntervalTopicReuseStrategy", "MULTIPLE_TOPICS"),
        ("group.account-view.retryTopics.dltStrategy", "NO_DLT"),
    ],
    &[("topic.dlt.partitions", "0")],
    &[("group.account-view.enable.auto.commit", "true"), ("group.account-view.asyncAcks", "true")],
    &[("group.account-view.kafkaAwareTransactionManager", "true"), ("group.account-view.asyncAcks", "true")],
    &[("group.account-view.listener", "batch"), ("group.account-view.ackMode", "RECORD"), ("group.account-view.asyncAcks", "true")],
    &[("group.account-view.retryTopics.maxAttempts", "3"), ("group.account-view.commonErrorHandler", "CommonLoggingErrorHandler")],
    &[("group.account-view.retryTopics.maxAttempts", "3"), ("group.account-view.listener", "batch")],
];

#[test]
fn without_faults_everything_arrives_whatever_the_settings() {
    for sets in SAFE {
        let mut scenario = Scenario::plain("safe", 9);
        for (key, value) in *sets {
            scenario.config.set_text(key, value).expect("a setting of the table");
        }
        let mut world = World::new(&scenario);
        world.run_until(SimTime::from_ms(15_000));
        let stop = Intervention::Set { key: "client.commands-per-minute".into(), value: "0".into() };
        world.intervene(world.now(), &stop).expect("it fits");
        world.run_until(SimTime::from_ms(35_000));
        assert_eq!(world.pending(), None, "{sets:?}");
        assert!(world.violations().is_empty(), "{sets:?}: {:?}", world.violations()[0]);
        assert!(
            world.bank().expect("a bank").accounts().iter().all(|a| a.write.map(|w| w.balance) == a.read.map(|r| r.balance)),
            "{sets:?}"
        );
    }
}
