//! What a case has set up, as the model's own settings.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::form::Form;
use crate::broker::ProducerConfig;
use crate::conformance::settings::Of;
use crate::conformance::{Case, CaseError};
use crate::listener::consumer::ConsumerConfig;
use crate::listener::{
    AckMode, BackOff, ContainerProperties, DeadLetter, DefaultErrorHandler, DltStrategy, ErrorHandler, ListenerKind, ListensTo, Recoverer,
    RetryRole, RetryTopics, Suffixing, TopicReuse, Transactions, UNLIMITED,
};

/// A topic to create.
pub(super) struct TopicPlan {
    pub(super) name: Arc<str>,
    pub(super) partitions: u32,
}

/// A record to send.
pub(super) struct RecordPlan {
    pub(super) topic: Arc<str>,
    pub(super) partition: Option<u32>,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) timestamp_ms: Option<i64>,
    pub(super) headers: Vec<(Arc<str>, Option<Vec<u8>>)>,
}

/// Settings by their real property names, as text.
pub(super) type Settings = Vec<(Arc<str>, Arc<str>)>;

/// Everything that a case has set up.
pub(super) struct Given {
    pub(super) topics: Vec<TopicPlan>,
    pub(super) group: String,
    pub(super) consumer: Settings,
    pub(super) producer: Settings,
    pub(super) retry: Option<Arc<RetryTopics>>,
    /// How many partitions the topics of the chain are created with.
    pub(super) retry_partitions: u32,
    /// The error handler of containers of retry topics.
    pub(super) retry_handler: DefaultErrorHandler,
    /// Whether each member has a `transactional.id` of its own, as each process should.
    pub(super) own_transactional_ids: bool,
    /// Whether the error handler was given, so that it tells what it does.
    pub(super) sees_handler: bool,
    /// The same of the after-rollback processor.
    pub(super) sees_rollback: bool,
    /// Whether values are shown as numbers.
    pub(super) integers: bool,
}

impl Given {
    pub(super) fn of(case: &Case) -> Result<Given, CaseError> {
        let given = Form::of(case, "given", &case.given);
        given.only(&[
            "topics",
            "records",
            "group",
            "consumer",
            "producer",
            "container",
            "error_handler",
            "transactions",
            "after_rollback_processor",
            "retry_topic",
            "listener_method",
            "listener",
            "bank",
            "trace",
        ])?;
        let consumer = consumer(&given.part("consumer")?)?;
        let retry_form = given.part("retry_topic")?;
        let retry = given.has("retry_topic").then(|| retry_topics(&retry_form)).transpose()?;
        let integers = consumer.iter().any(|(_, value)| &**value == "IntegerDeserializer");
        Ok(Given {
            topics: topics(&given)?,
            group: given.needed("group")?.to_owned(),
            consumer,
            producer: producer(&given)?,
            retry: retry.map(Arc::new),
            retry_partitions: retry_form.count("autoCreateTopicsPartitions")?.unwrap_or(1) as u32,
            retry_handler: retry_handler(&retry_form)?,
            own_transactional_ids: given.part("transactions")?.flag("perMember")?.unwrap_or(false),
            sees_handler: given.has("error_handler"),
            sees_rollback: given.has("after_rollback_processor"),
            integers,
        })
    }

    /// The containers of one `start`: for retry topics one per topic, else the container or its children. `changed`: this
    /// start's own container settings, laid over those of the case.
    pub(super) fn containers(&self, case: &Case, member: &str, changed: &Form<'_>) -> Result<Vec<ContainerProperties>, CaseError> {
        let mut given = case.given.clone();
        let settings = given.entry("container").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(settings) = settings {
            settings.extend(changed.fields().map(|(name, value)| (name.to_owned(), value.clone())));
        }
        let given = Form::of(case, "given", &given);
        let named = ContainerProperties { name: Arc::from(member), ..container(&given)? };
        let concurrency = given.part("container")?.count("concurrency")?.map(|n| n as u32);
        Ok(self.of_one_start(named, concurrency))
    }

