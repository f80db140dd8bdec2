//! What the app does with each message, and how it keeps the address true.

use web_sys::KeyboardEvent;
use yew::AttrValue;

use super::case::named;
use super::msg::{Msg, Open, Tab};
use super::{App, browser};
use crate::bank::{self, Command};
use crate::kernel::SimTime;
use crate::pipeline::{Fact, FactKind, Intervention, InterventionError, World};
use crate::player::{Msg as PlayerMsg, Notice, Player};
use crate::scenario::link::{LinkProblem, Recording};
use crate::scenario::{Scenario, settings};
use crate::ui::cases::File;
use crate::ui::i18n::{Lang, Text, faults, refusals, violations};
use crate::ui::toast::{Offer, Said};
use crate::ui::{crash, scenarios};

/// For how long a toast stays, in milliseconds.
const TOAST_MS: f64 = 8_000.0;
/// Where a run is first looked at: records lie in the log and balances have moved, and it goes on from there.
const FIRST_LOOK: SimTime = SimTime::from_ms(4_000);
/// How long before the first thing that a scenario does by itself it is first looked at, in microseconds: nobody waits for
/// it, and nobody misses it.
const BEFORE_IT_US: u64 = 800_000;
/// How far an arrow key seeks, in microseconds.
const ARROW_US: u64 = 1_000_000;

/// The run that the address holds, and what is wrong with the address.
pub(super) fn from_address() -> (Scenario, Player<World>, Vec<LinkProblem>) {
    let fragment = browser::fragment();
    let run = if named(&fragment).is_some() { "" } else { &fragment };
    let (recording, problems) = Recording::from_fragment(run, scenarios::by_name, scenarios::first());
    let Recording { scenario, interventions, moment } = recording;
    let mut player = player(&scenario, interventions, moment);
    if run.is_empty() {
        let _outcome = player.update(PlayerMsg::Seek(first_look(&scenario)));
    }
    (scenario, player, problems)
}

/// Where a scenario is first looked at.
fn first_look(scenario: &Scenario) -> SimTime {
    scenario.program.first().map_or(FIRST_LOOK, |(at, _)| SimTime(at.us().saturating_sub(BEFORE_IT_US)))
}

/// A player of a scenario, on its way to `moment`.
pub(super) fn player(scenario: &Scenario, interventions: Vec<(SimTime, crate::pipeline::Intervention)>, moment: SimTime) -> Player<World> {
    let mut player = Player::new(World::new(scenario), interventions, SimTime(scenarios::strip_us(scenario)));
    if moment > SimTime::ZERO {
        let _outcome = player.update(PlayerMsg::Pause);
        let _outcome = player.update(PlayerMsg::Seek(moment));
    }
    player
}

impl App {
    /// Does what a message says, except for frames.
    pub(super) fn act(&mut self, msg: Msg) {
        match msg {
            Msg::Frame(_) => {}
            Msg::Media => self.prefs.apply(self.media.dark()),
            Msg::Do(msg) => self.tell_player(msg),
            Msg::Jump(at) => {
                self.open = None;
                self.tell_player(PlayerMsg::Pause);
                self.tell_player(PlayerMsg::Seek(at));
            }
            Msg::Select(thing) => {
                self.selection = thing;
                if thing.is_some() {
                    (self.tab, self.sheet_closed) = (Tab::Selected, false);
                }
            }
            Msg::Watch(thing) => self.selection = Some(thing),
            Msg::Tab(tab) => {
                self.sheet_closed = self.tab == tab && !self.sheet_closed;
                self.tab = tab;
            }
            Msg::Open(open) => (self.open, self.rule) = (open, None),
            Msg::Rule(rule) => (self.open, self.rule) = (Some(Open::Fidelity), Some(rule)),
            Msg::Case(msg) => self.case_act(msg),
            Msg::Scenario(name) => {
                if let Some(scenario) = scenarios::by_name(&name) {
                    self.start_over(scenario);
                }
            }
            Msg::Seed(seed) => self.start_over(Scenario { seed, ..self.scenario.clone() }),
            Msg::Begin { index, value } => {
                let mut scenario = self.scenario.clone();
                match scenario.config.set_text(&settings()[index].key, &value) {
                    Ok(_) => self.start_over(scenario),
                    Err(error) => self.hear(vec![Notice::Refused(error.into())]),
                }
            }
            Msg::AnySeed => self.start_over(Scenario { seed: browser::any_seed(), ..self.scenario.clone() }),
            Msg::Send(command) => self.send(command),
            Msg::Follow(command) => {
                self.follow = command;
                (self.open, self.tab, self.sheet_closed) = (None, Tab::Code, false);
            }
            Msg::Search(text) => self.search = text,
            Msg::NextLanguage => {
                self.prefs.lang = self.lang().pick(Lang::Ko, Lang::En);
                self.prefs.keep(self.media.dark());
            }
            Msg::NextTheme => {
                self.prefs.theme = self.prefs.theme.next(self.media.dark());
                self.prefs.keep(self.media.dark());
            }
            Msg::Table(table) => self.table = table,
            Msg::Share => self.share(),
            Msg::Copied(copied) => {
                let text = Text::of(self.lang());
                self.toast((if copied { text.shared } else { text.share_failed }).into(), Offer::Nothing);
            }
            // The button beside a toast puts away both.
            Msg::Dismiss => {
                (self.prefs.greeted, self.toast) = (true, None);
                self.prefs.keep(self.media.dark());
            }
            Msg::DismissAbout => (self.about_read, self.toast) = (true, None),
            Msg::DismissNote => {
                self.link_problems.clear();
                self.toast = None;
            }
            Msg::Key(event) => self.key(&event),
            Msg::AddressChanged => self.follow_address(),
        }
    }

