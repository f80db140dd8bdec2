//! Between the world and share consumers: requests and timers that leave them, answers that come back.

use std::sync::Arc;

use super::lab::LabAnswer;
use super::route::Route;
use super::{FactKind, Occurrence, ShareWork, World};
use crate::broker::{ClientId, Response};
use crate::fault::Node;
use crate::kernel::SimTime;
use crate::listener::share::{ShareAnswer, ShareConsumer, ShareConsumerConfig, ShareEffect, ShareMember};

/// A share consumer with its application; its number is that of [`Node::ShareConsumer`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareSlot {
    /// Its name, which is its `client.id`.
    pub name: Arc<str>,
    /// Its group.
    pub group: Arc<str>,
    /// The application around the consumer.
    pub application: ShareMember,
    /// What it is on, if it belongs to the bank's share group.
    pub work: Option<ShareWork>,
    pub(super) client: ClientId,
    /// The act of a script that the application is on.
    pub(super) op: Option<u64>,
}

impl World {
    /// The share consumers; a place's number is that of [`Node::ShareConsumer`].
    pub fn share_consumers(&self) -> &[ShareSlot] {
        &self.share_consumers
    }

    /// A new share consumer that has subscribed to nothing yet.
    pub(super) fn new_share_consumer(&mut self, name: &Arc<str>, config: ShareConsumerConfig, has_callback: bool) -> u32 {
        let slot = self.share_consumers.len() as u32;
        let client = self.new_client(Route::ShareConsumer(slot), Node::ShareConsumer(slot));
        let group = Arc::from(config.group_id.as_str());
        let application = ShareMember::new(ShareConsumer::new(client, Arc::clone(name), config, has_callback));
        self.share_consumers.push(ShareSlot { name: Arc::clone(name), group, application, work: None, client, op: None });
        slot
    }

    /// Another process takes a share consumer's place.
    pub(super) fn renew_share_consumer(&mut self, slot: u32, config: ShareConsumerConfig) {
        let client = self.new_client(Route::ShareConsumer(slot), Node::ShareConsumer(slot));
        let place = &mut self.share_consumers[slot as usize];
        place.client = client;
        place.application = ShareMember::new(ShareConsumer::new(client, Arc::clone(&place.name), config, false));
    }

    /// Does something to a share consumer's application and carries out what it causes.
    pub(super) fn with_share(&mut self, slot: u32, act: impl FnOnce(&mut ShareMember, SimTime, &mut Vec<ShareEffect>)) {
        let mut out = Vec::new();
        act(&mut self.share_consumers[slot as usize].application, self.now, &mut out);
        self.share_effects(slot, out);
    }

    fn share_effects(&mut self, slot: u32, out: Vec<ShareEffect>) {
        let client = self.share_consumers[slot as usize].client;
        for effect in out {
            match effect {
                ShareEffect::Request { to, correlation, request } => self.request(client, to, correlation, request),
                ShareEffect::HangUp { from } => self.with_cluster(|c, now, out| c.hang_up(now, client, from, out)),
                ShareEffect::Timer { at } => self.at(at, Occurrence::ShareConsumer { slot }),
                ShareEffect::Fact(fact) => self.tell(Node::ShareConsumer(slot), None, FactKind::Consumer(fact)),
                ShareEffect::Event(_) => unreachable!("the application keeps the events of its consumer to itself"),
            }
        }
        let place = &mut self.share_consumers[slot as usize];
        let answer = place.application.answer();
        if place.application.is_gone() {
            self.client_gone(client);
        }
        let place = &mut self.share_consumers[slot as usize];
        let Some(answer) = answer else { return };
        if place.work.is_some() {
            self.share_goes_on(slot, answer);
        } else if let Some(op) = place.op.take() {
            self.lab_settle(op, share_answer(answer));
        }
    }

    /// A broker has answered a share consumer.
    pub(super) fn share_response(&mut self, slot: u32, correlation: u64, response: Response) {
        self.with_share(slot, |m, now, out| m.on_response(now, correlation, response, out));
    }

    /// The timer of a share consumer is due, if its process still runs.
    pub(super) fn share_timer(&mut self, slot: u32) {
        if !self.share_consumers[slot as usize].application.is_gone() {
            self.with_share(slot, |m, now, out| m.on_timer(now, out));
        }
    }
}

fn share_answer(answer: ShareAnswer) -> LabAnswer {
    match answer {
        ShareAnswer::Done => LabAnswer::Done,
        ShareAnswer::Records(records) => LabAnswer::ShareRecords(records),
        ShareAnswer::Committed(outcome) => LabAnswer::AckOutcome(outcome),
        ShareAnswer::Threw(exception) => LabAnswer::Threw(exception),
    }
}
