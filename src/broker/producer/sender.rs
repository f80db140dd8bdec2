//! The sender: which batches leave when, and what took too long (`Sender`, A8, A10).

use super::batch::ProducerBatch;
use super::{Asked, InFlight, Producer, ProducerEffect, ProducerFact, ProducerTimer, Sequence};
use crate::broker::log::sequence_plus;
use crate::broker::{Acks, Batch, BrokerId, ErrorCode, KafkaException, Request, Response, TopicPartition, us};
use crate::kernel::SimTime;

impl Producer {
    /// Sends what is ready, one request after the other, while the brokers may have more under way.
    pub(super) fn drain(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        if self.effective.idempotent && self.identity.is_none() {
            return;
        }
        loop {
            let mut sent = false;
            for leader in self.ready_leaders(now) {
                if self.requests_to(leader) < self.config.max_in_flight {
                    let batches = self.take_for(now, leader);
                    sent |= !batches.is_empty();
                    if !batches.is_empty() {
                        self.send_batches(now, leader, batches, out);
                    }
                }
            }
            if !sent {
                return;
            }
        }
    }

    /// How many requests are under way on the connection to a broker. A connection answers in order: what left after a
    /// request without an answer counts as under way too.
    fn requests_to(&self, broker: BrokerId) -> u32 {
        let oldest = self.in_flight.values().find(|f| f.to == Some(broker)).map(|f| f.place);
        oldest.map_or(0, |oldest| (self.sent_counts.get(&broker).copied().unwrap_or(0) + 1 - oldest) as u32)
    }

    /// The brokers that lead a partition with a batch that is ready.
    fn ready_leaders(&mut self, now: SimTime) -> Vec<BrokerId> {
        let mut leaders = Vec::new();
        let mut unknown = false;
        for (partition, queue) in &self.accumulator.queues {
            let Some(first) = queue.front() else { continue };
            match self.metadata.leader(*partition) {
                Some(leader) => {
                    let ready = self.ready_at(first, queue.len()) <= now && self.may_leave(*partition, first);
                    if ready && !leaders.contains(&leader) {
                        leaders.push(leader);
                    }
                }
                None => unknown = true,
            }
        }
        if unknown {
            self.metadata.out_of_date();
        }
        leaders
    }

    /// When the first batch of a queue is ready: full, old enough, or asked for; after its back-off in any case.
    fn ready_at(&self, batch: &ProducerBatch, queued: usize) -> SimTime {
        let hurry = queued > 1
            || batch.attempts > 0
            || batch.is_full(self.config.batch_size)
            || !self.flushes.is_empty()
            || self.txn.as_ref().is_some_and(|t| t.is_completing())
            || self.has_callers_without_memory();
        if hurry { batch.not_before } else { batch.not_before.max(batch.created_at + us(self.config.linger_ms)) }
    }

    /// Whether order allows a batch to leave (A10).
    fn may_leave(&self, partition: TopicPartition, batch: &ProducerBatch) -> bool {
        if !self.is_in_the_transaction(partition) {
            return false;
        }
        let mut under_way = self.in_flight_batches().filter(|b| b.partition == partition);
        if !self.effective.idempotent {
            return self.config.max_in_flight > 1 || under_way.next().is_none();
        }
        match batch.stamp {
            // A batch that leaves again must be the oldest one.
            Some(_) => under_way.all(|b| b.number > batch.number),
            // A new epoch begins when nothing of the old one is under way.
            None => under_way.all(|b| b.stamp.map(|(id, epoch, _)| (id, epoch)) == self.identity),
        }
    }

    /// Takes one batch of each partition that `leader` leads, as many as fit into a request.
    fn take_for(&mut self, now: SimTime, leader: BrokerId) -> Vec<ProducerBatch> {
        let mut taken: Vec<ProducerBatch> = Vec::new();
        let mut bytes = 0;
        let partitions: Vec<TopicPartition> = self.accumulator.queues.keys().copied().collect();
        for partition in partitions {
            let Some(first) = self.accumulator.queues.get(&partition).and_then(|q| q.front()) else { continue };
            let fits = taken.is_empty() || bytes + first.bytes <= self.config.max_request_size;
            if self.metadata.leader(partition) != Some(leader) || first.not_before > now || !fits || !self.may_leave(partition, first) {
                continue;
            }
            bytes += first.bytes;
            if let Some(batch) = self.accumulator.queues.get_mut(&partition).and_then(|q| q.pop_front()) {
                taken.push(batch);
            }
        }
        taken
    }

