//! The member's side of the consumer protocol (KIP-848, C17; `ConsumerMembershipManager`, `ConsumerHeartbeatRequestManager`).
//! Knows no assignor: the coordinator assigns.

use std::sync::Arc;

use super::commit::CommitKind;
use super::membership::{AfterCallback, MemberState, Prepare};
use super::network::Purpose;
use super::{Consumer, ConsumerEffect, ConsumerFact, Event, GroupProtocol, Mode};
use crate::broker::group::member_epoch::{AWAY, JOINS, LEAVES};
use crate::broker::{ErrorCode, GroupRequest, GroupResponse, Response, TopicPartition};
use crate::kernel::{Prng, SimTime, SortedSet, digest_of};

impl Consumer {
    pub(super) fn is_modern(&self) -> bool {
        self.config.group_protocol == GroupProtocol::Consumer
    }

    /// Inside `poll`: gives up and takes over what the coordinator says. False while a callback is with the application.
    pub(super) fn reconcile(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) -> bool {
        if !matches!(self.subscriptions.mode, Mode::Topics(_)) {
            return true;
        }
        if self.group.rejoin.is_some() && self.group.state == MemberState::Unjoined {
            return self.rejoin_modern(now, out);
        }
        let Some(target) = self.group.synced.clone() else { return true };
        let owned = self.subscriptions.assigned();
        let revoked: Vec<_> = owned.iter().copied().filter(|p| !target.contains(p)).collect();
        match self.group.prepare {
            Prepare::Committing => return true,
            Prepare::Needed if self.config.enable_auto_commit && !revoked.is_empty() => {
                for partition in &revoked {
                    self.state_mut(*partition).expect("owned").revoking = true;
                }
                self.group.prepare = Prepare::Committing;
                let offsets = self.consumed();
                self.begin_commit(now, CommitKind::BeforeJoin, offsets, out);
                return true;
            }
            _ => self.give_up_and_take_over(now, target, revoked, out),
        }
        self.callback.is_none()
    }

    fn give_up_and_take_over(
        &mut self,
        now: SimTime,
        target: Vec<TopicPartition>,
        revoked: Vec<TopicPartition>,
        out: &mut Vec<ConsumerEffect>,
    ) {
        self.group.prepare = Prepare::Needed;
        self.group.synced = None;
        let owned = self.subscriptions.assigned();
        let added: Vec<_> = target.iter().copied().filter(|p| !owned.contains(p)).collect();
        // Acknowledged by the next heartbeat, at once.
        self.group.acknowledge = true;
        let generation = self.group.generation.unwrap_or_default();
        out.push(ConsumerEffect::Fact(ConsumerFact::Rebalanced { generation, assignment: target.clone() }));
        if revoked.is_empty() {
            self.subscriptions.assign(&target);
            self.call_back(now, Event::Assigned(added), AfterCallback::Assigned, out);
        } else {
            self.call_back(now, Event::Revoked(revoked), AfterCallback::Revoked { assignment: target, added }, out);
        }
    }

    /// A member that was put out, or left because the application did not poll, loses everything and joins anew.
    fn rejoin_modern(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) -> bool {
        let owned = self.subscriptions.assigned();
        if !owned.is_empty() {
            self.call_back(now, Event::Lost(owned), AfterCallback::Prepared { keep: Vec::new() }, out);
            return false;
        }
        self.begin_modern_join(now, out);
        true
    }

    pub(super) fn begin_modern_join(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        let reason = self.group.rejoin.take().unwrap_or("");
        out.push(ConsumerEffect::Fact(ConsumerFact::Joining { reason }));
        if self.group.member_id.is_empty() {
            // The client makes up its member id; a new process makes up another one.
            let mut ids = Prng::stream(digest_of(&(self.client, now)), "member-id", 0);
            self.group.member_id = Arc::from(format!("{:016x}{:016x}", ids.next_u64(), ids.next_u64()));
        }
        self.group.state = MemberState::Preparing;
        self.group.next_heartbeat = now;
        self.group.prepare = Prepare::Needed;
        self.modern_beat(now, out);
    }

