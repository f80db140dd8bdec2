//! Plays a script in the words of the recorded cases and says in short what came of it. Does not know any rule.

use cqrs_lab::conformance::{Case, check, play};
use serde_json::{Map, Value, json};

/// What a script of a listener container came to.
pub(crate) struct Seen(Value);

/// A script for listener containers. `given` is laid over one topic `t`, the group `g`, `earliest`, 10 records a poll, polls
/// of half a second; `script` is as in a case.
#[track_caller]
pub(crate) fn spring(given: Value, script: Value) -> Seen {
    spring_reading(given, script, &[], &[])
}

/// The same, reading these topics at the end, and these as a read_committed reader does.
#[track_caller]
pub(crate) fn spring_reading(given: Value, script: Value, topics: &[&str], read_committed: &[&str]) -> Seen {
    let names = |list: &[&str]| -> Map<String, Value> { list.iter().map(|name| ((*name).to_owned(), json!([]))).collect() };
    let mut all = json!({
        "topics": {"t": {"partitions": 1}},
        "group": "g",
        "consumer": {"auto.offset.reset": "earliest", "max.poll.records": 10},
        "container": {"listener": "record", "pollTimeout": 500},
    });
    lay_over(&mut all, &given);
    let observed = json!({"trace": [], "committed": {}, "snapshots": {}, "topics_exist": {},
        "topics": names(topics), "read_committed": names(read_committed)});
    let case = json!({"id": "spring-by-hand", "rules": [], "given": all, "script": script, "observed": observed});
    let case = Case::parse("by hand", &case.to_string()).unwrap_or_else(|e| panic!("{e}"));
    Seen(play(&case).unwrap_or_else(|e| panic!("{e}")).got)
}

/// A script on brokers without containers; every label must be as `observed` says.
#[track_caller]
pub(crate) fn kafka(given: Value, script: Value, observed: Value) {
    let case = kafka_case(&given, script, observed);
    let difference = check(&case).unwrap_or_else(|e| panic!("{e}"));
    assert!(difference.is_none(), "{difference:?}");
}

/// The same, for a look at what came of it.
#[track_caller]
pub(crate) fn kafka_played(given: Value, script: Value) -> Value {
    play(&kafka_case(&given, script, json!({}))).unwrap_or_else(|e| panic!("{e}")).got
}

fn kafka_case(given: &Value, script: Value, observed: Value) -> Case {
    let mut all = json!({
        "brokers": 1,
        "broker_config": {
            "group.initial.rebalance.delay.ms": 1000, "group.min.session.timeout.ms": 500, "auto.create.topics.enable": false,
            "log.initial.task.delay.ms": 500, "log.retention.check.interval.ms": 500, "log.cleaner.backoff.ms": 300,
            "replica.lag.time.max.ms": 2000, "broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 300,
            "auto.leader.rebalance.enable": false,
        },
        "topics": {"t": {"partitions": 1}},
        "producer_defaults": {"linger.ms": 0, "metadata.max.age.ms": 1000},
        "consumer_defaults": {
            "enable.auto.commit": false, "auto.offset.reset": "earliest", "heartbeat.interval.ms": 300, "session.timeout.ms": 6000,
            "metadata.max.age.ms": 1000,
        },
    });
    lay_over(&mut all, given);
    let case = json!({"id": "kafka-by-hand", "rules": [], "given": all, "script": script, "observed": observed});
    Case::parse("by hand", &case.to_string()).unwrap_or_else(|e| panic!("{e}"))
}

fn lay_over(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                match under.get_mut(key).filter(|v| v.is_object() && key != "topics") {
                    Some(part) => lay_over(part, value),
                    None => drop(under.insert(key.clone(), value.clone())),
                }
            }
        }
        (under, over) => *under = over.clone(),
    }
}

