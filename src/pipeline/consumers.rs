//! The consumers of the picture: starting, stopping, killing, scaling them.

use std::sync::Arc;

use super::build;
use super::route::Route;
use super::{Occurrence, World};
use crate::broker::ClientId;
use crate::fault::Node;
use crate::kernel::SimTime;
use crate::listener::{Container, Listener};
use crate::scenario::{GROUPS, Of, Property};

/// How long an orchestrator waits before it starts a crashed process again, in microseconds.
pub const RESTART_US: u64 = 3_000_000;

/// The most consumers of one group.
pub const CONSUMERS_MAX: u32 = 12;

/// What became of the process of a consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProcessState {
    /// It runs.
    Running,
    /// It was told to stop and finishes what it has in hand.
    Stopping,
    /// It ended in order, or its container stopped by itself.
    Stopped,
    /// It died.
    Dead,
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Duty {
    /// The topic of the events.
    Main,
    /// The retry topic with this place in the chain, from 0 (D13).
    Retry(u32),
    /// The dead letters of the chain.
    DeadLetters,
}

/// A consumer of the picture: the place of one listener container, whose process may be started again and again.
#[derive(Debug, Clone, Hash)]
pub struct ConsumerSlot {
    /// The group's place in [`GROUPS`]; `None` for a container that a script made.
    pub group: Option<u32>,
    /// What it listens to.
    pub duty: Duty,
    /// Its number within group and duty, from 0.
    pub number: u32,
    /// Its name, as in `client.id`.
    pub name: Arc<str>,
    /// How often its process was started before.
    pub incarnation: u32,
    /// What became of the process.
    pub state: ProcessState,
    /// The container.
    pub container: Container,
    /// The listener method.
    pub listener: Listener,
    /// The workbench's listener method that is called instead of its own.
    pub(super) lab_listener: Option<u32>,
    /// Whether its listener asks the viewer at each delivery.
    pub by_hand: bool,
    /// Whether it is to be started after its next end, or after the while that has passed since then.
    pub(super) restarts: bool,
    pub(super) client: ClientId,
    /// The producer of its `KafkaTemplate`.
    pub(super) producer: Option<u32>,
}

impl World {
    /// Sees to it that a group has so many running consumers: starts what is missing, stops the last ones.
    pub(super) fn scale(&mut self, group: u32, count: u32) {
        let count = count.min(CONSUMERS_MAX);
        let wanted = count * self.children(group);
        let duties = self.duties(group);
        let wanted_of = |duty: Duty| if duty == Duty::Main { wanted } else { u32::from(wanted > 0) };
        let is_surplus = |place: &ConsumerSlot| !duties.contains(&place.duty) || place.number >= wanted_of(place.duty);
        let surplus: Vec<u32> = self.slots_of(group).filter(|s| is_surplus(&self.consumers[*s as usize])).collect();
        for slot in surplus {
            self.rare.dismissed.insert(slot);
            self.stop_consumer(slot);
        }
        for duty in &duties {
            for number in 0..wanted_of(*duty) {
                match self.slot_of(group, *duty, number) {
                    None => self.hire(group, *duty, number),
                    Some(slot) => {
                        self.rare.dismissed.remove(&slot);
                        self.start_freed_consumer(slot);
                    }
                }
            }
        }
    }

    /// How many consumers of its topic a group has, in the number that [`Action::Scale`](super::Action::Scale) takes: the
    /// children of a concurrent container (D16) are one, and the containers of retry topics come by themselves. One that is
    /// told to stop is gone, unless it is started again.
    pub fn consumer_count(&self, group: u32) -> u32 {
        let goes_on = |place: &&ConsumerSlot| match place.state {
            ProcessState::Running => true,
            ProcessState::Stopping => place.restarts,
            ProcessState::Stopped | ProcessState::Dead => false,
        };
        let of_topic = self.consumers.iter().filter(|c| c.group == Some(group) && c.duty == Duty::Main);
        let threads = of_topic.filter(goes_on).count() as u32;
        threads.div_ceil(self.children(group))
    }

    /// How many children each container of a group has (D16).
    fn children(&self, group: u32) -> u32 {
        (self.config.count(Property::Concurrency, Of::Group(group)) as u32).max(1)
    }

    /// What the containers of a group listen to: the topic, and its retry topics if there are any.
    fn duties(&self, group: u32) -> Vec<Duty> {
        let chain = build::retry_chain(&self.config, group);
        std::iter::once(Duty::Main).chain(chain.iter().flat_map(build::retry_duties)).collect()
    }

