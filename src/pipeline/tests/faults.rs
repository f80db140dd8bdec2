//! Every fault of the catalogue does what it says, and when all is healed everything drains.

use super::super::{Duty, FactKind, Intervention, Payload, ProcessState, World};
use crate::bank::{Message, Process};
use crate::broker::BrokerId;
use crate::fault::{FaultId, FaultKind, FaultRule, Link, Moment, MomentKind, Node, Target, TargetKind};
use crate::kernel::{SimTime, SortedMap};
use crate::scenario::{Action, GROUPS, SHARE_GROUP_NUMBER, Scenario, Stage, TOPIC};

fn target(kind: FaultKind) -> Target {
    match kind.target_kind() {
        TargetKind::Link => Target::Link { link: Link::Fetch, of: None },
        TargetKind::Api => Target::Node(Node::Api),
        TargetKind::Relay | TargetKind::Publisher => Target::Node(Node::Relay),
        TargetKind::WriteDb => Target::Node(Node::WriteDb),
        TargetKind::Broker => Target::Node(Node::Broker(2)),
        TargetKind::Consumer => Target::Group(0),
        TargetKind::ReadDb => Target::Node(Node::ReadDb),
        TargetKind::Query => Target::Node(Node::Query),
        TargetKind::Client => Target::AnyClient,
        TargetKind::Cluster => Target::Cluster,
    }
}

fn scenario(kind: FaultKind) -> Scenario {
    let mut scenario = Scenario::plain("fault", 11);
    let sets: &[(&str, &str)] = match kind {
        FaultKind::ApiCrashAfterCommit => &[("api.publication", "after-commit")],
        FaultKind::EventListenerThrows => &[("api.publication", "transactional-event")],
        FaultKind::ApiCrashBeforeCommit => &[("api.publication", "inside-transaction")],
        FaultKind::TransactionCrash | FaultKind::SecondInstance => &[("producer.transactional.id", "true")],
        FaultKind::TransactionStalled => &[("producer.transactional.id", "true"), ("producer.transaction.timeout.ms", "4000")],
        FaultKind::BatchRecordFails => &[("group.account-view.listener", "batch"), ("group.account-view.on-failure", "throw")],
        FaultKind::NullKey => &[("topic.cleanup.policy", "compact")],
        // A `catch` that nacks would never give a record up.
        FaultKind::CrashAfterDeadLetter => &[("group.account-view.on-failure", "throw")],
        _ => &[],
    };
    for (key, value) in sets {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    scenario
}

/// The words of the facts from this number on.
fn words(world: &World, from: u64) -> Vec<String> {
    world.trace().iter_from(from).map(|f| f.kind.words(world.cluster().topics()).0.name().to_owned()).collect()
}

fn set(world: &mut World, key: &str, value: &str) {
    let at = world.now();
    world.intervene(at, &Intervention::Set { key: key.into(), value: value.into() }).expect("it fits");
}

/// What is seen in the trace while the fault stands; empty where the fault shows only as time.
fn signs(kind: FaultKind) -> &'static [&'static str] {
    match kind {
        FaultKind::LinkSevered | FaultKind::RequestLost | FaultKind::ResponseLost => &["lost"],
        FaultKind::ApiCrash | FaultKind::RelayCrash | FaultKind::WriteDbDown | FaultKind::ReadDbDown | FaultKind::QueryDown => {
            &["process_down"]
        }
        FaultKind::ApiCrashAfterCommit | FaultKind::ApiCrashBeforeCommit | FaultKind::RelayCrashAfterPublish => {
            &["fault_struck", "process_down", "process_up"]
        }
        FaultKind::BrokerKilled | FaultKind::BrokerStopped | FaultKind::CoordinatorLost => &["broker_down", "leader_elected"],
        FaultKind::RetentionOvertakes => &["log_start"],
        FaultKind::ConsumerKilled => &["killed"],
        FaultKind::ConsumerStopped => &["stopped", "member_left"],
        FaultKind::ListenerThrows | FaultKind::ListenerThrowsFatal => &["nacked"],
        FaultKind::ListenerNacks => &["nacked"],
        FaultKind::EventListenerThrows => &["event_listener_threw"],
        FaultKind::TransactionCrash => &["fault_struck", "process_down", "txn_decided", "process_up"],
        FaultKind::TransactionStalled => &["fault_struck", "txn_decided"],
        FaultKind::SecondInstance => &["producer_fenced", "publish_failed", "published"],
        FaultKind::ListenerThrowsError => &["threw", "stopped"],
        FaultKind::BatchRecordFails => &["threw", "failed"],
        FaultKind::NullKey | FaultKind::FutureTimestamp => &["produce_refused"],
        FaultKind::Tombstone => &["appended"],
        FaultKind::CrashAfterEffect => &["applied", "killed", "started"],
        FaultKind::CrashBeforeEffect | FaultKind::CrashBeforeCommit => &["killed", "started"],
        FaultKind::CrashAfterDeadLetter => &["threw", "killed", "started"],
        FaultKind::PoisonPill => &["appended"],
        FaultKind::CompletionDropped => &["sse_disconnected"],
        _ => &[],
    }
}

