//! The connections of clients to the coordinator: a broker reads the next request of a connection only when the last one is
//! answered, so that what a member sends while its JoinGroup or SyncGroup waits is not looked at before that is answered (C4).
//!
//! Knows no groups; only that some of their requests wait.

use std::sync::Arc;

use super::{Asked, Cluster};
use crate::broker::{BrokerId, ClientId, Effect, ErrorCode, GroupRequest, Response};
use crate::kernel::{Deque, SimTime};

/// A connection on which a request waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Channel {
    /// The request that waits.
    correlation: u64,
    /// What came behind it. A client has one heartbeat, one commit and one farewell under way at most.
    unread: Deque<(u64, Arc<str>, GroupRequest)>,
}

impl Cluster {
    /// A request for a group has arrived: it is looked at when those before it on its connection are answered.
    pub(super) fn read_group_request(&mut self, now: SimTime, asked: Asked, group: Arc<str>, request: GroupRequest, out: &mut Vec<Effect>) {
        let place = (self.nodes[asked.node].id, asked.client);
        if let Some(channel) = self.channels.get_mut(&place) {
            return channel.unread.push_back((asked.correlation, group, request));
        }
        let waits = matches!(request, GroupRequest::JoinGroup { .. } | GroupRequest::SyncGroup { .. });
        let (correlation, before) = (asked.correlation, out.len());
        self.handle_group(now, asked, group, request, out);
        if waits && !out[before..].iter().any(|effect| answers(effect, place, correlation)) {
            self.channels.insert(place, Channel { correlation, unread: Deque::new() });
        }
    }

    /// Connections whose waiting request has been answered since `before` are read on.
    pub(super) fn read_on(&mut self, now: SimTime, before: usize, out: &mut Vec<Effect>) {
        let mut next = before;
        while next < out.len() && !self.channels.is_empty() {
            if let Effect::Respond { from, to, correlation, response } = &out[next] {
                let (place, broken) = ((*from, *to), *response == Response::Error(ErrorCode::NetworkDisconnect));
                if self.channels.get(&place).is_some_and(|channel| channel.correlation == *correlation) {
                    self.read_unread(now, place, broken, out);
                }
            }
            next += 1;
        }
    }

    fn read_unread(&mut self, now: SimTime, place: (BrokerId, ClientId), broken: bool, out: &mut Vec<Effect>) {
        let Some(channel) = self.channels.remove(&place) else { return };
        let ((from, client), node) = (place, self.index_of(place.0));
        for (correlation, group, request) in channel.unread {
            match node {
                Some(node) if !broken => self.read_group_request(now, Asked { node, client, correlation }, group, request, out),
                _ => {
                    let response = Response::Error(ErrorCode::NetworkDisconnect);
                    out.push(Effect::Respond { from, to: client, correlation, response });
                }
            }
        }
    }
}

/// Whether this is the answer to that request.
fn answers(effect: &Effect, place: (BrokerId, ClientId), request: u64) -> bool {
    matches!(effect, Effect::Respond { from, to, correlation, .. } if (*from, *to) == place && *correlation == request)
}
