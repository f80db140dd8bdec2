//! The settings of consumers, containers and listener methods.

use std::sync::Arc;

use crate::listener::consumer::{ConsumerConfig, GroupProtocol};
use crate::listener::{
    AckMode, Action, BackOff, ContainerProperties, DeadLetter, DefaultErrorHandler, DltStrategy, ErrorHandler, ILLEGAL_STATE, ListenerKind,
    ListenerProgram, ListensTo, Recoverer, RetryRole, RetryTopics, Suffixing, TopicReuse, Transactions, UNLIMITED,
};
use crate::pipeline::Duty;
use crate::scenario::{Config, GROUPS, Of, Property, TOPIC};

/// The most retries of an `ExponentialBackOffWithMaxRetries`: it adds up its waits beforehand.
const MAX_RETRIES: u64 = 1_000;

/// The topic to which listeners publish what they have applied.
pub(in crate::pipeline) const NOTICES: &str = "account-notices";

/// The name of a container: group, duty and number.
pub(in crate::pipeline) fn container_name(group: u32, duty: Duty, number: u32) -> String {
    let group = GROUPS[group as usize];
    match duty {
        Duty::Main => format!("{group}-{number}"),
        Duty::Retry(n) => format!("{group}-retry-{n}-{number}"),
        Duty::DeadLetters => format!("{group}-dlt-{number}"),
    }
}

/// The chain of retry topics of a group, if it has one (D13).
pub(in crate::pipeline) fn retry_chain(config: &Config, group: u32) -> Option<RetryTopics> {
    let of = Of::Group(group);
    let attempts = config.count(Property::RetryTopics, of) as u32;
    let (delay_ms, multiplier) = (config.count(Property::RetryTopicDelay, of), config.count(Property::RetryTopicMultiplier, of));
    let growing = BackOff::Exponential {
        initial_ms: delay_ms,
        multiplier_milli: multiplier * 10,
        interval_ms_max: config.count(Property::RetryTopicMaxDelay, of),
        elapsed_ms_max: UNLIMITED,
        attempts_max: UNLIMITED,
    };
    let fixed = BackOff::Fixed { interval_ms: delay_ms, attempts_max: UNLIMITED };
    let back_off = if multiplier == 100 { fixed } else { growing };
    let suffixing = match config.choice(Property::RetryTopicSuffixing, of) {
        "SUFFIX_WITH_INDEX_VALUE" => Suffixing::WithIndexValue,
        _ => Suffixing::WithDelayValue,
    };
    let reuse = match config.choice(Property::RetryTopicReuse, of) {
        "MULTIPLE_TOPICS" => TopicReuse::MultipleTopics,
        _ => TopicReuse::SingleTopic,
    };
    let strategy = match config.choice(Property::DltStrategy, of) {
        "NO_DLT" => DltStrategy::NoDlt,
        "FAIL_ON_ERROR" => DltStrategy::FailOnError,
        _ => DltStrategy::AlwaysRetryOnError,
    };
    let mut chain = (attempts > 0).then(|| RetryTopics::new(TOPIC, attempts, &back_off, suffixing, reuse, strategy))?;
    chain.timeout_ms = u64::try_from(config.int(Property::RetryTopicTimeout, of)).ok();
    chain.not_retry_on = classes(config.choice(Property::RetryTopicExclude, of));
    Some(chain)
}

/// What the containers of a chain listen to besides the main topic, in order.
pub(in crate::pipeline) fn retry_duties(chain: &RetryTopics) -> Vec<Duty> {
    let topics = chain.topics();
    let retries = topics.iter().skip(1).filter(|(topic, _)| Some(topic) != chain.dlt.as_ref()).count() as u32;
    (0..retries).map(Duty::Retry).chain(chain.dlt.is_some().then_some(Duty::DeadLetters)).collect()
}

/// The classes of a list of exceptions by their short names.
fn classes(name: &str) -> Vec<Arc<str>> {
    match name {
        "none" => Vec::new(),
        "IllegalStateException" => vec![Arc::from(ILLEGAL_STATE)],
        other => vec![Arc::from(other)],
    }
}

