//! A recorded case as the page shows it: the run as a link, the script with its moments, and every recorded fact with the
//! lines of the trace and the states of the world that carry it. Made by playing; nothing here is written by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::bind::{BoundFact, bound};
use super::korean::korean;
use super::{Case, Played, first_difference, play, words};
use crate::kernel::SimTime;
use crate::pipeline::World;
use crate::scenario::Scenario;
use crate::scenario::link::Recording;
use crate::scenario::wire::to_text;
use crate::timeline::{Evidence, Timeline};

/// How long the run goes on behind the last thing that was recorded, in microseconds.
const BEHIND_US: u64 = 500_000;

/// One recorded fact.
#[derive(Debug, Clone)]
pub struct SheetFact {
    /// When the run has shown all of it.
    pub at: SimTime,
    /// What was recorded, in words.
    pub text: String,
    /// What the run must show.
    pub evidence: Vec<Evidence>,
}

/// A case for the page.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// The case's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The rules that it stands behind.
    pub rules: Vec<String>,
    /// The systems that were recorded.
    pub systems: String,
    /// The run.
    pub recording: Recording,
    /// What was done, in order; rules of the listener have no moment.
    pub steps: Vec<(Option<SimTime>, String)>,
    /// What was recorded, ascending by moment.
    pub facts: Vec<SheetFact>,
    /// What the real system does not fix.
    pub not_compared: Vec<String>,
}

impl Sheet {
    /// Plays a case and its recording, and binds every recorded fact to the run.
    ///
    /// # Errors
    /// The case cannot be played, differs from what was recorded, or a fact has nothing in the run that carries it.
    pub fn of(case: &Case) -> Result<Sheet, String> {
        let played = play(case).map_err(|error| error.to_string())?;
        if let Some(difference) = first_difference(&played.expected, &played.got) {
            return Err(format!("{}: {} is not as recorded", case.id, difference.place));
        }
        let facts = bound(&played.expected, &played.binds).map_err(|place| format!("{}: nothing stands behind {place}", case.id))?;
        let replay = Replay::of(&played, &facts).map_err(|error| format!("{}: {error}", case.id))?;
        let mut sheet_facts: Vec<SheetFact> = facts.iter().map(|fact| replay.fact(fact)).collect();
        // At one moment what happened comes before the state that came of it.
        let is_state = |fact: &SheetFact| fact.evidence.iter().any(|piece| matches!(piece, Evidence::State { .. }));
        sheet_facts.sort_by_key(|fact| (fact.at, is_state(fact)));
        let mut scenario = played.recorded.scenario;
        scenario.program = played.recorded.inputs;
        let last = sheet_facts.last().map_or(SimTime::ZERO, |fact| fact.at);
        scenario.duration_us = (played.recorded.end.min(last + 2_000_000).max(last) + BEHIND_US).us();
        let steps = case.script.iter().zip(&played.steps).map(|(step, at)| (*at, words::step(step))).collect();
        Ok(Sheet {
            id: case.id.clone(),
            title: case.title.clone(),
            rules: case.rules.clone(),
            systems: case.recorded_with.join(", "),
            recording: Recording { scenario, interventions: Vec::new(), moment: SimTime::ZERO },
            steps,
            facts: sheet_facts,
            not_compared: case.not_compared.clone(),
        })
    }

    /// The sheet as the page reads it.
    pub fn to_json(&self) -> Value {
        let evidence = |all: &[Evidence], lines: bool| -> Value {
            let one = |evidence: &Evidence| match evidence {
                Evidence::Line { at, text } if lines => Some(json!({"at": at.us(), "text": text})),
                Evidence::State { at, probe, text } if !lines => {
                    let probe = to_text(probe).expect("a probe holds nothing that the wire format refuses");
                    Some(json!({"at": at.us(), "probe": probe, "text": text}))
                }
                _ => None,
            };
            all.iter().filter_map(one).collect()
        };
        let fact = |fact: &SheetFact| json!({"at": fact.at.us(), "text": fact.text, "ko": korean(&fact.text), "lines": evidence(&fact.evidence, true), "states": evidence(&fact.evidence, false)});
        json!({
            "id": self.id,
            "title": self.title,
            "rules": self.rules,
            "systems": self.systems,
            "fragment": self.recording.to_fragment(|_| None),
            "steps": self.steps.iter().map(|(at, text)| json!({"at": at.map(SimTime::us), "text": text, "ko": korean(text)})).collect::<Vec<_>>(),
            "facts": self.facts.iter().map(fact).collect::<Vec<_>>(),
            "not_compared": self.not_compared,
        })
    }
}

