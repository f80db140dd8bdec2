//! Between the world and the bank: what travels between its processes, what it publishes, where faults strike it.

use std::sync::Arc;

use super::build::bank_config;
use super::net::Leg;
use super::{Count, FactKind, Occurrence, Payload, World};
use crate::bank::{self, Bank, Channel, Effect, EventId, Hop, Message, Moment, MomentKind, Process, Projection, Publish, Publisher};
use crate::broker::{Header, NewRecord, bytes};
use crate::fault::{Direction, Link, Node, Point, Verdict};
use crate::kernel::SimTime;
use crate::scenario::{Of, Property};

impl World {
    /// Does something to the bank and carries out what it causes. Nothing if there is no bank.
    pub(super) fn with_bank(&mut self, act: impl FnOnce(&mut Bank, SimTime, &mut Vec<Effect>)) {
        let Some(bank) = &mut self.bank else { return };
        let mut out = self.scratch_bank.take();
        act(bank, self.now, &mut out);
        self.bank_effects(out);
    }

    fn bank_effects(&mut self, mut out: Vec<Effect>) {
        for effect in out.drain(..) {
            match effect {
                Effect::Hop(hop) => self.hop(hop),
                Effect::Publish(publish) => self.publish(publish),
                Effect::Applied { call, result } => self.applied(call, result),
                Effect::Timer { at, timer } => self.at(at, Occurrence::Bank(timer)),
                Effect::Moment(moment) => self.moment(&moment),
                Effect::Fact(fact) => self.bank_fact(fact),
            }
        }
        self.scratch_bank.give(out);
    }

    /// A message of the bank leaves.
    fn hop(&mut self, hop: Hop) {
        let link = link_of(hop.link);
        let direction = match hop.direction {
            bank::Direction::Request => Direction::Request,
            bank::Direction::Response => Direction::Response,
        };
        let (asker, asked) = self.ends_of(&hop);
        let (from, to) = if direction == Direction::Request { (asker, asked) } else { (asked, asker) };
        let command = hop.message.command().map(|id| id.0);
        if link == Link::Completion && !self.passes_completion(&hop.message, to) {
            return;
        }
        // Relays side by side have a connection each: what one is told may overtake what another one is told.
        let apart = link == Link::RelayWriteDb && self.config.count(Property::RelayCount, Of::Only) > 1;
        let delay_us = hop.delay_us.max(u64::from(apart));
        self.send_late(Leg { link, direction, from, to, command }, Payload::Bank(hop), delay_us);
    }

    /// Whether word of a completion leaves at all: at that moment the client's connection may drop (F10). A push and the
    /// call of a webhook leave all the same, and find nobody there; a mail is filtered.
    fn passes_completion(&mut self, message: &Message, to: Node) -> bool {
        let (client, id, by) = match *message {
            Message::Notice { client, id, by, .. } => (client, id, by),
            Message::StatusReply { client, id, done: Ok(true) } if self.is_long_polled() => (client, id, Channel::LongPolling),
            Message::StatusRequest { .. } => {
                self.meters.add(Count::CompletionMessages, 1);
                return true;
            }
            _ => return true,
        };
        if by != Channel::LongPolling {
            self.meters.add(Count::CompletionMessages, 1);
        }
        if self.judge(&Point::Notice { client: to }) != Verdict::Lose {
            return true;
        }
        match by {
            Channel::Sse | Channel::WebSocket | Channel::Push | Channel::Webhook => {
                self.with_bank(|bank, now, out| bank.break_connection(now, client, out));
            }
            Channel::Polling | Channel::LongPolling | Channel::Email => {
                self.bank_fact(bank::Fact::of(id, bank::FactKind::NoticeLost { client }));
            }
        }
        matches!(by, Channel::Push | Channel::Webhook)
    }

    fn is_long_polled(&self) -> bool {
        self.bank.as_ref().is_some_and(|bank| bank.config().client.channel == Channel::LongPolling)
    }

    /// Who asks and who is asked on a link.
    fn ends_of(&self, hop: &Hop) -> (Node, Node) {
        let client = Node::Client(hop.message.client().map_or(0, |c| c.0));
        match hop.link {
            bank::Link::ClientApi => (client, Node::Api),
            bank::Link::ApiWriteDb => (Node::Api, Node::WriteDb),
            bank::Link::RelayWriteDb => (Node::Relay, Node::WriteDb),
            bank::Link::ListenerReadDb => (self.caller_of(&hop.message), Node::ReadDb),
            bank::Link::ClientQuery | bank::Link::Completion => (client, Node::Query),
            bank::Link::QueryReadDb => (Node::Query, Node::ReadDb),
        }
    }

