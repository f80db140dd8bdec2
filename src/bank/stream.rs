//! The event stream of one account, and the snapshot that spares a load the whole of it (F2, F3). Knows no database.

use std::sync::Arc;

use super::domain::{Account, Change, apply};
use super::ids::EventId;
use crate::kernel::{Deque, SimTime};

/// How many recent versions of each account are remembered with their time, to measure staleness.
pub const RECENT_VERSIONS_MAX: usize = 128;
/// The most events of one stream that are kept one by one; what is older lies in the archive as one state.
pub const STREAM_EVENTS_MAX: u32 = 4_096;
/// How many events are sealed and shared together.
const CHUNK: usize = 64;

/// The event stream of one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The state before the first event that is kept: as opened, or as archived.
    base: Account,
    /// The state after the last event.
    state: Account,
    /// The changes since `base`, oldest first: sealed chunks of [`CHUNK`], then the open one.
    sealed: Deque<Arc<[(EventId, Change)]>>,
    open: Vec<(EventId, Change)>,
    /// A state with its version (F3): pure cache.
    snapshot: Option<Account>,
    /// Recent versions and when they were committed.
    recent: Deque<(u32, SimTime)>,
}

/// An aggregate, and what it took to load it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rehydrated {
    /// The fold.
    pub account: Account,
    /// The version of the snapshot that it began with; `None` if it read the stream from its beginning.
    pub snapshot: Option<u32>,
    /// How many events were read.
    pub event_count: u32,
}

impl Stream {
    pub(super) fn new(base: Account) -> Stream {
        Stream { base, state: base, sealed: Deque::new(), open: Vec::new(), snapshot: None, recent: Deque::new() }
    }

    /// The account as of now.
    pub fn state(&self) -> Account {
        self.state
    }

    /// Loads the aggregate as an event-sourced repository does: the snapshot, or else the beginning, with the later events
    /// folded in (F3).
    pub fn load(&self) -> Rehydrated {
        let from = self.snapshot.unwrap_or(self.base);
        let later = self.changes_after(from.version);
        let (mut account, mut event_count) = (from, 0);
        for change in later {
            account = apply(Some(account), *change);
            event_count += 1;
        }
        Rehydrated { account, snapshot: self.snapshot.map(|s| s.version), event_count }
    }

    /// The changes above a version. Versions are dense, so their place can be computed.
    fn changes_after(&self, version: u32) -> impl Iterator<Item = &Change> {
        let skip = (version - self.base.version) as usize;
        let sealed = self.sealed.iter().skip(skip / CHUNK).flat_map(|chunk| chunk.iter());
        let within = if skip / CHUNK < self.sealed.len() { skip % CHUNK } else { skip - self.sealed.len() * CHUNK };
        sealed.chain(&self.open).skip(within).map(|(_, change)| change)
    }

    /// The version of the snapshot, if there is one.
    pub fn snapshot_version(&self) -> Option<u32> {
        self.snapshot.map(|snapshot| snapshot.version)
    }

    /// How many of the stream's events lie in the archive.
    pub fn archived_count(&self) -> u32 {
        self.base.version
    }

    /// Appends a change. If that makes `snapshot_every` events since the last snapshot, a new one is taken, in the same
    /// transaction; gives its version. 0 takes none.
    pub(super) fn append(&mut self, now: SimTime, event: EventId, change: Change, snapshot_every: u32) -> Option<u32> {
        self.state = apply(Some(self.state), change);
        self.open.push((event, change));
        if self.open.len() == CHUNK {
            self.sealed.push_back(std::mem::take(&mut self.open).into());
            if self.sealed.len() > STREAM_EVENTS_MAX as usize / CHUNK {
                let oldest = self.sealed.pop_front().expect("there are several");
                self.base = oldest.iter().fold(self.base, |account, (_, change)| apply(Some(account), *change));
                self.snapshot = self.snapshot.filter(|snapshot| snapshot.version >= self.base.version);
            }
        }
        if self.recent.len() == RECENT_VERSIONS_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((change.version, now));
        let since = self.state.version - self.snapshot.map_or(self.base.version, |snapshot| snapshot.version);
        let due = snapshot_every > 0 && since >= snapshot_every;
        if due {
            self.snapshot = Some(self.state);
        }
        due.then_some(self.state.version)
    }

    /// The snapshot's shape no longer fits, or somebody deleted it: loads read the events again.
    pub(super) fn drop_snapshot(&mut self) -> bool {
        self.snapshot.take().is_some()
    }

    /// The age of the oldest change that a reader of `version` lacks, in microseconds; 0 if it lacks none.
    /// Never more than the age of the oldest remembered version.
    pub(super) fn staleness_us(&self, now: SimTime, version: u32) -> u64 {
        let lacking = self.recent.partition_point(|(v, _)| *v <= version);
        self.recent.get(lacking).map_or(0, |(_, at)| now.since(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::AccountId;
    use super::*;

    fn stream(events: u32, snapshot_every: u32) -> Stream {
        let mut stream = Stream::new(Account { balance: 7, version: 0 });
        for version in 1..=events {
            let change = Change { account: AccountId(0), delta: 2, version };
            stream.append(SimTime(u64::from(version)), EventId(version), change, snapshot_every);
        }
        stream
    }

    #[test]
    fn f3_a_snapshot_every_50_of_105_events_is_loaded_with_5_more_and_deleting_it_gives_the_identical_state() {
        let mut stream = stream(105, 50);
        let account = Account { balance: 7 + 210, version: 105 };
        assert_eq!(stream.load(), Rehydrated { account, snapshot: Some(100), event_count: 5 });
        assert!(stream.drop_snapshot());
        assert_eq!(stream.load(), Rehydrated { account, snapshot: None, event_count: 105 });
        assert_eq!(stream.staleness_us(SimTime(200), 103), 200 - 104);
        assert_eq!(stream.staleness_us(SimTime(200), 105), 0);
    }

    #[test]
    fn f3_whatever_the_snapshots_the_fold_is_the_same() {
        for events in [0, 1, 49, 50, 63, 64, 65, 128, 129, 1_000, STREAM_EVENTS_MAX + 200] {
            for every in [0, 1, 50, 64, 777] {
                let stream = stream(events, every);
                assert_eq!(stream.load().account, stream.state(), "{events} events, every {every}");
                assert_eq!(stream.state().version, events);
            }
        }
        let long = stream(STREAM_EVENTS_MAX + 200, 0);
        assert!(long.archived_count() > 0 && long.load().event_count <= STREAM_EVENTS_MAX + CHUNK as u32);
    }
}
