//! `send`: from the application into a batch (A1, A6, A8).

use std::sync::Arc;

use super::batch::ProducerBatch;
use super::{NUMBER_STEP, Producer, ProducerEffect, ProducerTimer};
use crate::broker::log::{BATCH_OVERHEAD_BYTES, record_bytes_at_most};
use crate::broker::partitioner::partition_for_key;
use crate::broker::{KafkaException, NewRecord, TopicId, TopicPartition, us};
use crate::kernel::SimTime;

/// The most sends that may wait for metadata or memory: callers that block, each on a thread of its own.
const PENDING_MAX: usize = 100_000;

/// Stands for a caller that has been told something else already.
const NOBODY: u64 = u64::MAX;

/// Whether there is memory for a new batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Memory {
    /// There is.
    Now,
    /// There is when others have been answered: the caller blocks.
    Later,
    /// It needs more than there is at all.
    Never,
}

/// How many bytes a record may take, before its place in a batch is known (`estimateSizeInBytesUpperBound`).
fn bytes_at_most(record: &NewRecord) -> u64 {
    u64::from(BATCH_OVERHEAD_BYTES + record_bytes_at_most(record))
}

/// A send that waits for metadata or memory: the caller blocks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PendingSend {
    pub(super) topic: Arc<str>,
    pub(super) partition: Option<u32>,
    pub(super) record: NewRecord,
    pub(super) token: u64,
    pub(super) deadline: SimTime,
    /// Metadata has come since it waits.
    pub(super) answered: bool,
}

impl Producer {
    /// Hands a record over. `token` comes back in [`ProducerEffect::Done`].
    pub fn send(
        &mut self,
        now: SimTime,
        topic: Arc<str>,
        partition: Option<u32>,
        record: NewRecord,
        token: u64,
        out: &mut Vec<ProducerEffect>,
    ) {
        if let Some(exception) = self.refuse_in_txn() {
            // The record is in a batch before the transaction is asked (`doSend`): it leaves with the next transaction that
            // writes to its partition, though the application was told otherwise.
            out.push(ProducerEffect::Done { token, result: Err(exception) });
            if self.keeps_refused() && self.too_large(&record).is_none() {
                let deadline = now + us(self.config.max_block_ms);
                let pending = PendingSend { topic, partition, record, token: NOBODY, deadline, answered: false };
                if let Err(pending) = self.place(now, pending, out) {
                    self.pending.push_back(pending);
                }
                self.drive(now, out);
            }
            return;
        }
        if self.pending.len() >= PENDING_MAX {
            return self.refuse(token, KafkaException::new("BufferExhaustedException"), out);
        }
        let deadline = now + us(self.config.max_block_ms);
        let pending = PendingSend { topic, partition, record, token, deadline, answered: false };
        if self.pending.is_empty() {
            if let Err(pending) = self.place(now, pending, out) {
                self.pending.push_back(pending);
            }
        } else {
            self.pending.push_back(pending);
        }
        self.wake_sender(now, out);
    }

    /// The sender is a thread of its own: without `linger.ms` too it finds in one batch what the caller has handed over in one go.
    fn wake_sender(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        if self.config.linger_ms > 0 || !self.pending.is_empty() {
            return self.drive(now, out);
        }
        if let Some(at) = self.alarm.need(now) {
            out.push(ProducerEffect::Timer { at, timer: ProducerTimer::Wake });
        }
    }

    /// A send fails with an exception that the transaction hears of too.
    fn refuse(&mut self, token: u64, exception: KafkaException, out: &mut Vec<ProducerEffect>) {
        self.on_send_refused(&exception);
        out.push(ProducerEffect::Done { token, result: Err(exception) });
    }

    /// `ensureValidRecordSize`.
    fn too_large(&self, record: &NewRecord) -> Option<KafkaException> {
        let limit = self.config.max_request_size.min(self.config.buffer_memory);
        (bytes_at_most(record) > limit).then(|| KafkaException::new("RecordTooLargeException"))
    }

    /// What the memory says to a record that needs a new batch (`BufferPool.allocate`): a batch holds at least `batch.size`
    /// until it is answered.
    fn memory_for(&self, record: &NewRecord) -> Memory {
        let bytes = bytes_at_most(record).max(self.config.batch_size);
        let held: u64 =
            self.in_flight_batches().chain(self.accumulator.batches()).map(|batch| batch.bytes.max(self.config.batch_size)).sum();
        match self.config.buffer_memory {
            all if bytes > all => Memory::Never,
            all if held + bytes > all => Memory::Later,
            _ => Memory::Now,
        }
    }

    /// Whether somebody blocks because there is no memory, and not because a topic or partition is unknown.
    pub(super) fn has_callers_without_memory(&self) -> bool {
        self.pending
            .iter()
            .any(|send| self.metadata.partition_count(&send.topic).is_some_and(|count| send.partition.is_none_or(|p| p < count)))
    }

