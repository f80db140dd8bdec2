//! What the agenda can hold: a closed set.

use super::FlightKey;
use crate::bank;
use crate::broker;
use crate::fault::FaultId;
use crate::listener::ContainerTimer;
use crate::listener::consumer::ConsumerTimer;

/// Something that is due at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Occurrence {
    /// A flight arrives (or, if it was lost, is forgotten).
    Arrival(FlightKey),
    /// A timer of the cluster.
    Cluster(broker::Timer),
    /// A timer of the bank.
    Bank(bank::Timer),
    /// A timer of a producer.
    Producer {
        /// Its place.
        producer: u32,
        /// The timer.
        timer: broker::ProducerTimer,
    },
    /// A timer of a consumer without a container.
    Member {
        /// Its place on the workbench.
        member: u32,
        /// The timer.
        timer: ConsumerTimer,
    },
    /// The timer of a share consumer.
    ShareConsumer {
        /// Its slot.
        slot: u32,
    },
    /// An application of the share group has worked on its record, or looks at it again.
    ShareWork {
        /// Its slot.
        slot: u32,
        /// The process.
        incarnation: u32,
    },
    /// The process of a share consumer is started again after its end.
    ShareStart {
        /// Its slot.
        slot: u32,
        /// The process that ended.
        incarnation: u32,
    },
    /// A timer of a container's Kafka consumer.
    Consumer {
        /// The container's slot.
        slot: u32,
        /// The process that set it.
        incarnation: u32,
        /// The timer.
        timer: ConsumerTimer,
    },
    /// A timer of a container.
    Container {
        /// The container's slot.
        slot: u32,
        /// The process that set it.
        incarnation: u32,
        /// The timer.
        timer: ContainerTimer,
    },
    /// A listener comes to the point of its effect.
    ListenerWorks {
        /// Its call.
        call: u64,
    },
    /// A listener's call that needs nothing returns.
    Answer {
        /// The container's slot.
        slot: u32,
        /// The process that called.
        incarnation: u32,
        /// The container's number for the call.
        token: u64,
    },
    /// Everything that a publisher was handed at this instant is in its transaction: it is to be ended.
    EndTransaction {
        /// The producer's place.
        producer: u32,
    },
    /// A crashed process of the bank is started again.
    Restart(bank::Process),
    /// A consumer whose process has ended is started again.
    StartConsumer {
        /// Its slot.
        slot: u32,
        /// The process that ended.
        incarnation: u32,
    },
    /// It is looked whether the rebuild of a view can go on.
    Rebuild {
        /// The group whose view it is.
        group: u32,
    },
    /// A lasting fault is over.
    FaultEnd(FaultId),
}
