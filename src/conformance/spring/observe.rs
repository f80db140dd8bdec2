//! What is there at the end, in the words of `observed`: committed offsets, records, topics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::stage::Stage;
use crate::broker::{Control, Header, Record, TopicPartition};
use crate::listener::ListensTo;
use crate::pipeline::ConsumerSlot;

/// The committed offsets of a group.
pub(super) fn committed(stage: &Stage, group: &str) -> Value {
    let offsets = stage.world.cluster().groups.group(group).into_iter().flat_map(|group| &group.offsets);
    Value::Object(offsets.map(|(partition, stored)| (stage.recorder.partition(*partition), json!(stored.committed.offset))).collect())
}

/// The assignment of every container but those that a step has stopped; one that ended by itself is still there, with nothing
/// but what it was given by hand.
pub(super) fn assignment(stage: &Stage) -> Value {
    let of = |place: &ConsumerSlot| {
        let by_hand = match &place.container.properties().source {
            ListensTo::Partitions(places) if !place.container.thread().is_alive() => places.as_slice(),
            _ => &[],
        };
        let given = by_hand.iter().map(|(topic, partition)| format!("{topic}-{partition}"));
        let assigned = place.container.thread().assigned().map(|partition| stage.recorder.partition(partition));
        (place.name.to_string(), json!(given.chain(assigned).collect::<Vec<String>>()))
    };
    let is_there = |(place, member): &(&ConsumerSlot, &Arc<str>)| {
        place.container.thread().is_alive() || (place.name == **member && !stage.put_away.contains(*member))
    };
    let there = stage.world.consumers().iter().zip(&stage.members).filter(is_there);
    Value::Object(there.map(|(place, _)| of(place)).collect())
}

/// The topics that exist, with their partition counts.
pub(super) fn topics_exist(stage: &Stage) -> Value {
    let topics = stage.world.cluster().topics().iter();
    Value::Object(topics.map(|topic| (topic.name.to_string(), json!({"partitions": topic.partitions}))).collect())
}

fn partitions(stage: &Stage, topic: &str) -> Vec<TopicPartition> {
    let Some(topic) = stage.world.cluster().topics().by_name(topic) else { return Vec::new() };
    (0..topic.partitions).map(|partition| TopicPartition { topic: topic.id, partition }).collect()
}

/// All records of a topic, aborted ones included, with their headers.
pub(super) fn records(stage: &Stage, topic: &str) -> Value {
    let mut all = Vec::new();
    for partition in partitions(stage, topic) {
        let replica = stage.world.cluster().leader(partition);
        for record in replica.into_iter().flat_map(|replica| replica.records_from(0)).filter(|record| record.control.is_none()) {
            let mut shown = json!({
                "at": format!("{}@{}", stage.recorder.partition(partition), record.offset),
                "key": record.key.as_ref().map(|key| String::from_utf8_lossy(key)),
                "headers": headers(record),
            });
            match record.value.as_deref() {
                Some([0, rest @ ..]) if rest.len() == 3 => {
                    shown["value_int32"] = json!(rest.iter().fold(0i64, |number, byte| (number << 8) | i64::from(*byte)));
                }
                value => shown["value"] = json!(value.map(String::from_utf8_lossy)),
            }
            all.push(shown);
        }
    }
    Value::Array(all)
}

fn headers(record: &Record) -> Value {
    let mut by_name: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for header in record.headers.iter() {
        by_name.entry(&header.name).or_default().push(shown(header));
    }
    let one_or_all = |mut values: Vec<Value>| if values.len() == 1 { values.remove(0) } else { Value::Array(values) };
    Value::Object(by_name.into_iter().map(|(name, values)| (name.to_owned(), one_or_all(values))).collect())
}

fn shown(header: &Header) -> Value {
    let Some(value) = &header.value else { return Value::Null };
    let number = || value.iter().fold(0i64, |number, byte| (number << 8) | i64::from(*byte));
    let name = &*header.name;
    let is_text = ["timestamp-type", "fqcn", "message", "topic", "group"].iter().any(|end| name.ends_with(end));
    let is_number = ["kafka_dlt", "kafka_original", "retry_topic"].iter().any(|begin| name.starts_with(begin));
    if name.ends_with("backoff-timestamp") {
        json!({"bytes": number()})
    } else if is_text || name.contains("stacktrace") || !(is_number || name == "kafka_deliveryAttempt") {
        json!(String::from_utf8_lossy(value))
    } else {
        let kind = match value.len() {
            4 => "int32",
            8 => "int64",
            _ => "big_integer",
        };
        json!({kind: number()})
    }
}

/// What a read_committed reader finds: `t-0@2 v`.
pub(super) fn read_committed(stage: &Stage, topic: &str) -> Value {
    let mut found = Vec::new();
    for partition in partitions(stage, topic) {
        let Some(replica) = stage.world.cluster().leader(partition) else { continue };
        let all: Vec<_> = replica.records_from(0).collect();
        let mut aborted: BTreeSet<u64> = BTreeSet::new();
        let mut open: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for record in &all {
            match (record.stamp, record.control) {
                (Some(stamp), Some(control)) => {
                    let offsets = open.remove(&stamp.producer_id).unwrap_or_default();
                    if control == Control::Abort {
                        aborted.extend(offsets);
                    }
                }
                (Some(stamp), None) if stamp.transactional => open.entry(stamp.producer_id).or_default().push(record.offset),
                _ => {}
            }
        }
        let end = replica.last_stable_offset();
        let seen = |record: &&&std::sync::Arc<Record>| record.control.is_none() && record.offset < end && !aborted.contains(&record.offset);
        for record in all.iter().filter(seen) {
            let value = stage.recorder.value(record.value.as_ref());
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            found.push(json!(format!("{}@{} {value}", stage.recorder.partition(partition), record.offset)));
        }
    }
    Value::Array(found)
}

/// Where the case says `(present)`, anything is right that is there.
pub(super) fn blur(expected: &Value, got: &mut Value) {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            for (key, value) in expected {
                if let Some(got) = got.get_mut(key) {
                    blur(value, got);
                }
            }
        }
        (Value::Array(expected), Value::Array(got)) => expected.iter().zip(got).for_each(|(expected, got)| blur(expected, got)),
        (Value::String(text), got) if text == "(present)" && !got.is_null() => *got = json!("(present)"),
        _ => {}
    }
}

/// A map without the fields that only explain.
pub(super) fn without_reasons(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept: Map<String, Value> =
                map.iter().filter(|(key, _)| *key != "because").map(|(key, value)| (key.clone(), without_reasons(value))).collect();
            Value::Object(kept)
        }
        Value::Array(list) => list.iter().map(without_reasons).collect(),
        other => other.clone(),
    }
}
