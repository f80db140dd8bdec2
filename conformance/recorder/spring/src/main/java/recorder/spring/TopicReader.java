package recorder.spring;

import static recorder.spring.Json.*;
import static recorder.spring.Values.*;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.*;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/** What stands in a topic at the end, in the words of `observed.topics` and `observed.read_committed`. */
record TopicReader(Broker broker, Names names) {
    /** All records, aborted ones included, with their headers. */
    List<Object> all(String topic) throws Exception {
        List<Object> out = new ArrayList<>();
        for (var r : broker.read(names.real(topic), "read_uncommitted")) out.add(shown(r));
        return out;
    }

    /** What a read_committed reader finds: "t-0@2 v". */
    List<Object> committed(String topic) throws Exception {
        List<Object> out = new ArrayList<>();
        for (var r : broker.read(names.real(topic), "read_committed")) out.add(names.at(r) + " " + text(r.value()));
        return out;
    }

    /** The run's topics with their partition counts. */
    Map<String, Object> existing() throws Exception {
        Map<String, Object> m = new TreeMap<>();
        for (String t : broker.topics(names.prefix())) m.put(names.logical(t), map("partitions", broker.partitions(t)));
        return m;
    }

    private Map<String, Object> shown(ConsumerRecord<byte[], byte[]> r) {
        Map<String, Object> headers = new TreeMap<>();
        for (Header h : r.headers())
            headers.merge(h.key(), header(h), (x, y) -> { List<Object> l = new ArrayList<>(list(x)); l.add(y); return l; });
        Map<String, Object> m = map("at", names.at(r), "key", text(r.key()));
        byte[] v = r.value();
        if (v != null && v.length == 4 && v[0] == 0) m.put("value_int32", ByteBuffer.wrap(v).getInt());
        else m.put("value", text(v));
        m.put("headers", headers);
        return m;
    }

    private Object header(Header h) {
        String k = h.key();
        byte[] v = h.value();
        if (k.contains("stacktrace")) return "(present)";
        if (k.endsWith("backoff-timestamp")) return map(v.length == 8 ? "int64" : "bytes", "(present)");
        if (k.endsWith("original-timestamp")) return timestamp(v);
        if (List.of("timestamp-type", "fqcn", "message", "topic", "group").stream().anyMatch(k::endsWith)) return names.logical(text(v).toString());
        if (List.of("kafka_dlt", "kafka_original", "retry_topic", "kafka_deliveryAttempt").stream().anyMatch(k::startsWith)) return number(v);
        if (k.startsWith("spring") || k.equals("kafka_recordException")) return "(serialized object)";
        return names.logical(text(v).toString());
    }

    /** Given timestamps are kept; one that the clock made is only there. */
    private static Object timestamp(byte[] v) {
        Map<String, Object> n = obj(number(v));
        n.replaceAll((t, x) -> ((Number) x).longValue() / 1_000_000 == 1700000 ? x : "(present)");
        return n;
    }

    private static Object number(byte[] v) {
        return v.length == 4 ? map("int32", ByteBuffer.wrap(v).getInt()) : v.length == 8 ? map("int64", ByteBuffer.wrap(v).getLong())
            : map("big_integer", new BigInteger(v).longValue());
    }
}
