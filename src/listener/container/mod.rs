//! The `KafkaMessageListenerContainer` as an explicit state machine.
//!
//! A consumer thread is a stack of operations ([`op::Op`]): what it still has to do, topmost first. An operation that
//! blocks (a poll, a commit, a sleep, the listener's own waiting) lies on top until its answer comes; callbacks of a
//! rebalance are pushed above the poll that runs them; an exception unwinds the stack to the operation that catches it.
//! So nested blocking code has a state that can be cloned, hashed and shown.
//!
//! The container calls its consumer through [`ConsumerCall`] and everything else through [`ContainerEffect`].

mod acks;
mod batches;
mod calls;
mod carrier;
mod commits;
mod errors;
mod idle;
mod op;
mod polling;
mod rebalance;
mod records;
mod recovery;
mod thread;
mod transactions;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use carrier::Container;
pub use thread::{Doing, ListenerConsumer};

use super::consumer::ConsumerEffect;
use super::{ConsumerRecord, Fact, Listener, Offsets, StopReason};
use crate::broker::{NewRecord, TopicPartition};
use crate::kernel::SimTime;

/// What the thread asks of its Kafka consumer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ConsumerCall {
    /// `subscribe`.
    Subscribe(Vec<Arc<str>>),
    /// `assign`.
    Assign(Vec<(Arc<str>, u32)>),
    /// `poll`; answered by `on_polled`, with rebalance callbacks before it.
    Poll {
        /// The longest time to wait.
        timeout_us: u64,
    },
    /// `commitSync`; answered by `on_committed`.
    CommitSync {
        /// Comes back in the answer.
        token: u64,
        /// Next offsets.
        offsets: Offsets,
    },
    /// `commitAsync`; no answer is awaited.
    CommitAsync {
        /// Comes back in the answer, which the thread ignores.
        token: u64,
        /// Next offsets.
        offsets: Offsets,
    },
    /// `seek`.
    Seek {
        /// The partition.
        partition: TopicPartition,
        /// The next offset.
        offset: u64,
    },
    /// `pause`.
    Pause(Vec<TopicPartition>),
    /// `resume`.
    Resume(Vec<TopicPartition>),
    /// `wakeup`: an outstanding poll returns.
    Wakeup,
    /// `position` of partitions without a committed offset (D17); answered by `on_initial_positions`.
    InitialPositions {
        /// Comes back in the answer.
        token: u64,
        /// The partitions just assigned.
        partitions: Vec<TopicPartition>,
    },
    /// The rebalance callback is over.
    CallbackDone,
    /// `close`, with LeaveGroup; answered by `on_closed`, with callbacks before it.
    Close {
        /// `unsubscribe` comes first (`wrapUp`): the close has nothing left to commit by itself.
        unsubscribes: bool,
    },
    /// The process is gone: no goodbye.
    Kill,
}

/// A call to the transactional producer (E4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TransactionCall {
    /// `initTransactions` if it was not done yet, then `beginTransaction`.
    Begin,
    /// `sendOffsetsToTransaction`.
    SendOffsets {
        /// Next offsets.
        offsets: Offsets,
    },
    /// `commitTransaction`.
    Commit,
    /// `abortTransaction`.
    Abort,
}

/// A timer of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerTimer {
    /// A sleep is over.
    Wake {
        /// Which.
        token: u64,
    },
    /// A record of a retry topic is due.
    Due {
        /// Its partition.
        partition: TopicPartition,
    },
}

/// What leaves a container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ContainerEffect {
    /// The Kafka consumer wants something; never an event.
    Consumer(ConsumerEffect),
    /// Apply these records to the application; answered by `on_application`.
    Application {
        /// Comes back in the answer.
        token: u64,
        /// One record, or a batch.
        records: Arc<[ConsumerRecord]>,
    },
    /// Send a record and wait for the broker's answer; answered by `on_sent`.
    Send {
        /// Comes back in the answer.
        token: u64,
        /// The topic.
        topic: Arc<str>,
        /// The partition; `None`: the partitioner decides.
        partition: Option<u32>,
        /// If the topic has no such partition, the partitioner decides (D12).
        verify_partition: bool,
        /// Whether it belongs to the open transaction of the container.
        transactional: bool,
        /// The record.
        record: NewRecord,
    },
    /// A call to the transactional producer; answered by `on_transaction`.
    Transaction {
        /// Comes back in the answer.
        token: u64,
        /// The call.
        call: TransactionCall,
    },
    /// Call `on_timer` then.
    Timer {
        /// When.
        at: SimTime,
        /// With this.
        timer: ContainerTimer,
    },
    /// Something happened.
    Fact(Fact),
    /// A child of a concurrent container ends abnormally: the whole container stops (`stopAbnormally` of the parent).
    StopsSiblings,
    /// The listener of a child pauses the container: all its children are paused.
    PausesSiblings,
    /// The thread ended, the consumer is closed.
    Stopped {
        /// Why.
        reason: StopReason,
    },
    /// The process died: its connections break.
    Died,
}

/// What leaves a thread, in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Output {
    /// For the consumer.
    Call(ConsumerCall),
    /// For everybody else.
    Effect(ContainerEffect),
}

/// What an operation works with besides the thread's own state.
pub(in crate::listener) struct Context<'a> {
    now: SimTime,
    listener: &'a mut Listener,
    out: &'a mut Vec<Output>,
}

impl Context<'_> {
    fn call(&mut self, call: ConsumerCall) {
        self.out.push(Output::Call(call));
    }

    fn effect(&mut self, effect: ContainerEffect) {
        self.out.push(Output::Effect(effect));
    }

    fn fact(&mut self, fact: Fact) {
        self.effect(ContainerEffect::Fact(fact));
    }
}
