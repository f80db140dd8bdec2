//! The state of a run, and the way on from it.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use super::consumer_side::ApplicationCall;
use super::lab::Lab;
use super::producer_side::{Owner, ProducerPlace};
use super::rare::Rare;
use super::rebuild::Rebuild;
use super::referee::Referee;
use super::route::{Client, Route};
use super::share_group::ShareChance;
use super::{ConsumerSlot, Fact, FactKind, Flights, Intervention, Links, Meters, Occurrence, ShareSlot, Trace, build};
use crate::bank::{self, Bank, IdSet, Publisher};
use crate::broker::{self, AdminRequest, BrokerId, ClientId, Cluster, ProducerEffect, Request, TopicPartition};
use crate::fault::{FaultId, Faults, Node};
use crate::kernel::{Agenda, Digest, Prng, Scratch, SimTime, SortedMap, digest_of};
use crate::listener::ContainerEffect;
use crate::scenario::{Config, GROUPS, Of, Property, Scenario, Stage, TOPIC};

/// So many facts tell two runs apart in [`World::digest_of_newest_facts`].
const NEWEST_FACTS: u64 = 256;

/// Everything that there is at an instant of a run.
#[derive(Debug, Clone, Hash)]
pub struct World {
    pub(super) now: SimTime,
    pub(super) step: u64,
    pub(super) seed: u64,
    pub(super) config: Config,
    pub(super) agenda: Agenda<Occurrence>,
    pub(super) program: Arc<[(SimTime, Intervention)]>,
    pub(super) program_next: u32,
    pub(super) flights: Flights,
    pub(super) links: Links,
    pub(super) faults: Faults,
    /// What waits for a process that stands still.
    pub(super) held: Vec<(Node, Occurrence)>,
    /// Brokers that a [`CoordinatorLost`](crate::fault::FaultKind::CoordinatorLost) that stands has killed.
    pub(super) coordinators_lost: SortedMap<FaultId, BrokerId>,
    pub(super) rare: Rare,
    pub(super) cluster: Cluster,
    pub(super) clients: Vec<Client>,
    pub(super) tool: ClientId,
    pub(super) tool_requests: u64,
    pub(super) producers: Vec<ProducerPlace>,
    pub(super) api_producer: u32,
    pub(super) relay_producer: u32,
    pub(super) tool_producer: Option<u32>,
    /// Dead letters of a group before these offsets were sent again; groups may share a topic of dead letters.
    pub(super) replayed: SortedMap<(u32, TopicPartition), u64>,
    pub(super) consumers: Vec<ConsumerSlot>,
    pub(super) share_consumers: Vec<ShareSlot>,
    pub(super) share_chance: ShareChance,
    /// The events of which the share group has told customers.
    pub(super) noticed: IdSet,
    pub(super) calls: SortedMap<u64, ApplicationCall>,
    pub(super) calls_made: u64,
    pub(super) rebuilds: SortedMap<u32, Rebuild>,
    pub(super) lab: Lab,
    pub(super) listener_prng: Prng,
    pub(super) bank: Option<Bank>,
    pub(super) trace: Trace,
    pub(super) meters: Meters,
    pub(super) referee: Referee,
    pub(super) topic: Arc<str>,
    pub(super) scratch_cluster: Scratch<broker::Effect>,
    pub(super) scratch_producer: Scratch<ProducerEffect>,
    pub(super) scratch_container: Scratch<ContainerEffect>,
    pub(super) scratch_bank: Scratch<bank::Effect>,
}

