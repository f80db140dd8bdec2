package recorder.spring;

import static recorder.spring.Json.*;

import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.springframework.context.annotation.*;
import org.springframework.core.env.MapPropertySource;
import org.springframework.kafka.annotation.*;
import org.springframework.kafka.config.*;
import org.springframework.kafka.core.*;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.retrytopic.*;
import org.springframework.kafka.support.Acknowledgment;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/** Cases whose listener is a @KafkaListener method: given.listener_method is "record_ack" or, with given.retry_topic, "record". */
final class AnnotatedRun extends Run {
    /** One application context per process, the newest last. */
    private final List<AnnotationConfigApplicationContext> contexts = new ArrayList<>();
    private final List<Object> handled = Collections.synchronizedList(new ArrayList<>());

    AnnotatedRun(Broker broker, Map<String, Object> c, String prefix) { super(broker, c, prefix); }

    /** @KafkaListener void on(ConsumerRecord r, Acknowledgment ack) */
    public static class WithAck {
        private final AnnotatedRun run;
        WithAck(AnnotatedRun run) { this.run = run; }

        @KafkaListener(topics = "${topic}", groupId = "${group}")
        public void on(ConsumerRecord<Object, Object> r, Acknowledgment ack) { run.listener.delivered(r, ack); }
    }

    /** The retry topics come from a RetryTopicConfiguration made of given.retry_topic. */
    public static class Plain {
        final AnnotatedRun run;
        Plain(AnnotatedRun run) { this.run = run; }

        @KafkaListener(id = "main", topics = "${topic}", groupId = "${group}")
        public void on(ConsumerRecord<Object, Object> r) { run.handle(r); }

        public void dlt(ConsumerRecord<Object, Object> r) { run.dlt(r); }
    }

    /** @RetryableTopic with nothing set. */
    public static class Defaults {
        private final AnnotatedRun run;
        Defaults(AnnotatedRun run) { this.run = run; }

        @RetryableTopic(kafkaTemplate = "kafkaTemplate")
        @KafkaListener(id = "main", topics = "${topic}", groupId = "${group}")
        public void on(ConsumerRecord<Object, Object> r) { run.handle(r); }

        @DltHandler
        public void dlt(ConsumerRecord<Object, Object> r) { run.dlt(r); }
    }

    private void handle(ConsumerRecord<Object, Object> r) {
        listener.delivered(r, null);
        handled.add(Values.text(r.value()));
    }

    private void dlt(ConsumerRecord<Object, Object> r) {
        trace.add(member(), map("dlt_handler", names.at(r), "value", Values.text(r.value())));
        String value = String.valueOf(Values.text(r.value()));
        int n = listener.deliveries.merge("dlt " + value, 1, Integer::sum);
        boolean scripted = script.stream().anyMatch(s -> r.topic().equals(names.real(str(obj(obj(s).get("on")).getOrDefault("topic", "-")))));
        if (scripted) try {
            actions.perform(listener.then(r.topic(), value, n, listener.calls(), List.of(r)), List.of(r), null);
        } catch (Actions.Caused c) {
            throw c.unwrap();
        }
    }

    @EnableKafka
    @Configuration
    public static class Config { }

    @EnableKafka
    @Configuration
    public static class RetryConfig extends RetryTopicConfigurationSupport {
        private final AnnotatedRun run;
        RetryConfig(AnnotatedRun run) { this.run = run; }

        @SuppressWarnings("unchecked")
        @Override protected void configureBlockingRetries(BlockingRetriesConfigurer blocking) {
            Map<String, Object> b = obj(obj(run.given.get("retry_topic")).get("blockingRetries"));
            if (b.isEmpty()) return;
            for (Object c : list(b.get("retryOn"))) blocking.retryOn(Values.exceptionClass((String) c));
            blocking.backOff(Values.backOff(obj(b.get("backOff"))));
        }
    }

    @Override String label(String client, Collection<String> topics) {
        return given.containsKey("retry_topic") ? names.logical(topics.iterator().next()) : client;
    }

    @Override String process(String client) { return "process " + contexts.size(); }

    /** All containers of the process die with it. */
    @Override void killed() { new Thread(contexts.get(contexts.size() - 1)::close).start(); }

