//! The `Acknowledgment` that a listener is given, and what its methods do (D3 to D7).

use std::sync::Arc;

use super::op::Op;
use super::{ConsumerCall, Context, ListenerConsumer, Output};
use crate::broker::{Bytes, TopicPartition, us};
use crate::kernel::SimTime;
use crate::listener::method::shows;
use crate::listener::{
    AckMode, ConsumerRecord, Exception, Fact, ILLEGAL_ARGUMENT, ILLEGAL_STATE, Listener, ListenerKind, Offsets, UNSUPPORTED_OPERATION,
};

/// What the listener can acknowledge: one record, or a batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Acknowledgment {
    records: Arc<[ConsumerRecord]>,
    acknowledged: bool,
    /// The index of the last partial acknowledgment of a batch.
    partial: Option<u32>,
}

impl Acknowledgment {
    pub(super) fn of(records: Arc<[ConsumerRecord]>) -> Acknowledgment {
        Acknowledgment { records, acknowledged: false, partial: None }
    }

    /// Whether the listener has acknowledged it as a whole.
    pub(super) fn is_acknowledged(&self) -> bool {
        self.acknowledged
    }

    /// The value of the (first) record.
    pub(super) fn value(&self) -> Option<&Bytes> {
        self.records.first()?.record.value.as_ref()
    }
}

/// The last record of each partition, in the order of the partitions' first records.
pub(super) fn highest(records: &[ConsumerRecord]) -> Vec<(TopicPartition, u64)> {
    let mut highest: Vec<(TopicPartition, u64)> = Vec::new();
    for record in records {
        match highest.iter_mut().find(|(partition, _)| *partition == record.partition) {
            Some((_, offset)) => *offset = record.record.offset,
            None => highest.push((record.partition, record.record.offset)),
        }
    }
    highest
}

impl ListenerConsumer {
    /// `acknowledge()` on the consumer thread. After a partial acknowledgment of a batch: one record more.
    pub(super) fn acknowledge(&mut self, cx: &mut Context<'_>, acknowledgment: &mut Acknowledgment) -> Result<(), Exception> {
        if let Some(partial) = acknowledgment.partial {
            return self.acknowledge_index(acknowledgment, partial + 1);
        }
        if acknowledgment.acknowledged {
            return Ok(());
        }
        tell(cx, acknowledgment);
        match self.properties.kind {
            ListenerKind::Batch => {
                self.wait_no_more_for(&acknowledgment.records);
                self.process_batch(&acknowledgment.records);
            }
            ListenerKind::Record => {
                let ack = self.in_order(acknowledgment)?;
                self.process_acks(ack.into_iter().collect());
            }
        }
        acknowledgment.acknowledged = true;
        Ok(())
    }

    /// `acknowledge()` on another thread: the consumer thread processes it at its next turn.
    pub(super) fn acknowledge_elsewhere(&mut self, cx: &mut Context<'_>, acknowledgment: &mut Acknowledgment) -> Result<(), Exception> {
        if acknowledgment.acknowledged {
            return Ok(());
        }
        tell(cx, acknowledgment);
        let immediate = self.properties.ack_mode == AckMode::ManualImmediate;
        let wakes = match self.properties.kind {
            ListenerKind::Batch => {
                self.wait_no_more_for(&acknowledgment.records);
                self.acks.extend(acknowledgment.records.iter().map(|record| (record.partition, record.record.offset)));
                immediate
            }
            ListenerKind::Record => {
                let ack = self.in_order(acknowledgment)?;
                self.acks.extend(ack);
                ack.is_some() && (immediate || self.paused_for_async_acks)
            }
        };
        acknowledgment.acknowledged = true;
        if wakes {
            cx.call(ConsumerCall::Wakeup);
        }
        Ok(())
    }

    /// A kept Acknowledgment is acknowledged on another thread. Says whether there is one for this value.
    pub fn acknowledge_held(&mut self, now: SimTime, value: &str, listener: &mut Listener, out: &mut Vec<Output>) -> bool {
        let of_value = |held: &Acknowledgment| held.value().is_some_and(|bytes| shows(bytes, value));
        let Some(at) = self.held.iter().rposition(of_value) else { return false };
        let mut held = self.held[at].clone();
        let mut cx = Context { now, listener, out };
        if let Err(exception) = self.acknowledge_elsewhere(&mut cx, &mut held) {
            let value = Some(Arc::from(value));
            cx.fact(Fact::ApiError { call: "ack", value, class: exception.class, message: exception.message });
        }
        self.held[at] = held;
        true
    }

