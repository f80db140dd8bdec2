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
    /// Options of the JVM.
    options: &'static [&'static str],
}

const RECORDERS: [Recorder; 2] = [
    Recorder { name: "kafka", main: "recorder.kafka.Main", options: &["-Xmx6g"] },
    Recorder { name: "spring", main: "recorder.spring.Main", options: &["-Xmx3g", "-Dreps=3"] },
];

/// How many scripts are played at a time, and how many when they are played again because they did not come out the same.
const PARALLEL: [u32; 2] = [10, 2];

/// `cargo xtask record [ID…] [--check]`.
///
/// # Errors
/// If Java or Maven is missing, an id names no case, a case could not be recorded, or, with `--check`, one differs.
pub fn command_record(mut args: Args) -> Outcome {
    let check = args.flag("--check");
    let ids = args.positionals();
    let asked = ids.clone();
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
    let wanted = wanted(&ids)?;
    let mut again: Vec<String> = ids;
    let mut failure = Ok(());
    for (round, parallel) in PARALLEL.into_iter().enumerate() {
        failure = play_all(&home, &fresh, &again, parallel);
        let missing = wanted.iter().filter(|id| !fresh.join(format!("{id}.json")).is_file());
        let differing = if check { differing(&fresh)? } else { Vec::new() };
        again = missing.cloned().chain(differing).collect();
        again.sort();
        if again.is_empty() {
            break;
        }
        if round == 0 {
            // Real systems have real clocks: on a busy machine a wait can be too short by chance.
            println!("played again, {} at a time: {}", PARALLEL[1], again.join(" "));
        }
    }
    let files = json_files(&fresh)?;
    if files.is_empty() {
        return Err(format!("nothing was recorded: no case matches {}", asked.join(" ")).into());
    }
    let outcome =
        if check { compare(&files, &again, &root().join("conformance")) } else { take_over(&files, asked.is_empty() && failure.is_ok()) };
    outcome.and(failure)
}

