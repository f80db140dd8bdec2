//! Share groups (KIP-932): what a partition's leader knows of the records that members of a share group have in hand.
//!
//! Rules S2 to S12 of `docs/share-groups.md`; upstream `SharePartition`, `SharePartitionManager`, `ShareSession`. Has never
//! heard of who assigns partitions (that is the group coordinator's), of clients' buffers, or of what a record means.

mod acknowledge;
mod acquire;
mod config;
mod desk;
mod fact;
mod in_flight;
mod partition;
mod release;
mod stored;
#[cfg(test)]
mod tests;
mod wire;

pub use acknowledge::{AckBatch, AckType};
pub use acquire::Acquired;
pub(super) use acquire::Ask;
pub use config::{AcquireMode, ShareGroupConfig, ShareReset};
pub use desk::{ShareDesk, ShareKey, ShareSession};
pub use fact::{Settling, ShareFact};
pub use in_flight::{InFlight, InFlightBatch, RecordState};
pub use partition::{ShareLimits, SharePartition};
pub use stored::{StateBatch, StoredShare};
pub use wire::{ShareFetchRequest, ShareFetched};
