//! Questions that the world asks its own parts. Changes nothing.

use super::World;
use crate::broker::{BrokerId, Record, Request, TopicPartition};
use crate::scenario::TOPIC;

impl World {
    /// A record as the leader has it (or, without a leader, any replica).
    pub fn record(&self, partition: TopicPartition, offset: u64) -> Option<&Record> {
        let any = || self.cluster.nodes().iter().find_map(|n| n.replicas.get(&partition));
        let replica = self.cluster.leader(partition).or_else(any)?;
        replica.log.records_from(offset).next().map(|r| &**r).filter(|r| r.offset == offset)
    }

    /// The committed offset of a group on a partition.
    pub fn committed(&self, group: &str, partition: TopicPartition) -> Option<u64> {
        Some(self.cluster.groups.group(group)?.offsets.get(&partition)?.committed.offset)
    }

    /// The high watermark of a partition; 0 without a leader.
    pub fn high_watermark(&self, partition: TopicPartition) -> u64 {
        self.cluster.leader(partition).map_or(0, |r| r.high_watermark)
    }

    /// A partition of the bank's topic.
    pub fn topic_partition(&self, partition: u32) -> TopicPartition {
        let topic = self.cluster.topic_id(TOPIC).unwrap_or_default();
        TopicPartition { topic, partition }
    }

    /// How many partitions the bank's topic has.
    pub fn partition_count(&self) -> u32 {
        self.cluster.topics().by_name(TOPIC).map_or(0, |t| t.partitions)
    }

    /// Whether a topic has such a partition.
    pub(super) fn has_partition(&self, topic: &str, partition: u32) -> bool {
        self.cluster.partition_named(topic, partition).is_some()
    }

    /// The ids of all brokers.
    pub(super) fn broker_ids(&self) -> impl Iterator<Item = BrokerId> + '_ {
        self.cluster.nodes().iter().map(|n| n.id)
    }

    /// The command behind a request, where it is one: that of its first record.
    pub(super) fn command_of_request(&self, request: &Request) -> Option<u32> {
        match request {
            Request::Produce { batches, .. } => self.command_of_tag(batches.first()?.records.first()?.tag),
            _ => None,
        }
    }
}
