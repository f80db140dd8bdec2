//! The share consumer (KIP-932): one application thread's view of a share group. Has never heard of containers or of what a
//! record means.
//!
//! A state machine like [`Consumer`](crate::listener::consumer::Consumer): the application calls [`ShareConsumer::poll`] and
//! the others, answers come back as [`ShareEvent`]s. Rules S1, S4, S8, S9, S13, S16; upstream `ShareConsumerImpl`,
//! `ShareConsumeRequestManager`, `ShareMembershipManager`.

mod acks;
mod config;
mod event;
mod fetch;
mod hand;
mod member;
mod membership;
mod network;
mod session;

use std::sync::Arc;

pub use config::{AcknowledgementMode, ShareConsumerConfig};
pub use event::{AckOutcome, CallbackCall, ShareEffect, ShareEvent, ShareRecord};
pub use member::{ShareAnswer, ShareMember, ShareOrder};

use self::hand::{Acks, Fetched, Hand};
use self::membership::Membership;
use self::network::Network;
use self::session::Session;
use super::consumer::ConsumerFact;
use crate::broker::share::AckType;
use crate::broker::{BrokerId, ClientId, KafkaException, Metadata, TopicPartition, us};
use crate::kernel::{Deque, SimTime, SortedMap, SortedSet};

/// Acknowledgements that were answered, until the application's thread looks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Settled {
    partition: TopicPartition,
    acks: Acks,
    error: Option<KafkaException>,
}

/// `commitSync` or `close` under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Awaited {
    left: usize,
    outcome: AckOutcome,
    settled: Vec<Settled>,
}

/// A share consumer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareConsumer {
    client: ClientId,
    /// `client.id`.
    name: Arc<str>,
    config: Arc<ShareConsumerConfig>,
    net: Network,
    topics: Vec<Arc<str>>,
    group: Membership,
    /// What is assigned, in the order in which it is asked for.
    assigned: Vec<TopicPartition>,
    sessions: SortedMap<BrokerId, Session>,
    /// The application wants records.
    fetch_more: bool,
    /// In mode `record_limit`: the one broker that is asked for records.
    records_from: Option<BrokerId>,
    buffer: Deque<Fetched>,
    hand: Hand,
    /// Until when the outstanding `poll` waits.
    poll: Option<SimTime>,
    /// Whether this `poll` has not yet asked for records.
    may_ask: bool,
    committing: Option<Awaited>,
    settled: Vec<Settled>,
    /// Facts that are told with the next effects.
    told: Vec<ConsumerFact>,
    has_callback: bool,
    callbacks: Vec<CallbackCall>,
    /// Something that the next `poll` throws.
    failure: Option<KafkaException>,
    closing: Option<Closing>,
    armed: SortedSet<SimTime>,
    /// Closed or killed.
    dead: bool,
}

/// `close` under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Closing {
    deadline: SimTime,
    /// Whether the acknowledgements are through, so that the member leaves.
    leaves: bool,
}

/// How long `close` tries, in microseconds (`DEFAULT_CLOSE_TIMEOUT_MS`).
const CLOSE_US: u64 = 30_000_000;

type Out = Vec<ShareEffect>;

