//! The workbench: producers, consumers without a container, listener containers and tools that a script brings along, by
//! name. If there is a bank, its projections can be the effect of a container's listener. Every act is an [`Intervention`](super::Intervention), every outcome can be read from the world.
//!
//! Has never heard of cases and files.

mod application;
mod containers;
mod members;
mod producers;
mod proxies;
mod shares;
mod tools;

use crate::kernel::SortedMap;
use std::sync::Arc;

pub use crate::scenario::{LabAction, LabApi, LabBean, LabClient, LabOffset, LabOrder, LabShareOrder, LabTransaction, Offsets, Settings};
pub use application::LabApplication;
pub use members::LabMember;

use super::{FactKind, InterventionError, World};
use crate::broker::{BrokerId, ClientId, KafkaException, TopicPartition};
use crate::fault::Node;
use crate::listener::share::{AckOutcome, CallbackCall, ShareRecord};
use crate::listener::{ConsumerRecord, Listener};

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LabAnswer {
    /// It was done.
    Done,
    /// A record was acknowledged; no offset with acks=0.
    Placed {
        /// Where it went.
        partition: TopicPartition,
        /// Its offset.
        offset: Option<u64>,
    },
    /// A batch was appended, or was found to be a repetition.
    Appended {
        /// The first offset answered.
        first: u64,
    },
    /// Records came, or none in time.
    Records(Vec<ConsumerRecord>),
    /// Positions.
    Positions(SortedMap<TopicPartition, u64>),
    /// An offset was looked up; `None` if there is no such record.
    Offset {
        /// The offset.
        offset: Option<u64>,
        /// Its timestamp, -1 if none is reported.
        timestamp_ms: i64,
    },
    /// Records were deleted; the log start offset now.
    LogStart(u64),
    /// Records came to a share consumer, or none in time.
    ShareRecords(Vec<ShareRecord>),
    /// What came of acknowledgements.
    AckOutcome(AckOutcome),
    /// What the acknowledgement commit callback was given.
    Callbacks(Vec<CallbackCall>),
    /// It threw.
    Threw(KafkaException),
}

/// The state of the workbench.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Lab {
    pub(super) producers: SortedMap<Arc<str>, u32>,
    pub(super) members: Vec<LabMember>,
    pub(super) asked: SortedMap<u64, u64>,
    answers: SortedMap<u64, LabAnswer>,
    /// Listener methods, shared by the containers that call them.
    pub(super) listeners: Vec<Listener>,
    /// What is lost on the way of single clients.
    pub(super) proxies: SortedMap<ClientId, proxies::Proxy>,
    /// The application that consumes within its own process.
    pub(super) application: Option<Box<LabApplication>>,
    /// Whether the producers of containers cannot reach the brokers.
    severed: bool,
    /// What containers of a script send with, by slot.
    pub(super) templates: SortedMap<u32, containers::Template>,
}

impl Lab {
    /// What came of the act numbered `op`, once it is there.
    pub fn answer(&self, op: u64) -> Option<&LabAnswer> {
        self.answers.get(&op)
    }

    /// The newest member of this name.
    pub fn member(&self, name: &str) -> Option<&LabMember> {
        self.members.iter().rev().find(|m| &*m.name == name)
    }

    /// All members, in the order of their creation; a name may occur again for a later process.
    pub fn members(&self) -> &[LabMember] {
        &self.members
    }

    /// The application that consumes within its own process, if the script has one.
    pub fn application(&self) -> Option<&LabApplication> {
        self.application.as_deref()
    }

    /// The producers by name, with their places in the world.
    pub fn producers(&self) -> impl Iterator<Item = (&Arc<str>, u32)> {
        self.producers.iter().map(|(name, place)| (name, *place))
    }

    /// Whether a producer of this name exists.
    pub fn has_producer(&self, name: &str) -> bool {
        self.producers.contains_key(name)
    }
}

