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

/// A fault that has struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hit {
    /// Its number.
    pub id: FaultId,
    /// As it was laid.
    pub rule: FaultRule,
    /// What it says; never [`Verdict::Pass`].
    pub verdict: Verdict,
    /// Whether it is used up and no longer stands.
    pub is_last: bool,
}

/// All faults of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    standing: Vec<Standing>,
    laid_count: u32,
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

    /// Notes that a fault struck `times` times where it was carried out by somebody else; true if it is used up by that.
    pub fn struck(&mut self, id: FaultId, times: u64) -> bool {
        let Some(index) = self.standing.iter().position(|s| s.id == id) else { return false };
        let standing = &mut self.standing[index];
        standing.struck_count += times;
        let Some(left) = &mut standing.left else { return false };
        *left = left.saturating_sub(times);
        let used_up = *left == 0;
        if used_up {
            self.standing.remove(index);
        }
        used_up
    }

    /// Whether nothing stands, so that nothing need be asked.
    pub fn is_quiet(&self) -> bool {
        self.standing.is_empty()
    }

    /// What happens at this point: the oldest matching fault decides. Armed faults are used up by it.
    pub fn judge(&mut self, point: &Point) -> Option<Hit> {
        let (id, rule, verdict) = self.standing.iter().find_map(|s| match verdict_of(&s.rule, point) {
            Verdict::Pass => None,
            verdict => Some((s.id, s.rule, verdict)),
        })?;
        let is_last = self.struck(id, 1);
        Some(Hit { id, rule, verdict, is_last })
    }
}

/// What one rule says at a point.
fn verdict_of(rule: &FaultRule, point: &Point) -> Verdict {
    let us = rule.amount.saturating_mul(1_000);
    match *point {
        Point::Leg { link, from, to, direction } => {
            if rule.kind == FaultKind::ReplicaSlow && link == Link::Replication && direction == Direction::Request {
                return only_if(rule.target.holds(from, None), Verdict::Delay { us });
            }
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
            only_if(rule.kind == FaultKind::BrokerSlow, Verdict::Delay { us })
        }
        Point::Commit => only_if(rule.kind == FaultKind::CommitFails, Verdict::Refuse),
        Point::CommittedNotPublished => only_if(rule.kind == FaultKind::ApiCrashAfterCommit, Verdict::Crash),
        Point::EventListener => only_if(rule.kind == FaultKind::EventListenerThrows, Verdict::Refuse),
        Point::PublishedNotCommitted => only_if(rule.kind == FaultKind::ApiCrashBeforeCommit, Verdict::Crash),
        Point::PublishedNotMarked => only_if(rule.kind == FaultKind::RelayCrashAfterPublish, Verdict::Crash),
        Point::SentNotCommitted { publisher } => match rule.kind {
            FaultKind::TransactionCrash => only_if(rule.target.holds(publisher, None), Verdict::Crash),
            FaultKind::TransactionStalled => only_if(rule.target.holds(publisher, None), Verdict::Delay { us }),
            _ => Verdict::Pass,
        },
        Point::DeadLettered { consumer, group } => {
            only_if(rule.kind == FaultKind::CrashAfterDeadLetter && rule.target.holds(consumer, group), Verdict::Crash)
        }
        Point::Notice { client } => only_if(rule.kind == FaultKind::CompletionDropped && rule.target.holds(client, None), Verdict::Lose),
    }
}

fn only_if(holds: bool, verdict: Verdict) -> Verdict {
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
        let mut judge = |direction| faults.judge(&leg(direction)).map(|hit| (hit.verdict, hit.id, hit.is_last));
        assert_eq!(judge(Direction::Request), Some((Verdict::Delay { us: 500_000 }, slow, false)));
        assert_eq!(judge(Direction::Response), Some((Verdict::Lose, FaultId(0), true)));
        // It was armed for one moment and is used up.
        assert_eq!(judge(Direction::Response), Some((Verdict::Delay { us: 500_000 }, slow, false)));
    }

    #[test]
    fn a_rule_of_one_node_leaves_the_others_alone() {
        let mut faults = Faults::default();
        let target = Target::Link { link: Link::Fetch, of: Some(Node::Consumer(1)) };
        faults.lay(SimTime::ZERO, FaultRule::usual(FaultKind::LinkSevered, target)).expect("valid");
        assert_eq!(faults.judge(&leg(Direction::Request)), None);
    }

    #[test]
    fn throwing_strikes_as_often_as_its_number_says() {
        let mut faults = Faults::default();
        let rule = FaultRule { amount: 3, ..FaultRule::usual(FaultKind::ListenerThrows, Target::Group(0)) };
        faults.lay(SimTime::ZERO, rule).expect("valid");
        assert_eq!(faults.standing()[0].left, Some(3));
        assert!(!faults.struck(FaultId(0), 2));
        assert!(faults.struck(FaultId(0), 1));
        assert!(faults.is_quiet());
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
