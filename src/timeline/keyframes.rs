//! Clones of the world at some steps, so that going back need not begin at the beginning. A cache: dropping any of them changes nothing.

use std::collections::VecDeque;

use super::{Cursor, Machine};
use crate::kernel::SimTime;

/// The most keyframes that are kept.
pub const KEYFRAMES_MAX: usize = FAR_MAX + NEAR_MAX;

/// The most keyframes of the far past. Far apart they share nothing, each holds histories and a log of its own: so there are few.
const FAR_MAX: usize = 6;

/// The most of the others.
const NEAR_MAX: usize = 124;

/// The distance at the beginning, in steps.
const STEPS_BETWEEN_MIN: u64 = 256;

/// The largest distance near the present, in steps: what a seek or a step back there may have to do again.
const STEPS_BETWEEN_MAX: u64 = 8_192;

/// The keyframes, ascending by step; the first is the world before its first step and is never dropped.
///
/// They stand evenly, the wider apart the longer the run. When the distance has become [`STEPS_BETWEEN_MAX`], only the newest go on
/// standing so, and few are kept of what lies before them: memory stays flat however long the run is.
#[derive(Debug, Clone)]
pub(super) struct Keyframes<M> {
    /// Those of the far past, the first of the run among them.
    far: Vec<(Cursor, M)>,
    /// The distance between those, in steps, at least.
    far_between: u64,
    /// Those after.
    near: VecDeque<(Cursor, M)>,
    /// The distance between those, in steps, at least.
    near_between: u64,
}

impl<M: Machine> Keyframes<M> {
    /// Holds the world before its first step.
    pub(super) fn new(origin: M) -> Self {
        let far = vec![(Cursor::default(), origin)];
        Keyframes { far, far_between: STEPS_BETWEEN_MAX, near: VecDeque::new(), near_between: STEPS_BETWEEN_MIN }
    }

    /// The world before its first step.
    pub(super) fn origin(&self) -> &M {
        &self.far[0].1
    }

    /// Keeps a clone of `world` if it has come far enough from the last one.
    pub(super) fn offer(&mut self, cursor: Cursor, world: &M) {
        let last = self.near.back().or(self.far.last()).map_or(0, |(last, _)| last.steps);
        if cursor.steps < last + self.near_between {
            return;
        }
        self.near.push_back((cursor, world.clone()));
        if self.near.len() <= NEAR_MAX {
            return;
        }
        if self.near_between < STEPS_BETWEEN_MAX {
            self.near.retain(every_other(false));
            self.near_between *= 2;
        } else if let Some(oldest) = self.near.pop_front() {
            self.keep_of_the_far_past(oldest);
        }
    }

    /// Keeps it unless it stands too near the last one.
    fn keep_of_the_far_past(&mut self, frame: (Cursor, M)) {
        if self.far.last().is_some_and(|(last, _)| frame.0.steps < last.steps + self.far_between) {
            return;
        }
        self.far.push(frame);
        if self.far.len() > FAR_MAX {
            self.far.retain(every_other(true));
            self.far_between *= 2;
        }
    }

    /// The latest keyframe whose last step is at or before `at`.
    pub(super) fn before_time(&self, at: SimTime) -> &(Cursor, M) {
        self.latest(|cursor| cursor.last_at <= at)
    }

    /// The latest keyframe with at most `steps` steps.
    pub(super) fn before_step(&self, steps: u64) -> &(Cursor, M) {
        self.latest(|cursor| cursor.steps <= steps)
    }

    /// The latest keyframe that is not too late; the first if all are.
    fn latest(&self, is_early: impl Fn(&Cursor) -> bool) -> &(Cursor, M) {
        match self.near.partition_point(|(cursor, _)| is_early(cursor)) {
            0 => &self.far[self.far.partition_point(|(cursor, _)| is_early(cursor)).max(1) - 1],
            end => &self.near[end - 1],
        }
    }

