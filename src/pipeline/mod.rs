//! The [`World`]: it joins log, listeners, bank and faults, and moves on by one [`Occurrence`] at a time.
//!
//! A component never calls another one. What it causes leaves it as effects; the world turns them into [`Flight`]s that
//! take their time on a [`Link`](crate::fault::Link), into timers on the agenda, and into [`Fact`]s in the [`Trace`].
//! Has never heard of browsers and wall clocks.

mod bank_side;
pub mod bench;
mod build;
mod cluster_side;
mod consumer_side;
mod consumers;
mod fact;
mod faults_at_work;
mod flight;
mod history;
mod intervene;
mod intervention;
pub mod lab;
mod links;
mod listener_faults;
mod metering;
mod meters;
mod net;
mod occurrence;
mod probe;
mod producer_side;
mod publisher_txn;
mod rare;
mod rebuild;
pub mod referee;
mod route;
mod settings_at_work;
mod share_group;
mod share_hand;
mod share_work;
mod shares;
mod step;
#[cfg(test)]
mod tests;
mod text;
mod tool_side;
mod trace;
mod watch;
mod work_fact;
mod world;

pub use crate::scenario::{Action, Decision, Intervention, ShareDecision};
pub use consumers::{CONSUMERS_MAX, ConsumerSlot, Duty, ProcessState, RESTART_US};
pub use fact::{Fact, FactKind};
pub use faults_at_work::POISON;
pub use flight::{Flight, FlightKey, Flights, Payload};
pub use history::History;
pub use intervention::InterventionError;
pub use links::Links;
pub use meters::{Count, LAGS_MAX, Meters, SECONDS_MIN, Second};
pub use occurrence::Occurrence;
pub use probe::Probe;
pub use producer_side::{Owner, ProducerPlace};
pub use share_group::{ShareDoing, ShareWork};
pub use shares::ShareSlot;
pub use text::{Line, Word};
pub use trace::{FACTS_MIN, Trace};
pub use work_fact::WorkFact;
pub use world::World;
