package recorder.spring;

import static recorder.spring.Json.*;

import java.lang.reflect.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordDeserializationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.*;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.context.ApplicationEvent;
import org.springframework.kafka.core.*;
import org.springframework.kafka.event.ConsumerStoppedEvent;
import org.springframework.kafka.listener.*;
import org.springframework.kafka.listener.ContainerProperties.AckMode;
import org.springframework.kafka.support.Acknowledgment;
import org.springframework.kafka.support.serializer.*;
import org.springframework.kafka.transaction.KafkaTransactionManager;
import org.springframework.util.backoff.*;

/** One repetition of one case: sets up `given`, walks through `script`, and returns `observed`. */
class Run {
    /** Thrown by the listener for {"throw_error":true}, and to end the thread of a member that was killed. */
    static final class Crash extends Error {
        Crash() { super("crash"); }
    }

    /** What is known about a record between two deliveries. */
    private record Last(long nanos, String cause) {}

    final Broker broker;
    final String prefix;
    final Map<String, Object> given;
    final List<Object> script;
    final Map<String, Object> recorder;
    final Trace trace = new Trace();
    final Map<String, Object> observed = new LinkedHashMap<>();
    final Map<String, AbstractMessageListenerContainer<Object, Object>> containers = new ConcurrentHashMap<>();
    final Map<String, Acknowledgment> held = new ConcurrentHashMap<>();
    final Map<String, CountDownLatch> latches = new ConcurrentHashMap<>();
    final Map<String, Integer> deliveries = new ConcurrentHashMap<>();
    final Map<String, Last> last = new ConcurrentHashMap<>();
    final ScheduledExecutorService otherThread = Executors.newSingleThreadScheduledExecutor();
    int calls;
    KafkaTemplate<Object, Object> template;
    DefaultKafkaProducerFactory<Object, Object> producerFactory;

    Run(Broker broker, Map<String, Object> c, String prefix) {
        this.broker = broker;
        this.prefix = prefix;
        this.given = obj(c.get("given"));
        this.script = list(c.get("script"));
        this.recorder = obj(c.get("recorder"));
    }

    // ---- names: every run has its own topics and groups, "r12." in front of the names of the case ----

    String real(String name) { return prefix + name; }
    String logical(String text) { return text == null ? null : text.replace(prefix, ""); }
    String at(ConsumerRecord<?, ?> r) { return logical(r.topic()) + "-" + r.partition() + "@" + r.offset(); }
    String group() { return given.containsKey("group") ? (String) given.get("group") : "g"; }

    static Object text(Object v) {
        if (v instanceof byte[] b) return new String(b, StandardCharsets.UTF_8);
        return v;
    }

    // ---- the whole run ----

    Map<String, Object> execute() throws Exception {
        try {
            for (var t : obj(given.get("topics")).entrySet())
                broker.createTopic(real(t.getKey()), num(obj(t.getValue()).get("partitions"), 1));
            for (Object r : list(given.get("records"))) send(obj(r));
            setUp();
            for (Object s : script) if (obj(s).containsKey("do")) step(obj(s));
            finish();
        } finally {
            trace.freeze();
            latches.values().forEach(CountDownLatch::countDown);
            tearDown();
            otherThread.shutdownNow();
        }
        return observed;
    }

    TopicPartition tp(String logicalTp) {
        int i = logicalTp.lastIndexOf('-');
        return new TopicPartition(real(logicalTp.substring(0, i)), Integer.parseInt(logicalTp.substring(i + 1)));
    }

    void setUp() throws Exception { newTemplate(); }

