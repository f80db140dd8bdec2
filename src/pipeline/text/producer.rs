//! Facts of producers in words.

use super::{Words, partition};
use crate::broker::{ProducerFact as P, Topics};

/// The word that says what happened, and the details.
pub(super) fn producer_words(fact: &P, topics: &Topics) -> Words {
    let of = |tp| partition(topics, tp);
    match fact {
        P::BatchSent { partition, records, attempt, .. } => {
            ("batch_sent", format!("{} {records} records, attempt {attempt}", of(partition)))
        }
        P::Retry { partition, exception, back_off_us, .. } => {
            ("batch_retried", format!("{} in {back_off_us} us: {exception}", of(partition)))
        }
        P::BatchFailed { partition, records, exception, .. } => {
            ("batch_failed", format!("{} {records} records: {exception}", of(partition)))
        }
        P::Acknowledged { partition, records, base_offset, .. } => match base_offset {
            Some(offset) => ("acknowledged", format!("{}@{offset} {records} records", of(partition))),
            None => ("acknowledged", format!("{} {records} records, offset unknown", of(partition))),
        },
        P::Identity { producer_id, epoch } => ("producer_identity", format!("id {producer_id} epoch {epoch}")),
        P::RequestTimedOut { to } => ("request_timed_out", to.map_or_else(String::new, |to| format!("to broker-{}", to.0))),
    }
}
