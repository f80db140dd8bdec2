//! What a producer knows of topics and leaders, and when it asks again (A1, A8).

use std::sync::Arc;

use super::{Asked, Producer, ProducerEffect};
use crate::broker::{BrokerId, Request, Response, TopicId, TopicMetadata, TopicPartition, us};
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// The cached metadata.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct MetadataCache {
    topics: SortedMap<Arc<str>, TopicMetadata>,
    names: SortedMap<TopicId, Arc<str>>,
    wanted: SortedSet<Arc<str>>,
    /// Something is known to be out of date.
    stale: bool,
    asked: bool,
    fetched_at: Option<SimTime>,
    not_before: SimTime,
    /// How many answers in a row brought nothing new.
    fruitless: u32,
}

impl MetadataCache {
    /// A topic by name; from now on it is among the topics that are asked for.
    pub(super) fn topic(&mut self, name: &Arc<str>) -> Option<&TopicMetadata> {
        if !self.topics.contains_key(name) {
            self.wanted.insert(Arc::clone(name));
            self.stale = true;
        }
        self.topics.get(name)
    }

    /// Asks again as soon as that is decent.
    pub(super) fn out_of_date(&mut self) {
        self.stale = true;
    }

    /// The partitions of a topic, with their leaders and epochs.
    pub(super) fn partitions(&self, id: TopicId) -> &[(Option<BrokerId>, u32)] {
        self.names.get(&id).and_then(|name| self.topics.get(name)).map_or(&[], |t| &t.partitions)
    }

    /// How many partitions a topic had when it was last asked for.
    pub(super) fn partition_count(&self, name: &str) -> Option<u32> {
        self.topics.get(name).map(|t| t.partitions.len() as u32)
    }

    pub(super) fn leader(&self, partition: TopicPartition) -> Option<BrokerId> {
        self.partitions(partition.topic).get(partition.partition as usize).and_then(|(leader, _)| *leader)
    }

    /// When the next question is due, if that is later than `now`.
    pub(super) fn due_after(&self, now: SimTime, age_us: u64) -> SimTime {
        let at = if self.stale { self.not_before } else { self.fetched_at.map_or(SimTime::NEVER, |at| at + age_us) };
        if self.asked || self.wanted.is_empty() || at <= now { SimTime::NEVER } else { at }
    }
}

impl Producer {
    /// Asks for metadata if some is missing, wrong or old.
    pub(super) fn ask_metadata(&mut self, now: SimTime, out: &mut Vec<ProducerEffect>) {
        let cache = &mut self.metadata;
        let old = cache.fetched_at.is_some_and(|at| now.since(at) >= us(self.config.metadata_max_age_ms));
        if cache.asked || cache.wanted.is_empty() || !(old || (cache.stale && now >= cache.not_before)) {
            return;
        }
        cache.asked = true;
        let topics = Some(cache.wanted.iter().cloned().collect());
        self.request(now, None, Request::Metadata { topics }, Some(Asked::Metadata), out);
    }

    pub(super) fn on_metadata(&mut self, now: SimTime, response: &Response) {
        self.metadata.asked = false;
        self.metadata.stale = false;
        let mut news = false;
        if let Response::Metadata(metadata) = response {
            self.metadata.fetched_at = Some(now);
            for name in &self.metadata.wanted {
                let Some(topic) = metadata.topics.get(name) else { continue };
                if self.metadata.topics.get(name) != Some(topic) {
                    news = true;
                    self.metadata.names.insert(topic.id, Arc::clone(name));
                    self.metadata.topics.insert(Arc::clone(name), topic.clone());
                }
            }
        } else {
            self.metadata.stale = true;
        }
        let fruitless = if news { 0 } else { self.metadata.fruitless.saturating_add(1) };
        self.metadata.fruitless = fruitless;
        self.metadata.not_before = now + self.back_off_us(fruitless.saturating_sub(1));
        for pending in &mut self.pending {
            pending.answered = true;
        }
    }
}
