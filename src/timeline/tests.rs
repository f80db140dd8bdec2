//! The laws of time travel, on a small world with random delays.

use super::*;
use crate::kernel::{Agenda, Prng, SimTime, digest_of};

/// A world in which every occurrence schedules up to two others, at random distances, zero among them.
#[derive(Debug, Clone, Hash)]
struct Toy {
    agenda: Agenda<u64>,
    prng: Prng,
    trail: u64,
    odd: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Odd;

impl Toy {
    fn new(seed: u64) -> Toy {
        let mut agenda = Agenda::default();
        (0..5).for_each(|n| agenda.push(SimTime(n * 3), n));
        Toy { agenda, prng: Prng::stream(seed, "toy", 0), trail: 0, odd: 0 }
    }
}

impl Machine for Toy {
    type Input = u64;
    type Refusal = Odd;

    fn next_at(&self) -> Option<SimTime> {
        self.agenda.next_at()
    }

    fn step(&mut self) {
        let (at, what) = self.agenda.pop().expect("called only when something is due");
        self.trail = digest_of(&(self.trail, at, what));
        self.odd += u64::from(self.trail % 5_000 == 1);
        if self.agenda.len() < 40 {
            self.agenda.push(at + self.prng.below(30), what + 1);
        }
        if self.agenda.len() < 5 || self.prng.chance(1, 3) {
            self.agenda.push(at + self.prng.below(3), what + 2);
        }
    }

    fn intervene(&mut self, at: SimTime, input: &u64) -> Result<(), Odd> {
        if *input == 13 {
            return Err(Odd);
        }
        self.trail = digest_of(&(self.trail, at, *input, "input"));
        self.agenda.push(at + *input, *input);
        Ok(())
    }

    fn digest(&self) -> u64 {
        digest_of(self)
    }

