//! The share consumer's settings by their real names, with Kafka 4.2's defaults. What a consumer group's member has besides
//! (`auto.offset.reset`, `enable.auto.commit`, assignors) a share consumer refuses, as Kafka's does.

use crate::broker::share::AcquireMode;
use crate::broker::{KafkaException, Property, properties};

/// How an application says what became of records (`share.acknowledgement.mode`, S16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AcknowledgementMode {
    /// The next `poll` or commit accepts what the last one returned.
    Implicit,
    /// The application acknowledges each record.
    Explicit,
}

impl Property for AcknowledgementMode {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "implicit" => Some(AcknowledgementMode::Implicit),
            "explicit" => Some(AcknowledgementMode::Explicit),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            AcknowledgementMode::Implicit => "implicit".to_owned(),
            AcknowledgementMode::Explicit => "explicit".to_owned(),
        }
    }
}

properties! {
    /// The settings of a share consumer.
    ShareConsumerConfig {
        /// The group; must not be empty.
        group_id: String = "group.id", String::new();
        /// How records are acknowledged (S16).
        acknowledgement_mode: AcknowledgementMode = "share.acknowledgement.mode", AcknowledgementMode::Implicit;
        /// How many records a fetch takes of a batch (S4).
        acquire_mode: AcquireMode = "share.acquire.mode", AcquireMode::BatchOptimized;
        /// How many records one `poll` returns; whole batches may be more (S4).
        max_poll_records: u32 = "max.poll.records", 500, at least 1;
        /// How long the application may stay away from `poll` (S1).
        max_poll_interval_ms: u64 as u32 = "max.poll.interval.ms", 300_000, at least 1;
        /// How long a fetch may wait for records at the broker.
        fetch_max_wait_ms: u64 as u32 = "fetch.max.wait.ms", 500;
        /// How many bytes must have come before a waiting fetch is answered.
        fetch_min_bytes: u32 = "fetch.min.bytes", 1;
        /// How many bytes a fetch answers at most; the first batch always comes whole.
        fetch_max_bytes: u32 = "fetch.max.bytes", 52_428_800;
        /// How long metadata may be used.
        metadata_max_age_ms: u64 = "metadata.max.age.ms", 300_000;
        /// How long a request may stay unanswered.
        request_timeout_ms: u64 as u32 = "request.timeout.ms", 30_000;
        /// How long to wait after a failure.
        retry_backoff_ms: u64 = "retry.backoff.ms", 100;
        /// How long `commitSync` tries.
        default_api_timeout_ms: u64 as u32 = "default.api.timeout.ms", 60_000;
    }
}

impl ShareConsumerConfig {
    /// What the constructor of `KafkaShareConsumer` makes of properties; a later one of a name replaces an earlier one.
    ///
    /// # Errors
    /// `ConfigException` for a property that it does not have or a value that it cannot be; a `KafkaException` caused by
    /// `InvalidGroupIdException` without a group.
    pub fn of<'a>(properties: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<ShareConsumerConfig, KafkaException> {
        let mut config = ShareConsumerConfig::default();
        for (name, value) in properties {
            config.set(name, value).map_err(|_| KafkaException::new("ConfigException"))?;
        }
        if config.group_id.is_empty() { Err(KafkaException::caused("KafkaException", "InvalidGroupIdException")) } else { Ok(config) }
    }

    /// Whether the application acknowledges each record (S16).
    pub fn is_explicit(&self) -> bool {
        self.acknowledgement_mode == AcknowledgementMode::Explicit
    }

    pub(super) fn is_record_limit(&self) -> bool {
        self.acquire_mode == AcquireMode::RecordLimit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the constructor of Kafka 4.2.1's share consumer refused, and what it took.
    #[test]
    fn s1_settings_that_a_share_consumer_refuses() {
        let of = |name, value| ShareConsumerConfig::of([("group.id", "g"), (name, value)]).err();
        let plain = Some(KafkaException::new("ConfigException"));
        for (name, value) in [
            ("auto.offset.reset", "latest"),
            ("enable.auto.commit", "false"),
            ("fetch.max.wait.ms", "-1"),
            ("max.poll.interval.ms", "0"),
            ("max.poll.interval.ms", "2147483648"),
            ("max.poll.records", "0"),
            ("max.poll.records", "2147483648"),
            ("request.timeout.ms", "2147483648"),
            ("share.acknowledgement.mode", "EXPLICIT"),
            ("share.acquire.mode", "x"),
        ] {
            assert_eq!(of(name, value), plain, "{name}={value}");
        }
        assert_eq!(of("share.acquire.mode", "RECORD_LIMIT"), None);
        let nameless = KafkaException::caused("KafkaException", "InvalidGroupIdException");
        assert_eq!(ShareConsumerConfig::of([]).err(), Some(nameless.clone()));
        assert_eq!(of("group.id", " "), Some(nameless));
    }
}
