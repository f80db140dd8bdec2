//! The workers of the bank's share group: decided by hand, restarted by a setting, broken by each fault that they know.

use super::super::{Intervention, InterventionError, ProcessState, ShareDecision, WorkFact, World};
use crate::broker::share::RecordState;
use crate::fault::{FaultKind, FaultRule, Moment, Node, Target};
use crate::kernel::SimTime;
use crate::pipeline::FactKind;
use crate::scenario::{SHARE_GROUP, SHARE_GROUP_NUMBER, Scenario};

/// One worker on one partition, two records a poll, with what `sets` says besides.
fn scenario(sets: &[(&str, &str)]) -> Scenario {
    let mut scenario = Scenario::plain("share", 7);
    let usual = [
        ("client.commands-per-minute", "240"),
        ("topic.partitions", "1"),
        ("share.consumers", "1"),
        ("share.share.acknowledgement.mode", "explicit"),
        ("share.share.acquire.mode", "record_limit"),
        ("share.max.poll.records", "2"),
        ("share.share.auto.offset.reset", "earliest"),
        ("share.share.heartbeat.interval.ms", "1000"),
        ("share.listener-time", "100ms"),
    ];
    for (key, value) in usual.iter().chain(sets) {
        scenario.config.set_text(key, value).expect("a setting of the table");
    }
    scenario
}

fn does(world: &mut World, intervention: Intervention) {
    let at = world.now();
    world.intervene(at, &intervention).expect("it fits");
}

/// Lets the world go on until a worker asks, and gives the offset that it asks about.
fn asks(world: &mut World, slot: u32) -> u64 {
    let work = |world: &World| world.share_consumers()[slot as usize].work.clone().expect("a worker of the bank");
    for _ in 0..200_000 {
        if work(world).awaits_decision() {
            return work(world).place().expect("it asks about a record").1;
        }
        assert!(world.step());
    }
    panic!("the worker never asks\n{}", super::text(world));
}

fn state(world: &World, offset: u64) -> Option<(RecordState, u32)> {
    let share = world.cluster().share_partition(SHARE_GROUP, world.topic_partition(0)).expect("the group reads");
    share.at(offset).map(|s| (s.state, s.delivery_count))
}

/// What the workers did, from this fact on.
fn deeds(world: &World, from: u64) -> Vec<WorkFact> {
    let deed = |kind: &FactKind| if let FactKind::Work(deed) = kind { Some(deed.clone()) } else { None };
    world.trace().iter_from(from).filter_map(|fact| deed(&fact.kind)).collect()
}

/// A world whose worker asks about a record; its offset.
fn asked(sets: &[(&str, &str)]) -> (World, u64) {
    let mut world = World::new(&scenario(sets));
    world.run_until(SimTime::from_ms(6_000));
    does(&mut world, Intervention::ShareByHand { consumer: 0, on: true });
    let offset = asks(&mut world, 0);
    (world, offset)
}

fn decide(world: &mut World, decision: ShareDecision) {
    does(world, Intervention::ShareDecide { consumer: 0, decision });
}

#[test]
fn s8_each_decision_by_hand_is_what_the_broker_hears() {
    let outcomes = [
        (ShareDecision::Accept, ("share_acknowledged", " accept"), true),
        (ShareDecision::Release, ("share_released", " release"), false),
        (ShareDecision::Reject, ("share_archived", " reject"), false),
        (ShareDecision::Renew, ("share_renewed", ""), false),
    ];
    for (decision, (word, by), tells) in outcomes {
        let (mut world, offset) = asked(&[("share.commit", "commitSync")]);
        let from = world.trace().end();
        assert_eq!(state(&world, offset), Some((RecordState::Acquired, 1)), "nothing is said while it asks");
        decide(&mut world, decision);
        asks(&mut world, 0);
        let lines: Vec<String> = world.trace().iter_from(from).map(|f| world.line(f).to_string()).collect();
        let of_record = format!("@{offset}..{}{by}", offset + 1);
        assert!(lines.iter().any(|l| l.contains(&format!(" {word} ")) && l.ends_with(&of_record)), "{decision:?}\n{}", lines.join("\n"));
        let noticed = deeds(&world, from).iter().any(|d| matches!(d, WorkFact::Noticed { offset: o, .. } if *o == offset));
        assert_eq!(noticed, tells, "{decision:?}");
    }
}

