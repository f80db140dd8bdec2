//! Settings that real clients, brokers and topics have and of which nothing can be seen in a case: buffers, back-offs between
//! connections, metrics, threads. A case may have them; they are passed over. Knows no values.

use super::{Case, CaseError};
use crate::broker::{ClusterConfig, ProducerConfig};
use crate::listener::consumer::ConsumerConfig;
use crate::listener::share::ShareConsumerConfig;
use crate::pipeline::lab::Settings;

/// Of every client.
const OF_CLIENTS: &[&str] = &[
    "client.dns.lookup",
    "client.rack",
    "connections.max.idle.ms",
    "enable.metrics.push",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "receive.buffer.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "send.buffer.bytes",
    "socket.connection.setup.timeout.max.ms",
    "socket.connection.setup.timeout.ms",
];
/// Of consumers, share consumers among them.
const OF_CONSUMERS: &[&str] = &["allow.auto.create.topics", "check.crcs", "exclude.internal.topics", "retry.backoff.max.ms"];
/// Of producers. Compression changes the size of segments, which a case sees only if it asks for it.
const OF_PRODUCERS: &[&str] = &[
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.type",
    "compression.zstd.level",
    "metadata.max.idle.ms",
    "partitioner.availability.timeout.ms",
];
/// Of topics, with the least number that the broker takes; `None`: not a number.
const OF_TOPICS: &[(&str, Option<i64>)] = &[
    ("compression.gzip.level", Some(-1)),
    ("compression.lz4.level", Some(1)),
    ("compression.zstd.level", Some(-131_072)),
    ("flush.messages", Some(1)),
    ("flush.ms", Some(0)),
    ("index.interval.bytes", Some(0)),
    ("preallocate", None),
    ("segment.index.bytes", Some(4)),
    ("segment.jitter.ms", Some(0)),
];
/// A topic's `compression.type`; another value is refused, as an unknown setting is.
const COMPRESSIONS: &[&str] = &["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"];
/// Of brokers. The recorder gives the internal topics their partitions and replicas itself.
const OF_BROKERS: &[&str] = &[
    "background.threads",
    "delete.topic.enable",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.size",
    "log.cleaner.threads",
    "log.flush.interval.messages",
    "log.flush.interval.ms",
    "log.index.interval.bytes",
    "log.index.size.max.bytes",
    "log.preallocate",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "offset.metadata.max.bytes",
    "offsets.commit.timeout.ms",
    "offsets.load.buffer.size",
    "offsets.topic.num.partitions",
    "offsets.topic.replication.factor",
    "offsets.topic.segment.bytes",
    "queued.max.requests",
    "share.coordinator.state.topic.min.isr",
    "share.coordinator.state.topic.num.partitions",
    "share.coordinator.state.topic.replication.factor",
    "socket.receive.buffer.bytes",
    "socket.request.max.bytes",
    "socket.send.buffer.bytes",
    "transaction.state.log.min.isr",
    "transaction.state.log.num.partitions",
    "transaction.state.log.replication.factor",
];

/// Whose settings they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Broker,
    Topic,
    Producer,
    Consumer,
    ShareConsumer,
}

impl Of {
    /// Whether it is a real setting of which nothing can be seen.
    pub(super) fn passes_over(self, name: &str) -> bool {
        let lists: &[&[&str]] = match self {
            Of::Broker => &[OF_BROKERS],
            Of::Topic => &[],
            Of::Producer => &[OF_CLIENTS, OF_PRODUCERS],
            Of::Consumer | Of::ShareConsumer => &[OF_CLIENTS, OF_CONSUMERS],
        };
        lists.iter().any(|list| list.contains(&name))
    }

    /// Whether the model has a setting of this name. Brokers refuse a topic's unknown setting themselves.
    fn has(self, name: &str) -> bool {
        match self {
            Of::Broker => ClusterConfig::default().get(name).is_some(),
            Of::Topic => true,
            Of::Producer => ProducerConfig::NAMES.contains(&name),
            Of::Consumer => ConsumerConfig::NAMES.contains(&name),
            // What a consumer has besides, a share consumer refuses by itself.
            Of::ShareConsumer => ShareConsumerConfig::NAMES.contains(&name) || ConsumerConfig::NAMES.contains(&name),
        }
    }

    /// These settings without those of which nothing can be seen.
    ///
    /// # Errors
    /// If there is a name that the model does not have: a real client would only log it, but it may be a slip, or something
    /// that would be seen.
    pub(super) fn seen(self, case: &Case, place: &str, mut settings: Settings) -> Result<Settings, CaseError> {
        settings.retain(|(name, value)| !(self.passes_over(name) || self == Of::Topic && topic_takes(name, value)));
        match settings.iter().find(|(name, _)| !self.has(name)) {
            Some((name, _)) => Err(CaseError::new(case, format!("{place}.{name}"), "the model has no such setting")),
            None => Ok(settings),
        }
    }
}

/// Whether a topic takes this value of a setting of which nothing can be seen. What it does not take, the broker refuses as it
/// does an unknown setting.
fn topic_takes(name: &str, value: &str) -> bool {
    let fits = |least: &Option<i64>| match least {
        Some(least) => value.parse::<i64>().is_ok_and(|number| number >= *least),
        None => value.parse::<bool>().is_ok(),
    };
    OF_TOPICS.iter().any(|(known, least)| *known == name && fits(least)) || name == "compression.type" && COMPRESSIONS.contains(&value)
}
