//! Transactions of API and relay (E1): what is handed over at one instant is written in one transaction, as by a
//! `KafkaTemplate` with a `transactionIdPrefix`; what comes while one is being ended waits for the next one. Spring would
//! take a second producer from its cache instead of waiting. Knows no event.

use std::sync::Arc;

use super::producer_side::Owner;
use super::{Occurrence, World, build};
use crate::bank::{Process, Publisher};
use crate::broker::{KafkaException, NewRecord, TopicPartition};
use crate::fault::{Node, Point, Verdict};
use crate::kernel::Deque;
use crate::scenario::{Of, Property};

/// The token of `initTransactions`. Those of records count from 1.
const INIT: u64 = u64::MAX;
/// The token of `commitTransaction` and `abortTransaction`.
const END: u64 = u64::MAX - 1;

/// How far a publisher's transactional producer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
enum Stage {
    #[default]
    Uninitialised,
    Initialising,
    Ready,
    /// Records are being sent; `ending`: no more are taken.
    Open {
        ending: bool,
    },
    /// All are in the log, and the commit is late.
    Stalled,
    Committing,
    Aborting,
}

/// A publisher's transactions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct PublisherTxn {
    stage: Stage,
    /// Handed over and not in a transaction yet.
    waiting: Deque<(u64, NewRecord)>,
    /// In the transaction that is open: the token, and what became of the send.
    sent: Vec<(u64, Option<bool>)>,
}

impl PublisherTxn {
    fn is_settled(&self) -> bool {
        self.sent.iter().all(|(_, result)| result.is_some())
    }

    fn has_failed(&self) -> bool {
        self.sent.iter().any(|(_, result)| *result == Some(false))
    }
}

/// The `transactional.id` of a publisher, as from a `transactionIdPrefix`.
pub(super) fn transactional_id(publisher: Publisher) -> &'static str {
    match publisher {
        Publisher::Api => "api-tx-0",
        Publisher::Relay => "relay-tx-0",
    }
}

impl World {
    /// The transactions of a publisher's new producer, if it has any.
    pub(super) fn new_publisher_txn(&self, owner: Owner) -> Option<Box<PublisherTxn>> {
        let wanted = matches!(owner, Owner::Publisher(_)) && self.config.flag(Property::TransactionalId, Of::Only);
        wanted.then(Box::default)
    }

    /// A publisher hands a record over.
    pub(super) fn publish_record(&mut self, index: u32, token: u64, record: NewRecord) {
        match &mut self.producers[index as usize].txn {
            None => self.producer_send(index, Arc::clone(&self.topic), None, record, token),
            Some(txn) => {
                txn.waiting.push_back((token, record));
                self.advance_txn(index);
            }
        }
    }

    /// Does what can be done now with what waits.
    fn advance_txn(&mut self, index: u32) {
        let Some(txn) = &mut self.producers[index as usize].txn else { return };
        if txn.waiting.is_empty() {
            return;
        }
        match txn.stage {
            Stage::Uninitialised => {
                txn.stage = Stage::Initialising;
                self.with_producer(index, |p, now, out| p.init_transactions(now, INIT, out));
            }
            Stage::Ready => {
                let mut begun = Ok(());
                self.with_producer(index, |p, _, _| begun = p.begin_transaction());
                if begun.is_err() {
                    return self.renew_publisher(index);
                }
                self.set_stage(index, Stage::Open { ending: false });
                self.at(self.now, Occurrence::EndTransaction { producer: index });
                self.send_waiting(index);
            }
            Stage::Open { ending: false } => self.send_waiting(index),
            Stage::Initialising | Stage::Open { .. } | Stage::Stalled | Stage::Committing | Stage::Aborting => {}
        }
    }

    fn set_stage(&mut self, index: u32, stage: Stage) {
        if let Some(txn) = &mut self.producers[index as usize].txn {
            txn.stage = stage;
        }
    }

    fn send_waiting(&mut self, index: u32) {
        let Some(txn) = &mut self.producers[index as usize].txn else { return };
        let waiting = std::mem::take(&mut txn.waiting);
        txn.sent.extend(waiting.iter().map(|(token, _)| (*token, None)));
        for (token, record) in waiting {
            self.producer_send(index, Arc::clone(&self.topic), None, record, token);
        }
    }

    /// Everything that was handed over at one instant is with the producer, or a late commit comes.
    pub(super) fn end_transaction(&mut self, index: u32) {
        let place = &mut self.producers[index as usize];
        let (Owner::Publisher(_), Some(txn)) = (place.owner, &mut place.txn) else { return };
        match txn.stage {
            Stage::Open { ending: false } => {
                txn.stage = Stage::Open { ending: true };
                self.end_if_settled(index);
            }
            Stage::Stalled => self.commit_publisher(index),
            _ => {}
        }
    }

