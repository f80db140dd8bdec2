package recorder.kafka;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.List;
import java.util.Map;

/** A pretty printer with a fixed layout: what fits into 110 columns stays on one line. */
final class Json {
    private static final int WIDTH = 110;

    static String pretty(Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value, 0, 0);
        return out.append('\n').toString();
    }

    private static void write(StringBuilder out, Object v, int indent, int used) {
        String flat = flat(v);
        boolean top = indent == 0;
        boolean simple = !(v instanceof Map) && !(v instanceof List);
        if (simple || (!top && indent + used + flat.length() <= WIDTH)) {
            out.append(flat);
            return;
        }
        String pad = " ".repeat(indent + 2);
        if (v instanceof Map<?, ?> m) {
            out.append("{\n");
            int i = 0;
            for (var e : m.entrySet()) {
                String key = quote((String) e.getKey()) + ": ";
                out.append(pad).append(key);
                write(out, e.getValue(), indent + 2, key.length());
                out.append(++i < m.size() ? ",\n" : "\n");
            }
            out.append(" ".repeat(indent)).append('}');
        } else {
            List<?> l = (List<?>) v;
            boolean scalars = l.stream().noneMatch(x -> x instanceof Map || x instanceof List);
            out.append("[\n").append(pad);
            int column = pad.length();
            for (int i = 0; i < l.size(); i++) {
                String item = scalars ? flat(l.get(i)) : null;
                if (i > 0) {
                    if (scalars && column + item.length() + 2 <= WIDTH) {
                        out.append(' ');
                        column++;
                    } else {
                        out.append('\n').append(pad);
                        column = pad.length();
                    }
                }
                if (scalars) {
                    out.append(item);
                    column += item.length() + 1;
                } else {
                    write(out, l.get(i), indent + 2, 0);
                }
                if (i + 1 < l.size()) out.append(',');
            }
            out.append('\n').append(" ".repeat(indent)).append(']');
        }
    }

    private static String flat(Object v) {
        if (v instanceof Map<?, ?> m) {
            StringBuilder s = new StringBuilder("{");
            m.forEach((k, x) -> s.append(s.length() > 1 ? ", " : "").append(quote((String) k)).append(": ").append(flat(x)));
            return s.append('}').toString();
        }
        if (v instanceof List<?> l) {
            StringBuilder s = new StringBuilder("[");
            l.forEach(x -> s.append(s.length() > 1 ? ", " : "").append(flat(x)));
            return s.append(']').toString();
        }
        if (v instanceof String s) return quote(s);
        return String.valueOf(v);
    }

    private static String quote(String s) {
        return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(s)) + '"';
    }
}
