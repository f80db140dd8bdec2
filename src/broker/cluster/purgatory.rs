//! What waits at a broker: long polls of clients and followers, produce requests with acks=all. One timer for all of them.

use super::node::Node;
use super::txns::Marker;
use super::{Asked, Cluster};
use crate::broker::alarm::Alarm;
use crate::broker::{
    BrokerId, ClientId, Effect, ErrorCode, FetchBounds, FetchPartition, IsolationLevel, ProduceAnswer, ReplicaFetch, Timer, TopicPartition,
};
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// A client's fetch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ClientFetch {
    pub(super) isolation: IsolationLevel,
    pub(super) bounds: FetchBounds,
    pub(super) partitions: Vec<FetchPartition>,
}

/// A fetch that waits for news.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum WaitingFetch {
    Client { asked: Asked, fetch: ClientFetch, deadline: SimTime },
    Share { asked: Asked, fetch: Box<super::share::WaitingShare>, deadline: SimTime },
    Replica { follower: BrokerId, session: u64, partitions: Vec<ReplicaFetch>, deadline: SimTime },
}

impl WaitingFetch {
    fn deadline(&self) -> SimTime {
        match self {
            WaitingFetch::Client { deadline, .. } | WaitingFetch::Share { deadline, .. } | WaitingFetch::Replica { deadline, .. } => {
                *deadline
            }
        }
    }

    fn partition_at(&self, index: usize) -> Option<TopicPartition> {
        match self {
            WaitingFetch::Client { fetch, .. } => fetch.partitions.get(index).map(|p| p.partition),
            WaitingFetch::Share { fetch, .. } => fetch.partitions.get(index).copied(),
            WaitingFetch::Replica { partitions, .. } => partitions.get(index).map(|p| p.partition),
        }
    }

    fn partitions(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        (0..).map_while(|i| self.partition_at(i))
    }
}

/// How one partition of a produce request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Produced {
    /// Answered already.
    Done(Result<ProduceAnswer, ErrorCode>),
    /// Appended; waits for the high watermark.
    Waiting(ProduceAnswer),
}

/// Who waits for an append to be replicated.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Waiter {
    /// A client's produce request.
    Client(Asked),
    /// A transaction coordinator's marker.
    Marker { coordinator: BrokerId, marker: Marker },
}

/// An append with acks=all that waits for the in-sync replicas.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct WaitingProduce {
    pub(super) waiter: Waiter,
    pub(super) partitions: Vec<(TopicPartition, Produced)>,
    pub(super) deadline: SimTime,
}

/// What waits at one broker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Purgatory {
    last_id: u64,
    alarm: Alarm,
    deadlines: SortedSet<(SimTime, u64)>,
    fetches: SortedMap<u64, WaitingFetch>,
    produces: SortedMap<u64, WaitingProduce>,
    /// Produce requests that wait for a transaction coordinator, by verification number.
    pub(super) verifications: SortedMap<u64, super::txns::Verification>,
}

impl Purgatory {
    /// A number that was never given before.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn fetches_of(&self, client: ClientId) -> Vec<u64> {
        let of = |fetch: &WaitingFetch| matches!(fetch, WaitingFetch::Client { asked, .. } | WaitingFetch::Share { asked, .. } if asked.client == client);
        self.fetches.iter().filter(|(_, f)| of(f)).map(|(id, _)| *id).collect()
    }

    pub(super) fn fetch(&self, id: u64) -> Option<&WaitingFetch> {
        self.fetches.get(&id)
    }

    pub(super) fn take_fetch(&mut self, id: u64) -> Option<WaitingFetch> {
        let fetch = self.fetches.remove(&id)?;
        self.deadlines.remove(&(fetch.deadline(), id));
        Some(fetch)
    }

    pub(super) fn produce_mut(&mut self, id: u64) -> Option<&mut WaitingProduce> {
        self.produces.get_mut(&id)
    }

    pub(super) fn take_produce(&mut self, id: u64) -> Option<WaitingProduce> {
        let produce = self.produces.remove(&id)?;
        self.deadlines.remove(&(produce.deadline, id));
        Some(produce)
    }

    /// Everything that waits, for a broker that dies.
    pub(super) fn all(&self) -> (impl Iterator<Item = &WaitingFetch>, impl Iterator<Item = &WaitingProduce>) {
        (self.fetches.values(), self.produces.values())
    }

    fn due(&self, now: SimTime) -> Option<u64> {
        self.deadlines.first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }
}

impl Node {
    /// Lets a fetch wait, known to all its partitions.
    pub(super) fn wait_fetch(&mut self, fetch: WaitingFetch, out: &mut Vec<Effect>) {
        let id = self.purgatory.next_id();
        for partition in fetch.partitions() {
            if let Some(replica) = self.replicas.get_mut(&partition) {
                replica.fetch_waiters.push(id);
            }
        }
        self.purgatory.deadlines.insert((fetch.deadline(), id));
        self.purgatory.fetches.insert(id, fetch);
        self.set_purgatory_timer(out);
    }

    /// Lets a produce request wait; its partitions must already know the id.
    pub(super) fn wait_produce(&mut self, id: u64, produce: WaitingProduce, out: &mut Vec<Effect>) {
        self.purgatory.deadlines.insert((produce.deadline, id));
        self.purgatory.produces.insert(id, produce);
        self.set_purgatory_timer(out);
    }

    /// Takes a fetch that was answered off its partitions' lists.
    pub(super) fn unwatch(&mut self, id: u64, fetch: &WaitingFetch) {
        for partition in fetch.partitions() {
            if let Some(replica) = self.replicas.get_mut(&partition) {
                replica.fetch_waiters.retain(|waiter| *waiter != id);
            }
        }
    }

    fn set_purgatory_timer(&mut self, out: &mut Vec<Effect>) {
        let Some((at, _)) = self.purgatory.deadlines.first().copied() else { return };
        if let Some(at) = self.purgatory.alarm.need(at) {
            out.push(Effect::Timer { at, timer: Timer::Purgatory { broker: self.id, incarnation: self.incarnation } });
        }
    }
}

impl Cluster {
    /// Answers what has waited long enough.
    pub(super) fn on_purgatory(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        self.nodes[index].purgatory.alarm.fired(now);
        while let Some(id) = self.nodes[index].purgatory.due(now) {
            if let Some(fetch) = self.nodes[index].purgatory.take_fetch(id) {
                self.nodes[index].unwatch(id, &fetch);
                self.answer_fetch(now, index, &fetch, out);
            } else if let Some(produce) = self.nodes[index].purgatory.take_produce(id) {
                self.expire_produce(index, id, produce, out);
            }
        }
        self.nodes[index].set_purgatory_timer(out);
    }

    fn expire_produce(&mut self, index: usize, id: u64, mut produce: WaitingProduce, out: &mut Vec<Effect>) {
        let node = &mut self.nodes[index];
        for (partition, produced) in &mut produce.partitions {
            if let Produced::Waiting(_) = produced {
                *produced = Produced::Done(Err(ErrorCode::RequestTimedOut));
                if let Some(replica) = node.replicas.get_mut(partition) {
                    replica.produce_waiters.retain(|(_, waiter)| *waiter != id);
                }
            }
        }
        self.answer_waiter(index, produce.waiter, produce.partitions, out);
    }
}
