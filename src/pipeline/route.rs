//! Who is behind a client id: a cluster knows clients by number only.

use super::World;
use crate::broker::ClientId;
use crate::fault::{Link, Node};

/// Who is behind a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Route {
    /// A producer, by its place in the world.
    Producer(u32),
    /// A listener container, by its slot.
    Consumer(u32),
    /// A consumer without a container, by its place on the workbench.
    Member(u32),
    /// A share consumer, by its slot.
    ShareConsumer(u32),
    /// The tool.
    Tool,
    /// A process that is gone: answers to it reach nobody.
    Gone,
}

/// A client of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Client {
    pub(super) route: Route,
    /// Where it stands in the picture.
    pub(super) node: Node,
}

impl World {
    /// Gives out the next client id.
    pub(super) fn new_client(&mut self, route: Route, node: Node) -> ClientId {
        self.clients.push(Client { route, node });
        ClientId(self.clients.len() as u32 - 1)
    }

    /// Who is behind a client id.
    pub(super) fn client(&self, id: ClientId) -> Client {
        self.clients[id.index()]
    }

    /// The process behind a client id is gone.
    pub(super) fn client_gone(&mut self, id: ClientId) {
        self.clients[id.index()].route = Route::Gone;
        self.with_cluster(|c, now, out| c.disconnect(now, id, out));
    }
}

impl Client {
    /// The link on which its requests for metadata and the like travel.
    pub(super) fn main_link(self) -> Link {
        match self.route {
            Route::Producer(_) => Link::Produce,
            Route::Consumer(_) | Route::Member(_) | Route::ShareConsumer(_) | Route::Gone => Link::Fetch,
            Route::Tool => Link::Coordination,
        }
    }
}
