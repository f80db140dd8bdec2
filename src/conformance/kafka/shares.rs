//! Verbs about share consumers and share groups.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::play::Play;
use super::{Outcome, Step};
use crate::broker::share::AckType;
use crate::conformance::CaseError;
use crate::conformance::settings::Of;
use crate::kernel::SortedMap;
use crate::pipeline::Probe;
use crate::pipeline::lab::{LabAction, LabShareOrder, Settings};

/// How long a share consumer may take to be given something, in milliseconds.
const JOIN_MS: u64 = 30_000;
/// A share group as its coordinator describes it: state, the partitions by member, whether all are at the group's epoch.
type Described = (&'static str, SortedMap<String, Vec<String>>, bool);

impl Play<'_> {
    /// Whether the newest client of this name is a share consumer.
    pub(super) fn is_share(&self, member: &str) -> bool {
        self.world.share_consumers().iter().any(|m| &*m.name == member)
    }

    pub(super) fn share_open(&mut self, step: &Step) -> Outcome {
        let (member, topics) = (step.name("member")?, step.texts("topics")?);
        if self.is_share(&member) {
            return Err(step.error("member", format!("a share consumer's name is used once: {member}")));
        }
        let mut settings: Settings = self.share_defaults.clone();
        settings.extend(Of::ShareConsumer.seen(step.case, &step.place("config"), step.config()?)?);
        settings.push((Arc::from("group.id"), step.name("group")?));
        let callback = step.get("callback").and_then(Value::as_bool).unwrap_or(false);
        let opened = self.ask(|op| LabAction::OpenShare { op, member: Arc::clone(&member), topics, settings, callback })?;
        if opened.get("error").is_some() || step.get("wait").and_then(Value::as_bool) == Some(false) {
            return Ok(opened);
        }
        let group = step.name("group")?;
        self.wait_until(step, JOIN_MS, |play| play.described_share(&group).1.get(&*member).is_some_and(|all| !all.is_empty()))?;
        Ok(opened)
    }

    pub(super) fn share_order(&mut self, step: &Step) -> Outcome {
        let member = step.name("member")?;
        if !self.is_share(&member) {
            return Err(step.error("member", format!("no share consumer {member:?}")));
        }
        let order = match step.verb()? {
            "share_poll" => LabShareOrder::Poll { for_us: step.number_or("for_ms", 15_000)? * 1_000 },
            "share_ack" => {
                let (topic, partition) = step.partition("partition")?;
                LabShareOrder::Acknowledge { topic, partition, offsets: acknowledged_offsets(step)?, ack: ack_type(step)? }
            }
            "share_commit" if step.get("async").and_then(Value::as_bool) == Some(true) => LabShareOrder::CommitAsync,
            "share_commit" => LabShareOrder::Commit,
            "share_commits" => LabShareOrder::Callbacks,
            _ => LabShareOrder::Close,
        };
        self.ask(|op| LabAction::ShareOrder { op, member, order })
    }

    /// The group as its coordinator has it.
    fn described_share(&self, name: &str) -> Described {
        let groups = &self.world.cluster().groups;
        let Some(group) = groups.group(name) else { return ("Dead", SortedMap::new(), false) };
        let members = groups.members(group);
        let of = |m: &crate::broker::group::MemberView| (m.client_id.to_string(), self.partition_names(m.assignment.iter().copied()));
        let at_one = group.share.as_ref().is_some_and(|s| s.is_at_one(group.generation));
        (groups.state(group).name(), members.iter().map(of).collect(), at_one)
    }

    pub(super) fn share_group(&mut self, step: &Step) -> Outcome {
        self.look_at("", Probe::Group(step.name("group")?));
        let name = step.text("group")?;
        if self.world.cluster().groups.group(name).is_none_or(|group| group.share.is_none()) {
            return Ok(json!({"error": "GroupIdNotFoundException"}));
        }
        let (state, assignment, _) = self.described_share(name);
        Ok(json!({"state": state, "assignment": assignment}))
    }

    pub(super) fn share_settle(&mut self, step: &Step) -> Outcome {
        let group = step.name("group")?;
        let expected: Vec<String> = match step.get("members") {
            Some(_) => step.texts("members")?.iter().map(ToString::to_string).collect(),
            None => {
                let living = self.world.share_consumers().iter().filter(|m| m.group == group && !m.application.is_gone());
                living.map(|m| m.name.to_string()).collect()
            }
        };
        let wanted = if expected.is_empty() { "Empty" } else { "Stable" };
        let (state, assignment, _) = self.settled(step, |play| {
            let now = play.described_share(&group);
            let good = now.0 == wanted
                && (now.2 || expected.is_empty())
                && now.1.len() == expected.len()
                && expected.iter().all(|name| now.1.contains_key(name));
            Ok((good, now))
        })?;
        self.look_at("", Probe::Group(group));
        match step.get("show").and_then(Value::as_str) {
            None => Ok(json!({"state": state, "assignment": assignment})),
            Some("counts") => {
                let counts: SortedMap<&String, usize> = assignment.iter().map(|(name, all)| (name, all.len())).collect();
                Ok(json!({"state": state, "counts": counts}))
            }
            Some(other) => Err(step.error("show", format!("unknown: {other:?}; known: counts"))),
        }
    }

    pub(super) fn share_offsets(&mut self, step: &Step) -> Outcome {
        let group = step.name("group")?;
        self.look_at("", Probe::Share(Arc::clone(&group)));
        let cluster = self.world.cluster();
        let mut all = Map::new();
        for partition in cluster.share_partitions(&group) {
            if let Some((start, lag)) = cluster.share_offset(&group, partition) {
                // -1 stands for a lag that is not known, also where it comes out of a start beyond the end.
                let lag = if lag == -1 { Value::Null } else { json!(lag) };
                all.insert(self.partition_name(partition), json!({"start": start, "lag": lag}));
            }
        }
        Ok(Value::Object(all))
    }

    pub(super) fn share_tool(&mut self, step: &Step) -> Outcome {
        let group = step.name("group")?;
        match step.verb()? {
            "alter_share_group" => {
                let settings = step.config()?;
                self.ask(|op| LabAction::AlterGroup { op, group, settings })
            }
            "alter_share_offsets" => {
                let (topic, partition) = step.partition("partition")?;
                if self.world.cluster().partition_named(&topic, partition).is_none() {
                    self.look_at("", Probe::Share(group));
                    return Ok(json!({"error": "UnknownTopicOrPartitionException"}));
                }
                let offsets = vec![(topic, partition, step.integer("to")?.unwrap_or(0))];
                self.ask(|op| LabAction::AlterShareOffsets { op, group, offsets })
            }
            "delete_share_offsets" => {
                let topic = step.name("topic")?;
                self.ask(|op| LabAction::DeleteShareOffsets { op, group, topic })
            }
            _ => self.ask(|op| LabAction::DeleteShareGroup { op, group }),
        }
    }
}

fn acknowledged_offsets(step: &Step) -> Result<Vec<u64>, CaseError> {
    match step.get("offsets") {
        None => Ok(vec![step.number("offset")?]),
        Some(Value::Array(all)) => {
            let wrong = || step.error("offsets", "not a list of offsets".to_owned());
            all.iter().map(|v| v.as_u64().ok_or_else(wrong)).collect()
        }
        Some(_) => Err(step.error("offsets", "not a list of offsets".to_owned())),
    }
}

fn ack_type(step: &Step) -> Result<AckType, CaseError> {
    let Some(_) = step.get("type") else { return Ok(AckType::Accept) };
    let name = step.text("type")?;
    let known = || AckType::ALL.map(AckType::name).join(", ");
    let found = AckType::ALL.into_iter().find(|ack| ack.name() == name);
    found.ok_or_else(|| step.error("type", format!("unknown: {name:?}; known: {}", known())))
}
