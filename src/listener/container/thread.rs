//! The consumer thread (Spring's inner class `ListenerConsumer`): its state, what reaches it from outside, and how the
//! stack of operations runs and unwinds.

mod inspect;

pub use inspect::Doing;

use std::sync::Arc;

use super::op::Op;
use super::{ConsumerCall, ContainerEffect, ContainerTimer, Context, Output};
use crate::broker::{KafkaException, Metadata, TopicId, TopicPartition};
use crate::kernel::{Deque, SimTime, SortedMap, SortedSet};
use crate::listener::{
    AckMode, Action, BackOffExecution, ConsumerRecord, ContainerProperties, Decision, Exception, Fact, FailedRecordTracker, ILLEGAL_STATE,
    Listener, ListenerKind, ListensTo, Offsets, StopReason,
};

use super::acks::Acknowledgment;
use super::idle::Idleness;

/// A consumer thread with its container's switches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListenerConsumer {
    pub(super) properties: Arc<ContainerProperties>,
    pub(super) names: SortedMap<TopicId, Arc<str>>,
    pub(super) alive: bool,
    /// `isRunning()`.
    pub(super) running: bool,
    pub(super) stop_reason: StopReason,
    /// `isPauseRequested()`.
    pub(super) pause_requested: bool,
    pub(super) stack: Vec<Op>,
    pub(super) token: u64,
    /// What the last poll gave, until the listener is invoked for it.
    pub(super) polled: Arc<[ConsumerRecord]>,
    /// What the listener is being called with.
    pub(super) batch: Arc<[ConsumerRecord]>,
    /// The index of the next record of `batch`.
    pub(super) next: u32,
    /// The index of the record in hand.
    pub(super) current: u32,
    /// The Acknowledgment of the current call.
    pub(super) acknowledgment: Option<Acknowledgment>,
    /// Acknowledgments that the listener kept.
    pub(super) held: Vec<Acknowledgment>,
    /// `acks`: processed or acknowledged, not yet counted.
    pub(super) acks: Deque<(TopicPartition, u64)>,
    /// `offsets`: the highest acknowledged since the last commit.
    pub(super) offsets: Offsets,
    pub(super) count: u64,
    pub(super) last_commit_at: SimTime,
    pub(super) idleness: Idleness,
    /// `remainingRecords`: kept in memory instead of being fetched again.
    pub(super) remaining: Option<Arc<[ConsumerRecord]>>,
    pub(super) pause_for_pending: bool,
    /// `consumer.paused()`.
    pub(super) kafka_paused: SortedSet<TopicPartition>,
    /// `consumerPaused`.
    pub(super) consumer_paused: bool,
    pub(super) paused_for_async_acks: bool,
    pub(super) paused_for_nack: SortedSet<TopicPartition>,
    /// `nackSleepDurationMillis`; `None` is -1.
    pub(super) nack_sleep_ms: Option<u64>,
    pub(super) nack_index: u32,
    pub(super) nack_wake_at: Option<SimTime>,
    /// `offsetsInThisBatch`, with asyncAcks (D5).
    pub(super) waiting_offsets: SortedMap<TopicPartition, Deque<u64>>,
    /// `deferredOffsets`.
    pub(super) deferred_offsets: SortedMap<TopicPartition, SortedSet<u64>>,
    pub(super) commits_during_rebalance: Offsets,
    pub(super) assigned: SortedSet<TopicPartition>,
    /// Retry topics: partitions that wait until their first record is due.
    pub(super) due_requests: SortedMap<TopicPartition, SimTime>,
    pub(super) due_paused: SortedSet<TopicPartition>,
    pub(super) tracker: FailedRecordTracker,
    /// What the last `Op::Recover` found.
    pub(super) recovered: bool,
    pub(super) recoverer_failures: u32,
    pub(super) batch_failed: bool,
    pub(super) in_transaction: bool,
    /// Whether `producer` is set: from the first transaction on, between transactions too.
    pub(super) has_producer: bool,
    /// Where the back off of a batch stands that is rolled back again and again.
    pub(super) rollback_execution: BackOffExecution,
    /// Whether the error handler is giving a batch to the listener again and again.
    pub(super) retries_batch: bool,
    /// Where the last poll failed to deserialize, for `handleOtherException`.
    pub(super) poll_failure_offset: Option<u64>,
    /// `kafka_deliveryAttempt` headers of the record object in hand: a record kept in memory gets one at each delivery.
    pub(super) attempt_headers: Option<(TopicPartition, u64, Vec<u32>)>,
}

