//! The timeline itself: a world, what was done to it, and ways to move through its time.

use super::keyframes::Keyframes;
use super::watched::Watched;
use super::{History, Machine};
use crate::kernel::SimTime;

/// How far a world has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Occurrences handled and inputs applied.
    pub steps: u64,
    /// How many of the steps were inputs.
    pub inputs: usize,
    /// When the last step was; the beginning if there was none.
    pub last_at: SimTime,
    /// Whether the last step was an occurrence: then an input at the same instant would come too late.
    pub occurred: bool,
}

/// A world in its time. Laws, each with a test: [`Timeline::seek`] equals a straight run to the same instant; seeking twice
/// equals seeking once; how a stretch of time is cut into calls of [`Timeline::advance`] changes nothing.
#[derive(Debug, Clone)]
pub struct Timeline<M: Machine> {
    world: M,
    inputs: Vec<(SimTime, M::Input)>,
    cursor: Cursor,
    now: SimTime,
    keyframes: Keyframes<M>,
    history: History,
    watched: Watched<M>,
}

impl<M: Machine> Timeline<M> {
    /// A timeline at its beginning. `inputs` are sorted by time here; those of one instant keep their order.
    pub fn new(origin: M, mut inputs: Vec<(SimTime, M::Input)>) -> Self {
        crate::kernel::sort_by_key(&mut inputs, |(at, _)| *at);
        Timeline {
            keyframes: Keyframes::new(origin.clone()),
            world: origin,
            inputs,
            cursor: Cursor::default(),
            now: SimTime::ZERO,
            history: History::default(),
            watched: Watched::new(Vec::new()),
        }
    }

    /// Keeps the world as it is at the end of each of these instants; [`Timeline::watched`] has it once the run has passed
    /// there. Begins anew: the playhead stands at the beginning.
    pub fn watch(&mut self, moments: Vec<SimTime>) {
        let origin = self.keyframes.origin().clone();
        self.watched = Watched::new(moments);
        self.keyframes = Keyframes::new(origin.clone());
        (self.world, self.cursor, self.now) = (origin, Cursor::default(), SimTime::ZERO);
    }

    /// Another run from the same origin, which was given these inputs; it stands at its beginning and watches the same instants.
    pub fn restart(&mut self, inputs: Vec<(SimTime, M::Input)>) {
        let watched = self.watched.again();
        *self = Timeline::new(self.keyframes.origin().clone(), inputs);
        self.watched = watched;
    }

    /// The world at the end of a watched instant, if the run has passed it.
    pub fn watched(&self, moment: SimTime) -> Option<&M> {
        self.watched.at(moment)
    }

    /// The world at [`Timeline::now`].
    pub fn world(&self) -> &M {
        &self.world
    }

    /// The playhead. Everything due before it has happened; of what is due exactly then, all has happened after an
    /// advance or a seek, and a part after single steps.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// How far the world has come.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// What was done to the world, ascending; past and future.
    pub fn inputs(&self) -> &[(SimTime, M::Input)] {
        &self.inputs
    }

    /// The inputs that lie after the playhead.
    pub fn inputs_ahead(&self) -> usize {
        self.inputs.len() - self.cursor.inputs
    }

    /// What is remembered of the explored part of the run.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// How many keyframes are kept; at most [`super::KEYFRAMES_MAX`].
    pub fn keyframe_count(&self) -> usize {
        self.keyframes.len()
    }

