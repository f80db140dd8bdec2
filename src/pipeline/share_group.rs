//! The bank's share group: consumers that work side by side on the events, to tell customers of them. Each takes its time over
//! a record and then accepts, releases, rejects or renews it, by chance. Nothing of the bank changes by it.
//!
//! Has never heard of how locks and states are kept.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Occurrence, ProcessState, World};
use crate::broker::share::AckType;
use crate::broker::{AdminRequest, TopicPartition};
use crate::fault::{FaultKind, Node, Target};
use crate::kernel::Prng;
use crate::listener::share::{AcknowledgementMode, ShareAnswer, ShareConsumerConfig, ShareOrder, ShareRecord};
use crate::scenario::{Of, Property, SHARE_GROUP, Scope, TOPIC};

/// How long one call of `poll` of the application may take, in microseconds.
const POLL_US: u64 = 1_000_000;
/// How long the application rests after `poll` has thrown, in microseconds.
const REST_US: u64 = 1_000_000;
/// How often a stuck application is looked at, in microseconds.
const STUCK_US: u64 = 100_000;

/// What a consumer of the share group is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareWork {
    /// Its number within the group, from 0.
    pub number: u32,
    /// How often its process was started before.
    pub incarnation: u32,
    /// What became of the process.
    pub state: ProcessState,
    /// The record that it works on.
    pub at_work: Option<(TopicPartition, u64)>,
    /// The rest of its last poll.
    waiting: VecDeque<ShareRecord>,
}

/// The streams of chance of the share group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ShareChance {
    time: Prng,
    outcome: Prng,
}

impl ShareChance {
    pub(super) fn new(seed: u64) -> ShareChance {
        ShareChance { time: Prng::stream(seed, "share-time", 0), outcome: Prng::stream(seed, "share-outcome", 0) }
    }
}

impl World {
    /// Sees to it that the share group has so many running consumers.
    pub(super) fn scale_shares(&mut self, count: u32) {
        for number in 0..count {
            match self.share_slot(number) {
                None => self.hire_share(number),
                Some(slot) => self.start_share(slot),
            }
        }
        let surplus = |w: &ShareWork| w.number >= count;
        let slots: Vec<u32> = self.share_slots().filter(|s| self.share_work(*s).is_some_and(surplus)).collect();
        slots.into_iter().for_each(|slot| self.stop_share(slot));
    }

    /// As many as the setting says.
    pub(super) fn scale_shares_as_set(&mut self) {
        let count = self.config.count(Property::ShareConsumers, Of::Only) as u32;
        self.scale_shares(count);
    }

    fn share_slots(&self) -> impl Iterator<Item = u32> + use<> {
        let slots: Vec<u32> = (0..).zip(&self.share_consumers).filter(|(_, c)| c.work.is_some()).map(|(slot, _)| slot).collect();
        slots.into_iter()
    }

    fn share_slot(&self, number: u32) -> Option<u32> {
        self.share_slots().find(|s| self.share_work(*s).is_some_and(|w| w.number == number))
    }

    fn share_work(&self, slot: u32) -> Option<&ShareWork> {
        self.share_consumers.get(slot as usize)?.work.as_ref()
    }

    fn share_work_mut(&mut self, slot: u32) -> Option<&mut ShareWork> {
        self.share_consumers.get_mut(slot as usize)?.work.as_mut()
    }

    fn hire_share(&mut self, number: u32) {
        if self.share_slots().next().is_none() {
            self.configure_share_group();
        }
        let name = Arc::from(format!("{SHARE_GROUP}-{number}"));
        let slot = self.new_share_consumer(&name, self.share_settings(), false);
        let work = ShareWork { number, incarnation: 0, state: ProcessState::Running, at_work: None, waiting: VecDeque::new() };
        self.share_consumers[slot as usize].work = Some(work);
        self.begin_share(slot);
    }

    fn begin_share(&mut self, slot: u32) {
        self.with_share(slot, |m, now, out| m.begin(now, vec![Arc::from(TOPIC)], out));
        self.with_share(slot, |m, now, out| m.order(now, ShareOrder::Poll { for_us: POLL_US }, out));
    }

    /// The process is started, if it does not run.
    pub(super) fn start_share(&mut self, slot: u32) {
        let is_down = |w: &ShareWork| matches!(w.state, ProcessState::Stopped | ProcessState::Dead);
        if self.share_work(slot).is_some_and(is_down) {
            self.renew_share_consumer(slot, self.share_settings());
            if let Some(work) = self.share_work_mut(slot) {
                work.incarnation += 1;
                work.state = ProcessState::Running;
                work.at_work = None;
                work.waiting.clear();
            }
            self.begin_share(slot);
        }
    }

    /// The process is told to stop: it finishes the record in hand and closes its consumer.
    pub(super) fn stop_share(&mut self, slot: u32) {
        let Some(work) = self.share_work_mut(slot).filter(|w| w.state == ProcessState::Running) else { return };
        work.state = ProcessState::Stopping;
        work.waiting.clear();
    }

    /// The process dies: its connections break.
    pub(super) fn kill_share(&mut self, slot: u32) {
        let Some(work) = self.share_work_mut(slot) else { return };
        if matches!(work.state, ProcessState::Running | ProcessState::Stopping) {
            work.state = ProcessState::Dead;
            work.at_work = None;
            work.waiting.clear();
            let place = &mut self.share_consumers[slot as usize];
            place.application.crash();
            let client = place.client;
            self.client_gone(client);
        }
    }

