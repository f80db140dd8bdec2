package recorder.kafka;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads the case files of this program, and writes recorded cases. */
@SuppressWarnings("unchecked")
final class CaseFiles {
    private static final Set<String> CONSUMERS = Set.of("join", "open", "assign", "read");

    private CaseFiles() {}

    /** Every case of the YAML files of a folder. */
    static List<Map<String, Object>> read(Path dir) throws IOException {
        ObjectMapper yaml = new ObjectMapper(new YAMLFactory());
        List<Map<String, Object>> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(dir)) {
            for (Path f : files.filter(p -> p.toString().endsWith(".yaml")).sorted().toList()) {
                all.addAll(yaml.readValue(f.toFile(), List.class));
            }
        }
        Set<Object> ids = new LinkedHashSet<>();
        for (var c : all) if (!ids.add(c.get("id"))) throw new IllegalStateException("twice: " + c.get("id"));
        return all;
    }

    static void write(Path dir, Map<String, Object> c, Map<String, Object> observed) throws IOException {
        Map<String, Object> f = new LinkedHashMap<>();
        f.put("id", c.get("id"));
        f.put("title", c.get("title"));
        f.put("rules", c.get("rules"));
        f.put("recorded_with", Map.of("kafka", org.apache.kafka.common.utils.AppInfoParser.getVersion()));
        f.put("given", given(c));
        f.put("script", c.get("script"));
        f.put("observed", observed);
        f.put("not_compared", c.getOrDefault("not_compared", List.of()));
        Files.createDirectories(dir);
        Files.writeString(dir.resolve(c.get("id") + ".json"), Json.pretty(f));
    }

    /** What the case gives, and what every case has without saying so. */
    private static Map<String, Object> given(Map<String, Object> c) {
        List<String> verbs = ((List<Map<String, Object>>) c.get("script")).stream().map(s -> (String) s.get("do")).toList();
        Map<String, Object> config = new TreeMap<>(Cluster.CONFIG);
        config.putAll(Clusters.config(c));
        Map<String, Object> given = new LinkedHashMap<>();
        given.put("brokers", Clusters.brokers(c));
        given.put("broker_config", config); // at its place; once more below, where the case's own would replace it
        if (verbs.stream().anyMatch(v -> v.startsWith("send") || v.equals("partition_table"))) given.put("producer_defaults", Defaults.PRODUCER);
        if (verbs.stream().anyMatch(CONSUMERS::contains)) given.put("consumer_defaults", Defaults.CONSUMER);
        given.putAll((Map<String, Object>) c.getOrDefault("given", Map.of()));
        given.put("broker_config", config);
        return given;
    }
}