impl World {
    /// The beginning of a run.
    pub fn new(scenario: &Scenario) -> World {
        let config = scenario.config.clone();
        let seed = scenario.seed;
        let bank = (scenario.stage == Stage::Bank).then(|| Bank::new(&build::bank_config(&config), seed));
        let mut world = World {
            now: SimTime::ZERO,
            step: 0,
            seed,
            agenda: Agenda::default(),
            program: Arc::from(scenario.program.as_slice()),
            program_next: 0,
            flights: Flights::default(),
            links: Links::new(&config, seed),
            faults: Faults::default(),
            held: Vec::new(),
            coordinators_lost: SortedMap::new(),
            rare: Rare::default(),
            cluster: Cluster::new(&scenario.cluster.clone().unwrap_or_else(|| build::cluster_config(&config)), seed),
            clients: vec![Client { route: Route::Tool, node: Node::Tool }],
            tool: ClientId(0),
            tool_requests: 0,
            producers: Vec::new(),
            api_producer: 0,
            relay_producer: 0,
            tool_producer: None,
            replayed: SortedMap::new(),
            consumers: Vec::new(),
            share_consumers: Vec::new(),
            share_chance: ShareChance::new(seed),
            noticed: IdSet::default(),
            calls: SortedMap::new(),
            calls_made: 0,
            rebuilds: SortedMap::new(),
            lab: Lab::default(),
            listener_prng: Prng::stream(seed, "listener", 0),
            bank,
            trace: Trace::default(),
            meters: Meters::default(),
            referee: Referee::default(),
            topic: Arc::from(TOPIC),
            config,
            scratch_cluster: Scratch::default(),
            scratch_producer: Scratch::default(),
            scratch_container: Scratch::default(),
            scratch_bank: Scratch::default(),
        };
        world.with_cluster(|c, now, out| c.start(now, out));
        if world.bank.is_some() {
            world.set_the_stage();
        }
        world
    }

    /// Topics, producers and consumers of the bank.
    fn set_the_stage(&mut self) {
        self.create_topic(TOPIC, None);
        self.create_dead_letter_topics();
        for group in 0..GROUPS.len() as u32 {
            self.create_retry_topics(group);
            self.create_notices_topic(group);
        }
        self.api_producer = self.open_producer(Owner::Publisher(Publisher::Api), Node::Api, "api");
        self.relay_producer = self.open_producer(Owner::Publisher(Publisher::Relay), Node::Relay, "relay");
        self.with_bank(|bank, now, out| bank.start(now, out));
        for group in 0..GROUPS.len() as u32 {
            let count = self.config.count(Property::Consumers, Of::Group(group)) as u32;
            self.scale(group, count);
        }
        self.scale_shares_as_set();
    }

    /// Creates the topics of a group's chain of retries, if it has one (`autoCreateTopics`, D13).
    pub(super) fn create_retry_topics(&mut self, group: u32) {
        let Some(chain) = build::retry_chain(&self.config, group) else { return };
        let partitions = self.config.count(Property::RetryTopicPartitions, Of::Group(group)) as u32;
        for (topic, _) in chain.topics() {
            self.create_topic(&topic, Some(partitions));
        }
    }

    /// Sees to it that the topics of the dead letters have the partitions that are set: nobody creates them by itself (D12).
    pub(super) fn create_dead_letter_topics(&mut self) {
        let wanted = u32::try_from(self.config.int(Property::DltPartitions, Of::Only)).ok();
        for group in 0..GROUPS.len() as u32 {
            let name = self.dead_letter_topic(group);
            let known = self.cluster.topics().by_name(&name).map(|topic| topic.partitions);
            match (known, wanted) {
                (None, Some(0)) => {}
                (None, wanted) => self.create_topic(&name, wanted),
                (Some(known), Some(total)) if total > known => self.admin(AdminRequest::CreatePartitions { topic: Arc::from(name), total }),
                _ => {}
            }
        }
    }

    /// The topic to which listeners publish, once one does (E4).
    pub(super) fn create_notices_topic(&mut self, group: u32) {
        if self.config.flag(Property::ListenerPublishes, Of::Group(group)) {
            self.create_topic(build::NOTICES, None);
        }
    }

    /// The topic to which a group's recoverer publishes.
    pub(super) fn dead_letter_topic(&self, group: u32) -> String {
        format!("{TOPIC}{}", self.config.choice(Property::DltSuffix, Of::Group(group)))
    }

    /// Creates a topic with the settings of the bank's, unless it is there; with so many partitions, if not as many.
    fn create_topic(&mut self, name: &str, partitions: Option<u32>) {
        if self.cluster.topics().by_name(name).is_some() {
            return;
        }
        let brokers = build::cluster_config(&self.config).brokers;
        let replication_factor = (self.config.count(Property::ReplicationFactor, Of::Only) as u32).min(brokers);
        let config = build::topic_properties(&self.config);
        let request = AdminRequest::CreateTopic {
            name: Arc::from(name),
            partitions: partitions.unwrap_or(self.config.count(Property::Partitions, Of::Only) as u32),
            replication_factor,
            replicas: Vec::new(),
            config: config.into_iter().map(|(name, value)| (Arc::from(name), Arc::from(value))).collect(),
        };
        self.admin(request);
    }

