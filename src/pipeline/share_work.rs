//! The loop of a worker of the share group: poll, turn to each record, tell the customer, say what became of it. It accepts,
//! releases, rejects or renews a record by chance, or as a viewer or a fault wants it.
//!
//! Has never heard of how locks and states are kept.

use super::share_group::ShareDoing;
use super::{FactKind, Occurrence, ProcessState, RESTART_US, WorkFact, World};
use crate::bank::EventId;
use crate::broker::KafkaException;
use crate::broker::share::AckType;
use crate::fault::{FaultKind, Node};
use crate::listener::share::{AckOutcome, ShareAnswer, ShareOrder, ShareRecord};
use crate::scenario::{Of, Property};

/// How long one call of `poll` of the application may take, in microseconds.
const POLL_US: u64 = 1_000_000;
/// How often a stuck application is looked at, in microseconds.
const STUCK_US: u64 = 100_000;
/// What the work throws when trying again may help.
const RETRYABLE: &str = "IllegalStateException";
/// What it throws when not.
const FATAL: &str = "ClassCastException";
/// What it throws when the record is no event.
const NO_EVENT: &str = "DeserializationException";

impl World {
    /// Tells what a worker did; about a record it concerns the command of its event.
    pub(super) fn tell_work(&mut self, slot: u32, fact: WorkFact) {
        let event = self.share_work(slot).and_then(|w| EventId::from_tag(w.at_work.as_ref()?.record.tag));
        let command = event.and_then(|event| self.bank.as_ref()?.event(event)).map(|content| content.command.0);
        self.tell(Node::ShareConsumer(slot), command, FactKind::Work(fact));
    }

    pub(super) fn poll_share(&mut self, slot: u32) {
        self.doing(slot, ShareDoing::Polling);
        self.with_share(slot, |m, now, out| m.order(now, ShareOrder::Poll { for_us: POLL_US }, out));
    }

    fn doing(&mut self, slot: u32, doing: ShareDoing) {
        if let Some(work) = self.share_work_mut(slot) {
            work.doing = doing;
        }
    }

    /// The application's call has returned.
    pub(super) fn share_goes_on(&mut self, slot: u32, answer: ShareAnswer) {
        match answer {
            ShareAnswer::Records(records) => {
                if !records.is_empty() {
                    self.tell_work(slot, WorkFact::Polled { records: records.len() as u32 });
                }
                if let Some(work) = self.share_work_mut(slot) {
                    work.waiting = records.into();
                }
                self.next_share_record(slot);
            }
            ShareAnswer::Threw(exception) => self.share_call_threw(slot, exception),
            ShareAnswer::Committed(outcome) => self.share_committed(slot, &outcome),
            ShareAnswer::Done if self.share_consumers[slot as usize].application.is_gone() => self.share_closed(slot),
            // `acknowledge` and `commitAsync` return at once; the worker goes on by itself.
            ShareAnswer::Done => {}
        }
    }

    /// An exception of the consumer ends the loop: the worker closes its consumer and is started again.
    fn share_call_threw(&mut self, slot: u32, exception: KafkaException) {
        self.tell_work(slot, WorkFact::CallThrew { class: exception.class });
        self.leave_loop(slot);
    }

    /// An exception has left the loop.
    fn leave_loop(&mut self, slot: u32) {
        let Some(work) = self.share_work_mut(slot) else { return };
        if work.state == ProcessState::Running {
            work.restart_us = Some(RESTART_US);
        }
        work.state = ProcessState::Stopping;
        work.waiting.clear();
        self.next_share_record(slot);
    }

    fn share_closed(&mut self, slot: u32) {
        let Some(work) = self.share_work_mut(slot) else { return };
        work.state = ProcessState::Stopped;
        let restart_us = work.restart_us;
        self.tell_work(slot, WorkFact::Stopped);
        if let Some(us) = restart_us {
            self.restart_share_later(slot, us);
        }
    }

    /// The worker goes on without a word about its record.
    pub(super) fn pass_share_record(&mut self, slot: u32) {
        self.next_share_record(slot);
    }

