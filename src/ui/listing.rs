//! The Kotlin listener that the current settings stand for, line by line, and which line a consumer is at. Pure text.

use crate::listener::Fact;
use crate::pipeline::WorkFact;
use crate::scenario::{Config, GROUPS, Of, Property, SHARE_GROUP, TOPIC};
use crate::scene::ConsumerState;

/// What a line of the listener does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing by itself.
    Frame,
    /// The container polls.
    Poll,
    /// The container commits by itself.
    Commit,
    /// The method is called.
    Call,
    /// The effect.
    Effect,
    /// The acknowledgment.
    Ack,
    /// The nack.
    Nack,
    /// What happens to an exception.
    Handler,
    /// What happens when its attempts are used up.
    Recoverer,
    /// The pause between two attempts.
    BackOff,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeLine {
    /// The text, with its indent.
    pub(crate) text: String,
    /// What it does.
    pub(crate) role: Role,
}

/// Whether the events reach listeners in the API's process and no log (F7).
pub(crate) fn is_in_process(config: &Config) -> bool {
    matches!(config.choice(Property::Publication, Of::Only), "application-event" | "transactional-event")
}

/// The listener of a projection in the API's process, and the service that publishes to it.
fn in_process(config: &Config, group: u32) -> Vec<CodeLine> {
    let flag = |property| config.flag(property, Of::Only);
    let mut lines = Vec::new();
    let mut line = |role: Role, parts: &[&str]| lines.push(CodeLine { text: parts.concat(), role });
    line(Role::Poll, &["// no log: events within the API's process"]);
    if flag(Property::AsyncListener) {
        line(Role::Frame, &["@Async"]);
    }
    if config.choice(Property::Publication, Of::Only) == "application-event" {
        line(Role::Frame, &["@EventListener"]);
    } else {
        let fallback = if flag(Property::FallbackExecution) { ", fallbackExecution = true" } else { "" };
        line(Role::Frame, &["@TransactionalEventListener("]);
        line(Role::Frame, &["    phase = ", config.choice(Property::ListenerPhase, Of::Only), fallback, ")"]);
    }
    let propagation = config.choice(Property::ListenerPropagation, Of::Only);
    if propagation != "none" {
        line(Role::Frame, &["@Transactional(propagation = ", propagation, ")"]);
    }
    let repository = if group == 0 { "accountView" } else { "transferHistory" };
    line(Role::Call, &["fun on(event: DomainEvent) {"]);
    line(Role::Effect, &["  ", repository, ".apply(event)"]);
    line(Role::Frame, &["}"]);
    line(Role::Frame, &[""]);
    if flag(Property::ServiceTransactional) {
        line(Role::Handler, &["@Transactional"]);
    }
    line(Role::Handler, &["fun handle(command: Command) {"]);
    line(Role::Handler, &["  eventStore.append(event)"]);
    line(Role::Handler, &["  publisher.publishEvent(event)"]);
    line(Role::Handler, &["}"]);
    lines
}

/// What a group's settings make of acknowledgments.
struct Acks {
    transactional: bool,
    auto_commit: bool,
    /// Whether the listener acknowledges.
    manual: bool,
    /// With which words; `None` if it never does.
    words: Option<&'static str>,
    before_effect: bool,
}

impl Acks {
    fn of(config: &Config, of: Of) -> Acks {
        let flag = |property| config.flag(property, of);
        let transactional = flag(Property::TransactionManager) && config.int(Property::RetryTopics, of) == 0;
        let auto_commit = flag(Property::EnableAutoCommit);
        let mode_is_manual = config.choice(Property::AckMode, of).starts_with("MANUAL") || flag(Property::AsyncAcks);
        let manual = !transactional && !auto_commit && mode_is_manual;
        let words = match config.choice(Property::Acknowledge, of) {
            "never" => None,
            "other-thread" => Some("executor.execute { ack.acknowledge() }"),
            _ => Some("ack.acknowledge()"),
        };
        let before_effect = config.choice(Property::Acknowledge, of) == "before-effect";
        Acks { transactional, auto_commit, manual, words: words.filter(|_| manual), before_effect }
    }
}

