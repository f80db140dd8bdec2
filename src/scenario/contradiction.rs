//! Settings that contradict each other: each can be what it is, and the real system refuses them together. Knows who refuses.

use super::{Config, GROUPS, Of, Property, SettingError, setting, settings};
use crate::broker::{ErrorCode, ProducerConfig, TopicConfig};
use crate::listener::consumer::ConsumerConfig;

/// Settings that are judged together.
struct Together {
    properties: &'static [Property],
    of: Of,
    /// The class of the exception, if they are refused.
    refusal: fn(&Config, &Together) -> Option<&'static str>,
}

/// What an idempotent producer wants of the others (A9, A10, E1).
const IDEMPOTENCE: &[Property] =
    &[Property::Acks, Property::EnableIdempotence, Property::Retries, Property::MaxInFlight, Property::TransactionalId];
/// What must fit into the time for a delivery (A8).
const DELIVERY: &[Property] = &[Property::DeliveryTimeoutMs, Property::LingerMs, Property::RequestTimeoutMs];
/// By what a member of a group keeps time (C2).
const TIMES_OF_A_MEMBER: &[Property] = &[Property::GroupProtocol, Property::SessionTimeoutMs, Property::HeartbeatIntervalMs];
/// When records may be compacted, and when they must be (B10).
const COMPACTION_LAGS: &[Property] = &[Property::MinCompactionLagMs, Property::MaxCompactionLagMs];

impl Config {
    /// Those of the settings at these places of [`settings`] that the real system refuses together with the others, each with
    /// the error that says so.
    pub fn refused(&self, places: &[usize]) -> Vec<(usize, SettingError)> {
        let mut refused = Vec::new();
        for together in all() {
            let concerned: Vec<usize> = together.places().filter(|place| places.contains(place)).collect();
            if concerned.is_empty() {
                continue;
            }
            let Some(class) = (together.refusal)(self, &together) else { continue };
            refused.extend(concerned.into_iter().map(|place| {
                let (key, value) = (settings()[place].key.clone(), self.at(place).to_string());
                (place, SettingError::Conflict { key, value, class })
            }));
        }
        refused
    }
}

impl Together {
    fn places(&self) -> impl Iterator<Item = usize> {
        let of = self.of;
        self.properties.iter().map(move |property| setting(*property, of).expect("a property of something that has it"))
    }
}

/// Whatever is judged together.
fn all() -> impl Iterator<Item = Together> {
    let only = |properties, refusal| Together { properties, of: Of::Only, refusal };
    let of_group = |group| Together { properties: TIMES_OF_A_MEMBER, of: Of::Group(group), refusal: refused_by_consumer };
    let once = [only(IDEMPOTENCE, refused_by_producer), only(DELIVERY, refused_by_producer), only(COMPACTION_LAGS, refused_by_broker)];
    once.into_iter().chain((0..GROUPS.len() as u32).map(of_group))
}

/// Only what differs from the defaults counts as configured (A9).
fn refused_by_producer(config: &Config, together: &Together) -> Option<&'static str> {
    let mut producer = ProducerConfig::default();
    for place in together.places().filter(|place| config.at(*place) != settings()[*place].default) {
        match settings()[place].property {
            Property::TransactionalId => producer.transactional_id = Some("checked".to_owned()),
            property => {
                let value = config.at(place).to_string();
                producer.set(property.name(), &value).expect("the table of settings uses the producer's own names and ranges");
            }
        }
    }
    producer.check().err().map(|refusal| refusal.class)
}

fn refused_by_consumer(config: &Config, together: &Together) -> Option<&'static str> {
    // By the other protocol the brokers keep time.
    if config.choice(Property::GroupProtocol, together.of) != "classic" {
        return None;
    }
    let [session, heartbeat] =
        [Property::SessionTimeoutMs, Property::HeartbeatIntervalMs].map(|p| config.value(p, together.of).to_string());
    let given = [("group.id", "checked"), ("session.timeout.ms", &session), ("heartbeat.interval.ms", &heartbeat)];
    ConsumerConfig::of(given).err().map(|refusal| refusal.class)
}

fn refused_by_broker(config: &Config, together: &Together) -> Option<&'static str> {
    let mut topic = TopicConfig::default();
    for place in together.places() {
        let (name, value) = (settings()[place].property.name(), config.at(place).to_string());
        topic.set(name, &value).expect("the table of settings uses the topic's own names and ranges");
    }
    (!topic.is_valid()).then(|| ErrorCode::InvalidConfig.exception_class())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is refused of these settings, each with its class.
    fn refused(sets: &[(&str, &str)]) -> Vec<(String, &'static str)> {
        let mut config = Config::default();
        let places: Vec<usize> = sets.iter().map(|(key, value)| config.set_text(key, value).expect("a setting")).collect();
        let told = config.refused(&places).into_iter().map(|(place, error)| match error {
            SettingError::Conflict { class, .. } => (settings()[place].key.clone(), class),
            other => panic!("{other}"),
        });
        told.collect()
    }

    #[test]
    fn what_contradicts_is_named_and_nothing_else() {
        let all: Vec<usize> = (0..settings().len()).collect();
        assert_eq!(Config::default().refused(&all), []);
        let delivery = "producer.delivery.timeout.ms";
        assert_eq!(refused(&[(delivery, "10000"), ("producer.batch.size", "1")]), [(delivery.to_owned(), "KafkaException")]);
        assert_eq!(refused(&[(delivery, "10000"), ("producer.request.timeout.ms", "5000")]), []);
        let in_flight = "producer.max.in.flight.requests.per.connection";
        assert_eq!(refused(&[(in_flight, "10")]), [(in_flight.to_owned(), "ConfigException")]);
        assert_eq!(refused(&[(in_flight, "10"), ("producer.enable.idempotence", "false")]), []);
        let (id, acks) = ("producer.transactional.id", "producer.acks");
        assert_eq!(refused(&[(id, "true"), (acks, "1")]), [(acks.to_owned(), "ConfigException"), (id.to_owned(), "ConfigException")]);
        let session = "group.transfer-history.session.timeout.ms";
        assert_eq!(refused(&[(session, "2000")]), [(session.to_owned(), "KafkaException")]);
        assert_eq!(refused(&[(session, "2000"), ("group.transfer-history.heartbeat.interval.ms", "500")]), []);
        assert_eq!(refused(&[(session, "2000"), ("group.transfer-history.group.protocol", "consumer")]), []);
        let (min, max) = ("topic.min.compaction.lag.ms", "topic.max.compaction.lag.ms");
        let class = "InvalidConfigurationException";
        assert_eq!(refused(&[(max, "500"), (min, "501")]), [(min.to_owned(), class), (max.to_owned(), class)]);
        assert_eq!(refused(&[(max, "500"), (min, "500")]), []);
    }
}
