//! On what a fault can be laid in the world as it is, and what people call it.

use super::i18n::{Lang, faults, things};
use crate::fault::{FaultKind, FaultRule, Link, Node, Target, TargetKind};
use crate::pipeline::{ProcessState, ShareWork, World};
use crate::player::Thing;
use crate::scenario::{GROUPS, Of, Property, SHARE_GROUP, SHARE_GROUP_NUMBER};
use crate::scene::{MEMBERS_FROM, SHARES_FROM, Scene};

/// The faults that stand in the bar.
const USUAL: [FaultKind; 8] = [
    FaultKind::ResponseLost,
    FaultKind::ApiCrashAfterCommit,
    FaultKind::ConsumerKilled,
    FaultKind::ListenerThrows,
    FaultKind::ListenerNacks,
    FaultKind::AckForgotten,
    FaultKind::CrashAfterEffect,
    FaultKind::ReadDbDown,
];
/// Those for a stage on which a share group works.
const USUAL_OF_SHARES: [FaultKind; 7] = [
    FaultKind::ConsumerKilled,
    FaultKind::ConsumerStalled,
    FaultKind::ListenerThrows,
    FaultKind::ListenerThrowsFatal,
    FaultKind::AckForgotten,
    FaultKind::CrashAfterEffect,
    FaultKind::AckBeforeEffect,
];
/// Those for a stage without a bank. What needs a container stands last: it comes with the script, and nothing moves.
const USUAL_WITHOUT_BANK: [FaultKind; 8] = [
    FaultKind::ResponseLost,
    FaultKind::RequestLost,
    FaultKind::LinkSlow,
    FaultKind::LinkSevered,
    FaultKind::BrokerKilled,
    FaultKind::ListenerThrows,
    FaultKind::ListenerNacks,
    FaultKind::AckForgotten,
];
/// The links that there are without a bank.
const LINKS_WITHOUT_BANK: [Link; 4] = [Link::Fetch, Link::Produce, Link::Coordination, Link::Replication];

/// The faults to offer first.
pub(crate) fn usual_kinds(world: &World) -> impl Iterator<Item = FaultKind> {
    let kinds: &[FaultKind] = match world.bank() {
        Some(_) if shares(FaultKind::ConsumerKilled, world).next().is_some() => &USUAL_OF_SHARES,
        Some(_) => &USUAL,
        None => &USUAL_WITHOUT_BANK,
    };
    kinds.iter().copied().filter(|kind| fits(*kind, world))
}

/// Whether there is anything on the stage on which the fault can be laid.
pub(crate) fn fits(kind: FaultKind, world: &World) -> bool {
    !targets(kind, world).is_empty()
}

/// The targets that fit a fault, the usual one first; none if the stage has nothing of the sort.
pub(crate) fn targets(kind: FaultKind, world: &World) -> Vec<Target> {
    let Some(bank) = world.bank() else { return without_bank(kind, world) };
    let relay = bank.config().api.publication.has_relay().then_some(Target::Node(Node::Relay));
    match kind.target_kind() {
        // Last the ways of the producers with which single consumers publish their dead letters and retries.
        TargetKind::Link => links(kind, &Link::ALL).into_iter().chain(consumers(world).map(way_of_letters)).collect(),
        TargetKind::Api => vec![Target::Node(Node::Api)],
        TargetKind::Relay => relay.into_iter().collect(),
        TargetKind::Publisher => relay.into_iter().chain([Target::Node(Node::Api)]).collect(),
        TargetKind::WriteDb => vec![Target::Node(Node::WriteDb)],
        TargetKind::ReadDb => vec![Target::Node(Node::ReadDb)],
        TargetKind::Query => vec![Target::Node(Node::Query)],
        TargetKind::Broker => brokers(world).collect(),
        TargetKind::Consumer => {
            let groups = (0..GROUPS.len() as u32).map(Target::Group);
            let consumers = consumers(world).map(|slot| Target::Node(Node::Consumer(slot)));
            groups.chain(consumers).chain(shares(kind, world)).chain([Target::AnyConsumer]).collect()
        }
        TargetKind::Client => vec![Target::AnyClient],
        TargetKind::Cluster => vec![Target::Cluster],
    }
}