/// Whether a group's containers have a `KafkaTransactionManager` (E4). Retry topics do without: their way leads over the
/// error handler.
pub(in crate::pipeline) fn is_transactional(config: &Config, group: u32) -> bool {
    config.flag(Property::TransactionManager, Of::Group(group)) && retry_chain(config, group).is_none()
}

/// Whether a group's listener gets a whole poll at once. Retry topics are for record listeners only (D13): with them it gets
/// its records one by one.
fn is_batch(config: &Config, group: u32) -> bool {
    config.choice(Property::ListenerType, Of::Group(group)) == "batch" && retry_chain(config, group).is_none()
}

/// The topics of a chain's duties, in order: one for each distinct retry topic, then the dead letters.
pub(in crate::pipeline) fn duty_topic(chain: &RetryTopics, duty: Duty) -> Option<Arc<str>> {
    let topics = chain.topics();
    match duty {
        Duty::Main => Some(Arc::clone(&chain.main)),
        Duty::Retry(n) => topics.get(n as usize + 1).filter(|(t, _)| Some(t) != chain.dlt.as_ref()).map(|(t, _)| Arc::clone(t)),
        Duty::DeadLetters => chain.dlt.clone(),
    }
}

/// The Kafka consumer of a container.
pub(in crate::pipeline) fn consumer_config(config: &Config, group: u32, name: &str) -> ConsumerConfig {
    let of = Of::Group(group);
    let mut consumer = ConsumerConfig { group_id: GROUPS[group as usize].to_owned(), ..ConsumerConfig::default() };
    consumer.enable_auto_commit = config.flag(Property::EnableAutoCommit, of);
    for property in [
        Property::GroupProtocol,
        Property::Assignor,
        Property::MaxPollRecords,
        Property::MaxPollIntervalMs,
        Property::SessionTimeoutMs,
        Property::HeartbeatIntervalMs,
        Property::FetchMaxWaitMs,
        Property::FetchMinBytes,
        Property::FetchMaxBytes,
        Property::MaxPartitionFetchBytes,
        Property::LeaveGroupOnClose,
        Property::AutoCommitIntervalMs,
        Property::MetadataMaxAgeMs,
        Property::AutoOffsetReset,
        Property::IsolationLevel,
    ] {
        let value = config.value(property, of).to_string();
        consumer.set(property.name(), &value).expect("the table of settings uses the consumer's own names and ranges");
    }
    if config.flag(Property::StaticMembership, of) {
        consumer.group_instance_id = name.to_owned();
    }
    if consumer.group_protocol == GroupProtocol::Consumer {
        consumer.group_remote_assignor = config.choice(Property::RemoteAssignor, of).to_owned();
    }
    let deserializer = match config.choice(Property::Deserializer, of) {
        "ErrorHandlingDeserializer" => "ErrorHandlingDeserializer",
        _ => "picky",
    };
    consumer.set("value.deserializer", deserializer).expect("a name from the consumer's own table");
    consumer.set("spring.deserializer.value.delegate.class", "picky").expect("a name from the consumer's own table");
    consumer
}

