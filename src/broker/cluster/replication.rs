//! Followers fetching from leaders, the in-sync replicas growing and shrinking, logs cut where they part (B4, B5).

use super::Cluster;
use super::fetch::diverging;
use super::node::NodeState;
use super::purgatory::WaitingFetch;
use crate::broker::replica::{Replica, Role};
use crate::broker::{
    BrokerId, Effect, EpochEnd, ErrorCode, Fact, Peer, ReplicaFetch, ReplicaFetched, Timer, TopicPartition, rest_us, us, wall_ms,
};
use crate::kernel::SimTime;

impl Cluster {
    /// A follower's side: fetches from `leader` unless a fetch is under way or there is nothing to follow there.
    pub(super) fn kick_fetcher(&mut self, now: SimTime, index: usize, leader: BrokerId, out: &mut Vec<Effect>) {
        let watch_us = us(self.config.broker.replica_socket_timeout_ms);
        let node = &mut self.nodes[index];
        let fetcher = node.fetchers.entry(leader).or_default();
        if fetcher.busy {
            return;
        }
        let of = |(partition, replica): (&TopicPartition, &Replica)| {
            (replica.role == Role::Follower(Some(leader))).then(|| ReplicaFetch {
                partition: *partition,
                leader_epoch: replica.leader_epoch,
                offset: replica.log.end(),
                last_epoch: replica.log.last_epoch(),
                log_start_offset: replica.log.start(),
            })
        };
        let partitions: Vec<ReplicaFetch> = node.replicas.iter().filter_map(of).collect();
        if partitions.is_empty() {
            return;
        }
        fetcher.session += 1;
        fetcher.busy = true;
        fetcher.sent_at = now;
        let session = fetcher.session;
        if !fetcher.watched {
            fetcher.watched = true;
            out.push(Effect::Timer { at: now + watch_us, timer: Timer::FetchTimeout { broker: node.id, leader, session } });
        }
        out.push(Effect::Peer { from: node.id, to: leader, message: Peer::Fetch { session, partitions } });
    }

    /// No answer for too long (a severed link): the follower tries again. One timer per connection watches over this.
    pub(super) fn on_fetch_timeout(&mut self, now: SimTime, broker: BrokerId, leader: BrokerId, session: u64, out: &mut Vec<Effect>) {
        let watch_us = us(self.config.broker.replica_socket_timeout_ms);
        let Some(index) = self.index_of(broker) else { return };
        let Some(fetcher) = self.nodes[index].fetchers.get_mut(&leader) else { return };
        if session > fetcher.session {
            return;
        }
        fetcher.watched = false;
        if !fetcher.busy {
            return;
        }
        let due = fetcher.sent_at + watch_us;
        if due <= now {
            fetcher.busy = false;
            return self.kick_fetcher(now, index, leader, out);
        }
        fetcher.watched = true;
        let session = fetcher.session;
        out.push(Effect::Timer { at: due, timer: Timer::FetchTimeout { broker, leader, session } });
    }

    /// The leader's process is gone: back off.
    pub(super) fn on_fetch_failed(&mut self, now: SimTime, index: usize, leader: BrokerId, session: u64, out: &mut Vec<Effect>) {
        let node = &mut self.nodes[index];
        if node.fetchers.get(&leader).is_some_and(|f| f.busy && f.session == session) {
            let at = now + us(self.config.broker.replica_fetch_backoff_ms);
            out.push(Effect::Timer { at, timer: Timer::FetchBackOff { broker: node.id, leader, session } });
        }
    }

    /// The back-off after a failure is over.
    pub(super) fn on_fetch_back_off(&mut self, now: SimTime, broker: BrokerId, leader: BrokerId, session: u64, out: &mut Vec<Effect>) {
        let Some(index) = self.index_of(broker) else { return };
        if let Some(fetcher) = self.nodes[index].fetchers.get_mut(&leader)
            && fetcher.session == session
            && fetcher.busy
        {
            fetcher.busy = false;
            self.kick_fetcher(now, index, leader, out);
        }
    }

    /// A leader's side: a follower fetches, and tells by its offsets how far it has come.
    pub(super) fn handle_replica_fetch(
        &mut self,
        now: SimTime,
        index: usize,
        follower: BrokerId,
        session: u64,
        partitions: Vec<ReplicaFetch>,
        out: &mut Vec<Effect>,
    ) {
        for fetch in &partitions {
            self.note_follower(now, index, follower, fetch, out);
        }
        if self.has_replica_news(index, &partitions) {
            return self.answer_replica_fetch(index, follower, session, &partitions, out);
        }
        let deadline = now + us(self.config.broker.replica_fetch_wait_max_ms);
        self.nodes[index].wait_fetch(WaitingFetch::Replica { follower, session, partitions, deadline }, out);
    }

