package recorder.spring;

import java.util.*;
import java.util.function.Supplier;

/** The ordered list of what happened in one run; every event carries the member it happened in (hidden until the end). */
final class Trace {
    private final List<Map<String, Object>> events = new ArrayList<>();
    private final List<String> members = new ArrayList<>();
    private volatile long lastNanos = System.nanoTime();
    private boolean frozen;

    /** The process that the current thread belongs to; null for the script. */
    private final Supplier<String> process;
    private final Set<String> dead = new HashSet<>();
    private String lastEvent;
    private int left;

    Trace(Supplier<String> process) { this.process = process; }

    /** From now on this thread belongs to a process that no longer exists: nothing it does is recorded. */
    synchronized void kill(String member) {
        add(member, Json.map("killed", member));
        dead.add(process.get());
    }

    /** Whether the process of this thread is dead. */
    synchronized boolean dead() { return process.get() != null && dead.contains(process.get()); }

    /** The record ends with the n-th event of this kind. */
    synchronized void freezeAfter(String event, int n) {
        lastEvent = event;
        left = n;
    }

    synchronized void add(String member, Map<String, Object> event) {
        if (frozen || dead()) return;
        lastNanos = System.nanoTime();
        // Successive seeks, pauses and resumes are one event: their order inside one handling step is not fixed.
        if (!events.isEmpty() && Objects.equals(members.get(members.size() - 1), member)) {
            Map<String, Object> prev = events.get(events.size() - 1);
            if (prev.size() == 1 && event.size() == 1 && prev.containsKey("seek") && event.containsKey("seek")) {
                TreeMap<String, Object> m = new TreeMap<>(Json.obj(prev.get("seek")));
                m.putAll(Json.obj(event.get("seek")));
                prev.put("seek", m);
                return;
            }
        }
        events.add(event);
        members.add(member);
        if (event.containsKey(lastEvent) && --left == 0) frozen = true;
    }

    synchronized void freeze() { frozen = true; }
    synchronized int size() { return events.size(); }
    long quietMillis() { return (System.nanoTime() - lastNanos) / 1_000_000; }

    synchronized long count(java.util.function.Predicate<Map<String, Object>> p) {
        return events.stream().filter(p).count();
    }

    synchronized List<Object> flat() { return new ArrayList<>(events); }

    /** One list per member; steps of the script ("do") stand in the list "script". */
    synchronized Map<String, Object> perMember(boolean afterFirstSend) {
        Map<String, Object> out = new TreeMap<>();
        int from = 0;
        while (afterFirstSend && !"send".equals(events.get(from).get("do"))) from++;
        for (int i = from; i < events.size(); i++)
            Json.list(out.computeIfAbsent(members.get(i), k -> new ArrayList<>())).add(events.get(i));
        return out;
    }
}
