//! CQRS Lab: one command becomes a domain event, the event lies in a partitioned log, consumers read it, acknowledge it
//! or fail, and a read model catches up; simulated exactly, in virtual time, from one seed.
//!
//! A map of the code, in reading order. Nothing knows what stands further down.
//!
//! - [`kernel`]: virtual time, the agenda, the seeded generator, latencies, digests.
//! - [`broker`]: the log: brokers, partitions, replicas, producers, transactions, group coordinator, assignors.
//! - [`listener`]: the consumer's poll loop and the listener container with its acknowledgments, retries and dead letters.
//! - [`bank`]: the domain: accounts and transfers, commands, events, projections, queries, completion.
//! - [`fault`]: what can go wrong, as data.
//! - [`pipeline`]: the `World` that joins them; one `step` at a time; flights, trace and referee.
//! - [`scenario`]: what a run starts from, its settings, built-in scenarios, links.
//! - [`timeline`]: a recording is the truth; seek, step back, go on from the past.
//! - [`player`]: what a viewer does with a run: messages in, an outcome out.
//! - [`scene`]: a world at an instant as plain drawable data; floats begin here.
//! - `conformance` (feature `conformance`): recorded cases of the real systems, played through all of this.
//! - `ui` (feature `web`): the page.

pub mod bank;
pub mod broker;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod fault;
pub mod kernel;
pub mod listener;
pub mod pipeline;
pub mod player;
pub mod scenario;
pub mod scene;
pub mod timeline;
#[cfg(any(feature = "web", test))]
pub mod ui;