    fn of_one_start(&self, named: ContainerProperties, concurrency: Option<u32>) -> Vec<ContainerProperties> {
        if let Some(chain) = &self.retry {
            let of_topic = |(topic, suffix): (Arc<str>, String)| ContainerProperties {
                name: topic.clone(),
                group: Arc::from(format!("{}{suffix}", named.group)),
                source: ListensTo::Topics(vec![topic.clone()]),
                error_handler: Some(ErrorHandler::Default(self.retry_handler.clone())),
                retry: Some(RetryRole { topics: chain.clone(), of_dead_letters: chain.dlt.as_ref() == Some(&topic) }),
                ..named.clone()
            };
            return chain.topics().into_iter().map(of_topic).collect();
        }
        match concurrency {
            Some(concurrency) => named.children(concurrency),
            None => vec![named],
        }
    }
}

fn topics(given: &Form<'_>) -> Result<Vec<TopicPlan>, CaseError> {
    let topics = given.part("topics")?;
    let plan = |(name, _): (&str, &Value)| {
        let partitions = topics.part(name)?.count("partitions")?.unwrap_or(1) as u32;
        Ok(TopicPlan { name: Arc::from(name), partitions })
    };
    topics.fields().map(plan).collect()
}

/// The record that an object describes.
pub(super) fn record(form: &Form<'_>) -> Result<RecordPlan, CaseError> {
    form.only(&["do", "topic", "partition", "key", "value", "value_int32", "timestamp", "headers"])?;
    let bytes = |text: &str| text.as_bytes().to_vec();
    let value = match form.number("value_int32")? {
        Some(number) => Some((number as i32).to_be_bytes().to_vec()),
        None => form.text("value")?.map(bytes),
    };
    let headers = form.part("headers")?.fields().map(|(name, value)| (Arc::from(name), value.as_str().map(bytes))).collect();
    Ok(RecordPlan {
        topic: Arc::from(form.needed("topic")?),
        partition: form.count("partition")?.map(|n| n as u32),
        key: form.text("key")?.map(bytes),
        value,
        timestamp_ms: form.number("timestamp")?,
        headers,
    })
}

/// A setting's value as text.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The consumer's settings; what is the same in every case first.
fn consumer(form: &Form<'_>) -> Result<Settings, CaseError> {
    let mut settings: Settings =
        [("fetch.max.wait.ms", "50"), ("heartbeat.interval.ms", "500")].map(|(n, v)| (n.into(), v.into())).to_vec();
    let mut config = ConsumerConfig::default();
    for (name, value) in form.fields().filter(|(name, _)| !Of::Consumer.passes_over(name)) {
        let text = shown(value);
        let text = match name {
            "partition.assignment.strategy" => match text.rsplit('.').next().unwrap_or_default() {
                "RangeAssignor" => "range",
                "RoundRobinAssignor" => "roundrobin",
                "StickyAssignor" => "sticky",
                "CooperativeStickyAssignor" => "cooperative-sticky",
                _ => return Err(form.error(name, format!("unknown assignor {text:?}"))),
            },
            _ => &text,
        };
        config.set(name, text).map_err(|error| form.error(name, error.to_string()))?;
        settings.push((Arc::from(name), Arc::from(text)));
    }
    Ok(settings)
}

/// The settings of the containers' producers. Every container's transactional id is the same, as that of processes that
/// take each other's place, unless each has its own.
fn producer(given: &Form<'_>) -> Result<Settings, CaseError> {
    let form = given.part("producer")?;
    let mut settings: Settings = vec![(Arc::from("max.block.ms"), Arc::from("3000"))];
    let mut config = ProducerConfig::default();
    for (name, value) in form.fields().filter(|(name, _)| !Of::Producer.passes_over(name)) {
        let text = shown(value);
        config.set(name, &text).map_err(|error| form.error(name, error.to_string()))?;
        settings.push((Arc::from(name), Arc::from(text)));
    }
    let transactions = given.part("transactions")?;
    transactions.only(&["transactionIdPrefix", "perMember"])?;
    if let Some(prefix) = transactions.text("transactionIdPrefix")? {
        settings.push((Arc::from("transactional.id"), Arc::from(format!("{prefix}0"))));
    }
    Ok(settings)
}

