//! Where things happen: the nodes of the picture and the links between them. Knows nothing of what travels.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A process or a store of the picture. Numbers count from 0, except a broker's, which is its `node.id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Node {
    /// The person in front of the page.
    Viewer,
    /// A client application.
    Client(u32),
    /// The command API with its command handler.
    Api,
    /// The write database: event store, aggregates, outbox.
    WriteDb,
    /// The outbox relay.
    Relay,
    /// A producer that belongs to no service (made by hand or by a script).
    Producer(u32),
    /// The controller of the Kafka cluster.
    Controller,
    /// A broker.
    Broker(u32),
    /// A consumer: one listener container with its thread. The number is its slot in the world.
    Consumer(u32),
    /// A consumer without a container (made by hand or by a script).
    Member(u32),
    /// A share consumer with its application. The number is its slot in the world.
    ShareConsumer(u32),
    /// The read database with the projections' tables.
    ReadDb,
    /// The query API.
    Query,
    /// The tool that asks brokers and groups (`kafka-topics`, `kafka-consumer-groups`).
    Tool,
}

impl Node {
    /// A number in whose order the nodes lie: comparing two of them is cheaper than comparing nodes.
    pub const fn rank(self) -> u64 {
        let (kind, number) = match self {
            Node::Viewer => (0, 0),
            Node::Client(n) => (1, n),
            Node::Api => (2, 0),
            Node::WriteDb => (3, 0),
            Node::Relay => (4, 0),
            Node::Producer(n) => (5, n),
            Node::Controller => (6, 0),
            Node::Broker(n) => (7, n),
            Node::Consumer(n) => (8, n),
            Node::Member(n) => (9, n),
            Node::ShareConsumer(n) => (10, n),
            Node::ReadDb => (11, 0),
            Node::Query => (12, 0),
            Node::Tool => (13, 0),
        };
        kind << 32 | number as u64
    }
}

impl fmt::Display for Node {
    /// A short name without spaces: `broker-1`, `consumer-0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, number) = match self {
            Node::Viewer => ("viewer", None),
            Node::Client(n) => ("client", Some(n)),
            Node::Api => ("api", None),
            Node::WriteDb => ("write-db", None),
            Node::Relay => ("relay", None),
            Node::Producer(n) => ("producer", Some(n)),
            Node::Controller => ("controller", None),
            Node::Broker(n) => ("broker", Some(n)),
            Node::Consumer(n) => ("consumer", Some(n)),
            Node::Member(n) => ("member", Some(n)),
            Node::ShareConsumer(n) => ("share-consumer", Some(n)),
            Node::ReadDb => ("read-db", None),
            Node::Query => ("query", None),
            Node::Tool => ("tool", None),
        };
        match number {
            Some(number) => f.pad(&format!("{name}-{number}")),
            None => f.pad(name),
        }
    }
}

/// A link of the picture. A request travels along it one way, its response the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Link {
    /// Client to command API.
    ClientApi,
    /// Command API to write database.
    ApiWriteDb,
    /// Relay to write database.
    RelayWriteDb,
    /// A producer to a broker.
    Produce,
    /// Broker to broker: replicas fetch from their leader.
    Replication,
    /// A consumer to a broker, for records.
    Fetch,
    /// A consumer to its group's coordinator: join, heartbeat, commit.
    Coordination,
    /// A listener to the read database.
    ListenerReadDb,
    /// Client to query API.
    ClientQuery,
    /// Query API to read database.
    QueryReadDb,
    /// How a client learns that its command is done.
    Completion,
}

impl Link {
    /// Every link, in the order of the picture from left to right.
    pub const ALL: [Link; 11] = [
        Link::ClientApi,
        Link::ApiWriteDb,
        Link::RelayWriteDb,
        Link::Produce,
        Link::Replication,
        Link::Fetch,
        Link::Coordination,
        Link::ListenerReadDb,
        Link::ClientQuery,
        Link::QueryReadDb,
        Link::Completion,
    ];

    /// The name used in keys and traces.
    pub const fn name(self) -> &'static str {
        match self {
            Link::ClientApi => "client-api",
            Link::ApiWriteDb => "api-write-db",
            Link::RelayWriteDb => "relay-write-db",
            Link::Produce => "produce",
            Link::Replication => "replication",
            Link::Fetch => "fetch",
            Link::Coordination => "coordination",
            Link::ListenerReadDb => "listener-read-db",
            Link::ClientQuery => "client-query",
            Link::QueryReadDb => "query-read-db",
            Link::Completion => "completion",
        }
    }

    /// Its place in [`Link::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which way something travels on a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From the one who asks.
    Request,
    /// Back to the one who asked.
    Response,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stand_in_the_order_of_their_numbers_and_have_names_of_their_own() {
        for (index, link) in Link::ALL.iter().enumerate() {
            assert_eq!(link.index(), index);
        }
        let names: crate::kernel::SortedSet<&str> = Link::ALL.iter().map(|l| l.name()).collect();
        assert_eq!(names.len(), Link::ALL.len());
    }
}
