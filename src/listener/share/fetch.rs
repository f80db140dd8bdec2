//! Fetching for a share group: one request at a time to each leader, with acknowledgements on board (S4; `ShareConsumeRequestManager`).
//! Knows no application.

use super::acks::error_of;
use super::hand::{self, Fetched};
use super::network::Purpose;
use super::session::{PartitionAcks, Waiter};
use super::{Out, ShareConsumer};
use crate::broker::share::AckType;
use crate::broker::{BrokerId, ErrorCode, FetchBounds, Request, Response, ShareFetchRequest, TopicPartition, us};
use crate::kernel::{SimTime, SortedMap};
use crate::listener::consumer::ConsumerFact;

impl ShareConsumer {
    /// Sends acknowledgements, and if there are none, fetches.
    pub(super) fn send_requests(&mut self, now: SimTime, out: &mut Out) {
        if self.group.member_id.is_empty() {
            return;
        }
        self.send_acks(now, out);
        let acks_left = self.sessions.values().any(|s| s.has_acks());
        let acks_under_way = self.net.is_under_way(|p| matches!(p, Purpose::Acknowledge { .. }));
        if self.fetch_more && !acks_left && !acks_under_way && self.closing.is_none() {
            self.send_fetches(now, out);
        }
        let told = std::mem::take(&mut self.told);
        told.into_iter().for_each(|fact| Self::tell(out, fact));
    }

    fn send_fetches(&mut self, now: SimTime, out: &mut Out) {
        let mut wanted: SortedMap<BrokerId, Vec<TopicPartition>> = SortedMap::new();
        for partition in self.assigned.clone() {
            match self.net.leader(partition) {
                None => self.net.mark_stale(),
                Some(leader) if self.is_free(leader) => wanted.entry(leader).or_default().push(partition),
                Some(_) => {}
            }
        }
        if self.config.is_record_limit() && self.records_from.is_none() {
            // One broker at a time; next time another partition comes first (`movePartitionToEnd`).
            if let Some(first) = self.assigned.iter().copied().find(|p| self.net.leader(*p).is_some_and(|l| wanted.contains_key(&l))) {
                self.records_from = self.net.leader(first);
                self.assigned.retain(|p| *p != first);
                self.assigned.push(first);
            }
        }
        let with_acks = self.sessions.iter().filter(|(_, s)| s.busy.is_none() && !s.with_fetch.is_empty()).map(|(n, _)| *n);
        for node in with_acks.collect::<Vec<_>>() {
            if self.is_free(node) {
                wanted.entry(node).or_default();
            }
        }
        for (node, partitions) in wanted {
            self.send_fetch(now, node, &partitions, out);
        }
    }

    fn is_free(&self, node: BrokerId) -> bool {
        !self.net.avoid.contains_key(&node) && self.sessions.get(&node).is_none_or(|s| s.busy.is_none())
    }

    fn send_fetch(&mut self, now: SimTime, node: BrokerId, partitions: &[TopicPartition], out: &mut Out) {
        let skips = self.config.is_record_limit() && self.records_from != Some(node);
        let acks = self.acks_on_board(node);
        let session = self.sessions.entry(node).or_default();
        let (added, forgotten) = session.change_to(partitions);
        if skips && added.is_empty() && forgotten.is_empty() && acks.is_empty() {
            return;
        }
        let renews = acks.values().any(|a| a.values().any(|t| *t == AckType::Renew));
        let rests = renews || skips;
        let config = &self.config;
        let request = ShareFetchRequest {
            group: self.group_id(),
            member_id: self.group.member_id.clone(),
            epoch: session_epoch(&self.sessions, node),
            wait_us_max: if rests { 0 } else { us(config.fetch_max_wait_ms) },
            bounds: FetchBounds {
                bytes_min: if rests { 0 } else { config.fetch_min_bytes },
                bytes_max: if rests { 0 } else { config.fetch_max_bytes },
                ..FetchBounds::default()
            },
            records_max: if rests { 0 } else { u64::from(config.max_poll_records) },
            batch_size: if rests { 0 } else { u64::from(config.max_poll_records) },
            mode: config.acquire_mode,
            renews,
            added,
            forgotten,
            acks: acks.iter().map(|(p, acks)| (*p, hand::batches(acks))).collect(),
        };
        self.send_to_node(now, node, Purpose::Fetch { acks }, Request::ShareFetch(Box::new(request)), out);
    }

    /// The acknowledgements that go with a fetch; without a session they are lost.
    fn acks_on_board(&mut self, node: BrokerId) -> PartitionAcks {
        let Some(session) = self.sessions.get_mut(&node) else { return PartitionAcks::new() };
        let (acks, is_new) = (std::mem::take(&mut session.with_fetch), session.is_new());
        let mut on_board = PartitionAcks::new();
        for (partition, acks) in acks {
            let error = match () {
                () if is_new => Some(ErrorCode::InvalidShareSessionEpoch),
                () if self.has_moved(node, partition) => Some(ErrorCode::NotLeaderOrFollower),
                () => None,
            };
            match error {
                Some(error) => self.settle(Waiter::Async, partition, acks, Some(error.exception())),
                None => drop(on_board.insert(partition, acks)),
            }
        }
        on_board
    }

    /// A leader has answered a fetch, or will not.
    pub(super) fn on_fetched(&mut self, now: SimTime, node: BrokerId, acks: PartitionAcks, response: Response, out: &mut Out) {
        let error = error_of(&response);
        if self.records_from == Some(node) {
            self.records_from = None;
        }
        let goes_on = self.sessions.get_mut(&node).is_some_and(|s| s.answered(error));
        let (partitions, acknowledged) = match response {
            Response::ShareFetch { partitions, acknowledged, .. } if goes_on => (partitions, acknowledged),
            _ => (Vec::new(), Vec::new()),
        };
        let results: SortedMap<TopicPartition, Result<(), ErrorCode>> = acknowledged.into_iter().collect();
        for (partition, acks) in acks {
            let left_out = Some(ErrorCode::InvalidRecordState);
            let outcome = error.or_else(|| results.get(&partition).map_or(left_out, |r| r.err()));
            self.settle(Waiter::Async, partition, acks, outcome.map(ErrorCode::exception));
        }
        for (partition, fetched) in partitions {
            match fetched {
                Ok(fetched) => {
                    if let (Some(first), Some(last)) = (fetched.acquired.first(), fetched.acquired.last()) {
                        self.fetch_more = false;
                        let records = fetched.records.len() as u32;
                        Self::tell(out, ConsumerFact::Fetched { partition, from: first.first, to: last.last + 1, records });
                    }
                    self.buffer.push_back(Fetched::new(partition, node, fetched));
                }
                Err(_) => {
                    self.net.mark_stale();
                    self.net.avoid.insert(node, now + self.retry_us());
                }
            }
        }
    }
}

fn session_epoch(sessions: &SortedMap<BrokerId, super::Session>, node: BrokerId) -> i32 {
    sessions.get(&node).map_or(0, super::Session::epoch)
}
