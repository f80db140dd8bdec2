package recorder.spring;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.*;

/** Reading the lenient case files, and writing the recorded ones with one event per line. */
final class Json {
    static final ObjectMapper MAPPER = JsonMapper.builder()
        .enable(JsonReadFeature.ALLOW_UNQUOTED_FIELD_NAMES, JsonReadFeature.ALLOW_SINGLE_QUOTES,
            JsonReadFeature.ALLOW_TRAILING_COMMA, JsonReadFeature.ALLOW_JAVA_COMMENTS)
        .build();

    static Map<String, Object> map(Object... kv) {
        Map<String, Object> m = new LinkedHashMap<>();
        for (int i = 0; i < kv.length; i += 2) m.put((String) kv[i], kv[i + 1]);
        return m;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> obj(Object o) { return o == null ? new LinkedHashMap<>() : (Map<String, Object>) o; }

    @SuppressWarnings("unchecked")
    static List<Object> list(Object o) {
        if (o == null) return new ArrayList<>();
        return o instanceof List ? (List<Object>) o : new ArrayList<>(List.of(o));
    }

    static String str(Object o) { return o == null ? null : o.toString(); }
    static int num(Object o, int dflt) { return o == null ? dflt : ((Number) o).intValue(); }

    static Object copy(Object o) {
        if (o instanceof Map<?, ?> m) {
            Map<String, Object> r = new LinkedHashMap<>();
            m.forEach((k, v) -> r.put((String) k, copy(v)));
            return r;
        }
        if (o instanceof List<?> l) {
            List<Object> r = new ArrayList<>();
            l.forEach(x -> r.add(copy(x)));
            return r;
        }
        return o;
    }

    /** Fields that fit on a line stay on it; everything longer is broken, one element per line. */
    static String pretty(Object o) throws Exception { return pretty(o, 0) + "\n"; }

    private static String pretty(Object o, int indent) throws Exception {
        String flat = flat(o);
        if (!(o instanceof Map || o instanceof List) || (indent > 0 && indent + flat.length() <= 150)) return flat;
        String pad = " ".repeat(indent + 2);
        List<String> parts = new ArrayList<>();
        if (o instanceof Map<?, ?> m) {
            for (var e : m.entrySet()) parts.add(pad + flat(e.getKey()) + ": " + pretty(e.getValue(), indent + 2));
            return "{\n" + String.join(",\n", parts) + "\n" + " ".repeat(indent) + "}";
        }
        for (Object e : (List<?>) o) parts.add(pad + pretty(e, indent + 2));
        return "[\n" + String.join(",\n", parts) + "\n" + " ".repeat(indent) + "]";
    }

    private static String flat(Object o) throws Exception {
        if (o instanceof Map<?, ?> m) {
            List<String> parts = new ArrayList<>();
            for (var e : m.entrySet()) parts.add(flat(e.getKey()) + ": " + flat(e.getValue()));
            return "{" + String.join(", ", parts) + "}";
        }
        if (o instanceof List<?> l) {
            List<String> parts = new ArrayList<>();
            for (Object e : l) parts.add(flat(e));
            return "[" + String.join(", ", parts) + "]";
        }
        return MAPPER.writeValueAsString(o);
    }
}
