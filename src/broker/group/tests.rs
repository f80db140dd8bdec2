//! The coordinator by itself: requests in, answers and timers out.

use std::sync::Arc;

use super::{Eviction, GroupCoordinator, GroupFact, GroupState, GroupTimer};
use crate::broker::{
    BrokerConfig, BrokerId, ClientId, CommittedOffset, Effect, ErrorCode, Fact, GroupRequest, GroupResponse, Response, Subscription, Timer,
    TopicConfig, TopicId, TopicPartition, Topics,
};
use crate::kernel::{Agenda, SimTime, SortedMap};

const G: &str = "g";

/// A coordinator with the clock in hand.
struct Desk {
    coordinator: GroupCoordinator,
    topics: Topics,
    now: SimTime,
    agenda: Agenda<GroupTimer>,
    answers: SortedMap<u64, (SimTime, Response)>,
    facts: Vec<GroupFact>,
    asked: u64,
}

impl Desk {
    fn new() -> Desk {
        let mut topics = Topics::default();
        topics.add(Arc::from("t"), 4, TopicConfig::default());
        let coordinator = GroupCoordinator::new(&BrokerConfig::default(), 7);
        let mut desk = Desk {
            coordinator,
            topics,
            now: SimTime::ZERO,
            agenda: Agenda::default(),
            answers: SortedMap::new(),
            facts: Vec::new(),
            asked: 0,
        };
        let mut out = Vec::new();
        desk.coordinator.start(desk.now, &mut out);
        desk.carry_out(out);
        desk
    }

    fn carry_out(&mut self, out: Vec<Effect>) {
        for effect in out {
            match effect {
                Effect::Respond { correlation, response, .. } => {
                    self.answers.insert(correlation, (self.now, response));
                }
                Effect::Timer { at, timer: Timer::Group(timer) } => self.agenda.push(at, timer),
                Effect::Fact(Fact::Group(fact)) => self.facts.push(fact),
                other => panic!("a coordinator does not cause {other:?}"),
            }
        }
    }

    fn run_to_ms(&mut self, ms: u64) {
        let until = SimTime::from_ms(ms);
        while self.agenda.next_at().is_some_and(|at| at <= until) {
            let (at, timer) = self.agenda.pop().expect("just seen");
            self.now = at;
            let mut out = Vec::new();
            self.coordinator.on_timer(at, timer, &self.topics, &mut out);
            self.carry_out(out);
        }
        self.now = until;
    }

    fn send(&mut self, request: GroupRequest) -> u64 {
        self.asked += 1;
        let mut out = Vec::new();
        let (now, asked) = (self.now, self.asked);
        self.coordinator.request(now, BrokerId(1), ClientId(1), asked, &Arc::from(G), request, &self.topics, &mut out);
        self.carry_out(out);
        asked
    }

    fn ask(&mut self, request: GroupRequest) -> Result<GroupResponse, ErrorCode> {
        let asked = self.send(request);
        self.answer(asked).expect("this is answered at once")
    }

    fn answer(&self, asked: u64) -> Option<Result<GroupResponse, ErrorCode>> {
        self.answers.get(&asked).map(|(_, response)| match response {
            Response::Group(response) => Ok(response.clone()),
            Response::Error(error) => Err(*error),
            other => panic!("not an answer of a coordinator: {other:?}"),
        })
    }

    fn join(&mut self, name: &str, member_id: &str, instance: Option<&str>) -> u64 {
        self.send(join(name, member_id, instance, &["range"]))
    }

    /// When a join was answered, with which generation, and as whom.
    fn joined(&self, asked: u64) -> (u64, u32, Arc<str>) {
        match &self.answers[&asked] {
            (at, Response::Group(GroupResponse::JoinGroup { generation, member_id, .. })) => (at.ms(), *generation, member_id.clone()),
            other => panic!("not joined: {other:?}"),
        }
    }