    /// The slots of a group's consumers.
    pub(super) fn slots_of(&self, group: u32) -> impl Iterator<Item = u32> {
        (0..).zip(&self.consumers).filter(move |(_, c)| c.group == Some(group)).map(|(slot, _)| slot)
    }

    fn slot_of(&self, group: u32, duty: Duty, number: u32) -> Option<u32> {
        self.slots_of(group).find(|s| {
            let place = &self.consumers[*s as usize];
            place.duty == duty && place.number == number
        })
    }

    /// A new place with a running process; if a fault holds that down, it is started when the fault ends.
    fn hire(&mut self, group: u32, duty: Duty, number: u32) {
        if self.must_stand_still(group) {
            return;
        }
        let slot = self.consumers.len() as u32;
        let name: Arc<str> = Arc::from(build::container_name(group, duty, number));
        let client = self.new_client(Route::Consumer(slot), Node::Consumer(slot));
        let (container, listener) = self.new_process(group, duty, number, &name, client);
        self.consumers.push(ConsumerSlot {
            group: Some(group),
            duty,
            number,
            name,
            incarnation: 0,
            state: ProcessState::Running,
            container,
            listener,
            lab_listener: None,
            by_hand: false,
            restarts: false,
            client,
            producer: None,
        });
        if self.is_process_held(slot) {
            self.consumers[slot as usize].state = ProcessState::Stopped;
            return self.client_gone(client);
        }
        self.begin_consumer(slot);
    }

    fn new_process(&self, group: u32, duty: Duty, number: u32, name: &Arc<str>, client: ClientId) -> (Container, Listener) {
        let mut properties = build::container_properties(&self.config, group, duty, name);
        let concurrency = self.children(group);
        if duty == Duty::Main && concurrency > 1 {
            properties.parent = Some(Arc::from(build::container_name(group, duty, number / concurrency)));
        }
        let consumer = build::consumer_config(&self.config, group, name);
        let listener = Listener::new(build::listener_program(&self.config, group));
        (Container::new(client, properties, consumer), listener)
    }

    /// The process of a slot is started, with every child of its concurrent container (D16) that is wanted and does not run.
    pub(super) fn start_consumer(&mut self, slot: u32) {
        for slot in self.process_to_start(slot) {
            self.start_container(slot);
        }
    }

    /// Whether the group of a consumer wants it.
    pub(super) fn is_wanted(&self, slot: u32) -> bool {
        !self.rare.dismissed.contains(&slot)
    }

    /// The slots that are started with this one.
    pub(super) fn process_to_start(&self, slot: u32) -> Vec<u32> {
        let mut slots = self.process_of_slot(slot);
        slots.retain(|mate| *mate == slot || self.is_wanted(*mate));
        slots
    }

    /// The while since its end is over: it is started, unless somebody else has done so or wants it down.
    pub(super) fn start_due(&mut self, slot: u32, incarnation: u32) {
        let place = &mut self.consumers[slot as usize];
        if place.incarnation == incarnation && std::mem::take(&mut place.restarts) {
            self.start_freed_consumer(slot);
        }
    }

    fn start_container(&mut self, slot: u32) {
        let (group, duty) = (self.consumers[slot as usize].group, self.consumers[slot as usize].duty);
        // A retry topic that was switched off is nothing to listen to.
        if group.is_some_and(|group| self.must_stand_still(group) || !self.duties(group).contains(&duty)) {
            return;
        }
        let place = &mut self.consumers[slot as usize];
        match place.state {
            ProcessState::Running => return,
            // It cannot be started before it has come to its end.
            ProcessState::Stopping => return place.restarts = true,
            ProcessState::Stopped | ProcessState::Dead => {}
        }
        let (Some(group), duty, number, name) = (place.group, place.duty, place.number, Arc::clone(&place.name)) else { return };
        let client = self.new_client(Route::Consumer(slot), Node::Consumer(slot));
        let (container, listener) = self.new_process(group, duty, number, &name, client);
        let place = &mut self.consumers[slot as usize];
        place.incarnation += 1;
        place.restarts = false;
        place.state = ProcessState::Running;
        place.client = client;
        place.container = container;
        place.listener = listener;
        self.begin_consumer(slot);
    }

