//! The player on a world that only counts.

use super::*;

/// Something happens every 1,000 µs, so many things at once.
#[derive(Debug, Clone)]
struct Clock {
    together: u64,
    handled: u64,
    acted: Vec<(SimTime, u8)>,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { together: 1, handled: 0, acted: Vec::new() }
    }
}

impl Machine for Clock {
    type Input = u8;
    type Refusal = &'static str;

    fn next_at(&self) -> Option<SimTime> {
        Some(SimTime((self.handled / self.together + 1) * 1_000))
    }

    fn step(&mut self) {
        self.handled += 1;
    }

    fn intervene(&mut self, at: SimTime, input: &u8) -> Result<(), &'static str> {
        if *input == 0 {
            return Err("nothing to do");
        }
        self.acted.push((at, *input));
        Ok(())
    }

    /// From 100 on, inputs of one decade are places of one slider.
    fn supersedes(new: &u8, old: &u8) -> bool {
        *new >= 100 && new / 10 == old / 10
    }

    fn digest(&self) -> u64 {
        crate::kernel::digest_of(&(self.handled, &self.acted))
    }

    fn violation_count(&self) -> u64 {
        self.handled / 100
    }
}

fn player() -> Player<Clock> {
    let mut player = Player::new(Clock::default(), Vec::new(), SimTime::from_ms(60_000));
    let _outcome = player.update(Msg::Speed(SPEED_REAL_TIME));
    player
}

/// Frames of 16 ms with as much work as they need.
fn watch(player: &mut Player<Clock>, frames: u64) {
    for _ in 0..frames {
        let _outcome = player.update(Msg::Frame { elapsed_us: 16_000 });
        while player.work(64) {}
    }
}

#[test]
fn real_time_passes_as_it_does() {
    let mut player = player();
    watch(&mut player, 100);
    assert_eq!(player.now(), SimTime(1_600_000));
    assert_eq!(player.world().handled, 1_600);
}

#[test]
fn slow_motion_loses_no_part_of_a_microsecond() {
    let mut player = player();
    let _outcome = player.update(Msg::Speed(SpeedIndex(0)));
    for _ in 0..1_000 {
        let _outcome = player.update(Msg::Frame { elapsed_us: 333 });
        let _more = player.work(64);
    }
    assert_eq!(player.now(), SimTime(3_330));
}

#[test]
fn a_long_sleep_is_no_leap() {
    let mut player = player();
    let _outcome = player.update(Msg::Frame { elapsed_us: 3_600_000_000 });
    while player.work(64) {}
    assert_eq!(player.now(), SimTime(FRAME_US_MAX));
}

#[test]
fn as_fast_as_it_goes_is_bounded_by_the_steps_allowed() {
    let mut player = player();
    let _outcome = player.update(Msg::Speed(SpeedIndex::MAX));
    let _outcome = player.update(Msg::Frame { elapsed_us: 16_000 });
    assert!(player.work(10_000), "there is always more");
    assert_eq!(player.world().handled, 10_000);
}

#[test]
fn a_machine_that_cannot_keep_up_slows_the_run_and_does_not_queue() {
    let mut player = player();
    let _outcome = player.update(Msg::Speed(SpeedIndex(16)));
    let _outcome = player.update(Msg::Frame { elapsed_us: 16_000 });
    assert!(player.work(100));
    player.hold();
    assert!(!player.busy());
    assert_eq!(player.now(), SimTime(100_000));
}

#[test]
fn paused_means_that_frames_change_nothing() {
    let mut player = player();
    watch(&mut player, 10);
    let _outcome = player.update(Msg::Pause);
    let now = player.now();
    watch(&mut player, 10);
    assert_eq!(player.now(), now);
    assert_eq!(player.update(Msg::Frame { elapsed_us: 16_000 }).repaint, Repaint::None);
}

#[test]
fn a_seek_far_ahead_goes_in_portions_and_arrives() {
    let mut player = player();
    let _outcome = player.update(Msg::Pause);
    let _outcome = player.update(Msg::Seek(SimTime::from_ms(50_000)));
    assert!(player.busy());
    player.hold();
    let mut portions = 0;
    while player.work(1_000) {
        portions += 1;
    }
    assert_eq!((portions, player.now(), player.busy()), (49, SimTime::from_ms(50_000), false));
}

#[test]
fn a_seek_while_it_plays_is_not_given_up() {
    let mut player = player();
    let _outcome = player.update(Msg::Seek(SimTime::from_ms(5_000)));
    let _outcome = player.update(Msg::Frame { elapsed_us: 16_000 });
    while player.work(1_000) {
        player.hold();
    }
    assert_eq!(player.now(), SimTime::from_ms(5_000));
    watch(&mut player, 1);
    assert_eq!(player.now(), SimTime(5_016_000));
}

#[test]
fn an_intervention_in_the_past_can_be_taken_back() {
    let mut player = player();
    watch(&mut player, 10);
    assert_eq!(player.update(Msg::Intervene(1)).notices, [Notice::RecordingChanged]);
    watch(&mut player, 10);
    let _outcome = player.update(Msg::Seek(SimTime(5_000)));
    let _more = player.work(1_000);
    let outcome = player.update(Msg::Intervene(2));
    assert_eq!(outcome.notices, [Notice::RecordingChanged, Notice::FutureDropped { interventions: 1 }]);
    assert_eq!(player.timeline().inputs(), [(SimTime(5_001), 2)]);
    let _outcome = player.update(Msg::Undo);
    assert_eq!(player.timeline().inputs(), [(SimTime(160_001), 1)]);
}

