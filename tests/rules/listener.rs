//! Section D: the listener container. Knows the rules' own vectors, nothing of how a container works.

use serde_json::json;

use crate::play::{always, at, records, run, spring, spring_reading};

const BOOM: &str = "java.lang.IllegalStateException";

fn container(settings: serde_json::Value, values: &str) -> serde_json::Value {
    json!({"records": records(values), "container": settings})
}

/// Six records in three partitions, as the upstream tests have them.
fn six(settings: serde_json::Value) -> serde_json::Value {
    json!({
        "topics": {"t": {"partitions": 3}},
        "records": records("0:foo 0:bar 1:baz 1:qux 2:fiz 2:buz"),
        "container": settings,
    })
}

#[test]
fn d1_the_container_commits_unless_auto_commit_is_set() {
    // Not set: the container's own commit, after the poll.
    assert_eq!(spring(container(json!({"ackMode": "BATCH"}), "a b"), run(vec![])).story(&[]), "a b [2]");
    // Set: the consumer commits by itself, out of the container's sight (C7).
    let auto = json!({"records": records("a b"), "container": {"ackMode": "BATCH"},
        "consumer": {"enable.auto.commit": true, "auto.commit.interval.ms": 1000}});
    let seen = spring(auto, run(vec![]));
    assert_eq!((seen.story(&[]).as_str(), seen.committed().as_str()), ("a b", "2"));
}

#[test]
fn d1_combinations_that_do_not_start() {
    let refused = |given| {
        let seen = spring(given, run(vec![]));
        assert_eq!(seen.all("start_failed"), [BOOM]);
        assert_eq!(seen.delivered(), "");
    };
    for mode in ["MANUAL", "MANUAL_IMMEDIATE"] {
        refused(json!({"records": records("a"), "container": {"ackMode": mode}, "consumer": {"enable.auto.commit": true}}));
    }
    refused(container(json!({"listener": "batch", "ackMode": "RECORD"}), "a"));
}

#[test]
fn d1_async_acks_force_a_manual_mode() {
    // Without the forced mode the first poll would be committed by itself.
    let seen = spring(container(json!({"ackMode": "BATCH", "asyncAcks": true}), "a b"), run(vec![always("b", json!({"nothing": true}))]));
    assert_eq!(seen.story(&["pause"]), "a b [1] pause(t-0)");
}

#[test]
fn d2_count_is_looked_at_after_every_record() {
    let polls_of_two = json!({"records": records("0 1 2 3 4 5 6"), "container": {"ackMode": "COUNT", "ackCount": 3},
        "consumer": {"max.poll.records": 2}});
    assert_eq!(spring(polls_of_two, run(vec![])).story(&[]), "0 1 2 [3] 3 4 5 [6] 6 [7]");
}

#[test]
fn d2_commits_of_each_mode_for_one_poll() {
    let story = |mode: &str| spring(container(json!({"ackMode": mode, "ackCount": 4}), "0 1 2 3 4 5"), run(vec![])).story(&[]);
    assert_eq!(story("RECORD"), "0 [1] 1 [2] 2 [3] 3 [4] 4 [5] 5 [6]");
    assert_eq!(story("BATCH"), "0 1 2 3 4 5 [6]");
    assert_eq!(story("COUNT"), "0 1 2 3 [4] 4 5 [6]");
    assert_eq!(story("MANUAL"), "0 1 2 3 4 5 [6]");
    assert_eq!(story("MANUAL_IMMEDIATE"), "0 [1] 1 [2] 2 [3] 3 [4] 4 [5] 5 [6]");
}

#[test]
fn d2_what_comes_again_when_the_process_dies_in_the_fourth_record() {
    let after_the_kill = |mode: &str| {
        let mut given = container(json!({"ackMode": mode}), "0 1 2 3 4 5");
        given["consumer"] = json!({"session.timeout.ms": 1500});
        let script = json!([at("3", 1, json!({"kill": true})), {"do": "start"}, {"do": "await", "event": "killed"},
            {"do": "start", "member": "c2"}, {"do": "settle"}]);
        let delivered = spring(given, script).delivered();
        delivered.strip_prefix("0 1 2 3 ").expect("the first four came once").to_owned()
    };
    assert_eq!(after_the_kill("BATCH"), "0 1 2 3 4 5");
    assert_eq!(after_the_kill("MANUAL"), "0 1 2 3 4 5");
    assert_eq!(after_the_kill("RECORD"), "3 4 5");
    assert_eq!(after_the_kill("MANUAL_IMMEDIATE"), "3 4 5");
}

