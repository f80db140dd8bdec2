//! The loop of a consumer thread, exactly in Spring's order (D0): `pollAndInvoke` and `wrapUp`.

use std::sync::Arc;

use super::op::Op;
use super::{ConsumerCall, ContainerEffect, ContainerTimer, Context, ListenerConsumer, Output};
use crate::broker::{KafkaException, TopicPartition};
use crate::kernel::SimTime;
use crate::listener::{AckMode, ConsumerRecord, Exception, Fact, Listener, ListenerKind, StopReason};

/// What handling and logging an exception of a poll takes: it keeps virtual time moving in the endless loop of D14.
const EXCEPTION_COST_US: u64 = 1_000;

impl ListenerConsumer {
    /// One step of the loop.
    pub(super) fn turn(&mut self, cx: &mut Context<'_>, op: Op) {
        match op {
            Op::Iterate if !self.running => self.stack.push(Op::WrapUp(self.stop_reason)),
            Op::Iterate => {
                self.plan([Op::LoopCommits, Op::Idle, Op::PauseIfNecessary, Op::Poll, Op::Invoke, Op::ResumeIfNecessary, Op::Iterate])
            }
            Op::LoopCommits if !self.properties.auto_commit && self.properties.ack_mode != AckMode::Record => {
                self.plan([Op::ProcessCommits, Op::CatchCommitFailed]);
            }
            Op::Idle if !self.assigned.is_empty() => {
                let us = self.idle_us(cx.now);
                if us > 0 {
                    self.sleep(cx, us, true);
                }
            }
            Op::PauseIfNecessary => {
                self.pause_consumer_if_necessary(cx);
                self.pause_partitions_if_necessary(cx);
                self.idleness.polls(cx.now);
            }
            Op::Poll if self.running => {
                let timeout_us = match self.consumer_paused {
                    true => self.properties.poll_timeout_while_paused_us,
                    false => self.properties.poll_timeout_us,
                };
                cx.call(ConsumerCall::Poll { timeout_us });
                self.stack.push(Op::AwaitPoll);
            }
            Op::Invoke => self.invoke_if_have_records(cx),
            Op::ResumeIfNecessary if self.remaining.is_none() => {
                self.resume_consumer_if_necessary(cx);
                if !self.consumer_paused {
                    self.resume_partitions_if_necessary(cx);
                }
            }
            Op::WrapUp(reason) => {
                self.running = false;
                self.stop_reason = reason;
                if reason != StopReason::Normal && self.properties.parent.is_some() {
                    cx.effect(ContainerEffect::StopsSiblings);
                }
                self.plan([Op::Close, Op::End]);
                // After a fatal error only the revocation inside the close commits what is pending.
                let fatal = !matches!(reason, StopReason::Normal | StopReason::Abnormal);
                if !fatal && self.properties.transactions.is_none() {
                    self.plan([Op::CommitPendingAcks, Op::CatchAny]);
                }
            }
            Op::Close => {
                let fatal = !matches!(self.stop_reason, StopReason::Normal | StopReason::Abnormal);
                cx.call(ConsumerCall::Close { unsubscribes: !fatal && self.properties.transactions.is_none() });
                self.stack.push(Op::AwaitClose);
            }
            Op::End => {
                self.alive = false;
                self.assigned.clear();
                self.tracker.clear();
                cx.fact(Fact::Stopped { reason: self.stop_reason });
                cx.effect(ContainerEffect::Stopped { reason: self.stop_reason });
            }
            _ => {}
        }
    }

    /// An exception came out of an iteration.
    pub(super) fn out_of_the_loop(&mut self, cx: &mut Context<'_>, exception: &Exception) {
        let simple_name = exception.class.rsplit('.').next().unwrap_or_default();
        let fatal = match simple_name {
            _ if exception.is_error() => Some(StopReason::Error),
            "NoOffsetForPartitionException" => Some(StopReason::NoOffset),
            "FencedInstanceIdException" => Some(StopReason::Fenced),
            "AuthenticationException" | "AuthorizationException" => Some(StopReason::Auth),
            _ => None,
        };
        if let Some(reason) = fatal {
            self.stack.push(Op::WrapUp(reason));
            return;
        }
        if simple_name != "RetriableCommitFailedException" {
            cx.fact(Fact::OtherExceptionHandled { class: exception.class.clone(), offset: self.poll_failure_offset.take() });
        }
        self.stack.push(Op::Iterate);
        self.sleep(cx, EXCEPTION_COST_US, false);
    }

    /// The poll was answered.
    pub fn on_polled(
        &mut self,
        now: SimTime,
        answer: Result<Vec<ConsumerRecord>, KafkaException>,
        listener: &mut Listener,
        out: &mut Vec<Output>,
    ) {
        let mut cx = Context { now, listener, out };
        match self.stack.last() {
            Some(Op::AwaitPoll) => {
                self.stack.pop();
                self.polled(&mut cx, answer);
                self.run(&mut cx);
            }
            Some(Op::AwaitShortPoll) => {
                self.stack.pop();
                self.run(&mut cx);
            }
            _ => {}
        }
    }