/// What a listener does in its `catch`.
#[derive(Clone, Copy)]
enum Catch {
    /// It nacks (D6, D7).
    Nacks,
    /// It names the record of the batch that failed (D10).
    NamesTheRecord,
}

impl Catch {
    /// That of a group; `None` if its listener has no `catch`. Retry topics and rollbacks work by the exception that leaves the
    /// listener (D13, E4): where there are any, it is not caught.
    fn of(config: &Config, of: Of, acks: &Acks, batch: bool) -> Option<Catch> {
        let leaves = acks.transactional || config.int(Property::RetryTopics, of) > 0;
        match config.choice(Property::OnFailure, of) {
            _ if leaves => None,
            "nack" => acks.manual.then_some(Catch::Nacks),
            "batch-listener-failed" => batch.then_some(Catch::NamesTheRecord),
            _ => None,
        }
    }
}

/// The listener of a group.
pub(crate) fn listing(config: &Config, group: u32) -> Vec<CodeLine> {
    if is_in_process(config) {
        return in_process(config, group);
    }
    if group as usize >= GROUPS.len() {
        return share(config);
    }
    let of = Of::Group(group);
    let choice = |property| config.choice(property, of);
    let int = |property| config.int(property, of).to_string();
    let mut lines = Vec::new();
    let mut line = |role: Role, parts: &[&str]| lines.push(CodeLine { text: parts.concat(), role });
    let name = GROUPS.get(group as usize).copied().unwrap_or("group");
    let repository = if group == 0 { "accountView" } else { "transferHistory" };
    let batch = choice(Property::ListenerType) == "batch" && config.int(Property::RetryTopics, of) == 0;
    let acks = Acks::of(config, of);
    let manual = acks.manual;
    let catch = Catch::of(config, of, &acks, batch);

    line(Role::Poll, &["// poll(", &int(Property::PollTimeout), " ms), at most ", &int(Property::MaxPollRecords), " records"]);
    if acks.transactional {
        line(Role::Commit, &["// KafkaTransactionManager(factory)"]);
    } else if acks.auto_commit {
        line(Role::Commit, &["// enable.auto.commit=true: ackMode is ignored"]);
    } else {
        line(Role::Commit, &["// ackMode ", choice(Property::AckMode)]);
    }
    line(Role::Frame, &["@KafkaListener(topics = [\"", TOPIC, "\"],"]);
    line(Role::Frame, &["    groupId = \"", name, "\")"]);
    let parameter = if batch { "events: List<DomainEvent>" } else { "event: DomainEvent" };
    let event = if batch { "events" } else { "event" };
    if manual {
        line(Role::Call, &["fun handle(", parameter, ","]);
        line(Role::Call, &["           ack: Acknowledgment) {"]);
    } else {
        line(Role::Call, &["fun handle(", parameter, ") {"]);
    }
    let indent = if catch.is_some() { "    " } else { "  " };
    if catch.is_some() {
        line(Role::Frame, &["  try {"]);
    }
    if let Some(words) = acks.words.filter(|_| acks.before_effect) {
        line(Role::Ack, &[indent, words]);
    }
    line(Role::Effect, &[indent, repository, ".apply(", event, ")"]);
    if config.flag(Property::ListenerPublishes, of) {
        line(Role::Effect, &[indent, "template.send(\"account-notices\", ", event, ")"]);
    }
    if let Some(words) = acks.words.filter(|_| !acks.before_effect) {
        line(Role::Ack, &[indent, words]);
    }
    if let Some(catch) = catch {
        line(Role::Frame, &["  } catch (e: Exception) {"]);
        let index = if batch { "0, " } else { "" };
        match catch {
            Catch::Nacks => line(Role::Nack, &["    ack.nack(", index, "Duration.ofMillis(", &int(Property::NackSleep), "))"]),
            Catch::NamesTheRecord => {
                line(Role::Frame, &["    throw BatchListenerFailedException("]);
                line(Role::Frame, &["        \"failed\", e, 0)"]);
            }
        }
        line(Role::Frame, &["  }"]);
    }
    line(Role::Frame, &["}"]);
    handler(config, group, acks.transactional, &mut line);
    lines
}

