//! The page: Yew components and the canvas. Has never heard of how the world works.
//!
//! The app owns the player by value and is the only one who does; everything else gets narrow props and sends `app::Msg`s.
//! What knows no DOM (texts, number formats, the listener's code, the Fidelity table) is compiled and tested natively too.
//!
//! What page tests may rely on, as `data-testid`: `app` (with `data-time-us`, `data-playing`, `data-busy`, `data-digest`, `data-interventions`), `scenario`,
//! `seed`, `violation`, `share`, `fidelity-open`, `fidelity`, `language`, `theme`, `help`, `first-visit`, `link-problem`,
//! `toast`, `undo`, `table-view`, `to-start`, `step-back`, `play`, `step-forward`, `to-end`, `speed`, `seek`, `chips`,
//! `palette`, `fault-search`, `fault-<id>` (with `data-fault`), `fault-active` (with `fault-end` inside), `heal-all`,
//! `latency-<link>`, `send-command`, `inspector`, `by-hand`, `ack`, `nack`, `throw`, `nothing`, `code`, `journal`,
//! `journal-line`, `journal-filter`, `follow`, `meters`, `settings`, `setting-<key>`, `by-hand-off`, `crash`, `crash-link`, `crash-restart`, `crash-fresh`. A line of
//! `code` says by `data-role` what it does. A closed part is opened by
//! the button whose `data-opens` names it.

#[cfg(feature = "web")]
mod app;
#[cfg(feature = "web")]
mod break_bar;
#[cfg(feature = "web")]
mod cases;
#[cfg(feature = "web")]
mod choice;
#[cfg(feature = "web")]
mod crash;
#[cfg(feature = "web")]
mod dialog;
#[cfg(feature = "web")]
mod draft;
#[cfg_attr(not(feature = "web"), allow(dead_code))] // natively only the tests call it
mod format;
#[cfg(feature = "web")]
mod header;
#[cfg_attr(not(feature = "web"), allow(dead_code))] // natively only the tests call it
pub(crate) mod i18n;
#[cfg_attr(not(feature = "web"), allow(dead_code))] // natively only the tests call it
mod listing;
#[cfg(feature = "web")]
mod number;
#[cfg(feature = "web")]
mod palette;
#[cfg(feature = "web")]
mod panels;
#[cfg(feature = "web")]
mod rest;
#[cfg_attr(not(feature = "web"), allow(dead_code))] // natively only the tests call it
mod rules;
#[cfg_attr(not(feature = "web"), allow(dead_code))] // natively only the tests call it
mod scale;
#[cfg(feature = "web")]
mod scenarios;
#[cfg(feature = "web")]
mod slider;
#[cfg_attr(not(feature = "web"), allow(dead_code))] // natively only the tests call it
pub(crate) mod stage;
#[cfg(feature = "web")]
mod strip;
#[cfg_attr(not(feature = "web"), allow(dead_code))] // natively only the tests call it
mod targets;
#[cfg(feature = "web")]
mod toast;
#[cfg(feature = "web")]
mod transport;

/// Starts the app on the document.
#[cfg(feature = "web")]
pub fn start() {
    crash::install();
    rest::begin(|| {
        let _app = yew::Renderer::<app::App>::new().render();
    });
}
