//! The way to the group coordinator: which broker may answer for a group, and what transactions mean for its offsets.

use std::sync::Arc;

use super::{Asked, Cluster};
use crate::broker::group::{GroupFact, GroupTimer};
use crate::broker::{BrokerId, Effect, ErrorCode, Fact, GroupRequest, Response};
use crate::kernel::SimTime;

impl Cluster {
    /// A timer of a group: what a dead coordinator had in mind is forgotten with it; the next one begins afresh.
    pub(super) fn on_group_timer(&mut self, now: SimTime, timer: GroupTimer, out: &mut Vec<Effect>) {
        if self.groups.broker_of(timer).is_none_or(|broker| self.is_up(broker)) {
            self.groups.on_timer(now, timer, &self.topics, out);
        } else {
            self.groups.missed(now, timer);
        }
    }

    /// The first broker that is active again takes over the groups that nobody coordinates because none was.
    pub(super) fn adopt_groups(&mut self, now: SimTime, out: &mut Vec<Effect>) {
        let names = self.groups.groups().iter().map(|g| &g.name).filter(|name| !self.group_coordinators.contains_key(*name));
        for name in names.cloned().collect::<Vec<Arc<str>>>() {
            if let Some(to) = self.coordinator_of(&name, false) {
                self.groups.adopted(now, &name, to, out);
            }
        }
    }

    /// A broker died and nobody has noticed yet: who waits for it as a coordinator sees the connection break.
    pub(super) fn break_group_connections(&mut self, now: SimTime, broker: BrokerId, out: &mut Vec<Effect>) {
        let before = out.len();
        self.groups.broker_lost(now, broker, out);
        self.read_on(now, before, out);
        // The coordinator moves only when the controller has given the broker up.
        let mut index = 0;
        out.retain(|effect| {
            index += 1;
            index <= before || !matches!(effect, Effect::Fact(Fact::Group(GroupFact::CoordinatorMoved { .. })))
        });
    }

    /// A request for a group: only its coordinator answers.
    pub(super) fn handle_group(&mut self, now: SimTime, asked: Asked, group: Arc<str>, request: GroupRequest, out: &mut Vec<Effect>) {
        let Asked { node, client, correlation } = asked;
        let at = self.nodes[node].id;
        let refused = if self.coordinator_of(&group, false) == Some(at) {
            match &request {
                GroupRequest::TxnOffsetCommit { producer, .. } => self.add_group_to_txn(now, *producer, &group, out).err(),
                _ => None,
            }
        } else {
            Some(ErrorCode::NotCoordinator)
        };
        let tool = if refused.is_none() { self.share_tool(&group, &request, out) } else { None };
        if let Some(answer) = tool {
            let response = answer.map_or_else(Response::Error, Response::Group);
            return out.push(Effect::Respond { from: at, to: client, correlation, response });
        }
        let begins = matches!(request, GroupRequest::ShareGroupHeartbeat { .. });
        match refused {
            Some(error) => out.push(Effect::Respond { from: at, to: client, correlation, response: Response::Error(error) }),
            None => self.groups.request(now, at, client, correlation, &group, request, &self.topics, out),
        }
        if begins {
            self.begin_share_states(&group);
        }
    }
}
