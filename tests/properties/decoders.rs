//! Whatever stands in an address, reading it never fails hard, says which part is wrong, and keeps the rest.
//! Has never heard of how a world works inside.

use std::sync::Arc;

use cqrs_lab::{
    bank::Command,
    fault::{FaultId, FaultRule, Link, Node, Target},
    kernel::{Prng, SimTime},
    listener::{Action as ListenerAction, ContainerProperties, ListenerProgram, application_events::Step},
    pipeline::{Action, Decision, Intervention, World},
    scenario::{
        LabAction, LabBean, Scenario, TOPIC, builtin,
        link::{Flaw, Recording, VERSION},
        wire::{from_text, to_text},
    },
};
use proptest::prelude::*;

use crate::check::for_all;
use crate::recordings::recordings;
use crate::shared::random;

fn own(name: &str) -> Option<Scenario> {
    if name == "random" { Some(Scenario::plain("random", 1)) } else { builtin(name) }
}

fn read(fragment: &str) -> (Recording, usize) {
    let (recording, problems) = Recording::from_fragment(fragment, own, Scenario::plain("fallback", 0));
    (recording, problems.len())
}

#[test]
fn any_text_at_all_can_be_read_as_a_link() {
    for_all(2_000, prop::collection::vec(any::<char>(), 0..200), |text| {
        let text: String = text.into_iter().collect();
        read(&text);
        read(&format!("{VERSION};{text}"));
        read(&format!("{VERSION};i={text}"));
        Ok(())
    });
}

#[test]
fn any_words_at_all_can_be_read_as_an_intervention() {
    let word = prop_oneof![
        Just("Act".to_owned()),
        Just("Inject".to_owned()),
        Just("Lab".to_owned()),
        Just("Set".to_owned()),
        Just("Kill".to_owned()),
        Just("StartContainer".to_owned()),
        Just("+".to_owned()),
        Just("-".to_owned()),
        Just("t".to_owned()),
        Just("~".to_owned()),
        "[0-9]{1,20}",
        "[A-Za-z]{1,12}",
        any::<String>(),
    ];
    for_all(4_000, prop::collection::vec(word, 0..24), |words| {
        let text = words.join(" ");
        if let Ok(intervention) = from_text::<Intervention>(&text) {
            let again = to_text(&intervention).map_err(|e| e.to_string())?;
            if from_text::<Intervention>(&again) != Ok(intervention) {
                return Err(format!("{text:?} is written as {again:?}"));
            }
        }
        Ok(())
    });
}

/// What happens to an address on its way: a character changed, lost or doubled, or the end cut off.
#[derive(Debug, Clone)]
enum Damage {
    Change(usize, char),
    Lose(usize),
    Double(usize),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0..4_000_usize;
    prop_oneof![
        (place.clone(), "[ -~]").prop_map(|(at, c)| Damage::Change(at, c.chars().next().unwrap_or('x'))),
        place.clone().prop_map(Damage::Lose),
        place.clone().prop_map(Damage::Double),
        place.prop_map(Damage::Cut),
    ]
}

impl Damage {
    fn done_to(&self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        let count = chars.len();
        if count == 0 {
            return String::new();
        }
        match *self {
            Damage::Change(at, c) => chars[at % count] = c,
            Damage::Lose(at) => drop(chars.remove(at % count)),
            Damage::Double(at) => chars.insert(at % count, chars[at % count]),
            Damage::Cut(at) => chars.truncate(at % count),
        }
        chars.into_iter().collect()
    }
}

#[test]
fn a_damaged_link_is_read_as_far_as_it_goes() {
    for_all(1_000, (recordings(), prop::collection::vec(damage(), 1..4)), |(made, damages)| {
        let recording = Recording { scenario: made.scenario(), interventions: made.interventions(), moment: SimTime(7) };
        let fragment = recording.to_fragment(own);
        let damaged = damages.iter().fold(fragment, |text, damage| damage.done_to(&text));
        let (kept, problem_count) = read(&damaged);
        // Damage that cannot be seen leaves something that can be written and read again.
        let (again, _) = read(&kept.to_fragment(own));
        match problem_count == 0 && kept.scenario.name.as_ref() != "fallback" && again != kept {
            true => Err(format!("{damaged} is read as {kept:?}, which reads as {again:?}")),
            false => Ok(()),
        }
    });
}

#[test]
fn damage_to_the_interventions_keeps_the_scenario_and_its_settings() {
    for_all(300, (recordings(), prop::collection::vec(damage(), 1..4)), |(made, damages)| {
        let recording = Recording { scenario: made.scenario(), interventions: made.interventions(), moment: SimTime(7) };
        let fragment = recording.to_fragment(own);
        let Some((head, folded)) = fragment.split_once(";i=") else { return Ok(()) };
        let damaged = damages.iter().fold(folded.to_owned(), |text, damage| damage.done_to(&text).replace([';', '='], "_"));
        let (kept, problems) = Recording::from_fragment(&format!("{head};i={damaged}"), own, Scenario::plain("fallback", 0));
        if kept.scenario != recording.scenario || kept.moment != recording.moment {
            return Err("the scenario did not survive".to_owned());
        }
        // How much of the text was read: after a damaged character nothing is.
        let read = match problems.first().map(|problem| &problem.what) {
            None if kept == recording => return Ok(()),
            None => return Err(format!("{damaged} for {folded} went unnoticed")),
            Some(Flaw::DamagedAt { place }) => &damaged[..*place as usize - 1],
            Some(Flaw::Cut) => &damaged,
            // Another text than was written, which says nothing of what was.
            Some(_) => return Ok(()),
        };
        match !folded.starts_with(read) || recording.interventions.starts_with(&kept.interventions) {
            true => Ok(()),
            false => Err(format!("what was sound of {damaged} for {folded} is read as {:?}", kept.interventions)),
        }
    });
}

