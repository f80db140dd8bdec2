//! The listener that the settings stand for, with the line at which a consumer is, and what that means.

use yew::prelude::*;

use crate::player::Thing;
use crate::scene::{ConsumerState, ConsumerView, Scene};
use crate::ui::app::Shot;
use crate::ui::format::duration;
use crate::ui::i18n::stage::consumer_state;
use crate::ui::i18n::{Lang, Text, consequences, things};
use crate::ui::listing::{Role, listing, role_of};

/// The consumer to look at: the selected one, else one in trouble, else one at work, else the first; with its group.
fn consumer(scene: &Scene, selection: Option<Thing>) -> Option<(u32, &ConsumerView)> {
    let all = || (0u32..).zip(&scene.groups).flat_map(|(group, view)| view.consumers.iter().map(move |consumer| (group, consumer)));
    let wanted = |consumer: &ConsumerView, group: u32| match selection {
        Some(Thing::Consumer(id)) => consumer.id == id,
        Some(Thing::Group(number) | Thing::Projection(number)) => group == number,
        _ => false,
    };
    all()
        .find(|(group, consumer)| wanted(consumer, *group))
        .or_else(|| all().find(|(_, consumer)| consumer.state == ConsumerState::Deciding))
        .or_else(|| all().find(|(_, consumer)| consumer.state.is_trouble()))
        .or_else(|| all().find(|(_, consumer)| consumer.state == ConsumerState::Handling))
        .or_else(|| all().next())
}

/// Where a consumer is, as in `account-view · consumer 1 · P1@94 · attempt 3 · nack · 4.2 s`.
fn heading(shot: &Shot, consumer: &ConsumerView, lang: Lang) -> String {
    let mut parts = vec![things::name(Thing::Consumer(consumer.id), &shot.scene, lang)];
    if let Some((_, partition, offset)) = consumer.record {
        parts.push(["P", &partition.to_string(), "@", &offset.to_string()].concat());
    }
    if consumer.attempt > 1 {
        parts.push([lang.pick("attempt ", "시도 "), &consumer.attempt.to_string()].concat());
    }
    parts.push(consumer_state(lang, consumer.state).to_owned());
    if let Some(until) = consumer.until {
        parts.push(duration(until.since(shot.now)));
    }
    parts.join(" · ")
}

/// The listener with its line marked, and what that means.
pub(super) fn code(lang: Lang, shot: &Shot, selection: Option<Thing>) -> Html {
    let text = Text::of(lang);
    let Some((group, consumer)) = consumer(&shot.scene, selection) else {
        return html! { <p class="muted">{ text.selected_none }</p> };
    };
    let at = role_of(consumer.state);
    let lines = listing(shot.world.config(), group);
    // Of several lines that fit, only the first is where it is.
    let here = at.and_then(|role| lines.iter().position(|line| line.role == role));
    let trouble = consumer.state.is_trouble();
    html! {
        <section data-testid="code">
            <p class="muted small">{ heading(shot, consumer, lang) }</p>
            <pre class="code" tabindex="0" aria-label={text.tab_code}>
                { for lines.iter().enumerate().map(|(index, line)| {
                    let current = here == Some(index);
                    let class = classes!(current.then_some(if trouble { "here trouble" } else { "here" }), role_class(line.role));
                    html! { <code {class} aria-current={current.then_some("step")}>{ &line.text }{ "\n" }</code> }
                }) }
            </pre>
            <h2>{ text.what_happens }</h2>
            <p>{ consequences::consequence(consumer.state, lang) }</p>
            <p class="rule">{ text.rule }{ " " }{ consequences::rule(consumer.state) }</p>
        </section>
    }
}

fn role_class(role: Role) -> &'static str {
    match role {
        Role::Poll => "code-comment",
        Role::Frame | Role::Call | Role::Effect | Role::Ack | Role::Nack => "",
        Role::Handler => "code-config",
    }
}
