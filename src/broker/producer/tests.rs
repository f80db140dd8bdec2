//! Producers against a real cluster, over a network of fixed latency.

use std::sync::Arc;

use super::*;
use crate::broker::{AdminRequest, Cluster, ClusterConfig, Effect, Fact, IsolationLevel, NewRecord, Peer, Timer, bytes};
use crate::kernel::{Agenda, SortedMap};

type Outcome = Result<Option<RecordMetadata>, KafkaException>;

enum Due {
    Peer(BrokerId, BrokerId, Peer),
    Timer(Timer),
    Request(BrokerId, usize, u64, Request),
    Response(usize, u64, Response),
    Wake(usize),
}

struct Net {
    cluster: Cluster,
    producers: Vec<Producer>,
    agenda: Agenda<Due>,
    now: SimTime,
    done: SortedMap<u64, (SimTime, Outcome)>,
    facts: Vec<Fact>,
    producer_facts: Vec<(SimTime, ProducerFact)>,
    /// How many responses to produce requests get lost from now on.
    lose_responses: u32,
    /// How many messages between brokers get lost from now on.
    lose_peers: u32,
    token: u64,
}

impl Net {
    fn new(brokers: u32, partitions: u32, topic_config: &[(&str, &str)]) -> Net {
        let mut config = ClusterConfig { brokers, ..ClusterConfig::default() };
        for (name, value) in [
            ("auto.create.topics.enable", "false"),
            ("broker.heartbeat.interval.ms", "300"),
            ("broker.session.timeout.ms", "2000"),
            ("replica.lag.time.max.ms", "2000"),
            ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500"),
        ] {
            config.set(name, value).expect("a broker property");
        }
        let mut net = Net {
            cluster: Cluster::new(&config, 1),
            producers: Vec::new(),
            agenda: Agenda::default(),
            now: SimTime::ZERO,
            done: SortedMap::new(),
            facts: Vec::new(),
            producer_facts: Vec::new(),
            lose_responses: 0,
            lose_peers: 0,
            token: 0,
        };
        net.on_cluster(|c, now, out| c.start(now, out));
        let config = topic_config.iter().map(|(k, v)| (Arc::from(*k), Arc::from(*v))).collect();
        let create =
            AdminRequest::CreateTopic { name: Arc::from("t"), partitions, replication_factor: brokers, replicas: Vec::new(), config };
        net.on_cluster(|c, now, out| c.request(now, BrokerId(0), ClientId(99), 0, Request::Admin(create), out));
        net
    }

    fn producer(&mut self, settings: &[(&str, &str)]) -> usize {
        let mut config = ProducerConfig { linger_ms: 0, ..ProducerConfig::default() };
        settings.iter().for_each(|(name, value)| config.set(name, value).expect("a producer property"));
        let index = self.producers.len();
        self.producers.push(Producer::new(ClientId(index as u32), Arc::from("p"), config, 1).expect("sound settings"));
        index
    }

