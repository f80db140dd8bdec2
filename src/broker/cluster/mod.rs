//! The brokers of one cluster, their controller and their coordinators.
//!
//! Everything comes in through [`Cluster::request`] (a client's request has arrived), [`Cluster::peer`] (a message of
//! another broker has arrived) and [`Cluster::on_timer`]; everything leaves as an [`Effect`]. Has never heard of links or
//! latencies: whoever carries the effects out decides how long that takes and what gets lost.

mod admin;
mod channels;
mod fetch;
mod groups;
mod lifecycle;
mod maintenance;
mod node;
mod offsets;
mod produce;
mod purgatory;
mod replication;
mod share;
mod share_tools;
mod txns;
mod view;

use crate::kernel::SortedMap;
use std::sync::Arc;

pub use node::{Node, NodeState};

use super::controller::{Controller, ElectionRules};
use super::group::GroupCoordinator;
use super::share::{ShareKey, StoredShare};
use super::txn::TxnCoordinator;
use super::{
    BrokerId, ClientId, ClusterConfig, Effect, ErrorCode, Fact, Metadata, Peer, Request, Response, Timer, TopicMetadata, TopicPartition,
    Topics, us,
};
use crate::kernel::{SimTime, digest_of};

/// A cluster of brokers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cluster {
    config: Arc<ClusterConfig>,
    topics: Topics,
    controller: Controller,
    nodes: Vec<Node>,
    metadata: Arc<Metadata>,
    group_coordinators: SortedMap<Arc<str>, BrokerId>,
    txn_coordinators: SortedMap<Arc<str>, BrokerId>,
    txns: TxnCoordinator,
    /// What the share coordinator keeps (S12).
    share_states: SortedMap<ShareKey, StoredShare>,
    /// Connections on which a request for a group waits, by broker and client.
    channels: SortedMap<(BrokerId, ClientId), channels::Channel>,
    /// The group coordinator, wherever it runs.
    pub groups: GroupCoordinator,
}

impl Cluster {
    /// A cluster whose brokers all run and know each other.
    pub fn new(config: &ClusterConfig, seed: u64) -> Cluster {
        let ids = || (config.first_broker_id..config.first_broker_id + config.brokers.max(1)).map(BrokerId);
        let mut cluster = Cluster {
            topics: Topics::default(),
            controller: Controller::new(ids(), config.broker.eligible_leader_replicas_version >= 1),
            nodes: ids().map(Node::new).collect(),
            metadata: Arc::default(),
            group_coordinators: SortedMap::new(),
            txn_coordinators: SortedMap::new(),
            txns: TxnCoordinator::default(),
            share_states: SortedMap::new(),
            channels: SortedMap::new(),
            groups: GroupCoordinator::new(&config.broker, seed),
            config: Arc::new(config.clone()),
        };
        cluster.refresh_metadata();
        cluster
    }

    /// Sets the first timers.
    pub fn start(&mut self, now: SimTime, out: &mut Vec<Effect>) {
        for index in 0..self.nodes.len() {
            self.start_node_timers(now, index, out);
        }
        if self.config.broker.auto_leader_rebalance_enable {
            self.schedule_leader_rebalance(now, out);
        }
        out.push(Effect::Timer { at: now + us(self.config.broker.transaction_abort_cleanup_interval_ms), timer: Timer::TxnTimeouts });
        self.groups.start(now, out);
    }

