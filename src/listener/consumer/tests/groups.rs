//! Membership as the application sees it: C2, C4, C6, C15, C16, C17, and links that fail.

use super::*;
use crate::listener::consumer::ConsumerFact;

const EAGER: (&str, &str) = ("partition.assignment.strategy", "range");
const COOPERATIVE: (&str, &str) = ("partition.assignment.strategy", "cooperative-sticky");

#[test]
fn c4_eager_members_begin_again_at_the_commit_cooperative_ones_go_on() {
    for (strategy, again) in [(EAGER, true), (COOPERATIVE, false)] {
        let mut bench = bench(1, 2);
        produce(&mut bench, 0, 3);
        let first = join(&mut bench, "a", &[strategy]);
        bench.advance(5_000_000);
        assert_eq!(bench.member(first, |m, _, _| m.take()).len(), 3);
        join(&mut bench, "b", &[strategy]);
        bench.advance(20_000_000);
        assert_eq!(bench.view(first).assigned().iter().map(|p| p.partition).collect::<Vec<_>>(), [0]);
        let redelivered = bench.member(first, |m, _, _| m.take()).len();
        assert_eq!(redelivered, if again { 3 } else { 0 }, "{strategy:?}");
    }
}

#[test]
fn c4_the_callbacks_of_both_protocols() {
    let mut bench = bench(1, 2);
    let a = join(&mut bench, "a", &[EAGER]);
    bench.advance(5_000_000);
    join(&mut bench, "b", &[EAGER]);
    bench.advance(20_000_000);
    assert_eq!(seen(&mut bench, a), ["assigned 0 1", "revoked 0 1", "assigned 0"]);
    let mut bench = super::bench(1, 2);
    let a = join(&mut bench, "a", &[COOPERATIVE]);
    bench.advance(5_000_000);
    let b = join(&mut bench, "b", &[COOPERATIVE]);
    bench.advance(20_000_000);
    assert_eq!(seen(&mut bench, a), ["assigned 0 1", "revoked 1", "assigned ", "assigned "]);
    assert_eq!(seen(&mut bench, b), ["assigned ", "assigned 1"]);
}

#[test]
fn c4_the_default_assignors_are_eager() {
    assert!(!ConsumerConfig::default().is_cooperative());
    assert!(config(&[COOPERATIVE]).is_cooperative());
}

#[test]
fn c2_an_application_that_does_not_poll_leaves_and_then_loses() {
    let mut bench = bench(1, 2);
    let interval = ("max.poll.interval.ms", "10000");
    let a = join(&mut bench, "a", &[EAGER, interval]);
    let b = join(&mut bench, "b", &[EAGER, interval]);
    bench.advance(10_000_000);
    seen(&mut bench, a);
    bench.member(a, |m, _, _| m.stall());
    bench.advance(9_900_000);
    assert_eq!(bench.view(b).assigned().len(), 1);
    bench.advance(5_000_000);
    assert_eq!(bench.view(b).assigned().len(), 2);
    assert_eq!(seen(&mut bench, a), Vec::<String>::new(), "it does not know before it polls");
    let order_of = |bench: &mut Bench| {
        order(bench, a, Order::Commit(Some([(p(0), crate::broker::CommittedOffset { offset: 1, leader_epoch: None })].into())))
    };
    assert!(matches!(order_of(&mut bench), Answer::Threw(e) if e.class == "CommitFailedException"));
    bench.member(a, |m, now, out| m.resume(now, true, out));
    bench.advance(10_000_000);
    assert_eq!(seen(&mut bench, a), ["lost 0", "assigned 0"]);
}

#[test]
fn c2_a_static_member_that_does_not_poll_only_falls_silent() {
    let mut bench = bench(1, 1);
    let settings = [EAGER, ("max.poll.interval.ms", "10000"), ("group.instance.id", "i")];
    let a = join(&mut bench, "a", &settings);
    bench.advance(10_000_000);
    bench.member(a, |m, _, _| m.stall());
    bench.advance(20_000_000);
    assert_eq!(bench.cluster.groups.group("g").map(|g| g.members.len()), Some(1), "no LeaveGroup");
    bench.advance(45_000_000);
    assert_eq!(bench.cluster.groups.group("g").map(|g| g.members.len()), Some(0), "its session is over");
}

#[test]
fn c2_a_member_cut_off_is_evicted_and_comes_back_when_the_link_heals() {
    let mut bench = bench(1, 2);
    let a = join(&mut bench, "a", &[EAGER]);
    let b = join(&mut bench, "b", &[EAGER]);
    bench.advance(10_000_000);
    bench.cut_off.insert(a);
    bench.advance(41_000_000);
    assert_eq!(bench.view(b).assigned().len(), 1);
    bench.advance(13_000_000);
    assert_eq!(bench.view(b).assigned().len(), 2);
    bench.cut_off.clear();
    bench.advance(60_000_000);
    assert_eq!(bench.view(a).assigned().len(), 1);
    assert_eq!(bench.view(b).assigned().len(), 1);
    produce(&mut bench, 0, 1);
    produce(&mut bench, 1, 1);
    bench.advance(2_000_000);
    let got = [a, b].map(|m| bench.member(m, |m, _, _| m.take()).len());
    assert_eq!(got, [1, 1]);
}