/// Two faults of one sort overlap: what the one that ends leaves alone, the other one still holds.
#[test]
fn a_fault_that_ends_does_not_undo_another_one_that_stands() {
    let lasting = |world: &mut World, kind: FaultKind, target: Target, amount: u64, until_ms: u64| {
        let until = Some(SimTime::from_ms(until_ms));
        let rule = FaultRule { target, moment: Moment::Lasting { until }, amount, ..FaultRule::usual(kind, target) };
        let at = world.now();
        world.intervene(at, &Intervention::Inject(rule)).unwrap_or_else(|error| panic!("{kind}: {error}"));
    };
    let mut world = World::new(&Scenario::plain("overlap", 11));
    world.run_until(SimTime::from_ms(8_000));
    let broker = Target::Node(Node::Broker(2));
    let second = Target::Node(Node::Consumer(1));
    for (kind, target, first, other) in [
        (FaultKind::WriteDbDown, Target::Node(Node::WriteDb), 0, 0),
        (FaultKind::ReadDbSlow, Target::Node(Node::ReadDb), 100, 300),
        (FaultKind::BrokerKilled, broker, 0, 0),
        (FaultKind::CoordinatorLost, Target::Cluster, 0, 0),
    ] {
        lasting(&mut world, kind, target, first, 20_000);
        lasting(&mut world, kind, target, other, 30_000);
    }
    lasting(&mut world, FaultKind::ConsumerKilled, Target::Group(0), 0, 20_000);
    lasting(&mut world, FaultKind::ConsumerStopped, second, 0, 30_000);
    let down = |world: &World| world.cluster().nodes().iter().filter(|n| !world.cluster().is_up(n.id)).count();
    let before = down(&world);
    assert!(before >= 2, "a broker and the coordinators of that moment");
    world.run_until(SimTime::from_ms(25_000));
    let bank = world.bank().expect("the bank is on the stage");
    assert!(!bank.is_up(Process::WriteDb), "another fault holds the write database down");
    assert_eq!(bank.read_db().extra_us(), 300_000, "another fault makes the read database slow");
    assert!(!world.cluster().is_up(BrokerId(2)), "another fault holds the broker down");
    let runs = |world: &World, slot: usize| world.consumers()[slot].state == ProcessState::Running;
    assert!(runs(&world, 0) && !runs(&world, 1), "another fault holds the second consumer down");
    world.run_until(SimTime::from_ms(40_000));
    let bank = world.bank().expect("the bank is on the stage");
    assert!(bank.is_up(Process::WriteDb) && bank.read_db().extra_us() == 0 && runs(&world, 1));
    assert_eq!(down(&world), 0);

    // What was killed once and started by hand is held down by nobody.
    let rule = FaultRule { moment: Moment::Immediate, ..FaultRule::usual(FaultKind::CoordinatorLost, Target::Cluster) };
    world.intervene(world.now(), &Intervention::Inject(rule)).expect("it fits");
    let killed = world.cluster().nodes().iter().map(|n| n.id).find(|id| !world.cluster().is_up(*id)).expect("the coordinator");
    let node = Node::Broker(killed.0);
    world.intervene(world.now(), &Intervention::Act(Action::Start(node))).expect("it fits");
    lasting(&mut world, FaultKind::BrokerKilled, Target::Node(node), 0, 45_000);
    assert_eq!(down(&world), 1);
    // It registers when the session of the process before it has ended.
    world.run_until(SimTime::from_ms(60_000));
    assert_eq!(down(&world), 0);
}

