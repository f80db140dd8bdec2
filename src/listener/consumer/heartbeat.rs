//! Signs of life, and their absence (C2; `AbstractCoordinator.HeartbeatThread`). Runs whether or not `poll` is called.

use super::membership::MemberState;
use super::network::Purpose;
use super::{Consumer, ConsumerEffect, ConsumerFact};
use crate::broker::{ErrorCode, GroupRequest, Response, us};
use crate::kernel::SimTime;

/// `retry.backoff.max.ms` of a consumer, which no scenario sets, in microseconds.
const BACK_OFF_US_MAX: u64 = 1_000_000;

impl Consumer {
    pub(super) fn beat(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if !matches!(self.group.state, MemberState::Completing | MemberState::Stable) {
            return;
        }
        if self.is_away() && now >= self.group.poll_deadline {
            return self.leave_for_not_polling(now, out);
        }
        let silent_us = us(self.config.session_timeout_ms);
        let sent_at = |s: &super::network::Sent| s.expires.since(SimTime(us(self.config.request_timeout_ms)));
        let mut beats = self.net.in_flight.iter().filter(|(_, s)| matches!(s.purpose, Purpose::Heartbeat { .. }));
        if let Some((correlation, sent)) = beats.next().map(|(c, s)| (*c, sent_at(s))) {
            if now.us() >= sent + silent_us {
                self.net.in_flight.remove(&correlation);
                self.net.coordinator_lost();
            }
            return;
        }
        if now >= self.group.next_heartbeat && self.net.coordinator.is_some() {
            let generation = self.group.generation.expect("a joined member has a generation");
            self.group.next_heartbeat = now + us(self.config.heartbeat_interval_ms);
            let request = GroupRequest::Heartbeat { member_id: self.group.member_id.clone(), generation, instance_id: self.instance_id() };
            self.send_to_group(now, Purpose::Heartbeat { generation }, request, out);
        }
    }

    /// Whether the application is busy with something else than `poll`.
    pub(super) fn is_away(&self) -> bool {
        self.poll.is_none() || self.callback.is_some()
    }

    /// `max.poll.interval.ms` is over: a dynamic member leaves, a static one just falls silent (C2).
    pub(super) fn leave_for_not_polling(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        let reason = "consumer poll timeout has expired";
        if self.is_modern() {
            self.send_goodbye(now, out);
        } else if !self.config.is_static() {
            let request = GroupRequest::LeaveGroup { member_id: self.group.member_id.clone(), instance_id: None };
            self.send_to_group(now, Purpose::Leave, request, out);
        }
        // In the consumer protocol the member id lasts as long as the process.
        self.group.reset(reason, self.is_modern());
        out.push(ConsumerEffect::Fact(ConsumerFact::Left { reason }));
    }

    pub(super) fn on_heartbeat(&mut self, now: SimTime, generation: u32, response: Response, out: &mut Vec<ConsumerEffect>) {
        if self.group.generation != Some(generation) {
            return;
        }
        let failed = matches!(response, Response::Error(error) if error != ErrorCode::RebalanceInProgress);
        if failed {
            // The next one comes after the back-off, which doubles (`Heartbeat.failHeartbeat`).
            let back_off_us = self.retry_us() << self.group.failed_heartbeats.min(16);
            self.group.next_heartbeat = now + back_off_us.min(BACK_OFF_US_MAX);
            self.group.failed_heartbeats += 1;
        } else {
            self.group.failed_heartbeats = 0;
        }
        let Response::Error(error) = response else { return };
        match error {
            ErrorCode::RebalanceInProgress if self.group.state == MemberState::Stable => {
                self.group.request_rejoin("group is already rebalancing");
            }
            ErrorCode::IllegalGeneration | ErrorCode::UnknownMemberId => self.fenced(error, "encountered an error from HEARTBEAT", out),
            ErrorCode::FencedInstanceId => {
                self.fenced(error, "encountered an error from HEARTBEAT", out);
                self.failure = Some(error.exception());
            }
            _ => {}
        }
    }

    /// When heartbeat or poll timeout are next due.
    pub(super) fn next_group_due(&self) -> SimTime {
        let mut due = SimTime::NEVER;
        if self.is_modern() {
            return self.next_modern_due();
        }
        if matches!(self.group.state, MemberState::Completing | MemberState::Stable) {
            if self.net.coordinator.is_some() && !self.net.is_under_way(|p| matches!(p, Purpose::Heartbeat { .. })) {
                due = due.min(self.group.next_heartbeat);
            }
            if self.is_away() {
                due = due.min(self.group.poll_deadline);
            }
        }
        if self.poll.is_some() && self.group.rejoin.is_some() && !self.group.is_rebalancing() && self.group.retry_at > SimTime::ZERO {
            due = due.min(self.group.retry_at);
        }
        due
    }

    fn next_modern_due(&self) -> SimTime {
        let mut due = SimTime::NEVER;
        let member = matches!(self.group.state, MemberState::Preparing | MemberState::Stable);
        if member && self.net.coordinator.is_some() && !self.net.is_under_way(|p| matches!(p, Purpose::ModernHeartbeat { .. })) {
            due = due.min(self.group.next_heartbeat);
        }
        if self.group.state == MemberState::Stable && self.is_away() {
            due = due.min(self.group.poll_deadline);
        }
        due
    }
}
