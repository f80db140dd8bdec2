//! Section G: whole stories across the rules. Knows what a viewer would see, nothing of how it comes about.

use std::sync::Arc;

use cqrs_lab::{
    fault::{FaultKind, FaultRule, Moment, Node, Target},
    kernel::SimTime,
    pipeline::{Intervention, World},
    scenario::Scenario,
};
use serde_json::{Value, json};

use crate::play::{always, kafka, records, run, spring, spring_reading};

const BOOM: &str = "java.lang.IllegalStateException";

fn orders(settings: Value) -> Value {
    let mut given = json!({"topics": {"orders": {"partitions": 1}}, "container": {"topics": ["orders"]},
        "records": records("orders/0:0 orders/0:1 orders/0:2 orders/0:3 orders/0:4")});
    for (name, value) in settings.as_object().into_iter().flatten() {
        given["container"][name] = value.clone();
    }
    given
}

#[test]
fn g1_a_poison_record_in_the_middle_with_all_defaults() {
    let seen = spring(orders(json!({})), run(vec![always("2", json!({"throw": BOOM}))]));
    assert_eq!(seen.delivered(), format!("0 1 {} 3 4", ["2"; 10].join(" ")));
    assert_eq!(seen.committed(), "5");
    assert_eq!(seen.field("topics_exist"), &json!({"orders": {"partitions": 1}}), "no dead letters");
}

#[test]
fn g1_the_projection_lacks_the_event_that_was_skipped() {
    let mut scenario = Scenario::plain("g1", 3);
    for (key, value) in [
        ("group.account-view.recoverer", "log"),
        ("group.account-view.on-failure", "throw"),
        ("group.account-view.backOff.interval", "0"),
        ("group.account-view.backOff.maxAttempts", "9"),
    ] {
        scenario.config.set_text(key, value).expect("a setting");
    }
    let mut world = World::new(&scenario);
    // Ten failures of one event: what the default error handler allows.
    let fails = FaultRule { moment: Moment::Armed { times: 1 }, ..FaultRule::usual(FaultKind::ListenerThrowsFatal, Target::Group(0)) };
    intervene(&mut world, 10_000, &Intervention::Inject(fails));
    world.run_until(SimTime::from_ms(30_000));
    drain(&mut world);
    let lacks = world.bank().expect("a bank").accounts().iter().filter(|a| a.write.map(|w| w.balance) != a.read.map(|r| r.balance)).count();
    assert!(lacks > 0, "the view lacks what was skipped");
    let lag: u64 = (0..world.partition_count()).map(|partition| world.lag("account-view", partition)).sum();
    assert_eq!(lag, 0, "and yet nothing waits");
}

#[test]
fn g2_a_nack_instead_blocks_the_partition_for_ever() {
    let script = json!([always("2", json!({"nack_ms": 1000})), {"do": "start"}, {"do": "wait", "ms": 60_000},
        {"do": "observe", "as": "a minute later"}, {"do": "record_until", "event": "deliver", "times": 200}]);
    let seen = spring(orders(json!({"ackMode": "MANUAL", "pollTimeout": 5000})), script);
    let delivered = seen.delivered();
    assert!(!delivered.contains('3'), "what lies behind it is never delivered");
    assert_eq!(seen.committed_at("a minute later"), "2");
    assert!(seen.waits(5_000).iter().all(|ms| *ms == 5_000), "one whole poll each time");
    let times = delivered.split(' ').filter(|v| *v == "2").count();
    assert!((11..=13).contains(&times), "about every five seconds: {times}");
    assert_eq!(seen.field("topics_exist"), &json!({"orders": {"partitions": 1}}), "no dead letters");
}

#[test]
fn g3_a_swallowed_exception_without_an_ack_loses_the_record() {
    let script = json!([always("2", json!({"nothing": true})), {"do": "start"}, {"do": "settle"}, {"do": "stop"}, {"do": "start"}, {"do": "settle"}]);
    let seen = spring(orders(json!({"ackMode": "MANUAL"})), script);
    assert_eq!(seen.delivered(), "0 1 2 3 4");
    assert_eq!(seen.committed(), "5", "2 is covered by what was acknowledged after it");
}

