//! The Kotlin listener that the current settings stand for, line by line, and which line a consumer is at. Pure text.

use crate::scenario::{Config, GROUPS, Of, Property, TOPIC};
use crate::scene::ConsumerState;

/// What a line of the listener does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing by itself.
    Frame,
    /// The container polls.
    Poll,
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
    line(Role::Poll, &["// ackMode ", choice(Property::AckMode)]);
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
        line(Role::Handler, &["@RetryableTopic(attempts = \"", &retries.to_string(), "\","]);
        line(Role::Handler, &["    backOff = BackOff(", &int(Property::RetryTopicDelay), "))"]);
        return;
    }
    let handler = config.choice(Property::ErrorHandler, of);
    if handler != "DefaultErrorHandler" {
        line(Role::Handler, &["errorHandler = ", handler, "()"]);
        return;
    }
    line(Role::Handler, &["errorHandler = DefaultErrorHandler("]);
    if config.choice(Property::Recoverer, of) != "log" {
        line(Role::Handler, &["    DeadLetterPublishingRecoverer(template),"]);
    }
    let (interval, attempts) = (int(Property::BackOffInterval), int(Property::BackOffMaxAttempts));
    if config.choice(Property::BackOff, of) == "FixedBackOff" {
        line(Role::Handler, &["    FixedBackOff(", &interval, ", ", &attempts, "))"]);
    } else {
        line(Role::Handler, &["    ExponentialBackOff(", &interval, ", ", &int(Property::BackOffMultiplier), " / 100.0))"]);
    }
}

/// The line at which a consumer in this state is; `None` if it is at none.
pub(crate) fn role_of(state: ConsumerState) -> Option<Role> {
    match state {
        ConsumerState::Starting | ConsumerState::Listening | ConsumerState::Paused | ConsumerState::Rebalancing => Some(Role::Poll),
        ConsumerState::Deciding => Some(Role::Call),
        ConsumerState::Handling | ConsumerState::Stalled => Some(Role::Effect),
        ConsumerState::NackSleep => Some(Role::Nack),
        ConsumerState::BackingOff => Some(Role::Handler),
        ConsumerState::Stopped | ConsumerState::Dead => None,
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
            ConsumerState::BackingOff,
            ConsumerState::Deciding,
        ] {
            let role = role_of(state).expect("at work");
            assert!(lines.iter().any(|line| line.role == role), "{state:?}");
        }
    }
}
