//! Commands that race, and what a load reads (F1, F2, F3).

use super::*;

/// Two clients, an account with 10.
fn two_clients(retries: u32) -> Toy {
    let mut config = quiet();
    config.client.count = 2;
    config.opening_balance = 10;
    config.api.conflict_retries_max = retries;
    Toy::new(&config)
}

fn withdraw_at_once(toy: &mut Toy) -> [CommandId; 2] {
    let withdraw = Command::Withdraw { account: AccountId(0), amount: 8 };
    let mut out = Vec::new();
    let ids = [0, 1].map(|client| toy.bank.send_command(toy.now, ClientIndex(client), withdraw, &mut out).expect("there is a client"));
    toy.dispatch(out);
    toy.run(SimTime::from_ms(3_000));
    ids
}

#[test]
fn f1_of_two_concurrent_withdrawals_of_8_from_10_one_is_accepted_and_one_refused_whatever_the_view_shows() {
    let mut toy = two_clients(3);
    toy.lose = |hop| matches!(hop.message, Message::Apply { .. });
    let [first, second] = withdraw_at_once(&mut toy);
    assert!(toy.words(first).contains(&"reply_accepted"));
    let words = toy.words(second);
    assert!(words.contains(&"command_conflicted"), "both had loaded 10: {words:?}");
    assert!(words.contains(&"reply_rejected"), "it decides again, against 2: {words:?}");
    let account = toy.bank.accounts()[0];
    assert_eq!(account.write.expect("opened").balance, 2);
    assert_eq!(account.read.expect("opened").balance, 10, "the view knows nothing yet, and nobody asked it");
}

#[test]
fn f1_a_late_answer_to_an_earlier_attempt_is_not_heard() {
    // What the API may say of the first attempt, and when it comes: before the second one leaves, and after.
    for reply in [None, Some(Reply::Conflicted), Some(Reply::Unavailable)] {
        for retried in [false, true] {
            let mut toy = two_clients(0);
            toy.hops = Some(Vec::new());
            toy.lose = |hop| matches!(hop.message, Message::CommandReply { attempt: 1, client: ClientIndex(0), .. });
            let id = toy.send(Command::Withdraw { account: AccountId(0), amount: 18 });
            toy.run(SimTime::from_ms(100));
            let (deposit, mut out) = (Command::Deposit { account: AccountId(0), amount: 20 }, Vec::new());
            toy.bank.send_command(toy.now, ClientIndex(1), deposit, &mut out).expect("there is a client");
            toy.dispatch(out);
            let awaited = if retried { "command_retried" } else { "reply_timeout" };
            while !toy.words(id).contains(&awaited) {
                toy.run(toy.now + 1_000);
            }
            let refused = |hop: &&Hop| matches!(hop.message, Message::CommandReply { reply: Reply::Rejected { .. }, attempt: 1, .. });
            let mut late = toy.hops.iter().flatten().find(refused).expect("there was too little").clone();
            if let (Message::CommandReply { reply: said, .. }, Some(reply)) = (&mut late.message, reply) {
                *said = reply;
            }
            let mut out = Vec::new();
            toy.bank.arrive(toy.now, late, &mut out);
            toy.dispatch(out);
            toy.run(toy.now + 3_000_000);
            let words = toy.words(id);
            assert!(words.contains(&"reply_accepted"), "the second attempt is carried out, and its answer is heard: {words:?}");
            let unheard = ["reply_rejected", "reply_conflicted", "reply_unknown"];
            assert!(!unheard.iter().any(|word| words.contains(word)), "{words:?}");
            assert_eq!(words.iter().filter(|word| **word == "command_retried").count(), 1, "{words:?}");
        }
    }
}

#[test]
fn f1_an_attempt_with_the_key_of_one_in_hand_waits_for_its_outcome() {
    let mut config = quiet();
    config.api.db_timeout_us = 10_000_000;
    config.write_db_latency = Latency::Constant { us: 1_500_000 };
    let words = |config: &BankConfig| {
        let mut toy = Toy::new(config);
        let id = toy.send(TRANSFER);
        toy.run(SimTime::from_ms(3_100));
        toy.words(id)
    };
    let with_key = words(&config);
    assert_eq!(with_key.iter().filter(|word| **word == "command_received").count(), 2, "{with_key:?}");
    assert_eq!(with_key.last(), Some(&"reply_accepted"), "the second attempt gets the answer to the first: {with_key:?}");
    config.api.idempotency_key = false;
    assert!(!words(&config).contains(&"reply_accepted"), "without the key nobody knows that they are one");
}

