//! How a client learns that its command is done: by what, when, at which cost, and what is lost (F10, F5).

use super::*;

fn with(channel: Channel) -> BankConfig {
    let mut config = quiet();
    config.client.channel = channel;
    config.client.reread_on_reconnect = false;
    config.client.completion_timeout_us = 3_600_000_000;
    config.query.push_latency = Latency::Constant { us: 1_000_000 };
    config.query.email_latency = Latency::Constant { us: 90_000_000 };
    config
}

/// A transfer with nothing in its way: after how long its client knew, and how many messages that took.
fn learned(config: &BankConfig) -> (u64, usize) {
    let mut toy = Toy::new(config);
    toy.hops = Some(Vec::new());
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(300_000));
    let waited = toy.facts.iter().find_map(|(_, fact)| match fact.kind {
        FactKind::CompletionNoticed { waited_us, .. } if fact.command == Some(id) => Some(waited_us),
        _ => None,
    });
    let hops = toy.hops.take().expect("kept");
    let messages = hops.iter().filter(|hop| hop.link == Link::Completion).count();
    (waited.unwrap_or_else(|| panic!("{:?} never told", config.client.channel)), messages)
}

#[test]
fn f10_each_channel_has_its_latency_and_its_cost() {
    let (sse, sse_messages) = learned(&with(Channel::Sse));
    assert!(sse < 300_000, "{sse}");
    assert_eq!(sse_messages, 1, "the notice");
    assert_eq!(learned(&with(Channel::WebSocket)), (sse, 1));
    let (long, messages) = learned(&with(Channel::LongPolling));
    assert!(long <= sse + 5_000, "{long}");
    assert_eq!(messages, 2, "a request that was held, and its answer");
    let (polling, messages) = learned(&with(Channel::Polling));
    assert!((500_000..520_000).contains(&polling) && messages == 2, "{polling} {messages}");
    let (push, messages) = learned(&with(Channel::Push));
    assert!(push > sse + 1_000_000 && messages == 3, "the hint, then the status: {push} {messages}");
    let (email, messages) = learned(&with(Channel::Email));
    assert!(email > 90_000_000 && messages == 1, "{email} {messages}");
    let (webhook, messages) = learned(&with(Channel::Webhook));
    assert!(webhook < 300_000 && messages == 2, "the call and its 200: {webhook} {messages}");
}

#[test]
fn f10_polling_every_2_s_sees_at_6_s_what_was_done_at_5() {
    let mut config = with(Channel::Polling);
    config.client.poll_interval_us = 2_000_000;
    config.api.publication = Publication::AfterCommit;
    let mut toy = Toy::new(&config);
    toy.publish_us = 5_000_000;
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(10_000));
    let known = toy.facts.iter().find(|(_, fact)| fact.command == Some(id) && fact.kind.name() == "completion_noticed").expect("told");
    assert!((6_000_000..6_050_000).contains(&known.0.us()), "{}", known.0);
    assert_eq!(toy.words(id).iter().filter(|word| **word == "status_in_progress").count(), 2, "at 2 s and at 4 s");
}

#[test]
fn f10_a_long_poll_that_has_nothing_to_say_for_too_long_says_so_and_is_asked_again() {
    let mut config = with(Channel::LongPolling);
    config.query.long_poll_us = 1_000_000;
    config.api.publication = Publication::AfterCommit;
    let mut toy = Toy::new(&config);
    toy.publish_us = 3_500_000;
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(500));
    assert_eq!(toy.bank.query_api().connection_count(), 1, "a request that is held is a connection");
    toy.run(SimTime::from_ms(10_000));
    assert_eq!(toy.words(id).iter().filter(|word| **word == "status_in_progress").count(), 3);
    assert!(toy.words(id).contains(&"completion_noticed"));
    assert_eq!(toy.bank.query_api().connection_count(), 0);
}

/// Five commands, one a second; the client is away from the moment of the fourth's completion on, for ten seconds.
fn away(config: &BankConfig) -> (Toy, Vec<CommandId>) {
    let mut toy = Toy::new(config);
    let mut ids = Vec::new();
    for n in 0..5 {
        if n == 3 {
            let mut out = Vec::new();
            toy.bank.break_connection(toy.now, ClientIndex(0), &mut out);
            toy.dispatch(out);
        }
        ids.push(toy.send(Command::Deposit { account: AccountId(0), amount: 1 }));
        toy.run(toy.now + 1_000_000);
    }
    toy.run(toy.now + 20_000_000);
    (toy, ids)
}

fn known(toy: &Toy, ids: &[CommandId]) -> Vec<bool> {
    ids.iter().map(|id| toy.words(*id).contains(&"completion_noticed")).collect()
}

