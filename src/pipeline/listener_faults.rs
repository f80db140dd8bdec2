//! What faults and a viewer's hand do to a listener method: rules in front of its program.

use std::sync::Arc;

use super::{FactKind, World};
use crate::fault::{FaultId, FaultKind, FaultRule, Moment, Node, Standing};
use crate::listener::{Action, Condition, ListenerKind, ListenerProgram, Rule};

/// An exception that is worth a retry.
pub(super) const RETRYABLE: &str = "java.lang.IllegalStateException";
/// An exception that is not: it is on the list of Spring's `ExceptionClassifier` (D8).
pub(super) const FATAL: &str = "java.lang.ClassCastException";

/// The number under which the viewer's hand is armed; faults have smaller ones.
const BY_HAND: u64 = u64::MAX;
/// Added to a fault's number: the rule that follows when the fault has struck.
const AFTERWARDS: u64 = 1 << 32;

/// The rule that a fault puts in front of a listener's program; `None` if it is no fault of a listener.
pub(super) fn rule_of(id: FaultId, fault: &FaultRule, program: &ListenerProgram, batch: bool) -> Option<Rule> {
    let usual = &program.otherwise;
    let acks = usual.actions.contains(&Action::Ack);
    let effect_then = |more: &[Action]| [&[Action::Effect], more].concat();
    let with_ack = |mut actions: Vec<Action>| {
        if acks {
            actions.push(Action::Ack);
        }
        actions
    };
    let actions: Vec<Action> = match fault.kind {
        FaultKind::ListenerThrows => vec![Action::Throw { class: Arc::from(RETRYABLE) }],
        FaultKind::ListenerThrowsFatal => vec![Action::Throw { class: Arc::from(FATAL) }],
        FaultKind::ListenerThrowsError => vec![Action::ThrowError],
        FaultKind::BatchRecordFails => vec![Action::ThrowBatchFailed { index: u32::try_from(fault.amount).unwrap_or(u32::MAX) }],
        FaultKind::ListenerNacks if batch => vec![Action::NackIndex { index: 0, ms: fault.amount as i64 }],
        FaultKind::ListenerNacks => vec![Action::Nack { ms: fault.amount as i64 }],
        FaultKind::AckForgotten => effect_then(&[]),
        FaultKind::AckBeforeEffect => vec![Action::Ack, Action::Effect],
        FaultKind::AckOutOfOrder => effect_then(&[Action::Hold]),
        FaultKind::ListenerSlow => [&[Action::Block { us: fault.amount * 1_000 }], &usual.actions[..]].concat(),
        FaultKind::ConsumerStalled => [&[Action::BlockUntil { latch: latch(id) }], &usual.actions[..]].concat(),
        FaultKind::CrashAfterEffect => effect_then(&[Action::Kill]),
        FaultKind::CrashBeforeEffect => vec![Action::Kill],
        FaultKind::CrashBeforeCommit => [with_ack(effect_then(&[])), vec![Action::Kill]].concat(),
        FaultKind::CrashAfterDeadLetter => vec![Action::Throw { class: Arc::from(FATAL) }],
        _ => return None,
    };
    // A dead letter comes only of an exception that leaves the listener, whatever its `catch` does.
    let leaves = matches!(fault.kind, FaultKind::CrashAfterDeadLetter | FaultKind::BatchRecordFails);
    let catch = usual.catch.clone().filter(|_| !leaves);
    Some(Rule { when: Condition::default(), actions: Arc::from(actions), catch })
}

/// The latch that holds a stalled listener until its fault ends.
pub(super) fn latch(id: FaultId) -> Arc<str> {
    Arc::from(format!("fault-{}", id.0))
}

impl World {
    /// Puts the rules of all standing faults, and the viewer's hand, in front of a listener that has just been started.
    pub(super) fn arm_listener(&mut self, slot: u32) {
        let standing: Vec<Standing> = self.faults.standing().to_vec();
        for s in standing {
            self.arm_slot(slot, &s);
        }
        if self.consumers[slot as usize].by_hand {
            self.take_in_hand(slot, true);
        }
    }

    /// Puts the rule of a fault in front of every listener that it concerns.
    pub(super) fn arm_listeners(&mut self, standing: &Standing) {
        for slot in 0..self.consumers.len() as u32 {
            self.arm_slot(slot, standing);
        }
    }

