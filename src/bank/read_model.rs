//! The tables of the read database: the account view, the transfer history, dedupe tables, parked changes, statuses.
//!
//! Knows no acknowledgment: whatever is delivered is applied, in the way that the idempotency setting says (E5).

use super::config::Idempotency;
use super::domain::{Change, DomainEvent, EventKind, Money};
use super::effect::{Effect, Place, Projection, ViewRow};
use super::fact::{Fact, FactKind};
use super::id_set::IdSet;
use super::ids::{AccountId, CommandId, EventId};
use crate::kernel::{Deque, SimTime, SortedMap};

/// How many rows of the history are kept for looking at; the count goes on.
pub const HISTORY_ROWS_MAX: usize = 200;
/// The most parked changes; beyond it the oldest is dropped, and its account stays behind.
pub const PARKED_MAX: usize = 4_096;

/// How many earlier rows of each account are kept for a copy of the view that lags.
pub const PAST_MAX: usize = 256;

/// A row of the transfer history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HistoryRow {
    /// The event that made it.
    pub event: EventId,
    /// Its command.
    pub command: CommandId,
    /// What happened.
    pub kind: EventKind,
    /// The account that it is about.
    pub account: AccountId,
    /// The other account of a transfer.
    pub to: Option<AccountId>,
    /// How much.
    pub amount: Money,
}

/// The transfer history.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct History {
    /// The last rows, oldest first; at most [`HISTORY_ROWS_MAX`].
    pub rows: Deque<HistoryRow>,
    /// How many rows there are in all.
    pub row_count: u64,
    /// The sum of all rows' amounts.
    pub amount_sum: Money,
}

/// A change that waits for the version before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Parked {
    event: EventId,
    command: CommandId,
    delta: Money,
}

/// The durable tables. A crash of the database does not touch them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ReadModel {
    accounts: SortedMap<AccountId, ViewRow>,
    parked: SortedMap<(AccountId, u32), Parked>,
    history: History,
    /// The dedupe table of each projection; for the history also its primary key.
    seen: [IdSet; 2],
    /// The commands that the account view has in full.
    done: IdSet,
    /// Whether the account view was ever emptied: what it is then told of known commands is a replay (F5).
    rebuilt: bool,
    /// What accounts said before their latest changes, where a copy of the view lags (F9): until when, and what.
    past: SortedMap<AccountId, Deque<(SimTime, Option<ViewRow>)>>,
    /// How far each projection has come in each sequence of events (E5, 3); empty unless it stores that.
    places: [SortedMap<u64, u64>; 2],
}

impl ReadModel {
    /// The views as they are when every account has its opening balance.
    pub fn new(account_count: u32, opening_balance: Money) -> ReadModel {
        let row = ViewRow { balance: opening_balance, version: 0, applied_count: 0 };
        ReadModel { accounts: (0..account_count).map(|n| (AccountId(n), row)).collect(), ..ReadModel::default() }
    }

    /// One account as the view has it.
    pub fn account(&self, id: AccountId) -> Option<ViewRow> {
        self.accounts.get(&id).copied()
    }

    /// All accounts of the view.
    pub fn accounts(&self) -> impl Iterator<Item = (AccountId, ViewRow)> {
        self.accounts.iter().map(|(id, row)| (*id, *row))
    }

    /// The history.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// How many changes wait for a version before them.
    pub fn parked_count(&self) -> u64 {
        self.parked.len() as u64
    }

    /// Whether a part of the event is parked.
    pub fn is_parked(&self, event: EventId) -> bool {
        self.parked.values().any(|p| p.event == event)
    }

    /// Whether the account view has everything of the command.
    pub fn is_done(&self, command: CommandId) -> bool {
        self.done.contains(command.0)
    }

    /// How many ids a projection's dedupe table holds.
    pub fn dedupe_count(&self, projection: Projection) -> u64 {
        self.seen[projection as usize].count()
    }

    /// Whether an event of this command can only be a replay.
    pub(super) fn is_replay(&self, projection: Projection, command: CommandId) -> bool {
        projection == Projection::AccountView && self.rebuilt && self.is_done(command)
    }

    /// One account as a copy of the view has it that lags by so much (F9).
    pub(super) fn account_before(&self, now: SimTime, lag_us: u64, id: AccountId) -> Option<ViewRow> {
        let past = self.past.get(&id).into_iter().flatten();
        past.clone().find(|(until, _)| now.since(*until) < lag_us).map_or_else(|| self.account(id), |(_, row)| *row)
    }

    /// Keeps what an account says now, because it is about to change.
    pub(super) fn remember(&mut self, now: SimTime, id: AccountId) {
        let row = self.account(id);
        let past = self.past.entry(id).or_default();
        if past.len() == PAST_MAX {
            past.pop_front();
        }
        past.push_back((now, row));
    }

