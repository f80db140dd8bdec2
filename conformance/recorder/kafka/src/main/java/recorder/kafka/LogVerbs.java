package recorder.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** Tools that change topics, and looks at what lies in the logs. */
final class LogVerbs {
    private static final long CLEANED_MS = 20_000;
    private static final long QUIET_NANOS = 1_000_000_000L;
    private final Stage stage;

    LogVerbs(Stage stage) {
        this.stage = stage;
    }

    void addTo(Map<String, Verb> verbs) {
        verbs.put("add_partitions", Verb.ok(this::addPartitions));
        verbs.put("alter_topic", Verb.ok(this::alterTopic));
        verbs.put("delete_records", this::deleteRecords);
        verbs.put("log", this::log);
        verbs.put("segments", this::segments);
        verbs.put("read", this::read);
        verbs.put("list_offset", this::listOffset);
        verbs.put("compact", Verb.ok(this::compact));
    }

    private void addPartitions(Step s) throws Exception {
        String topic = s.real("topic");
        int total = s.count("total");
        stage.cluster.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(total))).all().get();
        Waiting.await(20_000, () -> stage.leaders(topic).size() == total);
        for (var p : stage.producers()) Waiting.await(20_000, () -> p.partitionsFor(topic).size() == total);
    }

    private void alterTopic(Step s) throws Exception {
        List<AlterConfigOp> ops = new ArrayList<>();
        s.map("config").forEach((k, v) -> ops.add(new AlterConfigOp(new ConfigEntry(k, String.valueOf(v)), AlterConfigOp.OpType.SET)));
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, s.real("topic"));
        stage.cluster.admin().incrementalAlterConfigs(Map.of(topic, ops)).all().get();
    }

    private Object deleteRecords(Step s) throws Exception {
        TopicPartition tp = s.partition("partition");
        long low = stage.cluster.admin().deleteRecords(Map.of(tp, RecordsToDelete.beforeOffset(s.number("before"))))
            .lowWatermarks().get(tp).get().lowWatermark();
        return new LinkedHashMap<>(Map.of("start", low));
    }

    private Object log(Step s) throws Exception {
        Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
        for (var e : stage.leaders(s.real("topic")).entrySet()) {
            var log = stage.cluster.log(e.getValue(), new TopicPartition(s.real("topic"), e.getKey()));
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("start", log.logStartOffset());
            f.put("lso", log.lastStableOffset());
            f.put("hw", log.highWatermark());
            f.put("leo", log.logEndOffset());
            r.put(s.text("topic") + "-" + e.getKey(), f);
        }
        return r;
    }

    private Object segments(Step s) throws Exception {
        TopicPartition tp = s.partition("partition");
        List<Object> r = new ArrayList<>();
        stage.cluster.log(stage.leader(tp), tp).logSegments().forEach(seg -> {
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("base", seg.baseOffset());
            f.put("bytes", seg.size());
            r.add(f);
        });
        return r;
    }

    private Object read(Step s) throws Exception {
        Properties p = ConsumerConfigs.of(stage, "reader", null, s);
        try (var c = new KafkaConsumer<String, String>(p)) {
            String topic = s.real("topic");
            List<TopicPartition> tps = c.partitionsFor(topic).stream().map(i -> new TopicPartition(topic, i.partition())).toList();
            c.assign(tps);
            if (s.has("from")) for (var tp : tps) c.seek(tp, s.number("from"));
            else c.seekToBeginning(tps);
            Map<String, Object> r = new LinkedHashMap<>();
            r.put("records", stage.names.byPartition(untilQuiet(c, tps)));
            Map<String, Object> positions = new TreeMap<>(Facts.BY_PARTITION);
            for (var tp : tps) positions.put(stage.names.of(tp), c.position(tp, Duration.ofSeconds(5)));
            r.put("position", positions);
            return r;
        }
    }

    /** Everything until nothing more comes for a while; before the end that the reader sees it is only slow. */
    private static List<ConsumerRecord<String, String>> untilQuiet(KafkaConsumer<String, String> c, List<TopicPartition> tps) {
        List<ConsumerRecord<String, String>> all = new ArrayList<>();
        var ends = c.endOffsets(tps);
        long quiet = System.nanoTime();
        while (System.nanoTime() - quiet < QUIET_NANOS) {
            var got = c.poll(Duration.ofMillis(100));
            boolean early = tps.stream().anyMatch(tp -> c.position(tp) < ends.get(tp));
            if (!got.isEmpty() || early) quiet = System.nanoTime();
            got.forEach(all::add);
        }
        return all;
    }

    private Object listOffset(Step s) throws Exception {
        TopicPartition tp = s.partition("partition");
        Object at = s.get("timestamp");
        OffsetSpec spec = "earliest".equals(at) ? OffsetSpec.earliest() : "latest".equals(at) ? OffsetSpec.latest()
            : "max_timestamp".equals(at) ? OffsetSpec.maxTimestamp() : OffsetSpec.forTimestamp(Step.number(at));
        var found = stage.cluster.admin().listOffsets(Map.of(tp, spec)).partitionResult(tp).get();
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("offset", found.offset());
        r.put("timestamp", found.timestamp());
        return r;
    }

    /** Waits for the cleaner to have passed the given offset. */
    private void compact(Step s) throws Exception {
        TopicPartition tp = s.partition("partition");
        boolean done = stage.cluster.broker(stage.leader(tp)).logManager().cleaner().awaitCleaned(tp, s.number("up_to"), CLEANED_MS);
        if (!done) throw new Waiting.Stuck("not cleaned: " + s);
    }
}