const LOST: [bool; 5] = [true, true, true, false, false];

#[test]
fn f10_sse_sends_4_and_5_again_after_last_event_id_3_only_if_the_server_keeps_history() {
    let mut config = with(Channel::Sse);
    config.client.sse_reconnect_us = 10_000_000;
    let (toy, ids) = away(&config);
    assert_eq!(known(&toy, &ids), LOST);
    config.query.sse_history = true;
    let (toy, ids) = away(&config);
    assert_eq!(known(&toy, &ids), [true; 5]);
}

#[test]
fn f10_a_websocket_has_no_history_and_a_look_at_the_status_settles_it() {
    let mut config = with(Channel::WebSocket);
    config.client.sse_reconnect_us = 10_000_000;
    config.query.sse_history = true;
    let (toy, ids) = away(&config);
    assert_eq!(known(&toy, &ids), LOST);
    config.client.reread_on_reconnect = true;
    let (toy, ids) = away(&config);
    assert_eq!(known(&toy, &ids), [true; 5]);
}

#[test]
fn f10_a_push_is_kept_for_its_time_to_live() {
    let mut config = with(Channel::Push);
    config.client.sse_reconnect_us = 10_000_000;
    let (toy, ids) = away(&config);
    assert_eq!(known(&toy, &ids), [true; 5]);
    for ttl_us in [0, 5_000_000] {
        config.query.push_ttl_us = ttl_us;
        let (toy, ids) = away(&config);
        assert_eq!(known(&toy, &ids), [true, true, false, false, false], "the third is on its way when the device goes, ttl {ttl_us}");
        assert_eq!(toy.count(|kind| matches!(kind, FactKind::NoticeLost { .. })), 3);
    }
}

#[test]
fn f10_a_webhook_is_called_until_it_answers_and_may_be_called_twice() {
    let mut config = with(Channel::Webhook);
    config.client.sse_reconnect_us = 10_000_000;
    let (toy, ids) = away(&config);
    assert_eq!(known(&toy, &ids), [true; 5]);
    let mut toy = Toy::new(&config);
    toy.lose = |hop| matches!(hop.message, Message::NoticeAck { sequence: 1, .. });
    let id = toy.send(TRANSFER);
    toy.run(SimTime::from_ms(1_000));
    toy.lose = |_| false;
    toy.run(SimTime::from_ms(60_000));
    assert_eq!(toy.words(id).iter().filter(|word| **word == "completion_noticed").count(), 1);
    assert_eq!(toy.words(id).iter().filter(|word| **word == "notice_repeated").count(), 1, "the 200 was lost: called again");
}

#[test]
fn f5_a_replay_tells_nobody_again_unless_told_to_make_that_mistake() {
    let told_again = |channel: Channel, notify: bool, idempotency: Idempotency| {
        let mut config = with(channel);
        config.query.notify_on_replay = notify;
        config.account_view = idempotency;
        let mut toy = Toy::new(&config);
        for _ in 0..3 {
            toy.send(TRANSFER);
            toy.run(toy.now + 120_000_000);
        }
        let mut out = Vec::new();
        toy.bank.clear_projection(Projection::AccountView, &mut out);
        for event in toy.log.clone() {
            toy.calls += 1;
            toy.bank.apply(toy.now, toy.calls, Projection::AccountView, (Arc::from([event]), None), &mut out);
        }
        toy.dispatch(out);
        toy.run(toy.now + 300_000_000);
        assert!(toy.models_agree());
        toy.count(|kind| matches!(kind, FactKind::NoticeRepeated { .. }))
    };
    for channel in [Channel::Email, Channel::Webhook, Channel::Push] {
        for idempotency in [Idempotency::None, Idempotency::DedupeTable, Idempotency::VersionedUpsert] {
            assert_eq!(told_again(channel, false, idempotency), 0, "{channel:?} {idempotency:?}");
            assert_eq!(told_again(channel, true, idempotency), 3, "{channel:?} {idempotency:?}");
        }
    }
}

#[test]
fn f10_changing_the_channel_while_commands_wait_leaves_none_of_them_behind() {
    for (first, then) in Channel::ALL.into_iter().flat_map(|first| Channel::ALL.map(|then| (first, then))) {
        let mut config = with(first);
        config.client.reread_on_reconnect = true;
        let mut toy = Toy::new(&config);
        let id = toy.send(TRANSFER);
        toy.run(SimTime::from_ms(40));
        config.client.channel = then;
        let mut out = Vec::new();
        toy.bank.set_config(toy.now, &config, &mut out);
        toy.dispatch(out);
        toy.run(SimTime::from_ms(1_300_000));
        assert!(toy.words(id).contains(&"completion_noticed"), "{first:?} then {then:?}");
    }
}
