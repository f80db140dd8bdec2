//! A partition as one share group reads it: from the start offset on, what has become of each record that was delivered (S3 to
//! S7, S10; upstream `SharePartition`). Knows no session.

use std::sync::Arc;

use super::{InFlight, InFlightBatch, StateBatch, StoredShare};
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// What the settings allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShareLimits {
    /// `group.share.delivery.count.limit` (S6).
    pub delivery_count_max: u32,
    /// `group.share.partition.max.record.locks` (S11).
    pub in_flight_max: u64,
    /// `share.record.lock.duration.ms`, in microseconds (S5).
    pub lock_us: u64,
}

/// A stretch in the written state of which nothing was written: records that were in somebody's hands when a leader died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Gap {
    pub(super) end: u64,
    pub(super) start: u64,
}

/// The state of a partition for a share group, in its leader's memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SharePartition {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) batches: SortedMap<u64, InFlightBatch>,
    /// Whether something before the end may be available.
    pub(super) find_next: bool,
    /// How many records from the start on are finished.
    pub(super) complete_count: u64,
    pub(super) gap: Option<Gap>,
    /// The instants at which a timer is set to look for locks that end.
    pub(in crate::broker) armed: SortedSet<SimTime>,
}

impl SharePartition {
    /// What the written state says; `beginning` where nothing has been written (S2, S12).
    pub fn load(stored: &StoredShare, beginning: u64) -> SharePartition {
        let start = stored.start.unwrap_or(beginning);
        let mut partition = SharePartition {
            start,
            end: start,
            batches: SortedMap::new(),
            find_next: false,
            complete_count: 0,
            gap: None,
            armed: SortedSet::new(),
        };
        let (mut gap_start, mut expected) = (None, start);
        for batch in stored.batches() {
            if batch.first > expected {
                gap_start.get_or_insert(expected);
            }
            expected = batch.last + 1;
            if batch.whole().is_some_and(|s| s.state.is_terminal()) {
                partition.complete_count += batch.count();
            }
            partition.batches.insert(batch.first, batch);
        }
        if !partition.batches.is_empty() {
            partition.find_next = true;
            partition.end = expected - 1;
            partition.gap = gap_start.map(|start| Gap { end: expected - 1, start });
            partition.move_start();
        }
        partition
    }

    /// The first offset that is not finished (S10).
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The last offset that was ever delivered, or the start if there is none.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// How many records from the start on are finished.
    pub fn complete_count(&self) -> u64 {
        self.complete_count
    }

    /// Records in flight with their states, ascending; those before the start have been passed.
    pub fn in_flight(&self) -> impl Iterator<Item = (u64, &InFlight)> {
        self.batches.values().flat_map(InFlightBatch::each).filter(|(offset, _)| *offset >= self.start)
    }

    /// A record in flight.
    pub fn at(&self, offset: u64) -> Option<&InFlight> {
        self.floor(offset)?.at(offset)
    }

    /// How many records lie between start and end: what `group.share.partition.max.record.locks` bounds (S11).
    pub fn in_flight_count(&self) -> u64 {
        if self.batches.is_empty() { 0 } else { (self.end + 1).saturating_sub(self.start) }
    }

    pub(super) fn last_cached(&self) -> Option<u64> {
        self.batches.values().next_back().map(|b| b.last)
    }

    /// The batch with the greatest first offset that is not above `offset`.
    pub(super) fn floor(&self, offset: u64) -> Option<&InFlightBatch> {
        self.batches.range(..=offset).next_back().map(|(_, batch)| batch)
    }

    pub(super) fn is_gap_active(&self) -> bool {
        self.gap.is_some_and(|gap| gap.end == self.end)
    }

    /// Notes that everything before `offset` was given out of the gap.
    pub(super) fn pass_gap(&mut self, offset: u64) {
        let Some(gap) = &mut self.gap else { return };
        if gap.end == self.end && offset <= gap.end {
            gap.start = offset;
        } else {
            self.gap = None;
        }
    }

