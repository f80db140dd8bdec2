//! Share groups at the leader of a partition: share fetches, acknowledgements, locks that end, sessions that end (S3 to S15;
//! upstream `SharePartitionManager`, `DelayedShareFetch`, `ShareFetchUtils`). Knows no member but by its id.

use std::sync::Arc;

use super::purgatory::WaitingFetch;
use super::{Asked, Cluster};
use crate::broker::log::LogBatch;
use crate::broker::replica::Replica;
use crate::broker::share::{
    AckBatch, AcquireMode, Acquired, Ask, RecordState, Settling, ShareFact, ShareGroupConfig, ShareKey, ShareLimits, SharePartition,
    ShareReset, StateBatch,
};
use crate::broker::{
    ClientId, Effect, ErrorCode, Fact, FetchBounds, IsolationLevel, OffsetSpec, Response, ShareFetchRequest, ShareFetched, Timer,
    TopicPartition, wall_ms,
};
use crate::kernel::SimTime;

/// The epoch of a request that ends a share session.
const FINAL: i32 = -1;

/// Acknowledgements by partition, and what came of them.
type Acks = [(TopicPartition, Vec<AckBatch>)];
type AckResults = Vec<(TopicPartition, Result<(), ErrorCode>)>;

/// A share fetch that waits for records.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct WaitingShare {
    pub(super) group: Arc<str>,
    pub(super) member: Arc<str>,
    /// In the order in which they are served.
    pub(super) partitions: Vec<TopicPartition>,
    bounds: FetchBounds,
    records_max: u64,
    batch_size: u64,
    mode: AcquireMode,
    acknowledged: AckResults,
}

/// Batches of a log with the producers whose transactions in them were aborted.
struct Read {
    batches: Vec<Arc<LogBatch>>,
    aborted: Vec<(u64, u64)>,
}

impl Cluster {
    pub(super) fn handle_share_fetch(&mut self, now: SimTime, asked: Asked, request: ShareFetchRequest, out: &mut Vec<Effect>) {
        let from = self.nodes[asked.node].id;
        let respond = |response| Effect::Respond { from, to: asked.client, correlation: asked.correlation, response };
        let ShareFetchRequest {
            group,
            member_id,
            epoch,
            wait_us_max,
            bounds,
            records_max,
            batch_size,
            mode,
            renews,
            added,
            forgotten,
            acks,
        } = request;
        let who = (Arc::clone(&group), Arc::clone(&member_id));
        let desk = &mut self.nodes[asked.node].shares;
        if let Err(error) = desk.fetch(who.clone(), asked.client, epoch, (&added, &forgotten), !acks.is_empty()) {
            return out.push(respond(Response::Error(error)));
        }
        let mut partitions = desk.sessions.get(&who).map(|s| s.partitions.clone()).unwrap_or_default();
        // Another one is served first each time (`PartitionRotateStrategy`).
        let place = usize::try_from(epoch).unwrap_or(0) % partitions.len().max(1);
        partitions.rotate_left(place);
        let acknowledged = self.take_acks(now, asked.node, &who, &acks, out);
        let fetch = WaitingShare { group, member: member_id, partitions, bounds, records_max, batch_size, mode, acknowledged };
        let wants = records_max > 0 && bounds.bytes_max > 0;
        if renews || (!wants && !fetch.partitions.is_empty()) {
            let lock_us = self.share_limits(&fetch.group).lock_us;
            return out.push(respond(Response::ShareFetch { partitions: Vec::new(), acknowledged: fetch.acknowledged, lock_us }));
        }
        if let Some(response) = self.share_answers_while_loading(now, asked.node, &fetch, out) {
            return out.push(respond(response));
        }
        let waiting = WaitingFetch::Share { asked, fetch: Box::new(fetch), deadline: now + wait_us_max };
        self.nodes[asked.node].wait_fetch(waiting, out);
    }

