//! The bank's share group: consumers that work side by side on the events, to tell customers of them; how many there are, their
//! beginning and end, their settings. Nothing of the bank changes by it.
//!
//! Has never heard of how locks and states are kept, nor of what a worker does with a record.

use std::sync::Arc;

use super::{Occurrence, ProcessState, RESTART_US, WorkFact, World};
use crate::broker::share::AckType;
use crate::broker::{AdminRequest, TopicPartition};
use crate::fault::Node;
use crate::kernel::{Deque, Prng};
use crate::listener::share::{AcknowledgementMode, ShareConsumerConfig, ShareRecord};
use crate::scenario::{Of, Property, SHARE_GROUP, Scope, TOPIC};

/// What the application of a share consumer is in the midst of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ShareDoing {
    /// `poll`.
    #[default]
    Polling,
    /// It waits for a viewer's decision about its record.
    Deciding,
    /// It works on its record.
    Working,
    /// `commitSync`.
    Committing,
    /// `close`.
    Closing,
}

/// What a consumer of the share group is on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareWork {
    /// Its number within the group, from 0.
    pub number: u32,
    /// How often its process was started before.
    pub incarnation: u32,
    /// What became of the process.
    pub state: ProcessState,
    /// What the application is in the midst of.
    pub doing: ShareDoing,
    /// The record that it works on.
    pub at_work: Option<ShareRecord>,
    /// Whether it asks the viewer at each delivery.
    pub by_hand: bool,
    /// What the viewer has decided of the record, where it is still to be done.
    pub(super) decided: Option<AckType>,
    /// Whether the record was acknowledged before the work on it.
    pub(super) said: bool,
    /// How long after its end it is started again, in microseconds; `None`: not at all.
    pub(super) restart_us: Option<u64>,
    /// The rest of its last poll.
    pub(super) waiting: Deque<ShareRecord>,
}

impl ShareWork {
    fn new(number: u32) -> ShareWork {
        ShareWork {
            number,
            incarnation: 0,
            state: ProcessState::Running,
            doing: ShareDoing::Polling,
            at_work: None,
            by_hand: false,
            decided: None,
            said: false,
            restart_us: None,
            waiting: Deque::new(),
        }
    }

    /// The place of the record that it works on.
    pub fn place(&self) -> Option<(TopicPartition, u64)> {
        self.at_work.as_ref().map(|r| (r.partition, r.record.offset))
    }

    /// Whether it waits for a viewer's decision.
    pub fn awaits_decision(&self) -> bool {
        self.doing == ShareDoing::Deciding && matches!(self.state, ProcessState::Running | ProcessState::Stopping)
    }

    /// Lets go of everything.
    fn drop_records(&mut self) {
        (self.at_work, self.decided, self.said) = (None, None, false);
        self.waiting.clear();
    }
}

