//! A broker, containers and their producers on a quiet network: every hop takes the same short time and nothing is lost.
//!
//! Knows no script; what happens in the containers is handed to the [`Recorder`](super::recorder::Recorder).

use std::collections::VecDeque;
use std::sync::Arc;

use super::given::{Given, RecordPlan};
use super::recorder::Recorder;
use super::senders::{SenderDue, Senders};
use crate::broker::{BrokerId, ClientId, Cluster, ClusterConfig, Effect, Peer, Request, Response, Timer, TopicPartition};
use crate::kernel::{Agenda, SimTime};
use crate::listener::consumer::{ConsumerConfig, ConsumerEffect, ConsumerTimer};
use crate::listener::{Container, ContainerEffect, ContainerProperties, ContainerTimer, Listener, ListenerProgram};

/// How long every hop takes, in microseconds.
const HOP_US: u64 = 200;

/// Something that is due.
#[derive(Debug, Clone)]
pub(super) enum Due {
    Cluster(Timer),
    Peer { from: BrokerId, to: BrokerId, message: Peer },
    Request { to: Option<BrokerId>, from: ClientId, correlation: u64, request: Request },
    Response { to: ClientId, correlation: u64, response: Response },
    Consumer(usize, ConsumerTimer),
    Container(usize, ContainerTimer),
    Sender(SenderDue),
}

/// A container with what belongs to it.
pub(super) struct Actor {
    pub(super) container: Container,
    /// Which member of the script it belongs to.
    pub(super) member: Arc<str>,
    /// Its lane in the trace.
    pub(super) lane: Arc<str>,
    listener: usize,
}

/// The world of a script.
pub(super) struct Stage {
    pub(super) now: SimTime,
    agenda: Agenda<Due>,
    pub(super) cluster: Cluster,
    pub(super) actors: Vec<Actor>,
    /// The listener's method and the handler of dead letters.
    pub(super) listeners: [Listener; 2],
    senders: Senders,
    pub(super) recorder: Recorder,
    next_client: u32,
}

impl Stage {
    pub(super) fn new(given: &Given, programs: [ListenerProgram; 2]) -> Stage {
        let mut config = ClusterConfig::default();
        config.broker.auto_create_topics_enable = false;
        // The recorder let members time out sooner than a broker usually allows.
        config.broker.group_min_session_timeout_ms = 1;
        let cluster = Cluster::new(&config, 1);
        let mut stage = Stage {
            now: SimTime::ZERO,
            agenda: Agenda::default(),
            cluster,
            actors: Vec::new(),
            listeners: programs.map(Listener::new),
            senders: Senders::new(given),
            recorder: Recorder::new(given),
            next_client: 1,
        };
        stage.cluster(|cluster, now, out| cluster.start(now, out));
        stage
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

    /// Creates a topic; nothing happens if there is one of this name.
    pub(super) fn create_topic(&mut self, name: &Arc<str>, partitions: u32) {
        let created = self.cluster(|cluster, now, out| cluster.create_topic(now, name.clone(), partitions, 1, Vec::new(), &[], out));
        if let Ok(topic) = created {
            self.recorder.names.insert(topic, name.clone());
        }
    }

    fn new_client(&mut self) -> ClientId {
        self.next_client += 1;
        ClientId(self.next_client)
    }

    /// Makes and starts a container.
    pub(super) fn start(&mut self, member: &Arc<str>, lane: Arc<str>, properties: ContainerProperties, config: &ConsumerConfig) {
        let client = self.new_client();
        let of_dead_letters = properties.retry.as_ref().is_some_and(|role| role.of_dead_letters);
        let mut container = Container::new(client, properties, config.clone());
        container.learn_topics(self.cluster.metadata());
        let actor = Actor { container, member: member.clone(), lane, listener: usize::from(of_dead_letters) };
        self.actors.push(actor);
        self.container(self.actors.len() - 1, |container, now, listener, out| container.start(now, listener, out));
    }

    /// Lets a container do something and carries out what comes of it.
    pub(super) fn container<T>(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut Container, SimTime, &mut Listener, &mut Vec<ContainerEffect>) -> T,
    ) -> T {
        let mut out = Vec::new();
        let actor = &mut self.actors[index];
        let result = act(&mut actor.container, self.now, &mut self.listeners[actor.listener], &mut out);
        let mut work: VecDeque<ContainerEffect> = out.into();
        while let Some(effect) = work.pop_front() {
            self.carry_out(index, effect);
        }
        result
    }

