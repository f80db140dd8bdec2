//! Producers of a script.

use std::sync::Arc;

use super::{LabAction, LabAnswer, LabTransaction, Settings};
use crate::broker::{Header, KafkaException, NewRecord, Producer, ProducerConfig, RecordMetadata, wall_ms};
use crate::fault::Node;
use crate::pipeline::{InterventionError, Owner, World};

impl World {
    /// Creates a producer; settings that it refuses are the answer.
    pub(super) fn lab_open_producer(&mut self, op: u64, name: &Arc<str>, settings: &Settings) {
        let config = ProducerConfig::of(settings.iter().map(|(name, value)| (&**name, &**value)));
        let opened = config.and_then(|c| self.place_producer(Owner::Lab, Node::Producer(self.producers.len() as u32), name, c));
        let answer = match opened {
            Ok(place) => {
                self.lab.producers.insert(Arc::clone(name), place);
                LabAnswer::Done
            }
            Err(exception) => LabAnswer::Threw(exception),
        };
        self.lab_settle(op, answer);
    }

    pub(super) fn lab_producer(&self, name: &str) -> Result<u32, InterventionError> {
        self.lab.producers.get(name).copied().ok_or(InterventionError::NoSuch { what: "producer", number: 0 })
    }

    pub(super) fn lab_send(&mut self, action: &LabAction) -> Result<(), InterventionError> {
        let LabAction::Send { op, producer, topic, partition, key, value, timestamp_ms, headers } = action else { return Ok(()) };
        let place = self.lab_producer(producer)?;
        if timestamp_ms.is_some_and(|ms| ms < 0) {
            // The constructor of `ProducerRecord`.
            self.lab_settle(*op, LabAnswer::Threw(KafkaException::new("IllegalArgumentException")));
            return Ok(());
        }
        let bytes = |payload: &Option<Vec<u8>>| payload.as_deref().map(Arc::from);
        let record = NewRecord {
            key: bytes(key),
            value: bytes(value),
            headers: headers.iter().map(|(name, value)| Header { name: Arc::clone(name), value: bytes(value) }).collect(),
            timestamp_ms: timestamp_ms.unwrap_or(wall_ms(self.now)),
            tag: 0,
        };
        self.producer_send(place, Arc::clone(topic), *partition, record, *op);
        Ok(())
    }

    /// A transactional call of a producer.
    pub(super) fn lab_transaction(&mut self, op: u64, producer: &str, act: &LabTransaction) -> Result<(), InterventionError> {
        let place = self.lab_producer(producer)?;
        match act {
            LabTransaction::Init => self.with_producer(place, |p, now, out| p.init_transactions(now, op, out)),
            LabTransaction::Begin => {
                let answer = match self.producers[place as usize].producer.begin_transaction() {
                    Ok(()) => LabAnswer::Done,
                    Err(exception) => LabAnswer::Threw(exception),
                };
                self.lab_settle(op, answer);
            }
            LabTransaction::Commit => self.with_producer(place, |p, now, out| p.commit_transaction(now, op, out)),
            LabTransaction::Abort => self.with_producer(place, |p, now, out| p.abort_transaction(now, op, out)),
            LabTransaction::SendOffsets { member, offsets } => {
                let offsets = self.lab_offsets(offsets)?;
                let member = &self.lab.members[self.lab_member(member)? as usize];
                let consumer = &member.application.consumer;
                let (member_id, generation) = consumer.group_metadata();
                let group = Arc::from(consumer.config().group_id.as_str());
                self.with_producer(place, |p, now, out| p.send_offsets(now, group, offsets, member_id, generation, op, out));
            }
        }
        Ok(())
    }

    /// A producer of a script is done with something.
    pub(in crate::pipeline) fn lab_produced(&mut self, op: u64, result: Result<Option<RecordMetadata>, KafkaException>) {
        let answer = match result {
            Ok(Some(placed)) => LabAnswer::Placed { partition: placed.partition, offset: placed.offset },
            Ok(None) => LabAnswer::Done,
            Err(exception) => LabAnswer::Threw(exception),
        };
        self.lab_settle(op, answer);
    }

    /// Whether every producer's metadata shows so many partitions of a topic.
    pub fn producers_know(&self, topic: &str, partitions: u32) -> bool {
        let knows = |producer: &Producer| producer.partition_count(topic).is_none_or(|count| count == partitions);
        self.lab.producers.values().all(|place| knows(&self.producers[*place as usize].producer))
    }
}