    /// Everybody syncs; the leader gives each member one partition.
    fn sync(&mut self, members: &[&Arc<str>]) {
        let group = self.coordinator.group(G).expect("it exists");
        let (generation, leader) = (group.generation, group.leader().expect("it has members").to_owned());
        let shares: SortedMap<Arc<str>, Vec<TopicPartition>> = (0..).zip(members).map(|(n, id)| (Arc::clone(id), vec![p(n)])).collect();
        for id in members {
            let assignments = if ***id == *leader { shares.clone() } else { SortedMap::new() };
            self.send(GroupRequest::SyncGroup { member_id: Arc::clone(id), generation, assignments });
        }
        assert_eq!(self.state(), GroupState::Stable);
    }

    /// A stable group of members called by these names; it has taken 3 s, or 6 s if there are several.
    fn stable(&mut self, names: &[&str]) -> Vec<Arc<str>> {
        let asked: Vec<u64> = names.iter().map(|n| self.join(n, "", None)).collect();
        self.run_to_ms(self.now.ms() + 3_000 * names.len().min(2) as u64);
        let ids: Vec<Arc<str>> = asked.into_iter().map(|a| self.joined(a).2).collect();
        self.sync(&ids.iter().collect::<Vec<_>>());
        ids
    }

    fn state(&self) -> GroupState {
        self.coordinator.state(self.coordinator.group(G).expect("it exists"))
    }

    fn beat(&mut self, id: &Arc<str>, generation: u32) -> Result<GroupResponse, ErrorCode> {
        self.ask(GroupRequest::Heartbeat { member_id: id.clone(), generation, instance_id: None })
    }

    fn commit(&mut self, id: &str, generation: Option<u32>, offset: u64) -> Result<GroupResponse, ErrorCode> {
        let offsets = SortedMap::from([(p(0), CommittedOffset { offset, leader_epoch: None })]);
        self.ask(GroupRequest::OffsetCommit { member_id: Arc::from(id), instance_id: None, generation, offsets })
    }

    fn committed(&self) -> Option<u64> {
        self.coordinator.group(G).and_then(|g| g.offsets.get(&p(0))).map(|o| o.committed.offset)
    }
}

fn p(partition: u32) -> TopicPartition {
    TopicPartition { topic: TopicId(0), partition }
}

fn join(name: &str, member_id: &str, instance: Option<&str>, assignors: &[&str]) -> GroupRequest {
    let subscription = Subscription { topics: vec![Arc::from("t")], ..Subscription::default() };
    GroupRequest::JoinGroup {
        member_id: Arc::from(member_id),
        client_id: Arc::from(name),
        instance_id: instance.map(Arc::from),
        session_timeout_us: 45_000_000,
        rebalance_timeout_us: 300_000_000,
        protocols: assignors.iter().map(|a| (Arc::from(*a), subscription.clone())).collect(),
        reason: "",
    }
}

#[test]
fn c1_the_first_join_waits_for_others() {
    let mut desk = Desk::new();
    let c0 = desk.join("c0", "", None);
    desk.run_to_ms(2_999);
    assert_eq!(desk.answer(c0), None);
    desk.run_to_ms(3_000);
    assert_eq!((desk.joined(c0).0, desk.joined(c0).1), (3_000, 1));
}

#[test]
fn c1_a_second_join_extends_the_wait() {
    let mut desk = Desk::new();
    let c0 = desk.join("c0", "", None);
    desk.run_to_ms(1_000);
    let c1 = desk.join("c1", "", None);
    desk.run_to_ms(20_000);
    assert_eq!([desk.joined(c0).0, desk.joined(c1).0], [6_000, 6_000]);
    assert_eq!(desk.joined(c1).1, 1);
}

