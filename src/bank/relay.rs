//! What carries events from the write database to the log (F8): relays that poll the outbox or the event store, or change
//! capture that reads the database's log. Each hands rows to its producer and notes what was acknowledged. Knows no partitions.

use std::sync::Arc;

use super::config::{BankConfig, Publication, RelayReads};
use super::effect::{DbError, Direction, Effect, Link, Message, OutboxRow, Timer, Wanted, hop};
use super::fact::{Fact, FactKind};
use super::moment::{Moment, MomentKind};
use super::token::Token;
use crate::kernel::{SimTime, SortedMap};

/// The most relays side by side.
pub const RELAYS_MAX: u32 = 8;

/// The process, with its relays side by side; change capture is a single one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relay {
    up: bool,
    /// Counts the rounds of all; a timer of an earlier one is stale.
    rounds: u32,
    workers: Vec<Worker>,
    /// How far the index was read; durable (only [`RelayReads::LastId`] and [`RelayReads::GapAware`] read by it).
    token: Token,
    capture: Capture,
}

/// How far change capture has read the database's log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Capture {
    /// In memory.
    position: u32,
    /// What a restart begins with; durable.
    flushed: u32,
    flushed_at: SimTime,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Worker {
    round: u32,
    stage: Stage,
}

/// What a relay is doing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Waiting for its next look.
    Waiting,
    /// Waiting for rows.
    Fetching {
        /// Whether they come from the database's log.
        log: bool,
    },
    /// Has rows; a fault may strike before it publishes.
    Fetched {
        /// The rows of this round.
        rows: Arc<[OutboxRow]>,
        /// Whether they are from the database's log.
        log: bool,
    },
    /// Waiting for the log.
    Publishing {
        /// The rows of this round.
        rows: Arc<[OutboxRow]>,
        /// Whether they are from the database's log.
        log: bool,
        /// Those that the log has not answered, by token.
        open: SortedMap<u64, u32>,
        /// The row ids that it has acknowledged.
        acknowledged: Vec<u32>,
    },
    /// Everything answered; a fault may strike before that is noted.
    Published {
        /// The rows of this round.
        rows: Arc<[OutboxRow]>,
        /// Whether they are from the database's log.
        log: bool,
        /// The row ids that the log acknowledged.
        acknowledged: Vec<u32>,
    },
    /// Waiting for the mark to be durable.
    Marking {
        /// How many rows the round had.
        row_count: u32,
        /// The row ids that are marked.
        ids: Arc<[u32]>,
    },
}

/// What there is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Nothing: the strategy has no relay.
    Nothing,
    /// Rows of a table, in the way of the settings.
    Rows,
    /// Rows that an earlier strategy has left behind.
    Leftovers,
    /// The database's log.
    Log,
}

impl Default for Relay {
    fn default() -> Self {
        let workers = vec![Worker { round: 0, stage: Stage::Waiting }];
        Relay { up: true, rounds: 0, workers, token: Token::default(), capture: Capture::default() }
    }
}

