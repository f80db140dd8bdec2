//! The world of a script: one broker, a bank only in the cases about it, and containers on the workbench. Every act is an intervention, everything
//! seen is read from the world and its trace.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bank;
use super::form::Form;
use super::given::{Given, RecordPlan};
use super::recorder::Recorder;
use crate::broker::{ClusterConfig, TopicPartition};
use crate::conformance::desk::Desk;
use crate::conformance::{Bind, Case, CaseError};
use crate::fault::Node;
use crate::kernel::SimTime;
use crate::listener::{ContainerProperties, Fact, ListenerProgram};
use crate::pipeline::lab::{LabAction, LabAnswer};
use crate::pipeline::{Action, ConsumerSlot, FactKind, Intervention, Probe};
use crate::scenario::{self, Scenario};

/// The producer of the outside.
const OUTSIDE: &str = "outside";
/// How long a tool or the outside producer waits for its answer, in microseconds.
const PATIENCE_US: u64 = 200_000_000;

/// The world of a script.
pub(super) struct Stage {
    pub(super) world: Desk,
    /// The member of the script that each place belongs to.
    pub(super) members: Vec<Arc<str>>,
    /// Members that a step has stopped: they are not looked at any more.
    pub(super) put_away: BTreeSet<Arc<str>>,
    /// Containers that died because another one of their process did.
    died_with_another: BTreeSet<u32>,
    pub(super) recorder: Recorder,
    /// What stands behind the states of `observed`.
    pub(super) binds: Vec<Bind>,
    facts_read: u64,
    op: u64,
    consumer: Vec<(Arc<str>, Arc<str>)>,
    producer: Vec<(Arc<str>, Arc<str>)>,
    own_transactional_ids: bool,
}

impl Stage {
    pub(super) fn new(case: &Case, given: &Given, programs: [ListenerProgram; 2]) -> Result<Stage, CaseError> {
        let scenario = if case.given.contains_key("bank") { bank::scenario(case)? } else { without_bank(case) };
        let mut stage = Stage {
            world: Desk::new(&scenario),
            members: Vec::new(),
            put_away: BTreeSet::new(),
            died_with_another: BTreeSet::new(),
            recorder: Recorder::new(given),
            binds: Vec::new(),
            facts_read: 0,
            op: 0,
            consumer: given.consumer.clone(),
            producer: given.producer.clone(),
            own_transactional_ids: given.own_transactional_ids,
        };
        let form = Form::of(case, "given", &case.given);
        // The broker has been up for a while when the recording begins.
        stage.pass(1_000_000);
        stage.learn_names();
        for program in programs {
            stage.act(&form, LabAction::OpenListener { program: Box::new(program) })?;
        }
        let open =
            |op| LabAction::OpenProducer { op, producer: Arc::from(OUTSIDE), settings: vec![(Arc::from("linger.ms"), Arc::from("0"))] };
        stage.ask(&form, open)?;
        Ok(stage)
    }

    /// The state at a place of `observed` is what this probe shows now.
    pub(super) fn bind(&mut self, place: String, probe: Probe) {
        let sight = self.world.sight(probe);
        self.read_facts();
        self.binds.push(Bind::of_sight(place, sight));
    }

    /// A step begins: later than everything that was seen before it.
    pub(super) fn begin_step(&mut self) {
        self.world.look();
        self.read_facts();
    }

    /// The instant.
    pub(super) fn now(&self) -> SimTime {
        self.world.now()
    }

    /// Does something to the world, now.
    pub(super) fn act(&mut self, form: &Form<'_>, action: LabAction) -> Result<(), CaseError> {
        self.intervene(form, &Intervention::Lab(action))
    }

    /// The same for anything that a viewer can do.
    pub(super) fn intervene(&mut self, form: &Form<'_>, intervention: &Intervention) -> Result<(), CaseError> {
        let done = self.world.intervene(intervention);
        self.read_facts();
        done.map_err(|error| form.error("", error.to_string()))
    }

    /// Lets the world go on until something holds.
    pub(super) fn until(&mut self, form: &Form<'_>, holds: impl Fn(&Stage) -> bool) -> Result<(), CaseError> {
        let end = self.now() + PATIENCE_US;
        while !holds(self) {
            if self.next_at().is_none_or(|at| at > end) {
                return Err(form.error("", "waited in vain"));
            }
            self.step();
        }
        Ok(())
    }

    /// Does something and waits for its answer.
    fn ask(&mut self, form: &Form<'_>, action: impl FnOnce(u64) -> LabAction) -> Result<(), CaseError> {
        self.op += 1;
        let op = self.op;
        self.act(form, action(op))?;
        let end = self.now() + PATIENCE_US;
        loop {
            match self.world.lab().answer(op) {
                Some(LabAnswer::Threw(exception)) => return Err(form.error("", format!("it threw {}", exception.class))),
                Some(_) => return Ok(()),
                None if self.next_at().is_none_or(|at| at > end) => return Err(form.error("", "it was never answered")),
                None => self.step(),
            }
        }
    }

    /// Creates a topic and waits until it is there.
    pub(super) fn create_topic(&mut self, form: &Form<'_>, name: &Arc<str>, partitions: u32) -> Result<(), CaseError> {
        let name = name.clone();
        self.ask(form, |op| LabAction::CreateTopic { op, name, partitions, replicas: Vec::new(), settings: Vec::new() })?;
        self.learn_names();
        Ok(())
    }

