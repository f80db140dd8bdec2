//! Section C: groups. Knows the rules' own vectors, nothing of how a coordinator works.

use cqrs_lab::{
    kernel::SimTime,
    pipeline::{Action, Intervention, World},
    scenario::Scenario,
};
use serde_json::json;

use crate::play::kafka;

fn send(count: u32) -> serde_json::Value {
    json!({"do": "send", "topic": "t", "partition": 0, "value": "v{i}", "count": count})
}

#[test]
fn c5_lag_is_the_end_less_the_commit_and_may_be_negative() {
    let commit = |to: u64| json!({"do": "commit", "member": "m", "offsets": {"t-0": to}});
    let offsets = |label: &str| json!({"do": "offsets", "group": "g", "as": label});
    let script = json!([send(10), {"do": "open", "member": "m", "group": "g", "topics": ["t"]}, {"do": "drain", "member": "m"},
        commit(7), offsets("seven"), commit(3), offsets("three"), {"do": "position", "member": "m", "as": "position"},
        commit(1000), offsets("beyond")]);
    let lag = |committed: i64, lag: i64| json!({"t-0": {"committed": committed, "end": 10, "lag": lag}});
    let observed = json!({"seven": lag(7, 3), "three": lag(3, 7), "position": {"t-0": 10}, "beyond": lag(1000, -990)});
    kafka(json!({}), script, observed);
}

#[test]
fn c5_a_commit_of_record_offset_plus_one_leaves_the_marker_as_lag() {
    let given = json!({"producers": {"p": {"transactional.id": "x"}}});
    let script = json!([{"do": "init_transactions", "producer": "p"}, {"do": "begin", "producer": "p"},
        {"do": "send", "topic": "t", "partition": 0, "value": "v"}, {"do": "commit_transaction", "producer": "p"}, {"do": "advance", "ms": 500},
        {"do": "open", "member": "m", "group": "g", "topics": ["t"]}, {"do": "drain", "member": "m"},
        {"do": "commit", "member": "m", "offsets": {"t-0": 1}}, {"do": "offsets", "group": "g", "as": "of_the_record"},
        {"do": "commit", "member": "m"}, {"do": "offsets", "group": "g", "as": "of_the_position"}]);
    let lag = |committed: i64, lag: i64| json!({"t-0": {"committed": committed, "end": 2, "lag": lag}});
    kafka(given, script, json!({"of_the_record": lag(1, 1), "of_the_position": lag(2, 0)}));
}

#[test]
fn c6_a_zombie_s_commit_does_not_overwrite_the_new_owner_s() {
    let zombie = json!({"max.poll.interval.ms": 1500, "max.poll.records": 1});
    let script = json!([send(30), {"do": "open", "member": "a", "group": "g", "topics": ["t"], "config": zombie},
        {"do": "poll", "member": "a"}, {"do": "advance", "ms": 3000}, {"do": "join", "member": "b", "group": "g", "topics": ["t"]},
        {"do": "settle", "group": "g", "members": ["b"], "show": ["counts"], "as": "b_alone"},
        {"do": "commit", "member": "b", "offsets": {"t-0": 20}, "as": "of_b"},
        {"do": "commit", "member": "a", "offsets": {"t-0": 12}, "as": "of_a"}, {"do": "offsets", "group": "g", "as": "committed"}]);
    let observed = json!({"b_alone": {"counts": {"b": 1}}, "of_b": "ok", "of_a": {"error": "CommitFailedException"},
        "committed": {"t-0": {"committed": 20, "end": 30, "lag": 10}}});
    kafka(json!({}), script, observed);
}

#[test]
fn c7_what_was_polled_and_not_done_is_lost_with_auto_commit() {
    let auto = json!({"enable.auto.commit": true, "auto.commit.interval.ms": 1000, "max.poll.records": 10});
    let script = json!([send(10), {"do": "open", "member": "a", "group": "g", "topics": ["t"], "config": auto},
        {"do": "poll", "member": "a"}, {"do": "advance", "ms": 1001}, {"do": "poll", "member": "a", "for_ms": 300}, {"do": "crash", "member": "a"},
        {"do": "advance", "ms": 8000}, {"do": "open", "member": "b", "group": "g", "topics": ["t"]},
        {"do": "drain", "member": "b", "as": "the_next_one_reads"}]);
    kafka(json!({}), script, json!({"the_next_one_reads": {}}));
}

