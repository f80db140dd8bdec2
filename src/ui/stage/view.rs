//! The stage itself. It owns its width, its layout and its canvas; a frame that moves flights only is painted at once and
//! touches no element.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlCanvasElement, ResizeObserver};
use yew::prelude::*;

use crate::player::Thing;
use crate::scene::{Flow, Header, LANES_MAX, Layout, Motion, Picture, Point, Scene, Shape, TopicRole};
use crate::ui::i18n::Lang;
use crate::ui::i18n::stage::{self as words, StageText};

use super::canvas::{Palette, paint};
use super::cards::cards;
use super::lane::{Lane, group_class, group_shape};
use super::node::{Node, place};
use super::pairs::Pairs;
use super::ways::{Handles, Ways, handles, ways};

/// How often the elements follow the scene at most, in milliseconds. Flights follow at every frame.
const ELEMENTS_MS: u32 = 80;
/// Below this width an account's box has room for its name only, in pixels.
const SHORT: i32 = 92;
/// Below this width a relay's box has room for a short name only, in pixels.
const SHORT_RELAY: i32 = 140;
/// How near to a flight a click must be, in pixels.
const REACH: f32 = 12.0;

#[derive(Properties)]
pub(crate) struct StageProps {
    /// What to show.
    pub(crate) scene: Rc<Scene>,
    /// In which language.
    pub(crate) lang: Lang,
    /// What is selected.
    #[prop_or_default]
    pub(crate) selection: Option<Thing>,
    /// Something was selected.
    pub(crate) on_select: Callback<Thing>,
    /// Whether motion is to be reduced to steps.
    #[prop_or_default]
    pub(crate) reduced: bool,
    /// Anything that changes when the theme does.
    #[prop_or_default]
    pub(crate) theme: AttrValue,
}

impl PartialEq for StageProps {
    /// Scenes are compared by identity: a new frame is a new scene.
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.scene, &other.scene)
            && self.lang == other.lang
            && self.selection == other.selection
            && self.on_select == other.on_select
            && self.reduced == other.reduced
            && self.theme == other.theme
    }
}

/// Watches the stage's width; the closure must live as long as the observer.
type Watch = (ResizeObserver, Closure<dyn FnMut(js_sys::Array)>);

pub(crate) enum Msg {
    /// The stage has another width.
    Width(i32),
    /// The elements may follow the scene again.
    Refresh,
    /// A click beside every button.
    Click(MouseEvent),
}

pub(crate) struct Stage {
    root: NodeRef,
    canvas: NodeRef,
    shape: Shape,
    layout: Rc<Layout>,
    /// The colours, once they were read in the present theme.
    palette: Option<Palette>,
    /// Runs while the elements must not follow yet.
    pause: Option<Timeout>,
    /// The scene changed while they must not.
    stale: bool,
    observer: Option<Watch>,
}

impl Component for Stage {
    type Message = Msg;
    type Properties = StageProps;

    fn create(ctx: &Context<Self>) -> Stage {
        let shape = Shape::of(&ctx.props().scene);
        let layout = Rc::new(Layout::of(&shape, 1010));
        Stage {
            root: NodeRef::default(),
            canvas: NodeRef::default(),
            shape,
            layout,
            palette: None,
            pause: None,
            stale: false,
            observer: None,
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Width(width) if width == self.layout.width || width <= 0 => false,
            Msg::Width(width) => {
                self.layout = Rc::new(Layout::of(&self.shape, width));
                true
            }
            Msg::Refresh => {
                self.pause = None;
                std::mem::take(&mut self.stale) && self.follow(ctx)
            }
            Msg::Click(event) => {
                if let Some(flight) = self.flight_at(ctx, &event) {
                    ctx.props().on_select.emit(Thing::Flight(flight));
                }
                false
            }
        }
    }

