//! What is selected: what it is, what it is doing, what can be done to it.

use yew::prelude::*;

use super::rows::rows;
use super::rule::rule_links;
use super::settings::setting_row;
use super::tabs::SideProps;
use crate::fault::{FaultKind, FaultRule, Node, Target};
use crate::pipeline::{Action, Intervention, ProcessState, ShareSlot};
use crate::player::Thing;
use crate::scenario::{GROUPS, LabAction, Of, ResetTo, Scope, settings};
use crate::scene::{ConsumerState, Health, MEMBERS_FROM, SHARES_FROM, Scene};
use crate::ui::app::{Msg, Shot};
use crate::ui::break_bar::act;
use crate::ui::i18n::{Lang, Text, faults, things};
use crate::ui::rules;
use crate::ui::targets;

/// What is selected.
pub(super) fn inspector(props: &SideProps) -> Html {
    let text = Text::of(props.lang);
    let Some(thing) = props.selection else {
        return html! { <p class="muted" data-testid="inspector">{ text.selected_none }</p> };
    };
    let of_it = if things::is_share(thing, &props.shot.scene) { &rules::OF_SHARES[..] } else { rules::of_thing(thing) };
    html! {
        <section data-testid="inspector">
            <h2>{ things::name(thing, &props.shot.scene, props.lang) }</h2>
            <p>{ things::what(thing, &props.shot.scene, props.lang) }{ " " }{ rule_links(of_it.iter().copied(), props.lang, &props.on) }</p>
            // The same rows whatever it is doing, so that what can be clicked below keeps its place under the pointer.
            <dl class="rows">
                { for rows(thing, &props.shot, props.lang).into_iter().map(|(name, value)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> }) }
            </dl>
            { what_can_be_done(thing, props, text) }
            { thing_settings(thing, props, text) }
        </section>
    }
}

/// What can be done to it: by hand, and its faults.
fn what_can_be_done(thing: Thing, props: &SideProps, text: &Text) -> Html {
    let (by_hand, faults) = (actions(thing, props, text), thing_faults(thing, props));
    if by_hand.is_none() && faults.is_none() {
        return html! {};
    }
    html! { <><h3>{ text.what_can_be_done }</h3>{ by_hand }{ faults }</> }
}

/// What can be done to it by hand, besides faults.
fn actions(thing: Thing, props: &SideProps, text: &Text) -> Option<Html> {
    let world = &props.shot.world;
    let process = |node| process(thing, node, props, text);
    let inner = match thing {
        // Groups and topics of a script have no buttons: those act on the bank's.
        Thing::Group(_) | Thing::Partition { .. } | Thing::Record { .. } if world.bank().is_none() => return None,
        Thing::Topic(id) if world.bank().is_none() => newest(id, props),
        Thing::Api | Thing::Handler => process(Node::Api),
        Thing::Relay => process(Node::Relay),
        Thing::Broker(id) => process(Node::Broker(id)),
        Thing::Consumer(place) if place >= SHARES_FROM => share_consumer(thing, place - SHARES_FROM, props, text),
        Thing::Consumer(place) if place >= MEMBERS_FROM => member(place - MEMBERS_FROM, props, text),
        Thing::Consumer(slot) => {
            let node = Node::Consumer(slot);
            let on = world.consumers().get(slot as usize).is_some_and(|consumer| consumer.by_hand);
            html! {
                <>
                    { process(node) }
                    { deed(text.pause_container, Action::Pause(node), props) }
                    { deed(text.resume_container, Action::Resume(node), props) }
                    { switch(on, Intervention::ByHand { consumer: slot, on: !on }, props, text) }
                </>
            }
        }
        Thing::Group(group) if group as usize >= GROUPS.len() => share_group(props, text),
        Thing::Group(group) => listener_group(group, props, text),
        Thing::Projection(group) => deed(text.rebuild_view, Action::RebuildView { group }, props),
        Thing::WriteDb | Thing::Account(_) => deed(text.drop_snapshots, Action::DropSnapshots, props),
        Thing::Topic(id) if targets::is_of_other_topic(thing, world) => newest(id, props),
        thing if targets::is_of_other_topic(thing, world) => return None,
        Thing::Topic(_) => deed(text.add_partition, Action::AddPartitions { total: world.partition_count() + 1 }, props),
        Thing::Partition { partition, .. } => {
            let before = world.high_watermark(world.topic_partition(partition));
            deed(text.delete_records, Action::DeleteRecords { partition, before }, props)
        }
        Thing::Record { partition, offset, .. } => {
            deed(text.delete_records_before, Action::DeleteRecords { partition, before: offset }, props)
        }
        _ => return None,
    };
    Some(html! { <div class="actions">{ inner }</div> })
}

/// A button that does something to the run.
fn does(name: &str, intervention: Intervention, disabled: bool, props: &SideProps) -> Html {
    let onclick = props.on.reform(move |_: MouseEvent| act(intervention.clone()));
    html! { <button type="button" class="chip" {disabled} {onclick}>{ name }</button> }
}

fn deed(name: &str, action: Action, props: &SideProps) -> Html {
    does(name, Intervention::Act(action), false, props)
}

