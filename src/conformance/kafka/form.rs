//! Reading a step: every field by name, and nothing that is not known. Does not know what a verb does.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::{Case, CaseError};

/// A step of a script, or another object of a case, with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form<'a> {
    pub(super) case: &'a Case,
    pub(super) place: &'a str,
    pub(super) map: &'a Map<String, Value>,
}

impl<'a> Form<'a> {
    pub(super) fn error(&self, field: &str, problem: impl Into<String>) -> CaseError {
        let place = if field.is_empty() { self.place.to_owned() } else { format!("{}.{field}", self.place) };
        CaseError::new(self.case, place, problem)
    }

    /// Refuses fields that are not `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), CaseError> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => Err(self.error(key, format!("unknown field {key:?}; known are {}", known.join(", ")))),
        }
    }

    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field)
    }

    pub(super) fn text(&self, field: &str) -> Result<&'a str, CaseError> {
        self.get(field).and_then(Value::as_str).ok_or_else(|| self.error(field, "a text is needed"))
    }

    pub(super) fn text_or(&self, field: &str, default: &'a str) -> Result<&'a str, CaseError> {
        if self.map.contains_key(field) { self.text(field) } else { Ok(default) }
    }

    pub(super) fn number(&self, field: &str) -> Result<i64, CaseError> {
        self.get(field).and_then(Value::as_i64).ok_or_else(|| self.error(field, "a whole number is needed"))
    }

    pub(super) fn number_or(&self, field: &str, default: i64) -> Result<i64, CaseError> {
        if self.map.contains_key(field) { self.number(field) } else { Ok(default) }
    }

    /// A number that cannot be negative.
    pub(super) fn count(&self, field: &str) -> Result<u64, CaseError> {
        u64::try_from(self.number(field)?).map_err(|_| self.error(field, "a number from 0 on is needed"))
    }

    pub(super) fn flag(&self, field: &str) -> Result<bool, CaseError> {
        match self.get(field) {
            None => Ok(false),
            Some(Value::Bool(on)) => Ok(*on),
            Some(_) => Err(self.error(field, "true or false is needed")),
        }
    }

    pub(super) fn texts(&self, field: &str) -> Result<Vec<Arc<str>>, CaseError> {
        let list = self.get(field).and_then(Value::as_array).ok_or_else(|| self.error(field, "a list of texts is needed"))?;
        let text = |v: &Value| v.as_str().map(Arc::from).ok_or_else(|| self.error(field, "a list of texts is needed"));
        list.iter().map(text).collect()
    }

    /// The settings in `field`, values as text. Absent: none.
    pub(super) fn settings(&self, field: &str) -> Result<Vec<(Arc<str>, Arc<str>)>, CaseError> {
        match self.get(field) {
            None => Ok(Vec::new()),
            Some(Value::Object(map)) => Ok(map.iter().map(|(k, v)| (Arc::from(k.as_str()), Arc::from(shown(v)))).collect()),
            Some(_) => Err(self.error(field, "an object of settings is needed")),
        }
    }
}

/// A setting's value as text.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
