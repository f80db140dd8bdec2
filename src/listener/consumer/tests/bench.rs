//! A real cluster and plain applications on a quiet network: every hop takes the same short time; a client can be cut off.

use std::sync::Arc;

use crate::broker::{BrokerId, ClientId, Cluster, ClusterConfig, Effect, ErrorCode, Peer, Request, Response, Timer};
use crate::kernel::{Agenda, SimTime, SortedMap, SortedSet};
use crate::listener::consumer::{Consumer, ConsumerConfig, ConsumerEffect, ConsumerFact, ConsumerTimer, RawMember};

/// How long every hop takes, in microseconds.
const HOP_US: u64 = 500;
/// How long a tool waits for an answer, in microseconds.
const TOOL_TIMEOUT_US: u64 = 60_000_000;
/// The client that the tools use.
const TOOL: ClientId = ClientId(0);

#[derive(Debug, Clone)]
enum Due {
    Cluster(Timer),
    Request { to: Option<BrokerId>, from: ClientId, correlation: u64, request: Request },
    Response { to: ClientId, correlation: u64, response: Response },
    Peer { from: BrokerId, to: BrokerId, message: Peer },
    Member(ClientId, ConsumerTimer),
}

/// The world of a script.
pub(super) struct Bench {
    /// What a cut-off client sends, and what is sent to it, is lost.
    pub(super) cut_off: SortedSet<ClientId>,
    /// How many things have been handled.
    pub(super) handled: u64,
    /// What the consumers told.
    pub(super) facts: Vec<(SimTime, ClientId, ConsumerFact)>,
    pub(super) now: SimTime,
    agenda: Agenda<Due>,
    pub(super) cluster: Cluster,
    members: SortedMap<ClientId, RawMember>,
    next_client: u32,
    next_correlation: u64,
    answers: SortedMap<u64, Response>,
}

impl Bench {
    pub(super) fn new(config: &ClusterConfig) -> Bench {
        let mut bench = Bench {
            cut_off: SortedSet::new(),
            handled: 0,
            facts: Vec::new(),
            now: SimTime::ZERO,
            agenda: Agenda::default(),
            cluster: Cluster::new(config, 1),
            members: SortedMap::new(),
            next_client: 1,
            next_correlation: 0,
            answers: SortedMap::new(),
        };
        bench.cluster(|cluster, now, out| cluster.start(now, out));
        bench
    }

    /// Lets the cluster do something and carries out what comes of it.
    pub(super) fn cluster<T>(&mut self, act: impl FnOnce(&mut Cluster, SimTime, &mut Vec<Effect>) -> T) -> T {
        let mut out = Vec::new();
        let result = act(&mut self.cluster, self.now, &mut out);
        for effect in out {
            match effect {
                Effect::Respond { to, correlation, response, .. } => {
                    self.agenda.push(self.now + HOP_US, Due::Response { to, correlation, response });
                }
                Effect::Peer { from, to, message } => self.agenda.push(self.now + HOP_US, Due::Peer { from, to, message }),
                Effect::Timer { at, timer } => self.agenda.push(at, Due::Cluster(timer)),
                Effect::Fact(_) => {}
            }
        }
        result
    }

    /// A new client of the network.
    pub(super) fn new_client(&mut self) -> ClientId {
        self.next_client += 1;
        ClientId(self.next_client)
    }

    /// A new application with a consumer; `begin` subscribes or assigns.
    pub(super) fn add_member(
        &mut self,
        name: &str,
        config: ConsumerConfig,
        polling: bool,
        commit_on_revoke: bool,
        begin: impl FnOnce(&mut Consumer, SimTime, &mut Vec<ConsumerEffect>),
    ) -> ClientId {
        let client = self.new_client();
        let consumer = Consumer::new(client, Arc::from(name), config);
        self.members.insert(client, RawMember::new(consumer, polling, commit_on_revoke));
        self.member(client, |member, now, out| {
            begin(&mut member.consumer, now, out);
            member.resume(now, polling, out);
        });
        client
    }

