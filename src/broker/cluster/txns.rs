//! Transactions on the way: adding partitions, ending, markers into the logs, timeouts (E1, E3).

use std::sync::Arc;

use super::produce::ProduceRequest;
use super::purgatory::{Produced, Waiter, WaitingProduce};
use super::{Asked, Cluster};
use crate::broker::log::{BatchProducer, LogBatch, MARKER_BYTES};
use crate::broker::replica::Role;
use crate::broker::txn::{Ended, Txn, TxnState};
use crate::broker::{
    BrokerId, Control, Effect, ErrorCode, Fact, Peer, ProduceAnswer, ProducerStamp, Record, Response, Timer, TopicPartition, TxnRequest,
    TxnResponse, us, wall_ms,
};
use crate::kernel::SimTime;

/// How long the coordinator waits before it sends a marker again, and how long a leader waits for its followers.
const MARKER_RETRY_US: u64 = 1_000_000;
const MARKER_TIMEOUT_US: u64 = 30_000_000;

/// A produce request that waits for the transaction coordinator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Verification {
    pub(super) asked: Asked,
    request: ProduceRequest,
    /// When the client has stopped waiting.
    deadline: SimTime,
}

/// A marker that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Marker {
    pub(super) transactional_id: Arc<str>,
    pub(super) producer: (u64, u16),
    pub(super) partition: TopicPartition,
    pub(super) committed: bool,
}

impl Cluster {
    /// A produce request of a transaction: partitions that are new to it are added at the coordinator first.
    pub(super) fn verify_then_produce(&mut self, now: SimTime, asked: Asked, request: ProduceRequest, out: &mut Vec<Effect>) {
        let Some(id) = request.transactional_id.clone() else { return };
        let node = &self.nodes[asked.node];
        let is_open =
            |tp: &TopicPartition, (pid, epoch): (u64, u16)| node.replicas.get(tp).is_some_and(|r| r.log.producers.has_open_txn(pid, epoch));
        let producer = request.batches.iter().find_map(|b| b.producer).unwrap_or_default();
        let new: Vec<TopicPartition> = request.batches.iter().map(|b| b.partition).filter(|tp| !is_open(tp, producer)).collect();
        if new.is_empty() {
            return self.produce(now, asked, request, out);
        }
        let here = node.id;
        let Some(coordinator) = self.coordinator_of(&id, true) else {
            return self.refuse_produce(asked, &request, ErrorCode::CoordinatorNotAvailable, out);
        };
        if coordinator == here {
            match self.add_to_txn(now, asked.node, &id, producer, &new, out) {
                Ok(()) => self.produce(now, asked, request, out),
                Err(error) => self.refuse_produce(asked, &request, error, out),
            }
            return;
        }
        let node = &mut self.nodes[asked.node];
        let verification = node.purgatory.next_id();
        // A question or its answer may have got lost: its client has given up by now.
        node.purgatory.verifications.retain(|_, v| v.deadline > now);
        let deadline = now + request.timeout_us;
        node.purgatory.verifications.insert(verification, Verification { asked, request, deadline });
        let message = Peer::AddToTxn { verification, transactional_id: id, producer, partitions: new };
        out.push(Effect::Peer { from: node.id, to: coordinator, message });
    }

    fn refuse_produce(&self, asked: Asked, request: &ProduceRequest, error: ErrorCode, out: &mut Vec<Effect>) {
        // `AddPartitionsToTxnManager`: a fenced producer hears of an invalid epoch.
        let error = if error == ErrorCode::ProducerFenced { ErrorCode::InvalidProducerEpoch } else { error };
        let partitions = request.batches.iter().map(|b| (b.partition, Produced::Done(Err(error)))).collect();
        self.answer_produce(asked, partitions, out);
    }

    pub(super) fn on_added_to_txn(
        &mut self,
        now: SimTime,
        index: usize,
        verification: u64,
        error: Option<ErrorCode>,
        out: &mut Vec<Effect>,
    ) {
        let Some(Verification { asked, request, .. }) = self.nodes[index].purgatory.verifications.remove(&verification) else { return };
        match error {
            None => self.produce(now, asked, request, out),
            Some(error) => self.refuse_produce(asked, &request, error, out),
        }
    }

