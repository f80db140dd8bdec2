//! The format of a case and its errors. Does not know what a verb means.

use std::fmt;

use serde_json::{Map, Value};

/// A recorded case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name, unique among all cases.
    pub id: String,
    /// What it is about, in words.
    pub title: String,
    /// The rules that it stands behind, such as `D6`.
    pub rules: Vec<String>,
    /// The systems that were recorded with their versions, such as `kafka 4.2.1`.
    pub recorded_with: Vec<String>,
    /// What was set up.
    pub given: Map<String, Value>,
    /// What was done, in order.
    pub script: Vec<Map<String, Value>>,
    /// What the real system did.
    pub observed: Map<String, Value>,
    /// What the real system does not fix, in words.
    pub not_compared: Vec<String>,
}

/// Why a case cannot be played: the case, the place in it, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseError {
    /// The case's id, or the file's name.
    pub case: String,
    /// Where in the case.
    pub place: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl CaseError {
    /// An error at `place` of `case`.
    pub fn new(case: &Case, place: impl Into<String>, problem: impl Into<String>) -> CaseError {
        CaseError { case: case.id.clone(), place: place.into(), problem: problem.into() }
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.case, self.place, self.problem)
    }
}

impl std::error::Error for CaseError {}

/// A system and its version in words.
fn version((system, version): (&String, &Value)) -> String {
    let name = match system.as_str() {
        "kafka" => "Apache Kafka",
        "spring_kafka" => "Spring for Apache Kafka",
        "spring_framework" | "spring" => "Spring Framework",
        other => other,
    };
    format!("{name} {}", version.as_str().unwrap_or_default())
}

impl Case {
    /// Reads a case; `name` is what an error calls it until its id is known.
    ///
    /// # Errors
    /// Text that is not JSON, or a part that is missing or of the wrong kind.
    pub fn parse(name: &str, text: &str) -> Result<Case, CaseError> {
        let fail = |place: &str, problem: String| CaseError { case: name.to_owned(), place: place.to_owned(), problem };
        let value: Value = serde_json::from_str(text).map_err(|e| fail("the file", format!("not JSON: {e}")))?;
        let Value::Object(mut parts) = value else {
            return Err(fail("the file", "a case is an object".to_owned()));
        };
        let object = |parts: &mut Map<String, Value>, key: &str| match parts.remove(key) {
            Some(Value::Object(map)) => Ok(map),
            _ => Err(fail(key, "missing, or not an object".to_owned())),
        };
        let given = object(&mut parts, "given")?;
        let observed = object(&mut parts, "observed")?;
        let text_of = |key: &str| parts.get(key).and_then(Value::as_str).map(str::to_owned);
        let texts_of = |key: &str| -> Vec<String> {
            parts.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
        };
        let script = match parts.get("script") {
            Some(Value::Array(steps)) => steps
                .iter()
                .enumerate()
                .map(|(i, step)| step.as_object().cloned().ok_or_else(|| fail(&format!("script[{i}]"), "a step is an object".to_owned())))
                .collect::<Result<_, _>>()?,
            _ => return Err(fail("script", "missing, or not a list".to_owned())),
        };
        Ok(Case {
            id: text_of("id").ok_or_else(|| fail("id", "missing".to_owned()))?,
            title: text_of("title").unwrap_or_default(),
            rules: texts_of("rules"),
            not_compared: texts_of("not_compared"),
            recorded_with: parts.get("recorded_with").and_then(Value::as_object).into_iter().flatten().map(version).collect(),
            given,
            script,
            observed,
        })
    }
}
