//! The wire format of a recording: positional text that serde writes and reads, one word a value. The only serde of the crate.
//!
//! `Inject LinkSlow Link Fetch - Lasting - 500` is an intervention. Numbers are decimal, variants stand by name, `-` is
//! none and `+` some, strings are escaped so that they hold no blank and are never empty. Has never heard of addresses.

mod read;
mod write;

use std::fmt;

pub use read::from_text;
pub use write::to_text;

/// Why a text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireError(String);

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WireError {}

impl serde::ser::Error for WireError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        WireError(message.to_string())
    }
}

impl serde::de::Error for WireError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        WireError(message.to_string())
    }
}

fn err<T>(message: &str) -> Result<T, WireError> {
    Err(WireError(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{FaultId, FaultKind, FaultRule, Link, Moment, Node, Target};
    use crate::kernel::SimTime;
    use crate::scenario::{Action, Decision, Intervention};

    fn samples() -> Vec<Intervention> {
        let target = Target::Link { link: Link::Fetch, of: Some(Node::Consumer(1)) };
        vec![
            Intervention::Set { key: "producer.acks".into(), value: "1".into() },
            Intervention::Set { key: "".into(), value: "a b~c%\n-+é\t.\r.\x0c.\x0b.\u{a0}".into() },
            Intervention::Inject(FaultRule {
                kind: FaultKind::LinkSlow,
                target,
                moment: Moment::Lasting { until: Some(SimTime(9)) },
                amount: 500,
            }),
            Intervention::Inject(FaultRule::usual(FaultKind::ListenerThrows, Target::Group(1))),
            Intervention::EndFault(FaultId(7)),
            Intervention::HealAll,
            Intervention::Act(Action::Kill(Node::Broker(2))),
            Intervention::Act(Action::Scale { group: 0, consumers: 3 }),
            Intervention::ByHand { consumer: 0, on: true },
            Intervention::Decide { consumer: 0, decision: Decision::Nack { sleep_ms: 5_000 } },
        ]
    }

    #[test]
    fn every_sort_of_intervention_comes_back() {
        for intervention in samples() {
            let text = to_text(&intervention).expect("writes");
            assert!(!text.contains(['\n', '\r']));
            assert_eq!(from_text::<Intervention>(&text), Ok(intervention), "{text}");
        }
    }

    #[test]
    fn the_text_is_what_a_person_can_read() {
        let texts: Vec<String> = samples().iter().map(|i| to_text(i).expect("writes")).collect();
        assert_eq!(texts[0], "Set producer.acks 1");
        assert_eq!(texts[2], "Inject LinkSlow Link Fetch + Consumer 1 Lasting + 9 500");
        assert_eq!(texts[5], "HealAll");
    }

    #[test]
    fn steps_may_be_nested_and_not_without_end() {
        let nested = |depth: usize| ["Lab CallApplication 1 ", &"IfEvent x ".repeat(depth), "RollbackOnly t"].concat();
        let read = from_text::<Intervention>(&nested(20)).expect("a few levels are sound");
        assert_eq!(to_text(&read).expect("writes"), nested(20));
        for depth in [40, 100_000] {
            let error = from_text::<Intervention>(&nested(depth)).expect_err("would overflow the stack").to_string();
            assert_eq!(error, "it is nested too deep", "{depth}");
        }
    }

    #[test]
    fn a_wrong_text_says_what_is_wrong() {
        let error = |text: &str| from_text::<Intervention>(text).expect_err("is wrong").to_string();
        assert!(error("Explode").contains("Explode"), "{}", error("Explode"));
        assert!(error("EndFault x").contains("`x`"), "{}", error("EndFault x"));
        assert!(error("EndFault").contains("ends too early"), "{}", error("EndFault"));
        assert!(error("HealAll twice").contains("twice"), "{}", error("HealAll twice"));
    }
}
