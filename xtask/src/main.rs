//! The project's task runner: sets up, builds, serves, tests, measures.

fn main() {
    eprintln!("cargo xtask: no task is implemented yet");
    std::process::exit(2);
}
