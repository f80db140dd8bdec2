//! The settings of brokers, topic and producers, as pairs of real property names and values.

use crate::broker::{ClusterConfig, PerMille, ProducerConfig};
use crate::scenario::{Config, Of, Property, Scope};

/// What the settings say about the brokers. Their ids begin with 1, as in the picture.
pub(in crate::pipeline) fn cluster_config(config: &Config) -> ClusterConfig {
    let mut cluster = ClusterConfig { brokers: brokers(config), first_broker_id: 1, ..ClusterConfig::default() };
    for property in
        [Property::ReplicaLagTimeMaxMs, Property::BrokerSessionTimeoutMs, Property::RetentionCheckMs, Property::InitialRebalanceDelayMs]
    {
        let value = config.value(property, Of::Only).to_string();
        cluster.set(property.name(), &value).expect("the table of settings uses the brokers' own names and ranges");
    }
    // The bounds of session timeouts would refuse what the sliders allow.
    cluster.broker.group_min_session_timeout_ms = 1;
    cluster.broker.auto_create_topics_enable = false;
    cluster.broker.log_initial_task_delay_ms = cluster.broker.log_retention_check_interval_ms;
    cluster.topic_defaults.min_cleanable_dirty_ratio = PerMille(500);
    cluster
}

/// How many brokers there are.
pub(in crate::pipeline) fn brokers(config: &Config) -> u32 {
    u32::try_from(config.count(Property::Brokers, Of::Only)).unwrap_or(1).max(1)
}

/// The topic's settings; segments may be smaller than Kafka allows, as in Kafka's own tests.
pub(in crate::pipeline) fn topic_properties(config: &Config) -> Vec<(&'static str, String)> {
    let of_topic = |p: &&Property| p.scope() == Scope::Topic && !matches!(p, Property::Partitions | Property::ReplicationFactor);
    Property::ALL
        .iter()
        .filter(of_topic)
        .map(|p| {
            let name = if *p == Property::SegmentBytes { "internal.segment.bytes" } else { p.name() };
            (name, config.value(*p, Of::Only).to_string())
        })
        .collect()
}

/// The producers' settings: only what differs from the defaults counts as configured (A9). They may contradict each other.
pub(in crate::pipeline) fn producer_config(config: &Config) -> ProducerConfig {
    let mut producer = ProducerConfig::default();
    let of_producer = |p: Property| p.scope() == Scope::Producer && p != Property::RecordKey;
    for (setting, value) in config.changed().filter(|(s, _)| of_producer(s.property)) {
        producer.set(setting.property.name(), &value.to_string()).expect("the table of settings uses the producer's own names and ranges");
    }
    producer
}
