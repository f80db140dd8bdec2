//! What tools ask for: topics, partitions, settings, deletion of records (B9).

use std::sync::Arc;

use super::Cluster;
use crate::broker::{AdminRequest, BrokerId, Effect, ErrorCode, Fact, Response, TopicConfig, TopicId, TopicPartition};
use crate::kernel::SimTime;

/// The most partitions that a topic may have here.
const PARTITIONS_MAX: u32 = 1_000;

impl Cluster {
    pub(super) fn handle_admin(&mut self, now: SimTime, index: usize, request: AdminRequest, out: &mut Vec<Effect>) -> Response {
        let done = match request {
            AdminRequest::CreateTopic { name, partitions, replication_factor, replicas, config } => {
                self.create_topic(now, name, partitions, replication_factor, replicas, &config, out).map(|_| None)
            }
            AdminRequest::CreatePartitions { topic, total } => self.create_partitions(now, &topic, total, out).map(|()| None),
            AdminRequest::AlterTopicConfig { topic, config } => self.alter_topic(now, &topic, &config, out).map(|()| None),
            AdminRequest::AlterGroupConfig { group, config } => self.configure_group(&group, &config).map(|()| None),
            AdminRequest::DeleteRecords { partition, before } => self.delete_records(now, index, partition, before, out).map(Some),
        };
        match done {
            Ok(log_start_offset) => Response::Admin { log_start_offset },
            Err(error) => Response::Error(error),
        }
    }

    /// Creates a topic at once, without a request: what a scenario starts with. `replicas` gives one replica list per
    /// partition; if it is empty, `partitions` and `replication_factor` count (0: the broker's default).
    ///
    /// # Errors
    /// `TopicAlreadyExists`, `InvalidPartitions`, `InvalidReplicationFactor`, `InvalidConfig`.
    #[allow(clippy::too_many_arguments)] // the fields of Kafka's NewTopic
    pub fn create_topic(
        &mut self,
        now: SimTime,
        name: Arc<str>,
        partitions: u32,
        replication_factor: u32,
        replicas: Vec<Vec<BrokerId>>,
        config: &[(Arc<str>, Arc<str>)],
        out: &mut Vec<Effect>,
    ) -> Result<TopicId, ErrorCode> {
        if self.topics.by_name(&name).is_some() {
            return Err(ErrorCode::TopicAlreadyExists);
        }
        let settings = with_changes(&self.config.topic_defaults, config)?;
        let replicas = if replicas.is_empty() {
            let partitions = if partitions == 0 { self.config.broker.num_partitions } else { partitions };
            let factor = if replication_factor == 0 { self.config.broker.default_replication_factor } else { replication_factor };
            self.place_replicas(0, partitions, factor)?
        } else {
            replicas
        };
        let count = u32::try_from(replicas.len()).unwrap_or(u32::MAX);
        if !(1..=PARTITIONS_MAX).contains(&count) {
            return Err(ErrorCode::InvalidPartitions);
        }
        if replicas.iter().any(|list| list.is_empty() || list.iter().any(|b| self.index_of(*b).is_none())) {
            return Err(ErrorCode::InvalidReplicationFactor);
        }
        let topic = self.topics.add(Arc::clone(&name), count, settings);
        out.push(Effect::Fact(Fact::TopicCreated { name, partitions: count }));
        self.add_partitions(now, topic, 0, replicas, out);
        Ok(topic)
    }

    pub(super) fn auto_create_topic(&mut self, now: SimTime, name: Arc<str>, out: &mut Vec<Effect>) {
        // A refusal (too few brokers) leaves the topic unknown, which is what the client is told then.
        let _refused = self.create_topic(now, name, 0, 0, Vec::new(), &[], out).is_err();
    }

    /// Partition p's replicas are the brokers from place p on, round and round.
    fn place_replicas(&self, first: u32, partitions: u32, factor: u32) -> Result<Vec<Vec<BrokerId>>, ErrorCode> {
        let active: Vec<BrokerId> = self.controller.active().collect();
        let count = active.len() as u32;
        if factor == 0 || factor > count {
            return Err(ErrorCode::InvalidReplicationFactor);
        }
        let place = |p: u32, r: u32| active[((p + r) % count) as usize];
        Ok((first..first + partitions.min(PARTITIONS_MAX + 1)).map(|p| (0..factor).map(|r| place(p, r)).collect()).collect())
    }

    fn add_partitions(&mut self, now: SimTime, topic: TopicId, first: u32, replicas: Vec<Vec<BrokerId>>, out: &mut Vec<Effect>) {
        for (partition, replicas) in (first..).zip(replicas) {
            let partition = TopicPartition { topic, partition };
            self.controller.add(partition, replicas);
            self.apply_partition(now, partition, out);
        }
        self.refresh_metadata();
    }

