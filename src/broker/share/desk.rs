//! What one broker keeps of share groups: sessions of members, and the partitions that it leads. Gone with its process.

use std::sync::Arc;

use super::SharePartition;
use crate::broker::{ClientId, ErrorCode, TopicPartition};
use crate::kernel::SortedMap;

/// A group and a partition.
pub type ShareKey = (Arc<str>, TopicPartition);

/// The first epoch of a session.
const INITIAL: i32 = 0;
/// The epoch that ends it.
pub(in crate::broker) const FINAL: i32 = -1;

/// A member's session with one broker (upstream `ShareSession`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShareSession {
    /// The epoch that the next request must have.
    pub epoch: i32,
    /// What it fetches.
    pub partitions: Vec<TopicPartition>,
    /// The network client; when its connection breaks the session is over.
    pub client: ClientId,
}

/// Sessions and partitions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ShareDesk {
    /// By group and member id.
    pub sessions: SortedMap<(Arc<str>, Arc<str>), ShareSession>,
    /// By group and partition.
    pub partitions: SortedMap<ShareKey, SharePartition>,
}

impl ShareDesk {
    /// A fetch of a member: begins its session, or goes on with it.
    ///
    /// # Errors
    /// `ShareSessionNotFound`, `InvalidShareSessionEpoch`, `InvalidRequest` (acknowledgements without a session).
    pub(in crate::broker) fn fetch(
        &mut self,
        who: (Arc<str>, Arc<str>),
        client: ClientId,
        epoch: i32,
        change: (&[TopicPartition], &[TopicPartition]),
        acknowledges: bool,
    ) -> Result<(), ErrorCode> {
        let (added, forgotten) = change;
        if epoch == INITIAL {
            if acknowledges {
                return Err(ErrorCode::InvalidRequest);
            }
            self.sessions.insert(who, ShareSession { epoch: INITIAL + 1, partitions: added.to_vec(), client });
            return Ok(());
        }
        let session = self.check(&who, epoch)?;
        session.partitions.retain(|p| !forgotten.contains(p));
        for partition in added {
            if !session.partitions.contains(partition) {
                session.partitions.push(*partition);
            }
        }
        session.epoch = next(epoch);
        Ok(())
    }

    /// Acknowledgements of a member; with [`FINAL`] the session ends after them.
    ///
    /// # Errors
    /// `ShareSessionNotFound`, `InvalidShareSessionEpoch`.
    pub(in crate::broker) fn acknowledge(&mut self, who: &(Arc<str>, Arc<str>), epoch: i32) -> Result<(), ErrorCode> {
        if epoch == INITIAL {
            return Err(ErrorCode::InvalidShareSessionEpoch);
        }
        if epoch == FINAL {
            return self.sessions.get(who).map(drop).ok_or(ErrorCode::ShareSessionNotFound);
        }
        self.check(who, epoch)?.epoch = next(epoch);
        Ok(())
    }

    fn check(&mut self, who: &(Arc<str>, Arc<str>), epoch: i32) -> Result<&mut ShareSession, ErrorCode> {
        let session = self.sessions.get_mut(who).ok_or(ErrorCode::ShareSessionNotFound)?;
        if session.epoch == epoch { Ok(session) } else { Err(ErrorCode::InvalidShareSessionEpoch) }
    }

    /// The sessions of a network client.
    pub(in crate::broker) fn sessions_of(&self, client: ClientId) -> Vec<(Arc<str>, Arc<str>)> {
        self.sessions.iter().filter(|(_, s)| s.client == client).map(|(who, _)| who.clone()).collect()
    }

    /// Forgets the partitions of groups that have no session left here (`onGroupEmpty`): what counts of them is written.
    pub(in crate::broker) fn drop_idle(&mut self) {
        let sessions = &self.sessions;
        self.partitions.retain(|(group, _), _| sessions.keys().any(|(of, _)| of == group));
    }
}

/// The epoch after `epoch` (`ShareRequestMetadata#nextEpoch`).
pub(in crate::broker) const fn next(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}
