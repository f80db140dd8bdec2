//! The journal of facts, and one command followed through all of them. Each line leads to its moment.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::hold::Hold;
use super::rule::rule_link;
use super::tabs::SideProps;
use crate::kernel::SimTime;
use crate::pipeline::{Fact, FactKind};
use crate::ui::app::{Msg, Shot};
use crate::ui::format::{clock, count, readable};
use crate::ui::i18n::details::details as said;
use crate::ui::i18n::{Lang, Text, facts, faults, things, violations};
use crate::ui::newest::{Beyond, Newest};
use crate::ui::rules;
use crate::ui::targets;

/// How many facts of one command are shown.
const FOLLOWED_MAX: usize = 300;

/// What a fact looks like in the journal.
struct Line {
    at: SimTime,
    actor: String,
    /// In the viewer's language.
    what: &'static str,
    /// The word of the trace, which a search finds too.
    name: &'static str,
    details: String,
    command: Option<u32>,
    colour: &'static str,
    /// The rule that says why.
    rule: Option<&'static str>,
}

impl Line {
    fn of(fact: &Fact, shot: &Shot, lang: Lang) -> Line {
        let (word, details) = fact.kind.words(shot.world.cluster().topics());
        let details = match &fact.kind {
            FactKind::FaultLaid { rule, .. } | FactKind::FaultStruck { rule, .. } | FactKind::FaultEnded { rule, .. } => {
                [faults::name(rule.kind, lang), " · ", &targets::name(&rule.target, &shot.scene, lang)].concat()
            }
            FactKind::Violation(violation) => violations::sentence(&violation.kind, lang),
            _ => said(word, readable(&details), lang),
        };
        let (what, name) = (facts::word(word, lang), word.name());
        let colour = colour(&fact.kind, name);
        let actor = match &fact.kind {
            FactKind::Violation(_) => lang.pick("referee", "심판").to_owned(),
            _ => things::node(fact.actor, &shot.scene, lang),
        };
        Line { at: fact.at, actor, what, name, details, command: fact.command, colour, rule: rules::of_word(word) }
    }

    /// Whether every word of a search occurs in it.
    fn holds(&self, words: &[String]) -> bool {
        let command = self.command.map(|command| ["#", &command.to_string()].concat()).unwrap_or_default();
        words.iter().all(|word| {
            [self.actor.as_str(), self.what, self.name, &self.details, &command]
                .iter()
                .any(|text| text.to_lowercase().contains(word.as_str()))
        })
    }
}

/// EventStorming's colour of a fact: a class of the style sheet.
fn colour(kind: &FactKind, what: &str) -> &'static str {
    match kind {
        FactKind::FaultLaid { .. } | FactKind::FaultStruck { .. } | FactKind::Lost { .. } | FactKind::Violation(_) => "c-problem",
        FactKind::FaultEnded { .. } | FactKind::Intervened(_) | FactKind::Answered { .. } => "c-muted",
        _ if ["failed", "nack", "lost", "crash", "dead", "gave_up", "down", "expired", "fenced", "timeout"]
            .iter()
            .any(|w| what.contains(w)) =>
        {
            "c-problem"
        }
        FactKind::Broker(_) | FactKind::Consumer(_) | FactKind::Producer(_) => "c-event",
        FactKind::Listener(_) | FactKind::Application(..) | FactKind::Work(_) => "c-policy",
        FactKind::Bank(_) if what.starts_with("command") || what.starts_with("reply") => "c-command",
        FactKind::Bank(_) if what.starts_with("event") || what.starts_with("outbox") || what.starts_with("publish") => "c-aggregate",
        FactKind::Bank(_) => "c-read",
    }
}

/// The facts that match, newest first.
pub(super) fn journal(props: &SideProps, hold: &Hold) -> Html {
    let text = Text::of(props.lang);
    let (shot, trace) = (&hold.shot, hold.shot.world.trace());
    let words: Vec<String> = props.search.split_whitespace().map(str::to_lowercase).collect();
    let oninput = props.on.reform(|event: InputEvent| Msg::Search(event.target_unchecked_into::<HtmlInputElement>().value().into()));
    // Newest first, so that what happens appears at the top and nobody has to scroll.
    let line = |number| trace.get(number).map(|fact| Line::of(fact, shot, props.lang)).filter(|line| line.holds(&words));
    let Newest { lines, beyond } = Newest::find(trace.dropped_count(), trace.end(), props.shot.playing, line);
    html! {
        <div data-testid="journal" class="journal">
            <label class="search">
                <span class="visually-hidden">{ text.journal_filter }</span>
                <input type="search" placeholder={text.journal_filter} value={props.search.clone()} data-testid="journal-filter" {oninput} />
            </label>
            if lines.is_empty() && beyond == Beyond::Nothing { <p class="muted">{ text.journal_empty }</p> }
            <p class="held" aria-live="off">{ if hold.held { text.journal_held } else { "" } }</p>
            <ol class="facts" onpointerover={hold.over.clone()} onpointerout={hold.out.clone()} onfocusin={hold.focus.clone()} onfocusout={hold.blur.clone()}>
                { for lines.iter().map(|(number, line)| line_of(*number, line, props.lang, &props.on)) }
            </ol>
            if beyond == Beyond::Matches { <p class="muted">{ "… " }{ text.journal_older }</p> }
            if beyond == Beyond::Unsearched { <p class="muted">{ "… " }{ text.journal_unsearched }</p> }
            if trace.dropped_count() > 0 { <p class="muted">{ count(trace.dropped_count()) }{ " " }{ text.journal_dropped }</p> }
        </div>
    }
}

