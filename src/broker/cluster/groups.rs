//! The way to the group coordinator: which broker may answer for a group, and what transactions mean for its offsets.

use std::sync::Arc;

use super::{Asked, Cluster};
use crate::broker::{Effect, ErrorCode, GroupRequest, Response};
use crate::kernel::SimTime;

impl Cluster {
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
        match refused {
            Some(error) => out.push(Effect::Respond { from: at, to: client, correlation, response: Response::Error(error) }),
            None => self.groups.request(now, at, client, correlation, &group, request, &self.topics, out),
        }
    }
}
