//! Between the world and the listener containers: processes that come and go, what their listeners want, what is answered.

use std::sync::Arc;

use super::bank_side::projection_of;
use super::route::Route;
use super::{ConsumerSlot, FactKind, Occurrence, ProcessState, World};
use crate::bank::{EventId, Place};
use crate::broker::{KafkaException, NewRecord, Response, TopicPartition};
use crate::fault::{Node, Point, Verdict};
use crate::kernel::SimTime;
use crate::listener::consumer::{ConsumerEffect, ConsumerTimer};
use crate::listener::{self, ConsumerRecord, Container, ContainerEffect, ContainerTimer, Exception, Listener};
use crate::scenario::{Of, Property};

/// Above these bits a call's number has its slot: the read database's answer finds its way also when nobody waits any more.
const CALLS_OF_SLOT: u32 = 32;

/// A listener's call to the application: the listener's own time first, then the read database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ApplicationCall {
    slot: u32,
    incarnation: u32,
    token: u64,
    events: Arc<[EventId]>,
    /// Where they were found, if that is stored with the view.
    places: Option<Arc<[Place]>>,
}

/// A partition as the bank keeps it: an opaque number.
fn source_of(partition: TopicPartition) -> u64 {
    u64::from(partition.topic.0) << 32 | u64::from(partition.partition)
}

impl World {
    /// Does something to a container and carries out what it causes.
    pub(super) fn with_container(
        &mut self,
        slot: u32,
        act: impl FnOnce(&mut Container, SimTime, &mut Listener, &mut Vec<ContainerEffect>),
    ) {
        let mut out = self.scratch_container.take();
        let ConsumerSlot { container, listener, lab_listener, .. } = &mut self.consumers[slot as usize];
        let listener = match lab_listener {
            Some(shared) => &mut self.lab.listeners[*shared as usize],
            None => listener,
        };
        act(container, self.now, listener, &mut out);
        self.container_effects(slot, out);
        if !self.faults.is_quiet() {
            self.count_listener_strikes(slot);
        }
    }

    fn container_effects(&mut self, slot: u32, mut out: Vec<ContainerEffect>) {
        for effect in out.drain(..) {
            match effect {
                ContainerEffect::Consumer(effect) => self.consumer_effect(slot, effect),
                ContainerEffect::Application { token, records } => self.application(slot, token, &records),
                ContainerEffect::Send { token, topic, partition, verify_partition, record, .. } => {
                    let partition = partition.filter(|p| !verify_partition || self.has_partition(&topic, *p));
                    let partition = partition.filter(|_| !self.is_sent_by_key(slot, &topic));
                    self.container_send(slot, token, topic, partition, record);
                }
                ContainerEffect::Transaction { token, call } => self.container_transaction(slot, token, call),
                ContainerEffect::Timer { at, timer } => {
                    let incarnation = self.consumers[slot as usize].incarnation;
                    self.at(at, Occurrence::Container { slot, incarnation, timer });
                }
                ContainerEffect::Fact(fact) => self.listener_fact(slot, fact),
                ContainerEffect::StopsSiblings => self.stop_siblings(slot),
                ContainerEffect::PausesSiblings => self.pause_siblings(slot),
                ContainerEffect::Stopped { .. } => self.process_ended(slot, ProcessState::Stopped),
                ContainerEffect::Died => self.process_ended(slot, ProcessState::Dead),
            }
        }
        self.scratch_container.give(out);
    }

    fn consumer_effect(&mut self, slot: u32, effect: ConsumerEffect) {
        let place = &self.consumers[slot as usize];
        match effect {
            ConsumerEffect::Request { to, correlation, request } => self.request(place.client, to, correlation, request),
            ConsumerEffect::Timer { at, timer } => {
                let incarnation = place.incarnation;
                self.at(at, Occurrence::Consumer { slot, incarnation, timer });
            }
            ConsumerEffect::Fact(fact) => self.tell(Node::Consumer(slot), None, FactKind::Consumer(fact)),
            ConsumerEffect::Event(_) => unreachable!("a container keeps the events of its consumer to itself"),
        }
    }

    /// A broker has answered the consumer of a container.
    pub(super) fn consumer_response(&mut self, slot: u32, correlation: u64, response: Response) {
        self.with_container(slot, |c, now, listener, out| c.on_response(now, correlation, response, listener, out));
    }

    /// A timer of a consumer is due, if that process still runs.
    pub(super) fn consumer_timer(&mut self, slot: u32, incarnation: u32, timer: ConsumerTimer) {
        if self.is_incarnation(slot, incarnation) {
            self.with_container(slot, |c, now, listener, out| c.on_consumer_timer(now, timer, listener, out));
        }
    }

