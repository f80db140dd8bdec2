//! What a viewer can point at. Does not know what it looks like or where it stands.

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
    /// A link.
    Link(Wire),
    /// Something in transit, by number.
    Flight(u64),
}

/// The links whose latency can be set and whose traffic can be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wire {
    /// Client to command API, both ways.
    Command,
    /// API to write database.
    WriteDb,
    /// Relay to write database.
    Relay,
    /// Producer to broker.
    Produce,
    /// Broker to broker.
    Replication,
    /// Consumer to broker.
    Fetch,
    /// Consumer to group coordinator.
    Coordinator,
    /// Listener to read database.
    Listener,
    /// Client to query API.
    Query,
    /// Query API to read database.
    ReadDb,
    /// The completion notice.
    Completion,
}

impl Wire {
    /// All of them, in the order of the chain.
    pub const ALL: [Wire; 11] = [
        Wire::Command,
        Wire::WriteDb,
        Wire::Relay,
        Wire::Produce,
        Wire::Replication,
        Wire::Fetch,
        Wire::Coordinator,
        Wire::Listener,
        Wire::ReadDb,
        Wire::Query,
        Wire::Completion,
    ];
}
