//! Getting the tools that a command needs: the wasm target, rustfmt, clippy, trunk, the wasm-bindgen CLI, the node tools.
//!
//! A tool on the PATH of the right version is used; what is missing is installed into `.tools/`, from source and by `cargo install`,
//! so that nothing that the machine already has is replaced.
//! Has never heard of browsers: those are `browser`'s.

use std::{fs, path::PathBuf};

use crate::{
    Outcome,
    shell::{cargo, command, find, output_of, root, run, tools_dir},
};

/// The version of trunk that the build is made for.
const TRUNK: &str = "0.21.14";
/// The version of geckodriver that is installed where there is none.
const GECKODRIVER: &str = "0.37.1";
/// The target that browsers run.
pub const WASM: &str = "wasm32-unknown-unknown";

/// Everything that `build` and `serve` need.
///
/// # Errors
/// If something is missing and cannot be installed.
pub fn for_build() -> Outcome {
    wasm_target()?;
    wasm_bindgen()?;
    trunk()
}

/// The standard library for wasm.
///
/// # Errors
/// If it is missing and rustup cannot add it.
pub fn wasm_target() -> Outcome {
    let there = output_of(command("rustc").args(["--print", "target-libdir", "--target", WASM]))
        .is_some_and(|dir| fs::read_dir(dir.trim()).is_ok_and(|mut files| files.next().is_some()));
    if there {
        return Ok(());
    }
    say("the Rust standard library for wasm", "under a minute");
    run(command("rustup").args(["target", "add", WASM]))
        .map_err(|e| format!("{e}\nthe target {WASM} is needed; install Rust by rustup, or add the target by your package manager").into())
}

/// A component of the Rust toolchain, by its name for rustup (`clippy`) and that of its cargo command.
///
/// # Errors
/// If it is missing and rustup cannot add it.
pub fn component(name: &str, command_of_cargo: &str) -> Outcome {
    if output_of(&mut cargo(&[command_of_cargo, "--version"])).is_some() {
        return Ok(());
    }
    say(name, "under a minute");
    run(command("rustup").args(["component", "add", name]))
        .map_err(|e| format!("{e}\n{name} is needed; install Rust by rustup, or add it by your package manager").into())
}

/// trunk, which turns `index.html` and the crate into `dist/`.
///
/// # Errors
/// If it cannot be installed.
pub fn trunk() -> Outcome {
    if version_of("trunk").as_deref() == Some(TRUNK) {
        return Ok(());
    }
    say(&format!("trunk {TRUNK}"), "3 to 9 minutes, once");
    install(&["trunk", "--version", TRUNK, "--locked"])
}

/// The wasm-bindgen CLI (with its test runner) in exactly the version of `Cargo.lock`, as it demands.
///
/// # Errors
/// If `Cargo.lock` cannot be read or the CLI cannot be installed.
pub fn wasm_bindgen() -> Outcome {
    let wanted = locked_version("wasm-bindgen")?;
    let both = ["wasm-bindgen", "wasm-bindgen-test-runner"];
    if both.iter().all(|tool| version_of(tool).as_ref() == Some(&wanted)) {
        return Ok(());
    }
    say(&format!("wasm-bindgen-cli {wanted}"), "2 to 5 minutes, once");
    install(&["wasm-bindgen-cli", "--version", &wanted])
}

/// geckodriver, which drives Firefox.
///
/// # Errors
/// If it cannot be installed.
pub fn geckodriver() -> Outcome {
    if find(&["geckodriver"]).is_some() {
        return Ok(());
    }
    say(&format!("geckodriver {GECKODRIVER}"), "2 to 5 minutes, once");
    install(&["geckodriver", "--version", GECKODRIVER, "--locked"])
}

/// The folder with the node tools of `tests/package-lock.json` (binaryen, axe-core), or none if this machine has no npm.
///
/// # Errors
/// If npm is there and cannot install them.
pub fn node_tools() -> Outcome<Option<PathBuf>> {
    let Some(npm) = find(&["npm"]) else { return Ok(None) };
    let tests = root().join("tests");
    let modules = tests.join("node_modules");
    // npm writes this file last, so that a half-made folder is not taken for a whole one.
    let made_from = modules.join(".made-from-package-lock");
    let lock = fs::read_to_string(tests.join("package-lock.json"))?;
    if fs::read_to_string(&made_from).is_ok_and(|old| old == lock) {
        return Ok(Some(modules));
    }
    say("the node tools (binaryen, axe-core)", "under a minute");
    run(command(npm).args(["ci", "--prefix", "tests", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]))?;
    fs::write(made_from, lock)?;
    Ok(Some(modules))
}

/// The version of a package in `Cargo.lock`.
///
/// # Errors
/// If the file or the package is not there.
pub fn locked_version(package: &str) -> Outcome<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    version_in_lock(&lock, package).ok_or_else(|| format!("Cargo.lock has no package {package}").into())
}

fn version_in_lock(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

/// What `TOOL --version` says after the tool's name.
fn version_of(tool: &str) -> Option<String> {
    let said = output_of(command(find(&[tool])?).arg("--version"))?;
    said.split_whitespace().nth(1).map(str::to_owned)
}

fn install(words: &[&str]) -> Outcome {
    let mut install = cargo(&["install", "--quiet", "--root"]);
    run(install.arg(tools_dir()).args(words))
}

fn say(what: &str, duration: &str) {
    println!("\ninstalling {what} ({duration})");
}

#[cfg(test)]
mod tests {
    use super::version_in_lock;

    #[test]
    fn the_locked_version_is_of_the_package_of_exactly_that_name() {
        let lock =
            "[[package]]\nname = \"wasm-bindgen-test\"\nversion = \"0.3.1\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.9\"\n";
        assert_eq!(version_in_lock(lock, "wasm-bindgen").as_deref(), Some("0.2.9"));
        assert_eq!(version_in_lock(lock, "wasm"), None);
    }
}
