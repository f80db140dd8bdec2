//! The built-in scenarios: each a few settings and a short programme that shows one lesson. What it must show is asserted
//! in the tests, and its trace is pinned.

mod programme;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;

use std::sync::Arc;

use super::{Action, Scenario};
use crate::fault::{FaultKind, Link, Node, Target};
use programme::Programme;

/// The seed of every built-in scenario, unless another one is asked for.
pub const BUILTIN_SEED: u64 = 42;

/// A built-in scenario: its name and how it is made.
struct Builtin {
    name: &'static str,
    /// How long it is worth watching, in seconds; the calm default goes on for an hour.
    seconds: u64,
    make: fn(Programme) -> Programme,
}

const BUILTIN: [Builtin; 24] = [
    Builtin { name: "transfer", seconds: 3_600, make: |p| p },
    Builtin { name: "slow-projection", seconds: 60, make: slow_projection },
    Builtin { name: "crash-before-ack", seconds: 40, make: |p| crash_before_ack(p.set("group.account-view.idempotency", "none")) },
    Builtin { name: "crash-before-ack-dedupe", seconds: 40, make: crash_before_ack },
    Builtin { name: "lost-event", seconds: 60, make: |p| crash_after_commit(p.set("api.publication", "after-commit")) },
    Builtin { name: "outbox", seconds: 60, make: crash_after_commit },
    Builtin { name: "outbox-cdc", seconds: 40, make: outbox_cdc },
    Builtin { name: "id-gap", seconds: 20, make: id_gap },
    Builtin { name: "rebuild-view", seconds: 36, make: rebuild_view },
    Builtin {
        name: "told-again",
        seconds: 36,
        make: |p| rebuild_view(p.set("client.completion", "push").set("api.notify-on-replay", "true")),
    },
    Builtin { name: "read-your-writes", seconds: 48, make: read_your_writes },
    Builtin { name: "completion-channels", seconds: 56, make: completion_channels },
    Builtin { name: "spring-events", seconds: 40, make: |p| event_listener_throws(p.set("api.publication", "transactional-event")) },
    Builtin {
        name: "spring-events-in-transaction",
        seconds: 40,
        make: |p| event_listener_throws(p.set("api.publication", "application-event").set("api.listener-data-source", "shared")),
    },
    Builtin { name: "open-transaction", seconds: 40, make: open_transaction },
    Builtin { name: "consume-transform-produce", seconds: 40, make: consume_transform_produce },
    Builtin { name: "nack", seconds: 40, make: nack },
    Builtin { name: "share-group", seconds: 60, make: share_group },
    Builtin { name: "poison-to-dlt", seconds: 40, make: poison_to_dlt },
    Builtin { name: "zombie-consumer", seconds: 40, make: |p| zombie_consumer(p.set("group.account-view.idempotency", "none")) },
    Builtin { name: "zombie-consumer-dedupe", seconds: 40, make: zombie_consumer },
    Builtin { name: "leader-lost", seconds: 40, make: |p| leader_lost(acks_of_the_leader(p)) },
    Builtin { name: "leader-lost-acks-all", seconds: 40, make: leader_lost },
    Builtin { name: "retention-overtakes", seconds: 40, make: retention_overtakes },
];

/// The names of all built-in scenarios, the calm default first.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().map(|builtin| builtin.name)
}

/// The built-in scenario called so, with its usual seed.
pub fn builtin(name: &str) -> Option<Scenario> {
    let Builtin { name, seconds, make } = BUILTIN.iter().find(|builtin| builtin.name == name)?;
    let programme = make(Programme::new());
    let plain = Scenario::plain(name, BUILTIN_SEED);
    let duration_us = seconds * 1_000_000;
    Some(Scenario { name: Arc::from(*name), duration_us, config: programme.config, program: programme.steps, ..plain })
}

/// The view's listener needs six tenths of a second for each event, for half a minute: it falls behind, and nobody else does.
fn slow_projection(p: Programme) -> Programme {
    p.set("client.commands-per-minute", "240")
        .at(5_000)
        .set("group.account-view.listener-time", "600ms")
        .at(35_000)
        .set("group.account-view.listener-time", "~5ms")
}