    fn on_cluster(&mut self, act: impl FnOnce(&mut Cluster, SimTime, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        act(&mut self.cluster, self.now, &mut out);
        for effect in out {
            let due = self.now + 1_000;
            match effect {
                Effect::Respond { to, correlation, response, .. } => {
                    if self.lose_responses > 0 && matches!(response, Response::Produce { .. }) {
                        self.lose_responses -= 1;
                    } else if (to.0 as usize) < self.producers.len() {
                        self.agenda.push(due, Due::Response(to.0 as usize, correlation, response));
                    }
                }
                Effect::Peer { .. } if self.lose_peers > 0 => self.lose_peers -= 1,
                Effect::Peer { from, to, message } => self.agenda.push(due, Due::Peer(from, to, message)),
                Effect::Timer { at, timer } => self.agenda.push(at, Due::Timer(timer)),
                Effect::Fact(fact) => self.facts.push(fact),
            }
        }
    }

    fn on_producer(&mut self, index: usize, act: impl FnOnce(&mut Producer, SimTime, &mut Vec<ProducerEffect>)) {
        let mut out = Vec::new();
        act(&mut self.producers[index], self.now, &mut out);
        for effect in out {
            match effect {
                ProducerEffect::Request { to, correlation, request } => {
                    let to = to.or_else(|| self.cluster.any_running(0)).unwrap_or(BrokerId(0));
                    self.agenda.push(self.now + 1_000, Due::Request(to, index, correlation, request));
                }
                ProducerEffect::Timer { at, .. } => self.agenda.push(at, Due::Wake(index)),
                ProducerEffect::Done { token, result } => {
                    assert!(self.done.insert(token, (self.now, result)).is_none(), "a call ends once");
                }
                ProducerEffect::Fact(fact) => self.producer_facts.push((self.now, fact)),
            }
        }
    }

    fn step(&mut self) {
        let (at, due) = self.agenda.pop().expect("a cluster always has timers");
        self.now = at;
        match due {
            Due::Peer(from, to, message) => self.on_cluster(|c, now, out| c.peer(now, from, to, message, out)),
            Due::Timer(timer) => self.on_cluster(|c, now, out| c.on_timer(now, timer, out)),
            Due::Request(to, p, correlation, request) => {
                self.on_cluster(|c, now, out| c.request(now, to, ClientId(p as u32), correlation, request, out));
            }
            Due::Response(p, correlation, response) => self.on_producer(p, |p, now, out| p.on_response(now, correlation, response, out)),
            Due::Wake(p) => self.on_producer(p, |p, now, out| p.on_timer(now, ProducerTimer::Wake, out)),
        }
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now + ms * 1_000;
        while self.agenda.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    fn start_send(&mut self, producer: usize, partition: Option<u32>, key: Option<&str>, value: &str) -> u64 {
        self.start_send_to(producer, "t", partition, key, value)
    }

    fn start_send_to(&mut self, producer: usize, topic: &str, partition: Option<u32>, key: Option<&str>, value: &str) -> u64 {
        self.token += 1;
        let token = self.token;
        let record = NewRecord {
            key: key.map(bytes),
            value: Some(bytes(value)),
            headers: Arc::from([]),
            timestamp_ms: crate::broker::wall_ms(self.now),
            tag: token,
        };
        let topic = Arc::from(topic);
        self.on_producer(producer, |p, now, out| p.send(now, topic, partition, record, token, out));
        token
    }

    /// Until the call is done, at most 200 seconds.
    fn outcome(&mut self, token: u64) -> Outcome {
        let end = self.now + 200_000_000;
        while !self.done.contains_key(&token) && self.agenda.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.done.get(&token).map_or(Err(KafkaException::new("never done")), |(_, outcome)| outcome.clone())
    }

    fn send(&mut self, producer: usize, value: &str) -> Result<(u32, Option<u64>), KafkaException> {
        let token = self.start_send(producer, Some(0), None, value);
        self.outcome(token).map(|m| m.map_or((99, None), |m| (m.partition.partition, m.offset)))
    }

    fn call(
        &mut self,
        producer: usize,
        act: impl FnOnce(&mut Producer, SimTime, u64, &mut Vec<ProducerEffect>),
    ) -> Result<(), KafkaException> {
        self.token += 1;
        let token = self.token;
        self.on_producer(producer, |p, now, out| act(p, now, token, out));
        self.outcome(token).map(|_| ())
    }

    fn init(&mut self, producer: usize) -> Result<(), KafkaException> {
        self.call(producer, |p, now, token, out| p.init_transactions(now, token, out))
    }

    fn begin(&mut self, producer: usize) -> Result<(), KafkaException> {
        self.producers[producer].begin_transaction()
    }

    fn commit(&mut self, producer: usize) -> Result<(), KafkaException> {
        self.call(producer, |p, now, token, out| p.commit_transaction(now, token, out))
    }

    fn abort(&mut self, producer: usize) -> Result<(), KafkaException> {
        self.call(producer, |p, now, token, out| p.abort_transaction(now, token, out))
    }

    fn values(&self, partition: u32) -> Vec<String> {
        let partition = self.cluster.partition_named("t", partition).expect("it exists");
        let leader = self.cluster.leader(partition).expect("it has a leader");
        let end = leader.readable_end(IsolationLevel::ReadUncommitted);
        let data = leader.records_from(0).filter(|r| r.offset < end && r.control.is_none());
        data.map(|r| String::from_utf8_lossy(r.value.as_deref().unwrap_or_default()).into_owned()).collect()
    }

    fn log(&self) -> [u64; 4] {
        let partition = self.cluster.partition_named("t", 0).expect("it exists");
        let r = self.cluster.leader(partition).expect("a leader");
        [r.log.start(), r.last_stable_offset(), r.high_watermark, r.log.end()]
    }
}

fn thrown(class: &'static str) -> Result<(), KafkaException> {
    Err(KafkaException::new(class))
}

#[test]
fn a7_what_send_returns_with_acks_0_1_and_all() {
    let mut net = Net::new(1, 1, &[]);
    for (acks, offset) in [("0", None), ("1", Some(1)), ("all", Some(2))] {
        let p = net.producer(&[("acks", acks)]);
        assert_eq!(net.send(p, acks), Ok((0, offset)));
        net.run_ms(300);
    }
    assert_eq!(net.values(0), ["0", "1", "all"]);
}

#[test]
fn a8_a_broker_out_of_reach_fails_the_send_after_the_delivery_timeout() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[]);
    assert_eq!(net.send(p, "first"), Ok((0, Some(0))));
    net.on_cluster(|c, now, out| c.kill_broker(now, BrokerId(0), out));
    let started = net.now;
    assert_eq!(net.send(p, "second"), Err(KafkaException::new("TimeoutException")));
    assert_eq!(net.now.since(started), 120_000_000);
    let retries = net.producer_facts.iter().filter(|(_, f)| matches!(f, ProducerFact::Retry { .. })).count();
    assert!(retries > 2, "{retries}");
}