fn container(given: &Form<'_>) -> Result<ContainerProperties, CaseError> {
    let form = given.part("container")?;
    form.only(&[
        "listener",
        "concurrency",
        "topics",
        "topicPartitions",
        "ackMode",
        "ackCount",
        "ackTime",
        "asyncAcks",
        "pollTimeout",
        "pollTimeoutWhilePaused",
        "idleBetweenPolls",
        "idleEventInterval",
        "idleBeforeDataMultiplier",
        "syncCommits",
        "commitRetries",
        "stopImmediate",
        "pauseImmediate",
        "deliveryAttemptHeader",
    ])?;
    let topics = form.texts("topics")?.unwrap_or_else(|| vec![Arc::from("t")]);
    let mut properties = ContainerProperties::new("c1", given.needed("group")?, topics);
    if let Some(partitions) = form.texts("topicPartitions")? {
        let place = |text: &Arc<str>| {
            let (topic, number) = text.rsplit_once('-').unwrap_or((text, "0"));
            number.parse().map(|number| (Arc::from(topic), number)).map_err(|_| form.error("topicPartitions", "topic-partition is needed"))
        };
        properties.source = ListensTo::Partitions(partitions.iter().map(place).collect::<Result<_, _>>()?);
    }
    properties.kind = match form.text("listener")? {
        Some("batch") => ListenerKind::Batch,
        Some("record") | None => ListenerKind::Record,
        Some(other) => return Err(form.error("listener", format!("unknown listener {other:?}; known are record, batch"))),
    };
    if let Some(mode) = form.text("ackMode")? {
        properties.ack_mode = AckMode::of_name(mode).ok_or_else(|| form.error("ackMode", format!("unknown mode {mode:?}")))?;
    }
    properties.ack_count = form.count("ackCount")?.unwrap_or(1) as u32;
    properties.ack_time_us = form.count("ackTime")?.map_or(properties.ack_time_us, |ms| ms * 1_000);
    properties.async_acks = form.flag("asyncAcks")?.unwrap_or(false);
    properties.poll_timeout_us = form.count("pollTimeout")?.map_or(properties.poll_timeout_us, |ms| ms * 1_000);
    let us = |name: &str, default: u64| form.count(name).map(|ms| ms.map_or(default, |ms| ms * 1_000));
    properties.poll_timeout_while_paused_us = us("pollTimeoutWhilePaused", properties.poll_timeout_while_paused_us)?;
    properties.idle_between_polls_us = us("idleBetweenPolls", properties.idle_between_polls_us)?;
    properties.idle_event_interval_us = us("idleEventInterval", properties.idle_event_interval_us)?;
    properties.idle_before_data_percent = form.count("idleBeforeDataMultiplier")?.map_or(properties.idle_before_data_percent, |n| n * 100);
    properties.commit_retries = form.count("commitRetries")?.map_or(properties.commit_retries, |n| n as u32);
    properties.sync_commits = form.flag("syncCommits")?.unwrap_or(true);
    properties.stop_immediate = form.flag("stopImmediate")?.unwrap_or(false);
    properties.pause_immediate = form.flag("pauseImmediate")?.unwrap_or(false);
    properties.delivery_attempt_header = form.flag("deliveryAttemptHeader")?.unwrap_or(false);
    properties.auto_commit = given.part("consumer")?.flag("enable.auto.commit")?.unwrap_or(false);
    properties.method_wants_acknowledgment = given.text("listener_method")?.is_some_and(|method| method.contains("Acknowledgment"));
    if given.has("error_handler") {
        properties.error_handler = Some(error_handler(&given.part("error_handler")?)?);
    }
    if given.has("transactions") {
        let after_rollback = handler(&given.part("after_rollback_processor")?)?;
        properties.transactions = Some(Transactions { after_rollback });
        if !given.has("error_handler") {
            properties.error_handler = None;
        }
    }
    Ok(properties)
}

