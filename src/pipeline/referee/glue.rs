//! The referee's place in the world: which facts it is shown, and what it sees when it looks around.

use crate::kernel::SortedSet;

use super::audit::{GroupSight, Sight};
use super::ledger::{Now, Referee};
use super::shares::ShareSight;
use super::violation::Violation;
use crate::bank::{CommandId, EventId, Message, Projection};
use crate::broker::share::ShareFact;
use crate::broker::{self, Request, TopicPartition};
use crate::fault::Node;
use crate::listener;
use crate::pipeline::{Duty, Fact, FactKind, Payload, ProcessState, WorkFact, World};
use crate::scenario::{Of, Property, SHARE_GROUP};

impl World {
    /// The referee with its verdicts.
    pub fn referee(&self) -> &Referee {
        &self.referee
    }

    /// The broken invariants, oldest first; see [`Referee::violations`].
    pub fn violations(&self) -> &[Violation] {
        self.referee.violations()
    }

    /// The referee is shown a fact. Its verdicts, if there are any, follow by [`World::tell_violations`].
    pub(in crate::pipeline) fn referee_sees(&mut self, actor: Node, command: Option<u32>, kind: &FactKind) {
        let Some(bank) = &self.bank else { return };
        let now = Now { at: self.now, step: self.step };
        match kind {
            FactKind::Bank(fact) => self.referee.on_bank(now, bank, command.map(CommandId), fact),
            FactKind::Broker(fact) => self.referee_sees_broker(now, fact),
            FactKind::Listener(fact) => self.referee_sees_listener(actor, fact),
            FactKind::Work(WorkFact::Noticed { partition, offset, event }) => {
                self.referee.on_noticed(now, bank, (*partition, *offset), *event);
            }
            _ => {}
        }
    }

    fn referee_sees_broker(&mut self, now: Now, fact: &broker::Fact) {
        let Some(bank) = &self.bank else { return };
        let of_topic = |p: &TopicPartition| self.cluster.topic_name(p.topic) == &*self.topic;
        let leads = |b: &broker::BrokerId, p: &TopicPartition| self.cluster.partition(*p).is_some_and(|s| s.leader == Some(*b));
        match fact {
            broker::Fact::Appended { broker, partition, base_offset, records, .. } if of_topic(partition) && leads(broker, partition) => {
                let Some(leader) = self.cluster.leader(*partition) else { return };
                let end = base_offset + u64::from(*records);
                for record in leader.records_from(*base_offset).take_while(|r| r.offset < end) {
                    self.referee.on_appended(now, bank, *partition, record.offset, EventId::from_tag(record.tag));
                }
            }
            broker::Fact::HighWatermarkMoved { broker, partition, to, .. } if of_topic(partition) && leads(broker, partition) => {
                self.referee.on_visible(bank, *partition, *to);
            }
            broker::Fact::MarkerAppended { broker, partition, offset, producer_id, committed: false }
                if of_topic(partition) && leads(broker, partition) =>
            {
                let Some(leader) = self.cluster.leader(*partition) else { return };
                let aborted = leader.log.producers.aborted_txns().find(|t| (t.producer_id, t.last_offset) == (*producer_id, *offset));
                let Some(first) = aborted.map(|txn| txn.first_offset) else { return };
                let of_txn = leader.records_from(first).take_while(|r| r.offset < *offset).filter(|r| leader.log.producers.is_aborted(r));
                let of_txn = of_txn.filter(|r| r.stamp.is_some_and(|s| s.producer_id == *producer_id));
                let offsets: Vec<u64> = of_txn.map(|r| r.offset).collect();
                let only = |group| self.config.choice(Property::IsolationLevel, Of::Group(group)) == "read_committed";
                self.referee.on_aborted(now, bank, *partition, &offsets, [only(0), only(1)]);
            }
            broker::Fact::Share(fact) if group_of(fact) == SHARE_GROUP => self.referee.on_share(now, bank, fact),
            broker::Fact::LeaderElected { partition, leader: Some(leader), .. } if of_topic(partition) => {
                let end = self.cluster.replica(*leader, *partition).map_or(0, |replica| replica.log.end());
                self.referee.on_leader(now, bank, *partition, end);
            }
            _ => {}
        }
    }

