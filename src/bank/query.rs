//! The query API: answers from the read database only, and tells clients of completion (F9, F10). Has no rules of its own.

use std::collections::{BTreeMap, VecDeque};

use super::config::BankConfig;
use super::effect::{DbError, Direction, Effect, Link, Message, hop};
use super::fact::{Fact, FactKind};
use super::ids::{ClientIndex, CommandId};

/// How many notices are kept for `Last-Event-ID`, if any are.
pub const NOTICES_MAX: usize = 256;

/// The process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueryApi {
    up: bool,
    /// The SSE connections that are open, each with the number of the last notice sent over it.
    connections: BTreeMap<ClientIndex, u32>,
    next_notice: u32,
    history: VecDeque<(u32, ClientIndex, CommandId)>,
}

impl Default for QueryApi {
    fn default() -> Self {
        QueryApi { up: true, connections: BTreeMap::new(), next_notice: 1, history: VecDeque::new() }
    }
}

impl QueryApi {
    /// Whether the process runs.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// How many SSE connections are open.
    pub fn connection_count(&self) -> u64 {
        self.connections.len() as u64
    }

    /// A client opens an SSE connection; `last_seen` is its `Last-Event-ID`. False if nobody is there.
    pub(super) fn connect(&mut self, config: &BankConfig, client: ClientIndex, last_seen: u32, out: &mut Vec<Effect>) -> bool {
        if !self.up {
            return false;
        }
        self.connections.insert(client, last_seen);
        if config.query.sse_history {
            for (sequence, to, id) in &self.history {
                if *to == client && *sequence > last_seen {
                    let message = Message::Notice { client, id: *id, sequence: *sequence };
                    hop(out, Link::Completion, Direction::Response, message);
                }
            }
        }
        true
    }

    pub(super) fn disconnect(&mut self, client: ClientIndex) {
        self.connections.remove(&client);
    }

    /// A command's events are in the view; `client` waits for it.
    pub(super) fn on_done(&mut self, client: ClientIndex, id: CommandId, out: &mut Vec<Effect>) {
        if !self.up {
            return;
        }
        let sequence = self.next_notice;
        self.next_notice += 1;
        if self.history.len() == NOTICES_MAX {
            self.history.pop_front();
        }
        self.history.push_back((sequence, client, id));
        match self.connections.get_mut(&client) {
            Some(last) => {
                *last = sequence;
                hop(out, Link::Completion, Direction::Response, Message::Notice { client, id, sequence });
            }
            None => out.push(Effect::Fact(Fact::of(id, FactKind::NoticeLost { client }))),
        }
    }

    /// A request of a client, or an answer of the read database, arrives.
    pub(super) fn arrive(&mut self, message: Message, out: &mut Vec<Effect>) {
        match message {
            Message::QueryRequest { client, query, account } if self.up => {
                hop(out, Link::QueryReadDb, Direction::Request, Message::Read { client, query, account });
            }
            Message::QueryRequest { client, query, account } => {
                let answer = Message::QueryReply { client, query, account, answer: Err(DbError::Down) };
                hop(out, Link::ClientQuery, Direction::Response, answer);
            }
            Message::ReadAnswer { client, query, account, answer } if self.up => {
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
                hop(out, Link::Completion, Direction::Response, Message::StatusReply { client, id, done });
            }
            _ => {}
        }
    }

    /// The process dies: every SSE connection breaks; gives their clients.
    pub(super) fn crash(&mut self) -> Vec<ClientIndex> {
        self.up = false;
        self.history.clear();
        std::mem::take(&mut self.connections).into_keys().collect()
    }

    pub(super) fn restart(&mut self) {
        self.up = true;
    }
}
