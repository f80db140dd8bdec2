//! The consumer's settings by their real names, with Kafka 4.2's defaults. Knows no container setting.

use crate::broker::assignor::Assignor;
use crate::broker::{IsolationLevel, KafkaException, Property, iso_duration_ms, properties};
use crate::kernel::SortedMap;

/// Where to begin without a usable committed offset (`auto.offset.reset`, B11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OffsetReset {
    /// The log start.
    Earliest,
    /// The end.
    Latest,
    /// Nowhere: `poll` throws.
    None,
    /// The first record not older than this, in milliseconds.
    ByDuration {
        /// How far back, in milliseconds.
        ms: u64,
    },
}

impl Property for OffsetReset {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "earliest" => Some(OffsetReset::Earliest),
            "latest" => Some(OffsetReset::Latest),
            "none" => Some(OffsetReset::None),
            _ => text.strip_prefix("by_duration:").and_then(iso_duration_ms).map(|ms| OffsetReset::ByDuration { ms }),
        }
    }

    fn show(&self) -> String {
        match self {
            OffsetReset::Earliest => "earliest".to_owned(),
            OffsetReset::Latest => "latest".to_owned(),
            OffsetReset::None => "none".to_owned(),
            OffsetReset::ByDuration { ms } => format!("by_duration:PT{}.{:03}S", ms / 1_000, ms % 1_000),
        }
    }
}

/// How members of a group agree (`group.protocol`, C1, C17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupProtocol {
    /// Join and sync, the leading member assigns.
    Classic,
    /// KIP-848: heartbeats, the coordinator assigns.
    Consumer,
}

impl Property for GroupProtocol {
    fn parse(text: &str) -> Option<Self> {
        [GroupProtocol::Classic, GroupProtocol::Consumer].into_iter().find(|protocol| protocol.show().eq_ignore_ascii_case(text))
    }

    fn show(&self) -> String {
        match self {
            GroupProtocol::Classic => "classic".to_owned(),
            GroupProtocol::Consumer => "consumer".to_owned(),
        }
    }
}

impl Property for Vec<Assignor> {
    fn parse(text: &str) -> Option<Self> {
        text.split(',').map(|name| Assignor::by_name(name.trim())).collect()
    }

    fn show(&self) -> String {
        self.iter().map(|a| a.name()).collect::<Vec<_>>().join(",")
    }
}

/// What becomes of a record's value before the application sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deserializer {
    /// Any bytes will do.
    String,
    /// Four bytes, or it throws.
    Integer,
    /// Throws on values that begin with `poison`.
    Picky,
    /// Spring's wrapper (D14): where the delegate throws it gives null and a header with the failure.
    ErrorHandling,
}

impl Property for Deserializer {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "StringDeserializer" => Some(Deserializer::String),
            "IntegerDeserializer" => Some(Deserializer::Integer),
            "picky" => Some(Deserializer::Picky),
            "ErrorHandlingDeserializer" => Some(Deserializer::ErrorHandling),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            Deserializer::String => "StringDeserializer".to_owned(),
            Deserializer::Integer => "IntegerDeserializer".to_owned(),
            Deserializer::Picky => "picky".to_owned(),
            Deserializer::ErrorHandling => "ErrorHandlingDeserializer".to_owned(),
        }
    }
}

