//! What the referee can judge only by looking around: whether anybody will still do what has not been done.

use crate::kernel::{SortedMap, SortedSet};

use super::ledger::{Now, Open, Referee};
use super::shares::ShareSight;
use super::violation::ViolationKind;
use crate::bank::{AccountId, Bank, EventId, Money, Projection};
use crate::broker::TopicPartition;

/// The shortest pause between two looks around, in microseconds: under load there would be one for every command.
const AUDIT_PAUSE_US: u64 = 50_000;
/// How often the referee looks around, in microseconds; what may have changed a verdict makes it look at once.
pub const AUDIT_INTERVAL_US: u64 = 250_000;
/// How long something must look lost before the referee says so, in microseconds: what is between two processes is in no
/// process for a moment.
pub const GRACE_US: u64 = 1_000_000;
/// How many of a projection's oldest open events are looked at in one audit.
pub const OPEN_LOOKED_AT_MAX: usize = 4_096;

/// What one group looks like from outside.
#[derive(Debug, Clone, Default)]
pub(in crate::pipeline) struct GroupSight {
    /// The committed offsets.
    pub committed: SortedMap<TopicPartition, u64>,
    /// The positions of living consumers, by partition assigned.
    pub positions: SortedMap<TopicPartition, u64>,
    /// What living consumers have polled and not finished with.
    pub held: SortedSet<(TopicPartition, u64)>,
    /// Whether any consumer lives.
    pub manned: bool,
}

/// What the referee sees when it looks around.
#[derive(Debug, Clone, Default)]
pub(in crate::pipeline) struct Sight {
    /// By projection.
    pub groups: [GroupSight; 2],
    /// The share group.
    pub shares: ShareSight,
    /// The first offset that the leader still has.
    pub log_starts: SortedMap<TopicPartition, u64>,
    /// Events whose commit is on its way to the write database.
    pub committing: SortedSet<EventId>,
    /// Events on their way to a broker: with `acks=0` nobody but the network has them (A7).
    pub producing: SortedSet<EventId>,
}

impl Referee {
    /// Whether an audit has anything to do with groups, so that the sight of them is needed.
    pub(in crate::pipeline) fn wants_groups(&self) -> bool {
        self.projections.iter().any(|ledger| !ledger.open.is_empty())
    }

    /// Whether an open event of a projection lies `below` what its group has committed or what its log still holds: nothing else
    /// can have been missed, so only then does it matter what the group's consumers have in hand.
    pub(in crate::pipeline) fn wants_group(&self, projection: Projection, below: impl Fn(TopicPartition, u64) -> bool) -> bool {
        let open = self.projections[projection as usize].open.values().take(OPEN_LOOKED_AT_MAX);
        open.into_iter().any(|open| below(open.partition, open.offset))
    }

    /// Whether it matters which events are on their way to a broker.
    pub(in crate::pipeline) fn wants_produce_requests(&self) -> bool {
        !self.unpublished.is_empty()
    }

    /// Whether it matters which commits are on their way.
    pub(in crate::pipeline) fn wants_flights(&self) -> bool {
        !self.unstored.is_empty() || self.projections.iter().any(|ledger| !ledger.early.is_empty())
    }

    /// Something happened after which a look around may find something: as soon as the pause since the last one allows.
    pub(super) fn audit_soon(&mut self, now: Now) {
        self.audit_at = self.audit_at.min(now.at.max(self.audited_at + AUDIT_PAUSE_US));
    }

    /// Looks around.
    pub(in crate::pipeline) fn audit(&mut self, now: Now, bank: &Bank, sight: &Sight) {
        self.audited_at = now.at;
        self.audit_at = now.at + AUDIT_INTERVAL_US;
        self.audit_unpublished(now, bank, sight);
        self.audit_unstored(now, bank, sight);
        for projection in Projection::ALL {
            self.audit_open(now, bank, projection, sight);
            self.audit_in_process(now, bank, projection, sight);
        }
        self.audit_shares(now, bank, sight);
        self.audit_balances(now, bank);
        self.audit_history(now, bank);
        self.audit_money(now, bank);
    }

    /// Stored and in no log: will anybody publish it?
    fn audit_unpublished(&mut self, now: Now, bank: &Bank, sight: &Sight) {
        if self.unpublished.is_empty() {
            return;
        }
        let coming = bank.to_be_published();
        let gone: Vec<EventId> =
            self.unpublished.keys().copied().filter(|event| !coming.contains(event) && !sight.producing.contains(event)).collect();
        for event in gone {
            self.unpublished.remove(&event);
            let command = bank.event(event).map(|content| content.command);
            self.break_rule(now, command, None, ViolationKind::EventLost { event });
        }
    }

    /// In the log and not stored: will it still be?
    fn audit_unstored(&mut self, now: Now, bank: &Bank, sight: &Sight) {
        let never = |event: &EventId| !bank.may_store(*event) && !sight.committing.contains(event);
        let phantoms: Vec<EventId> = self.unstored.keys().copied().filter(never).collect();
        for event in phantoms {
            self.unstored.remove(&event);
            let command = bank.event(event).map(|content| content.command);
            self.break_rule(now, command, self.place_of(event), ViolationKind::Phantom { event });
        }
    }

