//! The settings of a share group and how records are given out, by their real names. Knows no broker setting.

use crate::broker::{BrokerConfig, IsolationLevel, Property, us};

/// Where a share group begins in a partition (`share.auto.offset.reset`, S2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShareReset {
    /// At the log start.
    Earliest,
    /// At the end.
    Latest,
    /// At the first record not older than this, in milliseconds.
    ByDuration {
        /// How far back, in milliseconds.
        ms: u64,
    },
}

impl Property for ShareReset {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "earliest" => Some(ShareReset::Earliest),
            "latest" => Some(ShareReset::Latest),
            _ => crate::broker::iso_duration_ms(text.strip_prefix("by_duration:")?).map(|ms| ShareReset::ByDuration { ms }),
        }
    }

    fn show(&self) -> String {
        match self {
            ShareReset::Earliest => "earliest".to_owned(),
            ShareReset::Latest => "latest".to_owned(),
            ShareReset::ByDuration { ms } => format!("by_duration:PT{}.{:03}S", ms / 1_000, ms % 1_000),
        }
    }
}

/// How many records a fetch takes of a batch (`share.acquire.mode`, S4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AcquireMode {
    /// Whole batches, so that more may come than `max.poll.records`.
    BatchOptimized,
    /// Never more than `max.poll.records`.
    RecordLimit,
}

impl Property for AcquireMode {
    fn parse(text: &str) -> Option<Self> {
        [AcquireMode::BatchOptimized, AcquireMode::RecordLimit].into_iter().find(|mode| mode.show().eq_ignore_ascii_case(text))
    }

    fn show(&self) -> String {
        match self {
            AcquireMode::BatchOptimized => "batch_optimized".to_owned(),
            AcquireMode::RecordLimit => "record_limit".to_owned(),
        }
    }
}

crate::broker::properties! {
    /// The settings of one share group (`GroupConfig`); what is empty is as the brokers say.
    ShareGroupConfig {
        /// Where it begins in a partition (S2).
        auto_offset_reset: ShareReset = "share.auto.offset.reset", ShareReset::Latest;
        /// What it sees of transactions (S15).
        isolation_level: IsolationLevel = "share.isolation.level", IsolationLevel::ReadUncommitted;
        /// How long a member may keep a record (S5).
        record_lock_duration_ms: Option<u64> = "share.record.lock.duration.ms", None;
        /// How long a member may be silent (S1).
        session_timeout_ms: Option<u64> = "share.session.timeout.ms", None;
        /// How often a member gives a sign of life (S1).
        heartbeat_interval_ms: Option<u64> = "share.heartbeat.interval.ms", None;
    }
}

impl ShareGroupConfig {
    /// The acquisition lock's duration in microseconds (S5).
    pub fn lock_us(&self, broker: &BrokerConfig) -> u64 {
        us(self.record_lock_duration_ms.unwrap_or(broker.group_share_record_lock_duration_ms))
    }

    /// The session timeout in microseconds (S1).
    pub fn session_us(&self, broker: &BrokerConfig) -> u64 {
        us(self.session_timeout_ms.unwrap_or(broker.group_share_session_timeout_ms))
    }

    /// The heartbeat interval in microseconds (S1).
    pub fn heartbeat_us(&self, broker: &BrokerConfig) -> u64 {
        us(self.heartbeat_interval_ms.unwrap_or(broker.group_share_heartbeat_interval_ms))
    }

    /// Whether the values lie within the brokers' bounds (`GroupConfig#validate`).
    pub fn is_valid(&self, broker: &BrokerConfig) -> bool {
        let within = |value: Option<u64>, min, max| value.is_none_or(|v| (min..=max).contains(&v));
        let lock = (broker.group_share_min_record_lock_duration_ms, broker.group_share_max_record_lock_duration_ms);
        let session = (broker.group_share_min_session_timeout_ms, broker.group_share_max_session_timeout_ms);
        let heartbeat = (broker.group_share_min_heartbeat_interval_ms, broker.group_share_max_heartbeat_interval_ms);
        within(self.record_lock_duration_ms, lock.0, lock.1)
            && within(self.session_timeout_ms, session.0, session.1)
            && within(self.heartbeat_interval_ms, heartbeat.0, heartbeat.1)
    }
}