/// The worker of the share group.
fn share(config: &Config) -> Vec<CodeLine> {
    let is_explicit = config.choice(Property::ShareAckMode, Of::Only) == "explicit";
    let most = config.int(Property::ShareMaxPollRecords, Of::Only).to_string();
    let key = if config.flag(Property::ShareIdempotencyKey, Of::Only) { ", event.id" } else { "" };
    let commit = match config.choice(Property::ShareCommit, Of::Only) {
        "poll" => None,
        call => Some(call),
    };
    let mut lines = Vec::new();
    let mut line = |role: Role, parts: &[&str]| lines.push(CodeLine { text: parts.concat(), role });
    line(Role::Frame, &["// group.id=", SHARE_GROUP]);
    line(Role::Frame, &["// max.poll.records=", &most]);
    line(Role::Frame, &["KafkaShareConsumer(config).use { consumer ->"]);
    line(Role::Frame, &["  consumer.subscribe(listOf(\"", TOPIC, "\"))"]);
    line(Role::Frame, &["  while (running) {"]);
    if !is_explicit {
        line(Role::Frame, &["    // poll accepts what the last one returned"]);
    }
    line(Role::Poll, &["    val events = consumer.poll(ofSeconds(1))"]);
    line(Role::Frame, &["    for (event in events) {"]);
    if is_explicit {
        line(Role::Call, &["      val type = try {"]);
        line(Role::Effect, &["        gateway.notify(event", key, ").type"]);
        line(Role::Nack, &["      } catch (e: TransientException) {"]);
        line(Role::Frame, &["        RELEASE"]);
        line(Role::Frame, &["      } catch (e: Exception) { REJECT }"]);
        line(Role::Ack, &["      consumer.acknowledge(event, type)"]);
        if let Some(call) = commit {
            line(Role::Commit, &["      consumer.", call, "()"]);
        }
        line(Role::Frame, &["    }"]);
    } else {
        line(Role::Effect, &["      gateway.notify(event", key, ")"]);
        line(Role::Frame, &["    }"]);
        if let Some(call) = commit {
            line(Role::Commit, &["    consumer.", call, "()"]);
        }
    }
    line(Role::Frame, &["  }"]);
    line(Role::Frame, &["} // close()"]);
    lines
}

/// Where a worker of the share group is, or was, in its code: what implicit mode has no line for belongs to the work itself.
pub(crate) fn share_line_of(lines: &[CodeLine], role: Role) -> Option<usize> {
    let fallback = match role {
        Role::Commit => Role::Ack,
        Role::Call | Role::Ack => Role::Effect,
        _ => role,
    };
    line_of(lines, role).or_else(|| line_of(lines, fallback)).or_else(|| line_of(lines, Role::Effect))
}

/// The line that a worker of the share group has just executed; `None` for a fact that is no line's.
pub(crate) fn role_of_work(fact: &WorkFact) -> Option<Role> {
    match fact {
        WorkFact::Polled { .. } | WorkFact::CallThrew { .. } => Some(Role::Poll),
        WorkFact::Taken { .. } => Some(Role::Call),
        WorkFact::Noticed { .. } | WorkFact::NoticeKnown { .. } | WorkFact::Threw { .. } => Some(Role::Effect),
        WorkFact::Said { .. } => Some(Role::Ack),
        WorkFact::Commit { .. } | WorkFact::Committed { .. } => Some(Role::Commit),
        WorkFact::Started | WorkFact::Stopped | WorkFact::Killed | WorkFact::AwaitingDecision { .. } => None,
    }
}

