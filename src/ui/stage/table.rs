//! The table that says what the picture says, live.

use std::rc::Rc;

use yew::prelude::*;

use crate::player::Thing;
use crate::scene::{Cargo, LaneView, Scene, TopicView};
use crate::ui::i18n::Lang;
use crate::ui::i18n::stage::{self as words, StageText};

use super::cards::{Card, cards};
use super::lane::lane_words;
use super::node::select;
use super::ways::link_words;
use crate::ui::format::{count, number};

/// How many flights have a row of their own; the rest is counted.
const FLIGHTS_MAX: usize = 24;

#[derive(Properties)]
pub(crate) struct StageTableProps {
    /// What to show.
    pub(crate) scene: Rc<Scene>,
    /// In which language.
    pub(crate) lang: Lang,
    /// Something was selected.
    pub(crate) on_select: Callback<Thing>,
}

impl PartialEq for StageTableProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.scene, &other.scene) && self.lang == other.lang && self.on_select == other.on_select
    }
}

/// A row: what, and what it says.
struct Row {
    thing: Thing,
    name: String,
    words: String,
}

#[component]
pub(crate) fn StageTable(props: &StageTableProps) -> Html {
    let (scene, lang) = (&*props.scene, props.lang);
    let t = StageText::of(lang);
    let body = |title: &str, rows: Vec<Row>| {
        html! {
            <tbody>
                <tr><th colspan="2" scope="rowgroup">{ title.to_owned() }</th></tr>
                { for rows.into_iter().map(|row| html! {
                    <tr>
                        <th scope="row"><button type="button" onclick={select(&props.on_select, row.thing)}>{ row.name }</button></th>
                        <td>{ row.words }</td>
                    </tr>
                }) }
            </tbody>
        }
    };
    html! {
        <table class="stage-table" data-testid="table-view">
            <caption>{ t.stage }</caption>
            <thead><tr><th scope="col">{ t.thing }</th><th scope="col">{ t.details }</th></tr></thead>
            { body(t.stage_parts, cards(scene, lang).iter().map(|c| of_card(scene, c)).collect()) }
            { body(t.log, scene.topics.iter().flat_map(|topic| topic.lanes.iter().map(|l| of_lane(scene, topic, l, lang))).collect()) }
            { body(t.both_models, accounts(scene, lang)) }
            { body(t.links, links(scene, lang)) }
            { body(t.in_flight, flights(scene, lang)) }
        </table>
    }
}

fn of_card(scene: &Scene, card: &Card) -> Row {
    // A consumer's number is within its group, so its row names the group as well.
    let group = match card.thing {
        Thing::Consumer(id) => scene.groups.iter().find(|g| g.consumers.iter().any(|c| c.id == id)),
        _ => None,
    };
    let name = group.map_or_else(|| card.title.clone(), |g| format!("{} · {}", g.name, card.title));
    Row { thing: card.thing, name, words: card.sentence() }
}

fn of_lane(scene: &Scene, topic: &TopicView, lane: &LaneView, lang: Lang) -> Row {
    let t = StageText::of(lang);
    let mut words = format!(
        "{} · {} {} · {} {} · {} {}",
        lane_words(lane, lang),
        t.log_start,
        lane.log_start,
        t.high_watermark,
        lane.high_watermark,
        t.log_end,
        lane.log_end
    );
    for mark in &lane.marks {
        let name = scene.groups.get(mark.group as usize).map_or("", |g| g.name.as_ref());
        let show = |offset: Option<u64>| offset.map_or_else(|| "–".to_owned(), |o| o.to_string());
        words = format!(
            "{words}; {name}: {} {}, {} {}, {} {}",
            t.committed,
            show(mark.committed),
            t.position,
            show(mark.position),
            t.lag,
            count(lane.lag(mark))
        );
    }
    Row {
        thing: Thing::Partition { topic: topic.id, partition: lane.partition },
        name: format!("{}-{}", topic.name, lane.partition),
        words,
    }
}

fn accounts(scene: &Scene, lang: Lang) -> Vec<Row> {
    let t = StageText::of(lang);
    let row = |a: &crate::scene::AccountView| {
        let read = a.read.map_or_else(|| t.not_there.to_owned(), number);
        let state = match a.read {
            Some(read) if read == a.written => t.in_step.to_owned(),
            Some(read) => format!("{} {}", t.off_by, number(read - a.written)),
            None => t.not_there.to_owned(),
        };
        let words = format!(
            "{} {} · {} {read} · {state} · {}",
            t.write_model,
            number(a.written),
            t.read_model,
            words::applied(lang, a.applied, a.total)
        );
        Row { thing: Thing::Account(a.id), name: format!("{} {}", t.account, a.name), words }
    };
    scene.accounts.iter().map(row).collect()
}

fn links(scene: &Scene, lang: Lang) -> Vec<Row> {
    let row = |l: &crate::scene::LinkView| Row {
        thing: Thing::Link(l.link),
        name: words::link(lang, l.link).to_owned(),
        words: link_words(lang, l.link, l.state, l.latency_us),
    };
    scene.links.iter().map(row).collect()
}

/// A row for each flight, or for each kind of flight on each link if they are many.
fn flights(scene: &Scene, lang: Lang) -> Vec<Row> {
    if scene.flights.len() <= FLIGHTS_MAX {
        let row = |f: &crate::scene::Sprite| Row {
            thing: Thing::Flight(f.flight),
            name: format!("#{} {}", f.flight, words::cargo(lang, f.cargo)),
            words: words::link(lang, f.route.link()).to_owned(),
        };
        return scene.flights.iter().map(row).collect();
    }
    let mut counts: Vec<((crate::fault::Link, Cargo), u64)> = Vec::new();
    for flight in &scene.flights {
        let kind = (flight.route.link(), flight.cargo);
        match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, n)) => *n += 1,
            None => counts.push((kind, 1)),
        }
    }
    let row = |((link, cargo), n): ((crate::fault::Link, Cargo), u64)| Row {
        thing: Thing::Link(link),
        name: format!("{} × {}", count(n), words::cargo(lang, cargo)),
        words: format!("{} · {}", words::link(lang, link), StageText::of(lang).crowded),
    };
    counts.into_iter().map(row).collect()
}