#[test]
fn a8_a_request_without_an_answer_fails_as_a_timeout_though_the_record_is_in_the_log() {
    let mut net = Net::new(1, 1, &[]);
    let settings = [("enable.idempotence", "false"), ("retries", "0"), ("request.timeout.ms", "1000"), ("delivery.timeout.ms", "10000")];
    let p = net.producer(&settings);
    net.lose_responses = 1;
    assert_eq!(net.send(p, "v"), Err(KafkaException::new("TimeoutException")));
    assert_eq!(net.values(0), ["v"]);
}

#[test]
fn a8_the_back_off_doubles_up_to_its_maximum() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[]);
    let waits: Vec<u64> = (0..6).map(|n| net.producers[p].back_off_us(n)).collect();
    for (wait, base) in waits.iter().zip([100, 200, 400, 800, 1_000, 1_000]) {
        assert!((base * 800..=(base * 1_200).min(1_000_000)).contains(wait), "{wait} around {base}");
    }
}

#[test]
fn a8_an_unknown_topic_and_an_unknown_partition_block_for_max_block_ms() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[("max.block.ms", "1500")]);
    let missing = net.start_send_to(p, "missing", None, None, "x");
    assert_eq!(net.outcome(missing), Err(KafkaException::caused("TimeoutException", "UnknownTopicOrPartitionException")));
    let beyond = net.start_send(p, Some(7), None, "x");
    assert_eq!(net.outcome(beyond), Err(KafkaException::new("TimeoutException")));
    assert_eq!(net.done[&missing].0, SimTime(1_500_000));
}

#[test]
fn a8_records_too_large_for_the_client_or_the_topic() {
    let mut net = Net::new(1, 1, &[("max.message.bytes", "1000")]);
    let p = net.producer(&[("max.request.size", "5000"), ("linger.ms", "10")]);
    assert_eq!(net.send(p, &"x".repeat(5_000)), Err(KafkaException::new("RecordTooLargeException")));
    assert_eq!(net.send(p, &"x".repeat(1_000)), Err(KafkaException::new("RecordTooLargeException")));
    assert_eq!(net.send(p, &"x".repeat(900)).map(|m| m.1), Ok(Some(0)));
    // A batch of several that is too large is split.
    let tokens: Vec<u64> = (0..6).map(|i| net.start_send(p, Some(0), None, &format!("{i}{}", "y".repeat(300)))).collect();
    for token in tokens {
        assert!(net.outcome(token).is_ok());
    }
    let order: Vec<String> = net.values(0).iter().skip(1).map(|v| v[..1].to_owned()).collect();
    assert_eq!(order, ["0", "1", "2", "3", "4", "5"]);
}

#[test]
fn a9_a_lost_acknowledgement_leaves_one_copy_if_idempotent_and_two_if_not() {
    for (idempotent, copies) in [("true", 1), ("false", 2)] {
        let mut net = Net::new(1, 1, &[]);
        let settings = [("enable.idempotence", idempotent), ("request.timeout.ms", "1000"), ("delivery.timeout.ms", "10000")];
        let p = net.producer(&settings);
        net.lose_responses = 1;
        assert!(net.send(p, "v").is_ok());
        assert_eq!(net.values(0).len(), copies, "idempotence {idempotent}");
        let found = net.facts.iter().any(|f| matches!(f, Fact::DuplicateBatch { .. }));
        assert_eq!(found, idempotent == "true");
    }
}

