//! The catalogue of faults. Each says on what it can be laid, at which moments, and what its number means.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MomentKind, TargetKind};

/// What a fault's number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Milliseconds.
    Ms,
    /// How many.
    Count,
}

/// A fault's number: what it counts, its range and what it is if nobody says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    /// What it counts.
    pub unit: Unit,
    /// The least.
    pub min: u64,
    /// The most.
    pub max: u64,
    /// The default.
    pub default: u64,
}

macro_rules! catalogue {
    ($( $(#[$doc:meta])* $name:ident = $id:literal on $target:ident at [$($moment:ident),+] $(with $amount:expr)?; )+) => {
        /// What can go wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FaultKind { $( $(#[$doc])* $name, )+ }

        impl FaultKind {
            /// The whole catalogue, in the order in which a palette shows it.
            pub const fn all() -> &'static [FaultKind] {
                &[$( FaultKind::$name, )+]
            }

            /// Its name in links, in element ids and on the command line.
            pub const fn id(self) -> &'static str {
                match self { $( FaultKind::$name => $id, )+ }
            }

            /// On what it can be laid.
            pub const fn target_kind(self) -> TargetKind {
                match self { $( FaultKind::$name => TargetKind::$target, )+ }
            }

            /// The moments that make sense for it; the first is the one to offer.
            pub const fn moments(self) -> &'static [MomentKind] {
                match self { $( FaultKind::$name => &[$( MomentKind::$moment, )+], )+ }
            }

            /// What its number means, if it has one.
            pub const fn amount(self) -> Option<Amount> {
                match self { $( FaultKind::$name => catalogue!(@amount $($amount)?), )+ }
            }
        }
    };
    (@amount) => { None };
    (@amount $amount:expr) => { Some($amount) };
}

/// Milliseconds from 1 to ten minutes.
const fn ms(default: u64) -> Amount {
    Amount { unit: Unit::Ms, min: 1, max: 600_000, default }
}

/// A number from 1 to 1,000.
const fn count(default: u64) -> Amount {
    Amount { unit: Unit::Count, min: 1, max: 1_000, default }
}

