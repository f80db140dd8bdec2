//! From `given` to a world with brokers and topics.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::play::Play;
use super::step::settings;
use crate::broker::ClusterConfig;
use crate::broker::group::contradiction;
use crate::conformance::settings::Of;
use crate::conformance::{Case, CaseError};
use crate::pipeline::lab::{LabAction, Settings};
use crate::scenario::{Scenario, Stage};

/// What `given` may hold.
const GIVEN: &[&str] =
    &["brokers", "broker_config", "topics", "producers", "producer_defaults", "consumer_defaults", "share_groups", "share_defaults"];

/// A world as the case wants it, before the first step.
pub(super) fn begin(case: &Case) -> Result<Play<'_>, CaseError> {
    if let Some(unknown) = case.given.keys().find(|key| !GIVEN.contains(&key.as_str())) {
        return Err(CaseError::new(case, format!("given.{unknown}"), format!("unknown; known: {}", GIVEN.join(", "))));
    }
    let mut scenario = Scenario::plain(&case.id, 1);
    scenario.stage = Stage::ClusterOnly;
    scenario.cluster = Some(cluster(case)?);
    let mut producers: BTreeMap<Arc<str>, Settings> = BTreeMap::new();
    for (name, config) in object(case, "producers")?.into_iter().flatten() {
        let place = format!("given.producers.{name}");
        let config = config.as_object().ok_or_else(|| CaseError::new(case, &place, "a producer's settings are an object"))?;
        producers.insert(Arc::from(name.as_str()), Of::Producer.seen(case, &place, settings(config))?);
    }
    let defaults = |field: &str, of: Of| of.seen(case, &format!("given.{field}"), object(case, field)?.map(settings).unwrap_or_default());
    let of_producers = defaults("producer_defaults", Of::Producer)?;
    let mut play = Play::new(case, &scenario, producers, of_producers, defaults("consumer_defaults", Of::Consumer)?);
    // The brokers have been up for a while when the recording begins.
    play.pass_ms(1_000);
    for (name, topic) in object(case, "topics")?.into_iter().flatten() {
        create_topic(case, &mut play, name, topic)?;
    }
    for (group, config) in object(case, "share_groups")?.into_iter().flatten() {
        let place = format!("given.share_groups.{group}");
        let config = settings(config.as_object().ok_or_else(|| CaseError::new(case, &place, "a group's settings are an object"))?);
        let answer = play.ask(|op| LabAction::AlterGroup { op, group: Arc::from(group.as_str()), settings: config })?;
        if let Some(error) = answer.get("error") {
            return Err(CaseError::new(case, place, format!("the settings were refused: {error}")));
        }
    }
    play.share_defaults = defaults("share_defaults", Of::ShareConsumer)?;
    play.pass_ms(1_000);
    Ok(play)
}

fn cluster(case: &Case) -> Result<ClusterConfig, CaseError> {
    let mut config = ClusterConfig::default();
    if let Some(brokers) = case.given.get("brokers") {
        let count = brokers.as_u64().filter(|n| (1..=9).contains(n));
        config.brokers = count.ok_or_else(|| CaseError::new(case, "given.brokers", "a number from 1 to 9"))? as u32;
    }
    let of_brokers = object(case, "broker_config")?.map(settings).unwrap_or_default();
    for (name, value) in Of::Broker.seen(case, "given.broker_config", of_brokers)? {
        config.set(&name, &value).map_err(|e| CaseError::new(case, format!("given.broker_config.{name}"), e.to_string()))?;
    }
    // A real broker does not start with these.
    match contradiction(&config.broker) {
        Some(problem) => Err(CaseError::new(case, "given.broker_config", problem)),
        None => Ok(config),
    }
}

fn create_topic(case: &Case, play: &mut Play, name: &str, topic: &Value) -> Result<(), CaseError> {
    let place = format!("given.topics.{name}");
    let topic = topic.as_object().ok_or_else(|| CaseError::new(case, &place, "a topic is an object"))?;
    if let Some(unknown) = topic.keys().find(|k| !["partitions", "replicas", "config"].contains(&k.as_str())) {
        return Err(CaseError::new(case, format!("{place}.{unknown}"), "unknown; known: partitions, replicas, config"));
    }
    let list = |v: &Value| v.as_array().map(|l| l.iter().filter_map(|n| n.as_u64().map(|n| n as u32)).collect::<Vec<_>>());
    let replicas = topic.get("replicas").and_then(Value::as_array).map(|all| all.iter().filter_map(list).collect()).unwrap_or_default();
    let partitions = topic.get("partitions").and_then(Value::as_u64).unwrap_or(0) as u32;
    let config = topic.get("config").and_then(Value::as_object).map(settings).unwrap_or_default();
    let config = Of::Topic.seen(case, &format!("{place}.config"), config)?;
    let answer = play.ask(|op| LabAction::CreateTopic { op, name: Arc::from(name), partitions, replicas, settings: config })?;
    match answer.get("error") {
        Some(error) => Err(CaseError::new(case, place, format!("the topic was refused: {error}"))),
        None => Ok(()),
    }
}

/// A map of `given`.
fn object<'a>(case: &'a Case, field: &str) -> Result<Option<&'a Map<String, Value>>, CaseError> {
    match case.given.get(field) {
        None => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(CaseError::new(case, format!("given.{field}"), "not an object")),
    }
}
