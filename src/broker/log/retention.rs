//! Deleting old records: by time, by size, by a log start that moved (B7, B8, B9). Knows no schedule.

use std::sync::Arc;

use super::{Log, Segment};
use crate::broker::{DeletionReason, TopicConfig};

/// A segment that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deleted {
    /// Its first offset.
    pub base_offset: u64,
    /// The first offset after it.
    pub end_offset: u64,
    /// Why.
    pub reason: DeletionReason,
}

impl Log {
    /// Moves the log start forward to `start`, at most to the end, and deletes the segments below it (B9).
    pub fn advance_start(&mut self, start: u64) -> Vec<Deleted> {
        let start = start.min(self.end);
        if start <= self.start {
            return Vec::new();
        }
        self.start = start;
        self.epochs.truncate_start(start);
        self.producers.on_log_start(start);
        self.delete_below_start()
    }

    /// Deletes what retention allows below the high watermark (B7, B8): segments only, oldest first, up to the first
    /// that must stay; the active one too, after a new one was begun at the end.
    pub fn apply_retention(&mut self, config: &TopicConfig, high_watermark: u64, now_ms: i64) -> Vec<Deleted> {
        let mut deleted = Vec::new();
        if config.cleanup_policy.delete {
            if config.retention_ms >= 0 {
                let too_old = |s: &Segment, _: u64| now_ms.saturating_sub(s.largest_timestamp_ms()) > config.retention_ms;
                self.delete_oldest(too_old, DeletionReason::RetentionTime, high_watermark, now_ms, &mut deleted);
            }
            if config.retention_bytes >= 0 {
                let keep = config.retention_bytes as u64;
                let too_much = |s: &Segment, bytes: u64| bytes.saturating_sub(keep) >= s.bytes && bytes >= keep;
                self.delete_oldest(too_much, DeletionReason::RetentionSize, high_watermark, now_ms, &mut deleted);
            }
        }
        deleted.extend(self.delete_below_start());
        deleted
    }

    /// Deletes segments from the front while `goes(segment, bytes of the log)` says so.
    fn delete_oldest(
        &mut self,
        goes: impl Fn(&Segment, u64) -> bool,
        reason: DeletionReason,
        high_watermark: u64,
        now_ms: i64,
        deleted: &mut Vec<Deleted>,
    ) {
        loop {
            let oldest = self.sealed.front().map_or(&self.active, Arc::as_ref);
            let end_offset = self.sealed.get(1).map_or(&self.active, Arc::as_ref).base_offset.max(oldest.base_offset);
            let end_offset = if self.sealed.is_empty() { self.end } else { end_offset };
            let empty_active = self.sealed.is_empty() && self.active.batches.is_empty();
            if empty_active || high_watermark < end_offset || !goes(oldest, self.bytes()) {
                break;
            }
            if self.sealed.is_empty() {
                self.roll(now_ms);
            }
            deleted.push(self.delete_front(end_offset, reason));
        }
        let start = self.segments().next().map_or(self.end, |s| s.base_offset);
        if start > self.start {
            self.start = start;
            self.epochs.truncate_start(start);
            self.producers.on_log_start(start);
        }
    }

    /// Deletes the segments that lie wholly below the log start.
    fn delete_below_start(&mut self) -> Vec<Deleted> {
        let mut deleted = Vec::new();
        while !self.sealed.is_empty() {
            let next = self.sealed.get(1).map_or(self.active.base_offset, |s| s.base_offset);
            if next > self.start {
                break;
            }
            deleted.push(self.delete_front(next, DeletionReason::LogStart));
        }
        deleted
    }

    fn delete_front(&mut self, end_offset: u64, reason: DeletionReason) -> Deleted {
        let segment = self.sealed.pop_front().expect("the caller saw a sealed segment");
        self.sealed_bytes -= segment.bytes;
        Deleted { base_offset: segment.base_offset, end_offset, reason }
    }
}
