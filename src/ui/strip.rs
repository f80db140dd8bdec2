//! The strip of time: how much happened when, what was done to the run, where the referee spoke; a slider to go anywhere.

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, ResizeObserver};
use yew::prelude::*;

use super::app::{Msg, Shot};
use super::format::{clock, minutes};
use super::i18n::{Lang, Text, faults, things};
use crate::fault::Node;
use crate::kernel::SimTime;
use crate::pipeline::{Action, Decision, Intervention};
use crate::player::Msg as PlayerMsg;

/// How far an arrow key seeks, in microseconds.
const ARROW_US: u64 = 100_000;
/// The height of the strip, in CSS pixels.
const HEIGHT: f64 = 56.0;
/// Where the line of time is, in CSS pixels from the top.
const LINE: f64 = 38.0;

#[derive(Properties, PartialEq)]
pub(crate) struct StripProps {
    pub(crate) lang: Lang,
    pub(crate) now: SimTime,
    pub(crate) shot: Shot,
    /// Changes when the theme does.
    pub(crate) theme: AttrValue,
    pub(crate) on: Callback<Msg>,
}

#[component]
pub(crate) fn Strip(props: &StripProps) -> Html {
    let text = Text::of(props.lang);
    let (strip, canvas) = (use_node_ref(), use_node_ref());
    let (width, colours) = (use_width(&canvas), use_mut_ref(|| None));
    {
        let canvas = canvas.clone();
        use_effect_with((props.shot.clone(), props.theme.clone(), props.lang, width), move |(shot, theme, lang, width)| {
            let mut colours = colours.borrow_mut();
            if colours.as_ref().is_none_or(|(of, _)| of != theme) {
                *colours = Colours::of(&canvas).map(|read| (theme.clone(), read));
            }
            if let Some((_, colours)) = &*colours {
                let _hidden = paint(&canvas, shot, *lang, *width, colours);
            }
        });
    }
    let end = props.shot.end.us().max(1);
    let on_pointer = |drag: bool| {
        // By reference, because events are delegated: their current target is the page.
        let (on, strip) = (props.on.clone(), strip.clone());
        move |event: PointerEvent| {
            if drag && event.buttons() & 1 == 0 {
                return;
            }
            let Some(strip) = strip.cast::<Element>() else { return };
            if !drag {
                // Without the capture a drag would end at the strip's edge; with it lost, that is all that is lost.
                let _lost = strip.set_pointer_capture(event.pointer_id());
            }
            let area = strip.get_bounding_client_rect();
            let fraction = ((f64::from(event.client_x()) - area.left()) / area.width().max(1.0)).clamp(0.0, 1.0);
            on.emit(Msg::Do(PlayerMsg::Seek(SimTime((fraction * end as f64) as u64))));
        }
    };
    let on_key = {
        let (on, now) = (props.on.clone(), props.now);
        move |event: KeyboardEvent| {
            let far = if event.shift_key() { 10 } else { 1 };
            let seek = match event.key().as_str() {
                "ArrowLeft" | "ArrowDown" => PlayerMsg::Seek(SimTime(now.us().saturating_sub(ARROW_US * far))),
                "ArrowRight" | "ArrowUp" => PlayerMsg::Seek(now + ARROW_US * far),
                "PageDown" => PlayerMsg::Seek(SimTime(now.us().saturating_sub(end / 10))),
                "PageUp" => PlayerMsg::Seek(now + end / 10),
                "Home" => PlayerMsg::ToStart,
                "End" => PlayerMsg::ToEnd,
                _ => return,
            };
            event.prevent_default();
            on.emit(Msg::Do(seek));
        }
    };
    let now = props.now.us().min(end);
    let per_mille = (now * 1_000 / end).to_string();
    // A fraction of whole numbers: to write a broken one takes 8 KB of code.
    let place = ["left:calc(100% * ", &now.to_string(), "/", &end.to_string(), ")"].concat();
    html! {
        <div ref={strip.clone()} class="strip" role="slider" tabindex="0" data-testid="seek" aria-label={text.time} aria-valuemin="0" aria-valuemax="1000"
            aria-valuenow={per_mille} aria-valuetext={clock(props.now.us())} onkeydown={on_key} onpointerdown={on_pointer(false)} onpointermove={on_pointer(true)}>
            <canvas ref={canvas} aria-hidden="true"></canvas>
            <i class="playhead" style={place}></i>
        </div>
    }
}

