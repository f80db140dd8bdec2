//! The whole bank against a toy log: every hop takes one millisecond, every publication is applied five milliseconds later.

mod commands;
mod completion;
mod publication;
mod reads;

use std::sync::Arc;

use super::*;
use crate::kernel::{Agenda, Latency, SimTime};

#[derive(Clone)]
enum Due {
    Arrive(Hop),
    Timer(Timer),
    /// The log acknowledges, and both projections are given the event.
    Appended(Publish),
}

/// What a test decides about the bank's surroundings.
type Strike = fn(&MomentKind) -> bool;

struct Toy {
    now: SimTime,
    bank: Bank,
    agenda: Agenda<Due>,
    facts: Vec<(SimTime, Fact)>,
    /// The first moment for which this says yes is a crash; then it is cleared.
    strike: Option<Strike>,
    /// At the first such moment the transaction is rolled back; then it is cleared.
    roll_back: Option<MomentKind>,
    /// How long a crashed process stays down, in microseconds.
    down_us: u64,
    restarts: Agenda<Process>,
    log: Vec<EventId>,
    calls: u64,
    lose: fn(&Hop) -> bool,
    /// How long the log takes.
    publish_us: u64,
    /// Every message, if they are kept.
    hops: Option<Vec<Hop>>,
    /// The producer gives up on whatever it is given.
    refuse: bool,
}

impl Toy {
    fn new(config: &BankConfig) -> Toy {
        let mut toy = Toy {
            now: SimTime::ZERO,
            bank: Bank::new(config, 42),
            agenda: Agenda::default(),
            facts: Vec::new(),
            strike: None,
            roll_back: None,
            down_us: 300_000,
            restarts: Agenda::default(),
            log: Vec::new(),
            calls: 0,
            lose: |_| false,
            publish_us: 5_000,
            hops: None,
            refuse: false,
        };
        let mut out = Vec::new();
        toy.bank.start(SimTime::ZERO, &mut out);
        toy.dispatch(out);
        toy
    }

    fn dispatch(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let mut out = Vec::new();
            if let (Effect::Hop(hop), Some(hops)) = (&effect, &mut self.hops) {
                hops.push(hop.clone());
            }
            match effect {
                Effect::Hop(hop) if (self.lose)(&hop) => {}
                Effect::Hop(hop) => self.agenda.push(self.now + 1_000 + hop.delay_us, Due::Arrive(hop)),
                Effect::Publish(publish) => self.agenda.push(self.now + self.publish_us, Due::Appended(publish)),
                Effect::Timer { at, timer } => self.agenda.push(at, Due::Timer(timer)),
                Effect::Fact(fact) => self.facts.push((self.now, fact)),
                Effect::Applied { .. } => {}
                Effect::Moment(moment) => {
                    if self.strike.is_some_and(|strike| strike(&moment.kind)) {
                        self.strike = None;
                        self.bank.crash(self.now, moment.kind.process(), &mut out);
                        self.restarts.push(self.now + self.down_us, moment.kind.process());
                    } else if self.roll_back == Some(moment.kind) {
                        self.roll_back = None;
                        self.bank.roll_back(self.now, &moment, &mut out);
                    } else {
                        self.bank.pass(self.now, &moment, &mut out);
                    }
                }
            }
            self.dispatch(out);
        }
    }

    fn run(&mut self, until: SimTime) {
        loop {
            let mut out = Vec::new();
            let (due, restart) = (self.agenda.next_at(), self.restarts.next_at());
            if restart.is_some_and(|at| at <= until && due.is_none_or(|due| at <= due)) {
                let (at, process) = self.restarts.pop().expect("peeked");
                self.now = at;
                self.bank.restart(at, process, &mut out);
            } else if due.is_some_and(|at| at <= until) {
                let (at, what) = self.agenda.pop().expect("peeked");
                self.now = at;
                match what {
                    Due::Arrive(hop) => self.bank.arrive(at, hop, &mut out),
                    Due::Timer(timer) => self.bank.on_timer(at, timer, &mut out),
                    Due::Appended(publish) if self.refuse => self.bank.on_published(at, publish.token, false, &mut out),
                    Due::Appended(publish) => {
                        self.log.push(publish.event);
                        self.bank.on_published(at, publish.token, true, &mut out);
                        for projection in Projection::ALL {
                            self.calls += 1;
                            self.bank.apply(at, self.calls, projection, (Arc::from([publish.event]), None), &mut out);
                        }
                    }
                }
            } else {
                break;
            }
            self.dispatch(out);
        }
        self.now = until;
    }

    fn count(&self, of: impl Fn(&FactKind) -> bool) -> usize {
        self.facts.iter().filter(|(_, fact)| of(&fact.kind)).count()
    }

    fn send(&mut self, command: Command) -> CommandId {
        let mut out = Vec::new();
        let id = self.bank.send_command(self.now, ClientIndex(0), command, &mut out).expect("there is a client");
        self.dispatch(out);
        id
    }

    fn words(&self, id: CommandId) -> Vec<&'static str> {
        self.facts.iter().filter(|(_, fact)| fact.command == Some(id)).map(|(_, fact)| fact.kind.name()).collect()
    }

    fn models_agree(&self) -> bool {
        self.bank.accounts().iter().all(|pair| pair.write.map(|w| w.balance) == pair.read.map(|r| r.balance))
    }
}