    /// What may be processed now: with asyncAcks only what closes a gap (D5).
    fn in_order(&mut self, acknowledgment: &Acknowledgment) -> Result<Option<(TopicPartition, u64)>, Exception> {
        let Some(record) = acknowledgment.records.first() else { return Ok(None) };
        let (partition, offset) = (record.partition, record.record.offset);
        if self.properties.async_acks { self.ack_in_order(partition, offset) } else { Ok(Some((partition, offset))) }
    }

    /// A batch is acknowledged as a whole: nothing of its partitions is waited for any more (D5).
    fn wait_no_more_for(&mut self, records: &[ConsumerRecord]) {
        for record in records {
            self.waiting_offsets.remove(&record.partition);
            self.deferred_offsets.remove(&record.partition);
        }
    }

    /// `removeOffsetsInBatch`: these records come again, so this poll does not wait for them (D5).
    pub(super) fn wait_no_more_from(&mut self, from: u32) {
        if self.waiting_offsets.is_empty() {
            return;
        }
        for record in self.batch.get(from as usize..).unwrap_or_default() {
            let Some(waiting) = self.waiting_offsets.get_mut(&record.partition) else { continue };
            waiting.retain(|offset| *offset != record.record.offset);
            if let Some(deferred) = self.deferred_offsets.get_mut(&record.partition) {
                deferred.remove(&record.record.offset);
            }
            if self.waiting_offsets.get(&record.partition).is_some_and(|queue| queue.is_empty()) {
                self.waiting_offsets.remove(&record.partition);
                self.deferred_offsets.remove(&record.partition);
            }
        }
    }

    /// `processAcks` of records of a batch on the consumer thread: MANUAL_IMMEDIATE commits them at once, in one commit.
    fn process_batch(&mut self, records: &[ConsumerRecord]) {
        let acks = highest(records);
        if self.properties.ack_mode == AckMode::ManualImmediate {
            let offsets = acks.into_iter().map(|(partition, offset)| (partition, offset + 1)).collect();
            self.stack.push(self.commit_at_once(offsets));
        } else {
            self.process_acks(acks);
        }
    }

    /// `ackInOrder`: the highest offset without a gap below it, if this acknowledgment closed the gap.
    pub(super) fn ack_in_order(&mut self, partition: TopicPartition, offset: u64) -> Result<Option<(TopicPartition, u64)>, Exception> {
        let record = format!("{}-{}@{offset}", self.topic_name(partition.topic), partition.partition);
        let Some(waiting) = self.waiting_offsets.get_mut(&partition) else {
            let message = format!("Unexpected ack for {record}; offsets list is empty");
            return Err(Exception::of_container(ILLEGAL_STATE, &message));
        };
        let first = *waiting.front().expect("an emptied list is removed");
        if offset < first {
            let message = format!("First remaining offset for this batch is {first}; you are acknowledging a stale record: {record}");
            return Err(Exception::of_container(ILLEGAL_STATE, &message));
        }
        let deferred = self.deferred_offsets.entry(partition).or_default();
        if offset > first {
            deferred.insert(offset);
            return Ok(None);
        }
        waiting.pop_front();
        let mut highest = offset;
        while let Some(next) = waiting.front().copied().filter(|next| deferred.remove(next)) {
            waiting.pop_front();
            highest = next;
        }
        if waiting.is_empty() {
            self.waiting_offsets.remove(&partition);
            self.deferred_offsets.remove(&partition);
        }
        Ok(Some((partition, highest)))
    }

    /// `captureOffsets`: what this poll must see acknowledged before the next one.
    pub(super) fn capture_offsets(&mut self, records: &[ConsumerRecord]) {
        self.waiting_offsets.clear();
        self.deferred_offsets.clear();
        for record in records {
            self.waiting_offsets.entry(record.partition).or_default().push_back(record.record.offset);
        }
    }

