//! Verbs of brokers: dying, stopping, starting, waiting for the controller.

use serde_json::Value;

use super::form::Form;
use super::{Outcome, Script, ok};
use crate::broker::BrokerId;

/// How long the waiting verbs wait, in microseconds, and how often they look.
const AWAIT_US: u64 = 40_000_000;
const LOOK_US: u64 = 50_000;

impl Script<'_> {
    pub(super) fn broker_step(&mut self, verb: &str, form: Form<'_>) -> Outcome {
        match verb {
            "kill_broker" | "stop_broker" | "start_broker" => {
                form.only(&["do", "as", "broker"])?;
                let broker = BrokerId(form.count("broker")? as u32);
                if self.bench.cluster.node(broker).is_none() {
                    return Err(form.error("broker", format!("there is no broker {}", broker.0)).into());
                }
                self.bench.cluster(|cluster, now, out| match verb {
                    "kill_broker" => cluster.kill_broker(now, broker, out),
                    "stop_broker" => cluster.stop_broker(now, broker, out),
                    _ => cluster.start_broker(now, broker, out),
                });
                if verb == "stop_broker" {
                    // A controlled shutdown returns when leadership has moved and the process has ended.
                    self.bench.until(AWAIT_US, |bench| (!bench.cluster.is_up(broker)).then_some(()));
                }
                ok()
            }
            "partition_state" => {
                form.only(&["do", "as", "topic"])?;
                Ok(Value::Object(self.states(form)?))
            }
            "await_isr" => {
                form.only(&["do", "as", "topic", "isr"])?;
                let isr = form.get("isr").ok_or_else(|| form.error("isr", "a list of brokers is needed"))?.clone();
                self.wait(form, |script| {
                    Ok(script.states(form)?.values().all(|p| p["isr"] == isr) && script.leaders_know(form, Some(&isr))?)
                })
            }
            _ => {
                form.only(&["do", "as", "topic", "leader"])?;
                let leader = form.get("leader").ok_or_else(|| form.error("leader", "a broker or null is needed"))?.clone();
                self.wait(form, |script| {
                    Ok(script.states(form)?.values().all(|p| p["leader"] == leader) && script.leaders_know(form, None)?)
                })
            }
        }
    }

    fn wait(&mut self, form: Form<'_>, holds: impl Fn(&Self) -> Result<bool, crate::conformance::CaseError>) -> Outcome {
        let limit = self.bench.now + AWAIT_US;
        while !holds(self)? {
            if self.bench.now >= limit {
                return Err(form.error("", format!("waited in vain: {:?}", self.states(form)?)).into());
            }
            self.bench.advance(LOOK_US);
        }
        ok()
    }
}
