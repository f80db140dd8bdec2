//! The query API: answers from the read database only, and tells clients of completion (F9, F10). Has no rules of its own.

use super::config::{BankConfig, Channel};
use super::effect::{DbError, Direction, Effect, Link, Message, Timer, hop, late_hop};
use super::fact::{Fact, FactKind};
use super::ids::{AccountId, ClientIndex, CommandId, QueryId};
use crate::kernel::{Deque, Prng, SimTime, SortedMap};

/// How many notices are kept for `Last-Event-ID`, if any are.
pub const NOTICES_MAX: usize = 256;
/// How often the view is looked at for a version that somebody waits for, in microseconds (F9).
pub const VERSION_LOOK_US: u64 = 20_000;
/// The pause before a webhook is called again that did not answer, in microseconds; it doubles each time (F10).
pub const WEBHOOK_RETRY_US: u64 = 1_000_000;
/// How often a webhook is called before the server gives up.
pub const WEBHOOK_CALLS_MAX: u32 = 7;

/// The process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueryApi {
    up: bool,
    /// The connections that are open, each with the number of the last notice sent over it.
    connections: SortedMap<ClientIndex, u32>,
    next_notice: u32,
    history: Deque<(u32, ClientIndex, CommandId)>,
    /// Requests for a status that are held until there is something to say, each with its number.
    held: SortedMap<(ClientIndex, CommandId), u32>,
    next_hold: u32,
    /// Queries that wait for a version.
    waiting: SortedMap<QueryId, Waiting>,
    /// Webhook calls that were not confirmed, by number of the notice.
    calls: SortedMap<u32, (ClientIndex, CommandId)>,
    /// How long push services and mail servers take.
    couriers: Prng,
}

/// A query that waits until the view has a version (F9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Waiting {
    client: ClientIndex,
    account: AccountId,
    min_version: u32,
    until: SimTime,
}

impl QueryApi {
    pub(super) fn new(seed: u64) -> QueryApi {
        QueryApi {
            up: true,
            connections: SortedMap::new(),
            next_notice: 1,
            history: Deque::new(),
            held: SortedMap::new(),
            next_hold: 0,
            waiting: SortedMap::new(),
            calls: SortedMap::new(),
            couriers: Prng::stream(seed, "couriers", 0),
        }
    }

    /// Whether the process runs.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// How many connections clients hold open: SSE, WebSockets, long polls.
    pub fn connection_count(&self) -> u64 {
        (self.connections.len() + self.held.len()) as u64
    }