/// The width of the canvas in CSS pixels, 0 before it is known. The browser tells of it when it has laid out the page anyway: asked
/// while elements change it would have to do so there and then.
#[hook]
fn use_width(canvas: &NodeRef) -> i32 {
    let width = use_state_eq(|| 0);
    let (canvas, set) = (canvas.clone(), width.setter());
    use_effect_with((), move |()| {
        let watch = canvas.cast::<Element>().and_then(|element| {
            let seen = element.clone();
            let closure = Closure::<dyn FnMut()>::new(move || set.set(seen.client_width()));
            let observer = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok()?;
            observer.observe(&element);
            Some((observer, closure))
        });
        move || {
            if let Some((observer, _closure)) = watch {
                observer.disconnect();
            }
        }
    });
    *width
}

/// The colours of the present theme, read once for each: asking for them makes the browser work out every style of the page.
struct Colours {
    past: String,
    ahead: String,
    line: String,
    flag: String,
    fault: String,
    other: String,
    text: String,
}

impl Colours {
    fn of(canvas: &NodeRef) -> Option<Colours> {
        let style = web_sys::window()?.get_computed_style(&canvas.cast::<Element>()?).ok()??;
        let colour = |name: &str| style.get_property_value(name).unwrap_or_default();
        Some(Colours {
            past: colour("--command"),
            ahead: colour("--line"),
            line: colour("--line-strong"),
            flag: colour("--problem"),
            fault: colour("--problem-ink"),
            other: colour("--policy-ink"),
            text: colour("--muted"),
        })
    }
}

/// Paints the density, the marks and the flags.
fn paint(canvas: &NodeRef, shot: &Shot, lang: Lang, width: i32, colours: &Colours) -> Option<()> {
    let canvas: HtmlCanvasElement = canvas.cast()?;
    let (ratio, width) = (web_sys::window()?.device_pixel_ratio(), f64::from(width));
    let (wide, high) = ((width * ratio) as u32, (HEIGHT * ratio) as u32);
    if canvas.width() != wide || canvas.height() != high {
        canvas.set_width(wide);
        canvas.set_height(high);
    }
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
    context.clear_rect(0.0, 0.0, width, HEIGHT);

    let end = shot.end.us().max(1) as f64;
    let x = |us: u64| us as f64 / end * width;
    bars(&context, shot, width, &x, [&colours.past, &colours.ahead]);
    context.set_fill_style_str(&colours.line);
    context.fill_rect(0.0, LINE, width, 1.0);

    context.set_fill_style_str(&colours.flag);
    for flag in shot.history.flags() {
        let left = x(flag.us());
        context.fill_rect(left - 0.75, 2.0, 1.5, LINE - 2.0);
        context.begin_path();
        context.move_to(left, 2.0);
        context.line_to(left + 9.0, 5.5);
        context.line_to(left, 9.0);
        context.fill();
    }
    let taken = marks(&context, shot, width, &x, [&colours.fault, &colours.other, &colours.text], lang);
    times(&context, shot.end.us(), width, &x, &taken, [&colours.line, &colours.text]);
    Some(())
}

