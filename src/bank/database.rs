//! What both databases have in common: a process that is up or down, and operations that take their time. Knows no table.

use crate::kernel::{Latency, Prng, SimTime, SortedMap};

/// The server of a database. `O` is an operation that was begun; what it does is the database's own affair.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Server<O> {
    up: bool,
    /// Added to the time of each operation, in microseconds.
    extra_us: u64,
    operations: SortedMap<u32, O>,
    next_operation: u32,
    prng: Prng,
}

impl<O> Server<O> {
    /// A server that is up, with a stream of chance of its own.
    pub(super) fn new(seed: u64, name: &str) -> Server<O> {
        Server { up: true, extra_us: 0, operations: SortedMap::new(), next_operation: 0, prng: Prng::stream(seed, name, 0) }
    }

    pub(super) fn is_up(&self) -> bool {
        self.up
    }

    pub(super) fn extra_us(&self) -> u64 {
        self.extra_us
    }

    pub(super) fn set_extra_us(&mut self, us: u64) {
        self.extra_us = us;
    }

    /// Begins an operation; gives its number and when its time is up. `work_us` comes on top of what a statement takes.
    pub(super) fn begin(&mut self, now: SimTime, latency: &Latency, work_us: u64, operation: O) -> (u32, SimTime) {
        let number = self.next_operation;
        self.next_operation += 1;
        self.operations.insert(number, operation);
        (number, now + latency.draw(&mut self.prng) + self.extra_us + work_us)
    }

    pub(super) fn get(&self, operation: u32) -> Option<&O> {
        self.operations.get(&operation)
    }

    pub(super) fn get_mut(&mut self, operation: u32) -> Option<&mut O> {
        self.operations.get_mut(&operation)
    }

    /// An operation is over.
    pub(super) fn end(&mut self, operation: u32) -> Option<O> {
        self.operations.remove(&operation)
    }

    /// What is under way, oldest first.
    pub(super) fn operations(&self) -> impl Iterator<Item = &O> {
        self.operations.values()
    }

    /// The process dies: gives what was under way.
    pub(super) fn crash(&mut self) -> impl Iterator<Item = O> {
        self.up = false;
        std::mem::take(&mut self.operations).into_values()
    }

    pub(super) fn restart(&mut self) {
        self.up = true;
    }
}
