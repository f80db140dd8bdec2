//! A record as it lies in a partition. Does not know what its bytes mean.

use std::sync::Arc;

/// Immutable bytes, shared by every copy of a record.
pub type Bytes = Arc<[u8]>;

/// The UTF-8 bytes of a text.
pub fn bytes(text: &str) -> Bytes {
    Arc::from(text.as_bytes())
}

/// A record header: a name, which may occur several times, and bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Header {
    /// The name.
    pub name: Arc<str>,
    /// The value; `None` is Kafka's null.
    pub value: Option<Bytes>,
}

/// Who produced a record, for idempotence and transactions (A9, E1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ProducerStamp {
    /// The producer id.
    pub producer_id: u64,
    /// The producer's epoch.
    pub epoch: u16,
    /// The record's sequence number in its partition.
    pub sequence: u32,
    /// Whether the record belongs to a transaction.
    pub transactional: bool,
}

/// The kinds of control record that end a transaction in a partition (E1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Control {
    /// The transaction was committed.
    Commit,
    /// The transaction was aborted.
    Abort,
}

/// A record in a partition. Shared as `Arc<Record>`; never changed once appended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// Its index in the partition (B1).
    pub offset: u64,
    /// Milliseconds; CreateTime or LogAppendTime (A11). Virtual time 0 is [`EPOCH_MS`](super::EPOCH_MS).
    pub timestamp_ms: i64,
    /// The key; `None` is null, which is not the empty key (A1).
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone (B10).
    pub value: Option<Bytes>,
    /// The headers, in order.
    pub headers: Arc<[Header]>,
    /// An opaque number of the application's, 0 for none. It travels with the record so that the simulation need not
    /// parse payloads; Kafka has no such field.
    pub tag: u64,
    /// The producer's identity and sequence, if it is idempotent or transactional.
    pub stamp: Option<ProducerStamp>,
    /// Set for the marker that ends a transaction; such a record is never delivered.
    pub control: Option<Control>,
    /// The leader epoch in which it was appended (B5).
    pub leader_epoch: u32,
    /// How many bytes it takes in the log, batch overhead included (B8).
    pub size_bytes: u32,
}
