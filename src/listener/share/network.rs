//! A share consumer's requests under way, its metadata, and who coordinates. Knows what was asked, not why.

use std::sync::Arc;

use super::session::{PartitionAcks, Waiter};
use super::{Out, ShareConsumer, ShareEffect};
use crate::broker::{BrokerId, ErrorCode, GroupRequest, Metadata, Request, Response, TopicPartition, us};
use crate::kernel::{SimTime, SortedMap};

/// What a request was for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    Metadata,
    Coordinator,
    Heartbeat { attempt: u32 },
    Leave,
    Fetch { acks: PartitionAcks },
    Acknowledge { waiter: Waiter, acks: PartitionAcks },
}

/// A request under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Sent {
    purpose: Purpose,
    to: Option<BrokerId>,
    expires: SimTime,
}

/// The consumer's side of its connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Network {
    next_correlation: u64,
    in_flight: SortedMap<u64, Sent>,
    pub(super) metadata: Arc<Metadata>,
    metadata_at: Option<SimTime>,
    wanted: Vec<Arc<str>>,
    stale: bool,
    metadata_retry_at: SimTime,
    pub(super) coordinator: Option<BrokerId>,
    coordinator_retry_at: SimTime,
    /// Brokers that could not be reached, and until when they are left alone.
    pub(super) avoid: SortedMap<BrokerId, SimTime>,
}

impl Network {
    pub(super) fn want(&mut self, topics: Vec<Arc<str>>) {
        self.stale |= self.wanted != topics;
        self.wanted = topics;
    }

    pub(super) fn mark_stale(&mut self) {
        self.stale = true;
    }

    pub(super) fn is_under_way(&self, purpose: impl Fn(&Purpose) -> bool) -> bool {
        self.in_flight.values().any(|s| purpose(&s.purpose))
    }

    /// The leader of a partition, if it is known.
    pub(super) fn leader(&self, partition: TopicPartition) -> Option<BrokerId> {
        let topic = self.metadata.topics.values().find(|t| t.id == partition.topic)?;
        topic.partitions.get(partition.partition as usize)?.0
    }
}

impl ShareConsumer {
    pub(super) fn group_id(&self) -> Arc<str> {
        Arc::from(self.config.group_id.as_str())
    }

    fn send(&mut self, now: SimTime, to: Option<BrokerId>, purpose: Purpose, request: Request, out: &mut Out) -> u64 {
        self.net.next_correlation += 1;
        let correlation = self.net.next_correlation;
        let expires = now + us(self.config.request_timeout_ms);
        self.net.in_flight.insert(correlation, Sent { purpose, to, expires });
        out.push(ShareEffect::Request { to, correlation, request });
        correlation
    }

    /// Sends to a leader, to which one request is under way at a time.
    pub(super) fn send_to_node(&mut self, now: SimTime, node: BrokerId, purpose: Purpose, request: Request, out: &mut Out) {
        let correlation = self.send(now, Some(node), purpose, request, out);
        self.sessions.entry(node).or_default().busy = Some(correlation);
    }

    /// Sends to the coordinator. False if it is not known.
    pub(super) fn send_to_group(&mut self, now: SimTime, purpose: Purpose, request: GroupRequest, out: &mut Out) -> bool {
        let Some(coordinator) = self.net.coordinator else { return false };
        let request = Request::Group { group: self.group_id(), request };
        self.send(now, Some(coordinator), purpose, request, out);
        true
    }

    /// Keeps metadata and coordinator fresh and gives up on what was never answered.
    pub(super) fn maintain_network(&mut self, now: SimTime, out: &mut Out) {
        self.net.avoid.retain(|_, until| *until > now);
        let expired: Vec<(u64, Option<BrokerId>)> =
            self.net.in_flight.iter().filter(|(_, s)| s.expires <= now).map(|(c, s)| (*c, s.to)).collect();
        for (correlation, to) in expired {
            // The client closes a connection that does not answer.
            out.extend(to.map(|from| ShareEffect::HangUp { from }));
            self.answered(now, correlation, Response::Error(ErrorCode::NetworkDisconnect), out);
        }
        let due = self.net.stale || self.net.metadata_at.is_none_or(|at| now >= at + us(self.config.metadata_max_age_ms));
        let asked = self.net.is_under_way(|p| *p == Purpose::Metadata);
        if !self.net.wanted.is_empty() && due && now >= self.net.metadata_retry_at && !asked {
            self.net.stale = false;
            let request = Request::Metadata { topics: Some(self.net.wanted.clone()) };
            self.send(now, None, Purpose::Metadata, request, out);
        }
        if self.needs_coordinator() && now >= self.net.coordinator_retry_at {
            let request = Request::FindCoordinator { key: self.group_id(), transactional: false };
            self.send(now, None, Purpose::Coordinator, request, out);
        }
    }

