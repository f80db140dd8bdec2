//! The tables of C10 to C14. A row reads "members: topics", "what they own", "what they get".

use crate::kernel::SortedMap;
use std::sync::Arc;

use super::{Assignor, java};
use crate::broker::{BrokerId, Metadata, Subscription, TopicId, TopicMetadata, TopicPartition};

/// `"t1:3 t2:2"` as metadata. Ids run against the order of names, so that sorting by id shows.
fn topics(text: &str) -> Metadata {
    let mut metadata = Metadata::default();
    let parts: Vec<&str> = text.split_whitespace().collect();
    for (place, part) in parts.iter().enumerate() {
        let (name, count) = part.split_once(':').expect("name:count");
        let partitions = vec![(Some(BrokerId(0)), 0); count.parse().expect("a count")];
        metadata.topics.insert(Arc::from(name), TopicMetadata { id: TopicId((parts.len() - place) as u32), partitions });
    }
    metadata
}

fn partition(metadata: &Metadata, text: &str) -> TopicPartition {
    let (name, number) = text.rsplit_once('-').expect("topic-number");
    TopicPartition { topic: metadata.topics[name].id, partition: number.parse().expect("a number") }
}

/// A member: `id[@instance][/generation][{topics}][=owned owned]`.
fn member(metadata: &Metadata, text: &str) -> (Arc<str>, Option<Arc<str>>, Subscription) {
    let (head, owned) = text.split_once('=').unwrap_or((text, ""));
    let (head, wanted) = head.split_once('{').unwrap_or((head, ""));
    let (head, generation) = head.split_once('/').unwrap_or((head, ""));
    let (id, instance) = head.split_once('@').unwrap_or((head, ""));
    let wanted: Vec<&str> = wanted.trim_end_matches('}').split_whitespace().collect();
    let all = || metadata.topics.keys().cloned().collect();
    let subscription = Subscription {
        topics: if wanted.is_empty() { all() } else { wanted.iter().map(|t| Arc::from(*t)).collect() },
        owned: owned.split_whitespace().map(|p| partition(metadata, p)).collect(),
        generation: generation.parse().ok(),
    };
    (Arc::from(id), (!instance.is_empty()).then(|| Arc::from(instance)), subscription)
}

fn shown(metadata: &Metadata, assignment: SortedMap<Arc<str>, Vec<TopicPartition>>) -> String {
    let name = |p: &TopicPartition| {
        let (name, _) = metadata.topics.iter().find(|(_, t)| t.id == p.topic).expect("a known topic");
        (name.clone(), p.partition)
    };
    let share = |partitions: &Vec<TopicPartition>| {
        let mut names: Vec<_> = partitions.iter().map(name).collect();
        names.sort();
        names.iter().map(|(t, n)| format!("{t}-{n}")).collect::<Vec<_>>().join(" ")
    };
    assignment.iter().map(|(id, p)| format!("{id}={}", share(p))).collect::<Vec<_>>().join("; ")
}

fn check(rule: &str, assignor: Assignor, topic_counts: &str, members: &[&str], expected: &str) {
    let metadata = topics(topic_counts);
    let members: Vec<_> = members.iter().map(|m| member(&metadata, m)).collect();
    assert_eq!(shown(&metadata, assignor.assign(&metadata, &members)), expected, "{rule}");
}

