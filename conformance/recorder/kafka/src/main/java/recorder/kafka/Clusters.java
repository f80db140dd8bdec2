package recorder.kafka;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;

/** The clusters that scripts are played on: made when first wanted, shared where scripts cannot disturb each other. */
@SuppressWarnings("unchecked")
final class Clusters implements AutoCloseable {
    /** How many brokers, with which settings beside the common ones, and whether a script must have them for itself. */
    private record Shape(int brokers, Map<String, Object> config, boolean alone) {}

    private final int parallel;
    private final int trios;
    private final Map<Shape, ArrayBlockingQueue<Cluster>> free = new HashMap<>();
    private final List<Cluster> all = new ArrayList<>();

    /** {@code parallel} scripts at a time on one broker; {@code trios} clusters of three. */
    Clusters(int parallel, int trios) {
        this.parallel = parallel;
        this.trios = trios;
    }

    /** A place on a cluster; to be given back. */
    record Place(Cluster cluster, ArrayBlockingQueue<Cluster> home) implements AutoCloseable {
        @Override
        public void close() {
            home.add(cluster);
        }
    }

    /** Waits for a place for a case. */
    Place take(Map<String, Object> c) throws Exception {
        var home = home(shape(c));
        return new Place(home.take(), home);
    }

    static int brokers(Map<String, Object> c) {
        return (Integer) c.getOrDefault("brokers", 1);
    }

    /** The settings of the case's brokers beside {@link Cluster#CONFIG}. */
    static Map<String, Object> config(Map<String, Object> c) {
        return (Map<String, Object>) ((Map<String, Object>) c.getOrDefault("given", Map.of())).getOrDefault("broker_config", Map.of());
    }

    private static Shape shape(Map<String, Object> c) {
        boolean stops = ((List<Map<String, Object>>) c.get("script")).stream().anyMatch(s -> ((String) s.get("do")).endsWith("_broker"));
        return new Shape(brokers(c), config(c), stops || brokers(c) > 1);
    }

    private synchronized ArrayBlockingQueue<Cluster> home(Shape shape) throws Exception {
        var home = free.get(shape);
        if (home == null) {
            free.put(shape, home = new ArrayBlockingQueue<>(parallel + trios));
            int clusters = shape.alone && shape.brokers > 1 && shape.config.isEmpty() ? trios : 1;
            for (int i = 0; i < clusters; i++) {
                Cluster cluster = new Cluster(shape.brokers, shape.config);
                all.add(cluster);
                for (int slot = 0; slot < (shape.alone ? 1 : parallel); slot++) home.add(cluster);
            }
        }
        return home;
    }

    @Override
    public synchronized void close() throws Exception {
        for (Cluster c : all) c.close();
    }
}
