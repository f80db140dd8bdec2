//! No sequence of produce, crash and election loses a record acknowledged under acks=all with min.insync.replicas of 2 and
//! unclean election off. Has never heard of how replication works inside.

use std::collections::BTreeMap;
use std::sync::Arc;

use cqrs_lab::{
    broker::ClusterConfig,
    fault::{FaultKind, FaultRule, Link, Moment, Node, Target},
    kernel::SimTime,
    pipeline::{
        Action, Intervention, World,
        lab::{LabAction, LabAnswer},
    },
    scenario::{Scenario, Stage},
};
use proptest::prelude::*;

use crate::check::for_all;

#[derive(Debug, Clone, Copy)]
enum Blow {
    Send,
    Kill(u32),
    Stop(u32),
    Start(u32),
    /// A broker's replication is cut off for so many milliseconds.
    Sever(u32, u64),
    /// Answers to produce requests get lost for so many milliseconds.
    LoseAnswers(u64),
}

fn blows() -> impl Strategy<Value = Vec<(u64, Blow)>> {
    let blow = prop_oneof![
        8 => Just(Blow::Send),
        2 => (0..3_u32).prop_map(Blow::Kill),
        1 => (0..3_u32).prop_map(Blow::Stop),
        3 => (0..3_u32).prop_map(Blow::Start),
        1 => (0..3_u32, 100..6_000_u64).prop_map(|(broker, ms)| Blow::Sever(broker, ms)),
        1 => (50..2_000_u64).prop_map(Blow::LoseAnswers),
    ];
    // Some follow at once, within the life of a request; others after the failure has been noticed.
    prop::collection::vec((prop_oneof![0..40_u64, 0..5_000_u64], blow), 1..60)
}

fn cluster() -> ClusterConfig {
    let mut cluster = ClusterConfig { brokers: 3, ..ClusterConfig::default() };
    for (name, value) in [
        ("min.insync.replicas", "2"),
        ("replica.lag.time.max.ms", "2000"),
        ("broker.session.timeout.ms", "2000"),
        ("broker.heartbeat.interval.ms", "300"),
        ("auto.leader.rebalance.enable", "false"),
    ] {
        cluster.set(name, value).expect("a broker's property");
    }
    cluster
}

struct Run {
    world: World,
    op: u64,
    /// What was sent, by the number of the act.
    sent: BTreeMap<u64, Arc<str>>,
}

impl Run {
    fn new() -> Run {
        let mut scenario = Scenario::plain("storm", 1);
        scenario.stage = Stage::ClusterOnly;
        scenario.cluster = Some(cluster());
        let mut run = Run { world: World::new(&scenario), op: 0, sent: BTreeMap::new() };
        run.pass(1_000);
        run.lab(|op| LabAction::CreateTopic { op, name: "t".into(), partitions: 0, replicas: vec![vec![0, 1, 2]], settings: Vec::new() });
        run.pass(1_000);
        let settings = [("acks", "all"), ("linger.ms", "0"), ("delivery.timeout.ms", "60000"), ("request.timeout.ms", "2000")];
        let settings = settings.map(|(name, value)| (name.into(), value.into())).to_vec();
        run.lab(|op| LabAction::OpenProducer { op, producer: "p".into(), settings });
        run
    }

    fn pass(&mut self, ms: u64) {
        let until = self.world.now() + ms * 1_000;
        self.world.run_until(until);
    }

    fn act(&mut self, intervention: &Intervention) {
        let now = self.world.now();
        // A broker that is down already cannot be killed; that is no breach.
        let _ = self.world.intervene(now, intervention);
    }

    fn lab(&mut self, action: impl FnOnce(u64) -> LabAction) {
        self.op += 1;
        let action = action(self.op);
        self.act(&Intervention::Lab(action));
    }

    fn blow(&mut self, blow: Blow) {
        let until = |ms: u64, now: SimTime| Moment::Lasting { until: Some(now + ms * 1_000) };
        let now = self.world.now();
        match blow {
            Blow::Send => {
                let value: Arc<str> = format!("r{}", self.op + 1).into();
                self.sent.insert(self.op + 1, Arc::clone(&value));
                let (key, value) = (None, Some(value.as_bytes().to_vec()));
                self.lab(|op| LabAction::Send {
                    op,
                    producer: "p".into(),
                    topic: "t".into(),
                    partition: Some(0),
                    key,
                    value,
                    timestamp_ms: None,
                    headers: Vec::new(),
                });
            }
            Blow::Kill(broker) => self.act(&Intervention::Act(Action::Kill(Node::Broker(broker)))),
            Blow::Stop(broker) => self.act(&Intervention::Act(Action::Stop(Node::Broker(broker)))),
            Blow::Start(broker) => self.act(&Intervention::Act(Action::Start(Node::Broker(broker)))),
            Blow::Sever(broker, ms) => {
                let target = Target::Link { link: Link::Replication, of: Some(Node::Broker(broker)) };
                self.act(&Intervention::Inject(FaultRule { moment: until(ms, now), ..FaultRule::usual(FaultKind::LinkSevered, target) }));
            }
            Blow::LoseAnswers(ms) => {
                let target = Target::Link { link: Link::Produce, of: None };
                self.act(&Intervention::Inject(FaultRule { moment: until(ms, now), ..FaultRule::usual(FaultKind::ResponseLost, target) }));
            }
        }
    }
}

#[test]
fn a7_what_acks_all_acknowledged_survives_any_sequence_of_deaths() {
    for_all(150, blows(), |blows| {
        let mut run = Run::new();
        for (after_ms, blow) in blows {
            run.pass(after_ms);
            run.blow(blow);
        }
        for broker in 0..3 {
            run.blow(Blow::Start(broker));
        }
        run.pass(90_000);
        let cluster = run.world.cluster();
        let partition = cluster.partition_named("t", 0).ok_or("no topic")?;
        let leader = cluster.leader(partition).ok_or("no leader, though every broker is up")?;
        let mut copies: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
        for record in leader.records_from(0) {
            copies.entry(record.value.as_deref().unwrap_or_default().to_vec()).or_default().push(record.offset);
        }
        for (op, value) in &run.sent {
            let there = copies.get(value.as_bytes()).map_or(&[][..], Vec::as_slice);
            if there.len() > 1 {
                return Err(format!("{value} stands in the log at {there:?}, though the producer is idempotent"));
            }
            if let Some(LabAnswer::Placed { offset, .. }) = run.world.lab().answer(*op)
                && there != offset.as_slice()
            {
                return Err(format!("{value} was acknowledged at {offset:?} and lies at {there:?}"));
            }
        }
        Ok(())
    });
}