impl ListenerConsumer {
    /// A thread that was not started. With asyncAcks and a non-manual mode it works as MANUAL (D1).
    pub fn new(properties: ContainerProperties) -> ListenerConsumer {
        let mut properties = properties;
        if properties.async_acks && !properties.ack_mode.is_manual() {
            properties.ack_mode = AckMode::Manual;
        }
        ListenerConsumer {
            properties: Arc::new(properties),
            names: SortedMap::new(),
            alive: false,
            running: false,
            stop_reason: StopReason::Normal,
            pause_requested: false,
            stack: Vec::new(),
            token: 0,
            polled: Arc::from([]),
            batch: Arc::from([]),
            next: 0,
            current: 0,
            acknowledgment: None,
            held: Vec::new(),
            acks: Deque::new(),
            offsets: Offsets::new(),
            count: 0,
            last_commit_at: SimTime::ZERO,
            idleness: Idleness::since(SimTime::ZERO),
            remaining: None,
            pause_for_pending: false,
            kafka_paused: SortedSet::new(),
            consumer_paused: false,
            paused_for_async_acks: false,
            paused_for_nack: SortedSet::new(),
            nack_sleep_ms: None,
            nack_index: 0,
            nack_wake_at: None,
            waiting_offsets: SortedMap::new(),
            deferred_offsets: SortedMap::new(),
            commits_during_rebalance: Offsets::new(),
            assigned: SortedSet::new(),
            due_requests: SortedMap::new(),
            due_paused: SortedSet::new(),
            tracker: FailedRecordTracker::default(),
            recovered: false,
            recoverer_failures: 0,
            batch_failed: false,
            in_transaction: false,
            has_producer: false,
            rollback_execution: BackOffExecution::default(),
            retries_batch: false,
            poll_failure_offset: None,
            attempt_headers: None,
        }
    }

    /// Changes settings that the container reads anew at every turn. What it listens to and its kind stay as they are.
    pub fn set_properties(&mut self, change: impl FnOnce(&mut ContainerProperties)) {
        change(Arc::make_mut(&mut self.properties));
    }

    /// Topic names, as the client's metadata tells them.
    pub fn learn_topics(&mut self, metadata: &Metadata) {
        for (name, topic) in &metadata.topics {
            self.names.entry(topic.id).or_insert_with(|| name.clone());
        }
    }

    /// `start()`. Says `StartFailed` and is over if the settings contradict each other (D1).
    pub fn start(&mut self, now: SimTime, listener: &mut Listener, out: &mut Vec<Output>) {
        let mut cx = Context { now, listener, out };
        if let Some(message) = self.contradiction() {
            cx.fact(Fact::StartFailed { class: Arc::from(ILLEGAL_STATE), message });
            cx.effect(ContainerEffect::Stopped { reason: self.stop_reason });
            return;
        }
        self.alive = true;
        self.running = true;
        self.last_commit_at = now;
        self.idleness = Idleness::since(now);
        cx.fact(Fact::Started);
        cx.call(match &self.properties.source {
            ListensTo::Topics(topics) => ConsumerCall::Subscribe(topics.clone()),
            ListensTo::Partitions(partitions) => ConsumerCall::Assign(partitions.clone()),
        });
        self.stack = vec![Op::Iterate];
        self.run(&mut cx);
    }

