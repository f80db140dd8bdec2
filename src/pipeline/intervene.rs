//! Carrying out what a person does to a run.

use std::sync::Arc;

use super::{FactKind, Intervention, InterventionError, Occurrence, World};
use crate::broker;
use crate::fault::{FaultError, FaultId, FaultRule, Moment, Node};
use crate::kernel::SimTime;

impl World {
    /// Does something to the run at `at`, which is not before the last occurrence nor after the next one.
    ///
    /// # Errors
    /// It does not fit the world as it is; then nothing has changed.
    pub fn intervene(&mut self, at: SimTime, intervention: &Intervention) -> Result<(), InterventionError> {
        let (now, step) = (self.now, self.step);
        self.now = self.now.max(at);
        self.step += 1;
        let result = self.carry_out(intervention);
        if result.is_err() {
            (self.now, self.step) = (now, step);
        }
        result
    }

    fn carry_out(&mut self, intervention: &Intervention) -> Result<(), InterventionError> {
        match intervention {
            Intervention::Set { key, value } => {
                self.config.set_text(key, value)?;
                self.told(intervention);
                self.links.configure(&self.config);
                Ok(())
            }
            Intervention::Inject(rule) => Ok(self.lay_fault(*rule)?),
            Intervention::EndFault(id) => {
                let rule = self.faults.end(*id)?.rule;
                self.tell(Node::Viewer, None, FactKind::FaultEnded { id: *id, rule });
                Ok(())
            }
            Intervention::HealAll => {
                self.told(intervention);
                let standing: Vec<FaultId> = self.faults.standing().iter().map(|s| s.id).collect();
                for id in standing {
                    self.end_fault_in_time(id);
                }
                Ok(())
            }
            Intervention::Act(_) | Intervention::ByHand { .. } | Intervention::Decide { .. } => {
                Err(InterventionError::Node { node: Node::Viewer, action: "act on" })
            }
        }
    }

    /// Notes in the trace what was done.
    fn told(&mut self, intervention: &Intervention) {
        self.tell(Node::Viewer, None, FactKind::Intervened(Box::new(intervention.clone())));
    }

    fn lay_fault(&mut self, rule: FaultRule) -> Result<(), FaultError> {
        let id = self.faults.lay(self.now, rule)?;
        self.tell(Node::Viewer, None, FactKind::FaultLaid { id, rule });
        if let Moment::Lasting { until: Some(until) } = rule.moment {
            self.agenda.push(until.max(self.now), Occurrence::FaultEnd(id));
        }
        Ok(())
    }

    /// A lasting fault is over, unless it was ended by hand before.
    pub(super) fn end_fault_in_time(&mut self, id: FaultId) {
        if let Ok(standing) = self.faults.end(id) {
            self.tell(Node::Viewer, None, FactKind::FaultEnded { id, rule: standing.rule });
        }
    }

    pub(super) fn arrive(&mut self, key: super::FlightKey) {
        let flight = self.flights.land(key);
        if flight.lost {
            let kind = FactKind::Lost { link: flight.link, to: flight.to, what: flight.name() };
            self.tell(flight.from, flight.command, kind);
        }
    }

    pub(super) fn cluster_timer(&mut self, _: broker::Timer) {
        let _ = Arc::strong_count(&self.program);
    }
}
