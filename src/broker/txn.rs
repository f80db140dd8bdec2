//! The transaction coordinator's book: which transactional id is at what point of which transaction (E1, E3).
//!
//! Decides and remembers; has never heard of logs or markers on the way. A simplification: the book itself
//! (`__transaction_state`) is as safe as the cluster; it survives every coordinator.

use std::sync::Arc;

use super::{ErrorCode, TopicPartition};
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// The last epoch before a transactional id gets another producer id.
const EPOCH_MAX: u16 = i16::MAX as u16 - 1;

/// Where a transactional id stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TxnState {
    /// No transaction yet in this epoch, or none since the producer came.
    Empty,
    /// Partitions or offsets have been added.
    Ongoing,
    /// The outcome is decided, markers are under way.
    Ending {
        /// The outcome.
        committed: bool,
    },
    /// All markers are written.
    Complete {
        /// The outcome.
        committed: bool,
    },
}

/// What becomes of a producer id whose epochs are used up (`TransactionMetadata.isProducerEpochExhausted`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rollover {
    /// The id has epochs left.
    No,
    /// This id takes over when the transaction that is ending has its markers; its producer has been told already.
    To(u64),
    /// The id took over from this one, whose last end may be asked for again.
    From(u64),
}

/// One transactional id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Txn {
    /// The producer id.
    pub producer_id: u64,
    /// The epoch that is valid now.
    pub epoch: u16,
    /// Whether another producer id takes over, or did.
    pub rollover: Rollover,
    /// `transaction.timeout.ms` in microseconds.
    pub timeout_us: u64,
    /// Where it stands.
    pub state: TxnState,
    /// The partitions of the transaction; while it ends, those whose marker is missing.
    pub partitions: SortedSet<TopicPartition>,
    /// The groups whose offsets it commits.
    pub groups: SortedSet<Arc<str>>,
    /// When the transaction began.
    pub started_at: SimTime,
    /// When anything was last heard of it.
    pub touched_at: SimTime,
    /// How many times markers have been sent.
    pub marker_round: u32,
}

impl Txn {
    /// The producer id and epoch with which its producer goes on.
    pub fn identity(&self) -> (u64, u16) {
        match self.rollover {
            Rollover::To(next) => (next, 0),
            _ => (self.producer_id, self.epoch),
        }
    }

    /// Moves the epoch on; after the last one the next producer id takes over.
    fn bump(&mut self, last_producer_id: &mut u64) {
        let exhausted = self.epoch >= EPOCH_MAX;
        self.epoch += 1;
        if exhausted {
            *last_producer_id += 1;
            self.rollover = Rollover::To(*last_producer_id);
        }
    }

    /// The markers are written: a producer id without epochs goes.
    fn complete(&mut self, committed: bool) {
        self.state = TxnState::Complete { committed };
        self.groups.clear();
        if let Rollover::To(next) = self.rollover {
            self.rollover = Rollover::From(self.producer_id);
            (self.producer_id, self.epoch) = (next, 0);
        }
    }

    /// Whether somebody asks once more for the end that brought the present epoch, of which it has not heard.
    fn is_last_end_of(&self, producer: (u64, u16)) -> bool {
        let before = match self.rollover {
            Rollover::From(old) if self.epoch == 0 => (old, EPOCH_MAX),
            _ => (self.producer_id, self.epoch.wrapping_sub(1)),
        };
        producer == before && matches!(self.state, TxnState::Ending { .. } | TxnState::Complete { .. })
    }
}

/// What came of an `EndTxn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The outcome is decided now; markers must be written.
    Decided,
    /// It was decided before, in the same way: the answer had been lost.
    Again,
}

/// The book of all transactional ids. Bounded by `transactional.id.expiration.ms`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TxnCoordinator {
    last_producer_id: u64,
    txns: SortedMap<Arc<str>, Txn>,
}

impl TxnCoordinator {
    /// A producer id that nobody has.
    pub fn next_producer_id(&mut self) -> u64 {
        self.last_producer_id += 1;
        self.last_producer_id
    }

