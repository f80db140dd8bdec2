//! The shared checks, natively. `web.rs` runs the same ones in browsers.
#![cfg(not(target_arch = "wasm32"))]

mod shared;

#[test]
fn named_streams_are_pinned() {
    shared::pinned::named_streams();
}

#[test]
fn digests_are_pinned() {
    shared::pinned::digests();
}
