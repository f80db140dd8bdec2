//! What an application has in hand: records of the last `poll`, and what it has said of them (S8, S16; upstream `ShareFetch`,
//! `ShareInFlightBatch`, `Acknowledgements`). Knows no request.

use std::sync::Arc;

use super::ShareRecord;
use crate::broker::share::{AckBatch, AckType};
use crate::broker::{BrokerId, Record, ShareFetched, TopicPartition};
use crate::kernel::{Deque, SortedMap, SortedSet};

/// What is said of records, by offset.
pub(super) type Acks = SortedMap<u64, AckType>;

/// Acknowledgements with the broker from which the records came.
pub(super) type NodeAcks = SortedMap<TopicPartition, (BrokerId, Acks)>;

/// Neighbouring offsets together: one type if it is the same for all, else one each (`getAcknowledgementBatches`).
pub(super) fn batches(acks: &Acks) -> Vec<AckBatch> {
    let mut all: Vec<AckBatch> = Vec::new();
    for (offset, ack) in acks {
        match all.last_mut() {
            Some(batch) if batch.last + 1 == *offset => {
                batch.last = *offset;
                batch.types.push(*ack);
            }
            _ => all.push(AckBatch { first: *offset, last: *offset, types: vec![*ack] }),
        }
    }
    for batch in &mut all {
        if batch.types.iter().all(|t| *t == batch.types[0]) {
            batch.types.truncate(1);
        }
    }
    all
}

/// Records of one partition in the application's hands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Held {
    node: BrokerId,
    in_flight: SortedMap<u64, ShareRecord>,
    acknowledged: SortedSet<u64>,
    acks: Acks,
    /// Renewals that were sent.
    renewing: SortedMap<u64, ShareRecord>,
    /// Renewals that count; the next `poll` returns them again.
    renewed: SortedMap<u64, ShareRecord>,
}

impl Held {
    fn new(node: BrokerId) -> Held {
        Held {
            node,
            in_flight: SortedMap::new(),
            acknowledged: SortedSet::new(),
            acks: Acks::new(),
            renewing: SortedMap::new(),
            renewed: SortedMap::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.in_flight.is_empty() && self.acks.is_empty()
    }

    fn has_renewals(&self) -> bool {
        !self.renewing.is_empty() || !self.renewed.is_empty()
    }
}

/// Everything in the application's hands.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Hand {
    held: SortedMap<TopicPartition, Held>,
}

impl Hand {
    /// The records, partition by partition.
    pub(super) fn records(&self) -> Vec<ShareRecord> {
        self.held.values().flat_map(|h| h.in_flight.values().cloned()).collect()
    }

    /// Whether it holds no record; forgets partitions of which nothing is left.
    pub(super) fn is_empty(&mut self) -> bool {
        self.held.retain(|_, h| !h.is_empty() || h.has_renewals());
        self.held.values().all(|h| h.in_flight.is_empty())
    }

    pub(super) fn has_renewals(&self) -> bool {
        self.held.values().any(Held::has_renewals)
    }

    /// Renewed records are in flight again.
    pub(super) fn take_renewed(&mut self) {
        for held in self.held.values_mut() {
            held.in_flight.extend(std::mem::take(&mut held.renewed));
        }
    }

    /// `acknowledge(record, type)`. False if the application does not have the record.
    pub(super) fn acknowledge(&mut self, partition: TopicPartition, offset: u64, ack: AckType) -> bool {
        let Some(held) = self.held.get_mut(&partition).filter(|h| h.in_flight.contains_key(&offset)) else { return false };
        held.acks.insert(offset, ack);
        held.acknowledged.insert(offset);
        true
    }

    /// Everything that was not acknowledged yet is accepted (implicit mode).
    pub(super) fn accept_all(&mut self) {
        for held in self.held.values_mut() {
            for offset in held.in_flight.keys() {
                if !held.acks.contains_key(offset) {
                    held.acks.insert(*offset, AckType::Accept);
                    held.acknowledged.insert(*offset);
                }
            }
        }
    }

