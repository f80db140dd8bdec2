//! One broker's process and its disk. Knows no other broker but as a name.

use super::purgatory::Purgatory;
use crate::broker::replica::{Replica, Role};
use crate::broker::share::ShareDesk;
use crate::broker::{BrokerId, ClientId, TopicPartition};
use crate::kernel::{SimTime, SortedMap};

/// What a broker's process is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeState {
    /// It serves.
    Running,
    /// It has been started and is not yet counted on.
    Starting,
    /// There is no process.
    Down,
}

/// A follower's connection to one leader (`ReplicaFetcherThread`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Fetcher {
    /// Counts the requests; an answer to another one is stale.
    pub(super) session: u64,
    /// An answer, or the end of a back-off, is awaited.
    pub(super) busy: bool,
    /// When the last request left.
    pub(super) sent_at: SimTime,
    /// Whether the timer that watches over the answers is set.
    pub(super) watched: bool,
}

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node {
    /// Its id.
    pub id: BrokerId,
    /// What its process is doing.
    pub state: NodeState,
    /// How many times it has been started again.
    pub incarnation: u32,
    /// What lies on its disk.
    pub replicas: SortedMap<TopicPartition, Replica>,
    pub(super) purgatory: Purgatory,
    /// By leader.
    pub(super) fetchers: SortedMap<BrokerId, Fetcher>,
    /// What it keeps of share groups (S3 to S13).
    pub shares: ShareDesk,
    /// When its death ends its session with the controller.
    pub(super) session_ends_at: SimTime,
}

impl Node {
    pub(super) fn new(id: BrokerId) -> Node {
        Node {
            id,
            state: NodeState::Running,
            incarnation: 0,
            replicas: SortedMap::new(),
            purgatory: Purgatory::default(),
            fetchers: SortedMap::new(),
            shares: ShareDesk::default(),
            session_ends_at: SimTime::ZERO,
        }
    }

    /// The replica, if this broker leads the partition.
    pub fn leader(&self, partition: TopicPartition) -> Option<&Replica> {
        self.replicas.get(&partition).filter(|r| matches!(r.role, Role::Leader(_)))
    }

    /// Forgets who waited for what, and every role: the process is gone, the disk stays.
    pub(super) fn lose_memory(&mut self) {
        self.purgatory = Purgatory::default();
        self.fetchers.clear();
        self.shares = ShareDesk::default();
        for replica in self.replicas.values_mut() {
            replica.role = Role::Follower(None);
            replica.produce_waiters.clear();
            replica.fetch_waiters.clear();
        }
    }

    /// Forgets the fetches of a client that is gone.
    pub(super) fn forget_client(&mut self, client: ClientId) {
        for id in self.purgatory.fetches_of(client) {
            if let Some(fetch) = self.purgatory.take_fetch(id) {
                self.unwatch(id, &fetch);
            }
        }
    }
}
