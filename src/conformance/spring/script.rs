//! The steps of a script, strictly one after the other.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::bank;
use super::form::Form;
use super::given::{Given, TopicPlan, record};
use super::observe::{assignment, committed};
use super::stage::Stage;
use crate::conformance::{Case, CaseError};
use crate::kernel::SimTime;
use crate::pipeline::lab::LabAction;
use crate::pipeline::{FactKind, Probe};

/// After so long without an event nothing more is expected, in microseconds, beyond the longest wait that the case itself
/// causes.
const QUIET_US: u64 = 4_000_000;
/// A setting of more milliseconds means "never".
const NEVER_MS: u64 = 25_000;
/// How long it takes to start a child of a container, in microseconds.
const CHILD_START_US: u64 = 20_000;
/// How long any step may take, in microseconds.
const STEP_US_MAX: u64 = 200_000_000;

/// Carries out the script; gives the stage as it then is, and the snapshots.
pub(super) fn run(case: &Case, given: &Given, stage: Stage) -> Result<Ran, CaseError> {
    let mut script =
        Script { given, stage, snapshots: Map::new(), steps: Vec::new(), record_until: None, longest_wait_ms: longest_wait_ms(case) };
    script.set_up(case)?;
    for (number, step) in case.script.iter().enumerate() {
        if !step.contains_key("do") {
            script.steps.push(None);
            continue;
        }
        script.stage.begin_step();
        script.steps.push(Some(script.stage.now()));
        script.step(&Form::of(case, format!("script[{number}]"), step))?;
    }
    script.cut();
    Ok(Ran { stage: script.stage, snapshots: script.snapshots, steps: script.steps })
}

/// What a script has come to.
pub(super) struct Ran {
    pub(super) stage: Stage,
    pub(super) snapshots: Map<String, Value>,
    /// When each step began; rules of the listener have no moment.
    pub(super) steps: Vec<Option<SimTime>>,
}

struct Script<'a> {
    given: &'a Given,
    stage: Stage,
    snapshots: Map<String, Value>,
    /// When each step began.
    steps: Vec<Option<SimTime>>,
    /// The trace ends with this event, the n-th time after so many events.
    record_until: Option<(String, usize, usize)>,
    longest_wait_ms: u64,
}

