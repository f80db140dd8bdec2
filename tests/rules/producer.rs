//! Sections A and B: the producer and the log. Knows the rules' own vectors, nothing of how a broker works.

use cqrs_lab::broker::{murmur2, to_positive};
use serde_json::json;

use crate::play::kafka;

#[test]
fn a1_a_new_partition_moves_keys() {
    let send = |label: &str| json!({"do": "send", "topic": "orders", "key": "order-1", "value": "v", "as": label});
    let script = json!([
        send("three"),
        {"do": "send", "topic": "orders", "key": "", "value": "v", "as": "empty"},
        {"do": "send", "topic": "orders", "key": "order-1", "partition": 2, "value": "v", "as": "explicit"},
        {"do": "add_partitions", "topic": "orders", "total": 4},
        send("four"),
    ]);
    let observed = json!({
        "three": {"partition": 1, "offset": 0}, "empty": {"partition": 0, "offset": 0},
        "explicit": {"partition": 2, "offset": 0}, "four": {"partition": 2, "offset": 1},
    });
    kafka(json!({"topics": {"orders": {"partitions": 3}}}), script, observed);
}

/// `java.util.SplittableRandom`, as far as the upstream checksum needs it.
struct SplittableRandom(u64);

impl SplittableRandom {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}

#[test]
fn a2_the_upstream_checksum_of_a_hundred_thousand_hashes() {
    let mut random = SplittableRandom(0);
    let mut checksum = 0_u64;
    for len in 0..=1_000 {
        for _ in 0..100 {
            checksum = checksum.wrapping_add(u64::from(murmur2(&random.bytes(len)) as u32));
        }
    }
    assert_eq!(checksum, 0xc3b8_cf7c_99fc);
}

