//! Error codes on the wire, and the exceptions that the Java clients make of them. Knows no recovery policy.

/// What a broker answers when it cannot do what was asked (`org.apache.kafka.common.protocol.Errors`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the names are Kafka's own
pub enum ErrorCode {
    UnknownTopicOrPartition,
    LeaderNotAvailable,
    NotLeaderOrFollower,
    RequestTimedOut,
    BrokerNotAvailable,
    /// The connection was refused or broken; made by the network, not by a broker.
    NetworkDisconnect,
    MessageTooLarge,
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
}

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
    /// An exception without a cause.
    pub const fn new(class: &'static str) -> Self {
        KafkaException { class, cause: None, offset: None }
    }

    /// An exception with a cause.
    pub const fn caused(class: &'static str, cause: &'static str) -> Self {
        KafkaException { class, cause: Some(cause), offset: None }
    }
}
