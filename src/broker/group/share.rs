//! Members of share groups (KIP-932, S1): heartbeats, and the coordinator assigns; a partition may go to several members, so
//! nobody waits for anybody to give it up. Upstream `ShareGroup`, `ShareGroupAssignmentBuilder`. Knows no record.

use std::sync::Arc;

use super::effect::Eviction;
use super::lease::{Lease, Looked};
use super::member_epoch::{JOINS, LEAVES};
use super::state::GroupState;
use super::{Call, GroupCoordinator, GroupFact, GroupTimer, fact, timer_at};
use crate::broker::assignor::simple::{self, ShareMember as Wish};
use crate::broker::share::ShareGroupConfig;
use crate::broker::{ClientId, Effect, ErrorCode, GroupResponse, TopicPartition, Topics};
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareGroupMember {
    serial: u32,
    /// The client.
    pub client: ClientId,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Its epoch.
    pub epoch: i32,
    previous_epoch: i32,
    /// What it reads.
    pub assigned: SortedSet<TopicPartition>,
    topics: Vec<Arc<str>>,
    lease: Lease,
}

/// What a share group has besides its epoch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ShareGroup {
    /// Members by member id.
    pub members: SortedMap<Arc<str>, ShareGroupMember>,
    /// The group epoch of the target assignment.
    pub target_epoch: u32,
    target: SortedMap<Arc<str>, SortedSet<TopicPartition>>,
    /// Partitions that have a state; only these are assigned.
    initialized: SortedSet<TopicPartition>,
}

/// A heartbeat, taken apart.
pub(super) struct ShareBeat {
    pub(super) member_id: Arc<str>,
    pub(super) client_id: Arc<str>,
    pub(super) epoch: i32,
    pub(super) topics: Option<Vec<Arc<str>>>,
}

impl ShareGroup {
    pub(super) fn miss_session_timer(&mut self, now: SimTime, serial: u32) {
        self.members.values_mut().filter(|m| m.serial == serial).for_each(|m| m.lease.miss(now));
    }

    pub(super) fn state(&self) -> GroupState {
        if self.members.is_empty() { GroupState::Empty } else { GroupState::Stable }
    }

    /// Whether every member has the assignment of the group's epoch.
    pub fn is_at_one(&self, group_epoch: u32) -> bool {
        self.target_epoch == group_epoch && self.members.values().all(|m| m.epoch == group_epoch as i32)
    }

    pub(super) fn subscribes(&self, name: &str) -> bool {
        self.members.values().any(|m| m.topics.iter().any(|t| &**t == name))
    }

    /// The partitions of the topics that anybody subscribes to.
    fn subscribed(&self, topics: &Topics) -> SortedSet<TopicPartition> {
        self.members.values().flat_map(|m| partitions_of(&m.topics, topics)).collect()
    }
}

fn partitions_of(names: &[Arc<str>], topics: &Topics) -> SortedSet<TopicPartition> {
    let known = names.iter().filter_map(|name| topics.by_name(name));
    known.flat_map(|t| (0..t.partitions).map(|partition| TopicPartition { topic: t.id, partition })).collect()
}

