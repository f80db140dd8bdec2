//! Links go around whole, and damaged ones keep what can be kept.

use super::*;
use crate::fault::{FaultId, FaultKind, FaultRule, Link, Node, Target};
use crate::kernel::Prng;
use crate::scenario::{Action, Decision};

fn own(name: &str) -> Option<Scenario> {
    ["transfer", "nack"].contains(&name).then(|| Scenario::plain(name, 42))
}

fn read(fragment: &str) -> (Recording, Vec<LinkProblem>) {
    Recording::from_fragment(fragment, own, Scenario::plain("transfer", 42))
}

/// What a busy viewer does: settings, latencies, faults and their ends, decisions by hand.
fn busy(count: u64) -> Recording {
    let mut prng = Prng::stream(7, "links", 0);
    let mut at = SimTime::ZERO;
    let interventions = (0..count)
        .map(|n| {
            at += prng.below(3_000_000);
            let kind = FaultKind::all()[prng.below(FaultKind::all().len() as u64) as usize];
            let link = Link::ALL[prng.below(11) as usize];
            let intervention = match prng.below(6) {
                0 => Intervention::Set {
                    key: Arc::from(settings()[prng.below(settings().len() as u64) as usize].key.as_str()),
                    value: Arc::from(prng.below(1_000).to_string()),
                },
                1 => Intervention::Set {
                    key: Arc::from(format!("link.{link}.latency")),
                    value: Arc::from(format!("~{}ms", prng.below(900))),
                },
                2 => Intervention::Inject(FaultRule::usual(kind, Target::Node(Node::Consumer(1)))),
                3 => Intervention::Inject(FaultRule::usual(FaultKind::LinkSlow, Target::Link { link, of: None })),
                4 => Intervention::EndFault(FaultId(n as u32)),
                _ if n % 2 == 0 => Intervention::Decide { consumer: 0, decision: Decision::Ack },
                _ => Intervention::Act(Action::Kill(Node::Broker(2))),
            };
            (at, intervention)
        })
        .collect();
    Recording { scenario: Scenario::plain("nack", 7), interventions, moment: SimTime(24_180_000) }
}

#[test]
fn a_link_goes_around_whole() {
    let mut recording = busy(100);
    recording.scenario.config.set_text("producer.acks", "1").expect("valid");
    recording.scenario.config.set_text("link.produce.latency", "5ms..40ms").expect("valid");
    recording.scenario.config.set_text("topic.cleanup.policy", "compact,delete").expect("valid");
    let fragment = recording.to_fragment(own);
    assert!(fragment.contains("s=nack;n=7;t=24180000;producer.acks=1;"), "{fragment}");
    assert_eq!(read(&fragment), (recording, Vec::new()));
}

#[test]
fn a_hundred_interventions_fit_into_2048_characters() {
    let fragment = busy(100).to_fragment(own);
    assert!(fragment.len() <= 2_048 - 64, "{} characters, and the page's own address comes before", fragment.len());
}

#[test]
fn nothing_is_the_fallback_at_its_beginning() {
    let (recording, problems) = read("");
    assert_eq!((recording.scenario.name.as_ref(), recording.moment, problems.len()), ("transfer", SimTime::ZERO, 0));
}

#[test]
fn a_part_that_is_wrong_is_named_and_the_rest_is_kept() {
    let (recording, problems) = read("v1;s=nackk;n=x;t=5000000;producer.acks=7;producer.linger.ms=9;what");
    let parts: Vec<Part> = problems.iter().map(|p| p.part).collect();
    assert_eq!(parts, [Part::Scenario, Part::Seed, Part::Setting, Part::Unknown]);
    assert!(problems[2].to_string().contains("`producer.acks` cannot be `7`"), "{}", problems[2]);
    assert_eq!((recording.moment, recording.scenario.seed), (SimTime(5_000_000), 42));
    assert_eq!(recording.scenario.config.changed().count(), 1);
}

#[test]
fn settings_that_contradict_each_other_are_named_and_dropped() {
    let keys = |fragment: &str| {
        let (recording, problems) = read(fragment);
        assert!(problems.iter().all(|p| p.part == Part::Setting && p.to_string().contains("together with the others")), "{problems:?}");
        let changed: Vec<String> = recording.scenario.config.changed().map(|(setting, _)| setting.key.clone()).collect();
        (problems.len(), changed)
    };
    let delivery = "v1;s=transfer;n=42;producer.batch.size=9;producer.delivery.timeout.ms=10000";
    assert_eq!(keys(delivery), (1, vec!["producer.batch.size".to_owned()]));
    assert_eq!(keys("v1;s=transfer;producer.max.in.flight.requests.per.connection=10"), (1, Vec::new()));
    assert_eq!(keys("v1;s=transfer;group.account-view.session.timeout.ms=2000"), (1, Vec::new()));
    assert_eq!(keys("v1;s=transfer;topic.min.compaction.lag.ms=9;topic.max.compaction.lag.ms=8"), (2, Vec::new()));
    let sound = "v1;s=transfer;producer.delivery.timeout.ms=10000;producer.request.timeout.ms=5000";
    assert_eq!(keys(sound).0, 0, "what is said later counts too");
}

