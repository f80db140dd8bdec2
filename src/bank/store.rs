//! The tables of the write database: event streams with snapshots, idempotency keys, the outbox. Knows no time but what it is told.

use super::domain::{Account, Change, DomainEvent};
use super::effect::{Committed, OutboxRow};
use super::event_book::EventBook;
use super::id_set::IdSet;
use super::ids::{AccountId, CommandId, EventId};
use super::key_table::KeyTable;
use super::outbox::Outbox;
use super::stream::{Rehydrated, Stream};
use crate::kernel::{SimTime, SortedMap};

/// The most idempotency keys; beyond it the oldest is forgotten.
pub const KEYS_MAX: usize = 16_384;

/// Where a transaction leaves word of its event (F8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Row {
    /// A row of the outbox, or of the index over all events, with the id that it took when it began.
    Table(u32),
    /// A row that is inserted and deleted at once: only the database's log has it.
    Log,
}

/// Which snapshots a commit is to take, and which it took (F3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshots {
    /// After how many events of a stream; 0 for none.
    pub every: u32,
    /// The streams with the versions of their new snapshots.
    pub taken: Vec<(AccountId, u32)>,
}

/// The durable tables. A crash of the database does not touch them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Store {
    streams: SortedMap<AccountId, Stream>,
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
        self.streams.get(&id).map(Stream::state)
    }

    /// An account by its snapshot and the events after it (F3).
    pub fn load(&self, id: AccountId) -> Option<Rehydrated> {
        self.streams.get(&id).map(Stream::load)
    }

    /// All snapshots are gone: the state's shape has changed (F3). Gives how many there were.
    pub(super) fn drop_snapshots(&mut self) -> u32 {
        self.streams.values_mut().map(|stream| u32::from(stream.drop_snapshot())).sum()
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
    /// `snapshots` takes what snapshots became due by it, if a stream is to have one after so many events (F3).
    pub fn commit(
        &mut self,
        now: SimTime,
        event: &DomainEvent,
        unique_key: bool,
        row: Option<Row>,
        snapshots: &mut Snapshots,
    ) -> Committed {
        if unique_key && let Some(event) = self.done(event.command) {
            return Committed::Duplicate { event };
        }
        if !event.changes().all(|change| self.fits(change)) {
            return Committed::Conflict;
        }
        for change in event.changes() {
            let none = Account { balance: 0, version: 0 };
            let stream = self.streams.entry(change.account).or_insert_with(|| Stream::new(none));
            if let Some(version) = stream.append(now, event.id, change, snapshots.every) {
                snapshots.taken.push((change.account, version));
            }
        }
        self.keys.insert(event.command, event.id);
        let content = |id| OutboxRow { id, event: event.id, command: event.command };
        match row {
            None => {}
            Some(Row::Table(id)) => self.outbox.push(content(id)),
            Some(Row::Log) => {
                self.outbox.log(content(0));
            }
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
        self.streams.get(&id).map_or(0, |stream| stream.staleness_us(now, version))
    }

    /// The sum of all balances.
    pub fn total(&self) -> i64 {
        self.streams.values().map(|stream| stream.state().balance).sum()
    }

    /// Whether every account is the fold of all its events, from the opening balance on; `None` if some event was dropped from the book.
    pub fn is_fold_of(&self, book: &EventBook, opening: impl Fn(AccountId) -> Option<Account>) -> Option<bool> {
        let mut folded: SortedMap<AccountId, Account> = SortedMap::new();
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
    use super::super::ids::ClientIndex;
    use super::*;

    fn no_snapshots() -> Snapshots {
        Snapshots::default()
    }

    fn draft(book: &mut EventBook, store: &Store, command: u32, what: Command) -> DomainEvent {
        let decision: Decision = decide(&what, |id| store.account(id)).expect("decided");
        let id = book.draft(ClientIndex(0), CommandId(command), decision);
        *book.get(id).expect("drafted")
    }

    #[test]
    fn f2_the_loser_of_a_race_gets_a_conflict_and_can_try_again() {
        let (mut book, mut store) = (EventBook::default(), Store::new(2, 100));
        let deposit = Command::Deposit { account: AccountId(0), amount: 5 };
        let first = draft(&mut book, &store, 1, deposit);
        let second = draft(&mut book, &store, 2, deposit);
        assert_eq!(store.commit(SimTime(1), &first, true, None, &mut no_snapshots()), Committed::Stored);
        assert_eq!(store.commit(SimTime(2), &second, true, None, &mut no_snapshots()), Committed::Conflict);
        assert_eq!(store.account(AccountId(0)).expect("opened").balance, 105);
        let again = draft(&mut book, &store, 2, deposit);
        assert_eq!(store.commit(SimTime(3), &again, true, None, &mut no_snapshots()), Committed::Stored);
        assert_eq!(store.account(AccountId(0)), Some(Account { balance: 110, version: 2 }));
        assert_eq!(store.is_fold_of(&book, |_| Some(Account { balance: 100, version: 0 })), Some(true));
    }

    #[test]
    fn f1_a_known_idempotency_key_is_answered_with_its_event() {
        let (mut book, mut store) = (EventBook::default(), Store::new(2, 100));
        let deposit = Command::Deposit { account: AccountId(0), amount: 5 };
        let first = draft(&mut book, &store, 1, deposit);
        store.commit(SimTime(1), &first, true, None, &mut no_snapshots());
        let retry = draft(&mut book, &store, 1, deposit);
        assert_eq!(store.commit(SimTime(2), &retry, true, None, &mut no_snapshots()), Committed::Duplicate { event: first.id });
        assert_eq!(
            store.commit(SimTime(2), &retry, false, None, &mut no_snapshots()),
            Committed::Stored,
            "without the check it counts twice"
        );
    }

    #[test]
    fn f3_a_commit_takes_the_snapshots_that_are_due_and_dropping_them_changes_nothing() {
        let (mut book, mut store) = (EventBook::default(), Store::new(2, 100));
        let mut snapshots = Snapshots { every: 3, ..Snapshots::default() };
        for n in 0..4 {
            let transfer = Command::Transfer { from: AccountId(0), to: AccountId(1), amount: 1 };
            let event = draft(&mut book, &store, n, transfer);
            assert_eq!(store.commit(SimTime(u64::from(n)), &event, true, None, &mut snapshots), Committed::Stored);
        }
        assert_eq!(snapshots.taken, [(AccountId(0), 3), (AccountId(1), 3)]);
        let before = store.load(AccountId(1)).expect("opened");
        assert_eq!((before.snapshot, before.event_count), (Some(3), 1));
        assert_eq!(store.drop_snapshots(), 2);
        let after = store.load(AccountId(1)).expect("opened");
        assert_eq!((after.account, after.snapshot, after.event_count), (before.account, None, 4));
    }
}