    /// What a follower's fetch offset means: it has everything below. It may join the ISR; the high watermark may move.
    fn note_follower(&mut self, now: SimTime, index: usize, follower: BrokerId, fetch: &ReplicaFetch, out: &mut Vec<Effect>) {
        let active = self.controller.is_active(follower);
        let Some(replica) = self.nodes[index].replicas.get_mut(&fetch.partition) else { return };
        if replica.leader_epoch != fetch.leader_epoch || diverging(replica, fetch.offset, fetch.last_epoch).is_some() {
            return;
        }
        let end = replica.log.end();
        let high_watermark = replica.high_watermark;
        let Role::Leader(leadership) = &mut replica.role else { return };
        let Some(state) = leadership.followers.iter_mut().find(|f| f.broker == follower) else { return };
        let grown = state.end != Some(fetch.offset);
        state.on_fetch(now, fetch.offset, end);
        let joins =
            !leadership.isr.contains(&follower) && active && fetch.offset >= high_watermark && fetch.offset >= leadership.epoch_start;
        if joins {
            let mut isr = leadership.isr.clone();
            isr.push(follower);
            self.change_isr(now, fetch.partition, isr, out);
        }
        if grown || joins {
            self.progress(now, index, fetch.partition, false, out);
        }
    }

    pub(super) fn has_replica_news(&self, index: usize, partitions: &[ReplicaFetch]) -> bool {
        partitions.iter().any(|fetch| match self.nodes[index].leader(fetch.partition) {
            Some(replica) => {
                replica.leader_epoch != fetch.leader_epoch
                    || replica.log.end() != fetch.offset
                    || replica.log.start() > fetch.log_start_offset
                    || diverging(replica, fetch.offset, fetch.last_epoch).is_some()
            }
            None => true,
        })
    }

    /// Answers a follower with what is new, by partition.
    pub(super) fn answer_replica_fetch(
        &self,
        index: usize,
        follower: BrokerId,
        session: u64,
        partitions: &[ReplicaFetch],
        out: &mut Vec<Effect>,
    ) {
        let bytes_max = self.config.broker.replica_fetch_max_bytes;
        let node = &self.nodes[index];
        let answer = |fetch: &ReplicaFetch| {
            let mut fetched = ReplicaFetched {
                partition: fetch.partition,
                leader_epoch: fetch.leader_epoch,
                batches: Vec::new(),
                high_watermark: 0,
                log_start_offset: 0,
                diverging: None,
                error: None,
            };
            match node.leader(fetch.partition) {
                Some(replica) if replica.leader_epoch == fetch.leader_epoch => {
                    fetched.high_watermark = replica.high_watermark;
                    fetched.log_start_offset = replica.log.start();
                    fetched.diverging = diverging(replica, fetch.offset, fetch.last_epoch);
                    if fetch.offset < replica.log.start() && fetched.diverging.is_none() {
                        fetched.error = Some(ErrorCode::OffsetOutOfRange);
                    } else if fetched.diverging.is_none() && fetch.offset < replica.log.end() {
                        fetched.batches = replica.log.read_batches(fetch.offset, bytes_max);
                    }
                }
                Some(_) => fetched.error = Some(ErrorCode::FencedLeaderEpoch),
                None => fetched.error = Some(ErrorCode::NotLeaderOrFollower),
            }
            fetched
        };
        let partitions = partitions.iter().map(answer).collect();
        out.push(Effect::Peer { from: node.id, to: follower, message: Peer::Fetched { session, partitions } });
    }

    /// A follower's side: the answer has arrived. Appends, and fetches again.
    pub(super) fn on_fetched(
        &mut self,
        now: SimTime,
        index: usize,
        leader: BrokerId,
        session: u64,
        partitions: Vec<ReplicaFetched>,
        out: &mut Vec<Effect>,
    ) {
        let broker = self.nodes[index].id;
        match self.nodes[index].fetchers.get_mut(&leader) {
            Some(fetcher) if fetcher.busy && fetcher.session == session => {}
            _ => return,
        }
        let mut failed = false;
        for fetched in partitions {
            failed |= self.follow(now, index, leader, fetched, out);
        }
        if failed {
            let at = now + us(self.config.broker.replica_fetch_backoff_ms);
            return out.push(Effect::Timer { at, timer: Timer::FetchBackOff { broker, leader, session } });
        }
        if let Some(fetcher) = self.nodes[index].fetchers.get_mut(&leader) {
            fetcher.busy = false;
        }
        self.kick_fetcher(now, index, leader, out);
    }

