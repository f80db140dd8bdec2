//! A producer's settings by their real names, and which of them contradict each other (A9). Knows no behaviour.

use crate::broker::config::properties;
use crate::broker::{Acks, KafkaException, Property, us};

impl Property for Acks {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "0" => Some(Acks::None),
            "1" => Some(Acks::Leader),
            "all" | "-1" => Some(Acks::All),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        }
        .to_owned()
    }
}

properties! {
    /// The settings of a producer (`ProducerConfig`). `None` means "not set": Kafka's default, and no reason to complain.
    ProducerConfig {
        /// When a send counts as done (A7); `all` if not set.
        acks: Option<Acks> = "acks", None;
        /// How many bytes a batch may grow to.
        batch_size: u64 as u32 = "batch.size", 16_384;
        /// How many bytes of records may wait in the producer.
        buffer_memory: u64 = "buffer.memory", 33_554_432;
        /// How long a record may take from its batch's beginning to its end, retries included (A8); 120,000 if not set.
        delivery_timeout_ms: Option<u32> = "delivery.timeout.ms", None;
        /// Whether retries are recognised by the broker (A9); true if not set and nothing speaks against it.
        enable_idempotence: Option<bool> = "enable.idempotence", None;
        /// How long a batch waits for more records.
        linger_ms: u64 = "linger.ms", 5;
        /// How long a call may block (A8).
        max_block_ms: u64 = "max.block.ms", 60_000;
        /// How many requests may be under way to one broker (A10).
        max_in_flight: u32 = "max.in.flight.requests.per.connection", 5, at least 1;
        /// How many bytes a request, and so a record, may take.
        max_request_size: u64 as u32 = "max.request.size", 1_048_576;
        /// How old the metadata may get.
        metadata_max_age_ms: u64 = "metadata.max.age.ms", 300_000;
        /// Whether busy partitions are chosen less often for records without a key (A6).
        partitioner_adaptive: bool = "partitioner.adaptive.partitioning.enable", true;
        /// Whether keys are ignored when a partition is chosen (A1).
        partitioner_ignore_keys: bool = "partitioner.ignore.keys", false;
        /// How long a request may take.
        request_timeout_ms: u64 as u32 = "request.timeout.ms", 30_000;
        /// How many times a batch is sent again; practically for ever if not set (A8).
        retries: Option<u32> = "retries", None;
        /// How long the first retry waits.
        retry_backoff_ms: u64 = "retry.backoff.ms", 100;
        /// How long a retry waits at most.
        retry_backoff_max_ms: u64 = "retry.backoff.max.ms", 1_000;
        /// Makes the producer transactional (E1).
        transactional_id: Option<String> = "transactional.id", None;
        /// How long a transaction may take (E1). Only the coordinator minds what is not positive.
        transaction_timeout_ms: i64 as i32 = "transaction.timeout.ms", 60_000;
    }
}

/// The most requests under way that keep an idempotent producer's order.
const IDEMPOTENT_IN_FLIGHT_MAX: u32 = 5;
/// The greatest `int`.
const INT_MAX: u64 = i32::MAX as u64;

/// What follows from the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Effective {
    pub(super) acks: Acks,
    pub(super) idempotent: bool,
    pub(super) retries: u32,
    pub(super) delivery_timeout_us: u64,
}