/// Ends and starts the process of a thing.
fn process(thing: Thing, node: Node, props: &SideProps, text: &Text) -> Html {
    let up = is_up(thing, &props.shot.scene);
    // What a script has started is started again by the script alone.
    let again = props.shot.world.bank().is_some() || matches!(node, Node::Broker(_));
    html! {
        <>
            { does(text.kill, Intervention::Act(Action::Kill(node)), !up, props) }
            { does(text.stop, Intervention::Act(Action::Stop(node)), !up, props) }
            if again { { does(text.start, Intervention::Act(Action::Start(node)), up, props) } }
        </>
    }
}

/// A worker of the bank's share group, or a share consumer of a script.
fn share_consumer(thing: Thing, slot: u32, props: &SideProps, text: &Text) -> Html {
    match props.shot.world.share_consumers().get(slot as usize) {
        Some(ShareSlot { work: Some(work), .. }) => {
            let on = work.by_hand;
            let other = Intervention::ShareByHand { consumer: slot, on: !on };
            html! { <>{ process(thing, Node::ShareConsumer(slot), props, text) }{ switch(on, other, props, text) }</> }
        }
        Some(consumer) => does(text.kill, Intervention::Lab(LabAction::Crash { member: consumer.name.clone() }), false, props),
        None => html! {},
    }
}

/// A bare consumer of a script.
fn member(place: u32, props: &SideProps, text: &Text) -> Html {
    let Some(member) = props.shot.world.lab().members().get(place as usize).map(|member| member.name.clone()) else { return html! {} };
    let button = |name, action| does(name, Intervention::Lab(action), false, props);
    html! {
        <>
            { button(text.kill, LabAction::Crash { member: member.clone() }) }
            { button(text.pause_container, LabAction::Stall { member: member.clone() }) }
            { button(text.resume_container, LabAction::Resume { member }) }
        </>
    }
}

/// The most workers that a share group has.
const WORKERS_MAX: usize = 6;

fn share_group(props: &SideProps, text: &Text) -> Html {
    let running = |c: &&ShareSlot| c.work.as_ref().is_some_and(|w| w.state == ProcessState::Running);
    let count = props.shot.world.share_consumers().iter().filter(running).count();
    let scale = |sign: &str, count: usize| {
        let set = Intervention::Set { key: "share.consumers".into(), value: count.to_string().into() };
        does(&[sign, " ", text.consumers].concat(), set, false, props)
    };
    html! { <>{ scale("−", count.saturating_sub(1)) }{ scale("+", (count + 1).min(WORKERS_MAX)) }</> }
}

fn listener_group(group: u32, props: &SideProps, text: &Text) -> Html {
    let count = props.shot.world.consumer_count(group);
    let scale = |sign: &str, consumers: u32| deed(&[sign, " ", text.consumers].concat(), Action::Scale { group, consumers }, props);
    html! {
        <>
            { scale("−", count.saturating_sub(1)) }
            { scale("+", count + 1) }
            { for RESETS.map(|(name, to)| deed(&[text.reset_offsets, " ", name].concat(), Action::ResetOffsets { group, to }, props)) }
            { deed(text.rebuild_view, Action::RebuildView { group }, props) }
            { deed(text.replay_dead_letters, Action::ReplayDeadLetters { group }, props) }
        </>
    }
}

/// The switch that lets a viewer decide what becomes of each delivery.
fn switch(on: bool, other: Intervention, props: &SideProps, text: &Text) -> Html {
    let onchange = props.on.reform(move |_: Event| act(other.clone()));
    html! { <label class="switch"><input type="checkbox" data-testid="by-hand" checked={on} {onchange} />{ text.by_hand }</label> }
}

/// Whether its process runs: what runs cannot be started, and what does not cannot be stopped.
fn is_up(thing: Thing, scene: &Scene) -> bool {
    let runs = |health: Health| health != Health::Down;
    match thing {
        Thing::Api | Thing::Handler => runs(scene.api.health),
        Thing::Relay => scene.relay.is_some_and(|relay| runs(relay.health)),
        Thing::Broker(id) => scene.brokers.iter().any(|broker| broker.id == id && runs(broker.health)),
        Thing::Consumer(id) => {
            let found = scene.groups.iter().flat_map(|group| &group.consumers).find(|consumer| consumer.id == id);
            found.is_some_and(|consumer| !matches!(consumer.state, ConsumerState::Dead | ConsumerState::Stopped))
        }
        _ => true,
    }
}

/// What a tool moves a group's offsets to, by the names of its options (C9).
const RESETS: [(&str, ResetTo); 5] = [
    ("--to-earliest", ResetTo::Earliest),
    ("--to-latest", ResetTo::Latest),
    ("--shift-by -10", ResetTo::ShiftBy { by: -10 }),
    ("--shift-by 10", ResetTo::ShiftBy { by: 10 }),
    ("--by-duration PT10S", ResetTo::ByDuration { ms: 10_000 }),
];

/// How many of a topic's newest records are offered.
const NEWEST: u64 = 4;

