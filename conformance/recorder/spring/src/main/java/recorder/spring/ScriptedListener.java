package recorder.spring;

import static recorder.spring.Json.*;
import static recorder.spring.Values.text;

import java.nio.ByteBuffer;
import java.util.*;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.header.Header;
import org.springframework.kafka.listener.*;
import org.springframework.kafka.support.Acknowledgment;

/** The listener of a case: what it is called with stands in the trace, what it does is said by the rules of the script. */
final class ScriptedListener {
    /** When the last delivery of a record ended, and which setting then kept the record back. */
    private record Last(long nanos, String cause) {}

    private final Run run;
    private final Actions actions;
    final Map<String, Integer> deliveries = new ConcurrentHashMap<>();
    private final Map<String, Last> last = new ConcurrentHashMap<>();
    private volatile int calls;

    ScriptedListener(Run run, Actions actions) {
        this.run = run;
        this.actions = actions;
    }

    int calls() { return calls; }

    void forgetWaits() { last.clear(); }

    AcknowledgingConsumerAwareMessageListener<Object, Object> ofRecords() {
        return new AcknowledgingConsumerAwareMessageListener<>() {
            @Override public void onMessage(ConsumerRecord<Object, Object> r, Acknowledgment ack, Consumer<?, ?> consumer) { delivered(r, ack); }
        };
    }

    BatchAcknowledgingConsumerAwareMessageListener<Object, Object> ofBatches() {
        return new BatchAcknowledgingConsumerAwareMessageListener<>() {
            @Override public void onMessage(List<ConsumerRecord<Object, Object>> rs, Acknowledgment ack, Consumer<?, ?> consumer) { deliveredBatch(rs, ack); }
        };
    }

    private synchronized int nextCall() { return ++calls; }

    void delivered(ConsumerRecord<?, ?> r, Acknowledgment ack) {
        if (run.trace.dead()) throw new Actions.Crash();
        String value = String.valueOf(text(r.value()));
        int n = deliveries.merge(value, 1, Integer::sum);
        Map<String, Object> e = map("deliver", run.names.at(r), "value", text(r.value()), "delivery", n);
        Header attempt = r.headers().lastHeader("kafka_deliveryAttempt");
        if (attempt != null) e.put("attempt_header", ByteBuffer.wrap(attempt.value()).getInt());
        Header retry = r.headers().lastHeader("retry_topic-attempts");
        if (retry != null) e.put("retry_topic_attempts", ByteBuffer.wrap(retry.value()).getInt());
        waited(e, value);
        int call = nextCall();
        run.trace.add(run.member(), e);
        act(value, then(r.topic(), value, n, call, List.of(r)), List.of(r), ack);
    }

    private void deliveredBatch(List<? extends ConsumerRecord<?, ?>> rs, Acknowledgment ack) {
        if (run.trace.dead()) throw new Actions.Crash();
        int call = nextCall();
        for (var r : rs) deliveries.merge(String.valueOf(text(r.value())), 1, Integer::sum);
        Map<String, Object> e = map("deliver_batch", run.names.ats(rs), "values", rs.stream().map(r -> text(r.value())).toList(), "call", call);
        waited(e, "batch");
        run.trace.add(run.member(), e);
        act("batch", then(rs.get(0).topic(), null, 0, call, rs), rs, ack);
    }

    private void act(String what, List<Object> then, List<? extends ConsumerRecord<?, ?>> rs, Acknowledgment ack) {
        String cause = null;
        try {
            cause = actions.performCatching(then, rs, ack);
        } catch (Actions.Caused c) {
            cause = c.cause;
            throw c.unwrap();
        } finally {
            last.put(what, new Last(System.nanoTime(), cause));
        }
    }

    /** How long the record was kept back since its last delivery ended, and by which setting. */
    private void waited(Map<String, Object> e, String value) {
        Last l = last.get(value);
        if (l != null && l.cause != null && !(l.cause.equals("backOff") && noBackOff())) {
            // the consumer's clock counts whole milliseconds: a poll of 200 ms may end after 199.2
            e.put("at_least_ms", (int) ((System.nanoTime() - l.nanos) / 1_000_000) + 2);
            e.put("because", l.cause);
        }
    }

    /** Retries at once: what passes between two deliveries is only what the machine needs. */
    private boolean noBackOff() {
        Map<String, Object> backOff = obj(obj(run.given.get("error_handler")).get("backOff"));
        return !run.given.containsKey("retry_topic") && num(backOff.get("interval"), 0) == 0 && !backOff.containsKey("initialInterval");
    }

    /** The actions of the first rule that matches; the last of all is what the listener does by itself. */
    List<Object> then(String topic, String value, int delivery, int call, List<? extends ConsumerRecord<?, ?>> rs) {
        for (Object o : run.script) {
            Map<String, Object> s = obj(o);
            if (s.containsKey("on") && holds(obj(s.get("on")), topic, value, delivery, call, rs)) return list(s.get("then"));
        }
        Map<String, Object> method = obj(run.given.get("listener"));
        return method.containsKey("does") ? list(method.get("does")) : List.of(map("ack", true));
    }

    private boolean holds(Map<String, Object> on, String topic, String value, int delivery, int call, List<? extends ConsumerRecord<?, ?>> rs) {
        return (!on.containsKey("topic") || run.names.real(str(on.get("topic"))).equals(topic))
            && (!on.containsKey("value") || str(on.get("value")).equals(value))
            && (!on.containsKey("delivery") || num(on.get("delivery"), 0) == delivery)
            && (!on.containsKey("delivery_to") || delivery <= num(on.get("delivery_to"), 0))
            && (!on.containsKey("contains") || indexOf(rs, str(on.get("contains"))) >= 0)
            && (!on.containsKey("call") || num(on.get("call"), 0) == call)
            && (!on.containsKey("call_to") || call <= num(on.get("call_to"), 0));
    }

    static int indexOf(List<? extends ConsumerRecord<?, ?>> rs, String value) {
        for (int i = 0; i < rs.size(); i++) if (value.equals(String.valueOf(text(rs.get(i).value())))) return i;
        return -1;
    }
}
