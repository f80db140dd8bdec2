//! Random recordings: a scenario with settings, and interventions; both shrink by losing members.
//! Has never heard of how a world works inside.

use cqrs_lab::{
    kernel::{Prng, SimTime},
    pipeline::{Intervention, World},
    scenario::{Scenario, builtin, builtin_names, link::Recording},
    timeline::Timeline,
};
use proptest::prelude::*;

use crate::check::for_all;
use crate::shared::random::{self, RUN, SETTINGS};

/// A recording as what it was made of.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    seed: u64,
    /// Places in the table of settings, each with the place of a value.
    settings: Vec<(usize, usize)>,
    /// Each at a moment in microseconds, drawn from a stream of its own.
    interventions: Vec<(u64, u64)>,
}

impl Made {
    pub(crate) fn scenario(&self) -> Scenario {
        let mut scenario = Scenario::plain("random", self.seed);
        for (setting, value) in &self.settings {
            let (key, values) = SETTINGS[setting % SETTINGS.len()];
            scenario.config.set_text(key, values[value % values.len()]).expect("the table names settings and values that there are");
        }
        scenario
    }

    pub(crate) fn interventions(&self) -> Vec<(SimTime, Intervention)> {
        let drawn =
            |(at, seed): &(u64, u64)| (SimTime(*at), random::intervention(&mut Prng::stream(*seed, "intervention", 0), SimTime(*at)));
        let mut all: Vec<_> = self.interventions.iter().map(drawn).collect();
        all.sort_by_key(|(at, _)| *at);
        all
    }
}

pub(crate) fn recordings() -> impl Strategy<Value = Made> {
    let settings = prop::collection::vec((0..SETTINGS.len(), 0..4_usize), 0..8);
    let interventions = prop::collection::vec((0..RUN.us(), any::<u64>()), 0..24);
    (0..1_000_u64, settings, interventions).prop_map(|(seed, settings, interventions)| Made { seed, settings, interventions })
}

/// The same digest, or the first facts that differ.
fn same(one: &World, other: &World) -> Result<(), String> {
    if one.digest() == other.digest() {
        return Ok(());
    }
    let parted = one.trace().iter().zip(other.trace().iter()).find(|(a, b)| a != b);
    Err(format!("they part at {parted:#?}, after {} and {} steps", one.step_count(), other.step_count()))
}

fn play(world: &mut World, inputs: &[(SimTime, Intervention)], until: SimTime) {
    for (at, input) in inputs {
        world.run_until(*at);
        // A random intervention may not fit the world as it is then.
        let _ = world.intervene(*at, input);
    }
    world.run_until(until);
}

fn played(made: &Made) -> World {
    let mut world = World::new(&made.scenario());
    play(&mut world, &made.interventions(), RUN);
    world
}

#[test]
fn a_recording_played_again_gives_the_same_world() {
    for_all(12, recordings(), |made| same(&played(&made), &played(&made)));
}

#[test]
fn a_clone_goes_on_as_its_original() {
    for_all(12, (recordings(), 0..RUN.us()), |(made, at)| {
        let (before, after): (Vec<_>, Vec<_>) = made.interventions().into_iter().partition(|(when, _)| when.us() <= at);
        let mut original = World::new(&made.scenario());
        play(&mut original, &before, SimTime(at));
        let mut copy = original.clone();
        play(&mut original, &after, RUN);
        play(&mut copy, &after, RUN);
        same(&original, &copy)
    });
}

#[test]
fn how_time_is_cut_into_frames_changes_nothing() {
    for_all(12, (recordings(), prop::collection::vec(0..RUN.us(), 0..60)), |(made, mut cuts)| {
        cuts.sort_unstable();
        let mut cut = World::new(&made.scenario());
        let inputs = made.interventions();
        let mut next = inputs.iter().peekable();
        for frame in cuts.into_iter().chain([RUN.us()]) {
            while let Some((at, input)) = next.next_if(|(at, _)| at.us() <= frame) {
                cut.run_until(*at);
                let _ = cut.intervene(*at, input);
            }
            cut.run_until(SimTime(frame));
        }
        same(&played(&made), &cut)
    });
}

#[test]
fn seeking_from_anywhere_gives_the_world_of_a_straight_run() {
    // Anywhere, or a little before where the playhead stands.
    let moments = prop_oneof![(0..RUN.us()).prop_map(Ok), (1..20_000_u64).prop_map(Err)];
    for_all(8, (recordings(), prop::collection::vec(moments, 1..5)), |(made, moments)| {
        let begin = || Timeline::new(World::new(&made.scenario()), made.interventions());
        let mut timeline = begin();
        timeline.seek(RUN);
        for moment in moments {
            let moment = moment.unwrap_or_else(|back_us| timeline.now().us().saturating_sub(back_us));
            timeline.seek(SimTime(moment));
            let mut straight = begin();
            straight.advance(SimTime(moment), u64::MAX);
            same(straight.world(), timeline.world())?;
        }
        Ok(())
    });
}

#[test]
fn a_link_says_the_whole_recording() {
    let own = |name: &str| if name == "random" { Some(Scenario::plain("random", 1)) } else { builtin(name) };
    for_all(200, (recordings(), 0..RUN.us(), 0..builtin_names().count() + 1), |(made, moment, which)| {
        let mut scenario = made.scenario();
        if let Some(name) = builtin_names().nth(which) {
            let named = builtin(name).expect("a built-in scenario");
            scenario = Scenario { seed: made.seed, ..named };
        }
        let recording = Recording { scenario, interventions: made.interventions(), moment: SimTime(moment) };
        let fragment = recording.to_fragment(own);
        let (read, problems) = Recording::from_fragment(&fragment, own, Scenario::plain("fallback", 0));
        if !problems.is_empty() || read != recording {
            return Err(format!("{fragment} reads as {read:?} with {problems:?}"));
        }
        Ok(())
    });
}
