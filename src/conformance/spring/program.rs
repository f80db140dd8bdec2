//! The rules of a script as a listener's program of data.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::form::Form;
use super::given::class_name;
use crate::conformance::{Case, CaseError};
use crate::listener::{Action, Condition, ListenerProgram, Rule};

/// The program of all `on` rules, and what the listener does by itself; `of_topic` keeps only those that name it (the handler of dead letters).
pub(super) fn program(case: &Case, of_topic: Option<&str>) -> Result<ListenerProgram, CaseError> {
    let mut rules = Vec::new();
    for (number, step) in case.script.iter().enumerate() {
        if !step.contains_key("on") {
            continue;
        }
        let form = Form::of(case, format!("script[{number}]"), step);
        form.only(&["on", "then"])?;
        let when = condition(&form.part("on")?)?;
        let fits = match (of_topic, &when.topic) {
            (Some(topic), Some(named)) => **named == *topic,
            (Some(_), None) => false,
            (None, _) => true,
        };
        if fits {
            rules.push(Rule { when, actions: Arc::from(actions(&form, "then")?), catch: None });
        }
    }
    let mut program = ListenerProgram { rules, otherwise: Rule { actions: Arc::from([Action::Ack]), ..Rule::default() } };
    if of_topic.is_none() {
        listener_method(case, &mut program)?;
    }
    Ok(program)
}

/// `given.listener`: what the method does if no rule holds, and its `catch` around everything.
fn listener_method(case: &Case, program: &mut ListenerProgram) -> Result<(), CaseError> {
    let form = Form::of(case, "given", &case.given).part("listener")?;
    form.only(&["does", "catch"])?;
    if form.has("does") {
        program.otherwise.actions = Arc::from(actions(&form, "does")?);
    }
    if form.has("catch") {
        let catch: Arc<[Action]> = Arc::from(actions(&form, "catch")?);
        program.rules.iter_mut().chain([&mut program.otherwise]).for_each(|rule| rule.catch = Some(Arc::clone(&catch)));
    }
    Ok(())
}

/// The tag of the bank's event that a case calls `e1`.
fn tag_of(form: &Form<'_>) -> Result<Option<u64>, CaseError> {
    if !form.case.given.contains_key("bank") {
        return Ok(None);
    }
    let number = |name: &str| name.strip_prefix('e').and_then(|number| number.parse().ok());
    let of = |name: &str| number(name).ok_or_else(|| form.error("value", "an event of the bank is e and its number, from 1"));
    form.text("value")?.map(of).transpose()
}

fn condition(form: &Form<'_>) -> Result<Condition, CaseError> {
    form.only(&["value", "delivery", "delivery_to", "call", "call_to", "contains", "topic"])?;
    let text = |field: &str| form.text(field).map(|text| text.map(Arc::from));
    let tag = tag_of(form)?;
    Ok(Condition {
        value: if tag.is_none() { text("value")? } else { None },
        tag,
        delivery: form.count("delivery")?.map(|n| n as u32),
        delivery_max: form.count("delivery_to")?.map(|n| n as u32),
        call: form.count("call")?,
        call_max: form.count("call_to")?,
        contains: text("contains")?,
        topic: text("topic")?,
    })
}

fn actions(form: &Form<'_>, field: &str) -> Result<Vec<Action>, CaseError> {
    let of_map = |map: &Map<String, Value>| action(&Form::of(form.case, format!("{}.{field}", form.place), map));
    match form.get(field) {
        Some(Value::Object(map)) => Ok(vec![of_map(map)?]),
        Some(Value::Array(list)) => {
            let objects = list.iter().map(|value| value.as_object().ok_or_else(|| form.error(field, "an action is an object")));
            objects.map(|map| map.and_then(of_map)).collect()
        }
        _ => Err(form.error(field, "an action or a list of actions is needed")),
    }
}

fn action(form: &Form<'_>) -> Result<Action, CaseError> {
    let name = form.fields().map(|(key, _)| key).find(|key| *key != "nack_index").unwrap_or("nack_index");
    form.only(if name == "nack_ms" { &["nack_ms", "nack_index"] } else { std::slice::from_ref(&name) })?;
    let number = || form.number(name).map(|n| n.unwrap_or_default());
    let count = || form.count(name).map(|n| n.unwrap_or_default());
    let text = || form.needed(name).map(Arc::from);
    Ok(match name {
        "ack" => Action::Ack,
        "effect" => Action::Effect,
        "nothing" => Action::Nothing,
        "hold" => Action::Hold,
        "ack_held" => Action::AckHeld(form.texts(name)?.unwrap_or_default()),
        "ack_other_thread" => Action::AckOtherThread,
        "ack_index" => Action::AckIndex(count()? as u32),
        "nack_ms" => match form.count("nack_index")? {
            Some(index) => Action::NackIndex { index: index as u32, ms: number()? },
            None => Action::Nack { ms: number()? },
        },
        "nack_other_thread" => Action::NackOtherThread { ms: number()? },
        "throw" => Action::Throw { class: class_name(form.needed(name)?) },
        "throw_batch_failed" => Action::ThrowBatchFailed { index: count()? as u32 },
        "throw_batch_failed_value" => Action::ThrowBatchFailedValue { value: text()? },
        "throw_error" => Action::ThrowError,
        "kill" => Action::Kill,
        "block_ms" => Action::Block { us: count()? * 1_000 },
        "block_until" => Action::BlockUntil { latch: text()? },
        "send" => {
            let send = form.part("send")?;
            send.only(&["topic", "value"])?;
            Action::Send { topic: Arc::from(send.needed("topic")?), value: Arc::from(send.needed("value")?) }
        }
        "pause_container" => Action::PauseContainer,
        _ => return Err(form.error(name, "unknown action")),
    })
}
