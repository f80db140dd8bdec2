package recorder.kafka;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** What {@code settle} can show of a group at rest; remembers what it was at the last one. */
@SuppressWarnings("unchecked")
final class GroupFacts {
    private final Stage stage;
    private final Map<String, Map<String, String>> lastOwners = new HashMap<>();
    private final Map<String, Integer> lastGenerations = new HashMap<>();

    GroupFacts(Stage stage) {
        this.stage = stage;
    }

    Map<String, Object> of(Step s, String group, TreeSet<String> expected) {
        List<String> show = s.texts("show", List.of("generation", "assignment", "events"));
        Map<String, String> owners = new TreeMap<>(Facts.BY_PARTITION);
        Map<String, Object> assignment = new LinkedHashMap<>();
        Map<String, Integer> counts = new LinkedHashMap<>();
        int generation = -1;
        for (String n : expected.stream().sorted(Comparator.comparing(String::length).thenComparing(x -> x)).toList()) {
            Member m = stage.members.get(n);
            assignment.put(n, new ArrayList<>(m.assigned));
            counts.put(n, m.assigned.size());
            m.assigned.forEach(p -> owners.put(p, n));
            generation = Math.max(generation, m.generation);
        }
        boolean drain = show.contains("events") || show.contains("changes");
        Map<String, Object> events = drain ? events(group) : Map.of();
        long moved = moved(lastOwners.getOrDefault(group, Map.of()), owners, expected);
        lastOwners.put(group, owners);
        Map<String, Object> r = new LinkedHashMap<>();
        if (show.contains("generation")) r.put("generation", generation);
        if (show.contains("assignment")) r.put("assignment", assignment);
        if (show.contains("counts")) r.put("counts", counts);
        if (show.contains("sorted_counts")) r.put("sorted_counts", counts.values().stream().sorted().toList());
        if (show.contains("moved_between_living")) r.put("moved_between_living", moved);
        if (show.contains("events")) r.put("events", events);
        if (show.contains("more_than_one_rebalance")) r.put("more_than_one_rebalance", generation - lastGenerations.getOrDefault(group, 0) > 1);
        lastGenerations.put(group, generation);
        if (show.contains("changes")) r.put("changes", changes(events));
        return r;
    }

    private Map<String, Object> events(String group) {
        Map<String, Object> events = new LinkedHashMap<>();
        stage.members.forEach((n, m) -> {
            if (!group.equals(m.group)) return;
            List<Object> e = m.drainEvents();
            if (!e.isEmpty()) events.put(n, e);
        });
        return events;
    }

    private static long moved(Map<String, String> before, Map<String, String> now, TreeSet<String> living) {
        return now.entrySet().stream().filter(e -> before.containsKey(e.getKey()) && !before.get(e.getKey()).equals(e.getValue())
            && living.contains(before.get(e.getKey()))).count();
    }

    private static Map<String, Object> changes(Map<String, Object> events) {
        Map<String, Object> changes = new LinkedHashMap<>();
        events.forEach((n, e) -> {
            List<Map<String, Object>> c = merged((List<Map<String, Object>>) e);
            if (!c.isEmpty()) changes.put(n, c);
        });
        return changes;
    }

    /** Events without the empty ones, neighbours of one kind made one. */
    private static List<Map<String, Object>> merged(List<Map<String, Object>> events) {
        List<Map<String, Object>> r = new ArrayList<>();
        for (var e : events) {
            String what = e.keySet().iterator().next();
            if (!(e.get(what) instanceof List<?> partitions)) {
                r.add(e);
            } else if (!partitions.isEmpty()) {
                if (!r.isEmpty() && r.get(r.size() - 1).containsKey(what)) {
                    TreeSet<String> all = new TreeSet<>(Facts.BY_PARTITION);
                    all.addAll((List<String>) r.remove(r.size() - 1).get(what));
                    all.addAll((List<String>) partitions);
                    partitions = new ArrayList<>(all);
                }
                r.add(Map.of(what, partitions));
            }
        }
        return r;
    }
}
