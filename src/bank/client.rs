//! A client: issues commands, tries again with the same idempotency key, waits to learn of completion, reads balances.
//!
//! It knows only what it was told; it cannot look into either model.

mod completion;
mod reads;

use crate::kernel::SortedMap;

pub use completion::{EMAIL_REREAD_US, SSE_REREAD_US};
pub(super) use reads::Shown;
use reads::{Asked, Known};

use super::config::BankConfig;
use super::domain::Command;
use super::effect::{Direction, Effect, Link, Message, Reply, Timer, hop};
use super::fact::{Fact, FactKind};
use super::ids::{AccountId, ClientIndex, CommandId, EventId};
use crate::kernel::{Deque, Prng, SimTime};

/// The most commands that one client waits for; beyond it, it issues nothing.
pub const PENDING_MAX: usize = 512;

/// One client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Client {
    index: ClientIndex,
    /// Counts changes of its rates; a timer of an earlier epoch is stale.
    epoch: u32,
    pending: SortedMap<CommandId, Pending>,
    /// What it knows of accounts.
    known: SortedMap<AccountId, Known>,
    /// What it knew when it asked; at most [`reads::ASKED_MAX`].
    asked: Deque<Asked>,
    /// Counts its connections.
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
    /// Answers that lacked what this client itself had written (F9).
    pub own_missing_count: u64,
    /// Answers that were older than one before (F9).
    pub went_back_count: u64,
    /// Notices of something that it knew already (F10).
    pub repeated_count: u64,
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
    /// Counts its looks at the status; a timer of an earlier one is stale.
    pub(super) ask: u32,
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
            pending: SortedMap::new(),
            known: SortedMap::new(),
            asked: Deque::new(),
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

    /// Whether it waits for the answer to this attempt of a command: whoever did not wait any longer has closed the
    /// connection, and hears nothing more on it.
    pub(super) fn awaits_answer(&self, id: CommandId, attempt: u32) -> bool {
        self.pending.get(&id).is_some_and(|pending| pending.stage == PendingStage::Answer && pending.attempt == attempt)
    }

    /// Whether its connection is open, or its device online, as far as it knows.
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
        self.pending.insert(id, Pending { command, issued_at: now, attempt: 0, stage: PendingStage::Answer, ask: 0 });
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

    /// The API answered the attempt that it waits for.
    pub(super) fn on_reply(&mut self, now: SimTime, config: &BankConfig, id: CommandId, reply: Reply, out: &mut Vec<Effect>) {
        let client = self.index;
        let Some(pending) = self.pending.get_mut(&id) else { return };
        match reply {
            Reply::Accepted { event, .. } => {
                pending.stage = PendingStage::Completion { event };
                out.push(Effect::Fact(Fact::of(id, FactKind::ReplyAccepted { client, event })));
                self.await_completion(now, config, id, out);
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
                out.push(Effect::Fact(Fact::of(id, FactKind::ReplyUnknown { client })));
                self.retry_later(now, config, id, out);
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
}

/// A pause around `interval_us`, from half of it to one and a half; `None` if there is no rate.
fn pause(interval_us: u64, prng: &mut Prng) -> Option<u64> {
    (interval_us > 0).then(|| prng.between(interval_us / 2, interval_us + interval_us / 2).max(1))
}
