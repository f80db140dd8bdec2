//! Verbs about records and logs: sending, transactions, tools, what lies where.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::play::{Play, ok};
use super::{Outcome, Step};
use crate::broker::{BrokerId, EPOCH_MS, TopicPartition};
use crate::conformance::CaseError;
use crate::conformance::settings::Of;
use crate::fault::Node;
use crate::pipeline::lab::{LabAction, LabAnswer, LabOffset, LabOrder, LabTransaction};
use crate::pipeline::{Action, Intervention, Probe};

/// How long a tool tries (`default.api.timeout.ms`), in milliseconds.
const TOOL_MS: u64 = 60_000;
/// The consumer of `read`.
const READER: &str = "reader";

impl Play<'_> {
    /// The producer of a step, made at its first use; an exception of its constructor is the step's value.
    pub(super) fn producer(&mut self, step: &Step) -> Result<Result<Arc<str>, Value>, CaseError> {
        let name: Arc<str> = step.get("producer").and_then(Value::as_str).map_or_else(|| Arc::from("p"), Arc::from);
        if self.world.lab().has_producer(&name) {
            return Ok(Ok(name));
        }
        let mut settings = self.producer_defaults.clone();
        settings.extend(self.producers.get(&name).cloned().unwrap_or_default());
        let answer = self.ask(|op| LabAction::OpenProducer { op, producer: Arc::clone(&name), settings })?;
        Ok(if answer.get("error").is_some() { Err(answer) } else { Ok(name) })
    }

    /// `{i}` in a key or value counts.
    fn sending(&self, step: &Step, producer: &Arc<str>, i: u64) -> Result<impl FnOnce(u64) -> LabAction + use<>, CaseError> {
        let now_ms = EPOCH_MS + self.world.now().ms() as i64;
        let timestamp_ms = step.integer("timestamp")?.or(step.integer("timestamp_from_now")?.map(|delta| now_ms + delta));
        let (producer, topic) = (Arc::clone(producer), step.name("topic")?);
        let partition = step.get("partition").map(|_| step.number("partition")).transpose()?.map(|p| p as u32);
        let (key, value) = (payload(step.get("key"), i), payload(step.get("value"), i));
        Ok(move |op| LabAction::Send { op, producer, topic, partition, key, value, timestamp_ms, headers: Vec::new() })
    }

    pub(super) fn transaction(&mut self, step: &Step) -> Outcome {
        let producer = match self.producer(step)? {
            Ok(producer) => producer,
            Err(refused) => return Ok(refused),
        };
        let act = match step.verb()? {
            "init_transactions" => LabTransaction::Init,
            "begin" => LabTransaction::Begin,
            "commit_transaction" => LabTransaction::Commit,
            "abort_transaction" => LabTransaction::Abort,
            _ => LabTransaction::SendOffsets { member: step.name("member")?, offsets: step.offsets()?.unwrap_or_default() },
        };
        self.ask(|op| LabAction::Transaction { op, producer, act })
    }

    pub(super) fn send(&mut self, step: &Step) -> Outcome {
        let producer = match self.producer(step)? {
            Ok(producer) => producer,
            Err(refused) => return Ok(refused),
        };
        if step.get("count").is_none() {
            let action = self.sending(step, &producer, 0)?;
            if step.get("wait").and_then(Value::as_bool) == Some(false) {
                self.begin_act_unawaited();
                let op = self.act(action)?;
                self.under_way.entry(producer).or_default().push(op);
                return Ok(ok());
            }
            return self.ask(action);
        }
        let from = step.number_or("from", 0)?;
        let mut offsets: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for i in from..from + step.number("count")? {
            let action = self.sending(step, &producer, i)?;
            let op = self.act(action)?;
            match self.await_answer(op)? {
                LabAnswer::Placed { partition, offset } => {
                    offsets.entry(self.partition_name(partition)).or_default().push(json!(offset.map_or(-1, |o| o as i64)));
                }
                other => return Ok(self.shown(&other)),
            }
        }
        Ok(json!(offsets))
    }

    /// What came of the records that were sent without waiting.
    pub(super) fn await_sends(&mut self, step: &Step) -> Outcome {
        let name = step.get("producer").and_then(Value::as_str).unwrap_or("p");
        let ops = self.under_way.remove(name).unwrap_or_default();
        self.awaited.clone_from(&ops);
        ops.into_iter().map(|op| self.await_answer(op).map(|answer| self.shown(&answer))).collect()
    }

    /// Hands records over at once and waits for all; the partitions chosen, in the order of the records.
    fn send_at_once(&mut self, actions: Vec<Box<dyn FnOnce(u64) -> LabAction>>) -> Result<Vec<Result<u32, Value>>, CaseError> {
        let ops: Vec<u64> = actions.into_iter().map(|action| self.act(action)).collect::<Result<_, _>>()?;
        let mut placed = Vec::new();
        for op in ops {
            placed.push(match self.await_answer(op)? {
                LabAnswer::Placed { partition, .. } => Ok(partition.partition),
                other => Err(self.shown(&other)),
            });
        }
        Ok(placed)
    }

    pub(super) fn send_batch(&mut self, step: &Step) -> Outcome {
        let producer = match self.producer(step)? {
            Ok(producer) => producer,
            Err(refused) => return Ok(refused),
        };
        let mut actions: Vec<Box<dyn FnOnce(u64) -> LabAction>> = Vec::new();
        for i in 0..step.number("count")? {
            actions.push(Box::new(self.sending(step, &producer, i)?));
        }
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for placed in self.send_at_once(actions)? {
            match placed {
                Ok(partition) => *counts.entry(partition).or_default() += 1,
                Err(error) => return Ok(error),
            }
        }
        match step.get("show").and_then(Value::as_str) {
            Some("distinct_partitions") => Ok(json!(counts.len())),
            None => Ok(json!(counts.into_iter().map(|(p, n)| (p.to_string(), n)).collect::<BTreeMap<_, _>>())),
            Some(other) => Err(step.error("show", format!("unknown: {other:?}; known: distinct_partitions"))),
        }
    }

    pub(super) fn partition_table(&mut self, step: &Step) -> Outcome {
        let keys = step.get("keys").and_then(Value::as_array).ok_or_else(|| step.error("keys", "missing, or not a list".to_owned()))?;
        let mut rows: Vec<Vec<Value>> = keys.iter().map(|key| vec![key.clone()]).collect();
        self.answers_by_row(keys.len());
        for topic in step.texts("topics")? {
            let producer = match self.producer(step)? {
                Ok(producer) => producer,
                Err(refused) => return Ok(refused),
            };
            let mut actions: Vec<Box<dyn FnOnce(u64) -> LabAction>> = Vec::new();
            for key in keys {
                let (producer, topic, key) = (Arc::clone(&producer), Arc::clone(&topic), payload(Some(key), 0));
                let value = Some(b"v".to_vec());
                actions.push(Box::new(move |op| LabAction::Send {
                    op,
                    producer,
                    topic,
                    partition: None,
                    key,
                    value,
                    timestamp_ms: None,
                    headers: Vec::new(),
                }));
            }
            for (row, placed) in rows.iter_mut().zip(self.send_at_once(actions)?) {
                row.push(placed.map_or_else(|error| error, |partition| json!(partition)));
            }
        }
        Ok(json!(rows))
    }

    pub(super) fn append(&mut self, step: &Step) -> Outcome {
        let (topic, partition) = step.partition("partition")?;
        let (producer_id, epoch, sequence) = (step.number("producer_id")?, step.number("epoch")? as u16, step.number("sequence")?);
        let count = step.number("count")?;
        let values = (0..count).map(|i| Arc::from(format!("s{}", sequence + i))).collect();
        let sequence = sequence as u32;
        let mut answer = self.ask(|op| LabAction::Append { op, topic, partition, producer_id, epoch, sequence, values })?;
        if let Some(first) = answer.get("first").and_then(Value::as_u64) {
            answer["last"] = json!(first + count - 1);
        }
        Ok(answer)
    }

    pub(super) fn add_partitions(&mut self, step: &Step) -> Outcome {
        let (topic, total) = (step.name("topic")?, step.number("total")? as u32);
        let answer = self.ask(|op| LabAction::AddPartitions { op, topic: Arc::clone(&topic), total })?;
        // Producers know it at once: the recorder waits until every producer's metadata shows it.
        self.wait_until(step, 20_000, |play| play.world.producers_know(&topic, total))?;
        Ok(answer)
    }

    pub(super) fn alter_topic(&mut self, step: &Step) -> Outcome {
        let (topic, settings) = (step.name("topic")?, Of::Topic.seen(step.case, &step.place("config"), step.config()?)?);
        self.ask(|op| LabAction::AlterTopic { op, topic, settings })
    }

    /// What a tool says of a partition that there is not: it asks again and again for one of a topic that there is.
    fn missing(&mut self, topic: &str, partition: u32) -> Option<Value> {
        let known = self.world.cluster().topics().by_name(topic).map(|t| t.partitions);
        match known {
            None => Some(json!({"error": "UnknownTopicOrPartitionException"})),
            Some(count) if partition < count => None,
            Some(_) => {
                self.pass_ms(TOOL_MS);
                Some(json!({"error": "TimeoutException"}))
            }
        }
    }

    pub(super) fn delete_records(&mut self, step: &Step) -> Outcome {
        let (topic, partition) = step.partition("partition")?;
        let before = match step.integer("before")? {
            None => return Err(step.error("before", "missing".to_owned())),
            // The high watermark, in Kafka's protocol and in the model's.
            Some(-1) => u64::MAX,
            // Below everything that there can be is as wrong as above it.
            Some(before) => u64::try_from(before).unwrap_or(u64::MAX - 1),
        };
        if let Some(answer) = self.missing(&topic, partition) {
            return Ok(answer);
        }
        self.ask(|op| LabAction::DeleteRecords { op, topic, partition, before })
    }

    pub(super) fn list_offset(&mut self, step: &Step) -> Outcome {
        let (topic, partition) = step.partition("partition")?;
        let of = match step.get("timestamp") {
            Some(Value::String(name)) => match name.as_str() {
                "earliest" => LabOffset::Earliest,
                "latest" => LabOffset::Latest,
                "max_timestamp" => LabOffset::MaxTimestamp,
                other => return Err(step.error("timestamp", format!("unknown: {other:?}; known: ms, earliest, latest, max_timestamp"))),
            },
            // Kafka's protocol knows the names as these numbers; nothing is stored in tiers.
            _ => match step.integer("timestamp")?.unwrap_or(0) {
                -1 => LabOffset::Latest,
                -2 | -4 => LabOffset::Earliest,
                -3 => LabOffset::MaxTimestamp,
                ms if ms < 0 => LabOffset::Timestamp(i64::MAX),
                ms => LabOffset::Timestamp(ms),
            },
        };
        if let Some(answer) = self.missing(&topic, partition) {
            return Ok(answer);
        }
        self.ask(|op| LabAction::ListOffset { op, topic, partition, of })
    }

    /// The partitions of a topic.
    fn partitions_of(&self, step: &Step) -> Result<Vec<TopicPartition>, CaseError> {
        let name = step.text("topic")?;
        let topic = self.world.cluster().topics().by_name(name).ok_or_else(|| step.error("topic", format!("no topic {name:?}")))?;
        Ok((0..topic.partitions).map(|partition| TopicPartition { topic: topic.id, partition }).collect())
    }

    pub(super) fn log(&mut self, step: &Step) -> Outcome {
        let mut all = Map::new();
        self.look_at("", Probe::Ends(step.name("topic")?));
        for partition in self.partitions_of(step)? {
            if let Some(leader) = self.world.cluster().leader(partition) {
                let (start, end) = (leader.log.start(), leader.log.end());
                let fact = json!({"start": start, "lso": leader.last_stable_offset(), "hw": leader.high_watermark, "leo": end});
                all.insert(self.partition_name(partition), fact);
            }
        }
        Ok(Value::Object(all))
    }

    pub(super) fn segments(&mut self, step: &Step) -> Outcome {
        let (topic, number) = step.partition("partition")?;
        self.look_at("", Probe::Segments(Arc::clone(&topic), number));
        let found = self.world.cluster().partition_named(&topic, number).and_then(|p| self.world.cluster().leader(p));
        let leader = found.ok_or_else(|| step.error("partition", "no such partition, or no leader".to_owned()))?;
        Ok(leader.log.segments().map(|s| json!({"base": s.base_offset, "bytes": s.bytes})).collect())
    }

    pub(super) fn compact(&mut self, step: &Step) -> Outcome {
        let ((topic, number), up_to) = (step.partition("partition")?, step.number("up_to")?);
        self.wait_until(step, 20_000, |play| {
            let cluster = play.world.cluster();
            cluster.partition_named(&topic, number).and_then(|p| cluster.leader(p)).is_some_and(|r| r.log.first_dirty() >= up_to)
        })?;
        Ok(ok())
    }

    pub(super) fn read(&mut self, step: &Step) -> Outcome {
        let topic = step.name("topic")?;
        // A reader has no group; the rest of its settings is said as of any consumer.
        let mut settings = self.consumer_settings(step)?;
        settings.retain(|(name, _)| &**name != "group.id");
        let count = self.partitions_of(step)?.len() as u32;
        let partitions = (0..count).map(|p| (Arc::clone(&topic), p)).collect();
        let member: Arc<str> = Arc::from(READER);
        let opened = self.ask(|op| LabAction::Assign { op, member: Arc::clone(&member), partitions, settings })?;
        if opened.get("error").is_some() {
            return Ok(opened);
        }
        for partition in 0..count {
            let topic = Arc::clone(&topic);
            let order = match step.get("from") {
                Some(_) => LabOrder::Seek { topic, partition, to: step.number("from")? },
                None => LabOrder::SeekToBeginning { topic, partition },
            };
            self.ask(|op| LabAction::Order { op, member: Arc::clone(&member), order })?;
        }
        let records = self.ask(|op| LabAction::Order { op, member: Arc::clone(&member), order: LabOrder::Drain })?;
        let position = self.ask(|op| LabAction::Order { op, member: Arc::clone(&member), order: LabOrder::Positions })?;
        self.ask(|op| LabAction::Order { op, member, order: LabOrder::Close })?;
        Ok(json!({"records": records, "position": position}))
    }

    pub(super) fn broker(&mut self, step: &Step) -> Outcome {
        let id = step.number("broker")? as u32;
        let node = Node::Broker(id);
        let (action, up) = match step.verb()? {
            "kill_broker" => (Action::Kill(node), false),
            "stop_broker" => (Action::Stop(node), false),
            _ => (Action::Start(node), true),
        };
        self.intervene(&Intervention::Act(action))?;
        self.wait_until(step, 40_000, |play| play.world.cluster().is_up(BrokerId(id)) == up)?;
        Ok(ok())
    }

    pub(super) fn partition_state(&mut self, step: &Step) -> Outcome {
        self.look_at("", Probe::Replicas(step.name("topic")?));
        self.replicas(step)
    }

    fn replicas(&self, step: &Step) -> Outcome {
        let mut all = Map::new();
        for partition in self.partitions_of(step)? {
            if let Some(state) = self.world.cluster().partition(partition) {
                let mut isr: Vec<u32> = state.isr.iter().map(|b| b.0).collect();
                isr.sort_unstable();
                all.insert(self.partition_name(partition), json!({"leader": state.leader.map(|b| b.0), "isr": isr}));
            }
        }
        Ok(Value::Object(all))
    }

    pub(super) fn await_partition(&mut self, step: &Step) -> Outcome {
        let (field, wanted) = match step.verb()? {
            "await_isr" => ("isr", step.get("isr").cloned().unwrap_or(Value::Null)),
            _ => ("leader", step.get("leader").cloned().unwrap_or(Value::Null)),
        };
        self.partitions_of(step)?;
        self.wait_until(step, 40_000, |play| {
            let state = play.replicas(step).unwrap_or(Value::Null);
            state.as_object().is_some_and(|all| all.values().all(|p| p[field] == wanted))
        })?;
        Ok(ok())
    }
}

/// The bytes of a key or value: a text with `{i}`, or `int`, `long`, or so many `bytes`.
fn payload(value: Option<&Value>, i: u64) -> Option<Vec<u8>> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text.replace("{i}", &i.to_string()).into_bytes()),
        Value::Object(map) => {
            let number = |key: &str| map.get(key).and_then(Value::as_i64);
            let int = number("int").map(|n| (n as i32).to_be_bytes().to_vec());
            let long = number("long").map(|n| n.to_be_bytes().to_vec());
            int.or(long).or(number("bytes").map(|n| vec![b'x'; n as usize]))
        }
        other => Some(other.to_string().into_bytes()),
    }
}
