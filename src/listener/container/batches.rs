//! The batch listener, and what follows its exceptions (D7, D10): `doInvokeBatchListener`, `FailedBatchProcessor`,
//! `ErrorHandlingUtils.retryBatch`.

use super::acks::highest;
use super::op::Op;
use super::{ConsumerCall, Context, ListenerConsumer};
use crate::broker::assignor::{compute_if_absent_order, partition_hash};
use crate::broker::{TopicPartition, us};
use crate::listener::{BackOffExecution, ConsumerRecord, ErrorHandler, Exception, ExceptionKind, Fact, Offsets, SPRING_KAFKA};

/// `ListenerUtils`: the sleep between attempts of a batch is cut into pieces, between which it polls, so that the member keeps
/// its place in the group.
const SLEEP_US: u64 = 100_000;
/// The same of a sleep of at most [`SMALL_INTERVAL_US`].
const SMALL_SLEEP_US: u64 = 10_000;
const SMALL_INTERVAL_US: u64 = 500_000;

impl ListenerConsumer {
    /// The batch is handed to the listener.
    pub(super) fn invoke_batch(&mut self) {
        if self.properties.transactions.is_some() {
            self.plan([Op::Begin, Op::ListenBatch, Op::AfterListenBatch, Op::CatchBatch, Op::CommitTransaction, Op::Rollback]);
        } else {
            self.plan([Op::ListenBatch, Op::AfterListenBatch, Op::CatchBatch]);
        }
    }

    /// One step of handling the records of a poll as a batch.
    pub(super) fn batch_step(&mut self, cx: &mut Context<'_>, op: Op) -> Result<(), Exception> {
        match op {
            Op::ListenBatch => {
                cx.fact(Fact::BatchDelivered { records: self.batch.clone() });
                self.call(cx, self.batch.clone());
            }
            Op::AfterListenBatch => self.after_listen_batch(),
            Op::AckHandledBatch => self.ack_handled_batch(),
            _ => {}
        }
        Ok(())
    }

    /// What follows a normal return: a nack splits the batch, otherwise the mode says what is acknowledged.
    fn after_listen_batch(&mut self) {
        if std::mem::take(&mut self.batch_failed) {
            self.tracker.clear();
        }
        self.rollback_execution = BackOffExecution::default();
        let transactional = self.properties.transactions.is_some();
        if self.nack_sleep_ms.is_some() {
            let from = self.nack_index;
            self.stack.push(Op::SeekForNack { from });
            if !self.properties.auto_commit {
                self.stack.push(Op::ProcessCommits);
            }
            if transactional {
                self.stack.push(Op::SendOffsets);
            }
            return;
        }
        if transactional || (!self.properties.ack_mode.is_manual() && !self.properties.auto_commit) {
            let acks = highest(&self.batch);
            self.acks.extend(acks);
        }
        // A batch is committed as soon as the listener returns, not at the next turn.
        if transactional {
            self.stack.push(Op::SendOffsets);
        } else if !self.properties.auto_commit {
            self.stack.push(Op::ProcessCommits);
        }
    }

    /// `commitOffsetsIfNeededAfterHandlingError` for a batch: what is not kept counts as acknowledged.
    fn ack_handled_batch(&mut self) {
        let acks = match &self.properties.error_handler {
            Some(ErrorHandler::Default(handler)) => handler.ack_after_handle,
            Some(ErrorHandler::Logging { ack_after_handle }) => *ack_after_handle,
            _ => false,
        };
        let transactional = self.properties.transactions.is_some();
        if !transactional && (!acks || self.properties.auto_commit) {
            return;
        }
        let kept = self.remaining.as_ref().and_then(|rest| rest.first());
        match kept.and_then(|first| self.batch.iter().position(|record| record == first)) {
            // Each by itself, as COUNT counts and MANUAL_IMMEDIATE commits.
            Some(end) => self.acks.extend(self.batch[..end].iter().map(|record| (record.partition, record.record.offset))),
            None => self.acks.extend(highest(&self.batch)),
        }
        if transactional {
            self.stack.push(Op::SendOffsets);
        }
    }

