//! Section S: share groups, by scripts. Knows `docs/share-groups.md`, nothing of how a leader keeps states.

use serde_json::{Value, json};

use crate::play::kafka;

/// A script on topic `t` with one partition; the group `g` reads from the beginning, its members acknowledge explicitly.
#[track_caller]
fn share(given: Value, script: &[Value], observed: Value) {
    let mut all = json!({"share_groups": {"g": {"share.auto.offset.reset": "earliest"}},
        "share_defaults": {"share.acknowledgement.mode": "explicit"},
        "broker_config": {"group.share.min.record.lock.duration.ms": 1000}});
    for (key, value) in given.as_object().expect("an object") {
        match all[key].as_object_mut() {
            Some(under) => under.extend(value.as_object().expect("an object").clone()),
            None => all[key] = value.clone(),
        }
    }
    kafka(all, Value::from(script.to_vec()), observed);
}

fn send(count: u32) -> Value {
    json!({"do": "send", "topic": "t", "value": "v{i}", "count": count})
}

fn open(member: &str) -> Value {
    json!({"do": "share_open", "member": member, "group": "g", "topics": ["t"]})
}

fn poll(member: &str, label: &str) -> Value {
    json!({"do": "share_poll", "member": member, "for_ms": 1500, "as": label})
}

fn ack(member: &str, offsets: &[u64], what: &str) -> Value {
    json!({"do": "share_ack", "member": member, "partition": "t-0", "offsets": offsets, "type": what})
}

fn commit(member: &str) -> Value {
    json!({"do": "share_commit", "member": member})
}

fn offsets(label: &str) -> Value {
    json!({"do": "share_offsets", "group": "g", "as": label})
}

/// Records as they are shown: offset and delivery count; the value is `v` and the offset.
fn records(all: &[(u64, u32)]) -> Value {
    match all {
        [] => json!({}),
        _ => json!({"t-0": all.iter().map(|(o, n)| json!([o, null, format!("v{o}"), n])).collect::<Vec<_>>()}),
    }
}

fn at(start: i64, lag: i64) -> Value {
    json!({"t-0": {"start": start, "lag": lag}})
}

#[test]
fn s1_members_share_a_partition_without_a_hand_over() {
    let settle = json!({"do": "share_settle", "group": "g", "as": "group"});
    let observed = json!({"group": {"state": "Stable", "assignment": {"a": ["t-0"], "b": ["t-0"]}}});
    share(json!({}), &[open("a"), open("b"), settle], observed);
}

#[test]
fn s2_a_group_begins_at_the_end_unless_it_says_otherwise() {
    let given = json!({"share_groups": {"g": {"share.auto.offset.reset": "latest"}}});
    let one = json!({"do": "send", "topic": "t", "value": "v2"});
    share(given, &[send(2), open("a"), poll("a", "before"), one, poll("a", "after")], json!({"before": {}, "after": records(&[(2, 1)])}));
}

#[test]
fn s3_released_records_come_before_new_ones() {
    let script = [
        send(2),
        open("a"),
        poll("a", "first"),
        ack("a", &[0], "release"),
        ack("a", &[1], "accept"),
        commit("a"),
        json!({"do": "send", "topic": "t", "value": "v2"}),
        poll("a", "second"),
    ];
    share(json!({}), &script, json!({"first": records(&[(0, 1), (1, 1)]), "second": records(&[(0, 2), (2, 1)])}));
}

#[test]
fn s4_record_limit_leaves_the_rest_of_a_batch_to_others() {
    let given = json!({"producers": {"p": {"linger.ms": 200}},
        "share_defaults": {"share.acquire.mode": "record_limit", "max.poll.records": 2}});
    let batch = json!({"do": "send_batch", "topic": "t", "value": "v{i}", "partition": 0, "count": 3});
    let script = [batch, open("a"), poll("a", "a"), open("b"), poll("b", "b")];
    share(given, &script, json!({"a": records(&[(0, 1), (1, 1)]), "b": records(&[(2, 1)])}));
}

#[test]
fn s5_a_lock_ends_and_a_late_acknowledgement_is_refused() {
    let given = json!({"broker_config": {"group.share.record.lock.duration.ms": 6000}});
    let late = json!({"do": "share_commit", "member": "a", "as": "late"});
    let script = [
        send(1),
        open("a"),
        poll("a", "a"),
        json!({"do": "advance", "ms": 6500}),
        open("b"),
        poll("b", "b"),
        ack("a", &[0], "accept"),
        late,
    ];
    let observed = json!({"a": records(&[(0, 1)]), "b": records(&[(0, 2)]), "late": {"t-0": {"error": "InvalidRecordStateException"}}});
    share(given, &script, observed);
}

#[test]
fn s6_after_its_last_delivery_a_record_is_archived() {
    let given = json!({"broker_config": {"group.share.delivery.count.limit": 2}});
    let again = |label| [poll("a", label), ack("a", &[0], "release"), commit("a")];
    let script = [vec![send(1), open("a")], again("one").to_vec(), again("two").to_vec(), vec![poll("a", "none"), offsets("at")]].concat();
    share(given, &script, json!({"one": records(&[(0, 1)]), "two": records(&[(0, 2)]), "none": {}, "at": at(0, 0)}));
}

