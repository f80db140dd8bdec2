//! The world that a case is played in, and everything done to it: together they are a recording, which plays again exactly.
//!
//! Has never heard of verbs. Its rule for an act is the timeline's: where something has already happened at this instant,
//! the rest of it comes first and the act counts for the microsecond after.

use std::ops::Deref;

use crate::kernel::SimTime;
use crate::listener::ConsumerRecord;
use crate::listener::consumer::Seen;
use crate::pipeline::{FactKind, Intervention, InterventionError, Probe, World};
use crate::scenario::Scenario;

/// What a probe showed at a moment.
#[derive(Debug, Clone)]
pub struct Sight {
    /// Where it looked.
    pub probe: Probe,
    /// What it showed.
    pub text: String,
    /// When.
    pub at: SimTime,
}

/// What a world began from, what was done to it, and when the script was over.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// What it began from.
    pub scenario: Scenario,
    /// What was done to it, ascending.
    pub inputs: Vec<(SimTime, Intervention)>,
    /// The end of the script.
    pub end: SimTime,
}

/// A world on which a script works. Reading goes through to the world.
pub(super) struct Desk {
    world: World,
    scenario: Scenario,
    inputs: Vec<(SimTime, Intervention)>,
    /// Whether an occurrence was the last thing to happen, and when.
    occurred_at: Option<SimTime>,
    /// How much of what each member received and saw was taken.
    taken: Vec<(usize, usize)>,
}

impl Deref for Desk {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Desk {
    /// The beginning of a scenario.
    pub(super) fn new(scenario: &Scenario) -> Desk {
        Desk { world: World::new(scenario), scenario: scenario.clone(), inputs: Vec::new(), occurred_at: None, taken: Vec::new() }
    }

    /// What the world began from, and what was done to it.
    pub(super) fn into_recording(self) -> Recorded {
        Recorded { scenario: self.scenario, inputs: self.inputs, end: self.world.now() }
    }

    /// Handles the next occurrence; false if there will never be one.
    pub(super) fn step(&mut self) -> bool {
        let stepped = self.world.step();
        if stepped {
            self.occurred_at = Some(self.world.now());
        }
        stepped
    }

    /// Goes on until nothing more is due at or before `until`, and stands there.
    pub(super) fn run_until(&mut self, until: SimTime) {
        while self.world.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.world.run_until(until);
    }

    /// Finishes the instant in which something has already happened and gives the moment at which an act counts.
    pub(super) fn moment_of_act(&mut self) -> SimTime {
        let now = self.world.now();
        if self.occurred_at != Some(now) {
            return now;
        }
        self.moment_of_look() + 1
    }

    /// Finishes the instant, so that what is read now is what a replay shows of it: whatever is done next is done later.
    pub(super) fn look(&mut self) {
        let now = self.moment_of_look();
        self.occurred_at = Some(now);
    }

    fn moment_of_look(&mut self) -> SimTime {
        let now = self.world.now();
        while self.world.next_at() == Some(now) {
            self.step();
        }
        now
    }

    /// What a probe shows now.
    pub(super) fn sight(&mut self, probe: Probe) -> Sight {
        self.look();
        Sight { text: probe.of(&self.world), probe, at: self.world.now() }
    }

    /// The numbers of the facts from `start` on that this holds for.
    pub(super) fn facts_since(&self, start: u64, holds: impl Fn(&FactKind) -> bool) -> Vec<u64> {
        let all = (start..).zip(self.world.trace().iter_from(start));
        all.filter(|(_, fact)| holds(&fact.kind)).map(|(number, _)| number).collect()
    }

    /// Does something to the world, as soon as it can be done.
    ///
    /// # Errors
    /// The world refuses it.
    pub(super) fn intervene(&mut self, intervention: &Intervention) -> Result<(), InterventionError> {
        let at = self.moment_of_act();
        self.world.intervene(at, intervention)?;
        self.inputs.push((at, intervention.clone()));
        self.occurred_at = None;
        Ok(())
    }

    fn taken(&mut self, index: usize) -> &mut (usize, usize) {
        if self.taken.len() <= index {
            self.taken.resize(index + 1, (0, 0));
        }
        &mut self.taken[index]
    }

    /// The place of the newest member of this name.
    pub(super) fn place_of(&self, member: &str) -> Option<u32> {
        self.world.lab().members().iter().rposition(|m| &*m.name == member).map(|place| place as u32)
    }

    /// How many of a member's received records were taken.
    pub(super) fn received_count(&mut self, index: u32) -> usize {
        self.taken(index as usize).0
    }

    /// How many of the things that a member saw were taken.
    pub(super) fn seen_count(&mut self, index: u32) -> usize {
        self.taken(index as usize).1
    }

    /// The records that the newest member of this name received since this was last asked.
    pub(super) fn take_records(&mut self, member: &str) -> Vec<ConsumerRecord> {
        let Some(index) = self.place_of(member) else { return Vec::new() };
        let from = self.taken(index as usize).0;
        let new: Vec<ConsumerRecord> = self.world.lab().members()[index as usize].application.received()[from..].to_vec();
        self.taken(index as usize).0 += new.len();
        new
    }

    /// What a member's rebalance listener saw since this was last asked.
    pub(super) fn take_seen(&mut self, index: u32) -> Vec<Seen> {
        let from = self.taken(index as usize).1;
        let Some(member) = self.world.lab().members().get(index as usize) else { return Vec::new() };
        let new: Vec<Seen> = member.application.seen().get(from..).unwrap_or_default().to_vec();
        self.taken(index as usize).1 += new.len();
        new
    }
}
