//! A set that is a sorted vector.
//!
//! Has never heard of what it holds.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
};

use super::{FOUND, take};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set in the order of its values; everything that a slice can be asked, it can be asked too.
/// Finding is O(log n); inserting and removing are O(n), but O(1) at the end.
///
/// Hashes and serialises as the standard library's `BTreeSet` does.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct SortedSet<T>(Vec<T>);

impl<T: Clone> Clone for SortedSet<T> {
    // A function of its own, so that those of like values share it: a world has a hundred of them.
    #[inline(never)]
    fn clone(&self) -> Self {
        SortedSet(self.0.clone())
    }
}

impl<T> Default for SortedSet<T> {
    fn default() -> Self {
        SortedSet(Vec::new())
    }
}

impl<T: Hash> Hash for SortedSet<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Value by value: a slice of integers would be hashed as its bytes, which differ with the width of a pointer.
        state.write_usize(self.0.len());
        self.0.iter().for_each(|value| value.hash(state));
    }
}

impl<T> Deref for SortedSet<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> SortedSet<T> {
    /// An empty set.
    pub const fn new() -> Self {
        SortedSet(Vec::new())
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Keeps the values of which `keep` says yes, asked in order.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// Takes out the smallest value. O(n).
    pub fn pop_first(&mut self) -> Option<T> {
        (!self.0.is_empty()).then(|| take(&mut self.0, 0))
    }

    /// Takes out the greatest value.
    pub fn pop_last(&mut self) -> Option<T> {
        self.0.pop()
    }
}

impl<T: Ord> SortedSet<T> {
    /// Where the value is, or where it would be.
    #[inline(always)]
    fn find<Q: Ord + ?Sized>(&self, value: &Q) -> Result<usize, usize>
    where
        T: Borrow<Q>,
    {
        let place = self.place(value);
        let at = (place & !FOUND) as usize;
        if place & FOUND == 0 { Err(at) } else { Ok(at) }
    }

    /// The same as one number: a result would come back through memory in a browser.
    fn place<Q: Ord + ?Sized>(&self, value: &Q) -> u64
    where
        T: Borrow<Q>,
    {
        let (mut low, mut high) = (0, self.0.len());
        // What grows, grows at its end: the last is looked at first.
        let mut at = high.saturating_sub(1);
        while low < high {
            match self.0[at].borrow().cmp(value) {
                Ordering::Less => low = at + 1,
                Ordering::Equal => return at as u64 | FOUND,
                Ordering::Greater => high = at,
            }
            at = (low + high) / 2;
        }
        low as u64
    }

    /// Whether the value is there.
    pub fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.find(value).is_ok()
    }

    /// Adds a value; whether it was not there.
    pub fn insert(&mut self, value: T) -> bool {
        match self.find(&value) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, value);
                true
            }
        }
    }

    /// Removes a value; whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        match self.find(value) {
            Ok(at) => {
                take(&mut self.0, at);
                true
            }
            Err(_) => false,
        }
    }

    /// The values that the other set lacks, in order.
    pub fn difference<'a>(&'a self, other: &'a SortedSet<T>) -> impl Iterator<Item = &'a T> {
        self.0.iter().filter(|value| !other.contains(*value))
    }

    /// The values that both sets have, in order.
    pub fn intersection<'a>(&'a self, other: &'a SortedSet<T>) -> impl Iterator<Item = &'a T> {
        self.0.iter().filter(|value| other.contains(*value))
    }

    /// Whether the other set has all of these values.
    pub fn is_subset(&self, other: &SortedSet<T>) -> bool {
        self.0.iter().all(|value| other.contains(value))
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        for value in values {
            self.insert(value);
        }
    }
}

impl<'a, T: Ord + Copy + 'a> Extend<&'a T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = &'a T>>(&mut self, values: I) {
        for value in values {
            self.insert(*value);
        }
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut set = SortedSet::new();
        set.extend(values);
        set
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for SortedSet<T> {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T> IntoIterator for SortedSet<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a SortedSet<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for SortedSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

impl<T: Serialize> Serialize for SortedSet<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de> + Ord> Deserialize<'de> for SortedSet<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<T>::deserialize(deserializer)?.into_iter().collect())
    }
}