    /// Where the next fetch begins: the first available record, else behind the end (S3).
    pub fn next_fetch_offset(&mut self) -> u64 {
        if self.last_cached().is_none_or(|last| self.start > last) {
            self.find_next = false;
            return self.end;
        }
        if !self.find_next {
            return self.end + 1;
        }
        let mut gap = self.gap.filter(|_| self.is_gap_active()).map(|gap| gap.start);
        for batch in self.batches.values() {
            if let Some(at) = gap {
                if batch.first > at {
                    return at;
                }
                gap = Some(at.max(batch.last + 1));
            }
            let available = match batch.whole() {
                Some(state) => state.is_available().then_some(batch.first),
                None => batch.each().find(|(_, state)| state.is_available()).map(|(offset, _)| offset),
            };
            if let Some(offset) = available {
                return offset;
            }
        }
        self.find_next = false;
        self.end + 1
    }

    /// Whether a member may be given something, as far as the bound on records in flight goes (S11).
    pub fn can_acquire(&mut self, limits: &ShareLimits) -> bool {
        self.next_fetch_offset() != self.end + 1 || self.in_flight_count() < limits.in_flight_max
    }

    /// Writes what has changed and lets the start follow (S10, S12). The start is written as it was before.
    pub fn write(&mut self, stored: &mut StoredShare, batches: &[StateBatch]) {
        if batches.is_empty() {
            return;
        }
        stored.write(self.start, self.complete_count, batches);
        self.find_next |= batches.iter().any(|b| b.state == super::RecordState::Available);
        self.move_start();
    }

    /// Lets the start pass what is finished (`maybeUpdateCachedStateAndOffsets`).
    pub(super) fn move_start(&mut self) {
        let begins_finished = self.floor(self.start).and_then(|batch| batch.at(self.start)).is_some_and(|s| s.state.is_terminal());
        let (Some(cached), true) = (self.last_cached(), begins_finished) else { return };
        let Some((last, passed)) = self.last_finished() else { return };
        if last == cached {
            self.start = cached + 1;
            self.end = cached + 1;
            self.batches.clear();
            self.complete_count = 0;
            return;
        }
        let Some(batch) = self.floor(last) else { return };
        let (first, is_through) = (batch.first, batch.last == last);
        let next = if is_through { self.batches.range(last + 1..).next().map_or(last + 1, |(first, _)| *first) } else { last + 1 };
        self.start = self.start.max(next);
        if let Some(gap) = self.gap.filter(|_| is_through && self.is_gap_active()) {
            self.start = self.start.min(gap.start);
        }
        self.complete_count = self.complete_count.saturating_sub(passed);
        let keep_from = if is_through { last + 1 } else { first };
        self.batches.retain(|key, _| *key >= keep_from);
    }

    /// The last record up to which everything is finished, and how many there are from the start to it.
    fn last_finished(&self) -> Option<(u64, u64)> {
        let (mut last, mut count) = (None, 0);
        for batch in self.batches.values() {
            if self.is_gap_active() && self.gap.is_some_and(|gap| batch.last >= gap.start) {
                break;
            }
            for (offset, state) in batch.each() {
                if !state.state.is_terminal() {
                    return last.map(|last| (last, count));
                }
                last = Some(offset);
                count += u64::from(offset >= self.start);
            }
        }
        last.map(|last| (last, count))
    }

    /// Locks of these records end then.
    pub(super) fn lock_end(now: SimTime, limits: &ShareLimits) -> SimTime {
        now + limits.lock_us
    }

    /// The earliest instant at which a lock ends.
    pub fn next_lock_end(&self) -> Option<SimTime> {
        self.batches.values().flat_map(InFlightBatch::each).filter_map(|(_, s)| s.locked_until).min()
    }

    /// The members that hold something.
    pub fn holders(&self) -> SortedSet<&Arc<str>> {
        self.batches.values().flat_map(InFlightBatch::each).filter_map(|(_, s)| s.member.as_ref()).collect()
    }
}