/// One client that issues nothing by itself; databases that always take two milliseconds.
fn quiet() -> BankConfig {
    let mut config = BankConfig::default();
    config.client.count = 1;
    config.client.command_interval_us = 0;
    config.client.query_interval_us = 0;
    config.write_db_latency = Latency::Constant { us: 2_000 };
    config.read_db_latency = Latency::Constant { us: 2_000 };
    config
}

const TRANSFER: Command = Command::Transfer { from: AccountId(0), to: AccountId(1), amount: 30 };

#[test]
fn f8_a_command_goes_through_the_outbox_to_both_views_and_back_as_a_notice() {
    let mut toy = Toy::new(&quiet());
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(2_000));
    let expected = [
        "command_issued",
        "command_received",
        "event_stored",
        "outbox_written",
        "command_accepted",
        "reply_accepted",
        "publishing",
        "published",
        "applied",
        "applied",
        "outbox_marked",
        "completion_noticed",
    ];
    let mut words = toy.words(id);
    let mut sorted = expected.to_vec();
    words.sort_unstable();
    sorted.sort_unstable();
    assert_eq!(words, sorted, "{:#?}", toy.words(id));
    assert!(toy.models_agree());
    assert_eq!(toy.bank.accounts()[0].read.expect("opened").balance, 970);
    assert_eq!(toy.bank.outbox(10).published.len(), 1);
}

#[test]
fn a_busy_bank_settles_once_its_clients_stop() {
    let mut config = BankConfig::default();
    config.client.command_interval_us = 20_000;
    let mut toy = Toy::new(&config);
    toy.run(SimTime::from_ms(10_000));
    let mut out = Vec::new();
    config.client.command_interval_us = 0;
    let now = toy.now;
    toy.bank.set_config(now, &config, &mut out);
    toy.dispatch(out);
    toy.run(SimTime::from_ms(20_000));
    assert!(toy.models_agree());
    assert!(toy.bank.clients().iter().all(|client| client.pending_count() == 0));
    let stored = toy.count(|kind| matches!(kind, FactKind::EventStored { .. }));
    assert!(stored > 1_000, "{stored} events");
    assert_eq!(toy.log.len(), stored);
    assert!(toy.count(|kind| matches!(kind, FactKind::CommandConflicted { .. })) > 0, "no race in a busy bank");
    assert!(toy.count(|kind| matches!(kind, FactKind::CommandRejected { .. })) > 0, "no refusal in a busy bank");
    assert!(toy.count(|kind| matches!(kind, FactKind::QueryAnswered { staleness_us: 1.., .. })) > 0, "no stale answer");
    let opening = Account { balance: 1_000, version: 0 };
    assert_eq!(toy.bank.write_db().store.is_fold_of(toy.bank.book(), |_| Some(opening)), Some(true));
}

