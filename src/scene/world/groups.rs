//! The groups and their consumers in a scene. Does not know what records mean.

use std::sync::Arc;

use crate::broker::TopicPartition;
use crate::broker::group::GroupState as State;
use crate::fault::{FaultKind, Node, Target};
use crate::listener::Doing;
use crate::pipeline::{ConsumerSlot, Duty, ProcessState, World};
use crate::scene::{AfterCrash, ConsumerDuty, ConsumerState, ConsumerView, GroupState, GroupView};

/// A group, with what the lanes want to know of it.
pub(super) struct Group {
    pub(super) view: GroupView,
    /// Where its consumers stand: partition, next offset.
    pub(super) positions: Vec<(TopicPartition, u64)>,
    /// What its listeners have in hand.
    pub(super) in_hand: Vec<(TopicPartition, u64)>,
    /// What failed and will be read again.
    pub(super) failing: Vec<(TopicPartition, u64)>,
}

/// All groups: those with consumers in the picture, and whatever else the coordinator knows.
pub(super) fn groups(world: &World) -> Vec<Group> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for slot in world.consumers().iter().filter(|c| c.duty == Duty::Main) {
        remember(&mut names, &slot.container.consumer().config().group_id);
    }
    for member in world.lab().members() {
        remember(&mut names, &member.group);
    }
    for consumer in world.share_consumers() {
        remember(&mut names, &consumer.group);
    }
    for group in world.cluster().groups.groups() {
        let is_chain = world.consumers().iter().any(|c| c.duty != Duty::Main && is_in(c, &group.name));
        if !is_chain {
            remember(&mut names, &group.name);
        }
    }
    names.into_iter().map(|name| group(world, name)).collect()
}

fn remember(names: &mut Vec<Arc<str>>, name: &str) {
    if !name.is_empty() && !names.iter().any(|known| **known == *name) {
        names.push(Arc::from(name));
    }
}

/// Whether a consumer belongs to the group with this name.
fn is_in(slot: &ConsumerSlot, group: &str) -> bool {
    slot.container.consumer().config().group_id == group
}

fn group(world: &World, name: Arc<str>) -> Group {
    let known = world.cluster().groups.group(&name);
    let state = known.map_or(GroupState::Empty, |g| match world.cluster().groups.state(g) {
        State::Empty => GroupState::Empty,
        State::PreparingRebalance => GroupState::PreparingRebalance,
        State::CompletingRebalance | State::Assigning | State::Reconciling => GroupState::CompletingRebalance,
        State::Stable => GroupState::Stable,
    });
    let place = world.consumers().iter().find(|c| c.duty == Duty::Main && is_in(c, &name));
    let place = place.and_then(|c| c.group);
    let mut out = Group {
        view: GroupView { name: name.clone(), state, generation: known.map_or(0, |g| g.generation), lag: 0, consumers: Vec::new() },
        positions: Vec::new(),
        in_hand: Vec::new(),
        failing: Vec::new(),
    };
    for (number, slot) in (0..).zip(world.consumers()) {
        let own = is_in(slot, &name) || (place.is_some() && slot.group == place);
        // A consumer that was scaled away is not drawn.
        if own && slot.state != ProcessState::Stopped || own && slot.duty == Duty::Main && slot.number == 0 {
            add(&mut out, world, number, slot);
        }
    }
    super::bench::members(&mut out, world);
    super::bench::shares(&mut out, world);
    out
}

fn add(group: &mut Group, world: &World, number: u32, slot: &ConsumerSlot) {
    let thread = slot.container.thread();
    let consumer = slot.container.consumer();
    let alive = matches!(slot.state, ProcessState::Running | ProcessState::Stopping);
    let assigned: Vec<TopicPartition> = if alive { consumer.assignment() } else { Vec::new() };
    group.positions.extend(assigned.iter().filter_map(|tp| Some((*tp, consumer.position(*tp)?))));
    let in_hand: Vec<(TopicPartition, u64)> =
        if alive { thread.in_hand().iter().map(|r| (r.partition, r.record.offset)).collect() } else { Vec::new() };
    group.failing.extend(thread.failing().chain(thread.nacked()).filter(|_| alive));
    let first = in_hand.first().copied().or_else(|| thread.nacked().filter(|_| alive));
    group.view.consumers.push(ConsumerView {
        id: number,
        name: world.bank().is_none().then(|| slot.name.clone()),
        duty: match slot.duty {
            Duty::Main => ConsumerDuty::Main,
            Duty::Retry(place) => ConsumerDuty::Retry(place),
            Duty::DeadLetters => ConsumerDuty::DeadLetters,
        },
        number: slot.number,
        state: state(world, number, slot),
        until: thread.nack_until().filter(|_| alive),
        record: first.map(|(tp, offset)| (tp.topic.0, tp.partition, offset)),
        attempt: first.map_or(0, |(tp, offset)| thread.delivery_attempt(tp, offset)),
        after_crash: first.map_or_else(AfterCrash::default, |(tp, offset)| after_crash(world, slot, tp, offset)),
        assigned: assigned.iter().map(|tp| (tp.topic.0, tp.partition)).collect(),
    });
    group.in_hand.extend(in_hand);
}

/// What a crash now would make of the record in hand: the coordinator's offset says it, unless the view does.
fn after_crash(world: &World, slot: &ConsumerSlot, tp: TopicPartition, offset: u64) -> AfterCrash {
    let group = &slot.container.consumer().config().group_id;
    match () {
        () if !slot.container.thread().acknowledged_first() => AfterCrash::Again,
        () if slot.group.is_some_and(|group| world.stores_places(group)) => AfterCrash::AgainByItsView,
        () if world.committed(group, tp).is_some_and(|committed| committed > offset) => AfterCrash::Lost,
        () => AfterCrash::AgainThoughAcked,
    }
}

fn state(world: &World, number: u32, slot: &ConsumerSlot) -> ConsumerState {
    match slot.state {
        ProcessState::Dead => return ConsumerState::Dead,
        ProcessState::Stopped => return ConsumerState::Stopped,
        ProcessState::Running | ProcessState::Stopping => {}
    }
    let (thread, consumer) = (slot.container.thread(), slot.container.consumer());
    let stalled = |s: &crate::fault::Standing| {
        let on_it = match s.rule.target {
            Target::Node(node) => node == Node::Consumer(number),
            Target::Group(group) => slot.group == Some(group),
            Target::AnyConsumer => true,
            _ => false,
        };
        on_it && s.rule.kind == FaultKind::ConsumerStalled && s.struck_count > 0
    };
    match thread.doing() {
        Doing::Deciding => ConsumerState::Deciding,
        Doing::NackPause => ConsumerState::NackSleep,
        Doing::Effect if thread.sleeps() || world.faults().standing().iter().any(stalled) => ConsumerState::Stalled,
        Doing::Effect => ConsumerState::Handling,
        Doing::Acknowledging => ConsumerState::Acknowledging,
        Doing::Committing | Doing::Transaction => ConsumerState::Committing,
        Doing::ErrorHandler if thread.sleeps() => ConsumerState::BackingOff,
        Doing::ErrorHandler => ConsumerState::Recovering,
        Doing::Polling | Doing::Elsewhere if consumer.is_stable() => {
            let paused = thread.is_pause_requested() || thread.is_consumer_paused();
            if paused { ConsumerState::Paused } else { ConsumerState::Listening }
        }
        Doing::Polling | Doing::Elsewhere if consumer.group_metadata().1.is_none() => ConsumerState::Starting,
        Doing::Polling | Doing::Elsewhere => ConsumerState::Rebalancing,
    }
}