/// Plays what these ids name, each recorder its own; all if there are none.
fn play_all(home: &Path, fresh: &Path, ids: &[String], parallel: u32) -> Outcome {
    let mut failed = Vec::new();
    for recorder in &RECORDERS {
        let own: Vec<&String> = ids.iter().filter(|id| id.starts_with(recorder.name)).collect();
        if ids.is_empty() || !own.is_empty() {
            failed.extend(play(recorder, home, fresh, &pattern(&own), parallel).err().map(|e| e.to_string()));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

/// The recorded cases that these ids name; all if there are none.
fn wanted(ids: &[String]) -> Outcome<Vec<String>> {
    let known = json_files(&root().join("conformance"))?;
    let names = known.iter().filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()));
    Ok(names.filter(|name| ids.is_empty() || ids.iter().any(|id| is_named(name, id))).collect())
}

/// Whether an id, in which `*` stands for anything, names this case.
fn is_named(name: &str, id: &str) -> bool {
    let mut parts = id.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last.is_some_and(|part| name.ends_with(part))
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

fn play(recorder: &Recorder, home: &Path, fresh: &Path, pattern: &str, parallel: u32) -> Outcome {
    let module = home.join(recorder.name);
    let libraries = fs::read_to_string(module.join("target/classpath"))?;
    let mut parts = vec![module.join("target/classes")];
    parts.extend(env::split_paths(libraries.trim()));
    let mut java = command("java");
    java.current_dir(&module).args(recorder.options).arg(format!("-Dparallel={parallel}")).arg("-cp").arg(env::join_paths(parts)?);
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

/// Says what differs; `again` are the ids that were played twice and still differ, or were never the same three times.
fn compare(files: &[PathBuf], again: &[String], stored: &Path) -> Outcome {
    for file in files {
        if let Some(place) = differs(file, stored)? {
            println!("differs: {place}");
        }
    }
    for id in again.iter().filter(|id| !files.iter().any(|file| file.file_stem().is_some_and(|stem| *stem == ***id))) {
        println!("not the same three times: {id}");
    }
    let new: Vec<&PathBuf> = files.iter().filter(|file| known(file, stored).is_none()).collect();
    for file in &new {
        println!("{}", not_stored(file));
    }
    println!("{} passed, {} failed", passed(files, again, stored), again.len() + new.len());
    if !again.is_empty() {
        return Err("the real systems did not give some cases again".into());
    }
    if new.is_empty() { Ok(()) } else { Err("some cases have a script but nothing that was recorded".into()) }
}

/// How many of these were there to be borne out, and are.
fn passed(files: &[PathBuf], again: &[String], stored: &Path) -> usize {
    files.iter().filter(|file| !is_among(file, again) && known(file, stored).is_some()).count()
}

/// What is wrong with a case that only its script speaks of, and what to do.
fn not_stored(file: &Path) -> String {
    let id = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    format!("not stored: {id} has a script, but conformance/{id}.json is missing; `cargo xtask record {id}` writes it")
}

/// The stored case with the name of this one.
fn known(file: &Path, stored: &Path) -> Option<PathBuf> {
    Some(stored.join(file.file_name()?)).filter(|known| known.is_file())
}

fn is_among(file: &Path, ids: &[String]) -> bool {
    ids.iter().any(|id| file.file_stem().is_some_and(|stem| stem == id.as_str()))
}

/// The ids of the freshly recorded cases that do not bear out the known ones.
fn differing(fresh: &Path) -> Outcome<Vec<String>> {
    let mut ids = Vec::new();
    for file in json_files(fresh)? {
        if differs(&file, &root().join("conformance"))?.is_some() {
            ids.extend(file.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    Ok(ids)
}

/// Where a freshly recorded case does not bear out the stored one, if there is one.
fn differs(file: &Path, stored: &Path) -> Outcome<Option<String>> {
    let name = file.file_name().ok_or("a recorded file has a name")?;
    let Some(known) = known(file, stored) else { return Ok(None) };
    let read = |path: &Path| -> Outcome<Value> { Ok(serde_json::from_str(&fs::read_to_string(path)?)?) };
    let (old, new) = (read(&known)?, read(file)?);
    let place = ["given", "script", "observed"].iter().find_map(|part| difference(part.to_string(), &old[part], &new[part]));
    Ok(place.map(|place| format!("{} at {place}", name.display())))
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

    /// A folder of its own for one test.
    fn folder(name: &str) -> PathBuf {
        let folder = env::temp_dir().join(format!("record-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        folder
    }

    #[test]
    fn a_case_that_is_not_stored_has_not_passed() {
        let (fresh, stored) = (folder("fresh"), folder("stored"));
        let case = |observed: u32| json!({"given": {}, "script": [], "observed": {"end": observed}}).to_string();
        let file = |id: &str| fresh.join(format!("{id}.json"));
        for (id, old) in [("kafka-same", Some(1)), ("kafka-other", Some(2)), ("kafka-new", None)] {
            fs::write(file(id), case(1)).expect("written");
            if let Some(old) = old {
                fs::write(stored.join(format!("{id}.json")), case(old)).expect("written");
            }
        }
        let files = json_files(&fresh).expect("readable");
        let again = vec!["kafka-other".to_owned()];
        assert_eq!(differs(&file("kafka-same"), &stored).expect("readable"), None);
        assert!(differs(&file("kafka-other"), &stored).expect("readable").is_some_and(|place| place.contains("observed.end: 2, now 1")));
        assert_eq!(passed(&files, &again, &stored), 1, "neither the one that differs nor the one that is not stored");
        assert!(compare(&[file("kafka-same")], &[], &stored).is_ok());
        assert!(compare(&[file("kafka-same"), file("kafka-new")], &[], &stored).is_err());
        assert!(not_stored(&file("kafka-new")).contains("cargo xtask record kafka-new"));
        for folder in [fresh, stored] {
            fs::remove_dir_all(folder).expect("removed");
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        let cases = [("kafka-tx-abort", "kafka-tx-*", true), ("kafka-tx-abort", "kafka-tx", false), ("kafka-tx-abort", "*-abort", true)];
        for (name, id, named) in cases {
            assert_eq!(is_named(name, id), named, "{id}");
        }
        assert!(is_named("kafka-lag", "kafka-lag") && !is_named("kafka-lag-2", "kafka-lag"));
    }

    #[test]
    fn ids_become_one_pattern() {
        let ids = ["kafka-tx-*".to_owned(), "kafka-lag".to_owned()];
        assert_eq!(pattern(&ids.iter().collect::<Vec<_>>()), "^(kafka-tx-.*|kafka-lag)$");
        assert_eq!(pattern(&[]), ".*");
    }
}
