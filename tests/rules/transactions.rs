//! Section E: transactions. Knows the rules' own vectors, nothing of how a coordinator works.

use serde_json::json;

use crate::play::{always, at, kafka, records, run, spring_reading};

fn producers() -> serde_json::Value {
    json!({"producers": {"p": {"transactional.id": "x"}, "q": {"transactional.id": "x"}, "plain": {}}})
}

fn send(producer: &str, value: &str) -> serde_json::Value {
    json!({"do": "send", "producer": producer, "topic": "t", "partition": 0, "value": value})
}

#[test]
fn e1_a_marker_takes_one_offset() {
    let script = json!([{"do": "init_transactions", "producer": "p"}, {"do": "begin", "producer": "p"}, send("p", "a"), send("p", "b"), send("p", "c"),
        {"do": "commit_transaction", "producer": "p"}, {"do": "advance", "ms": 500}, {"do": "log", "topic": "t", "as": "log"},
        {"do": "send", "producer": "plain", "topic": "t", "partition": 0, "value": "d", "as": "next"}]);
    let observed = json!({"log": {"t-0": {"start": 0, "lso": 4, "hw": 4, "leo": 4}}, "next": {"partition": 0, "offset": 4}});
    kafka(producers(), script, observed);
}

#[test]
fn e2_an_open_transaction_holds_back_everybody_s_records() {
    let read = |isolation: &str, label: &str| json!({"do": "read", "topic": "t", "isolation": isolation, "as": label});
    let script = json!([{"do": "init_transactions", "producer": "p"}, {"do": "begin", "producer": "p"}, send("p", "a"), send("p", "b"),
        send("plain", "c"), send("plain", "d"), read("read_uncommitted", "all"), read("read_committed", "none"),
        {"do": "abort_transaction", "producer": "p"}, {"do": "advance", "ms": 500}, read("read_committed", "after_the_abort")]);
    let seen = |records: serde_json::Value, position: u64| json!({"records": records, "position": {"t-0": position}});
    let all = json!({"t-0": [[0, null, "a"], [1, null, "b"], [2, null, "c"], [3, null, "d"]]});
    let observed = json!({"all": seen(all, 4), "none": seen(json!({}), 0),
        "after_the_abort": seen(json!({"t-0": [[2, null, "c"], [3, null, "d"]]}), 5)});
    kafka(producers(), script, observed);
}

#[test]
fn e3_a_new_producer_of_the_same_id_fences_the_old_one() {
    let script = json!([{"do": "init_transactions", "producer": "p"}, {"do": "begin", "producer": "p"}, send("p", "a"), send("p", "b"),
        {"do": "init_transactions", "producer": "q"}, {"do": "advance", "ms": 500}, {"do": "log", "topic": "t", "as": "log"},
        {"do": "commit_transaction", "producer": "p", "as": "commit_of_the_old"},
        {"do": "read", "topic": "t", "isolation": "read_committed", "as": "committed"}]);
    let observed = json!({"log": {"t-0": {"start": 0, "lso": 3, "hw": 3, "leo": 3}}, "commit_of_the_old": {"error": "ProducerFencedException"},
        "committed": {"records": {}, "position": {"t-0": 3}}});
    kafka(producers(), script, observed);
}

fn consume_and_produce(values: &str) -> serde_json::Value {
    json!({"topics": {"t": {"partitions": 1}, "out": {"partitions": 1}}, "records": records(values),
        "consumer": {"session.timeout.ms": 1500}, "container": {"ackMode": "BATCH"},
        "transactions": {"transactionIdPrefix": "tx-"}, "producer": {"transaction.timeout.ms": 2000}})
}

fn out(seen: &crate::play::Seen) -> Vec<String> {
    let records = seen.field("topics")["out"].as_array().into_iter().flatten();
    records.filter_map(|r| r["value"].as_str().map(str::to_owned)).collect()
}

