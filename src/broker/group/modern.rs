//! The consumer protocol (KIP-848, C17): members only send heartbeats, the coordinator assigns, partitions move one by
//! one. Upstream `ConsumerGroup`, `CurrentAssignmentBuilder`, `TargetAssignmentBuilder`. Has no join and no sync.

use std::sync::Arc;

use super::effect::Eviction;
use super::lease::{Lease, Looked};
use super::member_epoch::{AWAY, JOINS, LEAVES};
use super::state::GroupState;
use super::{Call, GroupCoordinator, GroupFact, GroupTimer, fact, timer_at};
use crate::broker::assignor::ServerAssignor;
use crate::broker::{ClientId, Effect, ErrorCode, GroupRequest, GroupResponse, TopicPartition, Topics};
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// How far a member is from its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Progress {
    /// It is there.
    Stable,
    /// It must give something up first.
    Unrevoked,
    /// Somebody else must.
    Unreleased,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModernMember {
    serial: u32,
    /// The client.
    pub client: ClientId,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// `group.instance.id`.
    pub instance: Option<Arc<str>>,
    /// Its epoch.
    pub epoch: i32,
    previous_epoch: i32,
    progress: Progress,
    /// What it may read.
    pub assigned: SortedSet<TopicPartition>,
    /// What it has to give up.
    pub revoking: SortedSet<TopicPartition>,
    topics: Vec<Arc<str>>,
    assignor: Option<ServerAssignor>,
    rebalance_timeout_us: u64,
    lease: Lease,
}

/// What a group with this protocol has besides.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ModernGroup {
    /// Members by member id.
    pub members: SortedMap<Arc<str>, ModernMember>,
    /// The group epoch of the target assignment.
    pub target_epoch: u32,
    /// Who shall have what.
    pub target: SortedMap<Arc<str>, SortedSet<TopicPartition>>,
    /// Partition counts of the subscribed topics when the target was made.
    counts: SortedMap<Arc<str>, u32>,
}

/// A heartbeat, taken apart.
pub(super) struct Beat {
    member_id: Arc<str>,
    client_id: Arc<str>,
    epoch: i32,
    instance: Option<Arc<str>>,
    rebalance_timeout_us: u64,
    topics: Option<Vec<Arc<str>>>,
    assignor: Option<Arc<str>>,
    owned: Option<Vec<TopicPartition>>,
}

impl ModernGroup {
    pub(super) fn subscribes(&self, name: &str) -> bool {
        self.members.values().any(|m| m.topics.iter().any(|t| &**t == name))
    }

    pub(super) fn miss_session_timer(&mut self, now: SimTime, serial: u32) {
        self.members.values_mut().filter(|m| m.serial == serial).for_each(|m| m.lease.miss(now));
    }

    pub(super) fn state(&self, group_epoch: u32) -> GroupState {
        let reached = |m: &ModernMember| m.progress == Progress::Stable && m.epoch == self.target_epoch as i32;
        if self.members.is_empty() {
            GroupState::Empty
        } else if group_epoch > self.target_epoch {
            GroupState::Assigning
        } else if self.members.values().all(reached) {
            GroupState::Stable
        } else {
            GroupState::Reconciling
        }
    }

    /// Whether another member than `id` still has the partition.
    fn is_held_by_another(&self, id: &str, partition: TopicPartition) -> bool {
        let holds = |m: &ModernMember| m.assigned.contains(&partition) || m.revoking.contains(&partition);
        self.members.iter().any(|(other, m)| **other != *id && holds(m))
    }

    /// Brings a member as near to its target as the others allow (`CurrentAssignmentBuilder`).
    fn reconcile(&mut self, id: &Arc<str>, owned: Option<&[TopicPartition]>) {
        let member = &self.members[id];
        let still_owns = |revoking: &SortedSet<TopicPartition>| owned.is_none_or(|o| o.iter().any(|p| revoking.contains(p)));
        if member.progress == Progress::Unrevoked && still_owns(&member.revoking) {
            return;
        }
        if member.progress == Progress::Stable && member.epoch == self.target_epoch as i32 {
            return;
        }
        let target = self.target.get(id).cloned().unwrap_or_default();
        let kept: SortedSet<TopicPartition> = member.assigned.intersection(&target).copied().collect();
        let revoking: SortedSet<TopicPartition> = member.assigned.difference(&target).copied().collect();
        let wanted = target.difference(&kept).copied();
        let (held, free): (Vec<_>, Vec<_>) = wanted.partition(|p| self.is_held_by_another(id, *p));
        let must_revoke = !revoking.is_empty() && still_owns(&revoking);
        let (target_epoch, unreleased) = (self.target_epoch as i32, !held.is_empty());
        let member = self.members.get_mut(id).expect("the caller has looked it up");
        if must_revoke {
            member.progress = Progress::Unrevoked;
            member.assigned = kept;
            member.revoking = revoking;
            return;
        }
        if member.epoch != target_epoch {
            member.previous_epoch = member.epoch;
            member.epoch = target_epoch;
        }
        member.progress = if unreleased { Progress::Unreleased } else { Progress::Stable };
        member.assigned = kept.into_iter().chain(free).collect();
        member.revoking.clear();
    }
}

