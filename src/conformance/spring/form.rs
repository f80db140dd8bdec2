//! Reading the objects of a case: fields by name, with what is wrong said by place. Does not know what a field means.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::conformance::{Case, CaseError};

/// An object of a case with its place.
#[derive(Debug, Clone)]
pub(super) struct Form<'a> {
    pub(super) case: &'a Case,
    pub(super) place: String,
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Form<'a> {
    pub(super) fn of(case: &'a Case, place: impl Into<String>, map: &'a Map<String, Value>) -> Form<'a> {
        Form { case, place: place.into(), map: Some(map) }
    }

    pub(super) fn error(&self, field: &str, problem: impl Into<String>) -> CaseError {
        let place = if field.is_empty() { self.place.clone() } else { format!("{}.{field}", self.place) };
        CaseError::new(self.case, place, problem)
    }

    /// Refuses fields that are not `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), CaseError> {
        match self.fields().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => Err(self.error(key, format!("unknown; known are {}", known.join(", ")))),
        }
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        self.map.into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }

    pub(super) fn get(&self, field: &str) -> Option<&'a Value> {
        self.map?.get(field)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
    }

    /// The object in `field`; an empty one if it is absent.
    pub(super) fn part(&self, field: &str) -> Result<Form<'a>, CaseError> {
        let map = match self.get(field) {
            None => None,
            Some(Value::Object(map)) => Some(map),
            Some(_) => return Err(self.error(field, "an object is needed")),
        };
        Ok(Form { case: self.case, place: format!("{}.{field}", self.place), map })
    }

    pub(super) fn text(&self, field: &str) -> Result<Option<&'a str>, CaseError> {
        match self.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or_else(|| self.error(field, "a text is needed")),
        }
    }

    pub(super) fn needed(&self, field: &str) -> Result<&'a str, CaseError> {
        self.text(field)?.ok_or_else(|| self.error(field, "missing"))
    }

    pub(super) fn number(&self, field: &str) -> Result<Option<i64>, CaseError> {
        match self.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.error(field, "a whole number is needed")),
        }
    }

    /// A number that cannot be negative.
    pub(super) fn count(&self, field: &str) -> Result<Option<u64>, CaseError> {
        let number = self.number(field)?;
        number.map(|number| u64::try_from(number).map_err(|_| self.error(field, "cannot be negative"))).transpose()
    }

    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, CaseError> {
        match self.get(field) {
            None => Ok(None),
            Some(value) => value.as_bool().map(Some).ok_or_else(|| self.error(field, "true or false is needed")),
        }
    }

    pub(super) fn texts(&self, field: &str) -> Result<Option<Vec<Arc<str>>>, CaseError> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let list = value.as_array().ok_or_else(|| self.error(field, "a list of texts is needed"))?;
        let text = |value: &Value| value.as_str().map(Arc::from).ok_or_else(|| self.error(field, "a list of texts is needed"));
        list.iter().map(text).collect::<Result<_, _>>().map(Some)
    }
}
