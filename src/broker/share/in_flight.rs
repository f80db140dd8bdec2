//! The state of records between their first delivery and their end (S4 to S7; upstream `InFlightState`, `InFlightBatch`).
//! Knows no member but by name, and no log.

use std::sync::Arc;

use crate::kernel::SimTime;

/// What has become of a record (upstream `RecordState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordState {
    /// It may be given to a member.
    Available,
    /// A member has it, under a lock that ends by itself.
    Acquired,
    /// A member has accepted it.
    Acknowledged,
    /// It is given to nobody any more: rejected, delivered too often, aborted, or no longer in the log.
    Archived,
}

impl RecordState {
    /// Whether nothing can change it any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, RecordState::Acknowledged | RecordState::Archived)
    }

    /// The name as Kafka writes it.
    pub const fn name(self) -> &'static str {
        match self {
            RecordState::Available => "AVAILABLE",
            RecordState::Acquired => "ACQUIRED",
            RecordState::Acknowledged => "ACKNOWLEDGED",
            RecordState::Archived => "ARCHIVED",
        }
    }

    /// Whether it may become `next` (`RecordState#validateTransition`).
    const fn may_become(self, next: RecordState) -> bool {
        match (self, next) {
            (RecordState::Acknowledged | RecordState::Archived, _) | (RecordState::Acquired, RecordState::Acquired) => false,
            (RecordState::Available, next) => matches!(next, RecordState::Acquired),
            (RecordState::Acquired, _) => true,
        }
    }
}

/// One record's state, or that of a whole batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InFlight {
    /// What has become of it.
    pub state: RecordState,
    /// How often it was delivered.
    pub delivery_count: u32,
    /// The member id of who has it.
    pub member: Option<Arc<str>>,
    /// When the acquisition lock ends (S5).
    pub locked_until: Option<SimTime>,
}

impl InFlight {
    /// A state that nobody holds.
    pub(super) fn free(state: RecordState, delivery_count: u32) -> InFlight {
        InFlight { state, delivery_count, member: None, locked_until: None }
    }

    /// A first delivery.
    pub(super) fn acquired(member: &Arc<str>, locked_until: SimTime) -> InFlight {
        InFlight { state: RecordState::Acquired, delivery_count: 1, member: Some(Arc::clone(member)), locked_until: Some(locked_until) }
    }

    /// Delivers it once more. False if that cannot be.
    pub(super) fn acquire(&mut self, member: &Arc<str>, locked_until: SimTime) -> bool {
        if !self.state.may_become(RecordState::Acquired) {
            return false;
        }
        let delivery_count = self.delivery_count + 1;
        *self = InFlight { delivery_count, ..InFlight::acquired(member, locked_until) };
        true
    }

    /// Takes it out of its holder's hands. What would be available again at the limit of deliveries is archived (S6).
    /// False if that cannot be.
    pub(super) fn settle(&mut self, state: RecordState, delivery_count_max: u32) -> bool {
        let at_limit = state == RecordState::Available && self.delivery_count >= delivery_count_max;
        let state = if at_limit { RecordState::Archived } else { state };
        if !self.state.may_become(state) {
            return false;
        }
        *self = InFlight::free(state, self.delivery_count);
        true
    }

    /// Archives it whatever it was.
    pub(super) fn archive(&mut self) {
        *self = InFlight::free(RecordState::Archived, self.delivery_count);
    }

    pub(super) fn is_available(&self) -> bool {
        self.state == RecordState::Available
    }

    pub(super) fn is_acquired(&self) -> bool {
        self.state == RecordState::Acquired
    }

    pub(super) fn is_held_by(&self, member: &str) -> bool {
        self.member.as_deref() == Some(member)
    }
}

/// The states of a batch: one for all its records as long as they share it, else one each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum States {
    Whole(InFlight),
    Each(Vec<InFlight>),
}

/// Records that were acquired together for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InFlightBatch {
    /// The first offset.
    pub first: u64,
    /// The last offset.
    pub last: u64,
    pub(super) states: States,
}

impl InFlightBatch {
    pub(super) fn new(first: u64, last: u64, state: InFlight) -> InFlightBatch {
        InFlightBatch { first, last, states: States::Whole(state) }
    }

    /// How many records it has.
    pub fn count(&self) -> u64 {
        self.last - self.first + 1
    }

    /// The state of all its records, if they share one.
    pub(super) fn whole(&self) -> Option<&InFlight> {
        match &self.states {
            States::Whole(state) => Some(state),
            States::Each(_) => None,
        }
    }

    pub(super) fn whole_mut(&mut self) -> Option<&mut InFlight> {
        match &mut self.states {
            States::Whole(state) => Some(state),
            States::Each(_) => None,
        }
    }

    /// The records' states one by one from now on.
    pub(super) fn split(&mut self) -> &mut Vec<InFlight> {
        if let States::Whole(state) = &self.states {
            self.states = States::Each(vec![state.clone(); self.count() as usize]);
        }
        match &mut self.states {
            States::Each(all) => all,
            States::Whole(_) => unreachable!("it was split above"),
        }
    }

    /// The state of a record in it.
    pub fn at(&self, offset: u64) -> Option<&InFlight> {
        if !(self.first..=self.last).contains(&offset) {
            return None;
        }
        match &self.states {
            States::Whole(state) => Some(state),
            States::Each(all) => all.get((offset - self.first) as usize),
        }
    }

    /// Every record's offset and state.
    pub fn each(&self) -> impl Iterator<Item = (u64, &InFlight)> {
        (self.first..=self.last).filter_map(|offset| Some((offset, self.at(offset)?)))
    }

    /// Whether it lies within the offsets as a whole.
    pub(super) fn lies_in(&self, first: u64, last: u64) -> bool {
        self.first >= first && self.last <= last
    }
}
