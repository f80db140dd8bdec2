//! The bank with the log between its sides: idempotent projections and rebuilds (E5, F5, F8).

use super::super::referee::Invariant;
use super::super::{Action, Fact, FactKind, Intervention, World};
use crate::bank::{AccountId, Command};
use crate::fault::{FaultKind, FaultRule, Node, Target};
use crate::kernel::SimTime;
use crate::listener;
use crate::scenario::Scenario;

/// Nobody does anything by himself; one partition, one consumer of the view.
fn quiet(settings: &[(&str, &str)]) -> World {
    let mut scenario = Scenario::plain("bank", 7);
    let calm = [
        ("client.commands-per-minute", "0"),
        ("client.queries-per-minute", "0"),
        ("topic.partitions", "1"),
        ("group.account-view.consumers", "1"),
        ("group.account-view.session.timeout.ms", "6000"),
        ("group.account-view.heartbeat.interval.ms", "1000"),
        ("broker.group.initial.rebalance.delay.ms", "0"),
    ];
    for (key, value) in calm.iter().chain(settings) {
        scenario.config.set_text(key, value).expect("a setting");
    }
    let mut world = World::new(&scenario);
    world.run_until(SimTime::from_ms(5_000));
    world
}

fn act(world: &mut World, intervention: Intervention) {
    let now = world.now();
    world.intervene(now, &intervention).expect("it fits");
}

fn deposit(world: &mut World, count: u32) {
    for _ in 0..count {
        act(world, Intervention::SendCommand { client: 0, command: Command::Deposit { account: AccountId(0), amount: 1 } });
        world.run_until(world.now() + 20_000);
    }
}

fn words(world: &World, word: &str) -> usize {
    world.trace().iter().filter(|fact| fact.kind.words(world.cluster().topics()).0.name() == word).count()
}

fn run(world: &mut World, ms: u64) {
    world.run_until(world.now() + ms * 1_000);
}

/// The view's balance above the opening one.
fn viewed(world: &World) -> i64 {
    world.bank().expect("a bank").accounts()[0].read.expect("opened").balance - 1_000
}

/// Five deposits in one poll under BATCH; the consumer dies after the effect of the third.
fn crash_after_3_of_5(idempotency: &str) -> World {
    let mut world = quiet(&[
        ("group.account-view.idempotency", idempotency),
        ("group.account-view.ackMode", "BATCH"),
        ("group.account-view.listener-time", "1s"),
        ("api.relay-poll-interval", "2000"),
    ]);
    deposit(&mut world, 5);
    while delivered_to_view(&world) < 2 {
        world.step();
    }
    // Armed now, it strikes at the next delivery of the view: the third.
    act(&mut world, Intervention::Inject(FaultRule::usual(FaultKind::CrashAfterEffect, Target::Group(0))));
    run(&mut world, 60_000);
    assert_eq!(words(&world, "fault_struck"), 1);
    world
}

fn delivered_to_view(world: &World) -> usize {
    let of_view = |fact: &&Fact| matches!(fact.actor, Node::Consumer(slot) if world.consumers()[slot as usize].group == Some(0));
    let delivered = |fact: &&Fact| matches!(fact.kind, FactKind::Listener(listener::Fact::Delivered { .. }));
    world.trace().iter().filter(delivered).filter(of_view).count()
}

#[test]
fn e5_crash_after_3_of_5_under_batch_counts_3_amounts_twice_unless_the_projection_is_idempotent() {
    assert_eq!(viewed(&crash_after_3_of_5("none")), 8);
    for idempotency in ["dedupe-table", "versioned-upsert", "offset-with-view"] {
        let world = crash_after_3_of_5(idempotency);
        assert_eq!(viewed(&world), 5, "{idempotency}");
        assert!(world.violations().is_empty(), "{idempotency}: {:?}", world.violations());
    }
}

#[test]
fn e5_with_the_offset_in_the_view_the_consumer_begins_where_the_view_says() {
    let world = crash_after_3_of_5("offset-with-view");
    assert_eq!(words(&world, "place_skipped"), 0, "nothing had to be skipped: it was never read again");
    assert_eq!(delivered_to_view(&world), 5);
    let sought = |fact: &&Fact| world.line(fact).to_string().contains("@3 by Seek");
    assert_eq!(world.trace().iter().filter(sought).count(), 1, "it sought to offset 3 at its assignment");
}

#[test]
fn e5_the_offset_in_the_view_does_not_know_what_the_log_has_twice() {
    let twice = |idempotency: &str| {
        let mut world = quiet(&[("group.account-view.idempotency", idempotency)]);
        act(&mut world, Intervention::Inject(FaultRule::usual(FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay))));
        deposit(&mut world, 1);
        run(&mut world, 20_000);
        (viewed(&world), world.referee().count(Invariant::NoEffectTwice))
    };
    assert_eq!(twice("offset-with-view"), (2, 1));
    assert_eq!(twice("dedupe-table"), (1, 0));
}

