//! Error codes on the wire, and the exceptions that the Java clients make of them. Knows no recovery policy.

/// What a broker answers when it cannot do what was asked (`org.apache.kafka.common.protocol.Errors`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the names are Kafka's own
pub enum ErrorCode {
    UnknownTopicOrPartition,
    LeaderNotAvailable,
    NotLeaderOrFollower,
    RequestTimedOut,
    /// The connection was refused or broken; made by the network, not by a broker.
    NetworkDisconnect,
    MessageTooLarge,
    RecordListTooLarge,
    NotEnoughReplicas,
    NotEnoughReplicasAfterAppend,
    InvalidTimestamp,
    InvalidRecord,
    OutOfOrderSequence,
    DuplicateSequence,
    InvalidProducerEpoch,
    ProducerFenced,
    ConcurrentTransactions,
    InvalidTxnState,
    TransactionalIdNotFound,
    OffsetOutOfRange,
    OffsetNotAvailable,
    FencedLeaderEpoch,
    UnknownLeaderEpoch,
    CoordinatorNotAvailable,
    NotCoordinator,
    IllegalGeneration,
    UnknownMemberId,
    RebalanceInProgress,
    InconsistentGroupProtocol,
    MemberIdRequired,
    FencedInstanceId,
    GroupMaxSizeReached,
    UnreleasedInstanceId,
    FencedMemberEpoch,
    StaleMemberEpoch,
    GroupIdNotFound,
    GroupSubscribedToTopic,
    NonEmptyGroup,
    InvalidConfig,
    InvalidRequest,
    InvalidSessionTimeout,
    TopicAlreadyExists,
    InvalidPartitions,
    InvalidReplicationFactor,
    InvalidRecordState,
    ShareSessionNotFound,
    InvalidShareSessionEpoch,
    UnstableOffsetCommit,
    PolicyViolation,
}

/// The codes whose Java class extends `RetriableException`.
const RETRIABLE: [ErrorCode; 16] = [
    ErrorCode::UnknownTopicOrPartition,
    ErrorCode::LeaderNotAvailable,
    ErrorCode::NotLeaderOrFollower,
    ErrorCode::RequestTimedOut,
    ErrorCode::NetworkDisconnect,
    ErrorCode::NotEnoughReplicas,
    ErrorCode::NotEnoughReplicasAfterAppend,
    ErrorCode::ConcurrentTransactions,
    ErrorCode::OffsetNotAvailable,
    ErrorCode::FencedLeaderEpoch,
    ErrorCode::UnknownLeaderEpoch,
    ErrorCode::CoordinatorNotAvailable,
    ErrorCode::NotCoordinator,
    ErrorCode::UnstableOffsetCommit,
    ErrorCode::ShareSessionNotFound,
    ErrorCode::InvalidShareSessionEpoch,
];

/// The exception that an application sees: the simple name of the Java class, and its cause if that is Kafka's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KafkaException {
    /// The simple class name, such as `CommitFailedException`.
    pub class: &'static str,
    /// The cause's simple class name.
    pub cause: Option<&'static str>,
    /// The offset, for a `RecordDeserializationException`.
    pub offset: Option<u64>,
}

impl KafkaException {
    /// Whether it is a `RetriableException` of Kafka.
    pub fn is_retriable(&self) -> bool {
        // Two that no code stands for: made by the client itself.
        ["BufferExhaustedException", "NetworkException"].contains(&self.class)
            || RETRIABLE.iter().any(|code| code.exception_class() == self.class)
    }

    /// An exception without a cause.
    pub const fn new(class: &'static str) -> Self {
        KafkaException { class, cause: None, offset: None }
    }

    /// An exception with a cause.
    pub const fn caused(class: &'static str, cause: &'static str) -> Self {
        KafkaException { class, cause: Some(cause), offset: None }
    }
}

