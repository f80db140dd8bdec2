//! Each built-in scenario shows what it is there for, and nothing else.

use super::*;
use crate::bank::Projection;
use crate::kernel::{SimTime, SortedMap};
use crate::pipeline::referee::{Invariant, Violation, ViolationKind};
use crate::pipeline::{Intervention, World};

/// Runs a scenario to a moment, in seconds.
fn run(name: &str, seconds: u64) -> World {
    let mut world = World::new(&builtin(name).expect("a built-in scenario"));
    world.run_until(SimTime::from_ms(seconds * 1_000));
    world
}

/// What was broken, each with how often.
fn broken(world: &World) -> SortedMap<Invariant, usize> {
    let mut broken = SortedMap::new();
    for violation in world.violations() {
        *broken.entry(violation.invariant()).or_default() += 1;
    }
    broken
}

#[track_caller]
fn breaks(world: &World, expected: &[Invariant]) {
    let broken = broken(world);
    let lines: Vec<String> = world.violations().iter().map(|v| format!("{} {v}", v.at)).collect();
    assert_eq!(broken.keys().copied().collect::<Vec<_>>(), expected, "{lines:#?}");
}

fn count(world: &World, word: &str) -> usize {
    world.trace().iter().filter(|fact| fact.kind.words(world.cluster().topics()).0.name() == word).count()
}

/// The clients stop, and everything under way comes to its end.
fn drains(world: &mut World, seconds: u64) -> Option<String> {
    let set = Intervention::Set { key: Arc::from("client.commands-per-minute"), value: Arc::from("0") };
    let now = world.now();
    world.intervene(now, &set).expect("a setting");
    world.run_until(now + seconds * 1_000_000);
    world.pending()
}

fn total_lag(world: &World, group: &str) -> u64 {
    (0..world.partition_count()).map(|partition| world.lag(group, partition)).sum()
}

#[test]
fn transfer_is_calm_and_shows_accepted_refused_and_stale() {
    let mut world = run("transfer", 60);
    breaks(&world, &[]);
    assert!(count(&world, "completion_noticed") > 80, "{}", count(&world, "completion_noticed"));
    assert!(count(&world, "reply_rejected") > 0);
    assert!(world.bank().expect("a bank").clients().iter().any(|client| client.counters().stale_count > 0));
    assert_eq!(drains(&mut world, 10), None);
}

#[test]
fn slow_projection_lags_alone_and_catches_up() {
    let mut world = run("slow-projection", 34);
    assert!(total_lag(&world, "account-view") > 20, "{}", total_lag(&world, "account-view"));
    assert!(total_lag(&world, "transfer-history") < 5, "the other group does not notice");
    let staleness = world.bank().expect("a bank").clients().iter().map(|client| client.counters().staleness_us_max).max();
    assert!(staleness > Some(5_000_000), "{staleness:?}");
    world.run_until(SimTime::from_ms(60_000));
    assert!(total_lag(&world, "account-view") < 5);
    breaks(&world, &[]);
}

#[test]
fn e5_crash_before_ack_counts_twice_without_a_dedupe_table() {
    let world = run("crash-before-ack", 40);
    breaks(&world, &[Invariant::NoEffectTwice, Invariant::ViewEqualsFold]);
    let world = run("crash-before-ack-dedupe", 40);
    breaks(&world, &[]);
    assert_eq!(count(&world, "duplicate_skipped"), 1, "it came twice and counted once");
}

#[test]
fn f6_lost_event_is_lost_without_an_outbox() {
    let world = run("lost-event", 60);
    breaks(&world, &[Invariant::NoChangeWithoutEvent, Invariant::OutcomeLearned]);
    assert!(world.bank().expect("a bank").accounts().iter().any(|a| a.write.map(|w| w.balance) != a.read.map(|r| r.balance)));
    let mut world = run("outbox", 60);
    breaks(&world, &[]);
    assert_eq!(count(&world, "process_down"), 1, "the same crash");
    assert_eq!(drains(&mut world, 10), None);
    assert!(world.bank().expect("a bank").accounts().iter().all(|a| a.write.map(|w| w.balance) == a.read.map(|r| r.balance)));
}