/// The same on the stage of a script: its brokers, its containers and the links between them. What is laid on the cluster
/// concerns the bank's topic, which is not there.
fn without_bank(kind: FaultKind, world: &World) -> Vec<Target> {
    if world.cluster().topics().iter().next().is_none() {
        return Vec::new();
    }
    match kind.target_kind() {
        TargetKind::Link => links(kind, &LINKS_WITHOUT_BANK),
        TargetKind::Broker => brokers(world).collect(),
        TargetKind::Consumer => {
            let living = (0..).zip(world.consumers()).filter(|(_, slot)| slot.container.thread().is_alive());
            living.map(|(slot, _)| Target::Node(Node::Consumer(slot))).collect()
        }
        _ => Vec::new(),
    }
}

/// The usual rule: what one click lays. One consumer is killed or stopped, not all of its group: what the others then do is
/// what one wants to see.
pub(crate) fn usual(kind: FaultKind, world: &World) -> FaultRule {
    FaultRule::usual(kind, usual_target(kind, world))
}

/// On what that lays it.
pub(crate) fn usual_target(kind: FaultKind, world: &World) -> Target {
    let is_one = |target: &Target| matches!(target, Target::Node(Node::Consumer(_) | Node::ShareConsumer(_)));
    let of_one = matches!(kind, FaultKind::ConsumerKilled | FaultKind::ConsumerStopped);
    // Where a share group works, the stage is about it.
    let all: Vec<Target> = shares(kind, world).chain(targets(kind, world)).collect();
    all.iter().find(|target| of_one && is_one(target)).or(all.first()).copied().unwrap_or(Target::Cluster)
}

/// The link on which a fault shows best comes first.
fn links(kind: FaultKind, all: &[Link]) -> Vec<Target> {
    let best = match kind {
        FaultKind::ResponseLost | FaultKind::RequestLost | FaultKind::RequestDuplicated => [Link::ClientApi, Link::Produce],
        _ => [Link::Fetch, Link::Produce],
    };
    let first = best.into_iter().find(|link| all.contains(link));
    let others = all.iter().copied().filter(|link| Some(*link) != first);
    first.into_iter().chain(others).map(|link| Target::Link { link, of: None }).collect()
}

/// The way of a consumer's own producer to the log.
fn way_of_letters(slot: u32) -> Target {
    Target::Link { link: Link::Produce, of: Some(Node::Consumer(slot)) }
}

fn brokers(world: &World) -> impl Iterator<Item = Target> {
    world.cluster().nodes().iter().map(|broker| Target::Node(Node::Broker(broker.id.0)))
}

/// The share group and its consumers, if there are any and the fault makes sense there: where nobody acknowledges (S16), nobody
/// forgets to.
fn shares(kind: FaultKind, world: &World) -> impl Iterator<Item = Target> + use<> {
    let is_explicit = world.config().choice(Property::ShareAckMode, Of::Only) == "explicit";
    let fits = kind.fits_share_consumer() && (is_explicit || kind != FaultKind::AckForgotten);
    let of_bank = |work: &ShareWork| work.state != ProcessState::Stopped || work.number == 0;
    let slots = (0..).zip(world.share_consumers()).filter(|(_, c)| fits && c.work.as_ref().is_some_and(of_bank));
    let each: Vec<Target> = slots.map(|(slot, _)| Target::Node(Node::ShareConsumer(slot))).collect();
    let group = (!each.is_empty()).then_some(Target::Group(SHARE_GROUP_NUMBER));
    group.into_iter().chain(each)
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
        Target::Group(SHARE_GROUP_NUMBER) => SHARE_GROUP.to_owned(),
        Target::Group(group) => GROUPS.get(*group as usize).map_or_else(String::new, |name| (*name).to_owned()),
        Target::AnyConsumer => lang.pick("any consumer", "모든 소비자").to_owned(),
        Target::AnyClient => lang.pick("any client", "모든 클라이언트").to_owned(),
        Target::Cluster => lang.pick("the cluster", "클러스터").to_owned(),
    }
}

/// Whether a thing is of a topic beside the one with the bank's events: dead letters, retries, notices. What a viewer does
/// to records and partitions, and what is laid on the cluster, concerns the bank's topic alone.
pub(crate) fn is_of_other_topic(thing: Thing, world: &World) -> bool {
    let own = world.topic_partition(0).topic.0;
    matches!(thing, Thing::Topic(topic) | Thing::Partition { topic, .. } | Thing::Record { topic, .. } if topic != own)
}

