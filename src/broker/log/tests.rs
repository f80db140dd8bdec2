//! One replica's log: appends, segments, retention, compaction and truncation, by rule number.

use super::*;
use crate::broker::{DeletionReason, Record};

fn config(text: &[(&str, &str)]) -> TopicConfig {
    let mut config = TopicConfig::default();
    text.iter().for_each(|(name, value)| config.set(name, value).expect("a topic property"));
    config
}

fn batch(offset: u64, records: u64, timestamp_ms: i64, bytes: u32, epoch: u32) -> Arc<LogBatch> {
    let record = |i| {
        Arc::new(Record {
            offset: offset + i,
            timestamp_ms,
            key: None,
            value: None,
            headers: Arc::from([]),
            tag: 0,
            stamp: None,
            control: None,
            leader_epoch: epoch,
            size_bytes: bytes,
        })
    };
    Arc::new(LogBatch {
        base_offset: offset,
        last_offset: offset + records - 1,
        leader_epoch: epoch,
        max_timestamp_ms: timestamp_ms,
        bytes,
        producer: None,
        control: None,
        delete_horizon_ms: None,
        records: (0..records).map(record).collect(),
    })
}

/// `n` batches of one record of 69 bytes.
fn filled(n: u64, timestamp_ms: i64, config: &TopicConfig) -> Log {
    let mut log = Log::new(0);
    (0..n).for_each(|i| _ = log.append(batch(i, 1, timestamp_ms, 69, 0), config, 0));
    log
}

fn shape(log: &Log) -> Vec<(u64, u64)> {
    log.segments().map(|s| (s.base_offset, s.bytes)).collect()
}

#[test]
fn b7_a_segment_rolls_when_the_next_batch_would_exceed_it() {
    let log = filled(15, 0, &config(&[("internal.segment.bytes", "350")]));
    assert_eq!(shape(&log), [(0, 345), (5, 345), (10, 345)]);
}

#[test]
fn b7_a_segment_rolls_when_its_timestamps_span_too_much() {
    let config = config(&[("segment.ms", "100")]);
    let mut log = Log::new(0);
    for (i, ts) in [0, 100, 101, 150].into_iter().enumerate() {
        log.append(batch(i as u64, 1, ts, 69, 0), &config, 0);
    }
    assert_eq!(shape(&log), [(0, 138), (2, 138)]);
}

#[test]
fn b8_retention_by_size_never_cuts_below_the_limit() {
    let base = [("internal.segment.bytes", "350"), ("retention.ms", "-1")];
    let after = |bytes: &'static str| {
        let mut log = filled(15, 0, &config(&base));
        log.apply_retention(&config(&[base[0], base[1], ("retention.bytes", bytes)]), 15, 0);
        (log.start(), shape(&log))
    };
    assert_eq!(after("690"), (5, vec![(5, 345), (10, 345)]));
    assert_eq!(after("691"), (0, vec![(0, 345), (5, 345), (10, 345)]));
    assert_eq!(after("0"), (15, vec![(15, 0)]));
}

#[test]
fn b7_retention_by_time_takes_the_active_segment_too() {
    let config = config(&[("internal.segment.bytes", "350"), ("retention.ms", "10000")]);
    let mut log = filled(15, 10, &config);
    let deleted = log.apply_retention(&config, 15, 1_000_000);
    assert_eq!(deleted.len(), 3);
    assert!(deleted.iter().all(|d| d.reason == DeletionReason::RetentionTime));
    assert_eq!((log.start(), log.end(), shape(&log)), (15, 15, vec![(15, 0)]));
    assert!(log.apply_retention(&config, 15, 2_000_000).is_empty(), "an empty log has nothing to delete");
}

#[test]
fn b7_retention_stops_at_a_young_segment_and_at_the_high_watermark() {
    let config = config(&[("internal.segment.bytes", "138"), ("retention.ms", "100")]);
    let mut log = Log::new(0);
    for (i, ts) in [0, 0, 5_000, 5_000, 0, 0].into_iter().enumerate() {
        log.append(batch(i as u64, 1, ts, 69, 0), &config, 0);
    }
    let mut held = log.clone();
    log.apply_retention(&config, 6, 5_050);
    assert_eq!((log.start(), shape(&log).len()), (2, 2));
    held.apply_retention(&config, 1, 5_050);
    assert_eq!(held.start(), 0, "the high watermark has not passed the segment");
}

#[test]
fn b9_a_segment_goes_when_the_next_begins_at_or_below_the_start() {
    let config = config(&[("internal.segment.bytes", "345")]);
    let left = |start| {
        let mut log = filled(15, 0, &config);
        log.advance_start(start);
        (log.start(), shape(&log).len())
    };
    assert_eq!(left(1), (1, 3));
    assert_eq!(left(6), (6, 2));
    assert_eq!(left(15), (15, 1));
}

#[test]
fn b5_truncation_cuts_across_segments_and_the_log_grows_again() {
    let config = config(&[("internal.segment.bytes", "345")]);
    let mut log = filled(15, 0, &config);
    let before = log.clone();
    log.truncate(7);
    assert_eq!((log.end(), shape(&log)), (7, vec![(0, 345), (5, 138)]));
    log.append(batch(7, 2, 0, 80, 1), &config, 0);
    assert_eq!((log.end(), log.last_epoch()), (9, Some(1)));
    assert_eq!(log.read(0, 100, 1_000_000, true).0.iter().map(|r| r.offset).collect::<Vec<_>>(), (0..9).collect::<Vec<_>>());
    assert_eq!((before.end(), before.bytes()), (15, 15 * 69), "a clone is untouched");
}

#[test]
fn b2_reads_begin_inside_a_batch_and_end_at_the_bound() {
    let config = TopicConfig::default();
    let mut log = Log::new(0);
    (0..4).for_each(|i| _ = log.append(batch(i * 5, 5, 0, 100, 0), &config, 0));
    let read = |from, to, max, at_least_one| {
        let (records, bytes) = log.read(from, to, max, at_least_one);
        (records.iter().map(|r| r.offset).collect::<Vec<_>>(), bytes)
    };
    assert_eq!(read(3, 8, 1_000, true), ((3..8).collect(), 200));
    assert_eq!(read(3, 20, 250, true), ((3..10).collect(), 200), "whole batches that fit");
    assert_eq!(read(3, 20, 50, true), ((3..5).collect(), 100), "the first batch comes however large it is");
    assert_eq!(read(3, 20, 50, false), (vec![], 0), "unless another partition has brought something");
    assert_eq!(read(20, 20, 1_000, true), (vec![], 0));
}

#[test]
fn b5_truncation_forgets_an_epoch_without_records() {
    let config = TopicConfig::default();
    let mut log = filled(3, 0, &config);
    log.epochs.assign(1, 3);
    log.truncate(3);
    assert_eq!((log.end(), log.last_epoch()), (3, Some(0)));
}
