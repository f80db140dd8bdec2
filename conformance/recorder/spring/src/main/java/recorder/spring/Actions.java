package recorder.spring;

import static recorder.spring.Json.*;
import static recorder.spring.Values.*;

import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.springframework.dao.DataAccessException;
import org.springframework.kafka.listener.BatchListenerFailedException;
import org.springframework.kafka.support.Acknowledgment;

/** What the listener does with what it is given: the `then` of the rules. */
final class Actions {
    /** Thrown by the listener for {"throw_error":true}, and to end the thread of a member that was killed. */
    static final class Crash extends Error {
        Crash() { super("crash"); }
    }

    /** Carries an exception out of the actions together with what will keep the record back. */
    static final class Caused extends RuntimeException {
        final String cause;
        Caused(Throwable t, String cause) { super(t); this.cause = cause; }
        RuntimeException unwrap() {
            if (getCause() instanceof Error e) throw e;
            return (RuntimeException) getCause();
        }
    }

    private final Run run;
    private final Map<String, Acknowledgment> held = new ConcurrentHashMap<>();
    private final ScheduledExecutorService otherThread = Executors.newSingleThreadScheduledExecutor();

    Actions(Run run) { this.run = run; }

    void close() { otherThread.shutdownNow(); }

    /** The same with the listener's own `catch` around them: an exception that is no Error does not leave it. */
    String performCatching(List<Object> actions, List<? extends ConsumerRecord<?, ?>> rs, Acknowledgment ack) {
        Object handler = obj(run.given.get("listener")).get("catch");
        if (handler == null) return perform(actions, rs, ack);
        try {
            return perform(actions, rs, ack);
        } catch (RuntimeException e) {
            return perform(list(handler), rs, ack);
        }
    }

    /** Carries them out, in order; says which setting keeps the record back now, if one does. */
    String perform(List<Object> actions, List<? extends ConsumerRecord<?, ?>> rs, Acknowledgment ack) {
        String cause = null;
        for (Object o : actions) {
            Map<String, Object> a = obj(o);
            try {
                if (one(a, rs, ack)) cause = "nack_ms";
            } catch (Caused | Crash | DataAccessException e) {
                throw e;
            } catch (InterruptedException | ExecutionException e) {
                throw new IllegalStateException(e);
            } catch (RuntimeException e) {
                run.trace.add(run.member(), map("api_error", a.keySet().iterator().next(), "exception", e.getClass().getName(),
                    "message", run.names.logical(e.getMessage())));
                throw e;
            }
        }
        return cause;
    }

    /** Carries out one action; says whether it was a nack. */
    private boolean one(Map<String, Object> a, List<? extends ConsumerRecord<?, ?>> rs, Acknowledgment ack) throws InterruptedException, ExecutionException {
        String value = String.valueOf(text(rs.get(0).value()));
        String name = a.containsKey("nack_index") ? "nack_index" : a.keySet().iterator().next();
        Object arg = a.get(name);
        switch (name) {
            case "ack_index" -> ack.acknowledge(num(arg, 0));
            case "ack" -> { if (ack != null) ack.acknowledge(); }
            case "ack_other_thread" -> otherThread.submit((Runnable) ack::acknowledge).get();
            case "nack_other_thread" -> nackElsewhere(ack, num(arg, 0));
            case "hold" -> held.put(value, ack);
            case "ack_held" -> { for (Object v : list(arg)) acknowledgeHeld(str(v), run.member()); }
            case "nothing" -> { /* return without acknowledging */ }
            case "nack_index" -> { ack.nack(num(arg, 0), Duration.ofMillis(num(a.get("nack_ms"), 0))); return true; }
            case "nack_ms" -> { ack.nack(Duration.ofMillis(num(arg, 0))); return true; }
            case "block_ms" -> sleep(num(arg, 0));
            case "block_until" -> run.latch(str(arg)).await();
            case "pause_container" -> run.containers.get(str(arg)).pause();
            case "effect" -> { for (var r : rs) run.view.apply(r); }
            case "send" -> send(obj(arg), value);
            case "kill" -> { run.trace.kill(run.member()); run.killed(); throw new Crash(); }
            case "throw_error" -> throw new Crash();
            case "throw_batch_failed" -> throw failed(new BatchListenerFailedException("boom", exception(a), num(arg, 0)));
            case "throw_batch_failed_value" ->
                throw failed(new BatchListenerFailedException("boom", exception(a), ScriptedListener.indexOf(rs, str(arg))));
            case "throw" -> throw failed(exception(a));
            default -> throw new IllegalArgumentException("action " + a);
        }
        return false;
    }

    private void nackElsewhere(Acknowledgment ack, int ms) throws InterruptedException {
        try {
            otherThread.submit(() -> ack.nack(Duration.ofMillis(ms))).get();
        } catch (ExecutionException e) {
            throw (RuntimeException) e.getCause();
        }
    }

    private void send(Map<String, Object> s, String value) throws InterruptedException, ExecutionException {
        String text = str(s.get("value")).replace("{value}", value);
        run.producers.template(run.member()).send(new ProducerRecord<>(run.names.real(str(s.get("topic"))), (Integer) null, (Object) null, (Object) text)).get();
    }

    private Caused failed(RuntimeException e) {
        boolean inMemory = Boolean.FALSE.equals(obj(run.given.get("error_handler")).get("seekAfterError"));
        return new Caused(e, inMemory ? "backOff + pollTimeoutWhilePaused" : "backOff");
    }

    /** A kept Acknowledgment is acknowledged on a thread that is not the consumer's. */
    void acknowledgeElsewhere(String value) throws InterruptedException, ExecutionException {
        otherThread.submit(() -> acknowledgeHeld(value, "outside")).get();
    }

    private void acknowledgeHeld(String value, String member) {
        try {
            held.get(value).acknowledge();
        } catch (RuntimeException e) {
            run.trace.add(member, map("api_error", "ack", "value", value, "exception", e.getClass().getName(), "message", run.names.logical(e.getMessage())));
        }
    }
}
