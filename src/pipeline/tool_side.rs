//! What the tool does beside the cluster: its producer, dead letters sent again, answers that nobody waits for.

use crate::kernel::SortedMap;
use std::sync::Arc;

use super::World;
use super::producer_side::Owner;
use crate::broker::group::GroupState;
use crate::broker::{GroupRequest, NewRecord, Request, Response, wall_ms};
use crate::fault::Node;
use crate::scenario::{GROUPS, ResetTo};

impl World {
    /// The producer of whoever writes records by hand.
    pub(super) fn tool_producer(&mut self) -> u32 {
        match self.tool_producer {
            Some(producer) => producer,
            None => {
                let producer = self.open_producer(Owner::Script, Node::Tool, "tool");
                self.tool_producer = Some(producer);
                producer
            }
        }
    }

    /// The cluster has carried out (or refused) what the tool asked; a script wants to know, for a person it is in the trace.
    pub(super) fn tool_response(&mut self, correlation: u64, response: Response) {
        self.lab_tool_response(correlation, &response);
    }

    /// The state of a group that has members; `None` if it is empty or not known.
    pub(super) fn active_state(&self, group: u32) -> Option<&'static str> {
        let known = self.cluster.groups.group(GROUPS[group as usize])?;
        let state = self.cluster.groups.state(known);
        (state != GroupState::Empty).then(|| state.name())
    }

    /// Moves a group's offsets on the whole topic, clamped into what the log holds (C9).
    pub(super) fn reset_offsets(&mut self, group: u32, to: ResetTo) {
        let name = GROUPS[group as usize];
        let mut offsets = SortedMap::new();
        for partition in (0..self.partition_count()).map(|p| self.topic_partition(p)) {
            let Some(leader) = self.cluster.leader(partition) else { continue };
            let (start, end) = (leader.log.start(), leader.high_watermark);
            let committed = self.committed(name, partition);
            let wanted = match to {
                ResetTo::Earliest => start,
                ResetTo::Latest => end,
                ResetTo::ShiftBy { by } => committed.unwrap_or(start).saturating_add_signed(by),
                ResetTo::ByDuration { ms } => {
                    let target_ms = wall_ms(self.now).saturating_sub_unsigned(ms);
                    leader.log.find_timestamp(target_ms).map_or(end, |record| record.offset)
                }
            };
            offsets.insert(partition, wanted.clamp(start, end));
        }
        self.tool(Request::Group { group: Arc::from(name), request: GroupRequest::AlterOffsets { offsets } });
    }

    /// Sends the records of a group's dead-letter topic to the topic again, mended: without the headers that tell of the
    /// failure. Those that it has sent once are not sent twice.
    pub(super) fn replay_dead_letters(&mut self, group: u32) {
        let topic = self.dead_letter_topic(group);
        let partitions = self.cluster.topics().by_name(&topic).map_or(0, |t| t.partitions);
        let mut records = Vec::new();
        for number in 0..partitions {
            let Some(partition) = self.cluster.partition_named(&topic, number) else { continue };
            let from = self.replayed.get(&(group, partition)).copied().unwrap_or(0);
            let Some(leader) = self.cluster.leader(partition) else { continue };
            let of_group = |r: &&Arc<crate::broker::Record>| is_of_group(r, GROUPS[group as usize]);
            records.extend(leader.log.records_from(from).filter(of_group).map(|r| mended(r, self.now)));
            self.replayed.insert((group, partition), leader.log.end());
        }
        let producer = self.tool_producer();
        for record in records {
            self.producer_send(producer, Arc::clone(&self.topic), None, record, 0);
        }
    }
}

/// How the names of headers begin that recoverers and retry topics write (D12, D13).
const TELLS_OF_FAILURE: [&str; 2] = ["kafka_", "retry_topic-"];

/// Whether the record was given up by this group (or does not say by whom).
fn is_of_group(record: &crate::broker::Record, group: &str) -> bool {
    let header = record.headers.iter().find(|h| &*h.name == "kafka_dlt-original-consumer-group");
    header.and_then(|h| h.value.as_ref()).is_none_or(|value| &value[..] == group.as_bytes())
}

/// The record as it was before it failed: a count of attempts that came along would send it straight to the dead letters (D13).
fn mended(record: &crate::broker::Record, now: crate::kernel::SimTime) -> NewRecord {
    NewRecord {
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.iter().filter(|h| !TELLS_OF_FAILURE.iter().any(|prefix| h.name.starts_with(prefix))).cloned().collect(),
        timestamp_ms: crate::broker::wall_ms(now),
        tag: record.tag,
    }
}
