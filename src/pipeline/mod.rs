//! The [`World`]: it joins log, listeners, bank and faults, and moves on by one [`Occurrence`] at a time.
//!
//! A component never calls another one. What it causes leaves it as effects; the world turns them into [`Flight`]s that
//! take their time on a [`Link`](crate::fault::Link), into timers on the agenda, and into [`Fact`]s in the [`Trace`].
//! Has never heard of browsers and wall clocks.

mod fact;
mod flight;
mod history;
mod intervene;
mod intervention;
mod links;
mod occurrence;
pub mod referee;
mod scratch;
mod step;
mod trace;
mod world;

pub use fact::{Fact, FactKind};
pub use flight::{Flight, FlightKey, Flights, Payload};
pub use history::History;
pub use intervention::{Action, Decision, Intervention, InterventionError};
pub use links::Links;
pub use occurrence::Occurrence;
pub use trace::{FACTS_MIN, Trace};
pub use world::World;
