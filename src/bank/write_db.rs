//! The write database as a process: operations take time, can be slow, can fail; a commit is one instant. Knows no SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::BankConfig;
use super::effect::{Committed, DbError, Direction, Effect, Link, Loaded, Message, Moment, MomentKind, Timer, hop};
use super::event_book::EventBook;
use super::fact::{Fact, FactKind};
use super::ids::{CommandId, EventId};
use super::store::{OUTBOX_ROWS_MAX, Store};
use crate::kernel::{Prng, SimTime};

/// The process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WriteDb {
    /// What survives a crash.
    pub store: Store,
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
    /// The outbox row id that its transaction took when it began.
    row: Option<u32>,
    /// Set from the commit until the answer leaves.
    answer: Option<Message>,
}

impl WriteDb {
    pub(super) fn new(config: &BankConfig, seed: u64) -> WriteDb {
        WriteDb {
            store: Store::new(config.account_count, config.opening_balance),
            up: true,
            extra_us: 0,
            operations: BTreeMap::new(),
            next_operation: 0,
            prng: Prng::stream(seed, "write-db", 0),
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
    pub(super) fn request(&mut self, now: SimTime, config: &BankConfig, message: Message, out: &mut Vec<Effect>) {
        if !self.up {
            return answer(failed(&message, DbError::Down), out);
        }
        let row = matches!(message, Message::Commit { outbox: true, .. }).then(|| self.store.outbox.allocate());
        let operation = self.next_operation;
        self.next_operation += 1;
        self.operations.insert(operation, Operation { message, row, answer: None });
        let at = now + config.write_db_latency.draw(&mut self.prng) + self.extra_us;
        out.push(Effect::Timer { at, timer: Timer::WriteDbDone { operation } });
    }

    /// An operation's time is up. Commits stop at a moment; the rest is answered.
    pub(super) fn on_done(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.operations.get(&operation) else { return };
        if let Message::Commit { id, .. } = entry.message {
            let kind = MomentKind::WriteDbNotCommitted;
            return out.push(Effect::Moment(Moment { kind, subject: operation, command: Some(id) }));
        }
        let entry = self.operations.remove(&operation).expect("just found");
        let message = self.carry_out(entry.message, out);
        answer(message, out);
    }

    fn carry_out(&mut self, message: Message, out: &mut Vec<Effect>) -> Message {
        match message {
            Message::Load { handling, id, accounts } => {
                let accounts = accounts.into_iter().filter_map(|a| Some((a, self.store.account(a)?))).collect();
                Message::LoadAnswer { handling, id, answer: Ok(Loaded { done: self.store.done(id), accounts }) }
            }
            Message::OutboxFetch { round, after, rows_max } => {
                let rows: Arc<[_]> = self.store.outbox.unpublished(after, rows_max).into();
                Message::OutboxRows { round, answer: Ok(rows) }
            }
            Message::OutboxMark { round, ids } => {
                for id in ids.iter() {
                    if let Some(row) = self.store.outbox.mark(*id) {
                        let kind = FactKind::OutboxMarked { event: row.event, row: row.id };
                        out.push(Effect::Fact(Fact::of(row.command, kind)));
                    }
                }
                Message::OutboxMarked { round, answer: Ok(()) }
            }
            other => unreachable!("not a request to the write database: {other:?}"),
        }
    }

    /// Nothing struck before the commit: commits.
    pub(super) fn pass_commit(&mut self, now: SimTime, config: &BankConfig, book: &EventBook, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.operations.get_mut(&operation) else { return };
        let Message::Commit { handling, id, event, .. } = entry.message else { return };
        let row = entry.row;
        let full = row.is_some() && self.store.outbox.unpublished_count() >= OUTBOX_ROWS_MAX as u64;
        let result = match book.get(event) {
            Some(event) if !full => Ok(self.store.commit(now, event, config.api.idempotency_key, row)),
            _ => Err(DbError::Down),
        };
        if result == Ok(Committed::Stored) {
            out.push(Effect::Fact(Fact::of(id, FactKind::EventStored { event })));
            if let Some(row) = row {
                out.push(Effect::Fact(Fact::of(id, FactKind::OutboxWritten { event, row })));
            }
        }
        entry.answer = Some(Message::CommitAnswer { handling, id, answer: result });
        if result == Ok(Committed::Stored) {
            let kind = MomentKind::WriteDbCommittedNotAnswered;
            out.push(Effect::Moment(Moment { kind, subject: operation, command: Some(id) }));
        } else {
            self.pass_answer(operation, out);
        }
    }

    /// The commit failed: nothing was written.
    pub(super) fn roll_back(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.operations.remove(&operation) else { return };
        answer(failed(&entry.message, DbError::RolledBack), out);
    }

    /// Nothing struck after the commit: answers.
    pub(super) fn pass_answer(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(message) = self.operations.remove(&operation).and_then(|entry| entry.answer) else { return };
        answer(message, out);
    }

    /// The process dies: what was not committed is rolled back, connections break.
    pub(super) fn crash(&mut self, out: &mut Vec<Effect>) {
        self.up = false;
        for entry in std::mem::take(&mut self.operations).into_values() {
            answer(failed(&entry.message, DbError::Down), out);
        }
    }

    pub(super) fn restart(&mut self) {
        self.up = true;
    }

    /// Whether the transaction of this event is under way and not yet committed.
    pub(super) fn is_committing(&self, event: EventId) -> bool {
        let of = |o: &Operation| matches!(o.message, Message::Commit { event: own, .. } if own == event) && o.answer.is_none();
        self.operations.values().any(of)
    }

    /// The commands whose transactions are under way.
    pub fn commands(&self) -> impl Iterator<Item = CommandId> {
        self.operations.values().filter_map(|operation| operation.message.command())
    }
}

/// The answer that says that a request failed.
fn failed(request: &Message, error: DbError) -> Message {
    match *request {
        Message::Load { handling, id, .. } => Message::LoadAnswer { handling, id, answer: Err(error) },
        Message::Commit { handling, id, .. } => Message::CommitAnswer { handling, id, answer: Err(error) },
        Message::OutboxFetch { round, .. } => Message::OutboxRows { round, answer: Err(error) },
        Message::OutboxMark { round, .. } => Message::OutboxMarked { round, answer: Err(error) },
        ref other => unreachable!("not a request to the write database: {other:?}"),
    }
}

fn answer(message: Message, out: &mut Vec<Effect>) {
    let link = match message {
        Message::OutboxRows { .. } | Message::OutboxMarked { .. } => Link::RelayWriteDb,
        _ => Link::ApiWriteDb,
    };
    hop(out, link, Direction::Response, message);
}
