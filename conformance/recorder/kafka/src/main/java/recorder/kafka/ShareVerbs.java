package recorder.kafka;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.common.serialization.StringDeserializer;
import recorder.proxy.Proxy;

/** Share consumers (KIP-932) and what they do. */
@SuppressWarnings("unchecked")
final class ShareVerbs {
    private static final long JOIN_MS = 30_000;
    private final Stage stage;
    private final ShareGroups groups;

    ShareVerbs(Stage stage) {
        this.stage = stage;
        this.groups = new ShareGroups(stage);
    }

    void addTo(Map<String, Verb> verbs) {
        verbs.put("share_open", Verb.ok(this::open));
        verbs.put("share_poll", s -> member(s).poll(s.count("for_ms", 15_000)));
        verbs.put("share_ack", Verb.ok(this::acknowledge));
        verbs.put("share_commit", this::commit);
        verbs.put("share_commits", s -> member(s).drainCommits());
        groups.addTo(verbs);
    }

    private ShareMember member(Step s) {
        ShareMember m = stage.shareMembers.get(s.text("member"));
        if (m == null) throw new Waiting.Stuck("no such share consumer: " + s);
        return m;
    }

    private void open(Step s) throws Exception {
        String name = s.text("member");
        if (stage.shareMembers.containsKey(name)) throw new Waiting.Stuck("a share consumer's name is used once: " + s);
        Proxy proxy = stage.proxy(name);
        Properties p = new Properties();
        ((Map<String, Object>) stage.given.getOrDefault("share_defaults", Map.of())).forEach((k, v) -> p.put(k, String.valueOf(v)));
        s.map("config").forEach((k, v) -> p.put(k, String.valueOf(v)));
        p.put("client.id", name);
        p.put("group.id", s.real("group"));
        p.put("key.deserializer", StringDeserializer.class.getName());
        p.put("value.deserializer", StringDeserializer.class.getName());
        p.put("bootstrap.servers", proxy.bootstrap());
        ShareMember member = new ShareMember(name, s.text("group"), stage.names, p, proxy, s.flag("callback"));
        stage.shareMembers.put(name, member);
        member.begin(s.texts("topics").stream().map(stage.names::real).toList());
        if (Boolean.FALSE.equals(s.get("wait"))) return;
        Waiting.await(JOIN_MS, () -> !groups.described(s.text("group")).members().getOrDefault(name, new TreeSet<>()).isEmpty());
    }

    private void acknowledge(Step s) {
        AcknowledgeType type = AcknowledgeType.valueOf(s.text("type", "accept").toUpperCase(Locale.ROOT));
        Collection<Object> offsets = s.has("offsets") ? (List<Object>) s.get("offsets") : List.of(s.get("offset"));
        for (Object offset : offsets) member(s).acknowledge(s.partition("partition"), Step.number(offset), type);
    }

    private Object commit(Step s) {
        if (!s.flag("async")) return member(s).commit();
        member(s).commitAsync();
        return Verb.OK;
    }
}
