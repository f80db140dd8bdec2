//! The state of a run, and the way on from it.

use std::sync::Arc;

use super::{Fact, FactKind, Flights, Intervention, Links, Occurrence, Trace};
use crate::fault::{Faults, Node};
use crate::kernel::{Agenda, SimTime, digest_of};
use crate::scenario::{Config, Scenario};

/// Everything that there is at an instant of a run.
#[derive(Debug, Clone, Hash)]
pub struct World {
    pub(super) now: SimTime,
    pub(super) step: u64,
    pub(super) seed: u64,
    pub(super) config: Config,
    pub(super) agenda: Agenda<Occurrence>,
    pub(super) program: Arc<[(SimTime, Intervention)]>,
    pub(super) program_next: u32,
    pub(super) flights: Flights,
    pub(super) links: Links,
    pub(super) faults: Faults,
    pub(super) trace: Trace,
}

impl World {
    /// The beginning of a run.
    pub fn new(scenario: &Scenario) -> World {
        World {
            now: SimTime::ZERO,
            step: 0,
            seed: scenario.seed,
            config: scenario.config.clone(),
            agenda: Agenda::default(),
            program: Arc::from(scenario.program.as_slice()),
            program_next: 0,
            flights: Flights::default(),
            links: Links::new(&scenario.config, scenario.seed),
            faults: Faults::default(),
            trace: Trace::default(),
        }
    }

    /// The instant of the last occurrence.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// How many occurrences and interventions were handled.
    pub fn step_count(&self) -> u64 {
        self.step
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The settings as they are now.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is in transit.
    pub fn flights(&self) -> &Flights {
        &self.flights
    }

    /// The faults that stand.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What happened.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// When the next thing happens: the earlier of the agenda's next entry and the programme's. `None`: never again.
    pub fn next_at(&self) -> Option<SimTime> {
        let program = self.program.get(self.program_next as usize).map(|(at, _)| *at);
        match (program, self.agenda.next_at()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Goes on until nothing more is due at or before `until`, and stands there.
    pub fn run_until(&mut self, until: SimTime) {
        while self.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    /// A digest of the whole state.
    pub fn digest(&self) -> u64 {
        digest_of(self)
    }

    /// Adds a fact to the trace.
    pub(super) fn tell(&mut self, actor: Node, command: Option<u32>, kind: FactKind) {
        self.trace.push(Fact { step: self.step, at: self.now, actor, command, kind });
    }
}
