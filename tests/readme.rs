//! The README says of the model what the Fidelity view says: both come from one table in the code.
#![cfg(not(target_arch = "wasm32"))]

use std::{fmt::Write as _, fs, path::Path};

use cqrs_lab::scenario::fidelity::{FIDELITY, Fidelity, Grade};

const BEGIN: &str = "<!-- made from src/scenario/fidelity.rs by UPDATE_README=1 cargo test --no-default-features --test readme -->\n";
const END: &str = "<!-- end of what is made -->";

fn rows(grade: Grade) -> impl Iterator<Item = &'static Fidelity> {
    FIDELITY.iter().filter(move |row| row.grade == grade)
}

fn made() -> String {
    let mut text = String::from("\n**Modelled** (the number is the rule's; recorded cases of the real systems behind it in brackets):\n");
    let modelled: Vec<String> = rows(Grade::Modelled).map(|row| format!("{} {} ({})", row.rule, row.about[0], row.cases)).collect();
    let _ = writeln!(text, "{}.\n", modelled.join("; "));
    for (grade, title) in [(Grade::Simplified, "Simplified"), (Grade::NotModelled, "Not modelled")] {
        let _ = writeln!(text, "| {title} | what differs | cases |\n|---|---|---:|");
        for row in rows(grade) {
            let _ = writeln!(text, "| {}: {} | {} | {} |", row.rule, row.about[0], row.how[0], row.cases);
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_readme_has_the_table_of_fidelity() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&file).expect("there is a README");
    let (before, rest) = readme.split_once(BEGIN).expect("the README has the mark where the table begins");
    let (was, after) = rest.split_once(END).expect("the README has the mark where the table ends");
    let made = made();
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&file, format!("{before}{BEGIN}{made}{END}{after}")).expect("the README can be written");
    } else {
        assert_eq!(was, made, "the table changed: UPDATE_README=1 cargo test --no-default-features --test readme");
    }
}

#[test]
fn the_readme_counts_the_recorded_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("conformance")).expect("there are recorded cases");
    let count = files.filter_map(Result::ok).filter(|file| file.path().extension().is_some_and(|end| end == "json")).count();
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    assert!(readme.contains(&format!("holds {count} cases")), "there are {count}, and the README says another number");
}