    /// A timer of a container is due, if that process still runs.
    pub(super) fn container_timer(&mut self, slot: u32, incarnation: u32, timer: ContainerTimer) {
        if self.is_incarnation(slot, incarnation) {
            self.with_container(slot, |c, now, listener, out| c.on_timer(now, timer, listener, out));
        }
    }

    fn is_incarnation(&self, slot: u32, incarnation: u32) -> bool {
        let place = &self.consumers[slot as usize];
        place.incarnation == incarnation && matches!(place.state, ProcessState::Running | ProcessState::Stopping)
    }

    /// The listener applies records: it takes its time, then calls the read database.
    fn application(&mut self, slot: u32, token: u64, records: &[ConsumerRecord]) {
        let place = &self.consumers[slot as usize];
        let events: Arc<[EventId]> = records.iter().filter_map(|r| EventId::from_tag(r.record.tag)).collect();
        let Some(group) = self.group_served(slot).filter(|_| self.bank.is_some() && !events.is_empty()) else {
            // Most listeners of scripts have no application behind them, and what is no event has no effect.
            return self.at(self.now, Occurrence::Answer { slot, incarnation: place.incarnation, token });
        };
        let places = self.stores_places(group).then(|| {
            let event = |r: &&ConsumerRecord| EventId::from_tag(r.record.tag).is_some();
            records.iter().filter(event).map(|r| Place { source: source_of(r.partition), next: r.record.offset + 1 }).collect()
        });
        let call = ApplicationCall { slot, incarnation: place.incarnation, token, events, places };
        let us = self.config.latency(Property::ListenerTime, Of::Group(group)).draw(&mut self.listener_prng);
        let number = u64::from(slot) << CALLS_OF_SLOT | self.calls_made;
        self.calls_made += 1;
        self.calls.insert(number, call);
        if us == 0 {
            self.listener_works(number);
        } else {
            self.at(self.now + us, Occurrence::ListenerWorks { call: number });
        }
    }

    /// The listener comes to the point of its effect.
    pub(super) fn listener_works(&mut self, number: u64) {
        let Some(call) = self.calls.get(&number) else { return };
        if !self.is_incarnation(call.slot, call.incarnation) {
            self.calls.remove(&number);
            return;
        }
        let content = (Arc::clone(&call.events), call.places.clone());
        let projection = projection_of(self.group_served(call.slot).unwrap_or(0));
        self.with_bank(|bank, now, out| bank.apply(now, number, projection, content, out));
    }

    /// The read database has answered a listener, or was silent for too long.
    pub(super) fn applied(&mut self, number: u64, result: Result<(), &'static str>) {
        let Some(ApplicationCall { slot, incarnation, token, .. }) = self.calls.remove(&number) else { return };
        if self.is_incarnation(slot, incarnation) {
            let answer = result.map_err(|class| Exception::thrown(class, "read database"));
            self.with_container(slot, |c, now, listener, out| c.on_application(now, token, answer, listener, out));
        }
    }

    /// A call that needed nothing is answered.
    pub(super) fn answer_call(&mut self, slot: u32, incarnation: u32, token: u64) {
        if self.is_incarnation(slot, incarnation) {
            self.with_container(slot, |c, now, listener, out| c.on_application(now, token, Ok(()), listener, out));
        }
    }

    /// The node that made a call to the read database, whether or not it still waits for the answer.
    pub(super) fn consumer_of_call(number: u64) -> Node {
        if number >= crate::bank::IN_PROCESS_CALLS { Node::Api } else { Node::Consumer((number >> CALLS_OF_SLOT) as u32) }
    }

    /// The container's `KafkaTemplate` sends a record: a dead letter, a retry, or what the listener wants.
    fn container_send(&mut self, slot: u32, token: u64, topic: Arc<str>, partition: Option<u32>, record: NewRecord) {
        let producer = self.container_producer(slot);
        self.producer_send(producer, topic, partition, record, token);
    }

    /// Whether a group's `destinationResolver` leaves the partition of a dead letter to its key (D12).
    fn is_sent_by_key(&self, slot: u32, topic: &str) -> bool {
        let Some(group) = self.consumers[slot as usize].group else { return false };
        let by_key = self.config.choice(Property::DltDestination, Of::Group(group)) == "by-key";
        by_key && topic == self.dead_letter_topic(group)
    }

