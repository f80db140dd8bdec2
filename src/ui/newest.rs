//! The newest facts that a search finds, and what it has not looked at. Knows nothing of the DOM, nor what a fact is.

/// How many lines are given at a time.
const LINES_MAX: usize = 120;
/// How many of the newest facts are looked at while the run plays: then it is done several times a second.
const LOOKED_AT_MAX: u64 = 3_000;

/// What there is beyond the lines that were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// Nothing: all facts that are kept were looked at.
    Nothing,
    /// Earlier facts that match.
    Matches,
    /// Earlier facts that were not looked at.
    Unsearched,
}

/// What a search finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Newest<L> {
    /// The facts' numbers and lines, newest first.
    pub(crate) lines: Vec<(u64, L)>,
    /// What there is beyond them.
    pub(crate) beyond: Beyond,
}

impl<L> Newest<L> {
    /// Looks through the facts with the numbers from `kept_from` to `end`, newest first: `line` gives a fact's line if it matches.
    pub(crate) fn find(kept_from: u64, end: u64, playing: bool, line: impl Fn(u64) -> Option<L>) -> Newest<L> {
        let first = if playing { end.saturating_sub(LOOKED_AT_MAX).max(kept_from) } else { kept_from };
        let mut found = (first..end).rev().filter_map(|number| Some((number, line(number)?)));
        let lines: Vec<(u64, L)> = found.by_ref().take(LINES_MAX).collect();
        let beyond = match found.next() {
            Some(_) => Beyond::Matches,
            None if first > kept_from => Beyond::Unsearched,
            None => Beyond::Nothing,
        };
        Newest { lines, beyond }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of facts up to `end`, of which those below 100 were dropped, those that match: how many lines, and what is beyond.
    fn search(end: u64, playing: bool, matches: impl Fn(u64) -> bool) -> (usize, Beyond) {
        let found = Newest::find(100, end, playing, |number| matches(number).then_some(()));
        assert!(found.lines.is_sorted_by(|one, next| one.0 > next.0) && found.lines.iter().all(|(number, ())| *number >= 100));
        (found.lines.len(), found.beyond)
    }

    /// While a run plays only the newest facts are looked at: then nobody knows that none matches.
    #[test]
    fn what_was_not_looked_at_is_not_called_empty() {
        let early = |number| number == 500;
        assert_eq!(search(10_000, true, early), (0, Beyond::Unsearched));
        assert_eq!(search(10_000, false, early), (1, Beyond::Nothing), "at rest all are looked at");
        assert_eq!(search(3_100, true, early), (1, Beyond::Nothing), "there are no more than are looked at");
        assert_eq!(search(3_101, true, |number| number == 100), (0, Beyond::Unsearched));
        assert_eq!(search(10_000, false, |number| number == 50), (0, Beyond::Nothing), "dropped");
    }

    #[test]
    fn what_finds_no_room_is_told() {
        assert_eq!(search(10_000, true, |_| true), (LINES_MAX, Beyond::Matches));
        assert_eq!(search(100 + LINES_MAX as u64, true, |_| true), (LINES_MAX, Beyond::Nothing));
        assert_eq!(search(100, true, |_| true), (0, Beyond::Nothing), "no facts at all");
    }
}
