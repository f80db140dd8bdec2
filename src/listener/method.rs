//! The listener method: one bean, shared by all consumer threads that call it, so that it can count calls over all of them.
//!
//! Knows no thread and no container.

use crate::kernel::{SortedMap, SortedSet};
use std::sync::Arc;

use super::{Condition, ConsumerRecord, ListenerKind, ListenerProgram, Rule};
use crate::broker::Bytes;

/// A listener method and what it remembers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Listener {
    program: Arc<ListenerProgram>,
    /// Rules put in front of the program, the latest first.
    armed: Vec<Armed>,
    calls: u64,
    /// How often each value was given to the method; kept only while a condition asks for it.
    deliveries: SortedMap<(bool, Bytes), u32>,
    counts_deliveries: bool,
    released: SortedSet<Arc<str>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Armed {
    id: u64,
    rule: Rule,
    times_left: Option<u32>,
}

impl Listener {
    /// A method that runs `program`.
    pub fn new(program: ListenerProgram) -> Listener {
        let mut listener = Listener::default();
        listener.set_program(program);
        listener
    }

    /// From the next call on the method runs `program`; counters stay.
    pub fn set_program(&mut self, program: ListenerProgram) {
        self.program = Arc::new(program);
        self.look_for_conditions();
    }

    /// The program.
    pub fn program(&self) -> &ListenerProgram {
        &self.program
    }

    /// Puts a rule in front of everything, for `times` calls that it holds for, or until it is disarmed.
    pub fn arm(&mut self, id: u64, rule: Rule, times: Option<u32>) {
        self.armed.insert(0, Armed { id, rule, times_left: times });
        self.look_for_conditions();
    }

    /// Takes a rule away again.
    pub fn disarm(&mut self, id: u64) {
        self.armed.retain(|armed| armed.id != id);
        self.look_for_conditions();
    }

    /// How often an armed rule can still be used; `None` if it is used up or was never armed.
    pub fn armed_left(&self, id: u64) -> Option<Option<u32>> {
        self.armed.iter().find(|armed| armed.id == id).map(|armed| armed.times_left)
    }

    /// Releases a latch, for ever. The containers that wait for it must be told.
    pub fn release(&mut self, latch: &Arc<str>) {
        self.released.insert(latch.clone());
    }

    /// Whether the latch is released.
    pub fn is_released(&self, latch: &Arc<str>) -> bool {
        self.released.contains(latch)
    }

    /// How often the method was called.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    fn look_for_conditions(&mut self) {
        let rules = self.program.rules.iter().chain(self.armed.iter().map(|armed| &armed.rule));
        self.counts_deliveries =
            rules.map(|rule| &rule.when).any(|condition| condition.delivery.is_some() || condition.delivery_max.is_some());
        if !self.counts_deliveries {
            self.deliveries.clear();
        }
    }

    /// The method is called: counts the call and finds the rule. `of_dead_letters`: the call is that of a DLT handler, whose
    /// deliveries count by themselves.
    pub(super) fn called(&mut self, topic: &str, records: &[ConsumerRecord], kind: ListenerKind, of_dead_letters: bool) -> Rule {
        self.calls += 1;
        let mut delivery = 0;
        if self.counts_deliveries {
            for record in records {
                let value = record.record.value.clone().unwrap_or_else(|| Arc::from(b"null".as_slice()));
                let count = self.deliveries.entry((of_dead_letters, value)).or_default();
                *count += 1;
                delivery = *count;
            }
        }
        let calls = self.calls;
        let holds = |when: &Condition| when_holds(when, topic, records, kind, delivery, calls);
        if let Some(at) = self.armed.iter().position(|armed| holds(&armed.rule.when)) {
            let armed = &mut self.armed[at];
            let rule = armed.rule.clone();
            if let Some(left) = &mut armed.times_left {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    self.armed.remove(at);
                }
            }
            return rule;
        }
        self.program.rules.iter().find(|rule| holds(&rule.when)).unwrap_or(&self.program.otherwise).clone()
    }
}

fn when_holds(when: &Condition, topic: &str, records: &[ConsumerRecord], kind: ListenerKind, delivery: u32, call: u64) -> bool {
    let is = |record: &ConsumerRecord, text: &str| record.record.value.as_deref().map_or(text == "null", |bytes| shows(bytes, text));
    let of_record = kind == ListenerKind::Record;
    when.value.as_ref().is_none_or(|value| of_record && records.first().is_some_and(|record| is(record, value)))
        && when.tag.is_none_or(|tag| records.iter().any(|record| record.record.tag == tag))
        && when.delivery.is_none_or(|number| number == delivery)
        && when.delivery_max.is_none_or(|number| delivery <= number)
        && when.call.is_none_or(|number| number == call)
        && when.call_max.is_none_or(|number| call <= number)
        && when.contains.as_ref().is_none_or(|value| records.iter().any(|record| is(record, value)))
        && when.topic.as_ref().is_none_or(|name| **name == *topic)
}

/// Whether these bytes are this text, or the small int32 that the text names.
pub(super) fn shows(bytes: &[u8], text: &str) -> bool {
    let as_number = || match bytes {
        [0, rest @ ..] if rest.len() == 3 => rest.iter().fold(0, |number, byte| (number << 8) | i32::from(*byte)),
        _ => -1,
    };
    bytes == text.as_bytes() || text.parse::<i32>().is_ok_and(|number| number >= 0 && number == as_number())
}
