//! What the facts add to the meters.

use super::meters::LAGS_MAX;
use super::{Count, World};
use crate::bank::FactKind as BankFact;
use crate::broker::{Fact as BrokerFact, TopicId, TopicPartition};
use crate::listener::Fact as ListenerFact;
use crate::scenario::{GROUPS, TOPIC};

impl World {
    pub(super) fn meter_bank(&mut self, kind: &BankFact) {
        let count = match kind {
            BankFact::CommandAccepted { .. } => Count::Accepted,
            BankFact::CommandRejected { .. } => Count::Rejected,
            BankFact::EventStored { .. } => Count::Stored,
            BankFact::Applied { .. } => Count::Applied,
            BankFact::DuplicateSkipped { .. } | BankFact::PlaceSkipped { .. } | BankFact::VersionSkipped { .. } => Count::DuplicatesSkipped,
            BankFact::CompletionNoticed { waited_us, .. } => return self.meters.completed(*waited_us),
            BankFact::NoticeRepeated { .. } => Count::NoticesRepeated,
            BankFact::QueryAnswered { staleness_us, flaws, .. } => {
                self.meters.stale(*staleness_us);
                self.meters.add(Count::OwnWritesMissing, u32::from(flaws.own_missing));
                self.meters.add(Count::WentBack, u32::from(flaws.went_back));
                Count::Queries
            }
            _ => return,
        };
        self.meters.add(count, 1);
    }

    pub(super) fn meter_broker(&mut self, fact: &BrokerFact) {
        if let BrokerFact::Appended { records, .. } = fact {
            self.meters.add(Count::Appended, *records);
        }
    }

    pub(super) fn meter_listener(&mut self, fact: &ListenerFact) {
        let (count, n) = match fact {
            ListenerFact::Delivered { .. } => (Count::Delivered, 1),
            ListenerFact::BatchDelivered { records } => (Count::Delivered, records.len() as u32),
            ListenerFact::Committed { .. } | ListenerFact::CommittedAsync { .. } => (Count::Commits, 1),
            ListenerFact::Nacked { .. } | ListenerFact::Failed { .. } | ListenerFact::FailedBatch { .. } => (Count::Retries, 1),
            ListenerFact::Recovered { .. } => (Count::DeadLetters, 1),
            ListenerFact::RecoveredBatch { records, .. } => (Count::DeadLetters, records.len() as u32),
            _ => return,
        };
        self.meters.add(count, n);
    }

    /// By group and partition of the bank's topic: high watermark minus committed offset (C5), as Kafka's tool has it: what
    /// retention has deleted meanwhile counts. A group without a commit lags by everything that is still in the log.
    pub fn lags(&self) -> [[u32; LAGS_MAX]; 2] {
        let mut lags = [[0; LAGS_MAX]; 2];
        let topics = self.cluster.topics();
        let (Some(_), Some(topic)) = (&self.bank, topics.by_name(TOPIC)) else { return lags };
        for (group, row) in lags.iter_mut().enumerate() {
            let offsets = self.cluster.groups.group(GROUPS[group]).map(|group| &group.offsets);
            for (partition, lag) in (0..topic.partitions).zip(row) {
                let partition = TopicPartition { topic: topic.id, partition };
                let committed = offsets.and_then(|offsets| offsets.get(&partition)).map(|stored| stored.committed.offset);
                *lag = u32::try_from(self.behind(partition, committed)).unwrap_or(u32::MAX);
            }
        }
        lags
    }

    /// The lag of a group on a partition of the bank's topic.
    pub fn lag(&self, group: &str, partition: u32) -> u64 {
        let partition = self.topic_partition(partition);
        self.behind(partition, self.committed(group, partition))
    }

    /// Whether a partition and a group are the bank's own.
    pub fn is_of_bank(&self, group: &str, topic: TopicId) -> bool {
        self.bank.is_some() && GROUPS.contains(&group) && self.cluster.topic_id(TOPIC) == Some(topic)
    }

    fn behind(&self, partition: TopicPartition, committed: Option<u64>) -> u64 {
        let Some(leader) = self.cluster.leader(partition) else { return 0 };
        leader.high_watermark.saturating_sub(committed.unwrap_or_else(|| leader.log.start()))
    }
}
