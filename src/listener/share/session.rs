//! A share consumer's side of its session with one broker, and the acknowledgements that wait to be sent there (upstream
//! `ShareSessionHandler`, `AcknowledgeRequestState`). Knows no application.

use super::hand::Acks;
use crate::broker::{ErrorCode, TopicPartition};
use crate::kernel::{Deque, SortedMap};

/// The epoch that ends a session.
const FINAL: i32 = -1;

/// Acknowledgements by partition.
pub(super) type PartitionAcks = SortedMap<TopicPartition, Acks>;

/// Who waits for an acknowledgement to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Waiter {
    /// Nobody but the callback.
    Async,
    /// `commitSync`.
    Sync,
    /// `close`.
    Close,
}

/// What is to be said to one broker.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Session {
    /// The epoch of the next request; 0 begins a session.
    epoch: i32,
    /// What the broker fetches for it, as it knows.
    pub(super) partitions: Vec<TopicPartition>,
    /// The request that is under way: one at a time.
    pub(super) busy: Option<u64>,
    /// To go with the next fetch.
    pub(super) with_fetch: PartitionAcks,
    pub(super) asynchronous: PartitionAcks,
    pub(super) synchronous: Deque<PartitionAcks>,
    /// Set when the session is to be ended.
    pub(super) closing: Option<PartitionAcks>,
}

impl Session {
    pub(super) fn is_new(&self) -> bool {
        self.epoch == 0
    }

    pub(super) fn epoch(&self) -> i32 {
        self.epoch
    }

    /// The epoch of the request that ends it.
    pub(super) fn final_epoch(&mut self) -> i32 {
        self.epoch = FINAL;
        FINAL
    }

    /// What has to be added to and taken from the broker's list so that it fetches `wanted`.
    pub(super) fn change_to(&mut self, wanted: &[TopicPartition]) -> (Vec<TopicPartition>, Vec<TopicPartition>) {
        if self.is_new() {
            self.partitions = wanted.to_vec();
            return (wanted.to_vec(), Vec::new());
        }
        let forgotten = self.partitions.iter().filter(|p| !wanted.contains(p)).copied().collect();
        let added = wanted.iter().filter(|p| !self.partitions.contains(p)).copied().collect();
        self.partitions = wanted.to_vec();
        (added, forgotten)
    }

    /// A request was answered; `error`: as a whole. Whether the session goes on.
    pub(super) fn answered(&mut self, error: Option<ErrorCode>) -> bool {
        let lost =
            matches!(error, Some(ErrorCode::ShareSessionNotFound | ErrorCode::InvalidShareSessionEpoch | ErrorCode::NetworkDisconnect));
        self.epoch = match self.epoch {
            _ if lost => 0,
            i32::MAX => 1,
            epoch => epoch + 1,
        };
        error.is_none()
    }

    /// Whether acknowledgements wait to be sent alone.
    pub(super) fn has_acks(&self) -> bool {
        !self.asynchronous.is_empty() || !self.synchronous.is_empty() || self.closing.is_some()
    }
}
