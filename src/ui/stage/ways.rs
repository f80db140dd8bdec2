//! The links as lines, and a handle on each to select it.

use yew::prelude::*;

use crate::fault::Link;
use crate::player::Thing;
use crate::scene::{Layout, LinkState, Path, Route, Scene};
use crate::ui::i18n::Lang;
use crate::ui::i18n::stage::{self as words, StageText};

use super::lane::group_class;
use super::node::select;
use crate::ui::format::duration;

/// A line to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    d: String,
    class: String,
}

/// A link's handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle {
    link: Link,
    x: i32,
    y: i32,
    state: LinkState,
    latency_us: u64,
}

/// The lines of a scene.
pub(super) fn ways(scene: &Scene, layout: &Layout) -> Vec<Way> {
    let line = |route: Route| {
        let path = layout.path(route, scene)?;
        let path = match route {
            // A produce request flies along its lane to the end; its line ends where the lane begins.
            Route::Produce { .. } => before_lane(&path),
            _ => path,
        };
        Some(Way { d: path.svg(), class: format!("way {} {}", state_class(state(scene, route.link())), route_class(scene, route)) })
    };
    let mut out: Vec<Way> = layout.standing(scene).into_iter().filter_map(line).collect();
    out.dedup();
    out
}

/// The part of a producer's way before it turns along the lane.
fn before_lane(path: &Path) -> Path {
    let corners: Vec<(i32, i32)> = path.points().iter().map(|p| (p.x as i32, p.y as i32)).collect();
    match corners.len().checked_sub(3) {
        Some(turn) if corners.len() >= 5 => {
            let mut cut = corners[..=turn].to_vec();
            cut.push((corners[turn].0 + 14, corners[turn].1));
            Path::through(&cut)
        }
        _ => path.clone(),
    }
}

/// The handles of a scene's links.
pub(super) fn handles(scene: &Scene, layout: &Layout) -> Vec<Handle> {
    let handle = |link: &Link| {
        let at = layout.handle(*link, scene)?;
        let view = scene.links.iter().find(|l| l.link == *link);
        Some(Handle {
            link: *link,
            x: at.x as i32,
            y: at.y as i32,
            state: view.map_or(LinkState::Normal, |l| l.state),
            latency_us: view.map_or(0, |l| l.latency_us),
        })
    };
    Link::ALL.iter().filter_map(handle).collect()
}

fn state(scene: &Scene, link: Link) -> LinkState {
    scene.links.iter().find(|l| l.link == link).map_or(LinkState::Normal, |l| l.state)
}

fn state_class(state: LinkState) -> &'static str {
    match state {
        LinkState::Normal => "normal",
        LinkState::Slowed => "slowed",
        LinkState::Lossy => "lossy",
        LinkState::Severed => "severed",
    }
}

fn route_class(scene: &Scene, route: Route) -> &'static str {
    let (Route::Fetch { consumer, .. } | Route::Apply { consumer }) = route else {
        return if matches!(route, Route::Broker { .. }) { "faint" } else { "" };
    };
    let group = scene.groups.iter().position(|g| g.consumers.iter().any(|c| c.id == consumer));
    group_class(group.unwrap_or(3) as u32)
}

#[derive(Properties, PartialEq)]
pub(super) struct WaysProps {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) dividers: Vec<i32>,
    pub(super) ways: Vec<Way>,
}

#[component]
pub(super) fn Ways(props: &WaysProps) -> Html {
    html! {
        <svg class="ways" aria-hidden="true" width={props.width.to_string()} height={props.height.to_string()}>
            { for props.ways.iter().map(|way| html! { <path class={way.class.clone()} d={way.d.clone()} /> }) }
        </svg>
    }
}

#[derive(Properties, PartialEq)]
pub(super) struct HandlesProps {
    pub(super) handles: Vec<Handle>,
    pub(super) lang: Lang,
    pub(super) selected: Option<Thing>,
    pub(super) on_select: Callback<Thing>,
}

/// What a link says.
pub(super) fn link_words(lang: Lang, link: Link, state: LinkState, latency_us: u64) -> String {
    let t = StageText::of(lang);
    let state = match state {
        LinkState::Normal => "",
        LinkState::Slowed => t.slowed,
        LinkState::Lossy => t.lossy,
        LinkState::Severed => t.severed,
    };
    let words = format!("{} · {} {}", words::link(lang, link), duration(latency_us), t.each_way);
    if state.is_empty() { words } else { format!("{words} · {state}") }
}

#[component]
pub(super) fn Handles(props: &HandlesProps) -> Html {
    html! {
        <>
            { for props.handles.iter().map(|h| {
                let thing = Thing::Link(h.link);
                let label = link_words(props.lang, h.link, h.state, h.latency_us);
                html! {
                    <button type="button" class={classes!("handle", state_class(h.state))} style={format!("left:{}px;top:{}px", h.x - 12, h.y - 12)}
                        title={label.clone()} aria-label={label} aria-pressed={(props.selected == Some(thing)).to_string()}
                        data-node={thing.to_string()} onclick={select(&props.on_select, thing)}><i /></button>
                }
            }) }
        </>
    }
}
