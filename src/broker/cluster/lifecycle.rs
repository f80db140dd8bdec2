//! Brokers that die, stop, come back; who leads then (B5).

use super::Cluster;
use super::node::NodeState;
use super::purgatory::{Waiter, WaitingFetch};
use crate::broker::replica::{Replica, Role};
use crate::broker::{BrokerId, Effect, ErrorCode, Fact, Peer, Response, Timer, TopicPartition, us, wall_ms};
use crate::kernel::SimTime;

impl Cluster {
    /// A broker's process dies without a goodbye. Its disk keeps all that it had appended. The controller gives it up
    /// when its session has run out (`broker.session.timeout.ms`).
    pub fn kill_broker(&mut self, now: SimTime, broker: BrokerId, out: &mut Vec<Effect>) {
        let Some(index) = self.index_of(broker) else { return };
        if self.nodes[index].state == NodeState::Down {
            return;
        }
        let ends_at = now + us(self.config.broker.broker_session_timeout_ms);
        let incarnation = self.controller.registration(broker).map_or(0, |r| r.incarnation);
        self.go_down(index, out);
        self.break_group_connections(now, broker, out);
        self.nodes[index].session_ends_at = ends_at;
        out.push(Effect::Timer { at: ends_at, timer: Timer::BrokerSession { broker, incarnation } });
        out.push(Effect::Fact(Fact::BrokerDown { broker, controlled: false }));
    }

    /// A controlled shutdown: leadership and coordination move first.
    pub fn stop_broker(&mut self, now: SimTime, broker: BrokerId, out: &mut Vec<Effect>) {
        let Some(index) = self.index_of(broker) else { return };
        if self.nodes[index].state == NodeState::Down {
            return;
        }
        if let Some(registration) = self.controller.registration_mut(broker) {
            registration.shutting_down = true;
        }
        self.leave_all_isrs(now, broker, out);
        let before = out.len();
        self.groups.broker_lost(now, broker, out);
        self.read_on(now, before, out);
        self.move_coordinators(now, broker, out);
        if let Some(registration) = self.controller.registration_mut(broker) {
            registration.fenced = true;
            registration.shutting_down = false;
        }
        self.go_down(index, out);
        self.refresh_metadata();
        out.push(Effect::Fact(Fact::BrokerDown { broker, controlled: true }));
    }

    /// A broker's process is started. It is counted on after one heartbeat interval; if the controller still takes its
    /// former process for alive, that comes first.
    pub fn start_broker(&mut self, now: SimTime, broker: BrokerId, out: &mut Vec<Effect>) {
        let Some(index) = self.index_of(broker) else { return };
        let node = &mut self.nodes[index];
        if node.state != NodeState::Down {
            return;
        }
        node.state = NodeState::Starting;
        node.incarnation += 1;
        let incarnation = node.incarnation;
        let at = now.max(node.session_ends_at) + us(self.config.broker.broker_heartbeat_interval_ms);
        out.push(Effect::Timer { at, timer: Timer::BrokerReady { broker, incarnation } });
    }

    /// The process is gone: whoever waited for an answer sees the connection break.
    fn go_down(&mut self, index: usize, out: &mut Vec<Effect>) {
        let node = &mut self.nodes[index];
        let from = node.id;
        let broken = |asked: &super::Asked| Effect::Respond {
            from,
            to: asked.client,
            correlation: asked.correlation,
            response: Response::Error(ErrorCode::NetworkDisconnect),
        };
        let (fetches, produces) = node.purgatory.all();
        out.extend(fetches.map(|fetch| match fetch {
            WaitingFetch::Client { asked, .. } | WaitingFetch::Share { asked, .. } => broken(asked),
            WaitingFetch::Replica { follower, session, .. } => {
                Effect::Peer { from, to: *follower, message: Peer::FetchFailed { session: *session } }
            }
        }));
        out.extend(produces.map(|produce| match &produce.waiter {
            Waiter::Client(asked) => broken(asked),
            Waiter::Marker { coordinator, marker } => {
                let (transactional_id, producer) = (std::sync::Arc::clone(&marker.transactional_id), marker.producer);
                let error = Some(ErrorCode::NetworkDisconnect);
                let message = Peer::MarkerWritten { transactional_id, producer, partition: marker.partition, error };
                Effect::Peer { from, to: *coordinator, message }
            }
        }));
        out.extend(node.purgatory.verifications.values().map(|v| broken(&v.asked)));
        node.lose_memory();
        node.state = NodeState::Down;
    }

    /// The controller has not heard of a broker for the session timeout: it fences it.
    pub(super) fn on_broker_session(&mut self, now: SimTime, broker: BrokerId, incarnation: u32, out: &mut Vec<Effect>) {
        match self.controller.registration_mut(broker) {
            Some(registration) if registration.incarnation == incarnation && !registration.fenced => registration.fenced = true,
            _ => return,
        }
        out.push(Effect::Fact(Fact::BrokerFenced { broker }));
        self.leave_all_isrs(now, broker, out);
        // While nobody coordinated nobody's session could run out: they begin afresh at the new coordinator.
        self.groups.broker_lost(now, broker, out);
        self.move_coordinators(now, broker, out);
        self.refresh_metadata();
    }

