//! What the referee knows of the bank's share group: which record it has not finished, and of which event a customer was told.
//! Every visible event is, per share group, available, in flight, acknowledged, rejected or archived at the limit of deliveries;
//! what was accepted was done; nobody is told twice (S5, S6, S8, S13, S14).

use super::audit::{GRACE_US, OPEN_LOOKED_AT_MAX, Sight};
use super::ledger::{Now, Referee};
use super::violation::ViolationKind;
use crate::bank::{Bank, EventId, IdSet};
use crate::broker::TopicPartition;
use crate::broker::share::{RecordState, Settling, ShareFact};
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// A record, by its place.
type Place = (TopicPartition, u64);

/// What the group owes to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Owed {
    event: EventId,
    /// Since when it looks as if nobody would do it.
    suspect_since: Option<SimTime>,
}

/// What the share group has made of the events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct ShareLedger {
    /// Where it began in each partition (S2): what lies before was passed over knowingly.
    begun: SortedMap<TopicPartition, u64>,
    /// Visible and not finished.
    open: SortedMap<Place, Owed>,
    /// Accepted, and no customer was told of it yet.
    accepted: SortedMap<Place, Owed>,
    /// Of which customers were told.
    told: IdSet,
}

/// What the share group looks like from outside.
#[derive(Debug, Clone, Default)]
pub(in crate::pipeline) struct ShareSight {
    /// The first offset of each partition that is not finished, as its leader knows it.
    pub starts: SortedMap<TopicPartition, u64>,
    /// What living workers have in hand.
    pub held: SortedSet<Place>,
}

impl Referee {
    /// Whether an audit has anything to do with the share group.
    pub(in crate::pipeline) fn wants_shares(&self) -> bool {
        !self.shares.open.is_empty() || !self.shares.accepted.is_empty()
    }

    /// How many records the share group can see and has not finished, or has accepted without telling the customer.
    pub fn share_open_count(&self) -> u64 {
        (self.shares.open.len() + self.shares.accepted.len()) as u64
    }

    /// A leader says something of the share group's records.
    pub(super) fn on_share(&mut self, now: Now, bank: &Bank, fact: &ShareFact) {
        match fact {
            ShareFact::Loaded { partition, start, .. } => self.on_share_loaded(*partition, *start),
            ShareFact::Settled { partition, first, last, state, by, .. } if state.is_terminal() => {
                for offset in *first..=*last {
                    self.on_share_settled(now, bank, (*partition, offset), *state, *by);
                }
            }
            // A tool has moved it: it begins anew when a leader next loads it.
            ShareFact::OffsetsAltered { partition, .. } => {
                self.shares.begun.remove(partition);
                self.shares.open.retain(|(of, _), _| of != partition);
            }
            _ => {}
        }
    }

    /// A leader has loaded the group's state of a partition; the first time it begins there.
    fn on_share_loaded(&mut self, partition: TopicPartition, start: u64) {
        if self.shares.begun.contains_key(&partition) {
            return;
        }
        self.shares.begun.insert(partition, start);
        let Some(lane) = self.lanes.get(&partition) else { return };
        let seen = (start..lane.visible_to).filter_map(|offset| Some((offset, lane.event(offset)?)));
        self.shares.open.extend(seen.map(|(offset, event)| ((partition, offset), Owed { event, suspect_since: None })));
    }

    fn on_share_settled(&mut self, now: Now, bank: &Bank, place: Place, state: RecordState, by: Settling) {
        let Some(owed) = self.shares.open.remove(&place) else { return };
        if self.shares.told.contains(owed.event.0) {
            return;
        }
        match (state, by) {
            (RecordState::Acknowledged, _) => drop(self.shares.accepted.insert(place, owed)),
            (_, Settling::LogStart) => self.break_share(now, bank, place, owed.event, ViolationKind::NoticeOvertaken { event: owed.event }),
            // Rejected, aborted, or at the limit of deliveries: that is said in the log of the group, and knowingly so.
            _ => {}
        }
    }

    /// Consumers can see a record of the topic.
    pub(super) fn on_share_visible(&mut self, partition: TopicPartition, offset: u64, event: EventId) {
        if self.shares.begun.get(&partition).is_some_and(|start| offset >= *start) {
            self.shares.open.insert((partition, offset), Owed { event, suspect_since: None });
        }
    }

    /// A record is gone with its leader.
    pub(super) fn on_share_truncated(&mut self, partition: TopicPartition, offset: u64) {
        self.shares.open.remove(&(partition, offset));
        self.shares.accepted.remove(&(partition, offset));
    }

    /// A customer was told of an event.
    pub(super) fn on_noticed(&mut self, now: Now, bank: &Bank, place: Place, event: EventId) {
        let first = self.shares.told.insert(event.0);
        self.shares.accepted.retain(|_, owed| owed.event != event);
        if !first {
            self.break_share(now, bank, place, event, ViolationKind::NoticeTwice { event });
        }
    }

    /// Passed and not finished, or accepted and not done: will it still be?
    pub(super) fn audit_shares(&mut self, now: Now, bank: &Bank, sight: &Sight) {
        let mut verdicts: Vec<(Place, ViolationKind)> = Vec::new();
        let below =
            |offsets: &SortedMap<TopicPartition, u64>, (partition, offset): &Place| offsets.get(partition).is_some_and(|o| offset < o);
        for (place, owed) in self.shares.open.iter_mut().take(OPEN_LOOKED_AT_MAX) {
            let event = owed.event;
            if owed.is_overdue(now, below(&sight.shares.starts, place)) {
                let overtaken = below(&sight.log_starts, place);
                let kind = if overtaken { ViolationKind::NoticeOvertaken { event } } else { ViolationKind::NoticePassed { event } };
                verdicts.push((*place, kind));
            }
        }
        for (place, owed) in self.shares.accepted.iter_mut().take(OPEN_LOOKED_AT_MAX) {
            if owed.is_overdue(now, !sight.shares.held.contains(place)) {
                verdicts.push((*place, ViolationKind::NoticeLost { event: owed.event }));
            }
        }
        for (place, kind) in verdicts {
            let owed = self.shares.open.remove(&place).or_else(|| self.shares.accepted.remove(&place));
            // Another copy of the event may have reached the customer (F8).
            if let Some(owed) = owed.filter(|owed| !self.shares.told.contains(owed.event.0)) {
                self.break_share(now, bank, place, owed.event, kind);
            }
        }
    }

    fn break_share(&mut self, now: Now, bank: &Bank, place: Place, event: EventId, kind: ViolationKind) {
        let command = bank.event(event).map(|content| content.command);
        self.break_rule(now, command, Some(place), kind);
    }
}

impl Owed {
    /// Whether it has looked so for long enough.
    fn is_overdue(&mut self, now: Now, looks_so: bool) -> bool {
        if !looks_so {
            self.suspect_since = None;
            return false;
        }
        now.at.since(*self.suspect_since.get_or_insert(now.at)) >= GRACE_US
    }
}
