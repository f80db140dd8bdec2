//! The golden traces: what every built-in scenario does, fact by fact, must be what lies in `tests/golden/`.
//!
//! What happens inside brokers and producers all the time (appends, replication, high watermarks) is not written out, so
//! that a person can read and `diff` the files; the digest of the whole world at the end, which is the last line, covers
//! it all.

use std::fmt::Write as _;

use cqrs_lab::{
    kernel::SimTime,
    pipeline::{Fact, FactKind, World},
    scenario::builtin,
};

/// How far a golden trace goes at most, in milliseconds: longer than any built-in scenario needs for its lesson.
const MS_MAX: u64 = 60_000;

/// Every built-in scenario with the text of its golden file.
macro_rules! golden_files {
    ($($name:literal),* $(,)?) => {
        /// Name and golden trace of every built-in scenario.
        pub(crate) const GOLDEN: &[(&str, &str)] = &[$(($name, include_str!(concat!("../golden/", $name, ".trace")))),*];
    };
}

golden_files![
    "transfer",
    "slow-projection",
    "crash-before-ack",
    "crash-before-ack-dedupe",
    "lost-event",
    "outbox",
    "outbox-cdc",
    "id-gap",
    "rebuild-view",
    "told-again",
    "read-your-writes",
    "completion-channels",
    "spring-events",
    "spring-events-in-transaction",
    "open-transaction",
    "consume-transform-produce",
    "nack",
    "share-group",
    "poison-to-dlt",
    "zombie-consumer",
    "zombie-consumer-dedupe",
    "leader-lost",
    "leader-lost-acks-all",
    "retention-overtakes",
];

/// The trace of a built-in scenario, as its golden file holds it.
pub(crate) fn trace(name: &str) -> String {
    let scenario = builtin(name).unwrap_or_else(|| panic!("{name} has a golden file and no scenario"));
    let until = SimTime(scenario.duration_us).min(SimTime::from_ms(MS_MAX));
    let (mut world, mut text, mut seen) = (World::new(&scenario), String::new(), 0);
    loop {
        for fact in world.trace().iter_from(seen).filter(|fact| is_written(fact)) {
            let _ = writeln!(text, "{}", world.line(fact));
        }
        seen = world.trace().end();
        if world.next_at().is_none_or(|at| at > until) {
            break;
        }
        world.step();
    }
    let _ = writeln!(text, "digest {:016x} after {} steps", world.digest(), world.step_count());
    text
}

fn is_written(fact: &Fact) -> bool {
    // What becomes of records of a share group is a lesson of its own.
    let is_share = matches!(fact.kind, FactKind::Broker(cqrs_lab::broker::Fact::Share(_)));
    is_share || !matches!(fact.kind, FactKind::Broker(_) | FactKind::Producer(_))
}

/// A scenario does what its golden file says.
///
/// # Panics
/// At the first line that differs.
pub(crate) fn check(name: &str, golden: &str) {
    let got = trace(name);
    let (mut was, mut is) = (golden.lines(), got.lines());
    for number in 1.. {
        match (was.next(), is.next()) {
            (None, None) => return,
            (was, is) if was == is => {}
            (was, is) => panic!(
                "{name}: line {number} of tests/golden/{name}.trace differs\n  golden: {}\n  now:    {}\n\
                 If the change is meant, say why in the commit and make the files anew: UPDATE_GOLDEN=1 cargo test --no-default-features --test golden",
                was.unwrap_or("(the end)"),
                is.unwrap_or("(the end)")
            ),
        }
    }
}
