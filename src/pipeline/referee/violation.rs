//! A broken promise: which, when, about what. Typed, so that every language can say it in its own sentence.

use std::fmt;

use crate::bank::{AccountId, ClientIndex, EventId, Money, Projection};
use crate::broker::TopicPartition;
use crate::kernel::SimTime;

/// What must hold in every run, whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// No committed change without its event in the log, sooner or later.
    NoChangeWithoutEvent,
    /// No event in the log without its committed change.
    NoEventWithoutChange,
    /// Transfers move money; they neither make nor destroy it.
    MoneyConserved,
    /// Every visible event is, per projection, applied, pending, dead-lettered or knowingly skipped; and, per share group, available,
    /// in flight, acknowledged with its notice sent, rejected or archived at the limit of deliveries.
    EveryEventAccounted,
    /// No effect twice: no command carried out twice, no event applied twice, no customer told twice.
    NoEffectTwice,
    /// The events of one key keep their order, in the log and in each projection.
    OrderPerKey,
    /// A drained read model equals the fold of its events.
    ViewEqualsFold,
    /// A record that was acknowledged to its producer survives.
    AcknowledgedSurvives,
    /// The client of every command that was carried out learns the outcome.
    OutcomeLearned,
}

impl Invariant {
    /// All of them, in the order of the picture.
    pub const ALL: [Invariant; 9] = [
        Invariant::NoChangeWithoutEvent,
        Invariant::NoEventWithoutChange,
        Invariant::MoneyConserved,
        Invariant::EveryEventAccounted,
        Invariant::NoEffectTwice,
        Invariant::OrderPerKey,
        Invariant::ViewEqualsFold,
        Invariant::AcknowledgedSurvives,
        Invariant::OutcomeLearned,
    ];

    /// The word in traces and links.
    pub const fn name(self) -> &'static str {
        match self {
            Invariant::NoChangeWithoutEvent => "no-change-without-event",
            Invariant::NoEventWithoutChange => "no-event-without-change",
            Invariant::MoneyConserved => "money-conserved",
            Invariant::EveryEventAccounted => "every-event-accounted",
            Invariant::NoEffectTwice => "no-effect-twice",
            Invariant::OrderPerKey => "order-per-key",
            Invariant::ViewEqualsFold => "view-equals-fold",
            Invariant::AcknowledgedSurvives => "acknowledged-survives",
            Invariant::OutcomeLearned => "outcome-learned",
        }
    }
}

/// Where an order was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderPlace {
    /// In the log: the later version was appended first.
    Log,
    /// In a projection: the later version was applied first.
    Projection(Projection),
}

/// What was broken, with what it takes to say so in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViolationKind {
    /// The change is committed; its event is nowhere, and nobody will publish it any more (F6).
    EventLost {
        /// The event.
        event: EventId,
    },
    /// The event is in the log; its change was rolled back or never tried (F6).
    Phantom {
        /// The event.
        event: EventId,
    },
    /// The sum of all balances is not what was paid in.
    MoneyNotConserved {
        /// What it should be.
        expected: Money,
        /// What it is.
        actual: Money,
    },
    /// A projection was written in the API's process, and the change was rolled back (F7).
    EffectWithoutChange {
        /// Which projection.
        projection: Projection,
        /// The event.
        event: EventId,
    },
    /// The change is committed, no log holds its event, and no listener in the process will be called for it any more (F7).
    NeverTold {
        /// Which projection.
        projection: Projection,
        /// The event.
        event: EventId,
    },
    /// A group's committed offset has passed the event, and its effect never happened (D3).
    EffectLost {
        /// Which projection.
        projection: Projection,
        /// The event.
        event: EventId,
    },
    /// The event was deleted from the log before the group had read it (B7, B11).
    Overtaken {
        /// Which projection.
        projection: Projection,
        /// The event.
        event: EventId,
    },
    /// A projection applied an event again (E5).
    EffectTwice {
        /// Which projection.
        projection: Projection,
        /// The event.
        event: EventId,
    },
    /// A command was carried out again (F1).
    CommandTwice {
        /// The event of the second time.
        event: EventId,
    },
    /// The share group told a customer of an event again (E5).
    NoticeTwice {
        /// The event.
        event: EventId,
    },
    /// The share group has accepted an event's record, and nobody will tell the customer (S8, S16).
    NoticeLost {
        /// The event.
        event: EventId,
    },
    /// An event was deleted from the log before the share group was done with it (S14).
    NoticeOvertaken {
        /// The event.
        event: EventId,
    },
    /// The share group's start offset has passed an event's record that nobody finished (S10).
    NoticePassed {
        /// The event.
        event: EventId,
    },
    /// An event came after a later one of its account (A5).
    OrderBroken {
        /// Where.
        place: OrderPlace,
        /// The account that is the record's key.
        account: AccountId,
        /// The event that came too late.
        event: EventId,
        /// Its version of the account.
        version: u32,
        /// The version that was there before it.
        after: u32,
    },
    /// A drained account view says something else than its events.
    BalanceDiverged {
        /// The account.
        account: AccountId,
        /// What its events say.
        expected: Money,
        /// What the view says.
        actual: Money,
    },
    /// A drained history has another number of rows than there were events.
    HistoryDiverged {
        /// How many events.
        expected: u64,
        /// How many rows.
        actual: u64,
    },
    /// The log acknowledged the record, and then lost it (A7, B5).
    AcknowledgedLost {
        /// The event.
        event: EventId,
        /// Where it was.
        partition: TopicPartition,
        /// At which offset.
        offset: u64,
    },
    /// The command was carried out, and its client stopped waiting without having learned so (F10).
    OutcomeUnknown {
        /// The client.
        client: ClientIndex,
    },
    /// A drained account view has no row of an account that has events.
    AccountMissing {
        /// The account.
        account: AccountId,
        /// What its events say.
        expected: Money,
    },
}

