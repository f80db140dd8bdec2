//! Running other programs: with their output shown, caught, or both; and finding them on the PATH.
//!
//! Has never heard of browsers or of wasm.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use crate::Outcome;

/// The repository's root: the folder above this package.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in a folder of the repository").to_owned()
}

/// Where tools are installed that the machine did not have: kept by `cargo clean`, ignored by git.
pub fn tools_dir() -> PathBuf {
    root().join(".tools")
}

/// The PATH of every child: this repository's own tools first.
pub fn path_with_tools() -> OsString {
    let old = env::var_os("PATH").unwrap_or_default();
    let mut parts = vec![tools_dir().join("bin")];
    parts.extend(env::split_paths(&old));
    env::join_paths(parts).unwrap_or(old)
}

/// The first program of one of these names on the PATH, or among this repository's own tools.
pub fn find(names: &[&str]) -> Option<PathBuf> {
    let path = path_with_tools();
    names.iter().find_map(|name| {
        env::split_paths(&path).map(|dir| dir.join(format!("{name}{}", env::consts::EXE_SUFFIX))).find(|file| file.is_file())
    })
}

/// A command in the repository's root with the tools on its PATH.
///
/// `NO_COLOR` is taken away because trunk refuses to start with `NO_COLOR=1`; `RUSTFLAGS` because it would displace those of
/// `.cargo/config.toml`, without which the page cannot be parted in two.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).env("PATH", path_with_tools()).env_remove("NO_COLOR");
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    // The cargo that runs this xtask names its own package in the environment; children are other packages.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST") {
            command.env_remove(&name);
        }
    }
    command
}

/// `cargo` with these words.
pub fn cargo(words: &[&str]) -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(words);
    cargo
}

/// How a command is shown to a person.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    command.get_args().fold(program, |text, arg| {
        let arg = arg.to_string_lossy();
        let arg = if arg.len() > 60 { "…".into() } else { arg };
        format!("{text} {arg}")
    })
}

/// Runs a command with its output shown.
///
/// # Errors
/// If it cannot start or does not succeed.
pub fn run(command: &mut Command) -> Outcome {
    println!("$ {}", shown(command));
    let status = command.status().map_err(|e| cannot_start(command, &e))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed ({status})", shown(command)).into()) }
}

/// What a command printed on its standard output, or none if it cannot start or does not succeed.
pub fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a command with its output shown line by line, and also returns it: whether it succeeded, and all that it said.
///
/// # Errors
/// If it cannot start.
pub fn run_caught(command: &mut Command) -> Outcome<(bool, String)> {
    println!("$ {}", shown(command));
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|e| cannot_start(command, &e))?;
    let stdout = child.stdout.take().expect("stdout was piped");
    let stderr = child.stderr.take().expect("stderr was piped");
    let errors = thread::spawn(move || tee(stderr));
    let mut said = tee(stdout);
    said.push_str(&errors.join().expect("the reader of stderr does not panic"));
    let status = child.wait()?;
    Ok((status.success(), said))
}

/// Passes lines on to our standard output as they come and returns them all.
fn tee(from: impl Read) -> String {
    let mut all = String::new();
    let mut reader = BufReader::new(from);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&line);
        let mut out = std::io::stdout().lock();
        // A closed standard output (`| head`) must not stop the child's run.
        let _ = out.write_all(text.as_bytes());
        let _ = out.flush();
        all.push_str(&text);
        line.clear();
    }
    all
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start `{}`: {error}", shown(command))
}

/// All files below a folder, sorted, without those in folders that begin with a dot or are named `target` or `node_modules`.
pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !path.is_dir() {
                found.push(path);
            } else if !name.starts_with('.') && name != "target" && name != "node_modules" {
                folders.push(path);
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::cargo;

    #[test]
    fn flags_of_the_surroundings_do_not_displace_those_of_the_repository() {
        let removed = |name: &str| cargo(&["build"]).get_envs().any(|(variable, value)| variable == name && value.is_none());
        assert!(["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "NO_COLOR"].into_iter().all(removed));
    }
}
