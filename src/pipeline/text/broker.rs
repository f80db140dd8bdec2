//! Facts of the cluster in words.

use super::{Word, Words, offsets, partition, partitions};
use crate::broker::group::GroupFact;
use crate::broker::share::{RecordState, Settling, ShareFact};
use crate::broker::{self, Topics};

/// What happened, and the details.
pub(super) fn broker_words(fact: &broker::Fact, topics: &Topics) -> Words {
    use broker::Fact as F;
    let part = |tp: &broker::TopicPartition| partition(topics, tp);
    let ids = |brokers: &[broker::BrokerId]| brokers.iter().map(|b| b.0.to_string()).collect::<Vec<_>>().join(",");
    match fact {
        F::Group(fact) => group_words(fact, topics),
        F::Share(fact) => share_words(fact, topics),
        F::Appended { partition, base_offset, records, .. } => {
            (Word::Appended, format!("{}@{base_offset}..{}", part(partition), base_offset + u64::from(*records)))
        }
        F::DuplicateBatch { partition, base_offset, producer_id, sequence, .. } => {
            (Word::DuplicateBatch, format!("{}@{base_offset} producer {producer_id} sequence {sequence}", part(partition)))
        }
        F::ProduceRefused { partition, error, .. } => (Word::ProduceRefused, format!("{} {error:?}", part(partition))),
        F::Replicated { partition, log_end_offset, .. } => (Word::Replicated, format!("{} end {log_end_offset}", part(partition))),
        F::HighWatermarkMoved { partition, from, to, .. } => (Word::HighWatermark, format!("{} {from}>{to}", part(partition))),
        F::LeaderElected { partition, leader, leader_epoch, unclean } => {
            let leader = leader.map_or_else(|| "none".to_owned(), |b| b.0.to_string());
            let unclean = if *unclean { " unclean" } else { "" };
            (Word::LeaderElected, format!("{} leader {leader} epoch {leader_epoch}{unclean}", part(partition)))
        }
        F::IsrChanged { partition, isr, elr } => (Word::IsrChanged, format!("{} isr {} elr {}", part(partition), ids(isr), ids(elr))),
        F::Truncated { partition, from, to, .. } => (Word::Truncated, format!("{} {from}>{to}", part(partition))),
        F::SegmentRolled { partition, base_offset, .. } => (Word::SegmentRolled, format!("{} base {base_offset}", part(partition))),
        F::SegmentDeleted { partition, base_offset, end_offset, reason, .. } => {
            (Word::SegmentDeleted, format!("{}@{base_offset}..{end_offset} {reason:?}", part(partition)))
        }
        F::LogStartMoved { partition, from, to, .. } => (Word::LogStart, format!("{} {from}>{to}", part(partition))),
        F::Compacted { partition, up_to, removed, .. } => (Word::Compacted, format!("{} up to {up_to} removed {removed}", part(partition))),
        F::TopicCreated { name, partitions } => (Word::TopicCreated, format!("{name} partitions {partitions}")),
        F::PartitionsAdded { name, total } => (Word::PartitionsAdded, format!("{name} total {total}")),
        F::BrokerUp { .. } => (Word::BrokerUp, String::new()),
        F::BrokerDown { controlled, .. } => (Word::BrokerDown, if *controlled { "in order" } else { "killed" }.to_owned()),
        F::BrokerFenced { .. } => (Word::BrokerFenced, String::new()),
        F::CoordinatorMoved { key, to, .. } => (Word::CoordinatorMoved, format!("{key} to {}", to.0)),
        F::ProducerIdAssigned { producer_id, epoch, .. } => (Word::ProducerId, format!("{producer_id} epoch {epoch}")),
        F::TxnBegun { transactional_id, .. } => (Word::TxnBegun, transactional_id.to_string()),
        F::TxnDecided { transactional_id, committed, timed_out } => {
            let outcome = if *committed { "commit" } else { "abort" };
            (Word::TxnDecided, format!("{transactional_id} {outcome}{}", if *timed_out { " timed out" } else { "" }))
        }
        F::TxnEnded { transactional_id, committed } => {
            (Word::TxnEnded, format!("{transactional_id} {}", if *committed { "committed" } else { "aborted" }))
        }
        F::MarkerAppended { partition, offset, committed, .. } => {
            (Word::Marker, format!("{}@{offset} {}", part(partition), if *committed { "commit" } else { "abort" }))
        }
        F::ProducerFenced { transactional_id, epoch } => (Word::ProducerFenced, format!("{transactional_id} epoch {epoch}")),
    }
}

