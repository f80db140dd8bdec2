//! Giving records to a member (S4, S6, S7, S15; `SharePartition#acquire`). Knows no session and no answer's size.

use std::sync::Arc;

use super::{InFlight, InFlightBatch, RecordState, ShareLimits, SharePartition};
use crate::broker::Control;
use crate::broker::log::LogBatch;
use crate::kernel::{SimTime, SortedSet};

/// The fewest deliveries from which on a batch is given out in parts (`MINIMUM_THROTTLE_RECORDS_DELIVERY_LIMIT`, S7).
const THROTTLE_MIN: u32 = 2;

/// Records that a member was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Acquired {
    /// The first offset.
    pub first: u64,
    /// The last offset.
    pub last: u64,
    /// Which delivery it is, from 1.
    pub delivery_count: u32,
}

/// Who asks for how much.
#[derive(Debug, Clone)]
pub(in crate::broker) struct Ask {
    pub(in crate::broker) now: SimTime,
    /// The member id.
    pub(in crate::broker) member: Arc<str>,
    /// `share.acquire.mode=record_limit`.
    pub(in crate::broker) record_limit: bool,
    /// How many records an acquired batch should have at most.
    pub(in crate::broker) batch_size: u64,
    /// How many records are wanted.
    pub(in crate::broker) records_max: u64,
    /// Where the log was read from.
    pub(in crate::broker) fetch_offset: u64,
    pub(in crate::broker) limits: ShareLimits,
}

impl Ask {
    fn lock_end(&self) -> SimTime {
        SharePartition::lock_end(self.now, &self.limits)
    }

    /// From how many deliveries on a batch is given out in parts (S7).
    fn throttle_from(&self) -> u32 {
        self.limits.delivery_count_max.div_ceil(2).max(THROTTLE_MIN)
    }
}

impl SharePartition {
    /// Gives a member what it may have of the batches that were read; `aborted` are producers whose transactions in them were
    /// aborted, for a group that reads what is committed (S15).
    pub(in crate::broker) fn acquire(&mut self, ask: &Ask, read: &[Arc<LogBatch>], aborted: &[(u64, u64)]) -> Vec<Acquired> {
        let (Some(first_read), Some(last_read)) = (read.first(), read.last()) else { return Vec::new() };
        if ask.records_max == 0 || last_read.last_offset < self.start {
            return Vec::new();
        }
        let (records_max, last) = self.room(ask, last_read.last_offset);
        if records_max == 0 {
            return Vec::new();
        }
        let first = first_read.base_offset;
        self.archive_stale(ask.fetch_offset, first);
        let base = match self.floor(first) {
            None => first.max(self.start),
            Some(batch) if batch.last >= first => batch.first,
            Some(_) => first,
        };
        let keys: Vec<u64> = self.batches.range(first.min(base)..=last.max(first.min(base))).map(|(key, _)| *key).collect();
        let acquired = if keys.is_empty() {
            self.acquire_new(ask, read, base, last, records_max)
        } else {
            self.acquire_again(ask, read, &keys, Span { base, first, last }, records_max)
        };
        self.without_aborted(read, aborted, acquired)
    }

    /// How many records may be given, and up to where (`lastOffsetAndMaxRecordsToAcquire`, S11).
    fn room(&self, ask: &Ask, last: u64) -> (u64, u64) {
        let free = ask.limits.in_flight_max.saturating_sub(self.in_flight_count());
        match ask.records_max.min(free) {
            0 if ask.fetch_offset <= self.end => (ask.records_max.min(self.end - ask.fetch_offset + 1), last.min(self.end)),
            records_max => (records_max, last),
        }
    }

