//! One step of a script: its fields, with errors that name the step. Does not know what the verbs do.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::fields::stray;
use crate::conformance::{Case, CaseError};
use crate::pipeline::lab::{Offsets, Settings};

/// A step of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) case: &'a Case,
    pub(super) index: usize,
    pub(super) map: &'a Map<String, Value>,
}

impl<'a> Step<'a> {
    /// The verb; also refuses a field that it does not have.
    pub(super) fn verb(&self) -> Result<&'a str, CaseError> {
        let verb = self.text("do")?;
        match stray(verb, self.map.keys()) {
            Some((field, known)) => Err(self.error(field, format!("{verb} has no such field; it has {known}"))),
            None => Ok(verb),
        }
    }

    pub(super) fn error(&self, field: &str, problem: String) -> CaseError {
        CaseError::new(self.case, self.place(field), problem)
    }

    /// Where a field stands.
    pub(super) fn place(&self, field: &str) -> String {
        format!("script[{}].{field}", self.index)
    }

    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|v| !v.is_null())
    }

    pub(super) fn text(&self, field: &str) -> Result<&'a str, CaseError> {
        self.get(field).and_then(Value::as_str).ok_or_else(|| self.error(field, "missing, or not a text".to_owned()))
    }

    pub(super) fn name(&self, field: &str) -> Result<Arc<str>, CaseError> {
        self.text(field).map(Arc::from)
    }

    pub(super) fn number(&self, field: &str) -> Result<u64, CaseError> {
        self.get(field).and_then(Value::as_u64).ok_or_else(|| self.error(field, "missing, or not a whole number".to_owned()))
    }

    pub(super) fn number_or(&self, field: &str, default: u64) -> Result<u64, CaseError> {
        if self.get(field).is_some() { self.number(field) } else { Ok(default) }
    }

    pub(super) fn integer(&self, field: &str) -> Result<Option<i64>, CaseError> {
        let wrong = || self.error(field, "not a whole number".to_owned());
        self.get(field).map(|v| v.as_i64().ok_or_else(wrong)).transpose()
    }

    pub(super) fn texts(&self, field: &str) -> Result<Vec<Arc<str>>, CaseError> {
        let wrong = || self.error(field, "missing, or not a list of texts".to_owned());
        let list = self.get(field).and_then(Value::as_array).ok_or_else(wrong)?;
        list.iter().map(|v| v.as_str().map(Arc::from).ok_or_else(wrong)).collect()
    }

    /// `"t-0"` as topic and number.
    pub(super) fn partition(&self, field: &str) -> Result<(Arc<str>, u32), CaseError> {
        self.partition_of(field, self.text(field)?)
    }

    pub(super) fn partition_of(&self, field: &str, text: &str) -> Result<(Arc<str>, u32), CaseError> {
        let parts = text.rsplit_once('-').and_then(|(topic, number)| Some((Arc::from(topic), number.parse().ok()?)));
        parts.ok_or_else(|| self.error(field, format!("{text:?} is not TOPIC-NUMBER")))
    }

    /// The map `offsets`.
    pub(super) fn offsets(&self) -> Result<Option<Offsets>, CaseError> {
        let Some(value) = self.get("offsets") else { return Ok(None) };
        let wrong = || self.error("offsets", "not a map from partitions to offsets".to_owned());
        let map = value.as_object().ok_or_else(wrong)?;
        let one = |(name, offset): (&String, &Value)| {
            let (topic, partition) = self.partition_of("offsets", name)?;
            Ok((topic, partition, offset.as_i64().ok_or_else(wrong)?))
        };
        map.iter().map(one).collect::<Result<Offsets, CaseError>>().map(Some)
    }

    /// The map `config` as settings.
    pub(super) fn config(&self) -> Result<Settings, CaseError> {
        match self.get("config") {
            None => Ok(Vec::new()),
            Some(Value::Object(map)) => Ok(settings(map)),
            Some(_) => Err(self.error("config", "not a map of settings".to_owned())),
        }
    }
}

/// A JSON object as settings.
pub(super) fn settings(map: &Map<String, Value>) -> Settings {
    map.iter().map(|(name, value)| (Arc::from(name.as_str()), Arc::from(setting_text(value)))).collect()
}

/// A setting's value as the text that stands in a properties file.
fn setting_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