    /// When the next step is due, be it an occurrence or a recorded input.
    pub fn next_at(&self) -> Option<SimTime> {
        let input = self.inputs.get(self.cursor.inputs).map(|(at, _)| *at);
        match (self.world.next_at(), input) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Runs towards `target` with at most `steps_max` steps. True if it was reached; then the playhead stands on it,
    /// unless it stood beyond it already. Otherwise the playhead stands on the last step, and a further call goes on.
    pub fn advance(&mut self, target: SimTime, steps_max: u64) -> bool {
        let mut steps_left = steps_max;
        while let Some(at) = self.next_at().filter(|at| *at <= target) {
            if steps_left == 0 {
                return false;
            }
            steps_left -= 1;
            self.step_at(at);
        }
        self.now = self.now.max(target);
        self.watched.pass(self.cursor.last_at, self.now + 1, &self.world);
        true
    }

    /// Puts the playhead at or before `target`, as near as a keyframe or the present world is; [`Timeline::advance`] goes
    /// the rest of the way, all at once or in portions.
    pub fn rewind(&mut self, target: SimTime) {
        let (frame, _) = self.keyframes.before_time(target);
        let usable = self.cursor.last_at <= target;
        if !usable || frame.steps > self.cursor.steps {
            let (cursor, world) = self.keyframes.before_time(target).clone();
            (self.cursor, self.world) = (cursor, world);
        }
        self.now = self.cursor.last_at;
    }

    /// Goes to `target`, backwards or forwards: everything due at or before it has happened, nothing else has.
    pub fn seek(&mut self, target: SimTime) {
        self.rewind(target);
        let reached = self.advance(target, u64::MAX);
        debug_assert!(reached, "an advance without a bound ends");
    }

    /// One step forward; false if there will never be one.
    pub fn step_forward(&mut self) -> bool {
        let next = self.next_at();
        if let Some(at) = next {
            self.step_at(at);
        }
        next.is_some()
    }

    /// One step back: the playhead stands on the step before the last. False at the beginning.
    pub fn step_back(&mut self) -> bool {
        let Some(steps) = self.cursor.steps.checked_sub(1) else {
            let moved = self.now > SimTime::ZERO;
            self.now = SimTime::ZERO;
            return moved;
        };
        let (cursor, world) = self.keyframes.before_step(steps).clone();
        (self.cursor, self.world) = (cursor, world);
        while self.cursor.steps < steps {
            let at = self.next_at().expect("a step that was made once can be made again");
            self.step_at(at);
        }
        self.now = self.cursor.last_at;
        true
    }

    /// Acts on the world at the playhead and drops the future: later inputs, keyframes and history.
    /// If something has already happened at this very instant, the input counts for the microsecond after it,
    /// so that a replay puts it in the same place.
    ///
    /// # Errors
    /// The world refuses the input; then nothing has changed, not even the future.
    pub fn intervene(&mut self, input: M::Input) -> Result<SimTime, M::Refusal> {
        let mut trial = self.world.clone();
        let mut at = self.now;
        if self.cursor.occurred && self.cursor.last_at == at {
            // The rest of this instant comes first, as it will in a replay.
            while trial.next_at() == Some(at) {
                trial.step();
            }
            at += 1;
        }
        trial.intervene(at, &input)?;
        if at > self.now {
            self.advance_without_inputs(self.now);
        }
        self.drop_future();
        self.inputs.push((at, input));
        self.step_at(at);
        Ok(at)
    }

    /// The input on which the playhead stands: it was the last step, and no time has passed since.
    pub fn latest_input(&self) -> Option<&M::Input> {
        let latest = self.cursor.inputs.checked_sub(1).filter(|_| !self.cursor.occurred && self.cursor.last_at == self.now)?;
        self.inputs.get(latest).map(|(_, input)| input)
    }

    /// Acts on the world in the place of [`Timeline::latest_input`], at the same instant.
    ///
    /// # Errors
    /// The world refuses the input; then nothing has changed.
    pub fn amend(&mut self, input: M::Input) -> Result<SimTime, M::Refusal> {
        if self.latest_input().is_none() {
            return self.intervene(input);
        }
        let (at, before) = (self.now, (self.cursor, self.world.clone()));
        let back = self.step_back();
        debug_assert!(back, "there is a step to take back");
        if let Err(refusal) = self.world.clone().intervene(at, &input) {
            (self.cursor, self.world) = before;
            self.now = at;
            return Err(refusal);
        }
        self.drop_future();
        self.inputs.push((at, input));
        self.step_at(at);
        Ok(at)
    }

    /// Forgets the recorded inputs, keyframes and history after the playhead.
    pub fn drop_future(&mut self) {
        self.inputs.truncate(self.cursor.inputs);
        self.keyframes.truncate(self.cursor.steps);
        self.history.truncate(self.cursor, self.world.violation_count());
        self.watched.truncate(self.now);
    }

    /// Finishes the instant `target` as it will be when the inputs that lie ahead have been dropped.
    fn advance_without_inputs(&mut self, target: SimTime) {
        self.inputs.truncate(self.cursor.inputs);
        let reached = self.advance(target, u64::MAX);
        debug_assert!(reached, "an advance without a bound ends");
    }

    /// Makes the step that is due at `at`. At equal times the input wins, so that a live run and its replay agree.
    fn step_at(&mut self, at: SimTime) {
        self.watched.pass(self.cursor.last_at, at, &self.world);
        let steps = self.cursor.steps + 1;
        let new = self.history.is_new(steps);
        let input = self.inputs.get(self.cursor.inputs).filter(|(due, _)| *due == at);
        let occurred = match input {
            Some((_, input)) => {
                // A recorded input may be refused after an edit of the recording; the run goes on without it.
                let _refused = self.world.intervene(at, input).is_err();
                self.cursor.inputs += 1;
                false
            }
            None => {
                self.world.step();
                true
            }
        };
        self.cursor = Cursor { steps, last_at: at, occurred, ..self.cursor };
        self.now = self.now.max(at);
        if new {
            self.history.note(self.cursor, self.world.violation_count());
        }
        self.keyframes.offer(self.cursor, &self.world);
    }
}
