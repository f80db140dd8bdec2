//! The bar at the top: which run this is, what is broken in it, and what concerns the whole page.

use yew::prelude::*;

use super::app::{Msg, Open, Prefs, Theme};
use super::choice::{Choice, Choosable};
use super::format::count;
use super::i18n::cases::CaseText;
use super::i18n::{Text, scenarios as words};
use super::number::Number;
use super::scenarios;

#[derive(Properties, PartialEq)]
pub(crate) struct HeaderProps {
    pub(crate) prefs: Prefs,
    /// The scenario's name.
    pub(crate) scenario: AttrValue,
    pub(crate) seed: u64,
    /// What the referee has found up to the playhead.
    pub(crate) violations: u64,
    pub(crate) on: Callback<Msg>,
}

#[component]
pub(crate) fn Header(props: &HeaderProps) -> Html {
    let text = Text::of(props.prefs.lang);
    let on = &props.on;
    let on_seed = {
        let on = on.clone();
        move |number: AttrValue| number.parse().into_iter().for_each(|seed| on.emit(Msg::Seed(seed)))
    };
    let theme = match props.prefs.theme {
        Theme::System => text.theme_system,
        Theme::Light => text.theme_light,
        Theme::Dark => text.theme_dark,
    };
    html! {
        <header class="top">
            <h1 class="brand">{ "CQRS Lab" }</h1>
            <Choice class="scenario" label={text.scenario} testid="scenario" value={props.scenario.clone()} options={runs(props)} on_choose={on.reform(Msg::Scenario)} />
            <label class="seed">
                { text.seed }
                <Number value={props.seed.to_string()} min="0" max="18446744073709551615" testid="seed" on_number={on_seed} />
            </label>
            <button type="button" class="quiet icon dice" title={text.new_seed} aria-label={text.new_seed} onclick={on.reform(|_| Msg::AnySeed)}>
                <svg viewBox="0 0 16 16" aria-hidden="true"><rect x="2" y="2" width="12" height="12" rx="2.5" fill="none" stroke="currentColor" stroke-width="1.4"/><circle cx="5.4" cy="5.4" r="1.2"/><circle cx="8" cy="8" r="1.2"/><circle cx="10.6" cy="10.6" r="1.2"/></svg>
            </button>
            { violations(props, text) }
            <span class="spring"></span>
            <button type="button" class="quiet icon share" data-testid="share" aria-label={text.share} title={text.share} onclick={on.reform(|_| Msg::Share)}>
                <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M6.5 9.5l3-3M7.5 4.5l1.6-1.6a2.8 2.8 0 0 1 4 4L11.5 8.5M8.5 11.5l-1.6 1.6a2.8 2.8 0 0 1-4-4L4.5 7.5" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/></svg>
                <span>{ text.share }</span>
            </button>
            <button type="button" class="quiet" data-testid="fidelity-open" data-opens="fidelity" onclick={on.reform(|_| Msg::Open(Some(Open::Fidelity)))}>{ text.fidelity }</button>
            <button type="button" class="quiet" data-testid="language" lang={props.prefs.lang.pick("ko", "en")} onclick={on.reform(|_| Msg::NextLanguage)}>{ text.language_other }</button>
            <button type="button" class="quiet icon" data-testid="theme" title={[text.theme, ": ", theme].concat()} aria-label={[text.theme, ": ", theme].concat()} onclick={on.reform(|_| Msg::NextTheme)}>
                <svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M8 2a6 6 0 0 0 0 12z"/></svg>
            </button>
            <button type="button" class="quiet icon" data-testid="help" data-opens="keys" title={text.help} aria-label={text.help} onclick={on.reform(|_| Msg::Open(Some(Open::Help)))}>{ "?" }</button>
        </header>
    }
}

/// The scenarios; before them the recorded case that is on the stage, if one is.
fn runs(props: &HeaderProps) -> Vec<Choosable> {
    let lang = props.prefs.lang;
    let is_case = !scenarios::names().any(|name| props.scenario == *name);
    let case = is_case.then(|| (props.scenario.clone(), [CaseText::of(lang).case, ": ", &props.scenario].concat().into()));
    case.into_iter().chain(scenarios::names().map(|name| (name.into(), words::name(name, lang).into()))).collect()
}

fn violations(props: &HeaderProps, text: &Text) -> Html {
    if props.violations == 0 {
        return html! {};
    }
    let word = if props.violations == 1 { text.violation_one } else { text.violations_some };
    let count = count(props.violations);
    let (before, after) = props.prefs.lang.pick((String::new(), [" ", word].concat()), ([word, " "].concat(), "건".to_owned()));
    let label = [before.as_str(), &count, &after].concat();
    html! {
        <button type="button" class="badge-problem" data-testid="violations-open" data-opens="violations violation" aria-label={label}
            onclick={props.on.reform(|_| Msg::Open(Some(Open::Violations)))}><span>{ before }</span>{ count }<span>{ after }</span></button>
    }
}
