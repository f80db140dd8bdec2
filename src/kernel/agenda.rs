//! The agenda: what will happen, ordered by time and, at one instant, by the order of scheduling. Knows nothing of what the entries mean.
//!
//! A radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990) to the base 16: time never goes back, so an entry lies in the bucket of
//! the highest digit in which its time differs from that of the last entry taken, and of that digit's value. Entries of one
//! time always lie in one bucket, in the order in which they were pushed, and moving a bucket's entries on keeps that order:
//! the tie-break is stable without a number on each entry. Buckets are lists through one table, so that an entry stays where
//! it is until it is taken.

use std::hash::{Hash, Hasher};

use super::SimTime;

/// Bits of a digit.
const DIGIT_BITS: u32 = 4;
/// Values of a digit.
const VALUES: usize = 1 << DIGIT_BITS;
/// Digits of a time.
const DIGITS: usize = (u64::BITS / DIGIT_BITS) as usize;
/// No entry.
const NONE: u32 = u32::MAX;

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
    /// Every entry at its place; places that are free form a list as well.
    entries: Vec<Entry<T>>,
    free: u32,
    /// What is due at `last`, in order.
    due: List,
    /// By digit and value; the digit's value is always greater than that of `last`.
    later: Vec<List>,
    /// By digit: bit `v` is set if the bucket of value `v` holds something.
    occupied: [u16; DIGITS],
    /// Bit `d` is set if a bucket of digit `d` holds something.
    digits: u16,
    /// The time of the last entry taken; nothing earlier may be pushed.
    last: SimTime,
    len: u32,
    pushed_count: u64,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    at: SimTime,
    next: u32,
    what: Option<T>,
}

/// Entries one after the other.
#[derive(Debug, Clone, Copy)]
struct List {
    first: u32,
    last: u32,
    earliest: SimTime,
}

impl List {
    const EMPTY: List = List { first: NONE, last: NONE, earliest: SimTime::NEVER };
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Agenda {
            entries: Vec::new(),
            free: NONE,
            due: List::EMPTY,
            later: vec![List::EMPTY; DIGITS * VALUES],
            occupied: [0; DIGITS],
            digits: 0,
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
        let what = Some(what);
        let place = match self.entries.get_mut(self.free as usize) {
            Some(entry) => {
                let place = self.free;
                self.free = entry.next;
                (entry.at, entry.next) = (at, NONE);
                entry.what = what;
                place
            }
            None => {
                self.entries.push(Entry { at, next: NONE, what });
                self.entries.len() as u32 - 1
            }
        };
        self.hang(place, at);
    }

    /// Hangs an entry behind those of its bucket.
    #[inline]
    fn hang(&mut self, place: u32, at: SimTime) {
        let differing = at.0 ^ self.last.0;
        let list = if differing == 0 {
            &mut self.due
        } else {
            let digit = differing.ilog2() / DIGIT_BITS;
            let value = (at.0 >> (digit * DIGIT_BITS)) as usize % VALUES;
            self.occupied[digit as usize] |= 1 << value;
            self.digits |= 1 << digit;
            &mut self.later[digit as usize * VALUES + value]
        };
        let behind = std::mem::replace(&mut list.last, place);
        list.earliest = list.earliest.min(at);
        if behind == NONE {
            list.first = place;
        } else {
            self.entries[behind as usize].next = place;
        }
    }

    /// Takes the next entry.
    pub fn pop(&mut self) -> Option<(SimTime, T)> {
        if self.due.first == NONE {
            self.advance();
        }
        let place = self.due.first;
        let entry = self.entries.get_mut(place as usize)?;
        self.due.first = std::mem::replace(&mut entry.next, self.free);
        let what = entry.what.take();
        self.free = place;
        if self.due.first == NONE {
            self.due = List::EMPTY;
        }
        self.len -= 1;
        what.map(|what| (self.last, what))
    }

    /// The bucket of the earliest entry: its digit, the value, and its place in `later`.
    fn nearest(&self) -> Option<(usize, u32, usize)> {
        if self.digits == 0 {
            return None;
        }
        let digit = self.digits.trailing_zeros() as usize;
        let value = self.occupied[digit].trailing_zeros();
        Some((digit, value, digit * VALUES + value as usize))
    }

    /// Moves `last` on to the earliest entry and the entries of its bucket to lower ones.
    fn advance(&mut self) {
        let Some((digit, value, bucket)) = self.nearest() else { return };
        self.occupied[digit] &= !(1 << value);
        if self.occupied[digit] == 0 {
            self.digits &= !(1 << digit);
        }
        let list = std::mem::replace(&mut self.later[bucket], List::EMPTY);
        self.last = list.earliest;
        if digit == 0 {
            // All of them are due at one instant.
            self.due = list;
            return;
        }
        let mut place = list.first;
        while place != NONE {
            let entry = &mut self.entries[place as usize];
            let (at, next) = (entry.at, std::mem::replace(&mut entry.next, NONE));
            self.hang(place, at);
            place = next;
        }
    }

    /// When the next entry is due.
    pub fn next_at(&self) -> Option<SimTime> {
        if self.due.first != NONE {
            return Some(self.last);
        }
        self.nearest().map(|(_, _, bucket)| self.later[bucket].earliest)
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

    /// The entries in an unspecified order, but those of one instant in theirs; for searching only.
    pub fn iter_unsorted(&self) -> impl Iterator<Item = (SimTime, &T)> {
        let listed = |list: &List| std::iter::successors(self.entries.get(list.first as usize), |e| self.entries.get(e.next as usize));
        std::iter::once(&self.due).chain(&self.later).flat_map(listed).filter_map(|e| Some((e.at, e.what.as_ref()?)))
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
