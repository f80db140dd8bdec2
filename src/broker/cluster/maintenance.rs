//! What a broker does by itself now and then: retention, expiry of producers, the cleaner (B7, B8, B10).

use super::Cluster;
use super::admin::report_deleted;
use crate::broker::{Effect, Fact, Timer, rest_us, us, wall_ms};
use crate::kernel::SimTime;

impl Cluster {
    /// Sets the timers of a broker that begins to serve.
    pub(super) fn start_node_timers(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let config = &self.config.broker;
        let (broker, incarnation) = (self.nodes[index].id, self.nodes[index].incarnation);
        let first = now + us(config.log_initial_task_delay_ms);
        out.push(Effect::Timer { at: first, timer: Timer::Retention { broker, incarnation } });
        if config.log_cleaner_enable {
            out.push(Effect::Timer { at: now + rest_us(config.log_cleaner_backoff_ms), timer: Timer::Cleaner { broker, incarnation } });
        }
        let at = now + rest_us(config.replica_lag_time_max_ms) / 2;
        out.push(Effect::Timer { at, timer: Timer::IsrCheck { broker, incarnation } });
    }

    /// Retention is due on a broker. Leaders and followers alike look at their own logs.
    pub(super) fn on_retention(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let now_ms = wall_ms(now);
        let expired_ms = now_ms.saturating_sub(i64::try_from(self.config.broker.producer_id_expiration_ms).unwrap_or(i64::MAX));
        let node = &mut self.nodes[index];
        let (broker, incarnation) = (node.id, node.incarnation);
        let mut moved = Vec::new();
        for (partition, replica) in &mut node.replicas {
            let Some(topic) = self.topics.topic(partition.topic) else { continue };
            replica.log.producers.expire(expired_ms);
            let from = replica.log.start();
            let deleted = replica.log.apply_retention(&topic.config, replica.high_watermark, now_ms);
            let to = replica.log.start();
            report_deleted(broker, *partition, &deleted, from, to, out);
            if to > from {
                moved.push(*partition);
            }
        }
        for partition in moved {
            self.wake_fetches(now, index, partition, out);
        }
        let at = now + us(self.config.broker.log_retention_check_interval_ms);
        out.push(Effect::Timer { at, timer: Timer::Retention { broker, incarnation } });
    }

    /// The cleaner wakes up: it cleans the logs that are dirty enough, the dirtiest first (B10).
    pub(super) fn on_cleaner(&mut self, now: SimTime, index: usize, out: &mut Vec<Effect>) {
        let now_ms = wall_ms(now);
        let node = &mut self.nodes[index];
        let (broker, incarnation) = (node.id, node.incarnation);
        for (partition, replica) in &mut node.replicas {
            let Some(topic) = self.topics.topic(partition.topic).filter(|t| t.config.cleanup_policy.compact) else { continue };
            let limit = replica.last_stable_offset();
            if let Some(done) = replica.log.compact(&topic.config, limit, now_ms) {
                let (up_to, removed) = (done.up_to, done.removed);
                out.push(Effect::Fact(Fact::Compacted { broker, partition: *partition, up_to, removed }));
            }
        }
        let at = now + rest_us(self.config.broker.log_cleaner_backoff_ms);
        out.push(Effect::Timer { at, timer: Timer::Cleaner { broker, incarnation } });
    }
}