properties! {
    /// The settings of a consumer.
    ConsumerConfig {
        /// The group; empty for none.
        group_id: String = "group.id", String::new();
        /// Makes the member static (C16); empty for a dynamic one.
        group_instance_id: String = "group.instance.id", String::new();
        /// Classic or consumer protocol.
        group_protocol: GroupProtocol = "group.protocol", GroupProtocol::Classic;
        /// The coordinator's assignor for the consumer protocol; empty for its first.
        group_remote_assignor: String = "group.remote.assignor", String::new();
        /// Assignors by preference (C4, C10).
        assignors: Vec<Assignor> = "partition.assignment.strategy", vec![Assignor::Range, Assignor::CooperativeSticky];
        /// Where to begin without a committed offset (B11).
        auto_offset_reset: OffsetReset = "auto.offset.reset", OffsetReset::Latest;
        /// Whether `poll` commits by itself (C7).
        enable_auto_commit: bool = "enable.auto.commit", true;
        /// How often it does.
        auto_commit_interval_ms: u64 as u32 = "auto.commit.interval.ms", 5_000;
        /// How many records one `poll` returns at most (C3).
        max_poll_records: u32 = "max.poll.records", 500, at least 1;
        /// How long the application may stay away from `poll` (C2).
        max_poll_interval_ms: u64 as u32 = "max.poll.interval.ms", 300_000, at least 1;
        /// How long the member may be silent (C2).
        session_timeout_ms: u64 as u32 = "session.timeout.ms", 45_000;
        /// How often it gives a sign of life (C2).
        heartbeat_interval_ms: u64 as u32 = "heartbeat.interval.ms", 3_000;
        /// How long a fetch may wait for records at the broker (B2).
        fetch_max_wait_ms: u64 as u32 = "fetch.max.wait.ms", 500;
        /// How many bytes must have come before a waiting fetch is answered (B2).
        fetch_min_bytes: u32 = "fetch.min.bytes", 1;
        /// How many bytes a fetch answers at most; the first batch always comes whole.
        fetch_max_bytes: u32 = "fetch.max.bytes", 52_428_800;
        /// The same for each partition.
        max_partition_fetch_bytes: u32 = "max.partition.fetch.bytes", 1_048_576;
        /// Whether `close()` tells the group (C2); a static member never does (C16).
        leave_group_on_close: bool = "internal.leave.group.on.close", true;
        /// What to see of transactions (E2).
        isolation_level: IsolationLevel = "isolation.level", IsolationLevel::ReadUncommitted;
        /// How long metadata may be used.
        metadata_max_age_ms: u64 = "metadata.max.age.ms", 300_000;
        /// How long a request may stay unanswered.
        request_timeout_ms: u64 as u32 = "request.timeout.ms", 30_000;
        /// How long to wait after a failure.
        retry_backoff_ms: u64 = "retry.backoff.ms", 100;
        /// How long `commitSync`, `position` and `close` try.
        default_api_timeout_ms: u64 as u32 = "default.api.timeout.ms", 60_000;
        /// The deserializer of values.
        value_deserializer: Deserializer = "value.deserializer", Deserializer::String;
        /// What an `ErrorHandlingDeserializer` delegates to.
        value_delegate: Deserializer = "spring.deserializer.value.delegate.class", Deserializer::String;
    }
}

impl ConsumerConfig {
    /// Whether a rebalance leaves alone what a member keeps: every configured assignor must be able to (C4).
    pub fn is_cooperative(&self) -> bool {
        self.assignors.iter().all(|a| *a == Assignor::CooperativeSticky)
    }

    /// Whether the member is static (C16).
    pub fn is_static(&self) -> bool {
        !self.group_instance_id.is_empty()
    }

    /// What the constructor of `KafkaConsumer` makes of properties; a later one of a name replaces an earlier one.
    ///
    /// # Errors
    /// `ConfigException`, `InvalidConfigurationException`, `KafkaException`, `IllegalStateException`, as Kafka's.
    pub fn of<'a>(properties: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<ConsumerConfig, KafkaException> {
        let refused = |_| KafkaException::new("ConfigException");
        let mut config = ConsumerConfig::default();
        let mut given: SortedMap<&str, &str> = SortedMap::new();
        for (name, value) in properties {
            given.insert(name, value);
        }
        for (name, value) in &given {
            match *name {
                // Neither is wrong in itself: only a member of a classic group finds that it cannot keep time by them.
                "session.timeout.ms" if is_negative(value) => config.session_timeout_ms = 0,
                "heartbeat.interval.ms" if is_negative(value) => config.heartbeat_interval_ms = u64::MAX,
                // Only `subscribe` asks for one.
                "partition.assignment.strategy" if value.is_empty() => config.assignors.clear(),
                _ => config.set(name, value).map_err(|_| refused(()))?,
            }
        }
        config.check(&given).map(|()| config)
    }

    fn check(&self, given: &SortedMap<&str, &str>) -> Result<(), KafkaException> {
        let is_given = |name: &str| given.contains_key(name);
        let is_set = |name: &str| given.get(name).is_some_and(|value| !value.trim().is_empty());
        let foreign: &[&str] = match self.group_protocol {
            GroupProtocol::Classic => &["group.remote.assignor"],
            GroupProtocol::Consumer => &["partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms"],
        };
        let nameless = is_given("group.instance.id") && self.group_instance_id.is_empty();
        if nameless || foreign.iter().any(|name| is_set(name)) {
            return Err(KafkaException::new("ConfigException"));
        }
        if !is_given("group.id") && is_given("enable.auto.commit") && self.enable_auto_commit {
            return Err(KafkaException::new("InvalidConfigurationException"));
        }
        if is_given("group.id") && self.group_id.trim().is_empty() {
            return Err(KafkaException::caused("KafkaException", "InvalidGroupIdException"));
        }
        let classic = is_given("group.id") && self.group_protocol == GroupProtocol::Classic;
        if classic && self.heartbeat_interval_ms >= self.session_timeout_ms {
            return Err(KafkaException::new("KafkaException"));
        }
        if self.assignors.is_empty() { Err(KafkaException::new("IllegalStateException")) } else { Ok(()) }
    }
}