#[test]
fn c10_ids_sort_as_strings() {
    let members: Vec<String> = (1..=12).map(|n| format!("consumer-g-{n}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let expected = "consumer-g-1=t-0; consumer-g-10=t-1; consumer-g-11=t-2; consumer-g-12=t-3; consumer-g-2=t-4; \
                    consumer-g-3=t-5; consumer-g-4=t-6; consumer-g-5=t-7; consumer-g-6=t-8; consumer-g-7=t-9; \
                    consumer-g-8=t-10; consumer-g-9=t-11";
    for assignor in Assignor::ALL {
        check("C10", assignor, "t:12", &members, expected);
    }
}

#[test]
fn c11_range() {
    let range = |rule, t, m: &[&str], e| check(rule, Assignor::Range, t, m, e);
    range("R1", "t1:3", &["consumer1"], "consumer1=t1-0 t1-1 t1-2");
    range("R2", "t1:1", &["consumer1", "consumer2"], "consumer1=t1-0; consumer2=");
    range("R3", "t1:2", &["consumer1", "consumer2"], "consumer1=t1-0; consumer2=t1-1");
    range("R4", "t1:3 t2:2", &["c1{t1}", "c2{t1 t2}", "c3{t1}"], "c1=t1-0; c2=t1-1 t2-0 t2-1; c3=t1-2");
    range("R5", "t1:3 t2:3", &["c1", "c2"], "c1=t1-0 t1-1 t2-0 t2-1; c2=t1-2 t2-2");
    range("R6", "t1:3 t2:3", &["a@instance2", "b@instance1"], "a=t1-2 t2-2; b=t1-0 t1-1 t2-0 t2-1");
    range("R7", "t1:3 t2:3", &["a", "b@instance1"], "a=t1-2 t2-2; b=t1-0 t1-1 t2-0 t2-1");
    let four = ["m1@i1", "m2@i2", "m3@i3", "consumer4"];
    range("R8", "t1:5 t2:4", &four, "consumer4=t1-4 t2-3; m1=t1-0 t1-1 t2-0; m2=t1-2 t2-1; m3=t1-3 t2-2");
    let nine = "c1=t1-0 t1-1 t2-0 t2-1 t2-2 t3-0; c2=t1-2 t1-3 t2-3 t2-4 t3-1; c3=t1-4 t1-5 t2-5 t2-6";
    range("R9", "t1:6 t2:7 t3:2", &["c1", "c2", "c3"], nine);
    range("R10", "orders:4", &["c0", "c1", "c2"], "c0=orders-0 orders-1; c1=orders-2; c2=orders-3");
    range("R11", "o:6", &["c0", "c1", "c2", "c3"], "c0=o-0 o-1; c1=o-2 o-3; c2=o-4; c3=o-5");
    let twelve = "c0=o-0 o-1 o-2; c1=o-3 o-4 o-5; c2=o-6 o-7; c3=o-8 o-9; c4=o-10 o-11";
    range("R12", "o:12", &["c0", "c1", "c2", "c3", "c4"], twelve);
    let fifteen: Vec<String> = (0..15).map(|n| format!("m{n:02}")).collect();
    let fifteen: Vec<&str> = fifteen.iter().map(String::as_str).collect();
    let share = |n: usize| if n < 5 { format!("m{n:02}=a-{n} b-{n} c-{n}") } else { format!("m{n:02}=") };
    range("R13", "a:5 b:5 c:5", &fifteen, &(0..15).map(share).collect::<Vec<_>>().join("; "));
}

#[test]
fn c12_round_robin() {
    let turn = |rule, t, m: &[&str], e| check(rule, Assignor::RoundRobin, t, m, e);
    turn("RR1", "topic:3", &["c"], "c=topic-0 topic-1 topic-2");
    turn("RR2", "topic:2", &["c1", "c2"], "c1=topic-0; c2=topic-1");
    turn("RR3", "t1:3 t2:2", &["c1{t1}", "c2{t1 t2}", "c3{t1}"], "c1=t1-0; c2=t1-1 t2-0 t2-1; c3=t1-2");
    turn("RR4", "t1:3 t2:3", &["c1", "c2"], "c1=t1-0 t1-2 t2-1; c2=t1-1 t2-0 t2-2");
    let four = ["m1@i1", "m2@i2", "m3@i3", "c4"];
    turn("RR5", "t1:3 t2:3", &four, "c4=t2-0; m1=t1-0 t2-1; m2=t1-1 t2-2; m3=t1-2");
    turn("RR6", "t1:5 t2:5", &four[..3], "m1=t1-0 t1-3 t2-1 t2-4; m2=t1-1 t1-4 t2-2; m3=t1-2 t2-0 t2-3");
    turn("RR7", "t0:1 t1:2 t2:3", &["c0{t0}", "c1{t0 t1}", "c2"], "c0=t0-0; c1=t1-0; c2=t1-1 t2-0 t2-1 t2-2");
    turn("RR8", "t1:2 t2:1 t3:2 t4:1 t5:2", &RR8, "c1=t1-0 t3-0 t5-0; c2=t1-1 t3-1 t5-1; c3=; c4=t2-0 t4-0");
    turn("RR9", "o:7", &["c0", "c1", "c2"], "c0=o-0 o-3 o-6; c1=o-1 o-4; c2=o-2 o-5");
    turn("RR10", "a:2 b:2 c:2", &["c0", "c1", "c2", "c3"], "c0=a-0 c-0; c1=a-1 c-1; c2=b-0; c3=b-1");
}

const RR8: [&str; 4] = ["c1", "c2{t1 t3 t5}", "c3{t1 t3 t5}", "c4"];

#[test]
fn c13_the_order_of_java_maps() {
    let order = |keys: &[&str]| java::hash_map_order(keys).iter().map(|i| keys[*i].to_owned()).collect::<Vec<_>>();
    assert_eq!(order(&["c0", "c1", "c2", "c3"]), ["c3", "c0", "c1", "c2"]);
    assert_eq!(order(&["consumer1", "consumer2", "consumer3"]), ["consumer3", "consumer2", "consumer1"]);
    assert_eq!(order(&["B", "C", "A"]), ["A", "B", "C"]);
    assert_eq!(java::java_hash("c0"), 3117);
}

#[test]
fn d10_the_order_of_java_maps_of_partitions() {
    let order = |partitions: &[&str]| {
        let calls = partitions.iter().map(|name| {
            let (topic, number) = name.rsplit_once('-').expect("topic-number");
            (*name, java::partition_hash(topic, number.parse().expect("a number")))
        });
        java::compute_if_absent_order(calls).join(" ")
    };
    // As OpenJDK 17 gives them.
    assert_eq!(order(&["t-0", "t-1", "u-0", "u-1"]), "t-1 u-1 t-0 u-0", "t-0 and u-1 share a bucket: the newest first");
    assert_eq!(order(&["t-1", "u-1", "t-0", "u-0"]), "t-1 t-0 u-1 u-0");
    let thirteen: Vec<String> = (0..13).map(|n| format!("t-{n}")).collect();
    let mut calls: Vec<&str> = thirteen.iter().map(String::as_str).collect();
    assert_eq!(order(&calls), "t-5 t-4 t-3 t-2 t-1 t-0 t-12 t-11 t-10 t-9 t-8 t-7 t-6");
    calls.push("t-12");
    assert_eq!(
        order(&calls),
        "t-12 t-11 t-10 t-9 t-8 t-7 t-6 t-5 t-4 t-3 t-2 t-1 t-0",
        "one more call, and the map has thirty-two buckets"
    );
}

/// Runs rebalances of cooperative-sticky until nothing changes, the owned partitions carried over, and checks each round.
fn cooperative(rule: &str, topic_counts: &str, members: &[&str], rounds: &[&str]) {
    let metadata = topics(topic_counts);
    let mut members: Vec<_> = members.iter().map(|m| member(&metadata, m)).collect();
    for (round, expected) in rounds.iter().enumerate() {
        let assignment = Assignor::CooperativeSticky.assign(&metadata, &members);
        assert_eq!(shown(&metadata, assignment.clone()), *expected, "{rule}, round {}", round + 1);
        for (id, _, subscription) in &mut members {
            subscription.owned = assignment[id].clone();
            subscription.generation = Some(100 + round as u32);
        }
    }
}

#[test]
fn c13_cooperative_sticky() {
    cooperative(
        "CS1",
        "t:3",
        &["consumer1/1=t-0 t-1 t-2", "consumer2"],
        &["consumer1=t-0 t-1; consumer2=", "consumer1=t-0 t-1; consumer2=t-2"],
    );
    cooperative("CS2", "t:4", &["c0/1=t-0 t-1 t-2 t-3", "c1"], &["c0=t-0 t-1; c1=", "c0=t-0 t-1; c1=t-2 t-3"]);
    let cs3 = ["c0/1=t-0 t-2 t-4", "c1/1=t-1 t-3 t-5", "c2"];
    cooperative("CS3", "t:6", &cs3, &["c0=t-0 t-2; c1=t-1 t-3; c2=", "c0=t-0 t-2; c1=t-1 t-3; c2=t-4 t-5"]);
    cooperative("CS4", "t:4", &["c0/1=t-0 t-2", "c1/1=t-1 t-3", "c2"], &["c0=t-0 t-2; c1=t-1; c2=", "c0=t-0 t-2; c1=t-1; c2=t-3"]);
    let cs5 = ["consumer1/1=t1-0 t2-0", "consumer2/1=t1-1 t2-1", "consumer3"];
    let cs5_rounds = ["consumer1=t1-0; consumer2=t1-1 t2-1; consumer3=", "consumer1=t1-0; consumer2=t1-1 t2-1; consumer3=t2-0"];
    cooperative("CS5", "t1:2 t2:2", &cs5, &cs5_rounds);
    cooperative("CS6", "t:6", &["c0/1=t-0 t-3", "c2/1=t-2 t-5"], &["c0=t-0 t-1 t-3; c2=t-2 t-4 t-5"; 2]);
    cooperative("CS7", "t:5", &["c0/1=t-0 t-2", "c1/1=t-1"], &["c0=t-0 t-2 t-4; c1=t-1 t-3"; 2]);
    cooperative("CS8", "t:4", &["c0/1=t-0 t-1", "c1/1=t-2", "c2"], &["c0=t-0 t-1; c1=t-2; c2=t-3"; 2]);
    cooperative("CS9", "t:3", &["c0/1=t-0", "c1/1=t-1", "c2/1=t-2", "c3"], &["c0=t-0; c1=t-1; c2=t-2; c3="; 2]);
    cooperative("CS10", "t:3", &["c1/1=t-0 t-1", "c2/1=t-0 t-2", "c3"], &["c1=t-1; c2=t-2; c3=", "c1=t-1; c2=t-2; c3=t-0"]);
    let cs11 = ["consumer1/1=t1-0 t1-2 t2-1 t2-3", "consumer2/1=t1-1 t2-0 t2-2", "consumer3", "consumer4"];
    let kept = "consumer1=t1-0 t2-1; consumer2=t1-1 t2-0;";
    let cs11_rounds = [format!("{kept} consumer3=; consumer4="), format!("{kept} consumer3=t1-2 t2-3; consumer4=t2-2")];
    cooperative("CS11", "t1:3 t2:4", &cs11, &[&cs11_rounds[0], &cs11_rounds[1]]);
    let cs12 = ["consumer3/2=t1-2 t2-3", "consumer4/2=t2-2"];
    cooperative("CS12", "t1:3 t2:4", &cs12, &["consumer3=t1-0 t1-2 t2-1 t2-3; consumer4=t1-1 t2-0 t2-2"; 2]);
    let cs13 = ["c0/1=t-0 t-4 t-8", "c1/1=t-1 t-5 t-9", "c2/1=t-2 t-6 t-10", "c3/1=t-3 t-7 t-11", "c4"];
    let kept = "c0=t-0 t-4 t-8; c1=t-1 t-5; c2=t-2 t-6; c3=t-3 t-7 t-11; c4=";
    cooperative("CS13", "t:12", &cs13, &[kept, &format!("{kept}t-9 t-10")]);
    let cs14 = ["A/1=t-0 t-1 t-2", "B/1=t-3 t-4 t-5", "C"];
    cooperative("CS14", "t:6", &cs14, &["A=t-0 t-1; B=t-3 t-4; C=", "A=t-0 t-1; B=t-3 t-4; C=t-2 t-5"]);
    cooperative("CS15", "t:3", &["c0/5=t-0 t-1", "c1/4=t-1 t-2"], &["c0=t-0 t-1; c1=t-2"; 2]);
    let cs16 = ["c0/1=t-0 t-1 t-2 t-3 t-4 t-5", "c1", "c2"];
    cooperative("CS16", "t:6", &cs16, &["c0=t-0 t-1; c1=; c2=", "c0=t-0 t-1; c1=t-2 t-4; c2=t-3 t-5"]);
}

#[test]
fn c13_sticky_hands_over_at_once() {
    check("CS2 eager", Assignor::Sticky, "t:4", &["c0/1=t-0 t-1 t-2 t-3", "c1"], "c0=t-0 t-1; c1=t-2 t-3");
}

#[test]
fn c14_unequal_subscriptions() {
    let sticky = |rule, t, m: &[&str], e| check(rule, Assignor::Sticky, t, m, e);
    sticky("C14 first", "t1:3 t2:2", &["c1{t1}", "c2", "c3{t1}"], "c1=t1-0 t1-2; c2=t2-0 t2-1; c3=t1-1");
    let rr8 = "c1=t2-0 t3-0; c2=t1-0 t3-1; c3=t1-1 t5-0; c4=t4-0 t5-1";
    sticky("C14 second", "t1:2 t2:1 t3:2 t4:1 t5:2", &RR8, rr8);
    sticky("C14 third", "t0:1 t1:2 t2:3", &["c0{t0}", "c1{t0 t1}", "c2"], "c0=t0-0; c1=t1-0 t1-1; c2=t2-0 t2-1 t2-2");
}

#[test]
fn c14_cooperative_withholds_what_changes_hands() {
    let members = ["c1/1{t1}=t1-0 t1-1 t1-2", "c2/1=t2-0", "c3{t1}"];
    cooperative("C14", "t1:3 t2:1", &members, &["c1=t1-1 t1-2; c2=t2-0; c3=", "c1=t1-1 t1-2; c2=t2-0; c3=t1-0"]);
}
