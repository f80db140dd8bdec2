//! What the container does in the callbacks of a rebalance (D17), which run inside `poll` and `close`.

use std::sync::Arc;

use super::op::Op;
use super::{ConsumerCall, Context, ListenerConsumer, Output};
use crate::broker::TopicPartition;
use crate::kernel::SimTime;
use crate::listener::{ConsumerRecord, Fact, Listener, Offsets};

impl ListenerConsumer {
    /// `onPartitionsRevoked`: retained records of these partitions are dropped, pending acknowledgments committed.
    pub fn on_revoked(&mut self, now: SimTime, partitions: Vec<TopicPartition>, listener: &mut Listener, out: &mut Vec<Output>) {
        if !self.alive {
            return;
        }
        let mut cx = Context { now, listener, out };
        self.revoked(&mut cx, partitions);
        self.run(&mut cx);
    }

    /// `onPartitionsLost`, which then takes the way of a revocation.
    pub fn on_lost(&mut self, now: SimTime, partitions: Vec<TopicPartition>, listener: &mut Listener, out: &mut Vec<Output>) {
        if !self.alive {
            return;
        }
        let mut cx = Context { now, listener, out };
        cx.fact(Fact::Lost { partitions: partitions.clone() });
        self.revoked(&mut cx, partitions);
        self.run(&mut cx);
    }

    fn revoked(&mut self, cx: &mut Context<'_>, partitions: Vec<TopicPartition>) {
        cx.fact(Fact::Revoked { partitions: partitions.clone() });
        if let Some(rest) = self.remaining.take() {
            let kept: Vec<ConsumerRecord> = rest.iter().filter(|record| !partitions.contains(&record.partition)).cloned().collect();
            self.remaining = (!kept.is_empty()).then(|| Arc::from(kept));
        }
        self.plan([Op::RebalanceCommits, Op::CommitPendingAcks, Op::CatchAny, Op::AfterRevoked(partitions), Op::CallbackDone]);
    }

    /// `onPartitionsAssigned`: a paused container stays paused; with `auto.offset.reset=latest` the position from which a
    /// partition without a committed offset is read is committed at once.
    pub fn on_assigned(&mut self, now: SimTime, partitions: Vec<TopicPartition>, listener: &mut Listener, out: &mut Vec<Output>) {
        if !self.alive {
            return;
        }
        let mut cx = Context { now, listener, out };
        self.pause_again(&mut cx, &partitions);
        self.assigned.extend(&partitions);
        self.plan([Op::AfterAssigned(partitions.clone()), Op::CallbackDone]);
        // With a transaction manager too: outside of any transaction (`AssignmentCommitOption.LATEST_ONLY_NO_TX`, the default).
        if self.properties.commit_at_assignment && !partitions.is_empty() {
            let token = self.fresh();
            cx.call(ConsumerCall::InitialPositions { token, partitions });
            self.plan([Op::AwaitInitialPositions { token }, Op::CatchAny]);
        }
        self.run(&mut cx);
    }

    /// The listener seeks in `onPartitionsAssigned` (`ConsumerSeekAware`).
    pub(super) fn seek_assigned(&mut self, offsets: &[(TopicPartition, u64)], out: &mut Vec<Output>) {
        for (partition, offset) in offsets.iter().filter(|(partition, _)| self.alive && self.assigned.contains(partition)) {
            out.push(Output::Call(ConsumerCall::Seek { partition: *partition, offset: *offset }));
        }
    }

    /// `repauseIfNeeded`: what a rebalance has resumed is paused again.
    fn pause_again(&mut self, cx: &mut Context<'_>, partitions: &[TopicPartition]) {
        let wanted = !self.waiting_offsets.is_empty() || self.pause_requested || self.remaining.is_some();
        if wanted && !partitions.is_empty() {
            self.consumer_paused = true;
            self.pause_in_kafka(cx, partitions.to_vec());
        }
        let waiting: Vec<TopicPartition> =
            partitions.iter().filter(|partition| self.due_requests.contains_key(partition)).copied().collect();
        if !self.consumer_paused {
            self.due_paused.extend(&waiting);
            self.pause_in_kafka(cx, waiting);
        }
        self.pause_in_kafka(cx, self.paused_for_nack.iter().copied().collect());
    }

    /// `FallbackBatchErrorHandler.onPartitionsAssigned`: while a batch is retried, everything that is assigned is paused (D10).
    fn pause_again_for_retry(&mut self, cx: &mut Context<'_>) {
        if self.retries_batch {
            self.pause_in_kafka(cx, self.assigned.iter().copied().collect());
        }
    }

    /// The positions of newly assigned partitions that had no committed offset.
    pub fn on_initial_positions(&mut self, now: SimTime, token: u64, offsets: Offsets, listener: &mut Listener, out: &mut Vec<Output>) {
        if self.stack.last() != Some(&Op::AwaitInitialPositions { token }) {
            return;
        }
        self.stack.pop();
        self.stack.push(Op::Commit(offsets));
        self.run(&mut Context { now, listener, out });
    }

    /// One step of a callback.
    pub(super) fn callback_step(&mut self, cx: &mut Context<'_>, op: Op) {
        match op {
            Op::AfterRevoked(partitions) => {
                for partition in &partitions {
                    self.assigned.remove(partition);
                    self.paused_for_nack.remove(partition);
                    self.waiting_offsets.remove(partition);
                    self.deferred_offsets.remove(partition);
                    self.due_paused.remove(partition);
                    self.kafka_paused.remove(partition);
                }
                if self.properties.async_acks && self.waiting_offsets.is_empty() {
                    self.consumer_paused = false;
                }
            }
            Op::AfterAssigned(partitions) => {
                cx.fact(Fact::Assigned { partitions });
                self.pause_again_for_retry(cx);
            }
            _ => cx.call(ConsumerCall::CallbackDone),
        }
    }
}
