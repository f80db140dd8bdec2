package recorder.spring;

import java.util.*;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;
import org.springframework.kafka.test.EmbeddedKafkaKraftBroker;

/** One in-process KRaft broker shared by all runs; every run has its own name prefix. */
final class Broker implements AutoCloseable {
    final EmbeddedKafkaKraftBroker embedded;
    final String bootstrap;
    final Admin admin;
    final Producer<byte[], byte[]> producer;

    Broker() {
        embedded = new EmbeddedKafkaKraftBroker(1, 1);
        Map<String, String> p = new HashMap<>();
        p.put("group.initial.rebalance.delay.ms", "0");
        p.put("auto.create.topics.enable", "false");
        p.put("offsets.topic.num.partitions", "5");
        p.put("offsets.topic.replication.factor", "1");
        p.put("transaction.state.log.num.partitions", "2");
        p.put("transaction.state.log.replication.factor", "1");
        p.put("transaction.state.log.min.isr", "1");
        p.put("group.min.session.timeout.ms", "500");
        p.put("log.retention.ms", "-1"); // records carry old fixed timestamps
        embedded.brokerProperties(p);
        embedded.afterPropertiesSet();
        bootstrap = embedded.getBrokersAsString();
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
        producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", "0"),
            new ByteArraySerializer(), new ByteArraySerializer());
        warmUp();
    }

    /** A first group makes the topic of the offsets, which takes time that no case should wait for. */
    private void warmUp() {
        Map<String, Object> cfg = Map.of("bootstrap.servers", bootstrap, "group.id", "warm-up", "auto.offset.reset", "earliest");
        try (var c = new KafkaConsumer<>(cfg, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            createTopic("warm-up", 1);
            c.subscribe(List.of("warm-up"));
            long deadline = System.currentTimeMillis() + 60_000;
            while (c.assignment().isEmpty() && System.currentTimeMillis() < deadline) c.poll(java.time.Duration.ofMillis(100));
            c.commitSync(Map.of(new TopicPartition("warm-up", 0), new OffsetAndMetadata(0)));
        } catch (Exception e) {
            throw new IllegalStateException("the broker does not work", e);
        }
    }

    void createTopic(String name, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get(60, TimeUnit.SECONDS);
    }

    Map<String, Object> committed(String group) throws Exception {
        Map<String, Object> out = new TreeMap<>();
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get(30, TimeUnit.SECONDS)
            .forEach((tp, o) -> { if (o != null) out.put(tp.topic() + "-" + tp.partition(), o.offset()); });
        return out;
    }

    Set<String> topics(String prefix) throws Exception {
        Set<String> out = new TreeSet<>();
        for (String t : admin.listTopics().names().get(30, TimeUnit.SECONDS)) if (t.startsWith(prefix)) out.add(t);
        return out;
    }

    int port() { return Integer.parseInt(bootstrap.substring(bootstrap.lastIndexOf(':') + 1)); }

    int partitions(String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get(30, TimeUnit.SECONDS).get(topic).partitions().size();
    }

    /** Every record now in the topic, in partition and offset order. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic, String isolation) throws Exception {
        Map<String, Object> cfg = Map.of("bootstrap.servers", bootstrap, "isolation.level", isolation,
            "enable.auto.commit", "false", "fetch.max.wait.ms", "50");
        List<ConsumerRecord<byte[], byte[]>> out = new ArrayList<>();
        try (var c = new KafkaConsumer<>(cfg, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> tps = new ArrayList<>();
            for (int i = 0; i < partitions(topic); i++) tps.add(new TopicPartition(topic, i));
            c.assign(tps);
            c.seekToBeginning(tps);
            Map<TopicPartition, Long> end = c.endOffsets(tps); // read_committed: the last stable offset
            long deadline = System.currentTimeMillis() + 10_000;
            while (System.currentTimeMillis() < deadline && tps.stream().anyMatch(tp -> c.position(tp) < end.get(tp)))
                c.poll(java.time.Duration.ofMillis(100)).forEach(out::add);
        }
        out.sort(Comparator.comparingInt((ConsumerRecord<byte[], byte[]> r) -> r.partition()).thenComparingLong(r -> r.offset()));
        return out;
    }

    @Override public void close() {
        producer.close();
        admin.close();
        embedded.destroy();
    }
}
