//! Every recorded case, played through the model natively.
#![cfg(feature = "conformance")]

use std::path::{Path, PathBuf};

use cqrs_lab::conformance::{Case, Sheet, check, run_paths};
use cqrs_lab::kernel::SimTime;
use cqrs_lab::pipeline::World;
use cqrs_lab::scenario::Scenario;
use cqrs_lab::scenario::fidelity::DEVIATIONS;
use cqrs_lab::scenario::link::Recording;
use cqrs_lab::timeline::{Evidence, Timeline, Verdict};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")
}

fn cases_of(prefix: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the folder of cases is there")
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(prefix) && n.ends_with(".json")))
        .collect();
    files.sort();
    files
}

#[test]
fn f7_spring_application_events_do_as_recorded() {
    let report = run_paths(&cases_of("spring-events-"), None, false).expect("the cases are readable");
    assert_eq!(report.failed, 0, "\n{}", report.text);
    assert!(report.passed >= 26, "only {} cases were played", report.passed);
}

#[test]
fn an_unknown_verb_is_named() {
    let text = r#"{"id": "x", "given": {"tables": [], "listeners": []}, "script": [{"do": "in_orbit", "steps": []}], "observed": {}}"#;
    let case = Case::parse("x.json", text).expect("well-formed");
    let error = check(&case).expect_err("the verb does not exist").to_string();
    assert!(error.contains("in_orbit") && error.contains("script[0]"), "{error}");
}

