//! Static membership: a new process takes the place of an old one with the same `group.instance.id` (C16).

use std::sync::Arc;

use super::effect::Eviction;
use super::join::Joining;
use super::state::GroupState;
use super::{Answer, Call, GroupCoordinator, GroupFact, fact};
use crate::broker::{Effect, ErrorCode};

impl GroupCoordinator {
    /// The old process is fenced. In a stable group whose assignor does not change nobody else notices.
    pub(super) fn replace_static(&mut self, call: Call, index: usize, old: &Arc<str>, joining: Joining, out: &mut Vec<Effect>) -> Answer {
        let prefix = joining.instance.clone().expect("only static members are replaced");
        let id = self.new_member_id(&prefix);
        let serial = self.next_serial();
        let group = &mut self.groups[index];
        let mut member = group.members.remove(old).expect("the instance's member is in the group");
        for pending in [member.join.take(), member.sync.take()].into_iter().flatten() {
            out.push(pending.respond(Err(ErrorCode::FencedInstanceId)));
        }
        let replaced = GroupFact::Evicted { group: group.name.clone(), member: old.clone(), why: Eviction::Replaced };
        let joined = GroupFact::Joined { group: group.name.clone(), member: id.clone(), client: call.pending.to };
        out.extend([fact(replaced), fact(joined)]);
        member.serial = serial;
        member.armed = None;
        member.client = call.pending.to;
        member.client_id = joining.client_id;
        member.protocols = joining.protocols;
        member.session_timeout_us = joining.session_timeout_us;
        member.rebalance_timeout_us = joining.rebalance_timeout_us;
        let stable = group.state == GroupState::Stable;
        member.join = (!stable).then_some(call.pending);
        group.members.insert(id.clone(), member);
        if group.leader.as_ref() == Some(old) {
            group.leader = Some(id.clone());
        }
        let unchanged = stable && group.protocol == group.select_protocol();
        self.touch(call.now, index, &id, out);
        if unchanged {
            return Some(Ok(self.joined(index, &id, true)));
        }
        self.groups[index].members.get_mut(&id).expect("just inserted").join = Some(call.pending);
        self.rebalance_or_complete(call.now, index, "a static member came back with other assignors", out);
        None
    }
}
