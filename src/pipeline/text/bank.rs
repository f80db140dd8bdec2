//! Facts of the bank in words.

use super::{Word, Words};
use crate::bank::FactKind;

/// What happened in the bank, and the details. The bank says name and details in one.
pub(super) fn bank_words(kind: &FactKind) -> Words {
    let text = kind.to_string();
    (word(kind), text.strip_prefix(kind.name()).unwrap_or(&text).trim_start().to_owned())
}

fn word(kind: &FactKind) -> Word {
    use FactKind as F;
    match kind {
        F::CommandIssued { .. } => Word::CommandIssued,
        F::CommandRetried { .. } => Word::CommandRetried,
        F::CommandReceived { .. } => Word::CommandReceived,
        F::CommandRejected { .. } => Word::CommandRejected,
        F::CommandConflicted { .. } => Word::CommandConflicted,
        F::CommandDuplicate { .. } => Word::CommandDuplicate,
        F::CommandAccepted { .. } => Word::CommandAccepted,
        F::CommandUnavailable { .. } => Word::CommandUnavailable,
        F::CommandUnpublished { .. } => Word::CommandUnpublished,
        F::EventStored { .. } => Word::EventStored,
        F::OutboxWritten { .. } => Word::OutboxWritten,
        F::SnapshotTaken { .. } => Word::SnapshotTaken,
        F::SnapshotsDropped { .. } => Word::SnapshotsDropped,
        F::TokenStored { .. } => Word::TokenStored,
        F::OffsetsFlushed { .. } => Word::OffsetsFlushed,
        F::Publishing { .. } => Word::Publishing,
        F::Published { .. } => Word::Published,
        F::PublishFailed { .. } => Word::PublishFailed,
        F::EventListenerCalled { .. } => Word::EventListenerCalled,
        F::EventListenerThrew { .. } => Word::EventListenerThrew,
        F::EventListenerUndone { .. } => Word::EventListenerUndone,
        F::EventListenerDropped { .. } => Word::EventListenerDropped,
        F::EventDiscarded { .. } => Word::EventDiscarded,
        F::OutboxMarked { .. } => Word::OutboxMarked,
        F::Applied { .. } => Word::Applied,
        F::DuplicateSkipped { .. } => Word::DuplicateSkipped,
        F::PlaceSkipped { .. } => Word::PlaceSkipped,
        F::ViewCleared { .. } => Word::ViewCleared,
        F::ViewRebuilt { .. } => Word::ViewRebuilt,
        F::VersionSkipped { .. } => Word::VersionSkipped,
        F::GapParked { .. } => Word::GapParked,
        F::GapFilled { .. } => Word::GapFilled,
        F::ApplyFailed { .. } => Word::ApplyFailed,
        F::QueryIssued { .. } => Word::QueryIssued,
        F::QueryAnswered { .. } => Word::QueryAnswered,
        F::QueryFailed { .. } => Word::QueryFailed,
        F::ReplyAccepted { .. } => Word::ReplyAccepted,
        F::ReplyRejected { .. } => Word::ReplyRejected,
        F::ReplyConflicted { .. } => Word::ReplyConflicted,
        F::ReplyUnknown { .. } => Word::ReplyUnknown,
        F::ReplyTimeout { .. } => Word::ReplyTimeout,
        F::StatusInProgress { .. } => Word::StatusInProgress,
        F::CompletionNoticed { .. } => Word::CompletionNoticed,
        F::NoticeRepeated { .. } => Word::NoticeRepeated,
        F::ChannelDown { .. } => Word::ChannelDown,
        F::ChannelUp { .. } => Word::ChannelUp,
        F::NoticeLost { .. } => Word::NoticeLost,
        F::ClientGaveUp { .. } => Word::ClientGaveUp,
        F::ClientSaturated { .. } => Word::ClientSaturated,
        F::SseDisconnected { .. } => Word::SseDisconnected,
        F::SseConnected { .. } => Word::SseConnected,
        F::ProcessDown { .. } => Word::ProcessDown,
        F::ProcessUp { .. } => Word::ProcessUp,
    }
}
