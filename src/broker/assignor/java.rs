//! The order in which Java does things: string order, string hash, iteration of a `HashMap` keyed by strings or partitions.
//! Knows no assignor. It is here because assignments follow it (C13), and so does what is left of a batch (D10).

use std::cmp::Ordering;

/// `String.compareTo`: by UTF-16 code units.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// `String.hashCode`: 32-bit wrapping, over UTF-16 code units.
pub fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `TopicPartition.hashCode`.
pub fn partition_hash(topic: &str, partition: u32) -> i32 {
    let with_partition = 31_i32.wrapping_add(partition.cast_signed());
    with_partition.wrapping_mul(31).wrapping_add(java_hash(topic))
}

/// The order in which a default `HashMap` gives `keys` that were `put` in the given order: buckets ascending, in one bucket
/// by insertion. The capacity is 16 and doubles beyond three quarters. (A bucket of more than eight is a tree in Java and
/// keeps this order as well.)
pub(super) fn hash_map_order<T: AsRef<str>>(keys: &[T]) -> Vec<usize> {
    let mut capacity = 16_u32;
    while keys.len() as u32 > capacity / 4 * 3 {
        capacity *= 2;
    }
    let mut order: Vec<usize> = (0..keys.len()).collect();
    crate::kernel::sort_by_key(&mut order, |i| bucket(java_hash(keys[*i].as_ref()), capacity));
    order
}

/// The order in which a default `HashMap` gives keys for which `computeIfAbsent` was called in the given order, with their
/// hash codes: buckets ascending, in one bucket the newest first. It grows at the beginning of a call, if what came before has
/// filled it beyond three quarters.
pub fn compute_if_absent_order<K: PartialEq + Copy>(calls: impl IntoIterator<Item = (K, i32)>) -> Vec<K> {
    let mut capacity = 16_u32;
    let mut keys: Vec<(K, i32)> = Vec::new();
    for call in calls {
        if keys.len() as u32 > capacity / 4 * 3 {
            capacity *= 2;
        }
        if keys.iter().all(|(key, _)| *key != call.0) {
            keys.insert(0, call);
        }
    }
    crate::kernel::sort_by_key(&mut keys, |(_, hash)| bucket(*hash, capacity));
    keys.into_iter().map(|(key, _)| key).collect()
}

fn bucket(hash: i32, capacity: u32) -> u32 {
    let hash = hash.cast_unsigned();
    (hash ^ (hash >> 16)) & (capacity - 1)
}
