//! A container without work: how long it sleeps between polls, and the events that tell of it (D0). Knows no listener.

use super::{Context, ListenerConsumer};
use crate::broker::TopicPartition;
use crate::kernel::SimTime;
use crate::listener::Fact;

/// How long before `max.poll.interval.ms` is over `idleBetweenPolls` ends (`ListenerConsumer#idleBetweenPollIfNecessary`).
const IDLE_MARGIN_US: u64 = 5_000_000;

/// What a thread remembers of its idleness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Idleness {
    /// `lastPoll`.
    last_poll_at: SimTime,
    /// `lastReceive`.
    last_receive_at: SimTime,
    /// `lastAlertAt`.
    last_alert_at: SimTime,
    /// `receivedSome`.
    received_some: bool,
    /// `wasIdle`.
    was_idle: bool,
}

impl Idleness {
    /// That of a thread that begins now.
    pub(super) const fn since(now: SimTime) -> Idleness {
        Idleness { last_poll_at: now, last_receive_at: now, last_alert_at: now, received_some: false, was_idle: false }
    }

    /// The thread is about to poll.
    pub(super) fn polls(&mut self, now: SimTime) {
        self.last_poll_at = now;
    }
}

impl ListenerConsumer {
    /// `idleBetweenPollIfNecessary`, in microseconds: no longer than the group waits for the next poll, less a margin.
    pub(super) fn idle_us(&self, now: SimTime) -> u64 {
        let away_us = now.since(self.idleness.last_poll_at) + IDLE_MARGIN_US;
        self.properties.idle_between_polls_us.min(self.properties.max_poll_interval_us.saturating_sub(away_us))
    }

    /// `notIdle`: records have come.
    pub(super) fn not_idle(&mut self, cx: &mut Context<'_>) {
        self.idleness.received_some = true;
        if self.properties.idle_event_interval_us > 0 {
            if std::mem::take(&mut self.idleness.was_idle) {
                cx.fact(Fact::NoLongerIdle { partitions: self.all_assigned() });
            }
            self.idleness.last_receive_at = cx.now;
        }
    }

    /// `checkIdle`: no records have come. Before the first ones the interval is multiplied.
    pub(super) fn check_idle(&mut self, cx: &mut Context<'_>) {
        let mut interval_us = self.properties.idle_event_interval_us;
        if interval_us == 0 {
            return;
        }
        if !self.idleness.received_some {
            interval_us = interval_us.saturating_mul(self.properties.idle_before_data_percent) / 100;
        }
        let is_over = |since: SimTime| cx.now.since(since) > interval_us;
        if is_over(self.idleness.last_receive_at) && is_over(self.idleness.last_alert_at) {
            self.idleness.was_idle = true;
            self.idleness.last_alert_at = cx.now;
            cx.fact(Fact::Idle { partitions: self.all_assigned() });
        }
    }

    fn all_assigned(&self) -> Vec<TopicPartition> {
        self.assigned.iter().copied().collect()
    }
}
