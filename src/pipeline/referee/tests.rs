//! Each invariant is broken once on purpose, and kept once where it looks almost broken.

use std::sync::Arc;

use super::audit::{GroupSight, Sight};
use super::ledger::Now;
use super::*;
use crate::bank::{
    AccountId, Bank, BankConfig, ClientIndex, Command, CommandId, Effect, EventId, FactKind, Idempotency, Message, Process, Projection,
    Publication, Publisher, Rejection,
};
use crate::broker::{TopicId, TopicPartition};
use crate::kernel::{Agenda, SimTime};

const P0: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

/// A bank whose hops are instant and whose log is one partition, kept by hand.
struct Play {
    bank: Bank,
    referee: Referee,
    now: SimTime,
    timers: Agenda<crate::bank::Timer>,
    /// Publications that wait for the test to append them.
    sent: Vec<(u64, EventId)>,
    end: u64,
    sight: Sight,
    calls: u64,
}

impl Play {
    fn new(change: impl FnOnce(&mut BankConfig)) -> Play {
        let mut config = BankConfig::default();
        config.client.command_interval_us = 0;
        config.client.query_interval_us = 0;
        change(&mut config);
        let mut play = Play {
            bank: Bank::new(&config, 1),
            referee: Referee::default(),
            now: SimTime::ZERO,
            timers: Agenda::default(),
            sent: Vec::new(),
            end: 0,
            sight: Sight::default(),
            calls: 0,
        };
        play.act(|bank, now, out| bank.start(now, out));
        play
    }

    fn act(&mut self, act: impl FnOnce(&mut Bank, SimTime, &mut Vec<Effect>)) {
        let mut out = Vec::new();
        act(&mut self.bank, self.now, &mut out);
        self.carry_out(out);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let mut out = Vec::new();
            match effect {
                Effect::Hop(hop) => self.bank.arrive(self.now, hop, &mut out),
                Effect::Publish(publish) => self.sent.push((publish.token, publish.event)),
                Effect::Timer { at, timer } => self.timers.push(at, timer),
                Effect::Moment(moment) => self.bank.pass(self.now, &moment, &mut out),
                Effect::Fact(fact) => {
                    let now = self.moment();
                    self.referee.on_bank(now, &self.bank, fact.command, &fact.kind);
                }
                Effect::Applied { .. } => {}
            }
            self.carry_out(out);
        }
    }

    fn moment(&self) -> Now {
        Now { at: self.now, step: 0 }
    }

    fn run(&mut self, us: u64) {
        let until = self.now + us;
        while self.timers.next_at().is_some_and(|at| at <= until) {
            let (at, timer) = self.timers.pop().expect("peeked");
            self.now = at;
            self.act(|bank, now, out| bank.on_timer(now, timer, out));
        }
        self.now = until;
    }

    fn transfer(&mut self) {
        let command = Command::Transfer { from: AccountId(0), to: AccountId(1), amount: 10 };
        self.act(|bank, now, out| {
            bank.send_command(now, ClientIndex(0), command, out);
        });
        self.run(300_000);
    }

    /// The log takes everything that was sent, acknowledges it, and shows it.
    fn append_all(&mut self) {
        for (token, event) in std::mem::take(&mut self.sent) {
            let now = self.moment();
            self.referee.on_appended(now, &self.bank, P0, self.end, Some(event));
            self.end += 1;
            self.act(|bank, now, out| bank.on_published(now, token, true, out));
        }
        self.referee.on_visible(&self.bank, P0, self.end);
    }

    fn apply(&mut self, projection: Projection, events: &[u32]) {
        self.calls += 1;
        let (call, events): (u64, Arc<[EventId]>) = (self.calls, events.iter().map(|e| EventId(*e)).collect());
        self.act(|bank, now, out| bank.apply(now, call, projection, (events, None), out));
        self.run(100_000);
    }

    fn apply_both(&mut self, events: &[u32]) {
        for projection in Projection::ALL {
            self.apply(projection, events);
        }
    }

    /// Looks around twice, with more than the grace between.
    fn audit(&mut self) {
        for _ in 0..2 {
            let now = self.moment();
            self.referee.audit(now, &self.bank, &self.sight);
            self.run(2 * GRACE_US);
        }
    }

    fn broken(&self) -> Vec<Invariant> {
        self.referee.violations().iter().map(Violation::invariant).collect()
    }

    fn both_groups(&mut self, change: impl Fn(&mut GroupSight)) {
        self.sight.groups.iter_mut().for_each(change);
    }
}

#[test]
fn a_run_without_faults_breaks_nothing() {
    let mut play = Play::new(|_| {});
    for event in 1..=5 {
        play.transfer();
        play.append_all();
        play.apply_both(&[event]);
    }
    play.both_groups(|group| {
        group.manned = true;
        group.committed.insert(P0, 5);
        group.positions.insert(P0, 5);
    });
    play.audit();
    assert_eq!(play.broken(), []);
    assert_eq!(play.referee.open_count(Projection::AccountView), 0);
}