    /// A client's request has arrived at a broker.
    pub fn request(&mut self, now: SimTime, to: BrokerId, from: ClientId, correlation: u64, request: Request, out: &mut Vec<Effect>) {
        let respond = |response, out: &mut Vec<Effect>| out.push(Effect::Respond { from: to, to: from, correlation, response });
        let Some(index) = self.index_of(to).filter(|i| self.nodes[*i].state == NodeState::Running) else {
            return respond(Response::Error(ErrorCode::NetworkDisconnect), out);
        };
        let asked = Asked { node: index, client: from, correlation };
        match request {
            Request::Metadata { topics } => {
                let response = self.metadata_for(now, topics, out);
                respond(response, out);
            }
            Request::FindCoordinator { key, transactional } => {
                let response = match self.coordinator_of(&key, transactional) {
                    Some(coordinator) => Response::FindCoordinator { coordinator },
                    None => Response::Error(ErrorCode::CoordinatorNotAvailable),
                };
                respond(response, out);
            }
            Request::Produce { acks, timeout_us, transactional_id, batches } => {
                self.handle_produce(now, asked, produce::ProduceRequest { acks, timeout_us, transactional_id, batches }, out);
            }
            Request::Fetch { isolation, wait_us_max, bounds, partitions } => {
                let fetch = purgatory::ClientFetch { isolation, bounds, partitions };
                self.handle_fetch(now, asked, fetch, wait_us_max, out);
            }
            Request::ListOffsets { isolation, partitions } => {
                let partitions = partitions.into_iter().map(|(tp, spec)| (tp, self.list_offset(index, tp, spec, isolation))).collect();
                respond(Response::ListOffsets { partitions }, out);
            }
            Request::OffsetForLeaderEpoch { partitions } => {
                let partitions = partitions.into_iter().map(|(tp, epoch)| (tp, self.epoch_end(index, tp, epoch))).collect();
                respond(Response::OffsetForLeaderEpoch { partitions }, out);
            }
            Request::ShareFetch(request) => self.handle_share_fetch(now, asked, *request, out),
            Request::ShareAcknowledge { group, member_id, epoch, acks } => {
                self.handle_share_acknowledge(now, asked, &(group, member_id), epoch, &acks, out);
            }
            Request::Group { group, request } => {
                let before = out.len();
                self.read_group_request(now, asked, group, request, out);
                self.read_on(now, before, out);
            }
            Request::Txn { transactional_id, request } => self.handle_txn(now, asked, transactional_id, request, out),
            Request::Admin(request) => {
                let response = self.handle_admin(now, index, request, out);
                respond(response, out);
            }
        }
    }

    /// A message of a broker has arrived at another one.
    pub fn peer(&mut self, now: SimTime, from: BrokerId, to: BrokerId, message: Peer, out: &mut Vec<Effect>) {
        let Some(index) = self.index_of(to) else { return };
        if self.nodes[index].state != NodeState::Running {
            return refuse_peer(from, to, message, out);
        }
        match message {
            Peer::Fetch { session, partitions } => self.handle_replica_fetch(now, index, from, session, partitions, out),
            Peer::Fetched { session, partitions } => self.on_fetched(now, index, from, session, partitions, out),
            Peer::FetchFailed { session } => self.on_fetch_failed(now, index, from, session, out),
            Peer::AddToTxn { verification, transactional_id, producer, partitions } => {
                let error = self.add_to_txn(now, index, &transactional_id, producer, &partitions, out).err();
                out.push(Effect::Peer { from: to, to: from, message: Peer::AddedToTxn { verification, error } });
            }
            Peer::AddedToTxn { verification, error } => self.on_added_to_txn(now, index, verification, error, out),
            Peer::WriteMarker { transactional_id, producer, partition, committed } => {
                self.write_marker(now, index, from, txns::Marker { transactional_id, producer, partition, committed }, out);
            }
            Peer::MarkerWritten { transactional_id, producer, partition, error } => {
                self.on_marker_written(now, &transactional_id, producer, partition, error, out);
            }
        }
    }

    /// A timer of the cluster is due.
    pub fn on_timer(&mut self, now: SimTime, timer: Timer, out: &mut Vec<Effect>) {
        let before = out.len();
        self.timer_is_due(now, timer, out);
        self.read_on(now, before, out);
    }

