//! A setting is changed while it runs: who has to know.

use super::{World, build};
use crate::scenario::{GROUPS, Of, Property, Scope, settings};

impl World {
    /// Changes a setting that was checked, and lets it take effect as its property says.
    pub(super) fn set(&mut self, key: &str, text: &str) {
        let Ok(index) = self.config.set_text(key, text) else { return };
        let setting = &settings()[index];
        // A recorded case brings its own topics and consumers.
        if self.bank.is_none() && setting.scope() != Scope::Link {
            return;
        }
        match (setting.scope(), setting.of) {
            (Scope::Link, _) => self.links.configure(&self.config),
            (Scope::Client | Scope::Api | Scope::Projection | Scope::ReadDb, _) => self.configure_bank(),
            (Scope::Producer, _) => self.renew_producers(setting.property),
            (Scope::Topic, _) => self.configure_topic(setting.property),
            (Scope::Share, _) => self.configure_shares(setting.property),
            (Scope::Consumer | Scope::Listener, Of::Group(group)) => self.configure_group(group, setting.property),
            _ => {}
        }
    }

    /// API and relay are restarted with another producer.
    fn renew_producers(&mut self, property: Property) {
        if self.bank.is_none() || property == Property::RecordKey {
            return;
        }
        for process in [crate::bank::Process::Api, crate::bank::Process::Relay] {
            if self.bank.as_ref().is_some_and(|bank| bank.is_up(process)) {
                self.crash_process(process);
                self.restart_process(process);
            }
        }
    }

    fn configure_topic(&mut self, property: Property) {
        match property {
            Property::Partitions => {
                let total = self.config.count(property, Of::Only) as u32;
                if total > self.partition_count() {
                    self.admin(crate::broker::AdminRequest::CreatePartitions { topic: std::sync::Arc::clone(&self.topic), total });
                }
            }
            Property::DltPartitions => self.create_dead_letter_topics(),
            _ => {
                if let Some((name, text)) = build::topic_setting(&self.config, property) {
                    self.alter_topic(&[(name, &text)]);
                }
            }
        }
    }

    fn scale_as_set(&mut self, group: u32) {
        let count = self.config.count(Property::Consumers, Of::Group(group)) as u32;
        self.scale(group, count);
    }

    fn configure_group(&mut self, group: u32, property: Property) {
        debug_assert!((group as usize) < GROUPS.len());
        match property {
            Property::Consumers | Property::Concurrency => self.scale_as_set(group),
            Property::RetryTopics
            | Property::RetryTopicDelay
            | Property::RetryTopicMultiplier
            | Property::RetryTopicMaxDelay
            | Property::RetryTopicSuffixing
            | Property::RetryTopicReuse
            | Property::DltStrategy => {
                self.create_retry_topics(group);
                self.scale_as_set(group);
                self.restart_group(group);
            }
            Property::DltSuffix => {
                self.create_dead_letter_topics();
                self.restart_group(group);
            }
            Property::MaxPollRecords => {
                let records = self.config.count(property, Of::Group(group)) as u32;
                let slots: Vec<u32> = self.slots_of(group).collect();
                for slot in slots {
                    self.consumers[slot as usize].container.reconfigure(|_| {}, |consumer| consumer.max_poll_records = records);
                }
            }
            Property::ListenerTime | Property::DltDestination => {}
            Property::OnFailure | Property::NackSleep | Property::Acknowledge | Property::ListenerPublishes => {
                self.create_notices_topic(group);
                let program = build::listener_program(&self.config, group);
                let slots: Vec<u32> = self.slots_of(group).collect();
                for slot in slots {
                    self.consumers[slot as usize].listener.set_program(program.clone());
                    // What stands in front of it was made of the program before.
                    self.arm_listener(slot);
                }
            }
            _ => self.restart_group(group),
        }
    }
}