    pub(super) fn handle_share_acknowledge(
        &mut self,
        now: SimTime,
        asked: Asked,
        who: &(Arc<str>, Arc<str>),
        epoch: i32,
        acks: &Acks,
        out: &mut Vec<Effect>,
    ) {
        let from = self.nodes[asked.node].id;
        let response = match self.nodes[asked.node].shares.acknowledge(who, epoch) {
            Err(error) => Response::Error(error),
            Ok(()) => {
                let acknowledged = self.take_acks(now, asked.node, who, acks, out);
                if epoch == FINAL {
                    self.release_session(now, asked.node, who, out);
                }
                Response::ShareAcknowledge { acknowledged, lock_us: self.share_limits(&who.0).lock_us }
            }
        };
        out.push(Effect::Respond { from, to: asked.client, correlation: asked.correlation, response });
    }

    fn take_acks(&mut self, now: SimTime, index: usize, who: &(Arc<str>, Arc<str>), acks: &Acks, out: &mut Vec<Effect>) -> AckResults {
        let one = |(partition, batches): &(TopicPartition, Vec<AckBatch>)| {
            let result = self.acknowledge(now, index, who, *partition, batches, out);
            (*partition, result)
        };
        acks.iter().map(one).collect()
    }

    fn acknowledge(
        &mut self,
        now: SimTime,
        index: usize,
        who: &(Arc<str>, Arc<str>),
        partition: TopicPartition,
        acks: &[AckBatch],
        out: &mut Vec<Effect>,
    ) -> Result<(), ErrorCode> {
        let limits = self.share_limits(&who.0);
        let key = (Arc::clone(&who.0), partition);
        let broker = self.nodes[index].id;
        let share = self.nodes[index].shares.partitions.get_mut(&key).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let done = share.acknowledge(now, &who.1, acks, &limits).inspect_err(|error| {
            let (group, member) = (Arc::clone(&who.0), Arc::clone(&who.1));
            out.push(fact(ShareFact::Refused { broker, group, member, partition, error: *error }));
        })?;
        for (first, last) in together(done.renewed.iter().copied()) {
            out.push(fact(ShareFact::Renewed { broker, group: Arc::clone(&who.0), partition, first, last }));
        }
        let settled: Vec<(StateBatch, Settling)> = done.settled.iter().map(|(b, ack)| (*b, Settling::Acknowledged(*ack))).collect();
        self.write_share(now, index, &key, &settled, out);
        self.arm_share_locks(index, &key, out);
        Ok(())
    }

    /// What has changed is written, told, and may concern fetches that wait (S10, S12).
    fn write_share(&mut self, now: SimTime, index: usize, key: &ShareKey, settled: &[(StateBatch, Settling)], out: &mut Vec<Effect>) {
        if settled.is_empty() {
            return;
        }
        let broker = self.nodes[index].id;
        let Some(share) = self.nodes[index].shares.partitions.get_mut(key) else { return };
        let from = share.start();
        let batches: Vec<StateBatch> = settled.iter().map(|(batch, _)| *batch).collect();
        share.write(self.share_states.entry(key.clone()).or_default(), &batches);
        let to = share.start();
        let (group, partition) = (&key.0, key.1);
        for (StateBatch { first, last, state, delivery_count }, by) in joined(settled) {
            let group = Arc::clone(group);
            out.push(fact(ShareFact::Settled { broker, group, partition, first, last, state, delivery_count, by }));
        }
        if to > from {
            out.push(fact(ShareFact::StartMoved { broker, group: Arc::clone(group), partition, from, to }));
        }
        self.wake_fetches(now, index, partition, out);
    }

    /// Locks of a share group may have ended here (S5).
    pub(super) fn on_share_locks(&mut self, now: SimTime, index: usize, key: ShareKey, out: &mut Vec<Effect>) {
        let limits = self.share_limits(&key.0);
        let Some(share) = self.nodes[index].shares.partitions.get_mut(&key) else { return };
        share.armed.retain(|at| *at > now);
        let ended = share.end_locks(now, &limits);
        let settled: Vec<(StateBatch, Settling)> = ended.into_iter().map(|b| (b, Settling::LockTimeout)).collect();
        self.write_share(now, index, &key, &settled, out);
        self.arm_share_locks(index, &key, out);
    }

    /// Sees to it that a timer is under way for the lock that ends first.
    fn arm_share_locks(&mut self, index: usize, key: &ShareKey, out: &mut Vec<Effect>) {
        let node = &mut self.nodes[index];
        let (broker, incarnation) = (node.id, node.incarnation);
        let Some(share) = node.shares.partitions.get_mut(key) else { return };
        if let Some(at) = share.next_lock_end().filter(|at| share.armed.first().is_none_or(|armed| armed > at)) {
            share.armed.insert(at);
            let timer = Timer::ShareLocks { broker, incarnation, group: Arc::clone(&key.0), partition: key.1 };
            out.push(Effect::Timer { at, timer });
        }
    }

