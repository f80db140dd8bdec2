//! Facts of producers in words.

use super::{Word, Words, partition};
use crate::broker::{ProducerFact as P, Topics};

/// The word that says what happened, and the details.
pub(super) fn producer_words(fact: &P, topics: &Topics) -> Words {
    let of = |tp| partition(topics, tp);
    match fact {
        P::BatchSent { partition, records, attempt, .. } => {
            (Word::BatchSent, format!("{} {records} records, attempt {attempt}", of(partition)))
        }
        P::Retry { partition, exception, back_off_us, .. } => {
            (Word::BatchRetried, format!("{} in {back_off_us} us: {exception}", of(partition)))
        }
        P::BatchFailed { partition, records, exception, .. } => {
            (Word::BatchFailed, format!("{} {records} records: {exception}", of(partition)))
        }
        P::Acknowledged { partition, records, base_offset, .. } => match base_offset {
            Some(offset) => (Word::Acknowledged, format!("{}@{offset} {records} records", of(partition))),
            None => (Word::Acknowledged, format!("{} {records} records, offset unknown", of(partition))),
        },
        P::Identity { producer_id, epoch } => (Word::ProducerIdentity, format!("id {producer_id} epoch {epoch}")),
        P::RequestTimedOut { to } => (Word::RequestTimedOut, to.map_or_else(String::new, |to| format!("to broker-{}", to.0))),
    }
}
