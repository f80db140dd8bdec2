//! What can be seen of a container's thread from outside. Changes nothing.

use std::sync::Arc;

use super::{Acknowledgment, ListenerConsumer, Op};
use crate::broker::{TopicId, TopicPartition};
use crate::kernel::SimTime;
use crate::listener::method::shows;
use crate::listener::{Action, ConsumerRecord, ContainerProperties, Counts, ListenerKind};

/// Where a consumer thread is: what it waits for, as one would find it in a thread dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doing {
    /// In `poll`, or between two polls.
    Polling,
    /// In the listener method, which waits for a viewer's decision.
    Deciding,
    /// In the listener method, in the effect on the application, or busy or stuck there.
    Effect,
    /// In the listener method, in `acknowledge()`: the commit is under way.
    Acknowledging,
    /// In a commit of the container's own (`processCommits`).
    Committing,
    /// After a `nack(Duration)`, until its pause is over (D6).
    NackPause,
    /// In the error handler: a back-off or a recoverer (D9, D11).
    ErrorHandler,
    /// At the coordinator of its transaction (E4).
    Transaction,
    /// Not in any of these: starting, closing, or over.
    Elsewhere,
}

impl ListenerConsumer {
    pub(in crate::listener::container) fn topic_id(&self, name: &str) -> Option<TopicId> {
        self.names.iter().find(|(_, known)| ***known == *name).map(|(id, _)| *id)
    }

    pub(in crate::listener::container) fn topic_name(&self, topic: TopicId) -> Arc<str> {
        self.names.get(&topic).cloned().unwrap_or_else(|| Arc::from(format!("topic-{}", topic.0)))
    }

    /// What the thread is at.
    pub fn doing(&self) -> Doing {
        let in_call = self.stack.contains(&Op::EndOfCall);
        match self.stack.last() {
            _ if !self.alive => Doing::Elsewhere,
            Some(Op::AwaitDecision) => Doing::Deciding,
            Some(Op::AwaitCommit { .. }) if in_call && self.stack.iter().any(Op::is_acknowledgment) => Doing::Acknowledging,
            Some(Op::AwaitCommit { .. }) => Doing::Committing,
            Some(Op::AwaitTransaction { .. }) => Doing::Transaction,
            Some(op) if in_call && op.waits() => Doing::Effect,
            // `idleBetweenPolls`: the poll is still to come.
            Some(Op::AwaitTimer { .. }) if self.stack.contains(&Op::Poll) => Doing::Polling,
            Some(Op::AwaitTimer { .. } | Op::AwaitSend { .. } | Op::AwaitShortPoll) => Doing::ErrorHandler,
            Some(Op::AwaitPoll) if self.nack_wake_at.is_some() => Doing::NackPause,
            Some(Op::AwaitPoll) => Doing::Polling,
            _ => Doing::Elsewhere,
        }
    }

    /// The settings.
    pub fn properties(&self) -> &ContainerProperties {
        &self.properties
    }

    /// Whether the thread exists: started, and neither ended nor dead.
    pub fn is_alive(&self) -> bool {
        self.alive
    }

    /// Whether `pause()` was asked for.
    pub fn is_pause_requested(&self) -> bool {
        self.pause_requested
    }

    /// Whether the consumer is paused, by the container, a nack or waiting acknowledgments.
    pub fn is_consumer_paused(&self) -> bool {
        self.consumer_paused || !self.paused_for_nack.is_empty()
    }

    /// The assigned partitions.
    pub fn assigned(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        self.assigned.iter().copied()
    }

    /// The record or records that the listener is called with now, if it is in a call.
    pub fn in_hand(&self) -> &[ConsumerRecord] {
        let in_call = self.stack.contains(&Op::EndOfCall);
        match self.properties.kind {
            _ if !in_call => &[],
            ListenerKind::Record => &self.batch[self.current as usize..=self.current as usize],
            ListenerKind::Batch => &self.batch,
        }
    }

    /// The records of the last poll that are not done with, the one in hand first.
    pub fn unfinished(&self) -> &[ConsumerRecord] {
        let from = match self.properties.kind {
            _ if !self.in_hand().is_empty() => self.current,
            ListenerKind::Record => self.next,
            ListenerKind::Batch => return &[],
        };
        self.batch.get(from as usize..).unwrap_or_default()
    }

    /// Whether the listener has acknowledged what it has in hand before its effect on the application was done.
    pub fn acknowledged_first(&self) -> bool {
        let to_come = |op: &Op| match op {
            Op::Actions { actions, at } => actions.iter().skip(*at as usize).any(|action| *action == Action::Effect),
            op => matches!(op, Op::AwaitApplication { .. }),
        };
        self.acknowledgment.as_ref().is_some_and(Acknowledgment::is_acknowledged) && self.stack.iter().any(to_come)
    }

    /// Whether the listener waits for a viewer's decision.
    pub fn awaits_decision(&self) -> bool {
        self.stack.last() == Some(&Op::AwaitDecision)
    }

    /// When the nack pause ends at the earliest, if there is one.
    pub fn nack_until(&self) -> Option<SimTime> {
        self.nack_wake_at
    }

    /// Whether the thread sleeps: a back-off, or a listener that is stuck.
    pub fn sleeps(&self) -> bool {
        matches!(self.stack.last(), Some(Op::AwaitTimer { .. }))
    }

    /// Whether the listener kept the Acknowledgment of a record with this value.
    pub fn keeps(&self, value: &str) -> bool {
        self.held.iter().any(|held| held.value().is_some_and(|bytes| shows(bytes, value)))
    }

    /// The records that failed and will be delivered again, at most one for each partition.
    pub fn failing(&self) -> impl Iterator<Item = (TopicPartition, u64)> + '_ {
        self.tracker.failing()
    }

    /// Which attempt the delivery of a record is, from 1.
    pub fn delivery_attempt(&self, partition: TopicPartition, offset: u64) -> u32 {
        let of = |counts| self.tracker.delivery_attempt((partition, counts), offset);
        of(Counts::Handler).max(of(Counts::AfterRollback))
    }

    /// The record that was nacked, until the pause is over.
    pub fn nacked(&self) -> Option<(TopicPartition, u64)> {
        let record = self.batch.get(self.nack_index as usize).filter(|_| self.nack_wake_at.is_some())?;
        Some((record.partition, record.record.offset))
    }

    /// Whether the thread waits in `poll`.
    pub fn is_polling(&self) -> bool {
        matches!(self.stack.last(), Some(Op::AwaitPoll))
    }
}

impl Op {
    /// Whether it is a call of `acknowledge()` that has not returned.
    fn is_acknowledgment(&self) -> bool {
        matches!(self, Op::ApiCall { call, .. } if call.starts_with("ack"))
    }

    /// Whether it lies on top until an answer comes.
    pub(super) fn waits(&self) -> bool {
        matches!(
            self,
            Op::AwaitPoll
                | Op::AwaitShortPoll
                | Op::AwaitClose
                | Op::AwaitTimer { .. }
                | Op::AwaitCommit { .. }
                | Op::AwaitInitialPositions { .. }
                | Op::AwaitApplication { .. }
                | Op::AwaitLatch { .. }
                | Op::AwaitDecision
                | Op::AwaitSend { .. }
                | Op::AwaitTransaction { .. }
        )
    }
}
