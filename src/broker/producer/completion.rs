//! How batches end: acknowledged, sent again, split, given up (`Sender.completeBatch`, A8 to A10).

use super::batch::ProducerBatch;
use super::{Producer, ProducerEffect, ProducerFact, RecordMetadata, produce_exception};
use crate::broker::{ErrorCode, KafkaException, ProduceAnswer, Response, TopicPartition};
use crate::kernel::SimTime;

/// The last epoch of a producer id.
const EPOCH_LAST: u16 = i16::MAX as u16;

impl Producer {
    /// The answer to a produce request, partition by partition.
    pub(super) fn on_produced(&mut self, now: SimTime, batches: Vec<ProducerBatch>, response: Response, out: &mut Vec<ProducerEffect>) {
        let answer_for = |partition: TopicPartition| -> Result<ProduceAnswer, ErrorCode> {
            match &response {
                Response::Produce { partitions } => {
                    let answer = partitions.iter().find(|(tp, _)| *tp == partition).map(|(_, answer)| *answer);
                    answer.unwrap_or(Err(ErrorCode::UnknownTopicOrPartition))
                }
                Response::Error(error) => Err(*error),
                _ => Err(ErrorCode::InvalidRequest),
            }
        };
        for batch in batches {
            match answer_for(batch.partition) {
                Ok(answer) => self.acknowledge(&batch, answer.base_offset, out),
                Err(ErrorCode::DuplicateSequence) => self.acknowledge(&batch, None, out),
                Err(error) => self.on_batch_error(now, batch, error, out),
            }
        }
    }

    /// A batch is in the log.
    pub(super) fn acknowledge(&mut self, batch: &ProducerBatch, base_offset: Option<u64>, out: &mut Vec<ProducerEffect>) {
        if batch.expired {
            return;
        }
        let (partition, tag, records) = (batch.partition, batch.tag(), batch.count());
        out.push(ProducerEffect::Fact(ProducerFact::Acknowledged { partition, records, tag, base_offset }));
        for (i, (record, token)) in batch.all().iter().zip(&batch.tokens).enumerate() {
            let offset = base_offset.map(|base| base + i as u64);
            let metadata = RecordMetadata { partition, offset, timestamp_ms: record.timestamp_ms };
            out.push(ProducerEffect::Done { token: *token, result: Ok(Some(metadata)) });
        }
    }

    fn on_batch_error(&mut self, now: SimTime, batch: ProducerBatch, error: ErrorCode, out: &mut Vec<ProducerEffect>) {
        if error == ErrorCode::MessageTooLarge && batch.count() > 1 && !batch.expired {
            return self.split(batch);
        }
        let is_known_stale = matches!(
            error,
            ErrorCode::UnknownTopicOrPartition
                | ErrorCode::NotLeaderOrFollower
                | ErrorCode::LeaderNotAvailable
                | ErrorCode::NetworkDisconnect
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::UnknownLeaderEpoch
        );
        if is_known_stale {
            self.metadata.out_of_date();
        }
        if self.may_retry(now, &batch, error) {
            return self.retry(now, batch, error, out);
        }
        self.fail(&batch, produce_exception(error), out);
    }

    /// `Sender.canRetry` and `TransactionManager.canRetry`.
    fn may_retry(&self, now: SimTime, batch: &ProducerBatch, error: ErrorCode) -> bool {
        let in_time = now.since(batch.created_at) < self.effective.delivery_timeout_us;
        if batch.expired || !in_time || batch.attempts > self.effective.retries {
            return false;
        }
        if error == ErrorCode::OutOfOrderSequence && self.effective.idempotent {
            // Refused only because an earlier one is missing: that one will be sent again. Without transactions even the
            // next in line may go on, in a new epoch.
            return self.txn.is_none() || self.has_earlier(batch);
        }
        error.is_retriable()
    }

    /// Whether an earlier batch of the partition is not done.
    fn has_earlier(&self, batch: &ProducerBatch) -> bool {
        let mut others = self.in_flight_batches().chain(self.accumulator.batches());
        others.any(|b| b.partition == batch.partition && b.number < batch.number)
    }

    fn retry(&mut self, now: SimTime, mut batch: ProducerBatch, error: ErrorCode, out: &mut Vec<ProducerEffect>) {
        if error == ErrorCode::OutOfOrderSequence && self.txn.is_none() && !self.has_earlier(&batch) {
            self.bump_epoch(batch.partition, out);
            batch.stamp = None;
        }
        let back_off_us = self.back_off_us(batch.attempts.saturating_sub(1));
        batch.not_before = now + back_off_us;
        let (partition, tag, exception) = (batch.partition, batch.tag(), produce_exception(error).class);
        out.push(ProducerEffect::Fact(ProducerFact::Retry { partition, tag, exception, back_off_us }));
        self.accumulator.put_back(batch);
    }

    /// A batch that a broker found too large goes on as two (`splitAndReenqueue`); that is no retry.
    fn split(&mut self, batch: ProducerBatch) {
        let (mut first, mut second) = batch.clone().split(batch.number);
        second.number += super::NUMBER_STEP >> batch.splits.min(19).saturating_add(1);
        first.splits = batch.splits + 1;
        second.splits = batch.splits + 1;
        if let Some((id, epoch, sequence)) = batch.stamp {
            first.stamp = Some((id, epoch, sequence));
            second.stamp = Some((id, epoch, crate::broker::log::sequence_plus(sequence, first.count())));
        }
        self.accumulator.put_back(second);
        self.accumulator.put_back(first);
    }

    /// A batch has failed for good: its callers are told; numbers that it leaves behind must not stay a gap.
    pub(super) fn fail(&mut self, batch: &ProducerBatch, exception: KafkaException, out: &mut Vec<ProducerEffect>) {
        if batch.stamp.is_some() && self.txn.is_none() {
            self.bump_epoch(batch.partition, out);
        }
        if !batch.expired {
            self.report_failed(batch, &exception, out);
        }
    }

    pub(super) fn report_failed(&mut self, batch: &ProducerBatch, exception: &KafkaException, out: &mut Vec<ProducerEffect>) {
        let (partition, tag, records, class) = (batch.partition, batch.tag(), batch.count(), exception.class);
        out.push(ProducerEffect::Fact(ProducerFact::BatchFailed { partition, records, tag, exception: class }));
        for token in &batch.tokens {
            out.push(ProducerEffect::Done { token: *token, result: Err(exception.clone()) });
        }
        self.on_send_refused(exception);
    }

    /// An idempotent producer without transactions goes on in a new epoch, numbering from 0 again; what waits for this
    /// partition with an old number gets a new one (`bumpIdempotentProducerEpoch`).
    fn bump_epoch(&mut self, partition: TopicPartition, out: &mut Vec<ProducerEffect>) {
        let Some((id, epoch)) = self.identity else { return };
        if epoch == EPOCH_LAST {
            // Another producer id is asked for (`resetIdempotentProducerId`).
            self.identity = None;
        } else {
            self.set_identity((id, epoch + 1), out);
        }
        for batch in self.accumulator.queues.get_mut(&partition).into_iter().flatten() {
            batch.stamp = None;
        }
    }
}
