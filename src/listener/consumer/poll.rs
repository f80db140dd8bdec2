//! `poll`: one pass after the other until there is something to return (`ClassicKafkaConsumer#poll`).

use super::{Consumer, ConsumerEffect, Event};
use crate::broker::KafkaException;
use crate::kernel::SimTime;
use crate::listener::ConsumerRecord;

impl Consumer {
    /// `poll(timeout)`: ends with [`Event::Polled`]. One call at a time; a timeout of 0 returns at once.
    pub fn poll(&mut self, now: SimTime, timeout_us: u64, out: &mut Vec<ConsumerEffect>) {
        if self.dead || self.closing.is_some() {
            return;
        }
        self.poll = Some(now + timeout_us);
        self.pump(now, out);
    }

    /// Does everything that can be done now.
    pub(super) fn pump(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if self.dead {
            return;
        }
        self.note_clock(now);
        self.maintain_network(now, out);
        if self.is_modern() {
            self.modern_beat(now, out);
        } else {
            self.beat(now, out);
        }
        self.continue_commits(now, out);
        self.watch_close(now, out);
        if self.closing.is_none() {
            if self.callback.is_none() && self.poll.is_some() {
                self.pass(now, out);
            } else if !self.position_calls.is_empty() {
                // A callback may wait for a position, too (D17).
                self.update_positions(now, out);
            }
            self.answer_position_calls(now, out);
        }
        self.arm(now, out);
    }

    /// One pass of the loop inside `poll`.
    fn pass(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if std::mem::take(&mut self.woken) {
            return self.polled(now, Err(KafkaException::new("WakeupException")), out);
        }
        self.deliver_async(out);
        if let Some(failure) = self.failure.take() {
            return self.polled(now, Err(failure), out);
        }
        let ready = if self.is_modern() { self.reconcile(now, out) } else { self.join_if_needed(now, out) };
        if !ready {
            return;
        }
        if self.group.generation.is_some() || self.group.rejoin.is_none() {
            self.auto_commit(now, out);
        }
        self.update_positions(now, out);
        if let Some(failure) = self.failure.take() {
            return self.polled(now, Err(failure), out);
        }
        let collected = self.collect();
        self.send_fetches(now, out);
        match collected {
            Err(error) => self.polled(now, Err(error), out),
            Ok(Some(records)) => self.polled(now, Ok(records), out),
            Ok(None) if self.poll.is_some_and(|deadline| deadline <= now) => self.polled(now, Ok(Vec::new()), out),
            Ok(None) => {}
        }
    }

    fn polled(&mut self, now: SimTime, result: Result<Vec<ConsumerRecord>, KafkaException>, out: &mut Vec<ConsumerEffect>) {
        self.poll = None;
        self.group.poll_deadline = now + self.max_poll_interval_us();
        out.push(ConsumerEffect::Event(Event::Polled(result)));
    }
}
