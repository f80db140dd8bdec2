//! Records that wait in a producer, batch by batch and partition by partition (`RecordAccumulator`).

use std::sync::Arc;

use crate::broker::log::{BATCH_OVERHEAD_BYTES, new_record_bytes};
use crate::broker::{NewRecord, TopicPartition};
use crate::kernel::{Deque, SimTime, SortedMap};

/// A batch on its way through the producer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ProducerBatch {
    /// Counts all batches of the producer.
    pub(super) number: u64,
    pub(super) partition: TopicPartition,
    pub(super) records: Vec<NewRecord>,
    /// The records as they travel, once the batch has left for the first time.
    pub(super) sealed: Option<Arc<[NewRecord]>>,
    /// The callers' numbers, one per record.
    pub(super) tokens: Vec<u64>,
    pub(super) bytes: u64,
    pub(super) created_at: SimTime,
    /// How many times it has left.
    pub(super) attempts: u32,
    /// Not to be sent before.
    pub(super) not_before: SimTime,
    /// Producer id, epoch and first sequence number, once given.
    pub(super) stamp: Option<(u64, u16, u32)>,
    /// No record may be added any more.
    pub(super) closed: bool,
    /// How many times it was split off.
    pub(super) splits: u32,
    /// Its callers have been told that it expired while it was under way.
    pub(super) expired: bool,
}

impl ProducerBatch {
    pub(super) fn new(number: u64, partition: TopicPartition, now: SimTime) -> ProducerBatch {
        ProducerBatch {
            number,
            partition,
            records: Vec::new(),
            sealed: None,
            tokens: Vec::new(),
            bytes: u64::from(BATCH_OVERHEAD_BYTES),
            created_at: now,
            attempts: 0,
            not_before: now,
            stamp: None,
            closed: false,
            splits: 0,
            expired: false,
        }
    }

    /// The bytes of `record` as the next one of this batch.
    fn bytes_of_next(&self, record: &NewRecord) -> u64 {
        let base = self.records.first().map_or(record.timestamp_ms, |r| r.timestamp_ms);
        u64::from(new_record_bytes(record, self.records.len() as u32, base))
    }

    /// Whether a record may be added. The first one always fits.
    pub(super) fn has_room_for(&self, record: &NewRecord, batch_size: u64) -> bool {
        !self.closed && (self.records.is_empty() || self.bytes + self.bytes_of_next(record) <= batch_size)
    }

    /// Adds a record if there is room.
    pub(super) fn try_add(&mut self, record: NewRecord, token: u64, batch_size: u64) -> Result<(), NewRecord> {
        if !self.has_room_for(&record, batch_size) {
            return Err(record);
        }
        self.bytes += self.bytes_of_next(&record);
        self.records.push(record);
        self.tokens.push(token);
        Ok(())
    }

    pub(super) fn is_full(&self, batch_size: u64) -> bool {
        self.closed || self.bytes >= batch_size
    }

    /// The records as they travel.
    pub(super) fn sealed(&mut self) -> Arc<[NewRecord]> {
        self.closed = true;
        if self.sealed.is_none() {
            self.sealed = Some(std::mem::take(&mut self.records).into());
        }
        self.sealed.clone().unwrap_or_default()
    }

    /// The records.
    pub(super) fn all(&self) -> &[NewRecord] {
        self.sealed.as_deref().unwrap_or(&self.records)
    }

    pub(super) fn count(&self) -> u32 {
        self.tokens.len() as u32
    }

    pub(super) fn tag(&self) -> u64 {
        self.all().first().map_or(0, |r| r.tag)
    }

    /// Two batches instead of one that a broker found too large.
    pub(super) fn split(self, number: u64) -> (ProducerBatch, ProducerBatch) {
        let half = self.tokens.len() / 2;
        let part = |number, range: std::ops::Range<usize>| {
            let mut batch = ProducerBatch::new(number, self.partition, self.created_at);
            for i in range {
                // Never refused: there is no limit.
                let _added = batch.try_add(self.all()[i].clone(), self.tokens[i], u64::MAX);
            }
            batch.closed = true;
            batch
        };
        (part(self.number, 0..half), part(number, half..self.tokens.len()))
    }
}

/// The batches that wait, by partition; the last one of a queue may still grow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Accumulator {
    pub(super) queues: SortedMap<TopicPartition, Deque<ProducerBatch>>,
}

impl Accumulator {
    pub(super) fn batches(&self) -> impl Iterator<Item = &ProducerBatch> {
        self.queues.values().flatten()
    }

    /// Puts a batch back: by sequence if it has one, else in front.
    pub(super) fn put_back(&mut self, batch: ProducerBatch) {
        let queue = self.queues.entry(batch.partition).or_default();
        let earlier = |other: &ProducerBatch| match (other.stamp, batch.stamp) {
            (Some(_), Some(_)) => other.number < batch.number,
            _ => false,
        };
        let place = queue.iter().take_while(|other| earlier(other)).count();
        queue.insert(place, batch);
    }

    /// Takes out the batches that are older than `age_us`.
    pub(super) fn take_expired(&mut self, now: SimTime, age_us: u64) -> Vec<ProducerBatch> {
        let mut expired = Vec::new();
        for queue in self.queues.values_mut() {
            while queue.front().is_some_and(|b| now.since(b.created_at) >= age_us) {
                expired.extend(queue.pop_front());
            }
        }
        expired
    }

    /// Takes out everything that was never sent.
    pub(super) fn take_undrained(&mut self) -> Vec<ProducerBatch> {
        let mut taken = Vec::new();
        for queue in self.queues.values_mut() {
            let (keep, undrained) = queue.drain(..).partition(|b| b.stamp.is_some());
            *queue = keep;
            let undrained: Deque<ProducerBatch> = undrained;
            taken.extend(undrained);
        }
        taken
    }
}
