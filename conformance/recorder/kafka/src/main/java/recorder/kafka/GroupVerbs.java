package recorder.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;

/** Groups as their coordinator sees them, and their committed offsets. */
final class GroupVerbs {
    private static final long QUIET_NANOS = 1_200_000_000L;
    private static final long SETTLE_NANOS = 40_000_000_000L;
    private final Stage stage;
    private final GroupFacts facts;

    GroupVerbs(Stage stage) {
        this.stage = stage;
        this.facts = new GroupFacts(stage);
    }

    void addTo(Map<String, Verb> verbs) {
        verbs.put("settle", this::settle);
        verbs.put("group", this::group);
        verbs.put("offsets", this::offsets);
        verbs.put("reset_offset", Verb.ok(s -> stage.cluster.admin().alterConsumerGroupOffsets(s.real("group"),
            Map.of(s.partition("partition"), new OffsetAndMetadata(s.number("to")))).all().get()));
        verbs.put("delete_offset", Verb.ok(s -> stage.cluster.admin().deleteConsumerGroupOffsets(s.real("group"),
            Set.of(s.partition("partition"))).all().get()));
    }

    /** A group as its coordinator describes it: its state, and the partitions of its members by name. */
    private record Described(String state, Map<String, TreeSet<String>> members) {}

    private Described described(String group) throws Exception {
        String real = stage.names.real(group);
        var d = stage.cluster.admin().describeConsumerGroups(List.of(real)).all().get().get(real);
        Map<String, TreeSet<String>> members = new TreeMap<>();
        d.members().forEach(m -> members.put(m.groupInstanceId().map(stage.instances::get).orElse(m.clientId()), stage.names.of(m.assignment().topicPartitions())));
        return new Described(d.groupState().toString(), members);
    }

    private Object group(Step s) throws Exception {
        Described d = described(s.text("group"));
        Map<String, Object> members = new LinkedHashMap<>();
        d.members.forEach((name, partitions) -> members.put(name, new ArrayList<>(partitions)));
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("state", d.state);
        r.put("assignment", members);
        return r;
    }

    private Object offsets(Step s) throws Exception {
        var admin = stage.cluster.admin();
        Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
        for (var e : admin.listConsumerGroupOffsets(s.real("group")).partitionsToOffsetAndMetadata().get().entrySet()) {
            if (e.getValue() == null) continue;
            long end = admin.listOffsets(Map.of(e.getKey(), OffsetSpec.latest())).partitionResult(e.getKey()).get().offset();
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("committed", e.getValue().offset());
            f.put("end", end);
            f.put("lag", end - e.getValue().offset());
            r.put(stage.names.of(e.getKey()), f);
        }
        return r;
    }

    /** Until every living member is in, the group is stable, and nothing has moved for a while. */
    private Object settle(Step s) throws Exception {
        String group = s.text("group");
        Collection<String> expected = s.has("members") ? s.texts("members") : stage.members.values().stream()
            .filter(m -> group.equals(m.group) && !m.isGone() && !m.manual && m.isPolling()).map(m -> m.name).toList();
        long limit = System.nanoTime() + SETTLE_NANOS;
        long since = System.nanoTime();
        Described last = null;
        while (System.nanoTime() - since < QUIET_NANOS) {
            if (System.nanoTime() > limit) throw new Waiting.Stuck("group does not settle: " + last + " " + s);
            Thread.sleep(60);
            Described now;
            try {
                now = described(group);
            } catch (ExecutionException e) {
                since = System.nanoTime();
                continue;
            }
            if (!isAsExpected(now, expected) || !now.equals(last)) since = System.nanoTime();
            last = now;
        }
        return facts.of(s, group, new TreeSet<>(expected));
    }

    private boolean isAsExpected(Described now, Collection<String> expected) {
        boolean atRest = now.state.equals("Stable") || expected.isEmpty() && now.state.equals("Empty");
        return atRest && now.members.size() == expected.size()
            && expected.stream().allMatch(n -> now.members.containsKey(n) && stage.members.get(n).assigned.equals(now.members.get(n)));
    }
}
