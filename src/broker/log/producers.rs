//! What a log knows of its producers: epochs, the last five batches of each, open and finished transactions (A9, E1, E2).
//!
//! Has never heard of a transaction coordinator: all it sees is batches and markers.

use crate::kernel::SortedMap;

use super::batch::{LogBatch, sequence_plus};
use crate::broker::{Control, ErrorCode};

/// How many batches of a producer are remembered (`ProducerStateEntry.NUM_BATCHES_TO_RETAIN`).
const BATCHES_MAX: usize = 5;

/// A batch that was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct BatchNote {
    base_sequence: u32,
    last_sequence: u32,
    base_offset: u64,
}

/// One producer in one partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ProducerEntry {
    epoch: u16,
    /// Oldest first, at most [`BATCHES_MAX`], all of `epoch`.
    batches: Vec<BatchNote>,
    /// Where its open transaction began.
    txn_first_offset: Option<u64>,
    last_timestamp_ms: i64,
}

/// A finished transaction that was aborted (E2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AbortedTxn {
    /// Whose.
    pub producer_id: u64,
    /// Its first offset.
    pub first_offset: u64,
    /// Its marker's offset.
    pub last_offset: u64,
}

/// What a log says to a batch that wants to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is new.
    New,
    /// It is there already, from this offset on.
    Duplicate {
        /// Where the first copy begins.
        base_offset: u64,
    },
}

/// A batch's producer fields, as a client sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Producer id.
    pub id: u64,
    /// Epoch.
    pub epoch: u16,
    /// First sequence number.
    pub base_sequence: u32,
    /// How many records, at least 1.
    pub records: u32,
    /// Whether it belongs to a transaction.
    pub transactional: bool,
}

/// The producers of one log (`ProducerStateManager`). Bounded by `producer.id.expiration.ms`; aborted transactions by the
/// log's own retention.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Producers {
    entries: SortedMap<u64, ProducerEntry>,
    /// Open transactions: first offset to producer id.
    ongoing: SortedMap<u64, u64>,
    /// Finished ones whose marker the high watermark has not passed: first offset to marker offset.
    unreplicated: SortedMap<u64, u64>,
    aborted: Vec<AbortedTxn>,
}

