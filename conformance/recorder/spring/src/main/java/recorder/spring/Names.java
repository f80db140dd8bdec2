package recorder.spring;

import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;

/** The names of one run: its topics and groups have the run's prefix, "r12.", in front of the names of the case. */
record Names(String prefix) {
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
