package recorder.spring;

import static recorder.spring.Json.*;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.kafka.listener.*;
import org.springframework.kafka.support.ExponentialBackOffWithMaxRetries;
import org.springframework.kafka.support.serializer.DeserializationException;
import org.springframework.util.backoff.*;

/** From the words of a case to values, classes and exceptions of Java, and back. */
final class Values {
    private static final List<String> PACKAGES = List.of("", "org.apache.kafka.common.serialization.",
        "org.springframework.kafka.support.serializer.", "java.lang.", "org.apache.kafka.clients.consumer.");

    private Values() { }

    static Object text(Object v) { return v instanceof byte[] b ? new String(b, StandardCharsets.UTF_8) : v; }

    static byte[] bytes(String s) { return s == null ? null : s.getBytes(StandardCharsets.UTF_8); }

    static byte[] int32(int n) { return ByteBuffer.allocate(4).putInt(n).array(); }

    /** A class by its full name, or by its simple name in the packages that cases speak of. */
    static Class<?> cls(String simple) {
        for (String p : PACKAGES) {
            try { return Class.forName(p + simple); } catch (ClassNotFoundException e) { /* next */ }
        }
        throw new IllegalArgumentException(simple);
    }

    @SuppressWarnings("unchecked")
    static Class<? extends Exception> exceptionClass(String name) { return (Class<? extends Exception>) cls(name); }

    /** What an action throws, or the cause of its BatchListenerFailedException. */
    static RuntimeException exception(Map<String, Object> action) {
        String name = action.containsKey("throw") ? str(action.get("throw")) : "java.lang.IllegalStateException";
        try {
            return (RuntimeException) cls(name).getConstructor(String.class).newInstance("boom");
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** The class of the exception under the container's own wrappings. */
    static String root(Throwable t) {
        if (t instanceof DeserializationException) return t.getClass().getName();
        while ((t instanceof ListenerExecutionFailedException || t instanceof BatchListenerFailedException) && t.getCause() != null) t = t.getCause();
        return t.getClass().getName();
    }

    static BackOff backOff(Map<String, Object> b) {
        String type = str(b.get("class"));
        if (type == null || "FixedBackOff".equals(type))
            return new FixedBackOff(num(b.get("interval"), 0), b.containsKey("maxAttempts") ? num(b.get("maxAttempts"), 0) : 9);
        ExponentialBackOff e = "ExponentialBackOffWithMaxRetries".equals(type)
            ? new ExponentialBackOffWithMaxRetries(num(b.get("maxRetries"), 0)) : new ExponentialBackOff();
        BeanWrapperImpl bw = new BeanWrapperImpl(e);
        b.forEach((k, v) -> { if (!k.equals("class") && !k.equals("maxRetries")) bw.setPropertyValue(k, v); });
        return e;
    }

    static void sleep(long ms) {
        try { Thread.sleep(ms); } catch (InterruptedException e) { throw new IllegalStateException(e); }
    }
}
