package recorder.kafka;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Plays every case several times and writes those whose outcome is the same each time. Usage: Main CASES_DIR OUT_DIR [id-regex]. */
@SuppressWarnings("unchecked")
public final class Main {
    private static final AtomicInteger RUNS = new AtomicInteger();
    private final ExecutorService pool = Executors.newCachedThreadPool();
    private final Clusters clusters = new Clusters(Integer.getInteger("parallel", 10), Integer.getInteger("trios", 2));
    private final List<String> dropped = Collections.synchronizedList(new ArrayList<>());
    private final Path out;

    private Main(Path out) {
        this.out = out;
    }

    public static void main(String[] args) throws Exception {
        String only = args.length > 2 ? args[2] : ".*";
        var cases = CaseFiles.read(Path.of(args[0])).stream().filter(c -> ((String) c.get("id")).matches(only)).toList();
        Main main = new Main(Path.of(args[1]));
        main.recordAll(cases);
        System.out.println("recorded " + (cases.size() - main.dropped.size()) + ", dropped " + main.dropped.size() + " " + main.dropped);
        main.clusters.close();
        System.exit(main.dropped.isEmpty() ? 0 : 1);
    }

    private void recordAll(List<Map<String, Object>> cases) throws Exception {
        List<Future<Void>> jobs = new ArrayList<>();
        for (var c : cases) {
            jobs.add(pool.submit((Callable<Void>) () -> {
                record(c);
                return null;
            }));
        }
        for (var j : jobs) j.get();
    }

    private void record(Map<String, Object> c) {
        String id = (String) c.get("id");
        int repeat = (Integer) c.getOrDefault("repeat", 3);
        try {
            List<Future<Map<String, Object>>> runs = new ArrayList<>();
            for (int i = 0; i < repeat; i++) runs.add(pool.submit(() -> play(c)));
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
            CaseFiles.write(out, c, observed);
            System.out.println("ok " + id);
        } catch (Exception e) {
            dropped.add(id);
            System.out.println("FAILED " + id + ": " + trace(e));
        }
    }

    /** One play of a case, on names of its own. */
    private Map<String, Object> play(Map<String, Object> c) throws Exception {
        try (var place = clusters.take(c);
             var script = new Script(place.cluster(), (Map<String, Object>) c.getOrDefault("given", Map.of()),
                 (List<Map<String, Object>>) c.get("script"), "r" + RUNS.incrementAndGet() + ".")) {
            return script.run();
        }
    }

    private static String trace(Throwable t) {
        StringBuilder s = new StringBuilder();
        for (Throwable x = t; x != null; x = x.getCause()) s.append("\n    ").append(x);
        return s.toString();
    }
}
