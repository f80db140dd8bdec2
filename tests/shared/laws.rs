//! What must hold for every run, whatever is done to it (DESIGN section 4). Each law takes the number of a random run.
//!
//! Has never heard of how a world works inside.

use cqrs_lab::{
    kernel::{Prng, SimTime},
    pipeline::{Intervention, World},
    scenario::Scenario,
    timeline::Timeline,
};

use super::random::{self, RUN};

/// Rule 5: replaying a recording gives the same world, digest for digest, and the same trace.
pub(crate) fn replay(seed: u64) {
    let (scenario, inputs) = random::run(seed);
    let (one, other) = (played(&scenario, &inputs), played(&scenario, &inputs));
    assert_same(seed, &one, &other);
    assert!(one.step_count() > 1_000, "run {seed} is too quiet to prove anything: {} steps", one.step_count());
}

/// Rule 5: how elapsed time is cut into frames changes nothing.
pub(crate) fn frame_split(seed: u64) {
    let (scenario, inputs) = random::run(seed);
    let whole = played(&scenario, &inputs);
    let mut cuts = Prng::stream(seed, "cuts", 0);
    let mut cut = World::new(&scenario);
    let mut next_input = inputs.iter().peekable();
    let mut now = SimTime::ZERO;
    while now < RUN {
        // Frames of all sizes, from many within a millisecond to some of seconds.
        let size_us = 1 << cuts.below(22);
        now = RUN.min(now + cuts.below(size_us) + 1);
        while let Some((at, input)) = next_input.next_if(|(at, _)| *at <= now) {
            act(&mut cut, *at, input);
        }
        cut.run_until(now);
    }
    assert_same(seed, &whole, &cut);
}

/// Rule 4: a clone goes on as its original does.
pub(crate) fn clone_goes_on_alike(seed: u64) {
    let (scenario, inputs) = random::run(seed);
    let half = SimTime(RUN.us() / 2);
    let (before, after): (Vec<_>, Vec<_>) = inputs.into_iter().partition(|(at, _)| *at <= half);
    let mut original = World::new(&scenario);
    play(&mut original, &before, half);
    let mut copy = original.clone();
    play(&mut original, &after, RUN);
    play(&mut copy, &after, RUN);
    assert_same(seed, &original, &copy);
}

/// Rule 5: going to a moment from anywhere gives the world that a run from the beginning has there.
pub(crate) fn seek(seed: u64) {
    let (scenario, inputs) = random::run(seed);
    let begin = || Timeline::new(World::new(&scenario), inputs.clone());
    let mut timeline = begin();
    timeline.seek(RUN);
    let mut moments = Prng::stream(seed, "moments", 0);
    for _ in 0..4 {
        let moment = SimTime(moments.below(RUN.us()));
        timeline.seek(moment);
        let mut straight = begin();
        straight.advance(moment, u64::MAX);
        assert_same(seed, straight.world(), timeline.world());
    }
}

/// A whole run.
pub(crate) fn played(scenario: &Scenario, inputs: &[(SimTime, Intervention)]) -> World {
    let mut world = World::new(scenario);
    play(&mut world, inputs, RUN);
    world
}

/// Goes on to `until` with these interventions on the way.
pub(crate) fn play(world: &mut World, inputs: &[(SimTime, Intervention)], until: SimTime) {
    for (at, input) in inputs {
        act(world, *at, input);
    }
    world.run_until(until);
}

/// Brings the world to the instant and acts. A random intervention may not fit the world as it is then; that is no breach of a law.
fn act(world: &mut World, at: SimTime, input: &Intervention) {
    world.run_until(at);
    let _ = world.intervene(at, input);
}

#[track_caller]
fn assert_same(seed: u64, one: &World, other: &World) {
    if one.digest() == other.digest() {
        return;
    }
    let parted = one.trace().iter().zip(other.trace().iter()).find(|(a, b)| a != b);
    panic!("run {seed} parts at {parted:#?}\nafter {} and {} steps", one.step_count(), other.step_count());
}