/// The container of a duty.
pub(in crate::pipeline) fn container_properties(config: &Config, group: u32, duty: Duty, name: &str) -> ContainerProperties {
    let of = Of::Group(group);
    let chain = retry_chain(config, group);
    let topic = chain.as_ref().and_then(|c| duty_topic(c, duty)).unwrap_or_else(|| Arc::from(TOPIC));
    let mut properties = ContainerProperties::new(name, GROUPS[group as usize], vec![Arc::clone(&topic)]);
    properties.source = ListensTo::Topics(vec![topic]);
    properties.kind = if is_batch(config, group) { ListenerKind::Batch } else { ListenerKind::Record };
    properties.ack_mode = ack_mode(config, group);
    properties.ack_count = config.count(Property::AckCount, of) as u32;
    properties.ack_time_us = config.ms_as_us(Property::AckTime, of);
    // Where the application does not acknowledge, nothing ever closes a gap: the container would pause for ever (D5).
    properties.async_acks = config.flag(Property::AsyncAcks, of) && properties.ack_mode.is_manual();
    properties.poll_timeout_us = config.ms_as_us(Property::PollTimeout, of);
    properties.poll_timeout_while_paused_us = config.ms_as_us(Property::PollTimeoutWhilePaused, of);
    properties.idle_between_polls_us = config.ms_as_us(Property::IdleBetweenPolls, of);
    properties.idle_event_interval_us = config.ms_as_us(Property::IdleEventInterval, of);
    properties.idle_before_data_percent = config.count(Property::IdleBeforeData, of);
    properties.sync_commits = config.flag(Property::SyncCommits, of);
    properties.commit_retries = config.count(Property::CommitRetries, of) as u32;
    properties.stop_immediate = config.flag(Property::StopImmediate, of);
    properties.pause_immediate = config.flag(Property::PauseImmediate, of);
    properties.delivery_attempt_header = config.flag(Property::DeliveryAttemptHeader, of);
    properties.auto_commit = config.flag(Property::EnableAutoCommit, of);
    properties.commit_at_assignment = config.choice(Property::AutoOffsetReset, of) == "latest";
    properties.method_wants_acknowledgment = properties.ack_mode.is_manual();
    properties.error_handler = Some(error_handler(config, group, chain.is_some()));
    if is_transactional(config, group) {
        // Without a word of the application there is no error handler beside a transaction manager (E4).
        properties.error_handler = None;
        properties.transactions = Some(Transactions { after_rollback: default_handler(config, group) });
    }
    if let Some(chain) = chain {
        properties.group = Arc::from(group_of(&chain, group, duty));
        properties.retry = Some(RetryRole { topics: Arc::new(chain), of_dead_letters: duty == Duty::DeadLetters });
    }
    properties
}

/// The group of a duty's consumers: that of the main topic with the topic's suffix.
pub(in crate::pipeline) fn group_of(chain: &RetryTopics, group: u32, duty: Duty) -> String {
    let topic = duty_topic(chain, duty).unwrap_or_else(|| Arc::clone(&chain.main));
    let suffix = topic.strip_prefix(&*chain.main).unwrap_or("");
    format!("{}{suffix}", GROUPS[group as usize])
}

fn ack_mode(config: &Config, group: u32) -> AckMode {
    let of = Of::Group(group);
    let mode = AckMode::of_name(config.choice(Property::AckMode, of)).unwrap_or_default();
    let batch = is_batch(config, group);
    let auto_commit = config.flag(Property::EnableAutoCommit, of);
    match mode {
        // A container refuses a batch listener with RECORD, and auto commit with a manual mode (D1); BATCH is what such an
        // application would run with.
        mode if auto_commit && mode.is_manual() => AckMode::Batch,
        // The container sends the offsets to its transaction (E4).
        _ if is_transactional(config, group) => AckMode::Batch,
        // asyncAcks forces a manual mode (D1), before anything is refused.
        mode if !auto_commit && !mode.is_manual() && config.flag(Property::AsyncAcks, of) => AckMode::Manual,
        AckMode::Record if batch => AckMode::Batch,
        mode => mode,
    }
}

fn error_handler(config: &Config, group: u32, retry_topics: bool) -> ErrorHandler {
    let of = Of::Group(group);
    match config.choice(Property::ErrorHandler, of) {
        // Retry topics come with a handler of their own, whatever the factory has (`ListenerContainerFactoryConfigurer`, D13).
        _ if retry_topics => ErrorHandler::Default(retry_topic_handler(config, group)),
        "CommonLoggingErrorHandler" => ErrorHandler::Logging { ack_after_handle: config.flag(Property::AckAfterHandle, of) },
        "CommonContainerStoppingErrorHandler" => ErrorHandler::Stopping,
        _ => ErrorHandler::Default(default_handler(config, group)),
    }
}

