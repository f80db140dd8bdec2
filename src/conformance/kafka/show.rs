//! How facts are written: the words of `observed`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::play::{Play, ok};
use crate::broker::{KafkaException, Record, TopicPartition};
use crate::listener::ConsumerRecord;
use crate::listener::consumer::Seen;
use crate::listener::share::{CallbackCall, ShareRecord};
use crate::pipeline::lab::LabAnswer;

/// Values longer than this many characters are written as their length.
const VALUE_CHARS_MAX: usize = 40;

impl Play<'_> {
    pub(super) fn partition_name(&self, partition: TopicPartition) -> String {
        format!("{}-{}", self.world.cluster().topic_name(partition.topic), partition.partition)
    }

    /// Names in the order of topics, then of numbers.
    pub(super) fn partition_names(&self, partitions: impl IntoIterator<Item = TopicPartition>) -> Vec<String> {
        let mut all: Vec<(String, u32)> =
            partitions.into_iter().map(|p| (self.world.cluster().topic_name(p.topic).to_owned(), p.partition)).collect();
        all.sort();
        all.into_iter().map(|(topic, number)| format!("{topic}-{number}")).collect()
    }

    pub(super) fn records(&self, records: &[ConsumerRecord]) -> Value {
        let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for ConsumerRecord { partition, record } in records {
            all.entry(self.partition_name(*partition)).or_default().push(record_fact(record));
        }
        json!(all)
    }

    fn callback_fact(&self, call: &CallbackCall) -> Value {
        let mut fact = json!({"partition": self.partition_name(call.partition), "offsets": call.offsets});
        if let Some(error) = &call.error {
            fact["error"] = json!(error.class);
        }
        fact
    }

    pub(super) fn seen(&self, seen: &[Seen]) -> Vec<Value> {
        let one = |seen: &Seen| match seen {
            Seen::Assigned(p) => json!({"assigned": self.partition_names(p.iter().copied())}),
            Seen::Revoked(p) => json!({"revoked": self.partition_names(p.iter().copied())}),
            Seen::Lost(p) => json!({"lost": self.partition_names(p.iter().copied())}),
            Seen::Threw(exception) => json!({"error": exception.class}),
        };
        seen.iter().map(one).collect()
    }

    pub(super) fn shown(&self, answer: &LabAnswer) -> Value {
        match answer {
            LabAnswer::Done => ok(),
            LabAnswer::Placed { partition, offset } => {
                json!({"partition": partition.partition, "offset": offset.map_or(-1, |o| o as i64)})
            }
            LabAnswer::Appended { first } => json!({"first": first}),
            LabAnswer::Records(records) => self.records(records),
            LabAnswer::Positions(positions) => {
                let named: Map<String, Value> = positions.iter().map(|(p, offset)| (self.partition_name(*p), json!(offset))).collect();
                Value::Object(named)
            }
            LabAnswer::Offset { offset, timestamp_ms } => json!({"offset": offset.map_or(-1, |o| o as i64), "timestamp": timestamp_ms}),
            LabAnswer::LogStart(start) => json!({"start": start}),
            LabAnswer::ShareRecords(records) => {
                let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
                for ShareRecord { partition, record, delivery_count } in records {
                    let mut fact = record_fact(record);
                    fact.as_array_mut().into_iter().for_each(|f| f.push(json!(delivery_count)));
                    all.entry(self.partition_name(*partition)).or_default().push(fact);
                }
                json!(all)
            }
            LabAnswer::AckOutcome(outcome) => {
                let shown = |e: &Option<KafkaException>| e.as_ref().map_or_else(ok, |e| json!({"error": e.class}));
                Value::Object(outcome.iter().map(|(p, e)| (self.partition_name(*p), shown(e))).collect())
            }
            LabAnswer::Callbacks(calls) => calls.iter().map(|call| self.callback_fact(call)).collect(),
            LabAnswer::Threw(exception) => error(exception),
        }
    }
}

/// An exception as the recorder writes it.
fn error(exception: &KafkaException) -> Value {
    let mut map = Map::new();
    map.insert("error".to_owned(), json!(exception.class));
    if let Some(offset) = exception.offset {
        map.insert("offset".to_owned(), json!(offset));
    } else if let Some(cause) = exception.cause {
        map.insert("cause".to_owned(), json!(cause));
    }
    Value::Object(map)
}

fn record_fact(record: &Record) -> Value {
    let text = |bytes: &Option<crate::broker::Bytes>| bytes.as_ref().map(|b| String::from_utf8_lossy(b).into_owned());
    let value = text(&record.value).map(|v| match v.chars().count() {
        long if long > VALUE_CHARS_MAX => format!("{long} chars"),
        _ => v,
    });
    json!([record.offset, text(&record.key), value])
}
