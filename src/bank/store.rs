//! The tables of the write database: event streams with snapshots, idempotency keys, the outbox. Knows no time but what it is told.

use std::collections::{BTreeMap, VecDeque};

use super::domain::{Account, Change, DomainEvent, apply};
use super::effect::{Committed, OutboxRow};
use super::event_book::EventBook;
use super::ids::{AccountId, CommandId, EventId, IdSet};
use super::key_table::KeyTable;
use crate::kernel::SimTime;

/// After how many events a stream gets a new snapshot (F3).
pub const SNAPSHOT_EVENTS: usize = 50;
/// How many recent versions of each account are remembered with their time, to measure staleness.
pub const RECENT_VERSIONS_MAX: usize = 128;
/// The most idempotency keys; beyond it the oldest is forgotten.
pub const KEYS_MAX: usize = 16_384;
/// The most unpublished outbox rows; beyond it the table is full and transactions fail.
pub const OUTBOX_ROWS_MAX: usize = 100_000;
/// How many published rows are kept for looking at.
pub const OUTBOX_RECENT_MAX: usize = 32;

/// The event stream of one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The state at the snapshot's version.
    snapshot: Account,
    /// The changes since then, oldest first; at most [`SNAPSHOT_EVENTS`].
    tail: Vec<(EventId, Change)>,
    /// Recent versions and when they were committed.
    recent: VecDeque<(u32, SimTime)>,
}

impl Stream {
    fn new(snapshot: Account) -> Stream {
        Stream { snapshot, tail: Vec::new(), recent: VecDeque::new() }
    }

    /// The aggregate: the snapshot with the later events folded in (F3).
    pub fn load(&self) -> Account {
        self.tail.iter().fold(self.snapshot, |account, (_, change)| apply(Some(account), *change))
    }

    /// The events since the snapshot, oldest first.
    pub fn tail(&self) -> impl Iterator<Item = EventId> {
        self.tail.iter().map(|(event, _)| *event)
    }

    fn append(&mut self, now: SimTime, event: EventId, change: Change) {
        if self.tail.len() == SNAPSHOT_EVENTS {
            self.snapshot = self.load();
            self.tail.clear();
        }
        self.tail.push((event, change));
        if self.recent.len() == RECENT_VERSIONS_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((change.version, now));
    }
}

/// The outbox table (F8).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Outbox {
    next_row: u32,
    unpublished: VecDeque<OutboxRow>,
    recent: VecDeque<OutboxRow>,
    published_count: u64,
}

impl Outbox {
    /// The next row id; taken when a transaction begins, and gone if it rolls back (F8, the id-gap trap).
    pub fn allocate(&mut self) -> u32 {
        self.next_row += 1;
        self.next_row
    }

    /// Up to `rows_max` unpublished rows: in commit order, or, with `after`, those with a greater id in id order.
    pub fn unpublished(&self, after: Option<u32>, rows_max: u32) -> Vec<OutboxRow> {
        let Some(after) = after else {
            return self.unpublished.iter().take(rows_max as usize).copied().collect();
        };
        let mut rows: Vec<OutboxRow> = self.unpublished.iter().filter(|row| row.id > after).copied().collect();
        rows.sort_by_key(|row| row.id);
        rows.truncate(rows_max as usize);
        rows
    }

    /// Sets the published flag; gives back the row if it was not set.
    pub fn mark(&mut self, id: u32) -> Option<OutboxRow> {
        let at = self.unpublished.iter().position(|row| row.id == id)?;
        let row = self.unpublished.remove(at)?;
        if self.recent.len() == OUTBOX_RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(row);
        self.published_count += 1;
        Some(row)
    }

    /// All unpublished rows in commit order.
    pub fn rows_unpublished(&self) -> impl Iterator<Item = &OutboxRow> {
        self.unpublished.iter()
    }

    /// The last published rows, oldest first; at most [`OUTBOX_RECENT_MAX`].
    pub fn rows_recent(&self) -> impl Iterator<Item = &OutboxRow> {
        self.recent.iter()
    }

