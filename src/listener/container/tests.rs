//! The container against a scripted consumer: a log in memory that answers at once.

mod rebalance;

use std::sync::Arc;

use super::{ConsumerCall, ContainerEffect, ContainerTimer, ListenerConsumer, Output};
use crate::broker::{Metadata, NewRecord, Record, TopicId, TopicMetadata, TopicPartition, bytes};
use crate::kernel::{Agenda, SimTime, SortedMap, SortedSet};
use crate::listener::*;

/// A consumer over a log in memory. Every answer comes at once, an empty poll after its timeout.
struct Bench {
    now: SimTime,
    agenda: Agenda<Due>,
    log: SortedMap<TopicPartition, Vec<Arc<Record>>>,
    positions: SortedMap<TopicPartition, u64>,
    paused: SortedSet<TopicPartition>,
    committed: Offsets,
    max_poll_records: usize,
    polls: u64,
    sent: Vec<(Arc<str>, NewRecord)>,
    thread: ListenerConsumer,
    listener: Listener,
    facts: Vec<Fact>,
    closing: bool,
    /// So many commits are still refused: the member was put out of its group.
    commits_refused: u32,
    /// How often the container asked its siblings to stop.
    siblings_stopped: u32,
}

enum Due {
    EmptyPoll(u64),
    Timer(ContainerTimer),
}

impl Bench {
    fn new(properties: ContainerProperties, program: ListenerProgram, values: &[&[&str]]) -> Bench {
        let topic = TopicId(0);
        let mut log = SortedMap::new();
        for (number, values) in values.iter().enumerate() {
            let partition = TopicPartition { topic, partition: number as u32 };
            log.insert(partition, values.iter().enumerate().map(|(offset, value)| record(offset as u64, value)).collect());
        }
        let mut thread = ListenerConsumer::new(properties);
        let name: Arc<str> = Arc::from("t");
        let known = TopicMetadata { id: topic, partitions: vec![(None, 0); values.len()] };
        thread.learn_topics(&Metadata { topics: SortedMap::from([(name, known)]), brokers: vec![] });
        Bench {
            now: SimTime::ZERO,
            agenda: Agenda::default(),
            log,
            positions: SortedMap::new(),
            paused: SortedSet::new(),
            committed: Offsets::new(),
            max_poll_records: 10,
            polls: 0,
            sent: Vec::new(),
            thread,
            listener: Listener::new(program),
            facts: Vec::new(),
            closing: false,
            commits_refused: 0,
            siblings_stopped: 0,
        }
    }

    fn run_until(&mut self, end_ms: u64) -> &mut Bench {
        let mut out = Vec::new();
        if self.now == SimTime::ZERO {
            self.thread.start(self.now, &mut self.listener, &mut out);
            let partitions: Vec<TopicPartition> = self.log.keys().copied().collect();
            self.carry_out(out);
            for partition in &partitions {
                self.positions.insert(*partition, 0);
            }
            let mut out = Vec::new();
            self.thread.on_assigned(self.now, partitions, &mut self.listener, &mut out);
            self.carry_out(out);
            self.facts.clear();
            self.poll_again();
        }
        while self.agenda.next_at().is_some_and(|at| at <= SimTime::from_ms(end_ms)) {
            let (at, due) = self.agenda.pop().expect("peeked");
            self.now = at;
            let mut out = Vec::new();
            match due {
                Due::EmptyPoll(number) if number == self.polls => {
                    self.thread.on_polled(self.now, Ok(vec![]), &mut self.listener, &mut out);
                }
                Due::EmptyPoll(_) => {}
                Due::Timer(timer) => self.thread.on_timer(self.now, timer, &mut self.listener, &mut out),
            }
            self.carry_out(out);
        }
        self.now = SimTime::from_ms(end_ms);
        self
    }

    /// The first poll was asked for before there was an assignment.
    fn poll_again(&mut self) {
        let records = self.fetch();
        self.polls += 1;
        let mut out = Vec::new();
        self.thread.on_polled(self.now, Ok(records), &mut self.listener, &mut out);
        self.carry_out(out);
    }

