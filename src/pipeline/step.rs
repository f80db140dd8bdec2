//! One step: take the next occurrence or intervention of the programme, and call what it concerns. Nothing else.
#![deny(clippy::wildcard_enum_match_arm)]

use super::{Occurrence, World};
use crate::kernel::SimTime;

impl World {
    /// Handles the next thing that is due. False if nothing ever is.
    pub fn step(&mut self) -> bool {
        let program_at = self.program.get(self.program_next as usize).map(|(at, _)| *at);
        // At one instant the programme comes first: whatever was done live is done at the same place in a replay.
        if let Some(at) = program_at.filter(|at| self.agenda.next_at().is_none_or(|next| *at <= next)) {
            self.run_program(at);
            return true;
        }
        let Some((at, occurrence)) = self.agenda.pop() else { return false };
        debug_assert!(at >= self.now, "the agenda gave {at} after {}", self.now);
        self.now = at;
        self.step += 1;
        match occurrence {
            Occurrence::Arrival(key) => self.arrive(key),
            Occurrence::Cluster(timer) => self.cluster_timer(timer),
            Occurrence::FaultEnd(id) => self.end_fault_in_time(id),
        }
        true
    }

    fn run_program(&mut self, at: SimTime) {
        let program = std::sync::Arc::clone(&self.program);
        let intervention = &program[self.program_next as usize].1;
        self.program_next += 1;
        // A programme is checked when it is built; if an intervention no longer fits what the viewer did meanwhile, it
        // is passed over, as a person would find the button disabled.
        let _ = self.intervene(at, intervention);
    }
}