    /// The error handler is called for the batch; false if there is none.
    pub(super) fn handle_failed_batch(&mut self, cx: &mut Context<'_>, exception: &Exception) -> bool {
        self.batch_failed = true;
        match &self.properties.error_handler {
            None => return false,
            Some(ErrorHandler::Logging { .. }) => {
                self.catch_what_the_handler_throws();
                self.stack.push(Op::AckHandledBatch);
            }
            Some(ErrorHandler::Stopping) => self.stop_abnormally(),
            Some(ErrorHandler::Default(_)) => {
                self.catch_what_the_handler_throws();
                self.stack.push(Op::AckHandledBatch);
                let attempt = 1;
                match exception.kind {
                    ExceptionKind::BatchListenerFailed { index } if (index as usize) < self.batch.len() => {
                        self.failed_batch(cx, attempt, exception);
                        let before = highest(&self.batch[..index as usize]);
                        let offsets = before.into_iter().map(|(partition, offset)| (partition, offset + 1)).collect();
                        self.plan([Op::Commit(offsets), Op::CatchAny, Op::FailedInBatch { index, exception: exception.clone() }]);
                    }
                    ExceptionKind::BatchListenerFailed { .. } => {
                        self.failed_batch(cx, attempt, exception);
                        self.begin_to_retry(cx, exception);
                    }
                    _ => self.begin_to_retry(cx, exception),
                }
            }
        }
        true
    }

    fn failed_batch(&self, cx: &mut Context<'_>, attempt: u32, exception: &Exception) {
        cx.fact(Fact::FailedBatch { records: self.batch_places(), attempt, class: exception.class.clone() });
    }

    pub(super) fn batch_places(&self) -> Vec<(TopicPartition, u64)> {
        self.batch.iter().map(|record| (record.partition, record.record.offset)).collect()
    }

    /// `FallbackBatchErrorHandler`: the same list again and again, with the consumer paused.
    fn begin_to_retry(&mut self, cx: &mut Context<'_>, exception: &Exception) {
        self.retries_batch = true;
        self.pause_in_kafka(cx, self.assigned.iter().copied().collect());
        self.failed_batch(cx, 1, exception);
        let retry = Op::RetryBatch { attempt: 2, execution: BackOffExecution::default(), exception: exception.clone() };
        self.plan([retry, Op::FinallyResume]);
    }

    /// A retried batch failed again.
    pub(super) fn retry_failed(&mut self, cx: &mut Context<'_>, attempt: u32, execution: BackOffExecution, exception: &Exception) {
        self.failed_batch(cx, attempt, exception);
        self.stack.push(Op::RetryBatch { attempt: attempt + 1, execution, exception: exception.clone() });
    }

    pub(super) fn resume_after_retry(&mut self, cx: &mut Context<'_>) {
        self.retries_batch = false;
        self.resume_in_kafka(cx, self.assigned.iter().copied().collect());
    }

