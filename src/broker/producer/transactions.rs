//! A producer's transactions as the application sees them: which call is allowed when, and what it throws
//! (`TransactionManager`, E1, E3).

use std::sync::Arc;

use super::{Producer, ProducerEffect};
use crate::broker::{BrokerId, CommittedOffset, KafkaException, TopicPartition, us};
use crate::kernel::{Deque, SimTime, SortedMap, SortedSet};

/// Where the producer stands (`TransactionManager.State`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Status {
    Uninitialized,
    Initializing,
    Ready,
    InTransaction,
    Committing,
    Aborting,
    /// Only an abort leads out.
    Abortable(KafkaException),
    /// Nothing leads out.
    Fatal(KafkaException),
}

/// What a transactional call asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Call {
    Init,
    SendOffsets { group: Arc<str>, offsets: SortedMap<TopicPartition, CommittedOffset>, member_id: Arc<str>, generation: Option<u32> },
    End { committed: bool },
}

/// A call that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct QueuedCall {
    pub(super) call: Call,
    /// Whom to tell; `None` once the caller has been told that it took too long.
    pub(super) token: Option<u64>,
    pub(super) deadline: SimTime,
}

/// The state of a transactional producer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TxnManager {
    pub(super) id: Arc<str>,
    pub(super) status: Status,
    pub(super) coordinator: Option<BrokerId>,
    /// The group whose coordinator was looked up last.
    pub(super) group_coordinator: Option<(Arc<str>, BrokerId)>,
    /// Something was added to the transaction that is open.
    pub(super) started: bool,
    /// The partitions that it writes to: no other batch may leave (`isSendToPartitionAllowed`).
    pub(super) partitions: SortedSet<TopicPartition>,
    pub(super) calls: Deque<QueuedCall>,
    pub(super) asking: bool,
    pub(super) not_before: SimTime,
    pub(super) failed_count: u32,
}

impl TxnManager {
    pub(super) fn new(id: Arc<str>) -> TxnManager {
        TxnManager {
            id,
            status: Status::Uninitialized,
            coordinator: None,
            group_coordinator: None,
            started: false,
            partitions: SortedSet::new(),
            calls: Deque::new(),
            asking: false,
            not_before: SimTime::ZERO,
            failed_count: 0,
        }
    }

    pub(super) fn is_completing(&self) -> bool {
        matches!(self.status, Status::Committing | Status::Aborting)
    }

    /// What is due by itself: the end of a back-off, of a caller's patience.
    pub(super) fn deadlines(&self) -> impl Iterator<Item = SimTime> + '_ {
        let back_off = (!self.calls.is_empty() && !self.asking).then_some(self.not_before);
        self.calls.iter().filter(|c| c.token.is_some()).map(|c| c.deadline).chain(back_off)
    }

    /// What any call throws after an error (`maybeFailWithError`).
    fn error(&self) -> Option<KafkaException> {
        let (Status::Abortable(e) | Status::Fatal(e)) = &self.status else { return None };
        Some(match e.class {
            "ProducerFencedException" | "InvalidProducerEpochException" | "IllegalStateException" => KafkaException::new(e.class),
            class => KafkaException::caused("KafkaException", class),
        })
    }

    /// Something went wrong that only an abort can mend.
    pub(super) fn abortable(&mut self, exception: KafkaException) {
        match self.status {
            Status::Fatal(_) | Status::Abortable(_) | Status::Aborting => {}
            _ => self.status = Status::Abortable(exception),
        }
    }
}

impl Producer {
    /// `initTransactions`.
    pub fn init_transactions(&mut self, now: SimTime, token: u64, out: &mut Vec<ProducerEffect>) {
        self.call(now, Call::Init, token, out);
    }

    /// `beginTransaction`; asks no broker.
    ///
    /// # Errors
    /// `IllegalStateException` in the wrong order, or what an earlier error left behind.
    pub fn begin_transaction(&mut self) -> Result<(), KafkaException> {
        let txn = self.txn.as_mut().ok_or(KafkaException::new("IllegalStateException"))?;
        if let Some(exception) = txn.error() {
            return Err(exception);
        }
        if txn.status != Status::Ready {
            return Err(KafkaException::new("IllegalStateException"));
        }
        txn.status = Status::InTransaction;
        txn.started = false;
        txn.partitions.clear();
        Ok(())
    }

    /// `commitTransaction`; done when the coordinator has decided, which may be before the markers are written (E1).
    pub fn commit_transaction(&mut self, now: SimTime, token: u64, out: &mut Vec<ProducerEffect>) {
        self.call(now, Call::End { committed: true }, token, out);
    }

    /// `abortTransaction`.
    pub fn abort_transaction(&mut self, now: SimTime, token: u64, out: &mut Vec<ProducerEffect>) {
        self.call(now, Call::End { committed: false }, token, out);
    }

