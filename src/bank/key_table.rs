//! The table of idempotency keys: which command has which event. Cheap to clone however many commands a run has seen.

use crate::kernel::{Deque, SortedMap};
use std::sync::Arc;

use super::ids::{CommandId, EventId};

/// How many keys are sealed and shared together.
const CHUNK: usize = 256;

/// The newest keys, at least [`KEYS_MAX`](super::KEYS_MAX) of them; older ones are forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct KeyTable {
    open: SortedMap<CommandId, EventId>,
    /// Oldest first; each sorted by command.
    sealed: Deque<Arc<[(CommandId, EventId)]>>,
}

impl KeyTable {
    /// The event that a command led to, if it is still remembered.
    pub(super) fn get(&self, command: CommandId) -> Option<EventId> {
        let in_chunk = |chunk: &Arc<[(CommandId, EventId)]>| {
            // Commands come nearly in order: most chunks end before this one or begin behind it.
            if chunk.last()?.0 < command || command < chunk.first()?.0 {
                return None;
            }
            let at = chunk.binary_search_by_key(&command, |(key, _)| *key).ok()?;
            Some(chunk[at].1)
        };
        self.open.get(&command).copied().or_else(|| self.sealed.iter().rev().find_map(in_chunk))
    }

    /// Remembers a command's event, unless it has one.
    pub(super) fn insert(&mut self, command: CommandId, event: EventId) {
        if self.get(command).is_some() {
            return;
        }
        self.open.insert(command, event);
        if self.open.len() == CHUNK {
            self.sealed.push_back(std::mem::take(&mut self.open).into_iter().collect());
            if self.sealed.len() > super::KEYS_MAX / CHUNK {
                self.sealed.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_keys_are_remembered_and_the_first_event_of_a_command_counts() {
        let mut table = KeyTable::default();
        let count = 3 * super::super::KEYS_MAX as u32;
        for n in 0..count {
            table.insert(CommandId(n), EventId(n + 1));
            table.insert(CommandId(n), EventId(0));
        }
        assert_eq!(table.get(CommandId(0)), None);
        for n in count - super::super::KEYS_MAX as u32..count {
            assert_eq!(table.get(CommandId(n)), Some(EventId(n + 1)));
        }
    }
}
