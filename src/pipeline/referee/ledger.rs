//! What the referee knows of every event: stored, in the log, visible, handled. Fed by facts; judges what can be judged at once.

use super::lane::Lane;
use super::shares::ShareLedger;
use super::violation::{Invariant, OrderPlace, Violation, ViolationKind};
use crate::bank::{AccountId, Bank, ClientIndex, CommandId, EventId, FactKind, IdSet, Money, Projection, Publication};
use crate::broker::TopicPartition;
use crate::kernel::{SimTime, SortedMap, SortedSet};

/// How many violations are kept; the counts go on.
pub const VIOLATIONS_MAX: usize = 512;

/// An event that a projection can see and has not handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Open {
    /// Where it lies.
    pub partition: TopicPartition,
    /// At which offset.
    pub offset: u64,
    /// Since when it looks as if nobody would handle it.
    pub(super) suspect_since: Option<SimTime>,
}

/// What one projection has made of the events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct ProjectionLedger {
    /// Has been visible to its group, and not been taken back by an abort.
    pub(super) visible: IdSet,
    /// Visible and not handled.
    pub(super) open: SortedMap<EventId, Open>,
    /// Stored, and a listener in the API's process is still to be told (F7); since when it looks as if nobody would.
    pub(super) untold: SortedMap<EventId, Option<SimTime>>,
    /// Had their effect in the API's process before they were stored.
    pub(super) early: SortedSet<EventId>,
    /// Had their effect.
    pub(super) applied: IdSet,
    /// Given up by an error handler: dead-lettered, sent to a retry topic or logged.
    pub(super) given_up: IdSet,
    /// What its events say, by account: the change to the opening balance.
    pub(super) expected: SortedMap<AccountId, Money>,
    /// How many events it should have.
    pub(super) expected_count: u64,
    /// The last applied version of each key.
    versions: SortedMap<AccountId, u32>,
    /// What was last found to differ, so that it is said once.
    pub(super) diverged: SortedMap<AccountId, Money>,
    pub(super) history_diverged: Option<u64>,
}

/// The referee's knowledge and verdicts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Referee {
    pub(super) violations: Vec<Violation>,
    pub(super) counts: SortedMap<Invariant, u64>,
    /// How many of `violations` were put into the trace.
    pub(super) told_count: u64,
    pub(super) lanes: SortedMap<TopicPartition, Lane>,
    /// The events that the log holds, or held until retention took them.
    in_log: IdSet,
    /// How many copies beyond the first.
    more_copies: SortedMap<EventId, u32>,
    pub(super) stored: IdSet,
    acknowledged: IdSet,
    /// Stored, and without a copy in the log.
    pub(super) unpublished: SortedMap<EventId, SimTime>,
    /// In the log, and not stored.
    pub(super) unstored: SortedMap<EventId, SimTime>,
    executed: IdSet,
    deserted: SortedMap<CommandId, ClientIndex>,
    /// What the balances must sum up to beyond the opening balances.
    pub(super) paid_in: Money,
    log_versions: SortedMap<AccountId, u32>,
    pub(super) projections: [ProjectionLedger; 2],
    pub(super) shares: ShareLedger,
    pub(super) audit_at: SimTime,
    pub(super) audited_at: SimTime,
    pub(super) money_differs: bool,
}

impl Default for Referee {
    fn default() -> Self {
        Referee {
            violations: Vec::new(),
            counts: SortedMap::new(),
            told_count: 0,
            lanes: SortedMap::new(),
            in_log: IdSet::default(),
            more_copies: SortedMap::new(),
            stored: IdSet::default(),
            acknowledged: IdSet::default(),
            unpublished: SortedMap::new(),
            unstored: SortedMap::new(),
            executed: IdSet::default(),
            deserted: SortedMap::new(),
            paid_in: 0,
            log_versions: SortedMap::new(),
            projections: [ProjectionLedger::default(), ProjectionLedger::default()],
            shares: ShareLedger::default(),
            audit_at: SimTime::ZERO,
            audited_at: SimTime::ZERO,
            money_differs: false,
        }
    }
}

/// When something is noted, for the violation that may come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pipeline) struct Now {
    pub(super) at: SimTime,
    pub(super) step: u64,
}

impl Referee {
    /// The violations, oldest first; at most [`VIOLATIONS_MAX`], the first ones.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How often an invariant was broken.
    pub fn count(&self, invariant: Invariant) -> u64 {
        self.counts.get(&invariant).copied().unwrap_or(0)
    }