    /// Puts those that waited into batches, in order; a topic that is still unknown does not hold up the others.
    pub(super) fn place_pending(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        if self.pending.is_empty() {
            return;
        }
        for pending in std::mem::take(&mut self.pending) {
            match self.place(now, pending, out) {
                Ok(()) => {}
                Err(pending) if pending.deadline <= now => {
                    let exception = self.blocked_too_long(&pending);
                    self.refuse(pending.token, exception, out);
                }
                Err(pending) => self.pending.push_back(pending),
            }
        }
    }

    /// What a caller gets that blocked for `max.block.ms` (A8).
    fn blocked_too_long(&mut self, pending: &PendingSend) -> KafkaException {
        match self.metadata.topic(&pending.topic) {
            None if pending.answered => KafkaException::caused("TimeoutException", "UnknownTopicOrPartitionException"),
            Some(topic) if pending.partition.is_none_or(|p| (p as usize) < topic.partitions.len()) => {
                KafkaException::new("BufferExhaustedException")
            }
            _ => KafkaException::new("TimeoutException"),
        }
    }

    /// Puts a record into a batch, or refuses it, or gives it back.
    fn place(&mut self, now: SimTime, pending: PendingSend, out: &mut Vec<ProducerEffect>) -> Result<(), PendingSend> {
        let Some(topic) = self.metadata.topic(&pending.topic) else { return Err(pending) };
        let (id, count) = (topic.id, topic.partitions.len() as u32);
        if pending.partition.is_some_and(|p| p >= count) {
            self.metadata.out_of_date();
            return Err(pending);
        }
        if let Some(exception) = self.too_large(&pending.record) {
            self.refuse(pending.token, exception, out);
            return Ok(());
        }
        let (partition, sticky) = self.choose(id, count, &pending);
        let partition = TopicPartition { topic: id, partition };
        let open = self.accumulator.queues.get(&partition).and_then(|queue| queue.back());
        if !open.is_some_and(|batch| batch.has_room_for(&pending.record, self.config.batch_size)) {
            match self.memory_for(&pending.record) {
                Memory::Now => {}
                Memory::Later => return Err(pending),
                // No exception of Kafka's: a transaction does not hear of it.
                Memory::Never => {
                    let result = Err(KafkaException::new("IllegalArgumentException"));
                    out.push(ProducerEffect::Done { token: pending.token, result });
                    return Ok(());
                }
            }
        }
        let before = self.accumulator.queues.get(&partition).and_then(|q| q.back()).map_or(0, |b| b.bytes);
        let refused = pending.token == NOBODY;
        self.append(now, partition, pending.record, pending.token);
        if !refused {
            self.add_to_transaction(partition);
        }
        if sticky {
            let queue = self.accumulator.queues.get(&partition);
            let batch = queue.and_then(|q| q.back());
            let (after, full) = batch.map_or((0, true), |b| (b.bytes, b.is_full(self.config.batch_size)));
            let appended = if after > before { after - before } else { after };
            let partitioner = self.partitioners.entry(id).or_default();
            partitioner.on_appended(appended, self.config.batch_size, full);
        }
        Ok(())
    }

    /// The partition (A1), and whether it was the sticky one.
    fn choose(&mut self, id: TopicId, count: u32, pending: &PendingSend) -> (u32, bool) {
        if let Some(partition) = pending.partition {
            return (partition, false);
        }
        if let Some(key) = pending.record.key.as_deref().filter(|_| !self.config.partitioner_ignore_keys) {
            return (partition_for_key(key, count), false);
        }
        let leaders = self.metadata.partitions(id);
        let available: Vec<u32> = (0..count).filter(|p| leaders[*p as usize].0.is_some()).collect();
        let partitioner = self.partitioners.entry(id).or_default();
        if self.config.partitioner_adaptive {
            let size = |p: u32| self.accumulator.queues.get(&TopicPartition { topic: id, partition: p }).map(|q| q.len() as u64);
            if (0..count).all(|p| size(p).is_some()) {
                let queues: Vec<(u32, u64)> = available.iter().map(|p| (*p, size(*p).unwrap_or(0))).collect();
                partitioner.on_queue_sizes(&queues);
            }
        }
        let prng = &mut self.prng;
        (partitioner.partition(&available, count, || (prng.next_u64() >> 32) as u32), true)
    }

    fn append(&mut self, now: SimTime, partition: TopicPartition, record: NewRecord, token: u64) {
        let batch_size = self.config.batch_size;
        let queue = self.accumulator.queues.entry(partition).or_default();
        let record = match queue.back_mut() {
            Some(last) => match last.try_add(record, token, batch_size) {
                Ok(()) => return,
                Err(record) => {
                    last.closed = true;
                    record
                }
            },
            None => record,
        };
        self.last_number += NUMBER_STEP;
        let mut batch = ProducerBatch::new(self.last_number, partition, now);
        // Never refused: the first record always fits.
        let _added = batch.try_add(record, token, batch_size);
        queue.push_back(batch);
    }
}