/// Interventions with any numbers at all, as a link may hold them.
fn wild_deed() -> impl Strategy<Value = Intervention> {
    let number = prop_oneof![0..8_u32, any::<u32>()];
    let amount = prop_oneof![0..1_000_u64, any::<u64>()];
    let node = prop_oneof![
        Just(Node::Api),
        Just(Node::Relay),
        Just(Node::WriteDb),
        Just(Node::ReadDb),
        Just(Node::Query),
        number.clone().prop_map(Node::Broker),
        number.clone().prop_map(Node::Consumer),
        number.clone().prop_map(Node::Client),
    ];
    prop_oneof![
        node.clone().prop_map(|node| Intervention::Act(Action::Kill(node))),
        node.clone().prop_map(|node| Intervention::Act(Action::Start(node))),
        node.prop_map(|node| Intervention::Act(Action::Pause(node))),
        (number.clone(), number.clone()).prop_map(|(group, consumers)| Intervention::Act(Action::Scale { group, consumers })),
        (number.clone(), amount.clone()).prop_map(|(partition, before)| Intervention::Act(Action::DeleteRecords { partition, before })),
        (number.clone(), number.clone(), amount.clone()).prop_map(|(group, partition, to)| Intervention::Act(Action::ResetOffset {
            group,
            partition,
            to
        })),
        number.clone().prop_map(|total| Intervention::Act(Action::AddPartitions { total })),
        number.clone().prop_map(|group| Intervention::Act(Action::ReplayDeadLetters { group })),
        number.clone().prop_map(|id| Intervention::EndFault(FaultId(id))),
        (number.clone(), any::<bool>()).prop_map(|(consumer, on)| Intervention::ByHand { consumer, on }),
        (number.clone(), amount).prop_map(|(consumer, sleep_ms)| Intervention::Decide { consumer, decision: Decision::Nack { sleep_ms } }),
        (number.clone(), number, any::<i64>()).prop_map(|(client, account, amount)| {
            let account = cqrs_lab::bank::AccountId(account);
            Intervention::SendCommand { client, command: Command::Deposit { account, amount } }
        }),
        ("[a-z.-]{1,20}", any::<String>()).prop_map(|(key, value)| Intervention::Set { key: Arc::from(key), value: Arc::from(value) }),
    ]
}

/// The same, and faults and acts of scripts.
fn wild() -> impl Strategy<Value = Intervention> {
    prop_oneof![
        2 => wild_deed(),
        1 => wild_fault().prop_map(Intervention::Inject),
        1 => wild_act().prop_map(Intervention::Lab),
    ]
}

/// A fault of any sort with any number, on any node.
fn wild_fault() -> impl Strategy<Value = FaultRule> {
    let number = prop_oneof![0..8_u32, any::<u32>()];
    let amount = prop_oneof![0..1_000_u64, any::<u64>()];
    let target = number.prop_flat_map(|number| {
        prop_oneof![
            Just(None),
            Just(Some(Target::Group(number))),
            Just(Some(Target::Node(Node::Broker(number)))),
            Just(Some(Target::Node(Node::Consumer(number)))),
            Just(Some(Target::Node(Node::ShareConsumer(number)))),
            Just(Some(Target::Link { link: Link::Fetch, of: Some(Node::Consumer(number)) })),
        ]
    });
    (any::<u64>(), target, proptest::option::of(amount)).prop_map(|(seed, target, amount)| {
        let usual = random::fault(&mut Prng::stream(seed, "fault", 0), SimTime::from_ms(1_000));
        FaultRule { target: target.unwrap_or(usual.target), amount: amount.unwrap_or(usual.amount), ..usual }
    })
}

