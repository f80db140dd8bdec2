//! The bank as one component: hands what arrives to the right process, and keeps who publishes what.

mod in_process;
mod inspect;
mod processes;
mod telling;

use std::sync::Arc;

use super::api::{Api, Ask};
use super::client::{Client, Shown};
use super::config::{BankConfig, CLIENT_COUNT_MAX, Idempotency};
use super::domain::{Command, Money};
use super::effect::{Carrier, DbError, Direction, Effect, Hop, Link, Message, Place, Projection, Publish, Publisher, Reply, Timer, hop};
use super::event_book::EventBook;
use super::fact::{Fact, FactKind};
use super::ids::{AccountId, ClientIndex, CommandId, EventId, QueryId};
use super::in_process::IN_PROCESS_CALLS;
use super::moment::{Moment, MomentKind, Process};
use super::push::PushService;
use super::query::QueryApi;
use super::read_db::ReadDb;
use super::relay::{Relay, Source};
use super::write_db::WriteDb;
use crate::kernel::{SimTime, SortedMap};

/// What a listener in the API's process throws when a fault says so.
const LISTENER_THROWS: &str = "IllegalStateException";

/// The bank: both of its sides, without the log between them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bank {
    config: Arc<BankConfig>,
    seed: u64,
    /// How many accounts there were at the beginning, and what each held.
    opening: (u32, Money),
    clients: Vec<Client>,
    api: Api,
    write_db: WriteDb,
    relay: Relay,
    read_db: ReadDb,
    query_api: QueryApi,
    push: PushService,
    book: EventBook,
    next_command: u32,
    next_query: u32,
    /// What is with a producer, by token.
    publications: SortedMap<u64, Outstanding>,
    next_token: u64,
    /// What listeners wait for, by call.
    calls: SortedMap<u64, Call>,
    last_answer: Option<LastAnswer>,
}

/// The answer to a query that a client got last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LastAnswer {
    /// The account asked for.
    pub account: AccountId,
    /// What the account view said; `None` if it knew no such account.
    pub read: Option<Money>,
    /// What the write model said when the answer arrived; `None` if it knew no such account.
    pub written: Option<Money>,
    /// The age of the oldest change that the answer lacks, in microseconds; 0 if it lacks none.
    pub staleness_us: u64,
}

/// One event that is with a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Outstanding {
    publisher: Publisher,
    event: EventId,
    command: CommandId,
    /// The handling that waits, inside a transaction.
    handling: Option<u32>,
}

/// A listener's call to the read database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Call {
    projection: Projection,
    command: Option<CommandId>,
    events: Arc<[EventId]>,
}

/// Whether a projection's stored places are none any more.
fn stops_storing_places(before: Idempotency, after: Idempotency) -> bool {
    before == Idempotency::OffsetWithView && after != Idempotency::OffsetWithView
}

impl Bank {
    /// A bank at the beginning of a run: accounts with their opening balance in both models, nothing under way.
    pub fn new(config: &BankConfig, seed: u64) -> Bank {
        Bank {
            config: Arc::new(config.clone()),
            seed,
            opening: (config.account_count, config.opening_balance),
            clients: Vec::new(),
            api: Api::default(),
            write_db: WriteDb::new(config, seed),
            relay: Relay::default(),
            read_db: ReadDb::new(config, seed),
            query_api: QueryApi::new(seed),
            push: PushService::default(),
            book: EventBook::default(),
            next_command: 1,
            next_query: 1,
            publications: SortedMap::new(),
            next_token: 1,
            calls: SortedMap::new(),
            last_answer: None,
        }
    }

    /// Starts clients and relay.
    pub fn start(&mut self, now: SimTime, out: &mut Vec<Effect>) {
        self.staff(now, true, out);
        let config = self.config.clone();
        self.relay.staff(now, &config, out);
    }

