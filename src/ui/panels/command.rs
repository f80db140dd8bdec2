//! A command by hand.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::PanelProps;
use crate::bank::{AccountId, Command};
use crate::ui::app::Msg;
use crate::ui::dialog::Dialog;
use crate::ui::i18n::Text;

/// What the form holds.
#[derive(Clone, Copy, PartialEq)]
struct Draft {
    kind: Kind,
    account: AccountId,
    to: AccountId,
    amount: i64,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Open,
    Deposit,
    Withdraw,
    Transfer,
}

const KINDS: [Kind; 4] = [Kind::Transfer, Kind::Deposit, Kind::Withdraw, Kind::Open];

impl Draft {
    fn command(self) -> Command {
        let Draft { kind, account, to, amount } = self;
        match kind {
            Kind::Open => Command::Open { account, deposit: amount },
            Kind::Deposit => Command::Deposit { account, amount },
            Kind::Withdraw => Command::Withdraw { account, amount },
            Kind::Transfer => Command::Transfer { from: account, to, amount },
        }
    }
}

/// The number in a field or a selection.
fn number(event: &Event) -> i64 {
    let target = event.target_unchecked_into::<HtmlInputElement>();
    target.value().parse().unwrap_or(0)
}

#[component]
pub(crate) fn CommandForm(props: &PanelProps) -> Html {
    let text = Text::of(props.lang);
    let draft = use_state(|| Draft { kind: Kind::Transfer, account: AccountId(0), to: AccountId(1), amount: 30 });
    let count = props.shot.world.bank().map_or(0, |bank| bank.accounts().len() as u32);
    let change = |apply: fn(&mut Draft, i64)| {
        let draft = draft.clone();
        move |event: Event| {
            let mut next = *draft;
            apply(&mut next, number(&event));
            draft.set(next);
        }
    };
    let on_kind = {
        let draft = draft.clone();
        move |event: Event| {
            let place: usize = event.target_unchecked_into::<HtmlSelectElement>().value().parse().unwrap_or(0);
            draft.set(Draft { kind: KINDS[place.min(KINDS.len() - 1)], account: AccountId(0), ..*draft });
        }
    };
    let send = {
        let command = draft.command();
        props.on.reform(move |event: SubmitEvent| {
            event.prevent_default();
            Msg::Send(command)
        })
    };
    let accounts = |selected: AccountId, from: u32, to: u32| {
        // One more than there are: an unknown account is worth a try, and a new one must be named.
        (from..=to)
            .map(move |n| html! { <option value={n.to_string()} selected={n == selected.0}>{ AccountId(n).name() }</option> })
            .collect::<Html>()
    };
    let first = if draft.kind == Kind::Open { count } else { 0 };
    let account = if draft.kind == Kind::Open && draft.account.0 < count { AccountId(count) } else { draft.account };
    if account != draft.account {
        draft.set(Draft { account, ..*draft });
    }
    html! {
        <Dialog title={text.send_command} testid="command" lang={props.lang} on_close={props.on.reform(|()| Msg::Open(None))}>
            <form class="command-form" onsubmit={send}>
                <select autofocus={true} aria-label={text.send_command} onchange={on_kind}>
                    { for KINDS.iter().enumerate().map(|(place, kind)| {
                        let name = match kind { Kind::Open => text.open_account, Kind::Deposit => text.deposit, Kind::Withdraw => text.withdraw, Kind::Transfer => text.transfer };
                        html! { <option value={place.to_string()} selected={*kind == draft.kind}>{ name }</option> }
                    }) }
                </select>
                <label>{ text.account }{ " " }
                    <select onchange={change(|draft, n| draft.account = AccountId(n as u32))}>{ accounts(account, first, count) }</select>
                </label>
                if draft.kind == Kind::Transfer {
                    <label>{ text.to_account }{ " " }
                        <select onchange={change(|draft, n| draft.to = AccountId(n as u32))}>{ accounts(draft.to, 0, count) }</select>
                    </label>
                }
                <label>{ text.amount }{ " ₩ " }
                    <input type="number" value={draft.amount.to_string()} onchange={change(|draft, n| draft.amount = n)} />
                </label>
                <button type="submit" class="chip command" data-testid="send-command">{ text.send }</button>
            </form>
        </Dialog>
    }
}
