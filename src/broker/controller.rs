//! The controller: who replicates and leads which partition, who is in sync, who may be elected (B5).
//!
//! A simplification: the controller's own quorum is not modelled. It is always there, knows at once what a leader tells
//! it, and its decisions reach living brokers at once; that a broker died it learns by the session timeout alone.

use crate::kernel::SortedMap;

use super::{BrokerId, TopicPartition};

/// Who holds a partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartitionState {
    /// The replica list; the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// Counts the changes of leader.
    pub leader_epoch: u32,
    /// The in-sync replicas, ascending.
    pub isr: Vec<BrokerId>,
    /// The eligible leader replicas, ascending: out of the ISR, but sure to have all that is below the high watermark.
    pub elr: Vec<BrokerId>,
}

/// A broker as the controller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Registration {
    /// The broker.
    pub broker: BrokerId,
    /// The incarnation of its process that registered.
    pub incarnation: u32,
    /// Not counted on: silent too long, stopped, or not yet ready.
    pub fenced: bool,
    /// In a controlled shutdown.
    pub shutting_down: bool,
}

/// The settings that an election depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct ElectionRules {
    /// `min.insync.replicas` as configured.
    pub(super) min_insync_replicas: u32,
    /// `unclean.leader.election.enable`.
    pub(super) unclean: bool,
}

/// What a change of the ISR led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// The leader changed (or was lost).
    pub(super) leader: bool,
    /// The ISR or the ELR changed.
    pub(super) isr: bool,
    /// The new leader was not in sync.
    pub(super) unclean: bool,
}

/// The controller's state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Controller {
    /// By place in the cluster.
    pub(super) brokers: Vec<Registration>,
    partitions: SortedMap<TopicPartition, PartitionState>,
    elr_enabled: bool,
}

impl Controller {
    /// A controller of brokers that are all up.
    pub(super) fn new(brokers: impl Iterator<Item = BrokerId>, elr_enabled: bool) -> Controller {
        let brokers = brokers.map(|broker| Registration { broker, incarnation: 0, fenced: false, shutting_down: false }).collect();
        Controller { brokers, partitions: SortedMap::new(), elr_enabled }
    }

    /// Whether a broker may lead and be in an ISR.
    pub(super) fn is_active(&self, broker: BrokerId) -> bool {
        self.brokers.iter().any(|r| r.broker == broker && !r.fenced && !r.shutting_down)
    }