    /// A client's connection to this broker is gone, and with it its share sessions (S13).
    pub(super) fn end_share_sessions(&mut self, now: SimTime, index: usize, client: ClientId, out: &mut Vec<Effect>) {
        let sessions = self.nodes[index].shares.sessions_of(client);
        for who in &sessions {
            self.release_session(now, index, who, out);
        }
        self.nodes[index].shares.drop_idle();
    }

    /// A session is over: what its member holds is available again (S13).
    fn release_session(&mut self, now: SimTime, index: usize, who: &(Arc<str>, Arc<str>), out: &mut Vec<Effect>) {
        let Some(session) = self.nodes[index].shares.sessions.remove(who) else { return };
        let limits = self.share_limits(&who.0);
        for partition in session.partitions {
            let key = (Arc::clone(&who.0), partition);
            let Some(share) = self.nodes[index].shares.partitions.get_mut(&key) else { continue };
            let released = share.release_all_of(&who.1, &limits);
            let settled: Vec<(StateBatch, Settling)> = released.into_iter().map(|b| (b, Settling::SessionClosed)).collect();
            self.write_share(now, index, &key, &settled, out);
        }
    }

    /// The settings that a share group has in effect.
    pub(super) fn share_config(&self, group: &str) -> ShareGroupConfig {
        self.groups.share_config(group).cloned().unwrap_or_default()
    }

    /// The limits of a share group.
    pub fn share_limits(&self, group: &str) -> ShareLimits {
        let broker = &self.config.broker;
        ShareLimits {
            delivery_count_max: broker.group_share_delivery_count_limit,
            in_flight_max: broker.group_share_partition_max_record_locks,
            lock_us: self.share_config(group).lock_us(broker),
        }
    }

    /// Reads the written state of a partition unless this leader has it already (S2, S12).
    fn load_share(&mut self, now: SimTime, index: usize, key: &ShareKey, out: &mut Vec<Effect>) -> Result<(), ErrorCode> {
        self.leader_at(index, key.1)?;
        if self.nodes[index].shares.partitions.contains_key(key) {
            return Ok(());
        }
        let stored = self.share_states.get(key).cloned().unwrap_or_default();
        let beginning = match stored.start {
            Some(start) => start,
            None => self.share_beginning(now, index, key)?,
        };
        let share = SharePartition::load(&stored, beginning);
        let (broker, group, partition, start) = (self.nodes[index].id, Arc::clone(&key.0), key.1, share.start());
        out.push(fact(ShareFact::Loaded { broker, group, partition, start }));
        self.nodes[index].shares.partitions.insert(key.clone(), share);
        Ok(())
    }

    /// Where a group begins that has never been here (`share.auto.offset.reset`, S2).
    fn share_beginning(&self, now: SimTime, index: usize, key: &ShareKey) -> Result<u64, ErrorCode> {
        let spec = match self.share_config(&key.0).auto_offset_reset {
            ShareReset::Earliest => OffsetSpec::Earliest,
            ShareReset::Latest => OffsetSpec::Latest,
            ShareReset::ByDuration { ms } => OffsetSpec::Timestamp(wall_ms(now).saturating_sub_unsigned(ms)),
        };
        let listed = self.list_offset(index, key.1, spec, IsolationLevel::ReadUncommitted)?;
        listed.offset.ok_or(ErrorCode::OffsetNotAvailable)
    }

    /// Whether a share fetch would be given something, or hear of an error, if it were answered now.
    pub(super) fn has_shareable_news(&mut self, now: SimTime, index: usize, fetch: &WaitingShare, out: &mut Vec<Effect>) -> bool {
        let (limits, isolation) = (self.share_limits(&fetch.group), self.share_config(&fetch.group).isolation_level);
        let mut bytes = 0;
        for partition in &fetch.partitions {
            let key = (Arc::clone(&fetch.group), *partition);
            if self.load_share(now, index, &key, out).is_err() {
                return true;
            }
            let node = &mut self.nodes[index];
            let (Some(share), Some(replica)) = (node.shares.partitions.get_mut(&key), node.replicas.get(partition)) else { return true };
            if !share.can_acquire(&limits) {
                continue;
            }
            let (from, end) = (share.next_fetch_offset(), replica.readable_end(isolation));
            if from < replica.log.start() || from > replica.log.end() {
                return true;
            }
            if from < end {
                bytes += replica.log.read(from, end, u64::from(fetch.bounds.bytes_max), true).1;
            }
        }
        bytes > 0 && bytes >= u64::from(fetch.bounds.bytes_min)
    }

