//! The agenda: what will happen, ordered by time and, at one instant, by the order of scheduling. Knows nothing of what the entries mean.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::SimTime;

/// A priority queue with a stable tie-break: entries of one instant leave in the order in which they were pushed.
///
/// The counter behind the tie-break is part of the state (and so of every digest and every clone).
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
    heap: BinaryHeap<Entry<T>>,
    seq: u64,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    at: SimTime,
    seq: u64,
    what: T,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Agenda { heap: BinaryHeap::new(), seq: 0 }
    }
}

impl<T> Agenda<T> {
    /// Schedules `what` at `at`.
    pub fn push(&mut self, at: SimTime, what: T) {
        self.seq += 1;
        self.heap.push(Entry { at, seq: self.seq, what });
    }

    /// Takes the next entry.
    pub fn pop(&mut self) -> Option<(SimTime, T)> {
        self.heap.pop().map(|e| (e.at, e.what))
    }

    /// When the next entry is due.
    pub fn next_at(&self) -> Option<SimTime> {
        self.heap.peek().map(|e| e.at)
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// How many entries were ever pushed.
    pub fn pushed_count(&self) -> u64 {
        self.seq
    }

    /// The entries in an unspecified order, for searching only.
    pub fn iter_unsorted(&self) -> impl Iterator<Item = (SimTime, &T)> {
        self.heap.iter().map(|e| (e.at, &e.what))
    }
}

impl<T: std::hash::Hash> std::hash::Hash for Agenda<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let mut order: Vec<&Entry<T>> = self.heap.iter().collect();
        order.sort_by_key(|e| (e.at, e.seq));
        self.seq.hash(state);
        for entry in order {
            (entry.at, entry.seq).hash(state);
            entry.what.hash(state);
        }
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    /// Reversed, because the standard heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.seq).cmp(&(self.at, self.seq))
    }
}
