//! How long things take from node to node: a latency for each link, in order on each connection. Knows nothing of what travels.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use crate::fault::{Link, Node};
use crate::kernel::{Latency, Prng, SimTime, SortedMap};
use crate::scenario::Config;

/// The links' latencies and connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Links {
    links: Vec<Wire>,
    /// By sender, receiver and link: when the last one that was sent arrives. A later one never overtakes it, as on one
    /// TCP connection.
    connections: SortedMap<Connection, SimTime>,
}

/// Sender, receiver and link.
#[derive(Debug, Clone, Copy)]
struct Connection {
    ends: (Node, Node, Link),
    /// A number in whose order connections lie: comparing it is much cheaper than comparing the ends.
    rank: u128,
}

impl Connection {
    fn new(from: Node, to: Node, link: Link) -> Connection {
        let rank = u128::from(from.rank()) << 64 | u128::from(to.rank()) << 8 | link.index() as u128;
        Connection { ends: (from, to, link), rank }
    }
}

impl Hash for Connection {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ends.hash(state);
    }
}

impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Connection {}

impl Ord for Connection {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl PartialOrd for Connection {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Wire {
    latency: Latency,
    prng: Prng,
}

impl Links {
    /// The links with the latencies of the settings, each with a stream of chance of its own.
    pub fn new(config: &Config, seed: u64) -> Links {
        let wire = |link: Link| Wire { latency: config.link_latency(link), prng: Prng::stream(seed, "latency", link.index() as u64) };
        Links { links: Link::ALL.into_iter().map(wire).collect(), connections: SortedMap::new() }
    }

    /// Takes the latencies of the settings.
    pub fn configure(&mut self, config: &Config) {
        for link in Link::ALL {
            self.links[link.index()].latency = config.link_latency(link);
        }
    }

    /// When something that leaves now arrives, `extra_us` later than it would.
    pub fn due_at(&mut self, now: SimTime, link: Link, from: Node, to: Node, extra_us: u64) -> SimTime {
        let wire = &mut self.links[link.index()];
        let own = now + wire.latency.draw(&mut wire.prng).saturating_add(extra_us);
        let last = self.connections.entry(Connection::new(from, to, link)).or_insert(own);
        *last = own.max(*last);
        *last
    }

    /// When something arrives that leaves now and does not keep the order of a connection.
    pub fn due_apart(&mut self, now: SimTime, link: Link, extra_us: u64) -> SimTime {
        let wire = &mut self.links[link.index()];
        now + wire.latency.draw(&mut wire.prng).saturating_add(extra_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_lie_in_the_order_of_their_ends() {
        let nodes = [Node::Viewer, Node::Client(0), Node::Client(u32::MAX), Node::Broker(1), Node::Broker(2), Node::ReadDb, Node::Tool];
        let mut all = Vec::new();
        for from in nodes {
            all.extend(nodes.into_iter().flat_map(|to| Link::ALL.map(|link| Connection::new(from, to, link))));
        }
        for one in &all {
            assert!(all.iter().all(|other| one.cmp(other) == one.ends.cmp(&other.ends)), "{one:?}");
        }
    }

    #[test]
    fn a_later_one_never_overtakes_on_a_connection() {
        let mut config = Config::default();
        config.set_text("link.fetch.latency", "1ms..50ms").expect("valid");
        let mut links = Links::new(&config, 1);
        let mut last = SimTime::ZERO;
        for n in 0..1_000 {
            let due = links.due_at(SimTime(n * 100), Link::Fetch, Node::Consumer(0), Node::Broker(1), 0);
            assert!(due >= last, "{due} before {last}");
            last = due;
        }
    }
}
