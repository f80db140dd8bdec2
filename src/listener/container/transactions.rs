//! A `KafkaTransactionManager` in the container (E4): begin, listen, offsets, commit; and what follows a rollback.

use super::op::{Op, TransactionStep};
use super::{ContainerEffect, Context, ListenerConsumer, Output, TransactionCall};
use crate::broker::{KafkaException, us};
use crate::kernel::SimTime;
use crate::listener::{AckMode, BackOff, Exception, Fact, ILLEGAL_STATE, Listener, ListenerKind, Offsets};

impl ListenerConsumer {
    /// One step of a transaction.
    pub(super) fn transaction_step(&mut self, cx: &mut Context<'_>, op: Op) {
        let (call, step) = match op {
            Op::Begin => (TransactionCall::Begin, TransactionStep::Begun),
            Op::SendOffsets => {
                self.send_offsets();
                return;
            }
            Op::SendToTransaction(_) if !self.in_transaction => {
                let message = "Cannot send offsets if a transaction is not in progress (currentState= READY)";
                self.stack.push(Op::Throw(Exception::of_container(ILLEGAL_STATE, message)));
                return;
            }
            Op::SendToTransaction(offsets) => {
                (TransactionCall::SendOffsets { offsets: offsets.clone() }, TransactionStep::OffsetsSent(offsets))
            }
            Op::CommitTransaction => (TransactionCall::Commit, TransactionStep::Committed),
            Op::AbortTransaction if self.in_transaction => (TransactionCall::Abort, TransactionStep::Aborted),
            Op::SeekBatchAgain => {
                self.seek_batch_again(cx);
                return;
            }
            Op::SeekUnprocessed => {
                self.seek_from(cx, self.first_unprocessed());
                return;
            }
            Op::Publish(letter) => {
                self.publish(cx, *letter);
                return;
            }
            _ => return,
        };
        let token = self.fresh();
        self.stack.push(Op::AwaitTransaction { token, step });
        cx.effect(ContainerEffect::Transaction { token, call });
    }

    /// `sendOffsetsToTransaction`: acknowledgments that wait are processed, what they leave goes into the transaction.
    fn send_offsets(&mut self) {
        let mut sends = Vec::new();
        for (partition, offset) in std::mem::take(&mut self.acks) {
            if self.properties.ack_mode == AckMode::ManualImmediate {
                sends.push(self.commit_at_once(Offsets::from([(partition, offset + 1)])));
            } else {
                self.add_offset(partition, offset);
            }
        }
        let offsets: Offsets = std::mem::take(&mut self.offsets).into_iter().map(|(partition, offset)| (partition, offset + 1)).collect();
        if !offsets.is_empty() {
            sends.push(Op::SendToTransaction(offsets));
        }
        self.stack.extend(sends.into_iter().rev());
    }

    /// `commitOffsetsInTransactions`: what MANUAL_IMMEDIATE commits, with a producer as part of its transaction.
    pub(super) fn commit_at_once(&self, offsets: Offsets) -> Op {
        if self.has_producer { Op::SendToTransaction(offsets) } else { Op::Commit(offsets) }
    }

    /// Whether the answer with this token is that to a commit or an abort.
    pub fn ends_transaction(&self, token: u64) -> bool {
        let is_end = |step: &TransactionStep| matches!(step, TransactionStep::Committed | TransactionStep::Aborted);
        matches!(self.stack.last(), Some(Op::AwaitTransaction { token: waiting, step }) if *waiting == token && is_end(step))
    }

    /// The transactional producer answered.
    pub fn on_transaction(
        &mut self,
        now: SimTime,
        token: u64,
        answer: Result<(), KafkaException>,
        listener: &mut Listener,
        out: &mut Vec<Output>,
    ) {
        let Some(Op::AwaitTransaction { token: waiting, step }) = self.stack.last() else { return };
        if *waiting != token {
            return;
        }
        let step = step.clone();
        self.stack.pop();
        let mut cx = Context { now, listener, out };
        match answer {
            Ok(()) => self.transaction_went_well(&mut cx, step),
            Err(exception) => {
                if step == TransactionStep::Aborted {
                    self.in_transaction = false;
                }
                let exception = Exception::from(&exception);
                self.raise(&mut cx, exception);
            }
        }
        self.run(&mut cx);
    }

    fn transaction_went_well(&mut self, cx: &mut Context<'_>, step: TransactionStep) {
        self.in_transaction = matches!(step, TransactionStep::Begun | TransactionStep::OffsetsSent(_));
        self.has_producer = true;
        cx.fact(match step {
            TransactionStep::Begun => Fact::TransactionBegun,
            TransactionStep::OffsetsSent(offsets) => Fact::OffsetsSentToTransaction { offsets },
            TransactionStep::Committed => Fact::TransactionCommitted,
            TransactionStep::Aborted => Fact::TransactionAborted,
        });
    }

    /// An exception reached the transaction: abort, then the after-rollback processor. An Error goes on after the abort.
    /// What the listener had acknowledged stays acknowledged: the next turn of the loop commits it, outside of any transaction.
    pub(super) fn roll_back(&mut self, exception: &Exception) -> bool {
        if exception.is_error() {
            self.plan([Op::AbortTransaction, Op::Throw(exception.clone())]);
            return true;
        }
        let process = match self.properties.kind {
            ListenerKind::Batch => Op::SeekBatchAgain,
            ListenerKind::Record => {
                self.next = self.batch.len() as u32;
                Op::SeekOrRecover { from: self.current, exception: exception.clone(), after_rollback: true }
            }
        };
        // The processor is called whatever the abort throws (`recordAfterRollback`, `batchRollback`), unless it was fenced.
        if self.handler_settings(true).commit_recovered {
            self.plan([Op::AbortTransaction, Op::CatchAbort, Op::Begin, process, Op::CommitTransaction, Op::RollbackAgain]);
        } else {
            self.plan([Op::AbortTransaction, Op::CatchAbort, process]);
        }
        true
    }

    /// The transaction of the after-rollback processor failed too: nobody processes that again. It is aborted, and the
    /// exception leaves the iteration; what was not processed comes with a later poll.
    pub(super) fn roll_back_again(&mut self, exception: &Exception) -> bool {
        self.plan([Op::AbortTransaction, Op::CatchAny, Op::SeekUnprocessed, Op::Throw(exception.clone())]);
        true
    }

    /// The index of the first record of the poll that no transaction has finished.
    fn first_unprocessed(&self) -> u32 {
        if self.properties.kind == ListenerKind::Batch { 0 } else { self.current }
    }

    /// A recoverer's own transaction failed: it is aborted, and the exception goes on.
    pub(super) fn abort_letter(&mut self, exception: &Exception) -> bool {
        self.plan([Op::AbortTransaction, Op::Throw(exception.clone())]);
        true
    }

    /// A rolled-back batch cannot be recovered: it is sought again, with the waits of the back off, the last one for ever.
    fn seek_batch_again(&mut self, cx: &mut Context<'_>) {
        self.seek_from(cx, 0);
        let back_off = self.handler_settings(true).back_off;
        let mut next = self.rollback_execution;
        let wait_ms = next.next_ms(&back_off);
        if wait_ms.is_some() {
            self.rollback_execution = next;
        }
        let last = match back_off {
            BackOff::Fixed { interval_ms, .. } => interval_ms,
            BackOff::Exponential { interval_ms_max, .. } => interval_ms_max,
        };
        let ms = wait_ms.unwrap_or(last);
        if ms > 0 {
            cx.fact(Fact::BackingOff { ms });
            self.sleep(cx, us(ms), true);
        }
    }
}
