//! What the referee has found: each a sentence and a jump to its moment.

use yew::prelude::*;

use super::PanelProps;
use super::rule::rule_link;
use crate::ui::app::Msg;
use crate::ui::dialog::Dialog;
use crate::ui::format::{clock, count};
use crate::ui::i18n::{Text, violations as words};

#[component]
pub(crate) fn Violations(props: &PanelProps) -> Html {
    let text = Text::of(props.lang);
    let found = props.shot.world.violations();
    let total = props.shot.world.referee().total_count();
    html! {
        <Dialog title={text.violations} testid="violations" lang={props.lang} on_close={props.on.reform(|()| Msg::Open(None))}>
            if found.is_empty() { <p>{ text.violations_none }</p> }
            <ol class="violations">
                { for found.iter().map(|violation| {
                    let (at, command) = (violation.at, violation.command);
                    html! {
                        <li data-testid="violation">
                            <p>{ words::sentence(&violation.kind, props.lang) }</p>
                            <div class="row">
                                <button type="button" class="chip" onclick={props.on.reform(move |_: MouseEvent| Msg::Jump(at))}>{ text.jump_to }{ " " }{ clock(at.us()) }</button>
                                if let Some(command) = command {
                                    <button type="button" class="chip" onclick={props.on.reform(move |_: MouseEvent| Msg::Follow(Some(command)))}>{ text.follow_command }{ " #" }{ command }</button>
                                }
                                <span class="muted small">{ words::invariant(violation.invariant(), props.lang) }
                                    if let Some(rule) = violation.kind.rule() { { " · " }{ text.rule }{ " " }{ rule_link(rule, props.lang, &props.on) } }
                                </span>
                            </div>
                        </li>
                    }
                }) }
            </ol>
            if total > found.len() as u64 { <p class="muted">{ "+ " }{ count(total - found.len() as u64) }</p> }
        </Dialog>
    }
}
