//! The family spring-events-*: application events inside one process. Asks no broker anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::desk::Desk;
use super::{Bind, Case, CaseError, Played};
use crate::broker::ClusterConfig;
use crate::listener::application_events::{Annotations, ApplicationFact, Lane, Step};
use crate::pipeline::lab::{LabAction, LabBean};
use crate::pipeline::{FactKind, Intervention, Probe};
use crate::scenario::{Scenario, Stage};

/// The message of the refused context, as Spring words it.
const REFUSED: &str =
    "@TransactionalEventListener method must not be annotated with @Transactional unless when declared as REQUIRES_NEW or NOT_SUPPORTED";

/// Plays a case of this family: the application stands on the workbench of a world in which no broker is asked anything.
pub(super) fn play(case: &Case) -> Result<Played, CaseError> {
    known(case, "given", &case.given, &["tables", "listeners", "connections_autocommit"])?;
    let tables = texts(case, "given.tables", case.given.get("tables"))?;
    let mut scenario = Scenario::plain(&case.id, 1);
    scenario.stage = Stage::ClusterOnly;
    scenario.cluster = Some(ClusterConfig::default());
    let mut desk = Desk::new(&scenario);
    let beans = beans(case, &tables)?;
    let act = |desk: &mut Desk, action: LabAction| {
        desk.run_until(desk.now() + STEP_US);
        let done = desk.intervene(&Intervention::Lab(action));
        done.map_err(|error| CaseError::new(case, "script", error.to_string()))
    };
    act(&mut desk, LabAction::OpenApplication { tables: tables.clone(), beans, auto_commit: auto_commit(case)? })?;
    let mut steps = Vec::new();
    for (index, step) in case.script.iter().enumerate() {
        let (calls, in_transaction) = call(case, index, step, &tables)?;
        steps.push(Some(desk.now() + STEP_US));
        if desk.lab().application().is_some_and(|app| app.started) {
            act(&mut desk, LabAction::CallApplication { steps: calls, in_transaction })?;
        }
    }
    desk.run_until(desk.now() + STEP_US);
    let mut binds = Vec::new();
    let got = observed(&mut desk, &tables, &mut binds);
    Ok(Played { expected: Value::Object(case.observed.clone()), got, recorded: desk.into_recording(), steps, binds })
}

/// How far apart the steps are, so that they can be told apart on a strip of time, in microseconds.
const STEP_US: u64 = 500_000;

fn auto_commit(case: &Case) -> Result<bool, CaseError> {
    match case.given.get("connections_autocommit") {
        None => Ok(true),
        Some(Value::Bool(on)) => Ok(*on),
        Some(other) => Err(CaseError::new(case, "given.connections_autocommit", format!("true or false, not {other}"))),
    }
}

fn beans(case: &Case, tables: &[Arc<str>]) -> Result<Vec<LabBean>, CaseError> {
    let listeners = case.given.get("listeners").and_then(Value::as_array).cloned().unwrap_or_default();
    let bean = |(i, listener): (usize, &Value)| {
        let place = format!("given.listeners[{i}]");
        let listener = listener.as_object().ok_or_else(|| CaseError::new(case, &place, "a listener is an object"))?;
        known(case, &place, listener, &["name", "annotations", "does"])?;
        let annotations = text(case, &place, listener, "annotations")?;
        Annotations::parse(&annotations).map_err(|e| CaseError::new(case, format!("{place}.annotations"), e.to_string()))?;
        Ok(LabBean {
            name: text(case, &place, listener, "name")?,
            annotations,
            does: steps(case, &format!("{place}.does"), listener.get("does"), tables)?,
        })
    };
    listeners.iter().enumerate().map(bean).collect()
}

fn call(case: &Case, index: usize, step: &Map<String, Value>, tables: &[Arc<str>]) -> Result<(Vec<Step>, bool), CaseError> {
    let place = format!("script[{index}]");
    known(case, &place, step, &["do", "steps"])?;
    let in_transaction = match step.get("do").and_then(Value::as_str) {
        Some("in_transaction") => true,
        Some("without_transaction") => false,
        other => {
            let problem = format!("unknown verb {other:?}; known: in_transaction, without_transaction");
            return Err(CaseError::new(case, format!("{place}.do"), problem));
        }
    };
    Ok((steps(case, &format!("{place}.steps"), step.get("steps"), tables)?, in_transaction))
}

fn steps(case: &Case, place: &str, value: Option<&Value>, tables: &[Arc<str>]) -> Result<Vec<Step>, CaseError> {
    let list = value.and_then(Value::as_array).ok_or_else(|| CaseError::new(case, place, "missing, or not a list"))?;
    let one = |(i, step): (usize, &Value)| {
        let place = format!("{place}[{i}]");
        let step = step.as_object().ok_or_else(|| CaseError::new(case, &place, "a step is an object"))?;
        one_step(case, &place, step, tables)
    };
    list.iter().enumerate().map(one).collect()
}