#[test]
fn d3_a_later_acknowledgment_covers_the_earlier_records() {
    let rules =
        || vec![always("0", json!({"nothing": true})), always("2", json!({"nothing": true})), always("4", json!({"nothing": true}))];
    assert_eq!(spring(container(json!({"ackMode": "MANUAL"}), "0 1 2 3 4"), run(rules())).story(&[]), "0 1 2 3 4 [4]");
    assert_eq!(spring(container(json!({"ackMode": "MANUAL_IMMEDIATE"}), "0 1 2 3 4"), run(rules())).story(&[]), "0 1 [2] 2 3 [4] 4");
}

#[test]
fn d3_acknowledging_backwards_moves_the_commit_back_only_in_manual_immediate() {
    let three_then_one = || {
        let hold = |v| always(v, json!({"hold": true}));
        vec![hold("0"), hold("1"), hold("2"), hold("3"), always("4", json!([{"ack_held": ["3", "1"]}, {"nothing": true}]))]
    };
    assert_eq!(
        spring(container(json!({"ackMode": "MANUAL_IMMEDIATE"}), "0 1 2 3 4"), run(three_then_one())).story(&[]),
        "0 1 2 3 4 [4] [2]"
    );
    assert_eq!(spring(container(json!({"ackMode": "MANUAL"}), "0 1 2 3 4"), run(three_then_one())).story(&[]), "0 1 2 3 4 [4]");
}

#[test]
fn d3_a_late_acknowledgment_moves_the_commit_back_in_manual_too() {
    let script = json!([always("1", json!({"hold": true})), {"do": "start"}, {"do": "settle"}, {"do": "observe", "as": "before"},
        {"do": "ack", "value": "1"}, {"do": "settle"}, {"do": "observe", "as": "after"}, {"do": "stop"}, {"do": "start"}, {"do": "settle"}]);
    let seen = spring(container(json!({"ackMode": "MANUAL"}), "0 1 2 3"), script);
    assert_eq!((seen.committed_at("before").as_str(), seen.committed_at("after").as_str()), ("4", "2"));
    assert_eq!(seen.delivered(), "0 1 2 3 2 3");
}

#[test]
fn d4_records_that_nobody_acknowledges_are_passed_over_until_a_restart() {
    for mode in ["MANUAL", "MANUAL_IMMEDIATE"] {
        let script = json!([{"on": {}, "then": {"nothing": true}}, {"do": "start"}, {"do": "settle"},
            {"do": "send", "topic": "t", "partition": 0, "value": "10"}, {"do": "settle"}, {"do": "observe", "as": "before"},
            {"do": "stop"}, {"do": "start"}, {"do": "settle"}]);
        let seen = spring(container(json!({"ackMode": mode}), "0 1 2 3 4 5 6 7 8 9"), script);
        assert_eq!(seen.committed_at("before"), "");
        assert_eq!(seen.delivered(), "0 1 2 3 4 5 6 7 8 9 10 0 1 2 3 4 5 6 7 8 9 10");
        assert!(seen.all("commit").is_empty() && seen.all("seek").is_empty() && seen.all("pause").is_empty());
    }
}

#[test]
fn d4_one_acknowledgment_covers_all_before_it() {
    let script = json!([at("7", 1, json!({"ack": true})), {"on": {}, "then": {"nothing": true}}, {"do": "start"}, {"do": "settle"},
        {"do": "send", "topic": "t", "partition": 0, "value": "10"}, {"do": "settle"}, {"do": "observe", "as": "before"},
        {"do": "stop"}, {"do": "start"}, {"do": "settle"}]);
    let seen = spring(container(json!({"ackMode": "MANUAL"}), "0 1 2 3 4 5 6 7 8 9"), script);
    assert_eq!(seen.committed_at("before"), "8");
    assert_eq!(seen.delivered(), "0 1 2 3 4 5 6 7 8 9 10 8 9 10");
}

/// Four records are kept; at the last one these are acknowledged, in this order.
fn async_acks(mode: &str, order: &[&str]) -> String {
    let hold = |v: &str| always(v, json!({"hold": true}));
    let rules = vec![hold("0"), hold("1"), hold("2"), always("3", json!([{"hold": true}, {"ack_held": order}]))];
    spring(container(json!({"ackMode": mode, "asyncAcks": true}), "0 1 2 3"), run(rules)).story(&["pause", "resume"])
}

