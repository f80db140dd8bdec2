//! How a container is set up: `ContainerProperties`, the error handler and the transaction manager, as data.
//!
//! Knows no running container.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BackOff, DeadLetter, Exception, RetryRole};

/// When offsets are committed (D2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are Spring's own
pub enum AckMode {
    Record,
    #[default]
    Batch,
    Time,
    Count,
    CountTime,
    Manual,
    ManualImmediate,
}

impl AckMode {
    /// All of them, in Spring's order.
    pub const ALL: [AckMode; 7] =
        [AckMode::Record, AckMode::Batch, AckMode::Time, AckMode::Count, AckMode::CountTime, AckMode::Manual, AckMode::ManualImmediate];

    /// Spring's name.
    pub const fn name(self) -> &'static str {
        match self {
            AckMode::Record => "RECORD",
            AckMode::Batch => "BATCH",
            AckMode::Time => "TIME",
            AckMode::Count => "COUNT",
            AckMode::CountTime => "COUNT_TIME",
            AckMode::Manual => "MANUAL",
            AckMode::ManualImmediate => "MANUAL_IMMEDIATE",
        }
    }

    /// The mode with this name.
    pub fn of_name(name: &str) -> Option<AckMode> {
        AckMode::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Whether the listener acknowledges.
    pub const fn is_manual(self) -> bool {
        matches!(self, AckMode::Manual | AckMode::ManualImmediate)
    }

    /// COUNT or COUNT_TIME.
    pub(super) const fn counts(self) -> bool {
        matches!(self, AckMode::Count | AckMode::CountTime)
    }

    /// TIME or COUNT_TIME.
    pub(super) const fn looks_at_time(self) -> bool {
        matches!(self, AckMode::Time | AckMode::CountTime)
    }
}

/// What the listener is called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum ListenerKind {
    /// One record.
    #[default]
    Record,
    /// All records of a poll.
    Batch,
}

/// What the container listens to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListensTo {
    /// A subscription: the group assigns partitions.
    Topics(Vec<Arc<str>>),
    /// Explicit partitions, without group management.
    Partitions(Vec<(Arc<str>, u32)>),
}

/// Who is asked when the listener throws.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorHandler {
    /// `DefaultErrorHandler` (D8 to D10).
    Default(DefaultErrorHandler),
    /// `CommonContainerStoppingErrorHandler`.
    Stopping,
    /// `CommonLoggingErrorHandler`.
    Logging {
        /// Whether the failed record counts as acknowledged.
        ack_after_handle: bool,
    },
}

impl Default for ErrorHandler {
    fn default() -> Self {
        ErrorHandler::Default(DefaultErrorHandler::default())
    }
}

/// The settings of a `DefaultErrorHandler`, or of a `DefaultAfterRollbackProcessor` where they apply.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DefaultErrorHandler {
    /// The waits between attempts.
    pub back_off: BackOff,
    /// `seekAfterError`: fetch the rest of the poll again, or keep it in memory (D9).
    pub seek_after_error: bool,
    /// `commitRecovered`: commit a recovered record in MANUAL_IMMEDIATE too.
    pub commit_recovered: bool,
    /// `ackAfterHandle`.
    pub ack_after_handle: bool,
    /// `resetStateOnExceptionChange`.
    pub reset_state_on_exception_change: bool,
    /// `resetStateOnRecoveryFailure`.
    pub reset_state_on_recovery_failure: bool,
    /// Whether exceptions that no list names are retried (`defaultTrue`, `defaultFalse`).
    pub retry_by_default: bool,
    /// `addNotRetryableExceptions`.
    pub not_retryable: Vec<Arc<str>>,
    /// `addRetryableExceptions`; matters where `retry_by_default` is false.
    pub retryable: Vec<Arc<str>>,
    /// What happens to a record that is given up.
    pub recoverer: Recoverer,
}

impl Default for DefaultErrorHandler {
    fn default() -> Self {
        DefaultErrorHandler {
            back_off: BackOff::DEFAULT,
            seek_after_error: true,
            commit_recovered: false,
            ack_after_handle: true,
            reset_state_on_exception_change: true,
            reset_state_on_recovery_failure: true,
            retry_by_default: true,
            not_retryable: Vec::new(),
            retryable: Vec::new(),
            recoverer: Recoverer::Log,
        }
    }
}

impl DefaultErrorHandler {
    /// The waits for this exception: none if it is not retried.
    pub fn back_off_for(&self, exception: &Exception) -> &BackOff {
        const NONE: &BackOff = &BackOff::NONE;
        if self.is_retryable(exception) { &self.back_off } else { NONE }
    }

    /// What the classifier says (D8).
    pub fn is_retryable(&self, exception: &Exception) -> bool {
        let listed = |list: &[Arc<str>], class: &str| list.iter().any(|c| **c == *class);
        let says = |class: &str| match () {
            () if listed(&self.retryable, class) => Some(true),
            () if listed(&self.not_retryable, class) || Exception::is_fatal_class(class) => Some(false),
            () => None,
        };
        exception.classified(says).unwrap_or(self.retry_by_default)
    }

    /// Whether the back off never allows a retry: then no failure is counted.
    pub(super) fn never_retries(&self) -> bool {
        matches!(self.back_off, BackOff::Fixed { attempts_max: 0, .. })
    }
}

/// What happens to a record that is given up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Recoverer {
    /// A line in the log; the record is skipped.
    #[default]
    Log,
    /// Throws an IllegalStateException the first times it is called, then succeeds.
    Failing {
        /// How many times.
        times: u32,
    },
    /// `DeadLetterPublishingRecoverer` (D12).
    DeadLetter(DeadLetter),
    /// To the next retry topic, or to the dead letters of the retry topics (D13).
    NextRetryTopic,
}

