//! The assignor of share groups (`SimpleAssignor`, S1): every partition goes to as many members as there are too many, and
//! every member has its even part. What somebody has stays with it as long as that is even. Knows no protocol.

use std::sync::Arc;

use crate::broker::TopicPartition;
use crate::kernel::{SortedMap, SortedSet};

/// A member: what it may be given and what it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareMember {
    /// The partitions of the topics that it subscribes to.
    pub wanted: SortedSet<TopicPartition>,
    /// Its last target.
    pub owned: SortedSet<TopicPartition>,
}

/// Who gets what, by member id.
pub type ShareTarget = SortedMap<Arc<str>, SortedSet<TopicPartition>>;

/// Assigns to members by id. Members that want the same are served together (`SimpleHomogeneousAssignmentBuilder`); if they do
/// not all want the same, each set of wishes is served on its own.
pub fn assign(members: &SortedMap<Arc<str>, ShareMember>) -> ShareTarget {
    let mut by_wish: SortedMap<&SortedSet<TopicPartition>, Vec<&Arc<str>>> = SortedMap::new();
    for (id, member) in members {
        by_wish.entry(&member.wanted).or_default().push(id);
    }
    let mut target = ShareTarget::new();
    for (wanted, ids) in by_wish {
        target.extend(assign_alike(members, wanted, &ids));
    }
    target
}

fn assign_alike(members: &SortedMap<Arc<str>, ShareMember>, wanted: &SortedSet<TopicPartition>, ids: &[&Arc<str>]) -> ShareTarget {
    let (partitions, count) = (wanted.len(), ids.len());
    // How many members share a partition at least.
    let sharing = if partitions == 0 { 0 } else { count.div_ceil(partitions) };
    let quota = |index: usize| (sharing * partitions * (index + 1)).div_ceil(count) - (sharing * partitions * index).div_ceil(count);
    let mut shares: Vec<SortedSet<TopicPartition>> =
        ids.iter().map(|id| members[*id].owned.intersection(wanted).copied().collect()).collect();
    for (index, share) in shares.iter_mut().enumerate() {
        while share.len() > quota(index) {
            share.pop_first();
        }
    }
    for partition in wanted {
        let holders = |shares: &[SortedSet<TopicPartition>]| shares.iter().filter(|s| s.contains(partition)).count();
        while holders(&shares) > sharing {
            let Some(share) = shares.iter_mut().find(|s| s.contains(partition)) else { break };
            share.remove(partition);
        }
    }
    deal(wanted, sharing, quota, &mut shares);
    ids.iter().zip(shares).map(|(id, share)| (Arc::clone(id), share)).collect()
}

/// Deals what is not yet shared enough to those below their quota, round and round.
fn deal(wanted: &SortedSet<TopicPartition>, sharing: usize, quota: impl Fn(usize) -> usize, shares: &mut [SortedSet<TopicPartition>]) {
    let mut next = 0;
    for partition in wanted {
        let mut missing = sharing - shares.iter().filter(|s| s.contains(partition)).count().min(sharing);
        let mut passed = 0;
        while missing > 0 && passed < shares.len() {
            let index = next % shares.len();
            next += 1;
            if shares[index].len() < quota(index) && shares[index].insert(*partition) {
                missing -= 1;
                passed = 0;
            } else {
                passed += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::TopicId;

    fn p(partition: u32) -> TopicPartition {
        TopicPartition { topic: TopicId(0), partition }
    }

    fn members(owned: &[&[u32]], partitions: u32) -> SortedMap<Arc<str>, ShareMember> {
        let member =
            |owned: &&[u32]| ShareMember { wanted: (0..partitions).map(p).collect(), owned: owned.iter().map(|n| p(*n)).collect() };
        owned.iter().enumerate().map(|(n, o)| (Arc::from(format!("m{n}")), member(o))).collect()
    }

    fn counts(target: &ShareTarget) -> Vec<usize> {
        target.values().map(|share| share.len()).collect()
    }

    #[test]
    fn s1_one_member_has_everything() {
        assert_eq!(counts(&assign(&members(&[&[]], 4))), [4]);
    }

    #[test]
    fn s1_a_second_member_takes_half_and_the_first_keeps_the_other_half() {
        let target = assign(&members(&[&[0, 1, 2, 3], &[]], 4));
        assert_eq!(counts(&target), [2, 2]);
        assert!(target["m0"].iter().all(|p| !target["m1"].contains(p)));
    }

    #[test]
    fn s1_more_members_than_partitions_share_them() {
        let target = assign(&members(&[&[0], &[0], &[]], 1));
        assert_eq!(counts(&target), [1, 1, 1]);
    }

    #[test]
    fn s1_every_partition_goes_to_somebody_whatever_was_owned() {
        for count in 1..7_usize {
            for partitions in 1..6_u32 {
                let owned: Vec<Vec<u32>> =
                    (0..count).map(|n| (0..partitions).filter(|p| (*p as usize + n).is_multiple_of(2)).collect()).collect();
                let owned: Vec<&[u32]> = owned.iter().map(Vec::as_slice).collect();
                let target = assign(&members(&owned, partitions));
                let held: SortedSet<TopicPartition> = target.values().flatten().copied().collect();
                assert_eq!(held.len(), partitions as usize, "{count} members, {partitions} partitions: {target:?}");
                assert!(target.values().all(|share| !share.is_empty()) || count > partitions as usize * count, "{target:?}");
            }
        }
    }
}
