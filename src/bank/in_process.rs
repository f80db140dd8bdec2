//! Listeners in the API's own process (F7): Spring's application events instead of a log. When a listener is called, whom
//! its exception reaches and what becomes of what it wrote is given as a plan; here it takes its time, and dies with the
//! process. Knows no annotation.

use crate::kernel::{Deque, SortedMap};

use super::effect::{Effect, Projection};
use super::fact::{Fact, FactKind};
use super::ids::{CommandId, EventId};
use super::moment::{Moment, MomentKind};

/// The most tasks of `@Async` listeners that run at once (`spring.task.execution.pool.core-size`).
pub const EXECUTOR_THREADS: u64 = 8;

/// Calls of listeners to the read database count from here; those of containers from 0.
pub const IN_PROCESS_CALLS: u64 = 1 << 62;

/// When the listeners of an event are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Called {
    /// Never: the event is discarded without a word.
    #[default]
    Never,
    /// Before the commit, whatever becomes of it.
    BeforeCommit,
    /// After the commit.
    AfterCommit,
}

/// What the annotations of the listeners come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct InProcess {
    /// When they are called.
    pub called: Called,
    /// Whether they are called when the transaction rolls back, and only then.
    pub after_rollback: bool,
    /// Whether they are called on a thread of the executor; nobody waits for them.
    pub on_other_thread: bool,
    /// Whether an exception reaches the caller of the service; before the commit it rolls back too.
    pub reaches_caller: bool,
    /// Whether what a listener writes into the write database's own connection is committed by somebody.
    pub write_kept: bool,
    /// Whether the read model lies in the write database: written in its transaction, not over a link.
    pub same_database: bool,
}

/// One event on its way to its listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Delivery {
    pub(super) command: CommandId,
    pub(super) event: EventId,
    /// The handling that waits, if it is called on the caller's thread.
    pub(super) handling: Option<u32>,
    /// The next listener, by its place in [`Projection::ALL`], and where to stop.
    pub(super) next: u32,
    end: u32,
}

impl Delivery {
    /// The listener that is called now.
    pub(super) fn projection(&self) -> Projection {
        Projection::ALL[self.next as usize]
    }

    fn is_to_reach(&self, projection: Projection) -> bool {
        (self.next..self.end).contains(&(projection as u32))
    }
}

/// What the process holds in memory of events and listeners.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct InProcessListeners {
    number: u32,
    running: SortedMap<u32, Delivery>,
    queue: Deque<Delivery>,
}

impl InProcessListeners {
    /// How many tasks wait for a thread of the executor.
    pub fn queued_count(&self) -> u64 {
        self.queue.len() as u64
    }

    /// How many listeners are at work.
    pub fn running_count(&self) -> u64 {
        self.running.len() as u64
    }

    /// Whether a listener is still to handle the event.
    pub(super) fn is_to_reach(&self, projection: Projection, event: EventId) -> bool {
        let of = |d: &&Delivery| d.event == event && d.is_to_reach(projection);
        self.running.values().chain(&self.queue).any(|d| of(&d))
    }

    /// Calls all listeners one after the other, on the caller's thread.
    pub(super) fn call(&mut self, handling: u32, (command, event): (CommandId, EventId), out: &mut Vec<Effect>) {
        let end = Projection::ALL.len() as u32;
        self.begin(Delivery { command, event, handling: Some(handling), next: 0, end }, out);
    }

    /// Whether anything of the event is still in the process's hands.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.queue.is_empty()
    }

    /// Hands each listener's call to the executor.
    pub(super) fn submit(&mut self, command: CommandId, event: EventId, out: &mut Vec<Effect>) {
        for next in 0..Projection::ALL.len() as u32 {
            self.queue.push_back(Delivery { command, event, handling: None, next, end: next + 1 });
        }
        self.fill_threads(out);
    }

    fn fill_threads(&mut self, out: &mut Vec<Effect>) {
        while (self.running.values().filter(|d| d.handling.is_none()).count() as u64) < EXECUTOR_THREADS {
            let Some(delivery) = self.queue.pop_front() else { return };
            self.begin(delivery, out);
        }
    }

    /// The listener is entered; a fault may strike there.
    fn begin(&mut self, delivery: Delivery, out: &mut Vec<Effect>) {
        let number = self.number;
        self.number = self.number.wrapping_add(1);
        self.running.insert(number, delivery);
        let (projection, event) = (delivery.projection(), delivery.event);
        let kind = FactKind::EventListenerCalled { projection, event, on_other_thread: delivery.handling.is_none() };
        out.push(Effect::Fact(Fact::of(delivery.command, kind)));
        let kind = MomentKind::ApiListenerCalled;
        out.push(Effect::Moment(Moment { kind, subject: number, command: Some(delivery.command) }));
    }

    /// The delivery with this number, if it is under way.
    pub(super) fn running(&self, number: u32) -> Option<Delivery> {
        self.running.get(&number).copied()
    }

    /// A listener is done; the next one is called, unless this one's exception keeps the others from it. Gives the handling
    /// that can go on, with whether all went well.
    pub(super) fn done(
        &mut self,
        number: u32,
        result: Result<(), &'static str>,
        stops: bool,
        out: &mut Vec<Effect>,
    ) -> Option<(u32, bool)> {
        let delivery = self.running.remove(&number)?;
        if let Err(class) = result {
            let kind = FactKind::EventListenerThrew { projection: delivery.projection(), event: delivery.event, class };
            out.push(Effect::Fact(Fact::of(delivery.command, kind)));
        }
        let Some(handling) = delivery.handling else {
            self.fill_threads(out);
            return None;
        };
        let failed = result.is_err() && stops;
        if !failed && delivery.next + 1 < delivery.end {
            self.begin(Delivery { next: delivery.next + 1, ..delivery }, out);
            return None;
        }
        Some((handling, !failed))
    }

    /// The process dies: what was in memory is gone. Gives the calls that nobody waits for any more.
    pub(super) fn crash(&mut self, out: &mut Vec<Effect>) -> Vec<u64> {
        for delivery in std::mem::take(&mut self.queue) {
            let kind = FactKind::EventListenerDropped { projection: delivery.projection(), event: delivery.event };
            out.push(Effect::Fact(Fact::of(delivery.command, kind)));
        }
        std::mem::take(&mut self.running).into_keys().map(|number| IN_PROCESS_CALLS + u64::from(number)).collect()
    }
}