    /// A started broker registers and is counted on again.
    pub(super) fn on_broker_ready(&mut self, now: SimTime, broker: BrokerId, incarnation: u32, out: &mut Vec<Effect>) {
        let Some(index) = self.index_of(broker) else { return };
        let node = &mut self.nodes[index];
        if node.incarnation != incarnation || node.state != NodeState::Starting {
            return;
        }
        node.state = NodeState::Running;
        if let Some(registration) = self.controller.registration_mut(broker) {
            registration.incarnation = incarnation;
            registration.fenced = false;
        }
        out.push(Effect::Fact(Fact::BrokerUp { broker }));
        let partitions: Vec<TopicPartition> = self.controller.partitions().map(|(tp, _)| *tp).collect();
        for partition in partitions {
            let Some(state) = self.controller.partition(partition) else { continue };
            if state.leader.is_none() {
                let isr = state.isr.clone();
                self.change_isr(now, partition, isr, out);
            } else if state.replicas.contains(&broker) {
                self.apply_partition(now, partition, out);
            }
        }
        self.adopt_groups(now, out);
        self.adopt_txns(now, out);
        self.start_node_timers(now, index, out);
        self.refresh_metadata();
    }

    fn leave_all_isrs(&mut self, now: SimTime, broker: BrokerId, out: &mut Vec<Effect>) {
        let concerned = |state: &crate::broker::controller::PartitionState| state.isr.contains(&broker) || state.leader == Some(broker);
        let partitions: Vec<TopicPartition> = self.controller.partitions().filter(|(_, s)| concerned(s)).map(|(tp, _)| *tp).collect();
        for partition in partitions {
            let Some(state) = self.controller.partition(partition) else { continue };
            let isr = state.isr.iter().copied().filter(|b| *b != broker).collect();
            self.change_isr(now, partition, isr, out);
        }
    }

    /// Gives a partition another ISR, elects a leader if need be, and tells the brokers.
    pub(super) fn change_isr(&mut self, now: SimTime, partition: TopicPartition, isr: Vec<BrokerId>, out: &mut Vec<Effect>) {
        let change = self.controller.change_isr(partition, isr, self.election_rules(partition));
        if change.leader || change.isr {
            self.report_change(partition, change.leader, change.isr, change.unclean, out);
            self.apply_partition(now, partition, out);
            self.refresh_metadata();
        }
    }

    fn report_change(&self, partition: TopicPartition, leader: bool, isr: bool, unclean: bool, out: &mut Vec<Effect>) {
        let Some(state) = self.controller.partition(partition) else { return };
        if isr {
            out.push(Effect::Fact(Fact::IsrChanged { partition, isr: state.isr.clone(), elr: state.elr.clone() }));
        }
        if leader {
            let (leader, leader_epoch) = (state.leader, state.leader_epoch);
            out.push(Effect::Fact(Fact::LeaderElected { partition, leader, leader_epoch, unclean }));
        }
    }

    /// Tells the living replicas of a partition what the controller decided.
    pub(super) fn apply_partition(&mut self, now: SimTime, partition: TopicPartition, out: &mut Vec<Effect>) {
        let Some(state) = self.controller.partition(partition).cloned() else { return };
        for broker in &state.replicas {
            let Some(index) = self.index_of(*broker).filter(|i| self.nodes[*i].state == NodeState::Running) else { continue };
            let node = &mut self.nodes[index];
            let replica = node.replicas.entry(partition).or_insert_with(|| Replica::new(wall_ms(now)));
            let led = matches!(replica.role, Role::Leader(_));
            let news = replica.leader_epoch != state.leader_epoch;
            if state.leader == Some(*broker) {
                replica.lead(now, state.leader_epoch, *broker, &state.replicas, &state.isr);
                self.progress(now, index, partition, news, out);
            } else {
                replica.role = Role::Follower(state.leader);
                replica.leader_epoch = state.leader_epoch;
                node.shares.partitions.retain(|(_, p), _| *p != partition);
                if led {
                    self.fail_produces(index, partition, out);
                    self.wake_fetches(now, index, partition, out);
                }
                if let Some(leader) = state.leader {
                    self.kick_fetcher(now, index, leader, out);
                }
            }
        }
    }

    pub(super) fn schedule_leader_rebalance(&self, now: SimTime, out: &mut Vec<Effect>) {
        let at = now + us(self.config.broker.leader_imbalance_check_interval_seconds.saturating_mul(1_000));
        out.push(Effect::Timer { at, timer: Timer::LeaderRebalance });
    }

    /// Gives leadership back to the preferred replicas that are in sync.
    pub(super) fn on_leader_rebalance(&mut self, now: SimTime, out: &mut Vec<Effect>) {
        let partitions: Vec<TopicPartition> = self.controller.partitions().map(|(tp, _)| *tp).collect();
        for partition in partitions {
            if self.controller.elect_preferred(partition) {
                self.report_change(partition, true, false, false, out);
                self.apply_partition(now, partition, out);
            }
        }
        self.refresh_metadata();
        self.schedule_leader_rebalance(now, out);
    }
}
