//! What a script has brought along: producers, consumers without a container, an application. Does not know the bank.

use std::sync::Arc;

use super::groups::Group;
use crate::broker::TopicPartition;
use crate::broker::share::RecordState;
use crate::listener::application_events::{ApplicationFact, Lane};
use crate::pipeline::lab::{LabApplication, LabMember};
use crate::pipeline::{FactKind, ProcessState, ShareDoing, ShareSlot, ShareWork, World};
use crate::scene::{ApplicationView, BeanView, ConsumerDuty, ConsumerState, ConsumerView, MEMBERS_FROM, ProducerView, SHARES_FROM, Scene};

/// Fills in what a script has brought along.
pub(super) fn fill(scene: &mut Scene, world: &World) {
    scene.producers = world.lab().producers().map(|(name, place)| producer(world, name, place)).collect();
    if let Some(app) = world.lab().application() {
        scene.application = Some(application(world, app));
        // It consumes within its own process: brokers that nobody asks anything are not in this picture.
        if scene.topics.is_empty() {
            scene.brokers.clear();
        }
    }
}

fn producer(world: &World, name: &Arc<str>, place: u32) -> ProducerView {
    let producer = &world.producers()[place as usize].producer;
    let config = producer.config();
    ProducerView {
        id: place,
        name: name.clone(),
        acks: Arc::from(config.get("acks").filter(|acks| !acks.is_empty()).unwrap_or_else(|| "all".to_owned())),
        transactional_id: config.transactional_id.as_deref().map(Arc::from),
        in_transaction: producer.is_in_transaction(),
        failed: producer.is_fatally_failed(),
        waiting: producer.unfinished_count() as u32,
    }
}

fn application(world: &World, app: &LabApplication) -> ApplicationView {
    let mut view = ApplicationView {
        started: app.started,
        beans: app
            .beans
            .iter()
            .map(|b| BeanView { name: b.name.clone(), annotations: b.annotations.clone(), calls: 0, last: None })
            .collect(),
        tables: app.tables.iter().map(|table| (table.clone(), app.application.database.rows(table))).collect(),
        ..ApplicationView::default()
    };
    for fact in world.trace().iter() {
        let FactKind::Application(lane, what) = &fact.kind else { continue };
        match what {
            ApplicationFact::Listener(name, event, active) => {
                if let Some(bean) = view.beans.iter_mut().find(|bean| bean.name == *name) {
                    bean.calls += 1;
                    bean.last = Some((event.clone(), *active, *lane == Lane::Async));
                }
            }
            ApplicationFact::CallerReturned => (view.calls, view.threw) = (view.calls + 1, None),
            ApplicationFact::CallerThrew(class) => (view.calls, view.threw) = (view.calls + 1, Some(class.clone())),
            _ => {}
        }
    }
    view
}

/// The members of a group that have no container, newest process of a name only.
pub(super) fn members(group: &mut Group, world: &World) {
    let all = world.lab().members();
    for (place, member) in (0..).zip(all) {
        let replaced = all[place as usize + 1..].iter().any(|later| later.name == member.name);
        if *member.group == *group.view.name && !replaced {
            add(group, place, member);
        }
    }
}

/// The share consumers of a group, and what its leaders know of records in flight.
pub(super) fn shares(group: &mut Group, world: &World) {
    for (slot, consumer) in (0..).zip(world.share_consumers()) {
        let away = consumer.work.as_ref().is_some_and(|w| w.state == ProcessState::Stopped && w.number > 0);
        if *consumer.group == *group.view.name && !away {
            group.view.consumers.push(share_consumer(world, slot, consumer));
        }
    }
    for tp in world.cluster().share_partitions(&group.view.name) {
        let Some(share) = world.cluster().share_partition(&group.view.name, tp) else { continue };
        let of = |state: RecordState| share.in_flight().filter(move |(_, s)| s.state == state).map(move |(offset, _)| (tp, offset));
        group.in_hand.extend(of(RecordState::Acquired));
        group
            .failing
            .extend(share.in_flight().filter(|(_, s)| s.state == RecordState::Available && s.delivery_count > 0).map(|(o, _)| (tp, o)));
    }
}

fn share_consumer(world: &World, slot: u32, consumer: &ShareSlot) -> ConsumerView {
    let application = &consumer.application;
    let gone = application.is_gone();
    let assigned = if gone { Vec::new() } else { application.consumer.assignment() };
    let work = consumer.work.as_ref();
    let at_work = work.and_then(ShareWork::place).filter(|_| !gone);
    let state = match work.map(|w| w.state) {
        Some(ProcessState::Dead) => ConsumerState::Dead,
        _ if gone => ConsumerState::Stopped,
        _ if work.is_some_and(ShareWork::awaits_decision) => ConsumerState::Deciding,
        _ if work.is_some_and(|w| w.doing == ShareDoing::Committing) => ConsumerState::Committing,
        _ if at_work.is_some() && world.is_share_stuck(slot) => ConsumerState::Stalled,
        _ if at_work.is_some() => ConsumerState::Handling,
        _ if assigned.is_empty() => ConsumerState::Starting,
        _ => ConsumerState::Listening,
    };
    let held = |(tp, offset): (TopicPartition, u64)| world.cluster().share_partition(&consumer.group, tp)?.at(offset).cloned();
    let in_flight = at_work.and_then(held).filter(|s| s.member.as_ref() == Some(application.consumer.member_id()));
    ConsumerView {
        id: SHARES_FROM + slot,
        name: work.is_none().then(|| consumer.name.clone()),
        duty: ConsumerDuty::Main,
        number: work.map_or(slot, |w| w.number),
        state,
        until: in_flight.as_ref().and_then(|s| s.locked_until),
        record: at_work.map(|(tp, offset)| (tp.topic.0, tp.partition, offset)),
        attempt: in_flight.map_or(0, |s| s.delivery_count),
        assigned: assigned.iter().map(|tp| (tp.topic.0, tp.partition)).collect(),
        ..ConsumerView::default()
    }
}

fn add(group: &mut Group, place: u32, member: &LabMember) {
    let application = &member.application;
    let gone = application.is_gone();
    let assigned: Vec<_> = if gone { Vec::new() } else { application.consumer.assignment() };
    group.positions.extend(assigned.iter().filter_map(|tp| Some((*tp, application.consumer.position(*tp)?))));
    let state = match () {
        () if gone => ConsumerState::Stopped,
        () if !member.manual && !application.consumer.is_stable() => match application.generation() {
            None => ConsumerState::Starting,
            Some(_) => ConsumerState::Rebalancing,
        },
        () if application.is_polling() => ConsumerState::Listening,
        () => ConsumerState::Paused,
    };
    group.view.consumers.push(ConsumerView {
        id: MEMBERS_FROM + place,
        name: Some(member.name.clone()),
        duty: ConsumerDuty::Main,
        number: place,
        state,
        assigned: assigned.iter().map(|tp| (tp.topic.0, tp.partition)).collect(),
        ..ConsumerView::default()
    });
}
