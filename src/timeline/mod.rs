//! Time travel. A run is a function of what it starts from and of what was done to it; everything else here is a cache.
//!
//! A [`Timeline`] holds a world, the inputs that were given to it, and keyframes (clones of the world at some steps).
//! It can go to any instant, one step forward or back, and on from the past, which drops the future.
//! Has never heard of a viewer, of frames or of wall clocks: how its time is cut into calls changes nothing.
//!
//! It knows worlds only as a [`Machine`], so that its laws are tested on a small one and hold for the big one.

mod evidence;
mod history;
mod keyframes;
mod machine;
#[cfg(test)]
mod tests;
mod travel;
mod watched;
mod world;

pub use evidence::{Evidence, Verdict};
pub use history::{BINS_MAX, FLAGS_MAX, History};
pub use keyframes::KEYFRAMES_MAX;
pub use machine::Machine;
pub use travel::{Cursor, Timeline};
