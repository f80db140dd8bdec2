//! What a viewer's hand and faults do to a worker of the share group.

use super::share_group::ShareDoing;
use super::{FactKind, InterventionError, ShareDecision, World};
use crate::broker::share::AckType;
use crate::fault::{FaultKind, FaultRule, Node, Standing, Target};
use crate::scenario::{Of, Property, SHARE_GROUP_NUMBER};

impl World {
    /// Whether a worker stops at each delivery and asks.
    pub(super) fn take_share_in_hand(&mut self, slot: u32, on: bool) {
        let Some(work) = self.share_work_mut(slot) else { return };
        work.by_hand = on;
        if !on && work.awaits_decision() {
            self.begin_work(slot);
        }
    }

    /// Whether the answer fits what a worker asks.
    pub(super) fn check_share_decision(&self, slot: u32, decision: ShareDecision) -> Result<(), InterventionError> {
        if !self.share_consumers.get(slot as usize).is_some_and(|c| c.work.as_ref().is_some_and(|w| w.awaits_decision())) {
            return Err(InterventionError::ShareNotAsked { consumer: slot });
        }
        if !decision.fits_implicit() && !self.is_share_explicit(slot) {
            return Err(InterventionError::ImplicitMode { consumer: slot });
        }
        Ok(())
    }

    /// The answer: to accept takes the work that it stands for, everything else is said at once.
    pub(super) fn decide_share(&mut self, slot: u32, decision: ShareDecision) {
        let Some(work) = self.share_work_mut(slot) else { return };
        work.doing = ShareDoing::Working;
        match decision.ack() {
            Some(AckType::Accept) => {
                work.decided = decision.ack();
                self.begin_work(slot);
            }
            Some(ack) => self.finish_record(slot, ack),
            None => self.pass_share_record(slot),
        }
    }

    /// Whether the fault can be laid on consumers of the share group, if that is where it is to be laid.
    pub(super) fn check_share_fault(&self, rule: &FaultRule) -> Result<(), InterventionError> {
        let node = match rule.target {
            Target::Node(node @ Node::ShareConsumer(_)) => node,
            Target::Group(SHARE_GROUP_NUMBER) => Node::ShareConsumer(0),
            _ => return Ok(()),
        };
        if !rule.kind.fits_share_consumer() {
            return Err(InterventionError::Node { node, action: "break in this way" });
        }
        let is_explicit = self.config.choice(Property::ShareAckMode, Of::Only) == "explicit";
        if rule.kind == FaultKind::AckForgotten && !is_explicit {
            return Err(InterventionError::Node { node, action: "make forget in implicit mode" });
        }
        Ok(())
    }

    /// The fault of this kind that strikes a worker now, if one does; it has then struck. What lasts is not told of each time.
    pub(super) fn share_fault(&mut self, slot: u32, kind: FaultKind) -> Option<FaultRule> {
        let Standing { id, rule, left, .. } = *self.standing_share_fault(slot, kind)?;
        if left.is_some() {
            self.tell(Node::Viewer, None, FactKind::FaultStruck { id, rule });
        }
        if self.faults.struck(id, 1) {
            self.tell(Node::Viewer, None, FactKind::FaultEnded { id, rule });
        }
        Some(rule)
    }

    fn standing_share_fault(&self, slot: u32, kind: FaultKind) -> Option<&Standing> {
        let node = Node::ShareConsumer(slot);
        let group = self.share_work(slot).map(|_| SHARE_GROUP_NUMBER);
        self.faults.standing().iter().find(|s| s.rule.kind == kind && s.rule.target.holds(node, group))
    }

    /// Whether a fault keeps the application from finishing its record.
    pub fn is_share_stuck(&self, slot: u32) -> bool {
        self.standing_share_fault(slot, FaultKind::ConsumerStalled).is_some()
    }
}
