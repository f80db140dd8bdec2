//! The consumer against a real cluster, rule by rule.

mod bench;
mod groups;
mod positions;

use std::sync::Arc;

use self::bench::Bench;
use super::{Answer, ConsumerConfig, Order, Seen};
use crate::broker::{
    Acks, AdminRequest, Batch, BrokerId, ClientId, ClusterConfig, NewRecord, Request, Response, TopicId, TopicPartition, bytes, wall_ms,
};

/// A cluster with the topic `t`.
fn bench(brokers: u32, partitions: u32) -> Bench {
    let mut config = ClusterConfig { brokers, ..ClusterConfig::default() };
    config.set("group.initial.rebalance.delay.ms", "1000").expect("a real property");
    config.set("unclean.leader.election.enable", "true").expect("a real property");
    let mut bench = Bench::new(&config);
    let topic = |cluster: &mut crate::broker::Cluster, now, out: &mut Vec<_>| {
        cluster.create_topic(now, Arc::from("t"), partitions, brokers, Vec::new(), &[], out)
    };
    bench.cluster(topic).expect("the topic is new");
    bench.advance(1_000_000);
    bench
}

fn p(partition: u32) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

fn config(properties: &[(&str, &str)]) -> ConsumerConfig {
    let usual = [("group.id", "g"), ("auto.offset.reset", "earliest"), ("enable.auto.commit", "false")];
    ConsumerConfig::of(usual.iter().chain(properties).copied()).expect("Kafka accepts it")
}

/// Appends `count` records and waits for the leader's answer.
fn produce(bench: &mut Bench, partition: u32, count: u32) {
    let leader = bench.cluster.partition(p(partition)).and_then(|s| s.leader).expect("it has a leader");
    let timestamp_ms = wall_ms(bench.now);
    let record = |n: u32| NewRecord { key: None, value: Some(bytes(&format!("v{n}"))), headers: Arc::from([]), timestamp_ms, tag: 0 };
    let records = (0..count).map(record).collect();
    let batch = Batch { partition: p(partition), producer: None, base_sequence: 0, transactional: false, records };
    let request = Request::Produce { acks: Acks::Leader, timeout_us: 1_000_000, transactional_id: None, batches: vec![batch] };
    match bench.ask(Some(leader), request) {
        Response::Produce { partitions } => assert!(partitions[0].1.is_ok(), "{partitions:?}"),
        other => panic!("not an answer to a produce request: {other:?}"),
    }
}

fn delete_before(bench: &mut Bench, partition: u32, before: u64) {
    let leader = bench.cluster.partition(p(partition)).and_then(|s| s.leader).expect("it has a leader");
    let request = Request::Admin(AdminRequest::DeleteRecords { partition: p(partition), before });
    assert!(matches!(bench.ask(Some(leader), request), Response::Admin { .. }));
}

/// A member that polls when told.
fn open(bench: &mut Bench, name: &str, properties: &[(&str, &str)]) -> ClientId {
    bench.add_member(name, config(properties), false, false, |c, now, out| c.subscribe(now, vec![Arc::from("t")], out))
}

/// A member that polls without pause.
fn join(bench: &mut Bench, name: &str, properties: &[(&str, &str)]) -> ClientId {
    bench.add_member(name, config(properties), true, false, |c, now, out| c.subscribe(now, vec![Arc::from("t")], out))
}

fn order(bench: &mut Bench, member: ClientId, order: Order) -> Answer {
    bench.member(member, |m, now, out| m.order(now, order, out));
    let answer = bench.until(400_000_000, |b| b.member(member, |m, _, _| m.answer()));
    answer.expect("the order is carried out")
}

/// Polls until records come or a second has passed; offsets by partition, or the exception's class.
fn poll(bench: &mut Bench, member: ClientId) -> Result<Vec<(u32, u64)>, &'static str> {
    match order(bench, member, Order::Poll { for_us: 1_000_000 }) {
        Answer::Records(records) => Ok(records.iter().map(|r| (r.partition.partition, r.record.offset)).collect()),
        Answer::Threw(exception) => Err(exception.class),
        other => panic!("not an answer to a poll: {other:?}"),
    }
}

/// Polls until it has an assignment and all that there is.
fn drain(bench: &mut Bench, member: ClientId) -> Vec<(u32, u64)> {
    match order(bench, member, Order::Drain) {
        Answer::Records(records) => records.iter().map(|r| (r.partition.partition, r.record.offset)).collect(),
        other => panic!("not an answer to a drain: {other:?}"),
    }
}

fn commit(bench: &mut Bench, member: ClientId) -> Result<(), &'static str> {
    match order(bench, member, Order::Commit(None)) {
        Answer::Done => Ok(()),
        Answer::Threw(exception) => Err(exception.class),
        other => panic!("not an answer to a commit: {other:?}"),
    }
}

fn committed(bench: &Bench, partition: u32) -> Option<u64> {
    bench.cluster.groups.group("g").and_then(|g| g.offsets.get(&p(partition))).map(|o| o.committed.offset)
}

fn kill(bench: &mut Bench, broker: u32) {
    bench.cluster(|cluster, now, out| cluster.kill_broker(now, BrokerId(broker), out));
}

/// What the rebalance listener saw, as short text.
fn seen(bench: &mut Bench, member: ClientId) -> Vec<String> {
    let numbers = |partitions: Vec<TopicPartition>| partitions.iter().map(|p| p.partition.to_string()).collect::<Vec<_>>().join(" ");
    let show = |seen: Seen| match seen {
        Seen::Assigned(p) => format!("assigned {}", numbers(p)),
        Seen::Revoked(p) => format!("revoked {}", numbers(p)),
        Seen::Lost(p) => format!("lost {}", numbers(p)),
        Seen::Threw(e) => format!("threw {}", e.class),
    };
    bench.member(member, |m, _, _| m.take_seen()).into_iter().map(show).collect()
}
