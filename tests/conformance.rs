//! Every recorded case, played through the model natively.
#![cfg(feature = "conformance")]

use std::path::{Path, PathBuf};

use cqrs_lab::conformance::{Case, check, run_paths};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

fn cases_of(prefix: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder of cases is there")
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(prefix) && n.ends_with(".json")))
        .collect();
    files.sort();
    files
}

#[test]
fn f7_spring_application_events_do_as_recorded() {
    let report = run_paths(&cases_of("spring-events-"), None, false).expect("the cases are readable");
    assert_eq!(report.failed, 0, "\n{}", report.text);
    assert!(report.passed >= 26, "only {} cases were played", report.passed);
}

#[test]
fn an_unknown_verb_is_named() {
    let text = r#"{"id": "x", "given": {"tables": [], "listeners": []}, "script": [{"do": "in_orbit", "steps": []}], "observed": {}}"#;
    let case = Case::parse("x.json", text).expect("well-formed");
    let error = check(&case).expect_err("the verb does not exist").to_string();
    assert!(error.contains("in_orbit") && error.contains("script[0]"), "{error}");
}