#[test]
fn c1_a_later_join_waits_for_the_slowest_member_only() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0", "c1"]);
    desk.run_to_ms(10_000);
    let c2 = desk.join("c2", "", None);
    assert_eq!(desk.beat(&ids[0], 1), Err(ErrorCode::RebalanceInProgress));
    desk.run_to_ms(10_500);
    desk.join("c0", &ids[0], None);
    desk.run_to_ms(12_000);
    assert_eq!(desk.answer(c2), None);
    desk.join("c1", &ids[1], None);
    assert_eq!((desk.joined(c2).0, desk.joined(c2).1), (12_000, 2));
}

#[test]
fn c1_who_does_not_rejoin_in_time_is_out() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0", "c1"]);
    let c0 = desk.join("c0", &ids[0], None);
    assert_eq!(desk.state(), GroupState::PreparingRebalance);
    // c1 goes on with its heartbeats and does not rejoin.
    for ms in (8_000..=304_000).step_by(4_000) {
        desk.run_to_ms(ms);
        assert_eq!(desk.beat(&ids[1], 1), Err(ErrorCode::RebalanceInProgress));
    }
    desk.run_to_ms(306_000);
    assert_eq!((desk.joined(c0).0, desk.joined(c0).1), (306_000, 2));
    assert_eq!(desk.beat(&ids[1], 1), Err(ErrorCode::UnknownMemberId));
    let late = GroupFact::Evicted { group: Arc::from(G), member: ids[1].clone(), why: Eviction::RebalanceTimeout };
    assert!(desk.facts.contains(&late));
}

#[test]
fn c1_the_assignor_that_all_support_and_most_prefer() {
    let mut desk = Desk::new();
    desk.send(join("c0", "", None, &["range", "roundrobin", "sticky"]));
    desk.send(join("c1", "", None, &["roundrobin", "range"]));
    desk.send(join("c2", "", None, &["roundrobin", "range", "sticky"]));
    desk.run_to_ms(20_000);
    assert_eq!(desk.coordinator.group(G).and_then(|g| g.protocol().map(str::to_owned)).as_deref(), Some("roundrobin"));
    let refused = desk.ask(join("c3", "", None, &["sticky"]));
    assert_eq!(refused, Err(ErrorCode::InconsistentGroupProtocol));
}

#[test]
fn c2_silence_for_the_session_timeout_is_death() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0", "c1"]);
    for ms in (6_500..=50_500).step_by(500) {
        desk.run_to_ms(ms);
        desk.beat(&ids[1], 1).expect("the group is at rest");
    }
    // c0 was last heard of when it synced, at 6 s.
    desk.run_to_ms(50_999);
    assert_eq!(desk.state(), GroupState::Stable);
    desk.run_to_ms(51_000);
    assert_eq!(desk.state(), GroupState::PreparingRebalance);
    let dead = GroupFact::Evicted { group: Arc::from(G), member: ids[0].clone(), why: Eviction::SessionTimeout };
    assert!(desk.facts.contains(&dead));
}

#[test]
fn c2_a_session_timeout_outside_of_the_brokers_bounds_is_refused() {
    let mut desk = Desk::new();
    let GroupRequest::JoinGroup { member_id, client_id, instance_id, rebalance_timeout_us, protocols, reason, .. } =
        join("c0", "", None, &["range"])
    else {
        unreachable!("it is a join")
    };
    let session_timeout_us = 5_999_000;
    let request =
        GroupRequest::JoinGroup { member_id, client_id, instance_id, session_timeout_us, rebalance_timeout_us, protocols, reason };
    assert_eq!(desk.ask(request), Err(ErrorCode::InvalidSessionTimeout));
}

