//! The tools of a script: each request reaches a broker at once, as they stand beside the cluster.

use std::sync::Arc;

use super::{LabAction, LabAnswer, LabOffset};
use crate::broker::{
    Acks, AdminRequest, Batch, BrokerId, EPOCH_MS, GroupRequest, GroupResponse, IsolationLevel, NewRecord, OffsetSpec, Request, Response,
    TopicPartition, bytes,
};
use crate::pipeline::{InterventionError, World};

/// How long a batch that a script hands in may wait for its acknowledgment, in microseconds.
const APPEND_TIMEOUT_US: u64 = 30_000_000;

impl World {
    pub(super) fn lab_tool(&mut self, action: &LabAction) -> Result<(), InterventionError> {
        let (op, to, request) = self.lab_request(action)?;
        self.lab.asked.insert(self.tool_requests, op);
        self.tool_at(to, request);
        Ok(())
    }

    /// The request of a tool's act, and the broker that must have it, if not just any.
    fn lab_request(&self, action: &LabAction) -> Result<(u64, Option<BrokerId>, Request), InterventionError> {
        let admin = |op: &u64, request| Ok((*op, None, Request::Admin(request)));
        match action {
            LabAction::CreateTopic { op, name, partitions, replicas, settings } => {
                let replicas = replicas.iter().map(|list| list.iter().map(|b| BrokerId(*b)).collect()).collect();
                let (name, config) = (Arc::clone(name), settings.clone());
                admin(op, AdminRequest::CreateTopic { name, partitions: *partitions, replication_factor: 1, replicas, config })
            }
            LabAction::AddPartitions { op, topic, total } => {
                admin(op, AdminRequest::CreatePartitions { topic: Arc::clone(topic), total: *total })
            }
            LabAction::AlterTopic { op, topic, settings } => {
                admin(op, AdminRequest::AlterTopicConfig { topic: Arc::clone(topic), config: settings.clone() })
            }
            LabAction::DeleteRecords { op, topic, partition, before } => {
                let partition = self.lab_partition(topic, *partition)?;
                let request = Request::Admin(AdminRequest::DeleteRecords { partition, before: *before });
                Ok((*op, self.lab_leader(partition), request))
            }
            LabAction::ListOffset { op, topic, partition, of } => {
                let partition = self.lab_partition(topic, *partition)?;
                let spec = match of {
                    LabOffset::Earliest => OffsetSpec::Earliest,
                    LabOffset::Latest => OffsetSpec::Latest,
                    LabOffset::MaxTimestamp => OffsetSpec::MaxTimestamp,
                    LabOffset::Timestamp(ms) => OffsetSpec::Timestamp(*ms),
                };
                let request = Request::ListOffsets { isolation: IsolationLevel::ReadUncommitted, partitions: vec![(partition, spec)] };
                Ok((*op, self.lab_leader(partition), request))
            }
            LabAction::Append { op, topic, partition, producer_id, epoch, sequence, values } => {
                let partition = self.lab_partition(topic, *partition)?;
                let batch = self.lab_batch(partition, (*producer_id, *epoch), *sequence, values);
                let request =
                    Request::Produce { acks: Acks::Leader, timeout_us: APPEND_TIMEOUT_US, transactional_id: None, batches: vec![batch] };
                Ok((*op, self.lab_leader(partition), request))
            }
            LabAction::AlterGroupOffsets { op, group, offsets } => {
                let offsets = self.lab_offsets(offsets)?.into_iter().map(|(partition, o)| (partition, o.offset)).collect();
                Ok((*op, None, Request::Group { group: Arc::clone(group), request: GroupRequest::AlterOffsets { offsets } }))
            }
            LabAction::DeleteGroupOffset { op, group, topic, partition } => {
                let partitions = vec![self.lab_partition(topic, *partition)?];
                Ok((*op, None, Request::Group { group: Arc::clone(group), request: GroupRequest::DeleteOffsets { partitions } }))
            }
            other => self.lab_share_request(other).map(|(op, request)| (op, None, request)),
        }
    }

    fn lab_leader(&self, partition: TopicPartition) -> Option<BrokerId> {
        self.cluster.partition(partition).and_then(|state| state.leader)
    }

    fn lab_batch(&self, partition: TopicPartition, producer: (u64, u16), base_sequence: u32, values: &[Arc<str>]) -> Batch {
        let timestamp_ms = EPOCH_MS + self.now.ms() as i64;
        let record = |value: &Arc<str>| NewRecord { key: None, value: Some(bytes(value)), headers: Arc::from([]), timestamp_ms, tag: 0 };
        let records = values.iter().map(record).collect();
        Batch { partition, producer: Some(producer), base_sequence, transactional: false, records }
    }

    /// A broker has answered a tool.
    pub(in crate::pipeline) fn lab_tool_response(&mut self, correlation: u64, response: &Response) {
        if let Some(op) = self.lab.asked.remove(&correlation) {
            self.lab_settle(op, answer(response));
        }
    }
}

fn answer(response: &Response) -> LabAnswer {
    match response {
        Response::Error(error) => LabAnswer::Threw(error.exception()),
        Response::Admin { log_start_offset: Some(start) } => LabAnswer::LogStart(*start),
        Response::Produce { partitions } => match partitions.first() {
            Some((_, Ok(answer))) => LabAnswer::Appended { first: answer.base_offset.unwrap_or(0) },
            Some((_, Err(error))) => LabAnswer::Threw(error.exception()),
            None => LabAnswer::Done,
        },
        Response::ListOffsets { partitions } => match partitions.first() {
            Some((_, Ok(listed))) => LabAnswer::Offset { offset: listed.offset, timestamp_ms: listed.timestamp_ms },
            Some((_, Err(error))) => LabAnswer::Threw(error.exception()),
            None => LabAnswer::Done,
        },
        Response::Group(GroupResponse::OffsetCommit { partitions }) => {
            partitions.values().flatten().next().map_or(LabAnswer::Done, |error| LabAnswer::Threw(error.exception()))
        }
        _ => LabAnswer::Done,
    }
}