#[test]
fn s8_a_renewed_record_comes_back_to_be_decided_again() {
    let (mut world, offset) = asked(&[("share.max.poll.records", "1")]);
    decide(&mut world, ShareDecision::Renew);
    assert_eq!(asks(&mut world, 0), offset, "with the next poll");
    assert_eq!(state(&world, offset), Some((RecordState::Acquired, 1)), "without another delivery");
}

#[test]
fn s16_nothing_said_of_a_record_ends_an_explicit_worker_at_its_next_poll() {
    let (mut world, offset) = asked(&[("share.max.poll.records", "1")]);
    let from = world.trace().end();
    decide(&mut world, ShareDecision::Nothing);
    assert_eq!(asks(&mut world, 0), offset, "the closed consumer gave it back, and the new one has it");
    assert_eq!(state(&world, offset), Some((RecordState::Acquired, 2)));
    let told = deeds(&world, from);
    let place = |wanted: &WorkFact| told.iter().position(|d| d == wanted).unwrap_or_else(|| panic!("no {wanted:?} in {told:?}"));
    let threw = place(&WorkFact::CallThrew { class: "IllegalStateException" });
    assert!(threw < place(&WorkFact::Stopped) && place(&WorkFact::Stopped) < place(&WorkFact::Started));
}

#[test]
fn s16_in_implicit_mode_only_accept_and_nothing_can_be_decided() {
    let (mut world, offset) = asked(&[("share.share.acknowledgement.mode", "implicit"), ("share.max.poll.records", "1")]);
    for decision in [ShareDecision::Release, ShareDecision::Reject, ShareDecision::Renew] {
        let (at, before) = (world.now(), world.digest());
        let refused = world.intervene(at, &Intervention::ShareDecide { consumer: 0, decision });
        assert_eq!(refused, Err(InterventionError::ImplicitMode { consumer: 0 }), "{decision:?}");
        assert_eq!(world.digest(), before, "a refusal changes nothing");
    }
    decide(&mut world, ShareDecision::Nothing);
    let next = asks(&mut world, 0);
    assert!(next > offset, "the next poll has accepted it, though nothing was done");
    assert_eq!(state(&world, offset), None, "finished, and passed by the start offset");
}

#[test]
fn nobody_decides_what_is_not_asked() {
    let mut world = World::new(&scenario(&[]));
    world.run_until(SimTime::from_ms(6_000));
    let at = world.now();
    let decide = |consumer| Intervention::ShareDecide { consumer, decision: ShareDecision::Accept };
    assert_eq!(world.intervene(at, &decide(0)), Err(InterventionError::ShareNotAsked { consumer: 0 }));
    assert_eq!(world.intervene(at, &decide(9)), Err(InterventionError::ShareNotAsked { consumer: 9 }));
    assert!(world.intervene(at, &Intervention::ShareByHand { consumer: 9, on: true }).is_err());
}

#[test]
fn s5_who_takes_too_long_to_decide_loses_the_record_and_is_refused() {
    let (mut world, offset) = asked(&[("share.consumers", "2"), ("share.share.record.lock.duration.ms", "1000")]);
    does(&mut world, Intervention::ShareByHand { consumer: 1, on: true });
    while asks(&mut world, 1) != offset {
        does(&mut world, Intervention::ShareDecide { consumer: 1, decision: ShareDecision::Accept });
    }
    assert_eq!(state(&world, offset), Some((RecordState::Acquired, 2)), "the other one has it now");
    let from = world.trace().end();
    decide(&mut world, ShareDecision::Release);
    let later = world.now() + 3_000_000;
    world.run_until(later);
    let refused = world.trace().iter_from(from).any(|f| f.kind.words(world.cluster().topics()).0.name() == "share_refused");
    assert!(refused, "{}", super::text(&world));
}

#[test]
fn to_decide_no_more_lets_the_worker_go_on_and_so_does_healing() {
    for off in [Intervention::ShareByHand { consumer: 0, on: false }, Intervention::HealAll] {
        let (mut world, offset) = asked(&[]);
        does(&mut world, off);
        let later = world.now() + 5_000_000;
        world.run_until(later);
        assert_eq!(state(&world, offset), None, "finished");
        assert!(!world.share_consumers()[0].work.as_ref().expect("of the bank").by_hand);
    }
}

