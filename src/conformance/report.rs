//! Plays the cases of files and folders and says in lines for a person which differ. Reads files; the only part that does.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{Case, check, play};

/// What came of playing cases.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many observed what the real system did.
    pub passed: u32,
    /// How many did not, or could not be played.
    pub failed: u32,
    /// The ids of the passed.
    pub passed_ids: Vec<String>,
    /// A line for each case that differs, and with `explain` both sides whole.
    pub text: String,
}

/// Plays every case of the named files and folders, those whose id is `only_id` if one is given.
///
/// # Errors
/// A path that cannot be read, or no case at all.
pub fn run_paths(paths: &[PathBuf], only_id: Option<&str>, explain: bool) -> Result<Report, String> {
    let mut report = Report::default();
    for file in case_files(paths)? {
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let name = file.display().to_string();
        match Case::parse(&name, &text) {
            Ok(case) if only_id.is_some_and(|id| id != case.id) => {}
            Ok(case) => report.play(&case, explain),
            // Who asks for one case does not want to hear of other files.
            Err(_) if only_id.is_some_and(|id| file.file_stem().is_none_or(|stem| stem != id)) => {}
            Err(error) => report.fail(&error.to_string()),
        }
    }
    if report.passed + report.failed == 0 {
        return Err(match only_id {
            Some(id) => format!("no case has the id {id:?}"),
            None => "no case found: name a file or a folder of *.json cases".to_owned(),
        });
    }
    Ok(report)
}

impl Report {
    fn play(&mut self, case: &Case, explain: bool) {
        match check(case) {
            Ok(None) => {
                self.passed += 1;
                self.passed_ids.push(case.id.clone());
            }
            Ok(Some(difference)) => {
                let side = |value: &Option<serde_json::Value>| value.as_ref().map_or("nothing".to_owned(), ToString::to_string);
                self.fail(&format!(
                    "{} [{}] {}: expected {}, got {}",
                    case.id,
                    case.rules.join(" "),
                    difference.place,
                    side(&difference.expected),
                    side(&difference.got)
                ));
            }
            Err(error) => self.fail(&error.to_string()),
        }
        if explain && let Ok(played) = play(case) {
            let _ = writeln!(self.text, "{}\nexpected {:#}\ngot {:#}", case.title, played.expected, played.got);
        }
    }

    fn fail(&mut self, line: &str) {
        self.failed += 1;
        let _ = writeln!(self.text, "{line}");
    }
}

/// The case files of these paths, sorted by name within each folder.
///
/// # Errors
/// A path that does not exist or cannot be read.
pub fn case_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
                .map_err(|e| format!("{}: {e}", path.display()))?
                .filter_map(|entry| entry.ok().map(|e| e.path()))
                .filter(|p| p.extension().is_some_and(|e| e == "json"))
                .collect();
            inside.sort();
            files.extend(inside);
        } else if Path::exists(path) {
            files.push(path.clone());
        } else {
            return Err(format!("{}: no such file or folder", path.display()));
        }
    }
    Ok(files)
}
