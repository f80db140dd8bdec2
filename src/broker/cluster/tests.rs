//! A cluster with a network of fixed latency around it.

use std::sync::Arc;

use super::*;
use crate::broker::{
    Acks, AdminRequest, Batch, FetchAnswer, FetchBounds, FetchPartition, IsolationLevel, NewRecord, OffsetSpec, Replica, TxnRequest,
    TxnResponse, bytes,
};
use crate::kernel::{Agenda, SortedSet};

const TP: TopicPartition = TopicPartition { topic: crate::broker::TopicId(0), partition: 0 };
const LATENCY_US: u64 = 1_000;

enum Due {
    Peer(BrokerId, BrokerId, Peer),
    Timer(Timer),
    Answer(u64, Response),
}

/// The cluster and what is on its way.
struct Net {
    cluster: Cluster,
    agenda: Agenda<Due>,
    now: SimTime,
    facts: Vec<Fact>,
    answers: SortedMap<u64, Response>,
    severed: SortedSet<(BrokerId, BrokerId)>,
    correlation: u64,
}

impl Net {
    fn new(brokers: u32, broker_config: &[(&str, &str)], topic_config: &[(&str, &str)], replicas: &[u32]) -> Net {
        let mut config = ClusterConfig { brokers, ..ClusterConfig::default() };
        for (name, value) in SHORT.iter().chain(broker_config) {
            config.set(name, value).expect("a broker property");
        }
        let cluster = Cluster::new(&config, 1);
        let mut net = Net {
            cluster,
            agenda: Agenda::default(),
            now: SimTime::ZERO,
            facts: Vec::new(),
            answers: SortedMap::new(),
            severed: SortedSet::new(),
            correlation: 0,
        };
        net.act(|cluster, now, out| cluster.start(now, out));
        let config = topic_config.iter().map(|(k, v)| (Arc::from(*k), Arc::from(*v))).collect();
        let replicas = vec![replicas.iter().copied().map(BrokerId).collect()];
        let create = AdminRequest::CreateTopic { name: Arc::from("t"), partitions: 0, replication_factor: 0, replicas, config };
        assert_eq!(net.ask(0, Request::Admin(create)), Some(Response::Admin { log_start_offset: None }));
        net
    }

