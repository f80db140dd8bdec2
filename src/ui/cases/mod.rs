//! Recorded cases of the real systems as the page has them: read from files beside the page when they are wanted, so that
//! the first load stays small. Knows nothing of how they are shown.

mod fetch;
mod read;

use std::rc::Rc;

use yew::AttrValue;

pub(crate) use self::fetch::fetch_text;
pub(crate) use self::read::{read_index, read_sheet};
use crate::kernel::SimTime;
use crate::scenario::Scenario;
use crate::timeline::{Evidence, Verdict};

/// Where the files are, seen from the page.
const FOLDER: &str = "cases/";

/// The address of the list of all cases.
pub(crate) fn index_address() -> String {
    [FOLDER, "index.json"].concat()
}

/// The address of a case's file.
pub(crate) fn case_address(id: &str) -> String {
    [FOLDER, id, ".json"].concat()
}

/// What a fragment begins with that names a case instead of holding a run.
pub(crate) const NAMED: &str = "case=";

/// Whether a name can be that of a case: it becomes a part of an address.
pub(crate) fn is_case_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// A case in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: AttrValue,
    pub(crate) title: AttrValue,
    pub(crate) rules: Vec<String>,
}

/// A text in English and in Korean.
pub(crate) type InBoth = [AttrValue; 2];

/// A recorded fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) at: SimTime,
    pub(crate) text: InBoth,
    pub(crate) evidence: Vec<Evidence>,
}

/// A case with its script and facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sheet {
    pub(crate) id: AttrValue,
    pub(crate) title: AttrValue,
    pub(crate) rules: Vec<String>,
    /// The versions of the systems that were recorded.
    pub(crate) systems: String,
    /// The run as the fragment of an address.
    pub(crate) fragment: String,
    /// What was done; rules of the listener have no moment.
    pub(crate) steps: Vec<(Option<SimTime>, InBoth)>,
    pub(crate) facts: Vec<Recorded>,
    pub(crate) not_compared: Vec<String>,
}

/// A file that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum File<T> {
    /// It is on its way.
    Loading,
    /// It did not come, and why.
    Failed(AttrValue),
    /// It is here.
    Here(T),
}

/// The case that is on the stage, as panels see it at an instant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OnStage {
    pub(crate) id: AttrValue,
    pub(crate) sheet: File<Rc<Sheet>>,
    /// What the recorded run began from.
    pub(crate) recorded: Option<Rc<Scenario>>,
    /// How it stands with each fact.
    pub(crate) verdicts: Rc<[Verdict]>,
    /// Whether the run is another one than the recorded.
    pub(crate) changed: bool,
}

impl OnStage {
    /// A case whose sheet is on its way.
    pub(crate) fn loading(id: &str) -> OnStage {
        OnStage { id: AttrValue::from(id.to_owned()), sheet: File::Loading, recorded: None, verdicts: Rc::from([]), changed: false }
    }
}
