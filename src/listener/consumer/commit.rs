//! Commits: by hand, by themselves, before a join, at the close (C5 to C7). Knows no records.

use super::membership::{MemberState, Prepare};
use super::network::Purpose;
use super::{Consumer, ConsumerEffect, ConsumerFact, Event, Mode};
use crate::broker::{CommittedOffset, ErrorCode, GroupRequest, GroupResponse, KafkaException, Response, TopicPartition, us};
use crate::kernel::{SimTime, SortedMap};

type Offsets = SortedMap<TopicPartition, CommittedOffset>;

/// Who waits for a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum CommitKind {
    /// `commitSync`.
    Sync { token: u64 },
    /// `commitAsync`.
    Async { token: u64 },
    /// Nobody (C7).
    Auto,
    /// The rejoin.
    BeforeJoin,
    /// `close`.
    AtClose,
}

/// A commit under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Commit {
    kind: CommitKind,
    offsets: Offsets,
    /// A request is under way.
    sent: bool,
    retry_at: SimTime,
    deadline: SimTime,
    /// Member id and generation with which it was sent.
    generation: Option<u32>,
}

impl Commit {
    pub(super) fn next_due(&self) -> SimTime {
        if self.sent || self.retry_at == SimTime::ZERO { self.deadline } else { self.retry_at.min(self.deadline) }
    }
}

/// The `OffsetAndMetadata` of an offset.
///
/// # Errors
/// `IllegalArgumentException` if it is negative.
pub fn offset_and_metadata(offset: i64) -> Result<CommittedOffset, KafkaException> {
    let offset = u64::try_from(offset).map_err(|_| KafkaException::new("IllegalArgumentException"))?;
    Ok(CommittedOffset { offset, leader_epoch: None })
}

impl Consumer {
    /// `commitSync`: of the positions (`None`) or of `offsets`. Ends with [`Event::Committed`].
    pub fn commit_sync(&mut self, now: SimTime, offsets: Option<Offsets>, token: u64, out: &mut Vec<ConsumerEffect>) {
        self.commit(now, CommitKind::Sync { token }, offsets, out);
    }

    /// `commitAsync`. [`Event::Committed`] comes inside a later `poll`, `commitSync` or `close`.
    pub fn commit_async(&mut self, now: SimTime, offsets: Option<Offsets>, token: u64, out: &mut Vec<ConsumerEffect>) {
        self.commit(now, CommitKind::Async { token }, offsets, out);
    }

    fn commit(&mut self, now: SimTime, kind: CommitKind, offsets: Option<Offsets>, out: &mut Vec<ConsumerEffect>) {
        if let CommitKind::Sync { token } = kind {
            self.deliver_async(out);
            let offsets = || offsets.clone().unwrap_or_else(|| self.consumed());
            let woken = self.woken && !self.config.group_id.is_empty();
            if let Some(offsets) = woken.then(offsets).filter(|offsets| !offsets.is_empty()) {
                // The request is on its way before the wake-up is noticed: the commit throws, and counts.
                self.woken = false;
                self.begin_commit(now, CommitKind::Auto, offsets, out);
                let result = Err(KafkaException::new("WakeupException"));
                out.push(ConsumerEffect::Event(Event::Committed { token, result }));
                return self.pump(now, out);
            }
        }
        if self.config.group_id.is_empty() {
            let commit = Commit::new(kind, Offsets::new(), now, 0);
            self.finish_commit(now, commit, Err(KafkaException::new("InvalidGroupIdException")), out);
        } else {
            let offsets = offsets.unwrap_or_else(|| self.consumed());
            self.begin_commit(now, kind, offsets, out);
        }
        self.pump(now, out);
    }

    pub(super) fn begin_commit(&mut self, now: SimTime, kind: CommitKind, offsets: Offsets, out: &mut Vec<ConsumerEffect>) {
        let commit = Commit::new(kind, offsets, now, us(self.config.default_api_timeout_ms));
        if commit.offsets.is_empty() {
            return self.finish_commit(now, commit, Ok(()), out);
        }
        self.next_commit += 1;
        self.commits.insert(self.next_commit, commit);
        self.send_commit(now, self.next_commit, out);
    }

    /// Commits positions if the interval is over (C7).
    pub(super) fn auto_commit(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if self.config.enable_auto_commit && !self.config.group_id.is_empty() && now >= self.next_auto_commit {
            self.next_auto_commit = now + us(self.config.auto_commit_interval_ms);
            let offsets = self.consumed();
            self.begin_commit(now, CommitKind::Auto, offsets, out);
        }
    }

    fn send_commit(&mut self, now: SimTime, id: u64, out: &mut Vec<ConsumerEffect>) {
        if self.net.coordinator.is_none() {
            return;
        }
        let generation = match self.generation_to_commit() {
            Ok(generation) => generation,
            Err(error) => {
                let commit = self.commits.remove(&id).expect("the caller has just looked it up");
                return self.finish_commit(now, commit, Err(error), out);
            }
        };
        let names_itself = generation.is_some() || self.is_modern() && matches!(self.subscriptions.mode, Mode::Topics(_));
        let member_id = if names_itself { self.group.member_id.clone() } else { "".into() };
        let instance_id = self.instance_id().filter(|_| generation.is_some());
        let commit = self.commits.get_mut(&id).expect("the caller has just looked it up");
        commit.sent = true;
        commit.generation = generation;
        let request = GroupRequest::OffsetCommit { member_id, instance_id, generation, offsets: commit.offsets.clone() };
        self.send_to_group(now, Purpose::Commit { commit: id }, request, out);
    }

