//! The coordinator's settings, by their real names. Knows no client setting.

use crate::broker::{BrokerConfig, us};

/// Broker settings that concern groups. All durations in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupConfig {
    /// `group.initial.rebalance.delay.ms` (C1).
    pub initial_rebalance_delay_us: u64,
    /// `group.min.session.timeout.ms` (C2).
    pub session_timeout_us_min: u64,
    /// `group.max.session.timeout.ms` (C2).
    pub session_timeout_us_max: u64,
    /// `group.max.size`: how many members a group of the classic protocol may have.
    pub members_max: u32,
    /// `group.consumer.max.size`: the same for the consumer protocol (C17).
    pub consumer_members_max: u32,
    /// `offsets.retention.minutes` (C8).
    pub offsets_retention_us: u64,
    /// `offsets.retention.check.interval.ms` (C8).
    pub offsets_retention_check_us: u64,
    /// `group.consumer.session.timeout.ms` (C17).
    pub consumer_session_timeout_us: u64,
    /// `group.consumer.heartbeat.interval.ms` (C17).
    pub consumer_heartbeat_interval_us: u64,
    /// `group.share.session.timeout.ms` (S1).
    pub share_session_timeout_us: u64,
    /// `group.share.heartbeat.interval.ms` (S1).
    pub share_heartbeat_interval_us: u64,
    /// `group.share.max.size` (S1).
    pub share_size_max: u32,
}

impl GroupConfig {
    /// What the brokers' settings say of groups.
    pub fn of(config: &BrokerConfig) -> GroupConfig {
        GroupConfig {
            initial_rebalance_delay_us: us(config.group_initial_rebalance_delay_ms),
            session_timeout_us_min: us(config.group_min_session_timeout_ms),
            session_timeout_us_max: us(config.group_max_session_timeout_ms),
            members_max: config.group_max_size,
            consumer_members_max: config.group_consumer_max_size,
            offsets_retention_us: us(config.offsets_retention_minutes.saturating_mul(60_000)),
            offsets_retention_check_us: us(config.offsets_retention_check_interval_ms),
            consumer_session_timeout_us: us(config.group_consumer_session_timeout_ms),
            consumer_heartbeat_interval_us: us(config.group_consumer_heartbeat_interval_ms),
            share_session_timeout_us: us(config.group_share_session_timeout_ms),
            share_heartbeat_interval_us: us(config.group_share_heartbeat_interval_ms),
            share_size_max: config.group_share_max_size,
        }
    }
}

/// What keeps a broker from starting: the first of its settings for the consumer protocol that contradict each other, in Kafka's
/// words (the constructor of `GroupCoordinatorConfig`); `None` if there is none.
pub fn contradiction(config: &BrokerConfig) -> Option<String> {
    const AT_LEAST: &str = "must be greater than or equal to";
    const AT_MOST: &str = "must be less than or equal to";
    let heartbeat = ("group.consumer.heartbeat.interval.ms", config.group_consumer_heartbeat_interval_ms);
    let heartbeat_min = ("group.consumer.min.heartbeat.interval.ms", config.group_consumer_min_heartbeat_interval_ms);
    let heartbeat_max = ("group.consumer.max.heartbeat.interval.ms", config.group_consumer_max_heartbeat_interval_ms);
    let session = ("group.consumer.session.timeout.ms", config.group_consumer_session_timeout_ms);
    let session_min = ("group.consumer.min.session.timeout.ms", config.group_consumer_min_session_timeout_ms);
    let session_max = ("group.consumer.max.session.timeout.ms", config.group_consumer_max_session_timeout_ms);
    let rules = [
        (heartbeat_max.1 >= heartbeat_min.1, heartbeat_max, AT_LEAST, heartbeat_min),
        (heartbeat.1 >= heartbeat_min.1, heartbeat, AT_LEAST, heartbeat_min),
        (heartbeat.1 <= heartbeat_max.1, heartbeat, AT_MOST, heartbeat_max),
        (session_max.1 >= session_min.1, session_max, AT_LEAST, session_min),
        (session.1 >= session_min.1, session, AT_LEAST, session_min),
        (session.1 <= session_max.1, session, AT_MOST, session_max),
        (heartbeat.1 < session.1, heartbeat, "must be less than", session),
    ];
    let (_, one, how, other) = rules.into_iter().find(|(holds, ..)| !holds)?;
    Some(format!("{} {how} {} ({} and {})", one.0, other.0, one.1, other.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_the_consumer_protocol_are_kept() {
        assert_eq!(contradiction(&BrokerConfig::default()), None, "Kafka's defaults");
        let with = |name: &str, value: &str| {
            let mut config = BrokerConfig::default();
            config.set(name, value).expect("a setting of the broker");
            contradiction(&config).unwrap_or_default()
        };
        let too_short = with("group.consumer.session.timeout.ms", "3000");
        assert_eq!(
            too_short,
            "group.consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms (3000 and 45000)"
        );
        assert!(with("group.consumer.heartbeat.interval.ms", "20000").contains("must be less than or equal to"));
        assert!(with("group.consumer.max.heartbeat.interval.ms", "1000").starts_with("group.consumer.max.heartbeat.interval.ms"));
    }
}
