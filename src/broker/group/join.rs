//! Join and sync of the classic protocol (C1). Knows no committed offsets.

use std::sync::Arc;

use super::effect::{Assignment, Eviction};
use super::state::{GroupState, Member};
use super::{Answer, Call, GroupCoordinator, GroupFact, GroupTimer, fact, timer_at};
use crate::broker::{Effect, ErrorCode, GroupRequest, GroupResponse, Subscription};
use crate::kernel::SimTime;

/// How long a brand new member may be parked in the join phase (C2).
const NEW_MEMBER_JOIN_TIMEOUT_US: u64 = 300_000_000;

/// What a JoinGroup request says of the member.
pub(super) struct Joining {
    pub(super) client_id: Arc<str>,
    pub(super) instance: Option<Arc<str>>,
    pub(super) session_timeout_us: u64,
    pub(super) rebalance_timeout_us: u64,
    pub(super) protocols: Vec<(Arc<str>, Subscription)>,
    pub(super) reason: &'static str,
}

impl GroupCoordinator {
    pub(super) fn join(&mut self, call: Call, index: usize, request: GroupRequest, out: &mut Vec<Effect>) -> Answer {
        let GroupRequest::JoinGroup { member_id, client_id, instance_id, session_timeout_us, rebalance_timeout_us, protocols, reason } =
            request
        else {
            return Some(Err(ErrorCode::InvalidRequest));
        };
        if !(self.config.session_timeout_us_min..=self.config.session_timeout_us_max).contains(&session_timeout_us) {
            return Some(Err(ErrorCode::InvalidSessionTimeout));
        }
        // A group id belongs to one type of group (S18).
        if self.groups[index].share.is_some() || self.groups[index].modern.as_ref().is_some_and(|m| !m.members.is_empty()) {
            return Some(Err(ErrorCode::InconsistentGroupProtocol));
        }
        let joining = Joining { client_id, instance: instance_id, session_timeout_us, rebalance_timeout_us, protocols, reason };
        let group = &self.groups[index];
        let replaced = joining.instance.as_deref().and_then(|i| group.member_of_instance(i));
        let myself = if member_id.is_empty() { replaced.as_deref() } else { Some(&*member_id) };
        if !group.supports(&joining.protocols, myself) {
            return Some(Err(ErrorCode::InconsistentGroupProtocol));
        }
        if !group.accepts(&member_id, self.config.members_max) {
            self.forget(index, &member_id, out);
            return Some(Err(ErrorCode::GroupMaxSizeReached));
        }
        if member_id.is_empty() {
            match replaced {
                Some(old) => self.replace_static(call, index, &old, joining, out),
                None => self.add_member(call, index, joining, out),
            }
        } else {
            self.rejoin(call, index, &member_id, joining, out)
        }
    }

    fn add_member(&mut self, call: Call, index: usize, joining: Joining, out: &mut Vec<Effect>) -> Answer {
        let prefix = joining.instance.clone().unwrap_or_else(|| joining.client_id.clone());
        let id = self.new_member_id(&prefix);
        let serial = self.next_serial();
        let group = &mut self.groups[index];
        out.push(fact(GroupFact::Joined { group: group.name.clone(), member: id.clone(), client: call.pending.to }));
        let member = Member {
            serial,
            client: call.pending.to,
            client_id: joining.client_id,
            instance: joining.instance,
            protocols: joining.protocols,
            session_timeout_us: joining.session_timeout_us,
            rebalance_timeout_us: joining.rebalance_timeout_us,
            assignment: Vec::new(),
            join: Some(call.pending),
            sync: None,
            is_new: true,
            deadline: call.now + NEW_MEMBER_JOIN_TIMEOUT_US,
            armed: None,
        };
        group.members.insert(id.clone(), member);
        group.leader.get_or_insert_with(|| id.clone());
        group.empty_since = None;
        if group.state == GroupState::PreparingRebalance && group.was_empty {
            group.new_member_added = true;
        }
        self.arm_session(index, &id, out);
        self.rebalance_or_complete(call.now, index, "a member joined", out);
        None
    }

