//! What a viewer does with a run: messages in, an outcome out. Has never heard of the DOM, and of time only what it is told:
//! a [`Msg::Frame`] says how much of it has passed, [`Player::work`] does as many steps as it is allowed.

mod speed;
#[cfg(test)]
mod tests;
mod thing;

pub use speed::{SPEED_AT_FIRST, SPEED_REAL_TIME, SPEEDS, Speed, SpeedIndex};
pub use thing::Thing;

use crate::kernel::SimTime;
use crate::timeline::{Machine, Timeline};

/// The longest stretch of real time that one frame may stand for, in microseconds: after a background tab wakes up, the
/// run goes on and does not leap.
pub const FRAME_US_MAX: u64 = 100_000;

/// What a viewer does.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg<I> {
    /// A frame is about to be painted; so many microseconds of real time have passed since the last one.
    Frame {
        /// Real time, at most [`FRAME_US_MAX`] of it counts.
        elapsed_us: u64,
    },
    /// Let it run.
    Play,
    /// Hold it.
    Pause,
    /// One or the other.
    TogglePlay,
    /// One occurrence on; pauses.
    StepForward,
    /// One occurrence back; pauses.
    StepBack,
    /// To the beginning.
    ToStart,
    /// To the end: the furthest explored instant, or the scenario's duration if that is later.
    ToEnd,
    /// To an instant, earlier or later.
    Seek(SimTime),
    /// Another speed.
    Speed(SpeedIndex),
    /// Do this to the world, now. In the past it drops what came after.
    Intervene(I),
    /// Take back the last intervention that dropped a future, and all that was done after it; once more brings them back.
    Undo,
}

/// What must be painted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Repaint {
    /// Nothing.
    #[default]
    None,
    /// What moves with time; panels may wait for their turn.
    Stage,
    /// Everything, at once.
    All,
}

/// Something that whoever holds the player should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice<R> {
    /// The recording is another one: links must be made anew.
    RecordingChanged,
    /// An intervention in the past dropped so many later ones and what was explored; [`Msg::Undo`] brings them back.
    FutureDropped {
        /// How many interventions were dropped.
        interventions: usize,
    },
    /// The world refused the intervention.
    Refused(R),
}

/// What came of a message.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<R> {
    /// What to paint.
    pub repaint: Repaint,
    /// What to tell.
    pub notices: Vec<Notice<R>>,
}

impl<R> Outcome<R> {
    fn repaint(repaint: Repaint) -> Self {
        Outcome { repaint, notices: Vec::new() }
    }

    fn with(mut self, notice: Notice<R>) -> Self {
        self.notices.push(notice);
        self
    }
}

/// Where a run was before an intervention cut it.
type Cut<I> = (SimTime, Vec<(SimTime, I)>);

/// A run and how it is being watched.
pub struct Player<M: Machine> {
    timeline: Timeline<M>,
    duration: SimTime,
    playing: bool,
    speed: SpeedIndex,
    /// Where the playhead is bound: ahead of it while steps remain to be made.
    target: SimTime,
    /// Whether the target was named by the viewer: then it is not given up.
    seeking: bool,
    /// Whether the viewer went by single steps: then the rest of an instant waits for the next one.
    stepping: bool,
    /// Parts of a microsecond of virtual time that frames have earned, in units of 1 / speed denominator.
    remainder: u64,
    violations_seen: u64,
    undo: Option<Cut<M::Input>>,
}

impl<M: Machine> Player<M> {
    /// A player at the beginning of a run of `duration` (what the strip of time shows at least), playing.
    pub fn new(origin: M, inputs: Vec<(SimTime, M::Input)>, duration: SimTime) -> Self {
        Player {
            timeline: Timeline::new(origin, inputs),
            duration,
            playing: true,
            speed: SPEED_AT_FIRST,
            target: SimTime::ZERO,
            seeking: false,
            stepping: false,
            remainder: 0,
            violations_seen: 0,
            undo: None,
        }
    }

    /// The run.
    pub fn timeline(&self) -> &Timeline<M> {
        &self.timeline
    }

    /// Keeps the world at the end of these instants ([`Timeline::watch`]); the run goes on from where it is.
    pub fn watch(&mut self, moments: Vec<SimTime>) {
        let (now, playing) = (self.now().max(self.target), self.playing);
        self.timeline.watch(moments);
        let _outcome = self.seek(now);
        self.playing = playing;
    }

    /// The world at the playhead.
    pub fn world(&self) -> &M {
        self.timeline.world()
    }

    /// The playhead.
    pub fn now(&self) -> SimTime {
        self.timeline.now()
    }

    /// Whether it runs.
    pub fn playing(&self) -> bool {
        self.playing
    }

    /// How fast it runs when it runs.
    pub fn speed(&self) -> SpeedIndex {
        self.speed
    }

    /// The end of the strip of time: the scenario's duration, or what has been explored if that is more.
    pub fn end(&self) -> SimTime {
        self.duration.max(self.timeline.history().frontier().last_at).max(self.now())
    }

    /// Whether steps remain to be made before the playhead is where it should be; call [`Player::work`].
    pub fn busy(&self) -> bool {
        self.now() < self.target
    }

    /// Whether there is another future that [`Msg::Undo`] can bring back.
    pub fn can_undo(&self) -> bool {
        self.undo.is_some()
    }

