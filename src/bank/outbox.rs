//! The outbox table and the database's own log, which is what carries events from the write side to whoever publishes
//! them (F8). Knows no time.

use crate::kernel::{Deque, SortedMap};

use super::effect::{OutboxRow, Wanted};

/// The most unpublished outbox rows; beyond it the table is full and transactions fail. The database's log may hold as many
/// entries that change capture has not confirmed.
pub const OUTBOX_ROWS_MAX: usize = 100_000;
/// How many published rows are kept for looking at.
pub const OUTBOX_RECENT_MAX: usize = 32;

/// The outbox table, or under event sourcing the index over all events, and the database's log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Outbox {
    next_row: u32,
    /// In commit order.
    unpublished: Deque<OutboxRow>,
    /// Rows that a relay holds `FOR UPDATE`, each with the relay.
    locked: SortedMap<u32, u32>,
    recent: Deque<OutboxRow>,
    published_count: u64,
    /// The committed changes of the outbox table in commit order, as change capture reads them; an entry's id is its position.
    log: Deque<OutboxRow>,
    log_end: u32,
}

impl Outbox {
    /// The next row id; taken when a transaction begins, and gone if it rolls back (F8, the id-gap trap).
    pub fn allocate(&mut self) -> u32 {
        self.next_row += 1;
        self.next_row
    }

    /// A row that its transaction has committed.
    pub(super) fn push(&mut self, row: OutboxRow) {
        self.unpublished.push_back(row);
    }

    /// A row was inserted and deleted in one transaction: only the database's log has it. Gives its position there.
    pub(super) fn log(&mut self, row: OutboxRow) -> u32 {
        self.log_end += 1;
        self.log.push_back(OutboxRow { id: self.log_end, ..row });
        self.log_end
    }

    /// Answers a relay: at most `rows_max` rows.
    pub fn fetch(&mut self, wanted: &Wanted, rows_max: u32) -> Vec<OutboxRow> {
        let rows_max_usize = rows_max as usize;
        match wanted {
            Wanted::Unmarked => self.unpublished.iter().take(rows_max_usize).copied().collect(),
            Wanted::SkipLocked { relay, of } => {
                self.locked.retain(|_, owner| *owner != *relay && *owner < *of);
                let free = |row: &&OutboxRow| !self.locked.contains_key(&row.id);
                let rows: Vec<OutboxRow> = self.unpublished.iter().filter(free).take(rows_max_usize).copied().collect();
                self.locked.extend(rows.iter().map(|row| (row.id, *relay)));
                rows
            }
            Wanted::Above { last, missing } => {
                let wanted = |row: &&OutboxRow| row.id > *last || missing.contains(&row.id);
                let mut rows: Vec<OutboxRow> = self.unpublished.iter().filter(wanted).copied().collect();
                crate::kernel::sort_by_key(&mut rows, |row| row.id);
                rows.truncate(rows_max_usize);
                rows
            }
            Wanted::Log { after, confirmed } => {
                while self.log.front().is_some_and(|entry| entry.id <= *confirmed) {
                    self.log.pop_front();
                }
                let first = self.log.partition_point(|entry| entry.id <= *after);
                self.log.iter().skip(first).take(rows_max_usize).copied().collect()
            }
        }
    }

    /// The connections of all relays broke.
    pub(super) fn unlock_all(&mut self) {
        self.locked.clear();
    }

    /// Sets the published flag; gives back the row if it was not set.
    pub fn mark(&mut self, id: u32) -> Option<OutboxRow> {
        let at = self.unpublished.iter().position(|row| row.id == id)?;
        let row = self.unpublished.remove(at)?;
        self.locked.remove(&id);
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

    /// The entries of the database's log above a position, oldest first.
    pub fn log_after(&self, position: u32) -> impl Iterator<Item = &OutboxRow> {
        self.log.iter().skip(self.log.partition_point(|entry| entry.id <= position))
    }

    /// The position of the newest entry of the database's log.
    pub fn log_end(&self) -> u32 {
        self.log_end
    }

    /// Whether no further row or log entry fits.
    pub(super) fn is_full(&self) -> bool {
        self.unpublished.len() >= OUTBOX_ROWS_MAX || self.log.len() >= OUTBOX_ROWS_MAX
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

#[cfg(test)]
mod tests {
    use super::super::ids::{CommandId, EventId};
    use super::*;

    fn row(id: u32) -> OutboxRow {
        OutboxRow { id, event: EventId(id), command: CommandId(id) }
    }

    fn ids(rows: &[OutboxRow]) -> Vec<u32> {
        rows.iter().map(|row| row.id).collect()
    }

    /// Transaction A takes id 10 and sleeps, B takes 11 and commits first.
    #[test]
    fn f8_the_id_gap_a_naive_relay_never_sees_10_a_flag_or_a_gap_aware_token_does() {
        let mut outbox = Outbox { next_row: 9, ..Outbox::default() };
        let (ten, eleven) = (outbox.allocate(), outbox.allocate());
        outbox.push(row(eleven));
        let naive = |last| Wanted::Above { last, missing: [].into() };
        assert_eq!(ids(&outbox.fetch(&naive(9), 10)), [11]);
        outbox.mark(11);
        outbox.push(row(ten));
        assert_eq!(ids(&outbox.fetch(&naive(11), 10)), [0; 0], "the trap");
        assert_eq!(ids(&outbox.fetch(&Wanted::Above { last: 11, missing: [10].into() }, 10)), [10], "the gap is remembered");
        assert_eq!(ids(&outbox.fetch(&Wanted::Unmarked, 10)), [10], "the flag finds it, by commit and not by id");
    }

    #[test]
    fn f8_relays_side_by_side_skip_what_another_one_has_locked() {
        let mut outbox = Outbox::default();
        (1..=5).for_each(|id| outbox.push(row(id)));
        assert_eq!(ids(&outbox.fetch(&Wanted::SkipLocked { relay: 0, of: 2 }, 2)), [1, 2]);
        assert_eq!(ids(&outbox.fetch(&Wanted::SkipLocked { relay: 1, of: 2 }, 2)), [3, 4]);
        outbox.mark(3);
        outbox.mark(4);
        assert_eq!(ids(&outbox.fetch(&Wanted::SkipLocked { relay: 1, of: 2 }, 2)), [5], "1 and 2 are the other's: their order breaks");
        assert_eq!(ids(&outbox.fetch(&Wanted::SkipLocked { relay: 0, of: 2 }, 2)), [1, 2], "asking again ends the transaction before");
    }

    #[test]
    fn f8_change_capture_reads_the_log_in_commit_order_and_the_log_keeps_what_is_not_confirmed() {
        let mut outbox = Outbox::default();
        let (first, second) = (outbox.allocate(), outbox.allocate());
        outbox.log(row(second));
        outbox.log(row(first));
        let events = |rows: Vec<OutboxRow>| rows.iter().map(|row| row.event.0).collect::<Vec<_>>();
        assert_eq!(events(outbox.fetch(&Wanted::Log { after: 0, confirmed: 0 }, 10)), [second, first], "by commit and not by id");
        assert_eq!(events(outbox.fetch(&Wanted::Log { after: 1, confirmed: 0 }, 10)), [first]);
        assert_eq!(events(outbox.fetch(&Wanted::Log { after: 0, confirmed: 0 }, 10)), [second, first], "read again after a crash");
        assert_eq!(events(outbox.fetch(&Wanted::Log { after: 1, confirmed: 1 }, 10)), [first]);
        assert_eq!(outbox.log_after(0).count(), 1, "what is confirmed is gone");
    }
}