impl ProducerConfig {
    /// What the constructor of `KafkaProducer` makes of properties; a later one of a name replaces an earlier one.
    ///
    /// # Errors
    /// `ConfigException` for a value that a property cannot be, and as [`ProducerConfig::check`].
    pub fn of<'a>(properties: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<ProducerConfig, KafkaException> {
        let mut config = ProducerConfig::default();
        for (name, value) in properties {
            config.set(name, value).map_err(|_| KafkaException::new("ConfigException"))?;
        }
        config.check().map(|()| config)
    }

    /// Whether a producer can be made of these settings.
    ///
    /// # Errors
    /// What [`Producer::new`](super::Producer::new) would throw.
    pub fn check(&self) -> Result<(), KafkaException> {
        self.effective().map(|_| ())
    }

    /// What follows from the settings (`postProcessAndValidateIdempotenceConfigs`, `configureDeliveryTimeout`).
    ///
    /// # Errors
    /// `ConfigException` if they contradict each other; as the cause of a `KafkaException` for the delivery timeout.
    pub(super) fn effective(&self) -> Result<Effective, KafkaException> {
        let refused = Err(KafkaException::new("ConfigException"));
        let acks = self.acks.unwrap_or(Acks::All);
        let retries = self.retries.unwrap_or(i32::MAX as u32);
        let wanted = self.enable_idempotence.unwrap_or(true);
        let unfit = retries == 0 || acks != Acks::All;
        if wanted && ((self.enable_idempotence.is_some() && unfit) || self.max_in_flight > IDEMPOTENT_IN_FLIGHT_MAX) {
            return refused;
        }
        let idempotent = wanted && !unfit;
        if self.transactional_id.as_ref().is_some_and(|id| id.is_empty() || !idempotent) {
            return refused;
        }
        // Kafka counts both in `int`s that stop at their greatest value.
        let least_ms = (self.linger_ms.min(INT_MAX) + self.request_timeout_ms).min(INT_MAX);
        let delivery_timeout_us = match self.delivery_timeout_ms.map(u64::from) {
            Some(ms) if ms < least_ms => return Err(KafkaException::caused("KafkaException", "ConfigException")),
            Some(ms) => us(ms),
            None => us(least_ms.max(120_000)),
        };
        Ok(Effective { acks, idempotent, retries, delivery_timeout_us })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: &[(&str, &str)]) -> Result<bool, KafkaException> {
        ProducerConfig::of(settings.iter().copied())?.effective().map(|e| e.idempotent)
    }

    /// What the constructor of Kafka 4.2.1's producer refused, and what it took, one setting at a time.
    #[test]
    fn a9_values_that_the_constructor_refuses() {
        let refused = Err(KafkaException::new("ConfigException"));
        for (name, value) in [
            ("acks", "ALL"),
            ("acks", "2"),
            ("acks", ""),
            ("batch.size", "-1"),
            ("batch.size", "2147483648"),
            ("buffer.memory", "-1"),
            ("delivery.timeout.ms", ""),
            ("delivery.timeout.ms", "-1"),
            ("delivery.timeout.ms", "2147483648"),
            ("enable.idempotence", ""),
            ("enable.idempotence", "yes"),
            ("linger.ms", "-1"),
            ("linger.ms", "9223372036854775808"),
            ("max.block.ms", "-1"),
            ("max.in.flight.requests.per.connection", "0"),
            ("max.in.flight.requests.per.connection", "2147483648"),
            ("max.request.size", "2147483648"),
            ("metadata.max.age.ms", "-1"),
            ("request.timeout.ms", "-1"),
            ("request.timeout.ms", "2147483648"),
            ("retries", ""),
            ("retries", "-1"),
            ("retries", "2147483648"),
            ("retry.backoff.ms", "-1"),
            ("retry.backoff.max.ms", "-1"),
            ("transaction.timeout.ms", "2147483648"),
            ("transactional.id", ""),
        ] {
            assert_eq!(check(&[(name, value)]), refused, "{name}={value}");
        }
        for (name, value) in [
            ("acks", " all "),
            ("batch.size", "0"),
            ("buffer.memory", "0"),
            ("enable.idempotence", "TRUE"),
            ("linger.ms", "9223372036854775807"),
            ("max.request.size", "0"),
            ("request.timeout.ms", "0"),
            ("transaction.timeout.ms", "-1"),
            ("transaction.timeout.ms", "0"),
        ] {
            assert_eq!(check(&[(name, value)]), Ok(true), "{name}={value}");
        }
        let endless = [("linger.ms", "9223372036854775807"), ("delivery.timeout.ms", "10000")];
        assert_eq!(check(&endless), Err(KafkaException::caused("KafkaException", "ConfigException")));
    }

    #[test]
    fn a9_settings_that_contradict_an_idempotent_producer() {
        let refused = Err(KafkaException::new("ConfigException"));
        let explicit = ("enable.idempotence", "true");
        assert_eq!(check(&[explicit, ("acks", "1")]), refused);
        assert_eq!(check(&[explicit, ("acks", "0")]), refused);
        assert_eq!(check(&[explicit, ("max.in.flight.requests.per.connection", "6")]), refused);
        assert_eq!(check(&[explicit, ("retries", "0")]), refused);
        assert_eq!(check(&[("max.in.flight.requests.per.connection", "6")]), refused);
        assert_eq!(check(&[("acks", "1")]), Ok(false));
        assert_eq!(check(&[("retries", "0")]), Ok(false));
        assert_eq!(check(&[]), Ok(true));
        assert_eq!(check(&[("transactional.id", "tx"), ("acks", "1")]), refused);
    }

    #[test]
    fn a8_a_delivery_timeout_below_linger_and_request_timeout_is_refused() {
        let refused = Err(KafkaException::caused("KafkaException", "ConfigException"));
        assert_eq!(check(&[("delivery.timeout.ms", "1000"), ("request.timeout.ms", "1500")]), refused);
        assert_eq!(check(&[("delivery.timeout.ms", "1505"), ("request.timeout.ms", "1500")]), Ok(true));
    }
}
