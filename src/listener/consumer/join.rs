//! Joining a group, inside `poll` (C1, C4; `ConsumerCoordinator#onJoinPrepare,#onJoinComplete`). Knows no fetching.

use std::sync::Arc;

use super::commit::CommitKind;
use super::membership::{AfterCallback, MemberState, Members, Prepare};
use super::network::Purpose;
use super::{Consumer, ConsumerEffect, ConsumerFact, Event, Mode};
use crate::broker::assignor::Assignor;
use crate::broker::{ErrorCode, GroupRequest, GroupResponse, Response, Subscription, TopicPartition, us};
use crate::kernel::{SimTime, SortedMap, SortedSet};

impl Consumer {
    /// Does what can be done now to become or stay a member. False while a callback is with the application.
    pub(super) fn join_if_needed(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) -> bool {
        if !matches!(self.subscriptions.mode, Mode::Topics(_)) {
            return true;
        }
        if let Some((attempt, response)) = self.group.unread.take() {
            self.on_join(now, attempt, response, out);
        }
        self.watch_partition_counts();
        if let Some(assignment) = self.group.synced.take() {
            self.complete_join(now, assignment, out);
            return self.callback.is_none();
        }
        if self.group.rejoin.is_none() || self.group.is_rebalancing() || self.net.coordinator.is_none() {
            return true;
        }
        match self.group.prepare {
            Prepare::Needed => self.prepare_join(now, out),
            Prepare::Committing => {}
            Prepare::Done => self.send_join(now, out),
        }
        self.callback.is_none()
    }

    /// The leader looks whether a topic has grown.
    fn watch_partition_counts(&mut self) {
        let Some(counts) = &mut self.group.assigned_counts else { return };
        let mut changed = false;
        for (name, assigned) in counts {
            let known = self.net.metadata.topics.get(name).map_or(0, |t| t.partitions.len() as u32);
            if known > 0 {
                changed |= *assigned.get_or_insert(known) != known;
            }
        }
        if changed && self.group.state == MemberState::Stable {
            self.group.assigned_counts = None;
            self.group.request_rejoin("cached metadata has changed");
        }
    }

    fn prepare_join(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        let offsets = self.consumed();
        if self.config.enable_auto_commit && self.group.generation.is_some() && !offsets.is_empty() {
            if !self.config.is_cooperative() {
                self.subscriptions.partitions.values_mut().for_each(|s| s.revoking = true);
            }
            self.group.prepare = Prepare::Committing;
            self.begin_commit(now, CommitKind::BeforeJoin, offsets, out);
        } else {
            self.give_up_before_join(now, out);
        }
    }

    /// The commit before the join is over, one way or the other.
    pub(super) fn give_up_before_join(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        self.group.prepare = Prepare::Done;
        if self.is_modern() {
            return;
        }
        let owned = self.subscriptions.assigned();
        if self.group.generation.is_none() || self.group.member_id.is_empty() {
            if !owned.is_empty() {
                self.call_back(now, Event::Lost(owned), AfterCallback::Prepared { keep: Vec::new() }, out);
                return;
            }
        } else if !self.config.is_cooperative() {
            self.call_back(now, Event::Revoked(owned), AfterCallback::Prepared { keep: Vec::new() }, out);
            return;
        } else {
            let (keep, gone): (Vec<_>, Vec<_>) = owned.into_iter().partition(|p| self.is_subscribed(*p));
            if !gone.is_empty() {
                self.call_back(now, Event::Revoked(gone), AfterCallback::Prepared { keep }, out);
                return;
            }
        }
        self.send_join(now, out);
    }

    fn is_subscribed(&self, partition: TopicPartition) -> bool {
        let Mode::Topics(topics) = &self.subscriptions.mode else { return false };
        topics.iter().filter_map(|t| self.net.metadata.topics.get(t)).any(|t| t.id == partition.topic)
    }

    fn send_join(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if now < self.group.retry_at || self.net.coordinator.is_none() {
            return;
        }
        let reason = self.group.rejoin.unwrap_or("");
        self.group.state = MemberState::Preparing;
        self.group.assigned_counts = None;
        self.group.next_heartbeat = SimTime::NEVER;
        self.group.attempt += 1;
        let request = GroupRequest::JoinGroup {
            member_id: self.group.member_id.clone(),
            client_id: self.name.clone(),
            instance_id: self.instance_id(),
            session_timeout_us: us(self.config.session_timeout_ms),
            rebalance_timeout_us: self.max_poll_interval_us(),
            protocols: self.config.assignors.iter().map(|a| (Arc::from(a.name()), self.subscription(*a))).collect(),
            reason,
        };
        out.push(ConsumerEffect::Fact(ConsumerFact::Joining { reason }));
        self.send_to_group(now, Purpose::Join { attempt: self.group.attempt }, request, out);
    }

