package recorder.spring;

import static recorder.spring.Json.*;
import static recorder.spring.Values.*;

import java.util.*;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The steps from outside (`do`), strictly one after the other. */
final class Steps {
    private static final int AWAIT_MS = 60_000;
    private static final int SETTLE_MS = 90_000;

    /** On a busy machine (-Dpatience=3) it takes longer until it is certain that nothing more happens. */
    private static final int PATIENCE = Integer.getInteger("patience", 1);

    private final Run run;

    Steps(Run run) { this.run = run; }

    void perform(Map<String, Object> s) throws Exception {
        String member = s.containsKey("member") ? str(s.get("member")) : "c1";
        switch (str(s.get("do"))) {
            case "start" -> { mark(s); run.start(member, obj(s.get("container"))); }
            case "stop" -> { mark(s); run.containers.stop(member); }
            case "stop_no_wait" -> { mark(s); run.containers.get(member).stop(() -> {}); }
            case "pause" -> { mark(s); run.containers.get(member).pause(); }
            case "resume" -> { mark(s); run.containers.get(member).resume(); }
            case "send" -> { mark(s); send(s); }
            case "transfer" -> { mark(s); transfer(s); }
            case "database_down", "database_up" -> { mark(s); run.view.setDown(s.get("do").equals("database_down")); }
            case "sever_producer", "heal_producer" -> { mark(s); run.way.setShut(s.get("do").equals("sever_producer")); }
            case "ack" -> { mark(s); run.actions.acknowledgeElsewhere(str(s.get("value"))); }
            case "release" -> { mark(s); run.latch(str(s.get("latch"))).countDown(); }
            case "create_topic" -> { mark(s); run.broker.createTopic(run.names.real(str(s.get("topic"))), num(s.get("partitions"), 1)); }
            case "await" -> await(s);
            case "settle" -> settle();
            case "wait" -> sleep(num(s.get("ms"), 0));
            case "record_until" -> run.trace.freezeAfter(str(s.get("event")), num(s.get("times"), 1));
            case "observe" -> observe(str(s.get("as")));
            default -> throw new IllegalArgumentException("verb " + s.get("do"));
        }
    }

    private void mark(Map<String, Object> s) {
        Map<String, Object> e = new LinkedHashMap<>(s);
        e.remove("container");
        run.trace.add("script", e);
    }

    void send(Map<String, Object> r) throws Exception {
        byte[] value = r.containsKey("value_int32") ? int32(num(r.get("value_int32"), 0)) : bytes(str(r.get("value")));
        ProducerRecord<byte[], byte[]> pr = new ProducerRecord<>(run.names.real(str(r.get("topic"))), (Integer) r.get("partition"),
            r.get("timestamp") == null ? null : ((Number) r.get("timestamp")).longValue(), bytes(str(r.get("key"))), value);
        obj(r.get("headers")).forEach((k, v) -> pr.headers().add(k, bytes(str(v))));
        run.broker.producer.send(pr).get();
    }

    /** The event of a transfer, as the bank's relay publishes it: the key is the account. */
    private void transfer(Map<String, Object> s) throws Exception {
        run.broker.producer.send(new ProducerRecord<>(run.names.real(str(s.get("topic"))), null, bytes(str(s.get("from"))),
            bytes(str(s.get("event"))), AccountView.payload(s))).get();
    }

    void await(Map<String, Object> s) {
        long deadline = System.currentTimeMillis() + AWAIT_MS;
        while (!holds(s)) {
            if (System.currentTimeMillis() > deadline) throw new IllegalStateException("await timed out: " + s);
            sleep(5);
        }
    }

    private boolean holds(Map<String, Object> s) {
        if (s.containsKey("value")) return run.listener.deliveries.getOrDefault(str(s.get("value")), 0) >= num(s.get("delivery"), 1);
        if (s.containsKey("calls")) return run.listener.calls() >= num(s.get("calls"), 1);
        return run.trace.count(e -> e.containsKey(str(s.get("event")))) >= num(s.get("times"), 1);
    }

    /** Nothing more happens: no event for as long as the longest wait that the case's settings can cause. */
    private void settle() {
        int quiet = num(run.recorder.get("quiet_ms"), 1500) * PATIENCE;
        long start = System.nanoTime();
        long deadline = System.currentTimeMillis() + SETTLE_MS;
        while (run.trace.quietMillis() < quiet || (System.nanoTime() - start) / 1_000_000 < Math.min(quiet, 1500)) {
            if (System.currentTimeMillis() > deadline) throw new IllegalStateException("never quiet");
            sleep(20);
        }
    }

    private void observe(String as) throws Exception {
        Map<String, Object> m = map("committed", run.committed());
        if (run.given.get("trace") != null) m.put("assignment", run.containers.assignment());
        obj(run.observed.computeIfAbsent("snapshots", k -> new LinkedHashMap<>())).put(as, m);
    }
}
