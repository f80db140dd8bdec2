//! `cargo xtask test`: every check that this repository has, in one run, counted.
//!
//! A check that cannot run is a failure, never a skip.
//! Has never heard of what any single test is about.

use std::time::Instant;

use crate::{
    Outcome,
    args::Args,
    browser::Browser,
    build, pages, setup,
    shell::{cargo, output_of, run_caught, tools_dir},
    tidy,
};

/// What a crate that knows a browser has in its tree.
const BROWSER_CRATES: [&str; 5] = ["web-sys", "js-sys", "wasm-bindgen", "yew", "gloo-timers"];

/// How many tests passed and which checks failed.
#[derive(Default)]
pub struct Tally {
    passed: u64,
    failed: u64,
    failures: Vec<String>,
}

impl Tally {
    /// Counts one check that has no tests within.
    pub fn check(&mut self, name: &str, check: impl FnOnce() -> Outcome) {
        self.tests(name, || check().map(|()| (1, 0)));
    }

    /// Counts a check that consists of tests: how many passed and how many failed.
    pub fn tests(&mut self, name: &str, tests: impl FnOnce() -> Outcome<(u64, u64)>) {
        println!("\n== {name}");
        let began = Instant::now();
        let (passed, failed, why) = match tests() {
            Ok((passed, failed)) => (passed, failed, String::new()),
            Err(error) => (0, 1, format!(": {error}")),
        };
        let verdict = if failed == 0 { "ok" } else { "FAILED" };
        println!("== {name}: {verdict} ({passed} passed, {failed} failed, {:.0} s){why}", began.elapsed().as_secs_f32());
        self.passed += passed;
        self.failed += failed;
        if failed > 0 {
            self.failures.push(format!("{name}{why}"));
        }
    }

