//! What is in transit. A flight leaves at `sent_at` and arrives at `due_at`; where it is in between is up to whoever draws it.

use crate::bank;
use crate::broker::{ClientId, Peer, Request, Response};
use crate::fault::{Direction, Link, Node};
use crate::kernel::SimTime;
use crate::typed_id;

typed_id!(
    /// The slot of a flight while it is under way; used again afterwards.
    FlightKey
);

/// Something in transit between two nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Flight {
    /// Its number in this run; never used again.
    pub number: u64,
    /// The link it is on.
    pub link: Link,
    /// Which way it goes.
    pub direction: Direction,
    /// Who sent it.
    pub from: Node,
    /// Who is to receive it.
    pub to: Node,
    /// When it left.
    pub sent_at: SimTime,
    /// When it arrives.
    pub due_at: SimTime,
    /// Whether a fault lets it vanish at the end of its way.
    pub lost: bool,
    /// The command that caused it, where it is one.
    pub command: Option<u32>,
    /// What it carries.
    pub payload: Payload,
}

/// What a flight carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Payload {
    /// A client's request to a broker.
    Request {
        /// The client.
        client: ClientId,
        /// Its number for the request.
        correlation: u64,
        /// The request.
        request: Request,
    },
    /// A broker's response.
    Response {
        /// The client.
        client: ClientId,
        /// The client's number for the request.
        correlation: u64,
        /// The response.
        response: Response,
    },
    /// From broker to broker.
    Peer(Peer),
    /// Between two processes of the bank.
    Bank(bank::Hop),
}

impl Flight {
    /// What it is, in a word or two, as Kafka calls it: `Produce`, `Fetch`, `OffsetCommit`.
    pub fn name(&self) -> &'static str {
        match &self.payload {
            Payload::Request { request, .. } => request_name(request),
            Payload::Response { response, .. } => response_name(response),
            Payload::Bank(hop) => message_name(&hop.message),
            Payload::Peer(Peer::Fetch { .. }) => "ReplicaFetch",
            Payload::Peer(Peer::Fetched { .. } | Peer::FetchFailed { .. }) => "ReplicaFetched",
            Payload::Peer(Peer::AddToTxn { .. } | Peer::AddedToTxn { .. }) => "AddPartitionsToTxn",
            Payload::Peer(Peer::WriteMarker { .. } | Peer::MarkerWritten { .. }) => "WriteTxnMarkers",
        }
    }
}

/// The name of a message of the bank.
fn message_name(message: &bank::Message) -> &'static str {
    use bank::Message as M;
    match message {
        M::CommandRequest { .. } => "Command",
        M::CommandReply { reply, .. } => match reply {
            bank::Reply::Accepted { .. } => "202 Accepted",
            bank::Reply::Rejected { .. } => "422 Rejected",
            bank::Reply::Conflicted => "409 Conflict",
            bank::Reply::Unavailable => "503 Unavailable",
            bank::Reply::Disconnected => "Disconnected",
        },
        M::Load { .. } => "Load",
        M::LoadAnswer { .. } => "Loaded",
        M::Commit { .. } => "Commit",
        M::CommitAnswer { .. } => "Committed",
        M::OutboxFetch { .. } => "OutboxFetch",
        M::OutboxRows { .. } => "OutboxRows",
        M::OutboxMark { .. } => "OutboxMark",
        M::OutboxMarked { .. } => "OutboxMarked",
        M::Apply { .. } => "Apply",
        M::ApplyAnswer { .. } => "Applied",
        M::QueryRequest { .. } | M::Read { .. } => "Query",
        M::QueryReply { .. } | M::ReadAnswer { .. } => "QueryAnswer",
        M::StatusRequest { .. } | M::StatusRead { .. } => "Status",
        M::StatusReply { .. } | M::StatusAnswer { .. } => "StatusAnswer",
        M::Done { .. } => "Done",
        M::Notice { by, .. } => match by {
            bank::Channel::Push => "Push",
            bank::Channel::Email => "Mail",
            bank::Channel::Webhook => "Webhook",
            _ => "Notice",
        },
        M::NoticeAck { .. } => "200 OK",
    }
}