/// A `KafkaTransactionManager` in the container (E4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Transactions {
    /// The `DefaultAfterRollbackProcessor`'s settings; `commit_recovered` makes it work in a transaction of its own.
    pub after_rollback: DefaultErrorHandler,
}

/// The settings of one `KafkaMessageListenerContainer`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContainerProperties {
    /// The container's name; also `client.id`.
    pub name: Arc<str>,
    /// The concurrent container that it is a child of (D16).
    pub parent: Option<Arc<str>>,
    /// `group.id`.
    pub group: Arc<str>,
    /// What it listens to.
    pub source: ListensTo,
    /// What the listener is called with.
    pub kind: ListenerKind,
    /// `ackMode`.
    pub ack_mode: AckMode,
    /// `ackCount`.
    pub ack_count: u32,
    /// `ackTime` in microseconds.
    pub ack_time_us: u64,
    /// `asyncAcks` (D5).
    pub async_acks: bool,
    /// `pollTimeout` in microseconds.
    pub poll_timeout_us: u64,
    /// `pollTimeoutWhilePaused` in microseconds.
    pub poll_timeout_while_paused_us: u64,
    /// `idleBetweenPolls` in microseconds.
    pub idle_between_polls_us: u64,
    /// `syncCommits`.
    pub sync_commits: bool,
    /// `commitRetries`.
    pub commit_retries: u32,
    /// `stopImmediate`.
    pub stop_immediate: bool,
    /// `pauseImmediate`.
    pub pause_immediate: bool,
    /// `deliveryAttemptHeader` (D15).
    pub delivery_attempt_header: bool,
    /// The consumer's `enable.auto.commit`: false unless it is set explicitly (D1).
    pub auto_commit: bool,
    /// Whether the initial position is committed at the assignment: `auto.offset.reset=latest` (D17).
    pub commit_at_assignment: bool,
    /// `idleEventInterval`, in microseconds; 0: no such events.
    pub idle_event_interval_us: u64,
    /// `idleBeforeDataMultiplier`, in percent.
    pub idle_before_data_percent: u64,
    /// The consumer's `max.poll.interval.ms`, in microseconds: `idleBetweenPolls` ends before it.
    pub max_poll_interval_us: u64,
    /// The listener is an annotated method with an `Acknowledgment` parameter (D3).
    pub method_wants_acknowledgment: bool,
    /// Who is asked when the listener throws; with a transaction manager only if set.
    pub error_handler: Option<ErrorHandler>,
    /// The transaction manager, if any.
    pub transactions: Option<Transactions>,
    /// Its place among retry topics, if any (D13).
    pub retry: Option<RetryRole>,
}

impl ContainerProperties {
    /// Spring's defaults for a container that listens to `topics`.
    pub fn new(name: &str, group: &str, topics: Vec<Arc<str>>) -> ContainerProperties {
        ContainerProperties {
            name: Arc::from(name),
            parent: None,
            group: Arc::from(group),
            source: ListensTo::Topics(topics),
            kind: ListenerKind::Record,
            ack_mode: AckMode::Batch,
            ack_count: 1,
            ack_time_us: 5_000_000,
            async_acks: false,
            poll_timeout_us: 5_000_000,
            poll_timeout_while_paused_us: 100_000,
            idle_between_polls_us: 0,
            sync_commits: true,
            commit_retries: 3,
            stop_immediate: false,
            pause_immediate: false,
            delivery_attempt_header: false,
            auto_commit: false,
            commit_at_assignment: false,
            idle_event_interval_us: 0,
            idle_before_data_percent: 500,
            max_poll_interval_us: 300_000_000,
            method_wants_acknowledgment: false,
            error_handler: Some(ErrorHandler::default()),
            transactions: None,
            retry: None,
        }
    }

    /// The children of a `ConcurrentMessageListenerContainer` (D16): names with `-0`, `-1`…; explicit partitions are split
    /// contiguously, the last child taking the rest, and there are no more children than partitions.
    pub fn children(&self, concurrency: u32) -> Vec<ContainerProperties> {
        let child = |number: u32, source: ListensTo| ContainerProperties {
            name: Arc::from(format!("{}-{number}", self.name)),
            parent: Some(Arc::clone(&self.name)),
            source,
            ..self.clone()
        };
        match &self.source {
            ListensTo::Topics(_) => (0..concurrency).map(|number| child(number, self.source.clone())).collect(),
            ListensTo::Partitions(all) => {
                let count = concurrency.min(all.len() as u32).max(1);
                let per_child = all.len() / count as usize;
                let part = |number: u32| {
                    let first = number as usize * per_child;
                    let end = if number + 1 == count { all.len() } else { first + per_child };
                    all[first..end].to_vec()
                };
                (0..count).map(|number| child(number, ListensTo::Partitions(part(number)))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d16_explicit_partitions_are_split_contiguously() {
        let mut properties = ContainerProperties::new("c", "g", vec![]);
        properties.source = ListensTo::Partitions((0..5).map(|number| (Arc::from("t"), number)).collect());
        let sizes = |concurrency| {
            let children = properties.children(concurrency);
            children
                .iter()
                .map(|child| match &child.source {
                    ListensTo::Partitions(all) => all.iter().map(|(_, number)| *number).collect::<Vec<_>>(),
                    ListensTo::Topics(_) => vec![],
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(sizes(3), [vec![0], vec![1], vec![2, 3, 4]]);
        assert_eq!(sizes(2), [vec![0, 1], vec![2, 3, 4]]);
        assert_eq!(sizes(9).len(), 5);
    }
}
