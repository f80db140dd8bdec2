package recorder.kafka;

import java.lang.reflect.Field;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import kafka.server.BrokerServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.test.KafkaClusterTestKit;
import org.apache.kafka.common.test.TestKitNodes;
import org.apache.kafka.metadata.bootstrap.BootstrapMetadata;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.KRaftVersion;
import org.apache.kafka.server.common.MetadataVersion;
import org.apache.kafka.storage.internals.log.UnifiedLog;

/** A real KRaft cluster in this JVM: one controller, brokers 0..n-1. */
final class Cluster implements AutoCloseable {
    /** Every broker runs with these; they are printed into {@code given.broker_config} of each case, with its own. */
    static final Map<String, Object> CONFIG = new TreeMap<>(Map.ofEntries(
        Map.entry("group.initial.rebalance.delay.ms", 1000),
        Map.entry("group.min.session.timeout.ms", 500),
        Map.entry("group.consumer.heartbeat.interval.ms", 300),
        Map.entry("group.consumer.min.heartbeat.interval.ms", 100),
        Map.entry("group.consumer.session.timeout.ms", 3000),
        Map.entry("group.consumer.min.session.timeout.ms", 500),
        Map.entry("log.initial.task.delay.ms", 500),
        Map.entry("log.retention.check.interval.ms", 500),
        Map.entry("log.cleaner.backoff.ms", 300),
        Map.entry("replica.lag.time.max.ms", 2000),
        Map.entry("broker.session.timeout.ms", 2000),
        Map.entry("broker.heartbeat.interval.ms", 300),
        Map.entry("transaction.abort.timed.out.transaction.cleanup.interval.ms", 500),
        Map.entry("auto.leader.rebalance.enable", false),
        Map.entry("auto.create.topics.enable", false)));

    final int size;
    private final KafkaClusterTestKit kit;
    private final ListenerName listener;
    private final Admin admin;

    /** A cluster with settings beside {@link #CONFIG}. */
    Cluster(int size, Map<String, Object> config) throws Exception {
        this.size = size;
        var nodes = new TestKitNodes.Builder().setBootstrapMetadata(features()).setCombined(false).setNumBrokerNodes(size).setNumControllerNodes(1).build();
        listener = nodes.brokerListenerName();
        var builder = new KafkaClusterTestKit.Builder(nodes);
        CONFIG.forEach((k, v) -> builder.setConfigProp(k, String.valueOf(v)));
        config.forEach((k, v) -> builder.setConfigProp(k, String.valueOf(v)));
        builder.setConfigProp("offsets.topic.num.partitions", "4");
        builder.setConfigProp("offsets.topic.replication.factor", String.valueOf(size));
        builder.setConfigProp("transaction.state.log.num.partitions", "4");
        builder.setConfigProp("transaction.state.log.replication.factor", String.valueOf(size));
        builder.setConfigProp("transaction.state.log.min.isr", "1");
        builder.setConfigProp("share.coordinator.state.topic.num.partitions", "4");
        builder.setConfigProp("share.coordinator.state.topic.replication.factor", String.valueOf(size));
        builder.setConfigProp("share.coordinator.state.topic.min.isr", "1");
        kit = builder.build();
        kit.format();
        kit.startup();
        kit.waitForReadyBrokers();
        Properties p = new Properties();
        p.put("bootstrap.servers", bootstrap());
        admin = Admin.create(p);
    }

    /** What `kafka-storage format` turns on by default for this release. */
    private static BootstrapMetadata features() {
        MetadataVersion version = MetadataVersion.latestProduction();
        Map<String, Short> levels = new TreeMap<>();
        for (Feature f : Feature.PRODUCTION_FEATURES) levels.put(f.featureName(), f.defaultLevel(version));
        levels.remove(KRaftVersion.FEATURE_NAME);
        return BootstrapMetadata.fromVersions(version, levels, "recorder");
    }

    String bootstrap() {
        return kit.bootstrapServers();
    }

    /** Where a broker listens for clients. */
    int port(int broker) {
        return broker(broker).boundPort(listener);
    }

    Admin admin() {
        return admin;
    }

    BrokerServer broker(int id) {
        return kit.brokers().get(id);
    }

    UnifiedLog log(int broker, TopicPartition tp) {
        return broker(broker).logManager().getLog(tp, false).get();
    }

    /** Process death: no controlled shutdown, no goodbye; the controller notices by the missing heartbeats. */
    void kill(int id) throws Exception {
        BrokerServer b = broker(id);
        b.lifecycleManager().close();
        b.shutdown(Duration.ofMillis(1));
        b.awaitShutdown();
    }

    /** Controlled shutdown: leadership moves away first. */
    void stop(int id) {
        BrokerServer b = broker(id);
        b.shutdown(Duration.ofSeconds(30));
        b.awaitShutdown();
    }

    void start(int id) {
        broker(id).startup();
    }

    boolean running(int id) {
        return !broker(id).isShutdown();
    }

    @Override
    public void close() throws Exception {
        admin.close(Duration.ZERO);
        kit.close();
    }

    static Object peek(Object from, String field) throws Exception {
        Field f = from.getClass().getDeclaredField(field);
        f.setAccessible(true);
        return f.get(from);
    }

    static void poke(Object in, String field, Object value) throws Exception {
        Field f = in.getClass().getDeclaredField(field);
        f.setAccessible(true);
        f.set(in, value);
    }
}