    /// Commits or aborts once every send has its result. Here a fault may strike.
    fn end_if_settled(&mut self, index: u32) {
        let place = &self.producers[index as usize];
        let (Owner::Publisher(publisher), Some(txn)) = (place.owner, &place.txn) else { return };
        if txn.stage != (Stage::Open { ending: true }) || !txn.is_settled() {
            return;
        }
        if txn.has_failed() {
            return self.abort_publisher(index);
        }
        let (process, node) = match publisher {
            Publisher::Api => (Process::Api, Node::Api),
            Publisher::Relay => (Process::Relay, Node::Relay),
        };
        match self.judge(&Point::SentNotCommitted { publisher: node }) {
            Verdict::Crash => {
                self.crash_process(process);
                self.restart_later(process);
            }
            Verdict::Delay { us } => {
                self.set_stage(index, Stage::Stalled);
                self.at(self.now + us, Occurrence::EndTransaction { producer: index });
            }
            _ => self.commit_publisher(index),
        }
    }

    fn commit_publisher(&mut self, index: u32) {
        self.set_stage(index, Stage::Committing);
        self.with_producer(index, |p, now, out| p.commit_transaction(now, END, out));
    }

    fn abort_publisher(&mut self, index: u32) {
        if self.producers[index as usize].producer.is_fatally_failed() {
            return self.renew_publisher(index);
        }
        self.set_stage(index, Stage::Aborting);
        self.with_producer(index, |p, now, out| p.abort_transaction(now, END, out));
    }

    /// A publisher's producer is done with a record or a transactional call.
    pub(super) fn publisher_produced(&mut self, index: u32, token: u64, result: Result<(), KafkaException>) {
        let Some(txn) = &mut self.producers[index as usize].txn else { return self.published(token, result.is_ok()) };
        match (token, txn.stage) {
            (INIT, _) => {
                txn.stage = if result.is_ok() { Stage::Ready } else { Stage::Uninitialised };
                if result.is_err() {
                    // The caller's `send` throws; the next one tries again.
                    let waiting = std::mem::take(&mut txn.waiting);
                    waiting.into_iter().for_each(|(token, _)| self.published(token, false));
                }
                self.advance_txn(index);
            }
            (END, Stage::Committing) => match result {
                Ok(()) => self.finish_txn(index, true),
                Err(_) => self.abort_publisher(index),
            },
            (END, _) => {
                if self.producers[index as usize].producer.is_fatally_failed() {
                    return self.renew_publisher(index);
                }
                self.finish_txn(index, false);
            }
            (token, _) => {
                if let Some(entry) = txn.sent.iter_mut().find(|(of, _)| *of == token) {
                    entry.1 = Some(result.is_ok());
                    self.end_if_settled(index);
                }
            }
        }
    }

    /// The transaction is over: its records are published, or none of them is.
    fn finish_txn(&mut self, index: u32, committed: bool) {
        let Some(txn) = &mut self.producers[index as usize].txn else { return };
        txn.stage = Stage::Ready;
        let sent = std::mem::take(&mut txn.sent);
        for (token, _) in sent {
            self.published(token, committed);
        }
        self.advance_txn(index);
    }

    fn published(&mut self, token: u64, ok: bool) {
        self.with_bank(|bank, now, out| bank.on_published(now, token, ok, out));
    }

    /// The producer was fenced: the factory closes it and makes another one, which fences whoever fenced it (E3).
    fn renew_publisher(&mut self, index: u32) {
        let Owner::Publisher(publisher) = self.producers[index as usize].owner else { return };
        let txn = self.producers[index as usize].txn.take().unwrap_or_default();
        let renewed = self.replace_producer(index);
        match publisher {
            Publisher::Api => self.api_producer = renewed,
            Publisher::Relay => self.relay_producer = renewed,
        }
        if let Some(new) = &mut self.producers[renewed as usize].txn {
            new.waiting = txn.waiting;
        }
        for (token, _) in txn.sent {
            self.published(token, false);
        }
        self.advance_txn(renewed);
    }

    /// Another process with the publisher's `transactional.id` starts (E3). It publishes nothing.
    pub(super) fn start_second_instance(&mut self, node: Node) {
        let publisher = if node == Node::Api { Publisher::Api } else { Publisher::Relay };
        let config = build::publisher_config(&self.config, Some(transactional_id(publisher)));
        if let Ok(index) = self.place_producer(Owner::Script, Node::Tool, "second-instance", config) {
            self.with_producer(index, |p, now, out| p.init_transactions(now, INIT, out));
        }
    }

    /// How many records of a partition a group has still to be given: its lag without what is never delivered, markers
    /// and, to a read_committed group, aborted records (C5, E2).
    pub fn unread(&self, group: &str, partition: u32) -> u64 {
        let lag = self.lag(group, partition);
        let tp = self.topic_partition(partition);
        let Some(end) = self.cluster.leader(tp).map(|leader| leader.high_watermark).filter(|_| lag > 0) else { return lag };
        self.deliverable(tp, end.saturating_sub(lag), end).count() as u64
    }

    /// The offsets from `first` to before `end` without markers and what was aborted.
    pub(super) fn deliverable(&self, partition: TopicPartition, first: u64, end: u64) -> impl Iterator<Item = u64> {
        self.cluster.leader(partition).into_iter().flat_map(move |leader| {
            let records = leader.records_from(first).take_while(move |r| r.offset < end);
            records.filter(|r| r.control.is_none() && !leader.log.producers.is_aborted(r)).map(|r| r.offset)
        })
    }
}
