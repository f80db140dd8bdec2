//! The settings of brokers, topic and producers, as pairs of real property names and values.

use crate::broker::{ClusterConfig, ProducerConfig};
use crate::scenario::{Config, Of, Property, Scope};

/// What the settings say about the brokers. Their ids begin with 1, as in the picture.
pub(in crate::pipeline) fn cluster_config(config: &Config) -> ClusterConfig {
    let mut cluster = ClusterConfig { brokers: brokers(config), first_broker_id: 1, ..ClusterConfig::default() };
    let of_brokers = |p: &&Property| p.scope() == Scope::Broker && !matches!(p, Property::Brokers | Property::BrokerTime);
    for property in Property::ALL.iter().filter(of_brokers) {
        let value = config.value(*property, Of::Only).to_string();
        cluster.set(property.name(), &value).expect("the table of settings uses the brokers' own names and ranges");
    }
    // The bounds of session timeouts would refuse what the sliders allow.
    cluster.broker.group_min_session_timeout_ms = 1;
    cluster.broker.group_consumer_min_session_timeout_ms = 1;
    cluster.broker.group_consumer_min_heartbeat_interval_ms = 1;
    cluster.broker.group_consumer_max_session_timeout_ms = i32::MAX as u64;
    cluster.broker.group_consumer_max_heartbeat_interval_ms = i32::MAX as u64;
    cluster.broker.group_share_min_session_timeout_ms = 1;
    cluster.broker.group_share_max_session_timeout_ms = i32::MAX as u64;
    cluster.broker.group_share_min_heartbeat_interval_ms = 1;
    cluster.broker.group_share_max_heartbeat_interval_ms = i32::MAX as u64;
    cluster.broker.group_share_min_record_lock_duration_ms = 1;
    cluster.broker.group_share_max_record_lock_duration_ms = i32::MAX as u64;
    cluster.broker.auto_create_topics_enable = false;
    cluster.broker.log_initial_task_delay_ms = cluster.broker.log_retention_check_interval_ms;
    cluster
}

/// How many brokers there are.
pub(in crate::pipeline) fn brokers(config: &Config) -> u32 {
    u32::try_from(config.count(Property::Brokers, Of::Only)).unwrap_or(1).max(1)
}

/// The topic's settings; segments may be smaller than Kafka allows, as in Kafka's own tests.
pub(in crate::pipeline) fn topic_properties(config: &Config) -> Vec<(&'static str, String)> {
    let of_topic = |p: &&Property| p.scope() == Scope::Topic && topic_property(**p).is_some();
    Property::ALL.iter().filter(of_topic).map(|p| topic_setting(config, *p).expect("a property of the topic's")).collect()
}

/// A setting of the topic as the brokers want it; `None` if it is none of theirs.
pub(in crate::pipeline) fn topic_setting(config: &Config, property: Property) -> Option<(&'static str, String)> {
    let value = config.value(property, Of::Only);
    let text = match property {
        Property::MinCleanableDirtyRatio => {
            let percent = config.count(property, Of::Only);
            format!("{}.{:02}", percent / 100, percent % 100)
        }
        _ => value.to_string(),
    };
    Some((topic_property(property)?, text))
}

/// The name of the topic's property, if it is one.
fn topic_property(property: Property) -> Option<&'static str> {
    match property {
        Property::Partitions | Property::ReplicationFactor | Property::DltPartitions => None,
        Property::SegmentBytes => Some("internal.segment.bytes"),
        property => Some(property.name()),
    }
}

/// The producers' settings: only what differs from the defaults counts as configured (A9). They may contradict each other.
fn producer_config(config: &Config) -> ProducerConfig {
    let mut producer = ProducerConfig::default();
    let of_producer = |p: Property| p.scope() == Scope::Producer && !matches!(p, Property::RecordKey | Property::TransactionalId);
    for (setting, value) in config.changed().filter(|(s, _)| of_producer(s.property)) {
        producer.set(setting.property.name(), &value.to_string()).expect("the table of settings uses the producer's own names and ranges");
    }
    producer
}

/// The settings of a producer with this `transactional.id`, or without one.
pub(in crate::pipeline) fn publisher_config(config: &Config, transactional_id: Option<&str>) -> ProducerConfig {
    ProducerConfig { transactional_id: transactional_id.map(str::to_owned), ..producer_config(config) }
}