    fn caller_of(&self, message: &Message) -> Node {
        match message {
            Message::Apply { call, .. } | Message::ApplyAnswer { call, .. } => World::consumer_of_call(*call),
            _ => Node::ReadDb,
        }
    }

    /// An event goes to the producer of the process that publishes it.
    fn publish(&mut self, publish: Publish) {
        let Publish { publisher, token, event, key, value, event_type, .. } = publish;
        // The EventRouter of change capture always takes the aggregate's id as key, and gives the event's id as a header (F8).
        let captured = publisher == Publisher::Relay && self.config.choice(Property::Publication, Of::Only) == "outbox-cdc";
        let keyed = captured || self.config.choice(Property::RecordKey, Of::Only) == "account";
        let header = |name: &str, value: &str| Header { name: Arc::from(name), value: Some(bytes(value)) };
        let mut headers = vec![header("type", event_type)];
        if captured {
            headers.push(header("id", &event.to_string()));
        }
        let record = NewRecord {
            key: keyed.then(|| bytes(&key)),
            value: Some(bytes(&value)),
            headers: headers.into(),
            timestamp_ms: crate::broker::wall_ms(self.now),
            tag: event.tag(),
        };
        let index = match publisher {
            Publisher::Api => self.api_producer,
            Publisher::Relay => self.relay_producer,
        };
        self.publish_record(index, token, record);
    }

    /// The bank stands at a moment at which a crash hurts: does it come?
    fn moment(&mut self, moment: &Moment) {
        let point = match moment.kind {
            MomentKind::ApiCommittedNotPublished => Some(Point::CommittedNotPublished),
            MomentKind::ApiPublishedNotCommitted => Some(Point::PublishedNotCommitted),
            MomentKind::ApiListenerCalled => Some(Point::EventListener),
            MomentKind::RelayPublishedNotMarked => Some(Point::PublishedNotMarked),
            MomentKind::WriteDbNotCommitted => Some(Point::Commit),
            _ => None,
        };
        match point.map_or(Verdict::Pass, |p| self.judge(&p)) {
            Verdict::Pass => self.with_bank(|bank, now, out| bank.pass(now, moment, out)),
            Verdict::Refuse => self.with_bank(|bank, now, out| bank.roll_back(now, moment, out)),
            _ => {
                self.crash_process(moment.kind.process());
                self.restart_later(moment.kind.process());
            }
        }
    }

    /// A process of the bank dies, and with it its producer.
    pub(super) fn crash_process(&mut self, process: Process) {
        self.rare.restarts.remove(&process);
        self.with_bank(|bank, now, out| bank.crash(now, process, out));
        match process {
            Process::Api => self.api_producer = self.replace_producer(self.api_producer),
            Process::Relay => self.relay_producer = self.replace_producer(self.relay_producer),
            Process::WriteDb | Process::ReadDb | Process::QueryApi => {}
        }
    }

    /// Somebody (an orchestrator) starts a crashed process again after a while.
    pub(super) fn restart_later(&mut self, process: Process) {
        let due = self.now + super::RESTART_US;
        self.rare.restarts.insert(process, due);
        self.at(due, Occurrence::Restart(process));
    }

    /// The while since a crash is over: the process is started, unless it was killed once more or a fault holds it down.
    pub(super) fn restart_due(&mut self, process: Process) {
        if self.rare.restarts.get(&process) == Some(&self.now) {
            self.rare.restarts.remove(&process);
            self.start_freed(node_of(process));
        }
    }

    /// A process of the bank is started again.
    pub(super) fn restart_process(&mut self, process: Process) {
        self.with_bank(|bank, now, out| bank.restart(now, process, out));
    }

    /// The settings of the bank as they are now take effect.
    pub(super) fn configure_bank(&mut self) {
        let config = bank_config(&self.config);
        if self.bank.as_ref().is_some_and(|bank| *bank.config() != config) {
            self.with_bank(|bank, now, out| bank.set_config(now, &config, out));
        }
    }

    /// A fact about the bank that the world knows and the bank does not.
    pub(super) fn bank_says(&mut self, kind: bank::FactKind) {
        self.bank_fact(bank::Fact::plain(kind));
    }