/// A world with these settings that has run for eight seconds.
fn running(sets: &[(&str, &str)]) -> World {
    let mut scenario = Scenario::plain("held", 11);
    for (key, value) in sets {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    let mut world = World::new(&scenario);
    world.run_until(SimTime::from_ms(8_000));
    world
}

fn act(world: &mut World, intervention: Intervention) {
    let at = world.now();
    world.intervene(at, &intervention).expect("it fits");
}

fn lay(world: &mut World, kind: FaultKind, target: Target) {
    act(world, Intervention::Inject(FaultRule::usual(kind, target)));
}

/// Lays a fault until somebody ends it.
fn lay_lasting(world: &mut World, kind: FaultKind, target: Target) -> FaultId {
    act(world, Intervention::Inject(FaultRule { moment: Moment::Lasting { until: None }, ..FaultRule::usual(kind, target) }));
    world.faults().standing().last().expect("it lasts").id
}

fn run_until_struck(world: &mut World) {
    let from = world.trace().end();
    while !words(world, from).iter().any(|word| word == "fault_struck") {
        assert!(world.step());
    }
}

/// How many consumers of a group run.
fn running_count(world: &World, group: u32) -> usize {
    world.consumers().iter().filter(|c| c.group == Some(group) && c.state == ProcessState::Running).count()
}

fn run_on(world: &mut World, ms: u64) {
    world.run_until(world.now() + ms * 1_000);
}

#[test]
fn who_was_to_be_started_again_stays_down_while_a_fault_holds_it() {
    let mut world = running(&[]);
    let consumers = running_count(&world, 0);
    lay(&mut world, FaultKind::CrashAfterEffect, Target::Group(0));
    run_until_struck(&mut world);
    run_on(&mut world, 1_000);
    let killed = lay_lasting(&mut world, FaultKind::ConsumerKilled, Target::Group(0));
    run_on(&mut world, 6_000);
    assert_eq!(running_count(&world, 0), 0, "the fault stands");
    act(&mut world, Intervention::EndFault(killed));
    run_on(&mut world, 1_000);
    assert_eq!(running_count(&world, 0), consumers);

    let is_up = |world: &World| world.bank().expect("a bank").is_up(Process::Relay);
    lay(&mut world, FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay));
    run_until_struck(&mut world);
    run_on(&mut world, 1_000);
    let crashed = lay_lasting(&mut world, FaultKind::RelayCrash, Target::Node(Node::Relay));
    run_on(&mut world, 6_000);
    assert!(!is_up(&world), "the fault stands");
    act(&mut world, Intervention::EndFault(crashed));
    assert!(is_up(&world));
    // Who kills it within the while does not want it back.
    lay(&mut world, FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay));
    run_until_struck(&mut world);
    act(&mut world, Intervention::Act(Action::Kill(Node::Relay)));
    run_on(&mut world, 6_000);
    assert!(!is_up(&world));
}

#[test]
fn who_was_scaled_away_is_not_started_again() {
    let consumers = |world: &mut World, count: &str| set(world, "group.account-view.consumers", count);
    let mut world = running(&[("group.account-view.consumers", "2")]);
    lay(&mut world, FaultKind::CrashAfterEffect, Target::Node(Node::Consumer(1)));
    run_until_struck(&mut world);
    run_on(&mut world, 1_000);
    consumers(&mut world, "1");
    run_on(&mut world, 8_000);
    assert_eq!(running_count(&world, 0), 1, "it died and was to be started again");

    consumers(&mut world, "2");
    run_on(&mut world, 2_000);
    consumers(&mut world, "1");
    // Until the rebalance is over that the second one began.
    run_on(&mut world, 40_000);
    let stopped = lay_lasting(&mut world, FaultKind::ConsumerStopped, Target::Group(0));
    run_on(&mut world, 4_000);
    act(&mut world, Intervention::EndFault(stopped));
    run_on(&mut world, 4_000);
    assert_eq!(running_count(&world, 0), 1, "the fault that ended did not stop it");

    let mut world = running(&[("share.consumers", "2")]);
    set(&mut world, "share.consumers", "1");
    run_on(&mut world, 2_000);
    let stopped = lay_lasting(&mut world, FaultKind::ConsumerStopped, Target::Group(SHARE_GROUP_NUMBER));
    run_on(&mut world, 4_000);
    act(&mut world, Intervention::EndFault(stopped));
    run_on(&mut world, 4_000);
    let works = world.share_consumers().iter().filter_map(|c| c.work.as_ref());
    assert_eq!(works.filter(|w| w.state == ProcessState::Running).count(), 1, "nor a worker of the share group");
}

