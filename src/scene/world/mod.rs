//! From the world to a scene: reads, and decides nothing. Its cost does not grow with the length of the run.

mod bank;
mod bench;
mod flights;
mod groups;
mod log;
#[cfg(test)]
mod tests;

use super::{GroupView, Health, LinkState, LinkView, MEMBERS_FROM, ProjectionView, SHARES_FROM, Scene};
use crate::fault::{FaultKind, Link, Moment, Node, Target};
use crate::kernel::SimTime;
use crate::pipeline::World;
use crate::player::Thing;
use crate::scenario::{GROUPS, SHARE_GROUP, SHARE_GROUP_NUMBER};

impl Scene {
    /// The world at its instant.
    pub fn of(world: &World) -> Scene {
        Scene::at(world, world.now())
    }

    /// The world at an instant between its last occurrence and the next one: the flights are on their way, nothing else moves.
    pub fn at(world: &World, now: SimTime) -> Scene {
        let groups = groups::groups(world);
        let topics = log::topics(world, &groups);
        let mut groups: Vec<GroupView> = groups.into_iter().map(|g| g.view).collect();
        for lane in topics.iter().flat_map(|t| &t.lanes) {
            for mark in &lane.marks {
                groups[mark.group as usize].lag += lane.lag(mark);
            }
        }
        let mut scene = Scene {
            now,
            bank: world.bank().is_some(),
            brokers: log::brokers(world),
            links: Link::ALL.iter().map(|link| link_view(world, *link)).collect(),
            flights: flights::sprites(world),
            groups,
            topics,
            ..Scene::default()
        };
        if let Some(bank) = world.bank() {
            bank::fill(&mut scene, world, bank);
        }
        bench::fill(&mut scene, world);
        scene.faults = faults(world, &scene);
        for projection in &mut scene.projections {
            projection.behind_us = behind_us(world, &scene.groups, projection, now);
        }
        scene
    }
}

/// How a link is, by the faults that stand on it.
fn link_view(world: &World, link: Link) -> LinkView {
    let on_it = world.faults().standing().iter().filter(|s| matches!(s.rule.target, Target::Link { link: own, .. } if own == link));
    let state = on_it.map(|s| state_by(s.rule.kind)).max_by_key(|s| *s as u8).unwrap_or_default();
    LinkView { link, state, latency_us: world.config().link_latency(link).us_typical() }
}

fn state_by(kind: FaultKind) -> LinkState {
    match kind {
        FaultKind::LinkSlow => LinkState::Slowed,
        FaultKind::LinkSevered => LinkState::Severed,
        _ => LinkState::Lossy,
    }
}

/// The things that faults stand on; a link shows it by its line.
fn faults(world: &World, scene: &Scene) -> Vec<(Thing, bool)> {
    let mut out = Vec::new();
    for standing in world.faults().standing() {
        let armed = matches!(standing.rule.moment, Moment::Armed { .. });
        let mut mark = |thing| out.push((thing, armed));
        match standing.rule.target {
            Target::Node(node) => things(node, scene).into_iter().for_each(&mut mark),
            Target::Group(group) => {
                let name = if group == SHARE_GROUP_NUMBER { Some(SHARE_GROUP) } else { GROUPS.get(group as usize).copied() };
                let index = scene.groups.iter().position(|g| name == Some(&*g.name));
                index.map(|i| Thing::Group(i as u32)).into_iter().for_each(&mut mark);
            }
            Target::AnyConsumer => (0..scene.groups.len()).for_each(|i| mark(Thing::Group(i as u32))),
            Target::AnyClient => mark(Thing::Client),
            Target::Link { .. } | Target::Cluster => {}
        }
    }
    out
}

/// What a node of the model is on the stage.
fn things(node: Node, scene: &Scene) -> Vec<Thing> {
    match node {
        Node::Client(_) => vec![Thing::Client],
        Node::Api => vec![Thing::Api],
        Node::WriteDb => vec![Thing::WriteDb],
        Node::Relay => vec![Thing::Relay],
        Node::Broker(id) => vec![Thing::Broker(id)],
        Node::Consumer(number) => vec![Thing::Consumer(number)],
        Node::ReadDb => (0..scene.projections.len()).map(|i| Thing::Projection(i as u32)).collect(),
        Node::Query => vec![Thing::QueryApi],
        Node::Producer(place) => vec![Thing::Producer(place)],
        Node::Member(place) => vec![Thing::Consumer(MEMBERS_FROM + place)],
        Node::ShareConsumer(place) => vec![Thing::Consumer(SHARES_FROM + place)],
        Node::Viewer | Node::Controller | Node::Tool => Vec::new(),
    }
}

/// Whether a fault of this kind stands on a node.
fn suffers(world: &World, node: Node, kinds: &[FaultKind]) -> bool {
    world.faults().standing().iter().any(|s| kinds.contains(&s.rule.kind) && s.rule.target == Target::Node(node))
}

/// A process's health from whether it runs and whether something slows it down.
fn health(up: bool, slow: bool) -> Health {
    match (up, slow) {
        (false, _) => Health::Down,
        (true, true) => Health::Slow,
        (true, false) => Health::Up,
    }
}

/// How old the oldest record is that the projection's group has not committed; what the bank already found is never less.
fn behind_us(world: &World, groups: &[GroupView], projection: &ProjectionView, now: SimTime) -> u64 {
    let Some(group) = groups.get(projection.group as usize) else { return projection.behind_us };
    if projection.behind_us > 0 || group.lag == 0 {
        return projection.behind_us;
    }
    log::oldest_uncommitted(world, &group.name).map_or(0, |at| now.since(at))
}