    /// One step of handling the failure of a batch.
    pub(super) fn batch_error_step(&mut self, cx: &mut Context<'_>, op: Op) -> Result<(), Exception> {
        match op {
            Op::FailedInBatch { index, exception } if self.handler_settings(false).seek_after_error => {
                let seek = Op::SeekOrRecover { from: index, exception, after_rollback: false };
                self.plan([seek, Op::CommitRecoveredOfBatch { index }]);
            }
            // With a transaction manager nobody asks what remains: the batch counts as handled (`invokeBatchErrorHandler`).
            Op::FailedInBatch { index, exception } if self.properties.transactions.is_some() => {
                self.stack.push(Op::Recover { index, exception, after_rollback: false });
            }
            Op::FailedInBatch { index, exception } => {
                self.plan([Op::Recover { index, exception, after_rollback: false }, Op::KeepRestOfBatch { index }]);
            }
            Op::CommitRecoveredOfBatch { index } => {
                let record = &self.batch[index as usize];
                let commit = Op::Commit(Offsets::from([(record.partition, record.record.offset + 1)]));
                // With records left the handler throws after its commit, so that nothing else is acknowledged.
                if (index as usize) + 1 < self.batch.len() {
                    self.stack.push(Op::Throw(Exception::of_container(SPRING_KAFKA, "Seek to current after exception")));
                }
                self.stack.push(commit);
            }
            Op::KeepRestOfBatch { index } => {
                let rest = self.in_order_of_java(&self.batch[(index + u32::from(self.recovered)) as usize..]);
                if !rest.is_empty() {
                    self.remaining = Some(rest.into());
                    self.pause_for_pending = true;
                }
            }
            Op::RetryBatch { attempt, execution, exception } => self.retry_batch(cx, attempt, execution, exception),
            Op::RetryBatchNow { .. } if !self.running => {
                return Err(Exception::of_container(SPRING_KAFKA, "Container stopped during retries"));
            }
            Op::RetryBatchNow { .. } if self.pause_requested => {
                self.seek_from(cx, 0);
                return Err(Exception::of_container(SPRING_KAFKA, "Container paused requested during retries"));
            }
            // Only what the attempt itself throws is a failure to be retried.
            Op::RetryBatchNow { attempt, execution } => {
                self.plan([Op::ShortPoll, Op::ListenBatch, Op::CatchRetry { attempt, execution }]);
            }
            Op::SleepPolling { us, step_us, again } => {
                self.stack.push(Op::SleptPolling { us: us.saturating_sub(step_us), step_us, again });
                self.sleep(cx, step_us, true);
            }
            Op::SleptPolling { us, step_us, again } if self.running && !self.pause_requested => {
                if us > 0 {
                    self.stack.push(Op::SleepPolling { us, step_us, again: true });
                }
                if again {
                    self.stack.push(Op::ShortPoll);
                }
            }
            Op::ShortPoll => {
                cx.call(ConsumerCall::Poll { timeout_us: 0 });
                self.stack.push(Op::AwaitShortPoll);
            }
            Op::RecoverBatch { index, exception } => return self.recover_batch(cx, index, exception),
            _ => {}
        }
        Ok(())
    }

    /// `FailedBatchProcessor.seekOrRecover` gathers what is left in a Java map from partitions to records: it comes back in the
    /// order of that map, which depends on the topic's name.
    fn in_order_of_java(&self, records: &[ConsumerRecord]) -> Vec<ConsumerRecord> {
        let hash = |p: TopicPartition| partition_hash(&self.topic_name(p.topic), p.partition);
        let partitions = compute_if_absent_order(records.iter().map(|record| (record.partition, hash(record.partition))));
        let of = |partition: TopicPartition| records.iter().filter(move |record| record.partition == partition).cloned();
        partitions.into_iter().flat_map(of).collect()
    }

    fn retry_batch(&mut self, cx: &mut Context<'_>, attempt: u32, mut execution: BackOffExecution, exception: Exception) {
        let settings = self.handler_settings(false);
        let wait_ms = execution.next_ms(settings.back_off_for(&exception));
        let Some(ms) = wait_ms else {
            self.plan([Op::RecoverBatch { index: 0, exception }, Op::CatchBatchRecoverer]);
            return;
        };
        if ms > 0 {
            cx.fact(Fact::BackingOff { ms });
        }
        let us = us(ms);
        let step_us = if us > SMALL_INTERVAL_US { SLEEP_US } else { SMALL_SLEEP_US };
        self.plan([Op::ShortPoll, Op::SleepPolling { us, step_us, again: false }, Op::RetryBatchNow { attempt, execution }]);
    }

    /// Every record of a given-up batch goes to the recoverer, those that worked too.
    fn recover_batch(&mut self, cx: &mut Context<'_>, index: u32, exception: Exception) -> Result<(), Exception> {
        let Some(record) = self.batch.get(index as usize).cloned() else {
            cx.fact(Fact::RecoveredBatch { records: self.batch_places(), class: exception.class });
            return Ok(());
        };
        self.stack.push(Op::RecoverBatch { index: index + 1, exception: exception.clone() });
        let settings = self.handler_settings(false);
        self.call_recoverer(cx, &record, &exception, &settings)
    }
}
