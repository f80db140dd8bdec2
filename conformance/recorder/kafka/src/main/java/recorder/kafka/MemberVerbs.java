package recorder.kafka;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Consumers: making them, and what their applications do. */
@SuppressWarnings("unchecked")
final class MemberVerbs {
    /** How long {@code drain} wants it to be quiet. */
    private static final long QUIET_NANOS = 1_200_000_000L;
    private final Stage stage;

    MemberVerbs(Stage stage) {
        this.stage = stage;
    }

    void addTo(Map<String, Verb> verbs) {
        verbs.put("join", Verb.ok(s -> open(s, true)));
        verbs.put("open", Verb.ok(s -> open(s, false)));
        verbs.put("assign", Verb.ok(this::assign));
        verbs.put("leave", this::leave);
        verbs.put("crash", Verb.ok(this::crash));
        verbs.put("stall", Verb.ok(this::stall));
        verbs.put("resume", Verb.ok(s -> stage.member(s).polling(true)));
        verbs.put("wakeup", Verb.ok(s -> stage.member(s).consumer().wakeup()));
        verbs.put("events", s -> stage.member(s).drainEvents());
        verbs.put("take", s -> stage.member(s).drainReceived());
        verbs.put("await_records", this::awaitRecords);
        verbs.put("poll", this::poll);
        verbs.put("drain", this::drain);
        verbs.put("seek", this::seek);
        verbs.put("position", this::position);
        verbs.put("commit", this::commit);
    }

    private void open(Step s, boolean polling) {
        String name = s.text("member");
        String group = s.text("group");
        List<String> topics = s.texts("topics").stream().map(stage.names::real).toList();
        if (s.has("instance")) stage.instances.put(s.text("instance"), name);
        Member now = new Member(name, group, stage.names, ConsumerConfigs.of(stage, name, group, s), topics, polling, null);
        if (s.flag("commit_on_revoke")) now.commitOnRevoke();
        Member old = stage.members.put(name, now);
        if (old != null && !old.isGone()) stage.members.put(name + "(old)", old);
    }

    private void assign(Step s) {
        String name = s.text("member");
        String group = s.text("group");
        List<TopicPartition> tps = s.texts("partitions").stream().map(stage.names::partition).toList();
        stage.members.put(name, new Member(name, group, stage.names, ConsumerConfigs.of(stage, name, group, s), null, false, tps));
    }

    private Object leave(Step s) throws Exception {
        ShareMember share = stage.shareMembers.get(s.text("member"));
        if (share == null) return stage.member(s).leave();
        share.leave();
        return Verb.OK;
    }

    private void crash(Step s) throws Exception {
        ShareMember share = stage.shareMembers.get(s.text("member"));
        if (share == null) stage.member(s).crash();
        else share.crash();
    }

    private void stall(Step s) throws Exception {
        stage.member(s).polling(false);
        stage.member(s).ask(() -> null);
    }

    private Object awaitRecords(Step s) throws Exception {
        Member m = stage.member(s);
        int n = s.count("count");
        Map<String, Object> got = new TreeMap<>(Facts.BY_PARTITION);
        Waiting.await(20_000, () -> {
            m.drainReceived().forEach((k, v) -> ((List<Object>) got.computeIfAbsent(k, x -> new ArrayList<>())).addAll((List<Object>) v));
            return got.values().stream().mapToInt(v -> ((List<Object>) v).size()).sum() >= n;
        });
        return got;
    }

    private Object poll(Step s) throws Exception {
        Member m = stage.member(s);
        long limit = s.count("for_ms", 15_000);
        return m.ask(() -> {
            List<ConsumerRecord<String, String>> all = new ArrayList<>();
            long end = System.nanoTime() + limit * 1_000_000L;
            do {
                m.consumer().poll(Duration.ofMillis(Math.min(100, limit))).forEach(all::add);
            } while (all.isEmpty() && System.nanoTime() < end);
            return stage.names.byPartition(all);
        });
    }

    private Object drain(Step s) throws Exception {
        Member m = stage.member(s);
        return m.ask(() -> {
            List<ConsumerRecord<String, String>> all = new ArrayList<>();
            long quiet = System.nanoTime();
            while (System.nanoTime() - quiet < QUIET_NANOS) {
                var got = m.consumer().poll(Duration.ofMillis(100));
                if (!got.isEmpty() || m.consumer().assignment().isEmpty()) quiet = System.nanoTime();
                got.forEach(all::add);
            }
            return stage.names.byPartition(all);
        });
    }

    private Object seek(Step s) throws Exception {
        Member m = stage.member(s);
        TopicPartition tp = s.partition("partition");
        return m.ask(() -> {
            Object to = s.get("to");
            if ("beginning".equals(to)) m.consumer().seekToBeginning(List.of(tp));
            else if ("end".equals(to)) m.consumer().seekToEnd(List.of(tp));
            else m.consumer().seek(tp, Step.number(to));
            return Verb.OK;
        });
    }

    private Object position(Step s) throws Exception {
        Member m = stage.member(s);
        return m.ask(() -> {
            Map<String, Object> r = new TreeMap<>(Facts.BY_PARTITION);
            for (TopicPartition tp : m.consumer().assignment()) r.put(stage.names.of(tp), m.consumer().position(tp, Duration.ofSeconds(5)));
            return r;
        });
    }

    private Object commit(Step s) throws Exception {
        Member m = stage.member(s);
        return m.ask(() -> {
            if (s.has("offsets")) m.consumer().commitSync(s.offsets());
            else m.consumer().commitSync();
            return Verb.OK;
        });
    }
}