/// The recording played again by the timeline, with what the evidence needs of it.
struct Replay {
    /// Lines of the trace by number.
    lines: BTreeMap<u64, (SimTime, String)>,
    /// From when on a sight was as it was seen: by fact and place among its sights.
    since: BTreeMap<(usize, usize), SimTime>,
    places: BTreeMap<String, usize>,
}

impl Replay {
    fn of(played: &Played, facts: &[BoundFact<'_>]) -> Result<Replay, String> {
        let recorded = &played.recorded;
        let scenario = Scenario { program: recorded.inputs.clone(), ..recorded.scenario.clone() };
        let mut timeline = Timeline::new(World::new(&scenario), Vec::new());
        let mut since: BTreeMap<(usize, usize), SimTime> = BTreeMap::new();
        loop {
            let now = timeline.cursor().last_at;
            let over = timeline.next_at().filter(|at| *at <= recorded.end);
            if over != Some(now) {
                look_around(timeline.world(), now, facts, &mut since);
            }
            if over.is_none() || !timeline.step_forward() {
                break;
            }
        }
        let world = timeline.world();
        let mut lines = BTreeMap::new();
        for (index, fact) in facts.iter().enumerate() {
            for number in &fact.bind.facts {
                let found = world.trace().get(*number).ok_or_else(|| format!("{}: the trace no longer holds fact {number}", fact.place))?;
                lines.insert(*number, (found.at, world.line(found).to_string()));
            }
            if let Some(sight) = (0..fact.bind.sights.len()).find(|sight| !since.contains_key(&(index, *sight))) {
                let Some(sight) = fact.bind.sights.get(sight) else { continue };
                return Err(format!(
                    "{}: {:?} does not show {:?} at {} when it is played again",
                    fact.place, sight.probe, sight.text, sight.at
                ));
            }
        }
        let places = facts.iter().enumerate().map(|(index, fact)| (fact.place.clone(), index)).collect();
        Ok(Replay { lines, since, places })
    }

    fn fact(&self, fact: &BoundFact<'_>) -> SheetFact {
        let index = self.places[&fact.place];
        let lines = fact.bind.facts.iter().map(|number| {
            let (at, text) = self.lines[number].clone();
            Evidence::Line { at, text }
        });
        let sights = fact.bind.sights.iter().enumerate().map(|(place, sight)| Evidence::State {
            at: self.since[&(index, place)],
            probe: sight.probe.clone(),
            text: sight.text.clone(),
        });
        let evidence: Vec<Evidence> = lines.chain(sights).collect();
        let at = evidence.iter().map(Evidence::at).max().unwrap_or(SimTime::ZERO);
        SheetFact { at, text: words::fact(&fact.place, fact.value), evidence }
    }
}

/// The world is as it is from `now` on for a while: what was seen in this time, or is to be seen later, is or is not so.
fn look_around(world: &World, now: SimTime, facts: &[BoundFact<'_>], since: &mut BTreeMap<(usize, usize), SimTime>) {
    for (index, fact) in facts.iter().enumerate() {
        for (place, sight) in fact.bind.sights.iter().enumerate().filter(|(_, sight)| sight.at >= now) {
            match sight.probe.of(world) == sight.text {
                true => {
                    since.entry((index, place)).or_insert(now);
                }
                // Seen at a moment at which it is not so: the replay is another run.
                false => drop(since.remove(&(index, place))),
            }
        }
    }
}

/// The sheets of many cases, and which case stands behind which rule.
#[derive(Debug, Clone, Default)]
pub struct Sheets {
    cases: BTreeMap<String, (String, Vec<String>)>,
}

impl Sheets {
    /// Adds a case.
    pub fn add(&mut self, sheet: &Sheet) {
        self.cases.insert(sheet.id.clone(), (sheet.title.clone(), sheet.rules.clone()));
    }

    /// The list of all cases as the page reads it: id, title, rules.
    pub fn to_json(&self) -> Value {
        self.cases.iter().map(|(id, (title, rules))| json!([id, title, rules.join(" ")])).collect()
    }
}
