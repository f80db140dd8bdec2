//! The rules of Kafka and Spring that no unit test beside the code proves, each by its own vectors: a test's name begins with
//! the rule's number. Most are scripts in the words of the recorded cases, played through the whole model.
//! Has never heard of how the model works inside.
#![cfg(all(feature = "conformance", not(target_arch = "wasm32")))]

mod consumers;
mod end_to_end;
mod listener;
mod named;
mod play;
mod producer;
mod shares;
mod transactions;
