//! Verbs of groups: waiting until one is at rest, and looking at it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::form::Form;
use super::{Outcome, Script, ok};
use crate::broker::{ClientId, ErrorCode, GroupRequest, OffsetSpec, TopicPartition};
use crate::conformance::CaseError;

/// How often `settle` looks, how long nothing must have changed, how long it waits at most: in microseconds.
const LOOK_US: u64 = 60_000;
const REST_US: u64 = 1_200_000;
const LIMIT_US: u64 = 60_000_000;

/// What the last `settle` of a group found.
#[derive(Debug, Default)]
pub(super) struct Last {
    owners: BTreeMap<TopicPartition, String>,
    generation: u32,
}

/// State and assignment of a group, members by name.
type Described = (&'static str, BTreeMap<String, BTreeSet<TopicPartition>>);

impl Script<'_> {
    pub(super) fn group_step(&mut self, verb: &str, form: Form<'_>) -> Outcome {
        let group = form.text("group")?;
        match verb {
            "settle" => {
                form.only(&["do", "as", "group", "members", "show"])?;
                self.settle(form, group)
            }
            "group" => {
                form.only(&["do", "as", "group"])?;
                let (state, assignment) = self.described(group);
                let assignment: Map<String, Value> = assignment.into_iter().map(|(n, p)| (n, self.names(p))).collect();
                Ok(json!({"state": state, "assignment": assignment}))
            }
            "offsets" => {
                form.only(&["do", "as", "group"])?;
                self.offsets(form, group)
            }
            "reset_offset" => {
                form.only(&["do", "as", "group", "partition", "to"])?;
                let partition = self.partition(form, "partition", form.text("partition")?)?;
                let offsets = BTreeMap::from([(partition, form.count("to")?)]);
                self.group_tool(group, GroupRequest::AlterOffsets { offsets })
            }
            _ => {
                form.only(&["do", "as", "group", "partition"])?;
                let partitions = vec![self.partition(form, "partition", form.text("partition")?)?];
                self.group_tool(group, GroupRequest::DeleteOffsets { partitions })
            }
        }
    }

    fn group_tool(&mut self, group: &str, request: GroupRequest) -> Outcome {
        self.bench.ask_group(group, request).map_err(ErrorCode::exception)?;
        ok()
    }

    fn described(&self, group: &str) -> Described {
        let groups = &self.bench.cluster.groups;
        let Some(group) = groups.group(group) else { return ("Dead", BTreeMap::new()) };
        let shown = groups.members(group).into_iter().map(|m| {
            let name = m.instance.and_then(|i| self.instances.get(&*i).cloned()).unwrap_or_else(|| m.client_id.to_string());
            (name, m.assignment.into_iter().collect())
        });
        (groups.state(group).name(), shown.collect())
    }

    /// The newest member of that name, if there is one.
    fn newest(&self, name: &str) -> Option<ClientId> {
        self.members.iter().rev().find(|m| m.name == name).map(|m| m.client)
    }

    fn expected(&self, form: Form<'_>, group: &str) -> Result<BTreeSet<String>, CaseError> {
        if form.get("members").is_some() {
            return Ok(form.texts("members")?.iter().map(|n| n.to_string()).collect());
        }
        let polls = |m: &&super::Named| {
            let view = self.bench.view(m.client);
            m.group.as_deref() == Some(group) && !m.manual && !view.is_gone() && view.is_polling()
        };
        Ok(self.members.iter().filter(polls).map(|m| m.name.clone()).collect())
    }

    fn settle(&mut self, form: Form<'_>, group: &str) -> Outcome {
        let expected = self.expected(form, group)?;
        let limit = self.bench.now + LIMIT_US;
        let mut since = self.bench.now;
        let mut last = None;
        while self.bench.now.since(since) < REST_US {
            if self.bench.now >= limit {
                let problem = format!("group {group} does not come to rest: {:?}, expected {expected:?}", self.described(group));
                return Err(form.error("", problem).into());
            }
            self.bench.advance(LOOK_US);
            let now = self.described(group);
            if !self.is_at_rest(&now, &expected) || last.as_ref() != Some(&now) {
                since = self.bench.now;
            }
            last = Some(now);
        }
        self.facts(form, group, &expected)
    }

    fn is_at_rest(&self, (state, assignment): &Described, expected: &BTreeSet<String>) -> bool {
        let knows = |name: &String| {
            let told = self.newest(name).map(|id| self.bench.view(id).assigned());
            assignment.get(name).is_some_and(|a| Some(a) == told)
        };
        let right_state = *state == "Stable" || expected.is_empty() && *state == "Empty";
        right_state && assignment.len() == expected.len() && expected.iter().all(knows)
    }

    fn facts(&mut self, form: Form<'_>, group: &str, expected: &BTreeSet<String>) -> Outcome {
        let show: Vec<String> = match form.get("show") {
            None => ["generation", "assignment", "events"].map(str::to_owned).to_vec(),
            Some(_) => form.texts("show")?.iter().map(|s| s.to_string()).collect(),
        };
        let shows = |what: &str| show.iter().any(|s| s == what);
        let known =
            ["generation", "assignment", "counts", "sorted_counts", "moved_between_living", "events", "changes", "more_than_one_rebalance"];
        if let Some(unknown) = show.iter().find(|s| !known.contains(&s.as_str())) {
            return Err(form.error("show", format!("unknown fact {unknown:?}; known are {}", known.join(", "))).into());
        }
        let members: Vec<(String, ClientId)> = expected.iter().filter_map(|n| Some((n.clone(), self.newest(n)?))).collect();
        let share = |id: &ClientId| self.bench.view(*id).assigned();
        let generation = members.iter().filter_map(|(_, id)| self.bench.view(*id).generation()).max();
        let owners: BTreeMap<TopicPartition, String> =
            members.iter().flat_map(|(n, id)| share(id).iter().map(|p| (*p, n.clone()))).collect();
        let before = self.settled.remove(group).unwrap_or_default();
        let moved = owners.iter().filter(|(p, n)| before.owners.get(p).is_some_and(|o| o != *n && expected.contains(o))).count();
        let mut facts = Map::new();
        let mut put = |what: &str, value: Value| {
            if shows(what) {
                facts.insert(what.to_owned(), value);
            }
        };
        put("generation", json!(generation.map_or(-1, i64::from)));
        put("assignment", members.iter().map(|(n, id)| (n.clone(), self.names(share(id).iter().copied()))).collect::<Map<_, _>>().into());
        put("counts", members.iter().map(|(n, id)| (n.clone(), json!(share(id).len()))).collect::<Map<_, _>>().into());
        let mut counts: Vec<usize> = members.iter().map(|(_, id)| share(id).len()).collect();
        counts.sort_unstable();
        put("sorted_counts", json!(counts));
        put("moved_between_living", json!(moved));
        let generation = generation.unwrap_or_default();
        put("more_than_one_rebalance", json!(generation.saturating_sub(before.generation) > 1));
        if shows("events") || shows("changes") {
            let events = self.take_events(group);
            let changes: Map<String, Value> = events.iter().filter_map(|(n, e)| Some((n.clone(), without_empty(e)?))).collect();
            put("events", Value::Object(events));
            put("changes", Value::Object(changes));
        }
        self.settled.insert(group.to_owned(), Last { owners, generation });
        Ok(Value::Object(facts))
    }

    fn take_events(&mut self, group: &str) -> Map<String, Value> {
        let mut events = Map::new();
        let ids: Vec<(String, ClientId)> =
            self.members.iter().filter(|m| m.group.as_deref() == Some(group)).map(|m| (m.name.clone(), m.client)).collect();
        for (name, id) in ids {
            let seen = self.bench.member(id, |member, _, _| member.take_seen());
            if !seen.is_empty() {
                let shown: Vec<Value> = seen.into_iter().map(|s| self.seen(s)).collect();
                events.insert(name, shown.into());
            }
        }
        events
    }

    fn offsets(&mut self, form: Form<'_>, group: &str) -> Outcome {
        let stored: Vec<(TopicPartition, u64)> = match self.bench.cluster.groups.group(group) {
            None => Vec::new(),
            Some(group) => group.offsets.iter().map(|(p, o)| (*p, o.committed.offset)).collect(),
        };
        let mut map = Map::new();
        for (partition, committed) in stored {
            let end = self.listed(form, partition, OffsetSpec::Latest)?.offset.unwrap_or_default();
            let facts = json!({"committed": committed, "end": end, "lag": end as i64 - committed as i64});
            map.insert(self.name(partition), facts);
        }
        Ok(Value::Object(map))
    }
}

/// The events without empty sets, neighbours of one kind made one; `None` if nothing is left.
fn without_empty(events: &Value) -> Option<Value> {
    let mut changes: Vec<(String, Value)> = Vec::new();
    for event in events.as_array()? {
        let (what, value) = event.as_object()?.iter().next()?;
        match value {
            Value::Array(partitions) if partitions.is_empty() => {}
            Value::Array(partitions) => match changes.last_mut() {
                Some((last, Value::Array(all))) if last == what => {
                    all.extend(partitions.iter().cloned());
                    all.sort_by_key(by_partition);
                    all.dedup();
                }
                _ => changes.push((what.clone(), value.clone())),
            },
            _ => changes.push((what.clone(), value.clone())),
        }
    }
    (!changes.is_empty()).then(|| changes.into_iter().map(|(what, value)| json!({what: value})).collect())
}

/// Sorts `t-10` behind `t-2`.
fn by_partition(name: &Value) -> (String, u32) {
    let text = name.as_str().unwrap_or_default();
    let (topic, number) = text.rsplit_once('-').unwrap_or((text, "0"));
    (topic.to_owned(), number.parse().unwrap_or_default())
}
