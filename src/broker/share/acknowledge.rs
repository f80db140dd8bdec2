//! What members say of the records that they have (S8, S9; `SharePartition#acknowledge`). All of a request's batches count, or
//! none does.

use super::{InFlight, RecordState, ShareLimits, SharePartition, StateBatch};
use crate::broker::ErrorCode;
use crate::kernel::SimTime;

/// What a member says of a record (`AcknowledgeType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum AckType {
    /// There is no record at this offset.
    Gap,
    /// It is done.
    Accept,
    /// Somebody may try it again.
    Release,
    /// Nobody needs to try it again.
    Reject,
    /// It takes longer: the lock begins anew.
    Renew,
}

impl AckType {
    /// The name as Kafka writes it in a script.
    pub const fn name(self) -> &'static str {
        match self {
            AckType::Gap => "gap",
            AckType::Accept => "accept",
            AckType::Release => "release",
            AckType::Reject => "reject",
            AckType::Renew => "renew",
        }
    }

    /// The types that an application can give.
    pub const ALL: [AckType; 4] = [AckType::Accept, AckType::Release, AckType::Reject, AckType::Renew];

    /// The state that it leads to; none for a renewal.
    const fn state(self) -> Option<RecordState> {
        match self {
            AckType::Gap | AckType::Reject => Some(RecordState::Archived),
            AckType::Accept => Some(RecordState::Acknowledged),
            AckType::Release => Some(RecordState::Available),
            AckType::Renew => None,
        }
    }
}

/// Acknowledgements of neighbouring records: one type for all of them, or one each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AckBatch {
    /// The first offset.
    pub first: u64,
    /// The last offset.
    pub last: u64,
    /// One type, or one for each offset.
    pub types: Vec<AckType>,
}

impl AckBatch {
    fn at(&self, offset: u64) -> AckType {
        let place = if self.types.len() > 1 { (offset - self.first) as usize } else { 0 };
        self.types.get(place).copied().unwrap_or(AckType::Gap)
    }
}

/// What acknowledgements have changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::broker) struct Acknowledged {
    /// States that are to be written, with the type that led to each.
    pub(in crate::broker) settled: Vec<(StateBatch, AckType)>,
    /// Offsets whose locks were renewed.
    pub(in crate::broker) renewed: Vec<(u64, u64)>,
}

/// A change that can be taken back.
struct Undo {
    batch: u64,
    /// `None`: the state of the whole batch.
    offset: Option<u64>,
    was: InFlight,
}

/// Who acknowledges, when.
struct Holder<'a> {
    now: SimTime,
    member: &'a str,
    limits: &'a ShareLimits,
}

impl SharePartition {
    /// Takes a member's acknowledgements.
    ///
    /// # Errors
    /// `InvalidRecordState` if the member does not hold what it speaks of, `InvalidRequest` if nobody ever did; then nothing
    /// has changed.
    pub(in crate::broker) fn acknowledge(
        &mut self,
        now: SimTime,
        member: &str,
        acks: &[AckBatch],
        limits: &ShareLimits,
    ) -> Result<Acknowledged, ErrorCode> {
        let (mut done, mut undo, complete_count) = (Acknowledged::default(), Vec::new(), self.complete_count);
        let (holder, start) = (Holder { now, member, limits }, self.start);
        for ack in acks.iter().filter(|ack| ack.last >= start) {
            if let Err(error) = self.acknowledge_batch(&holder, ack, &mut done, &mut undo) {
                self.take_back(undo);
                self.complete_count = complete_count;
                return Err(error);
            }
        }
        Ok(done)
    }

    fn take_back(&mut self, undo: Vec<Undo>) {
        for Undo { batch, offset, was } in undo.into_iter().rev() {
            let Some(batch) = self.batches.get_mut(&batch) else { continue };
            match offset {
                None => *batch = super::InFlightBatch::new(batch.first, batch.last, was),
                Some(offset) => {
                    let place = (offset - batch.first) as usize;
                    batch.split()[place] = was;
                }
            }
        }
    }

