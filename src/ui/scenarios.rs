//! The scenarios that the page offers.

use crate::scenario::Scenario;

/// The names, in the order of the menu.
pub(crate) fn names() -> &'static [&'static str] {
    &["transfer"]
}

/// The scenario with this name.
pub(crate) fn by_name(name: &str) -> Option<Scenario> {
    names().contains(&name).then(|| Scenario { duration_us: 60_000_000, ..Scenario::plain(name, 42) })
}

/// The one that runs when the address names none.
pub(crate) fn first() -> Scenario {
    by_name(names()[0]).expect("the first name is a scenario's")
}

/// How much time the strip shows at least, in microseconds.
pub(crate) fn strip_us(scenario: &Scenario) -> u64 {
    scenario.duration_us.clamp(1_000_000, 120_000_000)
}
