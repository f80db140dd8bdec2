//! The record listener: `doInvokeWithRecords` and what surrounds one delivery.

use std::sync::Arc;

use super::op::Op;
use super::{ConsumerCall, Context, ListenerConsumer};
use crate::listener::dead_letter::raw_value;
use crate::listener::retry_topic::attempts;
use crate::listener::{AckMode, ConsumerRecord, Counts, ErrorHandler, Exception, ExceptionKind, Fact, ILLEGAL_STATE, Offsets};

impl ListenerConsumer {
    /// One step of handling the records of a poll one by one.
    pub(super) fn record_step(&mut self, cx: &mut Context<'_>, op: Op) -> Result<(), Exception> {
        match op {
            Op::NextRecord => self.next_record(),
            Op::Listen => return self.listen(cx),
            Op::AfterListen => self.after_listen(),
            Op::AfterRecord => self.after_record(),
            Op::SeekForNack { from } => {
                self.seek_from(cx, from);
                self.pause_for_nack_sleep(cx);
            }
            Op::AckHandled => return self.ack_handled(),
            _ => {}
        }
        Ok(())
    }

    fn next_record(&mut self) {
        let over = self.next as usize >= self.batch.len() || (self.properties.stop_immediate && !self.running);
        if over {
            return;
        }
        self.current = self.next;
        self.next += 1;
        self.plan([Op::AfterRecord, Op::NextRecord]);
        if self.properties.transactions.is_some() {
            self.plan([Op::Begin, Op::Listen, Op::AfterListen, Op::CatchRecord, Op::CommitTransaction, Op::Rollback]);
        } else {
            self.plan([Op::Listen, Op::AfterListen, Op::CatchRecord]);
        }
    }

    /// `invokeOnMessage`: a record that could not be deserialized, or is not due, does not reach the listener.
    fn listen(&mut self, cx: &mut Context<'_>) -> Result<(), Exception> {
        let record = self.batch[self.current as usize].clone();
        let properties = self.properties.clone();
        let attempt = self.header_attempt(&record);
        if raw_value(&record.record).is_some() {
            return Err(Exception::undeserialized());
        }
        if let Some(due_at) = properties.retry.as_ref().and_then(|role| role.due_at(&record.record)).filter(|due_at| *due_at > cx.now) {
            cx.fact(Fact::NotDue { partition: record.partition, offset: record.record.offset });
            self.wait_until_due(cx, record.partition, due_at);
            let exception = Exception::thrown("org.springframework.kafka.listener.KafkaBackoffException", "not due");
            return Err(Exception { kind: ExceptionKind::NotDue, ..exception });
        }
        if properties.method_wants_acknowledgment && !properties.ack_mode.is_manual() {
            let message = "No Acknowledgment available as an argument, the listener container must have a MANUAL AckMode to populate the Acknowledgment.";
            return Err(Exception::thrown(ILLEGAL_STATE, message));
        }
        cx.fact(Fact::Delivered {
            record: record.clone(),
            attempt,
            retry_attempts: attempts(&record.record),
            dead_letter_handler: properties.retry.as_ref().is_some_and(|role| role.of_dead_letters),
        });
        self.call(cx, Arc::from([record]));
        Ok(())
    }

    /// `kafka_deliveryAttempt` (D15), if it is wanted and the error handler counts.
    fn header_attempt(&mut self, record: &ConsumerRecord) -> Option<u32> {
        let counts = self.properties.transactions.is_some() || matches!(self.properties.error_handler, Some(ErrorHandler::Default(_)));
        if !self.properties.delivery_attempt_header || !counts {
            return None;
        }
        let (partition, offset) = (record.partition, record.record.offset);
        // With a transaction manager the after-rollback processor counts.
        let counts = if self.properties.transactions.is_some() { Counts::AfterRollback } else { Counts::Handler };
        let attempt = self.tracker.delivery_attempt((partition, counts), offset);
        match &mut self.attempt_headers {
            Some((known, at, attempts)) if (*known, *at) == (partition, offset) => attempts.push(attempt),
            other => *other = Some((partition, offset, vec![attempt])),
        }
        Some(attempt)
    }

