//! Dead letters (D12): where a record that is given up goes and with which headers, as Spring's
//! `DeadLetterPublishingRecoverer` writes them.
//!
//! Makes records; sends nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::exception::BATCH_FAILED;
use super::{ConsumerRecord, DESERIALIZATION, Exception, ExceptionKind, LISTENER_FAILED};
use crate::broker::{Bytes, EPOCH_MS, Header, NewRecord, Record, bytes};
use crate::kernel::SimTime;
use crate::listener::consumer::VALUE_FAILURE_HEADER;

/// The settings of a `DeadLetterPublishingRecoverer`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeadLetter {
    /// What is put behind the topic's name: `-dlt` since spring-kafka 3.3.0.
    pub suffix: Arc<str>,
    /// `verifyPartition`: if the partition does not exist there, the key decides.
    pub verify_partition: bool,
    /// `appendOriginalHeaders`: every hop adds its own; otherwise the first hop's stay.
    pub append_original_headers: bool,
    /// `stripPreviousExceptionHeaders`: only the last hop's exception headers stay.
    pub strip_previous_exception_headers: bool,
    /// `failIfSendResultIsError`: a send that fails is a recovery that fails; otherwise it is only logged.
    pub fail_if_send_result_is_error: bool,
}

impl Default for DeadLetter {
    fn default() -> Self {
        DeadLetter {
            suffix: Arc::from("-dlt"),
            verify_partition: true,
            append_original_headers: true,
            strip_previous_exception_headers: true,
            fail_if_send_result_is_error: true,
        }
    }
}

/// Whose names the headers have, and what becomes of those of an earlier hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeaderStyle {
    prefix: &'static str,
    appends: bool,
    strips: bool,
}

impl HeaderStyle {
    /// `kafka_original-…`, once (D13).
    pub(super) const RETRY_TOPIC: HeaderStyle = HeaderStyle { prefix: "kafka_", appends: false, strips: true };
}

impl DeadLetter {
    /// `kafka_dlt-original-…`.
    pub(super) fn header_style(&self) -> HeaderStyle {
        HeaderStyle { prefix: "kafka_dlt-", appends: self.append_original_headers, strips: self.strip_previous_exception_headers }
    }
}

const ORIGINALS: [&str; 5] = ["topic", "partition", "offset", "timestamp", "timestamp-type"];
const EXCEPTIONS: [&str; 4] = ["fqcn", "cause-fqcn", "message", "stacktrace"];
const CONSUMER_GROUP: &str = "kafka_dlt-original-consumer-group";

/// The record that is published for `failed`, a record of topic `topic` read by `group`.
pub(super) fn letter(
    now: SimTime,
    failed: &ConsumerRecord,
    topic: &str,
    group: &str,
    exception: &Exception,
    style: HeaderStyle,
) -> NewRecord {
    let HeaderStyle { prefix, appends, strips } = style;
    let record = &failed.record;
    let exception_names = EXCEPTIONS.map(|name| format!("{prefix}exception-{name}"));
    let replaced =
        |header: &Header| *header.name == *VALUE_FAILURE_HEADER || strips && exception_names.iter().any(|name| **name == *header.name);
    let mut headers: Vec<Header> = record.headers.iter().filter(|header| !replaced(header)).cloned().collect();
    let known = |headers: &[Header], name: &str| headers.iter().any(|header| *header.name == *name);
    for part in ORIGINALS {
        let name = format!("{prefix}original-{part}");
        if appends || !known(&headers, &name) {
            headers.push(header(&name, original(part, failed, topic)));
        }
    }
    if appends || !known(&headers, CONSUMER_GROUP) {
        headers.push(header(CONSUMER_GROUP, bytes(group)));
    }
    // Whatever the listener threw, a record without a value tells why it has none (D14).
    let undeserialized = raw_value(record).map(|_| Exception::undeserialized());
    for (name, part) in exception_names.iter().zip(EXCEPTIONS) {
        headers.push(header(name, bytes(&of_exception(part, undeserialized.as_ref().unwrap_or(exception)))));
    }
    NewRecord {
        key: record.key.clone(),
        value: raw_value(record).or(record.value.as_ref()).cloned(),
        headers: Arc::from(headers),
        timestamp_ms: EPOCH_MS + now.ms() as i64,
        tag: record.tag,
    }
}

fn original(part: &str, failed: &ConsumerRecord, topic: &str) -> Bytes {
    match part {
        "topic" => bytes(topic),
        "partition" => Arc::from(failed.partition.partition.to_be_bytes().as_slice()),
        "offset" => Arc::from(failed.record.offset.to_be_bytes().as_slice()),
        "timestamp" => Arc::from(failed.record.timestamp_ms.to_be_bytes().as_slice()),
        _ => bytes("CreateTime"),
    }
}

fn of_exception(part: &str, exception: &Exception) -> String {
    let (class, cause, message) = match exception.kind {
        ExceptionKind::Deserialization => (DESERIALIZATION, DESERIALIZATION, exception.message.to_string()),
        ExceptionKind::BatchListenerFailed { .. } => (LISTENER_FAILED, BATCH_FAILED, format!("Listener failed; {}", exception.message)),
        _ => (LISTENER_FAILED, &*exception.class, format!("Listener failed; {}", exception.message)),
    };
    match part {
        "fqcn" => class.to_string(),
        "cause-fqcn" => cause.to_string(),
        "message" => message,
        _ => format!("{class}: {message}\nCaused by: {}: {}", exception.class, exception.message),
    }
}

/// The bytes that could not be deserialized, if that is why the value is null (D14).
pub(super) fn raw_value(record: &Record) -> Option<&Bytes> {
    if record.value.is_some() || record.headers.is_empty() {
        return None;
    }
    record.headers.iter().find(|header| *header.name == *VALUE_FAILURE_HEADER)?.value.as_ref()
}

pub(super) fn header(name: &str, value: Bytes) -> Header {
    Header { name: Arc::from(name), value: Some(value) }
}
