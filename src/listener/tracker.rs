//! Which record failed how often (D8): Spring's `FailedRecordTracker`. One per consumer thread; in memory only.
//!
//! Knows neither seeks nor recoverers.

use crate::kernel::SortedMap;
use std::sync::Arc;

use super::Exception;
use super::back_off::{BackOff, BackOffExecution};
use super::exception::is_a;
use crate::broker::TopicPartition;

/// Whose count it is: both may be at work on one record (E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counts {
    /// The error handler's.
    Handler,
    /// The after-rollback processor's.
    AfterRollback,
}

/// The failing record of each partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FailedRecordTracker {
    failures: SortedMap<(TopicPartition, Counts), FailedRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FailedRecord {
    offset: u64,
    attempts: u32,
    last_class: Arc<str>,
    back_off: BackOff,
    execution: BackOffExecution,
}

/// What follows from one more failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// The number of the failed attempt, from 1.
    pub attempt: u32,
    /// The wait before the next attempt; `None`: no more attempts.
    pub wait_ms: Option<u64>,
}

impl FailedRecordTracker {
    /// Counts a failure. A new offset, or with `reset_on_change` an exception of which the last one was no instance, starts
    /// again at 1.
    pub fn failed(
        &mut self,
        of: (TopicPartition, Counts),
        offset: u64,
        exception: &Exception,
        back_off: &BackOff,
        reset_on_change: bool,
    ) -> Verdict {
        let goes_on = self
            .failures
            .get(&of)
            .is_some_and(|known| known.offset == offset && (!reset_on_change || is_a(&known.last_class, &exception.class)));
        if !goes_on {
            let fresh = FailedRecord {
                offset,
                attempts: 0,
                last_class: exception.class.clone(),
                back_off: back_off.clone(),
                execution: BackOffExecution::default(),
            };
            self.failures.insert(of, fresh);
        }
        let failed = self.failures.get_mut(&of).expect("inserted above if it was missing");
        failed.attempts += 1;
        failed.last_class = exception.class.clone();
        Verdict { attempt: failed.attempts, wait_ms: failed.execution.next_ms(&failed.back_off) }
    }

    /// Forgets the failing record of a partition: it was recovered, or its state is reset.
    pub fn forget(&mut self, of: (TopicPartition, Counts)) {
        self.failures.remove(&of);
    }

    /// Forgets everything: a batch went well, or the thread ends.
    pub fn clear(&mut self) {
        self.failures.clear();
    }

    /// The failing records, by partition.
    pub fn failing(&self) -> impl Iterator<Item = (TopicPartition, u64)> + '_ {
        self.failures.iter().map(|((partition, _), failed)| (*partition, failed.offset))
    }

    /// The number that the next delivery of this record carries in `kafka_deliveryAttempt` (D15).
    pub fn delivery_attempt(&self, of: (TopicPartition, Counts), offset: u64) -> u32 {
        self.failures.get(&of).filter(|known| known.offset == offset).map_or(1, |known| known.attempts + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::TopicId;
    use crate::listener::exception::{ILLEGAL_ARGUMENT, ILLEGAL_STATE};

    #[test]
    fn d8_another_exception_class_starts_the_count_again_unless_told_not_to() {
        let partition = TopicPartition { topic: TopicId(0), partition: 0 };
        let back_off = BackOff::Fixed { interval_ms: 0, attempts_max: 3 };
        let attempts = |reset: bool| {
            let mut tracker = FailedRecordTracker::default();
            let classes = [ILLEGAL_STATE, ILLEGAL_STATE, ILLEGAL_ARGUMENT, ILLEGAL_ARGUMENT];
            classes
                .map(|class| tracker.failed((partition, Counts::Handler), 1, &Exception::thrown(class, "boom"), &back_off, reset).attempt)
        };
        assert_eq!(attempts(true), [1, 2, 1, 2]);
        assert_eq!(attempts(false), [1, 2, 3, 4]);
    }

    #[test]
    fn d8_a_class_that_the_last_one_extends_goes_on_counting() {
        let partition = TopicPartition { topic: TopicId(0), partition: 0 };
        let back_off = BackOff::Fixed { interval_ms: 0, attempts_max: 3 };
        let mut tracker = FailedRecordTracker::default();
        let mut attempt =
            |class: &str| tracker.failed((partition, Counts::Handler), 1, &Exception::thrown(class, "boom"), &back_off, true).attempt;
        assert_eq!(attempt("java.lang.NumberFormatException"), 1);
        assert_eq!(attempt(ILLEGAL_ARGUMENT), 2, "the last one was an illegal argument too");
        assert_eq!(attempt("java.lang.NumberFormatException"), 1, "an illegal argument is no number format");
    }
}