#[test]
fn f6_an_event_that_nobody_will_publish_is_lost() {
    let mut play = Play::new(|config| config.api.publication = Publication::AfterCommit);
    play.transfer();
    play.audit();
    assert_eq!(play.broken(), [], "the producer has it");
    play.act(|bank, now, out| bank.crash(now, Process::Api, out));
    play.sight.producing.insert(EventId(1));
    play.audit();
    assert_eq!(play.broken(), [], "its record is on its way to a broker");
    play.sight.producing.clear();
    play.audit();
    assert_eq!(play.broken(), [Invariant::NoChangeWithoutEvent]);
    let mut play = Play::new(|_| {});
    play.transfer();
    play.act(|bank, now, out| bank.crash(now, Process::Relay, out));
    play.audit();
    assert_eq!(play.broken(), [], "the outbox has it");
}

#[test]
fn f6_an_event_whose_transaction_died_is_a_phantom() {
    let mut play = Play::new(|config| config.api.publication = Publication::InsideTransaction);
    play.transfer();
    let now = play.moment();
    let (_, event) = play.sent[0];
    play.referee.on_appended(now, &play.bank, P0, 0, Some(event));
    play.audit();
    assert_eq!(play.broken(), [], "the API may still commit it");
    play.act(|bank, now, out| bank.crash(now, Process::Api, out));
    play.audit();
    assert_eq!(play.broken(), [Invariant::NoEventWithoutChange]);
}

#[test]
fn e5_an_effect_that_happens_twice_is_seen_in_the_effect_and_in_the_view() {
    let mut play = Play::new(|config| {
        config.account_view = Idempotency::None;
        config.transfer_history = Idempotency::DedupeTable;
    });
    play.transfer();
    play.append_all();
    play.apply_both(&[1]);
    play.audit();
    assert_eq!(play.broken(), []);
    play.apply_both(&[1]);
    play.audit();
    let diverged = Invariant::ViewEqualsFold;
    assert_eq!(play.broken(), [Invariant::NoEffectTwice, diverged, diverged], "two accounts, and the history is right");
}

#[test]
fn d3_an_effect_behind_the_committed_offset_that_never_happened_is_lost() {
    let mut play = Play::new(|_| {});
    play.transfer();
    play.append_all();
    play.apply(Projection::TransferHistory, &[1]);
    play.both_groups(|group| {
        group.manned = true;
        group.committed.insert(P0, 1);
        group.positions.insert(P0, 1);
        group.held.insert((P0, 0));
    });
    play.audit();
    assert_eq!(play.broken(), [], "a consumer has it in hand");
    play.both_groups(|group| group.held.clear());
    play.audit();
    assert_eq!(play.broken(), [Invariant::EveryEventAccounted, Invariant::ViewEqualsFold, Invariant::ViewEqualsFold]);
}

#[test]
fn b11_an_event_deleted_before_it_was_read_is_overtaken() {
    let mut play = Play::new(|_| {});
    play.transfer();
    play.append_all();
    play.apply(Projection::TransferHistory, &[1]);
    play.sight.log_starts.insert(P0, 1);
    play.audit();
    let kinds: Vec<ViolationKind> = play.referee.violations().iter().map(|v| v.kind).collect();
    assert_eq!(kinds[0], ViolationKind::Overtaken { projection: Projection::AccountView, event: EventId(1) });
}

#[test]
fn d12_a_dead_letter_is_accounted_for() {
    let mut play = Play::new(|_| {});
    play.transfer();
    play.append_all();
    play.apply(Projection::TransferHistory, &[1]);
    play.referee.on_given_up(&play.bank, Projection::AccountView, P0, 0);
    play.both_groups(|group| {
        group.committed.insert(P0, 1);
    });
    play.audit();
    assert_eq!(play.broken(), [], "the view need not have what was dead-lettered");
    play.apply(Projection::AccountView, &[1]);
    play.audit();
    assert_eq!(play.broken(), [], "a replayed dead letter counts like any event");
}

#[test]
fn a7_an_acknowledged_record_that_a_new_leader_does_not_have_is_lost() {
    let mut play = Play::new(|_| {});
    play.transfer();
    play.append_all();
    let now = play.moment();
    play.referee.on_leader(now, &play.bank, P0, 1);
    play.audit();
    assert_eq!(play.broken(), [], "the new leader has it");
    play.referee.on_leader(now, &play.bank, P0, 0);
    play.audit();
    assert_eq!(play.broken(), [Invariant::AcknowledgedSurvives, Invariant::NoChangeWithoutEvent]);
}