    fn needs_coordinator(&self) -> bool {
        let wants = self.group.wants_coordinator() && self.net.coordinator.is_none();
        wants && !self.net.is_under_way(|p| *p == Purpose::Coordinator)
    }

    /// An answer arrives, or the news that there will be none (`Response::Error`).
    pub fn on_response(&mut self, now: SimTime, correlation: u64, response: Response, out: &mut Out) {
        if !self.dead {
            self.answered(now, correlation, response, out);
            self.pump(now, out);
        }
    }

    fn answered(&mut self, now: SimTime, correlation: u64, response: Response, out: &mut Out) {
        let Some(Sent { purpose, to, .. }) = self.net.in_flight.remove(&correlation) else { return };
        for session in self.sessions.values_mut().filter(|s| s.busy == Some(correlation)) {
            session.busy = None;
        }
        if let Response::Error(error) = &response {
            self.note_error(now, *error, to, &purpose);
        }
        match purpose {
            Purpose::Metadata => self.on_metadata(now, response),
            Purpose::Coordinator => match response {
                Response::FindCoordinator { coordinator } => self.net.coordinator = Some(coordinator),
                _ => self.net.coordinator_retry_at = now + self.retry_us(),
            },
            Purpose::Heartbeat { attempt } => self.on_heartbeat(now, attempt, response, out),
            Purpose::Leave => self.on_left(out),
            Purpose::Fetch { acks } => {
                if let Some(node) = to {
                    self.on_fetched(now, node, acks, response, out);
                }
            }
            Purpose::Acknowledge { waiter, acks } => {
                if let Some(node) = to {
                    self.on_acknowledged(node, waiter, acks, response, out);
                }
            }
        }
    }

    fn note_error(&mut self, now: SimTime, error: ErrorCode, to: Option<BrokerId>, purpose: &Purpose) {
        let of_group = matches!(purpose, Purpose::Heartbeat { .. } | Purpose::Leave);
        let gone = matches!(
            error,
            ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable | ErrorCode::NetworkDisconnect | ErrorCode::RequestTimedOut
        );
        if of_group && gone {
            self.net.coordinator = None;
            self.net.coordinator_retry_at = now + self.retry_us();
        }
        if error == ErrorCode::NetworkDisconnect {
            self.net.mark_stale();
            self.net.avoid.extend(to.map(|to| (to, now + self.retry_us())));
        }
    }

    fn on_metadata(&mut self, now: SimTime, response: Response) {
        self.net.metadata_retry_at = now + self.retry_us();
        let Response::Metadata(metadata) = response else {
            self.net.stale = true;
            return;
        };
        self.net.metadata_at = Some(now);
        let missing = self.net.wanted.iter().any(|t| !metadata.topics.contains_key(t));
        self.net.metadata = metadata;
        let leaderless = self.assigned.iter().any(|p| self.net.leader(*p).is_none());
        if missing || leaderless {
            self.net.stale = true;
            self.net.metadata_retry_at = now + 2 * self.retry_us();
        }
    }

    /// The earliest instant at which something is due by itself.
    fn next_due(&self) -> SimTime {
        let mut due = SimTime::NEVER;
        let mut at = |at: SimTime| due = due.min(at);
        self.net.in_flight.values().for_each(|s| at(s.expires));
        self.poll.into_iter().for_each(&mut at);
        if !self.net.wanted.is_empty() && !self.net.is_under_way(|p| *p == Purpose::Metadata) {
            let age = self.net.metadata_at.map_or(SimTime::ZERO, |at| at + us(self.config.metadata_max_age_ms));
            at(if self.net.stale { self.net.metadata_retry_at } else { age.max(self.net.metadata_retry_at) });
        }
        if self.needs_coordinator() {
            at(self.net.coordinator_retry_at);
        }
        at(self.next_group_due());
        if let Some(closing) = &self.closing {
            at(closing.deadline);
        }
        if self.fetch_more {
            self.net.avoid.values().copied().for_each(&mut at);
        }
        due
    }

    /// Makes sure that a wake-up is under way for whatever is due next.
    pub(super) fn arm(&mut self, now: SimTime, out: &mut Out) {
        let due = self.next_due();
        if self.dead || due == SimTime::NEVER {
            return;
        }
        let at = due.max(now + 1);
        if self.armed.first().is_none_or(|armed| *armed > at) {
            self.armed.insert(at);
            out.push(ShareEffect::Timer { at });
        }
    }

    /// The timer fires.
    pub fn on_timer(&mut self, now: SimTime, out: &mut Out) {
        self.armed.retain(|at| *at > now);
        self.pump(now, out);
    }
}
