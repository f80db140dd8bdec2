//! What the cluster causes: answers, messages between brokers, timers, facts. Closed enums; the world carries them out.

use std::sync::Arc;

use super::log::LogBatch;
use super::{BrokerId, ClientId, EpochEnd, ErrorCode, Fact, Response, TopicPartition};
use crate::kernel::SimTime;

/// Something that the world must carry out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Effect {
    /// An answer leaves a broker.
    Respond {
        /// The broker.
        from: BrokerId,
        /// The client that asked.
        to: ClientId,
        /// The number of its request.
        correlation: u64,
        /// The answer.
        response: Response,
    },
    /// A message leaves a broker for another one. It comes back by [`Cluster::peer`](super::Cluster::peer) on arrival.
    Peer {
        /// The sender.
        from: BrokerId,
        /// The addressee.
        to: BrokerId,
        /// The message.
        message: Peer,
    },
    /// [`Cluster::on_timer`](super::Cluster::on_timer) is to be called at this time. There is no cancelling: the cluster
    /// ignores a timer that has lost its meaning.
    Timer {
        /// When.
        at: SimTime,
        /// With what.
        timer: Timer,
    },
    /// Something happened.
    Fact(Fact),
}

/// One partition of a follower's fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplicaFetch {
    /// The partition.
    pub partition: TopicPartition,
    /// The leader epoch that the follower knows.
    pub leader_epoch: u32,
    /// The offset to fetch from: the follower's log end offset.
    pub offset: u64,
    /// The epoch of its last record.
    pub last_epoch: Option<u32>,
    /// Its log start offset.
    pub log_start_offset: u64,
}

/// What a leader tells a follower about one partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReplicaFetched {
    /// The partition.
    pub partition: TopicPartition,
    /// The leader epoch of the answer.
    pub leader_epoch: u32,
    /// Batches from the asked offset on.
    pub batches: Vec<Arc<LogBatch>>,
    /// The leader's high watermark.
    pub high_watermark: u64,
    /// The leader's log start offset.
    pub log_start_offset: u64,
    /// Set if the logs have parted (B5): where.
    pub diverging: Option<EpochEnd>,
    /// Set if the leader could not answer.
    pub error: Option<ErrorCode>,
}

/// A message between brokers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A follower fetches (`FetchRequest` with a replica id).
    Fetch {
        /// The number of the follower's connection and request; an answer to an older one is ignored.
        session: u64,
        /// The partitions that it follows at this leader.
        partitions: Vec<ReplicaFetch>,
    },
    /// The leader's answer.
    Fetched {
        /// The session of the request.
        session: u64,
        /// By partition; absent: nothing new.
        partitions: Vec<ReplicaFetched>,
    },
    /// The leader's process is gone: the connection broke.
    FetchFailed {
        /// The session of the request.
        session: u64,
    },
    /// A leader adds a partition to a transaction before the first append (transaction version 2; `AddPartitionsToTxn`).
    AddToTxn {
        /// The leader's own number of the waiting append.
        verification: u64,
        /// The transaction.
        transactional_id: Arc<str>,
        /// Producer id and epoch.
        producer: (u64, u16),
        /// The partitions.
        partitions: Vec<TopicPartition>,
    },
    /// The coordinator's answer.
    AddedToTxn {
        /// The leader's number.
        verification: u64,
        /// Why not, if it was refused.
        error: Option<ErrorCode>,
    },
    /// The coordinator asks a leader to write a marker (`WriteTxnMarkers`).
    WriteMarker {
        /// The transaction.
        transactional_id: Arc<str>,
        /// Producer id and epoch.
        producer: (u64, u16),
        /// The partition.
        partition: TopicPartition,
        /// Committed or aborted.
        committed: bool,
    },
    /// The marker is in the log of every in-sync replica.
    MarkerWritten {
        /// The transaction.
        transactional_id: Arc<str>,
        /// Producer id and epoch of the request.
        producer: (u64, u16),
        /// The partition.
        partition: TopicPartition,
        /// Why not, if it failed.
        error: Option<ErrorCode>,
    },
}

/// A timer of the cluster. The numbers inside tell a stale one from a living one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Timer {
    /// Waiting fetches and produce requests of a broker may have run out of time.
    Purgatory {
        /// The broker.
        broker: BrokerId,
        /// Its incarnation.
        incarnation: u32,
    },
    /// A follower may fetch from a leader again after a failure.
    FetchBackOff {
        /// The follower.
        broker: BrokerId,
        /// The leader.
        leader: BrokerId,
        /// The session that failed.
        session: u64,
    },
    /// A follower has had no answer for too long.
    FetchTimeout {
        /// The follower.
        broker: BrokerId,
        /// The leader.
        leader: BrokerId,
        /// The session without an answer.
        session: u64,
    },
    /// A leader looks for followers that lag too far (B5).
    IsrCheck {
        /// The broker.
        broker: BrokerId,
        /// Its incarnation.
        incarnation: u32,
    },
    /// The controller has not heard of a broker for the session timeout.
    BrokerSession {
        /// The broker.
        broker: BrokerId,
        /// The incarnation that fell silent.
        incarnation: u32,
    },
    /// A started broker has caught up with the metadata.
    BrokerReady {
        /// The broker.
        broker: BrokerId,
        /// Its incarnation.
        incarnation: u32,
    },
    /// Retention is due on a broker (B7, B8).
    Retention {
        /// The broker.
        broker: BrokerId,
        /// Its incarnation.
        incarnation: u32,
    },
    /// The cleaner wakes up on a broker (B10).
    Cleaner {
        /// The broker.
        broker: BrokerId,
        /// Its incarnation.
        incarnation: u32,
    },
    /// The controller looks for leaders that are not the preferred ones.
    LeaderRebalance,
    /// The transaction coordinator looks for transactions that took too long (E1).
    TxnTimeouts,
    /// Markers that could not be written are tried again.
    TxnMarkers {
        /// The transaction.
        transactional_id: Arc<str>,
        /// Counts the rounds in which markers were sent; a timer of an earlier one is stale.
        round: u32,
    },
    /// Acquisition locks of a share group may have ended on a broker (S5).
    ShareLocks {
        /// The broker.
        broker: BrokerId,
        /// Its incarnation.
        incarnation: u32,
        /// The group.
        group: Arc<str>,
        /// The partition.
        partition: TopicPartition,
    },
    /// A timer of the group coordinator.
    Group(super::group::GroupTimer),
}
