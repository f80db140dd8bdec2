//! A set of dense ids: which events were applied, which commands executed. Has never heard of what the ids stand for.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// How many ranges are sealed and shared together.
const CHUNK: usize = 256;

/// A set of dense ids, kept as ranges: cheap to clone however long a run gets, for old ranges are shared between clones.
#[derive(Debug, Clone, Default)]
pub struct IdSet {
    /// The oldest ranges, [`CHUNK`] in each.
    sealed: Vec<Arc<[(u32, u32)]>>,
    /// The ranges after. All of them: half-open, ascending, never touching.
    open: Vec<(u32, u32)>,
}

impl IdSet {
    /// Adds an id; false if it was in already.
    pub fn insert(&mut self, id: u32) -> bool {
        // Ids come nearly in order.
        if let Some(last) = self.open.last_mut().filter(|r| r.1 == id) {
            last.1 += 1;
            return true;
        }
        if self.contains(id) {
            return false;
        }
        self.unseal_from(id);
        let at = self.open.partition_point(|r| r.1 < id);
        match self.open.get_mut(at) {
            Some(r) if r.1 == id => {
                r.1 += 1;
                let end = r.1;
                if self.open.get(at + 1).is_some_and(|next| next.0 == end) {
                    self.open[at].1 = self.open[at + 1].1;
                    self.open.remove(at + 1);
                }
            }
            Some(r) if r.0 == id + 1 => r.0 = id,
            _ => self.open.insert(at, (id, id + 1)),
        }
        self.seal();
        true
    }

    /// Takes an id out; false if it was not in.
    pub fn remove(&mut self, id: u32) -> bool {
        if !self.contains(id) {
            return false;
        }
        self.unseal_from(id);
        let at = self.open.partition_point(|r| r.1 <= id);
        let (start, end) = self.open.remove(at);
        if id + 1 < end {
            self.open.insert(at, (id + 1, end));
        }
        if start < id {
            self.open.insert(at, (start, id));
        }
        self.seal();
        true
    }

    /// Whether the id is in.
    pub fn contains(&self, id: u32) -> bool {
        let chunk = self.sealed.partition_point(|chunk| chunk.last().is_some_and(|r| r.1 <= id));
        let ranges = self.sealed.get(chunk).map_or(&self.open[..], |chunk| chunk);
        ranges.get(ranges.partition_point(|r| r.1 <= id)).is_some_and(|r| r.0 <= id)
    }

    /// How many ids are in.
    pub fn count(&self) -> u64 {
        self.ranges().map(|r| u64::from(r.1 - r.0)).sum()
    }

    fn ranges(&self) -> impl Iterator<Item = &(u32, u32)> {
        self.sealed.iter().flat_map(|chunk| chunk.iter()).chain(&self.open)
    }

    /// Opens what is sealed from the range on that `id` lies in or touches. Seldom: an id that comes so late was missing for
    /// hundreds of ranges.
    fn unseal_from(&mut self, id: u32) {
        let first = self.sealed.partition_point(|chunk| chunk.last().is_some_and(|r| r.1 < id));
        if first < self.sealed.len() {
            let late = self.sealed.split_off(first);
            self.open = late.iter().flat_map(|chunk| chunk.iter()).chain(&self.open).copied().collect();
        }
    }

    /// Seals the oldest of the open ranges, and leaves open those at which ids still come.
    fn seal(&mut self) {
        while self.open.len() >= 2 * CHUNK {
            let newer = self.open.split_off(CHUNK);
            self.sealed.push(std::mem::replace(&mut self.open, newer).into());
        }
    }
}

impl PartialEq for IdSet {
    /// By what is in, and not by what of it is sealed.
    fn eq(&self, other: &Self) -> bool {
        self.ranges().eq(other.ranges())
    }
}

impl Eq for IdSet {}

impl Hash for IdSet {
    /// As a list of ranges, and not by what of it is sealed.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.sealed.len() * CHUNK + self.open.len()).hash(state);
        self.ranges().for_each(|range| range.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kernel::{Prng, digest_of};

    fn ranges(set: &IdSet) -> Vec<(u32, u32)> {
        set.ranges().copied().collect()
    }

    #[test]
    fn it_merges_its_ranges() {
        let mut set = IdSet::default();
        for id in [5, 3, 4, 9, 7, 8, 1] {
            assert!(set.insert(id), "{id} is new");
            assert!(!set.insert(id), "{id} is in");
        }
        assert_eq!(ranges(&set), [(1, 2), (3, 6), (7, 10)]);
        assert_eq!(set.count(), 7);
        assert!(set.remove(4) && !set.remove(4));
        assert_eq!(ranges(&set), [(1, 2), (3, 4), (5, 6), (7, 10)]);
        assert!(set.insert(4));
        assert!(set.contains(1) && set.contains(5) && !set.contains(2) && !set.contains(6) && !set.contains(10));
    }

    #[test]
    fn it_is_a_set_whatever_is_sealed() {
        for seed in 0..4 {
            let (mut set, mut plain, mut prng) = (IdSet::default(), BTreeSet::new(), Prng::new(seed));
            // Mostly onward with holes, now and then far back or out again.
            for n in 0..6_000u32 {
                let id = if prng.chance(1, 50) { prng.below(u64::from(n) * 2 + 1) as u32 } else { n * 2 + u32::from(prng.chance(1, 3)) };
                if prng.chance(1, 40) {
                    assert_eq!(set.remove(id), plain.remove(&id), "out {id}");
                } else {
                    assert_eq!(set.insert(id), plain.insert(id), "in {id}");
                }
            }
            assert!(!set.sealed.is_empty() && set.open.len() < 2 * CHUNK);
            assert!((0..12_100).all(|id| set.contains(id) == plain.contains(&id)));
            assert_eq!(set.count(), plain.len() as u64);
            let all = ranges(&set);
            assert!(all.windows(2).all(|two| two[0].1 < two[1].0) && all.iter().all(|r| r.0 < r.1), "{all:?}");
        }
    }

    #[test]
    fn sets_of_the_same_ids_are_the_same_in_whatever_order_they_came() {
        let (mut upward, mut downward) = (IdSet::default(), IdSet::default());
        (0..2_000).for_each(|n| assert!(upward.insert(n * 3)));
        (0..2_000).rev().for_each(|n| assert!(downward.insert(n * 3)));
        assert!(upward == downward && digest_of(&upward) == digest_of(&downward));
        assert_eq!(digest_of(&upward), digest_of(&ranges(&upward)), "as a plain list");
    }

    #[test]
    fn old_ranges_are_shared_between_clones() {
        let mut set = IdSet::default();
        (0..5_000).for_each(|n| assert!(set.insert(n * 2)));
        let clone = set.clone();
        assert!(set.sealed.len() >= 18 && set.sealed.iter().zip(&clone.sealed).all(|(one, other)| Arc::ptr_eq(one, other)));
    }
}
