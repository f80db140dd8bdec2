//! The producer client: batches, retries, idempotence, transactions (A1 to A12, E1, E3). In the words of `KafkaProducer`.
//!
//! Has never heard of a cluster's inside or of what a record means. Every call is answered by
//! [`ProducerEffect::Done`] with the caller's token; everything else leaves as a request or a timer.

mod batch;
mod completion;
mod config;
mod effect;
mod metadata;
mod send;
mod sender;
mod transactions;
mod txn_calls;

use crate::kernel::SortedMap;
use std::sync::Arc;

pub use config::ProducerConfig;
pub use effect::{ProducerEffect, ProducerFact, ProducerTimer, RecordMetadata};

use self::batch::{Accumulator, ProducerBatch};
use self::config::Effective;
use self::metadata::MetadataCache;
use self::send::PendingSend;
use self::transactions::TxnManager;
use super::alarm::Alarm;
use super::partitioner::StickyPartitioner;
use super::{BrokerId, ClientId, ErrorCode, KafkaException, Request, Response, TopicId, TopicPartition, TxnRequest, TxnResponse, us};
use crate::kernel::{Deque, Prng, SimTime};

/// Numbers of batches are this far apart, so that a batch can be split.
const NUMBER_STEP: u64 = 1 << 20;

/// A request that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct InFlight {
    to: Option<BrokerId>,
    /// Counts the requests to that broker.
    place: u64,
    sent_at: SimTime,
    what: Asked,
}

/// What a request was about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asked {
    Produce(Vec<ProducerBatch>),
    Metadata,
    /// Of an idempotent producer without transactions.
    ProducerId,
    /// The front of the queue of transactional calls; or the search for its coordinator.
    Txn {
        find: bool,
    },
}

/// The numbering of the records of one partition (A9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sequence {
    producer: (u64, u16),
    next: u32,
}

/// A `flush` that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Flush {
    token: u64,
    /// The last batch that it waits for; `None` while sends wait for metadata.
    up_to: Option<u64>,
}

/// A producer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Producer {
    client: ClientId,
    name: Arc<str>,
    config: ProducerConfig,
    effective: Effective,
    prng: Prng,
    last_correlation: u64,
    last_number: u64,
    metadata: MetadataCache,
    partitioners: SortedMap<TopicId, StickyPartitioner>,
    pending: Deque<PendingSend>,
    accumulator: Accumulator,
    in_flight: SortedMap<u64, InFlight>,
    /// How many requests have left for each broker.
    sent_counts: SortedMap<BrokerId, u64>,
    flushes: Vec<Flush>,
    identity: Option<(u64, u16)>,
    identity_not_before: SimTime,
    sequences: SortedMap<TopicPartition, Sequence>,
    txn: Option<TxnManager>,
    alarm: Alarm,
}

impl Producer {
    /// A producer, as `new KafkaProducer(config)`.
    ///
    /// # Errors
    /// `ConfigException` for settings that contradict each other (A9), wrapped in a `KafkaException` for the delivery timeout.
    pub fn new(client: ClientId, name: Arc<str>, config: ProducerConfig, seed: u64) -> Result<Producer, KafkaException> {
        let effective = config.effective()?;
        let txn = config.transactional_id.as_deref().map(|id| TxnManager::new(Arc::from(id)));
        Ok(Producer {
            client,
            name,
            effective,
            prng: Prng::stream(seed, "producer", u64::from(client.0)),
            last_correlation: 0,
            last_number: 0,
            metadata: MetadataCache::default(),
            partitioners: SortedMap::new(),
            pending: Deque::new(),
            accumulator: Accumulator::default(),
            in_flight: SortedMap::new(),
            sent_counts: SortedMap::new(),
            flushes: Vec::new(),
            identity: None,
            identity_not_before: SimTime::ZERO,
            sequences: SortedMap::new(),
            txn,
            alarm: Alarm::default(),
            config,
        })
    }

    /// The network client's id.
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// The name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The settings.
    pub fn config(&self) -> &ProducerConfig {
        &self.config
    }

    /// Takes over other settings while it runs. A transactional id stays what it is.
    ///
    /// # Errors
    /// As [`Producer::new`]; then nothing is changed.
    pub fn reconfigure(&mut self, config: ProducerConfig) -> Result<(), KafkaException> {
        self.effective = config.effective()?;
        self.config = config;
        Ok(())
    }

    /// The producer id and epoch, once it has one.
    pub fn identity(&self) -> Option<(u64, u16)> {
        self.identity
    }

    /// How many partitions a topic has as far as this producer knows; none if it never asked for it.
    pub fn partition_count(&self, topic: &str) -> Option<u32> {
        self.metadata.partition_count(topic)
    }

    /// How many records were handed over and are not done.
    pub fn unfinished_count(&self) -> usize {
        let under_way = self.in_flight.values().filter_map(|f| if let Asked::Produce(batches) = &f.what { Some(batches) } else { None });
        let batches = self.accumulator.batches().chain(under_way.flatten());
        self.pending.len() + batches.filter(|b| !b.expired).map(|b| b.tokens.len()).sum::<usize>()
    }