impl Beat {
    pub(super) fn of(request: GroupRequest) -> Option<Beat> {
        let GroupRequest::ConsumerGroupHeartbeat {
            member_id,
            client_id,
            member_epoch,
            instance_id,
            rebalance_timeout_us,
            topics,
            assignor,
            owned,
        } = request
        else {
            return None;
        };
        Some(Beat { member_id, client_id, epoch: member_epoch, instance: instance_id, rebalance_timeout_us, topics, assignor, owned })
    }
}

impl GroupCoordinator {
    pub(super) fn modern_heartbeat(
        &mut self,
        call: Call,
        index: usize,
        beat: &Beat,
        topics: &Topics,
        out: &mut Vec<Effect>,
    ) -> Result<GroupResponse, ErrorCode> {
        if !self.groups[index].members.is_empty() || self.groups[index].share.is_some() {
            return Err(ErrorCode::GroupIdNotFound);
        }
        let assignor = match &beat.assignor {
            None => None,
            Some(name) => Some(ServerAssignor::by_name(name).ok_or(ErrorCode::InvalidRequest)?),
        };
        let modern = self.groups[index].modern.get_or_insert_default();
        // Whoever leaves is not counted (`throwIfConsumerGroupIsFull`).
        let is_full = modern.members.len() as u64 >= u64::from(self.config.consumer_members_max);
        if beat.epoch >= JOINS && is_full && !modern.members.contains_key(&beat.member_id) {
            return Err(ErrorCode::GroupMaxSizeReached);
        }
        let mut changed = false;
        match beat.epoch {
            LEAVES => return self.modern_leave(call, index, beat, out),
            AWAY => return self.modern_go_away(index, beat, out),
            JOINS => changed = self.modern_join(call, index, beat, out)?,
            epoch => self.modern_check_epoch(index, &beat.member_id, epoch, beat.owned.as_deref())?,
        }
        let group = &mut self.groups[index];
        let modern = group.modern.as_mut().expect("made above");
        let member = modern.members.get_mut(&beat.member_id).expect("joined or checked above");
        if let Some(wanted) = &beat.topics
            && *wanted != member.topics
        {
            member.topics.clone_from(wanted);
            changed = true;
        }
        if assignor.is_some() && assignor != member.assignor {
            member.assignor = assignor;
            changed = true;
        }
        let before = member.assigned.clone();
        let counts = subscribed_counts(modern, topics);
        if changed || counts != modern.counts {
            modern.counts = counts;
            group.generation += 1;
        }
        self.modern_assign(index, topics, out);
        let modern = self.groups[index].modern.as_mut().expect("made above");
        modern.reconcile(&beat.member_id, beat.owned.as_deref());
        let member = &modern.members[&beat.member_id];
        let full = beat.epoch == JOINS || member.assigned != before || beat.topics.is_some() && beat.owned.is_some();
        let assignment = full.then(|| member.assigned.iter().copied().collect());
        let member_epoch = member.epoch;
        if member.progress == Progress::Unrevoked {
            let timer = GroupTimer::Revocation { group: index as u32, member: member.serial, epoch: member.epoch as u32 };
            out.push(timer_at(call.now + member.rebalance_timeout_us, timer));
        }
        self.modern_touch(call.now, index, &beat.member_id, out);
        let heartbeat_interval_us = self.config.consumer_heartbeat_interval_us;
        Ok(GroupResponse::ConsumerGroupHeartbeat { member_id: beat.member_id.clone(), member_epoch, heartbeat_interval_us, assignment })
    }