    /// How often any invariant was broken.
    pub fn total_count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// When it wants to look around again.
    pub fn audit_at(&self) -> SimTime {
        self.audit_at
    }

    /// How many events a projection can see and has not handled.
    pub fn open_count(&self, projection: Projection) -> u64 {
        let ledger = &self.projections[projection as usize];
        (ledger.open.len() + ledger.untold.len()) as u64
    }

    /// Where a copy of an event lies, as far as it is remembered; looks through everything if no projection waits for it.
    pub fn place_of(&self, event: EventId) -> Option<(TopicPartition, u64)> {
        let open = self.projections.iter().find_map(|p| p.open.get(&event)).map(|open| (open.partition, open.offset));
        open.or_else(|| self.lanes.iter().find_map(|(partition, lane)| Some((*partition, lane.offset_of(event)?))))
    }

    /// A verdict that is not yet in the trace.
    pub(super) fn next_untold(&mut self) -> Option<Violation> {
        let violation = self.violations.get(self.told_count as usize).copied()?;
        self.told_count += 1;
        Some(violation)
    }

    pub(super) fn break_rule(&mut self, now: Now, command: Option<CommandId>, place: Option<(TopicPartition, u64)>, kind: ViolationKind) {
        *self.counts.entry(kind.invariant()).or_default() += 1;
        if self.violations.len() < VIOLATIONS_MAX {
            let command = command.map(|id| id.0);
            self.violations.push(Violation { at: now.at, step: now.step, command, record: place, kind });
        }
    }

    /// The bank did something.
    pub(super) fn on_bank(&mut self, now: Now, bank: &Bank, command: Option<CommandId>, kind: &FactKind) {
        match *kind {
            FactKind::EventStored { event } => self.on_stored(now, bank, command, event),
            FactKind::Published { event, .. } => {
                self.acknowledged.insert(event.0);
            }
            FactKind::Applied { projection, event } => self.on_applied(now, bank, projection, event),
            FactKind::DuplicateSkipped { projection, event }
            | FactKind::PlaceSkipped { projection, event }
            | FactKind::VersionSkipped { projection, event, .. } => {
                self.on_handled(bank, projection, event);
            }
            FactKind::GapFilled { projection, event, .. } => {
                self.projections[projection as usize].applied.insert(event.0);
                self.on_handled(bank, projection, event);
            }
            // A refusal is of one attempt; whoever believes it does not hear of another one that is carried out.
            FactKind::ClientGaveUp { client, .. } | FactKind::ReplyRejected { client, .. } | FactKind::ReplyConflicted { client } => {
                let Some(command) = command else { return };
                if self.executed.contains(command.0) {
                    self.break_rule(now, Some(command), None, ViolationKind::OutcomeUnknown { client });
                } else {
                    self.deserted.insert(command, client);
                    if self.deserted.len() > VIOLATIONS_MAX {
                        self.deserted.pop_first();
                    }
                }
            }
            FactKind::ProcessDown { .. }
            | FactKind::CommandUnavailable { .. }
            | FactKind::CommandConflicted { .. }
            | FactKind::PublishFailed { .. }
            | FactKind::OutboxMarked { .. } => self.audit_soon(now),
            _ => {}
        }
    }

    fn on_stored(&mut self, now: Now, bank: &Bank, command: Option<CommandId>, event: EventId) {
        self.stored.insert(event.0);
        self.unstored.remove(&event);
        if bank.config().api.publication == Publication::InProcess {
            for ledger in &mut self.projections {
                ledger.tell(bank, event);
            }
        } else if !self.in_log.contains(event.0) {
            self.unpublished.insert(event, now.at);
        }
        if let Some(content) = bank.event(event) {
            use crate::bank::EventKind;
            if matches!(content.kind, EventKind::AccountOpened | EventKind::MoneyDeposited | EventKind::MoneyWithdrawn) {
                self.paid_in += content.first.delta;
            }
        }
        let Some(command) = command else { return };
        if !self.executed.insert(command.0) {
            self.break_rule(now, Some(command), None, ViolationKind::CommandTwice { event });
        }
        if let Some(client) = self.deserted.remove(&command) {
            self.break_rule(now, Some(command), None, ViolationKind::OutcomeUnknown { client });
        }
    }

