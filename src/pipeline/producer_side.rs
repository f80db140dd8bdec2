//! Between the world and the producers: each belongs to a process of the bank, to a listener container, or to a script.

use std::sync::Arc;

use super::publisher_txn::{PublisherTxn, transactional_id};
use super::route::Route;
use super::{FactKind, Occurrence, World, build};
use crate::bank::Publisher;
use crate::broker::{
    ClientId, KafkaException, NewRecord, Producer, ProducerConfig, ProducerEffect, ProducerTimer, RecordMetadata, Response,
};
use crate::fault::Node;
use crate::kernel::SimTime;

/// Whose producer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The API or the relay.
    Publisher(Publisher),
    /// The `KafkaTemplate` of a container, by slot.
    Container(u32),
    /// The tool.
    Script,
    /// A script on the workbench.
    Lab,
    /// Its process is gone.
    Gone,
}

/// A producer of the world.
#[derive(Debug, Clone, Hash)]
pub struct ProducerPlace {
    /// Whose it is.
    pub owner: Owner,
    /// The client.
    pub producer: Producer,
    pub(super) client: ClientId,
    /// Its transactions, if it publishes in transactions.
    pub(super) txn: Option<Box<PublisherTxn>>,
}

impl World {
    /// A new producer with the settings of now; returns its place.
    pub(super) fn open_producer(&mut self, owner: Owner, node: Node, name: &str) -> u32 {
        // A scenario may hold settings that no producer accepts: its application would not start. Here it starts with the
        // defaults; changing a setting into such a state is refused.
        let txn = self.new_publisher_txn(owner);
        let id = match owner {
            Owner::Publisher(publisher) if txn.is_some() => Some(transactional_id(publisher)),
            _ => None,
        };
        let wanted = build::publisher_config(&self.config, id);
        let defaults = || build::publisher_config(&crate::scenario::Config::default(), id);
        let config = Some(wanted).filter(|c| c.check().is_ok()).unwrap_or_else(defaults);
        let index = self.place_producer(owner, node, name, config).expect("the settings were checked");
        self.producers[index as usize].txn = txn;
        index
    }

    /// A new producer with these settings; returns its place.
    ///
    /// # Errors
    /// The settings contradict each other.
    pub(super) fn place_producer(&mut self, owner: Owner, node: Node, name: &str, config: ProducerConfig) -> Result<u32, KafkaException> {
        config.check()?;
        let index = self.producers.len() as u32;
        let client = self.new_client(Route::Producer(index), node);
        let producer = Producer::new(client, Arc::from(name), config, self.seed)?;
        self.producers.push(ProducerPlace { owner, producer, client, txn: None });
        Ok(index)
    }

    /// The process of a producer dies and another one takes its place; returns that one's place.
    pub(super) fn replace_producer(&mut self, index: u32) -> u32 {
        let owner = self.producers[index as usize].owner;
        self.close_producer(index);
        match owner {
            Owner::Publisher(Publisher::Api) => self.open_producer(owner, Node::Api, "api"),
            Owner::Publisher(Publisher::Relay) => self.open_producer(owner, Node::Relay, "relay"),
            Owner::Container(slot) => self.open_container_producer(slot),
            Owner::Script | Owner::Lab | Owner::Gone => index,
        }
    }

    /// The producer of a container's `KafkaTemplate`.
    pub(super) fn open_container_producer(&mut self, slot: u32) -> u32 {
        let name = Arc::clone(&self.consumers[slot as usize].name);
        if let Some(config) = self.lab_template(slot) {
            let opened = self.place_producer(Owner::Container(slot), Node::Consumer(slot), &name, config);
            return opened.expect("the settings were checked when the container was made");
        }
        self.open_producer(Owner::Container(slot), Node::Consumer(slot), &name)
    }

    /// The process of a producer is gone.
    pub(super) fn close_producer(&mut self, index: u32) {
        let place = &mut self.producers[index as usize];
        place.owner = Owner::Gone;
        let client = place.client;
        self.client_gone(client);
    }

    /// Does something to a producer and carries out what it causes.
    pub(super) fn with_producer(&mut self, index: u32, act: impl FnOnce(&mut Producer, SimTime, &mut Vec<ProducerEffect>)) {
        let mut out = self.scratch_producer.take();
        act(&mut self.producers[index as usize].producer, self.now, &mut out);
        let client = self.producers[index as usize].client;
        for effect in out.drain(..) {
            match effect {
                ProducerEffect::Request { to, correlation, request } => self.request(client, to, correlation, request),
                ProducerEffect::Timer { at, timer } => self.at(at, Occurrence::Producer { producer: index, timer }),
                ProducerEffect::Done { token, result } => self.produced(index, token, result),
                ProducerEffect::Fact(fact) => {
                    let node = self.client(client).node;
                    self.tell(node, None, FactKind::Producer(fact));
                }
            }
        }
        self.scratch_producer.give(out);
    }

    /// A record goes to a producer.
    pub(super) fn producer_send(&mut self, index: u32, topic: Arc<str>, partition: Option<u32>, record: NewRecord, token: u64) {
        self.with_producer(index, |p, now, out| p.send(now, topic, partition, record, token, out));
    }

    /// A broker has answered a producer.
    pub(super) fn producer_response(&mut self, index: u32, correlation: u64, response: Response) {
        self.with_producer(index, |p, now, out| p.on_response(now, correlation, response, out));
    }

    /// A timer of a producer is due, if its process still runs.
    pub(super) fn producer_timer(&mut self, index: u32, timer: ProducerTimer) {
        if self.producers[index as usize].owner != Owner::Gone {
            self.with_producer(index, |p, now, out| p.on_timer(now, timer, out));
        }
    }

    /// A producer is done with something.
    fn produced(&mut self, index: u32, token: u64, result: Result<Option<RecordMetadata>, KafkaException>) {
        match self.producers[index as usize].owner {
            Owner::Publisher(_) => self.publisher_produced(index, token, result.map(|_| ())),
            Owner::Container(slot) => self.container_sent(slot, token, result.map(|_| ())),
            Owner::Lab => self.lab_produced(token, result),
            // What is written by hand is seen in the trace.
            Owner::Script | Owner::Gone => {}
        }
    }
}
