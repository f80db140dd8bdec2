//! The bank's names for things: accounts, commands, events, queries, clients. Knows no behaviour.

use std::fmt;

use crate::typed_id;

typed_id!(
    /// An account; shown as a letter, see [`AccountId::name`].
    AccountId
);
typed_id!(
    /// A command as a client means it. It is the idempotency key too: a retry carries the same id.
    CommandId
);
typed_id!(
    /// A domain event, drafted or stored; from 1, so that a record's tag 0 means none.
    EventId
);
typed_id!(
    /// A client: a browser of somebody who moves money.
    ClientIndex
);
typed_id!(
    /// One question of a client to the read model.
    QueryId
);

impl AccountId {
    /// `A` to `Z`, then `A1` to `Z1` and so on.
    pub fn name(self) -> String {
        let letter = char::from(b'A' + (self.0 % 26) as u8);
        match self.0 / 26 {
            0 => letter.to_string(),
            round => format!("{letter}{round}"),
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}", self.0)
    }
}

impl EventId {
    /// The event that a log record's tag names; `None` for the tag 0 and for numbers that no event can have.
    pub fn from_tag(tag: u64) -> Option<EventId> {
        u32::try_from(tag).ok().filter(|id| *id > 0).map(EventId)
    }

    /// The tag of a log record that carries this event.
    pub fn tag(self) -> u64 {
        u64::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_letters() {
        assert_eq!(AccountId(0).name(), "A");
        assert_eq!(AccountId(27).name(), "B1");
    }
}