    /// How many queries wait for a version.
    pub fn waiting_count(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// A client opens a connection; `last_seen` is its `Last-Event-ID`. False if nobody is there.
    pub(super) fn connect(&mut self, config: &BankConfig, client: ClientIndex, last_seen: u32, out: &mut Vec<Effect>) -> bool {
        if !self.up {
            return false;
        }
        self.connections.insert(client, last_seen);
        // A WebSocket has no history and no id to go on from.
        if config.query.sse_history && config.client.channel == Channel::Sse {
            for (sequence, to, id) in &self.history {
                if *to == client && *sequence > last_seen {
                    let message = Message::Notice { client, id: *id, sequence: *sequence, by: Channel::Sse };
                    hop(out, Link::Completion, Direction::Response, message);
                }
            }
        }
        true
    }

    pub(super) fn disconnect(&mut self, client: ClientIndex) {
        self.connections.remove(&client);
    }

    /// A command's events are in the view; `client` is to be told.
    pub(super) fn on_done(&mut self, now: SimTime, config: &BankConfig, client: ClientIndex, id: CommandId, out: &mut Vec<Effect>) {
        if !self.up {
            return;
        }
        let by = config.client.channel;
        if matches!(by, Channel::Polling | Channel::LongPolling) {
            if self.held.remove(&(client, id)).is_some() {
                hop(out, Link::Completion, Direction::Response, Message::StatusReply { client, id, done: Ok(true) });
            }
            return;
        }
        let sequence = self.next_notice;
        self.next_notice += 1;
        let notice = Message::Notice { client, id, sequence, by };
        match by {
            Channel::Push => {
                let delay_us = config.query.push_latency.draw(&mut self.couriers);
                late_hop(out, Link::Completion, Direction::Response, notice, delay_us);
            }
            Channel::Email => {
                let delay_us = config.query.email_latency.draw(&mut self.couriers);
                late_hop(out, Link::Completion, Direction::Response, notice, delay_us);
            }
            Channel::Webhook => {
                self.calls.insert(sequence, (client, id));
                self.call(now, sequence, 1, out);
            }
            _ => self.send_over_connection(client, id, sequence, notice, out),
        }
    }

    fn send_over_connection(&mut self, client: ClientIndex, id: CommandId, sequence: u32, notice: Message, out: &mut Vec<Effect>) {
        if self.history.len() == NOTICES_MAX {
            self.history.pop_front();
        }
        self.history.push_back((sequence, client, id));
        match self.connections.get_mut(&client) {
            Some(last) => {
                *last = sequence;
                hop(out, Link::Completion, Direction::Response, notice);
            }
            None => out.push(Effect::Fact(Fact::of(id, FactKind::NoticeLost { client }))),
        }
    }

    /// Calls a webhook, and will again if nobody answers.
    fn call(&mut self, now: SimTime, sequence: u32, attempt: u32, out: &mut Vec<Effect>) {
        let Some((client, id)) = self.calls.get(&sequence).copied() else { return };
        hop(out, Link::Completion, Direction::Response, Message::Notice { client, id, sequence, by: Channel::Webhook });
        let at = now + (WEBHOOK_RETRY_US << (attempt - 1));
        out.push(Effect::Timer { at, timer: Timer::WebhookRetry { sequence, attempt } });
    }

    /// A webhook has not answered.
    pub(super) fn on_webhook_retry(&mut self, now: SimTime, sequence: u32, attempt: u32, out: &mut Vec<Effect>) {
        if attempt < WEBHOOK_CALLS_MAX {
            self.call(now, sequence, attempt + 1, out);
        } else if let Some((client, id)) = self.calls.remove(&sequence) {
            out.push(Effect::Fact(Fact::of(id, FactKind::NoticeLost { client })));
        }
    }

    /// A request of a client, or an answer of the read database, arrives.
    pub(super) fn arrive(&mut self, now: SimTime, config: &BankConfig, message: Message, out: &mut Vec<Effect>) {
        match message {
            Message::QueryRequest { client, query, account, min_version } if self.up => {
                if min_version > 0 {
                    // Later than that no look is to come any more: the read or its answer was lost.
                    self.waiting.retain(|_, waiting| now <= waiting.until + VERSION_LOOK_US);
                    let until = now + config.query.min_version_timeout_us;
                    self.waiting.insert(query, Waiting { client, account, min_version, until });
                }
                self.read(config, client, query, account, out);
            }
            Message::QueryRequest { client, query, account, .. } => {
                let answer = Message::QueryReply { client, query, account, answer: Err(DbError::Down) };
                hop(out, Link::ClientQuery, Direction::Response, answer);
            }
            Message::ReadAnswer { client, query, account, answer } if self.up => {
                let version = answer.ok().flatten().map_or(0, |row| row.version);
                let lacks = |w: &Waiting| answer.is_ok() && version < w.min_version && now < w.until;
                if self.waiting.get(&query).is_some_and(lacks) {
                    return out.push(Effect::Timer { at: now + VERSION_LOOK_US, timer: Timer::VersionLook { query } });
                }
                self.waiting.remove(&query);
                let answer = Message::QueryReply { client, query, account, answer };
                hop(out, Link::ClientQuery, Direction::Response, answer);
            }
            Message::StatusRequest { client, id } if self.up => {
                hop(out, Link::QueryReadDb, Direction::Request, Message::StatusRead { client, id });
            }
            Message::StatusRequest { client, id } => {
                let answer = Message::StatusReply { client, id, done: Err(DbError::Down) };
                hop(out, Link::Completion, Direction::Response, answer);
            }
            Message::StatusAnswer { client, id, done } if self.up => {
                if done == Ok(false) && config.client.channel == Channel::LongPolling {
                    return self.hold(now, config, client, id, out);
                }
                hop(out, Link::Completion, Direction::Response, Message::StatusReply { client, id, done });
            }
            Message::NoticeAck { sequence, .. } if self.up => {
                self.calls.remove(&sequence);
            }
            _ => {}
        }
    }

    /// Reads the account view; of two copies in turn, or always the same for a client (F9).
    fn read(&self, config: &BankConfig, client: ClientIndex, query: QueryId, account: AccountId, out: &mut Vec<Effect>) {
        let turn = if config.client.sticky_replica { client.0 } else { query.0 };
        let copy = if config.query.replica_lag_us > 0 { turn % 2 } else { 0 };
        hop(out, Link::QueryReadDb, Direction::Request, Message::Read { client, query, account, copy });
    }

    /// Looks again for a version that somebody waits for.
    pub(super) fn on_version_look(&mut self, config: &BankConfig, query: QueryId, out: &mut Vec<Effect>) {
        if let Some(Waiting { client, account, .. }) = self.waiting.get(&query).copied() {
            self.read(config, client, query, account, out);
        }
    }

    /// A long poll: the answer waits until there is something to say.
    fn hold(&mut self, now: SimTime, config: &BankConfig, client: ClientIndex, id: CommandId, out: &mut Vec<Effect>) {
        let number = self.next_hold;
        self.next_hold += 1;
        self.held.insert((client, id), number);
        let timer = Timer::LongPollEnds { client, id, hold: number };
        out.push(Effect::Timer { at: now + config.query.long_poll_us, timer });
    }

    /// Nothing to say for too long: answers that, and the client asks again.
    pub(super) fn on_long_poll_ends(&mut self, client: ClientIndex, id: CommandId, hold: u32, out: &mut Vec<Effect>) {
        if self.held.get(&(client, id)) == Some(&hold) {
            self.held.remove(&(client, id));
            hop(out, Link::Completion, Direction::Response, Message::StatusReply { client, id, done: Ok(false) });
        }
    }

    /// The process dies: every connection breaks; gives their clients. What it held in memory is gone.
    pub(super) fn crash(&mut self) -> Vec<ClientIndex> {
        self.up = false;
        self.history.clear();
        self.waiting.clear();
        self.calls.clear();
        self.held.clear();
        std::mem::take(&mut self.connections).into_keys().collect()
    }

    pub(super) fn restart(&mut self) {
        self.up = true;
    }
}
