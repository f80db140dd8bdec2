//! A push service (FCM, APNs): keeps what it cannot deliver while a device is away, for as long as it was told to, and not
//! more than a hundred (F10). Outside of the bank: it survives every crash. Knows no commands but by number.

use super::ids::{ClientIndex, CommandId};
use crate::kernel::{SimTime, SortedMap};

/// How many pushes are kept for a device that is away; one more, and all of them are discarded.
pub const PUSHES_KEPT_MAX: usize = 100;

/// A push that waits for its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kept {
    pub(super) id: CommandId,
    pub(super) sequence: u32,
    since: SimTime,
}

/// The push service.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct PushService {
    kept: SortedMap<ClientIndex, Vec<Kept>>,
}

impl PushService {
    /// How many pushes wait for their devices.
    pub fn kept_count(&self) -> u64 {
        self.kept.values().map(Vec::len).sum::<usize>() as u64
    }

    /// A device is away: keeps its push, or gives back what is lost.
    pub(super) fn keep(&mut self, now: SimTime, ttl_us: u64, client: ClientIndex, id: CommandId, sequence: u32) -> Vec<CommandId> {
        if ttl_us == 0 {
            return vec![id];
        }
        let kept = self.kept.entry(client).or_default();
        kept.push(Kept { id, sequence, since: now });
        if kept.len() > PUSHES_KEPT_MAX {
            return std::mem::take(kept).into_iter().map(|kept| kept.id).collect();
        }
        Vec::new()
    }

    /// A device is back: what is to be delivered, and what has expired.
    pub(super) fn deliver(&mut self, now: SimTime, ttl_us: u64, client: ClientIndex) -> (Vec<Kept>, Vec<Kept>) {
        let kept = self.kept.remove(&client).unwrap_or_default();
        kept.into_iter().partition(|kept| now.since(kept.since) <= ttl_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f10_a_push_is_kept_up_to_its_time_to_live_and_not_the_hundred_and_first() {
        let (mut service, client) = (PushService::default(), ClientIndex(3));
        assert_eq!(service.keep(SimTime(0), 0, client, CommandId(1), 1), [CommandId(1)], "now or never");
        assert!(service.keep(SimTime(0), 50, client, CommandId(2), 2).is_empty());
        assert!(service.keep(SimTime(40), 50, client, CommandId(3), 3).is_empty());
        let (delivered, expired) = service.deliver(SimTime(60), 50, client);
        assert_eq!((delivered[0].id, delivered.len()), (CommandId(3), 1));
        assert_eq!((expired[0].id, expired.len()), (CommandId(2), 1));
        for n in 0..PUSHES_KEPT_MAX as u32 {
            assert!(service.keep(SimTime(0), 50, client, CommandId(n), n).is_empty());
        }
        assert_eq!(service.keep(SimTime(0), 50, client, CommandId(999), 999).len(), PUSHES_KEPT_MAX + 1, "all are discarded");
        assert_eq!(service.kept_count(), 0);
    }
}
