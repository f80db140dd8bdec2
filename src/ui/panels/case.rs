//! The recorded case on the stage: its script and its facts in the order of time, each fact ticked when the page's own run
//! has shown it.

use yew::prelude::*;

use super::rule::rule_links;
use crate::kernel::SimTime;
use crate::timeline::{Evidence, Verdict};
use crate::ui::app::{CaseMsg, Msg, Shot};
use crate::ui::cases::{File, InBoth, OnStage, Recorded, Sheet};
use crate::ui::format::clock;
use crate::ui::i18n::Lang;
use crate::ui::i18n::cases::CaseText;

/// The panel of the case.
pub(super) fn case_panel(lang: Lang, shot: &Shot, case: &OnStage, on: &Callback<Msg>) -> Html {
    let text = CaseText::of(lang);
    let inner = match &case.sheet {
        File::Loading => html! { <p class="muted" role="status">{ text.loading_case }</p> },
        File::Failed(address) => html! {
            <div role="alert" data-testid="case-failed">
                <p>{ text.failed }{ " " }<code>{ address.clone() }</code></p>
                <p class="muted">{ text.failed_run }</p>
                <button type="button" class="chip" onclick={on.reform(|_: MouseEvent| Msg::Case(CaseMsg::Retry))}>{ text.retry }</button>
            </div>
        },
        File::Here(sheet) => html! { <>{ head(lang, sheet, case, on) }{ story(lang, shot, sheet, case, on) }</> },
    };
    html! {
        <section class="case" data-testid="case">
            <p class="muted small">{ text.case }{ " " }<code lang="en">{ case.id.clone() }</code></p>
            { inner }
        </section>
    }
}

/// What it is about, and how far it has come.
fn head(lang: Lang, sheet: &Sheet, case: &OnStage, on: &Callback<Msg>) -> Html {
    let text = CaseText::of(lang);
    let (came, all) = (case.verdicts.iter().filter(|v| **v == Verdict::Held).count(), sheet.facts.len());
    let (came_text, all_text) = (came.to_string(), all.to_string());
    html! {
        <>
            <h2 lang="en">{ sheet.title.clone() }</h2>
            <p class="small">{ rule_links(sheet.rules.iter().map(String::as_str), lang, on) }{ " " }
                <span class="muted">{ text.recorded_on }{ " " }{ &sheet.systems }</span></p>
            <p class="case-count" data-testid="case-count" data-came={came_text.clone()} data-all={all_text.clone()}>
                <progress max={all_text.clone()} value={came_text.clone()} aria-label={text.facts_came}></progress>
                { " " }{ count_text(lang, &came_text, &all_text) }
            </p>
            if came == all { <p class="case-all" role="status">{ text.all_came }</p> }
            if case.changed {
                <p class="case-changed" data-testid="case-changed">{ text.changed }{ " " }
                    <button type="button" class="chip" data-testid="case-restore" onclick={on.reform(|_: MouseEvent| Msg::Case(CaseMsg::Restore))}>{ text.restore }</button></p>
            }
            { rules_of_listener(lang, sheet) }
            if !sheet.not_compared.is_empty() {
                <details class="small"><summary>{ text.not_compared }</summary>
                    <ul lang="en">{ for sheet.not_compared.iter().map(|entry| html! { <li>{ entry }</li> }) }</ul></details>
            }
        </>
    }
}

fn count_text(lang: Lang, came: &str, all: &str) -> String {
    let text = CaseText::of(lang);
    match lang {
        Lang::En => [came, " ", text.of, " ", all, " ", text.facts_came].concat(),
        Lang::Ko => [all, "개 중 ", came, text.facts_came].concat(),
    }
}

fn rules_of_listener(lang: Lang, sheet: &Sheet) -> Html {
    let rules: Vec<&InBoth> = sheet.steps.iter().filter(|(at, _)| at.is_none()).map(|(_, text)| text).collect();
    if rules.is_empty() {
        return html! {};
    }
    html! {
        <>
            <h3>{ CaseText::of(lang).listener_rules }</h3>
            <ul class="case-rules">{ for rules.into_iter().map(|rule| html! { <li>{ in_words(rule, lang) }</li> }) }</ul>
        </>
    }
}