#[test]
fn s13_a_setting_that_waits_for_a_restart_closes_the_consumer_and_gives_its_records_back() {
    let mut world = World::new(&scenario(&[("share.listener-time", "600ms"), ("share.max.poll.records", "4")]));
    world.run_until(SimTime::from_ms(6_300));
    assert!(world.share_consumers()[0].work.as_ref().is_some_and(|w| w.waiting.len() > 1), "one at work, more to come");
    let from = world.trace().end();
    does(&mut world, Intervention::Set { key: "share.max.poll.records".into(), value: "5".into() });
    world.run_until(SimTime::from_ms(14_000));
    let told = deeds(&world, from);
    assert!(!told.contains(&WorkFact::Killed), "{told:?}");
    let place = |wanted: WorkFact| told.iter().position(|d| *d == wanted).unwrap_or_else(|| panic!("no {wanted:?} in {told:?}"));
    assert!(place(WorkFact::Stopped) < place(WorkFact::Started), "{told:?}");
    let words: Vec<String> = world.trace().iter_from(from).map(|f| world.line(f).to_string()).collect();
    assert!(words.iter().any(|line| line.contains(" share_released ")), "the rest of the poll was given back\n{}", words.join("\n"));
    assert!(words.iter().any(|line| line.contains(" left ") || line.contains(" member_left ")), "the member has left");
    assert_eq!(world.share_consumers()[0].application.consumer.config().max_poll_records, 5);
    assert!(told.iter().any(|d| matches!(d, WorkFact::Polled { records: 3.. })), "{told:?}");
    assert_eq!(world.share_consumers()[0].work.as_ref().map(|w| w.state), Some(ProcessState::Running));
}

/// The kinds of violations of the share group in a world, each once, by their first word.
fn broken(world: &World) -> Vec<String> {
    let mut words: Vec<String> = world.violations().iter().map(|v| v.kind.to_string()).collect();
    words.iter_mut().for_each(|word| word.truncate(word.find(' ').unwrap_or(word.len())));
    words.dedup();
    words
}

/// A world with two workers on which a fault is laid after eight seconds; it ends after as many more.
fn with_fault(kind: FaultKind, target: Target, sets: &[(&str, &str)]) -> World {
    let sets = [&[("share.consumers", "2"), ("share.share.record.lock.duration.ms", "2000")], sets].concat();
    let mut world = World::new(&scenario(&sets));
    world.run_until(SimTime::from_ms(8_000));
    let mut rule = FaultRule::usual(kind, target);
    if kind == FaultKind::ListenerSlow {
        // Longer than the lock.
        rule.amount = 3_000;
    }
    if matches!(rule.moment, Moment::Lasting { .. }) {
        rule.moment = Moment::Lasting { until: Some(SimTime::from_ms(16_000)) };
    }
    does(&mut world, Intervention::Inject(rule));
    world.run_until(SimTime::from_ms(30_000));
    world
}

const SHARES: Target = Target::Group(SHARE_GROUP_NUMBER);
const FIRST: Target = Target::Node(Node::ShareConsumer(0));
const NO_KEY: (&str, &str) = ("share.idempotency-key", "false");

