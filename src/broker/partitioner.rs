//! Where a record goes: by its key, or the sticky way without one (A1, A6). Knows no batches and no brokers.

use super::murmur2::{murmur2, to_positive};

/// The partition of a key, among all partitions of the topic, whether they have a leader or not (A1).
pub fn partition_for_key(key: &[u8], partitions: u32) -> u32 {
    to_positive(murmur2(key)) % partitions.max(1)
}

/// How long the queues of a topic's partitions are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Load {
    /// Cumulative weights.
    cumulative: Vec<u64>,
    partitions: Vec<u32>,
}

/// The built-in partitioner of one topic for records without a key (`BuiltInPartitioner`, KIP-794).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct StickyPartitioner {
    current: Option<u32>,
    produced_bytes: u64,
    load: Option<Load>,
}

impl StickyPartitioner {
    /// The partition to use now. `available` are those with a leader; if there is none, any of `partitions` will do.
    /// `random` is drawn only when a choice is made.
    pub fn partition(&mut self, available: &[u32], partitions: u32, random: impl FnOnce() -> u32) -> u32 {
        match self.current {
            Some(current) if current < partitions => current,
            _ => {
                let next = self.next(available, partitions, random());
                self.current = Some(next);
                self.produced_bytes = 0;
                next
            }
        }
    }

    /// So many bytes were added to the current partition. Once it has had `sticky_bytes` and its batch is full, or twice as
    /// many at the latest, the next record chooses again.
    pub fn on_appended(&mut self, bytes: u64, sticky_bytes: u64, batch_is_full: bool) {
        self.produced_bytes += bytes;
        let enough = self.produced_bytes >= sticky_bytes && batch_is_full;
        if enough || self.produced_bytes >= sticky_bytes.saturating_mul(2) {
            self.current = None;
        }
    }

    /// How many batches wait for each partition that has a leader. Equal queues mean: no preference.
    pub fn on_queue_sizes(&mut self, queues: &[(u32, u64)]) {
        let max = queues.iter().map(|(_, size)| *size).max().unwrap_or(0);
        if queues.len() < 2 || queues.iter().all(|(_, size)| *size == max) {
            self.load = None;
            return;
        }
        let weights = queues.iter().map(|(_, size)| max + 1 - size);
        let cumulative = weights.scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        self.load = Some(Load { cumulative: cumulative.collect(), partitions: queues.iter().map(|(p, _)| *p).collect() });
    }

    fn next(&self, available: &[u32], partitions: u32, random: u32) -> u32 {
        let random = random & 0x7fff_ffff;
        match &self.load {
            Some(load) => {
                let sum = load.cumulative.last().copied().unwrap_or(1);
                let drawn = u64::from(random) % sum;
                load.partitions[load.cumulative.partition_point(|c| *c <= drawn)]
            }
            None if available.is_empty() => random % partitions.max(1),
            None => available[random as usize % available.len()],
        }
    }
}

#[cfg(test)]
#[path = "partitioner_tests.rs"]
mod tests;
