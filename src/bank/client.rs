//! A client: issues commands, tries again with the same idempotency key, waits to learn of completion, reads balances.
//!
//! It knows only what it was told; it cannot look into either model.

use std::collections::BTreeMap;

use super::config::{BankConfig, Channel};
use super::domain::Command;
use super::effect::{DbError, Direction, Effect, Link, Message, Reply, Timer, hop};
use super::fact::{Fact, FactKind};
use super::ids::{AccountId, ClientIndex, CommandId, EventId, QueryId};
use crate::kernel::{Prng, SimTime};

/// The most commands that one client waits for; beyond it, it issues nothing.
pub const PENDING_MAX: usize = 512;

/// How often a client with an SSE connection looks at the status of what it waits for all the same, in microseconds:
/// a notice is a hint, and may be lost without a sign (F10).
pub const SSE_REREAD_US: u64 = 15_000_000;

/// One client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Client {
    index: ClientIndex,
    /// Counts changes of its rates; a timer of an earlier epoch is stale.
    epoch: u32,
    pending: BTreeMap<CommandId, Pending>,
    /// Counts its SSE connections.
    connection: u32,
    connected: bool,
    last_event_id: u32,
    counters: ClientCounters,
    last_command: Option<(CommandId, Command)>,
    commands: Prng,
    queries: Prng,
}

/// What became of a client's commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs)] // each counts what its name says
pub struct ClientCounters {
    pub issued_count: u64,
    pub retried_count: u64,
    pub completed_count: u64,
    pub rejected_count: u64,
    pub conflicted_count: u64,
    pub gave_up_count: u64,
    pub query_count: u64,
    pub stale_count: u64,
    /// The staleness of the last answered query, in microseconds.
    pub staleness_us_last: u64,
    /// The greatest staleness of any answered query, in microseconds.
    pub staleness_us_max: u64,
}

/// A command whose end the client does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pending {
    /// What it wanted.
    pub command: Command,
    /// When it first sent it.
    pub issued_at: SimTime,
    /// The current attempt, from 1.
    pub attempt: u32,
    /// What it waits for.
    pub stage: PendingStage,
}

/// What a client waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PendingStage {
    /// The answer of the API.
    Answer,
    /// The end of the pause before a retry.
    BackOff,
    /// The notice that the views have it.
    Completion {
        /// The event that the API named.
        event: EventId,
    },
}

impl Client {
    pub(super) fn new(index: ClientIndex, seed: u64) -> Client {
        Client {
            index,
            epoch: 0,
            pending: BTreeMap::new(),
            connection: 0,
            connected: false,
            last_event_id: 0,
            counters: ClientCounters::default(),
            last_command: None,
            commands: Prng::stream(seed, "client-commands", u64::from(index.0)),
            queries: Prng::stream(seed, "client-queries", u64::from(index.0)),
        }
    }

