//! Consumers without a container.

use std::sync::Arc;

use super::{LabAction, LabAnswer, LabOrder, Offsets};
use crate::broker::{ClientId, CommittedOffset, Response, TopicPartition};
use crate::fault::Node;
use crate::kernel::{SimTime, SortedMap};
use crate::listener::consumer::{Answer, Consumer, ConsumerConfig, ConsumerEffect, ConsumerTimer, Order, RawMember};
use crate::pipeline::route::Route;
use crate::pipeline::{FactKind, InterventionError, Occurrence, World};

/// A consumer of a script.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabMember {
    /// Its name, which is its `client.id`.
    pub name: Arc<str>,
    /// Its group; empty for none.
    pub group: Arc<str>,
    /// Its `group.instance.id`; empty for a dynamic member.
    pub instance: Arc<str>,
    /// Whether it was given its partitions (`assign`).
    pub manual: bool,
    /// The application around the consumer.
    pub application: RawMember,
    pub(super) client: ClientId,
    /// The act that the application is on.
    op: Option<u64>,
}

impl World {
    pub(super) fn lab_member(&self, name: &str) -> Result<u32, InterventionError> {
        let place = self.lab.members.iter().rposition(|m| &*m.name == name);
        place.map(|p| p as u32).ok_or(InterventionError::NoSuch { what: "member", number: 0 })
    }

    /// Creates a consumer; settings that it refuses are the answer.
    pub(super) fn lab_open_member(&mut self, action: &LabAction) -> Result<(), InterventionError> {
        let (op, name, settings) = match action {
            LabAction::Subscribe { op, member, settings, .. } | LabAction::Assign { op, member, settings, .. } => (*op, member, settings),
            _ => return Ok(()),
        };
        let config = match ConsumerConfig::of(settings.iter().map(|(name, value)| (&**name, &**value))) {
            Ok(config) => config,
            Err(exception) => {
                self.lab_settle(op, LabAnswer::Threw(exception));
                return Ok(());
            }
        };
        let index = self.lab.members.len() as u32;
        let client = self.new_client(Route::Member(index), Node::Member(index));
        let (group, instance) = (Arc::from(config.group_id.as_str()), Arc::from(config.group_instance_id.as_str()));
        let mut consumer = Consumer::new(client, Arc::clone(name), config);
        let mut out = Vec::new();
        let (polling, commit_on_revoke, manual) = match action {
            LabAction::Subscribe { topics, polling, commit_on_revoke, .. } => {
                consumer.subscribe(self.now, topics.clone(), &mut out);
                (*polling, *commit_on_revoke, false)
            }
            LabAction::Assign { partitions, .. } => {
                let partitions: Vec<TopicPartition> =
                    partitions.iter().map(|(topic, partition)| self.lab_partition(topic, *partition)).collect::<Result<_, _>>()?;
                consumer.assign(self.now, &partitions, &mut out);
                (false, false, true)
            }
            _ => (false, false, false),
        };
        let application = RawMember::new(consumer, polling, commit_on_revoke);
        self.lab.members.push(LabMember { name: Arc::clone(name), group, instance, manual, application, client, op: None });
        self.member_effects(index, out);
        if polling {
            self.with_member(index, |m, now, out| m.resume(now, true, out));
        }
        self.lab_settle(op, LabAnswer::Done);
        Ok(())
    }

    pub(super) fn lab_order(&mut self, op: u64, member: &str, order: &LabOrder) -> Result<(), InterventionError> {
        let index = self.lab_member(member)?;
        let order = match order {
            LabOrder::Poll { for_us } => Order::Poll { for_us: *for_us },
            LabOrder::Drain => Order::Drain,
            LabOrder::Commit { offsets } => Order::Commit(offsets.as_ref().map(|o| self.lab_offsets(o)).transpose()?),
            LabOrder::Positions => Order::Positions,
            LabOrder::Seek { topic, partition, to } => Order::Seek(self.lab_partition(topic, *partition)?, *to),
            LabOrder::SeekToBeginning { topic, partition } => Order::SeekToBeginning(self.lab_partition(topic, *partition)?),
            LabOrder::SeekToEnd { topic, partition } => Order::SeekToEnd(self.lab_partition(topic, *partition)?),
            LabOrder::Close => Order::Close,
            LabOrder::Nothing => Order::Nothing,
        };
        self.lab.members[index as usize].op = Some(op);
        self.with_member(index, |m, now, out| m.order(now, order, out));
        Ok(())
    }

    pub(super) fn lab_offsets(&self, offsets: &Offsets) -> Result<SortedMap<TopicPartition, CommittedOffset>, InterventionError> {
        let one = |(topic, partition, offset): &(Arc<str>, u32, i64)| {
            let offset = u64::try_from(*offset).map_err(|_| InterventionError::NoSuch { what: "negative offset", number: 0 })?;
            Ok((self.lab_partition(topic, *partition)?, CommittedOffset { offset, leader_epoch: None }))
        };
        offsets.iter().map(one).collect()
    }

    pub(super) fn lab_crash(&mut self, member: &str) -> Result<(), InterventionError> {
        let index = self.lab_member(member)?;
        let place = &mut self.lab.members[index as usize];
        place.application.crash();
        let client = place.client;
        self.client_gone(client);
        Ok(())
    }

    /// Does something to a member and carries out what it causes; an answer that has come is kept.
    pub(in crate::pipeline) fn with_member(&mut self, index: u32, act: impl FnOnce(&mut RawMember, SimTime, &mut Vec<ConsumerEffect>)) {
        let mut out = Vec::new();
        act(&mut self.lab.members[index as usize].application, self.now, &mut out);
        self.member_effects(index, out);
    }

    fn member_effects(&mut self, index: u32, out: Vec<ConsumerEffect>) {
        let client = self.lab.members[index as usize].client;
        for effect in out {
            match effect {
                ConsumerEffect::Request { to, correlation, request } => self.request(client, to, correlation, request),
                ConsumerEffect::Timer { at, timer } => self.at(at, Occurrence::Member { member: index, timer }),
                ConsumerEffect::Fact(fact) => self.tell(Node::Member(index), None, FactKind::Consumer(fact)),
                ConsumerEffect::Event(_) => unreachable!("the application keeps the events of its consumer to itself"),
            }
        }
        let place = &mut self.lab.members[index as usize];
        if let Some(answer) = place.application.answer() {
            let op = place.op.take();
            if let Some(op) = op {
                self.lab_settle(op, lab_answer(answer));
            }
        }
        if self.lab.members[index as usize].application.is_gone() {
            self.client_gone(client);
        }
    }

    /// A broker has answered a member.
    pub(in crate::pipeline) fn member_response(&mut self, index: u32, correlation: u64, response: Response) {
        self.with_member(index, |m, now, out| m.on_response(now, correlation, response, out));
    }

    /// A timer of a member is due, if its process still runs.
    pub(in crate::pipeline) fn member_timer(&mut self, index: u32, timer: ConsumerTimer) {
        if !self.lab.members[index as usize].application.is_gone() {
            self.with_member(index, |m, now, out| m.on_timer(now, timer, out));
        }
    }
}

fn lab_answer(answer: Answer) -> LabAnswer {
    match answer {
        Answer::Done => LabAnswer::Done,
        Answer::Records(records) => LabAnswer::Records(records),
        Answer::Positions(positions) => LabAnswer::Positions(positions),
        Answer::Threw(exception) => LabAnswer::Threw(exception),
    }
}