#[test]
fn a_container_of_a_retry_topic_that_was_switched_off_stays_away() {
    let mut world = running(&[("group.account-view.retryTopics.maxAttempts", "3"), ("group.account-view.consumers", "1")]);
    let before = running_count(&world, 0);
    set(&mut world, "group.account-view.retryTopics.maxAttempts", "0");
    run_on(&mut world, 4_000);
    let only_main = (before > 1, running_count(&world, 0));
    assert_eq!(only_main, (true, 1));
    let stopped = lay_lasting(&mut world, FaultKind::ConsumerStopped, Target::Group(0));
    run_on(&mut world, 4_000);
    act(&mut world, Intervention::EndFault(stopped));
    run_on(&mut world, 4_000);
    assert_eq!(running_count(&world, 0), 1);
    // Its topic is not there for it: by hand it does not start either.
    let other = world.consumers().iter().position(|c| c.duty != Duty::Main).expect("there were some");
    act(&mut world, Intervention::Act(Action::Start(Node::Consumer(other as u32))));
    assert_eq!(running_count(&world, 0), 1);
}

#[test]
fn neither_a_setting_nor_a_rebuild_starts_what_a_fault_holds_down() {
    for kind in [FaultKind::ConsumerKilled, FaultKind::ConsumerStopped] {
        let mut world = running(&[("group.account-view.consumers", "2"), ("share.consumers", "1")]);
        let shares = lay_lasting(&mut world, kind, Target::Group(SHARE_GROUP_NUMBER));
        let fault = lay_lasting(&mut world, kind, Target::Group(0));
        for (key, value) in [("group.account-view.consumers", "3"), ("group.account-view.concurrency", "2"), ("share.consumers", "2")] {
            set(&mut world, key, value);
        }
        run_on(&mut world, 30_000);
        let workers = |world: &World| {
            let works = world.share_consumers().iter().filter_map(|c| c.work.as_ref());
            works.filter(|w| w.state == ProcessState::Running).count()
        };
        assert_eq!((running_count(&world, 0), workers(&world)), (0, 0), "{kind}: changed settings");
        act(&mut world, Intervention::Act(Action::RebuildView { group: 0 }));
        run_on(&mut world, 30_000);
        assert_eq!(running_count(&world, 0), 0, "{kind}: a rebuild");
        act(&mut world, Intervention::EndFault(fault));
        act(&mut world, Intervention::EndFault(shares));
        run_on(&mut world, 20_000);
        assert_eq!((running_count(&world, 0), workers(&world)), (6, 2), "{kind}: what was set meanwhile");
        assert!(!world.is_rebuilding(0), "{kind}");
    }
}

#[test]
fn mending_everything_hires_nobody_into_a_recorded_case() {
    let scenario = Scenario { stage: Stage::ClusterOnly, ..Scenario::plain("workbench", 11) };
    let mut world = World::new(&scenario);
    world.run_until(SimTime::from_ms(2_000));
    lay_lasting(&mut world, FaultKind::LinkSlow, Target::Link { link: Link::Fetch, of: None });
    lay_lasting(&mut world, FaultKind::BrokerKilled, Target::Node(Node::Broker(1)));
    act(&mut world, Intervention::HealAll);
    set(&mut world, "group.account-view.consumers", "3");
    set(&mut world, "topic.partitions", "6");
    set(&mut world, "topic.dlt.partitions", "2");
    assert_eq!(world.consumers().len(), 0);
    assert!(world.faults().standing().is_empty());
    assert!(world.cluster().topics().by_name("transfer-events-dlt").is_none());
}

