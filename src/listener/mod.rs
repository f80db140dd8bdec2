//! The consumer's poll loop and the listener container. Has never heard of what a record means.

pub mod application_events;
