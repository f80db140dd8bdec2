//! One observable thing that a step did: a line of the trace.

use crate::bank;
use crate::broker;
use crate::fault::{FaultId, FaultRule, Link, Node};
use crate::kernel::SimTime;
use crate::listener;
use crate::listener::application_events::{ApplicationFact, Lane};
use crate::listener::consumer::ConsumerFact;
use crate::pipeline::lab::LabAnswer;
use crate::pipeline::referee::Violation;
use crate::pipeline::{Intervention, WorkFact};

/// One observable thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fact {
    /// The step in which it happened. Several facts of one step stand in the order in which they happened.
    pub step: u64,
    /// When.
    pub at: SimTime,
    /// To whom.
    pub actor: Node,
    /// The command that caused it, where it is one.
    pub command: Option<u32>,
    /// What.
    pub kind: FactKind,
}

/// What a fact says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FactKind {
    /// Of the log.
    Broker(broker::Fact),
    /// Of a producer's client.
    Producer(broker::ProducerFact),
    /// Of a Kafka consumer's client.
    Consumer(ConsumerFact),
    /// Of a listener container.
    Listener(listener::Fact),
    /// Of the bank.
    Bank(bank::FactKind),
    /// Of a worker of the share group.
    Work(WorkFact),
    /// A fault was laid.
    FaultLaid {
        /// Its number.
        id: FaultId,
        /// What.
        rule: FaultRule,
    },
    /// A fault struck.
    FaultStruck {
        /// Its number.
        id: FaultId,
        /// What.
        rule: FaultRule,
    },
    /// A fault is over.
    FaultEnded {
        /// Its number.
        id: FaultId,
        /// What it was.
        rule: FaultRule,
    },
    /// A flight vanished.
    Lost {
        /// On which link.
        link: Link,
        /// To whom it was going.
        to: Node,
        /// What it was.
        what: &'static str,
    },
    /// Somebody did something to the run.
    Intervened(Box<Intervention>),
    /// Of an application that consumes within its own process: the thread, and what was seen there.
    Application(Lane, ApplicationFact),
    /// An act on the workbench has come to its end.
    Answered {
        /// The act's number.
        op: u64,
        /// What came of it.
        answer: Box<LabAnswer>,
    },
    /// The referee saw a promise broken.
    Violation(Box<Violation>),
}