#[test]
fn d5_out_of_order_acknowledgments_are_committed_in_order() {
    for mode in ["MANUAL", "MANUAL_IMMEDIATE"] {
        assert_eq!(async_acks(mode, &["3", "2", "1", "0"]), "0 1 2 3 [4]", "{mode}");
        assert_eq!(async_acks(mode, &["3", "1"]), "0 1 2 3 pause(t-0)", "{mode}");
        assert_eq!(async_acks(mode, &["0", "2"]), "0 1 2 3 [1] pause(t-0)", "{mode}");
    }
    assert_eq!(async_acks("MANUAL", &["1", "0", "3", "2"]), "0 1 2 3 [4]");
    assert_eq!(async_acks("MANUAL_IMMEDIATE", &["1", "0", "3", "2"]), "0 1 2 3 [2] [4]");
}

#[test]
fn d5_a_forgotten_acknowledgment_blocks_until_it_comes() {
    for mode in ["MANUAL", "MANUAL_IMMEDIATE"] {
        let script = json!([always("1", json!({"hold": true})), {"do": "start"}, {"do": "settle"},
            {"do": "send", "topic": "t", "partition": 0, "value": "4"}, {"do": "settle"}, {"do": "observe", "as": "blocked"},
            {"do": "ack", "value": "1"}, {"do": "settle"}]);
        let mut given = container(json!({"ackMode": mode, "asyncAcks": true}), "0 1 2 3");
        given["consumer"] = json!({"max.poll.records": 4});
        let seen = spring(given, script);
        assert_eq!(seen.committed_at("blocked"), "1", "{mode}");
        assert_eq!(seen.delivered(), "0 1 2 3 4", "{mode}");
        assert_eq!(seen.committed(), "5", "{mode}");
    }
}

