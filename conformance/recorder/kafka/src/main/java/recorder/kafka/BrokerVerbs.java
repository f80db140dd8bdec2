package recorder.kafka;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;

/** Brokers that die and come back, and who then leads. */
@SuppressWarnings("unchecked")
final class BrokerVerbs {
    private static final long PATIENCE_MS = 40_000;
    private final Stage stage;

    BrokerVerbs(Stage stage) {
        this.stage = stage;
    }

    void addTo(Map<String, Verb> verbs) {
        verbs.put("kill_broker", Verb.ok(s -> stage.cluster.kill(s.count("broker"))));
        verbs.put("kill_coordinator", Verb.ok(s -> stage.cluster.kill(coordinator(s))));
        verbs.put("stop_broker", Verb.ok(s -> stage.cluster.stop(s.count("broker"))));
        verbs.put("start_broker", Verb.ok(s -> stage.cluster.start(s.count("broker"))));
        verbs.put("partition_state", s -> state(s.text("topic")));
        verbs.put("await_isr", Verb.ok(this::awaitIsr));
        verbs.put("await_leader", Verb.ok(this::awaitLeader));
    }

    private int coordinator(Step s) throws Exception {
        var admin = stage.cluster.admin();
        boolean ofShares = s.has("group") && stage.shareMembers.values().stream().anyMatch(m -> s.text("group").equals(m.group));
        if (ofShares) return admin.describeShareGroups(List.of(s.real("group"))).all().get().get(s.real("group")).coordinator().id();
        if (s.has("group")) return admin.describeConsumerGroups(List.of(s.real("group"))).all().get().get(s.real("group")).coordinator().id();
        String id = s.real("transactional_id");
        return admin.describeTransactions(List.of(id)).all().get().get(id).coordinatorId();
    }

    private Map<String, Object> state(String topic) throws Exception {
        Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
        String real = stage.names.real(topic);
        for (TopicPartitionInfo p : stage.cluster.admin().describeTopics(List.of(real)).allTopicNames().get().get(real).partitions()) {
            Map<String, Object> f = new LinkedHashMap<>();
            f.put("leader", p.leader() == null || p.leader().isEmpty() ? null : p.leader().id());
            f.put("isr", p.isr().stream().map(n -> n.id()).sorted().toList());
            r.put(topic + "-" + p.partition(), f);
        }
        return r;
    }

    /** Whether a fact is the same, and this, for every partition of the topic. */
    private boolean all(String topic, String fact, Object wanted) throws Exception {
        return state(topic).values().stream().allMatch(p -> Objects.equals(((Map<String, Object>) p).get(fact), wanted));
    }

    private void awaitIsr(Step s) throws Exception {
        List<Integer> isr = (List<Integer>) s.get("isr");
        Waiting.await(PATIENCE_MS, () -> all(s.text("topic"), "isr", isr));
        Waiting.await(PATIENCE_MS, () -> leadersKnowIsr(s.real("topic"), isr)); // the controller knows before the leader does
    }

    private void awaitLeader(Step s) throws Exception {
        Waiting.await(PATIENCE_MS, () -> all(s.text("topic"), "leader", s.get("leader")));
        Waiting.await(PATIENCE_MS, () -> stage.leadersKnow(s.real("topic")));
    }

    /** Whether the leader of every partition that has one has itself taken over this ISR. */
    private boolean leadersKnowIsr(String real, List<Integer> isr) throws Exception {
        return stage.leaders(real).entrySet().stream().allMatch(e -> {
            var known = stage.cluster.broker(e.getValue()).replicaManager().getPartitionOrException(new TopicPartition(real, e.getKey())).inSyncReplicaIds();
            return known.size() == isr.size() && isr.stream().allMatch(known::contains);
        });
    }
}