    /// Lets an application do something and carries out what comes of it.
    pub(super) fn member<T>(&mut self, id: ClientId, act: impl FnOnce(&mut RawMember, SimTime, &mut Vec<ConsumerEffect>) -> T) -> T {
        let mut out = Vec::new();
        let member = self.members.get_mut(&id).expect("members are never removed");
        let result = act(member, self.now, &mut out);
        for effect in out {
            match effect {
                ConsumerEffect::Request { to, correlation, request } => {
                    self.agenda.push(self.now + HOP_US, Due::Request { to, from: id, correlation, request });
                }
                ConsumerEffect::Timer { at, timer } => self.agenda.push(at, Due::Member(id, timer)),
                ConsumerEffect::Fact(fact) => self.facts.push((self.now, id, fact)),
                ConsumerEffect::Event(event) => panic!("the application handles every event: {event:?}"),
            }
        }
        result
    }

    pub(super) fn view(&self, id: ClientId) -> &RawMember {
        &self.members[&id]
    }

    /// Handles the next thing that is due. False if nothing ever is.
    fn step(&mut self) -> bool {
        let Some((at, due)) = self.agenda.pop() else { return false };
        self.now = self.now.max(at);
        self.handled += 1;
        match due {
            Due::Cluster(timer) => self.cluster(|cluster, now, out| cluster.on_timer(now, timer, out)),
            Due::Peer { from, to, message } => self.cluster(|cluster, now, out| cluster.peer(now, from, to, message, out)),
            Due::Request { from, .. } if self.cut_off.contains(&from) => {}
            Due::Response { to, .. } if self.cut_off.contains(&to) => {}
            Due::Request { to, from, correlation, request } => match to.or_else(|| self.cluster.any_running(0)) {
                Some(to) => self.cluster(|cluster, now, out| cluster.request(now, to, from, correlation, request, out)),
                None => {
                    let response = Response::Error(ErrorCode::NetworkDisconnect);
                    self.agenda.push(self.now + HOP_US, Due::Response { to: from, correlation, response });
                }
            },
            Due::Response { to: TOOL, correlation, response } => {
                self.answers.insert(correlation, response);
            }
            Due::Response { to, correlation, response } => self.deliver(to, correlation, response),
            Due::Member(id, timer) => self.member(id, |member, now, out| member.on_timer(now, timer, out)),
        }
        true
    }

    fn deliver(&mut self, to: ClientId, correlation: u64, response: Response) {
        if self.members.contains_key(&to) {
            self.member(to, |member, now, out| member.on_response(now, correlation, response, out));
        }
    }

    /// Lets `us` microseconds pass.
    pub(super) fn advance(&mut self, us: u64) {
        let until = self.now + us;
        while self.agenda.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = until;
    }

    /// Goes on until `done` says so; `None` if that has not happened within `us`.
    pub(super) fn until<T>(&mut self, us: u64, mut done: impl FnMut(&mut Bench) -> Option<T>) -> Option<T> {
        let limit = self.now + us;
        loop {
            if let Some(result) = done(self) {
                return Some(result);
            }
            if self.agenda.next_at().is_none_or(|at| at > limit) {
                self.now = limit;
                return done(self);
            }
            self.step();
        }
    }

    /// A tool asks a broker and waits for the answer.
    pub(super) fn ask(&mut self, to: Option<BrokerId>, request: Request) -> Response {
        self.next_correlation += 1;
        let correlation = self.next_correlation;
        self.agenda.push(self.now + HOP_US, Due::Request { to, from: TOOL, correlation, request });
        self.until(TOOL_TIMEOUT_US, |bench| bench.answers.remove(&correlation)).unwrap_or(Response::Error(ErrorCode::RequestTimedOut))
    }
}
