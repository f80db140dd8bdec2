//! Assignors: who gets which partition (C10 to C14). Know subscriptions and partition counts, nothing of groups or time.
//!
//! Topics are numbered here by the order of their *names*, because that is what Kafka sorts by; a `Slot` is a partition
//! with such a number.

mod cooperative;
mod java;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod laws;
mod range;
mod round_robin;
mod server;
pub mod simple;
mod sticky;
#[cfg(test)]
mod tests;

use crate::kernel::SortedMap;
use std::sync::Arc;

pub use java::{compute_if_absent_order, java_hash, partition_hash};
pub use server::ServerAssignor;

use super::{Metadata, Subscription, TopicId, TopicPartition};

/// A member id, its instance id if it is static, its subscription.
pub type MemberSubscription = (Arc<str>, Option<Arc<str>>, Subscription);

/// A client-side assignor, by Kafka's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Assignor {
    /// `range` (C11).
    Range,
    /// `roundrobin` (C12).
    RoundRobin,
    /// `sticky` (C13, C14).
    Sticky,
    /// `cooperative-sticky` (C13, C14).
    CooperativeSticky,
}

impl Assignor {
    /// Every assignor.
    pub const ALL: [Assignor; 4] = [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky];

    /// Kafka's name of it.
    pub const fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The assignor called `name`.
    pub fn by_name(name: &str) -> Option<Assignor> {
        Assignor::ALL.into_iter().find(|a| a.name() == name)
    }

    /// Assigns the partitions that `metadata` knows to `members` (member id, instance id, subscription; C10).
    /// Every member is in the result.
    pub fn assign(self, metadata: &Metadata, members: &[MemberSubscription]) -> SortedMap<Arc<str>, Vec<TopicPartition>> {
        let problem = Problem::new(metadata, members);
        let shares = match self {
            Assignor::Range => range::assign(&problem),
            Assignor::RoundRobin => round_robin::assign(&problem),
            Assignor::Sticky => sticky::assign(&problem).shares,
            Assignor::CooperativeSticky => cooperative::assign(&problem),
        };
        problem.named(shares)
    }
}

/// A partition, ordered as Kafka orders: by topic name, then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    /// The topic's place among the names in order.
    topic: u32,
    /// The partition's number.
    partition: u32,
}

/// A member as an assignor sees it.
#[derive(Debug, Clone)]
struct Candidate {
    id: Arc<str>,
    instance: Option<Arc<str>>,
    /// The topics it wants that exist, ascending and without repetition.
    topics: Vec<u32>,
    /// What it says it owns, in its own order, of topics that exist.
    owned: Vec<Slot>,
    generation: Option<u32>,
}

/// What is to be assigned to whom.
#[derive(Debug, Clone)]
struct Problem {
    /// Id and number of partitions of each topic that anybody wants, ordered by name.
    topics: Vec<(TopicId, u32)>,
    /// In the given order.
    members: Vec<Candidate>,
}

/// Id and partition count by topic name.
type Known = SortedMap<Arc<str>, (TopicId, u32)>;

/// For each member, in the order of [`Problem::members`], its partitions.
type Shares = Vec<Vec<Slot>>;

impl Problem {
    fn new(metadata: &Metadata, members: &[MemberSubscription]) -> Problem {
        let known = metadata.topics.iter().map(|(name, t)| (name.clone(), (t.id, t.partitions.len() as u32))).collect();
        Problem::of(&known, members)
    }

    /// From id and partition count by topic name.
    fn of(topics: &Known, members: &[MemberSubscription]) -> Problem {
        let wanted = |name: &Arc<str>| members.iter().any(|(_, _, s)| s.topics.contains(name));
        let known: Vec<_> = topics.iter().filter(|(name, (_, count))| wanted(name) && *count > 0).collect();
        let topics: Vec<(TopicId, u32)> = known.iter().map(|(_, topic)| **topic).collect();
        let number = |id: TopicId| topics.iter().position(|(t, _)| *t == id).map(|n| n as u32);
        let candidate = |(id, instance, s): &MemberSubscription| Candidate {
            id: id.clone(),
            instance: instance.clone(),
            topics: (0..topics.len() as u32).filter(|n| s.topics.contains(known[*n as usize].0)).collect(),
            owned: s.owned.iter().filter_map(|p| Some(Slot { topic: number(p.topic)?, partition: p.partition })).collect(),
            generation: s.generation,
        };
        Problem { members: members.iter().map(candidate).collect(), topics }
    }

    /// The shares by member id.
    fn named(&self, shares: Shares) -> SortedMap<Arc<str>, Vec<TopicPartition>> {
        let ids = self.members.iter().map(|m| m.id.clone());
        ids.zip(shares).map(|(id, slots)| (id, slots.into_iter().map(|s| self.partition(s)).collect())).collect()
    }

    fn partition(&self, slot: Slot) -> TopicPartition {
        TopicPartition { topic: self.topics[slot.topic as usize].0, partition: slot.partition }
    }

    /// Members in Kafka's order: static ones first by instance id, then the others by member id (C10).
    fn sorted_members(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        crate::kernel::sort_by(&mut order, |a, b| {
            let (a, b) = (&self.members[*a], &self.members[*b]);
            match (&a.instance, &b.instance) {
                (Some(x), Some(y)) => java::compare(x, y),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => java::compare(&a.id, &b.id),
            }
        });
        order
    }

    /// All partitions, in order.
    fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let counts = self.topics.iter().zip(0..);
        counts.flat_map(|((_, count), topic)| (0..*count).map(move |partition| Slot { topic, partition }))
    }

    fn exists(&self, slot: Slot) -> bool {
        self.topics.get(slot.topic as usize).is_some_and(|(_, count)| slot.partition < *count)
    }

    fn no_shares(&self) -> Shares {
        vec![Vec::new(); self.members.len()]
    }
}
