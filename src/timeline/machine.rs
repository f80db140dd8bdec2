//! What the timeline asks of a world. Knows nothing of what the world simulates.

use crate::kernel::SimTime;

/// A deterministic world that can be stepped, acted upon and cloned.
pub trait Machine: Clone {
    /// Something done to the world from outside.
    type Input: Clone;
    /// Why an input was not taken.
    type Refusal;

    /// When the next occurrence is due; `None` if nothing will ever happen again without an input.
    fn next_at(&self) -> Option<SimTime>;

    /// Handles the next occurrence. Called only when [`Machine::next_at`] is some.
    fn step(&mut self);

    /// Applies `input` at `at`, which is not earlier than the last occurrence nor later than the next one.
    ///
    /// # Errors
    /// The input does not fit the world; then nothing has changed.
    fn intervene(&mut self, at: SimTime, input: &Self::Input) -> Result<(), Self::Refusal>;

    /// Whether `new`, done at the very same instant as `old` and right after it, leaves nothing of it: then only `new` is
    /// kept. A slider that is dragged while the run stands is one input and not a hundred.
    fn supersedes(_new: &Self::Input, _old: &Self::Input) -> bool {
        false
    }

    /// A digest of the whole state.
    fn digest(&self) -> u64;

    /// How many violations the referee has found so far. Never decreases.
    fn violation_count(&self) -> u64;
}
