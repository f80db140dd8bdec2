//! The coordinator's own assignors (C17): `range` as on the client, `uniform`. Know no protocol.

use crate::kernel::SortedMap;
use std::sync::Arc;

use super::{Known, MemberSubscription, Problem, Shares, Slot, range, sticky};
use crate::broker::{TopicPartition, Topics};

/// An assignor of the coordinator, by Kafka's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerAssignor {
    /// `uniform`: counts differ by at most one, nothing moves without need.
    Uniform,
    /// `range` (C11).
    Range,
}

impl ServerAssignor {
    /// The assignor called `name`.
    pub fn by_name(name: &str) -> Option<ServerAssignor> {
        match name {
            "uniform" => Some(ServerAssignor::Uniform),
            "range" => Some(ServerAssignor::Range),
            _ => None,
        }
    }

    /// Assigns to `members`, whose `owned` is their last target.
    pub fn assign(self, topics: &Topics, members: &[MemberSubscription]) -> SortedMap<Arc<str>, Vec<TopicPartition>> {
        self.assign_known(&topics.iter().map(|t| (t.name.clone(), (t.id, t.partitions))).collect(), members)
    }

    /// The same, from id and partition count by topic name.
    pub(super) fn assign_known(self, known: &Known, members: &[MemberSubscription]) -> SortedMap<Arc<str>, Vec<TopicPartition>> {
        let problem = Problem::of(known, members);
        let equal = problem.members.windows(2).all(|pair| pair[0].topics == pair[1].topics);
        let shares = match self {
            ServerAssignor::Range => range::assign(&problem),
            ServerAssignor::Uniform if equal => uniform(&problem),
            // Kafka's own algorithm for unequal subscriptions aims at the same: balance first, then stickiness.
            ServerAssignor::Uniform => sticky::assign(&problem).shares,
        };
        problem.named(shares)
    }
}

/// Equal subscriptions: everybody keeps up to its quota, the rest is dealt to those below theirs
/// (`UniformHomogeneousAssignmentBuilder`). The larger quotas go to members that use them already, then to the first in order.
fn uniform(problem: &Problem) -> Shares {
    let mut shares = problem.no_shares();
    let (partitions, members) = (problem.slots().count(), problem.members.len().max(1));
    let quota_min = partitions / members;
    let owned = |member: &usize| problem.members[*member].owned.iter().copied().filter(|s| problem.exists(*s));
    let mut by_need = problem.sorted_members();
    crate::kernel::sort_by_key(&mut by_need, |m| owned(m).count() <= quota_min);
    let larger: Vec<usize> = by_need.into_iter().take(partitions % members).collect();
    let mut unassigned: Vec<Slot> = problem.slots().filter(|s| !problem.members.iter().any(|m| m.owned.contains(s))).collect();
    let mut unfilled: Vec<(usize, usize)> = Vec::new();
    for member in problem.sorted_members() {
        let quota = quota_min + usize::from(larger.contains(&member));
        let mut kept: Vec<Slot> = owned(&member).collect();
        unassigned.extend(kept.drain(quota.min(kept.len())..));
        unfilled.push((member, quota - kept.len()));
        shares[member] = kept;
    }
    let mut rest = unassigned.into_iter();
    for (member, room) in unfilled {
        shares[member].extend(rest.by_ref().take(room));
    }
    shares
}