    fn act(&mut self, act: impl FnOnce(&mut Cluster, SimTime, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        act(&mut self.cluster, self.now, &mut out);
        for effect in out {
            let due = self.now + LATENCY_US;
            match effect {
                Effect::Respond { correlation, response, .. } => self.agenda.push(due, Due::Answer(correlation, response)),
                Effect::Peer { from, to, message } => {
                    if !self.severed.contains(&(from, to)) {
                        self.agenda.push(due, Due::Peer(from, to, message));
                    }
                }
                Effect::Timer { at, timer } => self.agenda.push(at.max(self.now), Due::Timer(timer)),
                Effect::Fact(fact) => self.facts.push(fact),
            }
        }
    }

    fn step(&mut self) {
        let (at, due) = self.agenda.pop().expect("a cluster always has timers");
        self.now = at;
        match due {
            Due::Peer(from, to, message) => self.act(|c, now, out| c.peer(now, from, to, message, out)),
            Due::Timer(timer) => self.act(|c, now, out| c.on_timer(now, timer, out)),
            Due::Answer(correlation, response) => drop(self.answers.insert(correlation, response)),
        }
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now + ms * 1_000;
        while self.agenda.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    fn send(&mut self, to: u32, request: Request) -> u64 {
        self.correlation += 1;
        let correlation = self.correlation;
        self.act(|c, now, out| c.request(now, BrokerId(to), ClientId(1), correlation, request, out));
        correlation
    }

    /// The answer, if it comes within 20 seconds.
    fn ask(&mut self, to: u32, request: Request) -> Option<Response> {
        let correlation = self.send(to, request);
        let end = self.now + 20_000_000;
        while !self.answers.contains_key(&correlation) && self.agenda.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.answers.remove(&correlation)
    }

    fn leader(&self) -> Option<u32> {
        self.cluster.partition(TP).and_then(|p| p.leader).map(|b| b.0)
    }

    fn isr(&self) -> Vec<u32> {
        self.cluster.partition(TP).map(|p| p.isr.iter().map(|b| b.0).collect()).unwrap_or_default()
    }

    fn at(&self, broker: u32) -> &Replica {
        self.cluster.replica(BrokerId(broker), TP).expect("a replica")
    }

    /// Start, last stable offset, high watermark and end at the leader.
    fn log(&self) -> [u64; 4] {
        let r = self.cluster.leader(TP).expect("a leader");
        [r.log.start(), r.last_stable_offset(), r.high_watermark, r.log.end()]
    }

    fn produce(&mut self, acks: Acks, producer: Option<(u64, u16, u32)>, values: &[&str]) -> Result<u64, ErrorCode> {
        let leader = self.leader().unwrap_or(0);
        let request = produce_request(acks, None, producer, values, self.now);
        produced(self.ask(leader, request))
    }

    fn values(&mut self, isolation: IsolationLevel, offset: u64) -> Result<Vec<(u64, String)>, ErrorCode> {
        let answer = self.fetch(isolation, offset)?;
        let aborted: Vec<u64> = answer.aborted.iter().map(|(id, _)| *id).collect();
        let visible = answer.records.iter().filter(|r| r.control.is_none() && r.stamp.is_none_or(|s| !aborted.contains(&s.producer_id)));
        Ok(visible.map(|r| (r.offset, String::from_utf8_lossy(r.value.as_deref().unwrap_or_default()).into_owned())).collect())
    }

    fn fetch(&mut self, isolation: IsolationLevel, offset: u64) -> Result<FetchAnswer, ErrorCode> {
        let leader = self.leader().unwrap_or(0);
        let partitions = vec![FetchPartition { partition: TP, offset, last_fetched_epoch: None }];
        match self.ask(leader, Request::Fetch { isolation, wait_us_max: 0, bounds: FetchBounds::default(), partitions }) {
            Some(Response::Fetch { mut partitions }) => partitions.remove(0).1,
            other => panic!("{other:?}"),
        }
    }

    fn txn(&mut self, request: TxnRequest) -> Result<TxnResponse, ErrorCode> {
        let id: Arc<str> = Arc::from("tx1");
        let coordinator = match self.ask(0, Request::FindCoordinator { key: Arc::clone(&id), transactional: true }) {
            Some(Response::FindCoordinator { coordinator }) => coordinator,
            other => panic!("{other:?}"),
        };
        match self.ask(coordinator.0, Request::Txn { transactional_id: Some(id), request }) {
            Some(Response::Txn(response)) => Ok(response),
            Some(Response::Error(error)) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    fn init(&mut self) -> Result<(u64, u16), ErrorCode> {
        match self.txn(TxnRequest::InitProducerId { timeout_us: 1_500_000 })? {
            TxnResponse::InitProducerId { producer } => Ok(producer),
            other => panic!("{other:?}"),
        }
    }

    fn end(&mut self, producer: (u64, u16), committed: bool) -> Result<(u64, u16), ErrorCode> {
        match self.txn(TxnRequest::EndTxn { producer, committed })? {
            TxnResponse::EndTxn { producer } => Ok(producer),
            other => panic!("{other:?}"),
        }
    }

    fn produce_in_txn(&mut self, (pid, epoch): (u64, u16), sequence: u32, values: &[&str]) -> Result<u64, ErrorCode> {
        let leader = self.leader().unwrap_or(0);
        let request = produce_request(Acks::All, Some("tx1"), Some((pid, epoch, sequence)), values, self.now);
        produced(self.ask(leader, request))
    }
}

/// What the recorded cases set, so that things happen within seconds.
const SHORT: &[(&str, &str)] = &[
    ("auto.create.topics.enable", "false"),
    ("auto.leader.rebalance.enable", "false"),
    ("broker.heartbeat.interval.ms", "300"),
    ("broker.session.timeout.ms", "2000"),
    ("log.cleaner.backoff.ms", "300"),
    ("log.initial.task.delay.ms", "500"),
    ("log.retention.check.interval.ms", "500"),
    ("replica.lag.time.max.ms", "2000"),
    ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500"),
];

fn produce_request(acks: Acks, id: Option<&str>, producer: Option<(u64, u16, u32)>, values: &[&str], now: SimTime) -> Request {
    let record = |v: &&str| NewRecord {
        key: None,
        value: Some(bytes(v)),
        headers: Arc::from([]),
        timestamp_ms: crate::broker::wall_ms(now),
        tag: 0,
    };
    let batch = Batch {
        partition: TP,
        producer: producer.map(|(id, epoch, _)| (id, epoch)),
        base_sequence: producer.map_or(0, |(_, _, sequence)| sequence),
        transactional: id.is_some(),
        records: values.iter().map(record).collect(),
    };
    Request::Produce { acks, timeout_us: 10_000_000, transactional_id: id.map(Arc::from), batches: vec![batch] }
}

fn produced(response: Option<Response>) -> Result<u64, ErrorCode> {
    match response {
        Some(Response::Produce { partitions }) => partitions[0].1.map(|a| a.base_offset.expect("known")),
        Some(Response::Error(error)) => Err(error),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a7_acks_all_waits_for_every_replica_of_the_isr() {
    let mut net = Net::new(3, &[], &[("min.insync.replicas", "2")], &[0, 1, 2]);
    assert_eq!(net.produce(Acks::All, None, &["v0", "v1"]), Ok(0));
    assert_eq!((net.at(1).log.end(), net.at(2).log.end(), net.log()), (2, 2, [0, 2, 2, 2]));
    assert_eq!(net.values(IsolationLevel::ReadUncommitted, 1), Ok(vec![(1, "v1".to_owned())]));
}

#[test]
fn a7_acks_all_waits_until_a_dead_follower_has_left_the_isr() {
    let mut net = Net::new(3, &[], &[("min.insync.replicas", "2")], &[0, 1, 2]);
    net.act(|c, now, out| c.kill_broker(now, BrokerId(2), out));
    let before = net.now;
    assert_eq!(net.produce(Acks::All, None, &["x"]), Ok(0));
    assert!(net.now.since(before) >= 1_900_000);
    assert_eq!(net.isr(), [0, 1]);
}

#[test]
fn b4_the_high_watermark_is_frozen_below_min_isr() {
    let mut net = Net::new(3, &[], &[("min.insync.replicas", "2")], &[0, 1, 2]);
    assert_eq!(net.produce(Acks::All, None, &["v0", "v1"]), Ok(0));
    for broker in [2, 1] {
        net.act(|c, now, out| c.kill_broker(now, BrokerId(broker), out));
        net.run_ms(3_000);
    }
    assert_eq!(net.isr(), [0]);
    assert_eq!(net.produce(Acks::All, None, &["refused"]), Err(ErrorCode::NotEnoughReplicas));
    assert_eq!(net.produce(Acks::Leader, None, &["z"]), Ok(2));
    assert_eq!(net.log(), [0, 2, 2, 3]);
    net.act(|c, now, out| c.start_broker(now, BrokerId(1), out));
    net.run_ms(3_000);
    assert_eq!((net.isr(), net.log()), (vec![0, 1], [0, 3, 3, 3]));
}

#[test]
fn b5_acks_1_below_min_isr_is_lost_when_an_eligible_replica_takes_over() {
    let mut net = Net::new(3, &[], &[("min.insync.replicas", "2")], &[0, 1, 2]);
    assert_eq!(net.produce(Acks::All, None, &["v0", "v1"]), Ok(0));
    for broker in [2, 1] {
        net.act(|c, now, out| c.kill_broker(now, BrokerId(broker), out));
        net.run_ms(3_000);
    }
    assert_eq!(net.produce(Acks::Leader, None, &["lost"]), Ok(2));
    net.act(|c, now, out| c.kill_broker(now, BrokerId(0), out));
    net.act(|c, now, out| c.start_broker(now, BrokerId(1), out));
    net.run_ms(4_000);
    assert_eq!((net.leader(), net.isr(), net.log()), (Some(1), vec![1], [0, 2, 2, 2]));
    net.act(|c, now, out| c.start_broker(now, BrokerId(0), out));
    net.run_ms(4_000);
    assert_eq!((net.isr(), net.at(0).log.end()), (vec![0, 1], 2));
    assert!(net.facts.iter().any(|f| matches!(f, Fact::Truncated { broker: BrokerId(0), from: 3, to: 2, .. })));
}

#[test]
fn b5_unclean_election_loses_what_was_consumed() {
    let config = [("min.insync.replicas", "1"), ("unclean.leader.election.enable", "true")];
    let mut net = Net::new(3, &[], &config, &[0, 1]);
    assert_eq!(net.produce(Acks::All, None, &["v0", "v1", "v2"]), Ok(0));
    net.act(|c, now, out| c.kill_broker(now, BrokerId(1), out));
    net.run_ms(3_000);
    assert_eq!(net.produce(Acks::All, None, &["v3", "v4"]), Ok(3));
    net.act(|c, now, out| c.kill_broker(now, BrokerId(0), out));
    net.act(|c, now, out| c.start_broker(now, BrokerId(1), out));
    net.run_ms(3_000);
    assert_eq!((net.leader(), net.log()), (Some(1), [0, 3, 3, 3]));
    assert!(net.facts.iter().any(|f| matches!(f, Fact::LeaderElected { unclean: true, .. })));
    assert_eq!(net.produce(Acks::All, None, &["new"]), Ok(3));
    net.act(|c, now, out| c.start_broker(now, BrokerId(0), out));
    net.run_ms(3_000);
    assert_eq!((net.isr(), net.at(0).log.end(), net.leader()), (vec![0, 1], 4, Some(1)));
}

#[test]
fn b5_a_controlled_stop_moves_leadership_first() {
    let mut net = Net::new(3, &[], &[("min.insync.replicas", "2")], &[0, 1, 2]);
    assert_eq!(net.produce(Acks::All, None, &["v0"]), Ok(0));
    net.act(|c, now, out| c.stop_broker(now, BrokerId(0), out));
    assert_eq!((net.leader(), net.isr()), (Some(1), vec![1, 2]));
    assert_eq!(net.produce(Acks::All, None, &["v1"]), Ok(1));
    net.act(|c, now, out| c.start_broker(now, BrokerId(0), out));
    net.run_ms(3_000);
    assert_eq!((net.leader(), net.isr(), net.at(0).log.end()), (Some(1), vec![0, 1, 2], 2));
}

#[test]
fn b5_a_follower_behind_a_severed_link_leaves_the_isr_and_comes_back() {
    let mut net = Net::new(3, &[], &[("min.insync.replicas", "2")], &[0, 1, 2]);
    net.run_ms(1_000);
    net.severed.extend([(BrokerId(0), BrokerId(2)), (BrokerId(2), BrokerId(0))]);
    assert_eq!(net.produce(Acks::All, None, &["x"]), Ok(0));
    assert_eq!(net.isr(), [0, 1]);
    net.severed.clear();
    net.run_ms(31_000);
    assert_eq!((net.isr(), net.at(2).log.end()), (vec![0, 1, 2], 1));
}

#[test]
fn b2_bounds_of_a_fetch() {
    let mut net = Net::new(3, &[], &[("min.insync.replicas", "2")], &[0, 1, 2]);
    let values: Vec<String> = (0..8).map(|i| format!("v{i}")).collect();
    assert_eq!(net.produce(Acks::All, None, &values.iter().map(String::as_str).collect::<Vec<_>>()), Ok(0));
    let delete = AdminRequest::DeleteRecords { partition: TP, before: 3 };
    assert_eq!(net.ask(0, Request::Admin(delete)), Some(Response::Admin { log_start_offset: Some(3) }));
    for broker in [2, 1] {
        net.act(|c, now, out| c.kill_broker(now, BrokerId(broker), out));
        net.run_ms(3_000);
    }
    assert_eq!(net.produce(Acks::Leader, None, &["a", "b"]), Ok(8));
    assert_eq!(net.log(), [3, 8, 8, 10]);
    assert_eq!(net.values(IsolationLevel::ReadUncommitted, 2), Err(ErrorCode::OffsetOutOfRange));
    for offset in [8, 9, 10] {
        assert_eq!(net.values(IsolationLevel::ReadUncommitted, offset), Ok(vec![]));
    }
    assert_eq!(net.values(IsolationLevel::ReadUncommitted, 11), Err(ErrorCode::OffsetOutOfRange));
    assert_eq!(net.values(IsolationLevel::ReadUncommitted, 3).map(|v| v.len()), Ok(5));
}

#[test]
fn b2_a_long_poll_is_answered_when_a_record_comes_and_after_the_wait() {
    let mut net = Net::new(1, &[], &[], &[0]);
    let fetch = |offset| Request::Fetch {
        isolation: IsolationLevel::ReadUncommitted,
        wait_us_max: 500_000,
        bounds: FetchBounds::default(),
        partitions: vec![FetchPartition { partition: TP, offset, last_fetched_epoch: None }],
    };
    let started = net.now;
    assert!(matches!(net.ask(0, fetch(0)), Some(Response::Fetch { .. })));
    assert_eq!(net.now.since(started), 500_000 + LATENCY_US);
    let waiting = net.send(0, fetch(0));
    net.run_ms(100);
    assert!(!net.answers.contains_key(&waiting));
    assert_eq!(net.produce(Acks::All, None, &["v"]), Ok(0));
    net.run_ms(1);
    let Some(Response::Fetch { partitions }) = net.answers.get(&waiting) else { panic!("no answer") };
    assert_eq!(partitions[0].1.as_ref().map(|a| a.records.len()), Ok(1));
}

#[test]
fn b2_a_fetch_waits_for_its_least_bytes_and_brings_no_more_than_its_most() {
    let mut net = Net::new(1, &[], &[], &[0]);
    let fetch = |bounds| Request::Fetch {
        isolation: IsolationLevel::ReadUncommitted,
        wait_us_max: 500_000,
        bounds,
        partitions: vec![FetchPartition { partition: TP, offset: 0, last_fetched_epoch: None }],
    };
    let records = |answer: Option<&Response>| match answer {
        Some(Response::Fetch { partitions }) => partitions[0].1.as_ref().map_or(0, |a| a.records.len()),
        _ => 0,
    };
    // A batch of one record "v" takes 69 bytes (B8).
    let waiting = net.send(0, fetch(FetchBounds { bytes_min: 100, ..FetchBounds::default() }));
    assert_eq!(net.produce(Acks::All, None, &["v"]), Ok(0));
    net.run_ms(100);
    assert!(!net.answers.contains_key(&waiting), "69 bytes are too few");
    assert_eq!(net.produce(Acks::All, None, &["v"]), Ok(1));
    net.run_ms(1);
    assert_eq!(records(net.answers.get(&waiting)), 2);

    let started = net.now;
    let answer = net.ask(0, fetch(FetchBounds { bytes_min: 1_000, ..FetchBounds::default() }));
    assert_eq!(records(answer.as_ref()), 2, "the wait is over: what there is");
    assert!(net.now.since(started) >= 500_000);
    let answer = net.ask(0, fetch(FetchBounds { partition_bytes_max: 100, ..FetchBounds::default() }));
    assert_eq!(records(answer.as_ref()), 1);
    let answer = net.ask(0, fetch(FetchBounds { bytes_max: 1, ..FetchBounds::default() }));
    assert_eq!(records(answer.as_ref()), 1, "the first batch comes however large it is");
}

#[test]
fn b3_latest_is_the_high_watermark() {
    let mut net = Net::new(1, &[], &[("retention.ms", "-1")], &[0]);
    assert_eq!(net.produce(Acks::All, None, &["a", "b"]), Ok(0));
    let list = |spec| Request::ListOffsets { isolation: IsolationLevel::ReadUncommitted, partitions: vec![(TP, spec)] };
    let Some(Response::ListOffsets { partitions }) = net.ask(0, list(OffsetSpec::Latest)) else { panic!("no answer") };
    assert_eq!(partitions[0].1.map(|l| (l.offset, l.timestamp_ms)), Ok((Some(2), -1)));
    let Some(Response::ListOffsets { partitions }) = net.ask(0, list(OffsetSpec::Timestamp(i64::MAX))) else { panic!("no answer") };
    assert_eq!(partitions[0].1.map(|l| l.offset), Ok(None));
}

#[test]
fn a9_a_replay_is_answered_with_the_original_offsets() {
    let mut net = Net::new(1, &[], &[], &[0]);
    assert_eq!(net.produce(Acks::Leader, Some((7, 0, 0)), &["s0", "s1"]), Ok(0));
    assert_eq!(net.produce(Acks::Leader, Some((7, 0, 2)), &["s2"]), Ok(2));
    assert_eq!(net.produce(Acks::Leader, Some((7, 0, 0)), &["s0", "s1"]), Ok(0));
    assert_eq!(net.produce(Acks::Leader, Some((7, 0, 4)), &["s4"]), Err(ErrorCode::OutOfOrderSequence));
    assert_eq!(net.log(), [0, 3, 3, 3]);
}

#[test]
fn a9_sequences_survive_a_failover() {
    let mut net = Net::new(3, &[], &[], &[0, 1, 2]);
    assert_eq!(net.produce(Acks::All, Some((7, 0, 0)), &["s0"]), Ok(0));
    net.act(|c, now, out| c.kill_broker(now, BrokerId(0), out));
    net.run_ms(3_000);
    assert_eq!(net.leader(), Some(1));
    assert_eq!(net.produce(Acks::All, Some((7, 0, 0)), &["s0"]), Ok(0));
    assert_eq!(net.produce(Acks::All, Some((7, 0, 1)), &["s1"]), Ok(1));
    assert_eq!(net.log(), [0, 2, 2, 2]);
}

#[test]
fn e1_a_marker_takes_an_offset_and_lets_the_lso_move() {
    let mut net = Net::new(3, &[], &[], &[0, 1, 2]);
    let producer = net.init().expect("a new id");
    assert_eq!(net.produce_in_txn(producer, 0, &["tx0", "tx1", "tx2"]), Ok(0));
    assert_eq!(net.log(), [0, 0, 3, 3]);
    assert_eq!(net.values(IsolationLevel::ReadCommitted, 0), Ok(vec![]));
    let next = net.end(producer, true).expect("committed");
    assert_eq!(next.1, producer.1 + 1, "transaction version 2 moves the epoch on");
    net.run_ms(500);
    assert_eq!(net.log(), [0, 4, 4, 4]);
    assert_eq!(net.values(IsolationLevel::ReadCommitted, 0).map(|v| v.len()), Ok(3));
    assert_eq!(net.produce_in_txn(next, 0, &["next"]), Ok(4));
}

#[test]
fn e2_an_open_transaction_holds_back_the_others_and_its_abort_drops_it() {
    let mut net = Net::new(1, &[], &[], &[0]);
    let producer = net.init().expect("a new id");
    assert_eq!(net.produce_in_txn(producer, 0, &["tx0", "tx1"]), Ok(0));
    assert_eq!(net.produce(Acks::All, None, &["p0", "p1"]), Ok(2));
    assert_eq!(net.values(IsolationLevel::ReadCommitted, 0), Ok(vec![]));
    assert_eq!(net.values(IsolationLevel::ReadUncommitted, 0).map(|v| v.len()), Ok(4));
    net.end(producer, false).expect("aborted");
    net.run_ms(500);
    let committed: Vec<u64> = net.values(IsolationLevel::ReadCommitted, 0).expect("read").iter().map(|v| v.0).collect();
    assert_eq!((committed, net.log()), (vec![2, 3], [0, 5, 5, 5]));
}

#[test]
fn e3_a_new_producer_fences_the_old_one() {
    let mut net = Net::new(1, &[], &[], &[0]);
    let old = net.init().expect("a new id");
    assert_eq!(net.produce_in_txn(old, 0, &["tx0", "tx1"]), Ok(0));
    assert_eq!(net.init(), Err(ErrorCode::ConcurrentTransactions));
    net.run_ms(100);
    let new = net.init().expect("the marker is written");
    assert!(new.1 >= old.1 + 2);
    assert_eq!(net.log(), [0, 3, 3, 3]);
    assert_eq!(net.produce_in_txn(old, 2, &["zombie"]), Err(ErrorCode::InvalidProducerEpoch));
    assert_eq!(net.end(old, true), Err(ErrorCode::ProducerFenced));
    assert_eq!(net.produce_in_txn(new, 0, &["new"]), Ok(3));
}

#[test]
fn e1_a_transaction_that_takes_too_long_is_aborted() {
    let mut net = Net::new(1, &[], &[], &[0]);
    let producer = net.init().expect("a new id");
    assert_eq!(net.produce_in_txn(producer, 0, &["tx0", "tx1"]), Ok(0));
    net.run_ms(500);
    assert_eq!(net.log(), [0, 0, 2, 2]);
    net.run_ms(3_500);
    assert_eq!(net.log(), [0, 3, 3, 3]);
    assert_eq!(net.produce_in_txn(producer, 2, &["late"]), Err(ErrorCode::InvalidProducerEpoch));
    assert!(net.end(producer, false).is_ok());
}

#[test]
fn e1_markers_wait_for_a_leader() {
    let mut net = Net::new(3, &[], &[], &[0]);
    let producer = net.init().expect("a new id");
    assert_eq!(net.produce_in_txn(producer, 0, &["tx0"]), Ok(0));
    let coordinator = net.cluster.coordinator_of(&Arc::from("tx1"), true).expect("three brokers live");
    net.act(|c, now, out| c.kill_broker(now, BrokerId(0), out));
    net.run_ms(2_500);
    if coordinator == BrokerId(0) {
        assert_ne!(net.cluster.coordinator_of(&Arc::from("tx1"), true), Some(coordinator), "the coordinator moves");
    }
    net.run_ms(3_000);
    net.act(|c, now, out| c.start_broker(now, BrokerId(0), out));
    net.run_ms(5_000);
    assert_eq!(net.log(), [0, 2, 2, 2], "aborted by its timeout, the marker written when the leader was back");
}

#[test]
fn e1_what_was_decided_while_no_broker_was_active_is_written_when_one_is() {
    let mut net = Net::new(1, &[], &[], &[0]);
    let producer = net.init().expect("a new id");
    assert_eq!(net.produce_in_txn(producer, 0, &["tx0"]), Ok(0));
    net.act(|c, now, out| c.stop_broker(now, BrokerId(0), out));
    net.run_ms(15_000);
    net.act(|c, now, out| c.start_broker(now, BrokerId(0), out));
    net.run_ms(5_000);
    assert_eq!(net.log(), [0, 2, 2, 2], "aborted by its timeout, the marker written when there was a coordinator");
    assert!(net.init().is_ok());
}

#[test]
fn b5_a_follower_that_begins_at_a_log_start_inside_a_batch_has_all_behind_it() {
    for behind in [&["d"][..], &[]] {
        let mut net = Net::new(3, &[], &[("min.insync.replicas", "1")], &[0, 1, 2]);
        net.act(|c, now, out| c.kill_broker(now, BrokerId(2), out));
        net.run_ms(3_000);
        assert_eq!(net.produce(Acks::All, None, &["a", "b", "c"]), Ok(0));
        if !behind.is_empty() {
            assert_eq!(net.produce(Acks::All, None, behind), Ok(3));
        }
        let delete = AdminRequest::DeleteRecords { partition: TP, before: 1 };
        assert_eq!(net.ask(0, Request::Admin(delete)), Some(Response::Admin { log_start_offset: Some(1) }));
        net.act(|c, now, out| c.start_broker(now, BrokerId(2), out));
        net.run_ms(5_000);
        let offsets = |net: &Net, broker| net.at(broker).records_from(1).map(|r| r.offset).collect::<Vec<_>>();
        let all: Vec<u64> = (1..3 + behind.len() as u64).collect();
        assert_eq!((offsets(&net, 0), offsets(&net, 2)), (all.clone(), all.clone()));
        assert_eq!((net.at(2).log.start(), net.isr()), (1, vec![0, 1, 2]));
        for broker in [0, 1] {
            net.act(|c, now, out| c.kill_broker(now, BrokerId(broker), out));
            net.run_ms(3_000);
        }
        assert_eq!((net.leader(), offsets(&net, 2)), (Some(2), all));
    }
}

#[test]
fn intervals_of_nothing_do_not_stop_time() {
    let config = [("log.cleaner.backoff.ms", "0"), ("replica.lag.time.max.ms", "0")];
    let mut net = Net::new(3, &config, &[], &[0, 1, 2]);
    net.run_ms(1_000);
    assert!(net.agenda.pushed_count() < 30_000, "{}", net.agenda.pushed_count());
}

#[test]
fn idle_brokers_do_not_spin() {
    let mut net = Net::new(3, &[], &[], &[0, 1, 2]);
    net.run_ms(10_000);
    let before = net.agenda.pushed_count();
    net.run_ms(10_000);
    // Two followers fetch every 500 ms: per fetch two flights and a timer; the rest is maintenance.
    let per_second = (net.agenda.pushed_count() - before) / 10;
    assert!(per_second < 40, "{per_second} occurrences a second");
}

#[test]
fn e1_a_marker_that_gets_lost_is_sent_again_and_there_is_one_timer_for_that() {
    let coordinator = Net::new(3, &[], &[], &[0]).cluster.coordinator_of(&Arc::from("tx1"), true).expect("three brokers live");
    let leader = BrokerId((coordinator.0 + 1) % 3);
    let mut net = Net::new(3, &[], &[], &[leader.0]);
    let producer = net.init().expect("a new id");
    assert_eq!(net.produce_in_txn(producer, 0, &["tx0"]), Ok(0));
    net.severed.insert((coordinator, leader));
    net.end(producer, true).expect("decided");
    net.run_ms(20_000);
    assert_eq!(net.log(), [0, 0, 1, 1]);
    net.severed.clear();
    net.run_ms(20_000);
    assert_eq!(net.log(), [0, 2, 2, 2]);
    net.run_ms(60_000);
    let waiting = net.agenda.iter_unsorted().filter(|(_, due)| matches!(due, Due::Timer(Timer::TxnMarkers { .. }))).count();
    assert_eq!(waiting, 0);
}

#[test]
fn b10_the_survivors_of_a_pass_and_of_the_pass_after_the_horizon() {
    let config = [
        ("cleanup.policy", "compact"),
        ("internal.segment.bytes", "250"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("delete.retention.ms", "1500"),
    ];
    let mut net = Net::new(1, &[], &config, &[0]);
    let send = |net: &mut Net, pairs: &[(&str, Option<&str>)]| {
        for (key, value) in pairs {
            let record = NewRecord {
                key: Some(bytes(key)),
                value: value.map(bytes),
                headers: Arc::from([]),
                timestamp_ms: crate::broker::wall_ms(net.now),
                tag: 0,
            };
            let batch = Batch { partition: TP, producer: None, base_sequence: 0, transactional: false, records: Arc::from([record]) };
            let request = Request::Produce { acks: Acks::All, timeout_us: 1_000_000, transactional_id: None, batches: vec![batch] };
            assert!(produced(net.ask(0, request)).is_ok());
        }
    };
    let offsets = |net: &Net| net.at(0).records_from(0).map(|r| r.offset).collect::<Vec<_>>();
    send(&mut net, &[("A", Some("1")), ("B", Some("1")), ("B", None), ("C", Some("1"))]);
    net.run_ms(1_000);
    assert_eq!(offsets(&net), [0, 2, 3]);
    net.run_ms(4_000);
    assert_eq!(offsets(&net), [0, 2, 3], "without new writes a tombstone stays");
    send(&mut net, &[("D", Some("0")), ("D", Some("1")), ("D", Some("2")), ("D", Some("3"))]);
    net.run_ms(1_500);
    assert_eq!(offsets(&net), [0, 3, 5, 6, 7]);
    assert_eq!(net.log(), [0, 8, 8, 8]);
    assert_eq!(net.values(IsolationLevel::ReadUncommitted, 1).map(|v| v[0].0), Ok(3), "a reader at a gap gets the next record");
}
