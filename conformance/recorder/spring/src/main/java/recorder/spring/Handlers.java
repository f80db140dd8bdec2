package recorder.spring;

import static recorder.spring.Json.*;
import static recorder.spring.Values.*;

import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.errors.RecordDeserializationException;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.*;

/** The error handlers, recoverers and after-rollback processors of a case, telling the trace what they do. */
final class Handlers {
    private static final List<String> PROPERTIES =
        List.of("seekAfterError", "commitRecovered", "ackAfterHandle", "resetStateOnExceptionChange", "resetStateOnRecoveryFailure");

    private final Run run;

    Handlers(Run run) { this.run = run; }

    private void told(Object... event) { run.trace.add(run.member(), map(event)); }

    CommonErrorHandler errorHandler(Map<String, Object> h) {
        return switch (str(h.get("class"))) {
            case "CommonContainerStoppingErrorHandler" -> new CommonContainerStoppingErrorHandler();
            case "CommonLoggingErrorHandler" -> {
                CommonLoggingErrorHandler l = new CommonLoggingErrorHandler();
                if (h.containsKey("ackAfterHandle")) l.setAckAfterHandle((Boolean) h.get("ackAfterHandle"));
                yield l;
            }
            case "DefaultErrorHandler" -> defaultHandler(h);
            default -> throw new IllegalArgumentException(str(h.get("class")));
        };
    }

    private DefaultErrorHandler defaultHandler(Map<String, Object> h) {
        DefaultErrorHandler d = new DefaultErrorHandler(recoverer(h, run.producers.template()), backOff(obj(h.get("backOff")))) {
            @Override public void handleOtherException(Exception ex, Consumer<?, ?> consumer, MessageListenerContainer c, boolean batch) {
                told("handle_other_exception", ex.getClass().getName(), "at", placeOf(ex));
                super.handleOtherException(ex, consumer, c, batch);
            }
        };
        BeanWrapperImpl bw = new BeanWrapperImpl(d);
        for (String k : PROPERTIES) if (h.containsKey(k)) bw.setPropertyValue(k, h.get(k));
        for (Object c : list(h.get("notRetryable"))) d.addNotRetryableExceptions(exceptionClass((String) c));
        d.setRetryListeners(new Told());
        return d;
    }

    /** Where a record that cannot be deserialized stands. */
    String placeOf(Throwable t) {
        return t instanceof RecordDeserializationException r ? run.names.logical(r.topicPartition() + "@" + r.offset()) : null;
    }

    AfterRollbackProcessor<Object, Object> afterRollback(Map<String, Object> a) {
        KafkaTemplate<Object, Object> template = run.producers.template();
        ConsumerRecordRecoverer recoverer = recoverer(a, template);
        return new DefaultAfterRollbackProcessor<>((r, ex) -> {
            if (recoverer != null) recoverer.accept(r, ex);
            told("recovered", run.names.at(r), "exception", root(ex));
        }, backOff(obj(a.get("backOff"))), template, Boolean.TRUE.equals(a.get("commitRecovered")));
    }

    private ConsumerRecordRecoverer recoverer(Map<String, Object> h, KafkaTemplate<Object, Object> template) {
        Map<String, Object> r = h.get("recoverer") instanceof String s ? map("class", s) : obj(h.get("recoverer"));
        String type = str(r.get("class"));
        if (type == null) return null; // the framework's own: log the record and go on
        if (type.equals("failing")) return failing(num(r.get("times"), 1));
        if (!type.equals("DeadLetterPublishingRecoverer")) throw new IllegalArgumentException(type);
        DeadLetterPublishingRecoverer d = new DeadLetterPublishingRecoverer(template);
        BeanWrapperImpl bw = new BeanWrapperImpl(d);
        r.forEach((k, v) -> { if (!k.equals("class")) bw.setPropertyValue(k, v); });
        return d;
    }

    private ConsumerRecordRecoverer failing(int times) {
        int[] n = {0};
        return (rec, ex) -> {
            told("recoverer_called", run.names.at(rec));
            if (n[0]++ < times) throw new IllegalStateException("recoverer fails");
        };
    }

    /** What the error handler does, as it tells its retry listeners. */
    private final class Told implements RetryListener {
        @Override public void failedDelivery(ConsumerRecord<?, ?> r, Exception ex, int attempt) {
            told("failed", run.names.at(r), "attempt", attempt, "exception", root(ex));
        }
        @Override public void recovered(ConsumerRecord<?, ?> r, Exception ex) { told("recovered", run.names.at(r), "exception", root(ex)); }
        @Override public void recoveryFailed(ConsumerRecord<?, ?> r, Exception original, Exception failure) {
            told("recovery_failed", run.names.at(r), "exception", root(failure));
        }
        @Override public void failedDelivery(ConsumerRecords<?, ?> rs, Exception ex, int attempt) {
            told("failed_batch", run.names.ats(rs), "attempt", attempt, "exception", root(ex));
        }
        @Override public void recovered(ConsumerRecords<?, ?> rs, Exception ex) { told("recovered_batch", run.names.ats(rs), "exception", root(ex)); }
        @Override public void recoveryFailed(ConsumerRecords<?, ?> rs, Exception original, Exception failure) {
            told("recovery_failed_batch", run.names.ats(rs), "exception", root(failure));
        }
    }
}
