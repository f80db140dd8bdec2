//! What can be wrong with a part of a link, as data: whoever shows it says it in the reader's language. Its own words are
//! English, for tests and terminals.

use std::fmt;

use super::super::SettingError;
use crate::broker::ConfigError;

/// The most characters that are quoted of a link: enough to be recognised, and not the whole of a long address.
const QUOTED_MAX: usize = 80;

/// What is wrong with a part of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The version is another one than this page writes.
    Version {
        /// What stands there.
        found: String,
    },
    /// There is no scenario of this name.
    NoSuchScenario {
        /// The name.
        name: String,
    },
    /// Not a whole number.
    NotWhole {
        /// What stands there.
        found: String,
    },
    /// Not a number of microseconds.
    NotMicroseconds {
        /// What stands there.
        found: String,
    },
    /// A setting that there is not, or a value that it cannot have.
    Setting(SettingError),
    /// How many brokers there are is missing or out of range.
    Brokers {
        /// The most that there can be.
        brokers_max: u32,
    },
    /// How long the run is is missing or out of range.
    Duration,
    /// A broker's setting that there is not, or a value that it cannot have.
    Broker(ConfigError),
    /// A character that no such text has.
    DamagedAt {
        /// Which one, from 1 on.
        place: u64,
    },
    /// Too short to hold anything.
    TooShort,
    /// It was cut short or damaged.
    Cut,
    /// It can be read, and is not what was written.
    Checksum,
    /// An intervention that cannot be read.
    Intervention {
        /// Which one, from 1 on.
        number: u64,
        /// What stands there.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// A part that no version has.
    Unknown {
        /// What stands there.
        found: String,
    },
}

/// What is quoted of a text.
pub(super) fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_MAX).collect()
}

/// What is wrong with a setting, with no more quoted than needed.
pub(super) fn of_setting(error: SettingError) -> Flaw {
    Flaw::Setting(match error {
        SettingError::UnknownKey { key } => SettingError::UnknownKey { key: quoted(&key) },
        SettingError::BadValue { key, value, possible } => SettingError::BadValue { key, value: quoted(&value), possible },
        SettingError::Conflict { key, value, class } => SettingError::Conflict { key, value: quoted(&value), class },
    })
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Version { found } => write!(f, "`{found}` is not `{}`", super::VERSION),
            Flaw::NoSuchScenario { name } => write!(f, "there is no `{name}`"),
            Flaw::NotWhole { found } => write!(f, "`{found}` is no whole number"),
            Flaw::NotMicroseconds { found } => write!(f, "`{found}` is no number of microseconds"),
            // Its own words go on to list them all.
            Flaw::Setting(SettingError::UnknownKey { key }) => write!(f, "there is no `{key}`"),
            Flaw::Setting(error) => f.write_str(error.to_string().lines().next().unwrap_or_default()),
            Flaw::Brokers { brokers_max } => write!(f, "a number of brokers from 1 to {brokers_max} is missing"),
            Flaw::Duration => f.write_str("a number of microseconds is missing or out of range"),
            Flaw::Broker(error) => write!(f, "{error}"),
            Flaw::DamagedAt { place } => write!(f, "damaged at character {place}"),
            Flaw::TooShort => f.write_str("too short"),
            Flaw::Cut => f.write_str("cut short or damaged"),
            Flaw::Checksum => f.write_str("the checksum does not fit"),
            Flaw::Intervention { number, found, why } => write!(f, "number {number}, `{found}`: {why}"),
            Flaw::Unknown { found } => write!(f, "`{found}`"),
        }
    }
}
