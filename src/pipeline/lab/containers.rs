//! Listener containers of a script: with settings of their own, calling listener methods that are programs of the script.

use std::sync::Arc;

use super::{LabAction, Settings};
use crate::broker::{KafkaException, ProducerConfig};
use crate::fault::Node;
use crate::listener::consumer::ConsumerConfig;
use crate::listener::{Container, ContainerProperties, Listener, TransactionCall};
use crate::pipeline::route::Route;
use crate::pipeline::{ConsumerSlot, Duty, InterventionError, ProcessState, World, build};
use crate::scenario::GROUPS;

/// What a container of a script sends with: the settings, and how far its transactional producer is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::pipeline) struct Template {
    config: ProducerConfig,
    initialised: bool,
    /// The bank's group whose projection is the effect of the listener.
    projection: Option<u32>,
    /// The token of a begin that waits for `initTransactions`.
    beginning: Option<u64>,
}

impl Template {
    /// A template whose producer is not opened yet.
    pub(in crate::pipeline) fn new(config: ProducerConfig) -> Template {
        Template { config, initialised: false, projection: None, beginning: None }
    }
}

fn refused(what: &'static str) -> InterventionError {
    InterventionError::NoSuch { what, number: 0 }
}

fn consumer_config(settings: &Settings) -> Result<ConsumerConfig, InterventionError> {
    let mut config = ConsumerConfig::default();
    for (name, value) in settings {
        config.set(name, value).map_err(|_| refused("consumer setting"))?;
    }
    Ok(config)
}

fn producer_config(settings: &Settings) -> Result<ProducerConfig, InterventionError> {
    let mut config = ProducerConfig::default();
    for (name, value) in settings {
        config.set(name, value).map_err(|_| refused("producer setting"))?;
    }
    config.check().map_err(|_| refused("producer with such settings"))?;
    Ok(config)
}

impl World {
    /// Whether an act names only what is there.
    pub(super) fn check_lab_container(&self, action: &LabAction) -> Result<(), InterventionError> {
        match action {
            LabAction::StartContainer { properties, consumer, producer, listener, projection } => {
                // `poll(0)` answers at once: a container that polls again and again would stand still in one instant.
                if properties.poll_timeout_us == 0 || properties.poll_timeout_while_paused_us == 0 {
                    return Err(refused("container that waits for its polls"));
                }
                // A listener's effect asks for the settings of the group that it serves.
                if let Some(number) = projection.filter(|number| *number as usize >= GROUPS.len()) {
                    return Err(InterventionError::NoSuch { what: "projection", number: u64::from(number) });
                }
                consumer_config(consumer)?;
                producer_config(producer)?;
                self.lab.listeners.get(*listener as usize).map(drop).ok_or(refused("listener"))
            }
            LabAction::StopContainer { name } | LabAction::PauseContainer { name } | LabAction::ResumeContainer { name } => {
                self.slot_named(name).map(drop)
            }
            LabAction::AcknowledgeKept { value } => self.slot_that_keeps(value).map(drop),
            _ => Ok(()),
        }
    }

