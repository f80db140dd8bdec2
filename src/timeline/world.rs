//! The pipeline's world as a [`Machine`].

use super::Machine;
use crate::kernel::SimTime;
use crate::pipeline::{Intervention, InterventionError, World};

impl Machine for World {
    type Input = Intervention;
    type Refusal = InterventionError;

    fn next_at(&self) -> Option<SimTime> {
        World::next_at(self)
    }

    fn step(&mut self) {
        World::step(self);
    }

    fn intervene(&mut self, at: SimTime, input: &Intervention) -> Result<(), InterventionError> {
        World::intervene(self, at, input)
    }

    fn supersedes(new: &Intervention, old: &Intervention) -> bool {
        matches!((new, old), (Intervention::Set { key: new, .. }, Intervention::Set { key: old, .. }) if new == old)
    }

    fn digest(&self) -> u64 {
        World::digest(self)
    }

    fn violation_count(&self) -> u64 {
        self.referee().total_count()
    }
}
