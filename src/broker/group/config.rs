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
        }
    }
}