    fn polled(&mut self, cx: &mut Context<'_>, answer: Result<Vec<ConsumerRecord>, KafkaException>) {
        let records = match answer {
            Ok(records) => records,
            Err(exception) if exception.class == "WakeupException" => Vec::new(),
            Err(exception) => {
                let offset = exception.offset;
                let exception = Exception::from(&exception);
                self.poll_failure_offset = offset;
                cx.fact(Fact::PollFailed { class: exception.class.clone(), offset });
                self.raise(cx, exception);
                return;
            }
        };
        if !records.is_empty() {
            let at = records.iter().map(|record| (record.partition, record.record.offset)).collect();
            cx.fact(Fact::Polled { records: at });
            self.attempt_headers = None;
        }
        // A stop raced with the poll: the records are dropped and will be fetched by whoever comes next.
        if !self.running {
            while self.stack.last().is_some_and(|op| *op != Op::Iterate) {
                self.stack.pop();
            }
            return;
        }
        let mut records: Arc<[ConsumerRecord]> = Arc::from(records);
        let waits = |first: &ConsumerRecord| self.pause_requested || self.due_requests.contains_key(&first.partition);
        if self.remaining.as_ref().and_then(|rest| rest.first()).is_some_and(|first| !waits(first)) {
            records = self.remaining.take().expect("looked at just now");
        }
        if self.properties.async_acks && !records.is_empty() {
            self.capture_offsets(&records);
        }
        self.polled = records;
        self.stack.push(Op::RebalanceCommits);
    }

    fn invoke_if_have_records(&mut self, cx: &mut Context<'_>) {
        let records = std::mem::replace(&mut self.polled, Arc::from([]));
        if records.is_empty() {
            self.check_idle(cx);
            if self.properties.ack_mode.counts() && self.count > 0 {
                self.plan([Op::CommitIfNecessary, Op::CountAnew { time: None }]);
            }
            return;
        }
        self.not_idle(cx);
        self.batch = records;
        self.next = 0;
        self.current = 0;
        match self.properties.kind {
            ListenerKind::Record => self.stack.push(Op::NextRecord),
            ListenerKind::Batch => self.invoke_batch(),
        }
    }

    /// The consumer is closed.
    pub fn on_closed(&mut self, now: SimTime, listener: &mut Listener, out: &mut Vec<Output>) {
        if self.stack.last() == Some(&Op::AwaitClose) {
            self.answer(now, Ok(()), listener, out);
        }
    }

    fn pause_consumer_if_necessary(&mut self, cx: &mut Context<'_>) {
        if !self.paused_for_nack.is_empty() {
            return;
        }
        if !self.waiting_offsets.is_empty() {
            self.paused_for_async_acks = true;
        }
        let wanted = self.pause_requested || self.paused_for_async_acks;
        if ((!self.consumer_paused && wanted) || self.pause_for_pending) && !self.assigned.is_empty() {
            let partitions: Vec<TopicPartition> = self.assigned.iter().copied().collect();
            self.consumer_paused = true;
            self.pause_for_pending = false;
            self.pause_in_kafka(cx, partitions);
        }
    }

    fn resume_consumer_if_necessary(&mut self, cx: &mut Context<'_>) {
        if let Some(wake_at) = self.nack_wake_at {
            if cx.now > wake_at {
                self.nack_wake_at = None;
                let partitions = std::mem::take(&mut self.paused_for_nack).into_iter().collect();
                self.resume_in_kafka(cx, partitions);
            }
            return;
        }
        if self.waiting_offsets.is_empty() {
            self.paused_for_async_acks = false;
        }
        if self.consumer_paused && !self.pause_requested && !self.paused_for_async_acks {
            self.consumer_paused = false;
            let partitions = self.kafka_paused.difference(&self.due_paused).copied().collect();
            self.resume_in_kafka(cx, partitions);
        }
    }

    /// Retry topics: partitions whose first record is not due are paused (D13).
    fn pause_partitions_if_necessary(&mut self, cx: &mut Context<'_>) {
        let partitions: Vec<TopicPartition> = self
            .assigned
            .iter()
            .filter(|partition| self.due_requests.contains_key(partition) && !self.kafka_paused.contains(partition))
            .copied()
            .collect();
        self.due_paused.extend(&partitions);
        self.pause_in_kafka(cx, partitions);
    }

    fn resume_partitions_if_necessary(&mut self, cx: &mut Context<'_>) {
        let partitions: Vec<TopicPartition> =
            self.due_paused.iter().filter(|partition| !self.due_requests.contains_key(partition)).copied().collect();
        self.due_paused.retain(|partition| !partitions.contains(partition));
        self.resume_in_kafka(cx, partitions);
    }

    /// `consumer.pause()`.
    pub(super) fn pause_in_kafka(&mut self, cx: &mut Context<'_>, partitions: Vec<TopicPartition>) {
        if !partitions.is_empty() {
            self.kafka_paused.extend(&partitions);
            cx.call(ConsumerCall::Pause(partitions.clone()));
            cx.fact(Fact::Paused { partitions });
        }
    }

    /// `consumer.resume()`.
    pub(super) fn resume_in_kafka(&mut self, cx: &mut Context<'_>, partitions: Vec<TopicPartition>) {
        if !partitions.is_empty() {
            self.kafka_paused.retain(|partition| !partitions.contains(partition));
            cx.call(ConsumerCall::Resume(partitions.clone()));
            cx.fact(Fact::Resumed { partitions });
        }
    }

    /// A record of a retry topic must wait: its partition is paused before the next poll, until it is due.
    pub(super) fn wait_until_due(&mut self, cx: &mut Context<'_>, partition: TopicPartition, due_at: SimTime) {
        self.due_requests.insert(partition, due_at);
        cx.effect(ContainerEffect::Timer { at: due_at, timer: ContainerTimer::Due { partition } });
    }
}
