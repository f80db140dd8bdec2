//! Every recorded spring-* case of a container through the model.

use std::path::PathBuf;

use crate::conformance::{Case, check};

#[test]
fn every_recorded_container_case_is_met() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the recorded cases are in the tree").map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    let mut played = 0;
    for file in files {
        let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.starts_with("spring-") || name.starts_with("spring-events-") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("readable");
        let outcome = Case::parse(&name, &text).and_then(|case| check(&case));
        if !matches!(outcome, Ok(None)) {
            wrong.push(format!("{name}: {outcome:?}"));
        }
        played += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(played > 250, "only {played} cases were found");
}

fn refusal(script: &str) -> String {
    let text = format!(
        r#"{{"id": "spring-x", "given": {{"topics": {{"t": {{"partitions": 1}}}}, "records": [], "group": "g", "container": {{}}}},
            "script": {script}, "observed": {{"committed": {{}}}}}}"#
    );
    let case = Case::parse("x", &text).expect("well formed");
    check(&case).expect_err("must be refused").to_string()
}

#[test]
fn what_the_runner_does_not_know_is_named() {
    assert!(refusal(r#"[{"on": {}, "then": {"explode": true}}]"#).contains("explode"));
    assert!(refusal(r#"[{"on": {"colour": "red"}, "then": {"ack": true}}]"#).contains("colour"));
    assert!(refusal(r#"[{"do": "dance"}]"#).contains("dance"));
    assert!(refusal(r#"[{"do": "stop", "member": "c9"}, {"do": "await", "value": "v0"}]"#).contains("waited in vain"));
}
