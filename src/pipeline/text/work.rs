//! Facts of the share group's workers in words.

use super::{Word, Words, partition};
use crate::broker::{TopicPartition, Topics};
use crate::pipeline::WorkFact as F;

/// What a worker of the share group did, and the details.
pub(super) fn work_words(fact: &F, topics: &Topics) -> Words {
    let at = |p: &TopicPartition, offset: &u64| format!("{}@{offset}", partition(topics, p));
    match fact {
        F::Started => (Word::Started, String::new()),
        F::Stopped => (Word::Stopped, String::new()),
        F::Killed => (Word::Killed, String::new()),
        F::Polled { records } => (Word::SharePolled, format!("records {records}")),
        F::CallThrew { class } => (Word::ShareCallThrew, (*class).to_owned()),
        F::Taken { partition, offset, delivery_count } => {
            (Word::ShareTaken, format!("{} delivery {delivery_count}", at(partition, offset)))
        }
        F::AwaitingDecision { partition, offset } => (Word::AwaitsDecision, at(partition, offset)),
        F::Noticed { partition, offset, event } => (Word::NoticeSent, format!("{event} {}", at(partition, offset))),
        F::NoticeKnown { partition, offset, event } => (Word::NoticeKnown, format!("{event} {}", at(partition, offset))),
        F::Threw { partition, offset, class } => (Word::ShareThrew, format!("{} {class}", at(partition, offset))),
        F::Said { partition, offset, ack } => (Word::ShareSaid, format!("{} {}", at(partition, offset), ack.name())),
        F::Commit { waits } => (Word::ShareCommit, if *waits { "sync" } else { "async" }.to_owned()),
        F::Committed { refused } => (Word::ShareCommitted, format!("refused {refused}")),
    }
}