#[test]
fn f8_change_capture_publishes_again_after_a_crash_and_the_dedupe_table_knows_it() {
    let mut world = run("outbox-cdc", 40);
    breaks(&world, &[]);
    assert!(count(&world, "duplicate_skipped") > 2, "what lay between the flush and the crash came twice");
    assert!(count(&world, "offsets_flushed") > 2);
    assert_eq!(drains(&mut world, 10), None);
}

#[test]
fn f8_id_gap_loses_events_under_load() {
    let world = run("id-gap", 20);
    breaks(&world, &[Invariant::NoChangeWithoutEvent, Invariant::OutcomeLearned]);
    let lost = |v: &&Violation| matches!(v.kind, ViolationKind::EventLost { .. });
    assert!(world.violations().iter().any(|v| lost(&v)), "each of them said by name");
}

#[test]
fn f5_rebuild_view_empties_the_view_and_fills_it_again_while_it_is_read() {
    let mut world = run("rebuild-view", 36);
    breaks(&world, &[]);
    assert_eq!((count(&world, "view_cleared"), count(&world, "view_rebuilt")), (1, 1));
    let staleness = world.bank().expect("a bank").clients().iter().map(|client| client.counters().staleness_us_max).max();
    assert!(staleness > Some(5_000_000), "queries in the middle of it saw an old view: {staleness:?}");
    assert_eq!(drains(&mut world, 10), None);
}

#[test]
fn f10_told_again_sends_every_notice_twice_because_the_rebuild_has_side_effects() {
    let again =
        |world: &World| -> u64 { world.bank().expect("a bank").clients().iter().map(|client| client.counters().repeated_count).sum() };
    let mut world = run("told-again", 15);
    assert_eq!(again(&world), 0);
    let told = count(&world, "completion_noticed") as u64;
    world.run_until(SimTime::from_ms(36_000));
    assert!(told > 20 && again(&world) >= told, "{} of {told}", again(&world));
    breaks(&world, &[]);
    assert_eq!(again(&run("rebuild-view", 36)), 0, "the same rebuild without the side effect");
}

#[test]
fn f9_read_your_writes_is_broken_until_there_is_a_remedy() {
    let missing =
        |world: &World| -> u64 { world.bank().expect("a bank").clients().iter().map(|client| client.counters().own_missing_count).sum() };
    let mut world = run("read-your-writes", 12);
    let without = missing(&world);
    assert!(without > 5, "{without}");
    // What was accepted before the remedy came may still be read without it.
    world.run_until(SimTime::from_ms(14_000));
    let before = missing(&world);
    world.run_until(SimTime::from_ms(48_000));
    assert_eq!(missing(&world), before);
    breaks(&world, &[]);
}

#[test]
fn f10_completion_channels_all_tell_in_the_end() {
    let mut world = run("completion-channels", 56);
    breaks(&world, &[]);
    assert_eq!(count(&world, "fault_struck"), 5, "each that can drop dropped once");
    assert!(count(&world, "channel_down") >= 3 && count(&world, "sse_disconnected") >= 1);
    assert_eq!(drains(&mut world, 700), None, "whoever missed a mail looks after ten minutes");
}

#[test]
fn d6_nack_stops_the_consumer_and_loses_nothing() {
    let mut world = run("nack", 40);
    breaks(&world, &[]);
    assert_eq!(count(&world, "nacked"), 2);
    assert_eq!(drains(&mut world, 10), None);
}

#[test]
fn d12_poison_to_dlt_ends_as_dead_letters() {
    let mut world = run("poison-to-dlt", 40);
    breaks(&world, &[]);
    let waits = drains(&mut world, 10);
    assert_eq!(waits.as_deref(), Some("1 commands whose clients wait"), "a dead-lettered event completes no command (F10)");
    let dead_letters: u64 = (0..world.partition_count())
        .filter_map(|partition| world.cluster().partition_named("transfer-events-dlt", partition))
        .map(|partition| world.high_watermark(partition))
        .sum();
    assert_eq!(dead_letters, 3, "the poison pill for each group, and the event that the view refused");
}