impl World {
    /// The workbench.
    pub fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Whether an act names only what is there.
    pub(super) fn check_lab(&self, action: &LabAction) -> Result<(), InterventionError> {
        match action {
            LabAction::Order { member, .. } | LabAction::Stall { member } | LabAction::Resume { member } => {
                self.lab_member(member).map(drop)
            }
            LabAction::Crash { member } if self.lab_share(member).is_ok() => Ok(()),
            LabAction::Wakeup { member } | LabAction::Crash { member } => self.lab_member(member).map(drop),
            LabAction::ShareOrder { .. } | LabAction::AlterShareOffsets { .. } | LabAction::DeleteShareOffsets { .. } => {
                self.check_lab_share(action)
            }
            LabAction::Send { producer, .. } | LabAction::Transaction { producer, .. } => self.lab_producer(producer).map(drop),
            LabAction::Lose { client: LabClient::Producer(name), .. } => self.lab_producer(name).map(drop),
            LabAction::Lose { client: LabClient::Member(name), .. } => self.lab_share(name).or_else(|_| self.lab_member(name)).map(drop),
            LabAction::KillCoordinator { of, transactional } => {
                let found = self.lab_coordinator(of, *transactional);
                found.map(drop).ok_or(InterventionError::NoSuch { what: "coordinator", number: 0 })
            }
            LabAction::StartContainer { .. }
            | LabAction::StopContainer { .. }
            | LabAction::PauseContainer { .. }
            | LabAction::ResumeContainer { .. }
            | LabAction::AcknowledgeKept { .. } => self.check_lab_container(action),
            LabAction::OpenApplication { .. } | LabAction::CallApplication { .. } => self.check_lab_application(action),
            LabAction::DeleteRecords { topic, partition, .. }
            | LabAction::ListOffset { topic, partition, .. }
            | LabAction::Append { topic, partition, .. }
            | LabAction::DeleteGroupOffset { topic, partition, .. } => self.lab_partition(topic, *partition).map(drop),
            _ => Ok(()),
        }
    }

    /// An act has come to its end: the trace says how, and [`Lab::answer`] knows it from now on.
    pub(super) fn lab_settle(&mut self, op: u64, answer: LabAnswer) {
        self.tell(Node::Tool, None, FactKind::Answered { op, answer: Box::new(answer.clone()) });
        self.lab.answers.insert(op, answer);
    }

    /// Carries out one act that was checked; what it is refused for after that is its answer.
    pub(super) fn lab_acts(&mut self, action: &LabAction) {
        if let (Err(_), Some(op)) = (self.lab_does(action), action.op()) {
            self.lab_settle(op, LabAnswer::Threw(KafkaException::new("IllegalArgumentException")));
        }
    }

    fn lab_does(&mut self, action: &LabAction) -> Result<(), InterventionError> {
        match action {
            LabAction::CreateTopic { .. }
            | LabAction::AddPartitions { .. }
            | LabAction::AlterTopic { .. }
            | LabAction::DeleteRecords { .. }
            | LabAction::ListOffset { .. }
            | LabAction::Append { .. }
            | LabAction::AlterGroupOffsets { .. }
            | LabAction::DeleteGroupOffset { .. }
            | LabAction::AlterGroup { .. }
            | LabAction::AlterShareOffsets { .. }
            | LabAction::DeleteShareOffsets { .. }
            | LabAction::DeleteShareGroup { .. } => self.lab_tool(action),
            LabAction::OpenShare { .. } | LabAction::ShareOrder { .. } => self.lab_share_acts(action),
            LabAction::OpenProducer { op, producer, settings } => {
                self.lab_open_producer(*op, producer, settings);
                Ok(())
            }
            LabAction::Send { .. } => self.lab_send(action),
            LabAction::Transaction { op, producer, act } => self.lab_transaction(*op, producer, act),
            LabAction::Subscribe { .. } | LabAction::Assign { .. } => self.lab_open_member(action),
            LabAction::Order { op, member, order } => self.lab_order(*op, member, order),
            LabAction::Stall { member } => self.lab_member(member).map(|m| self.lab.members[m as usize].application.stall()),
            LabAction::Resume { member } => {
                let member = self.lab_member(member)?;
                self.with_member(member, |m, now, out| m.resume(now, true, out));
                Ok(())
            }
            LabAction::Wakeup { member } => {
                let member = self.lab_member(member)?;
                self.with_member(member, |m, now, out| m.wakeup(now, out));
                Ok(())
            }
            LabAction::Crash { member } if self.lab_crash_share(member) => Ok(()),
            LabAction::Crash { member } => self.lab_crash(member),
            LabAction::SeverProducers { severed } => {
                self.lab.severed = *severed;
                Ok(())
            }
            LabAction::Lose { client, api, response, times } => self.lab_lose(client, *api, *response, *times),
            LabAction::KillCoordinator { of, transactional } => {
                if let Some(broker) = self.lab_coordinator(of, *transactional) {
                    self.kill_node(Node::Broker(broker.0));
                }
                Ok(())
            }
            LabAction::OpenApplication { .. } | LabAction::CallApplication { .. } => self.lab_application(action),
            _ => self.lab_container(action),
        }
    }

    fn lab_coordinator(&self, of: &str, transactional: bool) -> Option<BrokerId> {
        if transactional { self.cluster.txn_coordinator(of) } else { self.cluster.coordinator(of) }
    }

    /// A partition of a topic by name.
    pub(super) fn lab_partition(&self, topic: &str, partition: u32) -> Result<TopicPartition, InterventionError> {
        let found = self.cluster.partition_named(topic, partition);
        found.ok_or(InterventionError::NoSuch { what: "partition", number: u64::from(partition) })
    }
}
