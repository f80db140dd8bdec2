//! How long a link is after a hundred inputs of a busy viewer.

use std::sync::Arc;

use cqrs_lab::{
    fault::{FaultId, FaultKind, FaultRule, Link, Node, Target},
    kernel::{Prng, SimTime},
    scenario::{Action, Intervention, Scenario, builtin, link::Recording},
};

use super::Measurement;

/// Characters of the fragment: faults and their ends, latencies, processes killed, at moments up to three seconds apart.
pub(crate) fn measure() -> Measurement {
    let (mut prng, mut at) = (Prng::new(3), SimTime::ZERO);
    let interventions = (0..100)
        .map(|n| {
            at += prng.below(3_000_000);
            let link = Link::ALL[prng.below(Link::ALL.len() as u64) as usize];
            let kinds = FaultKind::all();
            let kind = kinds[prng.below(kinds.len() as u64) as usize];
            let what = match prng.below(4) {
                0 => Intervention::Set {
                    key: Arc::from(format!("link.{link}.latency")),
                    value: Arc::from(format!("~{}ms", prng.below(900))),
                },
                1 => Intervention::Inject(FaultRule::usual(kind, Target::Node(Node::Consumer(1)))),
                2 => Intervention::EndFault(FaultId(n)),
                _ => Intervention::Act(Action::Kill(Node::Broker(2))),
            };
            (at, what)
        })
        .collect();
    let recording = Recording { scenario: Scenario::plain("transfer", 7), interventions, moment: at };
    ("link", recording.to_fragment(builtin).len() as f64, "characters")
}
