//! Every rule that the Fidelity table says is modelled has a test that is named after it. Knows no rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cqrs_lab::scenario::fidelity::{FIDELITY, Grade};

/// The names of all test functions below a folder.
fn test_names(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            test_names(&path, names);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for pair in lines.windows(2) {
                if let ["#[test]", function] = pair
                    && let Some(rest) = function.strip_prefix("fn ")
                {
                    names.insert(rest.split('(').next().unwrap_or_default().to_owned());
                }
            }
        }
    }
}

/// The rules that must have a test: those of the Fidelity table that are modelled, and the whole stories of section G.
fn rules() -> Vec<String> {
    let is_number = |rule: &str| rule.len() > 1 && rule[1..].chars().all(|c| c.is_ascii_digit());
    let modelled = FIDELITY.iter().filter(|row| row.grade != Grade::NotModelled && is_number(row.rule)).map(|row| row.rule.to_owned());
    modelled.chain((1..=10).map(|n| format!("G{n}"))).collect()
}

#[test]
fn every_rule_has_a_test_named_after_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for folder in ["src", "tests"] {
        test_names(&root.join(folder), &mut names);
    }
    let has_test = |rule: &String| names.iter().any(|name| name.starts_with(&format!("{}_", rule.to_lowercase())));
    let rules = rules();
    assert!(rules.len() > 70, "only {} rules in the table", rules.len());
    let without: Vec<&String> = rules.iter().filter(|rule| !has_test(rule)).collect();
    assert!(without.is_empty(), "no test is named after {without:?}");
}

#[test]
fn the_sections_that_the_semantics_number_are_all_in_the_table() {
    let has = |rule: String| FIDELITY.iter().any(|row| row.rule == rule);
    let sections = [('A', 1..=12), ('B', 1..=11), ('C', 1..=17), ('D', 0..=18), ('E', 1..=5), ('F', 1..=10), ('S', 1..=18)];
    let missing: Vec<String> = sections
        .into_iter()
        .flat_map(|(section, numbers)| numbers.map(move |n| format!("{section}{n}")))
        .filter(|rule| !has(rule.clone()))
        .collect();
    assert!(missing.is_empty(), "the Fidelity view lacks {missing:?}");
}
