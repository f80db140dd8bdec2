//! Attempts, waits and recoverers: `FailedRecordTracker#recovered` and what it calls (D8, D12, D13).

use super::op::{Letter, Op};
use super::{ContainerEffect, Context, ListenerConsumer};
use crate::broker::{NewRecord, us};
use crate::listener::dead_letter::{header, letter};
use crate::listener::{
    ConsumerRecord, Counts, DefaultErrorHandler, ErrorHandler, Exception, ExceptionKind, Fact, ILLEGAL_STATE, Recoverer,
};

impl ListenerConsumer {
    /// The settings of whoever handles the failure.
    pub(super) fn handler_settings(&self, after_rollback: bool) -> DefaultErrorHandler {
        match (&self.properties.transactions, &self.properties.error_handler) {
            (Some(settings), _) if after_rollback => settings.after_rollback.clone(),
            (_, Some(ErrorHandler::Default(handler))) => handler.clone(),
            _ => DefaultErrorHandler::default(),
        }
    }

    /// One step of recovering a record.
    pub(super) fn recovery_step(&mut self, cx: &mut Context<'_>, op: Op) -> Result<(), Exception> {
        match op {
            Op::Recover { index, exception, after_rollback } => self.recover(cx, index, exception, after_rollback),
            Op::RecovererReturned { index, exception, tracked, after_rollback } => {
                let record = &self.batch[index as usize];
                let (partition, offset) = (record.partition, record.record.offset);
                cx.fact(Fact::Recovered { partition, offset, class: exception.class });
                if tracked {
                    self.tracker.forget((partition, counts(after_rollback)));
                }
                self.recovered = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn recover(&mut self, cx: &mut Context<'_>, index: u32, exception: Exception, after_rollback: bool) -> Result<(), Exception> {
        self.recovered = false;
        // A record that is not due has not failed: the recoverer of retry topics refuses it, so it is sought again.
        if exception.kind == ExceptionKind::NotDue {
            return Ok(());
        }
        let record = self.batch[index as usize].clone();
        let settings = self.handler_settings(after_rollback);
        let (partition, offset) = (record.partition, record.record.offset);
        let tracked = !settings.never_retries();
        if tracked {
            let back_off = settings.back_off_for(&exception);
            let verdict = self.tracker.failed(
                (partition, counts(after_rollback)),
                offset,
                &exception,
                back_off,
                settings.reset_state_on_exception_change,
            );
            // What an error handler was given first has been told.
            if !after_rollback || self.properties.error_handler.is_none() {
                cx.fact(Fact::Failed { partition, offset, attempt: verdict.attempt, class: exception.class.clone() });
            }
            if let Some(ms) = verdict.wait_ms {
                if ms > 0 {
                    cx.fact(Fact::BackingOff { ms });
                    self.sleep(cx, us(ms), true);
                }
                return Ok(());
            }
        }
        self.plan([
            Op::RecovererReturned { index, exception: exception.clone(), tracked, after_rollback },
            Op::CatchRecoverer { index, tracked, after_rollback },
        ]);
        self.call_recoverer(cx, &record, &exception, &settings)
    }

    /// The recoverer threw: the record counts as not recovered.
    pub(super) fn recoverer_threw(&mut self, cx: &mut Context<'_>, index: u32, tracked: bool, after_rollback: bool, thrown: &Exception) {
        let record = &self.batch[index as usize];
        let (partition, offset) = (record.partition, record.record.offset);
        cx.fact(Fact::RecoveryFailed { partition, offset, class: thrown.class.clone() });
        if tracked && self.handler_settings(after_rollback).reset_state_on_recovery_failure {
            self.tracker.forget((partition, counts(after_rollback)));
        }
        self.recovered = false;
    }

    /// Calls the recoverer: it returns at once, throws, or waits for a send.
    pub(super) fn call_recoverer(
        &mut self,
        cx: &mut Context<'_>,
        record: &ConsumerRecord,
        exception: &Exception,
        settings: &DefaultErrorHandler,
    ) -> Result<(), Exception> {
        let topic = self.topic_name(record.partition.topic);
        let group = self.properties.group.clone();
        let (to, verify_partition, letter) = match &settings.recoverer {
            Recoverer::Log => return Ok(()),
            Recoverer::Failing { times } => {
                cx.fact(Fact::RecovererCalled { partition: record.partition, offset: record.record.offset });
                if self.recoverer_failures < *times {
                    self.recoverer_failures += 1;
                    return Err(Exception::of_container(ILLEGAL_STATE, "the recoverer fails"));
                }
                return Ok(());
            }
            Recoverer::DeadLetter(settings) => {
                let to = format!("{topic}{}", settings.suffix).into();
                (to, settings.verify_partition, letter(cx.now, record, &topic, &group, exception, settings.header_style()))
            }
            Recoverer::NextRetryTopic => {
                let role = self.properties.retry.as_ref();
                match role.and_then(|role| role.next(cx.now, record, &topic, &group, exception)) {
                    Some((to, letter)) => (to, true, letter),
                    None => return Ok(()),
                }
            }
        };
        let letter = self.with_attempt_headers(record, letter);
        if matches!(&settings.recoverer, Recoverer::DeadLetter(settings) if !settings.fail_if_send_result_is_error) {
            self.stack.push(Op::CatchAny);
        }
        let letter = Letter { topic: to, partition: record.partition.partition, verify_partition, record: letter };
        let publish = Op::Publish(Box::new(letter));
        // A transactional template outside of a transaction sends in one of its own (`executeInTransaction`).
        if self.properties.transactions.is_some() && !self.in_transaction {
            self.plan([Op::Begin, publish, Op::CommitTransaction, Op::AbortLetter]);
        } else {
            self.stack.push(publish);
        }
        Ok(())
    }

    /// Sends what a recoverer gives up, and waits for the answer.
    pub(super) fn publish(&mut self, cx: &mut Context<'_>, letter: Letter) {
        let Letter { topic, partition, verify_partition, record } = letter;
        let (token, transactional) = (self.fresh(), self.in_transaction);
        cx.effect(ContainerEffect::Send { token, topic, partition: Some(partition), verify_partition, transactional, record });
        self.stack.push(Op::AwaitSend { token });
    }

    /// The headers that the container itself put on the record go with it (D15).
    fn with_attempt_headers(&self, record: &ConsumerRecord, mut letter: NewRecord) -> NewRecord {
        if let Some((partition, offset, attempts)) = &self.attempt_headers
            && (*partition, *offset) == (record.partition, record.record.offset)
        {
            let added = attempts.iter().map(|attempt| header("kafka_deliveryAttempt", attempt.to_be_bytes().as_slice().into()));
            letter.headers = letter.headers.iter().cloned().chain(added).collect();
        }
        letter
    }
}

/// Who counts.
fn counts(after_rollback: bool) -> Counts {
    if after_rollback { Counts::AfterRollback } else { Counts::Handler }
}
