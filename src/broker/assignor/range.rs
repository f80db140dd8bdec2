//! `range`: each topic by itself, consecutive partitions (C11; `RangeAssignor`).

use super::{Problem, Shares, Slot};

pub(super) fn assign(problem: &Problem) -> Shares {
    let mut shares = problem.no_shares();
    let sorted = problem.sorted_members();
    for (topic, (_, count)) in (0..).zip(&problem.topics) {
        let subscribed: Vec<usize> = sorted.iter().copied().filter(|m| problem.members[*m].topics.contains(&topic)).collect();
        let members = subscribed.len() as u32;
        let mut next = 0;
        for (place, member) in (0..).zip(subscribed) {
            let length = count / members + u32::from(place < count % members);
            shares[member].extend((next..next + length).map(|partition| Slot { topic, partition }));
            next += length;
        }
    }
    shares
}
