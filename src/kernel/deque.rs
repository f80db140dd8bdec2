//! The standard library's double-ended queue, with a clone that is small code.
//!
//! A world has some thirty queues, each of another type, and is cloned for every keyframe. The library's clone writes its values one
//! by one over the seam of the new ring, more than a kilobyte of code for each type; here they go into a vector, which becomes the ring.
//! Has never heard of what it holds.

use std::collections::{VecDeque, vec_deque};
use std::ops::{Deref, DerefMut};

/// A double-ended queue; everything that a [`VecDeque`] can be asked, it can be asked too.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Deque<T>(VecDeque<T>);

impl<T> Deque<T> {
    /// An empty queue.
    pub const fn new() -> Self {
        Deque(VecDeque::new())
    }

    /// An empty queue with room for so many.
    pub fn with_capacity(count: usize) -> Self {
        Deque(VecDeque::with_capacity(count))
    }
}

impl<T: Clone> Clone for Deque<T> {
    // A function of its own, so that queues of like values share it.
    #[inline(never)]
    fn clone(&self) -> Self {
        let mut values = Vec::with_capacity(self.len());
        for value in &self.0 {
            values.push(value.clone());
        }
        Deque(values.into())
    }
}

impl<T> Default for Deque<T> {
    fn default() -> Self {
        Deque::new()
    }
}

impl<T> Deref for Deque<T> {
    type Target = VecDeque<T>;

    fn deref(&self) -> &VecDeque<T> {
        &self.0
    }
}

impl<T> DerefMut for Deque<T> {
    fn deref_mut(&mut self) -> &mut VecDeque<T> {
        &mut self.0
    }
}

impl<T> From<Vec<T>> for Deque<T> {
    fn from(values: Vec<T>) -> Self {
        Deque(values.into())
    }
}

impl<T> FromIterator<T> for Deque<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Deque(values.into_iter().collect())
    }
}

impl<T> Extend<T> for Deque<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        self.0.extend(values);
    }
}

impl<T> IntoIterator for Deque<T> {
    type Item = T;
    type IntoIter = vec_deque::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Deque<T> {
    type Item = &'a T;
    type IntoIter = vec_deque::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Deque<T> {
    type Item = &'a mut T;
    type IntoIter = vec_deque::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::Deque;
    use crate::kernel::digest_of;

    #[test]
    fn a_clone_has_the_same_values_in_the_same_order_wherever_the_seam_was() {
        for turned in 0..9 {
            let mut queue: Deque<String> = (0..8).map(|n| n.to_string()).collect();
            for _ in 0..turned {
                let front = queue.pop_front().expect("there are eight");
                queue.push_back(front);
            }
            let copy = queue.clone();
            assert_eq!(copy, queue, "turned by {turned}");
            assert!(copy.iter().eq(queue.iter()), "turned by {turned}");
        }
    }

    #[test]
    fn it_counts_in_a_digest_as_the_library_s_does() {
        let values = [3u64, 1, 4];
        assert_eq!(digest_of(&Deque::from(values.to_vec())), digest_of(&VecDeque::from(values)));
    }
}
