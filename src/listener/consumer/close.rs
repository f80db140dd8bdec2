//! `close()`: commit, give up, leave (C2, C7). Knows no polling.

use super::commit::CommitKind;
use super::membership::AfterCallback;
use super::network::Purpose;
use super::{Consumer, ConsumerEffect, ConsumerFact, Event, Mode};
use crate::broker::GroupRequest;
use crate::kernel::SimTime;

/// How long `close()` takes at most, in microseconds.
const CLOSE_TIMEOUT_US: u64 = 30_000_000;

/// A `close()` under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Closing {
    pub(super) deadline: SimTime,
    leave: bool,
}

impl Consumer {
    /// `close()`. Ends with [`Event::Closed`]. An outstanding `poll` is not answered any more. Without `leave` the group is
    /// not told (`CloseOptions` with `REMAIN_IN_GROUP`); a static member never tells (C16).
    pub fn close(&mut self, now: SimTime, leave: bool, out: &mut Vec<ConsumerEffect>) {
        self.begin_to_close(now, leave, true, out);
    }

    /// `unsubscribe()` and then `close()`: at the close nothing is assigned any more, so that auto commit has nothing to commit.
    pub fn unsubscribe_and_close(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        self.begin_to_close(now, true, false, out);
    }

    fn begin_to_close(&mut self, now: SimTime, leave: bool, commits: bool, out: &mut Vec<ConsumerEffect>) {
        if self.dead || self.closing.is_some() {
            return;
        }
        self.poll = None;
        self.callback = None;
        self.closing = Some(Closing { deadline: now + CLOSE_TIMEOUT_US, leave: leave && self.config.leave_group_on_close });
        let offsets = self.consumed();
        if commits && self.config.enable_auto_commit && !self.config.group_id.is_empty() && !offsets.is_empty() {
            self.begin_commit(now, CommitKind::AtClose, offsets, out);
        } else {
            self.close_after_commit(now, out);
        }
        self.pump(now, out);
    }

    pub(super) fn close_after_commit(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        self.deliver_async(out);
        let owned = self.subscriptions.assigned();
        if owned.is_empty() || !matches!(self.subscriptions.mode, Mode::Topics(_)) {
            return self.close_after_callback(now, out);
        }
        let event = if self.group.generation.is_some() { Event::Revoked(owned) } else { Event::Lost(owned) };
        self.call_back(now, event, AfterCallback::Closing, out);
    }

    pub(super) fn close_after_callback(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        self.subscriptions.assign(&[]);
        let member = self.closing.is_some_and(|c| c.leave) && !self.group.member_id.is_empty();
        let request = GroupRequest::LeaveGroup { member_id: self.group.member_id.clone(), instance_id: None };
        let told = if self.is_modern() {
            member && self.group.generation.is_some() && self.send_goodbye(now, out)
        } else {
            member && !self.config.is_static() && self.send_to_group(now, Purpose::Leave, request, out)
        };
        if told {
            out.push(ConsumerEffect::Fact(ConsumerFact::Left { reason: "the consumer is being closed" }));
        } else {
            self.closed(out);
        }
        self.group.reset("closed", false);
    }

    pub(super) fn on_left(&mut self, out: &mut Vec<ConsumerEffect>) {
        if self.closing.is_some() {
            self.closed(out);
        }
    }

    /// Gives up on a `close()` that takes too long.
    pub(super) fn watch_close(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if self.callback.is_none() && self.closing.is_some_and(|c| c.deadline <= now) {
            self.closed(out);
        }
    }

    fn closed(&mut self, out: &mut Vec<ConsumerEffect>) {
        self.dead = true;
        out.push(ConsumerEffect::Event(Event::Closed));
    }
}