    /// The brokers that may lead, ascending.
    pub(super) fn active(&self) -> impl Iterator<Item = BrokerId> + '_ {
        self.brokers.iter().filter(|r| !r.fenced && !r.shutting_down).map(|r| r.broker)
    }

    /// The registration of a broker.
    pub(super) fn registration_mut(&mut self, broker: BrokerId) -> Option<&mut Registration> {
        self.brokers.iter_mut().find(|r| r.broker == broker)
    }

    /// The registration of a broker.
    pub(super) fn registration(&self, broker: BrokerId) -> Option<&Registration> {
        self.brokers.iter().find(|r| r.broker == broker)
    }

    /// A partition's state.
    pub(super) fn partition(&self, partition: TopicPartition) -> Option<&PartitionState> {
        self.partitions.get(&partition)
    }

    /// All partitions.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (&TopicPartition, &PartitionState)> {
        self.partitions.iter()
    }

    /// Adds a partition with its first active replica as the leader and all active replicas in the ISR.
    pub(super) fn add(&mut self, partition: TopicPartition, replicas: Vec<BrokerId>) {
        let mut isr: Vec<BrokerId> = replicas.iter().copied().filter(|b| self.is_active(*b)).collect();
        let leader = isr.first().copied();
        crate::kernel::sort(&mut isr);
        self.partitions.insert(partition, PartitionState { replicas, leader, leader_epoch: 0, isr, elr: Vec::new() });
    }

    /// Gives the partition another ISR and elects a leader if the present one may no longer lead
    /// (`PartitionChangeBuilder.build`).
    pub(super) fn change_isr(&mut self, partition: TopicPartition, isr: Vec<BrokerId>, rules: ElectionRules) -> Change {
        let Some(old) = self.partitions.get(&partition).cloned() else { return Change { leader: false, isr: false, unclean: false } };
        let mut new = PartitionState { isr, ..old.clone() };
        let unclean = self.elect(&mut new, rules);
        crate::kernel::sort(&mut new.isr);
        let min_isr = (rules.min_insync_replicas as usize).min(new.replicas.len());
        new.elr = if !self.elr_enabled || unclean || new.isr.len() >= min_isr {
            Vec::new()
        } else {
            let mut elr: Vec<BrokerId> = old.isr.iter().chain(&old.elr).copied().filter(|b| !new.isr.contains(b)).collect();
            crate::kernel::sort(&mut elr);
            elr.dedup();
            elr
        };
        let leader = new.leader != old.leader;
        if leader {
            new.leader_epoch += 1;
        }
        let isr = new.isr != old.isr || new.elr != old.elr;
        self.partitions.insert(partition, new);
        Change { leader, isr, unclean }
    }

    /// Chooses the leader for the wanted ISR; says whether it was an unclean choice.
    fn elect(&self, state: &mut PartitionState, rules: ElectionRules) -> bool {
        let valid = |b: &BrokerId| {
            let eligible = state.isr.contains(b) || (self.elr_enabled && state.isr.is_empty() && state.elr.contains(b));
            eligible && self.is_active(*b)
        };
        if state.leader.is_some_and(|leader| valid(&leader)) {
            return false;
        }
        if let Some(leader) = state.replicas.iter().copied().find(valid) {
            state.leader = Some(leader);
            if state.isr.is_empty() {
                state.isr = vec![leader];
            }
            return false;
        }
        let any = state.replicas.iter().copied().find(|b| self.is_active(*b));
        if let (true, Some(leader)) = (rules.unclean, any) {
            state.leader = Some(leader);
            state.isr = vec![leader];
            return true;
        }
        if !self.elr_enabled && state.isr.is_empty() {
            // Without eligible leader replicas the last in-sync replica stays in the ISR.
            state.isr.extend(state.leader);
        }
        state.leader = None;
        false
    }

    /// Gives leadership to the preferred replica, if it may have it. Says whether anything changed.
    pub(super) fn elect_preferred(&mut self, partition: TopicPartition) -> bool {
        let Some(state) = self.partitions.get(&partition) else { return false };
        let preferred = state.replicas[0];
        let may = state.leader.is_some_and(|l| l != preferred) && state.isr.contains(&preferred) && self.is_active(preferred);
        if may && let Some(state) = self.partitions.get_mut(&partition) {
            state.leader = Some(preferred);
            state.leader_epoch += 1;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::TopicId;

    const TP: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

    fn ids(ids: &[u32]) -> Vec<BrokerId> {
        ids.iter().copied().map(BrokerId).collect()
    }

    fn controller(replicas: &[u32]) -> Controller {
        let mut controller = Controller::new((0..3).map(BrokerId), true);
        controller.add(TP, ids(replicas));
        controller
    }

    fn rules(min_insync_replicas: u32, unclean: bool) -> ElectionRules {
        ElectionRules { min_insync_replicas, unclean }
    }

    fn fence(controller: &mut Controller, broker: u32, rules: ElectionRules) {
        controller.registration_mut(BrokerId(broker)).expect("it exists").fenced = true;
        let isr = controller.partition(TP).expect("it exists").isr.iter().copied().filter(|b| b.0 != broker).collect();
        controller.change_isr(TP, isr, rules);
    }

    fn unfence(controller: &mut Controller, broker: u32, rules: ElectionRules) {
        controller.registration_mut(BrokerId(broker)).expect("it exists").fenced = false;
        let isr = controller.partition(TP).expect("it exists").isr.clone();
        controller.change_isr(TP, isr, rules);
    }

    fn state(controller: &Controller) -> (Option<u32>, u32, Vec<BrokerId>, Vec<BrokerId>) {
        let p = controller.partition(TP).expect("it exists").clone();
        (p.leader.map(|b| b.0), p.leader_epoch, p.isr, p.elr)
    }

    #[test]
    fn b5_the_replica_list_decides_who_leads_next() {
        let mut c = controller(&[2, 0, 1]);
        assert_eq!(state(&c).0, Some(2));
        fence(&mut c, 2, rules(2, false));
        assert_eq!(state(&c), (Some(0), 1, ids(&[0, 1]), ids(&[])));
        fence(&mut c, 0, rules(2, false));
        assert_eq!(state(&c), (Some(1), 2, ids(&[1]), ids(&[0])));
        unfence(&mut c, 2, rules(2, false));
        assert_eq!(state(&c).0, Some(1), "a returning broker does not take leadership back");
    }

    #[test]
    fn b5_an_eligible_replica_leads_when_the_isr_is_empty() {
        let mut c = controller(&[0, 1, 2]);
        for broker in [2, 1, 0] {
            fence(&mut c, broker, rules(2, false));
        }
        assert_eq!(state(&c), (None, 1, ids(&[]), ids(&[0, 1])));
        unfence(&mut c, 2, rules(2, false));
        assert_eq!(state(&c).0, None, "2 left while the ISR was still large enough");
        unfence(&mut c, 1, rules(2, false));
        assert_eq!(state(&c), (Some(1), 2, ids(&[1]), ids(&[0])));
    }

    #[test]
    fn b5_unclean_election_only_if_it_is_on() {
        for unclean in [false, true] {
            let mut c = controller(&[0, 1]);
            fence(&mut c, 1, rules(1, unclean));
            fence(&mut c, 0, rules(1, unclean));
            unfence(&mut c, 1, rules(1, unclean));
            let expected = if unclean { (Some(1), ids(&[1])) } else { (None, ids(&[])) };
            assert_eq!((state(&c).0, state(&c).2), expected);
        }
    }

    #[test]
    fn b5_leadership_returns_to_the_preferred_replica_only_when_it_is_in_sync() {
        let mut c = controller(&[0, 1, 2]);
        fence(&mut c, 0, rules(1, false));
        unfence(&mut c, 0, rules(1, false));
        assert!(!c.elect_preferred(TP));
        c.change_isr(TP, ids(&[0, 1, 2]), rules(1, false));
        assert!(c.elect_preferred(TP));
        assert_eq!(state(&c).0, Some(0));
    }
}
