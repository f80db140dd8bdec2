//! Values of settings, as text and back. Knows no setting by name.

use std::fmt;

use crate::kernel::{LATENCY_US_MAX, Latency};

/// What a whole number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A bare number.
    None,
    /// Milliseconds.
    Ms,
    /// Bytes.
    Bytes,
    /// Records.
    Records,
    /// Per minute.
    PerMinute,
    /// Percent.
    Percent,
    /// Minor units of the bank's currency.
    Money,
}

/// What a setting can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// On or off.
    Bool,
    /// One of these, spelled as in the real configuration.
    Choice(&'static [&'static str]),
    /// A whole number.
    Int {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
        /// What it counts.
        unit: Unit,
    },
    /// A distribution of durations.
    Latency,
}

/// What a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value {
    /// On or off.
    Bool(bool),
    /// One of a [`Kind::Choice`].
    Choice(&'static str),
    /// A whole number.
    Int(i64),
    /// A distribution of durations.
    Latency(Latency),
}

impl Kind {
    /// Whether the value is one of this kind.
    pub fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Kind::Bool, Value::Bool(_)) => true,
            (Kind::Choice(choices), Value::Choice(choice)) => choices.contains(choice),
            (Kind::Int { min, max, .. }, Value::Int(int)) => (min..=max).contains(&int),
            (Kind::Latency, Value::Latency(latency)) => latency_holds(latency),
            _ => false,
        }
    }

    /// Reads a value of this kind; `None` if the text is none.
    pub fn parse(&self, text: &str) -> Option<Value> {
        let value = match self {
            Kind::Bool => Value::Bool(match text {
                "true" | "on" => true,
                "false" | "off" => false,
                _ => return None,
            }),
            Kind::Choice(choices) => Value::Choice(choices.iter().find(|c| c.eq_ignore_ascii_case(text))?),
            Kind::Int { .. } => Value::Int(text.replace('_', "").parse().ok()?),
            Kind::Latency => Value::Latency(parse_latency(text)?),
        };
        self.holds(&value).then_some(value)
    }

    /// The possible values in words: `true or false`, `one of a, b`, `1 to 5 ms`.
    pub fn possible(&self) -> String {
        match self {
            Kind::Bool => "true or false".to_owned(),
            Kind::Choice(choices) => format!("one of {}", choices.join(", ")),
            Kind::Int { min, max, unit } => {
                let unit = match unit {
                    Unit::None => "",
                    Unit::Ms => " ms",
                    Unit::Bytes => " bytes",
                    Unit::Records => " records",
                    Unit::PerMinute => " per minute",
                    Unit::Percent => " %",
                    Unit::Money => " minor units",
                };
                format!("{min} to {max}{unit}")
            }
            Kind::Latency => "a duration such as 20ms, 5ms..40ms, or ~20ms for a long tail; at most 600s".to_owned(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => write!(f, "{value}"),
            Value::Choice(value) => f.write_str(value),
            Value::Int(value) => write!(f, "{value}"),
            Value::Latency(Latency::Constant { us }) => write!(f, "{}", Duration(*us)),
            Value::Latency(Latency::Uniform { us_min, us_max }) => write!(f, "{}..{}", Duration(*us_min), Duration(*us_max)),
            Value::Latency(Latency::LongTailed { us_median }) => write!(f, "~{}", Duration(*us_median)),
        }
    }
}

/// Microseconds in the largest unit that leaves a whole number.
struct Duration(u64);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            us if us % 1_000_000 == 0 && us > 0 => write!(f, "{}s", us / 1_000_000),
            us if us % 1_000 == 0 => write!(f, "{}ms", us / 1_000),
            us => write!(f, "{us}us"),
        }
    }
}

fn latency_holds(latency: &Latency) -> bool {
    match *latency {
        Latency::Constant { us } | Latency::LongTailed { us_median: us } => us <= LATENCY_US_MAX,
        Latency::Uniform { us_min, us_max } => us_min <= us_max && us_max <= LATENCY_US_MAX,
    }
}

fn parse_latency(text: &str) -> Option<Latency> {
    if let Some(median) = text.strip_prefix('~') {
        return Some(Latency::LongTailed { us_median: parse_duration(median)? });
    }
    if let Some((min, max)) = text.split_once("..") {
        return Some(Latency::Uniform { us_min: parse_duration(min)?, us_max: parse_duration(max)? });
    }
    Some(Latency::Constant { us: parse_duration(text)? })
}

/// `20ms`, `3s`, `250us`, or a bare number of milliseconds.
fn parse_duration(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, us) = if let Some(number) = text.strip_suffix("us") {
        (number, 1)
    } else if let Some(number) = text.strip_suffix("ms") {
        (number, 1_000)
    } else if let Some(number) = text.strip_suffix('s') {
        (number, 1_000_000)
    } else {
        (text, 1_000)
    };
    number.trim().replace('_', "").parse::<u64>().ok()?.checked_mul(us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_survives_text() {
        let shapes =
            [Latency::Constant { us: 0 }, Latency::Uniform { us_min: 1_500, us_max: 2_000_000 }, Latency::LongTailed { us_median: 20_000 }];
        for latency in shapes {
            let text = Value::Latency(latency).to_string();
            assert_eq!(Kind::Latency.parse(&text), Some(Value::Latency(latency)), "{text}");
        }
        assert_eq!(Kind::Latency.parse("20"), Some(Value::Latency(Latency::Constant { us: 20_000 })));
    }

    #[test]
    fn what_is_out_of_range_is_no_value() {
        let kind = Kind::Int { min: 1, max: 5, unit: Unit::Ms };
        assert_eq!(kind.parse("5"), Some(Value::Int(5)));
        assert_eq!(kind.parse("6"), None);
        assert_eq!(Kind::Latency.parse("601s"), None);
        assert_eq!(Kind::Latency.parse("5ms..1ms"), None);
        assert_eq!(Kind::Choice(&["BATCH"]).parse("batch"), Some(Value::Choice("BATCH")));
        assert_eq!(Kind::Choice(&["BATCH"]).parse("COUNT"), None);
    }
}