    fn next_share_record(&mut self, slot: u32) {
        let Some(work) = self.share_work_mut(slot) else { return };
        (work.at_work, work.decided, work.said) = (None, None, false);
        if work.state == ProcessState::Stopping {
            work.doing = ShareDoing::Closing;
            return self.with_share(slot, |m, now, out| m.order(now, ShareOrder::Close, out));
        }
        match work.waiting.pop_front() {
            None => self.poll_share(slot),
            Some(record) => self.turn_to(slot, record),
        }
    }

    fn turn_to(&mut self, slot: u32, record: ShareRecord) {
        let (partition, offset, delivery_count) = (record.partition, record.record.offset, record.delivery_count);
        let Some(work) = self.share_work_mut(slot) else { return };
        work.at_work = Some(record);
        let asks = work.by_hand;
        self.tell_work(slot, WorkFact::Taken { partition, offset, delivery_count });
        if asks {
            self.doing(slot, ShareDoing::Deciding);
            return self.tell_work(slot, WorkFact::AwaitingDecision { partition, offset });
        }
        self.begin_work(slot);
    }

    /// The worker begins with its record, in the order in which it usually does, or as a fault wants it.
    pub(super) fn begin_work(&mut self, slot: u32) {
        self.doing(slot, ShareDoing::Working);
        if self.share_fault(slot, FaultKind::CrashBeforeEffect).is_some() {
            return self.crash_share(slot);
        }
        if self.share_fault(slot, FaultKind::AckBeforeEffect).is_some() {
            if let Some(work) = self.share_work_mut(slot) {
                work.said = true;
            }
            if !self.is_share_explicit(slot) || self.say(slot, AckType::Accept) {
                return self.commit_share(slot, true);
            }
            return;
        }
        self.work(slot);
    }

    fn work(&mut self, slot: u32) {
        self.doing(slot, ShareDoing::Working);
        let slow_us = self.share_fault(slot, FaultKind::ListenerSlow).map_or(0, |rule| rule.amount.saturating_mul(1_000));
        let us = self.config.latency(Property::ShareTime, Of::Only).draw(&mut self.share_chance.time);
        let Some(incarnation) = self.share_work(slot).map(|w| w.incarnation) else { return };
        self.at(self.now + us + slow_us, Occurrence::ShareWork { slot, incarnation });
    }

    /// The application has worked on its record for long enough.
    pub(super) fn share_worked(&mut self, slot: u32, incarnation: u32) {
        let Some(work) = self.share_work(slot).filter(|w| w.incarnation == incarnation && w.doing == ShareDoing::Working) else { return };
        let Some(record) = work.at_work.clone() else { return };
        if self.is_share_stuck(slot) {
            return self.at(self.now + STUCK_US, Occurrence::ShareWork { slot, incarnation });
        }
        let Some(ack) = self.outcome_of_work(slot, &record) else { return self.leave_loop(slot) };
        if ack == AckType::Accept {
            self.notify_customer(slot, &record);
            if self.share_fault(slot, FaultKind::CrashAfterEffect).is_some() {
                return self.crash_share(slot);
            }
        }
        let said = self.share_work(slot).is_some_and(|w| w.said);
        if said || self.is_share_explicit(slot) && self.share_fault(slot, FaultKind::AckForgotten).is_some() {
            return self.next_share_record(slot);
        }
        self.finish_record(slot, ack);
    }

    /// What came of the work; `None`: an exception that leaves the loop, because in implicit mode there is no other word for it.
    fn outcome_of_work(&mut self, slot: u32, record: &ShareRecord) -> Option<AckType> {
        let (partition, offset) = (record.partition, record.record.offset);
        let is_explicit = self.is_share_explicit(slot);
        let thrown = if self.share_fault(slot, FaultKind::ListenerThrows).is_some() {
            Some((RETRYABLE, AckType::Release))
        } else if self.share_fault(slot, FaultKind::ListenerThrowsFatal).is_some() {
            Some((FATAL, AckType::Reject))
        } else if EventId::from_tag(record.record.tag).is_none() {
            Some((NO_EVENT, AckType::Reject))
        } else {
            None
        };
        if let Some((class, ack)) = thrown {
            self.tell_work(slot, WorkFact::Threw { partition, offset, class });
            // What is no event is passed over: an application that ended at it would end at it again.
            return (is_explicit || class == NO_EVENT).then_some(ack);
        }
        let decided = self.share_work(slot).and_then(|w| w.decided);
        Some(decided.unwrap_or_else(|| if is_explicit { self.draw_outcome() } else { AckType::Accept }))
    }