/// The view's consumer dies between the effect and the acknowledgment (E5): the event comes again.
fn crash_before_ack(p: Programme) -> Programme {
    quick_sessions(p).at(8_000).inject(FaultKind::CrashAfterEffect, Target::Group(0))
}

/// The API dies between the commit and whatever would publish the event (F6).
fn crash_after_commit(p: Programme) -> Programme {
    p.set("client.completion-timeout", "15000").at(8_000).inject(FaultKind::ApiCrashAfterCommit, Target::Node(Node::Api))
}

/// Change capture dies after it has published and before its position is stored (F8): it publishes again what it had.
fn outbox_cdc(p: Programme) -> Programme {
    p.set("api.publication", "outbox-cdc")
        .set("api.offset.flush.interval.ms", "5000")
        .at(14_000)
        .inject(FaultKind::RelayCrashAfterPublish, Target::Node(Node::Relay))
}

/// Transactions commit in another order than they took their ids, and the relay reads by the last id it saw (F8).
fn id_gap(p: Programme) -> Programme {
    p.set("api.relay-reads", "last-id")
        .set("api.relay-poll-interval", "20")
        .set("api.write-db-time", "5ms..200ms")
        .set("client.accounts", "12")
        .set("client.commands-per-minute", "480")
        .set("client.queries-per-minute", "60")
        .set("client.completion-timeout", "6000")
}

/// The view is emptied and built again from the log while clients go on reading it (F5).
fn rebuild_view(p: Programme) -> Programme {
    p.set("client.commands-per-minute", "240")
        .set("group.account-view.listener-time", "60ms")
        .at(15_000)
        .act(Action::RebuildView { group: 0 })
}

/// Clients read their account as soon as their command is accepted, and the view is 0.4 s behind (F9): each remedy for twelve
/// seconds.
fn read_your_writes(p: Programme) -> Programme {
    p.set("client.read-back", "true")
        .set("client.queries-per-minute", "0")
        .set("client.commands-per-minute", "60")
        .set("group.account-view.listener-time", "400ms")
        .set("read-db.min-version-timeout", "5000")
        .at(12_000)
        .set("client.read-your-writes", "return-state")
        .at(24_000)
        .set("client.read-your-writes", "min-version")
        .at(36_000)
        .set("client.read-your-writes", "write-side")
}

/// Clients learn of completion by one channel after the other (F10); whatever can drop drops once at the moment of completion.
fn completion_channels(p: Programme) -> Programme {
    let mut p = p
        .set("client.completion", "polling")
        .set("client.commands-per-minute", "60")
        .set("client.queries-per-minute", "20")
        .set("client.email-time", "~6s");
    for (second, channel) in [(8, "long-polling"), (16, "sse"), (24, "websocket"), (32, "push"), (40, "webhook"), (48, "email")] {
        p = p.at(second * 1_000).set("client.completion", channel);
        if channel != "email" {
            p = p.at(second * 1_000 + 3_000).inject(FaultKind::CompletionDropped, Target::AnyClient);
        }
    }
    p
}

/// A listener in the API's own process throws once (F7), and later the API dies between the commit and its listeners.
fn event_listener_throws(p: Programme) -> Programme {
    p.set("client.completion-timeout", "15000")
        .at(8_000)
        .inject(FaultKind::EventListenerThrows, Target::Node(Node::Api))
        .at(20_000)
        .inject(FaultKind::ApiCrashAfterCommit, Target::Node(Node::Api))
}

/// The relay dies in its transaction (E1, E2): the view, which reads what is committed, waits; the history does not.
fn open_transaction(p: Programme) -> Programme {
    p.set("client.commands-per-minute", "240")
        .set("producer.transactional.id", "true")
        .set("group.account-view.isolation.level", "read_committed")
        .at(8_000)
        .inject(FaultKind::TransactionCrash, Target::Node(Node::Relay))
        .at(20_000)
        .inject(FaultKind::SecondInstance, Target::Node(Node::Relay))
}

