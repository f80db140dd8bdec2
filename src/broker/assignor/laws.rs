//! What the assignors promise, asked of random groups: members join and leave, static and dynamic, change their topics, and
//! topics grow. A history that breaks a promise is made as short as it gets.

use crate::kernel::{SortedMap, SortedSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::{Assignor, MemberSubscription, ServerAssignor};
use crate::broker::{BrokerId, Metadata, Subscription, TopicId, TopicMetadata, TopicPartition};

/// Topics that a history knows, by place.
const TOPICS: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Event {
    /// A member joins, static or not, with the topics of these bits.
    Join {
        member: u32,
        is_static: bool,
        topics: u8,
    },
    Leave {
        member: u32,
    },
    Change {
        member: u32,
        topics: u8,
    },
    Grow {
        topic: usize,
        by: u32,
    },
}

fn events(same_topics: bool) -> impl Strategy<Value = Vec<Event>> {
    let topics = move || if same_topics { Just(7_u8).boxed() } else { (1..8_u8).boxed() };
    let event = prop_oneof![
        5 => (0..7_u32, any::<bool>(), topics()).prop_map(|(member, is_static, topics)| Event::Join { member, is_static, topics }),
        3 => (0..7_u32).prop_map(|member| Event::Leave { member }),
        1 => (0..7_u32, topics()).prop_map(|(member, topics)| Event::Change { member, topics }),
        1 => (0..3_usize, 1..4_u32).prop_map(|(topic, by)| Event::Grow { topic, by }),
    ];
    prop::collection::vec(event, 1..14)
}

/// A group: how many partitions there are, who wants what and owns what.
#[derive(Debug, Clone)]
struct World {
    partitions: [u32; 3],
    members: SortedMap<u32, MemberSubscription>,
    generation: u32,
}

type Owners = SortedMap<TopicPartition, Arc<str>>;

impl World {
    fn new(partitions: [u32; 3]) -> World {
        World { partitions, members: SortedMap::new(), generation: 1 }
    }

    fn topics_of(bits: u8) -> Vec<Arc<str>> {
        (0..3).filter(|place| bits >> place & 1 == 1).map(|place| Arc::from(TOPICS[place])).collect()
    }

    fn apply(&mut self, event: &Event) {
        match *event {
            Event::Join { member, is_static, topics } => {
                let instance = is_static.then(|| Arc::from(format!("i{}", 9 - member)));
                let subscription = Subscription { topics: World::topics_of(topics), owned: Vec::new(), generation: None };
                self.members.entry(member).or_insert((Arc::from(format!("m{member}")), instance, subscription));
            }
            Event::Leave { member } => drop(self.members.remove(&member)),
            Event::Change { member, topics } => {
                if let Some((_, _, subscription)) = self.members.get_mut(&member) {
                    subscription.topics = World::topics_of(topics);
                }
            }
            Event::Grow { topic, by } => self.partitions[topic] += by,
        }
    }

    fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::default();
        for (place, name) in TOPICS.iter().enumerate() {
            let partitions = vec![(Some(BrokerId(0)), 0); self.partitions[place] as usize];
            // Ids run against the order of names, so that sorting by id shows.
            metadata.topics.insert(Arc::from(*name), TopicMetadata { id: TopicId(9 - place as u32), partitions });
        }
        metadata
    }

    fn members(&self) -> Vec<MemberSubscription> {
        self.members.values().cloned().collect()
    }

    /// Members know what they got, and in which generation.
    fn settle(&mut self, assignment: &SortedMap<Arc<str>, Vec<TopicPartition>>) {
        self.generation += 1;
        for (id, _, subscription) in self.members.values_mut() {
            subscription.owned = assignment[id].clone();
            subscription.generation = Some(self.generation);
        }
    }

    /// A cooperative client gives up the partitions of topics that it no longer wants before it joins (C4).
    fn give_up_what_is_unwanted(&mut self) {
        for (_, _, subscription) in self.members.values_mut() {
            let topics = subscription.topics.clone();
            subscription.owned.retain(|p| topics.iter().any(|t| **t == *World::topic(*p)));
        }
    }

    fn topic(partition: TopicPartition) -> &'static str {
        TOPICS[9 - partition.topic.index()]
    }

    fn wants(&self, id: &str, partition: TopicPartition) -> bool {
        self.members.values().any(|(m, _, s)| **m == *id && s.topics.iter().any(|t| **t == *World::topic(partition)))
    }

    /// Every partition that somebody wants.
    fn wanted(&self) -> SortedSet<TopicPartition> {
        let topics: SortedSet<&str> = self.members.values().flat_map(|(_, _, s)| s.topics.iter().map(|t| &**t)).collect();
        let of =
            |place: usize| (0..self.partitions[place]).map(move |partition| TopicPartition { topic: TopicId(9 - place as u32), partition });
        (0..3).filter(|place| topics.contains(TOPICS[*place])).flat_map(of).collect()
    }

    /// Who owned what before, as far as it may still.
    fn owners(&self) -> Owners {
        let owned = self.members.values().flat_map(|(id, _, s)| s.owned.iter().map(|p| (*p, Arc::clone(id))));
        owned.filter(|(p, id)| self.wants(id, *p)).collect()
    }

    fn equal_subscriptions(&self) -> bool {
        let mut topics = self.members.values().map(|(_, _, s)| &s.topics);
        topics.next().is_none_or(|first| topics.all(|t| t == first))
    }
}

