//! Where to read from: committed offsets, resets, truncation (B6, B11; `OffsetFetcher`, `SubscriptionState`).

use super::network::Purpose;
use super::{Consumer, ConsumerEffect, ConsumerFact, Event, OffsetReset, Phase, PositionedBy};
use crate::broker::{
    BrokerId, CommittedOffset, EPOCH_MS, EpochEnd, ErrorCode, GroupRequest, GroupResponse, IsolationLevel, KafkaException, ListedOffset,
    OffsetSpec, Request, Response, TopicPartition, us,
};
use crate::kernel::{SimTime, SortedMap};

impl Consumer {
    /// `position(partition)`, waiting until it is known: ends with [`Event::Position`].
    pub fn fetch_position(&mut self, now: SimTime, partition: TopicPartition, token: u64, out: &mut Vec<ConsumerEffect>) {
        let deadline = now + us(self.config.default_api_timeout_ms);
        self.position_calls.push((token, partition, deadline));
        // It may be asked inside a callback, while `poll` is held up.
        self.update_positions(now, out);
        self.answer_position_calls(now, out);
        self.pump(now, out);
    }

    pub(super) fn answer_position_calls(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if self.position_calls.is_empty() {
            return;
        }
        let calls = std::mem::take(&mut self.position_calls);
        for (token, partition, deadline) in calls {
            let state = self.subscriptions.partitions.get(&partition);
            let result = match state {
                None => Err(KafkaException::new("IllegalStateException")),
                Some(state) if state.is_positioned() => Ok((state.offset, state.committed)),
                Some(_) if self.failure.is_some() => Err(self.failure.take().expect("just seen")),
                Some(_) if deadline <= now => Err(KafkaException::new("TimeoutException")),
                Some(_) => {
                    self.position_calls.push((token, partition, deadline));
                    continue;
                }
            };
            out.push(ConsumerEffect::Event(Event::Position { token, result }));
        }
    }

    /// Asks for what is missing to know every position.
    pub(super) fn update_positions(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if self.subscriptions.partitions.values().all(|s| s.phase == Phase::Fetching) {
            return;
        }
        let due = |phase: fn(&Phase) -> bool| -> Vec<TopicPartition> {
            let waiting = self.subscriptions.partitions.iter().filter(|(_, s)| phase(&s.phase) && !s.asked && s.retry_at <= now);
            waiting.map(|(p, _)| *p).collect()
        };
        let initializing = due(|p| *p == Phase::Initializing);
        let validating = due(|p| *p == Phase::Validating);
        if !initializing.is_empty() {
            if self.config.group_id.is_empty() {
                initializing.into_iter().for_each(|p| self.position_missing(p));
            } else if self.net.coordinator.is_some() {
                self.mark_asked(&initializing);
                let require_stable = self.config.isolation_level == IsolationLevel::ReadCommitted;
                let request = GroupRequest::OffsetFetch { partitions: initializing.clone(), require_stable };
                self.send_to_group(now, Purpose::Committed { partitions: initializing }, request, out);
            }
        }
        self.send_lookups(now, out);
        self.send_validations(now, &validating, out);
    }

