//! A view is built again from the log, in its place (F5): stop, clear, reset, start. Knows no view's content.

use std::sync::Arc;

use super::bank_side::projection_of;
use super::{Occurrence, ProcessState, World};
use crate::bank::{EventId, FactKind, Process};
use crate::broker::group::GroupState;
use crate::broker::{GroupRequest, Request, TopicPartition};
use crate::scenario::{GROUPS, Of, Property};

/// How often it is looked whether a rebuild can go on, in microseconds.
const LOOK_US: u64 = 100_000;

/// How far a rebuild has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Rebuild {
    /// The group is to be empty before its offsets can be reset (C9).
    Stopping,
    /// Everything below these offsets is a replay.
    Replaying(Vec<(TopicPartition, u64)>),
}

impl World {
    /// Begins to build a group's view again; once more if it is under way.
    pub(super) fn rebuild_view(&mut self, group: u32) {
        let under_way = self.rebuilds.insert(group, Rebuild::Stopping).is_some();
        let slots: Vec<u32> = self.slots_of(group).collect();
        for slot in slots {
            self.stop_consumer(slot);
        }
        if !under_way {
            self.at(self.now + LOOK_US, Occurrence::Rebuild { group });
        }
    }

    /// Whether a group's consumers must not be started now.
    pub(super) fn must_stand_still(&self, group: u32) -> bool {
        self.rebuilds.get(&group) == Some(&Rebuild::Stopping)
    }

    /// Whether a group's view is being built again.
    pub fn is_rebuilding(&self, group: u32) -> bool {
        self.rebuilds.contains_key(&group)
    }

    /// Looks whether the next thing can be done.
    pub(super) fn go_on_rebuilding(&mut self, group: u32) {
        match self.rebuilds.get(&group) {
            None => return,
            Some(Rebuild::Stopping) if self.is_abandoned(group) => self.clear_and_start(group),
            Some(Rebuild::Replaying(targets)) if self.has_read(group, targets) => {
                self.rebuilds.remove(&group);
                let projection = projection_of(group);
                return self.bank_says(FactKind::ViewRebuilt { projection });
            }
            Some(_) => {}
        }
        self.at(self.now + LOOK_US, Occurrence::Rebuild { group });
    }

    /// Whether no process of the group runs, the coordinator has none of its members, and the read database answers.
    fn is_abandoned(&self, group: u32) -> bool {
        let ended = |slot: u32| matches!(self.consumers[slot as usize].state, ProcessState::Stopped | ProcessState::Dead);
        let known = self.cluster.groups.group(GROUPS[group as usize]);
        self.slots_of(group).all(ended)
            && known.is_none_or(|known| self.cluster.groups.state(known) == GroupState::Empty)
            && self.cluster.coordinator(GROUPS[group as usize]).is_some_and(|broker| self.cluster.is_up(broker))
            && self.bank.as_ref().is_some_and(|bank| bank.is_up(Process::ReadDb))
            && self.topic_partitions().all(|partition| self.cluster.leader(partition).is_some())
    }

    fn topic_partitions(&self) -> impl Iterator<Item = TopicPartition> {
        (0..self.partition_count()).map(|partition| self.topic_partition(partition))
    }

    /// The offsets go to the start of the log, the view is emptied, the consumers start.
    fn clear_and_start(&mut self, group: u32) {
        let start = |p| Some((p, self.cluster.leader(p)?.log.start()));
        let offsets = self.topic_partitions().filter_map(start).collect();
        self.tool(Request::Group { group: Arc::from(GROUPS[group as usize]), request: GroupRequest::AlterOffsets { offsets } });
        let projection = projection_of(group);
        let kept = self.events_in_log();
        self.with_bank(|bank, _, out| bank.clear_projection(projection, out));
        if let Some(bank) = &self.bank {
            self.referee.on_cleared(bank, projection, kept);
        }
        let targets = self.topic_partitions().map(|p| (p, self.high_watermark(p))).collect();
        self.rebuilds.insert(group, Rebuild::Replaying(targets));
        let count = self.config.count(Property::Consumers, Of::Group(group)) as u32;
        self.scale(group, count);
    }

    /// The events that the bank's topic still has, with their places.
    fn events_in_log(&self) -> Vec<(EventId, TopicPartition, u64)> {
        let mut kept = Vec::new();
        for partition in self.topic_partitions() {
            let Some(leader) = self.cluster.leader(partition) else { continue };
            let events = leader.log.records_from(leader.log.start());
            kept.extend(events.filter_map(|r| Some((EventId::from_tag(r.tag)?, partition, r.offset))));
        }
        kept
    }

    /// Whether the group has committed all that it is given below the targets: behind it there may be markers, which nobody commits.
    fn has_read(&self, group: u32, targets: &[(TopicPartition, u64)]) -> bool {
        let read = |(partition, end): &(TopicPartition, u64)| {
            let next = self.committed(GROUPS[group as usize], *partition).unwrap_or(0);
            let is_known = self.cluster.leader(*partition).is_some();
            next >= *end || is_known && self.deliverable(*partition, next, *end).next().is_none()
        };
        targets.iter().all(read)
    }
}
