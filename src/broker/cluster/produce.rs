//! Produce requests: validation, append, and when they are answered (A7, A9, A11, A12).

use std::sync::Arc;

use super::purgatory::{Produced, Waiter, WaitingProduce};
use super::{Asked, Cluster};
use crate::broker::log::{BATCH_OVERHEAD_BYTES, BatchProducer, Claim, LogBatch, Verdict, batch_bytes, new_record_bytes, sequence_plus};
use crate::broker::replica::{Replica, Role};
use crate::broker::{
    Acks, Batch, Effect, ErrorCode, Fact, NewRecord, Peer, ProduceAnswer, ProducerStamp, Record, Response, TimestampType, TopicConfig,
    TopicPartition, us, wall_ms,
};
use crate::kernel::SimTime;

/// A produce request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ProduceRequest {
    pub(super) acks: Acks,
    pub(super) timeout_us: u64,
    pub(super) transactional_id: Option<Arc<str>>,
    pub(super) batches: Vec<Batch>,
}

impl Cluster {
    /// Appends what may be appended and answers at once, when the in-sync replicas have it, or never, as acks says.
    pub(super) fn handle_produce(&mut self, now: SimTime, asked: Asked, request: ProduceRequest, out: &mut Vec<Effect>) {
        if request.transactional_id.is_some() {
            self.verify_then_produce(now, asked, request, out);
        } else {
            self.produce(now, asked, request, out);
        }
    }

    /// Appends the batches; those of a transaction must have been added to it.
    pub(super) fn produce(&mut self, now: SimTime, asked: Asked, request: ProduceRequest, out: &mut Vec<Effect>) {
        let index = asked.node;
        let wait_id = if request.acks == Acks::All { self.nodes[index].purgatory.next_id() } else { 0 };
        let mut partitions = Vec::with_capacity(request.batches.len());
        let mut waits = false;
        let mut appended = Vec::with_capacity(request.batches.len());
        for batch in &request.batches {
            let answer = self.append_batch(now, index, request.acks, batch, out);
            if let Err(error) = answer {
                out.push(Effect::Fact(Fact::ProduceRefused { broker: self.nodes[index].id, partition: batch.partition, error }));
            }
            let produced = match answer {
                Ok((answer, end)) => {
                    appended.push(batch.partition);
                    if request.acks == Acks::All && self.wait_for_high_watermark(index, batch.partition, end, wait_id) {
                        waits = true;
                        Produced::Waiting(answer)
                    } else {
                        Produced::Done(Ok(answer))
                    }
                }
                Err(error) => Produced::Done(Err(error)),
            };
            partitions.push((batch.partition, produced));
        }
        if waits {
            let produce = WaitingProduce { waiter: Waiter::Client(asked), partitions, deadline: now + request.timeout_us };
            self.nodes[index].wait_produce(wait_id, produce, out);
        } else if request.acks != Acks::None {
            self.answer_produce(asked, partitions, out);
        }
        for partition in appended {
            self.progress(now, index, partition, true, out);
        }
    }

    /// Notes that a request waits until the high watermark has reached `end`; false if it has.
    pub(super) fn wait_for_high_watermark(&mut self, index: usize, partition: TopicPartition, end: u64, id: u64) -> bool {
        match self.nodes[index].replicas.get_mut(&partition) {
            Some(replica) if replica.high_watermark < end => {
                // A duplicate may need less than what waits already: keep the list ascending.
                let place = replica.produce_waiters.partition_point(|(needed, _)| *needed <= end);
                replica.produce_waiters.insert(place, (end, id));
                true
            }
            _ => false,
        }
    }

    /// Tells whoever waited for an append how it ended.
    pub(super) fn answer_waiter(&self, index: usize, waiter: Waiter, partitions: Vec<(TopicPartition, Produced)>, out: &mut Vec<Effect>) {
        match waiter {
            Waiter::Client(asked) => self.answer_produce(asked, partitions, out),
            Waiter::Marker { coordinator, marker } => {
                let error = partitions.iter().find_map(|(_, p)| if let Produced::Done(Err(error)) = p { Some(*error) } else { None });
                let (transactional_id, producer, partition) = (marker.transactional_id, marker.producer, marker.partition);
                let message = Peer::MarkerWritten { transactional_id, producer, partition, error };
                out.push(Effect::Peer { from: self.nodes[index].id, to: coordinator, message });
            }
        }
    }