    /// Takes over what the leader said of one partition. True if the follower must back off.
    fn follow(&mut self, now: SimTime, index: usize, leader: BrokerId, fetched: ReplicaFetched, out: &mut Vec<Effect>) -> bool {
        let partition = fetched.partition;
        let Some(topic) = self.topics.topic(partition.topic) else { return false };
        let node = &mut self.nodes[index];
        let broker = node.id;
        let Some(replica) = node.replicas.get_mut(&partition) else { return false };
        if replica.role != Role::Follower(Some(leader)) || replica.leader_epoch != fetched.leader_epoch {
            return false;
        }
        let from = replica.log.end();
        match fetched.error {
            Some(ErrorCode::OffsetOutOfRange) => replica.log.reset(fetched.log_start_offset, wall_ms(now)),
            Some(_) => return true,
            None => {}
        }
        if let Some(end) = fetched.diverging {
            truncate_to(replica, end);
            out.push(Effect::Fact(Fact::Truncated { broker, partition, from, to: replica.log.end() }));
            return false;
        }
        let start_before = replica.log.start();
        for batch in fetched.batches {
            let end = replica.log.end();
            if replica.log.start() == end && batch.base_offset < end && end <= batch.last_offset {
                // The leader's log begins inside this batch: it is taken whole (`UnexpectedAppendOffsetException`).
                replica.log.reset(batch.base_offset, wall_ms(now));
            }
            if batch.base_offset >= replica.log.end() {
                replica.log.append(batch, &topic.config, wall_ms(now));
            }
        }
        replica.high_watermark = fetched.high_watermark.min(replica.log.end());
        replica.log.producers.on_high_watermark(replica.high_watermark);
        replica.log.advance_start(fetched.log_start_offset);
        let (to, log_end_offset) = (replica.log.start(), replica.log.end());
        if to > start_before {
            out.push(Effect::Fact(Fact::LogStartMoved { broker, partition, from: start_before, to }));
        }
        if log_end_offset > from {
            out.push(Effect::Fact(Fact::Replicated { broker, partition, log_end_offset }));
        }
        false
    }

    /// A leader looks for followers in the ISR that lag too far.
    pub(super) fn on_isr_check(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let lag_us_max = us(self.config.broker.replica_lag_time_max_ms);
        let mut shrinking = Vec::new();
        for (partition, replica) in &self.nodes[index].replicas {
            let Role::Leader(leadership) = &replica.role else { continue };
            let lagging = leadership.lagging(now, replica.log.end(), lag_us_max);
            if !lagging.is_empty() {
                shrinking.push((*partition, leadership.isr.iter().copied().filter(|b| !lagging.contains(b)).collect()));
            }
        }
        for (partition, isr) in shrinking {
            self.change_isr(now, partition, isr, out);
            self.progress(now, index, partition, false, out);
        }
        let (broker, incarnation) = (self.nodes[index].id, self.nodes[index].incarnation);
        let at = now + rest_us(self.config.broker.replica_lag_time_max_ms) / 2;
        out.push(Effect::Timer { at, timer: Timer::IsrCheck { broker, incarnation } });
    }

    /// Whether a broker's process serves.
    pub fn is_up(&self, broker: BrokerId) -> bool {
        self.index_of(broker).is_some_and(|i| self.nodes[i].state == NodeState::Running)
    }
}

/// Cuts a follower's log where it parts from the leader's (`AbstractFetcherThread.getOffsetTruncationState`).
fn truncate_to(replica: &mut Replica, leader_end: EpochEnd) {
    let own_end = replica.log.end();
    let end = match replica.log.epochs.end_of(leader_end.epoch, own_end) {
        Some(own) if own.epoch == leader_end.epoch => leader_end.end_offset.min(own.end_offset),
        Some(own) => own.end_offset.min(leader_end.end_offset),
        None => leader_end.end_offset,
    };
    replica.log.truncate(end.max(replica.log.start().min(own_end)));
    replica.high_watermark = replica.high_watermark.min(replica.log.end());
}
