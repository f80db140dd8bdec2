//! The steps of a script, strictly one after the other.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::form::Form;
use super::given::{Given, TopicPlan, record};
use super::observe::{assignment, committed};
use super::stage::Stage;
use crate::broker::EPOCH_MS;
use crate::conformance::{Case, CaseError};

/// After this long without an event nothing more is expected, in microseconds.
const QUIET_US: u64 = 12_000_000;
/// How long any step may take, in microseconds.
const STEP_US_MAX: u64 = 200_000_000;

/// Carries out the script; gives the stage as it then is, and the snapshots.
pub(super) fn run(case: &Case, given: &Given, stage: Stage) -> Result<(Stage, Map<String, Value>), CaseError> {
    let mut script = Script { given, stage, snapshots: Map::new(), record_until: None };
    script.set_up(case)?;
    for (number, step) in case.script.iter().enumerate() {
        if step.contains_key("do") {
            script.step(&Form::of(case, format!("script[{number}]"), step))?;
        }
    }
    script.cut();
    Ok((script.stage, script.snapshots))
}

struct Script<'a> {
    given: &'a Given,
    stage: Stage,
    snapshots: Map<String, Value>,
    /// The trace ends with this event, the n-th time.
    record_until: Option<(String, usize)>,
}

impl Script<'_> {
    fn set_up(&mut self, case: &Case) -> Result<(), CaseError> {
        for TopicPlan { name, partitions } in &self.given.topics {
            self.stage.create_topic(name, *partitions);
        }
        let chain = self.given.retry.iter().flat_map(|chain| chain.topics());
        for (topic, _) in chain {
            self.stage.create_topic(&topic, 1);
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
        let plan = record(form, EPOCH_MS + self.stage.now.ms() as i64)?;
        if self.stage.send(plan) { Ok(()) } else { Err(form.error("", "the send failed")) }
    }

    fn step(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        let verb = form.needed("do")?;
        if !["await", "wait", "settle", "observe", "record_until"].contains(&verb) {
            let step: Map<String, Value> = form.fields().map(|(key, value)| (key.to_owned(), value.clone())).collect();
            self.stage.recorder.step(self.stage.now, Value::Object(step));
        }
        let member: Arc<str> = Arc::from(form.text("member")?.unwrap_or("c1"));
        match verb {
            "start" => self.start(&member),
            "stop" | "stop_no_wait" => {
                self.each_of(&member, |script, index| {
                    script.container(index, |container, now, listener, out| container.stop(now, listener, out))
                });
                if verb == "stop" {
                    self.until(form, |script| script.living(&member).is_empty())?;
                }
            }
            "pause" => self.each_of(&member, |script, index| script.container(index, |container, _, _, _| container.pause())),
            "resume" => {
                self.each_of(&member, |script, index| {
                    script.container(index, |container, now, listener, out| container.resume(now, listener, out));
                });
            }
            "send" => self.send(form)?,
            "ack" => self.acknowledge(form)?,
            "release" => self.release(form.needed("latch")?),
            "create_topic" => self.stage.create_topic(&Arc::from(form.needed("topic")?), form.count("partitions")?.unwrap_or(1) as u32),
            "await" => self.wait_for(form)?,
            "wait" => self.advance(form.count("ms")?.unwrap_or(0) * 1_000),
            "settle" => self.settle(),
            "observe" => self.observe(form)?,
            "record_until" => {
                self.record_until = Some((form.needed("event")?.to_owned(), form.count("times")?.unwrap_or(1) as usize));
            }
            _ => return Err(form.error("do", format!("unknown step {verb:?}"))),
        }
        // A step takes its time: the next one does not begin in the same instant.
        self.advance(1_000);
        Ok(())
    }

    fn start(&mut self, member: &Arc<str>) {
        for properties in self.given.containers(member) {
            let lane = properties.name.clone();
            self.stage.start(member, lane, properties, &self.given.consumer);
        }
    }

    /// The living containers of a member.
    fn living(&self, member: &str) -> Vec<usize> {
        let is = |(_, actor): &(usize, &super::stage::Actor)| *actor.member == *member && actor.container.thread().is_alive();
        self.stage.actors.iter().enumerate().filter(is).map(|(index, _)| index).collect()
    }

    fn each_of(&mut self, member: &str, mut act: impl FnMut(&mut Stage, usize)) {
        for index in self.living(member) {
            act(&mut self.stage, index);
        }
    }

    fn acknowledge(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        let value = form.needed("value")?;
        for index in (0..self.stage.actors.len()).rev() {
            if self.stage.container(index, |container, now, listener, out| container.acknowledge_held(now, value, listener, out)) {
                return Ok(());
            }
        }
        Err(form.error("value", format!("nobody keeps the acknowledgment of {value:?}")))
    }

    fn release(&mut self, latch: &str) {
        let name: Arc<str> = Arc::from(latch);
        for listener in &mut self.stage.listeners {
            listener.release(&name);
        }
        for index in 0..self.stage.actors.len() {
            self.stage.container(index, |container, now, listener, out| container.on_released(now, latch, listener, out));
        }
    }

    fn wait_for(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        if let Some(event) = form.text("event")? {
            let times = form.count("times")?.unwrap_or(1) as usize;
            return self.until(form, |script| script.stage.recorder.count(event) >= times);
        }
        let value = form.needed("value")?;
        let delivery = form.count("delivery")?.unwrap_or(1) as u32;
        self.until(form, |script| script.stage.recorder.deliveries.get(value).is_some_and(|count| *count >= delivery))
    }

    fn until(&mut self, form: &Form<'_>, holds: impl Fn(&Self) -> bool) -> Result<(), CaseError> {
        let end = self.stage.now + STEP_US_MAX;
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

    fn advance(&mut self, us: u64) {
        let end = self.stage.now + us;
        while self.stage.next_at().is_some_and(|at| at <= end) {
            self.stage.step();
        }
        self.stage.now = end;
    }

    fn settle(&mut self) {
        let end = self.stage.now + STEP_US_MAX;
        let begun = self.stage.now;
        loop {
            let quiet_at = self.stage.recorder.last_at.max(begun) + QUIET_US;
            match self.stage.next_at() {
                Some(at) if at <= quiet_at.min(end) => self.stage.step(),
                _ => break,
            }
        }
        self.stage.now = self.stage.now.max((self.stage.recorder.last_at.max(begun) + QUIET_US).min(end));
    }

    fn observe(&mut self, form: &Form<'_>) -> Result<(), CaseError> {
        let mut snapshot = Map::new();
        snapshot.insert("committed".into(), committed(&self.stage, &self.given.container.group));
        if form.case.given.contains_key("trace") {
            snapshot.insert("assignment".into(), assignment(&self.stage));
        }
        self.snapshots.insert(form.needed("as")?.to_owned(), json!(snapshot));
        Ok(())
    }

    /// Ends the trace where the case ended it.
    fn cut(&mut self) {
        let Some((event, times)) = &self.record_until else { return };
        let events = &mut self.stage.recorder.events;
        let places = events.iter().enumerate().filter(|(_, known)| known.what.get(event).is_some()).map(|(index, _)| index);
        if let Some(last) = places.skip(times - 1).next() {
            events.truncate(last + 1);
        }
    }
}
