//! Retry topics (D13): the chain of topics that a failing record goes through, their names, delays and headers.
//!
//! Knows neither containers nor producers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dead_letter::{HeaderStyle, header, letter};
use super::{BackOff, ConsumerRecord, Exception};
use crate::broker::{Bytes, EPOCH_MS, NewRecord, Record};
use crate::kernel::SimTime;

/// `retry_topic-attempts`: int32; the last one counts.
pub(super) const ATTEMPTS: &str = "retry_topic-attempts";
/// `retry_topic-backoff-timestamp`: when the record is due, in milliseconds, as two's-complement bytes.
const BACK_OFF_TIMESTAMP: &str = "retry_topic-backoff-timestamp";
/// `retry_topic-original-timestamp`: the first record's timestamp, as two's-complement bytes.
const ORIGINAL_TIMESTAMP: &str = "retry_topic-original-timestamp";

/// `TopicSuffixingStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are Spring's own
pub enum Suffixing {
    #[default]
    WithDelayValue,
    WithIndexValue,
}

/// `SameIntervalTopicReuseStrategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are Spring's own
pub enum TopicReuse {
    #[default]
    SingleTopic,
    MultipleTopics,
}

/// `DltStrategy`: what becomes of a dead letter whose handler throws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are Spring's own
pub enum DltStrategy {
    NoDlt,
    #[default]
    AlwaysRetryOnError,
    FailOnError,
}

/// A topic of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RetryDestination {
    /// The topic's name.
    pub topic: Arc<str>,
    /// How long a record waits in it, in milliseconds.
    pub delay_ms: u64,
}

/// A `RetryTopicConfiguration` for one main topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RetryTopics {
    /// The main topic.
    pub main: Arc<str>,
    /// The destination of each retry: element n is where attempt n + 2 happens. Names may repeat.
    pub retries: Vec<RetryDestination>,
    /// The topic of the dead letters, if any.
    pub dlt: Option<Arc<str>>,
    /// What becomes of a dead letter whose handler throws.
    pub strategy: DltStrategy,
    /// `timeoutAfter` in milliseconds, from the first record's timestamp.
    pub timeout_ms: Option<u64>,
    /// `notRetryOn`.
    pub not_retry_on: Vec<Arc<str>>,
}

impl RetryTopics {
    /// The chain for `attempts` deliveries (the first included) with these waits between them.
    ///
    /// Names: `-retry` if all delays are equal and one topic is used, else `-retry-<delay>` or `-retry-<index>`; equal delays
    /// at the end share a topic or are numbered (`DestinationTopicPropertiesFactory`).
    pub fn new(
        main: &str,
        attempts: u32,
        back_off: &BackOff,
        suffixing: Suffixing,
        reuse: TopicReuse,
        strategy: DltStrategy,
    ) -> RetryTopics {
        let delays = back_off.intervals_ms(attempts.saturating_sub(1) as usize);
        let single = reuse == TopicReuse::SingleTopic;
        let equal_to = |delay: u64| delays.iter().filter(|other| **other == delay).count();
        // Equal delays at the end share the last topic.
        let shared = delays.last().filter(|_| single).map_or(0, |last| equal_to(*last) - 1);
        let topic_count = delays.len() - shared;
        let by_index = suffixing == Suffixing::WithIndexValue || (delays.len() > 1 && equal_to(delays[0]) == delays.len());
        let name = |index: usize| {
            let delay = delays[index];
            if single && topic_count == 1 {
                return format!("{main}-retry");
            }
            if by_index {
                return format!("{main}-retry-{index}");
            }
            if !single && equal_to(delay) > 1 {
                let first = delays.iter().position(|other| *other == delay).expect("the delay itself is among them");
                return format!("{main}-retry-{delay}-{}", index - first);
            }
            format!("{main}-retry-{delay}")
        };
        let of_attempt = |index: usize| {
            let topic = Arc::from(name(index.min(topic_count - 1)));
            RetryDestination { topic, delay_ms: delays[index] }
        };
        let retries = (0..delays.len()).map(of_attempt).collect();
        let dlt = (strategy != DltStrategy::NoDlt).then(|| Arc::from(format!("{main}-dlt")));
        RetryTopics { main: Arc::from(main), retries, dlt, strategy, timeout_ms: None, not_retry_on: Vec::new() }
    }

    /// Every topic of the chain with the suffix of its container's group: main (`""`), retries in order, dead letters.
    pub fn topics(&self) -> Vec<(Arc<str>, String)> {
        let mut topics = vec![(self.main.clone(), String::new())];
        for topic in self.retries.iter().map(|retry| &retry.topic).chain(&self.dlt) {
            if !topics.iter().any(|(known, _)| known == topic) {
                topics.push((topic.clone(), topic[self.main.len()..].to_string()));
            }
        }
        topics
    }

    fn is_retryable(&self, exception: &Exception) -> bool {
        let listed = |class: &str| self.not_retry_on.iter().any(|c| **c == *class).then_some(());
        !exception.is_fatal_by_default() && exception.classified(listed).is_none()
    }
}

/// A container's place among retry topics.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RetryRole {
    /// The chain.
    pub topics: Arc<RetryTopics>,
    /// Whether its listener is the handler of the dead letters.
    pub of_dead_letters: bool,
}

