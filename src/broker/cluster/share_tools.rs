//! What can be seen of share groups, and what tools change of their offsets (S2). Knows no fetch.

use std::sync::Arc;

use super::Cluster;
use super::share::fact;
use crate::broker::share::{ShareFact, ShareKey, SharePartition, StoredShare};
use crate::broker::{Effect, ErrorCode, GroupRequest, GroupResponse, TopicPartition};

impl Cluster {
    /// Start offset as it is written, and how many records the group has before it (`lag`); none where nothing was written.
    pub fn share_offset(&self, group: &str, partition: TopicPartition) -> Option<(u64, i64)> {
        let stored = self.share_state(group, partition)?;
        let start = stored.start?;
        let end = self.leader(partition).map_or(0, |leader| leader.high_watermark);
        Some((start, end as i64 - start as i64 - stored.complete_count as i64))
    }

    /// What the share coordinator keeps of a partition.
    pub fn share_state(&self, group: &str, partition: TopicPartition) -> Option<&StoredShare> {
        self.share_states.iter().find(|((of, p), _)| &**of == group && *p == partition).map(|(_, stored)| stored)
    }

    /// The partitions of which a share group has a written state.
    pub fn share_partitions(&self, group: &str) -> impl Iterator<Item = TopicPartition> {
        self.share_states.keys().filter(move |(of, _)| &**of == group).map(|(_, partition)| *partition)
    }

    /// A partition as its leader has it for a share group; none before its first fetch there.
    pub fn share_partition(&self, group: &str, partition: TopicPartition) -> Option<&SharePartition> {
        let at = |(of, p): &ShareKey| &**of == group && *p == partition;
        self.nodes.iter().flat_map(|n| &n.shares.partitions).find(|(key, _)| at(key)).map(|(_, share)| share)
    }

    /// What tools ask of the offsets of a share group (S2); none for another request.
    pub(super) fn share_tool(
        &mut self,
        group: &Arc<str>,
        request: &GroupRequest,
        out: &mut Vec<Effect>,
    ) -> Option<Result<GroupResponse, ErrorCode>> {
        let change = match request {
            GroupRequest::AlterShareOffsets { offsets } => self.groups.may_alter_share(group, true).map(|()| {
                for (partition, start) in offsets {
                    self.set_share_state(group, *partition, Some(StoredShare::beginning_at(*start)), out);
                }
            }),
            GroupRequest::DeleteShareOffsets { topic } => self.groups.may_alter_share(group, false).and_then(|()| {
                let known: Vec<TopicPartition> = self.share_partitions(group).filter(|p| p.topic == *topic).collect();
                if known.is_empty() {
                    return Err(ErrorCode::UnknownTopicOrPartition);
                }
                known.into_iter().for_each(|partition| self.set_share_state(group, partition, None, out));
                Ok(())
            }),
            GroupRequest::DeleteShareGroup => self.groups.may_alter_share(group, false).map(|()| {
                let known: Vec<TopicPartition> = self.share_partitions(group).collect();
                known.into_iter().for_each(|partition| self.set_share_state(group, partition, None, out));
                self.groups.forget_share(group);
            }),
            _ => return None,
        };
        Some(change.map(|()| GroupResponse::Done))
    }

    fn set_share_state(&mut self, group: &Arc<str>, partition: TopicPartition, state: Option<StoredShare>, out: &mut Vec<Effect>) {
        let key = (Arc::clone(group), partition);
        let start = state.as_ref().and_then(|s| s.start);
        self.nodes.iter_mut().for_each(|node| drop(node.shares.partitions.remove(&key)));
        match state {
            Some(state) => drop(self.share_states.insert(key, state)),
            None => drop(self.share_states.remove(&key)),
        }
        self.groups.note_share_state(group, partition, start.is_some());
        out.push(fact(ShareFact::OffsetsAltered { group: Arc::clone(group), partition, start }));
    }

    /// Partitions that a share group has begun with get a state (`InitializeShareGroupState`).
    pub(super) fn begin_share_states(&mut self, group: &Arc<str>) {
        for partition in self.groups.share_initialized(group) {
            self.share_states.entry((Arc::clone(group), partition)).or_default();
        }
    }
}
