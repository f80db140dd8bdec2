package recorder.kafka;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import recorder.proxy.Proxy;

/** What the verbs of one play share: the cluster, and the clients that the script has made. */
@SuppressWarnings("unchecked")
final class Stage implements AutoCloseable {
    final Cluster cluster;
    final Map<String, Object> given;
    final Names names;
    /** By name; an older process of a name that still runs is {@code name(old)}. */
    final Map<String, Member> members = new LinkedHashMap<>();
    /** The newest member with each {@code group.instance.id}. */
    final Map<String, String> instances = new HashMap<>();
    final Map<String, ShareMember> shareMembers = new LinkedHashMap<>();
    private final Map<String, KafkaProducer<byte[], byte[]>> producers = new LinkedHashMap<>();
    /** By client; a client that has one at its making talks through it. */
    private final Map<String, Proxy> proxies = new HashMap<>();

    Stage(Cluster cluster, Map<String, Object> given, Names names) {
        this.cluster = cluster;
        this.given = given;
        this.names = names;
    }

    Member member(Step s) {
        Member m = members.get(s.text("member"));
        if (m == null) throw new Waiting.Stuck("no such member: " + s);
        return m;
    }

    /** The producer of a step, made at its first use. */
    KafkaProducer<byte[], byte[]> producer(Step s) {
        return producers.computeIfAbsent(s.text("producer", "p"), name -> {
            Properties p = new Properties();
            Defaults.PRODUCER.forEach((k, v) -> p.put(k, String.valueOf(v)));
            ((Map<String, Map<String, Object>>) given.getOrDefault("producers", Map.of())).getOrDefault(name, Map.of()).forEach((k, v) ->
                p.put(k, k.equals("transactional.id") ? names.real(String.valueOf(v)) : String.valueOf(v)));
            p.put("bootstrap.servers", bootstrap(name));
            p.put("client.id", name);
            return new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer());
        });
    }

    /** The proxy between a client and the brokers. */
    Proxy proxy(String client) throws IOException {
        Proxy proxy = proxies.get(client);
        if (proxy == null) proxies.put(client, proxy = new Proxy(cluster.size, cluster::port));
        return proxy;
    }

    /** The proxies of all clients that the script will want to lose something: they must talk through them from the beginning. */
    void makeProxies(List<Step> steps) throws IOException {
        for (Step s : steps) if (s.verb().startsWith("lose_")) proxy(NetworkVerbs.client(s));
    }

    /** Where a client finds the brokers. */
    String bootstrap(String client) {
        return proxies.containsKey(client) ? proxies.get(client).bootstrap() : cluster.bootstrap();
    }

    Iterable<KafkaProducer<byte[], byte[]>> producers() {
        return producers.values();
    }

    KafkaProducer<byte[], byte[]> removeProducer(String name) {
        return producers.remove(name);
    }

    /** The leader of each partition that has one. */
    Map<Integer, Integer> leaders(String realTopic) throws Exception {
        Map<Integer, Integer> r = new TreeMap<>();
        for (TopicPartitionInfo p : cluster.admin().describeTopics(List.of(realTopic)).allTopicNames().get().get(realTopic).partitions()) {
            if (p.leader() != null && !p.leader().isEmpty()) r.put(p.partition(), p.leader().id());
        }
        return r;
    }

    int leader(TopicPartition tp) throws Exception {
        return leaders(tp.topic()).get(tp.partition());
    }

    /** Whether the leader of every partition that has one knows that it leads. */
    boolean leadersKnow(String realTopic) throws Exception {
        return leaders(realTopic).entrySet().stream().allMatch(e ->
            cluster.broker(e.getValue()).replicaManager().getPartitionOrException(new TopicPartition(realTopic, e.getKey())).isLeader());
    }

    /** Ends everything that the script has left behind. */
    @Override
    public void close() {
        for (Member m : members.values()) {
            if (m.isGone()) continue;
            try {
                m.crash();
            } catch (Exception ignored) {
                // it may be dead already
            }
        }
        shareMembers.values().forEach(ShareMember::bury);
        producers.values().forEach(p -> p.close(Duration.ZERO));
        proxies.values().forEach(Proxy::close);
        IntStream.range(0, cluster.size).filter(b -> !cluster.running(b)).forEach(cluster::start);
    }
}
