//! What the referee must and must not say (issue of invariants): silent under every safe setting whatever breaks, and not
//! silent where a setting is unsafe and the fault that shows it strikes. Has never heard of how the referee knows.

use std::sync::Arc;

use cqrs_lab::{
    fault::{FaultKind, FaultRule, Link, Moment, Node, Target},
    kernel::{Prng, SimTime},
    pipeline::{Intervention, World, referee::Invariant},
    scenario::{Of, Property, SHARE_GROUP_NUMBER, Scenario},
};

use super::random;

/// Until when faults are laid.
const FAULTS_UNTIL: SimTime = SimTime::from_ms(30_000);
/// Until when everything must have come to rest after all faults were ended.
const REST_AT: SimTime = SimTime::from_ms(120_000);
/// The same for a share consumer that asks for one record at a time. With `record_limit` it asks one leader at a time for records
/// and takes the next one each time (`ShareConsumeRequestManager`), and a leader that has none answers after fetch.max.wait.ms.
/// Where one partition of three has all that is left, that makes one record a second, in Kafka as here; a run leaves some hundreds.
const REST_ONE_BY_ONE_AT: SimTime = SimTime::from_ms(600_000);

/// Settings that are safe in every combination: what is broken is repaired, what is repeated does no harm.
const SAFE: [(&str, &[&str]); 15] = [
    ("client.commands-per-minute", &["60", "240", "900"]),
    ("client.completion", &["polling", "long-polling", "sse", "websocket", "push", "webhook"]),
    ("client.read-your-writes", &["none", "return-state", "min-version", "write-side"]),
    ("api.publication", &["outbox", "outbox-cdc", "event-store"]),
    ("api.relay-reads", &["published-flag", "gap-aware"]),
    ("api.snapshot-every", &["0", "1", "50"]),
    ("producer.linger.ms", &["0", "5", "100"]),
    ("topic.partitions", &["1", "3", "6"]),
    ("group.account-view.consumers", &["1", "2", "4"]),
    ("group.account-view.ackMode", &["RECORD", "BATCH", "MANUAL", "MANUAL_IMMEDIATE"]),
    ("group.account-view.max.poll.records", &["1", "10", "500"]),
    ("group.account-view.idempotency", &["dedupe-table", "versioned-upsert"]),
    ("group.transfer-history.idempotency", &["dedupe-table", "versioned-upsert"]),
    ("group.account-view.partition.assignment.strategy", &["range", "roundrobin", "sticky", "cooperative-sticky"]),
    ("group.transfer-history.listener", &["record", "batch"]),
];

/// What goes with them in every safe run: clients and listeners that do not give up, sessions that end soon, short pauses.
/// A lost JoinGroup response is noticed max.poll.interval.ms and five seconds later: with Kafka's default after five minutes.
const PATIENT: [(&str, &str); 16] = [
    ("group.account-view.max.poll.interval.ms", "20000"),
    ("group.transfer-history.max.poll.interval.ms", "20000"),
    ("group.account-view.backOff.interval", "200"),
    ("group.transfer-history.backOff.interval", "200"),
    ("group.account-view.backOff.maxAttempts", "1000000"),
    ("group.transfer-history.backOff.maxAttempts", "1000000"),
    ("client.client-retries", "100"),
    ("client.completion-timeout", "3600000"),
    ("group.account-view.session.timeout.ms", "6000"),
    ("group.transfer-history.session.timeout.ms", "6000"),
    ("group.account-view.heartbeat.interval.ms", "1000"),
    ("group.transfer-history.heartbeat.interval.ms", "1000"),
    ("group.account-view.nack-sleep", "500"),
    ("group.transfer-history.nack-sleep", "500"),
    ("group.account-view.on-failure", "nack"),
    ("group.transfer-history.on-failure", "nack"),
];

/// Faults that break a promise by themselves, however safe the settings are: they are the
/// unsafe settings' other name, or leave something waiting by
/// design: a dead letter its client, a forgotten acknowledgment its offset (D4).
fn is_a_broken_promise(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::UncleanElection
            | FaultKind::RetentionOvertakes
            | FaultKind::AckBeforeEffect
            | FaultKind::AckOutOfOrder
            | FaultKind::ListenerThrowsFatal
            | FaultKind::CrashAfterDeadLetter
            | FaultKind::AckForgotten
    )
}

