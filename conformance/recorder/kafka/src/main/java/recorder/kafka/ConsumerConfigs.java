package recorder.kafka;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** The settings of a consumer, from the fields of the step that makes it. */
final class ConsumerConfigs {
    private static final Map<String, String> ASSIGNORS = Map.of(
        "range", "org.apache.kafka.clients.consumer.RangeAssignor",
        "roundrobin", "org.apache.kafka.clients.consumer.RoundRobinAssignor",
        "sticky", "org.apache.kafka.clients.consumer.StickyAssignor",
        "cooperative-sticky", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor");

    private ConsumerConfigs() {}

    /** Refuses values that start with "poison". */
    public static final class PickyDeserializer implements Deserializer<String> {
        @Override
        public String deserialize(String topic, byte[] data) {
            String s = data == null ? null : new String(data, StandardCharsets.UTF_8);
            if (s != null && s.startsWith("poison")) throw new IllegalArgumentException("poison");
            return s;
        }
    }

    static Properties of(Stage stage, String name, String group, Step s) {
        Properties p = new Properties();
        Map<String, Object> config = s.map("config");
        boolean modern = "consumer".equals(config.get("group.protocol"));
        Defaults.CONSUMER.forEach((k, v) -> {
            if (!modern || !(k.equals("heartbeat.interval.ms") || k.equals("session.timeout.ms"))) p.put(k, String.valueOf(v));
        });
        p.put("client.id", name);
        p.put("key.deserializer", StringDeserializer.class.getName());
        boolean picky = "picky".equals(s.get("value_deserializer"));
        p.put("value.deserializer", (picky ? PickyDeserializer.class : StringDeserializer.class).getName());
        if (group != null) p.put("group.id", stage.names.real(group));
        if (s.has("assignor")) p.put("partition.assignment.strategy", assignors(s.get("assignor")));
        if (s.has("instance")) p.put("group.instance.id", s.text("instance"));
        if (s.has("isolation")) p.put("isolation.level", s.text("isolation"));
        config.forEach((k, v) -> p.put(k, String.valueOf(v)));
        p.put("bootstrap.servers", stage.bootstrap(name));
        return p;
    }

    private static String assignors(Object one) {
        List<?> names = one instanceof List<?> list ? list : List.of(one);
        return names.stream().map(ASSIGNORS::get).collect(Collectors.joining(","));
    }
}