impl Relay {
    /// Whether the process runs.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// What each relay is doing.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.workers.iter().map(|worker| &worker.stage)
    }

    /// How many rows are in its hands or with its producer.
    pub fn in_hand_count(&self) -> u64 {
        let of = |stage: &Stage| match stage {
            Stage::Publishing { open, .. } => open.len(),
            Stage::Fetched { rows, .. } => rows.len(),
            _ => 0,
        };
        self.stages().map(of).sum::<usize>() as u64
    }

    /// How far change capture has read the database's log, and how much of that is durable.
    pub fn captured(&self) -> (u32, u32) {
        (self.capture.position, self.capture.flushed)
    }

    /// How far the index was read.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Begins, or goes on with other settings: sees to it that there are as many relays as they say.
    pub(super) fn staff(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        while (self.workers.len() as u32) < wanted_count(config) {
            self.workers.push(Worker { round: 0, stage: Stage::Waiting });
        }
        for worker in 0..self.workers.len() {
            // Round 0 is one that was never begun; one that has nothing to do has ended its rounds.
            if self.up && self.workers[worker].round == 0 && (worker as u32) < wanted_count(config) {
                self.rest(now, config, worker, out);
            }
        }
    }

    /// Waits for the next look; one too many does not.
    fn rest(&mut self, now: SimTime, config: &BankConfig, worker: usize, out: &mut Vec<Effect>) {
        if worker as u32 >= wanted_count(config) {
            self.workers[worker] = Worker { round: 0, stage: Stage::Waiting };
            return;
        }
        let capture = config.api.publication == Publication::OutboxCdc;
        let pause = if capture { config.relay.capture_interval_us } else { config.relay.poll_interval_us };
        self.look_at(now + pause.max(1_000), worker, out);
    }

    fn look_at(&mut self, at: SimTime, worker: usize, out: &mut Vec<Effect>) {
        self.rounds += 1;
        self.workers[worker] = Worker { round: self.rounds, stage: Stage::Waiting };
        out.push(Effect::Timer { at, timer: Timer::RelayPoll { round: self.rounds } });
    }

    /// Whose round it is, if it is one of now.
    fn worker(&self, round: u32) -> Option<usize> {
        self.workers.iter().position(|worker| worker.round == round).filter(|_| self.up)
    }

    /// Looks at the outbox or the database's log, unless there is neither.
    pub(super) fn on_poll(&mut self, now: SimTime, config: &BankConfig, source: Source, round: u32, out: &mut Vec<Effect>) {
        let Some(worker) = self.worker(round).filter(|w| self.workers[*w].stage == Stage::Waiting) else { return };
        if config.api.publication == Publication::OutboxCdc {
            self.flush(now, config, out);
        }
        if source == Source::Nothing || worker as u32 >= wanted_count(config) {
            return self.rest(now, config, worker, out);
        }
        self.workers[worker].stage = Stage::Fetching { log: source == Source::Log };
        let rows_max = config.relay.batch_max.max(1);
        let wanted = self.wanted(now, config, source, worker as u32);
        hop(out, Link::RelayWriteDb, Direction::Request, Message::OutboxFetch { round, wanted, rows_max });
        let timer = Timer::RelayDbTimeout { round, marking: false };
        out.push(Effect::Timer { at: now + config.relay.db_timeout_us, timer });
    }

    fn wanted(&mut self, now: SimTime, config: &BankConfig, source: Source, relay: u32) -> Wanted {
        match (source, reads(config)) {
            (Source::Log, _) => Wanted::Log { after: self.capture.position, confirmed: self.capture.flushed },
            (Source::Leftovers | Source::Nothing, _) => Wanted::Unmarked,
            (Source::Rows, RelayReads::Flag) if wanted_count(config) > 1 => Wanted::SkipLocked { relay, of: wanted_count(config) },
            (Source::Rows, RelayReads::Flag) => Wanted::Unmarked,
            (Source::Rows, RelayReads::LastId) => Wanted::Above { last: self.token.last(), missing: Arc::from([]) },
            (Source::Rows, RelayReads::GapAware) => {
                self.token.forget_old_gaps(now);
                Wanted::Above { last: self.token.last(), missing: self.token.gaps().collect() }
            }
        }
    }

    /// Rows came.
    pub(super) fn on_rows(
        &mut self,
        now: SimTime,
        config: &BankConfig,
        round: u32,
        answer: Result<Arc<[OutboxRow]>, DbError>,
        out: &mut Vec<Effect>,
    ) {
        let Some(worker) = self.worker(round) else { return };
        let Stage::Fetching { log } = self.workers[worker].stage else { return };
        match answer {
            Ok(rows) if !rows.is_empty() => {
                let command = Some(rows[0].command);
                self.workers[worker].stage = Stage::Fetched { rows, log };
                let kind = MomentKind::RelayFetchedNotPublished;
                out.push(Effect::Moment(Moment { kind, subject: round, command }));
            }
            _ => self.rest(now, config, worker, out),
        }
    }

    /// Nothing struck: gives the rows to publish. The caller names each with a token by [`Relay::publishing`].
    pub(super) fn pass_fetched(&mut self, round: u32) -> Option<Arc<[OutboxRow]>> {
        match &self.workers[self.worker(round)?].stage {
            Stage::Fetched { rows, .. } => Some(rows.clone()),
            _ => None,
        }
    }

    /// The rows are with the producer under these tokens.
    pub(super) fn publishing(&mut self, round: u32, open: SortedMap<u64, u32>) {
        let Some(worker) = self.worker(round) else { return };
        if let Stage::Fetched { rows, log } = &self.workers[worker].stage {
            self.workers[worker].stage = Stage::Publishing { rows: rows.clone(), log: *log, open, acknowledged: Vec::new() };
        }
    }

    /// The log answered one of them.
    pub(super) fn on_published(&mut self, now: SimTime, config: &BankConfig, token: u64, ok: bool, out: &mut Vec<Effect>) {
        let of = |worker: &Worker| matches!(&worker.stage, Stage::Publishing { open, .. } if open.contains_key(&token));
        let Some(worker) = self.workers.iter().position(of) else { return };
        let Stage::Publishing { rows, log, open, acknowledged } = &mut self.workers[worker].stage else { return };
        let Some(row) = open.remove(&token) else { return };
        if ok {
            acknowledged.push(row);
        }
        if !open.is_empty() {
            return;
        }
        let (rows, log, acknowledged) = (rows.clone(), *log, std::mem::take(acknowledged));
        let command = rows.iter().find(|row| acknowledged.contains(&row.id)).map(|row| row.command);
        if acknowledged.is_empty() {
            return self.rest(now, config, worker, out);
        }
        self.workers[worker].stage = Stage::Published { rows, log, acknowledged };
        let (kind, subject) = (MomentKind::RelayPublishedNotMarked, self.workers[worker].round);
        out.push(Effect::Moment(Moment { kind, subject, command }));
    }

    /// Nothing struck: marks, or moves on in the database's log.
    pub(super) fn pass_published(&mut self, now: SimTime, config: &BankConfig, round: u32, out: &mut Vec<Effect>) {
        let Some(worker) = self.worker(round) else { return };
        let Stage::Published { rows, log, acknowledged } = &self.workers[worker].stage else { return };
        let (rows, log, ids) = (rows.clone(), *log, Arc::<[u32]>::from(acknowledged.as_slice()));
        let row_count = rows.len() as u32;
        if log {
            // What follows the first failure is sent again: the position is one number.
            let done = rows.iter().take_while(|row| ids.contains(&row.id)).map(|row| row.id).last();
            self.capture.position = done.unwrap_or(self.capture.position);
            self.flush(now, config, out);
            return self.after_round(now, config, worker, row_count, out);
        }
        self.workers[worker].stage = Stage::Marking { row_count, ids: ids.clone() };
        let by_token = config.api.publication == Publication::EventStore;
        hop(out, Link::RelayWriteDb, Direction::Request, Message::OutboxMark { round, ids, by_token });
        let timer = Timer::RelayDbTimeout { round, marking: true };
        out.push(Effect::Timer { at: now + config.relay.db_timeout_us, timer });
    }

    /// After a full batch there is more: looks at once.
    fn after_round(&mut self, now: SimTime, config: &BankConfig, worker: usize, row_count: u32, out: &mut Vec<Effect>) {
        if row_count >= config.relay.batch_max && (worker as u32) < wanted_count(config) {
            self.look_at(now, worker, out);
        } else {
            self.rest(now, config, worker, out);
        }
    }

    /// Makes the position of change capture durable, if it is time: what lies between is read again after a crash.
    fn flush(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        let Capture { position, flushed, flushed_at } = self.capture;
        if position > flushed && now.since(flushed_at) >= config.relay.flush_interval_us {
            self.capture = Capture { position, flushed: position, flushed_at: now };
            out.push(Effect::Fact(Fact::plain(FactKind::OffsetsFlushed { position })));
        }
    }

    /// The mark is durable, or it failed; then the rows will be published again, by the token too: it is durable with the mark
    /// and goes no further without it.
    pub(super) fn on_marked(&mut self, now: SimTime, config: &BankConfig, round: u32, answer: Result<(), DbError>, out: &mut Vec<Effect>) {
        let Some(worker) = self.worker(round) else { return };
        let Stage::Marking { row_count, ids } = &self.workers[worker].stage else { return };
        let (row_count, ids) = (*row_count, ids.clone());
        if answer.is_err() {
            return self.after_round(now, config, worker, 0, out);
        }
        self.token.advance(now, &ids);
        self.after_round(now, config, worker, row_count, out);
    }

    /// The database did not answer in time.
    pub(super) fn on_db_timeout(&mut self, now: SimTime, config: &BankConfig, round: u32, marking: bool, out: &mut Vec<Effect>) {
        let Some(worker) = self.worker(round) else { return };
        let waiting = match self.workers[worker].stage {
            Stage::Fetching { .. } => !marking,
            Stage::Marking { .. } => marking,
            _ => false,
        };
        if waiting {
            self.rest(now, config, worker, out);
        }
    }

    /// The process dies; what it published and did not note will be published again.
    pub(super) fn crash(&mut self) {
        self.up = false;
        self.capture.position = self.capture.flushed;
        self.workers.fill(Worker { round: 0, stage: Stage::Waiting });
    }

    pub(super) fn restart(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        self.up = true;
        for worker in 0..self.workers.len().min(wanted_count(config) as usize) {
            self.look_at(now, worker, out);
        }
    }
}

/// How many relays have something to do: only by the flag do several share the work.
fn wanted_count(config: &BankConfig) -> u32 {
    let shared = config.api.publication == Publication::Outbox && config.relay.reads == RelayReads::Flag;
    if shared { config.relay.count.clamp(1, RELAYS_MAX) } else { 1 }
}

/// How rows are found: the event store has no flag.
pub(super) fn reads(config: &BankConfig) -> RelayReads {
    match (config.api.publication, config.relay.reads) {
        (Publication::EventStore, RelayReads::Flag) => RelayReads::GapAware,
        (_, reads) => reads,
    }
}