    fn carry_out(&mut self, index: usize, effect: ContainerEffect) {
        let client = self.actors[index].container.client();
        match effect {
            ContainerEffect::Consumer(ConsumerEffect::Request { to, correlation, request }) => {
                self.agenda.push(self.now + HOP_US, Due::Request { to, from: client, correlation, request });
            }
            ContainerEffect::Consumer(ConsumerEffect::Timer { at, timer }) => self.agenda.push(at, Due::Consumer(index, timer)),
            ContainerEffect::Consumer(_) | ContainerEffect::Application { .. } | ContainerEffect::Stopped { .. } => {}
            ContainerEffect::Timer { at, timer } => self.agenda.push(at, Due::Container(index, timer)),
            ContainerEffect::Fact(fact) => {
                let actor = &self.actors[index];
                let cluster = &self.cluster;
                let poisoned = |offset| poisoned(cluster, actor, offset);
                self.recorder.fact(self.now, &actor.lane, &fact, poisoned);
            }
            ContainerEffect::Send { .. } | ContainerEffect::Transaction { .. } => {
                let member = self.actors[index].container.consumer().group_metadata();
                let dues = self.senders.ask(self.now, index, member, effect, &self.cluster);
                self.schedule(dues);
            }
            ContainerEffect::Died => {
                self.cluster.disconnect(client);
                self.senders.died(index);
            }
        }
    }

    fn schedule(&mut self, dues: Vec<(u64, Due)>) {
        for (after_us, due) in dues {
            let hop_us = if matches!(due, Due::Request { .. }) { HOP_US } else { 0 };
            self.agenda.push(self.now + after_us + hop_us, due);
        }
    }

    /// When the next thing is due.
    pub(super) fn next_at(&self) -> Option<SimTime> {
        self.agenda.next_at()
    }

    /// Handles the next thing that is due.
    pub(super) fn step(&mut self) {
        let Some((at, due)) = self.agenda.pop() else { return };
        self.now = self.now.max(at);
        match due {
            Due::Cluster(timer) => self.cluster(|cluster, now, out| cluster.on_timer(now, timer, out)),
            Due::Peer { from, to, message } => self.cluster(|cluster, now, out| cluster.peer(now, from, to, message, out)),
            Due::Request { to, from, correlation, request } => {
                let to = to.or_else(|| self.cluster.any_running(0)).unwrap_or_default();
                self.cluster(|cluster, now, out| cluster.request(now, to, from, correlation, request, out));
            }
            Due::Response { to, correlation, response } => self.deliver(to, correlation, response),
            Due::Consumer(index, timer) => {
                self.container(index, |container, now, listener, out| container.on_consumer_timer(now, timer, listener, out));
            }
            Due::Container(index, timer) => {
                self.container(index, |container, now, listener, out| container.on_timer(now, timer, listener, out));
            }
            Due::Sender(due) => {
                let dues = self.senders.due(self.now, due);
                self.schedule(dues);
                self.tell_answers();
            }
        }
    }

    fn deliver(&mut self, to: ClientId, correlation: u64, response: Response) {
        if self.senders.owns(to) {
            let dues = self.senders.response(self.now, to, correlation, response);
            self.schedule(dues);
            self.tell_answers();
        } else if let Some(index) = self.actors.iter().position(|actor| actor.container.client() == to) {
            self.container(index, |container, now, listener, out| container.on_response(now, correlation, response, listener, out));
        }
    }

    /// Hands the senders' answers to the containers that wait for them.
    fn tell_answers(&mut self) {
        for answer in self.senders.take_answers() {
            let super::senders::Answer { actor, token, of_transaction, result } = answer;
            self.container(actor, |container, now, listener, out| match of_transaction {
                true => container.on_transaction(now, token, result, listener, out),
                false => container.on_sent(now, token, result, listener, out),
            });
        }
    }

    /// Appends a record from outside and waits for the answer.
    pub(super) fn send(&mut self, plan: RecordPlan) -> bool {
        let dues = self.senders.send_from_outside(self.now, plan, &self.cluster);
        self.schedule(dues);
        for _ in 0..10_000 {
            if let Some(went_well) = self.senders.outside_answer() {
                return went_well;
            }
            self.step();
        }
        false
    }
}

/// The assigned partition whose record at this offset cannot be deserialized.
fn poisoned(cluster: &Cluster, actor: &Actor, offset: u64) -> Option<TopicPartition> {
    let is_poison = |partition: &TopicPartition| {
        let record = cluster.leader(*partition)?.records_from(offset).next()?;
        (record.offset == offset && record.value.as_ref().is_some_and(|value| value.len() != 4)).then_some(())
    };
    actor.container.thread().assigned().find(|partition| is_poison(partition).is_some())
}
