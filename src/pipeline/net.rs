//! Sending: a flight leaves, the links say when it arrives, the faults whether.

use super::{FactKind, Flight, Occurrence, Payload, World};
use crate::fault::{Direction, Hit, Link, Moment, Node, Point, Verdict};

/// What is to be sent where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leg {
    /// The link.
    pub(super) link: Link,
    /// Which way.
    pub(super) direction: Direction,
    /// Who sends.
    pub(super) from: Node,
    /// Who is to receive.
    pub(super) to: Node,
    /// The command that caused it, where it is one.
    pub(super) command: Option<u32>,
}

/// What the faults make of a leg.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    extra_us: u64,
    delay_us: u64,
    lost: bool,
    twice: bool,
}

impl World {
    /// Puts something under way.
    pub(super) fn send(&mut self, leg: Leg, payload: Payload) {
        self.send_late(leg, payload, 0);
    }

    /// Puts something under way that somebody outside holds up for so long: a push service, a mail server.
    pub(super) fn send_late(&mut self, leg: Leg, payload: Payload, delay_us: u64) {
        let mut fate = if self.faults.is_quiet() { Fate::default() } else { self.fate_of(&leg) };
        fate.delay_us = delay_us;
        fate.lost |= self.lab_loses(&leg, &payload);
        if fate.twice {
            self.launch(&leg, payload.clone(), fate);
        }
        self.launch(&leg, payload, fate);
    }

    fn launch(&mut self, leg: &Leg, payload: Payload, fate: Fate) {
        let due_at = match fate.delay_us {
            0 => self.links.due_at(self.now, leg.link, leg.from, leg.to, fate.extra_us),
            // It does not come over the connection of the others, and holds none of them up.
            delay_us => self.links.due_apart(self.now, leg.link, fate.extra_us.saturating_add(delay_us)),
        };
        let Leg { link, direction, from, to, command } = *leg;
        let flight = Flight { number: 0, link, direction, from, to, sent_at: self.now, due_at, lost: fate.lost, command, payload };
        let key = self.flights.launch(flight);
        self.agenda.push(due_at, Occurrence::Arrival(key));
    }

    /// Asks the faults of the link, then those of a broker that is to work on it.
    fn fate_of(&mut self, leg: &Leg) -> Fate {
        let mut fate = Fate::default();
        let Leg { link, direction, from, to, .. } = *leg;
        match self.judge(&Point::Leg { link, from, to, direction }) {
            Verdict::Delay { us } => fate.extra_us = us,
            Verdict::Lose => fate.lost = true,
            Verdict::Duplicate => fate.twice = true,
            _ => {}
        }
        if let Node::Broker(_) = to
            && let Verdict::Delay { us } = self.judge(&Point::Work { node: to })
        {
            fate.extra_us = fate.extra_us.saturating_add(us);
        }
        fate
    }

    /// What the faults say at a point; an armed one that strikes is noted in the trace.
    pub(super) fn judge(&mut self, point: &Point) -> Verdict {
        if self.faults.is_quiet() {
            return Verdict::Pass;
        }
        let Some(Hit { id, rule, verdict, is_last }) = self.faults.judge(point) else { return Verdict::Pass };
        // What lasts would fill the trace: its beginning and its end are there.
        if let Moment::Armed { .. } = rule.moment {
            self.tell(Node::Viewer, None, FactKind::FaultStruck { id, rule });
            if is_last {
                self.tell(Node::Viewer, None, FactKind::FaultEnded { id, rule });
                // A crash after a dead letter has listeners throw, and others than the one that died may still be about to.
                self.disarm_listeners(id, false);
            }
        }
        verdict
    }
}
