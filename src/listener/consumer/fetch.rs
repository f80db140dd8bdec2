//! Fetching and what `poll` takes of it (B2, C3, E2; `Fetcher`, `FetchCollector`). Knows no group.

use std::sync::Arc;

use super::deserialize::deserialize;
use super::network::Purpose;
use super::subscription::Buffer;
use super::{Consumer, ConsumerConfig, ConsumerEffect, ConsumerFact, OffsetReset, Phase};
use crate::broker::{
    BrokerId, Control, ErrorCode, FetchAnswer, FetchBounds, FetchPartition, IsolationLevel, KafkaException, Record, Request, Response,
    TopicPartition, us,
};
use crate::kernel::{Deque, SimTime, SortedMap, SortedSet};
use crate::listener::ConsumerRecord;

impl Consumer {
    /// Sends a fetch to every leader that has something to give: one at a time, and none to a leader of which fetched
    /// records still wait to be polled.
    pub(super) fn send_fetches(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        // With the policy none a partition that has no position makes each poll throw before it fetches (`updateFetchPositions`).
        let initializing = || self.subscriptions.partitions.values().any(|state| state.phase == Phase::Initializing);
        if self.config.auto_offset_reset == OffsetReset::None && initializing() {
            return;
        }
        let mut blocked: SortedSet<BrokerId> = SortedSet::new();
        let mut by_leader: SortedMap<BrokerId, Vec<FetchPartition>> = SortedMap::new();
        let mut leaderless = false;
        for (partition, state) in &self.subscriptions.partitions {
            if state.paused || state.revoking || state.phase != Phase::Fetching {
                continue;
            }
            let Some((leader, _)) = self.net.leader(*partition) else {
                leaderless = true;
                continue;
            };
            if state.buffer.is_some() {
                blocked.insert(leader);
            } else if !self.is_fetching_from(leader) && !self.net.avoid.contains_key(&leader) {
                let fetch = FetchPartition { partition: *partition, offset: state.offset, last_fetched_epoch: None };
                by_leader.entry(leader).or_default().push(fetch);
            }
        }
        if leaderless {
            self.net.mark_stale();
        }
        if !blocked.is_empty() {
            by_leader.retain(|leader, _| !blocked.contains(leader));
        }
        for (leader, mut partitions) in by_leader {
            // What brought records goes to the end (`SubscriptionState#movePartitionToEnd`), so that nobody starves.
            if self.is_narrow(partitions.len()) {
                crate::kernel::sort_by_key(&mut partitions, |p| {
                    self.subscriptions.partitions.get(&p.partition).map_or(0, |state| state.fetched_count)
                });
            }
            let request = Request::Fetch {
                isolation: self.config.isolation_level,
                wait_us_max: us(self.config.fetch_max_wait_ms),
                bounds: self.bounds(),
                partitions: partitions.clone(),
            };
            self.send(now, Some(leader), Purpose::Fetch { partitions }, request, out);
        }
    }

    fn bounds(&self) -> FetchBounds {
        let ConsumerConfig { fetch_min_bytes, fetch_max_bytes, max_partition_fetch_bytes, .. } = *self.config;
        FetchBounds { bytes_min: fetch_min_bytes, bytes_max: fetch_max_bytes, partition_bytes_max: max_partition_fetch_bytes }
    }

    /// Whether `fetch.max.bytes` may leave no room for the last of so many partitions.
    fn is_narrow(&self, partitions: usize) -> bool {
        let wanted = u64::from(self.config.max_partition_fetch_bytes).saturating_mul(partitions as u64);
        u64::from(self.config.fetch_max_bytes) < wanted
    }

    pub(super) fn on_fetched(&mut self, now: SimTime, asked: &[FetchPartition], response: Response, out: &mut Vec<ConsumerEffect>) {
        let Response::Fetch { partitions } = response else { return };
        for (partition, result) in partitions {
            let Some(asked) = asked.iter().find(|a| a.partition == partition) else { continue };
            let Some(state) = self.subscriptions.partitions.get_mut(&partition) else { continue };
            // After a seek or a reset the answer is of no use.
            if state.phase != Phase::Fetching || state.offset != asked.offset || state.buffer.is_some() {
                continue;
            }
            match result {
                Ok(answer) => self.keep(partition, asked.offset, answer, out),
                Err(ErrorCode::OffsetOutOfRange) => {
                    let error = Some(ErrorCode::OffsetOutOfRange);
                    state.buffer = Some(Buffer { records: Deque::new(), end: asked.offset, end_epoch: None, error });
                    self.subscriptions.queue.push_back(partition);
                }
                Err(_) => {
                    self.net.mark_stale();
                    if let Some((leader, _)) = self.net.leader(partition) {
                        self.net.avoid.insert(leader, now + self.retry_us());
                    }
                }
            }
        }
    }

