//! A look at one part of a world, as a line of text: what recorded facts that are states are checked by. Each is small and
//! says what is there, never what should be. Has never heard of what anybody expects.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::{bytes_text, exception_text, partition, records_text};
use super::{Fact, FactKind, World};
use crate::bank::{EventId, Projection};
use crate::broker::{Control, Record, Replica, TopicPartition};
use crate::listener::Fact as Told;
use crate::listener::consumer::Seen;

/// Where to look.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Probe {
    /// The committed offsets of a group: `t-0@4 t-1@2`.
    Committed(Arc<str>),
    /// A group as its coordinator has it: state, generation, members with their partitions.
    Group(Arc<str>),
    /// The assignment of a member of the workbench and its generation, by its place.
    Member(u32),
    /// Records that a member's background polls brought, those from one count to another.
    Received(u32, u32, u32),
    /// What a member's rebalance listener saw, from one count to another.
    Seen(u32, u32, u32),
    /// The partitions of every living container.
    Assigned,
    /// How many deliveries to listeners there were.
    Deliveries,
    /// The topics with their partition counts.
    Topics,
    /// Log start, last stable offset, high watermark and end of every partition of a topic, and from where it is dirty.
    Ends(Arc<str>),
    /// A topic's partition's segments: base offset and bytes.
    Segments(Arc<str>, u32),
    /// Leader and in-sync replicas of every partition of a topic.
    Replicas(Arc<str>),
    /// One record: topic, partition, offset; with its headers.
    Record(Arc<str>, u32, u64),
    /// What a read_committed reader finds in a topic.
    ReadCommitted(Arc<str>),
    /// The balances of the bank's read model.
    Balances,
    /// The events in the dedupe table of a projection of the bank.
    Processed(Arc<str>),
    /// What is written of a share group's partitions: start offset and lag.
    Share(Arc<str>),
    /// The committed rows of a table of the application.
    Rows(Arc<str>),
}

impl Probe {
    /// What is there now.
    pub fn of(&self, world: &World) -> String {
        match self {
            Probe::Committed(group) => committed(world, group),
            Probe::Group(group) => self::group(world, group),
            Probe::Member(place) => member(world, *place),
            Probe::Received(place, from, to) => {
                let all = world.lab().members().get(*place as usize).map_or(&[][..], |m| m.application.received());
                all.get(*from as usize..*to as usize).map_or_else(nothing, |records| records_text(records, world.cluster().topics()))
            }
            Probe::Seen(place, from, to) => {
                let all = world.lab().members().get(*place as usize).map_or(&[][..], |m| m.application.seen());
                all.get(*from as usize..*to as usize).map_or_else(nothing, |seen| joined(seen.iter().map(|s| seen_text(world, s))))
            }
            Probe::Assigned => {
                let living = world.consumers().iter().filter(|slot| slot.container.thread().is_alive());
                joined(living.map(|slot| format!("{} [{}]", slot.name, names(world, slot.container.thread().assigned()))))
            }
            Probe::Deliveries => {
                let delivered =
                    |fact: &&Fact| matches!(fact.kind, FactKind::Listener(Told::Delivered { .. } | Told::BatchDelivered { .. }));
                world.trace().iter().filter(delivered).count().to_string()
            }
            Probe::Topics => joined(world.cluster().topics().iter().map(|topic| format!("{} {}", topic.name, topic.partitions))),
            Probe::Ends(topic) => of_each(world, topic, |_, replica| {
                let log = &replica.log;
                let (stable, high) = (replica.last_stable_offset(), replica.high_watermark);
                format!("start {} stable {stable} high {high} end {} dirty {}", log.start(), log.end(), log.first_dirty())
            }),
            Probe::Segments(topic, number) => {
                let replica = world.cluster().partition_named(topic, *number).and_then(|p| world.cluster().leader(p));
                joined(replica.into_iter().flat_map(|r| r.log.segments()).map(|s| format!("{}:{}", s.base_offset, s.bytes)))
            }
            Probe::Replicas(topic) => joined(partitions(world, topic).filter_map(|p| {
                let state = world.cluster().partition(p)?;
                let leader = state.leader.map_or_else(|| "none".to_owned(), |b| b.0.to_string());
                let mut isr: Vec<u32> = state.isr.iter().map(|b| b.0).collect();
                crate::kernel::sort(&mut isr);
                Some(format!("{} leader {leader} isr {isr:?}", partition(world.cluster().topics(), &p)))
            })),
            Probe::Record(topic, number, offset) => {
                let replica = world.cluster().partition_named(topic, *number).and_then(|p| world.cluster().leader(p));
                let record = replica.and_then(|r| r.records_from(*offset).next()).filter(|record| record.offset == *offset);
                record.map_or_else(nothing, |record| record_text(record))
            }
            Probe::ReadCommitted(topic) => of_each(world, topic, |_, replica| read_committed(replica)),
            Probe::Balances => {
                let rows = world.bank().into_iter().flat_map(|bank| bank.read_db().model.accounts());
                joined(rows.map(|(account, row)| format!("{} {}", account.name(), row.balance)))
            }
            Probe::Processed(name) => processed(world, name),
            Probe::Share(group) => joined(world.cluster().share_partitions(group).filter_map(|p| {
                let (start, lag) = world.cluster().share_offset(group, p)?;
                Some(format!("{} start {start} lag {lag}", partition(world.cluster().topics(), &p)))
            })),
            Probe::Rows(table) => world.lab().application().map_or_else(nothing, |app| joined(app.application.database.rows(table).iter())),
        }
    }
}