    fn learn_names(&mut self) {
        self.recorder.names = self.world.cluster().topics().iter().map(|topic| (topic.id, topic.name.clone())).collect();
    }

    /// Sends a record from outside and waits for the answer.
    pub(super) fn send(&mut self, form: &Form<'_>, plan: RecordPlan) -> Result<(), CaseError> {
        let RecordPlan { topic, partition, key, value, timestamp_ms, headers } = plan;
        let producer = Arc::from(OUTSIDE);
        self.ask(form, |op| LabAction::Send { op, producer, topic, partition, key, value, timestamp_ms, headers })
    }

    /// Makes and starts a container.
    pub(super) fn start(&mut self, form: &Form<'_>, member: &Arc<str>, properties: ContainerProperties) -> Result<(), CaseError> {
        let of_dead_letters = properties.retry.as_ref().is_some_and(|role| role.of_dead_letters);
        self.members.push(member.clone());
        self.put_away.remove(member);
        let (consumer, mut producer) = (self.consumer.clone(), self.producer.clone());
        for (_, id) in producer.iter_mut().filter(|(name, _)| self.own_transactional_ids && &**name == "transactional.id") {
            *id = Arc::from(format!("{id}-{member}"));
        }
        let properties = Box::new(properties);
        let projection = self.world.bank().is_some().then_some(bank::ACCOUNT_VIEW);
        let listener = u32::from(of_dead_letters);
        self.act(form, LabAction::StartContainer { properties, consumer, producer, listener, projection })
    }

    /// The living containers of a member.
    pub(super) fn living<'a>(&'a self, member: &'a str) -> impl Iterator<Item = &'a ConsumerSlot> {
        let of_member = move |(slot, whose): &(&ConsumerSlot, &Arc<str>)| ***whose == *member && slot.container.thread().is_alive();
        self.world.consumers().iter().zip(&self.members).filter(of_member).map(|(slot, _)| slot)
    }

    /// When the next thing is due.
    pub(super) fn next_at(&self) -> Option<SimTime> {
        self.world.next_at()
    }

    /// Handles the next thing that is due.
    pub(super) fn step(&mut self) {
        self.world.step();
        self.read_facts();
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, us: u64) {
        let end = self.now() + us;
        while self.next_at().is_some_and(|at| at <= end) {
            self.step();
        }
        self.world.run_until(end);
    }

    fn read_facts(&mut self) {
        let Stage { world, recorder, .. } = self;
        let mut killed = None;
        for (number, fact) in (self.facts_read..).zip(world.trace().iter_from(self.facts_read)) {
            let (Node::Consumer(slot), FactKind::Listener(what)) = (fact.actor, &fact.kind) else { continue };
            if self.died_with_another.contains(&slot) {
                continue;
            }
            recorder.number = number;
            let place = &world.consumers()[slot as usize];
            recorder.fact(fact.at, &place.name, what, |offset| poisoned(world, place, offset));
            if matches!(what, Fact::Killed) {
                killed = Some(slot);
            }
        }
        self.facts_read = world.trace().end();
        if let Some(slot) = killed {
            self.process_died(slot);
        }
    }

    /// All containers of a chain of retry topics live in one process, and so do the children of a concurrent container; what is
    /// killed in one of them is the process.
    fn process_died(&mut self, slot: u32) {
        let shares = |slot: u32| {
            let properties = self.world.consumers()[slot as usize].container.properties();
            properties.retry.is_some() || properties.parent.is_some()
        };
        let with_it = |other: &u32| *other != slot && shares(*other) && self.members[*other as usize] == self.members[slot as usize];
        let others: Vec<u32> = (0..self.members.len() as u32).filter(with_it).collect();
        self.died_with_another.extend(&others);
        for other in others {
            // One that is down already is not killed again.
            let _ = self.world.intervene(&Intervention::Act(Action::Kill(Node::Consumer(other))));
        }
        // The instant in which it died is over: what the others saw in the rest of it counts.
        self.read_facts();
    }
}

/// Brokers as the recorder set them up, and nothing else.
fn without_bank(case: &Case) -> Scenario {
    let mut cluster = ClusterConfig::default();
    cluster.broker.auto_create_topics_enable = false;
    cluster.broker.group_min_session_timeout_ms = 500;
    cluster.broker.group_initial_rebalance_delay_ms = 0;
    cluster.topic_defaults.retention_ms = -1;
    let mut scenario = Scenario::plain(&case.id, 1);
    scenario.stage = scenario::Stage::ClusterOnly;
    scenario.cluster = Some(cluster);
    scenario
}

/// The assigned partition whose record at this offset cannot be deserialized.
fn poisoned(world: &Desk, place: &ConsumerSlot, offset: u64) -> Option<TopicPartition> {
    let is_poison = |partition: &TopicPartition| {
        let record = world.cluster().leader(*partition)?.records_from(offset).next()?;
        (record.offset == offset && record.value.as_ref().is_some_and(|value| value.len() != 4)).then_some(())
    };
    place.container.thread().assigned().find(|partition| is_poison(partition).is_some())
}