#[test]
fn a5_an_older_version_behind_a_newer_one_breaks_the_order() {
    let mut play = Play::new(|config| config.api.publication = Publication::AfterCommit);
    play.transfer();
    play.transfer();
    play.sent.reverse();
    play.append_all();
    play.apply(Projection::AccountView, &[2, 1]);
    let places: Vec<ViolationKind> = play.referee.violations().iter().map(|v| v.kind).collect();
    let broken = |place| ViolationKind::OrderBroken { place, account: AccountId(0), event: EventId(1), version: 1, after: 2 };
    assert_eq!(places, [broken(OrderPlace::Log), broken(OrderPlace::Projection(Projection::AccountView))]);
}

/// What a new leader has lost, or a transaction has taken back, is no version that a later one could come behind.
#[test]
fn a5_what_was_cut_off_or_aborted_comes_again_in_order() {
    let play = |aborted: bool, again: &[u32]| {
        let mut play = Play::new(|config| config.api.publication = Publication::AfterCommit);
        play.transfer();
        play.transfer();
        let append = |play: &mut Play, events: &[u32]| {
            for event in events {
                let now = play.moment();
                play.referee.on_appended(now, &play.bank, P0, play.end, Some(EventId(*event)));
                play.end += 1;
            }
        };
        append(&mut play, &[1, 2]);
        let now = play.moment();
        if aborted {
            play.referee.on_visible(&play.bank, P0, play.end);
            play.referee.on_aborted(now, &play.bank, P0, &[0, 1], [true, true]);
        } else {
            play.referee.on_leader(now, &play.bank, P0, 0);
            play.end = 0;
        }
        append(&mut play, again);
        play.broken()
    };
    for aborted in [false, true] {
        assert_eq!(play(aborted, &[1, 2]), [], "aborted: {aborted}");
        assert_eq!(play(aborted, &[2, 1]), [Invariant::OrderPerKey], "aborted: {aborted}");
    }
}

/// Without a key the events of an account lie in several partitions, and only one of those loses what it had.
#[test]
fn a5_what_is_still_in_another_partition_keeps_its_place_in_the_order() {
    let mut play = Play::new(|config| config.api.publication = Publication::AfterCommit);
    play.transfer();
    play.transfer();
    let other = TopicPartition { partition: 1, ..P0 };
    let now = play.moment();
    play.referee.on_appended(now, &play.bank, P0, 0, Some(EventId(1)));
    play.referee.on_appended(now, &play.bank, other, 0, Some(EventId(2)));
    play.referee.on_leader(now, &play.bank, P0, 0);
    play.referee.on_appended(now, &play.bank, P0, 0, Some(EventId(1)));
    assert_eq!(play.broken(), [Invariant::OrderPerKey]);
}

#[test]
fn f1_a_command_without_its_key_is_carried_out_twice() {
    let mut play = Play::new(|config| config.api.idempotency_key = false);
    play.transfer();
    let again = Message::CommandRequest {
        client: ClientIndex(0),
        id: CommandId(1),
        attempt: 2,
        command: Command::Transfer { from: AccountId(0), to: AccountId(1), amount: 10 },
    };
    let hop =
        crate::bank::Hop { link: crate::bank::Link::ClientApi, direction: crate::bank::Direction::Request, message: again, delay_us: 0 };
    play.act(|bank, now, out| bank.arrive(now, hop, out));
    play.run(100_000);
    assert_eq!(play.broken(), [Invariant::NoEffectTwice]);
}

#[test]
fn f10_a_client_that_never_learns_what_was_done_is_a_violation() {
    let mut play = Play::new(|config| config.client.completion_timeout_us = 5_000_000);
    play.transfer();
    play.run(6_000_000);
    assert_eq!(play.broken(), [Invariant::OutcomeLearned], "the view was never told, so the status stayed in progress");
}

#[test]
fn f10_a_refusal_of_what_another_attempt_carries_out_is_a_violation() {
    let client = ClientIndex(0);
    for refusal in [FactKind::ReplyRejected { client, reason: Rejection::InsufficientFunds }, FactKind::ReplyConflicted { client }] {
        for carried_out_first in [true, false] {
            let mut play = Play::new(|_| {});
            if carried_out_first {
                play.transfer();
            }
            let now = play.moment();
            play.referee.on_bank(now, &play.bank, Some(CommandId(1)), &refusal);
            assert_eq!(play.referee.count(Invariant::OutcomeLearned), u64::from(carried_out_first));
            play.transfer();
            assert_eq!(play.referee.count(Invariant::OutcomeLearned), 1, "{refusal:?}, carried out first: {carried_out_first}");
        }
    }
}

#[test]
fn money_that_appears_from_nowhere_is_seen() {
    let mut play = Play::new(|_| {});
    play.transfer();
    play.append_all();
    play.apply_both(&[1]);
    play.referee.paid_in += 1;
    play.audit();
    assert_eq!(play.broken(), [Invariant::MoneyConserved]);
    let fact = FactKind::Published { publisher: Publisher::Relay, event: EventId(1) };
    let now = play.moment();
    play.referee.on_bank(now, &play.bank, None, &fact);
    assert_eq!(play.broken().len(), 1, "said once");
}