#[test]
fn a9_sending_again_from_the_application_writes_a_second_copy() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[]);
    assert_eq!((net.send(p, "v"), net.send(p, "v")), (Ok((0, Some(0))), Ok((0, Some(1)))));
}

#[test]
fn a10_order_is_kept_with_five_requests_in_flight_and_lost_answers() {
    let mut net = Net::new(3, 1, &[]);
    let p = net.producer(&[("batch.size", "1"), ("request.timeout.ms", "500"), ("delivery.timeout.ms", "20000")]);
    assert!(net.send(p, "0").is_ok());
    net.lose_responses = 3;
    let tokens: Vec<u64> = (1..20).map(|i| net.start_send(p, Some(0), None, &i.to_string())).collect();
    for token in tokens {
        assert!(net.outcome(token).is_ok());
    }
    assert_eq!(net.values(0), (0..20).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[test]
fn a10_acks_all_survives_the_death_of_the_leader_without_loss_or_copy() {
    let mut net = Net::new(3, 1, &[("min.insync.replicas", "2")]);
    let p = net.producer(&[]);
    let mut tokens: Vec<u64> = (0..5).map(|i| net.start_send(p, Some(0), None, &i.to_string())).collect();
    net.run_ms(3);
    net.on_cluster(|c, now, out| c.kill_broker(now, BrokerId(0), out));
    tokens.extend((5..10).map(|i| net.start_send(p, Some(0), None, &i.to_string())));
    for token in tokens {
        assert!(net.outcome(token).is_ok());
    }
    assert_eq!(net.values(0), (0..10).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[test]
fn a7_below_min_isr_the_application_sees_the_error_or_a_timeout() {
    let mut net = Net::new(3, 1, &[("min.insync.replicas", "2")]);
    let once = net.producer(&[("retries", "0"), ("enable.idempotence", "false")]);
    let short = net.producer(&[("delivery.timeout.ms", "3000"), ("request.timeout.ms", "1000")]);
    for broker in [1, 2] {
        net.on_cluster(|c, now, out| c.kill_broker(now, BrokerId(broker), out));
    }
    net.run_ms(3_000);
    assert_eq!(net.send(once, "x"), Err(KafkaException::new("NotEnoughReplicasException")));
    assert_eq!(net.send(short, "y"), Err(KafkaException::new("TimeoutException")));
}

#[test]
fn a6_records_without_a_key_handed_over_at_once_stay_together() {
    for settings in [&[("linger.ms", "200")][..], &[("linger.ms", "200"), ("partitioner.ignore.keys", "true")]] {
        let mut net = Net::new(1, 6, &[]);
        let p = net.producer(settings);
        let keyed = settings.len() > 1;
        let tokens: Vec<u64> = (0..50).map(|i| net.start_send(p, None, keyed.then(|| format!("order-{i}")).as_deref(), "v")).collect();
        assert!(net.call(p, |p, now, token, out| p.flush(now, token, out)).is_ok());
        let partitions: crate::kernel::SortedSet<u32> =
            tokens.iter().filter_map(|t| net.done[t].1.clone().ok().flatten()).map(|m| m.partition.partition).collect();
        assert_eq!(partitions.len(), 1);
    }
}

#[test]
fn a1_keys_and_explicit_partitions() {
    let mut net = Net::new(1, 3, &[]);
    let p = net.producer(&[]);
    for (partition, key, expected) in [(Some(2), "order-1", 2), (None, "order-1", 1), (None, "", 0)] {
        let token = net.start_send(p, partition, Some(key), "v");
        assert_eq!(net.outcome(token).map(|m| m.map(|m| m.partition.partition)), Ok(Some(expected)));
    }
}

#[test]
fn a8_linger_collects_records_into_one_batch() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[("linger.ms", "5")]);
    assert!(net.send(p, "warm up").is_ok());
    let started = net.now;
    let tokens: Vec<u64> = (0..3).map(|i| net.start_send(p, Some(0), None, &i.to_string())).collect();
    for token in &tokens {
        assert!(net.outcome(*token).is_ok());
    }
    assert_eq!(net.now.since(started), 5_000 + 2_000);
    let sent = net.producer_facts.iter().filter(|(_, f)| matches!(f, ProducerFact::BatchSent { records: 3, .. })).count();
    assert_eq!(sent, 1);
}

#[test]
fn a8_linger_is_not_cut_short_by_a_send_that_waits_for_another_topic() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[("linger.ms", "1000"), ("max.block.ms", "5000")]);
    assert!(net.send(p, "so that the topic is known").is_ok());
    let begun = net.now;
    let waits = net.start_send(p, Some(0), None, "v");
    net.start_send_to(p, "unknown", None, None, "w");
    assert!(net.outcome(waits).is_ok());
    assert!(net.done[&waits].0.since(begun) >= 1_000_000, "it left after {} us", net.done[&waits].0.since(begun));
}

