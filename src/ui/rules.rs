//! Which rule of the semantics stands behind what the page shows: things, facts, faults. Every number has a line in the
//! Fidelity view. Knows nothing of the DOM, and is tested natively.

use crate::fault::FaultKind;
use crate::pipeline::Word;
use crate::player::Thing;

/// The rules that say how a thing behaves.
pub(crate) fn of_thing(thing: Thing) -> &'static [&'static str] {
    match thing {
        Thing::Client => &["F10", "F9"],
        Thing::Api | Thing::Handler => &["F1", "F2"],
        Thing::Account(_) => &["F2", "F9"],
        Thing::WriteDb => &["F3", "F6"],
        Thing::Outbox | Thing::Relay => &["F8", "F6"],
        Thing::Broker(_) => &["B4", "B5"],
        Thing::Topic(_) | Thing::Partition { .. } => &["A5", "B1", "B7"],
        Thing::Record { .. } => &["A1", "B1", "B4"],
        Thing::Group(_) => &["C1", "C4", "C5"],
        Thing::Consumer(_) => &["C2", "D0", "D3"],
        Thing::Projection(_) => &["F4", "E5"],
        Thing::QueryApi => &["F9"],
        Thing::Producer(_) => &["A7", "A9", "E1"],
        Thing::Service | Thing::Bean(_) | Thing::Table(_) => &["F7"],
        Thing::Link(_) | Thing::Flight(_) => &["network"],
    }
}

/// The rules that say how a share group and its consumers behave.
pub(crate) const OF_SHARES: [&str; 4] = ["S1", "S4", "S5", "S8"];

/// The rule that a fault shows.
pub(crate) fn of_fault(kind: FaultKind) -> &'static str {
    use FaultKind as K;
    match kind {
        K::LinkSlow | K::LinkSevered | K::RequestLost => "network",
        K::ResponseLost | K::RequestDuplicated => "A9",
        K::ApiCrash | K::ApiPause | K::CompletionDropped => "F10",
        K::ApiCrashAfterCommit | K::ApiCrashBeforeCommit => "F6",
        K::CommitFails => "F2",
        K::RelayCrash | K::RelayPause | K::RelayCrashAfterPublish => "F8",
        K::WriteDbSlow | K::WriteDbDown => "disk",
        K::BrokerKilled | K::BrokerStopped | K::BrokerSlow | K::UncleanElection => "B5",
        K::ReplicaSlow => "B4",
        K::CoordinatorLost => "C1",
        K::RetentionOvertakes => "B11",
        K::ConsumerKilled | K::ConsumerStopped | K::ConsumerStalled => "C2",
        K::ListenerThrows | K::ListenerThrowsFatal => "D8",
        K::ListenerNacks => "D6",
        K::AckForgotten => "D4",
        K::AckOutOfOrder => "D5",
        K::AckBeforeEffect | K::CrashAfterEffect | K::CrashBeforeEffect | K::CrashBeforeCommit => "D18",
        K::ListenerSlow => "C2",
        K::CrashAfterDeadLetter => "D12",
        K::PoisonPill => "D14",
        K::ReadDbSlow | K::ReadDbDown | K::QueryDown => "F9",
        K::EventListenerThrows => "F7",
        K::TransactionCrash => "E2",
        K::TransactionStalled => "E1",
        K::SecondInstance => "E3",
        K::ListenerThrowsError => "D8",
        K::BatchRecordFails => "D10",
        K::NullKey => "A6",
        K::Tombstone => "B10",
        K::FutureTimestamp => "A11",
    }
}