impl ErrorCode {
    /// The simple name of the exception that the Java clients make of this code (`Errors.exception`).
    pub const fn exception_class(self) -> &'static str {
        match self {
            ErrorCode::UnknownTopicOrPartition => "UnknownTopicOrPartitionException",
            ErrorCode::LeaderNotAvailable => "LeaderNotAvailableException",
            ErrorCode::NotLeaderOrFollower => "NotLeaderOrFollowerException",
            ErrorCode::RequestTimedOut => "TimeoutException",
            ErrorCode::NetworkDisconnect => "DisconnectException",
            ErrorCode::MessageTooLarge => "RecordTooLargeException",
            ErrorCode::RecordListTooLarge => "RecordBatchTooLargeException",
            ErrorCode::NotEnoughReplicas => "NotEnoughReplicasException",
            ErrorCode::NotEnoughReplicasAfterAppend => "NotEnoughReplicasAfterAppendException",
            ErrorCode::InvalidTimestamp => "InvalidTimestampException",
            ErrorCode::InvalidRecord => "InvalidRecordException",
            ErrorCode::OutOfOrderSequence => "OutOfOrderSequenceException",
            ErrorCode::DuplicateSequence => "DuplicateSequenceException",
            ErrorCode::InvalidProducerEpoch => "InvalidProducerEpochException",
            ErrorCode::ProducerFenced => "ProducerFencedException",
            ErrorCode::ConcurrentTransactions => "ConcurrentTransactionsException",
            ErrorCode::InvalidTxnState => "InvalidTxnStateException",
            ErrorCode::TransactionalIdNotFound => "TransactionalIdNotFoundException",
            ErrorCode::OffsetOutOfRange => "OffsetOutOfRangeException",
            ErrorCode::OffsetNotAvailable => "OffsetNotAvailableException",
            ErrorCode::FencedLeaderEpoch => "FencedLeaderEpochException",
            ErrorCode::UnknownLeaderEpoch => "UnknownLeaderEpochException",
            ErrorCode::CoordinatorNotAvailable => "CoordinatorNotAvailableException",
            ErrorCode::NotCoordinator => "NotCoordinatorException",
            ErrorCode::IllegalGeneration => "IllegalGenerationException",
            ErrorCode::UnknownMemberId => "UnknownMemberIdException",
            ErrorCode::RebalanceInProgress => "RebalanceInProgressException",
            ErrorCode::InconsistentGroupProtocol => "InconsistentGroupProtocolException",
            ErrorCode::MemberIdRequired => "MemberIdRequiredException",
            ErrorCode::FencedInstanceId => "FencedInstanceIdException",
            ErrorCode::GroupMaxSizeReached => "GroupMaxSizeReachedException",
            ErrorCode::UnreleasedInstanceId => "UnreleasedInstanceIdException",
            ErrorCode::FencedMemberEpoch => "FencedMemberEpochException",
            ErrorCode::StaleMemberEpoch => "StaleMemberEpochException",
            ErrorCode::GroupIdNotFound => "GroupIdNotFoundException",
            ErrorCode::GroupSubscribedToTopic => "GroupSubscribedToTopicException",
            ErrorCode::NonEmptyGroup => "GroupNotEmptyException",
            ErrorCode::PolicyViolation => "PolicyViolationException",
            ErrorCode::InvalidConfig => "InvalidConfigurationException",
            ErrorCode::InvalidRequest => "InvalidRequestException",
            ErrorCode::InvalidSessionTimeout => "InvalidSessionTimeoutException",
            ErrorCode::TopicAlreadyExists => "TopicExistsException",
            ErrorCode::InvalidPartitions => "InvalidPartitionsException",
            ErrorCode::InvalidReplicationFactor => "InvalidReplicationFactorException",
            ErrorCode::InvalidRecordState => "InvalidRecordStateException",
            ErrorCode::ShareSessionNotFound => "ShareSessionNotFoundException",
            ErrorCode::InvalidShareSessionEpoch => "InvalidShareSessionEpochException",
            ErrorCode::UnstableOffsetCommit => "UnstableOffsetCommitException",
        }
    }

    /// The exception without a cause.
    pub const fn exception(self) -> KafkaException {
        KafkaException::new(self.exception_class())
    }

    /// Whether the Java class extends `RetriableException`.
    pub fn is_retriable(self) -> bool {
        RETRIABLE.contains(&self)
    }
}
