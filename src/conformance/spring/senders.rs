//! The producers of a script: that of the outside, and the template of every container.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::given::{Given, RecordPlan};
use super::stage::Due;
use crate::broker::{Acks, Batch, ClientId, Cluster, KafkaException, NewRecord, Request, Response, TopicPartition};
use crate::kernel::SimTime;
use crate::listener::ContainerEffect;

const CLIENT: ClientId = ClientId(1);

#[derive(Debug, Clone)]
pub(super) struct SenderDue {
    correlation: u64,
}

/// The answer to a send or a transactional call of a container.
pub(super) struct Answer {
    pub(super) actor: usize,
    pub(super) token: u64,
    pub(super) of_transaction: bool,
    pub(super) result: Result<(), KafkaException>,
}

pub(super) struct Senders {
    max_block_us: u64,
    next: u64,
    waiting: BTreeMap<u64, Option<(usize, u64)>>,
    answers: Vec<Answer>,
    outside: Option<bool>,
}

impl Senders {
    pub(super) fn new(given: &Given) -> Senders {
        let max_block = given.producer.iter().find(|(name, _)| name == "max.block.ms").and_then(|(_, value)| value.parse::<u64>().ok());
        Senders { max_block_us: max_block.unwrap_or(60_000) * 1_000, next: 0, waiting: BTreeMap::new(), answers: Vec::new(), outside: None }
    }

    pub(super) fn owns(&self, client: ClientId) -> bool {
        client == CLIENT
    }

    pub(super) fn died(&mut self, _actor: usize) {}

    pub(super) fn ask(
        &mut self,
        _now: SimTime,
        actor: usize,
        _member: (Arc<str>, Option<u32>),
        effect: ContainerEffect,
        cluster: &Cluster,
    ) -> Vec<(u64, Due)> {
        let ContainerEffect::Send { token, topic, partition, verify_partition, record, .. } = effect else { return Vec::new() };
        let count = cluster.topics().by_name(&topic).map_or(0, |topic| topic.partitions);
        let partition = if verify_partition { partition.filter(|number| *number < count) } else { partition };
        self.send(Some((actor, token)), &topic, partition, record, cluster)
    }

    fn send(
        &mut self,
        whose: Option<(usize, u64)>,
        topic: &str,
        partition: Option<u32>,
        record: NewRecord,
        cluster: &Cluster,
    ) -> Vec<(u64, Due)> {
        self.next += 1;
        let correlation = self.next;
        self.waiting.insert(correlation, whose);
        let known = cluster.topics().by_name(topic).filter(|topic| partition.unwrap_or(0) < topic.partitions).map(|topic| topic.id);
        let Some(topic) = known else {
            return vec![(self.max_block_us, Due::Sender(SenderDue { correlation }))];
        };
        let partition = TopicPartition { topic, partition: partition.unwrap_or(0) };
        let batch = Batch { partition, producer: None, base_sequence: 0, transactional: false, records: Arc::from([record]) };
        let request = Request::Produce { acks: Acks::All, timeout_us: 30_000_000, transactional_id: None, batches: vec![batch] };
        vec![(0, Due::Request { to: None, from: CLIENT, correlation, request })]
    }

    pub(super) fn due(&mut self, _now: SimTime, due: SenderDue) -> Vec<(u64, Due)> {
        self.answered(due.correlation, Err(KafkaException::new("TimeoutException")));
        Vec::new()
    }

    pub(super) fn response(&mut self, _now: SimTime, _to: ClientId, correlation: u64, _response: Response) -> Vec<(u64, Due)> {
        self.answered(correlation, Ok(()));
        Vec::new()
    }

    fn answered(&mut self, correlation: u64, result: Result<(), KafkaException>) {
        match self.waiting.remove(&correlation) {
            Some(Some((actor, token))) => self.answers.push(Answer { actor, token, of_transaction: false, result }),
            Some(None) => self.outside = Some(result.is_ok()),
            None => {}
        }
    }

    pub(super) fn take_answers(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.answers)
    }

    pub(super) fn send_from_outside(&mut self, _now: SimTime, plan: RecordPlan, cluster: &Cluster) -> Vec<(u64, Due)> {
        self.outside = None;
        self.send(None, &plan.topic, plan.partition, plan.record, cluster)
    }

    pub(super) fn outside_answer(&mut self) -> Option<bool> {
        self.outside.take()
    }
}