fn owners_in(assignment: &SortedMap<Arc<str>, Vec<TopicPartition>>) -> Result<Owners, String> {
    let mut owners = Owners::new();
    for (id, partitions) in assignment {
        for partition in partitions {
            if let Some(other) = owners.insert(*partition, Arc::clone(id)) {
                return Err(format!("{partition:?} is given to {other} and {id}"));
            }
        }
    }
    Ok(owners)
}

/// Nothing twice, nothing unwanted, nothing to nobody but what is `withheld`.
fn valid(
    world: &World,
    assignment: &SortedMap<Arc<str>, Vec<TopicPartition>>,
    withheld: &SortedSet<TopicPartition>,
) -> Result<Owners, String> {
    let owners = owners_in(assignment)?;
    for (partition, id) in &owners {
        if !world.wants(id, *partition) {
            return Err(format!("{id} is given {partition:?}, which it does not want"));
        }
    }
    let given: SortedSet<TopicPartition> = owners.keys().copied().collect();
    let expected: SortedSet<TopicPartition> = world.wanted().difference(withheld).copied().collect();
    match given == expected {
        true => Ok(owners),
        false => Err(format!("given are {given:?}, wanted {expected:?}")),
    }
}

/// Counts differ by at most one where subscriptions are equal; else nobody could be given a partition of one who has two more.
fn balanced(world: &World, assignment: &SortedMap<Arc<str>, Vec<TopicPartition>>) -> Result<(), String> {
    for (poor, few) in assignment {
        for (rich, many) in assignment {
            let movable = |p: &&TopicPartition| world.wants(poor, **p);
            if many.len() > few.len() + 1
                && let Some(partition) = many.iter().find(movable)
            {
                return Err(format!("{rich} has {} and {poor} only {}, though {partition:?} could go there", many.len(), few.len()));
            }
        }
    }
    Ok(())
}

fn moved(before: &Owners, after: &Owners) -> usize {
    before.iter().filter(|(partition, owner)| after.get(*partition).is_some_and(|now| now != *owner)).count()
}

/// With equal subscriptions: how many partitions must leave a living owner so that counts differ by at most one.
fn moves_needed(world: &World, before: &Owners) -> usize {
    let (partitions, members) = (world.wanted().len(), world.members.len());
    let (least, larger) = (partitions / members, partitions % members);
    let above = |id: &Arc<str>| before.values().filter(|owner| *owner == id).count().saturating_sub(least);
    let above: Vec<usize> = world.members.values().map(|(id, _, _)| above(id)).filter(|n| *n > 0).collect();
    above.iter().sum::<usize>() - above.len().min(larger)
}

