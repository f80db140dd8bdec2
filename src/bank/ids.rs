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

/// A set of dense ids, kept as ranges: small and cheap to clone however long a run gets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct IdSet {
    /// Half-open, ascending, never touching.
    ranges: Vec<(u32, u32)>,
}

impl IdSet {
    /// Adds an id; false if it was in already.
    pub fn insert(&mut self, id: u32) -> bool {
        // Ids come nearly in order.
        if let Some(last) = self.ranges.last_mut().filter(|r| r.1 == id) {
            last.1 += 1;
            return true;
        }
        let at = self.ranges.partition_point(|r| r.1 < id);
        match self.ranges.get_mut(at) {
            Some(r) if r.0 <= id && id < r.1 => false,
            Some(r) if r.1 == id => {
                r.1 += 1;
                let end = r.1;
                if self.ranges.get(at + 1).is_some_and(|next| next.0 == end) {
                    self.ranges[at].1 = self.ranges[at + 1].1;
                    self.ranges.remove(at + 1);
                }
                true
            }
            Some(r) if r.0 == id + 1 => {
                r.0 = id;
                true
            }
            _ => {
                self.ranges.insert(at, (id, id + 1));
                true
            }
        }
    }

    /// Takes an id out; false if it was not in.
    pub fn remove(&mut self, id: u32) -> bool {
        let at = self.ranges.partition_point(|r| r.1 <= id);
        let Some(&(start, end)) = self.ranges.get(at).filter(|r| r.0 <= id) else { return false };
        self.ranges.remove(at);
        if id + 1 < end {
            self.ranges.insert(at, (id + 1, end));
        }
        if start < id {
            self.ranges.insert(at, (start, id));
        }
        true
    }

    /// Whether the id is in.
    pub fn contains(&self, id: u32) -> bool {
        let at = self.ranges.partition_point(|r| r.1 <= id);
        self.ranges.get(at).is_some_and(|r| r.0 <= id)
    }

    /// How many ids are in.
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|r| u64::from(r.1 - r.0)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_set_merges_its_ranges() {
        let mut set = IdSet::default();
        for id in [5, 3, 4, 9, 7, 8, 1] {
            assert!(set.insert(id), "{id} is new");
            assert!(!set.insert(id), "{id} is in");
        }
        assert_eq!(set.ranges, vec![(1, 2), (3, 6), (7, 10)]);
        assert_eq!(set.count(), 7);
        assert!(set.remove(4) && !set.remove(4));
        assert_eq!(set.ranges, vec![(1, 2), (3, 4), (5, 6), (7, 10)]);
        assert!(set.insert(4));
        assert!(set.contains(1) && set.contains(5) && !set.contains(2) && !set.contains(6) && !set.contains(10));
    }

    #[test]
    fn accounts_have_letters() {
        assert_eq!(AccountId(0).name(), "A");
        assert_eq!(AccountId(27).name(), "B1");
    }
}