    /// Carries out an act on containers.
    pub(super) fn lab_container(&mut self, action: &LabAction) -> Result<(), InterventionError> {
        match action {
            LabAction::OpenListener { program } => self.lab.listeners.push(Listener::new(program.as_ref().clone())),
            LabAction::StartContainer { properties, consumer, producer, listener, projection } => {
                let consumer = consumer_config(consumer)?;
                let config = producer_config(producer)?;
                let template = Template { projection: *projection, ..Template::new(config) };
                self.lab_start_container(properties, consumer, template, *listener);
            }
            LabAction::StopContainer { name } => {
                let slot = self.slot_named(name)?;
                self.stop_consumer(slot);
            }
            LabAction::PauseContainer { name } => {
                let slot = self.slot_named(name)?;
                self.with_container(slot, |c, _, _, _| c.pause());
            }
            LabAction::ResumeContainer { name } => {
                let slot = self.slot_named(name)?;
                self.with_container(slot, |c, now, listener, out| c.resume(now, listener, out));
            }
            LabAction::AcknowledgeKept { value } => {
                let slot = self.slot_that_keeps(value)?;
                self.with_container(slot, |c, now, listener, out| {
                    c.acknowledge_held(now, value, listener, out);
                });
            }
            LabAction::ReleaseLatch { latch } => {
                for listener in &mut self.lab.listeners {
                    listener.release(latch);
                }
                for slot in 0..self.consumers.len() as u32 {
                    self.with_container(slot, |c, now, listener, out| c.on_released(now, latch, listener, out));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn lab_start_container(&mut self, properties: &ContainerProperties, consumer: ConsumerConfig, template: Template, listener: u32) {
        let slot = self.consumers.len() as u32;
        let client = self.new_client(Route::Consumer(slot), Node::Consumer(slot));
        let mut container = Container::new(client, properties.clone(), consumer);
        container.learn_topics(self.cluster.metadata());
        self.lab.templates.insert(slot, template);
        self.consumers.push(ConsumerSlot {
            group: None,
            duty: Duty::Main,
            number: slot,
            name: Arc::clone(&properties.name),
            incarnation: 0,
            state: ProcessState::Running,
            container,
            listener: Listener::default(),
            lab_listener: Some(listener),
            by_hand: false,
            restarts: false,
            client,
            producer: None,
        });
        self.with_container(slot, |c, now, listener, out| c.start(now, listener, out));
    }

    /// The newest running container of this name.
    fn slot_named(&self, name: &str) -> Result<u32, InterventionError> {
        let is = |slot: &ConsumerSlot| *slot.name == *name && slot.container.thread().is_alive();
        self.consumers.iter().rposition(is).map(|slot| slot as u32).ok_or(refused("running container"))
    }

    fn slot_that_keeps(&self, value: &str) -> Result<u32, InterventionError> {
        let found = self.consumers.iter().rposition(|slot| slot.container.thread().keeps(value));
        found.map(|slot| slot as u32).ok_or(refused("kept acknowledgment"))
    }

    /// The bank's group whose projection a container's listener applies.
    pub(in crate::pipeline) fn group_served(&self, slot: u32) -> Option<u32> {
        let of_script = || self.lab.templates.get(&slot).and_then(|template| template.projection);
        self.consumers[slot as usize].group.or_else(of_script)
    }

    /// The settings of a container's template, where they are its own.
    pub(in crate::pipeline) fn lab_template(&self, slot: u32) -> Option<ProducerConfig> {
        self.lab.templates.get(&slot).map(|template| template.config.clone())
    }

    /// A container of the bank's gets a transactional template if its group has a transaction manager (E4).
    pub(in crate::pipeline) fn renew_template(&mut self, slot: u32) {
        let Some(group) = self.consumers[slot as usize].group else { return };
        self.lab.templates.remove(&slot);
        self.rare.failed_producers.remove(&slot);
        if build::is_transactional(&self.config, group) {
            let id = format!("{}-tx-0", self.consumers[slot as usize].name);
            let config = build::publisher_config(&self.config, Some(&id));
            let config = Some(config).filter(|c| c.check().is_ok());
            let usual = || ProducerConfig { transactional_id: Some(id.clone()), ..ProducerConfig::default() };
            self.lab.templates.insert(slot, Template::new(config.unwrap_or_else(usual)));
        }
    }

    /// A container calls its transactional producer (E4).
    pub(in crate::pipeline) fn container_transaction(&mut self, slot: u32, token: u64, call: TransactionCall) {
        if !self.lab.templates.contains_key(&slot) {
            return;
        }
        let producer = self.container_producer(slot);
        match call {
            TransactionCall::Begin => self.begin_for_container(slot, producer, token),
            TransactionCall::SendOffsets { offsets } => {
                let consumer = self.consumers[slot as usize].container.consumer();
                let (member_id, generation) = consumer.group_metadata();
                let group = Arc::from(consumer.config().group_id.as_str());
                let with_epoch = |(partition, offset)| (partition, crate::broker::CommittedOffset { offset, leader_epoch: None });
                let offsets = offsets.into_iter().map(with_epoch).collect();
                self.with_producer(producer, |p, now, out| p.send_offsets(now, group, offsets, member_id, generation, token, out));
            }
            TransactionCall::Commit => self.with_producer(producer, |p, now, out| p.commit_transaction(now, token, out)),
            TransactionCall::Abort if self.rare.failed_producers.contains(&slot) => {
                // "abortTransaction ignored": the producer is closed before the next transaction, and that ends this one.
                self.with_container(slot, |c, now, listener, out| c.on_transaction(now, token, Ok(()), listener, out));
            }
            TransactionCall::Abort => self.with_producer(producer, |p, now, out| p.abort_transaction(now, token, out)),
        }
    }

    fn begin_for_container(&mut self, slot: u32, producer: u32, token: u64) {
        let is_fenced = self.consumers[slot as usize].group.is_some() && self.producers[producer as usize].producer.is_fatally_failed();
        if is_fenced || self.rare.failed_producers.contains(&slot) {
            return self.begin_with_another(slot, producer, token);
        }
        let template = self.lab.templates.get_mut(&slot).expect("looked up by the caller");
        if !template.initialised {
            template.beginning = Some(token);
            return self.with_producer(producer, |p, now, out| p.init_transactions(now, token, out));
        }
        let mut begun = Ok(());
        self.with_producer(producer, |p, _, _| begun = p.begin_transaction());
        if begun.is_err() {
            self.rare.failed_producers.insert(slot);
        }
        self.with_container(slot, |c, now, listener, out| c.on_transaction(now, token, begun, listener, out));
    }

    /// The factory closes a producer that failed and makes another one, with the settings that it was made with itself.
    fn begin_with_another(&mut self, slot: u32, producer: u32, token: u64) {
        self.rare.failed_producers.remove(&slot);
        if let Some(template) = self.lab.templates.get_mut(&slot) {
            (template.initialised, template.beginning) = (false, None);
        }
        let renewed = self.replace_producer(producer);
        self.consumers[slot as usize].producer = Some(renewed);
        self.begin_for_container(slot, renewed, token);
    }

    /// The producer of a script's container is done with a send or a transactional call.
    pub(in crate::pipeline) fn lab_container_sent(&mut self, slot: u32, token: u64, result: Result<(), KafkaException>) {
        let template = self.lab.templates.get_mut(&slot).expect("looked up by the caller");
        let begins = template.beginning == Some(token);
        if result.is_err() && (begins || self.consumers[slot as usize].container.thread().ends_transaction(token)) {
            self.rare.failed_producers.insert(slot);
        }
        if begins {
            template.beginning = None;
            template.initialised = result.is_ok();
            if let (true, Some(producer)) = (template.initialised, self.consumers[slot as usize].producer) {
                return self.begin_for_container(slot, producer, token);
            }
        }
        self.with_container(slot, |c, now, listener, out| {
            c.on_sent(now, token, result.clone(), listener, out);
            c.on_transaction(now, token, result, listener, out);
        });
    }
}