/// Settings of a share group that are safe in every combination: a record that is delivered again does no harm.
const SAFE_SHARES: [(&str, &[&str]); 8] = [
    ("share.consumers", &["1", "2", "4"]),
    ("share.share.acknowledgement.mode", &["explicit", "implicit"]),
    ("share.share.acquire.mode", &["batch_optimized", "record_limit"]),
    ("share.max.poll.records", &["1", "5", "500"]),
    ("share.commit", &["poll", "commitSync", "commitAsync"]),
    ("share.release-share", &["0", "20"]),
    ("share.renew-share", &["0", "10"]),
    ("share.share.isolation.level", &["read_uncommitted", "read_committed"]),
];

/// What goes with them: locks and sessions that end soon, so that everything comes to rest.
const PATIENT_SHARES: [(&str, &str); 5] = [
    ("share.share.auto.offset.reset", "earliest"),
    // Long enough for one worker and all that waits for it: a shorter lock is no safe setting.
    ("share.share.record.lock.duration.ms", "30000"),
    ("share.share.session.timeout.ms", "6000"),
    ("share.share.heartbeat.interval.ms", "1000"),
    ("share.listener-time", "~50ms"),
];

/// The same as [`safe_runs_keep_every_promise_and_come_to_rest`] with a share group, and every other fault of a consumer on it.
pub(crate) fn safe_share_groups_keep_every_promise_and_come_to_rest(seed: u64) {
    let mut chance = Prng::stream(seed, "safe-share-run", 0);
    let mut scenario = Scenario::plain("safe-share", seed);
    for (key, value) in PATIENT.iter().chain(&PATIENT_SHARES) {
        scenario.config.set_text(key, value).expect("a setting");
    }
    for (key, values) in SAFE_SHARES.iter().chain(&SAFE[..1]) {
        scenario.config.set_text(key, values[chance.below(values.len() as u64) as usize]).expect("a setting");
    }
    let mut faults: Vec<(SimTime, FaultRule)> = Vec::new();
    while faults.len() < 8 {
        let at = SimTime(5_000_000 + chance.below(FAULTS_UNTIL.us() - 5_000_000));
        let mut rule = random::fault(&mut chance, at);
        if rule.kind.fits_share_consumer() {
            rule.target = Target::Group(SHARE_GROUP_NUMBER);
        }
        // To forget an acknowledgement ends a worker of a share group, and the record comes again.
        if !is_a_broken_promise(rule.kind) || rule.kind == FaultKind::AckForgotten {
            faults.push((at, rule));
        }
    }
    faults.sort_by_key(|(at, _)| *at);
    keeps_every_promise(&scenario, &faults);
}

/// Random faults under safe settings, then all is healed and the clients stop: the referee has said nothing, everything has
/// come to rest, and both models agree.
pub(crate) fn safe_runs_keep_every_promise_and_come_to_rest(seed: u64) {
    let mut chance = Prng::stream(seed, "safe-run", 0);
    let mut scenario = Scenario::plain("safe", seed);
    for (key, value) in PATIENT {
        scenario.config.set_text(key, value).expect("a setting");
    }
    for (key, values) in SAFE {
        let value = values[chance.below(values.len() as u64) as usize];
        scenario.config.set_text(key, value).expect("a setting");
    }
    let mut faults: Vec<(SimTime, FaultRule)> = Vec::new();
    while faults.len() < 8 {
        let at = SimTime(5_000_000 + chance.below(FAULTS_UNTIL.us() - 5_000_000));
        let rule = random::fault(&mut chance, at);
        if !is_a_broken_promise(rule.kind) {
            faults.push((at, rule));
        }
    }
    faults.sort_by_key(|(at, _)| *at);
    keeps_every_promise(&scenario, &faults);
}

/// Whether workers of the share group get one record at a time, and from one leader at a time.
fn is_one_by_one(scenario: &Scenario) -> bool {
    let config = &scenario.config;
    config.count(Property::ShareConsumers, Of::Only) > 0
        && config.choice(Property::ShareAcquireMode, Of::Only) == "record_limit"
        && config.count(Property::ShareMaxPollRecords, Of::Only) == 1
}

