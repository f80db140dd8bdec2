//! What happens in the containers, in the words of `observed.trace`. Decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::bank;
use super::given::Given;
use crate::broker::{Bytes, TopicId, TopicPartition};
use crate::kernel::SimTime;
use crate::listener::{ConsumerRecord, Fact, Offsets};

/// The lane of the script's own steps.
pub(super) const SCRIPT: &str = "script";

/// The lane of what other threads see.
const OUTSIDE: &str = "outside";

/// One event of the trace.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) lane: Arc<str>,
    pub(super) what: Value,
    /// The numbers of the facts in the world's trace that it stands for.
    pub(super) facts: Vec<u64>,
}

/// Everything that was seen.
pub(super) struct Recorder {
    pub(super) names: BTreeMap<TopicId, Arc<str>>,
    pub(super) events: Vec<Event>,
    /// The number of the fact that is being told.
    pub(super) number: u64,
    /// When the last event was.
    pub(super) last_at: SimTime,
    /// Values in the order in which the main listener returned normally.
    pub(super) handled: Vec<(Value, u64)>,
    /// Deliveries over all containers: `t-0@0 v0`.
    pub(super) order: Vec<(Value, u64)>,
    /// How often each value was given to a listener.
    pub(super) deliveries: BTreeMap<String, u32>,
    pub(super) calls: u32,
    /// When the last call with this value ended.
    ended: BTreeMap<String, SimTime>,
    /// When the last call of a batch listener ended.
    batch_ended: Option<SimTime>,
    integers: bool,
    sees_handler: bool,
    sees_rollback: bool,
    /// Whether another thread acts, not the consumer's.
    pub(super) outside: bool,
    /// The call in hand by lane: the values, and whether it is the handler of dead letters.
    in_hand: BTreeMap<Arc<str>, (Vec<Value>, bool)>,
}

impl Recorder {
    pub(super) fn new(given: &Given) -> Recorder {
        Recorder {
            names: BTreeMap::new(),
            events: Vec::new(),
            number: 0,
            last_at: SimTime::ZERO,
            handled: Vec::new(),
            order: Vec::new(),
            deliveries: BTreeMap::new(),
            calls: 0,
            ended: BTreeMap::new(),
            batch_ended: None,
            integers: given.integers,
            sees_handler: given.sees_handler,
            sees_rollback: given.sees_rollback,
            outside: false,
            in_hand: BTreeMap::new(),
        }
    }

    /// A step of the script that stands in the trace; gives its place there.
    pub(super) fn step(&mut self, now: SimTime, step: Value) -> usize {
        self.push(now, &Arc::from(SCRIPT), step);
        let place = self.events.len() - 1;
        self.events[place].facts.clear();
        place
    }

    fn push(&mut self, now: SimTime, lane: &Arc<str>, what: Value) {
        self.last_at = now;
        self.events.push(Event { lane: lane.clone(), what, facts: vec![self.number] });
    }

    pub(super) fn partition(&self, partition: TopicPartition) -> String {
        let topic = self.names.get(&partition.topic).map_or("?", |name| name);
        format!("{topic}-{}", partition.partition)
    }

    fn at(&self, partition: TopicPartition, offset: u64) -> String {
        format!("{}@{offset}", self.partition(partition))
    }

    fn all(&self, records: &[(TopicPartition, u64)]) -> Value {
        records.iter().map(|(partition, offset)| self.at(*partition, *offset)).collect()
    }

    fn record_at(&self, record: &ConsumerRecord) -> String {
        self.at(record.partition, record.record.offset)
    }

    pub(super) fn offsets(&self, offsets: &Offsets) -> Value {
        Value::Object(offsets.iter().map(|(partition, offset)| (self.partition(*partition), json!(offset))).collect())
    }

    /// Sorted as texts: `t-10` before `t-2`.
    fn partitions(&self, partitions: &[TopicPartition]) -> Value {
        let mut names: Vec<String> = partitions.iter().map(|partition| self.partition(*partition)).collect();
        names.sort_unstable();
        names.into()
    }

