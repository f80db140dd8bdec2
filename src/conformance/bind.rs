//! What stands behind a recorded fact in the model's own run: lines of its trace, and looks at its world. Knows no family.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Sight;

/// The key under which events carry the numbers of their trace facts, until they are taken out. It sorts behind all others.
const MARK: &str = "~";

/// What stands behind one fact.
#[derive(Debug, Clone, Default)]
pub struct Bind {
    /// The fact's place in `observed`, such as `trace[3]`.
    pub place: String,
    /// Numbers of facts in the run's trace.
    pub facts: Vec<u64>,
    /// Looks at the world.
    pub sights: Vec<Sight>,
}

impl Bind {
    /// A fact that is a state.
    pub(super) fn of_sight(place: impl Into<String>, sight: Sight) -> Bind {
        Bind { place: place.into(), facts: Vec::new(), sights: vec![sight] }
    }

    /// A fact that stands in the trace.
    pub(super) fn of_facts(place: impl Into<String>, facts: Vec<u64>) -> Bind {
        Bind { place: place.into(), facts, sights: Vec::new() }
    }
}

/// An event with the numbers of its trace facts.
pub(super) fn marked(event: &Value, facts: &[u64]) -> Value {
    let mut event = event.clone();
    if let Some(map) = event.as_object_mut() {
        map.insert(MARK.to_owned(), facts.into());
    }
    event
}

/// The numbers that an event carries.
pub(super) fn marks(event: &Value) -> Vec<u64> {
    event.get(MARK).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64).collect()
}

/// Adds numbers to those that an event carries.
pub(super) fn add_marks(event: &mut Value, more: &[u64]) {
    let all: Vec<u64> = marks(event).into_iter().chain(more.iter().copied()).collect();
    *event = marked(event, &all);
}

/// Takes the marks out of a list of events at `place` and makes binds of them.
pub(super) fn unmark(place: &str, events: &mut Value, binds: &mut Vec<Bind>) {
    for (index, event) in events.as_array_mut().into_iter().flatten().enumerate() {
        let facts = marks(event);
        if let Some(map) = event.as_object_mut() {
            map.remove(MARK);
        }
        binds.push(Bind::of_facts(format!("{place}[{index}]"), facts));
    }
}

/// One recorded fact: its place, what it says, and what stands behind it.
#[derive(Debug, Clone)]
pub(super) struct BoundFact<'a> {
    /// Its place in `observed`.
    pub(super) place: String,
    /// What was recorded there.
    pub(super) value: &'a Value,
    /// What stands behind it.
    pub(super) bind: &'a Bind,
}

/// Every recorded fact with what stands behind it, in the order of `observed`.
///
/// # Errors
/// The place of a fact behind which nothing stands.
pub(super) fn bound<'a>(observed: &'a Value, binds: &'a [Bind]) -> Result<Vec<BoundFact<'a>>, String> {
    let by_place: BTreeMap<&str, &Bind> = binds.iter().map(|bind| (bind.place.as_str(), bind)).collect();
    let mut out = Vec::new();
    walk(String::new(), observed, &by_place, &mut out)?;
    Ok(out)
}

fn walk<'a>(place: String, value: &'a Value, binds: &BTreeMap<&str, &'a Bind>, out: &mut Vec<BoundFact<'a>>) -> Result<(), String> {
    if let Some(bind) = binds.get(place.as_str()) {
        // Steps of the script stand among the events and may have changed nothing.
        if !(bind.facts.is_empty() && bind.sights.is_empty()) {
            out.push(BoundFact { place, value, bind });
        } else if value.get("do").is_none() {
            return Err(place);
        }
        return Ok(());
    }
    match value {
        Value::Object(map) => map.iter().try_for_each(|(key, inner)| {
            let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            walk(place, inner, binds, out)
        }),
        Value::Array(list) if !list.is_empty() => {
            list.iter().enumerate().try_for_each(|(index, inner)| walk(format!("{place}[{index}]"), inner, binds, out))
        }
        _ => Err(place),
    }
}
