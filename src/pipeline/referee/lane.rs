//! What the log's leader holds of one partition, as the referee has seen it: which event at which offset.

use crate::bank::EventId;
use crate::kernel::Deque;

/// How many of the newest offsets of a partition are remembered.
pub const LANE_OFFSETS_MAX: usize = 16_384;

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Lane {
    /// The offset of the first remembered entry.
    base: u64,
    /// By offset: the event, or 0 for a record that is no event's.
    tags: Deque<u32>,
    /// Everything below was visible to consumers.
    pub(super) visible_to: u64,
}

impl Lane {
    /// The offset after the last one.
    pub(super) fn end(&self) -> u64 {
        self.base + self.tags.len() as u64
    }

    /// A record was appended at `offset`; skipped offsets hold no event.
    pub(super) fn append(&mut self, offset: u64, event: Option<EventId>) {
        if self.tags.is_empty() {
            self.base = offset;
        }
        while self.end() < offset {
            self.push(0);
        }
        if offset == self.end() {
            self.push(event.map_or(0, |event| event.0));
        }
    }

    fn push(&mut self, tag: u32) {
        if self.tags.len() == LANE_OFFSETS_MAX {
            self.tags.pop_front();
            self.base += 1;
        }
        self.tags.push_back(tag);
    }

    /// The event at an offset, if it is remembered and is one.
    pub(super) fn event(&self, offset: u64) -> Option<EventId> {
        let at = usize::try_from(offset.checked_sub(self.base)?).ok()?;
        self.tags.get(at).copied().filter(|tag| *tag > 0).map(EventId)
    }

    /// The last offset of an event, if it is remembered.
    pub(super) fn offset_of(&self, event: EventId) -> Option<u64> {
        let at = self.tags.iter().rposition(|tag| *tag == event.0)?;
        Some(self.base + at as u64)
    }

    /// The events that are remembered, by offset.
    pub(super) fn events(&self) -> impl Iterator<Item = EventId> {
        self.tags.iter().filter(|tag| **tag > 0).map(|tag| EventId(*tag))
    }

    /// The log now ends at `end`: gives what is gone.
    pub(super) fn truncate(&mut self, end: u64) -> Vec<(u64, EventId)> {
        let mut gone = Vec::new();
        while self.end() > end.max(self.base) {
            let offset = self.end() - 1;
            let tag = self.tags.pop_back().expect("the end is above the base");
            if tag > 0 {
                gone.push((offset, EventId(tag)));
            }
        }
        self.visible_to = self.visible_to.min(end);
        gone.reverse();
        gone
    }

    /// The events from the visible end up to `to`, which are visible from now on.
    pub(super) fn reveal(&mut self, to: u64) -> Vec<(u64, EventId)> {
        let from = self.visible_to.max(self.base);
        self.visible_to = self.visible_to.max(to);
        (from..to.min(self.end())).filter_map(|offset| Some((offset, self.event(offset)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_remembers_reveals_and_forgets() {
        let mut lane = Lane::default();
        for offset in [0, 1, 3] {
            lane.append(offset, Some(EventId(10 + offset as u32)));
        }
        assert_eq!(lane.reveal(2), vec![(0, EventId(10)), (1, EventId(11))]);
        assert_eq!(lane.reveal(4), vec![(3, EventId(13))], "offset 2 holds no event");
        assert_eq!(lane.truncate(1), vec![(1, EventId(11)), (3, EventId(13))]);
        assert_eq!((lane.end(), lane.visible_to), (1, 1));
        lane.append(1, Some(EventId(20)));
        assert_eq!(lane.reveal(2), vec![(1, EventId(20))]);
    }
}
