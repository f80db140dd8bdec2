//! Verbs about groups: their state, their committed offsets, and `settle`, which waits until nothing moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::play::Play;
use super::{Outcome, Step};
use crate::pipeline::Probe;
use crate::pipeline::lab::LabAction;

/// How long a group must stand still to count as settled, in microseconds.
const QUIET_US: u64 = 1_200_000;
/// How long `settle` waits at most, in microseconds.
const SETTLE_US_MAX: u64 = 40_000_000;
/// How often it looks, in microseconds.
const LOOK_US: u64 = 60_000;

/// What `settle` shows of members and their assignment.
const SETTLED: [&str; 8] =
    ["generation", "assignment", "counts", "sorted_counts", "moved_between_living", "more_than_one_rebalance", "events", "changes"];

/// A group as its coordinator describes it: state, and the partitions by member.
type Described = (String, BTreeMap<String, Vec<String>>);

impl Play<'_> {
    fn described(&self, name: &str) -> Option<Described> {
        let groups = &self.world.cluster().groups;
        let group = groups.group(name).filter(|group| group.exists())?;
        let mut members = BTreeMap::new();
        for member in groups.members(group) {
            let newest = member.instance.as_ref().and_then(|i| self.instances.get(&**i)).cloned();
            members.insert(newest.unwrap_or_else(|| member.client_id.to_string()), self.partition_names(member.assignment.iter().copied()));
        }
        Some((groups.state(group).name().to_owned(), members))
    }

    pub(super) fn group(&mut self, step: &Step) -> Outcome {
        self.look_at("", Probe::Group(step.name("group")?));
        Ok(match self.described(step.text("group")?) {
            Some((state, assignment)) => json!({"state": state, "assignment": assignment}),
            None => json!({"error": "GroupIdNotFoundException"}),
        })
    }

    pub(super) fn offsets(&mut self, step: &Step) -> Outcome {
        let name = step.text("group")?;
        self.look_at("", Probe::Committed(Arc::from(name)));
        self.look_at_ends(name);
        let mut all = Map::new();
        let cluster = self.world.cluster();
        for (partition, stored) in cluster.groups.group(name).into_iter().flat_map(|g| &g.offsets) {
            let end = cluster.leader(*partition).map_or(0, |leader| leader.high_watermark);
            let committed = stored.committed.offset;
            let lag = end as i64 - committed as i64;
            all.insert(self.partition_name(*partition), json!({"committed": committed, "end": end, "lag": lag}));
        }
        Ok(Value::Object(all))
    }

    pub(super) fn change_offset(&mut self, step: &Step) -> Outcome {
        let (group, (topic, partition)) = (step.name("group")?, step.partition("partition")?);
        let unknown = self.world.cluster().partition_named(&topic, partition).is_none();
        self.look_at("", Probe::Committed(Arc::clone(&group)));
        if step.verb()? == "delete_offset" {
            let exists = self.world.cluster().groups.group(&group).is_some_and(|group| group.exists());
            if unknown {
                let class = if exists { "UnknownTopicOrPartitionException" } else { "GroupIdNotFoundException" };
                return Ok(json!({"error": class}));
            }
            return self.ask(|op| LabAction::DeleteGroupOffset { op, group, topic, partition });
        }
        let to = step.integer("to")?.ok_or_else(|| step.error("to", "missing".to_owned()))?;
        if to < 0 || unknown {
            // The constructor of `OffsetAndMetadata`; or the broker.
            let class = if to < 0 { "IllegalArgumentException" } else { "UnknownTopicOrPartitionException" };
            return Ok(json!({"error": class}));
        }
        let offsets = vec![(topic, partition, to)];
        self.ask(|op| LabAction::AlterGroupOffsets { op, group, offsets })
    }

    /// The members that the recorder expects: those named, or those of the group that poll.
    fn expected(&self, step: &Step, group: &str) -> Result<Vec<String>, crate::conformance::CaseError> {
        if step.get("members").is_some() {
            return Ok(step.texts("members")?.iter().map(ToString::to_string).collect());
        }
        let polling = self
            .world
            .lab()
            .members()
            .iter()
            .filter(|m| &*m.group == group && !m.manual && !m.application.is_gone() && m.application.is_polling());
        Ok(polling.map(|m| m.name.to_string()).collect())
    }

    /// The newest member's own view of its assignment.
    fn own_assignment(&self, name: &str) -> Vec<String> {
        let member = self.world.lab().member(name);
        member.map_or_else(Vec::new, |m| self.partition_names(m.application.assigned().iter().copied()))
    }

    pub(super) fn settle(&mut self, step: &Step) -> Outcome {
        let group = step.text("group")?;
        self.settled(step, |play| {
            // Members that gave up meanwhile (an exception from poll) are expected no longer.
            let expected = play.expected(step, group)?;
            let now = play.described(group).unwrap_or_else(|| ("Empty".to_owned(), BTreeMap::new()));
            let good = (now.0 == "Stable" || expected.is_empty() && now.0 == "Empty")
                && now.1.len() == expected.len()
                && expected.iter().all(|name| now.1.get(name).is_some_and(|parts| *parts == play.own_assignment(name)));
            Ok((good, now))
        })?;
        let expected = self.expected(step, group)?;
        self.group_facts(step, group, &expected.into_iter().collect())
    }

    /// Lets time pass until `look` has found the group good and unchanged for [`QUIET_US`]; what it found last.
    ///
    /// # Errors
    /// If that does not come within [`SETTLE_US_MAX`], or `look` fails.
    pub(super) fn settled<T: PartialEq + std::fmt::Debug>(
        &mut self,
        step: &Step,
        look: impl Fn(&Self) -> Result<(bool, T), crate::conformance::CaseError>,
    ) -> Result<T, crate::conformance::CaseError> {
        let limit = self.world.now() + SETTLE_US_MAX;
        let mut since = self.world.now();
        let mut last: Option<T> = None;
        loop {
            if self.world.now() > limit {
                return Err(step.error("group", format!("the group does not settle: {last:?}")));
            }
            let until = self.world.now() + LOOK_US;
            self.world.run_until(until);
            let (good, now) = look(self)?;
            if !good || last.as_ref() != Some(&now) {
                since = self.world.now();
            }
            if self.world.now().since(since) >= QUIET_US {
                return Ok(now);
            }
            last = Some(now);
        }
    }

    fn group_facts(&mut self, step: &Step, group: &str, expected: &BTreeSet<String>) -> Outcome {
        let show: Vec<String> = match step.get("show") {
            Some(_) => step.texts("show")?.iter().map(ToString::to_string).collect(),
            None => ["generation", "assignment", "events"].map(str::to_owned).to_vec(),
        };
        let assignment: BTreeMap<String, Vec<String>> = expected.iter().map(|name| (name.clone(), self.own_assignment(name))).collect();
        let generation = expected.iter().filter_map(|n| self.world.lab().member(n)?.application.generation()).max().map_or(-1, i64::from);
        let counts: BTreeMap<&String, usize> = assignment.iter().map(|(name, parts)| (name, parts.len())).collect();
        let events = if show.iter().any(|s| s == "events" || s == "changes") { self.all_events(group) } else { BTreeMap::new() };
        let owners: BTreeMap<String, String> =
            assignment.iter().flat_map(|(name, parts)| parts.iter().map(|p| (p.clone(), name.clone()))).collect();
        let before = self.owners.insert(group.to_owned(), owners.clone()).unwrap_or_default();
        let moved = |(p, owner): &(&String, &String)| before.get(*p).is_some_and(|old| old != *owner && expected.contains(old));
        let generation_before = self.generations.insert(group.to_owned(), generation).unwrap_or(0);
        let mut facts = Map::new();
        for part in SETTLED.iter().filter(|part| show.iter().any(|s| s == **part)) {
            self.look_at_members(part, group, expected);
        }
        for what in show {
            let value = match what.as_str() {
                "generation" => json!(generation),
                "assignment" => json!(assignment),
                "counts" => json!(counts),
                "sorted_counts" => {
                    let mut sorted: Vec<usize> = counts.values().copied().collect();
                    sorted.sort_unstable();
                    json!(sorted)
                }
                "moved_between_living" => json!(owners.iter().filter(moved).count()),
                "events" => json!(events),
                "changes" => {
                    let changed = events.iter().map(|(name, e)| (name.clone(), changes(e))).filter(|(_, e)| !e.is_empty());
                    json!(changed.collect::<BTreeMap<_, _>>())
                }
                "more_than_one_rebalance" => json!(generation - generation_before > 1),
                other => return Err(step.error("show", format!("unknown: {other:?}"))),
            };
            facts.insert(what, value);
        }
        Ok(Value::Object(facts))
    }

    fn look_at_ends(&mut self, group: &str) {
        let cluster = self.world.cluster();
        let offsets = cluster.groups.group(group).into_iter().flat_map(|g| g.offsets.keys());
        let topics: BTreeSet<Arc<str>> = offsets.map(|p| Arc::from(cluster.topic_name(p.topic))).collect();
        for topic in topics {
            self.look_at("", Probe::Ends(topic));
        }
    }

    /// What `settle` says of the members is what each of them knows; of none, what the coordinator says.
    fn look_at_members(&mut self, part: &'static str, group: &str, expected: &BTreeSet<String>) {
        let places: Vec<u32> = expected.iter().filter_map(|name| self.world.place_of(name)).collect();
        if places.is_empty() || part == "events" || part == "changes" {
            self.look_at(part, Probe::Group(Arc::from(group)));
            return;
        }
        for place in places {
            self.look_at(part, Probe::Member(place));
        }
    }

    /// What every member of the group saw since it was last shown; an older process of a name stands as `name(old)`.
    fn all_events(&mut self, group: &str) -> BTreeMap<String, Vec<Value>> {
        let places: Vec<(u32, String)> = {
            let members = self.world.lab().members();
            let of_group = (0u32..).zip(members).filter(|(index, m)| &*m.group == group && !self.dropped.contains(index));
            let name = |(index, m): (u32, &crate::pipeline::lab::LabMember)| {
                let is_old = members[index as usize + 1..].iter().any(|later| later.name == m.name);
                (index, if is_old { format!("{}(old)", m.name) } else { m.name.to_string() })
            };
            of_group.map(name).collect()
        };
        let mut all = BTreeMap::new();
        for (index, name) in places {
            let from = self.world.seen_count(index) as u32;
            let seen = self.world.take_seen(index);
            let probe = Probe::Seen(index, from, from + seen.len() as u32);
            self.look_at("events", probe.clone());
            self.look_at("changes", probe);
            let events = self.seen(&seen);
            if !events.is_empty() {
                all.insert(name, events);
            }
        }
        all
    }
}

/// Events without the empty ones, neighbours of one kind made one.
fn changes(events: &[Value]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for event in events {
        let Some((kind, set)) = event.as_object().and_then(|e| e.iter().next()) else { continue };
        let Some(set) = set.as_array() else {
            all.push(event.clone());
            continue;
        };
        if set.is_empty() {
            continue;
        }
        let neighbour = all.last_mut().and_then(|last| last.get_mut(kind)).and_then(Value::as_array_mut);
        match neighbour {
            Some(joined) => {
                joined.extend(set.iter().cloned());
                joined
                    .sort_by_key(|name| name.as_str().and_then(|n| n.rsplit_once('-')).map(|(t, n)| (t.to_owned(), n.parse::<u32>().ok())));
            }
            None => all.push(event.clone()),
        }
    }
    all
}
