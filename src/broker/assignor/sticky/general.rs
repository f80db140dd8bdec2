//! `sticky` with unequal subscriptions: move partitions while that makes the counts more equal (C14;
//! `AbstractStickyAssignor.GeneralAssignmentBuilder`). Has no quota.

use crate::kernel::{SortedMap, SortedSet};

use super::super::{Problem, Shares, Slot, java};

struct Balancer<'a> {
    problem: &'a Problem,
    shares: Shares,
    owner: SortedMap<Slot, usize>,
    /// Members whose share may change.
    free: Vec<usize>,
    movements: Movements,
    /// An owner in an older generation: partitions go back there if that helps.
    previous: SortedMap<Slot, usize>,
}

pub(super) fn assign(problem: &Problem, owned: Shares, generation_max: Option<u32>) -> Shares {
    let mut balancer = Balancer {
        problem,
        shares: owned,
        owner: SortedMap::new(),
        free: (0..problem.members.len()).collect(),
        movements: Movements::default(),
        previous: previous_owners(problem, generation_max),
    };
    let revocation_required = balancer.drop_invalid();
    balancer.balance(revocation_required);
    balancer.shares
}

/// Who owned what in an older generation than the newest, the latest of them for each partition.
fn previous_owners(problem: &Problem, generation_max: Option<u32>) -> SortedMap<Slot, usize> {
    let mut previous: SortedMap<Slot, usize> = SortedMap::new();
    for (number, member) in problem.members.iter().enumerate() {
        if member.generation < generation_max {
            for slot in &member.owned {
                let holder = previous.entry(*slot).or_insert(number);
                if member.generation > problem.members[*holder].generation {
                    *holder = number;
                }
            }
        }
    }
    previous
}

