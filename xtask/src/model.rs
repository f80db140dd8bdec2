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
    use std::{fs, path::PathBuf};

    use cqrs_lab::conformance::{Case, Sheet, Sheets, case_files, run_paths};
    use cqrs_lab::scenario::fidelity::DEVIATIONS;

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
            "sheets" => sheets(args),
            _ => Err(format!("no command of the model is called {name}").into()),
        }
    }

    /// `cargo xtask sheets FOLDER`: every recorded case as the page shows it. Part of `build`.
    fn sheets(mut args: Args) -> Outcome {
        let folders = args.positionals();
        args.finish("sheets")?;
        let [folder] = folders.as_slice() else { return Err("sheets needs one folder".into()) };
        let folder = PathBuf::from(folder);
        let files = case_files(&[root().join("conformance")])?;
        fs::create_dir_all(&folder)?;
        let mut sheets = Sheets::default();
        for file in &files {
            let name = file.display().to_string();
            let case = Case::parse(&name, &fs::read_to_string(file)?)?;
            if DEVIATIONS.iter().any(|deviation| deviation.case == case.id) {
                continue;
            }
            let sheet = Sheet::of(&case)?;
            fs::write(folder.join(format!("{}.json", case.id)), sheet.to_json().to_string())?;
            sheets.add(&sheet);
        }
        fs::write(folder.join("index.json"), sheets.to_json().to_string())?;
        println!("{} recorded cases for the page in {}", files.len(), folder.display());
        Ok(())
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
