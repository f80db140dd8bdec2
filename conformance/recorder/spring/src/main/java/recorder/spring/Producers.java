package recorder.spring;

import static recorder.spring.Json.*;

import java.lang.reflect.*;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;
import org.springframework.kafka.core.*;
import org.springframework.kafka.support.serializer.DelegatingByTypeSerializer;

/** The template of the case's listener and recoverer; with transactions every member has its own, as separate processes would. */
final class Producers {
    private final Run run;
    private final List<DefaultKafkaProducerFactory<Object, Object>> factories = new ArrayList<>();
    private final Map<String, KafkaTemplate<Object, Object>> templates = new ConcurrentHashMap<>();
    private volatile KafkaTemplate<Object, Object> newest;

    Producers(Run run) { this.run = run; }

    /** That of the container that is being made. */
    KafkaTemplate<Object, Object> template() { return newest; }

    /** That of a member; children of a container and listeners of retry topics share the one of all. */
    KafkaTemplate<Object, Object> template(String member) { return templates.getOrDefault(member, newest); }

    DefaultKafkaProducerFactory<Object, Object> factory() { return factories.get(factories.size() - 1); }

    /** New producers, for this member. */
    void renew(String member) {
        Map<String, Object> cfg = new HashMap<>(obj(run.given.get("producer")));
        cfg.put("bootstrap.servers", run.way == null ? run.broker.bootstrap : run.way.bootstrap());
        cfg.putIfAbsent("max.block.ms", 3000);
        DefaultKafkaProducerFactory<Object, Object> factory = new DefaultKafkaProducerFactory<>(cfg);
        factory.setKeySerializer(anySerializer());
        factory.setValueSerializer(anySerializer());
        if (run.given.containsKey("transactions")) {
            Map<String, Object> transactions = obj(run.given.get("transactions"));
            String own = Boolean.TRUE.equals(transactions.get("perMember")) ? member + "-" : "";
            factory.setTransactionIdPrefix(run.names.real(str(transactions.get("transactionIdPrefix")) + own));
            factory.addPostProcessor(this::watch);
        }
        factories.add(factory);
        newest = new KafkaTemplate<>(factory);
        templates.put(member, newest);
    }

    void close() { factories.forEach(DefaultKafkaProducerFactory::destroy); }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Serializer<Object> anySerializer() {
        Map<Class<?>, Serializer<?>> m = new HashMap<>();
        m.put(byte[].class, new ByteArraySerializer());
        m.put(String.class, new StringSerializer());
        m.put(Integer.class, new IntegerSerializer());
        return (Serializer) new DelegatingByTypeSerializer((Map) m);
    }

    @SuppressWarnings("unchecked")
    private Producer<Object, Object> watch(Producer<Object, Object> target) {
        InvocationHandler handler = (proxy, m, args) -> {
            // A killed process neither commits nor aborts what it has begun.
            if (run.trace.dead() && (m.getName().endsWith("Transaction") || m.getName().equals("close"))) return null;
            try {
                Object result = m.invoke(target, args);
                tell(run.member() == null ? "producer" : run.member(), m.getName(), args);
                return result;
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        };
        return (Producer<Object, Object>) Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {Producer.class}, handler);
    }

    private void tell(String member, String call, Object[] args) {
        switch (call) {
            case "beginTransaction" -> run.trace.add(member, map("tx", "begin"));
            case "commitTransaction" -> run.trace.add(member, map("tx", "commit"));
            case "abortTransaction" -> run.trace.add(member, map("tx", "abort"));
            case "sendOffsetsToTransaction" -> run.trace.add(member, map("offsets_to_transaction", run.names.offsets((Map<?, ?>) args[0])));
            default -> { }
        }
    }
}