#[test]
fn f8_a_relay_that_dies_before_the_mark_publishes_again() {
    let mut toy = Toy::new(&quiet());
    toy.strike = Some(|kind| *kind == MomentKind::RelayPublishedNotMarked);
    toy.send(TRANSFER);
    toy.run(SimTime::from_ms(3_000));
    assert_eq!(toy.log, vec![EventId(1), EventId(1)]);
    assert_eq!(toy.bank.accounts()[0].read.expect("opened").balance, 940, "counted twice without protection");
    let mut config = quiet();
    config.account_view = Idempotency::DedupeTable;
    let mut toy = Toy::new(&config);
    toy.strike = Some(|kind| *kind == MomentKind::RelayPublishedNotMarked);
    toy.send(TRANSFER);
    toy.run(SimTime::from_ms(3_000));
    assert_eq!(toy.log.len(), 2);
    assert!(toy.models_agree(), "the dedupe table knew it");
}

#[test]
fn f6_publish_after_commit_loses_the_event_of_a_crash_between() {
    let mut config = quiet();
    config.api.publication = Publication::AfterCommit;
    let mut toy = Toy::new(&config);
    toy.strike = Some(|kind| *kind == MomentKind::ApiCommittedNotPublished);
    toy.send(TRANSFER);
    toy.run(SimTime::from_ms(5_000));
    assert!(toy.log.is_empty());
    assert_eq!(toy.bank.accounts()[0].write.expect("opened").balance, 970);
    assert_eq!(toy.bank.accounts()[0].read.expect("opened").balance, 1_000, "nobody told the view");
}

#[test]
fn f8_the_outbox_survives_the_same_crash() {
    let mut toy = Toy::new(&quiet());
    toy.strike = Some(|kind| *kind == MomentKind::ApiCommittedNotPublished);
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(5_000));
    assert_eq!(toy.log, vec![EventId(1)]);
    assert!(toy.models_agree());
    assert!(toy.words(id).contains(&"command_duplicate"), "the retry is recognised by its key");
    assert!(toy.words(id).contains(&"completion_noticed"));
}

#[test]
fn f6_publish_inside_the_transaction_leaves_a_phantom() {
    let mut config = quiet();
    config.api.publication = Publication::InsideTransaction;
    config.client.retries_max = 0;
    let mut toy = Toy::new(&config);
    toy.strike = Some(|kind| *kind == MomentKind::ApiPublishedNotCommitted);
    toy.send(TRANSFER);
    toy.run(SimTime::from_ms(5_000));
    assert_eq!(toy.log, vec![EventId(1)]);
    assert!(!toy.bank.write_db().store.is_stored(EventId(1)));
    assert_eq!(toy.bank.accounts()[0].write.expect("opened").balance, 1_000);
    assert_eq!(toy.bank.accounts()[0].read.expect("opened").balance, 970, "the view believes it");
}

#[test]
fn f6_a_commit_that_fails_after_the_publication_leaves_a_phantom_and_the_retry_another_event() {
    let mut config = quiet();
    config.api.publication = Publication::InsideTransaction;
    let mut toy = Toy::new(&config);
    toy.roll_back = Some(MomentKind::WriteDbNotCommitted);
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(5_000));
    assert_eq!(toy.log, vec![EventId(1), EventId(2)], "the phantom, and the event of the retry");
    assert!(!toy.bank.write_db().store.is_stored(EventId(1)) && toy.bank.write_db().store.is_stored(EventId(2)));
    assert!(toy.words(id).contains(&"command_unavailable"));
    assert_eq!(toy.bank.accounts()[0].write.expect("opened").balance, 970);
    assert_eq!(toy.bank.accounts()[0].read.expect("opened").balance, 940);
}

