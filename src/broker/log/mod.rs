//! The log of one replica: batches in segments, the epochs of its leaders, the producers it knows, the transactions in it.
//!
//! Has never heard of leaders, followers or clients: a replica decides what to append and how far it may be read.

mod batch;
mod chunked;
mod compaction;
mod epochs;
mod lookup;
mod producers;
mod retention;
mod segment;

use std::sync::Arc;

pub use batch::{
    BATCH_OVERHEAD_BYTES, BatchProducer, LogBatch, MARKER_BYTES, batch_bytes, new_record_bytes, record_bytes, record_bytes_at_most,
    sequence_plus,
};
pub use chunked::Chunked;
pub use compaction::Cleaned;
pub use epochs::Epochs;
pub use producers::{AbortedTxn, Claim, Producers, Verdict};
pub use retention::Deleted;
pub use segment::Segment;

use super::TopicConfig;
use crate::kernel::Deque;

/// The log of one replica. Cloning it shares all but the last few batches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Log {
    sealed: Deque<Arc<Segment>>,
    active: Segment,
    start: u64,
    end: u64,
    sealed_bytes: u64,
    /// The first offset that the cleaner has not yet been over (B10).
    first_dirty: u64,
    /// The epochs of its leaders.
    pub epochs: Epochs,
    /// The producers in it.
    pub producers: Producers,
}

impl Log {
    /// An empty log.
    pub fn new(now_ms: i64) -> Log {
        Log {
            sealed: Deque::new(),
            active: Segment::new(0, now_ms),
            start: 0,
            end: 0,
            sealed_bytes: 0,
            first_dirty: 0,
            epochs: Epochs::default(),
            producers: Producers::default(),
        }
    }

    /// The first readable offset (B1).
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The log end offset: the next offset to be written (B1).
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes lie in it.
    pub fn bytes(&self) -> u64 {
        self.sealed_bytes + self.active.bytes
    }

    /// The first offset that the cleaner has not yet been over.
    pub fn first_dirty(&self) -> u64 {
        self.first_dirty.max(self.start)
    }

    /// The segments, oldest first, the active one last.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.sealed.iter().map(Arc::as_ref).chain(std::iter::once(&self.active))
    }

    /// Appends a batch whose base offset is at or behind the end; offsets may have gaps only when a compacted log is
    /// replicated. Gives the new segment's first offset if it began one (B7).
    pub fn append(&mut self, batch: Arc<LogBatch>, config: &TopicConfig, now_ms: i64) -> Option<u64> {
        debug_assert!(batch.base_offset >= self.end, "offsets only grow");
        let full = self.active.should_roll(batch.bytes, batch.max_timestamp_ms, config.segment_bytes_max(), config.segment_ms);
        let rolled = full.then(|| self.roll(now_ms));
        if self.epochs.latest() != Some(batch.leader_epoch) {
            self.epochs.assign(batch.leader_epoch, batch.base_offset);
        }
        self.producers.note(&batch);
        self.end = batch.last_offset + 1;
        self.active.push(batch);
        rolled
    }

    /// Seals the active segment and begins one at the end. Gives its first offset.
    fn roll(&mut self, now_ms: i64) -> u64 {
        let sealed = std::mem::replace(&mut self.active, Segment::new(self.end, now_ms));
        self.sealed_bytes += sealed.bytes;
        self.sealed.push_back(Arc::new(sealed));
        self.end
    }

    /// Cuts the log so that it ends at `end` at the latest (B5). Producers are read again from what is left.
    pub fn truncate(&mut self, end: u64) {
        if end >= self.end {
            // A former leader may have noted the beginning of an epoch in which it wrote nothing.
            return self.epochs.truncate_end(self.end);
        }
        while self.active.base_offset > end {
            let Some(last) = self.sealed.pop_back() else { break };
            self.sealed_bytes -= last.bytes;
            self.active = Arc::unwrap_or_clone(last);
        }
        self.active.truncate(end);
        self.end = end;
        self.start = self.start.min(end);
        self.first_dirty = self.first_dirty.min(end);
        self.epochs.truncate_end(end);
        let mut producers = Producers::default();
        self.batches_from(self.start).for_each(|batch| producers.note(batch));
        self.producers = producers;
    }

    /// Empties the log and lets it begin at `start`: a follower whose leader no longer has what it lacks.
    pub fn reset(&mut self, start: u64, now_ms: i64) {
        *self = Log::new(now_ms);
        self.active.base_offset = start;
        self.start = start;
        self.end = start;
    }

    /// The batches that end at or after `offset`, in order.
    pub fn batches_from(&self, offset: u64) -> impl Iterator<Item = &Arc<LogBatch>> {
        let first = if offset >= self.active.base_offset {
            self.sealed.len()
        } else {
            self.sealed.partition_point(|s| s.base_offset <= offset).saturating_sub(1)
        };
        self.sealed.range(first..).map(Arc::as_ref).chain(std::iter::once(&self.active)).flat_map(move |s| s.batches_from(offset))
    }
}

#[cfg(test)]
mod tests;
