//! Committed offsets: who may commit (C6), transactions (E3), retention (C8), tools (C9). Does not know the logs: any
//! offset is stored (C5).

use std::sync::Arc;

use super::state::{Group, GroupState, StoredOffset};
use super::{Call, GroupCoordinator, GroupFact, fact};
use crate::broker::{CommittedOffset, Effect, ErrorCode, GroupRequest, GroupResponse, TopicPartition, Topics};
use crate::kernel::{SimTime, SortedMap};

type Offsets = SortedMap<TopicPartition, CommittedOffset>;

impl GroupCoordinator {
    pub(super) fn offsets(
        &mut self,
        call: Call,
        index: usize,
        request: GroupRequest,
        topics: &Topics,
        out: &mut Vec<Effect>,
    ) -> Result<GroupResponse, ErrorCode> {
        match request {
            GroupRequest::OffsetCommit { member_id, instance_id, generation, offsets } => {
                self.commit(call, index, &member_id, instance_id.as_deref(), generation, offsets, out)
            }
            GroupRequest::OffsetFetch { partitions, require_stable } => self.fetch_offsets(index, &partitions, require_stable),
            GroupRequest::TxnOffsetCommit { producer, member_id, generation, offsets } => {
                self.validate_commit(index, &member_id, None, generation, true)
                    .inspect_err(|error| self.refused(index, &member_id, *error, out))?;
                let partitions = offsets.keys().map(|p| (*p, None)).collect();
                self.groups[index].committed_into = true;
                self.groups[index].pending_offsets.entry(producer.0).or_default().extend(offsets);
                Ok(GroupResponse::OffsetCommit { partitions })
            }
            GroupRequest::AlterOffsets { offsets } => self.alter_offsets(call, index, offsets, out),
            GroupRequest::DeleteOffsets { partitions } => self.delete_offsets(index, &partitions, topics, out),
            _ => Err(ErrorCode::InvalidRequest),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn commit(
        &mut self,
        call: Call,
        index: usize,
        id: &Arc<str>,
        instance: Option<&str>,
        generation: Option<u32>,
        offsets: Offsets,
        out: &mut Vec<Effect>,
    ) -> Result<GroupResponse, ErrorCode> {
        self.validate_commit(index, id, instance, generation, false).inspect_err(|error| self.refused(index, id, *error, out))?;
        if self.groups[index].members.contains_key(id) {
            self.touch(call.now, index, id, out);
        }
        let partitions = offsets.keys().map(|p| (*p, None)).collect();
        self.store(call.now, index, id.clone(), offsets, out);
        Ok(GroupResponse::OffsetCommit { partitions })
    }

    fn store(&mut self, now: SimTime, index: usize, member: Arc<str>, offsets: Offsets, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        group.committed_into = true;
        for (partition, committed) in &offsets {
            group.offsets.insert(*partition, StoredOffset { committed: *committed, at: now });
        }
        out.push(fact(GroupFact::Committed { group: group.name.clone(), member, offsets }));
    }

    fn refused(&self, index: usize, member: &Arc<str>, error: ErrorCode, out: &mut Vec<Effect>) {
        let group = self.groups[index].name.clone();
        out.push(fact(GroupFact::CommitRefused { group, member: member.clone(), error }));
    }

    /// The table of C6 (`ClassicGroup#validateOffsetCommit`).
    fn validate_commit(
        &self,
        index: usize,
        id: &str,
        instance: Option<&str>,
        generation: Option<u32>,
        transactional: bool,
    ) -> Result<(), ErrorCode> {
        let group = &self.groups[index];
        if group.modern.is_some() && group.members.is_empty() {
            return if transactional && generation.is_none() && id.is_empty() {
                Ok(())
            } else {
                self.validate_modern_commit(index, id, generation)
            };
        }
        match generation {
            None if group.state == GroupState::Empty => return Ok(()),
            None if id.is_empty() && transactional => return Ok(()),
            None if id.is_empty() => return Err(ErrorCode::UnknownMemberId),
            _ => {}
        }
        self.validate(index, id, instance)?;
        if generation != Some(group.generation) {
            return Err(ErrorCode::IllegalGeneration);
        }
        if !transactional && group.state == GroupState::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    fn fetch_offsets(&self, index: usize, partitions: &[TopicPartition], require_stable: bool) -> Result<GroupResponse, ErrorCode> {
        let group = &self.groups[index];
        let open = |p: &TopicPartition| group.pending_offsets.values().any(|offsets| offsets.contains_key(p));
        if require_stable && partitions.iter().any(open) {
            return Err(ErrorCode::UnstableOffsetCommit);
        }
        let offsets = partitions.iter().filter_map(|p| group.offsets.get(p).map(|o| (*p, o.committed))).collect();
        Ok(GroupResponse::OffsetFetch { offsets })
    }

    fn alter_offsets(
        &mut self,
        call: Call,
        index: usize,
        offsets: SortedMap<TopicPartition, u64>,
        out: &mut Vec<Effect>,
    ) -> Result<GroupResponse, ErrorCode> {
        self.validate_commit(index, "", None, None, false)?;
        let group = &mut self.groups[index];
        group.committed_into = true;
        for (partition, offset) in &offsets {
            let committed = CommittedOffset { offset: *offset, leader_epoch: None };
            group.offsets.insert(*partition, StoredOffset { committed, at: call.now });
        }
        let offsets = offsets.into_iter().map(|(p, o)| (p, Some(o))).collect();
        out.push(fact(GroupFact::OffsetsAltered { group: group.name.clone(), offsets }));
        Ok(GroupResponse::Done)
    }

    fn delete_offsets(
        &mut self,
        index: usize,
        partitions: &[TopicPartition],
        topics: &Topics,
        out: &mut Vec<Effect>,
    ) -> Result<GroupResponse, ErrorCode> {
        let group = &mut self.groups[index];
        if !group.exists() {
            return Err(ErrorCode::GroupIdNotFound);
        }
        let subscribed = |p: &TopicPartition| topics.topic(p.topic).is_some_and(|t| group.subscribes(&t.name));
        if partitions.iter().any(subscribed) {
            return Err(ErrorCode::GroupSubscribedToTopic);
        }
        group.offsets.retain(|p, _| !partitions.contains(p));
        let offsets = partitions.iter().map(|p| (*p, None)).collect();
        out.push(fact(GroupFact::OffsetsAltered { group: group.name.clone(), offsets }));
        Ok(GroupResponse::Done)
    }

    /// A producer's transaction ended: its offsets become committed, or never were (E1).
    pub fn end_transaction(&mut self, now: SimTime, producer_id: u64, committed: bool, out: &mut Vec<Effect>) {
        for index in 0..self.groups.len() {
            if let Some(offsets) = self.groups[index].pending_offsets.remove(&producer_id)
                && committed
            {
                self.store(now, index, Arc::default(), offsets, out);
            }
        }
    }

    /// Forgets what is past its retention (C8).
    pub(super) fn expire_offsets(&mut self, now: SimTime, topics: &Topics, out: &mut Vec<Effect>) {
        let retention_us = self.config.offsets_retention_us;
        for group in &mut self.groups {
            let expired: Vec<TopicPartition> = group
                .offsets
                .iter()
                .filter(|(p, o)| retention_base(group, **p, o, topics).is_some_and(|base| now - base >= retention_us))
                .map(|(p, _)| *p)
                .collect();
            if !expired.is_empty() {
                group.offsets.retain(|p, _| !expired.contains(p));
                out.push(fact(GroupFact::OffsetsExpired { group: group.name.clone(), partitions: expired }));
            }
        }
    }
}

/// From when on an offset's retention counts; `None` while it is in use.
fn retention_base(group: &Group, partition: TopicPartition, offset: &StoredOffset, topics: &Topics) -> Option<SimTime> {
    match group.empty_since {
        // A group that never had members ages by its commits, one that lost them by the day it did.
        Some(_) if group.generation == 0 => Some(offset.at),
        Some(since) => Some(since),
        None if topics.topic(partition.topic).is_some_and(|t| group.subscribes(&t.name)) => None,
        None => Some(offset.at),
    }
}
