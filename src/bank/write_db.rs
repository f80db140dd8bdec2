//! The write database as a process: operations take time, can be slow, can fail; a commit is one instant. Knows no SQL.

use std::sync::Arc;

use super::config::BankConfig;
use super::database::Server;
use super::domain::Account;
use super::effect::{Carrier, Committed, DbError, Direction, Effect, Link, Loaded, Message, Timer, ViewRow, hop};
use super::event_book::EventBook;
use super::fact::{Fact, FactKind};
use super::ids::{AccountId, CommandId, EventId};
use super::moment::{Moment, MomentKind};
use super::store::{Row, Snapshots, Store};
use crate::kernel::{Latency, Prng, SimTime};

/// The process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WriteDb {
    /// What survives a crash.
    pub store: Store,
    server: Server<Operation>,
    /// How long the reading of events takes (F3).
    reads: Prng,
}

/// An operation that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Operation {
    message: Message,
    /// The outbox row whose id its transaction took when it began.
    row: Option<Row>,
    /// Set from the commit until the answer leaves.
    answer: Option<Message>,
}

impl WriteDb {
    pub(super) fn new(config: &BankConfig, seed: u64) -> WriteDb {
        WriteDb {
            store: Store::new(config.account_count, config.opening_balance),
            server: Server::new(seed, "write-db"),
            reads: Prng::stream(seed, "write-db-events", 0),
        }
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        self.server.is_up()
    }

    /// How many operations are under way.
    pub fn operation_count(&self) -> u64 {
        self.server.operations().count() as u64
    }

    /// What is added to the time of each operation, in microseconds.
    pub fn extra_us(&self) -> u64 {
        self.server.extra_us()
    }

    pub(super) fn set_extra_us(&mut self, us: u64) {
        self.server.set_extra_us(us);
    }

    /// A request arrives.
    pub(super) fn request(&mut self, now: SimTime, config: &BankConfig, message: Message, out: &mut Vec<Effect>) {
        if !self.is_up() {
            return answer(failed(&message, DbError::Down), out);
        }
        let (mut row, mut work_us) = (None, 0);
        match &message {
            Message::Commit { carrier: Carrier::Table, .. } => row = Some(Row::Table(self.store.outbox.allocate())),
            Message::Commit { carrier: Carrier::Log, .. } => row = Some(Row::Log),
            Message::Load { accounts, .. } => work_us = self.reading_us(&config.event_read_latency, accounts),
            _ => {}
        }
        let entry = Operation { message, row, answer: None };
        let (operation, at) = self.server.begin(now, &config.write_db_latency, work_us, entry);
        out.push(Effect::Timer { at, timer: Timer::WriteDbDone { operation } });
    }

    /// How long it takes to read the events of these accounts that no snapshot spares (F3).
    fn reading_us(&mut self, latency: &Latency, accounts: &[AccountId]) -> u64 {
        if *latency == (Latency::Constant { us: 0 }) {
            return 0;
        }
        let events: u32 = accounts.iter().filter_map(|account| self.store.load(*account)).map(|loaded| loaded.event_count).sum();
        latency.draw(&mut self.reads).saturating_mul(u64::from(events))
    }

    /// An operation's time is up. Commits stop at a moment; the rest is answered.
    pub(super) fn on_done(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.server.get(operation) else { return };
        if let Message::Commit { id, .. } = entry.message {
            let kind = MomentKind::WriteDbNotCommitted;
            return out.push(Effect::Moment(Moment { kind, subject: operation, command: Some(id) }));
        }
        let entry = self.server.end(operation).expect("just found");
        let message = self.carry_out(entry.message, out);
        answer(message, out);
    }

