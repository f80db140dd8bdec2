package recorder.spring;

import static recorder.spring.Json.*;

import java.util.*;
import java.util.concurrent.*;
import recorder.proxy.Proxy;

/** One repetition of one case: sets up `given`, walks through `script`, and returns `observed`. */
class Run {
    final Broker broker;
    final Names names;
    final Map<String, Object> given;
    final List<Object> script;
    final Map<String, Object> recorder;
    final ThreadLocal<String> processOfThread = new ThreadLocal<>();
    final Trace trace = new Trace(processOfThread::get);
    final Map<String, Object> observed = new LinkedHashMap<>();
    final ThreadLocal<String> memberOfThread = new ThreadLocal<>();
    final Producers producers = new Producers(this);
    final Handlers handlers = new Handlers(this);
    final Actions actions = new Actions(this);
    final ScriptedListener listener = new ScriptedListener(this, actions);
    final Containers containers = new Containers(this);
    final Steps steps = new Steps(this);
    /** The read model of the bank; null in the cases without. */
    AccountView view;
    /** The way of the case's producers to the broker; null if no step severs it. */
    Proxy way;
    private final Map<String, CountDownLatch> latches = new ConcurrentHashMap<>();

    Run(Broker broker, Map<String, Object> c, String prefix) {
        this.broker = broker;
        this.names = new Names(prefix);
        this.given = obj(c.get("given"));
        this.script = list(c.get("script"));
        this.recorder = obj(c.get("recorder"));
    }

    Map<String, Object> execute() throws Exception {
        try {
            for (var t : obj(given.get("topics")).entrySet())
                broker.createTopic(names.real(t.getKey()), num(obj(t.getValue()).get("partitions"), 1));
            for (Object r : list(given.get("records"))) steps.send(obj(r));
            if (script.stream().anyMatch(s -> "sever_producer".equals(obj(s).get("do")))) way = new Proxy(1, id -> broker.port());
            producers.renew("");
            if (given.containsKey("bank")) view = new AccountView(names.prefix(), obj(given.get("bank")));
            for (Object s : script) if (obj(s).containsKey("do")) {
                steps.perform(obj(s));
                // A container is made, started and woken on the thread that asks for it; it is the script's own all the same.
                memberOfThread.remove();
                processOfThread.remove();
            }
            finish();
        } finally {
            trace.freeze();
            latches.values().forEach(CountDownLatch::countDown);
            tearDown();
            actions.close();
        }
        return observed;
    }

    String group() { return given.containsKey("group") ? (String) given.get("group") : "g"; }

    /** The member whose consumer thread this is; null on other threads. */
    String member() { return memberOfThread.get(); }

    /** The process that a consumer lives in: it dies as a whole. The children of a concurrent container live in one. */
    String process(String client) {
        return obj(given.get("container")).containsKey("concurrency") ? client.replaceFirst("-\\d+$", "") : client;
    }

    /** The process of this thread was killed: what else runs in it ends unseen. */
    void killed() {
        var container = containers.get(processOfThread.get());
        if (obj(given.get("container")).containsKey("concurrency")) new Thread(() -> container.stop(() -> {})).start();
    }

    /** The name under which a consumer's events stand in the trace. */
    String label(String client, Collection<String> topics) { return client; }

    CountDownLatch latch(String name) { return latches.computeIfAbsent(name, k -> new CountDownLatch(1)); }

    void start(String member, Map<String, Object> overrides) { containers.start(member, overrides); }

    Map<String, Object> committed() throws Exception { return names.logicalKeys(broker.committed(names.real(group()))); }

    /** Looks at what is there at the end, before anything is stopped. */
    void finish() throws Exception {
        trace.freeze();
        String kind = str(given.getOrDefault("trace", "all"));
        if (kind.startsWith("per_member")) observed.put("traces", trace.perMember(kind.endsWith("after_first_send")));
        else if (kind.equals("deliveries")) observed.put("deliveries", trace.flat().stream().filter(e -> obj(e).containsKey("deliver")).toList());
        else if (kind.equals("all")) observed.put("trace", trace.flat());
        observed.put("committed", committed());
        if (view != null) {
            observed.put("balances", view.balances());
            observed.put("processed", view.processed());
        }
        TopicReader reader = new TopicReader(broker, names);
        for (Object t : list(recorder.get("read"))) part("topics").put((String) t, reader.all((String) t));
        for (Object t : list(recorder.get("read_committed"))) part("read_committed").put((String) t, reader.committed((String) t));
        if (recorder.containsKey("list_topics")) observed.put("topics_exist", reader.existing());
    }

    private Map<String, Object> part(String name) { return obj(observed.computeIfAbsent(name, k -> new LinkedHashMap<>())); }

    void tearDown() {
        containers.stopAll();
        producers.close();
        if (way != null) way.close();
    }
}
