//! What is in transit, as sprites: one for each partition that a flight concerns. Does not know where the ways lie.

use crate::bank::{Hop, Message, Reply};
use crate::broker::{GroupRequest, GroupResponse, Peer, Request, Response, TopicPartition};
use crate::fault::{Direction, Link, Node};
use crate::pipeline::{Flight, Payload, World};
use crate::scene::{Cargo, Fate, MEMBERS_FROM, Route, SHARES_FROM, Source, Sprite};

/// Everything in transit that has both its ends in the picture.
pub(super) fn sprites(world: &World) -> Vec<Sprite> {
    let mut out = Vec::with_capacity(world.flights().len() * 2);
    for flight in world.flights().iter() {
        match &flight.payload {
            Payload::Bank(hop) => bank(flight, hop, &mut out),
            Payload::Request { request, .. } => self::request(flight, request, &mut out),
            Payload::Response { response, .. } => self::response(flight, response, &mut out),
            Payload::Peer(peer) => replication(flight, peer, &mut out),
        }
    }
    // In the order of departure, so that what left later is painted over what left before.
    crate::kernel::sort_by_key(&mut out, |s| s.flight);
    out
}

fn push(out: &mut Vec<Sprite>, flight: &Flight, route: Route, cargo: Cargo, count: u32) {
    out.push(Sprite {
        flight: flight.number,
        route,
        back: flight.direction == Direction::Response,
        cargo,
        count,
        sent_at: flight.sent_at,
        due_at: flight.due_at,
        fate: if flight.lost { Fate::Lost } else { Fate::Arrives },
    });
}

fn bank(flight: &Flight, hop: &Hop, out: &mut Vec<Sprite>) {
    let route = match flight.link {
        Link::ClientApi => Route::Command,
        Link::ApiWriteDb => Route::WriteDb,
        Link::RelayWriteDb => Route::Relay,
        Link::ClientQuery => Route::Query,
        Link::QueryReadDb => Route::ReadDb,
        Link::Completion => Route::Completion,
        Link::ListenerReadDb => match (flight.from, flight.to) {
            (Node::Consumer(consumer), _) | (_, Node::Consumer(consumer)) => Route::Apply { consumer },
            (Node::Api, _) | (_, Node::Api) => match &hop.message {
                Message::Apply { projection, .. } | Message::ApplyAnswer { projection, .. } => {
                    Route::InProcess { projection: *projection as u32 }
                }
                _ => return,
            },
            _ => return,
        },
        Link::Produce | Link::Replication | Link::Fetch | Link::Coordination => return,
    };
    let (cargo, count) = match &hop.message {
        Message::Apply { events, .. } => (Cargo::Effect, events.len() as u32),
        message => (bank_cargo(message), 0),
    };
    push(out, flight, route, cargo, count);
}

fn bank_cargo(message: &Message) -> Cargo {
    let done = |ok: bool, cargo: Cargo| if ok { cargo } else { Cargo::Failure };
    match message {
        Message::CommandRequest { .. } => Cargo::Command,
        Message::CommandReply { reply, .. } => match reply {
            Reply::Accepted { .. } => Cargo::Accepted,
            Reply::Rejected { .. } | Reply::Conflicted => Cargo::Refused,
            Reply::Unavailable | Reply::Disconnected => Cargo::Failure,
        },
        Message::Load { .. } | Message::Commit { .. } | Message::OutboxFetch { .. } | Message::OutboxMark { .. } => Cargo::Statement,
        Message::LoadAnswer { answer, .. } => done(answer.is_ok(), Cargo::StatementDone),
        Message::CommitAnswer { answer, .. } => done(answer.is_ok(), Cargo::StatementDone),
        Message::OutboxRows { answer, .. } => done(answer.is_ok(), Cargo::StatementDone),
        Message::OutboxMarked { answer, .. } => done(answer.is_ok(), Cargo::StatementDone),
        Message::Apply { .. } => Cargo::Effect,
        Message::ApplyAnswer { answer, .. } => done(answer.is_ok(), Cargo::EffectDone),
        Message::QueryRequest { .. } | Message::Read { .. } | Message::StatusRead { .. } => Cargo::Query,
        Message::QueryReply { answer, .. } => done(answer.is_ok(), Cargo::Answer),
        Message::ReadAnswer { answer, .. } => done(answer.is_ok(), Cargo::Answer),
        Message::StatusAnswer { done: known, .. } => done(known.is_ok(), Cargo::Answer),
        Message::StatusRequest { .. } | Message::StatusReply { .. } | Message::Done { .. } => Cargo::Notice,
        Message::Notice { .. } | Message::NoticeAck { .. } => Cargo::Notice,
    }
}

/// Who it is that talks to a broker, if it is in the picture.
fn source(node: Node) -> Option<Source> {
    match node {
        Node::Api => Some(Source::Api),
        Node::Relay => Some(Source::Relay),
        Node::Consumer(n) => Some(Source::Consumer(n)),
        Node::Member(n) => Some(Source::Consumer(MEMBERS_FROM + n)),
        Node::ShareConsumer(n) => Some(Source::Consumer(SHARES_FROM + n)),
        Node::Producer(n) => Some(Source::Producer(n)),
        _ => None,
    }
}

/// The two ends of a flight between a client of the cluster and a broker.
fn ends(flight: &Flight) -> Option<(Source, u32)> {
    match (flight.from, flight.to) {
        (client, Node::Broker(broker)) | (Node::Broker(broker), client) => Some((source(client)?, broker)),
        _ => None,
    }
}

fn produce(from: Source, tp: TopicPartition) -> Route {
    Route::Produce { from, topic: tp.topic.0, partition: tp.partition }
}