#[test]
fn e4_a_crash_after_the_send_and_before_the_commit_leaves_one_committed_output() {
    let produce = json!({"send": {"topic": "out", "value": "{value}"}});
    let script = json!([at("v1", 1, json!([produce, {"kill": true}])), {"on": {}, "then": produce}, {"do": "start"},
        {"do": "await", "event": "killed"}, {"do": "start", "member": "c2"}, {"do": "settle"}]);
    let seen = spring_reading(consume_and_produce("v0 v1 v2"), script, &["out"], &["out"]);
    assert_eq!(out(&seen), ["v0", "v1", "v1", "v2"], "read_uncommitted sees the aborted one too");
    let committed: Vec<&str> = seen.field("read_committed")["out"].as_array().into_iter().flatten().filter_map(|v| v.as_str()).collect();
    assert_eq!(committed.iter().map(|v| v.split(' ').nth(1).unwrap_or_default()).collect::<Vec<_>>(), ["v0", "v1", "v2"]);
    assert_eq!(seen.delivered(), "v0 v1 v1 v2", "the listener runs at least once");
    assert_eq!(seen.committed(), "3");
}

#[test]
fn e4_an_exception_aborts_and_the_after_rollback_processor_tries_ten_times() {
    let produce = json!({"send": {"topic": "out", "value": "{value}"}});
    let rules = vec![always("v1", json!([produce, {"throw": "java.lang.IllegalStateException"}])), json!({"on": {}, "then": produce})];
    let seen = spring_reading(consume_and_produce("v0 v1 v2"), run(rules), &["out"], &["out"]);
    assert_eq!(seen.delivered().split(' ').filter(|v| *v == "v1").count(), 10);
    let aborted = seen.all("tx").iter().filter(|what| **what == "abort").count();
    assert_eq!(aborted, 10);
    let committed: Vec<&str> = seen.field("read_committed")["out"].as_array().into_iter().flatten().filter_map(|v| v.as_str()).collect();
    assert_eq!(committed.len(), 2, "{committed:?}");
}