    fn rejoin(&mut self, call: Call, index: usize, id: &Arc<str>, joining: Joining, out: &mut Vec<Effect>) -> Answer {
        if let Err(error) = self.validate(index, id, joining.instance.as_deref()) {
            return Some(Err(error));
        }
        let group = &mut self.groups[index];
        let state = group.state;
        let is_leader = group.leader.as_ref() == Some(id);
        let member = group.members.get_mut(id).expect("validated above");
        let same = member.protocols == joining.protocols;
        let rebalance = match state {
            GroupState::Stable => is_leader || !same,
            GroupState::CompletingRebalance => !same,
            _ => true,
        };
        if !rebalance {
            // It lost the answer, or follows a generation that is still good.
            return Some(Ok(self.joined(index, id, false)));
        }
        if let Some(earlier) = member.join.replace(call.pending)
            && earlier != call.pending
        {
            out.push(earlier.respond(Err(ErrorCode::UnknownMemberId)));
        }
        member.protocols = joining.protocols;
        member.session_timeout_us = joining.session_timeout_us;
        member.rebalance_timeout_us = joining.rebalance_timeout_us;
        self.rebalance_or_complete(call.now, index, joining.reason, out);
        None
    }

    /// Begins a rebalance, or ends the join phase if it only waited for this.
    pub(super) fn rebalance_or_complete(&mut self, now: SimTime, index: usize, reason: &'static str, out: &mut Vec<Effect>) {
        let group = &self.groups[index];
        if group.state != GroupState::PreparingRebalance {
            self.prepare_rebalance(now, index, reason, out);
        } else if !group.was_empty && group.all_joined() {
            self.complete_join(now, index, out);
        }
    }