impl Script<'_> {
    fn set_up(&mut self, case: &Case) -> Result<(), CaseError> {
        let form = Form::of(case, "given", &case.given);
        for TopicPlan { name, partitions } in self.given.topics.iter().filter(|topic| !bank::brings(case, &topic.name)) {
            self.stage.create_topic(&form, name, *partitions)?;
        }
        for (topic, _) in self.given.retry.iter().flat_map(|chain| chain.topics()) {
            if self.given.topics.iter().all(|known| known.name != topic) {
                self.stage.create_topic(&form, &topic, self.given.retry_partitions)?;
            }
        }
        let list = case.given.get("records").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (number, value) in list.iter().enumerate() {
            let place = format!("given.records[{number}]");
            let map = value.as_object().ok_or_else(|| CaseError::new(case, &place, "a record is an object"))?;
            self.send(&Form::of(case, place, map))?;
        }
        Ok(())
    }

    fn send(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        self.stage.send(form, record(form)?)
    }

    fn step(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        let verb = form.needed("do")?;
        form.only(fields_of(verb).ok_or_else(|| form.error("do", format!("unknown step {verb:?}")))?)?;
        let began = self.stage.world.trace().end();
        let mut event = None;
        if !["await", "wait", "settle", "observe", "record_until"].contains(&verb) {
            let step: Map<String, Value> =
                form.fields().filter(|(key, _)| *key != "container").map(|(key, value)| (key.to_owned(), value.clone())).collect();
            let now = self.stage.now();
            event = Some(self.stage.recorder.step(now, Value::Object(step)));
        }
        self.perform(verb, form)?;
        if let Some(event) = event {
            let facts = self.stage.world.facts_since(began, |kind| matches!(kind, FactKind::Intervened(_)));
            self.stage.recorder.events[event].facts = facts;
        }
        // A step takes its time: the next one does not begin in the same instant.
        self.stage.pass(1_000);
        Ok(())
    }

    fn perform(&mut self, verb: &str, form: &Form<'_>) -> Result<(), CaseError> {
        let member: Arc<str> = Arc::from(form.text("member")?.unwrap_or("c1"));
        match verb {
            "start" => {
                for properties in self.given.containers(form.case, &member, &form.part("container")?)? {
                    self.stage.start(form, &member, properties)?;
                    // A container waits for the thread of each child before it starts the next one.
                    self.stage.pass(CHILD_START_US);
                }
            }
            "stop" | "stop_no_wait" => {
                self.each_of(form, &member, |name| LabAction::StopContainer { name })?;
                if verb == "stop" {
                    self.until(form, |script| script.stage.living(&member).next().is_none())?;
                    self.stage.put_away.insert(member);
                }
            }
            "pause" => self.each_of(form, &member, |name| LabAction::PauseContainer { name })?,
            "resume" => self.each_of(form, &member, |name| LabAction::ResumeContainer { name })?,
            "send" => self.send(form)?,
            "ack" => self.acknowledge(form)?,
            "transfer" => bank::transfer(&mut self.stage, form)?,
            "database_down" | "database_up" => bank::database(&mut self.stage, form, verb == "database_up")?,
            "sever_producer" | "heal_producer" => {
                self.stage.act(form, LabAction::SeverProducers { severed: verb == "sever_producer" })?;
            }
            "release" => self.stage.act(form, LabAction::ReleaseLatch { latch: Arc::from(form.needed("latch")?) })?,
            "create_topic" => {
                let partitions = form.count("partitions")?.unwrap_or(1) as u32;
                self.stage.create_topic(form, &Arc::from(form.needed("topic")?), partitions)?;
            }
            "await" => self.wait_for(form)?,
            "wait" => self.stage.pass(form.count("ms")?.unwrap_or(0) * 1_000),
            "settle" => self.settle(),
            "observe" => self.observe(form)?,
            "record_until" => {
                let times = form.count("times")?.unwrap_or(1) as usize;
                self.record_until = Some((form.needed("event")?.to_owned(), times, self.stage.recorder.events.len()));
            }
            _ => return Err(form.error("do", format!("unknown step {verb:?}"))),
        }
        Ok(())
    }

    /// A kept Acknowledgment is acknowledged on another thread.
    fn acknowledge(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        let value = Arc::from(form.needed("value")?);
        self.stage.recorder.outside = true;
        let done = self.stage.act(form, LabAction::AcknowledgeKept { value });
        self.stage.recorder.outside = false;
        done
    }

    fn each_of(&mut self, form: &Form<'_>, member: &str, act: impl Fn(Arc<str>) -> LabAction) -> Result<(), CaseError> {
        let names: Vec<Arc<str>> = self.stage.living(member).map(|place| place.name.clone()).collect();
        names.into_iter().try_for_each(|name| self.stage.act(form, act(name)))
    }

    fn wait_for(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        if let Some(event) = form.text("event")? {
            let times = form.count("times")?.unwrap_or(1) as usize;
            return self.until(form, |script| script.stage.recorder.count(event) >= times);
        }
        if let Some(calls) = form.count("calls")? {
            return self.until(form, |script| u64::from(script.stage.recorder.calls) >= calls);
        }
        let value = form.needed("value")?;
        let delivery = form.count("delivery")?.unwrap_or(1) as u32;
        self.until(form, |script| script.stage.recorder.deliveries.get(value).is_some_and(|count| *count >= delivery))
    }

    fn until(&mut self, form: &Form<'_>, holds: impl Fn(&Self) -> bool) -> Result<(), CaseError> {
        let end = self.stage.now() + STEP_US_MAX;
        while !holds(self) {
            if self.stage.next_at().is_none_or(|at| at > end) {
                return Err(form.error("", format!("waited in vain; the last events: {}", self.last_events())));
            }
            self.stage.step();
        }
        Ok(())
    }

    fn last_events(&self) -> String {
        let events = &self.stage.recorder.events;
        let last: Vec<String> = events[events.len().saturating_sub(6)..].iter().map(|event| event.what.to_string()).collect();
        last.join(" ")
    }

    fn settle(&mut self) {
        let (begun, quiet_us) = (self.stage.now(), QUIET_US + self.longest_wait_ms * 1_000);
        let quiet_at = |stage: &Stage| (stage.recorder.last_at.max(begun) + quiet_us).min(begun + STEP_US_MAX);
        while self.stage.next_at().is_some_and(|at| at <= quiet_at(&self.stage)) {
            self.stage.step();
        }
        let end = quiet_at(&self.stage);
        self.stage.pass(end.since(self.stage.now()));
    }

    fn observe(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        let mut snapshot = Map::new();
        let place = format!("snapshots.{}", form.needed("as")?);
        self.stage.bind(format!("{place}.committed"), Probe::Committed(Arc::from(self.given.group.as_str())));
        if form.case.given.contains_key("trace") {
            self.stage.bind(format!("{place}.assignment"), Probe::Assigned);
        }
        snapshot.insert("committed".into(), committed(&self.stage, &self.given.group));
        if form.case.given.contains_key("trace") {
            snapshot.insert("assignment".into(), assignment(&self.stage));
        }
        self.snapshots.insert(form.needed("as")?.to_owned(), json!(snapshot));
        Ok(())
    }

    /// Ends the trace where the case ended it: nothing that came later stands in any list.
    fn cut(&mut self) {
        let Some((event, times, from)) = &self.record_until else { return };
        let recorder = &mut self.stage.recorder;
        let mut places = (*from..recorder.events.len()).filter(|index| recorder.events[*index].what.get(event).is_some());
        let Some(last) = places.nth(times - 1) else { return };
        let fact = recorder.events[last].facts.iter().copied().max();
        recorder.events.truncate(last + 1);
        recorder.order.retain(|(_, number)| fact.is_none_or(|fact| *number <= fact));
    }
}