    fn bank_fact(&mut self, fact: bank::Fact) {
        self.meter_bank(&fact.kind);
        self.tell(actor_of(&fact.kind), fact.command.map(|c| c.0), FactKind::Bank(fact.kind));
    }

    /// The command behind a record's tag.
    pub(super) fn command_of_tag(&self, tag: u64) -> Option<u32> {
        let event = self.bank.as_ref()?.event(EventId::from_tag(tag)?)?;
        Some(event.command.0)
    }
}

/// The world's name of a link of the bank's.
fn link_of(link: bank::Link) -> Link {
    match link {
        bank::Link::ClientApi => Link::ClientApi,
        bank::Link::ApiWriteDb => Link::ApiWriteDb,
        bank::Link::RelayWriteDb => Link::RelayWriteDb,
        bank::Link::ListenerReadDb => Link::ListenerReadDb,
        bank::Link::ClientQuery => Link::ClientQuery,
        bank::Link::QueryReadDb => Link::QueryReadDb,
        bank::Link::Completion => Link::Completion,
    }
}

/// The node of a process.
pub(super) fn node_of(process: Process) -> Node {
    match process {
        Process::Api => Node::Api,
        Process::Relay => Node::Relay,
        Process::WriteDb => Node::WriteDb,
        Process::ReadDb => Node::ReadDb,
        Process::QueryApi => Node::Query,
    }
}

/// The process at a node.
pub(super) fn process_of(node: Node) -> Option<Process> {
    Process::ALL.into_iter().find(|p| node_of(*p) == node)
}

/// The group of a projection, by its place.
pub(super) fn projection_of(group: u32) -> Projection {
    Projection::ALL[group as usize % Projection::ALL.len()]
}

/// To whom a fact of the bank happened.
fn actor_of(kind: &bank::FactKind) -> Node {
    use bank::FactKind as K;
    match *kind {
        K::CommandIssued { client, .. }
        | K::CommandRetried { client, .. }
        | K::QueryIssued { client, .. }
        | K::QueryAnswered { client, .. }
        | K::QueryFailed { client, .. }
        | K::ReplyAccepted { client, .. }
        | K::ReplyRejected { client, .. }
        | K::ReplyConflicted { client }
        | K::ReplyUnknown { client }
        | K::ReplyTimeout { client, .. }
        | K::StatusInProgress { client }
        | K::CompletionNoticed { client, .. }
        | K::ClientGaveUp { client, .. }
        | K::ClientSaturated { client }
        | K::NoticeRepeated { client }
        | K::ChannelDown { client, .. }
        | K::ChannelUp { client, .. }
        | K::SseDisconnected { client }
        | K::SseConnected { client } => Node::Client(client.0),
        K::NoticeLost { .. } => Node::Query,
        K::CommandReceived { .. }
        | K::CommandRejected { .. }
        | K::CommandConflicted { .. }
        | K::CommandDuplicate { .. }
        | K::CommandAccepted { .. }
        | K::CommandUnavailable { .. }
        | K::CommandUnpublished { .. }
        | K::EventListenerCalled { .. }
        | K::EventListenerThrew { .. }
        | K::EventListenerUndone { .. }
        | K::EventListenerDropped { .. }
        | K::EventDiscarded { .. } => Node::Api,
        K::EventStored { .. }
        | K::OutboxWritten { .. }
        | K::OutboxMarked { .. }
        | K::SnapshotTaken { .. }
        | K::SnapshotsDropped { .. }
        | K::TokenStored { .. } => Node::WriteDb,
        K::OffsetsFlushed { .. } => Node::Relay,
        K::Publishing { publisher, .. } | K::Published { publisher, .. } | K::PublishFailed { publisher, .. } => match publisher {
            Publisher::Api => Node::Api,
            Publisher::Relay => Node::Relay,
        },
        K::Applied { .. }
        | K::DuplicateSkipped { .. }
        | K::PlaceSkipped { .. }
        | K::ViewCleared { .. }
        | K::ViewRebuilt { .. }
        | K::VersionSkipped { .. }
        | K::GapParked { .. }
        | K::GapFilled { .. }
        | K::ApplyFailed { .. } => Node::ReadDb,
        K::ProcessDown { process } | K::ProcessUp { process } => node_of(process),
    }
}