    /// A value as the case shows it.
    pub(super) fn value(&self, value: Option<&Bytes>) -> Value {
        match value {
            None => Value::Null,
            Some(bytes) if self.integers && bytes.len() == 4 => json!(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
            Some(bytes) => json!(String::from_utf8_lossy(bytes)),
        }
    }

    /// The value of a record that was delivered; an event of the bank by its name.
    fn value_of(&self, record: &ConsumerRecord) -> Value {
        bank::event_of(record.record.tag).unwrap_or_else(|| self.value(record.record.value.as_ref()))
    }

    /// How often an event stands in the trace.
    pub(super) fn count(&self, event: &str) -> usize {
        self.events.iter().filter(|known| &*known.lane != SCRIPT && known.what.get(event).is_some()).count()
    }

    /// Something happened in a container.
    pub(super) fn fact(&mut self, now: SimTime, lane: &Arc<str>, fact: &Fact, poisoned: impl Fn(u64) -> Option<TopicPartition>) {
        match fact {
            Fact::Delivered { record, attempt, retry_attempts, dead_letter_handler } => {
                self.delivered(now, lane, record, *attempt, *retry_attempts, *dead_letter_handler);
            }
            Fact::BatchDelivered { records } => self.batch_delivered(now, lane, records),
            Fact::Returned { .. } | Fact::Threw { .. } => self.call_ended(now, lane, matches!(fact, Fact::Returned { .. })),
            Fact::Sought { offsets } => self.sought(now, lane, offsets),
            Fact::PollFailed { class, offset } => {
                let at = self.place_of(*offset, &poisoned);
                self.push(now, lane, json!({"poll_failed": &**class, "at": at}));
            }
            Fact::OtherExceptionHandled { class, offset } if self.sees_handler => {
                let at = self.place_of(*offset, &poisoned);
                self.push(now, lane, json!({"handle_other_exception": &**class, "at": at}));
            }
            _ => {
                let elsewhere = self.outside && matches!(fact, Fact::ApiError { .. });
                let lane = &if elsewhere { Arc::from(OUTSIDE) } else { Arc::clone(lane) };
                if let Some(what) = self.plain(lane, fact).or_else(|| self.of_handler(fact)) {
                    self.push(now, lane, what);
                }
            }
        }
    }

    fn place_of(&self, offset: Option<u64>, poisoned: &impl Fn(u64) -> Option<TopicPartition>) -> Option<String> {
        let offset = offset?;
        Some(self.at(poisoned(offset)?, offset))
    }

    fn plain(&self, lane: &Arc<str>, fact: &Fact) -> Option<Value> {
        Some(match fact {
            Fact::StartFailed { class, message } => json!({"start_failed": &**class, "message": &**message}),
            Fact::Polled { records } => json!({"poll": self.all(records)}),
            Fact::ApiError { call, value: None, class, message } => {
                json!({"api_error": call, "exception": &**class, "message": &**message})
            }
            Fact::ApiError { call, value: Some(value), class, message } => {
                json!({"api_error": call, "value": &**value, "exception": &**class, "message": &**message})
            }
            Fact::Committed { offsets } => json!({"commit": self.offsets(offsets)}),
            Fact::CommittedAsync { offsets } => json!({"commit_async": self.offsets(offsets)}),
            Fact::CommitFailed { offsets, class } => json!({"commit_failed": self.offsets(offsets), "exception": &**class}),
            Fact::Assigned { partitions } if !partitions.is_empty() => json!({"assigned": self.partitions(partitions)}),
            Fact::Revoked { partitions } if !partitions.is_empty() => json!({"revoked": self.partitions(partitions)}),
            Fact::Lost { partitions } if !partitions.is_empty() => json!({"lost": self.partitions(partitions)}),
            Fact::Paused { partitions } => json!({"pause": self.partitions(partitions)}),
            Fact::Resumed { partitions } => json!({"resume": self.partitions(partitions)}),
            Fact::Idle { partitions } => json!({"idle": self.partitions(partitions)}),
            Fact::NoLongerIdle { partitions } => json!({"no_longer_idle": self.partitions(partitions)}),
            Fact::TransactionBegun => json!({"tx": "begin"}),
            Fact::TransactionCommitted => json!({"tx": "commit"}),
            Fact::TransactionAborted => json!({"tx": "abort"}),
            Fact::OffsetsSentToTransaction { offsets } => json!({"offsets_to_transaction": self.offsets(offsets)}),
            Fact::Stopped { reason } => json!({"consumer_stopped": reason.name()}),
            Fact::Killed => json!({"killed": &**lane}),
            _ => return None,
        })
    }

    /// What only a given error handler or after-rollback processor tells.
    fn of_handler(&self, fact: &Fact) -> Option<Value> {
        let recovered = matches!(fact, Fact::Recovered { .. } | Fact::RecovererCalled { .. });
        let seen = self.sees_handler || (self.sees_rollback && recovered);
        if !seen {
            return None;
        }
        Some(match fact {
            Fact::Failed { partition, offset, attempt, class } => {
                json!({"failed": self.at(*partition, *offset), "attempt": attempt, "exception": &**class})
            }
            Fact::FailedBatch { records, attempt, class } => {
                json!({"failed_batch": self.all(records), "attempt": attempt, "exception": &**class})
            }
            Fact::RecovererCalled { partition, offset } => json!({"recoverer_called": self.at(*partition, *offset)}),
            Fact::Recovered { partition, offset, class } => json!({"recovered": self.at(*partition, *offset), "exception": &**class}),
            Fact::RecoveryFailed { partition, offset, class } => {
                json!({"recovery_failed": self.at(*partition, *offset), "exception": &**class})
            }
            Fact::RecoveryFailedBatch { records, class } => json!({"recovery_failed_batch": self.all(records), "exception": &**class}),
            Fact::RecoveredBatch { records, class } => json!({"recovered_batch": self.all(records), "exception": &**class}),
            _ => return None,
        })
    }

    /// Successive seeks of one thread are one event.
    fn sought(&mut self, now: SimTime, lane: &Arc<str>, offsets: &Offsets) {
        let seek = self.offsets(offsets);
        let last = self.events.last_mut().filter(|event| event.lane == *lane && event.what.get("seek").is_some());
        if let Some(event) = last
            && let Value::Object(more) = seek
        {
            event.what["seek"].as_object_mut().into_iter().for_each(|known| known.extend(more.clone()));
            event.facts.push(self.number);
            return;
        }
        self.push(now, lane, json!({"seek": seek}));
    }

    fn delivered(
        &mut self,
        now: SimTime,
        lane: &Arc<str>,
        record: &ConsumerRecord,
        attempt: Option<u32>,
        retry_attempts: Option<u32>,
        dead_letter_handler: bool,
    ) {
        let at = self.record_at(record);
        let value = self.value_of(record);
        let key = shown(&value);
        self.in_hand.insert(lane.clone(), (vec![value.clone()], dead_letter_handler));
        if dead_letter_handler {
            self.order.push((json!(format!("dlt handler: {at} {key}")), self.number));
            self.push(now, lane, json!({"dlt_handler": at, "value": value}));
            return;
        }
        self.calls += 1;
        self.order.push((json!(format!("{at} {key}")), self.number));
        let number = self.deliveries.entry(key.clone()).or_default();
        *number += 1;
        let mut what = Map::new();
        what.insert("deliver".into(), json!(at));
        what.insert("value".into(), value);
        what.insert("delivery".into(), json!(number));
        if let Some(attempt) = attempt {
            what.insert("attempt_header".into(), json!(attempt));
        }
        if let Some(attempts) = retry_attempts {
            what.insert("retry_topic_attempts".into(), json!(attempts));
        }
        if let Some(ended) = self.ended.get(&key) {
            what.insert("at_least_ms".into(), json!(now.since(*ended) / 1_000));
        }
        self.push(now, lane, Value::Object(what));
    }

    fn batch_delivered(&mut self, now: SimTime, lane: &Arc<str>, records: &[ConsumerRecord]) {
        self.calls += 1;
        let at: Vec<String> = records.iter().map(|record| self.record_at(record)).collect();
        let values: Vec<Value> = records.iter().map(|record| self.value_of(record)).collect();
        for value in &values {
            *self.deliveries.entry(shown(value)).or_default() += 1;
        }
        let mut what = Map::new();
        what.insert("deliver_batch".into(), json!(at));
        if let Some(ended) = self.batch_ended {
            what.insert("at_least_ms".into(), json!(now.since(ended) / 1_000));
        }
        what.insert("values".into(), json!(values));
        what.insert("call".into(), json!(self.calls));
        self.in_hand.insert(lane.clone(), (values, false));
        self.push(now, lane, Value::Object(what));
    }

    fn call_ended(&mut self, now: SimTime, lane: &Arc<str>, normally: bool) {
        let Some((values, dead_letter_handler)) = self.in_hand.remove(lane) else { return };
        self.batch_ended = Some(now);
        for value in values {
            self.ended.insert(shown(&value), now);
            if normally && !dead_letter_handler {
                self.handled.push((value, self.number));
            }
        }
    }
}

/// A value as text.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
