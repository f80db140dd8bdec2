//! Facts of consumers and containers in words.

use super::{Words, offsets, partition, partitions};
use crate::broker::{TopicPartition, Topics};
use crate::listener::Fact as F;
use crate::listener::consumer::ConsumerFact as C;

/// What happened to a Kafka consumer, and the details.
pub(super) fn consumer_words(fact: &C, topics: &Topics) -> Words {
    match fact {
        C::Joining { reason } => ("joining", (*reason).to_owned()),
        C::Rebalanced { generation, assignment } => ("joined", format!("generation {generation} [{}]", partitions(topics, assignment))),
        C::Revoked(all) => ("partitions_revoked", partitions(topics, all)),
        C::Assigned(all) => ("partitions_assigned", partitions(topics, all)),
        C::Lost(all) => ("partitions_lost", partitions(topics, all)),
        C::Fetched { partition: p, from, to, records } => ("fetched", format!("{}@{from}..{to} records {records}", partition(topics, p))),
        C::Committed { offsets: all } => ("commit_answered", offsets(topics, all.iter().map(|(p, o)| (*p, o.offset)))),
        C::CommitFailed { error } => ("commit_refused", error.class.to_owned()),
        C::Positioned { partition: p, offset, by } => ("positioned", format!("{}@{offset} by {by:?}", partition(topics, p))),
        C::Left { reason } => ("left", (*reason).to_owned()),
        C::Fenced { error } => ("fenced", format!("{error:?}")),
    }
}

/// What happened to a container, and the details.
pub(super) fn listener_words(fact: &F, topics: &Topics) -> Words {
    let one = |p: &TopicPartition, offset: &u64| format!("{}@{offset}", partition(topics, p));
    let all = |records: &[(TopicPartition, u64)]| offsets(topics, records.iter().copied());
    match fact {
        F::StartFailed { class, message } => ("start_failed", format!("{} {message}", simple(class))),
        F::Started => ("started", String::new()),
        F::Polled { records } => ("polled", all(records)),
        F::PollFailed { class, .. } => ("poll_failed", simple(class).to_owned()),
        F::OtherExceptionHandled { class, .. } => ("other_exception", simple(class).to_owned()),
        F::Delivered { record, attempt, .. } => {
            let attempt = attempt.map_or_else(String::new, |n| format!(" attempt {n}"));
            ("delivered", one(&record.partition, &record.record.offset) + &attempt)
        }
        F::BatchDelivered { records } => ("batch_delivered", offsets(topics, records.iter().map(|r| (r.partition, r.record.offset)))),
        F::Returned { partition, offset } => ("returned", one(partition, offset)),
        F::Threw { partition, offset, class } => ("threw", format!("{} {}", one(partition, offset), simple(class))),
        F::Acknowledged { partition, offset } => ("acknowledged", one(partition, offset)),
        F::Nacked { partition, offset, ms } => ("nacked", format!("{} {ms} ms", one(partition, offset))),
        F::AwaitingDecision { partition, offset } => ("awaits_decision", one(partition, offset)),
        F::ApiError { call, class, message, .. } => ("api_error", format!("{call} {} {message}", simple(class))),
        F::Committed { offsets: next } => ("committed", offsets(topics, next.iter().map(|(p, o)| (*p, *o)))),
        F::CommittedAsync { offsets: next } => ("committed_async", offsets(topics, next.iter().map(|(p, o)| (*p, *o)))),
        F::CommitFailed { class, .. } => ("commit_failed", simple(class).to_owned()),
        F::Assigned { partitions: p } => ("assigned", partitions(topics, p)),
        F::Revoked { partitions: p } => ("revoked", partitions(topics, p)),
        F::Lost { partitions: p } => ("partitions_lost", partitions(topics, p)),
        F::Sought { offsets: next } => ("sought", offsets(topics, next.iter().map(|(p, o)| (*p, *o)))),
        F::Paused { partitions: p } => ("paused", partitions(topics, p)),
        F::Resumed { partitions: p } => ("resumed", partitions(topics, p)),
        _ => error_words(fact, topics),
    }
}

/// The same, for what error handlers, transactions and the end of a thread say.
fn error_words(fact: &F, topics: &Topics) -> Words {
    let one = |p: &TopicPartition, offset: &u64| format!("{}@{offset}", partition(topics, p));
    let all = |records: &[(TopicPartition, u64)]| offsets(topics, records.iter().copied());
    match fact {
        F::Failed { partition, offset, attempt, class } => {
            ("failed", format!("{} attempt {attempt} {}", one(partition, offset), simple(class)))
        }
        F::FailedBatch { records, attempt, class } => ("batch_failed", format!("{} attempt {attempt} {}", all(records), simple(class))),
        F::BackingOff { ms } => ("backs_off", format!("{ms} ms")),
        F::RecovererCalled { partition, offset } => ("recoverer_called", one(partition, offset)),
        F::Recovered { partition, offset, class } => ("recovered", format!("{} {}", one(partition, offset), simple(class))),
        F::RecoveryFailed { partition, offset, class } => ("recovery_failed", format!("{} {}", one(partition, offset), simple(class))),
        F::RecoveryFailedBatch { records, class } => ("batch_recovery_failed", format!("{} {}", all(records), simple(class))),
        F::RecoveredBatch { records, class } => ("batch_recovered", format!("{} {}", all(records), simple(class))),
        F::NotDue { partition, offset } => ("not_due", one(partition, offset)),
        F::TransactionBegun => ("tx_begun", String::new()),
        F::TransactionCommitted => ("tx_committed", String::new()),
        F::TransactionAborted => ("tx_aborted", String::new()),
        F::OffsetsSentToTransaction { offsets: next } => ("tx_offsets", offsets(topics, next.iter().map(|(p, o)| (*p, *o)))),
        F::Stopped { reason } => ("stopped", reason.name().to_owned()),
        F::Killed => ("killed", String::new()),
        other => ("listener", other.to_string()),
    }
}

/// A class name without its package.
fn simple(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}