    pub(super) fn answer_produce(&self, asked: Asked, partitions: Vec<(TopicPartition, Produced)>, out: &mut Vec<Effect>) {
        let answer = |produced| match produced {
            Produced::Done(answer) => answer,
            Produced::Waiting(answer) => Ok(answer),
        };
        let partitions = partitions.into_iter().map(|(tp, produced)| (tp, answer(produced))).collect();
        let response = Response::Produce { partitions };
        out.push(Effect::Respond { from: self.nodes[asked.node].id, to: asked.client, correlation: asked.correlation, response });
    }

    /// Appends one batch at its leader. Gives the answer and the offset after its last record.
    fn append_batch(
        &mut self,
        now: SimTime,
        index: usize,
        acks: Acks,
        batch: &Batch,
        out: &mut Vec<Effect>,
    ) -> Result<(ProduceAnswer, u64), ErrorCode> {
        let topic = self.topics.topic(batch.partition.topic).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let node = &mut self.nodes[index];
        let broker = node.id;
        let replica = node.replicas.get_mut(&batch.partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let Role::Leader(leadership) = &replica.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        if acks == Acks::All && leadership.is_under_min_isr(&topic.config) {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let now_ms = wall_ms(now);
        validate(&batch.records, &topic.config, now_ms)?;
        if let Some(base_offset) = duplicate_of(replica, batch)? {
            let (producer_id, _) = batch.producer.unwrap_or_default();
            let sequence = batch.base_sequence;
            out.push(Effect::Fact(Fact::DuplicateBatch { broker, partition: batch.partition, base_offset, producer_id, sequence }));
            let answer = ProduceAnswer { base_offset: Some(base_offset), log_start_offset: replica.log.start() };
            return Ok((answer, base_offset + batch.records.len() as u64));
        }
        let base_offset = replica.log.end();
        let records = batch.records.len() as u32;
        let tag = batch.records[0].tag;
        let log_batch = log_batch(batch, base_offset, replica.leader_epoch, &topic.config, now_ms);
        if let Some(base_offset) = replica.log.append(Arc::new(log_batch), &topic.config, now_ms) {
            out.push(Effect::Fact(Fact::SegmentRolled { broker, partition: batch.partition, base_offset }));
        }
        out.push(Effect::Fact(Fact::Appended { broker, partition: batch.partition, base_offset, records, tag }));
        let answer = ProduceAnswer { base_offset: Some(base_offset), log_start_offset: replica.log.start() };
        Ok((answer, replica.log.end()))
    }

    /// After a leader's log grew or its followers came on: the high watermark, the requests that wait for it, the readers.
    pub(super) fn progress(&mut self, now: SimTime, index: usize, partition: TopicPartition, appended: bool, out: &mut Vec<Effect>) {
        let Some(topic) = self.topics.topic(partition.topic) else { return };
        let lag_us_max = us(self.config.broker.replica_lag_time_max_ms);
        let controller = &self.controller;
        let node = &mut self.nodes[index];
        let Some(replica) = node.replicas.get_mut(&partition) else { return };
        let moved = replica.advance_high_watermark(now, &topic.config, lag_us_max, |b| controller.is_active(b));
        let to = replica.high_watermark;
        if let Some(from) = moved {
            let broker = node.id;
            out.push(Effect::Fact(Fact::HighWatermarkMoved { broker, partition, from, to }));
            self.complete_produces(index, partition, to, out);
        }
        if moved.is_some() || appended {
            self.wake_fetches(now, index, partition, out);
        }
    }

    /// Answers the produce requests for which the high watermark was the last thing missing.
    fn complete_produces(&mut self, index: usize, partition: TopicPartition, high_watermark: u64, out: &mut Vec<Effect>) {
        loop {
            let node = &mut self.nodes[index];
            let Some(replica) = node.replicas.get_mut(&partition) else { return };
            let reached = replica.produce_waiters.front().filter(|(needed, _)| *needed <= high_watermark).map(|(_, id)| *id);
            let Some(id) = reached else { return };
            replica.produce_waiters.pop_front();
            // A topic's ISR may have shrunk below the minimum after the append.
            let config = self.topics.topic(partition.topic).map(|t| &t.config);
            let under = replica.leadership().zip(config).is_some_and(|(l, c)| l.is_under_min_isr(c));
            self.settle_produce(index, partition, id, under.then_some(ErrorCode::NotEnoughReplicasAfterAppend), out);
        }
    }

    /// What a waiting request asked of one partition is done, or failed; the request is answered with its last partition.
    fn settle_produce(&mut self, index: usize, partition: TopicPartition, id: u64, error: Option<ErrorCode>, out: &mut Vec<Effect>) {
        let node = &mut self.nodes[index];
        let Some(waiting) = node.purgatory.produce_mut(id) else { return };
        for (at, produced) in &mut waiting.partitions {
            if let (true, Produced::Waiting(answer)) = (*at == partition, *produced) {
                *produced = Produced::Done(error.map_or(Ok(answer), Err));
            }
        }
        if waiting.partitions.iter().all(|(_, p)| matches!(p, Produced::Done(_)))
            && let Some(done) = node.purgatory.take_produce(id)
        {
            self.answer_waiter(index, done.waiter, done.partitions, out);
        }
    }

    /// A broker no longer leads a partition: what waits for its high watermark is answered with an error.
    pub(super) fn fail_produces(&mut self, index: usize, partition: TopicPartition, out: &mut Vec<Effect>) {
        let Some(replica) = self.nodes[index].replicas.get_mut(&partition) else { return };
        for (_, id) in std::mem::take(&mut replica.produce_waiters) {
            self.settle_produce(index, partition, id, Some(ErrorCode::NotLeaderOrFollower), out);
        }
    }
}

/// What a broker checks in the records themselves (`LogValidator`).
fn validate(records: &[NewRecord], config: &TopicConfig, now_ms: i64) -> Result<(), ErrorCode> {
    if records.is_empty() {
        return Err(ErrorCode::InvalidRecord);
    }
    let bytes = u64::from(batch_bytes(records));
    if bytes > config.max_message_bytes {
        return Err(ErrorCode::MessageTooLarge);
    }
    if config.cleanup_policy.compact && records.iter().any(|r| r.key.is_none()) {
        return Err(ErrorCode::InvalidRecord);
    }
    let in_time = |r: &NewRecord| {
        r.timestamp_ms.saturating_sub(now_ms) <= config.message_timestamp_after_max_ms
            && now_ms.saturating_sub(r.timestamp_ms) <= config.message_timestamp_before_max_ms
    };
    if config.message_timestamp_type == TimestampType::CreateTime && !records.iter().all(in_time) {
        return Err(ErrorCode::InvalidTimestamp);
    }
    if bytes > config.segment_bytes_max() {
        return Err(ErrorCode::RecordListTooLarge);
    }
    Ok(())
}

/// Where the batch lies already, if it comes a second time (A9).
fn duplicate_of(replica: &Replica, batch: &Batch) -> Result<Option<u64>, ErrorCode> {
    let Some((id, epoch)) = batch.producer else { return Ok(None) };
    let records = batch.records.len() as u32;
    let claim = Claim { id, epoch, base_sequence: batch.base_sequence, records, transactional: batch.transactional };
    Ok(match replica.log.producers.check(claim)? {
        Verdict::New => None,
        Verdict::Duplicate { base_offset } => Some(base_offset),
    })
}

/// The batch as it will lie in the log.
fn log_batch(batch: &Batch, base_offset: u64, leader_epoch: u32, config: &TopicConfig, now_ms: i64) -> LogBatch {
    let append_time = (config.message_timestamp_type == TimestampType::LogAppendTime).then_some(now_ms);
    let base_timestamp_ms = batch.records[0].timestamp_ms;
    let mut bytes = BATCH_OVERHEAD_BYTES;
    let mut max_timestamp_ms = i64::MIN;
    let mut records = Vec::with_capacity(batch.records.len());
    for (i, new) in batch.records.iter().enumerate() {
        let i = i as u32;
        let own = new_record_bytes(new, i, base_timestamp_ms);
        bytes += own;
        let timestamp_ms = append_time.unwrap_or(new.timestamp_ms);
        max_timestamp_ms = max_timestamp_ms.max(timestamp_ms);
        let stamp = batch.producer.map(|(producer_id, epoch)| ProducerStamp {
            producer_id,
            epoch,
            sequence: sequence_plus(batch.base_sequence, i),
            transactional: batch.transactional,
        });
        records.push(Arc::new(Record {
            offset: base_offset + u64::from(i),
            timestamp_ms,
            key: new.key.clone(),
            value: new.value.clone(),
            headers: Arc::clone(&new.headers),
            tag: new.tag,
            stamp,
            control: None,
            leader_epoch,
            size_bytes: if i == 0 { own + BATCH_OVERHEAD_BYTES } else { own },
        }));
    }
    let producer = batch.producer.map(|(id, epoch)| BatchProducer {
        id,
        epoch,
        base_sequence: batch.base_sequence,
        transactional: batch.transactional,
    });
    LogBatch {
        base_offset,
        last_offset: base_offset + records.len() as u64 - 1,
        leader_epoch,
        max_timestamp_ms,
        bytes,
        producer,
        control: None,
        delete_horizon_ms: None,
        records,
    }
}