/// The view's listener sends a notice of each event in the transaction that commits its offset (E4), and throws once.
fn consume_transform_produce(p: Programme) -> Programme {
    p.set("group.account-view.kafkaAwareTransactionManager", "true")
        .set("group.account-view.listener-publishes", "true")
        .at(8_000)
        .inject_times(FaultKind::ListenerThrows, Target::Group(0), 1)
}

/// The view's listener nacks twice for five seconds (D6): every partition of that consumer stands still.
fn nack(p: Programme) -> Programme {
    p.set("client.commands-per-minute", "180").at(8_000).inject_times(FaultKind::ListenerNacks, Target::Group(0), 2)
}

/// Three share consumers work side by side on one partition (S1, S4); some records are released or rejected (S8). One consumer
/// dies with records in hand (S13), another is stuck until its locks have ended (S5).
fn share_group(p: Programme) -> Programme {
    p.set("client.commands-per-minute", "240")
        .set("topic.partitions", "1")
        .set("share.consumers", "3")
        .set("share.share.acknowledgement.mode", "explicit")
        .set("share.share.acquire.mode", "record_limit")
        .set("share.max.poll.records", "2")
        .set("share.share.auto.offset.reset", "earliest")
        .set("share.share.record.lock.duration.ms", "6000")
        .set("share.share.heartbeat.interval.ms", "1000")
        .set("share.group.share.delivery.count.limit", "3")
        .set("share.listener-time", "~400ms")
        .set("share.release-share", "15")
        .set("share.reject-share", "5")
        .at(14_000)
        .inject_for(FaultKind::ConsumerKilled, Target::Node(Node::ShareConsumer(0)), 10_000)
        .at(30_000)
        .inject_for(FaultKind::ConsumerStalled, Target::Node(Node::ShareConsumer(1)), 10_000)
}

/// A record that nobody can read, and an event that the view's listener refuses for good: both end as dead letters (D12, D14).
fn poison_to_dlt(p: Programme) -> Programme {
    p.set("group.account-view.on-failure", "throw")
        .set("group.transfer-history.on-failure", "throw")
        .at(8_000)
        .inject(FaultKind::PoisonPill, Target::Cluster)
        .at(14_000)
        .inject(FaultKind::ListenerThrowsFatal, Target::Group(0))
}

/// The view's first consumer is stuck past max.poll.interval.ms (C2): another one takes its partitions, and then it wakes up.
fn zombie_consumer(p: Programme) -> Programme {
    quick_sessions(p).set("client.commands-per-minute", "180").set("group.account-view.max.poll.interval.ms", "4000").at(8_000).inject_for(
        FaultKind::ConsumerStalled,
        Target::Node(Node::Consumer(0)),
        10_000,
    )
}

/// acks=1 and what goes with it: the leader alone decides.
fn acks_of_the_leader(p: Programme) -> Programme {
    p.set("producer.acks", "1").set("producer.enable.idempotence", "false")
}

/// A leader's followers hear nothing from it for two seconds, and then it dies (A7, B5).
fn leader_lost(p: Programme) -> Programme {
    let replication = Target::Link { link: Link::Replication, of: Some(Node::Broker(1)) };
    p.set("client.commands-per-minute", "240")
        .set("producer.delivery.timeout.ms", "60000")
        .set("producer.request.timeout.ms", "3000")
        .set("broker.broker.session.timeout.ms", "4000")
        .at(8_000)
        .inject_for(FaultKind::LinkSevered, replication, 4_000)
        .at(10_000)
        .inject_for(FaultKind::BrokerKilled, Target::Node(Node::Broker(1)), 10_000)
}

/// The history's consumer is stopped, and the log does not wait for it (B7, B11).
fn retention_overtakes(p: Programme) -> Programme {
    p.at(8_000)
        .inject_for(FaultKind::ConsumerStopped, Target::Group(1), 12_000)
        .at(16_000)
        .inject(FaultKind::RetentionOvertakes, Target::Cluster)
}

/// The view's group notices a dead consumer within seconds instead of Kafka's 45, so that nobody has to wait for the lesson.
fn quick_sessions(p: Programme) -> Programme {
    p.set("group.account-view.session.timeout.ms", "6000").set("group.account-view.heartbeat.interval.ms", "1000")
}
