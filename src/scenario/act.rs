//! The acts of a script on the workbench, as data: producers, consumers, containers and tools, all by name.
//!
//! Has never heard of cases and files, nor of the workbench that carries them out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::broker::share::AckType;
use crate::listener::application_events::Step;
use crate::listener::{ContainerProperties, ListenerProgram};

/// Settings by their real property names, as text.
pub type Settings = Vec<(Arc<str>, Arc<str>)>;

/// Offsets by partition, as a script gives them: topic, partition, offset.
pub type Offsets = Vec<(Arc<str>, u32, i64)>;

/// One act of a script. `op` numbers the acts whose outcome is wanted (the world keeps it under this number).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // the fields are named after what they are in Kafka
pub enum LabAction {
    /// A topic is created, with these replicas, or so many partitions on one broker each.
    CreateTopic { op: u64, name: Arc<str>, partitions: u32, replicas: Vec<Vec<u32>>, settings: Settings },
    /// The topic gets partitions.
    AddPartitions { op: u64, topic: Arc<str>, total: u32 },
    /// Settings of a topic are changed.
    AlterTopic { op: u64, topic: Arc<str>, settings: Settings },
    /// `Admin.deleteRecords`.
    DeleteRecords { op: u64, topic: Arc<str>, partition: u32, before: u64 },
    /// `Admin.listOffsets`.
    ListOffset { op: u64, topic: Arc<str>, partition: u32, of: LabOffset },
    /// A batch arrives at a leader as a retry or a stray would bring it, with acks=1.
    Append { op: u64, topic: Arc<str>, partition: u32, producer_id: u64, epoch: u16, sequence: u32, values: Vec<Arc<str>> },
    /// `Admin.alterConsumerGroupOffsets`.
    AlterGroupOffsets { op: u64, group: Arc<str>, offsets: Offsets },
    /// `Admin.deleteConsumerGroupOffsets`.
    DeleteGroupOffset { op: u64, group: Arc<str>, topic: Arc<str>, partition: u32 },
    /// A producer is created; its name stays taken.
    OpenProducer { op: u64, producer: Arc<str>, settings: Settings },
    /// A producer sends; `timestamp_ms` absent: now.
    Send {
        op: u64,
        producer: Arc<str>,
        topic: Arc<str>,
        partition: Option<u32>,
        key: Option<Vec<u8>>,
        value: Option<Vec<u8>>,
        timestamp_ms: Option<i64>,
        headers: Vec<(Arc<str>, Option<Vec<u8>>)>,
    },
    /// A transactional call of a producer.
    Transaction { op: u64, producer: Arc<str>, act: LabTransaction },
    /// A consumer is created that subscribes to topics; `polling`: it polls without pause.
    Subscribe { op: u64, member: Arc<str>, topics: Vec<Arc<str>>, settings: Settings, polling: bool, commit_on_revoke: bool },
    /// A consumer is created that is given partitions.
    Assign { op: u64, member: Arc<str>, partitions: Vec<(Arc<str>, u32)>, settings: Settings },
    /// A consumer is told what to do.
    Order { op: u64, member: Arc<str>, order: LabOrder },
    /// A consumer's application stops calling `poll`.
    Stall { member: Arc<str> },
    /// It goes on.
    Resume { member: Arc<str> },
    /// `wakeup()`.
    Wakeup { member: Arc<str> },
    /// A consumer's process dies.
    Crash { member: Arc<str> },
    /// A listener method is made; they are numbered from 0 in the order of their making.
    OpenListener { program: Box<ListenerProgram> },
    /// A listener container is made and started, with its own consumer and template, calling the method of this number.
    /// `projection`: the bank's group (its place in [`GROUPS`](super::GROUPS)) whose read model is the method's effect.
    StartContainer { properties: Box<ContainerProperties>, consumer: Settings, producer: Settings, listener: u32, projection: Option<u32> },
    /// The newest container of this name is stopped.
    StopContainer { name: Arc<str> },
    /// It is paused.
    PauseContainer { name: Arc<str> },
    /// It is resumed.
    ResumeContainer { name: Arc<str> },
    /// An Acknowledgment that a listener kept is acknowledged on another thread.
    AcknowledgeKept { value: Arc<str> },
    /// A latch that listeners wait for is released.
    ReleaseLatch { latch: Arc<str> },
    /// The next requests of this kind of a client are lost, or the responses to them, and with each all that comes after it on
    /// its connection, until the client gives that up.
    Lose { client: LabClient, api: LabApi, response: bool, times: u32 },
    /// The broker that coordinates this group, or this transactional id, dies.
    KillCoordinator { of: Arc<str>, transactional: bool },
    /// An application is started that listens to its own events, with a database of these tables.
    OpenApplication { tables: Vec<Arc<str>>, beans: Vec<LabBean>, auto_commit: bool },
    /// Its service is called.
    CallApplication { steps: Vec<Step>, in_transaction: bool },
    /// A share consumer is created that subscribes to topics; `callback`: with an acknowledgement commit callback.
    OpenShare { op: u64, member: Arc<str>, topics: Vec<Arc<str>>, settings: Settings, callback: bool },
    /// A share consumer is told what to do.
    ShareOrder { op: u64, member: Arc<str>, order: LabShareOrder },
    /// Settings of a group are changed.
    AlterGroup { op: u64, group: Arc<str>, settings: Settings },
    /// `Admin.alterShareGroupOffsets`.
    AlterShareOffsets { op: u64, group: Arc<str>, offsets: Offsets },
    /// `Admin.deleteShareGroupOffsets`.
    DeleteShareOffsets { op: u64, group: Arc<str>, topic: Arc<str> },
    /// `Admin.deleteShareGroups`.
    DeleteShareGroup { op: u64, group: Arc<str> },
    /// The producers of the containers can no longer reach the brokers, or can again: connections break as soon as they are made.
    SeverProducers { severed: bool },
}