    fn send_batches(&mut self, now: SimTime, leader: BrokerId, mut batches: Vec<ProducerBatch>, out: &mut Vec<ProducerEffect>) {
        let transactional_id = self.txn.as_ref().map(|t| t.id.clone());
        let mut requested = Vec::with_capacity(batches.len());
        for batch in &mut batches {
            if self.effective.idempotent && batch.stamp.is_none() {
                batch.stamp = self.next_stamp(batch.partition, batch.count());
            }
            batch.attempts += 1;
            let records = batch.sealed();
            let (partition, tag, attempt) = (batch.partition, batch.tag(), batch.attempts);
            out.push(ProducerEffect::Fact(ProducerFact::BatchSent { partition, records: batch.count(), tag, attempt }));
            requested.push(Batch {
                partition,
                producer: batch.stamp.map(|(id, epoch, _)| (id, epoch)),
                base_sequence: batch.stamp.map_or(0, |(_, _, sequence)| sequence),
                transactional: transactional_id.is_some(),
                records,
            });
        }
        let acks = self.effective.acks;
        let timeout_us = us(self.config.request_timeout_ms);
        let request = Request::Produce { acks, timeout_us, transactional_id, batches: requested };
        if acks == Acks::None {
            self.request(now, Some(leader), request, None, out);
            for batch in batches {
                self.acknowledge(&batch, None, out);
            }
        } else {
            self.request(now, Some(leader), request, Some(Asked::Produce(batches)), out);
        }
    }

    /// The identity and the first sequence number for a batch of `count` records.
    fn next_stamp(&mut self, partition: TopicPartition, count: u32) -> Option<(u64, u16, u32)> {
        let producer = self.identity?;
        let sequence = self.sequences.entry(partition).or_insert(Sequence { producer, next: 0 });
        if sequence.producer != producer {
            *sequence = Sequence { producer, next: 0 };
        }
        let first = sequence.next;
        sequence.next = sequence_plus(first, count);
        Some((producer.0, producer.1, first))
    }

    /// Gives up what took too long: requests, batches, calls.
    pub(super) fn expire(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        self.expire_requests(now, out);
        let age_us = self.effective.delivery_timeout_us;
        for batch in self.accumulator.take_expired(now, age_us) {
            self.fail(&batch, KafkaException::new("TimeoutException"), out);
        }
        let mut expired = Vec::new();
        for flight in self.in_flight.values_mut() {
            let Asked::Produce(batches) = &mut flight.what else { continue };
            for batch in batches.iter_mut().filter(|b| !b.expired && now.since(b.created_at) >= age_us) {
                batch.expired = true;
                expired.push(ProducerBatch { expired: false, ..batch.clone() });
            }
        }
        for batch in expired {
            self.report_failed(&batch, &KafkaException::new("TimeoutException"), out);
        }
        self.expire_txn_calls(now, out);
    }

    /// A request without an answer for `request.timeout.ms`: the connection is closed, all that is under way on it fails.
    fn expire_requests(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        let timeout_us = us(self.config.request_timeout_ms);
        let is_late = |f: &&InFlight| now.since(f.sent_at) >= timeout_us;
        while let Some(to) = self.in_flight.values().find(is_late).map(|f| f.to) {
            out.push(ProducerEffect::Fact(ProducerFact::RequestTimedOut { to }));
            let same = |f: &InFlight| if to.is_some() { f.to == to } else { f.to.is_none() && is_late(&f) };
            let lost: Vec<u64> = self.in_flight.iter().filter(|(_, f)| same(f)).map(|(c, _)| *c).collect();
            for correlation in lost {
                let Some(InFlight { what, .. }) = self.in_flight.remove(&correlation) else { continue };
                let response = Response::Error(ErrorCode::NetworkDisconnect);
                match what {
                    // A batch learns that it took too long (`Sender.handleProduceResponse`), the client that a broker is silent.
                    Asked::Produce(batches) => {
                        self.metadata.out_of_date();
                        self.on_produced(now, batches, Response::Error(ErrorCode::RequestTimedOut), out);
                    }
                    Asked::Metadata => self.on_metadata(now, &response),
                    Asked::ProducerId => self.on_producer_id(now, &response, out),
                    Asked::Txn { find } => self.on_txn_response(now, find, response, out),
                }
            }
        }
    }

    /// Sets the timer for whatever is due next.
    pub(super) fn set_alarm(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        let delivery_us = self.effective.delivery_timeout_us;
        let mut next = self.metadata.due_after(now, us(self.config.metadata_max_age_ms));
        let mut consider = |at: SimTime| {
            if at > now && at < next {
                next = at;
            }
        };
        for queue in self.accumulator.queues.values() {
            if let Some(first) = queue.front() {
                consider(self.ready_at(first, queue.len()));
                consider(first.created_at + delivery_us);
            }
        }
        for flight in self.in_flight.values() {
            consider(flight.sent_at + us(self.config.request_timeout_ms));
            if let Asked::Produce(batches) = &flight.what {
                batches.iter().filter(|b| !b.expired).for_each(|b| consider(b.created_at + delivery_us));
            }
        }
        if let Some(pending) = self.pending.iter().map(|p| p.deadline).min() {
            consider(pending);
        }
        if self.effective.idempotent && self.identity.is_none() {
            consider(self.identity_not_before);
        }
        if let Some(txn) = &self.txn {
            txn.deadlines().for_each(&mut consider);
        }
        if let Some(at) = self.alarm.need(next) {
            out.push(ProducerEffect::Timer { at, timer: ProducerTimer::Wake });
        }
    }
}