    /// Drops what lies beyond `steps` steps.
    pub(super) fn truncate(&mut self, steps: u64) {
        self.near.retain(|(cursor, _)| cursor.steps <= steps);
        self.far.retain(|(cursor, _)| cursor.steps <= steps);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.far.len() + self.near.len()
    }
}

/// True for every other one that it is asked about, beginning with the first or with the second.
fn every_other<T>(with_first: bool) -> impl FnMut(&T) -> bool {
    let mut is_kept = !with_first;
    move |_| {
        is_kept = !is_kept;
        is_kept
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// A world that is its own step count.
    #[derive(Debug, Clone)]
    struct Counted(u64);

    impl Machine for Counted {
        type Input = ();
        type Refusal = Infallible;

        fn next_at(&self) -> Option<SimTime> {
            Some(SimTime(self.0))
        }

        fn step(&mut self) {
            self.0 += 1;
        }

        fn intervene(&mut self, _at: SimTime, _input: &()) -> Result<(), Infallible> {
            Ok(())
        }

        fn digest(&self) -> u64 {
            self.0
        }

        fn violation_count(&self) -> u64 {
            0
        }
    }

    fn run_to(frames: &mut Keyframes<Counted>, from: u64, steps: u64) {
        for step in from + 1..=steps {
            frames.offer(Cursor { steps: step, last_at: SimTime(step), ..Cursor::default() }, &Counted(step));
        }
    }

    fn steps_of(frames: &Keyframes<Counted>) -> Vec<u64> {
        frames.far.iter().chain(&frames.near).map(|(cursor, _)| cursor.steps).collect()
    }

    #[test]
    fn in_a_run_of_a_million_no_gap_is_wider_than_the_largest_distance() {
        let mut frames = Keyframes::new(Counted(0));
        run_to(&mut frames, 0, 1_000_000);
        let steps = steps_of(&frames);
        assert!(steps.windows(2).all(|two| two[1] - two[0] <= STEPS_BETWEEN_MAX), "{steps:?}");
        assert!(steps.len() <= KEYFRAMES_MAX);
    }

    #[test]
    fn a_long_run_has_few_keyframes_far_back_and_many_near_the_present() {
        let (mut frames, mut came) = (Keyframes::new(Counted(0)), 0);
        for until in [2_000_000, 5_000_000, 30_000_000, 100_000_000] {
            run_to(&mut frames, came, until);
            came = until;
            let steps = steps_of(&frames);
            assert!(frames.far.len() <= FAR_MAX && frames.near.len() <= NEAR_MAX, "{until}: {steps:?}");
            let (far, near) = steps.split_at(frames.far.len());
            assert_eq!(far[0], 0, "{until}");
            assert!(near.windows(2).all(|two| two[1] - two[0] <= STEPS_BETWEEN_MAX), "{until}: {steps:?}");
            assert!(near.len() as u64 * STEPS_BETWEEN_MAX >= 900_000, "{until}: {steps:?}");
            // What is seldom gone to takes a part of the run, and never most of it.
            let widest = steps.windows(2).map(|two| two[1] - two[0]).max();
            assert!(widest.is_some_and(|gap| gap <= until / 2), "{until}: {steps:?}");
        }
    }

    #[test]
    fn after_a_cut_it_goes_on_as_before() {
        let mut frames = Keyframes::new(Counted(0));
        run_to(&mut frames, 0, 5_000_000);
        frames.truncate(1_000_000);
        assert!(steps_of(&frames).iter().all(|steps| *steps <= 1_000_000));
        run_to(&mut frames, 1_000_000, 5_000_000);
        let steps = steps_of(&frames);
        assert!(frames.far.len() <= FAR_MAX && frames.near.len() <= NEAR_MAX, "{steps:?}");
        assert!(steps.windows(2).all(|two| two[0] < two[1]), "{steps:?}");
    }
}