fn error_handler(form: &Form<'_>) -> Result<ErrorHandler, CaseError> {
    Ok(match form.needed("class")? {
        "DefaultErrorHandler" => ErrorHandler::Default(handler(form)?),
        "CommonContainerStoppingErrorHandler" => {
            form.only(&["class"])?;
            ErrorHandler::Stopping
        }
        "CommonLoggingErrorHandler" => {
            form.only(&["class", "ackAfterHandle"])?;
            ErrorHandler::Logging { ack_after_handle: form.flag("ackAfterHandle")?.unwrap_or(true) }
        }
        class => return Err(form.error("class", format!("unknown error handler {class:?}"))),
    })
}

fn handler(form: &Form<'_>) -> Result<DefaultErrorHandler, CaseError> {
    form.only(&[
        "class",
        "backOff",
        "seekAfterError",
        "commitRecovered",
        "ackAfterHandle",
        "resetStateOnExceptionChange",
        "resetStateOnRecoveryFailure",
        "notRetryable",
        "recoverer",
    ])?;
    let default = DefaultErrorHandler::default();
    Ok(DefaultErrorHandler {
        back_off: if form.has("backOff") { back_off(&form.part("backOff")?, "FixedBackOff")? } else { default.back_off },
        seek_after_error: form.flag("seekAfterError")?.unwrap_or(true),
        commit_recovered: form.flag("commitRecovered")?.unwrap_or(false),
        ack_after_handle: form.flag("ackAfterHandle")?.unwrap_or(true),
        reset_state_on_exception_change: form.flag("resetStateOnExceptionChange")?.unwrap_or(true),
        reset_state_on_recovery_failure: form.flag("resetStateOnRecoveryFailure")?.unwrap_or(true),
        not_retryable: class_names(form, "notRetryable")?,
        recoverer: recoverer(form)?,
        ..default
    })
}

/// Names of classes; those without a package are Java's own.
fn class_names(form: &Form<'_>, field: &str) -> Result<Vec<Arc<str>>, CaseError> {
    Ok(form.texts(field)?.unwrap_or_default().iter().map(|name| class_name(name)).collect())
}

/// A class by its full name; one without a package is Java's own.
pub(super) fn class_name(name: &str) -> Arc<str> {
    if name.contains('.') { Arc::from(name) } else { Arc::from(format!("java.lang.{name}")) }
}

fn recoverer(form: &Form<'_>) -> Result<Recoverer, CaseError> {
    let (class, settings) = match form.get("recoverer") {
        None => return Ok(Recoverer::Log),
        Some(Value::String(class)) => (class.as_str(), form.part("no settings")?),
        Some(_) => {
            let settings = form.part("recoverer")?;
            (settings.needed("class")?, settings)
        }
    };
    match class {
        "DeadLetterPublishingRecoverer" => {
            settings.only(&[
                "class",
                "verifyPartition",
                "appendOriginalHeaders",
                "stripPreviousExceptionHeaders",
                "failIfSendResultIsError",
            ])?;
            let flag = |name: &str| settings.flag(name).map(|flag| flag.unwrap_or(true));
            Ok(Recoverer::DeadLetter(DeadLetter {
                verify_partition: flag("verifyPartition")?,
                append_original_headers: flag("appendOriginalHeaders")?,
                strip_previous_exception_headers: flag("stripPreviousExceptionHeaders")?,
                fail_if_send_result_is_error: flag("failIfSendResultIsError")?,
                ..DeadLetter::default()
            }))
        }
        "failing" => {
            settings.only(&["class", "times"])?;
            Ok(Recoverer::Failing { times: settings.count("times")?.unwrap_or(1) as u32 })
        }
        _ => Err(form.error("recoverer", format!("unknown recoverer {class:?}"))),
    }
}