impl RetryRole {
    /// Where a failed record goes now, and the record that is published there; `None`: it is dropped.
    pub(super) fn next(
        &self,
        now: SimTime,
        failed: &ConsumerRecord,
        topic: &str,
        group: &str,
        exception: &Exception,
    ) -> Option<(Arc<str>, NewRecord)> {
        let chain = &*self.topics;
        let attempt = attempts(&failed.record).unwrap_or(1);
        let now_ms = EPOCH_MS + now.ms() as i64;
        let original_ms = last(&failed.record, ORIGINAL_TIMESTAMP).map_or(failed.record.timestamp_ms, two_s_complement);
        let too_late = chain.timeout_ms.is_some_and(|timeout| now_ms - original_ms > timeout as i64);
        let retry = (attempt as usize).checked_sub(1).and_then(|index| chain.retries.get(index));
        let (to, delay_ms) = match retry {
            Some(retry) if !self.of_dead_letters && !too_late && chain.is_retryable(exception) => (retry.topic.clone(), retry.delay_ms),
            _ if self.of_dead_letters && (chain.strategy != DltStrategy::AlwaysRetryOnError || exception.is_fatal_by_default()) => {
                return None;
            }
            _ => (chain.dlt.clone()?, 0),
        };
        let mut record = letter(now, failed, topic, group, exception, HeaderStyle::RETRY_TOPIC);
        let mut headers = record.headers.to_vec();
        let number = attempt as i32 + 1;
        headers.push(header(ATTEMPTS, Arc::from(number.to_be_bytes().as_slice())));
        headers.push(header(BACK_OFF_TIMESTAMP, big_integer(now_ms + delay_ms as i64)));
        headers.push(header(ORIGINAL_TIMESTAMP, big_integer(original_ms)));
        record.headers = Arc::from(headers);
        Some((to, record))
    }

    /// When this record may be handled; `None`: at once. Dead letters never wait.
    pub(super) fn due_at(&self, record: &Record) -> Option<SimTime> {
        if self.of_dead_letters {
            return None;
        }
        let due_ms = last(record, BACK_OFF_TIMESTAMP).map(two_s_complement)?;
        // The header is in whole milliseconds, rounded down: one more keeps the wait whole.
        Some(SimTime::from_ms((due_ms - EPOCH_MS).max(0) as u64 + 1))
    }
}

/// The number of the attempt that this record is for; `None` outside retry topics.
pub(super) fn attempts(record: &Record) -> Option<u32> {
    let value: [u8; 4] = last(record, ATTEMPTS)?.as_ref().try_into().ok()?;
    u32::try_from(i32::from_be_bytes(value)).ok()
}

fn last<'a>(record: &'a Record, name: &str) -> Option<&'a Bytes> {
    record.headers.iter().rev().find(|header| *header.name == *name)?.value.as_ref()
}

/// Java's `BigInteger.toByteArray`: the shortest big-endian two's-complement form.
fn big_integer(number: i64) -> Bytes {
    let bytes = number.to_be_bytes();
    let sign = if number < 0 { 0xff } else { 0 };
    let skip = bytes.windows(2).take_while(|pair| pair[0] == sign && (pair[1] ^ sign) & 0x80 == 0).count();
    Arc::from(&bytes[skip..])
}

fn two_s_complement(bytes: &Bytes) -> i64 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    bytes.iter().fold(if negative { -1 } else { 0 }, |number, byte| (number << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(chain: &RetryTopics) -> Vec<&str> {
        chain.retries.iter().map(|retry| &retry.topic[2..]).collect()
    }

    #[test]
    fn d13_names() {
        let fixed = BackOff::Fixed { interval_ms: 1_000, attempts_max: u64::MAX };
        let growing = BackOff::exponential_with_max_retries(4, 300, 2_000, 900);
        let chain = |attempts, back_off: &BackOff, suffixing, reuse| {
            RetryTopics::new("t", attempts, back_off, suffixing, reuse, DltStrategy::default())
        };
        use Suffixing::{WithDelayValue, WithIndexValue};
        use TopicReuse::{MultipleTopics, SingleTopic};
        assert_eq!(names(&chain(3, &fixed, WithDelayValue, SingleTopic)), ["retry", "retry"]);
        assert_eq!(names(&chain(3, &fixed, WithIndexValue, SingleTopic)), ["retry", "retry"]);
        assert_eq!(names(&chain(4, &fixed, WithDelayValue, MultipleTopics)), ["retry-0", "retry-1", "retry-2"]);
        assert_eq!(names(&chain(5, &growing, WithDelayValue, SingleTopic)), ["retry-300", "retry-600", "retry-900", "retry-900"]);
        assert_eq!(names(&chain(5, &growing, WithDelayValue, MultipleTopics)), ["retry-300", "retry-600", "retry-900-0", "retry-900-1"]);
        assert_eq!(names(&chain(5, &growing, WithIndexValue, SingleTopic)), ["retry-0", "retry-1", "retry-2", "retry-2"]);
        assert_eq!(names(&chain(2, &growing, WithDelayValue, SingleTopic)), ["retry"]);
        assert_eq!(names(&chain(2, &growing, WithDelayValue, MultipleTopics)), ["retry-300"]);
        assert!(names(&chain(1, &fixed, WithDelayValue, SingleTopic)).is_empty());
    }

    #[test]
    fn d13_timestamps_are_two_s_complement_bytes() {
        for number in [0, 1, 127, 128, 255, 256, -1, -128, -129, 1_700_000_000_000] {
            assert_eq!(two_s_complement(&big_integer(number)), number);
        }
        assert_eq!(&*big_integer(128), [0, 128]);
        assert_eq!(&*big_integer(127), [127]);
        assert_eq!(&*big_integer(-128), [128]);
    }
}
