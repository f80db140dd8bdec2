//! The shared checks in a browser (`cargo xtask test --wasm`). `native.rs` runs the same ones natively.
#![cfg(target_arch = "wasm32")]

mod shared;

use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
fn named_streams_are_pinned() {
    shared::pinned::named_streams();
}

#[wasm_bindgen_test]
fn digests_are_pinned() {
    shared::pinned::digests();
}

#[wasm_bindgen_test]
fn replay_equality() {
    (100..102).for_each(shared::laws::replay);
}

#[wasm_bindgen_test]
fn frame_split_equality() {
    (100..102).for_each(shared::laws::frame_split);
}

#[wasm_bindgen_test]
fn every_built_in_scenario_does_as_its_golden_trace_says() {
    for (name, golden) in shared::golden::GOLDEN {
        shared::golden::check(name, golden);
    }
}

#[wasm_bindgen_test]
fn seek_equality() {
    (100..102).for_each(shared::laws::seek);
}

#[wasm_bindgen_test]
fn safe_settings_keep_every_promise_whatever_breaks() {
    shared::promises::safe_runs_keep_every_promise_and_come_to_rest(100);
}

#[cfg(feature = "conformance")]
#[wasm_bindgen_test]
fn a_case_of_each_recorded_family_does_as_recorded() {
    shared::recorded::sample();
}
