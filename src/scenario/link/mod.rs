//! A recording as the fragment of an address: `v1;s=nack;n=42;t=24180000;producer.acks=1;i=…`.
//!
//! A run without a bank says so by `w=3~60000000~num.partitions~2`: how many brokers, how long it is in microseconds, and
//! their settings by their real names; a bank that is none of the scenarios that come with the page by `b=60000000`, how long
//! it is. `s` is then whatever it is called, and `p=…` what happens by itself, written as the interventions are.
//!
//! Version, scenario, seed and moment stand in the clear, as do settings that differ from the scenario's own; the
//! interventions are [wire](super::wire) text, one a line with the time since the line before, deflated (miniz_oxide: the
//! format that every tool reads, 20 KB of wasm, no dependencies of its own) behind a checksum, in base64url.
//! What is damaged is named, and the rest is kept. Has never heard of browsers.

mod base64;
mod flaw;
mod workbench;

use std::fmt;
use std::sync::Arc;

use super::wire::{from_text, to_text};
use super::{Config, Scenario, Stage, settings};
use crate::kernel::{SimTime, digest_of};
use crate::scenario::Intervention;
pub use flaw::Flaw;
use flaw::quoted;

/// The version of the format, and what every fragment begins with.
pub const VERSION: &str = "v1";

/// The most bytes that the interventions may unfold to.
const UNFOLDED_MAX: usize = 1 << 20;

/// A run and a moment of it: everything needed to see the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// What it starts from.
    pub scenario: Scenario,
    /// What was done to it, ascending.
    pub interventions: Vec<(SimTime, Intervention)>,
    /// Where the playhead is.
    pub moment: SimTime,
}

/// A part of a fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The version.
    Version,
    /// The scenario's name.
    Scenario,
    /// The seed.
    Seed,
    /// The moment.
    Moment,
    /// A setting.
    Setting,
    /// The brokers of a run without a bank.
    Workbench,
    /// What happens by itself in a run without a bank.
    Program,
    /// The interventions.
    Interventions,
    /// Something that no version has.
    Unknown,
}

/// What is wrong with a part of a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkProblem {
    /// Which part.
    pub part: Part,
    /// What is wrong with it.
    pub what: Flaw,
}

impl fmt::Display for LinkProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = match self.part {
            Part::Version => "version",
            Part::Scenario => "scenario",
            Part::Seed => "seed",
            Part::Moment => "moment",
            Part::Setting => "setting",
            Part::Workbench => "workbench",
            Part::Program => "programme",
            Part::Interventions => "interventions",
            Part::Unknown => "part",
        };
        write!(f, "{part}: {}", self.what)
    }
}

impl Recording {
    /// The fragment, without `#`. `own` gives a scenario by name as it is before any setting was changed.
    pub fn to_fragment(&self, own: impl Fn(&str) -> Option<Scenario>) -> String {
        let mut parts = vec![
            VERSION.to_owned(),
            ["s=", &escape(&self.scenario.name)].concat(),
            ["n=", &self.scenario.seed.to_string()].concat(),
            ["t=", &self.moment.us().to_string()].concat(),
        ];
        let own = match self.scenario.stage {
            Stage::Bank => own(&self.scenario.name),
            Stage::ClusterOnly => None,
        };
        if own.is_none() {
            parts.push(match self.scenario.stage {
                Stage::ClusterOnly => ["w=", &workbench::to_text(&self.scenario)].concat(),
                Stage::Bank => ["b=", &self.scenario.duration_us.to_string()].concat(),
            });
            if !self.scenario.program.is_empty() {
                parts.push(["p=", &fold(&lines(&self.scenario.program))].concat());
            }
        }
        for (index, setting) in settings().iter().enumerate() {
            let value = self.scenario.config.at(index);
            if own.as_ref().map_or(setting.default, |own| own.config.at(index)) != value {
                parts.push([setting.key.as_str(), "=", &escape(&value.to_string())].concat());
            }
        }
        if !self.interventions.is_empty() {
            parts.push(["i=", &fold(&lines(&self.interventions))].concat());
        }
        parts.join(";")
    }