    /// The commands whose end it does not know, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = (CommandId, &Pending)> {
        self.pending.iter().map(|(id, pending)| (*id, pending))
    }

    /// How many they are.
    pub fn pending_count(&self) -> u64 {
        self.pending.len() as u64
    }

    /// Whether it waits for this command.
    pub fn awaits(&self, id: CommandId) -> bool {
        self.pending.contains_key(&id)
    }

    /// Whether its SSE connection is open, as far as it knows.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// The command that it issued last.
    pub fn last_command(&self) -> Option<(CommandId, Command)> {
        self.last_command
    }

    /// What became of its commands.
    pub fn counters(&self) -> ClientCounters {
        self.counters
    }

    /// Begins, or begins anew with other rates.
    pub(super) fn schedule(&mut self, now: SimTime, config: &BankConfig, active: bool, out: &mut Vec<Effect>) {
        self.epoch += 1;
        if active {
            self.schedule_command(now, config, out);
            self.schedule_query(now, config, out);
        }
    }

    fn schedule_command(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        if let Some(pause) = pause(config.client.command_interval_us, &mut self.commands) {
            let timer = Timer::ClientCommand { client: self.index, epoch: self.epoch };
            out.push(Effect::Timer { at: now + pause, timer });
        }
    }

    fn schedule_query(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        if let Some(pause) = pause(config.client.query_interval_us, &mut self.queries) {
            let timer = Timer::ClientQuery { client: self.index, epoch: self.epoch };
            out.push(Effect::Timer { at: now + pause, timer });
        }
    }

    /// Time for a command of its own; gives it, unless it waits for too many.
    pub(super) fn on_command_due(&mut self, now: SimTime, config: &BankConfig, epoch: u32, out: &mut Vec<Effect>) -> Option<Command> {
        if epoch != self.epoch {
            return None;
        }
        self.schedule_command(now, config, out);
        let command = self.draw_command(config);
        if self.pending.len() >= PENDING_MAX {
            out.push(Effect::Fact(Fact::plain(FactKind::ClientSaturated { client: self.index })));
            return None;
        }
        Some(command)
    }

    /// A command by the mix of the settings. Always the same number of draws, so that a setting moves no later draw.
    fn draw_command(&mut self, config: &BankConfig) -> Command {
        let accounts = u64::from(config.account_count.max(2));
        let percent = self.commands.below(100) as u32;
        let from = self.commands.below(accounts) as u32;
        let step = self.commands.between(1, accounts - 1) as u32;
        let amount = 10 * self.commands.between(1, 5) as i64;
        let account = AccountId(from);
        let to = AccountId((from + step) % accounts as u32);
        let client = &config.client;
        let (deposit, withdraw) = (client.deposit_percent, client.deposit_percent + client.withdraw_percent);
        match percent {
            p if p < deposit => Command::Deposit { account, amount },
            p if p < withdraw => Command::Withdraw { account, amount },
            p if p < withdraw + client.overdraft_percent => Command::Transfer { from: account, to, amount: 1_000_000 + amount },
            _ => Command::Transfer { from: account, to, amount },
        }
    }

    /// Sends a command for the first time.
    pub(super) fn issue(&mut self, now: SimTime, config: &BankConfig, id: CommandId, command: Command, out: &mut Vec<Effect>) {
        self.counters.issued_count += 1;
        self.last_command = Some((id, command));
        self.pending.insert(id, Pending { command, issued_at: now, attempt: 0, stage: PendingStage::Answer });
        out.push(Effect::Fact(Fact::of(id, FactKind::CommandIssued { client: self.index, command })));
        self.send(now, config, id, out);
        let timer = Timer::ClientGivesUp { client: self.index, id };
        out.push(Effect::Timer { at: now + config.client.completion_timeout_us, timer });
    }

    fn send(&mut self, now: SimTime, config: &BankConfig, id: CommandId, out: &mut Vec<Effect>) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        pending.attempt += 1;
        pending.stage = PendingStage::Answer;
        let (client, attempt, command) = (self.index, pending.attempt, pending.command);
        hop(out, Link::ClientApi, Direction::Request, Message::CommandRequest { client, id, attempt, command });
        let timer = Timer::ClientTimeout { client, id, attempt };
        out.push(Effect::Timer { at: now + config.client.request_timeout_us, timer });
    }

    /// The API answered.
    pub(super) fn on_reply(&mut self, now: SimTime, config: &BankConfig, id: CommandId, reply: Reply, out: &mut Vec<Effect>) {
        let client = self.index;
        let Some(pending) = self.pending.get_mut(&id) else { return };
        if matches!(pending.stage, PendingStage::Completion { .. }) {
            return;
        }
        match reply {
            Reply::Accepted { event } => {
                pending.stage = PendingStage::Completion { event };
                out.push(Effect::Fact(Fact::of(id, FactKind::ReplyAccepted { client, event })));
                self.poll_later(now, config, id, out);
            }
            Reply::Rejected { reason } => {
                self.pending.remove(&id);
                self.counters.rejected_count += 1;
                out.push(Effect::Fact(Fact::of(id, FactKind::ReplyRejected { client, reason })));
            }
            Reply::Conflicted => {
                self.pending.remove(&id);
                self.counters.conflicted_count += 1;
                out.push(Effect::Fact(Fact::of(id, FactKind::ReplyConflicted { client })));
            }
            Reply::Unavailable | Reply::Disconnected => {
                if pending.stage == PendingStage::Answer {
                    out.push(Effect::Fact(Fact::of(id, FactKind::ReplyUnknown { client })));
                    self.retry_later(now, config, id, out);
                }
            }
        }
    }

    /// No answer in time: the command may or may not have been carried out (F1).
    pub(super) fn on_timeout(&mut self, now: SimTime, config: &BankConfig, id: CommandId, attempt: u32, out: &mut Vec<Effect>) {
        let Some(pending) = self.pending.get(&id) else { return };
        if pending.attempt == attempt && pending.stage == PendingStage::Answer {
            out.push(Effect::Fact(Fact::of(id, FactKind::ReplyTimeout { client: self.index, attempt })));
            self.retry_later(now, config, id, out);
        }
    }

    fn retry_later(&mut self, now: SimTime, config: &BankConfig, id: CommandId, out: &mut Vec<Effect>) {
        let Some(pending) = self.pending.get_mut(&id) else { return };
        if pending.attempt > config.client.retries_max {
            return self.give_up(id, out);
        }
        pending.stage = PendingStage::BackOff;
        let timer = Timer::ClientRetry { client: self.index, id, attempt: pending.attempt };
        out.push(Effect::Timer { at: now + config.client.retry_back_off_us, timer });
    }

    pub(super) fn on_retry(&mut self, now: SimTime, config: &BankConfig, id: CommandId, attempt: u32, out: &mut Vec<Effect>) {
        let Some(pending) = self.pending.get(&id) else { return };
        if pending.attempt == attempt && pending.stage == PendingStage::BackOff {
            self.counters.retried_count += 1;
            let kind = FactKind::CommandRetried { client: self.index, attempt: attempt + 1 };
            out.push(Effect::Fact(Fact::of(id, kind)));
            self.send(now, config, id, out);
        }
    }

    pub(super) fn give_up(&mut self, id: CommandId, out: &mut Vec<Effect>) {
        let Some(pending) = self.pending.remove(&id) else { return };
        self.counters.gave_up_count += 1;
        let accepted = matches!(pending.stage, PendingStage::Completion { .. });
        out.push(Effect::Fact(Fact::of(id, FactKind::ClientGaveUp { client: self.index, accepted })));
    }

    /// Sets the time of the next look at the status URL: soon when polling, late when it is only a precaution.
    fn poll_later(&mut self, now: SimTime, config: &BankConfig, id: CommandId, out: &mut Vec<Effect>) {
        let pause = match config.client.channel {
            Channel::Polling => config.client.poll_interval_us.max(1_000),
            Channel::Sse if config.client.reread_on_reconnect => SSE_REREAD_US,
            Channel::Sse => return,
        };
        out.push(Effect::Timer { at: now + pause, timer: Timer::ClientPoll { client: self.index, id } });
    }

    /// Looks at the status URL, and will again.
    pub(super) fn on_poll_due(&mut self, now: SimTime, config: &BankConfig, id: CommandId, out: &mut Vec<Effect>) {
        if self.awaits(id) {
            self.ask_status(id, out);
            self.poll_later(now, config, id, out);
        }
    }

    fn ask_status(&self, id: CommandId, out: &mut Vec<Effect>) {
        let message = Message::StatusRequest { client: self.index, id };
        hop(out, Link::Completion, Direction::Request, message);
    }

    /// The status URL answered.
    pub(super) fn on_status(&mut self, now: SimTime, id: CommandId, done: Result<bool, DbError>, out: &mut Vec<Effect>) {
        match done {
            Ok(true) => self.complete(now, id, out),
            Ok(false) if self.awaits(id) => {
                out.push(Effect::Fact(Fact::of(id, FactKind::StatusInProgress { client: self.index })));
            }
            _ => {}
        }
    }

    /// A notice came over SSE.
    pub(super) fn on_notice(&mut self, now: SimTime, id: CommandId, sequence: u32, out: &mut Vec<Effect>) {
        if self.connected {
            self.last_event_id = self.last_event_id.max(sequence);
            self.complete(now, id, out);
        }
    }

    fn complete(&mut self, now: SimTime, id: CommandId, out: &mut Vec<Effect>) {
        let Some(pending) = self.pending.remove(&id) else { return };
        self.counters.completed_count += 1;
        let kind = FactKind::CompletionNoticed { client: self.index, waited_us: now.since(pending.issued_at) };
        out.push(Effect::Fact(Fact::of(id, kind)));
    }

    /// The SSE connection broke; it will try again.
    pub(super) fn on_disconnect(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        if self.connected {
            self.connected = false;
            out.push(Effect::Fact(Fact::plain(FactKind::SseDisconnected { client: self.index })));
        }
        self.connection += 1;
        let timer = Timer::ClientReconnect { client: self.index, connection: self.connection };
        out.push(Effect::Timer { at: now + config.client.sse_reconnect_us.max(1_000), timer });
    }

    /// Whether a timer to connect again is still meant.
    pub(super) fn wants_connection(&self, config: &BankConfig, connection: u32) -> bool {
        !self.connected && connection == self.connection && config.client.channel == Channel::Sse
    }

    /// The last notice it saw.
    pub(super) fn last_event_id(&self) -> u32 {
        self.last_event_id
    }

    /// The SSE connection is open.
    pub(super) fn on_connected(&mut self, config: &BankConfig, out: &mut Vec<Effect>) {
        self.connected = true;
        if self.connection > 0 {
            out.push(Effect::Fact(Fact::plain(FactKind::SseConnected { client: self.index })));
        }
        if config.client.reread_on_reconnect {
            for id in self.pending.keys() {
                self.ask_status(*id, out);
            }
        }
    }

    /// It wants no SSE connection any more.
    pub(super) fn hang_up(&mut self) {
        self.connected = false;
        self.connection += 1;
    }

    /// From now on it looks at the status URL for whatever it waits for.
    pub(super) fn poll_all(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        let waiting = |p: &Pending| matches!(p.stage, PendingStage::Completion { .. });
        let ids: Vec<CommandId> = self.pending.iter().filter(|(_, p)| waiting(p)).map(|(id, _)| *id).collect();
        for id in ids {
            self.poll_later(now, config, id, out);
        }
    }

    /// Asks for a balance.
    pub(super) fn on_query_due(&mut self, now: SimTime, config: &BankConfig, epoch: u32, query: QueryId, out: &mut Vec<Effect>) -> bool {
        if epoch != self.epoch {
            return false;
        }
        self.schedule_query(now, config, out);
        let account = AccountId(self.queries.below(u64::from(config.account_count.max(1))) as u32);
        let client = self.index;
        out.push(Effect::Fact(Fact::plain(FactKind::QueryIssued { client, query, account })));
        hop(out, Link::ClientQuery, Direction::Request, Message::QueryRequest { client, query, account });
        true
    }

    /// An answer with this staleness came.
    pub(super) fn count_query(&mut self, staleness_us: u64) {
        self.counters.query_count += 1;
        self.counters.stale_count += u64::from(staleness_us > 0);
        self.counters.staleness_us_last = staleness_us;
        self.counters.staleness_us_max = self.counters.staleness_us_max.max(staleness_us);
    }
}

/// A pause around `interval_us`, from half of it to one and a half; `None` if there is no rate.
fn pause(interval_us: u64, prng: &mut Prng) -> Option<u64> {
    (interval_us > 0).then(|| prng.between(interval_us / 2, interval_us + interval_us / 2).max(1))
}
