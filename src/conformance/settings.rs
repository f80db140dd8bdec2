//! Settings that real clients, brokers and topics have and of which nothing can be seen in a case: buffers, back-offs between
//! connections, metrics, threads. A case may have them; they are passed over. Knows no values.

use super::{Case, CaseError};
use crate::broker::{ClusterConfig, ProducerConfig};
use crate::listener::consumer::ConsumerConfig;
use crate::listener::share::ShareConsumerConfig;
use crate::pipeline::lab::Settings;

/// What a setting may be (`ConfigDef`).
#[derive(Debug, Clone, Copy)]
enum Takes {
    /// Anything.
    Text,
    /// `true` or `false`, in letters of any size.
    Bool,
    /// A whole number from the first to the second.
    Number(i64, i64),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One of these, in letters of any size.
    OneOfAnyCase(&'static [&'static str]),
}

/// A LONG of at least `least`.
const fn long(least: i64) -> Takes {
    Takes::Number(least, i64::MAX)
}

/// An INT of at least `least`.
const fn int(least: i64) -> Takes {
    Takes::Number(least, i32::MAX as i64)
}

impl Takes {
    fn takes(self, value: &str) -> bool {
        let value = value.trim();
        match self {
            Takes::Text => true,
            Takes::Bool => Takes::OneOfAnyCase(&["true", "false"]).takes(value),
            Takes::Number(least, most) => value.parse().is_ok_and(|number: i64| (least..=most).contains(&number)),
            Takes::OneOf(values) => values.contains(&value),
            Takes::OneOfAnyCase(values) => values.iter().any(|v| v.eq_ignore_ascii_case(value)),
        }
    }
}

/// Settings by name, with what they may be.
type List = &'static [(&'static str, Takes)];

/// Of every client.
const OF_CLIENTS: List = &[
    ("client.dns.lookup", Takes::OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"])),
    ("client.rack", Takes::Text),
    ("connections.max.idle.ms", long(i64::MIN)),
    ("enable.metrics.push", Takes::Bool),
    ("metadata.recovery.rebootstrap.trigger.ms", long(0)),
    ("metadata.recovery.strategy", Takes::OneOfAnyCase(&["rebootstrap", "none"])),
    ("metric.reporters", Takes::Text),
    ("metrics.num.samples", int(1)),
    ("metrics.recording.level", Takes::OneOf(&["INFO", "DEBUG", "TRACE"])),
    ("metrics.sample.window.ms", long(0)),
    ("receive.buffer.bytes", int(-1)),
    ("reconnect.backoff.max.ms", long(0)),
    ("reconnect.backoff.ms", long(0)),
    ("send.buffer.bytes", int(-1)),
    ("socket.connection.setup.timeout.max.ms", long(i64::MIN)),
    ("socket.connection.setup.timeout.ms", long(i64::MIN)),
];
/// Of consumers, share consumers among them.
const OF_CONSUMERS: List = &[
    ("allow.auto.create.topics", Takes::Bool),
    ("check.crcs", Takes::Bool),
    ("exclude.internal.topics", Takes::Bool),
    ("retry.backoff.max.ms", long(0)),
];
/// Of share consumers, which take them and do nothing with them.
const OF_SHARE_CONSUMERS: List =
    &[("auto.commit.interval.ms", int(0)), ("internal.leave.group.on.close", Takes::Bool), ("max.partition.fetch.bytes", int(0))];
/// -1 is for gzip's own choice.
const GZIP_LEVELS: Takes = Takes::OneOf(&["-1", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
const LZ4_LEVELS: Takes = Takes::Number(1, 17);
const ZSTD_LEVELS: Takes = Takes::Number(-131_072, 22);
/// Of producers. Compression changes the size of segments, which a case sees only if it asks for it.
const OF_PRODUCERS: List = &[
    ("compression.gzip.level", GZIP_LEVELS),
    ("compression.lz4.level", LZ4_LEVELS),
    ("compression.type", Takes::OneOf(&["none", "gzip", "snappy", "lz4", "zstd"])),
    ("compression.zstd.level", ZSTD_LEVELS),
    ("metadata.max.idle.ms", long(5_000)),
    ("partitioner.availability.timeout.ms", long(0)),
];
/// Of topics.
const OF_TOPICS: List = &[
    ("compression.gzip.level", GZIP_LEVELS),
    ("compression.lz4.level", LZ4_LEVELS),
    ("compression.type", Takes::OneOf(&["producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"])),
    ("compression.zstd.level", ZSTD_LEVELS),
    ("flush.messages", long(1)),
    ("flush.ms", long(0)),
    ("index.interval.bytes", int(0)),
    ("preallocate", Takes::Bool),
    ("segment.index.bytes", int(4)),
    ("segment.jitter.ms", long(0)),
];
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
    /// What a real setting of which nothing can be seen may be; `None` for any other. Those of brokers have no bounds here: a
    /// broker that refuses a setting does not start, and there is no case.
    fn takes(self, name: &str) -> Option<Takes> {
        let lists: &[List] = match self {
            Of::Broker => return OF_BROKERS.contains(&name).then_some(Takes::Text),
            Of::Topic => &[OF_TOPICS],
            Of::Producer => &[OF_CLIENTS, OF_PRODUCERS],
            Of::Consumer => &[OF_CLIENTS, OF_CONSUMERS],
            Of::ShareConsumer => &[OF_CLIENTS, OF_CONSUMERS, OF_SHARE_CONSUMERS],
        };
        lists.iter().copied().flatten().find(|(known, _)| *known == name).map(|(_, takes)| *takes)
    }

    /// Whether it is a real setting of which nothing can be seen.
    pub(super) fn passes_over(self, name: &str) -> bool {
        self.takes(name).is_some()
    }

    /// Whether the model has a setting of this name. Brokers refuse a topic's unknown setting themselves.
    fn has(self, name: &str) -> bool {
        match self {
            Of::Broker => ClusterConfig::default().get(name).is_some(),
            Of::Topic => true,
            Of::Producer => ProducerConfig::NAMES.contains(&name),
            // What one kind of consumer has and the other has not, that other one refuses by itself.
            Of::Consumer | Of::ShareConsumer => ShareConsumerConfig::NAMES.contains(&name) || ConsumerConfig::NAMES.contains(&name),
        }
    }

    /// These settings without those of which nothing can be seen. Of these, one with a value that it cannot have stays: the
    /// model refuses it as it does an unknown setting, and that is what the real client or broker does with the value.
    ///
    /// # Errors
    /// If there is a name that the model does not have: a real client would only log it, but it may be a slip, or something
    /// that would be seen.
    pub(super) fn seen(self, case: &Case, place: &str, mut settings: Settings) -> Result<Settings, CaseError> {
        settings.retain(|(name, value)| !self.takes(name).is_some_and(|t| t.takes(value)));
        match settings.iter().find(|(name, _)| !(self.has(name) || self.passes_over(name))) {
            Some((name, _)) => Err(CaseError::new(case, format!("{place}.{name}"), "the model has no such setting")),
            None => Ok(settings),
        }
    }
}
