package recorder.kafka;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.errors.RecordDeserializationException;

/** How facts are written down. */
final class Facts {
    /** "topic-10" after "topic-2". */
    static final Comparator<String> BY_PARTITION = Comparator
        .comparing((String s) -> s.substring(0, s.lastIndexOf('-')))
        .thenComparing(s -> Integer.parseInt(s.substring(s.lastIndexOf('-') + 1)));

    static Throwable unwrap(Throwable t) {
        while ((t instanceof ExecutionException || t instanceof CompletionException) && t.getCause() != null) t = t.getCause();
        return t;
    }

    static String errorName(Throwable t) {
        return unwrap(t).getClass().getSimpleName();
    }

    static Map<String, Object> error(Throwable thrown) {
        Throwable t = unwrap(thrown);
        if (System.getenv("TRACE") != null) t.printStackTrace();
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("error", t.getClass().getSimpleName());
        if (t instanceof RecordDeserializationException d) m.put("offset", d.offset());
        else if (t.getCause() != null && t.getCause().getClass().getName().startsWith("org.apache.kafka")) {
            m.put("cause", t.getCause().getClass().getSimpleName());
        }
        return m;
    }
}