    /// Reads a fragment. Whatever cannot be read is named and takes its value from `fallback` (scenario, seed) or is left
    /// out (settings, interventions); the rest is kept. An empty fragment is `fallback` at its beginning.
    pub fn from_fragment(fragment: &str, own: impl Fn(&str) -> Option<Scenario>, fallback: Scenario) -> (Recording, Vec<LinkProblem>) {
        let mut reading =
            Reading { recording: Recording { scenario: fallback, interventions: Vec::new(), moment: SimTime::ZERO }, problems: Vec::new() };
        let mut parts = fragment.split(';').filter(|part| !part.is_empty());
        match parts.next() {
            None => {}
            Some(VERSION) => reading.parts(parts.collect(), own),
            Some(other) => {
                reading.problem(Part::Version, Flaw::Version { found: quoted(other) });
                reading.parts(parts.collect(), own);
            }
        }
        (reading.recording, reading.problems)
    }
}

struct Reading {
    recording: Recording,
    problems: Vec<LinkProblem>,
}

impl Reading {
    fn problem(&mut self, part: Part, what: Flaw) {
        self.problems.push(LinkProblem { part, what });
    }

    fn parts(&mut self, parts: Vec<&str>, own: impl Fn(&str) -> Option<Scenario>) {
        // The scenario first, wherever it stands: the others change it.
        let bank = parts.iter().find_map(|part| part.strip_prefix("b="));
        let bench = parts.iter().find_map(|part| part.strip_prefix("w="));
        for part in &parts {
            if let Some(name) = part.strip_prefix("s=") {
                let name = unescape(name);
                if let Some(bench) = bench {
                    let (scenario, problems) = workbench::from_text(&name, bench);
                    self.recording.scenario = scenario;
                    problems.into_iter().for_each(|what| self.problem(Part::Workbench, what));
                    continue;
                }
                if let Some(duration) = bank {
                    self.recording.scenario = Scenario::plain(&name, 1);
                    match duration.parse::<u64>() {
                        Ok(us @ 1..=workbench::DURATION_US_MAX) => self.recording.scenario.duration_us = us,
                        Ok(_) => self.problem(Part::Workbench, Flaw::Duration),
                        Err(_) => self.problem(Part::Workbench, Flaw::NotMicroseconds { found: quoted(duration) }),
                    }
                    continue;
                }
                match own(&name) {
                    Some(scenario) => self.recording.scenario = scenario,
                    None => self.problem(Part::Scenario, Flaw::NoSuchScenario { name: quoted(&name) }),
                }
            }
        }
        let (own, mut given) = (self.recording.scenario.config.clone(), Vec::new());
        for part in parts {
            match part.split_once('=') {
                Some(("s" | "w" | "b", _)) => {}
                Some(("n", seed)) => match seed.parse() {
                    Ok(seed) => self.recording.scenario.seed = seed,
                    Err(_) => self.problem(Part::Seed, Flaw::NotWhole { found: quoted(seed) }),
                },
                Some(("t", at)) => match at.parse() {
                    Ok(us) => self.recording.moment = SimTime(us),
                    Err(_) => self.problem(Part::Moment, Flaw::NotMicroseconds { found: quoted(at) }),
                },
                Some(("i", folded)) => self.recording.interventions = self.interventions(folded, Part::Interventions),
                Some(("p", folded)) => self.recording.scenario.program = self.interventions(folded, Part::Program),
                Some((key, value)) if key.contains('.') => match self.recording.scenario.config.set_text(key, &unescape(value)) {
                    Ok(place) => given.push(place),
                    Err(error) => self.problem(Part::Setting, flaw::of_setting(error)),
                },
                _ => self.problem(Part::Unknown, Flaw::Unknown { found: quoted(part) }),
            }
        }
        self.drop_contradictions(&own, &given);
    }

