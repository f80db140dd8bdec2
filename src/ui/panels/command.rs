//! A command by hand.

use yew::prelude::*;

use crate::bank::{AccountId, Command};
use crate::ui::app::{Msg, Shot};
use crate::ui::choice::{Choice, Choosable, by_place};
use crate::ui::dialog::Dialog;
use crate::ui::draft::use_draft;
use crate::ui::i18n::{Lang, Text};
use crate::ui::number::Number;
use crate::ui::toast::{Said, Toast};

/// What the form holds.
#[derive(Clone, Copy, PartialEq)]
struct Form {
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

impl Form {
    /// The command that it says, in a bank of `count` accounts: a new account has the next name, whatever was chosen before.
    fn command(self, count: u32) -> Command {
        let Form { kind, to, amount, .. } = self;
        let account = self.account(count);
        match kind {
            Kind::Open => Command::Open { account, deposit: amount },
            Kind::Deposit => Command::Deposit { account, amount },
            Kind::Withdraw => Command::Withdraw { account, amount },
            Kind::Transfer => Command::Transfer { from: account, to, amount },
        }
    }

    fn account(self, count: u32) -> AccountId {
        if self.kind == Kind::Open { AccountId(count) } else { self.account }
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct FormProps {
    pub(crate) lang: Lang,
    pub(crate) shot: Shot,
    /// Why the last command was refused.
    pub(crate) said: Option<Said>,
    pub(crate) on: Callback<Msg>,
}

#[component]
pub(crate) fn CommandForm(props: &FormProps) -> Html {
    let text = Text::of(props.lang);
    let draft = use_draft(|| Form { kind: Kind::Transfer, account: AccountId(0), to: AccountId(1), amount: 30 });
    let form = draft.get();
    let count = props.shot.world.bank().map_or(0, |bank| bank.accounts().len() as u32);
    let change = |change: fn(&mut Form, u32)| {
        let draft = draft.clone();
        move |place: AttrValue| draft.change(|form| change(form, place.parse().unwrap_or(0)))
    };
    let on_amount = {
        let draft = draft.clone();
        move |number: AttrValue| draft.change(|form| form.amount = number.parse().unwrap_or(0))
    };
    let send = {
        let draft = draft.clone();
        props.on.reform(move |event: SubmitEvent| {
            event.prevent_default();
            Msg::Send(draft.get().command(count))
        })
    };
    // One more than there are: an unknown account is worth a try, and a new one must be named.
    let accounts = |from: u32| (from..=count).map(|n| (n.to_string().into(), AccountId(n).name().into())).collect::<Vec<Choosable>>();
    let first = if form.kind == Kind::Open { count } else { 0 };
    let kinds = KINDS.map(|kind| match kind {
        Kind::Open => text.open_account,
        Kind::Deposit => text.deposit,
        Kind::Withdraw => text.withdraw,
        Kind::Transfer => text.transfer,
    });
    let place = KINDS.iter().position(|kind| *kind == form.kind).unwrap_or(0);
    html! {
        <Dialog title={text.send_command} testid="command" lang={props.lang} on_close={props.on.reform(|()| Msg::Open(None))}>
            <Toast lang={props.lang} said={props.said.clone()} on={props.on.clone()} />
            <form class="command-form" onsubmit={send}>
                <Choice autofocus={true} label={text.send_command} value={place.to_string()} options={by_place(kinds)}
                    on_choose={change(|form, place| form.kind = KINDS[(place as usize).min(KINDS.len() - 1)])} />
                <label>{ text.account }{ " " }
                    <Choice value={form.account(count).0.to_string()} options={accounts(first)} on_choose={change(|form, n| form.account = AccountId(n))} />
                </label>
                if form.kind == Kind::Transfer {
                    <label>{ text.to_account }{ " " }
                        <Choice value={form.to.0.to_string()} options={accounts(0)} on_choose={change(|form, n| form.to = AccountId(n))} />
                    </label>
                }
                <label>{ text.amount }{ " ₩ " }
                    <Number value={form.amount.to_string()} on_number={on_amount} />
                </label>
                <button type="submit" class="chip command" data-testid="send-command">{ text.send }</button>
            </form>
        </Dialog>
    }
}
