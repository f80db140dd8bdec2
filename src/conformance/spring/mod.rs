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

use serde_json::{Map, Value, json};

use super::{Case, CaseError, Played};
use form::Form;
use given::Given;
use recorder::{Event, SCRIPT};
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
    let (stage, snapshots) = script::run(case, &given, stage)?;
    let mut expected = observe::without_reasons(&Value::Object(case.observed.clone()));
    let mut got = observed(case, &given, &stage, snapshots);
    observe::blur(&expected, &mut got);
    not_compared::take_out(case, &mut expected);
    not_compared::take_out(case, &mut got);
    Ok(Played { expected, got })
}

fn observed(case: &Case, given: &Given, stage: &Stage, snapshots: Map<String, Value>) -> Value {
    let mut got = Map::new();
    let names = |field: &str| -> Vec<String> {
        case.observed.get(field).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    for field in case.observed.keys() {
        let value = match field.as_str() {
            "balances" => bank::balances(stage),
            "processed" => bank::processed(stage),
            "committed" => observe::committed(stage, &given.group),
            "snapshots" => Value::Object(snapshots.clone()),
            "trace" => trace(case, &stage.recorder.events, None),
            "traces" => traces(case, stage),
            "topics" => Value::Object(names("topics").into_iter().map(|name| (name.clone(), observe::records(stage, &name))).collect()),
            "topics_exist" => observe::topics_exist(stage),
            "read_committed" => Value::Object(
                names("read_committed").into_iter().map(|name| (name.clone(), observe::read_committed(stage, &name))).collect(),
            ),
            "groups" => {
                let groups = stage.world.consumers().iter().map(|place| place.container.properties().group.to_string());
                Value::Object(groups.map(|group| (group.clone(), observe::committed(stage, &group))).collect())
            }
            "order_of_deliveries" => Value::Array(stage.recorder.order.clone()),
            "handled" => Value::Array(stage.recorder.handled.clone()),
            "deliveries" => {
                let deliveries = stage.recorder.events.iter().map(|event| &event.what).filter(|what| what.get("deliver").is_some());
                deliveries.cloned().collect()
            }
            _ => json!(format!("the runner does not know {field:?}")),
        };
        got.insert(field.clone(), value);
    }
    Value::Object(got)
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
    events.iter().filter(is_shown).map(|event| event.what.clone()).collect()
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
