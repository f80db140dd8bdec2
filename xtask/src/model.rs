//! The commands that run the model natively: `trace` and `conformance`.
//!
//! They need the library, optimised. So an xtask without it starts one with it, and the other commands never wait for it to compile.

#[cfg(not(feature = "model"))]
use crate::{AlreadySaid, Outcome, shell::cargo};

#[cfg(feature = "model")]
pub use with_model::command;

/// Runs a command of the model in an xtask that has it.
///
/// # Errors
/// As the command does.
#[cfg(not(feature = "model"))]
pub fn command(name: &str, words: &[String]) -> Outcome {
    let mut other = cargo(&["run", "--quiet", "--profile", "native", "--package", "xtask", "--features", "model", "--", name]);
    // Paths on the command line are meant from where the person stands.
    other.current_dir(std::env::current_dir()?).args(words);
    // What it prints is the answer and goes on to a file or to diff: nothing of ours may stand around it.
    if other.status()?.success() { Ok(()) } else { Err(AlreadySaid.into()) }
}

#[cfg(feature = "model")]
mod with_model {
    use std::path::PathBuf;

    use cqrs_lab::conformance::run_paths;

    use crate::{AlreadySaid, Outcome, args::Args, shell::root, trace::command_trace};

    /// Runs a command of the model.
    ///
    /// # Errors
    /// As the command does.
    pub fn command(name: &str, words: &[String]) -> Outcome {
        let args = Args::new(words.to_vec());
        match name {
            "trace" => command_trace(args),
            "conformance" => conformance(args),
            _ => Err(format!("no command of the model is called {name}").into()),
        }
    }

    fn conformance(mut args: Args) -> Outcome {
        let only = args.value("--case")?;
        let explain = args.flag("--explain");
        let mut paths: Vec<PathBuf> = args.positionals().into_iter().map(PathBuf::from).collect();
        args.finish("conformance")?;
        if paths.is_empty() {
            paths.push(root().join("conformance"));
        }
        let report = run_paths(&paths, only.as_deref(), explain)?;
        print!("{}", report.text);
        println!("{} passed, {} failed", report.passed, report.failed);
        if report.failed == 0 { Ok(()) } else { Err(AlreadySaid.into()) }
    }
}
