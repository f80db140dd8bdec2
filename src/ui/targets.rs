//! On what a fault can be laid in the world as it is, and what people call it.

use super::i18n::{Lang, faults, things};
use crate::fault::{FaultKind, FaultRule, Link, Node, Target, TargetKind};
use crate::pipeline::{ProcessState, World};
use crate::player::Thing;
use crate::scenario::{GROUPS, Of, Property};
use crate::scene::{MEMBERS_FROM, SHARES_FROM, Scene};

/// The targets that fit a fault, the usual one first.
pub(crate) fn targets(kind: FaultKind, world: &World) -> Vec<Target> {
    match kind.target_kind() {
        TargetKind::Link => links(kind, world),
        TargetKind::Api => vec![Target::Node(Node::Api)],
        TargetKind::Relay => vec![Target::Node(Node::Relay)],
        TargetKind::Publisher => vec![Target::Node(Node::Relay), Target::Node(Node::Api)],
        TargetKind::WriteDb => vec![Target::Node(Node::WriteDb)],
        TargetKind::ReadDb => vec![Target::Node(Node::ReadDb)],
        TargetKind::Query => vec![Target::Node(Node::Query)],
        TargetKind::Broker => brokers(world).map(|id| Target::Node(Node::Broker(id))).collect(),
        TargetKind::Consumer => {
            let groups = (0..GROUPS.len() as u32).map(Target::Group);
            let consumers = consumers(world).map(|slot| Target::Node(Node::Consumer(slot)));
            let whole = matches!(kind, FaultKind::ConsumerKilled | FaultKind::ConsumerStopped | FaultKind::ConsumerStalled);
            let shares = (0..).zip(world.share_consumers()).filter(|(_, c)| whole && c.work.is_some());
            let shares = shares.map(|(slot, _)| Target::Node(Node::ShareConsumer(slot)));
            groups.chain(consumers).chain(shares).chain([Target::AnyConsumer]).collect()
        }
        TargetKind::Client => vec![Target::AnyClient],
        TargetKind::Cluster => vec![Target::Cluster],
    }
}

/// The usual rule: what one click lays. One consumer is killed or stopped, not all of its group: what the others then do is
/// what one wants to see.
pub(crate) fn usual(kind: FaultKind, world: &World) -> FaultRule {
    let is_one = |target: &Target| matches!(target, Target::Node(Node::Consumer(_)));
    let of_one = matches!(kind, FaultKind::ConsumerKilled | FaultKind::ConsumerStopped);
    let all = targets(kind, world);
    let target = all.iter().find(|target| of_one && is_one(target)).or(all.first()).copied().unwrap_or(Target::Cluster);
    FaultRule::usual(kind, target)
}

/// The link on which a fault shows best comes first; last the ways of the producers with which single consumers publish their
/// dead letters and retries.
fn links(kind: FaultKind, world: &World) -> Vec<Target> {
    let first = match kind {
        FaultKind::ResponseLost | FaultKind::RequestLost | FaultKind::RequestDuplicated => Link::ClientApi,
        _ => Link::Fetch,
    };
    let others = Link::ALL.into_iter().filter(|link| *link != first);
    let whole = std::iter::once(first).chain(others).map(|link| Target::Link { link, of: None });
    whole.chain(consumers(world).map(way_of_letters)).collect()
}

/// The way of a consumer's own producer to the log.
fn way_of_letters(slot: u32) -> Target {
    Target::Link { link: Link::Produce, of: Some(Node::Consumer(slot)) }
}

fn brokers(world: &World) -> impl Iterator<Item = u32> + use<> {
    1..=u32::try_from(world.config().int(Property::Brokers, Of::Only)).unwrap_or(1)
}

/// The consumers of the picture: those that run or died; one that was scaled away is not there.
fn consumers(world: &World) -> impl Iterator<Item = u32> {
    (0..).zip(world.consumers()).filter(|(_, slot)| slot.group.is_some() && slot.state != ProcessState::Stopped).map(|(number, _)| number)
}

/// A target by the name that stands on the stage.
pub(crate) fn name(target: &Target, scene: &Scene, lang: Lang) -> String {
    match target {
        Target::Link { link, of: None } => faults::link(*link, lang).to_owned(),
        Target::Link { link, of: Some(node) } => [faults::link(*link, lang), " @ ", &things::node(*node, scene, lang)].concat(),
        Target::Node(node) => things::node(*node, scene, lang),
        Target::Group(group) => GROUPS.get(*group as usize).map_or_else(String::new, |name| (*name).to_owned()),
        Target::AnyConsumer => lang.pick("any consumer", "모든 소비자").to_owned(),
        Target::AnyClient => lang.pick("any client", "모든 클라이언트").to_owned(),
        Target::Cluster => lang.pick("the cluster", "클러스터").to_owned(),
    }
}

/// The faults that can be laid on a thing of the stage, each with its target.
pub(crate) fn of_thing(thing: Thing, world: &World) -> Vec<(FaultKind, Target)> {
    let target = match thing {
        Thing::Client => Target::AnyClient,
        Thing::Api | Thing::Handler => Target::Node(Node::Api),
        Thing::WriteDb | Thing::Outbox | Thing::Account(_) => Target::Node(Node::WriteDb),
        Thing::Relay => Target::Node(Node::Relay),
        Thing::Broker(id) => Target::Node(Node::Broker(id)),
        Thing::Topic(_) | Thing::Partition { .. } | Thing::Record { .. } => Target::Cluster,
        Thing::Group(group) if group as usize >= GROUPS.len() => return Vec::new(),
        Thing::Group(group) => Target::Group(group),
        Thing::Consumer(slot) if slot >= SHARES_FROM => {
            let of_bank = world.share_consumers().get((slot - SHARES_FROM) as usize).is_some_and(|c| c.work.is_some());
            let whole = [FaultKind::ConsumerKilled, FaultKind::ConsumerStopped, FaultKind::ConsumerStalled];
            let target = Target::Node(Node::ShareConsumer(slot - SHARES_FROM));
            return if of_bank { whole.map(|kind| (kind, target)).to_vec() } else { Vec::new() };
        }
        Thing::Consumer(slot) if slot >= MEMBERS_FROM => return Vec::new(),
        Thing::Consumer(slot) => Target::Node(Node::Consumer(slot)),
        Thing::Projection(_) => Target::Node(Node::ReadDb),
        Thing::QueryApi => Target::Node(Node::Query),
        Thing::Producer(_) | Thing::Service | Thing::Bean(_) | Thing::Table(_) => return Vec::new(),
        Thing::Link(link) => Target::Link { link, of: None },
        Thing::Flight(number) => match world.flights().get(number) {
            Some(flight) => Target::Link { link: flight.link, of: None },
            None => return Vec::new(),
        },
    };
    let fits = |kind: &&FaultKind| kind.target_kind().fits(&target);
    let own = FaultKind::all().iter().filter(fits).map(|kind| (*kind, target));
    let letters = match thing {
        Thing::Consumer(slot) => Some((FaultKind::LinkSevered, way_of_letters(slot))),
        _ => None,
    };
    own.chain(letters).collect()
}
