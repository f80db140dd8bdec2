//! Share consumers of a script, and the tools of share groups.

use std::sync::Arc;

use super::{LabAction, LabAnswer, LabShareOrder, Settings};
use crate::broker::{AdminRequest, GroupRequest, Request};
use crate::listener::share::{ShareConsumerConfig, ShareOrder};
use crate::pipeline::{InterventionError, World};

impl World {
    /// The newest share consumer of this name.
    pub(super) fn lab_share(&self, name: &str) -> Result<u32, InterventionError> {
        let place = self.share_consumers.iter().rposition(|m| &*m.name == name);
        place.map(|p| p as u32).ok_or(InterventionError::NoSuch { what: "share consumer", number: 0 })
    }

    pub(super) fn check_lab_share(&self, action: &LabAction) -> Result<(), InterventionError> {
        match action {
            LabAction::ShareOrder { member, order, .. } => {
                self.lab_share(member)?;
                match order {
                    LabShareOrder::Acknowledge { topic, partition, .. } => self.lab_partition(topic, *partition).map(drop),
                    _ => Ok(()),
                }
            }
            LabAction::AlterShareOffsets { offsets, .. } => {
                offsets.iter().try_for_each(|(topic, partition, _)| self.lab_partition(topic, *partition).map(drop))
            }
            LabAction::DeleteShareOffsets { topic, .. } => self.lab_partition(topic, 0).map(drop),
            _ => Ok(()),
        }
    }

    pub(super) fn lab_share_acts(&mut self, action: &LabAction) -> Result<(), InterventionError> {
        match action {
            LabAction::OpenShare { op, member, topics, settings, callback } => {
                self.lab_open_share(*op, member, topics, settings, *callback);
                Ok(())
            }
            LabAction::ShareOrder { op, member, order } => self.lab_share_order(*op, member, order),
            _ => Ok(()),
        }
    }

    /// Creates a share consumer that subscribes and calls `poll` once, which starts the joining.
    fn lab_open_share(&mut self, op: u64, member: &Arc<str>, topics: &[Arc<str>], settings: &Settings, callback: bool) {
        let config = match ShareConsumerConfig::of(settings.iter().map(|(name, value)| (&**name, &**value))) {
            Ok(config) => config,
            Err(exception) => return self.lab_settle(op, LabAnswer::Threw(exception)),
        };
        let slot = self.new_share_consumer(member, config, callback);
        let topics = topics.to_vec();
        self.with_share(slot, |m, now, out| m.begin(now, topics, out));
        self.lab_settle(op, LabAnswer::Done);
    }

    fn lab_share_order(&mut self, op: u64, member: &str, order: &LabShareOrder) -> Result<(), InterventionError> {
        let slot = self.lab_share(member)?;
        let order = match order {
            LabShareOrder::Poll { for_us } => ShareOrder::Poll { for_us: *for_us },
            LabShareOrder::Acknowledge { topic, partition, offsets, ack } => {
                ShareOrder::Acknowledge { partition: self.lab_partition(topic, *partition)?, offsets: offsets.clone(), ack: *ack }
            }
            LabShareOrder::Commit => ShareOrder::Commit,
            LabShareOrder::CommitAsync => ShareOrder::CommitAsync,
            LabShareOrder::Close => ShareOrder::Close,
            LabShareOrder::Callbacks => {
                let calls = self.share_consumers[slot as usize].application.consumer.take_callbacks();
                self.lab_settle(op, LabAnswer::Callbacks(calls));
                return Ok(());
            }
        };
        self.share_consumers[slot as usize].op = Some(op);
        self.with_share(slot, |m, now, out| m.order(now, order, out));
        Ok(())
    }

    /// A share consumer's process dies. False if there is none of this name.
    pub(super) fn lab_crash_share(&mut self, member: &str) -> bool {
        let Ok(slot) = self.lab_share(member) else { return false };
        let place = &mut self.share_consumers[slot as usize];
        place.application.crash();
        let client = place.client;
        self.client_gone(client);
        true
    }

    /// The request of a tool's act on a share group.
    pub(super) fn lab_share_request(&self, action: &LabAction) -> Result<(u64, Request), InterventionError> {
        let of_group = |op: &u64, group: &Arc<str>, request| Ok((*op, Request::Group { group: Arc::clone(group), request }));
        match action {
            LabAction::AlterGroup { op, group, settings } => {
                Ok((*op, Request::Admin(AdminRequest::AlterGroupConfig { group: Arc::clone(group), config: settings.clone() })))
            }
            LabAction::AlterShareOffsets { op, group, offsets } => {
                let offsets = self.lab_offsets(offsets)?.into_iter().map(|(partition, o)| (partition, o.offset)).collect();
                of_group(op, group, GroupRequest::AlterShareOffsets { offsets })
            }
            LabAction::DeleteShareOffsets { op, group, topic } => {
                let topic = self.lab_partition(topic, 0)?.topic;
                of_group(op, group, GroupRequest::DeleteShareOffsets { topic })
            }
            LabAction::DeleteShareGroup { op, group } => of_group(op, group, GroupRequest::DeleteShareGroup),
            _ => Err(InterventionError::NoSuch { what: "tool", number: 0 }),
        }
    }
}