fn back_off(form: &Form<'_>, default: &str) -> Result<BackOff, CaseError> {
    let multiplier = form.get("multiplier").and_then(Value::as_f64).map_or(1_500, |factor| (factor * 1_000.0).round() as u64);
    let initial_ms = form.count("initialInterval")?.unwrap_or(2_000);
    let interval_ms_max = form.count("maxInterval")?.unwrap_or(30_000);
    Ok(match form.text("class")?.unwrap_or(default) {
        "FixedBackOff" => {
            form.only(&["class", "interval", "maxAttempts"])?;
            BackOff::Fixed { interval_ms: form.count("interval")?.unwrap_or(0), attempts_max: form.count("maxAttempts")?.unwrap_or(9) }
        }
        "ExponentialBackOff" => {
            form.only(&["class", "initialInterval", "multiplier", "maxInterval", "maxElapsedTime", "maxAttempts"])?;
            BackOff::Exponential {
                initial_ms,
                multiplier_milli: multiplier,
                interval_ms_max,
                elapsed_ms_max: form.count("maxElapsedTime")?.unwrap_or(UNLIMITED),
                attempts_max: form.count("maxAttempts")?.unwrap_or(UNLIMITED),
            }
        }
        "ExponentialBackOffWithMaxRetries" => {
            form.only(&["class", "maxRetries", "initialInterval", "multiplier", "maxInterval"])?;
            let retries = form.count("maxRetries")?.unwrap_or(0);
            BackOff::exponential_with_max_retries(retries, initial_ms, multiplier, interval_ms_max)
        }
        class => return Err(form.error("class", format!("unknown back off {class:?}"))),
    })
}

fn retry_topics(form: &Form<'_>) -> Result<RetryTopics, CaseError> {
    form.only(&[
        "annotation",
        "maxAttempts",
        "fixedBackOff",
        "exponentialBackoff",
        "sameIntervalTopicReuseStrategy",
        "topicSuffixingStrategy",
        "dltProcessingFailureStrategy",
        "timeoutAfter",
        "notRetryOn",
        "blockingRetries",
        "autoCreateTopicsPartitions",
    ])?;
    let back_off = if form.has("exponentialBackoff") {
        back_off(&form.part("exponentialBackoff")?, "ExponentialBackOff")?
    } else {
        BackOff::Fixed { interval_ms: form.count("fixedBackOff")?.unwrap_or(1_000), attempts_max: UNLIMITED }
    };
    let attempts = form.count("maxAttempts")?.unwrap_or(3) as u32;
    let suffixing = match form.text("topicSuffixingStrategy")? {
        Some("SUFFIX_WITH_INDEX_VALUE") => Suffixing::WithIndexValue,
        Some("SUFFIX_WITH_DELAY_VALUE") | None => Suffixing::WithDelayValue,
        Some(other) => return Err(form.error("topicSuffixingStrategy", format!("unknown: {other:?}"))),
    };
    let reuse = match form.text("sameIntervalTopicReuseStrategy")? {
        Some("MULTIPLE_TOPICS") => TopicReuse::MultipleTopics,
        Some("SINGLE_TOPIC") | None => TopicReuse::SingleTopic,
        Some(other) => return Err(form.error("sameIntervalTopicReuseStrategy", format!("unknown: {other:?}"))),
    };
    let strategy = match form.text("dltProcessingFailureStrategy")? {
        Some("NO_DLT") => DltStrategy::NoDlt,
        Some("FAIL_ON_ERROR") => DltStrategy::FailOnError,
        Some("ALWAYS_RETRY_ON_ERROR") | None => DltStrategy::AlwaysRetryOnError,
        Some(other) => return Err(form.error("dltProcessingFailureStrategy", format!("unknown: {other:?}"))),
    };
    let mut chain = RetryTopics::new("t", attempts, &back_off, suffixing, reuse, strategy);
    chain.timeout_ms = form.count("timeoutAfter")?;
    chain.not_retry_on = class_names(form, "notRetryOn")?;
    Ok(chain)
}

/// The error handler in the containers of retry topics: no blocking retries but for the exceptions that are named.
fn retry_handler(form: &Form<'_>) -> Result<DefaultErrorHandler, CaseError> {
    let blocking = form.part("blockingRetries")?;
    blocking.only(&["retryOn", "backOff"])?;
    let back_off = if blocking.has("backOff") { back_off(&blocking.part("backOff")?, "FixedBackOff")? } else { BackOff::NONE };
    Ok(DefaultErrorHandler {
        back_off,
        commit_recovered: true,
        retry_by_default: false,
        retryable: class_names(&blocking, "retryOn")?,
        recoverer: Recoverer::NextRetryTopic,
        ..DefaultErrorHandler::default()
    })
}
