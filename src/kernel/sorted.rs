//! Ordered containers over one sorted vector: [`SortedMap`] and [`SortedSet`].
//!
//! The standard library's B-trees cost the page about 15 KB of code an instance; what a world keeps in maps is small (members,
//! partitions, accounts) or grows at its end (offsets, ids), and for both a sorted vector is no slower. Has never heard of what it holds.

mod map;
mod set;

pub use map::{Entry, Keys, Pairs, PairsMut, SortedMap, Values};
pub use set::SortedSet;

#[cfg(test)]
mod tests;
