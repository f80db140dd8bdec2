//! The tabs over the panels, and the sheet that they are on narrow screens.

use yew::prelude::*;

use super::case::case_panel;
use super::code::code;
use super::decide::decide;
use super::hold::{Hold, use_hold};
use super::inspector::inspector;
use super::journal::{follow, journal};
use super::meters::meters_panel;
use super::settings::Settings;
use crate::player::Thing;
use crate::ui::app::{Msg, Shot, Tab};
use crate::ui::break_bar::{active, chips, latencies};
use crate::ui::i18n::cases::CaseText;
use crate::ui::i18n::{Lang, Text};

#[derive(Properties, PartialEq)]
pub(crate) struct SideProps {
    pub(crate) lang: Lang,
    pub(crate) shot: Shot,
    pub(crate) tab: Tab,
    pub(crate) narrow: bool,
    /// Whether the bar below the stage has no room for the latencies.
    pub(crate) compact: bool,
    /// Whether the sheet is down.
    pub(crate) closed: bool,
    /// Whether a dialog shows the faults that stand.
    pub(crate) covered: bool,
    pub(crate) selection: Option<Thing>,
    pub(crate) follow: Option<u32>,
    pub(crate) search: AttrValue,
    pub(crate) on: Callback<Msg>,
}

/// The tabs with their names and what they show, as page tests call it.
fn tabs(text: &'static Text, narrow: bool, compact: bool, case: Option<&'static str>) -> Vec<(Tab, &'static str, &'static str)> {
    let wide = [
        (Tab::Code, text.tab_code, "code follow"),
        (Tab::Selected, text.tab_selected, "inspector by-hand"),
        (Tab::Journal, text.tab_journal, "journal journal-line journal-filter"),
        (Tab::Meters, text.tab_meters, "meters"),
        (Tab::Settings, text.tab_settings, "settings"),
    ];
    let faults = (Tab::Break, text.sheet_break, "chips fault-active");
    let latency = (Tab::Latency, text.sheet_latency, "latencies");
    let (before, after) = if narrow { (Some(latency), None) } else { (None, compact.then_some(latency)) };
    let case = case.map(|name| (Tab::Case, name, "case case-story case-fact"));
    narrow.then_some(faults).into_iter().chain(before).chain(case).chain(wide).chain(after).collect()
}

#[component]
pub(crate) fn Side(props: &SideProps) -> Html {
    let text = Text::of(props.lang);
    let case = props.shot.case.as_ref().map(|_| CaseText::of(props.lang).tab);
    let tabs = tabs(text, props.narrow, props.compact, case);
    let current = if tabs.iter().any(|(tab, ..)| *tab == props.tab) { props.tab } else { Tab::Code };
    let hold = use_hold(&props.shot, &(current, props.follow));
    let on_key = {
        let (on, tabs) = (props.on.clone(), tabs.iter().map(|(tab, ..)| *tab).collect::<Vec<_>>());
        move |event: KeyboardEvent| {
            let here = tabs.iter().position(|tab| *tab == current).unwrap_or(0);
            let there = match event.key().as_str() {
                "ArrowRight" => (here + 1) % tabs.len(),
                "ArrowLeft" => (here + tabs.len() - 1) % tabs.len(),
                "Home" => 0,
                "End" => tabs.len() - 1,
                _ => return,
            };
            event.prevent_default();
            on.emit(Msg::Tab(tabs[there]));
            focus_tab(tabs[there]);
        }
    };
    html! {
        <aside class={classes!("panels", props.closed.then_some("closed"), matches!(current, Tab::Break | Tab::Latency).then_some("short"))} aria-label={text.panel}>
            <div class="tabs" role="tablist" aria-label={text.panel} onkeydown={on_key} data-scrolls="x">
                { for tabs.iter().map(|(tab, name, opens)| tab_button(*tab, name, opens, current, &props.on)) }
            </div>
            { decide(props) }
            <div class="panel" role="tabpanel" tabindex="0" aria-labelledby={tab_id(current)}>
                { panel(props, current, &hold) }
            </div>
        </aside>
    }
}

fn tab_button(tab: Tab, name: &'static str, opens: &'static str, current: Tab, on: &Callback<Msg>) -> Html {
    let selected = tab == current;
    html! {
        <button type="button" role="tab" id={tab_id(tab)} class={classes!("tab", selected.then_some("on"))} aria-selected={selected.to_string()}
            tabindex={if selected { "0" } else { "-1" }} data-opens={opens} onclick={on.reform(move |_: MouseEvent| Msg::Tab(tab))}>{ name }</button>
    }
}

fn tab_id(tab: Tab) -> &'static str {
    match tab {
        Tab::Break => "tab-break",
        Tab::Latency => "tab-latency",
        Tab::Case => "tab-case",
        Tab::Code => "tab-code",
        Tab::Selected => "tab-selected",
        Tab::Journal => "tab-journal",
        Tab::Meters => "tab-meters",
        Tab::Settings => "tab-settings",
    }
}

/// Moves the focus with the selection, as the pattern for tabs asks.
fn focus_tab(tab: Tab) {
    use wasm_bindgen::JsCast;
    let element = web_sys::window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id(tab_id(tab)));
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _refused = element.focus();
    }
}

fn panel(props: &SideProps, tab: Tab, hold: &Hold) -> Html {
    let (lang, shot, on) = (props.lang, &props.shot, &props.on);
    match tab {
        Tab::Break => html! { <>{ chips(lang, shot, on) }if !props.covered { { active(lang, shot, on) } }</> },
        Tab::Latency => latencies(lang, shot, on),
        Tab::Code => html! { <>{ code(lang, shot, props.selection, on) }{ follow(lang, hold, props.follow, on) }</> },
        Tab::Case => shot.case.as_ref().map(|case| case_panel(lang, shot, case, on)).unwrap_or_default(),
        Tab::Selected => inspector(props),
        Tab::Journal => journal(props, hold),
        Tab::Meters => meters_panel(lang, shot),
        Tab::Settings => html! { <Settings {lang} shot={shot.clone()} on={on.clone()} /> },
    }
}