    /// What a fetch is given at once. Partitions that this leader does not have yet are read one after the other, and the first
    /// that has something to give answers: those behind it wait for the next fetch (`DelayedShareFetch.tryComplete`).
    fn share_answers_while_loading(&mut self, now: SimTime, index: usize, fetch: &WaitingShare, out: &mut Vec<Effect>) -> Option<Response> {
        let known = &self.nodes[index].shares.partitions;
        let is_unknown = |p: &&TopicPartition| !known.contains_key(&(Arc::clone(&fetch.group), **p));
        let unknown: Vec<TopicPartition> = fetch.partitions.iter().filter(is_unknown).copied().collect();
        for read in 0..=unknown.len() {
            let missing = &unknown[read..];
            let partitions: Vec<TopicPartition> = fetch.partitions.iter().filter(|p| !missing.contains(p)).copied().collect();
            let ready = WaitingShare { partitions, ..fetch.clone() };
            if self.has_shareable_news(now, index, &ready, out) {
                let response = self.share_answers(now, index, &ready, out);
                for partition in missing {
                    // An error is for the fetch that meets it.
                    let _unread = self.load_share(now, index, &(Arc::clone(&fetch.group), *partition), out);
                }
                return Some(response);
            }
        }
        None
    }

    /// Gives a member what there is (`ShareFetchUtils#processFetchResponse`).
    pub(super) fn share_answers(&mut self, now: SimTime, index: usize, fetch: &WaitingShare, out: &mut Vec<Effect>) -> Response {
        let limits = self.share_limits(&fetch.group);
        let mut partitions = Vec::new();
        let mut given = 0;
        for partition in &fetch.partitions {
            let key = (Arc::clone(&fetch.group), *partition);
            let answer = match self.load_share(now, index, &key, out) {
                Err(error) => Err(error),
                Ok(()) => Ok(self.give_out(now, index, &key, fetch, fetch.records_max.saturating_sub(given), out)),
            };
            if let Ok(fetched) = &answer {
                if fetched.acquired.is_empty() {
                    continue;
                }
                given += fetched.acquired.iter().map(|a| a.last - a.first + 1).sum::<u64>();
            }
            partitions.push((*partition, answer));
        }
        Response::ShareFetch { partitions, acknowledged: fetch.acknowledged.clone(), lock_us: limits.lock_us }
    }

    fn give_out(
        &mut self,
        now: SimTime,
        index: usize,
        key: &ShareKey,
        fetch: &WaitingShare,
        records_max: u64,
        out: &mut Vec<Effect>,
    ) -> ShareFetched {
        let (limits, isolation) = (self.share_limits(&key.0), self.share_config(&key.0).isolation_level);
        let broker = self.nodes[index].id;
        let node = &mut self.nodes[index];
        let (Some(share), Some(replica)) = (node.shares.partitions.get_mut(key), node.replicas.get(&key.1)) else {
            return ShareFetched::default();
        };
        if !share.can_acquire(&limits) {
            return ShareFetched::default();
        }
        let fetch_offset = share.next_fetch_offset();
        if fetch_offset < replica.log.start() {
            let (from, start) = (share.start(), replica.log.start());
            let archived = share.log_starts_at(start);
            tell_archived(out, broker, key, &archived, Settling::LogStart);
            if start > from {
                out.push(fact(ShareFact::StartMoved { broker, group: Arc::clone(&key.0), partition: key.1, from, to: start }));
            }
            return ShareFetched::default();
        }
        // The bytes are for all partitions alike (`PartitionMaxBytesStrategy`).
        let bytes_max = u64::from(fetch.bounds.bytes_max) / fetch.partitions.len().max(1) as u64;
        let read = read_batches(replica, fetch_offset, isolation, bytes_max);
        let record_limit = fetch.mode == AcquireMode::RecordLimit;
        let member = Arc::clone(&fetch.member);
        let ask = Ask { now, member, record_limit, batch_size: fetch.batch_size, records_max, fetch_offset, limits };
        let before = archived_within(share, &read);
        let acquired = share.acquire(&ask, &read.batches, &read.aborted);
        let aborted: Vec<u64> = archived_within(share, &read).into_iter().filter(|offset| !before.contains(offset)).collect();
        tell_archived(out, broker, key, &aborted, Settling::Aborted);
        for Acquired { first, last, delivery_count } in &acquired {
            let (group, member) = (Arc::clone(&key.0), Arc::clone(&fetch.member));
            let (first, last, delivery_count) = (*first, *last, *delivery_count);
            out.push(fact(ShareFact::Acquired { broker, group, member, partition: key.1, first, last, delivery_count }));
        }
        let fetched = fetched(&read, acquired);
        self.arm_share_locks(index, key, out);
        fetched
    }
}

