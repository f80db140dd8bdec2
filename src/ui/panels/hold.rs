//! Holds a list still while one points at it or walks through it by keys: what is under the pointer must not slip away
//! between pressing and letting go.

use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, Node};
use yew::prelude::*;

use crate::ui::app::Shot;

/// What to show, and what the list that shows it listens to.
#[derive(Clone)]
pub(super) struct Hold {
    /// The snapshot to show: the latest, or the one that is held.
    pub(super) shot: Shot,
    /// Whether it is held and the run has gone on since.
    pub(super) held: bool,
    /// For `onpointerover`.
    pub(super) over: Callback<PointerEvent>,
    /// For `onpointerout`.
    pub(super) out: Callback<PointerEvent>,
    /// For `onfocusin`.
    pub(super) focus: Callback<FocusEvent>,
    /// For `onfocusout`.
    pub(super) blur: Callback<FocusEvent>,
}

/// Holds the snapshot from when the list is entered until it is left, or until `place` is another one.
#[hook]
pub(super) fn use_hold<P: PartialEq + Clone + 'static>(shot: &Shot, place: &P) -> Hold {
    let held = use_state(|| None::<Shot>);
    {
        let held = held.clone();
        use_effect_with(place.clone(), move |_| held.set(None));
    }
    let hold = {
        let (held, shot) = (held.clone(), shot.clone());
        move || {
            if held.is_none() {
                held.set(Some(shot.clone()));
            }
        }
    };
    let (hold_too, release) = (hold.clone(), held.clone());
    let release_too = held.clone();
    Hold {
        shot: (*held).clone().unwrap_or_else(|| shot.clone()),
        held: held.as_ref().is_some_and(|old| old != shot && shot.playing),
        over: Callback::from(move |_: PointerEvent| hold()),
        out: Callback::from(move |event: PointerEvent| {
            if leaves(event.target(), event.related_target()) {
                release.set(None);
            }
        }),
        // A click puts the focus on a line too, but whoever clicks does not walk by keys.
        focus: Callback::from(move |event: FocusEvent| {
            let by_keys = event.target_dyn_into::<Element>().is_some_and(|element| element.matches(":focus-visible").unwrap_or(false));
            if by_keys {
                hold_too();
            }
        }),
        blur: Callback::from(move |event: FocusEvent| {
            if leaves(event.target(), event.related_target()) {
                release_too.set(None);
            }
        }),
    }
}

/// Whether something goes from one element to another that is in another list, or in none.
fn leaves(from: Option<EventTarget>, to: Option<EventTarget>) -> bool {
    let list = |target: Option<EventTarget>| target?.dyn_into::<Element>().ok()?.closest("ol").ok()?;
    let (from, to): (Option<Element>, Option<Element>) = (list(from), list(to));
    match (&from, &to) {
        (Some(from), Some(to)) => !Node::is_same_node(from, Some(to)),
        _ => true,
    }
}
