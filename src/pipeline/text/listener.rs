//! Facts of consumers and containers in words.

use super::{Word, Words, offsets, partition, partitions};
use crate::broker::{TopicPartition, Topics};
use crate::listener::Fact as F;
use crate::listener::consumer::ConsumerFact as C;

/// What happened to a Kafka consumer, and the details.
pub(super) fn consumer_words(fact: &C, topics: &Topics) -> Words {
    match fact {
        C::Joining { reason } => (Word::Joining, (*reason).to_owned()),
        C::Rebalanced { generation, assignment } => (Word::Joined, format!("generation {generation} [{}]", partitions(topics, assignment))),
        C::Revoked(all) => (Word::PartitionsRevoked, partitions(topics, all)),
        C::Assigned(all) => (Word::PartitionsAssigned, partitions(topics, all)),
        C::Lost(all) => (Word::PartitionsLost, partitions(topics, all)),
        C::Fetched { partition: p, from, to, records } => {
            (Word::Fetched, format!("{}@{from}..{to} records {records}", partition(topics, p)))
        }
        C::Committed { offsets: all } => (Word::CommitAnswered, offsets(topics, all.iter().map(|(p, o)| (*p, o.offset)))),
        C::CommitFailed { error } => (Word::CommitRefused, error.class.to_owned()),
        C::Positioned { partition: p, offset, by } => (Word::Positioned, format!("{}@{offset} by {by:?}", partition(topics, p))),
        C::ShareAcknowledged { partition: p, offsets: all, error } => {
            let all = all.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
            let error = error.as_ref().map_or_else(String::new, |e| format!(" {}", e.class));
            (Word::AckAnswered, format!("{}@{all}{error}", partition(topics, p)))
        }
        C::Left { reason } => (Word::Left, (*reason).to_owned()),
        C::Fenced { error } => (Word::Fenced, format!("{error:?}")),
    }
}

/// What happened to a container, and the details.
pub(super) fn listener_words(fact: &F, topics: &Topics) -> Words {
    let one = |p: &TopicPartition, offset: &u64| format!("{}@{offset}", partition(topics, p));
    let all = |records: &[(TopicPartition, u64)]| offsets(topics, records.iter().copied());
    match fact {
        F::StartFailed { class, message } => (Word::StartFailed, format!("{} {message}", simple(class))),
        F::Started => (Word::Started, String::new()),
        F::Polled { records } => (Word::Polled, all(records)),
        F::PollFailed { class, .. } => (Word::PollFailed, simple(class).to_owned()),
        F::OtherExceptionHandled { class, .. } => (Word::OtherException, simple(class).to_owned()),
        F::Delivered { record, attempt, .. } => {
            let attempt = attempt.map_or_else(String::new, |n| format!(" attempt {n}"));
            (Word::Delivered, one(&record.partition, &record.record.offset) + &attempt)
        }
        F::BatchDelivered { records } => (Word::BatchDelivered, offsets(topics, records.iter().map(|r| (r.partition, r.record.offset)))),
        F::Returned { partition, offset } => (Word::Returned, one(partition, offset)),
        F::Threw { partition, offset, class } => (Word::Threw, format!("{} {}", one(partition, offset), simple(class))),
        F::Acknowledged { partition, offset } => (Word::Acknowledged, one(partition, offset)),
        F::Nacked { partition, offset, ms } => (Word::Nacked, format!("{} {ms} ms", one(partition, offset))),
        F::AwaitingDecision { partition, offset } => (Word::AwaitsDecision, one(partition, offset)),
        F::ApiError { call, class, message, .. } => (Word::ApiError, format!("{call} {} {message}", simple(class))),
        F::Committed { offsets: next } => (Word::Committed, offsets(topics, next.iter().map(|(p, o)| (*p, *o)))),
        F::CommittedAsync { offsets: next } => (Word::CommittedAsync, offsets(topics, next.iter().map(|(p, o)| (*p, *o)))),
        F::CommitFailed { class, .. } => (Word::CommitFailed, simple(class).to_owned()),
        F::Assigned { partitions: p } => (Word::Assigned, partitions(topics, p)),
        F::Revoked { partitions: p } => (Word::Revoked, partitions(topics, p)),
        F::Lost { partitions: p } => (Word::PartitionsLost, partitions(topics, p)),
        F::Sought { offsets: next } => (Word::Sought, offsets(topics, next.iter().map(|(p, o)| (*p, *o)))),
        F::Paused { partitions: p } => (Word::Paused, partitions(topics, p)),
        F::Resumed { partitions: p } => (Word::Resumed, partitions(topics, p)),
        F::Idle { partitions: p } => (Word::Idle, partitions(topics, p)),
        F::NoLongerIdle { partitions: p } => (Word::NoLongerIdle, partitions(topics, p)),
        _ => error_words(fact, topics),
    }
}

/// The same, for what error handlers, transactions and the end of a thread say.
fn error_words(fact: &F, topics: &Topics) -> Words {
    let one = |p: &TopicPartition, offset: &u64| format!("{}@{offset}", partition(topics, p));
    let all = |records: &[(TopicPartition, u64)]| offsets(topics, records.iter().copied());
    match fact {
        F::Failed { partition, offset, attempt, class } => {
            (Word::Failed, format!("{} attempt {attempt} {}", one(partition, offset), simple(class)))
        }
        F::FailedBatch { records, attempt, class } => (Word::BatchFailed, format!("{} attempt {attempt} {}", all(records), simple(class))),
        F::BackingOff { ms } => (Word::BacksOff, format!("{ms} ms")),
        F::RecovererCalled { partition, offset } => (Word::RecovererCalled, one(partition, offset)),
        F::Recovered { partition, offset, class } => (Word::Recovered, format!("{} {}", one(partition, offset), simple(class))),
        F::RecoveryFailed { partition, offset, class } => (Word::RecoveryFailed, format!("{} {}", one(partition, offset), simple(class))),
        F::RecoveredBatch { records, class } => (Word::BatchRecovered, format!("{} {}", all(records), simple(class))),
        F::NotDue { partition, offset } => (Word::NotDue, one(partition, offset)),
        F::TransactionBegun => (Word::TxBegun, String::new()),
        F::TransactionCommitted => (Word::TxCommitted, String::new()),
        F::TransactionAborted => (Word::TxAborted, String::new()),
        F::OffsetsSentToTransaction { offsets: next } => (Word::TxOffsets, offsets(topics, next.iter().map(|(p, o)| (*p, *o)))),
        F::Stopped { reason } => (Word::Stopped, reason.name().to_owned()),
        F::Killed => (Word::Killed, String::new()),
        other => (Word::Listener, other.to_string()),
    }
}

/// A class name without its package.
fn simple(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}
