//! The runner of the spring-* cases: a world with one broker and containers on the workbench, a script carried out strictly
//! one step after the other, and what was seen in the words of `observed`.

mod bank;
mod form;
mod given;
mod not_compared;
mod observe;
mod program;
mod recorder;
mod script;
mod stage;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::bind::{marked, unmark};
use super::{Bind, Case, CaseError, Played};
use crate::pipeline::Probe;
use form::Form;
use given::Given;
use recorder::{Event, SCRIPT};
use script::Ran;
use stage::Stage;

/// How a case may show its events.
const TRACES: [&str; 5] = ["all", "per_member", "per_member_after_first_send", "deliveries", "assignment_only"];

/// Plays a case.
///
/// # Errors
/// A verb, setting or form that is not known, named.
pub(super) fn play(case: &Case) -> Result<Played, CaseError> {
    let given = Given::of(case)?;
    // What a container could not be made of is said before anything is played.
    given.containers(case, "c1", &Form::of(case, "given", &Map::new()))?;
    if let Some(kind) = case.given.get("trace").filter(|kind| !kind.as_str().is_some_and(|kind| TRACES.contains(&kind))) {
        return Err(CaseError::new(case, "given.trace", format!("unknown: {kind}; known are {}", TRACES.join(", "))));
    }
    let dead_letters = given.retry.as_ref().and_then(|chain| chain.dlt.clone());
    let programs = [program::program(case, None)?, program::program(case, Some(dead_letters.as_deref().unwrap_or("no dead letters")))?];
    let stage = Stage::new(case, &given, programs)?;
    let Ran { mut stage, snapshots, steps } = script::run(case, &given, stage)?;
    let mut expected = observe::without_reasons(&Value::Object(case.observed.clone()));
    let mut got = observed(case, &given, &mut stage, snapshots);
    observe::blur(&expected, &mut got);
    not_compared::take_out(case, &mut expected);
    not_compared::take_out(case, &mut got);
    let mut binds = std::mem::take(&mut stage.binds);
    if let Some(trace) = got.get_mut("trace") {
        unmark("trace", trace, &mut binds);
    }
    for (lane, trace) in got.get_mut("traces").and_then(Value::as_object_mut).into_iter().flatten() {
        unmark(&format!("traces.{lane}"), trace, &mut binds);
    }
    Ok(Played { expected, got, recorded: stage.world.into_recording(), steps, binds })
}

