//! Requests under way, metadata, and who coordinates. Knows what was asked, not why.

use std::sync::Arc;

use super::{Consumer, ConsumerEffect, ConsumerTimer, Phase};
use crate::broker::{
    BrokerId, ErrorCode, FetchPartition, GroupRequest, Metadata, OffsetSpec, Request, Response, TopicMetadata, TopicPartition, us,
};
use crate::kernel::{SimTime, SortedMap};

/// What a request was for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    Metadata,
    Coordinator,
    /// With the number of the attempt to join; an answer to an earlier one is ignored.
    Join {
        attempt: u32,
    },
    Sync {
        attempt: u32,
    },
    Heartbeat {
        generation: u32,
    },
    ModernHeartbeat {
        attempt: u32,
    },
    Leave,
    Commit {
        commit: u64,
    },
    Committed {
        partitions: Vec<TopicPartition>,
    },
    Listed {
        partitions: Vec<(TopicPartition, OffsetSpec)>,
    },
    EpochEnds {
        partitions: Vec<TopicPartition>,
    },
    Fetch {
        partitions: Vec<FetchPartition>,
    },
}

/// A request under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sent {
    pub(super) purpose: Purpose,
    pub(super) to: Option<BrokerId>,
    pub(super) expires: SimTime,
}

/// The consumer's side of its connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Network {
    next_correlation: u64,
    pub(super) in_flight: SortedMap<u64, Sent>,
    pub(super) metadata: Arc<Metadata>,
    /// When the metadata came.
    metadata_at: Option<SimTime>,
    /// The topics to ask for; `None` inside: all.
    wanted: Option<Option<Vec<Arc<str>>>>,
    /// The metadata is known to be out of date.
    stale: bool,
    /// The newest request for metadata asked for all that is wanted.
    asked: bool,
    /// All that is wanted was asked for and answered: a topic that is missing does not exist.
    current: bool,
    metadata_retry_at: SimTime,
    pub(super) coordinator: Option<BrokerId>,
    coordinator_retry_at: SimTime,
    /// Brokers that could not be reached, and until when they are left alone.
    pub(super) avoid: SortedMap<BrokerId, SimTime>,
}

impl Network {
    /// These topics' metadata are needed from now on.
    pub(super) fn want(&mut self, topics: Option<Vec<Arc<str>>>) {
        if self.wanted.as_ref() != Some(&topics) {
            self.wanted = Some(topics);
            self.stale = true;
            (self.asked, self.current) = (false, false);
        }
    }

    pub(super) fn wants(&self, topic: &Arc<str>) -> bool {
        matches!(&self.wanted, Some(None)) || matches!(&self.wanted, Some(Some(topics)) if topics.contains(topic))
    }

    /// The metadata should be asked for anew.
    pub(super) fn mark_stale(&mut self) {
        self.stale = true;
    }

    /// Whether what is wanted is known, as far as it exists.
    pub(super) fn is_current(&self) -> bool {
        self.current
    }

    pub(super) fn is_under_way(&self, purpose: impl Fn(&Purpose) -> bool) -> bool {
        self.in_flight.values().any(|s| purpose(&s.purpose))
    }

    fn topic(&self, partition: TopicPartition) -> Option<&TopicMetadata> {
        self.metadata.topics.values().find(|t| t.id == partition.topic)
    }

    /// The leader and its epoch, if there is a leader.
    pub(super) fn leader(&self, partition: TopicPartition) -> Option<(BrokerId, u32)> {
        let (leader, epoch) = self.topic(partition)?.partitions.get(partition.partition as usize)?;
        leader.map(|leader| (leader, *epoch))
    }

    /// The coordinator does not answer, or is none any more.
    pub(super) fn coordinator_lost(&mut self) {
        self.coordinator = None;
    }
}

impl Consumer {
    pub(super) fn send(&mut self, now: SimTime, to: Option<BrokerId>, purpose: Purpose, request: Request, out: &mut Vec<ConsumerEffect>) {
        self.net.next_correlation += 1;
        let correlation = self.net.next_correlation;
        let timeout_us = match purpose {
            // A join waits for the slowest member.
            Purpose::Join { .. } => self.max_poll_interval_us() + 5_000_000,
            _ => us(self.config.request_timeout_ms),
        };
        self.net.in_flight.insert(correlation, Sent { purpose, to, expires: now + timeout_us });
        out.push(ConsumerEffect::Request { to, correlation, request });
    }

