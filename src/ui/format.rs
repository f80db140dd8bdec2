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

/// A duration in the unit in which it is easiest read: `250 µs`, `1.5 ms`, `20 ms`, `2.5 s`, `10 min`.
pub(crate) fn duration(us: u64) -> String {
    match us {
        0 => "0 ms".to_owned(),
        1..1_000 => [us.to_string().as_str(), " µs"].concat(),
        1_000..1_000_000 => [tenths(us, 1_000).as_str(), " ms"].concat(),
        1_000_000..60_000_000 => [tenths(us, 1_000_000).as_str(), " s"].concat(),
        _ => [tenths(us, 60_000_000).as_str(), " min"].concat(),
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

/// A whole number with commas: `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `value / unit` with one decimal below 10, none above.
fn tenths(value: u64, unit: u64) -> String {
    let tenths = (value * 10 + unit / 2) / unit;
    if tenths >= 100 || tenths.is_multiple_of(10) {
        (tenths.div_euclid(10)).to_string()
    } else {
        [(tenths / 10).to_string(), (tenths % 10).to_string()].join(".")
    }
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
        assert_eq!(
            [duration(0), duration(250), duration(1_500), duration(20_000), duration(2_500_000), duration(600_000_000)],
            ["0 ms", "250 µs", "1.5 ms", "20 ms", "2.5 s", "10 min"]
        );
        assert_eq!([grouped(0), grouped(999), grouped(1_234), grouped(1_234_567)], ["0", "999", "1,234", "1,234,567"]);
    }
}