    /// How many rows are not published.
    pub fn unpublished_count(&self) -> u64 {
        self.unpublished.len() as u64
    }

    /// How many rows were ever marked as published.
    pub fn published_count(&self) -> u64 {
        self.published_count
    }
}

/// The durable tables. A crash of the database does not touch them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Store {
    streams: BTreeMap<AccountId, Stream>,
    keys: KeyTable,
    /// The outbox.
    pub outbox: Outbox,
    /// Which events are committed.
    stored: IdSet,
}

impl Store {
    /// A store with `account_count` accounts of version 0.
    pub fn new(account_count: u32, opening_balance: i64) -> Store {
        let snapshot = Account { balance: opening_balance, version: 0 };
        let streams = (0..account_count).map(|n| (AccountId(n), Stream::new(snapshot))).collect();
        Store { streams, ..Store::default() }
    }

    /// An account as of now.
    pub fn account(&self, id: AccountId) -> Option<Account> {
        self.streams.get(&id).map(Stream::load)
    }

    /// All accounts with their streams, by name.
    pub fn streams(&self) -> impl Iterator<Item = (AccountId, &Stream)> {
        self.streams.iter().map(|(id, stream)| (*id, stream))
    }

    /// The event that an idempotency key stands for.
    pub fn done(&self, key: CommandId) -> Option<EventId> {
        self.keys.get(key)
    }

    /// Whether an event is committed.
    pub fn is_stored(&self, event: EventId) -> bool {
        self.stored.contains(event.0)
    }

    /// How many events are committed.
    pub fn stored_count(&self) -> u64 {
        self.stored.count()
    }

    /// Commits an event with its idempotency key and, if given, its outbox row: all or nothing.
    /// A version that is taken is a conflict (F2); a known key, if `unique_key`, is a duplicate. Then nothing is written.
    pub fn commit(&mut self, now: SimTime, event: &DomainEvent, unique_key: bool, row: Option<u32>) -> Committed {
        if unique_key && let Some(event) = self.done(event.command) {
            return Committed::Duplicate { event };
        }
        if !event.changes().all(|change| self.fits(change)) {
            return Committed::Conflict;
        }
        for change in event.changes() {
            let none = Account { balance: 0, version: 0 };
            self.streams.entry(change.account).or_insert_with(|| Stream::new(none)).append(now, event.id, change);
        }
        self.keys.insert(event.command, event.id);
        if let Some(id) = row {
            self.outbox.unpublished.push_back(OutboxRow { id, event: event.id, command: event.command });
        }
        self.stored.insert(event.id.0);
        Committed::Stored
    }

    fn fits(&self, change: Change) -> bool {
        let version = self.account(change.account).map_or(0, |account| account.version);
        change.version == version + 1
    }

    /// The age of the oldest change of the account that a reader of `version` lacks, in microseconds; 0 if it lacks none.
    /// Never more than the age of the oldest remembered version.
    pub fn staleness_us(&self, now: SimTime, id: AccountId, version: u32) -> u64 {
        let Some(stream) = self.streams.get(&id) else { return 0 };
        let lacking = stream.recent.partition_point(|(v, _)| *v <= version);
        stream.recent.get(lacking).map_or(0, |(_, at)| now.since(*at))
    }

    /// The sum of all balances.
    pub fn total(&self) -> i64 {
        self.streams.values().map(|stream| stream.load().balance).sum()
    }

