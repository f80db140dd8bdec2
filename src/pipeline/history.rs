//! A bounded history that is cheap to clone: full chunks are shared. Says how much it has dropped. Knows nothing of what it keeps.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::kernel::Deque;

/// How many entries a chunk holds.
const CHUNK: usize = 256;

/// The newest entries of something that goes on for ever. Every entry has a number, from 0, that never changes.
#[derive(Debug, Clone)]
pub struct History<T> {
    /// Full chunks, oldest first.
    chunks: Deque<Arc<Vec<T>>>,
    /// The entries after the last full chunk; fewer than [`CHUNK`].
    tail: Vec<T>,
    /// The number of the first entry still here; a multiple of [`CHUNK`].
    first: u64,
    /// How many full chunks are kept.
    chunks_max: u32,
}

impl<T: Clone> History<T> {
    /// An empty history that keeps at least the newest `entries_min`, and at most 256 more.
    pub fn new(entries_min: u32) -> History<T> {
        History { chunks: Deque::new(), tail: Vec::new(), first: 0, chunks_max: entries_min.div_ceil(CHUNK as u32).max(1) }
    }

    /// Adds an entry and returns its number.
    pub fn push(&mut self, entry: T) -> u64 {
        let number = self.end();
        self.tail.push(entry);
        if self.tail.len() == CHUNK {
            // As it is: a slice would be a copy.
            self.chunks.push_back(Arc::new(std::mem::replace(&mut self.tail, Vec::with_capacity(CHUNK))));
            if self.chunks.len() > self.chunks_max as usize {
                self.chunks.pop_front();
                self.first += CHUNK as u64;
            }
        }
        number
    }

    /// The number of the oldest entry still here, which is also how many were dropped.
    pub fn start(&self) -> u64 {
        self.first
    }

    /// The number that the next entry will get.
    pub fn end(&self) -> u64 {
        self.first + (self.chunks.len() * CHUNK + self.tail.len()) as u64
    }

    /// The entry with this number, if it is still here.
    pub fn get(&self, number: u64) -> Option<&T> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        match self.chunks.get(index / CHUNK) {
            Some(chunk) => chunk.get(index % CHUNK),
            None => self.tail.get(index - self.chunks.len() * CHUNK),
        }
    }

    /// The newest entry.
    pub fn last(&self) -> Option<&T> {
        self.end().checked_sub(1).and_then(|number| self.get(number))
    }

    /// The newest entry, to be changed; `None` if it has just been sealed or there is none.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.tail.last_mut()
    }

    /// The entries from `number` on, oldest first; from the oldest if that one is gone.
    pub fn iter_from(&self, number: u64) -> impl Iterator<Item = &T> {
        let index = number.saturating_sub(self.first) as usize;
        let (chunk, within) = (index / CHUNK, index % CHUNK);
        let skip = chunk.min(self.chunks.len());
        let within = if chunk >= self.chunks.len() { index - self.chunks.len() * CHUNK } else { within };
        self.chunks.iter().skip(skip).map(|c| &c[..]).chain(std::iter::once(&self.tail[..])).flatten().skip(within)
    }

    /// All entries still here, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.iter_from(self.first)
    }
}

impl<T: Clone> Hash for History<T> {
    /// Counts only: what is remembered follows from the states that were passed.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.first, self.end()).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_and_says_what_it_dropped() {
        let mut history = History::new(512);
        for n in 0..2_000u64 {
            assert_eq!(history.push(n), n);
        }
        assert_eq!(history.end(), 2_000);
        assert!(history.end() - history.start() >= 512 && history.end() - history.start() < 512 + 256);
        for n in history.start()..history.end() {
            assert_eq!(history.get(n), Some(&n));
            assert!(history.iter_from(n).copied().eq(n..2_000), "from {n}");
        }
        assert_eq!(history.get(history.start() - 1), None);
        assert_eq!(history.get(2_000), None);
        assert!(history.iter_from(0).copied().eq(history.start()..2_000));
        assert_eq!(history.iter_from(2_000).next(), None);
    }

    #[test]
    fn a_clone_goes_its_own_way() {
        let mut one = History::new(256);
        for n in 0..300u64 {
            one.push(n);
        }
        let mut two = one.clone();
        two.push(7);
        assert_eq!((one.end(), two.end()), (300, 301));
        assert_eq!(one.last(), Some(&299));
    }
}
