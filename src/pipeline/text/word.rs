//! The words of the trace: one for each kind of fact. They never change once released, because golden traces and filters use them.

use std::fmt;

macro_rules! words {
    ($($variant:ident = $text:literal;)*) => {
        /// What happened, in one word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)] // each is explained where its fact is declared
        pub enum Word {
            $($variant,)*
        }

        impl Word {
            /// The word as it stands in a trace.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Word::$variant => $text,)*
                }
            }
        }
    };
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

words! {
    AckAnswered = "ack_answered";
    Acknowledged = "acknowledged";
    AddPartitions = "add_partitions";
    Answered = "answered";
    ApiError = "api_error";
    Appended = "appended";
    Applied = "applied";
    ApplyFailed = "apply_failed";
    Assigned = "assigned";
    AsyncUncaught = "async_uncaught";
    AwaitsDecision = "awaits_decision";
    BacksOff = "backs_off";
    BatchDelivered = "batch_delivered";
    BatchFailed = "batch_failed";
    BatchRecovered = "batch_recovered";
    BatchRetried = "batch_retried";
    BatchSent = "batch_sent";
    BrokerDown = "broker_down";
    BrokerFenced = "broker_fenced";
    BrokerUp = "broker_up";
    ByHand = "by_hand";
    CallerReturned = "caller_returned";
    CallerThrew = "caller_threw";
    ChannelDown = "channel_down";
    ChannelUp = "channel_up";
    ClientGaveUp = "client_gave_up";
    ClientSaturated = "client_saturated";
    CommandAccepted = "command_accepted";
    CommandConflicted = "command_conflicted";
    CommandDuplicate = "command_duplicate";
    CommandIssued = "command_issued";
    CommandReceived = "command_received";
    CommandRejected = "command_rejected";
    CommandRetried = "command_retried";
    CommandUnavailable = "command_unavailable";
    CommandUnpublished = "command_unpublished";
    CommitAnswered = "commit_answered";
    CommitFailed = "commit_failed";
    CommitRefused = "commit_refused";
    Committed = "committed";
    CommittedAsync = "committed_async";
    Compacted = "compacted";
    CompletionNoticed = "completion_noticed";
    ContextFailed = "context_failed";
    CoordinatorMoved = "coordinator_moved";
    Decide = "decide";
    DeleteRecords = "delete_records";
    Delivered = "delivered";
    DropSnapshots = "drop_snapshots";
    DuplicateBatch = "duplicate_batch";
    DuplicateSkipped = "duplicate_skipped";
    EndFault = "end_fault";
    EventDiscarded = "event_discarded";
    EventListenerCalled = "event_listener_called";
    EventListenerDropped = "event_listener_dropped";
    EventListenerThrew = "event_listener_threw";
    EventListenerUndone = "event_listener_undone";
    EventStored = "event_stored";
    Failed = "failed";
    FaultEnded = "fault_ended";
    FaultLaid = "fault_laid";
    FaultStruck = "fault_struck";
    Fenced = "fenced";
    Fetched = "fetched";
    GapFilled = "gap_filled";
    GapParked = "gap_parked";
    Group = "group";
    GroupEmpty = "group_empty";
    HealAll = "heal_all";
    HighWatermark = "high_watermark";
    Inject = "inject";
    IsrChanged = "isr_changed";
    Joined = "joined";
    Joining = "joining";
    Kill = "kill";
    Killed = "killed";
    Lab = "lab";
    LeaderElected = "leader_elected";
    Left = "left";
    Listener = "listener";
    ListenerCalled = "listener_called";
    ListenerDone = "listener_done";
    LogStart = "log_start";
    Lost = "lost";
    Marker = "marker";
    MemberEvicted = "member_evicted";
    MemberJoined = "member_joined";
    MemberLeft = "member_left";
    Nacked = "nacked";
    NotDue = "not_due";
    NoticeKnown = "notice_known";
    NoticeLost = "notice_lost";
    NoticeRepeated = "notice_repeated";
    NoticeSent = "notice_sent";
    OffsetsAltered = "offsets_altered";
    OffsetsCommitted = "offsets_committed";
    OffsetsFlushed = "offsets_flushed";
    OtherException = "other_exception";
    OutboxMarked = "outbox_marked";
    OutboxWritten = "outbox_written";
    PartitionsAdded = "partitions_added";
    PartitionsAssigned = "partitions_assigned";
    PartitionsLost = "partitions_lost";
    PartitionsRevoked = "partitions_revoked";
    Pause = "pause";
    Paused = "paused";
    PlaceSkipped = "place_skipped";
    PollFailed = "poll_failed";
    Polled = "polled";
    Positioned = "positioned";
    ProcessDown = "process_down";
    ProcessUp = "process_up";
    ProduceRefused = "produce_refused";
    ProducerFenced = "producer_fenced";
    ProducerId = "producer_id";
    ProducerIdentity = "producer_identity";
    PublishFailed = "publish_failed";
    PublishReturned = "publish_returned";
    PublishThrew = "publish_threw";
    Published = "published";
    Publishing = "publishing";
    QueryAnswered = "query_answered";
    QueryFailed = "query_failed";
    QueryIssued = "query_issued";
    Rebalanced = "rebalanced";
    Rebalancing = "rebalancing";
    RebuildView = "rebuild_view";
    Recovered = "recovered";
    RecovererCalled = "recoverer_called";
    RecoveryFailed = "recovery_failed";
    ReplayDeadLetters = "replay_dead_letters";
    Replicated = "replicated";
    ReplyAccepted = "reply_accepted";
    ReplyConflicted = "reply_conflicted";
    ReplyRejected = "reply_rejected";
    ReplyTimeout = "reply_timeout";
    ReplyUnknown = "reply_unknown";
    RequestTimedOut = "request_timed_out";
    ResetOffset = "reset_offset";
    Resume = "resume";
    Resumed = "resumed";
    Idle = "idle";
    NoLongerIdle = "no_longer_idle";
    Returned = "returned";
    Revoked = "revoked";
    RowInserted = "row_inserted";
    RowsCounted = "rows_counted";
    Scale = "scale";
    SegmentDeleted = "segment_deleted";
    SegmentRolled = "segment_rolled";
    SendCommand = "send_command";
    Set = "set";
    ShareAcknowledged = "share_acknowledged";
    ShareAcquired = "share_acquired";
    ShareArchived = "share_archived";
    ShareCallThrew = "share_call_threw";
    ShareCommit = "share_commit";
    ShareCommitted = "share_committed";
    ShareLoaded = "share_loaded";
    SharePolled = "share_polled";
    ShareRefused = "share_refused";
    ShareReleased = "share_released";
    ShareRenewed = "share_renewed";
    ShareSaid = "share_said";
    ShareStart = "share_start";
    ShareTaken = "share_taken";
    ShareThrew = "share_threw";
    SnapshotTaken = "snapshot_taken";
    SnapshotsDropped = "snapshots_dropped";
    Sought = "sought";
    SseConnected = "sse_connected";
    SseDisconnected = "sse_disconnected";
    Start = "start";
    StartFailed = "start_failed";
    Started = "started";
    StatusInProgress = "status_in_progress";
    Stop = "stop";
    Stopped = "stopped";
    Threw = "threw";
    TokenStored = "token_stored";
    TopicCreated = "topic_created";
    Truncated = "truncated";
    TxAborted = "tx_aborted";
    TxBegun = "tx_begun";
    TxCommitted = "tx_committed";
    TxOffsets = "tx_offsets";
    TxnBegun = "txn_begun";
    TxnDecided = "txn_decided";
    TxnEnded = "txn_ended";
    VersionSkipped = "version_skipped";
    ViewCleared = "view_cleared";
    ViewRebuilt = "view_rebuilt";
    Violation = "violation";
}