    fn referee_sees_listener(&mut self, actor: Node, fact: &listener::Fact) {
        let (Some(bank), Node::Consumer(slot)) = (&self.bank, actor) else { return };
        let Some(group) = self.consumers[slot as usize].group else { return };
        let projection = Projection::ALL[group as usize % Projection::ALL.len()];
        match fact {
            listener::Fact::Recovered { partition, offset, .. } => {
                self.referee.on_given_up(bank, projection, *partition, *offset);
            }
            listener::Fact::RecoveredBatch { records, .. } => {
                for (partition, offset) in records {
                    self.referee.on_given_up(bank, projection, *partition, *offset);
                }
            }
            _ => {}
        }
    }

    /// It is time for the referee to look around.
    #[cold]
    pub(in crate::pipeline) fn referee_audits(&mut self) {
        if self.bank.is_none() {
            return;
        }
        let sight = self.sight();
        let now = Now { at: self.now, step: self.step };
        let Some(bank) = &self.bank else { return };
        self.referee.audit(now, bank, &sight);
        self.tell_violations();
    }

    /// New verdicts go into the trace.
    pub(in crate::pipeline) fn tell_violations(&mut self) {
        while let Some(violation) = self.referee.next_untold() {
            if matches!(violation.kind, super::ViolationKind::EffectTwice { .. } | super::ViolationKind::NoticeTwice { .. }) {
                self.meters.add(crate::pipeline::Count::DuplicatesApplied, 1);
            }
            let kind = FactKind::Violation(Box::new(violation));
            self.trace.push(Fact { step: self.step, at: self.now, actor: Node::Viewer, command: violation.command, kind });
        }
    }

    fn sight(&self) -> Sight {
        let mut sight = Sight::default();
        if self.referee.wants_groups() || self.referee.wants_shares() {
            let topic = self.topic_partition(0).topic;
            for partition in (0..self.partition_count()).map(|partition| TopicPartition { topic, partition }) {
                if let Some(leader) = self.cluster.leader(partition) {
                    sight.log_starts.insert(partition, leader.log.start());
                }
            }
        }
        if self.referee.wants_groups() {
            for (group, projection) in (0..).zip(Projection::ALL) {
                let offsets = self.cluster.groups.group(projection.name()).map(|group| &group.offsets);
                let below = |partition: TopicPartition, offset: u64| {
                    let committed = offsets.and_then(|offsets| offsets.get(&partition)).map(|stored| stored.committed.offset);
                    let start = sight.log_starts.get(&partition).copied();
                    committed.max(start).is_some_and(|next| next > offset)
                };
                if self.referee.wants_group(projection, below) {
                    sight.groups[projection as usize] = self.group_sight(group, projection.name());
                }
            }
        }
        if self.referee.wants_shares() {
            sight.shares = self.share_sight();
        }
        if self.referee.wants_produce_requests() {
            sight.producing = self.producing();
        }
        if self.referee.wants_flights() {
            sight.committing = self.committing();
        }
        sight
    }

    fn group_sight(&self, group: u32, name: &str) -> GroupSight {
        let mut sight = GroupSight::default();
        if let Some(group) = self.cluster.groups.group(name) {
            sight.committed = group.offsets.iter().map(|(partition, stored)| (*partition, stored.committed.offset)).collect();
        }
        let alive = |state| matches!(state, ProcessState::Running | ProcessState::Stopping);
        for place in self.consumers.iter().filter(|c| c.group == Some(group) && c.duty == Duty::Main && alive(c.state)) {
            sight.manned = true;
            let consumer = place.container.consumer();
            for partition in consumer.assignment() {
                if let Some(position) = consumer.position(partition) {
                    // Of two consumers that both believe to own a partition, the one further behind is still to come by.
                    let known = sight.positions.entry(partition).or_insert(position);
                    *known = position.min(*known);
                }
            }
            sight.held.extend(place.container.thread().unfinished().iter().map(|r| (r.partition, r.record.offset)));
        }
        sight
    }