#[test]
fn d5_a_retry_without_seeks_forgets_what_was_not_acknowledged() {
    // captureOffsets of the records kept in memory clears what the poll before waited for: 1 is lost without a trace.
    let mut given = container(json!({"ackMode": "MANUAL", "asyncAcks": true}), "0 1 2");
    given["error_handler"] = json!({"class": "DefaultErrorHandler", "seekAfterError": false,
        "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 2}});
    let seen = spring(given, run(vec![always("1", json!({"nothing": true})), at("2", 1, json!({"throw": BOOM}))]));
    assert_eq!(seen.story(&[]), "0 1 2 [1] 2 [3]");
}

#[test]
fn d6_the_upstream_test_of_a_record_nack() {
    let rules = vec![at("qux", 1, json!({"nack_ms": 100}))];
    let seen = spring(six(json!({"ackMode": "MANUAL"})), run(rules));
    assert_eq!(seen.story(&["seek"]), "foo bar baz qux [0:2 1:1] seek(1:1 2:0) qux fiz buz [1:2 2:2]");
}

#[test]
fn d6_a_nack_waits_whole_polls_and_has_no_limit() {
    let waits = |ms: i64, poll_ms: u64| {
        let seen =
            spring(container(json!({"ackMode": "MANUAL", "pollTimeout": poll_ms}), "0"), run(vec![at("0", 1, json!({"nack_ms": ms}))]));
        seen.waits(poll_ms).first().copied().unwrap_or(0)
    };
    assert_eq!(waits(1_000, 5_000), 5_000);
    assert_eq!(waits(6_000, 5_000), 10_000);
    assert_eq!(waits(700, 300), 900);
    assert_eq!(waits(0, 300), 0);
    let twelve: Vec<_> = (1..=12).map(|n| at("0", n, json!({"nack_ms": 10}))).collect();
    let seen = spring(container(json!({"ackMode": "MANUAL", "deliveryAttemptHeader": true}), "0"), run(twelve));
    assert_eq!(seen.delivered().split(' ').count(), 13);
    assert!(seen.all("attempt_header").iter().all(|n| **n == 1), "a nack counts no attempt");
}

#[test]
fn d7_the_upstream_test_of_a_batch_nack() {
    let rules = vec![json!({"on": {"call": 1}, "then": {"nack_index": 3, "nack_ms": 100}})];
    let seen = spring(six(json!({"listener": "batch", "ackMode": "MANUAL"})), run(rules));
    assert_eq!(seen.story(&["seek"]), "(foo bar baz qux fiz buz) [0:2 1:1] seek(1:1 2:0) (qux fiz buz) [1:2 2:2]");
}

#[test]
fn d7_an_index_at_the_ends() {
    let nack = |index: u32| {
        let rules = vec![json!({"on": {"call": 1}, "then": {"nack_index": index, "nack_ms": 0}})];
        let mut given = container(json!({"listener": "batch", "ackMode": "MANUAL"}), "a b c");
        given["error_handler"] =
            json!({"class": "DefaultErrorHandler", "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 2}});
        spring(given, run(rules))
    };
    assert_eq!(nack(0).story(&[]), "(a b c) (a b c) [3]");
    assert_eq!(nack(2).story(&[]), "(a b c) [2] (c) [3]");
    let beyond = nack(3);
    assert_eq!(beyond.all("exception").first().and_then(|e| e.as_str()), Some("java.lang.IllegalArgumentException"));
    assert_eq!(beyond.story(&[]), "(a b c) (a b c) [3]", "any other exception: the whole batch again (D10)");
}

#[test]
fn d8_ten_deliveries_and_when_what_is_committed() {
    let rules = vec![always("2", json!({"throw": BOOM}))];
    let seen = spring(container(json!({"ackMode": "BATCH"}), "0 1 2 3 4 5"), run(rules));
    let again = ["2"; 9].join(" ");
    assert_eq!(seen.story(&[]), format!("0 1 2 [2] {again} [3] 3 4 5 [6]"));
}

#[test]
fn d8_the_upstream_test_with_three_partitions() {
    let mut given = six(json!({"ackMode": "RECORD", "deliveryAttemptHeader": true}));
    given["error_handler"] = json!({"class": "DefaultErrorHandler", "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 2}});
    let rules = || vec![at("qux", 1, json!({"throw": BOOM})), at("qux", 2, json!({"throw": BOOM}))];
    let seen = spring(given, run(rules()));
    let story = "foo [1] bar [2] baz [1:1] qux seek(1:1 2:0) qux seek(1:1 2:0) qux [1:2] fiz [2:1] buz [2:2]";
    assert_eq!(seen.story(&["seek"]), story);
    assert_eq!(seen.all("attempt_header"), [1, 1, 1, 1, 2, 3, 1, 1]);
}

#[test]
fn d8_a_recovered_record_in_manual_immediate_is_committed_only_if_asked() {
    let committed = |commit: bool| {
        let mut given = container(json!({"ackMode": "MANUAL_IMMEDIATE"}), "0 1");
        given["error_handler"] = json!({"class": "DefaultErrorHandler", "commitRecovered": commit,
            "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 0}});
        spring(given, run(vec![always("1", json!({"throw": BOOM}))])).committed()
    };
    assert_eq!((committed(false).as_str(), committed(true).as_str()), ("1", "2"));
}

#[test]
fn d9_without_seeks_the_rest_waits_in_memory() {
    let mut given = six(json!({"ackMode": "RECORD", "deliveryAttemptHeader": true}));
    given["error_handler"] = json!({"class": "DefaultErrorHandler", "seekAfterError": false,
        "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 2}});
    let rules = vec![at("qux", 1, json!({"throw": BOOM})), at("qux", 2, json!({"throw": BOOM}))];
    let seen = spring(given, run(rules));
    assert_eq!(seen.story(&["seek"]), "foo [1] bar [2] baz [1:1] qux qux qux [1:2] fiz [2:1] buz [2:2]");
    assert_eq!(seen.all("poll").len(), 1, "nothing is fetched twice");
    assert_eq!((seen.all("pause").len(), seen.all("resume").len()), (2, 1), "paused at each failure, resumed when nothing is left");
}

#[test]
fn d9_each_retry_takes_the_back_off_and_one_paused_poll() {
    let mut given = container(json!({"ackMode": "BATCH"}), "0 1 2");
    given["error_handler"] = json!({"class": "DefaultErrorHandler", "seekAfterError": false,
        "backOff": {"class": "FixedBackOff", "interval": 600, "maxAttempts": 3}});
    let seen = spring(given, run(vec![at("1", 1, json!({"throw": BOOM})), at("1", 2, json!({"throw": BOOM}))]));
    assert_eq!(seen.delivered(), "0 1 1 1 2");
    assert_eq!(seen.waits(100), [700, 700]);
}

fn batch_errors(ack_mode: &str) -> serde_json::Value {
    json!({"records": records("0 1 2 3 4 5"), "container": {"listener": "batch", "ackMode": ack_mode},
        "topics": {"t": {"partitions": 1}, "t-dlt": {"partitions": 1}},
        "error_handler": {"class": "DefaultErrorHandler", "recoverer": "DeadLetterPublishingRecoverer",
            "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 2}}})
}

#[test]
fn d10_an_index_retries_and_dead_letters_alone() {
    let rules = vec![json!({"on": {"contains": "2"}, "then": {"throw_batch_failed_value": "2"}})];
    let seen = spring_reading(batch_errors("BATCH"), run(rules), &["t-dlt"], &[]);
    assert_eq!(seen.story(&[]), "(0 1 2 3 4 5) [2] (2 3 4 5) (2 3 4 5) [3] (3 4 5) [6]");
    let dead: Vec<&str> = seen.field("topics")["t-dlt"].as_array().into_iter().flatten().filter_map(|r| r["value"].as_str()).collect();
    assert_eq!(dead, ["2"]);
}

#[test]
fn d10_any_other_exception_retries_and_dead_letters_the_whole_batch() {
    let rules = vec![json!({"on": {"contains": "2"}, "then": {"throw": BOOM}})];
    let seen = spring_reading(batch_errors("BATCH"), run(rules), &["t-dlt"], &[]);
    assert_eq!(seen.story(&[]), "(0 1 2 3 4 5) (0 1 2 3 4 5) (0 1 2 3 4 5) [6]");
    let dead: Vec<&str> = seen.field("topics")["t-dlt"].as_array().into_iter().flatten().filter_map(|r| r["value"].as_str()).collect();
    assert_eq!(dead, ["0", "1", "2", "3", "4", "5"]);
}

#[test]
fn d12_the_dead_letter_keeps_its_partition_if_it_can() {
    let dead_letter = |dlt_partitions: u32| {
        let mut values = vec!["2:x"; 18].join(" ");
        values.push_str(" 0:y");
        values = values.replacen("2:x 0:y", "2:poison 0:y", 1);
        let given = json!({"topics": {"t": {"partitions": 3}, "t-dlt": {"partitions": dlt_partitions}}, "records": records(&values),
            "container": {"ackMode": "RECORD"},
            "error_handler": {"class": "DefaultErrorHandler", "recoverer": "DeadLetterPublishingRecoverer",
                "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 0}}});
        let seen = spring_reading(given, run(vec![always("poison", json!({"throw": BOOM}))]), &["t-dlt"], &[]);
        let dead = seen.field("topics")["t-dlt"][0].clone();
        (dead["at"].as_str().unwrap_or_default().to_owned(), dead["headers"].clone())
    };
    let (place, headers) = dead_letter(3);
    assert_eq!(place, "t-dlt-2@0");
    assert_eq!(headers["kafka_dlt-original-offset"], json!({"int64": 17}));
    assert_eq!(headers["kafka_dlt-original-partition"], json!({"int32": 2}));
    assert_eq!(headers["kafka_dlt-original-topic"], "t");
    assert_eq!(dead_letter(1).0, "t-dlt-0@0");
}

fn retried(back_off: serde_json::Value, values: &str) -> serde_json::Value {
    json!({"records": records(values), "retry_topic": back_off, "listener_method": "record"})
}

#[test]
fn d13_a_retried_record_is_overtaken_and_dead_lettered_after_its_attempts() {
    let rules = vec![always("v1", json!({"throw": BOOM}))];
    let seen = spring_reading(retried(json!({"annotation": "@RetryableTopic"}), "v0 v1 v2"), run(rules), &["t-retry", "t-dlt"], &[]);
    assert_eq!(seen.delivered(), "v0 v1 v2 v1 v1");
    assert_eq!(seen.waits(1_000), [1_000, 1_000]);
    assert_eq!(seen.all("dlt_handler"), ["t-dlt-0@0"]);
    assert_eq!(seen.field("topics_exist")["t-retry"], json!({"partitions": 1}));
}

#[test]
fn d13_the_names_of_growing_delays() {
    let exists = |retry: serde_json::Value| -> Vec<String> {
        let seen = spring_reading(retried(retry, "v0"), run(vec![]), &[], &[]);
        seen.field("topics_exist").as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let doubling = |attempts: u32, max: u32| json!({"maxAttempts": attempts, "exponentialBackoff": {"initialInterval": 1000, "multiplier": 2, "maxInterval": max}});
    assert_eq!(exists(doubling(4, 30_000)), ["t", "t-dlt", "t-retry-1000", "t-retry-2000", "t-retry-4000"]);
    assert_eq!(exists(doubling(5, 3_000)), ["t", "t-dlt", "t-retry-1000", "t-retry-2000", "t-retry-3000"]);
    assert_eq!(exists(json!({"maxAttempts": 3, "fixedBackOff": 1000})), ["t", "t-dlt", "t-retry"]);
    assert_eq!(exists(json!({"maxAttempts": 1, "fixedBackOff": 1000})), ["t", "t-dlt"]);
}

#[test]
fn d14_a_poison_pill_with_and_without_the_error_handling_deserializer() {
    let pill = |settings: serde_json::Value| {
        let mut given = json!({"container": {"ackMode": "BATCH"}, "consumer": settings,
            "topics": {"t": {"partitions": 1}, "t-dlt": {"partitions": 1}},
            "error_handler": {"class": "DefaultErrorHandler", "recoverer": "DeadLetterPublishingRecoverer",
                "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 9}}});
        given["records"] = json!([{"topic": "t", "partition": 0, "key": null, "value_int32": 0},
            {"topic": "t", "partition": 0, "key": null, "value": "no number"}, {"topic": "t", "partition": 0, "key": null, "value_int32": 2}]);
        let script = json!([{"do": "record_until", "event": "deliver", "times": 2}, {"do": "start"}, {"do": "wait", "ms": 8000}]);
        spring_reading(given, script, &["t-dlt"], &[])
    };
    let stuck = pill(json!({"value.deserializer": "IntegerDeserializer"}));
    assert_eq!(stuck.all("deliver"), ["t-0@0"]);
    assert!(stuck.all("poll_failed").len() > 10, "the same offset over and over");
    let wrapped = pill(json!({"value.deserializer": "ErrorHandlingDeserializer",
        "spring.deserializer.value.delegate.class": "IntegerDeserializer"}));
    assert_eq!(wrapped.all("deliver"), ["t-0@0", "t-0@2"]);
    assert_eq!(wrapped.field("topics")["t-dlt"][0]["value"], "no number");
}

#[test]
fn d15_the_attempt_header_counts_failures_and_nothing_else() {
    let throws = |n| at("1", n, json!({"throw": BOOM}));
    let given = container(json!({"ackMode": "BATCH", "deliveryAttemptHeader": true}), "0 1 2");
    assert_eq!(spring(given, run(vec![throws(1), throws(2)])).all("attempt_header"), [1, 1, 2, 3, 1]);
    let plain = container(json!({"ackMode": "BATCH"}), "0 1 2");
    assert!(spring(plain, run(vec![throws(1)])).all("attempt_header").is_empty());
    // A nack is no failure.
    let nacked = container(json!({"ackMode": "MANUAL", "deliveryAttemptHeader": true}), "0 1");
    assert_eq!(spring(nacked, run(vec![at("1", 1, json!({"nack_ms": 0}))])).all("attempt_header"), [1, 1, 1]);
}

#[test]
fn d15_a_killed_consumer_takes_its_count_with_it() {
    let mut given = container(json!({"ackMode": "BATCH", "deliveryAttemptHeader": true}), "0");
    given["consumer"] = json!({"session.timeout.ms": 1500});
    given["error_handler"] = json!({"class": "DefaultErrorHandler", "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 3}});
    let script = json!([at("0", 3, json!({"kill": true})), always("0", json!({"throw": BOOM})), {"do": "start"},
        {"do": "await", "event": "killed"}, {"do": "start", "member": "c2"}, {"do": "settle"}]);
    let seen = spring(given, script);
    assert_eq!(seen.all("attempt_header"), [1, 2, 3, 1, 2, 3, 4]);
    assert_eq!(seen.committed(), "1");
}

#[test]
fn d16_children_share_the_partitions_and_hold_back_only_their_own() {
    let given = json!({"topics": {"t": {"partitions": 2}}, "container": {"ackMode": "MANUAL", "concurrency": 2}});
    let send = |partition: u32, value: &str| json!({"do": "send", "topic": "t", "partition": partition, "value": value});
    // Children start one after another: the first would be given both partitions, if records were there before the second.
    let script = json!([always("a0", json!({"block_until": "later"})), {"do": "start"}, {"do": "settle"},
        send(0, "a0"), send(0, "a1"), send(1, "b0"), send(1, "b1"), {"do": "await", "value": "b1"},
        {"do": "observe", "as": "a0 is stuck"}, {"do": "release", "latch": "later"}, {"do": "settle"}]);
    let seen = spring(given, script);
    assert_eq!(seen.delivered().split(' ').filter(|v| v.starts_with('b')).count(), 2);
    assert!(!seen.delivered().split(' ').take_while(|v| *v != "b1").any(|v| v == "a1"), "a1 waits for its child");
}

#[test]
fn d17_latest_is_committed_at_the_assignment_earliest_is_not() {
    let hundred = vec!["x"; 100].join(" ");
    let at_assignment = |reset: &str| {
        let script = json!([at("n0", 1, json!({"kill": true})), {"do": "start"}, {"do": "settle"}, {"do": "observe", "as": "assigned"}]);
        let given = json!({"records": records(&hundred), "container": {"ackMode": "MANUAL"},
            "consumer": {"auto.offset.reset": reset, "max.poll.records": 1}});
        let mut script = script;
        if reset == "earliest" {
            script[0] = json!({"on": {}, "then": {"nothing": true}});
        }
        spring(given, script).committed_at("assigned")
    };
    assert_eq!(at_assignment("latest"), "100");
    assert_eq!(at_assignment("earliest"), "");
}

#[test]
fn d17_what_came_before_the_first_ack_is_not_lost_with_latest() {
    let hundred = vec!["x"; 100].join(" ");
    let given = json!({"records": records(&hundred), "container": {"ackMode": "MANUAL"},
        "consumer": {"auto.offset.reset": "latest", "session.timeout.ms": 1500}});
    let send = |value: &str| json!({"do": "send", "topic": "t", "partition": 0, "value": value});
    let script = json!([at("n0", 1, json!({"kill": true})), {"do": "start"}, {"do": "settle"}, send("n0"), {"do": "await", "event": "killed"},
        send("n1"), send("n2"), send("n3"), send("n4"), {"do": "start", "member": "c2"}, {"do": "settle"}]);
    let seen = spring(given, script);
    assert_eq!(seen.delivered(), "n0 n0 n1 n2 n3 n4");
    assert_eq!(seen.committed(), "105");
}

#[test]
fn d17_an_evicted_listener_is_not_interrupted_and_its_records_come_again() {
    let given = json!({"records": records("0 1"), "container": {"ackMode": "RECORD"},
        "consumer": {"max.poll.interval.ms": 2000, "session.timeout.ms": 6000}});
    let script = json!([at("0", 1, json!({"block_ms": 5000})), {"do": "start"}, {"do": "settle"}]);
    let seen = spring(given, script);
    assert_eq!(seen.all("commit_failed").len(), 1, "the commit of one that has left");
    assert_eq!(seen.delivered(), "0 0 1");
    assert_eq!(seen.committed(), "2");
}

#[test]
fn d18_committing_after_the_work_repeats_and_before_it_loses() {
    let crash = |ack_mode: &str, then: serde_json::Value| {
        let mut given = container(json!({"ackMode": ack_mode}), "0 1 2 3");
        given["consumer"] = json!({"session.timeout.ms": 1500});
        let script = json!([at("2", 1, then), {"do": "start"}, {"do": "await", "event": "killed"}, {"do": "start", "member": "c2"}, {"do": "settle"}]);
        spring(given, script).delivered()
    };
    // At least once: the whole poll, or one record.
    assert_eq!(crash("BATCH", json!({"kill": true})), "0 1 2 0 1 2 3");
    assert_eq!(crash("RECORD", json!({"kill": true})), "0 1 2 2 3");
    // At most once: acknowledged first, then the process dies before the work is done.
    assert_eq!(crash("MANUAL_IMMEDIATE", json!([{"ack": true}, {"kill": true}])), "0 1 2 3");
}

#[test]
fn d18_by_default_a_record_is_gone_after_ten_failures() {
    let seen = spring_reading(container(json!({"ackMode": "BATCH"}), "0 1 2"), run(vec![always("1", json!({"throw": BOOM}))]), &[], &[]);
    assert_eq!(seen.delivered().split(' ').filter(|v| *v == "1").count(), 10);
    assert_eq!(seen.committed(), "3");
    assert_eq!(seen.field("topics_exist"), &json!({"t": {"partitions": 1}}), "no dead letter anywhere");
}
