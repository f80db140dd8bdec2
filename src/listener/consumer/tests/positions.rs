//! Positions, fetches and commits: B6, B11, C3, C5, C7, D14.

use super::*;
use crate::listener::consumer::offset_and_metadata;

#[test]
fn b11_the_policy_counts_only_without_a_usable_commit() {
    for (policy, without, below) in [
        ("earliest", Ok(vec![(0, 3), (0, 4)]), Ok(vec![(0, 3), (0, 4)])),
        ("latest", Ok(vec![]), Ok(vec![])),
        ("none", Err("NoOffsetForPartitionException"), Err("OffsetOutOfRangeException")),
    ] {
        let mut bench = bench(1, 1);
        produce(&mut bench, 0, 5);
        delete_before(&mut bench, 0, 3);
        let fresh = open(&mut bench, "fresh", &[("auto.offset.reset", policy)]);
        let first = (0..4).map(|_| poll(&mut bench, fresh)).find(|r| r != &Ok(vec![])).unwrap_or(Ok(vec![]));
        assert_eq!(first, without, "{policy} without a commit");
        order(&mut bench, fresh, Order::Close);
        let offsets = [(p(0), offset_and_metadata(1).expect("not negative"))].into();
        let tool = bench.add_member("tool", config(&[]), false, false, |c, now, out| c.assign(now, &[p(0)], out));
        assert_eq!(order(&mut bench, tool, Order::Commit(Some(offsets))), Answer::Done);
        let late = open(&mut bench, "late", &[("auto.offset.reset", policy)]);
        let first = (0..4).map(|_| poll(&mut bench, late)).find(|r| r != &Ok(vec![])).unwrap_or(Ok(vec![]));
        assert_eq!(first, below, "{policy} below the start");
    }
}

#[test]
fn b11_none_throws_at_each_poll() {
    let mut bench = bench(1, 1);
    produce(&mut bench, 0, 2);
    let member = bench.add_member("m", config(&[("auto.offset.reset", "none")]), false, false, |c, now, out| c.assign(now, &[p(0)], out));
    order(&mut bench, member, Order::Seek(p(0), 100));
    assert_eq!(poll(&mut bench, member), Err("OffsetOutOfRangeException"));
    assert_eq!(poll(&mut bench, member), Err("OffsetOutOfRangeException"));
}

#[test]
fn c3_one_partition_is_drained_before_the_next() {
    let mut bench = bench(1, 2);
    produce(&mut bench, 0, 6);
    produce(&mut bench, 1, 6);
    let member = open(&mut bench, "m", &[("max.poll.records", "5")]);
    let poll = |bench: &mut Bench| (0..4).map(|_| poll(bench, member).expect("no exception")).find(|r| !r.is_empty()).unwrap_or_default();
    assert_eq!(poll(&mut bench), [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]);
    assert_eq!(poll(&mut bench), [(0, 5), (1, 0), (1, 1), (1, 2), (1, 3)]);
    assert_eq!(poll(&mut bench), [(1, 4), (1, 5)]);
}

#[test]
fn c3_records_of_a_paused_partition_are_kept() {
    let mut bench = bench(1, 2);
    produce(&mut bench, 0, 3);
    produce(&mut bench, 1, 3);
    let member = open(&mut bench, "m", &[("max.poll.records", "2")]);
    assert_eq!((0..4).map(|_| poll(&mut bench, member)).find(|r| r != &Ok(vec![])), Some(Ok(vec![(0, 0), (0, 1)])));
    bench.member(member, |m, _, _| m.consumer.pause(&[p(0)]));
    assert_eq!(drain(&mut bench, member), [(1, 0), (1, 1), (1, 2)]);
    assert_eq!(bench.view(member).consumer.buffered(p(0)), 1);
    bench.member(member, |m, now, out| m.consumer.resume(now, &[p(0)], out));
    assert_eq!(poll(&mut bench, member), Ok(vec![(0, 2)]));
}

#[test]
fn c5_a_commit_moves_no_position_and_may_go_backwards() {
    let mut bench = bench(1, 1);
    produce(&mut bench, 0, 5);
    let member = open(&mut bench, "m", &[]);
    assert_eq!(drain(&mut bench, member).len(), 5);
    for offset in [5, 2, 1_000] {
        let offsets = [(p(0), offset_and_metadata(offset).expect("not negative"))].into();
        assert_eq!(order(&mut bench, member, Order::Commit(Some(offsets))), Answer::Done);
        assert_eq!(committed(&bench, 0), Some(offset as u64));
    }
    assert_eq!(bench.view(member).consumer.position(p(0)), Some(5));
    assert_eq!(offset_and_metadata(-1).map_err(|e| e.class), Err("IllegalArgumentException"));
}

