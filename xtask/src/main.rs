//! The commands of this repository: `cargo xtask --help`.
//!
//! Has never heard of how the page or the model works: it builds, serves, runs and measures them.
#![forbid(unsafe_code)]

mod args;
mod bench;
mod browser;
mod build;
mod later;
mod layers;
mod model;
mod pages;
mod parts;
mod record;
mod screenshot;
mod serve;
mod server;
mod setup;
mod shell;
mod test;
mod tidy;
#[cfg(feature = "model")]
mod trace;
mod webdriver;

use std::{env, error::Error, fmt, process::ExitCode};

use args::Args;

/// What a task gives: a value, or an error whose text is for a person.
pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The error of a command that has already said what went wrong.
#[derive(Debug)]
pub struct AlreadySaid;

impl fmt::Display for AlreadySaid {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl Error for AlreadySaid {}

const HELP: &str = "\
The commands of CQRS Lab. What a command needs and the machine lacks it installs, saying so, into .tools/ (Rust tools) or by
apt-get (browsers, on Debian as root only).

cargo xtask serve [--port N] [--no-open] [--no-build]
    Builds the page optimised, serves it on 127.0.0.1 (port 8080, a free one where that is taken, or N) and opens it.
    --no-open prints the address only; --no-build serves dist/ as it is.

cargo xtask build [--dev]
    Makes dist/: static files that work under any path of any static host. Made smaller by wasm-opt where node is installed.
    Prints the sizes raw, by gzip and by brotli. --dev: fast and large, without optimisation.

cargo xtask test [--lint] [--native] [--wasm] [--pages] [--browser NAME]… [--only WORD] [--no-build]
    All checks, or the kinds named: --lint (tidy, format, clippy, documentation, the core's dependency tree), --native (cargo test),
    --wasm (the tests in the browsers, run by wasm-bindgen's runner), --pages (the built page, driven by WebDriver).
    --browser chromium|firefox|webkit: only in these. --only WORD: only page tests whose name has WORD.
    --no-build: page tests of dist/ as it is. Ends with the line `N passed, N failed`.

cargo xtask tidy
    The rules for source text alone; a part of `test --lint`.

cargo xtask bench [--no-page] [--no-build]
    Measures what the design sets budgets for, prints the table and writes BENCHMARKS.md.
    --no-page: only natively, and BENCHMARKS.md stays as it is. --no-build: measures dist/ as it is.

cargo xtask trace SCENARIO [--seed N] [--until 60s] [--set key=value]… [--digest]
    Runs a built-in scenario natively and prints its trace, one fact a line, or only the digest of the run.

cargo xtask conformance [PATH…] [--case ID] [--explain]
    Plays the recorded cases of real Kafka and Spring for Apache Kafka against the model: those of the files and folders named,
    or of conformance/. A line for each that differs; --explain shows both sides whole. Ends with the line `N passed, N failed`.

cargo xtask record [ID…] [--check]
    Plays the recorded cases (or those named; * stands for anything) against real Kafka and Spring and writes what they did to
    conformance/. --check: writes nothing, reports each case that differs. Needs Java 17 and Maven; all of it takes about 25 minutes.

cargo xtask screenshot [--no-build]
    Makes the pictures of docs/ anew, in headless Chromium.
";

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = error.to_string();
            if !text.is_empty() {
                eprintln!("error: {text}");
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Outcome {
    let mut words = env::args().skip(1);
    let command = words.next().unwrap_or_else(|| "--help".to_owned());
    let words: Vec<String> = words.collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    let args = Args::new(words.clone());
    match command.as_str() {
        "--help" | "-h" | "help" => {
            print!("{HELP}");
            Ok(())
        }
        "serve" => serve::command_serve(args),
        "build" => build::command_build(args),
        "test" => test::command_test(args),
        "tidy" => args.finish("tidy").and_then(|()| tidy::check()),
        "bench" => bench::command_bench(args),
        "trace" | "conformance" | "sheets" => model::command(&command, &words),
        "record" => record::command_record(args),
        "screenshot" => screenshot::command_screenshot(args),
        _ => {
            let known: Vec<&str> = HELP.lines().filter_map(|line| line.strip_prefix("cargo xtask ")?.split(' ').next()).collect();
            Err(format!("no command is called {command}; there are {} (cargo xtask --help)", known.join(", ")).into())
        }
    }
}