#[test]
fn mending_everything_reaches_the_topic_though_no_broker_runs() {
    let mut world = running(&[]);
    let unclean = |world: &World| world.cluster().topics().by_name(TOPIC).expect("the bank's topic").config.unclean_leader_election_enable;
    lay_lasting(&mut world, FaultKind::UncleanElection, Target::Cluster);
    assert!(unclean(&world));
    for broker in 1..=3 {
        act(&mut world, Intervention::Act(Action::Kill(Node::Broker(broker))));
    }
    act(&mut world, Intervention::HealAll);
    run_on(&mut world, 30_000);
    assert!(!unclean(&world));
}

/// The listener's part in a crash after the dead letter: it throws so that there is one.
#[test]
fn a_crash_after_the_dead_letter_is_told_once_and_leaves_no_listener_throwing() {
    let sets = [("group.account-view.on-failure", "throw"), ("group.account-view.consumers", "2")];
    let mut world = running(&sets);
    let from = world.trace().end();
    lay(&mut world, FaultKind::CrashAfterDeadLetter, Target::Group(0));
    run_on(&mut world, 30_000);
    let told = words(&world, from);
    assert_eq!(told.iter().filter(|word| *word == "fault_struck").count(), 1, "{told:?}");
    let ended = told.iter().position(|word| word == "fault_ended").expect("it struck");
    assert!(!told[ended..].iter().any(|word| word == "threw"), "{}", tail(&world));

    // Without a dead letter there is no such moment.
    let mut world = running(&[&sets[..], &[("group.account-view.recoverer", "log")]].concat());
    let from = world.trace().end();
    lay(&mut world, FaultKind::CrashAfterDeadLetter, Target::Group(0));
    run_on(&mut world, 10_000);
    assert!(!words(&world, from).iter().any(|word| word == "fault_struck"));
}

#[test]
fn every_fault_strikes_and_heals() {
    for kind in FaultKind::all() {
        let mut world = World::new(&scenario(*kind));
        world.run_until(SimTime::from_ms(8_000));
        let from = world.trace().end();
        let rule = FaultRule::usual(*kind, target(*kind));
        let at = world.now();
        world.intervene(at, &Intervention::Inject(rule)).unwrap_or_else(|error| panic!("{kind}: {error}"));
        world.run_until(SimTime::from_ms(22_000));
        let seen = words(&world, from);
        assert_eq!(seen[0], "fault_laid", "{kind}");
        for sign in signs(*kind) {
            assert!(seen.iter().any(|w| w == sign), "{kind}: no {sign} in {seen:?}");
        }
        if rule.moment.kind() == MomentKind::Armed {
            assert!(seen.iter().any(|w| w == "fault_struck"), "{kind} never struck");
            assert!(world.faults().standing().is_empty(), "{kind} still stands");
        }
        let at = world.now();
        world.intervene(at, &Intervention::HealAll).expect("always fits");
        set(&mut world, "client.commands-per-minute", "0");
        assert!(world.faults().standing().is_empty());
        world.run_until(SimTime::from_ms(75_000));
        for group in GROUPS {
            for partition in 0..world.partition_count() {
                assert_eq!(world.unread(group, partition), 0, "{kind}: {group} on {partition} never caught up\n{}", tail(&world));
            }
        }
    }
}

/// The end of the trace.
fn tail(world: &World) -> String {
    let text = super::text(world);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}

#[test]
fn a_severed_link_of_one_consumer_leaves_the_others_alone() {
    let mut world = World::new(&Scenario::plain("fault", 11));
    world.run_until(SimTime::from_ms(8_000));
    let target = Target::Link { link: Link::Coordination, of: Some(Node::Consumer(0)) };
    let rule = FaultRule { moment: Moment::Lasting { until: None }, ..FaultRule::usual(FaultKind::LinkSevered, target) };
    let at = world.now();
    world.intervene(at, &Intervention::Inject(rule)).expect("it fits");
    world.run_until(SimTime::from_ms(80_000));
    let evicted: Vec<String> = (world.trace().iter())
        .filter(|f| matches!(&f.kind, FactKind::Broker(_)))
        .map(|f| world.line(f).to_string())
        .filter(|line| line.contains("member_evicted"))
        .collect();
    assert_eq!(evicted.len(), 1, "{evicted:?}");
    assert!(evicted[0].contains("account-view-0"), "{evicted:?}");
}