/// A listener bean as a script describes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LabBean {
    /// Its name.
    pub name: Arc<str>,
    /// Its annotations as they stand in the code.
    pub annotations: Arc<str>,
    /// What its method does.
    pub does: Vec<Step>,
}

impl LabAction {
    /// What it does, in one word; none for what only sets the bench.
    pub const fn word(&self) -> &'static str {
        match self {
            LabAction::CreateTopic { .. } | LabAction::OpenProducer { .. } | LabAction::OpenListener { .. } => "",
            LabAction::AddPartitions { .. } => "add partitions",
            LabAction::AlterTopic { .. } => "alter topic",
            LabAction::DeleteRecords { .. } => "delete records",
            LabAction::ListOffset { .. } => "list offset",
            LabAction::Append { .. } => "append",
            LabAction::AlterGroupOffsets { .. } | LabAction::DeleteGroupOffset { .. } => "reset offsets",
            LabAction::Send { .. } => "send",
            LabAction::Transaction { .. } => "transaction",
            LabAction::Subscribe { .. } => "join",
            LabAction::Assign { .. } => "assign",
            LabAction::Order { order, .. } => match order {
                LabOrder::Poll { .. } | LabOrder::Drain => "poll",
                LabOrder::Commit { .. } => "commit",
                LabOrder::Close => "leave",
                LabOrder::Seek { .. } | LabOrder::SeekToBeginning { .. } | LabOrder::SeekToEnd { .. } => "seek",
                LabOrder::Positions | LabOrder::Nothing => "",
            },
            LabAction::Stall { .. } => "stall",
            LabAction::Resume { .. } | LabAction::ResumeContainer { .. } => "resume",
            LabAction::Wakeup { .. } => "wakeup",
            LabAction::Crash { .. } => "crash",
            LabAction::StartContainer { .. } => "start",
            LabAction::StopContainer { .. } => "stop",
            LabAction::PauseContainer { .. } => "pause",
            LabAction::AcknowledgeKept { .. } => "acknowledge",
            LabAction::ReleaseLatch { .. } => "release",
            LabAction::Lose { response: false, .. } => "lose request",
            LabAction::Lose { response: true, .. } => "lose response",
            LabAction::KillCoordinator { .. } => "kill coordinator",
            LabAction::OpenApplication { .. } => "start",
            LabAction::CallApplication { .. } => "call",
            LabAction::OpenShare { .. } => "join",
            LabAction::ShareOrder { order, .. } => match order {
                LabShareOrder::Poll { .. } => "poll",
                LabShareOrder::Acknowledge { .. } => "acknowledge",
                LabShareOrder::Commit | LabShareOrder::CommitAsync => "commit",
                LabShareOrder::Close => "leave",
                LabShareOrder::Callbacks => "",
            },
            LabAction::AlterGroup { .. } => "",
            LabAction::AlterShareOffsets { .. } | LabAction::DeleteShareOffsets { .. } => "reset offsets",
            LabAction::DeleteShareGroup { .. } => "delete group",
            LabAction::SeverProducers { severed: true } => "sever producer",
            LabAction::SeverProducers { severed: false } => "heal producer",
        }
    }

    /// The number of the act, if its outcome is wanted.
    pub fn op(&self) -> Option<u64> {
        match self {
            LabAction::CreateTopic { op, .. }
            | LabAction::AddPartitions { op, .. }
            | LabAction::AlterTopic { op, .. }
            | LabAction::DeleteRecords { op, .. }
            | LabAction::ListOffset { op, .. }
            | LabAction::Append { op, .. }
            | LabAction::AlterGroupOffsets { op, .. }
            | LabAction::DeleteGroupOffset { op, .. }
            | LabAction::OpenProducer { op, .. }
            | LabAction::Send { op, .. }
            | LabAction::Transaction { op, .. }
            | LabAction::Subscribe { op, .. }
            | LabAction::Assign { op, .. }
            | LabAction::Order { op, .. }
            | LabAction::OpenShare { op, .. }
            | LabAction::ShareOrder { op, .. }
            | LabAction::AlterGroup { op, .. }
            | LabAction::AlterShareOffsets { op, .. }
            | LabAction::DeleteShareOffsets { op, .. }
            | LabAction::DeleteShareGroup { op, .. } => Some(*op),
            _ => None,
        }
    }
}

