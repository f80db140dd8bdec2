//! Ordered containers over one sorted vector: [`SortedMap`] and [`SortedSet`].
//!
//! The standard library's B-trees cost the page about 15 KB of code an instance; what a world keeps in maps is small (members,
//! partitions, accounts) or grows at its end (offsets, ids), and for both a sorted vector is no slower. Has never heard of what it holds.

mod map;
mod set;

pub use map::{Entry, Keys, Pairs, PairsMut, SortedMap, Values};
pub use set::SortedSet;

/// Set in a place at which something was found.
const FOUND: u64 = 1 << 63;

/// Removes what lies at a place. Often it is the last: then nothing moves up, and moving nothing is a call, too.
fn take<T>(items: &mut Vec<T>, at: usize) -> T {
    if at + 1 == items.len() { items.pop().expect("it has a last") } else { items.remove(at) }
}

#[cfg(test)]
mod tests;
