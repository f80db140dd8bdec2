//! Who may know whom among the modules of the crate (DESIGN section 3), checked in the source text.
//!
//! Has never heard of what a module does.

use crate::tidy::{has_word, without_comments, without_tests};

/// Every module with those that its code may name, leftmost first. A test may look further: it plays a part of the model
/// through the whole.
const LAYERS: [(&str, &[&str]); 12] = [
    ("kernel", &[]),
    ("broker", &["kernel"]),
    ("listener", &["kernel", "broker"]),
    ("bank", &["kernel"]),
    ("fault", &["kernel"]),
    ("scenario", &["kernel", "broker", "listener", "bank", "fault"]),
    ("pipeline", &["kernel", "broker", "listener", "bank", "fault", "scenario"]),
    ("timeline", &["kernel", "scenario", "pipeline"]),
    ("conformance", &["kernel", "broker", "listener", "bank", "fault", "scenario", "pipeline", "timeline"]),
    ("player", &["kernel", "broker", "listener", "bank", "fault", "scenario", "pipeline", "timeline", "conformance"]),
    ("scene", &["kernel", "broker", "listener", "bank", "fault", "scenario", "pipeline", "timeline", "conformance", "player"]),
    ("ui", &["kernel", "broker", "listener", "bank", "fault", "scenario", "pipeline", "timeline", "conformance", "player", "scene"]),
];

/// Every place in one source file of the crate where a module names one that it has never heard of.
pub(crate) fn breaches_in(name: &str, text: &str) -> Vec<String> {
    let Some(path) = name.strip_prefix("src/").filter(|p| !matches!(*p, "lib.rs" | "main.rs")) else { return Vec::new() };
    let module = path.split(['/', '.']).next().unwrap_or("");
    let Some((_, knows)) = LAYERS.iter().find(|(m, _)| *m == module) else {
        return vec![format!("{name}:1: module {module} has no place in the layers (xtask/src/layers.rs)")];
    };
    let mut breaches = Vec::new();
    for (number, named) in modules_named(depth(path), &without_comments(without_tests(text))) {
        if named != module && !knows.contains(&named) {
            breaches.push(format!("{name}:{number}: {module} has never heard of {named} (DESIGN section 3)"));
        }
    }
    breaches
}

/// How many `super` lead from a file's module to the root of the crate.
fn depth(path: &str) -> usize {
    path.split('/').count() - usize::from(path.ends_with("/mod.rs"))
}

/// The crate's modules that code names, each with its line: after `crate::`, in a group after it, or after enough `super::`.
fn modules_named(depth: usize, code: &str) -> Vec<(usize, &'static str)> {
    let root = "super::".repeat(depth);
    let mut named = Vec::new();
    for prefix in ["crate::", "cqrs_lab::", root.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            // A longer chain of supers does not exist, and a longer name before `crate` is another crate's.
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let number = code[..at].matches('\n').count() + 1;
            let rest = &code[at + prefix.len()..];
            let heads = match rest.strip_prefix('{') {
                Some(group) => heads_of_group(group),
                None => vec![head(rest)],
            };
            named.extend(heads.iter().filter_map(|h| LAYERS.iter().find(|(m, _)| m == h)).map(|(m, _)| (number, *m)));
        }
    }
    named
}

/// The first names of the members of a group of imports, whose opening brace has been read.
fn heads_of_group(group: &str) -> Vec<&str> {
    let (mut heads, mut open, mut begins) = (Vec::new(), 0_usize, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => break,
            '}' => open -= 1,
            ',' => begins = open == 0,
            c if begins && !c.is_whitespace() => {
                heads.push(head(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    heads
}

/// The name that a text begins with.
fn head(text: &str) -> &str {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').map_or(text, |end| &text[..end])
}

/// The modules of the layers that the crate's root does not declare.
pub(crate) fn undeclared(lib: &str) -> Vec<String> {
    let declared = |m: &str| lib.lines().any(|line| line.starts_with("pub mod ") && has_word(line, m));
    let missing = LAYERS.iter().filter(|(m, _)| !declared(m));
    missing.map(|(m, _)| format!("src/lib.rs:1: module {m} of the layers is not there")).collect()
}

#[cfg(test)]
mod tests {
    use super::{LAYERS, breaches_in, undeclared};

    #[track_caller]
    fn check(name: &str, text: &str, expected: &[&str]) {
        assert_eq!(breaches_in(name, text), expected);
    }

    #[test]
    fn nothing_points_from_left_to_right() {
        check("src/broker/log/mod.rs", "use crate::kernel::SimTime;\nuse crate::broker::Batch;\n", &[]);
        check(
            "src/broker/log/mod.rs",
            "\nuse crate::bank::Event;\n",
            &["src/broker/log/mod.rs:2: broker has never heard of bank (DESIGN section 3)"],
        );
        check(
            "src/scenario/a.rs",
            "use crate::pipeline::World;",
            &["src/scenario/a.rs:1: scenario has never heard of pipeline (DESIGN section 3)"],
        );
        check(
            "src/pipeline/a.rs",
            "fn f(s: &crate::scenario::Scenario) -> crate::ui::App {}",
            &["src/pipeline/a.rs:1: pipeline has never heard of ui (DESIGN section 3)"],
        );
    }

    #[test]
    fn groups_and_supers_are_seen_through() {
        check(
            "src/fault/a.rs",
            "use crate::{\n    kernel::{SimTime, bank},\n    bank::Event,\n};\n",
            &["src/fault/a.rs:1: fault has never heard of bank (DESIGN section 3)"],
        );
        check("src/fault/mod.rs", "use super::bank::Event;", &["src/fault/mod.rs:1: fault has never heard of bank (DESIGN section 3)"]);
        check(
            "src/fault/a/b.rs",
            "use super::super::super::ui::x;",
            &["src/fault/a/b.rs:1: fault has never heard of ui (DESIGN section 3)"],
        );
        // A part of the module itself may be called like another module.
        check("src/pipeline/text/mod.rs", "mod ui;\nuse super::ui::x;", &[]);
    }

    #[test]
    fn comments_tests_and_other_crates_do_not_count() {
        check("src/kernel/a.rs", "//! See `crate::ui`.\n/// [`X`](crate::ui::X)\nfn f() {} // crate::ui\n", &[]);
        check("src/kernel/a.rs", "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::pipeline::World;\n}\n", &[]);
        check("src/kernel/a.rs", "use other_crate::ui::X;\n", &[]);
    }

    #[test]
    fn a_new_module_needs_a_place() {
        check("src/extra/mod.rs", "//! X.", &["src/extra/mod.rs:1: module extra has no place in the layers (xtask/src/layers.rs)"]);
        check("src/lib.rs", "pub mod extra;", &[]);
        let all: String = LAYERS.iter().map(|(m, _)| format!("pub mod {m};\n")).collect();
        assert_eq!(undeclared(&all), Vec::<String>::new());
        assert_eq!(undeclared(&all.replace("pub mod fault;\n", "")), ["src/lib.rs:1: module fault of the layers is not there"]);
    }

    #[test]
    fn the_layers_have_no_cycle() {
        for (place, (module, knows)) in LAYERS.iter().enumerate() {
            for known in *knows {
                assert!(LAYERS[..place].iter().any(|(m, _)| m == known), "{module} knows {known}, which stands to its right");
            }
        }
    }
}