/// The newest records of each partition of a topic without lanes: dead letters, retries, notices (D12).
fn newest(topic: u32, props: &SideProps) -> Html {
    let cluster = props.shot.world.cluster();
    let id = crate::broker::TopicId(topic);
    let count = cluster.topics().iter().find(|known| known.id == id).map_or(0, |known| known.partitions);
    let of_partition = |partition: u32| {
        let leader = cluster.leader(crate::broker::TopicPartition { topic: id, partition });
        let from = leader.map_or(0, |leader| leader.log.end().saturating_sub(NEWEST));
        let records = leader.into_iter().flat_map(move |leader| leader.records_from(from)).filter(|record| record.control.is_none());
        records.map(move |record| (partition, record.offset)).collect::<Vec<_>>()
    };
    let record = |(partition, offset): (u32, u64)| {
        let thing = Thing::Record { topic, partition, offset };
        let onclick = props.on.reform(move |_: MouseEvent| Msg::Select(Some(thing)));
        html! { <button type="button" class="chip" data-testid={thing.to_string()} {onclick}>{ ["P", &partition.to_string(), "@", &offset.to_string()].concat() }</button> }
    };
    (0..count).flat_map(of_partition).map(record).collect()
}

fn thing_faults(thing: Thing, props: &SideProps) -> Option<Html> {
    let found = targets::of_thing(thing, &props.shot.world);
    (!found.is_empty()).then(|| {
        html! {
            <div class="actions">
                { for found.into_iter().map(|(kind, target)| html! {
                    <button type="button" class="chip problem" data-inspector-fault={kind.id()} title={faults::sentence_on(kind, &target, props.lang)}
                        onclick={props.on.reform(move |_: MouseEvent| act(Intervention::Inject(FaultRule::usual(kind, target))))}>{ fault_name(kind, target, props.lang) }</button>
                }) }
            </div>
        }
    })
}

/// A fault's name; on a link of one thing only, with the link's.
fn fault_name(kind: FaultKind, target: Target, lang: Lang) -> String {
    let name = faults::name_on(kind, &target, lang);
    match target {
        Target::Link { link, of: Some(_) } => [name, ": ", faults::link(link, lang)].concat(),
        _ => name.to_owned(),
    }
}

/// The settings that belong to a thing: scopes, and the group or link if there are several.
fn scopes(thing: Thing, shot: &Shot) -> (&'static [Scope], Of) {
    match thing {
        // What a script has brought along has settings of its own.
        thing if shot.world.bank().is_none() && !matches!(thing, Thing::Link(_) | Thing::Flight(_)) => (&[], Of::Only),
        Thing::Producer(_) | Thing::Service | Thing::Bean(_) | Thing::Table(_) => (&[], Of::Only),
        // Those of topics are the bank's; others have them as they were when they were made.
        thing if targets::is_of_other_topic(thing, &shot.world) => (&[], Of::Only),
        Thing::Client => (&[Scope::Client], Of::Only),
        Thing::Api | Thing::Handler | Thing::WriteDb | Thing::Outbox | Thing::Account(_) => (&[Scope::Api], Of::Only),
        Thing::Relay => (&[Scope::Producer, Scope::Api], Of::Only),
        Thing::Broker(_) => (&[Scope::Broker], Of::Only),
        Thing::Topic(_) | Thing::Partition { .. } | Thing::Record { .. } => (&[Scope::Topic], Of::Only),
        Thing::Group(group) if group as usize >= GROUPS.len() => (&[Scope::Share], Of::Only),
        Thing::Group(group) => (&[Scope::Consumer, Scope::Listener], Of::Group(group)),
        Thing::Consumer(slot) if slot >= SHARES_FROM => (&[Scope::Share], Of::Only),
        Thing::Consumer(slot) => {
            let group = shot.world.consumers().get(slot as usize).and_then(|consumer| consumer.group).unwrap_or(0);
            (&[Scope::Listener, Scope::Consumer], Of::Group(group))
        }
        Thing::Projection(group) => (&[Scope::Projection, Scope::ReadDb], Of::Group(group)),
        Thing::QueryApi => (&[Scope::ReadDb], Of::Only),
        Thing::Link(link) => (&[Scope::Link], Of::Link(link)),
        Thing::Flight(number) => match shot.world.flights().get(number) {
            Some(flight) => (&[Scope::Link], Of::Link(flight.link)),
            None => (&[], Of::Only),
        },
    }
}

fn thing_settings(thing: Thing, props: &SideProps, text: &Text) -> Html {
    let (wanted, of) = scopes(thing, &props.shot);
    let config = props.shot.world.config();
    let belongs = |setting: &crate::scenario::Setting| wanted.contains(&setting.scope()) && (setting.of == of || setting.of == Of::Only);
    let found: Vec<usize> = settings().iter().enumerate().filter(|(_, setting)| belongs(setting)).map(|(index, _)| index).collect();
    if found.is_empty() {
        return html! {};
    }
    html! {
        <>
            <h3>{ text.its_settings }</h3>
            { for found.into_iter().map(|index| setting_row(index, config.at(index), props.lang, &props.on)) }
        </>
    }
}
