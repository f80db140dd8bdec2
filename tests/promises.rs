//! The referee's promises of `shared/promises.rs`, natively. `web.rs` holds some of them in browsers.
#![cfg(not(target_arch = "wasm32"))]

mod shared;

use shared::promises::{
    UNSAFE, safe_runs_keep_every_promise_and_come_to_rest, safe_share_groups_keep_every_promise_and_come_to_rest,
    unsafe_settings_break_their_promise,
};

/// Random safe runs; the environment variable `RUNS` asks for more.
const RUNS: u64 = 12;

#[test]
fn safe_settings_keep_every_promise_whatever_breaks() {
    let runs = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    (0..runs).for_each(safe_runs_keep_every_promise_and_come_to_rest);
}

#[test]
fn safe_share_groups_keep_every_promise_whatever_breaks() {
    let runs = std::env::var("RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    (0..runs).for_each(safe_share_groups_keep_every_promise_and_come_to_rest);
}

#[test]
fn each_unsafe_setting_breaks_its_promise() {
    UNSAFE.iter().for_each(unsafe_settings_break_their_promise);
}