#[test]
fn c7_auto_commit_happens_inside_poll_after_the_interval() {
    let mut bench = bench(1, 1);
    produce(&mut bench, 0, 3);
    let member = open(&mut bench, "m", &[("enable.auto.commit", "true"), ("auto.commit.interval.ms", "5000"), ("max.poll.records", "2")]);
    let first = (0..4).map(|_| poll(&mut bench, member)).find(|r| r != &Ok(vec![]));
    assert_eq!(first, Some(Ok(vec![(0, 0), (0, 1)])));
    bench.advance(20_000_000);
    assert_eq!(committed(&bench, 0), None, "never without a poll");
    assert_eq!(poll(&mut bench, member), Ok(vec![(0, 2)]));
    bench.advance(10_000);
    assert_eq!(committed(&bench, 0), Some(2), "what the poll before had returned");
    order(&mut bench, member, Order::Close);
    assert_eq!(committed(&bench, 0), Some(3));
}

#[test]
fn d14_nothing_gets_past_a_poison_pill_without_the_error_handling_deserializer() {
    let mut bench = bench(1, 2);
    produce(&mut bench, 0, 2);
    let config = config(&[("value.deserializer", "IntegerDeserializer")]);
    let member = bench.add_member("m", config, false, false, |c, now, out| c.assign(now, &[p(0), p(1)], out));
    assert_eq!(poll(&mut bench, member), Err("RecordDeserializationException"));
    produce(&mut bench, 1, 1);
    assert_eq!(poll(&mut bench, member), Err("RecordDeserializationException"));
    assert_eq!(bench.view(member).consumer.position(p(0)), Some(0));
}

#[test]
fn d14_the_error_handling_deserializer_hands_on_the_failure_in_a_header() {
    let mut bench = bench(1, 1);
    produce(&mut bench, 0, 1);
    let delegate = ("spring.deserializer.value.delegate.class", "IntegerDeserializer");
    let config = config(&[("value.deserializer", "ErrorHandlingDeserializer"), delegate]);
    let member = bench.add_member("m", config, false, false, |c, now, out| c.assign(now, &[p(0)], out));
    let Answer::Records(records) = order(&mut bench, member, Order::Poll { for_us: 1_000_000 }) else { panic!("it returns records") };
    assert_eq!(records[0].record.value, None);
    let header = records[0].record.headers.iter().find(|h| &*h.name == crate::listener::consumer::VALUE_FAILURE_HEADER);
    assert_eq!(header.and_then(|h| h.value.clone()), Some(bytes("v0")));
}

#[test]
fn b6_a_position_above_the_cut_goes_back_to_where_the_logs_part() {
    for (policy, expected) in [("latest", Ok(vec![])), ("earliest", Ok(vec![])), ("none", Err("LogTruncationException"))] {
        let mut bench = bench(2, 1);
        let leader = bench.cluster.partition(p(0)).and_then(|s| s.leader).expect("it has a leader");
        let follower = BrokerId(1 - leader.0);
        produce(&mut bench, 0, 3);
        bench.advance(2_000_000);
        kill(&mut bench, follower.0);
        bench.advance(60_000_000);
        produce(&mut bench, 0, 2);
        let config = config(&[("auto.offset.reset", policy)]);
        let member = bench.add_member("m", config, false, false, |c, now, out| c.assign(now, &[p(0)], out));
        order(&mut bench, member, Order::Seek(p(0), 0));
        assert_eq!(poll(&mut bench, member).map(|r| r.len()), Ok(5), "{policy}");
        kill(&mut bench, leader.0);
        bench.advance(20_000_000);
        bench.cluster(|cluster, now, out| cluster.start_broker(now, follower, out));
        bench.advance(30_000_000);
        assert_eq!(bench.cluster.partition(p(0)).and_then(|s| s.leader), Some(follower), "an unclean election");
        let outcome = (0..8).map(|_| poll(&mut bench, member)).find(Result::is_err).unwrap_or(Ok(vec![]));
        assert_eq!(outcome, expected, "{policy}");
        if expected.is_ok() {
            assert_eq!(bench.view(member).consumer.position(p(0)), Some(3), "{policy}");
        }
    }
}
