package recorder.kafka;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.SimpleRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.IntegerSerializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.VerificationGuard;

/** Carries out one case, once, against a real cluster, and returns what was observed. */
@SuppressWarnings("unchecked")
final class Script implements AutoCloseable {
    static final Map<String, Object> CONSUMER_DEFAULTS = new TreeMap<>(Map.of(
        "enable.auto.commit", false, "auto.offset.reset", "earliest",
        "heartbeat.interval.ms", 300, "session.timeout.ms", 6000, "metadata.max.age.ms", 1000));
    static final Map<String, Object> PRODUCER_DEFAULTS = new TreeMap<>(Map.of("linger.ms", 0, "metadata.max.age.ms", 1000));

    static final Map<String, String> ASSIGNORS = Map.of(
        "range", "org.apache.kafka.clients.consumer.RangeAssignor",
        "roundrobin", "org.apache.kafka.clients.consumer.RoundRobinAssignor",
        "sticky", "org.apache.kafka.clients.consumer.StickyAssignor",
        "cooperative-sticky", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");

    /** Refuses values that start with "poison". */
    public static final class PickyDeserializer implements Deserializer<String> {
        @Override
        public String deserialize(String topic, byte[] data) {
            String s = data == null ? null : new String(data, StandardCharsets.UTF_8);
            if (s != null && s.startsWith("poison")) throw new IllegalArgumentException("poison");
            return s;
        }
    }

    private final Cluster cluster;
    private final Map<String, Object> given;
    private final List<Map<String, Object>> steps;
    private final Member.Names names;
    private final Map<String, Member> members = new LinkedHashMap<>();
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new LinkedHashMap<>();
    private final Map<String, Map<String, String>> lastOwners = new HashMap<>();
    private final Map<String, Integer> lastGenerations = new HashMap<>();
    private final Map<String, String> instances = new HashMap<>();

    Script(Cluster cluster, Map<String, Object> given, List<Map<String, Object>> steps, String prefix) {
        this.cluster = cluster;
        this.given = given;
        this.steps = steps;
        this.names = new Member.Names(prefix);
    }

    Map<String, Object> run() throws Exception {
        createTopics();
        Map<String, Object> observed = new LinkedHashMap<>();
        for (Map<String, Object> step : steps) {
            Object value;
            try {
                value = perform(step);
            } catch (Stuck e) {
                throw e;
            } catch (Exception e) {
                if (!step.containsKey("as")) throw new IllegalStateException("step failed: " + step, e);
                value = Facts.error(e);
            }
            if (step.containsKey("as") && observed.put((String) step.get("as"), value) != null) throw new IllegalStateException("label used twice: " + step);
        }
        return observed;
    }

    private void createTopics() throws Exception {
        Map<String, Object> topics = (Map<String, Object>) given.getOrDefault("topics", Map.of());
        List<NewTopic> all = new ArrayList<>();
        topics.forEach((name, spec) -> {
            Map<String, Object> s = (Map<String, Object>) spec;
            NewTopic t;
            if (s.containsKey("replicas")) {
                Map<Integer, List<Integer>> assignment = new TreeMap<>();
                List<List<Integer>> r = (List<List<Integer>>) s.get("replicas");
                for (int i = 0; i < r.size(); i++) assignment.put(i, r.get(i));
                t = new NewTopic(names.real(name), assignment);
            } else {
                t = new NewTopic(names.real(name), (Integer) s.get("partitions"), (short) 1);
            }
            Map<String, String> config = new TreeMap<>();
            ((Map<String, Object>) s.getOrDefault("config", Map.of())).forEach((k, v) -> config.put(k, String.valueOf(v)));
            all.add(t.configs(config));
        });
        cluster.admin().createTopics(all).all().get();
        for (NewTopic t : all) {
            int n = t.replicasAssignments() == null ? t.numPartitions() : t.replicasAssignments().size();
            await(20_000, () -> leaders(t.name()).size() == n
                && leaders(t.name()).entrySet().stream().allMatch(e -> cluster.broker(e.getValue()).logManager().getLog(new TopicPartition(t.name(), e.getKey()), false).isDefined()));
        }
    }

    private Object perform(Map<String, Object> s) throws Exception {
        return switch ((String) s.get("do")) {
            case "send" -> send(s);
            case "send_batch" -> sendBatch(s);
            case "append" -> append(s);
            case "partition_table" -> partitionTable(s);
            case "add_partitions" -> addPartitions(s);
            case "alter_topic" -> alterTopic(s);
            case "delete_records" -> deleteRecords(s);
            case "log" -> log(s);
            case "segments" -> segments(s);
            case "read" -> read(s);
            case "list_offset" -> listOffset(s);
            case "compact" -> compact(s);
            case "advance" -> {
                Thread.sleep((Integer) s.get("ms"));
                yield "ok";
            }
            case "join" -> open(s, true);
            case "open" -> open(s, false);
            case "assign" -> assign(s);
            case "leave" -> member(s).leave();
            case "crash" -> {
                member(s).crash();
                yield "ok";
            }
            case "stall" -> {
                member(s).polling(false);
                member(s).ask(() -> null);
                yield "ok";
            }
            case "resume" -> {
                member(s).polling(true);
                yield "ok";
            }
            case "settle" -> settle(s);
            case "group" -> group(s);
            case "events" -> member(s).drainEvents();
            case "take" -> member(s).drainReceived();
            case "await_records" -> {
                Member m = member(s);
                int n = (Integer) s.get("count");
                Map<String, Object> got = new TreeMap<>(Facts.BY_PARTITION);
                await(20_000, () -> {
                    m.drainReceived().forEach((k, v) -> ((List<Object>) got.computeIfAbsent(k, x -> new ArrayList<>())).addAll((List<Object>) v));
                    return got.values().stream().mapToInt(v -> ((List<Object>) v).size()).sum() >= n;
                });
                yield got;
            }
            case "poll" -> poll(s);
            case "drain" -> drain(s);
            case "wakeup" -> {
                member(s).consumer().wakeup();
                yield "ok";
            }
            case "seek" -> seek(s);
            case "position" -> member(s).ask(() -> {
                Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
                for (TopicPartition tp : member(s).consumer().assignment()) r.put(names.of(tp), member(s).consumer().position(tp, Duration.ofSeconds(5)));
                return r;
            });
            case "commit" -> commit(s);
            case "offsets" -> offsets(s);
            case "reset_offset" -> {
                cluster.admin().alterConsumerGroupOffsets(names.real((String) s.get("group")),
                    Map.of(tp((String) s.get("partition")), new OffsetAndMetadata(num(s.get("to"))))).all().get();
                yield "ok";
            }
            case "delete_offset" -> {
                cluster.admin().deleteConsumerGroupOffsets(names.real((String) s.get("group")),
                    java.util.Set.of(tp((String) s.get("partition")))).all().get();
                yield "ok";
            }
            case "init_transactions" -> tx(s, KafkaProducer::initTransactions);
            case "begin" -> tx(s, KafkaProducer::beginTransaction);
            case "commit_transaction" -> tx(s, KafkaProducer::commitTransaction);
            case "abort_transaction" -> tx(s, KafkaProducer::abortTransaction);
            case "send_offsets" -> sendOffsets(s);
            case "close_producer" -> {
                producers.remove((String) s.get("producer")).close(Duration.ofSeconds(10));
                yield "ok";
            }
            case "kill_broker" -> {
                cluster.kill((Integer) s.get("broker"));
                yield "ok";
            }
            case "stop_broker" -> {
                cluster.stop((Integer) s.get("broker"));
                yield "ok";
            }
            case "start_broker" -> {
                cluster.start((Integer) s.get("broker"));
                yield "ok";
            }
            case "partition_state" -> partitionState((String) s.get("topic"));
            case "await_isr" -> {
                List<Integer> isr = (List<Integer>) s.get("isr");
                await(40_000, () -> partitionState((String) s.get("topic")).values().stream().allMatch(p -> ((Map<String, Object>) p).get("isr").equals(isr)));
                await(40_000, () -> leadersKnowIsr((String) s.get("topic"), isr)); // the controller knows before the leader does
                yield "ok";
            }
            case "await_leader" -> {
                await(40_000, () -> partitionState((String) s.get("topic")).values().stream()
                    .allMatch(p -> java.util.Objects.equals(((Map<String, Object>) p).get("leader"), s.get("leader"))));
                await(40_000, () -> leadersKnowThatTheyLead((String) s.get("topic")));
                yield "ok";
            }
            default -> throw new Stuck("no such verb: " + s, null);
        };
    }

    private boolean leadersKnowThatTheyLead(String topic) throws Exception {
        return leaders(names.real(topic)).entrySet().stream().allMatch(e ->
            cluster.broker(e.getValue()).replicaManager().getPartitionOrException(new TopicPartition(names.real(topic), e.getKey())).isLeader());
    }

    /** Whether the leader of every partition that has one has itself taken over this ISR. */
    private boolean leadersKnowIsr(String topic, List<Integer> isr) throws Exception {
        return leaders(names.real(topic)).entrySet().stream().allMatch(e -> {
            var known = cluster.broker(e.getValue()).replicaManager().getPartitionOrException(new TopicPartition(names.real(topic), e.getKey())).inSyncReplicaIds();
            return known.size() == isr.size() && isr.stream().allMatch(known::contains);
        });
    }

    // --- records and logs

    private KafkaProducer<byte[], byte[]> producer(Map<String, Object> s) {
        String name = (String) s.getOrDefault("producer", "p");
        return producers.computeIfAbsent(name, n -> {
            Properties p = new Properties();
            PRODUCER_DEFAULTS.forEach((k, v) -> p.put(k, String.valueOf(v)));
            ((Map<String, Map<String, Object>>) given.getOrDefault("producers", Map.of())).getOrDefault(n, Map.of()).forEach((k, v) ->
                p.put(k, k.equals("transactional.id") ? names.real(String.valueOf(v)) : String.valueOf(v)));
            p.put("bootstrap.servers", cluster.bootstrap());
            p.put("client.id", n);
            return new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
        });
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

    private ProducerRecord<byte[], byte[]> record(Map<String, Object> s, int i) {
        Object key = s.get("key");
        Object value = s.get("value");
        if (key instanceof String k) key = k.replace("{i}", "" + i);
        if (value instanceof String v) value = v.replace("{i}", "" + i);
        Long timestamp = s.containsKey("timestamp") ? (Long) num(s.get("timestamp"))
            : s.containsKey("timestamp_from_now") ? (Long) (System.currentTimeMillis() + num(s.get("timestamp_from_now"))) : null;
        return new ProducerRecord<>(names.real((String) s.get("topic")), (Integer) s.get("partition"), timestamp, bytes(key), bytes(value));
    }

    /** One after the other, each acknowledged before the next is sent. */
    private Object send(Map<String, Object> s) throws Exception {
        var p = producer(s);
        if (!s.containsKey("count")) {
            RecordMetadata m = p.send(record(s, 0)).get();
            return placed(m);
        }
        Map<String, Object> offsets = new TreeMap<>(Facts.BY_PARTITION);
        int from = (Integer) s.getOrDefault("from", 0);
        for (int i = from; i < from + (Integer) s.get("count"); i++) {
            RecordMetadata m = p.send(record(s, i)).get();
            ((List<Object>) offsets.computeIfAbsent(names.of(new TopicPartition(m.topic(), m.partition())), x -> new ArrayList<>())).add(m.offset());
        }
        return offsets;
    }

    private Map<String, Object> placed(RecordMetadata m) {
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("partition", m.partition());
        r.put("offset", m.offset());
        return r;
    }

    /** All handed over at once, then flushed. */
    private Object sendBatch(Map<String, Object> s) throws Exception {
        var p = producer(s);
        p.partitionsFor(names.real((String) s.get("topic")));
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < (Integer) s.get("count"); i++) sent.add(p.send(record(s, i)));
        p.flush();
        TreeMap<Integer, Integer> counts = new TreeMap<>();
        for (var f : sent) counts.merge(f.get().partition(), 1, Integer::sum);
        if ("distinct_partitions".equals(s.get("show"))) return counts.size();
        Map<String, Object> r = new LinkedHashMap<>();
        counts.forEach((k, v) -> r.put("" + k, v));
        return r;
    }

    /** A batch as the network brings it: what a producer's retry, or a stray old one, looks like to the leader. */
    private Object append(Map<String, Object> s) throws Exception {
        TopicPartition tp = tp((String) s.get("partition"));
        SimpleRecord[] records = new SimpleRecord[(Integer) s.get("count")];
        for (int i = 0; i < records.length; i++) records[i] = new SimpleRecord(System.currentTimeMillis(), bytes("s" + (num(s.get("sequence")) + i)));
        var batch = MemoryRecords.withIdempotentRecords(Compression.NONE, num(s.get("producer_id")),
            (short) num(s.get("epoch")), (int) num(s.get("sequence")), records);
        var partition = cluster.broker(leaders(tp.topic()).get(tp.partition())).replicaManager().getPartitionOrException(tp);
        var info = partition.appendRecordsToLeader(batch, AppendOrigin.CLIENT, 1, RequestLocal.noCaching(), VerificationGuard.SENTINEL, (short) 0);
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("first", info.firstOffset());
        r.put("last", info.lastOffset());
        return r;
    }

    private Object partitionTable(Map<String, Object> s) throws Exception {
        List<Object> keys = (List<Object>) s.get("keys");
        List<String> topics = (List<String>) s.get("topics");
        List<List<Object>> rows = new ArrayList<>();
        for (Object k : keys) rows.add(new ArrayList<>(List.of(k)));
        for (String topic : topics) {
            var p = producer(s);
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (Object k : keys) sent.add(p.send(new ProducerRecord<>(names.real(topic), bytes(k), bytes("v"))));
            p.flush();
            for (int i = 0; i < keys.size(); i++) rows.get(i).add(sent.get(i).get().partition());
        }
        return rows;
    }

    private Object addPartitions(Map<String, Object> s) throws Exception {
        String topic = names.real((String) s.get("topic"));
        int total = (Integer) s.get("total");
        cluster.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(total))).all().get();
        await(20_000, () -> leaders(topic).size() == total);
        for (var p : producers.values()) await(20_000, () -> p.partitionsFor(topic).size() == total);
        return "ok";
    }

    private Object alterTopic(Map<String, Object> s) throws Exception {
        List<AlterConfigOp> ops = new ArrayList<>();
        ((Map<String, Object>) s.get("config")).forEach((k, v) -> ops.add(new AlterConfigOp(new ConfigEntry(k, String.valueOf(v)), AlterConfigOp.OpType.SET)));
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, names.real((String) s.get("topic")));
        cluster.admin().incrementalAlterConfigs(Map.of(topic, ops)).all().get();
        return "ok";
    }

    private Object deleteRecords(Map<String, Object> s) throws Exception {
        long low = cluster.admin().deleteRecords(Map.of(tp((String) s.get("partition")), RecordsToDelete.beforeOffset(num(s.get("before")))))
            .lowWatermarks().get(tp((String) s.get("partition"))).get().lowWatermark();
        return new LinkedHashMap<>(Map.of("start", low));
    }

    private Map<Integer, Integer> leaders(String realTopic) throws Exception {
        Map<Integer, Integer> r = new TreeMap<>();
        for (TopicPartitionInfo p : cluster.admin().describeTopics(List.of(realTopic)).allTopicNames().get().get(realTopic).partitions()) {
            if (p.leader() != null && !p.leader().isEmpty()) r.put(p.partition(), p.leader().id());
        }
        return r;
    }

    private Object log(Map<String, Object> s) throws Exception {
        String topic = (String) s.get("topic");
        Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
        for (var e : leaders(names.real(topic)).entrySet()) {
            var log = cluster.log(e.getValue(), new TopicPartition(names.real(topic), e.getKey()));
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("start", log.logStartOffset());
            f.put("lso", log.lastStableOffset());
            f.put("hw", log.highWatermark());
            f.put("leo", log.logEndOffset());
            r.put(topic + "-" + e.getKey(), f);
        }
        return r;
    }

    private Object segments(Map<String, Object> s) throws Exception {
        TopicPartition tp = tp((String) s.get("partition"));
        var log = cluster.log(leaders(tp.topic()).get(tp.partition()), tp);
        List<Object> r = new ArrayList<>();
        log.logSegments().forEach(seg -> {
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("base", seg.baseOffset());
            f.put("bytes", seg.size());
            r.add(f);
        });
        return r;
    }

    private Object read(Map<String, Object> s) throws Exception {
        Properties p = consumerConfig("reader", null, s);
        try (var c = new KafkaConsumer<String, String>(p)) {
            String topic = names.real((String) s.get("topic"));
            List<TopicPartition> tps = c.partitionsFor(topic).stream().map(i -> new TopicPartition(topic, i.partition())).toList();
            c.assign(tps);
            if (s.containsKey("from")) for (var tp : tps) c.seek(tp, num(s.get("from")));
            else c.seekToBeginning(tps);
            List<ConsumerRecord<String, String>> all = new ArrayList<>();
            long quiet = System.nanoTime();
            while (System.nanoTime() - quiet < 1_000_000_000L) {
                var got = c.poll(Duration.ofMillis(100));
                if (!got.isEmpty()) quiet = System.nanoTime();
                got.forEach(all::add);
            }
            Map<String, Object> r = new LinkedHashMap<>();
            r.put("records", names.byPartition(all));
            Map<String, Object> positions = new TreeMap<>(Facts.BY_PARTITION);
            for (var tp : tps) positions.put(names.of(tp), c.position(tp, Duration.ofSeconds(5)));
            r.put("position", positions);
            return r;
        }
    }

    private Object listOffset(Map<String, Object> s) throws Exception {
        TopicPartition tp = tp((String) s.get("partition"));
        Object at = s.get("timestamp");
        OffsetSpec spec = "earliest".equals(at) ? OffsetSpec.earliest() : "latest".equals(at) ? OffsetSpec.latest()
            : "max_timestamp".equals(at) ? OffsetSpec.maxTimestamp() : OffsetSpec.forTimestamp(num(at));
        ListOffsetsResult.ListOffsetsResultInfo i = cluster.admin().listOffsets(Map.of(tp, spec)).partitionResult(tp).get();
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("offset", i.offset());
        r.put("timestamp", i.timestamp());
        return r;
    }

    /** Waits for the cleaner to have passed the given offset. */
    private Object compact(Map<String, Object> s) throws Exception {
        TopicPartition tp = tp((String) s.get("partition"));
        int leader = leaders(tp.topic()).get(tp.partition());
        boolean done = cluster.broker(leader).logManager().cleaner().awaitCleaned(tp, num(s.get("up_to")), 20_000);
        if (!done) throw new Stuck("not cleaned: " + s, null);
        return "ok";
    }

    // --- consumers

    private Properties consumerConfig(String name, String group, Map<String, Object> s) {
        Properties p = new Properties();
        Map<String, Object> config = (Map<String, Object>) s.getOrDefault("config", Map.of());
        boolean modern = "consumer".equals(config.get("group.protocol"));
        CONSUMER_DEFAULTS.forEach((k, v) -> {
            if (!modern || !(k.equals("heartbeat.interval.ms") || k.equals("session.timeout.ms"))) p.put(k, String.valueOf(v));
        });
        p.put("client.id", name);
        p.put("key.deserializer", StringDeserializer.class.getName());
        p.put("value.deserializer", "picky".equals(s.get("value_deserializer")) ? PickyDeserializer.class.getName() : StringDeserializer.class.getName());
        if (group != null) p.put("group.id", names.real(group));
        if (s.containsKey("assignor")) {
            Object a = s.get("assignor");
            List<String> list = a instanceof List ? (List<String>) a : List.of((String) a);
            p.put("partition.assignment.strategy", list.stream().map(ASSIGNORS::get).collect(Collectors.joining(",")));
        }
        if (s.containsKey("instance")) p.put("group.instance.id", (String) s.get("instance"));
        if (s.containsKey("isolation")) p.put("isolation.level", (String) s.get("isolation"));
        config.forEach((k, v) -> p.put(k, String.valueOf(v)));
        p.put("bootstrap.servers", cluster.bootstrap());
        return p;
    }

    private Object open(Map<String, Object> s, boolean polling) {
        String name = (String) s.get("member");
        String group = (String) s.get("group");
        List<String> topics = ((List<String>) s.get("topics")).stream().map(names::real).toList();
        if (s.containsKey("instance")) instances.put((String) s.get("instance"), name);
        Member now = new Member(name, group, names, consumerConfig(name, group, s), topics, polling, null);
        if (Boolean.TRUE.equals(s.get("commit_on_revoke"))) now.commitOnRevoke();
        Member old = members.put(name, now);
        if (old != null && !old.isGone()) members.put(name + "(old)", old);
        return "ok";
    }

    private Object assign(Map<String, Object> s) {
        String name = (String) s.get("member");
        String group = (String) s.get("group");
        List<TopicPartition> tps = ((List<String>) s.get("partitions")).stream().map(this::tp).toList();
        members.put(name, new Member(name, group, names, consumerConfig(name, group, s), null, false, tps));
        return "ok";
    }

    private Member member(Map<String, Object> s) {
        Member m = members.get((String) s.get("member"));
        if (m == null) throw new Stuck("no such member: " + s, null);
        return m;
    }

    private Object poll(Map<String, Object> s) throws Exception {
        Member m = member(s);
        long limit = (Integer) s.getOrDefault("for_ms", 15_000);
        return m.ask(() -> {
            List<ConsumerRecord<String, String>> all = new ArrayList<>();
            long end = System.nanoTime() + limit * 1_000_000L;
            do {
                m.consumer().poll(Duration.ofMillis(Math.min(100, limit))).forEach(all::add);
            } while (all.isEmpty() && System.nanoTime() < end);
            return names.byPartition(all);
        });
    }

    private Object drain(Map<String, Object> s) throws Exception {
        Member m = member(s);
        return m.ask(() -> {
            List<ConsumerRecord<String, String>> all = new ArrayList<>();
            long quiet = System.nanoTime();
            while (System.nanoTime() - quiet < 1_200_000_000L) {
                var got = m.consumer().poll(Duration.ofMillis(100));
                if (!got.isEmpty() || m.consumer().assignment().isEmpty()) quiet = System.nanoTime();
                got.forEach(all::add);
            }
            return names.byPartition(all);
        });
    }

    private Object seek(Map<String, Object> s) throws Exception {
        Member m = member(s);
        TopicPartition tp = tp((String) s.get("partition"));
        return m.ask(() -> {
            Object to = s.get("to");
            if ("beginning".equals(to)) m.consumer().seekToBeginning(List.of(tp));
            else if ("end".equals(to)) m.consumer().seekToEnd(List.of(tp));
            else m.consumer().seek(tp, num(to));
            return "ok";
        });
    }

    private Object commit(Map<String, Object> s) throws Exception {
        Member m = member(s);
        return m.ask(() -> {
            if (s.containsKey("offsets")) m.consumer().commitSync(offsetMap(s));
            else m.consumer().commitSync();
            return "ok";
        });
    }

    private Map<TopicPartition, OffsetAndMetadata> offsetMap(Map<String, Object> s) {
        Map<TopicPartition, OffsetAndMetadata> o = new HashMap<>();
        ((Map<String, Object>) s.get("offsets")).forEach((k, v) -> o.put(tp(k), new OffsetAndMetadata(num(v))));
        return o;
    }

    private Object offsets(Map<String, Object> s) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> committed = cluster.admin().listConsumerGroupOffsets(names.real((String) s.get("group")))
            .partitionsToOffsetAndMetadata().get();
        Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
        for (var e : committed.entrySet()) {
            if (e.getValue() == null) continue;
            long end = cluster.admin().listOffsets(Map.of(e.getKey(), OffsetSpec.latest())).partitionResult(e.getKey()).get().offset();
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("committed", e.getValue().offset());
            f.put("end", end);
            f.put("lag", end - e.getValue().offset());
            r.put(names.of(e.getKey()), f);
        }
        return r;
    }

    private Map<String, TreeSet<String>> described(String group) throws Exception {
        var d = cluster.admin().describeConsumerGroups(List.of(names.real(group))).all().get().get(names.real(group));
        Map<String, TreeSet<String>> r = new TreeMap<>();
        d.members().forEach(m -> r.put(m.groupInstanceId().map(instances::get).orElse(m.clientId()), names.of(m.assignment().topicPartitions())));
        r.put("state", new TreeSet<>(List.of(d.groupState().toString())));
        return r;
    }

    private Object group(Map<String, Object> s) throws Exception {
        var d = described((String) s.get("group"));
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("state", d.remove("state").first());
        Map<String, Object> m = new LinkedHashMap<>();
        d.forEach((k, v) -> m.put(k, new ArrayList<>(v)));
        r.put("assignment", m);
        return r;
    }

    /** Until every living member is in, the group is stable, and nothing has moved for a while. */
    private Object settle(Map<String, Object> s) throws Exception {
        String group = (String) s.get("group");
        Collection<String> expected = s.containsKey("members") ? (List<String>) s.get("members")
            : members.values().stream().filter(m -> m.group != null && m.group.equals(group) && !m.isGone() && !m.manual && m.isPolling()).map(m -> m.name).toList();
        long limit = System.nanoTime() + 40_000_000_000L;
        long since = System.nanoTime();
        Map<String, TreeSet<String>> last = Map.of();
        while (System.nanoTime() - since < 1_200_000_000L) {
            if (System.nanoTime() > limit) throw new Stuck("group does not settle: " + last + " " + s, null);
            Thread.sleep(60);
            Map<String, TreeSet<String>> now;
            try {
                now = described(group);
            } catch (java.util.concurrent.ExecutionException e) {
                since = System.nanoTime();
                continue;
            }
            String state = now.get("state").first();
            boolean good = (state.equals("Stable") || expected.isEmpty() && state.equals("Empty")) && now.size() == expected.size() + 1
                && expected.stream().allMatch(n -> now.containsKey(n) && members.get(n).assigned.equals(now.get(n)));
            if (!good || !now.equals(last)) since = System.nanoTime();
            last = now;
        }
        return groupFacts(s, group, new TreeSet<>(expected));
    }

    private Object groupFacts(Map<String, Object> s, String group, TreeSet<String> expected) {
        List<String> show = (List<String>) s.getOrDefault("show", List.of("generation", "assignment", "events"));
        Map<String, Object> r = new LinkedHashMap<>();
        Map<String, String> owners = new TreeMap<>(Facts.BY_PARTITION);
        Map<String, Object> assignment = new LinkedHashMap<>();
        Map<String, Object> counts = new LinkedHashMap<>();
        Map<String, Object> events = new LinkedHashMap<>();
        int generation = -1;
        for (String n : expected.stream().sorted(java.util.Comparator.comparing(String::length).thenComparing(x -> x)).toList()) {
            Member m = members.get(n);
            assignment.put(n, new ArrayList<>(m.assigned));
            counts.put(n, m.assigned.size());
            m.assigned.forEach(p -> owners.put(p, n));
            generation = Math.max(generation, m.generation);
        }
        boolean drain = show.contains("events") || show.contains("changes");
        members.forEach((n, m) -> {
            if (drain && group.equals(m.group)) {
                List<Object> e = m.drainEvents();
                if (!e.isEmpty()) events.put(n, e);
            }
        });
        Map<String, String> before = lastOwners.getOrDefault(group, Map.of());
        long moved = owners.entrySet().stream().filter(e -> before.containsKey(e.getKey()) && !before.get(e.getKey()).equals(e.getValue())
            && expected.contains(before.get(e.getKey()))).count();
        lastOwners.put(group, owners);
        if (show.contains("generation")) r.put("generation", generation);
        if (show.contains("assignment")) r.put("assignment", assignment);
        if (show.contains("counts")) r.put("counts", counts);
        if (show.contains("sorted_counts")) r.put("sorted_counts", counts.values().stream().sorted().toList());
        if (show.contains("moved_between_living")) r.put("moved_between_living", moved);
        if (show.contains("events")) r.put("events", events);
        if (show.contains("more_than_one_rebalance")) r.put("more_than_one_rebalance", generation - lastGenerations.getOrDefault(group, 0) > 1);
        lastGenerations.put(group, generation);
        if (show.contains("changes")) {
            Map<String, Object> changes = new LinkedHashMap<>();
            events.forEach((n, e) -> {
                List<Map<String, Object>> c = changes((List<Map<String, Object>>) e);
                if (!c.isEmpty()) changes.put(n, c);
            });
            r.put("changes", changes);
        }
        return r;
    }

    /** Events without the empty ones, neighbours of one kind made one. */
    private static List<Map<String, Object>> changes(List<Map<String, Object>> events) {
        List<Map<String, Object>> r = new ArrayList<>();
        for (var e : events) {
            String what = e.keySet().iterator().next();
            if (!(e.get(what) instanceof List<?> partitions)) {
                r.add(e);
            } else if (!partitions.isEmpty()) {
                if (!r.isEmpty() && r.get(r.size() - 1).containsKey(what)) {
                    TreeSet<String> all = new TreeSet<>(Facts.BY_PARTITION);
                    all.addAll((List<String>) r.remove(r.size() - 1).get(what));
                    all.addAll((List<String>) partitions);
                    partitions = new ArrayList<>(all);
                }
                r.add(Map.of(what, partitions));
            }
        }
        return r;
    }

    // --- transactions

    private interface TxStep {
        void on(KafkaProducer<byte[], byte[]> p);
    }

    private Object tx(Map<String, Object> s, TxStep step) {
        step.on(producer(s));
        return "ok";
    }

    private Object sendOffsets(Map<String, Object> s) throws Exception {
        ConsumerGroupMetadata meta = s.containsKey("member")
            ? member(s).ask(() -> member(s).consumer().groupMetadata())
            : new ConsumerGroupMetadata(names.real((String) s.get("group")));
        producer(s).sendOffsetsToTransaction(offsetMap(s), meta);
        return "ok";
    }

    // --- brokers

    private Map<String, Object> partitionState(String topic) throws Exception {
        Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
        String real = names.real(topic);
        for (TopicPartitionInfo p : cluster.admin().describeTopics(List.of(real)).allTopicNames().get().get(real).partitions()) {
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("leader", p.leader() == null || p.leader().isEmpty() ? null : p.leader().id());
            f.put("isr", p.isr().stream().map(n -> n.id()).sorted().toList());
            r.put(topic + "-" + p.partition(), f);
        }
        return r;
    }

    // --- small things

    private TopicPartition tp(String scriptName) {
        int dash = scriptName.lastIndexOf('-');
        return new TopicPartition(names.real(scriptName.substring(0, dash)), Integer.parseInt(scriptName.substring(dash + 1)));
    }

    private static long num(Object o) {
        return ((Number) o).longValue();
    }

    /** The recorder's own trouble; never a fact about Kafka. */
    static final class Stuck extends RuntimeException {
        Stuck(String message, Throwable cause) {
            super(message, cause);
        }
    }

    interface Check {
        boolean holds() throws Exception;
    }

    static void await(long ms, Check check) throws Exception {
        long end = System.nanoTime() + ms * 1_000_000L;
        Exception last = null;
        while (System.nanoTime() < end) {
            try {
                if (check.holds()) return;
            } catch (Exception e) {
                last = e;
            }
            Thread.sleep(50);
        }
        throw new Stuck("waited in vain", last);
    }

    @Override
    public void close() {
        members.values().forEach(m -> {
            if (!m.isGone()) {
                try {
                    m.crash();
                } catch (Exception ignored) {
                    // it may be dead already
                }
            }
        });
        producers.values().forEach(p -> p.close(Duration.ZERO));
        if (cluster.size > 1) IntStream.range(0, cluster.size).filter(b -> !cluster.running(b)).forEach(cluster::start);
    }
}