    fn violation_count(&self) -> u64 {
        self.odd
    }
}

fn inputs(seed: u64) -> Vec<(SimTime, u64)> {
    let mut prng = Prng::stream(seed, "inputs", 0);
    (0..20).map(|_| (SimTime(prng.below(20_000)), 20 + prng.below(50))).collect()
}

fn straight(seed: u64, to: SimTime) -> Timeline<Toy> {
    let mut run = Timeline::new(Toy::new(seed), inputs(seed));
    assert!(run.advance(to, u64::MAX));
    run
}

#[test]
fn seek_equals_a_straight_run() {
    for seed in 0..8 {
        let mut run = straight(seed, SimTime(25_000));
        let mut prng = Prng::stream(seed, "seeks", 0);
        for _ in 0..12 {
            let target = SimTime(prng.below(25_000));
            run.seek(target);
            assert_eq!(run.now(), target);
            assert_eq!(run.world().digest(), straight(seed, target).world().digest(), "seed {seed}, {target:?}");
        }
    }
}

#[test]
fn seek_is_idempotent() {
    let mut run = straight(3, SimTime(9_000));
    run.seek(SimTime(4_567));
    let (cursor, digest) = (run.cursor(), run.world().digest());
    run.seek(SimTime(4_567));
    assert_eq!((run.cursor(), run.world().digest()), (cursor, digest));
}

#[test]
fn how_time_is_cut_changes_nothing() {
    for seed in 0..8 {
        let whole = straight(seed, SimTime(12_000));
        let mut cut = Timeline::new(Toy::new(seed), inputs(seed));
        let mut prng = Prng::stream(seed, "cuts", 0);
        while cut.now() < SimTime(12_000) {
            let target = (cut.now() + prng.below(300)).min(SimTime(12_000));
            let _reached = cut.advance(target, prng.below(40));
        }
        assert!(cut.advance(SimTime(12_000), u64::MAX));
        assert_eq!(cut.world().digest(), whole.world().digest(), "seed {seed}");
        assert_eq!(cut.history().bins(), whole.history().bins());
        assert_eq!(cut.history().flags(), whole.history().flags());
    }
}

#[test]
fn a_step_back_undoes_a_step_forward() {
    let mut run = straight(1, SimTime(2_000));
    let _ = run.step_forward();
    for _ in 0..600 {
        let (cursor, digest) = (run.cursor(), run.world().digest());
        assert!(run.step_forward());
        assert!(run.step_back());
        assert_eq!((run.cursor(), run.world().digest()), (cursor, digest));
        assert!(run.step_back());
    }
}

#[test]
fn an_input_given_live_replays_to_the_same_world() {
    for seed in 0..8 {
        let mut live = Timeline::new(Toy::new(seed), Vec::new());
        let mut prng = Prng::stream(seed, "live", 0);
        for _ in 0..30 {
            match prng.below(3) {
                0 => assert!(live.advance(live.now() + prng.below(400), u64::MAX)),
                1 => (0..prng.below(9)).for_each(|_| assert!(live.step_forward())),
                _ => live.seek(SimTime(prng.below(live.now().us() + 1))),
            }
            // Some schedule something for the same instant, and some come before that has happened.
            for _ in 0..=prng.below(2) {
                live.intervene(prng.below(9)).expect("only 13 is refused");
            }
        }
        assert!(live.advance(live.now() + 500, u64::MAX));
        let mut replay = Timeline::new(Toy::new(seed), live.inputs().to_vec());
        assert!(replay.advance(live.now(), u64::MAX));
        assert_eq!(replay.world().digest(), live.world().digest(), "seed {seed}");
    }
}

#[test]
fn an_intervention_in_the_past_drops_the_future() {
    let mut run = straight(2, SimTime(20_000));
    let explored = run.history().frontier().steps;
    run.seek(SimTime(5_000));
    assert!(run.inputs_ahead() > 0);
    run.intervene(40).expect("only 13 is refused");
    assert_eq!(run.inputs_ahead(), 0);
    assert!(run.history().frontier().steps < explored);
    assert_eq!(run.history().frontier(), run.cursor());
    let counted: u64 = run.history().bins().iter().map(|count| u64::from(*count)).sum();
    assert_eq!(counted, run.cursor().steps);
}

#[test]
fn a_refused_input_changes_nothing() {
    let mut run = straight(2, SimTime(20_000));
    run.seek(SimTime(5_000));
    let (digest, ahead, frontier) = (run.world().digest(), run.inputs_ahead(), run.history().frontier());
    assert_eq!(run.intervene(13), Err(Odd));
    assert_eq!((run.world().digest(), run.inputs_ahead(), run.history().frontier()), (digest, ahead, frontier));
}

#[test]
fn everything_kept_is_bounded() {
    let run = straight(5, SimTime(300_000));
    assert!(run.cursor().steps > 64 * 256 * 4, "too short a run to see thinning: {}", run.cursor().steps);
    assert!(run.keyframe_count() <= KEYFRAMES_MAX);
    let mut long: History = History::default();
    for step in 1..3_000u64 {
        let at = SimTime(step * 1_000_000);
        long.note(Cursor { steps: step, last_at: at, ..Cursor::default() }, step);
    }
    assert!(long.bins().len() <= BINS_MAX);
    assert_eq!(long.bins().iter().map(|count| u64::from(*count)).sum::<u64>(), 2_999);
    assert_eq!(long.flags().len(), FLAGS_MAX);
    assert_eq!(long.flags_dropped(), 2_999 - FLAGS_MAX as u64);
}

#[test]
fn an_amended_input_leaves_nothing_of_the_one_it_replaces() {
    for seed in 0..8 {
        let mut run = Timeline::new(Toy::new(seed), Vec::new());
        run.advance(SimTime(5_000), u64::MAX);
        let mut other = run.clone();
        let at = run.intervene(20).expect("not 13");
        assert_eq!(run.latest_input(), Some(&20));
        assert!(run.amend(13).is_err());
        assert_eq!((run.latest_input(), run.now()), (Some(&20), at), "a refusal changes nothing");
        assert_eq!(run.amend(30).ok(), Some(at));
        assert_eq!(other.intervene(30).ok(), Some(at));
        run.advance(SimTime(20_000), u64::MAX);
        other.advance(SimTime(20_000), u64::MAX);
        assert_eq!((run.inputs(), run.world().digest()), (other.inputs(), other.world().digest()));
        assert_eq!(run.history().frontier(), other.history().frontier());
    }
}

/// A watched instant shows the world as a straight run to it does, wherever the playhead has been since; after an input it is
/// that of the new run.
#[test]
fn a_watched_instant_shows_the_world_as_it_was_then() {
    let moments = [SimTime(0), SimTime(7), SimTime(40), SimTime(41), SimTime(300)];
    let mut timeline = Timeline::new(Toy::new(3), vec![(SimTime(40), 5)]);
    timeline.seek(SimTime(100));
    timeline.watch(moments.to_vec());
    assert_eq!(timeline.now(), SimTime::ZERO);
    timeline.advance(SimTime(60), u64::MAX);
    let straight = |at: SimTime, inputs: Vec<(SimTime, u64)>| {
        let mut run = Timeline::new(Toy::new(3), inputs);
        run.seek(at);
        run.world().digest()
    };
    for at in &moments[..4] {
        assert_eq!(timeline.watched(*at).map(Machine::digest), Some(straight(*at, vec![(SimTime(40), 5)])), "{at}");
    }
    assert!(timeline.watched(SimTime(300)).is_none() && timeline.watched(SimTime(8)).is_none());
    timeline.seek(SimTime(20));
    assert!(timeline.watched(SimTime(41)).is_some(), "it was passed once");
    timeline.intervene(9).expect("it fits");
    assert!(timeline.watched(SimTime(7)).is_some() && timeline.watched(SimTime(41)).is_none(), "the future is another one");
    timeline.advance(SimTime(50), u64::MAX);
    let inputs = timeline.inputs().to_vec();
    assert_eq!(timeline.watched(SimTime(41)).map(Machine::digest), Some(straight(SimTime(41), inputs)));
    timeline.restart(vec![(SimTime(40), 5)]);
    assert!(timeline.now() == SimTime::ZERO && timeline.watched(SimTime(7)).is_none());
    timeline.advance(SimTime(60), u64::MAX);
    assert_eq!(timeline.watched(SimTime(41)).map(Machine::digest), Some(straight(SimTime(41), vec![(SimTime(40), 5)])));
}