    fn mark_asked(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.state_mut(*partition).expect("asked for an assigned partition").asked = true;
        }
    }

    fn send_lookups(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        let mut by_leader: SortedMap<BrokerId, Vec<(TopicPartition, OffsetSpec)>> = SortedMap::new();
        let mut leaderless = false;
        let clock_ms = EPOCH_MS + now.ms() as i64;
        for (partition, state) in &mut self.subscriptions.partitions {
            let Phase::Resetting { spec } = &mut state.phase else { continue };
            if state.asked || state.retry_at > now {
                continue;
            }
            // A duration counts from the day of the asking.
            if let (OffsetSpec::Timestamp(from_ms), OffsetReset::ByDuration { ms }) = (&mut *spec, self.config.auto_offset_reset) {
                *from_ms = clock_ms.saturating_sub_unsigned(ms);
            }
            let spec = *spec;
            match self.net.leader(*partition) {
                Some((leader, _)) if !self.net.avoid.contains_key(&leader) => by_leader.entry(leader).or_default().push((*partition, spec)),
                Some(_) => {}
                None => leaderless = true,
            }
        }
        if leaderless {
            self.net.mark_stale();
        }
        for (leader, partitions) in by_leader {
            self.mark_asked(&partitions.iter().map(|(p, _)| *p).collect::<Vec<_>>());
            let request = Request::ListOffsets { isolation: self.config.isolation_level, partitions: partitions.clone() };
            self.send(now, Some(leader), Purpose::Listed { partitions }, request, out);
        }
    }

    fn send_validations(&mut self, now: SimTime, partitions: &[TopicPartition], out: &mut Vec<ConsumerEffect>) {
        let mut by_leader: SortedMap<BrokerId, Vec<(TopicPartition, u32)>> = SortedMap::new();
        for partition in partitions {
            let epoch = self.subscriptions.partitions[partition].epoch.expect("only positions with an epoch are validated");
            match self.net.leader(*partition) {
                Some((leader, _)) if !self.net.avoid.contains_key(&leader) => {
                    by_leader.entry(leader).or_default().push((*partition, epoch))
                }
                Some(_) => {}
                None => self.net.mark_stale(),
            }
        }
        for (leader, partitions) in by_leader {
            let names: Vec<_> = partitions.iter().map(|(p, _)| *p).collect();
            self.mark_asked(&names);
            self.send(now, Some(leader), Purpose::EpochEnds { partitions: names }, Request::OffsetForLeaderEpoch { partitions }, out);
        }
    }

    pub(super) fn on_committed(&mut self, now: SimTime, asked: &[TopicPartition], response: Response, out: &mut Vec<ConsumerEffect>) {
        let retry_at = now + self.retry_us();
        for partition in asked {
            let Some(state) = self.state_mut(*partition).filter(|s| s.phase == Phase::Initializing) else { continue };
            state.asked = false;
            match &response {
                Response::Group(GroupResponse::OffsetFetch { offsets }) => match offsets.get(partition) {
                    Some(CommittedOffset { offset, leader_epoch }) => {
                        state.seek(*offset, *leader_epoch);
                        state.committed = true;
                        let by = PositionedBy::Committed;
                        out.push(ConsumerEffect::Fact(ConsumerFact::Positioned { partition: *partition, offset: *offset, by }));
                    }
                    None => self.position_missing(*partition),
                },
                _ => state.retry_at = retry_at,
            }
        }
        self.notice_new_leaders();
    }

    /// There is no committed offset (B11).
    fn position_missing(&mut self, partition: TopicPartition) {
        if self.config.auto_offset_reset == OffsetReset::None {
            self.failure = Some(KafkaException::new("NoOffsetForPartitionException"));
        } else {
            self.reset_position(partition);
        }
    }

    /// Begins anew where `auto.offset.reset` says.
    pub(super) fn reset_position(&mut self, partition: TopicPartition) {
        let spec = match self.config.auto_offset_reset {
            OffsetReset::Earliest => OffsetSpec::Earliest,
            OffsetReset::ByDuration { ms } => OffsetSpec::Timestamp(self.clock_ms.saturating_sub_unsigned(ms)),
            OffsetReset::Latest | OffsetReset::None => OffsetSpec::Latest,
        };
        if let Some(state) = self.state_mut(partition) {
            state.reset(spec);
        }
    }

    pub(super) fn on_listed(
        &mut self,
        now: SimTime,
        asked: &[(TopicPartition, OffsetSpec)],
        response: Response,
        out: &mut Vec<ConsumerEffect>,
    ) {
        let retry_at = now + self.retry_us();
        // `setNextAllowedRetry`, which an answer without an offset does not take back.
        let ask_again_at = now + us(self.config.request_timeout_ms);
        let answers: SortedMap<TopicPartition, Result<ListedOffset, ErrorCode>> = match response {
            Response::ListOffsets { partitions } => partitions.into_iter().collect(),
            _ => SortedMap::new(),
        };
        for (partition, spec) in asked {
            let Some(state) = self.state_mut(*partition).filter(|s| s.phase == Phase::Resetting { spec: *spec }) else { continue };
            state.asked = false;
            match answers.get(partition) {
                Some(Ok(ListedOffset { offset: Some(offset), leader_epoch, .. })) => {
                    state.seek(*offset, *leader_epoch);
                    state.committed = false;
                    let by = PositionedBy::Reset;
                    out.push(ConsumerEffect::Fact(ConsumerFact::Positioned { partition: *partition, offset: *offset, by }));
                }
                // No record is that young: there is no position until one comes, and is asked for again.
                Some(Ok(_)) => {
                    self.reset_position(*partition);
                    if let Some(state) = self.state_mut(*partition) {
                        state.retry_at = ask_again_at;
                    }
                }
                _ => {
                    state.retry_at = retry_at;
                    self.net.mark_stale();
                }
            }
        }
        self.accept_leaders();
    }

    /// A position just looked up at the leader need not be checked against it.
    fn accept_leaders(&mut self) {
        for (partition, state) in &mut self.subscriptions.partitions {
            if state.phase == Phase::Fetching && state.leader_epoch.is_none() {
                state.leader_epoch = self.net.leader(*partition).map(|(_, epoch)| epoch);
            }
        }
    }

    /// Positions under a new leader must be validated before they are used, if they have an epoch (B6).
    pub(super) fn notice_new_leaders(&mut self) {
        for (partition, state) in &mut self.subscriptions.partitions {
            let Some((_, epoch)) = self.net.leader(*partition) else { continue };
            if state.phase == Phase::Fetching && state.leader_epoch != Some(epoch) {
                state.leader_epoch = Some(epoch);
                if state.epoch.is_some() {
                    state.phase = Phase::Validating;
                    state.asked = false;
                    state.retry_at = SimTime::ZERO;
                }
            }
        }
    }

    pub(super) fn on_epoch_ends(&mut self, now: SimTime, asked: &[TopicPartition], response: Response, out: &mut Vec<ConsumerEffect>) {
        let retry_at = now + self.retry_us();
        let answers: SortedMap<TopicPartition, Result<EpochEnd, ErrorCode>> = match response {
            Response::OffsetForLeaderEpoch { partitions } => partitions.into_iter().collect(),
            _ => SortedMap::new(),
        };
        for partition in asked {
            let none = self.config.auto_offset_reset == OffsetReset::None;
            let Some(state) = self.state_mut(*partition).filter(|s| s.phase == Phase::Validating) else { continue };
            state.asked = false;
            match answers.get(partition) {
                Some(Ok(end)) if end.end_offset >= state.offset => state.phase = Phase::Fetching,
                Some(Ok(_)) if none => {
                    state.retry_at = retry_at;
                    self.failure = Some(KafkaException::new("LogTruncationException"));
                }
                Some(Ok(end)) => {
                    state.seek(end.end_offset, Some(end.epoch));
                    let (offset, by) = (end.end_offset, PositionedBy::Truncation);
                    out.push(ConsumerEffect::Fact(ConsumerFact::Positioned { partition: *partition, offset, by }));
                    self.subscriptions.queue.retain(|p| p != partition);
                }
                _ => {
                    state.retry_at = retry_at;
                    self.net.mark_stale();
                }
            }
        }
        self.accept_leaders();
    }

    /// Notes the wall clock, for resets by duration.
    pub(super) fn note_clock(&mut self, now: SimTime) {
        self.clock_ms = EPOCH_MS + now.ms() as i64;
    }
}
