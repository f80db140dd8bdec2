//! A recorded case on the stage: its sheet comes from a file, its run is a recording like every other, and its facts are
//! judged by the page's own run.

use std::rc::Rc;

use super::act::player;
use super::msg::{CaseMsg, Msg, Tab};
use super::{App, browser};
use crate::kernel::SimTime;
use crate::pipeline::World;
use crate::player::{Msg as PlayerMsg, Player};
use crate::scenario::link::Recording;
use crate::timeline::{Evidence, Verdict};
use crate::ui::cases::{File, NAMED, OnStage, Sheet, case_address, fetch_text, is_case_id, read_sheet};
use crate::ui::scenarios;

/// The id of the case that an address names instead of holding a run.
pub(super) fn named(fragment: &str) -> Option<&str> {
    fragment.strip_prefix(NAMED).filter(|id| is_case_id(id))
}

/// How long before the script of a case begins its run is first looked at, in microseconds.
const BEFORE_SCRIPT_US: u64 = 100_000;

impl App {
    /// Does what a message about cases says.
    pub(super) fn case_act(&mut self, msg: CaseMsg) {
        match msg {
            CaseMsg::Came(id, result) => self.case_came(&id, result),
            CaseMsg::Retry => {
                if let Some(case) = &self.case {
                    let id = case.id.clone();
                    self.case_wanted |= *self.scenario.name != *id;
                    self.ask_for(&id);
                }
            }
            CaseMsg::Restore => {
                let sheet = self.case.as_ref().and_then(|case| match &case.sheet {
                    File::Here(sheet) => Some(sheet.clone()),
                    _ => None,
                });
                if let Some(sheet) = sheet {
                    self.stage_case(&sheet);
                }
            }
        }
    }

    /// The run that came with the address may be a case's: then its sheet is asked for.
    pub(super) fn look_for_case(&mut self) {
        let fragment = browser::fragment();
        if let Some(id) = named(&fragment) {
            self.case_wanted = true;
            return self.ask_for(id);
        }
        (self.case, self.case_wanted) = (None, false);
        if scenarios::by_name(&self.scenario.name).is_none() && is_case_id(&self.scenario.name) {
            let id = self.scenario.name.clone();
            (self.tab, self.sheet_closed) = (Tab::Case, self.media.narrow());
            self.ask_for(&id);
        }
    }

    /// The run began anew: it is still the case's, or another one's.
    pub(super) fn keep_case(&mut self) {
        let of_case = self.case.as_ref().filter(|case| *case.id == *self.scenario.name);
        match of_case.map(|case| case.sheet.clone()) {
            Some(File::Here(sheet)) => self.player.watch(moments(&sheet)),
            Some(_) => {}
            None => (self.case, self.case_wanted) = (None, false),
        }
    }

    fn ask_for(&mut self, id: &str) {
        self.case = Some(OnStage::loading(id));
        let (link, id) = (self.on.clone(), id.to_owned());
        fetch_text(&case_address(&id), link.reform(move |result| Msg::Case(CaseMsg::Came(id.clone().into(), result))));
    }

    fn case_came(&mut self, id: &str, result: Result<String, String>) {
        let Some(case) = self.case.as_mut().filter(|case| *case.id == *id) else { return };
        let read = result.and_then(|text| read_sheet(&text).ok_or_else(|| case_address(id)));
        match read {
            Err(problem) => {
                case.sheet = File::Failed(problem.into());
                (self.tab, self.sheet_closed) = (Tab::Case, false);
            }
            Ok(sheet) => {
                let sheet = Rc::new(sheet);
                case.sheet = File::Here(sheet.clone());
                case.recorded = Some(Rc::new(recording(&sheet).scenario));
                if std::mem::take(&mut self.case_wanted) {
                    self.stage_case(&sheet);
                } else {
                    self.player.watch(moments(&sheet));
                    self.work();
                }
            }
        }
    }

    /// Puts the run of a case on the stage, just before its script begins: what comes earlier is an empty stage.
    fn stage_case(&mut self, sheet: &Rc<Sheet>) {
        let recording = recording(sheet);
        let mut player = player(&recording.scenario, recording.interventions, beginning(sheet));
        player.watch(moments(sheet));
        let _outcome = player.update(PlayerMsg::Play);
        self.put_on_stage(recording.scenario, player);
        (self.tab, self.sheet_closed) = (Tab::Case, false);
        let recorded = Some(Rc::new(self.scenario.clone()));
        self.case = Some(OnStage { sheet: File::Here(sheet.clone()), recorded, ..OnStage::loading(&sheet.id) });
        self.work();
        self.write_address();
    }

    /// How it stands with the case's facts, now.
    pub(super) fn judge_case(&mut self) {
        let Some(case) = &mut self.case else { return };
        let File::Here(sheet) = &case.sheet else { return };
        let recorded = case.recorded.as_deref();
        case.changed = !self.player.timeline().inputs().is_empty() || recorded.is_some_and(|recorded| *recorded != self.scenario);
        case.verdicts = sheet.facts.iter().map(|fact| verdict(&fact.evidence, &self.player)).collect();
    }
}

/// Evidence for a fact comes piece by piece; the fact is there when the last of it is.
fn verdict(evidence: &[Evidence], player: &Player<World>) -> Verdict {
    evidence.iter().map(|piece| piece.verdict(player.timeline())).max().unwrap_or(Verdict::Held)
}

/// A little before the first step or fact.
fn beginning(sheet: &Sheet) -> SimTime {
    let steps = sheet.steps.iter().filter_map(|(at, _)| *at);
    let first = steps.chain(sheet.facts.iter().map(|fact| fact.at)).min().unwrap_or(SimTime::ZERO);
    SimTime(first.us().saturating_sub(BEFORE_SCRIPT_US))
}

fn moments(sheet: &Sheet) -> Vec<SimTime> {
    sheet.facts.iter().flat_map(|fact| &fact.evidence).map(Evidence::at).collect()
}

/// The run as it was recorded.
fn recording(sheet: &Sheet) -> Recording {
    let (recording, problems) = Recording::from_fragment(&sheet.fragment, scenarios::by_name, scenarios::first());
    debug_assert!(problems.is_empty(), "{problems:?}");
    recording
}
