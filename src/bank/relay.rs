//! The outbox relay: polls the outbox, hands rows to its producer, marks what the log acknowledged (F8). Knows no partitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::config::{BankConfig, RelayReads};
use super::effect::{DbError, Direction, Effect, Link, Message, Moment, MomentKind, OutboxRow, Timer, hop};
use crate::kernel::SimTime;

/// The process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relay {
    up: bool,
    round: u32,
    stage: Stage,
    /// The greatest row id that was published; durable (only [`RelayReads::LastId`] reads by it).
    last_id: u32,
}

/// What the relay is doing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Waiting for its next look at the outbox.
    Waiting,
    /// Waiting for rows.
    Fetching,
    /// Has rows; a fault may strike before it publishes.
    Fetched(Arc<[OutboxRow]>),
    /// Waiting for the log.
    Publishing {
        /// The rows of this round.
        rows: Arc<[OutboxRow]>,
        /// Those that the log has not answered, by token.
        open: BTreeMap<u64, u32>,
        /// The row ids that it has acknowledged.
        acknowledged: Vec<u32>,
    },
    /// Everything answered; a fault may strike before the mark.
    Published {
        /// How many rows the round had.
        row_count: u32,
        /// The row ids that the log acknowledged.
        acknowledged: Vec<u32>,
    },
    /// Waiting for the mark to be durable.
    Marking {
        /// How many rows the round had.
        row_count: u32,
    },
}

impl Default for Relay {
    fn default() -> Self {
        Relay { up: true, round: 0, stage: Stage::Waiting, last_id: 0 }
    }
}

impl Relay {
    /// Whether the process runs.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// What it is doing.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The greatest row id that was published.
    pub(super) fn last_id(&self) -> u32 {
        self.last_id
    }

    /// Waits for the next look.
    pub(super) fn rest(&mut self, now: SimTime, config: &BankConfig, out: &mut Vec<Effect>) {
        self.look_at(now + config.relay.poll_interval_us.max(1_000), out);
    }

    fn look_at(&mut self, at: SimTime, out: &mut Vec<Effect>) {
        self.stage = Stage::Waiting;
        self.round += 1;
        out.push(Effect::Timer { at, timer: Timer::RelayPoll { round: self.round } });
    }

    /// Looks at the outbox, unless the bank has none (`idle`).
    pub(super) fn on_poll(&mut self, now: SimTime, config: &BankConfig, idle: bool, round: u32, out: &mut Vec<Effect>) {
        if !self.up || round != self.round || self.stage != Stage::Waiting {
            return;
        }
        if idle {
            return self.rest(now, config, out);
        }
        self.stage = Stage::Fetching;
        let after = (config.relay.reads == RelayReads::LastId).then_some(self.last_id);
        let rows_max = config.relay.batch_max.max(1);
        hop(out, Link::RelayWriteDb, Direction::Request, Message::OutboxFetch { round, after, rows_max });
        let timer = Timer::RelayDbTimeout { round, marking: false };
        out.push(Effect::Timer { at: now + config.relay.db_timeout_us, timer });
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
        if !self.up || round != self.round || self.stage != Stage::Fetching {
            return;
        }
        match answer {
            Ok(rows) if !rows.is_empty() => {
                let command = Some(rows[0].command);
                self.stage = Stage::Fetched(rows);
                let kind = MomentKind::RelayFetchedNotPublished;
                out.push(Effect::Moment(Moment { kind, subject: round, command }));
            }
            _ => self.rest(now, config, out),
        }
    }

    /// Nothing struck: gives the rows to publish. The caller names each with a token by [`Relay::publishing`].
    pub(super) fn pass_fetched(&mut self, round: u32) -> Option<Arc<[OutboxRow]>> {
        match &self.stage {
            Stage::Fetched(rows) if self.up && round == self.round => Some(rows.clone()),
            _ => None,
        }
    }

    /// The rows are with the producer under these tokens.
    pub(super) fn publishing(&mut self, rows: Arc<[OutboxRow]>, open: BTreeMap<u64, u32>) {
        self.stage = Stage::Publishing { rows, open, acknowledged: Vec::new() };
    }

    /// The log answered one of them.
    pub(super) fn on_published(&mut self, now: SimTime, config: &BankConfig, token: u64, ok: bool, out: &mut Vec<Effect>) {
        let Stage::Publishing { rows, open, acknowledged } = &mut self.stage else { return };
        let Some(row) = open.remove(&token) else { return };
        if ok {
            acknowledged.push(row);
        }
        if !open.is_empty() {
            return;
        }
        let acknowledged = std::mem::take(acknowledged);
        let row_count = rows.len() as u32;
        let command = rows.iter().find(|row| acknowledged.contains(&row.id)).map(|row| row.command);
        if acknowledged.is_empty() {
            return self.rest(now, config, out);
        }
        self.stage = Stage::Published { row_count, acknowledged };
        let kind = MomentKind::RelayPublishedNotMarked;
        out.push(Effect::Moment(Moment { kind, subject: self.round, command }));
    }

    /// Nothing struck: marks.
    pub(super) fn pass_published(&mut self, now: SimTime, config: &BankConfig, round: u32, out: &mut Vec<Effect>) {
        let Stage::Published { row_count, acknowledged } = &self.stage else { return };
        if !self.up || round != self.round {
            return;
        }
        self.last_id = acknowledged.iter().copied().fold(self.last_id, u32::max);
        let ids: Arc<[u32]> = acknowledged.as_slice().into();
        self.stage = Stage::Marking { row_count: *row_count };
        hop(out, Link::RelayWriteDb, Direction::Request, Message::OutboxMark { round, ids });
        let timer = Timer::RelayDbTimeout { round, marking: true };
        out.push(Effect::Timer { at: now + config.relay.db_timeout_us, timer });
    }

    /// The mark is durable, or it failed; then the rows will be published again.
    pub(super) fn on_marked(&mut self, now: SimTime, config: &BankConfig, round: u32, answer: Result<(), DbError>, out: &mut Vec<Effect>) {
        let Stage::Marking { row_count } = self.stage else { return };
        if !self.up || round != self.round {
            return;
        }
        if answer.is_ok() && row_count >= config.relay.batch_max {
            self.look_at(now, out);
        } else {
            self.rest(now, config, out);
        }
    }

    /// The database did not answer in time.
    pub(super) fn on_db_timeout(&mut self, now: SimTime, config: &BankConfig, round: u32, marking: bool, out: &mut Vec<Effect>) {
        let waiting = match self.stage {
            Stage::Fetching => !marking,
            Stage::Marking { .. } => marking,
            _ => false,
        };
        if self.up && waiting && round == self.round {
            self.rest(now, config, out);
        }
    }

    /// The process dies; what it published and did not mark will be published again.
    pub(super) fn crash(&mut self) {
        self.up = false;
        self.round += 1;
        self.stage = Stage::Waiting;
    }

    pub(super) fn restart(&mut self, now: SimTime, out: &mut Vec<Effect>) {
        self.up = true;
        self.look_at(now, out);
    }
}
