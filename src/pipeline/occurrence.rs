//! What the agenda can hold: a closed set.

use super::FlightKey;
use crate::broker;
use crate::fault::FaultId;

/// Something that is due at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Occurrence {
    /// A flight arrives (or, if it was lost, is forgotten).
    Arrival(FlightKey),
    /// A timer of the cluster.
    Cluster(broker::Timer),
    /// A lasting fault is over.
    FaultEnd(FaultId),
}