    /// `processAck` on the consumer thread.
    pub(super) fn process_acks(&mut self, acks: Vec<(TopicPartition, u64)>) {
        if self.properties.ack_mode == AckMode::ManualImmediate {
            let commits: Vec<Op> =
                acks.into_iter().map(|(partition, offset)| self.commit_at_once(Offsets::from([(partition, offset + 1)]))).collect();
            self.stack.extend(commits.into_iter().rev());
        } else {
            for (partition, offset) in acks {
                self.add_offset(partition, offset);
            }
        }
    }

    /// `acknowledge(index)`: a batch listener in MANUAL_IMMEDIATE; commits through the index.
    pub(super) fn acknowledge_index(&mut self, acknowledgment: &mut Acknowledgment, index: u32) -> Result<(), Exception> {
        if self.properties.kind == ListenerKind::Record {
            return Err(Exception::thrown(UNSUPPORTED_OPERATION, "ack(index) is not supported by this Acknowledgment"));
        }
        let from = acknowledgment.partial.map_or(0, |partial| partial + 1);
        if index < from {
            let last = from.saturating_sub(1);
            let message = format!("index ({index}) must be greater than the previous partial commit ({last})");
            return Err(Exception::thrown(ILLEGAL_ARGUMENT, &message));
        }
        if self.properties.ack_mode != AckMode::ManualImmediate {
            let message = "Partial batch acknowledgment is only supported with AckMode.MANUAL_IMMEDIATE";
            return Err(Exception::thrown(ILLEGAL_STATE, message));
        }
        let Some(part) = acknowledgment.records.get(from as usize..=index as usize) else {
            let count = acknowledgment.records.len();
            let message = format!("index ({index}) is out of range (0-{})", count.saturating_sub(1));
            return Err(Exception::thrown(ILLEGAL_ARGUMENT, &message));
        };
        self.process_batch(part);
        acknowledgment.partial = Some(index);
        Ok(())
    }

    /// `nack(Duration)` or, with an index, `nack(index, Duration)`.
    pub(super) fn nack(&mut self, cx: &mut Context<'_>, index: Option<u32>, ms: i64) -> Result<(), Exception> {
        let of_batch = self.properties.kind == ListenerKind::Batch;
        match index {
            Some(_) if !of_batch => {
                return Err(Exception::thrown(UNSUPPORTED_OPERATION, "nack(index, sleep) is not supported by this Acknowledgment"));
            }
            None if of_batch => {
                return Err(Exception::thrown(UNSUPPORTED_OPERATION, "nack(sleep) is not supported by this Acknowledgment"));
            }
            _ => {}
        }
        if self.properties.async_acks {
            return Err(Exception::thrown(ILLEGAL_STATE, "nack() is not supported with out-of-order commits"));
        }
        let Ok(ms) = u64::try_from(ms) else {
            return Err(Exception::thrown(ILLEGAL_ARGUMENT, "sleep cannot be negative"));
        };
        let at = index.unwrap_or(self.current);
        let Some(record) = self.batch.get(at as usize) else {
            return Err(Exception::thrown(ILLEGAL_ARGUMENT, "index out of bounds"));
        };
        cx.fact(Fact::Nacked { partition: record.partition, offset: record.record.offset, ms });
        self.nack_sleep_ms = Some(ms);
        self.nack_index = at;
        if of_batch && at > 0 {
            let records = self.batch.clone();
            self.process_batch(&records[..at as usize]);
        }
        Ok(())
    }

    /// `pauseForNackSleep`: all assigned partitions are paused, polling goes on (D6).
    pub(super) fn pause_for_nack_sleep(&mut self, cx: &mut Context<'_>) {
        let Some(ms) = self.nack_sleep_ms.take().filter(|ms| *ms > 0) else { return };
        self.nack_wake_at = Some(cx.now + us(ms));
        let partitions: Vec<TopicPartition> = self.assigned.difference(&self.kafka_paused).copied().collect();
        self.paused_for_nack.extend(&partitions);
        self.pause_in_kafka(cx, partitions);
    }
}

fn tell(cx: &mut Context<'_>, acknowledgment: &Acknowledgment) {
    if let Some(first) = acknowledgment.records.first() {
        cx.fact(Fact::Acknowledged { partition: first.partition, offset: first.record.offset });
    }
}
