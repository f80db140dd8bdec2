//! The read database as a process: a projection's transaction takes time, can be slow, can fail. Knows no listeners.

use std::collections::BTreeMap;

use super::config::{BankConfig, Channel, Idempotency};
use super::effect::{DbError, Direction, Effect, Link, Message, Moment, MomentKind, Projection, Timer, hop};
use super::event_book::EventBook;
use super::ids::{CommandId, EventId};
use super::read_model::ReadModel;
use crate::kernel::{Prng, SimTime};

/// The process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReadDb {
    /// What survives a crash.
    pub model: ReadModel,
    up: bool,
    /// Added to the time of each operation, in microseconds.
    extra_us: u64,
    operations: BTreeMap<u32, Operation>,
    next_operation: u32,
    prng: Prng,
}

/// An operation that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Operation {
    message: Message,
    /// Set from the commit until the answer leaves.
    committed: bool,
    /// The command of the first event, for those who follow it.
    command: Option<CommandId>,
}

impl ReadDb {
    pub(super) fn new(config: &BankConfig, seed: u64) -> ReadDb {
        ReadDb {
            model: ReadModel::new(config.account_count, config.opening_balance),
            up: true,
            extra_us: 0,
            operations: BTreeMap::new(),
            next_operation: 0,
            prng: Prng::stream(seed, "read-db", 0),
        }
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// How many operations are under way.
    pub fn operation_count(&self) -> u64 {
        self.operations.len() as u64
    }

    /// What is added to the time of each operation, in microseconds.
    pub fn extra_us(&self) -> u64 {
        self.extra_us
    }

    pub(super) fn set_extra_us(&mut self, us: u64) {
        self.extra_us = us;
    }

    /// A request arrives.
    pub(super) fn request(&mut self, now: SimTime, config: &BankConfig, book: &EventBook, message: Message, out: &mut Vec<Effect>) {
        let command = match &message {
            Message::Apply { events, .. } => events.first().and_then(|event| book.get(*event)).map(|event| event.command),
            other => other.command(),
        };
        if !self.up {
            return refuse(message, command, DbError::Down, out);
        }
        let operation = self.next_operation;
        self.next_operation += 1;
        self.operations.insert(operation, Operation { message, committed: false, command });
        let at = now + config.read_db_latency.draw(&mut self.prng) + self.extra_us;
        out.push(Effect::Timer { at, timer: Timer::ReadDbDone { operation } });
    }

    /// An operation's time is up. A projection's transaction stops at a moment; the rest is answered.
    pub(super) fn on_done(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.operations.get(&operation) else { return };
        if matches!(entry.message, Message::Apply { .. }) {
            let kind = MomentKind::ReadDbNotCommitted;
            return out.push(Effect::Moment(Moment { kind, subject: operation, command: entry.command }));
        }
        let entry = self.operations.remove(&operation).expect("just found");
        let answer = match entry.message {
            Message::Read { client, query, account } => {
                Message::ReadAnswer { client, query, account, answer: Ok(self.model.account(account)) }
            }
            Message::StatusRead { client, id } => Message::StatusAnswer { client, id, done: Ok(self.model.is_done(id)) },
            other => unreachable!("not a request to the read database: {other:?}"),
        };
        hop(out, Link::QueryReadDb, Direction::Response, answer);
    }

    /// Nothing struck before the commit: the effect and whatever guards it become durable together (E5, 1).
    pub(super) fn pass_commit(&mut self, config: &BankConfig, book: &EventBook, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.operations.get_mut(&operation) else { return };
        let Message::Apply { projection, ref events, .. } = entry.message else { return };
        if entry.committed {
            return;
        }
        entry.committed = true;
        let command = entry.command;
        for event in events.iter().filter_map(|id| book.get(*id)) {
            for id in self.model.apply(projection, idempotency(config, projection), event, out) {
                // Nobody listens to changes of the view when clients look for themselves.
                if config.client.channel == Channel::Sse {
                    hop(out, Link::QueryReadDb, Direction::Response, Message::Done { id });
                }
            }
        }
        let kind = MomentKind::ReadDbCommittedNotAnswered;
        out.push(Effect::Moment(Moment { kind, subject: operation, command }));
    }

    /// The commit failed: nothing was written.
    pub(super) fn roll_back(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.operations.remove(&operation) else { return };
        refuse(entry.message, entry.command, DbError::RolledBack, out);
    }

    /// Nothing struck after the commit: answers.
    pub(super) fn pass_answer(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(Operation { message, command, .. }) = self.operations.remove(&operation) else { return };
        let Message::Apply { call, projection, .. } = message else { return };
        let answer = Message::ApplyAnswer { call, projection, command, answer: Ok(()) };
        hop(out, Link::ListenerReadDb, Direction::Response, answer);
    }

    /// The process dies: what was not committed is rolled back, connections break.
    pub(super) fn crash(&mut self, out: &mut Vec<Effect>) {
        self.up = false;
        for entry in std::mem::take(&mut self.operations).into_values() {
            refuse(entry.message, entry.command, DbError::Down, out);
        }
    }

    pub(super) fn restart(&mut self) {
        self.up = true;
    }

    /// Whether a transaction with this event is under way.
    pub(super) fn is_applying(&self, projection: Projection, event: EventId) -> bool {
        let of = |o: &Operation| matches!(&o.message, Message::Apply { projection: p, events, .. } if *p == projection && events.contains(&event));
        self.operations.values().any(of)
    }

    /// How many transactions of a projection are under way.
    pub fn applying_count(&self, projection: Projection) -> u64 {
        let of = |operation: &&Operation| matches!(operation.message, Message::Apply { projection: p, .. } if p == projection);
        self.operations.values().filter(of).count() as u64
    }
}

/// How a projection bears duplicates now.
fn idempotency(config: &BankConfig, projection: Projection) -> Idempotency {
    match projection {
        Projection::AccountView => config.account_view,
        Projection::TransferHistory => config.transfer_history,
    }
}

fn refuse(request: Message, command: Option<CommandId>, error: DbError, out: &mut Vec<Effect>) {
    let (link, answer) = match request {
        Message::Apply { call, projection, .. } => {
            (Link::ListenerReadDb, Message::ApplyAnswer { call, projection, command, answer: Err(error) })
        }
        Message::Read { client, query, account } => (Link::QueryReadDb, Message::ReadAnswer { client, query, account, answer: Err(error) }),
        Message::StatusRead { client, id } => (Link::QueryReadDb, Message::StatusAnswer { client, id, done: Err(error) }),
        other => unreachable!("not a request to the read database: {other:?}"),
    };
    hop(out, link, Direction::Response, answer);
}