    /// Explicit partitions are assigned from the start, without a callback.
    pub(super) fn assigned_explicitly(&mut self, partitions: &[TopicPartition]) {
        self.assigned.extend(partitions);
    }

    fn contradiction(&self) -> Option<Arc<str>> {
        let properties = &*self.properties;
        if properties.auto_commit && properties.ack_mode.is_manual() {
            let mode = properties.ack_mode.name();
            return Some(Arc::from(format!("Consumer cannot be configured for auto commit for ackMode {mode}")));
        }
        let record_for_batch = properties.kind == ListenerKind::Batch && properties.ack_mode == AckMode::Record;
        record_for_batch.then(|| Arc::from("Cannot use AckMode.RECORD with a batch listener"))
    }

    /// `stop()`: the batch in hand is finished (with `stopImmediate` only the record), then the thread wraps up.
    pub fn stop(&mut self, now: SimTime, listener: &mut Listener, out: &mut Vec<Output>) {
        if !self.alive || !self.running {
            return;
        }
        self.running = false;
        let mut cx = Context { now, listener, out };
        match self.stack.last() {
            Some(Op::AwaitPoll) => cx.call(ConsumerCall::Wakeup),
            Some(Op::AwaitTimer { stoppable: true, .. }) => {
                self.stack.pop();
                self.run(&mut cx);
            }
            _ => {}
        }
    }

    /// The process dies: nothing after this is done by this thread.
    pub fn kill(&mut self, out: &mut Vec<Output>) {
        if !self.alive {
            return;
        }
        self.alive = false;
        self.running = false;
        self.stack.clear();
        self.assigned.clear();
        out.push(Output::Call(ConsumerCall::Kill));
        out.push(Output::Effect(ContainerEffect::Fact(Fact::Killed)));
        out.push(Output::Effect(ContainerEffect::Died));
    }

    /// `pause()`: takes effect before the next poll, or with `pauseImmediate` after the record in hand.
    pub fn pause(&mut self) {
        self.pause_requested = true;
    }

    /// `resume()`.
    pub fn resume(&mut self, out: &mut Vec<Output>) {
        self.pause_requested = false;
        if self.is_polling() {
            out.push(Output::Call(ConsumerCall::Wakeup));
        }
    }

    /// A timer is due.
    pub fn on_timer(&mut self, now: SimTime, timer: ContainerTimer, listener: &mut Listener, out: &mut Vec<Output>) {
        let mut cx = Context { now, listener, out };
        match timer {
            ContainerTimer::Wake { token } => {
                if matches!(self.stack.last(), Some(Op::AwaitTimer { token: waiting, .. }) if *waiting == token) {
                    self.stack.pop();
                    self.run(&mut cx);
                }
            }
            ContainerTimer::Due { partition } => {
                if self.due_requests.get(&partition).is_some_and(|due| *due <= now) {
                    self.due_requests.remove(&partition);
                    if self.is_polling() {
                        cx.call(ConsumerCall::Wakeup);
                    }
                }
            }
        }
    }

    /// The application answered an [`Application`](ContainerEffect::Application) call.
    pub fn on_application(
        &mut self,
        now: SimTime,
        token: u64,
        answer: Result<(), Exception>,
        listener: &mut Listener,
        out: &mut Vec<Output>,
    ) {
        if self.stack.last() == Some(&Op::AwaitApplication { token }) {
            self.answer(now, answer, listener, out);
        }
    }

    /// The broker answered a [`Send`](ContainerEffect::Send), or the producer gave up.
    pub fn on_sent(
        &mut self,
        now: SimTime,
        token: u64,
        answer: Result<(), KafkaException>,
        listener: &mut Listener,
        out: &mut Vec<Output>,
    ) {
        if self.stack.last() == Some(&Op::AwaitSend { token }) {
            let failed = |_| Exception::of_container(crate::listener::SPRING_KAFKA, "Send failed");
            self.answer(now, answer.map_err(failed), listener, out);
        }
    }