    @Override void start(String member, Map<String, Object> overrides) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        contexts.add(context);
        context.getEnvironment().getPropertySources().addFirst(new MapPropertySource("case", Map.of("topic", names.real("t"), "group", names.real(group()))));
        Map<String, Object> retry = obj(given.get("retry_topic"));
        context.registerBean("run", AnnotatedRun.class, () -> this, d -> d.setDestroyMethodName(""));
        context.registerBean("kafkaTemplate", KafkaTemplate.class, () -> producers.template(), d -> d.setDestroyMethodName(""));
        context.registerBean("kafkaAdmin", KafkaAdmin.class, () -> new KafkaAdmin(Map.of("bootstrap.servers", broker.bootstrap)));
        context.registerBean("taskScheduler", TaskScheduler.class, ThreadPoolTaskScheduler::new);
        context.registerBean("kafkaListenerContainerFactory", ConcurrentKafkaListenerContainerFactory.class, () -> factory(member));
        if (retry.isEmpty()) {
            context.registerBean("handler", WithAck.class, () -> new WithAck(this));
            context.registerBean(Config.class, Config::new);
        } else {
            context.registerBean(RetryConfig.class, () -> new RetryConfig(this));
            if (retry.containsKey("annotation")) context.registerBean("handler", Defaults.class, () -> new Defaults(this));
            else {
                context.registerBean("handler", Plain.class, () -> new Plain(this));
                context.registerBean("retryTopics", RetryTopicConfiguration.class, () -> retryTopics(retry));
            }
        }
        context.refresh();
    }

    private ConcurrentKafkaListenerContainerFactory<Object, Object> factory(String member) {
        ConcurrentKafkaListenerContainerFactory<Object, Object> f = new ConcurrentKafkaListenerContainerFactory<>();
        f.setConsumerFactory(containers.consumerFactory(member));
        Map<String, Object> conf = obj(given.get("container"));
        ContainerProperties p = f.getContainerProperties();
        if (conf.containsKey("ackMode")) p.setAckMode(ContainerProperties.AckMode.valueOf(str(conf.get("ackMode"))));
        if (conf.containsKey("pollTimeout")) p.setPollTimeout(num(conf.get("pollTimeout"), 0));
        if (given.containsKey("error_handler")) f.setCommonErrorHandler(handlers.errorHandler(obj(given.get("error_handler"))));
        return f;
    }

    private RetryTopicConfiguration retryTopics(Map<String, Object> r) {
        RetryTopicConfigurationBuilder b = RetryTopicConfigurationBuilder.newInstance()
            .includeTopic(names.real("t")).dltHandlerMethod("handler", "dlt");
        if (r.containsKey("maxAttempts")) b.maxAttempts(num(r.get("maxAttempts"), 0));
        if (r.containsKey("fixedBackOff")) b.fixedBackOff(num(r.get("fixedBackOff"), 0));
        if (r.containsKey("exponentialBackoff")) {
            Map<String, Object> e = obj(r.get("exponentialBackoff"));
            b.exponentialBackoff(num(e.get("initialInterval"), 0), ((Number) e.get("multiplier")).doubleValue(), num(e.get("maxInterval"), 0));
        }
        if (r.containsKey("sameIntervalTopicReuseStrategy"))
            b.sameIntervalTopicReuseStrategy(SameIntervalTopicReuseStrategy.valueOf(str(r.get("sameIntervalTopicReuseStrategy"))));
        if (r.containsKey("topicSuffixingStrategy")) b.setTopicSuffixingStrategy(TopicSuffixingStrategy.valueOf(str(r.get("topicSuffixingStrategy"))));
        if (r.containsKey("dltProcessingFailureStrategy")) b.dltProcessingFailureStrategy(DltStrategy.valueOf(str(r.get("dltProcessingFailureStrategy"))));
        if (r.containsKey("autoCreateTopicsPartitions")) b.autoCreateTopicsWith(num(r.get("autoCreateTopicsPartitions"), 1), (short) 1);
        if (r.containsKey("timeoutAfter")) b.timeoutAfter(num(r.get("timeoutAfter"), 0));
        for (Object c : list(r.get("notRetryOn"))) b.notRetryOn(Values.exceptionClass((String) c));
        return b.create(producers.template());
    }

    @Override void finish() throws Exception {
        trace.freeze();
        if (given.containsKey("retry_topic")) {
            if (!recorder.containsKey("no_order")) observed.put("order_of_deliveries", trace.flat().stream().map(Json::obj)
                .filter(e -> e.containsKey("deliver") || e.containsKey("dlt_handler"))
                .map(e -> (e.containsKey("deliver") ? "" : "dlt handler: ") + e.getOrDefault("deliver", e.get("dlt_handler")) + " " + e.get("value")).toList());
            observed.put("handled", new ArrayList<>(handled));
        }
        super.finish();
        if (given.containsKey("retry_topic")) {
            Map<String, Object> groups = new TreeMap<>();
            for (var l : broker.admin.listGroups().all().get())
                if (l.groupId().startsWith(names.prefix())) groups.put(names.logical(l.groupId()), names.logicalKeys(broker.committed(l.groupId())));
            observed.put("groups", groups);
        }
    }

    @Override void tearDown() {
        contexts.forEach(AnnotationConfigApplicationContext::close);
        super.tearDown();
    }
}