    /// The customer is told, unless the gateway knows the notice's key.
    fn notify_customer(&mut self, slot: u32, record: &ShareRecord) {
        let Some(event) = EventId::from_tag(record.record.tag) else { return };
        let (partition, offset) = (record.partition, record.record.offset);
        let first = self.noticed.insert(event.0);
        let knows = !first && self.config.flag(Property::ShareIdempotencyKey, Of::Only);
        let fact = if knows { WorkFact::NoticeKnown { partition, offset, event } } else { WorkFact::Noticed { partition, offset, event } };
        self.tell_work(slot, fact);
    }

    /// The record is done: the worker says so, and goes on.
    pub(super) fn finish_record(&mut self, slot: u32, ack: AckType) {
        let is_explicit = self.is_share_explicit(slot);
        if is_explicit && !self.say(slot, ack) {
            return;
        }
        if self.share_fault(slot, FaultKind::CrashBeforeCommit).is_some() {
            return self.crash_share(slot);
        }
        // In implicit mode a commit accepts the whole poll (S16): it comes after the last record.
        let is_last = self.share_work(slot).is_some_and(|w| w.waiting.is_empty());
        match self.config.choice(Property::ShareCommit, Of::Only) {
            "commitSync" if is_explicit || is_last => self.commit_share(slot, true),
            "commitAsync" if is_explicit || is_last => {
                self.commit_share(slot, false);
                self.next_share_record(slot);
            }
            _ => self.next_share_record(slot),
        }
    }

    /// `acknowledge(record, type)`; false if it threw.
    fn say(&mut self, slot: u32, ack: AckType) -> bool {
        let Some((partition, offset)) = self.share_work(slot).and_then(|w| w.place()) else { return false };
        match self.share_consumers[slot as usize].application.consumer.acknowledge(partition, offset, ack) {
            Ok(()) => {
                self.tell_work(slot, WorkFact::Said { partition, offset, ack });
                true
            }
            Err(exception) => {
                self.share_call_threw(slot, exception);
                false
            }
        }
    }

    fn commit_share(&mut self, slot: u32, waits: bool) {
        self.tell_work(slot, WorkFact::Commit { waits });
        let order = if waits { ShareOrder::Commit } else { ShareOrder::CommitAsync };
        if waits {
            self.doing(slot, ShareDoing::Committing);
        }
        self.with_share(slot, |m, now, out| m.order(now, order, out));
    }

    fn share_committed(&mut self, slot: u32, outcome: &AckOutcome) {
        let refused = outcome.values().filter(|error| error.is_some()).count() as u32;
        self.tell_work(slot, WorkFact::Committed { refused });
        match self.share_work(slot) {
            Some(work) if work.said && work.at_work.is_some() => self.work(slot),
            _ => self.next_share_record(slot),
        }
    }

    /// What the application says of a record, by the shares that are set.
    fn draw_outcome(&mut self) -> AckType {
        let drawn = self.share_chance.outcome.below(100) as i64;
        let shares =
            [(Property::ReleaseShare, AckType::Release), (Property::RejectShare, AckType::Reject), (Property::RenewShare, AckType::Renew)];
        let mut below = 0;
        for (property, ack) in shares {
            below += self.config.int(property, Of::Only);
            if drawn < below {
                return ack;
            }
        }
        AckType::Accept
    }

    /// Whether the application of a share consumer acknowledges each record (S16).
    pub(super) fn is_share_explicit(&self, slot: u32) -> bool {
        self.share_consumers[slot as usize].application.consumer.config().is_explicit()
    }
}