    /// What follows a normal return: `ackCurrent`, and COUNT and TIME are looked at.
    fn after_listen(&mut self) {
        let mode = self.properties.ack_mode;
        if mode.counts() || mode.looks_at_time() {
            self.stack.push(Op::LoopCommits);
        }
        if self.nack_sleep_ms.is_none() && mode != AckMode::ManualImmediate {
            self.ack_current();
        }
    }

    fn ack_current(&mut self) {
        let record = &self.batch[self.current as usize];
        let (partition, offset) = (record.partition, record.record.offset);
        if self.properties.transactions.is_some() {
            self.acks.push_back((partition, offset));
            self.stack.push(Op::SendOffsets);
            return;
        }
        match self.properties.ack_mode {
            AckMode::Record => self.stack.push(Op::Commit(Offsets::from([(partition, offset + 1)]))),
            mode if mode.is_manual() || self.properties.auto_commit => {}
            _ => self.acks.push_back((partition, offset)),
        }
    }

    fn after_record(&mut self) {
        if self.nack_sleep_ms.is_some() {
            let from = self.current;
            self.next = self.batch.len() as u32;
            self.stack.push(Op::SeekForNack { from });
            if !self.properties.auto_commit && self.properties.ack_mode != AckMode::Record {
                self.stack.push(Op::ProcessCommits);
            }
        } else if self.pause_requested && self.properties.pause_immediate {
            let rest = &self.batch[self.next as usize..];
            if !rest.is_empty() {
                self.remaining = Some(Arc::from(rest));
                self.next = self.batch.len() as u32;
            }
        }
    }

    /// Sets the position of every partition of `batch[from..]` to its lowest offset there.
    pub(super) fn seek_from(&mut self, cx: &mut Context<'_>, from: u32) {
        let mut offsets = Offsets::new();
        for record in self.batch.get(from as usize..).unwrap_or_default() {
            offsets.entry(record.partition).or_insert(record.record.offset);
        }
        for (partition, offset) in &offsets {
            cx.call(ConsumerCall::Seek { partition: *partition, offset: *offset });
        }
        if !offsets.is_empty() {
            cx.fact(Fact::Sought { offsets });
        }
    }

    /// `commitOffsetsIfNeededAfterHandlingError`: a handled record counts as acknowledged unless it is kept (D8).
    fn ack_handled(&mut self) -> Result<(), Exception> {
        let acks = match &self.properties.error_handler {
            Some(ErrorHandler::Default(handler)) => handler.ack_after_handle,
            Some(ErrorHandler::Logging { ack_after_handle }) => *ack_after_handle,
            _ => false,
        };
        let record = self.batch[self.current as usize].clone();
        let kept = self.remaining.as_ref().and_then(|rest| rest.first()).is_some_and(|first| *first == record);
        let (partition, offset) = (record.partition, record.record.offset);
        if self.properties.transactions.is_some() && !kept {
            // Its offset goes into the transaction, whatever `ackAfterHandle` says.
            self.acks.push_back((partition, offset));
            self.stack.push(Op::SendOffsets);
            return Ok(());
        }
        if !acks || kept || self.properties.auto_commit {
            return Ok(());
        }
        match self.properties.ack_mode {
            _ if self.properties.async_acks => {
                let ack = self.ack_in_order(partition, offset)?;
                self.process_acks(ack.into_iter().collect());
            }
            AckMode::Record => self.stack.push(Op::Commit(Offsets::from([(partition, offset + 1)]))),
            AckMode::ManualImmediate => {}
            _ => self.acks.push_back((partition, offset)),
        }
        Ok(())
    }
}