/// One bar for every few pixels: what has been, and paler what was explored beyond the playhead.
fn bars(context: &CanvasRenderingContext2d, shot: &Shot, width: f64, x: &impl Fn(u64) -> f64, [past, ahead]: [&str; 2]) {
    let (bins, bin_us) = (shot.history.bins(), shot.history.bin_us());
    let columns = (width / 5.0).max(1.0) as usize;
    let mut counts = vec![0u64; columns];
    for (index, count) in bins.iter().enumerate() {
        let left = x(index as u64 * bin_us);
        let column = ((left / width * columns as f64) as usize).min(columns - 1);
        counts[column] += u64::from(*count);
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let now = x(shot.now.us());
    for (column, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = column as f64 * width / columns as f64;
        let height = (*count as f64 / most).sqrt() * (LINE - 12.0);
        context.set_fill_style_str(if left <= now { past } else { ahead });
        context.fill_rect(left, LINE - height, (width / columns as f64 - 1.5).max(1.0), height);
    }
}

/// Distances between times on the strip, in seconds: the first with room for its label is taken.
const TICKS_S: [u64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
/// What a label of a time needs, in CSS pixels.
const TICK: f64 = 64.0;

/// Below the line: the time, where no name stands.
fn times(
    context: &CanvasRenderingContext2d,
    end_us: u64,
    width: f64,
    x: &impl Fn(u64) -> f64,
    taken: &[(f64, f64)],
    [line, text]: [&str; 2],
) {
    let fits = |s: &u64| x(s * 1_000_000) >= TICK;
    let Some(step_us) = TICKS_S.into_iter().find(fits).map(|s| s * 1_000_000) else { return };
    for at in (1..=end_us / step_us).map(|n| n * step_us) {
        let left = x(at);
        context.set_fill_style_str(line);
        context.fill_rect(left - 0.5, LINE, 1.0, 4.0);
        let label = (left - 16.0, left + 16.0);
        let free = taken.iter().all(|(from, to)| label.1 + 4.0 < *from || label.0 - 4.0 > *to);
        if free && label.1 <= width {
            context.set_fill_style_str(text);
            let _unpainted = context.fill_text(&minutes(at), label.0, LINE + 16.0);
        }
    }
}

/// What was done to the run, in a few letters; empty for what one need not read.
fn name_of(intervention: &Intervention, shot: &Shot, lang: Lang) -> String {
    let text = Text::of(lang);
    let done = |what: &str, node: Node| [what, " ", &things::node(node, &shot.scene, lang)].concat();
    match intervention {
        Intervention::Inject(rule) => faults::name_on(rule.kind, &rule.target, lang).to_owned(),
        Intervention::Set { key, value } => [key.as_ref(), " = ", value].concat(),
        Intervention::Lab(action) => action.word().to_owned(),
        Intervention::SendCommand { .. } => lang.pick("command", "명령").to_owned(),
        Intervention::Decide { decision, .. } => match decision {
            Decision::Ack => text.decide_ack.to_owned(),
            Decision::Nack { .. } => "nack".to_owned(),
            Decision::Throw | Decision::ThrowFatal => text.decide_throw.to_owned(),
            Decision::Nothing => text.decide_nothing.to_owned(),
        },
        Intervention::ShareDecide { decision, .. } => decision.ack().map_or(text.decide_nothing, |ack| ack.name()).to_owned(),
        Intervention::Act(Action::Kill(node)) => done(text.kill, *node),
        Intervention::Act(Action::Stop(node)) => done(text.stop, *node),
        Intervention::Act(Action::Start(node)) => done(text.start, *node),
        Intervention::Act(Action::RebuildView { .. }) => text.rebuild_view.to_owned(),
        Intervention::Act(Action::ReplayDeadLetters { .. }) => text.replay_dead_letters.to_owned(),
        Intervention::Act(Action::ResetOffsets { .. }) => text.reset_offsets.to_owned(),
        Intervention::Act(Action::DropSnapshots) => text.drop_snapshots.to_owned(),
        Intervention::Act(Action::AddPartitions { .. }) => text.add_partition.to_owned(),
        Intervention::Act(Action::DeleteRecords { .. }) => text.delete_records.to_owned(),
        _ => String::new(),
    }
}

/// Below the line: what was done to the run, with a name where there is room; gives the room that the names take.
fn marks(
    context: &CanvasRenderingContext2d,
    shot: &Shot,
    width: f64,
    x: &impl Fn(u64) -> f64,
    [fault, other, text]: [&str; 3],
    lang: Lang,
) -> Vec<(f64, f64)> {
    let mut taken = Vec::new();
    context.set_font("11px system-ui, sans-serif");
    let mut free_from = 0.0;
    for (at, intervention) in &shot.inputs {
        let left = x(at.us());
        let colour = match intervention {
            Intervention::Inject(_) => fault,
            Intervention::EndFault(_) | Intervention::HealAll => text,
            _ => other,
        };
        let name = name_of(intervention, shot, lang);
        context.set_fill_style_str(colour);
        context.fill_rect(left - 0.75, LINE - 4.0, 1.5, 9.0);
        // A letter is 6.5 pixels wide, a Korean one 11.
        let wide: f64 = name.chars().map(|c| if c.is_ascii() { 6.5 } else { 11.0 }).sum();
        let begin = (left - 2.0).min(width - wide).max(0.0);
        if !name.is_empty() && begin >= free_from {
            let _unpainted = context.fill_text(&name, begin, LINE + 16.0);
            free_from = begin + wide + 12.0;
            taken.push((begin, begin + wide));
        }
    }
    taken
}
