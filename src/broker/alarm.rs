//! A wake-up call for something that has many deadlines: few timers, none of them missed. Knows nothing of what is due.

use crate::kernel::{SimTime, SortedSet};

/// The timers that are set. There is never more than one for the same instant, and none is set while an earlier one will
/// wake its owner anyway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Alarm {
    set: SortedSet<SimTime>,
}

impl Alarm {
    /// Something is due at `at`: gives `at` if a timer must be set for it.
    pub(super) fn need(&mut self, at: SimTime) -> Option<SimTime> {
        if at == SimTime::NEVER || self.set.first().is_some_and(|first| *first <= at) {
            return None;
        }
        self.set.insert(at);
        Some(at)
    }

    /// A timer has gone off at `now`.
    pub(super) fn fired(&mut self, now: SimTime) {
        while self.set.first().is_some_and(|first| *first <= now) {
            self.set.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_set_only_if_none_goes_off_before() {
        let mut alarm = Alarm::default();
        assert_eq!(alarm.need(SimTime(30)), Some(SimTime(30)));
        assert_eq!(alarm.need(SimTime(40)), None);
        assert_eq!(alarm.need(SimTime(5)), Some(SimTime(5)));
        alarm.fired(SimTime(5));
        assert_eq!(alarm.need(SimTime(31)), None, "the one at 30 still goes off");
        alarm.fired(SimTime(30));
        assert_eq!(alarm.need(SimTime(31)), Some(SimTime(31)));
    }
}