    /// Sends everything that waits; done when all that was handed over before is done.
    pub fn flush(&mut self, now: SimTime, token: u64, out: &mut Vec<ProducerEffect>) {
        self.flushes.push(Flush { token, up_to: None });
        self.drive(now, out);
    }

    /// A response, or the news that the connection broke, has arrived.
    pub fn on_response(&mut self, now: SimTime, correlation: u64, response: Response, out: &mut Vec<ProducerEffect>) {
        let Some(InFlight { what, .. }) = self.in_flight.remove(&correlation) else { return };
        match what {
            Asked::Produce(batches) => self.on_produced(now, batches, response, out),
            Asked::Metadata => self.on_metadata(now, &response),
            Asked::ProducerId => self.on_producer_id(now, &response, out),
            Asked::Txn { find } => self.on_txn_response(now, find, response, out),
        }
        self.drive(now, out);
    }

    /// The timer is due.
    pub fn on_timer(&mut self, now: SimTime, _timer: ProducerTimer, out: &mut Vec<ProducerEffect>) {
        self.alarm.fired(now);
        self.drive(now, out);
    }

    /// Does all that can be done now, and sees to it that it is woken for the rest.
    fn drive(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        self.expire(now, out);
        self.place_pending(now, out);
        self.ask_metadata(now, out);
        self.ask_producer_id(now, out);
        self.drive_txn(now, out);
        self.drain(now, out);
        // Only now it may be known that nobody leads a partition.
        self.ask_metadata(now, out);
        self.finish_flushes(out);
        self.set_alarm(now, out);
    }

    fn request(&mut self, now: SimTime, to: Option<BrokerId>, request: Request, what: Option<Asked>, out: &mut Vec<ProducerEffect>) {
        self.last_correlation += 1;
        let correlation = self.last_correlation;
        let place = to.map_or(0, |broker| {
            let count = self.sent_counts.entry(broker).or_default();
            *count += 1;
            *count
        });
        if let Some(what) = what {
            self.in_flight.insert(correlation, InFlight { to, place, sent_at: now, what });
        }
        out.push(ProducerEffect::Request { to, correlation, request });
    }

    /// An exponential back-off with jitter in microseconds, for the attempt after `failed_count` earlier ones (A8).
    fn back_off_us(&mut self, failed_count: u32) -> u64 {
        let exponential = us(self.config.retry_backoff_ms) << failed_count.min(16);
        let jittered = exponential / 1_000 * self.prng.between(800, 1_200);
        jittered.min(us(self.config.retry_backoff_max_ms))
    }

    /// An idempotent producer without transactions needs an id before it may send.
    fn ask_producer_id(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        let asking = self.in_flight.values().any(|f| f.what == Asked::ProducerId);
        let has_work = !self.pending.is_empty() || self.accumulator.batches().next().is_some();
        if !self.effective.idempotent || self.txn.is_some() || self.identity.is_some() || !has_work {
            return;
        }
        if now >= self.identity_not_before && !asking {
            let request = Request::Txn { transactional_id: None, request: TxnRequest::InitProducerId { timeout_us: 0 } };
            self.request(now, None, request, Some(Asked::ProducerId), out);
        }
    }

    fn on_producer_id(&mut self, now: SimTime, response: &Response, out: &mut Vec<ProducerEffect>) {
        if let Response::Txn(TxnResponse::InitProducerId { producer }) = response {
            self.set_identity(*producer, out);
        } else {
            self.identity_not_before = now + self.back_off_us(0);
        }
    }

    fn set_identity(&mut self, producer: (u64, u16), out: &mut Vec<ProducerEffect>) {
        if self.identity != Some(producer) {
            self.identity = Some(producer);
            out.push(ProducerEffect::Fact(ProducerFact::Identity { producer_id: producer.0, epoch: producer.1 }));
        }
    }

    fn finish_flushes(&mut self, out: &mut Vec<ProducerEffect>) {
        if self.flushes.is_empty() {
            return;
        }
        let nothing_pending = self.pending.is_empty();
        let last_number = self.last_number;
        let oldest = self.oldest_unfinished();
        self.flushes.retain_mut(|flush| {
            if flush.up_to.is_none() && nothing_pending {
                flush.up_to = Some(last_number + NUMBER_STEP - 1);
            }
            let done = flush.up_to.is_some_and(|up_to| oldest.is_none_or(|oldest| oldest > up_to));
            if done {
                out.push(ProducerEffect::Done { token: flush.token, result: Ok(None) });
            }
            !done
        });
    }

    fn oldest_unfinished(&self) -> Option<u64> {
        self.in_flight_batches().chain(self.accumulator.batches()).map(|b| b.number).min()
    }

    /// The batches that are under way.
    fn in_flight_batches(&self) -> impl Iterator<Item = &ProducerBatch> {
        self.in_flight.values().filter_map(|f| if let Asked::Produce(batches) = &f.what { Some(batches) } else { None }).flatten()
    }
}

/// The exception of a failed produce request.
fn produce_exception(error: ErrorCode) -> KafkaException {
    match error {
        ErrorCode::NetworkDisconnect => KafkaException::new("NetworkException"),
        other => other.exception(),
    }
}

#[cfg(test)]
mod tests;