/// `"a b c"` as records of partition 0 of `t`; `"1:a"` lies in partition 1, `"o/1:a"` in that of topic `o`.
pub(crate) fn records(text: &str) -> Value {
    let record = |word: &str| {
        let (place, value) = word.split_once(':').unwrap_or(("0", word));
        let (topic, partition) = place.split_once('/').unwrap_or(("t", place));
        json!({"topic": topic, "partition": partition.parse::<u32>().expect("a partition"), "key": null, "value": value})
    };
    text.split_whitespace().map(record).collect()
}

/// What the listener does at the `delivery`-th time that it is given `value`.
pub(crate) fn at(value: &str, delivery: u32, then: Value) -> Value {
    json!({"on": {"value": value, "delivery": delivery}, "then": then})
}

/// What it does whenever it is given `value`.
pub(crate) fn always(value: &str, then: Value) -> Value {
    json!({"on": {"value": value}, "then": then})
}

/// Rules and steps, then a start and the time until nothing happens any more.
pub(crate) fn run(rules: Vec<Value>) -> Value {
    let mut script = rules;
    script.extend([json!({"do": "start"}), json!({"do": "settle"})]);
    Value::Array(script)
}

/// Offsets as `2`, or as `0:2 1:1` where there are several partitions or it is not the first.
fn offsets(map: &Value) -> String {
    let all: Vec<(&String, &Value)> = map.as_object().into_iter().flatten().collect();
    match all.as_slice() {
        [(partition, offset)] if *partition == "t-0" || *partition == "orders-0" => offset.to_string(),
        _ => {
            let short = |(partition, offset): &(&String, &Value)| format!("{}:{offset}", partition.rsplit('-').next().unwrap_or_default());
            all.iter().map(short).collect::<Vec<_>>().join(" ")
        }
    }
}

impl Seen {
    /// The story in one line: deliveries by value, batches in parentheses, commits in brackets, in the order in which they
    /// happened, with each of the `also` events by its name.
    pub(crate) fn story(&self, also: &[&str]) -> String {
        let mut words = Vec::new();
        for event in self.trace() {
            let text = |name: &str| event[name].as_str().map_or_else(|| event[name].to_string(), str::to_owned);
            if !event["deliver"].is_null() {
                words.push(text("value"));
            } else if let Some(values) = event["values"].as_array() {
                let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                words.push(format!("({})", values.join(" ")));
            } else if let Some(commit) = event.get("commit").or_else(|| event.get("commit_async")) {
                words.push(format!("[{}]", offsets(commit)));
            } else if let Some(name) = also.iter().find(|name| event.get(**name).is_some()) {
                words.push(match &event[*name] {
                    Value::Object(_) => format!("{name}({})", offsets(&event[*name])),
                    Value::Array(list) => format!("{name}({})", list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
                    other => format!("{name}({})", other.as_str().unwrap_or_default()),
                });
            }
        }
        words.join(" ")
    }

    /// Every event, in order.
    pub(crate) fn trace(&self) -> &[Value] {
        self.0["trace"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The values given to the listener, in order.
    pub(crate) fn delivered(&self) -> String {
        let values = self.trace().iter().filter(|e| !e["deliver"].is_null()).filter_map(|e| e["value"].as_str());
        values.collect::<Vec<_>>().join(" ")
    }

    /// The field of every event that has it.
    pub(crate) fn all(&self, field: &str) -> Vec<&Value> {
        self.trace().iter().filter_map(|event| event.get(field)).collect()
    }

    /// How long records were kept back, rounded down to multiples of what causes it, as the cases say it.
    pub(crate) fn waits(&self, multiple_ms: u64) -> Vec<u64> {
        self.all("at_least_ms").iter().filter_map(|ms| ms.as_u64()).map(|ms| ms / multiple_ms * multiple_ms).collect()
    }

    /// The group's committed offsets at the end.
    pub(crate) fn committed(&self) -> String {
        offsets(&self.0["committed"])
    }

    /// The same at a snapshot.
    pub(crate) fn committed_at(&self, label: &str) -> String {
        offsets(&self.0["snapshots"][label]["committed"])
    }

    /// A field of `observed`.
    pub(crate) fn field(&self, name: &str) -> &Value {
        &self.0[name]
    }
}