#[test]
fn c6_who_may_commit() {
    let mut desk = Desk::new();
    assert!(desk.commit("", None, 1).is_ok(), "an outsider into an empty group");
    let ids = desk.stable(&["c0", "c1"]);
    assert!(desk.commit(&ids[0], Some(1), 2).is_ok(), "the current generation");
    assert_eq!(desk.commit("", None, 3), Err(ErrorCode::UnknownMemberId), "an outsider into a group with members");
    assert_eq!(desk.commit(&ids[0], Some(0), 3), Err(ErrorCode::IllegalGeneration));
    assert_eq!(desk.commit("stranger", Some(1), 3), Err(ErrorCode::UnknownMemberId));
    desk.join("c2", "", None);
    assert_eq!(desk.state(), GroupState::PreparingRebalance);
    assert!(desk.commit(&ids[0], Some(1), 4).is_ok(), "the current generation while the others are awaited");
    desk.join("c0", &ids[0], None);
    desk.join("c1", &ids[1], None);
    assert_eq!(desk.state(), GroupState::CompletingRebalance);
    assert_eq!(desk.commit(&ids[0], Some(2), 5), Err(ErrorCode::RebalanceInProgress));
    assert_eq!(desk.committed(), Some(4));
}

#[test]
fn c6_a_fenced_instance_may_not_commit() {
    let mut desk = Desk::new();
    let first = desk.join("c0", "", Some("i"));
    desk.run_to_ms(3_000);
    let first = desk.joined(first).2;
    desk.sync(&[&first]);
    let second = desk.join("c0", "", Some("i"));
    assert_eq!(desk.joined(second).1, 1, "no new generation");
    let offsets = SortedMap::from([(p(0), CommittedOffset { offset: 1, leader_epoch: None })]);
    let commit = GroupRequest::OffsetCommit { member_id: first, instance_id: Some(Arc::from("i")), generation: Some(1), offsets };
    assert_eq!(desk.ask(commit), Err(ErrorCode::FencedInstanceId));
}

const DAY_MS: u64 = 86_400_000;

#[test]
fn c8_offsets_expire_a_week_after_the_group_became_empty() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0"]);
    desk.commit(&ids[0], Some(1), 5).expect("a member may");
    desk.ask(GroupRequest::LeaveGroup { member_id: ids[0].clone(), instance_id: None }).expect("a member may");
    assert_eq!(desk.state(), GroupState::Empty);
    desk.run_to_ms(7 * DAY_MS);
    assert_eq!(desk.committed(), Some(5));
    // The sweep comes every ten minutes.
    desk.run_to_ms(7 * DAY_MS + 600_000 + 3_000);
    assert_eq!(desk.committed(), None);
}

#[test]
fn c8_a_group_with_a_living_member_keeps_its_offsets() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0"]);
    desk.commit(&ids[0], Some(1), 5).expect("a member may");
    for second in (30..8 * 86_400).step_by(30) {
        desk.run_to_ms(second * 1_000);
        desk.beat(&ids[0], 1).expect("the group is at rest");
    }
    assert_eq!(desk.committed(), Some(5));
}

#[test]
fn c9_tools_may_move_offsets_of_an_empty_group_only() {
    let mut desk = Desk::new();
    let alter = || GroupRequest::AlterOffsets { offsets: SortedMap::from([(p(0), 1_000)]) };
    assert!(desk.ask(alter()).is_ok(), "a group that never was");
    assert_eq!(desk.committed(), Some(1_000));
    desk.stable(&["c0"]);
    assert_eq!(desk.ask(alter()), Err(ErrorCode::UnknownMemberId));
    let delete = GroupRequest::DeleteOffsets { partitions: vec![p(0)] };
    assert_eq!(desk.ask(delete), Err(ErrorCode::GroupSubscribedToTopic));
}

#[test]
fn c1_another_broker_takes_over_with_the_last_generation() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0", "c1"]);
    let waiting = desk.join("c2", "", None);
    let mut out = Vec::new();
    desk.coordinator.broker_lost(desk.now, BrokerId(1), &mut out);
    desk.carry_out(out);
    assert_eq!(desk.answer(waiting), Some(Err(ErrorCode::NetworkDisconnect)));
    assert_eq!(desk.state(), GroupState::Stable);
    assert!(desk.beat(&ids[0], 1).is_ok());
    // Sessions begin anew.
    desk.run_to_ms(50_000);
    assert_eq!(desk.coordinator.group(G).map(|g| g.members.len()), Some(2));
}

