//! What a case does not compare, taken out of both sides in the same way.

use serde_json::{Map, Value, json};

use super::recorder::SCRIPT;
use crate::conformance::Case;
use crate::conformance::bind::{add_marks, marks};

/// Takes out of `observed` what the case does not compare.
pub(super) fn take_out(case: &Case, observed: &mut Value) {
    let says = |words: &[&str]| case.not_compared.iter().any(|entry| words.iter().all(|word| entry.contains(word)));
    let Some(parts) = observed.as_object_mut() else { return };
    if says(&["WakeupException"]) {
        each_lane(parts, |_, events| *events = last_commits(events));
    }
    if says(&["one child"]) {
        each_lane(parts, |_, events| *events = polls_in_any_order(events));
    }
    if says(&["how many rebalances"]) {
        each_lane(parts, |_, events| *events = net_rebalances(events));
    }
    if says(&["retry topic", "one poll"]) {
        let main = case.given.get("topics").and_then(Value::as_object).and_then(|topics| topics.keys().next().cloned());
        each_lane(parts, |lane, events| {
            if lane != SCRIPT && Some(lane) != main.as_deref() {
                events.retain(|event| ["poll", "seek", "pause", "resume", "commit"].iter().all(|name| event.get(name).is_none()));
            }
        });
    }
}

fn each_lane(parts: &mut Map<String, Value>, mut change: impl FnMut(&str, &mut Vec<Value>)) {
    if let Some(Value::Array(events)) = parts.get_mut("trace") {
        change("", events);
    }
    for (lane, events) in parts.get_mut("traces").and_then(Value::as_object_mut).into_iter().flatten() {
        if let Value::Array(events) = events {
            change(lane, events);
        }
    }
}

fn is(event: &Value, name: &str) -> bool {
    event.get(name).is_some()
}

/// The events cut before each poll.
fn blocks(events: &[Value]) -> Vec<Vec<Value>> {
    let mut blocks: Vec<Vec<Value>> = vec![Vec::new()];
    for event in events {
        if is(event, "poll") {
            blocks.push(Vec::new());
        }
        blocks.last_mut().expect("there is always one").push(event.clone());
    }
    blocks
}

/// Commits that a wake-up hit are not compared, nor those of a poll before its last one.
fn last_commits(events: &[Value]) -> Vec<Value> {
    let keep = |block: Vec<Value>| {
        let last = block.iter().rposition(|event| is(event, "commit"));
        let kept = block.into_iter().enumerate().filter(move |(index, event)| match () {
            () if is(event, "commit") => Some(*index) == last,
            () => !event["exception"].as_str().is_some_and(|class| class.ends_with("WakeupException")),
        });
        kept.map(|(_, event)| event).collect::<Vec<_>>()
    };
    blocks(events).into_iter().flat_map(keep).collect()
}

/// Which of several waiting partitions is polled first is not compared: polls, each with what follows it, in a fixed order.
fn polls_in_any_order(events: &[Value]) -> Vec<Value> {
    let mut blocks = blocks(events);
    blocks[1..].sort_by_key(|block| block[0].to_string());
    blocks.concat()
}

/// Rebalance callbacks without anything between them count by what they come to.
fn net_rebalances(events: &[Value]) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for event in events {
        let gained = event.get("assigned").and_then(Value::as_array);
        let given_up = event.get("revoked").or_else(|| event.get("lost")).and_then(Value::as_array);
        if gained.is_none() && given_up.is_none() {
            out.push(event.clone());
            continue;
        }
        if !out.last().is_some_and(|last| is(last, "rebalanced")) {
            out.push(json!({"rebalanced": {}}));
        }
        if let Some(last) = out.last_mut() {
            add_marks(last, &marks(event));
        }
        let net = out.last_mut().and_then(|last| last["rebalanced"].as_object_mut()).expect("pushed above");
        for (partitions, change) in [(given_up, -1), (gained, 1)] {
            for partition in partitions.into_iter().flatten().filter_map(Value::as_str) {
                let count = net.get(partition).and_then(Value::as_i64).unwrap_or(0) + change;
                net.insert(partition.to_owned(), json!(count));
            }
        }
        net.retain(|_, count| count.as_i64() != Some(0));
    }
    out.retain(|event| event.get("rebalanced").and_then(Value::as_object).is_none_or(|net| !net.is_empty()));
    out
}