    fn begin_consumer(&mut self, slot: u32) {
        self.renew_template(slot);
        self.arm_listener(slot);
        self.with_container(slot, |c, now, listener, out| c.start(now, listener, out));
    }

    /// The process of a slot is told to stop: `ConcurrentMessageListenerContainer#stop` stops every child (D16).
    pub(super) fn stop_process(&mut self, slot: u32) {
        for slot in self.process_of_slot(slot) {
            self.stop_consumer(slot);
        }
    }

    /// The container of a slot is told to stop, and not to be started again.
    pub(super) fn stop_consumer(&mut self, slot: u32) {
        self.consumers[slot as usize].restarts = false;
        self.end_consumer(slot);
    }

    fn end_consumer(&mut self, slot: u32) {
        if self.consumers[slot as usize].state == ProcessState::Running {
            self.consumers[slot as usize].state = ProcessState::Stopping;
            self.with_container(slot, |c, now, listener, out| c.stop(now, listener, out));
        }
    }

    /// A child of a concurrent container ended abnormally: the other children stop too (D16).
    pub(super) fn stop_siblings(&mut self, slot: u32) {
        for sibling in self.siblings(slot) {
            self.consumers[sibling as usize].state = ProcessState::Stopping;
            self.with_container(sibling, |c, now, listener, out| c.stop_with_siblings(now, listener, out));
        }
    }

    /// The listener of a child paused its container: `ConcurrentMessageListenerContainer#pause` pauses every child (D16).
    pub(super) fn pause_siblings(&mut self, slot: u32) {
        for sibling in self.siblings(slot) {
            self.with_container(sibling, |c, _, _, _| c.pause());
        }
    }

    /// The other running children of a slot's concurrent container.
    fn siblings(&self, slot: u32) -> Vec<u32> {
        let runs = |other: &u32| *other != slot && self.consumers[*other as usize].state == ProcessState::Running;
        self.process_of_slot(slot).into_iter().filter(runs).collect()
    }

    /// The slots whose containers live in the process of this one: the children of its concurrent container (D16), itself first.
    pub(super) fn process_of_slot(&self, slot: u32) -> Vec<u32> {
        let parent = self.consumers[slot as usize].container.properties().parent.as_ref();
        let is_mate = |(number, place): &(u32, &ConsumerSlot)| {
            *number != slot && parent.is_some() && place.container.properties().parent.as_ref() == parent
        };
        let mates = (0..).zip(&self.consumers).filter(is_mate).map(|(number, _)| number);
        std::iter::once(slot).chain(mates).collect()
    }

    /// A process of the bank's has died: the other children of its concurrent container die with it (D16).
    pub(super) fn kill_mates(&mut self, slot: u32) {
        for mate in self.process_of_slot(slot) {
            self.kill_consumer(mate);
        }
    }

    /// The process of a slot dies, and is not to be started again.
    pub(super) fn kill_consumer(&mut self, slot: u32) {
        self.consumers[slot as usize].restarts = false;
        if matches!(self.consumers[slot as usize].state, ProcessState::Running | ProcessState::Stopping) {
            self.with_container(slot, |c, now, listener, out| c.kill(now, listener, out));
        }
    }

    /// Its next death, or the one that has just come, is followed by a start after a while.
    pub(super) fn restart_after_death(&mut self, slot: u32) {
        if self.consumers[slot as usize].state == ProcessState::Dead {
            self.restart_consumer_later(slot);
        } else {
            self.consumers[slot as usize].restarts = true;
        }
    }

    /// Somebody starts it again after a while.
    pub(super) fn restart_consumer_later(&mut self, slot: u32) {
        self.start_consumer_at(slot, self.now + RESTART_US);
    }

    /// It is started at this instant, unless something comes between.
    pub(super) fn start_consumer_at(&mut self, slot: u32, at: SimTime) {
        let place = &mut self.consumers[slot as usize];
        place.restarts = true;
        let incarnation = place.incarnation;
        self.at(at, Occurrence::StartConsumer { slot, incarnation });
    }

    /// Every consumer of a group is stopped in order and started with the settings of now.
    pub(super) fn restart_group(&mut self, group: u32) {
        let slots: Vec<u32> = self.slots_of(group).collect();
        for slot in slots {
            if self.consumers[slot as usize].state == ProcessState::Running {
                // One that waits for no answer stops within the call.
                self.consumers[slot as usize].restarts = true;
                self.end_consumer(slot);
            }
        }
        debug_assert!((group as usize) < GROUPS.len());
    }
}
