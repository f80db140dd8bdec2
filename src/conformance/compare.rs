//! The comparison of two facts in JSON: the first place where they part. Does not know what the facts mean.

use serde_json::Value;

/// Where two facts part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The place, such as `trace[3].commit.t-0`.
    pub place: String,
    /// What the case says; `None`: nothing is expected there.
    pub expected: Option<Value>,
    /// What the model did; `None`: nothing.
    pub got: Option<Value>,
}

/// The first place where `got` is not what is `expected`; `at_least_ms` is a lower bound, everything else is equal or not.
pub fn first_difference(expected: &Value, got: &Value) -> Option<Difference> {
    differ(String::new(), expected, got)
}

fn differ(place: String, expected: &Value, got: &Value) -> Option<Difference> {
    match (expected, got) {
        (Value::Object(e), Value::Object(g)) => {
            for (key, value) in e {
                let inner = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                match g.get(key) {
                    None => return Some(Difference { place: inner, expected: Some(value.clone()), got: None }),
                    Some(got) if key == "at_least_ms" => {
                        if got.as_u64() < value.as_u64() {
                            return Some(Difference { place: inner, expected: Some(value.clone()), got: Some(got.clone()) });
                        }
                    }
                    Some(got) => {
                        if let Some(found) = differ(inner, value, got) {
                            return Some(found);
                        }
                    }
                }
            }
            let extra = g.iter().find(|(key, _)| !e.contains_key(*key) && *key != "at_least_ms" && *key != "because");
            extra.map(|(key, value)| Difference {
                place: if place.is_empty() { key.clone() } else { format!("{place}.{key}") },
                expected: None,
                got: Some(value.clone()),
            })
        }
        (Value::Array(e), Value::Array(g)) => (0..e.len().max(g.len())).find_map(|i| {
            let inner = format!("{place}[{i}]");
            match (e.get(i), g.get(i)) {
                (Some(e), Some(g)) => differ(inner, e, g),
                (e, g) => Some(Difference { place: inner, expected: e.cloned(), got: g.cloned() }),
            }
        }),
        (e, g) if e == g => None,
        (e, g) => Some(Difference { place, expected: Some(e.clone()), got: Some(g.clone()) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(expected: Value, got: Value, place: Option<&str>) {
        assert_eq!(first_difference(&expected, &got).map(|d| d.place).as_deref(), place);
    }

    #[test]
    fn the_first_difference_is_named_by_its_place() {
        check(json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 2}]}), None);
        check(json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 3}]}), Some("a[1].b"));
        check(json!({"a": [1]}), json!({"a": [1, 2]}), Some("a[1]"));
        check(json!({"a": 1}), json!({"a": 1, "x": 2}), Some("x"));
        check(json!({"a": 1, "x": 2}), json!({"a": 1}), Some("x"));
    }

    #[test]
    fn a_duration_is_a_lower_bound() {
        check(json!({"at_least_ms": 500}), json!({"at_least_ms": 900}), None);
        check(json!({"at_least_ms": 500}), json!({"at_least_ms": 400}), Some("at_least_ms"));
        check(json!({"deliver": 1}), json!({"deliver": 1, "at_least_ms": 3, "because": "backOff"}), None);
    }
}