#[test]
fn d12_a_dead_letter_waits_until_its_producer_reaches_the_log() {
    let mut scenario = Scenario::plain("fault", 11);
    for (key, value) in [("group.account-view.on-failure", "throw"), ("producer.max.block.ms", "2000")] {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    let mut world = World::new(&scenario);
    let lay = |world: &mut World, rule| {
        let at = world.now();
        world.intervene(at, &Intervention::Inject(rule)).expect("it fits");
    };
    world.run_until(SimTime::from_ms(8_000));
    for slot in 0..world.consumers().len() as u32 {
        let target = Target::Link { link: Link::Produce, of: Some(Node::Consumer(slot)) };
        let moment = Moment::Lasting { until: Some(SimTime::from_ms(18_000)) };
        lay(&mut world, FaultRule { moment, ..FaultRule::usual(FaultKind::LinkSevered, target) });
    }
    // What fails at one delivery only would be handled at the next one and never become a dead letter.
    let throws = FaultRule::usual(FaultKind::ListenerThrowsFatal, Target::Group(0));
    lay(&mut world, FaultRule { moment: Moment::Armed { times: 50 }, ..throws });
    let from = world.trace().end();
    world.run_until(SimTime::from_ms(18_000));
    let seen = words(&world, from);
    assert!(seen.iter().any(|word| word == "recovery_failed"), "{seen:?}");
    let letters = |world: &World| -> u64 {
        let partitions = (0..world.partition_count()).filter_map(|p| world.cluster().partition_named("transfer-events-dlt", p));
        partitions.map(|partition| world.high_watermark(partition)).sum()
    };
    assert_eq!(letters(&world), 0);
    set(&mut world, "client.commands-per-minute", "0");
    world.run_until(SimTime::from_ms(120_000));
    assert!(letters(&world) >= 1, "{}", tail(&world));
    assert!((0..world.partition_count()).all(|partition| world.unread("account-view", partition) == 0), "{}", tail(&world));
}

/// The words of the facts of a group's consumers from this number on.
fn words_of_group(world: &World, group: u32, from: u64) -> Vec<String> {
    let of_group = |node: Node| matches!(node, Node::Consumer(slot) if world.consumers()[slot as usize].group == Some(group));
    let facts = world.trace().iter_from(from).filter(|fact| of_group(fact.actor));
    facts.map(|fact| fact.kind.words(world.cluster().topics()).0.name().to_owned()).collect()
}

#[test]
fn d6_what_a_listener_does_is_changed_under_a_fault_too() {
    let mut world = World::new(&Scenario::plain("fault", 11));
    world.run_until(SimTime::from_ms(10_000));
    let throws = FaultRule { moment: Moment::Lasting { until: None }, ..FaultRule::usual(FaultKind::ListenerThrows, Target::Group(0)) };
    world.intervene(world.now(), &Intervention::Inject(throws)).expect("the fault fits");
    world.run_until(SimTime::from_ms(20_000));
    assert!(words_of_group(&world, 0, 0).contains(&"nacked".to_owned()));
    set(&mut world, "group.account-view.on-failure", "throw");
    world.run_until(SimTime::from_ms(21_000));
    let from = world.trace().end();
    world.run_until(SimTime::from_ms(40_000));
    let seen = words_of_group(&world, 0, from);
    assert!(!seen.contains(&"nacked".to_owned()), "the catch is gone");
    assert!(seen.contains(&"failed".to_owned()), "{seen:?}");

    let mut world = World::new(&Scenario::plain("fault", 11));
    world.run_until(SimTime::from_ms(10_000));
    let slow =
        FaultRule { moment: Moment::Lasting { until: None }, amount: 1, ..FaultRule::usual(FaultKind::ListenerSlow, Target::Group(0)) };
    world.intervene(world.now(), &Intervention::Inject(slow)).expect("the fault fits");
    set(&mut world, "group.account-view.acknowledge", "never");
    world.run_until(SimTime::from_ms(11_000));
    let from = world.trace().end();
    world.run_until(SimTime::from_ms(20_000));
    let seen = words_of_group(&world, 0, from);
    assert!(seen.contains(&"delivered".to_owned()) && !seen.contains(&"acknowledged".to_owned()), "{seen:?}");
}

/// An answer that comes after its listener has waited long enough, or died, flies to the consumer that asked all the same.
#[test]
fn a_late_answer_of_the_read_database_flies_to_who_asked() {
    let slow = FaultRule { amount: 2_000, ..FaultRule::usual(FaultKind::ReadDbSlow, Target::Node(Node::ReadDb)) };
    let mut world = World::new(&Scenario::plain("fault", 11));
    world.run_until(SimTime::from_ms(10_000));
    world.intervene(world.now(), &Intervention::Inject(slow)).expect("the fault fits");
    let (mut asked, mut answers, mut seen) = (SortedMap::new(), 0, world.flights().sent_count());
    while world.now() < SimTime::from_ms(25_000) {
        world.step();
        for flight in world.flights().iter().filter(|flight| flight.number >= seen) {
            let Payload::Bank(hop) = &flight.payload else { continue };
            match hop.message {
                Message::Apply { call, .. } => drop(asked.insert(call, flight.from)),
                Message::ApplyAnswer { call, .. } if asked.contains_key(&call) => {
                    assert_eq!(Some(&flight.to), asked.get(&call), "at {}", world.now());
                    answers += u32::from(flight.to != Node::Consumer(0));
                }
                _ => {}
            }
        }
        seen = world.flights().sent_count();
    }
    assert!(answers > 1, "{answers} answers to others than the first");
}

#[test]
fn a_process_that_stands_still_sends_nothing() {
    type Sets = &'static [(&'static str, &'static str)];
    let scenarios: [(FaultKind, Node, Sets); 4] = [
        (FaultKind::RelayPause, Node::Relay, &[]),
        (FaultKind::RelayPause, Node::Relay, &[("producer.transactional.id", "true")]),
        (FaultKind::ApiPause, Node::Api, &[("api.publication", "inside-transaction"), ("api.write-db-timeout", "600000")]),
        (FaultKind::ApiPause, Node::Api, &[("api.publication", "after-commit"), ("producer.transactional.id", "true")]),
    ];
    for (kind, node, sets) in scenarios {
        let mut scenario = Scenario::plain("fault", 11);
        for (key, value) in sets.iter().chain(&[("producer.linger.ms", "2000")]) {
            scenario.config.set_text(key, value).expect("a setting of the table");
        }
        let mut world = World::new(&scenario);
        world.run_until(SimTime::from_ms(9_000));
        while world.bank().expect("a bank").publishing_count() == 0 {
            world.step();
        }
        // Longer than the producer's request timeout.
        let until = world.now() + 40_000_000;
        let pause = FaultRule { moment: Moment::Lasting { until: Some(until) }, ..FaultRule::usual(kind, Target::Node(node)) };
        world.intervene(world.now(), &Intervention::Inject(pause)).expect("the fault fits");
        let first = world.flights().sent_count();
        while world.next_at().is_some_and(|at| at < until) {
            world.step();
            let sent = world.flights().iter().find(|flight| flight.number >= first && flight.from == node);
            assert!(sent.is_none(), "{kind} {sets:?}: {sent:?} at {}", world.now());
        }
        let set = |world: &mut World, key: &str| set(world, key, "0");
        set(&mut world, "client.commands-per-minute");
        world.run_until(until + 120_000_000);
        assert_eq!(world.pending(), None, "{kind} {sets:?}\n{}", tail(&world));
    }
}

/// A listener within the API's process has no clock of its own: while that stands still, nothing throws for want of an answer.
#[test]
fn a_listener_in_a_process_that_stands_still_waits_on() {
    let mut scenario = scenario(FaultKind::EventListenerThrows);
    scenario.config.set_text("read-db.read-db-time", "900ms").expect("a setting of the table");
    let mut world = World::new(&scenario);
    world.run_until(SimTime::from_ms(9_000));
    while world.bank().expect("a bank").api().listeners().running_count() == 0 {
        world.step();
    }
    let until = world.now() + 5_000_000;
    let pause =
        FaultRule { moment: Moment::Lasting { until: Some(until) }, ..FaultRule::usual(FaultKind::ApiPause, Target::Node(Node::Api)) };
    world.intervene(world.now(), &Intervention::Inject(pause)).expect("the fault fits");
    let from = world.trace().end();
    world.run_until(until + 1_000_000);
    let seen = words(&world, from);
    assert!(!seen.contains(&"apply_failed".to_owned()), "{seen:?}");
}
