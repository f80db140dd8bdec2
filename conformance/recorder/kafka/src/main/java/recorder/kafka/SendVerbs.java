package recorder.kafka;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.serialization.IntegerSerializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.VerificationGuard;

/** Producers send. */
@SuppressWarnings("unchecked")
final class SendVerbs {
    private final Stage stage;
    /** Sent without waiting, by producer. */
    private final Map<String, List<Future<RecordMetadata>>> underWay = new HashMap<>();

    SendVerbs(Stage stage) {
        this.stage = stage;
    }

    void addTo(Map<String, Verb> verbs) {
        verbs.put("send", this::send);
        verbs.put("await_sends", this::awaitSends);
        verbs.put("send_batch", this::sendBatch);
        verbs.put("append", this::append);
        verbs.put("partition_table", this::partitionTable);
    }

    private static byte[] bytes(Object o) {
        if (o == null) return null;
        if (o instanceof Map<?, ?> m) {
            if (m.containsKey("int")) return new IntegerSerializer().serialize("", ((Number) m.get("int")).intValue());
            if (m.containsKey("long")) return new LongSerializer().serialize("", ((Number) m.get("long")).longValue());
            if (m.containsKey("bytes")) return "x".repeat(((Number) m.get("bytes")).intValue()).getBytes(StandardCharsets.UTF_8);
        }
        return String.valueOf(o).getBytes(StandardCharsets.UTF_8);
    }

    /** The record of a step; {@code {i}} in its key and value counts. */
    private ProducerRecord<byte[], byte[]> record(Step s, int i) {
        Long timestamp = s.has("timestamp") ? (Long) s.number("timestamp")
            : s.has("timestamp_from_now") ? (Long) (System.currentTimeMillis() + s.number("timestamp_from_now")) : null;
        return new ProducerRecord<>(s.real("topic"), (Integer) s.get("partition"), timestamp, bytes(counted(s.get("key"), i)), bytes(counted(s.get("value"), i)));
    }

    private static Object counted(Object o, int i) {
        return o instanceof String text ? text.replace("{i}", "" + i) : o;
    }

    /** One after the other, each acknowledged before the next is sent. */
    private Object send(Step s) throws Exception {
        var p = stage.producer(s);
        if (Boolean.FALSE.equals(s.get("wait"))) {
            underWay.computeIfAbsent(s.text("producer", "p"), x -> new ArrayList<>()).add(p.send(record(s, 0)));
            return Verb.OK;
        }
        if (!s.has("count")) return placed(p.send(record(s, 0)).get());
        Map<String, Object> offsets = new TreeMap<>(Facts.BY_PARTITION);
        int from = s.count("from", 0);
        for (int i = from; i < from + s.count("count"); i++) {
            RecordMetadata m = p.send(record(s, i)).get();
            ((List<Object>) offsets.computeIfAbsent(stage.names.of(new TopicPartition(m.topic(), m.partition())), x -> new ArrayList<>())).add(m.offset());
        }
        return offsets;
    }

    private static Map<String, Object> placed(RecordMetadata m) {
        Map<String, Object> placed = new LinkedHashMap<>();
        placed.put("partition", m.partition());
        placed.put("offset", m.offset());
        return placed;
    }

    /** What came of the records that were sent without waiting. */
    private Object awaitSends(Step s) throws InterruptedException {
        List<Object> all = new ArrayList<>();
        for (var future : underWay.remove(s.text("producer", "p"))) {
            try {
                all.add(placed(future.get()));
            } catch (ExecutionException e) {
                all.add(Facts.error(e));
            }
        }
        return all;
    }

    /** All handed over at once, then flushed. */
    private Object sendBatch(Step s) throws Exception {
        var p = stage.producer(s);
        p.partitionsFor(s.real("topic"));
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < s.count("count"); i++) sent.add(p.send(record(s, i)));
        p.flush();
        TreeMap<Integer, Integer> counts = new TreeMap<>();
        for (var f : sent) counts.merge(f.get().partition(), 1, Integer::sum);
        if ("distinct_partitions".equals(s.get("show"))) return counts.size();
        Map<String, Object> r = new LinkedHashMap<>();
        counts.forEach((k, v) -> r.put("" + k, v));
        return r;
    }

    /** A batch as the network brings it: what a producer's retry, or a stray old one, looks like to the leader. */
    private Object append(Step s) throws Exception {
        TopicPartition tp = s.partition("partition");
        SimpleRecord[] records = new SimpleRecord[s.count("count")];
        for (int i = 0; i < records.length; i++) records[i] = new SimpleRecord(System.currentTimeMillis(), bytes("s" + (s.number("sequence") + i)));
        var batch = MemoryRecords.withIdempotentRecords(Compression.NONE, s.number("producer_id"),
            (short) s.number("epoch"), (int) s.number("sequence"), records);
        var partition = stage.cluster.broker(stage.leader(tp)).replicaManager().getPartitionOrException(tp);
        var info = partition.appendRecordsToLeader(batch, AppendOrigin.CLIENT, 1, RequestLocal.noCaching(), VerificationGuard.SENTINEL, (short) 0);
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("first", info.firstOffset());
        r.put("last", info.lastOffset());
        return r;
    }

    private Object partitionTable(Step s) throws Exception {
        List<Object> keys = (List<Object>) s.get("keys");
        List<List<Object>> rows = new ArrayList<>();
        for (Object k : keys) rows.add(new ArrayList<>(List.of(k)));
        for (String topic : s.texts("topics")) {
            var p = stage.producer(s);
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (Object k : keys) sent.add(p.send(new ProducerRecord<>(stage.names.real(topic), bytes(k), bytes("v"))));
            p.flush();
            for (int i = 0; i < keys.size(); i++) rows.get(i).add(sent.get(i).get().partition());
        }
        return rows;
    }
}
