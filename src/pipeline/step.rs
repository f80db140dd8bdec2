//! One step: take the next occurrence or intervention of the programme, and call what it concerns. Nothing else.
#![deny(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;

use super::bank_side::{node_of, process_of};
use super::producer_side::Owner;
use super::{FactKind, FlightKey, Occurrence, Payload, World};
use crate::bank::{self, Process, Publisher};
use crate::broker::{BrokerId, ErrorCode, Response};
use crate::fault::Node;
use crate::kernel::SimTime;

impl World {
    /// Handles the next thing that is due. False if nothing ever is.
    pub fn step(&mut self) -> bool {
        let program_at = self.program.get(self.program_next as usize).map(|(at, _)| *at);
        // At one instant the programme comes first: whatever was done live is done at the same place in a replay.
        if let Some(at) = program_at.filter(|at| self.agenda.next_at().is_none_or(|next| *at <= next)) {
            self.run_program(at);
            return true;
        }
        let Some((at, occurrence)) = self.agenda.pop() else { return false };
        debug_assert!(at >= self.now, "the agenda gave {at} after {}", self.now);
        self.now = at;
        self.step += 1;
        self.handle(occurrence);
        self.finish_step();
        true
    }

    fn handle(&mut self, occurrence: Occurrence) {
        if !self.faults.is_quiet()
            && let Some(process) = self.process_of_occurrence(&occurrence).filter(|process| self.is_paused(*process))
        {
            return self.held.push((node_of(process), occurrence));
        }
        match occurrence {
            Occurrence::Arrival(key) => self.arrive(key),
            Occurrence::Cluster(timer) => self.cluster_timer(timer),
            Occurrence::Bank(timer) => self.with_bank(|bank, now, out| bank.on_timer(now, timer, out)),
            Occurrence::Producer { producer, timer } => self.producer_timer(producer, timer),
            Occurrence::Consumer { slot, incarnation, timer } => self.consumer_timer(slot, incarnation, timer),
            Occurrence::Container { slot, incarnation, timer } => self.container_timer(slot, incarnation, timer),
            Occurrence::Member { member, timer } => self.member_timer(member, timer),
            Occurrence::ShareConsumer { slot } => self.share_timer(slot),
            Occurrence::ShareWork { slot, incarnation } => self.share_worked(slot, incarnation),
            Occurrence::ShareStart { slot, incarnation } => self.share_start_due(slot, incarnation),
            Occurrence::ListenerWorks { call } => self.listener_works(call),
            Occurrence::Answer { slot, incarnation, token } => self.answer_call(slot, incarnation, token),
            Occurrence::EndTransaction { producer } => self.end_transaction(producer),
            Occurrence::Restart(process) => self.restart_process(process),
            Occurrence::StartConsumer { slot } => self.start_consumer(slot),
            Occurrence::Rebuild { group } => self.go_on_rebuilding(group),
            Occurrence::FaultEnd(id) => self.end_fault(id),
        }
    }

    fn run_program(&mut self, at: SimTime) {
        let program = Arc::clone(&self.program);
        let intervention = &program[self.program_next as usize].1;
        self.program_next += 1;
        // A programme is checked when it is built; if an intervention no longer fits what the viewer did meanwhile, it
        // is passed over, as a person would find the button disabled.
        let _ = self.intervene(at, intervention);
    }

    /// A flight is at the end of its way.
    fn arrive(&mut self, key: FlightKey) {
        let flight = self.flights.land(key);
        if flight.lost {
            let kind = FactKind::Lost { link: flight.link, to: flight.to, what: flight.name() };
            self.meters.add(super::Count::Lost, 1);
            return self.tell(flight.from, flight.command, kind);
        }
        match flight.payload {
            Payload::Request { client, correlation, .. } if self.lab_severs(client) => {
                self.response_arrives(client, correlation, Response::Error(ErrorCode::NetworkDisconnect));
            }
            Payload::Response { client, correlation, .. } if self.lab_severs(client) => {
                self.response_arrives(client, correlation, Response::Error(ErrorCode::NetworkDisconnect));
            }
            Payload::Request { client, correlation, request } => {
                if let Node::Broker(to) = flight.to {
                    self.with_cluster(|c, now, out| c.request(now, BrokerId(to), client, correlation, request, out));
                }
            }
            Payload::Response { client, correlation, response } => self.response_arrives(client, correlation, response),
            Payload::Peer(message) => {
                if let (Node::Broker(from), Node::Broker(to)) = (flight.from, flight.to) {
                    self.with_cluster(|c, now, out| c.peer(now, BrokerId(from), BrokerId(to), message, out));
                }
            }
            Payload::Bank(hop) => self.with_bank(|bank, now, out| bank.arrive(now, hop, out)),
        }
    }

    /// Whose turn it is, if that is a process that can stand still: then nothing is done in it and nothing leaves it.
    fn process_of_occurrence(&self, occurrence: &Occurrence) -> Option<Process> {
        match occurrence {
            Occurrence::Arrival(key) => self.flights.at(*key).and_then(|flight| process_of(flight.to)),
            Occurrence::Bank(timer) => process_of_timer(timer),
            Occurrence::Producer { producer, .. } | Occurrence::EndTransaction { producer } => {
                match self.producers[*producer as usize].owner {
                    Owner::Publisher(Publisher::Api) => Some(Process::Api),
                    Owner::Publisher(Publisher::Relay) => Some(Process::Relay),
                    Owner::Container(_) | Owner::Script | Owner::Lab | Owner::Gone => None,
                }
            }
            Occurrence::Cluster(_)
            | Occurrence::Member { .. }
            | Occurrence::ShareConsumer { .. }
            | Occurrence::ShareWork { .. }
            | Occurrence::ShareStart { .. }
            | Occurrence::Consumer { .. }
            | Occurrence::Container { .. }
            | Occurrence::ListenerWorks { .. }
            | Occurrence::Answer { .. }
            | Occurrence::Restart(_)
            | Occurrence::StartConsumer { .. }
            | Occurrence::Rebuild { .. }
            | Occurrence::FaultEnd(_) => None,
        }
    }

    /// Something is due at `at`, never in the past.
    pub(super) fn at(&mut self, at: SimTime, occurrence: Occurrence) {
        self.agenda.push(at.max(self.now), occurrence);
    }
}

/// The process whose timer it is, if that can stand still.
fn process_of_timer(timer: &bank::Timer) -> Option<Process> {
    match timer {
        bank::Timer::ApiDbTimeout { .. } => Some(Process::Api),
        // The call of a listener within the API's process.
        bank::Timer::ApplyTimeout { call } if *call >= bank::IN_PROCESS_CALLS => Some(Process::Api),
        bank::Timer::RelayPoll { .. } | bank::Timer::RelayDbTimeout { .. } => Some(Process::Relay),
        bank::Timer::ClientCommand { .. }
        | bank::Timer::ClientQuery { .. }
        | bank::Timer::ClientTimeout { .. }
        | bank::Timer::ClientRetry { .. }
        | bank::Timer::ClientPoll { .. }
        | bank::Timer::ClientGivesUp { .. }
        | bank::Timer::ClientReconnect { .. }
        | bank::Timer::LongPollEnds { .. }
        | bank::Timer::WebhookRetry { .. }
        | bank::Timer::VersionLook { .. }
        | bank::Timer::WriteDbDone { .. }
        | bank::Timer::ReadDbDone { .. }
        | bank::Timer::ApplyTimeout { .. } => None,
    }
}
