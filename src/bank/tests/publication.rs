//! How events get from the write database to the log, and what each way loses or doubles (F6, F8).

use super::*;

const DEPOSIT: Command = Command::Deposit { account: AccountId(0), amount: 1 };

fn with(publication: Publication) -> BankConfig {
    let mut config = quiet();
    config.api.publication = publication;
    config
}

fn ids(toy: &Toy) -> Vec<u32> {
    toy.log.iter().map(|event| event.0).collect()
}

/// A hundred commands, one after the other; the fiftieth meets the fault.
fn a_hundred(publication: Publication, strike: Option<Strike>, roll_back: Option<MomentKind>) -> (u64, usize) {
    let mut config = with(publication);
    // Each command once: whoever tries again would hide what the crash did.
    config.client.retries_max = 0;
    let mut toy = Toy::new(&config);
    for n in 0..100 {
        if n == 50 {
            (toy.strike, toy.roll_back) = (strike, roll_back);
        }
        toy.send(DEPOSIT);
        toy.run(toy.now + 1_000_000);
    }
    (toy.bank.write_db().store.stored_count(), toy.log.len())
}

#[test]
fn f6_a_crash_between_commit_and_send_leaves_100_rows_and_99_records() {
    let crash: Strike = |kind| *kind == MomentKind::ApiCommittedNotPublished;
    assert_eq!(a_hundred(Publication::AfterCommit, Some(crash), None), (100, 99));
    for safe in [Publication::Outbox, Publication::OutboxCdc, Publication::EventStore] {
        assert_eq!(a_hundred(safe, Some(crash), None), (100, 100), "{safe:?}");
    }
}

#[test]
fn f6_a_rollback_after_the_publication_leaves_99_rows_and_100_records() {
    let roll_back = Some(MomentKind::WriteDbNotCommitted);
    assert_eq!(a_hundred(Publication::InsideTransaction, None, roll_back), (99, 100));
    for safe in [Publication::Outbox, Publication::OutboxCdc, Publication::EventStore, Publication::AfterCommit] {
        assert_eq!(a_hundred(safe, None, roll_back), (99, 99), "{safe:?}");
    }
}

#[test]
fn f6_a_crash_between_publish_and_commit_leaves_a_phantom_too() {
    let crash: Strike = |kind| *kind == MomentKind::ApiPublishedNotCommitted;
    assert_eq!(a_hundred(Publication::InsideTransaction, Some(crash), None), (99, 100));
}

#[test]
fn f6_a_send_whose_error_nobody_looks_at_loses_the_event_of_a_command_reported_ok() {
    let mut toy = Toy::new(&with(Publication::AfterCommit));
    toy.refuse = true;
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(3_000));
    assert!(toy.words(id).contains(&"reply_accepted") && toy.words(id).contains(&"publish_failed"));
    assert_eq!((toy.bank.write_db().store.stored_count(), toy.log.len()), (1, 0));
    toy.refuse = false;
    toy.run(SimTime::from_ms(60_000));
    assert!(toy.log.is_empty(), "nobody tries again");
    for publication in [Publication::Outbox, Publication::OutboxCdc, Publication::EventStore] {
        let mut toy = Toy::new(&with(publication));
        toy.refuse = true;
        toy.send(TRANSFER);
        toy.run(SimTime::from_ms(3_000));
        toy.refuse = false;
        toy.run(SimTime::from_ms(6_000));
        assert_eq!(ids(&toy), [1], "{publication:?} tries until it is in the log");
    }
}

