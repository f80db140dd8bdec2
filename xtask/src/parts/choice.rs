//! Which functions come later: those of the modules named here, and those that only they call.
//!
//! Has never heard of how a module is parted.

use std::collections::{BTreeMap, BTreeSet};

use super::read::Read;

/// Which functions come later.
pub struct Choice<'a> {
    /// Pieces of names, as `ui::panels`: what has one of them in its name comes later.
    pub later: &'a [&'a str],
    /// Pieces of names of what comes first all the same.
    pub first: &'a [&'a str],
    /// Texts in Hangul that come first; all others come later.
    pub texts: &'a [&'a str],
}

impl Choice<'_> {
    /// The functions that come later.
    pub(super) fn later(&self, read: &Read, named: &BTreeMap<u32, BTreeSet<u32>>) -> BTreeSet<u32> {
        let is_in = |all: &[&str], name: &str| all.iter().any(|piece| name.contains(piece));
        let mut later: BTreeSet<u32> = read
            .own()
            .filter(|own| {
                let name = plain(read.names.get(own).unwrap_or(&""));
                is_in(self.later, &name) && !is_in(self.first, &name)
            })
            .collect();
        let mut callers: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (caller, called) in named {
            for function in called {
                callers.entry(*function).or_default().insert(*caller);
            }
        }
        let kept: BTreeSet<u32> = read.places.values().copied().chain(read.exported()).chain(read.start).collect();
        // What only the rest calls belongs to it; that may make more such functions.
        loop {
            let more: Vec<u32> = read
                .own()
                .filter(|own| !later.contains(own) && !kept.contains(own))
                .filter(|own| callers.get(own).is_some_and(|all| all.iter().all(|caller| caller == own || later.contains(caller))))
                .collect();
            if more.is_empty() {
                return later;
            }
            later.extend(more);
        }
    }
}

/// A name without the numbers that compilers put behind those of crates: `cqrs_lab[5f90…]::ui` is `cqrs_lab::ui`.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        let number = after.bytes().take_while(u8::is_ascii_hexdigit).count();
        rest = match after[number..].strip_prefix(']') {
            Some(left) if number > 0 => left,
            _ => {
                plain.push('[');
                after
            }
        };
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_are_without_the_numbers_of_crates() {
        assert_eq!(plain("<[u8]>::f::<cqrs_lab[5f903d093e43fb00]::ui::app::App>"), "<[u8]>::f::<cqrs_lab::ui::app::App>");
    }
}
