package recorder.spring;

import static recorder.spring.Json.*;
import static recorder.spring.Values.cls;

import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.kafka.core.*;
import org.springframework.kafka.event.*;
import org.springframework.kafka.listener.*;
import org.springframework.kafka.support.TopicPartitionOffset;
import org.springframework.kafka.transaction.KafkaTransactionManager;

/** The listener containers of a run, by the member that the script calls them. */
final class Containers {
    /** Fields of `given.container` that are no properties of `ContainerProperties`. */
    private static final List<String> OWN = List.of("listener", "topics", "topicPartitions", "concurrency");

    private final Run run;
    private final Map<String, AbstractMessageListenerContainer<Object, Object>> running = new ConcurrentHashMap<>();

    Containers(Run run) { this.run = run; }

    AbstractMessageListenerContainer<Object, Object> get(String member) { return running.get(member); }

    /** Makes and starts one with the settings of the case and this start's own. */
    void start(String member, Map<String, Object> overrides) {
        Map<String, Object> conf = new LinkedHashMap<>(obj(run.given.get("container")));
        conf.putAll(overrides);
        if (run.given.containsKey("transactions")) run.producers.renew(member);
        AbstractMessageListenerContainer<Object, Object> container = container(member, conf);
        running.put(member, container);
        try {
            container.start();
        } catch (RuntimeException e) {
            run.trace.add(member, map("start_failed", e.getClass().getName(), "message", run.names.logical(e.getMessage())));
        }
    }

    void stop(String member) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        running.get(member).stop(done::countDown);
        if (!done.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("did not stop");
        running.remove(member);
    }

    void stopAll() {
        running.values().forEach(c -> c.stop(() -> {}));
        long deadline = System.currentTimeMillis() + 5000;
        while (running.values().stream().anyMatch(MessageListenerContainer::isRunning) && System.currentTimeMillis() < deadline) Values.sleep(10);
    }

    /** Which client has which partitions. */
    Map<String, Object> assignment() {
        Map<String, Object> a = new TreeMap<>();
        running.forEach((m, c) -> c.getAssignmentsByClientId().forEach((client, tps) ->
            a.put(run.names.logical(client), run.names.partitions(tps))));
        return a;
    }

    ConsumerFactory<Object, Object> consumerFactory(String member) {
        Map<String, Object> cfg = new HashMap<>();
        cfg.put("bootstrap.servers", run.broker.bootstrap);
        cfg.put("group.id", run.names.real(run.group()));
        cfg.put("client.id", run.names.real(member));
        cfg.put("fetch.max.wait.ms", 50);
        cfg.put("heartbeat.interval.ms", 500);
        cfg.put("key.deserializer", StringDeserializer.class);
        cfg.put("value.deserializer", StringDeserializer.class);
        obj(run.given.get("consumer")).forEach((k, v) -> cfg.put(k, v instanceof String s && k.endsWith("deserializer") || k.endsWith(".class") ? cls(str(v)) : v));
        return new DefaultKafkaConsumerFactory<>(cfg) {
            @Override protected Consumer<Object, Object> createRawConsumer(Map<String, Object> props) {
                return WatchedConsumer.of(run, super.createRawConsumer(props), run.names.logical(str(props.get("client.id"))));
            }
        };
    }

    private AbstractMessageListenerContainer<Object, Object> container(String member, Map<String, Object> conf) {
        ContainerProperties p = properties(conf);
        p.setMessageListener("batch".equals(conf.get("listener")) ? run.listener.ofBatches() : run.listener.ofRecords());
        if (run.recorder.containsKey("rebalance")) p.setConsumerRebalanceListener(rebalances());
        if (run.given.containsKey("transactions")) p.setKafkaAwareTransactionManager(new KafkaTransactionManager<>(run.producers.factory()));
        AbstractMessageListenerContainer<Object, Object> c = ofKind(member, conf, p);
        c.setBeanName(member);
        if (run.given.containsKey("error_handler")) c.setCommonErrorHandler(run.handlers.errorHandler(obj(run.given.get("error_handler"))));
        if (run.given.containsKey("after_rollback_processor"))
            c.setAfterRollbackProcessor(run.handlers.afterRollback(obj(run.given.get("after_rollback_processor"))));
        c.setApplicationEventPublisher(event -> published(member, event));
        return c;
    }

    private ContainerProperties properties(Map<String, Object> conf) {
        ContainerProperties p = conf.containsKey("topicPartitions")
            ? new ContainerProperties(list(conf.get("topicPartitions")).stream().map(t -> run.names.partition((String) t))
                .map(t -> new TopicPartitionOffset(t.topic(), t.partition())).toArray(TopicPartitionOffset[]::new))
            : new ContainerProperties(list(conf.getOrDefault("topics", List.of("t"))).stream().map(t -> run.names.real((String) t)).toArray(String[]::new));
        p.setGroupId(run.names.real(run.group()));
        BeanWrapperImpl bw = new BeanWrapperImpl(p);
        conf.forEach((k, v) -> { if (!OWN.contains(k)) bw.setPropertyValue(k, v); });
        return p;
    }

    private AbstractMessageListenerContainer<Object, Object> ofKind(String member, Map<String, Object> conf, ContainerProperties p) {
        if (!conf.containsKey("concurrency")) return new KafkaMessageListenerContainer<>(consumerFactory(member), p);
        var c = new ConcurrentMessageListenerContainer<>(consumerFactory(member), p);
        c.setConcurrency(num(conf.get("concurrency"), 1));
        return c;
    }

    private ConsumerAwareRebalanceListener rebalances() {
        return new ConsumerAwareRebalanceListener() {
            @Override public void onPartitionsRevokedBeforeCommit(Consumer<?, ?> c, Collection<TopicPartition> tps) { rebalance("revoked", tps); }
            @Override public void onPartitionsLost(Consumer<?, ?> c, Collection<TopicPartition> tps) { rebalance("lost", tps); }
            @Override public void onPartitionsAssigned(Consumer<?, ?> c, Collection<TopicPartition> tps) { rebalance("assigned", tps); }
        };
    }

    private void rebalance(String what, Collection<TopicPartition> tps) {
        if (!tps.isEmpty()) run.trace.add(run.member(), map(what, run.names.partitions(tps)));
    }

    /** The container's own application events; they come on the consumer thread. */
    private void published(String member, Object event) {
        if (event instanceof ListenerContainerIdleEvent i) run.trace.add(run.member(), map("idle", run.names.partitions(i.getTopicPartitions())));
        if (event instanceof ListenerContainerNoLongerIdleEvent i)
            run.trace.add(run.member(), map("no_longer_idle", run.names.partitions(i.getTopicPartitions())));
        if (event instanceof ConsumerStoppedEvent s) {
            run.listener.forgetWaits();
            run.trace.add(run.member() == null ? member : run.member(), map("consumer_stopped", s.getReason().name()));
        }
    }
}