    pub(super) fn instance_id(&self) -> Option<Arc<str>> {
        self.config.is_static().then(|| Arc::from(self.config.group_instance_id.as_str()))
    }

    /// What this member tells the leader. The eager sticky assignor remembers by itself what it had.
    fn subscription(&self, assignor: Assignor) -> Subscription {
        let topics = match &self.subscriptions.mode {
            Mode::Topics(topics) => topics.clone(),
            _ => Vec::new(),
        };
        match assignor {
            Assignor::Sticky => {
                let (owned, generation) = self.group.memory.clone();
                Subscription { topics, owned, generation }
            }
            Assignor::CooperativeSticky => Subscription {
                topics,
                owned: self.subscriptions.assigned(),
                generation: self.group.memory.1.filter(|_| self.group.generation.is_some()),
            },
            _ => Subscription { topics, owned: Vec::new(), generation: None },
        }
    }

    pub(super) fn on_join(&mut self, now: SimTime, attempt: u32, response: Response, out: &mut Vec<ConsumerEffect>) {
        if attempt != self.group.attempt || self.group.state != MemberState::Preparing {
            return;
        }
        let Response::Group(GroupResponse::JoinGroup { generation, member_id, leader, protocol, members, skip_assignment }) = response
        else {
            return self.join_failed(now, response, out);
        };
        self.group.state = MemberState::Completing;
        self.group.generation = Some(generation);
        self.group.protocol = Assignor::by_name(&protocol);
        self.group.next_heartbeat = now + us(self.config.heartbeat_interval_ms);
        // A request from here on asks for another rebalance.
        self.group.rejoin = None;
        let leads = leader == member_id;
        self.group.member_id = member_id;
        if !leads {
            return self.send_sync(now, SortedMap::new(), out);
        }
        let topics: SortedSet<Arc<str>> = members.iter().flat_map(|(_, _, s)| s.topics.iter().cloned()).collect();
        if topics.iter().any(|t| !self.net.wants(t)) {
            self.net.want(Some(topics.into_iter().collect()));
        }
        if skip_assignment {
            self.remember_counts(&members, false);
            return self.send_sync(now, SortedMap::new(), out);
        }
        self.group.to_assign = Some(members);
        self.assign_as_leader(now, out);
    }

    /// Assigns as soon as the metadata of every topic in question are there; one that does not exist is passed over.
    pub(super) fn assign_as_leader(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        let known = |m: &Members| {
            let mut topics = m.iter().flat_map(|(_, _, s)| &s.topics);
            self.net.is_current() || topics.all(|t| self.net.metadata.topics.contains_key(t))
        };
        if !self.group.to_assign.as_ref().is_some_and(known) {
            return;
        }
        let (Some(members), Some(assignor)) = (self.group.to_assign.take(), self.group.protocol) else { return };
        let assignments = assignor.assign(&self.net.metadata, &members);
        self.remember_counts(&members, true);
        self.send_sync(now, assignments, out);
    }

    /// Remembers what was assigned. A leader that takes over an assignment made by another may not know the counts yet.
    fn remember_counts(&mut self, members: &Members, assigned_now: bool) {
        let count = |name: &Arc<str>| self.net.metadata.topics.get(name).map(|t| t.partitions.len() as u32);
        let topics = members.iter().flat_map(|(_, _, s)| &s.topics);
        let counts = topics.map(|t| (t.clone(), count(t).or(assigned_now.then_some(0)))).collect();
        self.group.assigned_counts = Some(counts);
    }

    fn send_sync(&mut self, now: SimTime, assignments: SortedMap<Arc<str>, Vec<TopicPartition>>, out: &mut Vec<ConsumerEffect>) {
        let generation = self.group.generation.expect("only a joined member fetches its assignment");
        let request = GroupRequest::SyncGroup { member_id: self.group.member_id.clone(), generation, assignments };
        let attempt = self.group.attempt;
        if !self.send_to_group(now, Purpose::Sync { attempt }, request, out) {
            self.rejoin_later("the coordinator is gone");
        }
    }

