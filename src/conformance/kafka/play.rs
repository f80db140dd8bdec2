//! A case being played: the world, acts and their answers, time that passes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Outcome, Step};
use crate::conformance::desk::Desk;
use crate::conformance::{Bind, Case, CaseError, Sight};
use crate::kernel::SimTime;
use crate::pipeline::lab::{LabAction, LabAnswer, Settings};
use crate::pipeline::{FactKind, Intervention, Probe};
use crate::scenario::Scenario;

/// How long an act may take before the script counts as stuck, in microseconds.
const PATIENCE_US: u64 = 200_000_000;
/// How often the recorder looks when it waits, in microseconds.
pub(super) const LOOK_US: u64 = 50_000;

/// A case being played.
pub(super) struct Play<'a> {
    pub(super) case: &'a Case,
    pub(super) world: Desk,
    pub(super) producers: BTreeMap<Arc<str>, Settings>,
    pub(super) producer_defaults: Settings,
    pub(super) consumer_defaults: Settings,
    pub(super) share_defaults: Settings,
    /// The newest member with each static instance id.
    pub(super) instances: BTreeMap<String, String>,
    /// Owners of partitions at the last `settle` of each group.
    pub(super) owners: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) generations: BTreeMap<String, i64>,
    /// Acts of sending that nobody waited for yet, by producer.
    pub(super) under_way: BTreeMap<Arc<str>, Vec<u64>>,
    /// Members of which the recorder lets go: they were gone when another of their name was made.
    pub(super) dropped: BTreeSet<u32>,
    op: u64,
    /// What this step has looked at, and how many facts there were when it began.
    sights: Vec<(&'static str, Sight)>,
    began: u64,
    /// Acts of earlier steps whose answers are this step's result, and how many facts there were before them.
    pub(super) awaited: Vec<u64>,
    awaited_since: u64,
    /// Into how many rows the answers of this step go, one after the other.
    rows: Option<usize>,
}