    /// Takes other settings: at once, for whatever happens from now on. Accounts and opening balances stay as they are.
    pub fn set_config(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.config, Arc::new(config.clone()));
        let (old, new) = (&before.client, &config.client);
        let rates = (old.count, old.command_interval_us, old.query_interval_us, old.channel)
            != (new.count, new.command_interval_us, new.query_interval_us, new.channel);
        if rates {
            self.staff(now, old.channel != new.channel, out);
        }
        self.relay.staff(now, config, out);
        if config.query.replica_lag_us == 0 {
            self.read_db.model.forget_past();
        }
        for projection in Projection::ALL {
            if stops_storing_places(before.idempotency(projection), config.idempotency(projection)) {
                self.read_db.model.forget_places(projection);
            }
        }
    }

    /// Sees to it that there are as many clients as the settings say, at the rates that they say.
    fn staff(&mut self, now: SimTime, channel_changed: bool, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        let count = config.client.count.min(CLIENT_COUNT_MAX);
        let known = self.clients.len() as u32;
        self.clients.extend((known..count).map(|n| Client::new(ClientIndex(n), self.seed)));
        for n in 0..self.clients.len() as u32 {
            self.clients[n as usize].schedule(now, &config, n < count, out);
            if channel_changed || n >= known {
                self.change_channel(now, ClientIndex(n), out);
            }
        }
    }

    /// A client issues this command now, beside those that it issues by itself. `None` if there is no such client.
    pub fn send_command(&mut self, now: SimTime, client: ClientIndex, command: Command, out: &mut Vec<Effect>) -> Option<CommandId> {
        let config = self.config.clone();
        let entry = self.clients.get_mut(client.index())?;
        let id = CommandId(self.next_command);
        self.next_command += 1;
        entry.issue(now, &config, id, command, out);
        Some(id)
    }

    /// A message arrives at its addressee.
    pub fn arrive(&mut self, now: SimTime, arrival: Hop, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        let of_api = matches!(arrival.link, Link::ClientApi | Link::ApiWriteDb);
        match arrival.message {
            message @ Message::QueryRequest { .. } if of_api => self.api.pass_on(message, out),
            message @ Message::ReadAnswer { .. } if of_api => self.api.pass_on(message, out),
            message @ Message::Read { .. } if of_api => self.write_db.request(now, &config, message, out),
            Message::CommandRequest { client, id, attempt, command } => {
                self.api.request(now, &config, (client, id, attempt, command), out);
            }
            Message::LoadAnswer { handling, answer, .. } => self.api.on_loaded(&config, &mut self.book, handling, answer, out),
            Message::CommitAnswer { handling, answer, .. } => self.api.on_committed(now, &config, handling, answer, out),
            message @ (Message::Load { .. } | Message::Commit { .. } | Message::OutboxFetch { .. } | Message::OutboxMark { .. }) => {
                self.write_db.request(now, &config, message, out);
            }
            Message::OutboxRows { round, answer } => self.relay.on_rows(now, &config, round, answer, out),
            Message::OutboxMarked { round, answer } => self.relay.on_marked(now, &config, round, answer, out),
            message @ (Message::Apply { .. } | Message::Read { .. } | Message::StatusRead { .. }) => {
                self.read_db.request(now, &config, &self.book, message, out);
            }
            Message::ApplyAnswer { call, answer, .. } => self.end_call(call, answer, out),
            Message::Done { id, again } => {
                let waiting = self.clients.iter().position(|client| client.awaits(id)).map(|n| ClientIndex(n as u32));
                if let Some(client) = waiting.or(again) {
                    self.query_api.on_done(now, &config, client, id, out);
                }
            }
            message @ (Message::QueryRequest { .. }
            | Message::ReadAnswer { .. }
            | Message::StatusRequest { .. }
            | Message::StatusAnswer { .. }
            | Message::NoticeAck { .. }) => self.query_api.arrive(now, &config, message, out),
            Message::Notice { client, id, sequence, by } => self.notice(now, (client, id, sequence, by), out),
            message => self.arrive_at_client(now, arrival.link, message, out),
        }
    }

    fn arrive_at_client(&mut self, now: SimTime, link: Link, message: Message, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        let Some(entry) = message.client().and_then(|client| self.clients.get_mut(client.index())) else { return };
        match message {
            Message::CommandReply { id, attempt, .. } if !entry.awaits_answer(id, attempt) => {}
            Message::CommandReply { id, reply: reply @ Reply::Accepted { event, state }, .. } => {
                entry.on_reply(now, &config, id, reply, out);
                let Some(change) = self.book.get(event).map(|event| event.first) else { return };
                entry.wrote(id, change.account, change.version, state.map(|(_, state)| state));
                if config.client.read_back {
                    entry.ask(&config, QueryId(self.next_query), change.account, out);
                    self.next_query += 1;
                }
            }
            Message::CommandReply { id, reply, .. } => entry.on_reply(now, &config, id, reply, out),
            Message::StatusReply { id, done, .. } => entry.on_status(now, &config, id, done, out),
            Message::QueryReply { client, query, account, answer } => match answer {
                Ok(row) => {
                    let Shown { balance, version, flaws } = entry.show(query, account, row, link == Link::ClientQuery);
                    let staleness_us = self.write_db.store.staleness_us(now, account, version);
                    entry.count_query(staleness_us);
                    let written = self.write_db.store.account(account).map(|a| a.balance);
                    self.last_answer = Some(LastAnswer { account, read: row.map(|_| balance), written, staleness_us });
                    let kind = FactKind::QueryAnswered { client, query, account, balance, version, staleness_us, flaws };
                    out.push(Effect::Fact(Fact::plain(kind)));
                }
                Err(error) => out.push(Effect::Fact(Fact::plain(FactKind::QueryFailed { client, query, account, error }))),
            },
            other => unreachable!("not a message to a client: {other:?}"),
        }
    }

    /// A timer is due.
    pub fn on_timer(&mut self, now: SimTime, timer: Timer, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        match timer {
            Timer::ApiDbTimeout { handling, step } => self.api.on_db_timeout(handling, step, out),
            Timer::RelayPoll { round } => {
                let source = self.relay_source();
                self.relay.on_poll(now, &config, source, round, out);
            }
            Timer::RelayDbTimeout { round, marking } => self.relay.on_db_timeout(now, &config, round, marking, out),
            Timer::WriteDbDone { operation } => self.write_db.on_done(operation, out),
            Timer::ReadDbDone { operation } => self.read_db.on_done(now, &config, operation, out),
            Timer::LongPollEnds { client, id, hold } => self.query_api.on_long_poll_ends(client, id, hold, out),
            Timer::WebhookRetry { sequence, attempt } => self.query_api.on_webhook_retry(now, sequence, attempt, out),
            Timer::VersionLook { query } => self.query_api.on_version_look(&config, query, out),
            Timer::ApplyTimeout { call } => self.end_call(call, Err(DbError::Timeout), out),
            Timer::ClientReconnect { client, connection } => {
                if self.clients.get(client.index()).is_some_and(|entry| entry.wants_connection(&config, connection)) {
                    self.come_back(now, client, out);
                }
            }
            timer => self.on_client_timer(now, timer, out),
        }
    }

    /// What the relay is to look at: what the strategy says, or what an earlier one has left behind.
    fn relay_source(&self) -> Source {
        let outbox = &self.write_db.store.outbox;
        let (rows, log) = (outbox.unpublished_count() > 0, outbox.log_end() > self.relay.captured().0);
        match self.config.api.publication.carrier() {
            Carrier::Log if rows => Source::Leftovers,
            Carrier::Log => Source::Log,
            _ if log => Source::Log,
            Carrier::Table => Source::Rows,
            Carrier::None if rows => Source::Leftovers,
            Carrier::None => Source::Nothing,
        }
    }

    fn on_client_timer(&mut self, now: SimTime, timer: Timer, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        let (Timer::ClientCommand { client, .. }
        | Timer::ClientQuery { client, .. }
        | Timer::ClientTimeout { client, .. }
        | Timer::ClientRetry { client, .. }
        | Timer::ClientPoll { client, .. }
        | Timer::ClientGivesUp { client, .. }) = timer
        else {
            unreachable!("not a timer of a client: {timer:?}")
        };
        let Some(entry) = self.clients.get_mut(client.index()) else { return };
        match timer {
            Timer::ClientCommand { epoch, .. } => {
                if let Some(command) = entry.on_command_due(now, &config, epoch, out) {
                    self.send_command(now, client, command, out);
                }
            }
            Timer::ClientQuery { epoch, .. } => {
                self.next_query += u32::from(entry.on_query_due(now, &config, epoch, QueryId(self.next_query), out));
            }
            Timer::ClientTimeout { id, attempt, .. } => entry.on_timeout(now, &config, id, attempt, out),
            Timer::ClientRetry { id, attempt, .. } => entry.on_retry(now, &config, id, attempt, out),
            Timer::ClientPoll { id, ask, .. } => entry.on_poll_due(now, &config, id, ask, out),
            Timer::ClientGivesUp { id, .. } => entry.give_up(id, out),
            _ => {}
        }
    }

    /// Nothing struck at this moment: what stopped there goes on.
    pub fn pass(&mut self, now: SimTime, moment: &Moment, out: &mut Vec<Effect>) {
        let config = self.config.clone();
        let subject = moment.subject;
        match moment.kind {
            MomentKind::ApiDecidedNotCommitted => {
                let ask = self.api.pass_decided(now, &config, subject, out);
                self.publish_for_api(ask, out);
            }
            MomentKind::ApiPublishedNotCommitted => self.api.commit(now, &config, subject, out),
            MomentKind::ApiListenerCalled => self.call_listener(now, subject, out),
            MomentKind::ApiCommittedNotPublished if self.api.listen_after_commit(&config, subject, out) => {}
            MomentKind::ApiCommittedNotPublished => {
                let ask = self.api.pass_committed(&config, subject);
                self.publish_for_api(ask, out);
                self.api.stored(subject, out);
            }
            MomentKind::ApiDoneNotAnswered => self.api.pass_done(subject, out),
            MomentKind::RelayFetchedNotPublished => self.publish_for_relay(subject, out),
            MomentKind::RelayPublishedNotMarked => self.relay.pass_published(now, &config, subject, out),
            MomentKind::WriteDbNotCommitted => {
                let before = out.len();
                self.write_db.pass_commit(now, &config, &self.book, subject, out);
                self.write_views_with_it(now, before, out);
            }
            MomentKind::WriteDbCommittedNotAnswered => self.write_db.pass_answer(subject, out),
            MomentKind::ReadDbNotCommitted => self.read_db.pass_commit(now, &config, &self.book, subject, out),
            MomentKind::ReadDbCommittedNotAnswered => self.read_db.pass_answer(subject, out),
        }
    }

    /// A fault at this moment that is no crash: the transaction that is about to commit is rolled back. At other moments
    /// there is nothing to roll back, and it goes on.
    pub fn roll_back(&mut self, now: SimTime, moment: &Moment, out: &mut Vec<Effect>) {
        match moment.kind {
            MomentKind::ApiListenerCalled => {
                let config = self.config.clone();
                self.api.on_listened(&config, moment.subject, Err(LISTENER_THROWS), out);
            }
            MomentKind::WriteDbNotCommitted => self.write_db.roll_back(moment.subject, out),
            MomentKind::ReadDbNotCommitted => self.read_db.roll_back(moment.subject, out),
            _ => self.pass(now, moment, out),
        }
    }

    fn publish_for_api(&mut self, ask: Ask, out: &mut Vec<Effect>) {
        match ask {
            Ask::Nothing => {}
            Ask::PublishInside { handling, event } => {
                self.publish(Publisher::Api, event, Some(handling), out);
            }
            Ask::PublishAfter { event } => {
                self.publish(Publisher::Api, event, None, out);
            }
        }
    }

    fn publish_for_relay(&mut self, round: u32, out: &mut Vec<Effect>) {
        let Some(rows) = self.relay.pass_fetched(round) else { return };
        let open = rows.iter().map(|row| (self.publish(Publisher::Relay, row.event, None, out), row.id)).collect();
        self.relay.publishing(round, open);
    }

    fn publish(&mut self, publisher: Publisher, event: EventId, handling: Option<u32>, out: &mut Vec<Effect>) -> u64 {
        let token = self.next_token;
        self.next_token += 1;
        let Some(content) = self.book.get(event) else { return token };
        let command = content.command;
        self.publications.insert(token, Outstanding { publisher, event, command, handling });
        out.push(Effect::Fact(Fact::of(command, FactKind::Publishing { publisher, event })));
        let (key, value, event_type) = (content.key(), content.to_json(), content.kind.name());
        out.push(Effect::Publish(Publish { publisher, token, event, command, key, value, event_type }));
        token
    }

    /// The producer answered a publication: the log has acknowledged it, or the producer gave up.
    pub fn on_published(&mut self, now: SimTime, token: u64, ok: bool, out: &mut Vec<Effect>) {
        let Some(Outstanding { publisher, event, command, handling }) = self.publications.remove(&token) else { return };
        let kind = if ok { FactKind::Published { publisher, event } } else { FactKind::PublishFailed { publisher, event } };
        out.push(Effect::Fact(Fact::of(command, kind)));
        let config = self.config.clone();
        match (publisher, handling) {
            (Publisher::Api, Some(handling)) => self.api.on_published(handling, ok, out),
            // Nobody looks at the result of the send: the command was reported as accepted long ago (F6).
            (Publisher::Api, None) => {}
            (Publisher::Relay, _) => self.relay.on_published(now, &config, token, ok, out),
        }
    }

    /// A listener applies events in one transaction of the read database. [`Effect::Applied`] answers with the same `call`,
    /// which must not be in use.
    pub fn apply(
        &mut self,
        now: SimTime,
        call: u64,
        projection: Projection,
        (events, places): (Arc<[EventId]>, Option<Arc<[Place]>>),
        out: &mut Vec<Effect>,
    ) {
        let command = events.first().and_then(|event| self.book.get(*event)).map(|event| event.command);
        self.calls.insert(call, Call { projection, command, events: events.clone() });
        hop(out, Link::ListenerReadDb, Direction::Request, Message::Apply { call, projection, events, places });
        out.push(Effect::Timer { at: now + self.config.read_db_timeout_us, timer: Timer::ApplyTimeout { call } });
    }

    /// The caller of [`Bank::apply`] died: nobody waits for the answer. What was sent may still be carried out.
    pub fn abandon_call(&mut self, call: u64) {
        self.calls.remove(&call);
    }

    fn end_call(&mut self, call: u64, answer: Result<(), DbError>, out: &mut Vec<Effect>) {
        let Some(Call { projection, command, .. }) = self.calls.remove(&call) else { return };
        if let Err(error) = answer {
            out.push(Effect::Fact(Fact { command, kind: FactKind::ApplyFailed { projection, error } }));
        }
        if let Some(number) = call.checked_sub(IN_PROCESS_CALLS) {
            let config = self.config.clone();
            return self.api.on_listened(&config, number as u32, answer.map_err(DbError::class), out);
        }
        out.push(Effect::Applied { call, result: answer.map_err(DbError::class) });
    }

    /// Makes a database slow: each operation that begins from now on takes so much longer; 0 makes it as it was.
    /// The other processes take no time of their own; for them it does nothing.
    pub fn slow(&mut self, process: Process, extra_us: u64) {
        match process {
            Process::WriteDb => self.write_db.set_extra_us(extra_us),
            Process::ReadDb => self.read_db.set_extra_us(extra_us),
            Process::Api | Process::Relay | Process::QueryApi => {}
        }
    }

    /// Deletes every snapshot, as a new shape of the state makes it necessary (F3): loads read the events until the next ones.
    pub fn drop_snapshots(&mut self, out: &mut Vec<Effect>) {
        let count = self.write_db.store.drop_snapshots();
        out.push(Effect::Fact(Fact::plain(FactKind::SnapshotsDropped { count })));
    }

    /// Empties a projection, for a rebuild from the log (F5).
    pub fn clear_projection(&mut self, projection: Projection, out: &mut Vec<Effect>) {
        let (count, balance) = self.opening;
        self.read_db.model.clear(projection, count, balance);
        out.push(Effect::Fact(Fact::plain(FactKind::ViewCleared { projection })));
    }
}
