//! Verbs about what is lost on the way, and about coordinators that die.

use std::sync::Arc;

use super::play::{Play, ok};
use super::{Outcome, Step};
use crate::pipeline::Intervention;
use crate::pipeline::lab::{LabAction, LabApi, LabClient};

impl Play<'_> {
    pub(super) fn lose(&mut self, step: &Step) -> Outcome {
        let name = step.text("api")?;
        let found = LabApi::ALL.into_iter().find(|(_, known)| *known == name);
        let Some((api, _)) = found else {
            let known: Vec<&str> = LabApi::ALL.into_iter().map(|(_, known)| known).collect();
            return Err(step.error("api", format!("unknown: {name:?}; known: {}", known.join(", "))));
        };
        let client = match step.get("member") {
            Some(_) => LabClient::Member(step.name("member")?),
            None => match self.producer(step)? {
                Ok(producer) => LabClient::Producer(producer),
                // A client that cannot be made sends nothing that could be lost.
                Err(_) => return Ok(ok()),
            },
        };
        let (response, times) = (step.verb()? == "lose_response", step.number_or("times", 1)? as u32);
        self.intervene(&Intervention::Lab(LabAction::Lose { client, api, response, times }))?;
        Ok(ok())
    }

    pub(super) fn kill_coordinator(&mut self, step: &Step) -> Outcome {
        let transactional = step.get("transactional_id").is_some();
        let of: Arc<str> = step.name(if transactional { "transactional_id" } else { "group" })?;
        let cluster = self.world.cluster();
        let broker = if transactional { cluster.txn_coordinator(&of) } else { cluster.coordinator(&of) };
        self.intervene(&Intervention::Lab(LabAction::KillCoordinator { of, transactional }))?;
        self.wait_until(step, 40_000, |play| broker.is_none_or(|broker| !play.world.cluster().is_up(broker)))?;
        Ok(ok())
    }
}