#[test]
fn e1_a_send_that_fails_for_good_with_something_retriable_leaves_a_transaction_to_abort() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[("transactional.id", "tx"), ("retries", "1"), ("request.timeout.ms", "500")]);
    net.init(p).expect("the coordinator is there");
    net.begin(p).expect("in order");
    let token = net.start_send(p, Some(0), None, "v");
    net.on_cluster(|c, now, out| c.kill_broker(now, BrokerId(0), out));
    assert!(net.outcome(token).is_err());
    assert_eq!(net.commit(p), Err(KafkaException::caused("KafkaException", "TransactionAbortableException")));
}

#[test]
fn e1_a_transaction_timeout_that_is_not_positive_is_refused_by_the_coordinator() {
    let mut net = Net::new(1, 1, &[]);
    for timeout in ["-1", "0", "900001"] {
        let p = net.producer(&[("transactional.id", "tx"), ("transaction.timeout.ms", timeout)]);
        assert_eq!(net.init(p), thrown("KafkaException"), "{timeout}");
    }
    let p = net.producer(&[("transaction.timeout.ms", "-1")]);
    assert!(net.send(p, "v").is_ok(), "without transactions nobody minds");
}

#[test]
fn e1_wrong_order_of_calls() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[("transactional.id", "tx1")]);
    assert_eq!(net.begin(p), thrown("IllegalStateException"));
    assert_eq!(net.init(p), Ok(()));
    assert_eq!(net.send(p, "x"), Err(KafkaException::new("IllegalStateException")));
    assert_eq!(net.commit(p), thrown("IllegalStateException"));
    assert_eq!(net.begin(p), Ok(()));
    assert_eq!(net.begin(p), thrown("IllegalStateException"));
    net.run_ms(500);
    assert_eq!(net.log(), [0, 0, 0, 0]);
}

#[test]
fn e1_commit_abort_and_nothing_at_all() {
    let mut net = Net::new(3, 1, &[]);
    let p = net.producer(&[("transactional.id", "tx1")]);
    assert_eq!(net.init(p), Ok(()));
    assert_eq!((net.begin(p), net.commit(p)), (Ok(()), Ok(())));
    assert_eq!((net.begin(p), net.abort(p)), (Ok(()), Ok(())));
    assert_eq!(net.log(), [0, 0, 0, 0], "a transaction without records writes nothing");
    assert_eq!(net.begin(p), Ok(()));
    assert_eq!((net.send(p, "a"), net.send(p, "b")), (Ok((0, Some(0))), Ok((0, Some(1)))));
    assert_eq!(net.log(), [0, 0, 2, 2]);
    assert_eq!(net.commit(p), Ok(()));
    // At once: the next one waits for the markers of the last one.
    assert_eq!((net.begin(p), net.send(p, "c")), (Ok(()), Ok((0, Some(3)))));
    assert_eq!(net.abort(p), Ok(()));
    net.run_ms(500);
    assert_eq!(net.log(), [0, 5, 5, 5]);
}

#[test]
fn e3_first_act_after_being_fenced_is_a_commit() {
    let mut net = Net::new(1, 1, &[]);
    let (old, new) = (net.producer(&[("transactional.id", "tx1")]), net.producer(&[("transactional.id", "tx1")]));
    assert_eq!((net.init(old), net.begin(old)), (Ok(()), Ok(())));
    assert!(net.send(old, "tx0").is_ok());
    assert_eq!(net.init(new), Ok(()));
    assert_eq!(net.commit(old), thrown("ProducerFencedException"));
    assert_eq!(net.begin(old), thrown("ProducerFencedException"));
    net.run_ms(500);
    assert_eq!(net.log(), [0, 2, 2, 2]);
}