#[test]
fn c1_who_left_in_a_rebalance_that_was_never_written_is_known_to_the_next_coordinator_until_its_session_ends() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0", "c1"]);
    desk.ask(GroupRequest::LeaveGroup { member_id: ids[1].clone(), instance_id: None }).expect("a member may");
    assert_eq!(desk.state(), GroupState::PreparingRebalance);
    let mut out = Vec::new();
    desk.coordinator.broker_lost(desk.now, BrokerId(1), &mut out);
    desk.coordinator.moved(G, BrokerId(2));
    desk.carry_out(out);
    let members = |desk: &Desk| desk.coordinator.group(G).map(|g| g.members.keys().cloned().collect::<Vec<_>>());
    assert_eq!(members(&desk).map(|m| m.len()), Some(2), "the generation without it was not written");
    let begun = desk.now.ms();
    desk.run_to_ms(begun + 40_000);
    assert!(desk.beat(&ids[0], 1).is_ok());
    desk.run_to_ms(begun + 45_000);
    assert_eq!(desk.beat(&ids[0], 1), Err(ErrorCode::RebalanceInProgress), "its session is over");
    let again = desk.join("c0", &ids[0], None);
    assert_eq!(desk.joined(again).1, 2);
    desk.sync(&[&ids[0]]);
    assert_eq!(members(&desk), Some(vec![ids[0].clone()]));
    // What was written since holds.
    let mut out = Vec::new();
    desk.coordinator.broker_lost(desk.now, BrokerId(1), &mut out);
    desk.carry_out(out);
    assert_eq!(members(&desk), Some(vec![ids[0].clone()]));
}

#[test]
fn c2_a_newcomer_that_waited_too_long_is_answered() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0"]);
    let waiting = desk.join("c1", "", None);
    // The member neither dies nor joins again: only the newcomer's five minutes end.
    for second in (10..=300).step_by(10) {
        desk.run_to_ms(6_000 + second * 1_000 - 1);
        let _ = desk.beat(&ids[0], 1);
    }
    desk.run_to_ms(6_000 + 300_000);
    assert_eq!(desk.answer(waiting), Some(Err(ErrorCode::UnknownMemberId)));
}

#[test]
fn e3_offsets_of_a_transaction_count_when_it_commits() {
    let mut desk = Desk::new();
    let ids = desk.stable(&["c0"]);
    let send = |generation, offset| GroupRequest::TxnOffsetCommit {
        producer: (9, 0),
        member_id: ids[0].clone(),
        generation: Some(generation),
        offsets: SortedMap::from([(p(0), CommittedOffset { offset, leader_epoch: None })]),
    };
    assert_eq!(desk.ask(send(0, 3)), Err(ErrorCode::IllegalGeneration));
    desk.ask(send(1, 3)).expect("a member may");
    assert_eq!(desk.committed(), None);
    let fetch = |require_stable| GroupRequest::OffsetFetch { partitions: vec![p(0)], require_stable };
    assert_eq!(desk.ask(fetch(true)), Err(ErrorCode::UnstableOffsetCommit));
    let mut out = Vec::new();
    desk.coordinator.end_transaction(desk.now, 9, false, &mut out);
    assert_eq!(desk.committed(), None);
    desk.ask(send(1, 4)).expect("a member may");
    desk.coordinator.end_transaction(desk.now, 9, true, &mut out);
    assert_eq!(desk.committed(), Some(4));
}

