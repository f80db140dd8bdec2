//! The page as a whole. Everything dense is a component with props of its own, so that a frame renders only what changed.

use yew::prelude::*;

use super::{App, Msg, Open};
use crate::ui::break_bar::BreakBar;
use crate::ui::header::Header;
use crate::ui::i18n::{Text, refusals, scenarios as words};
use crate::ui::palette::Palette;
use crate::ui::panels::{CommandForm, FidelityView, Help, Meters, Side, Violations};
use crate::ui::scenarios;
use crate::ui::stage::{Stage, StageTable};
use crate::ui::toast::{Said, Toast};
use crate::ui::transport::Transport;

impl App {
    /// The page.
    pub(super) fn page(&self) -> Html {
        let on = self.on.clone();
        let lang = self.lang();
        let theme: AttrValue = [self.prefs.theme.name(), if self.media.dark() { "+" } else { "-" }].concat().into();
        let narrow = self.media.narrow();
        html! {
            <div class="app" data-testid="app" data-time-us={self.now().us().to_string()} data-playing={self.player.playing().to_string()}
                data-interventions={self.player.timeline().inputs().len().to_string()}
                data-busy={self.player.busy().to_string()} data-digest={hex(self.digest)}>
                <Header prefs={self.prefs} scenario={AttrValue::from(self.scenario.name.to_string())} seed={self.scenario.seed}
                    violations={self.shots.side.world.referee().total_count()} on={on.clone()} />
                <main class="main">
                    { self.stage_box(&on, &theme, narrow) }
                    <Side {lang} shot={self.shots.side.clone()} tab={self.tab} {narrow} compact={self.media.compact()} closed={narrow && self.sheet_closed} covered={self.open == Some(Open::Palette)} selection={self.selection} follow={self.follow}
                        search={self.search.clone()} on={on.clone()} />
                </main>
                <Transport {lang} playing={self.player.playing()} busy={self.player.busy()} speed={self.player.speed()} now={self.now()}
                    shot={self.shots.strip.clone()} {theme} on={on.clone()} />
                if !narrow { { self.foot(&on) } }
                { self.dialog(&on) }
            </div>
        }
    }

    fn stage_box(&self, on: &Callback<Msg>, theme: &AttrValue, narrow: bool) -> Html {
        let lang = self.lang();
        let text = Text::of(lang);
        let on_select = self.on_select.clone();
        let table = self.table;
        let note = self.note(on);
        html! {
            <section class="stage-box" aria-label={text.stage}>
                { self.toast_view(on) }
                if !self.link_problems.is_empty() { { self.link_note(on) } }
                if !narrow { { note.clone() } }
                <div class="view">
                    if narrow { { note } }
                    <div class="stage-frame">
                    <button type="button" class="quiet view-switch" data-opens="table-view" onclick={on.reform(move |_| Msg::Table(!table))}>
                        { if table { text.picture_view } else { text.table_view } }</button>
                    if table {
                        <div class="table-box" data-scrolls="x" role="region" tabindex="0" aria-label={text.table_view}>
                            <StageTable scene={self.shots.side.scene.clone()} {lang} {on_select} />
                        </div>
                    } else {
                        <Stage scene={self.scene.clone()} {lang} selection={self.selection} {on_select} reduced={self.media.reduced()} theme={theme.clone()} />
                    }
                    </div>
                    if self.media.tall() { <Meters {lang} shot={self.shots.bar.clone()} /> }
                    if narrow { { self.foot(on) } }
                </div>
                if !narrow {
                    <div class={classes!("break", self.media.compact().then_some("compact"))}>
                        <h2 class="bar-title">{ text.break_something }</h2>
                        <BreakBar {lang} shot={self.shots.bar.clone()} compact={self.media.compact()} covered={self.open == Some(Open::Palette)} on={on.clone()} />
                    </div>
                }
            </section>
        }
    }

    /// One line at a time: what the scenario shows; of the calm first one, and of a run that is none, what one sees at all.
    fn note(&self, on: &Callback<Msg>) -> Html {
        let text = Text::of(self.lang());
        let about = words::about(&self.scenario.name, self.lang());
        let (testid, line, read) = if !self.about_read && !about.is_empty() && !scenarios::is_first(&self.scenario.name) {
            ("about", about, on.reform(|_: MouseEvent| Msg::DismissAbout))
        } else if !self.prefs.greeted && self.case.is_none() {
            ("first-visit", text.first_visit, on.reform(|_| Msg::Dismiss))
        } else {
            return html! {};
        };
        html! { <p class="note" data-testid={testid}>{ line }<button type="button" class="quiet" onclick={read}>{ text.dismiss }</button></p> }
    }

    // A function of its own, so that it comes later.
    /// What is wrong with the address.
    #[inline(never)]
    fn link_note(&self, on: &Callback<Msg>) -> Html {
        let text = Text::of(self.lang());
        let all: Vec<String> = self.link_problems.iter().map(|problem| refusals::link_problem(problem, self.lang())).collect();
        html! {
            <p class="note problem" role="alert" data-testid="link-problem">{ text.link_damaged }{ " " }{ all.join("; ") }
                <button type="button" class="quiet" onclick={on.reform(|_| Msg::DismissNote)}>{ text.close }</button></p>
        }
    }

    fn foot(&self, on: &Callback<Msg>) -> Html {
        let text = Text::of(self.lang());
        html! {
            <footer class="foot">
                <span>{ text.foot }</span>{ " " }
                <button type="button" class="quiet" onclick={on.reform(|_| Msg::Open(Some(Open::Fidelity)))}>{ text.foot_more }</button>
            </footer>
        }
    }

    /// What is said, unless a dialog says it.
    fn toast_view(&self, on: &Callback<Msg>) -> Html {
        let said = if self.says_in_dialog() { None } else { self.said() };
        html! { <Toast lang={self.lang()} {said} on={on.clone()} /> }
    }

    /// Whether what is open says what there is to say: what one does there has answers.
    fn says_in_dialog(&self) -> bool {
        matches!(self.open, Some(Open::Palette | Open::Command))
    }

    fn said(&self) -> Option<Said> {
        self.toast.as_ref().map(|(said, _)| said.clone())
    }

    fn dialog(&self, on: &Callback<Msg>) -> Html {
        let (lang, shot, said, on) = (self.lang(), self.shots.side.clone(), self.said(), on.clone());
        match self.open {
            None => html! {},
            Some(Open::Palette) => html! { <Palette {lang} {shot} {said} {on} /> },
            Some(Open::Help) => html! { <Help {lang} {on} /> },
            Some(Open::Fidelity) => html! { <FidelityView {lang} rule={self.rule.clone()} {on} /> },
            Some(Open::Command) => html! { <CommandForm {lang} {shot} {said} {on} /> },
            Some(Open::Violations) => html! { <Violations {lang} {shot} {on} /> },
        }
    }
}

/// A digest as sixteen hexadecimal digits.
fn hex(digest: u64) -> String {
    (0..16)
        .rev()
        .map(|nibble| char::from_digit((digest >> (nibble * 4) & 15) as u32, 16).expect("a nibble is a hexadecimal digit"))
        .collect()
}
