//! One partition of a share group on its own: what is given out, taken back, finished.

use std::sync::Arc;

use super::{AckBatch, AckType, Acquired, Ask, RecordState, ShareLimits, SharePartition, StateBatch, StoredShare};
use crate::broker::ErrorCode;
use crate::broker::log::LogBatch;
use crate::kernel::SimTime;

const LIMITS: ShareLimits = ShareLimits { delivery_count_max: 5, in_flight_max: 2_000, lock_us: 30_000_000 };

/// A partition, what is written of it, and the log: batches of these sizes.
struct Desk {
    share: SharePartition,
    stored: StoredShare,
    log: Vec<Arc<LogBatch>>,
    limits: ShareLimits,
    now: SimTime,
}

impl Desk {
    fn new(sizes: &[u64]) -> Desk {
        let mut base = 0;
        let mut batch = |size: &u64| {
            let first = base;
            base += size;
            Arc::new(LogBatch {
                base_offset: first,
                last_offset: base - 1,
                leader_epoch: 0,
                max_timestamp_ms: 0,
                bytes: 100,
                producer: None,
                control: None,
                delete_horizon_ms: None,
                records: Vec::new(),
            })
        };
        let log = sizes.iter().map(&mut batch).collect();
        let stored = StoredShare::default();
        Desk { share: SharePartition::load(&stored, 0), stored, log, limits: LIMITS, now: SimTime::ZERO }
    }

    fn take(&mut self, member: &str, records_max: u64) -> Vec<(u64, u64, u32)> {
        let fetch_offset = self.share.next_fetch_offset();
        let read: Vec<Arc<LogBatch>> = self.log.iter().filter(|b| b.last_offset >= fetch_offset).cloned().collect();
        let ask = Ask {
            now: self.now,
            member: Arc::from(member),
            record_limit: false,
            batch_size: records_max,
            records_max,
            fetch_offset,
            limits: self.limits,
        };
        if !self.share.can_acquire(&self.limits) {
            return Vec::new();
        }
        let acquired = self.share.acquire(&ask, &read, &[]);
        acquired.iter().map(|Acquired { first, last, delivery_count }| (*first, *last, *delivery_count)).collect()
    }

    fn say(&mut self, member: &str, first: u64, last: u64, ack: AckType) -> Result<(), ErrorCode> {
        let done = self.share.acknowledge(self.now, member, &[AckBatch { first, last, types: vec![ack] }], &self.limits)?;
        let batches: Vec<StateBatch> = done.settled.iter().map(|(b, _)| *b).collect();
        self.share.write(&mut self.stored, &batches);
        Ok(())
    }

    fn states(&self) -> Vec<(u64, RecordState, u32)> {
        self.share.in_flight().map(|(o, s)| (o, s.state, s.delivery_count)).collect()
    }
}

#[test]
fn s4_whole_batches_are_given_out_though_fewer_records_are_wanted() {
    let mut desk = Desk::new(&[3, 3]);
    assert_eq!(desk.take("a", 2), [(0, 2, 1)]);
    assert_eq!(desk.take("b", 2), [(3, 5, 1)], "another member is given the rest");
    assert_eq!(desk.take("c", 2), []);
}

#[test]
fn s7_a_failing_batch_is_given_out_in_halves_and_at_last_record_by_record() {
    let mut desk = Desk::new(&[8]);
    for delivery in 1..=3 {
        assert_eq!(desk.take("a", 500), [(0, 7, delivery)]);
        desk.say("a", 0, 7, AckType::Release).expect("held");
    }
    // Three deliveries are half of five, rounded up: half of the batch.
    assert_eq!(desk.take("a", 500), [(0, 3, 4)]);
    desk.say("a", 0, 3, AckType::Release).expect("held");
    assert_eq!(desk.take("a", 500), [(0, 0, 5)], "its last delivery: alone");
}

#[test]
fn s9_a_refused_acknowledgement_changes_nothing() {
    let mut desk = Desk::new(&[1, 1, 1]);
    assert_eq!(desk.take("a", 2), [(0, 1, 1)]);
    assert_eq!(desk.take("b", 1), [(2, 2, 1)]);
    let before = desk.states();
    assert_eq!(desk.say("a", 0, 2, AckType::Accept), Err(ErrorCode::InvalidRecordState));
    assert_eq!(desk.states(), before);
    assert_eq!(desk.say("a", 0, 9, AckType::Accept), Err(ErrorCode::InvalidRequest));
    assert_eq!(desk.share.complete_count(), 0);
}

#[test]
fn s10_the_start_follows_what_is_finished_at_the_front() {
    let mut desk = Desk::new(&[1, 1, 1]);
    desk.take("a", 3);
    desk.say("a", 2, 2, AckType::Accept).expect("held");
    assert_eq!((desk.share.start(), desk.share.complete_count()), (0, 1));
    desk.say("a", 0, 0, AckType::Reject).expect("held");
    assert_eq!(desk.share.start(), 1);
    desk.say("a", 1, 1, AckType::Accept).expect("held");
    assert_eq!((desk.share.start(), desk.share.in_flight_count()), (3, 0));
}

#[test]
fn s11_no_new_records_while_the_bound_is_reached() {
    let mut desk = Desk::new(&[1, 1, 1]);
    desk.limits.in_flight_max = 2;
    assert_eq!(desk.take("a", 500), [(0, 1, 1)]);
    assert_eq!(desk.take("b", 500), []);
    desk.say("a", 0, 0, AckType::Release).expect("held");
    assert_eq!(desk.take("b", 500), [(0, 0, 2)], "what becomes available again may be given out");
}

#[test]
fn s12_a_gap_in_what_was_written_is_given_out_again() {
    let mut desk = Desk::new(&[1, 1, 1, 1]);
    desk.take("a", 4);
    desk.say("a", 0, 0, AckType::Accept).expect("held");
    desk.say("a", 2, 2, AckType::Accept).expect("held");
    desk.share = SharePartition::load(&desk.stored, 0);
    assert_eq!(desk.share.start(), 1);
    let given = desk.take("b", 500);
    let offsets: Vec<u64> = given.iter().flat_map(|(first, last, _)| *first..=*last).collect();
    assert_eq!(offsets, [1, 3], "{given:?}");
    desk.say("b", 1, 1, AckType::Accept).expect("held");
    desk.say("b", 3, 3, AckType::Accept).expect("held");
    assert_eq!(desk.share.start(), 4);
}

#[test]
fn s5_locks_end_one_by_one_and_renewed_ones_later() {
    let mut desk = Desk::new(&[1, 1]);
    desk.take("a", 2);
    desk.now += 20_000_000;
    desk.say("a", 1, 1, AckType::Renew).expect("held");
    let ended = desk.share.end_locks(SimTime(30_000_000), &LIMITS);
    assert_eq!(ended.iter().map(|b| (b.first, b.last, b.state)).collect::<Vec<_>>(), [(0, 0, RecordState::Available)]);
    assert_eq!(desk.share.next_lock_end(), Some(SimTime(50_000_000)));
}

#[test]
fn s14_available_records_before_the_log_start_are_archived() {
    let mut desk = Desk::new(&[1, 1, 1]);
    desk.take("a", 3);
    desk.say("a", 0, 2, AckType::Release).expect("held");
    assert_eq!(desk.share.log_starts_at(2), [0, 1]);
    assert_eq!(desk.share.start(), 2);
    assert_eq!(desk.take("a", 500), [(2, 2, 2)]);
}
