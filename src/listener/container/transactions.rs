//! A `KafkaTransactionManager` in the container (E4): begin, listen, offsets, commit; and what follows a rollback.

use super::op::{Op, TransactionStep};
use super::{ContainerEffect, Context, ListenerConsumer, Output, TransactionCall};
use crate::broker::KafkaException;
use crate::kernel::SimTime;
use crate::listener::{BackOff, Exception, Fact, Listener, ListenerKind, Offsets};

impl ListenerConsumer {
    /// One step of a transaction.
    pub(super) fn transaction_step(&mut self, cx: &mut Context<'_>, op: Op) {
        let (call, step) = match op {
            Op::Begin => (TransactionCall::Begin, TransactionStep::Begun),
            Op::SendOffsets => {
                let offsets: Offsets =
                    std::mem::take(&mut self.acks).into_iter().map(|(partition, offset)| (partition, offset + 1)).collect();
                if offsets.is_empty() {
                    return;
                }
                (TransactionCall::SendOffsets { offsets: offsets.clone() }, TransactionStep::OffsetsSent(offsets))
            }
            Op::CommitTransaction => (TransactionCall::Commit, TransactionStep::Committed),
            Op::AbortTransaction if self.in_transaction => (TransactionCall::Abort, TransactionStep::Aborted),
            Op::SeekBatchAgain => {
                self.seek_batch_again(cx);
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
        cx.fact(match step {
            TransactionStep::Begun => Fact::TransactionBegun,
            TransactionStep::OffsetsSent(offsets) => Fact::OffsetsSentToTransaction { offsets },
            TransactionStep::Committed => Fact::TransactionCommitted,
            TransactionStep::Aborted => Fact::TransactionAborted,
        });
    }

    /// An exception reached the transaction: abort, then the after-rollback processor. An Error goes on after the abort.
    pub(super) fn roll_back(&mut self, exception: &Exception) -> bool {
        self.acks.clear();
        if exception.is_error() {
            self.plan([Op::AbortTransaction, Op::Throw(exception.clone())]);
            return true;
        }
        if self.properties.kind == ListenerKind::Batch {
            if self.handler_settings(true).commit_recovered {
                self.plan([Op::AbortTransaction, Op::Begin, Op::SeekBatchAgain, Op::CommitTransaction, Op::Rollback]);
            } else {
                self.plan([Op::AbortTransaction, Op::SeekBatchAgain]);
            }
            return true;
        }
        self.next = self.batch.len() as u32;
        let process = Op::SeekOrRecover { from: self.current, exception: exception.clone(), after_rollback: true };
        if self.handler_settings(true).commit_recovered {
            self.plan([Op::AbortTransaction, Op::Begin, process, Op::CommitTransaction, Op::Rollback]);
        } else {
            self.plan([Op::AbortTransaction, process]);
        }
        true
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
            self.sleep(cx, ms * 1_000, true);
        }
    }
}