/// The fields that a step may have.
fn fields_of(verb: &str) -> Option<&'static [&'static str]> {
    Some(match verb {
        "start" => &["do", "member", "container"],
        "stop" | "stop_no_wait" | "pause" | "resume" => &["do", "member"],
        "send" => &["do", "topic", "partition", "key", "value", "value_int32", "timestamp", "headers"],
        "ack" => &["do", "value"],
        "transfer" => &["do", "topic", "event", "from", "to", "amount"],
        "database_down" | "database_up" | "sever_producer" | "heal_producer" => &["do"],
        "release" => &["do", "latch"],
        "create_topic" => &["do", "topic", "partitions"],
        "await" => &["do", "value", "delivery", "event", "times", "calls"],
        "wait" => &["do", "ms"],
        "settle" => &["do"],
        "observe" => &["do", "as"],
        "record_until" => &["do", "event", "times"],
        _ => return None,
    })
}

/// The longest wait that a setting or an action of the case can cause: the largest number of milliseconds in it that does not
/// mean "never".
fn longest_wait_ms(case: &Case) -> u64 {
    const WAITS: [&str; 16] = [
        "ackTime",
        "pollTimeout",
        "interval",
        "initialInterval",
        "maxInterval",
        "fixedBackOff",
        "timeoutAfter",
        "nack_ms",
        "nack_other_thread",
        "block_ms",
        "ms",
        "session.timeout.ms",
        "max.poll.interval.ms",
        "max.block.ms",
        "transaction.timeout.ms",
        "idleBetweenPolls",
    ];
    fn longest(value: &Value) -> u64 {
        match value {
            Value::Object(map) => {
                let of = |(name, value): (&String, &Value)| {
                    let own = value.as_u64().filter(|ms| WAITS.contains(&name.as_str()) && *ms <= NEVER_MS);
                    own.unwrap_or_else(|| longest(value))
                };
                map.iter().map(of).max().unwrap_or(0)
            }
            Value::Array(list) => list.iter().map(longest).max().unwrap_or(0),
            _ => 0,
        }
    }
    let script = case.script.iter().map(|step| longest(&Value::Object(step.clone()))).max().unwrap_or(0);
    longest(&Value::Object(case.given.clone())).max(script)
}
