//! Every link slowed, severed, with requests or responses lost, or doubled: nothing is lost and nothing stays behind.

use super::super::{Intervention, World};
use crate::fault::{FaultKind, FaultRule, Link, Moment, Target};
use crate::kernel::SimTime;
use crate::scenario::Scenario;

const KINDS: [FaultKind; 5] =
    [FaultKind::LinkSlow, FaultKind::LinkSevered, FaultKind::RequestLost, FaultKind::ResponseLost, FaultKind::RequestDuplicated];

fn intervene(world: &mut World, intervention: &Intervention) {
    world.intervene(world.now(), intervention).expect("it fits");
}

#[test]
fn a_broken_link_heals_and_everything_drains() {
    for link in Link::ALL {
        for kind in KINDS {
            let mut scenario = Scenario::plain("links", 21);
            // Nobody gives up within the test.
            let patience = [
                ("client.client-retries", "100"),
                ("client.completion-timeout", "600000"),
                // A JoinGroup is waited for as long as this and five seconds more (C1).
                ("group.account-view.max.poll.interval.ms", "20000"),
                ("group.transfer-history.max.poll.interval.ms", "20000"),
            ];
            for (key, value) in patience {
                scenario.config.set_text(key, value).expect("a setting of the table");
            }
            let mut world = World::new(&scenario);
            world.run_until(SimTime::from_ms(6_000));
            let moment = Moment::Lasting { until: Some(SimTime::from_ms(10_000)) };
            let rule = FaultRule { moment, ..FaultRule::usual(kind, Target::Link { link, of: None }) };
            intervene(&mut world, &Intervention::Inject(rule));
            world.run_until(SimTime::from_ms(12_000));
            assert!(world.faults().standing().is_empty(), "{kind} on {link} still stands");
            intervene(&mut world, &Intervention::Set { key: "client.commands-per-minute".into(), value: "0".into() });
            world.run_until(SimTime::from_ms(110_000));
            assert_eq!(world.pending(), None, "{kind} on {link}");
            assert!(world.violations().is_empty(), "{kind} on {link}: {:?}", world.violations()[0]);
        }
    }
}
