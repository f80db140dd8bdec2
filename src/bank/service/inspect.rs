//! What can be seen of the [`Bank`] from outside. Changes nothing.

use crate::kernel::SortedSet;

use super::{Bank, Call, LastAnswer};

use crate::bank::api::Api;
use crate::bank::client::Client;
use crate::bank::config::{BankConfig, RelayReads};
use crate::bank::domain::Money;
use crate::bank::effect::{Carrier, OutboxRow, Projection};
use crate::bank::event_book::EventBook;
use crate::bank::ids::EventId;
use crate::bank::in_process::Called;
use crate::bank::push::PushService;
use crate::bank::query::QueryApi;
use crate::bank::read_db::ReadDb;
use crate::bank::relay::{Relay, reads};
use crate::bank::write_db::WriteDb;

impl Bank {
    /// The settings in force.
    pub fn config(&self) -> &BankConfig {
        &self.config
    }

    /// What an event says; `None` if there is no such event.
    pub fn event(&self, id: EventId) -> Option<&crate::bank::domain::DomainEvent> {
        self.book.get(id)
    }

    /// All events that were ever drafted.
    pub fn book(&self) -> &EventBook {
        &self.book
    }

    /// The clients.
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The command API.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The write database.
    pub fn write_db(&self) -> &WriteDb {
        &self.write_db
    }

    /// The outbox relay.
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// The read database.
    pub fn read_db(&self) -> &ReadDb {
        &self.read_db
    }

    /// The answer to a query that a client got last.
    pub fn last_answer(&self) -> Option<LastAnswer> {
        self.last_answer
    }

    /// What a push service keeps for devices that are away.
    pub fn push_service(&self) -> &PushService {
        &self.push
    }

    /// The query API.
    pub fn query_api(&self) -> &QueryApi {
        &self.query_api
    }

    /// How many accounts there were at the beginning of the run, and what each of them held.
    pub fn opening(&self) -> (u32, Money) {
        self.opening
    }

    /// The stored events that somebody will still publish: the outbox has them where the relay looks, a producer has them,
    /// or the API has them in hand. A stored event that is neither here nor in the log is lost (F6).
    pub fn to_be_published(&self) -> SortedSet<EventId> {
        let (outbox, token) = (&self.write_db.store.outbox, self.relay.token());
        let reached = |row: &&OutboxRow| match reads(&self.config) {
            _ if self.config.api.publication.carrier() != Carrier::Table => true,
            RelayReads::Flag => true,
            RelayReads::LastId => row.id > token.last(),
            RelayReads::GapAware => row.id > token.last() || token.gaps().any(|gap| gap == row.id),
        };
        let mut events: SortedSet<EventId> = outbox.rows_unpublished().filter(reached).map(|row| row.event).collect();
        events.extend(outbox.log_after(self.relay.captured().0).map(|entry| entry.event));
        events.extend(self.publications.values().map(|publication| publication.event));
        events.extend(self.api.events_in_hand());
        events
    }

    /// Whether the write database may still commit an event that is not stored, as far as the bank's processes know.
    pub fn may_store(&self, event: EventId) -> bool {
        self.api.events_in_hand().any(|own| own == event) || self.write_db.is_committing(event)
    }

    /// Whether a listener waits for this event's effect, or the read database is at it.
    pub fn is_applying(&self, projection: Projection, event: EventId) -> bool {
        let called = |call: &Call| call.projection == projection && call.events.contains(&event);
        self.calls.values().any(called) || self.read_db.is_applying(projection, event)
    }

    /// Whether a listener in the API's process will still be called for a stored event, or is at it (F7).
    pub fn will_be_told(&self, projection: Projection, event: EventId) -> bool {
        let after = self.config.api.in_process.called == Called::AfterCommit;
        let to_be_called = after && self.api.events_in_hand().any(|own| own == event);
        to_be_called || self.api.listeners().is_to_reach(projection, event) || self.is_applying(projection, event)
    }

    /// How many events are with a producer.
    pub fn publishing_count(&self) -> u64 {
        self.publications.len() as u64
    }
}