    fn carry_out(&mut self, message: Message, out: &mut Vec<Effect>) -> Message {
        match message {
            Message::Load { handling, id, accounts } => {
                let accounts = accounts.into_iter().filter_map(|a| Some((a, self.store.load(a)?.account))).collect();
                Message::LoadAnswer { handling, id, answer: Ok(Loaded { done: self.store.done(id), accounts }) }
            }
            Message::Read { client, query, account, .. } => {
                let row = |a: Account| ViewRow { balance: a.balance, version: a.version, applied_count: a.version };
                Message::ReadAnswer { client, query, account, answer: Ok(self.store.account(account).map(row)) }
            }
            Message::OutboxFetch { round, wanted, rows_max } => {
                let rows: Arc<[_]> = self.store.outbox.fetch(&wanted, rows_max).into();
                Message::OutboxRows { round, answer: Ok(rows) }
            }
            Message::OutboxMark { round, ids, by_token } => {
                for id in ids.iter() {
                    if let Some(row) = self.store.outbox.mark(*id).filter(|_| !by_token) {
                        let kind = FactKind::OutboxMarked { event: row.event, row: row.id };
                        out.push(Effect::Fact(Fact::of(row.command, kind)));
                    }
                }
                if by_token && let Some(position) = ids.iter().max() {
                    out.push(Effect::Fact(Fact::plain(FactKind::TokenStored { position: *position })));
                }
                Message::OutboxMarked { round, answer: Ok(()) }
            }
            other => unreachable!("not a request to the write database: {other:?}"),
        }
    }

    /// Nothing struck before the commit: commits.
    pub(super) fn pass_commit(&mut self, now: SimTime, config: &BankConfig, book: &EventBook, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.server.get_mut(operation) else { return };
        let Message::Commit { handling, id, event, .. } = entry.message else { return };
        let row = entry.row;
        let full = row.is_some() && self.store.outbox.is_full();
        let mut snapshots = Snapshots { every: config.snapshot_every, taken: Vec::new() };
        let result = match book.get(event) {
            Some(event) if !full => Ok(self.store.commit(now, event, config.api.idempotency_key, row, &mut snapshots)),
            _ => Err(DbError::Down),
        };
        if result == Ok(Committed::Stored) {
            out.push(Effect::Fact(Fact::of(id, FactKind::EventStored { event })));
            if let Some(row) = row {
                let row = if let Row::Table(row) = row { row } else { self.store.outbox.log_end() };
                out.push(Effect::Fact(Fact::of(id, FactKind::OutboxWritten { event, row })));
            }
            for (account, version) in snapshots.taken {
                out.push(Effect::Fact(Fact::of(id, FactKind::SnapshotTaken { account, version })));
            }
        }
        let Some(entry) = self.server.get_mut(operation) else { return };
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
        let Some(entry) = self.server.end(operation) else { return };
        answer(failed(&entry.message, DbError::RolledBack), out);
    }

    /// Nothing struck after the commit: answers.
    pub(super) fn pass_answer(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(message) = self.server.end(operation).and_then(|entry| entry.answer) else { return };
        answer(message, out);
    }

    /// The process dies: what was not committed is rolled back, connections break, locks are gone.
    pub(super) fn crash(&mut self, out: &mut Vec<Effect>) {
        self.store.outbox.unlock_all();
        for entry in self.server.crash() {
            answer(failed(&entry.message, DbError::Down), out);
        }
    }

    pub(super) fn restart(&mut self) {
        self.server.restart();
    }

    /// Whether the transaction of this event is under way and not yet committed.
    pub(super) fn is_committing(&self, event: EventId) -> bool {
        let of = |o: &Operation| matches!(o.message, Message::Commit { event: own, .. } if own == event) && o.answer.is_none();
        self.server.operations().any(of)
    }

    /// The commands whose transactions are under way.
    pub fn commands(&self) -> impl Iterator<Item = CommandId> {
        self.server.operations().filter_map(|operation| operation.message.command())
    }
}

/// The answer that says that a request failed.
fn failed(request: &Message, error: DbError) -> Message {
    match *request {
        Message::Load { handling, id, .. } => Message::LoadAnswer { handling, id, answer: Err(error) },
        Message::Commit { handling, id, .. } => Message::CommitAnswer { handling, id, answer: Err(error) },
        Message::Read { client, query, account, .. } => Message::ReadAnswer { client, query, account, answer: Err(error) },
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
