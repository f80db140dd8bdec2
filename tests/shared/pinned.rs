//! Numbers that may never change: a link to a run is only worth keeping if the run stays the same.

use cqrs_lab::kernel::{Prng, digest_of};

/// The generator's named streams give these numbers on every machine, whatever its pointer width.
pub(crate) fn named_streams() {
    let mut stream = Prng::stream(42, "latency", 7);
    let drawn = [stream.next_u64(), stream.next_u64(), stream.between(10, 20), stream.below(1_000_000)];
    assert_eq!(drawn, [10_771_985_647_502_573_825, 7_401_979_962_376_614_893, 13, 581_703]);
}

/// A digest of nested state is this number on every machine, whatever its pointer width and byte order.
pub(crate) fn digests() {
    let state = (7_u64, vec![Some(3_u32), None], "한글 and ASCII", vec![(1_u8, 2_i64), (3, -4)]);
    assert_eq!(digest_of(&state), 8_243_627_454_796_158_219);
}
