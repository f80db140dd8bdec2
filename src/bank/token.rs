//! How far an index over rows was read, with the ids that were missing on the way (Axon's `GapAwareTrackingToken`, F8).

use crate::kernel::{SimTime, SortedMap};

/// How long a missing id is looked for again, in microseconds (Axon's `gapTimeout`): one whose transaction was rolled back
/// never comes.
pub const GAP_TIMEOUT_US: u64 = 60_000_000;
/// The most missing ids that are remembered (Axon's `maxGapOffset`); beyond it the oldest is forgotten.
pub const GAPS_MAX: usize = 10_000;

/// A place in an index that is filled out of order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Token {
    last: u32,
    /// Ids below `last` that were not there, each with when it was missed.
    gaps: SortedMap<u32, SimTime>,
}

impl Token {
    /// The greatest id that was published.
    pub fn last(&self) -> u32 {
        self.last
    }

    /// The ids below it that are still looked for.
    pub fn gaps(&self) -> impl Iterator<Item = u32> {
        self.gaps.keys().copied()
    }

    /// These were published. Ids that they skip are gaps, ids that were gaps are none any more.
    pub(super) fn advance(&mut self, now: SimTime, ids: &[u32]) {
        let mut ids = ids.to_vec();
        crate::kernel::sort(&mut ids);
        for id in &ids {
            if *id > self.last {
                let from = (self.last + 1).max(id.saturating_sub(GAPS_MAX as u32));
                self.gaps.extend((from..*id).map(|gap| (gap, now)));
                self.last = *id;
            } else {
                self.gaps.remove(id);
            }
        }
        while self.gaps.len() > GAPS_MAX {
            self.gaps.pop_first();
        }
    }

    /// Gives up ids that have been missing for too long.
    pub(super) fn forget_old_gaps(&mut self, now: SimTime) {
        self.gaps.retain(|_, since| now.since(*since) < GAP_TIMEOUT_US);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f8_a_gap_is_looked_for_until_it_is_filled_or_a_minute_is_over() {
        let mut token = Token::default();
        token.advance(SimTime(5), &[1, 2, 5]);
        assert_eq!((token.last(), token.gaps().collect::<Vec<_>>()), (5, vec![3, 4]));
        token.advance(SimTime(9), &[4, 6]);
        assert_eq!((token.last(), token.gaps().collect::<Vec<_>>()), (6, vec![3]));
        token.forget_old_gaps(SimTime(5) + (GAP_TIMEOUT_US - 1));
        assert_eq!(token.gaps().count(), 1);
        token.forget_old_gaps(SimTime(5) + GAP_TIMEOUT_US);
        assert_eq!(token.gaps().count(), 0);
        token.advance(SimTime(9), &[1_000_000]);
        assert_eq!(token.gaps().count(), GAPS_MAX);
    }
}