#[test]
fn f8_change_capture_publishes_again_what_lies_between_its_last_flush_and_a_crash() {
    let run = |flush_interval_us: u64| {
        let mut config = with(Publication::OutboxCdc);
        config.relay.flush_interval_us = flush_interval_us;
        config.account_view = Idempotency::DedupeTable;
        let mut toy = Toy::new(&config);
        for n in 0..4 {
            if n == 3 {
                toy.strike = Some(|kind| *kind == MomentKind::RelayPublishedNotMarked);
            }
            toy.send(DEPOSIT);
            toy.run(toy.now + 2_000_000);
        }
        assert_eq!(toy.bank.accounts()[0].read.expect("opened").balance, 1_004, "the dedupe table knew them");
        ids(&toy)
    };
    assert_eq!(run(60_000_000), [1, 2, 3, 4, 1, 2, 3, 4], "nothing was flushed yet");
    assert_eq!(run(1_000), [1, 2, 3, 4, 4], "only what was on its way");
}

#[test]
fn f8_change_capture_leaves_no_row_in_the_table_and_forgets_the_log_that_is_confirmed() {
    let mut config = with(Publication::OutboxCdc);
    config.relay.flush_interval_us = 3_000_000;
    let mut toy = Toy::new(&config);
    for _ in 0..10 {
        toy.send(DEPOSIT);
        toy.run(toy.now + 1_000_000);
    }
    toy.run(toy.now + 5_000_000);
    let outbox = &toy.bank.write_db().store.outbox;
    assert_eq!((outbox.unpublished_count(), outbox.log_after(0).count(), toy.log.len()), (0, 0, 10));
    assert!(toy.count(|kind| matches!(kind, FactKind::OffsetsFlushed { .. })) >= 3);
    assert!(toy.models_agree());
}

#[test]
fn f8_a_relay_of_the_event_store_dies_before_its_token_is_stored_and_publishes_again() {
    let mut toy = Toy::new(&with(Publication::EventStore));
    toy.strike = Some(|kind| *kind == MomentKind::RelayPublishedNotMarked);
    toy.send(TRANSFER);
    toy.run(SimTime::from_ms(3_000));
    assert_eq!(ids(&toy), [1, 1]);
    assert!(toy.count(|kind| matches!(kind, FactKind::TokenStored { position: 1 })) == 1);
    assert_eq!(toy.count(|kind| matches!(kind, FactKind::OutboxMarked { .. })), 0, "there is no outbox");
}

#[test]
fn f8_a_mark_that_failed_or_was_lost_is_made_again_by_token_too() {
    for (publication, reads) in [
        (Publication::EventStore, RelayReads::Flag),
        (Publication::EventStore, RelayReads::LastId),
        (Publication::Outbox, RelayReads::Flag),
        (Publication::Outbox, RelayReads::GapAware),
        (Publication::Outbox, RelayReads::LastId),
    ] {
        let mut config = with(publication);
        config.relay.reads = reads;
        let settled = |toy: &Toy| (ids(toy), toy.bank.write_db().store.outbox.unpublished_count());
        for process in [Process::WriteDb, Process::Relay] {
            let mut toy = Toy::new(&config);
            // A relay that dies sends no second mark; its first one does not arrive.
            toy.lose = if process == Process::Relay { |hop| matches!(hop.message, Message::OutboxMark { .. }) } else { |_| false };
            toy.send(TRANSFER);
            while !toy.bank.relay().stages().any(|stage| matches!(stage, RelayStage::Marking { .. })) {
                toy.run(toy.now + 500);
            }
            toy.lose = |_| false;
            let mut out = Vec::new();
            toy.bank.crash(toy.now, process, &mut out);
            toy.dispatch(out);
            toy.restarts.push(toy.now + 300_000, process);
            toy.run(toy.now + 5_000_000);
            assert_eq!(settled(&toy), (vec![1, 1], 0), "{publication:?} {reads:?} without {process:?}");
        }
        let mut toy = Toy::new(&config);
        toy.lose = |hop| matches!(hop.message, Message::OutboxMark { .. });
        toy.send(TRANSFER);
        toy.run(SimTime::from_ms(500));
        toy.lose = |_| false;
        toy.run(SimTime::from_ms(10_000));
        assert_eq!(settled(&toy), (vec![1, 1], 0), "{publication:?} {reads:?} with a lost mark");
    }
}

