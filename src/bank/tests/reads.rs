//! What a client reads after it wrote, with each remedy and without (F9).

use super::*;

/// Five deposits; then one more with everything in place, read back at once, while the projection lags by 800 ms. Gives
/// version and flaws of the answer, and after how long it came.
fn read_back(change: fn(&mut BankConfig)) -> (u32, Flaws, u64) {
    let mut config = quiet();
    config.api.publication = Publication::AfterCommit;
    let mut toy = Toy::new(&config);
    for _ in 0..5 {
        toy.send(Command::Deposit { account: AccountId(0), amount: 1 });
        toy.run(toy.now + 1_000_000);
    }
    config.client.read_back = true;
    config.query.min_version_timeout_us = 2_000_000;
    change(&mut config);
    let mut out = Vec::new();
    toy.bank.set_config(toy.now, &config, &mut out);
    toy.dispatch(out);
    toy.publish_us = 800_000;
    let began = toy.now;
    toy.send(Command::Deposit { account: AccountId(0), amount: 1 });
    toy.run(began + 5_000_000);
    let answered = toy.facts.iter().find_map(|(at, fact)| match fact.kind {
        FactKind::QueryAnswered { version, flaws, balance, .. } => {
            assert_eq!(balance, 1_000 + i64::from(version), "the state of that version");
            Some((version, flaws, at.since(began)))
        }
        _ => None,
    });
    assert_eq!(toy.count(|kind| matches!(kind, FactKind::QueryAnswered { .. })), 1);
    answered.expect("it got an answer")
}

const SOUND: Flaws = Flaws { own_missing: false, went_back: false };

#[test]
fn f9_an_immediate_query_returns_the_old_view() {
    let (version, flaws, after_us) = read_back(|_| {});
    assert_eq!((version, flaws), (5, Flaws { own_missing: true, went_back: false }));
    assert!(after_us < 50_000, "{after_us}");
}

#[test]
fn f9_a_query_with_a_min_version_answers_when_the_view_has_it() {
    let (version, flaws, after_us) = read_back(|config| config.client.remedy = Remedy::MinVersion);
    assert_eq!((version, flaws), (6, SOUND));
    assert!((800_000..800_000 + 2 * VERSION_LOOK_US + 40_000).contains(&after_us), "{after_us}");
}

#[test]
fn f9_a_min_version_that_does_not_come_in_time_is_answered_with_what_there_is() {
    let (version, flaws, after_us) = read_back(|config| {
        config.client.remedy = Remedy::MinVersion;
        config.query.min_version_timeout_us = 300_000;
    });
    assert_eq!((version, flaws.own_missing), (5, true));
    assert!((300_000..400_000).contains(&after_us), "{after_us}");
}

#[test]
fn f9_the_state_in_the_answer_or_a_read_of_the_write_side_shows_the_own_write_at_once() {
    let remedies: [fn(&mut BankConfig); 2] = [|c| c.client.remedy = Remedy::ReturnState, |c| c.client.remedy = Remedy::WriteSide];
    for remedy in remedies {
        let (version, flaws, after_us) = read_back(remedy);
        assert_eq!((version, flaws), (6, SOUND));
        assert!(after_us < 60_000, "{after_us}");
    }
}

#[test]
fn f9_only_reads_of_what_is_not_yet_in_the_view_go_to_the_write_side() {
    let mut config = quiet();
    config.client.remedy = Remedy::WriteSide;
    config.client.query_interval_us = 20_000;
    config.account_count = 2;
    let mut toy = Toy::new(&config);
    toy.hops = Some(Vec::new());
    toy.run(SimTime::from_ms(1_000));
    toy.send(Command::Deposit { account: AccountId(0), amount: 1 });
    toy.run(SimTime::from_ms(6_000));
    let hops = toy.hops.take().expect("kept");
    let queries = |link: Link| hops.iter().filter(|hop| hop.link == link && matches!(hop.message, Message::QueryRequest { .. })).count();
    assert!(queries(Link::ClientApi) > 0 && queries(Link::ClientApi) < 20, "{}", queries(Link::ClientApi));
    assert!(queries(Link::ClientQuery) > 200);
    assert_eq!(toy.bank.clients()[0].counters().own_missing_count, 0);
}

/// One client asks without pause while money moves; a second copy of the view lags.
fn two_copies(sticky: bool, remedy: Remedy) -> ClientCounters {
    let mut config = quiet();
    config.client.query_interval_us = 10_000;
    config.client.command_interval_us = 200_000;
    config.client.sticky_replica = sticky;
    config.client.remedy = remedy;
    config.account_count = 2;
    config.query.replica_lag_us = 500_000;
    config.query.min_version_timeout_us = 2_000_000;
    let mut toy = Toy::new(&config);
    toy.run(SimTime::from_ms(10_000));
    toy.bank.clients()[0].counters()
}

#[test]
fn f9_reads_go_back_between_two_copies_with_different_lag_unless_the_client_sticks_to_one_or_names_a_version() {
    let torn = two_copies(false, Remedy::None);
    assert!(torn.went_back_count > 20, "{torn:?}");
    assert_eq!(two_copies(true, Remedy::None).went_back_count, 0);
    let named = two_copies(false, Remedy::MinVersion);
    assert_eq!((named.went_back_count, named.own_missing_count), (0, 0));
}

#[test]
fn f9_a_query_whose_read_was_lost_waits_for_no_version_for_ever() {
    let mut config = quiet();
    config.query.min_version_timeout_us = 1_000_000;
    let mut api = QueryApi::new(1);
    let mut ask = |now_ms: u64, query: u32| {
        let message = Message::QueryRequest { client: ClientIndex(0), query: QueryId(query), account: AccountId(0), min_version: 1 };
        api.arrive(SimTime::from_ms(now_ms), &config, message, &mut Vec::new());
        api.waiting_count()
    };
    assert_eq!((ask(0, 1), ask(10, 2)), (1, 2));
    assert_eq!(ask(1_005, 3), 3, "its last look may still be to come");
    assert_eq!(ask(5_000, 4), 1);
}
