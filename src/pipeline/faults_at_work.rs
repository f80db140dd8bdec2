//! Carrying out faults that are more than a verdict at a point: processes that die, stand still, or are slow.

use std::sync::Arc;

use super::bank_side::process_of;
use super::{FactKind, Occurrence, World};
use crate::bank::Process;
use crate::broker::{AdminRequest, BrokerId, NewRecord, bytes};
use crate::fault::{FaultId, FaultKind, FaultRule, Moment, Node, Standing, Target};
use crate::scenario::{GROUPS, Of, Property, SHARE_GROUP_NUMBER, TOPIC};

/// The value of a record that no listener can decode.
pub const POISON: &str = "poison {";

/// Which faults of a node hold its process down while they last.
const HOLD_DOWN: [FaultKind; 9] = [
    FaultKind::ApiCrash,
    FaultKind::RelayCrash,
    FaultKind::WriteDbDown,
    FaultKind::ReadDbDown,
    FaultKind::QueryDown,
    FaultKind::BrokerKilled,
    FaultKind::BrokerStopped,
    FaultKind::ConsumerKilled,
    FaultKind::ConsumerStopped,
];

impl World {
    /// Lays a fault that was checked.
    pub(super) fn lay_fault(&mut self, rule: FaultRule) {
        let Ok(id) = self.faults.lay(self.now, rule) else { return };
        self.tell(Node::Viewer, None, FactKind::FaultLaid { id, rule });
        if let Moment::Lasting { until: Some(until) } = rule.moment {
            self.at(until, Occurrence::FaultEnd(id));
        }
        if !matches!(rule.moment, Moment::Armed { .. }) {
            self.begin_fault(id, &rule);
        }
        if let Some(standing) = self.faults.get(id).copied() {
            self.arm_listeners(&standing);
        }
    }

    /// Ends a fault, unless it is over already.
    pub(super) fn end_fault(&mut self, id: FaultId) {
        let Ok(Standing { rule, .. }) = self.faults.end(id) else { return };
        self.tell(Node::Viewer, None, FactKind::FaultEnded { id, rule });
        if matches!(rule.moment, Moment::Lasting { .. }) {
            self.undo_fault(id, &rule);
        }
        self.disarm_listeners(id, rule.kind == FaultKind::ConsumerStalled);
    }

    fn begin_fault(&mut self, id: FaultId, rule: &FaultRule) {
        let us = rule.amount.saturating_mul(1_000);
        match rule.kind {
            FaultKind::ApiCrash
            | FaultKind::RelayCrash
            | FaultKind::WriteDbDown
            | FaultKind::ReadDbDown
            | FaultKind::QueryDown
            | FaultKind::BrokerKilled => self.of_target(rule, World::kill_node),
            FaultKind::BrokerStopped => self.of_target(rule, World::stop_node),
            FaultKind::ConsumerKilled => self.of_consumers(rule, World::kill_consumer, World::kill_share),
            FaultKind::ConsumerStopped => self.of_consumers(rule, World::stop_process, World::stop_share),
            FaultKind::WriteDbSlow => self.with_bank(|bank, _, _| bank.slow(Process::WriteDb, us)),
            FaultKind::ReadDbSlow => self.with_bank(|bank, _, _| bank.slow(Process::ReadDb, us)),
            FaultKind::CoordinatorLost => {
                if let Some(broker) = self.coordinator() {
                    if matches!(rule.moment, Moment::Lasting { .. }) {
                        self.coordinators_lost.insert(id, broker);
                    }
                    self.kill_node(Node::Broker(broker.0));
                }
            }
            FaultKind::UncleanElection => self.alter_topic(&[("unclean.leader.election.enable", "true")]),
            FaultKind::RetentionOvertakes => self.delete_all_but(rule.amount),
            FaultKind::PoisonPill => self.send_odd(None, Some(POISON), 0),
            FaultKind::NullKey => self.send_odd(None, Some("no key"), 0),
            FaultKind::Tombstone => self.send_odd(Some("A"), None, 0),
            FaultKind::FutureTimestamp => self.send_odd(Some("A"), Some("from the future"), rule.amount),
            FaultKind::SecondInstance => self.of_target(rule, World::start_second_instance),
            _ => {}
        }
    }

    /// What a fault did is undone, but for what another fault that stands does too.
    fn undo_fault(&mut self, id: FaultId, rule: &FaultRule) {
        match rule.kind {
            FaultKind::ApiCrash
            | FaultKind::RelayCrash
            | FaultKind::WriteDbDown
            | FaultKind::ReadDbDown
            | FaultKind::QueryDown
            | FaultKind::BrokerKilled
            | FaultKind::BrokerStopped => self.of_target(rule, World::start_freed),
            FaultKind::ConsumerKilled | FaultKind::ConsumerStopped => {
                self.of_consumers(rule, World::start_freed_if_wanted, World::start_freed_share);
            }
            FaultKind::WriteDbSlow | FaultKind::ReadDbSlow => {
                let other = self.lasting().filter(|other| other.kind == rule.kind).last();
                let amount = other.map_or(0, |other| other.amount);
                self.begin_fault(id, &FaultRule { amount, ..*rule });
            }
            FaultKind::ApiPause | FaultKind::RelayPause => self.of_target(rule, World::release_held),
            FaultKind::CoordinatorLost => {
                if let Some(broker) = self.coordinators_lost.remove(&id) {
                    self.start_freed(Node::Broker(broker.0));
                }
            }
            FaultKind::UncleanElection if self.lasting().all(|other| other.kind != rule.kind) => {
                let value = self.config.flag(Property::UncleanElection, Of::Only).to_string();
                self.alter_topic(&[("unclean.leader.election.enable", &value)]);
            }
            _ => {}
        }
    }