    fn on_applied(&mut self, now: Now, bank: &Bank, projection: Projection, event: EventId) {
        let content = bank.event(event).copied();
        let command = content.map(|e| e.command);
        let ledger = &mut self.projections[projection as usize];
        let first_time = ledger.applied.insert(event.0);
        let mut late = None;
        if first_time && let Some(content) = content {
            let last = ledger.versions.entry(content.first.account).or_default();
            if content.first.version < *last {
                late = Some((content.first, *last));
            }
            *last = content.first.version.max(*last);
        }
        if !self.stored.contains(event.0) && bank.config().api.publication == Publication::InProcess {
            ledger.early.insert(event);
        }
        if !first_time {
            let place = self.place_of(event);
            self.break_rule(now, command, place, ViolationKind::EffectTwice { projection, event });
        }
        if let Some((change, after)) = late {
            let (account, version, place) = (change.account, change.version, self.place_of(event));
            let kind = ViolationKind::OrderBroken { place: OrderPlace::Projection(projection), account, event, version, after };
            self.break_rule(now, command, place, kind);
        }
        self.on_handled(bank, projection, event);
    }

    /// A projection has done with the event what it does with it.
    fn on_handled(&mut self, bank: &Bank, projection: Projection, event: EventId) {
        let ledger = &mut self.projections[projection as usize];
        ledger.open.remove(&event);
        ledger.untold.remove(&event);
        if ledger.given_up.contains(event.0) {
            ledger.given_up.remove(event.0);
            ledger.expect(bank, event, 1);
        }
    }

    /// An error handler gave the record up: dead-lettered, sent on to a retry topic, or logged.
    pub(super) fn on_given_up(&mut self, bank: &Bank, projection: Projection, partition: TopicPartition, offset: u64) {
        let Some(event) = self.lanes.get(&partition).and_then(|lane| lane.event(offset)) else { return };
        let ledger = &mut self.projections[projection as usize];
        ledger.open.remove(&event);
        if !ledger.applied.contains(event.0) && ledger.given_up.insert(event.0) {
            ledger.expect(bank, event, -1);
        }
    }

    /// A projection was emptied (F5): whatever the log still has will be applied again, and nothing of that is twice. What
    /// the log no longer has is missing from now on.
    pub(in crate::pipeline) fn on_cleared(&mut self, bank: &Bank, projection: Projection, kept: Vec<(EventId, TopicPartition, u64)>) {
        let ledger = &mut self.projections[projection as usize];
        ledger.applied = IdSet::default();
        ledger.versions.clear();
        ledger.diverged.clear();
        ledger.history_diverged = None;
        ledger.open.clear();
        for (event, partition, offset) in kept {
            if !ledger.visible.contains(event.0) {
                continue;
            }
            ledger.open.entry(event).or_insert(Open { partition, offset, suspect_since: None });
            if ledger.given_up.remove(event.0) {
                ledger.expect(bank, event, 1);
            }
        }
    }

    /// A leader has a record at this offset.
    pub(super) fn on_appended(&mut self, now: Now, bank: &Bank, partition: TopicPartition, offset: u64, event: Option<EventId>) {
        self.lanes.entry(partition).or_default().append(offset, event);
        let Some(event) = event else { return };
        let first_copy = self.in_log.insert(event.0);
        if !first_copy {
            *self.more_copies.entry(event).or_default() += 1;
        }
        self.unpublished.remove(&event);
        if !self.stored.contains(event.0) {
            self.unstored.insert(event, now.at);
        }
        let Some(content) = bank.event(event) else { return };
        let (account, version, command) = (content.first.account, content.first.version, content.command);
        let last = self.log_versions.entry(account).or_default();
        let after = *last;
        *last = version.max(after);
        let seen = self.projections.iter().any(|ledger| ledger.visible.contains(event.0));
        if first_copy && version < after && !seen {
            let kind = ViolationKind::OrderBroken { place: OrderPlace::Log, account, event, version, after };
            self.break_rule(now, Some(command), Some((partition, offset)), kind);
        }
    }

    /// Consumers can see the partition up to `to`.
    pub(super) fn on_visible(&mut self, bank: &Bank, partition: TopicPartition, to: u64) {
        let Some(lane) = self.lanes.get_mut(&partition) else { return };
        for (offset, event) in lane.reveal(to) {
            self.on_share_visible(partition, offset, event);
            for ledger in &mut self.projections {
                if !ledger.visible.insert(event.0) {
                    continue;
                }
                ledger.expect(bank, event, 1);
                ledger.open.insert(event, Open { partition, offset, suspect_since: None });
            }
        }
    }