    /// Names what of the given settings the real system refuses together with the others, and leaves it as it was.
    fn drop_contradictions(&mut self, own: &Config, given: &[usize]) {
        for (place, error) in self.recording.scenario.config.refused(given) {
            self.recording.scenario.config.set(&settings()[place].key, own.at(place)).expect("a value that it had");
            self.problem(Part::Setting, flaw::of_setting(error));
        }
    }

    fn interventions(&mut self, folded: &str, part: Part) -> Vec<(SimTime, Intervention)> {
        let mut all = Vec::new();
        let (text, complaint) = unfold(folded);
        if let Some(complaint) = complaint {
            self.problem(part, complaint);
        }
        let mut at = SimTime::ZERO;
        for (number, line) in text.lines().enumerate() {
            let (delta, rest) = line.split_once(' ').unwrap_or((line, ""));
            let read = delta.parse::<u64>().map_err(|_| ["`", delta, "` is no time"].concat());
            let read = read.and_then(|us| from_text::<Intervention>(rest).map(|i| (us, i)).map_err(|e| e.to_string()));
            match read {
                Ok((us, intervention)) => {
                    at += us;
                    all.push((at, intervention));
                }
                Err(why) => self.problem(part, Flaw::Intervention { number: number as u64 + 1, found: quoted(rest), why: quoted(&why) }),
            }
        }
        all
    }
}

/// One intervention a line, each behind the microseconds since the one before.
fn lines(interventions: &[(SimTime, Intervention)]) -> String {
    let mut last = SimTime::ZERO;
    let line = |(at, intervention): &(SimTime, Intervention)| {
        let delta = at.since(last).to_string();
        last = *at;
        let text = to_text(intervention).expect("an intervention holds nothing that the wire format refuses");
        [delta.as_str(), " ", &text].concat()
    };
    interventions.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Three bytes that change with the text.
fn checksum(text: &[u8]) -> [u8; 3] {
    let [a, b, c, ..] = digest_of(text).to_le_bytes();
    [a, b, c]
}

fn fold(text: &str) -> String {
    let mut bytes = checksum(text.as_bytes()).to_vec();
    bytes.extend(miniz_oxide::deflate::compress_to_vec(text.as_bytes(), 9));
    base64::encode(&bytes)
}

/// The text, or as much of it as can be had, and what is wrong with it.
fn unfold(folded: &str) -> (String, Option<Flaw>) {
    let (bytes, damaged_at) = base64::decode(folded);
    let complaint = damaged_at.map(|place| Flaw::DamagedAt { place: place as u64 + 1 });
    let Some((sum, deflated)) = bytes.split_first_chunk::<3>() else {
        return (String::new(), complaint.or(Some(Flaw::TooShort)));
    };
    let (plain, whole) = match miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, UNFOLDED_MAX) {
        Ok(plain) => (plain, true),
        Err(error) => (error.output, false),
    };
    let sound = whole && checksum(&plain) == *sum;
    let text = String::from_utf8_lossy(&plain).into_owned();
    // The last line of a text that was cut may be cut too.
    let text = if sound { text } else { text.rsplit_once('\n').map_or(String::new(), |(kept, _)| kept.to_owned()) };
    let complaint = complaint.or((!whole).then_some(Flaw::Cut));
    (text, complaint.or((!sound).then_some(Flaw::Checksum)))
}

/// Makes a value safe within a fragment: letters, digits and `-._~,` stay, other bytes become `%xx`.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(nibble), 16).expect("a nibble is a hexadecimal digit"));
            }
        }
    }
    out
}

fn unescape(text: &str) -> Arc<str> {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(byte) = bytes.next() {
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        match byte {
            b'%' => match (digit(), digit()) {
                (Some(high), Some(low)) => out.push((high << 4 | low) as u8),
                _ => out.push(b'%'),
            },
            byte => out.push(byte),
        }
    }
    Arc::from(String::from_utf8_lossy(&out))
}

#[cfg(test)]
mod tests;
