//! A command by hand.

use yew::prelude::*;

use super::PanelProps;
use crate::bank::{AccountId, Command};
use crate::ui::app::Msg;
use crate::ui::choice::{Choice, Choosable, by_place};
use crate::ui::dialog::Dialog;
use crate::ui::i18n::Text;
use crate::ui::number::Number;

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

#[component]
pub(crate) fn CommandForm(props: &PanelProps) -> Html {
    let text = Text::of(props.lang);
    let draft = use_state(|| Draft { kind: Kind::Transfer, account: AccountId(0), to: AccountId(1), amount: 30 });
    let count = props.shot.world.bank().map_or(0, |bank| bank.accounts().len() as u32);
    let change = |changed: fn(Draft, usize) -> Draft| {
        let draft = draft.clone();
        move |place: AttrValue| draft.set(changed(*draft, place.parse().unwrap_or(0)))
    };
    let on_amount = {
        let draft = draft.clone();
        move |number: AttrValue| draft.set(Draft { amount: number.parse().unwrap_or(0), ..*draft })
    };
    // A new account has the next name, whatever was chosen before.
    let account = if draft.kind == Kind::Open { AccountId(count) } else { draft.account };
    let send = {
        let command = Draft { account, ..*draft }.command();
        props.on.reform(move |event: SubmitEvent| {
            event.prevent_default();
            Msg::Send(command)
        })
    };
    // One more than there are: an unknown account is worth a try, and a new one must be named.
    let accounts = |from: u32| (from..=count).map(|n| (n.to_string().into(), AccountId(n).name().into())).collect::<Vec<Choosable>>();
    let first = if draft.kind == Kind::Open { count } else { 0 };
    let kinds = KINDS.map(|kind| match kind {
        Kind::Open => text.open_account,
        Kind::Deposit => text.deposit,
        Kind::Withdraw => text.withdraw,
        Kind::Transfer => text.transfer,
    });
    let place = KINDS.iter().position(|kind| *kind == draft.kind).unwrap_or(0);
    html! {
        <Dialog title={text.send_command} testid="command" lang={props.lang} on_close={props.on.reform(|()| Msg::Open(None))}>
            <form class="command-form" onsubmit={send}>
                <Choice autofocus={true} label={text.send_command} value={place.to_string()} options={by_place(kinds)}
                    on_choose={change(|draft, place| Draft { kind: KINDS[place.min(KINDS.len() - 1)], ..draft })} />
                <label>{ text.account }{ " " }
                    <Choice value={account.0.to_string()} options={accounts(first)} on_choose={change(|draft, n| Draft { account: AccountId(n as u32), ..draft })} />
                </label>
                if draft.kind == Kind::Transfer {
                    <label>{ text.to_account }{ " " }
                        <Choice value={draft.to.0.to_string()} options={accounts(0)} on_choose={change(|draft, n| Draft { to: AccountId(n as u32), ..draft })} />
                    </label>
                }
                <label>{ text.amount }{ " ₩ " }
                    <Number value={draft.amount.to_string()} on_number={on_amount} />
                </label>
                <button type="submit" class="chip command" data-testid="send-command">{ text.send }</button>
            </form>
        </Dialog>
    }
}
