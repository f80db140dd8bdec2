//! The little of the browser that the app needs: frames, keys, the address, storage, media queries.

use wasm_bindgen::prelude::*;
use web_sys::{Event, KeyboardEvent, MediaQueryList, Storage, Window};
use yew::Callback;

use crate::kernel::SimTime;

/// What all keys of the storage begin with.
const STORE: &str = "cqrs-lab.";

pub(super) fn window() -> Window {
    web_sys::window().expect("the page runs in a window")
}

/// The browser's monotonic clock in milliseconds. Only frames and cadences know it, never the run.
pub(super) fn now_ms() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// The browser's preferred language.
pub(super) fn language() -> String {
    window().navigator().language().unwrap_or_default()
}

fn storage() -> Option<Storage> {
    // Storage may be forbidden; the page works without.
    window().local_storage().ok().flatten()
}

/// What was stored under a name.
pub(super) fn stored(name: &str) -> Option<String> {
    storage()?.get_item(&[STORE, name].concat()).ok().flatten()
}

/// Stores something under a name, if that is allowed.
pub(super) fn store(name: &str, value: &str) {
    if let Some(storage) = storage() {
        let _refused = storage.set_item(&[STORE, name].concat(), value);
    }
}

/// Sets an attribute of the root element, or takes it away if it is empty.
pub(super) fn mark_root(name: &str, value: &str) {
    let Some(root) = window().document().and_then(|document| document.document_element()) else { return };
    let _invalid = if value.is_empty() { root.remove_attribute(name) } else { root.set_attribute(name, value) };
}

/// The fragment of the address, without `#`.
pub(super) fn fragment() -> String {
    let hash = window().location().hash().unwrap_or_default();
    hash.strip_prefix('#').unwrap_or(&hash).to_owned()
}

/// A hook for the page tests, and the only thing that the page reads of its query: `?panic=MS` asks for a panic at that
/// moment of virtual time and `?trap=MS` for a trap of the engine, so that what a person then sees can be tested as it
/// really comes about.
pub(super) fn stop_asked_at() -> Option<(SimTime, Stop)> {
    let query = window().location().search().ok()?;
    let (how, at) = query.strip_prefix('?')?.split_once('=')?;
    let stop = match how {
        "panic" => Stop::Panic,
        "trap" => Stop::Trap,
        _ => return None,
    };
    at.parse().ok().map(|ms| (SimTime::from_ms(ms), stop))
}

/// How the program is asked to stop.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    Panic,
    Trap,
}

impl Stop {
    /// Stops the program.
    pub(super) fn now(self) -> ! {
        match self {
            Self::Panic => panic!("asked for by the address: ?panic"),
            // Compiles to `unreachable`, of which no panic hook hears.
            Self::Trap => std::process::abort(),
        }
    }
}

/// Replaces the fragment without a new entry in the history.
pub(super) fn set_fragment(new: &str) {
    if new == fragment() {
        return;
    }
    if let Ok(history) = window().history() {
        // Browsers refuse too many changes in a short time; the app makes few.
        let _refused = history.replace_state_with_url(&JsValue::NULL, "", Some(&["#", new].concat()));
    }
}

/// The whole address.
pub(super) fn address() -> String {
    window().location().href().unwrap_or_default()
}

/// The address with this fragment: the browser may have refused to show the newest.
pub(super) fn address_with(fragment: &str) -> String {
    let address = address();
    [address.split('#').next().unwrap_or_default(), "#", fragment].concat()
}

/// Copies a text and tells whether that was allowed: a page that is not from a secure origin has no clipboard at all, and a
/// page within another one may be refused it.
pub(super) fn copy(text: &str, told: Callback<bool>) {
    let navigator = window().navigator();
    if js_sys::Reflect::get(&navigator, &"clipboard".into()).map_or(true, |clipboard| clipboard.is_undefined()) {
        return told.emit(false);
    }
    let refused_told = told.clone();
    let copied = Closure::once(move |_: JsValue| told.emit(true));
    let refused = Closure::once(move |_: JsValue| refused_told.emit(false));
    let _promise = navigator.clipboard().write_text(text).then2(&copied, &refused);
    // They must outlive this call, and only one of them will be called: a few bytes for each copy.
    copied.forget();
    refused.forget();
}

/// A number from the browser's source of chance, for a new seed. Not part of any run.
pub(super) fn any_seed() -> u64 {
    (js_sys::Math::random() * 10_000.0) as u64
}

/// Asks for one frame at a time.
pub(super) struct FrameLoop {
    callback: Closure<dyn FnMut(f64)>,
    asked: std::rc::Rc<std::cell::Cell<bool>>,
}

impl FrameLoop {
    pub(super) fn new(on_frame: Callback<f64>) -> FrameLoop {
        let asked = std::rc::Rc::new(std::cell::Cell::new(false));
        let done = asked.clone();
        let callback = Closure::new(move |now_ms| {
            done.set(false);
            on_frame.emit(now_ms);
        });
        FrameLoop { callback, asked }
    }

    /// Asks for the next frame, unless it has been asked for.
    pub(super) fn request(&self) {
        if !self.asked.replace(true) {
            let _handle = window().request_animation_frame(self.callback.as_ref().unchecked_ref());
        }
    }
}