#[test]
fn what_was_taken_back_can_be_brought_back_with_all_that_came_after_it() {
    let mut player = player();
    watch(&mut player, 10);
    let _outcome = player.update(Msg::Seek(SimTime(5_000)));
    let _more = player.work(1_000);
    let _outcome = player.update(Msg::Intervene(1));
    watch(&mut player, 10);
    let _outcome = player.update(Msg::Intervene(2));
    let inputs = player.timeline().inputs().to_vec();
    let _outcome = player.update(Msg::Undo);
    assert!(player.timeline().inputs().is_empty() && player.can_undo());
    let _outcome = player.update(Msg::Undo);
    assert_eq!(player.timeline().inputs(), inputs);
}

#[test]
fn watched_instants_are_watched_after_undo_too() {
    let mut player = player();
    player.watch(vec![SimTime(100_000)]);
    watch(&mut player, 10);
    let _outcome = player.update(Msg::Seek(SimTime(5_000)));
    let _more = player.work(1_000);
    let _outcome = player.update(Msg::Intervene(1));
    let _outcome = player.update(Msg::Undo);
    let _outcome = player.update(Msg::Seek(SimTime(150_000)));
    while player.work(1_000) {}
    assert!(player.timeline().watched(SimTime(100_000)).is_some());
}

/// Three occurrences at the same instant, and then three at the next.
#[test]
fn a_step_is_one_occurrence_also_where_several_share_an_instant() {
    let clock = Clock { together: 3, ..Clock::default() };
    let mut player = Player::new(clock, Vec::new(), SimTime::from_ms(60_000));
    let _outcome = player.update(Msg::Pause);
    // Whoever shows the run lets it work after every message, and in frames as long as something else moves.
    let step = |player: &mut Player<Clock>, msg| {
        let _outcome = player.update(msg);
        let _outcome = player.update(Msg::Frame { elapsed_us: 16_000 });
        while player.work(64) {}
        player.world().handled
    };
    let forward: Vec<u64> = (0..4).map(|_| step(&mut player, Msg::StepForward)).collect();
    assert_eq!(forward, [1, 2, 3, 4]);
    let back: Vec<u64> = (0..3).map(|_| step(&mut player, Msg::StepBack)).collect();
    assert_eq!(back, [3, 2, 1]);
    assert_eq!(step(&mut player, Msg::Seek(SimTime(1_000))), 3, "a moment is a whole one");
    let _handled = step(&mut player, Msg::StepBack);
    let _outcome = player.update(Msg::Play);
    watch(&mut player, 1);
    assert!(player.world().handled >= 3, "playing goes on with the rest of the instant");
}

#[test]
fn a_refused_intervention_says_why() {
    let mut player = player();
    let outcome = player.update(Msg::Intervene(0));
    assert_eq!(outcome.notices, [Notice::Refused("nothing to do")]);
    assert!(player.timeline().inputs().is_empty());
}

#[test]
fn steps_pause_and_move_by_one_occurrence() {
    let mut player = player();
    let _outcome = player.update(Msg::StepForward);
    let _outcome = player.update(Msg::StepForward);
    assert_eq!((player.now(), player.playing()), (SimTime(2_000), false));
    let _outcome = player.update(Msg::StepBack);
    assert_eq!((player.now(), player.world().handled), (SimTime(1_000), 1));
}

#[test]
fn violations_are_announced_once() {
    let mut player = player();
    let _outcome = player.update(Msg::Seek(SimTime(250_000)));
    while player.work(1_000) {}
    assert_eq!(player.violations_new(), 2);
    let _outcome = player.update(Msg::ToStart);
    let _outcome = player.update(Msg::Seek(SimTime(250_000)));
    while player.work(1_000) {}
    assert_eq!(player.violations_new(), 0);
}

#[test]
fn what_another_future_breaks_is_announced_too() {
    let mut player = player();
    let _outcome = player.update(Msg::Seek(SimTime(250_000)));
    while player.work(1_000) {}
    assert_eq!(player.violations_new(), 2);
    let _outcome = player.update(Msg::Seek(SimTime(150_000)));
    while player.work(1_000) {}
    let _outcome = player.update(Msg::Intervene(1));
    assert_eq!(player.violations_new(), 0, "the first of them lies before the cut");
    let _outcome = player.update(Msg::Seek(SimTime(250_000)));
    while player.work(1_000) {}
    assert_eq!(player.violations_new(), 1);
}

#[test]
fn a_slider_dragged_while_the_run_stands_is_one_input() {
    let mut player = player();
    watch(&mut player, 10);
    let _outcome = player.update(Msg::Pause);
    for place in [101, 105, 0, 103] {
        let outcome = player.update(Msg::Intervene(place));
        assert!(!outcome.notices.iter().any(|n| matches!(n, Notice::FutureDropped { .. })), "{outcome:?}");
    }
    assert_eq!(player.timeline().inputs(), [(SimTime(160_001), 103)]);
    assert_eq!(player.world().acted, [(SimTime(160_001), 103)]);
    let _outcome = player.update(Msg::Intervene(111));
    let inputs: Vec<u8> = player.timeline().inputs().iter().map(|(_, input)| *input).collect();
    assert_eq!(inputs, [103, 111], "another slider is another input");
}

#[test]
fn an_input_in_the_past_is_not_quietly_replaced() {
    let mut player = player();
    watch(&mut player, 10);
    let _outcome = player.update(Msg::Intervene(101));
    watch(&mut player, 10);
    let at = player.timeline().inputs()[0].0;
    let _outcome = player.update(Msg::Seek(at));
    while player.work(64) {}
    let outcome = player.update(Msg::Intervene(102));
    assert!(outcome.notices.iter().any(|n| matches!(n, Notice::FutureDropped { .. })), "{outcome:?}");
    assert!(player.can_undo());
}
