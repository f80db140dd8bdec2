//! The log of one replica: batches in segments, the epochs of its leaders, the producers it knows, the transactions in it.
//!
//! Has never heard of leaders, followers or clients: a replica decides what to append and how far it may be read.

mod batch;

pub use batch::{BATCH_OVERHEAD_BYTES, BatchProducer, LogBatch, MARKER_BYTES, batch_bytes, new_record_bytes, record_bytes, sequence_plus};
