//! Compaction: of every key at least the latest record stays (B10). Knows no schedule.

use crate::kernel::SortedMap;
use std::sync::Arc;

use super::{Log, LogBatch, Segment};
use crate::broker::{Bytes, Control, Record, TopicConfig};

/// What a pass of the cleaner did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cleaned {
    /// The first offset that is still dirty.
    pub up_to: u64,
    /// How many records went.
    pub removed: u32,
}

impl Log {
    /// Compacts the sealed segments below `limit` (the last stable offset) if they are dirty enough. Segments keep their
    /// bases unless they can be joined: neighbours that fit into one segment together become one.
    pub fn compact(&mut self, config: &TopicConfig, limit: u64, now_ms: i64) -> Option<Cleaned> {
        let first_dirty = self.first_dirty();
        let lag_ms = i64::try_from(config.min_compaction_lag_ms).unwrap_or(i64::MAX);
        let old_enough = |s: &Segment| lag_ms == 0 || now_ms.saturating_sub(s.largest_timestamp_ms()) >= lag_ms;
        let end_of = |i: usize| self.sealed.get(i + 1).map_or(self.active.base_offset, |s| s.base_offset);
        let count = (0..self.sealed.len()).take_while(|i| end_of(*i) <= limit && old_enough(&self.sealed[*i])).count();
        let up_to = count.checked_sub(1).map(end_of).filter(|end| *end > first_dirty)?;
        if !self.is_dirty_enough(config, count, first_dirty, now_ms) {
            return None;
        }
        let latest = latest_by_key(self.sealed.iter().take(count).flat_map(|s| s.batches_from(first_dirty)));
        let keep = Keep { latest, aborted: self.aborted_before(up_to), first_dirty, config, now_ms, start: self.start };
        let mut removed = 0;
        let mut cleaned: Vec<Segment> = Vec::with_capacity(count);
        for segment in self.sealed.drain(..count) {
            let smaller = keep.clean(&segment, &mut removed);
            match cleaned.last_mut() {
                Some(last) if last.bytes + smaller.bytes <= config.segment_bytes_max() => {
                    smaller.batches().for_each(|b| last.push(Arc::clone(b)));
                }
                _ => cleaned.push(smaller),
            }
        }
        for segment in cleaned.into_iter().rev() {
            self.sealed.push_front(Arc::new(segment));
        }
        self.sealed_bytes = self.sealed.iter().map(|s| s.bytes).sum();
        self.first_dirty = up_to;
        Some(Cleaned { up_to, removed })
    }

    /// Dirty bytes above `min.cleanable.dirty.ratio`, or dirt older than `max.compaction.lag.ms`.
    fn is_dirty_enough(&self, config: &TopicConfig, count: usize, first_dirty: u64, now_ms: i64) -> bool {
        let batches = || self.sealed.iter().take(count).flat_map(|s| s.batches());
        let total: u64 = batches().map(|b| u64::from(b.bytes)).sum();
        let dirty: u64 = batches().filter(|b| b.last_offset >= first_dirty).map(|b| u64::from(b.bytes)).sum();
        let oldest = batches().find(|b| b.last_offset >= first_dirty).map(|b| b.max_timestamp_ms);
        let lag_ms = i64::try_from(config.max_compaction_lag_ms).unwrap_or(i64::MAX);
        dirty * 1_000 > total * u64::from(config.min_cleanable_dirty_ratio.0) || oldest.is_some_and(|ts| now_ms.saturating_sub(ts) > lag_ms)
    }

    /// Offsets of aborted transactions: by producer, the stretches up to their markers.
    fn aborted_before(&self, end: u64) -> Vec<(u64, u64, u64)> {
        self.producers.aborted_txns().filter(|t| t.last_offset < end).map(|t| (t.producer_id, t.first_offset, t.last_offset)).collect()
    }
}

/// The latest offset of every key.
fn latest_by_key<'a>(batches: impl Iterator<Item = &'a Arc<LogBatch>>) -> SortedMap<Bytes, u64> {
    let mut latest = SortedMap::new();
    for record in batches.filter(|b| b.control.is_none()).flat_map(|b| &b.records) {
        if let Some(key) = &record.key {
            latest.insert(Arc::clone(key), record.offset);
        }
    }
    latest
}