    fn fetch(&mut self) -> Vec<ConsumerRecord> {
        let mut records = Vec::new();
        for (partition, log) in &self.log {
            let Some(position) = self.positions.get_mut(partition) else { continue };
            while records.len() < self.max_poll_records && !self.paused.contains(partition) {
                let Some(record) = log.get(*position as usize) else { break };
                records.push(ConsumerRecord { partition: *partition, record: record.clone() });
                *position += 1;
            }
        }
        records
    }

    fn carry_out(&mut self, out: Vec<Output>) {
        let mut queue: std::collections::VecDeque<Output> = out.into();
        while let Some(output) = queue.pop_front() {
            let mut more = Vec::new();
            match output {
                Output::Call(call) => self.perform(call, &mut more),
                Output::Effect(ContainerEffect::Fact(fact)) => self.facts.push(fact),
                Output::Effect(ContainerEffect::Timer { at, timer }) => self.agenda.push(at, Due::Timer(timer)),
                Output::Effect(ContainerEffect::Send { token, topic, record, .. }) => {
                    self.sent.push((topic, record));
                    self.thread.on_sent(self.now, token, Ok(()), &mut self.listener, &mut more);
                }
                Output::Effect(ContainerEffect::Transaction { token, .. }) => {
                    self.thread.on_transaction(self.now, token, Ok(()), &mut self.listener, &mut more);
                }
                Output::Effect(ContainerEffect::Application { token, .. }) => {
                    let answer = Err(Exception::thrown("org.example.Rejected", "no"));
                    self.thread.on_application(self.now, token, answer, &mut self.listener, &mut more);
                }
                Output::Effect(ContainerEffect::StopsSiblings) => self.siblings_stopped += 1,
                Output::Effect(_) => {}
            }
            queue.extend(more);
        }
    }

    fn perform(&mut self, call: ConsumerCall, more: &mut Vec<Output>) {
        match call {
            ConsumerCall::Poll { timeout_us } => {
                let records = self.fetch();
                self.polls += 1;
                if records.is_empty() && timeout_us > 0 {
                    self.agenda.push(self.now + timeout_us, Due::EmptyPoll(self.polls));
                } else {
                    self.thread.on_polled(self.now, Ok(records), &mut self.listener, more);
                }
            }
            ConsumerCall::CommitSync { token, .. } if self.commits_refused > 0 => {
                self.commits_refused -= 1;
                let refused = Err(crate::broker::KafkaException::new("CommitFailedException"));
                self.thread.on_committed(self.now, token, refused, &mut self.listener, more);
            }
            ConsumerCall::CommitSync { token, offsets } => {
                self.committed.extend(offsets);
                self.thread.on_committed(self.now, token, Ok(()), &mut self.listener, more);
            }
            ConsumerCall::CommitAsync { offsets, .. } => self.committed.extend(offsets),
            ConsumerCall::Seek { partition, offset } => {
                self.positions.insert(partition, offset);
            }
            ConsumerCall::Pause(partitions) => self.paused.extend(partitions),
            ConsumerCall::Resume(partitions) => self.paused.retain(|partition| !partitions.contains(partition)),
            ConsumerCall::Wakeup => self.agenda.push(self.now, Due::EmptyPoll(self.polls)),
            ConsumerCall::Close { .. } => {
                self.closing = true;
                let partitions = self.positions.keys().copied().collect();
                self.thread.on_revoked(self.now, partitions, &mut self.listener, more);
            }
            ConsumerCall::CallbackDone if self.closing => self.thread.on_closed(self.now, &mut self.listener, more),
            _ => {}
        }
    }

