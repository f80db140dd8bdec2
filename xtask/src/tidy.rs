//! Rules about the source text that no compiler checks, as one check.
//!
//! Every module says at its top what it is; files stay small; the deterministic core uses nothing that could differ between machines;
//! nothing in the repository names the machine that it was written on.
//! Has never heard of what the code does.

use std::{fs, path::Path};

use crate::{
    Outcome, layers,
    shell::{files_below, root},
};

/// Lines that a source file may have without its tests.
const LINES_MAX: usize = 500;

/// The modules whose runs must be the same everywhere (DESIGN section 4, rule 1).
const DETERMINISTIC: [&str; 9] = ["kernel", "broker", "listener", "bank", "fault", "pipeline", "scenario", "timeline", "player"];

/// Words that the deterministic core may not use, and what it uses instead.
const FORBIDDEN: [(&str, &str); 11] = [
    ("HashMap", "BTreeMap, or a Vec indexed by id: the order of a hash map is not part of a run"),
    ("HashSet", "BTreeSet: the order of a hash set is not part of a run"),
    ("f32", "integers: floats begin in scene"),
    ("f64", "integers: floats begin in scene"),
    ("Instant", "kernel's virtual time: the core knows no clock"),
    ("SystemTime", "kernel's virtual time: the core knows no clock"),
    ("RefCell", "plain values: a world is cloned to be rewound"),
    ("Rc", "Arc for large immutable parts"),
    ("Mutex", "plain values: a world has one owner"),
    ("web_sys", "nothing: the core knows no browser"),
    ("dyn", "a closed enum: a world is cloned to be rewound"),
];

/// Where a forbidden word is right after all, and why.
const ALLOWED: [(&str, &[&str], &str); 1] =
    [("src/scenario/wire/write.rs", &["f32", "f64"], "serde's trait names floats; here they are refused")];

/// What no file may have anywhere.
const NOWHERE: [(&str, &str); 3] = [("todo!", "finish it"), ("unimplemented!", "finish it"), ("#[ignore", "run the test or remove it")];

/// Checks all rules.
///
/// # Errors
/// Lists every breach with its place.
pub fn check() -> Outcome {
    let mut breaches = Vec::new();
    let mut files = 0;
    for folder in ["src", "tests", "xtask/src", "benches"] {
        for file in files_below(&root().join(folder)) {
            if file.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&file)?;
                let name = file.strip_prefix(root()).unwrap_or(&file).to_string_lossy().replace('\\', "/");
                breaches.extend(breaches_in(&name, &text));
                files += 1;
            }
        }
    }
    breaches.extend(layers::undeclared(&fs::read_to_string(root().join("src/lib.rs"))?));
    breaches.extend(other_files()?);
    if breaches.is_empty() {
        println!("{files} source files are tidy");
        return Ok(());
    }
    breaches.sort();
    for breach in &breaches {
        println!("{breach}");
    }
    Err(format!("{} breaches of the rules for source text", breaches.len()).into())
}

/// Every breach in one source file, each with the file's name and the line.
fn breaches_in(name: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let code = without_tests(text);
    let opening = text.lines().find(|line| !line.starts_with("#!") && !line.is_empty());
    if !opening.is_some_and(|line| line.starts_with("//!")) {
        breaches.push(format!("{name}:1: a module begins with //!: what it is, and what it has never heard of"));
    }
    let lines = code.lines().count();
    let is_test = Path::new(name).file_stem().is_some_and(|s| s == "tests") || name.contains("/tests/") || name.starts_with("tests/");
    if lines > LINES_MAX && !is_test {
        breaches.push(format!("{name}:{LINES_MAX}: {lines} lines without tests, {LINES_MAX} are allowed: split it"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        if line.ends_with([' ', '\t']) {
            breaches.push(format!("{name}:{number}: white space at the end of the line"));
        }
        // This file must name what it forbids.
        if name != "xtask/src/tidy.rs" {
            breaches.extend(find_words(&NOWHERE, line, str::contains).map(|b| format!("{name}:{number}: {b}")));
        }
    }
    if !is_test {
        breaches.extend(layers::breaches_in(name, text));
    }
    let module = name.strip_prefix("src/").and_then(|rest| rest.split(['/', '.']).next()).unwrap_or("");
    if DETERMINISTIC.contains(&module) && !is_test {
        for (number, line) in (1..).zip(without_comments(code).lines()) {
            let allowed = |word: &str| ALLOWED.iter().any(|(file, words, _)| *file == name && words.contains(&word));
            breaches.extend(
                find_words(&FORBIDDEN, line, |line, word| has_word(line, word) && !allowed(word)).map(|b| format!("{name}:{number}: {b}")),
            );
        }
    }
    breaches
}

fn find_words<'a>(
    list: &'a [(&'a str, &'a str)],
    line: &'a str,
    has: impl Fn(&'a str, &'a str) -> bool + 'a,
) -> impl Iterator<Item = String> + 'a {
    list.iter().filter(move |(word, _)| has(line, word)).map(|(word, instead)| format!("{word}: {instead}"))
}