#[test]
fn g4_a_retryable_topic_lets_the_others_pass_and_ends_in_the_dead_letters() {
    let given = json!({"records": records("0 1 2 3 4"), "retry_topic": {"annotation": "@RetryableTopic"}, "listener_method": "record"});
    let seen = spring_reading(given, run(vec![always("2", json!({"throw": BOOM}))]), &["t-dlt"], &[]);
    assert_eq!(seen.delivered(), "0 1 2 3 4 2 2");
    let places: Vec<&str> = seen.all("deliver").iter().filter_map(|v| v.as_str()).filter(|place| place.starts_with("t-retry")).collect();
    assert_eq!(places.len(), 2);
    assert_eq!(seen.waits(1_000), [1_000, 1_000]);
    assert_eq!(seen.field("topics")["t-dlt"][0]["value"], "2");
}

#[test]
fn g5_scaling_out_repeats_unacknowledged_work_only_when_eager() {
    let scale_out = |strategy: &str| {
        let values = (0..10).map(|n| format!("0:{n}")).collect::<Vec<_>>().join(" ");
        let given = json!({"topics": {"t": {"partitions": 2}}, "records": records(&values), "container": {"ackMode": "MANUAL"},
            "consumer": {"partition.assignment.strategy": strategy}});
        let mut script: Vec<Value> = (0..5).map(|n| always(&n.to_string(), json!({"ack": true}))).collect();
        script.extend([
            json!({"on": {}, "then": {"nothing": true}}),
            json!({"do": "start"}),
            json!({"do": "settle"}),
            json!({"do": "start", "member": "c2"}),
            json!({"do": "settle"}),
        ]);
        let seen = spring(given, json!(script));
        assert_eq!(seen.committed(), "5");
        seen.delivered()
    };
    assert_eq!(scale_out("RangeAssignor"), "0 1 2 3 4 5 6 7 8 9 5 6 7 8 9");
    assert_eq!(scale_out("CooperativeStickyAssignor"), "0 1 2 3 4 5 6 7 8 9");
}

#[test]
fn g6_a_crash_leaves_a_gap_of_the_session_timeout_and_a_graceful_stop_none() {
    let config = json!({"session.timeout.ms": 45_000, "heartbeat.interval.ms": 3_000});
    let join = |member: &str| json!({"do": "join", "member": member, "group": "g", "topics": ["t"], "assignor": "range", "config": config});
    let settle = |label: &str| json!({"do": "settle", "group": "g", "show": ["counts"], "as": label});
    let group = |label: &str| json!({"do": "group", "group": "g", "as": label});
    let send = |value: &str| json!({"do": "send", "topic": "t", "partition": 0, "value": value});
    let script = json!([join("a"), settle("one"), join("b"), settle("two"), send("v0"), {"do": "await_records", "member": "a", "count": 1},
        {"do": "crash", "member": "a"}, {"do": "advance", "ms": 41_000}, group("not_yet_noticed"), {"do": "advance", "ms": 9_000},
        group("taken_over"), {"do": "await_records", "member": "b", "count": 1, "as": "again_from_the_commit"},
        join("c"), settle("three"), {"do": "leave", "member": "b"}, {"do": "advance", "ms": 4_000}, group("after_a_goodbye")]);
    let assignment = |of: Value, state: &str| json!({"state": state, "assignment": of});
    let observed = json!({"one": {"counts": {"a": 2}}, "two": {"counts": {"a": 1, "b": 1}},
        "not_yet_noticed": assignment(json!({"a": ["t-0"], "b": ["t-1"]}), "Stable"),
        "taken_over": assignment(json!({"b": ["t-0", "t-1"]}), "Stable"), "again_from_the_commit": {"t-0": [[0, null, "v0"]]},
        "three": {"counts": {"b": 1, "c": 1}}, "after_a_goodbye": assignment(json!({"c": ["t-0", "t-1"]}), "Stable")});
    kafka(json!({"topics": {"t": {"partitions": 2}}}), script, observed);
}

#[test]
fn g7_a_shrinking_isr_refuses_acks_all_and_freezes_what_readers_see() {
    let given = json!({"brokers": 3, "topics": {"t": {"replicas": [[0, 1, 2]], "config": {"min.insync.replicas": 2}}},
        "producers": {"all": {"acks": "all"}, "once": {"acks": "all", "retries": 0, "enable.idempotence": false},
            "patient": {"acks": "all", "delivery.timeout.ms": 60_000, "request.timeout.ms": 1_000}}});
    let send = |producer: &str, value: &str, label: &str| json!({"do": "send", "topic": "t", "partition": 0, "producer": producer, "value": value, "as": label});
    let isr = |isr: Value| json!({"do": "await_isr", "topic": "t", "isr": isr});
    let script = json!([send("all", "a", "healthy"), {"do": "kill_broker", "broker": 2}, {"do": "kill_broker", "broker": 1}, isr(json!([0])),
        send("once", "lost", "refused"), {"do": "read", "topic": "t", "as": "drained_to_the_watermark"}, {"do": "start_broker", "broker": 1},
        isr(json!([0, 1])), send("patient", "b", "resumed"), {"do": "read", "topic": "t", "as": "everything"}]);
    let read = |records: Value, position: u64| json!({"records": {"t-0": records}, "position": {"t-0": position}});
    let observed = json!({"healthy": {"partition": 0, "offset": 0}, "refused": {"error": "NotEnoughReplicasException"},
        "drained_to_the_watermark": read(json!([[0, null, "a"]]), 1), "resumed": {"partition": 0, "offset": 1},
        "everything": read(json!([[0, null, "a"], [1, null, "b"]]), 2)});
    kafka(given, script, observed);
}

