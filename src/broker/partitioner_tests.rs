//! The partitioner by rule number: hashes, vectors, sticky null keys.

use super::*;

/// A4: key, murmur2, positive, and the partition of 2, 3, 4, 5, 6, 8, 10, 12.
#[rustfmt::skip]
const VECTORS: &[(&str, i32, u32, [u32; 8])] = &[
    ("", 275646681, 275646681, [1, 0, 1, 1, 3, 1, 1, 9]),
    ("a", -1563381124, 584102524, [0, 1, 0, 4, 4, 4, 4, 4]),
    ("b", -1853091852, 294391796, [0, 2, 0, 1, 2, 4, 6, 8]),
    ("c", -1877468854, 270014794, [0, 1, 2, 4, 4, 2, 4, 10]),
    ("0", 971027396, 971027396, [0, 2, 0, 1, 2, 4, 6, 8]),
    ("1", -1993445489, 154038159, [1, 0, 3, 4, 3, 7, 9, 3]),
    ("2", 648968168, 648968168, [0, 2, 0, 3, 2, 0, 8, 8]),
    ("3", -1148165505, 999318143, [1, 2, 3, 3, 5, 7, 3, 11]),
    ("4", 1514888353, 1514888353, [1, 1, 1, 3, 1, 1, 3, 1]),
    ("5", 55100550, 55100550, [0, 0, 2, 0, 0, 6, 0, 6]),
    ("6", 1157411398, 1157411398, [0, 1, 2, 3, 4, 6, 8, 10]),
    ("7", -1961297549, 186186099, [1, 0, 3, 4, 3, 3, 9, 3]),
    ("8", 828913227, 828913227, [1, 0, 3, 2, 3, 3, 7, 3]),
    ("9", 415544963, 415544963, [1, 2, 3, 3, 5, 3, 3, 11]),
    ("10", 1164287326, 1164287326, [0, 1, 2, 1, 4, 6, 6, 10]),
    ("42", 417700972, 417700972, [0, 1, 0, 2, 4, 4, 2, 4]),
    ("abc", 479470107, 479470107, [1, 0, 3, 2, 3, 3, 7, 3]),
    ("abcd", -1323649548, 823834100, [0, 2, 0, 0, 2, 4, 0, 8]),
    ("abcde", 461995741, 461995741, [1, 1, 1, 1, 1, 5, 1, 1]),
    ("key", -1079937367, 1067546281, [1, 1, 1, 1, 1, 1, 1, 1]),
    ("key1", 28543940, 28543940, [0, 2, 0, 0, 2, 4, 0, 8]),
    ("key-1", 193331640, 193331640, [0, 0, 0, 0, 0, 0, 0, 0]),
    ("key-2", 852269702, 852269702, [0, 2, 2, 2, 2, 6, 2, 2]),
    ("key-3", -1839136101, 308347547, [1, 2, 3, 2, 5, 3, 7, 11]),
    ("order-1", 1221710326, 1221710326, [0, 1, 2, 1, 4, 6, 6, 10]),
    ("order-2", -1055499005, 1091984643, [1, 0, 3, 3, 3, 3, 3, 3]),
    ("order-3", -849583649, 1297899999, [1, 0, 3, 4, 3, 7, 9, 3]),
    ("order-42", 501153024, 501153024, [0, 0, 0, 4, 0, 0, 4, 0]),
    ("user-1", 1404122828, 1404122828, [0, 2, 0, 3, 2, 4, 8, 8]),
    ("user-2", -324981792, 1822501856, [0, 2, 0, 1, 2, 0, 6, 8]),
    ("user-3", 1141442267, 1141442267, [1, 2, 3, 2, 5, 3, 7, 11]),
    ("21", -973932308, 1173551340, [0, 0, 0, 0, 0, 4, 0, 0]),
    ("foobar", -790332482, 1357151166, [0, 0, 2, 1, 0, 6, 6, 6]),
    ("a-little-bit-long-string", -985981536, 1161502112, [0, 2, 0, 2, 2, 0, 2, 8]),
    ("a-little-bit-longer-string", -1486304829, 661178819, [1, 2, 3, 4, 5, 3, 9, 11]),
    ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971, 2088585677, [1, 2, 1, 2, 5, 5, 7, 5]),
    ("commande-1", 1746049919, 1746049919, [1, 2, 3, 4, 5, 7, 9, 11]),
    ("é", 186971271, 186971271, [1, 0, 3, 1, 3, 7, 1, 3]),
    ("clé-é", -1076161220, 1071322428, [0, 0, 0, 3, 0, 4, 8, 0]),
    ("日本", -700811021, 1446672627, [1, 0, 3, 2, 3, 3, 7, 3]),
    ("😀", 131881617, 131881617, [1, 0, 1, 2, 3, 1, 7, 9]),
    ("A1", 1095694779, 1095694779, [1, 0, 3, 4, 3, 3, 9, 3]),
    ("A2", -1105092284, 1042391364, [0, 0, 0, 4, 0, 4, 4, 0]),
    ("A3", 962958871, 962958871, [1, 1, 3, 1, 1, 7, 1, 7]),
    ("123e4567-e89b-12d3-a456-426614174000", 210376136, 210376136, [0, 2, 0, 1, 2, 0, 6, 8]),
];

