//! Writing a scenario down: settings at the beginning, then what happens at which moment.

use std::sync::Arc;

use crate::fault::{FaultKind, FaultRule, Moment, Target};
use crate::kernel::SimTime;
use crate::scenario::{Action, Config, Intervention};

/// Latencies with which a flight can be followed with the eye at a tenth of real time.
const VISIBLE: [(&str, &str); 11] = [
    ("link.client-api.latency", "~60ms"),
    ("link.client-query.latency", "~60ms"),
    ("link.completion.latency", "~60ms"),
    ("link.produce.latency", "~20ms"),
    ("link.fetch.latency", "~20ms"),
    ("link.coordination.latency", "~20ms"),
    ("link.replication.latency", "~10ms"),
    ("link.api-write-db.latency", "~10ms"),
    ("link.relay-write-db.latency", "~10ms"),
    ("link.listener-read-db.latency", "~10ms"),
    ("link.query-read-db.latency", "~10ms"),
];

/// A scenario that is being written. Panics where a scenario would be wrong: the tests make them all.
pub(super) struct Programme {
    pub(super) config: Config,
    pub(super) steps: Vec<(SimTime, Intervention)>,
    now: Option<SimTime>,
}

impl Programme {
    /// All settings at their defaults, but with latencies that one can see; nothing happens by itself.
    pub(super) fn new() -> Programme {
        let blank = Programme { config: Config::default(), steps: Vec::new(), now: None };
        // Kafka waits three seconds for more members of a new group; here all are there from the beginning.
        let blank = blank.set("broker.group.initial.rebalance.delay.ms", "0");
        VISIBLE.iter().fold(blank, |programme, (key, value)| programme.set(key, value))
    }

    /// What follows happens at this moment, in milliseconds.
    pub(super) fn at(mut self, ms: u64) -> Programme {
        let now = SimTime::from_ms(ms);
        assert!(self.now.is_none_or(|before| before <= now), "a programme goes forward in time");
        self.now = Some(now);
        self
    }

    /// A setting: from the beginning, or from now on.
    pub(super) fn set(mut self, key: &str, value: &str) -> Programme {
        match self.now {
            None => {
                self.config.set_text(key, value).expect("a built-in scenario knows the settings");
            }
            Some(now) => {
                Config::default().set_text(key, value).expect("a built-in scenario knows the settings");
                self.steps.push((now, Intervention::Set { key: Arc::from(key), value: Arc::from(value) }));
            }
        }
        self
    }

    /// A fault as its kind offers it first.
    pub(super) fn inject(self, kind: FaultKind, target: Target) -> Programme {
        self.rule(FaultRule::usual(kind, target))
    }

    /// A fault armed for so many moments.
    pub(super) fn inject_times(self, kind: FaultKind, target: Target, times: u32) -> Programme {
        self.rule(FaultRule { moment: Moment::Armed { times }, ..FaultRule::usual(kind, target) })
    }

    /// A fault that lasts so many milliseconds.
    pub(super) fn inject_for(self, kind: FaultKind, target: Target, ms: u64) -> Programme {
        let until = self.now.map(|now| now + ms * 1_000);
        self.rule(FaultRule { moment: Moment::Lasting { until }, ..FaultRule::usual(kind, target) })
    }

    /// Something done by hand.
    pub(super) fn act(mut self, action: Action) -> Programme {
        let now = self.now.expect("what is done has its moment");
        self.steps.push((now, Intervention::Act(action)));
        self
    }

    fn rule(mut self, rule: FaultRule) -> Programme {
        rule.check().expect("a built-in scenario knows the faults");
        let now = self.now.expect("a fault has its moment");
        self.steps.push((now, Intervention::Inject(rule)));
        self
    }
}