    /// The batches in flight that an acknowledgement speaks of (`fetchSubMapForAcknowledgementBatch`).
    fn spoken_of(&self, ack: &AckBatch) -> Result<Vec<u64>, ErrorCode> {
        let floor = match self.floor(ack.first) {
            Some(batch) => batch.first,
            None if ack.first < self.start && ack.last >= self.start => {
                self.floor(self.start).map(|b| b.first).ok_or(ErrorCode::InvalidRecordState)?
            }
            None => return Err(ErrorCode::InvalidRecordState),
        };
        let keys: Vec<u64> = self.batches.range(floor..=ack.last).map(|(key, _)| *key).collect();
        let end = keys.last().and_then(|key| self.batches.get(key)).map_or(0, |b| b.last);
        if end < ack.first || ack.last > end { Err(ErrorCode::InvalidRequest) } else { Ok(keys) }
    }

    fn acknowledge_batch(
        &mut self,
        holder: &Holder,
        ack: &AckBatch,
        done: &mut Acknowledged,
        undo: &mut Vec<Undo>,
    ) -> Result<(), ErrorCode> {
        let start = self.start;
        for key in self.spoken_of(ack)? {
            let Some(batch) = self.batches.get_mut(&key).filter(|b| b.last >= start) else { continue };
            if batch.whole().is_some_and(|state| !state.is_held_by(holder.member)) {
                return Err(ErrorCode::InvalidRecordState);
            }
            let start_within = batch.first < start;
            let in_parts = !batch.lies_in(ack.first, ack.last) || ack.types.len() > 1 || start_within;
            match batch.whole_mut().filter(|_| !in_parts) {
                Some(state) => {
                    let was = state.clone();
                    let (first, last) = (batch.first, batch.last);
                    let complete = settle(holder, state_of(&mut batch.states), ack.at(first), (first, last), done)?;
                    undo.push(Undo { batch: key, offset: None, was });
                    self.complete_count += complete;
                }
                None => {
                    let first = batch.first;
                    for (offset, state) in (first..).zip(batch.split().iter_mut()) {
                        if offset < ack.first || offset < start {
                            continue;
                        }
                        if offset > ack.last {
                            break;
                        }
                        if !state.is_acquired() || !state.is_held_by(holder.member) {
                            return Err(ErrorCode::InvalidRecordState);
                        }
                        let was = state.clone();
                        let complete = settle(holder, state, ack.at(offset), (offset, offset), done)?;
                        undo.push(Undo { batch: key, offset: Some(offset), was });
                        self.complete_count += complete;
                    }
                }
            }
        }
        Ok(())
    }
}

fn state_of(states: &mut super::in_flight::States) -> &mut InFlight {
    match states {
        super::in_flight::States::Whole(state) => state,
        super::in_flight::States::Each(_) => unreachable!("the caller has found one state for the whole batch"),
    }
}

/// Changes one state as the member says. How many records are finished by it.
fn settle(holder: &Holder, state: &mut InFlight, ack: AckType, of: (u64, u64), done: &mut Acknowledged) -> Result<u64, ErrorCode> {
    if !state.is_acquired() {
        return Err(ErrorCode::InvalidRecordState);
    }
    let Some(next) = ack.state() else {
        state.locked_until = Some(SharePartition::lock_end(holder.now, holder.limits));
        done.renewed.push(of);
        return Ok(0);
    };
    if !state.settle(next, holder.limits.delivery_count_max) {
        return Err(ErrorCode::InvalidRecordState);
    }
    let batch = StateBatch { first: of.0, last: of.1, state: state.state, delivery_count: state.delivery_count };
    done.settled.push((batch, ack));
    Ok(if state.state.is_terminal() { of.1 - of.0 + 1 } else { 0 })
}