/// The text before its test module: by this project's habit tests stand last in a file.
pub(crate) fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..at])
}

/// The text without what stands after `//`, line by line.
pub(crate) fn without_comments(text: &str) -> String {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or(""));
    code.collect::<Vec<_>>().join("\n")
}

/// Whether a line of code has this word, not only as a part of another.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word)
        .any(|(at, _)| !part_of_word(line[..at].chars().next_back()) && !part_of_word(line[at + word.len()..].chars().next()))
}

/// Rules for what is not Rust: the files that must be there, and no script that fetches from elsewhere when the page loads.
fn other_files() -> Outcome<Vec<String>> {
    let mut breaches = Vec::new();
    let wanted =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "Trunk.toml", ".ci/run"];
    for file in wanted {
        if !root().join(file).is_file() {
            breaches.push(format!("{file}: is missing"));
        }
    }
    for file in files_below(&root().join("styles")).into_iter().chain([root().join("index.html")]) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in (1..).zip(text.lines()) {
            let fetches = ["src=\"http", "url(http", "url(\"http", "@import \"http", "rel=\"stylesheet\" href=\"http"];
            if fetches.iter().any(|f| line.contains(f)) {
                breaches.push(format!("{}:{number}: the page fetches from elsewhere; it must work offline", file.display()));
            }
        }
    }
    Ok(breaches)
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, breaches_in};

    #[track_caller]
    fn check(name: &str, text: &str, expected: &[&str]) {
        let breaches = breaches_in(name, text);
        assert_eq!(breaches.len(), expected.len(), "{breaches:?}");
        for (breach, part) in breaches.iter().zip(expected) {
            assert!(breach.contains(part), "{breach} lacks {part}");
        }
    }

    #[test]
    fn a_module_says_what_it_is() {
        check("src/ui/a.rs", "//! What.\nfn f() {}\n", &[]);
        check("src/ui/a.rs", "#![forbid(unsafe_code)]\n//! What.\n", &[]);
        check("src/ui/a.rs", "fn f() {}\n", &["begins with //!"]);
    }

    #[test]
    fn the_core_names_nothing_that_differs_between_machines() {
        check("src/broker/a.rs", "//! A.\nuse std::collections::HashMap;\n", &["src/broker/a.rs:2: HashMap"]);
        check("src/kernel/time.rs", "//! A.\nlet x: f64 = 1;\n", &["f64"]);
        check("src/scene/a.rs", "//! A.\nlet x: f64 = 1;\n", &[]);
        check("src/broker/a.rs", "//! A.\n// no HashMap here\nstruct Rcx; let dynamic = 1;\n", &[]);
        check("src/broker/a.rs", "//! A.\n\n#[cfg(test)]\nmod tests {\n    use std::collections::HashSet;\n}\n", &[]);
    }

    #[test]
    fn files_stay_small_without_their_tests() {
        let long = format!("//! A.\n{}", "fn f() {}\n".repeat(LINES_MAX));
        check("src/ui/a.rs", &long, &["split it"]);
        let tests = format!("//! A.\n\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    // x\n".repeat(LINES_MAX));
        check("src/ui/a.rs", &tests, &[]);
    }

    #[test]
    fn nothing_is_left_for_later() {
        check("src/ui/a.rs", "//! A.\nfn f() { todo!() }\n", &["todo!"]);
        check("src/ui/a.rs", "//! A. \n", &["white space"]);
    }
}
