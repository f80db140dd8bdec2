//! A sample of the recorded cases: the first of each family. All of them are played natively; these in the browsers too.
//!
//! Has never heard of what the cases are about.

use cqrs_lab::conformance::{Case, check};

/// The first case of each family, `conformance/FAMILY-*.json`.
const SAMPLE: [&str; 35] = [
    include_str!("../../conformance/kafka-autocommit-crash.json"),
    include_str!("../../conformance/kafka-commit-by-outsider.json"),
    include_str!("../../conformance/kafka-group-848-positions.json"),
    include_str!("../../conformance/kafka-idempotent-cache-of-five.json"),
    include_str!("../../conformance/kafka-lag.json"),
    include_str!("../../conformance/kafka-log-append-offsets.json"),
    include_str!("../../conformance/kafka-offsets-reset-by-admin-new-group.json"),
    include_str!("../../conformance/kafka-partitioner-explicit-partition-wins.json"),
    include_str!("../../conformance/kafka-poison-first.json"),
    include_str!("../../conformance/kafka-poll-max-poll-records.json"),
    include_str!("../../conformance/kafka-producer-acks-metadata.json"),
    include_str!("../../conformance/kafka-replication-acks-1-lost.json"),
    include_str!("../../conformance/kafka-reset-by-duration.json"),
    include_str!("../../conformance/kafka-seek-below-start-latest.json"),
    include_str!("../../conformance/kafka-share-explicit-types.json"),
    include_str!("../../conformance/kafka-tx-abort.json"),
    include_str!("../../conformance/spring-ack-async-acks-BATCH.json"),
    include_str!("../../conformance/spring-ackorder-async-manual-02.json"),
    include_str!("../../conformance/spring-async-acks-exception.json"),
    include_str!("../../conformance/spring-batch-error-default.json"),
    include_str!("../../conformance/spring-concurrency-1-of-3.json"),
    include_str!("../../conformance/spring-crash-after-ack-manual-immediate.json"),
    include_str!("../../conformance/spring-dlt-again.json"),
    include_str!("../../conformance/spring-error-attempt-header.json"),
    include_str!("../../conformance/spring-events-after-commit-ok.json"),
    include_str!("../../conformance/spring-failover-kill-batch.json"),
    include_str!("../../conformance/spring-maxpoll-alone.json"),
    include_str!("../../conformance/spring-nack-after-ack-MANUAL.json"),
    include_str!("../../conformance/spring-noack-batchlistener.json"),
    include_str!("../../conformance/spring-pause-in-batch-after-batch.json"),
    include_str!("../../conformance/spring-poison-ehd-default-handler.json"),
    include_str!("../../conformance/spring-rebalance-acked-manual.json"),
    include_str!("../../conformance/spring-retry-annotation-defaults.json"),
    include_str!("../../conformance/spring-stop-batch-immediate.json"),
    include_str!("../../conformance/spring-tx-batchlistener.json"),
];

/// Each case of the sample does as the real system did.
pub(crate) fn sample() {
    for text in SAMPLE {
        let case = Case::parse("a case of the sample", text).expect("a recorded case is well-formed");
        let difference = check(&case).expect("every verb of a recorded case is known");
        assert!(difference.is_none(), "{}: {difference:?}", case.id);
    }
}