#[test]
fn another_version_says_so() {
    for fragment in ["nonsense", "v999;t=5", "v1.!!!!", "%"] {
        let (_, problems) = read(fragment);
        assert_eq!(problems[0].part, Part::Version, "{fragment}");
    }
}

#[test]
fn damaged_interventions_keep_those_before_the_damage() {
    let whole = busy(60);
    let fragment = whole.to_fragment(own);
    let (cut, problems) = read(&fragment[..fragment.len() - 300]);
    assert_eq!(problems[0].part, Part::Interventions);
    assert!(!cut.interventions.is_empty() && cut.interventions.len() < 60, "{}", cut.interventions.len());
    assert_eq!(cut.interventions, whole.interventions[..cut.interventions.len()]);
    assert_eq!(cut.scenario, whole.scenario);
}

#[test]
fn no_damage_is_taken_for_sound() {
    let fragment = busy(30).to_fragment(own);
    let start = fragment.find("i=").expect("there are interventions") + 2;
    for place in start..fragment.len() {
        let mut bytes = fragment.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let (recording, problems) = read(std::str::from_utf8(&bytes).expect("ASCII"));
        assert!(!problems.is_empty() || recording == busy(30), "the change at {place} passes unseen");
    }
}

#[test]
fn a_workbench_goes_around_with_its_brokers_and_its_programme() {
    let mut scenario = Scenario::plain("a case", 1);
    let mut cluster = crate::broker::ClusterConfig { brokers: 3, ..Default::default() };
    cluster.set("log.cleanup.policy", "compact,delete").expect("a setting");
    cluster.set("auto.create.topics.enable", "false").expect("a setting");
    (scenario.stage, scenario.cluster, scenario.duration_us) = (Stage::ClusterOnly, Some(cluster), 7_000_000);
    scenario.program = vec![(SimTime(5), Intervention::HealAll), (SimTime(5), Intervention::Act(Action::Kill(Node::Broker(1))))];
    let recording = Recording { scenario, interventions: busy(3).interventions, moment: SimTime(3) };
    let fragment = recording.to_fragment(own);
    assert_eq!(read(&fragment), (recording, Vec::new()), "{fragment}");
}

#[test]
fn a_bank_of_any_name_goes_around_with_its_programme() {
    let mut scenario = Scenario::plain("a case of the bank", 1);
    scenario.duration_us = 9_000_000;
    scenario.config.set_text("producer.acks", "1").expect("a setting");
    scenario.program = vec![(SimTime(5), Intervention::HealAll)];
    let recording = Recording { scenario, interventions: Vec::new(), moment: SimTime::ZERO };
    let fragment = recording.to_fragment(own);
    assert_eq!(read(&fragment), (recording, Vec::new()), "{fragment}");
}

#[test]
fn a_run_of_the_bank_is_no_longer_than_a_day() {
    let length = |us: u64| read(&format!("v1;s=x;b={us};n=1"));
    assert_eq!(length(86_400_000_000).0.scenario.duration_us, 86_400_000_000);
    for us in [0, 86_400_000_001, u64::MAX] {
        let (recording, problems) = length(us);
        assert_eq!(recording.scenario.duration_us, Scenario::plain("x", 1).duration_us);
        assert_eq!(problems, [LinkProblem { part: Part::Workbench, what: Flaw::Duration }]);
    }
}

/// What Kafka's `ConfigDef` refuses a link may not bring; what it takes may not stop time.
#[test]
fn a_workbench_with_intervals_of_nothing_runs() {
    for (name, refused) in [
        ("log.cleaner.backoff.ms", false),
        ("replica.lag.time.max.ms", false),
        ("log.retention.check.interval.ms", true),
        ("offsets.retention.check.interval.ms", true),
        ("transaction.abort.timed.out.transaction.cleanup.interval.ms", true),
        ("leader.imbalance.check.interval.seconds", true),
    ] {
        let (recording, problems) = read(&format!("v1;s=x;w=1~5000000~{name}~0;n=1"));
        let parts: Vec<Part> = problems.iter().map(|p| p.part).collect();
        assert_eq!(parts == [Part::Workbench], refused, "{name}: {problems:?}");
        let cluster = recording.scenario.cluster.expect("it has brokers");
        assert_eq!(cluster.get(name).as_deref() == Some("0"), !refused, "{name}");
    }
}

#[test]
fn a_damaged_workbench_keeps_what_can_be_kept() {
    let (recording, problems) = read("v1;s=x;w=300~5000000~no.such.name~1~num.partitions~2;n=1;p=***");
    assert_eq!(recording.scenario.stage, Stage::ClusterOnly);
    assert_eq!(recording.scenario.cluster.expect("it has brokers").get("num.partitions").as_deref(), Some("2"));
    let parts: Vec<Part> = problems.iter().map(|p| p.part).collect();
    assert_eq!(parts, [Part::Workbench, Part::Workbench, Part::Program], "{problems:?}");
}
