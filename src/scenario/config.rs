//! The values of all settings. What they do is up to whoever reads them.

use std::fmt;

use super::{Of, Property, Setting, Value, setting, settings};
use crate::fault::Link;
use crate::kernel::Latency;

/// The values of all settings, in the order of [`settings`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Config {
    values: Vec<Value>,
}

impl Default for Config {
    fn default() -> Self {
        Config { values: settings().iter().map(|s| s.default).collect() }
    }
}

/// Why a setting cannot be read or set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingError {
    /// There is no such key.
    UnknownKey {
        /// The key given.
        key: String,
    },
    /// The setting cannot be that.
    BadValue {
        /// The key.
        key: String,
        /// The value given.
        value: String,
        /// The possible values in words.
        possible: String,
    },
    /// The setting can be that, and not together with the others: the real client refuses to start with them, or the broker to
    /// take them.
    Conflict {
        /// The key.
        key: String,
        /// The value given.
        value: String,
        /// The class of the exception.
        class: &'static str,
    },
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingError::UnknownKey { key } => {
                writeln!(f, "unknown setting `{key}`; the settings are:")?;
                for s in settings() {
                    writeln!(f, "  {} ({})", s.key, s.kind().possible())?;
                }
                Ok(())
            }
            SettingError::BadValue { key, value, possible } => write!(f, "setting `{key}` cannot be `{value}`: it is {possible}"),
            SettingError::Conflict { key, value, class } => {
                let who = if key.starts_with("topic.") { "the broker refuses them" } else { "the client refuses to start" };
                write!(f, "setting `{key}` cannot be `{value}` together with the others: {who} ({class})")
            }
        }
    }
}

impl std::error::Error for SettingError {}

/// The setting with this key and its place.
fn find(key: &str) -> Result<(usize, &'static Setting), SettingError> {
    settings().iter().enumerate().find(|(_, s)| s.key == key).ok_or_else(|| SettingError::UnknownKey { key: key.to_owned() })
}

impl Config {
    /// The value of a setting.
    ///
    /// # Errors
    /// If there is no such key; the error lists the keys.
    pub fn get(&self, key: &str) -> Result<Value, SettingError> {
        Ok(self.values[find(key)?.0])
    }

    /// Changes a setting and returns it with its place in [`settings`].
    ///
    /// # Errors
    /// If there is no such key, or the setting cannot be that; the error says what is possible.
    pub fn set(&mut self, key: &str, value: Value) -> Result<usize, SettingError> {
        let (index, setting) = find(key)?;
        if !setting.kind().holds(&value) {
            return Err(bad(setting, value.to_string()));
        }
        self.values[index] = value;
        Ok(index)
    }

    /// Changes a setting by text, as in a link or on the command line.
    ///
    /// # Errors
    /// As [`Config::set`].
    pub fn set_text(&mut self, key: &str, text: &str) -> Result<usize, SettingError> {
        let (index, setting) = find(key)?;
        self.values[index] = setting.kind().parse(text).ok_or_else(|| bad(setting, text.to_owned()))?;
        Ok(index)
    }

    /// The value at a place of [`settings`].
    pub fn at(&self, index: usize) -> Value {
        self.values[index]
    }

    /// The settings that are not at their default, in the order of [`settings`].
    pub fn changed(&self) -> impl Iterator<Item = (&'static Setting, Value)> {
        settings().iter().zip(self.values.iter().copied()).filter(|(s, v)| s.default != *v)
    }

    /// The value of a property of something that has it.
    pub fn value(&self, property: Property, of: Of) -> Value {
        self.values[setting(property, of).expect("asked for a property of something that has it")]
    }

    /// A whole number.
    pub fn int(&self, property: Property, of: Of) -> i64 {
        match self.value(property, of) {
            Value::Int(value) => value,
            other => panic!("{} is no number but {other}", property.name()),
        }
    }

    /// A whole number that is never negative.
    pub fn count(&self, property: Property, of: Of) -> u64 {
        u64::try_from(self.int(property, of)).unwrap_or(0)
    }

    /// Milliseconds, in microseconds.
    pub fn ms_as_us(&self, property: Property, of: Of) -> u64 {
        self.count(property, of).saturating_mul(1_000)
    }

    /// Yes or no.
    pub fn flag(&self, property: Property, of: Of) -> bool {
        self.value(property, of) == Value::Bool(true)
    }

    /// One of several.
    pub fn choice(&self, property: Property, of: Of) -> &'static str {
        match self.value(property, of) {
            Value::Choice(value) => value,
            other => panic!("{} is no choice but {other}", property.name()),
        }
    }

    /// A distribution of durations.
    pub fn latency(&self, property: Property, of: Of) -> Latency {
        match self.value(property, of) {
            Value::Latency(value) => value,
            other => panic!("{} is no latency but {other}", property.name()),
        }
    }

    /// The latency of a link, one way.
    pub fn link_latency(&self, link: Link) -> Latency {
        self.latency(Property::LinkLatency, Of::Link(link))
    }
}

fn bad(setting: &Setting, value: String) -> SettingError {
    SettingError::BadValue { key: setting.key.clone(), value, possible: setting.kind().possible() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_names_itself_and_the_possible_ones() {
        let error = Config::default().set_text("producer.ack", "all").expect_err("no such key").to_string();
        assert!(error.contains("`producer.ack`") && error.contains("producer.acks (one of all, 1, 0)"), "{error}");
    }

    #[test]
    fn an_impossible_value_names_itself_and_the_possible_ones() {
        let error = Config::default().set_text("producer.acks", "2").expect_err("no such value").to_string();
        assert_eq!(error, "setting `producer.acks` cannot be `2`: it is one of all, 1, 0");
    }

    #[test]
    fn what_was_set_is_read_and_counts_as_changed() {
        let mut config = Config::default();
        config.set_text("group.account-view.max.poll.records", "10").expect("valid");
        assert_eq!(config.count(Property::MaxPollRecords, Of::Group(0)), 10);
        assert_eq!(config.count(Property::MaxPollRecords, Of::Group(1)), 500);
        assert_eq!(config.changed().map(|(s, _)| s.key.as_str()).collect::<Vec<_>>(), ["group.account-view.max.poll.records"]);
    }
}
