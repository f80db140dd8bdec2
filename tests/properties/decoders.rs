//! Whatever stands in an address, reading it never fails hard, says which part is wrong, and keeps the rest.
//! Has never heard of how a world works inside.

use std::sync::Arc;

use cqrs_lab::{
    bank::Command,
    fault::{FaultId, Node},
    kernel::SimTime,
    pipeline::{Action, Decision, Intervention, World},
    scenario::{
        Scenario, builtin,
        link::{Recording, VERSION},
        wire::{from_text, to_text},
    },
};
use proptest::prelude::*;

use crate::check::for_all;
use crate::recordings::recordings;

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
        let (kept, problem_count) = read(&format!("{head};i={damaged}"));
        if kept.scenario != recording.scenario || kept.moment != recording.moment {
            return Err("the scenario did not survive".to_owned());
        }
        let prefix = kept.interventions.iter().zip(&recording.interventions).all(|(a, b)| a == b);
        match damaged == *folded || problem_count > 0 {
            true if prefix || problem_count > 0 => Ok(()),
            _ => Err(format!("{damaged} for {folded} went unnoticed")),
        }
    });
}

/// Interventions with any numbers at all, as a link may hold them.
fn wild() -> impl Strategy<Value = Intervention> {
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

#[test]
fn no_number_in_an_intervention_brings_the_world_down() {
    for_all(60, prop::collection::vec(wild(), 1..12), |interventions| {
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