    fn changed(&mut self, ctx: &Context<Self>, old: &StageProps) -> bool {
        let props = ctx.props();
        if props.theme != old.theme {
            self.palette = None;
        }
        if props.selection != old.selection || props.lang != old.lang {
            return self.follow(ctx);
        }
        if self.pause.is_some() {
            self.stale = true;
            self.paint(ctx);
            return false;
        }
        self.follow(ctx)
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let props = ctx.props();
        let (scene, layout) = (&*props.scene, &*self.layout);
        let size = format!("height:{}px", layout.height);
        html! {
            <section class={classes!("stage", match layout.flow { Flow::Wide => "wide", Flow::Medium => "wide medium", Flow::Narrow => "narrow" })} aria-label={StageText::of(props.lang).stage}
                ref={self.root.clone()} style={size} onclick={ctx.link().callback(Msg::Click)}>
                <Ways width={layout.width} height={layout.height} dividers={layout.dividers.clone()} ways={ways(scene, layout)} />
                { headings(scene, layout, props.lang) }
                if layout.flow == Flow::Medium { { pairs(props, layout) } }
                { nodes(props, layout) }
                { legend(scene, layout, props.lang) }
                if layout.flow == Flow::Wide { { pairs(props, layout) } }
                <Handles handles={handles(scene, layout)} lang={props.lang} selected={props.selection} on_select={props.on_select.clone()} />
                <canvas ref={self.canvas.clone()} aria-hidden="true" />
            </section>
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first {
            self.observe(ctx);
        }
        self.paint(ctx);
    }

    fn destroy(&mut self, _ctx: &Context<Self>) {
        if let Some((observer, _)) = &self.observer {
            observer.disconnect();
        }
    }
}

impl Stage {
    /// Lets the elements follow the scene, and not again for a while.
    fn follow(&mut self, ctx: &Context<Self>) -> bool {
        let shape = Shape::of(&ctx.props().scene);
        if shape != self.shape {
            self.layout = Rc::new(Layout::of(&shape, self.layout.width));
            self.shape = shape;
        }
        let link = ctx.link().clone();
        self.pause = Some(Timeout::new(ELEMENTS_MS, move || link.send_message(Msg::Refresh)));
        self.stale = false;
        true
    }

    fn motion(ctx: &Context<Self>) -> Motion {
        if ctx.props().reduced { Motion::Steps } else { Motion::Smooth }
    }

    fn paint(&mut self, ctx: &Context<Self>) {
        let Some(canvas) = self.canvas.cast::<HtmlCanvasElement>() else { return };
        // Asking for them makes the browser work out every style of the page: once for each theme, not in every frame.
        let root = &self.root;
        let palette = self.palette.get_or_insert_with(|| root.cast::<Element>().map(|root| Palette::of(&root)).unwrap_or_default());
        let picture = Picture::of(&ctx.props().scene, &self.layout, Self::motion(ctx));
        let selected = match ctx.props().selection {
            Some(Thing::Flight(number)) => Some(number),
            _ => None,
        };
        paint(&canvas, &picture, palette, (self.layout.width, self.layout.height), selected, ctx.props().lang);
    }

    fn observe(&mut self, ctx: &Context<Self>) {
        let Some(root) = self.root.cast::<Element>() else { return };
        let link = ctx.link().clone();
        link.send_message(Msg::Width(root.client_width()));
        let seen = root.clone();
        let closure = Closure::new(move |_: js_sys::Array| link.send_message(Msg::Width(seen.client_width())));
        if let Ok(observer) = ResizeObserver::new(closure.as_ref().unchecked_ref()) {
            observer.observe(&root);
            self.observer = Some((observer, closure));
        }
    }