    /// Keeps fetched records until they are polled.
    fn keep(&mut self, partition: TopicPartition, from: u64, answer: FetchAnswer, out: &mut Vec<ConsumerEffect>) {
        let isolation = self.config.isolation_level;
        let state = self.subscriptions.partitions.get_mut(&partition).expect("the caller has looked it up");
        state.high_watermark = Some(answer.high_watermark);
        let Some(last) = answer.records.last() else { return };
        let (end, end_epoch) = (last.offset + 1, Some(last.leader_epoch));
        let records = visible(answer, isolation);
        state.fetched_count += 1;
        out.push(ConsumerEffect::Fact(ConsumerFact::Fetched { partition, from, to: end, records: records.len() as u32 }));
        state.buffer = Some(Buffer { records, end, end_epoch, error: None });
        self.subscriptions.queue.push_back(partition);
    }

    /// Takes up to `max.poll.records` of what was fetched, one partition after the other (C3). `None`: nothing, and no
    /// position moved either.
    pub(super) fn collect(&mut self) -> Result<Option<Vec<ConsumerRecord>>, KafkaException> {
        if self.subscriptions.queue.is_empty() {
            return Ok(None);
        }
        let mut taken: Vec<ConsumerRecord> = Vec::new();
        let mut moved = false;
        let mut aside: Vec<TopicPartition> = Vec::new();
        let mut failed = None;
        while (taken.len() as u32) < self.config.max_poll_records {
            let Some(partition) = self.subscriptions.queue.front().copied() else { break };
            let state = self.subscriptions.partitions.get(&partition);
            if state.is_some_and(|s| s.buffer.is_some() && (s.paused || s.revoking)) {
                aside.push(partition);
                self.subscriptions.queue.pop_front();
                continue;
            }
            match self.drain(partition, &mut taken) {
                Ok(drained) => moved |= drained,
                Err(error) if taken.is_empty() => failed = Some(error),
                Err(_) => {}
            }
            if self.subscriptions.partitions.get(&partition).is_some_and(|s| s.buffer.is_some()) {
                break;
            }
            self.subscriptions.queue.pop_front();
            if failed.is_some() {
                break;
            }
        }
        if !aside.is_empty() {
            self.subscriptions.queue.extend(aside);
        }
        if let Some(error) = failed {
            return Err(error);
        }
        // The order of partitions inside a poll is free in Kafka; here it is ascending.
        crate::kernel::sort_by_key(&mut taken, |r| r.partition);
        Ok((moved || !taken.is_empty()).then_some(taken))
    }

    /// Takes what it can of one partition's buffer; an empty buffer is dropped. Whether the position moved.
    fn drain(&mut self, partition: TopicPartition, taken: &mut Vec<ConsumerRecord>) -> Result<bool, KafkaException> {
        let config = Arc::clone(&self.config);
        let Some(state) = self.subscriptions.partitions.get_mut(&partition) else { return Ok(false) };
        let Some(buffer) = state.buffer.as_mut() else { return Ok(false) };
        if let Some(error) = buffer.error {
            state.buffer = None;
            return self.out_of_range(partition, error);
        }
        let before = state.offset;
        while let Some(record) = buffer.records.front() {
            if taken.len() as u32 >= config.max_poll_records {
                return Ok(state.offset != before);
            }
            let seen = deserialize(&config, record)?;
            state.offset = record.offset + 1;
            state.epoch = Some(record.leader_epoch);
            taken.push(ConsumerRecord { partition, record: seen });
            buffer.records.pop_front();
        }
        // Only who asks for more finds that there is none: until then nothing new is fetched (`CompletedFetch.isConsumed`).
        if (taken.len() as u32) < config.max_poll_records {
            // What follows the last visible record is skipped as well.
            state.offset = buffer.end;
            state.epoch = buffer.end_epoch;
            state.buffer = None;
        }
        Ok(state.offset != before)
    }

    /// The position is not in the log (B11).
    fn out_of_range(&mut self, partition: TopicPartition, error: ErrorCode) -> Result<bool, KafkaException> {
        if self.config.auto_offset_reset == OffsetReset::None {
            return Err(error.exception());
        }
        self.reset_position(partition);
        Ok(false)
    }
}

/// What the application may see of a fetch: no markers and, for read_committed, nothing of aborted transactions (E2).
fn visible(answer: FetchAnswer, isolation: IsolationLevel) -> Deque<Arc<Record>> {
    let mut open: SortedSet<u64> = SortedSet::new();
    let mut aborted: SortedSet<(u64, u64)> = answer.aborted.into_iter().map(|(id, first)| (first, id)).collect();
    let mut visible = Deque::with_capacity(answer.records.len());
    for record in answer.records {
        while let Some((first, id)) = aborted.first().copied()
            && first <= record.offset
        {
            aborted.pop_first();
            open.insert(id);
        }
        let producer = record.stamp.map(|s| s.producer_id);
        match (record.control, record.stamp) {
            (Some(Control::Abort), _) => {
                producer.map(|id| open.remove(&id));
            }
            (Some(Control::Commit), _) => {}
            (None, Some(stamp))
                if isolation == IsolationLevel::ReadCommitted && stamp.transactional && open.contains(&stamp.producer_id) => {}
            _ => visible.push_back(record),
        }
    }
    visible
}
