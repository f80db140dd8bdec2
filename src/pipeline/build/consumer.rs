//! The settings of consumers, containers and listener methods.

use std::sync::Arc;

use crate::listener::consumer::ConsumerConfig;
use crate::listener::{
    AckMode, Action, BackOff, ContainerProperties, DeadLetter, DefaultErrorHandler, DltStrategy, ErrorHandler, ListenerKind,
    ListenerProgram, ListensTo, Recoverer, RetryRole, RetryTopics, Suffixing, TopicReuse,
};
use crate::pipeline::Duty;
use crate::scenario::{Config, GROUPS, Of, Property, TOPIC};

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
    let back_off = BackOff::Fixed { interval_ms: config.count(Property::RetryTopicDelay, of), attempts_max: u64::from(attempts) };
    (attempts > 1).then(|| {
        RetryTopics::new(TOPIC, attempts, &back_off, Suffixing::WithDelayValue, TopicReuse::SingleTopic, DltStrategy::AlwaysRetryOnError)
    })
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
    // Spring switches auto commit off (D1).
    consumer.enable_auto_commit = false;
    for property in [
        Property::GroupProtocol,
        Property::Assignor,
        Property::MaxPollRecords,
        Property::MaxPollIntervalMs,
        Property::SessionTimeoutMs,
        Property::HeartbeatIntervalMs,
        Property::FetchMaxWaitMs,
        Property::AutoOffsetReset,
        Property::IsolationLevel,
    ] {
        let value = config.value(property, of).to_string();
        consumer.set(property.name(), &value).expect("the table of settings uses the consumer's own names and ranges");
    }
    if config.flag(Property::StaticMembership, of) {
        consumer.group_instance_id = name.to_owned();
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
    properties.kind = if config.choice(Property::ListenerType, of) == "batch" { ListenerKind::Batch } else { ListenerKind::Record };
    properties.ack_mode = ack_mode(config, group);
    properties.ack_count = config.count(Property::AckCount, of) as u32;
    properties.ack_time_us = config.ms_as_us(Property::AckTime, of);
    properties.async_acks = config.flag(Property::AsyncAcks, of);
    properties.poll_timeout_us = config.ms_as_us(Property::PollTimeout, of);
    properties.commit_at_assignment = config.choice(Property::AutoOffsetReset, of) == "latest";
    properties.method_wants_acknowledgment = properties.ack_mode.is_manual();
    properties.error_handler = Some(error_handler(config, group, chain.is_some()));
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
    let mode = AckMode::of_name(config.choice(Property::AckMode, Of::Group(group))).unwrap_or_default();
    // A container with a batch listener refuses RECORD (D1); BATCH is what such an application would run with.
    let batch = config.choice(Property::ListenerType, Of::Group(group)) == "batch";
    if batch && mode == AckMode::Record { AckMode::Batch } else { mode }
}

fn error_handler(config: &Config, group: u32, retry_topics: bool) -> ErrorHandler {
    let of = Of::Group(group);
    match config.choice(Property::ErrorHandler, of) {
        "CommonLoggingErrorHandler" => ErrorHandler::Logging { ack_after_handle: true },
        "CommonContainerStoppingErrorHandler" => ErrorHandler::Stopping,
        _ => ErrorHandler::Default(DefaultErrorHandler {
            back_off: if retry_topics { BackOff::NONE } else { back_off(config, group) },
            seek_after_error: config.flag(Property::SeekAfterError, of),
            commit_recovered: config.flag(Property::CommitRecovered, of),
            recoverer: match config.choice(Property::Recoverer, of) {
                _ if retry_topics => Recoverer::NextRetryTopic,
                "log" => Recoverer::Log,
                _ => Recoverer::DeadLetter(DeadLetter::default()),
            },
            ..DefaultErrorHandler::default()
        }),
    }
}

fn back_off(config: &Config, group: u32) -> BackOff {
    let of = Of::Group(group);
    let (interval_ms, attempts_max) = (config.count(Property::BackOffInterval, of), config.count(Property::BackOffMaxAttempts, of));
    if config.choice(Property::BackOff, of) == "FixedBackOff" {
        return BackOff::Fixed { interval_ms, attempts_max };
    }
    BackOff::Exponential {
        initial_ms: interval_ms,
        multiplier_milli: config.count(Property::BackOffMultiplier, of) * 10,
        interval_ms_max: config.count(Property::BackOffMaxInterval, of),
        elapsed_ms_max: u64::MAX,
        attempts_max,
    }
}

/// The listener method of a group: the effect, then the acknowledgment; what its `catch` does is a setting (D6).
pub(in crate::pipeline) fn listener_program(config: &Config, group: u32) -> ListenerProgram {
    let of = Of::Group(group);
    if !ack_mode(config, group).is_manual() {
        return ListenerProgram::always(vec![Action::Effect]);
    }
    // Retry topics work by the exception that leaves the listener; a `catch` would hide it (D13).
    let nacks = config.choice(Property::OnFailure, of) == "nack" && retry_chain(config, group).is_none();
    if !nacks {
        return ListenerProgram::always(vec![Action::Effect, Action::Ack]);
    }
    let ms = config.int(Property::NackSleep, of);
    let batch = config.choice(Property::ListenerType, of) == "batch";
    let nack = if batch { Action::NackIndex { index: 0, ms } } else { Action::Nack { ms } };
    ListenerProgram::always_with_catch(vec![Action::Effect, Action::Ack], vec![nack])
}