    /// Adds or replaces the member. Whether the group has changed by it.
    fn modern_join(&mut self, call: Call, index: usize, beat: &Beat, out: &mut Vec<Effect>) -> Result<bool, ErrorCode> {
        let serial = self.next_serial();
        let group = &mut self.groups[index];
        let modern = group.modern.as_mut().expect("the caller has made it");
        let same_instance = |m: &ModernMember| m.instance.is_some() && m.instance == beat.instance;
        let old = modern.members.iter().find(|(id, m)| **id != beat.member_id && same_instance(m)).map(|(id, m)| (id.clone(), m.epoch));
        let member = match &old {
            Some((_, epoch)) if *epoch != AWAY => return Err(ErrorCode::UnreleasedInstanceId),
            Some((old, _)) => {
                // It takes over what its predecessor had; nobody else notices.
                let mut member = modern.members.remove(old).expect("just found");
                let target = modern.target.remove(old).unwrap_or_default();
                modern.target.insert(beat.member_id.clone(), target);
                member.serial = serial;
                member.lease.disarm();
                (member.epoch, member.previous_epoch) = (JOINS, JOINS);
                member.client = call.pending.to;
                member.client_id = beat.client_id.clone();
                member.rebalance_timeout_us = beat.rebalance_timeout_us;
                member
            }
            None if modern.members.contains_key(&beat.member_id) => return Ok(false),
            None => new_member(call, serial, beat),
        };
        modern.members.insert(beat.member_id.clone(), member);
        group.empty_since = None;
        let joined = GroupFact::Joined { group: group.name.clone(), member: beat.member_id.clone(), client: call.pending.to };
        out.push(fact(joined));
        Ok(old.is_none())
    }

    fn modern_check_epoch(&self, index: usize, id: &Arc<str>, epoch: i32, owned: Option<&[TopicPartition]>) -> Result<(), ErrorCode> {
        let modern = self.groups[index].modern.as_ref().expect("the caller has made it");
        let member = modern.members.get(id).ok_or(ErrorCode::UnknownMemberId)?;
        // The answer with the newer epoch may have been lost; then it owns nothing that it should not.
        let lost_answer = epoch == member.previous_epoch && owned.is_some_and(|o| o.iter().all(|p| member.assigned.contains(p)));
        if epoch == member.epoch || lost_answer { Ok(()) } else { Err(ErrorCode::FencedMemberEpoch) }
    }

    fn modern_leave(&mut self, call: Call, index: usize, beat: &Beat, out: &mut Vec<Effect>) -> Result<GroupResponse, ErrorCode> {
        let group = &self.groups[index];
        if !group.modern.as_ref().is_some_and(|m| m.members.contains_key(&beat.member_id)) {
            return Err(ErrorCode::UnknownMemberId);
        }
        out.push(fact(GroupFact::Left { group: group.name.clone(), member: beat.member_id.clone() }));
        self.modern_forget(call.now, index, &beat.member_id, out);
        Ok(left(beat, LEAVES))
    }

    fn modern_go_away(&mut self, index: usize, beat: &Beat, out: &mut Vec<Effect>) -> Result<GroupResponse, ErrorCode> {
        let group = &mut self.groups[index];
        let modern = group.modern.as_mut().expect("the caller has made it");
        let member = modern.members.get_mut(&beat.member_id).ok_or(ErrorCode::UnknownMemberId)?;
        // It keeps what it has until its session is over.
        member.epoch = AWAY;
        member.revoking.clear();
        member.progress = Progress::Stable;
        out.push(fact(GroupFact::Left { group: group.name.clone(), member: beat.member_id.clone() }));
        Ok(left(beat, AWAY))
    }

    fn modern_forget(&mut self, now: SimTime, index: usize, id: &str, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        let modern = group.modern.as_mut().expect("only members of such a group are forgotten here");
        modern.members.remove(id);
        modern.target.remove(id);
        group.generation += 1;
        if modern.members.is_empty() {
            modern.target_epoch = group.generation;
            group.empty_since = Some(now);
            out.push(fact(GroupFact::Emptied { group: group.name.clone(), generation: group.generation }));
        }
    }

    /// Makes a new target if the group has changed since the last one.
    fn modern_assign(&mut self, index: usize, topics: &Topics, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        let modern = group.modern.as_mut().expect("the caller has made it");
        if group.generation <= modern.target_epoch {
            return;
        }
        // The assignor that most members ask for; the first configured one is uniform.
        let votes = |a: ServerAssignor| modern.members.values().filter(|m| m.assignor == Some(a)).count();
        let assignor =
            if votes(ServerAssignor::Range) > votes(ServerAssignor::Uniform) { ServerAssignor::Range } else { ServerAssignor::Uniform };
        let members = modern.members.iter().map(|(id, m)| {
            let owned = modern.target.get(id).into_iter().flatten().copied().collect();
            (id.clone(), m.instance.clone(), crate::broker::Subscription { topics: m.topics.clone(), owned, generation: Some(0) })
        });
        let target = assignor.assign(topics, &members.collect::<Vec<_>>());
        modern.target_epoch = group.generation;
        modern.target = target.iter().map(|(id, p)| (id.clone(), p.iter().copied().collect())).collect();
        let assigned = GroupFact::Rebalanced { group: group.name.clone(), generation: group.generation, assignment: Arc::new(target) };
        out.push(fact(assigned));
    }