    fn create_partitions(&mut self, now: SimTime, name: &str, total: u32, out: &mut Vec<Effect>) -> Result<(), ErrorCode> {
        let topic = self.topics.by_name(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let (id, first) = (topic.id, topic.partitions);
        if total <= first || total > PARTITIONS_MAX {
            return Err(ErrorCode::InvalidPartitions);
        }
        let factor = self.controller.partition(TopicPartition { topic: id, partition: 0 }).map_or(1, |s| s.replicas.len() as u32);
        let replicas = self.place_replicas(first, total - first, factor)?;
        if let Some(topic) = self.topics.topic_mut(id) {
            topic.partitions = total;
        }
        out.push(Effect::Fact(Fact::PartitionsAdded { name: Arc::from(name), total }));
        self.add_partitions(now, id, first, replicas, out);
        Ok(())
    }

    fn alter_topic(&mut self, now: SimTime, name: &str, config: &[(Arc<str>, Arc<str>)], out: &mut Vec<Effect>) -> Result<(), ErrorCode> {
        let topic = self.topics.by_name(name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let (id, partitions) = (topic.id, topic.partitions);
        let settings = with_changes(&topic.config, config)?;
        if let Some(topic) = self.topics.topic_mut(id) {
            topic.config = settings;
        }
        // Another min.insync.replicas may set a high watermark free; another unclean setting may elect a leader.
        for partition in (0..partitions).map(|partition| TopicPartition { topic: id, partition }) {
            if let Some(state) = self.controller.partition(partition) {
                let (isr, leader) = (state.isr.clone(), state.leader);
                match leader.and_then(|b| self.index_of(b)) {
                    Some(index) => self.progress(now, index, partition, false, out),
                    None => self.change_isr(now, partition, isr, out),
                }
            }
        }
        Ok(())
    }

    /// Changes settings of a group (S2).
    ///
    /// # Errors
    /// `InvalidConfig`: no such setting, or a value outside of the brokers' bounds.
    pub fn configure_group(&mut self, group: &Arc<str>, changes: &[(Arc<str>, Arc<str>)]) -> Result<(), ErrorCode> {
        let mut config = self.share_config(group);
        for (name, value) in changes {
            config.set(name, value).map_err(|_| ErrorCode::InvalidConfig)?;
        }
        if !config.is_valid(&self.config.broker) {
            return Err(ErrorCode::InvalidConfig);
        }
        self.groups.set_share_config(group, config);
        Ok(())
    }

    fn delete_records(
        &mut self,
        now: SimTime,
        index: usize,
        partition: TopicPartition,
        before: u64,
        out: &mut Vec<Effect>,
    ) -> Result<u64, ErrorCode> {
        let high_watermark = self.leader_at(index, partition)?.high_watermark;
        if self.topics.topic(partition.topic).is_some_and(|t| t.config.cleanup_policy.compact && !t.config.cleanup_policy.delete) {
            return Err(ErrorCode::PolicyViolation);
        }
        // u64::MAX stands for Kafka's -1: all that is below the high watermark.
        let before = if before == u64::MAX { high_watermark } else { before };
        if before > high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let node = &mut self.nodes[index];
        let broker = node.id;
        let replica = node.replicas.get_mut(&partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let from = replica.log.start();
        let deleted = replica.log.advance_start(before);
        let to = replica.log.start();
        report_deleted(broker, partition, &deleted, from, to, out);
        self.wake_fetches(now, index, partition, out);
        Ok(to)
    }
}

/// Facts for segments that went and a log start that moved.
pub(super) fn report_deleted(
    broker: BrokerId,
    partition: TopicPartition,
    deleted: &[crate::broker::log::Deleted],
    from: u64,
    to: u64,
    out: &mut Vec<Effect>,
) {
    for d in deleted {
        let (base_offset, end_offset, reason) = (d.base_offset, d.end_offset, d.reason);
        out.push(Effect::Fact(Fact::SegmentDeleted { broker, partition, base_offset, end_offset, reason }));
    }
    if to > from {
        out.push(Effect::Fact(Fact::LogStartMoved { broker, partition, from, to }));
    }
}

fn with_changes(config: &TopicConfig, changes: &[(Arc<str>, Arc<str>)]) -> Result<TopicConfig, ErrorCode> {
    let mut config = config.clone();
    for (name, value) in changes {
        config.set(name, value).map_err(|_| ErrorCode::InvalidConfig)?;
    }
    if config.is_valid() { Ok(config) } else { Err(ErrorCode::InvalidConfig) }
}
