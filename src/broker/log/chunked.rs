//! A growing list that is cheap to clone: full chunks are shared, only the tail is copied. Knows nothing of records.

use std::sync::Arc;

/// How many items a sealed chunk holds.
const CHUNK: usize = 64;

/// A list whose clone shares everything but the last, unfinished chunk (at most 63 items).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chunked<T> {
    sealed: Vec<Arc<Vec<T>>>,
    tail: Vec<T>,
}

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Chunked { sealed: Vec::new(), tail: Vec::new() }
    }
}

impl<T: Clone> Chunked<T> {
    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.tail.push(item);
        if self.tail.len() == CHUNK {
            self.sealed.push(Arc::new(std::mem::take(&mut self.tail)));
        }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.sealed.len() * CHUNK + self.tail.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sealed.is_empty() && self.tail.is_empty()
    }

    /// The item at `index`.
    pub fn get(&self, index: usize) -> Option<&T> {
        match self.sealed.get(index / CHUNK) {
            Some(chunk) => chunk.get(index % CHUNK),
            None => self.tail.get(index - self.sealed.len() * CHUNK),
        }
    }

    /// The last item.
    pub fn last(&self) -> Option<&T> {
        self.tail.last().or_else(|| self.sealed.last().and_then(|chunk| chunk.last()))
    }

    /// The items from `index` on, in order.
    pub fn iter_from(&self, index: usize) -> impl Iterator<Item = &T> {
        let first = index / CHUNK;
        let sealed = self.sealed.get(first..).unwrap_or_default();
        let tail_skip = index.saturating_sub(self.sealed.len() * CHUNK);
        let sealed_skip = if sealed.is_empty() { 0 } else { index % CHUNK };
        sealed.iter().flat_map(|chunk| chunk.iter()).skip(sealed_skip).chain(self.tail.iter().skip(tail_skip))
    }

    /// All items, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.iter_from(0)
    }

    /// The index of the first item for which `before` is false, if all items for which it is true come first.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let chunk = self.sealed.partition_point(|chunk| chunk.last().is_some_and(&before));
        match self.sealed.get(chunk) {
            Some(items) => chunk * CHUNK + items.partition_point(before),
            None => self.sealed.len() * CHUNK + self.tail.partition_point(before),
        }
    }

    /// Keeps the first `len` items.
    pub fn truncate(&mut self, len: usize) {
        let sealed_items = self.sealed.len() * CHUNK;
        if len >= sealed_items {
            self.tail.truncate(len - sealed_items);
            return;
        }
        self.tail = self.sealed[len / CHUNK][..len % CHUNK].to_vec();
        self.sealed.truncate(len / CHUNK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(n: u32) -> Chunked<u32> {
        let mut list = Chunked::default();
        (0..n).for_each(|i| list.push(i));
        list
    }

    #[test]
    fn items_are_found_on_both_sides_of_the_seal() {
        for n in [0, 1, 63, 64, 65, 200] {
            let list = of(n);
            assert_eq!(list.len(), n as usize);
            assert_eq!(list.last().copied(), n.checked_sub(1));
            for from in [0, 1, 63, 64, 65, 128, 199, 300] {
                let expected: Vec<u32> = (from..n.max(from)).collect();
                assert_eq!(list.iter_from(from as usize).copied().collect::<Vec<_>>(), expected, "{n} from {from}");
            }
            for at in [0, 1, 63, 64, 65, 130] {
                assert_eq!(list.partition_point(|i| *i < at), at.min(n) as usize);
                assert_eq!(list.get(at as usize).copied(), (at < n).then_some(at));
            }
        }
    }

    #[test]
    fn truncation_leaves_a_list_that_can_grow_again() {
        for len in [0, 1, 63, 64, 65, 130, 199, 200] {
            let mut list = of(200);
            list.truncate(len);
            list.push(7);
            let mut expected: Vec<u32> = (0..len as u32).collect();
            expected.push(7);
            assert_eq!(list.iter().copied().collect::<Vec<_>>(), expected);
        }
    }
}
