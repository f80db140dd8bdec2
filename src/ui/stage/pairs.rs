//! The same accounts in the write model and in the read model, side by side; the difference is what one should see.

use yew::prelude::*;

use crate::player::Thing;
use crate::scene::{AccountView, Rect};
use crate::ui::i18n::Lang;
use crate::ui::i18n::stage::{self as words, StageText};

use super::node::{place, select};
use crate::ui::format::number;

#[derive(Properties, PartialEq)]
pub(super) struct PairsProps {
    pub(super) accounts: Vec<AccountView>,
    pub(super) more: u32,
    pub(super) band: Rect,
    pub(super) rects: Vec<Rect>,
    pub(super) lang: Lang,
    pub(super) selected: Option<Thing>,
    pub(super) on_select: Callback<Thing>,
}

#[component]
pub(super) fn Pairs(props: &PairsProps) -> Html {
    let t = StageText::of(props.lang);
    let most = props.accounts.iter().flat_map(|a| [a.written, a.read.unwrap_or(0)]).max().unwrap_or(0).max(1);
    html! {
        <>
            <div class="stage-band" style={place(props.band)}>
                <h3>{ t.both_models }</h3>
                <span class="key"><i class="written" />{ t.write_model }<i class="read" />{ t.read_model }</span>
                if props.more > 0 {
                    <span class="more">{ format!("+{}", props.more) }<span>{ " " }{ t.more_accounts }</span></span>
                }
            </div>
            { for props.accounts.iter().zip(&props.rects).map(|(a, r)| pair(props, a, *r, most)) }
        </>
    }
}

fn pair(props: &PairsProps, account: &AccountView, rect: Rect, most: i64) -> Html {
    let t = StageText::of(props.lang);
    let thing = Thing::Account(account.id);
    let room = i64::from((rect.w - if rect.w < 130 { 72 } else { 104 }).max(16));
    let width = |value: i64| format!("width:{}px", (value.max(0) * room / most).max(2));
    let behind = account.read != Some(account.written);
    let read = account.read.map_or_else(|| t.not_there.to_owned(), number);
    html! {
        <button type="button" class={classes!("pair-of", behind.then_some("behind"))} style={place(rect)}
            data-node={format!("pair-{}", account.id)} aria-pressed={(props.selected == Some(thing)).to_string()}
            onclick={select(&props.on_select, thing)}>
            <span class="name">{ account.name.as_ref() }</span>
            <span class="bar"><i class="written" style={width(account.written)} /><b>{ number(account.written) }</b></span>
            <span class="bar"><i class="read" style={width(account.read.unwrap_or(0))} /><b>{ read }</b></span>
            <span class="pair-note">
                { note(props.lang, account, behind, rect.w) }
            </span>
        </button>
    }
}

/// The line under a pair.
fn note(lang: Lang, account: &AccountView, behind: bool, width: i32) -> String {
    if !behind && account.applied == account.total {
        return StageText::of(lang).in_step.to_owned();
    }
    if account.applied == account.total {
        // One event is missing and another one was applied twice: the numbers of events would say that all is well.
        let off = account.read.unwrap_or(0) - account.written;
        return format!("{} {}", StageText::of(lang).off_by, number(off));
    }
    let many = account.total >= 1_000;
    let words = match width {
        ..110 => words::applied_shortest,
        110..180 if many => words::applied_shortest,
        110..180 => words::applied_short,
        _ => words::applied,
    };
    words(lang, account.applied, account.total)
}