fn observed(case: &Case, given: &Given, stage: &mut Stage, snapshots: Map<String, Value>) -> Value {
    let mut got = Map::new();
    let names = |field: &str| -> Vec<String> {
        case.observed.get(field).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let committed_of = |group: &str| Probe::Committed(Arc::from(group));
    for field in case.observed.keys() {
        let value = match field.as_str() {
            "balances" => {
                stage.bind("balances".to_owned(), Probe::Balances);
                bank::balances(stage)
            }
            "processed" => {
                stage.bind("processed".to_owned(), Probe::Processed(Arc::from(bank::PROJECTION.name())));
                bank::processed(stage)
            }
            "committed" => {
                stage.bind("committed".to_owned(), committed_of(&given.group));
                observe::committed(stage, &given.group)
            }
            "snapshots" => Value::Object(snapshots.clone()),
            "trace" => trace(case, &stage.recorder.events, None),
            "traces" => traces(case, stage),
            "topics" => Value::Object(names("topics").into_iter().map(|name| (name.clone(), topic(stage, &name))).collect()),
            "topics_exist" => {
                stage.bind("topics_exist".to_owned(), Probe::Topics);
                observe::topics_exist(stage)
            }
            "read_committed" => {
                let each = names("read_committed").into_iter().map(|name| {
                    stage.bind(format!("read_committed.{name}"), Probe::ReadCommitted(Arc::from(name.as_str())));
                    (name.clone(), observe::read_committed(stage, &name))
                });
                Value::Object(each.collect())
            }
            "groups" => groups(stage),
            "order_of_deliveries" => told(field, stage.recorder.order.clone(), stage),
            "handled" => told(field, stage.recorder.handled.clone(), stage),
            "deliveries" => {
                let deliveries = stage.recorder.events.iter().filter(|event| event.what.get("deliver").is_some());
                let with_facts = deliveries.map(|event| (event.what.clone(), event.facts.first().copied().unwrap_or(0)));
                let all = with_facts.collect();
                told(field, all, stage)
            }
            _ => json!(format!("the runner does not know {field:?}")),
        };
        got.insert(field.clone(), value);
    }
    Value::Object(got)
}

/// A list of what was told, each behind its fact; if nothing was, behind the number of deliveries.
fn told(field: &str, all: Vec<(Value, u64)>, stage: &mut Stage) -> Value {
    if all.is_empty() {
        stage.bind(field.to_owned(), Probe::Deliveries);
    }
    let one = |(index, (value, fact)): (usize, (Value, u64))| {
        stage.binds.push(Bind::of_facts(format!("{field}[{index}]"), vec![fact]));
        value
    };
    all.into_iter().enumerate().map(one).collect()
}

/// The records of a topic, each behind a look at it; an empty topic behind a look at its ends.
fn topic(stage: &mut Stage, name: &str) -> Value {
    let records = observe::records(stage, name);
    let list = records.as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, record) in list.iter().enumerate() {
        let at = record["at"].as_str().and_then(|at| at.rsplit_once('@'));
        let place = at.and_then(|(p, offset)| Some((p.rsplit_once('-')?.1.parse().ok()?, offset.parse().ok()?)));
        if let Some((partition, offset)) = place {
            stage.bind(format!("topics.{name}[{index}]"), Probe::Record(Arc::from(name), partition, offset));
        }
    }
    if list.is_empty() {
        stage.bind(format!("topics.{name}"), Probe::Ends(Arc::from(name)));
    }
    records
}

/// The committed offsets of every container's group.
fn groups(stage: &mut Stage) -> Value {
    let names: Vec<String> = stage.world.consumers().iter().map(|place| place.container.properties().group.to_string()).collect();
    let each = names.into_iter().map(|group| {
        stage.bind(format!("groups.{group}"), Probe::Committed(Arc::from(group.as_str())));
        (group.clone(), observe::committed(stage, &group))
    });
    Value::Object(each.collect())
}

/// The events of one lane, or of all, in order.
fn trace(case: &Case, events: &[Event], lane: Option<&str>) -> Value {
    // Rebalance callbacks stand only in the traces of the cases about rebalances.
    let callbacks = ["assigned", "revoked", "lost"];
    let expected = [case.observed.get("trace"), case.observed.get("traces")];
    let text: String = expected.into_iter().flatten().map(Value::to_string).collect();
    let shows_callbacks = callbacks.iter().any(|name| text.contains(&format!("{{\"{name}\":")));
    let is_shown = |event: &&Event| {
        let of_lane = lane.is_none_or(|lane| *event.lane == *lane);
        of_lane && (shows_callbacks || !callbacks.iter().any(|name| event.what.get(name).is_some()))
    };
    events.iter().filter(is_shown).map(|event| marked(&event.what, &event.facts)).collect()
}

fn traces(case: &Case, stage: &Stage) -> Value {
    let mut events = stage.recorder.events.as_slice();
    if case.given.get("trace").and_then(Value::as_str) == Some("per_member_after_first_send") {
        let first = events.iter().position(|event| &*event.lane == SCRIPT && event.what["do"] == "send").unwrap_or(events.len());
        events = &events[first..];
    }
    let mut lanes: Vec<String> = events.iter().map(|event| event.lane.to_string()).collect();
    lanes.sort();
    lanes.dedup();
    let of = |lane: String| (lane.clone(), trace(case, events, Some(&lane)));
    let all = lanes.into_iter().map(of);
    Value::Object(all.filter(|(_, events)| events.as_array().is_some_and(|events| !events.is_empty())).collect())
}
