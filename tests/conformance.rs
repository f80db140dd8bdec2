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

#[test]
fn nothing_in_a_case_is_silently_ignored() {
    let case = |given: &str, step: &str| {
        let text = format!(
            r#"{{"id": "spring-x", "given": {{"topics": {{"t": {{}}}}, "group": "g", {given}}}, "script": [{step}], "observed": {{}}}}"#
        );
        let case = Case::parse("x.json", &text).expect("well-formed");
        check(&case).map_or_else(|error| error.to_string(), |_| "it was played".to_owned())
    };
    let settle = r#"{"do": "settle"}"#;
    for (given, step, named) in [
        (r#""container": {"ackMood": "RECORD"}"#, settle, "given.container.ackMood"),
        (r#""container": {"listener": "single"}"#, settle, "single"),
        (r#""consumer": {"max.poll.record": 1}"#, settle, "max.poll.record"),
        (r#""error_handler": {"class": "CommonLoggingErrorHandler", "backOff": {}}"#, settle, "given.error_handler.backOff"),
        (r#""error_handler": {"class": "DefaultErrorHandler", "backOff": {"jitter": 1}}"#, settle, "given.error_handler.backOff.jitter"),
        (r#""retry_topic": {"topicSuffixingStrategy": "NONE"}"#, settle, "NONE"),
        (r#""trace": "by_partition""#, settle, "by_partition"),
        (r#""container": {}"#, r#"{"do": "stop", "membre": "c1"}"#, "script[0].membre"),
        (r#""container": {}"#, r#"{"do": "restart"}"#, "restart"),
    ] {
        let error = case(given, step);
        assert!(error.contains(named), "{error} does not name {named}");
    }
}

/// Verbs that the README of the cases documents: `| `verb` |` in its tables.
fn documented_verbs() -> Vec<String> {
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("the cases have a README");
    let cells = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next().map(str::to_owned));
    cells.flat_map(|cell| cell.split('`').step_by(2).map(|verb| verb.trim().to_owned()).collect::<Vec<_>>()).collect()
}

#[test]
fn every_case_is_well_formed() {
    let documented = documented_verbs();
    let files = cases_of("");
    assert!(files.len() >= 515, "only {} cases", files.len());
    for file in files {
        let name = file.file_stem().and_then(|n| n.to_str()).expect("a name").to_owned();
        let text = std::fs::read_to_string(&file).expect("readable");
        let case = Case::parse(&name, &text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(case.id, name, "id and file name differ");
        assert!(!case.observed.is_empty() && !case.rules.is_empty(), "{name}: nothing observed, or no rule");
        for rule in &case.rules {
            let (section, number) = rule.split_at(1);
            assert!((("A"..="H").contains(&section) || section == "S") && number.parse::<u8>().is_ok(), "{name}: rule {rule}");
        }
        for machine in ["/tmp", "/home", "localhost", "127.0.0.1"] {
            assert!(!text.contains(machine), "{name}: {machine} is of the recording machine");
        }
        for verb in case.script.iter().filter_map(|step| step.get("do")?.as_str()) {
            let known = documented.iter().any(|d| d == verb) || ["in_transaction", "without_transaction"].contains(&verb);
            assert!(known, "{name}: the verb {verb} is not documented");
        }
        if name.starts_with("kafka-") {
            let labels: Vec<&str> = case.script.iter().filter_map(|step| step.get("as")?.as_str()).collect();
            let observed: Vec<&String> = case.observed.keys().collect();
            assert!(labels.len() == observed.len() && labels.iter().all(|l| observed.iter().any(|o| o == l)), "{name}: labels differ");
        }
    }
}

/// The cases that do not pass yet, one id a line; a case that passes must not stand there.
const NOT_YET: &str = include_str!("conformance_not_yet.txt");

#[test]
fn kafka_cases_do_as_recorded() {
    let not_yet: Vec<&str> = NOT_YET.lines().filter(|l| l.starts_with("kafka-")).collect();
    let files = cases_of("kafka-");
    let report = run_paths(&files, None, false).expect("the cases are readable");
    let passed = |path: &&PathBuf| report.passed_ids.iter().any(|p| path.file_stem().is_some_and(|s| s == p.as_str()));
    let failed: Vec<String> = files.iter().filter(|f| !passed(f)).filter_map(|f| Some(f.file_stem()?.to_str()?.to_owned())).collect();
    let surprises: Vec<&String> = failed.iter().filter(|id| !not_yet.contains(&id.as_str())).collect();
    assert!(surprises.is_empty(), "these should pass: {surprises:?}\n{}", report.text);
    let stale: Vec<&&str> = not_yet.iter().filter(|id| report.passed_ids.iter().any(|p| p == **id)).collect();
    assert!(stale.is_empty(), "these pass now, take them off the list: {stale:?}");
}