#[test]
fn e3_first_act_after_being_fenced_is_a_send() {
    let mut net = Net::new(1, 1, &[]);
    let (old, new) = (net.producer(&[("transactional.id", "tx1")]), net.producer(&[("transactional.id", "tx1")]));
    assert_eq!((net.init(old), net.begin(old)), (Ok(()), Ok(())));
    assert!(net.send(old, "tx0").is_ok());
    assert_eq!(net.init(new), Ok(()));
    net.run_ms(500);
    assert_eq!(net.send(old, "zombie"), Err(KafkaException::new("InvalidProducerEpochException")));
    assert_eq!(net.commit(old), thrown("InvalidProducerEpochException"));
    assert_eq!(net.abort(old), thrown("ProducerFencedException"));
    assert_eq!((net.begin(new), net.send(new, "new")), (Ok(()), Ok((0, Some(2)))));
    assert_eq!(net.commit(new), Ok(()));
}

#[test]
fn e3_an_idle_producer_is_fenced_too() {
    let mut net = Net::new(1, 1, &[]);
    let (old, new) = (net.producer(&[("transactional.id", "tx1")]), net.producer(&[("transactional.id", "tx1")]));
    assert_eq!((net.init(old), net.begin(old)), (Ok(()), Ok(())));
    assert!(net.send(old, "tx0").is_ok());
    assert_eq!((net.commit(old), net.init(new), net.begin(old)), (Ok(()), Ok(()), Ok(())));
    assert_eq!(net.send(old, "zombie"), Err(KafkaException::new("InvalidProducerEpochException")));
    assert_eq!(net.commit(old), thrown("InvalidProducerEpochException"));
    assert_eq!(net.log(), [0, 2, 2, 2]);
}

#[test]
fn e1_after_its_timeout_a_transaction_can_be_aborted_and_the_producer_goes_on() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[("transactional.id", "tx1"), ("transaction.timeout.ms", "1500")]);
    assert_eq!((net.init(p), net.begin(p)), (Ok(()), Ok(())));
    assert!(net.send(p, "tx0").is_ok());
    net.run_ms(4_000);
    assert_eq!(net.log(), [0, 2, 2, 2]);
    assert_eq!(net.send(p, "late"), Err(KafkaException::new("InvalidProducerEpochException")));
    assert_eq!(net.commit(p), thrown("InvalidProducerEpochException"));
    assert_eq!((net.abort(p), net.begin(p)), (Ok(()), Ok(())));
    assert_eq!(net.send(p, "again").map(|m| m.1), Ok(Some(2)));
}

#[test]
fn a8_without_linger_too_a_partition_without_a_leader_is_asked_for() {
    let mut net = Net::new(2, 1, &[]);
    let (name, replicas, config) = (Arc::from("one"), vec![vec![BrokerId(1)]], Vec::new());
    let create = AdminRequest::CreateTopic { name, partitions: 0, replication_factor: 0, replicas, config };
    net.on_cluster(|c, now, out| c.request(now, BrokerId(0), ClientId(99), 0, Request::Admin(create), out));
    let p = net.producer(&[("linger.ms", "0"), ("metadata.max.age.ms", "20000")]);
    let first = net.start_send_to(p, "one", Some(0), None, "v0");
    net.run_ms(10_000);
    assert!(net.done.get(&first).is_some_and(|(_, outcome)| outcome.is_ok()));
    net.on_cluster(|c, now, out| c.kill_broker(now, BrokerId(1), out));
    // Fenced after two seconds; after twenty the metadata says that nobody leads. Nothing else wakes the producer before thirty.
    net.run_ms(11_000);
    let second = net.start_send_to(p, "one", Some(0), None, "v1");
    net.run_ms(500);
    net.on_cluster(|c, now, out| c.start_broker(now, BrokerId(1), out));
    net.run_ms(5_000);
    assert!(net.done.get(&second).is_some_and(|(_, outcome)| outcome.is_ok()), "{:?}", net.done.get(&second));
}

#[test]
fn an_idle_producer_sets_no_timers_but_the_one_for_its_metadata() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[]);
    for i in 0..20 {
        assert!(net.send(p, &i.to_string()).is_ok());
        net.run_ms(100);
    }
    net.run_ms(200_000);
    let wakes = net.agenda.iter_unsorted().filter(|(_, due)| matches!(due, Due::Wake(_))).count();
    assert!(wakes <= 2, "{wakes} timers wait");
}