impl Balancer<'_> {
    /// Takes away what a member may not have (any more). True if that was because of its subscription.
    fn drop_invalid(&mut self) -> bool {
        let mut revocation_required = false;
        for (number, member) in self.problem.members.iter().enumerate() {
            self.shares[number].retain(|slot| {
                let subscribed = member.topics.contains(&slot.topic);
                revocation_required |= !subscribed;
                subscribed && self.problem.exists(*slot)
            });
            self.owner.extend(self.shares[number].iter().map(|slot| (*slot, number)));
        }
        revocation_required
    }

    fn consumers_of(&self, topic: u32) -> impl Iterator<Item = usize> + '_ {
        let wants = move |number: &usize| self.problem.members[*number].topics.contains(&topic);
        (0..self.problem.members.len()).filter(wants)
    }

    /// All partitions, those with the fewest potential consumers first, then by topic name.
    fn slots_by_scarcity(&self) -> Vec<Slot> {
        let mut slots: Vec<Slot> = self.problem.slots().collect();
        crate::kernel::sort_by_key(&mut slots, |s| (self.consumers_of(s.topic).count(), *s));
        slots
    }

    /// The members whose share may change, the one with the smallest share first, then by id.
    fn free_ascending(&self) -> Vec<usize> {
        let mut free = self.free.clone();
        crate::kernel::sort_by(&mut free, |a, b| {
            let sizes = self.shares[*a].len().cmp(&self.shares[*b].len());
            sizes.then_with(|| java::compare(&self.problem.members[*a].id, &self.problem.members[*b].id))
        });
        free
    }

    fn balance(&mut self, revocation_required: bool) {
        let initializing = self.shares.iter().all(Vec::is_empty);
        let all = self.slots_by_scarcity();
        let unassigned: Vec<Slot> = all.iter().copied().filter(|s| !self.owner.contains_key(s)).collect();
        for slot in unassigned.iter().copied() {
            let to = self.free_ascending().into_iter().find(|m| self.problem.members[*m].topics.contains(&slot.topic));
            if let Some(to) = to {
                self.shares[to].push(slot);
                self.owner.insert(slot, to);
            }
        }
        let movable = |slot: &Slot| self.consumers_of(slot.topic).count() >= 2;
        let unassigned: Vec<Slot> = unassigned.into_iter().filter(movable).collect();
        let all: Vec<Slot> = all.into_iter().filter(movable).collect();
        self.free = (0..self.problem.members.len()).filter(|m| self.can_change(*m)).collect();
        let before = self.shares.clone();
        if !revocation_required {
            self.reassign(&unassigned);
        }
        let moved = self.reassign(&all);
        if !initializing && moved && score(&self.shares, &self.free) >= score(&before, &self.free) {
            self.shares = before;
        }
    }

    fn size_max(&self, member: usize) -> usize {
        self.problem.members[member].topics.iter().map(|t| self.problem.topics[*t as usize].1 as usize).sum()
    }

    fn can_change(&self, member: usize) -> bool {
        self.shares[member].len() < self.size_max(member) || self.shares[member].iter().any(|s| self.consumers_of(s.topic).count() >= 2)
    }

    fn is_balanced(&self) -> bool {
        let order = self.free_ascending();
        let (Some(first), Some(last)) = (order.first(), order.last()) else { return true };
        if self.shares[*first].len() + 1 >= self.shares[*last].len() {
            return true;
        }
        order.iter().all(|member| {
            let count = self.shares[*member].len();
            let could_gain = |slot: Slot| {
                let others = self.owner.get(&slot).filter(|o| **o != *member).map(|o| self.shares[*o].len());
                others.is_some_and(|others| count + 1 < others)
            };
            let topics = &self.problem.members[*member].topics;
            count == self.size_max(*member) || !self.problem.slots().filter(|s| topics.contains(&s.topic)).any(could_gain)
        })
    }

    fn reassign(&mut self, slots: &[Slot]) -> bool {
        let mut performed = false;
        loop {
            let mut modified = false;
            for slot in slots.iter().copied() {
                if self.is_balanced() {
                    break;
                }
                let Some(holder) = self.owner.get(&slot).copied() else { continue };
                let size = self.shares[holder].len();
                if let Some(previous) = self.previous.get(&slot).copied()
                    && size > self.shares[previous].len() + 1
                {
                    self.hand_over(slot, previous);
                    modified = true;
                } else if self.consumers_of(slot.topic).any(|other| size > self.shares[other].len() + 1) {
                    let to = self.free_ascending().into_iter().find(|m| self.problem.members[*m].topics.contains(&slot.topic));
                    self.hand_over(slot, to.expect("one of them has fewer partitions and so may gain one"));
                    modified = true;
                }
            }
            performed |= modified;
            if !modified {
                return performed;
            }
        }
    }

    fn hand_over(&mut self, slot: Slot, to: usize) {
        let from = self.owner[&slot];
        let slot = self.movements.actual(slot, from, to);
        self.movements.record(slot, from, to);
        self.shares[from].retain(|s| *s != slot);
        self.shares[to].push(slot);
        self.owner.insert(slot, to);
    }
}

/// The sum of the differences of all pairs of counts: 0 is perfect.
fn score(shares: &Shares, members: &[usize]) -> usize {
    let pairs = members.iter().enumerate().flat_map(|(i, a)| members[i + 1..].iter().map(move |b| (*a, *b)));
    pairs.map(|(a, b)| shares[a].len().abs_diff(shares[b].len())).sum()
}

/// What has been moved from whom to whom, so that two members do not swap partitions of one topic.
#[derive(Default)]
struct Movements {
    by_slot: SortedMap<Slot, (usize, usize)>,
}

impl Movements {
    /// The partition to move instead of `slot`: one of its topic that went the other way, if there is one.
    fn actual(&self, slot: Slot, from: usize, to: usize) -> Slot {
        let from = self.by_slot.get(&slot).map_or(from, |(first, _)| *first);
        let reverse: SortedSet<Slot> =
            self.by_slot.iter().filter(|(s, pair)| s.topic == slot.topic && **pair == (to, from)).map(|(s, _)| *s).collect();
        reverse.first().copied().unwrap_or(slot)
    }

    fn record(&mut self, slot: Slot, from: usize, to: usize) {
        match self.by_slot.remove(&slot) {
            Some((first, _)) if first == to => {}
            Some((first, _)) => {
                self.by_slot.insert(slot, (first, to));
            }
            None => {
                self.by_slot.insert(slot, (from, to));
            }
        }
    }
}
