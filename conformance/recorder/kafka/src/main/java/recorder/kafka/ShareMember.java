package recorder.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import recorder.proxy.Proxy;

/** One KafkaShareConsumer behind a proxy of its own, used on the thread of the script only. */
final class ShareMember {
    final String name;
    final String group;
    private final Names names;
    private final Proxy proxy;
    private final KafkaShareConsumer<String, String> consumer;
    /** Every record it ever got, the newest for each offset. */
    private final Map<TopicPartition, Map<Long, ConsumerRecord<String, String>>> got = new TreeMap<>(Comparator.comparing(TopicPartition::toString));
    private final List<Object> commits = new ArrayList<>();
    private boolean gone;

    ShareMember(String name, String group, Names names, Properties config, Proxy proxy, boolean callback) {
        this.name = name;
        this.group = group;
        this.names = names;
        this.proxy = proxy;
        this.consumer = new KafkaShareConsumer<>(config);
        if (callback) consumer.setAcknowledgementCommitCallback((offsets, error) -> offsets.forEach((tp, of) -> {
            Map<String, Object> fact = new LinkedHashMap<>();
            fact.put("partition", names.of(tp.topicPartition()));
            fact.put("offsets", new ArrayList<>(new TreeSet<>(of)));
            if (error != null) fact.put("error", Facts.errorName(error));
            commits.add(fact);
        }));
    }

    boolean isGone() {
        return gone;
    }

    /** Subscribes and calls {@code poll} once, which starts the joining. */
    void begin(List<String> topics) {
        consumer.subscribe(topics);
        consumer.poll(Duration.ZERO);
    }

    /** Polls until records come or the time is over; the records of the last poll. */
    Object poll(long limitMs) {
        List<ConsumerRecord<String, String>> all = new ArrayList<>();
        long end = System.nanoTime() + limitMs * 1_000_000L;
        do {
            consumer.poll(Duration.ofMillis(Math.min(100, limitMs))).forEach(all::add);
        } while (all.isEmpty() && System.nanoTime() < end);
        Map<String, List<Object>> facts = new TreeMap<>(Facts.BY_PARTITION);
        for (var record : all) {
            TopicPartition tp = new TopicPartition(record.topic(), record.partition());
            got.computeIfAbsent(tp, x -> new TreeMap<>()).put(record.offset(), record);
            List<Object> fact = Names.fact(record);
            fact.add(record.deliveryCount().orElse(null));
            facts.computeIfAbsent(names.of(tp), x -> new ArrayList<>()).add(fact);
        }
        return facts;
    }

    void acknowledge(TopicPartition tp, long offset, AcknowledgeType type) {
        ConsumerRecord<String, String> record = got.getOrDefault(tp, Map.of()).get(offset);
        if (record == null) consumer.acknowledge(tp.topic(), tp.partition(), offset, type);
        else consumer.acknowledge(record, type);
    }

    /** {@code commitSync()}: what came of each partition. */
    Object commit() {
        Map<String, Object> facts = new TreeMap<>(Facts.BY_PARTITION);
        for (Map.Entry<TopicIdPartition, Optional<KafkaException>> e : consumer.commitSync().entrySet()) {
            facts.put(names.of(e.getKey().topicPartition()), e.getValue().<Object>map(x -> Map.of("error", Facts.errorName(x))).orElse(Verb.OK));
        }
        return facts;
    }

    void commitAsync() {
        consumer.commitAsync();
    }

    /** What the callback was given since this was last asked. */
    List<Object> drainCommits() {
        List<Object> copy = new ArrayList<>(commits);
        commits.clear();
        return copy;
    }

    void leave() {
        gone = true;
        try {
            consumer.close(Duration.ofSeconds(10));
        } finally {
            proxy.close();
        }
    }

    /** The process dies: its connections break, and it makes no others. */
    void crash() {
        gone = true;
        proxy.close();
    }

    /** Ends the threads of a process that is long dead. */
    void bury() {
        proxy.close();
        try {
            consumer.close(Duration.ZERO);
        } catch (Exception ignored) {
            // nobody hears it
        }
    }
}
