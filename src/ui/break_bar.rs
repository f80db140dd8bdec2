//! Breaking things: the most instructive faults as chips, what is broken now with a way to end it, and the latencies.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::app::{Msg, Open, Shot};
use super::format::duration;
use super::i18n::{Lang, Text, faults};
use super::targets;
use crate::fault::{FaultKind, Link, Moment, Standing};
use crate::kernel::Latency;
use crate::pipeline::Intervention;
use crate::player::Msg as PlayerMsg;
use crate::scenario::{Of, Property, Value, setting, settings};

/// The faults that stand in the bar.
const CHIPS: [FaultKind; 8] = [
    FaultKind::ResponseLost,
    FaultKind::ApiCrashAfterCommit,
    FaultKind::ConsumerKilled,
    FaultKind::ListenerThrows,
    FaultKind::ListenerNacks,
    FaultKind::AckForgotten,
    FaultKind::CrashAfterEffect,
    FaultKind::ReadDbDown,
];

/// The links whose latency stands in the bar.
const SLIDERS: [Link; 5] = [Link::ClientApi, Link::Produce, Link::Fetch, Link::ListenerReadDb, Link::Replication];

/// The longest latency that a slider offers, in microseconds.
const SLIDER_US_MAX: u64 = 10_000_000;
/// The number of places of a slider: 20 for each power of ten from 100 µs on.
const SLIDER_PLACES: u32 = 100;

/// An intervention as a message.
pub(crate) fn act(intervention: Intervention) -> Msg {
    Msg::Do(PlayerMsg::Intervene(intervention))
}

#[derive(Properties, PartialEq)]
pub(crate) struct BarProps {
    pub(crate) lang: Lang,
    pub(crate) shot: Shot,
    /// Whether a dialog shows the faults that stand.
    pub(crate) covered: bool,
    pub(crate) on: Callback<Msg>,
}

/// The bar below the stage.
#[component]
pub(crate) fn BreakBar(props: &BarProps) -> Html {
    let (lang, shot, on) = (props.lang, &props.shot, &props.on);
    html! { <>{ chips(lang, shot, on) }if !props.covered { { active(lang, shot, on) } }{ latencies(lang, shot, on) }</> }
}

/// The chips.
pub(crate) fn chips(lang: Lang, shot: &Shot, on: &Callback<Msg>) -> Html {
    let text = Text::of(lang);
    let chip = |kind: FaultKind| {
        let shot = shot.clone();
        let onclick = on.reform(move |_: MouseEvent| act(Intervention::Inject(targets::usual(kind, &shot.world))));
        html! {
            <button type="button" class="chip problem" data-chip={kind.id()} title={faults::sentence(kind, lang)} {onclick}>{ faults::name(kind, lang) }</button>
        }
    };
    html! {
        <div class="chips" data-testid="chips" role="group" aria-label={text.break_something}>
            { for CHIPS.into_iter().map(chip) }
            <button type="button" class="chip" data-opens="palette fault-search" onclick={on.reform(|_| Msg::Open(Some(Open::Palette)))}>
                { (FaultKind::all().len() - CHIPS.len()).to_string() }{ " " }{ text.more_faults }
            </button>
            <button type="button" class="chip command" data-opens="send-command" onclick={on.reform(|_| Msg::Open(Some(Open::Command)))}>{ text.send_command }</button>
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
                { for faults.iter().map(|fault| standing(fault, lang, on, text)) }
            </ul>
            if faults.len() > 1 {
                <button type="button" class="chip" data-testid="heal-all" onclick={on.reform(|_| act(Intervention::HealAll))}>{ text.heal_all }</button>
            }
        </div>
    }
}

fn standing(fault: &Standing, lang: Lang, on: &Callback<Msg>, text: &Text) -> Html {
    let (id, rule) = (fault.id, &fault.rule);
    let state = match rule.moment {
        Moment::Armed { .. } => [text.armed, " ×", &fault.left.unwrap_or(0).to_string()].concat(),
        Moment::Lasting { .. } | Moment::Immediate => text.lasting.to_owned(),
    };
    let name = faults::name(rule.kind, lang);
    html! {
        <li key={id.0} class="fault" data-testid="fault-active" data-fault={rule.kind.id()} title={faults::sentence(rule.kind, lang)}>
            <b>{ name }</b>{ " " }
            <span>{ targets::name(&rule.target, lang) }{ " · " }{ state }
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
    html! {
        <div class="latencies" role="group" aria-label={text.latency}>
            { for SLIDERS.into_iter().map(|link| {
                let of = Of::Link(link);
                latency_slider(place(Property::LinkLatency, of), config.link_latency(link), faults::link(link, lang), on)
            }) }
            { latency_slider(place(Property::ListenerTime, group), config.latency(Property::ListenerTime, group), lang.pick("listener", "리스너"), on) }
        </div>
    }
}

/// A setting's place in the table.
fn place(property: Property, of: Of) -> usize {
    setting(property, of).expect("asked for a property of something that has it")
}

/// A latency: the typical duration on a logarithmic scale, live. `index` is the setting's place in the table.
pub(crate) fn latency_slider(index: usize, value: Latency, name: &'static str, on: &Callback<Msg>) -> Html {
    let setting = &settings()[index];
    let label = duration(value.us_typical());
    let oninput = on.reform(move |event: InputEvent| {
        let place = event.target_unchecked_into::<HtmlInputElement>().value().parse().unwrap_or(0);
        let value = Value::Latency(value.with_us_typical(us_at(place)));
        act(Intervention::Set { key: settings()[index].key.as_str().into(), value: value.to_string().into() })
    });
    html! {
        <label class="latency" title={setting.key.as_str()}>
            <span class="latency-name">{ name }</span>
            <input type="range" min="0" max={SLIDER_PLACES.to_string()} step="1" value={place_of(value.us_typical()).to_string()}
                data-testid={["latency-", &setting.key].concat()} aria-valuetext={label.clone()} {oninput} />
            <output class="latency-value">{ label }</output>
        </label>
    }
}

/// The duration at a place of the slider, in microseconds, rounded to two digits: 0, then 100 µs to 10 s.
fn us_at(place: u32) -> u64 {
    if place == 0 {
        return 0;
    }
    let exact = 100.0 * 10f64.powf(f64::from(place.min(SLIDER_PLACES) - 1) / f64::from(SLIDER_PLACES - 1) * 5.0);
    let unit = 10f64.powi(exact.log10() as i32 - 1);
    ((exact / unit).round() * unit) as u64
}

/// The place of a duration on the slider.
fn place_of(us: u64) -> u32 {
    if us < 100 {
        return 0;
    }
    let fraction = (us.min(SLIDER_US_MAX) as f64 / 100.0).log10() / 5.0;
    1 + (fraction * f64::from(SLIDER_PLACES - 1)).round() as u32
}