#[test]
fn f2_without_a_retry_the_loser_gets_409() {
    let mut toy = two_clients(0);
    let [first, second] = withdraw_at_once(&mut toy);
    assert!(toy.words(first).contains(&"reply_accepted"));
    assert!(toy.words(second).contains(&"reply_conflicted"));
    assert_eq!(toy.bank.accounts()[0].write.expect("opened").balance, 2);
}

#[test]
fn f2_the_loser_reloads_and_takes_the_next_version() {
    let mut toy = two_clients(3);
    let deposit = Command::Deposit { account: AccountId(0), amount: 1 };
    let mut out = Vec::new();
    let ids = [0, 1].map(|client| toy.bank.send_command(toy.now, ClientIndex(client), deposit, &mut out).expect("there is a client"));
    toy.dispatch(out);
    toy.run(SimTime::from_ms(3_000));
    assert!(ids.iter().all(|id| toy.words(*id).contains(&"reply_accepted")));
    assert!(toy.words(ids[1]).contains(&"command_conflicted"));
    assert_eq!(toy.bank.accounts()[0].write, Some(Account { balance: 12, version: 2 }));
}

#[test]
fn f7_a_lost_version_rolls_back_and_listeners_of_after_rollback_are_called() {
    let mut config = quiet();
    config.client.count = 2;
    config.opening_balance = 10;
    config.api.conflict_retries_max = 1;
    config.api.publication = Publication::InProcess;
    config.api.in_process = InProcess { after_rollback: true, ..InProcess::default() };
    let mut toy = Toy::new(&config);
    let [first, second] = withdraw_at_once(&mut toy);
    let calls = |id| toy.words(id).iter().filter(|word| **word == "event_listener_called").count();
    assert_eq!((calls(first), calls(second)), (0, 2), "each listener once, for the one transaction that was rolled back");
}

#[test]
fn f3_a_load_takes_as_long_as_the_events_that_no_snapshot_spares() {
    let time_of_the_last = |snapshot_every: u32, dropped: bool| {
        let mut config = quiet();
        config.snapshot_every = snapshot_every;
        config.event_read_latency = Latency::Constant { us: 1_000 };
        let mut toy = Toy::new(&config);
        for _ in 0..20 {
            toy.send(Command::Deposit { account: AccountId(0), amount: 1 });
            toy.run(toy.now + 1_000_000);
        }
        if dropped {
            let mut out = Vec::new();
            toy.bank.drop_snapshots(&mut out);
            toy.dispatch(out);
        }
        let began = toy.now;
        let id = toy.send(Command::Deposit { account: AccountId(0), amount: 1 });
        toy.run(began + 2_000_000);
        assert_eq!(toy.bank.accounts()[0].write, Some(Account { balance: 1_021, version: 21 }), "the state is the same");
        let accepted = |(_, fact): &&(SimTime, Fact)| fact.command == Some(id) && fact.kind.name() == "command_accepted";
        toy.facts.iter().find(accepted).expect("accepted").0.since(began)
    };
    let without = time_of_the_last(0, false);
    assert_eq!(without - time_of_the_last(20, false), 20_000, "a snapshot of all 20 spares reading 20 events");
    assert_eq!(without - time_of_the_last(8, false), 16_000, "a snapshot at 16 leaves 4");
    assert_eq!(time_of_the_last(8, true), without, "deleted snapshots spare nothing");
}

#[test]
fn f1_an_amount_that_no_balance_could_hold_is_refused() {
    let mut toy = Toy::new(&quiet());
    let account = AccountId(0);
    for amount in [AMOUNT_MAX, AMOUNT_MAX + 1, Money::MAX] {
        toy.send(Command::Deposit { account, amount });
        toy.send(Command::Open { account: AccountId(amount as u32 | 1 << 20), deposit: amount });
    }
    toy.run(SimTime::from_ms(6_000));
    let refused = |kind: &FactKind| matches!(kind, FactKind::CommandRejected { reason: Rejection::AmountTooLarge });
    assert_eq!(toy.count(refused), 4);
    assert_eq!(toy.bank.accounts()[0].write.expect("opened").balance, 1_000 + AMOUNT_MAX);
}
