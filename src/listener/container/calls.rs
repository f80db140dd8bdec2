//! A call of the listener: the interpreter of its program.

use std::sync::Arc;

use super::op::Op;
use super::{ContainerEffect, Context, ListenerConsumer};
use crate::broker::{EPOCH_MS, NewRecord, bytes};
use crate::listener::method::shows;
use crate::listener::{Action, ConsumerRecord, Exception, ExceptionKind, Fact, ILLEGAL_STATE, ListenerKind, Rule};

use super::acks::Acknowledgment;

impl ListenerConsumer {
    /// The records of the current call.
    pub(super) fn records_in_hand(&self) -> Arc<[ConsumerRecord]> {
        match self.properties.kind {
            ListenerKind::Record => Arc::from([self.batch[self.current as usize].clone()]),
            ListenerKind::Batch => self.batch.clone(),
        }
    }

    /// The listener is called with these records.
    pub(super) fn call(&mut self, cx: &mut Context<'_>, records: Arc<[ConsumerRecord]>) {
        let topic = self.topic_name(records[0].partition.topic);
        let of_dead_letters = self.properties.retry.as_ref().is_some_and(|role| role.of_dead_letters);
        let Rule { actions, catch, .. } = cx.listener.called(&topic, &records, self.properties.kind, of_dead_letters);
        self.acknowledgment = Some(Acknowledgment::of(records));
        self.stack.push(Op::EndOfCall);
        if let Some(catch) = catch {
            self.stack.push(Op::CatchProgram(catch));
        }
        self.stack.push(Op::Actions { actions, at: 0 });
    }

    /// The call ends.
    pub(super) fn end_of_call(&mut self, cx: &mut Context<'_>, exception: Option<&Exception>) {
        self.acknowledgment = None;
        let index = if self.properties.kind == ListenerKind::Record { self.current } else { 0 };
        let Some(first) = self.batch.get(index as usize) else { return };
        let (partition, offset) = (first.partition, first.record.offset);
        cx.fact(match exception {
            None => Fact::Returned { partition, offset },
            Some(exception) => Fact::Threw { partition, offset, class: exception.class.clone() },
        });
    }

    /// The next action of a program.
    pub(super) fn next_action(&mut self, cx: &mut Context<'_>, actions: Arc<[Action]>, at: u32) -> Result<(), Exception> {
        let Some(action) = actions.get(at as usize).cloned() else { return Ok(()) };
        if at as usize + 1 < actions.len() {
            self.stack.push(Op::Actions { actions, at: at + 1 });
        }
        self.act(cx, action)
    }

    fn act(&mut self, cx: &mut Context<'_>, action: Action) -> Result<(), Exception> {
        match action {
            Action::Nothing => {}
            Action::Effect => {
                let (token, records) = (self.fresh(), self.records_in_hand());
                cx.effect(ContainerEffect::Application { token, records });
                self.stack.push(Op::AwaitApplication { token });
            }
            Action::Ack => {
                self.stack.push(Op::ApiCall { call: "ack", kept: None });
                return self.with_acknowledgment(|thread, held| thread.acknowledge(cx, held));
            }
            Action::AckOtherThread => {
                self.stack.push(Op::ApiCall { call: "ack_other_thread", kept: None });
                return self.with_acknowledgment(|thread, held| thread.acknowledge_elsewhere(cx, held));
            }
            Action::AckIndex(index) => {
                self.stack.push(Op::ApiCall { call: "ack_index", kept: None });
                return self.with_acknowledgment(|thread, held| thread.acknowledge_index(held, index));
            }
            Action::Hold => self.held.extend(self.acknowledgment.clone()),
            Action::AckHeld(values) => self.stack.extend(values.into_iter().rev().map(Op::AckKept)),
            Action::Nack { ms } => {
                self.stack.push(Op::ApiCall { call: "nack_ms", kept: None });
                return self.nack(cx, None, ms);
            }
            Action::NackIndex { index, ms } => {
                self.stack.push(Op::ApiCall { call: "nack_index", kept: None });
                return self.nack(cx, Some(index), ms);
            }
            Action::NackOtherThread { .. } => {
                self.stack.push(Op::ApiCall { call: "nack_other_thread", kept: None });
                return Err(Exception::thrown(ILLEGAL_STATE, "nack() can only be called on the consumer thread"));
            }
            Action::Throw { class } => return Err(Exception::thrown(&class, "boom")),
            Action::ThrowBatchFailed { index } => return Err(batch_failed(Some(index))),
            Action::ThrowBatchFailedValue { value } => {
                return Err(batch_failed(index_of(&self.batch, &value)));
            }
            Action::ThrowError => return Err(Exception::error()),
            Action::Kill => self.kill(cx.out),
            Action::Block { us } => self.sleep(cx, us, false),
            Action::BlockUntil { latch } => {
                if !cx.listener.is_released(&latch) {
                    self.stack.push(Op::AwaitLatch { latch });
                }
            }
            Action::Send { topic, value } => self.send(cx, topic, &value),
            Action::PauseContainer => {
                self.pause();
                if self.properties.parent.is_some() {
                    cx.effect(ContainerEffect::PausesSiblings);
                }
            }
            Action::AskViewer => {
                let index = if self.properties.kind == ListenerKind::Record { self.current } else { 0 };
                let first = &self.batch[index as usize];
                cx.fact(Fact::AwaitingDecision { partition: first.partition, offset: first.record.offset });
                self.stack.push(Op::AwaitDecision);
            }
        }
        Ok(())
    }

