//! The brokers of a run without a bank, as a part of a fragment. Has never heard of interventions.

use std::sync::Arc;

use super::{Flaw, escape, unescape};
use crate::broker::{BrokerConfig, ClusterConfig};
use crate::scenario::{Scenario, Stage};

/// The most brokers that a link may ask for.
const BROKERS_MAX: u32 = 9;
/// The longest run that a link may ask for, in microseconds: a day.
pub(super) const DURATION_US_MAX: u64 = 86_400_000_000;

/// `brokers~duration~name~value…`: the settings that are not Kafka's defaults.
pub(super) fn to_text(scenario: &Scenario) -> String {
    let usual = ClusterConfig::default();
    let cluster = scenario.cluster.clone().unwrap_or_default();
    let mut words = vec![cluster.brokers.to_string(), scenario.duration_us.to_string()];
    for name in BrokerConfig::NAMES.iter().copied().chain(ClusterConfig::topic_default_names()) {
        let value = cluster.get(name).filter(|value| usual.get(name).as_ref() != Some(value));
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), escape(&value)]));
    }
    words.join("~")
}

/// The scenario, and what of the text cannot be read.
pub(super) fn from_text(name: &str, text: &str) -> (Scenario, Vec<Flaw>) {
    let mut scenario = Scenario::plain(name, 1);
    let (mut cluster, mut problems) = (ClusterConfig::default(), Vec::new());
    let mut words = text.split('~');
    let mut number = |max: u64| words.next().and_then(|word| word.parse::<u64>().ok()).filter(|n| (1..=max).contains(n));
    match number(u64::from(BROKERS_MAX)) {
        Some(brokers) => cluster.brokers = brokers as u32,
        None => problems.push(Flaw::Brokers { brokers_max: BROKERS_MAX }),
    }
    match number(DURATION_US_MAX) {
        Some(us) => scenario.duration_us = us,
        None => problems.push(Flaw::Duration),
    }
    while let Some(name) = words.next() {
        let value: Arc<str> = unescape(words.next().unwrap_or_default());
        if let Err(error) = cluster.set(name, &value) {
            problems.push(Flaw::Broker(error));
        }
    }
    scenario.stage = Stage::ClusterOnly;
    scenario.cluster = Some(cluster);
    (scenario, problems)
}