fn fetch(consumer: u32, tp: TopicPartition) -> Route {
    Route::Fetch { consumer, topic: tp.topic.0, partition: tp.partition }
}

fn commit(consumer: u32, tp: TopicPartition) -> Route {
    Route::Commit { consumer, topic: tp.topic.0, partition: tp.partition }
}

fn request(flight: &Flight, request: &Request, out: &mut Vec<Sprite>) {
    let Some((from, broker)) = ends(flight) else { return };
    match (request, from) {
        (Request::Produce { batches, .. }, _) => {
            for batch in batches {
                push(out, flight, produce(from, batch.partition), Cargo::Events, batch.records.len() as u32);
            }
        }
        (Request::Fetch { partitions, .. }, Source::Consumer(n)) => {
            for asked in partitions {
                push(out, flight, fetch(n, asked.partition), Cargo::FetchRequest, 0);
            }
        }
        (Request::ShareFetch(asked), Source::Consumer(n)) => {
            let begun = asked.added.iter().map(|tp| (*tp, Cargo::FetchRequest));
            let acks = asked.acks.iter().map(|(tp, _)| (*tp, Cargo::Commit));
            let all: Vec<_> = acks.chain(begun).collect();
            if all.is_empty() {
                push(out, flight, Route::Broker { from, broker }, Cargo::FetchRequest, 0);
            }
            for (tp, cargo) in all {
                let route = if cargo == Cargo::Commit { commit(n, tp) } else { fetch(n, tp) };
                push(out, flight, route, cargo, 0);
            }
        }
        (Request::ShareAcknowledge { acks, .. }, Source::Consumer(n)) if !acks.is_empty() => {
            for (tp, _) in acks {
                push(out, flight, commit(n, *tp), Cargo::Commit, 0);
            }
        }
        (Request::Group { request: GroupRequest::OffsetCommit { offsets, .. }, .. }, Source::Consumer(n)) => {
            for tp in offsets.keys() {
                push(out, flight, commit(n, *tp), Cargo::Commit, 0);
            }
        }
        (Request::Group { .. }, _) => push(out, flight, Route::Broker { from, broker }, Cargo::Membership, 0),
        _ => push(out, flight, Route::Broker { from, broker }, Cargo::Nothing, 0),
    }
}

fn response(flight: &Flight, response: &Response, out: &mut Vec<Sprite>) {
    let Some((to, broker)) = ends(flight) else { return };
    let whole = Route::Broker { from: to, broker };
    match (response, to) {
        (Response::Produce { partitions }, _) => {
            for (tp, answer) in partitions {
                push(out, flight, produce(to, *tp), if answer.is_ok() { Cargo::Appended } else { Cargo::Failure }, 0);
            }
        }
        (Response::Fetch { partitions }, Source::Consumer(n)) => {
            for (tp, answer) in partitions {
                let (cargo, count) = match answer {
                    Ok(answer) if answer.records.is_empty() => (Cargo::Nothing, 0),
                    Ok(answer) => (Cargo::Events, answer.records.len() as u32),
                    Err(_) => (Cargo::Failure, 0),
                };
                push(out, flight, fetch(n, *tp), cargo, count);
            }
            if partitions.is_empty() {
                push(out, flight, whole, Cargo::Nothing, 0);
            }
        }
        (Response::ShareFetch { partitions, acknowledged, .. }, Source::Consumer(n)) => {
            for (tp, answer) in acknowledged {
                push(out, flight, commit(n, *tp), if answer.is_ok() { Cargo::Commit } else { Cargo::Failure }, 0);
            }
            for (tp, answer) in partitions {
                let (cargo, count) = match answer {
                    Ok(answer) => (Cargo::Events, answer.records.len() as u32),
                    Err(_) => (Cargo::Failure, 0),
                };
                push(out, flight, fetch(n, *tp), cargo, count);
            }
            if partitions.is_empty() && acknowledged.is_empty() {
                push(out, flight, whole, Cargo::Nothing, 0);
            }
        }
        (Response::ShareAcknowledge { acknowledged, .. }, Source::Consumer(n)) => {
            for (tp, answer) in acknowledged {
                push(out, flight, commit(n, *tp), if answer.is_ok() { Cargo::Commit } else { Cargo::Failure }, 0);
            }
        }
        (Response::Group(GroupResponse::OffsetCommit { partitions }), Source::Consumer(n)) => {
            for (tp, error) in partitions {
                push(out, flight, commit(n, *tp), if error.is_none() { Cargo::Commit } else { Cargo::Failure }, 0);
            }
        }
        (Response::Group(_), _) => push(out, flight, whole, Cargo::Membership, 0),
        (Response::Error(_), _) => push(out, flight, whole, Cargo::Failure, 0),
        _ => push(out, flight, whole, Cargo::Nothing, 0),
    }
}

fn replication(flight: &Flight, peer: &Peer, out: &mut Vec<Sprite>) {
    let (Node::Broker(from), Node::Broker(to)) = (flight.from, flight.to) else { return };
    // The way leads from the follower to the leader; the answer takes it backwards.
    let (from, to) = if flight.direction == Direction::Response { (to, from) } else { (from, to) };
    let cargo = match peer {
        Peer::Fetched { partitions, .. } if partitions.iter().all(|p| p.batches.is_empty()) => Cargo::Nothing,
        Peer::FetchFailed { .. } => Cargo::Failure,
        Peer::Fetch { .. } => Cargo::FetchRequest,
        _ => Cargo::Replication,
    };
    push(out, flight, Route::Replication { from, to }, cargo, 0);
}