    /// What was delivered before is delivered again where it is available, and what follows it for the first time.
    fn acquire_again(&mut self, ask: &Ask, read: &[Arc<LogBatch>], keys: &[u64], span: Span, mut records_max: u64) -> Vec<Acquired> {
        let mut taken = Taken::default();
        let mut gap_from = span.base;
        for key in keys {
            if taken.count >= records_max {
                break;
            }
            if self.is_gap_active() {
                if gap_from < *key {
                    let new = self.acquire_new(ask, read, gap_from, key - 1, records_max - taken.count);
                    taken.add(new);
                }
                gap_from = self.batches.get(key).map_or(gap_from, |b| b.last + 1);
                if taken.count >= records_max {
                    break;
                }
            }
            let Some(batch) = self.batches.get_mut(key) else { continue };
            let throttled = is_throttled(ask, batch, span);
            if throttled && taken.count > 0 {
                records_max = 0;
                break;
            }
            let cut = ask.record_limit && batch.count() > records_max - taken.count;
            let in_parts = !batch.lies_in(span.first, span.last) || batch.whole().is_none() || cut || throttled;
            if batch.whole().is_some_and(|state| !state.is_available()) {
                continue;
            }
            if in_parts {
                let parts = acquire_parts(ask, batch, span, records_max - taken.count);
                let any = !parts.is_empty();
                taken.add(parts);
                if throttled && any {
                    records_max = 0;
                    break;
                }
            } else if let Some(state) = batch.whole_mut()
                && state.acquire(&ask.member, ask.lock_end())
            {
                let delivery_count = state.delivery_count;
                taken.add(vec![Acquired { first: batch.first, last: batch.last, delivery_count }]);
            }
        }
        let behind = keys.last().and_then(|key| self.batches.get(key)).map_or(span.base, |b| b.last + 1);
        if taken.count < records_max && behind <= span.last {
            let new = self.acquire_new(ask, read, behind, span.last, records_max - taken.count);
            taken.add(new);
        }
        if let Some(last) = taken.all.last() {
            let after = last.last + 1;
            self.pass_gap(after);
        }
        taken.all
    }

    /// Records are delivered for the first time (`acquireNewBatchRecords`): whole batches of the log unless the mode forbids it.
    fn acquire_new(&mut self, ask: &Ask, read: &[Arc<LogBatch>], first: u64, last: u64, records_max: u64) -> Vec<Acquired> {
        let first = if self.batches.is_empty() { first.max(self.end) } else { first };
        if first > last {
            return Vec::new();
        }
        let mut end = last;
        if records_max < last - first + 1 {
            end = end_of_batch(read, first + records_max - 1);
            if self.is_gap_active() {
                end = end.min(last);
            }
        }
        let acquired = self.create(ask, read, first, end, records_max);
        if self.batches.keys().next() == Some(&first) {
            self.start = first;
        }
        self.end = self.end.max(end);
        let passed = acquired.last().map_or(end, |a| if ask.record_limit { a.last } else { end });
        self.pass_gap(passed + 1);
        acquired
    }

    fn create(&mut self, ask: &Ask, read: &[Arc<LogBatch>], first: u64, last: u64, records_max: u64) -> Vec<Acquired> {
        let state = InFlight::acquired(&ask.member, ask.lock_end());
        if ask.record_limit && last - first + 1 > records_max {
            // The rest of the batch is in flight, too, and available.
            let mut batch = InFlightBatch::new(first, last, state);
            for rest in batch.split().iter_mut().skip(records_max as usize) {
                *rest = InFlight::free(RecordState::Available, 0);
            }
            self.find_next = true;
            self.batches.insert(first, batch);
            return vec![Acquired { first, last: first + records_max - 1, delivery_count: 1 }];
        }
        let mut starts = vec![first];
        if !ask.record_limit && last - first + 1 > ask.batch_size {
            for base in read.iter().map(|b| b.base_offset).take_while(|base| *base <= last) {
                let begun = starts.last().copied().unwrap_or(first);
                if base.saturating_sub(begun) >= ask.batch_size {
                    starts.push(base);
                }
            }
        }
        let ends = starts.iter().skip(1).map(|next| next - 1).chain([last]);
        let acquired: Vec<Acquired> =
            starts.iter().zip(ends).map(|(first, last)| Acquired { first: *first, last, delivery_count: 1 }).collect();
        for a in &acquired {
            self.batches.insert(a.first, InFlightBatch::new(a.first, a.last, state.clone()));
        }
        acquired
    }

    /// Takes out what aborted transactions wrote: it is archived (`maybeFilterAbortedTransactionalAcquiredRecords`, S15).
    fn without_aborted(&mut self, read: &[Arc<LogBatch>], aborted: &[(u64, u64)], acquired: Vec<Acquired>) -> Vec<Acquired> {
        let mut kept = acquired;
        for (first, last) in aborted_batches(read, aborted) {
            self.archive(first, last, RecordState::Acquired, true);
            kept = kept
                .into_iter()
                .flat_map(|a| {
                    let before = (a.first < first).then(|| Acquired { last: a.last.min(first.saturating_sub(1)), ..a });
                    let after = (a.last > last).then(|| Acquired { first: a.first.max(last + 1), ..a });
                    if a.last < first || a.first > last { [Some(a), None] } else { [before, after] }
                })
                .flatten()
                .collect();
        }
        kept
    }
}

