//! The topics of a cluster: names, ids, partition counts, settings. Knows no leaders and no records.

use crate::kernel::SortedMap;
use std::sync::Arc;

use super::{TopicConfig, TopicId, TopicPartition};

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Topic {
    /// The id: its place in the order of creation.
    pub id: TopicId,
    /// The name.
    pub name: Arc<str>,
    /// How many partitions it has.
    pub partitions: u32,
    /// Its settings, the defaults filled in.
    pub config: TopicConfig,
}

/// All topics of a cluster. Topics are never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Topics {
    topics: Vec<Topic>,
    by_name: SortedMap<Arc<str>, TopicId>,
}

impl Topics {
    /// The topic with this id, if there is one.
    pub fn topic(&self, id: TopicId) -> Option<&Topic> {
        self.topics.get(id.index())
    }

    /// The topic with this name, if there is one.
    pub fn by_name(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name).and_then(|id| self.topic(*id))
    }

    /// The name of a topic; empty for an unknown id.
    pub fn name(&self, id: TopicId) -> &str {
        self.topic(id).map_or("", |t| &t.name)
    }

    /// All topics in the order of creation.
    pub fn iter(&self) -> impl Iterator<Item = &Topic> {
        self.topics.iter()
    }

    /// How many topics there are.
    pub fn len(&self) -> usize {
        self.topics.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// All partitions, by topic id and number.
    pub fn partitions(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        self.topics.iter().flat_map(|t| (0..t.partitions).map(|partition| TopicPartition { topic: t.id, partition }))
    }

    /// Adds a topic whose name is not taken yet.
    pub(super) fn add(&mut self, name: Arc<str>, partitions: u32, config: TopicConfig) -> TopicId {
        let id = TopicId(self.topics.len() as u32);
        self.by_name.insert(Arc::clone(&name), id);
        self.topics.push(Topic { id, name, partitions, config });
        id
    }

    /// The topic with this id, to be changed.
    pub(super) fn topic_mut(&mut self, id: TopicId) -> Option<&mut Topic> {
        self.topics.get_mut(id.index())
    }
}
