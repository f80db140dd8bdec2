//! A segment: a stretch of batches that is deleted or compacted as a whole (B7). Knows no retention.

use std::sync::Arc;

use super::LogBatch;
use super::chunked::Chunked;

/// A stretch of a log. The last one of a log grows; the others are sealed and shared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The first offset that it could hold.
    pub base_offset: u64,
    /// How many bytes lie in it.
    pub bytes: u64,
    /// The largest timestamp of its first batch, from which `segment.ms` counts.
    pub first_timestamp_ms: Option<i64>,
    /// The largest timestamp in it.
    pub max_timestamp_ms: Option<i64>,
    /// When it was made, in wall-clock milliseconds; counts as its age while it has no records.
    pub created_ms: i64,
    pub(super) batches: Chunked<Arc<LogBatch>>,
}

impl Segment {
    /// An empty segment.
    pub(super) fn new(base_offset: u64, created_ms: i64) -> Segment {
        Segment { base_offset, bytes: 0, first_timestamp_ms: None, max_timestamp_ms: None, created_ms, batches: Chunked::default() }
    }

    /// Adds a batch at the end.
    pub(super) fn push(&mut self, batch: Arc<LogBatch>) {
        self.bytes += u64::from(batch.bytes);
        self.first_timestamp_ms = self.first_timestamp_ms.or(Some(batch.max_timestamp_ms));
        self.max_timestamp_ms = self.max_timestamp_ms.max(Some(batch.max_timestamp_ms));
        self.batches.push(batch);
    }

    /// The batches, in order.
    pub fn batches(&self) -> impl Iterator<Item = &Arc<LogBatch>> {
        self.batches.iter()
    }

    /// The batches that end at or after `offset`, in order.
    pub(super) fn batches_from(&self, offset: u64) -> impl Iterator<Item = &Arc<LogBatch>> {
        self.batches.iter_from(self.batches.partition_point(|b| b.last_offset < offset))
    }

    /// Cuts off every batch that reaches `offset` or lies behind it.
    pub(super) fn truncate(&mut self, offset: u64) {
        let keep = self.batches.partition_point(|b| b.last_offset < offset);
        let kept = std::mem::take(&mut self.batches);
        let emptied = Segment::new(self.base_offset, self.created_ms);
        *self = emptied;
        for batch in kept.iter().take(keep) {
            self.push(Arc::clone(batch));
        }
    }

    /// Whether appending a batch of `bytes` and `timestamp_ms` must begin a new segment (`LogSegment.shouldRoll`).
    pub(super) fn should_roll(&self, bytes: u32, timestamp_ms: i64, segment_bytes: u64, segment_ms: u64) -> bool {
        if self.bytes == 0 {
            return false;
        }
        let waited = self.first_timestamp_ms.map_or(0, |first| timestamp_ms.saturating_sub(first));
        self.bytes + u64::from(bytes) > segment_bytes || waited > i64::try_from(segment_ms).unwrap_or(i64::MAX)
    }

    /// The time from which retention counts: the largest timestamp, or the creation if there are no records.
    pub fn largest_timestamp_ms(&self) -> i64 {
        self.max_timestamp_ms.filter(|ts| *ts >= 0).unwrap_or(self.created_ms)
    }
}