    fn arm_slot(&mut self, slot: u32, standing: &Standing) {
        let place = &mut self.consumers[slot as usize];
        if !standing.rule.target.holds(Node::Consumer(slot), place.group) {
            return;
        }
        let id = u64::from(standing.id.0);
        let batch = place.container.properties().kind == ListenerKind::Batch;
        if let Some(rule) = rule_of(standing.id, &standing.rule, place.listener.program(), batch) {
            place.listener.disarm(id);
            // Faults of the same group share their number of times; each listener is given the rest of it.
            place.listener.arm(id, rule, standing.left.map(|left| u32::try_from(left).unwrap_or(u32::MAX)));
        }
    }

    /// Takes the rule of a fault away again, and lets go what it held.
    pub(super) fn disarm_listeners(&mut self, id: FaultId, stalled: bool) {
        for slot in 0..self.consumers.len() as u32 {
            self.consumers[slot as usize].listener.disarm(u64::from(id.0));
            if stalled {
                let latch = latch(id);
                self.consumers[slot as usize].listener.release(&latch);
                self.with_container(slot, |c, now, listener, out| c.on_released(now, &latch, listener, out));
            }
        }
    }

    /// Counts how often armed rules were used by a listener just now.
    pub(super) fn count_listener_strikes(&mut self, slot: u32) {
        let standing: Vec<Standing> = self.faults.standing().to_vec();
        for s in standing {
            let Some(left) = s.left else { continue };
            let place = &self.consumers[slot as usize];
            if !s.rule.target.holds(Node::Consumer(slot), place.group) || rule_of(s.id, &s.rule, place.listener.program(), false).is_none()
            {
                continue;
            }
            let now_left = place.listener.armed_left(u64::from(s.id.0)).flatten().map_or(0, u64::from);
            let used = left.saturating_sub(now_left);
            if used == 0 {
                continue;
            }
            self.struck(slot, &s, used);
        }
    }

    fn struck(&mut self, slot: u32, s: &Standing, times: u64) {
        let node = Node::Viewer;
        // Its crash comes later, with the dead letter, and is told then; the rule stands until then.
        if s.rule.kind == FaultKind::CrashAfterDeadLetter {
            return;
        }
        if s.rule.kind == FaultKind::AckOutOfOrder {
            self.acknowledge_later(slot, s.id);
        }
        if matches!(s.rule.kind, FaultKind::CrashAfterEffect | FaultKind::CrashBeforeEffect | FaultKind::CrashBeforeCommit) {
            self.restart_after_death(slot);
        }
        self.tell(node, None, FactKind::FaultStruck { id: s.id, rule: s.rule });
        if self.faults.struck(s.id, times) {
            self.tell(node, None, FactKind::FaultEnded { id: s.id, rule: s.rule });
            for place in &mut self.consumers {
                place.listener.disarm(u64::from(s.id.0));
            }
        } else if let (Moment::Armed { .. }, Some(rest)) = (s.rule.moment, self.faults.get(s.id).copied()) {
            self.arm_listeners(&rest);
        }
    }

    /// The acknowledgment that is kept now is given after the next record's.
    fn acknowledge_later(&mut self, slot: u32, id: FaultId) {
        let place = &mut self.consumers[slot as usize];
        let held = place.container.thread().in_hand().first().and_then(|r| r.record.value.as_deref());
        let Some(value) = held.and_then(|bytes| std::str::from_utf8(bytes).ok()).map(Arc::from) else { return };
        let mut usual = place.listener.program().otherwise.clone();
        usual.actions = Arc::from([&usual.actions[..], &[Action::AckHeld(vec![value])]].concat());
        place.listener.arm(AFTERWARDS | u64::from(id.0), usual, Some(1));
    }

    /// Whether the listener of a consumer stops at each delivery and asks.
    pub(super) fn take_in_hand(&mut self, slot: u32, on: bool) {
        let place = &mut self.consumers[slot as usize];
        place.by_hand = on;
        place.listener.disarm(BY_HAND);
        if on {
            let usual = place.listener.program().otherwise.clone();
            let actions = [&[Action::AskViewer], &usual.actions[..]].concat();
            place.listener.arm(BY_HAND, Rule { when: Condition::default(), actions: Arc::from(actions), catch: usual.catch }, None);
        }
    }
}
