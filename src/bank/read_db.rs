//! The read database as a process: a projection's transaction takes time, can be slow, can fail. Knows no listeners.

use super::config::{BankConfig, Channel, Idempotency};
use super::database::Server;
use super::domain::DomainEvent;
use super::effect::{DbError, Direction, Effect, Link, Message, Place, Projection, Timer, hop};
use super::event_book::EventBook;
use super::ids::{ClientIndex, CommandId, EventId};
use super::moment::{Moment, MomentKind};
use super::read_model::ReadModel;
use crate::kernel::SimTime;

/// The process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReadDb {
    /// What survives a crash.
    pub model: ReadModel,
    server: Server<Operation>,
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
        ReadDb { model: ReadModel::new(config.account_count, config.opening_balance), server: Server::new(seed, "read-db") }
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
    pub(super) fn request(&mut self, now: SimTime, config: &BankConfig, book: &EventBook, message: Message, out: &mut Vec<Effect>) {
        let command = match &message {
            Message::Apply { events, .. } => events.first().and_then(|event| book.get(*event)).map(|event| event.command),
            other => other.command(),
        };
        if !self.is_up() {
            return refuse(message, command, DbError::Down, out);
        }
        let entry = Operation { message, committed: false, command };
        let (operation, at) = self.server.begin(now, &config.read_db_latency, 0, entry);
        out.push(Effect::Timer { at, timer: Timer::ReadDbDone { operation } });
    }

    /// An operation's time is up. A projection's transaction stops at a moment; the rest is answered.
    pub(super) fn on_done(&mut self, now: SimTime, config: &BankConfig, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.server.get(operation) else { return };
        if matches!(entry.message, Message::Apply { .. }) {
            let kind = MomentKind::ReadDbNotCommitted;
            return out.push(Effect::Moment(Moment { kind, subject: operation, command: entry.command }));
        }
        let entry = self.server.end(operation).expect("just found");
        let answer = match entry.message {
            Message::Read { client, query, account, copy: 0 } => {
                Message::ReadAnswer { client, query, account, answer: Ok(self.model.account(account)) }
            }
            Message::Read { client, query, account, .. } => {
                let row = self.model.account_before(now, config.query.replica_lag_us, account);
                Message::ReadAnswer { client, query, account, answer: Ok(row) }
            }
            Message::StatusRead { client, id } => Message::StatusAnswer { client, id, done: Ok(self.model.is_done(id)) },
            other => unreachable!("not a request to the read database: {other:?}"),
        };
        hop(out, Link::QueryReadDb, Direction::Response, answer);
    }

    /// Nothing struck before the commit: the effect and whatever guards it become durable together (E5, 1).
    pub(super) fn pass_commit(&mut self, now: SimTime, config: &BankConfig, book: &EventBook, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.server.get_mut(operation) else { return };
        let Message::Apply { projection, ref events, ref places, .. } = entry.message else { return };
        if entry.committed {
            return;
        }
        entry.committed = true;
        let (command, events, places) = (entry.command, events.clone(), places.clone());
        for (index, event) in (0..).zip(events.iter()).filter_map(|(index, id)| Some((index, book.get(*id)?))) {
            let place = places.as_ref().and_then(|places| places.get(index as usize)).copied();
            self.write(now, config, projection, event, place, out);
        }
        let kind = MomentKind::ReadDbCommittedNotAnswered;
        out.push(Effect::Moment(Moment { kind, subject: operation, command }));
    }

    /// Both projections of an event, written by a transaction that the read model shares with the write model (F7).
    pub(super) fn write_directly(&mut self, now: SimTime, config: &BankConfig, event: &DomainEvent, out: &mut Vec<Effect>) {
        for projection in Projection::ALL {
            self.write(now, config, projection, event, None, out);
        }
    }

    /// One event has its effect on one projection, and whoever waits for it is told.
    fn write(
        &mut self,
        now: SimTime,
        config: &BankConfig,
        projection: Projection,
        event: &DomainEvent,
        place: Option<Place>,
        out: &mut Vec<Effect>,
    ) {
        if config.query.replica_lag_us > 0 && projection == Projection::AccountView {
            event.changes().for_each(|change| self.model.remember(now, change.account));
        }
        let replay = self.model.is_replay(projection, event.command);
        for id in self.model.apply(projection, config.idempotency(projection), event, place, out) {
            tell(config, id, replay.then_some(event.client), out);
        }
        if replay && config.idempotency(projection) == Idempotency::VersionedUpsert {
            tell(config, event.command, Some(event.client), out);
        }
    }

    /// The commit failed: nothing was written.
    pub(super) fn roll_back(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(entry) = self.server.end(operation) else { return };
        refuse(entry.message, entry.command, DbError::RolledBack, out);
    }

    /// Nothing struck after the commit: answers.
    pub(super) fn pass_answer(&mut self, operation: u32, out: &mut Vec<Effect>) {
        let Some(Operation { message, command, .. }) = self.server.end(operation) else { return };
        let Message::Apply { call, projection, .. } = message else { return };
        let answer = Message::ApplyAnswer { call, projection, command, answer: Ok(()) };
        hop(out, Link::ListenerReadDb, Direction::Response, answer);
    }

    /// The process dies: what was not committed is rolled back, connections break.
    pub(super) fn crash(&mut self, out: &mut Vec<Effect>) {
        for entry in self.server.crash() {
            refuse(entry.message, entry.command, DbError::Down, out);
        }
    }

    pub(super) fn restart(&mut self) {
        self.server.restart();
    }

    /// Whether a transaction with this event is under way.
    pub(super) fn is_applying(&self, projection: Projection, event: EventId) -> bool {
        let of = |o: &Operation| matches!(&o.message, Message::Apply { projection: p, events, .. } if *p == projection && events.contains(&event));
        self.server.operations().any(of)
    }

    /// How many transactions of a projection are under way.
    pub fn applying_count(&self, projection: Projection) -> u64 {
        let of = |operation: &&Operation| matches!(operation.message, Message::Apply { projection: p, .. } if p == projection);
        self.server.operations().filter(of).count() as u64
    }
}

/// Tells the query API that a command is done. Nobody listens to changes of the view when clients look for themselves; and
/// in a replay nobody is told again, unless a setting says so (F5).
fn tell(config: &BankConfig, id: CommandId, again: Option<ClientIndex>, out: &mut Vec<Effect>) {
    let wanted = config.client.channel != Channel::Polling && (again.is_none() || config.query.notify_on_replay);
    if wanted {
        hop(out, Link::QueryReadDb, Direction::Response, Message::Done { id, again });
    }
}

fn refuse(request: Message, command: Option<CommandId>, error: DbError, out: &mut Vec<Effect>) {
    let (link, answer) = match request {
        Message::Apply { call, projection, .. } => {
            (Link::ListenerReadDb, Message::ApplyAnswer { call, projection, command, answer: Err(error) })
        }
        Message::Read { client, query, account, .. } => {
            (Link::QueryReadDb, Message::ReadAnswer { client, query, account, answer: Err(error) })
        }
        Message::StatusRead { client, id } => (Link::QueryReadDb, Message::StatusAnswer { client, id, done: Err(error) }),
        other => unreachable!("not a request to the read database: {other:?}"),
    };
    hop(out, link, Direction::Response, answer);
}