/// What a pass keeps.
struct Keep<'a> {
    latest: SortedMap<Bytes, u64>,
    aborted: Vec<(u64, u64, u64)>,
    first_dirty: u64,
    config: &'a TopicConfig,
    now_ms: i64,
    start: u64,
}

impl Keep<'_> {
    fn clean(&self, segment: &Segment, removed: &mut u32) -> Segment {
        let mut smaller = Segment::new(segment.base_offset, segment.created_ms);
        for batch in segment.batches() {
            if let Some(batch) = self.clean_batch(batch, removed) {
                smaller.push(batch);
            }
        }
        smaller
    }

    /// What is left of a batch; `None` if nothing is.
    fn clean_batch(&self, batch: &Arc<LogBatch>, removed: &mut u32) -> Option<Arc<LogBatch>> {
        let may_go = batch.delete_horizon_ms.is_some_and(|horizon| self.now_ms >= horizon);
        let kept: Vec<Arc<Record>> = batch.records.iter().filter(|r| self.keeps(batch, r, may_go)).cloned().collect();
        *removed += (batch.records.len() - kept.len()) as u32;
        if kept.is_empty() {
            return None;
        }
        // The first pass over a tombstone or a marker stamps when it may go.
        let mortal = batch.control.is_some() || kept.iter().any(|r| r.value.is_none());
        let retention_ms = i64::try_from(self.config.delete_retention_ms).unwrap_or(i64::MAX);
        let horizon = batch.delete_horizon_ms.or_else(|| mortal.then(|| self.now_ms.saturating_add(retention_ms)));
        if kept.len() == batch.records.len() && horizon == batch.delete_horizon_ms {
            return Some(Arc::clone(batch));
        }
        let bytes = super::BATCH_OVERHEAD_BYTES + kept.iter().map(|r| kept_bytes(batch, r, horizon)).sum::<u32>();
        let max_timestamp_ms = kept.iter().map(|r| r.timestamp_ms).max().unwrap_or(batch.max_timestamp_ms);
        Some(Arc::new(LogBatch { bytes, max_timestamp_ms, delete_horizon_ms: horizon, records: kept, ..LogBatch::clone(batch) }))
    }

    /// `Cleaner.shouldRetainRecord`.
    fn keeps(&self, batch: &LogBatch, record: &Record, may_go: bool) -> bool {
        if record.offset < self.start {
            return false;
        }
        if let Some(control) = batch.control {
            return !(may_go && (control == Control::Commit || !self.has_aborted_data(batch)));
        }
        let Some(key) = &record.key else { return false };
        if batch.producer.is_some_and(|p| p.transactional && self.is_aborted(p.id, record.offset)) {
            return false;
        }
        let newest = self.latest.get(key).is_none_or(|latest| record.offset >= *latest);
        newest && !(record.value.is_none() && may_go && batch.last_offset < self.first_dirty)
    }

    fn is_aborted(&self, producer_id: u64, offset: u64) -> bool {
        self.aborted.iter().any(|(id, first, last)| *id == producer_id && (*first..*last).contains(&offset))
    }

    /// An abort marker must outlive the records that it aborts; a pass removes those, so none is left after one.
    fn has_aborted_data(&self, batch: &LogBatch) -> bool {
        batch.last_offset >= self.first_dirty
    }
}

/// A record's own bytes in the batch that is written anew: with a horizon, timestamps are counted from there.
fn kept_bytes(batch: &LogBatch, record: &Record, horizon: Option<i64>) -> u32 {
    match horizon {
        Some(horizon) if batch.control.is_none() => {
            let (at, after) = (record.offset - batch.base_offset, record.timestamp_ms.saturating_sub(horizon));
            super::record_bytes(record.key.as_deref(), record.value.as_deref(), &record.headers, at as u32, after)
        }
        _ => own_bytes(batch, record),
    }
}

/// A record's own bytes: the first one of a batch carries the batch's header.
fn own_bytes(batch: &LogBatch, record: &Record) -> u32 {
    let header = if record.offset == batch.base_offset { super::BATCH_OVERHEAD_BYTES } else { 0 };
    record.size_bytes - header
}
