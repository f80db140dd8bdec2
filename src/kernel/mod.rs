//! The clockwork under everything: virtual time, the agenda, the seeded generator with its named streams, latencies, digests.
//!
//! Has never heard of Kafka, CQRS, banks or browsers.

mod agenda;
mod deque;
mod digest;
mod latency;
mod order;
mod prng;
mod scratch;
mod sorted;
mod time;

pub use agenda::Agenda;
pub use deque::Deque;
pub use digest::{Digest, digest_of};
pub use latency::{LATENCY_US_MAX, Latency};
pub use order::{sort, sort_by, sort_by_key};
pub use prng::Prng;
pub use scratch::Scratch;
pub use sorted::{Entry, Keys, Pairs, PairsMut, SortedMap, SortedSet, Values};
pub use time::SimTime;

/// Declares a typed id: a `u32` that cannot be mixed up with another kind of id.
#[macro_export]
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The id as an index into a vector.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
