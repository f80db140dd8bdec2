//! All events that were ever drafted, by id: what the bytes of a record say, without parsing them.
//!
//! Drafted is not stored: a phantom (F6) is an event that was published and never committed.

use std::sync::Arc;

use super::domain::{Decision, DomainEvent};
use super::ids::{ClientIndex, CommandId, EventId};

/// How many events lie in one shared chunk.
const CHUNK_EVENTS: u32 = 256;
/// The most events that are kept; beyond it the oldest chunk is dropped.
pub const EVENT_COUNT_MAX: u32 = 1 << 18;

/// The book of events; cheap to clone, since full chunks are shared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct EventBook {
    chunks: Vec<Arc<Vec<DomainEvent>>>,
    /// How many chunks were dropped at the front.
    dropped_chunks: u32,
    count: u32,
}

impl EventBook {
    /// Enters a new event and gives it its id.
    pub fn draft(&mut self, client: ClientIndex, command: CommandId, decision: Decision) -> EventId {
        let id = EventId(self.count + 1);
        let event = DomainEvent { id, client, command, kind: decision.kind, first: decision.first, second: decision.second };
        if self.count.is_multiple_of(CHUNK_EVENTS) {
            self.chunks.push(Arc::new(Vec::new()));
            if self.chunks.len() as u32 > EVENT_COUNT_MAX / CHUNK_EVENTS {
                self.chunks.remove(0);
                self.dropped_chunks += 1;
            }
        }
        let last = self.chunks.last_mut().expect("a chunk was pushed with the first event");
        Arc::make_mut(last).push(event);
        self.count += 1;
        id
    }

    /// The event with that id; `None` if there never was one, or if it is so old that it was dropped.
    pub fn get(&self, id: EventId) -> Option<&DomainEvent> {
        let at = id.0.checked_sub(1)?;
        let chunk = (at / CHUNK_EVENTS).checked_sub(self.dropped_chunks)?;
        self.chunks.get(chunk as usize)?.get((at % CHUNK_EVENTS) as usize)
    }

    /// How many events were ever drafted.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// How many of the oldest were dropped.
    pub fn dropped_count(&self) -> u32 {
        self.dropped_chunks * CHUNK_EVENTS
    }
}

#[cfg(test)]
mod tests {
    use super::super::domain::{Change, EventKind};
    use super::super::ids::AccountId;
    use super::*;

    #[test]
    fn events_are_found_across_chunks() {
        let mut book = EventBook::default();
        let first = Change { account: AccountId(0), delta: 1, version: 1 };
        for n in 0..1_000 {
            book.draft(ClientIndex(0), CommandId(n), Decision { kind: EventKind::MoneyDeposited, first, second: None });
        }
        assert!((1..=1_000).all(|id| book.get(EventId(id)).is_some_and(|e| e.id.0 == id && e.command.0 == id - 1)));
        assert!(book.get(EventId(0)).is_none() && book.get(EventId(1_001)).is_none());
    }
}
