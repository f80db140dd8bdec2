//! Verbs of members: joining, polling, committing, leaving.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::form::Form;
use super::{Named, Outcome, Script, config_error, ok};
use crate::broker::{ClientId, CommittedOffset, KafkaException, TopicPartition};
use crate::conformance::CaseError;
use crate::listener::consumer::{Answer, ConsumerConfig, Order, Seen, offset_and_metadata};

/// How long an order may take, in microseconds.
const ORDER_TIMEOUT_US: u64 = 120_000_000;
/// How long `await_records` waits, in microseconds.
const AWAIT_US: u64 = 20_000_000;
const MAKE: [&str; 13] = [
    "do",
    "as",
    "member",
    "group",
    "topics",
    "partitions",
    "assignor",
    "instance",
    "isolation",
    "config",
    "value_deserializer",
    "commit_on_revoke",
    "from",
];

impl Script<'_> {
    pub(super) fn member_step(&mut self, verb: &str, form: Form<'_>) -> Outcome {
        if matches!(verb, "join" | "open" | "assign") {
            return self.make_member(verb, form);
        }
        let id = self.find(form)?;
        match verb {
            "poll" => {
                form.only(&["do", "as", "member", "for_ms"])?;
                let for_us = form.number_or("for_ms", 15_000)? as u64 * 1_000;
                self.order(form, id, Order::Poll { for_us })
            }
            "seek" => self.seek(form, id),
            "commit" => self.commit(form, id),
            "await_records" => self.await_records(form, id),
            _ => {
                form.only(&["do", "as", "member"])?;
                self.plain_step(verb, form, id)
            }
        }
    }

    fn plain_step(&mut self, verb: &str, form: Form<'_>, id: ClientId) -> Outcome {
        match verb {
            "drain" => self.order(form, id, Order::Drain),
            "position" => self.order(form, id, Order::Positions),
            "leave" => self.order(form, id, Order::Close),
            "stall" => {
                self.bench.member(id, |member, _, _| member.stall());
                self.order(form, id, Order::Nothing)
            }
            "resume" => {
                self.bench.member(id, |member, now, out| member.resume(now, true, out));
                ok()
            }
            "wakeup" => {
                self.bench.member(id, |member, now, out| member.wakeup(now, out));
                ok()
            }
            "crash" => {
                self.bench.member(id, |member, _, _| member.crash());
                self.bench.cluster.disconnect(id);
                ok()
            }
            "take" => {
                let records = self.bench.member(id, |member, _, _| member.take());
                Ok(self.records(&records))
            }
            _ => {
                let seen = self.bench.member(id, |member, _, _| member.take_seen());
                Ok(seen.into_iter().map(|s| self.seen(s)).collect())
            }
        }
    }

    fn make_member(&mut self, verb: &str, form: Form<'_>) -> Outcome {
        form.only(&MAKE)?;
        let name = form.text("member")?;
        let group = form.get("group").map(|_| form.text("group")).transpose()?.map(str::to_owned);
        let config = self.consumer_config(form, group.as_deref())?;
        if config.is_static() {
            self.instances.insert(config.group_instance_id.clone(), name.to_owned());
        }
        let commit_on_revoke = form.flag("commit_on_revoke")?;
        let client = if verb == "assign" {
            let names = form.texts("partitions")?;
            let partitions: Vec<TopicPartition> = names.iter().map(|n| self.partition(form, "partitions", n)).collect::<Result<_, _>>()?;
            self.bench.add_member(name, config, false, commit_on_revoke, |consumer, now, out| consumer.assign(now, &partitions, out))
        } else {
            let topics = form.texts("topics")?;
            self.bench.add_member(name, config, verb == "join", commit_on_revoke, |consumer, now, out| consumer.subscribe(now, topics, out))
        };
        self.members.push(Named { name: name.to_owned(), group, manual: verb == "assign", client });
        ok()
    }

    pub(super) fn consumer_config(&self, form: Form<'_>, group: Option<&str>) -> Result<ConsumerConfig, CaseError> {
        let own = form.settings("config")?;
        let modern = own.iter().any(|(k, v)| &**k == "group.protocol" && &**v == "consumer");
        let mut config = ConsumerConfig::default();
        let mut set = |field: &str, name: &str, value: &str| config.set(name, value).map_err(|e| config_error(form, field, &e));
        let given = Form { case: self.case, place: "given", map: &self.case.given };
        for (name, value) in given.settings("consumer_defaults")? {
            if !(modern && matches!(&*name, "heartbeat.interval.ms" | "session.timeout.ms")) {
                set("consumer_defaults", &name, &value)?;
            }
        }
        if let Some(group) = group {
            set("group", "group.id", group)?;
        }
        match form.get("assignor") {
            None => {}
            Some(Value::Array(_)) => set("assignor", "partition.assignment.strategy", &form.texts("assignor")?.join(","))?,
            Some(_) => set("assignor", "partition.assignment.strategy", form.text("assignor")?)?,
        }
        let options = [("instance", "group.instance.id"), ("isolation", "isolation.level"), ("value_deserializer", "value.deserializer")];
        for (field, property) in options {
            if form.get(field).is_some() {
                set(field, property, form.text(field)?)?;
            }
        }
        for (name, value) in own {
            set("config", &name, &value)?;
        }
        Ok(config)
    }

    fn find(&self, form: Form<'_>) -> Result<ClientId, CaseError> {
        let name = form.text("member")?;
        let found = self.members.iter().rev().find(|m| m.name == name);
        found.map(|m| m.client).ok_or_else(|| form.error("member", format!("there is no member {name:?}")))
    }

    pub(super) fn order(&mut self, form: Form<'_>, id: ClientId, order: Order) -> Outcome {
        self.bench.member(id, |member, now, out| member.order(now, order, out));
        let answer = self.bench.until(ORDER_TIMEOUT_US, |bench| bench.member(id, |member, _, _| member.answer()));
        match answer.ok_or_else(|| form.error("", "the member does not come to this: it waits for ever"))? {
            Answer::Done => ok(),
            Answer::Records(records) => Ok(self.records(&records)),
            Answer::Threw(exception) => Err(exception.into()),
            Answer::Positions(positions) => {
                let map: Map<String, Value> = positions.into_iter().map(|(p, offset)| (self.name(p), json!(offset))).collect();
                Ok(Value::Object(map))
            }
        }
    }

    fn seek(&mut self, form: Form<'_>, id: ClientId) -> Outcome {
        form.only(&["do", "as", "member", "partition", "to"])?;
        let partition = self.partition(form, "partition", form.text("partition")?)?;
        let order = match form.get("to").and_then(Value::as_str) {
            Some("beginning") => Order::SeekToBeginning(partition),
            Some("end") => Order::SeekToEnd(partition),
            Some(other) => return Err(form.error("to", format!("an offset, beginning or end, not {other:?}")).into()),
            None => Order::Seek(partition, form.count("to")?),
        };
        self.order(form, id, order)
    }

    fn commit(&mut self, form: Form<'_>, id: ClientId) -> Outcome {
        form.only(&["do", "as", "member", "offsets"])?;
        let offsets = match form.get("offsets") {
            None => None,
            Some(_) => Some(self.offset_map(form)??),
        };
        self.order(form, id, Order::Commit(offsets))
    }

    /// The offsets of a step, as the client takes them.
    #[allow(clippy::type_complexity)]
    pub(super) fn offset_map(
        &self,
        form: Form<'_>,
    ) -> Result<Result<BTreeMap<TopicPartition, CommittedOffset>, KafkaException>, CaseError> {
        let map = form.get("offsets").and_then(Value::as_object).ok_or_else(|| form.error("offsets", "an object is needed"))?;
        let mut offsets = BTreeMap::new();
        for (name, offset) in map {
            let partition = self.partition(form, "offsets", name)?;
            let offset = offset.as_i64().ok_or_else(|| form.error("offsets", "offsets are whole numbers"))?;
            match offset_and_metadata(offset) {
                Ok(committed) => offsets.insert(partition, committed),
                Err(thrown) => return Ok(Err(thrown)),
            };
        }
        Ok(Ok(offsets))
    }

    fn await_records(&mut self, form: Form<'_>, id: ClientId) -> Outcome {
        form.only(&["do", "as", "member", "count"])?;
        let count = form.count("count")? as usize;
        let mut records = Vec::new();
        let came = self.bench.until(AWAIT_US, |bench| {
            records.extend(bench.member(id, |member, _, _| member.take()));
            (records.len() >= count).then_some(())
        });
        came.ok_or_else(|| form.error("count", format!("only {} records came", records.len())))?;
        Ok(self.records(&records))
    }

    /// An event as cases show it.
    pub(super) fn seen(&self, seen: Seen) -> Value {
        match seen {
            Seen::Assigned(p) => json!({"assigned": self.names(p)}),
            Seen::Revoked(p) => json!({"revoked": self.names(p)}),
            Seen::Lost(p) => json!({"lost": self.names(p)}),
            Seen::Threw(exception) => json!({"error": exception.class}),
        }
    }
}