#[test]
fn e3_offsets_of_a_consumer_that_is_no_member_doom_the_transaction() {
    let mut net = Net::new(1, 1, &[]);
    let p = net.producer(&[("transactional.id", "tx1")]);
    assert_eq!((net.init(p), net.begin(p)), (Ok(()), Ok(())));
    let partition = net.cluster.partition_named("t", 0).expect("it exists");
    let offsets = SortedMap::from([(partition, crate::broker::CommittedOffset { offset: 4, leader_epoch: None })]);
    let sent = net.call(p, |p, now, token, out| p.send_offsets(now, Arc::from("g"), offsets, Arc::from("gone"), Some(1), token, out));
    assert_eq!(sent, thrown("CommitFailedException"));
    assert_eq!(net.commit(p), Err(KafkaException::caused("KafkaException", "CommitFailedException")));
    assert_eq!((net.abort(p), net.begin(p)), (Ok(()), Ok(())));
}

/// Brokers die and come back, answers get lost; three partitions on three brokers, acks=all, min.insync.replicas=2.
fn storm(seed: u64) -> (Net, Vec<u64>) {
    let mut chance = crate::kernel::Prng::stream(seed, "storm", 0);
    let mut net = Net::new(3, 3, &[("min.insync.replicas", "2")]);
    let settings = [("request.timeout.ms", "1500"), ("delivery.timeout.ms", "60000"), ("linger.ms", "2")];
    let producers = [net.producer(&settings), net.producer(&settings)];
    let mut tokens = Vec::new();
    let mut down: Vec<BrokerId> = Vec::new();
    // A partition that does not know a producer accepts any first sequence (A9 e): let them all know both.
    for (producer, partition) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
        let value = (net.token + 1).to_string();
        tokens.push(net.start_send(producers[producer], Some(partition), None, &value));
        net.run_ms(100);
    }
    for _ in 0..60 {
        for _ in 0..chance.between(1, 8) {
            let partition = Some(chance.below(3) as u32);
            let producer = producers[chance.below(2) as usize];
            let value = (net.token + 1).to_string();
            tokens.push(net.start_send(producer, partition, None, &value));
        }
        let broker = BrokerId(chance.below(3) as u32);
        match chance.below(6) {
            0 if down.len() < 2 && !down.contains(&broker) => {
                down.push(broker);
                net.on_cluster(|c, now, out| c.kill_broker(now, broker, out));
            }
            1 if down.len() < 2 && !down.contains(&broker) => {
                down.push(broker);
                net.on_cluster(|c, now, out| c.stop_broker(now, broker, out));
            }
            2 | 3 if !down.is_empty() => {
                let broker = down.swap_remove(chance.below(down.len() as u64) as usize);
                net.on_cluster(|c, now, out| c.start_broker(now, broker, out));
            }
            4 => net.lose_responses += chance.below(3) as u32,
            5 => net.lose_peers += chance.below(3) as u32,
            _ => {}
        }
        net.run_ms(chance.between(1, 1_500));
    }
    for broker in down {
        net.on_cluster(|c, now, out| c.start_broker(now, broker, out));
    }
    (net.lose_responses, net.lose_peers) = (0, 0);
    net.run_ms(130_000);
    (net, tokens)
}

#[test]
fn b5_a_storm_loses_no_acknowledged_record_and_makes_no_copy() {
    for seed in 0..40 {
        let (net, tokens) = storm(seed);
        let mut seen = crate::kernel::SortedSet::new();
        for number in 0..3 {
            let partition = net.cluster.partition_named("t", number).expect("it exists");
            let leader = net.cluster.leader(partition).expect("all brokers are back");
            for record in leader.records_from(0) {
                assert!(seen.insert(record.tag), "seed {seed}: record {} is there twice", record.tag);
            }
            let state = net.cluster.partition(partition).expect("it exists");
            assert_eq!(state.isr.len(), 3, "seed {seed}: everything is in sync again");
            for broker in &state.replicas {
                let replica = net.cluster.replica(*broker, partition).expect("it exists");
                let same = replica.records_from(0).eq(leader.records_from(0));
                assert!(same, "seed {seed}: replica {broker:?} differs");
            }
            assert_eq!(leader.high_watermark, leader.log.end());
        }
        for token in &tokens {
            match &net.done.get(token).expect("every send ends").1 {
                Ok(Some(placed)) => {
                    let leader = net.cluster.leader(placed.partition).expect("a leader");
                    if let Some(offset) = placed.offset {
                        let found = leader.records_from(offset).next().map(|r| (r.offset, r.tag));
                        assert_eq!(found, Some((offset, *token)), "seed {seed}: an acknowledged record is elsewhere");
                    }
                }
                Ok(None) => panic!("a send gives metadata"),
                Err(exception) => assert_eq!(exception.class, "TimeoutException", "seed {seed}"),
            }
        }
    }
}

