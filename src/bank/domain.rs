//! The rules of the bank: commands, refusals, events, accounts. Pure: no time, no database, no log.

use std::fmt::{self, Write};

use super::ids::{AccountId, ClientIndex, CommandId, EventId};

/// An amount or a balance in won. Signed: a read model that counted a withdrawal twice may go below zero.
pub type Money = i64;

/// The most that one command may move, in won: sums of millions of such amounts stay numbers.
pub const AMOUNT_MAX: Money = 1_000_000_000_000;

/// An intent of a client; it may be refused (F1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Command {
    /// Open an account with a first deposit (0 is allowed).
    Open {
        /// The new account.
        account: AccountId,
        /// Its first balance.
        deposit: Money,
    },
    /// Pay in.
    Deposit {
        /// Where.
        account: AccountId,
        /// How much.
        amount: Money,
    },
    /// Pay out.
    Withdraw {
        /// From where.
        account: AccountId,
        /// How much.
        amount: Money,
    },
    /// Move money from one account to another.
    Transfer {
        /// Whose money.
        from: AccountId,
        /// Who gets it.
        to: AccountId,
        /// How much.
        amount: Money,
    },
}

impl Command {
    /// The accounts that must be looked at to decide.
    pub fn accounts(&self) -> Vec<AccountId> {
        match *self {
            Command::Open { account, .. } | Command::Deposit { account, .. } | Command::Withdraw { account, .. } => vec![account],
            Command::Transfer { from, to, .. } if from == to => vec![from],
            Command::Transfer { from, to, .. } => vec![from, to],
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Command::Open { account, deposit } => write!(f, "open {account} {deposit}"),
            Command::Deposit { account, amount } => write!(f, "deposit {amount} {account}"),
            Command::Withdraw { account, amount } => write!(f, "withdraw {amount} {account}"),
            Command::Transfer { from, to, amount } => write!(f, "transfer {amount} {from}>{to}"),
        }
    }
}

/// A refusal by the domain. It is an answer, not a fault: nothing is stored and no event is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    /// The account holds less than what is to be taken.
    InsufficientFunds,
    /// There is no such account.
    UnknownAccount,
    /// From an account to itself.
    SameAccount,
    /// The amount is zero or negative.
    AmountNotPositive,
    /// The account to open exists.
    AccountExists,
    /// The amount is above [`AMOUNT_MAX`].
    AmountTooLarge,
}

impl Rejection {
    /// The word in the trace.
    pub fn name(self) -> &'static str {
        match self {
            Rejection::InsufficientFunds => "insufficient_funds",
            Rejection::UnknownAccount => "unknown_account",
            Rejection::SameAccount => "same_account",
            Rejection::AmountNotPositive => "amount_not_positive",
            Rejection::AmountTooLarge => "amount_too_large",
            Rejection::AccountExists => "account_exists",
        }
    }
}

/// One account as the write side knows it: the fold of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Account {
    /// What it holds; never negative.
    pub balance: Money,
    /// How many events changed it since it was opened; the next event must carry one more (F2).
    pub version: u32,
}

/// What an event did to one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change {
    /// The account.
    pub account: AccountId,
    /// What was added to its balance.
    pub delta: Money,
    /// The account's version after it.
    pub version: u32,
}

/// What happened, in the past tense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// An account came to be.
    AccountOpened,
    /// Money was paid in.
    MoneyDeposited,
    /// Money was paid out.
    MoneyWithdrawn,
    /// Money went from the first account to the second.
    MoneyTransferred,
}

impl EventKind {
    /// The event's class name.
    pub fn name(self) -> &'static str {
        match self {
            EventKind::AccountOpened => "AccountOpenedEvent",
            EventKind::MoneyDeposited => "MoneyDepositedEvent",
            EventKind::MoneyWithdrawn => "MoneyWithdrawnEvent",
            EventKind::MoneyTransferred => "MoneyTransferredEvent",
        }
    }
}

/// A domain event: immutable, and it carries all that a projection needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DomainEvent {
    /// Its id; the dedupe key of E5 and the record header `id` of F8.
    pub id: EventId,
    /// Whose command it was.
    pub client: ClientIndex,
    /// The command that caused it.
    pub command: CommandId,
    /// What happened.
    pub kind: EventKind,
    /// What it did to the account whose name is the record's key.
    pub first: Change,
    /// What it did to the other account of a transfer.
    pub second: Option<Change>,
}

impl DomainEvent {
    /// What it did, to one or two accounts.
    pub fn changes(&self) -> impl Iterator<Item = Change> {
        [Some(self.first), self.second].into_iter().flatten()
    }

    /// The record's key: the account that the command is about, so that its events keep their order (A1, A5).
    pub fn key(&self) -> String {
        self.first.account.name()
    }

    /// How much money it moved.
    pub fn amount(&self) -> Money {
        self.first.delta.abs()
    }

    /// The record's value: the event as JSON.
    pub fn to_json(&self) -> String {
        let Change { account, version, .. } = self.first;
        // As long as any, so that it grows once.
        let mut json = String::with_capacity(160);
        let _ = write!(
            json,
            r#"{{"eventId":"{}","type":"{}","commandId":{},"account":"{account}","amount":{},"version":{version}"#,
            self.id,
            self.kind.name(),
            self.command.0,
            self.amount()
        );
        if let Some(to) = self.second {
            let _ = write!(json, r#","to":"{}","toVersion":{}"#, to.account, to.version);
        }
        json.push('}');
        json
    }
}

/// What a command would do: the event without its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decision {
    /// What happens.
    pub kind: EventKind,
    /// To the account that the command is about.
    pub first: Change,
    /// To the other one.
    pub second: Option<Change>,
}

