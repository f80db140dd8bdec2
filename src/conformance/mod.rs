//! Recorded cases of real Kafka and Spring, played through the model in virtual time.
//!
//! A case says what was set up, what was done and what the real system then did (`conformance/README.md`). Here each
//! family has a runner that makes a run of `given` and `script`, and says what the model did in the words of `observed`;
//! the comparison is one for all. Nothing outside this module knows that cases exist.

mod bind;
mod case;
mod compare;
mod desk;
mod kafka;
mod korean;
mod report;
mod settings;
mod sheet;
mod spring;
mod spring_events;
mod words;

pub use bind::Bind;
pub use case::{Case, CaseError};
pub use compare::{Difference, first_difference};
pub use desk::{Recorded, Sight};
pub use report::{Report, case_files, run_paths};
pub use sheet::{Sheet, SheetFact, Sheets};

use serde_json::Value;

use crate::kernel::SimTime;

/// What the model did in one case.
#[derive(Debug, Clone)]
pub struct Played {
    /// What the case expects, without what is not compared.
    pub expected: Value,
    /// What the model did, in the same words.
    pub got: Value,
    /// The run as a recording.
    pub recorded: Recorded,
    /// When each step of the script began; `None`: it is a rule of the listener.
    pub steps: Vec<Option<SimTime>>,
    /// What stands behind each fact.
    pub binds: Vec<Bind>,
}

/// Plays one case.
///
/// # Errors
/// A verb, setting or form that the runner does not know, named.
pub fn play(case: &Case) -> Result<Played, CaseError> {
    if case.id.starts_with("spring-events-") || case.given.get("listeners").is_some() {
        return spring_events::play(case);
    }
    if case.given.contains_key("brokers") {
        return kafka::play(case);
    }
    if case.id.starts_with("spring-") {
        return spring::play(case);
    }
    Err(CaseError::new(case, "family", format!("no runner for this family of cases: {}", case.id)))
}

/// Plays one case and gives the first fact that differs, if any.
///
/// # Errors
/// As [`play`].
pub fn check(case: &Case) -> Result<Option<Difference>, CaseError> {
    let played = play(case)?;
    Ok(first_difference(&played.expected, &played.got))
}
