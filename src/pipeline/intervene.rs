//! Carrying out what a person does to a run.

use std::sync::Arc;

use super::bank_side::process_of;
use super::listener_faults::{FATAL, RETRYABLE};
use super::{Action, Decision, FactKind, Intervention, InterventionError, World};
use crate::bank::{ClientIndex, Command};
use crate::broker::{AdminRequest, BrokerId, GroupRequest, Request};
use crate::fault::Node;
use crate::kernel::SimTime;
use crate::listener;
use crate::scenario::{GROUPS, Of, Property, TOPIC};

impl World {
    /// Does something to the run at `at`, which is not before the last occurrence nor after the next one.
    ///
    /// # Errors
    /// It does not fit the world as it is; then nothing has changed.
    pub fn intervene(&mut self, at: SimTime, intervention: &Intervention) -> Result<(), InterventionError> {
        self.check(intervention)?;
        self.now = self.now.max(at);
        self.step += 1;
        let laid_or_ended = matches!(intervention, Intervention::Inject(_) | Intervention::EndFault(_));
        if !laid_or_ended {
            self.tell(Node::Viewer, None, FactKind::Intervened(Box::new(intervention.clone())));
        }
        self.carry_out(intervention);
        self.finish_step();
        Ok(())
    }

    /// Whether the intervention fits the world as it is.
    fn check(&self, intervention: &Intervention) -> Result<(), InterventionError> {
        match intervention {
            Intervention::Set { key, value } => {
                let mut config = self.config.clone();
                let place = config.set_text(key, value)?;
                // Settings that contradicted each other before do so without this one, and must not keep it from being changed.
                let refused = config.refused(&[place]).into_iter().filter(|_| self.config.refused(&[place]).is_empty());
                if let Some((_, error)) = refused.into_iter().next() {
                    return Err(error.into());
                }
            }
            Intervention::Inject(rule) => {
                self.faults.clone().lay(self.now, *rule)?;
                if let crate::fault::Target::Node(node) = rule.target {
                    self.check_node(node, "break")?;
                }
                self.check_share_fault(rule)?;
            }
            Intervention::EndFault(id) => {
                self.faults.get(*id).ok_or(crate::fault::FaultError::Unknown(*id))?;
            }
            Intervention::HealAll => {}
            Intervention::Lab(action) => self.check_lab(action)?,
            Intervention::Act(action) => self.check_action(action)?,
            Intervention::SendCommand { client, .. } => self.check_client(*client)?,
            Intervention::ByHand { consumer, .. } => self.check_node(Node::Consumer(*consumer), "take in hand")?,
            Intervention::ShareByHand { consumer, .. } => self.check_node(Node::ShareConsumer(*consumer), "take in hand")?,
            Intervention::ShareDecide { consumer, decision } => self.check_share_decision(*consumer, *decision)?,
            Intervention::Decide { consumer, .. } => {
                let waits = self.consumers.get(*consumer as usize).is_some_and(|c| c.container.thread().awaits_decision());
                if !waits {
                    return Err(InterventionError::NotAsked { consumer: *consumer });
                }
            }
        }
        Ok(())
    }

    fn check_client(&self, client: u32) -> Result<(), InterventionError> {
        let known = self.bank.as_ref().is_some_and(|bank| (client as usize) < bank.clients().len());
        if known { Ok(()) } else { Err(InterventionError::NoSuch { what: "client", number: u64::from(client) }) }
    }

    fn check_node(&self, node: Node, action: &'static str) -> Result<(), InterventionError> {
        let known = match node {
            Node::Broker(id) => self.broker_ids().any(|b| b.0 == id),
            Node::Consumer(slot) => (slot as usize) < self.consumers.len(),
            Node::ShareConsumer(slot) => self.share_consumers.get(slot as usize).is_some_and(|c| c.work.is_some()),
            Node::Client(client) => return self.check_client(client),
            node => self.bank.is_some() && process_of(node).is_some(),
        };
        if known { Ok(()) } else { Err(InterventionError::Node { node, action }) }
    }

