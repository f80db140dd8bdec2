//! The scenarios that the page offers.

use crate::scenario::{Scenario, builtin, builtin_names};

/// The names, in the order of the menu.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    builtin_names()
}

/// The scenario with this name.
pub(crate) fn by_name(name: &str) -> Option<Scenario> {
    builtin(name)
}

/// The one that runs when the address names none.
pub(crate) fn first() -> Scenario {
    names().next().and_then(builtin).expect("there is a first built-in scenario")
}

/// How much time the strip shows at least, in microseconds: the whole of a lesson, the first minute of what goes on.
pub(crate) fn strip_us(scenario: &Scenario) -> u64 {
    scenario.duration_us.clamp(1_000_000, 60_000_000)
}

/// Whether this is the name of [`first`].
pub(crate) fn is_first(name: &str) -> bool {
    names().next() == Some(name)
}
