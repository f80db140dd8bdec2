//! What a person (or a script) does to a run. Data only, as a scenario and a link hold it.
//!
//! Has never heard of the world that carries it out.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::act::LabAction;
use crate::bank;
use crate::broker::share::AckType;
use crate::fault::{FaultId, FaultRule, Node};

/// One thing done to a run from outside.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Intervention {
    /// A setting is changed; the value is text, as in [`Kind::parse`](super::Kind::parse).
    Set {
        /// The setting's key.
        key: Arc<str>,
        /// The new value.
        value: Arc<str>,
    },
    /// A fault is laid.
    Inject(FaultRule),
    /// A fault is ended.
    EndFault(FaultId),
    /// Every fault is ended, and what is down is started.
    HealAll,
    /// Something is done to a part of the system.
    Act(Action),
    /// A client issues a command, now.
    SendCommand {
        /// The client's number.
        client: u32,
        /// The command.
        command: bank::Command,
    },
    /// A script acts on the workbench.
    Lab(LabAction),
    /// Whether the listener of a consumer stops at each delivery and asks what to do.
    ByHand {
        /// The consumer's slot.
        consumer: u32,
        /// Whether it asks.
        on: bool,
    },
    /// The answer to a listener that asks.
    Decide {
        /// The consumer's slot.
        consumer: u32,
        /// What it is to do.
        decision: Decision,
    },
    /// Whether a consumer of the share group stops at each delivery and asks what to do.
    ShareByHand {
        /// Its slot.
        consumer: u32,
        /// Whether it asks.
        on: bool,
    },
    /// The answer to a share consumer that asks.
    ShareDecide {
        /// Its slot.
        consumer: u32,
        /// What it is to do.
        decision: ShareDecision,
    },
}

/// What can be done to a part of the system by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// The process dies without a goodbye: a broker, a consumer, the API, the relay, a database, the query API.
    Kill(Node),
    /// The process ends in order.
    Stop(Node),
    /// The process is started (again).
    Start(Node),
    /// A listener container is paused (D6).
    Pause(Node),
    /// It goes on.
    Resume(Node),
    /// A group gets so many consumers.
    Scale {
        /// The group's place in [`GROUPS`](super::GROUPS).
        group: u32,
        /// How many.
        consumers: u32,
    },
    /// The log of a partition of the topic is deleted below an offset (B9).
    DeleteRecords {
        /// The partition.
        partition: u32,
        /// The first offset that stays.
        before: u64,
    },
    /// An empty group's offset is moved (C9).
    ResetOffset {
        /// The group's place in [`GROUPS`](super::GROUPS).
        group: u32,
        /// The partition of the topic.
        partition: u32,
        /// The next offset to be read.
        to: u64,
    },
    /// An empty group's offsets on the whole topic are moved, as `kafka-consumer-groups --reset-offsets` does it (C9).
    ResetOffsets {
        /// The group's place in [`GROUPS`](crate::scenario::GROUPS).
        group: u32,
        /// Where to.
        to: ResetTo,
    },
    /// The records of a group's dead-letter topic are sent to the topic again.
    ReplayDeadLetters {
        /// The group's place in [`GROUPS`](super::GROUPS).
        group: u32,
    },
    /// The topic gets partitions: keys move (A1).
    AddPartitions {
        /// How many it then has.
        total: u32,
    },
    /// Every snapshot of the event store is deleted: the state's shape has changed (F3).
    DropSnapshots,
    /// A projection is built again from the log: its consumers stop, its view is cleared, its offsets go back to the start
    /// of the log, and its consumers start (F5).
    RebuildView {
        /// The group's place in [`GROUPS`](crate::scenario::GROUPS).
        group: u32,
    },
}

/// Where a group's offsets are moved to (C9); always clamped into what the log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResetTo {
    /// `--to-earliest`: the log start.
    Earliest,
    /// `--to-latest`: the high watermark.
    Latest,
    /// `--shift-by`.
    ShiftBy {
        /// How far; back if negative.
        by: i64,
    },
    /// `--by-duration`: the first record that is not older; the end if there is none.
    ByDuration {
        /// How far back, in milliseconds.
        ms: u64,
    },
}

/// What a listener that asks is told to do with the delivery in its hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decision {
    /// Apply the effect and acknowledge.
    Ack,
    /// Nack with a pause of so many milliseconds.
    Nack {
        /// The pause.
        sleep_ms: u64,
    },
    /// Throw an exception that is worth a retry.
    Throw,
    /// Throw one that is not.
    ThrowFatal,
    /// Return without acknowledging.
    Nothing,
}

/// What a share consumer that asks is told to do with the delivery in its hands: one of Kafka's `AcknowledgeType`s, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ShareDecision {
    /// Do the work and accept.
    Accept,
    /// Somebody may try it again.
    Release,
    /// Nobody needs to try it again.
    Reject,
    /// It takes longer: the lock begins anew.
    Renew,
    /// Go on without work and without a word.
    Nothing,
}

impl ShareDecision {
    /// All of them.
    pub const ALL: [ShareDecision; 5] =
        [ShareDecision::Accept, ShareDecision::Release, ShareDecision::Reject, ShareDecision::Renew, ShareDecision::Nothing];

    /// Kafka's word for it; none for nothing.
    pub const fn ack(self) -> Option<AckType> {
        match self {
            ShareDecision::Accept => Some(AckType::Accept),
            ShareDecision::Release => Some(AckType::Release),
            ShareDecision::Reject => Some(AckType::Reject),
            ShareDecision::Renew => Some(AckType::Renew),
            ShareDecision::Nothing => None,
        }
    }

    /// Whether an application can do so in implicit mode, where it has no `acknowledge` (S16).
    pub const fn fits_implicit(self) -> bool {
        matches!(self, ShareDecision::Accept | ShareDecision::Nothing)
    }
}