    pub(super) fn on_sync(&mut self, now: SimTime, attempt: u32, response: Response, out: &mut Vec<ConsumerEffect>) {
        if attempt != self.group.attempt || self.group.state != MemberState::Completing {
            return;
        }
        match response {
            Response::Group(GroupResponse::SyncGroup { assignment }) => {
                self.group.state = MemberState::Stable;
                self.group.synced = Some(assignment);
            }
            other => self.join_failed(now, other, out),
        }
    }

    fn join_failed(&mut self, now: SimTime, response: Response, out: &mut Vec<ConsumerEffect>) {
        let Response::Error(error) = response else { return };
        match error {
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                self.fenced(error, "the coordinator does not know the member", out);
                // The callbacks were made before the join; what is still owned is lost.
                self.group.prepare = Prepare::Needed;
            }
            ErrorCode::RebalanceInProgress => self.rejoin_later("a rebalance interrupted the join"),
            _ if error.is_retriable() => {
                self.group.retry_at = now + self.retry_us();
                self.rejoin_later("the join was not answered");
            }
            _ => {
                self.group.reset("the join was refused", false);
                self.failure = Some(error.exception());
            }
        }
    }

    /// The join must be tried again; what was given up before it stays given up.
    fn rejoin_later(&mut self, reason: &'static str) {
        self.group.state = MemberState::Unjoined;
        self.group.to_assign = None;
        self.group.next_heartbeat = SimTime::NEVER;
        self.group.request_rejoin(reason);
    }

    pub(super) fn fenced(&mut self, error: ErrorCode, reason: &'static str, out: &mut Vec<ConsumerEffect>) {
        self.group.reset(reason, false);
        out.push(ConsumerEffect::Fact(ConsumerFact::Fenced { error }));
    }

    fn complete_join(&mut self, now: SimTime, assignment: Vec<TopicPartition>, out: &mut Vec<ConsumerEffect>) {
        self.group.prepare = Prepare::Needed;
        let generation = self.group.generation.unwrap_or_default();
        self.group.memory = (assignment.clone(), self.group.generation);
        self.group.last_joined = (Arc::clone(&self.group.member_id), self.group.generation);
        self.next_auto_commit = now + us(self.config.auto_commit_interval_ms);
        out.push(ConsumerEffect::Fact(ConsumerFact::Rebalanced { generation, assignment: assignment.clone() }));
        let owned = self.subscriptions.assigned();
        let added: Vec<_> = assignment.iter().copied().filter(|p| !owned.contains(p)).collect();
        let revoked: Vec<_> = owned.into_iter().filter(|p| !assignment.contains(p)).collect();
        if revoked.is_empty() {
            self.take_over(now, &assignment, added, out);
        } else {
            self.call_back(now, Event::Revoked(revoked), AfterCallback::Revoked { assignment, added }, out);
        }
    }

    fn take_over(&mut self, now: SimTime, assignment: &[TopicPartition], added: Vec<TopicPartition>, out: &mut Vec<ConsumerEffect>) {
        self.subscriptions.assign(assignment);
        self.call_back(now, Event::Assigned(added), AfterCallback::Assigned, out);
    }

    /// Hands a callback to the application, inside `poll` or `close`.
    pub(super) fn call_back(&mut self, now: SimTime, event: Event, after: AfterCallback, out: &mut Vec<ConsumerEffect>) {
        let fact = match &event {
            Event::Revoked(p) => ConsumerFact::Revoked(p.clone()),
            Event::Lost(p) => ConsumerFact::Lost(p.clone()),
            Event::Assigned(p) => ConsumerFact::Assigned(p.clone()),
            _ => unreachable!("only the three rebalance callbacks are handed out here"),
        };
        self.group.poll_deadline = now + self.max_poll_interval_us();
        self.callback = Some(after);
        out.extend([ConsumerEffect::Fact(fact), ConsumerEffect::Event(event)]);
    }

    pub(super) fn after_callback(&mut self, now: SimTime, after: AfterCallback, out: &mut Vec<ConsumerEffect>) {
        match after {
            AfterCallback::Prepared { keep } => {
                self.subscriptions.assign(&keep);
                if self.is_modern() {
                    self.begin_modern_join(now, out);
                } else {
                    self.send_join(now, out);
                }
            }
            AfterCallback::Revoked { assignment, added } => {
                if !self.is_modern() {
                    self.group.request_rejoin("partitions were given up");
                }
                self.take_over(now, &assignment, added, out);
            }
            AfterCallback::Assigned => {}
            AfterCallback::Closing => self.close_after_callback(now, out),
        }
    }
}