#[test]
fn every_fault_of_a_share_consumer_strikes_it_and_leaves_nothing_behind() {
    let signs = [
        (FaultKind::ConsumerKilled, "killed"),
        (FaultKind::ConsumerStopped, "stopped"),
        (FaultKind::ConsumerStalled, "share_released"),
        (FaultKind::ListenerThrows, "share_threw"),
        (FaultKind::ListenerThrowsFatal, "share_threw"),
        (FaultKind::AckForgotten, "share_call_threw"),
        (FaultKind::AckBeforeEffect, "share_commit"),
        (FaultKind::ListenerSlow, "share_released"),
        (FaultKind::CrashAfterEffect, "killed"),
        (FaultKind::CrashBeforeEffect, "killed"),
        (FaultKind::CrashBeforeCommit, "killed"),
    ];
    assert_eq!(signs.len(), FaultKind::all().iter().filter(|kind| kind.fits_share_consumer()).count());
    for (kind, sign) in signs {
        for target in [SHARES, FIRST] {
            let mut world = with_fault(kind, target, &[]);
            assert!(world.faults().standing().is_empty(), "{kind} on {target} still stands");
            let told = world.trace().iter().any(|f| {
                matches!(f.actor, Node::ShareConsumer(_) | Node::Broker(_)) && f.kind.words(world.cluster().topics()).0.name() == sign
            });
            assert!(told, "{kind} on {target}: no {sign}");
            does(&mut world, Intervention::Set { key: "client.commands-per-minute".into(), value: "0".into() });
            world.run_until(SimTime::from_ms(60_000));
            assert_eq!(world.pending(), None, "{kind} on {target}");
            assert_eq!(world.violations(), [], "{kind} on {target}: a key makes a second delivery harmless");
        }
    }
}

#[test]
fn what_makes_no_sense_on_a_share_consumer_is_refused_there() {
    let mut world = World::new(&scenario(&[("share.share.acknowledgement.mode", "implicit")]));
    let of_consumers = FaultKind::all().iter().filter(|k| k.target_kind() == crate::fault::TargetKind::Consumer);
    for kind in of_consumers {
        // Where nobody acknowledges, nobody forgets to.
        let fits = kind.fits_share_consumer() && *kind != FaultKind::AckForgotten;
        for target in [SHARES, FIRST] {
            let at = world.now();
            let laid = world.clone().intervene(at, &Intervention::Inject(FaultRule::usual(*kind, target)));
            assert_eq!(laid.is_ok(), fits, "{kind} on {target}");
        }
    }
    world.run_until(SimTime::from_ms(1_000));
}

#[test]
fn e5_without_a_key_a_second_delivery_tells_the_customer_twice() {
    for (kind, target) in
        [(FaultKind::CrashAfterEffect, SHARES), (FaultKind::CrashBeforeCommit, SHARES), (FaultKind::ConsumerStalled, FIRST)]
    {
        let world = with_fault(kind, target, &[NO_KEY]);
        assert_eq!(broken(&world), ["notice_twice"], "{kind}");
        let first = world.violations()[0];
        let (partition, offset) = first.record.expect("it has its place");
        assert_eq!(world.record(partition, offset).map(|r| r.tag), first.kind.event().map(crate::bank::EventId::tag), "{kind}");
        assert!(first.command.is_some(), "{kind}: it leads to its command");
    }
}

#[test]
fn s9_a_commit_after_each_record_leaves_less_to_be_told_twice() {
    let twice = |commit| {
        let sets = [NO_KEY, ("share.commit", commit), ("share.max.poll.records", "20"), ("client.commands-per-minute", "1200")];
        let world = with_fault(FaultKind::ConsumerKilled, FIRST, &sets);
        world.violations().len()
    };
    let (with_poll, at_once) = (twice("poll"), twice("commitSync"));
    assert!(with_poll > at_once, "{with_poll} with the next poll, {at_once} with commitSync");
}

#[test]
fn s8_accepted_before_the_work_and_never_done_is_lost() {
    for mode in ["explicit", "implicit"] {
        let sets = [("share.share.acknowledgement.mode", mode), ("share.listener-time", "500ms")];
        let mut world = with_fault(FaultKind::AckBeforeEffect, SHARES, &sets);
        assert_eq!(broken(&world), [] as [&str; 0], "{mode}: nobody died");
        does(
            &mut world,
            Intervention::Inject(FaultRule { moment: Moment::Armed { times: 8 }, ..FaultRule::usual(FaultKind::AckBeforeEffect, SHARES) }),
        );
        while !world.share_consumers()[0].work.as_ref().is_some_and(|w| w.said && w.at_work.is_some()) {
            assert!(world.step());
        }
        let soon = world.now() + 100_000;
        world.run_until(soon);
        does(&mut world, Intervention::Act(crate::pipeline::Action::Kill(Node::ShareConsumer(0))));
        world.run_until(soon + 5_000_000);
        assert_eq!(broken(&world), ["notice_lost"], "{mode}");
    }
}