#[test]
fn e4_an_error_handler_works_inside_the_transaction() {
    let produce = json!({"send": {"topic": "out", "value": "{value}"}});
    let mut given = consume_and_produce("v0 v1");
    given["error_handler"] = json!({"class": "DefaultErrorHandler", "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 1}});
    let rules = vec![always("v0", json!([produce, {"throw": "java.lang.IllegalStateException"}])), json!({"on": {}, "then": produce})];
    let seen = spring_reading(given, run(rules), &["out"], &["out"]);
    // Not recovered: what it throws after its seeks rolls back. Recovered: the offset and what was sent are committed.
    let story = seen.story(&["tx", "offsets_to_transaction", "recovered"]);
    assert_eq!(
        story,
        "tx(begin) v0 tx(abort) tx(begin) v0 recovered(t-0@0) offsets_to_transaction(1) tx(commit) \
         tx(begin) v1 offsets_to_transaction(2) tx(commit)"
    );
    let committed: Vec<&str> = seen.field("read_committed")["out"].as_array().into_iter().flatten().filter_map(|v| v.as_str()).collect();
    assert_eq!(committed.iter().map(|v| v.split(' ').nth(1).unwrap_or_default()).collect::<Vec<_>>(), ["v0", "v1"]);
}

#[test]
fn e4_a_recoverer_outside_of_the_transaction_sends_in_one_of_its_own() {
    let mut given = consume_and_produce("v0 v1");
    given["topics"]["t-dlt"] = json!({"partitions": 1});
    given["after_rollback_processor"] =
        json!({"backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 0}, "recoverer": "DeadLetterPublishingRecoverer"});
    let rules = vec![always("v0", json!({"throw": "java.lang.IllegalStateException"}))];
    let seen = spring_reading(given, run(rules), &["t-dlt"], &["t-dlt"]);
    let story = seen.story(&["tx", "recovered", "offsets_to_transaction"]);
    let own = "tx(begin) v0 tx(abort) tx(begin) tx(commit) recovered(t-0@0)";
    assert_eq!(story, format!("{own} tx(begin) v1 offsets_to_transaction(2) tx(commit)"));
    assert_eq!(seen.field("topics")["t-dlt"][0]["value"], "v0");
}

#[test]
fn e1_a_record_sent_outside_of_a_transaction_leaves_with_the_next_one() {
    // send() puts the record into a batch before it asks the transaction: the application sees an IllegalStateException, the log
    // both records.
    let script = json!([{"do": "init_transactions", "producer": "p"},
        {"do": "send", "producer": "p", "topic": "t", "partition": 0, "value": "early", "as": "refused"},
        {"do": "advance", "ms": 500}, {"do": "log", "topic": "t", "as": "nothing_yet"}, {"do": "begin", "producer": "p"},
        {"do": "send", "producer": "p", "topic": "t", "partition": 0, "value": "a", "as": "placed"},
        {"do": "commit_transaction", "producer": "p", "as": "commit"}, {"do": "advance", "ms": 500},
        {"do": "read", "topic": "t", "isolation": "read_committed", "as": "committed"}]);
    let observed = json!({"refused": {"error": "IllegalStateException"}, "nothing_yet": {"t-0": {"start": 0, "lso": 0, "hw": 0, "leo": 0}},
        "placed": {"partition": 0, "offset": 1}, "commit": "ok",
        "committed": {"records": {"t-0": [[0, null, "early"], [1, null, "a"]]}, "position": {"t-0": 3}}});
    kafka(producers(), script, observed);
}

#[test]
fn e1_a_send_that_times_out_can_only_be_aborted() {
    let mut given = producers();
    given["producers"]["p"] =
        json!({"transactional.id": "x", "delivery.timeout.ms": 8000, "request.timeout.ms": 3000, "max.block.ms": 8000});
    // What was sent too early belongs to no partition of this transaction: it waits until its delivery timeout.
    let script = json!([{"do": "init_transactions", "producer": "p"}, {"do": "send", "producer": "p", "topic": "t", "partition": 0, "value": "early", "as": "refused"},
        {"do": "begin", "producer": "p"}, {"do": "commit_transaction", "producer": "p", "as": "waiting"},
        {"do": "commit_transaction", "producer": "p", "as": "later"}, {"do": "abort_transaction", "producer": "p", "as": "abort"}]);
    let observed = json!({"refused": {"error": "IllegalStateException"},
        "waiting": {"error": "TransactionAbortableException", "cause": "TimeoutException"},
        "later": {"error": "KafkaException", "cause": "TransactionAbortableException"}, "abort": "ok"});
    kafka(given, script, observed);
}

fn handled_in_a_transaction(handler: serde_json::Value, batch: bool, then: serde_json::Value) -> String {
    let mut given = consume_and_produce("v0 v1 v2 v3");
    given["error_handler"] = handler;
    given["container"]["listener"] = json!(if batch { "batch" } else { "record" });
    let on = if batch { json!({"call": 1}) } else { json!({"value": "v1", "delivery": 1}) };
    let seen = spring_reading(given, run(vec![json!({"on": on, "then": then})]), &[], &[]);
    seen.story(&["tx", "offsets_to_transaction", "pause", "resume", "consumer_stopped"])
}

#[test]
fn e4_a_stopping_error_handler_rolls_back() {
    let stopping = json!({"class": "CommonContainerStoppingErrorHandler"});
    let story = handled_in_a_transaction(stopping, true, json!({"throw": "java.lang.IllegalStateException"}));
    assert_eq!(story, "tx(begin) (v0 v1 v2 v3) tx(abort) consumer_stopped(ABNORMAL)");
}

#[test]
fn e4_without_seeks_a_failure_commits_the_transaction_and_keeps_the_rest() {
    let no_seeks = json!({"class": "DefaultErrorHandler", "seekAfterError": false,
        "backOff": {"class": "FixedBackOff", "interval": 0, "maxAttempts": 2}});
    let story = handled_in_a_transaction(no_seeks.clone(), false, json!({"throw": "java.lang.IllegalStateException"}));
    let rest = "tx(begin) v2 offsets_to_transaction(3) tx(commit) tx(begin) v3 offsets_to_transaction(4) tx(commit) resume(t-0)";
    let first = "tx(begin) v0 offsets_to_transaction(1) tx(commit) tx(begin) v1 tx(commit) pause(t-0)";
    assert_eq!(story, format!("{first} tx(begin) v1 offsets_to_transaction(2) tx(commit) {rest}"));
    // Of a batch nobody asks what remains: what lies behind the index is lost.
    let story = handled_in_a_transaction(no_seeks, true, json!({"throw_batch_failed": 1}));
    assert_eq!(story, "tx(begin) (v0 v1 v2 v3) [1] offsets_to_transaction(4) tx(commit)");
}