    /// Whether the application has said something of every record.
    pub(super) fn is_all_acknowledged(&self) -> bool {
        self.held.values().all(|h| h.in_flight.len() == h.acknowledged.len())
    }

    /// What was said of records, which leave the hand with it.
    pub(super) fn take_acks(&mut self) -> NodeAcks {
        let mut all = NodeAcks::new();
        for (partition, held) in &mut self.held {
            for offset in std::mem::take(&mut held.acknowledged) {
                let Some(record) = held.in_flight.remove(&offset) else { continue };
                if held.acks.get(&offset) == Some(&AckType::Renew) {
                    held.renewing.insert(offset, record);
                }
            }
            let acks = std::mem::take(&mut held.acks);
            if !acks.is_empty() {
                all.insert(*partition, (held.node, acks));
            }
        }
        all
    }

    /// What was said has been answered: renewals that count come back with the next `poll`.
    pub(super) fn renew(&mut self, partition: TopicPartition, acks: &Acks, counts: bool) {
        let Some(held) = self.held.get_mut(&partition) else { return };
        for (offset, ack) in acks {
            let record = held.renewing.remove(offset);
            if let (AckType::Renew, Some(record), true) = (ack, record, counts) {
                held.renewed.insert(*offset, record);
            }
        }
    }
}

/// What one answer brought of one partition, until `poll` takes it (upstream `ShareCompletedFetch`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Fetched {
    partition: TopicPartition,
    node: BrokerId,
    acquired: Deque<(u64, u32)>,
    records: Deque<Arc<Record>>,
    batch_ends: Vec<u64>,
}

impl Fetched {
    pub(super) fn new(partition: TopicPartition, node: BrokerId, fetched: ShareFetched) -> Fetched {
        let each = |a: &crate::broker::share::Acquired| {
            let count = a.delivery_count;
            (a.first..=a.last).map(move |offset| (offset, count))
        };
        let acquired = fetched.acquired.iter().flat_map(each).collect();
        Fetched { partition, node, acquired, records: fetched.records.into(), batch_ends: fetched.batch_ends }
    }

    /// Whether more of the log's batch with this offset is here.
    fn batch_goes_on(&self, offset: u64) -> bool {
        let end = self.batch_ends.iter().find(|end| **end >= offset);
        self.records.front().is_some_and(|next| end.is_some_and(|end| next.offset <= *end))
    }

    /// Takes up to `max` records, whole batches of the log; an acquired offset without a record is a gap.
    fn take(&mut self, max: u64) -> Held {
        let mut held = Held::new(self.node);
        let (mut count, mut goes_on) = (0, false);
        while count < max || goes_on {
            let Some(record) = self.records.pop_front() else {
                held.acks.extend(self.acquired.drain(..).map(|(offset, _)| (offset, AckType::Gap)));
                break;
            };
            goes_on = self.batch_goes_on(record.offset);
            while let Some((offset, delivery_count)) = self.acquired.front().copied() {
                if record.offset < offset {
                    break;
                }
                self.acquired.pop_front();
                if record.offset == offset {
                    held.in_flight.insert(offset, ShareRecord { partition: self.partition, record, delivery_count });
                    count += 1;
                    break;
                }
                held.acks.insert(offset, AckType::Gap);
            }
        }
        held
    }

    fn is_consumed(&self) -> bool {
        self.records.is_empty() && self.acquired.is_empty()
    }
}

/// Takes up to `records_max` records of what was fetched (`ShareFetchCollector#collect`).
pub(super) fn collect(buffer: &mut Deque<Fetched>, records_max: u64) -> Hand {
    let mut hand = Hand::default();
    let mut left = records_max;
    while left > 0 {
        let Some(fetched) = buffer.front_mut() else { break };
        let held = fetched.take(left);
        left = left.saturating_sub(held.in_flight.len() as u64);
        let partition = fetched.partition;
        if held.is_empty() || fetched.is_consumed() {
            buffer.pop_front();
        }
        match hand.held.get_mut(&partition) {
            None => drop(hand.held.insert(partition, held)),
            Some(before) => {
                before.in_flight.extend(held.in_flight);
                before.acks.extend(held.acks);
            }
        }
    }
    hand
}
