//! The way of acknowledgements: from the application's hand to a broker and back (S8, S9, S13). Knows no fetch.

use super::hand::{Acks, NodeAcks};
use super::session::{PartitionAcks, Waiter};
use super::{Awaited, CallbackCall, Out, Settled, ShareConsumer, ShareEffect, ShareEvent, hand};
use crate::broker::{BrokerId, ErrorCode, KafkaException, Request, Response, TopicPartition};
use crate::kernel::{SimTime, SortedMap};
use crate::listener::consumer::ConsumerFact;

/// What an answer that leaves a partition out means (`INVALID_RESPONSE`).
const LEFT_OUT: KafkaException = ErrorCode::InvalidRecordState.exception();

impl ShareConsumer {
    /// What the application has acknowledged since the last time; in implicit mode that is everything.
    pub(super) fn acks_to_commit(&mut self) -> NodeAcks {
        self.look_at_settled();
        if !self.config.is_explicit() {
            self.hand.accept_all();
        }
        self.hand.take_acks()
    }

    /// Takes records out of the buffer if the application has none in hand, and asks for more if there are none
    /// (`ShareConsumerImpl#collect`).
    pub(super) fn collect(&mut self, acks: NodeAcks) {
        let mut acks = acks;
        if self.hand.is_empty() && !self.hand.has_renewals() {
            let mut fetched = hand::collect(&mut self.buffer, u64::from(self.config.max_poll_records));
            if fetched.is_empty() {
                self.send_async(fetched.take_acks());
                self.ask_for_records(&mut acks);
            }
            self.send_async(acks);
            self.hand = fetched;
            return;
        }
        if self.hand.has_renewals() {
            self.hand.take_renewed();
            if self.hand.has_renewals() {
                self.ask_for_records(&mut acks);
            }
        }
        self.send_async(acks);
    }

    /// Once in a `poll`: records are wanted, and what was acknowledged goes with the request.
    fn ask_for_records(&mut self, acks: &mut NodeAcks) {
        if !std::mem::take(&mut self.may_ask) {
            return;
        }
        self.fetch_more = true;
        for (partition, (node, acks)) in std::mem::take(acks) {
            self.sessions.entry(node).or_default().with_fetch.entry(partition).or_default().extend(acks);
        }
    }

    /// Acknowledgements leave without anybody waiting for them.
    pub(super) fn send_async(&mut self, acks: NodeAcks) {
        for (partition, (node, acks)) in acks {
            if self.may_send_to(node, partition, &acks) {
                self.sessions.entry(node).or_default().asynchronous.entry(partition).or_default().extend(acks);
            }
        }
    }

    /// Whether acknowledgements can go to the broker from which the records came.
    pub(super) fn may_send_to(&mut self, node: BrokerId, partition: TopicPartition, acks: &Acks) -> bool {
        let in_session = self.sessions.get(&node).is_some_and(|s| s.partitions.contains(&partition));
        if in_session && self.has_moved(node, partition) {
            self.settle(Waiter::Async, partition, acks.clone(), Some(ErrorCode::NotLeaderOrFollower.exception()));
            return false;
        }
        in_session
    }

    /// Whether another broker is known to lead the partition.
    pub(super) fn has_moved(&self, node: BrokerId, partition: TopicPartition) -> bool {
        self.net.leader(partition).is_some_and(|leader| leader != node)
    }

    /// One `commitSync` is one request to each broker.
    pub(super) fn join_synchronous(&mut self) {
        for session in self.sessions.values_mut() {
            let all: PartitionAcks = std::mem::take(&mut session.synchronous).into_iter().flatten().collect();
            session.synchronous.extend((!all.is_empty()).then_some(all));
        }
    }

    /// Every broker is told that its session ends, with what is still to be acknowledged there.
    pub(super) fn begin_close(&mut self) {
        let acks = self.hand.take_acks();
        let mut by_node: SortedMap<BrokerId, PartitionAcks> = SortedMap::new();
        let waiting: Vec<(BrokerId, TopicPartition, Acks)> = self
            .sessions
            .iter_mut()
            .flat_map(|(node, s)| std::mem::take(&mut s.with_fetch).into_iter().map(|(p, acks)| (*node, p, acks)))
            .chain(acks.into_iter().map(|(p, (node, acks))| (node, p, acks)))
            .collect();
        for (node, partition, acks) in waiting {
            if self.has_moved(node, partition) {
                self.settle(Waiter::Async, partition, acks, Some(ErrorCode::NotLeaderOrFollower.exception()));
            } else {
                by_node.entry(node).or_default().entry(partition).or_default().extend(acks);
            }
        }
        for (node, session) in &mut self.sessions {
            session.closing = Some(by_node.remove(node).unwrap_or_default());
        }
    }

