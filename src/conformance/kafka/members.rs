//! Verbs about consumers: opening them, what they are told, what they received.

use std::sync::Arc;

use serde_json::{Value, json};

use super::play::{Play, ok};
use super::{Outcome, Step};
use crate::conformance::CaseError;
use crate::conformance::settings::Of;
use crate::pipeline::lab::{LabAction, LabOrder, Settings};
use crate::pipeline::{Intervention, Probe};

impl Play<'_> {
    pub(super) fn open(&mut self, step: &Step) -> Outcome {
        let (member, settings) = (step.name("member")?, self.consumer_settings(step)?);
        if let Some(instance) = step.get("instance").and_then(Value::as_str) {
            self.instances.insert(instance.to_owned(), member.to_string());
        }
        let gone = (0u32..).zip(self.world.lab().members()).filter(|(_, m)| m.name == member && m.application.is_gone());
        self.dropped.extend(gone.map(|(index, _)| index).collect::<Vec<_>>());
        if step.verb()? == "assign" {
            let wanted = step.texts("partitions")?;
            let partitions = wanted.iter().map(|p| step.partition_of("partitions", p)).collect::<Result<_, _>>()?;
            return self.ask(|op| LabAction::Assign { op, member, partitions, settings });
        }
        let topics = step.texts("topics")?;
        let polling = step.verb()? == "join";
        let commit_on_revoke = step.get("commit_on_revoke").and_then(Value::as_bool).unwrap_or(false);
        self.ask(|op| LabAction::Subscribe { op, member, topics, settings, polling, commit_on_revoke })
    }

    /// The defaults of the case, then what the step says.
    pub(super) fn consumer_settings(&self, step: &Step) -> Result<Settings, CaseError> {
        let config = Of::Consumer.seen(step.case, &step.place("config"), step.config()?)?;
        let modern = config.iter().any(|(name, value)| &**name == "group.protocol" && &**value == "consumer");
        let fits = |name: &str| !modern || !["heartbeat.interval.ms", "session.timeout.ms"].contains(&name);
        let mut settings: Settings = self.consumer_defaults.iter().filter(|(name, _)| fits(name)).cloned().collect();
        let mut set = |name: &str, value: &str| settings.push((Arc::from(name), Arc::from(value)));
        for (field, property) in [
            ("group", "group.id"),
            ("instance", "group.instance.id"),
            ("isolation", "isolation.level"),
            ("value_deserializer", "value.deserializer"),
        ] {
            if step.get(field).is_some() {
                set(property, step.text(field)?);
            }
        }
        match step.get("assignor") {
            None => {}
            Some(Value::Array(_)) => {
                let names: Vec<String> = step.texts("assignor")?.iter().map(ToString::to_string).collect();
                set("partition.assignment.strategy", &names.join(","));
            }
            Some(_) => set("partition.assignment.strategy", step.text("assignor")?),
        }
        settings.extend(config);
        Ok(settings)
    }

    pub(super) fn order(&mut self, step: &Step) -> Outcome {
        let member = step.name("member")?;
        let order = match step.verb()? {
            "poll" => LabOrder::Poll { for_us: step.number_or("for_ms", 15_000)? * 1_000 },
            "drain" => LabOrder::Drain,
            "commit" => LabOrder::Commit { offsets: step.offsets()? },
            "position" => LabOrder::Positions,
            "leave" => LabOrder::Close,
            _ => {
                let (topic, partition) = step.partition("partition")?;
                match step.get("to").and_then(Value::as_str) {
                    Some("beginning") => LabOrder::SeekToBeginning { topic, partition },
                    Some("end") => LabOrder::SeekToEnd { topic, partition },
                    Some(other) => return Err(step.error("to", format!("unknown: {other:?}; known: an offset, beginning, end"))),
                    None => LabOrder::Seek { topic, partition, to: step.number("to")? },
                }
            }
        };
        self.ask(|op| LabAction::Order { op, member, order })
    }

    pub(super) fn hardship(&mut self, step: &Step) -> Outcome {
        let member = step.name("member")?;
        let action = match step.verb()? {
            "stall" => LabAction::Stall { member: Arc::clone(&member) },
            "resume" => LabAction::Resume { member },
            "wakeup" => LabAction::Wakeup { member },
            _ if self.is_share(&member) => LabAction::Crash { member },
            _ => {
                // The recorder's order to die is carried out by the member's own thread, between two polls.
                self.ask(|op| LabAction::Order { op, member: Arc::clone(&member), order: LabOrder::Nothing })?;
                LabAction::Crash { member }
            }
        };
        let stalls = matches!(action, LabAction::Stall { .. });
        self.intervene(&Intervention::Lab(action))?;
        if stalls {
            let member = step.name("member")?;
            self.ask(|op| LabAction::Order { op, member, order: LabOrder::Nothing })?;
        }
        Ok(ok())
    }

    pub(super) fn take(&mut self, step: &Step) -> Outcome {
        let member = step.text("member")?;
        let place = self.world.place_of(member).unwrap_or(0);
        let from = self.world.received_count(place) as u32;
        let mut records = self.world.take_records(member);
        if step.verb()? == "await_records" {
            let count = step.number("count")? as usize;
            self.wait_until(step, 20_000, |play| {
                records.extend(play.world.take_records(member));
                records.len() >= count
            })?;
        }
        self.look_at("", Probe::Received(place, from, from + records.len() as u32));
        Ok(self.records(&records))
    }

    pub(super) fn events(&mut self, step: &Step) -> Outcome {
        let name = step.text("member")?;
        let index = self.world.place_of(name).ok_or_else(|| step.error("member", format!("no member {name:?}")))?;
        let from = self.world.seen_count(index) as u32;
        let seen = self.world.take_seen(index);
        self.look_at("", Probe::Seen(index, from, from + seen.len() as u32));
        Ok(json!(self.seen(&seen)))
    }
}
