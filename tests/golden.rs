//! The traces of the built-in scenarios, natively; `web.rs` compares the same files in the browsers.
#![cfg(not(target_arch = "wasm32"))]

mod shared;

use std::{env, fs, path::Path};

use cqrs_lab::scenario::builtin_names;
use shared::golden::{GOLDEN, check, trace};

#[test]
fn every_built_in_scenario_does_as_its_golden_trace_says() {
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        for name in builtin_names() {
            fs::write(folder.join(format!("{name}.trace")), trace(name)).expect("the folder of the golden traces can be written");
        }
        return;
    }
    for (name, golden) in GOLDEN {
        check(name, golden);
    }
}

#[test]
fn every_built_in_scenario_has_a_golden_trace() {
    let files: Vec<&str> = GOLDEN.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, builtin_names().collect::<Vec<_>>());
}
