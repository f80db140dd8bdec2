//! The app: owns the player by value, runs the frame loop, and hands narrow props to everything else.

mod act;
mod browser;
mod case;
mod msg;
mod shot;
mod view;

use std::rc::Rc;

use yew::prelude::*;

use self::browser::{FrameLoop, Keys, Media};
pub(crate) use self::msg::{CaseMsg, Msg, Open, Prefs, Tab, Theme};
pub(crate) use self::shot::Shot;
use self::shot::Shots;
use super::cases::OnStage;
use super::i18n::Lang;
use super::toast::Said;
use crate::kernel::SimTime;
use crate::pipeline::World;
use crate::player::{Msg as PlayerMsg, Player, Thing};
use crate::scenario::Scenario;
use crate::scenario::link::LinkProblem;
use crate::scene::Scene;

/// For how long a frame may make steps, in milliseconds: the page answers within a frame, however fast the run.
const WORK_MS: f64 = 9.0;
/// How many steps are made between two looks at the clock.
const WORK_STEPS: u64 = 128;
/// How often panels follow the run at most, in milliseconds.
const PANELS_MS: f64 = 200.0;
/// How often the address follows the run at most while it plays, in milliseconds.
const ADDRESS_MS: f64 = 1_000.0;
/// The same while it stands and is stepped or dragged: browsers refuse more than some hundred changes in half a minute.
const ADDRESS_STANDING_MS: f64 = 350.0;

/// The whole page.
pub(crate) struct App {
    scenario: Scenario,
    player: Player<World>,
    prefs: Prefs,
    media: Media,
    _keys: Keys,
    frames: FrameLoop,
    last_frame_ms: Option<f64>,
    shots: Shots,
    shot_ms: f64,
    address_ms: f64,
    /// Whether the run stands where the address does not say yet.
    address_due: bool,
    scene: Rc<Scene>,
    digest: u64,
    stop_at: Option<(SimTime, browser::Stop)>,
    selection: Option<Thing>,
    follow: Option<u32>,
    tab: Tab,
    /// On narrow screens: whether the sheet is down.
    sheet_closed: bool,
    open: Option<Open>,
    table: bool,
    /// What is said, and when it goes away, in the browser's milliseconds.
    toast: Option<(Said, f64)>,
    /// What is wrong with the address, until it was read.
    link_problems: Vec<LinkProblem>,
    /// Whether what the scenario is about was read.
    about_read: bool,
    search: AttrValue,
    /// One and the same for the life of the page: a new one would make every part of the page another one at every frame.
    on: Callback<Msg>,
    on_select: Callback<Thing>,
    /// The recorded case on the stage.
    case: Option<OnStage>,
    /// Whether the case is to be put on the stage when its file has come.
    case_wanted: bool,
    /// The rule at which the Fidelity view opens.
    rule: Option<AttrValue>,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> App {
        let link = ctx.link();
        let prefs = Prefs::load();
        let media = Media::new(link.callback(|_| Msg::Media));
        // Before anything else, so that a stop is shown from here on.
        prefs.apply(media.dark());
        let (scenario, player, link_problems) = act::from_address();
        let scene = shot::scene(&player);
        let mut app = App {
            shots: Shots::all(Shot::take(&player, &scene, &scenario.program, None, 0)),
            scenario,
            player,
            prefs,
            media,
            _keys: Keys::new(link.callback(Msg::Key), link.callback(|()| Msg::AddressChanged)),
            frames: FrameLoop::new(link.callback(Msg::Frame)),
            last_frame_ms: None,
            shot_ms: 0.0,
            address_ms: 0.0,
            address_due: false,
            scene,
            digest: 0,
            stop_at: browser::stop_asked_at(),
            selection: None,
            follow: None,
            tab: Tab::Code,
            sheet_closed: false,
            open: None,
            table: false,
            toast: None,
            link_problems,
            about_read: false,
            search: AttrValue::default(),
            on: link.callback(|msg: Msg| msg),
            on_select: link.callback(|thing| Msg::Select(Some(thing))),
            case: None,
            case_wanted: false,
            rule: None,
        };
        if app.media.narrow() {
            app.tab = Tab::Break;
        }
        app.look_for_case();
        app.refresh(true);
        app.frames.request();
        app
    }

    fn update(&mut self, _ctx: &Context<Self>, msg: Msg) -> bool {
        let changed = match msg {
            Msg::Frame(now_ms) => self.frame(now_ms),
            msg => {
                self.act(msg);
                // A message may make the steps that are due, and a run that stands then has no frame that is drawn.
                self.watch_referee();
                self.refresh(true);
                true
            }
        };
        if self.player.playing() || self.player.busy() || self.toast.is_some() || self.address_due {
            self.frames.request();
        } else {
            self.last_frame_ms = None;
        }
        changed
    }

    fn view(&self, _ctx: &Context<Self>) -> Html {
        self.page()
    }
}

impl App {
    fn frame(&mut self, now_ms: f64) -> bool {
        let elapsed_ms = self.last_frame_ms.map_or(16.0, |last| (now_ms - last).max(0.0));
        self.last_frame_ms = Some(now_ms);
        let moving = self.player.playing() || self.player.busy();
        let outcome = self.player.update(PlayerMsg::Frame { elapsed_us: (elapsed_ms * 1_000.0) as u64 });
        self.hear(outcome.notices);
        self.work();
        if let Some((_, stop)) = self.stop_at.filter(|(at, _)| *at <= self.now()) {
            stop.now();
        }
        self.watch_referee();
        let stale_toast = self.toast.as_ref().is_some_and(|(_, until_ms)| *until_ms < now_ms);
        if stale_toast {
            self.toast = None;
        }
        let at_rest = moving && !self.player.playing() && !self.player.busy();
        self.refresh(at_rest);
        moving || stale_toast
    }

    /// Makes the steps that are due, for as long as a frame may.
    fn work(&mut self) {
        let begin = browser::now_ms();
        while self.player.work(WORK_STEPS) {
            if browser::now_ms() - begin > WORK_MS {
                self.player.hold();
                break;
            }
        }
    }

    /// Brings what is shown up to date: the stage always, panels now and then or when `at_once`.
    fn refresh(&mut self, at_once: bool) {
        let now_ms = browser::now_ms();
        self.scene = shot::scene(&self.player);
        if at_once || now_ms - self.shot_ms >= PANELS_MS {
            self.shot_ms = now_ms;
            self.judge_case();
            let tick = self.shots.side.tick + 1;
            let shot = Shot::take(&self.player, &self.scene, &self.scenario.program, self.case.clone(), tick);
            if at_once {
                self.shots = Shots::all(shot);
            } else {
                self.shots.side = shot;
            }
            if !self.player.playing() && !self.player.busy() {
                self.digest = self.player.world().digest_of_newest_facts();
            }
        } else if self.shots.pass_on() {
            return;
        }
        self.keep_address(now_ms, at_once);
    }

    /// Brings the address up to date, now and then.
    fn keep_address(&mut self, now_ms: f64, at_once: bool) {
        self.address_due |= at_once && !self.player.playing();
        let pause_ms = if self.address_due { ADDRESS_STANDING_MS } else { ADDRESS_MS };
        // On its way to a moment the run is not put into the address.
        if now_ms - self.address_ms >= pause_ms && !self.player.busy() {
            (self.address_ms, self.address_due) = (now_ms, false);
            self.write_address();
        }
    }

    fn now(&self) -> SimTime {
        self.player.now()
    }

    fn lang(&self) -> Lang {
        self.prefs.lang
    }
}
