//! The listener that the settings stand for, with the line at which a consumer is, the one it has just executed, and what
//! that means.

use yew::prelude::*;

use super::rule::rule_link;
use crate::fault::Node;
use crate::kernel::SimTime;
use crate::listener::Fact as ListenerFact;
use crate::pipeline::{FactKind, WorkFact};
use crate::player::Thing;
use crate::scenario::{GROUPS, Of, Property};
use crate::scene::{AfterCrash, ConsumerState, ConsumerView, SHARES_FROM, Scene};
use crate::ui::app::{Msg, Shot};
use crate::ui::choice::Choice;
use crate::ui::format::{duration, readable};
use crate::ui::i18n::consequences::Recovery;
use crate::ui::i18n::details::details as said;
use crate::ui::i18n::stage::{StageText, consumer_state, consumer_title, counted};
use crate::ui::i18n::{Lang, Text, consequences, facts};
use crate::ui::listing::{Role, line_of, listing, role_of, role_of_fact, role_of_work, share_line_of};

/// How many of the newest facts are searched for what a consumer did last.
const LOOKED_AT_MAX: u64 = 2_000;
/// For how many snapshots a sentence stays while the run plays, so that one can read it.
const READ_TICKS: u64 = 8;

/// The consumer to look at: the selected one, else one in trouble or waiting for a decision, else the first; with its group.
fn consumer(scene: &Scene, selection: Option<Thing>) -> Option<(u32, &ConsumerView)> {
    let all = || (0u32..).zip(&scene.groups).flat_map(|(group, view)| view.consumers.iter().map(move |consumer| (group, consumer)));
    let wanted = |consumer: &ConsumerView, group: u32| match selection {
        Some(Thing::Consumer(id)) => consumer.id == id,
        Some(Thing::Group(id)) => group == id,
        _ => false,
    };
    all()
        .find(|(group, consumer)| wanted(consumer, *group))
        .or_else(|| all().find(|(_, consumer)| consumer.state == ConsumerState::Deciding))
        .or_else(|| all().find(|(_, consumer)| consumer.state.is_trouble()))
        .or_else(|| all().next())
}

/// The consumers to choose from.
fn choices(scene: &Scene, current: u32, lang: Lang, on: &Callback<Msg>) -> Html {
    let all = scene.groups.iter().flat_map(|group| group.consumers.iter().map(move |consumer| (&group.name, consumer)));
    let name = |(group, consumer): (&std::sync::Arc<str>, &ConsumerView)| {
        let name = [group.as_ref(), " · ", &consumer_title(lang, consumer.duty, consumer.number)].concat();
        (consumer.id.to_string().into(), name.into())
    };
    let on_choose = on.reform(move |id: AttrValue| Msg::Watch(Thing::Consumer(id.parse().unwrap_or(current))));
    html! { <Choice class="watch" label={Text::of(lang).watch} testid="watch" value={current.to_string()} options={all.map(name).collect::<Vec<_>>()} {on_choose} /> }
}

/// What a consumer is doing, as in `P1@94 · attempt 3 · nack · 4.2 s`.
fn heading(shot: &Shot, consumer: &ConsumerView, lang: Lang) -> String {
    let mut parts = vec![consumer_state(lang, consumer.state).to_owned()];
    if let Some((_, partition, offset)) = consumer.record {
        parts.push(["P", &partition.to_string(), "@", &offset.to_string()].concat());
    }
    if consumer.attempt > 1 {
        parts.push([lang.pick("attempt ", "시도 "), &consumer.attempt.to_string()].concat());
    }
    if let Some(until) = consumer.until {
        parts.push(duration(until.since(shot.now)));
    }
    parts.join(" · ")
}

/// The line that a consumer has executed last, and what the trace says of it.
struct Latest {
    role: Role,
    /// Whether the line threw.
    threw: bool,
    at: SimTime,
    what: String,
}

fn latest(shot: &Shot, group: u32, consumer: u32, lang: Lang) -> Option<Latest> {
    let node = node_of(consumer);
    let is_share = matches!(node, Node::ShareConsumer(_));
    if group as usize >= GROUPS.len() && !is_share {
        return None;
    }
    let trace = shot.world.trace();
    // There the commit belongs to the line that acknowledges.
    let commits_itself = is_share || shot.world.config().choice(Property::AckMode, Of::Group(group)) != "MANUAL_IMMEDIATE";
    let first = trace.end().saturating_sub(LOOKED_AT_MAX).max(trace.dropped_count());
    (first..trace.end()).rev().filter_map(|number| trace.get(number)).filter(|fact| fact.actor == node).find_map(|fact| {
        let (role, threw) = match &fact.kind {
            FactKind::Listener(what) => (role_of_fact(what)?, matches!(what, ListenerFact::Threw { .. })),
            FactKind::Work(what) => (role_of_work(what)?, matches!(what, WorkFact::Threw { .. } | WorkFact::CallThrew { .. })),
            _ => return None,
        };
        if role == Role::Commit && !commits_itself {
            return None;
        }
        let (word, details) = fact.kind.words(shot.world.cluster().topics());
        Some(Latest { role, threw, at: fact.at, what: [facts::word(word, lang), " ", &said(word, readable(&details), lang)].concat() })
    })
}

/// Who tells of what a consumer of the stage does.
fn node_of(consumer: u32) -> Node {
    consumer.checked_sub(SHARES_FROM).map_or(Node::Consumer(consumer), Node::ShareConsumer)
}

