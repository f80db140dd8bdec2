//! The sorted containers do what the standard library's do.

use std::collections::{BTreeMap, BTreeSet};

use super::{SortedMap, SortedSet};
use crate::kernel::{Prng, digest_of};

#[test]
fn does_what_a_b_tree_does() {
    let mut prng = Prng::stream(7, "sorted", 0);
    let (mut map, mut known) = (SortedMap::new(), BTreeMap::new());
    let (mut set, mut known_set) = (SortedSet::new(), BTreeSet::new());
    for n in 0..4_000u64 {
        let key = prng.next_u64() % 64;
        match prng.next_u64() % 6 {
            0 | 1 => {
                assert_eq!(map.insert(key, n), known.insert(key, n));
                assert_eq!(set.insert(key), known_set.insert(key));
            }
            2 => {
                assert_eq!(map.remove(&key), known.remove(&key));
                assert_eq!(set.remove(&key), known_set.remove(&key));
            }
            3 => assert_eq!(map.entry(key).or_insert(n), known.entry(key).or_insert(n)),
            4 => {
                assert_eq!(map.range(key..).next(), known.range(key..).next());
                assert_eq!(map.range(..=key).next_back(), known.range(..=key).next_back());
            }
            _ => {
                assert_eq!(map.get(&key), known.get(&key));
                assert_eq!(set.contains(&key), known_set.contains(&key));
                assert_eq!((map.first_key_value(), map.last_key_value()), (known.first_key_value(), known.last_key_value()));
            }
        }
        assert!(map.iter().eq(known.iter()) && set.iter().eq(known_set.iter()));
    }
    assert_eq!(digest_of(&map), digest_of(&known));
    assert_eq!(digest_of(&set), digest_of(&known_set));
    assert_eq!((map.pop_first(), map.pop_last()), (known.pop_first(), known.pop_last()));
}

#[test]
fn sets_are_compared_as_sets() {
    let (a, b) = (SortedSet::from([3, 1, 2, 3]), SortedSet::from([2, 3, 4]));
    assert_eq!(a.to_vec(), [1, 2, 3]);
    assert!(a.difference(&b).eq(&[1]) && a.intersection(&b).eq(&[2, 3]));
    assert!(!a.is_subset(&b) && SortedSet::from([2]).is_subset(&a));
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn is_written_and_read_as_a_b_tree_is() {
    let (map, known) = (SortedMap::from([(2, "b"), (1, "a")]), BTreeMap::from([(2, "b"), (1, "a")]));
    let text = serde_json::to_string(&known).unwrap();
    assert_eq!(serde_json::to_string(&map).unwrap(), text);
    assert_eq!(serde_json::from_str::<SortedMap<u32, &str>>(&text).unwrap(), map);
    assert_eq!(serde_json::to_string(&SortedSet::from([2, 1])).unwrap(), "[1,2]");
    assert_eq!(serde_json::from_str::<SortedSet<u32>>("[2,1,2]").unwrap(), SortedSet::from([1, 2]));
}
