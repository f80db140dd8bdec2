//! Verbs of topics and their logs.

use serde_json::{Map, Value, json};

use super::form::Form;
use super::{Fail, Outcome, Script, ok};
use crate::broker::{AdminRequest, ErrorCode, ListedOffset, OffsetSpec, Request, Response, TopicPartition};
use crate::conformance::CaseError;

/// How long `compact` waits, in microseconds.
const COMPACT_US: u64 = 20_000_000;

impl Script<'_> {
    pub(super) fn topic_step(&mut self, verb: &str, form: Form<'_>) -> Outcome {
        match verb {
            "add_partitions" => {
                form.only(&["do", "as", "topic", "total"])?;
                self.admin(AdminRequest::CreatePartitions { topic: form.text("topic")?.into(), total: form.count("total")? as u32 })?;
                self.producers_learn();
                ok()
            }
            "alter_topic" => {
                form.only(&["do", "as", "topic", "config"])?;
                self.admin(AdminRequest::AlterTopicConfig { topic: form.text("topic")?.into(), config: form.settings("config")? })?;
                ok()
            }
            "delete_records" => {
                form.only(&["do", "as", "partition", "before"])?;
                let partition = self.partition(form, "partition", form.text("partition")?)?;
                let request = Request::Admin(AdminRequest::DeleteRecords { partition, before: form.count("before")? });
                match self.ask_leader(partition, request)? {
                    Response::Admin { log_start_offset } => Ok(json!({"start": log_start_offset})),
                    other => Err(unexpected(&other)),
                }
            }
            "log" => {
                form.only(&["do", "as", "topic"])?;
                self.log(form)
            }
            "segments" => {
                form.only(&["do", "as", "partition"])?;
                let partition = self.partition(form, "partition", form.text("partition")?)?;
                let leader = self.bench.cluster.leader(partition).ok_or_else(|| form.error("partition", "it has no leader"))?;
                Ok(leader.log.segments().map(|s| json!({"base": s.base_offset, "bytes": s.bytes})).collect())
            }
            _ => {
                form.only(&["do", "as", "partition", "up_to"])?;
                let partition = self.partition(form, "partition", form.text("partition")?)?;
                let up_to = form.count("up_to")?;
                let cleaned =
                    |bench: &mut super::Bench| bench.cluster.leader(partition).filter(|l| l.log.first_dirty() >= up_to).map(|_| ());
                self.bench.until(COMPACT_US, cleaned).ok_or_else(|| form.error("up_to", "the cleaner has not come so far"))?;
                ok()
            }
        }
    }

    fn admin(&mut self, request: AdminRequest) -> Result<(), Fail> {
        match self.bench.ask(None, Request::Admin(request)) {
            Response::Admin { .. } => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks the leader of a partition.
    pub(super) fn ask_leader(&mut self, partition: TopicPartition, request: Request) -> Result<Response, Fail> {
        let leader = self.bench.cluster.partition(partition).and_then(|p| p.leader);
        let leader = leader.ok_or(ErrorCode::LeaderNotAvailable).map_err(ErrorCode::exception)?;
        match self.bench.ask(Some(leader), request) {
            Response::Error(error) => Err(error.exception().into()),
            response => Ok(response),
        }
    }

    pub(super) fn listed(&mut self, _form: Form<'_>, partition: TopicPartition, spec: OffsetSpec) -> Result<ListedOffset, Fail> {
        let isolation = crate::broker::IsolationLevel::ReadUncommitted;
        match self.ask_leader(partition, Request::ListOffsets { isolation, partitions: vec![(partition, spec)] })? {
            Response::ListOffsets { partitions } => match partitions.into_iter().next() {
                Some((_, Ok(listed))) => Ok(listed),
                Some((_, Err(error))) => Err(error.exception().into()),
                None => Err(ErrorCode::InvalidRequest.exception().into()),
            },
            other => Err(unexpected(&other)),
        }
    }

    fn partitions_of(&self, form: Form<'_>) -> Result<Vec<TopicPartition>, CaseError> {
        let name = form.text("topic")?;
        let topic = self.bench.cluster.topics().by_name(name).ok_or_else(|| form.error("topic", format!("there is no topic {name:?}")))?;
        Ok((0..topic.partitions).map(|partition| TopicPartition { topic: topic.id, partition }).collect())
    }

    fn log(&self, form: Form<'_>) -> Outcome {
        let mut map = Map::new();
        for partition in self.partitions_of(form)? {
            if let Some(leader) = self.bench.cluster.leader(partition) {
                let facts = json!({
                    "start": leader.log.start(), "lso": leader.last_stable_offset(),
                    "hw": leader.high_watermark, "leo": leader.log.end(),
                });
                map.insert(self.name(partition), facts);
            }
        }
        Ok(Value::Object(map))
    }

    /// Leader and in-sync replicas of every partition of a topic.
    pub(super) fn states(&self, form: Form<'_>) -> Result<Map<String, Value>, CaseError> {
        let mut map = Map::new();
        for partition in self.partitions_of(form)? {
            let state = self.bench.cluster.partition(partition).expect("the topic's partitions exist");
            let isr: Vec<u32> = state.isr.iter().map(|b| b.0).collect();
            map.insert(self.name(partition), json!({"leader": state.leader.map(|b| b.0), "isr": isr}));
        }
        Ok(map)
    }

    /// Whether every leader has itself taken over the ISR `isr`, and leads.
    pub(super) fn leaders_know(&self, form: Form<'_>, isr: Option<&Value>) -> Result<bool, CaseError> {
        let partitions = self.partitions_of(form)?;
        Ok(partitions.into_iter().all(|p| {
            let led = self.bench.cluster.partition(p).is_some_and(|s| s.leader.is_some());
            let known = self.bench.cluster.leader(p).and_then(|r| r.leadership());
            match (led, known, isr) {
                (false, _, _) => true,
                (true, None, _) => false,
                (true, Some(_), None) => true,
                (true, Some(leadership), Some(isr)) => json!(leadership.isr.iter().map(|b| b.0).collect::<Vec<_>>()) == *isr,
            }
        }))
    }
}

/// The exception of an answer that is an error.
pub(super) fn unexpected(response: &Response) -> Fail {
    match response {
        Response::Error(error) => error.exception().into(),
        _ => ErrorCode::InvalidRequest.exception().into(),
    }
}