/// The rule that says why a fact is as it is, where one does.
pub(crate) fn of_word(word: Word) -> Option<&'static str> {
    use Word as W;
    Some(match word {
        W::Acknowledged | W::ProduceRefused => "A7",
        W::BatchRetried | W::BatchFailed | W::RequestTimedOut => "A8",
        W::DuplicateBatch | W::ProducerId | W::ProducerIdentity => "A9",
        W::Appended | W::LogStart => "B1",
        W::HighWatermark | W::Replicated => "B4",
        W::IsrChanged | W::LeaderElected | W::BrokerDown | W::BrokerFenced | W::Truncated => "B5",
        W::SegmentDeleted | W::SegmentRolled => "B7",
        W::DeleteRecords => "B9",
        W::Compacted => "B10",
        W::Positioned => "B11",
        W::Joining | W::Joined | W::Group | W::GroupEmpty | W::CoordinatorMoved => "C1",
        W::MemberEvicted | W::MemberLeft | W::Left => "C2",
        W::Rebalanced | W::Rebalancing | W::PartitionsAssigned | W::PartitionsRevoked | W::PartitionsLost => "C4",
        W::OffsetsCommitted => "C5",
        W::Fenced | W::CommitRefused => "C6",
        W::ShareAcquired => "S4",
        W::ShareAcknowledged | W::ShareRenewed | W::ShareSaid | W::ShareThrew => "S8",
        W::NoticeSent | W::NoticeKnown => "E5",
        W::ShareArchived => "S6",
        W::ShareReleased => "S5",
        W::ShareRefused | W::AckAnswered | W::ShareCommit | W::ShareCommitted => "S9",
        W::SharePolled => "S4",
        W::ShareTaken => "S6",
        W::ShareCallThrew => "S16",
        W::ShareStart => "S10",
        W::ShareLoaded => "S12",
        W::OffsetsAltered | W::ResetOffset => "C9",
        W::Polled | W::Delivered | W::BatchDelivered | W::Returned | W::Paused | W::Resumed | W::Idle | W::NoLongerIdle => "D0",
        W::Committed | W::CommittedAsync | W::CommitFailed => "D2",
        W::ApiError => "D3",
        W::Nacked => "D6",
        W::Failed | W::Threw | W::BacksOff => "D8",
        W::Sought => "D9",
        W::BatchRecovered => "D10",
        W::Recovered | W::RecovererCalled | W::RecoveryFailed => "D12",
        W::NotDue => "D13",
        W::PollFailed | W::OtherException => "D14",
        W::Assigned | W::Revoked | W::Lost => "D17",
        W::TxBegun | W::TxCommitted | W::TxAborted | W::TxOffsets => "E4",
        W::TxnBegun | W::TxnDecided | W::TxnEnded | W::Marker => "E1",
        W::ProducerFenced => "E3",
        W::DuplicateSkipped | W::VersionSkipped | W::GapParked | W::GapFilled => "E5",
        W::CommandAccepted | W::CommandRejected | W::CommandDuplicate => "F1",
        W::CommandConflicted => "F2",
        W::CommandUnpublished | W::PublishFailed => "F6",
        W::OutboxWritten | W::OutboxMarked | W::Publishing | W::Published => "F8",
        W::QueryAnswered => "F9",
        W::StatusInProgress | W::CompletionNoticed | W::NoticeLost => "F10",
        W::ListenerCalled | W::ListenerDone | W::AsyncUncaught | W::PublishThrew | W::ContextFailed => "F7",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::fidelity::FIDELITY;

    #[test]
    fn every_rule_has_its_line() {
        let faults = FaultKind::all().iter().map(|kind| of_fault(*kind));
        let things = [Thing::Client, Thing::Api, Thing::Relay, Thing::Broker(0), Thing::Topic(0), Thing::Group(0), Thing::Consumer(0)];
        let rest = [Thing::WriteDb, Thing::Account(0), Thing::Projection(0), Thing::QueryApi, Thing::Producer(0), Thing::Service];
        let records = [Thing::Record { topic: 0, partition: 0, offset: 0 }, Thing::Flight(0)];
        let things = things.into_iter().chain(rest).chain(records).flat_map(|thing| of_thing(thing).iter().copied());
        let words = [Word::Nacked, Word::Appended, Word::Committed, Word::Marker, Word::NotDue].into_iter().filter_map(of_word);
        for rule in faults.chain(things).chain(words).chain(OF_SHARES) {
            assert!(FIDELITY.iter().any(|row| row.rule == rule), "{rule} has no line in the Fidelity view");
        }
    }
}