#[test]
fn c1_members_follow_their_coordinator_to_another_broker() {
    let mut bench = bench(3, 3);
    let members = ["a", "b"].map(|name| join(&mut bench, name, &[COOPERATIVE]));
    bench.advance(10_000_000);
    let Response::FindCoordinator { coordinator } = bench.ask(None, Request::FindCoordinator { key: Arc::from("g"), transactional: false })
    else {
        panic!("there is a coordinator")
    };
    let generation = bench.cluster.groups.group("g").expect("it exists").generation;
    kill(&mut bench, coordinator.0);
    bench.advance(60_000_000);
    assert_eq!(bench.cluster.groups.group("g").expect("it exists").generation, generation, "nobody had to rejoin");
    let all: usize = members.iter().map(|m| bench.view(*m).assigned().len()).sum();
    assert_eq!(all, 3);
    for partition in 0..3 {
        produce(&mut bench, partition, 1);
    }
    bench.advance(3_000_000);
    let read: usize = members.iter().map(|m| bench.member(*m, |m, _, _| m.take()).len()).sum();
    assert_eq!(read, 3);
    bench.member(members[0], |m, _, _| m.stall());
    bench.advance(200_000);
    assert_eq!(commit(&mut bench, members[0]), Ok(()));
}

#[test]
fn c15_members_beyond_the_partitions_idle() {
    let mut bench = bench(1, 1);
    let members = ["a", "b", "c"].map(|name| join(&mut bench, name, &[EAGER]));
    bench.advance(10_000_000);
    let mut counts = members.map(|m| bench.view(m).assigned().len());
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 1]);
    let idle_beats = |bench: &Bench| bench.cluster.groups.group("g").map(|g| g.members.len());
    bench.advance(120_000_000);
    assert_eq!(idle_beats(&bench), Some(3), "they all live on");
}

#[test]
fn c16_a_restarted_static_member_gets_its_partitions_without_a_rebalance() {
    let mut bench = bench(1, 2);
    let first = join(&mut bench, "a", &[EAGER, ("group.instance.id", "i1")]);
    let other = join(&mut bench, "b", &[EAGER, ("group.instance.id", "i2")]);
    bench.advance(10_000_000);
    let before = bench.view(first).assigned().clone();
    let generation = bench.cluster.groups.group("g").expect("it exists").generation;
    seen(&mut bench, other);
    assert_eq!(order(&mut bench, first, Order::Close), Answer::Done);
    bench.advance(20_000_000);
    let second = join(&mut bench, "a", &[EAGER, ("group.instance.id", "i1")]);
    bench.advance(5_000_000);
    assert_eq!(*bench.view(second).assigned(), before);
    assert_eq!(bench.cluster.groups.group("g").expect("it exists").generation, generation);
    assert_eq!(seen(&mut bench, other), Vec::<String>::new());
    // Two living processes: the newer wins.
    let third = join(&mut bench, "a", &[EAGER, ("group.instance.id", "i1")]);
    bench.advance(5_000_000);
    assert_eq!(*bench.view(third).assigned(), before);
    assert_eq!(seen(&mut bench, second).last().map(String::as_str), Some("threw FencedInstanceIdException"));
}

#[test]
fn c17_kept_partitions_are_never_interrupted() {
    let mut bench = bench(1, 2);
    produce(&mut bench, 0, 2);
    produce(&mut bench, 1, 2);
    let modern = ("group.protocol", "consumer");
    let a = join(&mut bench, "a", &[modern]);
    bench.advance(20_000_000);
    assert_eq!(bench.member(a, |m, _, _| m.take()).len(), 4);
    let b = join(&mut bench, "b", &[modern]);
    bench.advance(40_000_000);
    assert_eq!([a, b].map(|m| bench.view(m).assigned().len()), [1, 1]);
    assert_eq!(bench.member(a, |m, _, _| m.take()).len(), 0, "its position was kept");
    assert_eq!(bench.member(b, |m, _, _| m.take()).len(), 2, "nothing was committed");
    let revoked = seen(&mut bench, a).iter().filter(|s| s.starts_with("revoked")).count();
    assert_eq!(revoked, 1);
}

#[test]
fn an_idle_consumer_costs_little() {
    let mut bench = bench(1, 3);
    let a = join(&mut bench, "a", &[EAGER]);
    bench.advance(10_000_000);
    bench.facts.clear();
    let before = bench.handled;
    bench.advance(60_000_000);
    let per_second = (bench.handled - before) / 60;
    // 2 fetches with 3 occurrences each, 20 background polls with a timer each, a heartbeat now and then.
    assert!(per_second < 35, "{per_second} occurrences a second");
    assert!(!bench.facts.iter().any(|(_, m, f)| *m == a && !matches!(f, ConsumerFact::Fetched { .. })), "{:?}", bench.facts);
}
