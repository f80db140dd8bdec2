//! What a client reads, and what it does so as not to read less than it wrote (F9). Knows only what it was told.

use super::Client;
use crate::bank::config::{BankConfig, Remedy};
use crate::bank::domain::{Account, Money};
use crate::bank::effect::{Direction, Effect, Link, Message, ViewRow, hop};
use crate::bank::fact::{Fact, FactKind, Flaws};
use crate::bank::ids::{AccountId, CommandId, QueryId};
use crate::kernel::SimTime;

/// What a client knows of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Known {
    /// The version that its own last accepted command made; 0 if it made none.
    own: u32,
    /// The state after that, if the answer told it.
    state: Option<Account>,
    /// The greatest version that any answer to a query has shown it.
    seen: u32,
    /// The command that made `own`.
    by: Option<CommandId>,
    /// The version that the view has for certain: of its own answers, or because the command is known to be done.
    viewed: u32,
}

/// How many of the newest queries are remembered with what was known when they were asked.
pub(super) const ASKED_MAX: usize = 64;

/// What was known when a query was asked: an answer is held against that, and not against what has become known since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    query: QueryId,
    own: u32,
    seen: u32,
}

/// What a client shows of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) balance: Money,
    pub(crate) version: u32,
    pub(crate) flaws: Flaws,
}

impl Client {
    /// Time to ask for some balance.
    pub(in crate::bank) fn on_query_due(
        &mut self,
        now: SimTime,
        config: &BankConfig,
        epoch: u32,
        query: QueryId,
        out: &mut Vec<Effect>,
    ) -> bool {
        if epoch != self.epoch {
            return false;
        }
        self.schedule_query(now, config, out);
        let account = AccountId(self.queries.below(u64::from(config.account_count.max(1))) as u32);
        self.ask(config, query, account, out);
        true
    }

    /// Asks for a balance; how, its remedy says.
    pub(in crate::bank) fn ask(&mut self, config: &BankConfig, query: QueryId, account: AccountId, out: &mut Vec<Effect>) {
        let client = self.index;
        let known = self.known.get(&account).copied().unwrap_or_default();
        let remedy = config.client.remedy;
        let min_version = if remedy == Remedy::MinVersion { known.own.max(known.seen) } else { 0 };
        let link = if remedy == Remedy::WriteSide && known.own > known.viewed { Link::ClientApi } else { Link::ClientQuery };
        if self.asked.len() == ASKED_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back(Asked { query, own: known.own, seen: known.seen });
        out.push(Effect::Fact(Fact::plain(FactKind::QueryIssued { client, query, account })));
        hop(out, link, Direction::Request, Message::QueryRequest { client, query, account, min_version });
    }

    /// An accepted command of its own made this version.
    pub(in crate::bank) fn wrote(&mut self, id: CommandId, account: AccountId, version: u32, state: Option<Account>) {
        let known = self.known.entry(account).or_default();
        if version > known.own {
            *known = Known { own: version, state, by: Some(id), ..*known };
        }
    }

    /// A command is known to be done: the view has what it made.
    pub(super) fn view_has(&mut self, id: CommandId) {
        for known in self.known.values_mut().filter(|known| known.by == Some(id)) {
            known.viewed = known.viewed.max(known.own);
        }
    }

    /// What it shows of an answer; and whether that lacks what it wrote, or what it has shown before.
    pub(in crate::bank) fn show(&mut self, query: QueryId, account: AccountId, row: Option<ViewRow>, by_view: bool) -> Shown {
        let (mut balance, mut version) = row.map_or((0, 0), |row| (row.balance, row.version));
        let known = self.known.entry(account).or_default();
        if by_view {
            known.viewed = known.viewed.max(version);
        }
        // Optimistic: what the command's answer said counts until the view has it.
        if let Some(state) = known.state.filter(|state| state.version > version) {
            (balance, version) = (state.balance, state.version);
        }
        let asked = self.asked.iter().position(|asked| asked.query == query).and_then(|at| self.asked.remove(at));
        let (own, seen) = asked.map_or((0, 0), |asked| (asked.own, asked.seen));
        let flaws = Flaws { own_missing: version < own, went_back: version < seen };
        known.seen = known.seen.max(version);
        self.counters.own_missing_count += u64::from(flaws.own_missing);
        self.counters.went_back_count += u64::from(flaws.went_back);
        Shown { balance, version, flaws }
    }

    /// An answer with this staleness came.
    pub(in crate::bank) fn count_query(&mut self, staleness_us: u64) {
        self.counters.query_count += 1;
        self.counters.stale_count += u64::from(staleness_us > 0);
        self.counters.staleness_us_last = staleness_us;
        self.counters.staleness_us_max = self.counters.staleness_us_max.max(staleness_us);
    }
}