/// Decides a command against the accounts as they were loaded (F1): an event or a refusal.
///
/// `account` gives the state of an account; `None` if there is none.
///
/// # Errors
/// The domain's refusal.
pub fn decide(command: &Command, account: impl Fn(AccountId) -> Option<Account>) -> Result<Decision, Rejection> {
    let known = |id| account(id).ok_or(Rejection::UnknownAccount);
    let change = |id, state: Account, delta| Change { account: id, delta, version: state.version + 1 };
    let bounded = |amount: Money, least: Money| match amount {
        _ if amount < least => Err(Rejection::AmountNotPositive),
        _ if amount > AMOUNT_MAX => Err(Rejection::AmountTooLarge),
        _ => Ok(amount),
    };
    let covered = |state: Account, amount| if state.balance >= amount { Ok(()) } else { Err(Rejection::InsufficientFunds) };
    match *command {
        Command::Open { account: id, deposit } => {
            let deposit = bounded(deposit, 0)?;
            if account(id).is_some() {
                return Err(Rejection::AccountExists);
            }
            let first = Change { account: id, delta: deposit, version: 1 };
            Ok(Decision { kind: EventKind::AccountOpened, first, second: None })
        }
        Command::Deposit { account: id, amount } => {
            let amount = bounded(amount, 1)?;
            Ok(Decision { kind: EventKind::MoneyDeposited, first: change(id, known(id)?, amount), second: None })
        }
        Command::Withdraw { account: id, amount } => {
            let amount = bounded(amount, 1)?;
            let state = known(id)?;
            covered(state, amount)?;
            Ok(Decision { kind: EventKind::MoneyWithdrawn, first: change(id, state, -amount), second: None })
        }
        Command::Transfer { from, to, amount } => {
            let amount = bounded(amount, 1)?;
            if from == to {
                return Err(Rejection::SameAccount);
            }
            let (source, target) = (known(from)?, known(to)?);
            covered(source, amount)?;
            let second = Some(change(to, target, amount));
            Ok(Decision { kind: EventKind::MoneyTransferred, first: change(from, source, -amount), second })
        }
    }
}

/// Folds one change into an account; `None` is an account that did not exist. Cannot fail (F3).
pub fn apply(account: Option<Account>, change: Change) -> Account {
    let before = account.unwrap_or(Account { balance: 0, version: 0 });
    Account { balance: before.balance + change.delta, version: change.version }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: AccountId = AccountId(0);
    const B: AccountId = AccountId(1);
    const C: AccountId = AccountId(2);

    fn bank(id: AccountId) -> Option<Account> {
        match id {
            A => Some(Account { balance: 100, version: 7 }),
            B => Some(Account { balance: 5, version: 2 }),
            _ => None,
        }
    }

    #[test]
    fn f1_a_transfer_moves_money_and_counts_both_versions() {
        let decision = decide(&Command::Transfer { from: A, to: B, amount: 30 }, bank).expect("covered");
        assert_eq!(decision.kind, EventKind::MoneyTransferred);
        assert_eq!(decision.first, Change { account: A, delta: -30, version: 8 });
        assert_eq!(decision.second, Some(Change { account: B, delta: 30, version: 3 }));
    }

    #[test]
    fn f1_each_refusal_has_its_reason() {
        let refused = |command| decide(&command, bank).expect_err("refused");
        assert_eq!(refused(Command::Transfer { from: B, to: A, amount: 6 }), Rejection::InsufficientFunds);
        assert_eq!(refused(Command::Withdraw { account: A, amount: 101 }), Rejection::InsufficientFunds);
        assert_eq!(refused(Command::Transfer { from: A, to: C, amount: 1 }), Rejection::UnknownAccount);
        assert_eq!(refused(Command::Deposit { account: C, amount: 1 }), Rejection::UnknownAccount);
        assert_eq!(refused(Command::Transfer { from: A, to: A, amount: 1 }), Rejection::SameAccount);
        assert_eq!(refused(Command::Transfer { from: A, to: B, amount: 0 }), Rejection::AmountNotPositive);
        assert_eq!(refused(Command::Deposit { account: A, amount: -1 }), Rejection::AmountNotPositive);
        assert_eq!(refused(Command::Open { account: A, deposit: 0 }), Rejection::AccountExists);
    }

    #[test]
    fn f3_the_fold_of_the_events_is_the_account() {
        let opened = apply(None, Change { account: C, delta: 40, version: 1 });
        let later = apply(Some(opened), Change { account: C, delta: -15, version: 2 });
        assert_eq!(later, Account { balance: 25, version: 2 });
    }

    #[test]
    fn an_event_reads_as_json() {
        let event = DomainEvent {
            id: EventId(3),
            client: ClientIndex(0),
            command: CommandId(9),
            kind: EventKind::MoneyTransferred,
            first: Change { account: A, delta: -30, version: 8 },
            second: Some(Change { account: B, delta: 30, version: 3 }),
        };
        assert_eq!(
            event.to_json(),
            r#"{"eventId":"e3","type":"MoneyTransferredEvent","commandId":9,"account":"A","amount":30,"version":8,"to":"B","toVersion":3}"#
        );
    }
}