    /** With transactions every member has its own producers, as separate processes would. */
    void newTemplate() {
        Map<String, Object> cfg = new HashMap<>(obj(given.get("producer")));
        cfg.put("bootstrap.servers", broker.bootstrap);
        cfg.putIfAbsent("max.block.ms", 3000);
        producerFactory = new DefaultKafkaProducerFactory<>(cfg);
        producerFactory.setKeySerializer(anySerializer());
        producerFactory.setValueSerializer(anySerializer());
        if (given.containsKey("transactions")) {
            producerFactory.setTransactionIdPrefix(real(str(obj(given.get("transactions")).get("transactionIdPrefix"))));
            producerFactory.addPostProcessor(this::watchProducer);
        }
        template = new KafkaTemplate<>(producerFactory);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    static Serializer<Object> anySerializer() {
        Map<Class<?>, Serializer<?>> m = new HashMap<>();
        m.put(byte[].class, new ByteArraySerializer());
        m.put(String.class, new StringSerializer());
        m.put(Integer.class, new IntegerSerializer());
        return (Serializer) new DelegatingByTypeSerializer((Map) m);
    }

    void tearDown() {
        containers.values().forEach(c -> c.stop(() -> {}));
        long deadline = System.currentTimeMillis() + 5000;
        while (containers.values().stream().anyMatch(MessageListenerContainer::isRunning) && System.currentTimeMillis() < deadline) sleep(10);
        if (producerFactory != null) producerFactory.destroy();
    }

    void finish() throws Exception {
        trace.freeze();
        String kind = str(given.getOrDefault("trace", "all"));
        if (kind.startsWith("per_member")) observed.put("traces", trace.perMember(kind.endsWith("after_first_send")));
        else if (kind.equals("deliveries")) observed.put("deliveries", trace.flat().stream().filter(e -> obj(e).containsKey("deliver")).toList());
        else if (kind.equals("all")) observed.put("trace", trace.flat());
        observed.put("committed", committed());
        for (Object t : list(recorder.get("read"))) readTopic((String) t);
        for (Object t : list(recorder.get("read_committed"))) {
            List<Object> l = new ArrayList<>();
            for (var r : broker.read(real((String) t), "read_committed")) l.add(at(r) + " " + text(r.value()));
            obj(observed.computeIfAbsent("read_committed", k -> new LinkedHashMap<>())).put((String) t, l);
        }
        if (recorder.containsKey("list_topics")) {
            Map<String, Object> m = new TreeMap<>();
            for (String t : broker.topics(prefix)) m.put(logical(t), map("partitions", broker.partitions(t)));
            observed.put("topics_exist", m);
        }
    }

    Map<String, Object> committed() throws Exception {
        Map<String, Object> out = new TreeMap<>();
        broker.committed(real(group())).forEach((k, v) -> out.put(logical(k), v));
        return out;
    }

    // ---- steps from outside ----

    void step(Map<String, Object> s) throws Exception {
        String verb = str(s.get("do"));
        String member = s.containsKey("member") ? str(s.get("member")) : "c1";
        switch (verb) {
            case "start" -> { mark(s); start(member, obj(s.get("container"))); }
            case "stop" -> {
                mark(s);
                CountDownLatch done = new CountDownLatch(1);
                containers.get(member).stop(done::countDown);
                if (!done.await(30, TimeUnit.SECONDS)) throw new IllegalStateException("did not stop");
                containers.remove(member);
            }
            case "stop_no_wait" -> { mark(s); containers.get(member).stop(() -> {}); }
            case "pause" -> { mark(s); containers.get(member).pause(); }
            case "resume" -> { mark(s); containers.get(member).resume(); }
            case "send" -> { mark(s); send(s); }
            case "ack" -> { mark(s); otherThread.submit(() -> ackHeld(str(s.get("value")), "outside")).get(); }
            case "release" -> { mark(s); latch(str(s.get("latch"))).countDown(); }
            case "create_topic" -> { mark(s); broker.createTopic(real(str(s.get("topic"))), num(s.get("partitions"), 1)); }
            case "await" -> await(s);
            case "settle" -> settle();
            case "wait" -> sleep(num(s.get("ms"), 0));
            case "record_until" -> trace.freezeAfter(str(s.get("event")), num(s.get("times"), 1));
            case "observe" -> {
                Map<String, Object> m = map("committed", committed());
                Map<String, Object> a = assignment();
                if (given.get("trace") != null) m.put("assignment", a);
                obj(observed.computeIfAbsent("snapshots", k -> new LinkedHashMap<>())).put(str(s.get("as")), m);
            }
            default -> throw new IllegalArgumentException("verb " + verb);
        }
    }

    Map<String, Object> assignment() {
        Map<String, Object> a = new TreeMap<>();
        containers.forEach((m, c) -> c.getAssignmentsByClientId().forEach((client, tps) ->
            a.put(client.substring(prefix.length()), tps.stream().map(t -> logical(t.toString())).sorted().toList())));
        return a;
    }

    void mark(Map<String, Object> s) {
        Map<String, Object> e = new LinkedHashMap<>(s);
        e.remove("container");
        trace.add("script", e);
    }

    CountDownLatch latch(String name) { return latches.computeIfAbsent(name, k -> new CountDownLatch(1)); }

    void await(Map<String, Object> s) {
        long deadline = System.currentTimeMillis() + 60_000;
        while (System.currentTimeMillis() < deadline) {
            boolean ok = s.containsKey("value")
                ? deliveries.getOrDefault(str(s.get("value")), 0) >= num(s.get("delivery"), 1)
                : s.containsKey("calls") ? calls >= num(s.get("calls"), 1)
                : trace.count(e -> e.containsKey(str(s.get("event")))) >= num(s.get("times"), 1);
            if (ok) return;
            sleep(5);
        }
        throw new IllegalStateException("await timed out: " + s);
    }

    /** Nothing more happens: no event for as long as the longest wait that the case's settings can cause. */
    void settle() throws Exception {
        int quiet = num(recorder.get("quiet_ms"), 1500);
        long start = System.nanoTime();
        long deadline = System.currentTimeMillis() + 90_000;
        while (trace.quietMillis() < quiet || (System.nanoTime() - start) / 1_000_000 < Math.min(quiet, 1500)) {
            if (System.currentTimeMillis() > deadline) throw new IllegalStateException("never quiet");
            sleep(20);
        }
    }

    static void sleep(long ms) {
        try { Thread.sleep(ms); } catch (InterruptedException e) { throw new RuntimeException(e); }
    }

    void send(Map<String, Object> r) throws Exception {
        byte[] value = r.containsKey("value_int32")
            ? ByteBuffer.allocate(4).putInt(num(r.get("value_int32"), 0)).array() : bytes(str(r.get("value")));
        ProducerRecord<byte[], byte[]> pr = new ProducerRecord<>(real(str(r.get("topic"))), (Integer) r.get("partition"),
            r.get("timestamp") == null ? null : ((Number) r.get("timestamp")).longValue(), bytes(str(r.get("key"))), value);
        obj(r.get("headers")).forEach((k, v) -> pr.headers().add(k, bytes(str(v))));
        broker.producer.send(pr).get();
    }

    static byte[] bytes(String s) { return s == null ? null : s.getBytes(StandardCharsets.UTF_8); }

    // ---- the container ----

    @SuppressWarnings("unchecked")
    void start(String member, Map<String, Object> overrides) throws Exception {
        Map<String, Object> conf = new LinkedHashMap<>(obj(given.get("container")));
        conf.putAll(overrides);
        AbstractMessageListenerContainer<Object, Object> container = container(member, conf);
        containers.put(member, container);
        try {
            container.start();
        } catch (RuntimeException e) {
            trace.add(member, map("start_failed", e.getClass().getName(), "message", logical(e.getMessage())));
        }
    }

    ConsumerFactory<Object, Object> consumerFactory(String member) {
        Map<String, Object> cfg = new HashMap<>();
        cfg.put("bootstrap.servers", broker.bootstrap);
        cfg.put("group.id", real(group()));
        cfg.put("client.id", prefix + member);
        cfg.put("fetch.max.wait.ms", 50);
        cfg.put("heartbeat.interval.ms", 500);
        cfg.put("key.deserializer", StringDeserializer.class);
        cfg.put("value.deserializer", StringDeserializer.class);
        obj(given.get("consumer")).forEach((k, v) -> cfg.put(k, v instanceof String s && k.endsWith("deserializer") || k.endsWith(".class") ? cls(str(v)) : v));
        return new DefaultKafkaConsumerFactory<>(cfg) {
            @Override protected Consumer<Object, Object> createRawConsumer(Map<String, Object> props) {
                return watchConsumer(super.createRawConsumer(props), str(props.get("client.id")).substring(prefix.length()));
            }
        };
    }

    static Class<?> cls(String simple) {
        for (String p : List.of("", "org.apache.kafka.common.serialization.", "org.springframework.kafka.support.serializer.", "java.lang.",
                "org.apache.kafka.clients.consumer.")) {
            try { return Class.forName(p + simple); } catch (ClassNotFoundException e) { /* next */ }
        }
        throw new IllegalArgumentException(simple);
    }

    AbstractMessageListenerContainer<Object, Object> container(String member, Map<String, Object> conf) throws Exception {
        boolean batch = "batch".equals(conf.get("listener"));
        String[] topics = list(conf.getOrDefault("topics", List.of("t"))).stream().map(t -> real((String) t)).toArray(String[]::new);
        ContainerProperties p = conf.containsKey("topicPartitions")
            ? new ContainerProperties(list(conf.get("topicPartitions")).stream().map(t -> tp((String) t))
                .map(t -> new org.springframework.kafka.support.TopicPartitionOffset(t.topic(), t.partition())).toArray(org.springframework.kafka.support.TopicPartitionOffset[]::new))
            : new ContainerProperties(topics);
        p.setGroupId(real(group()));
        p.setMessageListener(batch ? new BatchScripted() : new Scripted());
        BeanWrapperImpl bw = new BeanWrapperImpl(p);
        for (var e : conf.entrySet())
            if (!List.of("listener", "topics", "topicPartitions", "concurrency").contains(e.getKey())) bw.setPropertyValue(e.getKey(), e.getValue());
        if (recorder.containsKey("rebalance")) p.setConsumerRebalanceListener(rebalances());
        if (given.containsKey("transactions")) newTemplate();
        if (given.containsKey("transactions"))
            p.setKafkaAwareTransactionManager(new KafkaTransactionManager<>(producerFactory));
        AbstractMessageListenerContainer<Object, Object> c;
        if (conf.containsKey("concurrency")) {
            var cc = new ConcurrentMessageListenerContainer<>(consumerFactory(member), p);
            cc.setConcurrency(num(conf.get("concurrency"), 1));
            c = cc;
        } else c = new KafkaMessageListenerContainer<>(consumerFactory(member), p);
        c.setBeanName(member);
        if (given.containsKey("error_handler")) c.setCommonErrorHandler(errorHandler(obj(given.get("error_handler"))));
        if (given.containsKey("after_rollback_processor")) {
            Map<String, Object> a = obj(given.get("after_rollback_processor"));
            DefaultAfterRollbackProcessor<Object, Object> arp =
                new DefaultAfterRollbackProcessor<>((r, ex) -> {
                    ConsumerRecordRecoverer rec = recoverer(a);
                    if (rec != null) rec.accept(r, ex);
                    trace.add(member(), map("recovered", at(r), "exception", root(ex)));
                }, backOff(obj(a.get("backOff"))), template, Boolean.TRUE.equals(a.get("commitRecovered")));
            c.setAfterRollbackProcessor(arp);
        }
        c.setApplicationEventPublisher(new org.springframework.context.ApplicationEventPublisher() {
            @Override public void publishEvent(Object e) { containerEvent(member, e); }
        });
        return c;
    }

    ConsumerAwareRebalanceListener rebalances() {
        return new ConsumerAwareRebalanceListener() {
            @Override public void onPartitionsRevokedBeforeCommit(Consumer<?, ?> c, Collection<TopicPartition> tps) { rebalance("revoked", tps); }
            @Override public void onPartitionsLost(Consumer<?, ?> c, Collection<TopicPartition> tps) { rebalance("lost", tps); }
            @Override public void onPartitionsAssigned(Consumer<?, ?> c, Collection<TopicPartition> tps) { rebalance("assigned", tps); }
        };
    }

    void rebalance(String what, Collection<TopicPartition> tps) {
        if (!tps.isEmpty()) trace.add(member(), map(what, tps.stream().map(t -> logical(t.toString())).sorted().toList()));
    }

    void containerEvent(String member, Object e) {
        if (e instanceof ConsumerStoppedEvent s) {
            last.clear();
            trace.add(member() == null ? member : member(), map("consumer_stopped", s.getReason().name())); // on the consumer thread
        }
    }

    // ---- error handlers ----

    CommonErrorHandler errorHandler(Map<String, Object> h) throws Exception {
        switch (str(h.get("class"))) {
            case "CommonContainerStoppingErrorHandler": return new CommonContainerStoppingErrorHandler();
            case "CommonLoggingErrorHandler": {
                CommonLoggingErrorHandler l = new CommonLoggingErrorHandler();
                if (h.containsKey("ackAfterHandle")) l.setAckAfterHandle((Boolean) h.get("ackAfterHandle"));
                return l;
            }
            case "DefaultErrorHandler": break;
            default: throw new IllegalArgumentException(str(h.get("class")));
        }
        DefaultErrorHandler d = new DefaultErrorHandler(recoverer(h), backOff(obj(h.get("backOff")))) {
            @Override public void handleOtherException(Exception ex, Consumer<?, ?> consumer, MessageListenerContainer c, boolean batch) {
                trace.add(member(), map("handle_other_exception", ex.getClass().getName(), "at",
                    ex instanceof RecordDeserializationException r ? logical(r.topicPartition() + "@" + r.offset()) : null));
                super.handleOtherException(ex, consumer, c, batch);
            }
        };
        BeanWrapperImpl bw = new BeanWrapperImpl(d);
        for (String k : List.of("seekAfterError", "commitRecovered", "ackAfterHandle", "resetStateOnExceptionChange", "resetStateOnRecoveryFailure"))
            if (h.containsKey(k)) bw.setPropertyValue(k, h.get(k));
        for (Object c : list(h.get("notRetryable"))) d.addNotRetryableExceptions(exceptionClass((String) c));
        d.setRetryListeners(new RetryListener() {
            @Override public void failedDelivery(ConsumerRecord<?, ?> r, Exception ex, int attempt) {
                trace.add(member(), map("failed", at(r), "attempt", attempt, "exception", root(ex)));
            }
            @Override public void recovered(ConsumerRecord<?, ?> r, Exception ex) {
                trace.add(member(), map("recovered", at(r), "exception", root(ex)));
            }
            @Override public void recoveryFailed(ConsumerRecord<?, ?> r, Exception original, Exception failure) {
                trace.add(member(), map("recovery_failed", at(r), "exception", root(failure)));
            }
            @Override public void failedDelivery(ConsumerRecords<?, ?> rs, Exception ex, int attempt) {
                trace.add(member(), map("failed_batch", ats(rs), "attempt", attempt, "exception", root(ex)));
            }
            @Override public void recovered(ConsumerRecords<?, ?> rs, Exception ex) {
                trace.add(member(), map("recovered_batch", ats(rs), "exception", root(ex)));
            }
            @Override public void recoveryFailed(ConsumerRecords<?, ?> rs, Exception original, Exception failure) {
                trace.add(member(), map("recovery_failed_batch", ats(rs), "exception", root(failure)));
            }
        });
        return d;
    }

    final ThreadLocal<String> memberOfThread = new ThreadLocal<>();
    String member() { return memberOfThread.get(); }

    List<String> ats(Iterable<? extends ConsumerRecord<?, ?>> rs) {
        List<String> l = new ArrayList<>();
        rs.forEach(r -> l.add(at(r)));
        return l;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    List<String> ats(ConsumerRecords<?, ?> rs) { return ats((Iterable) rs); }

    static String root(Throwable t) {
        if (t instanceof DeserializationException) return t.getClass().getName();
        while ((t instanceof ListenerExecutionFailedException || t instanceof BatchListenerFailedException) && t.getCause() != null) t = t.getCause();
        return t.getClass().getName();
    }

    @SuppressWarnings("unchecked")
    static Class<? extends Exception> exceptionClass(String name) { return (Class<? extends Exception>) cls(name); }

    static BackOff backOff(Map<String, Object> b) {
        String type = str(b.get("class"));
        if (type == null || "FixedBackOff".equals(type))
            return new FixedBackOff(num(b.get("interval"), 0), b.containsKey("maxAttempts") ? num(b.get("maxAttempts"), 0) : 9);
        ExponentialBackOff e = "ExponentialBackOffWithMaxRetries".equals(type)
            ? new org.springframework.kafka.support.ExponentialBackOffWithMaxRetries(num(b.get("maxRetries"), 0)) : new ExponentialBackOff();
        BeanWrapperImpl bw = new BeanWrapperImpl(e);
        b.forEach((k, v) -> { if (!k.equals("class") && !k.equals("maxRetries")) bw.setPropertyValue(k, v); });
        return e;
    }

    ConsumerRecordRecoverer recoverer(Map<String, Object> h) {
        Map<String, Object> r = h.get("recoverer") instanceof String s ? map("class", s) : obj(h.get("recoverer"));
        String type = str(r.get("class"));
        if (type == null) return null; // the framework's own: log the record and go on
        if (type.equals("failing")) {
            int times = num(r.get("times"), 1);
            int[] n = {0};
            return (rec, ex) -> {
                trace.add(member(), map("recoverer_called", at(rec)));
                if (n[0]++ < times) throw new IllegalStateException("recoverer fails");
            };
        }
        if (!type.equals("DeadLetterPublishingRecoverer")) throw new IllegalArgumentException(type);
        DeadLetterPublishingRecoverer d = new DeadLetterPublishingRecoverer(template);
        BeanWrapperImpl bw = new BeanWrapperImpl(d);
        r.forEach((k, v) -> { if (!k.equals("class")) bw.setPropertyValue(k, v); });
        return d;
    }

    // ---- watching the consumer and the producer ----

    @SuppressWarnings("unchecked")
    Consumer<Object, Object> watchConsumer(Consumer<Object, Object> target, String member0) {
        String[] name = {member0};
        return (Consumer<Object, Object>) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Consumer.class}, (proxy, m, args) -> {
            if (m.getName().equals("subscribe") && args[0] instanceof Collection<?> topics) name[0] = label(member0, (Collection<String>) topics);
            String member = name[0];
            memberOfThread.set(member);
            if (trace.dead(member)) {
                // The process is gone: nothing it would still commit reaches the broker, and it does not leave the group.
                if (m.getName().startsWith("commit")) throw new org.apache.kafka.common.KafkaException("killed");
                if (m.getName().equals("close")) {
                    target.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
                    return null;
                }
            }
            try {
                Object result = m.invoke(target, args);
                switch (m.getName()) {
                    case "poll" -> {
                        ConsumerRecords<Object, Object> rs = sorted((ConsumerRecords<Object, Object>) result);
                        if (rs.count() > 0) trace.add(member, map("poll", ats(rs)));
                        return rs;
                    }
                    case "commitSync" -> { if (args != null && args[0] instanceof Map<?, ?> o) trace.add(member, map("commit", offsets(o))); }
                    case "commitAsync" -> { if (args != null && args[0] instanceof Map<?, ?> o) trace.add(member, map("commit_async", offsets(o))); }
                    case "seek" -> trace.add(member, map("seek", new TreeMap<>(Map.of(logical(args[0].toString()),
                        args[1] instanceof OffsetAndMetadata o ? (Object) o.offset() : args[1]))));
                    case "pause", "resume" -> {
                        var tps = (Collection<TopicPartition>) args[0];
                        if (!tps.isEmpty()) trace.add(member, map(m.getName(), tps.stream().map(t -> logical(t.toString())).sorted().toList()));
                    }
                    default -> { }
                }
                return result;
            } catch (InvocationTargetException e) {
                Throwable t = e.getCause();
                if (m.getName().equals("commitSync"))
                    trace.add(member, map("commit_failed", offsets((Map<?, ?>) args[0]), "exception", t.getClass().getName()));
                if (m.getName().equals("poll") && !(t instanceof org.apache.kafka.common.errors.WakeupException))
                    trace.add(member, map("poll_failed", t.getClass().getName(), "at",
                        t instanceof RecordDeserializationException r ? logical(r.topicPartition() + "@" + r.offset()) : null));
                throw t;
            }
        });
    }

