//! Why the world does not take an intervention.

use std::fmt;

use crate::fault::{FaultError, Node};
use crate::scenario::SettingError;

/// Why an intervention was not taken. The world is then unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterventionError {
    /// A setting cannot be set so.
    Setting(SettingError),
    /// A fault cannot be laid or ended so.
    Fault(FaultError),
    /// There is no such node, or that cannot be done to it.
    Node {
        /// The node.
        node: Node,
        /// What was to be done.
        action: &'static str,
    },
    /// The listener asks nothing.
    NotAsked {
        /// The consumer's slot.
        consumer: u32,
    },
    /// The share consumer asks nothing.
    ShareNotAsked {
        /// Its slot.
        consumer: u32,
    },
    /// In implicit mode the application cannot say so (S16).
    ImplicitMode {
        /// The share consumer's slot.
        consumer: u32,
    },
    /// The group has members: the tool refuses (C9).
    GroupActive {
        /// The group's place in [`GROUPS`](crate::scenario::GROUPS).
        group: u32,
        /// The state that it is in.
        state: &'static str,
    },
    /// There is no such group, partition or client.
    NoSuch {
        /// What.
        what: &'static str,
        /// Its number.
        number: u64,
    },
}

impl fmt::Display for InterventionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InterventionError::Setting(error) => error.fmt(f),
            InterventionError::Fault(error) => error.fmt(f),
            InterventionError::Node { node, action } => write!(f, "cannot {action} {node}"),
            InterventionError::NotAsked { consumer } => write!(f, "consumer {consumer} is not waiting for a decision"),
            InterventionError::ShareNotAsked { consumer } => write!(f, "share consumer {consumer} is not waiting for a decision"),
            InterventionError::ImplicitMode { consumer } => {
                write!(f, "share consumer {consumer} is in implicit mode, where acknowledge() throws an IllegalStateException")
            }
            InterventionError::GroupActive { group, state } => {
                let name = crate::scenario::GROUPS.get(*group as usize).copied().unwrap_or_default();
                write!(f, "offsets of {name} can only be reset if the group is inactive, but its state is {state}")
            }
            InterventionError::NoSuch { what, number } => write!(f, "there is no {what} {number}"),
        }
    }
}

impl std::error::Error for InterventionError {}

impl From<SettingError> for InterventionError {
    fn from(error: SettingError) -> Self {
        InterventionError::Setting(error)
    }
}

impl From<FaultError> for InterventionError {
    fn from(error: FaultError) -> Self {
        InterventionError::Fault(error)
    }
}
