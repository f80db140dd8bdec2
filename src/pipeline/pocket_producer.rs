//! A producer that sends each record by itself and tries again until it is acknowledged. Knows no batches and no idempotence.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::broker::{Acks, Batch, BrokerId, ClientId, KafkaException, Metadata, NewRecord, Request, Response, TopicPartition};
use crate::kernel::SimTime;

/// What the producer wants done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ProducerEffect {
    Request { to: Option<BrokerId>, correlation: u64, request: Request },
    Timer { at: SimTime, timer: ProducerTimer },
    Done { token: u64, result: Result<Option<RecordMetadata>, KafkaException> },
    Fact(crate::broker::Fact),
}

/// A timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProducerTimer(u64);

/// Where a record went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct RecordMetadata {
    pub partition: TopicPartition,
    pub offset: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Pending {
    topic: Arc<str>,
    partition: Option<u32>,
    record: NewRecord,
    token: u64,
}

/// A producer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Producer {
    metadata: Option<Arc<Metadata>>,
    waiting: BTreeMap<u64, Pending>,
    asked: BTreeMap<u64, u64>,
    next: u64,
}

/// Settings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ProducerConfig;

impl ProducerConfig {
    /// Sets nothing.
    ///
    /// # Errors
    /// Never.
    pub fn set(&mut self, _: &str, _: &str) -> Result<(), ()> {
        Ok(())
    }
}

#[allow(missing_docs, clippy::missing_errors_doc)]
impl Producer {
    pub fn new(_: ClientId, _: &str, _: ProducerConfig, _: u64) -> Result<Producer, KafkaException> {
        Ok(Producer::default())
    }

    pub fn partition_count(&self, topic: &str) -> Option<u32> {
        self.metadata.as_ref()?.topics.get(topic).map(|t| t.partitions.len() as u32)
    }

    pub fn send(
        &mut self,
        _: SimTime,
        topic: Arc<str>,
        partition: Option<u32>,
        record: NewRecord,
        token: u64,
        out: &mut Vec<ProducerEffect>,
    ) {
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, Pending { topic, partition, record, token });
        self.ask(number, out);
    }

    fn ask(&mut self, number: u64, out: &mut Vec<ProducerEffect>) {
        let Some(pending) = self.waiting.get(&number) else { return };
        let correlation = self.next;
        self.next += 1;
        self.asked.insert(correlation, number);
        let topic = self.metadata.as_ref().and_then(|m| m.topics.get(&pending.topic));
        let Some(topic) = topic else {
            out.push(ProducerEffect::Request { to: None, correlation, request: Request::Metadata { topics: None } });
            return;
        };
        let count = topic.partitions.len() as u32;
        let hash = pending.record.key.as_ref().map_or(number, |k| crate::kernel::digest_of(&k[..]));
        let partition = pending.partition.unwrap_or((hash % u64::from(count)) as u32);
        let to = topic.partitions[partition as usize].0;
        let partition = TopicPartition { topic: topic.id, partition };
        let batch =
            Batch { partition, producer: None, base_sequence: 0, transactional: false, records: Arc::from([pending.record.clone()]) };
        let request = Request::Produce { acks: Acks::All, timeout_us: 30_000_000, transactional_id: None, batches: vec![batch] };
        out.push(ProducerEffect::Request { to, correlation, request });
    }

    pub fn on_response(&mut self, now: SimTime, correlation: u64, response: Response, out: &mut Vec<ProducerEffect>) {
        let Some(number) = self.asked.remove(&correlation) else { return };
        match response {
            Response::Metadata(metadata) => {
                self.metadata = Some(metadata);
                self.ask(number, out);
            }
            Response::Produce { partitions } if partitions.iter().all(|p| p.1.is_ok()) => {
                if let Some(pending) = self.waiting.remove(&number) {
                    let (partition, answer) = partitions[0];
                    let offset = answer.ok().and_then(|a| a.base_offset);
                    out.push(ProducerEffect::Done { token: pending.token, result: Ok(Some(RecordMetadata { partition, offset })) });
                }
            }
            _ => {
                self.metadata = None;
                out.push(ProducerEffect::Timer { at: now + 100_000, timer: ProducerTimer(number) });
            }
        }
    }

    pub fn on_timer(&mut self, _: SimTime, timer: ProducerTimer, out: &mut Vec<ProducerEffect>) {
        self.ask(timer.0, out);
    }
}