/// Whether it is an `int` below 0.
fn is_negative(value: &str) -> bool {
    value.trim().parse::<i32>().is_ok_and(|number| number < 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(properties: &[(&str, &str)]) -> Option<KafkaException> {
        ConsumerConfig::of([("group.id", "g")].iter().chain(properties).copied()).err()
    }

    #[test]
    fn c2_settings_that_a_consumer_refuses() {
        let plain = |class| Some(KafkaException::new(class));
        assert_eq!(refused(&[("max.poll.records", "0")]), plain("ConfigException"));
        assert_eq!(refused(&[("max.poll.records", "2147483648")]), plain("ConfigException"));
        assert_eq!(refused(&[("group.instance.id", "")]), plain("ConfigException"));
        assert_eq!(refused(&[("session.timeout.ms", "300"), ("heartbeat.interval.ms", "300")]), plain("KafkaException"));
        assert_eq!(refused(&[("session.timeout.ms", "-1")]), plain("KafkaException"));
        assert_eq!(refused(&[("group.protocol", "consumer"), ("session.timeout.ms", "6000")]), plain("ConfigException"));
        assert_eq!(refused(&[("group.remote.assignor", "range")]), plain("ConfigException"));
        assert_eq!(refused(&[("partition.assignment.strategy", "")]), plain("IllegalStateException"));
        assert_eq!(refused(&[("group.id", " ")]), Some(KafkaException::caused("KafkaException", "InvalidGroupIdException")));
        assert_eq!(refused(&[("session.timeout.ms", "400"), ("heartbeat.interval.ms", "300")]), None);
        // Without a group there is nobody to keep time for.
        assert_eq!(ConsumerConfig::of([("session.timeout.ms", "-1")]).err(), None);
        assert_eq!(ConsumerConfig::of([("heartbeat.interval.ms", "-1")]).err(), None);
        let alone = ConsumerConfig::of([("enable.auto.commit", "true")]);
        assert_eq!(alone.err(), plain("InvalidConfigurationException"), "without a group");
        assert_eq!(ConsumerConfig::of([]).err(), None, "the default is no such wish");
    }

    /// What the constructor of Kafka 4.2.1's consumer refused, and what it took, one setting at a time.
    #[test]
    fn c2_values_that_the_constructor_refuses() {
        let plain = Some(KafkaException::new("ConfigException"));
        for (name, value) in [
            ("auto.commit.interval.ms", "-1"),
            ("auto.offset.reset", "LATEST"),
            ("auto.offset.reset", "by_duration:PT-1H"),
            ("default.api.timeout.ms", "-1"),
            ("enable.auto.commit", ""),
            ("fetch.max.bytes", "-1"),
            ("fetch.max.wait.ms", "-1"),
            ("fetch.min.bytes", "-1"),
            ("group.protocol", "x"),
            ("isolation.level", "READ_COMMITTED"),
            ("max.partition.fetch.bytes", "-1"),
            ("max.poll.interval.ms", "0"),
            ("max.poll.records", ""),
            ("metadata.max.age.ms", "-1"),
            ("metadata.max.age.ms", "9223372036854775808"),
            ("request.timeout.ms", "2147483648"),
            ("retry.backoff.ms", "-1"),
        ] {
            assert_eq!(refused(&[(name, value)]), plain, "{name}={value}");
        }
        assert_eq!(refused(&[("heartbeat.interval.ms", "-1")]), Some(KafkaException::new("KafkaException")));
        for (name, value) in [
            ("auto.offset.reset", " latest "),
            ("auto.offset.reset", "by_duration:pt1h"),
            ("enable.auto.commit", "TRUE"),
            ("fetch.max.bytes", "0"),
            ("group.protocol", "CONSUMER"),
            ("group.remote.assignor", ""),
            ("heartbeat.interval.ms", "0"),
        ] {
            assert_eq!(refused(&[(name, value)]), None, "{name}={value}");
        }
    }
}
