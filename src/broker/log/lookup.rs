//! Reading a log: records, batches, offsets by time. Knows no high watermark: the caller says how far.

use std::sync::Arc;

use super::{Log, LogBatch, Segment};
use crate::broker::Record;

impl Log {
    /// The records at `from..to` and their bytes: whole batches as long as they fit into `bytes_max`; with `at_least_one`
    /// the first batch comes even if it does not (B2).
    pub fn read(&self, from: u64, to: u64, bytes_max: u64, at_least_one: bool) -> (Vec<Arc<Record>>, u64) {
        let mut records = Vec::new();
        let mut bytes = 0;
        for batch in self.batches_from(from) {
            let unfit = bytes + u64::from(batch.bytes) > bytes_max && !(at_least_one && bytes == 0);
            if batch.base_offset >= to || unfit {
                break;
            }
            bytes += u64::from(batch.bytes);
            if batch.base_offset >= from && batch.last_offset < to {
                records.extend(batch.records.iter().cloned());
            } else {
                records.extend(batch.records.iter().filter(|r| (from..to).contains(&r.offset)).cloned());
            }
        }
        (records, bytes)
    }

    /// Whole batches from `from` on, until they take `bytes_max` (at least one): what a follower gets.
    pub fn read_batches(&self, from: u64, bytes_max: u64) -> Vec<Arc<LogBatch>> {
        let mut bytes = 0;
        let mut batches = Vec::new();
        for batch in self.batches_from(from) {
            if !batches.is_empty() && bytes + u64::from(batch.bytes) > bytes_max {
                break;
            }
            bytes += u64::from(batch.bytes);
            batches.push(Arc::clone(batch));
        }
        batches
    }

    /// The records from `from` on, for inspection.
    pub fn records_from(&self, from: u64) -> impl Iterator<Item = &Arc<Record>> {
        self.batches_from(from).flat_map(|b| b.records.iter()).filter(move |r| r.offset >= from)
    }

    /// The epoch of the last batch.
    pub fn last_epoch(&self) -> Option<u32> {
        self.epochs.latest()
    }

    /// The first record at or after a time, by segments (B3).
    pub fn find_timestamp(&self, target_ms: i64) -> Option<Arc<Record>> {
        let segment = self.segments().find(|s| s.max_timestamp_ms.is_some_and(|max| max >= target_ms))?;
        first_record(segment, |r| r.timestamp_ms >= target_ms && r.offset >= self.start())
    }

    /// The record with the largest timestamp, the first one of several; it may lie before the log start, whose segment is still
    /// there (`UnifiedLog#fetchOffsetByTimestamp` asks the segments only).
    pub fn find_max_timestamp(&self) -> Option<Arc<Record>> {
        let max = self.segments().filter_map(|s| s.max_timestamp_ms).max()?;
        let segment = self.segments().find(|s| s.max_timestamp_ms == Some(max))?;
        first_record(segment, |r| r.timestamp_ms == max)
    }
}

fn first_record(segment: &Segment, fits: impl Fn(&Record) -> bool) -> Option<Arc<Record>> {
    segment.batches().flat_map(|b| b.records.iter()).find(|r| fits(r)).cloned()
}
