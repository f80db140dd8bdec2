//! The [`Bank`] without a log: what its listeners in the API's process do to the databases (F7). Knows no annotation.

use std::sync::Arc;

use super::Bank;
use crate::bank::config::Publication;
use crate::bank::effect::Effect;
use crate::bank::fact::{Fact, FactKind};
use crate::bank::in_process::{Called, IN_PROCESS_CALLS};
use crate::kernel::SimTime;

impl Bank {
    /// A listener in the API's process does its work: in the transaction that runs, or by a statement of its own (F7).
    pub(super) fn call_listener(&mut self, now: SimTime, number: u32, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        let Some(delivery) = self.api.listeners.running(number) else { return };
        let (plan, projection, event) = (config.api.in_process, delivery.projection(), delivery.event);
        let in_its_connection = plan.same_database && delivery.handling.is_some();
        match plan.called {
            Called::BeforeCommit if in_its_connection => self.api.on_listened(&config, number, Ok(()), out),
            Called::AfterCommit if in_its_connection && !plan.write_kept => {
                out.push(Effect::Fact(Fact::of(delivery.command, FactKind::EventListenerUndone { projection, event })));
                self.api.on_listened(&config, number, Ok(()), out);
            }
            _ => self.apply(now, IN_PROCESS_CALLS + u64::from(number), projection, (Arc::from([event]), None), out),
        }
    }

    /// What listeners wrote in the transaction that has just committed is in the read model from the same moment.
    pub(super) fn write_views_with_it(&mut self, now: SimTime, before: usize, out: &mut Vec<Effect>) {
        let plan = self.config.api.in_process;
        let with_it = plan.same_database && plan.called == Called::BeforeCommit && !plan.on_other_thread;
        if self.config.api.publication != Publication::InProcess || !with_it {
            return;
        }
        let stored = out[before..].iter().find_map(|effect| match effect {
            Effect::Fact(Fact { kind: FactKind::EventStored { event }, .. }) => Some(*event),
            _ => None,
        });
        if let Some(event) = stored.and_then(|id| self.book.get(id)) {
            self.read_db.write_directly(now, &self.config, event, out);
        }
    }
}
