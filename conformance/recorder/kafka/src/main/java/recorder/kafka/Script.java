package recorder.kafka;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.NewTopic;

/** Carries out one case, once, against a real cluster, and returns what was observed. The verbs are in the classes {@code …Verbs}. */
@SuppressWarnings("unchecked")
final class Script implements AutoCloseable {
    private final Stage stage;
    private final List<Step> steps;
    private final Map<String, Verb> verbs = new HashMap<>();

    Script(Cluster cluster, Map<String, Object> given, List<Map<String, Object>> steps, String prefix) {
        this.stage = new Stage(cluster, given, new Names(prefix));
        this.steps = steps.stream().map(fields -> new Step(fields, stage.names)).toList();
        verbs.put("advance", Verb.ok(s -> Thread.sleep(s.number("ms"))));
        new SendVerbs(stage).addTo(verbs);
        new TransactionVerbs(stage).addTo(verbs);
        new LogVerbs(stage).addTo(verbs);
        new MemberVerbs(stage).addTo(verbs);
        new GroupVerbs(stage).addTo(verbs);
        new BrokerVerbs(stage).addTo(verbs);
        new NetworkVerbs(stage).addTo(verbs);
        new ShareVerbs(stage).addTo(verbs);
    }

    Map<String, Object> run() throws Exception {
        stage.makeProxies(steps);
        createTopics();
        new ShareGroups(stage).configureAll();
        Map<String, Object> observed = new LinkedHashMap<>();
        for (Step step : steps) {
            Object value;
            try {
                value = perform(step);
            } catch (Waiting.Stuck e) {
                throw e;
            } catch (Exception e) {
                if (!step.has("as")) throw new IllegalStateException("step failed: " + step, e);
                value = Facts.error(e);
            }
            if (step.has("as") && observed.put(step.text("as"), value) != null) throw new IllegalStateException("label used twice: " + step);
        }
        return observed;
    }

    private Object perform(Step step) throws Exception {
        Verb verb = verbs.get(step.verb());
        if (verb == null) throw new Waiting.Stuck("no such verb: " + step);
        return verb.perform(step);
    }

    private void createTopics() throws Exception {
        List<NewTopic> all = new ArrayList<>();
        ((Map<String, Object>) stage.given.getOrDefault("topics", Map.of())).forEach((name, spec) -> all.add(topic(name, (Map<String, Object>) spec)));
        stage.cluster.admin().createTopics(all).all().get();
        for (NewTopic t : all) {
            int n = t.replicasAssignments() == null ? t.numPartitions() : t.replicasAssignments().size();
            Waiting.await(20_000, () -> stage.leaders(t.name()).size() == n && stage.leadersKnow(t.name()));
        }
    }

    private NewTopic topic(String name, Map<String, Object> spec) {
        NewTopic topic;
        if (spec.containsKey("replicas")) {
            Map<Integer, List<Integer>> assignment = new TreeMap<>();
            List<List<Integer>> replicas = (List<List<Integer>>) spec.get("replicas");
            for (int i = 0; i < replicas.size(); i++) assignment.put(i, replicas.get(i));
            topic = new NewTopic(stage.names.real(name), assignment);
        } else {
            topic = new NewTopic(stage.names.real(name), (Integer) spec.get("partitions"), (short) 1);
        }
        Map<String, String> config = new TreeMap<>();
        ((Map<String, Object>) spec.getOrDefault("config", Map.of())).forEach((k, v) -> config.put(k, String.valueOf(v)));
        return topic.configs(config);
    }

    @Override
    public void close() {
        stage.close();
    }
}
