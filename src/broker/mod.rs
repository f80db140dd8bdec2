//! The log: topics, partitions, replicas, producers, transactions, groups, in the words of Apache Kafka.
//!
//! Has never heard of banks, listeners or browsers. Everything that happens to a broker comes as a request, a message of
//! another broker, or a timer; everything it causes leaves as an [`Effect`].

mod alarm;
pub mod assignor;
mod cluster;
mod config;
mod controller;
mod effect;
mod error;
mod fact;
pub mod group;
pub mod log;
mod murmur2;
mod partitioner;
pub mod producer;
mod protocol;
mod record;
mod replica;
pub mod share;
mod topics;
mod txn;

pub use cluster::{Cluster, Node, NodeState};
pub use config::{BrokerConfig, CleanupPolicy, ClusterConfig, ConfigError, PerMille, Property, TimestampType, TopicConfig, us, wall_ms};
pub(crate) use config::{iso_duration_ms, properties, read_property, rest_us};
pub use controller::{PartitionState, Registration};
pub use effect::{Effect, Peer, ReplicaFetch, ReplicaFetched, Timer};
pub use error::{ErrorCode, KafkaException};
pub use fact::{DeletionReason, Fact};
pub use murmur2::{murmur2, to_positive};
pub use partitioner::{StickyPartitioner, partition_for_key};
pub use producer::{Producer, ProducerConfig, ProducerEffect, ProducerFact, ProducerTimer, RecordMetadata};
pub use protocol::*;
pub use record::{Bytes, Control, Header, ProducerStamp, Record, bytes};
pub use replica::{FollowerState, Leadership, Replica, Role};
pub use share::{ShareFetchRequest, ShareFetched};
pub use topics::{Topic, Topics};
pub use txn::{Rollover, Txn, TxnCoordinator, TxnState};
