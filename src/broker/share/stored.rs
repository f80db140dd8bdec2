//! What the share coordinator keeps of a partition for a group (S12): start offset, finished records, and the states that were
//! written. Outlives every leader; knows no lock and no member.

use super::{InFlight, InFlightBatch, RecordState};
use crate::kernel::SortedMap;

/// States as they are written: records that have the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateBatch {
    /// The first offset.
    pub first: u64,
    /// The last offset.
    pub last: u64,
    /// The state.
    pub state: RecordState,
    /// How often they were delivered.
    pub delivery_count: u32,
}

/// The written state of one partition for one group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct StoredShare {
    /// The start offset as it was when something was last written; `None` before that.
    pub start: Option<u64>,
    /// How many records behind the start were finished then (`deliveryCompleteCount`).
    pub complete_count: u64,
    /// State and delivery count by offset.
    states: SortedMap<u64, (RecordState, u32)>,
}

impl StoredShare {
    /// Begins anew at an offset (`alterShareGroupOffsets`).
    pub fn beginning_at(start: u64) -> StoredShare {
        StoredShare { start: Some(start), ..StoredShare::default() }
    }

    /// Writes states (`WriteShareGroupState`); what lies before the start is forgotten.
    pub fn write(&mut self, start: u64, complete_count: u64, batches: &[StateBatch]) {
        self.start = Some(start);
        self.complete_count = complete_count;
        for batch in batches {
            for offset in batch.first..=batch.last {
                self.states.insert(offset, (batch.state, batch.delivery_count));
            }
        }
        self.states.retain(|offset, _| *offset >= start);
    }

    /// The states as batches, neighbours of one state made one (`PersisterStateBatchCombiner`).
    pub(super) fn batches(&self) -> Vec<InFlightBatch> {
        let mut all: Vec<InFlightBatch> = Vec::new();
        for (offset, (state, delivery_count)) in &self.states {
            match all.last_mut() {
                Some(last) if last.last + 1 == *offset && last.whole() == Some(&InFlight::free(*state, *delivery_count)) => {
                    last.last = *offset;
                }
                _ => all.push(InFlightBatch::new(*offset, *offset, InFlight::free(*state, *delivery_count))),
            }
        }
        all
    }
}
