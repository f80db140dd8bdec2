//! The agenda: what will happen, ordered by time and, at one instant, by the order of scheduling. Knows nothing of what the entries mean.
//!
//! A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990): time never goes back, so an entry lies in the bucket of the highest
//! bit in which its time differs from that of the last entry taken. Entries of one time always lie in one bucket, in the
//! order in which they were pushed, and moving a bucket's entries on keeps that order: the tie-break is stable without a
//! number on each entry.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use super::SimTime;

/// One bucket for equality, one for each bit of a time.
const BUCKET_COUNT: usize = 65;

/// A priority queue with a stable tie-break: entries of one instant leave in the order in which they were pushed.
///
/// The order within an instant is part of the state (and so of every digest and every clone).
///
/// ```
/// use cqrs_lab::kernel::{Agenda, SimTime};
/// let mut agenda = Agenda::default();
/// agenda.push(SimTime(5), 'b');
/// agenda.push(SimTime(5), 'c');
/// agenda.push(SimTime(1), 'a');
/// assert_eq!(std::iter::from_fn(|| agenda.pop()).map(|(_, x)| x).collect::<String>(), "abc");
/// ```
#[derive(Debug, Clone)]
pub struct Agenda<T> {
    /// Entries due at `last`, in order.
    due: VecDeque<T>,
    /// Bucket `b` holds the entries whose time differs from `last` in bit `b` and in no higher one.
    later: Vec<Bucket<T>>,
    /// Bit `b` is set if bucket `b` holds something.
    occupied: u64,
    /// The time of the last entry taken; nothing earlier may be pushed.
    last: SimTime,
    len: u32,
    pushed_count: u64,
}

#[derive(Debug, Clone)]
struct Bucket<T> {
    earliest: SimTime,
    entries: Vec<(SimTime, T)>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        let bucket = || Bucket { earliest: SimTime::NEVER, entries: Vec::new() };
        Agenda {
            due: VecDeque::new(),
            later: std::iter::repeat_with(bucket).take(BUCKET_COUNT - 1).collect(),
            occupied: 0,
            last: SimTime::ZERO,
            len: 0,
            pushed_count: 0,
        }
    }
}

impl<T> Agenda<T> {
    /// Schedules `what` at `at`.
    ///
    /// # Panics
    /// If `at` is earlier than the last entry taken: time does not go back.
    pub fn push(&mut self, at: SimTime, what: T) {
        assert!(at >= self.last, "scheduled for {at}, but it is already {}: time does not go back", self.last);
        self.pushed_count += 1;
        self.len += 1;
        self.place(at, what);
    }

    fn place(&mut self, at: SimTime, what: T) {
        let differing = at.0 ^ self.last.0;
        if differing == 0 {
            self.due.push_back(what);
            return;
        }
        let bit = differing.ilog2();
        let bucket = &mut self.later[bit as usize];
        bucket.earliest = bucket.earliest.min(at);
        bucket.entries.push((at, what));
        self.occupied |= 1 << bit;
    }

    /// Takes the next entry.
    pub fn pop(&mut self) -> Option<(SimTime, T)> {
        if self.due.is_empty() {
            self.advance();
        }
        let what = self.due.pop_front()?;
        self.len -= 1;
        Some((self.last, what))
    }

    /// Moves `last` on to the earliest entry and the entries of its bucket to lower ones.
    fn advance(&mut self) {
        if self.occupied == 0 {
            return;
        }
        let bit = self.occupied.trailing_zeros();
        self.occupied &= !(1 << bit);
        let bucket = &mut self.later[bit as usize];
        self.last = std::mem::replace(&mut bucket.earliest, SimTime::NEVER);
        let mut entries = std::mem::take(&mut bucket.entries);
        for (at, what) in entries.drain(..) {
            self.place(at, what);
        }
        // The emptied vector goes back, so that a bucket allocates once.
        self.later[bit as usize].entries = entries;
    }

    /// When the next entry is due.
    pub fn next_at(&self) -> Option<SimTime> {
        if !self.due.is_empty() {
            return Some(self.last);
        }
        (self.occupied != 0).then(|| self.later[self.occupied.trailing_zeros() as usize].earliest)
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many entries were ever pushed.
    pub fn pushed_count(&self) -> u64 {
        self.pushed_count
    }

    /// The entries in an unspecified order, for searching only.
    pub fn iter_unsorted(&self) -> impl Iterator<Item = (SimTime, &T)> {
        let later = self.later.iter().flat_map(|bucket| bucket.entries.iter().map(|(at, what)| (*at, what)));
        self.due.iter().map(|what| (self.last, what)).chain(later)
    }
}

impl<T: Hash> Hash for Agenda<T> {
    /// By the order in which the entries will leave, whatever bucket they lie in.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut order: Vec<(SimTime, &T)> = self.iter_unsorted().collect();
        order.sort_by_key(|(at, _)| *at);
        self.pushed_count.hash(state);
        order.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Prng, digest_of};

    /// The oracle: a sorted list.
    fn pops_as_sorted(seed: u64, spread: u64) {
        let mut prng = Prng::stream(seed, "agenda", 0);
        let (mut agenda, mut sorted, mut now) = (Agenda::default(), Vec::new(), SimTime::ZERO);
        for n in 0..2_000u64 {
            for _ in 0..prng.below(3) {
                let at = now + prng.below(spread);
                agenda.push(at, n);
                sorted.push((at, n));
            }
            sorted.sort_by_key(|(at, _)| *at);
            assert_eq!(agenda.next_at(), sorted.first().map(|(at, _)| *at));
            if !sorted.is_empty() {
                let expected = sorted.remove(0);
                assert_eq!(agenda.pop(), Some(expected));
                now = expected.0;
            }
            assert_eq!(agenda.len(), sorted.len());
        }
    }

    #[test]
    fn agenda_matches_naive() {
        for (seed, spread) in [(1, 1), (2, 3), (3, 40), (4, 100_000), (5, 600_000_000)] {
            pops_as_sorted(seed, spread);
        }
    }

    #[test]
    fn the_digest_sees_the_order_and_not_the_buckets() {
        let filled = |from: u64| {
            let mut agenda = Agenda::default();
            agenda.push(SimTime(from), 0);
            agenda.push(SimTime(9), 1);
            agenda.push(SimTime(12), 2);
            agenda.pop();
            agenda
        };
        // The same entries, reached from different times: other buckets, the same order.
        assert_eq!(digest_of(&filled(1)), digest_of(&filled(8)));
        let mut other = filled(1);
        other.push(SimTime(12), 3);
        assert_ne!(digest_of(&filled(1)), digest_of(&other));
    }

    #[test]
    #[should_panic(expected = "time does not go back")]
    fn time_does_not_go_back() {
        let mut agenda = Agenda::default();
        agenda.push(SimTime(5), ());
        agenda.pop();
        agenda.push(SimTime(4), ());
    }
}
