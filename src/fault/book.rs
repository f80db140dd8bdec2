//! The faults that stand in a run. Answers at each [`Point`] with the first verdict that is not [`Verdict::Pass`].

use super::{Direction, FaultError, FaultId, FaultKind, FaultRule, Link, Moment, Point, Target, Verdict};
use crate::kernel::SimTime;

/// How many faults can stand at the same time.
pub const FAULTS_MAX: usize = 64;

/// A fault that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Its number.
    pub id: FaultId,
    /// As it was laid.
    pub rule: FaultRule,
    /// Since when.
    pub since: SimTime,
    /// How often it may still strike; `None` while it lasts.
    pub left: Option<u64>,
    /// How often it struck.
    pub struck_count: u64,
}

/// All faults of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    standing: Vec<Standing>,
    laid_count: u32,
    /// Numbers of armed faults that have struck for the last time since [`Faults::take_spent`] was called.
    spent: Vec<FaultId>,
}

impl Faults {
    /// Lays a fault. An immediate one gets a number too, but does not stand.
    ///
    /// # Errors
    /// If the rule does not fit its kind, or too many stand.
    pub fn lay(&mut self, now: SimTime, rule: FaultRule) -> Result<FaultId, FaultError> {
        rule.check()?;
        if self.standing.len() >= FAULTS_MAX {
            return Err(FaultError::TooMany);
        }
        let id = FaultId(self.laid_count);
        self.laid_count += 1;
        let left = match rule.moment {
            Moment::Immediate => return Ok(id),
            Moment::Lasting { .. } => None,
            // "Throws n times" counts deliveries; an armed rule strikes that often at each of its times.
            Moment::Armed { times } if rule.kind == FaultKind::ListenerThrows => Some(u64::from(times) * rule.amount),
            Moment::Armed { times } => Some(u64::from(times)),
        };
        self.standing.push(Standing { id, rule, since: now, left, struck_count: 0 });
        Ok(id)
    }

    /// Ends a fault and returns it.
    ///
    /// # Errors
    /// If no such fault stands.
    pub fn end(&mut self, id: FaultId) -> Result<Standing, FaultError> {
        let at = self.standing.iter().position(|s| s.id == id).ok_or(FaultError::Unknown(id))?;
        Ok(self.standing.remove(at))
    }

    /// The faults that stand, oldest first.
    pub fn standing(&self) -> &[Standing] {
        &self.standing
    }

    /// The fault with this number, if it stands.
    pub fn get(&self, id: FaultId) -> Option<&Standing> {
        self.standing.iter().find(|s| s.id == id)
    }

    /// Armed faults that struck for the last time since this was last asked.
    pub fn take_spent(&mut self) -> Vec<FaultId> {
        std::mem::take(&mut self.spent)
    }

    /// Whether nothing stands, so that nothing need be asked.
    pub fn is_quiet(&self) -> bool {
        self.standing.is_empty()
    }

    /// What happens at this point: the oldest matching fault decides. Armed faults are used up by it.
    pub fn judge(&mut self, point: &Point) -> (Verdict, Option<FaultId>) {
        for index in 0..self.standing.len() {
            let verdict = verdict_of(&self.standing[index].rule, point);
            if verdict == Verdict::Pass {
                continue;
            }
            let standing = &mut self.standing[index];
            standing.struck_count += 1;
            let id = standing.id;
            if let Some(left) = &mut standing.left {
                *left -= 1;
                if *left == 0 {
                    self.standing.remove(index);
                    self.spent.push(id);
                }
            }
            return (verdict, Some(id));
        }
        (Verdict::Pass, None)
    }
}

/// What one rule says at a point.
fn verdict_of(rule: &FaultRule, point: &Point) -> Verdict {
    let us = rule.amount.saturating_mul(1_000);
    match *point {
        Point::Leg { link, from, to, direction } => {
            let Target::Link { link: own, of } = rule.target else { return Verdict::Pass };
            if own != link || of.is_some_and(|node| node != from && node != to) {
                return Verdict::Pass;
            }
            leg_verdict(rule.kind, direction, us)
        }
        Point::Work { node } => {
            if !rule.target.holds(node, None) {
                return Verdict::Pass;
            }
            match rule.kind {
                FaultKind::WriteDbSlow | FaultKind::ReadDbSlow | FaultKind::BrokerSlow => Verdict::Delay { us },
                FaultKind::WriteDbDown | FaultKind::ReadDbDown | FaultKind::QueryDown => Verdict::Refuse,
                _ => Verdict::Pass,
            }
        }
        Point::Commit => crash_if(rule.kind == FaultKind::CommitFails, Verdict::Refuse),
        Point::CommittedNotPublished => crash_if(rule.kind == FaultKind::ApiCrashAfterCommit, Verdict::Crash),
        Point::PublishedNotCommitted => crash_if(rule.kind == FaultKind::ApiCrashBeforeCommit, Verdict::Crash),
        Point::PublishedNotMarked => crash_if(rule.kind == FaultKind::RelayCrashAfterPublish, Verdict::Crash),
        Point::Delivery { consumer, group } => {
            if rule.target.holds(consumer, group) {
                delivery_verdict(rule.kind, us)
            } else {
                Verdict::Pass
            }
        }
        Point::Notice { client } => crash_if(rule.kind == FaultKind::CompletionDropped && rule.target.holds(client, None), Verdict::Lose),
    }
}

