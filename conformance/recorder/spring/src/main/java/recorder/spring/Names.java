package recorder.spring;

import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;

/**
 * The names of one run: its topics and groups have the run's prefix, "r12IUDnib.", in front of the names of the case.
 * The hash code of a prefix is 0. So a real name has the hash code of the case's own name, and where the order of a Java map
 * keyed by partitions is seen (what is left of a batch, D10), it is the same in every run and that of the names of the case.
 */
record Names(String prefix) {
    private static final String LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    /** Three of them by their hash code. */
    private static final Map<Integer, String> TRIPLES = new HashMap<>();

    static {
        for (int i = 0; i < triples(); i++) TRIPLES.putIfAbsent(triple(i).hashCode(), triple(i));
    }

    private static int triples() { return LETTERS.length() * LETTERS.length() * LETTERS.length(); }

    private static String triple(int i) {
        int n = LETTERS.length();
        return "" + LETTERS.charAt(i / n / n) + LETTERS.charAt(i / n % n) + LETTERS.charAt(i % n);
    }

    /** The names of the n-th run. */
    static String prefix(int n) {
        // (hash * 31^3 + triple) * 31 + '.' is to be 0; 31 has an inverse among the numbers of 32 bits.
        int wanted = -'.' * java.math.BigInteger.valueOf(31).modInverse(java.math.BigInteger.ONE.shiftLeft(32)).intValue();
        for (int i = 0; i < triples() * LETTERS.length(); i++) {
            String head = "r" + n + triple(i % triples()) + LETTERS.charAt(i / triples());
            String tail = TRIPLES.get(wanted - head.hashCode() * 31 * 31 * 31);
            if (tail != null) return head + tail + ".";
        }
        throw new IllegalStateException("no prefix for run " + n);
    }

    String real(String name) { return prefix + name; }

    String logical(String text) { return text == null ? null : text.replace(prefix, ""); }

    /** A record as "t-0@3". */
    String at(ConsumerRecord<?, ?> r) { return logical(r.topic()) + "-" + r.partition() + "@" + r.offset(); }

    @SuppressWarnings({"unchecked", "rawtypes"})
    List<String> ats(ConsumerRecords<?, ?> rs) { return ats((Iterable) rs); }

    List<String> ats(Iterable<? extends ConsumerRecord<?, ?>> rs) {
        List<String> l = new ArrayList<>();
        rs.forEach(r -> l.add(at(r)));
        return l;
    }

    TopicPartition partition(String logical) {
        int i = logical.lastIndexOf('-');
        return new TopicPartition(real(logical.substring(0, i)), Integer.parseInt(logical.substring(i + 1)));
    }

    List<String> partitions(Collection<TopicPartition> tps) {
        return tps.stream().map(t -> logical(t.toString())).sorted().toList();
    }

    /** Offsets by partition, from a commit's argument. */
    Map<String, Object> offsets(Map<?, ?> o) {
        Map<String, Object> m = new TreeMap<>();
        o.forEach((tp, om) -> m.put(logical(tp.toString()), ((OffsetAndMetadata) om).offset()));
        return m;
    }

    /** Keys of a map of partitions without the prefix. */
    Map<String, Object> logicalKeys(Map<String, Object> m) {
        Map<String, Object> out = new TreeMap<>();
        m.forEach((k, v) -> out.put(logical(k), v));
        return out;
    }
}
