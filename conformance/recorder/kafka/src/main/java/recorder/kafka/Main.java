package recorder.kafka;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** Usage: Main CASES_DIR OUT_DIR [id-regex]. */
@SuppressWarnings("unchecked")
public final class Main {
    private static final AtomicInteger RUNS = new AtomicInteger();

    public static void main(String[] args) throws Exception {
        Path out = Path.of(args[1]);
        String only = args.length > 2 ? args[2] : ".*";
        List<Map<String, Object>> cases = load(Path.of(args[0])).stream().filter(c -> ((String) c.get("id")).matches(only)).toList();
        int parallel = Integer.getInteger("parallel", 10);
        int trios = Integer.getInteger("trios", 2);
        List<String> dropped = Collections.synchronizedList(new ArrayList<>());

        boolean anySingle = cases.stream().anyMatch(c -> brokers(c) == 1);
        boolean anyTrio = cases.stream().anyMatch(c -> brokers(c) == 3);
        ExecutorService pool = Executors.newCachedThreadPool();
        ArrayBlockingQueue<Cluster> singles = new ArrayBlockingQueue<>(Math.max(1, parallel));
        ArrayBlockingQueue<Cluster> triples = new ArrayBlockingQueue<>(Math.max(1, trios));
        List<Cluster> clusters = new ArrayList<>();
        if (anySingle) {
            Cluster c = new Cluster(1);
            clusters.add(c);
            for (int i = 0; i < parallel; i++) singles.add(c);
        }
        if (anyTrio) {
            for (int i = 0; i < trios; i++) {
                Cluster c = new Cluster(3);
                clusters.add(c);
                triples.add(c);
            }
        }
        List<Future<Void>> jobs = new ArrayList<>();
        for (var c : cases) {
            var slots = brokers(c) == 1 ? singles : triples;
            jobs.add(pool.submit((Callable<Void>) () -> {
                record(c, slots, pool, out, dropped);
                return null;
            }));
        }
        for (var j : jobs) j.get();
        System.out.println("recorded " + (cases.size() - dropped.size()) + ", dropped " + dropped.size() + " " + dropped);
        for (Cluster c : clusters) c.close();
        System.exit(dropped.isEmpty() ? 0 : 1);
    }

    private static int brokers(Map<String, Object> c) {
        return (Integer) c.getOrDefault("brokers", 1);
    }

    private static List<Map<String, Object>> load(Path dir) throws Exception {
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

    private static void record(Map<String, Object> c, ArrayBlockingQueue<Cluster> slots, ExecutorService pool, Path dir, List<String> dropped) {
        String id = (String) c.get("id");
        int repeat = (Integer) c.getOrDefault("repeat", 3);
        try {
            List<Future<Map<String, Object>>> runs = new ArrayList<>();
            for (int i = 0; i < repeat; i++) {
                runs.add(pool.submit(() -> {
                    Cluster cluster = slots.take();
                    try (Script s = new Script(cluster, (Map<String, Object>) c.getOrDefault("given", Map.of()),
                        (List<Map<String, Object>>) c.get("script"), "r" + RUNS.incrementAndGet() + "." )) {
                        return s.run();
                    } finally {
                        slots.add(cluster);
                    }
                }));
            }
            Set<String> outcomes = new LinkedHashSet<>();
            Map<String, Object> observed = null;
            for (var r : runs) {
                observed = r.get();
                outcomes.add(Json.pretty(observed));
            }
            if (outcomes.size() > 1) {
                dropped.add(id);
                System.out.println("UNEQUAL " + id);
                outcomes.forEach(System.out::print);
                return;
            }
            Files.createDirectories(dir);
            Files.writeString(dir.resolve(id + ".json"), Json.pretty(file(c, observed)));
            System.out.println("ok " + id);
        } catch (Exception e) {
            dropped.add(id);
            System.out.println("FAILED " + id + ": " + trace(e));
        }
    }

    private static String trace(Throwable t) {
        StringBuilder s = new StringBuilder();
        for (Throwable x = t; x != null; x = x.getCause()) s.append("\n    ").append(x);
        return s.toString();
    }

    private static Map<String, Object> file(Map<String, Object> c, Map<String, Object> observed) {
        List<Map<String, Object>> script = (List<Map<String, Object>>) c.get("script");
        Map<String, Object> given = new LinkedHashMap<>();
        given.put("brokers", brokers(c));
        given.put("broker_config", new TreeMap<>(Cluster.CONFIG));
        if (script.stream().anyMatch(s -> ((String) s.get("do")).startsWith("send") || s.get("do").equals("partition_table"))) {
            given.put("producer_defaults", Script.PRODUCER_DEFAULTS);
        }
        if (script.stream().anyMatch(s -> List.of("join", "open", "assign", "read").contains(s.get("do")))) {
            given.put("consumer_defaults", Script.CONSUMER_DEFAULTS);
        }
        given.putAll((Map<String, Object>) c.getOrDefault("given", Map.of()));
        Map<String, Object> f = new LinkedHashMap<>();
        f.put("id", c.get("id"));
        f.put("title", c.get("title"));
        f.put("rules", c.get("rules"));
        f.put("recorded_with", Map.of("kafka", org.apache.kafka.common.utils.AppInfoParser.getVersion()));
        f.put("given", given);
        f.put("script", script);
        f.put("observed", observed);
        f.put("not_compared", c.getOrDefault("not_compared", List.of()));
        return f;
    }
}
