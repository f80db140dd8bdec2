//! A box on the stage: a button that says what its thing is and does.

use yew::prelude::*;

use crate::player::Thing;
use crate::scene::Rect;

use super::cards::{Card, Ink, Line};
use super::lane::group_class;

/// The style that puts something at a rectangle.
pub(super) fn place(rect: Rect) -> String {
    format!("left:{}px;top:{}px;width:{}px;height:{}px", rect.x, rect.y, rect.w, rect.h)
}

/// A callback that selects a thing and keeps the click from the stage under it.
pub(super) fn select(on_select: &Callback<Thing>, thing: Thing) -> Callback<MouseEvent> {
    let on_select = on_select.clone();
    Callback::from(move |event: MouseEvent| {
        event.stop_propagation();
        on_select.emit(thing);
    })
}

#[derive(Properties, PartialEq)]
pub(super) struct NodeProps {
    pub(super) card: Card,
    pub(super) rect: Rect,
    pub(super) selected: bool,
    pub(super) on_select: Callback<Thing>,
}

#[component]
pub(super) fn Node(props: &NodeProps) -> Html {
    let card = &props.card;
    let kind = match card.thing {
        Thing::Group(_) => "group",
        Thing::Broker(_) => "broker",
        Thing::Account(_) => "account",
        Thing::QueryApi => "query",
        Thing::Topic(_) => "topic",
        Thing::WriteDb | Thing::Outbox => "store",
        Thing::Client => "client",
        Thing::Consumer(_) => "consumer",
        _ => "",
    };
    // A group's name has the colour of its marks.
    let group = if let Thing::Group(index) = card.thing { group_class(index) } else { "" };
    html! {
        <button type="button" class={classes!("node", card.tone.class(), kind, group)} style={place(props.rect)}
            data-node={card.thing.to_string()} aria-pressed={props.selected.to_string()}
            onclick={select(&props.on_select, card.thing)}>
            <span class="title">{ &card.title }</span>
            if let Some((words, armed)) = card.fault {
                <span class={classes!("fault-mark", armed.then_some("armed"))} title={words} role="img" aria-label={words}>{ "!" }</span>
            }
            { for card.lines.iter().map(line) }
            if let Some((all, filled)) = card.pips {
                <span class="pips" aria-hidden="true">{ for (0..all).map(|i| html! { <i class={classes!((all - i <= filled).then_some("on"))} /> }) }</span>
            }
        </button>
    }
}

fn line(line: &Line) -> Html {
    let class = match line.ink {
        Ink::Muted => "line",
        Ink::Mono => "line mono",
        Ink::Pair => "line pair",
        Ink::PairWarn => "line pair warn",
        Ink::Problem => "line problem",
        Ink::Warn => "line warn",
    };
    if line.value.is_empty() {
        return html! { <span {class}>{ &line.text }</span> };
    }
    html! { <span {class}><span>{ &line.text }</span>{ " " }<b>{ &line.value }</b></span> }
}
