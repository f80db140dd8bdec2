//! What the meters show: whole numbers by second of virtual time, the newest of them. Decides nothing.

use super::History;
use crate::kernel::SimTime;

/// At least so many of the newest seconds are kept: an hour.
pub const SECONDS_MIN: u32 = 3_600;

/// What is counted within a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// Commands that the API accepted.
    Accepted,
    /// Commands that the domain refused.
    Rejected,
    /// Events that became durable in the write database.
    Stored,
    /// Records that leaders appended.
    Appended,
    /// Deliveries to a listener.
    Delivered,
    /// Events that a projection applied.
    Applied,
    /// Redelivered events that had no effect.
    DuplicatesSkipped,
    /// Redelivered events that had their effect again.
    DuplicatesApplied,
    /// Failed attempts that will be made again.
    Retries,
    /// Records given up to a dead-letter topic or to the log.
    DeadLetters,
    /// Offsets committed.
    Commits,
    /// Queries answered.
    Queries,
    /// Flights that vanished.
    Lost,
    /// Requests for a status, and notices sent: what it costs to tell clients that they are done (F10).
    CompletionMessages,
    /// Answers that lacked what the client itself had written (F9).
    OwnWritesMissing,
    /// Answers that were older than one that the client had before (F9).
    WentBack,
    /// Notices of something that the client knew already (F5, F10).
    NoticesRepeated,
}

impl Count {
    /// All of them.
    pub const ALL: [Count; 17] = [
        Count::Accepted,
        Count::Rejected,
        Count::Stored,
        Count::Appended,
        Count::Delivered,
        Count::Applied,
        Count::DuplicatesSkipped,
        Count::DuplicatesApplied,
        Count::Retries,
        Count::DeadLetters,
        Count::Commits,
        Count::Queries,
        Count::Lost,
        Count::CompletionMessages,
        Count::OwnWritesMissing,
        Count::WentBack,
        Count::NoticesRepeated,
    ];
}

/// How many partitions' lags are kept for each group.
pub const LAGS_MAX: usize = 12;

/// One second of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Second {
    /// By [`Count`].
    pub counts: [u32; Count::ALL.len()],
    /// The greatest staleness that a query saw, in milliseconds.
    pub staleness_ms_max: u32,
    /// The longest time from issuing a command until its client knew that it was done, in milliseconds (F10).
    pub completion_ms_max: u32,
    /// At the end of the second: how many connections clients held open to be told (F10).
    pub connections: u32,
    /// At the end of the second, by group and partition: high watermark minus committed offset (C5); the second number
    /// of lags that are kept is [`LAGS_MAX`].
    pub lags: [[u32; LAGS_MAX]; 2],
}

impl Default for Second {
    fn default() -> Self {
        let counts = [0; Count::ALL.len()];
        Second { counts, staleness_ms_max: 0, completion_ms_max: 0, connections: 0, lags: [[0; LAGS_MAX]; 2] }
    }
}

impl Second {
    /// How often something happened in it.
    pub fn count(&self, count: Count) -> u32 {
        self.counts[count as usize]
    }
}

/// The meters of a run.
#[derive(Debug, Clone, Hash)]
pub struct Meters {
    /// Full seconds; an entry's number is the second.
    seconds: History<Second>,
    /// The second that runs.
    current: Second,
}

impl Default for Meters {
    fn default() -> Self {
        Meters { seconds: History::new(SECONDS_MIN), current: Second::default() }
    }
}

impl Meters {
    /// Counts something at the present moment.
    pub(super) fn add(&mut self, count: Count, n: u32) {
        let cell = &mut self.current.counts[count as usize];
        *cell = cell.saturating_add(n);
    }

    /// A query saw this staleness.
    pub(super) fn stale(&mut self, us: u64) {
        let ms = u32::try_from(us.div_ceil(1_000)).unwrap_or(u32::MAX);
        self.current.staleness_ms_max = self.current.staleness_ms_max.max(ms);
    }

    /// A client learned after so long that its command is done.
    pub(super) fn completed(&mut self, us: u64) {
        let ms = u32::try_from(us.div_ceil(1_000)).unwrap_or(u32::MAX);
        self.current.completion_ms_max = self.current.completion_ms_max.max(ms);
    }

    /// The second that runs.
    pub fn current_second(&self) -> u64 {
        self.seconds.end()
    }

    /// Whether a second is over at this instant.
    pub(super) fn is_over(&self, now: SimTime) -> bool {
        // Asked after every step: a multiplication is cheaper than a division.
        now.0 >= (self.seconds.end() + 1) * 1_000_000
    }

    /// Closes the second that runs with these lags and connections, and all silent ones until now.
    pub(super) fn close(&mut self, now: SimTime, lags: [[u32; LAGS_MAX]; 2], connections: u32) {
        while self.is_over(now) {
            let mut second = std::mem::take(&mut self.current);
            second.lags = lags;
            second.connections = connections;
            self.seconds.push(second);
        }
    }

    /// The full seconds still kept, from this one on, oldest first.
    pub fn iter_from(&self, second: u64) -> impl Iterator<Item = &Second> {
        self.seconds.iter_from(second)
    }

    /// One full second, if it is still kept.
    pub fn get(&self, second: u64) -> Option<&Second> {
        self.seconds.get(second)
    }

    /// The oldest second still kept: how many were dropped.
    pub fn dropped_count(&self) -> u64 {
        self.seconds.start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holds_what_happened_in_it() {
        let mut meters = Meters::default();
        meters.add(Count::Accepted, 2);
        assert!(!meters.is_over(SimTime(999_999)));
        assert!(meters.is_over(SimTime(3_000_000)));
        meters.close(SimTime(3_000_000), [[7; LAGS_MAX]; 2], 3);
        meters.stale(1_500);
        assert_eq!(meters.current_second(), 3);
        assert_eq!(meters.get(0).expect("kept").count(Count::Accepted), 2);
        assert_eq!(meters.get(1).expect("kept").count(Count::Accepted), 0);
        assert_eq!(meters.get(2).expect("kept").lags[1][3], 7);
        meters.close(SimTime(4_000_000), [[0; LAGS_MAX]; 2], 0);
        assert_eq!(meters.get(3).expect("kept").staleness_ms_max, 2);
    }
}
