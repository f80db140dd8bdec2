//! Every setting that the core has: its real name, one sentence, what it may be, and when a change acts.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::PanelProps;
use super::rule::rule_link;
use crate::pipeline::Intervention;
use crate::scenario::{Config, GROUPS, Kind, Of, Scope, Setting, TakesEffect, Unit, Value, settings};
use crate::ui::app::Msg;
use crate::ui::break_bar::act;
use crate::ui::choice::Choice;
use crate::ui::i18n::settings as words;
use crate::ui::i18n::{Lang, Text, faults};
use crate::ui::number::Number;
use crate::ui::slider::LatencySlider;

/// The order of the picture.
const SCOPES: [Scope; 11] = [
    Scope::Client,
    Scope::Api,
    Scope::Producer,
    Scope::Topic,
    Scope::Broker,
    Scope::Consumer,
    Scope::Listener,
    Scope::Projection,
    Scope::ReadDb,
    Scope::Share,
    Scope::Link,
];

#[component]
pub(crate) fn Settings(props: &PanelProps) -> Html {
    let text = Text::of(props.lang);
    let search = use_state(String::new);
    let oninput = {
        let search = search.clone();
        move |event: InputEvent| search.set(event.target_unchecked_into::<HtmlInputElement>().value())
    };
    let wanted = search.trim().to_lowercase();
    let config = props.shot.world.config();
    html! {
        <div class="settings" data-testid="settings">
            <label class="search">
                <span class="visually-hidden">{ text.search }</span>
                <input type="search" placeholder={text.search} value={(*search).clone()} {oninput} />
            </label>
            { for SCOPES.into_iter().map(|scope| section(scope, &wanted, config, props, text)) }
        </div>
    }
}

fn section(scope: Scope, wanted: &str, config: &Config, props: &PanelProps, text: &Text) -> Html {
    let found: Vec<usize> =
        settings().iter().enumerate().filter(|(_, s)| s.scope() == scope && matches(s, wanted)).map(|(i, _)| i).collect();
    if found.is_empty() {
        return html! {};
    }
    let changed = found.iter().filter(|i| config.at(**i) != settings()[**i].default).count();
    html! {
        <details key={words::scope(scope, Lang::En)} open={!wanted.is_empty()}>
            <summary><h2>{ words::scope(scope, props.lang) }</h2>
                <span class="muted">{ found.len() }if changed > 0 { { " · " }{ changed }{ " " }{ text.changed } }</span></summary>
            { for found.into_iter().map(|index| setting_row(index, config.at(index), props.lang, &props.on)) }
        </details>
    }
}

/// Whether a setting's key or words hold what is searched.
fn matches(setting: &Setting, wanted: &str) -> bool {
    wanted.is_empty()
        || setting.key.to_lowercase().contains(wanted)
        || [Lang::En, Lang::Ko].iter().any(|lang| words::sentence(setting.property, *lang).to_lowercase().contains(wanted))
}

/// A setting with its value, for the parts of its row.
struct RowProps {
    index: usize,
    value: Value,
    lang: Lang,
    on: Callback<Msg>,
}

/// One setting.
pub(super) fn setting_row(index: usize, value: Value, lang: Lang, on: &Callback<Msg>) -> Html {
    let props = &RowProps { index, value, lang, on: on.clone() };
    let setting = &settings()[props.index];
    let text = Text::of(props.lang);
    let changed = setting.default != props.value;
    let owner = match setting.of {
        Of::Only => String::new(),
        Of::Group(group) => GROUPS.get(group as usize).map_or_else(String::new, |name| (*name).to_owned()),
        Of::Link(link) => faults::link(link, props.lang).to_owned(),
    };
    html! {
        <div key={props.index} class={classes!("setting", changed.then_some("changed"))}>
            <p class="setting-name"><code lang="en">{ setting.property.name() }</code>
                if !owner.is_empty() { <span class="muted">{ owner }</span> }
            </p>
            <p>{ words::sentence(setting.property, props.lang) }</p>
            <div class="row">
                { control(setting, props) }
                if changed {
                    <button type="button" class="quiet" onclick={set(props, &setting.default.to_string())}>{ text.default_value }{ " " }{ setting.default.to_string() }</button>
                }
            </div>
            <p class="muted small">{ words::effect(setting.takes_effect(), props.lang) }
                if let Some(rule) = setting.property.rule() { { " · " }{ text.rule }{ " " }{ rule_link(rule, props.lang, &props.on) } }
            </p>
        </div>
    }
}

/// The message that changes a setting: an intervention, or a new run if it is part of what a run begins with.
fn change(index: usize, value: String) -> Msg {
    match settings()[index].takes_effect() {
        TakesEffect::NextRun => Msg::Begin { index, value: value.into() },
        _ => act(Intervention::Set { key: settings()[index].key.as_str().into(), value: value.into() }),
    }
}

fn set(props: &RowProps, value: &str) -> Callback<MouseEvent> {
    let (index, value) = (props.index, value.to_owned());
    props.on.reform(move |_| change(index, value.clone()))
}

fn control(setting: &'static Setting, props: &RowProps) -> Html {
    let index = props.index;
    let testid = ["setting-", &setting.key].concat();
    match (setting.kind(), props.value) {
        (Kind::Bool, value) => {
            let on = value == Value::Bool(true);
            let onchange = props.on.reform(move |_: Event| change(index, (!on).to_string()));
            html! { <label class="switch" lang="en"><input type="checkbox" checked={on} data-testid={testid} aria-label={setting.key.as_str()} {onchange} />{ if on { "true" } else { "false" } }</label> }
        }
        (Kind::Choice(choices), value) => {
            let on_choose = props.on.reform(move |choice: AttrValue| change(index, choice.to_string()));
            let options: Vec<_> = choices.iter().map(|choice| ((*choice).into(), (*choice).into())).collect();
            html! { <Choice lang="en" {testid} label={setting.key.as_str()} value={value.to_string()} {options} {on_choose} /> }
        }
        (Kind::Int { min, max, unit }, value) => {
            let on_number = props.on.reform(move |number: AttrValue| change(index, number.to_string()));
            html! {
                <label><Number value={value.to_string()} min={min.to_string()} max={max.to_string()} {testid} property={setting.key.as_str()} {on_number} />
                    { " " }{ unit_word(unit, props.lang) }</label>
            }
        }
        (Kind::Latency, Value::Latency(value)) => {
            let name = match setting.of {
                Of::Link(link) => faults::link(link, props.lang),
                _ => setting.property.name(),
            };
            html! { <LatencySlider {index} {value} {name} on={props.on.clone()} /> }
        }
        (Kind::Latency, _) => html! {},
    }
}

/// A unit behind a number.
fn unit_word(unit: Unit, lang: Lang) -> &'static str {
    match unit {
        Unit::None => "",
        Unit::Ms => "ms",
        Unit::Bytes => lang.pick("bytes", "바이트"),
        Unit::Records => lang.pick("records", "레코드"),
        Unit::PerMinute => lang.pick("a minute", "/분"),
        Unit::Percent => "%",
        Unit::Money => "₩",
    }
}
