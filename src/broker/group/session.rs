//! Liveness: heartbeats, session timeouts, leaving, the coordinator's death (C2). Knows no assignor.

use std::sync::Arc;

use super::effect::Eviction;
use super::state::GroupState;
use super::{Call, GroupCoordinator, GroupFact, GroupTimer, fact, timer_at};
use crate::broker::{Effect, ErrorCode, GroupResponse};
use crate::kernel::SimTime;

impl GroupCoordinator {
    /// Whether `id` is a member and, if it names an instance, still that instance's newest process (C16).
    pub(super) fn validate(&self, index: usize, id: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        let group = &self.groups[index];
        if let Some(instance) = instance {
            match group.member_of_instance(instance) {
                None => return Err(ErrorCode::UnknownMemberId),
                Some(current) if *current != *id => return Err(ErrorCode::FencedInstanceId),
                Some(_) => {}
            }
        }
        if group.members.contains_key(id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    pub(super) fn heartbeat(
        &mut self,
        call: Call,
        index: usize,
        id: &Arc<str>,
        generation: u32,
        instance: Option<&str>,
        out: &mut Vec<Effect>,
    ) -> Result<GroupResponse, ErrorCode> {
        self.validate(index, id, instance)?;
        let group = &self.groups[index];
        if group.generation != generation {
            return Err(ErrorCode::IllegalGeneration);
        }
        let state = group.state;
        self.touch(call.now, index, id, out);
        match state {
            GroupState::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
            _ => Ok(GroupResponse::Heartbeat),
        }
    }

    pub(super) fn leave(
        &mut self,
        call: Call,
        index: usize,
        id: &Arc<str>,
        instance: Option<&str>,
        out: &mut Vec<Effect>,
    ) -> Result<GroupResponse, ErrorCode> {
        self.validate(index, id, instance)?;
        out.push(fact(GroupFact::Left { group: self.groups[index].name.clone(), member: id.clone() }));
        self.remove(call.now, index, id, "a member left", out);
        Ok(GroupResponse::LeaveGroup)
    }

    /// Takes a member out and lets the group go on without it.
    fn remove(&mut self, now: SimTime, index: usize, id: &str, reason: &'static str, out: &mut Vec<Effect>) {
        self.forget(index, id, out);
        self.rebalance_or_complete(now, index, reason, out);
    }

    /// Takes a member out. The next member by id becomes the leader if it led. A request of it that waits is answered, so
    /// that a client that lives joins again: nothing behind it on its connection would ever be read otherwise.
    pub(super) fn forget(&mut self, index: usize, id: &str, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        if let Some(mut member) = group.members.remove(id) {
            let waiting = [member.join.take(), member.sync.take()].into_iter().flatten();
            out.extend(waiting.map(|pending| pending.respond(Err(ErrorCode::UnknownMemberId))));
            if !member.is_new {
                group.gone.0.insert(Arc::from(id), member);
            }
        }
        if group.leader.as_deref() == Some(id) {
            group.leader = group.members.keys().next().cloned();
        }
    }

    /// The member gave a sign of life.
    pub(super) fn touch(&mut self, now: SimTime, index: usize, id: &str, out: &mut Vec<Effect>) {
        let member = self.groups[index].members.get_mut(id).expect("callers have validated the member");
        member.deadline = now + member.session_timeout_us;
        self.arm_session(index, id, out);
    }

    /// At most one useful session timer per member is under way: it looks at the deadline when it fires.
    pub(super) fn arm_session(&mut self, index: usize, id: &str, out: &mut Vec<Effect>) {
        let member = self.groups[index].members.get_mut(id).expect("callers have validated the member");
        if member.armed.is_none_or(|at| at > member.deadline) {
            member.armed = Some(member.deadline);
            let timer = GroupTimer::Session { group: index as u32, member: member.serial };
            out.push(timer_at(member.deadline, timer));
        }
    }

    /// A session timer fired at a coordinator that was dead: the next one sets another when it touches the member.
    pub(super) fn miss_session_timer(&mut self, now: SimTime, index: usize, serial: u32) {
        let group = &mut self.groups[index];
        if let Some(member) = group.members.values_mut().find(|m| m.serial == serial)
            && member.armed == Some(now)
        {
            member.armed = None;
        }
        if let Some(modern) = group.modern.as_mut() {
            modern.miss_session_timer(now, serial);
        }
        if let Some(share) = group.share.as_mut() {
            share.miss_session_timer(now, serial);
        }
    }

    pub(super) fn on_session_timer(&mut self, now: SimTime, index: usize, serial: u32, out: &mut Vec<Effect>) {
        if self.on_modern_session(now, index, serial, out) || self.on_share_session(now, index, serial, out) {
            return;
        }
        let Some((id, member)) = self.groups[index].members.iter_mut().find(|(_, m)| m.serial == serial) else { return };
        if member.armed != Some(now) {
            return;
        }
        member.armed = None;
        let id = id.clone();
        if member.deadline > now {
            return self.arm_session(index, &id, out);
        }
        if member.is_waiting() && !member.is_new {
            // The answer that it waits for will set a new deadline.
            return;
        }
        let group = self.groups[index].name.clone();
        out.push(fact(GroupFact::Evicted { group, member: id.clone(), why: Eviction::SessionTimeout }));
        self.remove(now, index, &id, "a member's session timed out", out);
    }

    /// Another broker loads the group: it knows the last completed generation, and no request in process.
    pub(super) fn reload(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let group = &mut self.groups[index];
        let state = group.state;
        group.epoch += 1;
        for member in group.members.values_mut() {
            for pending in [member.join.take(), member.sync.take()].into_iter().flatten() {
                out.push(pending.respond(Err(ErrorCode::NetworkDisconnect)));
            }
        }
        group.members.retain(|_, m| !m.is_new);
        // Who went since the last generation was written is a member still as far as this broker can know: its session ends here.
        for (id, mut member) in std::mem::take(&mut group.gone.0) {
            member.armed = None;
            let replaced = member.instance.is_some() && group.members.values().any(|m| m.instance == member.instance);
            if !replaced {
                group.members.insert(id, member);
            }
        }
        if state == GroupState::CompletingRebalance {
            // The generation was never written: it is as if it had not been.
            group.generation -= 1;
        }
        if group.leader.as_ref().is_none_or(|l| !group.members.contains_key(l)) {
            group.leader = group.members.keys().next().cloned();
        }
        group.state = if group.members.is_empty() { GroupState::Empty } else { GroupState::Stable };
        group.empty_since = group.members.is_empty().then_some(now);
        let ids: Vec<Arc<str>> = group.members.keys().cloned().collect();
        for id in ids {
            self.touch(now, index, &id, out);
        }
    }
}