    /// No copy lags any more.
    pub(super) fn forget_past(&mut self) {
        self.past.clear();
    }

    /// Whether a projection's dedupe table holds the event.
    pub fn has_seen(&self, projection: Projection, event: EventId) -> bool {
        self.seen[projection as usize].contains(event.0)
    }

    /// How far a projection has come in a sequence of events, if it stores that (E5, 3).
    pub fn place(&self, projection: Projection, source: u64) -> Option<u64> {
        self.places[projection as usize].get(&source).copied()
    }

    /// A projection no longer stores how far it has come.
    pub(super) fn forget_places(&mut self, projection: Projection) {
        self.places[projection as usize].clear();
    }

    /// Empties a projection, for a rebuild from the log (F5). Which commands are done is no part of it: nobody is told twice.
    pub fn clear(&mut self, projection: Projection, account_count: u32, opening_balance: Money) {
        self.seen[projection as usize] = IdSet::default();
        self.forget_places(projection);
        match projection {
            Projection::AccountView => {
                self.accounts = ReadModel::new(account_count, opening_balance).accounts;
                self.rebuilt = true;
                self.past.clear();
                self.parked.clear();
            }
            Projection::TransferHistory => self.history = History::default(),
        }
    }

    /// Applies one event within a transaction. Gives the commands that are done by it.
    pub(super) fn apply(
        &mut self,
        projection: Projection,
        idempotency: Idempotency,
        event: &DomainEvent,
        place: Option<Place>,
        out: &mut Vec<Effect>,
    ) -> Vec<CommandId> {
        let mut fact = |kind| out.push(Effect::Fact(Fact::of(event.command, kind)));
        if idempotency == Idempotency::DedupeTable && !self.seen[projection as usize].insert(event.id.0) {
            fact(FactKind::DuplicateSkipped { projection, event: event.id });
            return Vec::new();
        }
        if idempotency == Idempotency::OffsetWithView
            && let Some(Place { source, next }) = place
        {
            let stored = self.places[projection as usize].entry(source).or_default();
            if next <= *stored {
                fact(FactKind::PlaceSkipped { projection, event: event.id });
                return Vec::new();
            }
            *stored = next;
        }
        match (projection, idempotency) {
            (Projection::TransferHistory, Idempotency::VersionedUpsert) => {
                if self.seen[projection as usize].insert(event.id.0) {
                    self.add_row(event);
                    fact(FactKind::Applied { projection, event: event.id });
                } else {
                    fact(FactKind::VersionSkipped { projection, event: event.id, account: event.first.account });
                }
                Vec::new()
            }
            (Projection::TransferHistory, _) => {
                self.add_row(event);
                fact(FactKind::Applied { projection, event: event.id });
                Vec::new()
            }
            (Projection::AccountView, Idempotency::VersionedUpsert) => self.upsert(event, out),
            (Projection::AccountView, _) => {
                for change in event.changes() {
                    self.add(change);
                }
                fact(FactKind::Applied { projection, event: event.id });
                self.done.insert(event.command.0);
                vec![event.command]
            }
        }
    }

    fn add_row(&mut self, event: &DomainEvent) {
        if self.history.rows.len() == HISTORY_ROWS_MAX {
            self.history.rows.pop_front();
        }
        self.history.rows.push_back(HistoryRow {
            event: event.id,
            command: event.command,
            kind: event.kind,
            account: event.first.account,
            to: event.second.map(|change| change.account),
            amount: event.amount(),
        });
        self.history.row_count += 1;
        self.history.amount_sum += event.amount();
    }

    /// `balance += delta`: right once, wrong twice (E5, 4).
    fn add(&mut self, change: Change) {
        let row = self.accounts.entry(change.account).or_insert(ViewRow { balance: 0, version: 0, applied_count: 0 });
        row.balance += change.delta;
        row.version = row.version.max(change.version);
        row.applied_count += 1;
    }

