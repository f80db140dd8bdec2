package recorder.spring;

import static recorder.spring.Json.*;

import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.*;

/** main: CASES_DIR OUT_DIR [regular expression for ids]. Records every case REPS times and writes those whose outcome was the same. */
public final class Main {
    static final int REPS = Integer.getInteger("reps", 3);
    static final int PARALLEL = Integer.getInteger("parallel", 10);
    static final int QUANTUM = 100;

    public static void main(String[] args) throws Exception {
        Path out = Path.of(args[1]);
        String filter = args.length > 2 ? args[2] : "";
        List<Map<String, Object>> cases = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of(args[0]))) {
            for (Path f : files.filter(p -> p.toString().endsWith(".json5")).sorted().toList())
                for (Object c : Json.MAPPER.readValue(f.toFile(), List.class)) cases.addAll(Cases.expand(obj(c)));
        }
        Set<Object> ids = new HashSet<>();
        for (var c : cases) if (!ids.add(c.get("id"))) throw new IllegalStateException("twice: " + c.get("id"));
        cases.removeIf(c -> !java.util.regex.Pattern.compile(filter).matcher(str(c.get("id"))).find());
        AtomicInteger n = new AtomicInteger();
        List<String> bad = Collections.synchronizedList(new ArrayList<>());
        ExecutorService pool = Executors.newFixedThreadPool(PARALLEL);
        try (Broker broker = new Broker()) {
            List<Future<?>> futures = new ArrayList<>();
            for (var c : cases) futures.add(pool.submit(() -> {
                String id = str(c.get("id"));
                try {
                    Object merged = null;
                    for (int rep = 0; rep < REPS; rep++) {
                        Object o = runner(broker, c, Names.prefix(n.incrementAndGet())).execute();
                        merged = rep == 0 ? copy(o) : merge(merged, o, "");
                    }
                    write(c, floor(merged, num(obj(c.get("recorder")).get("quantum_ms"), QUANTUM)), out);
                    System.out.println("ok   " + id);
                } catch (Throwable t) {
                    System.out.println("BAD  " + id + "  " + t);
                    if (!(t instanceof Unstable)) t.printStackTrace(System.out);
                    bad.add(id);
                }
            }));
            for (var f : futures) f.get();
        }
        pool.shutdownNow();
        System.out.println((cases.size() - bad.size()) + " of " + cases.size() + " cases written; not written: " + bad);
        System.exit(bad.isEmpty() ? 0 : 1);
    }

    static Run runner(Broker broker, Map<String, Object> c, String prefix) {
        if (str(c.get("id")).startsWith("spring-events")) return new EventsRun(broker, c, prefix);
        Map<String, Object> given = obj(c.get("given"));
        if (given.containsKey("retry_topic") || given.containsKey("listener_method")) return new AnnotatedRun(broker, c, prefix);
        return new Run(broker, c, prefix);
    }

    static final class Unstable extends RuntimeException {
        Unstable(String m) { super(m); }
    }

    /** Both must be equal, except at_least_ms, of which the smaller is kept. */
    static Object merge(Object a, Object b, String path) {
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            if (!new ArrayList<>(x.keySet()).equals(new ArrayList<>(y.keySet()))) throw new Unstable(path + ": " + a + " != " + b);
            Map<String, Object> m = new LinkedHashMap<>();
            x.forEach((k, v) -> m.put((String) k, k.equals("at_least_ms") ? (Object) Math.min(num(v, 0), num(y.get(k), 0)) : merge(v, y.get(k), path + "/" + k)));
            return m;
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            List<Object> l = new ArrayList<>();
            for (int i = 0; i < Math.max(x.size(), y.size()); i++)
                l.add(merge(i < x.size() ? x.get(i) : null, i < y.size() ? y.get(i) : null, path + "/" + i));
            return l;
        }
        if (!Objects.equals(str(a), str(b))) throw new Unstable(path + ": " + a + " != " + b);
        return a;
    }

    /** Durations are lower bounds: down to the next multiple of the quantum; 0 says nothing and is left out. */
    static Object floor(Object o, int quantum) {
        if (o instanceof Map<?, ?> m) {
            Map<String, Object> r = new LinkedHashMap<>();
            m.forEach((k, v) -> r.put((String) k, floor(v, quantum)));
            if (r.containsKey("at_least_ms")) {
                int v = num(r.get("at_least_ms"), 0) / quantum * quantum;
                if (v == 0) { r.remove("at_least_ms"); r.remove("because"); }
                else r.put("at_least_ms", v);
            }
            return r;
        }
        if (o instanceof List<?> l) return l.stream().map(x -> floor(x, quantum)).collect(Collectors.toList());
        return o;
    }

    static void write(Map<String, Object> c, Object observed, Path dir) throws Exception {
        Map<String, Object> m = map("id", c.get("id"), "title", c.get("title"), "rules", c.get("rules"),
            "recorded_with", Cases.recordedWith(str(c.get("id"))), "given", c.get("given"), "script", c.get("script"), "observed", observed,
            "not_compared", list(c.get("not_compared")));
        Files.createDirectories(dir);
        Files.writeString(dir.resolve(c.get("id") + ".json"), Json.pretty(m));
    }
}
