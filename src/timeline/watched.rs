//! The world as it was at the end of chosen instants, kept from when the run passed them. A cache like the keyframes:
//! going there again gives the same.

use crate::kernel::SimTime;

/// The chosen instants, ascending, with the world as it was when each was over.
#[derive(Debug, Clone)]
pub(super) struct Watched<M> {
    moments: Vec<(SimTime, Option<M>)>,
}

impl<M: Clone> Watched<M> {
    /// Nothing is kept yet.
    pub(super) fn new(mut moments: Vec<SimTime>) -> Self {
        crate::kernel::sort(&mut moments);
        moments.dedup();
        Watched { moments: moments.into_iter().map(|at| (at, None)).collect() }
    }

    /// The same instants, with nothing kept of them yet.
    pub(super) fn again(&self) -> Self {
        Watched { moments: self.moments.iter().map(|(at, _)| (*at, None)).collect() }
    }

    /// The world has not changed from `from` on and will not before `next`.
    pub(super) fn pass(&mut self, from: SimTime, next: SimTime, world: &M) {
        let begin = self.moments.partition_point(|(at, _)| *at < from);
        for (_, kept) in self.moments[begin..].iter_mut().take_while(|(at, _)| *at < next).filter(|(_, kept)| kept.is_none()) {
            *kept = Some(world.clone());
        }
    }

    /// The run is another one from `now` on.
    pub(super) fn truncate(&mut self, now: SimTime) {
        self.moments.iter_mut().filter(|(at, _)| *at >= now).for_each(|(_, kept)| *kept = None);
    }

    /// The world at the end of a chosen instant, if the run has passed it.
    pub(super) fn at(&self, moment: SimTime) -> Option<&M> {
        let place = self.moments.binary_search_by_key(&moment, |(at, _)| *at).ok()?;
        self.moments[place].1.as_ref()
    }
}
