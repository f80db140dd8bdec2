//! The Kafka consumer: one application thread's view of the log. Has never heard of containers or of what a record means.
//!
//! A state machine: the application calls [`Consumer::poll`] and the others, answers come back as [`Event`]s. Rules B6,
//! B11, C1 to C7, C16, C17; upstream `ClassicKafkaConsumer`, `ConsumerCoordinator`, `Fetcher`, `SubscriptionState`.

mod close;
mod commit;
mod config;
mod deserialize;
mod event;
mod fetch;
mod heartbeat;
mod join;
mod member;
mod membership;
mod modern;
mod network;
mod poll;
mod positions;
mod subscription;
#[cfg(test)]
mod tests;

use crate::kernel::{SortedMap, SortedSet};
use std::sync::Arc;

pub use commit::offset_and_metadata;
pub use config::{ConsumerConfig, Deserializer, GroupProtocol, OffsetReset};
pub use deserialize::VALUE_FAILURE_HEADER;
pub use event::{ConsumerEffect, ConsumerFact, ConsumerTimer, Event, PositionedBy};
pub use member::{Answer, Order, RawMember, Seen};

use self::commit::Commit;
use self::membership::{AfterCallback, Membership};
use self::network::Network;
use self::subscription::{Mode, PartitionState, Phase, Subscriptions};
use crate::broker::{ClientId, CommittedOffset, KafkaException, Metadata, OffsetSpec, TopicPartition, us};
use crate::kernel::SimTime;

/// A consumer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Consumer {
    client: ClientId,
    /// `client.id`.
    name: Arc<str>,
    config: Arc<ConsumerConfig>,
    net: Network,
    subscriptions: Subscriptions,
    group: Membership,
    /// Until when the outstanding `poll` waits.
    poll: Option<SimTime>,
    /// A callback is with the application; what comes after it.
    callback: Option<AfterCallback>,
    commits: SortedMap<u64, Commit>,
    next_commit: u64,
    /// Answers of `commitAsync` that the next `poll` delivers.
    done_async: Vec<(u64, Result<(), KafkaException>)>,
    next_auto_commit: SimTime,
    /// Outstanding calls of `position`: token, partition, deadline.
    position_calls: Vec<(u64, TopicPartition, SimTime)>,
    woken: bool,
    /// Something that the next `poll` throws.
    failure: Option<KafkaException>,
    closing: Option<close::Closing>,
    /// The wake-ups under way.
    armed: SortedSet<SimTime>,
    /// The armed timer is for something that is due already.
    catches_up: bool,
    /// That timer has just fired.
    caught_up: bool,
    /// The wall clock at the last occurrence, in milliseconds.
    clock_ms: i64,
    /// Closed or killed.
    dead: bool,
}

impl Consumer {
    /// A consumer that has neither subscribed nor been assigned anything.
    pub fn new(client: ClientId, name: Arc<str>, config: ConsumerConfig) -> Consumer {
        Consumer {
            client,
            name,
            config: Arc::new(config),
            net: Network::default(),
            subscriptions: Subscriptions::new(),
            group: Membership::default(),
            poll: None,
            callback: None,
            commits: SortedMap::new(),
            next_commit: 0,
            done_async: Vec::new(),
            next_auto_commit: SimTime::ZERO,
            position_calls: Vec::new(),
            woken: false,
            failure: None,
            closing: None,
            armed: SortedSet::new(),
            catches_up: false,
            caught_up: false,
            clock_ms: 0,
            dead: false,
        }
    }

