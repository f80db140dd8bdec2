//! How long a member counts as living without a sign of life, for the protocols whose members beat by a request of their own.
//!
//! At most one timer is under way for a lease: it looks at the deadline when it fires. Has never heard of members or groups.

use crate::kernel::SimTime;

/// A session that ends unless it is renewed (`group.consumer.session.timeout.ms`, `group.share.session.timeout.ms`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Lease {
    deadline: SimTime,
    /// When the timer under way fires.
    armed: Option<SimTime>,
}

/// What a timer finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// It is a timer of an earlier lease: nothing is to be done.
    Stale,
    /// There was a sign of life: a timer is wanted for then.
    Renewed(SimTime),
    /// There was none.
    Ended,
}

impl Lease {
    /// A lease that ends at once unless it is renewed.
    pub(super) fn new(now: SimTime) -> Lease {
        Lease { deadline: now, armed: None }
    }

    /// A sign of life; when to fire, if a timer is wanted.
    pub(super) fn renew(&mut self, now: SimTime, timeout_us: u64) -> Option<SimTime> {
        self.deadline = now + timeout_us;
        if self.armed.is_some() {
            return None;
        }
        self.armed = Some(self.deadline);
        self.armed
    }

    /// The timer that is under way counts no longer.
    pub(super) fn disarm(&mut self) {
        self.armed = None;
    }

    /// A timer has fired and nobody was there to look.
    pub(super) fn miss(&mut self, now: SimTime) {
        if self.armed == Some(now) {
            self.armed = None;
        }
    }

    /// A timer has fired.
    pub(super) fn look(&mut self, now: SimTime) -> Looked {
        if self.armed != Some(now) {
            return Looked::Stale;
        }
        self.armed = (self.deadline > now).then_some(self.deadline);
        self.armed.map_or(Looked::Ended, Looked::Renewed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Lease, Looked};
    use crate::kernel::SimTime;

    #[test]
    fn one_timer_serves_all_renewals() {
        let at = SimTime::from_ms;
        let mut lease = Lease::new(at(0));
        assert_eq!(lease.renew(at(0), 45_000), Some(at(45)));
        assert_eq!(lease.renew(at(10), 45_000), None, "a timer is under way");
        assert_eq!(lease.look(at(30)), Looked::Stale);
        assert_eq!(lease.look(at(45)), Looked::Renewed(at(55)));
        assert_eq!(lease.look(at(55)), Looked::Ended);
        assert_eq!(lease.look(at(55)), Looked::Stale, "it ends once");
    }

    #[test]
    fn who_takes_a_lease_over_wants_a_timer_of_its_own() {
        let at = SimTime::from_ms;
        let mut lease = Lease::new(at(0));
        lease.renew(at(0), 45_000);
        lease.disarm();
        assert_eq!(lease.look(at(45)), Looked::Stale);
        assert_eq!(lease.renew(at(46), 45_000), Some(at(91)));
    }

    #[test]
    fn a_timer_that_nobody_saw_is_set_again_by_the_next_sign_of_life() {
        let at = SimTime::from_ms;
        let mut lease = Lease::new(at(0));
        lease.renew(at(0), 45_000);
        lease.miss(at(30));
        assert_eq!(lease.renew(at(40), 45_000), None, "that was another one");
        lease.miss(at(45));
        assert_eq!(lease.renew(at(54), 45_000), Some(at(99)));
    }
}
