//! `cooperative-sticky`: as sticky, but a partition that changes hands first goes to nobody (C13 step 4, C14;
//! `CooperativeStickyAssignor`).

use crate::kernel::SortedSet;

use super::sticky::Outcome;
use super::{Problem, Shares, Slot, sticky};

pub(super) fn assign(problem: &Problem) -> Shares {
    let Outcome { mut shares, transferred } = sticky::assign(problem);
    match transferred {
        Some(transferred) => {
            for (slot, member) in transferred {
                shares[member].retain(|s| *s != slot);
            }
        }
        None => withhold_given_up(problem, &mut shares),
    }
    shares
}

/// Takes from everybody what is new to it and was somebody's who has it no more.
fn withhold_given_up(problem: &Problem, shares: &mut Shares) {
    let pairs = || problem.members.iter().zip(shares.iter());
    let given_up: SortedSet<Slot> = pairs().flat_map(|(m, share)| m.owned.iter().filter(|s| !share.contains(s))).copied().collect();
    for (member, share) in problem.members.iter().zip(shares.iter_mut()) {
        share.retain(|s| member.owned.contains(s) || !given_up.contains(s));
    }
}