/// Acts of a script in a bank: only a link that somebody has written has them there.
fn wild_act() -> impl Strategy<Value = LabAction> {
    let number = prop_oneof![0..4_u32, any::<u32>()];
    let topic = prop_oneof![Just(TOPIC), Just("wild")].prop_map(Arc::<str>::from);
    let name = || Arc::<str>::from("wild");
    let settings = || vec![("group.id".into(), "wild".into()), ("auto.offset.reset".into(), "earliest".into())];
    let start = move |(listener, projection): (u32, Option<u32>)| LabAction::StartContainer {
        properties: Box::new(ContainerProperties::new("wild", "wild", vec![Arc::from(TOPIC)])),
        consumer: settings(),
        producer: Vec::new(),
        listener,
        projection,
    };
    let topic_acts = (topic, number.clone(), any::<u64>()).prop_flat_map(move |(topic, number, before)| {
        prop_oneof![
            Just(LabAction::CreateTopic { op: 1, name: topic.clone(), partitions: number, replicas: Vec::new(), settings: Vec::new() }),
            Just(LabAction::AddPartitions { op: 2, topic: topic.clone(), total: number }),
            Just(LabAction::DeleteRecords { op: 3, topic: topic.clone(), partition: number, before }),
            Just(LabAction::DeleteGroupOffset { op: 4, group: Arc::from("account-view"), topic: topic.clone(), partition: number }),
            Just(LabAction::Assign { op: 5, member: name(), partitions: vec![(topic.clone(), number)], settings: settings() }),
            Just(LabAction::AlterGroupOffsets { op: 6, group: Arc::from("wild"), offsets: vec![(topic, number, before as i64)] }),
        ]
    });
    prop_oneof![
        3 => Just(LabAction::OpenListener { program: Box::new(ListenerProgram::always(vec![ListenerAction::Effect])) }),
        6 => (0..2_u32, proptest::option::of(number)).prop_map(start),
        6 => topic_acts,
        1 => Just(LabAction::StopContainer { name: name() }),
        1 => Just(LabAction::PauseContainer { name: name() }),
        1 => Just(LabAction::OpenProducer { op: 7, producer: name(), settings: Vec::new() }),
        1 => Just(LabAction::Crash { member: name() }),
        1 => any::<bool>().prop_map(|severed| LabAction::SeverProducers { severed }),
    ]
}

#[test]
fn no_number_in_an_intervention_brings_the_world_down() {
    for_all(120, prop::collection::vec(wild(), 1..16), |interventions| {
        let mut world = World::new(&Scenario::plain("wild", 1));
        for (number, intervention) in (1..).zip(&interventions) {
            let at = SimTime::from_ms(number * 1_000);
            world.run_until(at);
            let _ = world.intervene(at, intervention);
        }
        world.run_until(SimTime::from_ms(20_000));
        Ok(())
    });
}

/// The world after these acts of a script, three seconds later; false if one of them was refused.
fn survives(acts: Vec<LabAction>) -> bool {
    let mut world = World::new(&Scenario::plain("hand-made", 1));
    world.run_until(SimTime::from_ms(1_000));
    let fits = acts.into_iter().all(|act| world.intervene(world.now(), &Intervention::Lab(act)).is_ok());
    world.run_until(SimTime::from_ms(4_000));
    fits
}

fn bean(name: &str, annotations: &str, does: Vec<Step>) -> LabBean {
    LabBean { name: Arc::from(name), annotations: Arc::from(annotations), does }
}

fn application(beans: Vec<LabBean>, steps: Vec<Step>, in_transaction: bool) -> Vec<LabAction> {
    let open = LabAction::OpenApplication { tables: vec![Arc::from("t")], beans, auto_commit: true };
    vec![open, LabAction::CallApplication { steps, in_transaction }]
}

fn publish(event: &str) -> Step {
    Step::Publish { event: Arc::from(event), catch: false }
}

#[test]
fn a_rollback_is_asked_for_outside_of_any_transaction() {
    assert!(survives(application(Vec::new(), vec![Step::RollbackOnly], false)));
    let suspends = "@EventListener @Transactional(propagation = NOT_SUPPORTED)";
    assert!(survives(application(vec![bean("b", suspends, vec![Step::RollbackOnly])], vec![publish("E")], true)));
}

#[test]
fn listeners_that_publish_what_they_listen_to_come_to_an_end() {
    let asynchronous = "@Async @EventListener";
    let after = "@TransactionalEventListener @Transactional(propagation = REQUIRES_NEW)";
    for annotations in ["@EventListener", asynchronous, after] {
        let beans = vec![bean("a", annotations, vec![publish("E")]), bean("b", annotations, vec![publish("E")])];
        assert!(survives(application(beans, vec![publish("E")], true)), "{annotations}");
    }
    let waits = bean("a", asynchronous, vec![publish("E"), Step::AwaitListeners]);
    assert!(survives(application(vec![waits], vec![publish("E")], false)));
}

#[test]
fn a_container_whose_poll_waits_for_nothing_is_refused() {
    for (poll_timeout_us, while_paused_us) in [(0, 1_000), (1_000, 0)] {
        let mut properties = ContainerProperties::new("hasty", "hasty", vec![Arc::from(TOPIC)]);
        properties.poll_timeout_us = poll_timeout_us;
        properties.poll_timeout_while_paused_us = while_paused_us;
        let start = LabAction::StartContainer {
            properties: Box::new(properties),
            consumer: vec![("group.id".into(), "hasty".into())],
            producer: Vec::new(),
            listener: 0,
            projection: None,
        };
        let open = LabAction::OpenListener { program: Box::new(ListenerProgram::always(vec![ListenerAction::Effect])) };
        assert!(!survives(vec![open, start]), "{poll_timeout_us}, {while_paused_us}");
    }
}