    /// A transactional id's entry.
    pub fn txn(&self, id: &str) -> Option<&Txn> {
        self.txns.get(id)
    }

    /// All entries.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Txn)> {
        self.txns.iter()
    }

    /// The transactional id of a producer.
    pub fn id_of(&self, producer_id: u64) -> Option<&Arc<str>> {
        self.txns.iter().find(|(_, t)| t.producer_id == producer_id).map(|(id, _)| id)
    }

    /// `initTransactions` (E3): the producer id and the epoch. An ongoing transaction is doomed first; then the caller
    /// gets `Err` and must ask again when it is gone (the second value says that markers must be written).
    ///
    /// # Errors
    /// `ConcurrentTransactions` while an earlier transaction is ending.
    pub fn init(&mut self, now: SimTime, id: &Arc<str>, timeout_us: u64) -> (Result<(u64, u16), ErrorCode>, bool) {
        let Some(txn) = self.txns.get_mut(id) else {
            let producer_id = self.next_producer_id();
            let txn = Txn {
                producer_id,
                epoch: 0,
                rollover: Rollover::No,
                timeout_us,
                state: TxnState::Empty,
                partitions: SortedSet::new(),
                groups: SortedSet::new(),
                started_at: now,
                touched_at: now,
                marker_round: 0,
            };
            self.txns.insert(Arc::clone(id), txn);
            return (Ok((producer_id, 0)), false);
        };
        txn.touched_at = now;
        match txn.state {
            TxnState::Ending { .. } => (Err(ErrorCode::ConcurrentTransactions), false),
            TxnState::Ongoing => {
                txn.bump(&mut self.last_producer_id);
                txn.state = TxnState::Ending { committed: false };
                (Err(ErrorCode::ConcurrentTransactions), true)
            }
            TxnState::Empty | TxnState::Complete { .. } => {
                txn.timeout_us = timeout_us;
                txn.state = TxnState::Empty;
                txn.rollover = Rollover::No;
                if txn.epoch >= EPOCH_MAX {
                    self.last_producer_id += 1;
                    txn.producer_id = self.last_producer_id;
                    txn.epoch = 0;
                } else {
                    txn.epoch += 1;
                }
                (Ok(txn.identity()), false)
            }
        }
    }

    /// Adds partitions or a group; the first ones begin the transaction (then the value is true).
    ///
    /// # Errors
    /// `TransactionalIdNotFound`, `ProducerFenced` for another epoch, `ConcurrentTransactions` while one is ending.
    pub fn add(
        &mut self,
        now: SimTime,
        id: &str,
        producer: (u64, u16),
        partitions: &[TopicPartition],
        group: Option<&Arc<str>>,
    ) -> Result<bool, ErrorCode> {
        let txn = self.txns.get_mut(id).ok_or(ErrorCode::TransactionalIdNotFound)?;
        if txn.rollover == Rollover::To(producer.0) {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if txn.producer_id != producer.0 {
            return Err(ErrorCode::TransactionalIdNotFound);
        }
        if txn.epoch != producer.1 {
            return Err(ErrorCode::ProducerFenced);
        }
        if matches!(txn.state, TxnState::Ending { .. }) {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        txn.touched_at = now;
        txn.partitions.extend(partitions);
        txn.groups.extend(group.cloned());
        let begun = txn.state != TxnState::Ongoing;
        if begun {
            txn.state = TxnState::Ongoing;
            txn.started_at = now;
        }
        Ok(begun)
    }

    /// `EndTxn` of a client. With `bump` (transaction version 2) the epoch moves on at every end, and the end of a
    /// transaction that was ended before in the same way succeeds again.
    ///
    /// # Errors
    /// `TransactionalIdNotFound`, `ProducerFenced`, `ConcurrentTransactions`, `InvalidTxnState`.
    pub fn end(&mut self, now: SimTime, id: &str, producer: (u64, u16), committed: bool, bump: bool) -> Result<Ended, ErrorCode> {
        let txn = self.txns.get_mut(id).ok_or(ErrorCode::TransactionalIdNotFound)?;
        if txn.rollover == Rollover::To(producer.0) {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let again = bump && txn.is_last_end_of(producer);
        if txn.producer_id != producer.0 && !again {
            return Err(ErrorCode::TransactionalIdNotFound);
        }
        if txn.epoch != producer.1 && !again {
            return Err(ErrorCode::ProducerFenced);
        }
        txn.touched_at = now;
        match txn.state {
            TxnState::Ongoing if !again => {
                txn.state = TxnState::Ending { committed };
                if bump {
                    txn.bump(&mut self.last_producer_id);
                }
                Ok(Ended::Decided)
            }
            TxnState::Ending { committed: was } if was == committed => Err(ErrorCode::ConcurrentTransactions),
            TxnState::Complete { committed: was } if was == committed && (again || !bump) => Ok(Ended::Again),
            TxnState::Empty | TxnState::Complete { .. } if !committed && bump && !again => {
                // Nothing was added: the abort only moves the epoch on.
                txn.bump(&mut self.last_producer_id);
                txn.complete(committed);
                Ok(Ended::Again)
            }
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// The transactions that took longer than they may: they are doomed, the epoch moves on.
    pub fn expire(&mut self, now: SimTime) -> Vec<Arc<str>> {
        let mut doomed = Vec::new();
        for (id, txn) in &mut self.txns {
            if txn.state == TxnState::Ongoing && now.since(txn.started_at) > txn.timeout_us {
                txn.state = TxnState::Ending { committed: false };
                txn.bump(&mut self.last_producer_id);
                doomed.push(Arc::clone(id));
            }
        }
        doomed
    }

    /// Forgets transactional ids of which nothing was heard for `idle_us`.
    pub fn forget_idle(&mut self, now: SimTime, idle_us: u64) {
        self.txns.retain(|_, t| matches!(t.state, TxnState::Ongoing | TxnState::Ending { .. }) || now.since(t.touched_at) <= idle_us);
    }

    /// Markers are about to be sent: the number of this round.
    pub fn next_marker_round(&mut self, id: &str) -> u32 {
        self.txns.get_mut(id).map_or(0, |txn| {
            txn.marker_round += 1;
            txn.marker_round
        })
    }

    /// A marker is written. Gives the outcome when it was the last one.
    pub fn marker_written(&mut self, id: &str, epoch: u16, partition: TopicPartition) -> Option<bool> {
        let txn = self.txns.get_mut(id).filter(|t| t.epoch == epoch)?;
        txn.partitions.remove(&partition);
        self.complete_if_done(id)
    }

    /// Completes a transaction that is ending and has no marker left to write. Gives the outcome.
    pub fn complete_if_done(&mut self, id: &str) -> Option<bool> {
        let txn = self.txns.get_mut(id)?;
        match txn.state {
            TxnState::Ending { committed } if txn.partitions.is_empty() => {
                txn.complete(committed);
                Some(committed)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::TopicId;

    const TP: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

    fn book() -> (TxnCoordinator, Arc<str>) {
        let (mut book, id) = (TxnCoordinator::default(), Arc::from("tx1"));
        assert_eq!(book.init(SimTime(0), &id, 1_000), (Ok((1, 0)), false));
        (book, id)
    }

    #[test]
    fn e3_a_new_producer_dooms_the_open_transaction_and_is_two_epochs_on() {
        let (mut book, id) = book();
        assert_eq!(book.add(SimTime(0), &id, (1, 0), &[TP], None), Ok(true));
        assert_eq!(book.init(SimTime(1), &id, 1_000), (Err(ErrorCode::ConcurrentTransactions), true));
        assert_eq!(book.init(SimTime(2), &id, 1_000), (Err(ErrorCode::ConcurrentTransactions), false));
        assert_eq!(book.marker_written(&id, 1, TP), Some(false));
        assert_eq!(book.init(SimTime(3), &id, 1_000), (Ok((1, 2)), false));
        assert_eq!(book.end(SimTime(4), &id, (1, 0), true, true), Err(ErrorCode::ProducerFenced));
        assert_eq!(book.add(SimTime(4), &id, (1, 0), &[TP], None), Err(ErrorCode::ProducerFenced));
    }

    #[test]
    fn e1_an_abort_after_the_timeout_succeeds_and_a_commit_does_not() {
        let (mut book, id) = book();
        assert_eq!(book.add(SimTime(0), &id, (1, 0), &[TP], None), Ok(true));
        assert!(book.expire(SimTime(1_000)).is_empty());
        assert_eq!(book.expire(SimTime(1_001)), [Arc::clone(&id)]);
        assert_eq!(book.marker_written(&id, 1, TP), Some(false));
        assert_eq!(book.end(SimTime(2_000), &id, (1, 0), true, true), Err(ErrorCode::InvalidTxnState));
        assert_eq!(book.end(SimTime(2_000), &id, (1, 0), false, true), Ok(Ended::Again));
        assert_eq!(book.add(SimTime(3_000), &id, (1, 1), &[TP], None), Ok(true));
    }

    #[test]
    fn e3_a_producer_fenced_before_its_first_record_is_told_so_at_the_end() {
        let (mut book, id) = book();
        assert_eq!(book.init(SimTime(1), &id, 1_000), (Ok((1, 1)), false));
        assert_eq!(book.end(SimTime(2), &id, (1, 0), false, true), Err(ErrorCode::ProducerFenced));
        assert_eq!(book.end(SimTime(2), &id, (1, 0), true, true), Err(ErrorCode::ProducerFenced));
    }

    #[test]
    fn e3_every_end_moves_the_epoch_on_with_transaction_version_2() {
        let (mut book, id) = book();
        assert_eq!(book.add(SimTime(0), &id, (1, 0), &[TP], None), Ok(true));
        assert_eq!(book.end(SimTime(1), &id, (1, 0), true, true), Ok(Ended::Decided));
        assert_eq!(book.txn(&id).map(|t| t.epoch), Some(1));
        assert_eq!(book.add(SimTime(1), &id, (1, 1), &[TP], None), Err(ErrorCode::ConcurrentTransactions));
        assert_eq!(book.marker_written(&id, 1, TP), Some(true));
        assert_eq!(book.add(SimTime(1), &id, (1, 1), &[TP], None), Ok(true));
    }

    /// As many transactions as a fast run has in a minute: the epochs of one producer id do not last.
    #[test]
    fn e3_a_producer_id_whose_epochs_are_used_up_is_followed_by_another() {
        let (mut book, id) = book();
        let mut producer = (1, 0);
        let mut ids = vec![producer.0];
        for round in 0..100_000_u64 {
            assert_eq!(book.add(SimTime(round), &id, producer, &[TP], None), Ok(true), "in round {round}");
            let ended = book.end(SimTime(round), &id, producer, true, true);
            assert_eq!(ended, Ok(Ended::Decided), "in round {round}");
            let txn = book.txn(&id).expect("it is known").clone();
            assert_eq!(txn.producer_id, producer.0, "the markers are the old id's");
            // The answer got lost, and the next transaction comes before the markers are written.
            assert_eq!(book.end(SimTime(round), &id, producer, true, true), Err(ErrorCode::ConcurrentTransactions));
            let next = txn.identity();
            assert_eq!(book.add(SimTime(round), &id, next, &[TP], None), Err(ErrorCode::ConcurrentTransactions), "in round {round}");
            assert_eq!(book.marker_written(&id, txn.epoch, TP), Some(true));
            assert_eq!(book.end(SimTime(round), &id, producer, true, true), Ok(Ended::Again), "in round {round}");
            assert_eq!(book.txn(&id).map(Txn::identity), Some(next));
            producer = next;
            if ids.last() != Some(&producer.0) {
                ids.push(producer.0);
                assert_eq!(producer.1, 0);
            }
            assert!(producer.1 <= EPOCH_MAX);
        }
        assert_eq!(ids, [1, 2, 3, 4]);
    }
}