impl ShareConsumer {
    /// A share consumer that has not subscribed. `has_callback`: with an acknowledgement commit callback.
    pub fn new(client: ClientId, name: Arc<str>, config: ShareConsumerConfig, has_callback: bool) -> ShareConsumer {
        ShareConsumer {
            client,
            name,
            config: Arc::new(config),
            net: Network::default(),
            topics: Vec::new(),
            group: Membership::default(),
            assigned: Vec::new(),
            sessions: SortedMap::new(),
            fetch_more: false,
            records_from: None,
            buffer: Deque::new(),
            hand: Hand::default(),
            poll: None,
            may_ask: false,
            committing: None,
            settled: Vec::new(),
            told: Vec::new(),
            has_callback,
            callbacks: Vec::new(),
            failure: None,
            closing: None,
            armed: SortedSet::new(),
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
    pub fn config(&self) -> &ShareConsumerConfig {
        &self.config
    }

    /// Changes settings at run time; they count from the next request.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut ShareConsumerConfig)) {
        change(Arc::make_mut(&mut self.config));
    }

    /// Whether it is closed or killed.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// What is assigned.
    pub fn assignment(&self) -> Vec<TopicPartition> {
        let mut all = self.assigned.clone();
        all.sort_unstable();
        all
    }

    /// The metadata that it knows.
    pub fn metadata(&self) -> &Metadata {
        &self.net.metadata
    }

    /// The records in the application's hands.
    pub fn in_hand(&self) -> Vec<ShareRecord> {
        self.hand.records()
    }

    /// The member id; empty before it joins.
    pub fn member_id(&self) -> &Arc<str> {
        &self.group.member_id
    }

    /// What the acknowledgement commit callback was given since this was last asked.
    pub fn take_callbacks(&mut self) -> Vec<CallbackCall> {
        std::mem::take(&mut self.callbacks)
    }

    /// `subscribe(topics)`.
    pub fn subscribe(&mut self, now: SimTime, topics: Vec<Arc<str>>, out: &mut Out) {
        self.net.want(topics.clone());
        self.topics = topics;
        self.group.poll_deadline = now + self.max_poll_interval_us();
        self.pump(now, out);
    }

    /// `poll(timeout)`: ends with [`ShareEvent::Polled`]. One call at a time; a timeout of 0 returns at once.
    pub fn poll(&mut self, now: SimTime, timeout_us: u64, out: &mut Out) {
        if self.dead || self.closing.is_some() {
            return;
        }
        self.group.poll_deadline = now + self.max_poll_interval_us();
        if let Some(failure) = self.failure.take() {
            return self.polled(now, Err(failure), out);
        }
        self.look_at_settled();
        if !self.config.is_explicit() {
            self.hand.accept_all();
        } else if !self.hand.is_all_acknowledged() {
            return self.polled(now, Err(KafkaException::new("IllegalStateException")), out);
        }
        self.begin_membership(now, out);
        self.may_ask = true;
        self.poll = Some(now + timeout_us);
        let acks = self.hand.take_acks();
        self.collect(acks);
        if !self.hand.is_empty() {
            let records = self.hand.records();
            self.polled(now, Ok(records), out);
        }
        self.pump(now, out);
    }

    /// `acknowledge(record, type)`.
    ///
    /// # Errors
    /// `IllegalStateException`: implicit mode, or a record that the application does not have (S9, S16).
    pub fn acknowledge(&mut self, partition: TopicPartition, offset: u64, ack: AckType) -> Result<(), KafkaException> {
        if self.config.is_explicit() && self.hand.acknowledge(partition, offset, ack) {
            Ok(())
        } else {
            Err(KafkaException::new("IllegalStateException"))
        }
    }

    /// `commitSync()`: ends with [`ShareEvent::Committed`].
    pub fn commit_sync(&mut self, now: SimTime, out: &mut Out) {
        let acks = self.acks_to_commit();
        let mut left = 0;
        for (partition, (node, acks)) in acks {
            if self.may_send_to(node, partition, &acks) {
                let session = self.sessions.entry(node).or_default();
                session.synchronous.push_back(SortedMap::from([(partition, acks)]));
                left += 1;
            }
        }
        self.join_synchronous();
        let awaited = Awaited { left, outcome: AckOutcome::new(), settled: Vec::new() };
        self.committing = Some(awaited);
        self.finish_commit(out);
        self.pump(now, out);
    }

    /// `commitAsync()`.
    pub fn commit_async(&mut self, now: SimTime, out: &mut Out) {
        let acks = self.acks_to_commit();
        self.send_async(acks);
        self.pump(now, out);
    }

    /// `close()`: ends with [`ShareEvent::Closed`]. What was acknowledged is sent, the rest is released by the broker (S13).
    pub fn close(&mut self, now: SimTime, out: &mut Out) {
        if self.dead || self.closing.is_some() {
            return;
        }
        self.poll = None;
        self.fetch_more = false;
        let timeout_us = CLOSE_US.min(us(self.config.request_timeout_ms));
        self.closing = Some(Closing { deadline: now + timeout_us, leaves: false });
        self.begin_close();
        self.pump(now, out);
    }

    /// The process dies: nothing more is sent or handled.
    pub fn kill(&mut self) {
        self.dead = true;
    }

    /// Does everything that can be done now.
    fn pump(&mut self, now: SimTime, out: &mut Out) {
        if self.dead {
            return;
        }
        self.maintain_network(now, out);
        self.beat(now, out);
        self.send_requests(now, out);
        self.watch_close(now, out);
        if let Some(deadline) = self.poll {
            self.pass(now, deadline, out);
            self.send_requests(now, out);
        }
        self.arm(now, out);
    }

    /// One pass of the loop inside `poll`.
    fn pass(&mut self, now: SimTime, deadline: SimTime, out: &mut Out) {
        if let Some(failure) = self.failure.take() {
            return self.polled(now, Err(failure), out);
        }
        if !self.buffer.is_empty() || self.hand.has_renewals() {
            self.collect(hand::NodeAcks::new());
        }
        if !self.hand.is_empty() {
            let records = self.hand.records();
            return self.polled(now, Ok(records), out);
        }
        if deadline <= now {
            self.look_at_settled();
            self.polled(now, Ok(Vec::new()), out);
        }
    }

    fn polled(&mut self, now: SimTime, result: Result<Vec<ShareRecord>, KafkaException>, out: &mut Out) {
        self.poll = None;
        self.group.poll_deadline = now + self.max_poll_interval_us();
        self.look_at_settled();
        out.push(ShareEffect::Event(ShareEvent::Polled(result)));
    }

    fn max_poll_interval_us(&self) -> u64 {
        us(self.config.max_poll_interval_ms)
    }

    fn retry_us(&self) -> u64 {
        us(self.config.retry_backoff_ms)
    }

    fn tell(out: &mut Out, fact: ConsumerFact) {
        out.push(ShareEffect::Fact(fact));
    }
}