    fn share_sight(&self) -> ShareSight {
        let start = |p: TopicPartition| Some((p, self.cluster.share_partition(SHARE_GROUP, p)?.start()));
        let works = self.share_consumers.iter().filter_map(|c| c.work.as_ref());
        let alive = works.filter(|w| matches!(w.state, ProcessState::Running | ProcessState::Stopping));
        ShareSight {
            starts: (0..self.partition_count()).filter_map(|p| start(self.topic_partition(p))).collect(),
            held: alive.flat_map(|w| w.at_work.iter().chain(&w.waiting)).map(|r| (r.partition, r.record.offset)).collect(),
        }
    }

    /// Events in produce requests that will arrive.
    fn producing(&self) -> SortedSet<EventId> {
        let batches = self.flights.iter().filter(|flight| !flight.lost).flat_map(|flight| match &flight.payload {
            Payload::Request { request: Request::Produce { batches, .. }, .. } => &batches[..],
            _ => &[],
        });
        batches.flat_map(|batch| batch.records.iter()).filter_map(|record| EventId::from_tag(record.tag)).collect()
    }

    /// The events whose commit is on its way to the write database.
    fn committing(&self) -> SortedSet<EventId> {
        let event = |payload: &Payload| match payload {
            Payload::Bank(hop) => match hop.message {
                Message::Commit { event, .. } => Some(event),
                _ => None,
            },
            _ => None,
        };
        self.flights.iter().filter_map(|flight| event(&flight.payload)).collect()
    }

    /// Why the run has not come to rest: the first thing that somebody still has to do. `None` if every command has an
    /// outcome that its client knows, every event is in the log, and every group has read all of it. Queries do not count.
    pub fn pending(&self) -> Option<String> {
        let bank = self.bank.as_ref()?;
        self.pending_in_bank(bank).or_else(|| self.pending_in_log())
    }

    fn pending_in_bank(&self, bank: &crate::bank::Bank) -> Option<String> {
        let waiting: u64 = bank.clients().iter().map(|client| client.pending_count()).sum();
        let counts = [
            (waiting, "commands whose clients wait"),
            (bank.api().handling_count(), "commands in the API's hands"),
            (bank.write_db().commands().count() as u64, "transactions in the write database"),
            (bank.write_db().store.outbox.unpublished_count(), "unpublished outbox rows"),
            (bank.publishing_count(), "events with a producer"),
            (bank.api().listeners().running_count() + bank.api().listeners().queued_count(), "listeners in the API's process"),
            (self.calls.len() as u64, "calls of listeners"),
            (self.rebuilds.len() as u64, "views that are built again"),
            (bank.read_db().model.parked_count(), "parked changes"),
        ];
        counts.into_iter().find(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"))
    }

    fn pending_in_log(&self) -> Option<String> {
        for partition in (0..self.partition_count()).map(|p| self.topic_partition(p)) {
            let Some(leader) = self.cluster.leader(partition) else { return Some(format!("P{} has no leader", partition.partition)) };
            let behind = leader.log.end().saturating_sub(leader.high_watermark);
            if behind > 0 {
                return Some(format!("{behind} records of P{} that are not replicated", partition.partition));
            }
        }
        for projection in Projection::ALL {
            for partition in 0..self.partition_count() {
                let lag = self.unread(projection.name(), partition);
                if lag > 0 {
                    return Some(format!("lag {lag} of {} on P{partition}", projection.name()));
                }
            }
            let open = self.referee.open_count(projection);
            if open > 0 {
                return Some(format!("{open} events that {} has not handled", projection.name()));
            }
        }
        let open = self.referee.share_open_count();
        let is_shared = self.config.count(Property::ShareConsumers, Of::Only) > 0;
        (is_shared && open > 0).then(|| format!("{open} records that {SHARE_GROUP} has not finished"))
    }
}

/// The group that something happened in.
fn group_of(fact: &ShareFact) -> &str {
    match fact {
        ShareFact::Loaded { group, .. }
        | ShareFact::Acquired { group, .. }
        | ShareFact::Settled { group, .. }
        | ShareFact::Renewed { group, .. }
        | ShareFact::Refused { group, .. }
        | ShareFact::StartMoved { group, .. }
        | ShareFact::OffsetsAltered { group, .. } => group,
    }
}