#[test]
fn f5_a_view_is_rebuilt_from_the_log_and_queries_meanwhile_see_a_part_of_it() {
    for idempotency in ["none", "dedupe-table", "versioned-upsert", "offset-with-view"] {
        let mut world = quiet(&[("group.account-view.idempotency", idempotency), ("group.account-view.listener-time", "1ms")]);
        deposit(&mut world, 40);
        run(&mut world, 5_000);
        assert_eq!(viewed(&world), 40);
        act(&mut world, Intervention::Set { key: "group.account-view.listener-time".into(), value: "100ms".into() });
        act(&mut world, Intervention::Act(Action::RebuildView { group: 0 }));
        while words(&world, "view_cleared") == 0 {
            world.step();
        }
        assert_eq!(viewed(&world), 0, "{idempotency}: the view is empty");
        run(&mut world, 3_500);
        assert!((10..35).contains(&viewed(&world)), "{idempotency}: {} of 40 in the middle of it", viewed(&world));
        assert!(world.is_rebuilding(0));
        run(&mut world, 10_000);
        assert_eq!((viewed(&world), words(&world, "view_rebuilt")), (40, 1), "{idempotency}");
        assert!(world.violations().is_empty(), "{idempotency}: {:?}", world.violations());
        assert_eq!(words(&world, "completion_noticed"), 40, "nobody was told again");
        assert_eq!(world.pending(), None);
    }
}

#[test]
fn f5_only_what_retention_kept_can_be_replayed() {
    let mut world = quiet(&[]);
    deposit(&mut world, 20);
    run(&mut world, 3_000);
    act(&mut world, Intervention::Act(Action::DeleteRecords { partition: 0, before: 8 }));
    act(&mut world, Intervention::Act(Action::RebuildView { group: 0 }));
    run(&mut world, 20_000);
    assert_eq!(viewed(&world), 12);
    assert_eq!(world.referee().count(Invariant::ViewEqualsFold), 1, "and the referee says so");
}

#[test]
fn f5_an_account_whose_events_retention_took_is_missed_after_a_rebuild() {
    let mut world = quiet(&[]);
    let opened = AccountId(25);
    act(&mut world, Intervention::SendCommand { client: 0, command: Command::Open { account: opened, deposit: 50 } });
    run(&mut world, 3_000);
    deposit(&mut world, 3);
    run(&mut world, 3_000);
    let row = |world: &World| world.bank().expect("a bank").read_db().model.account(opened);
    assert!(row(&world).is_some());
    act(&mut world, Intervention::Act(Action::DeleteRecords { partition: 0, before: 1 }));
    act(&mut world, Intervention::Act(Action::RebuildView { group: 0 }));
    run(&mut world, 20_000);
    assert_eq!(row(&world), None, "the log no longer has it");
    let said: Vec<String> = world.violations().iter().map(|v| v.kind.to_string()).collect();
    assert_eq!(said, ["account_missing Z expected 50"]);
}

/// The last offset of a transaction is its marker's, which nobody is given and nobody commits.
#[test]
fn f5_a_view_is_rebuilt_though_the_log_ends_with_a_marker() {
    let mut world = quiet(&[("producer.transactional.id", "true")]);
    deposit(&mut world, 4);
    run(&mut world, 5_000);
    act(&mut world, Intervention::Act(Action::RebuildView { group: 0 }));
    run(&mut world, 20_000);
    assert_eq!((viewed(&world), words(&world, "view_rebuilt"), world.pending()), (4, 1, None));
}

#[test]
fn f5_the_offsets_of_a_group_are_reset_only_when_it_is_empty() {
    let mut world = quiet(&[]);
    deposit(&mut world, 3);
    run(&mut world, 2_000);
    // A consumer that died is a member until its session times out (C9).
    act(&mut world, Intervention::Act(Action::Kill(Node::Consumer(0))));
    act(&mut world, Intervention::Act(Action::RebuildView { group: 0 }));
    run(&mut world, 3_000);
    assert_eq!(words(&world, "view_cleared"), 0, "the coordinator still waits for it");
    run(&mut world, 20_000);
    assert_eq!((words(&world, "view_rebuilt"), viewed(&world)), (1, 3));
    assert!(world.violations().is_empty());
}

#[test]
fn f8_change_capture_carries_the_account_as_key_and_the_event_id_as_header() {
    let mut world = quiet(&[("api.publication", "outbox-cdc"), ("producer.record-key", "none")]);
    deposit(&mut world, 1);
    run(&mut world, 3_000);
    let record = world.record(world.topic_partition(0), 0).expect("published");
    assert_eq!(record.key.as_deref(), Some(&b"A"[..]));
    let id = record.headers.iter().find(|header| &*header.name == "id").expect("the EventRouter's header");
    assert_eq!(id.value.as_deref(), Some(&b"e1"[..]));
    assert_eq!((viewed(&world), world.pending()), (1, None));
}

#[test]
fn f4_a_projection_that_logs_and_skips_is_silently_wrong_and_one_that_propagates_stands_still() {
    let throws = |handler: &str, attempts: &str| {
        let mut world = quiet(&[
            ("group.account-view.ackMode", "BATCH"),
            ("group.account-view.commonErrorHandler", handler),
            ("group.account-view.backOff.interval", "1000"),
            ("group.account-view.backOff.maxAttempts", attempts),
        ]);
        deposit(&mut world, 2);
        run(&mut world, 2_000);
        let rule = FaultRule {
            moment: crate::fault::Moment::Lasting { until: Some(world.now() + 8_000_000) },
            ..FaultRule::usual(FaultKind::ListenerThrows, Target::Group(0))
        };
        act(&mut world, Intervention::Inject(rule));
        deposit(&mut world, 1);
        run(&mut world, 6_000);
        let stuck = (viewed(&world), world.lag("account-view", 0));
        run(&mut world, 6_000);
        deposit(&mut world, 2);
        run(&mut world, 6_000);
        (stuck, viewed(&world), world.lag("account-view", 0))
    };
    assert_eq!(throws("CommonLoggingErrorHandler", "9"), ((2, 0), 4, 0), "logged and skipped: the third is missing for ever");
    assert_eq!(throws("DefaultErrorHandler", "1000000"), ((2, 1), 5, 0), "propagated: it stands at the third until it succeeds");
}