    /// Sends to the coordinator. False if it is not known.
    pub(super) fn send_to_group(&mut self, now: SimTime, purpose: Purpose, request: GroupRequest, out: &mut Vec<ConsumerEffect>) -> bool {
        let Some(coordinator) = self.net.coordinator else { return false };
        let request = Request::Group { group: Arc::from(self.config.group_id.as_str()), request };
        self.send(now, Some(coordinator), purpose, request, out);
        true
    }

    /// Keeps metadata and coordinator fresh and gives up on what was never answered.
    pub(super) fn maintain_network(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        let expired: Vec<u64> = self.net.in_flight.iter().filter(|(_, s)| s.expires <= now).map(|(c, _)| *c).collect();
        for correlation in expired {
            self.answered(now, correlation, Response::Error(ErrorCode::NetworkDisconnect), out);
        }
        let max_age_us = us(self.config.metadata_max_age_ms);
        let due = self.net.stale || self.net.metadata_at.is_none_or(|at| now >= at + max_age_us);
        if let Some(topics) = &self.net.wanted
            && due
            && now >= self.net.metadata_retry_at
            && !self.net.is_under_way(|p| *p == Purpose::Metadata)
        {
            let request = Request::Metadata { topics: topics.clone() };
            (self.net.stale, self.net.asked) = (false, true);
            self.send(now, None, Purpose::Metadata, request, out);
        }
        if self.net.coordinator.is_none()
            && self.needs_coordinator()
            && now >= self.net.coordinator_retry_at
            && !self.net.is_under_way(|p| *p == Purpose::Coordinator)
        {
            let request = Request::FindCoordinator { key: Arc::from(self.config.group_id.as_str()), transactional: false };
            self.send(now, None, Purpose::Coordinator, request, out);
        }
    }

    fn needs_coordinator(&self) -> bool {
        let joins = matches!(self.subscriptions.mode, super::Mode::Topics(_));
        !self.config.group_id.is_empty() && (joins || !self.commits.is_empty() || self.any_in(|p| *p == Phase::Initializing))
    }

    /// An answer arrives, or the news that there will be none (`Response::Error`).
    pub fn on_response(&mut self, now: SimTime, correlation: u64, response: Response, out: &mut Vec<ConsumerEffect>) {
        if !self.dead {
            self.answered(now, correlation, response, out);
            self.pump(now, out);
        }
    }

    fn answered(&mut self, now: SimTime, correlation: u64, response: Response, out: &mut Vec<ConsumerEffect>) {
        let Some(Sent { purpose, to, .. }) = self.net.in_flight.remove(&correlation) else { return };
        if let Response::Error(error) = &response {
            self.note_error(now, *error, to, &purpose);
        }
        match purpose {
            Purpose::Metadata => self.on_metadata(now, response, out),
            Purpose::Coordinator => match response {
                Response::FindCoordinator { coordinator } => self.net.coordinator = Some(coordinator),
                _ => self.net.coordinator_retry_at = now + self.retry_us(),
            },
            // Outside of `poll` nobody reads the connection while the heartbeats rest.
            Purpose::Join { attempt } if self.poll.is_none() => self.group.unread = Some((attempt, response)),
            Purpose::Join { attempt } => self.on_join(now, attempt, response, out),
            Purpose::Sync { attempt } => self.on_sync(now, attempt, response, out),
            Purpose::Heartbeat { generation } => self.on_heartbeat(now, generation, response, out),
            Purpose::ModernHeartbeat { attempt } => self.on_modern_heartbeat(now, attempt, response, out),
            Purpose::Leave => self.on_left(out),
            Purpose::Commit { commit } => self.on_commit(now, commit, response, out),
            Purpose::Committed { partitions } => self.on_committed(now, &partitions, response, out),
            Purpose::Listed { partitions } => self.on_listed(now, &partitions, response, out),
            Purpose::EpochEnds { partitions } => self.on_epoch_ends(now, &partitions, response, out),
            Purpose::Fetch { partitions } => self.on_fetched(now, &partitions, response, out),
        }
    }

    fn note_error(&mut self, now: SimTime, error: ErrorCode, to: Option<BrokerId>, purpose: &Purpose) {
        let of_group = !matches!(
            purpose,
            Purpose::Metadata | Purpose::Coordinator | Purpose::Listed { .. } | Purpose::EpochEnds { .. } | Purpose::Fetch { .. }
        );
        let gone = matches!(
            error,
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::NetworkDisconnect | ErrorCode::RequestTimedOut
        );
        if of_group && gone {
            self.net.coordinator_lost();
            self.net.coordinator_retry_at = self.net.coordinator_retry_at.max(now + self.retry_us());
        }
        if error == ErrorCode::NetworkDisconnect {
            self.net.mark_stale();
            self.net.avoid.extend(to.map(|to| (to, now + self.retry_us())));
        }
    }