#[test]
fn a4_every_key_has_its_hash_and_its_partitions() {
    assert!(VECTORS.len() >= 45);
    for (key, hash, positive, partitions) in VECTORS {
        assert_eq!((murmur2(key.as_bytes()), to_positive(*hash)), (*hash, *positive), "{key:?}");
        let found = [2, 3, 4, 5, 6, 8, 10, 12].map(|n| partition_for_key(key.as_bytes(), n));
        assert_eq!(&found, partitions, "{key:?}");
    }
}

#[test]
fn a4_binary_keys_are_big_endian() {
    let ints: [(i32, i32, u32); 6] = [
        (0, 850_957_120, 1),
        (1, -173_113_808, 0),
        (2, 1_586_072_243, 2),
        (3, 841_864_711, 1),
        (42, 1_606_757_304, 0),
        (-1, 644_171_429, 2),
    ];
    for (key, hash, of_three) in ints {
        let bytes = key.to_be_bytes();
        assert_eq!((murmur2(&bytes), partition_for_key(&bytes, 3)), (hash, of_three), "{key}");
    }
    let longs: [(i64, i32, u32); 3] = [(0, -522_759_933, 2), (1, 2_100_486_060, 0), (42, 506_863_552, 1)];
    for (key, hash, of_three) in longs {
        let bytes = key.to_be_bytes();
        assert_eq!((murmur2(&bytes), partition_for_key(&bytes, 3)), (hash, of_three), "{key}");
    }
}

#[test]
fn a3_the_sign_bit_is_cut_off() {
    assert_eq!(to_positive(murmur2(b"order-2")) % 4, 3, "the absolute value would give 1");
    assert_eq!(to_positive(i32::MIN), 0);
}

#[test]
fn a6_the_sticky_partition_stays_until_the_batch_size_is_reached() {
    let mut partitioner = StickyPartitioner::default();
    let mut source = 0..;
    let chosen: Vec<u32> = (0..7)
        .map(|_| {
            let partition = partitioner.partition(&[0, 1, 2], 3, || source.next().expect("endless"));
            partitioner.on_appended(1, 3, true);
            partition
        })
        .collect();
    assert_eq!(chosen, [0, 0, 0, 1, 1, 1, 2]);
}

#[test]
fn a6_a_batch_that_is_not_full_keeps_the_partition_up_to_twice_the_size() {
    let mut partitioner = StickyPartitioner::default();
    let mut source = 0..;
    let chosen: Vec<u32> = (0..7)
        .map(|_| {
            let partition = partitioner.partition(&[0, 1, 2], 3, || source.next().expect("endless"));
            partitioner.on_appended(1, 3, false);
            partition
        })
        .collect();
    assert_eq!(chosen, [0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn a6_long_queues_are_chosen_less_often() {
    let choose = |queues: &[(u32, u64)], random| {
        let mut partitioner = StickyPartitioner::default();
        partitioner.on_queue_sizes(queues);
        partitioner.partition(&[0, 1, 2, 3, 4], 5, || random)
    };
    let of_eight: Vec<u32> = (0..8).map(|r| choose(&[(0, 0), (1, 3), (2, 1)], r)).collect();
    assert_eq!(of_eight, [0, 0, 0, 0, 1, 2, 2, 2]);
    let queues = [(0, 5), (1, 0), (2, 3), (3, 0), (4, 1)];
    let mut counts = [0; 5];
    (0..21).for_each(|r| counts[choose(&queues, r) as usize] += 1);
    assert_eq!(counts, [1, 6, 3, 6, 5]);
}

#[test]
fn a6_a_partition_without_a_leader_is_never_chosen_unless_none_has_one() {
    let choose = |available: &[u32], random| StickyPartitioner::default().partition(available, 3, || random);
    assert!((0..30).all(|r| choose(&[0, 2], r) != 1));
    assert_eq!((0..3).map(|r| choose(&[], r)).collect::<Vec<_>>(), [0, 1, 2]);
}