    /// Whether every account is the fold of all its events, from the opening balance on; `None` if some event was dropped from the book.
    pub fn is_fold_of(&self, book: &EventBook, opening: impl Fn(AccountId) -> Option<Account>) -> Option<bool> {
        let mut folded: BTreeMap<AccountId, Account> = BTreeMap::new();
        for id in 1..=book.count() {
            let event = book.get(EventId(id))?;
            if !self.is_stored(event.id) {
                continue;
            }
            for change in event.changes() {
                let before = folded.get(&change.account).copied().or_else(|| opening(change.account));
                let delta = before.map_or(0, |a| a.balance) + change.delta;
                let version = before.map_or(0, |a| a.version).max(change.version);
                folded.insert(change.account, Account { balance: delta, version });
            }
        }
        Some(folded.iter().all(|(id, account)| self.account(*id) == Some(*account)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::domain::{Command, Decision, decide};
    use super::*;

    fn draft(book: &mut EventBook, store: &Store, command: u32, what: Command) -> DomainEvent {
        let decision: Decision = decide(&what, |id| store.account(id)).expect("decided");
        let id = book.draft(CommandId(command), decision);
        *book.get(id).expect("drafted")
    }

    #[test]
    fn f2_the_loser_of_a_race_gets_a_conflict_and_can_try_again() {
        let (mut book, mut store) = (EventBook::default(), Store::new(2, 100));
        let deposit = Command::Deposit { account: AccountId(0), amount: 5 };
        let first = draft(&mut book, &store, 1, deposit);
        let second = draft(&mut book, &store, 2, deposit);
        assert_eq!(store.commit(SimTime(1), &first, true, None), Committed::Stored);
        assert_eq!(store.commit(SimTime(2), &second, true, None), Committed::Conflict);
        assert_eq!(store.account(AccountId(0)).expect("opened").balance, 105);
        let again = draft(&mut book, &store, 2, deposit);
        assert_eq!(store.commit(SimTime(3), &again, true, None), Committed::Stored);
        assert_eq!(store.account(AccountId(0)), Some(Account { balance: 110, version: 2 }));
        assert_eq!(store.is_fold_of(&book, |_| Some(Account { balance: 100, version: 0 })), Some(true));
    }

    #[test]
    fn f1_a_known_idempotency_key_is_answered_with_its_event() {
        let (mut book, mut store) = (EventBook::default(), Store::new(2, 100));
        let deposit = Command::Deposit { account: AccountId(0), amount: 5 };
        let first = draft(&mut book, &store, 1, deposit);
        store.commit(SimTime(1), &first, true, None);
        let retry = draft(&mut book, &store, 1, deposit);
        assert_eq!(store.commit(SimTime(2), &retry, true, None), Committed::Duplicate { event: first.id });
        assert_eq!(store.commit(SimTime(2), &retry, false, None), Committed::Stored, "without the check it counts twice");
    }

    #[test]
    fn f3_snapshots_change_nothing() {
        let (mut book, mut store) = (EventBook::default(), Store::new(1, 0));
        for n in 0..105 {
            let event = draft(&mut book, &store, n, Command::Deposit { account: AccountId(0), amount: 2 });
            assert_eq!(store.commit(SimTime(u64::from(n)), &event, true, None), Committed::Stored);
        }
        let stream = &store.streams[&AccountId(0)];
        assert_eq!((stream.snapshot.version, stream.tail.len()), (100, 5));
        assert_eq!(stream.load(), Account { balance: 210, version: 105 });
        assert_eq!(store.staleness_us(SimTime(200), AccountId(0), 103), 200 - 103);
        assert_eq!(store.staleness_us(SimTime(200), AccountId(0), 105), 0);
    }

    #[test]
    fn f8_a_reader_by_last_id_never_sees_a_row_that_committed_late() {
        let (mut book, mut store) = (EventBook::default(), Store::new(2, 100));
        let (ten, eleven) = (store.outbox.allocate(), store.outbox.allocate());
        let late = draft(&mut book, &store, 1, Command::Deposit { account: AccountId(0), amount: 1 });
        let early = draft(&mut book, &store, 2, Command::Deposit { account: AccountId(1), amount: 1 });
        store.commit(SimTime(1), &early, true, Some(eleven));
        let seen = store.outbox.unpublished(Some(0), 10).last().expect("one row").id;
        store.outbox.mark(seen);
        store.commit(SimTime(2), &late, true, Some(ten));
        assert!(store.outbox.unpublished(Some(seen), 10).is_empty(), "the trap");
        assert_eq!(store.outbox.unpublished(None, 10).len(), 1, "the flag finds it");
    }
}
