//! Looking up offsets: earliest, latest, by time, the end of an epoch (B3, B6).

use super::Cluster;
use crate::broker::replica::Replica;
use crate::broker::{EpochEnd, ErrorCode, IsolationLevel, ListedOffset, OffsetSpec, TopicPartition};

impl Cluster {
    pub(super) fn list_offset(
        &self,
        index: usize,
        partition: TopicPartition,
        spec: OffsetSpec,
        isolation: IsolationLevel,
    ) -> Result<ListedOffset, ErrorCode> {
        let replica = self.leader_at(index, partition)?;
        let plain = |offset| ListedOffset { offset: Some(offset), timestamp_ms: -1, leader_epoch: replica.log.epochs.at(offset) };
        // Right after an election the new leader does not know yet how far the others have come (KIP-207); what lies below
        // its high watermark it knows all the same.
        let lags = replica.leadership().is_some_and(|l| replica.high_watermark < l.epoch_start);
        let end = replica.readable_end(isolation);
        let found = match spec {
            OffsetSpec::Earliest => return Ok(plain(replica.log.start())),
            OffsetSpec::Latest if lags => return Err(ErrorCode::OffsetNotAvailable),
            OffsetSpec::Latest => return Ok(plain(end)),
            OffsetSpec::Timestamp(ms) => replica.log.find_timestamp(ms).filter(|r| r.offset < end),
            OffsetSpec::MaxTimestamp => replica.log.find_max_timestamp().filter(|r| r.offset < end),
        };
        Ok(match found {
            Some(r) => ListedOffset { offset: Some(r.offset), timestamp_ms: r.timestamp_ms, leader_epoch: Some(r.leader_epoch) },
            None if lags => return Err(ErrorCode::OffsetNotAvailable),
            None => ListedOffset { offset: None, timestamp_ms: -1, leader_epoch: None },
        })
    }

    pub(super) fn epoch_end(&self, index: usize, partition: TopicPartition, epoch: u32) -> Result<EpochEnd, ErrorCode> {
        let replica = self.leader_at(index, partition)?;
        replica.log.epochs.end_of(epoch, replica.log.end()).ok_or(ErrorCode::UnknownLeaderEpoch)
    }

    /// The leader's replica on this broker, or why there is none.
    pub(super) fn leader_at(&self, index: usize, partition: TopicPartition) -> Result<&Replica, ErrorCode> {
        if self.topics.topic(partition.topic).is_none_or(|t| partition.partition >= t.partitions) {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        self.nodes[index].leader(partition).ok_or(ErrorCode::NotLeaderOrFollower)
    }
}
