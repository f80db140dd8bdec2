//! What a rebalance, a stop or an expulsion from the group finds in the container's hands.

use super::*;

const TWO: &[&[&str]] = &[&["a0", "a1"], &["b0", "b1"]];

/// The story from here on.
fn from_here(bench: &mut Bench, act: impl FnOnce(&mut Bench)) -> String {
    bench.facts.clear();
    act(bench);
    bench.story()
}

fn assigned(bench: &mut Bench, numbers: &[u32]) {
    let partitions = numbers.iter().map(|number| TopicPartition { topic: TopicId(0), partition: *number }).collect();
    let mut out = Vec::new();
    bench.thread.on_assigned(bench.now, partitions, &mut bench.listener, &mut out);
    bench.carry_out(out);
}

fn revoked(bench: &mut Bench, numbers: &[u32]) {
    let partitions = numbers.iter().map(|number| TopicPartition { topic: TopicId(0), partition: *number }).collect();
    let mut out = Vec::new();
    bench.thread.on_revoked(bench.now, partitions, &mut bench.listener, &mut out);
    bench.carry_out(out);
}

fn batches(interval_ms: u64) -> ContainerProperties {
    let handler = DefaultErrorHandler { back_off: BackOff::Fixed { interval_ms, attempts_max: 3 }, ..Default::default() };
    ContainerProperties { kind: ListenerKind::Batch, error_handler: Some(ErrorHandler::Default(handler)), ..properties(AckMode::Batch) }
}

fn fails_once() -> ListenerProgram {
    let when = Condition { call: Some(1), ..Condition::default() };
    acks_but(Rule { when, actions: Arc::from(throw()), catch: None })
}

#[test]
fn d17_a_paused_container_pauses_what_it_is_given_before_the_listener_hears_of_it() {
    let mut bench = Bench::new(properties(AckMode::Batch), acks_but(on("never", 1, throw())), TWO);
    bench.run_until(100);
    bench.thread.pause();
    assert_eq!(from_here(&mut bench, |bench| assigned(bench, &[0])), "pause assigned1");
}

#[test]
fn d10_a_rebalance_during_the_retries_of_a_batch_pauses_everything_again() {
    let mut bench = Bench::new(batches(2_000), fails_once(), TWO);
    assert_eq!(bench.run_until(1_000).story(), "[a0 a1 b0 b1] pause");
    let story = from_here(&mut bench, |bench| {
        revoked(bench, &[1]);
        assigned(bench, &[]);
    });
    assert_eq!(story, "assigned0 pause");
    // The whole batch comes again, what was revoked too, and is committed as a whole.
    assert_eq!(
        from_here(&mut bench, |bench| {
            bench.run_until(3_000);
        }),
        "[a0 a1 b0 b1] resume c2,2"
    );
}

#[test]
fn d10_a_stop_during_the_retries_of_a_batch_gives_nothing_up() {
    let mut bench = Bench::new(batches(2_000), fails_once(), &[&["v0", "v1"]]);
    bench.run_until(1_000);
    let story = from_here(&mut bench, |bench| {
        let mut out = Vec::new();
        bench.thread.stop(bench.now, &mut bench.listener, &mut out);
        bench.carry_out(out);
        bench.run_until(2_000);
    });
    assert_eq!(story, "resume NORMAL");
    assert!(bench.committed.is_empty());
}

#[test]
fn d2_what_was_counted_for_a_failed_commit_goes_on_counting() {
    let properties = ContainerProperties { ack_count: 2, ..properties(AckMode::Count) };
    let mut bench = Bench::new(properties, acks_but(on("never", 1, throw())), &[&["v0", "v1", "v2", "v3", "v4", "v5"]]);
    bench.commits_refused = 2;
    // After the second refusal nothing is left to commit at the next turn, and the count begins anew.
    assert_eq!(bench.run_until(2_000).story(), "v0 v1 x2 v2 x3 v3 c4 v4 v5 c6");
}

#[test]
fn d5_an_acknowledgment_after_the_revocation_names_the_record() {
    let properties = ContainerProperties { async_acks: true, ..properties(AckMode::Manual) };
    let mut bench = Bench::new(properties, acks_but(on("b1", 1, vec![Action::Hold])), TWO);
    bench.run_until(100);
    revoked(&mut bench, &[1]);
    let mut out = Vec::new();
    assert!(bench.thread.acknowledge_held(bench.now, "b1", &mut bench.listener, &mut out));
    bench.carry_out(out);
    let refusal = bench.facts.iter().find_map(|fact| match fact {
        Fact::ApiError { message, .. } => Some(&**message),
        _ => None,
    });
    assert_eq!(refusal, Some("Unexpected ack for t-1@1; offsets list is empty"));
}

#[test]
fn d9_a_commit_that_comes_too_late_is_a_failure_of_what_is_kept_in_memory() {
    let back_off = BackOff::Fixed { interval_ms: 0, attempts_max: 3 };
    let handler = DefaultErrorHandler { back_off, seek_after_error: false, ..Default::default() };
    let properties = ContainerProperties { error_handler: Some(ErrorHandler::Default(handler)), ..properties(AckMode::Batch) };
    let mut bench = Bench::new(properties, acks_but(on("v1", 1, throw())), &[&["v0", "v1", "v2"]]);
    bench.commits_refused = 1;
    // v1 and v2 are sought instead of being handed out of memory; what escapes is a RecordInRetryException.
    assert_eq!(bench.run_until(2_000).story(), "v0 v1 x1 pause resume v1 v2 c3");
    let escaped = bench
        .facts
        .iter()
        .any(|fact| matches!(fact, Fact::OtherExceptionHandled { class, .. } if class.ends_with("RecordInRetryException")));
    assert!(escaped);
}

#[test]
fn d16_a_child_that_ends_abnormally_asks_its_siblings_to_stop() {
    let handler = Some(ErrorHandler::Stopping);
    let properties = ContainerProperties { parent: Some(Arc::from("c")), error_handler: handler, ..properties(AckMode::Batch) };
    let mut bench = Bench::new(properties.clone(), acks_but(on("v1", 1, throw())), &[&["v0", "v1"]]);
    assert!(bench.run_until(2_000).story().ends_with("ABNORMAL"));
    assert_eq!(bench.siblings_stopped, 1);
    // The one that is asked finishes what it has in hand and says why it stopped.
    let mut sibling = Bench::new(properties, acks_but(on("never", 1, throw())), &[&["v0", "v1"]]);
    sibling.run_until(100);
    let mut out = Vec::new();
    sibling.thread.stop_with_siblings(sibling.now, &mut sibling.listener, &mut out);
    sibling.carry_out(out);
    assert_eq!(sibling.run_until(1_000).story(), "v0 v1 c2 ABNORMAL");
}