catalogue! {
    /// Everything on the link takes so much longer.
    LinkSlow = "link-slow" on Link at [Lasting] with ms(500);
    /// Nothing gets through in either direction, and nobody is told.
    LinkSevered = "link-severed" on Link at [Lasting];
    /// A request is lost on its way; the other side never hears of it.
    RequestLost = "request-lost" on Link at [Armed, Lasting];
    /// The request is carried out and its response is lost.
    ResponseLost = "response-lost" on Link at [Armed, Lasting];
    /// A request arrives twice.
    RequestDuplicated = "request-duplicated" on Link at [Armed, Lasting];

    /// The API's process dies; requests in its hands are gone. Lasting: until the end of the fault, which restarts it.
    ApiCrash = "api-crash" on Api at [Lasting, Immediate];
    /// The API stands still (a long garbage collection) and then goes on where it was.
    ApiPause = "api-pause" on Api at [Lasting];
    /// The API dies after the database has committed and before the event is published (F7).
    ApiCrashAfterCommit = "api-crash-after-commit" on Api at [Armed];
    /// The API dies after the event is published and before the database commits (F6).
    ApiCrashBeforeCommit = "api-crash-before-commit" on Api at [Armed];
    /// A listener in the API's own process throws (F7); whom that reaches is up to its annotations.
    EventListenerThrows = "event-listener-throws" on Api at [Armed, Lasting];
    /// The transaction is rolled back at its commit, after whatever was published in it (F6).
    CommitFails = "commit-fails" on WriteDb at [Armed];
    /// The relay's process dies.
    RelayCrash = "relay-crash" on Relay at [Lasting, Immediate];
    /// The relay stands still and then goes on where it was.
    RelayPause = "relay-pause" on Relay at [Lasting];
    /// The relay dies after the broker has acknowledged the events and before it has marked them (F8).
    RelayCrashAfterPublish = "relay-crash-after-publish" on Relay at [Armed];
    /// The publisher dies after its records are in the log and before it commits their transaction: it stays open, and
    /// read_committed groups wait until the next instance or the timeout aborts it (E2).
    TransactionCrash = "transaction-crash" on Publisher at [Armed];
    /// The publisher commits its transaction so much later; past transaction.timeout.ms the coordinator has aborted it (E1).
    TransactionStalled = "transaction-stalled" on Publisher at [Armed] with ms(15_000);
    /// Another process starts with the same transactional.id: this one is fenced (E3).
    SecondInstance = "second-instance" on Publisher at [Immediate];
    /// Every statement of the write database takes so much longer.
    WriteDbSlow = "write-db-slow" on WriteDb at [Lasting] with ms(500);
    /// The write database refuses connections.
    WriteDbDown = "write-db-down" on WriteDb at [Lasting];

    /// A broker's process is killed without a goodbye.
    BrokerKilled = "broker-killed" on Broker at [Lasting, Immediate];
    /// A broker shuts down in order: its leaderships move first.
    BrokerStopped = "broker-stopped" on Broker at [Lasting, Immediate];
    /// A broker answers every request so much later.
    BrokerSlow = "broker-slow" on Broker at [Lasting] with ms(500);
    /// A broker's replicas fetch so much later from their leaders: it falls out of the ISR (B5).
    ReplicaSlow = "replica-slow" on Broker at [Lasting] with ms(2_000);
    /// Leaders may be elected outside the ISR: records that were acknowledged may be lost (B5).
    UncleanElection = "unclean-election" on Cluster at [Lasting];
    /// The broker that coordinates the groups is killed; another one takes over.
    CoordinatorLost = "coordinator-lost" on Cluster at [Lasting, Immediate];
    /// The log keeps only the newest records (so many a partition): retention overtakes a slow group (B7, B11).
    RetentionOvertakes = "retention-overtakes" on Cluster at [Immediate] with Amount { unit: Unit::Count, min: 0, max: 1_000_000, default: 0 };

    /// A consumer's process is killed: no LeaveGroup, no commit (C2).
    ConsumerKilled = "consumer-killed" on Consumer at [Lasting, Immediate];
    /// A consumer is stopped in order: it commits and leaves.
    ConsumerStopped = "consumer-stopped" on Consumer at [Lasting, Immediate];
    /// The listener is stuck in its work: no poll, but heartbeats; past max.poll.interval.ms it becomes a zombie (C2).
    ConsumerStalled = "consumer-stalled" on Consumer at [Lasting];
    /// The listener throws an exception that is worth a retry, on so many deliveries.
    ListenerThrows = "listener-throws" on Consumer at [Armed, Lasting] with count(1);
    /// The listener throws an exception that is not worth a retry (D7).
    ListenerThrowsFatal = "listener-throws-fatal" on Consumer at [Armed, Lasting];
    /// The listener throws a java.lang.Error: no handler sees it, the container stops (D0).
    ListenerThrowsError = "listener-throws-error" on Consumer at [Armed];
    /// A batch listener says which record of the batch it failed on, by its index from 0 (D10).
    BatchRecordFails = "batch-record-fails" on Consumer at [Armed, Lasting] with Amount { unit: Unit::Count, min: 0, max: 1_000, default: 0 };
    /// The listener nacks with a pause of so many milliseconds (D6).
    ListenerNacks = "listener-nacks" on Consumer at [Armed, Lasting] with ms(5_000);
    /// The listener does its work and forgets to acknowledge (D3).
    AckForgotten = "ack-forgotten" on Consumer at [Armed, Lasting];
    /// The listener acknowledges before it applies the effect.
    AckBeforeEffect = "ack-before-effect" on Consumer at [Armed, Lasting];
    /// The listener keeps an acknowledgment and gives it after the next record's (D4).
    AckOutOfOrder = "ack-out-of-order" on Consumer at [Armed, Lasting];
    /// The listener takes so much longer.
    ListenerSlow = "listener-slow" on Consumer at [Lasting, Armed] with ms(500);
    /// The consumer dies after the effect is applied and before it is acknowledged (E5).
    CrashAfterEffect = "crash-after-effect" on Consumer at [Armed];
    /// The consumer dies before the effect is applied.
    CrashBeforeEffect = "crash-before-effect" on Consumer at [Armed];
    /// The consumer dies after the acknowledgment and before the offset is committed.
    CrashBeforeCommit = "crash-before-commit" on Consumer at [Armed];
    /// The consumer dies after a dead letter is published and before the offset is committed.
    CrashAfterDeadLetter = "crash-after-dead-letter" on Consumer at [Armed];
    /// A record that no listener can decode is written to the topic (D14).
    PoisonPill = "poison-pill" on Cluster at [Immediate];
    /// A record without a key is written to the topic: a compacted topic refuses it (A12).
    NullKey = "null-key" on Cluster at [Immediate];
    /// A tombstone for the first account is written to the topic: compaction forgets the account's events (B10).
    Tombstone = "tombstone" on Cluster at [Immediate];
    /// A record whose timestamp lies so many milliseconds in the future is written: too far, and the broker refuses it (A11).
    FutureTimestamp = "future-timestamp" on Cluster at [Immediate] with Amount { unit: Unit::Ms, min: 1, max: 86_400_000, default: 7_200_000 };
    /// The read database takes so much longer for every statement.
    ReadDbSlow = "read-db-slow" on ReadDb at [Lasting] with ms(500);
    /// The read database refuses connections.
    ReadDbDown = "read-db-down" on ReadDb at [Lasting];
    /// The query API is down.
    QueryDown = "query-down" on Query at [Lasting];
    /// A client's connection for completion notices drops at the moment of completion (F10).
    CompletionDropped = "completion-dropped" on Client at [Armed, Lasting];
}

impl FaultKind {
    /// The kind called so in links and on the command line.
    pub fn by_id(id: &str) -> Option<FaultKind> {
        FaultKind::all().iter().copied().find(|k| k.id() == id)
    }

    /// Whether it makes sense for a consumer of a share group, of those that are laid on consumers. An offset cannot be
    /// acknowledged out of order there, and without a container there is no nack, no handler and no dead letter.
    pub const fn fits_share_consumer(self) -> bool {
        use FaultKind as K;
        matches!(
            self,
            K::ConsumerKilled
                | K::ConsumerStopped
                | K::ConsumerStalled
                | K::ListenerThrows
                | K::ListenerThrowsFatal
                | K::AckForgotten
                | K::AckBeforeEffect
                | K::ListenerSlow
                | K::CrashAfterEffect
                | K::CrashBeforeEffect
                | K::CrashBeforeCommit
        )
    }

    /// Whether it can be laid at that sort of moment.
    pub fn fits_moment(self, moment: MomentKind) -> bool {
        self.moments().contains(&moment)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_at_least_28_faults_with_names_of_their_own() {
        let ids: crate::kernel::SortedSet<&str> = FaultKind::all().iter().map(|k| k.id()).collect();
        assert_eq!(ids.len(), FaultKind::all().len());
        assert!(ids.len() >= 28, "{}", ids.len());
        assert!(FaultKind::all().iter().all(|k| FaultKind::by_id(k.id()) == Some(*k) && !k.moments().is_empty()));
        assert!(FaultKind::all().iter().filter_map(|k| k.amount()).all(|a| a.min <= a.default && a.default <= a.max));
    }
}
