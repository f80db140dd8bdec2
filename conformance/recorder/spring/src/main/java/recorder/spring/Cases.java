package recorder.spring;

import static recorder.spring.Json.*;

import java.util.*;
import java.util.regex.*;

/** From the compact case files to full cases: variations ("vary"), defaults, and records written as "t-0: v0..v5". */
final class Cases {
    static List<Map<String, Object>> expand(Map<String, Object> c) {
        List<Map<String, Object>> out = new ArrayList<>();
        if (!c.containsKey("vary")) out.add(fill(c));
        else for (Object v : list(c.get("vary"))) {
            Map<String, Object> copy = obj(substitute(c, obj(v)));
            copy.remove("vary");
            out.add(fill(copy));
        }
        return out;
    }

    static Object substitute(Object o, Map<String, Object> vars) {
        if (o instanceof Map<?, ?> m) {
            Map<String, Object> r = new LinkedHashMap<>();
            m.forEach((k, v) -> {
                String key = str(substitute(k, vars));
                Object val = k.equals("vary") ? v : substitute(v, vars);
                boolean missing = v instanceof String s && s.matches("\\$\\{\\w+}") && val == null;
                if (!missing && !"(absent)".equals(val)) r.put(key, val);
            });
            return r;
        }
        if (o instanceof List<?> l) {
            List<Object> r = new ArrayList<>();
            l.forEach(x -> r.add(substitute(x, vars)));
            return r;
        }
        if (o instanceof String s && s.contains("${")) {
            Matcher whole = Pattern.compile("\\$\\{(\\w+)}").matcher(s);
            if (whole.matches()) return copy(vars.get(whole.group(1)));
            for (var e : vars.entrySet()) s = s.replace("${" + e.getKey() + "}", str(e.getValue()));
            return s;
        }
        return o;
    }

    static Map<String, Object> fill(Map<String, Object> c) {
        c = obj(copy(c));
        if (str(c.get("id")).startsWith("spring-events")) return c;
        Map<String, Object> g = obj(c.get("given"));
        Map<String, Object> full = new LinkedHashMap<>();
        full.put("topics", g.getOrDefault("topics", map("t", map("partitions", 1))));
        List<Object> records = new ArrayList<>();
        for (Object r : list(g.get("records"))) {
            if (r instanceof String s) records.addAll(records(s)); else records.add(r);
        }
        if (obj(c.get("recorder")).containsKey("read") && !Boolean.FALSE.equals(obj(c.get("recorder")).get("timestamps"))) // what is copied into headers must not depend on the clock
            for (int i = 0; i < records.size(); i++) obj(records.get(i)).putIfAbsent("timestamp", 1700000000000L + 1000L * i);
        full.put("records", records);
        full.put("group", g.getOrDefault("group", "g"));
        Map<String, Object> consumer = map("auto.offset.reset", "earliest");
        consumer.putAll(obj(g.get("consumer")));
        full.put("consumer", consumer);
        Map<String, Object> container = map("listener", "record", "pollTimeout", 500);
        container.putAll(obj(g.get("container")));
        full.put("container", container);
        g.forEach(full::putIfAbsent);
        // After a nack the wait is made of whole polls; other waits are rounded down to 100 ms if the case says nothing.
        if (c.get("script").toString().contains("nack_")) {
            Map<String, Object> recorder = obj(c.get("recorder"));
            recorder.putIfAbsent("quantum_ms", container.get("pollTimeout"));
            c.put("recorder", recorder);
        }
        c.put("given", full);
        return c;
    }

    /** "t-0: a..c" or "t-0: k1=v1 k2=v2"; a range counts the digits at the end: v0..v3. */
    static List<Object> records(String s) {
        List<Object> out = new ArrayList<>();
        String[] head = s.split(": ", 2);
        int dash = head[0].lastIndexOf('-');
        for (String v : head[1].trim().split(" ")) {
            String key = null;
            if (v.contains("=")) { key = v.split("=", 2)[0]; v = v.split("=", 2)[1]; }
            Matcher range = Pattern.compile("(.*?)(\\d+)\\.\\.(.*?)(\\d+)").matcher(v);
            List<String> values = new ArrayList<>();
            if (range.matches()) for (int i = Integer.parseInt(range.group(2)); i <= Integer.parseInt(range.group(4)); i++) values.add(range.group(1) + i);
            else values.add(v);
            for (String x : values)
                out.add(map("topic", head[0].substring(0, dash), "partition", Integer.parseInt(head[0].substring(dash + 1)), "key", key, "value", x));
        }
        return out;
    }

    static Map<String, Object> recordedWith(String id) {
        if (id.startsWith("spring-events"))
            return map("spring", org.springframework.core.SpringVersion.getVersion(), "h2", org.h2.engine.Constants.VERSION);
        return map("kafka", org.apache.kafka.common.utils.AppInfoParser.getVersion(),
            "spring_kafka", org.springframework.kafka.core.KafkaTemplate.class.getPackage().getImplementationVersion());
    }
}