    /// A latch was released.
    pub fn on_released(&mut self, now: SimTime, latch: &str, listener: &mut Listener, out: &mut Vec<Output>) {
        if matches!(self.stack.last(), Some(Op::AwaitLatch { latch: waiting }) if **waiting == *latch) {
            self.answer(now, Ok(()), listener, out);
        }
    }

    /// A viewer decided about the delivery in hand. Says whether one was asked for.
    pub fn decide(&mut self, now: SimTime, decision: Decision, listener: &mut Listener, out: &mut Vec<Output>) -> bool {
        if !self.awaits_decision() {
            return false;
        }
        self.stack.pop();
        let action = match decision {
            Decision::GoOn => None,
            Decision::Ack => Some(Action::Ack),
            Decision::Nack { ms } if self.properties.kind == ListenerKind::Batch => Some(Action::NackIndex { index: 0, ms }),
            Decision::Nack { ms } => Some(Action::Nack { ms }),
            Decision::Throw { class } => Some(Action::Throw { class }),
            Decision::Nothing => Some(Action::Nothing),
        };
        if let Some(action) = action {
            if matches!(self.stack.last(), Some(Op::Actions { .. })) {
                self.stack.pop();
            }
            self.stack.push(Op::Actions { actions: Arc::from([action]), at: 0 });
        }
        self.run(&mut Context { now, listener, out });
        true
    }

    /// What the operation on top waited for has come.
    pub(super) fn answer(&mut self, now: SimTime, answer: Result<(), Exception>, listener: &mut Listener, out: &mut Vec<Output>) {
        self.stack.pop();
        let mut cx = Context { now, listener, out };
        if let Err(exception) = answer {
            self.raise(&mut cx, exception);
        }
        self.run(&mut cx);
    }

    /// A fresh token, for an answer that is awaited.
    pub(super) fn fresh(&mut self) -> u64 {
        self.token += 1;
        self.token
    }

    /// Pushes what is to be done in this order: the first of `ops` next.
    pub(super) fn plan<const N: usize>(&mut self, ops: [Op; N]) {
        self.stack.extend(ops.into_iter().rev());
    }

    /// Sleeps for `us`.
    pub(super) fn sleep(&mut self, cx: &mut Context<'_>, us: u64, stoppable: bool) {
        let token = self.fresh();
        cx.effect(ContainerEffect::Timer { at: cx.now + us, timer: ContainerTimer::Wake { token } });
        self.stack.push(Op::AwaitTimer { token, stoppable });
    }

    /// Runs operations until one waits.
    pub(super) fn run(&mut self, cx: &mut Context<'_>) {
        while let Some(op) = self.stack.pop() {
            if op.waits() {
                self.stack.push(op);
                return;
            }
            if let Err(exception) = self.perform(cx, op) {
                self.raise(cx, exception);
            }
        }
    }

    /// Unwinds to the operation that catches.
    pub(super) fn raise(&mut self, cx: &mut Context<'_>, exception: Exception) {
        while let Some(op) = self.stack.pop() {
            if self.catches(cx, op, &exception) {
                return;
            }
        }
    }

