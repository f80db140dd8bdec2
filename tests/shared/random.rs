//! Runs by chance: a scenario with random settings and random interventions, all from one number.
//!
//! Has never heard of what must hold for them.

use std::sync::Arc;

use cqrs_lab::{
    fault::{FaultKind, FaultRule, Link, Moment, MomentKind, Node, Target, TargetKind},
    kernel::{Prng, SimTime},
    pipeline::{Action, Intervention},
    scenario::{GROUPS, Scenario},
};

/// How long the random runs are.
pub(crate) const RUN: SimTime = SimTime::from_ms(30_000);

/// Interventions of one run.
const INTERVENTIONS: u64 = 24;

/// Settings that a random run may begin with, each with some of its values.
pub(crate) const SETTINGS: [(&str, &[&str]); 16] = [
    ("api.publication", &["outbox", "inside-transaction", "after-commit", "outbox-cdc", "event-store"]),
    ("producer.acks", &["all", "1", "0"]),
    ("producer.linger.ms", &["0", "5", "100"]),
    ("topic.partitions", &["1", "3", "6"]),
    ("client.commands-per-minute", &["30", "120", "900"]),
    ("client.completion", &["polling", "long-polling", "sse", "websocket", "push", "email", "webhook"]),
    ("group.account-view.consumers", &["1", "2", "4"]),
    ("group.account-view.ackMode", &["RECORD", "BATCH", "MANUAL", "MANUAL_IMMEDIATE"]),
    ("group.account-view.max.poll.records", &["1", "10", "500"]),
    ("group.account-view.on-failure", &["throw", "nack"]),
    ("group.account-view.idempotency", &["none", "dedupe-table", "versioned-upsert", "offset-with-view"]),
    ("group.account-view.partition.assignment.strategy", &["range", "roundrobin", "sticky", "cooperative-sticky"]),
    ("group.transfer-history.consumers", &["1", "3"]),
    ("group.transfer-history.listener", &["record", "batch"]),
    ("group.transfer-history.commonErrorHandler", &["DefaultErrorHandler", "CommonLoggingErrorHandler"]),
    ("group.transfer-history.session.timeout.ms", &["6000", "45000"]),
];

/// The scenario and the interventions of random run number `seed`, ascending by time.
pub(crate) fn run(seed: u64) -> (Scenario, Vec<(SimTime, Intervention)>) {
    let mut chance = Prng::stream(seed, "random-run", 0);
    let mut scenario = Scenario::plain("random", seed);
    for (key, values) in SETTINGS {
        if chance.chance(1, 2) {
            scenario.config.set_text(key, pick(&mut chance, values)).expect("the table names settings and values that there are");
        }
    }
    let inputs = instants(&mut chance, INTERVENTIONS).into_iter().map(|at| (at, intervention(&mut chance, at))).collect();
    (scenario, inputs)
}

/// An intervention for that instant; it may not fit the world as it is then.
pub(crate) fn intervention(chance: &mut Prng, at: SimTime) -> Intervention {
    match chance.below(10) {
        0..6 => Intervention::Inject(fault(chance, at)),
        6 => {
            let (key, values) = pick(chance, &SETTINGS);
            Intervention::Set { key: Arc::from(key), value: Arc::from(pick(chance, values)) }
        }
        7 => Intervention::Act(Action::Scale { group: group(chance), consumers: chance.below(4) as u32 }),
        8 if chance.chance(1, 4) => Intervention::Act(Action::RebuildView { group: group(chance) }),
        8 => Intervention::Act(pick(chance, &[Action::Kill, Action::Stop, Action::Start])(node(chance))),
        _ => Intervention::HealAll,
    }
}

/// So many instants of the run, ascending.
fn instants(chance: &mut Prng, count: u64) -> Vec<SimTime> {
    let mut instants: Vec<_> = (0..count).map(|_| SimTime(chance.below(RUN.us()))).collect();
    instants.sort();
    instants
}

/// A fault that fits its target, laid at `at`; most of them end by themselves, within ten seconds.
pub(crate) fn fault(chance: &mut Prng, at: SimTime) -> FaultRule {
    let kind = pick(chance, FaultKind::all());
    let mut rule = FaultRule::usual(kind, target(chance, kind.target_kind()));
    let fits = |kind: MomentKind| rule.kind.fits_moment(kind);
    rule.moment = match chance.below(3) {
        0 if fits(MomentKind::Immediate) => Moment::Immediate,
        1 if fits(MomentKind::Armed) => Moment::Armed { times: 1 + chance.below(3) as u32 },
        _ if fits(MomentKind::Lasting) => Moment::Lasting { until: Some(at + chance.below(10_000_000)) },
        _ => rule.moment,
    };
    rule
}

fn target(chance: &mut Prng, kind: TargetKind) -> Target {
    match kind {
        TargetKind::Link => Target::Link { link: pick(chance, &Link::ALL), of: None },
        TargetKind::Consumer => pick(chance, &[Target::AnyConsumer, Target::Group(0), Target::Group(1)]),
        TargetKind::Client => Target::AnyClient,
        TargetKind::Cluster => Target::Cluster,
        TargetKind::Api => Target::Node(Node::Api),
        TargetKind::Relay => Target::Node(Node::Relay),
        TargetKind::Publisher => Target::Node(pick(chance, &[Node::Api, Node::Relay])),
        TargetKind::WriteDb => Target::Node(Node::WriteDb),
        TargetKind::ReadDb => Target::Node(Node::ReadDb),
        TargetKind::Query => Target::Node(Node::Query),
        TargetKind::Broker => Target::Node(Node::Broker(1 + chance.below(3) as u32)),
    }
}

fn node(chance: &mut Prng) -> Node {
    let number = chance.below(3) as u32;
    pick(chance, &[Node::Api, Node::Relay, Node::Broker(1 + number), Node::Consumer(number)])
}

fn group(chance: &mut Prng) -> u32 {
    chance.below(GROUPS.len() as u64) as u32
}

fn pick<T: Copy>(chance: &mut Prng, of: &[T]) -> T {
    of[chance.below(of.len() as u64) as usize]
}
