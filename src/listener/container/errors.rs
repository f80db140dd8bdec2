//! What follows an exception of the record listener: `invokeErrorHandler`, and the seeks of `SeekUtils` (D8, D9).

use super::op::Op;
use super::{Context, ListenerConsumer, Output};
use crate::kernel::SimTime;
use crate::listener::{AckMode, ErrorHandler, Exception, Listener, ListenerKind, Offsets, SPRING_KAFKA, StopReason};

/// What `SeekUtils` throws when a record is to come again.
const RECORD_IN_RETRY: &str = "org.springframework.kafka.listener.RecordInRetryException";

impl ListenerConsumer {
    /// The error handler is called for the record in hand; false if there is none.
    pub(super) fn handle_failed_record(&mut self, exception: &Exception) -> bool {
        let index = self.current;
        let exception = exception.clone();
        match &self.properties.error_handler {
            None => return false,
            Some(ErrorHandler::Default(handler)) if handler.seek_after_error || exception.is_commit_failed() => {
                self.next = self.batch.len() as u32;
                let seek = Op::SeekOrRecover { from: index, exception, after_rollback: false };
                self.catch_what_the_handler_throws();
                self.plan([seek, Op::AckHandled]);
                self.commit_before_handling();
            }
            Some(ErrorHandler::Default(_)) => {
                let recover = Op::Recover { index, exception, after_rollback: false };
                self.catch_what_the_handler_throws();
                self.plan([recover, Op::HandledOne, Op::AckHandled]);
            }
            Some(ErrorHandler::Logging { .. }) => {
                self.catch_what_the_handler_throws();
                self.stack.push(Op::AckHandled);
            }
            Some(ErrorHandler::Stopping) => {
                self.next = self.batch.len() as u32;
                self.stop_abnormally();
                self.commit_before_handling();
            }
        }
        true
    }

    /// `doProcessCommits`: with records kept in memory, a commit that came too late is a failure of the first of them.
    pub(super) fn handle_remaining(&mut self, exception: &Exception) {
        let first = self.remaining.as_ref().and_then(|rest| rest.first()).filter(|_| self.properties.kind == ListenerKind::Record);
        let Some(from) = first.and_then(|first| self.batch.iter().position(|record| record == first)) else { return };
        self.remaining = None;
        match &self.properties.error_handler {
            Some(ErrorHandler::Default(_)) => {
                self.stack.push(Op::SeekOrRecover { from: from as u32, exception: exception.clone(), after_rollback: false });
            }
            Some(ErrorHandler::Stopping) => self.stop_abnormally(),
            _ => {}
        }
    }

    /// What an error handler throws is logged, nothing more; in a transaction it rolls that back (`doInvokeRecordListener` and
    /// `doInvokeBatchListener` return it).
    pub(super) fn catch_what_the_handler_throws(&mut self) {
        if self.properties.transactions.is_none() {
            self.stack.push(Op::CatchAny);
        }
    }

    /// What was processed is committed before a handler seeks; a failure to do so is only logged.
    fn commit_before_handling(&mut self) {
        if self.properties.transactions.is_none() {
            self.plan([Op::ProcessCommits, Op::CatchAny]);
        }
    }

    /// `CommonContainerStoppingErrorHandler`.
    pub(super) fn stop_abnormally(&mut self) {
        self.running = false;
        self.stop_reason = StopReason::Abnormal;
        // It throws when it has stopped the container; a transaction is rolled back by that.
        if self.properties.transactions.is_some() {
            self.stack.push(Op::Throw(Exception::of_container(SPRING_KAFKA, "Stopped container")));
        }
    }

    /// `stopAbnormally()`: another child of the same container has ended abnormally.
    pub fn stop_with_siblings(&mut self, now: SimTime, listener: &mut Listener, out: &mut Vec<Output>) {
        if self.running {
            self.stop_reason = StopReason::Abnormal;
        }
        self.stop(now, listener, out);
    }

    /// One step of handling an error.
    pub(super) fn error_step(&mut self, cx: &mut Context<'_>, op: Op) -> Result<(), Exception> {
        match op {
            Op::SeekOrRecover { from, exception, after_rollback } => {
                let recover = Op::Recover { index: from, exception, after_rollback };
                self.plan([recover, Op::SeekRemaining { from, after_rollback }]);
                Ok(())
            }
            Op::SeekRemaining { from, after_rollback } => self.seek_remaining(cx, from, after_rollback),
            Op::HandledOne if !self.recovered => {
                self.remaining = Some(self.batch[self.current as usize..].into());
                self.next = self.batch.len() as u32;
                self.pause_for_pending = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// `SeekUtils.doSeeks`: the rest of the poll is sought, the failed record too unless it was recovered.
    fn seek_remaining(&mut self, cx: &mut Context<'_>, from: u32, after_rollback: bool) -> Result<(), Exception> {
        self.seek_from(cx, from + u32::from(self.recovered));
        let failed = &self.batch[from as usize];
        let (partition, offset) = (failed.partition, failed.record.offset);
        if after_rollback {
            let commits = self.properties.transactions.as_ref().is_some_and(|settings| settings.after_rollback.commit_recovered);
            if self.recovered && commits {
                self.stack.push(Op::SendToTransaction(Offsets::from([(partition, offset + 1)])));
            }
            return Ok(());
        }
        if !self.recovered {
            self.wait_no_more_from(if self.properties.kind == ListenerKind::Record { from } else { 0 });
            let class = if self.properties.kind == ListenerKind::Record { RECORD_IN_RETRY } else { SPRING_KAFKA };
            return Err(Exception::of_container(class, "Seek to current after exception"));
        }
        let commit_recovered = matches!(&self.properties.error_handler, Some(ErrorHandler::Default(handler)) if handler.commit_recovered);
        let of_record = self.properties.kind == ListenerKind::Record;
        if commit_recovered && of_record && self.properties.ack_mode == AckMode::ManualImmediate {
            self.stack.push(Op::Commit(Offsets::from([(partition, offset + 1)])));
        }
        Ok(())
    }
}