    /// Sends what waits to be acknowledged alone: asynchronous before synchronous before the end (`processAcknowledgements`).
    pub(super) fn send_acks(&mut self, now: SimTime, out: &mut Out) {
        let nodes: Vec<BrokerId> = self.sessions.iter().filter(|(_, s)| s.busy.is_none() && s.has_acks()).map(|(n, _)| *n).collect();
        for node in nodes {
            let Some(session) = self.sessions.get_mut(&node) else { continue };
            let (waiter, acks) = if !session.asynchronous.is_empty() {
                (Waiter::Async, std::mem::take(&mut session.asynchronous))
            } else if let Some(acks) = session.synchronous.pop_front() {
                (Waiter::Sync, acks)
            } else if let Some(acks) = session.closing.take() {
                (Waiter::Close, acks)
            } else {
                continue;
            };
            if session.is_new() {
                let error = ErrorCode::ShareSessionNotFound.exception();
                acks.into_iter().for_each(|(partition, acks)| self.settle(waiter, partition, acks, Some(error.clone())));
                if waiter == Waiter::Close {
                    self.sessions.remove(&node);
                }
                self.finish_commit(out);
                continue;
            }
            let epoch = if waiter == Waiter::Close { session.final_epoch() } else { session.epoch() };
            let batches = acks.iter().map(|(p, acks)| (*p, hand::batches(acks))).collect();
            let request =
                Request::ShareAcknowledge { group: self.group_id(), member_id: self.group.member_id.clone(), epoch, acks: batches };
            self.send_to_node(now, node, super::network::Purpose::Acknowledge { waiter, acks }, request, out);
        }
    }

    /// A broker has answered acknowledgements that were sent alone, or will not.
    pub(super) fn on_acknowledged(&mut self, node: BrokerId, waiter: Waiter, acks: PartitionAcks, response: Response, out: &mut Out) {
        let error = error_of(&response);
        if let Some(session) = self.sessions.get_mut(&node) {
            session.answered(error);
        }
        if waiter == Waiter::Close {
            self.sessions.remove(&node);
        }
        let results = match response {
            Response::ShareAcknowledge { acknowledged, .. } => acknowledged.into_iter().collect(),
            _ => SortedMap::new(),
        };
        for (partition, acks) in acks {
            let of_partition = results.get(&partition).map(|r| r.err().map(ErrorCode::exception));
            let outcome = error.map_or_else(|| of_partition.unwrap_or(Some(LEFT_OUT)), |e| Some(exception_of(e)));
            if outcome.is_some() {
                self.net.mark_stale();
            }
            self.settle(waiter, partition, acks, outcome);
        }
        self.finish_commit(out);
        let told = std::mem::take(&mut self.told);
        told.into_iter().for_each(|fact| Self::tell(out, fact));
    }

    /// Acknowledgements have been answered: whoever waits for it hears of it.
    pub(super) fn settle(&mut self, waiter: Waiter, partition: TopicPartition, acks: Acks, error: Option<KafkaException>) {
        let offsets = acks.keys().copied().collect();
        self.told.push(ConsumerFact::ShareAcknowledged { partition, offsets, error: error.clone() });
        let settled = Settled { partition, acks, error };
        match (&mut self.committing, waiter) {
            (Some(Awaited { left, outcome, settled: all }), Waiter::Sync) => {
                outcome.insert(partition, settled.error.clone());
                all.push(settled);
                *left = left.saturating_sub(1);
            }
            _ => self.settled.push(settled),
        }
    }

    /// `commitSync` returns when everything that it sent was answered.
    pub(super) fn finish_commit(&mut self, out: &mut Out) {
        if let Some(Awaited { outcome, settled, .. }) = self.committing.take_if(|c| c.left == 0) {
            self.settled.extend(settled);
            self.look_at_settled();
            out.push(ShareEffect::Event(ShareEvent::Committed(outcome)));
        }
    }

    /// The application's thread looks at what was answered: the callback is called, renewals count (`handleCompletedAcknowledgements`).
    pub(super) fn look_at_settled(&mut self) {
        for Settled { partition, acks, error } in std::mem::take(&mut self.settled) {
            self.hand.renew(partition, &acks, error.is_none());
            if self.has_callback {
                self.callbacks.push(CallbackCall { partition, offsets: acks.keys().copied().collect(), error });
            }
        }
    }
}

/// What a request of acknowledgements that was never answered gives: no error code stands for a broken connection.
fn exception_of(error: ErrorCode) -> KafkaException {
    match error {
        ErrorCode::NetworkDisconnect => KafkaException::new("UnknownServerException"),
        other => other.exception(),
    }
}

/// The error that answers a request as a whole.
pub(super) fn error_of(response: &Response) -> Option<ErrorCode> {
    match response {
        Response::Error(error) => Some(*error),
        _ => None,
    }
}
