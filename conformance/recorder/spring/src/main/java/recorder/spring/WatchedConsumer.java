package recorder.spring;

import static recorder.spring.Json.*;

import java.lang.reflect.*;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.errors.WakeupException;

/** A consumer whose polls, commits, seeks and pauses stand in the trace; the consumer of a killed member does nothing more. */
final class WatchedConsumer implements InvocationHandler {
    private final Run run;
    private final Consumer<Object, Object> target;
    private final String client;
    private final String process;
    private String member;

    private WatchedConsumer(Run run, Consumer<Object, Object> target, String client) {
        this.run = run;
        this.target = target;
        this.client = client;
        this.member = client;
        this.process = run.process(client);
    }

    @SuppressWarnings("unchecked")
    static Consumer<Object, Object> of(Run run, Consumer<Object, Object> target, String client) {
        return (Consumer<Object, Object>) Proxy.newProxyInstance(WatchedConsumer.class.getClassLoader(), new Class<?>[] {Consumer.class},
            new WatchedConsumer(run, target, client));
    }

    @Override @SuppressWarnings("unchecked")
    public Object invoke(Object proxy, Method m, Object[] args) throws Throwable {
        if (m.getName().equals("subscribe") && args[0] instanceof Collection<?> topics) member = run.label(client, (Collection<String>) topics);
        run.memberOfThread.set(member);
        run.processOfThread.set(process);
        if (run.trace.dead() && lastCalls(m.getName())) return null;
        try {
            return seen(m.getName(), m.invoke(target, args), args);
        } catch (InvocationTargetException e) {
            failed(m.getName(), args, e.getCause());
            throw e.getCause();
        }
    }

    /** The process is gone: nothing it would still commit reaches the broker, and it does not leave the group. */
    private boolean lastCalls(String call) {
        if (call.startsWith("commit")) throw new KafkaException("killed");
        if (!call.equals("close")) return false;
        target.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
        return true;
    }

    @SuppressWarnings("unchecked")
    private Object seen(String call, Object result, Object[] args) {
        switch (call) {
            case "poll" -> {
                ConsumerRecords<Object, Object> rs = sorted((ConsumerRecords<Object, Object>) result);
                if (rs.count() > 0) tell("poll", run.names.ats(rs));
                return rs;
            }
            case "commitSync" -> { if (args != null && args[0] instanceof Map<?, ?> o) tell("commit", run.names.offsets(o)); }
            case "commitAsync" -> { if (args != null && args[0] instanceof Map<?, ?> o) tell("commit_async", run.names.offsets(o)); }
            case "seek" -> tell("seek", new TreeMap<>(Map.of(run.names.logical(args[0].toString()),
                args[1] instanceof OffsetAndMetadata o ? (Object) o.offset() : args[1])));
            case "pause", "resume" -> {
                List<String> partitions = run.names.partitions((Collection<TopicPartition>) args[0]);
                if (!partitions.isEmpty()) tell(call, partitions);
            }
            default -> { }
        }
        return result;
    }

    private void failed(String call, Object[] args, Throwable t) {
        if (call.equals("commitSync")) tell("commit_failed", run.names.offsets((Map<?, ?>) args[0]), "exception", t.getClass().getName());
        if (call.equals("poll") && !(t instanceof WakeupException)) tell("poll_failed", t.getClass().getName(), "at", run.handlers.placeOf(t));
    }

    private void tell(Object... event) { run.trace.add(member, map(event)); }

    /** The order of partitions inside one poll is free in the real client; the recorder makes it ascending. */
    private static ConsumerRecords<Object, Object> sorted(ConsumerRecords<Object, Object> rs) {
        if (rs.partitions().size() < 2) return rs;
        Map<TopicPartition, List<ConsumerRecord<Object, Object>>> m = new LinkedHashMap<>();
        rs.partitions().stream().sorted(Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition))
            .forEach(tp -> m.put(tp, rs.records(tp)));
        return new ConsumerRecords<>(m, rs.nextOffsets());
    }
}
