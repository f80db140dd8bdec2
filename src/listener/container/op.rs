//! The operations of a consumer thread. What they do stands next to what they belong to.

use std::sync::Arc;

use crate::broker::{NewRecord, TopicPartition};
use crate::kernel::SimTime;
use crate::listener::{Action, BackOffExecution, Exception, Offsets, StopReason};

/// One thing that a consumer thread still has to do, or waits for, or would catch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Op {
    // --- the loop (D0) ---
    /// One iteration of `pollAndInvoke`; also what an exception out of it comes to.
    Iterate,
    /// `doProcessCommits`.
    LoopCommits,
    /// `idleBetweenPolls`.
    Idle,
    /// `pauseConsumerIfNecessary`, `pausePartitionsIfNecessary`.
    PauseIfNecessary,
    /// `poll`.
    Poll,
    /// Waits for the poll's answer.
    AwaitPoll,
    /// COUNT at an empty poll, then the listener for what was polled.
    Invoke,
    /// `resumeConsumerIfNecessary`, `resumePartitionsIfNecessary`.
    ResumeIfNecessary,
    /// `wrapUp`.
    WrapUp(StopReason),
    /// `consumer.close()`.
    Close,
    /// Waits for it.
    AwaitClose,
    /// The thread is over.
    End,

    // --- plumbing ---
    /// Throws.
    Throw(Exception),
    /// Waits for a timer; a stop cuts it short if `stoppable`.
    AwaitTimer {
        /// Which.
        token: u64,
        /// Whether a stop of the container ends it.
        stoppable: bool,
    },

    // --- commits ---
    /// `processCommits`.
    ProcessCommits,
    /// `commitIfNecessary`.
    CommitIfNecessary,
    /// `commitPendingAcks`: whatever waits is committed.
    CommitPendingAcks,
    /// Commits these next offsets.
    Commit(Offsets),
    /// Waits for the answer to a commitSync.
    AwaitCommit {
        /// Which.
        token: u64,
        /// What is being committed.
        offsets: Offsets,
        /// How often it was tried again.
        retries: u32,
    },
    /// `checkRebalanceCommits`.
    RebalanceCommits,
    /// The commit that was due is made: counting begins anew, and the time to the next if the mode looks at it.
    CountAnew {
        /// When the commit was begun.
        time: Option<SimTime>,
    },

    // --- rebalance callbacks ---
    /// What the revocation leaves behind; then the callback is over.
    AfterRevoked(Vec<TopicPartition>),
    /// The rest of an assignment: the listener's callback, then the error handler's.
    AfterAssigned(Vec<TopicPartition>),
    /// Waits for the positions to commit at the assignment (D17).
    AwaitInitialPositions {
        /// Which.
        token: u64,
    },
    /// The callback is over.
    CallbackDone,

    // --- record listener ---
    /// The next record of the batch, if any.
    NextRecord,
    /// nack and immediate pause are looked at.
    AfterRecord,
    /// Checks and calls the listener with the current record.
    Listen,
    /// `ackCurrent` and what follows it in `invokeOnMessage`.
    AfterListen,
    /// `handleNack`: seeks from the current record on, then the pause.
    SeekForNack {
        /// The index in the batch from which it is sought.
        from: u32,
    },
    /// `commitOffsetsIfNeededAfterHandlingError` for the current record.
    AckHandled,

    // --- batch listener ---
    /// Calls the listener with the batch.
    ListenBatch,
    /// Acknowledges what the mode says, or handles a nack.
    AfterListenBatch,
    /// `commitOffsetsIfNeededAfterHandlingError` for the batch.
    AckHandledBatch,

    // --- inside a listener call ---
    /// The next action of a program.
    Actions {
        /// The actions.
        actions: Arc<[Action]>,
        /// The next one.
        at: u32,
    },
    /// A kept Acknowledgment of the record with this value is acknowledged.
    AckKept(Arc<str>),
    /// The call ends: normally, or with the exception that passes.
    EndOfCall,
    /// Waits for the application.
    AwaitApplication {
        /// Which call.
        token: u64,
    },
    /// Waits for a latch.
    AwaitLatch {
        /// Which.
        latch: Arc<str>,
    },
    /// Waits for a viewer.
    AwaitDecision,
    /// Waits for the answer to a send.
    AwaitSend {
        /// Which.
        token: u64,
    },

    // --- error handling ---
    /// `handleRemaining` from this index on: recovered or not, then the seeks.
    SeekOrRecover {
        /// The failed record's index in the batch.
        from: u32,
        /// What it failed with.
        exception: Exception,
        /// Whether an after-rollback processor does it.
        after_rollback: bool,
    },
    /// `FailedRecordTracker#recovered`; leaves its answer in `recovered`.
    Recover {
        /// The failed record's index in the batch.
        index: u32,
        /// What it failed with.
        exception: Exception,
        /// Whether an after-rollback processor asks.
        after_rollback: bool,
    },
    /// The recoverer returned for one record.
    RecovererReturned {
        /// The failed record's index in the batch.
        index: u32,
        /// What the record failed with.
        exception: Exception,
        /// Whether a tracked failure is forgotten.
        tracked: bool,
        /// Whether an after-rollback processor asked.
        after_rollback: bool,
    },
    /// The seeks after `Recover`.
    SeekRemaining {
        /// The failed record's index in the batch.
        from: u32,
        /// Whether an after-rollback processor does it.
        after_rollback: bool,
    },
    /// `handleOne` is over: keep the rest in memory unless it was recovered (D9).
    HandledOne,
    /// The recovered record of a batch is committed (D10).
    CommitRecoveredOfBatch {
        /// Its index.
        index: u32,
    },
    /// What `FailedBatchProcessor` does after the records before the index are committed.
    FailedInBatch {
        /// The failed record's index.
        index: u32,
        /// What it failed with.
        exception: Exception,
    },
    /// Without seeks: the rest of the batch is kept in memory.
    KeepRestOfBatch {
        /// The failed record's index.
        index: u32,
    },
    /// `ErrorHandlingUtils.retryBatch`: the next turn.
    RetryBatch {
        /// The number of the next attempt.
        attempt: u32,
        /// The state of the back off.
        execution: BackOffExecution,
        /// The last exception.
        exception: Exception,
    },
    /// Between the sleep and the listener of a batch retry.
    RetryBatchNow {
        /// Its number.
        attempt: u32,
        /// The back off so far.
        execution: BackOffExecution,
    },
    /// A sleep with polls in it, so that the member keeps its place in the group.
    SleepPolling {
        /// What is left, in microseconds.
        us: u64,
        /// How long it sleeps at a time.
        step_us: u64,
        /// Whether it has slept before.
        again: bool,
    },
    /// `conditionalSleepWithPoll` after one sleep: polls, but for the first time, and goes on.
    SleptPolling {
        /// What is left, in microseconds.
        us: u64,
        /// How long it sleeps at a time.
        step_us: u64,
        /// Whether it had slept before.
        again: bool,
    },
    /// `poll(0)` while a batch is retried.
    ShortPoll,
    /// Waits for it.
    AwaitShortPoll,
    /// The recoverer for each record of the batch, from this one on.
    RecoverBatch {
        /// The next index.
        index: u32,
        /// The last exception.
        exception: Exception,
    },
    // --- transactions (E4) ---
    /// `beginTransaction`.
    Begin,
    /// `ListenerConsumer#sendOffsetsToTransaction`: what is acknowledged goes into the transaction.
    SendOffsets,
    /// `doSendOffsets`: these next offsets go into the transaction.
    SendToTransaction(Offsets),
    /// `commitTransaction`.
    CommitTransaction,
    /// `abortTransaction`.
    AbortTransaction,
    /// After a rollback the whole batch is sought again; then the back off.
    SeekBatchAgain,
    /// Waits for an answer of the transactional producer.
    AwaitTransaction {
        /// Which.
        token: u64,
        /// What is told when it succeeds.
        step: TransactionStep,
    },

    // --- what catches ---
    /// A failed commit is logged, nothing more.
    CatchCommitFailed,
    /// Any exception but an Error is logged, nothing more.
    CatchAny,
    /// A call of an Acknowledgment: its exception is told.
    ApiCall {
        /// Which call.
        call: &'static str,
        /// For a kept Acknowledgment the record's value; the exception then goes no further.
        kept: Option<Arc<str>>,
    },
    /// A program's own `catch`.
    CatchProgram(Arc<[Action]>),
    /// The error handler for the current record.
    CatchRecord,
    /// The error handler for the batch.
    CatchBatch,
    /// An exception of a retried batch.
    CatchRetry {
        /// The number of the attempt that failed.
        attempt: u32,
        /// The state of the back off.
        execution: BackOffExecution,
    },
    /// A recoverer throws.
    CatchRecoverer {
        /// The failed record's index.
        index: u32,
        /// Whether a tracked failure is forgotten.
        tracked: bool,
        /// Whether an after-rollback processor asked.
        after_rollback: bool,
    },
    /// A recoverer of a batch throws: the whole batch is sought.
    CatchBatchRecoverer,
    /// However it ends: the partitions that a batch retry paused are resumed.
    FinallyResume,
    /// However it ends: the transaction is aborted.
    Rollback,
    /// A recoverer's own transaction is aborted if its send fails; the exception goes on.
    AbortLetter,

    // --- what a recoverer does ---
    /// A recoverer sends a record and waits for the answer.
    Publish(Box<Letter>),

    // --- what follows a rollback that fails (last, so that the digests of runs without one stay as they are) ---
    /// A failed abort is logged, nothing more, unless the producer was fenced: that ends the poll (E4).
    CatchAbort,
    /// However the transaction of the after-rollback processor ends: it is aborted, and not processed again.
    RollbackAgain,
    /// What no transaction has finished is sought again.
    SeekUnprocessed,
}

/// A record that a recoverer sends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Letter {
    /// Where to.
    pub(super) topic: Arc<str>,
    /// The wanted partition.
    pub(super) partition: u32,
    /// Whether to look if that is there.
    pub(super) verify_partition: bool,
    /// What.
    pub(super) record: NewRecord,
}

/// What an answer of the transactional producer was about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum TransactionStep {
    Begun,
    OffsetsSent(Offsets),
    Committed,
    Aborted,
}
