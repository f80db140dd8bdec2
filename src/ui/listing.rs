//! The Kotlin listener that the current settings stand for, line by line, and which line a consumer is at. Pure text.

use crate::listener::Fact;
use crate::scenario::{Config, GROUPS, Of, Property, TOPIC};
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

/// The listener of a group.
pub(crate) fn listing(config: &Config, group: u32) -> Vec<CodeLine> {
    let of = Of::Group(group);
    let choice = |property| config.choice(property, of);
    let int = |property| config.int(property, of).to_string();
    let mut lines = Vec::new();
    let mut line = |role: Role, parts: &[&str]| lines.push(CodeLine { text: parts.concat(), role });
    let name = GROUPS.get(group as usize).copied().unwrap_or("group");
    let repository = if group == 0 { "accountView" } else { "transferHistory" };
    let batch = choice(Property::ListenerType) == "batch";
    let manual = choice(Property::AckMode).starts_with("MANUAL");
    let nacks = manual && choice(Property::OnFailure) == "nack";

    line(Role::Poll, &["// poll(", &int(Property::PollTimeout), " ms), at most ", &int(Property::MaxPollRecords), " records"]);
    line(Role::Commit, &["// ackMode ", choice(Property::AckMode)]);
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
    let indent = if nacks { "    " } else { "  " };
    if nacks {
        line(Role::Frame, &["  try {"]);
    }
    line(Role::Effect, &[indent, repository, ".apply(", event, ")"]);
    if manual {
        line(Role::Ack, &[indent, "ack.acknowledge()"]);
    }
    if nacks {
        line(Role::Frame, &["  } catch (e: Exception) {"]);
        let index = if batch { "0, " } else { "" };
        line(Role::Nack, &["    ack.nack(", index, "Duration.ofMillis(", &int(Property::NackSleep), "))"]);
        line(Role::Frame, &["  }"]);
    }
    line(Role::Frame, &["}"]);
    handler(config, group, &mut line);
    lines
}

/// What happens to an exception that leaves the listener.
fn handler(config: &Config, group: u32, line: &mut impl FnMut(Role, &[&str])) {
    let of = Of::Group(group);
    let int = |property| config.int(property, of).to_string();
    let retries = config.int(Property::RetryTopics, of);
    if retries > 0 {
        line(Role::Recoverer, &["@RetryableTopic(attempts = \"", &retries.to_string(), "\","]);
        line(Role::BackOff, &["    backOff = BackOff(", &int(Property::RetryTopicDelay), "))"]);
        return;
    }
    let handler = config.choice(Property::ErrorHandler, of);
    if handler != "DefaultErrorHandler" {
        line(Role::Handler, &["errorHandler = ", handler, "()"]);
        return;
    }
    line(Role::Handler, &["errorHandler = DefaultErrorHandler("]);
    if config.choice(Property::Recoverer, of) != "log" {
        line(Role::Recoverer, &["    DeadLetterPublishingRecoverer(template),"]);
    }
    let (interval, attempts) = (int(Property::BackOffInterval), int(Property::BackOffMaxAttempts));
    if config.choice(Property::BackOff, of) == "FixedBackOff" {
        line(Role::BackOff, &["    FixedBackOff(", &interval, ", ", &attempts, "))"]);
    } else {
        line(Role::BackOff, &["    ExponentialBackOff(", &interval, ", ", &int(Property::BackOffMultiplier), " / 100.0))"]);
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
}