    fn tell_player(&mut self, msg: PlayerMsg<Intervention>) {
        let fault = match &msg {
            PlayerMsg::Intervene(Intervention::Inject(rule)) if self.open.is_none() => Some(*rule),
            _ => None,
        };
        if msg == PlayerMsg::Undo {
            self.toast = None;
        }
        let outcome = self.player.update(msg);
        let is_done = outcome.notices.iter().all(|notice| matches!(notice, Notice::RecordingChanged));
        self.hear(outcome.notices);
        // A chip has room for a name only, and a finger sees no title: what was done is said once it is done.
        if let Some(rule) = fault.filter(|_| is_done) {
            self.toast(faults::sentence_on(rule.kind, &rule.target, self.lang()).into(), Offer::Nothing);
        }
        self.work();
    }

    /// Sends a command by hand and follows it, so that whoever sent it sees what comes of it. One that is refused stays in
    /// the form.
    fn send(&mut self, command: Command) {
        let first = self.player.world().trace().end();
        self.tell_player(PlayerMsg::Intervene(Intervention::SendCommand { client: 0, command }));
        let trace = self.player.world().trace();
        let issued = |fact: &&Fact| matches!(fact.kind, FactKind::Bank(bank::FactKind::CommandIssued { .. }));
        let number = (first..trace.end()).filter_map(|number| trace.get(number)).find(issued).and_then(|fact| fact.command);
        if number.is_some() {
            (self.follow, self.open, self.tab, self.sheet_closed) = (number, None, Tab::Code, false);
        }
    }

    /// What the player has to tell.
    pub(super) fn hear(&mut self, notices: Vec<Notice<InterventionError>>) {
        for notice in notices {
            self.take_notice(notice);
        }
    }

    // A function of its own: until somebody does something there is nothing to tell, so it comes later.
    #[inline(never)]
    fn take_notice(&mut self, notice: Notice<InterventionError>) {
        let text = Text::of(self.lang());
        match notice {
            Notice::FutureDropped { .. } => self.toast(text.future_dropped.into(), Offer::Undo),
            Notice::Refused(error) => {
                let why = refusals::refusal(&error, &self.scene, self.lang());
                self.toast([text.refused, " ", &why].concat().into(), Offer::Nothing);
            }
            Notice::RecordingChanged => {
                // The address named a case that did not come, for another try; what is done to the run is not to be lost for that.
                self.case_wanted &= self.case.as_ref().is_some_and(|case| !matches!(case.sheet, File::Failed(_)));
                self.write_address();
            }
        }
    }

    /// Says it when the referee finds something new.
    pub(super) fn watch_referee(&mut self) {
        if self.player.violations_new() > 0 {
            self.tell_of_violation();
        }
    }

    // A function of its own, so that it comes later.
    #[inline(never)]
    fn tell_of_violation(&mut self) {
        let newest = self.player.world().violations().last();
        let found = newest.map(|violation| (violations::sentence(&violation.kind, self.lang()), violation.at));
        if let Some((sentence, at)) = found {
            self.toast(sentence.into(), Offer::Jump(at));
        }
    }