    /** The name under which a consumer's events stand in the trace. */
    String label(String member, Collection<String> topics) { return member; }

    Map<String, Object> offsets(Map<?, ?> o) {
        Map<String, Object> m = new TreeMap<>();
        o.forEach((tp, om) -> m.put(logical(tp.toString()), ((OffsetAndMetadata) om).offset()));
        return m;
    }

    /** The order of partitions inside one poll is free in the real client; the recorder makes it ascending. */
    static ConsumerRecords<Object, Object> sorted(ConsumerRecords<Object, Object> rs) {
        if (rs.partitions().size() < 2) return rs;
        Map<TopicPartition, List<ConsumerRecord<Object, Object>>> m = new LinkedHashMap<>();
        rs.partitions().stream().sorted(Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition))
            .forEach(tp -> m.put(tp, rs.records(tp)));
        return new ConsumerRecords<>(m, rs.nextOffsets());
    }

    @SuppressWarnings("unchecked")
    Producer<Object, Object> watchProducer(Producer<Object, Object> target) {
        return (Producer<Object, Object>) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Producer.class}, (proxy, m, args) -> {
            // A killed process neither commits nor aborts what it has begun.
            if (member() != null && trace.dead(member()) && (m.getName().endsWith("Transaction") || m.getName().equals("close"))) return null;
            try {
                Object result = m.invoke(target, args);
                String member = member() == null ? "producer" : member();
                switch (m.getName()) {
                    case "beginTransaction" -> trace.add(member, map("tx", "begin"));
                    case "commitTransaction" -> trace.add(member, map("tx", "commit"));
                    case "abortTransaction" -> trace.add(member, map("tx", "abort"));
                    case "sendOffsetsToTransaction" -> trace.add(member, map("offsets_to_transaction", offsets((Map<?, ?>) args[0])));
                    default -> { }
                }
                return result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        });
    }

    // ---- the scripted listener ----

    final class Scripted implements AcknowledgingConsumerAwareMessageListener<Object, Object> {
        @Override public void onMessage(ConsumerRecord<Object, Object> r, Acknowledgment ack, Consumer<?, ?> consumer) { delivered(r, ack); }
    }

    final class BatchScripted implements BatchAcknowledgingConsumerAwareMessageListener<Object, Object> {
        @Override public void onMessage(List<ConsumerRecord<Object, Object>> rs, Acknowledgment ack, Consumer<?, ?> consumer) { deliveredBatch(rs, ack); }
    }

    void delivered(ConsumerRecord<?, ?> r, Acknowledgment ack) {
        String value = String.valueOf(text(r.value()));
        int n = deliveries.merge(value, 1, Integer::sum);
        Map<String, Object> e = map("deliver", at(r), "value", text(r.value()), "delivery", n);
        Header attempt = r.headers().lastHeader("kafka_deliveryAttempt");
        if (attempt != null) e.put("attempt_header", ByteBuffer.wrap(attempt.value()).getInt());
        Header retry = r.headers().lastHeader("retry_topic-attempts");
        if (retry != null) e.put("retry_topic_attempts", ByteBuffer.wrap(retry.value()).getInt());
        waited(e, value);
        synchronized (this) { calls++; }
        trace.add(member(), e);
        String cause = null;
        try {
            cause = act(then(r.topic(), value, n, calls, List.of(r)), List.of(r), ack);
        } catch (Caused c) {
            cause = c.cause;
            throw Caused.unwrap(c);
        } finally {
            last.put(value, new Last(System.nanoTime(), cause));
        }
    }

    /** How long the record was kept back since its last delivery ended, and by which setting. */
    void waited(Map<String, Object> e, String value) {
        Last l = last.get(value);
        if (l != null && l.cause != null && !(l.cause.equals("backOff") && noBackOff())) {
            // the consumer's clock counts whole milliseconds: a poll of 200 ms may end after 199.2
            e.put("at_least_ms", (int) ((System.nanoTime() - l.nanos) / 1_000_000) + 2);
            e.put("because", l.cause);
        }
    }

    /** Retries at once: what passes between two deliveries is only what the machine needs. */
    boolean noBackOff() {
        return !given.containsKey("retry_topic") && num(obj(obj(given.get("error_handler")).get("backOff")).get("interval"), 0) == 0
            && !obj(obj(given.get("error_handler")).get("backOff")).containsKey("initialInterval");
    }

    void deliveredBatch(List<? extends ConsumerRecord<?, ?>> rs, Acknowledgment ack) {
        int call;
        synchronized (this) { call = ++calls; }
        for (var r : rs) deliveries.merge(String.valueOf(text(r.value())), 1, Integer::sum);
        Map<String, Object> e = map("deliver_batch", ats(rs), "values", rs.stream().map(r -> text(r.value())).toList(), "call", call);
        waited(e, "batch");
        trace.add(member(), e);
        String cause = null;
        try {
            cause = act(then(rs.get(0).topic(), null, 0, call, rs), rs, ack);
        } catch (Caused c) {
            cause = c.cause;
            throw Caused.unwrap(c);
        } finally {
            last.put("batch", new Last(System.nanoTime(), cause));
        }
    }

    /** Carries an exception out of the actions together with what will keep the record back. */
    static final class Caused extends RuntimeException {
        final String cause;
        Caused(Throwable t, String cause) { super(t); this.cause = cause; }
        static RuntimeException unwrap(Caused c) {
            if (c.getCause() instanceof Error e) throw e;
            return (RuntimeException) c.getCause();
        }
    }

    /** The actions of the first rule that matches; the last rule of all is: acknowledge if there is something to acknowledge. */
    List<Object> then(String topic, String value, int delivery, int call, List<? extends ConsumerRecord<?, ?>> rs) {
        for (Object o : script) {
            Map<String, Object> s = obj(o);
            if (!s.containsKey("on")) continue;
            Map<String, Object> on = obj(s.get("on"));
            if (on.containsKey("topic") && !real(str(on.get("topic"))).equals(topic)) continue;
            if (on.containsKey("value") && !str(on.get("value")).equals(value)) continue;
            if (on.containsKey("delivery") && num(on.get("delivery"), 0) != delivery) continue;
            if (on.containsKey("delivery_to") && delivery > num(on.get("delivery_to"), 0)) continue;
            if (on.containsKey("contains") && indexOf(rs, str(on.get("contains"))) < 0) continue;
            if (on.containsKey("call") && num(on.get("call"), 0) != call) continue;
            if (on.containsKey("call_to") && call > num(on.get("call_to"), 0)) continue;
            return list(s.get("then"));
        }
        return List.of(map("ack", true));
    }

    String act(List<Object> actions, List<? extends ConsumerRecord<?, ?>> rs, Acknowledgment ack) {
        String cause = null;
        for (Object o : actions) {
            Map<String, Object> a = obj(o);
            String value = String.valueOf(text(rs.get(0).value()));
            try {
                if (a.containsKey("ack_index")) ack.acknowledge(num(a.get("ack_index"), 0));
                else if (a.containsKey("ack")) { if (ack != null) ack.acknowledge(); }
                else if (a.containsKey("ack_other_thread")) otherThread.submit((Runnable) ack::acknowledge).get();
                else if (a.containsKey("nack_other_thread")) {
                    try { otherThread.submit(() -> ack.nack(Duration.ofMillis(num(a.get("nack_other_thread"), 0)))).get(); }
                    catch (ExecutionException e) { throw (RuntimeException) e.getCause(); }
                }
                else if (a.containsKey("hold")) held.put(value, ack);
                else if (a.containsKey("ack_held")) { for (Object v : list(a.get("ack_held"))) ackHeld(str(v), member()); }
                else if (a.containsKey("nothing")) { /* return without acknowledging */ }
                else if (a.containsKey("nack_index")) {
                    ack.nack(num(a.get("nack_index"), 0), Duration.ofMillis(num(a.get("nack_ms"), 0)));
                    cause = "nack_ms";
                }
                else if (a.containsKey("nack_ms")) { ack.nack(Duration.ofMillis(num(a.get("nack_ms"), 0))); cause = "nack_ms"; }
                else if (a.containsKey("block_ms")) sleep(num(a.get("block_ms"), 0));
                else if (a.containsKey("block_until")) latch(str(a.get("block_until"))).await();
                else if (a.containsKey("stop_container")) containers.get(str(a.get("stop_container"))).stop(() -> {});
                else if (a.containsKey("pause_container")) containers.get(str(a.get("pause_container"))).pause();
                else if (a.containsKey("send")) {
                    Map<String, Object> s = obj(a.get("send"));
                    template.send(new ProducerRecord<>(real(str(s.get("topic"))), (Integer) s.get("partition"), (Object) s.get("key"),
                        (Object) str(s.get("value")).replace("{value}", value))).get();
                }
                else if (a.containsKey("throw_error")) throw new Crash();
                else if (a.containsKey("kill")) { trace.kill(member()); throw new Crash(); }
                else if (a.containsKey("throw_batch_failed"))
                    throw new Caused(new BatchListenerFailedException("boom", exception(a), num(a.get("throw_batch_failed"), 0)), backOffCause());
                else if (a.containsKey("throw_batch_failed_value"))
                    throw new Caused(new BatchListenerFailedException("boom", exception(a), indexOf(rs, str(a.get("throw_batch_failed_value")))), backOffCause());
                else if (a.containsKey("throw")) throw new Caused(exception(a), backOffCause());
                else throw new IllegalArgumentException("action " + a);
            } catch (Caused | Crash e) {
                throw e;
            } catch (InterruptedException | ExecutionException e) {
                throw new IllegalStateException(e);
            } catch (RuntimeException e) {
                trace.add(member(), map("api_error", a.keySet().iterator().next(), "exception", e.getClass().getName(), "message", logical(e.getMessage())));
                throw e;
            }
        }
        return cause;
    }

    String backOffCause() {
        return Boolean.FALSE.equals(obj(given.get("error_handler")).get("seekAfterError")) ? "backOff + pollTimeoutWhilePaused" : "backOff";
    }

    static int indexOf(List<? extends ConsumerRecord<?, ?>> rs, String value) {
        for (int i = 0; i < rs.size(); i++) if (value.equals(String.valueOf(text(rs.get(i).value())))) return i;
        return -1;
    }

    void ackHeld(String value, String member) {
        try {
            held.get(value).acknowledge();
        } catch (RuntimeException e) {
            trace.add(member, map("api_error", "ack", "value", value, "exception", e.getClass().getName(), "message", logical(e.getMessage())));
        }
    }

    static RuntimeException exception(Map<String, Object> a) {
        String name = a.containsKey("throw") ? str(a.get("throw")) : "java.lang.IllegalStateException";
        try {
            return (RuntimeException) cls(name).getConstructor(String.class).newInstance("boom");
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(e);
        }
    }

    // ---- reading topics ----

    void readTopic(String topic) throws Exception {
        List<Object> out = new ArrayList<>();
        for (var r : broker.read(real(topic), "read_uncommitted")) {
            Map<String, Object> headers = new TreeMap<>();
            for (Header h : r.headers()) {
                Object v = header(h);
                headers.merge(h.key(), v, (x, y) -> { List<Object> l = new ArrayList<>(list(x)); l.add(y); return l; });
            }
            Map<String, Object> m = map("at", at(r), "key", text(r.key()));
            byte[] v = r.value();
            if (v != null && v.length == 4 && v[0] == 0) m.put("value_int32", ByteBuffer.wrap(v).getInt());
            else m.put("value", text(v));
            m.put("headers", headers);
            out.add(m);
        }
        obj(observed.computeIfAbsent("topics", k -> new LinkedHashMap<>())).put(topic, out);
    }

    Object header(Header h) {
        String k = h.key();
        byte[] v = h.value();
        if (k.contains("stacktrace")) return "(present)";
        if (k.endsWith("backoff-timestamp")) return map(v.length == 8 ? "int64" : "bytes", "(present)");
        if (k.endsWith("original-timestamp")) {
            // Given timestamps are kept; one that the clock made is only there.
            Map<String, Object> n = obj(number(v));
            n.replaceAll((t, x) -> ((Number) x).longValue() / 1_000_000 == 1700000 ? x : "(present)");
            return n;
        }
        if (k.endsWith("timestamp-type") || k.endsWith("fqcn") || k.endsWith("message") || k.endsWith("topic") || k.endsWith("group")) return logical(text(v).toString());
        if (k.startsWith("kafka_dlt") || k.startsWith("kafka_original") || k.startsWith("retry_topic") || k.equals("kafka_deliveryAttempt")) return number(v);
        if (k.startsWith("spring") || k.equals("kafka_recordException")) return "(serialized object)";
        return logical(text(v).toString());
    }

    static Object number(byte[] v) {
        return v.length == 4 ? map("int32", ByteBuffer.wrap(v).getInt()) : v.length == 8 ? map("int64", ByteBuffer.wrap(v).getLong())
            : map("big_integer", new java.math.BigInteger(v).longValue());
    }
}
