//! Between the world and the cluster: requests that leave clients, what arrives at brokers, what brokers cause.

use super::net::Leg;
use super::route::Route;
use super::{FactKind, Occurrence, Payload, World};
use crate::broker::share::ShareFact;
use crate::broker::{self, BrokerId, ClientId, Effect, Peer, Request, Response, Timer};
use crate::fault::{Direction, Link, Node};
use crate::kernel::SimTime;

impl World {
    /// A client's request leaves; to any broker that runs if the client does not care (it is bootstrapping).
    pub(super) fn request(&mut self, client: ClientId, to: Option<BrokerId>, correlation: u64, request: Request) {
        let who = self.client(client);
        let link = request_link(&request, who.main_link());
        let bootstrap = || self.cluster.any_running(client.0).unwrap_or(self.cluster.nodes()[0].id);
        let to = to.unwrap_or_else(bootstrap);
        let command = self.command_of_request(&request);
        let leg = Leg { link, direction: Direction::Request, from: who.node, to: Node::Broker(to.0), command };
        self.send(leg, Payload::Request { client, correlation, request });
    }

    /// A timer of the cluster is due.
    pub(super) fn cluster_timer(&mut self, timer: Timer) {
        let mut out = self.scratch_cluster.take();
        self.cluster.on_timer(self.now, timer, &mut out);
        self.cluster_effects(out);
    }

    /// Does something to the cluster and carries out what it causes.
    pub(super) fn with_cluster(&mut self, act: impl FnOnce(&mut broker::Cluster, SimTime, &mut Vec<Effect>)) {
        let mut out = self.scratch_cluster.take();
        act(&mut self.cluster, self.now, &mut out);
        self.cluster_effects(out);
    }

    fn cluster_effects(&mut self, mut out: Vec<Effect>) {
        for effect in out.drain(..) {
            match effect {
                Effect::Respond { from, to, correlation, response } => self.respond(from, to, correlation, response),
                Effect::Peer { from, to, message } => self.send_peer(from, to, message),
                Effect::Timer { at, timer } => self.at(at, Occurrence::Cluster(timer)),
                Effect::Fact(fact) => self.broker_fact(fact),
            }
        }
        self.scratch_cluster.give(out);
        if !self.rare.tool_waits.is_empty() {
            self.admin_again();
        }
    }

    fn respond(&mut self, from: BrokerId, client: ClientId, correlation: u64, response: Response) {
        let who = self.client(client);
        if who.route == Route::Gone {
            return;
        }
        let link = response_link(&response, who.main_link());
        let leg = Leg { link, direction: Direction::Response, from: Node::Broker(from.0), to: who.node, command: None };
        self.send(leg, Payload::Response { client, correlation, response });
    }

    fn send_peer(&mut self, from: BrokerId, to: BrokerId, message: Peer) {
        let direction = match message {
            Peer::Fetch { .. } | Peer::AddToTxn { .. } | Peer::WriteMarker { .. } => Direction::Request,
            Peer::Fetched { .. } | Peer::FetchFailed { .. } | Peer::AddedToTxn { .. } | Peer::MarkerWritten { .. } => Direction::Response,
        };
        let leg = Leg { link: Link::Replication, direction, from: Node::Broker(from.0), to: Node::Broker(to.0), command: None };
        self.send(leg, Payload::Peer(message));
    }

    /// A response has come to the client's process, if that still runs.
    pub(super) fn response_arrives(&mut self, client: ClientId, correlation: u64, response: Response) {
        match self.client(client).route {
            Route::Producer(index) => self.producer_response(index, correlation, response),
            Route::Consumer(slot) => self.consumer_response(slot, correlation, response),
            Route::Member(index) => self.member_response(index, correlation, response),
            Route::ShareConsumer(slot) => self.share_response(slot, correlation, response),
            Route::Tool => self.tool_response(correlation, response),
            Route::Gone => {}
        }
    }

    fn broker_fact(&mut self, fact: broker::Fact) {
        let actor = broker_actor(&fact);
        let command = match &fact {
            broker::Fact::Appended { tag, .. } => self.command_of_tag(*tag),
            _ => None,
        };
        self.meter_broker(&fact);
        self.tell(actor, command, FactKind::Broker(fact));
    }
}

/// The link of a request.
fn request_link(request: &Request, main: Link) -> Link {
    match request {
        Request::Produce { .. } | Request::Txn { .. } => Link::Produce,
        Request::Fetch { .. } | Request::ShareFetch(_) | Request::ShareAcknowledge { .. } => Link::Fetch,
        Request::Group { .. } | Request::FindCoordinator { transactional: false, .. } | Request::Admin(_) => Link::Coordination,
        _ => main,
    }
}

/// The link of a response: that of its request, as far as it shows.
fn response_link(response: &Response, main: Link) -> Link {
    match response {
        Response::Produce { .. } | Response::Txn(_) => Link::Produce,
        Response::Fetch { .. } | Response::ShareFetch { .. } | Response::ShareAcknowledge { .. } => Link::Fetch,
        Response::Group(_) | Response::Admin { .. } => Link::Coordination,
        _ => main,
    }
}

/// To whom a fact of the cluster happened.
fn broker_actor(fact: &broker::Fact) -> Node {
    use broker::Fact as F;
    match fact {
        F::Appended { broker, .. }
        | F::DuplicateBatch { broker, .. }
        | F::ProduceRefused { broker, .. }
        | F::Replicated { broker, .. }
        | F::HighWatermarkMoved { broker, .. }
        | F::Truncated { broker, .. }
        | F::SegmentRolled { broker, .. }
        | F::SegmentDeleted { broker, .. }
        | F::LogStartMoved { broker, .. }
        | F::Compacted { broker, .. }
        | F::BrokerUp { broker }
        | F::BrokerDown { broker, .. }
        | F::BrokerFenced { broker }
        | F::MarkerAppended { broker, .. }
        | F::Share(
            ShareFact::Loaded { broker, .. }
            | ShareFact::Acquired { broker, .. }
            | ShareFact::Settled { broker, .. }
            | ShareFact::Renewed { broker, .. }
            | ShareFact::Refused { broker, .. }
            | ShareFact::StartMoved { broker, .. },
        ) => Node::Broker(broker.0),
        _ => Node::Controller,
    }
}
