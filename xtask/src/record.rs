//! `cargo xtask record`: plays the cases of `conformance/` against real Kafka and Spring and writes, or checks, what they did.
//!
//! Has never heard of the model.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    Outcome,
    args::Args,
    shell::{command, find, root, run},
};

/// One of the two programs of the recorder.
struct Recorder {
    /// Its folder, and the beginning of the ids that it plays.
    name: &'static str,
    main: &'static str,
    /// Options of the JVM: memory, and how many scripts are played at a time.
    options: &'static [&'static str],
}

const RECORDERS: [Recorder; 2] = [
    Recorder { name: "kafka", main: "recorder.kafka.Main", options: &["-Xmx6g", "-Dparallel=10"] },
    Recorder { name: "spring", main: "recorder.spring.Main", options: &["-Xmx3g", "-Dreps=3", "-Dparallel=10"] },
];

/// `cargo xtask record [ID…] [--check]`.
///
/// # Errors
/// If Java or Maven is missing, an id names no case, a case could not be recorded, or, with `--check`, one differs.
pub fn command_record(mut args: Args) -> Outcome {
    let check = args.flag("--check");
    let ids = args.positionals();
    args.finish("record")?;
    for id in &ids {
        if !RECORDERS.iter().any(|r| id.starts_with(r.name)) {
            return Err(format!("{id}: the id of a case begins with kafka- or spring-").into());
        }
    }
    need_java()?;
    let home = root().join("conformance/recorder");
    println!("building the recorder (about a minute the first time)");
    let classpath = "-Dmdep.outputFile=target/classpath";
    run(command("mvn").current_dir(&home).args(["-q", "-B", "compile", "dependency:build-classpath", classpath]))?;
    let fresh = home.join("target/recorded");
    let _ = fs::remove_dir_all(&fresh);
    fs::create_dir_all(&fresh)?;
    let mut failed = Vec::new();
    for recorder in &RECORDERS {
        let own: Vec<&String> = ids.iter().filter(|id| id.starts_with(recorder.name)).collect();
        if ids.is_empty() || !own.is_empty() {
            failed.extend(play(recorder, &home, &fresh, &pattern(&own)).err().map(|e| e.to_string()));
        }
    }
    let files = json_files(&fresh)?;
    if files.is_empty() {
        return Err(format!("nothing was recorded: no case matches {}", ids.join(" ")).into());
    }
    let outcome = if check { compare(&files) } else { take_over(&files, ids.is_empty() && failed.is_empty()) };
    match failed.as_slice() {
        [] => outcome,
        some => outcome.and(Err(some.join("\n").into())),
    }
}

fn need_java() -> Outcome {
    for (program, package) in [("java", "openjdk-17-jdk-headless"), ("mvn", "maven")] {
        if find(&[program]).is_none() {
            let cure = format!(
                "{program} is not on the PATH; the recorder needs Java 17 or newer and Maven (on Debian: apt-get install {package})"
            );
            return Err(cure.into());
        }
    }
    Ok(())
}

/// The regular expression of the ids; `*` stands for anything.
fn pattern(ids: &[&String]) -> String {
    if ids.is_empty() {
        return ".*".to_owned();
    }
    let quoted: Vec<String> = ids.iter().map(|id| id.replace('.', "\\.").replace('*', ".*")).collect();
    format!("^({})$", quoted.join("|"))
}

fn play(recorder: &Recorder, home: &Path, fresh: &Path, pattern: &str) -> Outcome {
    let module = home.join(recorder.name);
    let libraries = fs::read_to_string(module.join("target/classpath"))?;
    let mut parts = vec![module.join("target/classes")];
    parts.extend(env::split_paths(libraries.trim()));
    let mut java = command("java");
    java.current_dir(&module).args(recorder.options).arg("-cp").arg(env::join_paths(parts)?);
    java.args([recorder.main, "cases"]).arg(fresh).arg(pattern);
    run(&mut java)
}

fn json_files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.filter_map(|e| e.ok().map(|e| e.path())).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    Ok(files)
}

/// Copies what was recorded to its home. After a whole recording, cases that no script makes any more go.
fn take_over(files: &[PathBuf], whole: bool) -> Outcome {
    let home = root().join("conformance");
    if whole {
        for old in json_files(&home)? {
            if !files.iter().any(|new| new.file_name() == old.file_name()) {
                println!("gone: {}", old.display());
                fs::remove_file(old)?;
            }
        }
    }
    for file in files {
        fs::copy(file, home.join(file.file_name().ok_or("a recorded file has a name")?))?;
    }
    println!("{} cases written to conformance/", files.len());
    Ok(())
}

fn compare(files: &[PathBuf]) -> Outcome {
    let home = root().join("conformance");
    let mut differing = 0;
    for file in files {
        let name = file.file_name().ok_or("a recorded file has a name")?;
        let known = home.join(name);
        if !known.is_file() {
            println!("new: {}", name.display());
            continue;
        }
        let [old, new] = [&known, file].map(|path| fs::read_to_string(path).map(|text| serde_json::from_str::<Value>(&text)));
        let (old, new) = (old??, new??);
        if let Some(place) = ["given", "script", "observed"].iter().find_map(|part| difference(part.to_string(), &old[part], &new[part])) {
            differing += 1;
            println!("differs: {} at {place}", name.display());
        }
    }
    println!("{} passed, {differing} failed", files.len() - differing);
    if differing == 0 { Ok(()) } else { Err("the real systems did not give some cases again".into()) }
}

/// The first place where the new fact does not bear out the old one; a duration is a lower bound.
fn difference(place: String, old: &Value, new: &Value) -> Option<String> {
    match (old, new) {
        (Value::Object(o), Value::Object(n)) => {
            let keys = o.keys().chain(n.keys().filter(|k| !o.contains_key(*k) && *k != "at_least_ms" && *k != "because"));
            keys.into_iter().find_map(|key| match (o.get(key), n.get(key)) {
                (Some(o), Some(n)) if key == "at_least_ms" => (n.as_u64() < o.as_u64()).then(|| format!("{place}.{key}: {o}, now {n}")),
                (o, n) => difference(format!("{place}.{key}"), o.unwrap_or(&Value::Null), n.unwrap_or(&Value::Null)),
            })
        }
        (Value::Array(o), Value::Array(n)) => (0..o.len().max(n.len()))
            .find_map(|i| difference(format!("{place}[{i}]"), o.get(i).unwrap_or(&Value::Null), n.get(i).unwrap_or(&Value::Null))),
        (o, n) => (o != n).then(|| format!("{place}: {o}, now {n}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_longer_wait_bears_out_a_lower_bound() {
        let old = json!({"trace": [{"deliver": "t-0@1", "at_least_ms": 500}]});
        assert_eq!(difference("observed".to_owned(), &old, &json!({"trace": [{"deliver": "t-0@1", "at_least_ms": 900}]})), None);
        let place = difference("observed".to_owned(), &old, &json!({"trace": [{"deliver": "t-0@2", "at_least_ms": 500}]}));
        assert_eq!(place.as_deref(), Some("observed.trace[0].deliver: \"t-0@1\", now \"t-0@2\""));
    }

    #[test]
    fn ids_become_one_pattern() {
        let ids = ["kafka-tx-*".to_owned(), "kafka-lag".to_owned()];
        assert_eq!(pattern(&ids.iter().collect::<Vec<_>>()), "^(kafka-tx-.*|kafka-lag)$");
        assert_eq!(pattern(&[]), ".*");
    }
}