fn keeps_every_promise(scenario: &Scenario, faults: &[(SimTime, FaultRule)]) {
    let seed = scenario.seed;
    let mut world = World::new(scenario);
    for (at, rule) in faults {
        world.run_until(*at);
        let _ = world.intervene(*at, &Intervention::Inject(*rule));
    }
    world.run_until(FAULTS_UNTIL);
    world.intervene(FAULTS_UNTIL, &Intervention::HealAll).expect("healing always fits");
    set(&mut world, "client.commands-per-minute", "0");
    set(&mut world, "client.queries-per-minute", "0");
    world.run_until(REST_AT);
    while is_one_by_one(scenario) && world.pending().is_some() && world.now() < REST_ONE_BY_ONE_AT {
        let next = world.now() + 10_000_000;
        world.run_until(next);
    }
    let story = || {
        let changed: Vec<String> = scenario.config.changed().map(|(s, v)| format!("{}={v}", s.key)).collect();
        let faults: Vec<String> = faults.iter().map(|(at, r)| format!("{at} {} on {} {:?}", r.kind, r.target, r.moment)).collect();
        let violations: Vec<String> = world.violations().iter().take(8).map(|v| format!("{} {v}", v.at)).collect();
        format!("run {seed}\n{changed:#?}\n{faults:#?}\n{violations:#?}")
    };
    assert!(world.violations().is_empty(), "{}", story());
    assert_eq!(world.pending(), None, "{}", story());
    for pair in world.bank().expect("a bank").accounts() {
        assert_eq!(pair.write.map(|w| w.balance), pair.read.map(|r| r.balance), "account {} in {}", pair.id, story());
    }
}

/// An unsafe way to work, and the fault that shows that it is.
pub(crate) struct Unsafe {
    /// For the message of a failing test.
    pub(crate) name: &'static str,
    settings: &'static [(&'static str, &'static str)],
    faults: fn() -> Vec<(u64, FaultRule)>,
    breaks: Invariant,
}

fn armed(kind: FaultKind, target: Target) -> FaultRule {
    FaultRule { moment: Moment::Armed { times: 1 }, ..FaultRule::usual(kind, target) }
}

fn lasting(kind: FaultKind, target: Target, until_ms: u64) -> FaultRule {
    FaultRule { moment: Moment::Lasting { until: Some(SimTime::from_ms(until_ms)) }, ..FaultRule::usual(kind, target) }
}

fn link(link: Link) -> Target {
    Target::Link { link, of: None }
}

/// The bank's share group.
const SHARES: Target = Target::Group(SHARE_GROUP_NUMBER);

