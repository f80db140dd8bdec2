//! The trace: what happened, as facts, the newest of them. The only log of a run.

use super::{Fact, History};

/// At least so many of the newest facts are kept.
pub const FACTS_MIN: u32 = 65_536;

/// The facts of a run.
#[derive(Debug, Clone, Hash)]
pub struct Trace {
    facts: History<Fact>,
}

impl Default for Trace {
    fn default() -> Self {
        Trace { facts: History::new(FACTS_MIN) }
    }
}

impl Trace {
    /// Adds a fact.
    pub(super) fn push(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// The facts still here, oldest first; their numbers begin at [`Trace::dropped_count`].
    pub fn iter(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter()
    }

    /// The facts from this number on.
    pub fn iter_from(&self, number: u64) -> impl Iterator<Item = &Fact> {
        self.facts.iter_from(number)
    }

    /// The fact with this number, if it is still here.
    pub fn get(&self, number: u64) -> Option<&Fact> {
        self.facts.get(number)
    }

    /// The number that the next fact will get: how many there ever were.
    pub fn end(&self) -> u64 {
        self.facts.end()
    }

    /// How many old facts were dropped.
    pub fn dropped_count(&self) -> u64 {
        self.facts.start()
    }

    /// Everything that one command caused, in order, with the facts' numbers.
    pub fn of_command(&self, command: u32) -> impl Iterator<Item = (u64, &Fact)> {
        (self.facts.start()..).zip(self.facts.iter()).filter(move |(_, f)| f.command == Some(command))
    }
}
