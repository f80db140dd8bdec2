//! The table of all settings: each property, once for every group or link that has its own. Knows no value.

use std::sync::LazyLock;

use super::{GROUPS, Kind, Property, Scope, TakesEffect, Value};
use crate::fault::Link;
use crate::kernel::Latency;

/// What a setting belongs to, where there are several of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// There is only one.
    Only,
    /// The group with this place in [`GROUPS`].
    Group(u32),
    /// A link.
    Link(Link),
}

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key in links and on the command line: `group.account-view.max.poll.records`.
    pub key: String,
    /// The property.
    pub property: Property,
    /// What it belongs to.
    pub of: Of,
    /// What it is if nobody says.
    pub default: Value,
}

impl Setting {
    /// What it may be.
    pub fn kind(&self) -> Kind {
        self.property.kind()
    }

    /// Whose it is.
    pub fn scope(&self) -> Scope {
        self.property.scope()
    }

    /// When a change acts.
    pub fn takes_effect(&self) -> TakesEffect {
        self.property.takes_effect()
    }
}

/// All settings, in the order of [`Property::ALL`]; a property of groups or links stands once for each.
pub fn settings() -> &'static [Setting] {
    static TABLE: LazyLock<Vec<Setting>> = LazyLock::new(table);
    &TABLE
}

/// The place in [`settings`] of a property of something; `None` if that has no such property.
pub fn setting(property: Property, of: Of) -> Option<usize> {
    // Where each property's settings begin; they stand together.
    static BASES: LazyLock<Vec<u16>> = LazyLock::new(|| {
        let base = |p: &Property| settings().iter().position(|s| s.property == *p).expect("the table holds every property");
        Property::ALL.iter().map(|p| u16::try_from(base(p)).expect("a table of hundreds")).collect()
    });
    let base = usize::from(BASES[property as usize]);
    let index = match of {
        Of::Only => base,
        Of::Group(group) => base + group as usize,
        Of::Link(link) => base + link.index(),
    };
    settings().get(index).filter(|s| s.property == property && s.of == of).map(|_| index)
}

fn table() -> Vec<Setting> {
    let mut table = Vec::new();
    for property in Property::ALL.iter().copied() {
        match property.scope() {
            Scope::Consumer | Scope::Listener | Scope::Projection => {
                for (number, group) in (0..).zip(GROUPS) {
                    let key = format!("group.{group}.{}", property.name());
                    table.push(Setting { key, property, of: Of::Group(number), default: group_default(property, number) });
                }
            }
            Scope::Link => {
                for link in Link::ALL {
                    let key = format!("link.{link}.{}", property.name());
                    table.push(Setting { key, property, of: Of::Link(link), default: link_default(link) });
                }
            }
            scope => {
                let prefix = match scope {
                    Scope::Client => "client",
                    Scope::Api => "api",
                    Scope::Producer => "producer",
                    Scope::Topic => "topic",
                    Scope::ReadDb => "read-db",
                    Scope::Share => "share",
                    _ => "broker",
                };
                let key = format!("{prefix}.{}", property.name());
                table.push(Setting { key, property, of: Of::Only, default: property.default_value() });
            }
        }
    }
    table
}

/// The picture of the design has two consumers in the first group and one in the second.
fn group_default(property: Property, group: u32) -> Value {
    match (property, group) {
        (Property::Consumers, 0) => Value::Int(2),
        _ => property.default_value(),
    }
}

/// Clients are far away, brokers and databases near.
fn link_default(link: Link) -> Value {
    let us = match link {
        Link::ClientApi | Link::ClientQuery | Link::Completion => 20_000,
        Link::Produce | Link::Fetch | Link::Coordination => 2_000,
        Link::Replication | Link::ApiWriteDb | Link::RelayWriteDb | Link::ListenerReadDb | Link::QueryReadDb => 1_000,
    };
    Value::Latency(Latency::LongTailed { us_median: us })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_found_by_property_and_owner() {
        for (index, s) in settings().iter().enumerate() {
            assert_eq!(setting(s.property, s.of), Some(index), "{}", s.key);
            assert!(s.kind().holds(&s.default), "{}", s.key);
        }
        assert_eq!(setting(Property::Acks, Of::Group(0)), None);
        assert_eq!(setting(Property::MaxPollRecords, Of::Group(2)), None);
    }

    #[test]
    fn keys_differ() {
        let keys: crate::kernel::SortedSet<&str> = settings().iter().map(|s| s.key.as_str()).collect();
        assert_eq!(keys.len(), settings().len());
        assert!(keys.contains("group.account-view.max.poll.records"));
        assert!(keys.contains("link.client-api.latency"));
    }
}