/// Every unsafe setting that there is, each with what it breaks.
pub(crate) const UNSAFE: [Unsafe; 24] = [
    Unsafe {
        name: "no idempotency key, and a worker dies between the notice and its acknowledgement",
        settings: &[("share.consumers", "2"), ("share.share.acknowledgement.mode", "explicit"), ("share.idempotency-key", "false")],
        faults: || vec![(10_000, armed(FaultKind::CrashAfterEffect, SHARES))],
        breaks: Invariant::NoEffectTwice,
    },
    Unsafe {
        name: "no idempotency key, and a worker stalls past its lock",
        settings: &[
            ("share.consumers", "2"),
            ("share.share.acknowledgement.mode", "explicit"),
            ("share.share.record.lock.duration.ms", "2000"),
            ("share.idempotency-key", "false"),
        ],
        faults: || vec![(10_000, lasting(FaultKind::ConsumerStalled, Target::Node(Node::ShareConsumer(0)), 18_000))],
        breaks: Invariant::NoEffectTwice,
    },
    Unsafe {
        name: "no idempotency key, and a worker forgets to acknowledge",
        settings: &[("share.consumers", "2"), ("share.share.acknowledgement.mode", "explicit"), ("share.idempotency-key", "false")],
        faults: || vec![(10_000, armed(FaultKind::AckForgotten, SHARES))],
        breaks: Invariant::NoEffectTwice,
    },
    Unsafe {
        name: "no idempotency key, and the relay crashes",
        settings: &[("share.consumers", "2"), ("share.idempotency-key", "false")],
        faults: || vec![(10_000, armed(FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay)))],
        breaks: Invariant::NoEffectTwice,
    },
    Unsafe {
        name: "a worker that accepts before its work",
        settings: &[("share.consumers", "2"), ("share.listener-time", "500ms")],
        faults: || {
            let first = lasting(FaultKind::AckBeforeEffect, SHARES, 16_000);
            vec![(8_000, first), (10_000, lasting(FaultKind::ConsumerKilled, SHARES, 14_000))]
        },
        breaks: Invariant::EveryEventAccounted,
    },
    Unsafe {
        name: "retention that does not wait for a stopped share group",
        settings: &[("share.consumers", "2"), ("group.account-view.consumers", "1")],
        faults: || {
            let stopped = lasting(FaultKind::ConsumerStopped, SHARES, 20_000);
            vec![(10_000, stopped), (15_000, FaultRule::usual(FaultKind::RetentionOvertakes, Target::Cluster))]
        },
        breaks: Invariant::EveryEventAccounted,
    },
    Unsafe {
        name: "publish after commit",
        settings: &[("api.publication", "after-commit")],
        faults: || vec![(10_000, armed(FaultKind::ApiCrashAfterCommit, Target::Node(Node::Api)))],
        breaks: Invariant::NoChangeWithoutEvent,
    },
    Unsafe {
        name: "publish inside the transaction",
        settings: &[("api.publication", "inside-transaction")],
        faults: || vec![(10_000, armed(FaultKind::CommitFails, Target::Node(Node::WriteDb)))],
        breaks: Invariant::NoEventWithoutChange,
    },
    Unsafe {
        name: "a relay that reads by the last id",
        settings: &[("api.relay-reads", "last-id"), ("client.commands-per-minute", "6000"), ("api.relay-poll-interval", "1")],
        faults: Vec::new,
        breaks: Invariant::NoChangeWithoutEvent,
    },
    Unsafe {
        name: "an event store that is read by the last id",
        settings: &[
            ("api.publication", "event-store"),
            ("api.relay-reads", "last-id"),
            ("client.commands-per-minute", "6000"),
            ("api.relay-poll-interval", "1"),
        ],
        faults: Vec::new,
        breaks: Invariant::NoChangeWithoutEvent,
    },
    Unsafe {
        name: "several relays side by side",
        settings: &[
            ("api.relays", "4"),
            ("api.relay-batch-size", "5"),
            ("client.commands-per-minute", "6000"),
            ("client.accounts", "2"),
            ("link.relay-write-db.latency", "1ms..40ms"),
        ],
        faults: Vec::new,
        breaks: Invariant::OrderPerKey,
    },
    Unsafe {
        name: "the offset with the view, and the relay crashes",
        settings: &[("group.account-view.idempotency", "offset-with-view")],
        faults: || vec![(10_000, armed(FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay)))],
        breaks: Invariant::NoEffectTwice,
    },
    Unsafe {
        name: "change capture without idempotent projections",
        settings: &[("api.publication", "outbox-cdc"), ("group.transfer-history.idempotency", "none")],
        faults: || vec![(10_000, armed(FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay)))],
        breaks: Invariant::ViewEqualsFold,
    },
    Unsafe {
        name: "no idempotent projection, and its consumer crashes",
        settings: &[("group.account-view.idempotency", "none"), ("group.account-view.session.timeout.ms", "6000")],
        faults: || vec![(10_000, armed(FaultKind::CrashAfterEffect, Target::Group(0)))],
        breaks: Invariant::NoEffectTwice,
    },
    Unsafe {
        name: "no idempotent projection, and the relay crashes",
        settings: &[("group.account-view.idempotency", "none")],
        faults: || vec![(10_000, armed(FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay)))],
        breaks: Invariant::ViewEqualsFold,
    },
    Unsafe {
        name: "no idempotency key",
        settings: &[("api.idempotency-key", "false"), ("client.completion", "polling")],
        faults: || vec![(10_000, armed(FaultKind::ResponseLost, link(Link::ClientApi)))],
        breaks: Invariant::NoEffectTwice,
    },
    Unsafe {
        name: "no idempotency key, and the retry of a withdrawal finds the account emptied by it",
        settings: &[
            ("api.idempotency-key", "false"),
            ("client.completion", "polling"),
            ("client.accounts", "2"),
            ("client.opening-balance", "50"),
            ("client.deposit-share", "0"),
            ("client.withdraw-share", "100"),
        ],
        faults: || vec![(1, lasting(FaultKind::ResponseLost, link(Link::ClientApi), 8_000))],
        breaks: Invariant::OutcomeLearned,
    },
    Unsafe {
        name: "acknowledge before the effect",
        settings: &[("group.account-view.session.timeout.ms", "6000"), ("group.account-view.listener-time", "300ms")],
        faults: || {
            let effect = lasting(FaultKind::AckBeforeEffect, Target::Group(0), 14_000);
            vec![(8_000, effect), (10_000, lasting(FaultKind::ConsumerKilled, Target::Group(0), 14_000))]
        },
        breaks: Invariant::EveryEventAccounted,
    },
    Unsafe {
        name: "retention that does not wait for a stopped group",
        settings: &[],
        faults: || {
            let stopped = lasting(FaultKind::ConsumerStopped, Target::Group(1), 20_000);
            vec![(10_000, stopped), (15_000, FaultRule::usual(FaultKind::RetentionOvertakes, Target::Cluster))]
        },
        breaks: Invariant::EveryEventAccounted,
    },
    Unsafe {
        name: "notices without a look at the status",
        settings: &[("client.sse-reread-on-reconnect", "false"), ("client.completion-timeout", "10000")],
        faults: || vec![(10_000, armed(FaultKind::CompletionDropped, Target::AnyClient))],
        breaks: Invariant::OutcomeLearned,
    },
    Unsafe {
        name: "pushes that are now or never, without a look at the status",
        settings: &[
            ("client.completion", "push"),
            ("client.push-ttl", "0"),
            ("client.sse-reread-on-reconnect", "false"),
            ("client.completion-timeout", "10000"),
        ],
        faults: || vec![(10_000, armed(FaultKind::CompletionDropped, Target::AnyClient))],
        breaks: Invariant::OutcomeLearned,
    },
    Unsafe {
        name: "a websocket without a look at the status",
        settings: &[
            ("client.completion", "websocket"),
            ("client.sse-reread-on-reconnect", "false"),
            ("client.completion-timeout", "10000"),
        ],
        faults: || vec![(10_000, armed(FaultKind::CompletionDropped, Target::AnyClient))],
        breaks: Invariant::OutcomeLearned,
    },
    Unsafe {
        name: "records without a key",
        settings: &[("producer.record-key", "none"), ("client.commands-per-minute", "6000"), ("client.accounts", "2")],
        faults: || vec![(10_000, lasting(FaultKind::ConsumerStopped, Target::Group(0), 14_000))],
        breaks: Invariant::OrderPerKey,
    },
    Unsafe {
        name: "acks of the leader alone",
        settings: &[("producer.acks", "1"), ("producer.enable.idempotence", "false"), ("client.commands-per-minute", "600")],
        faults: || {
            let replication = Target::Link { link: Link::Replication, of: Some(Node::Broker(1)) };
            let killed = lasting(FaultKind::BrokerKilled, Target::Node(Node::Broker(1)), 20_000);
            vec![(10_000, lasting(FaultKind::LinkSevered, replication, 14_000)), (12_000, killed)]
        },
        breaks: Invariant::AcknowledgedSurvives,
    },
];

/// The referee says what an unsafe setting breaks, in one of a few runs.
pub(crate) fn unsafe_settings_break_their_promise(case: &Unsafe) {
    let broken = |seed: u64| {
        let mut scenario = Scenario::plain("unsafe", seed);
        for (key, value) in case.settings {
            scenario.config.set_text(key, value).expect("a setting");
        }
        let mut world = World::new(&scenario);
        for (ms, rule) in (case.faults)() {
            let at = SimTime::from_ms(ms);
            world.run_until(at);
            world.intervene(at, &Intervention::Inject(rule)).expect("the fault fits");
        }
        world.run_until(SimTime::from_ms(40_000));
        world.referee().count(case.breaks) > 0
    };
    assert!((0..4).any(broken), "{} does not break {}", case.name, case.breaks.name());
}

fn set(world: &mut World, key: &str, value: &str) {
    let now = world.now();
    world.intervene(now, &Intervention::Set { key: Arc::from(key), value: Arc::from(value) }).expect("a setting");
}
