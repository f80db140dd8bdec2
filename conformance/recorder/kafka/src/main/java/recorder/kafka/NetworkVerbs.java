package recorder.kafka;

import java.util.Map;
import org.apache.kafka.common.protocol.ApiKeys;

/** What is lost on its way between one client and the brokers. */
final class NetworkVerbs {
    private final Stage stage;

    NetworkVerbs(Stage stage) {
        this.stage = stage;
    }

    void addTo(Map<String, Verb> verbs) {
        verbs.put("lose_request", Verb.ok(s -> lose(s, false)));
        verbs.put("lose_response", Verb.ok(s -> lose(s, true)));
    }

    /** The client of a step. */
    static String client(Step s) {
        return s.has("member") ? s.text("member") : s.text("producer", "p");
    }

    private void lose(Step s, boolean response) throws Exception {
        stage.proxy(client(s)).lose(ApiKeys.valueOf(s.text("api")), response, s.count("times", 1));
    }
}