    /// The application's call has returned.
    pub(super) fn share_goes_on(&mut self, slot: u32, answer: ShareAnswer) {
        let now = self.now;
        let Some(work) = self.share_work_mut(slot) else { return };
        match answer {
            ShareAnswer::Records(records) => work.waiting = records.into(),
            ShareAnswer::Threw(_) => {
                let incarnation = work.incarnation;
                return self.at(now + REST_US, Occurrence::ShareWork { slot, incarnation });
            }
            ShareAnswer::Done | ShareAnswer::Committed(_) => {}
        }
        self.next_share_record(slot);
    }

    fn next_share_record(&mut self, slot: u32) {
        if self.share_consumers[slot as usize].application.is_gone() {
            if let Some(work) = self.share_work_mut(slot) {
                work.state = ProcessState::Stopped;
            }
            return;
        }
        let Some(work) = self.share_work_mut(slot) else { return };
        if work.state == ProcessState::Stopping {
            return self.with_share(slot, |m, now, out| m.order(now, ShareOrder::Close, out));
        }
        let incarnation = work.incarnation;
        match work.waiting.pop_front() {
            None => self.with_share(slot, |m, now, out| m.order(now, ShareOrder::Poll { for_us: POLL_US }, out)),
            Some(record) => {
                work.at_work = Some((record.partition, record.record.offset));
                let us = self.config.latency(Property::ShareTime, Of::Only).draw(&mut self.share_chance.time);
                self.at(self.now + us, Occurrence::ShareWork { slot, incarnation });
            }
        }
    }

    /// The application has worked on its record for long enough.
    pub(super) fn share_worked(&mut self, slot: u32, incarnation: u32) {
        let runs = |w: &ShareWork| w.incarnation == incarnation && matches!(w.state, ProcessState::Running | ProcessState::Stopping);
        if !self.share_work(slot).is_some_and(runs) {
            return;
        }
        if self.is_share_stuck(slot) {
            return self.at(self.now + STUCK_US, Occurrence::ShareWork { slot, incarnation });
        }
        let Some((partition, offset)) = self.share_work_mut(slot).and_then(|w| w.at_work.take()) else {
            return self.next_share_record(slot);
        };
        let is_explicit = self.share_consumers[slot as usize].application.consumer.config().is_explicit();
        if !is_explicit {
            return self.next_share_record(slot);
        }
        let ack = self.draw_outcome();
        self.with_share(slot, |m, now, out| m.order(now, ShareOrder::Acknowledge { partition, offsets: vec![offset], ack }, out));
    }

    /// What the application says of a record, by the shares that are set.
    fn draw_outcome(&mut self) -> AckType {
        let drawn = self.share_chance.outcome.below(100) as i64;
        let shares =
            [(Property::ReleaseShare, AckType::Release), (Property::RejectShare, AckType::Reject), (Property::RenewShare, AckType::Renew)];
        let mut below = 0;
        for (property, ack) in shares {
            below += self.config.int(property, Of::Only);
            if drawn < below {
                return ack;
            }
        }
        AckType::Accept
    }

    /// Whether a fault keeps the application from finishing its record.
    pub fn is_share_stuck(&self, slot: u32) -> bool {
        let on_it = |target: Target| target == Target::Node(Node::ShareConsumer(slot));
        self.faults.standing().iter().any(|s| s.rule.kind == FaultKind::ConsumerStalled && on_it(s.rule.target))
    }

    fn share_settings(&self) -> ShareConsumerConfig {
        let mode = match self.config.choice(Property::ShareAckMode, Of::Only) {
            "explicit" => AcknowledgementMode::Explicit,
            _ => AcknowledgementMode::Implicit,
        };
        let mut config =
            ShareConsumerConfig { group_id: SHARE_GROUP.to_owned(), acknowledgement_mode: mode, ..ShareConsumerConfig::default() };
        for property in [Property::ShareAcquireMode, Property::ShareMaxPollRecords, Property::ShareMaxPollIntervalMs] {
            let value = self.config.value(property, Of::Only).to_string();
            config.set(property.name(), &value).expect("the table of settings uses the consumer's own names and ranges");
        }
        config
    }

    /// The settings of the group, as the coordinator and the leaders have them. Nobody is told before there is a first consumer: a
    /// run without the group sends nothing for it.
    fn configure_share_group(&mut self) {
        let of_group =
            [Property::ShareReset, Property::ShareIsolation, Property::ShareLockMs, Property::ShareSessionMs, Property::ShareHeartbeatMs];
        let config = of_group.iter().map(|p| (Arc::from(p.name()), Arc::from(self.config.value(*p, Of::Only).to_string()))).collect();
        self.admin(AdminRequest::AlterGroupConfig { group: Arc::from(SHARE_GROUP), config });
        let broker = &mut self.cluster.config_mut().broker;
        broker.group_share_delivery_count_limit = self.config.count(Property::ShareDeliveryLimit, Of::Only) as u32;
        broker.group_share_partition_max_record_locks = self.config.count(Property::ShareRecordLocks, Of::Only);
    }

    /// A setting of the share group has changed.
    pub(super) fn configure_shares(&mut self, property: Property) {
        debug_assert_eq!(property.scope(), Scope::Share);
        if self.bank.is_none() {
            return;
        }
        match property {
            Property::ShareConsumers => self.scale_shares_as_set(),
            Property::ShareAckMode | Property::ShareAcquireMode | Property::ShareMaxPollRecords | Property::ShareMaxPollIntervalMs => {
                for slot in self.share_slots() {
                    if self.share_work(slot).is_some_and(|w| w.state == ProcessState::Running) {
                        self.kill_share(slot);
                        self.start_share(slot);
                    }
                }
            }
            Property::ShareTime | Property::ReleaseShare | Property::RejectShare | Property::RenewShare => {}
            _ if self.share_slots().next().is_some() => self.configure_share_group(),
            _ => {}
        }
    }
}