/// The streams of chance of the share group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ShareChance {
    pub(super) time: Prng,
    pub(super) outcome: Prng,
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
                Some(slot) => self.start_freed(Node::ShareConsumer(slot)),
            }
        }
        let surplus: Vec<u32> = self.share_slots().filter(|s| self.share_work(*s).is_some_and(|w| w.number >= count)).collect();
        surplus.into_iter().for_each(|slot| self.stop_share(slot));
    }

    /// As many as the setting says.
    pub(super) fn scale_shares_as_set(&mut self) {
        let count = self.config.count(Property::ShareConsumers, Of::Only) as u32;
        self.scale_shares(count);
    }

    /// Whether the setting says that there is such a consumer.
    pub(super) fn is_share_wanted(&self, slot: u32) -> bool {
        let count = self.config.count(Property::ShareConsumers, Of::Only) as u32;
        self.share_work(slot).is_some_and(|w| w.number < count)
    }

    pub(super) fn share_slots(&self) -> impl Iterator<Item = u32> + use<> {
        let slots: Vec<u32> = (0..).zip(&self.share_consumers).filter(|(_, c)| c.work.is_some()).map(|(slot, _)| slot).collect();
        slots.into_iter()
    }

    fn share_slot(&self, number: u32) -> Option<u32> {
        self.share_slots().find(|s| self.share_work(*s).is_some_and(|w| w.number == number))
    }

    pub(super) fn share_work(&self, slot: u32) -> Option<&ShareWork> {
        self.share_consumers.get(slot as usize)?.work.as_ref()
    }

    pub(super) fn share_work_mut(&mut self, slot: u32) -> Option<&mut ShareWork> {
        self.share_consumers.get_mut(slot as usize)?.work.as_mut()
    }

    fn hire_share(&mut self, number: u32) {
        if self.share_slots().next().is_none() {
            self.configure_share_group();
        }
        let name = Arc::from(format!("{SHARE_GROUP}-{number}"));
        let slot = self.new_share_consumer(&name, self.share_settings(), false);
        self.share_consumers[slot as usize].work = Some(ShareWork::new(number));
        if !self.is_held_down(Node::ShareConsumer(slot)) {
            return self.begin_share(slot);
        }
        // It is started when the fault ends.
        if let Some(work) = self.share_work_mut(slot) {
            work.state = ProcessState::Stopped;
        }
        self.client_gone(self.share_consumers[slot as usize].client);
    }

    fn begin_share(&mut self, slot: u32) {
        self.tell_work(slot, WorkFact::Started);
        self.with_share(slot, |m, now, out| m.begin(now, vec![Arc::from(TOPIC)], out));
        self.poll_share(slot);
    }

    /// The process is started, if it does not run; one that is ending is started after its end.
    pub(super) fn start_share(&mut self, slot: u32) {
        let settings = self.share_settings();
        let Some(work) = self.share_work_mut(slot) else { return };
        match work.state {
            ProcessState::Running => return,
            ProcessState::Stopping => return work.restart_us = Some(0),
            ProcessState::Stopped | ProcessState::Dead => {}
        }
        work.incarnation += 1;
        (work.state, work.doing, work.restart_us) = (ProcessState::Running, ShareDoing::Polling, None);
        work.drop_records();
        self.renew_share_consumer(slot, settings);
        self.begin_share(slot);
    }

    /// The process is told to stop: it finishes the record in hand and closes its consumer, which gives back the rest (S13).
    pub(super) fn stop_share(&mut self, slot: u32) {
        let Some(work) = self.share_work_mut(slot) else { return };
        work.restart_us = None;
        if work.state == ProcessState::Running {
            work.state = ProcessState::Stopping;
            work.waiting.clear();
        }
    }

    /// The process is stopped in order and started with the settings of then.
    fn restart_share(&mut self, slot: u32) {
        if self.share_work(slot).is_some_and(|w| w.state == ProcessState::Running) {
            self.stop_share(slot);
            self.start_share(slot);
        }
    }

    /// The process dies: its connections break.
    pub(super) fn kill_share(&mut self, slot: u32) {
        let Some(work) = self.share_work_mut(slot) else { return };
        work.restart_us = None;
        if matches!(work.state, ProcessState::Running | ProcessState::Stopping) {
            work.state = ProcessState::Dead;
            work.drop_records();
            let place = &mut self.share_consumers[slot as usize];
            place.application.crash();
            let client = place.client;
            self.tell_work(slot, WorkFact::Killed);
            self.client_gone(client);
        }
    }

    /// The process dies by a fault, and somebody starts it again after a while.
    pub(super) fn crash_share(&mut self, slot: u32) {
        self.kill_share(slot);
        self.restart_share_later(slot, RESTART_US);
    }

    pub(super) fn restart_share_later(&mut self, slot: u32, us: u64) {
        let Some(work) = self.share_work_mut(slot) else { return };
        work.restart_us = Some(us);
        let incarnation = work.incarnation;
        self.at(self.now + us, Occurrence::ShareStart { slot, incarnation });
    }

    /// The while is over: it is started, unless somebody else has done so or wants it down.
    pub(super) fn share_start_due(&mut self, slot: u32, incarnation: u32) {
        if self.share_work(slot).is_some_and(|w| w.restart_us.is_some() && w.incarnation == incarnation) {
            self.start_freed(Node::ShareConsumer(slot));
        }
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
                self.share_slots().for_each(|slot| self.restart_share(slot));
            }
            Property::ShareTime
            | Property::ReleaseShare
            | Property::RejectShare
            | Property::RenewShare
            | Property::ShareCommit
            | Property::ShareIdempotencyKey => {}
            _ if self.share_slots().next().is_some() => self.configure_share_group(),
            _ => {}
        }
    }
}