/// What a read_committed reader finds at the end, by tag; and whether every transaction has ended.
fn committed(net: &Net) -> (crate::kernel::SortedSet<u64>, bool) {
    let (mut found, mut ended) = (crate::kernel::SortedSet::new(), true);
    for number in 0..3 {
        let partition = net.cluster.partition_named("t", number).expect("it exists");
        let leader = net.cluster.leader(partition).expect("all brokers are back");
        let end = leader.last_stable_offset();
        ended &= end == leader.high_watermark && end == leader.log.end();
        let mut open: SortedMap<u64, Vec<u64>> = SortedMap::new();
        for record in leader.records_from(0) {
            let producer = record.stamp.expect("all is transactional").producer_id;
            match record.control {
                None => open.entry(producer).or_default().push(record.tag),
                Some(crate::broker::Control::Abort) => drop(open.remove(&producer)),
                Some(crate::broker::Control::Commit) => {
                    for tag in open.remove(&producer).unwrap_or_default() {
                        assert!(found.insert(tag), "record {tag} is committed twice");
                    }
                }
            }
        }
        ended &= open.is_empty();
    }
    (found, ended)
}

#[test]
fn e1_transactions_are_whole_or_nothing_in_a_storm() {
    for seed in 0..40 {
        let mut chance = crate::kernel::Prng::stream(seed, "storm", 1);
        let mut net = Net::new(3, 3, &[("min.insync.replicas", "2")]);
        let settings = [("transactional.id", "tx1"), ("request.timeout.ms", "1500"), ("delivery.timeout.ms", "20000")];
        let mut p = net.producer(&settings);
        let mut ready = net.init(p).is_ok();
        let mut down: Option<BrokerId> = None;
        let (mut must, mut must_not, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..25 {
            match (down, chance.below(4)) {
                (None, 0) => {
                    let broker = BrokerId(chance.below(3) as u32);
                    down = Some(broker);
                    net.on_cluster(|c, now, out| c.kill_broker(now, broker, out));
                }
                (Some(broker), 0 | 1) => {
                    down = None;
                    net.on_cluster(|c, now, out| c.start_broker(now, broker, out));
                }
                (_, 2) => net.lose_peers += chance.below(2) as u32,
                (_, 3) => net.lose_responses += chance.below(2) as u32,
                _ => {}
            }
            if !ready || net.begin(p).is_err() {
                p = net.producer(&settings);
                ready = net.init(p).is_ok();
                continue;
            }
            let tags: Vec<u64> = (0..chance.between(1, 5))
                .map(|_| {
                    let value = (net.token + 1).to_string();
                    let partition = Some(chance.below(3) as u32);
                    net.start_send(p, partition, None, &value)
                })
                .collect();
            let commits = chance.chance(2, 3);
            let outcome = if commits { net.commit(p) } else { net.abort(p) };
            match (commits, &outcome) {
                (true, Ok(())) => must.extend(tags.iter().copied()),
                (false, Ok(())) => must_not.extend(tags.iter().copied()),
                _ => ready = net.abort(p).is_ok(),
            }
            groups.push(tags);
        }
        if let Some(broker) = down {
            net.on_cluster(|c, now, out| c.start_broker(now, broker, out));
        }
        (net.lose_responses, net.lose_peers) = (0, 0);
        net.run_ms(200_000);
        let (found, ended) = committed(&net);
        assert!(ended, "seed {seed}: a transaction hangs");
        assert!(must.iter().all(|tag| found.contains(tag)), "seed {seed}: a committed record is missing");
        assert!(!must_not.iter().any(|tag| found.contains(tag)), "seed {seed}: an aborted record is visible");
        for group in groups {
            let visible = group.iter().filter(|tag| found.contains(tag)).count();
            assert!(visible == 0 || visible == group.len(), "seed {seed}: half a transaction is visible");
        }
        assert!(!must.is_empty(), "seed {seed}: nothing was committed at all");
    }
}
