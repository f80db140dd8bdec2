//! What is lost between single clients of a script and the brokers, as by a proxy between them: a connection on which something
//! was lost carries nothing any more until the client gives it up (`request.timeout.ms`).
//!
//! Knows requests by their kind only.

use super::{LabApi, LabClient};
use crate::broker::{ClientId, GroupRequest, Request, TxnRequest, us};
use crate::fault::{Link, Node};
use crate::kernel::{SimTime, SortedMap, SortedSet};
use crate::pipeline::net::Leg;
use crate::pipeline::route::Route;
use crate::pipeline::{InterventionError, Owner, Payload, World};

/// The kind of a request, if it is one that can be lost here.
fn kind_of(request: &Request) -> Option<LabApi> {
    Some(match request {
        Request::Produce { .. } => LabApi::Produce,
        Request::Fetch { .. } => LabApi::Fetch,
        Request::ShareFetch(_) => LabApi::ShareFetch,
        Request::ShareAcknowledge { .. } => LabApi::ShareAcknowledge,
        Request::Txn { request: TxnRequest::InitProducerId { .. }, .. } => LabApi::InitProducerId,
        Request::Txn { request: TxnRequest::EndTxn { .. }, .. } => LabApi::EndTxn,
        Request::Group { request, .. } => match request {
            GroupRequest::JoinGroup { .. } => LabApi::JoinGroup,
            GroupRequest::SyncGroup { .. } => LabApi::SyncGroup,
            GroupRequest::Heartbeat { .. } => LabApi::Heartbeat,
            GroupRequest::OffsetCommit { .. } => LabApi::OffsetCommit,
            GroupRequest::TxnOffsetCommit { .. } => LabApi::TxnOffsetCommit,
            GroupRequest::ShareGroupHeartbeat { .. } => LabApi::ShareGroupHeartbeat,
            _ => return None,
        },
        _ => return None,
    })
}

/// What is lost on one client's way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::pipeline) struct Proxy {
    /// How long the client waits for an answer.
    timeout_us: u64,
    /// By kind, and whether it is the response: how many are still to be lost.
    left: SortedMap<(LabApi, bool), u32>,
    /// Requests that got through and whose response will not.
    unanswered: SortedSet<u64>,
    /// Connections that carry nothing any more, and until when.
    broken: SortedMap<(Node, Link), SimTime>,
}

impl Proxy {
    fn strikes(&mut self, api: LabApi, response: bool) -> bool {
        let Some(left) = self.left.get_mut(&(api, response)).filter(|left| **left > 0) else { return false };
        *left -= 1;
        true
    }

    fn loses_request(&mut self, now: SimTime, leg: &Leg, correlation: u64, request: &Request) -> bool {
        let connection = (leg.to, leg.link);
        if self.broken.get(&connection).is_some_and(|until| now < *until) {
            return true;
        }
        let Some(api) = kind_of(request) else { return false };
        let lost = self.strikes(api, false);
        let unanswered = !lost && self.strikes(api, true);
        if unanswered {
            self.unanswered.insert(correlation);
        }
        if lost || unanswered {
            self.broken.insert(connection, now + self.timeout_us);
        }
        lost
    }
}

impl World {
    pub(super) fn lab_lose(&mut self, client: &LabClient, api: LabApi, response: bool, times: u32) -> Result<(), InterventionError> {
        let (id, timeout_ms): (ClientId, u64) = match client {
            LabClient::Producer(name) => {
                let place = &self.producers[self.lab_producer(name)? as usize];
                (place.client, place.producer.config().request_timeout_ms)
            }
            LabClient::Member(name) if self.lab_share(name).is_ok() => {
                let slot = &self.share_consumers[self.lab_share(name)? as usize];
                (slot.client, slot.application.consumer.config().request_timeout_ms)
            }
            LabClient::Member(name) => {
                let member = &self.lab.members[self.lab_member(name)? as usize];
                (member.client, member.application.consumer.config().request_timeout_ms)
            }
        };
        let new = || Proxy { timeout_us: us(timeout_ms), left: SortedMap::new(), unanswered: SortedSet::new(), broken: SortedMap::new() };
        self.lab.proxies.entry(id).or_insert_with(new).left.insert((api, response), times);
        Ok(())
    }

    /// Whether what leaves now is lost on the way of a client of a script.
    pub(in crate::pipeline) fn lab_loses(&mut self, leg: &Leg, payload: &Payload) -> bool {
        if self.lab.proxies.is_empty() {
            return false;
        }
        match payload {
            Payload::Request { client, correlation, request } => {
                let proxy = self.lab.proxies.get_mut(client);
                proxy.is_some_and(|p| p.loses_request(self.now, leg, *correlation, request))
            }
            Payload::Response { client, correlation, .. } => {
                self.lab.proxies.get_mut(client).is_some_and(|p| p.unanswered.remove(correlation))
            }
            _ => false,
        }
    }

    /// Whether a client is cut off from the brokers: what it asks is not heard, and what they answer does not reach it; its
    /// connections break.
    pub(in crate::pipeline) fn lab_severs(&self, client: ClientId) -> bool {
        self.lab.severed
            && matches!(self.client(client).route, Route::Producer(place)
                if matches!(self.producers[place as usize].owner, Owner::Container(_)))
    }
}