    fn lasting(&self) -> impl Iterator<Item = &FaultRule> {
        self.faults.standing().iter().map(|s| &s.rule).filter(|rule| matches!(rule.moment, Moment::Lasting { .. }))
    }

    /// Whether a fault that stands keeps the process at a node from running.
    pub(super) fn is_held_down(&self, node: Node) -> bool {
        let group = match node {
            Node::Consumer(slot) => self.consumers[slot as usize].group,
            Node::ShareConsumer(_) => Some(SHARE_GROUP_NUMBER),
            _ => None,
        };
        self.lasting().any(|rule| HOLD_DOWN.contains(&rule.kind) && rule.target.holds(node, group))
            || self.coordinators_lost.values().any(|broker| node == Node::Broker(broker.0))
    }

    /// The process at a node is started, if no fault holds it down.
    pub(super) fn start_freed(&mut self, node: Node) {
        if !self.is_held_down(node) {
            self.start_node(node);
        }
    }

    /// A process with several consumers (D16) is started as a whole, so it is held by a fault of any of them.
    pub(super) fn is_process_held(&self, slot: u32) -> bool {
        self.process_to_start(slot).into_iter().any(|slot| self.is_held_down(Node::Consumer(slot)))
    }

    /// The process of a consumer is started, if no fault holds it down.
    pub(super) fn start_freed_consumer(&mut self, slot: u32) {
        if !self.is_process_held(slot) {
            self.start_consumer(slot);
        }
    }

    /// Who was scaled away was not taken down by a fault, and stays away when one ends.
    fn start_freed_if_wanted(&mut self, slot: u32) {
        if self.is_wanted(slot) {
            self.start_freed_consumer(slot);
        }
    }

    fn start_freed_share(&mut self, slot: u32) {
        if self.is_share_wanted(slot) {
            self.start_freed(Node::ShareConsumer(slot));
        }
    }

    fn of_target(&mut self, rule: &FaultRule, act: fn(&mut World, Node)) {
        if let Target::Node(node) = rule.target {
            act(self, node);
        }
    }

    fn of_consumers(&mut self, rule: &FaultRule, act: fn(&mut World, u32), act_on_share: fn(&mut World, u32)) {
        let shares = self.share_slots().filter(|slot| rule.target.holds(Node::ShareConsumer(*slot), Some(SHARE_GROUP_NUMBER)));
        shares.for_each(|slot| act_on_share(self, slot));
        let concerned = |slot: &u32| rule.target.holds(Node::Consumer(*slot), self.consumers[*slot as usize].group);
        let slots: Vec<u32> = (0..self.consumers.len() as u32).filter(concerned).collect();
        for slot in slots {
            act(self, slot);
        }
    }

    /// Whether a process stands still now.
    pub(super) fn is_paused(&self, process: Process) -> bool {
        let kind = match process {
            Process::Api => FaultKind::ApiPause,
            Process::Relay => FaultKind::RelayPause,
            Process::WriteDb | Process::ReadDb | Process::QueryApi => return false,
        };
        self.faults.standing().iter().any(|s| s.rule.kind == kind)
    }

    /// What waited for a process that stood still reaches it now, in the order in which it came.
    fn release_held(&mut self, node: Node) {
        if process_of(node).is_some_and(|p| self.is_paused(p)) {
            return;
        }
        let (free, held): (Vec<_>, Vec<_>) = std::mem::take(&mut self.held).into_iter().partition(|(n, _)| *n == node);
        self.held = held;
        for (_, occurrence) in free {
            self.at(self.now, occurrence);
        }
    }

    /// The broker that coordinates the first group.
    fn coordinator(&self) -> Option<BrokerId> {
        self.cluster.coordinator(GROUPS[0]).filter(|b| self.cluster.is_up(*b))
    }

    /// Changes settings of the bank's topic.
    pub(super) fn alter_topic(&mut self, settings: &[(&str, &str)]) {
        let config = settings.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))).collect();
        self.admin(AdminRequest::AlterTopicConfig { topic: Arc::from(TOPIC), config });
    }

    /// Deletes all but the newest records of each partition.
    fn delete_all_but(&mut self, kept: u64) {
        for partition in 0..self.partition_count() {
            let partition = self.topic_partition(partition);
            let before = self.high_watermark(partition).saturating_sub(kept);
            self.admin(AdminRequest::DeleteRecords { partition, before });
        }
    }

    /// Writes a record that is no event, stamped so many milliseconds in the future.
    fn send_odd(&mut self, key: Option<&str>, value: Option<&str>, ahead_ms: u64) {
        let record = NewRecord {
            key: key.map(bytes),
            value: value.map(bytes),
            headers: Arc::from([]),
            timestamp_ms: crate::broker::wall_ms(self.now).saturating_add_unsigned(ahead_ms),
            tag: 0,
        };
        let producer = self.tool_producer();
        self.producer_send(producer, Arc::from(TOPIC), None, record, 0);
    }
}
