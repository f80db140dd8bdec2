//! A short message, and what can be done about it. It lies over the stage, or in the dialog that is open: nothing outside of that
//! can be read or pressed. Has never heard of what is said.

use yew::prelude::*;

use super::app::Msg;
use super::format::clock;
use super::i18n::{Lang, Text};
use crate::kernel::SimTime;
use crate::player::Msg as PlayerMsg;

/// What a toast offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Nothing: it is only to be read.
    Nothing,
    /// To bring back the dropped future.
    Undo,
    /// To go to the moment that it speaks of.
    Jump(SimTime),
}

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    /// The words.
    pub(crate) text: AttrValue,
    /// What can be done about it from here.
    pub(crate) offer: Offer,
}

#[derive(Properties, PartialEq)]
pub(crate) struct ToastProps {
    pub(crate) lang: Lang,
    /// Nothing is said most of the time; the place for it stands, so that screen readers hear of it.
    pub(crate) said: Option<Said>,
    pub(crate) on: Callback<Msg>,
}

#[component]
pub(crate) fn Toast(props: &ToastProps) -> Html {
    html! {
        <div class="toasts" role="status">
            if let Some(said) = &props.said {
                <p class="toast" data-testid="toast">{ said.text.clone() }{ offer(said.offer, props) }</p>
            }
        </div>
    }
}

fn offer(offer: Offer, props: &ToastProps) -> Html {
    let (text, on) = (Text::of(props.lang), &props.on);
    match offer {
        Offer::Nothing => html! {},
        Offer::Undo => html! {
            <button type="button" class="quiet" data-testid="undo" onclick={on.reform(|_| Msg::Do(PlayerMsg::Undo))}>{ text.undo }</button>
        },
        Offer::Jump(at) => html! {
            <button type="button" class="quiet" data-testid="toast-jump" onclick={on.reform(move |_| Msg::Jump(at))}>{ text.jump_to }{ " " }{ clock(at.us()) }</button>
        },
    }
}