impl ViolationKind {
    /// Which invariant it breaks.
    pub const fn invariant(&self) -> Invariant {
        match self {
            ViolationKind::EventLost { .. } => Invariant::NoChangeWithoutEvent,
            ViolationKind::Phantom { .. } | ViolationKind::EffectWithoutChange { .. } => Invariant::NoEventWithoutChange,
            ViolationKind::MoneyNotConserved { .. } => Invariant::MoneyConserved,
            ViolationKind::EffectLost { .. } | ViolationKind::Overtaken { .. } | ViolationKind::NeverTold { .. } => {
                Invariant::EveryEventAccounted
            }
            ViolationKind::NoticeLost { .. } | ViolationKind::NoticeOvertaken { .. } | ViolationKind::NoticePassed { .. } => {
                Invariant::EveryEventAccounted
            }
            ViolationKind::EffectTwice { .. } | ViolationKind::CommandTwice { .. } | ViolationKind::NoticeTwice { .. } => {
                Invariant::NoEffectTwice
            }
            ViolationKind::OrderBroken { .. } => Invariant::OrderPerKey,
            ViolationKind::BalanceDiverged { .. } | ViolationKind::AccountMissing { .. } | ViolationKind::HistoryDiverged { .. } => {
                Invariant::ViewEqualsFold
            }
            ViolationKind::AcknowledgedLost { .. } => Invariant::AcknowledgedSurvives,
            ViolationKind::OutcomeUnknown { .. } => Invariant::OutcomeLearned,
        }
    }