    /// Does something with the Acknowledgment of the current call; nothing if the mode is not manual.
    fn with_acknowledgment(&mut self, act: impl FnOnce(&mut Self, &mut Acknowledgment) -> Result<(), Exception>) -> Result<(), Exception> {
        if !self.properties.ack_mode.is_manual() {
            return Ok(());
        }
        let Some(mut current) = self.acknowledgment.take() else { return Ok(()) };
        let answer = act(self, &mut current);
        self.acknowledgment = Some(current);
        answer
    }

    /// Acknowledges a kept one; an exception of that call is told and goes no further.
    pub(super) fn acknowledge_kept(&mut self, cx: &mut Context<'_>, value: &str) -> Result<(), Exception> {
        self.stack.push(Op::ApiCall { call: "ack", kept: Some(Arc::from(value)) });
        let of_value = |held: &Acknowledgment| held.value().is_some_and(|bytes| shows(bytes, value));
        let Some(at) = self.held.iter().rposition(of_value) else { return Ok(()) };
        let mut held = self.held[at].clone();
        let answer = self.acknowledge(cx, &mut held);
        self.held[at] = held;
        answer
    }

    fn send(&mut self, cx: &mut Context<'_>, topic: Arc<str>, template: &str) {
        let records = self.records_in_hand();
        let first = records.first().and_then(|record| record.record.value.as_deref()).unwrap_or_default();
        let value = template.replace("{value}", &String::from_utf8_lossy(first));
        let record = NewRecord {
            key: None,
            value: Some(bytes(&value)),
            headers: Arc::from([]),
            timestamp_ms: EPOCH_MS + cx.now.ms() as i64,
            tag: 0,
        };
        let token = self.fresh();
        let transactional = self.in_transaction;
        cx.effect(ContainerEffect::Send { token, topic, partition: None, verify_partition: false, transactional, record });
        self.stack.push(Op::AwaitSend { token });
    }
}

fn index_of(records: &[ConsumerRecord], value: &str) -> Option<u32> {
    let is = |record: &ConsumerRecord| record.record.value.as_deref().map_or(value == "null", |bytes| shows(bytes, value));
    records.iter().position(is).map(|index| index as u32)
}

/// A `BatchListenerFailedException`, which puts the index behind its message; -1 is that of a value that is not in the batch.
fn batch_failed(index: Option<u32>) -> Exception {
    let shown = index.map_or(-1, i64::from);
    let kind = ExceptionKind::BatchListenerFailed { index: index.unwrap_or(u32::MAX) };
    Exception { kind, ..Exception::thrown(ILLEGAL_STATE, &format!("boom @-{shown}")) }
}