fn one_step(case: &Case, place: &str, step: &Map<String, Value>, tables: &[Arc<str>]) -> Result<Step, CaseError> {
    known(case, place, step, &["insert", "value", "count", "publish", "catch", "throw", "rollback_only", "await_listener", "if_event"])?;
    let table = |key: &str| {
        let name = text(case, place, step, key)?;
        match tables.contains(&name) {
            true => Ok(name),
            false => Err(CaseError::new(case, format!("{place}.{key}"), format!("no table {name:?} in given.tables"))),
        }
    };
    let what = if step.contains_key("insert") {
        Step::Insert { table: table("insert")?, value: text(case, place, step, "value")? }
    } else if step.contains_key("count") {
        Step::Count { table: table("count")? }
    } else if step.contains_key("publish") {
        Step::Publish { event: text(case, place, step, "publish")?, catch: step.contains_key("catch") }
    } else if step.contains_key("throw") {
        Step::Throw(text(case, place, step, "throw")?)
    } else if step.contains_key("rollback_only") {
        Step::RollbackOnly
    } else if step.contains_key("await_listener") {
        Step::AwaitListeners
    } else {
        return Err(CaseError::new(case, place, "no verb; known: insert, count, publish, throw, rollback_only, await_listener"));
    };
    Ok(match step.contains_key("if_event") {
        true => Step::IfEvent(text(case, place, step, "if_event")?, Box::new(what)),
        false => what,
    })
}

fn known(case: &Case, place: &str, map: &Map<String, Value>, keys: &[&str]) -> Result<(), CaseError> {
    match map.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(CaseError::new(case, format!("{place}.{key}"), format!("unknown here; known: {}", keys.join(", ")))),
        None => Ok(()),
    }
}

fn text(case: &Case, place: &str, map: &Map<String, Value>, key: &str) -> Result<Arc<str>, CaseError> {
    let value = map.get(key).and_then(Value::as_str);
    value.map(Arc::from).ok_or_else(|| CaseError::new(case, format!("{place}.{key}"), "missing, or not a text"))
}

fn texts(case: &Case, place: &str, value: Option<&Value>) -> Result<Vec<Arc<str>>, CaseError> {
    let list = value.and_then(Value::as_array).ok_or_else(|| CaseError::new(case, place, "missing, or not a list"))?;
    list.iter().map(|v| v.as_str().map(Arc::from).ok_or_else(|| CaseError::new(case, place, "a name is a text"))).collect()
}

/// What the trace and the tables say; an order between listeners that the case leaves open is that of the declarations.
fn observed(desk: &mut Desk, tables: &[Arc<str>], binds: &mut Vec<Bind>) -> Value {
    let mut lanes: BTreeMap<Lane, Vec<(u64, Value)>> = BTreeMap::new();
    for (number, told) in (0..).zip(desk.trace().iter()) {
        if let FactKind::Application(lane, what) = &told.kind {
            lanes.entry(*lane).or_default().push((number, fact(what)));
        }
    }
    let mut list = |place: &str, facts: Vec<(u64, Value)>| -> Value {
        let one = |(index, (number, fact)): (usize, (u64, Value))| {
            binds.push(Bind::of_facts(format!("{place}[{index}]"), vec![number]));
            fact
        };
        facts.into_iter().enumerate().map(one).collect()
    };
    let mut got = Map::new();
    if lanes.len() > 1 {
        let named = lanes.into_iter().map(|(lane, facts)| {
            let name = match lane {
                Lane::Caller => "caller",
                Lane::Async => "async",
            };
            (name.to_owned(), list(&format!("traces.{name}"), facts))
        });
        got.insert("traces".to_owned(), Value::Object(named.collect()));
    } else {
        got.insert("trace".to_owned(), list("trace", lanes.into_values().flatten().collect()));
    }
    let rows = tables.iter().map(|table| {
        binds.push(Bind::of_sight(format!("rows.{table}"), desk.sight(Probe::Rows(table.clone()))));
        let rows = desk.lab().application().map(|app| app.application.database.rows(table)).unwrap_or_default();
        (table.to_string(), rows.iter().map(|row| Value::from(&**row)).collect())
    });
    got.insert("rows".to_owned(), Value::Object(rows.collect()));
    Value::Object(got)
}

fn fact(fact: &ApplicationFact) -> Value {
    match fact {
        ApplicationFact::Listener(name, event, active) => json!({"listener": &**name, "event": &**event, "transaction_active": active}),
        ApplicationFact::Inserted(table, value) => json!({"insert": &**table, "value": &**value}),
        ApplicationFact::Counted(table, rows) => json!({"count": &**table, "rows": rows}),
        ApplicationFact::PublishReturned(event) => json!({"publish_returned": &**event}),
        ApplicationFact::PublishThrew(class) => json!({"publish_threw": &**class}),
        ApplicationFact::ListenerDone(name) => json!({"listener_done": &**name}),
        ApplicationFact::AsyncUncaught(class) => json!({"async_uncaught": &**class}),
        ApplicationFact::CallerReturned => json!({"caller": "returned normally"}),
        ApplicationFact::CallerThrew(class) => json!({"caller": "exception", "exception": &**class}),
        ApplicationFact::ContextFailed => json!({"context_failed": "java.lang.IllegalStateException", "message": REFUSED}),
    }
}