impl Producers {
    /// Judges a client's batch (A9 a to e).
    ///
    /// # Errors
    /// `InvalidProducerEpoch` for an old epoch, `OutOfOrderSequence` for a gap or a replay that is no longer known,
    /// `InvalidTxnState` for a plain batch inside an open transaction.
    pub fn check(&self, claim: Claim) -> Result<Verdict, ErrorCode> {
        let Some(entry) = self.entries.get(&claim.id) else { return Ok(Verdict::New) };
        let last_sequence = sequence_plus(claim.base_sequence, claim.records - 1);
        if claim.epoch == entry.epoch {
            let same = |b: &&BatchNote| b.base_sequence == claim.base_sequence && b.last_sequence == last_sequence;
            if let Some(note) = entry.batches.iter().find(same) {
                return Ok(Verdict::Duplicate { base_offset: note.base_offset });
            }
        }
        if claim.epoch < entry.epoch {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        let expected = match entry.batches.last() {
            Some(last) if claim.epoch == entry.epoch => sequence_plus(last.last_sequence, 1),
            _ => 0,
        };
        if claim.base_sequence != expected {
            return Err(ErrorCode::OutOfOrderSequence);
        }
        if !claim.transactional && entry.txn_first_offset.is_some() {
            return Err(ErrorCode::InvalidTxnState);
        }
        Ok(Verdict::New)
    }

    /// The epoch of a producer, if it is known.
    pub fn epoch_of(&self, producer_id: u64) -> Option<u16> {
        self.entries.get(&producer_id).map(|e| e.epoch)
    }

    /// Whether this producer has an open transaction here, in this epoch.
    pub fn has_open_txn(&self, producer_id: u64, epoch: u16) -> bool {
        self.entries.get(&producer_id).is_some_and(|e| e.epoch == epoch && e.txn_first_offset.is_some())
    }

    /// Takes note of a batch or marker that was appended.
    pub fn note(&mut self, batch: &LogBatch) {
        let Some(producer) = batch.producer else { return };
        let entry = self.entries.entry(producer.id).or_insert_with(|| ProducerEntry {
            epoch: producer.epoch,
            batches: Vec::new(),
            txn_first_offset: None,
            last_timestamp_ms: batch.max_timestamp_ms,
        });
        if entry.epoch != producer.epoch {
            entry.epoch = producer.epoch;
            entry.batches.clear();
        }
        entry.last_timestamp_ms = batch.max_timestamp_ms;
        if let Some(control) = batch.control {
            self.end_txn(producer.id, batch.base_offset, control);
            return;
        }
        if entry.batches.len() == BATCHES_MAX {
            entry.batches.remove(0);
        }
        let last_sequence = sequence_plus(producer.base_sequence, batch.span() as u32 - 1);
        entry.batches.push(BatchNote { base_sequence: producer.base_sequence, last_sequence, base_offset: batch.base_offset });
        if producer.transactional && entry.txn_first_offset.is_none() {
            entry.txn_first_offset = Some(batch.base_offset);
            self.ongoing.insert(batch.base_offset, producer.id);
        }
    }

    fn end_txn(&mut self, producer_id: u64, marker: u64, control: Control) {
        let first = self.entries.get_mut(&producer_id).and_then(|e| e.txn_first_offset.take());
        let Some(first_offset) = first else { return };
        self.ongoing.remove(&first_offset);
        self.unreplicated.insert(first_offset, marker);
        if control == Control::Abort {
            self.aborted.push(AbortedTxn { producer_id, first_offset, last_offset: marker });
        }
    }

    /// The first offset that a read_committed reader must wait for, if any (E2). `high_watermark` decides which markers count.
    pub fn first_unstable(&self, high_watermark: u64) -> Option<u64> {
        let ongoing = self.ongoing.keys().next().copied();
        let finished = self.unreplicated.iter().find(|(_, marker)| **marker >= high_watermark).map(|(first, _)| *first);
        [ongoing, finished].into_iter().flatten().min()
    }

    /// Forgets the markers that the high watermark has passed.
    pub fn on_high_watermark(&mut self, high_watermark: u64) {
        if !self.unreplicated.is_empty() {
            self.unreplicated.retain(|_, marker| *marker >= high_watermark);
        }
    }

    /// The aborted transactions that touch `from..to`, as (producer id, first offset), by marker offset.
    pub fn aborted_in(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
        let first = self.aborted.partition_point(|txn| txn.last_offset < from);
        self.aborted[first..].iter().filter(|txn| txn.first_offset < to).map(|txn| (txn.producer_id, txn.first_offset)).collect()
    }

    /// The aborted transactions that the log still holds, by marker offset.
    pub fn aborted_txns(&self) -> impl Iterator<Item = &AbortedTxn> {
        self.aborted.iter()
    }

    /// Whether a record belongs to a transaction that was aborted (E2).
    pub fn is_aborted(&self, record: &crate::broker::Record) -> bool {
        let Some(stamp) = record.stamp.filter(|stamp| stamp.transactional) else { return false };
        let of = |txn: &AbortedTxn| txn.producer_id == stamp.producer_id && (txn.first_offset..txn.last_offset).contains(&record.offset);
        self.aborted.iter().any(of)
    }

    /// The open transactions, oldest first: the offset of the first record, and the producer id (E2).
    pub fn open_txns(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ongoing.iter().map(|(first, producer)| (*first, *producer))
    }

    /// Forgets the aborted transactions that ended below the log start.
    pub fn on_log_start(&mut self, log_start: u64) {
        self.aborted.retain(|txn| txn.last_offset >= log_start);
    }

    /// Forgets producers without an open transaction that were last seen before `before_ms` (A9 e).
    pub fn expire(&mut self, before_ms: i64) {
        self.entries.retain(|_, e| e.txn_first_offset.is_some() || e.last_timestamp_ms >= before_ms);
    }

    /// How many producers are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::log::BatchProducer;

    fn batch(epoch: u16, base_sequence: u32, records: u64, base_offset: u64) -> LogBatch {
        LogBatch {
            base_offset,
            last_offset: base_offset + records - 1,
            leader_epoch: 0,
            max_timestamp_ms: 0,
            bytes: 100,
            producer: Some(BatchProducer { id: 7, epoch, base_sequence, transactional: false }),
            control: None,
            delete_horizon_ms: None,
            records: Vec::new(),
        }
    }

    fn claim(epoch: u16, base_sequence: u32, records: u32) -> Claim {
        Claim { id: 7, epoch, base_sequence, records, transactional: false }
    }

    fn txn(id: u64, base_offset: u64, control: Option<Control>) -> LogBatch {
        let producer = Some(BatchProducer { id, epoch: 0, base_sequence: 0, transactional: true });
        LogBatch { producer, control, ..batch(0, 0, 1, base_offset) }
    }

    #[test]
    fn a9_exact_replays_of_the_last_five_batches_are_duplicates() {
        let mut producers = Producers::default();
        (0..6).for_each(|i| producers.note(&batch(0, i, 1, u64::from(i))));
        assert_eq!(producers.check(claim(0, 1, 1)), Ok(Verdict::Duplicate { base_offset: 1 }));
        assert_eq!(producers.check(claim(0, 5, 1)), Ok(Verdict::Duplicate { base_offset: 5 }));
        assert_eq!(producers.check(claim(0, 0, 1)), Err(ErrorCode::OutOfOrderSequence));
        assert_eq!(producers.check(claim(0, 6, 3)), Ok(Verdict::New));
        assert_eq!(producers.check(claim(0, 7, 1)), Err(ErrorCode::OutOfOrderSequence));
    }

    #[test]
    fn a9_overlaps_are_out_of_order() {
        let mut producers = Producers::default();
        producers.note(&batch(0, 0, 3, 0));
        assert_eq!(producers.check(claim(0, 0, 2)), Err(ErrorCode::OutOfOrderSequence));
        assert_eq!(producers.check(claim(0, 2, 2)), Err(ErrorCode::OutOfOrderSequence));
        assert_eq!(producers.check(claim(0, 0, 3)), Ok(Verdict::Duplicate { base_offset: 0 }));
    }

    #[test]
    fn a9_a_new_epoch_starts_at_zero_and_an_old_one_is_refused() {
        let mut producers = Producers::default();
        producers.note(&batch(0, 0, 2, 0));
        assert_eq!(producers.check(claim(1, 5, 1)), Err(ErrorCode::OutOfOrderSequence));
        assert_eq!(producers.check(claim(1, 0, 1)), Ok(Verdict::New));
        producers.note(&batch(1, 0, 1, 2));
        assert_eq!(producers.check(claim(0, 0, 2)), Err(ErrorCode::InvalidProducerEpoch));
    }

    #[test]
    fn a9_an_unknown_producer_may_start_anywhere() {
        assert_eq!(Producers::default().check(claim(0, 42, 2)), Ok(Verdict::New));
    }

    #[test]
    fn e2_first_unstable_follows_the_upstream_test() {
        // ProducerStateManagerTest: tx1 starts at 99, tx2 at 105.
        let mut producers = Producers::default();
        producers.note(&txn(1, 99, None));
        producers.note(&txn(2, 105, None));
        assert_eq!(producers.first_unstable(0), Some(99));
        producers.note(&txn(1, 109, Some(Control::Commit)));
        assert_eq!(producers.first_unstable(0), Some(99));
        assert_eq!(producers.first_unstable(100), Some(99));
        assert_eq!(producers.first_unstable(110), Some(105));
        producers.note(&txn(2, 112, Some(Control::Abort)));
        assert_eq!(producers.first_unstable(112), Some(105));
        assert_eq!(producers.first_unstable(113), None);
        assert_eq!(producers.aborted_in(100, 110), [(2, 105)]);
        assert_eq!(producers.aborted_in(113, 200), []);
    }
}