    /// With which generation to commit; none for `assign()`.
    fn generation_to_commit(&self) -> Result<Option<u32>, KafkaException> {
        match self.subscriptions.mode {
            Mode::Topics(_) if self.group.state == MemberState::Stable => Ok(self.group.generation),
            // A member that is out of the group says so, and the coordinator decides.
            Mode::Topics(_) if self.is_modern() => Ok(None),
            Mode::Topics(_) if self.group.is_rebalancing() => Err(KafkaException::new("RebalanceInProgressException")),
            Mode::Topics(_) => Err(KafkaException::new("CommitFailedException")),
            _ => Ok(None),
        }
    }

    /// Sends what waited for the coordinator or for its next try, and gives up on what took too long.
    pub(super) fn continue_commits(&mut self, now: SimTime, out: &mut Vec<ConsumerEffect>) {
        if self.commits.is_empty() {
            return;
        }
        let ids: Vec<u64> = self.commits.iter().filter(|(_, c)| !c.sent || c.deadline <= now).map(|(id, _)| *id).collect();
        for id in ids {
            let commit = &self.commits[&id];
            if commit.deadline <= now {
                let commit = self.commits.remove(&id).expect("just seen");
                self.finish_commit(now, commit, Err(KafkaException::new("TimeoutException")), out);
            } else if commit.retry_at <= now {
                self.send_commit(now, id, out);
            }
        }
    }

    pub(super) fn on_commit(&mut self, now: SimTime, id: u64, response: Response, out: &mut Vec<ConsumerEffect>) {
        let Some(mut commit) = self.commits.remove(&id) else { return };
        let result = match response {
            Response::Group(GroupResponse::OffsetCommit { partitions }) => match partitions.values().flatten().next() {
                None => Ok(()),
                Some(error) => Err(*error),
            },
            Response::Error(error) => Err(error),
            _ => Err(ErrorCode::InvalidRequest),
        };
        match result {
            Ok(()) => self.finish_commit(now, commit, Ok(()), out),
            Err(error) if commit.retries() && (error.is_retriable() || self.has_newer_epoch(error, &commit)) => {
                commit.sent = false;
                commit.retry_at = now + self.retry_us();
                self.commits.insert(id, commit);
            }
            Err(error) => {
                let exception = self.commit_exception(error, &commit, out);
                self.finish_commit(now, commit, Err(exception), out);
            }
        }
    }

    /// Whether the commit was only refused because the member epoch has moved on meanwhile.
    fn has_newer_epoch(&self, error: ErrorCode, commit: &Commit) -> bool {
        error == ErrorCode::StaleMemberEpoch && self.group.generation.is_some() && self.group.generation != commit.generation
    }

    /// The exception of a refused commit, and what it does to the membership (C6).
    fn commit_exception(&mut self, error: ErrorCode, commit: &Commit, out: &mut Vec<ConsumerEffect>) -> KafkaException {
        let unchanged = commit.generation == self.group.generation;
        let rejoining = !unchanged && self.group.state == MemberState::Preparing;
        match error {
            ErrorCode::RebalanceInProgress => {
                self.group.request_rejoin("offset commit failed since group is already rebalancing");
                KafkaException::new("RebalanceInProgressException")
            }
            ErrorCode::FencedInstanceId if unchanged => error.exception(),
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration | ErrorCode::FencedInstanceId if rejoining => {
                KafkaException::new("RebalanceInProgressException")
            }
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration if commit.generation.is_some() && !self.is_modern() => {
                self.fenced(error, "encountered an error from OFFSET_COMMIT", out);
                KafkaException::new("CommitFailedException")
            }
            ErrorCode::UnknownMemberId
            | ErrorCode::IllegalGeneration
            | ErrorCode::FencedInstanceId
            | ErrorCode::StaleMemberEpoch
            | ErrorCode::FencedMemberEpoch => KafkaException::new("CommitFailedException"),
            _ if error.is_retriable() => KafkaException::caused("RetriableCommitFailedException", error.exception_class()),
            _ => error.exception(),
        }
    }

    fn finish_commit(&mut self, now: SimTime, commit: Commit, result: Result<(), KafkaException>, out: &mut Vec<ConsumerEffect>) {
        out.push(ConsumerEffect::Fact(match &result {
            Ok(()) => ConsumerFact::Committed { offsets: commit.offsets },
            Err(error) => ConsumerFact::CommitFailed { error: error.clone() },
        }));
        match commit.kind {
            CommitKind::Sync { token } => out.push(ConsumerEffect::Event(Event::Committed { token, result })),
            CommitKind::Async { token } => self.done_async.push((token, result)),
            CommitKind::Auto => {}
            CommitKind::BeforeJoin if self.group.prepare == Prepare::Committing => self.give_up_before_join(now, out),
            CommitKind::BeforeJoin => {}
            CommitKind::AtClose => self.close_after_commit(now, out),
        }
    }

    /// Calls the callbacks of finished `commitAsync` calls.
    pub(super) fn deliver_async(&mut self, out: &mut Vec<ConsumerEffect>) {
        for (token, result) in self.done_async.drain(..) {
            out.push(ConsumerEffect::Event(Event::Committed { token, result }));
        }
    }
}

impl Commit {
    fn new(kind: CommitKind, offsets: Offsets, now: SimTime, timeout_us: u64) -> Commit {
        Commit { kind, offsets, sent: false, retry_at: SimTime::ZERO, deadline: now + timeout_us, generation: None }
    }

    fn retries(&self) -> bool {
        !matches!(self.kind, CommitKind::Async { .. })
    }
}