    /// The tool does something at once: it stands beside the cluster and nothing of it travels. While no broker runs it asks
    /// again until one does, or the settings of the topic would not be what they are said to be.
    pub(super) fn admin(&mut self, request: AdminRequest) {
        match self.cluster.any_running(0) {
            Some(_) => self.tool(Request::Admin(request)),
            None => self.rare.tool_waits.push(request),
        }
    }

    /// A broker may run again: the tool does what it could not.
    pub(super) fn admin_again(&mut self) {
        for request in std::mem::take(&mut self.rare.tool_waits) {
            self.admin(request);
        }
    }

    /// The tool's request reaches a broker at once.
    pub(super) fn tool(&mut self, request: Request) {
        self.tool_at(None, request);
    }

    /// The tool's request reaches this broker, or whichever it concerns, at once.
    pub(super) fn tool_at(&mut self, to: Option<BrokerId>, request: Request) {
        let (tool, correlation) = (self.tool, self.tool_requests);
        self.tool_requests += 1;
        let group = match &request {
            Request::Group { group, .. } => self.cluster.coordinator(group),
            _ => None,
        };
        if let Some(broker) = to.or(group).or_else(|| self.cluster.any_running(0)) {
            self.with_cluster(|c, now, out| c.request(now, broker, tool, correlation, request, out));
        }
    }

    /// The instant of the last occurrence.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// How many occurrences and interventions were handled.
    pub fn step_count(&self) -> u64 {
        self.step
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The settings as they are now.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What is in transit.
    pub fn flights(&self) -> &Flights {
        &self.flights
    }

    /// The faults that stand.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The brokers with their logs and groups.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The consumers' places; a place's number is that of [`Node::Consumer`].
    pub fn consumers(&self) -> &[ConsumerSlot] {
        &self.consumers
    }

    /// The producers.
    pub fn producers(&self) -> &[ProducerPlace] {
        &self.producers
    }

    /// The bank, if it is on the stage.
    pub fn bank(&self) -> Option<&Bank> {
        self.bank.as_ref()
    }

    /// What happened.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What the meters show.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// A fact as a line of fixed columns.
    pub fn line<'a>(&'a self, fact: &'a Fact) -> super::Line<'a> {
        super::Line { fact, topics: self.cluster.topics() }
    }

    /// When the next thing happens: the earlier of the agenda's next entry and the programme's. `None`: never again.
    pub fn next_at(&self) -> Option<SimTime> {
        let program = self.program.get(self.program_next as usize).map(|(at, _)| *at);
        match (program, self.agenda.next_at()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Goes on until nothing more is due at or before `until`, and stands there.
    pub fn run_until(&mut self, until: SimTime) {
        while self.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = self.now.max(until);
    }

    /// A digest of the whole state.
    pub fn digest(&self) -> u64 {
        digest_of(self)
    }

    /// A digest of where the run stands: the instant, the step, what is due next, how many facts there are, and the newest of them.
    /// Two runs that parted are told apart as soon as they did anything differently; what [`World::digest`] hashes beyond that
    /// costs a page a tenth of its size, and a frame while 65,536 facts are walked.
    pub fn digest_of_newest_facts(&self) -> u64 {
        let end = self.trace.end();
        let mut digest = Digest::default();
        (self.now, self.step, self.next_at(), end).hash(&mut digest);
        self.trace.iter_from(end.saturating_sub(NEWEST_FACTS)).for_each(|fact| fact.hash(&mut digest));
        digest.finish()
    }

    /// Adds a fact to the trace.
    pub(super) fn tell(&mut self, actor: Node, command: Option<u32>, kind: FactKind) {
        self.referee_sees(actor, command, &kind);
        self.trace.push(Fact { step: self.step, at: self.now, actor, command, kind });
        self.tell_violations();
    }

    /// Ends the second that is over, for the meters.
    pub(super) fn finish_step(&mut self) {
        if self.meters.is_over(self.now) {
            self.end_second();
        }
        if self.now >= self.referee.audit_at() {
            self.referee_audits();
        }
    }

    #[cold]
    fn end_second(&mut self) {
        let lags = self.lags();
        let connections = self.bank.as_ref().map_or(0, |bank| bank.query_api().connection_count() as u32);
        self.meters.close(self.now, lags, connections);
    }
}