    pub(super) fn prepare_rebalance(&mut self, now: SimTime, index: usize, reason: &'static str, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        if group.state == GroupState::CompletingRebalance {
            for member in group.members.values_mut() {
                member.assignment.clear();
                if let Some(sync) = member.sync.take() {
                    out.push(sync.respond(Err(ErrorCode::RebalanceInProgress)));
                }
            }
        }
        group.was_empty = group.state == GroupState::Empty;
        group.state = GroupState::PreparingRebalance;
        group.epoch += 1;
        out.push(fact(GroupFact::Rebalancing { group: group.name.clone(), reason }));
        let timeout_us = group.rebalance_timeout_us();
        if group.was_empty {
            let delay_us = self.config.initial_rebalance_delay_us.min(timeout_us);
            group.new_member_added = false;
            group.initial_remaining_us = timeout_us - delay_us;
            self.arm_join(now, index, delay_us, out);
        } else if group.all_joined() {
            self.complete_join(now, index, out);
        } else {
            self.arm_join(now, index, timeout_us, out);
        }
    }

    fn arm_join(&self, now: SimTime, index: usize, us: u64, out: &mut Vec<Effect>) {
        let timer = GroupTimer::Join { group: index as u32, epoch: self.groups[index].epoch };
        out.push(timer_at(now + us, timer));
    }

    pub(super) fn on_join_timer(&mut self, now: SimTime, index: usize, epoch: u32, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        if group.epoch != epoch || group.state != GroupState::PreparingRebalance {
            return;
        }
        if group.was_empty && group.new_member_added && group.initial_remaining_us > 0 {
            group.new_member_added = false;
            let delay_us = self.config.initial_rebalance_delay_us.min(group.initial_remaining_us);
            group.initial_remaining_us -= delay_us;
            self.arm_join(now, index, delay_us, out);
        } else {
            self.complete_join(now, index, out);
        }
    }

    /// The join phase is over: who did not come is out, the others learn the new generation.
    fn complete_join(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        let late = |m: &Member| m.join.is_none() && m.instance.is_none();
        let removed: Vec<Arc<str>> = group.members.iter().filter(|(_, m)| late(m)).map(|(id, _)| id.clone()).collect();
        for id in removed {
            self.forget(index, &id, out);
            let group = self.groups[index].name.clone();
            out.push(fact(GroupFact::Evicted { group, member: id, why: Eviction::RebalanceTimeout }));
        }
        let group = &mut self.groups[index];
        let leader_joined = group.leader.as_ref().and_then(|id| group.members.get(id)).is_some_and(|m| m.join.is_some());
        if !leader_joined {
            let other = group.members.iter().find(|(_, m)| m.join.is_some()).map(|(id, _)| id.clone());
            match other {
                Some(id) => group.leader = Some(id),
                None if !group.members.is_empty() => {
                    // Only static members are left, all of them away: wait for them once more.
                    let timeout_us = group.rebalance_timeout_us();
                    return self.arm_join(now, index, timeout_us, out);
                }
                None => {}
            }
        }
        self.next_generation(now, index, out);
    }

    fn next_generation(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        group.generation += 1;
        group.epoch += 1;
        if group.members.is_empty() {
            group.state = GroupState::Empty;
            group.gone.0.clear();
            group.protocol = None;
            group.leader = None;
            group.empty_since = Some(now);
            out.push(fact(GroupFact::Emptied { group: group.name.clone(), generation: group.generation }));
            return;
        }
        group.protocol = group.select_protocol();
        group.state = GroupState::CompletingRebalance;
        let timer = GroupTimer::Sync { group: index as u32, epoch: group.epoch };
        out.push(timer_at(now + group.rebalance_timeout_us(), timer));
        let ids: Vec<Arc<str>> = group.members.keys().cloned().collect();
        for id in ids {
            let member = self.groups[index].members.get_mut(&id).expect("the ids are the members'");
            member.is_new = false;
            if let Some(join) = member.join.take() {
                let answer = self.joined(index, &id, false);
                out.push(join.respond(Ok(answer)));
            }
            self.touch(now, index, &id, out);
        }
    }

    /// The answer to a successful join. Only the leader is told the members.
    pub(super) fn joined(&self, index: usize, id: &Arc<str>, skip_assignment: bool) -> GroupResponse {
        let group = &self.groups[index];
        let protocol = group.protocol.clone().unwrap_or_default();
        let subscription = |m: &Member| m.protocols.iter().find(|(n, _)| *n == protocol).map(|(_, s)| s.clone()).unwrap_or_default();
        let members = if group.leader.as_ref() == Some(id) {
            group.members.iter().map(|(id, m)| (id.clone(), m.instance.clone(), subscription(m))).collect()
        } else {
            Vec::new()
        };
        let leader = group.leader.clone().unwrap_or_default();
        GroupResponse::JoinGroup { generation: group.generation, member_id: id.clone(), leader, protocol, members, skip_assignment }
    }

    pub(super) fn sync(
        &mut self,
        call: Call,
        index: usize,
        id: &Arc<str>,
        generation: u32,
        mut assignments: Assignment,
        out: &mut Vec<Effect>,
    ) -> Answer {
        if let Err(error) = self.validate(index, id, None) {
            return Some(Err(error));
        }
        let group = &mut self.groups[index];
        if generation != group.generation {
            return Some(Err(ErrorCode::IllegalGeneration));
        }
        match group.state {
            GroupState::PreparingRebalance => Some(Err(ErrorCode::RebalanceInProgress)),
            GroupState::Stable => {
                let assignment = group.members[id].assignment.clone();
                self.touch(call.now, index, id, out);
                Some(Ok(GroupResponse::SyncGroup { assignment }))
            }
            GroupState::CompletingRebalance => {
                let leads = group.leader.as_ref() == Some(id);
                group.members.get_mut(id).expect("validated above").sync = Some(call.pending);
                if leads {
                    for (id, member) in &mut group.members {
                        member.assignment = assignments.remove(id).unwrap_or_default();
                        crate::kernel::sort(&mut member.assignment);
                    }
                    self.become_stable(call.now, index, out);
                }
                None
            }
            _ => Some(Err(ErrorCode::UnknownMemberId)),
        }
    }

    fn become_stable(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        group.state = GroupState::Stable;
        group.gone.0.clear();
        let assignment: Assignment = group.members.iter().map(|(id, m)| (id.clone(), m.assignment.clone())).collect();
        let rebalanced =
            GroupFact::Rebalanced { group: group.name.clone(), generation: group.generation, assignment: Arc::new(assignment) };
        out.push(fact(rebalanced));
        let ids: Vec<Arc<str>> = group.members.keys().cloned().collect();
        for id in ids {
            let member = self.groups[index].members.get_mut(&id).expect("the ids are the members'");
            if let Some(sync) = member.sync.take() {
                out.push(sync.respond(Ok(GroupResponse::SyncGroup { assignment: member.assignment.clone() })));
                self.touch(now, index, &id, out);
            }
        }
    }

    pub(super) fn on_sync_timer(&mut self, now: SimTime, index: usize, epoch: u32, out: &mut Vec<Effect>) {
        let group = &self.groups[index];
        if group.epoch != epoch || group.state != GroupState::CompletingRebalance {
            return;
        }
        let late: Vec<Arc<str>> = group.members.iter().filter(|(_, m)| m.sync.is_none()).map(|(id, _)| id.clone()).collect();
        for id in late {
            self.forget(index, &id, out);
            let group = self.groups[index].name.clone();
            out.push(fact(GroupFact::Evicted { group, member: id, why: Eviction::SyncTimeout }));
        }
        self.prepare_rebalance(now, index, "members did not fetch their assignment in time", out);
    }
}
