//! Looking at the cluster from outside: for views, referees and tests. Changes nothing.

use std::sync::Arc;

use super::{Cluster, Node};
use crate::broker::controller::PartitionState;
use crate::broker::replica::Replica;
use crate::broker::{BrokerId, ClusterConfig, Metadata, TopicId, TopicPartition, Topics};

impl Cluster {
    /// The settings.
    pub fn config(&self) -> &ClusterConfig {
        &self.config
    }

    /// The settings, to be changed while it runs; what is changed counts from the next time that it is looked at.
    pub fn config_mut(&mut self) -> &mut ClusterConfig {
        Arc::make_mut(&mut self.config)
    }

    /// All topics.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// The id of a topic.
    pub fn topic_id(&self, name: &str) -> Option<TopicId> {
        self.topics.by_name(name).map(|t| t.id)
    }

    /// The name of a topic; empty for an unknown id.
    pub fn topic_name(&self, id: TopicId) -> &str {
        self.topics.name(id)
    }

    /// What clients are told.
    pub fn metadata(&self) -> &Arc<Metadata> {
        &self.metadata
    }

    /// All brokers, by id.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One broker.
    pub fn node(&self, broker: BrokerId) -> Option<&Node> {
        self.index_of(broker).map(|i| &self.nodes[i])
    }

    /// Leader, ISR and replicas of a partition, as the controller has it.
    pub fn partition(&self, partition: TopicPartition) -> Option<&PartitionState> {
        self.controller.partition(partition)
    }

    /// Whether the controller counts on a broker.
    pub fn is_active(&self, broker: BrokerId) -> bool {
        self.controller.is_active(broker)
    }

    /// A broker's replica of a partition.
    pub fn replica(&self, broker: BrokerId, partition: TopicPartition) -> Option<&Replica> {
        self.node(broker).and_then(|n| n.replicas.get(&partition))
    }

    /// The leader's replica of a partition, if there is a leader.
    pub fn leader(&self, partition: TopicPartition) -> Option<&Replica> {
        let leader = self.controller.partition(partition)?.leader?;
        self.replica(leader, partition)
    }

    /// A partition by the topic's name and the number; none if it does not exist.
    pub fn partition_named(&self, topic: &str, partition: u32) -> Option<TopicPartition> {
        let topic = self.topics.by_name(topic).filter(|t| partition < t.partitions)?;
        Some(TopicPartition { topic: topic.id, partition })
    }

    /// Which broker coordinates a group, if that was ever asked.
    pub fn coordinator(&self, group: &str) -> Option<BrokerId> {
        self.group_coordinators.get(group).copied()
    }

    /// Which broker coordinates the transactions of an id, if that was ever asked.
    pub fn txn_coordinator(&self, transactional_id: &str) -> Option<BrokerId> {
        self.txn_coordinators.get(transactional_id).copied()
    }

    /// Any broker that serves: the first one at or behind place `from`, round and round. What a client without metadata asks.
    pub fn any_running(&self, from: u32) -> Option<BrokerId> {
        let count = self.nodes.len();
        (0..count).map(|i| &self.nodes[(i + from as usize) % count]).find(|n| self.is_up(n.id)).map(|n| n.id)
    }
}