/// Plays a history and hands the group over after each event that leaves somebody in it.
fn for_histories(same_topics: bool, law: impl Fn(&mut World) -> Result<(), String>) {
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = ([1..6_u32, 0..5, 0..4], events(same_topics));
    let outcome = runner.run(&strategy, |(partitions, events)| {
        let mut world = World::new(partitions);
        for (number, event) in events.iter().enumerate() {
            world.apply(event);
            if !world.members.is_empty() {
                law(&mut world).map_err(|e| TestCaseError::fail(format!("after event {number}: {e}\n{world:#?}")))?;
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn counts_per_topic(assignment: &SortedMap<Arc<str>, Vec<TopicPartition>>, topic: &str) -> Vec<Vec<u32>> {
    let of = |partitions: &Vec<TopicPartition>| -> Vec<u32> {
        partitions.iter().filter(|p| World::topic(**p) == topic).map(|p| p.partition).collect()
    };
    assignment.values().map(of).collect()
}

fn range_is_by_topic(world: &World, assignment: &SortedMap<Arc<str>, Vec<TopicPartition>>) -> Result<(), String> {
    for topic in TOPICS {
        let wants = |id: &Arc<str>| world.members.values().any(|(m, _, s)| m == id && s.topics.iter().any(|t| **t == *topic));
        let of_topic: SortedMap<Arc<str>, Vec<TopicPartition>> =
            assignment.iter().filter(|(id, _)| wants(id)).map(|(id, p)| (Arc::clone(id), p.clone())).collect();
        let shares = counts_per_topic(&of_topic, topic);
        let sizes = shares.iter().map(Vec::len);
        if sizes.clone().max().unwrap_or(0) > sizes.min().unwrap_or(0) + 1 {
            return Err(format!("shares of {topic} differ by more than one: {shares:?}"));
        }
        let consecutive = |share: &Vec<u32>| share.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        if !shares.iter().all(consecutive) {
            return Err(format!("a share of {topic} is no range: {shares:?}"));
        }
    }
    Ok(())
}

#[test]
fn c11_range_gives_every_member_a_range_of_every_topic_it_wants() {
    for_histories(false, |world| {
        let assignment = Assignor::Range.assign(&world.metadata(), &world.members());
        valid(world, &assignment, &SortedSet::new())?;
        range_is_by_topic(world, &assignment)
    });
}

#[test]
fn c12_round_robin_is_valid_and_with_equal_subscriptions_balanced() {
    for_histories(false, |world| {
        let assignment = Assignor::RoundRobin.assign(&world.metadata(), &world.members());
        valid(world, &assignment, &SortedSet::new())?;
        if world.equal_subscriptions() { balanced(world, &assignment) } else { Ok(()) }
    });
}

#[test]
fn c13_sticky_is_balanced_and_moves_only_what_it_must() {
    for_histories(true, |world| {
        let before = world.owners();
        let assignment = Assignor::Sticky.assign(&world.metadata(), &world.members());
        let after = valid(world, &assignment, &SortedSet::new())?;
        balanced(world, &assignment)?;
        let (moved, needed) = (moved(&before, &after), moves_needed(world, &before));
        if moved != needed {
            return Err(format!("{moved} partitions moved from living owners, {needed} had to"));
        }
        world.settle(&assignment);
        Ok(())
    });
}

#[test]
fn c14_sticky_is_as_balanced_as_unequal_subscriptions_allow_and_rests_when_nothing_changes() {
    for_histories(false, |world| {
        let assignment = Assignor::Sticky.assign(&world.metadata(), &world.members());
        valid(world, &assignment, &SortedSet::new())?;
        balanced(world, &assignment)?;
        world.settle(&assignment);
        let again = Assignor::Sticky.assign(&world.metadata(), &world.members());
        match owners_in(&again)? == owners_in(&assignment)? {
            true => Ok(()),
            false => Err(format!("nothing changed, and yet {assignment:?} became {again:?}")),
        }
    });
}

/// Rebalances of cooperative-sticky until everything is given; each keeps its promise.
fn cooperative_rounds(world: &mut World) -> Result<(), String> {
    world.give_up_what_is_unwanted();
    for _ in 0..4 {
        let before = world.owners();
        let assignment = Assignor::CooperativeSticky.assign(&world.metadata(), &world.members());
        let after = owners_in(&assignment)?;
        if let Some((partition, owner)) = before.iter().find(|(p, owner)| after.get(*p).is_some_and(|now| now != *owner)) {
            return Err(format!("{partition:?} is taken from {owner} and given to {} in one rebalance", after[partition]));
        }
        // Withheld is only what somebody must give up first.
        let withheld: SortedSet<TopicPartition> = before.keys().filter(|p| !after.contains_key(p)).copied().collect();
        valid(world, &assignment, &withheld)?;
        world.settle(&assignment);
        if withheld.is_empty() {
            return balanced(world, &assignment);
        }
    }
    Err("partitions are still withheld after four rebalances".to_owned())
}

#[test]
fn c13_cooperative_sticky_never_hands_over_in_the_rebalance_in_which_it_takes() {
    for_histories(true, |world| {
        let (before, needed) = (world.owners(), moves_needed(world, &world.owners()));
        cooperative_rounds(world)?;
        let moved = moved(&before, &world.owners());
        if moved == needed { Ok(()) } else { Err(format!("{moved} partitions moved from living owners, {needed} had to")) }
    });
}

#[test]
fn c14_cooperative_sticky_keeps_its_promise_with_unequal_subscriptions_too() {
    for_histories(false, cooperative_rounds);
}

/// The coordinator's assignors work on the topics themselves.
fn server(assignor: ServerAssignor, world: &World) -> SortedMap<Arc<str>, Vec<TopicPartition>> {
    let known = world.metadata().topics.into_iter().map(|(name, t)| (name, (t.id, t.partitions.len() as u32))).collect();
    assignor.assign_known(&known, &world.members())
}

#[test]
fn c17_uniform_is_balanced_and_moves_only_what_it_must() {
    for_histories(true, |world| {
        let before = world.owners();
        let assignment = server(ServerAssignor::Uniform, world);
        let after = valid(world, &assignment, &SortedSet::new())?;
        balanced(world, &assignment)?;
        let (moved, needed) = (moved(&before, &after), moves_needed(world, &before));
        if moved != needed {
            return Err(format!("{moved} partitions moved from living owners, {needed} had to"));
        }
        world.settle(&assignment);
        Ok(())
    });
}

#[test]
fn c17_the_coordinator_s_assignors_give_everything_to_somebody_who_wants_it() {
    for_histories(false, |world| {
        let range = server(ServerAssignor::Range, world);
        valid(world, &range, &SortedSet::new())?;
        range_is_by_topic(world, &range)?;
        let uniform = server(ServerAssignor::Uniform, world);
        valid(world, &uniform, &SortedSet::new())?;
        balanced(world, &uniform)?;
        world.settle(&uniform);
        Ok(())
    });
}