    /// Visible and not handled: does the group still have to come by?
    fn audit_open(&mut self, now: Now, bank: &Bank, projection: Projection, sight: &Sight) {
        let group = &sight.groups[projection as usize];
        let mut verdicts = Vec::new();
        for (event, open) in self.projections[projection as usize].open.iter_mut().take(OPEN_LOOKED_AT_MAX) {
            let Some(kind) = missed(projection, *event, open, group, sight) else {
                open.suspect_since = None;
                continue;
            };
            if bank.is_applying(projection, *event) || bank.read_db().model.is_parked(*event) {
                open.suspect_since = None;
                continue;
            }
            let since = *open.suspect_since.get_or_insert(now.at);
            if now.at.since(since) >= GRACE_US {
                verdicts.push((*event, *open, kind));
            }
        }
        for (event, open, kind) in verdicts {
            self.projections[projection as usize].open.remove(&event);
            let command = bank.event(event).map(|content| content.command);
            self.break_rule(now, command, Some((open.partition, open.offset)), kind);
        }
    }

    /// Without a log (F7): will a listener still be told of what is stored, and will what had its effect still be stored?
    fn audit_in_process(&mut self, now: Now, bank: &Bank, projection: Projection, sight: &Sight) {
        let ledger = &mut self.projections[projection as usize];
        let mut verdicts = Vec::new();
        for (event, suspect_since) in ledger.untold.iter_mut().take(OPEN_LOOKED_AT_MAX) {
            if bank.will_be_told(projection, *event) || bank.read_db().model.is_parked(*event) {
                *suspect_since = None;
            } else if now.at.since(*suspect_since.get_or_insert(now.at)) >= GRACE_US {
                verdicts.push((*event, ViolationKind::NeverTold { projection, event: *event }));
            }
        }
        let never = |event: &&EventId| !bank.may_store(**event) && !sight.committing.contains(*event);
        for event in ledger.early.iter().filter(never) {
            verdicts.push((*event, ViolationKind::EffectWithoutChange { projection, event: *event }));
        }
        for (event, kind) in verdicts {
            let ledger = &mut self.projections[projection as usize];
            ledger.untold.remove(&event);
            ledger.early.remove(&event);
            let command = bank.event(event).map(|content| content.command);
            self.break_rule(now, command, None, kind);
        }
    }

    /// Everything handled: does the view say what its events say?
    fn audit_balances(&mut self, now: Now, bank: &Bank) {
        let model = &bank.read_db().model;
        let ledger = &self.projections[Projection::AccountView as usize];
        if ledger.is_busy() || model.parked_count() > 0 || bank.read_db().applying_count(Projection::AccountView) > 0 {
            return;
        }
        let (count, opening) = bank.opening();
        let should = |id: AccountId| -> Money {
            let before = if id.0 < count { opening } else { 0 };
            before + ledger.expected.get(&id).copied().unwrap_or(0)
        };
        let mut rows: Vec<(AccountId, Money, Option<Money>)> =
            model.accounts().map(|(id, row)| (id, should(id), Some(row.balance))).collect();
        // Without a row there is nothing to find wrong in an account whose events were all given up, or sum up to nothing.
        let missing = ledger.expected.keys().filter(|id| model.account(**id).is_none());
        rows.extend(missing.map(|id| (*id, should(*id), None)));
        for (account, expected, actual) in rows {
            let known = &mut self.projections[Projection::AccountView as usize].diverged;
            let difference = actual.unwrap_or(0) - expected;
            if difference == 0 {
                known.remove(&account);
            } else if known.insert(account, difference).is_none() {
                let kind = match actual {
                    Some(actual) => ViolationKind::BalanceDiverged { account, expected, actual },
                    None => ViolationKind::AccountMissing { account, expected },
                };
                self.break_rule(now, None, None, kind);
            }
        }
    }

    fn audit_history(&mut self, now: Now, bank: &Bank) {
        let ledger = &mut self.projections[Projection::TransferHistory as usize];
        if ledger.is_busy() || bank.read_db().applying_count(Projection::TransferHistory) > 0 {
            return;
        }
        let (expected, actual) = (ledger.expected_count, bank.read_db().model.history().row_count);
        if expected == actual {
            ledger.history_diverged = None;
        } else if ledger.history_diverged.replace(actual).is_none() {
            self.break_rule(now, None, None, ViolationKind::HistoryDiverged { expected, actual });
        }
    }

    fn audit_money(&mut self, now: Now, bank: &Bank) {
        let (count, opening) = bank.opening();
        let expected = Money::from(count) * opening + self.paid_in;
        let actual = bank.write_db().store.total();
        let differs = expected != actual;
        if differs && !self.money_differs {
            self.break_rule(now, None, None, ViolationKind::MoneyNotConserved { expected, actual });
        }
        self.money_differs = differs;
    }
}

/// How the group has missed the event, if it looks so.
fn missed(projection: Projection, event: EventId, open: &Open, group: &GroupSight, sight: &Sight) -> Option<ViolationKind> {
    if group.held.contains(&(open.partition, open.offset)) {
        return None;
    }
    // A living group that does not own the partition at the moment is still to come by.
    let beyond = match group.positions.get(&open.partition) {
        Some(position) => *position > open.offset,
        None => !group.manned,
    };
    if !beyond {
        return None;
    }
    let above = |offsets: &SortedMap<TopicPartition, u64>| offsets.get(&open.partition).is_some_and(|next| *next > open.offset);
    if above(&group.committed) {
        Some(ViolationKind::EffectLost { projection, event })
    } else if above(&sight.log_starts) {
        Some(ViolationKind::Overtaken { projection, event })
    } else {
        None
    }
}
