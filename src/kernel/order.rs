//! Stable sorting of short lists by an algorithm small enough to be made anew for each of them.
//!
//! The standard library's stable sort is faster on long lists, but costs the page about 5 KB for each type that is sorted; this
//! one costs a tenth of that. Has never heard of what it sorts.

use std::cmp::Ordering;

/// Sorts stably. O(n log n) comparisons; a sorted list costs n - 1.
pub fn sort_by<T>(items: &mut [T], mut compare: impl FnMut(&T, &T) -> Ordering) {
    if items.is_sorted_by(|a, b| compare(a, b) != Ordering::Greater) {
        return;
    }
    let mut order = merged(items.len(), |a, b| compare(&items[a], &items[b]) != Ordering::Greater);
    for start in 0..items.len() {
        let mut at = start;
        // Follows a cycle of the permutation; a place that is done points at itself.
        loop {
            let from = std::mem::replace(&mut order[at], at);
            if from == start {
                break;
            }
            items.swap(at, from);
            at = from;
        }
    }
}

/// Sorts stably by a key, which is made anew at each comparison.
pub fn sort_by_key<T, K: Ord>(items: &mut [T], mut key: impl FnMut(&T) -> K) {
    sort_by(items, |a, b| key(a).cmp(&key(b)));
}

/// Sorts by the values' own order.
pub fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// Which item goes to each place: a merge sort from the bottom up.
fn merged(count: usize, mut in_order: impl FnMut(usize, usize) -> bool) -> Vec<usize> {
    let mut from: Vec<usize> = (0..count).collect();
    let mut to = from.clone();
    let mut width = 1;
    while width < count {
        for start in (0..count).step_by(2 * width) {
            let (middle, end) = ((start + width).min(count), (start + 2 * width).min(count));
            let (mut left, mut right) = (start, middle);
            for place in &mut to[start..end] {
                let take_left = left < middle && (right == end || in_order(from[left], from[right]));
                let next = if take_left { &mut left } else { &mut right };
                *place = from[*next];
                *next += 1;
            }
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    from
}

#[cfg(test)]
mod tests {
    use crate::kernel::{Prng, sort, sort_by_key};

    #[test]
    fn does_what_the_standard_library_does() {
        let mut prng = Prng::stream(3, "order", 0);
        for count in 0..200u64 {
            let items: Vec<(u64, u64)> = (0..count).map(|n| (prng.below(1 + count / 3), n)).collect();
            let (mut ours, mut theirs) = (items.clone(), items);
            sort_by_key(&mut ours, |(key, _)| *key);
            theirs.sort_by_key(|(key, _)| *key);
            assert_eq!(ours, theirs, "it is stable");
            sort(&mut ours);
            theirs.sort();
            assert_eq!(ours, theirs);
        }
    }
}