    fn toast(&mut self, text: AttrValue, offer: Offer) {
        self.toast = Some((Said { text, offer }, browser::now_ms() + TOAST_MS));
    }

    fn start_over(&mut self, scenario: Scenario) {
        let mut player = player(&scenario, Vec::new(), SimTime::ZERO);
        let _outcome = player.update(PlayerMsg::Seek(first_look(&scenario)));
        self.put_on_stage(scenario, player);
        self.keep_case();
        self.write_address();
    }

    /// Another run from now on: what was said and chosen in the one before concerns it no longer.
    pub(super) fn put_on_stage(&mut self, scenario: Scenario, player: Player<World>) {
        self.about_read &= self.scenario.name == scenario.name;
        (self.scenario, self.player) = (scenario, player);
        (self.selection, self.follow, self.toast) = (None, None, None);
        self.link_problems.clear();
    }

    fn recording(&self) -> Recording {
        Recording { scenario: self.scenario.clone(), interventions: self.player.timeline().inputs().to_vec(), moment: self.now() }
    }

    /// Puts the run into the address, unless it is on its way to a moment or the address names a case that is not here yet.
    pub(super) fn write_address(&mut self) {
        if self.player.busy() || self.case_wanted {
            return;
        }
        let fragment = self.recording().to_fragment(scenarios::by_name);
        browser::set_fragment(&fragment);
        crash::remember(&browser::address_with(&fragment));
    }

    /// The address was changed from outside: it is the run now.
    fn follow_address(&mut self) {
        let fragment = browser::fragment();
        if fragment == self.recording().to_fragment(scenarios::by_name) {
            return;
        }
        if named(&fragment).is_some() {
            // The run on the stage stays until the other one is here.
            self.open = None;
            return self.look_for_case();
        }
        let (scenario, player, problems) = from_address();
        self.put_on_stage(scenario, player);
        self.link_problems = problems;
        self.look_for_case();
        self.work();
    }

    fn share(&mut self) {
        self.write_address();
        // The address may be behind, or name a case that did not come.
        let fragment = self.recording().to_fragment(scenarios::by_name);
        browser::copy(&browser::address_with(&fragment), self.on.reform(Msg::Copied));
    }

    /// Keys that work wherever the focus is, unless it is where they mean something else.
    fn key(&mut self, event: &KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
            return;
        }
        let key = browser::key(event);
        if self.open.is_some() || browser::focus_place().takes(&key) {
            return;
        }
        let Some(msg) = self.meaning(&key) else { return };
        event.prevent_default();
        self.act(msg);
    }

    /// What a key says, where it says anything.
    fn meaning(&self, key: &str) -> Option<Msg> {
        Some(match key {
            " " | "k" => Msg::Do(PlayerMsg::TogglePlay),
            "." => Msg::Do(PlayerMsg::StepForward),
            "," => Msg::Do(PlayerMsg::StepBack),
            "ArrowLeft" => Msg::Do(PlayerMsg::Seek(SimTime(self.now().us().saturating_sub(ARROW_US)))),
            "ArrowRight" => Msg::Do(PlayerMsg::Seek(self.now() + ARROW_US)),
            "Home" => Msg::Do(PlayerMsg::ToStart),
            "End" => Msg::Do(PlayerMsg::ToEnd),
            "-" => Msg::Do(PlayerMsg::Speed(self.player.speed().slower())),
            "+" | "=" => Msg::Do(PlayerMsg::Speed(self.player.speed().faster())),
            "z" => Msg::Do(PlayerMsg::Undo),
            "f" => Msg::Open(Some(Open::Palette)),
            "c" => Msg::Open(Some(Open::Command)),
            "?" => Msg::Open(Some(Open::Help)),
            "t" => Msg::Table(!self.table),
            "1" => Msg::Tab(Tab::Code),
            "2" => Msg::Tab(Tab::Selected),
            "3" => Msg::Tab(Tab::Journal),
            "4" => Msg::Tab(Tab::Meters),
            "5" => Msg::Tab(Tab::Settings),
            "6" if self.case.is_some() => Msg::Tab(Tab::Case),
            "Escape" => Msg::Select(None),
            _ => return None,
        })
    }
}
