package recorder.kafka;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.common.config.ConfigResource;

/** Share groups as their coordinator sees them, their start offsets and settings. */
@SuppressWarnings("unchecked")
final class ShareGroups {
    private static final long QUIET_NANOS = 1_200_000_000L;
    private static final long SETTLE_NANOS = 40_000_000_000L;
    private final Stage stage;

    ShareGroups(Stage stage) {
        this.stage = stage;
    }

    void addTo(Map<String, Verb> verbs) {
        var admin = stage.cluster.admin();
        verbs.put("share_group", s -> facts(described(s.text("group"))));
        verbs.put("share_settle", this::settle);
        verbs.put("share_offsets", this::offsets);
        verbs.put("alter_share_group", Verb.ok(s -> configure(s.text("group"), s.map("config"))));
        verbs.put("alter_share_offsets", Verb.ok(s -> admin.alterShareGroupOffsets(s.real("group"), Map.of(s.partition("partition"), s.number("to"))).all().get()));
        verbs.put("delete_share_offsets", Verb.ok(s -> admin.deleteShareGroupOffsets(s.real("group"), Set.of(s.real("topic"))).all().get()));
        verbs.put("delete_share_group", Verb.ok(s -> admin.deleteShareGroups(List.of(s.real("group"))).all().get()));
    }

    /** The settings of {@code given.share_groups}. */
    void configureAll() throws Exception {
        for (var e : ((Map<String, Map<String, Object>>) stage.given.getOrDefault("share_groups", Map.of())).entrySet()) {
            configure(e.getKey(), e.getValue());
        }
    }

    private void configure(String group, Map<String, Object> config) throws Exception {
        List<AlterConfigOp> ops = new ArrayList<>();
        config.forEach((k, v) -> ops.add(new AlterConfigOp(new ConfigEntry(k, String.valueOf(v)), AlterConfigOp.OpType.SET)));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, stage.names.real(group));
        stage.cluster.admin().incrementalAlterConfigs(Map.of(resource, ops)).all().get();
        Thread.sleep(500); // until every broker has read it
    }

    /** A share group as its coordinator describes it; {@code atOne}: every member has the assignment of the group's epoch. */
    record Described(String state, Map<String, TreeSet<String>> members, boolean atOne) {}

    Described described(String group) throws Exception {
        String real = stage.names.real(group);
        var d = stage.cluster.admin().describeShareGroups(List.of(real)).all().get().get(real);
        Map<String, TreeSet<String>> members = new TreeMap<>();
        d.members().forEach(m -> members.put(m.clientId(), stage.names.of(m.assignment().topicPartitions())));
        boolean atOne = d.groupEpoch() == d.targetAssignmentEpoch() && d.members().stream().allMatch(m -> m.memberEpoch() == d.groupEpoch());
        return new Described(d.groupState().toString(), members, atOne);
    }

    private static Map<String, Object> facts(Described d) {
        Map<String, Object> members = new LinkedHashMap<>();
        d.members.forEach((name, partitions) -> members.put(name, new ArrayList<>(partitions)));
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("state", d.state);
        r.put("assignment", members);
        return r;
    }

    /** How many partitions each member has; which, hangs on their random ids. */
    private static Map<String, Object> counts(Described d) {
        Map<String, Object> counts = new LinkedHashMap<>();
        d.members.forEach((name, partitions) -> counts.put(name, partitions.size()));
        Map<String, Object> r = new LinkedHashMap<>();
        r.put("state", d.state);
        r.put("counts", counts);
        return r;
    }

    private Object settle(Step s) throws Exception {
        String group = s.text("group");
        Collection<String> expected = s.has("members") ? s.texts("members") : stage.shareMembers.values().stream()
            .filter(m -> group.equals(m.group) && !m.isGone()).map(m -> m.name).toList();
        String state = expected.isEmpty() ? "Empty" : "Stable";
        long limit = System.nanoTime() + SETTLE_NANOS;
        long since = System.nanoTime();
        Described last = null;
        while (System.nanoTime() - since < QUIET_NANOS) {
            if (System.nanoTime() > limit) throw new Waiting.Stuck("group does not settle: " + last + " " + s);
            Thread.sleep(60);
            Described now = described(group);
            boolean good = now.state.equals(state) && (now.atOne || expected.isEmpty()) && now.members.keySet().equals(new TreeSet<>(expected));
            if (!good || !now.equals(last)) since = System.nanoTime();
            last = now;
        }
        return "counts".equals(s.get("show")) ? counts(last) : facts(last);
    }

    private Object offsets(Step s) throws Exception {
        String real = s.real("group");
        Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
        var all = stage.cluster.admin().listShareGroupOffsets(Map.of(real, new ListShareGroupOffsetsSpec())).partitionsToOffsetInfo(real).get();
        all.forEach((tp, info) -> {
            if (info == null) return;
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("start", info.startOffset());
            f.put("lag", info.lag().orElse(null));
            r.put(stage.names.of(tp), f);
        });
        return r;
    }
}