#[test]
fn f1_a_lost_answer_is_retried_with_the_same_key_and_counts_once() {
    let lost = |hop: &Hop| matches!(hop.message, Message::CommandReply { attempt: 1, .. });
    let mut toy = Toy::new(&quiet());
    toy.lose = lost;
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(6_000));
    assert!(toy.words(id).contains(&"reply_timeout") && toy.words(id).contains(&"command_duplicate"));
    assert_eq!(toy.bank.accounts()[0].write.expect("opened").balance, 970);
    let mut config = quiet();
    config.api.idempotency_key = false;
    let mut toy = Toy::new(&config);
    toy.lose = lost;
    toy.send(TRANSFER);
    toy.run(SimTime::from_ms(6_000));
    assert_eq!(toy.bank.accounts()[0].write.expect("opened").balance, 940, "without the key it is carried out twice");
}

#[test]
fn f1_a_write_database_that_dies_after_the_commit_leaves_the_outcome_open_and_the_key_settles_it() {
    let mut toy = Toy::new(&quiet());
    toy.strike = Some(|kind| *kind == MomentKind::WriteDbCommittedNotAnswered);
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(6_000));
    assert!(toy.words(id).contains(&"command_unavailable") && toy.words(id).contains(&"command_duplicate"));
    assert_eq!(toy.bank.accounts()[0].write.expect("opened").balance, 970);
    assert!(toy.models_agree());
}

#[test]
fn f10_sse_tells_of_completion_at_once_and_loses_what_happens_while_it_is_down() {
    let mut config = quiet();
    config.client.channel = Channel::Sse;
    config.client.reread_on_reconnect = false;
    config.client.completion_timeout_us = 20_000_000;
    let mut toy = Toy::new(&config);
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(1_000));
    assert!(toy.words(id).contains(&"completion_noticed"));
    let lost_with = |config: &BankConfig| {
        let mut toy = Toy::new(config);
        let mut out = Vec::new();
        toy.bank.break_connection(SimTime::ZERO, ClientIndex(0), &mut out);
        toy.dispatch(out);
        let id = toy.send(TRANSFER);
        toy.run(SimTime::from_ms(30_000));
        let words = toy.words(id);
        assert!(words.contains(&"notice_lost"));
        !words.contains(&"completion_noticed")
    };
    assert!(lost_with(&config), "nobody tells it again");
    config.query.sse_history = true;
    assert!(!lost_with(&config), "Last-Event-ID brings it back");
    config.query.sse_history = false;
    config.client.reread_on_reconnect = true;
    assert!(!lost_with(&config), "reading the status again settles it");
}

#[test]
fn a_crash_at_any_moment_leaves_an_outbox_bank_that_settles() {
    for kind in MomentKind::ALL {
        let mut config = BankConfig { account_view: Idempotency::DedupeTable, ..BankConfig::default() };
        let mut toy = Toy::new(&config);
        // A toy log does not redeliver, so the read database's moments are left to the world's tests.
        let of_other_ways = [MomentKind::ApiPublishedNotCommitted, MomentKind::ApiListenerCalled];
        if kind.process() == Process::ReadDb || of_other_ways.contains(&kind) {
            continue;
        }
        toy.run(SimTime::from_ms(1_000));
        static KINDS: std::sync::Mutex<Option<MomentKind>> = std::sync::Mutex::new(None);
        *KINDS.lock().expect("one test at a time") = Some(kind);
        toy.strike = Some(|at| *KINDS.lock().expect("one test at a time") == Some(*at));
        toy.run(SimTime::from_ms(5_000));
        assert!(toy.strike.is_none(), "{kind:?} never came");
        config.client.command_interval_us = 0;
        let (now, mut out) = (toy.now, Vec::new());
        toy.bank.set_config(now, &config, &mut out);
        toy.dispatch(out);
        toy.run(SimTime::from_ms(20_000));
        assert!(toy.models_agree(), "after {kind:?}");
        assert!(toy.bank.clients().iter().all(|client| client.pending_count() == 0), "after {kind:?}");
    }
}

#[test]
fn one_seed_gives_one_run() {
    let digest = || {
        let mut toy = Toy::new(&BankConfig::default());
        toy.run(SimTime::from_ms(5_000));
        (crate::kernel::digest_of(&toy.bank), crate::kernel::digest_of(&toy.facts))
    };
    assert_eq!(digest(), digest());
}
