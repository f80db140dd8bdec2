//! Numbers and durations as the page writes them, by integer arithmetic only.

/// A whole number with thousands apart: `1,560`, `-3`.
pub(crate) fn number(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + 4);
    if value < 0 {
        out.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A count with thousands apart.
pub(crate) fn count(value: u64) -> String {
    number(i64::try_from(value).unwrap_or(i64::MAX))
}

/// A count in at most four characters: `999`, `12k`, `3M`.
pub(crate) fn short(n: u64) -> String {
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{}k", n / 1_000),
        _ => format!("{}M", n / 1_000_000),
    }
}

/// A count as exact as a small box has room for: `9,999`, `28k`.
pub(crate) fn roughly(n: u64) -> String {
    if n < 10_000 { count(n) } else { short(n) }
}

/// A duration in the unit that fits: `850 µs`, `20 ms`, `1.8 s`, `2 min 5 s`, `10 min`.
pub(crate) fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 if !us.is_multiple_of(1_000) => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        1_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..60_000_000 => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
        60_000_000..600_000_000 => format!("{} min {} s", us / 60_000_000, us % 60_000_000 / 1_000_000),
        _ => format!("{} min", us / 60_000_000),
    }
}

/// What a digit of the lag is wide, in pixels.
pub(crate) const DIGIT: i32 = 7;

/// Where so wide a number stands, and by which of its ends: left of the marks where there is room, else right of the first one, and
/// if the second one stands there right of that too.
pub(crate) fn beside(from: i32, position: Option<i32>, width: i32) -> (i32, &'static str) {
    let (first, last) = (position.map_or(from, |p| p.min(from)), position.map_or(from, |p| p.max(from)));
    match () {
        () if first > 46 => (first - 8, "end"),
        () if last > first + 16 + width => (first + 8, "start"),
        () => (last + 8, "start"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        let all: Vec<String> = [0, 7, 970, 1_560, -12_345, 1_000_000].iter().map(|n| number(*n)).collect();
        assert_eq!(all, ["0", "7", "970", "1,560", "-12,345", "1,000,000"]);
    }

    #[test]
    fn counts_are_as_exact_as_there_is_room() {
        assert_eq!([roughly(7), roughly(9_999), roughly(28_191), roughly(3_200_000)], ["7", "9,999", "28k", "3M"]);
    }

    #[test]
    fn durations_have_the_unit_that_fits() {
        let all: Vec<String> = [850, 1_500, 20_000, 1_849_999, 125_000_000, 627_000_000].iter().map(|us| duration(*us)).collect();
        assert_eq!(all, ["850 µs", "1.5 ms", "20 ms", "1.8 s", "2 min 5 s", "10 min"]);
    }

    #[test]
    fn a_lag_keeps_clear_of_both_marks() {
        for from in 0..120 {
            for position in [None].into_iter().chain((0..200).map(Some)) {
                for width in [7, 28] {
                    let (x, anchor) = beside(from, position, width);
                    let (left, right) = if anchor == "end" { (x - width, x) } else { (x, x + width) };
                    let clear = |mark: i32| right <= mark - 6 || left >= mark + 6;
                    assert!(clear(from) && position.is_none_or(clear), "{left}..{right} beside {from} and {position:?}");
                }
            }
        }
    }
}