#[test]
fn a2_the_upstream_vectors() {
    let vectors: [(&[u8], i32); 6] = [
        (b"21", -973_932_308),
        (b"foobar", -790_332_482),
        (b"a-little-bit-long-string", -985_981_536),
        (b"a-little-bit-longer-string", -1_486_304_829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        (b"abc", 479_470_107),
    ];
    for (key, hash) in vectors {
        assert_eq!(murmur2(key), hash);
    }
    // Keys of the bank in Korean hash as their UTF-8 bytes do: every byte counts.
    assert_ne!(murmur2("계좌-1".as_bytes()), murmur2("계좌-2".as_bytes()));
}

#[test]
fn a3_the_absolute_value_would_be_wrong() {
    assert_eq!((murmur2(b"order-2"), to_positive(murmur2(b"order-2")) % 4), (-1_055_499_005, 3));
    assert_eq!((murmur2(b"key-3"), to_positive(murmur2(b"key-3")) % 4), (-1_839_136_101, 3));
    assert_eq!(to_positive(i32::MIN), 0);
}

#[test]
fn a4_the_serializer_matters() {
    let keys =
        json!([{"int": 0}, {"int": 1}, {"int": 2}, {"int": 3}, {"int": 42}, {"int": -1}, {"long": 0}, {"long": 1}, {"long": 42}, "42"]);
    let script = json!([{"do": "partition_table", "topics": ["t"], "keys": keys, "as": "rows"}]);
    let rows = json!([[{"int": 0}, 1], [{"int": 1}, 0], [{"int": 2}, 2], [{"int": 3}, 1], [{"int": 42}, 0], [{"int": -1}, 2],
        [{"long": 0}, 2], [{"long": 1}, 0], [{"long": 42}, 1], ["42", 1]]);
    kafka(json!({"topics": {"t": {"partitions": 3}}}), script, json!({"rows": rows}));
}

#[test]
fn a4_three_users_share_the_hot_partition() {
    let keys = json!(["user-1", "user-2", "user-3", "order-2", "order-3"]);
    let script = json!([{"do": "partition_table", "topics": ["t"], "keys": keys, "as": "rows"}]);
    let rows = json!([["user-1", 2], ["user-2", 2], ["user-3", 2], ["order-2", 0], ["order-3", 0]]);
    kafka(json!({"topics": {"t": {"partitions": 3}}}), script, json!({"rows": rows}));
}

#[test]
fn a5_the_order_of_a_key_is_that_of_its_partition() {
    let send = |key: &str, value: &str| json!({"do": "send", "topic": "t", "key": key, "value": value});
    let script = json!([send("order-1", "o1a"), send("order-2", "o2a"), send("order-1", "o1b"), send("order-2", "o2b"),
        {"do": "read", "topic": "t", "as": "read"}]);
    let records = json!({"t-0": [[0, "order-2", "o2a"], [1, "order-2", "o2b"]], "t-1": [[0, "order-1", "o1a"], [1, "order-1", "o1b"]]});
    let position = json!({"t-0": 2, "t-1": 2, "t-2": 0});
    kafka(json!({"topics": {"t": {"partitions": 3}}}), script, json!({"read": {"records": records, "position": position}}));
}

#[test]
fn a7_an_effective_minimum_is_never_more_than_the_replicas() {
    let script = json!([{"do": "send", "topic": "t", "partition": 0, "value": "v", "as": "sent"}]);
    let topics = json!({"t": {"partitions": 1, "config": {"min.insync.replicas": 2}}});
    kafka(json!({"topics": topics, "producers": {"p": {"acks": "all"}}}), script, json!({"sent": {"partition": 0, "offset": 0}}));
}

#[test]
fn a11_who_stamps_a_record_and_what_is_refused() {
    let send = |value: &str, from_now: i64, label: &str| json!({"do": "send", "topic": "t", "partition": 0, "value": value, "timestamp_from_now": from_now, "as": label});
    let script = json!([
        send("late", 3_700_000, "too_far_ahead"),
        send("near", 3_500_000, "ahead"),
        send("old", -86_400_000, "behind"),
        {"do": "list_offset", "partition": "t-0", "timestamp": "max_timestamp", "as": "newest"},
        {"do": "send", "topic": "stamped", "partition": 0, "value": "v", "timestamp": 0},
        {"do": "list_offset", "partition": "stamped-0", "timestamp": 1, "as": "stamped_by_the_broker"},
        {"do": "send", "topic": "own", "partition": 0, "value": "v", "timestamp": 0},
        {"do": "list_offset", "partition": "own-0", "timestamp": 1, "as": "stamped_by_the_client"},
    ]);
    let topics = json!({"t": {"partitions": 1}, "own": {"partitions": 1, "config": {"retention.ms": -1}},
        "stamped": {"partitions": 1, "config": {"message.timestamp.type": "LogAppendTime"}}});
    let case = json!({
        "too_far_ahead": {"error": "InvalidTimestampException"}, "ahead": {"partition": 0, "offset": 0}, "behind": {"partition": 0, "offset": 1},
        "stamped_by_the_client": {"offset": -1, "timestamp": -1},
    });
    // What depends on the clock is looked at apart: the newest timestamp is that of the earlier offset, and the broker's clock counts.
    let got = crate::play::kafka_played(json!({"topics": topics}), script);
    for (label, expected) in case.as_object().into_iter().flatten() {
        assert_eq!(&got[label], expected, "{label}");
    }
    assert_eq!(got["newest"]["offset"], 0, "timestamps are not monotonic in offset order");
    assert_eq!(got["stamped_by_the_broker"]["offset"], 0);
}

#[test]
fn a12_a_compacted_topic_refuses_a_record_without_a_key() {
    let send = |key: serde_json::Value, value: serde_json::Value, label: &str| json!({"do": "send", "topic": "t", "partition": 0, "key": key, "value": value, "as": label});
    let script = json!([
        send(json!(null), json!("v"), "no_key"),
        send(json!(""), json!("v"), "empty_key"),
        send(json!("k"), json!(null), "tombstone")
    ]);
    let observed = json!({"no_key": {"error": "InvalidRecordException"}, "empty_key": {"partition": 0, "offset": 0},
        "tombstone": {"partition": 0, "offset": 1}});
    kafka(json!({"topics": {"t": {"partitions": 1, "config": {"cleanup.policy": "compact"}}}}), script, observed);
}

#[test]
fn b1_offsets_are_consecutive_and_never_used_again() {
    let script = json!([
        {"do": "log", "topic": "t", "as": "fresh"},
        {"do": "send", "topic": "t", "partition": 0, "value": "v{i}", "count": 5, "as": "five"},
        {"do": "log", "topic": "t", "as": "after_five"},
        {"do": "delete_records", "partition": "t-0", "before": 3, "as": "deleted"},
        {"do": "log", "topic": "t", "as": "after_the_deletion"},
        {"do": "send", "topic": "t", "partition": 0, "value": "w", "as": "next"},
    ]);
    let log = |start: u64, end: u64| json!({"t-0": {"start": start, "lso": end, "hw": end, "leo": end}});
    let observed = json!({"fresh": log(0, 0), "five": {"t-0": [0, 1, 2, 3, 4]}, "after_five": log(0, 5), "deleted": {"start": 3},
        "after_the_deletion": log(3, 5), "next": {"partition": 0, "offset": 5}});
    kafka(json!({}), script, observed);
}

#[test]
fn b3_the_first_record_at_or_after_a_time() {
    let base = 1_700_000_000_000_i64;
    let mut script = vec![];
    for ts in [10, 20, 15, 30] {
        script.push(json!({"do": "send", "topic": "t", "partition": 0, "value": "v", "timestamp": base + ts}));
    }
    for target in [15, 16, 21, 31] {
        script.push(json!({"do": "list_offset", "partition": "t-0", "timestamp": base + target, "as": target.to_string()}));
    }
    for name in ["earliest", "latest"] {
        script.push(json!({"do": "list_offset", "partition": "t-0", "timestamp": name, "as": name}));
    }
    let found = |offset: i64, ts: i64| json!({"offset": offset, "timestamp": ts});
    let observed = json!({"15": found(1, base + 20), "16": found(1, base + 20), "21": found(3, base + 30), "31": found(-1, -1),
        "earliest": found(0, -1), "latest": found(4, -1)});
    kafka(json!({"topics": {"t": {"partitions": 1, "config": {"retention.ms": -1}}}}), json!(script), observed);
}

#[test]
fn b9_the_start_moves_forward_only() {
    let delete = |before: u64, label: &str| json!({"do": "delete_records", "partition": "t-0", "before": before, "as": label});
    let script = json!([{"do": "send", "topic": "t", "partition": 0, "value": "v", "count": 5},
        delete(3, "forward"), delete(1, "backward"), delete(6, "beyond"), delete(5, "all"),
        {"do": "send", "topic": "t", "partition": 0, "value": "w", "as": "next"}]);
    let observed = json!({"forward": {"start": 3}, "backward": {"start": 3}, "beyond": {"error": "OffsetOutOfRangeException"},
        "all": {"start": 5}, "next": {"partition": 0, "offset": 5}});
    kafka(json!({}), script, observed);
}

#[test]
fn b11_the_policy_of_each_position() {
    // start = 100, end = 500
    let script = |committed: Option<u64>, policy: &str| {
        let mut script = vec![
            json!({"do": "send", "topic": "t", "partition": 0, "value": "v", "count": 500}),
            json!({"do": "delete_records", "partition": "t-0", "before": 100}),
        ];
        if let Some(offset) = committed {
            script.push(json!({"do": "reset_offset", "group": "g", "partition": "t-0", "to": offset}));
        }
        let config = json!({"auto.offset.reset": policy, "max.poll.records": 1});
        script.push(json!({"do": "open", "member": "m", "group": "g", "topics": ["t"], "config": config}));
        script.push(json!({"do": "poll", "member": "m", "for_ms": 6000, "as": "first"}));
        json!(script)
    };
    let first = |committed, policy, expected: serde_json::Value| kafka(json!({}), script(committed, policy), json!({"first": expected}));
    let from = |offset: u64| json!({"t-0": [[offset, null, "v"]]});
    for policy in ["earliest", "latest", "none"] {
        first(Some(300), policy, from(300));
    }
    first(Some(50), "earliest", from(100));
    first(Some(50), "latest", json!({}));
    first(Some(50), "none", json!({"error": "OffsetOutOfRangeException"}));
    first(None, "earliest", from(100));
    first(None, "latest", json!({}));
    first(None, "none", json!({"error": "NoOffsetForPartitionException"}));
}

#[test]
fn b7_a_batch_larger_than_a_segment_is_refused_as_that() {
    let topics = json!({"t": {"partitions": 1, "config": {"internal.segment.bytes": 150}}});
    let script = json!([{"do": "send", "topic": "t", "partition": 0, "value": {"bytes": 150}, "as": "sent"}]);
    kafka(json!({"topics": topics}), script, json!({"sent": {"error": "RecordBatchTooLargeException"}}));
}

#[test]
fn b11_with_none_nothing_is_fetched_while_a_partition_has_no_offset() {
    // The partition that has one lies beyond its end: that would be another error, if anybody fetched.
    let script = json!([{"do": "send", "topic": "t", "partition": 0, "value": "v", "count": 3},
        {"do": "reset_offset", "group": "g", "partition": "t-0", "to": 30},
        {"do": "open", "member": "m", "group": "g", "topics": ["t"], "config": {"auto.offset.reset": "none"}},
        {"do": "poll", "member": "m", "as": "first"}, {"do": "poll", "member": "m", "as": "second"}]);
    let missing = json!({"error": "NoOffsetForPartitionException"});
    kafka(json!({"topics": {"t": {"partitions": 2}}}), script, json!({"first": missing, "second": missing}));
}

#[test]
fn b10_a_cleaned_tombstone_counts_its_time_from_the_horizon() {
    // A record of one second before the horizon takes one byte more than one that begins its batch.
    let topics = json!({"t": {"partitions": 1, "config": {"internal.segment.bytes": 220, "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": 0.01, "delete.retention.ms": 1000}}});
    let send = |key: &str, value: serde_json::Value| json!({"do": "send", "topic": "t", "partition": 0, "key": key, "value": value});
    let script = json!([send("a", json!(null)), send("b", json!("v1")), send("b", json!("v2")), send("b", json!(null)), send("b", json!(null)),
        send("b", json!(null)), {"do": "compact", "partition": "t-0", "up_to": 3}, {"do": "segments", "partition": "t-0", "as": "cleaned"}]);
    kafka(json!({"topics": topics}), script, json!({"cleaned": [{"base": 0, "bytes": 141}, {"base": 3, "bytes": 207}]}));
}
