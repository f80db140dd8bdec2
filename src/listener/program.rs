//! The listener method as a program of data: rules with conditions and actions. The container interprets it.
//!
//! Knows no container: nothing here happens by itself.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a listener does with what it is given. The first rule that holds is used; `otherwise` if none does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ListenerProgram {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// What is done if no rule holds. Empty: return normally.
    pub otherwise: Rule,
}

impl ListenerProgram {
    /// A program without conditions.
    pub fn always(actions: Vec<Action>) -> ListenerProgram {
        ListenerProgram { rules: Vec::new(), otherwise: Rule { actions: Arc::from(actions), ..Rule::default() } }
    }

    /// The same, with a `catch` around the actions: an exception (not an `Error`) runs `catch` instead of leaving.
    pub fn always_with_catch(actions: Vec<Action>, catch: Vec<Action>) -> ListenerProgram {
        let otherwise = Rule { actions: Arc::from(actions), catch: Some(Arc::from(catch)), ..Rule::default() };
        ListenerProgram { rules: Vec::new(), otherwise }
    }
}

/// A condition and what is done when it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// When it holds.
    pub when: Condition,
    /// What is done, in order; then the listener returns normally unless an action threw.
    pub actions: Arc<[Action]>,
    /// What is done instead of letting an exception out.
    pub catch: Option<Arc<[Action]>>,
}

impl Default for Rule {
    fn default() -> Self {
        Rule { when: Condition::default(), actions: Arc::from([]), catch: None }
    }
}

/// When a rule holds: everything that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Condition {
    /// The record's value (a record listener).
    pub value: Option<Arc<str>>,
    /// The record's tag: the application's number.
    pub tag: Option<u64>,
    /// This is the n-th time that this value is given to a listener.
    pub delivery: Option<u32>,
    /// At most the n-th time.
    pub delivery_max: Option<u32>,
    /// The n-th call of the listener.
    pub call: Option<u64>,
    /// At most the n-th call.
    pub call_max: Option<u64>,
    /// A record with this value is in the batch.
    pub contains: Option<Arc<str>>,
    /// The topic.
    pub topic: Option<Arc<str>>,
}

/// One thing that a listener does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Applies the record or records to the application and waits for its answer; its exception is thrown.
    Effect,
    /// `acknowledge()`; nothing if the mode is not manual.
    Ack,
    /// Nothing at all.
    Nothing,
    /// Keeps the Acknowledgment for later.
    Hold,
    /// Acknowledges kept ones, by the record's value, in this order, on the consumer thread.
    AckHeld(Vec<Arc<str>>),
    /// `acknowledge(index)`.
    AckIndex(u32),
    /// Acknowledges on another thread and waits for that call.
    AckOtherThread,
    /// `nack(Duration)`; a negative duration is an error of the caller.
    Nack {
        /// In milliseconds.
        ms: i64,
    },
    /// `nack(index, Duration)`.
    NackIndex {
        /// From 0.
        index: u32,
        /// In milliseconds.
        ms: i64,
    },
    /// `nack` called on another thread.
    NackOtherThread {
        /// In milliseconds.
        ms: i64,
    },
    /// Throws this class with the message "boom".
    Throw {
        /// The full class name.
        class: Arc<str>,
    },
    /// Throws a `BatchListenerFailedException` with this index; the cause is an IllegalStateException.
    ThrowBatchFailed {
        /// From 0.
        index: u32,
    },
    /// The same, for the record with this value.
    ThrowBatchFailedValue {
        /// The value.
        value: Arc<str>,
    },
    /// Throws a `java.lang.Error`.
    ThrowError,
    /// The process dies here.
    Kill,
    /// The listener is busy for this long.
    Block {
        /// In microseconds.
        us: u64,
    },
    /// Waits until this latch is released.
    BlockUntil {
        /// Its name.
        latch: Arc<str>,
    },
    /// Sends a record and waits for the answer. `{value}` stands for the value of the (first) record.
    Send {
        /// The topic.
        topic: Arc<str>,
        /// The value.
        value: Arc<str>,
    },
    /// `pause()` of this container.
    PauseContainer,
    /// Stops and waits for a viewer's [`Decision`].
    AskViewer,
}

/// What a viewer decides about a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The rest of the program runs: what was asked about is to be carried out.
    GoOn,
    /// `acknowledge()`, without effect.
    Ack,
    /// `nack(Duration)`.
    Nack {
        /// In milliseconds.
        ms: i64,
    },
    /// Throws this class.
    Throw {
        /// The full class name.
        class: Arc<str>,
    },
    /// Returns without acknowledging.
    Nothing,
}