/// The offsets that were read, and where acquiring begins.
#[derive(Debug, Clone, Copy)]
struct Span {
    base: u64,
    first: u64,
    last: u64,
}

#[derive(Default)]
struct Taken {
    all: Vec<Acquired>,
    count: u64,
}

impl Taken {
    fn add(&mut self, more: Vec<Acquired>) {
        self.count += more.iter().map(|a| a.last - a.first + 1).sum::<u64>();
        self.all.extend(more);
    }
}

/// Whether a batch was delivered so often that it is given out in parts now (S7).
fn is_throttled(ask: &Ask, batch: &InFlightBatch, span: Span) -> bool {
    let counts =
        |(offset, state): (u64, &InFlight)| (batch.whole().is_some() || (span.first..=span.last).contains(&offset)) && state.is_available();
    let highest = batch.each().filter(|each| counts(*each)).map(|(_, state)| state.delivery_count).max().unwrap_or(0);
    highest >= ask.throttle_from()
}

/// Takes what is available of a batch, record by record (`acquireSubsetBatchRecords`): a record at its last delivery goes
/// alone, and one near it with ever fewer others, so that a poison record takes no innocent one along (S7).
fn acquire_parts(ask: &Ask, batch: &mut InFlightBatch, span: Span, records_max: u64) -> Vec<Acquired> {
    let (size, first) = (batch.count(), batch.first);
    let delivery_count_max = ask.limits.delivery_count_max;
    let mut parts: Vec<Acquired> = Vec::new();
    let (mut count, mut throttled_max) = (0_u64, None);
    for (offset, state) in (first..).zip(batch.split().iter_mut()) {
        if offset < span.first || !state.is_available() {
            continue;
        }
        if offset > span.last {
            break;
        }
        let delivered = state.delivery_count;
        if delivery_count_max > 2 && delivered == delivery_count_max - 1 && count > 0 {
            break;
        }
        if delivered >= ask.throttle_from() && throttled_max.is_none() {
            throttled_max = Some((size >> (delivered - ask.throttle_from() + 1).min(63)).max(1));
        }
        if !state.acquire(&ask.member, ask.lock_end()) {
            continue;
        }
        count += 1;
        match parts.last_mut() {
            Some(part) if part.last + 1 == offset && part.delivery_count == delivered + 1 => part.last = offset,
            _ => parts.push(Acquired { first: offset, last: offset, delivery_count: delivered + 1 }),
        }
        let is_last_delivery = delivered + 1 == delivery_count_max && delivery_count_max > 2;
        if is_last_delivery || ask.record_limit && count == records_max || throttled_max == Some(count) {
            break;
        }
    }
    parts
}

/// The end of the log's batch in which `offset` lies (`lastOffsetFromBatchWithRequestOffset`).
fn end_of_batch(read: &[Arc<LogBatch>], offset: u64) -> u64 {
    let batch = read.iter().rev().find(|b| b.base_offset <= offset);
    batch.filter(|b| offset <= b.last_offset).map_or(offset, |b| b.last_offset)
}

/// First and last offset of the batches that aborted transactions wrote (`fetchAbortedTransactionRecordBatches`).
fn aborted_batches(read: &[Arc<LogBatch>], aborted: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut coming: Vec<(u64, u64)> = aborted.to_vec();
    let mut open: SortedSet<u64> = SortedSet::new();
    let mut found = Vec::new();
    for batch in read {
        let Some(producer) = batch.producer else { continue };
        coming.retain(|(id, first)| {
            let begun = *first <= batch.last_offset;
            if begun {
                open.insert(*id);
            }
            !begun
        });
        if batch.control == Some(Control::Abort) {
            open.remove(&producer.id);
        } else if batch.control.is_none() && producer.transactional && open.contains(&producer.id) {
            found.push((batch.base_offset, batch.last_offset));
        }
    }
    found
}