    /// In the background: signs of life, with what is owned whenever that has changed.
    pub(super) fn modern_beat(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        let joined = self.group.state == MemberState::Stable;
        if joined && self.is_away() && now >= self.group.poll_deadline {
            return self.leave_for_not_polling(now, out);
        }
        let joining = self.group.state == MemberState::Preparing;
        if !(joined || joining) || self.net.coordinator.is_none() || self.net.is_under_way(|p| matches!(p, Purpose::ModernHeartbeat { .. }))
        {
            return;
        }
        let acknowledges = self.group.acknowledge && self.callback.is_none();
        if now < self.group.next_heartbeat && !acknowledges {
            return;
        }
        let Mode::Topics(topics) = &self.subscriptions.mode else { return };
        let (topics, epoch) = (topics.clone(), if joining { JOINS } else { self.group.generation.unwrap_or_default() as i32 });
        self.group.acknowledge = false;
        let tells = acknowledges || joining;
        let request = GroupRequest::ConsumerGroupHeartbeat {
            member_id: self.group.member_id.clone(),
            client_id: self.name.clone(),
            member_epoch: epoch,
            instance_id: self.instance_id(),
            rebalance_timeout_us: self.max_poll_interval_us(),
            topics: joining.then_some(topics),
            assignor: Some(self.config.group_remote_assignor.as_str()).filter(|a| joining && !a.is_empty()).map(Arc::from),
            owned: tells.then(|| self.subscriptions.assigned()),
        };
        self.group.next_heartbeat = now + self.group.modern_interval_us;
        self.send_to_group(now, Purpose::ModernHeartbeat { attempt: self.group.attempt }, request, out);
    }

    pub(super) fn on_modern_heartbeat(&mut self, now: SimTime, attempt: u32, response: Response, out: &mut Vec<ConsumerEffect>) {
        if attempt != self.group.attempt || !matches!(self.group.state, MemberState::Preparing | MemberState::Stable) {
            return;
        }
        match response {
            Response::Group(GroupResponse::ConsumerGroupHeartbeat { member_epoch, heartbeat_interval_us, assignment, .. }) => {
                self.group.state = MemberState::Stable;
                self.group.generation = u32::try_from(member_epoch).ok();
                self.group.modern_interval_us = heartbeat_interval_us;
                self.group.next_heartbeat = now + heartbeat_interval_us;
                if let Some(assignment) = assignment {
                    self.note_target(assignment);
                }
            }
            Response::Error(error @ (ErrorCode::UnknownMemberId | ErrorCode::FencedMemberEpoch)) => {
                self.group.reset("the coordinator does not know the member", true);
                out.push(ConsumerEffect::Fact(ConsumerFact::Fenced { error }));
            }
            Response::Error(error) if error.is_retriable() => self.group.next_heartbeat = now + self.retry_us(),
            Response::Error(error) => {
                self.group.reset("the join was refused", false);
                self.group.rejoin = None;
                self.failure = Some(error.exception());
            }
            _ => {}
        }
    }

    fn note_target(&mut self, target: Vec<TopicPartition>) {
        let owned: SortedSet<TopicPartition> = self.subscriptions.assigned().into_iter().collect();
        let same = owned.len() == target.len() && target.iter().all(|p| owned.contains(p));
        let first = self.group.memory.1.is_none();
        self.group.memory.1 = self.group.generation;
        if !same || first {
            self.group.synced = Some(target);
        }
    }

    /// The heartbeat that says goodbye.
    pub(super) fn send_goodbye(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) -> bool {
        let epoch = if self.config.is_static() { AWAY } else { LEAVES };
        let request = GroupRequest::ConsumerGroupHeartbeat {
            member_id: self.group.member_id.clone(),
            client_id: self.name.clone(),
            member_epoch: epoch,
            instance_id: self.instance_id(),
            rebalance_timeout_us: self.max_poll_interval_us(),
            topics: None,
            assignor: None,
            owned: None,
        };
        self.send_to_group(now, Purpose::Leave, request, out)
    }
}