    fn check_action(&self, action: &Action) -> Result<(), InterventionError> {
        let no_such = |what, number: u32| Err(InterventionError::NoSuch { what, number: u64::from(number) });
        let group_fits = |group: u32| self.bank.is_some() && (group as usize) < GROUPS.len();
        let partition_fits = |partition: u32| partition < self.partition_count();
        match *action {
            Action::Kill(node) => self.check_node(node, "kill"),
            Action::Stop(node) => self.check_node(node, "stop"),
            Action::Start(node) => self.check_node(node, "start"),
            Action::Pause(node @ Node::Consumer(_)) => self.check_node(node, "pause"),
            Action::Resume(node @ Node::Consumer(_)) => self.check_node(node, "resume"),
            Action::Pause(node) => Err(InterventionError::Node { node, action: "pause" }),
            Action::Resume(node) => Err(InterventionError::Node { node, action: "resume" }),
            Action::Scale { group, .. } | Action::ReplayDeadLetters { group } | Action::RebuildView { group } if !group_fits(group) => {
                no_such("group", group)
            }
            Action::ResetOffsets { group, .. } if group_fits(group) => match self.active_state(group) {
                Some(state) => Err(InterventionError::GroupActive { group, state }),
                None => Ok(()),
            },
            Action::ResetOffsets { group, .. } | Action::ResetOffset { group, .. } if !group_fits(group) => no_such("group", group),
            Action::DropSnapshots => self.check_node(Node::WriteDb, "drop the snapshots of"),
            Action::DeleteRecords { partition, .. } | Action::ResetOffset { partition, .. } if !partition_fits(partition) => {
                no_such("partition", partition)
            }
            Action::AddPartitions { total } if total <= self.partition_count() => {
                no_such("number of partitions above the present one:", total)
            }
            _ => Ok(()),
        }
    }

    fn carry_out(&mut self, intervention: &Intervention) {
        match intervention {
            Intervention::Set { key, value } => self.set(key, value),
            Intervention::Inject(rule) => self.lay_fault(*rule),
            Intervention::EndFault(id) => self.end_fault(*id),
            Intervention::HealAll => self.heal_all(),
            Intervention::Lab(action) => self.lab_acts(action),
            Intervention::Act(action) => self.act(action),
            Intervention::SendCommand { client, command } => self.send_command(*client, *command),
            Intervention::ByHand { consumer, on } => {
                self.take_in_hand(*consumer, *on);
                if !on && self.consumers[*consumer as usize].container.thread().awaits_decision() {
                    self.decide(*consumer, Decision::Ack);
                }
            }
            Intervention::Decide { consumer, decision } => self.decide(*consumer, *decision),
            Intervention::ShareByHand { consumer, on } => self.take_share_in_hand(*consumer, *on),
            Intervention::ShareDecide { consumer, decision } => self.decide_share(*consumer, *decision),
        }
    }

    fn send_command(&mut self, client: u32, command: Command) {
        self.with_bank(|bank, now, out| {
            bank.send_command(now, ClientIndex(client), command, out);
        });
    }

