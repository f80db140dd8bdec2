//! Measures the model, natively and, the same code, in a browser: `cargo xtask bench` runs both and makes the table.
//!
//! Prints one line for each measurement: name, value, unit, parted by tabs. Has never heard of budgets.

mod clock;
mod crowd;
mod link;
mod memory;
mod queue;
mod run;
mod seek;

use clock::Clock;

/// What was measured, its value, and the value's unit.
type Measurement = (&'static str, f64, &'static str);

fn main() {
    let clock = Clock::new();
    for measurement in &memory::measure() {
        clock.publish(measurement);
    }
    clock.publish(&queue::measure(&clock));
    for measurement in run::measure(&clock).iter().chain(&seek::measure(&clock)).chain([&link::measure()]) {
        clock.publish(measurement);
    }
    let (link, flights) = crowd::link();
    clock.publish(&("crowd-flights", flights as f64, "flights"));
    clock.say(&["crowd-link", &link]);
    clock.say(&["done"]);
}
