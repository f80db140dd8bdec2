package recorder.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Script names to real names and back: the real ones carry the run's prefix, which keeps their order. */
record Names(String prefix) {
    /** Longer values are written as their length. */
    private static final int SHOWN_CHARS = 40;

    String real(String name) {
        return prefix + name;
    }

    String script(String real) {
        return real.startsWith(prefix) ? real.substring(prefix.length()) : real;
    }

    /** {@code "t-0"} as the real partition. */
    TopicPartition partition(String script) {
        int dash = script.lastIndexOf('-');
        return new TopicPartition(real(script.substring(0, dash)), Integer.parseInt(script.substring(dash + 1)));
    }

    String of(TopicPartition tp) {
        return script(tp.topic()) + "-" + tp.partition();
    }

    TreeSet<String> of(Collection<TopicPartition> tps) {
        TreeSet<String> all = new TreeSet<>(Facts.BY_PARTITION);
        tps.forEach(tp -> all.add(of(tp)));
        return all;
    }

    /** Records as facts: lists of {@code [offset, key, value]} by partition, in the order received. */
    Map<String, Object> byPartition(Iterable<ConsumerRecord<String, String>> records) {
        Map<String, Object> result = new TreeMap<>(Facts.BY_PARTITION);
        for (var r : records) {
            @SuppressWarnings("unchecked")
            var list = (List<Object>) result.computeIfAbsent(of(new TopicPartition(r.topic(), r.partition())), x -> new ArrayList<>());
            list.add(fact(r));
        }
        return result;
    }

    /** A record as {@code [offset, key, value]}. */
    static List<Object> fact(ConsumerRecord<String, String> r) {
        List<Object> one = new ArrayList<>();
        one.add(r.offset());
        one.add(r.key());
        one.add(r.value() != null && r.value().length() > SHOWN_CHARS ? r.value().length() + " chars" : r.value());
        return one;
    }
}
