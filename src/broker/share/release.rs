//! Records that leave their holder's hands without its word: the lock ends, the session is closed, the log start passes them
//! (S5, S13, S14). Knows no session.

use super::in_flight::States;
use super::{InFlight, InFlightBatch, RecordState, ShareLimits, SharePartition, StateBatch};
use crate::kernel::SimTime;

impl SharePartition {
    /// Locks that have ended: what was acquired under them is available again, or archived at the limit of deliveries.
    pub(in crate::broker) fn end_locks(&mut self, now: SimTime, limits: &ShareLimits) -> Vec<StateBatch> {
        self.take_away(limits, |state| state.locked_until.is_some_and(|end| end <= now))
    }

    /// Everything that a member holds is available again (`releaseAcquiredRecords`, S13).
    pub(in crate::broker) fn release_all_of(&mut self, member: &str, limits: &ShareLimits) -> Vec<StateBatch> {
        self.take_away(limits, |state| state.is_held_by(member))
    }

    fn take_away(&mut self, limits: &ShareLimits, whose: impl Fn(&InFlight) -> bool) -> Vec<StateBatch> {
        let start = self.start;
        let (mut changed, mut complete) = (Vec::new(), 0);
        for batch in self.batches.values_mut() {
            let (first, last) = (batch.first, batch.last);
            let concerned = |state: &InFlight| state.is_acquired() && whose(state);
            if batch.whole().is_some_and(&concerned) && first < start && last >= start {
                batch.split();
            }
            let mut settle = |state: &mut InFlight, of: (u64, u64)| {
                if !concerned(state) {
                    return;
                }
                let next = if of.1 < start { RecordState::Archived } else { RecordState::Available };
                if state.settle(next, limits.delivery_count_max) {
                    changed.push(StateBatch { first: of.0, last: of.1, state: state.state, delivery_count: state.delivery_count });
                    let counts = of.0 >= start && state.state.is_terminal();
                    complete += if counts { of.1 - of.0 + 1 } else { 0 };
                }
            };
            match &mut batch.states {
                States::Whole(state) => settle(state, (first, last)),
                States::Each(all) => (first..).zip(all).for_each(|(offset, state)| settle(state, (offset, offset))),
            }
        }
        self.complete_count += complete;
        changed
    }

    /// The log begins later now: what was available before it is archived, and the start follows (`updateCacheAndOffsets`).
    /// The offsets that were archived.
    pub(in crate::broker) fn log_starts_at(&mut self, log_start: u64) -> Vec<u64> {
        if log_start <= self.start {
            return Vec::new();
        }
        if self.batches.is_empty() {
            (self.start, self.end, self.complete_count) = (log_start, log_start, 0);
            return Vec::new();
        }
        let finished = self.batches.values().flat_map(InFlightBatch::each);
        let passed = finished.filter(|(o, s)| (self.start..log_start).contains(o) && s.state.is_terminal()).count() as u64;
        let archived = self.archive(self.start, log_start - 1, RecordState::Available, false);
        self.find_next |= !archived.is_empty();
        self.start = log_start;
        self.complete_count = self.complete_count.saturating_sub(passed);
        self.end = self.end.max(self.start);
        archived
    }

    /// The log has lost what lies between the offset that was read and the first batch that came: nobody can be given it.
    pub(super) fn archive_stale(&mut self, fetch_offset: u64, base: u64) {
        if !self.batches.is_empty() && fetch_offset < base {
            let archived = self.archive(fetch_offset, base - 1, RecordState::Available, true);
            self.find_next |= !archived.is_empty();
        }
    }

    /// Archives the records of a state between two offsets (`archiveRecords`). Which ones.
    pub(super) fn archive(&mut self, first: u64, last: u64, from: RecordState, counts: bool) -> Vec<u64> {
        let mut archived = Vec::new();
        for batch in self.batches.values_mut().filter(|b| b.first <= last && b.last >= first) {
            let whole = batch.lies_in(first, last);
            if batch.whole().is_some_and(|state| state.state != from) {
                continue;
            }
            let (begin, end) = (batch.first, batch.last);
            if let Some(state) = batch.whole_mut().filter(|_| whole) {
                state.archive();
                archived.extend(begin..=end);
                continue;
            }
            for (offset, state) in (begin..).zip(batch.split().iter_mut()) {
                if (first..=last).contains(&offset) && state.state == from {
                    state.archive();
                    archived.push(offset);
                }
            }
        }
        if counts {
            self.complete_count += archived.len() as u64;
        }
        archived
    }
}
