//! When and how offsets are committed (D2, D17).

use super::op::Op;
use super::{ConsumerCall, Context, ListenerConsumer, Output};
use crate::broker::{KafkaException, TopicPartition};
use crate::kernel::SimTime;
use crate::listener::{AckMode, Exception, Fact, Listener, Offsets};

impl ListenerConsumer {
    /// One step of committing.
    pub(super) fn commit_step(&mut self, cx: &mut Context<'_>, op: Op) {
        match op {
            Op::ProcessCommits => self.process_commits(cx),
            Op::CommitIfNecessary => {
                let offsets = std::mem::take(&mut self.offsets).into_iter().map(|(partition, offset)| (partition, offset + 1)).collect();
                self.commit(cx, offsets);
            }
            Op::CountAnew { time } => {
                self.count = 0;
                self.last_commit_at = time.unwrap_or(self.last_commit_at);
            }
            Op::CommitPendingAcks => self.plan([Op::ProcessCommits, Op::CommitIfNecessary]),
            Op::Commit(offsets) => self.commit(cx, offsets),
            Op::RebalanceCommits if !self.commits_during_rebalance.is_empty() => {
                let mut offsets = std::mem::take(&mut self.commits_during_rebalance);
                offsets.retain(|partition, _| self.assigned.contains(partition));
                self.commit(cx, offsets);
            }
            _ => {}
        }
    }

    /// `processCommits`: what was processed or acknowledged is counted, and committed if the mode says so now.
    fn process_commits(&mut self, cx: &mut Context<'_>) {
        let mode = self.properties.ack_mode;
        self.count += self.acks.len() as u64;
        let acks = std::mem::take(&mut self.acks);
        if mode == AckMode::ManualImmediate {
            let commits: Vec<Op> =
                acks.into_iter().map(|(partition, offset)| self.commit_at_once(Offsets::from([(partition, offset + 1)]))).collect();
            self.stack.extend(commits.into_iter().rev());
            return;
        }
        for (partition, offset) in acks {
            self.add_offset(partition, offset);
        }
        let elapsed = mode.looks_at_time() && cx.now.since(self.last_commit_at) > self.properties.ack_time_us;
        let counted_out = mode.counts() && self.count >= u64::from(self.properties.ack_count);
        let at_every_turn = !mode.counts() && !mode.looks_at_time();
        if at_every_turn || counted_out || elapsed {
            // What a commit that failed has counted, goes on counting.
            self.plan([Op::CommitIfNecessary, Op::CountAnew { time: Some(cx.now) }]);
        }
    }

    /// The highest acknowledged offset of a partition counts, until it is committed (D3).
    pub(super) fn add_offset(&mut self, partition: TopicPartition, offset: u64) {
        let highest = self.offsets.entry(partition).or_insert(offset);
        *highest = (*highest).max(offset);
    }

    fn commit(&mut self, cx: &mut Context<'_>, offsets: Offsets) {
        if offsets.is_empty() {
            return;
        }
        let token = self.fresh();
        if self.properties.sync_commits {
            cx.call(ConsumerCall::CommitSync { token, offsets: offsets.clone() });
            self.stack.push(Op::AwaitCommit { token, offsets, retries: 0 });
        } else {
            cx.fact(Fact::CommittedAsync { offsets: offsets.clone() });
            cx.call(ConsumerCall::CommitAsync { token, offsets });
        }
    }

    /// A commitSync was answered.
    pub fn on_committed(
        &mut self,
        now: SimTime,
        token: u64,
        answer: Result<(), KafkaException>,
        listener: &mut Listener,
        out: &mut Vec<Output>,
    ) {
        let Some(Op::AwaitCommit { token: waiting, offsets, retries }) = self.stack.last() else { return };
        if *waiting != token {
            return;
        }
        let (offsets, retries) = (offsets.clone(), *retries);
        self.stack.pop();
        let mut cx = Context { now, listener, out };
        match answer {
            Ok(()) => {
                self.commits_during_rebalance.retain(|partition, _| !offsets.contains_key(partition));
                cx.fact(Fact::Committed { offsets });
            }
            Err(exception) => self.commit_failed(&mut cx, offsets, retries, &exception),
        }
        self.run(&mut cx);
    }

    fn commit_failed(&mut self, cx: &mut Context<'_>, offsets: Offsets, retries: u32, exception: &KafkaException) {
        let class = exception.class;
        let exception = Exception::from(exception);
        cx.fact(Fact::CommitFailed { offsets: offsets.clone(), class: exception.class.clone() });
        match class {
            "RetriableCommitFailedException" if retries < self.properties.commit_retries => {
                let token = self.fresh();
                cx.call(ConsumerCall::CommitSync { token, offsets: offsets.clone() });
                self.stack.push(Op::AwaitCommit { token, offsets, retries: retries + 1 });
            }
            "RebalanceInProgressException" => self.commits_during_rebalance.extend(offsets),
            // Whoever woke the consumer wanted the poll; the offset is covered by the next commit (D3).
            "WakeupException" => {}
            _ => self.raise(cx, exception),
        }
    }
}
