//! The player's controls: always within reach, on every screen.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::app::{Msg, Shot};
use super::format::{clock, minutes};
use super::i18n::{Lang, Text};
use super::strip::Strip;
use crate::kernel::SimTime;
use crate::player::{Msg as PlayerMsg, Speed, SpeedIndex};

#[derive(Properties, PartialEq)]
pub(crate) struct TransportProps {
    pub(crate) lang: Lang,
    pub(crate) playing: bool,
    /// Whether it is on its way to a moment that was asked for.
    pub(crate) busy: bool,
    pub(crate) speed: SpeedIndex,
    pub(crate) now: SimTime,
    pub(crate) shot: Shot,
    /// Changes when the theme does.
    pub(crate) theme: AttrValue,
    pub(crate) on: Callback<Msg>,
}

#[component]
pub(crate) fn Transport(props: &TransportProps) -> Html {
    let text = Text::of(props.lang);
    let on = props.on.clone();
    html! {
        <section class="transport" aria-label={text.time}>
            <Buttons lang={props.lang} playing={props.playing} on={props.on.clone()} />
            <SpeedSlider lang={props.lang} speed={props.speed} on={props.on.clone()} />
            <p class="clock">
                <span class="clock-now">{ clock(props.now.us()) }</span>
                // One of the two, so that nothing moves when a long way begins or ends.
                if props.busy && !props.playing {
                    <span class="clock-busy">{ text.seeking }</span>
                } else {
                    <span class="clock-end">{ text.of_duration }{ " " }{ minutes(props.shot.end.us()) }</span>
                }
            </p>
            <Strip lang={props.lang} now={props.now} shot={props.shot.clone()} theme={props.theme.clone()} {on} />
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct ButtonsProps {
    lang: Lang,
    playing: bool,
    on: Callback<Msg>,
}

/// Apart from the clock, which is another one at every frame.
#[component]
fn Buttons(props: &ButtonsProps) -> Html {
    let text = Text::of(props.lang);
    let button = |testid: &'static str, label: &'static str, path: &'static str, msg: PlayerMsg<_>| {
        let onclick = props.on.reform(move |_: MouseEvent| Msg::Do(msg.clone()));
        html! {
            <button type="button" data-testid={testid} aria-label={label} title={label} {onclick}>
                <svg viewBox="0 0 24 24" aria-hidden="true"><path d={path}/></svg>
            </button>
        }
    };
    let (label, path) = if props.playing { (text.pause, "M7 5h4v14H7zM13 5h4v14h-4z") } else { (text.play, "M7 4.5v15l12-7.5z") };
    let toggle = props.on.reform(|_: MouseEvent| Msg::Do(PlayerMsg::TogglePlay));
    html! {
        <div class="buttons" role="group" aria-label={text.time}>
            { button("to-start", text.to_start, "M5 5h2.5v14H5zM20 5v14L8.5 12z", PlayerMsg::ToStart) }
            { button("step-back", text.step_back, "M17 5v14L6 12z", PlayerMsg::StepBack) }
            <button type="button" class="primary" data-testid="play" aria-label={label} title={label} onclick={toggle}>
                <svg viewBox="0 0 24 24" aria-hidden="true"><path d={path}/></svg>
            </button>
            { button("step-forward", text.step_forward, "M7 5v14l11-7z", PlayerMsg::StepForward) }
            { button("to-end", text.to_end, "M16.5 5H19v14h-2.5zM4 5v14l11.5-7z", PlayerMsg::ToEnd) }
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct SpeedProps {
    lang: Lang,
    speed: SpeedIndex,
    on: Callback<Msg>,
}

#[component]
fn SpeedSlider(props: &SpeedProps) -> Html {
    let text = Text::of(props.lang);
    let label = speed_text(props.speed.speed(), text);
    let oninput = props.on.reform(|event: InputEvent| {
        let place = event.target_unchecked_into::<HtmlInputElement>().value().parse().unwrap_or(0);
        Msg::Do(PlayerMsg::Speed(SpeedIndex(place)))
    });
    html! {
        <label class="speed">
            <span class="speed-name">{ text.speed }</span>
            <input type="range" min="0" max={SpeedIndex::MAX.0.to_string()} step="1" value={props.speed.0.to_string()}
                data-testid="speed" aria-label={text.speed} aria-valuetext={label.clone()} {oninput} />
            <output class="speed-value">{ label }</output>
        </label>
    }
}

/// `1/4 ×`, `10 ×`, `max`.
fn speed_text(speed: Speed, text: &Text) -> String {
    match speed {
        Speed::Max => text.speed_max.to_owned(),
        Speed::Ratio { virtual_us, real_us: 1 } => [&virtual_us.to_string(), " ×"].concat(),
        Speed::Ratio { virtual_us, real_us } => [&virtual_us.to_string(), "/", &real_us.to_string(), " ×"].concat(),
    }
}