    /// The producer of a container's template, opened at its first use.
    pub(super) fn container_producer(&mut self, slot: u32) -> u32 {
        match self.consumers[slot as usize].producer {
            Some(producer) => producer,
            None => {
                let producer = self.open_container_producer(slot);
                self.consumers[slot as usize].producer = Some(producer);
                producer
            }
        }
    }

    /// The container's producer is done with a record.
    pub(super) fn container_sent(&mut self, slot: u32, token: u64, result: Result<(), KafkaException>) {
        if self.lab.templates.contains_key(&slot) {
            return self.lab_container_sent(slot, token, result);
        }
        let place = &self.consumers[slot as usize];
        let point = Point::DeadLettered { consumer: Node::Consumer(slot), group: place.group };
        if result.is_ok() && self.judge(&point) == Verdict::Crash {
            self.kill_consumer(slot);
            return self.restart_consumer_later(slot);
        }
        self.with_container(slot, |c, now, listener, out| c.on_sent(now, token, result, listener, out));
    }

    /// The process of a consumer has come to its end.
    fn process_ended(&mut self, slot: u32, state: ProcessState) {
        let place = &mut self.consumers[slot as usize];
        place.state = state;
        let restarts = std::mem::take(&mut place.restarts);
        let (client, producer) = (place.client, place.producer.take());
        self.client_gone(client);
        if let Some(producer) = producer {
            self.close_producer(producer);
        }
        if self.client(client).route == Route::Gone && state == ProcessState::Dead {
            let dead: Vec<u64> = self.calls.iter().filter(|(_, c)| c.slot == slot).map(|(number, _)| *number).collect();
            for number in dead {
                self.calls.remove(&number);
                self.with_bank(|bank, _, _| bank.abandon_call(number));
            }
        }
        // The workbench's scripts name the containers that live in one process themselves.
        if state == ProcessState::Dead && self.consumers[slot as usize].group.is_some() {
            self.kill_mates(slot);
        }
        if restarts {
            match state {
                ProcessState::Dead => self.restart_consumer_later(slot),
                // It was stopped in order to be started with other settings.
                _ => self.start_consumer_at(slot, self.now),
            }
        }
    }

    fn listener_fact(&mut self, slot: u32, fact: listener::Fact) {
        let command = self.command_of_listener(&fact);
        self.meter_listener(&fact);
        let assigned = match &fact {
            listener::Fact::Assigned { partitions } if !partitions.is_empty() => partitions.clone(),
            _ => Vec::new(),
        };
        self.tell(Node::Consumer(slot), command, FactKind::Listener(fact));
        if !assigned.is_empty() {
            self.seek_to_stored_places(slot, &assigned);
        }
    }

    /// Whether a group stores the offset with its view (E5, 3).
    pub fn stores_places(&self, group: u32) -> bool {
        self.config.choice(Property::Idempotency, Of::Group(group)) == "offset-with-view"
    }

    /// `ConsumerSeekAware.onPartitionsAssigned`: the listener begins where its view says (E5, 3). A database that is down
    /// answers nothing: then the group's committed offset counts, and what the view has already is skipped.
    fn seek_to_stored_places(&mut self, slot: u32, assigned: &[TopicPartition]) {
        let (Some(bank), Some(group)) = (&self.bank, self.consumers[slot as usize].group) else { return };
        if !self.stores_places(group) || !bank.read_db().is_up() {
            return;
        }
        let place = |p: &TopicPartition| Some((*p, bank.read_db().model.place(projection_of(group), source_of(*p))?));
        let offsets: Vec<(TopicPartition, u64)> = assigned.iter().filter_map(place).collect();
        if !offsets.is_empty() {
            self.with_container(slot, |c, now, listener, out| c.seek(now, &offsets, listener, out));
        }
    }

    /// The command behind a fact about one record.
    fn command_of_listener(&self, fact: &listener::Fact) -> Option<u32> {
        use listener::Fact as F;
        let (partition, offset) = match fact {
            F::Delivered { record, .. } => return self.command_of_tag(record.record.tag),
            F::BatchDelivered { records } => return self.command_of_tag(records.first()?.record.tag),
            F::Returned { partition, offset }
            | F::Threw { partition, offset, .. }
            | F::Acknowledged { partition, offset }
            | F::Nacked { partition, offset, .. }
            | F::AwaitingDecision { partition, offset }
            | F::Failed { partition, offset, .. }
            | F::RecovererCalled { partition, offset }
            | F::Recovered { partition, offset, .. }
            | F::RecoveryFailed { partition, offset, .. } => (*partition, *offset),
            _ => return None,
        };
        self.bank.as_ref()?;
        self.command_of_tag(self.record(partition, offset)?.tag)
    }
}