/// The error handler (or after-rollback processor) of a container without retry topics.
fn default_handler(config: &Config, group: u32) -> DefaultErrorHandler {
    let of = Of::Group(group);
    let flag = |property| config.flag(property, of);
    DefaultErrorHandler {
        back_off: back_off(config, group),
        seek_after_error: flag(Property::SeekAfterError),
        commit_recovered: flag(Property::CommitRecovered),
        ack_after_handle: flag(Property::AckAfterHandle),
        reset_state_on_exception_change: flag(Property::ResetOnExceptionChange),
        reset_state_on_recovery_failure: flag(Property::ResetOnRecoveryFailure),
        retry_by_default: !flag(Property::DefaultFalse),
        not_retryable: classes(config.choice(Property::NotRetryable, of)),
        retryable: Vec::new(),
        recoverer: match config.choice(Property::Recoverer, of) {
            "log" => Recoverer::Log,
            _ => Recoverer::DeadLetter(DeadLetter {
                suffix: Arc::from(config.choice(Property::DltSuffix, of)),
                verify_partition: flag(Property::VerifyPartition),
                append_original_headers: flag(Property::AppendOriginalHeaders),
                strip_previous_exception_headers: flag(Property::StripExceptionHeaders),
                fail_if_send_result_is_error: flag(Property::FailIfSendFails),
            }),
        },
    }
}

/// The error handler in the containers of retry topics: blocking retries first, if there are any, then the next topic (D13).
fn retry_topic_handler(config: &Config, group: u32) -> DefaultErrorHandler {
    let of = Of::Group(group);
    let attempts_max = config.count(Property::BlockingRetries, of);
    DefaultErrorHandler {
        back_off: BackOff::Fixed { interval_ms: config.count(Property::BackOffInterval, of), attempts_max },
        seek_after_error: config.flag(Property::SeekAfterError, of),
        commit_recovered: true,
        recoverer: Recoverer::NextRetryTopic,
        ..DefaultErrorHandler::default()
    }
}

fn back_off(config: &Config, group: u32) -> BackOff {
    let of = Of::Group(group);
    let (interval_ms, attempts_max) = (config.count(Property::BackOffInterval, of), config.count(Property::BackOffMaxAttempts, of));
    let multiplier_milli = config.count(Property::BackOffMultiplier, of) * 10;
    let interval_ms_max = config.count(Property::BackOffMaxInterval, of);
    let elapsed_ms_max = u64::try_from(config.int(Property::BackOffMaxElapsed, of)).unwrap_or(UNLIMITED);
    match config.choice(Property::BackOff, of) {
        "FixedBackOff" => BackOff::Fixed { interval_ms, attempts_max },
        "ExponentialBackOffWithMaxRetries" => {
            BackOff::exponential_with_max_retries(attempts_max.min(MAX_RETRIES), interval_ms, multiplier_milli, interval_ms_max)
        }
        _ => BackOff::Exponential { initial_ms: interval_ms, multiplier_milli, interval_ms_max, elapsed_ms_max, attempts_max },
    }
}

/// The listener method of a group: the effect and the acknowledgment in the order that is set (D3); what its `catch` does is
/// a setting too (D6, D7, D10).
pub(in crate::pipeline) fn listener_program(config: &Config, group: u32) -> ListenerProgram {
    let of = Of::Group(group);
    let manual = ack_mode(config, group).is_manual();
    let notice = Action::Send { topic: Arc::from(NOTICES), value: Arc::from("{value}") };
    let work = [Action::Effect].into_iter().chain(config.flag(Property::ListenerPublishes, of).then_some(notice));
    let (before, after) = match config.choice(Property::Acknowledge, of) {
        _ if !manual => (None, None),
        "before-effect" => (Some(Action::Ack), None),
        "other-thread" => (None, Some(Action::AckOtherThread)),
        "never" => (None, None),
        _ => (None, Some(Action::Ack)),
    };
    let actions: Vec<Action> = before.into_iter().chain(work).chain(after).collect();
    let batch = is_batch(config, group);
    // Retry topics and rollbacks work by the exception that leaves the listener; a `catch` would hide it (D13, E4).
    let hidden = retry_chain(config, group).is_some() || is_transactional(config, group);
    let catch = match config.choice(Property::OnFailure, of) {
        _ if hidden => None,
        "batch-listener-failed" if batch => Some(Action::ThrowBatchFailed { index: 0 }),
        "nack" if manual && batch => Some(Action::NackIndex { index: 0, ms: config.int(Property::NackSleep, of) }),
        "nack" if manual => Some(Action::Nack { ms: config.int(Property::NackSleep, of) }),
        _ => None,
    };
    match catch {
        Some(catch) => ListenerProgram::always_with_catch(actions, vec![catch]),
        None => ListenerProgram::always(actions),
    }
}
