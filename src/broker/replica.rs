//! A partition's replica on one broker: its log, its high watermark, and what a leader knows of its followers (B4, B5).

use super::log::Log;
use super::{BrokerId, IsolationLevel, Record, TopicConfig};
use crate::kernel::{Deque, SimTime};

/// What a leader knows of a follower (`ReplicaState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FollowerState {
    /// The follower.
    pub broker: BrokerId,
    /// Its log end offset; `None` until its first fetch in this epoch.
    pub end: Option<u64>,
    caught_up_at: Option<SimTime>,
    leader_end_at_last_fetch: u64,
    last_fetch_at: Option<SimTime>,
}

impl FollowerState {
    fn new(broker: BrokerId, now: SimTime, in_isr: bool) -> FollowerState {
        // Members of the ISR get the benefit of the doubt, as in `Replica.resetReplicaState`.
        let caught_up_at = in_isr.then_some(now);
        FollowerState { broker, end: None, caught_up_at, leader_end_at_last_fetch: 0, last_fetch_at: caught_up_at }
    }

    /// Takes note of a fetch from `offset` while the leader's log ended at `leader_end`.
    pub fn on_fetch(&mut self, now: SimTime, offset: u64, leader_end: u64) {
        if offset >= leader_end {
            self.caught_up_at = Some(now);
        } else if offset >= self.leader_end_at_last_fetch {
            self.caught_up_at = self.caught_up_at.max(self.last_fetch_at);
        }
        self.end = Some(offset);
        self.leader_end_at_last_fetch = leader_end;
        self.last_fetch_at = Some(now);
    }

    /// Whether it has everything, or had everything within the last `lag_us_max` (`ReplicaState.isCaughtUp`).
    pub fn is_caught_up(&self, now: SimTime, leader_end: u64, lag_us_max: u64) -> bool {
        self.end == Some(leader_end) || self.caught_up_at.is_some_and(|at| now.since(at) <= lag_us_max)
    }
}

/// What only a leader has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Leadership {
    /// Its log end offset when it became the leader.
    pub epoch_start: u64,
    /// The in-sync replicas, ascending, itself included.
    pub isr: Vec<BrokerId>,
    /// All other replicas.
    pub followers: Vec<FollowerState>,
    /// How many replicas the partition has.
    pub replication_factor: u32,
}

/// What a replica is at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Role {
    /// It leads.
    Leader(Leadership),
    /// It follows that broker; `None` while nobody leads.
    Follower(Option<BrokerId>),
}

/// A replica of a partition on one broker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Replica {
    /// Its log.
    pub log: Log,
    /// Everything below it is on all in-sync replicas (B4).
    pub high_watermark: u64,
    /// The leader epoch that the broker knows.
    pub leader_epoch: u32,
    /// Leader or follower.
    pub role: Role,
    /// Produce requests that wait for the high watermark: (needed high watermark, id), ascending.
    pub(super) produce_waiters: Deque<(u64, u64)>,
    /// Fetches that wait for news of this partition.
    pub(super) fetch_waiters: Vec<u64>,
}

impl Replica {
    /// A replica with an empty log that follows nobody yet.
    pub(super) fn new(now_ms: i64) -> Replica {
        Replica {
            log: Log::new(now_ms),
            high_watermark: 0,
            leader_epoch: 0,
            role: Role::Follower(None),
            produce_waiters: Deque::new(),
            fetch_waiters: Vec::new(),
        }
    }

    /// The leader's knowledge, if this is the leader.
    pub fn leadership(&self) -> Option<&Leadership> {
        match &self.role {
            Role::Leader(leadership) => Some(leadership),
            Role::Follower(_) => None,
        }
    }

    /// Becomes the leader in a new epoch, or takes note of another ISR.
    pub(super) fn lead(&mut self, now: SimTime, epoch: u32, me: BrokerId, replicas: &[BrokerId], isr: &[BrokerId]) {
        if let Role::Leader(leadership) = &mut self.role
            && self.leader_epoch == epoch
        {
            leadership.isr = isr.to_vec();
            return;
        }
        let followers = replicas.iter().filter(|b| **b != me).map(|b| FollowerState::new(*b, now, isr.contains(b))).collect();
        self.leader_epoch = epoch;
        self.log.epochs.assign(epoch, self.log.end());
        let replication_factor = replicas.len() as u32;
        self.role = Role::Leader(Leadership { epoch_start: self.log.end(), isr: isr.to_vec(), followers, replication_factor });
    }

    /// The last stable offset: how far read_committed may read (E2).
    pub fn last_stable_offset(&self) -> u64 {
        self.log.producers.first_unstable(self.high_watermark).map_or(self.high_watermark, |first| first.min(self.high_watermark))
    }

    /// How far a client may read.
    pub fn readable_end(&self, isolation: IsolationLevel) -> u64 {
        match isolation {
            IsolationLevel::ReadUncommitted => self.high_watermark,
            IsolationLevel::ReadCommitted => self.last_stable_offset(),
        }
    }

    /// The records that lie in the log from `offset` on, for inspection.
    pub fn records_from(&self, offset: u64) -> impl Iterator<Item = &std::sync::Arc<Record>> {
        self.log.records_from(offset)
    }

    /// Moves a leader's high watermark as far as the in-sync replicas have come (B4, `Partition.maybeIncrementLeaderHW`).
    /// Gives the old one if it moved. Frozen while the ISR is smaller than the effective minimum.
    pub(super) fn advance_high_watermark(
        &mut self,
        now: SimTime,
        config: &TopicConfig,
        lag_us_max: u64,
        is_active: impl Fn(BrokerId) -> bool,
    ) -> Option<u64> {
        let Role::Leader(leadership) = &self.role else { return None };
        if leadership.is_under_min_isr(config) {
            return None;
        }
        let end = self.log.end();
        let mut high_watermark = end;
        for follower in &leadership.followers {
            let at = follower.end.unwrap_or(0);
            let counts = leadership.isr.contains(&follower.broker)
                || (follower.end.is_some() && follower.is_caught_up(now, end, lag_us_max) && is_active(follower.broker));
            if at < high_watermark && counts {
                high_watermark = at;
            }
        }
        if high_watermark <= self.high_watermark {
            return None;
        }
        let old = std::mem::replace(&mut self.high_watermark, high_watermark);
        self.log.producers.on_high_watermark(high_watermark);
        Some(old)
    }
}

impl Leadership {
    /// Whether fewer replicas are in sync than acks=all demands; the demand is at most the number of replicas (A7).
    pub fn is_under_min_isr(&self, config: &TopicConfig) -> bool {
        (self.isr.len() as u32) < config.min_insync_replicas.min(self.replication_factor)
    }

    /// The followers in the ISR that lag too far (`Partition.getOutOfSyncReplicas`).
    pub(super) fn lagging(&self, now: SimTime, leader_end: u64, lag_us_max: u64) -> Vec<BrokerId> {
        let lags = |f: &&FollowerState| self.isr.contains(&f.broker) && !f.is_caught_up(now, leader_end, lag_us_max);
        self.followers.iter().filter(lags).map(|f| f.broker).collect()
    }
}