/// The faults that can be laid on a thing of the stage, each with its target.
pub(crate) fn of_thing(thing: Thing, world: &World) -> Vec<(FaultKind, Target)> {
    let bank = world.bank().is_some();
    let target = match thing {
        Thing::Client => Target::AnyClient,
        Thing::Api | Thing::Handler => Target::Node(Node::Api),
        Thing::WriteDb | Thing::Outbox | Thing::Account(_) => Target::Node(Node::WriteDb),
        Thing::Relay => Target::Node(Node::Relay),
        Thing::Broker(id) => Target::Node(Node::Broker(id)),
        thing if is_of_other_topic(thing, world) => return Vec::new(),
        Thing::Topic(_) | Thing::Partition { .. } | Thing::Record { .. } => Target::Cluster,
        Thing::Group(_) if !bank => return Vec::new(),
        Thing::Group(group) if group as usize >= GROUPS.len() => Target::Group(SHARE_GROUP_NUMBER),
        Thing::Group(group) => Target::Group(group),
        Thing::Consumer(slot) if slot >= SHARES_FROM => Target::Node(Node::ShareConsumer(slot - SHARES_FROM)),
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
    if matches!(target, Target::Node(Node::ShareConsumer(_)) | Target::Group(SHARE_GROUP_NUMBER)) {
        let kinds = FaultKind::all().iter().filter(|kind| shares(**kind, world).any(|share| share == target));
        return kinds.map(|kind| (*kind, target)).collect();
    }
    let fits = |kind: &&FaultKind| kind.target_kind().fits(&target) && fits(**kind, world);
    let own = FaultKind::all().iter().filter(fits).map(|kind| (*kind, target));
    let letters = match thing {
        Thing::Consumer(slot) if bank => Some((FaultKind::LinkSevered, way_of_letters(slot))),
        _ => None,
    };
    own.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn the_bank_is_offered_every_fault() {
        let world = World::new(&Scenario::plain("transfer", 42));
        assert!(FaultKind::all().iter().all(|kind| fits(*kind, &world)));
        assert_eq!(usual_kinds(&world).count(), USUAL.len());
    }

    #[test]
    fn what_is_not_on_the_stage_cannot_be_broken() {
        let mut scenario = Scenario::plain("transfer", 42);
        scenario.config.set_text("api.publication", "after-commit").expect("valid");
        let world = World::new(&scenario);
        assert!(!fits(FaultKind::RelayCrash, &world), "there is no relay");
        assert_eq!(targets(FaultKind::TransactionCrash, &world), [Target::Node(Node::Api)]);
    }

    #[test]
    fn what_concerns_the_topic_of_the_events_is_not_offered_on_a_dead_letter() {
        let world = World::new(&Scenario::plain("transfer", 42));
        let dead_letters = world.cluster().topics().by_name("transfer-events-dlt").expect("it is created with the bank").id.0;
        let things =
            |topic| [Thing::Topic(topic), Thing::Partition { topic, partition: 0 }, Thing::Record { topic, partition: 0, offset: 0 }];
        for thing in things(world.topic_partition(0).topic.0) {
            assert!(of_thing(thing, &world).contains(&(FaultKind::PoisonPill, Target::Cluster)), "{thing}");
        }
        for thing in things(dead_letters) {
            assert_eq!(of_thing(thing, &world), [], "{thing}");
        }
    }

    #[test]
    fn where_a_share_group_works_the_bar_is_about_it() {
        let mut world = World::new(&crate::scenario::builtin("share-group").expect("a built-in scenario"));
        world.run_until(crate::kernel::SimTime::from_ms(5_000));
        let of_shares = |rule: FaultRule| matches!(rule.target, Target::Group(SHARE_GROUP_NUMBER) | Target::Node(Node::ShareConsumer(_)));
        let laid: Vec<FaultRule> = usual_kinds(&world).map(|kind| usual(kind, &world)).collect();
        assert_eq!(laid.len(), USUAL_OF_SHARES.len());
        assert!(laid.into_iter().all(of_shares));
    }
}
