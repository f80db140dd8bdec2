//! Fetches of clients and when they are answered (B2, E2).

use super::purgatory::{ClientFetch, WaitingFetch};
use super::{Asked, Cluster};
use crate::broker::{Effect, EpochEnd, ErrorCode, FetchAnswer, FetchPartition, IsolationLevel, Response, TopicPartition};
use crate::kernel::SimTime;

impl Cluster {
    /// Answers at once if there is anything to say, else waits for it.
    pub(super) fn handle_fetch(&mut self, now: SimTime, asked: Asked, fetch: ClientFetch, wait_us_max: u64, out: &mut Vec<Effect>) {
        if wait_us_max == 0 || self.has_news(asked.node, &fetch) {
            let answers = self.client_answers(asked.node, &fetch);
            if wait_us_max == 0 || answers.is_due(&fetch) {
                let response = Response::Fetch { partitions: answers.partitions };
                let from = self.nodes[asked.node].id;
                return out.push(Effect::Respond { from, to: asked.client, correlation: asked.correlation, response });
            }
        }
        let waiting = WaitingFetch::Client { asked, fetch, deadline: now + wait_us_max };
        self.nodes[asked.node].wait_fetch(waiting, out);
    }

    /// A partition has news: answers the fetches that waited for it.
    pub(super) fn wake_fetches(&mut self, now: SimTime, index: usize, partition: TopicPartition, out: &mut Vec<Effect>) {
        let Some(replica) = self.nodes[index].replicas.get(&partition) else { return };
        if replica.fetch_waiters.is_empty() {
            return;
        }
        for id in replica.fetch_waiters.clone() {
            if let Some(WaitingFetch::Share { fetch, .. }) = self.nodes[index].purgatory.fetch(id) {
                let fetch = fetch.clone();
                if self.has_shareable_news(now, index, &fetch, out)
                    && let Some(waiting) = self.nodes[index].purgatory.take_fetch(id)
                {
                    self.nodes[index].unwatch(id, &waiting);
                    self.answer_fetch(now, index, &waiting, out);
                }
                continue;
            }
            let mut answers = None;
            let ready = match self.nodes[index].purgatory.fetch(id) {
                Some(WaitingFetch::Client { fetch, .. }) if self.has_news(index, fetch) => {
                    let found = self.client_answers(index, fetch);
                    let due = found.is_due(fetch);
                    answers = Some(found.partitions);
                    due
                }
                Some(WaitingFetch::Replica { partitions, .. }) => self.has_replica_news(index, partitions),
                _ => false,
            };
            if ready && let Some(fetch) = self.nodes[index].purgatory.take_fetch(id) {
                self.nodes[index].unwatch(id, &fetch);
                match (&fetch, answers) {
                    (WaitingFetch::Client { asked, .. }, Some(partitions)) => {
                        let (from, response) = (self.nodes[index].id, Response::Fetch { partitions });
                        out.push(Effect::Respond { from, to: asked.client, correlation: asked.correlation, response });
                    }
                    _ => self.answer_fetch(now, index, &fetch, out),
                }
            }
        }
    }

    /// Answers a fetch with what there is.
    pub(super) fn answer_fetch(&mut self, now: SimTime, index: usize, fetch: &WaitingFetch, out: &mut Vec<Effect>) {
        let from = self.nodes[index].id;
        match fetch {
            WaitingFetch::Client { asked, fetch, .. } => {
                let response = Response::Fetch { partitions: self.client_answers(index, fetch).partitions };
                out.push(Effect::Respond { from, to: asked.client, correlation: asked.correlation, response });
            }
            WaitingFetch::Share { asked, fetch, .. } => {
                let response = self.share_answers(now, index, fetch, out);
                out.push(Effect::Respond { from, to: asked.client, correlation: asked.correlation, response });
            }
            WaitingFetch::Replica { follower, session, partitions, .. } => {
                self.answer_replica_fetch(index, *follower, *session, partitions, out);
            }
        }
    }