fn modern(id: &str, instance: Option<&str>, epoch: i32, owned: Option<&[u32]>) -> GroupRequest {
    GroupRequest::ConsumerGroupHeartbeat {
        member_id: Arc::from(id),
        client_id: Arc::from(id),
        member_epoch: epoch,
        instance_id: instance.map(Arc::from),
        rebalance_timeout_us: 300_000_000,
        topics: (epoch == 0).then(|| vec![Arc::from("t")]),
        assignor: None,
        owned: owned.map(|o| o.iter().map(|n| p(*n)).collect()),
    }
}

/// Member epoch and assignment of a heartbeat's answer.
fn beaten(answer: Result<GroupResponse, ErrorCode>) -> Result<(i32, Option<Vec<u32>>), ErrorCode> {
    match answer? {
        GroupResponse::ConsumerGroupHeartbeat { member_epoch, assignment, .. } => {
            Ok((member_epoch, assignment.map(|a| a.iter().map(|p| p.partition).collect())))
        }
        other => panic!("not a heartbeat's answer: {other:?}"),
    }
}

#[test]
fn c17_a_partition_is_given_on_when_its_owner_has_given_it_up() {
    let mut desk = Desk::new();
    assert_eq!(beaten(desk.ask(modern("a", None, 0, Some(&[])))), Ok((1, Some(vec![0, 1, 2, 3]))));
    assert_eq!(beaten(desk.ask(modern("b", None, 0, Some(&[])))), Ok((2, Some(vec![]))));
    assert_eq!(desk.state(), GroupState::Reconciling);
    assert_eq!(beaten(desk.ask(modern("a", None, 1, None))), Ok((1, Some(vec![0, 1]))));
    assert_eq!(beaten(desk.ask(modern("b", None, 2, None))), Ok((2, None)), "a has not given them up");
    assert_eq!(beaten(desk.ask(modern("a", None, 1, Some(&[0, 1])))), Ok((2, None)));
    assert_eq!(beaten(desk.ask(modern("b", None, 2, None))), Ok((2, Some(vec![2, 3]))));
    assert_eq!(desk.state(), GroupState::Stable);
}

#[test]
fn c17_commits_carry_the_member_epoch() {
    let mut desk = Desk::new();
    desk.ask(modern("a", None, 0, Some(&[]))).expect("it may join");
    assert!(desk.commit("a", Some(1), 1).is_ok());
    assert_eq!(desk.commit("a", Some(0), 2), Err(ErrorCode::StaleMemberEpoch));
    assert_eq!(desk.commit("b", Some(1), 2), Err(ErrorCode::UnknownMemberId));
    desk.ask(modern("a", None, -1, None)).expect("it may leave");
    assert!(desk.commit("a", None, 3).is_ok(), "the group has become empty");
}

#[test]
fn c17_a_second_living_process_with_one_instance_id_is_refused() {
    let mut desk = Desk::new();
    desk.ask(modern("a", Some("i"), 0, Some(&[]))).expect("it may join");
    assert_eq!(desk.ask(modern("b", Some("i"), 0, Some(&[]))), Err(ErrorCode::UnreleasedInstanceId));
    desk.ask(modern("a", Some("i"), -2, None)).expect("it may go away");
    assert_eq!(desk.state(), GroupState::Reconciling);
    assert_eq!(beaten(desk.ask(modern("b", Some("i"), 0, Some(&[])))), Ok((1, Some(vec![0, 1, 2, 3]))));
    assert_eq!(desk.state(), GroupState::Stable);
}

#[test]
fn c17_silence_and_refusal_to_give_up_are_death() {
    let mut desk = Desk::new();
    desk.ask(modern("a", None, 0, Some(&[]))).expect("it may join");
    desk.run_to_ms(44_999);
    assert_eq!(desk.coordinator.members(desk.coordinator.group(G).expect("it exists")).len(), 1);
    desk.run_to_ms(45_000);
    assert_eq!(desk.state(), GroupState::Empty);
    assert_eq!(desk.ask(modern("a", None, 1, None)), Err(ErrorCode::UnknownMemberId));
}
