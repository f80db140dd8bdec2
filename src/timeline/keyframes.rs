//! Clones of the world at some steps, so that going back need not begin at the beginning. A cache: dropping any of them changes nothing.

use super::{Cursor, Machine};
use crate::kernel::SimTime;

/// The most keyframes that are kept; above it every other one is dropped and the distance doubled.
pub const KEYFRAMES_MAX: usize = 128;

/// The distance at the beginning, in steps.
const STEPS_BETWEEN_MIN: u64 = 256;

/// The keyframes, ascending by step; the first is the world before its first step and is never dropped.
#[derive(Debug, Clone)]
pub(super) struct Keyframes<M> {
    frames: Vec<(Cursor, M)>,
    steps_between: u64,
}

impl<M: Machine> Keyframes<M> {
    /// Holds the world before its first step.
    pub(super) fn new(origin: M) -> Self {
        Keyframes { frames: vec![(Cursor::default(), origin)], steps_between: STEPS_BETWEEN_MIN }
    }

    /// The world before its first step.
    pub(super) fn origin(&self) -> &M {
        &self.frames[0].1
    }

    /// Keeps a clone of `world` if it has come far enough from the last one.
    pub(super) fn offer(&mut self, cursor: Cursor, world: &M) {
        if cursor.steps < self.last().steps + self.steps_between {
            return;
        }
        self.frames.push((cursor, world.clone()));
        if self.frames.len() > KEYFRAMES_MAX {
            let mut index = 0;
            self.frames.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.steps_between *= 2;
        }
    }

    /// The latest keyframe whose last step is at or before `at`.
    pub(super) fn before_time(&self, at: SimTime) -> &(Cursor, M) {
        let end = self.frames.partition_point(|(cursor, _)| cursor.last_at <= at);
        &self.frames[end.max(1) - 1]
    }

    /// The latest keyframe with at most `steps` steps.
    pub(super) fn before_step(&self, steps: u64) -> &(Cursor, M) {
        let end = self.frames.partition_point(|(cursor, _)| cursor.steps <= steps);
        &self.frames[end.max(1) - 1]
    }

    /// Drops what lies beyond `steps` steps.
    pub(super) fn truncate(&mut self, steps: u64) {
        self.frames.retain(|(cursor, _)| cursor.steps <= steps);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    fn last(&self) -> Cursor {
        self.frames.last().expect("the origin is never dropped").0
    }
}