fn line_of(number: u64, line: &Line, lang: Lang, on: &Callback<Msg>) -> Html {
    let text = Text::of(lang);
    let at = line.at;
    let jump = on.reform(move |_: MouseEvent| Msg::Jump(at));
    html! {
        <li key={number} class={classes!("fact", line.colour)}>
            <button type="button" class="fact-jump" data-testid="journal-line" title={text.jump_to} onclick={jump}>
                // Spaces between them: there a line is broken, and not within a name.
                <span class="fact-at">{ clock(at.us()) }</span>{ " " }
                <span class="fact-actor">{ &line.actor }</span>{ " " }
                <b>{ line.what }</b>{ " " }
                <span class="fact-details">{ &line.details }</span>
            </button>
            if let Some(command) = line.command {
                <button type="button" class="fact-command" title={text.follow} aria-label={[text.follow_command, " #", &command.to_string()].concat()}
                    onclick={on.reform(move |_: MouseEvent| Msg::Follow(Some(command)))}>{ "#" }{ command }</button>
            }
            if let Some(rule) = line.rule { { rule_link(rule, lang, on) } }
        </li>
    }
}

/// Everything that one command caused, in order; of the latest one that is worth it if none is named.
pub(super) fn follow(lang: Lang, hold: &Hold, named: Option<u32>, on: &Callback<Msg>) -> Html {
    let text = Text::of(lang);
    let (shot, trace) = (&hold.shot, hold.shot.world.trace());
    let Some(command) = named.or_else(|| latest(shot)) else {
        return html! { <section class="follow" data-testid="follow"><p class="muted">{ text.follow_none }</p></section> };
    };
    let facts: Vec<(u64, &Fact)> = trace.of_command(command).take(FOLLOWED_MAX).collect();
    let begin = facts.first().map_or(SimTime::ZERO, |(_, fact)| fact.at);
    html! {
        <section class="follow" data-testid="follow">
            <h2>{ text.follow_command }{ " #" }{ command }
                if named.is_some() {
                    <button type="button" class="quiet" onclick={on.reform(|_: MouseEvent| Msg::Follow(None))}>{ text.follow_latest }</button>
                } else {
                    <button type="button" class="quiet" onclick={on.reform(move |_: MouseEvent| Msg::Follow(Some(command)))}>{ text.follow }</button>
                }
            </h2>
            <ol class="way" onpointerover={hold.over.clone()} onpointerout={hold.out.clone()} onfocusin={hold.focus.clone()} onfocusout={hold.blur.clone()}>
                { for facts.iter().map(|(number, fact)| {
                    let line = Line::of(fact, shot, lang);
                    let at = fact.at;
                    html! {
                        <li key={*number} class={line.colour}>
                            <button type="button" class="fact-jump" title={text.jump_to} onclick={on.reform(move |_: MouseEvent| Msg::Jump(at))}>
                                <span class="fact-at">{ "+" }{ crate::ui::format::duration(at.since(begin)) }</span>
                                <span><b>{ line.what }</b>{ " " }{ line.details }<i class="fact-actor">{ " " }{ line.actor }</i></span>
                            </button>
                        </li>
                    }
                }) }
            </ol>
        </section>
    }
}

/// How many facts there must be of a command before it is followed by itself.
const READABLE: u32 = 8;
/// How many of the newest facts are searched for it.
const SEARCHED: u64 = 600;

/// The newest command of which there is enough to read, or else the one of which there is most.
fn latest(shot: &Shot) -> Option<u32> {
    let trace = shot.world.trace();
    let mut counts = crate::kernel::SortedMap::new();
    for fact in trace.iter_from(trace.end().saturating_sub(SEARCHED)) {
        if let Some(command) = fact.command {
            *counts.entry(command).or_insert(0u32) += 1;
        }
    }
    let readable = counts.iter().rev().find(|(_, count)| **count >= READABLE);
    readable.or_else(|| counts.iter().max_by_key(|(_, count)| **count)).map(|(command, _)| *command)
}