#[test]
fn c9_the_admin_api_moves_offsets_of_an_empty_group_even_beyond_the_end() {
    let reset = |to: u64, label: &str| json!({"do": "reset_offset", "group": "g", "partition": "t-0", "to": to, "as": label});
    let script = json!([send(5), reset(3, "of_a_group_that_never_was"), {"do": "group", "group": "g", "as": "then"}, reset(99, "beyond_the_end"),
        {"do": "offsets", "group": "g", "as": "committed"}, {"do": "join", "member": "m", "group": "g", "topics": ["t"]},
        {"do": "settle", "group": "g", "show": ["counts"], "as": "joined"}, reset(1, "with_a_member"),
        {"do": "delete_offset", "group": "g", "partition": "t-0", "as": "of_a_subscribed_topic"}]);
    let observed = json!({"of_a_group_that_never_was": "ok", "then": {"state": "Empty", "assignment": {}}, "beyond_the_end": "ok",
        "committed": {"t-0": {"committed": 99, "end": 5, "lag": -94}}, "joined": {"counts": {"m": 1}},
        "with_a_member": {"error": "UnknownMemberIdException"}, "of_a_subscribed_topic": {"error": "GroupSubscribedToTopicException"}});
    kafka(json!({}), script, observed);
}

#[test]
fn c15_groups_are_independent_and_a_surplus_member_idles() {
    let join = |member: &str, group: &str| json!({"do": "join", "member": member, "group": group, "topics": ["t"], "assignor": "range"});
    let script = json!([join("a1", "a"), {"do": "settle", "group": "a", "show": ["counts"], "as": "one"}, join("a2", "a"),
        {"do": "settle", "group": "a", "show": ["counts"], "as": "two"}, join("b1", "b"), {"do": "settle", "group": "b", "show": ["counts"], "as": "other"},
        send(3), {"do": "await_records", "member": "a1", "count": 3, "as": "of_a"}, {"do": "await_records", "member": "b1", "count": 3, "as": "of_b"},
        {"do": "take", "member": "a2", "as": "of_the_surplus"}]);
    let three = json!({"t-0": [[0, null, "v0"], [1, null, "v1"], [2, null, "v2"]]});
    let observed = json!({"one": {"counts": {"a1": 1}}, "two": {"counts": {"a1": 1, "a2": 0}}, "other": {"counts": {"b1": 1}},
        "of_a": three, "of_b": three, "of_the_surplus": {}});
    kafka(json!({}), script, observed);
}

#[test]
fn c9_the_command_line_tool_stays_within_the_log() {
    // The log of a partition, its start moved to 3; the group is stopped.
    let mut world = World::new(&Scenario::plain("c9", 1));
    world.run_until(SimTime::from_ms(30_000));
    let act = |world: &mut World, action: Action| {
        let now = world.now();
        world.intervene(now, &Intervention::Act(action)).expect("it fits");
        world.run_until(now + 5_000_000);
    };
    act(&mut world, Action::Scale { group: 1, consumers: 0 });
    act(&mut world, Action::DeleteRecords { partition: 0, before: 3 });
    let partition = world.cluster().partition_named("transfer-events", 0).expect("the topic");
    let mut moved_to = |wanted: u64| {
        act(&mut world, Action::ResetOffset { group: 1, partition: 0, to: wanted });
        (world.committed("transfer-history", partition).expect("an offset"), world.high_watermark(partition))
    };
    assert_eq!(moved_to(1).0, 3, "not before the start");
    assert_eq!(moved_to(5).0, 5);
    let (committed, end) = moved_to(u64::MAX);
    assert!((6..=end).contains(&committed), "not beyond the end: {committed} of {end}");
}

#[test]
fn c5_a_commit_that_a_wakeup_hits_throws_and_counts() {
    let script = json!([send(8), {"do": "open", "member": "m", "group": "g", "topics": ["t"]}, {"do": "poll", "member": "m"},
        {"do": "wakeup", "member": "m"}, {"do": "commit", "member": "m", "offsets": {"t-0": 2}, "as": "woken"},
        {"do": "advance", "ms": 100}, {"do": "offsets", "group": "g", "as": "committed"}]);
    let observed = json!({"woken": {"error": "WakeupException"}, "committed": {"t-0": {"committed": 2, "end": 8, "lag": 6}}});
    kafka(json!({}), script, observed);
}

#[test]
fn c9_there_are_no_offsets_to_delete_in_a_group_that_never_was() {
    let script = json!([{"do": "delete_offset", "group": "g", "partition": "t-0", "as": "unknown"}]);
    kafka(json!({}), script, json!({"unknown": {"error": "GroupIdNotFoundException"}}));
}
