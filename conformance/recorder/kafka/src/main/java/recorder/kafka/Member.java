package recorder.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** One KafkaConsumer and the one thread that is allowed to touch it. */
final class Member implements ConsumerRebalanceListener {
    final String name;
    final String group;
    final boolean manual;
    private final Names names;
    private final KafkaConsumer<String, String> consumer;
    private final LinkedBlockingQueue<Runnable> orders = new LinkedBlockingQueue<>();
    private final List<Object> events = new ArrayList<>();
    private final List<ConsumerRecord<String, String>> received = new ArrayList<>();
    private final Thread thread;
    private volatile boolean polling;
    private volatile boolean commitOnRevoke;
    private volatile boolean gone;
    volatile TreeSet<String> assigned = new TreeSet<>(Facts.BY_PARTITION);
    volatile int generation = -1;

    Member(String name, String group, Names names, Properties config, List<String> topics, boolean polling, List<TopicPartition> assign) {
        this.name = name;
        this.group = group;
        this.names = names;
        this.manual = assign != null;
        this.consumer = new KafkaConsumer<>(config);
        this.polling = polling;
        if (assign != null) consumer.assign(assign);
        else consumer.subscribe(topics, this);
        this.thread = new Thread(this::loop, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void loop() {
        while (!gone) {
            try {
                Runnable order = polling ? orders.poll() : orders.poll(20, TimeUnit.MILLISECONDS);
                if (order != null) order.run();
                else if (polling) pollInBackground();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void pollInBackground() {
        try {
            ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(50));
            synchronized (received) {
                records.forEach(received::add);
            }
        } catch (Exception e) {
            synchronized (events) {
                events.add(Map.of("error", Facts.errorName(e)));
            }
            polling = false;
        }
    }

    <T> T ask(Callable<T> what) throws Exception {
        CompletableFuture<T> answer = new CompletableFuture<>();
        orders.add(() -> {
            try {
                answer.complete(what.call());
            } catch (Throwable t) {
                answer.completeExceptionally(t);
            }
        });
        try {
            return answer.get(60, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException e) {
            if (e.getCause() instanceof Exception x) throw x;
            throw e;
        }
    }

    KafkaConsumer<String, String> consumer() {
        return consumer;
    }

    void polling(boolean on) {
        polling = on;
    }

    void commitOnRevoke() {
        commitOnRevoke = true;
    }

    boolean isPolling() {
        return polling;
    }

    boolean isGone() {
        return gone;
    }

    /** close(): a dynamic member says goodbye, a static one does not. */
    Object leave() throws Exception {
        try {
            ask(() -> {
                polling = false;
                consumer.close(CloseOptions.timeout(Duration.ofSeconds(10)));
                gone = true;
                return null;
            });
            return "ok";
        } catch (Exception e) {
            return Facts.error(e);
        } finally {
            gone = true;
            assigned = new TreeSet<>(Facts.BY_PARTITION);
        }
    }

    /** As if the process died: no LeaveGroup, no last commit. The broker finds out by the session timeout. */
    void crash() throws Exception {
        ask(() -> {
            Object delegate = Cluster.peek(consumer, "delegate");
            if (delegate.getClass().getSimpleName().equals("ClassicKafkaConsumer")) {
                Cluster.poke(Cluster.peek(delegate, "coordinator"), "autoCommitEnabled", false);
            }
            polling = false;
            gone = true;
            if (delegate.getClass().getSimpleName().equals("AsyncKafkaConsumer")) {
                // its close() says goodbye whatever the options; end the thread that would send it
                Object network = Cluster.peek(Cluster.peek(delegate, "applicationEventHandler"), "networkThread");
                Cluster.poke(network, "running", false);
            } else {
                consumer.close(CloseOptions.timeout(Duration.ofSeconds(5))
                    .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
            }
            return null;
        });
        gone = true;
        assigned = new TreeSet<>(Facts.BY_PARTITION);
        drainEvents();
    }

    List<Object> drainEvents() {
        synchronized (events) {
            List<Object> copy = new ArrayList<>(events);
            events.clear();
            return copy;
        }
    }

    Map<String, Object> drainReceived() {
        synchronized (received) {
            Map<String, Object> byPartition = names.byPartition(received);
            received.clear();
            return byPartition;
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        event("revoked", partitions);
        if (commitOnRevoke && !partitions.isEmpty()) consumer.commitSync();
        assigned.removeAll(names.of(partitions));
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        event("lost", partitions);
        assigned.removeAll(names.of(partitions));
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        event("assigned", partitions);
        TreeSet<String> now = new TreeSet<>(Facts.BY_PARTITION);
        now.addAll(assigned);
        now.addAll(names.of(partitions));
        assigned = now;
    }

    private void event(String what, Collection<TopicPartition> partitions) {
        if (!gone) generation = consumer.groupMetadata().generationId();
        Map<String, Object> e = new LinkedHashMap<>();
        e.put(what, new ArrayList<>(names.of(partitions)));
        synchronized (events) {
            events.add(e);
        }
    }
}