    /// A partition's new leader ends at `end`: what lay above is gone, unless it comes again.
    pub(super) fn on_leader(&mut self, now: Now, bank: &Bank, partition: TopicPartition, end: u64) {
        self.audit_soon(now);
        let Some(lane) = self.lanes.get_mut(&partition) else { return };
        let mut gone = Vec::new();
        for (offset, event) in lane.truncate(end) {
            self.on_share_truncated(partition, offset);
            if let Some(copies) = self.more_copies.get_mut(&event) {
                *copies -= 1;
                if *copies == 0 {
                    self.more_copies.remove(&event);
                }
                continue;
            }
            gone.push(event);
            self.in_log.remove(event.0);
            self.unstored.remove(&event);
            if self.stored.contains(event.0) {
                self.unpublished.insert(event, now.at);
            }
            if self.acknowledged.contains(event.0) {
                let command = bank.event(event).map(|e| e.command);
                let kind = ViolationKind::AcknowledgedLost { event, partition, offset };
                self.break_rule(now, command, Some((partition, offset)), kind);
            }
            for ledger in &mut self.projections {
                // What was cut off can no longer be handled by those who have not done so.
                if ledger.open.remove(&event).is_some() {
                    ledger.expect(bank, event, -1);
                    ledger.visible.remove(event.0);
                }
            }
        }
        self.forget_versions(bank, &gone);
    }

    /// A transaction was aborted (E2): its records count as never published, and groups that read only what is committed
    /// will not be given them.
    pub(super) fn on_aborted(&mut self, now: Now, bank: &Bank, partition: TopicPartition, offsets: &[u64], committed_only: [bool; 2]) {
        self.audit_soon(now);
        let mut gone = Vec::new();
        for offset in offsets {
            let Some(event) = self.lanes.get(&partition).and_then(|lane| lane.event(*offset)) else { continue };
            if self.more_copies.contains_key(&event) {
                continue;
            }
            gone.push(event);
            self.in_log.remove(event.0);
            self.unstored.remove(&event);
            if self.stored.contains(event.0) {
                self.unpublished.insert(event, now.at);
            }
            for ledger in self.projections.iter_mut().zip(committed_only).filter_map(|(ledger, only)| only.then_some(ledger)) {
                if ledger.open.remove(&event).is_some() {
                    ledger.expect(bank, event, -1);
                    ledger.visible.remove(event.0);
                }
            }
        }
        self.forget_versions(bank, &gone);
    }

    /// These events count as never having been in the log: what follows there of their accounts follows the versions that it still
    /// has. Without a key these may lie in any partition.
    fn forget_versions(&mut self, bank: &Bank, gone: &[EventId]) {
        let mut left: SortedMap<AccountId, u32> = SortedMap::new();
        for change in gone.iter().filter_map(|event| bank.event(*event)).map(|content| content.first) {
            let before = left.entry(change.account).or_insert(u32::MAX);
            *before = change.version.saturating_sub(1).min(*before);
        }
        if left.is_empty() {
            return;
        }
        for event in self.lanes.values().flat_map(Lane::events).filter(|event| self.in_log.contains(event.0)) {
            let Some(change) = bank.event(event).map(|content| content.first) else { continue };
            if let Some(last) = left.get_mut(&change.account) {
                *last = change.version.max(*last);
            }
        }
        for (account, last) in left {
            let known = self.log_versions.entry(account).or_default();
            *known = last.min(*known);
        }
    }
}

impl ProjectionLedger {
    /// An event is stored, and no log stands between it and the listener (F7).
    fn tell(&mut self, bank: &Bank, event: EventId) {
        if self.visible.insert(event.0) {
            self.expect(bank, event, 1);
        }
        if !self.early.remove(&event) && !self.applied.contains(event.0) {
            self.untold.insert(event, None);
        }
    }

    /// Whether something is still to be handled or stored.
    pub(super) fn is_busy(&self) -> bool {
        !self.open.is_empty() || !self.untold.is_empty() || !self.early.is_empty()
    }

    /// Counts an event's changes in (`sign` 1) or out (-1) of what the view should say.
    pub(super) fn expect(&mut self, bank: &Bank, event: EventId, sign: Money) {
        let Some(content) = bank.event(event) else { return };
        for change in content.changes() {
            *self.expected.entry(change.account).or_default() += sign * change.delta;
        }
        self.expected_count = self.expected_count.saturating_add_signed(sign);
    }
}