pub(super) fn fact(fact: ShareFact) -> Effect {
    Effect::Fact(Fact::Share(fact))
}

fn tell_archived(out: &mut Vec<Effect>, broker: crate::broker::BrokerId, key: &ShareKey, offsets: &[u64], by: Settling) {
    for (first, last) in together(offsets.iter().map(|o| (*o, *o))) {
        let (group, partition, state) = (Arc::clone(&key.0), key.1, RecordState::Archived);
        out.push(fact(ShareFact::Settled { broker, group, partition, first, last, state, delivery_count: 0, by }));
    }
}

fn archived_within(share: &SharePartition, read: &Read) -> Vec<u64> {
    if read.aborted.is_empty() {
        return Vec::new();
    }
    share.in_flight().filter(|(_, s)| s.state == RecordState::Archived).map(|(offset, _)| offset).collect()
}

/// Neighbouring stretches made one.
fn together(all: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (first, last) in all {
        match joined.last_mut() {
            Some(before) if before.1 + 1 == first => before.1 = last,
            _ => joined.push((first, last)),
        }
    }
    joined
}

/// Neighbouring states that are alike made one.
fn joined(all: &[(StateBatch, Settling)]) -> Vec<(StateBatch, Settling)> {
    let mut joined: Vec<(StateBatch, Settling)> = Vec::new();
    for (batch, by) in all {
        match joined.last_mut() {
            Some((before, of)) if before.last + 1 == batch.first && *of == *by && alike(before, batch) => before.last = batch.last,
            _ => joined.push((*batch, *by)),
        }
    }
    joined
}

fn alike(a: &StateBatch, b: &StateBatch) -> bool {
    a.state == b.state && a.delivery_count == b.delivery_count
}

/// Whole batches from the one on in which `from` lies, at least one, as far as the group may see.
fn read_batches(replica: &Replica, from: u64, isolation: IsolationLevel, bytes_max: u64) -> Read {
    let end = replica.readable_end(isolation);
    let mut batches: Vec<Arc<LogBatch>> = Vec::new();
    let mut bytes = 0;
    for batch in replica.log.batches_from(from).take_while(|b| b.base_offset < end) {
        bytes += u64::from(batch.bytes);
        if !batches.is_empty() && bytes > bytes_max {
            break;
        }
        batches.push(Arc::clone(batch));
    }
    let aborted = match (isolation, batches.first(), batches.last()) {
        (IsolationLevel::ReadCommitted, Some(first), Some(last)) => {
            replica.log.producers.aborted_in(first.base_offset, last.last_offset + 1)
        }
        _ => Vec::new(),
    };
    Read { batches, aborted }
}

/// The records among what was acquired, and where the log's batches end.
fn fetched(read: &Read, acquired: Vec<Acquired>) -> ShareFetched {
    let is_given = |offset: u64| acquired.iter().any(|a| (a.first..=a.last).contains(&offset));
    let records = read.batches.iter().flat_map(|b| &b.records).filter(|r| r.control.is_none() && is_given(r.offset)).cloned().collect();
    let batch_ends = if acquired.is_empty() { Vec::new() } else { read.batches.iter().map(|b| b.last_offset).collect() };
    ShareFetched { acquired, records, batch_ends }
}