    /// The network client that it is.
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// `client.id`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its settings.
    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    /// Changes settings at run time. What has already been told to the coordinator counts until the next rebalance.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut ConsumerConfig)) {
        change(Arc::make_mut(&mut self.config));
    }

    /// Whether it is closed or killed.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// `subscribe(topics)`: the group will decide who gets what.
    pub fn subscribe(&mut self, now: SimTime, topics: Vec<Arc<str>>, out: &mut Vec<ConsumerEffect>) {
        self.net.want(Some(topics.clone()));
        self.subscriptions.mode = Mode::Topics(topics);
        self.group.request_rejoin("subscribe");
        self.group.poll_deadline = now + self.max_poll_interval_us();
        self.pump(now, out);
    }

    /// `assign(partitions)`: exactly these, without a group's help.
    pub fn assign(&mut self, now: SimTime, partitions: &[TopicPartition], out: &mut Vec<ConsumerEffect>) {
        self.net.want(None);
        self.subscriptions.mode = Mode::Manual;
        self.subscriptions.assign(partitions);
        // The first interval begins with the consumer; in a group, with the partitions.
        self.next_auto_commit = self.next_auto_commit.max(now + us(self.config.auto_commit_interval_ms));
        self.pump(now, out);
    }

    /// `seek(partition, offset)`. Nothing if the partition is not assigned.
    pub fn seek(&mut self, now: SimTime, partition: TopicPartition, offset: u64, out: &mut Vec<ConsumerEffect>) {
        if let Some(state) = self.subscriptions.partitions.get_mut(&partition) {
            state.seek(offset, None);
            self.subscriptions.queue.retain(|p| *p != partition);
            out.push(ConsumerEffect::Fact(ConsumerFact::Positioned { partition, offset, by: PositionedBy::Seek }));
        }
        self.pump(now, out);
    }

    /// Whether the partition is assigned: `seek` on another one throws an `IllegalStateException`.
    pub fn is_assigned(&self, partition: TopicPartition) -> bool {
        self.subscriptions.partitions.contains_key(&partition)
    }

    /// `seekToBeginning(partitions)`: the position is looked up before the next fetch.
    pub fn seek_to_beginning(&mut self, now: SimTime, partitions: &[TopicPartition], out: &mut Vec<ConsumerEffect>) {
        self.seek_to(now, partitions, OffsetSpec::Earliest, out);
    }

    /// `seekToEnd(partitions)`.
    pub fn seek_to_end(&mut self, now: SimTime, partitions: &[TopicPartition], out: &mut Vec<ConsumerEffect>) {
        self.seek_to(now, partitions, OffsetSpec::Latest, out);
    }

    fn seek_to(&mut self, now: SimTime, partitions: &[TopicPartition], spec: OffsetSpec, out: &mut Vec<ConsumerEffect>) {
        for partition in partitions {
            if let Some(state) = self.subscriptions.partitions.get_mut(partition) {
                state.reset(spec);
                self.subscriptions.queue.retain(|p| p != partition);
            }
        }
        self.pump(now, out);
    }

    /// `pause(partitions)`: they stay assigned, nothing of them is returned. What was fetched is kept.
    pub fn pause(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, true);
    }

    /// `resume(partitions)`.
    pub fn resume(&mut self, now: SimTime, partitions: &[TopicPartition], out: &mut Vec<ConsumerEffect>) {
        self.set_paused(partitions, false);
        self.pump(now, out);
    }

    fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) {
        for partition in partitions {
            if let Some(state) = self.subscriptions.partitions.get_mut(partition) {
                state.paused = paused;
            }
        }
    }

    /// `wakeup()`: the outstanding or else the next `poll` or `commitSync` throws `WakeupException`.
    pub fn wakeup(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        self.woken = true;
        self.pump(now, out);
    }

    /// The application has finished a callback ([`Event::Revoked`], `Assigned`, `Lost`).
    pub fn callback_done(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if let Some(after) = self.callback.take() {
            self.after_callback(now, after, out);
        }
        self.pump(now, out);
    }

    /// The process dies: nothing more is sent or handled.
    pub fn kill(&mut self) {
        self.dead = true;
    }

    /// What is assigned.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        self.subscriptions.assigned()
    }

    /// What is paused.
    pub fn paused(&self) -> Vec<TopicPartition> {
        self.subscriptions.partitions.iter().filter(|(_, s)| s.paused).map(|(p, _)| *p).collect()
    }

    /// The next offset that `poll` returns of a partition, if it is known already.
    pub fn position(&self, partition: TopicPartition) -> Option<u64> {
        self.subscriptions.partitions.get(&partition).filter(|s| s.is_positioned()).map(|s| s.offset)
    }

    /// How many fetched records of a partition wait to be polled.
    pub fn buffered(&self, partition: TopicPartition) -> u32 {
        let buffer = self.subscriptions.partitions.get(&partition).and_then(|s| s.buffer.as_ref());
        buffer.map_or(0, |b| b.records.len() as u32)
    }

    /// The high watermark of the last fetch of a partition.
    pub fn high_watermark(&self, partition: TopicPartition) -> Option<u64> {
        self.subscriptions.partitions.get(&partition).and_then(|s| s.high_watermark)
    }

    /// `groupMetadata()`: member id and generation (member epoch), for transactions (E3). In the classic protocol those of
    /// the last join that was completed, even if the membership has been lost since (`ConsumerCoordinator.groupMetadata`).
    pub fn group_metadata(&self) -> (Arc<str>, Option<u32>) {
        match self.config.group_protocol {
            GroupProtocol::Classic => self.group.last_joined.clone(),
            GroupProtocol::Consumer => (self.group.member_id.clone(), self.group.generation),
        }
    }

    /// Whether it is a stable member of its group.
    pub fn is_stable(&self) -> bool {
        self.group.is_stable()
    }

    /// The metadata that it knows.
    pub fn metadata(&self) -> &Metadata {
        &self.net.metadata
    }

    /// Positions of what has been returned, with their epochs: what `commitSync()` commits.
    fn consumed(&self) -> SortedMap<TopicPartition, CommittedOffset> {
        let positioned = self.subscriptions.partitions.iter().filter(|(_, s)| s.is_positioned());
        positioned.map(|(p, s)| (*p, CommittedOffset { offset: s.offset, leader_epoch: s.epoch })).collect()
    }

    fn max_poll_interval_us(&self) -> u64 {
        us(self.config.max_poll_interval_ms)
    }

    fn retry_us(&self) -> u64 {
        us(self.config.retry_backoff_ms)
    }

    fn state_mut(&mut self, partition: TopicPartition) -> Option<&mut PartitionState> {
        self.subscriptions.partitions.get_mut(&partition)
    }

    fn any_in(&self, phase: impl Fn(&Phase) -> bool) -> bool {
        self.subscriptions.partitions.values().any(|s| phase(&s.phase))
    }
}
