//! Measures the model, natively and, the same code, in a browser: `cargo xtask bench` runs both and makes the table.
//!
//! Prints one line for each measurement: name, value, unit, parted by tabs. Has never heard of budgets.

mod clock;
mod queue;
mod run;

use clock::Clock;

/// What was measured, its value, and the value's unit.
type Measurement = (&'static str, f64, &'static str);

fn main() {
    let clock = Clock::new();
    clock.publish(&queue::measure(&clock));
    for measurement in run::measure(&clock) {
        clock.publish(&measurement);
    }
    clock.finish();
}
