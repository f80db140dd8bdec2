//! The family kafka-*: a cluster, producers and plain applications, one step of the script after the other. Does not know
//! Spring.

mod bench;
mod brokers;
mod form;
mod members;
mod records;
mod settle;
mod topics;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::bench::Bench;
use self::form::Form;
use super::{Case, CaseError, Played};
use crate::broker::{BrokerId, ClientId, ClusterConfig, ConfigError, KafkaException, TopicPartition};
use crate::listener::ConsumerRecord;

/// The time between two steps, in microseconds: an outside hand is not infinitely quick.
const BETWEEN_STEPS_US: u64 = 2_000;

/// What a step gives: a value, or what was thrown.
type Outcome = Result<Value, Fail>;

/// Why a step gives no value.
enum Fail {
    /// The system threw.
    Threw(KafkaException),
    /// The case is not well-formed, or waits in vain.
    Case(CaseError),
}

impl From<CaseError> for Fail {
    fn from(error: CaseError) -> Self {
        Fail::Case(error)
    }
}

impl From<KafkaException> for Fail {
    fn from(exception: KafkaException) -> Self {
        Fail::Threw(exception)
    }
}

/// A script being played.
struct Script<'a> {
    case: &'a Case,
    bench: Bench,
    /// Members in the order of their making; a newer one of the same name comes later.
    members: Vec<Named>,
    /// The member that was last made with an instance id.
    instances: BTreeMap<String, String>,
    settled: BTreeMap<String, settle::Last>,
}

/// A member and what it is called.
struct Named {
    name: String,
    group: Option<String>,
    manual: bool,
    client: ClientId,
}

/// Plays a case of this family.
pub(super) fn play(case: &Case) -> Result<Played, CaseError> {
    let mut script = Script::new(case)?;
    let mut got = Map::new();
    for (index, step) in case.script.iter().enumerate() {
        let place = format!("script[{index}]");
        let form = Form { case, place: &place, map: step };
        script.bench.advance(BETWEEN_STEPS_US);
        let value = match script.perform(form) {
            Ok(value) => value,
            Err(Fail::Case(error)) => return Err(error),
            Err(Fail::Threw(thrown)) if step.contains_key("as") => error_value(&thrown),
            Err(Fail::Threw(thrown)) => return Err(form.error("", format!("the step failed: {}", thrown.class))),
        };
        if let Some(label) = step.get("as").and_then(Value::as_str) {
            got.insert(label.to_owned(), value);
        }
    }
    Ok(Played { expected: Value::Object(case.observed.clone()), got: Value::Object(got) })
}

fn error_value(thrown: &KafkaException) -> Value {
    let mut map = Map::new();
    map.insert("error".to_owned(), json!(thrown.class));
    if let Some(cause) = thrown.cause {
        map.insert("cause".to_owned(), json!(cause));
    }
    if let Some(offset) = thrown.offset {
        map.insert("offset".to_owned(), json!(offset));
    }
    Value::Object(map)
}

fn ok() -> Outcome {
    Ok(json!("ok"))
}

impl<'a> Script<'a> {
    fn new(case: &'a Case) -> Result<Self, CaseError> {
        let given = Form { case, place: "given", map: &case.given };
        given.only(&["brokers", "broker_config", "topics", "producers", "producer_defaults", "consumer_defaults"])?;
        let mut config = ClusterConfig { brokers: given.number_or("brokers", 1)? as u32, first_broker_id: 0, ..ClusterConfig::default() };
        for (name, value) in given.settings("broker_config")? {
            config.set(&name, &value).map_err(|e| given.error("broker_config", e.to_string()))?;
        }
        let mut script =
            Script { case, bench: Bench::new(&config), members: Vec::new(), instances: BTreeMap::new(), settled: BTreeMap::new() };
        script.create_topics(given)?;
        // Brokers register, controllers elect.
        script.bench.advance(1_000_000);
        Ok(script)
    }

