//! What can happen to the page, and what the page remembers of its reader.

use web_sys::KeyboardEvent;
use yew::AttrValue;

use super::browser;
use crate::bank::Command;
use crate::kernel::SimTime;
use crate::pipeline::Intervention;
use crate::player::{Msg as PlayerMsg, Thing};
use crate::ui::crash;
use crate::ui::i18n::Lang;
use crate::ui::rest;

/// What can happen to the page.
pub(crate) enum Msg {
    /// The browser is about to paint; its clock in milliseconds.
    Frame(f64),
    /// For the player.
    Do(PlayerMsg<Intervention>),
    /// Go to a moment, stand there, and close what lies over it.
    Jump(SimTime),
    /// Something on the stage was pointed at; `None`: nothing any more.
    Select(Option<Thing>),
    /// Something to look at in the panel that is open.
    Watch(Thing),
    /// Another panel.
    Tab(Tab),
    /// A dialog is opened, or the open one closed.
    Open(Option<Open>),
    /// Another scenario.
    Scenario(AttrValue),
    /// Another seed.
    Seed(u64),
    /// A seed by chance.
    AnySeed,
    /// Begin the run anew with a setting changed that is part of its beginning.
    Begin {
        /// The setting's place in the table.
        index: usize,
        /// Its value as text.
        value: AttrValue,
    },
    /// Send a command by hand, and follow it.
    Send(Command),
    /// Follow everything that a command causes.
    Follow(Option<u32>),
    /// The journal's filter.
    Search(AttrValue),
    /// The other language.
    NextLanguage,
    /// The next theme.
    NextTheme,
    /// Picture or table.
    Table(bool),
    /// Copy the link.
    Share,
    /// Whether the browser let the page copy it.
    Copied(bool),
    /// The reader has understood the first line.
    Dismiss,
    /// What the scenario is about was read.
    DismissAbout,
    /// The problem with the link was read.
    DismissNote,
    /// A key was pressed somewhere.
    Key(KeyboardEvent),
    /// The address was changed by hand or by going back.
    AddressChanged,
    /// About recorded cases.
    Case(CaseMsg),
    /// Show how far the page can be trusted, at this rule.
    Rule(AttrValue),
    /// The system's theme, motion or width changed.
    Media,
}

/// What can happen about recorded cases.
pub(crate) enum CaseMsg {
    /// A case's file came, or why it did not.
    Came(AttrValue, Result<String, String>),
    /// Ask once more for the file that did not come.
    Retry,
    /// The run as it was recorded.
    Restore,
}

/// A panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Faults; on narrow screens only.
    Break,
    /// Latencies; on narrow screens only.
    Latency,
    /// The listener's code.
    Code,
    /// The recorded case on the stage.
    Case,
    /// What is selected.
    Selected,
    /// The journal of facts.
    Journal,
    /// Plots over time.
    Meters,
    /// All settings.
    Settings,
}

/// A dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// All faults.
    Palette,
    /// All keys.
    Help,
    /// What is modelled and what is not.
    Fidelity,
    /// A command by hand.
    Command,
    /// What the referee found.
    Violations,
}

/// Which colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The name in storage, and on the root element; empty for the system's, which the root element never has.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Theme::System => "",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The next one, beginning with the one that shows a difference.
    pub(crate) fn next(self, system_is_dark: bool) -> Theme {
        match (self, system_is_dark) {
            (Theme::System, false) | (Theme::Light, true) => Theme::Dark,
            (Theme::System, true) | (Theme::Dark, false) => Theme::Light,
            (Theme::Light, false) | (Theme::Dark, true) => Theme::System,
        }
    }
}

/// What the page remembers from visit to visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefs {
    /// The language.
    pub(crate) lang: Lang,
    /// The theme.
    pub(crate) theme: Theme,
    /// Whether the first line was dismissed.
    pub(crate) greeted: bool,
}

impl Prefs {
    /// What is stored, or else what the browser prefers.
    pub(crate) fn load() -> Prefs {
        let lang = Lang::of_code(&browser::stored("lang").unwrap_or_else(browser::language));
        rest::have_texts(lang);
        let theme = match browser::stored("theme").as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        };
        Prefs { lang, theme, greeted: browser::stored("greeted").is_some() }
    }

    /// Stores it and marks the document with it.
    pub(crate) fn keep(&self, system_is_dark: bool) {
        browser::store("lang", self.lang.code());
        browser::store("theme", self.theme.name());
        if self.greeted {
            browser::store("greeted", "1");
        }
        self.apply(system_is_dark);
    }

    /// Marks the document with language and theme, and has the texts of the language.
    pub(crate) fn apply(&self, system_is_dark: bool) {
        rest::have_texts(self.lang);
        browser::mark_root("lang", self.lang.code());
        crash::prepare(self.lang);
        let system = if system_is_dark { Theme::Dark } else { Theme::Light };
        let theme = if self.theme == Theme::System { system } else { self.theme };
        browser::mark_root("data-theme", theme.name());
    }
}