#[test]
fn nothing_in_a_case_is_silently_ignored() {
    let case = |given: &str, step: &str| {
        let text = format!(
            r#"{{"id": "spring-x", "given": {{"topics": {{"t": {{}}}}, "group": "g", {given}}}, "script": [{step}], "observed": {{}}}}"#
        );
        let case = Case::parse("x.json", &text).expect("well-formed");
        check(&case).map_or_else(|error| error.to_string(), |_| "it was played".to_owned())
    };
    let settle = r#"{"do": "settle"}"#;
    for (given, step, named) in [
        (r#""container": {"ackMood": "RECORD"}"#, settle, "given.container.ackMood"),
        (r#""container": {"listener": "single"}"#, settle, "single"),
        (r#""consumer": {"max.poll.record": 1}"#, settle, "max.poll.record"),
        (r#""error_handler": {"class": "CommonLoggingErrorHandler", "backOff": {}}"#, settle, "given.error_handler.backOff"),
        (r#""error_handler": {"class": "DefaultErrorHandler", "backOff": {"jitter": 1}}"#, settle, "given.error_handler.backOff.jitter"),
        (r#""retry_topic": {"topicSuffixingStrategy": "NONE"}"#, settle, "NONE"),
        (r#""trace": "by_partition""#, settle, "by_partition"),
        (r#""container": {}"#, r#"{"do": "stop", "membre": "c1"}"#, "script[0].membre"),
        (r#""container": {}"#, r#"{"do": "restart"}"#, "restart"),
    ] {
        let error = case(given, step);
        assert!(error.contains(named), "{error} does not name {named}");
    }
}

/// The values are those that Kafka 4.2.1's clients refused when they were constructed, and those that they took.
#[test]
fn a_value_that_a_client_refuses_is_refused_though_nothing_can_be_seen_of_the_setting() {
    let play = |what: &str, setting: &str| {
        let given = match what {
            "send" => format!(r#""producers": {{"p": {{{setting}}}}}, "#),
            _ => String::new(),
        };
        let step = match what {
            "send" => r#"{"do": "send", "topic": "t", "partition": 0, "value": "v", "producer": "p", "as": "it"}"#.to_owned(),
            "open" => {
                format!(r#"{{"do": "open", "member": "m", "group": "g", "topics": ["t"], "config": {{{setting}}}, "as": "it"}}"#)
            }
            _ => format!(
                r#"{{"do": "share_open", "member": "m", "group": "g", "topics": ["t"], "wait": false, "config": {{{setting}}}, "as": "it"}}"#
            ),
        };
        let text = format!(
            r#"{{"id": "kafka-x", "given": {{"brokers": 1, {given}"topics": {{"t": {{"partitions": 1}}}}}}, "script": [{step}], "observed": {{"it": {{"error": "ConfigException"}}}}}}"#
        );
        check(&Case::parse("x.json", &text).expect("well-formed")).expect("it can be played").is_none()
    };
    for (what, setting) in [
        ("send", r#""compression.type": "zip""#),
        ("send", r#""compression.type": "ZSTD""#),
        ("send", r#""compression.gzip.level": 0"#),
        ("send", r#""compression.lz4.level": 18"#),
        ("send", r#""compression.zstd.level": 23"#),
        ("send", r#""metadata.max.idle.ms": 4999"#),
        ("send", r#""receive.buffer.bytes": -2"#),
        ("send", r#""enable.metrics.push": "x""#),
        ("open", r#""receive.buffer.bytes": -2"#),
        ("open", r#""send.buffer.bytes": 2147483648"#),
        ("open", r#""client.dns.lookup": "default""#),
        ("open", r#""metrics.recording.level": "info""#),
        ("open", r#""share.acquire.mode": "record_limit""#),
        ("share_open", r#""receive.buffer.bytes": -2"#),
        ("share_open", r#""group.protocol": "consumer""#),
    ] {
        assert!(play(what, setting), "{what} with {setting} is not refused");
    }
    for (what, setting) in [
        ("send", r#""compression.type": "zstd""#),
        ("send", r#""compression.gzip.level": -1"#),
        ("send", r#""connections.max.idle.ms": -1"#),
        ("send", r#""transaction.timeout.ms": -1"#),
        ("open", r#""receive.buffer.bytes": -1"#),
        ("open", r#""metadata.recovery.strategy": "NONE""#),
        ("share_open", r#""max.partition.fetch.bytes": 1"#),
    ] {
        assert!(!play(what, setting), "{what} with {setting} is refused");
    }
}

/// Verbs that the README of the cases documents: `| `verb` |` in its tables.
fn documented_verbs() -> Vec<String> {
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("the cases have a README");
    let cells = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next().map(str::to_owned));
    cells.flat_map(|cell| cell.split('`').step_by(2).map(|verb| verb.trim().to_owned()).collect::<Vec<_>>()).collect()
}

#[test]
fn every_case_is_well_formed() {
    let documented = documented_verbs();
    let files = cases_of("");
    assert!(files.len() >= 515, "only {} cases", files.len());
    for file in files {
        let name = file.file_stem().and_then(|n| n.to_str()).expect("a name").to_owned();
        let text = std::fs::read_to_string(&file).expect("readable");
        let case = Case::parse(&name, &text).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(case.id, name, "id and file name differ");
        assert!(!case.observed.is_empty() && !case.rules.is_empty(), "{name}: nothing observed, or no rule");
        for rule in &case.rules {
            let (section, number) = rule.split_at(1);
            assert!((("A"..="H").contains(&section) || section == "S") && number.parse::<u8>().is_ok(), "{name}: rule {rule}");
        }
        for machine in ["/tmp", "/home", "localhost", "127.0.0.1"] {
            assert!(!text.contains(machine), "{name}: {machine} is of the recording machine");
        }
        for verb in case.script.iter().filter_map(|step| step.get("do")?.as_str()) {
            let known = documented.iter().any(|d| d == verb) || ["in_transaction", "without_transaction"].contains(&verb);
            assert!(known, "{name}: the verb {verb} is not documented");
        }
        if name.starts_with("kafka-") {
            let labels: Vec<&str> = case.script.iter().filter_map(|step| step.get("as")?.as_str()).collect();
            let observed: Vec<&String> = case.observed.keys().collect();
            assert!(labels.len() == observed.len() && labels.iter().all(|l| observed.iter().any(|o| o == l)), "{name}: labels differ");
        }
    }
}

/// Every case but the known deviations is met, and no deviation is known that is none.
#[test]
fn every_case_but_the_known_deviations_does_as_recorded() {
    let files = cases_of("");
    let report = run_paths(&files, None, false).expect("the cases are readable");
    let met = |id: &str| report.passed_ids.iter().any(|passed| passed == id);
    let known = |id: &str| DEVIATIONS.iter().any(|deviation| deviation.case == id);
    let ids = || files.iter().filter_map(|file| file.file_stem()?.to_str());
    let surprises: Vec<&str> = ids().filter(|id| !met(id) && !known(id)).collect();
    assert!(surprises.is_empty(), "these should pass: {surprises:?}\n{}", report.text);
    let stale: Vec<&str> =
        DEVIATIONS.iter().map(|deviation| deviation.case).filter(|id| met(id) || ids().all(|known| known != *id)).collect();
    assert!(stale.is_empty(), "these pass or are not there, take them off the list of deviations: {stale:?}");
    assert!(DEVIATIONS.iter().all(|deviation| deviation.why.iter().all(|why| !why.is_empty())), "a deviation has its reason");
}

/// Every recorded fact is carried by the page's own run: its link plays it again, at every moment the facts that are due
/// have come, and the others have not. Every fourth case here; `cargo xtask build` makes the sheets of all.
#[test]
fn a_sheet_ticks_off_every_fact_in_the_run_of_its_link() {
    for file in cases_of("").iter().step_by(4) {
        let text = std::fs::read_to_string(file).expect("readable");
        let case = Case::parse("a case", &text).expect("well-formed");
        let sheet = Sheet::of(&case).unwrap_or_else(|error| panic!("{error}"));
        assert!(!sheet.facts.is_empty(), "{}: no fact", case.id);
        let link = sheet.recording.to_fragment(|_| None);
        let (read, problems) = Recording::from_fragment(&link, |_| None, Scenario::plain("another", 7));
        assert!(problems.is_empty(), "{}: {problems:?}", case.id);
        assert_eq!(read, sheet.recording, "{}", case.id);
        let mut timeline = Timeline::new(World::new(&read.scenario), read.interventions);
        timeline.watch(sheet.facts.iter().flat_map(|fact| &fact.evidence).map(Evidence::at).collect());
        let end = SimTime(read.scenario.duration_us);
        let verdicts = |timeline: &Timeline<World>| -> Vec<(SimTime, Verdict)> {
            let one = |piece: &Evidence| (piece.at(), piece.verdict(timeline));
            sheet.facts.iter().flat_map(|fact| &fact.evidence).map(one).collect()
        };
        for at in [SimTime(end.us() / 2), end, SimTime(end.us() / 3)] {
            timeline.seek(at);
            for (due, verdict) in verdicts(&timeline) {
                let expected = if due <= at { Verdict::Held } else { Verdict::Ahead };
                assert_eq!(verdict, expected, "{}: at {at} of what is due at {due}", case.id);
            }
        }
    }
}

/// What was recorded does not come in a run without its script: a tick proves something.
#[test]
fn a_fact_is_missing_in_a_run_that_does_not_show_it() {
    let text = std::fs::read_to_string(folder().join("spring-nack-zero.json")).expect("readable");
    let sheet = Sheet::of(&Case::parse("a case", &text).expect("well-formed")).expect("it passes");
    let mut scenario = sheet.recording.scenario.clone();
    let last = scenario.program.pop().expect("it has a script");
    let mut timeline = Timeline::new(World::new(&scenario), Vec::new());
    timeline.watch(sheet.facts.iter().flat_map(|fact| &fact.evidence).map(Evidence::at).collect());
    timeline.seek(SimTime(scenario.duration_us));
    let pieces = || sheet.facts.iter().flat_map(|fact| &fact.evidence);
    assert!(pieces().any(|piece| piece.verdict(&timeline) == Verdict::Missing), "without {:?} everything comes", last.1);
}

/// What the runner says of a file that is no case, and goes on.
#[test]
fn a_folder_elsewhere_is_played_and_what_is_wrong_in_it_is_named() {
    let folder = std::env::temp_dir().join(format!("cqrs-lab-cases-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file can be written");
    let good = std::fs::read_to_string(self::folder().join("spring-nack-zero.json")).expect("readable");
    write("a.json", "{\"id\": \"broken\", ");
    write("b.json", &good.replace("\"nack_ms\"", "\"nack_years\"").replace("spring-nack-zero", "spring-unknown-action"));
    write("c.json", &good.replace("\"ackMode\"", "\"ackMood\"").replace("spring-nack-zero", "spring-unknown-setting"));
    write(
        "d.json",
        &good.replace("\"committed\": {\"t-0\": 6}", "\"committed\": {\"t-0\": 7}").replace("spring-nack-zero", "spring-other"),
    );
    write("e.json", &good);
    write("f.json", &good.replace("\"do\": \"settle\"", "\"do\": \"settled\"").replace("spring-nack-zero", "spring-unknown-verb"));
    let report = run_paths(std::slice::from_ref(&folder), None, false).expect("the folder is there");
    assert_eq!((report.passed, report.failed), (1, 5), "{}", report.text);
    let line = |words: &[&str]| {
        let found = report.text.lines().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "no line has {words:?}:\n{}", report.text);
    };
    line(&["a.json", "not JSON"]);
    line(&["spring-unknown-action", "script[0].then", "nack_years"]);
    line(&["spring-unknown-setting", "ackMood"]);
    line(&["spring-other", "D6", "committed.t-0", "expected 7", "got 6"]);
    line(&["spring-unknown-verb", "script[2]", "settled"]);
    let one = run_paths(std::slice::from_ref(&folder), Some("spring-other"), true).expect("the folder is there");
    assert_eq!((one.passed, one.failed), (0, 1));
    assert!(one.text.contains("got {"), "--explain shows both sides:\n{}", one.text);
    assert!(
        run_paths(&[folder.join("nowhere")], None, false).is_err()
            && run_paths(std::slice::from_ref(&folder), Some("none"), false).is_err()
    );
    std::fs::remove_dir_all(&folder).expect("the folder can be taken away");
}