    /// Whether a client's fetch might have anything but emptiness to hear.
    fn has_news(&self, index: usize, fetch: &ClientFetch) -> bool {
        let node = &self.nodes[index];
        fetch.partitions.iter().any(|p| match node.leader(p.partition) {
            Some(replica) => {
                let end = replica.readable_end(fetch.isolation);
                end > p.offset
                    || p.offset < replica.log.start()
                    || p.offset > replica.log.end()
                    || diverging(replica, p.offset, p.last_fetched_epoch).is_some()
            }
            None => true,
        })
    }

    /// What each partition has to say, in the order asked, within the bounds (`ReplicaManager#readFromLog`).
    fn client_answers(&self, index: usize, fetch: &ClientFetch) -> Answers {
        let mut answers = Answers { partitions: Vec::with_capacity(fetch.partitions.len()), bytes: 0 };
        for asked in &fetch.partitions {
            let left = u64::from(fetch.bounds.bytes_max).saturating_sub(answers.bytes);
            let room = Room { bytes_max: left.min(u64::from(fetch.bounds.partition_bytes_max)), at_least_one: answers.bytes == 0 };
            let answer = self.client_answer(index, *asked, fetch.isolation, room);
            let (answer, bytes) = answer.map_or_else(|error| (Err(error), 0), |(answer, bytes)| (Ok(answer), bytes));
            answers.bytes += bytes;
            answers.partitions.push((asked.partition, answer));
        }
        answers
    }

    /// One partition's answer, and how many bytes it takes.
    fn client_answer(
        &self,
        index: usize,
        p: FetchPartition,
        isolation: IsolationLevel,
        room: Room,
    ) -> Result<(FetchAnswer, u64), ErrorCode> {
        let known = self.topics.topic(p.partition.topic).is_some_and(|t| p.partition.partition < t.partitions);
        let error = if known { ErrorCode::NotLeaderOrFollower } else { ErrorCode::UnknownTopicOrPartition };
        let replica = self.nodes[index].leader(p.partition).ok_or(error)?;
        let end = replica.readable_end(isolation);
        let mut answer = FetchAnswer {
            records: Vec::new(),
            aborted: Vec::new(),
            high_watermark: replica.high_watermark,
            last_stable_offset: replica.last_stable_offset(),
            log_start_offset: replica.log.start(),
            diverging: diverging(replica, p.offset, p.last_fetched_epoch),
        };
        if answer.diverging.is_some() {
            return Ok((answer, 0));
        }
        if p.offset < replica.log.start() || p.offset > replica.log.end() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let mut bytes = 0;
        if p.offset < end {
            (answer.records, bytes) = replica.log.read(p.offset, end, room.bytes_max, room.at_least_one);
            if isolation == IsolationLevel::ReadCommitted
                && let (Some(first), Some(last)) = (answer.records.first(), answer.records.last())
            {
                answer.aborted = replica.log.producers.aborted_in(first.offset, last.offset + 1);
            }
        }
        Ok((answer, bytes))
    }
}

/// How much a partition may still add to an answer.
#[derive(Debug, Clone, Copy)]
struct Room {
    bytes_max: u64,
    /// Nothing has come of another partition yet: the first batch comes however large it is.
    at_least_one: bool,
}

/// What a fetch can be told.
struct Answers {
    partitions: Vec<(TopicPartition, Result<FetchAnswer, ErrorCode>)>,
    bytes: u64,
}

impl Answers {
    /// Whether it is worth an answer before the fetch's time is up: enough bytes, or something that is no record.
    fn is_due(&self, fetch: &ClientFetch) -> bool {
        (self.bytes > 0 && self.bytes >= u64::from(fetch.bounds.bytes_min)) || self.partitions.iter().any(cannot_wait)
    }
}

/// Where the reader's log and this one part, if the reader's last record was cut off (B6).
pub(super) fn diverging(replica: &crate::broker::replica::Replica, offset: u64, last_fetched_epoch: Option<u32>) -> Option<EpochEnd> {
    let last = last_fetched_epoch?;
    let end = replica.log.epochs.end_of(last, replica.log.end())?;
    (end.epoch < last || end.end_offset < offset).then_some(end)
}

fn cannot_wait((_, answer): &(TopicPartition, Result<FetchAnswer, ErrorCode>)) -> bool {
    answer.as_ref().map_or(true, |answer| answer.diverging.is_some())
}