/// Commands that commit in another order than they began: each statement takes its own time.
fn jumbled(reads: RelayReads, publication: Publication) -> Toy {
    let mut config = with(publication);
    config.account_count = 26;
    config.client.count = 20;
    config.client.command_interval_us = 20_000;
    config.write_db_latency = Latency::Uniform { us_min: 1_000, us_max: 60_000 };
    config.relay.poll_interval_us = 1_000;
    config.relay.reads = reads;
    let mut toy = Toy::new(&config);
    toy.run(SimTime::from_ms(5_000));
    config.client.command_interval_us = 0;
    let mut out = Vec::new();
    toy.bank.set_config(toy.now, &config, &mut out);
    toy.dispatch(out);
    toy.run(SimTime::from_ms(30_000));
    toy
}

#[test]
fn f8_the_id_gap_traps_a_relay_that_reads_by_the_last_id_and_no_other() {
    let missing =
        |toy: &Toy| toy.bank.write_db().store.stored_count() - toy.log.iter().collect::<crate::kernel::SortedSet<_>>().len() as u64;
    let naive = jumbled(RelayReads::LastId, Publication::Outbox);
    assert!(missing(&naive) > 0, "nothing was stepped over");
    assert_eq!(naive.bank.to_be_published().len(), 0, "and nobody will ever publish it");
    for (reads, publication) in [
        (RelayReads::Flag, Publication::Outbox),
        (RelayReads::GapAware, Publication::Outbox),
        (RelayReads::Flag, Publication::EventStore),
        (RelayReads::Flag, Publication::OutboxCdc),
    ] {
        assert_eq!(missing(&jumbled(reads, publication)), 0, "{reads:?} {publication:?}");
    }
    assert!(missing(&jumbled(RelayReads::LastId, Publication::EventStore)) > 0, "the event store's index has the same trap");
}

#[test]
fn f8_several_relays_publish_everything_and_a_crash_of_one_batch_frees_its_rows() {
    let mut config = with(Publication::Outbox);
    config.client.count = 10;
    config.client.command_interval_us = 10_000;
    config.relay.count = 3;
    config.relay.batch_max = 5;
    let mut toy = Toy::new(&config);
    toy.run(SimTime::from_ms(3_000));
    toy.strike = Some(|kind| *kind == MomentKind::RelayFetchedNotPublished);
    toy.run(SimTime::from_ms(6_000));
    config.client.command_interval_us = 0;
    config.relay.count = 1;
    let mut out = Vec::new();
    toy.bank.set_config(toy.now, &config, &mut out);
    toy.dispatch(out);
    toy.run(SimTime::from_ms(20_000));
    assert_eq!(toy.bank.write_db().store.outbox.unpublished_count(), 0);
    assert!(toy.bank.write_db().store.stored_count() > 100);
    assert!(toy.log.len() as u64 >= toy.bank.write_db().store.stored_count());
}

#[test]
fn f8_a_change_of_strategy_leaves_nothing_behind() {
    let order = [Publication::OutboxCdc, Publication::Outbox, Publication::EventStore, Publication::OutboxCdc, Publication::AfterCommit];
    let mut config = with(Publication::Outbox);
    config.client.command_interval_us = 50_000;
    config.account_view = Idempotency::DedupeTable;
    config.transfer_history = Idempotency::DedupeTable;
    let mut toy = Toy::new(&config);
    for publication in order {
        toy.run(toy.now + 1_000_000);
        config.api.publication = publication;
        let mut out = Vec::new();
        toy.bank.set_config(toy.now, &config, &mut out);
        toy.dispatch(out);
    }
    config.client.command_interval_us = 0;
    let mut out = Vec::new();
    toy.bank.set_config(toy.now, &config, &mut out);
    toy.dispatch(out);
    toy.run(toy.now + 10_000_000);
    assert!(toy.models_agree());
    assert!(toy.bank.to_be_published().is_empty());
}