#[test]
fn s8_reject_archives_and_renew_gives_the_record_again() {
    let script = [
        send(2),
        open("a"),
        poll("a", "first"),
        ack("a", &[0], "reject"),
        ack("a", &[1], "renew"),
        commit("a"),
        offsets("at"),
        poll("a", "again"),
    ];
    share(json!({}), &script, json!({"first": records(&[(0, 1), (1, 1)]), "at": at(0, 1), "again": records(&[(1, 1)])}));
}

#[test]
fn s9_acknowledge_refuses_what_the_application_does_not_have() {
    let wrong = json!({"do": "share_ack", "member": "a", "partition": "t-0", "offset": 7, "as": "wrong"});
    share(
        json!({}),
        &[send(1), open("a"), poll("a", "first"), wrong],
        json!({"first": records(&[(0, 1)]), "wrong": {"error": "IllegalStateException"}}),
    );
}

#[test]
fn s10_the_start_offset_waits_for_the_oldest() {
    let script = [
        send(3),
        open("a"),
        poll("a", "first"),
        ack("a", &[1, 2], "accept"),
        commit("a"),
        ack("a", &[0], "accept"),
        commit("a"),
        json!({"do": "leave", "member": "a"}),
        open("b"),
        poll("b", "none"),
    ];
    share(json!({}), &script, json!({"first": records(&[(0, 1), (1, 1), (2, 1)]), "none": {}}));
}

#[test]
fn s12_what_was_written_outlives_the_leader() {
    let given = json!({"brokers": 2, "topics": {"t": {"replicas": [[0, 1]]}}});
    let script = [
        send(3),
        open("a"),
        poll("a", "first"),
        ack("a", &[0], "accept"),
        ack("a", &[1], "release"),
        commit("a"),
        json!({"do": "kill_broker", "broker": 0}),
        json!({"do": "await_leader", "topic": "t", "leader": 1}),
        json!({"do": "crash", "member": "a"}),
        json!({"do": "advance", "ms": 1000}),
        open("b"),
        poll("b", "second"),
    ];
    // Nobody wrote down that record 2 was in somebody's hands.
    share(given, &script, json!({"first": records(&[(0, 1), (1, 1), (2, 1)]), "second": records(&[(1, 2), (2, 1)])}));
}

#[test]
fn s13_a_broken_connection_gives_back_what_was_held() {
    let script = [send(2), open("a"), poll("a", "a"), json!({"do": "crash", "member": "a"}), open("b"), poll("b", "b")];
    share(json!({}), &script, json!({"a": records(&[(0, 1), (1, 1)]), "b": records(&[(0, 2), (1, 2)])}));
}

#[test]
fn s14_the_log_start_passes_records_in_flight() {
    let delete = json!({"do": "delete_records", "partition": "t-0", "before": 2});
    let script = [send(3), open("a"), poll("a", "a"), delete, ack("a", &[0, 1, 2], "release"), commit("a"), poll("a", "left")];
    share(json!({}), &script, json!({"a": records(&[(0, 1), (1, 1), (2, 1)]), "left": records(&[(2, 2)])}));
}

#[test]
fn s15_read_committed_archives_what_was_aborted() {
    let given = json!({"producers": {"x": {"transactional.id": "x"}},
        "share_groups": {"g": {"share.auto.offset.reset": "earliest", "share.isolation.level": "read_committed"}}});
    let step = |verb: &str| json!({"do": verb, "producer": "x"});
    let script = [
        step("init_transactions"),
        step("begin"),
        json!({"do": "send", "producer": "x", "topic": "t", "value": "v0"}),
        step("abort_transaction"),
        json!({"do": "advance", "ms": 500}),
        json!({"do": "send", "topic": "t", "value": "v2"}),
        open("a"),
        poll("a", "a"),
    ];
    share(given, &script, json!({"a": records(&[(2, 1)])}));
}

#[test]
fn s16_implicit_mode_accepts_with_the_next_poll_and_close_does_not() {
    let given = json!({"share_defaults": {"share.acknowledgement.mode": "implicit", "max.poll.records": 1}});
    let script = [send(2), open("a"), poll("a", "one"), poll("a", "two"), json!({"do": "leave", "member": "a"}), open("b"), poll("b", "b")];
    share(given, &script, json!({"one": records(&[(0, 1)]), "two": records(&[(1, 1)]), "b": records(&[(1, 2)])}));
}

#[test]
fn s17_tools_see_the_start_as_it_was_before_the_last_write() {
    let script = [
        send(2),
        offsets("never"),
        open("a"),
        poll("a", "a"),
        offsets("acquired"),
        ack("a", &[0], "accept"),
        commit("a"),
        offsets("one"),
        ack("a", &[1], "accept"),
        commit("a"),
        offsets("both"),
    ];
    share(json!({}), &script, json!({"never": {}, "a": records(&[(0, 1), (1, 1)]), "acquired": {}, "one": at(0, 1), "both": at(1, 0)}));
}

#[test]
fn s18_a_classic_member_is_refused_by_a_share_group() {
    let script = [
        open("a"),
        json!({"do": "open", "member": "c", "group": "g", "topics": ["t"]}),
        json!({"do": "poll", "member": "c", "for_ms": 3000, "as": "classic"}),
    ];
    share(json!({}), &script, json!({"classic": {"error": "InconsistentGroupProtocolException"}}));
}