    fn finish(self) -> Outcome {
        println!();
        for failure in &self.failures {
            println!("failed: {failure}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        // The line above must be the last one of the output, so the error says nothing further.
        if self.failed == 0 { Ok(()) } else { Err(crate::AlreadySaid.into()) }
    }
}

/// `cargo xtask test [--lint] [--native] [--wasm] [--pages] [--browser NAME]… [--only WORD] [--no-build]`.
///
/// # Errors
/// If any check fails.
pub fn command_test(mut args: Args) -> Outcome {
    let names = args.values("--browser")?;
    let only = args.value("--only")?;
    let [lint, native, wasm, pages, no_build] = ["--lint", "--native", "--wasm", "--pages", "--no-build"].map(|name| args.flag(name));
    args.finish("test")?;
    let mut browsers = names.iter().map(|name| Browser::parse(name)).collect::<Outcome<Vec<_>>>()?;
    if browsers.is_empty() {
        browsers.extend(Browser::ALL);
    }
    // Naming a browser asks for what runs in browsers; naming nothing asks for everything.
    let in_browsers = !names.is_empty() && !wasm && !pages;
    let everything = !(lint || native || wasm || pages || in_browsers);

    let mut tally = Tally::default();
    if everything || lint {
        lints(&mut tally);
    }
    if everything || native {
        native_tests(&mut tally);
    }
    let (wasm, pages) = (everything || wasm || in_browsers, everything || pages || in_browsers);
    if wasm || pages {
        tally.check("browsers and drivers are here", || Browser::provide(&browsers));
    }
    if wasm {
        wasm_tests(&mut tally, &browsers);
    }
    if pages {
        if !no_build {
            tally.check("the page builds", build::page);
        }
        for &browser in &browsers {
            tally.tests(&format!("page tests in {}", browser.name()), || pages::run(browser, only.as_deref()));
        }
    }
    tally.finish()
}

fn lints(tally: &mut Tally) {
    tally.check("tidy", tidy::check);
    tally.check("format", || {
        setup::component("rustfmt", "fmt")?;
        cargo_ok(&["fmt", "--all", "--check"])
    });
    tally.check("clippy, native", || {
        setup::component("clippy", "clippy")?;
        cargo_ok(&[
            "clippy",
            "--workspace",
            "--no-default-features",
            "--features",
            "cqrs-lab/conformance",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ])
    });
    tally.check("clippy, xtask with the model", || {
        cargo_ok(&["clippy", "-p", "xtask", "--features", "model", "--all-targets", "--", "-D", "warnings"])
    });
    tally.check("clippy, wasm", || {
        setup::wasm_target()?;
        cargo_ok(&["clippy", "-p", "cqrs-lab", "--target", setup::WASM, "--all-targets", "--", "-D", "warnings"])
    });
    tally.check("documentation", || {
        let mut doc = cargo(&["doc", "-p", "cqrs-lab", "--no-deps", "--target", setup::WASM]);
        caught(doc.env("RUSTDOCFLAGS", "-D warnings")).map(drop)
    });
    tally.check("the core builds without a browser", || cargo_ok(&["check", "-p", "cqrs-lab", "--no-default-features"]));
    tally.check("the core's tree knows no browser", tree_knows_no_browser);
}

/// DESIGN section 3: nothing of the browser in the tree without the feature `web`.
fn tree_knows_no_browser() -> Outcome {
    let list = |features: &[&str]| {
        let mut tree = cargo(&["tree", "-p", "cqrs-lab", "--target", "all", "--edges", "normal,build", "--prefix", "none"]);
        output_of(tree.args(features)).ok_or("cargo tree failed")
    };
    let named = |tree: &str| -> Vec<&str> {
        BROWSER_CRATES.into_iter().filter(|name| tree.lines().any(|line| line.split(' ').next() == Some(name))).collect()
    };
    let without = list(&["--no-default-features"])?;
    // With the feature all of them must be found, or this check looks for the wrong names.
    let with = list(&[])?;
    let (found, known) = (named(&without), named(&with));
    if known.len() != BROWSER_CRATES.len() {
        return Err(format!("with the feature web the tree has only {known:?} of {BROWSER_CRATES:?}").into());
    }
    if !found.is_empty() {
        return Err(format!("without the feature web the tree still has {found:?}").into());
    }
    println!("{} packages without the feature web, none of {BROWSER_CRATES:?} among them", without.lines().count());
    Ok(())
}

fn native_tests(tally: &mut Tally) {
    tally.tests("native tests", || {
        cargo_tests(cargo(&["test", "--workspace", "--no-default-features", "--features", "cqrs-lab/conformance"]))
    });
}

fn wasm_tests(tally: &mut Tally, browsers: &[Browser]) {
    tally.check("the wasm tests build", || {
        setup::wasm_target()?;
        setup::wasm_bindgen()?;
        cargo_ok(&["test", "-p", "cqrs-lab", "--target", setup::WASM, "--features", "conformance", "--test", "web", "--no-run"])
    });
    for &browser in browsers {
        tally.tests(&format!("wasm tests in {}", browser.name()), || wasm_tests_in(browser));
    }
}

fn wasm_tests_in(browser: Browser) -> Outcome<(u64, u64)> {
    let driver = browser.driver().ok_or("its driver is missing")?;
    let profile = std::env::temp_dir().join(format!("cqrs-lab-wasm-{}-{}", browser.name(), std::process::id()));
    let capabilities = tools_dir().join(format!("webdriver-{}.json", browser.name()));
    std::fs::create_dir_all(tools_dir())?;
    std::fs::write(&capabilities, browser.capabilities(&profile.to_string_lossy()).to_string())?;
    let cargo = cargo(&[]).get_program().to_owned();
    let mut tests = browser.on_display(&cargo.into());
    tests
        .args(["test", "-p", "cqrs-lab", "--target", setup::WASM, "--features", "conformance", "--test", "web"])
        .env(browser.runner_variable(), driver)
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", capabilities)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "30");
    for other in Browser::ALL.into_iter().filter(|b| *b != browser) {
        tests.env_remove(other.runner_variable());
    }
    cargo_tests(tests)
}

fn cargo_ok(words: &[&str]) -> Outcome {
    caught(&mut cargo(words)).map(drop)
}

fn caught(command: &mut std::process::Command) -> Outcome<String> {
    let (ok, said) = run_caught(command)?;
    if ok { Ok(said) } else { Err("see above".into()) }
}

/// Runs tests that report as cargo's do and counts them.
fn cargo_tests(mut command: std::process::Command) -> Outcome<(u64, u64)> {
    let (ok, said) = run_caught(&mut command)?;
    let counts = count(&said);
    if counts.ignored > 0 {
        return Err(format!("{} tests were ignored: a test is run or removed", counts.ignored).into());
    }
    if counts.passed + counts.failed == 0 {
        return Err("no test ran".into());
    }
    // Something other than a test broke, a build for example.
    let broken = u64::from(!ok && counts.failed == 0);
    Ok((counts.passed, counts.failed + broken))
}

#[derive(Default, Debug, PartialEq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Adds up the lines `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
fn count(said: &str) -> Counts {
    let mut counts = Counts::default();
    for line in said.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
        let words: Vec<&str> = line.split([' ', ';', '.']).filter(|w| !w.is_empty()).collect();
        for pair in words.windows(2) {
            let number = pair[0].parse().unwrap_or(0);
            match pair[1] {
                "passed" => counts.passed += number,
                "failed" => counts.failed += number,
                "ignored" => counts.ignored += number,
                _ => {}
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::{Counts, count};

    #[test]
    fn cargo_s_lines_are_added_up() {
        let said = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\nother\n\
                    test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(count(said), Counts { passed: 15, failed: 2, ignored: 1 });
    }
}