    pub(super) fn modern_touch(&mut self, now: SimTime, index: usize, id: &str, out: &mut Vec<Effect>) {
        let timeout_us = self.config.consumer_session_timeout_us;
        let modern = self.groups[index].modern.as_mut().expect("callers have looked the member up");
        let member = modern.members.get_mut(id).expect("callers have looked the member up");
        if let Some(at) = member.lease.renew(now, timeout_us) {
            out.push(timer_at(at, GroupTimer::Session { group: index as u32, member: member.serial }));
        }
    }

    /// A session timer of a member of this protocol. False if the member is none.
    pub(super) fn on_modern_session(&mut self, now: SimTime, index: usize, serial: u32, out: &mut Vec<Effect>) -> bool {
        let Some(modern) = self.groups[index].modern.as_mut() else { return false };
        let Some((id, member)) = modern.members.iter_mut().find(|(_, m)| m.serial == serial) else { return false };
        match member.lease.look(now) {
            Looked::Stale => return true,
            Looked::Renewed(at) => {
                out.push(timer_at(at, GroupTimer::Session { group: index as u32, member: serial }));
                return true;
            }
            Looked::Ended => {}
        }
        let id = id.clone();
        self.modern_evict(now, index, id, Eviction::SessionTimeout, out);
        true
    }

    /// A member has had long enough to give up what it must.
    pub(super) fn on_revocation_timer(&mut self, now: SimTime, index: usize, serial: u32, epoch: u32, out: &mut Vec<Effect>) {
        let Some(modern) = self.groups[index].modern.as_ref() else { return };
        let late = |m: &ModernMember| m.serial == serial && m.epoch == epoch as i32 && m.progress == Progress::Unrevoked;
        let Some(id) = modern.members.iter().find(|(_, m)| late(m)).map(|(id, _)| id.clone()) else { return };
        self.modern_evict(now, index, id, Eviction::RebalanceTimeout, out);
    }

    fn modern_evict(&mut self, now: SimTime, index: usize, id: Arc<str>, why: Eviction, out: &mut Vec<Effect>) {
        self.modern_forget(now, index, &id, out);
        out.push(fact(GroupFact::Evicted { group: self.groups[index].name.clone(), member: id, why }));
    }

    /// Who may commit (`ConsumerGroup#validateOffsetCommit`).
    pub(super) fn validate_modern_commit(&self, index: usize, id: &str, epoch: Option<u32>) -> Result<(), ErrorCode> {
        let modern = self.groups[index].modern.as_ref().expect("the caller has looked");
        if epoch.is_none() && modern.members.is_empty() {
            return Ok(());
        }
        let member = modern.members.get(id).ok_or(ErrorCode::UnknownMemberId)?;
        if epoch.map(i64::from) == Some(i64::from(member.epoch)) { Ok(()) } else { Err(ErrorCode::StaleMemberEpoch) }
    }
}

fn new_member(call: Call, serial: u32, beat: &Beat) -> ModernMember {
    ModernMember {
        serial,
        client: call.pending.to,
        client_id: beat.client_id.clone(),
        instance: beat.instance.clone(),
        epoch: JOINS,
        previous_epoch: JOINS,
        progress: Progress::Stable,
        assigned: SortedSet::new(),
        revoking: SortedSet::new(),
        topics: Vec::new(),
        assignor: None,
        rebalance_timeout_us: beat.rebalance_timeout_us,
        lease: Lease::new(call.now),
    }
}

fn left(beat: &Beat, epoch: i32) -> GroupResponse {
    GroupResponse::ConsumerGroupHeartbeat {
        member_id: beat.member_id.clone(),
        member_epoch: epoch,
        heartbeat_interval_us: 0,
        assignment: None,
    }
}

fn subscribed_counts(modern: &ModernGroup, topics: &Topics) -> SortedMap<Arc<str>, u32> {
    let wanted = modern.members.values().flat_map(|m| &m.topics);
    wanted.filter_map(|name| topics.by_name(name).map(|t| (name.clone(), t.partitions))).collect()
}
