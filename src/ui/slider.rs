//! A latency as a slider: on a logarithmic scale, live while it is dragged.
//!
//! A drag has many places and the recording shall not have them all. While the run plays, what was dragged is done to it
//! at once and then at most every [`PACE_MS`], and in any case the last of it; while the run stands, the player keeps the
//! last place only.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::app::Msg;
use super::break_bar::act;
use super::format::duration;
use super::scale::{PLACE_MAX, place_of, us_at};
use crate::kernel::Latency;
use crate::pipeline::Intervention;
use crate::scenario::{Value, settings};

/// How often a drag changes the run at most, in milliseconds.
const PACE_MS: u32 = 400;

#[derive(Properties, PartialEq)]
pub(crate) struct SliderProps {
    /// The setting's place in the table.
    pub(crate) index: usize,
    /// Its value in the world.
    pub(crate) value: Latency,
    /// What it is called here.
    pub(crate) name: &'static str,
    pub(crate) on: Callback<Msg>,
}

/// What a drag has still to do.
#[derive(Default)]
struct Drag {
    /// Runs while the world was changed a moment ago.
    pause: Option<Timeout>,
    /// The place that was dragged to meanwhile.
    waiting: Option<u32>,
}

/// The typical duration of a latency; its spread stays as it is.
#[component]
pub(crate) fn LatencySlider(props: &SliderProps) -> Html {
    let setting = &settings()[props.index];
    let drag = use_mut_ref(Drag::default);
    let dragged = use_state(|| None::<u32>);
    let send = {
        let (on, index, value) = (props.on.clone(), props.index, props.value);
        move |place: u32| {
            let value = Value::Latency(value.with_us_typical(us_at(place)));
            on.emit(act(Intervention::Set { key: settings()[index].key.as_str().into(), value: value.to_string().into() }));
        }
    };
    let oninput = {
        let (drag, dragged, send) = (drag.clone(), dragged.clone(), send.clone());
        move |event: InputEvent| {
            let place = event.target_unchecked_into::<HtmlInputElement>().value().parse().unwrap_or(0);
            dragged.set(Some(place));
            drag_to(&drag, place, &send);
        }
    };
    let settle = {
        let dragged = dragged.clone();
        Callback::from(move |()| {
            let last = drag.borrow_mut().waiting.take();
            last.into_iter().for_each(&send);
            dragged.set(None);
        })
    };
    let onchange = settle.reform(|_: Event| ());
    // A drag that ends where it began has changed nothing for some browsers.
    let onpointerup = settle.reform(|_: PointerEvent| ());
    let onblur = settle.reform(|_: FocusEvent| ());
    let us = dragged.map_or(props.value.us_typical(), us_at);
    let label = duration(us);
    html! {
        <label class="latency" title={setting.key.as_str()}>
            <span class="latency-name">{ props.name }</span>
            <input type="range" min="0" max={PLACE_MAX.to_string()} step="1" value={place_of(us).to_string()}
                data-testid={["latency-", &setting.key].concat()} aria-valuetext={label.clone()} {oninput} {onchange} {onpointerup} {onblur} />
            <output class="latency-value">{ label }</output>
        </label>
    }
}

/// Changes the world now, or when its pause is over.
fn drag_to(drag: &Rc<RefCell<Drag>>, place: u32, send: &(impl Fn(u32) + Clone + 'static)) {
    if drag.borrow().pause.is_some() {
        drag.borrow_mut().waiting = Some(place);
        return;
    }
    let (later, send_later) = (drag.clone(), send.clone());
    drag.borrow_mut().pause = Some(Timeout::new(PACE_MS, move || {
        let waiting = {
            let mut drag = later.borrow_mut();
            drag.pause = None;
            drag.waiting.take()
        };
        waiting.into_iter().for_each(|place| drag_to(&later, place, &send_later));
    }));
    send(place);
}
