//! Broker and topic settings by their real property names, with Kafka 4.2's defaults. Knows no file format: names and
//! values come as text, one pair at a time.

use super::IsolationLevel;
use crate::kernel::SimTime;

/// A setting that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConfigError {
    /// There is no such property.
    UnknownName {
        /// The name.
        name: String,
    },
    /// The property exists, the value does not fit it.
    BadValue {
        /// The property.
        name: String,
        /// The refused text.
        value: String,
    },
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ConfigError::UnknownName { name } => write!(f, "unknown property {name:?}"),
            ConfigError::BadValue { name, value } => write!(f, "invalid value {value:?} for {name:?}"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// A value that can be read from a property's text and shown as such.
pub trait Property: Sized {
    /// The value that `text` stands for, if any; `text` has no white space around it (`ConfigDef.parseType` trims).
    fn parse(text: &str) -> Option<Self>;
    /// The text that [`Property::parse`] reads.
    fn show(&self) -> String;
}

/// Numbers in Java's ranges, whatever holds them here: Kafka has no unsigned ones.
macro_rules! numeric_property {
    ($($ty:ty: $most:expr),*) => { $(
        impl Property for $ty {
            fn parse(text: &str) -> Option<Self> {
                text.parse().ok().filter(|number| *number <= $most)
            }
            fn show(&self) -> String {
                self.to_string()
            }
        }
    )* };
}

numeric_property!(u32: i32::MAX as u32, u64: i64::MAX as u64, i32: i32::MAX, i64: i64::MAX);

impl Property for bool {
    fn parse(text: &str) -> Option<Self> {
        [false, true].into_iter().find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Property for String {
    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl<T: Property> Property for Option<T> {
    fn parse(text: &str) -> Option<Self> {
        T::parse(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }
}

/// Declares a struct of settings: `field: type = "real.property.name", default;`. Gives it `Default`, `set`, `get` and
/// the list of names. `type as u32` is for what is counted on in 64 bits here and is an INT of Kafka's; a last
/// `, at least n` for what Kafka's `ConfigDef` refuses below `n`.
macro_rules! properties {
    ($(#[$doc:meta])* $name:ident { $(
        $(#[$field_doc:meta])* $field:ident : $ty:ty $(as $int:ty)? = $property:literal, $default:expr $(, at least $least:literal)?;
    )* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            $( $(#[$field_doc])* #[doc = concat!(" Property `", $property, "`.")] pub $field: $ty, )*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $( $field: $default, )* }
            }
        }

        impl $name {
            /// The real names of all properties, in the order of the fields.
            pub const NAMES: &'static [&'static str] = &[ $( $property, )* ];

            /// Sets the property `name` from text.
            ///
            /// # Errors
            /// [`ConfigError::UnknownName`](crate::broker::ConfigError) or `BadValue`; then nothing is changed.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), $crate::broker::ConfigError> {
                let bad = || $crate::broker::ConfigError::BadValue { name: name.to_owned(), value: value.to_owned() };
                let text = value.trim();
                match name {
                    $( $property => {
                        self.$field = $crate::broker::read_property!(text, $ty $(, $int)?)$(.filter(|number| *number >= $least))?.ok_or_else(bad)?;
                    } )*
                    _ => return Err($crate::broker::ConfigError::UnknownName { name: name.to_owned() }),
                }
                Ok(())
            }

            /// The property's value as text; `None` if there is no such property.
            pub fn get(&self, name: &str) -> Option<String> {
                match name {
                    $( $property => Some($crate::broker::Property::show(&self.$field)), )*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use properties;

/// Reads a value as its own type, or as Kafka's INT where that is narrower.
macro_rules! read_property {
    ($text:expr, $ty:ty) => {
        <$ty as $crate::broker::Property>::parse($text)
    };
    ($text:expr, $ty:ty, $int:ty) => {
        <$int as $crate::broker::Property>::parse($text).map(<$ty>::from)
    };
}
pub(crate) use read_property;

/// The milliseconds of an ISO 8601 duration of days, hours, minutes and seconds, such as `P1DT2H30M` or `PT0.5S`; as in
/// `Duration.parse` small letters will do.
pub(crate) fn iso_duration_ms(text: &str) -> Option<u64> {
    let text = &*text.to_ascii_uppercase();
    let (days, time) = text.strip_prefix('P')?.split_once('T').unwrap_or((text.strip_prefix('P')?, ""));
    let mut ms = match days.strip_suffix('D') {
        Some(days) => days.parse::<u64>().ok()?.checked_mul(86_400_000)?,
        None if days.is_empty() => 0,
        None => return None,
    };
    let mut rest = time;
    for (unit, unit_ms) in [('H', 3_600_000), ('M', 60_000), ('S', 1_000_u64)] {
        if let Some((number, after)) = rest.split_once(unit) {
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            let thousandths: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
            ms = ms.checked_add(whole.parse::<u64>().ok()?.checked_mul(unit_ms)?)?.checked_add(thousandths * unit_ms / 1_000)?;
            rest = after;
        }
    }
    (rest.is_empty() && text.len() > 2).then_some(ms)
}

impl Property for IsolationLevel {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "read_uncommitted" => Some(IsolationLevel::ReadUncommitted),
            "read_committed" => Some(IsolationLevel::ReadCommitted),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            IsolationLevel::ReadUncommitted => "read_uncommitted".to_owned(),
            IsolationLevel::ReadCommitted => "read_committed".to_owned(),
        }
    }
}

/// What happens to old records (`cleanup.policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CleanupPolicy {
    /// Retention by time and size (B7, B8).
    pub delete: bool,
    /// Compaction by key (B10).
    pub compact: bool,
}

impl Property for CleanupPolicy {
    fn parse(text: &str) -> Option<Self> {
        let mut policy = CleanupPolicy { delete: false, compact: false };
        if text.is_empty() {
            return Some(policy);
        }
        for part in text.split(',').map(str::trim) {
            match part {
                "delete" => policy.delete = true,
                "compact" => policy.compact = true,
                _ => return None,
            }
        }
        Some(policy)
    }

    fn show(&self) -> String {
        match (self.compact, self.delete) {
            (true, true) => "compact,delete".to_owned(),
            (true, false) => "compact".to_owned(),
            (false, true) => "delete".to_owned(),
            (false, false) => String::new(),
        }
    }
}

/// Whose clock a record's timestamp comes from (`message.timestamp.type`, A11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// The producer's, or what the application gave.
    CreateTime,
    /// The broker's at the append.
    LogAppendTime,
}

impl Property for TimestampType {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "CreateTime" => Some(TimestampType::CreateTime),
            "LogAppendTime" => Some(TimestampType::LogAppendTime),
            _ => None,
        }
    }

    fn show(&self) -> String {
        format!("{self:?}")
    }
}

/// A ratio between 0 and 1 in thousandths: the core knows no floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PerMille(pub u32);

impl Property for PerMille {
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
        let value = whole.parse::<u32>().ok()?.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
        (value <= 1_000).then_some(PerMille(value))
    }

    fn show(&self) -> String {
        format!("{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

properties! {
    /// The settings of a topic (`TopicConfig`, `LogConfig`). Milliseconds and bytes; -1 means "no limit" where a field is signed.
    TopicConfig {
        /// Deletion, compaction or both.
        cleanup_policy: CleanupPolicy = "cleanup.policy", CleanupPolicy { delete: true, compact: false };
        /// How long a tombstone stays after the pass that first met it (B10).
        delete_retention_ms: u64 = "delete.retention.ms", 86_400_000;
        /// Kept for completeness: deleted segments are unreadable at once.
        file_delete_delay_ms: u64 = "file.delete.delay.ms", 60_000;
        /// The largest batch that is accepted.
        max_message_bytes: u64 as u32 = "max.message.bytes", 1_048_588;
        /// After this long a dirty log is cleaned whatever its ratio.
        max_compaction_lag_ms: u64 = "max.compaction.lag.ms", i64::MAX as u64;
        /// How far ahead of the broker's clock a CreateTime may be (A11).
        message_timestamp_after_max_ms: i64 = "message.timestamp.after.max.ms", 3_600_000;
        /// How far behind the broker's clock a CreateTime may be (A11).
        message_timestamp_before_max_ms: i64 = "message.timestamp.before.max.ms", i64::MAX;
        /// Whose clock counts.
        message_timestamp_type: TimestampType = "message.timestamp.type", TimestampType::CreateTime;
        /// The share of dirty bytes above which a log is cleaned.
        min_cleanable_dirty_ratio: PerMille = "min.cleanable.dirty.ratio", PerMille(500);
        /// How long a record is safe from compaction.
        min_compaction_lag_ms: u64 = "min.compaction.lag.ms", 0;
        /// How many in-sync replicas acks=all asks for; effectively at most the replication factor (A7).
        min_insync_replicas: u32 = "min.insync.replicas", 1;
        /// Retention by size, per partition (B8).
        retention_bytes: i64 = "retention.bytes", -1;
        /// Retention by time (B7).
        retention_ms: i64 = "retention.ms", 604_800_000;
        /// When a segment is full; at least 1 MiB since 4.0.
        segment_bytes: u64 as u32 = "segment.bytes", 1_073_741_824;
        /// The same without a minimum, as Kafka's own tests use it; wins over `segment.bytes`.
        internal_segment_bytes: Option<u32> = "internal.segment.bytes", None;
        /// The span of timestamps that a segment may hold.
        segment_ms: u64 = "segment.ms", 604_800_000;
        /// Whether a replica outside the ISR may lead when no other is left (B5).
        unclean_leader_election_enable: bool = "unclean.leader.election.enable", false;
    }
}

impl TopicConfig {
    /// The size at which a segment is full, in bytes.
    pub fn segment_bytes_max(&self) -> u64 {
        self.internal_segment_bytes.map_or(self.segment_bytes, u64::from)
    }

    /// Whether the values make sense together with Kafka's bounds (`LogConfig.validate`).
    pub fn is_valid(&self) -> bool {
        let segments = self.segment_bytes >= 1_048_576 && self.segment_ms >= 1;
        let lags = self.max_compaction_lag_ms >= 1 && self.min_compaction_lag_ms <= self.max_compaction_lag_ms;
        let timestamps = self.message_timestamp_after_max_ms >= 0 && self.message_timestamp_before_max_ms >= 0;
        segments && lags && timestamps && self.min_insync_replicas >= 1 && self.retention_ms >= -1
    }
}

properties! {
    /// The settings of the brokers; one for all brokers of a cluster. Topic defaults are in [`ClusterConfig`].
    BrokerConfig {
        /// Whether a Metadata request for an unknown topic creates it.
        auto_create_topics_enable: bool = "auto.create.topics.enable", true;
        /// Whether leadership goes back to the preferred replica now and then (B5).
        auto_leader_rebalance_enable: bool = "auto.leader.rebalance.enable", true;
        /// How often that is looked at.
        leader_imbalance_check_interval_seconds: u64 = "leader.imbalance.check.interval.seconds", 300, at least 1;
        /// How often a broker tells the controller that it lives.
        broker_heartbeat_interval_ms: u64 = "broker.heartbeat.interval.ms", 2_000;
        /// How long the controller waits before it fences a silent broker.
        broker_session_timeout_ms: u64 = "broker.session.timeout.ms", 9_000;
        /// Partitions of a topic that is created without a number.
        num_partitions: u32 = "num.partitions", 1;
        /// Replicas of a topic that is created without a number.
        default_replication_factor: u32 = "default.replication.factor", 1;
        /// How long a follower may lag before it leaves the ISR (B5).
        replica_lag_time_max_ms: u64 = "replica.lag.time.max.ms", 30_000;
        /// How long a leader holds a follower's fetch without news.
        replica_fetch_wait_max_ms: u64 = "replica.fetch.wait.max.ms", 500;
        /// How long a follower waits after a failed fetch.
        replica_fetch_backoff_ms: u64 = "replica.fetch.backoff.ms", 1_000;
        /// How long a follower waits for an answer.
        replica_socket_timeout_ms: u64 = "replica.socket.timeout.ms", 30_000;
        /// How many bytes a follower's fetch brings at most, per partition.
        replica_fetch_max_bytes: u64 = "replica.fetch.max.bytes", 1_048_576;
        /// How long after the start the background tasks begin.
        log_initial_task_delay_ms: u64 = "log.initial.task.delay.ms", 30_000;
        /// How often retention is checked (B7).
        log_retention_check_interval_ms: u64 = "log.retention.check.interval.ms", 300_000, at least 1;
        /// Whether the cleaner runs at all (B10).
        log_cleaner_enable: bool = "log.cleaner.enable", true;
        /// How long the cleaner rests when nothing is dirty.
        log_cleaner_backoff_ms: u64 = "log.cleaner.backoff.ms", 15_000;
        /// How long a partition remembers an idle producer (A9).
        producer_id_expiration_ms: u64 = "producer.id.expiration.ms", 86_400_000;
        /// The longest transaction that a producer may ask for (E1).
        transaction_max_timeout_ms: u64 = "transaction.max.timeout.ms", 900_000;
        /// How often the coordinator looks for transactions that ran out of time (E1).
        transaction_abort_cleanup_interval_ms: u64 = "transaction.abort.timed.out.transaction.cleanup.interval.ms", 10_000, at least 1;
        /// How long an idle transactional id is remembered.
        transactional_id_expiration_ms: u64 = "transactional.id.expiration.ms", 604_800_000;
        /// Feature `eligible.leader.replicas.version`: 1 keeps eligible leader replicas (B5).
        eligible_leader_replicas_version: u32 = "eligible.leader.replicas.version", 1;
        /// Feature `transaction.version`: 2 bumps the producer's epoch at every end of a transaction (E3).
        transaction_version: u32 = "transaction.version", 2;
        /// How long the first rebalance of an empty group waits for more members (C1).
        group_initial_rebalance_delay_ms: u64 = "group.initial.rebalance.delay.ms", 3_000;
        /// The shortest session timeout that a classic member may ask for.
        group_min_session_timeout_ms: u64 = "group.min.session.timeout.ms", 6_000;
        /// The longest session timeout that a classic member may ask for.
        group_max_session_timeout_ms: u64 = "group.max.session.timeout.ms", 1_800_000;
        /// The largest classic group.
        group_max_size: u32 = "group.max.size", 2_147_483_647;
        /// The session timeout of the consumer protocol (C17).
        group_consumer_session_timeout_ms: u64 = "group.consumer.session.timeout.ms", 45_000;
        /// Its lower bound.
        group_consumer_min_session_timeout_ms: u64 = "group.consumer.min.session.timeout.ms", 45_000;
        /// Its upper bound.
        group_consumer_max_session_timeout_ms: u64 = "group.consumer.max.session.timeout.ms", 60_000;
        /// The heartbeat interval of the consumer protocol (C17).
        group_consumer_heartbeat_interval_ms: u64 = "group.consumer.heartbeat.interval.ms", 5_000;
        /// Its lower bound.
        group_consumer_min_heartbeat_interval_ms: u64 = "group.consumer.min.heartbeat.interval.ms", 5_000;
        /// Its upper bound.
        group_consumer_max_heartbeat_interval_ms: u64 = "group.consumer.max.heartbeat.interval.ms", 15_000;
        /// The largest group of the consumer protocol.
        group_consumer_max_size: u32 = "group.consumer.max.size", 2_147_483_647;
        /// The session timeout of share groups (S1).
        group_share_session_timeout_ms: u64 = "group.share.session.timeout.ms", 45_000;
        /// Its lower bound.
        group_share_min_session_timeout_ms: u64 = "group.share.min.session.timeout.ms", 45_000;
        /// Its upper bound.
        group_share_max_session_timeout_ms: u64 = "group.share.max.session.timeout.ms", 60_000;
        /// The heartbeat interval of share groups (S1).
        group_share_heartbeat_interval_ms: u64 = "group.share.heartbeat.interval.ms", 5_000;
        /// Its lower bound.
        group_share_min_heartbeat_interval_ms: u64 = "group.share.min.heartbeat.interval.ms", 5_000;
        /// Its upper bound.
        group_share_max_heartbeat_interval_ms: u64 = "group.share.max.heartbeat.interval.ms", 15_000;
        /// The largest share group (S1).
        group_share_max_size: u32 = "group.share.max.size", 200;
        /// How often a record may be delivered (S6).
        group_share_delivery_count_limit: u32 = "group.share.delivery.count.limit", 5;
        /// How long a member may keep a record before its lock ends (S5).
        group_share_record_lock_duration_ms: u64 = "group.share.record.lock.duration.ms", 30_000;
        /// The shortest such time that a group may set.
        group_share_min_record_lock_duration_ms: u64 = "group.share.min.record.lock.duration.ms", 15_000;
        /// The longest such time that a group may set.
        group_share_max_record_lock_duration_ms: u64 = "group.share.max.record.lock.duration.ms", 60_000;
        /// How many records of a partition may be in flight at a time, for each group (S11).
        group_share_partition_max_record_locks: u64 = "group.share.partition.max.record.locks", 2_000;
        /// How long the offsets of an empty group are kept (C8).
        offsets_retention_minutes: u64 = "offsets.retention.minutes", 10_080;
        /// How often that is checked.
        offsets_retention_check_interval_ms: u64 = "offsets.retention.check.interval.ms", 600_000, at least 1;
    }
}

/// Broker properties that are the default of a topic property with another name.
const TOPIC_DEFAULTS: &[(&str, &str)] = &[
    ("log.cleanup.policy", "cleanup.policy"),
    ("log.cleaner.delete.retention.ms", "delete.retention.ms"),
    ("log.segment.delete.delay.ms", "file.delete.delay.ms"),
    ("message.max.bytes", "max.message.bytes"),
    ("log.cleaner.max.compaction.lag.ms", "max.compaction.lag.ms"),
    ("log.message.timestamp.after.max.ms", "message.timestamp.after.max.ms"),
    ("log.message.timestamp.before.max.ms", "message.timestamp.before.max.ms"),
    ("log.message.timestamp.type", "message.timestamp.type"),
    ("log.cleaner.min.cleanable.ratio", "min.cleanable.dirty.ratio"),
    ("log.cleaner.min.compaction.lag.ms", "min.compaction.lag.ms"),
    ("min.insync.replicas", "min.insync.replicas"),
    ("log.retention.bytes", "retention.bytes"),
    ("log.retention.ms", "retention.ms"),
    ("log.segment.bytes", "segment.bytes"),
    ("log.roll.ms", "segment.ms"),
    ("unclean.leader.election.enable", "unclean.leader.election.enable"),
];

/// What a cluster starts with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClusterConfig {
    /// How many brokers, at least 1.
    pub brokers: u32,
    /// The id of the first broker; the others follow.
    pub first_broker_id: u32,
    /// The brokers' settings.
    pub broker: BrokerConfig,
    /// What a topic has where it says nothing itself.
    pub topic_defaults: TopicConfig,
}

impl Default for ClusterConfig {
    fn default() -> Self {
        ClusterConfig { brokers: 1, first_broker_id: 0, broker: BrokerConfig::default(), topic_defaults: TopicConfig::default() }
    }
}

impl ClusterConfig {
    /// Sets a broker property, be it one of the broker itself or the default of a topic property.
    ///
    /// # Errors
    /// [`ConfigError`] naming what was refused.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        match TOPIC_DEFAULTS.iter().find(|(broker, _)| *broker == name) {
            Some((_, topic)) => self.topic_defaults.set(topic, value),
            None => self.broker.set(name, value),
        }
    }

    /// The names of the broker properties that are defaults of topic properties.
    pub fn topic_default_names() -> impl Iterator<Item = &'static str> {
        TOPIC_DEFAULTS.iter().map(|(broker, _)| *broker)
    }

    /// A broker property as text; `None` if there is no such property.
    pub fn get(&self, name: &str) -> Option<String> {
        match TOPIC_DEFAULTS.iter().find(|(broker, _)| *broker == name) {
            Some((_, topic)) => self.topic_defaults.get(topic),
            None => self.broker.get(name),
        }
    }
}

/// How long something rests that is done again and again: a millisecond at least, also where Kafka takes a setting of 0, or
/// time would stand still.
pub(crate) const fn rest_us(ms: u64) -> u64 {
    us(if ms == 0 { 1 } else { ms })
}

/// Milliseconds of a setting as the kernel's microseconds.
pub const fn us(ms: u64) -> u64 {
    ms.saturating_mul(1_000)
}

/// The wall-clock milliseconds of `now`, as brokers and clients (whose clocks agree) stamp them.
pub const fn wall_ms(now: SimTime) -> i64 {
    super::EPOCH_MS.saturating_add(now.ms() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_an_error_that_names_it() {
        let error = ClusterConfig::default().set("log.retention.msec", "1").expect_err("no such property");
        assert_eq!(error, ConfigError::UnknownName { name: "log.retention.msec".to_owned() });
        assert!(error.to_string().contains("log.retention.msec"));
    }

    #[test]
    fn broker_names_of_topic_settings_reach_the_topic_defaults() {
        let mut config = ClusterConfig::default();
        config.set("log.retention.ms", "1234").expect("a real name");
        config.set("group.initial.rebalance.delay.ms", "0").expect("a real name");
        assert_eq!(config.topic_defaults.retention_ms, 1234);
        assert_eq!(config.broker.group_initial_rebalance_delay_ms, 0);
        assert_eq!(config.get("log.retention.ms").as_deref(), Some("1234"));
    }

    #[test]
    fn b7_segment_bytes_has_a_minimum_of_one_mebibyte() {
        let mut config = TopicConfig::default();
        config.set("segment.bytes", "1048575").expect("an int");
        assert!(!config.is_valid());
        config.set("segment.bytes", "1048576").expect("an int");
        assert!(config.is_valid());
        config.set("internal.segment.bytes", "200").expect("an int");
        assert!(config.is_valid());
        assert_eq!(config.segment_bytes_max(), 200);
    }

    #[test]
    fn ratios_and_policies_are_read_as_kafka_writes_them() {
        assert_eq!(PerMille::parse("0.01"), Some(PerMille(10)));
        assert_eq!(PerMille::parse("1"), Some(PerMille(1_000)));
        assert_eq!(PerMille::parse("1.5"), None);
        assert_eq!(CleanupPolicy::parse("compact,delete"), Some(CleanupPolicy { delete: true, compact: true }));
        assert_eq!(CleanupPolicy::parse("drop"), None);
    }
}
