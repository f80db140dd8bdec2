//! Numbers and times as people read them, without floats.

/// `mm:ss.mmm` of a virtual instant in microseconds; hours in front if there are any.
pub(crate) fn clock(us: u64) -> String {
    let (ms, s) = (us / 1_000 % 1_000, us / 1_000_000);
    let (h, m, s) = (s / 3_600, s / 60 % 60, s % 60);
    let rest = [two(m), ":".to_owned(), two(s), ".".to_owned(), three(ms)].concat();
    if h > 0 { [h.to_string(), ":".to_owned(), rest].concat() } else { rest }
}

/// `mm:ss` of a virtual instant in microseconds, rounded down.
pub(crate) fn minutes(us: u64) -> String {
    let s = us / 1_000_000;
    if s >= 3_600 { [(s / 3_600).to_string(), two(s / 60 % 60), two(s % 60)].join(":") } else { [two(s / 60), two(s % 60)].join(":") }
}

/// A duration in the unit in which it is easiest read: `250 µs`, `1.5 ms`, `20 ms`, `2.5 s`, `2 min 5 s`, `10 min`.
pub(crate) fn duration(us: u64) -> String {
    let (unit_us, unit) = match us {
        0 => return "0 ms".to_owned(),
        1..1_000 => return [&us.to_string(), " µs"].concat(),
        1_000..1_000_000 => (1_000, " ms"),
        1_000_000..60_000_000 => (1_000_000, " s"),
        _ => {
            let (min, s) = (us / 60_000_000, us / 1_000_000 % 60);
            let seconds = if min >= 10 || s == 0 { String::new() } else { [" ", &s.to_string(), " s"].concat() };
            return [&min.to_string(), " min", &seconds].concat();
        }
    };
    let tenths = us * 10 / unit_us;
    let whole = (tenths / 10).to_string();
    if tenths >= 100 || tenths.is_multiple_of(10) {
        [&whole, unit].concat()
    } else {
        [&whole, ".", &(tenths % 10).to_string(), unit].concat()
    }
}

/// A fact's details with its durations as people read them: the trace has `after 627883us` and `in 100000 us: …`, so that it
/// can be compared; the page has `after 627 ms` and `in 100 ms: …`.
pub(crate) fn readable(details: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in details.split(' ') {
        let (name, rest) = word.split_at(word.find([':', ',', ')']).unwrap_or(word.len()));
        let written = match (name.strip_suffix("us").and_then(|n| n.parse().ok()), name, words.last().and_then(|w| w.parse::<u64>().ok())) {
            (Some(us), _, _) => duration(us),
            (None, "us", Some(us)) => {
                words.pop();
                duration(us)
            }
            (None, "ms", Some(ms)) => {
                words.pop();
                duration(ms.saturating_mul(1_000))
            }
            _ => name.to_owned(),
        };
        words.push(written + rest);
    }
    words.join(" ")
}

/// A whole number with thousands apart: `1,560`, `-3`.
pub(crate) fn number(value: i64) -> String {
    let count = count(value.unsigned_abs());
    if value < 0 { ["-", &count].concat() } else { count }
}

/// A count with thousands apart: `12,345`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count in at most four characters: `999`, `12k`, `3M`.
pub(crate) fn short(value: u64) -> String {
    match value {
        0..1_000 => value.to_string(),
        1_000..1_000_000 => [&(value / 1_000).to_string(), "k"].concat(),
        _ => [&(value / 1_000_000).to_string(), "M"].concat(),
    }
}

/// A count as exact as a small box has room for: `9,999`, `28k`.
pub(crate) fn roughly(value: u64) -> String {
    if value < 10_000 { count(value) } else { short(value) }
}

fn two(number: u64) -> String {
    if number < 10 { ["0", &number.to_string()].concat() } else { number.to_string() }
}

fn three(number: u64) -> String {
    if number < 100 { ["0", &two(number)].concat() } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_durations_of_a_fact_read_as_people_write_them() {
        assert_eq!(readable("q7 A 970 v3 stale 1849000us"), "q7 A 970 v3 stale 1.8 s");
        assert_eq!(readable("after 627883us"), "after 627 ms");
        assert_eq!(readable("transfer-events-0 in 100000 us: TimeoutException"), "transfer-events-0 in 100 ms: TimeoutException");
        assert_eq!(readable("transfer-events-1@94 5000 ms"), "transfer-events-1@94 5 s");
        assert_eq!(readable("set link.fetch.latency=3us 12 records"), "set link.fetch.latency=3us 12 records");
        assert_eq!(readable(""), "");
    }

    #[test]
    fn times_read_as_people_write_them() {
        assert_eq!(clock(24_180_999), "00:24.180");
        assert_eq!(clock(3_661_005_000), "1:01:01.005");
        assert_eq!(minutes(60_000_000), "01:00");
    }

    #[test]
    fn durations_have_the_unit_in_which_they_are_easiest_read() {
        let durations = [0, 250, 1_500, 9_000, 20_000, 627_883, 1_849_999, 2_000_000, 12_300_000, 120_000_000, 125_000_000, 627_000_000];
        let read = ["0 ms", "250 µs", "1.5 ms", "9 ms", "20 ms", "627 ms", "1.8 s", "2 s", "12 s", "2 min", "2 min 5 s", "10 min"];
        assert_eq!(durations.map(duration), read);
    }

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!([0, 7, 970, 1_560, -12_345, 1_000_000].map(number), ["0", "7", "970", "1,560", "-12,345", "1,000,000"]);
        assert_eq!([0, 999, 1_234].map(count), ["0", "999", "1,234"]);
    }

    #[test]
    fn counts_are_as_exact_as_there_is_room() {
        assert_eq!([7, 9_999, 28_191, 3_200_000].map(roughly), ["7", "9,999", "28k", "3M"]);
    }
}