/// Steps and facts in the order of their moments; at one moment the step comes first, for it causes the rest.
fn story(lang: Lang, shot: &Shot, sheet: &Sheet, case: &OnStage, on: &Callback<Msg>) -> Html {
    let steps = sheet.steps.iter().filter_map(|(at, words)| Some(((*at)?, words)));
    let mut lines: Vec<(SimTime, u8, Html)> = steps.map(|(at, words)| (at, 0, step_line(lang, shot, at, words, on))).collect();
    for (index, fact) in sheet.facts.iter().enumerate() {
        let verdict = case.verdicts.get(index).copied().unwrap_or(Verdict::Ahead);
        lines.push((fact.at, 1, fact_line(lang, fact, verdict, case.changed, on)));
    }
    crate::kernel::sort_by_key(&mut lines, |(at, order, _)| (*at, *order));
    html! {
        <>
            <h3>{ CaseText::of(lang).script }</h3>
            <ol class="case-story" data-testid="case-story">{ for lines.into_iter().map(|(_, _, line)| line) }</ol>
        </>
    }
}

fn jump(at: SimTime, on: &Callback<Msg>) -> Html {
    html! { <button type="button" class="case-at" onclick={on.reform(move |_: MouseEvent| Msg::Jump(at))}>{ clock(at.us()) }</button> }
}

/// A text in the viewer's language; where it is in English only, it says so to whoever reads it aloud.
fn in_words(text: &InBoth, lang: Lang) -> Html {
    let [en, ko] = text;
    html! { <span lang={(lang == Lang::Ko && en == ko).then_some("en")}>{ lang.pick(en, ko).clone() }</span> }
}

fn step_line(lang: Lang, shot: &Shot, at: SimTime, words: &InBoth, on: &Callback<Msg>) -> Html {
    let done = shot.now >= at;
    html! {
        <li class={classes!("case-step", done.then_some("done"))} data-testid="case-step">
            { jump(at, on) }<span class="case-mark" aria-hidden="true">{ "▸" }</span>
            <b>{ in_words(words, lang) }</b>if done { <span class="visually-hidden">{ " " }{ CaseText::of(lang).done }</span> }
        </li>
    }
}

fn fact_line(lang: Lang, fact: &Recorded, verdict: Verdict, changed: bool, on: &Callback<Msg>) -> Html {
    let text = CaseText::of(lang);
    let (mark, name, state, said) = match verdict {
        Verdict::Held => ("☑", "held", text.came, false),
        Verdict::Ahead => ("☐", "ahead", text.ahead, false),
        Verdict::Missing if changed => ("☒", "missing", text.missing, true),
        Verdict::Missing => ("☒", "wrong", text.wrong, true),
    };
    html! {
        <li class={classes!("case-fact", name)} data-testid="case-fact" data-verdict={name}>
            { jump(fact.at, on) }<span class="case-mark" aria-hidden="true">{ mark }</span>
            <details>
                <summary>{ in_words(&fact.text, lang) }
                    <span class={if said { "case-said" } else { "visually-hidden" }}>{ " — " }{ state }</span></summary>
                { for fact.evidence.iter().map(|piece| evidence(text, piece)) }
            </details>
        </li>
    }
}

fn evidence(text: &CaseText, piece: &Evidence) -> Html {
    let (what, at, words) = match piece {
        Evidence::Line { at, text: line } => (text.whole_trace, *at, line.trim_start().to_owned()),
        Evidence::State { at, text: state, .. } => (text.state, *at, state.clone()),
    };
    html! { <p class="case-evidence"><span class="muted small">{ what }{ " " }{ clock(at.us()) }</span><code lang="en">{ words }</code></p> }
}