impl GroupCoordinator {
    pub(super) fn share_heartbeat(
        &mut self,
        call: Call,
        index: usize,
        beat: &ShareBeat,
        topics: &Topics,
        out: &mut Vec<Effect>,
    ) -> Result<GroupResponse, ErrorCode> {
        let size_max = self.config.share_size_max;
        let group = &self.groups[index];
        let is_other = !group.members.is_empty() || group.modern.as_ref().is_some_and(|m| !m.members.is_empty());
        if is_other || (group.share.is_none() && beat.epoch != JOINS) {
            return Err(ErrorCode::GroupIdNotFound);
        }
        let share = self.groups[index].share.get_or_insert_default();
        if beat.epoch == LEAVES {
            return self.share_leave(call, index, beat, out);
        }
        let is_new = !share.members.contains_key(&beat.member_id);
        if is_new && share.members.len() as u32 >= size_max {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        let mut changed = self.share_member(call, index, beat, out)?;
        let group = &mut self.groups[index];
        let share = group.share.as_mut().expect("made above");
        let member = share.members.get_mut(&beat.member_id).expect("joined or checked above");
        let before = member.assigned.clone();
        if let Some(wanted) = beat.topics.as_ref().filter(|wanted| **wanted != member.topics) {
            member.topics.clone_from(wanted);
            changed = true;
        }
        let subscribed = share.subscribed(topics);
        let assignable: SortedSet<TopicPartition> = share.initialized.intersection(&subscribed).copied().collect();
        let given: SortedSet<TopicPartition> = share.target.values().flatten().copied().collect();
        if changed || (!is_new && assignable != given) || group.generation == 0 {
            group.generation += 1;
        }
        self.share_assign(index, topics, out);
        let group = &mut self.groups[index];
        let share = group.share.as_mut().expect("made above");
        let target = share.target.get(&beat.member_id).cloned().unwrap_or_default();
        let target_epoch = share.target_epoch as i32;
        let member = share.members.get_mut(&beat.member_id).expect("joined or checked above");
        if member.epoch != target_epoch {
            (member.previous_epoch, member.epoch) = (member.epoch, target_epoch);
        }
        member.assigned = target;
        let full = beat.epoch == JOINS || beat.topics.is_some() || member.assigned != before;
        let (member_epoch, assignment) = (member.epoch, full.then(|| member.assigned.iter().copied().collect()));
        // Their states are made now; the next heartbeat finds them (`InitializeShareGroupState`).
        share.initialized.extend(subscribed);
        self.share_touch(call.now, index, &beat.member_id, out);
        let heartbeat_interval_us = self.share_times(index).1;
        Ok(GroupResponse::ShareGroupHeartbeat { member_epoch, heartbeat_interval_us, assignment })
    }

    /// Adds the member, or checks its epoch. Whether the group has changed by it.
    fn share_member(&mut self, call: Call, index: usize, beat: &ShareBeat, out: &mut Vec<Effect>) -> Result<bool, ErrorCode> {
        let serial = self.next_serial();
        let group = &mut self.groups[index];
        let share = group.share.as_mut().expect("the caller has made it");
        if let Some(member) = share.members.get(&beat.member_id) {
            let known = [member.epoch, member.previous_epoch, JOINS].contains(&beat.epoch);
            return if known { Ok(false) } else { Err(ErrorCode::FencedMemberEpoch) };
        }
        if beat.epoch != JOINS {
            return Err(ErrorCode::UnknownMemberId);
        }
        let member = ShareGroupMember {
            serial,
            client: call.pending.to,
            client_id: Arc::clone(&beat.client_id),
            epoch: JOINS,
            previous_epoch: JOINS,
            assigned: SortedSet::new(),
            topics: Vec::new(),
            lease: Lease::new(call.now),
        };
        share.members.insert(Arc::clone(&beat.member_id), member);
        group.empty_since = None;
        let joined = GroupFact::Joined { group: group.name.clone(), member: beat.member_id.clone(), client: call.pending.to };
        out.push(fact(joined));
        Ok(true)
    }

    /// Makes a new target if the group has changed since the last one.
    fn share_assign(&mut self, index: usize, topics: &Topics, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        let share = group.share.as_mut().expect("the caller has made it");
        if group.generation <= share.target_epoch {
            return;
        }
        let wish = |(id, m): (&Arc<str>, &ShareGroupMember)| {
            let wanted = partitions_of(&m.topics, topics).intersection(&share.initialized).copied().collect();
            (Arc::clone(id), Wish { wanted, owned: share.target.get(id).cloned().unwrap_or_default() })
        };
        let target = simple::assign(&share.members.iter().map(wish).collect());
        share.target_epoch = group.generation;
        let assignment = target.iter().map(|(id, p)| (Arc::clone(id), p.iter().copied().collect())).collect();
        share.target = target;
        let (group, generation) = (group.name.clone(), group.generation);
        out.push(fact(GroupFact::Rebalanced { group, generation, assignment: Arc::new(assignment) }));
    }

    fn share_leave(&mut self, call: Call, index: usize, beat: &ShareBeat, out: &mut Vec<Effect>) -> Result<GroupResponse, ErrorCode> {
        let group = &self.groups[index];
        if !group.share.as_ref().is_some_and(|s| s.members.contains_key(&beat.member_id)) {
            return Err(ErrorCode::UnknownMemberId);
        }
        out.push(fact(GroupFact::Left { group: group.name.clone(), member: beat.member_id.clone() }));
        self.share_forget(call.now, index, &beat.member_id, out);
        Ok(GroupResponse::ShareGroupHeartbeat { member_epoch: LEAVES, heartbeat_interval_us: 0, assignment: None })
    }

    fn share_forget(&mut self, now: SimTime, index: usize, id: &str, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        let share = group.share.as_mut().expect("only members of such a group are forgotten here");
        share.members.remove(id);
        share.target.remove(id);
        group.generation += 1;
        if share.members.is_empty() {
            share.target_epoch = group.generation;
            group.empty_since = Some(now);
            out.push(fact(GroupFact::Emptied { group: group.name.clone(), generation: group.generation }));
        }
    }

    /// Session timeout and heartbeat interval of a share group, in microseconds.
    fn share_times(&self, index: usize) -> (u64, u64) {
        let config = self.share_configs.get(&self.groups[index].name);
        let of = |value: Option<u64>, default: u64| value.map_or(default, crate::broker::us);
        let session_us = of(config.and_then(|c| c.session_timeout_ms), self.config.share_session_timeout_us);
        (session_us, of(config.and_then(|c| c.heartbeat_interval_ms), self.config.share_heartbeat_interval_us))
    }

    pub(super) fn share_touch(&mut self, now: SimTime, index: usize, id: &str, out: &mut Vec<Effect>) {
        let timeout_us = self.share_times(index).0;
        let share = self.groups[index].share.as_mut().expect("callers have looked the member up");
        let member = share.members.get_mut(id).expect("callers have looked the member up");
        if let Some(at) = member.lease.renew(now, timeout_us) {
            out.push(timer_at(at, GroupTimer::Session { group: index as u32, member: member.serial }));
        }
    }

    /// A session timer of a member of a share group. False if the member is none.
    pub(super) fn on_share_session(&mut self, now: SimTime, index: usize, serial: u32, out: &mut Vec<Effect>) -> bool {
        let Some(share) = self.groups[index].share.as_mut() else { return false };
        let Some((id, member)) = share.members.iter_mut().find(|(_, m)| m.serial == serial) else { return false };
        match member.lease.look(now) {
            Looked::Stale => return true,
            Looked::Renewed(at) => {
                out.push(timer_at(at, GroupTimer::Session { group: index as u32, member: serial }));
                return true;
            }
            Looked::Ended => {}
        }
        let id = Arc::clone(id);
        self.share_forget(now, index, &id, out);
        out.push(fact(GroupFact::Evicted { group: self.groups[index].name.clone(), member: id, why: Eviction::SessionTimeout }));
        true
    }

    /// The settings of a share group, if it has any of its own.
    pub fn share_config(&self, group: &str) -> Option<&ShareGroupConfig> {
        self.share_configs.get(group)
    }

    /// Gives a share group settings of its own.
    pub(in crate::broker) fn set_share_config(&mut self, group: &Arc<str>, config: ShareGroupConfig) {
        self.share_configs.insert(Arc::clone(group), config);
    }

    /// Whether a tool may change offsets of a share group (S2); `creates`: it need not exist.
    pub(in crate::broker) fn may_alter_share(&self, group: &str, creates: bool) -> Result<(), ErrorCode> {
        match self.group(group) {
            None if creates => Ok(()),
            None => Err(ErrorCode::GroupIdNotFound),
            Some(known) if known.share.is_none() => {
                if creates {
                    Ok(())
                } else {
                    Err(ErrorCode::GroupIdNotFound)
                }
            }
            Some(known) if known.share.as_ref().is_some_and(|s| !s.members.is_empty()) => Err(ErrorCode::NonEmptyGroup),
            Some(_) => Ok(()),
        }
    }

    /// A partition of a share group has a state now, or has none any more.
    pub(in crate::broker) fn note_share_state(&mut self, group: &str, partition: TopicPartition, exists: bool) {
        let Some(share) = self.groups.iter_mut().find(|g| &*g.name == group).map(|g| g.share.get_or_insert_default()) else { return };
        if exists {
            share.initialized.insert(partition);
        } else {
            share.initialized.remove(&partition);
        }
    }

    /// The partitions of a share group that have a state.
    pub(in crate::broker) fn share_initialized(&self, group: &str) -> SortedSet<TopicPartition> {
        self.group(group).and_then(|g| g.share.as_ref()).map(|s| s.initialized.clone()).unwrap_or_default()
    }

    /// Deletes a share group that has no members.
    pub(in crate::broker) fn forget_share(&mut self, group: &str) {
        if let Some(known) = self.groups.iter_mut().find(|g| &*g.name == group) {
            known.share = None;
            known.generation = 0;
        }
    }
}