    fn perform(&mut self, cx: &mut Context<'_>, op: Op) -> Result<(), Exception> {
        match op {
            Op::Iterate
            | Op::LoopCommits
            | Op::Idle
            | Op::PauseIfNecessary
            | Op::Poll
            | Op::Invoke
            | Op::ResumeIfNecessary
            | Op::WrapUp(_)
            | Op::Close
            | Op::End => {
                self.turn(cx, op);
                Ok(())
            }
            Op::ProcessCommits
            | Op::CommitIfNecessary
            | Op::CountAnew { .. }
            | Op::CommitPendingAcks
            | Op::Commit(_)
            | Op::RebalanceCommits => {
                self.commit_step(cx, op);
                Ok(())
            }
            Op::AfterRevoked(_) | Op::AfterAssigned(_) | Op::CallbackDone => {
                self.callback_step(cx, op);
                Ok(())
            }
            Op::NextRecord | Op::AfterRecord | Op::Listen | Op::AfterListen | Op::SeekForNack { .. } | Op::AckHandled => {
                self.record_step(cx, op)
            }
            Op::ListenBatch | Op::AfterListenBatch | Op::AckHandledBatch => self.batch_step(cx, op),
            Op::Actions { actions, at } => self.next_action(cx, actions, at),
            Op::AckKept(value) => self.acknowledge_kept(cx, &value),
            Op::EndOfCall => {
                self.end_of_call(cx, None);
                Ok(())
            }
            Op::SeekOrRecover { .. } | Op::SeekRemaining { .. } | Op::HandledOne => self.error_step(cx, op),
            Op::Recover { .. } | Op::RecovererReturned { .. } => self.recovery_step(cx, op),
            Op::FailedInBatch { .. }
            | Op::CommitRecoveredOfBatch { .. }
            | Op::KeepRestOfBatch { .. }
            | Op::RetryBatch { .. }
            | Op::RetryBatchNow { .. }
            | Op::SleepPolling { .. }
            | Op::SleptPolling { .. }
            | Op::ShortPoll
            | Op::RecoverBatch { .. } => self.batch_error_step(cx, op),
            Op::Throw(exception) => Err(exception),
            Op::Begin
            | Op::SendOffsets
            | Op::SendToTransaction(_)
            | Op::CommitTransaction
            | Op::AbortTransaction
            | Op::SeekBatchAgain
            | Op::SeekUnprocessed
            | Op::Publish(_) => {
                self.transaction_step(cx, op);
                Ok(())
            }
            Op::FinallyResume => {
                self.resume_after_retry(cx);
                Ok(())
            }
            // Nothing was thrown: what would have caught it is passed.
            _ => Ok(()),
        }
    }

    /// Whether `op` catches the exception that unwinds.
    fn catches(&mut self, cx: &mut Context<'_>, op: Op, exception: &Exception) -> bool {
        let plain = !exception.is_error();
        match op {
            Op::Iterate => {
                self.out_of_the_loop(cx, exception);
                true
            }
            Op::CatchCommitFailed if exception.is_commit_failed() => {
                self.handle_remaining(exception);
                true
            }
            Op::CatchAny => plain,
            Op::CatchAbort => plain && !exception.is_fenced(),
            Op::ApiCall { call, kept } => {
                let goes_no_further = plain && kept.is_some();
                let (class, message) = (exception.class.clone(), exception.message.clone());
                cx.fact(Fact::ApiError { call, value: kept, class, message });
                goes_no_further
            }
            Op::CatchProgram(actions) if plain => {
                self.stack.push(Op::Actions { actions, at: 0 });
                true
            }
            Op::EndOfCall => {
                self.end_of_call(cx, Some(exception));
                false
            }
            Op::CatchRecord if plain => self.handle_failed_record(exception),
            Op::CatchBatch if plain => self.handle_failed_batch(cx, exception),
            Op::CatchRetry { attempt, execution } if plain => {
                self.retry_failed(cx, attempt, execution, exception);
                true
            }
            Op::CatchRecoverer { index, tracked, after_rollback } if plain => {
                self.recoverer_threw(cx, index, tracked, after_rollback, exception);
                true
            }
            Op::CatchBatchRecoverer => {
                if plain {
                    cx.fact(Fact::RecoveryFailedBatch { records: self.batch_places(), class: exception.class.clone() });
                }
                self.seek_from(cx, 0);
                false
            }
            Op::FinallyResume => {
                self.resume_after_retry(cx);
                false
            }
            Op::Rollback => self.roll_back(exception),
            Op::RollbackAgain => self.roll_back_again(exception),
            Op::AbortLetter if plain => self.abort_letter(exception),
            _ => false,
        }
    }
}
