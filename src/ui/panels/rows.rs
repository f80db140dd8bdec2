//! What a selected thing is doing, as names and values.

use crate::bank::{AccountId, ClientCounters, EventId, Money};
use crate::broker::{TopicId, TopicPartition};
use crate::pipeline::ShareSlot;
use crate::player::Thing;
use crate::scenario::{Of, Property};
use crate::scene::{ConsumerView, GroupState, RelayKind, SHARES_FROM, Scene};
use crate::ui::app::Shot;
use crate::ui::format::{clock, count, duration};
use crate::ui::i18n::stage::{StageText, consumer_state, every, health, truth};
use crate::ui::i18n::{Lang, things};

/// A name and a value.
pub(super) type Row = (&'static str, String);

/// What a thing is doing.
pub(super) fn rows(thing: Thing, shot: &Shot, lang: Lang) -> Vec<Row> {
    let (scene, text) = (&shot.scene, StageText::of(lang));
    let state = |of: crate::scene::Health| (text.state, health(lang, of).unwrap_or(lang.pick("up", "정상")).to_owned());
    match thing {
        Thing::Client => vec![
            (text.client, scene.client.count.to_string()),
            (text.sent, count(scene.client.issued)),
            (text.waiting, scene.client.waiting.to_string()),
            (text.done, count(scene.client.completed)),
            (text.retried, count(scene.client.retried)),
        ],
        Thing::Api | Thing::Handler => {
            let mut rows = vec![
                state(scene.api.health),
                (text.in_hand, scene.api.in_hand.to_string()),
                (text.accepted, count(scene.api.accepted)),
                (text.rejected, count(scene.api.rejected)),
                (text.conflicted, count(scene.api.conflicted)),
            ];
            if let Some(view) = scene.in_process {
                rows.push((text.listeners_at_work, view.running.to_string()));
                rows.push((text.executor_queue, view.queued.to_string()));
            }
            rows
        }
        Thing::Account(id) => account(id, shot, text),
        Thing::WriteDb => vec![state(scene.store.health), (text.commits, count(scene.store.committed))],
        Thing::Outbox => vec![(text.unpublished, scene.store.unpublished.unwrap_or(0).to_string())],
        Thing::Relay => scene.relay.map_or_else(Vec::new, |relay| {
            let polls = [state(relay.health), (text.polls_every, every(lang, &duration(relay.interval_us)))];
            polls.into_iter().chain([(text.in_hand, relay.in_hand.to_string())]).chain(progress(relay.kind, shot, text)).collect()
        }),
        Thing::Broker(id) => scene.brokers.iter().find(|broker| broker.id == id).map_or_else(Vec::new, |broker| {
            vec![state(broker.health), (text.leads, broker.leads.to_string()), (text.replicas, broker.replicas.to_string())]
        }),
        Thing::Topic(id) => topic(id, scene, text),
        Thing::Partition { topic, partition } => lane(topic, partition, shot, text),
        Thing::Record { topic, partition, offset } => record(topic, partition, offset, shot, lang),
        Thing::Group(group) => scene.groups.get(group as usize).map_or_else(Vec::new, |group| {
            vec![
                (text.state, group_state(group.state).to_owned()),
                (text.generation, group.generation.to_string()),
                (text.lag, count(group.lag)),
                (text.consumer, group.consumers.len().to_string()),
            ]
        }),
        Thing::Consumer(id) => {
            let found = scene.groups.iter().flat_map(|group| &group.consumers).find(|consumer| consumer.id == id);
            found.map_or_else(Vec::new, |consumer| consumer_rows(consumer, shot, lang, text))
        }
        Thing::Projection(number) => scene.projections.get(number as usize).map_or_else(Vec::new, |view| {
            vec![
                state(view.health),
                (text.rows, count(view.row_count)),
                (text.behind, duration(view.behind_us)),
                (text.duplicates, count(view.duplicates)),
            ]
        }),
        Thing::Producer(_) | Thing::Service | Thing::Bean(_) | Thing::Table(_) => bench_rows(thing, scene, lang),
        Thing::QueryApi => [query(scene, text, lang, state(scene.query.health)), telling(shot, text)].concat(),
        Thing::Link(link) => scene.links.iter().find(|view| view.link == link).map_or_else(Vec::new, |view| {
            let flights = shot.world.flights().iter().filter(|flight| flight.link == link).count();
            vec![(text.each_way, duration(view.latency_us)), (text.in_flight, flights.to_string())]
        }),
        Thing::Flight(number) => flight(number, shot, lang, text),
    }
}

/// What a script has brought along says on its card all that there is to say; rules and rows in full here.
fn bench_rows(thing: Thing, scene: &Scene, lang: Lang) -> Vec<Row> {
    let text = StageText::of(lang);
    let app = scene.application.as_ref();
    match thing {
        Thing::Producer(id) => scene.producers.iter().find(|p| p.id == id).map_or_else(Vec::new, |p| {
            let transactional = p.transactional_id.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
            vec![("acks", p.acks.to_string()), ("transactional.id", transactional), (text.waiting, p.waiting.to_string())]
        }),
        Thing::Bean(number) => app
            .and_then(|app| app.beans.get(number as usize))
            .map_or_else(Vec::new, |bean| vec![(text.annotations, bean.annotations.to_string()), (text.calls, count(bean.calls))]),
        Thing::Table(number) => app
            .and_then(|app| app.tables.get(number as usize))
            .map_or_else(Vec::new, |(_, rows)| vec![(text.rows, if rows.is_empty() { "–".to_owned() } else { rows.join(", ") })]),
        Thing::Service => app.map_or_else(Vec::new, |app| vec![(text.calls, count(app.calls))]),
        _ => Vec::new(),
    }
}

fn money(value: Money) -> String {
    ["₩ ", &crate::ui::format::number(value)].concat()
}

/// How clients are told, and what reads lack.
fn telling(shot: &Shot, text: &'static StageText) -> Vec<Row> {
    let Some(bank) = shot.world.bank() else { return Vec::new() };
    let count = |of: fn(&ClientCounters) -> u64| count(bank.clients().iter().map(|client| of(&client.counters())).sum());
    vec![
        (text.own_missing, count(|c| c.own_missing_count)),
        (text.went_back, count(|c| c.went_back_count)),
        (text.channel, bank.config().client.channel.name().to_owned()),
        (text.connections, bank.query_api().connection_count().to_string()),
        (text.kept_pushes, bank.push_service().kept_count().to_string()),
        (text.repeated, count(|c| c.repeated_count)),
    ]
}

/// How far change capture or a relay with a token has come.
fn progress(kind: RelayKind, shot: &Shot, text: &'static StageText) -> Vec<Row> {
    let Some(bank) = shot.world.bank() else { return Vec::new() };
    let (position, flushed) = bank.relay().captured();
    match kind {
        RelayKind::Outbox => Vec::new(),
        RelayKind::Capture => vec![(text.captured, position.to_string()), (text.flushed, flushed.to_string())],
        RelayKind::EventStore => {
            let token = bank.relay().token();
            vec![(text.position, token.last().to_string()), (text.missing_ids, token.gaps().count().to_string())]
        }
    }
}

fn account(id: u32, shot: &Shot, text: &'static StageText) -> Vec<Row> {
    let loaded = shot.world.bank().and_then(|bank| bank.write_db().store.load(AccountId(id)));
    shot.scene.accounts.iter().find(|account| account.id == id).map_or_else(Vec::new, |account| {
        let snapshot = loaded.and_then(|l| l.snapshot).map_or_else(|| text.no_snapshot.to_owned(), |v| ["v", &v.to_string()].concat());
        vec![
            (text.write_model, money(account.written)),
            (text.read_model, account.read.map_or_else(|| text.not_there.to_owned(), money)),
            (text.version, account.version.to_string()),
            (text.applied_n, [&account.applied.to_string(), " / ", &account.total.to_string()].concat()),
            (text.snapshot, snapshot),
            (text.load_reads, loaded.map_or(0, |l| l.event_count).to_string()),
        ]
    })
}

fn topic(id: u32, scene: &Scene, text: &'static StageText) -> Vec<Row> {
    scene
        .topics
        .iter()
        .find(|topic| topic.id == id)
        .map_or_else(Vec::new, |topic| vec![(text.records, count(topic.records())), ("partitions", topic.lanes.len().to_string())])
}

fn lane(topic: u32, partition: u32, shot: &Shot, text: &'static StageText) -> Vec<Row> {
    let scene = &shot.scene;
    let lane =
        scene.topics.iter().find(|view| view.id == topic).and_then(|view| view.lanes.iter().find(|lane| lane.partition == partition));
    let Some(lane) = lane else { return Vec::new() };
    let mut rows = vec![
        (text.leader, lane.leader.map_or_else(|| text.no_leader.to_owned(), |id| id.to_string())),
        (text.isr, lane.isr.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")),
        (text.log_start, lane.log_start.to_string()),
        (text.high_watermark, lane.high_watermark.to_string()),
        (text.log_end, lane.log_end.to_string()),
        ("effective min.insync.replicas", effective_min_isr(lane.replicas.len(), shot).to_string()),
        ("last stable offset", lane.last_stable.to_string()),
    ];
    if let Some(leader) = shot.world.cluster().leader(TopicPartition { topic: TopicId(topic), partition }) {
        for (first, producer) in leader.log.producers.open_txns() {
            rows.push((text.open_transaction, ["@", &first.to_string(), " · producer.id ", &producer.to_string()].concat()));
        }
    }
    for mark in &lane.marks {
        let group = scene.groups.get(mark.group as usize).map_or("", |group| &group.name);
        let number = |offset: Option<u64>| offset.map_or_else(|| "–".to_owned(), |offset| offset.to_string());
        let value = [
            group,
            ": ",
            &number(mark.committed),
            " · ",
            text.position,
            " ",
            &number(mark.position),
            " · ",
            text.lag,
            " ",
            &lane.lag(mark).to_string(),
        ];
        rows.push((text.committed, value.concat()));
    }
    for group in &scene.groups {
        share_rows(&group.name, TopicPartition { topic: TopicId(topic), partition }, shot, &mut rows);
    }
    rows
}

/// `min.insync.replicas`, but at most as many as there are replicas (A7).
fn effective_min_isr(replicas: usize, shot: &Shot) -> u64 {
    shot.world.config().count(Property::MinInsyncReplicas, Of::Only).min(replicas as u64)
}

/// A header's value: numbers of the retry and dead-letter headers as numbers, everything else as text (D12, D13).
fn header_value(header: &crate::broker::Header) -> String {
    let Some(value) = &header.value else { return "null".to_owned() };
    let number = ["partition", "offset", "timestamp", "attempts", "deliveryAttempt"].iter().any(|end| header.name.ends_with(end));
    if number && value.len() <= 8 {
        let negative = value.first().is_some_and(|byte| byte & 0x80 != 0);
        let number = value.iter().fold(if negative { -1i64 } else { 0 }, |number, byte| (number << 8) | i64::from(*byte));
        return number.to_string();
    }
    let text = String::from_utf8_lossy(value);
    text.lines().next().unwrap_or_default().to_owned()
}

fn record(topic: u32, partition: u32, offset: u64, shot: &Shot, lang: Lang) -> Vec<Row> {
    let place = TopicPartition { topic: TopicId(topic), partition };
    let Some(record) = shot.world.record(place, offset) else {
        return vec![("", lang.pick("no longer in the log", "로그에 없음").to_owned())];
    };
    let bytes = |bytes: &Option<crate::broker::Bytes>| {
        bytes.as_ref().map_or_else(|| "null".to_owned(), |b| String::from_utf8_lossy(b).into_owned())
    };
    let mut rows = vec![
        ("key", bytes(&record.key)),
        ("value", bytes(&record.value)),
        ("leader epoch", record.leader_epoch.to_string()),
        (lang.pick("size", "크기"), [&record.size_bytes.to_string(), " B"].concat()),
    ];
    if let Some(event) = EventId::from_tag(record.tag) {
        rows.insert(0, (lang.pick("event", "이벤트"), event.to_string()));
    }
    rows.push(("timestamp", [&record.timestamp_ms.to_string(), " ms"].concat()));
    if let Some(stamp) = record.stamp {
        let (id, epoch, sequence) = (stamp.producer_id.to_string(), stamp.epoch.to_string(), stamp.sequence.to_string());
        rows.push(("producer", ["id ", &id, " · epoch ", &epoch, " · sequence ", &sequence].concat()));
    }
    let transaction = match record.control {
        Some(crate::broker::Control::Commit) => Some("COMMIT"),
        Some(crate::broker::Control::Abort) => Some("ABORT"),
        None => record.stamp.is_some_and(|stamp| stamp.transactional).then(|| fate(record, place, shot)),
    };
    rows.extend(transaction.map(|fate| (lang.pick("transaction", "트랜잭션"), fate.to_owned())));
    rows.extend(shot.scene.groups.iter().filter_map(|group| Some(("share group", share_state(&group.name, place, offset, shot, lang)?))));
    for header in record.headers.iter() {
        rows.push(("header", [&header.name, " = ", header_value(header).as_str()].concat()));
    }
    rows
}

/// What became of a record's transaction (E2).
fn fate(record: &crate::broker::Record, place: TopicPartition, shot: &Shot) -> &'static str {
    match shot.world.cluster().leader(place) {
        Some(leader) if leader.log.producers.is_aborted(record) => "aborted",
        Some(leader) if record.offset >= leader.last_stable_offset() => "open",
        _ => "committed",
    }
}

fn consumer_rows(consumer: &ConsumerView, shot: &Shot, lang: Lang, text: &'static StageText) -> Vec<Row> {
    let partitions: Vec<String> = consumer.assigned.iter().map(|(_, partition)| ["P", &partition.to_string()].concat()).collect();
    let mut rows = vec![
        (text.state, consumer_state(lang, consumer.state).to_owned()),
        ("partitions", if partitions.is_empty() { text.not_assigned.to_owned() } else { partitions.join(" ") }),
    ];
    // The same rows whether or not there is something in hand: what stands below them keeps its place.
    let none = || "–".to_owned();
    let in_hand = consumer.record.map(|(_, partition, offset)| ["P", &partition.to_string(), "@", &offset.to_string()].concat());
    let attempt = in_hand.as_ref().map_or_else(none, |_| consumer.attempt.to_string());
    rows.push((text.in_hand, in_hand.unwrap_or_else(none)));
    rows.push((text.attempt, attempt));
    rows.push((text.left_on, consumer.until.map_or_else(none, |until| duration(until.since(shot.now)))));
    if let Some(share) = consumer.id.checked_sub(SHARES_FROM).and_then(|slot| shot.world.share_consumers().get(slot as usize)) {
        rows.push(("client.id", share.name.to_string()));
        rows.push((
            "share.acknowledgement.mode",
            if share.application.consumer.config().is_explicit() { "explicit" } else { "implicit" }.to_owned(),
        ));
    }
    if let Some(slot) = shot.world.consumers().get(consumer.id as usize) {
        rows.push(("client.id", slot.name.to_string()));
        rows.push((lang.pick("restarts", "재시작"), slot.incarnation.to_string()));
    }
    rows
}

/// What has become of a record in a share group: its state with the number of deliveries, what is left of the lock, and who has it.
fn share_state(group: &str, place: TopicPartition, offset: u64, shot: &Shot, lang: Lang) -> Option<String> {
    let share = shot.world.cluster().share_partition(group, place)?;
    let words = match share.at(offset).filter(|_| offset >= share.start()) {
        Some(state) => {
            let holder = |c: &&ShareSlot| state.member.as_ref() == Some(c.application.consumer.member_id());
            let holder = shot.world.share_consumers().iter().find(holder);
            let lock = state.locked_until.map_or_else(String::new, |end| [" · ", &duration(end.since(shot.now))].concat());
            let by = holder.map_or_else(String::new, |c| [" · ", &c.name].concat());
            [state.state.name(), " ×", &state.delivery_count.to_string(), &lock, &by].concat()
        }
        None if offset < share.start() => lang.pick("finished", "끝남").to_owned(),
        None => lang.pick("not delivered yet", "아직 전달 안 됨").to_owned(),
    };
    Some([group, ": ", &words].concat())
}

/// How many records in flight of a share group are listed.
const IN_FLIGHT_MAX: usize = 12;

/// What a partition's leader knows of the records that a share group has in flight: state, delivery, what is left of the lock.
fn share_rows(group: &str, tp: TopicPartition, shot: &Shot, rows: &mut Vec<Row>) {
    let Some(share) = shot.world.cluster().share_partition(group, tp) else { return };
    rows.push(("share start offset", [group, ": ", &share.start().to_string()].concat()));
    let shown = |(offset, state): (u64, &crate::broker::share::InFlight)| {
        let lock = state.locked_until.map_or_else(String::new, |end| [" · ", &duration(end.since(shot.now))].concat());
        ["@", &offset.to_string(), " ", state.state.name(), " ×", &state.delivery_count.to_string(), &lock].concat()
    };
    rows.extend(share.in_flight().take(IN_FLIGHT_MAX).map(|each| ("in flight", shown(each))));
    let more = share.in_flight().count().saturating_sub(IN_FLIGHT_MAX);
    if more > 0 {
        rows.push(("in flight", ["+ ", &more.to_string()].concat()));
    }
}

fn query(scene: &Scene, text: &'static StageText, lang: Lang, state: Row) -> Vec<Row> {
    let mut rows = vec![state, (text.answered, count(scene.query.answered)), (text.stale, count(scene.query.stale))];
    if let Some(last) = &scene.query.last {
        let read = last.read.map_or_else(|| text.not_there.to_owned(), money);
        rows.push((lang.pick("latest answer", "최근 응답"), [&last.account, " ", &read, " · ", &truth(lang, last)].concat()));
    }
    rows
}

fn flight(number: u64, shot: &Shot, lang: Lang, text: &'static StageText) -> Vec<Row> {
    let Some(flight) = shot.world.flights().get(number) else {
        return vec![(text.state, lang.pick("arrived", "도착함").to_owned())];
    };
    let mut rows = vec![
        (text.thing, flight.name().to_owned()),
        (lang.pick("from", "출발"), things::node(flight.from, &shot.scene, lang)),
        (lang.pick("to", "도착"), things::node(flight.to, &shot.scene, lang)),
        (lang.pick("left at", "출발 시각"), clock(flight.sent_at.us())),
        (lang.pick("due at", "도착 시각"), clock(flight.due_at.us())),
    ];
    if let Some(command) = flight.command {
        rows.push((lang.pick("command", "명령"), ["#", &command.to_string()].concat()));
    }
    if flight.lost {
        rows.push((text.state, lang.pick("will be lost", "사라질 것").to_owned()));
    }
    rows
}

/// Kafka's own words.
fn group_state(state: GroupState) -> &'static str {
    match state {
        GroupState::Empty => "Empty",
        GroupState::PreparingRebalance => "PreparingRebalance",
        GroupState::CompletingRebalance => "CompletingRebalance",
        GroupState::Stable => "Stable",
    }
}
