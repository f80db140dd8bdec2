//! All faults: searchable, each laid with one click as it usually is, or with target, moment and number of one's own.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::app::{Msg, Shot};
use super::break_bar::{act, active};
use super::choice::{Choice, by_place};
use super::dialog::Dialog;
use super::draft::{Draft, use_draft};
use super::i18n::{Lang, Text, faults};
use super::number::Number;
use super::panels::rule_link;
use super::targets;
use super::toast::{Said, Toast};
use crate::fault::{FaultKind, FaultRule, Moment, MomentKind, Unit};
use crate::pipeline::Intervention;

#[derive(Properties, PartialEq)]
pub(crate) struct PaletteProps {
    pub(crate) lang: Lang,
    pub(crate) shot: Shot,
    /// What came of the last press.
    pub(crate) said: Option<Said>,
    pub(crate) on: Callback<Msg>,
}

#[component]
pub(crate) fn Palette(props: &PaletteProps) -> Html {
    let text = Text::of(props.lang);
    let search = use_state(String::new);
    let oninput = {
        let search = search.clone();
        move |event: InputEvent| search.set(event.target_unchecked_into::<HtmlInputElement>().value())
    };
    let found: Vec<FaultKind> = FaultKind::all()
        .iter()
        .copied()
        .filter(|kind| targets::fits(*kind, &props.shot.world) && matches(*kind, &search, props.lang))
        .collect();
    html! {
        <Dialog title={text.palette} testid="palette" lang={props.lang} on_close={props.on.reform(|()| Msg::Open(None))}>
            <label class="search">
                <span class="visually-hidden">{ text.search }</span>
                <input type="search" autofocus={true} placeholder={text.search} data-testid="fault-search" value={(*search).clone()} {oninput} />
            </label>
            { active(props.lang, &props.shot, &props.on) }
            if found.is_empty() { <p class="muted">{ text.nothing_found }</p> }
            <ul class="palette">
                { for found.into_iter().map(|kind| html! { <FaultRow key={kind.id()} {kind} lang={props.lang} shot={props.shot.clone()} on={props.on.clone()} /> }) }
            </ul>
            <Toast lang={props.lang} said={props.said.clone()} on={props.on.clone()} />
        </Dialog>
    }
}

/// Whether a fault's words, in either language, or its id hold what is searched.
fn matches(kind: FaultKind, search: &str, lang: Lang) -> bool {
    let search = search.trim().to_lowercase();
    let other = lang.pick(Lang::Ko, Lang::En);
    let share = |lang: Lang| faults::of_share(kind, lang).map_or("", |(name, _, _)| name);
    [kind.id(), faults::name(kind, lang), faults::sentence(kind, lang), faults::name(kind, other), share(lang), share(other)]
        .iter()
        .any(|words| words.to_lowercase().contains(&search))
}

#[derive(Properties, PartialEq)]
struct RowProps {
    kind: FaultKind,
    lang: Lang,
    shot: Shot,
    on: Callback<Msg>,
}

#[component]
fn FaultRow(props: &RowProps) -> Html {
    let text = Text::of(props.lang);
    let (kind, world) = (props.kind, &props.shot.world);
    let chosen = use_draft(|| targets::usual(kind, world));
    let choices = targets::targets(kind, world);
    let usual = targets::usual_target(kind, world);
    // What was chosen may be gone meanwhile: the run plays on behind the dialog.
    let standing = {
        let choices = choices.clone();
        move |chosen: FaultRule| if choices.contains(&chosen.target) { chosen } else { FaultRule { target: usual, ..chosen } }
    };
    let rule = standing(chosen.get());
    let onclick = {
        let chosen = chosen.clone();
        props.on.reform(move |_: MouseEvent| act(Intervention::Inject(standing(chosen.get()))))
    };
    let on_target = {
        let (chosen, choices) = (chosen.clone(), choices.clone());
        move |place: AttrValue| {
            if let Some(target) = place.parse().ok().and_then(|place: usize| choices.get(place)) {
                chosen.change(|rule| rule.target = *target);
            }
        }
    };
    let on_moment = {
        let chosen = chosen.clone();
        move |place: AttrValue| {
            if let Some(moment) = place.parse().ok().and_then(|place: usize| kind.moments().get(place)) {
                chosen.change(|rule| rule.moment = moment_of(*moment));
            }
        }
    };
    let target = &rule.target;
    html! {
        <li>
            <button type="button" class="chip problem" data-testid={["fault-", kind.id()].concat()} data-fault={kind.id()} {onclick}>{ faults::name_on(kind, target, props.lang) }</button>
            <p data-testid={["fault-", kind.id(), "-about"].concat()}>{ faults::sentence_on(kind, target, props.lang) }{ " " }{ rule_link(faults::rule_on(kind, target), props.lang, &props.on) }</p>
            <div class="row">
                if choices.len() > 1 {
                    <label>{ text.target }{ " " }
                        <Choice testid={["fault-", kind.id(), "-target"].concat()} value={place_of(&choices, &rule.target)}
                            options={by_place(choices.iter().map(|target| targets::name(target, &props.shot.scene, props.lang)))} on_choose={on_target} />
                    </label>
                }
                if kind.moments().len() > 1 {
                    <label>{ text.when }{ " " }
                        <Choice value={place_of(kind.moments(), &rule.moment.kind())}
                            options={by_place(kind.moments().iter().map(|moment| faults::moment(*moment, props.lang)))} on_choose={on_moment} />
                    </label>
                }
                { amount(kind, &rule, &chosen, text) }
            </div>
        </li>
    }
}

/// The place of one among all, as a selection calls it.
fn place_of<T: PartialEq>(all: &[T], one: &T) -> String {
    all.iter().position(|each| each == one).unwrap_or(0).to_string()
}

fn amount(kind: FaultKind, rule: &FaultRule, chosen: &Draft<FaultRule>, text: &Text) -> Html {
    let Some(amount) = kind.amount() else { return html! {} };
    let on_number = {
        let chosen = chosen.clone();
        move |number: AttrValue| {
            let value = number.parse().unwrap_or(amount.default);
            chosen.change(|rule| rule.amount = value.clamp(amount.min, amount.max));
        }
    };
    let unit = match amount.unit {
        Unit::Ms => "ms",
        Unit::Count => "",
    };
    html! {
        <label>{ text.how_much }{ " " }
            <Number value={rule.amount.to_string()} min={amount.min.to_string()} max={amount.max.to_string()} {on_number} />
            { " " }{ unit }
        </label>
    }
}

/// The moment that a sort of moment means here.
fn moment_of(kind: MomentKind) -> Moment {
    match kind {
        MomentKind::Immediate => Moment::Immediate,
        MomentKind::Lasting => Moment::Lasting { until: None },
        MomentKind::Armed => Moment::Armed { times: 1 },
    }
}
