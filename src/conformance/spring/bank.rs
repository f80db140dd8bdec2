//! The cases of the bank: its own world (commands, write database, outbox, relay, topic), its own read model as the effect of
//! the script's listener, and what that read model holds in the end. Knows no verb of containers.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::form::Form;
use super::stage::Stage;
use crate::bank::{AccountId, Command, EventId, Projection};
use crate::conformance::{Case, CaseError};
use crate::fault::Node;
use crate::pipeline::{Action, Intervention};
use crate::scenario::{GROUPS, Scenario, TOPIC};

/// The bank's group whose projection the listener applies: the account view.
pub(super) const ACCOUNT_VIEW: u32 = 0;

/// That projection.
pub(super) const PROJECTION: Projection = Projection::AccountView;

/// The scenario of a case: a bank in which nothing happens by itself, on one broker.
pub(super) fn scenario(case: &Case) -> Result<Scenario, CaseError> {
    let form = Form::of(case, "given", &case.given).part("bank")?;
    form.only(&["accounts", "opening_balance", "idempotency"])?;
    let mut scenario = Scenario::plain(&case.id, 1);
    let mut set =
        |key: &str, value: String| scenario.config.set_text(key, &value).map(drop).map_err(|error| form.error("", error.to_string()));
    set("client.accounts", form.count("accounts")?.unwrap_or(2).to_string())?;
    set("client.opening-balance", form.count("opening_balance")?.unwrap_or(0).to_string())?;
    set("group.account-view.idempotency", form.needed("idempotency")?.to_owned())?;
    set("topic.partitions", partitions(case)?.to_string())?;
    for (key, value) in [
        ("client.commands-per-minute", "0"),
        ("client.queries-per-minute", "0"),
        ("broker.brokers", "1"),
        ("topic.replication.factor", "1"),
        ("topic.min.insync.replicas", "1"),
        ("broker.group.initial.rebalance.delay.ms", "0"),
        // A case that wants a dead-letter topic says so.
        ("topic.dlt.partitions", "0"),
    ] {
        set(key, value.to_owned())?;
    }
    // The consumers of the picture stand aside: the script brings its own.
    for group in GROUPS {
        set(&format!("group.{group}.consumers"), "0".to_owned())?;
    }
    Ok(scenario)
}

fn partitions(case: &Case) -> Result<u64, CaseError> {
    let topics = Form::of(case, "given", &case.given).part("topics")?;
    if !topics.has(TOPIC) {
        return Err(topics.error("", format!("the bank publishes to {TOPIC}")));
    }
    Ok(topics.part(TOPIC)?.count("partitions")?.unwrap_or(1))
}

/// `{"do":"transfer"}`: a command by a client; done when the relay has published its event.
pub(super) fn transfer(stage: &mut Stage, form: &Form<'_>) -> Result<(), CaseError> {
    let account = |field: &str| Ok(AccountId(letter(form, field)?));
    let amount = form.number("amount")?.unwrap_or(0);
    let command = Command::Transfer { from: account("from")?, to: account("to")?, amount };
    let before = published(stage);
    stage.intervene(form, &Intervention::SendCommand { client: 0, command })?;
    let name = format!("e{}", before + 1);
    if form.needed("event")? != name {
        return Err(form.error("event", format!("the next event of the bank is {name}")));
    }
    stage.until(form, |stage| published(stage) > before)
}

/// Accounts are called A, B and so on.
fn letter(form: &Form<'_>, field: &str) -> Result<u32, CaseError> {
    match form.needed(field)?.as_bytes() {
        [letter @ b'A'..=b'Z'] => Ok(u32::from(letter - b'A')),
        _ => Err(form.error(field, "an account is a letter")),
    }
}

/// How many events are in the topic.
fn published(stage: &Stage) -> u64 {
    let topic = stage.world.cluster().topics().by_name(TOPIC);
    let partitions = topic.into_iter().flat_map(|topic| (0..topic.partitions).map(|partition| (topic.id, partition)));
    let ends = partitions.filter_map(|(topic, partition)| {
        let partition = crate::broker::TopicPartition { topic, partition };
        stage.world.cluster().leader(partition).map(|replica| replica.records_from(0).count() as u64)
    });
    ends.sum()
}

/// `{"do":"database_down"}` and `{"do":"database_up"}`: the read database refuses connections, and takes them again.
pub(super) fn database(stage: &mut Stage, form: &Form<'_>, up: bool) -> Result<(), CaseError> {
    let action = if up { Action::Start(Node::ReadDb) } else { Action::Kill(Node::ReadDb) };
    stage.intervene(form, &Intervention::Act(action))
}

/// The balances in the read model.
pub(super) fn balances(stage: &Stage) -> Value {
    let rows = stage.world.bank().into_iter().flat_map(|bank| bank.read_db().model.accounts());
    Value::Object(rows.map(|(account, row)| (account.name(), json!(row.balance))).collect::<Map<_, _>>())
}

/// The events in the dedupe table.
pub(super) fn processed(stage: &Stage) -> Value {
    let Some(bank) = stage.world.bank() else { return Value::Null };
    let known = |number: &u64| bank.read_db().model.has_seen(PROJECTION, EventId(*number as u32));
    (1..=published(stage)).filter(known).map(|number| format!("e{number}")).collect()
}

/// The name of the event that a record of the bank carries.
pub(super) fn event_of(tag: u64) -> Option<Value> {
    EventId::from_tag(tag).map(|event| json!(event.to_string()))
}

/// The topic that the bank brings along.
pub(super) fn brings(case: &Case, topic: &Arc<str>) -> bool {
    case.given.contains_key("bank") && **topic == *TOPIC
}
