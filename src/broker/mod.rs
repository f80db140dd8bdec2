//! The log: topics, partitions, replicas, producers, transactions, groups, in the words of Apache Kafka.
//!
//! Has never heard of banks, listeners or browsers. Everything that happens to a broker comes as a request, a message of
//! another broker, or a timer; everything it causes leaves as an [`Effect`].

mod error;
mod protocol;
mod record;

pub use error::{ErrorCode, KafkaException};
pub use protocol::*;
pub use record::{Bytes, Control, Header, ProducerStamp, Record, bytes};