    fn flight_at(&self, ctx: &Context<Self>, event: &MouseEvent) -> Option<u64> {
        let bounds = self.root.cast::<Element>()?.get_bounding_client_rect();
        let place =
            Point { x: (f64::from(event.client_x()) - bounds.left()) as f32, y: (f64::from(event.client_y()) - bounds.top()) as f32 };
        Picture::of(&ctx.props().scene, &self.layout, Self::motion(ctx)).hit(place, REACH)
    }
}

fn headings(scene: &Scene, layout: &Layout, lang: Lang) -> Html {
    let t = StageText::of(lang);
    let events = scene.topics.iter().find(|topic| topic.role == TopicRole::Events);
    let text = |header: Header| match header {
        Header::Client => html! { t.client },
        Header::Producers => html! { t.producers },
        Header::Service => html! { t.service },
        Header::Listeners => html! { t.listeners },
        Header::Tables => html! { t.tables },
        Header::WriteSide => html! { t.write_side },
        Header::ReadSide if !scene.bank => html! { t.consumers },
        Header::ReadSide => html! { t.read_side },
        Header::Log if scene.in_process.is_some() => html! {
            <>{ t.log }<em data-testid="log-idle" title={t.log_idle_why}>{ " · " }{ t.log_idle }</em></>
        },
        Header::Log => {
            let hidden = events.map_or(0, |topic| topic.lanes.len().saturating_sub(LANES_MAX));
            html! { <>{ t.log }
            if let Some(topic) = events { { " · " }<span class="mono">{ topic.name.as_ref() }</span> }
            if hidden > 0 { <em>{ format!(" +{hidden} {}", t.lanes_more) }</em> }</> }
        }
    };
    layout.headers.iter().map(|(header, rect)| html! { <h2 class="heading" style={place(*rect)}>{ text(*header) }</h2> }).collect()
}

fn nodes(props: &StageProps, layout: &Layout) -> Html {
    let scene = &*props.scene;
    let node = |mut card: super::cards::Card| {
        let thing = card.thing;
        let rect = layout.rect(thing)?;
        if matches!(thing, Thing::Account(_)) && rect.w < SHORT {
            // The colour and the place say that it is an account.
            card.title = card.title.rsplit(' ').next().unwrap_or_default().to_owned();
        }
        if let (Thing::Relay, Some(relay)) = (thing, scene.relay.filter(|_| rect.w < SHORT_RELAY)) {
            let (long, short) = (words::relay(props.lang, relay.kind), words::relay_short(props.lang, relay.kind));
            card.title = card.title.replacen(long, short, 1);
        }
        let selected = props.selection == Some(thing);
        Some(html! { <Node key={thing.to_string()} {card} {rect} {selected} on_select={props.on_select.clone()} /> })
    };
    let lane = |at: &crate::scene::LaneBox| {
        let view = scene.topics.iter().find(|t| t.id == at.topic)?.lanes.iter().find(|l| l.partition == at.partition)?.clone();
        let record = match props.selection {
            Some(Thing::Record { topic, partition, offset }) if topic == at.topic && partition == at.partition => Some(offset),
            _ => None,
        };
        let selected = props.selection == Some(Thing::Partition { topic: at.topic, partition: at.partition });
        Some(html! {
            <Lane key={format!("{}-{}", at.topic, at.partition)} at={*at} {view} lang={props.lang} {record} {selected} on_select={props.on_select.clone()} />
        })
    };
    // In the order of the chain, so that the tab key follows it: write side, lanes, the rest.
    let all = cards(scene, props.lang);
    let write = |thing: Thing| {
        matches!(thing, Thing::Client | Thing::Api | Thing::Handler | Thing::Account(_) | Thing::WriteDb | Thing::Outbox | Thing::Relay)
    };
    let (before, after): (Vec<_>, Vec<_>) = all.into_iter().partition(|c| write(c.thing));
    html! {
        <>
            <div>{ for before.into_iter().filter_map(node) }</div>
            if layout.flow == Flow::Narrow { { pairs(props, layout) } }
            <div>{ for layout.lanes.iter().filter_map(lane) }</div>
            <div>{ for after.into_iter().filter_map(node) }</div>
        </>
    }
}

/// Write model and read model side by side.
fn pairs(props: &StageProps, layout: &Layout) -> Html {
    let scene = &*props.scene;
    html! {
        if scene.bank {
            <Pairs accounts={scene.accounts.clone()} more={scene.accounts_more} band={layout.band} rects={layout.pairs.clone()}
                lang={props.lang} selected={props.selection} on_select={props.on_select.clone()} />
        }
    }
}

fn legend(scene: &Scene, layout: &Layout, lang: Lang) -> Html {
    let t = StageText::of(lang);
    let symbol = |group: u32, class: &str| {
        html! { <svg width="12" height="12" class={group_class(group)} aria-hidden="true">{ group_shape(group, 6, 6, class.to_owned()) }</svg> }
    };
    html! {
        <p class="stage-legend" style={place(layout.legend)}>
            { for scene.groups.iter().take(4).enumerate().map(|(i, group)| {
                html! { <span>{ symbol(i as u32, "committed") }{ group.name.as_ref() }</span> }
            }) }
            <span>{ symbol(0, "committed") }{ t.committed }{ " " }{ symbol(0, "position") }{ t.position }</span>
            <span><i class="lag-key" />{ t.lag }</span>
            <span><i class="hw-key" />{ t.high_watermark }</span>
            if scene.transactions() {
                <span title={t.uncommitted}><i class="lso-key" />{ t.last_stable }</span>
                <span title={t.control}><i class="control-key">{ "×" }</i>{ t.control_short }</span>
            }
        </p>
    }
}