    fn decide(&mut self, slot: u32, decision: Decision) {
        let throw = |class: &str| listener::Decision::Throw { class: Arc::from(class) };
        let decision = match decision {
            Decision::Ack => listener::Decision::GoOn,
            Decision::Nack { sleep_ms } => listener::Decision::Nack { ms: i64::try_from(sleep_ms).unwrap_or(i64::MAX) },
            Decision::Throw => throw(RETRYABLE),
            Decision::ThrowFatal => throw(FATAL),
            Decision::Nothing => listener::Decision::Nothing,
        };
        self.with_container(slot, |c, now, listener, out| {
            c.decide(now, decision, listener, out);
        });
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Kill(node) => self.kill_node(node),
            Action::Stop(node) => self.stop_node(node),
            Action::Start(node) => self.start_node(node),
            Action::Pause(node) => self.pause_node(node, true),
            Action::Resume(node) => self.pause_node(node, false),
            Action::Scale { group, consumers } => self.scale(group, consumers),
            Action::DeleteRecords { partition, before } => {
                let partition = self.topic_partition(partition);
                self.admin(AdminRequest::DeleteRecords { partition, before });
            }
            Action::ResetOffset { group, partition, to } => {
                let partition = self.topic_partition(partition);
                // The command line tool, other than the admin API, stays within the log (C9).
                let log = self.cluster.leader(partition).map(|leader| (leader.log.start(), leader.high_watermark));
                let to = log.map_or(to, |(start, end)| to.min(end).max(start));
                let offsets = std::iter::once((partition, to)).collect();
                self.tool(Request::Group { group: Arc::from(GROUPS[group as usize]), request: GroupRequest::AlterOffsets { offsets } });
            }
            Action::ResetOffsets { group, to } => self.reset_offsets(group, to),
            Action::ReplayDeadLetters { group } => self.replay_dead_letters(group),
            Action::RebuildView { group } => self.rebuild_view(group),
            Action::DropSnapshots => self.with_bank(|bank, _, out| bank.drop_snapshots(out)),
            Action::AddPartitions { total } => self.admin(AdminRequest::CreatePartitions { topic: Arc::from(TOPIC), total }),
        }
    }

    /// The process at a node dies without a goodbye.
    pub(super) fn kill_node(&mut self, node: Node) {
        match node {
            Node::Broker(id) => self.with_cluster(|c, now, out| c.kill_broker(now, BrokerId(id), out)),
            Node::Consumer(slot) => self.kill_consumer(slot),
            Node::ShareConsumer(slot) => self.kill_share(slot),
            node => {
                if let Some(process) = process_of(node) {
                    self.crash_process(process);
                }
            }
        }
    }

    /// The process at a node ends in order; the bank's processes know no other end than a crash between two requests.
    pub(super) fn stop_node(&mut self, node: Node) {
        match node {
            Node::Broker(id) => self.with_cluster(|c, now, out| c.stop_broker(now, BrokerId(id), out)),
            Node::Consumer(slot) => self.stop_process(slot),
            Node::ShareConsumer(slot) => self.stop_share(slot),
            node => self.kill_node(node),
        }
    }

    /// The process at a node is started, if it does not run.
    pub(super) fn start_node(&mut self, node: Node) {
        match node {
            Node::Broker(id) if !self.cluster.is_up(BrokerId(id)) => {
                self.with_cluster(|c, now, out| c.start_broker(now, BrokerId(id), out));
            }
            Node::Consumer(slot) => {
                self.rare.dismissed.remove(&slot);
                self.start_consumer(slot);
            }
            Node::ShareConsumer(slot) => self.start_share(slot),
            node => {
                if let Some(process) = process_of(node) {
                    self.restart_process(process);
                }
            }
        }
    }

    fn pause_node(&mut self, node: Node, pause: bool) {
        if let Node::Consumer(slot) = node {
            self.with_container(slot, |c, now, listener, out| if pause { c.pause() } else { c.resume(now, listener, out) });
        }
    }

    /// Ends every fault and starts everything that is down.
    fn heal_all(&mut self) {
        let standing: Vec<_> = self.faults.standing().iter().map(|s| s.id).collect();
        for id in standing {
            self.end_fault(id);
        }
        let brokers: Vec<BrokerId> = self.broker_ids().collect();
        for id in brokers {
            self.start_node(Node::Broker(id.0));
        }
        for node in [Node::WriteDb, Node::ReadDb, Node::Api, Node::Relay, Node::Query] {
            self.start_node(node);
        }
        if self.bank.is_some() {
            for group in 0..GROUPS.len() as u32 {
                let count = self.config.count(Property::Consumers, Of::Group(group)) as u32;
                self.scale(group, count);
            }
            self.scale_shares_as_set();
            self.share_slots().for_each(|slot| self.take_share_in_hand(slot, false));
        }
        for slot in 0..self.consumers.len() as u32 {
            self.take_in_hand(slot, false);
            if self.consumers[slot as usize].container.thread().awaits_decision() {
                self.decide(slot, Decision::Ack);
            }
        }
    }
}
