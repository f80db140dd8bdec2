//! Topics, partitions and brokers in a scene. Has never heard of accounts.

use std::sync::Arc;

use super::groups::Group;
use super::{health, suffers};
use crate::broker::{EPOCH_MS, NodeState, Record, Replica, TopicId, TopicPartition};
use crate::fault::{FaultKind, Node};
use crate::kernel::SimTime;
use crate::pipeline::World;
use crate::scenario::TOPIC;
use crate::scene::view::CELLS_MAX;
use crate::scene::{BrokerView, CellState, CellView, Health, LaneView, MarkView, TopicRole, TopicView};

/// The topics to draw: the one with the events first, others once they hold or held a record.
pub(super) fn topics(world: &World, groups: &[Group]) -> Vec<TopicView> {
    let cluster = world.cluster();
    let has_events = cluster.topics().by_name(TOPIC).is_some();
    let mut out: Vec<TopicView> = Vec::new();
    for topic in cluster.topics().iter() {
        let role = role(&topic.name, !has_events);
        let lanes: Vec<LaneView> = (0..topic.partitions).map(|partition| lane(world, topic.id, partition, groups, role)).collect();
        if matches!(role, TopicRole::Events | TopicRole::Retry) || lanes.iter().any(|l| l.log_end > 0) {
            let first = if role == TopicRole::Events { out.iter().take_while(|t| t.role == role).count() } else { out.len() };
            out.insert(first, TopicView { id: topic.id.0, name: topic.name.clone(), role, lanes });
        }
    }
    out
}

/// What a topic is for, by its name as Spring makes it (D11, D12). Without the bank's topic every other one has lanes.
fn role(name: &str, alone: bool) -> TopicRole {
    let is_dead_letters = name.ends_with("-dlt") || name.ends_with(".DLT");
    match name {
        TOPIC => TopicRole::Events,
        _ if is_dead_letters => TopicRole::DeadLetter,
        _ if name.contains("-retry") => TopicRole::Retry,
        _ if alone => TopicRole::Events,
        _ => TopicRole::Other,
    }
}

fn lane(world: &World, topic: TopicId, partition: u32, groups: &[Group], role: TopicRole) -> LaneView {
    let tp = TopicPartition { topic, partition };
    let cluster = world.cluster();
    let mut lane = LaneView { partition, ..LaneView::default() };
    if let Some(state) = cluster.partition(tp) {
        lane.leader = state.leader.map(|b| b.0);
        lane.replicas = state.replicas.iter().map(|b| b.0).collect();
        lane.isr = state.isr.iter().map(|b| b.0).collect();
    }
    // Without a leader the log is what the first replica has on its disk.
    let known = cluster.leader(tp).or_else(|| cluster.partition(tp)?.replicas.iter().find_map(|b| cluster.replica(*b, tp)));
    let Some(replica) = known else { return lane };
    (lane.log_start, lane.high_watermark, lane.log_end) = (replica.log.start(), replica.high_watermark, replica.log.end());
    lane.last_stable = replica.last_stable_offset();
    let group = |(index, group): (usize, &Group)| {
        if let Some(share) = cluster.share_partition(&group.view.name, tp) {
            let end = if share.in_flight_count() == 0 { share.end() } else { share.end() + 1 };
            return Some(MarkView { group: index as u32, committed: Some(share.start()), position: Some(end), restart_at: share.start() });
        }
        let committed = world.committed(&group.view.name, tp);
        let position = group.positions.iter().find(|(at, _)| *at == tp).map(|(_, offset)| *offset);
        let of_bank = world.is_of_bank(&group.view.name, topic);
        let restart_at = committed.or(position.filter(|_| !of_bank)).unwrap_or(lane.log_start);
        let mark = MarkView { group: index as u32, committed, position, restart_at };
        (of_bank || committed.is_some() || position.is_some()).then_some(mark)
    };
    lane.marks = groups.iter().enumerate().filter_map(group).collect();
    if role == TopicRole::Events {
        let first = lane.log_end.saturating_sub(CELLS_MAX as u64).max(lane.log_start);
        lane.cells = replica.records_from(first).map(|record| cell(record, tp, &lane, replica, groups)).collect();
    }
    lane
}

fn cell(record: &Arc<Record>, tp: TopicPartition, lane: &LaneView, replica: &Replica, groups: &[Group]) -> CellView {
    let here = |places: &[(TopicPartition, u64)]| places.contains(&(tp, record.offset));
    let state = if record.control.is_some() {
        CellState::Control
    } else if record.offset >= lane.high_watermark {
        CellState::Unreplicated
    } else if groups.iter().any(|g| here(&g.failing)) {
        CellState::Failing
    } else if groups.iter().any(|g| here(&g.in_hand)) {
        CellState::InHand
    } else if record.stamp.is_some_and(|stamp| stamp.transactional) {
        transactional(record, lane, replica)
    } else {
        CellState::Plain
    };
    CellView { offset: record.offset, state }
}

/// A record of a transaction: open, aborted, or committed and then like any other (E2).
fn transactional(record: &Record, lane: &LaneView, replica: &Replica) -> CellState {
    if replica.log.producers.is_aborted(record) {
        CellState::Aborted
    } else if record.offset >= lane.last_stable {
        CellState::Uncommitted
    } else {
        CellState::Plain
    }
}

/// The brokers.
pub(super) fn brokers(world: &World) -> Vec<BrokerView> {
    let view = |node: &crate::broker::Node| {
        let at = Node::Broker(node.id.0);
        let slow = suffers(world, at, &[FaultKind::BrokerSlow, FaultKind::ReplicaSlow]);
        let led = |tp: &&TopicPartition| world.cluster().partition(**tp).is_some_and(|p| p.leader == Some(node.id));
        BrokerView {
            id: node.id.0,
            health: match node.state {
                NodeState::Starting => Health::Starting,
                NodeState::Running => health(true, slow),
                NodeState::Down => Health::Down,
            },
            leads: node.replicas.keys().filter(led).count() as u32,
            replicas: node.replicas.len() as u32,
        }
    };
    world.cluster().nodes().iter().map(view).collect()
}

/// When the oldest record was made that a group has not committed.
pub(super) fn oldest_uncommitted(world: &World, group: &str) -> Option<SimTime> {
    let group = world.cluster().groups.group(group)?;
    let of = |(tp, stored): (&TopicPartition, &crate::broker::group::StoredOffset)| {
        let replica = world.cluster().leader(*tp)?;
        let record = replica.records_from(stored.committed.offset.max(replica.log.start())).next()?;
        (record.offset < replica.high_watermark).then(|| SimTime::from_ms((record.timestamp_ms - EPOCH_MS).max(0) as u64))
    };
    group.offsets.iter().filter_map(of).min()
}
