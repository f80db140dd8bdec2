package recorder.kafka;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** One step of a script: its fields, in the types that the verbs want. Does not know what a verb does. */
@SuppressWarnings("unchecked")
record Step(Map<String, Object> fields, Names names) {
    boolean has(String field) {
        return fields.containsKey(field);
    }

    Object get(String field) {
        return fields.get(field);
    }

    String verb() {
        return text("do");
    }

    String text(String field) {
        return (String) fields.get(field);
    }

    String text(String field, String otherwise) {
        return (String) fields.getOrDefault(field, otherwise);
    }

    List<String> texts(String field) {
        return (List<String>) fields.get(field);
    }

    List<String> texts(String field, List<String> otherwise) {
        return (List<String>) fields.getOrDefault(field, otherwise);
    }

    Map<String, Object> map(String field) {
        return (Map<String, Object>) fields.getOrDefault(field, Map.of());
    }

    boolean flag(String field) {
        return Boolean.TRUE.equals(fields.get(field));
    }

    int count(String field) {
        return (Integer) fields.get(field);
    }

    int count(String field, int otherwise) {
        return (Integer) fields.getOrDefault(field, otherwise);
    }

    long number(String field) {
        return number(fields.get(field));
    }

    /** The topic or group of this field, by its name at the broker. */
    String real(String field) {
        return names.real(text(field));
    }

    /** The partition of this field. */
    TopicPartition partition(String field) {
        return names.partition(text(field));
    }

    /** The offsets of the field {@code offsets}. */
    Map<TopicPartition, OffsetAndMetadata> offsets() {
        Map<TopicPartition, OffsetAndMetadata> all = new HashMap<>();
        map("offsets").forEach((name, offset) -> all.put(names.partition(name), new OffsetAndMetadata(number(offset))));
        return all;
    }

    static long number(Object o) {
        return ((Number) o).longValue();
    }

    @Override
    public String toString() {
        return fields.toString();
    }
}