    /// The versioned upsert (E5, 2): each account takes exactly the version after its own.
    fn upsert(&mut self, event: &DomainEvent, out: &mut Vec<Effect>) -> Vec<CommandId> {
        let projection = Projection::AccountView;
        let mut done = Vec::new();
        let mut effect = false;
        let mut fact = |command, kind| out.push(Effect::Fact(Fact::of(command, kind)));
        for change in event.changes() {
            let stored = self.account(change.account).map_or(0, |row| row.version);
            if change.version <= stored {
                fact(event.command, FactKind::VersionSkipped { projection, event: event.id, account: change.account });
            } else if change.version > stored + 1 {
                if self.parked.len() == PARKED_MAX {
                    self.parked.pop_first();
                }
                let parked = Parked { event: event.id, command: event.command, delta: change.delta };
                self.parked.insert((change.account, change.version), parked);
                fact(event.command, FactKind::GapParked { projection, event: event.id, account: change.account });
            } else {
                self.add(change);
                effect = true;
                let mut version = change.version + 1;
                while let Some(parked) = self.parked.remove(&(change.account, version)) {
                    self.add(Change { account: change.account, delta: parked.delta, version });
                    fact(parked.command, FactKind::GapFilled { projection, event: parked.event, account: change.account });
                    if !self.is_parked(parked.event) && parked.event != event.id && self.done.insert(parked.command.0) {
                        done.push(parked.command);
                    }
                    version += 1;
                }
            }
        }
        if effect {
            fact(event.command, FactKind::Applied { projection, event: event.id });
        }
        if !self.is_parked(event.id) && self.done.insert(event.command.0) {
            done.push(event.command);
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::ClientIndex;
    use super::*;

    const A: AccountId = AccountId(0);
    const B: AccountId = AccountId(1);

    fn transfer(id: u32, from_version: u32, to_version: u32) -> DomainEvent {
        DomainEvent {
            id: EventId(id),
            client: ClientIndex(0),
            command: CommandId(id),
            kind: EventKind::MoneyTransferred,
            first: Change { account: A, delta: -30, version: from_version },
            second: Some(Change { account: B, delta: 30, version: to_version }),
        }
    }

    fn balances(model: &ReadModel) -> (Money, Money) {
        (model.account(A).expect("opened").balance, model.account(B).expect("opened").balance)
    }

    #[test]
    fn e5_without_protection_a_duplicate_counts_twice() {
        let mut model = ReadModel::new(2, 100);
        for _ in 0..2 {
            model.apply(Projection::AccountView, Idempotency::None, &transfer(1, 1, 1), None, &mut Vec::new());
            model.apply(Projection::TransferHistory, Idempotency::None, &transfer(1, 1, 1), None, &mut Vec::new());
        }
        assert_eq!(balances(&model), (40, 160));
        assert_eq!(model.history().row_count, 2);
    }

    #[test]
    fn e5_a_dedupe_table_or_a_version_makes_a_duplicate_harmless() {
        for idempotency in [Idempotency::DedupeTable, Idempotency::VersionedUpsert] {
            let mut model = ReadModel::new(2, 100);
            for _ in 0..3 {
                model.apply(Projection::AccountView, idempotency, &transfer(1, 1, 1), None, &mut Vec::new());
                model.apply(Projection::TransferHistory, idempotency, &transfer(1, 1, 1), None, &mut Vec::new());
            }
            assert_eq!(balances(&model), (70, 130), "{idempotency:?}");
            assert_eq!(model.history().row_count, 1, "{idempotency:?}");
        }
    }

    #[test]
    fn e5_a_gap_is_parked_until_the_missing_version_comes() {
        let mut model = ReadModel::new(2, 100);
        let mut out = Vec::new();
        let idempotency = Idempotency::VersionedUpsert;
        let done = model.apply(Projection::AccountView, idempotency, &transfer(2, 1, 2), None, &mut out);
        assert_eq!((balances(&model), model.parked_count(), done.len()), ((70, 100), 1, 0));
        let done = model.apply(Projection::AccountView, idempotency, &transfer(1, 2, 1), None, &mut out);
        assert_eq!((balances(&model), model.parked_count()), ((40, 160), 0));
        assert_eq!(done, vec![CommandId(2), CommandId(1)]);
        let filled = |effect: &Effect| matches!(effect, Effect::Fact(Fact { kind: FactKind::GapFilled { .. }, .. }));
        assert_eq!(out.iter().filter(|e| filled(e)).count(), 1);
    }

    #[test]
    fn e5_the_place_stored_with_the_view_makes_a_redelivery_harmless_and_not_a_second_record() {
        let mut model = ReadModel::new(2, 100);
        let apply = |model: &mut ReadModel, event: u32, next: u64| {
            let place = Some(Place { source: 7, next });
            let mut out = Vec::new();
            model.apply(Projection::AccountView, Idempotency::OffsetWithView, &transfer(event, event, event), place, &mut out);
            out
        };
        apply(&mut model, 1, 1);
        apply(&mut model, 2, 2);
        let skipped = apply(&mut model, 1, 1);
        assert!(matches!(skipped[0], Effect::Fact(Fact { kind: FactKind::PlaceSkipped { .. }, .. })));
        assert_eq!((balances(&model), model.place(Projection::AccountView, 7)), ((40, 160), Some(2)));
        apply(&mut model, 2, 3);
        assert_eq!(balances(&model), (10, 190), "the log has event 2 twice, and so has the view");
        model.clear(Projection::AccountView, 2, 100);
        assert_eq!((balances(&model), model.place(Projection::AccountView, 7)), ((100, 100), None));
    }
}