    fn timer_is_due(&mut self, now: SimTime, timer: Timer, out: &mut Vec<Effect>) {
        match timer {
            Timer::Purgatory { broker, incarnation } => self.for_incarnation(broker, incarnation, |c, i| c.on_purgatory(now, i, out)),
            Timer::FetchBackOff { broker, leader, session } => self.on_fetch_back_off(now, broker, leader, session, out),
            Timer::FetchTimeout { broker, leader, session } => self.on_fetch_timeout(now, broker, leader, session, out),
            Timer::IsrCheck { broker, incarnation } => self.for_incarnation(broker, incarnation, |c, i| c.on_isr_check(now, i, out)),
            Timer::BrokerSession { broker, incarnation } => self.on_broker_session(now, broker, incarnation, out),
            Timer::BrokerReady { broker, incarnation } => self.on_broker_ready(now, broker, incarnation, out),
            Timer::Retention { broker, incarnation } => self.for_incarnation(broker, incarnation, |c, i| c.on_retention(now, i, out)),
            Timer::Cleaner { broker, incarnation } => self.for_incarnation(broker, incarnation, |c, i| c.on_cleaner(now, i, out)),
            Timer::LeaderRebalance => self.on_leader_rebalance(now, out),
            Timer::TxnTimeouts => self.on_txn_timeouts(now, out),
            Timer::ShareLocks { broker, incarnation, group, partition } => {
                self.for_incarnation(broker, incarnation, |c, i| c.on_share_locks(now, i, (group, partition), out));
            }
            Timer::Group(timer) => self.on_group_timer(now, timer, out),
            Timer::TxnMarkers { transactional_id, round } => self.retry_markers(now, &transactional_id, round, out),
        }
    }

    /// A client's process is gone: nothing that it waits for needs an answer any more, and its share sessions are over (S13).
    pub fn disconnect(&mut self, now: SimTime, client: ClientId, out: &mut Vec<Effect>) {
        for index in 0..self.nodes.len() {
            self.hang_up_at(now, index, client, out);
        }
    }

    /// A client's connection to one broker is gone.
    pub fn hang_up(&mut self, now: SimTime, client: ClientId, broker: BrokerId, out: &mut Vec<Effect>) {
        if let Some(index) = self.index_of(broker) {
            self.hang_up_at(now, index, client, out);
        }
    }

    fn hang_up_at(&mut self, now: SimTime, index: usize, client: ClientId, out: &mut Vec<Effect>) {
        self.nodes[index].forget_client(client);
        self.end_share_sessions(now, index, client, out);
    }

    /// Does something for a broker if the timer's incarnation still runs.
    fn for_incarnation(&mut self, broker: BrokerId, incarnation: u32, act: impl FnOnce(&mut Cluster, usize)) {
        let Some(index) = self.index_of(broker) else { return };
        if self.nodes[index].incarnation == incarnation && self.nodes[index].state == NodeState::Running {
            act(self, index);
        }
    }

    fn index_of(&self, broker: BrokerId) -> Option<usize> {
        let index = broker.0.checked_sub(self.config.first_broker_id)? as usize;
        (index < self.nodes.len()).then_some(index)
    }

    fn election_rules(&self, partition: TopicPartition) -> ElectionRules {
        let config = self.topics.topic(partition.topic).map_or(&self.config.topic_defaults, |t| &t.config);
        ElectionRules { min_insync_replicas: config.min_insync_replicas, unclean: config.unclean_leader_election_enable }
    }

    fn refresh_metadata(&mut self) {
        let topic_metadata = |topic: &super::Topic| TopicMetadata {
            id: topic.id,
            partitions: (0..topic.partitions)
                .map(|partition| {
                    let state = self.controller.partition(TopicPartition { topic: topic.id, partition });
                    state.map_or((None, 0), |s| (s.leader, s.leader_epoch))
                })
                .collect(),
        };
        self.metadata = Arc::new(Metadata {
            topics: self.topics.iter().map(|t| (Arc::clone(&t.name), topic_metadata(t))).collect(),
            brokers: self.controller.active().collect(),
        });
    }

