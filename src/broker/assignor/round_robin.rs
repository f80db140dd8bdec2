//! `roundrobin`: all partitions in turn over all members (C12; `RoundRobinAssignor`).

use super::{Problem, Shares};

pub(super) fn assign(problem: &Problem) -> Shares {
    let mut shares = problem.no_shares();
    let sorted = problem.sorted_members();
    let mut next = 0;
    for slot in problem.slots() {
        // Every topic of the problem is wanted by somebody, so this ends within one round.
        while !problem.members[sorted[next % sorted.len()]].topics.contains(&slot.topic) {
            next += 1;
        }
        shares[sorted[next % sorted.len()]].push(slot);
        next += 1;
    }
    shares
}