/// What a share consumer's application can be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are Kafka's own
pub enum LabShareOrder {
    Poll {
        for_us: u64,
    },
    Acknowledge {
        topic: Arc<str>,
        partition: u32,
        offsets: Vec<u64>,
        ack: AckType,
    },
    Commit,
    CommitAsync,
    Close,
    /// What the acknowledgement commit callback was given since this was last asked.
    Callbacks,
}

/// A client of a script, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LabClient {
    /// A producer.
    Producer(Arc<str>),
    /// A consumer.
    Member(Arc<str>),
}

/// A kind of request (`org.apache.kafka.common.protocol.ApiKeys`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are Kafka's own
pub enum LabApi {
    Produce,
    Fetch,
    JoinGroup,
    SyncGroup,
    Heartbeat,
    OffsetCommit,
    InitProducerId,
    EndTxn,
    TxnOffsetCommit,
    ShareGroupHeartbeat,
    ShareFetch,
    ShareAcknowledge,
}

impl LabApi {
    /// Every kind with its name at Kafka.
    pub const ALL: [(LabApi, &'static str); 12] = [
        (LabApi::Produce, "PRODUCE"),
        (LabApi::Fetch, "FETCH"),
        (LabApi::JoinGroup, "JOIN_GROUP"),
        (LabApi::SyncGroup, "SYNC_GROUP"),
        (LabApi::Heartbeat, "HEARTBEAT"),
        (LabApi::OffsetCommit, "OFFSET_COMMIT"),
        (LabApi::InitProducerId, "INIT_PRODUCER_ID"),
        (LabApi::EndTxn, "END_TXN"),
        (LabApi::TxnOffsetCommit, "TXN_OFFSET_COMMIT"),
        (LabApi::ShareGroupHeartbeat, "SHARE_GROUP_HEARTBEAT"),
        (LabApi::ShareFetch, "SHARE_FETCH"),
        (LabApi::ShareAcknowledge, "SHARE_ACKNOWLEDGE"),
    ];
}

/// What a transactional producer can be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are Kafka's own
pub enum LabTransaction {
    Init,
    Begin,
    Commit,
    Abort,
    /// `sendOffsetsToTransaction` with the group metadata of a member.
    SendOffsets {
        member: Arc<str>,
        offsets: Offsets,
    },
}

/// An offset to look up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LabOffset {
    /// The log start.
    Earliest,
    /// The end that readers see.
    Latest,
    /// The record with the largest timestamp.
    MaxTimestamp,
    /// The first record at or after these milliseconds.
    Timestamp(i64),
}

/// What a consumer's application can be told.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)] // the names are Kafka's own
pub enum LabOrder {
    Poll {
        for_us: u64,
    },
    Drain,
    Commit {
        offsets: Option<Offsets>,
    },
    Positions,
    Seek {
        topic: Arc<str>,
        partition: u32,
        to: u64,
    },
    SeekToBeginning {
        topic: Arc<str>,
        partition: u32,
    },
    SeekToEnd {
        topic: Arc<str>,
        partition: u32,
    },
    Close,
    /// Nothing; answered when the poll under way has returned.
    Nothing,
}