impl<'a> Play<'a> {
    pub(super) fn new(
        case: &'a Case,
        scenario: &Scenario,
        producers: BTreeMap<Arc<str>, Settings>,
        producer_defaults: Settings,
        consumer_defaults: Settings,
    ) -> Play<'a> {
        Play {
            case,
            world: Desk::new(scenario),
            producers,
            producer_defaults,
            consumer_defaults,
            share_defaults: Settings::new(),
            instances: BTreeMap::new(),
            owners: BTreeMap::new(),
            generations: BTreeMap::new(),
            under_way: BTreeMap::new(),
            dropped: BTreeSet::new(),
            op: 0,
            sights: Vec::new(),
            began: 0,
            awaited: Vec::new(),
            awaited_since: 0,
            rows: None,
        }
    }

    /// A step begins: later than everything that was seen before it, unless it follows one that saw nothing.
    pub(super) fn begin_step(&mut self, at_once: bool) {
        if !at_once {
            self.world.look();
        }
        self.sights.clear();
        self.awaited.clear();
        self.began = self.world.trace().end();
        self.rows = None;
    }

    /// The step looks at the world for the part of its result that is called `part` (all of it, if that is empty).
    pub(super) fn look_at(&mut self, part: &'static str, probe: Probe) {
        let sight = self.world.sight(probe);
        self.sights.push((part, sight));
    }

    /// The step sends something that a later one will wait for.
    pub(super) fn begin_act_unawaited(&mut self) {
        if self.under_way.is_empty() {
            self.awaited_since = self.began;
        }
    }

    /// The answers of this step's acts go round `rows` rows of its result.
    pub(super) fn answers_by_row(&mut self, rows: usize) {
        self.rows = Some(rows);
    }

    /// What stands behind the result of the step.
    pub(super) fn bind(&mut self, label: &str, value: &Value, binds: &mut Vec<Bind>) {
        if let Some(rows) = self.rows {
            let answers = self.world.facts_since(self.began, |kind| matches!(kind, FactKind::Answered { .. }));
            let of_row = |row: usize| answers.iter().copied().skip(row).step_by(rows).collect();
            return binds.extend((0..rows).map(|row| Bind::of_facts(format!("{label}[{row}]"), of_row(row))));
        }
        let by_part = self.sights.iter().any(|(part, _)| !part.is_empty());
        if let (true, Some(parts)) = (by_part, value.as_object()) {
            for part in parts.keys() {
                let sights = self.sights.iter().filter(|(of, _)| of == part).map(|(_, sight)| sight.clone()).collect();
                binds.push(Bind { place: format!("{label}.{part}"), facts: Vec::new(), sights });
            }
            return;
        }
        let sights: Vec<Sight> = self.sights.drain(..).map(|(_, sight)| sight).collect();
        let mut facts = self.world.facts_since(self.began, |kind| matches!(kind, FactKind::Answered { .. }));
        if !self.awaited.is_empty() {
            facts = self
                .world
                .facts_since(self.awaited_since, |kind| matches!(kind, FactKind::Answered { op, .. } if self.awaited.contains(op)));
        }
        if facts.is_empty() && sights.is_empty() {
            facts = self.world.facts_since(self.began, |kind| matches!(kind, FactKind::Intervened(_)));
        }
        binds.push(Bind { place: label.to_owned(), facts, sights });
    }

    /// Lets time pass.
    pub(super) fn pass_ms(&mut self, ms: u64) {
        let until = self.world.now() + ms * 1_000;
        self.world.run_until(until);
    }

    /// Does something to the world, now.
    pub(super) fn intervene(&mut self, intervention: &Intervention) -> Result<(), CaseError> {
        let now = self.world.now();
        self.world.intervene(intervention).map_err(|e| CaseError::new(self.case, format!("at {now}"), e.to_string()))
    }

    /// Begins an act; its number is for [`await_answer`](Self::await_answer).
    pub(super) fn act(&mut self, action: impl FnOnce(u64) -> LabAction) -> Result<u64, CaseError> {
        self.op += 1;
        let op = self.op;
        self.intervene(&Intervention::Lab(action(op)))?;
        Ok(op)
    }

    /// Waits for the answer to an act.
    pub(super) fn await_answer(&mut self, op: u64) -> Result<LabAnswer, CaseError> {
        let limit = self.world.now() + PATIENCE_US;
        loop {
            if let Some(answer) = self.world.lab().answer(op) {
                return Ok(answer.clone());
            }
            if self.world.next_at().is_none_or(|at| at > limit) || !self.world.step() {
                return Err(CaseError::new(self.case, format!("act {op} at {}", self.world.now()), "it was never answered"));
            }
        }
    }

    /// An act and its answer as the recorder writes it.
    pub(super) fn ask(&mut self, action: impl FnOnce(u64) -> LabAction) -> Outcome {
        let op = self.act(action)?;
        let answer = self.await_answer(op)?;
        Ok(self.shown(&answer))
    }

    /// Looks again and again until something holds, at most so long.
    pub(super) fn wait_until(&mut self, step: &Step, ms_max: u64, mut holds: impl FnMut(&mut Play<'a>) -> bool) -> Result<(), CaseError> {
        let limit: SimTime = self.world.now() + ms_max * 1_000;
        while !holds(self) {
            if self.world.now() >= limit {
                return Err(step.error("do", format!("waited in vain for {ms_max} ms")));
            }
            let until = self.world.now() + LOOK_US;
            self.world.run_until(until);
        }
        Ok(())
    }

    /// `advance`.
    pub(super) fn advance(&mut self, step: &Step) -> Outcome {
        self.pass_ms(step.number("ms")?);
        Ok(json!("ok"))
    }
}

/// The value of an act that has no other.
pub(super) fn ok() -> Value {
    json!("ok")
}
