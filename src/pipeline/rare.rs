//! State of a world that few runs have: what is dismissed, what is put off.

use std::hash::{Hash, Hasher};

use crate::bank::Process;
use crate::broker::AdminRequest;
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// What few runs have. As long as there is nothing of it, it adds nothing to the digest, so that all other runs keep theirs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rare {
    /// Consumers that their group does not want: scaled away, or on a retry topic that was switched off.
    pub(super) dismissed: SortedSet<u32>,
    /// When a crashed process of the bank is to be started again.
    pub(super) restarts: SortedMap<Process, SimTime>,
    /// What the tool is to do as soon as a broker runs.
    pub(super) tool_waits: Vec<AdminRequest>,
    /// Containers of whose producer a transactional call failed (`producerFailed` of `DefaultKafkaProducerFactory`): it is
    /// aborted no more, and closed before the next transaction.
    pub(super) failed_producers: SortedSet<u32>,
}

impl Hash for Rare {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Rare { dismissed, restarts, tool_waits, failed_producers } = self;
        if !dismissed.is_empty() || !restarts.is_empty() || !tool_waits.is_empty() {
            (dismissed, restarts, tool_waits).hash(state);
        }
        if !failed_producers.is_empty() {
            failed_producers.hash(state);
        }
    }
}
