//! Whether a run has shown what was recorded of the real system: a line of its trace, or a look at its world at a moment.
//! Has never heard of cases and files.

use super::Timeline;
use crate::kernel::SimTime;
use crate::pipeline::{Probe, World};

/// What a run must show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A line of the trace.
    Line {
        /// When.
        at: SimTime,
        /// The whole line; its step is not compared, since a run that was changed elsewhere counts its steps otherwise.
        text: String,
    },
    /// A state of the world.
    State {
        /// From when on; it must hold at the end of this instant.
        at: SimTime,
        /// Where to look.
        probe: Probe,
        /// What must be seen there.
        text: String,
    },
}

/// How it stands with a piece of evidence at a playhead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The run has shown it.
    Held,
    /// Its moment has not come.
    Ahead,
    /// Its moment has passed and it was not so.
    Missing,
}

impl Evidence {
    /// Its moment.
    pub fn at(&self) -> SimTime {
        match self {
            Evidence::Line { at, .. } | Evidence::State { at, .. } => *at,
        }
    }

    /// How it stands with it. Its moment must be [watched](Timeline::watch): a trace keeps only the newest facts.
    pub fn verdict(&self, timeline: &Timeline<World>) -> Verdict {
        let (now, at) = (timeline.now(), self.at());
        if now < at {
            return Verdict::Ahead;
        }
        let held = match self {
            Evidence::Line { text, .. } => has_line(timeline.watched(at).unwrap_or(timeline.world()), at, text),
            Evidence::State { probe, text, .. } => match timeline.watched(at) {
                Some(world) => probe.of(world) == *text,
                None => return Verdict::Ahead,
            },
        };
        match held {
            true => Verdict::Held,
            // Of this very instant a part may still be to come.
            false if now == at => Verdict::Ahead,
            false => Verdict::Missing,
        }
    }
}

/// A line without its step.
fn without_step(line: &str) -> &str {
    line.trim_start().split_once(' ').map_or("", |(_, rest)| rest.trim_start())
}

/// Whether the trace has this line at this instant.
fn has_line(world: &World, at: SimTime, text: &str) -> bool {
    let trace = world.trace();
    let (mut low, mut high) = (trace.dropped_count(), trace.end());
    while low < high {
        let middle = low + (high - low) / 2;
        if trace.get(middle).is_some_and(|fact| fact.at < at) { low = middle + 1 } else { high = middle }
    }
    let wanted = without_step(text);
    trace.iter_from(low).take_while(|fact| fact.at == at).any(|fact| without_step(&world.line(fact).to_string()) == wanted)
}