    /// Deliveries and commits, short: `v0 v1 c2`.
    fn story(&self) -> String {
        let value = |record: &ConsumerRecord| String::from_utf8_lossy(record.record.value.as_deref().unwrap_or_default()).into_owned();
        let words = self.facts.iter().filter_map(|fact| match fact {
            Fact::Delivered { record, .. } => Some(value(record)),
            Fact::BatchDelivered { records } => Some(format!("[{}]", records.iter().map(value).collect::<Vec<_>>().join(" "))),
            Fact::Committed { offsets } => Some(format!("c{}", offsets.values().map(u64::to_string).collect::<Vec<_>>().join(","))),
            Fact::Recovered { .. } => Some("recovered".to_string()),
            Fact::RecoveredBatch { .. } => Some("recovered-batch".to_string()),
            Fact::CommitFailed { offsets, .. } => Some(format!("x{}", offsets.values().map(u64::to_string).collect::<Vec<_>>().join(","))),
            Fact::Assigned { partitions } => Some(format!("assigned{}", partitions.len())),
            Fact::Paused { .. } => Some("pause".to_string()),
            Fact::Resumed { .. } => Some("resume".to_string()),
            Fact::Stopped { reason } => Some(reason.name().to_string()),
            _ => None,
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

fn record(offset: u64, value: &str) -> Arc<Record> {
    Arc::new(Record {
        offset,
        timestamp_ms: 0,
        key: None,
        value: Some(bytes(value)),
        headers: Arc::from([]),
        tag: 0,
        stamp: None,
        control: None,
        leader_epoch: 0,
        size_bytes: 70,
    })
}

fn properties(mode: AckMode) -> ContainerProperties {
    ContainerProperties { ack_mode: mode, poll_timeout_us: 500_000, ..ContainerProperties::new("c1", "g", vec![Arc::from("t")]) }
}

fn on(value: &str, delivery_max: u32, actions: Vec<Action>) -> Rule {
    let when = Condition { value: Some(Arc::from(value)), delivery_max: Some(delivery_max), ..Condition::default() };
    Rule { when, actions: Arc::from(actions), catch: None }
}

fn acks_but(rule: Rule) -> ListenerProgram {
    ListenerProgram { rules: vec![rule], ..ListenerProgram::always(vec![Action::Ack]) }
}

fn throw() -> Vec<Action> {
    vec![Action::Throw { class: Arc::from(ILLEGAL_STATE) }]
}

const SIX: &[&[&str]] = &[&["a0", "a1"], &["b0", "b1"], &["c0", "c1"]];

#[test]
fn d2_when_each_mode_commits() {
    let story = |mode, count| {
        let properties = ContainerProperties { ack_count: count, ..properties(mode) };
        let mut bench = Bench::new(properties, ListenerProgram::always(vec![Action::Ack]), &[&["v0", "v1", "v2", "v3"]]);
        bench.run_until(2_000).story()
    };
    assert_eq!(story(AckMode::Record, 1), "v0 c1 v1 c2 v2 c3 v3 c4");
    assert_eq!(story(AckMode::Batch, 1), "v0 v1 v2 v3 c4");
    assert_eq!(story(AckMode::Count, 3), "v0 v1 v2 c3 v3 c4");
    assert_eq!(story(AckMode::Manual, 1), "v0 v1 v2 v3 c4");
    assert_eq!(story(AckMode::ManualImmediate, 1), "v0 c1 v1 c2 v2 c3 v3 c4");
}

#[test]
fn d6_nack_discards_the_rest_of_the_poll_and_waits_whole_polls() {
    let program = acks_but(on("b1", 1, vec![Action::Nack { ms: 700 }]));
    let mut bench = Bench::new(properties(AckMode::Manual), program, SIX);
    assert_eq!(bench.run_until(999).story(), "a0 a1 b0 b1 c2,1 pause");
    assert_eq!(bench.run_until(1_000).story(), "a0 a1 b0 b1 c2,1 pause resume b1 c0 c1 c2,2");
}

#[test]
fn d8_ten_deliveries_then_skipped() {
    let mut bench = Bench::new(properties(AckMode::Batch), acks_but(on("v1", 99, throw())), &[&["v0", "v1", "v2"]]);
    let story = bench.run_until(5_000).story();
    assert_eq!(story, "v0 v1 c1 v1 v1 v1 v1 v1 v1 v1 v1 v1 recovered c2 v2 c3");
}

#[test]
fn d10_the_index_retries_alone_and_anything_else_the_whole_batch() {
    let story = |actions: Vec<Action>| {
        let when = Condition { contains: Some(Arc::from("v1")), ..Condition::default() };
        let rule = Rule { when, actions: Arc::from(actions), catch: None };
        let handler = DefaultErrorHandler { back_off: BackOff::Fixed { interval_ms: 0, attempts_max: 1 }, ..Default::default() };
        let properties = ContainerProperties {
            kind: ListenerKind::Batch,
            error_handler: Some(ErrorHandler::Default(handler)),
            ..properties(AckMode::Batch)
        };
        Bench::new(properties, acks_but(rule), &[&["v0", "v1", "v2"]]).run_until(5_000).story()
    };
    let by_value = vec![Action::ThrowBatchFailedValue { value: Arc::from("v1") }];
    assert_eq!(story(by_value), "[v0 v1 v2] c1 [v1 v2] recovered c2 [v2] c3");
    assert_eq!(story(throw()), "[v0 v1 v2] pause [v0 v1 v2] recovered-batch resume c3");
}

#[test]
fn d12_a_dead_letter_says_where_it_came_from() {
    let handler =
        DefaultErrorHandler { back_off: BackOff::NONE, recoverer: Recoverer::DeadLetter(DeadLetter::default()), ..Default::default() };
    let properties = ContainerProperties { error_handler: Some(ErrorHandler::Default(handler)), ..properties(AckMode::Record) };
    let mut bench = Bench::new(properties, acks_but(on("v1", 99, throw())), &[&["v0", "v1", "v2"]]);
    assert_eq!(bench.run_until(2_000).story(), "v0 c1 v1 recovered c2 v2 c3");
    let (topic, letter) = &bench.sent[0];
    let header = |name: &str| letter.headers.iter().find(|header| &*header.name == name).and_then(|header| header.value.clone());
    assert_eq!((&**topic, bench.sent.len()), ("t-dlt", 1));
    assert_eq!(header("kafka_dlt-original-offset").as_deref(), Some(1u64.to_be_bytes().as_slice()));
    assert_eq!(header("kafka_dlt-exception-message").as_deref(), Some(b"Listener failed; boom".as_slice()));
}

#[test]
fn d0_a_stop_finishes_the_poll_and_an_error_commits_what_was_processed() {
    let mut bench = Bench::new(properties(AckMode::Batch), acks_but(on("v2", 1, vec![Action::ThrowError])), &[&["v0", "v1", "v2"]]);
    assert_eq!(bench.run_until(2_000).story(), "v0 v1 v2 c2 ERROR");
    let mut bench =
        Bench::new(properties(AckMode::Batch), acks_but(on("v1", 1, vec![Action::Block { us: 100_000 }])), &[&["v0", "v1", "v2"]]);
    bench.run_until(50);
    let mut out = Vec::new();
    bench.thread.stop(bench.now, &mut bench.listener, &mut out);
    bench.carry_out(out);
    assert_eq!(bench.run_until(2_000).story(), "v0 v1 v2 c3 NORMAL");
}

#[test]
fn a_program_catches_and_nacks() {
    let program = ListenerProgram::always_with_catch(vec![Action::Effect, Action::Ack], vec![Action::Nack { ms: 100 }]);
    let mut bench = Bench::new(properties(AckMode::Manual), program, &[&["v0"]]);
    assert_eq!(bench.run_until(1_100).story(), "v0 pause resume v0 pause resume v0 pause");
}

#[test]
fn a_viewer_decides() {
    let mut bench =
        Bench::new(properties(AckMode::Manual), ListenerProgram::always(vec![Action::AskViewer, Action::Ack]), &[&["v0", "v1", "v2"]]);
    bench.run_until(10);
    for decision in [Decision::GoOn, Decision::Nothing, Decision::Nack { ms: 0 }, Decision::Ack] {
        let mut out = Vec::new();
        assert!(bench.thread.decide(bench.now, decision, &mut bench.listener, &mut out));
        bench.carry_out(out);
    }
    assert_eq!(bench.run_until(20).story(), "v0 v1 v2 c1 v2 c3");
}