/// Listens for keys anywhere on the page and for changes of the address.
pub(super) struct Keys {
    on_key: Closure<dyn FnMut(KeyboardEvent)>,
    on_hash: Closure<dyn FnMut(Event)>,
}

impl Keys {
    pub(super) fn new(on_key: Callback<KeyboardEvent>, on_hash: Callback<()>) -> Keys {
        let keys = Keys { on_key: Closure::new(move |event| on_key.emit(event)), on_hash: Closure::new(move |_| on_hash.emit(())) };
        let _added = window().add_event_listener_with_callback("keydown", keys.on_key.as_ref().unchecked_ref());
        let _added = window().add_event_listener_with_callback("hashchange", keys.on_hash.as_ref().unchecked_ref());
        keys
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let _gone = window().remove_event_listener_with_callback("keydown", self.on_key.as_ref().unchecked_ref());
        let _gone = window().remove_event_listener_with_callback("hashchange", self.on_hash.as_ref().unchecked_ref());
    }
}

/// What the system says of colours, motion and width.
pub(super) struct Media {
    queries: Vec<MediaQueryList>,
    on_change: Closure<dyn FnMut(Event)>,
}

impl Media {
    pub(super) fn new(on_change: Callback<()>) -> Media {
        let queries = [
            "(prefers-color-scheme: dark)",
            "(prefers-reduced-motion: reduce)",
            "(max-width: 959px)",
            "(max-width: 1239px), (max-height: 859px)",
            "(min-width: 1600px) and (min-height: 1000px)",
        ];
        let queries: Vec<_> = queries.iter().filter_map(|query| window().match_media(query).ok().flatten()).collect();
        let on_change = Closure::new(move |_| on_change.emit(()));
        for query in &queries {
            let _added = query.add_event_listener_with_callback("change", on_change.as_ref().unchecked_ref());
        }
        Media { queries, on_change }
    }

    fn holds(&self, index: usize) -> bool {
        self.queries.get(index).is_some_and(MediaQueryList::matches)
    }

    /// Whether the system prefers dark colours.
    pub(super) fn dark(&self) -> bool {
        self.holds(0)
    }

    /// Whether motion is to be reduced.
    pub(super) fn reduced(&self) -> bool {
        self.holds(1)
    }

    /// Whether the screen is low or of medium width: what stands below the stage is one line.
    pub(super) fn compact(&self) -> bool {
        self.holds(3)
    }

    /// Whether there is room below the stage for what is usually behind a tab.
    pub(super) fn tall(&self) -> bool {
        self.holds(4)
    }

    /// Whether the screen is narrow: panels are sheets from below.
    pub(super) fn narrow(&self) -> bool {
        self.holds(2)
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        for query in &self.queries {
            let _gone = query.remove_event_listener_with_callback("change", self.on_change.as_ref().unchecked_ref());
        }
    }
}

/// Where the focus is, as far as keys are concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    /// Nowhere in particular.
    Free,
    /// On a button or link: Space and Enter are its own.
    Button,
    /// On a slider or among tabs: arrows, Home and End are its own.
    Slider,
    /// Where one types or chooses: every key is its own.
    Field,
    /// On something larger than its place: the keys that scroll it are its own.
    Scrolled {
        /// It can be scrolled to the sides.
        sideways: bool,
        /// It can be scrolled up and down.
        upright: bool,
    },
}

impl Focus {
    /// Whether a key means something of its own here.
    pub(super) fn takes(self, key: &str) -> bool {
        match self {
            Focus::Free => false,
            Focus::Button => matches!(key, " " | "Enter"),
            Focus::Slider => key.starts_with("Arrow") || matches!(key, " " | "Home" | "End" | "PageUp" | "PageDown"),
            Focus::Field => true,
            Focus::Scrolled { sideways, upright } => match key {
                "ArrowLeft" | "ArrowRight" => sideways,
                "Home" | "End" => upright,
                _ => false,
            },
        }
    }
}

/// The name of a key that was pressed. A letter is that of the Latin layout, and small: one plays by `k` in Hangul and with the shift
/// lock on as well.
pub(super) fn key(event: &KeyboardEvent) -> String {
    let (name, code) = (event.key(), event.code());
    match code.strip_prefix("Key").filter(|_| name.chars().count() == 1) {
        Some(letter) if !name.is_ascii() => letter.to_ascii_lowercase(),
        Some(_) => name.to_ascii_lowercase(),
        None => name,
    }
}

/// Where the focus is.
pub(super) fn focus_place() -> Focus {
    let Some(element) = window().document().and_then(|document| document.active_element()) else { return Focus::Free };
    let attribute = |name: &str| element.get_attribute(name).unwrap_or_default();
    match (element.tag_name().as_str(), attribute("role").as_str()) {
        (_, "slider" | "tab") => Focus::Slider,
        ("INPUT", _) => match attribute("type").as_str() {
            "range" => Focus::Slider,
            "checkbox" | "radio" => Focus::Button,
            _ => Focus::Field,
        },
        ("TEXTAREA" | "SELECT", _) => Focus::Field,
        ("BUTTON" | "A" | "SUMMARY", _) => Focus::Button,
        ("BODY", _) => Focus::Free,
        _ => Focus::Scrolled {
            sideways: element.scroll_width() > element.client_width(),
            upright: element.scroll_height() > element.client_height(),
        },
    }
}
