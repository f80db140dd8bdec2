//! `sticky` with equal subscriptions, and the choice between that and the general case (C13; `AbstractStickyAssignor`).

mod general;

use crate::kernel::{SortedMap, SortedSet};
use std::collections::VecDeque;

use super::{Problem, Shares, Slot, java};

/// What the sticky algorithm decided.
pub(super) struct Outcome {
    pub(super) shares: Shares,
    /// Partitions that go from one member to another, and to whom; `None` where only a comparison can tell.
    pub(super) transferred: Option<SortedMap<Slot, usize>>,
}

/// What members rightly own (step 0 of C13).
struct Claims {
    owned: Shares,
    doubly_claimed: SortedSet<Slot>,
    generation_max: Option<u32>,
}

pub(super) fn assign(problem: &Problem) -> Outcome {
    let order = java::hash_map_order(&problem.members.iter().map(|m| &m.id).collect::<Vec<_>>());
    let claims = Claims::new(problem, &order);
    if problem.members.windows(2).all(|pair| pair[0].topics == pair[1].topics) {
        let mut constrained = Constrained::new(problem, claims.doubly_claimed);
        for member in order {
            constrained.keep_owned(member, &claims.owned[member]);
        }
        constrained.deal();
        Outcome { shares: constrained.shares, transferred: Some(constrained.transferred) }
    } else {
        Outcome { shares: general::assign(problem, claims.owned, claims.generation_max), transferred: None }
    }
}

impl Claims {
    fn new(problem: &Problem, order: &[usize]) -> Claims {
        let mut claims = Claims {
            owned: problem.no_shares(),
            doubly_claimed: SortedSet::new(),
            generation_max: problem.members.iter().filter_map(|m| m.generation).max(),
        };
        let mut owner: SortedMap<Slot, usize> = SortedMap::new();
        for member in order.iter().copied() {
            for slot in problem.members[member].owned.iter().copied() {
                let Some(other) = owner.get(&slot).copied() else {
                    claims.owned[member].push(slot);
                    owner.insert(slot, member);
                    continue;
                };
                // No generation counts as older than any.
                let (mine, others) = (problem.members[member].generation, problem.members[other].generation);
                if mine < others {
                    continue;
                }
                claims.owned[other].retain(|s| *s != slot);
                owner.insert(slot, member);
                if mine == others {
                    claims.doubly_claimed.insert(slot);
                } else {
                    claims.owned[member].push(slot);
                }
            }
        }
        claims
    }
}

/// Equal subscriptions: everybody gets the quota, or one more.
struct Constrained<'a> {
    problem: &'a Problem,
    quota_min: usize,
    quota_max: usize,
    /// How many members may hold the larger quota.
    larger_expected: usize,
    larger: usize,
    shares: Shares,
    revoked: SortedSet<Slot>,
    doubly_claimed: SortedSet<Slot>,
    under: Vec<usize>,
    exactly_min: Vec<usize>,
    transferred: SortedMap<Slot, usize>,
}

impl<'a> Constrained<'a> {
    fn new(problem: &'a Problem, doubly_claimed: SortedSet<Slot>) -> Self {
        let (partitions, members) = (problem.slots().count(), problem.members.len().max(1));
        Constrained {
            problem,
            quota_min: partitions / members,
            quota_max: partitions.div_ceil(members),
            larger_expected: partitions % members,
            larger: 0,
            shares: problem.no_shares(),
            revoked: SortedSet::new(),
            doubly_claimed,
            under: Vec::new(),
            exactly_min: Vec::new(),
            transferred: SortedMap::new(),
        }
    }

    /// Step 1: a member keeps what it owns, up to its quota.
    fn keep_owned(&mut self, member: usize, owned: &[Slot]) {
        let mut owned: Vec<Slot> = owned.iter().copied().filter(|s| self.problem.exists(*s) && !self.doubly_claimed.contains(s)).collect();
        crate::kernel::sort_by_key(&mut owned, |s| (s.partition, s.topic));
        let keep = if owned.len() < self.quota_min {
            self.under.push(member);
            owned.len()
        } else if owned.len() >= self.quota_max && self.larger < self.larger_expected {
            self.larger += 1;
            if self.larger == self.larger_expected {
                self.exactly_min.clear();
            }
            self.quota_max
        } else {
            if self.larger < self.larger_expected {
                self.exactly_min.push(member);
            }
            self.quota_min
        };
        self.revoked.extend(&owned[keep..]);
        owned.truncate(keep);
        self.shares[member] = owned;
    }

    /// Steps 2 and 3: what nobody holds is dealt out.
    fn deal(&mut self) {
        let by_id = |a: &usize, b: &usize| java::compare(&self.problem.members[*a].id, &self.problem.members[*b].id);
        crate::kernel::sort_by(&mut self.under, by_id);
        crate::kernel::sort_by(&mut self.exactly_min, by_id);
        let held: SortedSet<Slot> = self.shares.iter().flatten().copied().collect();
        let mut exactly_min: VecDeque<usize> = std::mem::take(&mut self.exactly_min).into();
        let mut next = 0;
        for slot in self.problem.slots().filter(|s| !held.contains(s)) {
            let member = if self.under.is_empty() {
                exactly_min.pop_front().expect("the quotas add up to all partitions")
            } else {
                next %= self.under.len();
                self.under[next]
            };
            self.shares[member].push(slot);
            if self.revoked.contains(&slot) || self.doubly_claimed.contains(&slot) {
                self.transferred.insert(slot, member);
            }
            if !self.under.is_empty() {
                if self.shares[member].len() == self.quota_min {
                    self.under.remove(next);
                    exactly_min.push_back(member);
                    // A round ends at the end of the list, also when its last member leaves it.
                } else {
                    next += 1;
                }
            }
        }
    }
}