    /// Handles one message.
    pub fn update(&mut self, msg: Msg<M::Input>) -> Outcome<M::Refusal> {
        match msg {
            Msg::Frame { elapsed_us } => self.frame(elapsed_us),
            Msg::Play => self.play(true),
            Msg::Pause => self.play(false),
            Msg::TogglePlay => self.play(!self.playing),
            Msg::StepForward => self.step(true),
            Msg::StepBack => self.step(false),
            Msg::ToStart => self.seek(SimTime::ZERO),
            Msg::ToEnd => self.seek(self.end()),
            Msg::Seek(at) => self.seek(at),
            Msg::Speed(speed) => {
                self.speed = speed.clamped();
                self.remainder = 0;
                self.hold();
                Outcome::repaint(Repaint::All)
            }
            Msg::Intervene(input) => self.intervene(input),
            Msg::Undo => self.take_back(),
        }
    }

    /// Makes at most `steps_max` steps of what is due. True if more are due.
    pub fn work(&mut self, steps_max: u64) -> bool {
        if self.stepping {
            return false;
        }
        if self.speed.speed() == Speed::Max && self.playing && !self.seeking {
            // As fast as it goes: whatever can be done is due.
            let mut steps = steps_max;
            while steps > 0 && self.timeline.step_forward() {
                steps -= 1;
            }
            self.target = self.now();
            return steps == 0;
        }
        let reached = self.timeline.advance(self.target, steps_max);
        self.seeking &= !reached;
        !reached
    }

    /// Gives up what could not be done in time: the run goes on from where it is. Seeking is not given up.
    pub fn hold(&mut self) {
        if self.playing && !self.seeking {
            self.target = self.now();
        }
    }

    /// How many violations the referee has found since this was last asked, up to the playhead.
    pub fn violations_new(&mut self) -> u64 {
        let count = self.world().violation_count();
        let new = count.saturating_sub(self.violations_seen);
        self.violations_seen = self.violations_seen.max(count);
        new
    }

    fn frame(&mut self, elapsed_us: u64) -> Outcome<M::Refusal> {
        if !self.playing || self.seeking {
            return Outcome::repaint(if self.busy() { Repaint::Stage } else { Repaint::None });
        }
        if let Speed::Ratio { virtual_us, real_us } = self.speed.speed() {
            let earned = elapsed_us.min(FRAME_US_MAX) * virtual_us + self.remainder;
            self.remainder = earned % real_us;
            self.target = self.target.max(self.now()) + earned / real_us;
        }
        Outcome::repaint(Repaint::Stage)
    }

    fn play(&mut self, playing: bool) -> Outcome<M::Refusal> {
        (self.playing, self.stepping) = (playing, false);
        self.remainder = 0;
        if !self.seeking {
            self.target = self.now();
        }
        Outcome::repaint(Repaint::All)
    }

    fn step(&mut self, forward: bool) -> Outcome<M::Refusal> {
        (self.playing, self.stepping) = (false, true);
        let _moved = if forward { self.timeline.step_forward() } else { self.timeline.step_back() };
        (self.target, self.seeking) = (self.now(), false);
        Outcome::repaint(Repaint::All)
    }

    fn seek(&mut self, at: SimTime) -> Outcome<M::Refusal> {
        self.timeline.rewind(at);
        self.target = at;
        (self.seeking, self.stepping) = (true, false);
        self.remainder = 0;
        Outcome::repaint(Repaint::All)
    }

    fn intervene(&mut self, input: M::Input) -> Outcome<M::Refusal> {
        let explored = self.timeline.history().frontier().steps > self.timeline.cursor().steps;
        let replaces = self.timeline.latest_input().is_some_and(|latest| M::supersedes(&input, latest));
        if replaces && !explored && self.timeline.inputs_ahead() == 0 {
            let outcome = Outcome::repaint(Repaint::All);
            return match self.timeline.amend(input) {
                Err(refusal) => outcome.with(Notice::Refused(refusal)),
                Ok(_at) => outcome.with(Notice::RecordingChanged),
            };
        }
        let before: Cut<M::Input> = (self.now(), self.timeline.inputs().to_vec());
        let (dropped, explored) = (self.timeline.inputs_ahead(), self.timeline.history().frontier());
        let cut = dropped > 0 || explored.steps > self.timeline.cursor().steps;
        let outcome = Outcome::repaint(Repaint::All);
        match self.timeline.intervene(input) {
            Err(refusal) => outcome.with(Notice::Refused(refusal)),
            Ok(_at) => {
                (self.target, self.seeking, self.stepping) = (self.now(), false, false);
                // What was found in the future that is dropped has not been seen in this one.
                self.violations_seen = self.violations_seen.min(self.world().violation_count());
                self.undo = cut.then_some(before).or(self.undo.take());
                let outcome = outcome.with(Notice::RecordingChanged);
                if cut { outcome.with(Notice::FutureDropped { interventions: dropped }) } else { outcome }
            }
        }
    }

    fn take_back(&mut self) -> Outcome<M::Refusal> {
        let Some((at, inputs)) = self.undo.take() else {
            return Outcome::repaint(Repaint::None);
        };
        self.undo = Some((self.now(), self.timeline.inputs().to_vec()));
        self.timeline.restart(inputs);
        self.seek(at).with(Notice::RecordingChanged)
    }
}