/// What happens to an exception that leaves the listener.
fn handler(config: &Config, group: u32, transactional: bool, line: &mut impl FnMut(Role, &[&str])) {
    let of = Of::Group(group);
    let int = |property| config.int(property, of).to_string();
    let retries = config.int(Property::RetryTopics, of);
    if retries > 0 {
        line(Role::Recoverer, &["@RetryableTopic(attempts = \"", &retries.to_string(), "\","]);
        line(Role::BackOff, &["    backOff = BackOff(", &int(Property::RetryTopicDelay), "))"]);
        return;
    }
    let handler = if transactional { "DefaultErrorHandler" } else { config.choice(Property::ErrorHandler, of) };
    if handler != "DefaultErrorHandler" {
        line(Role::Handler, &["errorHandler = ", handler, "()"]);
        return;
    }
    if transactional {
        line(Role::Handler, &["afterRollbackProcessor ="]);
        line(Role::Handler, &["  DefaultAfterRollbackProcessor("]);
    } else {
        line(Role::Handler, &["errorHandler = DefaultErrorHandler("]);
    }
    if config.choice(Property::Recoverer, of) != "log" {
        line(Role::Recoverer, &["    DeadLetterPublishingRecoverer(template),"]);
    }
    let (interval, attempts) = (int(Property::BackOffInterval), int(Property::BackOffMaxAttempts));
    let multiplier = int(Property::BackOffMultiplier);
    match config.choice(Property::BackOff, of) {
        "FixedBackOff" => line(Role::BackOff, &["    FixedBackOff(", &interval, ", ", &attempts, "))"]),
        "ExponentialBackOff" => line(Role::BackOff, &["    ExponentialBackOff(", &interval, ", ", &multiplier, " / 100.0))"]),
        with_retries => line(Role::BackOff, &["    ", with_retries, "(", &attempts, ").apply { multiplier = ", &multiplier, " / 100.0 })"]),
    }
    let not_retryable = config.choice(Property::NotRetryable, of);
    if not_retryable != "none" {
        line(Role::Handler, &["    .apply { addNotRetryableExceptions(", not_retryable, "::class.java) }"]);
    }
}

/// The line at which a consumer in this state is; `None` if it is at none.
pub(crate) fn role_of(state: ConsumerState) -> Option<Role> {
    match state {
        ConsumerState::Starting | ConsumerState::Listening | ConsumerState::Paused | ConsumerState::Rebalancing => Some(Role::Poll),
        ConsumerState::Deciding => Some(Role::Call),
        ConsumerState::Handling | ConsumerState::Stalled => Some(Role::Effect),
        ConsumerState::NackSleep => Some(Role::Nack),
        ConsumerState::Acknowledging => Some(Role::Ack),
        ConsumerState::Committing => Some(Role::Commit),
        ConsumerState::BackingOff => Some(Role::BackOff),
        ConsumerState::Recovering => Some(Role::Recoverer),
        ConsumerState::Stopped | ConsumerState::Dead => None,
    }
}

/// The place of the line with a role: of several that fit the first, and where there is none of a handler's parts the handler.
pub(crate) fn line_of(lines: &[CodeLine], role: Role) -> Option<usize> {
    let place = |role: Role| lines.iter().position(|line| line.role == role);
    place(role).or_else(|| matches!(role, Role::Recoverer | Role::BackOff).then(|| place(Role::Handler))?)
}