/// What happened in a group, and the details.
fn group_words(fact: &GroupFact, topics: &Topics) -> Words {
    match fact {
        GroupFact::Joined { group, member, .. } => (Word::MemberJoined, format!("{group} {}", short(member))),
        GroupFact::Rebalancing { group, reason } => (Word::Rebalancing, format!("{group}: {reason}")),
        GroupFact::Rebalanced { group, generation, assignment } => {
            let each = |(member, all): (&std::sync::Arc<str>, &Vec<broker::TopicPartition>)| {
                format!("{}=[{}]", short(member), partitions(topics, all))
            };
            let shares = assignment.iter().map(each).collect::<Vec<_>>().join(" ");
            (Word::Rebalanced, format!("{group} generation {generation} {shares}"))
        }
        GroupFact::Emptied { group, generation } => (Word::GroupEmpty, format!("{group} generation {generation}")),
        GroupFact::Committed { group, offsets: all, .. } => {
            (Word::OffsetsCommitted, format!("{group} {}", offsets(topics, all.iter().map(|(p, o)| (*p, o.offset)))))
        }
        GroupFact::CommitRefused { group, member, error } => (Word::CommitRefused, format!("{group} {} {error:?}", short(member))),
        GroupFact::Evicted { group, member, why } => (Word::MemberEvicted, format!("{group} {} {why:?}", short(member))),
        GroupFact::Left { group, member } => (Word::MemberLeft, format!("{group} {}", short(member))),
        GroupFact::OffsetsAltered { group, offsets: all } => {
            let shown = offsets(topics, all.iter().filter_map(|(p, o)| o.map(|o| (*p, o))));
            (Word::OffsetsAltered, format!("{group} {shown}"))
        }
        other => (Word::Group, format!("{other:?}")),
    }
}

/// What happened to the records of a share group, and the details.
fn share_words(fact: &ShareFact, topics: &Topics) -> Words {
    let part = |tp: &broker::TopicPartition| partition(topics, tp);
    match fact {
        ShareFact::Loaded { group, partition, start, .. } => (Word::ShareLoaded, format!("{group} {} start {start}", part(partition))),
        ShareFact::Acquired { group, member, partition, first, last, delivery_count, .. } => {
            let member = short(member);
            (Word::ShareAcquired, format!("{group} {}@{first}..{} delivery {delivery_count} {member}", part(partition), last + 1))
        }
        ShareFact::Settled { group, partition, first, last, state, by, .. } => {
            let why = match by {
                Settling::Acknowledged(ack) => ack.name(),
                Settling::LockTimeout => "lock timed out",
                Settling::SessionClosed => "session closed",
                Settling::LogStart => "log start",
                Settling::Aborted => "aborted",
            };
            let word = match state {
                RecordState::Available | RecordState::Acquired => Word::ShareReleased,
                RecordState::Acknowledged => Word::ShareAcknowledged,
                RecordState::Archived => Word::ShareArchived,
            };
            (word, format!("{group} {}@{first}..{} {why}", part(partition), last + 1))
        }
        ShareFact::Renewed { group, partition, first, last, .. } => {
            (Word::ShareRenewed, format!("{group} {}@{first}..{}", part(partition), last + 1))
        }
        ShareFact::Refused { group, member, partition, error, .. } => {
            (Word::ShareRefused, format!("{group} {} {error:?} {}", part(partition), short(member)))
        }
        ShareFact::StartMoved { group, partition, from, to, .. } => (Word::ShareStart, format!("{group} {} {from}>{to}", part(partition))),
        ShareFact::OffsetsAltered { group, partition, start } => {
            let start = start.map_or_else(|| "deleted".to_owned(), |s| s.to_string());
            (Word::OffsetsAltered, format!("{group} {} {start}", part(partition)))
        }
    }
}

/// A member id without most of its UUID.
fn short(member: &str) -> &str {
    let cut = member.char_indices().rev().filter(|(_, c)| *c == '-').nth(3).map_or(member.len(), |(at, _)| at);
    &member[..cut]
}