    fn create_topics(&mut self, given: Form<'a>) -> Result<(), CaseError> {
        let Some(topics) = given.get("topics").and_then(Value::as_object) else { return Ok(()) };
        for (name, spec) in topics {
            let place = format!("given.topics.{name}");
            let spec = spec.as_object().ok_or_else(|| given.error("topics", "a topic is an object"))?;
            let form = Form { case: self.case, place: &place, map: spec };
            form.only(&["partitions", "config", "replicas"])?;
            let replicas: Vec<Vec<BrokerId>> = match form.get("replicas") {
                None => Vec::new(),
                Some(lists) => serde_json::from_value(lists.clone()).map_err(|e| form.error("replicas", e.to_string()))?,
            };
            let partitions = form.number_or("partitions", 1)? as u32;
            let settings = form.settings("config")?;
            let name: Arc<str> = Arc::from(name.as_str());
            self.bench
                .cluster(|cluster, now, out| cluster.create_topic(now, name, partitions, 1, replicas, &settings, out))
                .map_err(|e| form.error("", format!("the topic was refused: {}", e.exception_class())))?;
        }
        Ok(())
    }

    fn perform(&mut self, form: Form<'_>) -> Outcome {
        let verb = form.text("do")?;
        match verb {
            "advance" => {
                form.only(&["do", "as", "ms"])?;
                self.bench.advance(form.count("ms")? * 1_000);
                ok()
            }
            "join" | "open" | "assign" | "poll" | "drain" | "wakeup" | "seek" | "position" | "commit" | "leave" | "crash" | "stall"
            | "resume" | "take" | "await_records" | "events" => self.member_step(verb, form),
            "settle" | "group" | "offsets" | "reset_offset" | "delete_offset" => self.group_step(verb, form),
            "send" | "append" | "read" | "list_offset" => self.record_step(verb, form),
            "add_partitions" | "alter_topic" | "delete_records" | "log" | "segments" | "compact" => self.topic_step(verb, form),
            "kill_broker" | "stop_broker" | "start_broker" | "partition_state" | "await_isr" | "await_leader" => {
                self.broker_step(verb, form)
            }
            other => Err(form.error("do", format!("unknown verb {other:?}")).into()),
        }
    }

    /// The partition called `topic-number`.
    fn partition(&self, form: Form<'_>, field: &str, name: &str) -> Result<TopicPartition, CaseError> {
        let (topic, number) = name.rsplit_once('-').ok_or_else(|| form.error(field, "a partition is called topic-number"))?;
        let number = number.parse().map_err(|_| form.error(field, "a partition is called topic-number"))?;
        let topic = self.bench.cluster.topic_id(topic).ok_or_else(|| form.error(field, format!("there is no topic {topic:?}")))?;
        Ok(TopicPartition { topic, partition: number })
    }

    fn name(&self, partition: TopicPartition) -> String {
        format!("{}-{}", self.bench.cluster.topic_name(partition.topic), partition.partition)
    }

    /// Names of partitions, by topic and number.
    fn names(&self, partitions: impl IntoIterator<Item = TopicPartition>) -> Value {
        let cluster = &self.bench.cluster;
        let mut sorted: Vec<TopicPartition> = partitions.into_iter().collect();
        sorted.sort_by_key(|p| (cluster.topic_name(p.topic), p.partition));
        sorted.into_iter().map(|p| Value::from(self.name(p))).collect()
    }

    /// Records by partition, as cases show them.
    fn records(&self, records: &[ConsumerRecord]) -> Value {
        let mut by_partition: Map<String, Value> = Map::new();
        for record in records {
            let text = |bytes: &Option<crate::broker::Bytes>| match bytes {
                None => Value::Null,
                Some(bytes) => {
                    let text = String::from_utf8_lossy(bytes);
                    let length = text.encode_utf16().count();
                    if length > 40 { json!(format!("{length} chars")) } else { json!(text) }
                }
            };
            let key = record.record.key.as_ref().map(|k| String::from_utf8_lossy(k).into_owned());
            let shown = json!([record.record.offset, key, text(&record.record.value)]);
            let list = by_partition.entry(self.name(record.partition)).or_insert_with(|| json!([]));
            list.as_array_mut().expect("just made a list").push(shown);
        }
        Value::Object(by_partition)
    }
}

fn config_error(form: Form<'_>, field: &str, error: &ConfigError) -> CaseError {
    form.error(field, error.to_string())
}
