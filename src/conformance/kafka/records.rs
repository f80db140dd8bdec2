//! Verbs of records: sending, reading, looking offsets up.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::form::Form;
use super::topics::unexpected;
use super::{Fail, Outcome, Script};
use crate::broker::{
    Acks, Batch, Bytes, ErrorCode, NewRecord, OffsetSpec, ProduceAnswer, Request, Response, TopicPartition, bytes, wall_ms,
};
use crate::conformance::CaseError;
use crate::listener::consumer::{Answer, Order};

/// How long a reader may take, in microseconds.
const READ_US: u64 = 60_000_000;

impl Script<'_> {
    pub(super) fn record_step(&mut self, verb: &str, form: Form<'_>) -> Outcome {
        match verb {
            "send" => {
                form.only(&[
                    "do",
                    "as",
                    "producer",
                    "topic",
                    "partition",
                    "key",
                    "value",
                    "timestamp",
                    "timestamp_from_now",
                    "count",
                    "from",
                ])?;
                self.send(form)
            }
            "append" => {
                form.only(&["do", "as", "partition", "producer_id", "epoch", "sequence", "count"])?;
                self.append(form)
            }
            "read" => {
                form.only(&["do", "as", "topic", "from", "isolation"])?;
                self.read(form)
            }
            _ => {
                form.only(&["do", "as", "partition", "timestamp"])?;
                let partition = self.partition(form, "partition", form.text("partition")?)?;
                let spec = match form.get("timestamp") {
                    Some(Value::String(text)) => match text.as_str() {
                        "earliest" => OffsetSpec::Earliest,
                        "latest" => OffsetSpec::Latest,
                        "max_timestamp" => OffsetSpec::MaxTimestamp,
                        other => return Err(form.error("timestamp", format!("unknown {other:?}")).into()),
                    },
                    _ => OffsetSpec::Timestamp(form.number("timestamp")?),
                };
                let listed = self.listed(form, partition, spec)?;
                Ok(json!({"offset": listed.offset.map_or(-1, |o| o as i64), "timestamp": listed.timestamp_ms}))
            }
        }
    }

    /// The producers know a topic's partitions at once.
    pub(super) fn producers_learn(&mut self) {}

    fn send(&mut self, form: Form<'_>) -> Outcome {
        let topic = form.text("topic")?;
        let count = form.number_or("count", 1)?;
        let from = form.number_or("from", 0)?;
        let mut placed = Map::new();
        for i in from..from + count {
            let partition = self.partition(form, "partition", &format!("{topic}-{}", form.count("partition")?))?;
            let record = self.new_record(form, i)?;
            let batch = Batch { partition, producer: None, base_sequence: 0, transactional: false, records: Arc::from([record]) };
            let offset = self.produce(batch, Acks::All)?.base_offset;
            if !form.map.contains_key("count") {
                return Ok(json!({"partition": partition.partition, "offset": offset}));
            }
            let list = placed.entry(self.name(partition)).or_insert_with(|| json!([]));
            list.as_array_mut().expect("just made a list").push(json!(offset));
        }
        Ok(Value::Object(placed))
    }

    fn produce(&mut self, batch: Batch, acks: Acks) -> Result<ProduceAnswer, Fail> {
        let partition = batch.partition;
        let request = Request::Produce { acks, timeout_us: 30_000_000, transactional_id: None, batches: vec![batch] };
        match self.ask_leader(partition, request)? {
            Response::Produce { partitions } => match partitions.into_iter().next() {
                Some((_, Ok(answer))) => Ok(answer),
                Some((_, Err(error))) => Err(error.exception().into()),
                None => Err(ErrorCode::InvalidRequest.exception().into()),
            },
            other => Err(unexpected(&other)),
        }
    }

    /// The record number `i` of a step.
    pub(super) fn new_record(&self, form: Form<'_>, i: i64) -> Result<NewRecord, CaseError> {
        let now_ms = wall_ms(self.bench.now);
        let timestamp_ms = match form.get("timestamp_from_now") {
            Some(_) => now_ms + form.number("timestamp_from_now")?,
            None => form.number_or("timestamp", now_ms)?,
        };
        let field = |name: &str| match form.get(name) {
            None => Ok(None),
            Some(value) => payload(value, i).ok_or_else(|| form.error(name, "a text, null, {\"bytes\": n}, {\"int\": n} or {\"long\": n}")),
        };
        Ok(NewRecord { key: field("key")?, value: field("value")?, headers: Arc::from([]), timestamp_ms, tag: 0 })
    }

    fn append(&mut self, form: Form<'_>) -> Outcome {
        let partition = self.partition(form, "partition", form.text("partition")?)?;
        let sequence = form.count("sequence")? as u32;
        let timestamp_ms = wall_ms(self.bench.now);
        let record = |n: u32| NewRecord { key: None, value: Some(bytes(&format!("s{n}"))), headers: Arc::from([]), timestamp_ms, tag: 0 };
        let count = form.count("count")?;
        let records: Arc<[NewRecord]> = (0..count as u32).map(|i| record(sequence + i)).collect();
        let producer = Some((form.count("producer_id")?, form.count("epoch")? as u16));
        let answer = self.produce(Batch { partition, producer, base_sequence: sequence, transactional: false, records }, Acks::Leader)?;
        let first = answer.base_offset.ok_or_else(|| form.error("", "the leader does not know the offset"))?;
        Ok(json!({"first": first, "last": first + count - 1}))
    }

    fn read(&mut self, form: Form<'_>) -> Outcome {
        let topic = form.text("topic")?;
        let count = self.bench.cluster.topics().by_name(topic).map(|t| (t.id, t.partitions));
        let (id, count) = count.ok_or_else(|| form.error("topic", format!("there is no topic {topic:?}")))?;
        let partitions: Vec<TopicPartition> = (0..count).map(|partition| TopicPartition { topic: id, partition }).collect();
        let config = self.consumer_config(form, None)?;
        let from = form.get("from").map(|_| form.count("from")).transpose()?;
        let all = partitions.clone();
        let reader = self.bench.add_member("reader", config, false, false, |consumer, now, out| {
            consumer.assign(now, &all, out);
            match from {
                Some(offset) => all.iter().for_each(|p| consumer.seek(now, *p, offset, out)),
                None => consumer.seek_to_beginning(now, &all, out),
            }
        });
        let records = self.order(form, reader, Order::Drain)?;
        self.bench.member(reader, |member, now, out| member.order(now, Order::Positions, out));
        let position = match self.bench.until(READ_US, |bench| bench.member(reader, |member, _, _| member.answer())) {
            Some(Answer::Positions(positions)) => positions.into_iter().map(|(p, o)| (self.name(p), json!(o))).collect::<Map<_, _>>(),
            _ => return Err(form.error("", "the reader does not learn its positions").into()),
        };
        self.bench.member(reader, |member, _, _| member.crash());
        self.bench.cluster.disconnect(reader);
        Ok(json!({"records": records, "position": position}))
    }
}

/// The bytes that a key or value of a case stands for; `None` if it stands for nothing.
fn payload(value: &Value, i: i64) -> Option<Option<Bytes>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(bytes(&text.replace("{i}", &i.to_string())))),
        Value::Number(number) => Some(Some(bytes(&number.to_string()))),
        Value::Object(map) => {
            let number = |key: &str| map.get(key).and_then(Value::as_i64);
            if let Some(n) = number("bytes") {
                Some(Some(bytes(&"x".repeat(usize::try_from(n).ok()?))))
            } else if let Some(n) = number("int") {
                Some(Some(Arc::from(i32::try_from(n).ok()?.to_be_bytes().as_slice())))
            } else {
                number("long").map(|n| Some(Arc::from(n.to_be_bytes().as_slice())))
            }
        }
        _ => None,
    }
}
