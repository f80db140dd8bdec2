package recorder.kafka;

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;

/** Transactional producers. */
final class TransactionVerbs {
    private final Stage stage;

    TransactionVerbs(Stage stage) {
        this.stage = stage;
    }

    void addTo(Map<String, Verb> verbs) {
        verbs.put("init_transactions", call(KafkaProducer::initTransactions));
        verbs.put("begin", call(KafkaProducer::beginTransaction));
        verbs.put("commit_transaction", call(KafkaProducer::commitTransaction));
        verbs.put("abort_transaction", call(KafkaProducer::abortTransaction));
        verbs.put("send_offsets", Verb.ok(this::sendOffsets));
        verbs.put("close_producer", Verb.ok(s -> stage.removeProducer(s.text("producer")).close(Duration.ofSeconds(10))));
    }

    @FunctionalInterface
    private interface Call {
        void on(KafkaProducer<byte[], byte[]> producer);
    }

    private Verb call(Call call) {
        return Verb.ok(s -> call.on(stage.producer(s)));
    }

    private void sendOffsets(Step s) throws Exception {
        ConsumerGroupMetadata of = s.has("member")
            ? stage.member(s).ask(() -> stage.member(s).consumer().groupMetadata())
            : new ConsumerGroupMetadata(s.real("group"));
        stage.producer(s).sendOffsetsToTransaction(s.offsets(), of);
    }
}