#[test]
fn c2_zombie_consumer_applies_again_what_another_one_has_taken_over() {
    let world = run("zombie-consumer", 40);
    breaks(&world, &[Invariant::NoEffectTwice, Invariant::ViewEqualsFold]);
    let world = run("zombie-consumer-dedupe", 40);
    breaks(&world, &[]);
    assert!(count(&world, "duplicate_skipped") > 0);
}

#[test]
fn b11_retention_overtakes_a_stopped_group() {
    let world = run("retention-overtakes", 40);
    breaks(&world, &[Invariant::EveryEventAccounted, Invariant::ViewEqualsFold]);
    let of_history = |v: &Violation| matches!(v.kind, ViolationKind::Overtaken { projection: Projection::TransferHistory, .. });
    assert!(world.violations().iter().any(of_history));
}

#[test]
fn every_scenario_replays_digest_for_digest() {
    for name in builtin_names() {
        let digest = || run(name, 20).digest();
        assert_eq!(digest(), digest(), "{name}");
    }
}

#[test]
fn a7_leader_lost_loses_what_only_the_leader_had() {
    let world = run("leader-lost", 40);
    breaks(&world, &[Invariant::NoChangeWithoutEvent, Invariant::AcknowledgedSurvives]);
    assert!(count(&world, "truncated") > 0, "the old leader cuts what nobody else had");
    let mut world = run("leader-lost-acks-all", 40);
    breaks(&world, &[]);
    assert!(count(&world, "leader_elected") > count(&run("transfer", 40), "leader_elected"), "the same election");
    assert_eq!(drains(&mut world, 20), None);
}

#[test]
fn spring_events_after_the_commit_lose_what_a_listener_throws_on_and_what_a_crash_takes() {
    let world = run("spring-events", 40);
    breaks(&world, &[Invariant::EveryEventAccounted, Invariant::ViewEqualsFold, Invariant::OutcomeLearned]);
    assert_eq!(count(&world, "event_listener_threw"), 1);
    assert!(count(&world, "process_down") == 1 && count(&world, "delivered") == 0, "the log stays idle");
}

#[test]
fn spring_events_in_the_transaction_roll_back_with_it_and_a_crash_after_the_commit_finds_nothing_left_to_do() {
    let world = run("spring-events-in-transaction", 40);
    breaks(&world, &[]);
    assert_eq!(count(&world, "event_listener_threw"), 1);
    assert!(count(&world, "reply_unknown") > 0, "the caller of the one that threw got a 500");
}

#[test]
fn an_open_transaction_holds_back_the_view_until_the_next_instance_aborts_it() {
    let mut world = run("open-transaction", 40);
    breaks(&world, &[]);
    assert!(count(&world, "txn_decided") > 0);
    assert!(count(&world, "publish_failed") > 0, "the fenced instance's transaction failed, and its events went into the next one");
    assert_eq!(drains(&mut world, 15), None);
}

#[test]
fn consume_transform_produce_makes_one_notice_for_each_event() {
    let mut world = run("consume-transform-produce", 40);
    breaks(&world, &[]);
    assert_eq!(drains(&mut world, 10), None);
    let id = world.cluster().topics().by_name("account-notices").expect("the listener's topic").id;
    let of = |partition| crate::broker::TopicPartition { topic: id, partition };
    let committed = |partition| {
        let leader = world.cluster().leader(of(partition)).expect("a leader");
        leader.records_from(0).filter(|r| r.control.is_none() && !leader.log.producers.is_aborted(r)).count()
    };
    let notices: usize = (0..3).map(committed).sum();
    let applied = world.trace().iter().filter(|f| world.line(f).to_string().contains("applied") && f.actor == Node::ReadDb);
    assert!(notices > 20 && applied.count() >= notices);
}