#[test]
fn g8_a_slow_consumer_overtaken_by_retention_loses_more_with_latest() {
    let overtaken = |policy: &str, expected: Value| {
        let config = json!({"auto.offset.reset": policy, "max.poll.records": 50});
        let open = |member: &str| json!({"do": "open", "member": member, "group": "g", "topics": ["t"], "config": config});
        let script = json!([open("slow"), {"do": "drain", "member": "slow"},
            {"do": "send", "topic": "t", "partition": 0, "value": "v", "count": 50}, {"do": "poll", "member": "slow"},
            {"do": "commit", "member": "slow"}, {"do": "leave", "member": "slow"},
            {"do": "send", "topic": "t", "partition": 0, "value": "w", "count": 60}, {"do": "delete_records", "partition": "t-0", "before": 100},
            open("again"), {"do": "drain", "member": "again", "as": "reads"}]);
        kafka(json!({}), script, json!({"reads": expected}));
    };
    let rest: Vec<Value> = (100..110).map(|offset| json!([offset, null, "w"])).collect();
    overtaken("earliest", json!({"t-0": rest}));
    overtaken("latest", json!({}));
}

#[test]
fn g9_an_open_transaction_blocks_every_read_committed_group() {
    let given = json!({"producers": {"p": {"transactional.id": "x"}, "plain": {}}});
    let send = |producer: &str, value: &str| json!({"do": "send", "producer": producer, "topic": "t", "partition": 0, "value": value});
    let open =
        |member: &str, isolation: &str| json!({"do": "open", "member": member, "group": member, "topics": ["t"], "isolation": isolation});
    let script = json!([{"do": "init_transactions", "producer": "p"}, {"do": "begin", "producer": "p"}, send("p", "a"), send("plain", "b"),
        open("careful", "read_committed"), {"do": "drain", "member": "careful", "as": "careful_waits"},
        open("careless", "read_uncommitted"), {"do": "drain", "member": "careless", "as": "careless_reads"},
        {"do": "commit_transaction", "producer": "p"}, {"do": "advance", "ms": 500}, {"do": "drain", "member": "careful", "as": "careful_reads"}]);
    let both = json!({"t-0": [[0, null, "a"], [1, null, "b"]]});
    kafka(given, script, json!({"careful_waits": {}, "careless_reads": both, "careful_reads": both}));
}

#[test]
fn g10_a_relay_that_dies_before_the_mark_publishes_twice_and_dedupe_makes_it_harmless() {
    for (idempotency, harmless) in [("dedupe-table", true), ("none", false)] {
        let mut scenario = Scenario::plain("g10", 1);
        scenario.config.set_text("group.account-view.idempotency", idempotency).expect("a setting");
        let mut world = World::new(&scenario);
        let dies = FaultRule {
            moment: Moment::Armed { times: 1 },
            ..FaultRule::usual(FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay))
        };
        intervene(&mut world, 10_000, &Intervention::Inject(dies));
        world.run_until(SimTime::from_ms(40_000));
        drain(&mut world);
        assert_eq!(world.pending(), None, "nothing is lost");
        let bank = world.bank().expect("a bank");
        let agree = bank.accounts().iter().all(|a| a.write.map(|w| w.balance) == a.read.map(|r| r.balance));
        assert_eq!(agree, harmless, "{idempotency}");
    }
}

fn intervene(world: &mut World, at_ms: u64, intervention: &Intervention) {
    let at = SimTime::from_ms(at_ms);
    world.run_until(at);
    world.intervene(at, intervention).expect("it fits");
}

/// The clients stop, and what is under way comes to its end.
fn drain(world: &mut World) {
    let now = world.now();
    let quiet = Intervention::Set { key: Arc::from("client.commands-per-minute"), value: Arc::from("0") };
    world.intervene(now, &quiet).expect("a setting");
    world.run_until(now + 20_000_000);
}