/// Kafka's name of a request.
pub(super) fn request_name(request: &Request) -> &'static str {
    use crate::broker::{GroupRequest as G, TxnRequest as T};
    match request {
        Request::Metadata { .. } => "Metadata",
        Request::FindCoordinator { .. } => "FindCoordinator",
        Request::Produce { .. } => "Produce",
        Request::Fetch { .. } => "Fetch",
        Request::ListOffsets { .. } => "ListOffsets",
        Request::OffsetForLeaderEpoch { .. } => "OffsetForLeaderEpoch",
        Request::Admin(_) => "Admin",
        Request::ShareFetch(_) => "ShareFetch",
        Request::ShareAcknowledge { .. } => "ShareAcknowledge",
        Request::Group { request, .. } => match request {
            G::JoinGroup { .. } => "JoinGroup",
            G::SyncGroup { .. } => "SyncGroup",
            G::Heartbeat { .. } => "Heartbeat",
            G::LeaveGroup { .. } => "LeaveGroup",
            G::OffsetCommit { .. } => "OffsetCommit",
            G::OffsetFetch { .. } => "OffsetFetch",
            G::ConsumerGroupHeartbeat { .. } => "ConsumerGroupHeartbeat",
            G::AlterOffsets { .. } => "AlterConsumerGroupOffsets",
            G::DeleteOffsets { .. } => "OffsetDelete",
            G::TxnOffsetCommit { .. } => "TxnOffsetCommit",
            G::ShareGroupHeartbeat { .. } => "ShareGroupHeartbeat",
            G::AlterShareOffsets { .. } => "AlterShareGroupOffsets",
            G::DeleteShareOffsets { .. } => "DeleteShareGroupOffsets",
            G::DeleteShareGroup => "DeleteGroups",
        },
        Request::Txn { request, .. } => match request {
            T::InitProducerId { .. } => "InitProducerId",
            T::AddPartitions { .. } => "AddPartitionsToTxn",
            T::AddOffsets { .. } => "AddOffsetsToTxn",
            T::EndTxn { .. } => "EndTxn",
        },
    }
}

/// Kafka's name of a response; an error answers any request.
pub(super) fn response_name(response: &Response) -> &'static str {
    use crate::broker::{GroupResponse as G, TxnResponse as T};
    match response {
        Response::Error(_) => "Error",
        Response::Metadata(_) => "Metadata",
        Response::FindCoordinator { .. } => "FindCoordinator",
        Response::Produce { .. } => "Produce",
        Response::Fetch { .. } => "Fetch",
        Response::ListOffsets { .. } => "ListOffsets",
        Response::OffsetForLeaderEpoch { .. } => "OffsetForLeaderEpoch",
        Response::Admin { .. } => "Admin",
        Response::ShareFetch { .. } => "ShareFetch",
        Response::ShareAcknowledge { .. } => "ShareAcknowledge",
        Response::Group(group) => match group {
            G::JoinGroup { .. } => "JoinGroup",
            G::SyncGroup { .. } => "SyncGroup",
            G::Heartbeat => "Heartbeat",
            G::LeaveGroup => "LeaveGroup",
            G::OffsetCommit { .. } => "OffsetCommit",
            G::OffsetFetch { .. } => "OffsetFetch",
            G::ConsumerGroupHeartbeat { .. } => "ConsumerGroupHeartbeat",
            G::ShareGroupHeartbeat { .. } => "ShareGroupHeartbeat",
            G::Done => "Done",
        },
        Response::Txn(txn) => match txn {
            T::InitProducerId { .. } => "InitProducerId",
            T::EndTxn { .. } => "EndTxn",
            T::Done => "Done",
        },
    }
}

/// Everything that is in transit: slots that are used again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Flights {
    slots: Vec<Option<Flight>>,
    free: Vec<FlightKey>,
    sent_count: u64,
}

impl Flights {
    /// Puts a flight under way; its number is filled in here.
    pub(super) fn launch(&mut self, mut flight: Flight) -> FlightKey {
        flight.number = self.sent_count;
        self.sent_count += 1;
        match self.free.pop() {
            Some(key) => {
                self.slots[key.index()] = Some(flight);
                key
            }
            None => {
                self.slots.push(Some(flight));
                FlightKey(self.slots.len() as u32 - 1)
            }
        }
    }

    /// Takes a flight that has arrived.
    pub(super) fn land(&mut self, key: FlightKey) -> Flight {
        let flight = self.slots[key.index()].take().expect("a flight arrives once");
        self.free.push(key);
        flight
    }

    /// The flight in a slot, if there is one.
    pub(super) fn at(&self, key: FlightKey) -> Option<&Flight> {
        self.slots.get(key.index())?.as_ref()
    }

    /// All flights under way, in no special order.
    pub fn iter(&self) -> impl Iterator<Item = &Flight> {
        self.slots.iter().flatten()
    }

    /// The flight with this number, if it is still under way.
    pub fn get(&self, number: u64) -> Option<&Flight> {
        self.iter().find(|f| f.number == number)
    }

    /// How many are under way.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether nothing is under way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many were ever sent.
    pub fn sent_count(&self) -> u64 {
        self.sent_count
    }
}