    /// The rule of the semantics that explains it, where one does.
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            ViolationKind::EventLost { .. } | ViolationKind::Phantom { .. } => Some("F6"),
            ViolationKind::EffectWithoutChange { .. } | ViolationKind::NeverTold { .. } => Some("F7"),
            ViolationKind::MoneyNotConserved { .. } => None,
            ViolationKind::EffectLost { .. } => Some("D3"),
            ViolationKind::Overtaken { .. } => Some("B11"),
            ViolationKind::EffectTwice { .. } | ViolationKind::NoticeTwice { .. } => Some("E5"),
            ViolationKind::NoticeLost { .. } => Some("S8"),
            ViolationKind::NoticeOvertaken { .. } => Some("S14"),
            ViolationKind::NoticePassed { .. } => Some("S10"),
            ViolationKind::CommandTwice { .. } => Some("F1"),
            ViolationKind::OrderBroken { .. } => Some("A5"),
            ViolationKind::BalanceDiverged { .. } | ViolationKind::AccountMissing { .. } | ViolationKind::HistoryDiverged { .. } => {
                Some("F4")
            }
            ViolationKind::AcknowledgedLost { .. } => Some("A7"),
            ViolationKind::OutcomeUnknown { .. } => Some("F10"),
        }
    }

    /// The event concerned, where it is one.
    pub const fn event(&self) -> Option<EventId> {
        match *self {
            ViolationKind::EventLost { event }
            | ViolationKind::Phantom { event }
            | ViolationKind::EffectWithoutChange { event, .. }
            | ViolationKind::NeverTold { event, .. }
            | ViolationKind::EffectLost { event, .. }
            | ViolationKind::Overtaken { event, .. }
            | ViolationKind::EffectTwice { event, .. }
            | ViolationKind::CommandTwice { event }
            | ViolationKind::NoticeTwice { event }
            | ViolationKind::NoticeLost { event }
            | ViolationKind::NoticeOvertaken { event }
            | ViolationKind::NoticePassed { event }
            | ViolationKind::OrderBroken { event, .. }
            | ViolationKind::AcknowledgedLost { event, .. } => Some(event),
            ViolationKind::MoneyNotConserved { .. }
            | ViolationKind::BalanceDiverged { .. }
            | ViolationKind::AccountMissing { .. }
            | ViolationKind::HistoryDiverged { .. }
            | ViolationKind::OutcomeUnknown { .. } => None,
        }
    }
}

impl fmt::Display for ViolationKind {
    /// The details for the trace, without spaces inside a word: `effect_twice account-view e17`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ViolationKind::EventLost { event } => write!(f, "event_lost {event}"),
            ViolationKind::Phantom { event } => write!(f, "phantom {event}"),
            ViolationKind::MoneyNotConserved { expected, actual } => write!(f, "money_not_conserved expected {expected} is {actual}"),
            ViolationKind::EffectWithoutChange { projection, event } => write!(f, "effect_without_change {} {event}", projection.name()),
            ViolationKind::NeverTold { projection, event } => write!(f, "never_told {} {event}", projection.name()),
            ViolationKind::EffectLost { projection, event } => write!(f, "effect_lost {} {event}", projection.name()),
            ViolationKind::Overtaken { projection, event } => write!(f, "overtaken {} {event}", projection.name()),
            ViolationKind::EffectTwice { projection, event } => write!(f, "effect_twice {} {event}", projection.name()),
            ViolationKind::CommandTwice { event } => write!(f, "command_twice {event}"),
            ViolationKind::NoticeTwice { event } => write!(f, "notice_twice {event}"),
            ViolationKind::NoticeLost { event } => write!(f, "notice_lost {event}"),
            ViolationKind::NoticeOvertaken { event } => write!(f, "notice_overtaken {event}"),
            ViolationKind::NoticePassed { event } => write!(f, "notice_passed {event}"),
            ViolationKind::OrderBroken { place, account, event, version, after } => {
                let place = match place {
                    OrderPlace::Log => "log",
                    OrderPlace::Projection(projection) => projection.name(),
                };
                write!(f, "order_broken {place} {account} {event} v{version} after v{after}")
            }
            ViolationKind::BalanceDiverged { account, expected, actual } => {
                write!(f, "balance_diverged {account} expected {expected} is {actual}")
            }
            ViolationKind::AccountMissing { account, expected } => write!(f, "account_missing {account} expected {expected}"),
            ViolationKind::HistoryDiverged { expected, actual } => write!(f, "history_diverged expected {expected} rows is {actual}"),
            ViolationKind::AcknowledgedLost { event, partition, offset } => {
                write!(f, "acknowledged_lost {event} P{}@{offset}", partition.partition)
            }
            ViolationKind::OutcomeUnknown { client } => write!(f, "outcome_unknown client-{}", client.0),
        }
    }
}

/// A broken invariant, at its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Violation {
    /// When the referee was sure.
    pub at: SimTime,
    /// In which step.
    pub step: u64,
    /// The command concerned, where it is one.
    pub command: Option<u32>,
    /// Where the event's record lies or lay, where it is known.
    pub record: Option<(TopicPartition, u64)>,
    /// What.
    pub kind: ViolationKind,
}

impl Violation {
    /// Which invariant it breaks.
    pub const fn invariant(&self) -> Invariant {
        self.kind.invariant()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.invariant().name(), self.kind)
    }
}
