//! Breaking things: the most instructive faults as chips, what is broken now with a way to end it, and the latencies.

use yew::prelude::*;

use super::app::{Msg, Open, Shot};
use super::format::duration;
use super::i18n::{Lang, Text, faults};
use super::slider::LatencySlider;
use super::targets;
use crate::fault::{FaultKind, Link, Moment, Standing, Target, Unit};
use crate::pipeline::Intervention;
use crate::player::Msg as PlayerMsg;
use crate::scenario::{Of, Property, setting};

/// The links whose latency stands in the bar.
const SLIDERS: [Link; 5] = [Link::ClientApi, Link::Produce, Link::Fetch, Link::ListenerReadDb, Link::Replication];

/// An intervention as a message.
pub(crate) fn act(intervention: Intervention) -> Msg {
    Msg::Do(PlayerMsg::Intervene(intervention))
}

#[derive(Properties, PartialEq)]
pub(crate) struct BarProps {
    pub(crate) lang: Lang,
    pub(crate) shot: Shot,
    /// Whether there is room for one line only.
    pub(crate) compact: bool,
    /// Whether a dialog shows the faults that stand.
    pub(crate) covered: bool,
    pub(crate) on: Callback<Msg>,
}

/// The bar below the stage.
#[component]
pub(crate) fn BreakBar(props: &BarProps) -> Html {
    let (lang, shot, on) = (props.lang, &props.shot, &props.on);
    html! { <>{ chips(lang, shot, on) }if !props.covered { { active(lang, shot, on) } }if !props.compact { { latencies(lang, shot, on) } }</> }
}

/// The chips.
pub(crate) fn chips(lang: Lang, shot: &Shot, on: &Callback<Msg>) -> Html {
    let text = Text::of(lang);
    let chip = |kind: FaultKind| {
        let target = targets::usual_target(kind, &shot.world);
        let (name, sentence) = (faults::name_on(kind, &target, lang), faults::sentence_on(kind, &target, lang));
        let shot = shot.clone();
        let onclick = on.reform(move |_: MouseEvent| act(Intervention::Inject(targets::usual(kind, &shot.world))));
        html! { <button type="button" class="chip problem" data-chip={kind.id()} title={sentence} {onclick}>{ name }</button> }
    };
    let usual: Vec<FaultKind> = targets::usual_kinds(&shot.world).collect();
    let more = FaultKind::all().iter().filter(|kind| targets::fits(**kind, &shot.world)).count() - usual.len();
    html! {
        <div class="chips" data-testid="chips" role="group" aria-label={text.break_something}>
            if usual.is_empty() { <p class="muted">{ text.nothing_to_break }</p> }
            <div class="chips-usual" data-scrolls="x">{ for usual.into_iter().map(chip) }</div>
            if more > 0 {
                <button type="button" class="chip" data-opens="palette fault-search" onclick={on.reform(|_| Msg::Open(Some(Open::Palette)))}>
                    { more.to_string() }{ text.more_faults }
                </button>
            }
            if shot.world.bank().is_some() {
                <button type="button" class="chip command" data-opens="send-command" onclick={on.reform(|_| Msg::Open(Some(Open::Command)))}>{ text.send_command }</button>
            }
        </div>
    }
}

/// What is broken now.
pub(crate) fn active(lang: Lang, shot: &Shot, on: &Callback<Msg>) -> Html {
    let text = Text::of(lang);
    let faults = shot.world.faults().standing();
    if faults.is_empty() {
        return html! {};
    }
    html! {
        <div class="active" role="group" aria-label={text.active_faults}>
            <h2 class="small">{ text.active_faults }</h2>
            <ul>
                { for faults.iter().map(|fault| standing(fault, shot, lang, on, text)) }
            </ul>
            if faults.len() > 1 {
                <button type="button" class="chip" data-testid="heal-all" onclick={on.reform(|_| act(Intervention::HealAll))}>{ text.heal_all }</button>
            }
        </div>
    }
}

fn standing(fault: &Standing, shot: &Shot, lang: Lang, on: &Callback<Msg>, text: &Text) -> Html {
    let (id, rule) = (fault.id, &fault.rule);
    let state = match rule.moment {
        Moment::Armed { .. } => [text.armed, " ×", &fault.left.unwrap_or(0).to_string()].concat(),
        Moment::Lasting { .. } | Moment::Immediate => text.lasting.to_owned(),
    };
    let name = faults::name_on(rule.kind, &rule.target, lang);
    let much = rule.kind.amount().filter(|amount| amount.unit == Unit::Ms).map(|_| duration(rule.amount.saturating_mul(1_000)));
    html! {
        <li key={id.0} class="fault" data-testid="fault-active" data-fault={rule.kind.id()} title={faults::sentence_on(rule.kind, &rule.target, lang)}>
            <b>{ name }</b>{ " " }
            <span>{ targets::name(&rule.target, &shot.scene, lang) }{ " · " }{ state }
                if let Some(much) = much { { " · " }{ much } }
                if fault.struck_count > 0 { { " · " }{ text.struck }{ " " }{ fault.struck_count } }
            </span>
            <button type="button" class="chip" data-testid="fault-end" aria-label={[text.end, ": ", name].concat()}
                onclick={on.reform(move |_: MouseEvent| act(Intervention::EndFault(id)))}>{ text.end }</button>
        </li>
    }
}

/// The latencies in the bar.
pub(crate) fn latencies(lang: Lang, shot: &Shot, on: &Callback<Msg>) -> Html {
    let text = Text::of(lang);
    let config = shot.world.config();
    let group = Of::Group(0);
    let links = targets::targets(FaultKind::LinkSlow, &shot.world);
    let there = |link: &Link| links.contains(&Target::Link { link: *link, of: None });
    html! {
        <div class="latencies" data-testid="latencies" role="group" aria-label={text.latency}>
            { for SLIDERS.into_iter().filter(there).map(|link| {
                let of = Of::Link(link);
                let (index, value) = (place(Property::LinkLatency, of), config.link_latency(link));
                html! { <LatencySlider key={index} {index} {value} name={faults::link(link, lang)} on={on.clone()} /> }
            }) }
            if shot.world.bank().is_some() {
                <LatencySlider index={place(Property::ListenerTime, group)} value={config.latency(Property::ListenerTime, group)} name={lang.pick("listener", "리스너")} on={on.clone()} />
            }
        </div>
    }
}

/// A setting's place in the table.
fn place(property: Property, of: Of) -> usize {
    setting(property, of).expect("asked for a property of something that has it")
}
