//! What a viewer can point at. Does not know what it looks like or where it stands.

use crate::fault::Link;

/// A thing on the stage that can be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thing {
    /// The clients, as one.
    Client,
    /// The command API.
    Api,
    /// The command handler inside the API.
    Handler,
    /// An account, by number.
    Account(u32),
    /// The write database.
    WriteDb,
    /// The outbox in the write database.
    Outbox,
    /// The relay.
    Relay,
    /// A broker, by id.
    Broker(u32),
    /// A topic, by number.
    Topic(u32),
    /// A partition.
    Partition {
        /// The topic's number.
        topic: u32,
        /// The partition's number.
        partition: u32,
    },
    /// A record.
    Record {
        /// The topic's number.
        topic: u32,
        /// The partition's number.
        partition: u32,
        /// The offset.
        offset: u64,
    },
    /// A consumer group, by number.
    Group(u32),
    /// A consumer, by number.
    Consumer(u32),
    /// A projection with its read model, by number.
    Projection(u32),
    /// The query API.
    QueryApi,
    /// A producer of a script, by its place in the world.
    Producer(u32),
    /// The service of an application that listens to its own events.
    Service,
    /// A listener bean of that application, by number.
    Bean(u32),
    /// A table of that application's database, by number.
    Table(u32),
    /// A link.
    Link(Link),
    /// Something in transit, by number.
    Flight(u64),
}

impl std::fmt::Display for Thing {
    /// A short name without spaces, for ids: `api`, `broker-1`, `partition-0-2`, `record-0-2-94`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Thing::Client => f.write_str("client"),
            Thing::Api => f.write_str("api"),
            Thing::Handler => f.write_str("handler"),
            Thing::Account(n) => write!(f, "account-{n}"),
            Thing::WriteDb => f.write_str("write-db"),
            Thing::Outbox => f.write_str("outbox"),
            Thing::Relay => f.write_str("relay"),
            Thing::Broker(n) => write!(f, "broker-{n}"),
            Thing::Topic(n) => write!(f, "topic-{n}"),
            Thing::Partition { topic, partition } => write!(f, "partition-{topic}-{partition}"),
            Thing::Record { topic, partition, offset } => write!(f, "record-{topic}-{partition}-{offset}"),
            Thing::Group(n) => write!(f, "group-{n}"),
            Thing::Consumer(n) => write!(f, "consumer-{n}"),
            Thing::Projection(n) => write!(f, "projection-{n}"),
            Thing::QueryApi => f.write_str("query-api"),
            Thing::Producer(n) => write!(f, "producer-{n}"),
            Thing::Service => f.write_str("service"),
            Thing::Bean(n) => write!(f, "bean-{n}"),
            Thing::Table(n) => write!(f, "table-{n}"),
            Thing::Link(link) => write!(f, "link-{link}"),
            Thing::Flight(n) => write!(f, "flight-{n}"),
        }
    }
}
