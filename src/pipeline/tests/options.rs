//! What a setting is for shows in a run: one test for each that is more than a number handed on.

use super::super::{FactKind, ProcessState, World};
use crate::bank;
use crate::broker;
use crate::fault::{FaultKind, FaultRule, Moment, Node, Target};
use crate::kernel::SimTime;
use crate::listener;
use crate::scenario::{Action, Intervention, ResetTo, Scenario};

/// A run with these settings at this second.
fn run(sets: &[(&str, &str)], seconds: u64) -> World {
    let mut scenario = Scenario::plain("options", 5);
    for (key, value) in sets {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    let mut world = World::new(&scenario);
    world.run_until(SimTime::from_ms(seconds * 1_000));
    world
}

fn lay(world: &mut World, kind: FaultKind, target: Target, times: u32) {
    let rule = FaultRule { moment: Moment::Armed { times }, ..FaultRule::usual(kind, target) };
    world.intervene(world.now(), &Intervention::Inject(rule)).expect("it fits");
}

fn set(world: &mut World, key: &str, value: &str) {
    let change = Intervention::Set { key: key.into(), value: value.into() };
    world.intervene(world.now(), &change).expect("it fits");
}

/// How many such facts there are of the view's containers.
fn listener_facts(world: &World, is: impl Fn(&listener::Fact) -> bool) -> usize {
    let of_view = |node: Node| matches!(node, Node::Consumer(slot) if world.consumers()[slot as usize].group == Some(0));
    world.trace().iter().filter(|f| of_view(f.actor) && matches!(&f.kind, FactKind::Listener(fact) if is(fact))).count()
}

/// How many such facts there are of the bank.
fn bank_facts(world: &World, is: impl Fn(&bank::FactKind) -> bool) -> usize {
    world.trace().iter().filter(|f| matches!(&f.kind, FactKind::Bank(kind) if is(kind))).count()
}

fn applied_to_view(kind: &bank::FactKind) -> bool {
    matches!(kind, bank::FactKind::Applied { projection: bank::Projection::AccountView, .. })
}

#[test]
fn d12_without_the_topic_of_dead_letters_the_record_is_tried_for_ever_until_somebody_creates_it() {
    let sets = [
        ("topic.dlt.partitions", "0"),
        ("group.account-view.on-failure", "throw"),
        ("group.account-view.backOff.maxAttempts", "0"),
        ("producer.max.block.ms", "2000"),
    ];
    let mut world = run(&sets, 8);
    let kind = FaultKind::ListenerThrowsFatal;
    let rule = FaultRule { moment: Moment::Armed { times: 50 }, ..FaultRule::usual(kind, Target::Group(0)) };
    world.intervene(world.now(), &Intervention::Inject(rule)).expect("it fits");
    world.run_until(SimTime::from_ms(20_000));
    assert!(listener_facts(&world, |f| matches!(f, listener::Fact::RecoveryFailed { .. })) > 1);
    assert_eq!(listener_facts(&world, |f| matches!(f, listener::Fact::Recovered { .. })), 0);
    set(&mut world, "topic.dlt.partitions", "1");
    world.run_until(SimTime::from_ms(30_000));
    assert!(listener_facts(&world, |f| matches!(f, listener::Fact::Recovered { .. })) > 0);
    let topic = world.cluster().topics().by_name("transfer-events-dlt").expect("it was created");
    assert_eq!(topic.partitions, 1);
}

#[test]
fn d12_the_suffix_names_the_topic_and_the_key_may_choose_the_partition() {
    let sets = [
        ("group.account-view.recoverer.suffix", ".DLT"),
        ("group.account-view.recoverer.destinationResolver", "by-key"),
        ("group.account-view.on-failure", "throw"),
        ("topic.dlt.partitions", "7"),
    ];
    let mut world = run(&sets, 8);
    lay(&mut world, FaultKind::ListenerThrowsFatal, Target::Group(0), 4);
    world.run_until(SimTime::from_ms(20_000));
    let topic = world.cluster().topics().by_name("transfer-events.DLT").expect("named after the suffix");
    let (id, count) = (topic.id, topic.partitions);
    let mut letters = 0;
    for partition in 0..count {
        let leader = world.cluster().leader(broker::TopicPartition { topic: id, partition }).expect("a leader");
        for record in leader.records_from(0) {
            let key = record.key.as_deref().expect("events have keys");
            assert_eq!(broker::partition_for_key(key, count), partition, "A1");
            letters += 1;
        }
    }
    assert_eq!(letters, 4);
}

/// How many records a topic holds.
fn record_count(world: &World, topic: &str) -> u64 {
    let partitions = (0..world.partition_count()).filter_map(|p| world.cluster().partition_named(topic, p));
    partitions.map(|partition| world.high_watermark(partition)).sum()
}

#[test]
fn d12_the_dead_letters_of_each_group_are_sent_again_once() {
    let mut world = run(&[("group.account-view.on-failure", "throw"), ("group.transfer-history.on-failure", "throw")], 8);
    lay(&mut world, FaultKind::ListenerThrowsFatal, Target::Group(0), 2);
    lay(&mut world, FaultKind::ListenerThrowsFatal, Target::Group(1), 3);
    world.run_until(SimTime::from_ms(20_000));
    set(&mut world, "client.commands-per-minute", "0");
    world.run_until(SimTime::from_ms(30_000));
    assert_eq!(record_count(&world, "transfer-events-dlt"), 5);
    let before = record_count(&world, "transfer-events");
    for (group, again, seconds) in [(0, 2, 40), (1, 5, 50), (0, 5, 60), (1, 5, 70)] {
        world.intervene(world.now(), &Intervention::Act(Action::ReplayDeadLetters { group })).expect("it fits");
        world.run_until(SimTime::from_ms(seconds * 1_000));
        assert_eq!(record_count(&world, "transfer-events") - before, again, "after group {group}");
    }
}

#[test]
fn d13_a_dead_letter_that_is_sent_again_has_all_its_attempts_before_it() {
    let sets = [("group.account-view.retryTopics.maxAttempts", "3"), ("group.account-view.on-failure", "throw")];
    let mut world = run(&sets, 8);
    lay(&mut world, FaultKind::ListenerThrowsFatal, Target::Group(0), 2);
    world.run_until(SimTime::from_ms(20_000));
    let headers = |world: &World, topic: &str| -> usize {
        let partitions = (0..world.partition_count()).filter_map(|p| world.cluster().partition_named(topic, p));
        let records = partitions.filter_map(|p| world.cluster().leader(p)).flat_map(|leader| leader.records_from(0));
        records.flat_map(|record| record.headers.iter()).filter(|header| header.name.starts_with("retry_topic-")).count()
    };
    assert!(headers(&world, "transfer-events-dlt") > 0);
    let before = record_count(&world, "transfer-events");
    world.intervene(world.now(), &Intervention::Act(Action::ReplayDeadLetters { group: 0 })).expect("it fits");
    world.run_until(SimTime::from_ms(30_000));
    assert!(record_count(&world, "transfer-events") > before);
    assert_eq!(headers(&world, "transfer-events"), 0);
}

#[test]
fn d13_a_chain_has_a_container_for_each_of_its_topics_and_no_other() {
    let groups = |sets: &[(&str, &str)]| {
        let world = run(sets, 8);
        let of_group = world.consumers().iter().filter(|c| c.group == Some(0));
        of_group.map(|c| c.container.consumer().config().group_id.clone()).collect::<Vec<_>>()
    };
    let attempts = ("group.account-view.retryTopics.maxAttempts", "4");
    let one = ("group.account-view.consumers", "1");
    assert_eq!(groups(&[one, attempts]), ["account-view", "account-view-retry", "account-view-dlt"]);
    let growing = ("group.account-view.retryTopics.backOff.multiplier", "200");
    assert_eq!(
        groups(&[one, attempts, growing]),
        ["account-view", "account-view-retry-1000", "account-view-retry-2000", "account-view-retry-4000", "account-view-dlt"]
    );
    let no_dlt = ("group.account-view.retryTopics.dltStrategy", "NO_DLT");
    let index = ("group.account-view.retryTopics.topicSuffixingStrategy", "SUFFIX_WITH_INDEX_VALUE");
    assert_eq!(
        groups(&[one, attempts, growing, no_dlt, index]),
        ["account-view", "account-view-retry-0", "account-view-retry-1", "account-view-retry-2"]
    );
}

#[test]
fn d13_blocking_retries_come_before_the_retry_topic() {
    let sets = [
        ("group.account-view.retryTopics.maxAttempts", "3"),
        ("group.account-view.retryTopics.blockingRetries", "2"),
        ("group.account-view.consumers", "1"),
    ];
    let mut world = run(&sets, 8);
    lay(&mut world, FaultKind::ListenerThrows, Target::Group(0), 2);
    world.run_until(SimTime::from_ms(16_000));
    assert_eq!(listener_facts(&world, |f| matches!(f, listener::Fact::Failed { .. })), 2);
    assert_eq!(listener_facts(&world, |f| matches!(f, listener::Fact::Recovered { .. })), 0, "the third attempt on the spot succeeded");
}

#[test]
fn d8_an_exception_that_is_listed_as_not_retryable_is_given_up_at_once() {
    let sets = [("group.account-view.on-failure", "throw"), ("group.account-view.addNotRetryableExceptions", "IllegalStateException")];
    for (sets, failures) in [(&sets[..1], 0), (&sets[..], 1)] {
        let mut world = run(sets, 8);
        lay(&mut world, FaultKind::ListenerThrows, Target::Group(0), 1);
        world.run_until(SimTime::from_ms(16_000));
        assert_eq!(listener_facts(&world, |f| matches!(f, listener::Fact::Recovered { .. })), failures, "{sets:?}");
    }
}

#[test]
fn c7_auto_commit_commits_what_was_polled_by_itself() {
    let sets = [("group.account-view.enable.auto.commit", "true"), ("group.account-view.auto.commit.interval.ms", "500")];
    let mut world = run(&sets, 10);
    set(&mut world, "client.commands-per-minute", "0");
    world.run_until(SimTime::from_ms(20_000));
    assert_eq!(listener_facts(&world, |f| matches!(f, listener::Fact::Acknowledged { .. })), 0, "nobody acknowledges");
    assert_eq!((0..3).map(|p| world.lag("account-view", p)).sum::<u64>(), 0);
}

#[test]
fn d3_whoever_acknowledges_before_the_effect_loses_it_by_dying_between() {
    let sets = [
        ("group.account-view.acknowledge", "before-effect"),
        ("group.account-view.consumers", "1"),
        ("group.account-view.listener-time", "300ms"),
        ("group.account-view.session.timeout.ms", "6000"),
        ("group.transfer-history.consumers", "0"),
    ];
    let mut world = run(&sets, 8);
    while world.calls.is_empty() {
        assert!(world.step() && world.now() < SimTime::from_ms(20_000), "the listener never works");
    }
    let kill = Intervention::Act(Action::Kill(Node::Consumer(0)));
    world.intervene(world.now(), &kill).expect("it fits");
    let start = Intervention::Act(Action::Start(Node::Consumer(0)));
    world.intervene(world.now(), &start).expect("it fits");
    world.run_until(world.now() + 15_000_000);
    assert!(world.violations().iter().any(|v| v.kind.rule() == Some("D3")), "{:?}", world.violations());
}

#[test]
fn a6_without_keys_records_stay_with_the_sticky_partition() {
    let world = run(&[("producer.partitioner.ignore.keys", "true"), ("api.relay-batch-size", "1000")], 3);
    let ends: Vec<u64> = (0..3).map(|p| world.cluster().leader(world.topic_partition(p)).expect("a leader").log.end()).collect();
    assert!(ends.iter().filter(|end| **end > 0).count() == 1, "{ends:?}: far from 16 KiB, so there was no other choice");
}

#[test]
fn c2_a_consumer_that_closes_without_a_word_is_missed_only_after_its_session() {
    let quick = ("group.account-view.session.timeout.ms", "6000");
    let silent = ("group.account-view.internal.leave.group.on.close", "false");
    let moved = |sets: &[(&str, &str)]| {
        let mut world = run(sets, 8);
        let generation = |world: &World| world.cluster().groups.group("account-view").expect("a group").generation;
        let before = generation(&world);
        set(&mut world, "group.account-view.consumers", "1");
        world.run_until(SimTime::from_ms(12_000));
        generation(&world) > before
    };
    assert!(moved(&[quick]));
    assert!(!moved(&[quick, silent]));
}

/// A transactional bank whose groups read only what is committed.
const TRANSACTIONAL: &[(&str, &str)] = &[
    ("producer.transactional.id", "true"),
    ("group.account-view.isolation.level", "read_committed"),
    ("group.transfer-history.isolation.level", "read_committed"),
];

/// No more commands; then time enough for all that is under way.
fn drain(world: &mut World, until_ms: u64) {
    set(world, "client.commands-per-minute", "0");
    world.run_until(SimTime::from_ms(until_ms));
    assert_eq!(world.pending(), None);
}

#[test]
fn e1_a_transactional_relay_writes_a_marker_behind_each_transaction() {
    let mut world = run(TRANSACTIONAL, 10);
    drain(&mut world, 20_000);
    assert!(world.violations().is_empty(), "{:?}", world.violations()[0]);
    let mut counts = [0, 0];
    for partition in 0..world.partition_count() {
        let leader = world.cluster().leader(world.topic_partition(partition)).expect("a leader");
        for record in leader.records_from(0) {
            counts[usize::from(record.control.is_some())] += 1;
            assert!(record.stamp.is_none_or(|stamp| stamp.transactional), "every event belongs to a transaction");
        }
        assert_eq!(leader.last_stable_offset(), leader.log.end());
    }
    assert!(counts[0] > 5 && counts[1] > 5, "{counts:?}");
    // The container commits record offset + 1: the marker behind it counts as lag for ever (C5).
    assert!((0..3).any(|p| world.lag("account-view", p) == 1) && (0..3).all(|p| world.unread("account-view", p) == 0));
}

#[test]
fn e2_a_publisher_that_dies_in_its_transaction_holds_back_only_those_who_read_what_is_committed() {
    for (level, behind) in [("read_committed", true), ("read_uncommitted", false)] {
        let sets = [TRANSACTIONAL[0], ("group.account-view.isolation.level", level), ("client.commands-per-minute", "300")];
        let mut world = run(&sets, 8);
        lay(&mut world, FaultKind::TransactionCrash, Target::Node(Node::Relay), 1);
        let open = |world: &World| {
            let leaders = (0..3).filter_map(|p| world.cluster().leader(world.topic_partition(p)));
            leaders.map(|l| l.high_watermark - l.last_stable_offset()).sum::<u64>()
        };
        while open(&world) == 0 || world.bank().expect("a bank").is_up(bank::Process::Relay) {
            assert!(world.step() && world.now() < SimTime::from_ms(20_000), "no transaction was left open");
        }
        world.run_until(world.now() + 1_500_000);
        assert!(open(&world) > 0);
        let unread = |p| world.unread("account-view", p);
        assert_eq!((0..3).map(unread).sum::<u64>() > 0, behind, "{level}");
        // The next instance aborts what the dead one left, and publishes it again (E3).
        drain(&mut world, 40_000);
        assert_eq!(open(&world), 0);
        let aborted =
            world.trace().iter().filter(|f| matches!(&f.kind, FactKind::Broker(broker::Fact::TxnDecided { committed: false, .. })));
        assert!(aborted.count() > 0);
        if behind {
            assert!(world.violations().is_empty(), "{:?}", world.violations()[0]);
        }
    }
}

#[test]
fn e1_a_transaction_that_takes_too_long_is_aborted_and_its_events_are_published_again() {
    let sets = [
        TRANSACTIONAL,
        &[("producer.transaction.timeout.ms", "3000"), ("broker.transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000")],
    ]
    .concat();
    let mut world = run(&sets, 8);
    lay(&mut world, FaultKind::TransactionStalled, Target::Node(Node::Relay), 1);
    world.run_until(SimTime::from_ms(26_000));
    let timed_out = |f: &FactKind| matches!(f, FactKind::Broker(broker::Fact::TxnDecided { timed_out: true, .. }));
    assert_eq!(world.trace().iter().filter(|f| timed_out(&f.kind)).count(), 1);
    drain(&mut world, 45_000);
    assert!(world.violations().is_empty(), "{:?}", world.violations()[0]);
}

#[test]
fn e3_a_second_instance_fences_the_first_which_then_takes_a_new_producer() {
    let mut world = run(TRANSACTIONAL, 8);
    let rule = FaultRule::usual(FaultKind::SecondInstance, Target::Node(Node::Relay));
    world.intervene(world.now(), &Intervention::Inject(rule)).expect("it fits");
    world.run_until(SimTime::from_ms(14_000));
    let failed = |f: &FactKind| matches!(f, FactKind::Bank(bank::FactKind::PublishFailed { .. }));
    assert!(world.trace().iter().any(|f| failed(&f.kind)), "the fenced one's transaction failed");
    drain(&mut world, 30_000);
    assert!(world.violations().is_empty(), "{:?}", world.violations()[0]);
}

#[test]
fn e4_a_container_with_a_transaction_manager_sends_its_offsets_in_the_transaction() {
    let sets = [
        ("group.account-view.kafkaAwareTransactionManager", "true"),
        ("group.account-view.listener-publishes", "true"),
        ("group.account-view.consumers", "1"),
    ];
    let mut world = run(&sets, 8);
    lay(&mut world, FaultKind::ListenerThrows, Target::Group(0), 1);
    world.run_until(SimTime::from_ms(12_000));
    drain(&mut world, 25_000);
    assert!(world.violations().is_empty(), "{:?}", world.violations()[0]);
    let facts = |is: fn(&listener::Fact) -> bool| listener_facts(&world, is);
    let committed = facts(|f| matches!(f, listener::Fact::TransactionCommitted));
    assert!(committed > 5);
    assert_eq!(facts(|f| matches!(f, listener::Fact::TransactionAborted)), 1, "the one that threw");
    let id = world.cluster().topics().by_name("account-notices").expect("the listener's topic").id;
    let mut notices = 0;
    for partition in 0..3 {
        let leader = world.cluster().leader(broker::TopicPartition { topic: id, partition }).expect("a leader");
        notices += leader.records_from(0).filter(|r| r.control.is_none() && !leader.log.producers.is_aborted(r)).count();
    }
    assert_eq!(notices, bank_facts(&world, applied_to_view), "one notice for each event");
    assert_eq!(committed, notices + 1, "the after-rollback processor works in a transaction of its own (commitRecovered)");
}

/// A bank without a log: listeners in the API's process (F7).
fn without_log(more: &[(&str, &str)], kind: Option<FaultKind>) -> World {
    let sets = [&[("client.commands-per-minute", "240"), ("client.completion-timeout", "10000")], more].concat();
    let mut world = run(&sets, 8);
    if let Some(kind) = kind {
        let target = if kind == FaultKind::CommitFails { Target::Node(Node::WriteDb) } else { Target::Node(Node::Api) };
        lay(&mut world, kind, target, 1);
    }
    world.run_until(SimTime::from_ms(14_000));
    drain(&mut world, 32_000);
    let records = |p| world.cluster().leader(world.topic_partition(p)).expect("a leader").log.end();
    assert_eq!((0..3).map(records).sum::<u64>(), 0, "the log stays empty");
    world
}

/// The names of the broken promises, each once.
fn broken(world: &World) -> Vec<String> {
    let name = |v: &super::super::referee::Violation| v.kind.to_string().split(' ').next().unwrap_or_default().to_owned();
    let mut names: Vec<String> = world.violations().iter().map(name).collect();
    names.sort();
    names.dedup();
    names
}

const TRANSACTIONAL_EVENT: (&str, &str) = ("api.publication", "transactional-event");
const APPLICATION_EVENT: (&str, &str) = ("api.publication", "application-event");
const SHARED: (&str, &str) = ("api.listener-data-source", "shared");

#[test]
fn f7_without_faults_listeners_in_the_process_keep_the_views_in_step() {
    let before = ("api.TransactionalEventListener.phase", "BEFORE_COMMIT");
    let tests: &[&[(&str, &str)]] = &[
        &[TRANSACTIONAL_EVENT],
        &[TRANSACTIONAL_EVENT, ("api.Async", "true")],
        &[TRANSACTIONAL_EVENT, before, SHARED],
        &[APPLICATION_EVENT, SHARED],
    ];
    for sets in tests {
        let world = without_log(sets, None);
        assert!(world.violations().is_empty(), "{sets:?}: {:?}", world.violations()[0]);
        assert!(bank_facts(&world, applied_to_view) > 10, "{sets:?}");
        let accounts = world.bank().expect("a bank").accounts();
        assert!(accounts.iter().all(|a| a.write.map(|w| w.balance) == a.read.map(|r| r.balance)), "{sets:?}");
    }
}

#[test]
fn f7_an_exception_after_the_commit_is_swallowed_and_the_view_never_learns_of_the_event() {
    let world = without_log(&[TRANSACTIONAL_EVENT], Some(FaultKind::EventListenerThrows));
    assert_eq!(bank_facts(&world, |f| matches!(f, bank::FactKind::EventListenerThrew { .. })), 1);
    assert_eq!(broken(&world), ["balance_diverged", "never_told", "outcome_unknown"]);
    assert_eq!(bank_facts(&world, |f| matches!(f, bank::FactKind::ReplyUnknown { .. })), 0, "every caller saw success");
}

#[test]
fn f7_an_exception_in_the_transaction_rolls_it_back_and_reaches_the_caller() {
    let world = without_log(&[APPLICATION_EVENT, SHARED], Some(FaultKind::EventListenerThrows));
    assert!(world.violations().is_empty(), "{:?}", world.violations()[0]);
    assert!(bank_facts(&world, |f| matches!(f, bank::FactKind::ReplyUnknown { .. })) > 0, "the caller got a 500 and tried again");
}

#[test]
fn f7_a_view_of_its_own_is_not_rolled_back_with_the_transaction() {
    for kind in [FaultKind::CommitFails, FaultKind::ApiCrashBeforeCommit] {
        let world = without_log(&[APPLICATION_EVENT], Some(kind));
        assert!(broken(&world).contains(&"effect_without_change".to_owned()), "{kind}: {:?}", broken(&world));
        let shared = without_log(&[APPLICATION_EVENT, SHARED], Some(kind));
        assert!(shared.violations().is_empty(), "{kind}: {:?}", shared.violations()[0]);
    }
}

#[test]
fn f7_a_crash_between_commit_and_listener_loses_the_event_whether_it_waits_for_a_thread_or_not() {
    for more in [&[TRANSACTIONAL_EVENT][..], &[TRANSACTIONAL_EVENT, ("api.Async", "true")]] {
        let world = without_log(more, Some(FaultKind::ApiCrashAfterCommit));
        assert!(broken(&world).contains(&"never_told".to_owned()), "{more:?}: {:?}", broken(&world));
    }
}

#[test]
fn f7_what_a_listener_writes_after_the_commit_is_lost_when_nobody_commits_it() {
    let off = ("api.spring.datasource.hikari.auto-commit", "false");
    let lost = without_log(&[TRANSACTIONAL_EVENT, SHARED, off], None);
    assert!(bank_facts(&lost, |f| matches!(f, bank::FactKind::EventListenerUndone { .. })) > 10);
    assert_eq!(bank_facts(&lost, applied_to_view), 0);
    let own = ("api.Transactional.propagation", "REQUIRES_NEW");
    let kept = without_log(&[TRANSACTIONAL_EVENT, SHARED, off, own], None);
    assert!(kept.violations().is_empty(), "{:?}", kept.violations()[0]);
}

#[test]
fn f7_outside_a_transaction_the_event_is_discarded_without_a_word() {
    let world = without_log(&[TRANSACTIONAL_EVENT, ("api.Transactional", "false")], None);
    assert!(bank_facts(&world, |f| matches!(f, bank::FactKind::EventDiscarded { .. })) > 10);
    assert_eq!(bank_facts(&world, applied_to_view), 0);
    assert!(broken(&world).contains(&"never_told".to_owned()));
}

#[test]
fn c9_offsets_are_reset_only_while_the_group_is_empty_and_never_beyond_the_log() {
    let mut world = run(&[("client.commands-per-minute", "300")], 12);
    let reset = |world: &mut World, to| {
        let action = Action::ResetOffsets { group: 0, to };
        world.intervene(world.now(), &Intervention::Act(action))
    };
    let refused = reset(&mut world, ResetTo::Earliest).expect_err("the group has members").to_string();
    assert!(refused.contains("but its state is Stable"), "{refused}");
    set(&mut world, "group.account-view.consumers", "0");
    world.run_until(SimTime::from_ms(16_000));
    let committed = |world: &World| {
        let of = |p| world.committed("account-view", world.topic_partition(p)).expect("committed");
        (0..3).map(of).collect::<Vec<_>>()
    };
    let ends = |world: &World| (0..3).map(|p| world.high_watermark(world.topic_partition(p))).collect::<Vec<_>>();
    for (to, expected) in [
        (ResetTo::Latest, ends(&world)),
        (ResetTo::ShiftBy { by: 1_000 }, ends(&world)),
        (ResetTo::ByDuration { ms: 0 }, ends(&world)),
        (ResetTo::ByDuration { ms: 3_600_000 }, vec![0, 0, 0]),
        (ResetTo::ShiftBy { by: -1_000 }, vec![0, 0, 0]),
        (ResetTo::Earliest, vec![0, 0, 0]),
    ] {
        reset(&mut world, to).expect("nobody consumes");
        assert_eq!(committed(&world), expected, "{to:?}");
    }
}

#[test]
fn d16_the_children_of_a_concurrent_container_die_stop_and_start_as_the_one_process_that_they_are() {
    let sets = [("group.account-view.concurrency", "2"), ("group.account-view.consumers", "2")];
    let of_group = |world: &World| -> Vec<(u32, ProcessState)> {
        (0..).zip(world.consumers()).filter(|(_, c)| c.group == Some(0)).map(|(slot, c)| (slot, c.state)).collect()
    };
    for (kind, after) in [(FaultKind::ConsumerKilled, ProcessState::Dead), (FaultKind::ConsumerStopped, ProcessState::Stopped)] {
        let mut world = run(&sets, 4);
        let slots = of_group(&world);
        assert_eq!(slots.len(), 4, "two containers with two children each");
        let target = Target::Node(Node::Consumer(slots[1].0));
        let rule = FaultRule { moment: Moment::Lasting { until: Some(world.now() + 10_000_000) }, ..FaultRule::usual(kind, target) };
        world.intervene(world.now(), &Intervention::Inject(rule)).expect("it fits");
        world.run_until(world.now() + 2_000_000);
        let states: Vec<ProcessState> = of_group(&world).iter().map(|(_, state)| *state).collect();
        assert_eq!(states, [after, after, ProcessState::Running, ProcessState::Running], "{kind}: the other process goes on");
        world.run_until(world.now() + 12_000_000);
        assert!(of_group(&world).iter().all(|(_, state)| *state == ProcessState::Running), "{kind}: all run again");
    }
}

#[test]
fn d16_a_crash_in_one_child_takes_the_process_and_all_its_children_come_back() {
    let sets = [("group.account-view.concurrency", "3"), ("group.account-view.consumers", "1")];
    let mut world = run(&sets, 4);
    lay(&mut world, FaultKind::CrashAfterEffect, Target::Group(0), 1);
    let dead = |world: &World| world.consumers().iter().filter(|c| c.group == Some(0) && c.state == ProcessState::Dead).count();
    let mut most = 0;
    for _ in 0..80 {
        world.run_until(world.now() + 100_000);
        most = most.max(dead(&world));
    }
    assert_eq!((most, dead(&world)), (3, 0));
}