    fn on_metadata(&mut self, now: SimTime, response: Response, out: &mut Vec<ConsumerEffect>) {
        self.net.metadata_retry_at = now + self.retry_us();
        let Response::Metadata(metadata) = response else {
            self.net.stale = true;
            return;
        };
        self.net.metadata_at = Some(now);
        self.net.current |= self.net.asked;
        let missing = match &self.net.wanted {
            Some(Some(topics)) => topics.iter().any(|t| !metadata.topics.contains_key(t)),
            _ => false,
        };
        let leaderless = |p: &TopicPartition| {
            let topic = metadata.topics.values().find(|t| t.id == p.topic);
            topic.is_none_or(|t| t.partitions.get(p.partition as usize).is_none_or(|(leader, _)| leader.is_none()))
        };
        if missing || self.subscriptions.partitions.keys().any(leaderless) {
            // Kafka asks again after every back off; here a little less often.
            self.net.stale = true;
            self.net.metadata_retry_at = now + 2 * self.retry_us();
        }
        if *self.net.metadata != *metadata {
            self.net.metadata = metadata;
            self.notice_new_leaders();
        }
        self.assign_as_leader(now, out);
    }

    /// The earliest instant at which something is due by itself; only those behind `after`, if given.
    fn next_due(&self, after: Option<SimTime>) -> SimTime {
        let mut due = SimTime::NEVER;
        let from = after.map_or(SimTime::ZERO, |after| after + 1);
        let mut at = |at: SimTime| due = if at >= from { due.min(at) } else { due };
        let mut metadata = false;
        for sent in self.net.in_flight.values() {
            at(sent.expires);
            metadata |= sent.purpose == Purpose::Metadata;
        }
        if let Some(deadline) = self.poll.filter(|_| self.callback.is_none()) {
            at(deadline);
        }
        if self.net.wanted.is_some() && !metadata {
            let age = self.net.metadata_at.map_or(SimTime::ZERO, |at| at + us(self.config.metadata_max_age_ms));
            at(if self.net.stale { self.net.metadata_retry_at } else { age.max(self.net.metadata_retry_at) });
        }
        if self.net.coordinator.is_none() && self.needs_coordinator() && !self.net.is_under_way(|p| *p == Purpose::Coordinator) {
            at(self.net.coordinator_retry_at);
        }
        at(self.next_group_due());
        self.commits.values().for_each(|c| at(c.next_due()));
        self.position_calls.iter().for_each(|(_, _, deadline)| at(*deadline));
        if let Some(closing) = &self.closing {
            at(closing.deadline);
        }
        at(self.next_fetch_due(after));
        due
    }

    fn next_fetch_due(&self, after: Option<SimTime>) -> SimTime {
        if self.poll.is_none() && self.position_calls.is_empty() {
            return SimTime::NEVER;
        }
        let waiting = self.subscriptions.partitions.values().filter(|s| s.phase != Phase::Fetching && !s.asked);
        let positions = waiting.map(|s| s.retry_at).filter(|at| *at > SimTime::ZERO);
        let avoided = self.net.avoid.values().copied();
        positions.chain(avoided).filter(|at| after.is_none_or(|after| *at > after)).min().unwrap_or(SimTime::NEVER)
    }

    /// Makes sure that a wake-up is under way for whatever is due next. One for later is kept: it will be needed again.
    pub(super) fn arm(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        let mut due = self.next_due(None);
        if due <= now && self.caught_up {
            // It was looked at a moment ago and could not be done: it waits for an answer, and that will look again.
            due = self.next_due(Some(now));
        }
        if self.dead || due == SimTime::NEVER {
            return;
        }
        let at = due.max(now + 1);
        self.catches_up |= due <= now;
        if self.armed.first().is_none_or(|armed| *armed > at) {
            self.armed.insert(at);
            out.push(ConsumerEffect::Timer { at, timer: ConsumerTimer::Wake });
        }
    }

    /// The timer fires.
    pub fn on_timer(&mut self, now: SimTime, timer: ConsumerTimer, out: &mut Vec<ConsumerEffect>) {
        let ConsumerTimer::Wake = timer;
        self.armed.retain(|at| *at > now);
        if self.dead {
            return;
        }
        self.net.avoid.retain(|_, until| *until > now);
        self.caught_up = std::mem::take(&mut self.catches_up);
        self.pump(now, out);
        self.caught_up = false;
    }

    /// Whether a fetch is under way to a broker.
    pub(super) fn is_fetching_from(&self, leader: BrokerId) -> bool {
        self.net.in_flight.values().any(|s| s.to == Some(leader) && matches!(s.purpose, Purpose::Fetch { .. }))
    }
}