#[test]
fn s16_nothing_decided_in_implicit_mode_loses_the_event_in_silence_and_the_referee_says_so() {
    let (mut world, offset) = asked(&[("share.share.acknowledgement.mode", "implicit"), ("share.max.poll.records", "1")]);
    decide(&mut world, ShareDecision::Nothing);
    does(&mut world, Intervention::ShareByHand { consumer: 0, on: false });
    let later = world.now() + 5_000_000;
    world.run_until(later);
    assert_eq!(broken(&world), ["notice_lost"]);
    assert_eq!(world.violations()[0].record.map(|(_, at)| at), Some(offset));
    let (mut world, _) = asked(&[]);
    decide(&mut world, ShareDecision::Nothing);
    does(&mut world, Intervention::ShareByHand { consumer: 0, on: false });
    let later = world.now() + 15_000_000;
    world.run_until(later);
    assert_eq!(world.violations(), [], "explicit mode does not let it pass");
}

#[test]
fn s14_what_retention_takes_from_a_stopped_share_group_is_a_violation_and_what_it_rejects_is_none() {
    let mut world = World::new(&scenario(&[("share.reject-share", "30"), ("share.release-share", "30")]));
    world.run_until(SimTime::from_ms(15_000));
    assert_eq!(world.violations(), [], "rejected, or archived at the limit: said, and knowingly so");
    let stopped = Moment::Lasting { until: Some(SimTime::from_ms(24_000)) };
    does(&mut world, Intervention::Inject(FaultRule { moment: stopped, ..FaultRule::usual(FaultKind::ConsumerStopped, SHARES) }));
    world.run_until(SimTime::from_ms(20_000));
    does(&mut world, Intervention::Inject(FaultRule { amount: 4, ..FaultRule::usual(FaultKind::RetentionOvertakes, Target::Cluster) }));
    world.run_until(SimTime::from_ms(32_000));
    assert_eq!(broken(&world), ["notice_overtaken"]);
}

#[test]
fn s2_what_was_there_before_a_group_that_begins_at_the_latest_is_owed_to_nobody() {
    let mut world = World::new(&scenario(&[("share.consumers", "0"), ("share.share.auto.offset.reset", "latest")]));
    world.run_until(SimTime::from_ms(10_000));
    does(&mut world, Intervention::Set { key: "share.consumers".into(), value: "2".into() });
    world.run_until(SimTime::from_ms(20_000));
    assert_eq!(world.violations(), []);
    let noticed = deeds(&world, 0).iter().filter(|d| matches!(d, WorkFact::Noticed { .. })).count();
    assert!(noticed > 10 && noticed < 60, "{noticed} of those that came since");
}

/// How long after the last record but one, of the same partition, a worker that gets one record at a time takes the last.
fn last_gap_us(mode: &str) -> u64 {
    let sets = [
        ("topic.partitions", "3"),
        ("client.commands-per-minute", "900"),
        ("share.share.acquire.mode", mode),
        ("share.max.poll.records", "1"),
        ("share.commit", "commitSync"),
    ];
    let mut world = World::new(&scenario(&sets));
    world.run_until(SimTime::from_ms(15_000));
    does(&mut world, Intervention::Set { key: "client.commands-per-minute".into(), value: "0".into() });
    world.run_until(SimTime::from_ms(300_000));
    assert_eq!(world.pending(), None);
    let taken = world.trace().iter().filter_map(|fact| match &fact.kind {
        FactKind::Work(WorkFact::Taken { partition, .. }) => Some((fact.at, *partition)),
        _ => None,
    });
    let taken: Vec<_> = taken.collect();
    let [.., (before, of_before), (last, of_last)] = taken[..] else { panic!("nothing taken") };
    assert_eq!(of_before, of_last, "in mode {mode} the last two are of one partition");
    last.since(before)
}

#[test]
fn s4_record_limit_asks_one_leader_at_a_time_and_waits_for_those_that_have_nothing() {
    // Two leaders without records hold their fetches for fetch.max.wait.ms, one after the other, before the third is asked.
    let gap_us = last_gap_us("record_limit");
    assert!((1_000_000..1_400_000).contains(&gap_us), "{gap_us}");
    // All three are asked at once.
    let gap_us = last_gap_us("batch_optimized");
    assert!(gap_us < 500_000, "{gap_us}");
}
