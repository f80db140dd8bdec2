//! The member's side of a share group: heartbeats, what is assigned, leaving (S1; `ShareMembershipManager`). Knows no record.

use std::sync::Arc;

use super::network::Purpose;
use super::{Out, ShareConsumer, ShareEffect, ShareEvent};
use crate::broker::group::member_epoch::LEAVES;
use crate::broker::{ErrorCode, GroupRequest, GroupResponse, Response, TopicPartition};
use crate::kernel::{Prng, SimTime, digest_of};
use crate::listener::consumer::ConsumerFact;

/// Where a member stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum State {
    /// Not in the group.
    #[default]
    Out,
    /// It has asked to join.
    Joining,
    /// A member.
    Member,
    /// It says goodbye.
    Leaving,
    /// The group refused it.
    Refused,
}

/// A member of a share group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Membership {
    /// The client makes it up; empty before it joins.
    pub(super) member_id: Arc<str>,
    state: State,
    epoch: i32,
    /// Counts the attempts to join; an answer to an earlier one is stale.
    attempt: u32,
    next_heartbeat: SimTime,
    /// An assignment is to be acknowledged at once.
    acknowledges: bool,
    pub(super) poll_deadline: SimTime,
}

impl Membership {
    pub(super) fn wants_coordinator(&self) -> bool {
        matches!(self.state, State::Joining | State::Member | State::Leaving)
    }
}

impl ShareConsumer {
    /// `poll` makes the application a member, for the first time or again.
    pub(super) fn begin_membership(&mut self, now: SimTime, out: &mut Out) {
        if self.group.state != State::Out || self.topics.is_empty() {
            return;
        }
        if self.group.member_id.is_empty() {
            let mut ids = Prng::stream(digest_of(&(self.client, now)), "member-id", 0);
            self.group.member_id = Arc::from(format!("{:016x}{:016x}", ids.next_u64(), ids.next_u64()));
        }
        self.join(now, "subscribe", out);
    }

    fn join(&mut self, now: SimTime, reason: &'static str, out: &mut Out) {
        self.group.state = State::Joining;
        self.group.epoch = 0;
        self.group.attempt += 1;
        self.group.next_heartbeat = now;
        Self::tell(out, ConsumerFact::Joining { reason });
    }

    /// Signs of life; a member whose application stays away from `poll` leaves.
    pub(super) fn beat(&mut self, now: SimTime, out: &mut Out) {
        let is_away = self.poll.is_none() && now >= self.group.poll_deadline;
        if self.group.state == State::Member && is_away && self.closing.is_none() {
            return self.leave(now, "the application did not poll", out);
        }
        let due = now >= self.group.next_heartbeat || self.group.acknowledges;
        let joining = self.group.state == State::Joining;
        if !due || !(joining || self.group.state == State::Member) || self.is_beating() {
            return;
        }
        let request = GroupRequest::ShareGroupHeartbeat {
            member_id: self.group.member_id.clone(),
            client_id: self.name.clone(),
            member_epoch: self.group.epoch,
            topics: joining.then(|| self.topics.clone()),
        };
        let attempt = self.group.attempt;
        if self.send_to_group(now, Purpose::Heartbeat { attempt }, request, out) {
            self.group.acknowledges = false;
        }
    }

    fn is_beating(&self) -> bool {
        self.net.is_under_way(|p| matches!(p, Purpose::Heartbeat { .. }))
    }

    /// When the next heartbeat is due, or the application has been away for too long.
    pub(super) fn next_group_due(&self) -> SimTime {
        let away = if self.poll.is_none() && self.group.state == State::Member { self.group.poll_deadline } else { SimTime::NEVER };
        let beats = matches!(self.group.state, State::Joining | State::Member) && self.net.coordinator.is_some() && !self.is_beating();
        if beats { away.min(self.group.next_heartbeat) } else { away }
    }

    pub(super) fn on_heartbeat(&mut self, now: SimTime, attempt: u32, response: Response, out: &mut Out) {
        if attempt != self.group.attempt || !matches!(self.group.state, State::Joining | State::Member) {
            return;
        }
        match response {
            Response::Group(GroupResponse::ShareGroupHeartbeat { member_epoch, heartbeat_interval_us, assignment }) => {
                let first = self.group.state == State::Joining;
                self.group.state = State::Member;
                self.group.epoch = member_epoch;
                self.group.next_heartbeat = now + heartbeat_interval_us;
                if let Some(assignment) = assignment {
                    self.take_assignment(assignment, first, out);
                }
            }
            Response::Error(error @ (ErrorCode::UnknownMemberId | ErrorCode::FencedMemberEpoch)) => {
                Self::tell(out, ConsumerFact::Fenced { error });
                self.assigned.clear();
                self.join(now, "the coordinator does not know the member", out);
            }
            Response::Error(error) if error.is_retriable() => self.group.next_heartbeat = now + self.retry_us(),
            Response::Error(error) => {
                self.group.state = State::Refused;
                self.assigned.clear();
                self.failure = Some(error.exception());
            }
            _ => {}
        }
    }

    fn take_assignment(&mut self, assignment: Vec<TopicPartition>, first: bool, out: &mut Out) {
        let same = assignment.len() == self.assigned.len() && assignment.iter().all(|p| self.assigned.contains(p));
        if same && !first {
            return;
        }
        // Told to the coordinator at once.
        self.group.acknowledges = true;
        self.assigned.retain(|p| assignment.contains(p));
        let added: Vec<TopicPartition> = assignment.iter().copied().filter(|p| !self.assigned.contains(p)).collect();
        self.assigned.extend(added);
        if self.assigned.iter().any(|p| self.net.leader(*p).is_none()) {
            self.net.mark_stale();
        }
        let generation = u32::try_from(self.group.epoch).unwrap_or(0);
        Self::tell(out, ConsumerFact::Rebalanced { generation, assignment });
    }

    /// The member leaves the group; what it has in hand stays its own until the locks end.
    fn leave(&mut self, now: SimTime, reason: &'static str, out: &mut Out) {
        self.group.state = State::Leaving;
        self.group.attempt += 1;
        self.assigned.clear();
        Self::tell(out, ConsumerFact::Left { reason });
        let request = GroupRequest::ShareGroupHeartbeat {
            member_id: self.group.member_id.clone(),
            client_id: self.name.clone(),
            member_epoch: LEAVES,
            topics: None,
        };
        if !self.send_to_group(now, Purpose::Leave, request, out) {
            self.on_left(out);
        }
    }

    pub(super) fn on_left(&mut self, out: &mut Out) {
        self.group.state = State::Out;
        if self.closing.is_some() {
            self.end(out);
        }
    }

    /// `close` goes on when every session has ended, and is over when the group has heard of it or has been given up on.
    pub(super) fn watch_close(&mut self, now: SimTime, out: &mut Out) {
        let Some(closing) = &mut self.closing else { return };
        if now >= closing.deadline {
            return self.end(out);
        }
        let sessions_end = self.sessions.values().any(|s| s.busy.is_some() || s.has_acks());
        if closing.leaves || sessions_end {
            return;
        }
        closing.leaves = true;
        if matches!(self.group.state, State::Joining | State::Member) {
            self.leave(now, "closed", out);
        } else if self.group.state != State::Leaving {
            self.end(out);
        }
    }

    fn end(&mut self, out: &mut Out) {
        self.closing = None;
        self.dead = true;
        self.assigned.clear();
        self.look_at_settled();
        out.push(ShareEffect::Event(ShareEvent::Closed));
    }
}
