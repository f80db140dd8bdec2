package recorder.kafka;

import java.util.Map;
import java.util.TreeMap;

/** Settings of every client that a script does not set otherwise; printed into {@code given} of each case. */
final class Defaults {
    static final Map<String, Object> CONSUMER = new TreeMap<>(Map.of(
        "enable.auto.commit", false, "auto.offset.reset", "earliest",
        "heartbeat.interval.ms", 300, "session.timeout.ms", 6000, "metadata.max.age.ms", 1000));
    static final Map<String, Object> PRODUCER = new TreeMap<>(Map.of("linger.ms", 0, "metadata.max.age.ms", 1000));

    private Defaults() {}
}
