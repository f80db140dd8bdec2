//! The leader epochs of a log: which epoch began at which offset (B5). Knows no elections.

use crate::broker::EpochEnd;

/// The epochs of a log, ascending (`LeaderEpochFileCache`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Epochs {
    entries: Vec<(u32, u64)>,
}

impl Epochs {
    /// Notes that `epoch` begins at `start`, if it is newer than all that are known.
    pub fn assign(&mut self, epoch: u32, start: u64) {
        match self.entries.last() {
            Some((last, _)) if *last >= epoch => {}
            Some((_, at)) if *at == start => {
                // The former epoch has no record: the new one takes its place.
                self.entries.pop();
                self.entries.push((epoch, start));
            }
            _ => self.entries.push((epoch, start)),
        }
    }

    /// The latest epoch.
    pub fn latest(&self) -> Option<u32> {
        self.entries.last().map(|(epoch, _)| *epoch)
    }

    /// Where the epoch of the entry that holds `offset` began, with the epoch.
    pub fn at(&self, offset: u64) -> Option<u32> {
        let after = self.entries.partition_point(|(_, start)| *start <= offset);
        after.checked_sub(1).map(|i| self.entries[i].0)
    }

    /// The end of the largest epoch not above `epoch` in a log that ends at `log_end_offset`; `None` for an epoch that
    /// this log has not seen the like of (`LeaderEpochFileCache.endOffsetFor`).
    pub fn end_of(&self, epoch: u32, log_end_offset: u64) -> Option<EpochEnd> {
        let latest = self.latest()?;
        if epoch > latest {
            return None;
        }
        let after = self.entries.partition_point(|(e, _)| *e <= epoch);
        let end_offset = self.entries.get(after).map_or(log_end_offset, |(_, start)| *start);
        let epoch = after.checked_sub(1).map_or(epoch, |i| self.entries[i].0);
        Some(EpochEnd { epoch, end_offset })
    }

    /// Forgets what began at or after `end`.
    pub fn truncate_end(&mut self, end: u64) {
        self.entries.retain(|(_, start)| *start < end);
    }

    /// Forgets the epochs that ended before `start`.
    pub fn truncate_start(&mut self, start: u64) {
        let after = self.entries.partition_point(|(_, at)| *at <= start);
        if after > 1 {
            self.entries.drain(..after - 1);
        }
        if let Some(first) = self.entries.first_mut() {
            first.1 = first.1.max(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b5_the_end_of_an_epoch_is_the_start_of_the_next() {
        let mut epochs = Epochs::default();
        epochs.assign(0, 0);
        epochs.assign(2, 8);
        epochs.assign(2, 9);
        epochs.assign(5, 12);
        assert_eq!(epochs.end_of(0, 20), Some(EpochEnd { epoch: 0, end_offset: 8 }));
        assert_eq!(epochs.end_of(1, 20), Some(EpochEnd { epoch: 0, end_offset: 8 }));
        assert_eq!(epochs.end_of(2, 20), Some(EpochEnd { epoch: 2, end_offset: 12 }));
        assert_eq!(epochs.end_of(5, 20), Some(EpochEnd { epoch: 5, end_offset: 20 }));
        assert_eq!(epochs.end_of(6, 20), None);
        assert_eq!((epochs.at(7), epochs.at(8), epochs.at(100)), (Some(0), Some(2), Some(5)));
        epochs.truncate_end(12);
        assert_eq!(epochs.latest(), Some(2));
        epochs.truncate_start(10);
        assert_eq!(epochs.end_of(0, 11), Some(EpochEnd { epoch: 0, end_offset: 10 }));
    }
}