    fn metadata_for(&mut self, now: SimTime, names: Option<Vec<Arc<str>>>, out: &mut Vec<Effect>) -> Response {
        let Some(names) = names else { return Response::Metadata(Arc::clone(&self.metadata)) };
        if self.config.broker.auto_create_topics_enable {
            for name in names.iter().filter(|name| self.topics.by_name(name).is_none()).cloned().collect::<Vec<_>>() {
                self.auto_create_topic(now, name, out);
            }
        }
        let known = names.iter().filter(|name| self.metadata.topics.contains_key(*name)).count();
        if known == self.metadata.topics.len() {
            return Response::Metadata(Arc::clone(&self.metadata));
        }
        let topics = names.iter().filter_map(|name| self.metadata.topics.get_key_value(name));
        let topics = topics.map(|(name, topic)| (Arc::clone(name), topic.clone())).collect();
        Response::Metadata(Arc::new(Metadata { topics, brokers: self.metadata.brokers.clone() }))
    }

    /// Who coordinates a group or a transactional id: chosen by the key at first, moved only when that broker is given up.
    fn coordinator_of(&mut self, key: &Arc<str>, transactional: bool) -> Option<BrokerId> {
        let chosen = if transactional { &self.txn_coordinators } else { &self.group_coordinators };
        if let Some(broker) = chosen.get(key) {
            return Some(*broker);
        }
        let active: Vec<BrokerId> = self.controller.active().collect();
        let broker = if transactional {
            let place = digest_of(key.as_bytes()) % (active.len() as u64).max(1);
            *active.get(place as usize)?
        } else {
            GroupCoordinator::coordinator(key, &active)?
        };
        let chosen = if transactional { &mut self.txn_coordinators } else { &mut self.group_coordinators };
        chosen.insert(Arc::clone(key), broker);
        Some(broker)
    }

    /// Moves what `gone` coordinated to a living broker.
    fn move_coordinators(&mut self, now: SimTime, gone: BrokerId, out: &mut Vec<Effect>) {
        for transactional in [false, true] {
            let chosen = if transactional { &self.txn_coordinators } else { &self.group_coordinators };
            let keys: Vec<Arc<str>> = chosen.iter().filter(|(_, b)| **b == gone).map(|(key, _)| Arc::clone(key)).collect();
            for key in keys {
                let chosen = if transactional { &mut self.txn_coordinators } else { &mut self.group_coordinators };
                chosen.remove(&key);
                if let Some(to) = self.coordinator_of(&key, transactional) {
                    out.push(Effect::Fact(Fact::CoordinatorMoved { key: Arc::clone(&key), transactional, to }));
                    if transactional {
                        self.send_markers(now, &key, out);
                    } else {
                        self.groups.moved(&key, to);
                    }
                }
            }
        }
    }
}

/// Who asked for something, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Asked {
    /// The index of the broker that was asked.
    node: usize,
    client: ClientId,
    correlation: u64,
}

/// The connection to a dead broker breaks.
fn refuse_peer(from: BrokerId, to: BrokerId, message: Peer, out: &mut Vec<Effect>) {
    let answer = match message {
        Peer::Fetch { session, .. } => Peer::FetchFailed { session },
        Peer::AddToTxn { verification, .. } => Peer::AddedToTxn { verification, error: Some(ErrorCode::CoordinatorNotAvailable) },
        Peer::WriteMarker { transactional_id, producer, partition, .. } => {
            Peer::MarkerWritten { transactional_id, producer, partition, error: Some(ErrorCode::NetworkDisconnect) }
        }
        Peer::Fetched { .. } | Peer::FetchFailed { .. } | Peer::AddedToTxn { .. } | Peer::MarkerWritten { .. } => return,
    };
    out.push(Effect::Peer { from: to, to: from, message: answer });
}

#[cfg(test)]
mod tests;