/// The line that a consumer has just executed, by what the trace tells of it; `None` for a fact that is no line's.
pub(crate) fn role_of_fact(fact: &Fact) -> Option<Role> {
    match fact {
        Fact::Delivered { .. } | Fact::BatchDelivered { .. } => Some(Role::Call),
        Fact::Threw { .. } => Some(Role::Effect),
        Fact::Acknowledged { .. } => Some(Role::Ack),
        Fact::Nacked { .. } => Some(Role::Nack),
        Fact::Committed { .. } => Some(Role::Commit),
        Fact::Recovered { .. } => Some(Role::Recoverer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(config: &Config) -> String {
        listing(config, 0).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_usual_listener_acknowledges_by_hand_and_nacks_in_its_catch() {
        let text = text(&Config::default());
        for part in [
            "MANUAL_IMMEDIATE",
            "ack: Acknowledgment",
            "accountView.apply(event)",
            "ack.acknowledge()",
            "ack.nack(Duration.ofMillis(5000))",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    fn worker(sets: &[(&str, &str)]) -> Vec<CodeLine> {
        let mut config = Config::default();
        for (key, value) in sets {
            config.set_text(&format!("share.{key}"), value).expect("valid");
        }
        listing(&config, GROUPS.len() as u32)
    }

    #[test]
    fn s16_a_worker_of_the_share_group_has_a_program_of_its_own() {
        let text = |sets: &[(&str, &str)]| worker(sets).into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n");
        let explicit = text(&[("share.acknowledgement.mode", "explicit"), ("commit", "commitSync")]);
        for part in ["acknowledge(event, type)", "consumer.commitSync()", "RELEASE", "REJECT", "event.id"] {
            assert!(explicit.contains(part), "{part} is missing in\n{explicit}");
        }
        let implicit = text(&[("idempotency-key", "false")]);
        assert!(!implicit.contains("acknowledge(") && !implicit.contains("commit") && !implicit.contains("event.id"), "{implicit}");
    }

    #[test]
    fn s16_a_worker_is_at_a_line_whatever_it_does() {
        use crate::broker::share::AckType;
        let partition = crate::broker::TopicPartition { topic: crate::broker::TopicId(0), partition: 0 };
        let (offset, event) = (3, crate::bank::EventId(4));
        let deeds = [
            (WorkFact::Polled { records: 2 }, "poll("),
            (WorkFact::Taken { partition, offset, delivery_count: 1 }, "val type"),
            (WorkFact::Noticed { partition, offset, event }, "notify("),
            (WorkFact::Said { partition, offset, ack: AckType::Renew }, "acknowledge("),
            (WorkFact::Commit { waits: true }, "commitSync"),
        ];
        let explicit = worker(&[("share.acknowledgement.mode", "explicit"), ("commit", "commitSync")]);
        let implicit = worker(&[]);
        for (deed, text) in deeds {
            let role = role_of_work(&deed).expect("a line's");
            let place = share_line_of(&explicit, role).expect("it has its line");
            assert!(explicit[place].text.contains(text), "{deed:?} at {}", explicit[place].text);
            assert!(share_line_of(&implicit, role).is_some(), "{deed:?}");
        }
        assert_eq!(role_of_work(&WorkFact::Stopped), None);
    }

    #[test]
    fn settings_change_the_code() {
        let mut config = Config::default();
        for (key, value) in [("ackMode", "BATCH"), ("listener", "batch"), ("recoverer", "log"), ("backOff.maxAttempts", "2")] {
            config.set_text(&format!("group.account-view.{key}"), value).expect("valid");
        }
        let text = text(&config);
        assert!(text.contains("events: List<DomainEvent>") && text.contains("FixedBackOff(0, 2)"), "{text}");
        assert!(!text.contains("Acknowledgment") && !text.contains("nack") && !text.contains("DeadLetter"), "{text}");
    }

    /// As the listener that runs: what its `catch` does is in the code exactly where the program has one.
    #[test]
    fn d6_d10_d13_the_code_catches_where_the_listener_that_runs_does() {
        let (nack, names) = ("ack.nack(", "BatchListenerFailedException");
        for (sets, expected) in [
            (&[][..], Some(nack)),
            (&[("retryTopics.maxAttempts", "3")], None),
            (&[("on-failure", "throw")], None),
            (&[("ackMode", "BATCH")], None),
            (&[("listener", "batch")], Some(nack)),
            (&[("listener", "batch"), ("on-failure", "batch-listener-failed")], Some(names)),
            (&[("listener", "batch"), ("on-failure", "batch-listener-failed"), ("retryTopics.maxAttempts", "3")], None),
            (&[("on-failure", "batch-listener-failed")], None),
            (&[("kafkaAwareTransactionManager", "true")], None),
            (&[("kafkaAwareTransactionManager", "true"), ("retryTopics.maxAttempts", "3")], None),
        ] {
            let mut scenario = crate::scenario::Scenario::plain("catch", 1);
            for (key, value) in sets {
                scenario.config.set_text(&format!("group.account-view.{key}"), value).expect("valid");
            }
            let text = text(&scenario.config);
            for words in [nack, names] {
                assert_eq!(text.contains(words), expected == Some(words), "{sets:?}: {words} in\n{text}");
            }
            assert_eq!(text.contains("catch ("), expected.is_some(), "{sets:?}\n{text}");
            let world = crate::pipeline::World::new(&scenario);
            assert_eq!(world.consumers()[0].listener.program().otherwise.catch.is_some(), expected.is_some(), "{sets:?}");
        }
    }

    /// As the container that runs: what the method takes is what it is given.
    #[test]
    fn d1_d5_d13_the_method_takes_what_the_container_that_runs_gives() {
        use crate::listener::ListenerKind;
        let (batch, asynchronous) = (("listener", "batch"), ("asyncAcks", "true"));
        for sets in [
            &[asynchronous, ("ackMode", "RECORD")][..],
            &[asynchronous, ("enable.auto.commit", "true")],
            &[asynchronous, ("enable.auto.commit", "true"), ("ackMode", "COUNT")],
            &[asynchronous, ("kafkaAwareTransactionManager", "true")],
            &[asynchronous, batch, ("ackMode", "RECORD")],
            &[batch],
            &[batch, ("retryTopics.maxAttempts", "3")],
        ] {
            let mut scenario = crate::scenario::Scenario::plain("method", 1);
            for (key, value) in sets {
                scenario.config.set_text(&format!("group.account-view.{key}"), value).expect("valid");
            }
            let text = text(&scenario.config);
            let world = crate::pipeline::World::new(&scenario);
            let properties = world.consumers()[0].container.properties();
            assert_eq!(text.contains("ack: Acknowledgment"), properties.ack_mode.is_manual(), "{sets:?}\n{text}");
            assert_eq!(text.contains("List<DomainEvent>"), properties.kind == ListenerKind::Batch, "{sets:?}\n{text}");
        }
    }

    #[test]
    fn f7_without_a_log_the_code_is_that_of_an_event_listener() {
        let mut config = Config::default();
        for (key, value) in [("publication", "transactional-event"), ("Async", "true"), ("Transactional.propagation", "REQUIRES_NEW")] {
            config.set_text(&format!("api.{key}"), value).expect("valid");
        }
        let text = text(&config);
        for part in ["@Async", "@TransactionalEventListener(", "phase = AFTER_COMMIT", "REQUIRES_NEW", "publishEvent"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("@KafkaListener"));
    }

    #[test]
    fn e4_a_transaction_manager_takes_the_acknowledgment_out_of_the_code() {
        let mut config = Config::default();
        for key in ["kafkaAwareTransactionManager", "listener-publishes"] {
            config.set_text(&format!("group.account-view.{key}"), "true").expect("valid");
        }
        let text = text(&config);
        assert!(text.contains("KafkaTransactionManager") && text.contains("DefaultAfterRollbackProcessor"), "{text}");
        assert!(text.contains("template.send(") && !text.contains("acknowledge"), "{text}");
    }

    #[test]
    fn every_state_at_work_has_its_line() {
        let lines = listing(&Config::default(), 0);
        for state in [
            ConsumerState::Listening,
            ConsumerState::Handling,
            ConsumerState::NackSleep,
            ConsumerState::Acknowledging,
            ConsumerState::Committing,
            ConsumerState::BackingOff,
            ConsumerState::Recovering,
            ConsumerState::Deciding,
        ] {
            let role = role_of(state).expect("at work");
            assert!(line_of(&lines, role).is_some(), "{state:?}");
        }
    }

    #[test]
    fn the_listeners_of_the_scenarios_fit_into_the_panel() {
        for name in crate::scenario::builtin_names() {
            let config = crate::scenario::builtin(name).expect("built in").config;
            for group in 0..=GROUPS.len() as u32 {
                let long: Vec<String> = listing(&config, group).into_iter().map(|line| line.text).filter(|text| text.len() > 47).collect();
                assert!(long.is_empty(), "{name}: {long:?}");
            }
        }
    }
}