fn nothing() -> String {
    "nothing".to_owned()
}

fn joined<T: std::fmt::Display>(all: impl Iterator<Item = T>) -> String {
    let text = all.fold(String::new(), |text, one| if text.is_empty() { one.to_string() } else { format!("{text}, {one}") });
    if text.is_empty() { nothing() } else { text }
}

fn names(world: &World, all: impl Iterator<Item = TopicPartition>) -> String {
    all.map(|p| partition(world.cluster().topics(), &p)).collect::<Vec<_>>().join(" ")
}

fn partitions(world: &World, topic: &str) -> impl Iterator<Item = TopicPartition> + use<> {
    let found = world.cluster().topics().by_name(topic).map(|t| (t.id, t.partitions));
    found.into_iter().flat_map(|(topic, count)| (0..count).map(move |partition| TopicPartition { topic, partition }))
}

fn of_each(world: &World, topic: &str, show: impl Fn(TopicPartition, &Replica) -> String) -> String {
    let one = |p| {
        let leader = world.cluster().leader(p)?;
        Some(format!("{} {}", partition(world.cluster().topics(), &p), show(p, leader)))
    };
    joined(partitions(world, topic).filter_map(one))
}

fn processed(world: &World, name: &str) -> String {
    let (Some(bank), Some(projection)) = (world.bank(), Projection::ALL.into_iter().find(|p| p.name() == name)) else { return nothing() };
    let all = (1..=bank.write_db().store.stored_count()).map(|number| EventId(number as u32));
    joined(all.filter(|event| bank.read_db().model.has_seen(projection, *event)))
}

fn committed(world: &World, group: &str) -> String {
    let cluster = world.cluster();
    let offsets = cluster.groups.group(group).into_iter().flat_map(|g| &g.offsets);
    joined(offsets.map(|(p, stored)| format!("{}@{}", partition(cluster.topics(), p), stored.committed.offset)))
}

fn group(world: &World, name: &str) -> String {
    let groups = &world.cluster().groups;
    let Some(group) = groups.group(name) else { return nothing() };
    let members = groups.members(group);
    let one = |m: &crate::broker::group::MemberView| format!("{} [{}]", m.client_id, names(world, m.assignment.iter().copied()));
    format!("{} generation {}: {}", groups.state(group).name(), group.generation, joined(members.iter().map(one)))
}

fn member(world: &World, place: u32) -> String {
    let Some(member) = world.lab().members().get(place as usize) else { return nothing() };
    let generation = member.application.generation().map_or_else(|| "none".to_owned(), |g| g.to_string());
    format!("[{}] generation {generation}", names(world, member.application.assigned().iter().copied()))
}

fn seen_text(world: &World, seen: &Seen) -> String {
    let of = |what, all: &Vec<TopicPartition>| format!("{what} [{}]", names(world, all.iter().copied()));
    match seen {
        Seen::Assigned(all) => of("assigned", all),
        Seen::Revoked(all) => of("revoked", all),
        Seen::Lost(all) => of("lost", all),
        Seen::Threw(exception) => format!("threw {}", exception_text(exception)),
    }
}

fn record_text(record: &Record) -> String {
    let header = |h: &crate::broker::Header| format!(" {}={}", h.name, bytes_text(h.value.as_deref()));
    let headers: String = record.headers.iter().map(header).collect();
    format!("{}={}{headers}", bytes_text(record.key.as_deref()), bytes_text(record.value.as_deref()))
}

/// The offsets below the last stable one that belong to no aborted transaction.
fn read_committed(replica: &Replica) -> String {
    let (mut kept, mut open): (Vec<u64>, Vec<(u64, u64)>) = (Vec::new(), Vec::new());
    for record in replica.records_from(0) {
        match (record.stamp, record.control) {
            (Some(stamp), Some(control)) => {
                let of_it = |(producer, _): &(u64, u64)| *producer == stamp.producer_id;
                if control == Control::Abort {
                    kept.retain(|offset| !open.iter().any(|o| of_it(o) && o.1 == *offset));
                }
                open.retain(|o| !of_it(o));
            }
            (stamp, None) => {
                kept.push(record.offset);
                if let Some(stamp) = stamp.filter(|s| s.transactional) {
                    open.push((stamp.producer_id, record.offset));
                }
            }
            (None, Some(_)) => {}
        }
    }
    kept.retain(|offset| *offset < replica.last_stable_offset());
    format!("{kept:?}")
}
