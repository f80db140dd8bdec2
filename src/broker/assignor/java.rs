//! The order in which Java does things: string order, string hash, iteration of a `HashMap` keyed by strings. Knows no
//! assignor. It is here because assignments follow it (C13).

use std::cmp::Ordering;

/// `String.compareTo`: by UTF-16 code units.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// `String.hashCode`: 32-bit wrapping, over UTF-16 code units.
pub fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The order in which a default `HashMap` gives `keys` that were put in the given order: buckets ascending, in one bucket
/// by insertion. The capacity is 16 and doubles beyond three quarters. (A bucket of more than eight is a tree in Java and
/// keeps this order as well.)
pub(super) fn hash_map_order<T: AsRef<str>>(keys: &[T]) -> Vec<usize> {
    let mut capacity = 16_u32;
    while keys.len() as u32 > capacity / 4 * 3 {
        capacity *= 2;
    }
    let bucket = |key: &str| {
        let hash = java_hash(key).cast_unsigned();
        (hash ^ (hash >> 16)) & (capacity - 1)
    };
    let mut order: Vec<usize> = (0..keys.len()).collect();
    crate::kernel::sort_by_key(&mut order, |i| bucket(keys[*i].as_ref()));
    order
}
