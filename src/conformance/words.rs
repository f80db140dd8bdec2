//! Recorded facts and steps of a script as short lines for a person, in the words that Kafka and Spring have for them.

use serde_json::{Map, Value};

/// The key that says what an event or a step is: it stands first.
const FIRST: [&str; 40] = [
    "do",
    "on",
    "poll",
    "deliver",
    "deliver_batch",
    "commit",
    "commit_async",
    "commit_failed",
    "assigned",
    "revoked",
    "lost",
    "seek",
    "pause",
    "resume",
    "failed",
    "failed_batch",
    "recovered",
    "recovered_batch",
    "recovery_failed",
    "recovery_failed_batch",
    "recoverer_called",
    "api_error",
    "start_failed",
    "consumer_stopped",
    "killed",
    "poll_failed",
    "handle_other_exception",
    "tx",
    "offsets_to_transaction",
    "dlt_handler",
    "listener",
    "insert",
    "count",
    "publish_returned",
    "publish_threw",
    "listener_done",
    "async_uncaught",
    "caller",
    "context_failed",
    "at",
];

/// A fact: where it stands, if that says something, and what was recorded.
pub(super) fn fact(place: &str, value: &Value) -> String {
    let (base, index) = place.split_once('[').map_or((place, ""), |(base, index)| (base, index));
    let base = base.replace('_', " ");
    let mut parts = base.split('.');
    let said = match parts.next().unwrap_or_default() {
        "trace" => String::new(),
        "traces" => parts.next().unwrap_or_default().to_owned(),
        "topics" => format!("topic {}", parts.collect::<Vec<_>>().join(".")),
        "groups" => format!("committed by {}", parts.collect::<Vec<_>>().join(".")),
        "rows" => format!("rows of {}", parts.collect::<Vec<_>>().join(".")),
        "snapshots" => parts.collect::<Vec<_>>().join(": "),
        "deliveries" => String::new(),
        _ => base.replace('.', ": "),
    };
    let row = index.strip_suffix(']').filter(|_| !said.is_empty() && value.is_array()).map(|n| format!(" {n}")).unwrap_or_default();
    match said.as_str() {
        "" => text(value),
        said => format!("{said}{row}: {}", text(value)),
    }
}

/// A step of a script.
pub(super) fn step(step: &Map<String, Value>) -> String {
    match (step.get("on").and_then(Value::as_object), step.get("then")) {
        (Some(on), Some(then)) if on.is_empty() => format!("listener: {}", text(then)),
        (Some(on), Some(then)) => format!("listener, on {}: {}", object(on, true), text(then)),
        _ => object(step, true),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) if list.iter().any(Value::is_object) => list.iter().map(text).collect::<Vec<_>>().join("; "),
        Value::Array(list) if list.iter().any(Value::is_array) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Object(map) if map.is_empty() => "none".to_owned(),
        Value::Object(map) => object(map, true),
        other => other.to_string(),
    }
}

/// Names and values; that which says what it is first, and of a `do` only what is done.
fn object(map: &Map<String, Value>, whole: bool) -> String {
    let place = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    let mut entries: Vec<(&String, &Value)> = map.iter().filter(|(key, _)| *key != "as" && *key != "because").collect();
    entries.sort_by_key(|(key, _)| place(key));
    let one = |(key, value): (&String, &Value)| match (key.as_str(), value) {
        ("do", value) => text(value).replace('_', " "),
        (key, Value::Object(inner)) if whole => format!("{} {}", key.replace('_', " "), pairs(inner)),
        (key, value) => format!("{} {}", key.replace('_', " "), text(value)),
    };
    entries.into_iter().map(one).collect::<Vec<_>>().join(" · ")
}

/// An inner map in one breath.
fn pairs(map: &Map<String, Value>) -> String {
    if map.is_empty() {
        return "none".to_owned();
    }
    map.iter().map(|(key, value)| format!("{key} {}", text(value))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_fact_begins_with_what_happened() {
        assert_eq!(fact("trace[3]", &json!({"delivery": 2, "deliver": "t-0@2", "value": "v2"})), "deliver t-0@2 · delivery 2 · value v2");
        assert_eq!(fact("traces.c1[0]", &json!({"poll": ["t-0@0", "t-0@1"]})), "c1: poll t-0@0 t-0@1");
        assert_eq!(fact("committed", &json!({"t-0": 6})), "committed: t-0 6");
        assert_eq!(fact("before.assignment", &json!({"m1": ["t-0"], "m2": []})), "before: assignment: m1 t-0 · m2 none");
    }

    #[test]
    fn a_step_says_what_is_done_or_what_the_listener_is_to_do() {
        let of = |value: Value| step(value.as_object().expect("a step"));
        assert_eq!(of(json!({"do": "send", "topic": "t", "value": "v1", "as": "x"})), "send · topic t · value v1");
        assert_eq!(
            of(json!({"on": {"value": "v2", "delivery": 1}, "then": {"nack_ms": 200}})),
            "listener, on delivery 1 · value v2: nack ms 200"
        );
    }
}
