//! The laws of `shared/laws.rs` over random runs, natively. `web.rs` holds some of them in browsers.
#![cfg(not(target_arch = "wasm32"))]

mod shared;

/// Random runs for each law.
const RUNS: std::ops::Range<u64> = 0..16;

#[test]
fn replay_equality() {
    RUNS.for_each(shared::laws::replay);
}

#[test]
fn frame_split_equality() {
    RUNS.for_each(shared::laws::frame_split);
}

#[test]
fn clone_equality() {
    RUNS.for_each(shared::laws::clone_goes_on_alike);
}

#[test]
fn seek_equality() {
    RUNS.for_each(shared::laws::seek);
}
