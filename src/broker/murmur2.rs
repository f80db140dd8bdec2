//! Kafka's hash of a key (A2, A3). Knows no partitions.

/// murmur2, 32 bits, as `Utils.murmur2` computes it (A2).
///
/// ```
/// assert_eq!(cqrs_lab::broker::murmur2(b"foobar"), -790_332_482);
/// ```
pub fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut h = 0x9747_b28c ^ data.len() as u32;
    let mut blocks = data.chunks_exact(4);
    for block in &mut blocks {
        let mut k = u32::from_le_bytes([block[0], block[1], block[2], block[3]]).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let tail = blocks.remainder();
    if !tail.is_empty() {
        for (i, byte) in tail.iter().enumerate() {
            h ^= u32::from(*byte) << (8 * i);
        }
        h = h.wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    (h ^ (h >> 15)) as i32
}

/// `Utils.toPositive`: the sign bit is cut off, which is not the absolute value (A3).
pub const fn to_positive(hash: i32) -> u32 {
    (hash & 0x7fff_ffff) as u32
}
