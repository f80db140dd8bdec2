//! What must hold for anything that can be thrown at the model, with whatever breaks it made as small as it gets.
//! The laws that browsers check too are those of `shared/laws.rs`; here they are asked of runs that can shrink.
#![cfg(all(feature = "conformance", not(target_arch = "wasm32")))]

#[path = "../shared/mod.rs"]
mod shared;

mod check;
mod decoders;
mod listeners;
mod recordings;
mod replication;