/// The listener with its line marked, and what that means.
pub(super) fn code(lang: Lang, shot: &Shot, selection: Option<Thing>, on: &Callback<Msg>) -> Html {
    let text = Text::of(lang);
    let Some((group, consumer)) = consumer(&shot.scene, selection) else {
        return html! { <p class="muted">{ text.selected_none }</p> };
    };
    let lines = listing(shot.world.config(), group);
    let at = match shot.scene.in_process {
        // Without a log the consumers have nothing to do; the listener is called by the API.
        Some(view) => (view.running > 0).then_some(Role::Effect),
        None => role_of(consumer.state),
    };
    let state = match shot.scene.in_process {
        Some(view) if view.running > 0 => counted(lang, view.running, StageText::of(lang).listeners_at_work),
        Some(_) => StageText::of(lang).in_process_idle.to_owned(),
        None => heading(shot, consumer, lang),
    };
    let is_share = consumer.id >= SHARES_FROM;
    let place = |role| if is_share { share_line_of(&lines, role) } else { line_of(&lines, role) };
    let here = at.and_then(place);
    let last = latest(shot, group, consumer.id, lang);
    let was = last.as_ref().and_then(|last| place(last.role)).filter(|line| Some(*line) != here);
    let trouble = consumer.state.is_trouble();
    let was_class = if last.as_ref().is_some_and(|last| last.threw) { "was trouble" } else { "was" };
    html! {
        <section data-testid="code">
            <div class="code-head">{ choices(&shot.scene, consumer.id, lang, on) }<p class="code-state">{ state }</p></div>
            <pre class="code" tabindex="0" aria-label={text.tab_code}>
                { for lines.iter().enumerate().map(|(index, line)| {
                    let (current, done) = (here == Some(index), was == Some(index));
                    let mark = if current && trouble { Some("here trouble") } else if current { Some("here") } else { done.then_some(was_class) };
                    html! { <code lang="en" class={classes!(mark, role_class(line.role))} data-role={role_name(line.role)} aria-current={current.then_some("step")}>{ &line.text }{ "\n" }</code> }
                }) }
            </pre>
            <p class="code-last">
                if let Some(last) = last.filter(|_| shot.scene.in_process.is_none()) { { text.just_done }{ " " }{ last.what }{ " · " }{ ago(shot.now.since(last.at), lang) } }
            </p>
            if shot.scene.in_process.is_some() {
                <h2>{ text.what_happens }</h2>
                <p class="consequence" data-testid="in-process">{ consequences::in_process(lang) }</p>
                <p class="rule">{ text.rule }{ " " }{ rule_link(consequences::IN_PROCESS_RULE, lang, on) }</p>
            } else if (group as usize) < GROUPS.len() || is_share {
                <Consequence {lang} state={consumer.state} after_crash={consumer.after_crash} recovery={recovery(shot, consumer.id)} {is_share} tick={shot.tick} playing={shot.playing} on={on.clone()} />
            }
        </section>
    }
}

/// How long ago something was.
fn ago(us: u64, lang: Lang) -> String {
    // No line is broken within it.
    let long = duration(us).replace(' ', "\u{a0}");
    lang.pick([long.as_str(), "\u{a0}ago"].concat(), [long.as_str(), "\u{a0}전"].concat())
}

/// Where a consumer's records go whose attempts are used up.
fn recovery(shot: &Shot, consumer: u32) -> Recovery {
    shot.world.consumers().get(consumer as usize).map_or(Recovery::Log, |slot| Recovery::of(slot.container.properties()))
}

#[derive(Properties, PartialEq)]
struct ConsequenceProps {
    lang: Lang,
    state: ConsumerState,
    after_crash: AfterCrash,
    recovery: Recovery,
    is_share: bool,
    tick: u64,
    playing: bool,
    on: Callback<Msg>,
}

/// What follows from the state. While the run plays a sentence stays long enough to be read, unless there is trouble.
#[component]
fn Consequence(props: &ConsequenceProps) -> Html {
    let text = Text::of(props.lang);
    let now = (props.state, props.after_crash);
    let shown = use_mut_ref(|| (now, props.tick));
    let mut shown = shown.borrow_mut();
    let urgent = props.state.is_trouble() || props.state == ConsumerState::Deciding || !props.playing;
    if now != shown.0 && (urgent || props.tick.abs_diff(shown.1) >= READ_TICKS) {
        *shown = (now, props.tick);
    }
    let (state, after) = shown.0;
    let (what, rule) = match props.is_share {
        false => (consequences::consequence(state, after, props.recovery, props.lang), consequences::rule(state, after, props.recovery)),
        true => consequences::of_share(state, props.lang),
    };
    html! {
        <>
            <h2>{ text.what_happens }</h2>
            <p class="consequence"><b>{ consumer_state(props.lang, state) }</b>{ ": " }{ what }</p>
            <p class="rule">{ text.rule }{ " " }{ rule_link(rule, props.lang, &props.on) }</p>
        </>
    }
}

fn role_class(role: Role) -> &'static str {
    match role {
        Role::Poll | Role::Commit => "code-comment",
        Role::Frame | Role::Call | Role::Effect | Role::Ack | Role::Nack => "",
        Role::Handler | Role::Recoverer | Role::BackOff => "code-config",
    }
}

/// How page tests call a line.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::Frame => "frame",
        Role::Poll => "poll",
        Role::Commit => "commit",
        Role::Call => "call",
        Role::Effect => "effect",
        Role::Ack => "ack",
        Role::Nack => "nack",
        Role::Handler => "handler",
        Role::Recoverer => "recoverer",
        Role::BackOff => "back-off",
    }
}