fn crash_if(holds: bool, verdict: Verdict) -> Verdict {
    if holds { verdict } else { Verdict::Pass }
}

/// What a link's fault does to something that leaves on it.
fn leg_verdict(kind: FaultKind, direction: Direction, us: u64) -> Verdict {
    match (kind, direction) {
        (FaultKind::LinkSlow, _) => Verdict::Delay { us },
        (FaultKind::LinkSevered, _) | (FaultKind::RequestLost, Direction::Request) | (FaultKind::ResponseLost, Direction::Response) => {
            Verdict::Lose
        }
        (FaultKind::RequestDuplicated, Direction::Request) => Verdict::Duplicate,
        _ => Verdict::Pass,
    }
}

/// What a listener's fault does to a delivery.
fn delivery_verdict(kind: FaultKind, us: u64) -> Verdict {
    match kind {
        FaultKind::ConsumerStalled => Verdict::Stall,
        FaultKind::ListenerThrows => Verdict::Throw,
        FaultKind::ListenerThrowsFatal => Verdict::ThrowFatal,
        FaultKind::ListenerNacks => Verdict::Nack { us },
        FaultKind::AckForgotten => Verdict::ForgetAck,
        FaultKind::AckBeforeEffect => Verdict::AckFirst,
        FaultKind::AckOutOfOrder => Verdict::AckLater,
        FaultKind::ListenerSlow => Verdict::Delay { us },
        FaultKind::CrashAfterEffect => Verdict::CrashAfterEffect,
        FaultKind::CrashBeforeEffect => Verdict::CrashBeforeEffect,
        FaultKind::CrashBeforeCommit => Verdict::CrashBeforeCommit,
        FaultKind::CrashAfterDeadLetter => Verdict::CrashAfterDeadLetter,
        _ => Verdict::Pass,
    }
}

impl Faults {
    /// Whether anything can happen to what travels on this link.
    pub fn touches_link(&self, link: Link) -> bool {
        self.standing.iter().any(|s| matches!(s.rule.target, Target::Link { link: own, .. } if own == link))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Node;
    use super::*;

    fn leg(direction: Direction) -> Point {
        Point::Leg { link: Link::Fetch, from: Node::Consumer(0), to: Node::Broker(1), direction }
    }

    #[test]
    fn the_first_verdict_that_is_not_pass_wins() {
        let mut faults = Faults::default();
        let link = Target::Link { link: Link::Fetch, of: None };
        let lost = FaultRule::usual(FaultKind::ResponseLost, link);
        let slow = FaultRule::usual(FaultKind::LinkSlow, link);
        faults.lay(SimTime::ZERO, lost).expect("valid");
        let slow = faults.lay(SimTime::ZERO, slow).expect("valid");
        // The older rule passes requests, so the younger one decides.
        assert_eq!(faults.judge(&leg(Direction::Request)), (Verdict::Delay { us: 500_000 }, Some(slow)));
        assert_eq!(faults.judge(&leg(Direction::Response)), (Verdict::Lose, Some(FaultId(0))));
        // It was armed for one moment and is used up.
        assert_eq!(faults.take_spent(), [FaultId(0)]);
        assert_eq!(faults.judge(&leg(Direction::Response)), (Verdict::Delay { us: 500_000 }, Some(slow)));
    }

    #[test]
    fn a_rule_of_one_node_leaves_the_others_alone() {
        let mut faults = Faults::default();
        let target = Target::Link { link: Link::Fetch, of: Some(Node::Consumer(1)) };
        faults.lay(SimTime::ZERO, FaultRule::usual(FaultKind::LinkSevered, target)).expect("valid");
        assert_eq!(faults.judge(&leg(Direction::Request)).0, Verdict::Pass);
    }

    #[test]
    fn throws_strikes_as_often_as_its_number_says() {
        let mut faults = Faults::default();
        let rule = FaultRule { amount: 3, ..FaultRule::usual(FaultKind::ListenerThrows, Target::Group(0)) };
        faults.lay(SimTime::ZERO, rule).expect("valid");
        let point = Point::Delivery { consumer: Node::Consumer(0), group: Some(0) };
        let strikes = (0..10).filter(|_| faults.judge(&point).0 == Verdict::Throw).count();
        assert_eq!(strikes, 3);
    }

    #[test]
    fn no_more_than_the_bound_can_stand() {
        let mut faults = Faults::default();
        let rule = FaultRule::usual(FaultKind::ReadDbDown, Target::Node(Node::ReadDb));
        for _ in 0..FAULTS_MAX {
            faults.lay(SimTime::ZERO, rule).expect("room");
        }
        assert_eq!(faults.lay(SimTime::ZERO, rule), Err(FaultError::TooMany));
        assert!(faults.end(FaultId(0)).is_ok());
        assert_eq!(faults.end(FaultId(0)), Err(FaultError::Unknown(FaultId(0))));
    }
}