    /// `sendOffsetsToTransaction(offsets, groupMetadata)`; `member_id` empty and no generation for an `assign()` consumer.
    #[allow(clippy::too_many_arguments)] // the method's own parameters, the group's metadata taken apart
    pub fn send_offsets(
        &mut self,
        now: SimTime,
        group: Arc<str>,
        offsets: SortedMap<TopicPartition, CommittedOffset>,
        member_id: Arc<str>,
        generation: Option<u32>,
        token: u64,
        out: &mut Vec<ProducerEffect>,
    ) {
        if offsets.is_empty() {
            return out.push(ProducerEffect::Done { token, result: Ok(None) });
        }
        self.call(now, Call::SendOffsets { group, offsets, member_id, generation }, token, out);
    }

    fn call(&mut self, now: SimTime, call: Call, token: u64, out: &mut Vec<ProducerEffect>) {
        let deadline = now + us(self.config.max_block_ms);
        if let Err(exception) = self.admit(&call) {
            return out.push(ProducerEffect::Done { token, result: Err(exception) });
        }
        if let Some(txn) = &mut self.txn {
            match txn.calls.iter_mut().find(|c| c.token.is_none() && c.call == call) {
                // The same call again, after it took too long: it goes on waiting for the same answer.
                Some(queued) => (queued.token, queued.deadline) = (Some(token), deadline),
                None => txn.calls.push_back(QueuedCall { call, token: Some(token), deadline }),
            }
        }
        self.drive(now, out);
    }

    /// Whether a call is allowed now; if so, the status moves on.
    fn admit(&mut self, call: &Call) -> Result<(), KafkaException> {
        let illegal = Err(KafkaException::new("IllegalStateException"));
        let Some(txn) = &mut self.txn else { return illegal };
        if txn.calls.iter().any(|c| c.token.is_none() && c.call == *call) {
            return Ok(());
        }
        let is_abort = *call == Call::End { committed: false };
        if let Some(exception) = txn.error()
            && !(is_abort && matches!(txn.status, Status::Abortable(_)))
        {
            return Err(exception);
        }
        match (call, &txn.status) {
            (Call::Init, Status::Uninitialized) => txn.status = Status::Initializing,
            (Call::SendOffsets { .. }, Status::InTransaction) => txn.started = true,
            (Call::End { committed: true }, Status::InTransaction) => txn.status = Status::Committing,
            (Call::End { committed: false }, Status::InTransaction | Status::Abortable(_)) => txn.status = Status::Aborting,
            _ => return illegal,
        }
        Ok(())
    }

    /// Why a send is refused in the present state, if it is; a send that is not begins the transaction for the broker.
    pub(super) fn refuse_in_txn(&mut self) -> Option<KafkaException> {
        let txn = self.txn.as_mut()?;
        if let Some(exception) = txn.error() {
            return Some(exception);
        }
        if txn.status != Status::InTransaction {
            return Some(KafkaException::new("IllegalStateException"));
        }
        None
    }

    /// A send failed: a transaction that it belongs to can only be aborted.
    pub(super) fn on_send_refused(&mut self, exception: &KafkaException) {
        if let Some(txn) = &mut self.txn
            && matches!(txn.status, Status::InTransaction | Status::Committing)
        {
            // What could have been tried again ends the transaction under another name (`maybeTransitionToErrorState`).
            txn.abortable(match exception.is_retriable() || exception.class == "InvalidTxnStateException" {
                true => KafkaException::caused("TransactionAbortableException", exception.class),
                false => exception.clone(),
            });
        }
    }

    /// A record came into a batch: its partition belongs to the transaction, if one is open (`maybeAddPartition`).
    pub(super) fn add_to_transaction(&mut self, partition: TopicPartition) {
        if let Some(txn) = self.txn.as_mut().filter(|t| t.status == Status::InTransaction) {
            txn.partitions.insert(partition);
            txn.started = true;
        }
    }

    /// Whether a batch for this partition may be sent in the present transaction.
    pub(super) fn is_in_the_transaction(&self, partition: TopicPartition) -> bool {
        self.txn.as_ref().is_none_or(|t| t.partitions.contains(&partition))
    }

    /// Whether a refused record has come into a batch all the same: the application calls in the wrong order.
    pub(super) fn keeps_refused(&self) -> bool {
        self.txn.as_ref().is_some_and(|t| matches!(t.status, Status::Uninitialized | Status::Initializing | Status::Ready))
    }

    /// Whether a transaction is open.
    pub fn is_in_transaction(&self) -> bool {
        self.txn.as_ref().is_some_and(|t| t.status == Status::InTransaction)
    }

    /// Whether nothing but closing the producer helps any more (it was fenced).
    pub fn is_fatally_failed(&self) -> bool {
        self.txn.as_ref().is_some_and(|t| matches!(t.status, Status::Fatal(_)))
    }
}
