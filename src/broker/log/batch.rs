//! A batch as it lies in the log, and how many bytes it takes (magic 2, not compressed). Knows no segment.

use std::sync::Arc;

use crate::broker::{Control, Header, NewRecord, Record};

/// The header of a record batch in bytes (`DefaultRecordBatch.RECORD_BATCH_OVERHEAD`).
pub const BATCH_OVERHEAD_BYTES: u32 = 61;

/// The size of an end-transaction marker's batch: a key of 4 and a value of 6 bytes.
pub const MARKER_BYTES: u32 = BATCH_OVERHEAD_BYTES + 17;

/// The producer's part of a batch header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchProducer {
    /// The producer id.
    pub id: u64,
    /// Its epoch.
    pub epoch: u16,
    /// The sequence number of the batch's first record as it was appended.
    pub base_sequence: u32,
    /// Whether the batch belongs to a transaction.
    pub transactional: bool,
}

/// A batch in the log. Shared by all replicas; compaction replaces it by a smaller one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogBatch {
    /// The offset of the first record as it was appended.
    pub base_offset: u64,
    /// The offset of the last record as it was appended.
    pub last_offset: u64,
    /// The leader epoch of the append.
    pub leader_epoch: u32,
    /// The largest timestamp, in milliseconds.
    pub max_timestamp_ms: i64,
    /// How many bytes the batch takes.
    pub bytes: u32,
    /// The producer, if it is idempotent or transactional.
    pub producer: Option<BatchProducer>,
    /// Set for a marker.
    pub control: Option<Control>,
    /// When its tombstones or its marker may go (B10); set by the cleaner's first pass.
    pub delete_horizon_ms: Option<i64>,
    /// The records that are left of it, by offset.
    pub records: Vec<Arc<Record>>,
}

impl LogBatch {
    /// How many offsets the batch spans.
    pub fn span(&self) -> u64 {
        self.last_offset - self.base_offset + 1
    }

    /// The sequence number of the last record; wraps after `i32::MAX` (A9).
    pub fn last_sequence(&self) -> Option<u32> {
        self.producer.map(|p| sequence_plus(p.base_sequence, self.span() as u32 - 1))
    }
}

/// A sequence number `n` further on: after `i32::MAX` comes 0 (`DefaultRecordBatch.incrementSequence`).
pub const fn sequence_plus(sequence: u32, n: u32) -> u32 {
    (sequence + n) & 0x7fff_ffff
}

/// The bytes of a zigzag varint.
const fn varint_bytes(value: i64) -> u32 {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    let bits = 64 - (zigzag | 1).leading_zeros();
    bits.div_ceil(7)
}

/// The bytes of a length-prefixed array; null takes one.
fn field_bytes(length: Option<usize>) -> u32 {
    match length {
        Some(length) => varint_bytes(length as i64) + length as u32,
        None => 1,
    }
}

/// The bytes of one record inside a batch (`DefaultRecord.sizeInBytes`).
pub fn record_bytes(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header], offset_delta: u32, timestamp_delta_ms: i64) -> u32 {
    let body = 1 + varint_bytes(timestamp_delta_ms) + varint_bytes(i64::from(offset_delta)) + fields_bytes(key, value, headers);
    body + varint_bytes(i64::from(body))
}

fn fields_bytes(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header]) -> u32 {
    let fields = field_bytes(key.map(<[u8]>::len)) + field_bytes(value.map(<[u8]>::len)) + varint_bytes(headers.len() as i64);
    let header_bytes = |header: &Header| field_bytes(Some(header.name.len())) + field_bytes(header.value.as_ref().map(|v| v.len()));
    fields + headers.iter().map(header_bytes).sum::<u32>()
}

/// The bytes of a record wherever in a batch it may stand (`DefaultRecord.recordSizeUpperBound`).
pub fn record_bytes_at_most(record: &NewRecord) -> u32 {
    /// Length, attributes, timestamp and offset at their longest.
    const OVERHEAD_BYTES_MAX: u32 = 21;
    OVERHEAD_BYTES_MAX + fields_bytes(record.key.as_deref(), record.value.as_deref(), &record.headers)
}

/// The bytes of `record` as number `index` of a batch whose first timestamp is `base_timestamp_ms`.
pub fn new_record_bytes(record: &NewRecord, index: u32, base_timestamp_ms: i64) -> u32 {
    let delta = record.timestamp_ms.saturating_sub(base_timestamp_ms);
    record_bytes(record.key.as_deref(), record.value.as_deref(), &record.headers, index, delta)
}

/// The bytes of a batch of these records, header included.
pub fn batch_bytes(records: &[NewRecord]) -> u32 {
    let base = records.first().map_or(0, |r| r.timestamp_ms);
    records.iter().enumerate().fold(BATCH_OVERHEAD_BYTES, |sum, (i, r)| sum + new_record_bytes(r, i as u32, base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::bytes;

    fn record(key: Option<&str>, value: Option<&str>) -> NewRecord {
        NewRecord { key: key.map(bytes), value: value.map(bytes), headers: Arc::from([]), timestamp_ms: 1_000, tag: 0 }
    }

    #[test]
    fn b8_a_batch_of_one_small_record_takes_68_bytes_and_key_and_value() {
        assert_eq!(batch_bytes(&[record(None, Some("v"))]), 69);
        assert_eq!(batch_bytes(&[record(None, Some("v0"))]), 70);
        assert_eq!(batch_bytes(&[record(Some("A"), Some("1"))]), 70);
        assert_eq!(batch_bytes(&[record(Some("B"), None)]), 69);
    }

    #[test]
    fn large_values_have_longer_lengths() {
        let value = "x".repeat(900);
        assert_eq!(batch_bytes(&[record(None, Some(&value))]), 61 + 2 + 6 + 1 + 900);
    }

    #[test]
    fn a9_sequences_wrap_to_zero() {
        assert_eq!(sequence_plus(0x7fff_ffff, 1), 0);
        assert_eq!(sequence_plus(5, 2), 7);
    }
}