    /// At the coordinator: adds partitions to a transaction.
    pub(super) fn add_to_txn(
        &mut self,
        now: SimTime,
        index: usize,
        id: &Arc<str>,
        producer: (u64, u16),
        partitions: &[TopicPartition],
        out: &mut Vec<Effect>,
    ) -> Result<(), ErrorCode> {
        if self.coordinator_of(id, true) != Some(self.nodes[index].id) {
            return Err(ErrorCode::NotCoordinator);
        }
        let begun = self.txns.add(now, id, producer, partitions, None);
        self.report_added(id, producer, begun, out)
    }

    fn report_added(
        &self,
        id: &Arc<str>,
        producer: (u64, u16),
        begun: Result<bool, ErrorCode>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ErrorCode> {
        let (producer_id, epoch) = producer;
        let transactional_id = Arc::clone(id);
        match begun {
            Ok(true) => out.push(Effect::Fact(Fact::TxnBegun { transactional_id, producer_id, epoch })),
            Err(ErrorCode::ProducerFenced) => out.push(Effect::Fact(Fact::ProducerFenced { transactional_id, epoch })),
            _ => {}
        }
        begun.map(|_| ())
    }

    /// At a group's coordinator: offsets that a producer commits make the group part of its transaction.
    pub(super) fn add_group_to_txn(
        &mut self,
        now: SimTime,
        producer: (u64, u16),
        group: &Arc<str>,
        out: &mut Vec<Effect>,
    ) -> Result<(), ErrorCode> {
        let id = self.txns.id_of(producer.0).cloned().ok_or(ErrorCode::TransactionalIdNotFound)?;
        let begun = self.txns.add(now, &id, producer, &[], Some(group));
        self.report_added(&id, producer, begun, out)
    }

    pub(super) fn handle_txn(&mut self, now: SimTime, asked: Asked, id: Option<Arc<str>>, request: TxnRequest, out: &mut Vec<Effect>) {
        let response = match self.txn_response(now, asked.node, id, request, out) {
            Ok(response) => Response::Txn(response),
            Err(error) => Response::Error(error),
        };
        let from = self.nodes[asked.node].id;
        out.push(Effect::Respond { from, to: asked.client, correlation: asked.correlation, response });
    }

    fn txn_response(
        &mut self,
        now: SimTime,
        index: usize,
        id: Option<Arc<str>>,
        request: TxnRequest,
        out: &mut Vec<Effect>,
    ) -> Result<TxnResponse, ErrorCode> {
        let Some(id) = id else {
            let producer = (self.txns.next_producer_id(), 0);
            out.push(Effect::Fact(Fact::ProducerIdAssigned { transactional_id: None, producer_id: producer.0, epoch: 0 }));
            return Ok(TxnResponse::InitProducerId { producer });
        };
        if self.coordinator_of(&id, true) != Some(self.nodes[index].id) {
            return Err(ErrorCode::NotCoordinator);
        }
        match request {
            TxnRequest::InitProducerId { timeout_us } => {
                if timeout_us == 0 || timeout_us > us(self.config.broker.transaction_max_timeout_ms) {
                    return Err(ErrorCode::InvalidRequest);
                }
                let (result, doomed) = self.txns.init(now, &id, timeout_us);
                if doomed {
                    self.decided(now, &id, false, out);
                }
                let producer = result?;
                let (producer_id, epoch) = producer;
                out.push(Effect::Fact(Fact::ProducerIdAssigned { transactional_id: Some(id), producer_id, epoch }));
                Ok(TxnResponse::InitProducerId { producer })
            }
            TxnRequest::AddPartitions { producer, partitions } => {
                let begun = self.txns.add(now, &id, producer, &partitions, None);
                self.report_added(&id, producer, begun, out).map(|()| TxnResponse::Done)
            }
            TxnRequest::AddOffsets { producer, group } => {
                let begun = self.txns.add(now, &id, producer, &[], Some(&group));
                self.report_added(&id, producer, begun, out).map(|()| TxnResponse::Done)
            }
            TxnRequest::EndTxn { producer, committed } => {
                let bump = self.config.broker.transaction_version >= 2;
                let ended = self.txns.end(now, &id, producer, committed, bump);
                if ended == Err(ErrorCode::ProducerFenced) {
                    out.push(Effect::Fact(Fact::ProducerFenced { transactional_id: Arc::clone(&id), epoch: producer.1 }));
                }
                if ended? == Ended::Decided {
                    self.decided(now, &id, false, out);
                }
                let producer = self.txns.txn(&id).map_or(producer, Txn::identity);
                Ok(TxnResponse::EndTxn { producer })
            }
        }
    }

    /// The outcome is decided: offsets are applied or dropped, markers leave for the leaders.
    fn decided(&mut self, now: SimTime, id: &Arc<str>, timed_out: bool, out: &mut Vec<Effect>) {
        let Some(txn) = self.txns.txn(id) else { return };
        let TxnState::Ending { committed } = txn.state else { return };
        let (producer_id, has_groups) = (txn.producer_id, !txn.groups.is_empty());
        out.push(Effect::Fact(Fact::TxnDecided { transactional_id: Arc::clone(id), committed, timed_out }));
        if has_groups {
            self.groups.end_transaction(now, producer_id, committed, out);
        }
        self.send_markers(now, id, out);
    }

    /// Sends the markers that are missing to the leaders, and looks again later if one has no leader.
    pub(super) fn send_markers(&mut self, now: SimTime, id: &Arc<str>, out: &mut Vec<Effect>) {
        // Without an active broker the next one that is active takes it over (`adopt_txns`).
        let Some(from) = self.coordinator_of(id, true) else { return };
        let Some(txn) = self.txns.txn(id) else { return };
        let TxnState::Ending { committed } = txn.state else { return };
        let (producer, partitions) = ((txn.producer_id, txn.epoch), txn.partitions.clone());
        let round = self.txns.next_marker_round(id);
        // A marker or its answer may get lost on the way; a partition may have no leader.
        let mut wait_us = MARKER_TIMEOUT_US;
        for partition in partitions {
            match self.controller.partition(partition).and_then(|s| s.leader) {
                Some(leader) => {
                    let message = Peer::WriteMarker { transactional_id: Arc::clone(id), producer, partition, committed };
                    out.push(Effect::Peer { from, to: leader, message });
                }
                None => wait_us = MARKER_RETRY_US,
            }
        }
        match self.txns.complete_if_done(id) {
            Some(committed) => out.push(Effect::Fact(Fact::TxnEnded { transactional_id: Arc::clone(id), committed })),
            None => retry_markers_at(now + wait_us, id, round, out),
        }
    }

    /// The first broker that is active again takes over what was decided while none was: its markers leave now.
    pub(super) fn adopt_txns(&mut self, now: SimTime, out: &mut Vec<Effect>) {
        let ending = self.txns.iter().filter(|(_, txn)| matches!(txn.state, TxnState::Ending { .. })).map(|(id, _)| id);
        for id in ending.filter(|id| !self.txn_coordinators.contains_key(*id)).cloned().collect::<Vec<Arc<str>>>() {
            self.send_markers(now, &id, out);
        }
    }

    /// Markers may still be missing.
    pub(super) fn retry_markers(&mut self, now: SimTime, id: &Arc<str>, round: u32, out: &mut Vec<Effect>) {
        if self.txns.txn(id).is_some_and(|t| t.marker_round == round) {
            self.send_markers(now, id, out);
        }
    }

    /// At a leader: appends a marker and answers when the in-sync replicas have it.
    pub(super) fn write_marker(&mut self, now: SimTime, index: usize, coordinator: BrokerId, marker: Marker, out: &mut Vec<Effect>) {
        let partition = marker.partition;
        match self.append_marker(now, index, &marker, out) {
            Ok(end) => {
                let node = &mut self.nodes[index];
                let id = node.purgatory.next_id();
                let waits = self.wait_for_high_watermark(index, partition, end, id);
                let answer = ProduceAnswer { base_offset: Some(end - 1), log_start_offset: 0 };
                let produced = if waits { Produced::Waiting(answer) } else { Produced::Done(Ok(answer)) };
                let waiter = Waiter::Marker { coordinator, marker };
                let waiting = WaitingProduce { waiter, partitions: vec![(partition, produced)], deadline: now + MARKER_TIMEOUT_US };
                if waits {
                    self.nodes[index].wait_produce(id, waiting, out);
                } else {
                    self.answer_waiter(index, waiting.waiter, waiting.partitions, out);
                }
                self.progress(now, index, partition, true, out);
            }
            Err(error) => {
                let waiter = Waiter::Marker { coordinator, marker };
                self.answer_waiter(index, waiter, vec![(partition, Produced::Done(Err(error)))], out);
            }
        }
    }

    fn append_marker(&mut self, now: SimTime, index: usize, marker: &Marker, out: &mut Vec<Effect>) -> Result<u64, ErrorCode> {
        let partition = marker.partition;
        let topic = self.topics.topic(partition.topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let node = &mut self.nodes[index];
        let broker = node.id;
        let replica = node.replicas.get_mut(&partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let Role::Leader(leadership) = &replica.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        if leadership.is_under_min_isr(&topic.config) {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let (producer_id, epoch) = marker.producer;
        if replica.log.producers.epoch_of(producer_id).is_some_and(|known| known > epoch) {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        let offset = replica.log.end();
        let batch = marker_batch(marker, offset, replica.leader_epoch, wall_ms(now));
        if let Some(base_offset) = replica.log.append(Arc::new(batch), &topic.config, wall_ms(now)) {
            out.push(Effect::Fact(Fact::SegmentRolled { broker, partition, base_offset }));
        }
        let committed = marker.committed;
        out.push(Effect::Fact(Fact::MarkerAppended { broker, partition, offset, producer_id, committed }));
        Ok(offset + 1)
    }

    /// At the coordinator: a leader answered for a marker.
    pub(super) fn on_marker_written(
        &mut self,
        now: SimTime,
        id: &Arc<str>,
        producer: (u64, u16),
        partition: TopicPartition,
        error: Option<ErrorCode>,
        out: &mut Vec<Effect>,
    ) {
        match error {
            // An old epoch means that the marker was written before and the producer has gone on.
            None | Some(ErrorCode::InvalidProducerEpoch) => {
                if let Some(committed) = self.txns.marker_written(id, producer.1, partition) {
                    out.push(Effect::Fact(Fact::TxnEnded { transactional_id: Arc::clone(id), committed }));
                }
            }
            Some(_) => {
                let round = self.txns.txn(id).map_or(0, |t| t.marker_round);
                retry_markers_at(now + MARKER_RETRY_US, id, round, out);
            }
        }
    }

    /// The coordinator looks for transactions that took too long.
    pub(super) fn on_txn_timeouts(&mut self, now: SimTime, out: &mut Vec<Effect>) {
        for id in self.txns.expire(now) {
            self.decided(now, &id, true, out);
        }
        self.txns.forget_idle(now, us(self.config.broker.transactional_id_expiration_ms));
        out.push(Effect::Timer { at: now + us(self.config.broker.transaction_abort_cleanup_interval_ms), timer: Timer::TxnTimeouts });
    }
}

fn retry_markers_at(at: SimTime, id: &Arc<str>, round: u32, out: &mut Vec<Effect>) {
    out.push(Effect::Timer { at, timer: Timer::TxnMarkers { transactional_id: Arc::clone(id), round } });
}

/// The batch of one marker.
fn marker_batch(marker: &Marker, offset: u64, leader_epoch: u32, now_ms: i64) -> LogBatch {
    let control = Some(if marker.committed { Control::Commit } else { Control::Abort });
    let (id, epoch) = marker.producer;
    let record = Record {
        offset,
        timestamp_ms: now_ms,
        key: None,
        value: None,
        headers: Arc::from([]),
        tag: 0,
        stamp: Some(ProducerStamp { producer_id: id, epoch, sequence: 0, transactional: true }),
        control,
        leader_epoch,
        size_bytes: MARKER_BYTES,
    };
    LogBatch {
        base_offset: offset,
        last_offset: offset,
        leader_epoch,
        max_timestamp_ms: now_ms,
        bytes: MARKER_BYTES,
        producer: Some(BatchProducer { id, epoch, base_sequence: 0, transactional: true }),
        control,
        delete_horizon_ms: None,
        records: vec![Arc::new(record)],
    }
}
